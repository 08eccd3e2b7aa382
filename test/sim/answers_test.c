/* SPDX-License-Identifier: MIT */
/* What comes back does not depend on how bytes were cut, how much a socket takes, or in which order things happen. */
#include "sim_test.h"

#ifdef WB_SANITIZED
enum { SEEDS = 60 };
#else
enum { SEEDS = 250 };
#endif

static void ask_everything(struct sim_client *client)
{
    sim_client_get(client, "/len/100", 1);
    sim_client_post(client, "/echo", 2, 3000, false);
    sim_client_post(client, "/echo", 3, 2500, true);
    sim_client_ask(client, "HEAD /len/50 HTTP/1.1\r\nHost: a.test\r\nX-Id: 4\r\n\r\n");
    sim_client_get(client, "/chunked/4000", 5);
    sim_client_ask(client,
                   "GET /chunked/1500/3 HTTP/1.1\r\nHost: a.test\r\nX-Id: 6\r\nTE: trailers\r\nConnection: TE\r\n\r\n");
    sim_client_get(client, "/204", 7);
    sim_client_get(client, "/304", 8);
    sim_client_get(client, "/close/900", 9);
    sim_client_get(client, "/hints/20/2", 10);
    sim_client_get(client, "/cont/20", 11);
    sim_client_get(client, "/len/0", 12);
    sim_client_ask(client, "POST /len/10 HTTP/1.1\r\nHost: nobody.test\r\nX-Id: 13\r\nContent-Length: 5\r\n\r\nhello");
    sim_client_ask(client, "GET /ping HTTP/1.1\r\nHost: a.test\r\n\r\n");
    sim_client_ask(client, "\r\nGET /len/30000 HTTP/1.1\r\nHost: a.test\r\nX-Id: 15\r\n\r\n");
    sim_client_post(client, "/len/3", 16, 0, true);
    sim_client_ask(client, "GET /chunked/30 HTTP/1.0\r\nHost: a.test\r\nX-Id: 17\r\n\r\n");
}

/* All but the dates the router made, and without the framing of chunks. */
static void add_answer(struct text *out, const struct sim_message *answer)
{
    struct slice fields = answer->fields, line;

    text_addf(out, SLICE_FMT "\n", SLICE_ARG(answer->first_line));
    while (slice_cut(&fields, '\n', &line))
        if (!slice_starts(line, SLICE("Date:")) || slice_starts(line, SLICE("Date: Thu, 01 Jan 1970")))
            text_addf(out, SLICE_FMT "\n", SLICE_ARG(line));
    text_addf(out, SLICE_FMT "|" SLICE_FMT "\n", SLICE_ARG(text_slice(&answer->body)), SLICE_ARG(answer->trailers));
}

static void run_everything(uint64_t seed, struct text *out)
{
    struct sim_scene scene;
    struct sim_message answer;

    scene_prepare(&scene, seed);
    scene.sim->vary = seed != 0;
    scene_start(&scene);
    ask_everything(&scene.client);
    sim_advance(scene.sim, 500);
    for (unsigned i = 0; i < scene.client.asked; i++) {
        if (sim_client_answer(&scene.client, i, &answer))
            add_answer(out, &answer);
        else
            text_addf(out, "no answer %u\n", i);
        sim_message_fini(&answer);
    }
    text_addf(out, "fin %d reset %d\n", scene.client.wire->got_fin, scene.client.wire->got_reset);
    for (unsigned i = 0; i < SIM_IDS_MAX; i++)
        if (scene.server.executed[i])
            text_addf(out, "%u executed %u\n", i, scene.server.executed[i]);
    scene_end(&scene);
}

static void test_answers_do_not_depend_on_cuts_and_write_sizes(void **state)
{
    struct text reference = TEXT_EMPTY;
    (void)state;

    run_everything(0, &reference);
    assert_null(strstr(reference.ptr, "no answer"));
    assert_non_null(strstr(reference.ptr, "X-Sum: 7"));
    assert_non_null(strstr(reference.ptr, "404 page not found"));
    assert_non_null(strstr(reference.ptr, "fin 1 reset 0"));
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct text now = TEXT_EMPTY;
        run_everything(seed, &now);
        if (!slice_eq(text_slice(&now), text_slice(&reference)))
            fail_msg("seed %d differs:\n%s\n-- expected\n%s", (int)seed, now.ptr, reference.ptr);
        text_fini(&now);
    }
    text_fini(&reference);
}

