/* SPDX-License-Identifier: MIT */
/* Series of requests: what is counted, what is bounded, what goes; and a reader beside the worker (says most under TSan). */
#include "waybill/exchange/traffic.h"
#include "waybill/base/text.h"
#include "waybill/route/snapshot.h"
#include <inttypes.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

static const struct traffic_options plain = {.bounds_ns = {100, 200}, .bound_count = 2, .entrypoint_count = 2};
static const struct traffic_options stepped = {
    .bounds_ns = {100, 200}, .bound_count = 2, .in_steps = true, .entrypoint_count = 2};

struct shown {
    const struct traffic_options *options;
    struct text lines;
};

static const char *owner_of(const struct traffic_scope_facts *scope, char buffer[64])
{
    if (scope->is_backend)
        snprintf(buffer, 64, SLICE_FMT, SLICE_ARG(scope->backend));
    else
        snprintf(buffer, 64, "#%zu", scope->entrypoint);
    return buffer;
}

static void show_scope(void *arg, const struct traffic_scope_facts *scope)
{
    struct shown *shown = arg;
    char owner[64];

    if (scope->retries)
        text_addf(&shown->lines, "%s retries %" PRIu64 "\n", owner_of(scope, owner), scope->retries);
}

static void show_flow(void *arg, const struct traffic_flow_facts *flow)
{
    struct shown *shown = arg;
    char owner[64];

    text_addf(&shown->lines, "%s " SLICE_FMT " %d open %" PRIu64 "\n", owner_of(flow->scope, owner), SLICE_ARG(flow->method),
              (int)flow->protocol, flow->open);
}

static void show_series(void *arg, const struct traffic_series_facts *series)
{
    struct shown *shown = arg;

    text_addf(&shown->lines, " %u: %" PRIu64 " ns", series->code, series->sum_ns);
    for (size_t i = 0; i <= shown->options->bound_count; i++)
        text_addf(&shown->lines, " %" PRIu64, cell_read(&series->buckets[i]));
    for (size_t i = 0; series->steps && i < TRAFFIC_STEPS; i++) {
        if (cell_read(&series->steps[i]))
            text_addf(&shown->lines, " s%zu=%" PRIu64, i, cell_read(&series->steps[i]));
    }
    text_add_char(&shown->lines, '\n');
}

static void expect(struct traffic *traffic, const struct traffic_options *options, const char *wanted)
{
    struct shown shown = {options, TEXT_EMPTY};

    traffic_read(traffic, &(struct traffic_visitor){show_scope, show_flow, show_series, &shown});
    assert_string_equal(shown.lines.ptr ? shown.lines.ptr : "", wanted);
    text_fini(&shown.lines);
}

static void one(struct traffic *traffic, size_t entrypoint, const char *method, unsigned status, uint64_t ns)
{
    traffic_end(traffic, traffic_begin(traffic, entrypoint, slice_of(method), TRAFFIC_HTTP), status, ns);
}

static void test_requests_are_counted_by_method_protocol_and_status(void **state)
{
    struct traffic *traffic = traffic_create(&plain);
    struct traffic_flow *open;

    (void)state;
    expect(traffic, &plain, "");
    one(traffic, 0, "GET", 200, 100);
    one(traffic, 0, "GET", 200, 101);
    one(traffic, 0, "GET", 200, 1000);
    one(traffic, 0, "GET", 404, 5);
    one(traffic, 1, "POST", 200, 7);
    open = traffic_begin(traffic, 0, SLICE("GET"), TRAFFIC_WEBSOCKET);
    expect(traffic, &plain,
           "#0 GET 2 open 1\n"
           "#0 GET 0 open 0\n 404: 5 ns 1 0 0\n 200: 1201 ns 1 1 1\n"
           "#1 POST 0 open 0\n 200: 7 ns 1 0 0\n");
    traffic_end(traffic, open, 101, 300);
    one(traffic, 0, "GET", 200, 1);
    expect(traffic, &plain,
           "#0 GET 2 open 0\n 101: 300 ns 0 0 1\n"
           "#0 GET 0 open 0\n 404: 5 ns 1 0 0\n 200: 1202 ns 2 1 1\n"
           "#1 POST 0 open 0\n 200: 7 ns 1 0 0\n");
    traffic_destroy(&traffic);
    assert_null(traffic);
}

