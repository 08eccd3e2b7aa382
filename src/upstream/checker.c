/* SPDX-License-Identifier: MIT */
#include "checker.h"
#include "waybill/base/log.h"
#include "waybill/base/map.h"
#include "waybill/route/live.h"
#include "waybill/upstream/attempt.h"
#include <stdio.h>
#include <stdlib.h>

struct checker {
    struct upstream *upstream;
    struct map checks; /* by the address of their health */
    struct list waiting,
        failing; /* of struct check: their time has come, of those that were well, and of those that were not */
    unsigned asking, asking_failing;
    uint64_t round; /* of adopting */
    bool starting, stopped;
};

/* One server that is checked. */
struct check {
    struct checker *checker;
    struct route_health *health; /* a reference of ours */
    struct list link;            /* in one of the checker's lines */
    struct deadline due;
    struct probe *probe; /* while it is asked */
    uint64_t round;      /* in which it was wanted last */
    bool asked_before;
    bool was_failing; /* when its time came: in which line it is, or was */
};

/* One question; exists no longer than it takes: the table for the answer's fields is large. */
struct probe {
    struct check *check;
    struct attempt attempt;
    struct deadline deadline;
    uint64_t began_ms;
};

static void start_waiting(struct checker *checker);

static struct loop *loop_of(const struct check *check)
{
    return upstream_loop(check->checker->upstream);
}

static void end_probe(struct check *check)
{
    struct probe *probe = check->probe;

    if (!probe)
        return;
    check->probe = NULL;
    check->checker->asking--;
    check->checker->asking_failing -= check->was_failing;
    attempt_cancel(&probe->attempt);
    loop_remove_deadline(loop_of(check), &probe->deadline);
    free(probe);
}

static void say_change(const struct route_health *health, bool failing, const char *why)
{
    if (failing)
        wb_log_warn("health check of " SLICE_FMT " failed: %s: the server gets no requests until it passes",
                    SLICE_ARG(health->label), why);
    else
        wb_log_info("health check of " SLICE_FMT " passed: the server gets requests again", SLICE_ARG(health->label));
}

static void note_outcome(struct route_health *health, bool well, const char *why)
{
    uint64_t failures = cell_read(&health->failing);

    if (well == (failures > 0))
        say_change(health, !well, why);
    cell_set(&health->failing, well ? 0 : failures + 1);
}

/* Part of the interval by which the first one is shorter: up to a half, evenly spread by number. */
static uint64_t head_start(const struct route_health *health)
{
    uint64_t spread = (health->number * UINT64_C(11400714819323198485)) >> 48;
    return health->interval_ms * spread >> 17;
}

/* The next one is due an interval after this one began; one that took longer is followed at once. */
static void conclude(struct check *check, bool well, const char *why)
{
    struct checker *checker = check->checker;
    uint64_t next_ms = check->probe->began_ms + check->health->interval_ms;

    if (!check->asked_before)
        next_ms -= head_start(check->health);
    check->asked_before = true;
    note_outcome(check->health, well, why);
    end_probe(check);
    loop_set_deadline(loop_of(check), &check->due, next_ms);
    start_waiting(checker);
}

static void conclude_by_status(struct check *check, unsigned status)
{
    char why[40];

    snprintf(why, sizeof why, "it answered %u", status);
    conclude(check, status >= 200 && status < 400, why);
}

static void step(struct check *check)
{
    struct attempt *attempt = &check->probe->attempt;

    if (attempt->state == ATTEMPT_READY)
        attempt_send(attempt, &(struct request_part){.head = check->health->request, .last = true});
    while (attempt->state == ATTEMPT_HEAD && attempt->head.status < 200 && attempt->head.status != 101)
        attempt_head_done(attempt);
    if (attempt->state == ATTEMPT_HEAD)
        conclude_by_status(check, attempt->head.status);
    else if (attempt->state == ATTEMPT_FAILED)
        conclude(check, false, reason_row(attempt->reason)->text);
}

static void on_changed(void *owner)
{
    step(((struct probe *)owner)->check);
}

static void on_too_late(struct deadline *deadline)
{
    conclude(WB_CONTAINER_OF(deadline, struct probe, deadline)->check, false, "it did not answer within 5 s");
}

/* Who is asked over TLS is believed by the same authorities as when requests go there. */
static struct server_pool *pool_of(const struct check *check)
{
    const struct route_health *health = check->health;
    struct upstream *upstream = check->checker->upstream;
    struct tls_credentials *tls = health->is_secure ? upstream_get_options(upstream)->tls : NULL;

