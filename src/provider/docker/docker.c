/* SPDX-License-Identifier: MIT */
/*
 * The provider's thread, as it goes: connect, open the stream of events, read everything, deliver; then look at what
 * the events name, and at everything once a minute; when the engine goes away, wait and begin again. What was
 * delivered stays until there is something newer to deliver.
 */
#include "waybill/provider/docker.h"
#include "burst.h"
#include "census.h"
#include "pace.h"
#include "waybill/base/clock.h"
#include "waybill/base/digest.h"
#include "waybill/base/log.h"
#include "waybill/base/text.h"
#include "waybill/model/board.h"
#include "waybill/model/inventory.h"
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

enum {
    RESYNC_MS = 60000,     /* decisions.md 19 */
    RETRY_MS = 2000,       /* to look again at containers whose inspect failed */
    SWARM_GAP_MS = 1000,   /* at most between two looks at a Swarm that many events ask for */
    PLACE_CHECK_MS = 1000, /* for a socket file that was replaced */
    BACKOFF_FIRST_MS = 250,
    BACKOFF_LIMIT_MS = 1600, /* with jitter at most 2 s: an engine that is back is seen within that */
    STEADY_MS = 5000,        /* a connection that lived this long starts the backoff anew */
    REPEAT_ERROR_MS = 60000,
};

struct docker_provider {
    struct provider base;
    struct arena arena; /* texts of the options */
    struct docker_options options;
    struct engine *engine;
    pthread_t thread;
    bool is_started;

    /* the provider's thread */
    struct census census;
    struct burst looks;         /* at what events name */
    struct burst builds;        /* of what is known */
    struct pace pace;           /* Swarm mode: looks that no event asks for */
    struct fragment *delivered; /* NULL: none yet; the same for the next two */
    struct inventory *delivered_inventory;
    char *delivered_diagnostics;
    uint64_t backoff_ms;
    char *said_error; /* the connection error that was logged last */
    uint64_t said_error_ms;
};

/* Of one connection. */
struct timetable {
    uint64_t resync_ms;
    uint64_t retry_ms; /* UINT64_MAX: nothing failed */
};

/* -- delivering -- */

static char *diagnostics_text(const struct diagnostics *diagnostics)
{
    struct text text = TEXT_EMPTY;

    for (size_t i = 0; i < diagnostics->count; i++)
        text_addf(&text, "%d %s: %s\n", (int)diagnostics->items[i].severity, diagnostics->items[i].place,
                  diagnostics->items[i].text);
    return text_take(&text);
}

static void drop_diagnostics(struct diagnostics **diagnostics)
{
    diagnostics_fini(*diagnostics);
    free(*diagnostics);
    *diagnostics = NULL;
}

/* Each keeps what is new and drops what was delivered before. */

static void keep_new_fragment(struct docker_provider *provider, struct fragment **fragment)
{
    if (provider->delivered && fragment_equal(provider->delivered, *fragment)) {
        fragment_unref(fragment);
        return;
    }
    fragment_unref(&provider->delivered);
    provider->delivered = fragment_ref(*fragment);
}

static void keep_new_inventory(struct docker_provider *provider, struct inventory **inventory)
{
    if (provider->delivered_inventory && inventory_equal(provider->delivered_inventory, *inventory)) {
        inventory_unref(inventory);
        return;
    }
    inventory_unref(&provider->delivered_inventory);
    provider->delivered_inventory = inventory_ref(*inventory);
}

static void keep_new_diagnostics(struct docker_provider *provider, struct diagnostics **diagnostics)
{
    char *said = diagnostics_text(*diagnostics);

    if (provider->delivered_diagnostics && strcmp(said, provider->delivered_diagnostics) == 0) {
        drop_diagnostics(diagnostics);
        free(said);
        return;
    }
    free(provider->delivered_diagnostics);
    provider->delivered_diagnostics = said;
}

