/* SPDX-License-Identifier: MIT */
/* The access log's lines, as a whole worker writes them (spec/api-json.md 6.1). */
#include "sim_test.h"
#include "waybill/exchange/access_log.h"
#include <fcntl.h>
#include <regex.h>
#include <unistd.h>

struct logged {
    struct sim_scene scene;
    int pipe[2];
};

static void begin_logged(struct logged *l)
{
    assert_int_equal(pipe(l->pipe), 0);
    assert_int_equal(fcntl(l->pipe[0], F_SETFL, O_NONBLOCK), 0);
    scene_begin(&l->scene);
    l->scene.world->env.access_log = access_log_create(&l->scene.sim->loop, l->pipe[1]);
}

static void end_logged(struct logged *l)
{
    sim_server_fini(&l->scene.server);
    entry_cut(l->scene.world->entry);
    access_log_destroy(&l->scene.world->env.access_log);
    sim_world_destroy(&l->scene.world);
    close(l->pipe[0]);
    close(l->pipe[1]);
}

static void expect_line(struct logged *l, const char *pattern)
{
    char line[4096] = "";
    regex_t regex;
    ssize_t got = read(l->pipe[0], line, sizeof line - 1);

    assert_true(got > 0);
    assert_int_equal(regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB), 0);
    if (regexec(&regex, line, 0, NULL, 0) != 0)
        fail_msg("%s\ndoes not look like\n%s", line, pattern);
    regfree(&regex);
}

#define STAMP "\\[[0-9]{2}/[A-Z][a-z]{2}/[0-9]{4}:[0-9:]{8} \\+0000\\]"

static void test_a_routed_request(void **state)
{
    struct logged l;
    (void)state;

    begin_logged(&l);
    sim_client_ask(&l.scene.client,
                   "GET /len/100?x=1 HTTP/1.1\r\nHost: a.test\r\nReferer: http://r/\r\nUser-Agent: ua \"q\"\r\n\r\n");
    sim_settle(l.scene.sim);
    expect_line(&l, "^192\\.0\\.2\\.1 - - " STAMP
                    " \"GET /len/100\\?x=1 HTTP/1\\.1\" 200 100 \"http://r/\" \"ua \\\\\"q\\\\\"\" "
                    "[0-9]+ \"a\" \"http://10\\.0\\.0\\.1:80\" [0-9]+ms\n$");
    end_logged(&l);
}

static void test_a_request_that_nobody_routes(void **state)
{
    struct logged l;
    (void)state;

    begin_logged(&l);
    sim_client_ask(&l.scene.client, "GET /x HTTP/1.0\r\n\r\n");
    sim_settle(l.scene.sim);
    expect_line(&l, "^192\\.0\\.2\\.1 - - " STAMP
                    " \"GET /x HTTP/1\\.0\" 404 19 \"-\" \"-\" [0-9]+ \"backend not found\" - [0-9]+ms\n$");
    end_logged(&l);
}

static void test_nothing_a_client_sends_breaks_a_line(void **state)
{
    struct logged l;
    (void)state;

    begin_logged(&l);
    sim_client_ask(&l.scene.client,
                   "GET /len/1 HTTP/1.1\r\nHost: a.test\r\nUser-Agent: \xc2\x9b\xe2\x80\xae\"\\ \t x\r\n\r\n");
    sim_settle(l.scene.sim);
    expect_line(&l, "\"\\\\xc2\\\\x9b\\\\xe2\\\\x80\\\\xae\\\\\"\\\\\\\\ \\\\t x\" [0-9]+ \"a\"");
    end_logged(&l);
}

static void test_a_client_that_went_away_has_499(void **state)
{
    struct logged l;
    (void)state;

    begin_logged(&l);
    sim_client_get(&l.scene.client, "/mute", 1);
    sim_settle(l.scene.sim);
    sim_link_close(l.scene.client.wire);
    sim_settle(l.scene.sim);
    expect_line(&l, "\"GET /mute HTTP/1\\.1\" 499 0 ");
    end_logged(&l);
}

/* The head has left its buffer by then. */
static void test_a_tunnel_is_logged_when_it_ends(void **state)
{
    struct logged l;
    char byte;
    (void)state;

    begin_logged(&l);
    sim_client_ask(&l.scene.client, "GET /up/%41?q=1 HTTP/1.1\r\nHost: a.test\r\nReferer: http://r/\r\n" SIM_WEBSOCKET
                                    "User-Agent: ua\r\n\r\n");
    sim_settle(l.scene.sim);
    sim_client_send(&l.scene.client, "bytes");
    sim_settle(l.scene.sim);
    assert_true(slice_eq(sim_client_rest(&l.scene.client, 1), SLICE("hellobytes")));
    assert_int_equal(read(l.pipe[0], &byte, 1), -1);
    sim_link_close(l.scene.client.wire);
    sim_settle(l.scene.sim);
    expect_line(&l, "^192\\.0\\.2\\.1 - - " STAMP " \"GET /up/%41\\?q=1 HTTP/1\\.1\" 101 10 \"http://r/\" \"ua\" "
                    "[0-9]+ \"a\" \"http://10\\.0\\.0\\.1:80\" [0-9]+ms\n$");
    end_logged(&l);
}

static void test_internal_routes_and_broken_requests_are_not_logged(void **state)
{
    struct logged l;
    char byte;
    (void)state;

    begin_logged(&l);
    sim_client_ask(&l.scene.client, "GET /ping HTTP/1.1\r\nHost: a.test\r\n\r\n");
    sim_client_ask(&l.scene.client, "nonsense\r\n\r\n");
    sim_settle(l.scene.sim);
    assert_int_equal(sim_client_status(&l.scene.client, 1), 400);
    assert_int_equal(read(l.pipe[0], &byte, 1), -1);
    end_logged(&l);
}

static void test_the_log_is_written_even_if_the_snapshot_is_gone(void **state)
{
    struct logged l;
    (void)state;

    begin_logged(&l);
    sim_client_get(&l.scene.client, "/len/1/100", 1);
    sim_advance(l.scene.sim, 50);
    sim_world_publish(l.scene.world, NULL, 0);
    sim_advance(l.scene.sim, 100);
    expect_line(&l, " 200 1 .* \"a\" \"http://10\\.0\\.0\\.1:80\" ");
    end_logged(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_routed_request),
        cmocka_unit_test(test_a_request_that_nobody_routes),
        cmocka_unit_test(test_nothing_a_client_sends_breaks_a_line),
        cmocka_unit_test(test_a_client_that_went_away_has_499),
        cmocka_unit_test(test_a_tunnel_is_logged_when_it_ends),
        cmocka_unit_test(test_internal_routes_and_broken_requests_are_not_logged),
        cmocka_unit_test(test_the_log_is_written_even_if_the_snapshot_is_gone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
