/* SPDX-License-Identifier: MIT */
#include "decode.h"
#include "engine_parts.h"
#include "swarm.h"
#include "waybill/base/log.h"
#include <stdlib.h>

enum { SERVICES_AT_ONCE = 50 }; /* in one filter of tasks: about 2 KiB of target */

static char *services_target(const struct engine *engine)
{
    return wb_format("/v%u.%u/services", engine->version.major, engine->version.minor);
}

static char *tasks_target(const struct engine *engine, const struct slice *services, size_t count)
{
    struct text target = TEXT_EMPTY;

    text_addf(&target, "/v%u.%u/tasks?filters=%s", engine->version.major, engine->version.minor,
              OPEN "desired-state" NAMES "running" IS_WANTED "%7D" OR "service" NAMES);
    for (size_t i = 0; i < count; i++)
        text_addf(&target, "%s" SLICE_FMT "%s", i ? OR : "", SLICE_ARG(services[i]), IS_WANTED);
    text_addf(&target, "%s", CLOSE);
    return text_take(&target);
}

/* An engine before 1.29 knows no scope. */
static char *networks_target(const struct engine *engine)
{
    static const char by_scope[] = OPEN "scope" NAMES "swarm" IS_WANTED CLOSE;
    static const char by_driver[] = OPEN "driver" NAMES "overlay" IS_WANTED CLOSE;
    bool has_scopes = engine->theirs.major > 1 || (engine->theirs.major == 1 && engine->theirs.minor >= 29);

    return wb_format("/v%u.%u/networks?filters=%s", engine->version.major, engine->version.minor,
                     has_scopes ? by_scope : by_driver);
}

/* What an engine answers that manages no Swarm, or knows of none. Its own words are kept: they tell a worker of one from an
 * engine that is in none. */
static enum engine_outcome explain_no_swarm(struct engine *engine)
{
    char *said = wb_format("%.300s: docker.swarmMode wants an engine that manages a Swarm: run the router on such a node "
                           "(`docker swarm init` makes one), or leave --docker.swarmMode out",
                           engine->error);

    engine_fail(engine, said);
    free(said);
    return ENGINE_FAILED;
}

enum engine_outcome engine_services(struct engine *engine, struct service_list *out_list)
{
    struct callout_get get;
    char error[DECODE_ERROR_SIZE];
    size_t skipped;
    enum engine_outcome outcome = engine_get(engine, services_target(engine), LIST_BODY, engine->list_ms, &get);

    *out_list = (struct service_list){0};
    if (outcome == ENGINE_FAILED && (get.status == 503 || get.status == 404))
        return explain_no_swarm(engine);
    if (outcome != ENGINE_OK)
        return outcome;
    if (!decode_services(text_slice(&get.body), out_list, &skipped, error))
        outcome = engine_fail(engine, error);
    else if (skipped)
        wb_log_warn("docker: %zu services of the engine's list are left out: they have no id or name of their own", skipped);
    callout_get_fini(&get);
    return outcome;
}

static enum engine_outcome add_tasks(struct engine *engine, const struct slice *services, size_t count,
                                     struct task_list *list)
{
    struct callout_get get;
    char error[DECODE_ERROR_SIZE];
    size_t skipped;
    enum engine_outcome outcome = engine_get(engine, tasks_target(engine, services, count), LIST_BODY, engine->list_ms,
                                             &get);

    if (outcome != ENGINE_OK)
        return outcome;
    if (!decode_tasks(text_slice(&get.body), list, &skipped, error))
        outcome = engine_fail(engine, error);
    else if (skipped)
        wb_log_warn("docker: %zu tasks of the engine's list are left out: they have no id of their own, or are too many",
                    skipped);
    callout_get_fini(&get);
    return outcome;
}

enum engine_outcome engine_tasks(struct engine *engine, const struct slice *services, size_t count,
                                 struct task_list *out_list)
{
    enum engine_outcome outcome = ENGINE_OK;

    *out_list = (struct task_list){0};
    arena_init(&out_list->arena, 0);
    for (size_t start = 0; start < count && outcome == ENGINE_OK; start += SERVICES_AT_ONCE) {
        size_t part = count - start < SERVICES_AT_ONCE ? count - start : SERVICES_AT_ONCE;
        outcome = add_tasks(engine, services + start, part, out_list);
    }
    if (outcome != ENGINE_OK)
        task_list_fini(out_list);
    return outcome;
}

enum engine_outcome engine_swarm_networks(struct engine *engine, struct network_list *out_list)
{
    struct callout_get get;
    enum engine_outcome outcome = engine_get(engine, networks_target(engine), LIST_BODY, engine->call_ms, &get);

    *out_list = (struct network_list){0};
    if (outcome != ENGINE_OK)
        return outcome;
    if (!decode_networks(text_slice(&get.body), out_list))
        outcome = engine_fail(engine, "the engine's list of networks is not a JSON array");
    callout_get_fini(&get);
    return outcome;
}

enum engine_outcome engine_strangers(struct engine *engine, struct stranger_list *out_list)
{
    struct callout_get get;
    enum engine_outcome outcome = engine_get(engine, engine_list_target(engine), LIST_BODY, engine->list_ms, &get);

    *out_list = (struct stranger_list){0};
    if (outcome == ENGINE_STOPPED)
        return outcome;
    if (outcome == ENGINE_OK) {
        if (!decode_strangers(text_slice(&get.body), out_list))
            wb_log_debug("docker: the engine's list of containers is not a JSON array");
        callout_get_fini(&get);
    } else {
        wb_log_debug("docker: no list of containers: %s", engine->error);
    }
    return ENGINE_OK;
}

enum engine_outcome engine_container(struct engine *engine, struct slice id, struct container **out_container)
{
    struct callout_get get;
    char error[DECODE_ERROR_SIZE];
    char *target = engine_inspect_target(engine, id);
    enum engine_outcome outcome = engine_get(engine, target, INSPECT_BODY, engine->call_ms, &get);

    *out_container = NULL;
    if (outcome == ENGINE_STOPPED)
        return outcome;
    if (outcome != ENGINE_OK) {
        wb_log_debug("docker: the router's own container: %s", engine->error);
        return ENGINE_OK;
    }
    *out_container = decode_container(text_slice(&get.body), error);
    if (*out_container && !slice_starts((*out_container)->id, id))
        container_unref(out_container);
    callout_get_fini(&get);
    return ENGINE_OK;
}
