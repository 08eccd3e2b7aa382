/* SPDX-License-Identifier: MIT */
/* A whole worker with servers over TLS: nothing is said to who cannot prove his name, and nothing cut short passes for whole. */
#include "sim_test.h"
#include "sim_tls.h"
#include "waybill/base/log.h"
#include "waybill/net/tls.h"
#include "waybill/net/tls_credentials.h"

#define URL "https://10.0.0.1:443"

static struct identity authority, stranger, good, by_stranger, for_other, old;
static struct tls_credentials *credentials;

static int make_identities(void **state)
{
    char *problem = NULL;
    (void)state;

    identity_make(&authority, NULL, NULL, -1, 100);
    identity_make(&stranger, NULL, NULL, -1, 100);
    identity_make(&good, &authority, "IP:10.0.0.1,IP:10.0.0.2", -1, 100);
    identity_make(&by_stranger, &stranger, "IP:10.0.0.1", -1, 100);
    identity_make(&for_other, &authority, "IP:10.0.0.77", -1, 100);
    identity_make(&old, &authority, "IP:10.0.0.1", -100, -1);
    struct slice pem = slice_of(authority.cert_pem);
    credentials = tls_credentials_create(&(struct tls_options){.ca_option = "rootCAs", .cas = &pem, .ca_count = 1},
                                         &problem);
    return credentials ? 0 : -1;
}

static int drop_identities(void **state)
{
    struct identity *all[] = {&authority, &stranger, &good, &by_stranger, &for_other, &old};
    (void)state;

    for (size_t i = 0; i < WB_COUNT(all); i++)
        identity_drop(all[i]);
    tls_credentials_unref(&credentials);
    return 0;
}

struct secure {
    struct sim_world *world;
    struct sim *sim;
    struct sim_tls_server server;
    struct sim_client client;
};

static void begin_with(struct secure *s, uint64_t seed, const struct identity *shown, const char *servers,
                       uint64_t response_timeout_ms)
{
    s->world = sim_world_create(seed);
    s->sim = &s->world->sim;
    s->sim->vary = seed != 0;
    s->world->upstream.tls = credentials;
    s->world->upstream.response_timeout_ms = response_timeout_ms;
    sim_world_start(s->world);
    sim_tls_server_init(&s->server, s->sim, "10.0.0.1", 443, shown);
    sim_world_serve(s->world, servers);
    sim_client_connect(&s->client, s->sim, s->world->entry, "192.0.2.1");
}

static void begin(struct secure *s)
{
    begin_with(s, 0, &good, URL, 0);
}

static void end(struct secure *s)
{
    sim_tls_server_fini(&s->server);
    sim_world_destroy(&s->world);
}

static bool body_is(struct secure *s, unsigned index, uint64_t id, size_t count)
{
    struct sim_message answer;
    bool same = sim_client_answer(&s->client, index, &answer) && sim_body_is(text_slice(&answer.body), id, count);

    sim_message_fini(&answer);
    return same;
}

static void test_requests_share_a_connection_which_holds_nothing_while_it_rests(void **state)
{
    struct secure s;
    (void)state;

    begin(&s);
    for (unsigned i = 0; i < 5; i++) {
        if (i & 1)
            sim_client_post(&s.client, "/echo", i, 5000, i == 1);
        else
            sim_client_get(&s.client, "/len/40000", i);
        sim_settle(s.sim);
        assert_int_equal(sim_client_status(&s.client, i), 200);
        assert_true(body_is(&s, i, i, i & 1 ? 5000 : 40000));
        assert_int_equal(s.sim->loop.stock.lent_bytes, 0);
    }
    assert_int_equal(s.server.conn_count, 1);
    assert_int_equal(upstream_idle_count(s.world->env.upstream), 1);
    end(&s);
}

static void test_bodies_arrive_whole_however_they_are_cut(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct secure s;
        size_t count = seed % 10 ? 5000 : 100000;
        begin_with(&s, seed, &good, URL, 0);
        sim_client_post(&s.client, "/echo", 1, count, seed & 1);
        sim_client_get(&s.client, "/len/7000", 2);
        sim_advance(s.sim, 1000);
        assert_int_equal(sim_client_status(&s.client, 0), 200);
        assert_true(body_is(&s, 0, 1, count));
        assert_true(body_is(&s, 1, 2, 7000));
        end(&s);
    }
}

