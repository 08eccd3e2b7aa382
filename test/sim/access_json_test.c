/* SPDX-License-Identifier: MIT */
/* The access log as JSON, what is left out of it, and who it says has answered (spec/api-json.md 6). */
#include "sim_log.h"

static struct slices list(struct arena *arena, const char *texts)
{
    return slices_split(arena, slice_of(texts), ' ');
}

/* Options of the next scene; lists are separated by blanks. */
static struct {
    const char *format, *statuses, *fields_mode, *fields, *headers_mode, *headers;
    bool retried;
    uint64_t longer_ms;
} wanted;

static void begin_with(struct sim_logged *l)
{
    struct arena texts;
    struct access_log_options options = log_options();

    arena_init(&texts, 0);
    options.format = slice_of(wanted.format ? wanted.format : "json");
    options.status_codes = list(&texts, wanted.statuses ? wanted.statuses : "");
    options.field_names = list(&texts, wanted.fields ? wanted.fields : "");
    options.header_names = list(&texts, wanted.headers ? wanted.headers : "");
    options.fields_mode = slice_of(wanted.fields_mode ? wanted.fields_mode : "keep");
    options.headers_mode = slice_of(wanted.headers_mode ? wanted.headers_mode : "keep");
    options.retry_attempts = wanted.retried;
    options.min_duration_ms = wanted.longer_ms;
    log_begin(l, &options);
    arena_fini(&texts); /* nothing of it is kept */
}

#define BEGIN(l, ...)                      \
    do {                                   \
        memset(&wanted, 0, sizeof wanted); \
        __VA_ARGS__;                       \
        begin_with(l);                     \
    } while (0)

#define UTC   "\"20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9:]{8}(\\.[0-9]*[1-9])?Z\""
#define LOCAL "\"20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9:]{8}(\\.[0-9]*[1-9])?(Z|[+-][0-9]{2}:[0-9]{2})\""

static void test_every_field_of_a_forwarded_request(void **state)
{
    struct sim_logged l;
    (void)state;

    BEGIN(&l);
    log_ask(&l,
            "POST /len/100?y=1 HTTP/1.1\r\nHost: a.test:81\r\nUser-Agent: ua\r\nx-lower: v\r\nContent-Length: 3\r\n\r\nabc");
    log_expect(
        &l,
        "^\\{\"BackendAddr\":\"10\\.0\\.0\\.1:80\",\"BackendName\":\"[^\"]*a\",\"BackendURL\":\\{\"Scheme\":\"http\","
        "\"Opaque\":\"\","
        "\"User\":null,\"Host\":\"10\\.0\\.0\\.1:80\",\"Path\":\"\",\"RawPath\":\"\",\"OmitHost\":false,\"ForceQuery\":"
        "false,"
        "\"RawQuery\":\"\",\"Fragment\":\"\",\"RawFragment\":\"\"\\},\"ClientAddr\":\"192\\.0\\.2\\.1:[0-9]+\","
        "\"ClientHost\":\"192\\.0\\.2\\.1\",\"ClientPort\":\"[0-9]+\",\"ClientUsername\":\"-\",\"DownstreamContentSize\":"
        "100,"
        "\"DownstreamStatus\":200,\"DownstreamStatusLine\":\"200 OK\",\"Duration\":[0-9]+,\"FrontendName\":\"a\","
        "\"OriginContentSize\":100,\"OriginDuration\":[0-9]+,\"OriginStatus\":200,\"OriginStatusLine\":\"200 OK\","
        "\"Overhead\":[0-9]+,\"RequestAddr\":\"a\\.test:81\",\"RequestContentSize\":3,\"RequestCount\":[0-9]+,"
        "\"RequestHost\":\"a\\.test\",\"RequestLine\":\"POST /len/100\\?y=1 HTTP/1\\.1\",\"RequestMethod\":\"POST\","
        "\"RequestPath\":\"/len/100\\?y=1\",\"RequestPort\":\"81\",\"RequestProtocol\":\"HTTP/1\\.1\",\"RetryAttempts\":0,"
        "\"StartLocal\":" LOCAL ",\"StartUTC\":" UTC ",\"downstream_Content-Length\":\"100\",\"downstream_Date\":\"[^\"]*\","
        "\"downstream_X-Id\":\"\",\"downstream_X-Server\":\"one\",\"level\":\"info\",\"msg\":\"\","
        "\"origin_Content-Length\":\"100\",\"origin_Date\":\"[^\"]*\",\"origin_X-Id\":\"\",\"origin_X-Server\":\"one\","
        "\"request_Content-Length\":\"3\",\"request_User-Agent\":\"ua\",\"request_X-Lower\":\"v\","
        "\"time\":\"20[0-9T:-]{17}Z\"\\}\n$");
    log_end(&l);
}

