/* SPDX-License-Identifier: MIT */
/* From counted requests to what is scraped and what is pushed. */
#include "lines.h"
#include "waybill/base/log.h"
#include "waybill/exchange/environment.h"
#include "waybill/model/board.h"
#include "waybill/model/diagnostic.h"
#include "waybill/route/snapshot.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

static const struct traffic_options options = {
    .bounds_ns = {100000000, 1200000000}, .bound_count = 2, .in_steps = true, .entrypoint_count = 1};
static const struct slice names[] = {{"ht\"tp", 5}};

struct world {
    struct traffic *traffics[2];
    struct exchange_counters counters[2];
    const struct exchange_counters *counters_read[2];
    struct telemetry *telemetry;
    struct board *board;
    struct snapshot snapshot;
    struct route_health health;
    struct route_server servers[2];
    struct route_backend backend;
    struct route_frontend frontend, *frontends[1];
    struct text out;
};

static void ignore_retirement(struct snapshot *snapshot, void *arg)
{
    (void)snapshot, (void)arg;
}

static void publish_backend(struct world *world, const char *name)
{
    struct fragment *fragment = fragment_create(SLICE("file"));

    fragment->backends = ARENA_NEW(&fragment->arena, struct model_backend);
    fragment->backends[0].name = slice_of(name);
    fragment->backend_count = 1;
    model_replace(&world->snapshot.model, &fragment);
    world->backend.name = slice_of(name);
    telemetry_publish(world->telemetry, &world->snapshot);
}

static void begin(struct world *world)
{
    *world = (struct world){.snapshot.refs = 1, .snapshot.retire = ignore_retirement};
    for (size_t i = 0; i < 2; i++) {
        world->traffics[i] = traffic_create(&options);
        world->counters_read[i] = &world->counters[i];
    }
    world->servers[0] = (struct route_server){.url = SLICE("http://a:1"), .health = &world->health};
    world->servers[1] = (struct route_server){.url = SLICE("http://b:1")};
    world->backend.servers = world->servers;
    world->backend.server_count = 2;
    world->frontend.backend = &world->backend;
    world->frontends[0] = &world->frontend;
    world->snapshot.frontends = world->frontends;
    world->snapshot.frontend_count = 1;
    world->board = board_create();
    world->telemetry = telemetry_create(&(struct telemetry_options){.traffic = &options,
                                                                    .traffics = world->traffics,
                                                                    .counters = world->counters_read,
                                                                    .worker_count = 2,
                                                                    .entrypoint_names = names,
                                                                    .entrypoint_count = 1,
                                                                    .board = world->board});
    publish_backend(world, "b");
}

static void end(struct world *world)
{
    telemetry_destroy(&world->telemetry);
    assert_null(world->telemetry);
    board_destroy(&world->board);
    assert_int_equal(world->snapshot.refs, 1);
    model_fini(&world->snapshot.model);
    for (size_t i = 0; i < 2; i++)
        traffic_destroy(&world->traffics[i]);
    text_fini(&world->out);
}

static void ask(struct world *world, size_t worker, const char *backend, unsigned status, uint64_t ns)
{
    const struct route_backend found = {.name = slice_of(backend)};
    struct traffic *traffic = world->traffics[worker];

    traffic_end(traffic, traffic_begin(traffic, 0, SLICE("GET"), TRAFFIC_HTTP), status, ns);
    traffic_end(traffic, traffic_begin_backend(traffic, &found, SLICE("GET"), TRAFFIC_HTTP), status, ns);
}

static void expect_line(struct world *world, const char *line)
{
    char *found = strstr(world->out.ptr, line);

    if (!found || (found > world->out.ptr && found[-1] != '\n') || found[strlen(line)] != '\n')
        fail_msg("no line %s in\n%s", line, world->out.ptr);
}

static void scrape(struct world *world)
{
    world->out.len = 0;
    telemetry_write_prometheus(world->telemetry, &world->out);
}