static struct text logged;

static void take_line(enum log_level level, const char *line, void *arg)
{
    (void)arg;
    if (level == LOG_ERROR)
        text_addf(&logged, "%s\n", line);
}

static void test_who_cannot_prove_his_name_hears_nothing(void **state)
{
    static const struct {
        const struct identity *shown;
        const char *said;
        enum reason reason;
    } rows[] = {
        {&by_stranger, "certificate is signed by nobody who is trusted", REASON_SERVER_TLS_UNTRUSTED},
        {&for_other, "certificate is for another name", REASON_SERVER_TLS_NAME},
        {&old, "certificate is not valid now (certificate has expired)", REASON_SERVER_TLS_EXPIRED},
    };
    (void)state;

    for (size_t i = 0; i < WB_COUNT(rows); i++) {
        struct secure s;
        log_set_sink(take_line, NULL);
        begin_with(&s, 0, rows[i].shown, URL, 0);
        sim_client_get(&s.client, "/len/3", 1);
        sim_client_post(&s.client, "/echo", 2, 100, false);
        sim_settle(s.sim);
        log_set_sink(NULL, NULL);
        assert_int_equal(sim_client_status(&s.client, 0), 502);
        assert_int_equal(sim_client_status(&s.client, 1), 502);
        assert_int_equal(sim_world_ended(s.world, rows[i].reason), 2);
        assert_int_equal(s.server.heard_bytes, 0);
        char *first = strstr(logged.ptr, rows[i].said);
        if (!first)
            fail_msg("log: %s", logged.ptr);
        assert_non_null(strstr(logged.ptr, "https://10.0.0.1:443"));
        assert_null(strstr(first + 1, rows[i].said)); /* once, while it lasts */
        text_fini(&logged);
        end(&s);
    }
}

static void test_another_server_takes_what_one_without_proof_does_not_get(void **state)
{
    struct secure s;
    struct sim_tls_server other;
    (void)state;

    begin_with(&s, 0, &by_stranger, URL " https://10.0.0.2:443", 0);
    sim_tls_server_init(&other, s.sim, "10.0.0.2", 443, &good);
    for (unsigned i = 0; i < 4; i++)
        sim_client_post(&s.client, "/echo", i, 3000, i & 1);
    sim_settle(s.sim);
    for (unsigned i = 0; i < 4; i++)
        assert_true(body_is(&s, i, i, 3000));
    assert_int_equal(s.server.heard_bytes, 0);
    assert_int_equal(other.request_count, 4);
    sim_tls_server_fini(&other);
    end(&s);
}

static struct model_health_check check;

static void set_check(struct arena *arena, struct model_frontend *frontend, struct model_backend *backend)
{
    (void)frontend;
    backend->health_check = ARENA_NEW(arena, struct model_health_check);
    *backend->health_check = check;
}

/* Publishes servers that are checked, and gives the checks their time. */
static void serve_checked(struct secure *s, const char *servers)
{
    const struct sim_route route = {.name = "a", .rule = "Host:a.test", .servers = servers, .set_options = set_check};

    sim_world_publish(s->world, &route, 1);
    sim_advance(s->sim, 100);
}

static unsigned ask_once(struct secure *s)
{
    sim_client_get(&s->client, "/len/3", 1);
    sim_advance(s->sim, 100);
    return sim_client_status(&s->client, s->client.asked - 1);
}

static void test_health_checks_are_asked_over_tls_too(void **state)
{
    struct secure s;
    (void)state;

    check = (struct model_health_check){.path = SLICE("/len/2"), .interval = SLICE("10s")};
    begin(&s);
    serve_checked(&s, URL);
    assert_int_equal(s.server.request_count, 1);
    assert_true(slice_starts(text_slice(&sim_tls_server_conn(&s.server)->heard),
                             SLICE("GET /len/2 HTTP/1.1\r\nHost: 10.0.0.1:443\r\n")));
    assert_int_equal(ask_once(&s), 200);
    s.server.came = NULL; /* it still shakes hands, and says nothing then */
    sim_advance(s.sim, 10000 + 5000);
    assert_int_equal(ask_once(&s), 503);
    assert_int_equal(sim_world_ended(s.world, REASON_NO_HEALTHY_SERVER), 1);
    end(&s);
}

