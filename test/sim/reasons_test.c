/* SPDX-License-Identifier: MIT */
/* Every reason of http/reason.h is reached in a worker, or stands in the list of those that are not, with why. */
#include "sim_test.h"
#include "waybill/base/offload.h"

static void allow_another_host(struct arena *arena, struct model_frontend *frontend, struct model_backend *backend)
{
    (void)backend;
    frontend->headers = ARENA_NEW(arena, struct model_headers);
    slices_add(arena, &frontend->headers->allowed_hosts, SLICE("a.test"));
}

static void check_health(struct arena *arena, struct model_frontend *frontend, struct model_backend *backend)
{
    (void)frontend;
    backend->health_check = ARENA_NEW(arena, struct model_health_check);
    backend->health_check->path = SLICE("/");
}

static void take_weight(struct arena *arena, struct model_frontend *frontend, struct model_backend *backend)
{
    (void)arena;
    (void)frontend;
    backend->servers[0].weight = 0;
}

/* With a hash that is made elsewhere. */
static void ask_for_a_password(struct arena *arena, struct model_frontend *frontend, struct model_backend *backend)
{
    (void)backend;
    frontend->auth = ARENA_NEW(arena, struct model_auth);
    frontend->auth->basic = ARENA_NEW(arena, struct model_auth_users);
    slices_add(arena, &frontend->auth->basic->users, SLICE("ann:$apr1$H6uskkkW$NNBs2U5LAblMB3OM9KekS/"));
}

static void limit_rate(struct arena *arena, struct model_frontend *frontend, struct model_backend *backend)
{
    (void)backend;
    frontend->rate_limit = ARENA_NEW(arena, struct model_rate_limit);
    frontend->rate_limit->extractor_func = SLICE("client.ip");
    frontend->rate_limit->rates = ARENA_NEW(arena, struct model_rate);
    frontend->rate_limit->rate_count = 1;
    *frontend->rate_limit->rates = (struct model_rate){.period_ns = 3000000000, .average = 1, .burst = 1};
}

static void limit_connections(struct arena *arena, struct model_frontend *frontend, struct model_backend *backend)
{
    (void)frontend;
    backend->max_conn = ARENA_NEW(arena, struct model_max_conn);
    *backend->max_conn = (struct model_max_conn){.amount = 1, .extractor_func = SLICE("client.ip")};
}

static void break_circuit(struct arena *arena, struct model_frontend *frontend, struct model_backend *backend)
{
    (void)frontend;
    backend->circuit_breaker = ARENA_NEW(arena, struct model_circuit_breaker);
    backend->circuit_breaker->expression = SLICE("NetworkErrorRatio() > 0.5");
}

static void redirect_anywhere(struct arena *arena, struct model_frontend *frontend, struct model_backend *backend)
{
    (void)backend;
    frontend->redirect = ARENA_NEW(arena, struct model_redirect);
    frontend->redirect->regex = SLICE("^http://go.test/(.*)");
    frontend->redirect->replacement = SLICE("$1");
}

static void limit_bodies(struct arena *arena, struct model_frontend *frontend, struct model_backend *backend)
{
    (void)frontend;
    backend->buffering = ARENA_NEW(arena, struct model_buffering);
    backend->buffering->max_request_body_bytes = 100000;
    backend->buffering->max_response_body_bytes = 10;
    backend->buffering->mem_request_body_bytes = 1;
}

static void limit_time(struct arena *arena, struct model_frontend *frontend, struct model_backend *backend)
{
    (void)backend;
    frontend->timeouts = ARENA_NEW(arena, struct model_timeouts);
    frontend->timeouts->total = SLICE("1500ms");
}

