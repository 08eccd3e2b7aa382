/* SPDX-License-Identifier: MIT */
/* Custom and security headers on their whole way (spec/proxy.md 19). */
#include "sim_test.h"

static struct model_headers options; /* of the one route */
static struct sim_route route = {.name = "a", .rule = "Host:a.test", .servers = SIM_SERVER_URL};

static void set_options(struct arena *arena, struct model_frontend *frontend, struct model_backend *backend)
{
    (void)backend;
    frontend->headers = ARENA_NEW(arena, struct model_headers);
    *frontend->headers = options;
}

static void begin(struct sim_scene *scene, bool trusted)
{
    scene_prepare(scene, 0);
    scene->world->outer.forwarded_insecure = trusted;
    scene_start(scene);
    route.set_options = set_options;
    sim_world_publish(scene->world, &route, 1);
}

static void ask(struct sim_scene *scene, const char *request, unsigned index, struct sim_message *out_answer)
{
    sim_client_ask(&scene->client, request);
    sim_advance(scene->sim, 100);
    assert_true(sim_client_answer(&scene->client, index, out_answer));
}

#define ASSERT_FIELD(message, name, value)                                               \
    do {                                                                                 \
        struct slice found_ = sim_message_field(message, name);                          \
        if (!slice_eq(found_, SLICE(value)))                                             \
            fail_msg("%s is `" SLICE_FMT "`, not `%s`", name, SLICE_ARG(found_), value); \
    } while (0)

static const char *server_saw(const struct sim_scene *scene)
{
    static char text[4096];
    snprintf(text, sizeof text, SLICE_FMT, SLICE_ARG(text_slice(&scene->server.last_head)));
    return text;
}

#define PAIRS(...)                                                                                       \
    {                                                                                                    \
        .items = (struct model_pair[]){__VA_ARGS__},                                                     \
        .count = sizeof((struct model_pair[]){__VA_ARGS__}) / sizeof(struct model_pair), .present = true \
    }
#define PAIR(name, value)            \
    {                                \
        {name, sizeof(name) - 1},    \
        {                            \
            value, sizeof(value) - 1 \
        }                            \
    }

static void test_fields_are_set_replaced_and_removed_both_ways(void **state)
{
    static struct model_pair request[] = {PAIR("X-Set", "ours"), PAIR("X-Replaced", "ours"), PAIR("X-Removed", ""),
                                          PAIR("X-Forwarded-Proto", "https")};
    static struct model_pair response[] = {PAIR("X-Server", "router"), PAIR("X-Id", ""), PAIR("Date", "today")};
    struct sim_scene scene;
    struct sim_message answer;
    (void)state;

    options = (struct model_headers){.custom_request_headers = {request, WB_COUNT(request), true},
                                     .custom_response_headers = {response, WB_COUNT(response), true}};
    begin(&scene, false);
    ask(&scene,
        "GET /len/5 HTTP/1.1\r\nHost: a.test\r\nX-Id: 1\r\nX_Replaced: theirs\r\nx-replaced: theirs\r\nX-Removed: "
        "theirs\r\nX_REMOVED: theirs\r\n\r\n",
        0, &answer);
    assert_non_null(strstr(server_saw(&scene), "\r\nX-Set: ours\r\n"));
    assert_non_null(strstr(server_saw(&scene), "\r\nX-Replaced: ours\r\n"));
    assert_non_null(strstr(server_saw(&scene), "\r\nX-Forwarded-Proto: https\r\n"));
    assert_null(strstr(server_saw(&scene), "theirs"));
    ASSERT_FIELD(&answer, "X-Server", "router");
    assert_int_equal(sim_message_field_count(&answer, "X-Id"), 0);
    assert_int_equal(sim_message_field_count(&answer, "Date"), 1);
    ASSERT_FIELD(&answer, "Date", "today");
    assert_true(sim_body_is(text_slice(&answer.body), 1, 5));
    sim_message_fini(&answer);
    scene_end(&scene);
}

