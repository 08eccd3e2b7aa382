/* SPDX-License-Identifier: MIT */
/*
 * alias - the name that a host's CNAME records lead to (hostResolver.cnameFlattening, spec/rules.md 9), asked for without
 * blocking and remembered for a while.
 *
 * Anybody may ask for any host, for ever: so what is remembered is bounded, and what is under way too. Names that lead
 * nowhere never push out those that lead somewhere. Nobody waits longer than ALIAS_WAIT_MS; and once a question about a name
 * has failed, nobody waits for that name until one has been answered: what was known of it counts meanwhile.
 * Thread: one worker's. Owner: the worker; of a struct alias whoever asks, who cancels it before it is freed.
 */
#pragma once
#include "waybill/base/list.h"
#include "waybill/net/address.h"

struct loop;
struct aliases;

enum {
    ALIAS_NAME_MAX = 254,  /* with a NUL behind */
    ALIAS_SERVERS_MAX = 3, /* as many as resolvers take */
    ALIAS_DEPTH_MAX = 32,  /* records followed, at most */
    ALIAS_KEPT = 2048,     /* names that lead elsewhere, and as many that do not */
    ALIAS_ASKING_MAX = 64, /* names asked for at the same time */
    ALIAS_WAIT_MS = 2000,  /* then the host has to do without */
    ALIAS_AGE_MAX_MS = 30 * 60 * 1000,
    ALIAS_AGE_MIN_MS = 1000, /* else the TTL of the records says how long it counts */
    ALIAS_NOWHERE_MS = 60 * 1000,
    ALIAS_FAILED_MS = 5000,
};

/* Who answers. Shared by the workers, never changes. */
struct alias_servers {
    struct address items[ALIAS_SERVERS_MAX];
    size_t count;
};

/* From a file like /etc/resolv.conf: its lines `nameserver ADDRESS`; a port may follow, as 127.0.0.1:5353 or [::1]:5353.
 * NULL, or what is wrong with it, on the heap. */
char *alias_servers_read(struct slice path, struct alias_servers *out_servers);

struct aliases *aliases_create(struct loop *loop, const struct alias_servers *servers, unsigned depth_max);
/* Nobody waits any more. NULL is fine. */
void aliases_destroy(struct aliases **aliases);

/* An answer, when it has to be waited for. */
struct alias {
    struct list link;
    bool waiting;
    char name[ALIAS_NAME_MAX]; /* lower case; empty: it is its own name, or nobody can say */
    void (*poke)(void *owner);
    void *owner;
};

/* Known at once: alias->name is filled. Else alias->waiting, and a poke when that is over. `host` is without port, in any
 * case. */
void alias_find(struct aliases *aliases, struct alias *alias, struct slice host, void (*poke)(void *owner), void *owner);
void alias_cancel(struct alias *alias);
/* What is known of it now, without asking; empty: nothing. Valid until the next call of any of these. */
struct slice alias_peek(const struct aliases *aliases, struct slice host);
/* For tests: names remembered. */
size_t aliases_count(const struct aliases *aliases);

/* For implementations of a loop (loop_ops.ask_alias): one question, for the CNAME record of one name. */
enum alias_outcome { ALIAS_FOUND, ALIAS_NONE, ALIAS_FAILED };

struct alias_question {
    const struct alias_servers *servers;
    char name[ALIAS_NAME_MAX];
    char target[ALIAS_NAME_MAX]; /* ALIAS_FOUND: lower case, no final dot */
    uint32_t ttl_s;
    void *asked; /* the implementation's; NULL: not asked */
    /* Later, never from inside ask_alias. */
    void (*answered)(struct alias_question *question, enum alias_outcome outcome);
};