static const struct sim_route routes[] = {
    {.name = "short", .rule = "Host:short.test", .servers = SIM_SERVER_URL, .set_options = limit_bodies},
    {.name = "quick", .rule = "Host:quick.test", .servers = SIM_SERVER_URL, .set_options = limit_time},
    {.name = "ill", .rule = "Host:ill.test", .servers = "http://10.0.0.99:2", .set_options = check_health},
    {.name = "light", .rule = "Host:light.test", .servers = SIM_SERVER_URL, .set_options = take_weight},
    {.name = "a", .rule = "Host:a.test", .servers = SIM_SERVER_URL},
    {.name = "b", .rule = "Host:strip.test;PathPrefixStrip:/x", .servers = SIM_SERVER_URL},
    {.name = "host", .rule = "Host:host.test", .servers = SIM_SERVER_URL, .set_options = allow_another_host},
    {.name = "login", .rule = "Host:login.test", .servers = SIM_SERVER_URL, .set_options = ask_for_a_password},
    {.name = "c", .rule = "Host:list.test", .servers = SIM_SERVER_URL, .white_list = "10.0.0.0/8"},
    {.name = "d", .rule = "Host:closed.test", .servers = SIM_SERVER_URL, .white_list = "nonsense"},
    {.name = "e", .rule = "Host:empty.test"},
    {.name = "f", .rule = "Host:auth.test", .servers = SIM_SERVER_URL, .auth = "http://10.0.0.99:1/"},
    {.name = "g", .rule = "Host:refused.test", .servers = "http://10.0.0.99:1"},
    {.name = "h", .rule = "Host:name.test", .servers = "http://nowhere:1"},
    {.name = "i", .rule = "Host:silent.test", .servers = "http://10.0.0.7:80"},
    {.name = "j", .rule = "Host:split.test;PathPrefix:/admin", .servers = SIM_SERVER_URL},
    {.name = "k", .rule = "Host:split.test;PathPrefix:/", .servers = SIM_SERVER_URL},
    {.name = "l", .rule = "Host:stopped.test;PathPrefixStrip:/x", .absence = ABSENCE_NOT_RUNNING, .white_list = "::1"},
    {.name = "m", .rule = "Host:starting.test", .absence = ABSENCE_STARTING},
    {.name = "n", .rule = "Host:sick.test", .absence = ABSENCE_UNHEALTHY},
    {.name = "q", .rule = "Host:rate.test", .servers = SIM_SERVER_URL, .set_options = limit_rate},
    {.name = "r", .rule = "Host:conns.test", .servers = SIM_SERVER_URL, .set_options = limit_connections},
    {.name = "s", .rule = "Host:broken.test", .servers = "http://10.0.0.99:1", .set_options = break_circuit},
    {.name = "t", .rule = "Host:go.test", .servers = SIM_SERVER_URL, .set_options = redirect_anywhere},
    {.name = "p", .rule = "Host:costly.test;HeadersRegexp:X,a{900}$", .servers = SIM_SERVER_URL},
    {.name = "o", .rule = "Host:a.test;PathPrefix:/longer/than/the/live/one", .absence = ABSENCE_UNHEALTHY},
};

struct reach {
    enum reason reason;
    const char *request; /* NULL: see `act` */
    unsigned status;     /* that the client gets; 0: nothing */
    const char *reply;   /* of the server, in place of the usual one; it closes then, but with + before it */
    uint64_t wait_ms;
    void (*act)(struct sim_scene *scene);
};

#define GET(host, path, more) "GET " path " HTTP/1.1\r\nHost: " host "\r\n" more "\r\n"

static void close_client_now(struct sim_scene *scene)
{
    sim_advance(scene->sim, 10);
    sim_link_close(scene->client.wire);
}

static void cut_now(struct sim_scene *scene)
{
    sim_advance(scene->sim, 10);
    entry_cut(scene->world->entry);
}

static void pause_client(struct sim_scene *scene)
{
    scene->client.wire->wire_rules.socket_bytes = 100;
    sim_link_pause(scene->client.wire, true);
}

#define H2_BEGIN "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0"

static void break_the_rules_of_h2(struct sim_scene *scene)
{
    sim_client_ask_slice(&scene->client, SLICE(H2_BEGIN "\0\0\x01\0\0\0\0\0\0x")); /* payload without a stream */
}

static void ping_without_end(struct sim_scene *scene)
{
    sim_client_ask_slice(&scene->client, SLICE(H2_BEGIN));
    for (int i = 0; i < 1100; i++)
        sim_link_send(scene->client.wire, SLICE("\0\0\x08\x06\0\0\0\0\0........"));
}

static void ask_long_target(struct sim_scene *scene)
{
    struct text text = TEXT_EMPTY;

    text_add(&text, SLICE("GET /"));
    sim_body_add(&text, 1, 40000);
    text_add(&text, SLICE(" HTTP/1.1\r\nHost: a.test\r\n\r\n"));
    sim_client_ask_slice(&scene->client, text_slice(&text));
    text_fini(&text);
}

