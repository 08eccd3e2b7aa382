/* SPDX-License-Identifier: MIT */
/* A whole worker whose clients come over TLS: what reaches servers, who is turned away, and with what reason. */
#include "sim_test.h"
#include "sim_tls_client.h"
#include "waybill/base/log.h"
#include "waybill/net/tls_server.h"

#define REQUEST "GET /len/3 HTTP/1.1\r\nHost: a.test\r\n\r\n"

static struct identity authority, one, two;
static SSL_CTX *library;

static int make_identities(void **state)
{
    (void)state;
    identity_make(&authority, NULL, NULL, -1, 100);
    identity_make(&one, &authority, "DNS:a.test", -1, 100);
    identity_make(&two, &authority, "DNS:b.test", -1, 100);
    library = sim_tls_client_library(&authority);
    return 0;
}

static int drop_identities(void **state)
{
    (void)state;
    identity_drop(&authority);
    identity_drop(&one);
    identity_drop(&two);
    SSL_CTX_free(library);
    return 0;
}

struct scene {
    struct sim_scene plain; /* first */
    struct model_tls tls;
    struct sim_tls_client secure;
    bool is_secure;
};

static void show(struct scene *scene, const struct identity *first, const struct identity *second)
{
    const struct identity *all[] = {first, second};
    struct tls_certificates *set = tls_certificates_create();
    char *problem = NULL;

    for (size_t i = 0; i < WB_COUNT(all); i++) {
        struct tls_certificate *certificate = tls_certificate_create(slice_of(all[i]->cert_pem), slice_of(all[i]->key_pem),
                                                                     &problem);
        assert_non_null(certificate);
        tls_certificates_add(set, certificate);
        if (i == 0)
            tls_certificates_set_default(set, certificate);
        tls_certificate_unref(&certificate);
    }
    tls_server_set_certificates(scene->plain.world->entrypoint.tls, &set);
}

static void prepare(struct scene *scene, uint64_t seed)
{
    *scene = (struct scene){0};
    scene_prepare(&scene->plain, seed);
    scene->plain.world->outer.tls = &scene->tls;
}

static void start(struct scene *scene)
{
    scene_start(&scene->plain);
    show(scene, &one, &two);
}

static void begin(struct scene *scene)
{
    prepare(scene, 0);
    start(scene);
}

static void shake(struct scene *scene, const char *name)
{
    sim_tls_client_begin(&scene->secure, library, scene->plain.client.wire, name, NULL);
    scene->is_secure = true;
}

static void end(struct scene *scene)
{
    if (scene->is_secure)
        sim_tls_client_fini(&scene->secure);
    scene_end(&scene->plain);
}

static void say(struct scene *scene, const char *text)
{
    sim_tls_client_say(&scene->secure, slice_of(text));
    sim_advance(scene->plain.sim, 10);
}

static bool heard(const struct scene *scene, const char *part)
{
    struct slice bytes = text_slice(&scene->secure.heard);
    return memmem(bytes.ptr, bytes.len, part, strlen(part)) != NULL;
}

static uint64_t ended(const struct scene *scene, enum reason reason)
{
    return sim_world_ended(scene->plain.world, reason);
}

static void expect_closed(struct scene *scene, uint64_t within_ms)
{
    sim_advance(scene->plain.sim, within_ms);
    assert_true(sim_link_is_over(scene->plain.client.wire));
    assert_int_equal(entry_count(scene->plain.world->entry), 0);
}

static void test_servers_learn_that_it_was_https(void **state)
{
    struct scene scene;
    (void)state;

    begin(&scene);
    shake(&scene, "a.test");
    say(&scene, REQUEST REQUEST);
    assert_true(heard(&scene, "HTTP/1.1 200 OK"));
    assert_int_equal(scene.plain.server.request_count, 2);
    struct slice head = text_slice(&scene.plain.server.last_head);
    assert_non_null(memmem(head.ptr, head.len, "X-Forwarded-Proto: https\r\n", 26));
    assert_non_null(memmem(head.ptr, head.len, "X-Forwarded-Port: 443\r\n", 23));
    end(&scene);
}

