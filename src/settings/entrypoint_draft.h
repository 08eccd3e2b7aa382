/* SPDX-License-Identifier: MIT */
/*
 * entrypoint_draft - an entrypoint while its options are read: the table of options fills it, the checks judge it.
 *
 * Thread: main. Owner: entrypoint_add, for the time of its call; what it points to is in the reading's arena.
 */
#pragma once
#include "entrypoint.h"

struct entrypoint_draft {
    struct reading *reading;
    struct model_entrypoint entrypoint;
    const char *shown_name;
    const char *unknown;    /* the last key that is ignored, as people see it; NULL: none */
    struct model_tls *tls;  /* what its options say; the entrypoint's once TLS itself is named */
    const char *tls_option; /* one of them; NULL: none */
    bool tls_named, ca_named;
    struct slices old_white_list; /* of WhiteListSourceRange */
    bool white_list_named, auth_named, trusted_named, insecure;
};

/* One row of the table: what the option is called, what it is to be, what it sets. */
struct known_option;

/* Null when there is none of that key. */
const struct known_option *known_option_find(struct slice key);
/* In the order of the table; null behind its end. */
const struct known_option *known_option_at(size_t place);
/* As people write it: "WhiteList.SourceRange". */
const char *known_option_shown(const struct known_option *known);
enum option_form known_option_form(const struct known_option *known);
/* The one that `key` may have been meant to be, as people write it; null when none is close. */
const char *known_option_suggest(struct slice key);
/* Its form must fit. */
void known_option_apply(const struct known_option *known, struct entrypoint_draft *draft,
                        const struct entrypoint_option *option);

/* All options are in. False with reading->failure when the entrypoint cannot be, or would not protect as it says. */
bool entrypoint_check(struct entrypoint_draft *draft);
