/* SPDX-License-Identifier: MIT */
/* What is kept of the requests that were answered with an error: who, where, and why. */
#include "sim_test.h"
#include "waybill/exchange/recent.h"

static const struct sim_route routes[] = {
    {.name = "shop", .rule = "Host:a.test", .servers = SIM_SERVER_URL},
    {.name = "list", .rule = "Host:list.test", .servers = SIM_SERVER_URL, .white_list = "10.0.0.0/8"},
    {.name = "gone", .rule = "Host:gone.test", .servers = "http://10.0.0.9:80"},
};

static void answer(struct sim_conn *conn, const struct sim_message *request)
{
    struct slice broken = SLICE("HTTP/1.1 500 Oh\r\nContent-Length: 4\r\n\r\nlate");

    if (slice_starts(sim_message_target(request), SLICE("/broken")))
        sim_conn_reply(conn, broken, 0, false);
    else
        sim_server_answer_path(conn, request);
}

struct recent_scene {
    struct sim_scene scene;
    struct recent *recent;
    struct recent_error errors[2 * RECENT_KEPT];
    size_t count;
};

static void begin(struct recent_scene *s)
{
    *s = (struct recent_scene){.recent = recent_create()};
    scene_begin(&s->scene);
    s->scene.server.answer = answer;
    s->scene.world->env.recent = s->recent;
    sim_world_publish(s->scene.world, routes, WB_COUNT(routes));
    sim_settle(s->scene.sim);
}

static void end(struct recent_scene *s)
{
    scene_end(&s->scene);
    recent_destroy(&s->recent);
}

/* The error it left; NULL: none. */
static const struct recent_error *ask(struct recent_scene *s, const char *request)
{
    size_t before = s->count;

    sim_client_ask(&s->scene.client, request);
    sim_advance(s->scene.sim, 40000);
    sim_client_connect(&s->scene.client, s->scene.sim, s->scene.world->entry, "192.0.2.1");
    s->count = recent_read(s->recent, s->errors);
    if (s->count == before)
        return NULL;
    size_t latest = 0;
    for (size_t i = 1; i < s->count; i++)
        if (s->errors[i].wall_ns > s->errors[latest].wall_ns)
            latest = i;
    return &s->errors[latest];
}

static void assert_error(const struct recent_error *error, unsigned status, enum reason reason, const char *path,
                         const char *frontend, const char *server)
{
    assert_non_null(error);
    assert_int_equal(error->status, status);
    assert_int_equal(error->reason, reason);
    assert_true(slice_eq(recent_slice(&error->path), slice_of(path)));
    assert_true(slice_eq(recent_slice(&error->frontend), slice_of(frontend)));
    assert_true(slice_eq(recent_slice(&error->server), slice_of(server)));
}

static void test_each_error_says_how_far_the_request_came(void **state)
{
    struct recent_scene s;
    (void)state;

    begin(&s);
    assert_null(ask(&s, "GET /len/1 HTTP/1.1\r\nHost: a.test\r\n\r\n"));
    assert_error(ask(&s, "GET /x?secret=1 HTTP/1.1\r\nHost: none.test\r\n\r\n"), 404, REASON_NO_FRONTEND, "/x", "", "");
    assert_error(ask(&s, "GET /x HTTP/1.1\r\nHost: list.test\r\n\r\n"), 403, REASON_FORBIDDEN, "/x", "list", "");
    assert_error(ask(&s, "GET /broken HTTP/1.1\r\nHost: a.test\r\n\r\n"), 500, REASON_DONE, "/broken", "shop",
                 SIM_SERVER_URL);
    assert_error(ask(&s, "GET /x HTTP/1.1\r\nHost: gone.test\r\n\r\n"), 502, REASON_SERVER_REFUSED, "/x", "gone",
                 "http://10.0.0.9:80");
    assert_null(ask(&s, "no request\r\n\r\n")); /* it is none */
    end(&s);
}

static void test_long_texts_are_cut(void **state)
{
    struct recent_scene s;
    struct text request = TEXT_EMPTY;
    (void)state;

    begin(&s);
    text_add(&request, SLICE("GET /"));
    for (unsigned i = 0; i < 3000; i++)
        text_add_char(&request, 'x');
    text_add(&request, SLICE(" HTTP/1.1\r\nHost: none.test\r\n\r\n"));
    const struct recent_error *error = ask(&s, request.ptr);
    assert_non_null(error);
    assert_int_equal(error->path.len, RECENT_TEXT_BYTES);
    text_fini(&request);
    end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_error_says_how_far_the_request_came),
        cmocka_unit_test(test_long_texts_are_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