static void test_a_scrape_sums_all_workers(void **state)
{
    struct world world;
    (void)state;

    begin(&world);
    ask(&world, 0, "b", 200, 50000000);
    ask(&world, 1, "b", 200, 500000000);
    ask(&world, 1, "b", 503, 2000000000);
    scrape(&world);
    expect_line(&world, "traefik_config_reloads_total 1");
    expect_line(
        &world,
        "traefik_entrypoint_requests_total{code=\"200\",entrypoint=\"ht\\\"tp\",method=\"GET\",protocol=\"http\"} 2");
    expect_line(&world, "traefik_backend_requests_total{backend=\"b\",code=\"200\",method=\"GET\",protocol=\"http\"} 2");
    expect_line(&world, "traefik_backend_requests_total{backend=\"b\",code=\"503\",method=\"GET\",protocol=\"http\"} 1");
#define DURATION(what, more) \
    "traefik_backend_request_duration_seconds_" what "{backend=\"b\",code=\"200\",method=\"GET\",protocol=\"http\"" more "} "
    expect_line(&world, DURATION("bucket", ",le=\"0.1\"") "1");
    expect_line(&world, DURATION("bucket", ",le=\"1.2\"") "2");
    expect_line(&world, DURATION("bucket", ",le=\"+Inf\"") "2");
    expect_line(&world, DURATION("sum", "") "0.550000000");
    expect_line(&world, DURATION("count", "") "2");
    expect_line(&world, "traefik_backend_open_connections{backend=\"b\",method=\"GET\",protocol=\"http\"} 0");
    expect_line(&world, "waybill_workers 2");
    end(&world);
}

static void test_what_is_gone_is_shown_no_more_and_comes_back_whole(void **state)
{
    struct world world;
    (void)state;

    begin(&world);
    ask(&world, 0, "b", 200, 1);
    publish_backend(&world, "c");
    scrape(&world);
    assert_null(strstr(world.out.ptr, "backend=\"b\""));
    expect_line(&world, "traefik_config_reloads_total 2");
    expect_line(
        &world,
        "traefik_entrypoint_requests_total{code=\"200\",entrypoint=\"ht\\\"tp\",method=\"GET\",protocol=\"http\"} 1");
    expect_line(&world, "traefik_backend_server_up{backend=\"c\",url=\"http://a:1\"} 1");
    publish_backend(&world, "b");
    scrape(&world);
    expect_line(&world, "traefik_backend_requests_total{backend=\"b\",code=\"200\",method=\"GET\",protocol=\"http\"} 1");
    end(&world);
}

static void test_a_server_that_fails_its_check_is_down(void **state)
{
    struct world world;
    (void)state;

    begin(&world);
    scrape(&world);
    expect_line(&world, "traefik_backend_server_up{backend=\"b\",url=\"http://a:1\"} 1");
    cell_set(&world.health.failing, 2);
    scrape(&world);
    expect_line(&world, "traefik_backend_server_up{backend=\"b\",url=\"http://a:1\"} 0");
    expect_line(&world, "traefik_backend_server_up{backend=\"b\",url=\"http://b:1\"} 1");
    end(&world);
}

/* By what is wrong now: what was mended is not, and what never was is a nought. */
static void test_problems_are_counted_while_they_last(void **state)
{
    struct diagnostics problems;
    struct world world;
    (void)state;

    begin(&world);
    diagnostics_init(&problems);
    diagnostics_add(&problems, DIAGNOSTIC_ERROR, SLICE("rules.toml, line 3"), "no end");
    board_set_diagnostics(world.board, SLICE("file"), &problems);
    diagnostics_add(&problems, DIAGNOSTIC_CLOSED, SLICE("container web"), "no users");
    board_set_diagnostics(world.board, SLICE("docker"), &problems);
    scrape(&world);
    expect_line(&world, "waybill_configuration_problems{severity=\"warning\"} 0");
    expect_line(&world, "waybill_configuration_problems{severity=\"error\"} 2");
    expect_line(&world, "waybill_configuration_problems{severity=\"closed\"} 1");
    diagnostics_fini(&problems);
    board_set_diagnostics(world.board, SLICE("docker"), &problems);
    scrape(&world);
    expect_line(&world, "waybill_configuration_problems{severity=\"error\"} 1");
    expect_line(&world, "waybill_configuration_problems{severity=\"closed\"} 0");
    end(&world);
}

static uint64_t value_of(const struct world *world, const char *series)
{
    const char *found = strstr(world->out.ptr, series);

    if (!found || found[strlen(series)] != ' ')
        fail_msg("no %s in\n%s", series, world->out.ptr);
    return strtoull(found + strlen(series), NULL, 10);
}

