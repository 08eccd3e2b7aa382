/* SPDX-License-Identifier: MIT */
/*
 * match - from a request to its frontend.
 *
 * The table answers what "try every frontend in priority order, first full match wins" would answer (that is a
 * property test), at a cost that does not grow with the number of frontends: exact hosts by hash, then paths under a host,
 * then the remaining predicates of the few candidates in order.
 *
 * Thread: a table is immutable; regular expressions live in the matcher, one per worker (decisions.md 24).
 */
#pragma once
#include "waybill/http/message.h"
#include "waybill/http/target.h"

struct match_table;
struct route_frontend;

/* Steps that a request may cost, whatever the rules: both views of its path and the change of it together. A step is one byte
 * against one instruction of a regular expression: 7 ns where it is at its worst (RE2 out of memory for its automaton), so
 * 120 ms, and seldom more than a hundredth of that. What a pattern of hosts costs is not in it: a name has 255 bytes at most. */
enum { MATCH_STEPS_MAX = 16 * 1024 * 1024 };

/* What a rule may look at. `path` is the canonical (or the loose) view. */
struct match_input {
    struct slice method;
    struct slice host;  /* without port and trailing dot; any case */
    struct slice alias; /* another name that Host takes for it (spec/rules.md 9): lower case; empty: none */
    struct slice path;
    struct slice query;
    bool has_query;
    const struct headers *headers;
    size_t *steps; /* what is left for regular expressions of MATCH_STEPS_MAX; NULL: all of it */
};

/* What the match found beside the frontend. */
struct match_found {
    const struct route_frontend *frontend; /* NULL: none */
    bool slash_redirect; /* Path rule met with the other trailing-slash form: answer 301 to `slash_target` (path only) ... */
    bool add_slash;      /* ... which is the path with a slash added, or else with its last one removed */
    bool too_costly; /* the request is too long for the rules it would have to be compared with, from this frontend's on */
    uint32_t rank;   /* place of the frontend in the order in which they are tried, from 0 */
};

struct match_found match_table_find(const struct match_table *table, const struct match_input *input);

/* How the frontend's rule changes the path: strip, AddPrefix, Replace... (spec/rules.md 5, decisions.md 8). */
enum path_change {
    PATH_SAME,    /* forwarded as it came */
    PATH_CHANGED, /* *out_target is what to send, path and query */
    PATH_REFUSED, /* answer *out_reason: 400 for dot segments, 404 where no candidate of a strip fits */
};

struct path_changes {
    struct slice target;   /* path and query to send */
    struct slice prefix;   /* X-Forwarded-Prefix, empty if nothing was stripped */
    struct slice replaced; /* X-Replaced-Path, empty if nothing was replaced */
};

/* Takes what it costs from *steps. */
enum path_change rule_change_path(const struct route_frontend *frontend, const struct target *target, struct arena *arena,
                                  size_t *steps, struct path_changes *out_changes, enum reason *out_reason);
/* What AddPrefix puts in front; empty: nothing. */
struct slice rule_added_prefix(const struct route_frontend *frontend);