static void test_a_request_that_leads_nowhere(void **state)
{
    struct sim_logged l;
    (void)state;

    BEGIN(&l);
    log_ask(&l, "GET /x?q HTTP/1.0\r\n\r\n");
    log_expect(&l,
               "^\\{\"BackendAddr\":\"\",\"BackendName\":\"Traefik\",\"BackendURL\":\\{\"Scheme\":\"\",\"Opaque\":\"\","
               "\"User\":null,\"Host\":\"\","
               "\"Path\":\"/x\",.*\"RawQuery\":\"q\",.*\"DownstreamStatus\":404,.*\"FrontendName\":\"backend not found\","
               ".*\"OriginStatusLine\":\"404 Not Found\",.*\"RequestAddr\":\"\".*\"RequestPort\":\"-\"");
    assert_null(strstr(l.line, "origin_"));
    assert_non_null(strstr(l.line, "\"downstream_Content-Type\":\"text/plain; charset=utf-8\""));
    log_end(&l);
}

/* D14: a line stays one line, and reads back as what was sent. */
static void test_d14_nothing_a_client_sends_breaks_a_line(void **state)
{
    struct sim_logged l;
    (void)state;

    BEGIN(&l);
    log_ask(&l, "GET /len/1 HTTP/1.1\r\nHost: a.test\r\nUser-Agent: \"}\\\xc2\x9b\xe2\x80\xae\t\xff\xe4\xb8\x96\r\n\r\n");
    log_expect(&l, "\"request_User-Agent\":\"\\\\\"\\}\\\\\\\\\\\\u009b\\\\u202e\\\\u0009\\\\ufffd\xe4\xb8\x96\",\"time\"");
    assert_ptr_equal(strchr(l.line, '\n'), l.line + strlen(l.line) - 1);
    log_end(&l);
}

static const char secrets[] =
    "GET /len/1 HTTP/1.1\r\nHost: a.test\r\nAuthorization: Basic eA==\r\nCookie: a=b\r\nX-Q: q\r\n\r\n";

static void say_cookie(struct sim_conn *conn, const struct sim_message *request)
{
    (void)request;
    sim_conn_reply(conn, SLICE("HTTP/1.1 200 OK\r\nSet-Cookie: s=1\r\nSet-Cookie: t=1\r\nContent-Length: 0\r\n\r\n"), 0,
                   false);
}

static void test_secrets_are_redacted_unless_they_are_named(void **state)
{
    static const char *const plain[] = {"\"request_Authorization\":\"Basic eA==\"", "\"request_Cookie\":\"a=b\"",
                                        "\"origin_Set-Cookie\":\"s=1\"", "\"downstream_Set-Cookie\":\"s=1\""};
    static const char *const redacted[] = {"\"request_Authorization\":\"REDACTED\"", "\"request_Cookie\":\"REDACTED\"",
                                           "\"origin_Set-Cookie\":\"REDACTED\"", "\"downstream_Set-Cookie\":\"REDACTED\""};
    struct sim_logged l;
    (void)state;

    for (int named = 0; named < 2; named++) {
        BEGIN(&l, wanted.headers = named ? "authorization=keep Cookie=keep set-cookie=KEEP" : NULL);
        l.scene.server.answer = say_cookie;
        log_ask(&l, secrets);
        assert_true(log_read(&l));
        for (size_t i = 0; i < WB_COUNT(plain); i++)
            assert_non_null(strstr(l.line, named ? plain[i] : redacted[i]));
        assert_non_null(strstr(l.line, "\"request_X-Q\":\"q\""));
        assert_null(strstr(l.line, "t=1"));
        log_end(&l);
    }
}

static void test_fields_and_headers_are_kept_dropped_redacted(void **state)
{
    struct sim_logged l;
    (void)state;

    BEGIN(&l, wanted.fields_mode = "drop", wanted.fields = "ClientHost=keep requestline=keep",
          wanted.headers_mode = "redact", wanted.headers = "X-Q=keep cookie=drop");
    log_ask(&l, secrets);
    log_expect(&l, "^\\{\"ClientHost\":\"192\\.0\\.2\\.1\",\"RequestLine\":\"GET /len/1 HTTP/1\\.1\","
                   "\"downstream_Content-Length\":\"REDACTED\",.*\"level\":\"info\",\"msg\":\"\",\"origin_Content-Length\":"
                   "\"REDACTED\","
                   ".*\"request_Authorization\":\"REDACTED\",\"request_X-Q\":\"q\",\"time\":\"[^\"]*\"\\}\n$");
    log_end(&l);

    BEGIN(&l, wanted.headers_mode = "drop", wanted.fields = "StartUTC=drop");
    log_ask(&l, secrets);
    assert_true(log_read(&l));
    assert_null(strstr(l.line, "request_"));
    assert_null(strstr(l.line, "origin_"));
    assert_null(strstr(l.line, "StartUTC"));
    assert_non_null(strstr(l.line, "StartLocal"));
    log_end(&l);
}