/* An alert goes by these: one that was never connected says so, too, and a file has nobody to be connected to. */
static void test_how_providers_are(void **state)
{
    struct world world;
    (void)state;

    begin(&world);
    board_note_lost(world.board, SLICE("docker"), "not connected yet");
    board_note_configuration(world.board, SLICE("file"));
    scrape(&world);
    expect_line(&world, "waybill_provider_connected{provider=\"docker\"} 0");
    assert_null(strstr(world.out.ptr, "waybill_provider_connected{provider=\"file\"}"));
    assert_null(strstr(world.out.ptr, "waybill_provider_last_sync_timestamp_seconds{"));
    assert_null(strstr(world.out.ptr, "timestamp_seconds{provider=\"docker\"}"));
    uint64_t now = (uint64_t)time(NULL);
    assert_in_range(value_of(&world, "waybill_provider_last_configuration_timestamp_seconds{provider=\"file\"}"), now - 5,
                    now);
    board_note_synced(world.board, SLICE("docker"), true);
    scrape(&world);
    expect_line(&world, "waybill_provider_connected{provider=\"docker\"} 1");
    assert_in_range(value_of(&world, "waybill_provider_last_sync_timestamp_seconds{provider=\"docker\"}"), now - 5, now + 5);
    board_note_lost(world.board, SLICE("docker"), "gone");
    scrape(&world);
    expect_line(&world, "waybill_provider_connected{provider=\"docker\"} 0");
    board_note_synced(world.board, SLICE("docker"), false); /* read once, and not followed: it grows old rightly */
    scrape(&world);
    assert_null(strstr(world.out.ptr, "waybill_provider_last_sync_timestamp_seconds{"));
    end(&world);
}

static void test_odd_names_make_no_odd_lines(void **state)
{
    struct world world;
    (void)state;

    begin(&world);
    publish_backend(&world, "a\"b\\c\nd\xff\xc3\xbc");
    ask(&world, 0, "a\"b\\c\nd\xff\xc3\xbc", 200, 1);
    scrape(&world);
    expect_line(&world,
                "traefik_backend_requests_total{backend=\"a\\\"b\\\\c\\nd\xef\xbf\xbd\xc3\xbc\",code=\"200\",method=\"GET\","
                "protocol=\"http\"} 1");
    end(&world);
}

/* Pushes. */

static void push(struct world *world, struct lines_past *past,
                 void (*write)(struct text *out, const struct reading *reading, struct lines_past *past))
{
    struct reading reading;

    world->out.len = 0;
    reading_take(world->telemetry, &reading);
    write(&world->out, &reading, past);
    reading_fini(&reading);
}

static void write_influx(struct text *out, const struct reading *reading, struct lines_past *past)
{
    lines_influx(out, reading, past, 1234);
}

static void test_statsd_has_what_was_added_without_labels(void **state)
{
    struct lines_past past;
    struct world world;
    (void)state;

    begin(&world);
    lines_past_init(&past);
    ask(&world, 0, "b", 200, 50000000);
    ask(&world, 1, "b", 404, 50000000);
    push(&world, &past, lines_statsd);
    expect_line(&world, "traefik.config.reload.total:1.000000|c");
    expect_line(&world, "traefik.entrypoint.request.total:2.000000|c");
    expect_line(&world, "traefik.backend.request.total:2.000000|c");
    expect_line(&world, "traefik.backend.request.duration:0.050000|ms");
    expect_line(&world, "traefik.entrypoint.connections.open:0.000000|g");
    expect_line(&world, "traefik.backend.server.up:1.000000|g");
    for (unsigned i = 0; i < 4; i++)
        ask(&world, 0, "b", 200, 2000000000);
    cell_set(&world.health.failing, 1);
    push(&world, &past, lines_statsd);
    expect_line(&world, "traefik.entrypoint.request.total:4.000000|c");
    expect_line(&world, "traefik.entrypoint.request.duration:2.000000|ms|@0.250000000");
    expect_line(&world, "traefik.backend.server.up:0.000000|g");
    assert_null(strstr(world.out.ptr, "reload.total"));
    push(&world, &past, lines_statsd);
    assert_null(strstr(world.out.ptr, "request"));
    lines_past_fini(&past);
    end(&world);
}