static void deliver(struct docker_provider *provider)
{
    const struct provider_sink *sink = provider->base.sink;
    uint64_t began_ns = clock_monotonic_ns();
    struct build_output built;

    census_build(&provider->census, &provider->options, sink, &built);
    keep_new_fragment(provider, &built.fragment);
    keep_new_inventory(provider, &built.inventory);
    keep_new_diagnostics(provider, &built.diagnostics);
    if (built.fragment || built.inventory || built.diagnostics)
        sink->deliver(sink->arg, SLICE("docker"), &(struct delivery){built.fragment, built.diagnostics, built.inventory});
    else
        wb_log_debug("docker: nothing changed");
    burst_applied(&provider->builds, clock_monotonic_ms(), (clock_monotonic_ns() - began_ns) / 1000);
}

/* -- following -- */

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static void note_lost(struct docker_provider *provider, const char *error)
{
    if (provider->base.sink->board)
        board_note_lost(provider->base.sink->board, SLICE("docker"), error);
}

static void note_synced(struct docker_provider *provider)
{
    if (provider->base.sink->board)
        board_note_synced(provider->base.sink->board, SLICE("docker"), provider->options.watch);
}

static enum census_change note(struct docker_provider *provider, const struct docker_event *event, uint64_t now_ms)
{
    if (provider->options.swarm_mode)
        return census_note_swarm(&provider->census, &provider->options, event, now_ms);
    return census_note(&provider->census, event, now_ms);
}

static void take_events(struct docker_provider *provider)
{
    struct docker_event event;
    uint64_t now_ms = clock_monotonic_ms();

    while (engine_next_event(provider->engine, &event)) {
        enum census_change change = note(provider, &event, now_ms);
        if (change == CENSUS_SAME)
            continue;
        wb_log_debug("docker: event %s of %s", event.action, event.container);
        if (change == CENSUS_LEAVING)
            burst_note(&provider->builds, now_ms);
    }
}

/* Swarm mode: all is read at each look. */
static enum engine_outcome read_swarm(struct docker_provider *provider)
{
    bool asked = map_count(&provider->census.dirty) > 0, changed;
    enum engine_outcome outcome = census_read_swarm(&provider->census, &provider->options, provider->engine, &changed);
    uint64_t now_ms = clock_monotonic_ms();

    if (outcome != ENGINE_OK)
        return outcome;
    pace_looked(&provider->pace, now_ms, asked || changed, provider->census.is_in_motion);
    note_synced(provider);
    burst_note(&provider->builds, now_ms);
    return ENGINE_OK;
}

/* `anew`: what seems unchanged, too, and before it returns. */
static enum engine_outcome read_all(struct docker_provider *provider, bool anew)
{
    if (!provider->options.swarm_mode)
        return census_resync(&provider->census, provider->engine, anew);
    provider->census.networks_are_stale = provider->census.own_is_stale = provider->census.strangers_are_stale = true;
    return read_swarm(provider);
}

/* Begun for containers; all of a Swarm is read, which takes its time. */
static enum engine_outcome look(struct docker_provider *provider)
{
    uint64_t began_ms = clock_monotonic_ms();
    enum engine_outcome outcome;

    if (!provider->options.swarm_mode) {
        outcome = census_look(&provider->census, provider->engine);
        burst_applied(&provider->looks, began_ms, 0);
    } else {
        outcome = read_swarm(provider);
        burst_applied(&provider->looks, began_ms, (clock_monotonic_ms() - began_ms) * 1000);
    }
    return outcome;
}

/* What time alone changes. */
static enum engine_outcome act_on_time(struct docker_provider *provider, struct timetable *times, uint64_t now_ms)
{
    if (now_ms >= census_due_ms(&provider->census)) {
        census_expire(&provider->census, now_ms);
        burst_note(&provider->builds, now_ms);
    }
    if (now_ms >= provider->pace.due_ms) {
        provider->pace.due_ms = UINT64_MAX; /* until that look was made */
        burst_note(&provider->looks, now_ms);
    }
    if (now_ms >= times->retry_ms) {
        census_retry(&provider->census);
        times->retry_ms = UINT64_MAX;
    }
    if (now_ms < times->resync_ms)
        return ENGINE_OK;
    times->resync_ms = now_ms + provider->options.resync_ms;
    enum engine_outcome outcome = read_all(provider, false);
    if (outcome == ENGINE_OK)
        burst_note(&provider->builds, now_ms);
    return outcome;
}

