/* SPDX-License-Identifier: MIT */
#include "web.h"
#include "entrypoint.h"
#include "waybill/settings/host_port.h"

void web_take_auth(struct reading *reading, const struct toml_value *table)
{
    if (!reading->web.auth)
        reading->web.auth = ARENA_NEW(&reading->settings.arena, struct entrypoint_options);
    entrypoint_options_read(&reading->settings.arena, table, SLICE("auth"), reading->web.auth);
}

/* "a/b/" is "/a/b", "/" is "". What a path has not is refused: it would be nowhere. */
static bool read_path(struct reading *reading)
{
    struct slice path = reading->web.path;
    while (slice_ends(path, SLICE("/")))
        path = slice_head(path, path.len - 1);
    while (slice_starts(path, SLICE("/")))
        path = slice_from(path, 1);
    for (size_t i = 0; i < path.len; i++)
        if (path.ptr[i] <= ' ' || path.ptr[i] > '~' || strchr("\\\"<>?#%", path.ptr[i]))
            return reading_fail(reading, "web.path: \"%s\" is no path: write it as /NAME, of letters, digits and ._-/",
                                reading_shown(reading, path));
    if (path.len == 0)
        return true;
    reading->settings.admin_path = slice_of(arena_format(&reading->settings.arena, "/" SLICE_FMT, SLICE_ARG(path)));
    return true;
}

static void add_option(struct reading *reading, struct entrypoint_options *options, const char *key, struct slice text)
{
    entrypoint_options_add(&reading->settings.arena, options,
                           (struct entrypoint_option){.key = slice_of(key), .form = OPTION_TEXT, .text = text});
}

/* Its address, its login and its certificate are those of an entrypoint. */
static bool add_entrypoint(struct reading *reading)
{
    struct arena *arena = &reading->settings.arena;
    struct entrypoint_options options = reading->web.auth ? *reading->web.auth : (struct entrypoint_options){0};

    add_option(reading, &options, "address", reading->web.address);
    if (reading->web.cert.len || reading->web.key.len) {
        struct entrypoint_option pair = {.key = SLICE("tls_certificates"), .form = OPTION_PAIRS};
        slices_add(arena, &pair.items, reading->web.cert);
        slices_add(arena, &pair.items, reading->web.key);
        entrypoint_options_add(arena, &options, pair);
    }
    return entrypoint_add(reading, SLICE("traefik"), &options);
}

static void take_metrics(struct reading *reading)
{
    struct settings *settings = &reading->settings;

    settings->statsd_on = reading->web.statsd_on;
    settings->datadog_on = reading->web.datadog_on;
    settings->influx_on = reading->web.influx_on;
    if (!reading->web.prometheus_on)
        return;
    settings->prometheus_on = true;
    settings->prometheus_entrypoint = reading->web.prometheus_entrypoint;
    settings->traffic = reading->web.traffic;
}

/* Beside what took its place v1.7 forgets all of it. A login that is forgotten would leave the API open. */
static bool give_way(struct reading *reading)
{
    if (reading->web.auth)
        return reading_fail(reading, "web.auth has no effect beside api, ping, metrics or rest: write it below "
                                     "[entryPoints.traefik], and remove web");
    reading_note(reading, LOG_ERROR, "web has no effect beside api, ping, metrics or rest: remove it");
    return true;
}

bool web_finish(struct reading *reading)
{
    struct settings *settings = &reading->settings;

    if (!reading->web.on)
        return true;
    reading_note(reading, LOG_WARN, "web is deprecated: use api, ping, metrics and rest, and an entrypoint `traefik`");
    if (settings->api_on || settings->ping_on || settings->rest_on || settings->prometheus_on || settings->statsd_on ||
        settings->datadog_on || settings->influx_on)
        return give_way(reading);
    settings->api_on = settings->api_dashboard = settings->ping_on = true;
    settings->api_entrypoint = settings->ping_entrypoint = SLICE("traefik");
    take_metrics(reading);
    if (!host_port_parse(reading->web.address, &(struct host_port){0}))
        return reading_fail(reading, "web.address: \"%s\" is no address: write :8080, host:port or [IPv6]:port",
                            reading_shown(reading, reading->web.address));
    return add_entrypoint(reading) && read_path(reading);
}
