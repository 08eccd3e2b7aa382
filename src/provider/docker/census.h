/* SPDX-License-Identifier: MIT */
/*
 * census - the containers that are known, in the engine's order, and which of them have to be looked at again.
 *
 * Thread: the provider's. Owns the containers. Events are hints; what inspect says is the truth.
 */
#pragma once
#include "build.h"
#include "engine.h"

struct known {
    char *id_text;
    struct slice id;             /* all of id_text */
    struct container *container; /* NULL: it could not be read yet */
    uint64_t facts;              /* of the list; 0 = to be looked at again */
    char error[256];             /* why the last look failed; empty: it did not */
};

struct census {
    struct map known;     /* id to struct known */
    struct known **order; /* as the engine lists them */
    size_t count, capacity;
    struct map dirty; /* ids to look at */
    struct network_list networks;
    bool networks_are_stale;
};

void census_init(struct census *census);
void census_fini(struct census *census);
/* Takes in an event. False: it changes nothing here. */
bool census_note(struct census *census, const struct docker_event *event);
/* Looks at what is dirty. Failed looks stay dirty. */
enum engine_outcome census_refresh(struct census *census, struct engine *engine);
/* Reads the list; looks at what is new or changed, or at all. */
enum engine_outcome census_resync(struct census *census, struct engine *engine, bool all);
/* What is known, as a fragment and an inventory. */
void census_build(struct census *census, const struct docker_options *options, const struct provider_sink *sink,
                  struct build_output *out_output);