static void test_what_frames_a_message_is_not_to_be_had(void **state)
{
    static struct model_pair pairs[] = {PAIR("Content-Length", "99"),
                                        PAIR("Transfer-Encoding", "chunked"),
                                        PAIR("content_length", "99"),
                                        PAIR("Connection", "close"),
                                        PAIR("Upgrade", "x"),
                                        PAIR("Host", "evil.test"),
                                        PAIR("X", "a\r\nSet-Cookie: b"),
                                        PAIR("X Y", "a"),
                                        PAIR("X-Kept", "kept")};
    struct sim_scene scene;
    struct sim_message answer;
    (void)state;

    options = (struct model_headers){.custom_request_headers = {pairs, WB_COUNT(pairs), true},
                                     .custom_response_headers = {pairs, WB_COUNT(pairs), true}};
    begin(&scene, false);
    ask(&scene, "POST /echo HTTP/1.1\r\nHost: a.test\r\nContent-Length: 3\r\n\r\nabc", 0, &answer);
    assert_true(slice_eq(text_slice(&answer.body), SLICE("abc")));
    ASSERT_FIELD(&answer, "X-Kept", "kept");
    assert_int_equal(sim_message_field_count(&answer, "Content-Length"), 1);
    assert_int_equal(sim_message_field_count(&answer, "Transfer-Encoding") + sim_message_field_count(&answer, "Connection") +
                         sim_message_field_count(&answer, "Set-Cookie") + sim_message_field_count(&answer, "X"),
                     0);
    assert_non_null(strstr(server_saw(&scene), "\r\nHost: a.test\r\n"));
    assert_non_null(strstr(server_saw(&scene), "\r\nContent-Length: 3\r\n"));
    assert_null(strstr(server_saw(&scene), "99"));
    assert_null(strstr(server_saw(&scene), "evil"));
    sim_message_fini(&answer);
    scene_end(&scene);
}

static struct model_pair marks[] = {PAIR("X-Mark", "m"), PAIR("X-Frame-Options", "custom")};

static void test_only_what_comes_from_the_forwarder_is_marked(void **state)
{
    struct sim_scene scene;
    struct sim_message answer;
    (void)state;

    options = (struct model_headers){.custom_response_headers = {marks, WB_COUNT(marks), true},
                                     .frame_deny = true,
                                     .content_type_nosniff = true,
                                     .ssl_redirect = true,
                                     .ssl_proxy_headers = PAIRS(PAIR("X-Forwarded-Proto", "https"))};
    begin(&scene, true);
    /* Redirected here: neither kind. */
    ask(&scene, "GET /len/5?x=1 HTTP/1.1\r\nHost: a.test\r\n\r\n", 0, &answer);
    assert_int_equal(sim_message_status(&answer), 301);
    ASSERT_FIELD(&answer, "Location", "https://a.test/len/5?x=1");
    assert_int_equal(sim_message_field_count(&answer, "X-Mark") + sim_message_field_count(&answer, "X-Frame-Options"), 0);
    assert_true(
        slice_eq(text_slice(&answer.body), SLICE("<a href=\"https://a.test/len/5?x=1\">Moved Permanently</a>.\n\n")));
    sim_message_fini(&answer);
    assert_int_equal(scene.server.request_count, 0);
    /* The server's: both, the custom one last. */
    ask(&scene, "GET /len/5 HTTP/1.1\r\nHost: a.test\r\nX-Forwarded-Proto: https\r\n\r\n", 1, &answer);
    ASSERT_FIELD(&answer, "X-Mark", "m");
    ASSERT_FIELD(&answer, "X-Frame-Options", "custom");
    ASSERT_FIELD(&answer, "X-Content-Type-Options", "nosniff");
    assert_int_equal(sim_message_field_count(&answer, "X-Frame-Options"), 1);
    sim_message_fini(&answer);
    /* Its own 502 counts as the server's. */
    scene.server.listener.dial = SIM_REFUSE;
    sim_link_close(sim_server_conn(&scene.server)->wire);
    sim_advance(scene.sim, 10);
    ask(&scene, "GET /len/5 HTTP/1.1\r\nHost: a.test\r\nX-Forwarded-Proto: https\r\n\r\n", 2, &answer);
    assert_int_equal(sim_message_status(&answer), 502);
    ASSERT_FIELD(&answer, "X-Mark", "m");
    ASSERT_FIELD(&answer, "X-Content-Type-Options", "nosniff");
    sim_message_fini(&answer);
    scene_end(&scene);
}

