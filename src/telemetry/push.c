/* SPDX-License-Identifier: MIT */
/* One receiver of metrics: a thread that at each interval reads what the workers have counted, and sends what is new. */
#include "datagrams.h"
#include "lines.h"
#include "waybill/base/clock.h"
#include "waybill/base/log.h"
#include "waybill/callout/post.h"
#include <stdlib.h>
#include <time.h>

enum { POST_TIMEOUT_MS = 10000, LAST_POST_TIMEOUT_MS = 1000 };

struct pusher {
    struct telemetry *telemetry;
    struct push_options options;
    struct arena arena; /* of the options */
    pthread_t thread;
    bool started;

    /* The pusher's thread. */
    struct lines_past past;
    struct datagrams datagrams;
    bool is_failing;

    pthread_mutex_t lock;
    pthread_cond_t wake;
    atomic_bool stopped;
};

static const char *name_of(const struct pusher *pusher)
{
    switch (pusher->options.kind) {
    case PUSH_STATSD:
        return "metrics.statsd";
    case PUSH_DATADOG:
        return "metrics.datadog";
    case PUSH_INFLUX_UDP:
    case PUSH_INFLUX_HTTP:
        return "metrics.influxdb";
    }
    WB_UNREACHABLE();
}

struct pusher *pusher_create(struct telemetry *telemetry, const struct push_options *options)
{
    struct pusher *pusher = wb_alloc(sizeof *pusher);
    pthread_condattr_t attributes;

    pusher->telemetry = telemetry;
    pusher->options = *options;
    arena_init(&pusher->arena, 0);
    pusher->options.address = arena_copy(&pusher->arena, options->address);
    pusher->options.database = arena_copy(&pusher->arena, options->database);
    pusher->options.retention_policy = arena_copy(&pusher->arena, options->retention_policy);
    lines_past_init(&pusher->past);
    datagrams_init(&pusher->datagrams, pusher->options.address);
    pthread_mutex_init(&pusher->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&pusher->wake, &attributes);
    pthread_condattr_destroy(&attributes);
    return pusher;
}

/* False when it is to stop. */
static bool wait_until(struct pusher *pusher, uint64_t due_ms)
{
    const struct timespec due = {.tv_sec = (time_t)(due_ms / 1000), .tv_nsec = (long)(due_ms % 1000) * 1000000};

    pthread_mutex_lock(&pusher->lock);
    while (!atomic_load(&pusher->stopped) && clock_monotonic_ms() < due_ms)
        pthread_cond_timedwait(&pusher->wake, &pusher->lock, &due);
    pthread_mutex_unlock(&pusher->lock);
    return !atomic_load(&pusher->stopped);
}

/* Said when it begins and when it is over, not each time. That a datagram was refused is known when the next one is sent: one that
 * went out says nothing of whether it is over. */
static void note_outcome(struct pusher *pusher, char *problem)
{
    bool is_proven = pusher->options.kind == PUSH_INFLUX_HTTP || pusher->datagrams.is_proven;

    if (!problem && pusher->is_failing && !is_proven)
        return;
    if (problem && !pusher->is_failing)
        wb_log_error("%s: nothing reaches " SLICE_FMT ": %s; it is tried again every %llu ms", name_of(pusher),
                     SLICE_ARG(pusher->options.address), problem, (unsigned long long)pusher->options.interval_ms);
    if (!problem && pusher->is_failing)
        wb_log_info("%s: " SLICE_FMT " is reached again", name_of(pusher), SLICE_ARG(pusher->options.address));
    pusher->is_failing = problem != NULL;
    free(problem);
}

/* "http://influx:8086/write?db=..." */
static void add_url(struct text *out, const struct pusher *pusher, const char *path)
{
    struct slice address = pusher->options.address;

    if (!slice_starts_nocase(address, SLICE("http://")) && !slice_starts_nocase(address, SLICE("https://")))
        text_add(out, SLICE("http://"));
    while (slice_ends(address, SLICE("/")))
        address.len--;
    text_add(out, address);
    text_addf(out, "%s", path);
}

static void post(struct pusher *pusher, struct slice url, struct slice body, bool is_last, struct callout_post *out_post)
{
    *out_post = (struct callout_post){.url = url,
                                      .content_type = SLICE("text/plain; charset=utf-8"),
                                      .body = body,
                                      .timeout_ms = is_last ? LAST_POST_TIMEOUT_MS : POST_TIMEOUT_MS,
                                      .stopped = is_last ? NULL : &pusher->stopped};
    callout_post(out_post);
}

