/* SPDX-License-Identifier: MIT */
/*
 * label_table - every label there is (spec/docker-provider.md 7): its kind, where its value goes, and what happens
 * when the value cannot be understood. A new label is one row. Constant; thread: any.
 */
#pragma once
#include "waybill/base/slice.h"

enum label_kind {
    LABEL_TEXT,
    LABEL_BOOL,
    LABEL_INTEGER,
    LABEL_LIST,
    LABEL_PAIRS,
    LABEL_PORT,  /* text that should be a port */
    LABEL_KNOWN, /* accepted, no effect */
};

enum label_flags {
    LABEL_PROTECTS = 1,     /* not understood: the frontend is closed (decisions.md 10) */
    LABEL_EMPTY_CLOSES = 2, /* there but empty: closed, too */
    LABEL_FALLBACK = 4,     /* does not replace a value that is there */
    LABEL_MULTILINE = 8,
    LABEL_ELSEWHERE = 16, /* read by name where it is needed; here only checked */
};

/* The struct a value goes to. */
enum label_place {
    PLACE_NONE,
    PLACE_FRONTEND,
    PLACE_AUTH,
    PLACE_BASIC,
    PLACE_DIGEST,
    PLACE_FORWARD,
    PLACE_FORWARD_TLS,
    PLACE_WHITE_LIST,
    PLACE_REDIRECT,
    PLACE_RATE_LIMIT,
    PLACE_HEADERS,
    PLACE_TIMEOUTS,
    PLACE_CERT,
    PLACE_CERT_INFOS,
    PLACE_CERT_SUBJECT,
    PLACE_CERT_ISSUER,
    PLACE_BACKEND,
    PLACE_BREAKER,
    PLACE_BALANCER,
    PLACE_STICKINESS,
    PLACE_MAX_CONN,
    PLACE_HEALTH_CHECK,
    PLACE_BUFFERING,
    PLACE_FORWARDING,
    PLACE_COUNT,
};

struct label_row {
    const char *name; /* without `traefik.` */
    enum label_kind kind;
    enum label_place place;
    unsigned flags;
    size_t offset; /* in the struct of the place */
};

/* When a struct exists. */
enum place_rule {
    EXISTS_ALWAYS,
    EXISTS_BY_PREFIX, /* some label that begins with `label` has a value */
    EXISTS_BY_VALUE,  /* the label has a value */
    EXISTS_BY_TRUE,   /* ... that is true */
    EXISTS_BY_NUMBER, /* ... that is a number */
};

struct place_row {
    enum label_place place, parent;
    size_t offset; /* of the pointer in the parent */
    size_t size;
    enum place_rule rule;
    const char *label;
};

extern const struct label_row label_rows[];
extern const size_t label_row_count;
/* Parents before children; the roots PLACE_FRONTEND and PLACE_BACKEND and the kinds of auth are not in it. */
extern const struct place_row place_rows[];
extern const size_t place_row_count;

const struct label_row *label_row_find(struct slice name);
/* The same, but case does not count: for messages. */
const struct label_row *label_row_find_nocase(struct slice name);
/* The name that was probably meant, or NULL. */
const char *label_row_suggest(struct slice wrong);