/* Those that the router knows and others, in one order, in Go's spelling; the first of a name stands for all. */
static void test_headers_are_in_order_and_each_name_comes_once(void **state)
{
    struct sim_logged l;
    (void)state;

    BEGIN(&l);
    log_ask(&l,
            "GET /len/1 HTTP/1.1\r\nHost: a.test\r\nuser-agent: ua\r\nX-ZZ: 1\r\naccept-language: de\r\nUSER-AGENT: no\r\n"
            "x-zz: 2\r\naccept: a/b\r\nreferer: http://r/\r\nAccept-Language: fr\r\naccept-: x\r\nX-zZ: 3\r\n\r\n");
    log_expect(&l, "\"request_Accept\":\"a/b\",\"request_Accept-\":\"x\",\"request_Accept-Language\":\"de\","
                   "\"request_Referer\":\"http://r/\",\"request_User-Agent\":\"ua\",\"request_X-Zz\":\"1\",\"time\":");
    log_end(&l);
}

static void test_the_common_format_has_dashes_for_what_is_left_out(void **state)
{
    struct sim_logged l;
    (void)state;

    BEGIN(&l, wanted.format = "common", wanted.fields_mode = "drop", wanted.headers_mode = "drop");
    log_ask(&l, "GET /len/1 HTTP/1.1\r\nHost: a.test\r\nUser-Agent: ua\r\nReferer: r\r\n\r\n");
    log_expect(&l, "^- - - \\[-\\] \"- - -\" - - \"-\" \"-\" - - - 0ms\n$");
    log_end(&l);

    BEGIN(&l, wanted.format = "common", wanted.fields = "ClientHost=drop", wanted.headers = "User-Agent=redact");
    log_ask(&l, "GET /len/1 HTTP/1.1\r\nHost: a.test\r\nUser-Agent: ua\r\nReferer: r\r\n\r\n");
    log_expect(&l, "^- - - \\[.*\\] \"GET /len/1 HTTP/1\\.1\" 200 1 \"r\" \"REDACTED\" [0-9]+ \"a\" "
                   "\"http://10\\.0\\.0\\.1:80\" [0-9]+ms\n$");
    log_end(&l);
}

static void test_filters_let_lines_through_that_fit_one_of_them(void **state)
{
    struct sim_logged l;
    (void)state;

    BEGIN(&l, wanted.format = "common", wanted.statuses = "404 500-599", wanted.longer_ms = 50);
    log_ask(&l, "GET /len/1 HTTP/1.1\r\nHost: a.test\r\n\r\n");
    assert_false(log_read(&l));
    log_ask(&l, "GET /x HTTP/1.1\r\nHost: nobody.test\r\n\r\n");
    log_expect(&l, "^[^\n]*\" 404 [^\n]*\n$");
    long first = strtol(strstr(l.line, "\"-\" \"-\" ") + 8, NULL, 10);
    log_ask(&l, "GET /len/1 HTTP/1.1\r\nHost: a.test\r\n\r\n");
    assert_false(log_read(&l));
    log_ask(&l, "GET /x HTTP/1.1\r\nHost: nobody.test\r\n\r\n");
    log_expect(&l, "^[^\n]*\" 404 [^\n]*\n$");
    assert_int_equal(strtol(strstr(l.line, "\"-\" \"-\" ") + 8, NULL, 10), first + 2); /* lines left out are counted */
    log_end(&l);

    BEGIN(&l, wanted.format = "common", wanted.retried = true);
    const struct sim_route two = {.name = "a", .rule = "Host:a.test", .servers = "http://10.0.0.9:80 " SIM_SERVER_URL};
    sim_world_publish(l.scene.world, &two, 1);
    for (int i = 0; i < 4; i++)
        log_ask(&l, "GET /len/1 HTTP/1.1\r\nHost: a.test\r\n\r\n");
    log_expect(&l,
               "^[^\n]*\" 200 1 [^\n]*\"http://10\\.0\\.0\\.1:80\"[^\n]*\n$"); /* who refused is passed over after that */
    log_end(&l);
}

