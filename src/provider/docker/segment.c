/* SPDX-License-Identifier: MIT */
#include "segment.h"
#include <stdlib.h>

enum { SEGMENTS_MAX = 200 };

bool segment_is_property(struct slice name)
{
    static const char *const names[] = {"port", "portIndex", "portName", "weight", "protocol", "backend"};

    for (size_t i = 0; i < WB_COUNT(names); i++) {
        if (slice_eq(name, slice_of(names[i])))
            return true;
    }
    return slice_starts(name, SLICE("frontend.")) && name.len > 9;
}

bool segment_is_version2(struct slice name)
{
    return slice_starts(name, SLICE("http.")) || slice_starts(name, SLICE("tcp.")) || slice_starts(name, SLICE("udp."));
}

static bool contains(struct slice text, struct slice part)
{
    for (size_t i = 0; i + part.len <= text.len; i++) {
        if (slice_starts(slice_from(text, i), part))
            return true;
    }
    return false;
}

/* Splits "api.frontend.rule" into "api" and "frontend.rule"; the segment is the shortest that fits. */
static bool split_name(struct slice name, struct slice *out_segment, struct slice *out_property)
{
    if (slice_starts(name, SLICE("frontend.")) || slice_starts(name, SLICE("backend.")))
        return false;
    for (size_t i = 1; i + 1 < name.len; i++) {
        if (name.ptr[i] != '.' || !segment_is_property(slice_from(name, i + 1)))
            continue;
        *out_segment = slice_head(name, i);
        *out_property = slice_from(name, i + 1);
        return true;
    }
    return false;
}

/* Nobody means these as segments: a label of Traefik 2, a backend option below a segment. In v1.7 they make one all the
 * same (docker-provider.md 8, defects.md B20). */
static bool is_phantom(struct slice segment_name)
{
    return segment_is_version2(segment_name) || slice_ends(segment_name, SLICE(".backend")) ||
           contains(segment_name, SLICE(".backend."));
}

static int compare_names(const void *a, const void *b)
{
    return slice_compare(((const struct label *)a)->name, ((const struct label *)b)->name);
}

static struct segment *find_or_add(struct segments *segments, struct slice name, size_t label_capacity, struct arena *arena)
{
    for (size_t i = 0; i < segments->count; i++) {
        if (slice_eq(segments->items[i].name, name))
            return &segments->items[i];
    }
    if (segments->count == SEGMENTS_MAX)
        return NULL;
    struct segment *added = &segments->items[segments->count++];
    *added = (struct segment){.name = name, .labels = ARENA_ARRAY(arena, struct label, label_capacity)};
    return added;
}

static void add_stray(struct strays *strays, const struct label *label, size_t capacity, struct arena *arena)
{
    if (!strays->labels)
        strays->labels = ARENA_ARRAY(arena, struct label, capacity);
    strays->labels[strays->count++] = *label;
}

static void sort_labels(struct segment *segment)
{
    if (segment->label_count > 1)
        qsort(segment->labels, segment->label_count, sizeof *segment->labels, compare_names);
}

/* What the segment does not say itself it takes from the default one. */
static void inherit(struct segment *segment, const struct segment *defaults)
{
    size_t own = segment->label_count;
    struct segment said = {.labels = segment->labels, .label_count = own};

    sort_labels(&said);
    for (size_t i = 0; i < defaults->label_count; i++) {
        if (!segment_label(&said, defaults->labels[i].name))
            segment->labels[segment->label_count++] = defaults->labels[i];
    }
    sort_labels(segment);
}

static int compare_segments(const void *a, const void *b)
{
    return slice_compare(((const struct segment *)a)->name, ((const struct segment *)b)->name);
}

struct segments segments_read(struct arena *arena, const struct container *container, bool strict)
{
    size_t capacity = container->label_count + 1;
    struct segments segments = {
        .items = ARENA_ARRAY(arena, struct segment, capacity < SEGMENTS_MAX ? capacity : SEGMENTS_MAX)};
    struct segment defaults = {.labels = ARENA_ARRAY(arena, struct label, capacity)};

    for (size_t i = 0; i < container->label_count; i++) {
        struct slice written = container->labels[i].name, name = slice_from(written, 8), segment_name, property;
        struct label label = {name, container->labels[i].value, written};
        struct segment *segment = &defaults;
        if (!slice_starts(written, SLICE("traefik.")))
            continue;
        bool is_split = split_name(name, &segment_name, &property), phantom = is_split && is_phantom(segment_name);
        if (phantom && !strict)
            add_stray(&segments.phantoms, &label, capacity, arena);
        is_split = is_split && !(phantom && strict);
        if (!is_split && segment_is_version2(name)) {
            add_stray(&segments.version2, &label, capacity, arena);
            continue;
        }
        if (is_split) {
            segment = find_or_add(&segments, segment_name, capacity, arena);
            label.name = property;
        }
        if (segment)
            segment->labels[segment->label_count++] = label;
        else
            segments.too_many = true;
    }
    sort_labels(&defaults);
    for (size_t i = 0; i < segments.count; i++)
        inherit(&segments.items[i], &defaults);
    if (segments.count == 0)
        segments.items[segments.count++] = defaults;
    qsort(segments.items, segments.count, sizeof *segments.items, compare_segments);
    return segments;
}

/* Position of the first label not before `name`. */
static size_t lower_bound(const struct segment *segment, struct slice name)
{
    size_t low = 0, high = segment->label_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (slice_compare(segment->labels[middle].name, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

const struct label *segment_label(const struct segment *segment, struct slice name)
{
    size_t at = lower_bound(segment, name);

    return at < segment->label_count && slice_eq(segment->labels[at].name, name) ? &segment->labels[at] : NULL;
}

struct slice segment_value(const struct segment *segment, struct slice name)
{
    const struct label *label = segment_label(segment, name);

    return label ? label->value : SLICE("");
}

bool segment_has(const struct segment *segment, struct slice prefix)
{
    for (size_t i = lower_bound(segment, prefix); i < segment->label_count; i++) {
        if (!slice_starts(segment->labels[i].name, prefix))
            return false;
        if (segment->labels[i].value.len)
            return true;
    }
    return false;
}
