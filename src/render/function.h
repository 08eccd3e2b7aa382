/* SPDX-License-Identifier: MIT */
/* function - what actions can call. Thread: any; the table is constant. */
#pragma once
#include "run.h"

enum { FUNCTION_ANY_NUMBER = 1000 };

struct call {
    struct run *run;
    const char *at; /* where it stands */
    const struct function *function;
    const struct value *arguments;
    size_t count;
};

struct function {
    const char *name;
    const char *kinds; /* of arguments: t text, n number, a any; the last one is for all that follow, too */
    unsigned min, max; /* arguments */
    bool (*call)(struct call *call, struct value *out_value); /* NULL: it decides which of its arguments are looked at */
    bool stops_at;                                            /* ... namely none behind the first that is so */
};

/* NULL: there is none. */
const struct function *function_find(struct slice name);
/* The nearest name, or NULL. */
const char *function_suggest(struct slice name);
/* Checks the arguments and calls it. The report is filled when false. */
bool function_call(struct call *call, struct value *out_value);
/* What a function made, as its value; `made` is used up. */
bool call_give_text(struct call *call, struct text *made, struct value *out_value);
bool call_fail_size(struct call *call);

/* function_text.c */
bool call_printf(struct call *call, struct value *out_value);
bool call_quote(struct call *call, struct value *out_value);
bool call_replace(struct call *call, struct value *out_value);
bool call_split(struct call *call, struct value *out_value);
bool call_trim(struct call *call, struct value *out_value);
bool call_upper(struct call *call, struct value *out_value);
bool call_lower(struct call *call, struct value *out_value);
bool call_normalise(struct call *call, struct value *out_value);