/* NULL, or what went wrong. `out_lacks_database`: it is the database that is missing. */
static char *write_points(struct pusher *pusher, struct slice lines, bool is_last, bool *out_lacks_database)
{
    struct text url = TEXT_EMPTY;
    struct callout_post write;
    char *problem = NULL;

    add_url(&url, pusher, "/write?consistency=&db=");
    callout_add_query(&url, pusher->options.database);
    text_add(&url, SLICE("&precision=ns&rp="));
    callout_add_query(&url, pusher->options.retention_policy);
    post(pusher, text_slice(&url), lines, is_last, &write);
    *out_lacks_database = write.status >= 400 && write.answer.len && strstr(write.answer.ptr, "database not found");
    if (write.status == 0)
        problem = wb_strdup(write.error.len ? write.error.ptr : "no answer");
    else if (write.status < 200 || write.status > 299)
        problem = wb_format("it answers %u: %.200s", write.status, write.answer.len ? write.answer.ptr : "");
    callout_post_fini(&write);
    text_fini(&url);
    return problem;
}

static void add_identifier(struct text *out, struct slice name)
{
    text_add_char(out, '"');
    for (size_t i = 0; i < name.len; i++) {
        if (name.ptr[i] == '"' || name.ptr[i] == '\\')
            text_add_char(out, '\\');
        text_add_char(out, name.ptr[i]);
    }
    text_add_char(out, '"');
}

static void create_database(struct pusher *pusher)
{
    struct text url = TEXT_EMPTY, query = TEXT_EMPTY;
    struct callout_post create;

    text_add(&query, SLICE("CREATE DATABASE "));
    add_identifier(&query, pusher->options.database);
    if (pusher->options.retention_policy.len) {
        text_add(&query, SLICE(" WITH NAME "));
        add_identifier(&query, pusher->options.retention_policy);
    }
    add_url(&url, pusher, "/query?q=");
    callout_add_query(&url, text_slice(&query));
    post(pusher, text_slice(&url), SLICE(""), false, &create);
    wb_log_debug("%s: %s: %u", name_of(pusher), query.ptr, create.status);
    callout_post_fini(&create);
    text_fini(&url);
    text_fini(&query);
}

static char *send_points(struct pusher *pusher, struct slice lines, bool is_last)
{
    bool lacks_database;
    char *problem = write_points(pusher, lines, is_last, &lacks_database);

    if (!problem || !lacks_database || is_last)
        return problem;
    free(problem);
    create_database(pusher);
    return write_points(pusher, lines, false, &lacks_database);
}

static void write_lines(struct pusher *pusher, struct text *out)
{
    struct reading reading;

    reading_take(pusher->telemetry, &reading);
    switch (pusher->options.kind) {
    case PUSH_STATSD:
        lines_statsd(out, &reading, &pusher->past);
        break;
    case PUSH_DATADOG:
        lines_datadog(out, &reading, &pusher->past);
        break;
    case PUSH_INFLUX_UDP:
    case PUSH_INFLUX_HTTP:
        lines_influx(out, &reading, &pusher->past, clock_wall_ns());
        break;
    }
    reading_fini(&reading);
}

static void push_once(struct pusher *pusher, bool is_last)
{
    struct text lines = TEXT_EMPTY;

    write_lines(pusher, &lines);
    if (lines.len)
        note_outcome(pusher, pusher->options.kind == PUSH_INFLUX_HTTP
                                 ? send_points(pusher, text_slice(&lines), is_last)
                                 : datagrams_send(&pusher->datagrams, text_slice(&lines)));
    text_fini(&lines);
}

static void *run(void *arg)
{
    struct pusher *pusher = arg;
    uint64_t interval_ms = pusher->options.interval_ms, due_ms = clock_monotonic_ms() + interval_ms;

    while (wait_until(pusher, due_ms)) {
        uint64_t now_ms;

        push_once(pusher, false);
        now_ms = clock_monotonic_ms();
        due_ms += interval_ms;
        if (due_ms < now_ms)
            due_ms = now_ms + interval_ms; /* it took longer than that */
    }
    if (!pusher->is_failing) /* else it would only hold up the end */
        push_once(pusher, true);
    return NULL;
}

wb_err pusher_start(struct pusher *pusher)
{
    wb_err error = -pthread_create(&pusher->thread, NULL, run, pusher);

    pusher->started = !error;
    if (!error)
        pthread_setname_np(pusher->thread, "metrics");
    return error;
}

void pusher_destroy(struct pusher **pusher)
{
    struct pusher *ending = *pusher;

    *pusher = NULL;
    pthread_mutex_lock(&ending->lock);
    atomic_store(&ending->stopped, true);
    pthread_cond_signal(&ending->wake);
    pthread_mutex_unlock(&ending->lock);
    if (ending->started)
        pthread_join(ending->thread, NULL);
    datagrams_close(&ending->datagrams);
    lines_past_fini(&ending->past);
    pthread_cond_destroy(&ending->wake);
    pthread_mutex_destroy(&ending->lock);
    arena_fini(&ending->arena);
    free(ending);
}