/* Cut anywhere, both ways. */
static void test_bodies_pass_both_ways(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct scene scene;
        struct text body = TEXT_EMPTY, request = TEXT_EMPTY;
        prepare(&scene, seed);
        scene.plain.sim->vary = true;
        start(&scene);
        shake(&scene, "a.test");
        size_t len = 1 + (size_t)sim_draw(scene.plain.sim, 60000);
        sim_body_add(&body, seed, len);
        text_addf(&request, "POST /echo HTTP/1.1\r\nHost: a.test\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n", len);
        text_add(&request, text_slice(&body));
        sim_tls_client_say(&scene.secure, text_slice(&request));
        sim_advance(scene.plain.sim, 20000);
        assert_true(slice_ends(text_slice(&scene.secure.heard), text_slice(&body)));
        assert_false(scene.secure.failed);
        text_fini(&body);
        text_fini(&request);
        end(&scene);
    }
}

/* Security case D3: silence, half a hello, a hello byte by byte. */
static void test_a_handshake_is_not_waited_for_forever(void **state)
{
    struct scene scene;
    (void)state;

    begin(&scene); /* silence: the time of a head */
    sim_advance(scene.plain.sim, 9999);
    assert_int_equal(entry_count(scene.plain.world->entry), 1);
    expect_closed(&scene, 1);
    end(&scene);

    begin(&scene);
    sim_link_send(scene.plain.client.wire, SLICE("\x16\x03\x01\x02\x00\x01"));
    sim_advance(scene.plain.sim, 9999);
    assert_int_equal(entry_count(scene.plain.world->entry), 1);
    expect_closed(&scene, 1);
    assert_int_equal(ended(&scene, REASON_CLIENT_TLS_TIMEOUT), 1);
    end(&scene);

    begin(&scene); /* a byte each 100 ms: no byte buys more time */
    for (unsigned i = 0; i < 150 && !sim_link_is_over(scene.plain.client.wire); i++) {
        sim_link_send(scene.plain.client.wire, i ? SLICE("\1") : SLICE("\x16"));
        sim_advance(scene.plain.sim, 100);
    }
    expect_closed(&scene, 1);
    end(&scene);

    prepare(&scene, 0);
    scene.plain.sim->wire.deliver_max = 1;
    start(&scene);
    shake(&scene, "a.test");
    say(&scene, REQUEST);
    assert_true(heard(&scene, "HTTP/1.1 200 OK"));
    end(&scene);
}

static void test_http_in_clear_is_told_so(void **state)
{
    struct scene scene;
    struct sim_message answer;
    (void)state;

    begin(&scene);
    sim_client_ask(&scene.plain.client, REQUEST);
    sim_advance(scene.plain.sim, 10);
    assert_true(sim_client_answer(&scene.plain.client, 0, &answer));
    assert_int_equal(sim_message_status(&answer), 400);
    assert_true(slice_eq(text_slice(&answer.body), SLICE("Client sent an HTTP request to an HTTPS server.\n")));
    sim_message_fini(&answer);
    sim_link_shut(scene.plain.client.wire);
    expect_closed(&scene, 10);
    assert_int_equal(ended(&scene, REASON_PLAIN_ON_TLS), 1);
    assert_int_equal(scene.plain.server.request_count, 0);
    end(&scene);
}

static void test_what_is_no_tls_is_closed(void **state)
{
    static const struct slice rows[] = {
        SLICE("\0\0\0\x08\x04\xd2\x16\x2f"),           /* another protocol's wish for TLS (security case D2) */
        SLICE("\x80\x2e\x01\x00\x02\x00\x15\x00"),     /* SSL 2 */
        SLICE("\x16\x03\x01\x00\x04\xff\x00\x00\x00"), /* no hello */
        SLICE("\x16\xff\xff\xff\xff\xff\xff"),
    };
    (void)state;

    for (size_t i = 0; i < WB_COUNT(rows); i++) {
        struct scene scene;
        begin(&scene);
        sim_link_send(scene.plain.client.wire, rows[i]);
        expect_closed(&scene, 10);
        assert_int_equal(ended(&scene, REASON_CLIENT_TLS_FAILED), 1);
        end(&scene);
    }
}