static void test_long_methods_are_cut_and_many_codes_are_counted_as_0(void **state)
{
    struct traffic *traffic = traffic_create(&plain);
    struct text wanted = TEXT_EMPTY;

    (void)state;
    for (unsigned code = 100; code < 100 + TRAFFIC_CODES_MAX; code++)
        one(traffic, 0, "AVERYVERYLONGMETHODTHATISCUT", code, 1);
    one(traffic, 0, "AVERYVERYLONGMETHODTHATISNOT", 598, 1);
    one(traffic, 0, "AVERYVERYLONGMETHODTHATISNOT", 599, 2);
    one(traffic, 0, "AVERYVERYLONGMETHODTHATISNOT", 101, 2);
    text_addf(&wanted, "#0 AVERYVERYLONGMETHODTHATI 0 open 0\n 0: 3 ns 2 0 0\n");
    for (unsigned code = 100 + TRAFFIC_CODES_MAX; code-- > 100;)
        text_addf(&wanted, " %u: %d ns %d 0 0\n", code, code == 101 ? 3 : 1, code == 101 ? 2 : 1);
    expect(traffic, &plain, wanted.ptr);
    text_fini(&wanted);
    traffic_destroy(&traffic);
}

static void test_steps_are_a_quarter_of_an_octave(void **state)
{
    struct traffic *traffic = traffic_create(&stepped);

    (void)state;
    for (size_t step = 0; step < TRAFFIC_STEPS; step++)
        assert_int_equal(traffic_step_of(traffic_step_ns(step)), step);
    assert_int_equal(traffic_step_of(0), 0);
    assert_int_equal(traffic_step_of(UINT64_MAX), TRAFFIC_STEPS - 1);
    for (uint64_t ns = 20000; ns < UINT64_C(1) << 45; ns = ns * 11 / 10) {
        double middle = (double)traffic_step_ns(traffic_step_of(ns));
        assert_true(middle > (double)ns * 0.87 && middle < (double)ns * 1.13);
    }
    one(traffic, 0, "GET", 200, 20000);
    one(traffic, 0, "GET", 200, 20001);
    expect(traffic, &stepped, "#0 GET 0 open 0\n 200: 40001 ns 0 0 2 s0=2\n");
    traffic_destroy(&traffic);
}

static struct snapshot *snapshot_of(struct snapshot *snapshot, const char *const *names, size_t count)
{
    struct fragment *fragment = fragment_create(SLICE("file"));

    fragment->backends = ARENA_ARRAY(&fragment->arena, struct model_backend, count + 1);
    for (size_t i = 0; i < count; i++)
        fragment->backends[fragment->backend_count++].name = slice_of(names[i]);
    fragment_sort(fragment);
    model_replace(&snapshot->model, &fragment);
    return snapshot;
}

static void ask_backend(struct traffic *traffic, const char *name, uint32_t slot, unsigned retries)
{
    const struct route_backend backend = {.name = slice_of(name), .slot = slot};
    struct traffic_flow *flow = traffic_begin_backend(traffic, &backend, SLICE("GET"), TRAFFIC_HTTP);

    while (retries--)
        traffic_retry(flow);
    traffic_end(traffic, flow, 200, 1);
}

static void test_backends_are_known_by_name_whatever_their_slot(void **state)
{
    struct traffic *traffic = traffic_create(&plain);

    (void)state;
    ask_backend(traffic, "a", 3, 0);
    ask_backend(traffic, "b", 3, 2); /* the slot was given to another */
    ask_backend(traffic, "a", 900, 1);
    ask_backend(traffic, "b", 3, 0);
    expect(traffic, &plain,
           "a retries 1\na GET 0 open 0\n 200: 2 ns 2 0 0\n"
           "b retries 2\nb GET 0 open 0\n 200: 2 ns 2 0 0\n");
    traffic_destroy(&traffic);
}

