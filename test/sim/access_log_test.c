/* SPDX-License-Identifier: MIT */
/* The access log's lines, as a whole worker writes them (spec/api-json.md 6.1). */
#include "sim_buffering.h"
#include "sim_log.h"

static void begin(struct sim_logged *l)
{
    const struct access_log_options options = log_options();
    log_begin(l, &options);
}

static void test_a_routed_request(void **state)
{
    struct sim_logged l;
    (void)state;

    begin(&l);
    sim_client_ask(&l.scene.client,
                   "GET /len/100?x=1 HTTP/1.1\r\nHost: a.test\r\nReferer: http://r/\r\nUser-Agent: ua \"q\"\r\n\r\n");
    sim_settle(l.scene.sim);
    log_expect(&l, "^192\\.0\\.2\\.1 - - " LOG_STAMP
                   " \"GET /len/100\\?x=1 HTTP/1\\.1\" 200 100 \"http://r/\" \"ua \\\\\"q\\\\\"\" "
                   "[0-9]+ \"a\" \"http://10\\.0\\.0\\.1:80\" [0-9]+ms\n$");
    log_end(&l);
}

/* Who answers in the end is the frontend's server, though the configuration that names it came after the request. */
static void test_an_upload_that_outlived_its_server_is_logged_with_the_next(void **state)
{
    struct access_log_options options = log_options();
    struct sim_logged l;
    struct sim_server next;
    (void)state;

    options.format = SLICE("json");
    begin_buffering(&l.scene, 0, &(struct model_buffering){0}, NULL);
    log_start(&l, &options);
    sim_server_init(&next, l.scene.sim, "10.0.0.2", 80, "next");
    l.scene.client.asked = 1;
    sim_client_send(&l.scene.client, "POST /echo HTTP/1.1\r\nHost: a.test\r\nContent-Length: 5\r\n\r\nabc");
    sim_settle(l.scene.sim);
    publish_buffering(&l.scene, "http://10.0.0.2:80");
    sim_client_send(&l.scene.client, "de");
    sim_settle(l.scene.sim);
    log_expect(&l, "\"BackendAddr\":\"10\\.0\\.0\\.2:80\".*\"origin_Content-Length\":\"5\"");
    sim_server_fini(&next);
    log_end(&l);
}

static void test_a_request_that_nobody_routes(void **state)
{
    struct sim_logged l;
    (void)state;

    begin(&l);
    sim_client_ask(&l.scene.client, "GET /x HTTP/1.0\r\n\r\n");
    sim_settle(l.scene.sim);
    log_expect(&l, "^192\\.0\\.2\\.1 - - " LOG_STAMP
                   " \"GET /x HTTP/1\\.0\" 404 19 \"-\" \"-\" [0-9]+ \"backend not found\" \"/x\" [0-9]+ms\n$");
    log_end(&l);
}

static void test_nothing_a_client_sends_breaks_a_line(void **state)
{
    struct sim_logged l;
    (void)state;

    begin(&l);
    sim_client_ask(&l.scene.client,
                   "GET /len/1 HTTP/1.1\r\nHost: a.test\r\nUser-Agent: \xc2\x9b\xe2\x80\xae\"\\ \t x\r\n\r\n");
    sim_settle(l.scene.sim);
    log_expect(&l, "\"\\\\xc2\\\\x9b\\\\xe2\\\\x80\\\\xae\\\\\"\\\\\\\\ \\\\t x\" [0-9]+ \"a\"");
    log_end(&l);
}

static void test_a_client_that_went_away_has_499(void **state)
{
    struct sim_logged l;
    (void)state;

    begin(&l);
    sim_client_get(&l.scene.client, "/mute", 1);
    sim_settle(l.scene.sim);
    sim_link_close(l.scene.client.wire);
    sim_settle(l.scene.sim);
    log_expect(&l, "\"GET /mute HTTP/1\\.1\" 499 0 ");
    log_end(&l);
}

/* The head has left its buffer by then. */
static void test_a_tunnel_is_logged_when_it_ends(void **state)
{
    struct sim_logged l;
    (void)state;

    begin(&l);
    sim_client_ask(&l.scene.client, "GET /up/%41?q=1 HTTP/1.1\r\nHost: a.test\r\nReferer: http://r/\r\n" SIM_WEBSOCKET
                                    "User-Agent: ua\r\n\r\n");
    sim_settle(l.scene.sim);
    sim_client_send(&l.scene.client, "bytes");
    sim_settle(l.scene.sim);
    assert_true(slice_eq(sim_client_rest(&l.scene.client, 1), SLICE("hellobytes")));
    assert_false(log_read(&l));
    sim_link_close(l.scene.client.wire);
    sim_settle(l.scene.sim);
    log_expect(&l, "^192\\.0\\.2\\.1 - - " LOG_STAMP " \"GET /up/%41\\?q=1 HTTP/1\\.1\" 101 10 \"http://r/\" \"ua\" "
                   "[0-9]+ \"a\" \"http://10\\.0\\.0\\.1:80\" [0-9]+ms\n$");
    log_end(&l);
}

static void test_internal_routes_and_broken_requests_are_not_logged(void **state)
{
    struct sim_logged l;
    (void)state;

    begin(&l);
    sim_client_ask(&l.scene.client, "GET /ping HTTP/1.1\r\nHost: a.test\r\n\r\n");
    sim_client_ask(&l.scene.client, "nonsense\r\n\r\n");
    sim_settle(l.scene.sim);
    assert_int_equal(sim_client_status(&l.scene.client, 1), 400);
    assert_false(log_read(&l));
    log_end(&l);
}

static void test_the_log_is_written_even_if_the_snapshot_is_gone(void **state)
{
    struct sim_logged l;
    (void)state;

    begin(&l);
    sim_client_get(&l.scene.client, "/len/1/100", 1);
    sim_advance(l.scene.sim, 50);
    sim_world_publish(l.scene.world, NULL, 0);
    sim_advance(l.scene.sim, 100);
    log_expect(&l, " 200 1 .* \"a\" \"http://10\\.0\\.0\\.1:80\" ");
    log_end(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_routed_request),
        cmocka_unit_test(test_an_upload_that_outlived_its_server_is_logged_with_the_next),
        cmocka_unit_test(test_a_request_that_nobody_routes),
        cmocka_unit_test(test_nothing_a_client_sends_breaks_a_line),
        cmocka_unit_test(test_a_client_that_went_away_has_499),
        cmocka_unit_test(test_a_tunnel_is_logged_when_it_ends),
        cmocka_unit_test(test_internal_routes_and_broken_requests_are_not_logged),
        cmocka_unit_test(test_the_log_is_written_even_if_the_snapshot_is_gone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
