/* SPDX-License-Identifier: MIT */
#include "engine_parts.h"
#include "decode.h"
#include "waybill/base/clock.h"
#include "waybill/base/log.h"
#include "waybill/provider/docker.h"
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    CALL_TIMEOUT_MS = 15000,
    LIST_TIMEOUT_MS = 30000,
    HEAD_TIMEOUT_MS = 5000,
    INSPECTS_AT_ONCE = 8,
    SINCE_SECONDS = 2, /* the engine subscribes a moment after its answer's head: it repeats what is younger than this */
};

/* The newest version of the API this code was written for; it reads nothing that was not in 1.24. */
static const struct docker_version own_version = {1, 44};

/* All that is ever asked. %s is "/v1.44", or nothing before the version is known. */
static char *ping_target(void)
{
    return wb_strdup("/_ping");
}

static char *version_target(void)
{
    return wb_strdup("/version");
}

char *engine_list_target(const struct engine *engine)
{
    return wb_format("/v%u.%u/containers/json?limit=0", engine->version.major, engine->version.minor);
}

/* An id that decode let through has nothing in it that could lead to another path. */
char *engine_inspect_target(const struct engine *engine, struct slice id)
{
    return wb_format("/v%u.%u/containers/" SLICE_FMT "/json", engine->version.major, engine->version.minor, SLICE_ARG(id));
}

static char *networks_target(const struct engine *engine)
{
    return wb_format("/v%u.%u/networks", engine->version.major, engine->version.minor);
}

static char *events_target(const struct engine *engine, bool swarm)
{
    static const char local[] = OPEN "type" NAMES "container" IS_WANTED OR "network" IS_WANTED;
    static const char of_swarm[] = OR "service" IS_WANTED OR "node" IS_WANTED;
    uint64_t since = clock_wall_ns() / 1000000000u - SINCE_SECONDS;

    return wb_format("/v%u.%u/events?since=%llu&filters=%s%s%s", engine->version.major, engine->version.minor,
                     (unsigned long long)since, local, swarm ? of_swarm : "", CLOSE);
}

struct engine *engine_create(const struct docker_options *options, char **out_error)
{
    struct callout *callout = callout_create(options->endpoint, options->tls_on ? &options->tls : NULL, out_error);

    if (!callout)
        return NULL;
    struct engine *engine = wb_alloc(sizeof *engine);
    engine->callout = callout;
    engine->endpoint = options->endpoint;
    engine->version = own_version;
    engine->call_ms = options->answer_ms ? options->answer_ms : CALL_TIMEOUT_MS;
    engine->list_ms = options->answer_ms ? options->answer_ms : LIST_TIMEOUT_MS;
    return engine;
}

static void free_inspect(struct inspect_call **inspect)
{
    if (*inspect) {
        callout_get_fini(&(*inspect)->get);
        free((*inspect)->id);
        free((*inspect)->target);
        free(*inspect);
    }
    *inspect = NULL;
}

static void drop_inspects(struct engine *engine)
{
    while (engine->inspect_count)
        free_inspect(&engine->inspects[--engine->inspect_count]);
    free_inspect(&engine->taken);
}

static void disconnect(struct engine *engine)
{
    callout_disconnect(engine->callout);
    drop_inspects(engine);
}

void engine_destroy(struct engine **engine)
{
    struct engine *gone = *engine;

    *engine = NULL;
    if (!gone)
        return;
    callout_destroy(&gone->callout);
    drop_inspects(gone);
    free(gone);
}

void engine_stop(struct engine *engine)
{
    callout_stop(engine->callout);
}

const char *engine_error(const struct engine *engine)
{
    return engine->error;
}

bool engine_was_replaced(const struct engine *engine)
{
    return callout_place_was_replaced(engine->callout);
}

enum engine_outcome engine_fail(struct engine *engine, const char *reason)
{
    snprintf(engine->error, sizeof engine->error, "%s", reason);
    return ENGINE_FAILED;
}

static enum engine_outcome outcome_of(struct engine *engine, enum callout_outcome outcome)
{
    if (outcome == CALLOUT_OK)
        return ENGINE_OK;
    return outcome == CALLOUT_STOPPED ? ENGINE_STOPPED : engine_fail(engine, callout_error(engine->callout));
}

/* What the engine says of a refused call: {"message": "client version 1.24 is too old"...}. */
static void describe_status(const struct callout_get *get, char *out, size_t size)
{
    struct text body = TEXT_EMPTY;

    text_add_escaped(&body, slice_head(slice_trim_space(text_slice(&get->body)), 200));
    snprintf(out, size, SLICE_FMT ": status %u%s%s", SLICE_ARG(get->target), get->status, body.len ? ": " : "",
             body.ptr ? body.ptr : "");
    text_fini(&body);
}

