/* SPDX-License-Identifier: MIT */
/*
 * parser - what the files of the TOML parser share.
 *
 * A read_* function starts at the first byte of its item, leaves `at` behind it, and returns false
 * after it has filled the error. The input went through toml_check_bytes first: it is UTF-8, and
 * its only control characters are tabs and line ends ("\n" or "\r\n").
 */
#pragma once
#include "waybill/base/text.h"
#include "waybill/toml/toml.h"

struct toml_parser {
    struct arena *arena;
    struct slice file;
    const char *at, *end, *line_start;
    uint32_t line;
    struct text decoded; /* the string, quoted key or number being read */
    struct toml_error *error;
};

/* How a table or array came to be, which decides what may be added to it later. */
enum toml_origin {
    TOML_IMPLICIT, /* on the way to [a.b]: [a] may still follow, once */
    TOML_HEADER,   /* [a], or an array of [[a]] */
    TOML_DOTTED,   /* on the way to a.b = 1: only dotted keys and headers of sub-tables may add to it
                  */
    TOML_CLOSED,   /* written as a value: complete */
};

struct toml_group {
    struct toml_value *last;
    struct toml_value **index; /* of a large table, by hash of the key; open addressing */
    uint32_t count, index_capacity;
    uint32_t depth; /* the root has 0 */
    enum toml_origin origin;
};

struct toml_key {
    struct slice name; /* in the input or in `decoded`: gone when the next string is read */
    struct toml_place place;
};

/* parse.c */
bool toml_read_pair(struct toml_parser *p, struct toml_value *table);
bool toml_read_value(struct toml_parser *p, struct toml_value *value);

/* string.c: into p->decoded. `allow_lines`: three quotes open a multi-line string. */
bool toml_read_string(struct toml_parser *p, bool allow_lines);

/* scalar.c, datetime.c */
bool toml_read_scalar(struct toml_parser *p, struct toml_value *value);
/* True when a token that starts so can only be meant as a date or time. */
bool toml_looks_like_datetime(struct slice token);
bool toml_read_datetime(struct toml_parser *p, struct slice token, struct toml_value *value);

/* lexer.c */
bool toml_check_bytes(struct toml_parser *p, struct slice input);
void toml_skip_blanks(struct toml_parser *p);
/* One line end, if there is one here. */
bool toml_skip_line_end(struct toml_parser *p);
void toml_skip_comment(struct toml_parser *p);
/* Blanks, line ends and comments, as in arrays. */
void toml_skip_gap(struct toml_parser *p);
/* The bytes from here on that numbers, dates and bare words are made of. */
struct slice toml_peek_token(const struct toml_parser *p);
bool toml_fail(struct toml_parser *p, struct toml_place place, const char *form, ...) WB_PRINTF(3, 4);
/* For messages: 'text', cut when long; and what stands at `at`: 'text', end of line, end of file.
 */
const char *toml_quote(struct toml_parser *p, struct slice text);
const char *toml_found(struct toml_parser *p);

static inline struct toml_place toml_here(const struct toml_parser *p)
{
    return (struct toml_place){p->line, (uint32_t)(p->at - p->line_start) + 1};
}

static inline bool toml_is_next(const struct toml_parser *p, char c)
{
    return p->at < p->end && *p->at == c;
}

/* tree.c */
struct toml_value *toml_child(const struct toml_value *table, struct slice name);
/* The key must be new in a table; NULL for an element of an array. */
struct toml_value *toml_add(struct toml_parser *p, struct toml_value *parent, const struct toml_key *key);
/* Makes `value` an empty table or array. Fails when it would be nested too deep. */
bool toml_open_group(struct toml_parser *p, struct toml_value *value, enum toml_kind kind, enum toml_origin origin);
