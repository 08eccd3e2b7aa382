/* SPDX-License-Identifier: MIT */
/*
 * pen - writes pieces into room that was made before: each function begins at `at` and returns where it ended.
 *
 * For lines of many short pieces: room is asked for once (text_room), for the most that all of them may take, and the end stays in
 * a register. Nothing here looks whether there is room. Thread: any. Owner: of the room the caller.
 */
#pragma once
#include "waybill/base/slice.h"

/* The most that a number takes, and what a byte becomes at worst. */
enum { PEN_U64_MAX = 20, PEN_ESCAPED_MAX = 4, PEN_JSON_MAX = 6 };

#define PEN_LITERAL(at, text) pen_bytes((at), ("" text), sizeof(text) - 1)

static inline char *pen_bytes(char *at, const char *bytes, size_t len)
{
    memcpy(at, bytes, len);
    return at + len;
}
static inline char *pen_slice(char *at, struct slice part)
{
    return part.len ? pen_bytes(at, part.ptr, part.len) : at;
}
static inline char *pen_char(char *at, char c)
{
    *at = c;
    return at + 1;
}
/* In decimal. */
char *pen_u64(char *at, uint64_t number);
/* What is plain ASCII in front of `*part`, without quotes and backslashes; it is taken off there. */
char *pen_plain(char *at, struct slice *part);
/* As text_add_escaped and text_add_json (base/text.h). */
char *pen_escaped(char *at, struct slice part);
char *pen_json(char *at, struct slice part);
/* The same of one character, which is not plain and is taken off `*part`. `quoted`: quotes and backslashes are escaped, too. */
char *pen_special(char *at, struct slice *part, bool quoted);
char *pen_json_special(char *at, struct slice *part);
