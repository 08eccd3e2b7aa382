/* SPDX-License-Identifier: MIT */
/* Trailers of requests behind filters: they reach the server, but for names that a filter sets, removes or goes by (defects B50,
 * security case F4). */
#include "sim_test.h"

#define SUM "X-Sum: 1\r\n"

enum kind { PLAIN, CUSTOM, BASIC, LISTED, FORWARD, RATE, CONN, SECURITY, COLLECTED };
static enum kind kind;

static void add_pair(struct arena *arena, struct model_pairs *pairs, const char *name, const char *value)
{
    pairs->items = ARENA_NEW(arena, struct model_pair);
    pairs->items[0] = (struct model_pair){slice_of(name), slice_of(value)};
    pairs->count = 1;
}

static void set_auth(struct arena *arena, struct model_frontend *frontend)
{
    struct model_auth *auth = frontend->auth = ARENA_NEW(arena, struct model_auth);

    if (kind == FORWARD) {
        auth->forward = ARENA_NEW(arena, struct model_auth_forward);
        auth->forward->address = SLICE("http://10.0.0.8:9000/check");
        slices_add(arena, &auth->forward->auth_response_headers, SLICE("X-User"));
        return;
    }
    auth->header_field = SLICE("X-User");
    auth->basic = ARENA_NEW(arena, struct model_auth_users);
    auth->basic->users_file = SLICE("");
    slices_add(arena, &auth->basic->users, SLICE("sue:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ="));
}

static void set_options(struct arena *arena, struct model_frontend *frontend, struct model_backend *backend)
{
    switch (kind) {
    case PLAIN:
        break;
    case CUSTOM:
        frontend->headers = ARENA_NEW(arena, struct model_headers);
        add_pair(arena, &frontend->headers->custom_request_headers, "X-User", "");
        break;
    case SECURITY:
        frontend->headers = ARENA_NEW(arena, struct model_headers);
        add_pair(arena, &frontend->headers->ssl_proxy_headers, "X-User", "https");
        break;
    case BASIC:
    case FORWARD:
        set_auth(arena, frontend);
        break;
    case LISTED:
        frontend->white_list = ARENA_NEW(arena, struct model_white_list);
        slices_add(arena, &frontend->white_list->source_range, SLICE("192.0.2.0/24"));
        break;
    case RATE:
        frontend->rate_limit = ARENA_NEW(arena, struct model_rate_limit);
        frontend->rate_limit->rates = ARENA_NEW(arena, struct model_rate);
        frontend->rate_limit->rates[0] = (struct model_rate){
            .name = SLICE("r"), .period_ns = 1000000000, .average = 100, .burst = 100};
        frontend->rate_limit->rate_count = 1;
        frontend->rate_limit->extractor_func = SLICE("request.header.X-User");
        break;
    case CONN:
        backend->max_conn = ARENA_NEW(arena, struct model_max_conn);
        *backend->max_conn = (struct model_max_conn){.amount = 9, .extractor_func = SLICE("request.header.X-User")};
        break;
    case COLLECTED:
        backend->buffering = ARENA_NEW(arena, struct model_buffering);
        break;
    }
}

static const struct sim_route route = {
    .name = "a", .rule = "Host:a.test", .servers = SIM_SERVER_URL, .set_options = set_options};

static void let_in(struct sim_conn *conn, const struct sim_message *request)
{
    (void)request;
    sim_conn_reply(conn, SLICE("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"), 0, false);
}

static bool is_told(const struct sim_server *server, const char *field)
{
    return strstr(server->last_head.ptr, field) != NULL;
}

/* What the server gets of the trailers; that they will come is told to it, if any can, and to nobody else. */
static void expect_trailers(enum kind filter, const char *sent, const char *wanted)
{
    struct sim_scene scene;
    struct sim_server auth;

    kind = filter;
    scene_begin(&scene);
    sim_server_init(&auth, scene.sim, "10.0.0.8", 9000, "auth");
    auth.answer = let_in;
    sim_world_publish(scene.world, &route, 1);
    char *text = wb_format("POST /echo HTTP/1.1\r\nHost: a.test\r\nX-Id: 1\r\nAuthorization: Basic c3VlOnNlY3JldA==\r\n"
                           "Trailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n%s\r\n",
                           sent);
    sim_client_ask(&scene.client, text);
    sim_advance(scene.sim, 10);
    assert_int_equal(sim_client_status(&scene.client, 0), 200);
    if (!slice_eq(text_slice(&scene.server.last_trailers), slice_of(wanted)))
        fail_msg("filter %d, \"%s\": the server got \"" SLICE_FMT "\"", (int)filter, sent,
                 SLICE_ARG(text_slice(&scene.server.last_trailers)));
    assert_true(slice_eq(text_slice(&scene.server.last_body), SLICE("abc")));
    assert_true(is_told(&scene.server, "Trailer: X-Sum\r\n") == (filter != COLLECTED));
    if (filter == FORWARD)
        assert_true(is_told(&auth, "X-Forwarded-Uri:") && !is_told(&auth, "Trailer:"));
    free(text);
    sim_server_fini(&auth);
    scene_end(&scene);
}

