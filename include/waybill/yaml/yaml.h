/* SPDX-License-Identifier: MIT */
/*
 * yaml - YAML text to a tree of values, each with its place in the file. libyaml splits the text into events; here they
 * become values: anchors are followed, merge keys (`<<`) merged, plain scalars told apart as YAML 1.2 does.
 *
 * Thread: any; a parsed tree never changes. Owner: the arena given to yaml_parse; the tree holds copies and does not need
 * the input any more. The whole text is needed at once: this is for files, not for streams.
 *
 * Limits: input of YAML_INPUT_MAX bytes, YAML_DEPTH_MAX levels, YAML_VALUES_MAX values. An alias shares what its anchor
 * holds but counts in full, and so deep as it stands: who walks the tree meets no more values than that.
 */
#pragma once
#include "waybill/base/arena.h"

enum { YAML_INPUT_MAX = 4 * 1024 * 1024, YAML_DEPTH_MAX = 64, YAML_VALUES_MAX = 200000 };

enum yaml_kind {
    YAML_MAPPING,
    YAML_SEQUENCE,
    YAML_TEXT,
    YAML_NUMBER,
    YAML_BOOLEAN, /* true and false; `yes` is text, as in YAML 1.2 */
    YAML_NULL,
};

/* Both from 1; the column counts characters. */
struct yaml_place {
    uint32_t line, column;
};

struct yaml_value {
    enum yaml_kind kind;
    bool is_plain;               /* a scalar without quotes and tag: its text decided what it is */
    struct yaml_place place;     /* of an alias: where it stands */
    struct yaml_place key_place; /* in a mapping only; of a merged key: where it was written */
    struct slice key;            /* in a mapping; NULL pointer elsewhere */
    struct slice tag;            /* of the file's own making ("!reset"); empty: none, or one of YAML's */
    struct slice text;           /* scalars: as the quotes mean it, NUL behind it (and maybe in it) */
    struct yaml_value *first;    /* mappings, sequences */
    struct yaml_value *next;     /* after this one in the same container; merged keys are last */
    uint32_t count;              /* of children */
    uint32_t weight;             /* values in it, with itself, aliases in full */
    uint32_t height;             /* levels in it; 0: a scalar */
};

struct yaml_file {
    struct slice name;
    const struct yaml_value **documents; /* their roots */
    size_t count;                        /* 0: nothing but comments */
};

struct yaml_error {
    struct yaml_place place;
    const char *message; /* one line, in the arena: "compose.yaml:3:7: what is there; what to do" */
};

/* `name` is only for messages. False fills *out_error alone. The arena must have no limit; what was taken from it before
 * an error stays taken. */
WB_MUST_USE bool yaml_parse(struct arena *arena, struct slice input, struct slice name, struct yaml_file *out_file,
                            struct yaml_error *out_error);

/* NULL when there is no such key, or `mapping` is NULL or none. Looks at every key. */
const struct yaml_value *yaml_find(const struct yaml_value *mapping, struct slice key);
/* One word for messages: "mapping", "list", "text", ... */
const char *yaml_kind_name(enum yaml_kind kind);

static inline bool yaml_is_scalar(const struct yaml_value *value)
{
    return value->kind != YAML_MAPPING && value->kind != YAML_SEQUENCE;
}

/* The children; none of a scalar or NULL. */
#define YAML_EACH(child, container) \
    for (const struct yaml_value *child = (container) ? (container)->first : NULL; child; child = child->next)
