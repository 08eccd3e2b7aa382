/* SPDX-License-Identifier: MIT */
/*
 * toml - TOML 1.0 text to a tree of values, each with its place in the file.
 *
 * Thread: any; a parsed tree never changes, so all threads may read it at once. Owner: the arena
 * given to toml_parse; the tree holds copies and does not need the input any more. The whole text
 * is needed at once: this is for files, not for streams.
 *
 * Limits: input of TOML_INPUT_MAX bytes, tables and arrays nested TOML_DEPTH_MAX deep, integers of
 * 64 bits. Time is linear in the input; memory is at most 80 bytes for each byte of it.
 * Choices that TOML leaves open: a line end in a multi-line string is always "\n"; the leap second
 * :60 is accepted in any minute; a float out of range becomes an infinity or zero.
 */
#pragma once
#include "waybill/base/arena.h"

enum { TOML_INPUT_MAX = 32 * 1024 * 1024, TOML_DEPTH_MAX = 128 };

enum toml_kind {
    TOML_TABLE,
    TOML_ARRAY,
    TOML_TEXT,
    TOML_INTEGER,
    TOML_FLOAT,
    TOML_BOOLEAN,
    TOML_OFFSET_DATETIME, /* 1979-05-27T07:32:00Z */
    TOML_LOCAL_DATETIME,  /* 1979-05-27T07:32:00 */
    TOML_LOCAL_DATE,      /* 1979-05-27 */
    TOML_LOCAL_TIME,      /* 07:32:00 */
};

/* Both from 1; the column counts bytes. */
struct toml_place {
    uint32_t line, column;
};

struct toml_group;

struct toml_value {
    enum toml_kind kind;
    uint32_t position;           /* of an element in its array, from 0 */
    struct toml_place place;     /* of the value; of the header for a table or array made by one */
    struct toml_place key_place; /* in a table only */
    struct slice key;            /* as written, quotes and escapes resolved; ptr is NULL in an array */
    struct toml_value *parent;   /* NULL for the root */
    struct toml_value *next;     /* after this one in the same table or array, in order of appearance */
    union {
        struct slice text; /* TOML_TEXT: UTF-8, may hold any character, NUL too; dates and times: as
                              written. A NUL stands behind it. */
        int64_t integer;
        double number;
        bool truth;
        struct {
            struct toml_value *first;
            struct toml_group *group; /* of the parser */
        };                            /* TOML_TABLE, TOML_ARRAY */
    };
};

struct toml_document {
    struct slice file;
    const struct toml_value *root; /* a table */
    /* When the input was made from another text, by its holder: the line there of each line of the input. NULL: it is itself. */
    const uint32_t *lines;
    size_t line_count;
};

struct toml_error {
    struct toml_place place;
    const char *message; /* one line, in the arena: "rules.toml:3:7: what is there; what to do" */
    const char *reason;  /* the same without the place */
};

/* `file` is only a name for messages. False fills *out_error alone. The arena must have no limit;
 * what was taken from it before an error stays taken. */
WB_MUST_USE bool toml_parse(struct arena *arena, struct slice input, struct slice file, struct toml_document *out_document,
                            struct toml_error *out_error);

/* NULL when there is no such key, or `table` is NULL or no table. Constant time. */
const struct toml_value *toml_find(const struct toml_value *table, struct slice key);
/* The key spelled exactly so, else the first that differs in ASCII case only. Looks at every key:
 * to read a large table, walk it with TOML_EACH and look its keys up in a list of your own. */
const struct toml_value *toml_find_nocase(const struct toml_value *table, struct slice key);
/* Keys of a table, elements of an array; 0 for the other kinds. */
size_t toml_count(const struct toml_value *value);

#define TOML_EACH(child, container) for (const struct toml_value *child = toml_first(container); child; child = child->next)

static inline const struct toml_value *toml_first(const struct toml_value *container)
{
    return container->kind == TOML_TABLE || container->kind == TOML_ARRAY ? container->first : NULL;
}

/* One word for messages: "table", "text", "integer", ... */
const char *toml_kind_name(enum toml_kind kind);
/* The line in the text that the input was made from. */
uint32_t toml_source_line(const struct toml_document *document, uint32_t line);
/* "rules.toml:12", NUL-terminated, in `arena`. */
const char *toml_place_text(const struct toml_document *document, const struct toml_value *value, struct arena *arena);
/* "frontends.\"a b\".entryPoints[1]", NUL-terminated, in `arena`; "" for the root. */
const char *toml_path_text(const struct toml_value *value, struct arena *arena);