static void test_answers_carry_their_own_body(void **state)
{
    struct sim_scene scene;
    struct sim_message answer;
    (void)state;

    scene_begin(&scene);
    ask_everything(&scene.client);
    sim_advance(scene.sim, 500);
    static const struct {
        unsigned index, status;
        size_t bytes;
    } expected[] = {{0, 200, 100}, {1, 200, 3000}, {2, 200, 2500}, {4, 200, 4000},   {5, 200, 1500}, {8, 200, 900},
                    {9, 200, 20},  {10, 200, 20},  {11, 200, 0},   {14, 200, 30000}, {15, 200, 3},   {16, 200, 30}};
    for (size_t i = 0; i < WB_COUNT(expected); i++) {
        assert_true(sim_client_answer(&scene.client, expected[i].index, &answer));
        assert_int_equal(sim_message_status(&answer), expected[i].status);
        assert_true(sim_body_is(text_slice(&answer.body), expected[i].index + 1, expected[i].bytes));
        sim_message_fini(&answer);
    }
    assert_int_equal(sim_client_status(&scene.client, 3), 200);
    assert_int_equal(sim_client_status(&scene.client, 6), 204);
    assert_int_equal(sim_client_status(&scene.client, 7), 304);
    assert_int_equal(sim_client_status(&scene.client, 12), 404);
    scene_end(&scene);
}

static void test_trailers_reach_the_server_and_every_client_whose_framing_has_a_place(void **state)
{
    struct sim_scene scene;
    struct sim_message answer;
    (void)state;

    scene_begin(&scene);
    sim_client_post(&scene.client, "/echo", 1, 100, true);
    sim_client_get(&scene.client, "/chunked/10", 2);
    sim_client_ask(&scene.client, "GET /chunked/10 HTTP/1.1\r\nHost: a.test\r\nX-Id: 3\r\nTE: trailers\r\n\r\n");
    sim_client_ask(&scene.client, "GET /chunked/10 HTTP/1.0\r\nHost: a.test\r\nX-Id: 4\r\nTE: trailers\r\n\r\n");
    sim_settle(scene.sim);
    assert_true(sim_client_answer(&scene.client, 0, &answer));
    sim_message_fini(&answer);
    assert_true(sim_client_answer(&scene.client, 1, &answer));
    assert_true(slice_eq(answer.trailers, SLICE("X-Sum: 7\r\n")));
    sim_message_fini(&answer);
    assert_true(sim_client_answer(&scene.client, 2, &answer));
    assert_true(slice_eq(answer.trailers, SLICE("X-Sum: 7\r\n")));
    sim_message_fini(&answer);
    assert_true(sim_client_answer(&scene.client, 3, &answer));
    assert_true(answer.until_close && answer.trailers.len == 0);
    sim_message_fini(&answer);
    scene_end(&scene);

    scene_begin(&scene);
    sim_client_post(&scene.client, "/echo", 1, 100, true);
    sim_settle(scene.sim);
    assert_true(slice_eq(text_slice(&scene.server.last_trailers), SLICE("X-Late: yes\r\n")));
    scene_end(&scene);
}