/* Security case T2. */
static void test_a_host_that_was_not_let_in_is_misdirected(void **state)
{
    struct scene scene;
    struct sim_route routes[] = {{.name = "a", .rule = "Host:a.test", .servers = SIM_SERVER_URL},
                                 {.name = "z", .rule = "Host:zzz.test", .servers = SIM_SERVER_URL}};
    (void)state;

    prepare(&scene, 0);
    scene.tls.sni_strict = true;
    start(&scene);
    sim_world_publish(scene.plain.world, routes, WB_COUNT(routes));
    shake(&scene, "a.test");
    say(&scene, "GET /len/3 HTTP/1.1\r\nHost: zzz.test\r\n\r\n");
    assert_true(heard(&scene, "HTTP/1.1 421 Misdirected Request"));
    assert_int_equal(scene.plain.server.request_count, 0);
    say(&scene, "GET /len/3 HTTP/1.1\r\nHost: A.test:443\r\n\r\n");
    say(&scene, "GET /len/3 HTTP/1.1\r\nHost: b.test\r\n\r\n"); /* it would have been let in, and there is no such route */
    assert_true(heard(&scene, "HTTP/1.1 200 OK") && heard(&scene, "HTTP/1.1 404 Not Found"));
    assert_int_equal(ended(&scene, REASON_MISDIRECTED), 1);
    end(&scene);

    prepare(&scene, 0); /* all names are let in alike */
    start(&scene);
    sim_world_publish(scene.plain.world, routes, WB_COUNT(routes));
    shake(&scene, "a.test");
    say(&scene, "GET /len/3 HTTP/1.1\r\nHost: zzz.test\r\n\r\n");
    assert_true(heard(&scene, "HTTP/1.1 200 OK"));
    end(&scene);
}

static void test_a_proxy_header_comes_before_tls(void **state)
{
    struct scene scene;
    (void)state;

    prepare(&scene, 0);
    scene.plain.world->outer.proxy_protocol = scene.plain.world->outer.proxy_insecure = true;
    start(&scene);
    sim_link_send(scene.plain.client.wire, SLICE("PROXY TCP4 203.0.113.5 192.0.2.200 40000 80\r\n"));
    shake(&scene, "a.test");
    say(&scene, REQUEST);
    struct slice head = text_slice(&scene.plain.server.last_head);
    assert_non_null(memmem(head.ptr, head.len, "X-Forwarded-For: 203.0.113.5\r\n", 30));
    end(&scene);
}

static void test_certificates_are_replaced_under_connections(void **state)
{
    struct scene scene;
    (void)state;

    begin(&scene);
    shake(&scene, "a.test");
    sim_settle(scene.plain.sim);
    show(&scene, &two, &two);
    say(&scene, REQUEST);
    assert_true(heard(&scene, "HTTP/1.1 200 OK"));
    sim_tls_client_fini(&scene.secure);
    sim_client_connect(&scene.plain.client, scene.plain.sim, scene.plain.world->entry, "192.0.2.2");
    shake(&scene, "b.test");
    sim_settle(scene.plain.sim);
    assert_int_equal(X509_cmp(SSL_get0_peer_certificate(scene.secure.library), two.cert), 0);
    end(&scene);
}

static void test_draining_ends_who_has_not_asked(void **state)
{
    static const enum { SILENT, SHAKING, IDLE, ASKING } rows[] = {SILENT, SHAKING, IDLE, ASKING};
    (void)state;

    for (size_t i = 0; i < WB_COUNT(rows); i++) {
        struct scene scene;
        begin(&scene);
        if (rows[i] == SHAKING)
            sim_link_send(scene.plain.client.wire, SLICE("\x16\x03\x01\x02\x00\x01"));
        if (rows[i] >= IDLE)
            shake(&scene, "a.test");
        if (rows[i] == IDLE)
            say(&scene, REQUEST);
        if (rows[i] == ASKING)
            sim_tls_client_say(&scene.secure, SLICE("GET /len/3/2000 HTTP/1.1\r\nHost: a.test\r\n\r\n"));
        sim_advance(scene.plain.sim, 10);
        entry_drain(scene.plain.world->entry);
        sim_advance(scene.plain.sim, 1000);
        assert_int_equal(sim_link_is_over(scene.plain.client.wire), rows[i] != ASKING);
        sim_advance(scene.plain.sim, 3000);
        assert_int_equal(entry_count(scene.plain.world->entry), 0);
        if (rows[i] >= IDLE)
            assert_true(heard(&scene, "HTTP/1.1 200 OK") && scene.secure.heard_end);
        end(&scene);
    }
}