/* It hears no check, and fails it; the log says why. */
static void test_who_cannot_prove_his_name_fails_his_health_check(void **state)
{
    struct secure s;
    struct sim_tls_server other;
    (void)state;

    check = (struct model_health_check){.path = SLICE("/len/2"), .interval = SLICE("10s")};
    log_set_sink(take_line, NULL);
    begin_with(&s, 0, &by_stranger, URL, 0);
    sim_tls_server_init(&other, s.sim, "10.0.0.2", 443, &good);
    serve_checked(&s, URL " https://10.0.0.2:443");
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(ask_once(&s), 200);
    assert_int_equal(other.request_count, 1 + 4);
    assert_int_equal(s.server.conn_count, 1);
    sim_advance(s.sim, 30000);
    log_set_sink(NULL, NULL);
    assert_in_range(s.server.conn_count, 3, 4); /* it is asked again, and again */
    assert_int_equal(s.server.heard_bytes, 0);
    char *first = strstr(logged.ptr, "certificate is signed by nobody who is trusted");
    assert_non_null(first);
    assert_null(strstr(first + 1, "certificate is signed by nobody")); /* once, while it lasts */
    text_fini(&logged);
    sim_tls_server_fini(&other);
    end(&s);
}

/* A server in clear may have its check elsewhere, over TLS; and the other way about nobody is told more than was asked. */
static void test_the_scheme_of_a_check_is_its_own(void **state)
{
    struct sim_server clear;
    struct secure s;
    (void)state;

    check = (struct model_health_check){
        .path = SLICE("/len/2"), .interval = SLICE("10s"), .scheme = SLICE("https"), .port = 443};
    begin(&s);
    sim_server_init(&clear, s.sim, "10.0.0.1", 80, "clear");
    serve_checked(&s, "http://10.0.0.1:80");
    assert_int_equal(s.server.request_count, 1);
    assert_int_equal(clear.request_count, 0);
    assert_int_equal(ask_once(&s), 200);
    assert_int_equal(clear.request_count, 1);
    check.scheme = SLICE("http");
    check.port = 80;
    serve_checked(&s, URL);
    assert_int_equal(clear.request_count, 2);
    assert_int_equal(s.server.request_count, 1);
    assert_int_equal(ask_once(&s), 200);
    assert_int_equal(s.server.request_count, 2);
    sim_server_fini(&clear);
    end(&s);
}

static void mute_server(struct secure *s, struct slice said, bool closes)
{
    s->server.mute = true;
    sim_client_get(&s->client, "/len/3", 1);
    sim_settle(s->sim);
    sim_link_send(sim_tls_server_conn(&s->server)->wire, said);
    if (closes)
        sim_link_shut(sim_tls_server_conn(&s->server)->wire);
    sim_settle(s->sim);
}

static void test_a_server_that_speaks_no_tls_or_refuses(void **state)
{
    static const char alert[] = "\x15\x03\x03\x00\x02\x02\x28";
    struct secure s;
    (void)state;

    begin(&s);
    mute_server(&s, SLICE("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"), false);
    assert_int_equal(sim_client_status(&s.client, 0), 502);
    assert_int_equal(sim_world_ended(s.world, REASON_SERVER_TLS_BROKEN), 1);
    end(&s);
    begin(&s);
    mute_server(&s, slice_make(alert, sizeof alert - 1), true);
    assert_int_equal(sim_client_status(&s.client, 0), 502);
    assert_int_equal(sim_world_ended(s.world, REASON_SERVER_TLS_REFUSED), 1);
    end(&s);
    begin(&s);
    mute_server(&s, SLICE(""), true);
    assert_int_equal(sim_client_status(&s.client, 0), 502);
    assert_int_equal(sim_world_ended(s.world, REASON_SERVER_TLS_BROKEN), 1);
    end(&s);
}