static void test_a_retried_request_says_so(void **state)
{
    const struct sim_route two = {.name = "a", .rule = "Host:a.test", .servers = "http://10.0.0.9:80 " SIM_SERVER_URL};
    struct sim_logged l;
    (void)state;

    BEGIN(&l);
    sim_world_publish(l.scene.world, &two, 1);
    for (int i = 0; i < 2; i++)
        log_ask(&l, "GET /len/1 HTTP/1.1\r\nHost: a.test\r\n\r\n");
    log_expect(&l, "\"RetryAttempts\":1,");
    assert_non_null(strstr(l.line, "\"RetryAttempts\":0,"));
    log_end(&l);
}

static void add_filters(struct arena *arena, struct model_frontend *frontend, struct model_backend *backend)
{
    backend->max_conn = ARENA_NEW(arena, struct model_max_conn);
    *backend->max_conn = (struct model_max_conn){.amount = 1, .extractor_func = SLICE("request.host")};
    frontend->redirect = ARENA_NEW(arena, struct model_redirect);
    *frontend->redirect = (struct model_redirect){.regex = SLICE("^http://a.test/old"),
                                                  .replacement = SLICE("http://a.test/new")};
}

static void test_the_filter_that_answered_is_named(void **state)
{
    const struct sim_route routes[] = {
        {.name = "a", .rule = "Host:a.test", .servers = SIM_SERVER_URL, .set_options = add_filters},
        {.name = "frontend-l", .rule = "Host:l.test", .servers = SIM_SERVER_URL, .white_list = "10.0.0.0/8"}};
    struct sim_client waiting;
    struct sim_logged l;
    (void)state;

    BEGIN(&l, wanted.format = "common");
    sim_world_publish(l.scene.world, routes, 2);
    log_ask(&l, "GET /w?q HTTP/1.1\r\nHost: l.test\r\n\r\n");
    log_expect(&l, " 403 9 \"-\" \"-\" [0-9]+ \"ipwhitelister for frontend-l\" \"/w\" [0-9]+ms\n$");
    log_ask(&l, "GET /old HTTP/1.1\r\nHost: a.test\r\n\r\n");
    log_expect(&l, " 302 [0-9]+ \"-\" \"-\" [0-9]+ \"frontend redirect for a\" \"/old\" [0-9]+ms\n$");
    sim_client_connect(&waiting, l.scene.sim, l.scene.world->entry, "192.0.2.2");
    sim_client_ask(&waiting, "GET /mute HTTP/1.1\r\nHost: a.test\r\n\r\n");
    sim_settle(l.scene.sim);
    log_ask(&l, "GET /len/1 HTTP/1.1\r\nHost: a.test\r\n\r\n");
    log_expect(&l, " 429 [0-9]+ \"-\" \"-\" [0-9]+ \"connection limit for a\" \"/len/1\" [0-9]+ms\n$");
    sim_link_close(waiting.wire);
    sim_settle(l.scene.sim);
    log_expect(&l, "\"GET /mute HTTP/1\\.1\" 499 0 .* \"a\" \"http://10\\.0\\.0\\.1:80\" ");
    log_end(&l);
}

static void test_the_filter_of_an_entrypoint_is_named(void **state)
{
    const struct access_log_options common = log_options();
    struct sim_logged l;
    (void)state;

    scene_prepare(&l.scene, 0);
    slices_add(&l.scene.world->arena, &l.scene.world->outer_list.source_range, SLICE("10.0.0.0/8"));
    l.scene.world->outer.white_list = &l.scene.world->outer_list;
    scene_start(&l.scene);
    log_start(&l, &common);
    log_ask(&l, "GET /w HTTP/1.1\r\nHost: a.test\r\n\r\n");
    log_expect(&l, " 403 9 \"-\" \"-\" [0-9]+ \"ipwhitelister for entrypoint [a-z]+\" \"/w\" [0-9]+ms\n$");
    log_end(&l);
}

static void set_fields(struct arena *arena, struct model_frontend *frontend, struct model_backend *backend)
{
    static const char *const pairs[][2] = {
        {"User-Agent", "set by the route"}, {"Referer", "http://set/"}, {"X-Set", "x"}, {"X-Forwarded-For", "6.6.6.6"}};

    (void)backend;
    frontend->headers = ARENA_NEW(arena, struct model_headers);
    struct model_pairs *out = &frontend->headers->custom_request_headers;
    out->items = ARENA_ARRAY(arena, struct model_pair, WB_COUNT(pairs));
    for (; out->count < WB_COUNT(pairs); out->count++)
        out->items[out->count] = (struct model_pair){slice_of(arena_strdup(arena, pairs[out->count][0])),
                                                     slice_of(arena_strdup(arena, pairs[out->count][1]))};
}