static void ask_long_head(struct sim_scene *scene)
{
    struct text text = TEXT_EMPTY;

    text_add(&text, SLICE("GET / HTTP/1.1\r\nHost: a.test\r\nX: "));
    sim_body_add(&text, 1, 70000);
    text_add(&text, SLICE("\r\n\r\n"));
    sim_client_ask_slice(&scene->client, text_slice(&text));
    text_fini(&text);
}

static void ask_costly_head(struct sim_scene *scene)
{
    struct text text = TEXT_EMPTY;

    text_add(&text, SLICE("GET / HTTP/1.1\r\nHost: costly.test\r\nX: "));
    sim_body_add(&text, 1, 50000);
    text_add(&text, SLICE("\r\n\r\n"));
    sim_client_ask_slice(&scene->client, text_slice(&text));
    text_fini(&text);
}

static void ask_before_the_first_snapshot(struct sim_scene *scene)
{
    lease_drop(&scene->world->env.lease);
    sim_client_get(&scene->client, "/len/1", 1);
}

static void ask_after_a_check(struct sim_scene *scene)
{
    sim_advance(scene->sim, 100);
    sim_client_ask(&scene->client, GET("ill.test", "/", ""));
}

/* As many others wait for their hashes as may. */
static void ask_with_many_before(struct sim_scene *scene)
{
    static struct sim_client others[OFFLOAD_LINE_MAX];

    for (size_t i = 0; i < WB_COUNT(others); i++) {
        sim_client_connect(&others[i], scene->sim, scene->world->entry, "192.0.2.2");
        sim_client_ask(&others[i], GET("login.test", "/", "Authorization: Basic YW5uOmE=\r\n"));
    }
    sim_settle(scene->sim);
    sim_client_ask(&scene->client, GET("login.test", "/", "Authorization: Basic YW5uOmI=\r\n"));
}

/* Another client comes first, and uses up what there is. */
static void ask_after_another(struct sim_scene *scene, const char *before, const char *request)
{
    struct sim_client other;

    sim_client_connect(&other, scene->sim, scene->world->entry, "192.0.2.1");
    sim_client_ask(&other, before);
    sim_advance(scene->sim, 10);
    sim_client_ask(&scene->client, request);
}

static void ask_too_often(struct sim_scene *scene)
{
    ask_after_another(scene, GET("rate.test", "/len/5", ""), GET("rate.test", "/len/5", ""));
}

static void ask_too_many(struct sim_scene *scene)
{
    ask_after_another(scene, GET("conns.test", "/mute", ""), GET("conns.test", "/len/5", ""));
}

static void ask_after_an_error(struct sim_scene *scene)
{
    ask_after_another(scene, GET("broken.test", "/", ""), GET("broken.test", "/", ""));
}

/* Longer than memory, in a room without files. */
static void ask_where_there_is_no_room(struct sim_scene *scene)
{
    sim_client_ask(&scene->client, GET("short.test", "/", "Content-Length: 90000\r\n"));
    sim_link_send_pattern(scene->client.wire, 90000);
}