/* Looks go on while the rest is done; what they brought is built when its turn comes. */
static enum engine_outcome act(struct docker_provider *provider, struct timetable *times)
{
    enum engine_outcome outcome = act_on_time(provider, times, clock_monotonic_ms());
    uint64_t now_ms = clock_monotonic_ms();

    if (outcome != ENGINE_OK)
        return outcome;
    if (census_settle(&provider->census, provider->engine)) {
        note_synced(provider);
        burst_note(&provider->builds, now_ms);
    }
    times->retry_ms = earlier(times->retry_ms, map_count(&provider->census.failed) ? now_ms + RETRY_MS : UINT64_MAX);
    if (now_ms >= burst_due_ms(&provider->builds))
        deliver(provider);
    if (map_count(&provider->census.dirty))
        burst_note(&provider->looks, now_ms);
    if (now_ms < burst_due_ms(&provider->looks))
        return ENGINE_OK;
    return look(provider);
}

/* When there is something to do though nothing comes. */
static uint64_t due_ms(const struct docker_provider *provider, const struct timetable *times)
{
    uint64_t bursts = earlier(burst_due_ms(&provider->looks), burst_due_ms(&provider->builds));
    uint64_t timers = earlier(census_due_ms(&provider->census), earlier(times->retry_ms, times->resync_ms));

    timers = earlier(timers, provider->pace.due_ms);
    return earlier(earlier(bursts, timers), clock_monotonic_ms() + PLACE_CHECK_MS);
}

static enum engine_outcome follow(struct docker_provider *provider)
{
    struct timetable times = {.resync_ms = clock_monotonic_ms() + provider->options.resync_ms, .retry_ms = UINT64_MAX};

    for (;;) {
        enum engine_outcome outcome = act(provider, &times);
        if (outcome != ENGINE_OK)
            return outcome;
        uint64_t due = due_ms(provider, &times), now = clock_monotonic_ms();
        outcome = engine_wait(provider->engine, due > now ? due - now : 0);
        if (outcome != ENGINE_OK)
            return outcome;
        if (engine_was_replaced(provider->engine)) {
            wb_log_info("docker: another engine listens at " SLICE_FMT " now", SLICE_ARG(provider->options.endpoint));
            return ENGINE_FAILED;
        }
        take_events(provider);
    }
}

/* One connection to the engine, from beginning to end. OK: all was read, and nothing is to be watched. */
static enum engine_outcome attend(struct docker_provider *provider)
{
    enum engine_outcome outcome = engine_connect(provider->engine);

    if (outcome == ENGINE_OK && provider->options.watch)
        outcome = engine_watch(provider->engine,
                               provider->options.swarm_mode); /* before the list, so that nothing falls between */
    if (outcome == ENGINE_OK)
        outcome = read_all(provider, true);
    if (outcome != ENGINE_OK)
        return outcome;
    note_synced(provider);
    deliver(provider);
    return provider->options.watch ? follow(provider) : ENGINE_OK;
}

/* -- losing the engine -- */

/* Three quarters to five quarters of it. */
static uint64_t jitter(uint64_t ms)
{
    uint32_t random;

    digest_random(&random, sizeof random);
    return ms * 3 / 4 + ms / 2 * (random % 1024) / 1024;
}

static void say_error(struct docker_provider *provider, uint64_t wait_ms)
{
    const char *error = engine_error(provider->engine);
    uint64_t now = clock_monotonic_ms();
    char wait[CLOCK_DURATION_SIZE];

    clock_format_duration((int64_t)wait_ms * 1000000, wait);
    if (provider->said_error && strcmp(provider->said_error, error) == 0 &&
        now - provider->said_error_ms < REPEAT_ERROR_MS) {
        wb_log_debug("Provider connection error %s, retrying in %s", error, wait);
        return;
    }
    wb_log_error("Provider connection error %s, retrying in %s", error, wait);
    free(provider->said_error);
    provider->said_error = wb_strdup(error);
    provider->said_error_ms = now;
}

static enum engine_outcome wait_to_retry(struct docker_provider *provider, uint64_t lived_ms)
{
    if (lived_ms >= STEADY_MS)
        provider->backoff_ms = BACKOFF_FIRST_MS;
    uint64_t wait = jitter(provider->backoff_ms);