/* What a filter has put into the request is the configuration's, and that is gone when a tunnel ends. */
static void test_fields_of_a_configuration_that_is_gone(void **state)
{
    const struct sim_route route = {
        .name = "a", .rule = "Host:a.test;PathPrefixStrip:/p", .servers = SIM_SERVER_URL, .set_options = set_fields};
    struct sim_logged l;
    (void)state;

    for (int json = 0; json < 2; json++) {
        BEGIN(&l, wanted.format = json ? "json" : "common");
        sim_world_publish(l.scene.world, &route, 1);
        log_ask(&l, "GET /p/up HTTP/1.1\r\nHost: a.test\r\nUser-Agent: mine\r\n" SIM_WEBSOCKET "\r\n");
        assert_true(slice_eq(sim_client_rest(&l.scene.client, 1), SLICE("hello")));
        sim_world_publish(l.scene.world, NULL, 0);
        sim_settle(l.scene.sim);
        sim_link_close(l.scene.client.wire);
        sim_settle(l.scene.sim);
        log_expect(
            &l,
            json ? "\"ClientHost\":\"6\\.6\\.6\\.6\".*\"request_Referer\":\"http://set/\".*\"request_User-Agent\":\"set by "
                   "the route\",\"request_X-Forwarded-For\":\"6\\.6\\.6\\.6\",.*\"request_X-Set\":\"x\",\"time\""
                 : "^6\\.6\\.6\\.6 - .* 101 5 \"http://set/\" \"set by the route\" [0-9]+ \"a\" ");
        log_end(&l);
    }
}

static void test_what_is_wrong_with_options_is_told_and_leaves_more_out(void **state)
{
    struct sim_logged l;
    (void)state;

    BEGIN(&l, wanted.statuses = "404 5xx", wanted.fields = "ClientHost=no ClientHots=drop =x Duration",
          wanted.headers = "Cookie=kep X-Q=keep");
    assert_int_equal(l.diagnostics.count, 6);
    static const char *const said[] = {"`no` is neither keep nor drop",
                                       "`ClientHots` is no field: did you mean ClientHost?",
                                       "`=x` is not NAME=MODE",
                                       "`Duration` is not NAME=MODE",
                                       "`kep` is none of keep, drop, redact",
                                       "`5xx` is no status and no range"};
    for (size_t i = 0; i < WB_COUNT(said); i++)
        assert_non_null(strstr(l.diagnostics.items[i].text, said[i]));
    log_ask(&l, secrets);
    assert_true(log_read(&l)); /* the filter is off */
    assert_null(strstr(l.line, "ClientHost"));
    assert_non_null(strstr(l.line, "\"request_Cookie\":\"REDACTED\""));
    log_end(&l);
}

static void test_there_is_no_log_in_a_format_that_is_not_known(void **state)
{
    struct access_log_options options = log_options();
    struct diagnostics diagnostics;
    struct arena arena;
    (void)state;

    options.format = SLICE("xml");
    arena_init(&arena, 0);
    diagnostics_init(&diagnostics);
    assert_null(access_rules_compile(&options, &arena, &diagnostics));
    assert_int_equal(diagnostics.count, 1);
    assert_non_null(strstr(diagnostics.items[0].text, "`xml` is neither common nor json"));
    diagnostics_fini(&diagnostics);
    arena_fini(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_field_of_a_forwarded_request),
        cmocka_unit_test(test_a_request_that_leads_nowhere),
        cmocka_unit_test(test_d14_nothing_a_client_sends_breaks_a_line),
        cmocka_unit_test(test_secrets_are_redacted_unless_they_are_named),
        cmocka_unit_test(test_fields_and_headers_are_kept_dropped_redacted),
        cmocka_unit_test(test_headers_are_in_order_and_each_name_comes_once),
        cmocka_unit_test(test_the_common_format_has_dashes_for_what_is_left_out),
        cmocka_unit_test(test_filters_let_lines_through_that_fit_one_of_them),
        cmocka_unit_test(test_a_retried_request_says_so),
        cmocka_unit_test(test_the_filter_that_answered_is_named),
        cmocka_unit_test(test_the_filter_of_an_entrypoint_is_named),
        cmocka_unit_test(test_fields_of_a_configuration_that_is_gone),
        cmocka_unit_test(test_what_is_wrong_with_options_is_told_and_leaves_more_out),
        cmocka_unit_test(test_there_is_no_log_in_a_format_that_is_not_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
