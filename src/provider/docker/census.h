/* SPDX-License-Identifier: MIT */
/*
 * census - the containers that are known, in the engine's order, and which of them have to be looked at again.
 *
 * Thread: the provider's. Owns the containers. Events are hints; what inspect says is the truth.
 */
#pragma once
#include "build.h"
#include "engine.h"
#include "ages.h"
#include "ghosts.h"
#include "swarm.h"

struct known {
    char *id_text;
    struct slice id;             /* all of id_text */
    struct container *container; /* NULL: it could not be read yet */
    uint64_t facts;              /* of the list; 0 = to be looked at again */
    char error[256];             /* why the last look failed; empty: it did not */
    bool has_frontends;          /* in what was built last, live or remembered */
    uint64_t stays_ms;           /* it got a signal that ends it: if it runs then still, it stays; 0: none */
};

/* One that is looked at for the first time: what is told of it before the answer comes. */
struct newcomer {
    int signal; /* it got this one; 0: none */
    uint64_t signalled_ms;
};

enum census_change {
    CENSUS_SAME,
    CENSUS_LOOK,    /* something is to be looked at */
    CENSUS_LEAVING, /* something may be asked no more, which is known without a look; it may be to be looked at, too */
};

struct census {
    struct map known;     /* id to struct known */
    struct known **order; /* as the engine lists them */
    size_t count, capacity;
    struct map dirty;  /* ids to look at */
    struct map asked;  /* ids that are looked at and not known yet, to struct newcomer */
    struct map failed; /* ids to look at again later */
    struct network_list networks;
    bool networks_are_stale;
    struct ghosts ghosts;
    struct ages ages;

    /* Swarm mode */
    struct container *own; /* the router's; NULL: none of this engine's, or not read yet */
    bool own_is_stale;
    struct stranger_list strangers;
    bool strangers_are_stale;
    uint64_t swarm_facts; /* what the last look saw, hashed */
    bool is_in_motion;    /* tasks are to come or to be replaced: the engine sends no events of tasks */
};

void census_init(struct census *census, uint64_t remember_ms);
void census_fini(struct census *census);
/* Takes in an event. Who leaves is marked by the event alone: there is no time to ask. */
enum census_change census_note(struct census *census, const struct docker_event *event, uint64_t now_ms);
/* Begins to look at what is dirty, as much as can be at a time. */
enum engine_outcome census_look(struct census *census, struct engine *engine);
/* Takes in what came of that. False: nothing did. */
bool census_settle(struct census *census, struct engine *engine);
/* Makes what failed dirty again. */
void census_retry(struct census *census);
/* Reads the list. `all`: and all that is in it, before it returns. Else what is new or changed becomes dirty. */
enum engine_outcome census_resync(struct census *census, struct engine *engine, bool all);
/* When something changes by time alone, UINT64_MAX: never; and that this time has come. */
uint64_t census_due_ms(const struct census *census);
void census_expire(struct census *census, uint64_t now_ms);
/* Reads the engine's networks by this call, if they may have changed. */
enum engine_outcome census_refresh_networks(struct census *census, struct engine *engine,
                                            enum engine_outcome (*read)(struct engine *, struct network_list *));
/* A container that the event takes out of service, without a look. False: it does not. */
bool census_mark_leaving(struct known *known, const struct docker_event *event, uint64_t now_ms);

/* Swarm mode: takes in an event, after which everything is dirty or nothing; and looks at all services and tasks. */
enum census_change census_note_swarm(struct census *census, const struct docker_options *options,
                                     const struct docker_event *event, uint64_t now_ms);
enum engine_outcome census_read_swarm(struct census *census, const struct docker_options *options, struct engine *engine,
                                      bool *out_changed);
/* Puts what was mustered in the place of all that is known. Takes its containers over. */
void census_replace(struct census *census, struct inspected *items, size_t count);

/* What is known, as a fragment and an inventory. */
void census_build(struct census *census, const struct docker_options *options, const struct provider_sink *sink,
                  struct build_output *out_output);
