/* SPDX-License-Identifier: MIT */
/* Error pages: whose content, under which status, and what the page's backend is told (spec/proxy.md 14, F9, B6, B7). */
#include "sim_test.h"

#define PAGES_URL "http://10.0.0.9:80"

struct error_scene {
    struct sim_scene plain;
    struct sim_server pages;
};

static void use_pages(struct arena *arena, struct model_frontend *frontend, struct model_backend *backend)
{
    (void)backend;
    frontend->errors = ARENA_ARRAY(arena, struct model_error_page, 2);
    frontend->error_count = 2;
    frontend->errors[0] = (struct model_error_page){
        .name = SLICE("most"), .backend = SLICE("pages"), .query = SLICE("e?code={status}&again={status}")};
    slices_add(arena, &frontend->errors[0].status, SLICE("403"));
    slices_add(arena, &frontend->errors[0].status, SLICE("500-599"));
    frontend->errors[1] = (struct model_error_page){
        .name = SLICE("odd"), .backend = SLICE("nowhere"), .query = SLICE("/none")};
    slices_add(arena, &frontend->errors[1].status, SLICE("404"));
}

static const struct sim_route routes[] = {
    {.name = "a", .rule = "Host:a.test", .servers = SIM_SERVER_URL, .set_options = use_pages},
    {.name = "l", .rule = "Host:l.test", .servers = SIM_SERVER_URL, .white_list = "10.0.0.0/8", .set_options = use_pages},
    {.name = "n", .rule = "Host:n.test", .servers = "http://10.0.0.3:80", .set_options = use_pages},
    {.name = "pages", .rule = "Host:pages.test", .servers = PAGES_URL},
};

static void say(struct sim_conn *conn, const struct sim_message *request)
{
    (void)request;
    sim_conn_reply(conn, slice_of(conn->server->arg), 0, false);
}

static const char broken[] = "HTTP/1.1 503 Out To Lunch\r\nX-From: server\r\nContent-Length: 4\r\n\r\nlate";
static const char sorry[] = "HTTP/1.1 200 OK\r\nX-From: page\r\nContent-Type: text/html\r\nContent-Length: 5\r\n\r\nsorry";

static void begin(struct error_scene *scene, const char *answer, const char *page)
{
    scene_begin(&scene->plain);
    sim_world_publish(scene->plain.world, routes, WB_COUNT(routes));
    sim_server_init(&scene->pages, scene->plain.sim, "10.0.0.9", 80, "pages");
    scene->plain.server.answer = scene->pages.answer = say;
    scene->plain.server.arg = (void *)(uintptr_t)answer;
    scene->pages.arg = (void *)(uintptr_t)page;
}

static void end(struct error_scene *scene)
{
    sim_server_fini(&scene->pages);
    scene_end(&scene->plain);
}

static void ask(struct error_scene *scene, const char *request, unsigned index, unsigned status, const char *body)
{
    struct sim_message answer;

    sim_client_ask(&scene->plain.client, request);
    sim_advance(scene->plain.sim, 100);
    if (!sim_client_answer(&scene->plain.client, index, &answer))
        fail_msg("no answer to %s", request);
    assert_int_equal(sim_message_status(&answer), status);
    if (!slice_eq(text_slice(&answer.body), slice_of(body)))
        fail_msg("got `" SLICE_FMT "`, not `%s`", SLICE_ARG(text_slice(&answer.body)), body);
    sim_message_fini(&answer);
}

#define GET(host) "GET /x HTTP/1.1\r\nHost: " host "\r\n\r\n"

static bool page_saw(const struct error_scene *scene, const char *part)
{
    char *head = slice_dup(text_slice(&scene->pages.last_head));
    bool there = strstr(head, part) != NULL;
    free(head);
    return there;
}