static const struct reach table[] = {
    {REASON_DONE, GET("a.test", "/len/5", ""), 200, NULL, 0, NULL},
    {REASON_DONE, GET("a.test", "/longer/than/the/live/one", ""), 200, NULL, 0, NULL},
    {REASON_LOCAL, GET("a.test", "/ping", ""), 200, NULL, 0, NULL},
    {REASON_CLIENT_DONE, GET("a.test", "/len/5", ""), 200, NULL, 10, close_client_now},
    {REASON_CLIENT_IDLE, GET("a.test", "/len/5", ""), 200, NULL, 400000, NULL},
    {REASON_CLIENT_GONE, GET("a.test", "/mute", ""), 0, NULL, 0, close_client_now},
    {REASON_CLIENT_STALLED, GET("a.test", "/len/90000", ""), 0, NULL, 200000, pause_client},
    {REASON_RESPONSE_CUT, GET("a.test", "/", ""), 0, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx", 0, NULL},
    {REASON_SERVER_STALLED, GET("a.test", "/", ""), 0, "+HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx", 20000, NULL},
    {REASON_DRAINING, GET("a.test", "/mute", ""), 0, NULL, 0, cut_now},
    {REASON_CLIENT_PROTOCOL, NULL, 0, NULL, 0, break_the_rules_of_h2},
    {REASON_CLIENT_FLOODED, NULL, 0, NULL, 0, ping_without_end},
    {REASON_BAD_PROXY_HEADER, "PROXY TCP4 \r\n", 0, NULL, 0, NULL},
    {REASON_BAD_PROXY_HEADER, "PROXY TCP4 1.2.3.4 ", 0, NULL, 5000, NULL},
    {REASON_PROXY_NOT_TRUSTED, "PROXY TCP4 1.2.3.4 1.2.3.4 1 2\r\n", 400, NULL, 0, NULL},
    {REASON_BAD_LINE_END, "GET / HTTP/1.1\nHost: a.test\r\n\r\n", 400, NULL, 0, NULL},
    {REASON_BAD_REQUEST_LINE, "GET /\r\n\r\n", 400, NULL, 0, NULL},
    {REASON_BAD_FIELD, GET("a.test", "/", "X y: z\r\n"), 400, NULL, 0, NULL},
    {REASON_BAD_HOST, GET("a,b", "/", ""), 400, NULL, 0, NULL},
    {REASON_MISSING_HOST, "GET / HTTP/1.1\r\n\r\n", 400, NULL, 0, NULL},
    {REASON_BAD_TARGET, GET("a.test", "/%zz", ""), 400, NULL, 0, NULL},
    {REASON_BAD_FRAMING, GET("a.test", "/", "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n"), 400, NULL, 0, NULL},
    {REASON_BAD_BODY, GET("a.test", "/", "Transfer-Encoding: chunked\r\n") "zz\r\n", 400, NULL, 0, NULL},
    {REASON_AMBIGUOUS_PATH, GET("split.test", "/x%2f..%2fadmin", ""), 400, NULL, 0, NULL},
    {REASON_DOTS_IN_CHANGED_PATH, GET("strip.test", "/x/../x/y", ""), 400, NULL, 0, NULL},
    {REASON_UNAUTHORIZED, GET("login.test", "/", ""), 401, NULL, 0, NULL},
    {REASON_BAD_WEBSOCKET, GET("a.test", "/", "Connection: upgrade\r\nUpgrade: websocket\r\n"), 400, NULL, 0, NULL},
    {REASON_OPEN_REDIRECT, GET("go.test", "///evil.test", ""), 400, NULL, 0, NULL},
    {REASON_FORBIDDEN, GET("list.test", "/", ""), 403, NULL, 0, NULL},
    {REASON_HOST_NOT_ALLOWED, GET("host.test", "/", ""), 403, NULL, 0, NULL},
    {REASON_NO_FRONTEND, GET("nobody.test", "/", ""), 404, NULL, 0, NULL},
    {REASON_HEAD_TIMEOUT, "GET / HT", 408, NULL, 10000, NULL},
    {REASON_BODY_TIMEOUT, GET("a.test", "/", "Content-Length: 5\r\n"), 408, NULL, 60000, NULL},
    {REASON_BODY_TOO_LARGE, GET("short.test", "/", "Content-Length: 100001\r\n"), 413, NULL, 0, NULL},
    {REASON_TARGET_TOO_LONG, NULL, 414, NULL, 0, ask_long_target},
    {REASON_MATCH_TOO_COSTLY, NULL, 414, NULL, 0, ask_costly_head},
    {REASON_RATE_LIMITED, NULL, 429, NULL, 0, ask_too_often},
    {REASON_CONNECTION_LIMITED, NULL, 429, NULL, 0, ask_too_many},
    {REASON_HEAD_TOO_LARGE, NULL, 431, NULL, 0, ask_long_head},
    {REASON_ANSWER_TOO_LARGE, GET("short.test", "/len/11", ""), 500, NULL, 0, NULL},
    {REASON_AUTH_UNREACHABLE, GET("auth.test", "/", ""), 500, NULL, 0, NULL},
    {REASON_NO_WEIGHT, GET("light.test", "/", ""), 500, NULL, 0, NULL},
    {REASON_UNKNOWN_METHOD, "CONNECT a.test:80 HTTP/1.1\r\nHost: a.test\r\n\r\n", 501, NULL, 0, NULL},
    {REASON_UNKNOWN_CODING, GET("a.test", "/", "Transfer-Encoding: gzip\r\n"), 501, NULL, 0, NULL},
    {REASON_BAD_VERSION, "GET / HTTP/3.0\r\nHost: a.test\r\n\r\n", 505, NULL, 0, NULL},
    {REASON_SERVER_REFUSED, GET("refused.test", "/", ""), 502, NULL, 0, NULL},
    {REASON_SERVER_UNRESOLVED, GET("name.test", "/", ""), 502, NULL, 0, NULL},
    {REASON_SERVER_CLOSED, GET("a.test", "/", ""), 502, "", 0, NULL},
    {REASON_SERVER_MALFORMED, GET("a.test", "/", ""), 502, "HTTP/9.9 what\r\n\r\n", 0, NULL},
    {REASON_SERVER_UPGRADE, GET("a.test", "/", ""), 502, "HTTP/1.1 101 S\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n", 0,
     NULL},
    {REASON_SERVER_WEBSOCKET, GET("a.test", "/", SIM_WEBSOCKET), 502,
     "HTTP/1.1 101 S\r\nConnection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: x\r\n\r\n", 0, NULL},
    {REASON_ANSWER_INCOMPLETE, GET("short.test", "/", ""), 502, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx", 0, NULL},
    {REASON_NO_ROOM_FOR_BODY, NULL, 503, NULL, 0, ask_where_there_is_no_room},
    {REASON_NO_SERVER, GET("empty.test", "/", ""), 503, NULL, 0, NULL},
    {REASON_NO_HEALTHY_SERVER, NULL, 503, NULL, 0, ask_after_a_check},
    {REASON_BREAKER_TRIPPED, NULL, 503, NULL, 0, ask_after_an_error},
    {REASON_FRONTEND_CLOSED, GET("closed.test", "/", ""), 503, NULL, 0, NULL},
    {REASON_SERVICE_NOT_RUNNING, GET("stopped.test", "/x/../x", ""), 503, NULL, 0, NULL},
    {REASON_SERVICE_STARTING, GET("starting.test", "/", ""), 503, NULL, 0, NULL},
    {REASON_SERVICE_UNHEALTHY, GET("sick.test", "/", ""), 503, NULL, 0, NULL},
    {REASON_AUTH_BUSY, NULL, 503, NULL, 0, ask_with_many_before},
    {REASON_NOT_READY, NULL, 503, NULL, 0, ask_before_the_first_snapshot},
    {REASON_LOOP, GET("a.test", "/", "X-Waybill-Hops: 8\r\n"), 508, NULL, 0, NULL},
    {REASON_DIAL_TIMEOUT, GET("silent.test", "/", ""), 504, NULL, 30000, NULL},
    {REASON_TOTAL_TIMEOUT, GET("quick.test", "/mute", ""), 504, NULL, 1500, NULL},
    {REASON_RESPONSE_TIMEOUT, GET("a.test", "/mute", ""), 504, NULL, 40000, NULL},
};

static const struct {
    enum reason reason;
    const char *why;
} unreachable[] = {
    {REASON_NONE, "an exchange that ended has a reason"},
    {REASON_BAD_REQUEST, "what llhttp refuses and our own check of the bytes did not: no such head is known"},
    {REASON_CLIENT_TLS_FAILED, "needs an entrypoint with TLS: tls_entry_test.c reaches it"},
    {REASON_CLIENT_TLS_TIMEOUT, "as the one above"},
    {REASON_PLAIN_ON_TLS, "as the one above"},
    {REASON_MISDIRECTED, "as the one above"},
    {REASON_SERVER_TLS_UNTRUSTED, "needs a server over TLS: secure_test.c reaches it"},
    {REASON_SERVER_TLS_NAME, "as the one above"},
    {REASON_SERVER_TLS_EXPIRED, "as the one above"},
    {REASON_SERVER_TLS_REFUSED, "as the one above"},
    {REASON_SERVER_TLS_BROKEN, "as the one above"},
    {REASON_SERVER_TLS_TIMEOUT, "as the one above"},
    {REASON_SERVER_RESET, "needs a server over HTTP/2: h2_servers_test.c reaches it"},
    {REASON_API_BUSY, "needs long documents: local_test.c reaches it"},
    {REASON_STREAM_REFUSED, "needs clients over HTTP/2: h2_test.c reaches it"},
    {REASON_UNKNOWN_PROTOCOL, "needs a client over HTTP/2: unit/http/h2_head_test.c, v_websockets_h2.py reach it"},
    {REASON_SERVER_NOT_SWITCHED, "needs a client over HTTP/2: h2_sockets_test.c reaches it"},
    {REASON_INTERNAL, "needs more of an exchange's arena (256 KiB) than a head of 64 KiB can make it use"},
};

static void reply_with_arg(struct sim_conn *conn, const struct sim_message *request)
{
    (void)request;
    struct slice reply = slice_of(conn->server->arg);
    bool stays = slice_starts(reply, SLICE("+"));
    sim_conn_reply(conn, slice_from(reply, stays), 0, !stays);
}

static void reach_one(const struct reach *row)
{
    struct sim_scene scene;
    struct sim_listener silent = {.dial = SIM_SILENT};

    scene_prepare(&scene, 0);
    scene.world->upstream.response_timeout_ms = row->reason == REASON_RESPONSE_TIMEOUT ? 40000 : 0;
    scene.world->env.response_body_timeout_ms = row->reason == REASON_SERVER_STALLED ? 20000 : 0;
    scene.world->allow_min_weight_zero = true;
    scene.world->outer.proxy_protocol = row->reason == REASON_BAD_PROXY_HEADER || row->reason == REASON_PROXY_NOT_TRUSTED;
    scene.world->spool.files_max = 0;
    scene_start(&scene);
    sim_add_listener(scene.sim, &silent, "10.0.0.7", 80);
    sim_world_publish(scene.world, routes, WB_COUNT(routes));
    if (row->reply) {
        scene.server.answer = reply_with_arg;
        scene.server.arg = (void *)(uintptr_t)row->reply;
    }
    if (row->request)
        sim_client_ask(&scene.client, row->request);
    if (row->act)
        row->act(&scene);
    sim_advance(scene.sim, row->wait_ms);
    if (sim_world_ended(scene.world, row->reason) != 1)
        fail_msg("%s was not reached; the client got %u", reason_row(row->reason)->name,
                 sim_client_status(&scene.client, 0));
    if (sim_client_status(&scene.client, 0) != row->status)
        fail_msg("%s gave %u", reason_row(row->reason)->name, sim_client_status(&scene.client, 0));
    if (row->status >= 400) {
        struct sim_message answer;
        sim_client_answer(&scene.client, 0, &answer);
        assert_int_equal(row->status, reason_row(row->reason)->status);
        /* Limits say more: how long, how many (limits_test.c). */
        assert_true(row->status == 429 ? slice_starts(text_slice(&answer.body), reason_row(row->reason)->body)
                                       : slice_eq(text_slice(&answer.body), reason_row(row->reason)->body));
        assert_true(row->status == 429 ||
                    slice_eq(sim_message_field(&answer, "Retry-After"), reason_row(row->reason)->retry_after));
        sim_message_fini(&answer);
        sim_advance(scene.sim, 2000);
        assert_int_equal(scene.client.wire->got_fin, reason_row(row->reason)->close);
    }
    sim_remove_listener(&silent);
    scene_end(&scene);
}

static bool is_listed(enum reason reason)
{
    for (size_t i = 0; i < WB_COUNT(unreachable); i++)
        if (unreachable[i].reason == reason)
            return true;
    return false;
}

static void test_every_reason_is_reached_with_its_status(void **state)
{
    bool reached[REASON_COUNT] = {false};
    (void)state;

    for (size_t i = 0; i < WB_COUNT(table); i++) {
        reach_one(&table[i]);
        reached[table[i].reason] = true;
    }
    for (int reason = 0; reason < REASON_COUNT; reason++)
        if (reached[reason] == is_listed((enum reason)reason))
            fail_msg("%s: reached %d, listed as unreachable %d", reason_row((enum reason)reason)->name, reached[reason],
                     is_listed((enum reason)reason));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_reason_is_reached_with_its_status)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