static void test_datadog_has_tags(void **state)
{
    struct lines_past past;
    struct world world;
    (void)state;

    begin(&world);
    publish_backend(&world, "b|,x\n");
    lines_past_init(&past);
    ask(&world, 0, "b|,x\n", 200, 50000000);
    ask(&world, 0, "b|,x\n", 200, 50000000);
    push(&world, &past, lines_datadog);
    expect_line(&world, "traefik.backend.request.total:2.000000|c|#backend:b__x_,method:GET,protocol:http,code:200");
    expect_line(&world,
                "traefik.backend.request.duration:0.050000|h|@0.500000000|#backend:b__x_,method:GET,protocol:http,code:200");
    expect_line(&world, "traefik.backend.connections.open:0.000000|g|#backend:b__x_,method:GET,protocol:http");
    expect_line(&world, "traefik.backend.server.up:1.000000|g|#backend:b__x_,url:http://a:1");
    lines_past_fini(&past);
    end(&world);
}

static void test_influx_has_points_with_quantiles(void **state)
{
    const struct route_backend backend = {.name = SLICE("b c,d=e")};
    struct lines_past past;
    struct world world;
    (void)state;

    begin(&world);
    publish_backend(&world, "b c,d=e");
    lines_past_init(&past);
    for (unsigned i = 0; i < 90; i++)
        ask(&world, 0, "b c,d=e", 200, 1000000);
    for (unsigned i = 0; i < 10; i++)
        ask(&world, 1, "b c,d=e", 200, 1000000000);
    struct traffic_flow *flow = traffic_begin_backend(world.traffics[0], &backend, SLICE("GET"), TRAFFIC_HTTP);
    traffic_retry(flow);
    push(&world, &past, write_influx);
    expect_line(&world, "traefik.config.reload.total count=2 1234");
    expect_line(&world,
                "traefik.backend.requests.total,backend=b\\ c\\,d\\=e,code=200,method=GET,protocol=http count=100 1234");
    expect_line(&world, "traefik.backend.connections.open,backend=b\\ c\\,d\\=e,method=GET,protocol=http value=1 1234");
    expect_line(&world, "traefik.backend.retries.total,backend=b\\ c\\,d\\=e count=1 1234");
    expect_line(&world, "traefik.backend.server.up,backend=b\\ c\\,d\\=e,url=http://a:1 value=1 1234");
    expect_line(&world,
                "traefik.entrypoint.requests.total,code=200,entrypoint=ht\"tp,method=GET,protocol=http count=100 1234");
    const char *p50 = strstr(world.out.ptr, "p50="), *p95 = strstr(world.out.ptr, "p95=");
    assert_true(atof(p50 + 4) > 0.0008 && atof(p50 + 4) < 0.0012);
    assert_true(atof(p95 + 4) > 0.8 && atof(p95 + 4) < 1.2);
    traffic_end(world.traffics[0], flow, 200, 1);
    lines_past_fini(&past);
    end(&world);
}

static void test_what_comes_back_after_it_was_gone_begins_anew(void **state)
{
    struct lines_past past;
    struct world world;
    (void)state;

    begin(&world);
    lines_past_init(&past);
    ask(&world, 0, "b", 200, 1000000);
    push(&world, &past, lines_statsd);
    publish_backend(&world, "c");
    push(&world, &past, lines_statsd);
    assert_null(strstr(world.out.ptr, "backend.request"));
    traffic_destroy(&world.traffics[0]); /* as if it had been dropped and asked again */
    world.traffics[0] = traffic_create(&options);
    publish_backend(&world, "b");
    ask(&world, 0, "b", 200, 1000000);
    push(&world, &past, lines_statsd);
    expect_line(&world, "traefik.backend.request.total:1.000000|c");
    lines_past_fini(&past);
    end(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_scrape_sums_all_workers),
        cmocka_unit_test(test_what_is_gone_is_shown_no_more_and_comes_back_whole),
        cmocka_unit_test(test_a_server_that_fails_its_check_is_down),
        cmocka_unit_test(test_problems_are_counted_while_they_last),
        cmocka_unit_test(test_how_providers_are),
        cmocka_unit_test(test_odd_names_make_no_odd_lines),
        cmocka_unit_test(test_statsd_has_what_was_added_without_labels),
        cmocka_unit_test(test_datadog_has_tags),
        cmocka_unit_test(test_influx_has_points_with_quantiles),
        cmocka_unit_test(test_what_comes_back_after_it_was_gone_begins_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