static void test_the_page_comes_under_the_status_of_the_error(void **state)
{
    struct error_scene scene;
    struct sim_message answer;
    (void)state;

    begin(&scene, broken, sorry);
    ask(&scene, GET("a.test"), 0, 503, "sorry");
    sim_client_answer(&scene.plain.client, 0, &answer);
    assert_true(slice_eq(answer.first_line, SLICE("HTTP/1.1 503 Service Unavailable")));
    assert_true(slice_eq(sim_message_field(&answer, "X-From"), SLICE("page")));
    assert_true(slice_eq(sim_message_field(&answer, "Content-Type"), SLICE("text/html")));
    sim_message_fini(&answer);
    assert_true(page_saw(&scene, "GET /e?code=503&again=503 HTTP/1.1"));
    scene.plain.server.arg = (void *)(uintptr_t) "HTTP/1.1 404 Not Found\r\nContent-Length: 1\r\n\r\nn";
    ask(&scene, GET("a.test"), 1, 404, "n"); /* its page's backend is not there */
    assert_int_equal(scene.pages.request_count, 1);
    scene.plain.server.arg = (void *)(uintptr_t)broken;
    for (unsigned i = 2; i < 6; i++)
        ask(&scene, GET("a.test"), i, 503, "sorry");
    assert_int_equal(scene.plain.server.conn_count, 1); /* the dropped answers had come whole */
    assert_int_equal(scene.pages.conn_count, 1);
    assert_int_equal(sim_world_ended(scene.plain.world, REASON_DONE), 6);
    end(&scene);
}

static void test_f9_the_page_is_asked_for_without_credentials_and_without_a_body(void **state)
{
    struct error_scene scene;
    (void)state;

    begin(&scene, broken, sorry);
    ask(&scene,
        "POST /x?y HTTP/1.1\r\nHost: a.test\r\nAuthorization: Basic eA==\r\nCookie: a=b\r\nContent-Type: text/plain\r\n"
        "If-None-Match: \"x\"\r\nRange: bytes=0-1\r\nX-Other: kept\r\nContent-Length: 3\r\n\r\nabc",
        0, 503, "sorry");
    assert_true(page_saw(&scene, "GET /e?code=503"));
    assert_true(page_saw(&scene, "\r\nHost: a.test\r\n"));
    assert_true(page_saw(&scene, "\r\nX-Forwarded-Host: a.test\r\n"));
    assert_true(page_saw(&scene, "\r\nX-Forwarded-For: 192.0.2.1\r\n"));
    assert_true(page_saw(&scene, "\r\nX-Other: kept\r\n"));
    static const char *const kept_back[] = {"Authorization", "Cookie", "Content-", "If-None", "Range:", "Transfer"};
    for (size_t i = 0; i < WB_COUNT(kept_back); i++)
        if (page_saw(&scene, kept_back[i]))
            fail_msg("%s was sent along", kept_back[i]);
    end(&scene);
}

static void test_errors_made_here_get_their_page_too(void **state)
{
    struct error_scene scene;
    (void)state;

    begin(&scene, broken, sorry);
    ask(&scene, GET("l.test"), 0, 403, "sorry");
    assert_true(page_saw(&scene, "GET /e?code=403"));
    assert_int_equal(scene.plain.server.request_count, 0);
    ask(&scene, GET("n.test"), 1, 502, "sorry");
    assert_true(page_saw(&scene, "GET /e?code=502"));
    /* Why it failed is still told. */
    assert_int_equal(sim_world_ended(scene.plain.world, REASON_FORBIDDEN), 1);
    assert_int_equal(sim_world_ended(scene.plain.world, REASON_SERVER_REFUSED), 1);
    end(&scene);
}

static void test_a_page_that_cannot_be_had_is_the_status_in_words(void **state)
{
    struct error_scene scene;
    (void)state;

    begin(&scene, broken, sorry);
    scene.pages.listener.dial = SIM_REFUSE;
    ask(&scene, GET("a.test"), 0, 503, "Service Unavailable");
    scene.pages.listener.dial = SIM_ACCEPT;
    scene.pages.arg = (void *)(uintptr_t) "garbage\r\n\r\n";
    ask(&scene, GET("l.test"), 1, 403, "Forbidden");
    /* An error of the page itself is its content. */
    scene.pages.arg = (void *)(uintptr_t) "HTTP/1.1 500 Oh\r\nContent-Length: 2\r\n\r\noh";
    ask(&scene, GET("a.test"), 2, 503, "oh");
    end(&scene);
}