static void test_a_server_that_is_silent_before_or_after_the_handshake(void **state)
{
    struct secure s;
    (void)state;

    begin(&s);
    s.server.mute = true;
    sim_client_get(&s.client, "/len/3", 1);
    sim_advance(s.sim, TLS_HANDSHAKE_MS - 1);
    assert_int_equal(sim_client_status(&s.client, 0), 0);
    sim_advance(s.sim, 1);
    assert_int_equal(sim_client_status(&s.client, 0), 504);
    assert_int_equal(sim_world_ended(s.world, REASON_SERVER_TLS_TIMEOUT), 1);
    end(&s);
    begin_with(&s, 0, &good, URL, 5000);
    s.server.came = NULL;
    sim_client_get(&s.client, "/len/3", 1);
    sim_advance(s.sim, 5000);
    assert_int_equal(sim_client_status(&s.client, 0), 504);
    assert_int_equal(sim_world_ended(s.world, REASON_RESPONSE_TIMEOUT), 1);
    end(&s);
}

static void test_an_answer_without_length_ends_only_when_the_server_says_so(void **state)
{
    struct secure s;
    (void)state;

    begin(&s);
    sim_client_get(&s.client, "/close/5000", 1);
    sim_settle(s.sim);
    assert_true(body_is(&s, 0, 1, 5000));
    assert_int_equal(sim_world_ended(s.world, REASON_DONE), 1);
    sim_client_get(&s.client, "/cut/5000", 2);
    sim_settle(s.sim);
    assert_int_equal(sim_client_status(&s.client, 1), 0); /* not whole */
    assert_true(sim_link_is_over(s.client.wire));
    assert_int_equal(sim_world_ended(s.world, REASON_RESPONSE_CUT), 1);
    end(&s);
}

static void test_a_stale_connection_is_replaced(void **state)
{
    (void)state;
    for (int cut = 0; cut < 2; cut++) {
        struct secure s;
        begin(&s);
        sim_client_get(&s.client, "/len/10", 1);
        sim_settle(s.sim);
        sim_tls_end(sim_tls_server_conn(&s.server), cut);
        if (cut)
            sim_settle(s.sim); /* it is noticed before, or only with the next request */
        sim_client_get(&s.client, "/len/10", 2);
        sim_settle(s.sim);
        assert_true(body_is(&s, 1, 2, 10));
        assert_int_equal(s.server.conn_count, 2);
        assert_int_equal(s.server.resumed_count, 1);
        end(&s);
    }
}

static void test_bytes_pass_both_ways_after_an_upgrade(void **state)
{
    struct secure s;
    (void)state;

    begin(&s);
    sim_client_ask(&s.client, "GET /up HTTP/1.1\r\nHost: a.test\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n");
    sim_settle(s.sim);
    assert_int_equal(sim_client_status(&s.client, 0), 101);
    assert_true(slice_eq(sim_client_rest(&s.client, 1), SLICE("hello")));
    sim_client_send(&s.client, "to and fro");
    sim_settle(s.sim);
    assert_true(slice_eq(sim_client_rest(&s.client, 1), SLICE("helloto and fro")));
    sim_link_shut(s.client.wire); /* is passed on, and comes back */
    sim_settle(s.sim);
    assert_true(sim_tls_server_conn(&s.server)->heard_end);
    assert_true(s.client.wire->got_fin);
    assert_int_equal(sim_world_ended(s.world, REASON_DONE), 1);
    end(&s);
}

static void test_who_leaves_in_the_handshake_is_left_by_its_requests(void **state)
{
    struct secure s;
    struct sim_tls_server other;
    (void)state;

    begin(&s);
    sim_tls_server_init(&other, s.sim, "10.0.0.2", 443, &good);
    s.server.mute = true;
    sim_client_get(&s.client, "/len/10", 1);
    sim_settle(s.sim);
    assert_int_equal(s.server.conn_count, 1);
    sim_world_serve(s.world, "https://10.0.0.2:443");
    sim_client_get(&s.client, "/len/10", 2);
    sim_settle(s.sim);
    assert_int_equal(sim_client_status(&s.client, 1), 200);
    assert_true(sim_link_is_over(sim_tls_server_conn(&s.server)->wire));
    sim_tls_server_fini(&other);
    end(&s);
}

static void test_a_client_that_goes_away_leaves_nothing_behind(void **state)
{
    (void)state;
    for (uint64_t steps = 0; steps < 40; steps++) {
        struct secure s;
        begin_with(&s, steps + 1, &good, URL, 0);
        s.sim->wire.absorb_every_ms = 1;
        sim_client_post(&s.client, "/echo", 1, 30000, false);
        sim_advance(s.sim, steps / 3);
        sim_link_reset(s.client.wire);
        sim_advance(s.sim, 1000);
        end(&s); /* looks that nothing is lent */
    }
}