/* What to do about a socket file that nobody answers at; "" when nothing is known of it. */
static const char *advise(struct slice endpoint)
{
    char path[PATH_MAX];
    struct slice file = slice_starts(endpoint, SLICE("unix://")) ? slice_from(endpoint, strlen("unix://")) : endpoint;

    if (!slice_starts(file, SLICE("/")) || file.len >= sizeof path)
        return "";
    memcpy(path, file.ptr, file.len);
    path[file.len] = '\0';
    if (access(path, R_OK | W_OK) == 0)
        return "";
    if (errno == ENOENT)
        return " (there is no such file: start the engine; in a container, mount its socket with "
               "-v /var/run/docker.sock:/var/run/docker.sock)";
    return errno == EACCES ? " (this user may not use it: run the router as root, or in the group that owns the file)" : "";
}

/* One call that has to succeed. */
enum engine_outcome engine_get(struct engine *engine, char *target, size_t limit, uint64_t timeout_ms,
                               struct callout_get *out_get)
{
    *out_get = (struct callout_get){.target = slice_of(target), .body_limit = limit, .timeout_ms = timeout_ms};
    enum callout_outcome outcome = callout_get_all(engine->callout, out_get, 1, 1);
    enum engine_outcome result = outcome_of(engine, outcome);

    if (result == ENGINE_OK && out_get->status == 0) {
        text_addf(&out_get->error, "%s", advise(engine->endpoint));
        result = engine_fail(engine, out_get->error.ptr);
    } else if (result == ENGINE_OK && out_get->status != 200) {
        char status[sizeof engine->error / 2];
        describe_status(out_get, status, sizeof status);
        snprintf(engine->error, sizeof engine->error, SLICE_FMT ": %s", SLICE_ARG(slice_head(engine->endpoint, 200)),
                 status);
        result = ENGINE_FAILED;
    }
    if (result != ENGINE_OK)
        callout_get_fini(out_get);
    free(target);
    return result;
}

static bool is_lower(struct docker_version a, struct docker_version b)
{
    return a.major != b.major ? a.major < b.major : a.minor < b.minor;
}

/* The lower of ours and the engine's, but never below what the engine still speaks (defects.md B1). */
static enum engine_outcome negotiate(struct engine *engine, struct slice body)
{
    struct docker_version theirs, lowest;

    if (!decode_version(body, &theirs, &lowest))
        return engine_fail(engine, "/version: the answer names no ApiVersion");
    engine->theirs = theirs;
    engine->version = is_lower(theirs, own_version) ? theirs : own_version;
    if (is_lower(engine->version, lowest))
        engine->version = lowest;
    return ENGINE_OK;
}

enum engine_outcome engine_connect(struct engine *engine)
{
    struct callout_get get;

    disconnect(engine);
    enum engine_outcome outcome = engine_get(engine, ping_target(), SMALL_BODY, engine->call_ms, &get);
    if (outcome != ENGINE_OK)
        return outcome;
    callout_get_fini(&get);
    outcome = engine_get(engine, version_target(), SMALL_BODY, engine->call_ms, &get);
    if (outcome != ENGINE_OK)
        return outcome;
    outcome = negotiate(engine, text_slice(&get.body));
    callout_get_fini(&get);
    return outcome;
}

enum engine_outcome engine_watch(struct engine *engine, bool swarm)
{
    char *target = events_target(engine, swarm);
    enum callout_outcome outcome = callout_stream_open(engine->callout, slice_of(target), HEAD_TIMEOUT_MS);

    free(target);
    return outcome_of(engine, outcome);
}

static bool has_answers(const struct engine *engine)
{
    for (size_t i = 0; i < engine->inspect_count; i++) {
        if (engine->inspects[i]->get.ended)
            return true;
    }
    return false;
}

enum engine_outcome engine_wait(struct engine *engine, uint64_t timeout_ms)
{
    return outcome_of(engine, callout_wait(engine->callout, has_answers(engine) ? 0 : timeout_ms));
}

enum engine_outcome engine_sleep(struct engine *engine, uint64_t timeout_ms)
{
    disconnect(engine);
    return outcome_of(engine, callout_wait(engine->callout, timeout_ms));
}

bool engine_next_event(struct engine *engine, struct docker_event *out_event)
{
    struct slice line;

    while (callout_stream_line(engine->callout, &line)) {
        if (line.len && decode_event(line, out_event))
            return true;
    }
    return false;
}