static void test_an_answer_of_another_filter_is_not_marked(void **state)
{
    struct sim_route closed = {.name = "a", .rule = "Host:a.test", .set_options = set_options};
    struct sim_scene scene;
    struct sim_message answer;
    (void)state;

    options = (struct model_headers){.custom_response_headers = {marks, WB_COUNT(marks), true}, .frame_deny = true};
    begin(&scene, false);
    sim_world_publish(scene.world, &closed, 1);
    ask(&scene, "GET / HTTP/1.1\r\nHost: a.test\r\n\r\n", 0, &answer);
    assert_int_equal(sim_message_status(&answer), 503);
    assert_int_equal(sim_message_field_count(&answer, "X-Mark") + sim_message_field_count(&answer, "X-Frame-Options"), 0);
    sim_message_fini(&answer);
    scene_end(&scene);
}

static void test_a_switch_of_protocols_is_marked_too(void **state)
{
    struct sim_scene scene;
    (void)state;

    options = (struct model_headers){.custom_response_headers = {marks, WB_COUNT(marks), true}};
    begin(&scene, false);
    sim_client_ask(&scene.client, "GET /up HTTP/1.1\r\nHost: a.test\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n");
    sim_advance(scene.sim, 100);
    struct slice got = text_slice(&scene.client.wire->got);
    assert_true(slice_starts(got, SLICE("HTTP/1.1 101 ")));
    assert_true(slice_ends(got, SLICE("\r\n\r\nhello")));
    char *text = slice_dup(got);
    assert_non_null(strstr(text, "\r\nX-Mark: m\r\n"));
    free(text);
    scene_end(&scene);
}

static void set_reply(struct sim_conn *conn, const struct sim_message *request)
{
    (void)request;
    sim_conn_reply(conn, slice_of(conn->server->arg), 0, false);
}

static void test_strict_transport_and_location_only_over_https(void **state)
{
    struct sim_scene scene;
    struct sim_message answer;
    (void)state;

    options = (struct model_headers){.sts_seconds = 60,
                                     .sts_include_subdomains = true,
                                     .sts_preload = true,
                                     .public_key = SLICE("pin"),
                                     .ssl_proxy_headers = PAIRS(PAIR("X-Forwarded-Proto", "https"))};
    begin(&scene, true);
    scene.server.answer = set_reply;
    scene.server.arg = (void *)(uintptr_t) "HTTP/1.1 302 Found\r\nLocation: http://a.test/?u=http:\r\n"
                                           "Strict-Transport-Security: a\r\nContent-Length: 0\r\n\r\n";
    ask(&scene, "GET / HTTP/1.1\r\nHost: a.test\r\n\r\n", 0, &answer);
    ASSERT_FIELD(&answer, "Location", "http://a.test/?u=http:");
    ASSERT_FIELD(&answer, "Strict-Transport-Security", "a");
    assert_int_equal(sim_message_field_count(&answer, "Public-Key-Pins"), 0);
    sim_message_fini(&answer);
    ask(&scene, "GET / HTTP/1.1\r\nHost: a.test\r\nX-Forwarded-Proto: https\r\n\r\n", 1, &answer);
    ASSERT_FIELD(&answer, "Location", "https://a.test/?u=http:");
    ASSERT_FIELD(&answer, "Strict-Transport-Security", "max-age=60; includeSubDomains; preload");
    assert_int_equal(sim_message_field_count(&answer, "Strict-Transport-Security"), 1);
    ASSERT_FIELD(&answer, "Public-Key-Pins", "pin");
    sim_message_fini(&answer);
    scene_end(&scene);
}

