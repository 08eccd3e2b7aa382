/* SPDX-License-Identifier: MIT */
/*
 * change_path - what a rule makes of the path before it is sent on (spec/rules.md 5).
 *
 * Each step works on a target and leaves a target: the new bytes are parsed again, so a step never leaves behind what
 * a request could not have asked for, and none of them may bring dot segments in any spelling (decisions.md 8;
 * security cases P4 to P6). Order: strip by regex, strip, AddPrefix, ReplacePathRegex, ReplacePath.
 */
#include "rule_parts.h"
#include "waybill/base/text.h"
#include "waybill/route/snapshot.h"

/* One change on its way. */
struct path_walk {
    struct arena *arena;
    struct target target;
    struct path_changes changes;
    size_t *steps;      /* left for regular expressions */
    bool emptied;       /* a pattern took all of the path: its slash is not the client's */
    enum reason reason; /* REASON_NONE: go on */
};

bool rule_changes_path(const struct rule *rule)
{
    return rule && rule->modifiers;
}

struct slice rule_added_prefix(const struct route_frontend *frontend)
{
    return rule_changes_path(frontend->rule) ? frontend->rule->modifiers->add_prefix : SLICE("");
}

/* first + second + query become the target. */
static void set_path(struct path_walk *walk, struct slice first, struct slice second)
{
    struct slice query = walk->target.query;
    bool has_query = walk->target.has_query;
    size_t len = first.len + second.len + has_query + query.len;
    char *bytes = arena_bytes(walk->arena, len ? len : 1), *at = bytes;

    if (!bytes) {
        walk->reason = REASON_INTERNAL;
        return;
    }
    memcpy(at, first.ptr, first.len);
    memcpy(at += first.len, second.ptr, second.len);
    at += second.len;
    if (has_query) {
        *at++ = '?';
        memcpy(at, query.ptr, query.len);
    }
    walk->reason = target_parse(walk->arena, slice_make(bytes, len), &walk->target);
    if (walk->reason == REASON_NONE && walk->target.has_dots)
        walk->reason = REASON_DOTS_IN_CHANGED_PATH;
}

static void add_text_to(struct path_walk *walk, struct slice *list, struct slice item)
{
    if (list->len == 0) {
        *list = item;
        return;
    }
    char *both = arena_bytes(walk->arena, list->len + 2 + item.len);
    if (!both) {
        walk->reason = REASON_INTERNAL;
        return;
    }
    memcpy(both, list->ptr, list->len);
    memcpy(both + list->len, ", ", 2);
    memcpy(both + list->len + 2, item.ptr, item.len);
    *list = slice_make(both, list->len + 2 + item.len);
}

/* Cuts where the first `len` bytes of the canonical path end in the raw one; one leading slash is made sure of. */
static void cut_front(struct path_walk *walk, size_t len)
{
    struct slice canonical = walk->target.canonical;
    struct slice prefix = slice_head(canonical, len);

    if ((len >= 1 && canonical.ptr[len - 1] == '%') || (len >= 2 && canonical.ptr[len - 2] == '%')) {
        walk->reason = REASON_BAD_TARGET; /* a pattern that ends in the middle of a %XX */
        return;
    }
    struct slice rest = slice_from(walk->target.raw_path, target_raw_offset(&walk->target, len));
    add_text_to(walk, &walk->changes.prefix, prefix);
    if (walk->reason == REASON_NONE)
        set_path(walk, rest.len && rest.ptr[0] == '/' ? SLICE("") : SLICE("/"), rest);
}

static void strip_by_pattern(struct path_walk *walk, const struct path_modifiers *modifiers)
{
    size_t len;
    for (size_t i = 0; i < modifiers->strip_pattern_count; i++) {
        if (template_match_prefix(&modifiers->strip_patterns[i], walk->target.canonical, &len)) {
            walk->emptied = len == walk->target.canonical.len;
            cut_front(walk, len);
            return;
        }
    }
    if (modifiers->strip_pattern_count)
        walk->reason = REASON_NO_FRONTEND;
}

static void strip_by_text(struct path_walk *walk, const struct path_modifiers *modifiers)
{
    for (size_t i = 0; i < modifiers->strip_count; i++) {
        if (slice_starts(walk->target.canonical, modifiers->strip[i])) {
            walk->emptied = false;
            cut_front(walk, modifiers->strip[i].len);
            return;
        }
    }
    if (modifiers->strip_count)
        walk->reason = REASON_NO_FRONTEND;
}

static void note_replaced(struct path_walk *walk)
{
    /* The path as it came to the first replacement. */
    if (walk->changes.replaced.len == 0)
        walk->changes.replaced = walk->target.raw_path;
}

static void replace_by_pattern(struct path_walk *walk, const struct rewrite *replacement)
{
    struct text made = TEXT_EMPTY;

    if (!replacement->regex)
        return;
    enum rewrite_outcome outcome = rewrite_apply(replacement, walk->target.canonical, NULL, walk->steps, &made);
    if (outcome == REWRITE_TOO_COSTLY) {
        walk->reason = REASON_TARGET_TOO_LONG;
    } else if (outcome == REWRITE_MADE) {
        struct slice path = text_slice(&made);
        note_replaced(walk);
        set_path(walk, path.len && path.ptr[0] == '/' ? SLICE("") : SLICE("/"), path);
    }
    text_fini(&made);
}

static void replace_whole(struct path_walk *walk, struct slice path)
{
    if (path.len == 0)
        return;
    note_replaced(walk);
    set_path(walk, path, SLICE(""));
}

enum path_change rule_change_path(const struct route_frontend *frontend, const struct target *target, struct arena *arena,
                                  size_t *steps, struct path_changes *out_changes, enum reason *out_reason)
{
    struct path_walk walk = {.arena = arena, .target = *target, .steps = steps};
    *out_changes = (struct path_changes){.target = target->raw};
    *out_reason = REASON_NONE;
    if (!rule_changes_path(frontend->rule))
        return PATH_SAME;
    const struct path_modifiers *modifiers = frontend->rule->modifiers;
    if (target->has_dots || target->raw_path.len == 0 || target->raw_path.ptr[0] != '/')
        walk.reason = target->has_dots ? REASON_DOTS_IN_CHANGED_PATH : REASON_BAD_TARGET;
    if (walk.reason == REASON_NONE)
        strip_by_pattern(&walk, modifiers);
    if (walk.reason == REASON_NONE)
        strip_by_text(&walk, modifiers);
    if (walk.reason == REASON_NONE && modifiers->add_prefix.len)
        set_path(&walk, modifiers->add_prefix, walk.emptied ? SLICE("") : walk.target.raw_path);
    if (walk.reason == REASON_NONE)
        replace_by_pattern(&walk, &modifiers->replace_regex);
    if (walk.reason == REASON_NONE)
        replace_whole(&walk, modifiers->replace_path);
    *out_reason = walk.reason;
    if (walk.reason != REASON_NONE)
        return PATH_REFUSED;
    *out_changes = walk.changes;
    out_changes->target = walk.target.raw;
    return slice_eq(walk.target.raw, target->raw) && walk.changes.prefix.len + walk.changes.replaced.len == 0 ? PATH_SAME
                                                                                                              : PATH_CHANGED;
}