static void test_head_and_pages_without_a_body_keep_the_framing(void **state)
{
    static const char *const bodiless[] = {"HTTP/1.1 204 No Content\r\n\r\n",
                                           "HTTP/1.1 304 Not Modified\r\nContent-Length: 77\r\n\r\n",
                                           "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"};
    struct error_scene scene;
    struct sim_message answer;
    (void)state;

    begin(&scene, "HTTP/1.1 503 X\r\nContent-Length: 4\r\n\r\n", sorry);
    ask(&scene, "HEAD /x HTTP/1.1\r\nHost: a.test\r\n\r\n", 0, 503, "");
    assert_true(page_saw(&scene, "GET /e?code=503"));
    scene.plain.server.arg = (void *)(uintptr_t)broken;
    for (size_t i = 0; i < WB_COUNT(bodiless); i++) {
        scene.pages.arg = (void *)(uintptr_t)bodiless[i];
        ask(&scene, GET("a.test"), (unsigned)i + 1, 503, "");
        sim_client_answer(&scene.plain.client, (unsigned)i + 1, &answer);
        assert_true(slice_eq(sim_message_field(&answer, "Content-Length"), SLICE("0")));
        sim_message_fini(&answer);
    }
    scene.pages.arg = (void *)(uintptr_t) "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nsorry\r\n0\r\n\r\n";
    ask(&scene, GET("a.test"), 4, 503, "sorry");
    ask(&scene, GET("pages.test"), 5, 200, "sorry"); /* the client's connection is in step */
    end(&scene);
}

static void test_an_error_before_the_body_has_come_and_a_large_one(void **state)
{
    struct error_scene scene;
    struct text large = TEXT_EMPTY;
    (void)state;

    begin(&scene, broken, sorry);
    scene.plain.server.at_head = true;
    sim_client_ask(&scene.plain.client, "POST /x HTTP/1.1\r\nHost: a.test\r\nContent-Length: 100\r\n\r\nsome");
    sim_advance(scene.plain.sim, 100);
    assert_int_equal(sim_client_status(&scene.plain.client, 0), 503);
    char *head = slice_dup(text_slice(&scene.pages.last_head));
    assert_null(strstr(head, "Content-Length"));
    free(head);
    end(&scene);

    begin(&scene, broken, sorry);
    text_add(&large, SLICE("HTTP/1.1 500 Large\r\nContent-Length: 9000000\r\n\r\n"));
    sim_body_add(&large, 1, 300000);
    text_add_char(&large, '\0');
    scene.plain.server.arg = large.ptr;
    ask(&scene, GET("a.test"), 0, 500, "sorry");
    assert_true(sim_link_is_over(sim_server_conn(&scene.plain.server)->wire)); /* not read to its end */
    text_fini(&large);
    end(&scene);
}

static void test_the_pages_backend_may_change_while_it_is_used(void **state)
{
    struct sim_route only_page[] = {
        {.name = "a", .rule = "Host:a.test", .servers = SIM_SERVER_URL, .set_options = use_pages}, routes[3]};
    struct error_scene scene;
    (void)state;

    begin(&scene, broken, sorry);
    ask(&scene, GET("a.test"), 0, 503, "sorry");
    only_page[1].servers = SIM_SERVER_URL;
    sim_world_publish(scene.plain.world, only_page, 2);
    ask(&scene, GET("a.test"), 1, 503, "late"); /* the other server is asked, which says the same */
    sim_world_publish(scene.plain.world, only_page, 1);
    ask(&scene, GET("a.test"), 2, 503, "late"); /* no backend of that name: no page */
    assert_int_equal(scene.pages.request_count, 1);
    assert_int_equal(scene.plain.server.request_count, 4);
    end(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_page_comes_under_the_status_of_the_error),
        cmocka_unit_test(test_f9_the_page_is_asked_for_without_credentials_and_without_a_body),
        cmocka_unit_test(test_errors_made_here_get_their_page_too),
        cmocka_unit_test(test_a_page_that_cannot_be_had_is_the_status_in_words),
        cmocka_unit_test(test_head_and_pages_without_a_body_keep_the_framing),
        cmocka_unit_test(test_an_error_before_the_body_has_come_and_a_large_one),
        cmocka_unit_test(test_the_pages_backend_may_change_while_it_is_used),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