static void test_trailers_pass_filters(void **state)
{
    static const enum kind kinds[] = {PLAIN, CUSTOM, BASIC, LISTED, FORWARD, RATE, CONN, SECURITY};
    (void)state;

    for (size_t i = 0; i < WB_COUNT(kinds); i++) {
        expect_trailers(kinds[i], SUM, SUM);
        expect_trailers(kinds[i], SUM "X-More: 2\r\nAuthorization: x\r\n", SUM "X-More: 2\r\n");
        expect_trailers(kinds[i], "Authorization: x\r\n", "");
        expect_trailers(kinds[i], "", "");
    }
}

static void test_f4_no_trailer_goes_past_a_filter_under_its_name(void **state)
{
    static const enum kind kinds[] = {CUSTOM, BASIC, FORWARD, RATE, CONN, SECURITY};
    (void)state;

    for (size_t i = 0; i < WB_COUNT(kinds); i++) {
        expect_trailers(kinds[i], "X-User: root\r\n" SUM "x_user: root\r\nX.USER: root\r\n", SUM);
        expect_trailers(kinds[i], "x-user: root\r\n", "");
    }
    expect_trailers(LISTED, "X-User: ann\r\n", "X-User: ann\r\n");
}

static void test_a_body_that_is_collected_loses_them(void **state)
{
    (void)state;
    expect_trailers(COLLECTED, SUM, "");
}

/* ------- filters that say nothing, or cannot any more ------- */

static enum filter_compiled make(const struct filter_source *from, const void **out_config)
{
    (void)from;
    (void)out_config;
    return FILTER_MADE;
}

static enum filter_verdict pass(struct exchange *x, const void *config)
{
    (void)x;
    (void)config;
    return FILTER_PASS;
}

static void test_a_filter_that_does_not_say_what_it_owns_lets_none_pass(void **state)
{
    static const struct filter_ops silent = {.name = "silent", .compile = make, .request = pass};
    static const struct filter_ops *const filters[] = {&silent, NULL};
    struct sim_scene scene;
    (void)state;

    kind = PLAIN;
    scene_prepare(&scene, 0);
    scene.world->filters = filters;
    scene_start(&scene);
    sim_client_post(&scene.client, "/echo", 1, 10, true); /* with X-Late: yes */
    sim_advance(scene.sim, 10);
    assert_int_equal(sim_client_status(&scene.client, 0), 200);
    assert_int_equal(scene.server.last_trailers.len, 0);
    scene_end(&scene);
}

/* The server answers at the head: when the body ends the configuration may be gone, and the filters with it. */
static void send_late_trailers(enum kind filter, const char *wanted)
{
    struct sim_scene scene;

    kind = filter;
    scene_begin(&scene);
    scene.server.raw = true;
    sim_world_publish(scene.world, &route, 1);
    sim_client_ask(&scene.client, "POST /x HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
    sim_settle(scene.sim);
    struct sim_link *server = sim_server_conn(&scene.server)->wire;
    sim_link_send(server, SLICE("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n"));
    sim_settle(scene.sim);
    sim_world_serve(scene.world, "http://10.0.0.2:80"); /* the last lease of the old one was given back */
    sim_client_send(&scene.client, "0\r\n" SUM "\r\n");
    sim_settle(scene.sim);
    assert_true(slice_ends(text_slice(&server->got), slice_of(wanted)));
    scene_end(&scene);
}

static void test_trailers_behind_an_answer_that_has_begun(void **state)
{
    (void)state;
    send_late_trailers(PLAIN, "3\r\nabc\r\n0\r\n" SUM "\r\n");
    send_late_trailers(LISTED, "3\r\nabc\r\n0\r\n\r\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_trailers_pass_filters),
        cmocka_unit_test(test_f4_no_trailer_goes_past_a_filter_under_its_name),
        cmocka_unit_test(test_a_body_that_is_collected_loses_them),
        cmocka_unit_test(test_a_filter_that_does_not_say_what_it_owns_lets_none_pass),
        cmocka_unit_test(test_trailers_behind_an_answer_that_has_begun),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
