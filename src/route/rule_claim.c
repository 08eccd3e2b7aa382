/* SPDX-License-Identifier: MIT */
/* rule_claim - which requests a rule asks for, as bytes: equal for rules that say the same in another order or spelling. What it
 * does to their paths is no part of it. */
#include "rule_parts.h"
#include "waybill/base/text.h"
#include <stdlib.h>

/* Pieces of a claim; each is copied into the arena. */
struct pieces {
    struct arena *arena;
    struct slice *items;
    size_t count, capacity;
};

static void add_piece(struct pieces *pieces, struct slice piece)
{
    if (pieces->count == pieces->capacity) {
        struct slice *old = pieces->items;
        pieces->capacity = pieces->capacity ? 2 * pieces->capacity : 8;
        pieces->items = ARENA_ARRAY(pieces->arena, struct slice, pieces->capacity);
        if (old)
            memcpy(pieces->items, old, pieces->count * sizeof *old);
    }
    pieces->items[pieces->count++] = piece;
}

static int compare_pieces(const void *a, const void *b)
{
    return slice_compare(*(const struct slice *)a, *(const struct slice *)b);
}

/* In order, each once, each with its length. */
static struct slice join_pieces(struct pieces *pieces, char kind)
{
    struct text out = TEXT_EMPTY;

    if (pieces->count)
        qsort(pieces->items, pieces->count, sizeof *pieces->items, compare_pieces);
    text_addf(&out, "%c", kind);
    for (size_t i = 0; i < pieces->count; i++)
        if (i == 0 || !slice_eq(pieces->items[i], pieces->items[i - 1]))
            text_addf(&out, "%zu:" SLICE_FMT, pieces->items[i].len, SLICE_ARG(pieces->items[i]));
    struct slice joined = arena_copy(pieces->arena, text_slice(&out));
    text_fini(&out);
    return joined;
}

static struct slice joined_slices(struct arena *arena, const struct slice *items, size_t count, char kind)
{
    struct pieces pieces = {.arena = arena};

    for (size_t i = 0; i < count; i++)
        add_piece(&pieces, items[i]);
    return join_pieces(&pieces, kind);
}

/* A template by what it stands for if it is plain text, else by what was written. */
static struct slice template_piece(struct arena *arena, const struct template *template, const char *kind)
{
    return slice_of(arena_format(arena, "%s%c" SLICE_FMT, kind, template->has_variable ? 'v' : 't',
                                 SLICE_ARG(template->has_variable ? template->written : template->head)));
}

bool path_part_is_every_path(const struct path_part *part)
{
    for (size_t i = 0; i < part->count; i++) {
        const struct path_choice *choice = &part->choices[i];
        if (!choice->whole && !choice->template.has_variable && slice_eq(choice->template.head, SLICE("/")))
            return true;
    }
    return false;
}

static void add_paths(struct pieces *parts, const struct path_part *part)
{
    for (; part; part = part->next) {
        struct pieces pieces = {.arena = parts->arena};
        for (size_t i = 0; i < part->count; i++) {
            const struct path_choice *choice = &part->choices[i];
            add_piece(&pieces, template_piece(parts->arena, &choice->template,
                                              !choice->whole       ? "p"
                                              : choice->ends_slash ? "s"
                                                                   : "w"));
        }
        if (!path_part_is_every_path(part))
            add_piece(parts, join_pieces(&pieces, 'P'));
    }
}

/* Of several parts only the names in all of them count. */
static void add_names(struct pieces *parts, const struct host_part *first)
{
    struct pieces names = {.arena = parts->arena};

    for (size_t i = 0; i < first->count; i++)
        if (host_parts_have(first->next, first->names[i]))
            add_piece(&names, first->names[i]);
    add_piece(parts, join_pieces(&names, 'H'));
}

static void add_hosts(struct pieces *parts, const struct rule *rule)
{
    if (rule->hosts)
        add_names(parts, rule->hosts);
    for (const struct host_pattern_part *part = rule->host_patterns; part; part = part->next) {
        struct pieces pieces = {.arena = parts->arena};
        for (size_t i = 0; i < part->count; i++)
            add_piece(&pieces, template_piece(parts->arena, &part->templates[i], "h"));
        add_piece(parts, join_pieces(&pieces, 'T'));
    }
}

static void add_rest(struct pieces *parts, const struct rule *rule)
{
    struct arena *arena = parts->arena;

    for (const struct method_part *part = rule->methods; part; part = part->next)
        add_piece(parts, joined_slices(arena, part->methods, part->count, 'M'));
    for (const struct header_part *part = rule->headers; part; part = part->next) {
        char *name = arena_strndup(arena, part->name.ptr, part->name.len);
        for (char *c = name; *c; c++)
            *c = ascii_lower(*c);
        add_piece(parts,
                  slice_of(arena_format(arena, "F%c%s:" SLICE_FMT, part->regex ? 'r' : 'e', name, SLICE_ARG(part->value))));
    }
    for (const struct query_part *part = rule->queries; part; part = part->next) {
        struct slice value = part->any_value ? SLICE("a") : template_piece(arena, &part->value, "q");
        add_piece(parts, slice_of(arena_format(arena, "Q%zu:" SLICE_FMT SLICE_FMT, part->key.len, SLICE_ARG(part->key),
                                               SLICE_ARG(value))));
    }
}

struct slice rule_claim(const struct rule *rule, struct arena *arena)
{
    struct pieces parts = {.arena = arena};

    add_hosts(&parts, rule);
    add_paths(&parts, rule->paths);
    add_rest(&parts, rule);
    return join_pieces(&parts, 'R');
}