static void test_nobody_untrusted_says_that_he_came_by_https_or_for_another_host(void **state)
{
    static struct slice allowed[] = {{"a.test", 6}, {"B.test:8443", 11}}, proxies[] = {{"X-Front-Host", 12}};
    struct sim_scene scene;
    struct sim_message answer;
    (void)state;

    options = (struct model_headers){.allowed_hosts = {allowed, 2},
                                     .hosts_proxy_headers = {proxies, 1},
                                     .ssl_redirect = true,
                                     .ssl_temporary_redirect = true,
                                     .ssl_host = SLICE("secure.test"),
                                     .ssl_proxy_headers = PAIRS(PAIR("X-Forwarded-Proto", "https"))};
    route.rule = "PathPrefix:/";
    begin(&scene, false);
    ask(&scene, "GET /x HTTP/1.1\r\nHost: a.test\r\nX-Forwarded-Proto: https\r\n\r\n", 0, &answer);
    assert_int_equal(sim_message_status(&answer), 307);
    ASSERT_FIELD(&answer, "Location", "https://secure.test/x");
    sim_message_fini(&answer);
    ask(&scene, "GET /x HTTP/1.1\r\nHost: evil.test\r\nX-Front-Host: a.test\r\n\r\n", 1, &answer);
    assert_int_equal(sim_message_status(&answer), 403);
    assert_true(slice_eq(text_slice(&answer.body), SLICE("Bad Host\n")));
    sim_message_fini(&answer);
    ask(&scene, "GET /x HTTP/1.1\r\nHost: b.TEST:8443\r\n\r\n", 2, &answer);
    assert_int_equal(sim_message_status(&answer), 307); /* the host is allowed */
    sim_message_fini(&answer);
    scene_end(&scene);
    begin(&scene, true);
    ask(&scene, "GET /x HTTP/1.1\r\nHost: evil.test\r\nX-Front-Host: a.test\r\n\r\n", 0, &answer);
    assert_int_equal(sim_message_status(&answer), 307);
    sim_message_fini(&answer);
    ask(&scene, "GET /x HTTP/1.1\r\nHost: a.test\r\nX-Front-Host: a.test,evil\r\n\r\n", 1, &answer);
    assert_int_equal(sim_message_status(&answer), 403); /* no host at all */
    sim_message_fini(&answer);
    scene_end(&scene);
    route.rule = "Host:a.test";
}

static void test_a_nonce_differs_with_each_answer(void **state)
{
    struct sim_scene scene;
    struct sim_message first, second;
    (void)state;

    options = (struct model_headers){.content_security_policy = SLICE("script-src $NONCE; style-src $NONCE")};
    begin(&scene, false);
    ask(&scene, "GET /len/1 HTTP/1.1\r\nHost: a.test\r\n\r\n", 0, &first);
    sim_message_fini(&first);
    ask(&scene, "GET /len/1 HTTP/1.1\r\nHost: a.test\r\n\r\n", 1, &second);
    assert_true(sim_client_answer(&scene.client, 0, &first)); /* the bytes may have moved */
    struct slice one = sim_message_field(&first, "Content-Security-Policy");
    struct slice other = sim_message_field(&second, "Content-Security-Policy");
    assert_true(slice_starts(one, SLICE("script-src 'nonce-")));
    assert_int_equal(one.len, strlen("script-src ; style-src ") + 2 * strlen("'nonce-1234567890123456789012'"));
    assert_memory_equal(one.ptr + strlen("script-src "), one.ptr + one.len - 30, 30); /* the same twice */
    assert_false(slice_eq(one, other));
    sim_message_fini(&first);
    sim_message_fini(&second);
    scene_end(&scene);
}

static void test_a_policy_may_have_many_nonces(void **state)
{
    enum { TIMES = 60 };
    struct text policy = TEXT_EMPTY, wanted = TEXT_EMPTY;
    struct sim_scene scene;
    struct sim_message answer;
    (void)state;

    for (size_t i = 0; i < TIMES; i++)
        text_addf(&policy, "%080zu$$N $NONCE;", i);
    options = (struct model_headers){.content_security_policy = text_slice(&policy)};
    begin(&scene, false);
    ask(&scene, "GET /len/1 HTTP/1.1\r\nHost: a.test\r\n\r\n", 0, &answer);
    assert_int_equal(sim_message_status(&answer), 200);
    struct slice made = sim_message_field(&answer, "Content-Security-Policy");
    struct slice nonce = slice_make(made.ptr + 84, 30);
    assert_true(slice_starts(nonce, SLICE("'nonce-")));
    for (size_t i = 0; i < TIMES; i++)
        text_addf(&wanted, "%080zu$$N " SLICE_FMT ";", i, SLICE_ARG(nonce));
    assert_true(slice_eq(made, text_slice(&wanted)));
    text_fini(&policy);
    text_fini(&wanted);
    sim_message_fini(&answer);
    scene_end(&scene);
}

