/* SPDX-License-Identifier: MIT */
/*
 * template - text with {name} and {name:regex} in it (spec/rules.md 3).
 *
 * Thread: immutable. Owner: the arena; regular expressions go on the list given.
 */
#pragma once
#include "regex.h"
#include "waybill/base/arena.h"

struct regex_link;

enum template_kind { TEMPLATE_HOST, TEMPLATE_PATH, TEMPLATE_QUERY };

struct template
{
    struct slice written;    /* as in the rule */
    struct slice head, tail; /* literal text in front of the first and behind the last variable; no variable: all in head */
    const struct regex *regex; /* the whole template; NULL when there is no variable, or `gap` says it all */
    unsigned char gap_stop; /* one variable without a regex of its own: at least one byte, none of them this one; 0: regex */
    bool has_variable;
};

enum template_error { TEMPLATE_OK, TEMPLATE_BAD }; /* BAD: *out_error is set, in the arena */

/* `unique`: no name twice (a strip needs that). Literal text of paths is brought into canonical form, hosts into lower case. */
enum template_error template_parse(struct arena *arena, struct slice text, enum template_kind kind, bool unique,
                                   struct regex_link **regexes, struct template *out, struct slice *out_error);
bool template_match_whole(const struct template *template, struct slice text);
/* As a prefix: *out_len bytes of the text are what it matched. */
bool template_match_prefix(const struct template *template, struct slice text, size_t *out_len);
/* Adds a checked regular expression to the list; NULL and *out_error when it is none. */
const struct regex *regex_add(struct arena *arena, struct regex_link **regexes, struct slice pattern, bool ignore_case,
                              struct slice *out_error);
/* Position of the brace that closes the one at `open`, or text.len. */
size_t brace_close(struct slice text, size_t open);
/* The literal parts of a regular expression over canonical paths, in canonical form: outside classes, bytes that a path
 * cannot hold become (?:%XX), %XX of unreserved bytes the byte itself, other hex upper case. */
struct slice pattern_canonical(struct arena *arena, struct slice pattern);
