/* SPDX-License-Identifier: MIT */
#include "label_hint.h"
#include "label_table.h"
#include "labels_group.h"
#include "waybill/base/suggest.h"

bool label_is_known(struct slice name)
{
    return label_row_find(name) || labels_is_group_name(name);
}

bool label_name_protects(struct slice name)
{
    static const char *const groups[] = {"frontend.auth",   "frontend.whitelist",         "frontend.ratelimit",
                                         "backend.maxconn", "frontend.passtlsclientcert", "backend.circuitbreaker"};

    for (size_t i = 0; i < WB_COUNT(groups); i++) {
        if (slice_starts_nocase(name, slice_of(groups[i])))
            return true;
    }
    return false;
}

/* Names that people write for others, too unlike to be slips. */
static const char *find_alias(struct slice name)
{
    static const char *const aliases[][2] = {
        {"enabled", "enable"},
        {"frontend.backend", "backend"},
        {"frontend.domain", "domain"},
        {"network", "docker.network"},
        {"swarm.network", "docker.network"},
        {"swarm.lbswarm", "backend.loadbalancer.swarm"},
        {"docker.lbswarm", "backend.loadbalancer.swarm"},
        {"backend.sticky", "backend.loadbalancer.stickiness"},
        {"sticky", "backend.loadbalancer.stickiness"},
        {"backend.port", "port"},
        {"backend.weight", "weight"},
        {"frontend.auth.users", "frontend.auth.basic.users"},
        {"frontend.ipwhitelist", "frontend.whiteList.sourceRange"},
    };

    for (size_t i = 0; i < WB_COUNT(aliases); i++) {
        if (slice_eq_nocase(name, slice_of(aliases[i][0])))
            return aliases[i][1];
    }
    return NULL;
}

/* "rule" for "frontend.rule": somebody left the group out. */
static const char *find_in_groups(struct arena *arena, struct slice name)
{
    static const char *const groups[] = {"frontend.", "backend.", "backend.loadbalancer.", "docker.", "frontend.headers."};

    for (size_t i = 0; i < WB_COUNT(groups); i++) {
        const struct label_row *row = label_row_find_nocase(
            slice_of(arena_format(arena, "%s" SLICE_FMT, groups[i], SLICE_ARG(name))));
        if (row)
            return row->name;
    }
    return NULL;
}

/* Labels whose names hold a name, with the name that stands at that place in the wrong one. */
static const char *find_named(struct arena *arena, struct slice wrong)
{
    static const struct {
        size_t parts; /* between the dots; the last but one is the name */
        const char *group, *field;
    } forms[] = {
        {4, "frontend.errors", "status"},
        {4, "frontend.errors", "backend"},
        {4, "frontend.errors", "query"},
        {5, "frontend.rateLimit.rateSet", "period"},
        {5, "frontend.rateLimit.rateSet", "average"},
        {5, "frontend.rateLimit.rateSet", "burst"},
    };
    const char *names[WB_COUNT(forms)];
    struct slice rest = wrong, part, before = SLICE(""), last = SLICE("");
    size_t count = 0, fitting = 0;

    while (slice_cut(&rest, '.', &part)) {
        before = last;
        last = part;
        count++;
    }
    for (size_t i = 0; i < WB_COUNT(forms); i++) {
        if (forms[i].parts == count && before.len)
            names[fitting++] = arena_format(arena, "%s." SLICE_FMT ".%s", forms[i].group, SLICE_ARG(before), forms[i].field);
    }
    return suggest_name(wrong, names, fitting);
}

static struct label_hint said_of_all(struct arena *arena, const char *name)
{
    return (struct label_hint){
        arena_format(arena, "it is said of the whole container, not of a segment: write traefik.%s", name), slice_of(name)};
}

/* "api.prot": a label behind the name of a segment that is none, since only some can stand there. */
static struct label_hint hint_in_segment(struct arena *arena, struct slice name)
{
    size_t dot = slice_find(name, '.');
    struct slice segment = slice_head(name, dot), rest = slice_from(name, dot + 1);
    const struct label_row *row = label_row_find_nocase(rest);
    const char *meant = row ? row->name : rest.len ? label_row_suggest(rest) : NULL;

    if (!meant)
        return (struct label_hint){0};
    if (slice_eq(segment, SLICE("frontend")) || slice_eq(segment, SLICE("backend")))
        return (struct label_hint){arena_format(arena, "there is no such label: did you mean traefik.%s?", meant),
                                   slice_of(meant)};
    if (!segment_is_property(slice_of(meant)))
        return said_of_all(arena, meant);
    return (struct label_hint){
        arena_format(arena, "there is no such label: did you mean traefik." SLICE_FMT ".%s?", SLICE_ARG(segment), meant),
        slice_of(meant)};
}

struct label_hint label_hint(struct arena *arena, const struct label *label)
{
    struct slice name = label->name;
    struct slice before = slice_head(label->written, label->written.len - name.len); /* "traefik." or "traefik.api." */
    const struct label_row *row = label_row_find_nocase(name);
    const char *meant = row ? row->name : find_alias(name);

    if (!meant)
        meant = find_named(arena, name);
    if (!meant)
        meant = label_row_suggest(name);
    if (!meant)
        meant = find_in_groups(arena, name);
    if (meant)
        return (struct label_hint){arena_format(arena, "there is no such label: did you mean " SLICE_FMT "%s?%s",
                                                SLICE_ARG(before), meant,
                                                slice_eq_nocase(name, slice_of(meant)) ? " (case counts)" : ""),
                                   slice_of(meant)};
    struct label_hint hint = hint_in_segment(arena, name);
    if (!hint.text)
        hint.text = "1.7 has no such label: it has no effect";
    return hint;
}