/* The one who is asked over TLS lets everybody in, as far as he can prove who he is. */
static unsigned ask_guarded(const struct identity *shown, const char *ca, unsigned *out_conns)
{
    struct sim_route routes[] = {
        {.name = "a", .rule = "Host:a.test", .servers = SIM_SERVER_URL, .auth = "https://10.0.0.1:443/len/2", .auth_ca = ca},
        {.name = "b", .rule = "Host:b.test", .servers = SIM_SERVER_URL, .auth = "https://10.0.0.1:443/len/2", .auth_ca = ca},
    };
    struct sim_scene scene;
    struct sim_tls_server asked;

    scene_begin(&scene);
    sim_tls_server_init(&asked, scene.sim, "10.0.0.1", 443, shown);
    sim_world_publish(scene.world, routes, 2);
    for (unsigned i = 0; i < 6; i++) {
        sim_client_ask(&scene.client, i & 1 ? "GET /len/3 HTTP/1.1\r\nHost: b.test\r\nX-Id: 1\r\n\r\n"
                                            : "GET /len/3 HTTP/1.1\r\nHost: a.test\r\nX-Id: 1\r\n\r\n");
        sim_settle(scene.sim);
    }
    unsigned status = sim_client_status(&scene.client, 0);
    for (unsigned i = 1; i < 6; i++)
        assert_int_equal(sim_client_status(&scene.client, i), status);
    assert_int_equal(scene.server.executed[1], status == 200 ? 6 : 0);
    *out_conns = asked.conn_count;
    sim_tls_server_fini(&asked);
    scene_end(&scene);
    return status;
}

static void test_who_is_asked_over_tls_is_verified_and_kept(void **state)
{
    unsigned conns;
    (void)state;

    assert_int_equal(ask_guarded(&good, authority.cert_pem, &conns), 200);
    assert_int_equal(conns, 1); /* of both frontends: they say the same (defects A21) */
    assert_int_equal(ask_guarded(&by_stranger, authority.cert_pem, &conns), 500);
    assert_int_equal(ask_guarded(&good, stranger.cert_pem, &conns), 500);
    assert_int_equal(ask_guarded(&for_other, authority.cert_pem, &conns), 500);
    assert_int_equal(ask_guarded(&good, NULL, &conns), 500); /* the system trusts no such authority */
}

static void test_tls_options_that_cannot_be_used_close_the_frontend(void **state)
{
    unsigned conns;
    (void)state;

    assert_int_equal(ask_guarded(&good, "/nowhere/ca.pem", &conns), 503);
    assert_int_equal(conns, 0);
    assert_int_equal(ask_guarded(&good, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", &conns), 503);
    assert_int_equal(ask_guarded(&good, authority.key_pem, &conns), 503);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_requests_share_a_connection_which_holds_nothing_while_it_rests),
        cmocka_unit_test(test_bodies_arrive_whole_however_they_are_cut),
        cmocka_unit_test(test_who_cannot_prove_his_name_hears_nothing),
        cmocka_unit_test(test_another_server_takes_what_one_without_proof_does_not_get),
        cmocka_unit_test(test_health_checks_are_asked_over_tls_too),
        cmocka_unit_test(test_who_cannot_prove_his_name_fails_his_health_check),
        cmocka_unit_test(test_the_scheme_of_a_check_is_its_own),
        cmocka_unit_test(test_a_server_that_speaks_no_tls_or_refuses),
        cmocka_unit_test(test_a_server_that_is_silent_before_or_after_the_handshake),
        cmocka_unit_test(test_an_answer_without_length_ends_only_when_the_server_says_so),
        cmocka_unit_test(test_a_stale_connection_is_replaced),
        cmocka_unit_test(test_bytes_pass_both_ways_after_an_upgrade),
        cmocka_unit_test(test_who_leaves_in_the_handshake_is_left_by_its_requests),
        cmocka_unit_test(test_who_is_asked_over_tls_is_verified_and_kept),
        cmocka_unit_test(test_tls_options_that_cannot_be_used_close_the_frontend),
        cmocka_unit_test(test_a_client_that_goes_away_leaves_nothing_behind),
    };
    return cmocka_run_group_tests(tests, make_identities, drop_identities);
}