static void test_the_body_is_sent_only_after_100_continue(void **state)
{
    struct sim_scene scene;
    (void)state;

    scene_begin(&scene);
    sim_client_ask(&scene.client,
                   "POST /echo HTTP/1.1\r\nHost: a.test\r\nX-Id: 1\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
    sim_advance(scene.sim, 999);
    assert_int_equal(scene.client.wire->got_bytes, 0);
    assert_int_equal(scene.server.executed[1], 1); /* the head went ahead */
    assert_non_null(strstr(scene.server.last_head.ptr, "Expect: 100-continue\r\n"));
    sim_advance(scene.sim, 1); /* the server says nothing for a second: the client may send */
    assert_string_equal(scene.client.wire->got.ptr, "HTTP/1.1 100 Continue\r\n\r\n");
    sim_client_send(&scene.client, "hello");
    sim_advance(scene.sim, 100);
    assert_int_equal(sim_client_status(&scene.client, 0), 200);
    assert_int_equal(sim_client_interims(&scene.client), 1);
    assert_true(slice_eq(text_slice(&scene.server.last_body), SLICE("hello")));
    scene_end(&scene);
}

static void answer_100_at_the_head(struct sim_conn *conn, const struct sim_message *request)
{
    if (!request->complete)
        sim_link_send(conn->wire, SLICE("HTTP/1.1 100 Continue\r\n\r\n"));
}

static void test_a_100_of_the_server_reaches_a_waiting_client_at_once(void **state)
{
    struct sim_scene scene;
    (void)state;

    scene_begin(&scene);
    scene.server.at_head = true;
    scene.server.answer = answer_100_at_the_head;
    sim_client_ask(&scene.client,
                   "POST /len/1 HTTP/1.1\r\nHost: a.test\r\nX-Id: 1\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
    sim_settle(scene.sim);
    assert_int_equal(sim_client_interims(&scene.client), 1);
    scene_end(&scene);
}

static void refuse_at_the_head(struct sim_conn *conn, const struct sim_message *request)
{
    (void)request;
    sim_conn_reply(conn, SLICE("HTTP/1.1 417 No\r\nContent-Length: 2\r\n\r\nno"), 0, false);
}

static void test_a_refusal_instead_of_100_ends_the_connection(void **state)
{
    struct sim_scene scene;
    (void)state;

    scene_begin(&scene);
    scene.server.at_head = true;
    scene.server.answer = refuse_at_the_head;
    sim_client_ask(&scene.client,
                   "POST /len/1 HTTP/1.1\r\nHost: a.test\r\nX-Id: 1\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
    sim_advance(scene.sim, 5000);
    assert_int_equal(sim_client_status(&scene.client, 0), 417);
    assert_int_equal(sim_client_interims(&scene.client), 0);
    assert_true(scene.client.wire->got_fin); /* whether the body comes now cannot be known */
    assert_null(scene.client.wire->end);
    assert_int_equal(upstream_idle_count(scene.world->env.upstream), 0); /* nor can the server's be used again */
    scene_end(&scene);
}

/* The body went after the head at once: who refuses at the head without a 100 may take it for the next request, whose answer would
 * be somebody else's. */
static void test_a_server_that_never_said_100_is_not_asked_again(void **state)
{
    static const char *const paths[] = {"/len/1", "/cont"};
    (void)state;

    for (size_t i = 0; i < WB_COUNT(paths); i++) {
        struct sim_scene scene;
        bool says_100 = i == 1;
        scene_begin(&scene);
        scene.server.at_head = !says_100;
        if (!says_100)
            scene.server.answer = refuse_at_the_head;
        char *text = wb_format("POST %s HTTP/1.1\r\nHost: a.test\r\nX-Id: 1\r\nExpect: 100-continue\r\n"
                               "Content-Length: 5\r\n\r\nhello",
                               paths[i]);
        sim_client_ask(&scene.client, text);
        free(text);
        sim_advance(scene.sim, 100);
        assert_int_equal(sim_client_status(&scene.client, 0), says_100 ? 200 : 417);
        assert_int_equal(upstream_idle_count(scene.world->env.upstream), says_100);
        scene_end(&scene);
    }
}

static void test_an_early_answer_leaves_the_connection_usable(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 200; seed++) {
        struct sim_scene scene;
        scene_prepare(&scene, seed);
        scene.sim->vary = seed != 0;
        scene_start(&scene);
        sim_client_post(&scene.client, "/early/500", 1, 40000, seed & 1);
        sim_client_get(&scene.client, "/len/20", 2);
        sim_advance(scene.sim, 100);
        assert_int_equal(sim_client_status(&scene.client, 0), 200);
        assert_int_equal(sim_client_status(&scene.client, 1), 200);
        scene_end(&scene);
    }
}

static void test_an_upgrade_passes_bytes_only_after_101(void **state)
{
    struct sim_scene scene;
    (void)state;

    for (uint64_t seed = 0; seed < 100; seed++) {
        scene_prepare(&scene, seed);
        scene.sim->vary = seed != 0;
        scene_start(&scene);
        sim_client_ask(&scene.client,
                       "GET /up/0/50 HTTP/1.1\r\nHost: a.test\r\nX-Id: 1\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n");
        sim_client_send(&scene.client, "GET /len/1 HTTP/1.1\r\nHost: a.test\r\nX-Id: 2\r\n\r\n");
        sim_advance(scene.sim, 49);
        assert_null(strstr(sim_server_conn(&scene.server)->wire->got.ptr, "X-Id: 2"));
        sim_advance(scene.sim, 10);
        assert_int_equal(sim_client_status(&scene.client, 0), 101);
        assert_true(slice_eq(sim_client_rest(&scene.client, 1),
                             SLICE("helloGET /len/1 HTTP/1.1\r\nHost: a.test\r\nX-Id: 2\r\n\r\n")));
        assert_true(scene.world->env.lease->users == 1); /* an open tunnel holds no snapshot */
        sim_link_shut(scene.client.wire);
        sim_settle(scene.sim);
        assert_true(scene.client.wire->got_fin);
        assert_int_equal(entry_count(scene.world->entry), 0);
        scene_end(&scene);
    }
}

/* What speaks HTTP behind the switch would go past every rule and filter: whoever asks for it is served without (defects B9). */
static void test_no_switch_leads_to_more_http(void **state)
{
    static const char *const asked[] = {
        "h2c", "H2C", "foo, h2c", "foo,h2c-16", "foo/1 , H2c", "TLS/1.0, HTTP/1.1", "foo, tls/1.2", "foo, HTTP/2.0"};
    struct sim_scene scene;
    (void)state;

    scene_begin(&scene);
    for (unsigned i = 0; i < WB_COUNT(asked); i++) {
        char *text = wb_format("GET /len/5 HTTP/1.1\r\nHost: a.test\r\nConnection: Upgrade\r\nUpgrade: %s\r\n"
                               "HTTP2-Settings: AAMAAABk\r\n\r\n",
                               asked[i]);
        sim_client_ask(&scene.client, text);
        free(text);
        sim_settle(scene.sim);
        assert_int_equal(sim_client_status(&scene.client, i), 200);
        if (strstr(scene.server.last_head.ptr, "\r\nUpgrade:") || strstr(scene.server.last_head.ptr, "\r\nConnection:"))
            fail_msg("%s was passed on", asked[i]);
    }
    scene_end(&scene);
}

static void test_a_refused_upgrade_keeps_requests_apart(void **state)
{
    struct sim_scene scene;
    (void)state;

    scene_begin(&scene);
    sim_client_ask(&scene.client,
                   "GET /len/5 HTTP/1.1\r\nHost: a.test\r\nX-Id: 1\r\nConnection: Upgrade\r\nUpgrade: foo\r\n\r\n");
    sim_client_get(&scene.client, "/len/6", 2);
    sim_settle(scene.sim);
    assert_int_equal(sim_client_status(&scene.client, 0), 200);
    assert_int_equal(sim_client_status(&scene.client, 1), 200);
    assert_int_equal(scene.server.executed[2], 1);
    scene_end(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers_carry_their_own_body),
        cmocka_unit_test(test_answers_do_not_depend_on_cuts_and_write_sizes),
        cmocka_unit_test(test_trailers_reach_the_server_and_every_client_whose_framing_has_a_place),
        cmocka_unit_test(test_the_body_is_sent_only_after_100_continue),
        cmocka_unit_test(test_a_100_of_the_server_reaches_a_waiting_client_at_once),
        cmocka_unit_test(test_a_refusal_instead_of_100_ends_the_connection),
        cmocka_unit_test(test_a_server_that_never_said_100_is_not_asked_again),
        cmocka_unit_test(test_an_early_answer_leaves_the_connection_usable),
        cmocka_unit_test(test_an_upgrade_passes_bytes_only_after_101),
        cmocka_unit_test(test_no_switch_leads_to_more_http),
        cmocka_unit_test(test_a_refused_upgrade_keeps_requests_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
