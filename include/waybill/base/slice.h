/* SPDX-License-Identifier: MIT */
/*
 * slice - a view of bytes somebody else owns; not NUL-terminated.
 *
 * Thread: any. Owner: whoever owns the bytes; a slice is valid as long as they stay.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct slice {
    const char *ptr;
    size_t len;
};

#define SLICE(literal)   ((struct slice){("" literal), sizeof(literal) - 1})
#define SLICE_FMT        "%.*s"
#define SLICE_ARG(slice) (int)(slice).len, (slice).ptr
/* In a message: only the beginning of what may be very long. */
#define SLICE_SHOWN(slice) SLICE_ARG(slice_head((slice), 200))

static inline struct slice slice_make(const char *ptr, size_t len)
{
    return (struct slice){ptr, len};
}

/* NULL gives the empty slice. */
static inline struct slice slice_of(const char *text)
{
    return (struct slice){text ? text : "", text ? strlen(text) : 0};
}

static inline bool slice_eq(struct slice a, struct slice b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static inline bool slice_starts(struct slice text, struct slice prefix)
{
    return text.len >= prefix.len && (prefix.len == 0 || memcmp(text.ptr, prefix.ptr, prefix.len) == 0);
}

static inline bool slice_ends(struct slice text, struct slice suffix)
{
    return text.len >= suffix.len &&
           (suffix.len == 0 || memcmp(text.ptr + text.len - suffix.len, suffix.ptr, suffix.len) == 0);
}

/* The part from `from` on; empty when `from` is past the end. */
static inline struct slice slice_from(struct slice text, size_t from)
{
    return from >= text.len ? (struct slice){text.ptr + text.len, 0} : (struct slice){text.ptr + from, text.len - from};
}

static inline struct slice slice_head(struct slice text, size_t len)
{
    return (struct slice){text.ptr, len < text.len ? len : text.len};
}

static inline char ascii_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

/* Value of a hexadecimal digit, -1 for any other byte. */
static inline int ascii_hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = ascii_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* ASCII only, as field names and hosts are. */
bool slice_eq_nocase(struct slice a, struct slice b);
bool slice_starts_nocase(struct slice text, struct slice prefix);
/* Byte order, shorter first on a tie: the order of names in API documents. */
int slice_compare(struct slice a, struct slice b);
/* Cuts SP and HTAB off both ends. */
struct slice slice_trim(struct slice text);
/* Cuts all ASCII white space off both ends. */
struct slice slice_trim_space(struct slice text);
/* Position of the first `c`, or text.len. */
size_t slice_find(struct slice text, char c);
/* Position of the last `c`, or text.len. */
size_t slice_find_last(struct slice text, char c);
/* Takes the part before the next `separator` off `*rest` into `*out_part`; false when `*rest` is
 * used up (rest->ptr is NULL then). "a,,b" gives "a", "", "b"; "" gives one empty part. */
bool slice_cut(struct slice *rest, char separator, struct slice *out_part);
/* True when a comma list (RFC 9110 5.6.1) holds `token`, ASCII case ignored. */
bool slice_list_has(struct slice list, struct slice token);
/* Digits only, whole text, no sign, at most `max`. */
bool slice_to_u64(struct slice text, uint64_t max, uint64_t *out_value);
/* 1 t T TRUE true True, 0 f F FALSE false False: what v1.7 takes for a truth. */
bool slice_to_bool(struct slice text, bool *out_truth);
/* Heap copy with a NUL behind; free() it. */
char *slice_dup(struct slice text);