static void test_backends_that_are_gone_and_idle_go_at_some_time(void **state)
{
    static const char *const kept[] = {"n5"};
    const struct route_backend busy = {.name = SLICE("n7"), .slot = 7};
    struct traffic *traffic = traffic_create(&plain);
    struct snapshot snapshot = {.number = 1};
    struct traffic_flow *open;
    char name[16];

    (void)state;
    snapshot_of(&snapshot, kept, 1);
    ask_backend(traffic, "n5", 5, 0);
    traffic_adopt(traffic, &snapshot);
    open = traffic_begin_backend(traffic, &busy, SLICE("GET"), TRAFFIC_HTTP);
    for (uint32_t i = 100; i < 170; i++) {
        snprintf(name, sizeof name, "n%u", i);
        ask_backend(traffic, name, i, 0);
    }
    traffic_adopt(traffic, &snapshot);
    expect(traffic, &plain, "n5 GET 0 open 0\n 200: 1 ns 1 0 0\nn7 GET 0 open 1\n");
    traffic_end(traffic, open, 200, 4); /* it is still there to be counted on */
    ask_backend(traffic, "n5", 5, 0);
    expect(traffic, &plain, "n5 GET 0 open 0\n 200: 2 ns 2 0 0\nn7 GET 0 open 0\n 200: 4 ns 1 0 0\n");
    traffic_destroy(&traffic);
    model_fini(&snapshot.model);
}

/* A reader beside the worker never sees less than before, nor more than there is. */
enum { REQUESTS = 20000, BACKENDS = 50 };

struct contest {
    struct traffic *traffic;
    _Atomic bool over;
    uint64_t seen;
};

static void add_up(void *arg, const struct traffic_series_facts *series)
{
    for (size_t i = 0; i <= plain.bound_count; i++)
        *(uint64_t *)arg += cell_read(&series->buckets[i]);
}

static void skip_scope(void *arg, const struct traffic_scope_facts *scope)
{
    (void)arg, (void)scope;
}

static void skip_flow(void *arg, const struct traffic_flow_facts *flow)
{
    (void)arg, (void)flow;
}

static void *read_on(void *arg)
{
    struct contest *contest = arg;

    for (bool last = false; !last;) {
        uint64_t sum = 0;

        last = contest->over;
        traffic_read(contest->traffic, &(struct traffic_visitor){skip_scope, skip_flow, add_up, &sum});
        WB_REQUIRE(sum >= contest->seen && sum <= REQUESTS);
        contest->seen = sum;
    }
    return NULL;
}

static void test_a_reader_beside_the_worker(void **state)
{
    struct contest contest = {.traffic = traffic_create(&plain)};
    pthread_t reader;
    char name[16];

    (void)state;
    assert_int_equal(pthread_create(&reader, NULL, read_on, &contest), 0);
    for (uint32_t i = 0; i < REQUESTS; i++) {
        snprintf(name, sizeof name, "n%u", i % BACKENDS);
        ask_backend(contest.traffic, name, i % BACKENDS, 0);
    }
    contest.over = true;
    pthread_join(reader, NULL);
    assert_int_equal(contest.seen, REQUESTS);
    traffic_destroy(&contest.traffic);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_requests_are_counted_by_method_protocol_and_status),
        cmocka_unit_test(test_long_methods_are_cut_and_many_codes_are_counted_as_0),
        cmocka_unit_test(test_steps_are_a_quarter_of_an_octave),
        cmocka_unit_test(test_backends_are_known_by_name_whatever_their_slot),
        cmocka_unit_test(test_backends_that_are_gone_and_idle_go_at_some_time),
        cmocka_unit_test(test_a_reader_beside_the_worker),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