    say_error(provider, wait);
    note_lost(provider, engine_error(provider->engine));
    provider->backoff_ms = earlier(provider->backoff_ms * 3 / 2, BACKOFF_LIMIT_MS);
    return engine_sleep(provider->engine, wait);
}

static void *run(void *arg)
{
    struct docker_provider *provider = arg;
    enum engine_outcome outcome;

    do {
        uint64_t start = clock_monotonic_ms();
        outcome = attend(provider);
        if (outcome == ENGINE_FAILED)
            outcome = wait_to_retry(provider, clock_monotonic_ms() - start) == ENGINE_STOPPED ? ENGINE_STOPPED
                                                                                              : ENGINE_FAILED;
    } while (outcome == ENGINE_FAILED);
    return NULL;
}

/* -- the provider -- */

/* Signals are main's: this thread takes none. */
static int start_thread(struct docker_provider *provider)
{
    sigset_t all, before;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed = pthread_create(&provider->thread, NULL, run, provider);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (!failed)
        pthread_setname_np(provider->thread, "docker");
    return failed;
}

static wb_err start(struct provider *base)
{
    struct docker_provider *provider = WB_CONTAINER_OF(base, struct docker_provider, base);
    char *error = NULL;

    note_lost(provider, "not connected yet");
    provider->engine = engine_create(&provider->options, &error);
    if (!provider->engine) {
        wb_log_error("docker: %s", error);
        note_lost(provider, error);
        free(error);
        return -EINVAL;
    }
    int failed = start_thread(provider);
    provider->is_started = failed == 0;
    return -failed;
}

static void destroy(struct provider *base)
{
    struct docker_provider *provider = WB_CONTAINER_OF(base, struct docker_provider, base);

    if (provider->is_started) {
        engine_stop(provider->engine);
        pthread_join(provider->thread, NULL);
    }
    engine_destroy(&provider->engine);
    census_fini(&provider->census);
    fragment_unref(&provider->delivered);
    inventory_unref(&provider->delivered_inventory);
    free(provider->delivered_diagnostics);
    free(provider->said_error);
    arena_fini(&provider->arena);
    free(provider);
}

char *docker_options_problem(const struct docker_options *options)
{
    char *error = NULL;
    struct engine *engine = engine_create(options, &error);

    engine_destroy(&engine);
    return error;
}

static const struct provider_ops docker_ops = {.name = "docker", .start = start, .destroy = destroy};

struct provider *docker_provider_create(const struct docker_options *options, const struct provider_sink *sink)
{
    struct docker_provider *provider = wb_alloc(sizeof *provider);
    struct arena *arena = &provider->arena;

    arena_init(arena, 0);
    provider->base = (struct provider){&docker_ops, sink};
    provider->options = *options;
    provider->options.endpoint = arena_copy(arena, options->endpoint.len ? options->endpoint
                                                                         : SLICE("unix:///var/run/docker.sock"));
    provider->options.tls.ca = arena_copy(arena, options->tls.ca);
    provider->options.tls.cert = arena_copy(arena, options->tls.cert);
    provider->options.tls.key = arena_copy(arena, options->tls.key);
    provider->options.domain = arena_copy(arena, options->domain);
    provider->options.network = arena_copy(arena, options->network);
    provider->options.own_id = arena_copy(arena, options->own_id);
    if (!options->resync_ms)
        provider->options.resync_ms = RESYNC_MS;
    provider->options.constraints = (struct slices){0};
    for (size_t i = 0; i < options->constraints.count; i++)
        slices_add(arena, &provider->options.constraints, arena_copy(arena, options->constraints.items[i]));
    provider->looks.gap_max_ms = options->swarm_mode ? SWARM_GAP_MS : options->gather_ms;
    provider->builds.gap_max_ms = options->gather_ms;
    provider->pace = (struct pace){.refresh_ms = options->refresh_ms, .due_ms = UINT64_MAX};
    provider->backoff_ms = BACKOFF_FIRST_MS;
    census_init(&provider->census, options->remember_ms);
    return &provider->base;
}
