/* SPDX-License-Identifier: MIT */
/*
 * schema - the model's structs described as tables: one row a field, with its key in TOML, its key in the API's
 * document, its type and its place. Reading TOML, writing JSON, comparing and sorting all walk these rows, so a
 * new option is one struct member and one row.
 *
 * Thread: any; constant.
 */
#pragma once
#include "waybill/base/slice.h"

enum field_type {
    FIELD_TEXT,     /* struct slice */
    FIELD_BOOL,     /* bool */
    FIELD_INTEGER,  /* int64_t */
    FIELD_DURATION, /* int64_t, nanoseconds; text of digits and integers are seconds */
    FIELD_TEXTS,    /* struct slices; `present_offset` (if not 0) is a bool: it was there, maybe empty */
    FIELD_PAIRS,    /* struct model_pairs: name to text */
    FIELD_GROUP,    /* pointer to a record of `group`, NULL when absent */
    FIELD_NAMED,    /* pointer to `*count_offset` records of `group`; each begins with its name, a struct slice */
};

enum field_flags {
    FIELD_ALWAYS = 1,   /* in the document even when it is zero or empty */
    FIELD_PROTECTS = 2, /* not understood: the frontend is closed (decisions.md 10); counts for all below a group */
    FIELD_SELECTS = 4,  /* not understood: the frontend would match too much, so it is left out (decisions.md 11) */
};

struct group;

struct field {
    const char *key;   /* in TOML, as documented (case does not matter); NULL: cannot be written there */
    const char *shown; /* in the document; NULL: never shown */
    enum field_type type;
    unsigned flags;
    size_t offset, count_offset, present_offset;
    const struct group *group; /* FIELD_GROUP and FIELD_NAMED */
};

struct group {
    const char *noun; /* for messages: "backend", "health check" */
    size_t size;      /* of one record */
    const struct field *fields;
    size_t field_count;
};

/* Roots: a record is a struct fragment, model_backend, model_server, model_frontend, model_route. */
extern const struct group schema_fragment, schema_backend, schema_server, schema_frontend, schema_route;

/* The rows `backends` and `frontends` of a fragment, `servers` of a backend, `routes` of a frontend. */
extern const struct field *const schema_field_backends, *const schema_field_frontends;

/* Where a field is in its record. */
static inline void *field_at(const struct field *field, void *record)
{
    return (char *)record + field->offset;
}

static inline const void *field_at_const(const struct field *field, const void *record)
{
    return (const char *)record + field->offset;
}

/* The records of a FIELD_NAMED, or the one (or none) of a FIELD_GROUP. */
struct records {
    char *first;
    size_t count;
};
struct records field_records(const struct field *field, const void *record);
void field_set_records(const struct field *field, void *record, struct records records);
/* A list that may be there and empty is there; true for any other field. */
bool field_is_present(const struct field *field, const void *record);
/* Nothing there: false, 0, empty, absent. */
bool field_is_empty(const struct field *field, const void *record);
/* The group, or anything in it, is there to protect. */
bool group_protects(const struct group *group);
/* The row of that key, ASCII case ignored; NULL when there is none. */
const struct field *group_field(const struct group *group, struct slice key);
/* The key most likely meant by an unknown one, for "did you mean"; NULL when none is near. */
const char *group_suggest(const struct group *group, struct slice key);