    WB_REQUIRE(tls || !health->is_secure);
    return upstream_named_pool(upstream, health->host, health->port,
                               health->is_h2c      ? POOL_H2C
                               : health->is_secure ? POOL_BY_ALPN
                                                   : POOL_HTTP_1,
                               tls);
}

static void begin(struct check *check)
{
    struct probe *probe = check->probe = wb_alloc(sizeof *probe);

    check->checker->asking++;
    check->checker->asking_failing += check->was_failing;
    probe->check = check;
    probe->began_ms = loop_of(check)->now_ms;
    deadline_init(&probe->deadline, on_too_late);
    loop_set_deadline_in(loop_of(check), &probe->deadline, CHECK_TIMEOUT_MS);
    attempt_init(&probe->attempt, check->checker->upstream, on_changed, probe);
    attempt_start(&probe->attempt, pool_of(check), false, ATTEMPT_ALONE);
    step(check);
}

static void line_up(struct check *check)
{
    check->was_failing = route_health_is_failing(check->health);
    list_push_back(check->was_failing ? &check->checker->failing : &check->checker->waiting, &check->link);
}

/* A server that is silent takes its place for 5 s: those that failed before never have all places, nor do they go without while
 * many new ones come. */
static struct check *next_in_line(const struct checker *checker)
{
    bool others_full = checker->asking - checker->asking_failing >= CHECKS_OF_A_LINE && !list_empty(&checker->failing);
    const struct list *line = &checker->waiting;

    if (list_empty(line) || others_full)
        line = &checker->failing;
    if (checker->asking >= CHECKS_AT_ONCE || list_empty(line) ||
        (line == &checker->failing && checker->asking_failing >= CHECKS_OF_A_LINE))
        return NULL;
    return LIST_ENTRY(line->next, struct check, link);
}

/* Some end at once, and come here again: the loop below goes on then. */
static void start_waiting(struct checker *checker)
{
    if (checker->starting)
        return;
    checker->starting = true;
    for (struct check *check; (check = next_in_line(checker));) {
        list_remove(&check->link);
        begin(check);
    }
    checker->starting = false;
}

static void on_due(struct deadline *deadline)
{
    struct check *check = WB_CONTAINER_OF(deadline, struct check, due);

    line_up(check);
    start_waiting(check->checker);
}

static struct slice key_of(struct route_health *const *health)
{
    return slice_make((const char *)health, sizeof *health);
}

static void add_check(struct checker *checker, struct route_health *health)
{
    struct check *check = map_get(&checker->checks, key_of(&health));

    if (!check) {
        check = wb_alloc(sizeof *check);
        check->checker = checker;
        check->health = live_ref(health);
        list_init(&check->link);
        deadline_init(&check->due, on_due);
        map_put(&checker->checks, key_of(&health), check);
        line_up(check);
    }
    check->round = checker->round;
}

static void remove_check(struct checker *checker, struct check *check)
{
    void *health = check->health;

    map_remove(&checker->checks, key_of(&check->health));
    end_probe(check);
    list_remove(&check->link);
    loop_remove_deadline(loop_of(check), &check->due);
    live_unref(&health);
    free(check);
}

/* Those that were not wanted this time; it may change while it is walked. */
static void remove_others(struct checker *checker, uint64_t round)
{
    struct map_entry *entry;

    for (size_t i = 0; (entry = map_next(&checker->checks, &i));)
        if (((struct check *)entry->value)->round != round)
            remove_check(checker, entry->value);
}

static bool is_mine(const struct checker *checker, const struct route_health *health)
{
    const struct upstream_options *options = upstream_get_options(checker->upstream);
    return options->workers == 0 || health->number % options->workers == options->worker;
}

void checker_adopt(struct checker *checker, const struct snapshot *snapshot)
{
    if (checker->stopped)
        return;
    checker->round++;
    for (size_t i = 0; i < snapshot->check_count; i++)
        if (is_mine(checker, snapshot->checks[i]))
            add_check(checker, snapshot->checks[i]);
    remove_others(checker, checker->round);
    start_waiting(checker);
}

void checker_stop(struct checker *checker)
{
    checker->stopped = true;
    remove_others(checker, 0);
}

struct checker *checker_create(struct upstream *upstream)
{
    struct checker *checker = wb_alloc(sizeof *checker);

    checker->upstream = upstream;
    map_init(&checker->checks);
    list_init(&checker->waiting);
    list_init(&checker->failing);
    return checker;
}

void checker_destroy(struct checker **checker)
{
    struct checker *ending = *checker;

    *checker = NULL;
    checker_stop(ending);
    map_fini(&ending->checks);
    free(ending);
}
