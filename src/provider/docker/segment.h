/* SPDX-License-Identifier: MIT */
/*
 * segment - a container's labels taken apart: one set for each segment, with what it inherits (docker-provider.md 8).
 *
 * Thread: any. Texts point into the container; the sets are in the arena given.
 */
#pragma once
#include "container.h"

struct label {
    struct slice name;    /* without `traefik.` and the segment: "frontend.rule" */
    struct slice value;   /* as written */
    struct slice written; /* the whole name, for messages */
};

struct segment {
    struct slice name;    /* empty: the default one */
    struct label *labels; /* sorted by name, each once */
    size_t label_count;
};

/* Labels that do not do what they were written for. */
struct strays {
    struct label *labels;
    size_t count;
};

struct segments {
    struct segment *items; /* at least one; sorted by name */
    size_t count;
    struct strays version2; /* `traefik.http.` and its kin: in no segment */
    struct strays phantoms; /* make a segment that nobody means */
    bool too_many;          /* more than anybody needs: the container is to be rejected */
};

/* What may stand behind the name of a segment: "port", "frontend.rule". */
bool segment_is_property(struct slice name);
/* It begins as labels of Traefik 2 do. */
bool segment_is_version2(struct slice name);
/* `strict`: labels of Traefik 2 and misplaced backend options make no segments, as they do in v1.7 (defects.md B20). */
struct segments segments_read(struct arena *arena, const struct container *container, bool strict);
const struct label *segment_label(const struct segment *segment, struct slice name);
/* Empty when it is not there. */
struct slice segment_value(const struct segment *segment, struct slice name);
/* Some label that begins with `prefix` has a value. */
bool segment_has(const struct segment *segment, struct slice prefix);
