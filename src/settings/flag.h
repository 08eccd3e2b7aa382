/* SPDX-License-Identifier: MIT */
/*
 * flag - the one table of v1.7's options and ours: the command line, the TOML file and --help all read it.
 *
 * Thread: any; constant. A TOML key is the flag of the same dotted name.
 */
#pragma once
#include "waybill/base/error.h"
#include "waybill/base/slice.h"

struct reading;

enum { FLAG_COUNT_MAX = 240 };

enum flag_kind {
    FLAG_HEADING,     /* no flag: a title in the help */
    FLAG_GROUP,       /* bool: on when it or one of its members is named */
    FLAG_SWITCH,      /* bool */
    FLAG_NUMBER,      /* unsigned */
    FLAG_INTEGER,     /* int: v1.7 gives a negative one a meaning */
    FLAG_DURATION,    /* uint64_t milliseconds */
    FLAG_TEXT,        /* struct slice */
    FLAG_LIST,        /* struct slices, commas between */
    FLAG_CONSTRAINTS, /* struct slices, each tag==glob or tag!=glob */
    FLAG_LEVEL,       /* enum log_level */
    FLAG_MODES,       /* struct slices, each NAME=MODE, blanks between; a table in TOML */
    FLAG_FRACTION,    /* double, from 0 to 1 */
    FLAG_BUCKETS,     /* struct traffic_options: bounds_ns, bound_count; seconds, `,` or `;` between */
    FLAG_ENTRYPOINT,  /* adds an entrypoint; a table in TOML */
};

enum flag_state {
    FLAG_WORKS,
    FLAG_WITHOUT_EFFECT, /* accepted: nothing to do here, or nothing that anyone would miss */
    FLAG_NOT_YET, /* refused by name (decisions.md 13), with every name below it; `help` says which part it is, `shown`
                          * what to do instead */
};

struct flag {
    const char *name; /* v1.7's spelling; compared without regard to case */
    char letter;      /* short form, or 0 */
    enum flag_kind kind;
    enum flag_state state;
    size_t offset;     /* of its field in struct reading */
    const char *shown; /* default as --help shows it, or "" */
    const char *help;
};

extern const struct flag flag_table[];
extern const size_t flag_table_count;

/* NULL when there is none. A name below a FLAG_NOT_YET one gives that one. */
const struct flag *flag_find(struct slice name);
const struct flag *flag_find_letter(char letter);
/* The innermost FLAG_GROUP above it, or NULL. */
const struct flag *flag_group(const struct flag *flag);
/* Some flag's name begins with `name` and a dot. */
bool flag_is_prefix(struct slice name);
size_t flag_position(const struct flag *flag);
/* The closest name, or NULL when none is close. */
const char *flag_suggest(struct slice name);

/* "PART is not in this version of Waybill: ADVICE" of a FLAG_NOT_YET one, in the arena. */
const char *flag_absence(struct reading *reading, const struct flag *flag);
/* Sets the field. False with the reason in reading->failure, which does not name the flag: the caller does.
 * FLAG_NOT_YET flags accept only `false`, or an empty text. */
bool flag_set(struct reading *reading, const struct flag *flag, struct slice value);
/* After a FLAG_NOT_YET one was refused: true when that can wait, since v1.7 would not use it if another tracer is chosen.
 * Then reading->failure is NULL again, and what it said is in reading->absent_tracer. */
bool flag_postpone(struct reading *reading, const struct flag *flag);
/* Some source has named it, or something below it. */
bool flag_is_named(const struct reading *reading, const struct flag *flag);
/* A list from TOML: FLAG_LIST, FLAG_CONSTRAINTS and FLAG_MODES. */
bool flag_set_items(struct reading *reading, const struct flag *flag, const struct slice *items, size_t count);
/* Switches on the groups it is in. */
void flag_switch_groups_on(struct reading *reading, const struct flag *flag);