enum engine_outcome engine_list(struct engine *engine, struct container_list *out_list)
{
    struct callout_get get;
    char error[DECODE_ERROR_SIZE];
    size_t skipped;
    enum engine_outcome outcome = engine_get(engine, engine_list_target(engine), LIST_BODY, engine->list_ms, &get);

    *out_list = (struct container_list){0};
    if (outcome != ENGINE_OK)
        return outcome;
    if (!decode_list(text_slice(&get.body), out_list, &skipped, error))
        outcome = engine_fail(engine, error);
    else if (skipped)
        wb_log_warn("docker: %zu entries of the engine's list are left out: they have no id of their own", skipped);
    callout_get_fini(&get);
    return outcome;
}

enum engine_outcome engine_networks(struct engine *engine, struct network_list *out_list)
{
    struct callout_get get;
    enum engine_outcome outcome = engine_get(engine, networks_target(engine), LIST_BODY, engine->call_ms, &get);

    *out_list = (struct network_list){0};
    if (outcome == ENGINE_STOPPED)
        return outcome;
    if (outcome == ENGINE_OK) {
        if (!decode_networks(text_slice(&get.body), out_list))
            wb_log_debug("docker: the engine's list of networks is not a JSON array");
        callout_get_fini(&get);
    } else {
        wb_log_debug("docker: no list of networks: %s", engine->error);
    }
    return ENGINE_OK;
}

bool engine_inspect_begin(struct engine *engine, struct slice id)
{
    for (size_t i = 0; i < engine->inspect_count; i++) {
        if (slice_eq(slice_of(engine->inspects[i]->id), id))
            return false;
    }
    if (engine->inspect_count == ENGINE_INSPECTS_MAX)
        return false;
    struct inspect_call *inspect = wb_alloc(sizeof *inspect);
    inspect->id = slice_dup(id);
    inspect->target = engine_inspect_target(engine, id);
    inspect->get = (struct callout_get){
        .target = slice_of(inspect->target), .body_limit = INSPECT_BODY, .timeout_ms = engine->call_ms};
    engine->inspects[engine->inspect_count++] = inspect;
    callout_begin(engine->callout, &inspect->get);
    return true;
}

static void take_answer(const struct callout_get *get, struct inspected *item)
{
    char error[DECODE_ERROR_SIZE];

    item->is_gone = get->status == 404;
    if (item->is_gone)
        return;
    if (get->status == 0) {
        snprintf(item->error, sizeof item->error, "%s", get->error.ptr);
    } else if (get->status != 200) {
        describe_status(get, item->error, sizeof item->error);
    } else {
        item->container = decode_container(text_slice(&get->body), error);
        if (!item->container) {
            snprintf(item->error, sizeof item->error, SLICE_FMT ": %s", SLICE_ARG(get->target), error);
        } else if (!slice_eq(item->container->id, item->id)) {
            container_unref(&item->container);
            snprintf(item->error, sizeof item->error, SLICE_FMT ": the answer is about another container",
                     SLICE_ARG(get->target));
        }
    }
}

enum engine_outcome engine_inspect(struct engine *engine, struct inspected *items, size_t count)
{
    struct callout_get *gets = wb_alloc((count + 1) * sizeof *gets);
    size_t silent = 0;

    for (size_t i = 0; i < count; i++)
        gets[i] = (struct callout_get){.target = slice_of(engine_inspect_target(engine, items[i].id)),
                                       .body_limit = INSPECT_BODY,
                                       .timeout_ms = engine->call_ms};
    enum engine_outcome outcome = outcome_of(engine, callout_get_all(engine->callout, gets, count, INSPECTS_AT_ONCE));
    for (size_t i = 0; i < count; i++) {
        if (outcome == ENGINE_OK) {
            take_answer(&gets[i], &items[i]);
            silent += gets[i].status == 0;
        }
        callout_get_fini(&gets[i]);
        free((char *)(uintptr_t)gets[i].target.ptr);
    }
    if (outcome == ENGINE_OK && count && silent == count)
        outcome = engine_fail(engine, items[0].error);
    free(gets);
    return outcome;
}

bool engine_inspect_next(struct engine *engine, struct inspected *out_item)
{
    free_inspect(&engine->taken);
    for (size_t i = 0; i < engine->inspect_count; i++) {
        struct inspect_call *inspect = engine->inspects[i];
        if (!inspect->get.ended)
            continue;
        engine->inspects[i] = engine->inspects[--engine->inspect_count];
        engine->taken = inspect;
        *out_item = (struct inspected){.id = slice_of(inspect->id)};
        take_answer(&inspect->get, out_item);
        return true;
    }
    return false;
}