static void test_in_development_hosts_and_https_are_not_asked_for(void **state)
{
    static struct slice allowed[] = {{"other.test", 10}};
    struct sim_scene scene;
    struct sim_message answer;
    (void)state;

    options = (struct model_headers){.is_development = true,
                                     .allowed_hosts = {allowed, 1},
                                     .ssl_redirect = true,
                                     .sts_seconds = 60,
                                     .force_sts_header = true,
                                     .frame_deny = true};
    begin(&scene, false);
    ask(&scene, "GET /len/1 HTTP/1.1\r\nHost: a.test\r\n\r\n", 0, &answer);
    assert_int_equal(sim_message_status(&answer), 200);
    assert_int_equal(sim_message_field_count(&answer, "Strict-Transport-Security"), 0);
    ASSERT_FIELD(&answer, "X-Frame-Options", "DENY");
    sim_message_fini(&answer);
    scene_end(&scene);
}

static void test_an_answer_whose_table_is_full_is_not_sent_without_its_fields(void **state)
{
    struct sim_scene scene;
    struct sim_message answer;
    struct text reply = TEXT_EMPTY;
    struct model_pair many[HEADERS_MAX - HEADERS_REQUEST_MAX + 1];
    char names[WB_COUNT(many)][8];
    (void)state;

    for (size_t i = 0; i < WB_COUNT(many); i++)
        many[i] = (struct model_pair){slice_make(names[i], (size_t)snprintf(names[i], 8, "Y-%zu", i)), SLICE("1")};
    options = (struct model_headers){.custom_response_headers = {many, WB_COUNT(many), true}};
    begin(&scene, false);
    text_add(&reply, SLICE("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n"));
    for (int i = 2; i < HEADERS_REQUEST_MAX; i++)
        text_addf(&reply, "X-%d: 1\r\n", i);
    text_add(&reply, SLICE("Date: x\r\n\r\n"));
    scene.server.answer = set_reply;
    text_add_char(&reply, '\0');
    scene.server.arg = reply.ptr;
    ask(&scene, "GET / HTTP/1.1\r\nHost: a.test\r\n\r\n", 0, &answer);
    assert_int_equal(sim_message_status(&answer), 500);
    sim_message_fini(&answer);
    text_fini(&reply);
    scene_end(&scene);
}

static void test_many_long_fields_still_reach_the_server(void **state)
{
    static char value[12000];
    struct model_pair pairs[] = {{SLICE("X-Long"), {value, sizeof value}}, {SLICE("X-Longer"), {value, sizeof value}}};
    struct sim_scene scene;
    struct sim_message answer;
    (void)state;

    memset(value, 'v', sizeof value);
    options = (struct model_headers){.custom_request_headers = {pairs, 2, true}};
    begin(&scene, false);
    ask(&scene, "GET /len/1 HTTP/1.1\r\nHost: a.test\r\n\r\n", 0, &answer);
    assert_int_equal(sim_message_status(&answer), 200);
    assert_true(scene.server.last_head.len > 2 * sizeof value);
    sim_message_fini(&answer);
    scene_end(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fields_are_set_replaced_and_removed_both_ways),
        cmocka_unit_test(test_what_frames_a_message_is_not_to_be_had),
        cmocka_unit_test(test_only_what_comes_from_the_forwarder_is_marked),
        cmocka_unit_test(test_an_answer_of_another_filter_is_not_marked),
        cmocka_unit_test(test_a_switch_of_protocols_is_marked_too),
        cmocka_unit_test(test_strict_transport_and_location_only_over_https),
        cmocka_unit_test(test_nobody_untrusted_says_that_he_came_by_https_or_for_another_host),
        cmocka_unit_test(test_a_nonce_differs_with_each_answer),
        cmocka_unit_test(test_a_policy_may_have_many_nonces),
        cmocka_unit_test(test_in_development_hosts_and_https_are_not_asked_for),
        cmocka_unit_test(test_an_answer_whose_table_is_full_is_not_sent_without_its_fields),
        cmocka_unit_test(test_many_long_fields_still_reach_the_server),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
