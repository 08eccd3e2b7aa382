/* SPDX-License-Identifier: MIT */
/* naming - what things are called, and the default rule (docker-provider.md 4). Thread: any. Texts in the arena. */
#pragma once
#include "segment.h"

/* "/web", or "web_shop" of a compose project; of a Swarm the service's. */
struct slice naming_service(struct arena *arena, const struct container *container);
/* The rule as written or made; empty: there is none. `*out_explicit`: a label says it. */
struct slice naming_rule(struct arena *arena, const struct container *container, const struct segment *segment,
                         struct slice domain, bool *out_explicit);
struct slice naming_backend(struct arena *arena, const struct container *container, const struct segment *segment);
/* A frontend's name but for what changes as containers come and go: with *out_is_numbered the position of its container
 * comes behind it. */
struct slice naming_frontend_stem(struct arena *arena, const struct segment *segment, struct slice backend_name,
                                  struct slice rule, bool *out_is_numbered);
struct slice naming_server(struct arena *arena, const struct container *container, struct slice url);