/* An answer of no known length ends with the connection: over TLS that is an end only with a close_notify, which must get
 * there, however small the socket is. */
static void test_an_answer_up_to_the_end_has_an_end(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct scene scene;
        prepare(&scene, seed);
        scene.plain.sim->vary = true;
        start(&scene);
        shake(&scene, "a.test");
        sim_tls_client_say(&scene.secure, SLICE("GET /close/20000 HTTP/1.0\r\nHost: a.test\r\n\r\n"));
        sim_advance(scene.plain.sim, 20000);
        assert_true(heard(&scene, "HTTP/1.1 200 OK") && scene.secure.heard.len > 20000);
        assert_true(scene.secure.heard_end && !scene.secure.failed);
        end(&scene);
    }
}

/* An end without close_notify, in the middle of a request: no server gets half of one. */
static void test_a_cut_is_no_end(void **state)
{
    struct scene scene;
    (void)state;

    begin(&scene);
    shake(&scene, "a.test");
    say(&scene, "GET /len/3 HTTP/1.1\r\nHost: a.t");
    sim_tls_client_end(&scene.secure, true);
    expect_closed(&scene, 10);
    assert_int_equal(scene.plain.server.request_count, 0);
    end(&scene);
}

static void test_a_tunnel_goes_over_tls(void **state)
{
    struct scene scene;
    (void)state;

    begin(&scene);
    shake(&scene, "a.test");
    say(&scene, "GET /up HTTP/1.1\r\nHost: a.test\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n");
    say(&scene, "tell me again");
    assert_true(heard(&scene, "HTTP/1.1 101 ") && heard(&scene, "tell me again"));
    sim_tls_client_end(&scene.secure, false);
    sim_advance(scene.plain.sim, 10);
    assert_true(scene.secure.heard_end);
    end(&scene);
}

/* Ours first, but a processor without AES decides for itself. */
static void test_ciphers_are_chosen_by_us(void **state)
{
    static const struct {
        const char *offered, *chosen;
    } rows[] = {
        {"TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256", "TLS_AES_128_GCM_SHA256"},
        {"TLS_CHACHA20_POLY1305_SHA256:TLS_AES_256_GCM_SHA384:TLS_AES_128_GCM_SHA256", "TLS_CHACHA20_POLY1305_SHA256"},
        {"TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256", "TLS_AES_256_GCM_SHA384"},
    };
    (void)state;

    for (size_t i = 0; i < WB_COUNT(rows); i++) {
        struct scene scene;
        begin(&scene);
        assert_int_equal(SSL_CTX_set_ciphersuites(library, rows[i].offered), 1);
        shake(&scene, "a.test");
        say(&scene, REQUEST);
        assert_true(heard(&scene, "HTTP/1.1 200 OK"));
        assert_string_equal(SSL_get_cipher_name(scene.secure.library), rows[i].chosen);
        end(&scene);
    }
    assert_int_equal(SSL_CTX_set_ciphersuites(library, TLS_DEFAULT_CIPHERSUITES), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_servers_learn_that_it_was_https),
        cmocka_unit_test(test_bodies_pass_both_ways),
        cmocka_unit_test(test_a_handshake_is_not_waited_for_forever),
        cmocka_unit_test(test_http_in_clear_is_told_so),
        cmocka_unit_test(test_what_is_no_tls_is_closed),
        cmocka_unit_test(test_a_host_that_was_not_let_in_is_misdirected),
        cmocka_unit_test(test_a_proxy_header_comes_before_tls),
        cmocka_unit_test(test_certificates_are_replaced_under_connections),
        cmocka_unit_test(test_draining_ends_who_has_not_asked),
        cmocka_unit_test(test_an_answer_up_to_the_end_has_an_end),
        cmocka_unit_test(test_a_cut_is_no_end),
        cmocka_unit_test(test_a_tunnel_goes_over_tls),
        cmocka_unit_test(test_ciphers_are_chosen_by_us),
    };
    return cmocka_run_group_tests(tests, make_identities, drop_identities);
}
