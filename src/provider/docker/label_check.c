/* SPDX-License-Identifier: MIT */
#include "label_check.h"
#include "waybill/base/clock.h"
#include "waybill/base/error.h"
#include "waybill/base/suggest.h"
#include "waybill/model/model.h"

enum { CHOICES_MAX = 16 };

static bool is_one_of(struct slice value, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (slice_eq(value, slice_of(names[i])))
            return true;
    }
    return false;
}

const char *label_choice(struct arena *arena, struct slice value, const char *const *names, size_t count)
{
    const char *all = "", *meant = suggest_name(value, names, count);

    if (is_one_of(value, names, count))
        return NULL;
    for (size_t i = 0; i < count; i++)
        all = arena_format(arena, "%s%s%s", all, i == 0 ? "" : i + 1 == count ? " or " : ", ", names[i]);
    return meant ? arena_format(arena, "did you mean %s? write %s", meant, all) : arena_format(arena, "write %s", all);
}

const char *label_truth(struct arena *arena, struct slice value)
{
    static const char *const words[] = {"true", "false"}, *const yes[] = {"yes", "y", "on", "enabled", "enable", "ja"},
                             *const no[] = {"no", "n", "off", "disabled", "disable", "nein"};
    const char *meant = suggest_name(slice_trim_space(value), words, WB_COUNT(words));

    for (size_t i = 0; i < WB_COUNT(yes) && !meant; i++) {
        if (slice_eq_nocase(value, slice_of(yes[i])))
            meant = "true";
        else if (slice_eq_nocase(value, slice_of(no[i])))
            meant = "false";
    }
    return meant ? arena_format(arena, "did you mean %s? write true or false", meant) : "write true or false";
}

static const char *check_method(struct arena *arena, struct slice value)
{
    static const char *const methods[] = {"wrr", "drr"};

    if (slice_eq_nocase(value, SLICE("wrr")) || slice_eq_nocase(value, SLICE("drr")))
        return NULL;
    return arena_format(arena, "%s; wrr is used", label_choice(arena, value, methods, WB_COUNT(methods)));
}

/* Of what a limit is a limit. */
static const char *check_extractor(struct arena *arena, struct slice value)
{
    static const char *const kinds[] = {"client.ip", "request.host", "request.header.NAME"};

    if (slice_starts(value, SLICE("request.header.")) && value.len > 15)
        return NULL;
    return label_choice(arena, value, kinds, WB_COUNT(kinds));
}

static const char *check_scheme(struct arena *arena, struct slice value)
{
    static const char *const schemes[] = {"http", "https"};

    return label_choice(arena, value, schemes, WB_COUNT(schemes));
}

static const char *check_duration(struct arena *arena, struct slice value)
{
    int64_t ns;

    (void)arena;
    return clock_parse_duration(value, &ns) ? NULL : "write a duration, as 10s or 500ms";
}

static const char *check_health_port(struct arena *arena, struct slice value)
{
    uint64_t port;

    (void)arena;
    return slice_to_u64(value, 65535, &port) ? NULL : "this is no port: write a number from 1 to 65535";
}

static const char *check_no_effect(struct arena *arena, struct slice value)
{
    (void)arena;
    (void)value;
    return "1.7 takes this label and does nothing with it: write traefik.port";
}

static const struct {
    const char *label;
    const char *(*check)(struct arena *arena, struct slice value);
} checks[] = {
    {"backend.loadbalancer.method", check_method},
    {"backend.maxconn.extractorfunc", check_extractor},
    {"frontend.rateLimit.extractorFunc", check_extractor},
    {"backend.healthcheck.scheme", check_scheme},
    {"backend.healthcheck.interval", check_duration},
    {"backend.healthcheck.port", check_health_port},
    {"backend.responseForwarding.flushInterval", check_duration},
    {"portIndex", check_no_effect},
    {"portName", check_no_effect},
};

static const char *check_entrypoint(struct arena *arena, struct slice value, const struct slices *entrypoints)
{
    const char *names[CHOICES_MAX];
    size_t count = entrypoints->count < CHOICES_MAX ? entrypoints->count : CHOICES_MAX;

    for (size_t i = 0; i < entrypoints->count; i++) {
        if (slice_eq(entrypoints->items[i], value))
            return NULL;
    }
    for (size_t i = 0; i < count; i++)
        names[i] = arena_strndup(arena, entrypoints->items[i].ptr, entrypoints->items[i].len);
    return arena_format(arena, "there is no such entrypoint: %s",
                        count ? label_choice(arena, value, names, count) : "define it");
}

const char *label_check_value(struct arena *arena, const struct label_row *row, struct slice value,
                              const struct slices *entrypoints)
{
    struct slice name = slice_of(row->name);

    if (entrypoints && slice_eq(name, SLICE("frontend.redirect.entryPoint")))
        return check_entrypoint(arena, value, entrypoints);
    for (size_t i = 0; i < WB_COUNT(checks); i++) {
        if (slice_eq(name, slice_of(checks[i].label)))
            return checks[i].check(arena, value);
    }
    return NULL;
}
