/* SPDX-License-Identifier: MIT */
/* TLS as it is offered, without a worker: whatever way the bytes are cut, both ends hear what the other has said; which certificate
 * is shown; who is let in; what a ticket is worth. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "sim_message.h"
#include "sim_tls_client.h"
#include "waybill/net/tls.h"
#include "waybill/net/tls_client.h"
#include "waybill/net/tls_credentials.h"
#include "waybill/net/tls_server.h"
#include <errno.h>
#include <openssl/err.h>
#include <stdio.h>

static struct identity authority, stranger, one, two, wild, client_good, client_bad;

static int make_identities(void **state)
{
    (void)state;
    identity_make(&authority, NULL, NULL, -1, 100);
    identity_make(&stranger, NULL, NULL, -1, 100);
    identity_make(&one, &authority, "DNS:a.test,IP:127.0.0.1", -1, 100);
    identity_make(&two, &authority, "DNS:b.test,DNS:x.w.test", -1, 100);
    identity_make(&wild, &authority, "DNS:*.w.test", -1, 100);
    identity_make(&client_good, &authority, "DNS:who.test,email:who@c.test,URI:urn:x,IP:::1", -1, 100);
    identity_make(&client_bad, &stranger, "DNS:who.test", -1, 100);
    return 0;
}

static int drop_identities(void **state)
{
    struct identity *all[] = {&authority, &stranger, &one, &two, &wild, &client_good, &client_bad};
    (void)state;

    for (size_t i = 0; i < WB_COUNT(all); i++)
        identity_drop(all[i]);
    return 0;
}

/* An entrypoint, and one client of it. */
struct rig {
    struct sim sim;
    struct tls_server *server;
    struct tls_acceptor *acceptor;
    SSL_CTX *library;
    struct sim_tls_client client;
    struct stream *stream;
    struct text got;
    bool called;
};

static struct tls_certificate *certificate_of(const struct identity *identity)
{
    char *problem = NULL;
    struct tls_certificate *made = tls_certificate_create(slice_of(identity->cert_pem), slice_of(identity->key_pem), &problem);

    assert_non_null(made);
    assert_null(problem);
    return made;
}

static struct tls_certificates *set_of(const struct identity *const *identities, size_t count, const struct identity *fallback)
{
    struct tls_certificates *set = tls_certificates_create();

    for (size_t i = 0; i < count; i++) {
        struct tls_certificate *certificate = certificate_of(identities[i]);
        assert_true(tls_certificates_add(set, certificate));
        tls_certificate_unref(&certificate);
    }
    if (fallback) {
        struct tls_certificate *certificate = certificate_of(fallback);
        tls_certificates_set_default(set, certificate);
        tls_certificate_unref(&certificate);
    }
    return set;
}

static void show(struct tls_server *server, const struct identity *first, const struct identity *second,
                 const struct identity *fallback)
{
    const struct identity *all[] = {first, second};
    struct tls_certificates *set = set_of(all, second ? 2 : 1, fallback);

    tls_server_set_certificates(server, &set);
    assert_null(set);
}

static void believe(struct tls_server *server, const struct identity *identity)
{
    struct slice pem = slice_of(identity->cert_pem);
    char *problem = NULL;
    struct tls_credentials *made = tls_credentials_create(
        &(struct tls_options){.ca_option = "CA", .cas = &pem, .ca_count = 1}, &problem);

    assert_non_null(made);
    tls_server_set_authorities(server, &made);
}

static const struct tls_server_options usual = {.min_version = TLS_VERSION_1_2};

static void prepare(struct rig *rig, uint64_t seed, const struct tls_server_options *options)
{
    *rig = (struct rig){0};
    sim_init(&rig->sim, seed);
    rig->server = tls_server_create(options);
    rig->acceptor = tls_acceptor_create(rig->server);
    rig->library = sim_tls_client_library(&authority);
    show(rig->server, &one, NULL, &one);
}

static void on_poke(void *owner)
{
    struct rig *rig = owner;

    text_add(&rig->got, stream_bytes(rig->stream));
    stream_consume(rig->stream, stream_bytes(rig->stream).len);
    stream_release(rig->stream);
}

static void call_with(struct rig *rig, struct tls_acceptor *acceptor, const char *name, SSL_SESSION *session)
{
    struct sim_link *wire;
    struct stream *plain = sim_link_accept(&rig->sim, "192.0.2.1", &wire);

    address_parse(SLICE("127.0.0.1"), 443, &plain->local);
    sim_tls_client_begin(&rig->client, rig->library, wire, name, session);
    rig->stream = tls_accept(acceptor, &plain);
    assert_null(plain);
    stream_set_owner(rig->stream, on_poke, rig);
    stream_want_read(rig->stream, true);
    rig->called = true;
}

static void call(struct rig *rig, const char *name)
{
    call_with(rig, rig->acceptor, name, NULL);
    sim_settle(&rig->sim);
}

static void hang_up(struct rig *rig)
{
    if (!rig->called)
        return;
    stream_close(&rig->stream);
    sim_settle(&rig->sim);
    sim_tls_client_fini(&rig->client);
    rig->called = false;
}

static void end(struct rig *rig)
{
    hang_up(rig);
    tls_acceptor_destroy(&rig->acceptor);
    tls_server_destroy(&rig->server);
    SSL_CTX_free(rig->library);
    sim_settle(&rig->sim);
    sim_fini(&rig->sim); /* looks that no buffer is lent and no deadline is left */
    text_fini(&rig->got);
}

static bool shows(struct rig *rig, const char *name, const struct identity *identity)
{
    call(rig, name);
    X509 *cert = SSL_get0_peer_certificate(rig->client.library);
    bool equal = sim_tls_client_is_shaken(&rig->client) && cert && X509_cmp(cert, identity->cert) == 0;
    if (equal) {
        assert_true(rig->stream->connected && rig->stream->is_secure);
        assert_true(slice_eq(tls_stream_server_name(rig->stream), slice_of(name)));
    }
    hang_up(rig);
    return equal;
}

static void test_the_certificate_is_chosen_by_name(void **state)
{
    struct rig rig;
    (void)state;

    prepare(&rig, 0, &usual);
    show(rig.server, &two, &wild, &one);
    assert_true(shows(&rig, "b.test", &two));
    assert_true(shows(&rig, "B.Test", &two));
    assert_true(shows(&rig, "x.w.test", &two)); /* exactly it goes before the wildcard */
    assert_true(shows(&rig, "y.w.test", &wild));
    assert_true(shows(&rig, "y.x.w.test", &one)); /* one label, no more */
    assert_true(shows(&rig, "w.test", &one));
    assert_true(shows(&rig, "zzz.test", &one));
    assert_true(shows(&rig, NULL, &one));
    show(rig.server, &one, NULL, &two);
    assert_true(shows(&rig, NULL, &one)); /* it is for the address that was called */
    end(&rig);
}

static void test_strict_servers_refuse_names_they_do_not_have(void **state)
{
    const struct tls_server_options strict = {.min_version = TLS_VERSION_1_2, .sni_strict = true};
    static const char *const names[] = {"zzz.test", "a.test.zzz", ""};
    struct rig rig;
    (void)state;

    prepare(&rig, 0, &strict);
    show(rig.server, &two, &wild, &one);
    assert_true(shows(&rig, "b.test", &two));
    for (size_t i = 0; i < WB_COUNT(names); i++) {
        call(&rig, names[i][0] ? names[i] : NULL);
        assert_false(rig.stream->connected);
        assert_true(rig.stream->error);
        assert_int_equal(rig.client.failure, SSL_R_TLSV1_UNRECOGNIZED_NAME);
        hang_up(&rig);
    }
    assert_true(tls_server_admits(rig.server, SLICE("B.test")));
    assert_true(tls_server_admits(rig.server, SLICE("y.w.test")));
    assert_false(tls_server_admits(rig.server, SLICE("zzz.test")));
    end(&rig);
}

/* Both directions at once, cut anywhere, with sockets of any size. */
static void exchange_bytes(uint64_t seed, int version)
{
    struct rig rig;
    struct text up = TEXT_EMPTY, down = TEXT_EMPTY;

    prepare(&rig, seed, &usual);
    rig.sim.vary = true;
    SSL_CTX_set_max_proto_version(rig.library, version);
    size_t most = seed % 10 ? 20000 : 150000;
    sim_body_add(&up, seed, 1 + (size_t)sim_draw(&rig.sim, most));
    sim_body_add(&down, seed + 1, 1 + (size_t)sim_draw(&rig.sim, most));
    call(&rig, "a.test");
    assert_true(rig.stream->connected);
    sim_tls_client_say(&rig.client, text_slice(&up));
    for (size_t at = 0; at < down.len;) {
        struct slice part = slice_head(slice_from(text_slice(&down), at), 1 + (size_t)sim_draw(&rig.sim, 40000));
        at += part.len;
        stream_write(rig.stream, &part, 1);
        sim_settle(&rig.sim);
        assert_false(rig.stream->writing);
    }
    sim_tls_client_end(&rig.client, false);
    sim_settle(&rig.sim);
    assert_true(slice_eq(text_slice(&rig.got), text_slice(&up)));
    assert_true(slice_eq(text_slice(&rig.client.heard), text_slice(&down)));
    assert_true(rig.stream->eof && !rig.stream->error);
    text_fini(&up);
    text_fini(&down);
    end(&rig);
}

static void test_whatever_is_said_is_heard(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 40; seed++)
        exchange_bytes(seed, seed & 1 ? TLS1_3_VERSION : TLS1_2_VERSION);
}

/* Security case D3. */
static void test_a_hello_may_come_byte_by_byte(void **state)
{
    static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
    (void)state;

    for (size_t i = 0; i < WB_COUNT(versions); i++) {
        struct rig rig;
        prepare(&rig, 0, &usual);
        SSL_CTX_set_max_proto_version(rig.library, versions[i]);
        rig.sim.wire.deliver_max = 1;
        call(&rig, "a.test");
        assert_true(rig.stream->connected);
        sim_tls_client_say(&rig.client, SLICE("hello"));
        sim_settle(&rig.sim);
        assert_true(slice_eq(text_slice(&rig.got), SLICE("hello")));
        end(&rig);
    }
}

static void test_a_handshake_has_its_time(void **state)
{
    struct rig rig;
    struct sim_link *wire;
    (void)state;

    prepare(&rig, 0, &usual);
    struct stream *plain = sim_link_accept(&rig.sim, "192.0.2.1", &wire);
    rig.stream = tls_accept(rig.acceptor, &plain);
    stream_set_owner(rig.stream, on_poke, &rig);
    sim_link_send(wire, SLICE("\x16\x03\x01\x02\x00\x01"));
    sim_advance(&rig.sim, TLS_HANDSHAKE_MS - 1);
    assert_int_equal(rig.stream->error, 0);
    sim_advance(&rig.sim, 1);
    assert_int_equal(rig.stream->error, -ETIMEDOUT);
    assert_int_equal(tls_stream_failure(rig.stream), TLS_TOO_SLOW);
    stream_close(&rig.stream);
    end(&rig);
}

static void test_versions_below_the_lowest_are_refused(void **state)
{
    static const struct {
        enum tls_version lowest;
        int spoken;
        bool good;
    } rows[] = {
        {TLS_VERSION_1_2, TLS1_VERSION, false},  {TLS_VERSION_1_2, TLS1_1_VERSION, false}, {TLS_VERSION_1_2, TLS1_2_VERSION, true},
        {TLS_VERSION_1_2, TLS1_3_VERSION, true}, {TLS_VERSION_1_3, TLS1_2_VERSION, false}, {TLS_VERSION_1_3, TLS1_3_VERSION, true},
        {TLS_VERSION_1_0, TLS1_VERSION, true},   {TLS_VERSION_1_1, TLS1_VERSION, false},
    };
    (void)state;

    for (size_t i = 0; i < WB_COUNT(rows); i++) {
        const struct tls_server_options options = {.min_version = rows[i].lowest};
        struct rig rig;
        prepare(&rig, 0, &options);
        SSL_CTX_set_security_level(rig.library, 0);
        SSL_CTX_set_min_proto_version(rig.library, rows[i].spoken);
        SSL_CTX_set_max_proto_version(rig.library, rows[i].spoken);
        call(&rig, "a.test");
        if (rig.stream->connected != rows[i].good)
            fail_msg("row %zu: %s", i, tls_stream_detail(rig.stream));
        end(&rig);
    }
}

static void test_only_the_ciphers_that_were_named_are_spoken(void **state)
{
    struct text list = TEXT_EMPTY;
    struct rig rig;
    (void)state;

    assert_int_equal(tls_cipher_add(&list, SLICE("TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384")), TLS_CIPHER_ADDED);
    assert_int_equal(tls_cipher_add(&list, SLICE("tls_ecdhe_ecdsa_with_chacha20_poly1305")), TLS_CIPHER_ADDED);
    assert_int_equal(tls_cipher_add(&list, SLICE("TLS_RSA_WITH_RC4_128_SHA")), TLS_CIPHER_TOO_WEAK);
    assert_int_equal(tls_cipher_add(&list, SLICE("TLS_AES_128_GCM_SHA256")), TLS_CIPHER_OF_1_3);
    assert_int_equal(tls_cipher_add(&list, SLICE("TLS_NULL")), TLS_CIPHER_UNKNOWN);
    const struct tls_server_options options = {.min_version = TLS_VERSION_1_2, .ciphers = text_slice(&list)};
    prepare(&rig, 0, &options);
    SSL_CTX_set_max_proto_version(rig.library, TLS1_2_VERSION);
    call(&rig, "a.test");
    assert_string_equal(SSL_get_cipher_name(rig.client.library), "ECDHE-ECDSA-AES256-GCM-SHA384");
    hang_up(&rig);
    SSL_CTX_set_cipher_list(rig.library, "ECDHE-ECDSA-AES128-GCM-SHA256");
    call(&rig, "a.test");
    assert_false(rig.stream->connected);
    end(&rig);
    text_fini(&list);
}

static void offer(struct rig *rig, const char *protocols)
{
    unsigned char list[64];
    unsigned len = 0;
    struct slice rest = slice_of(protocols), name;

    while (slice_cut(&rest, ',', &name)) {
        list[len++] = (unsigned char)name.len;
        memcpy(list + len, name.ptr, name.len);
        len += (unsigned)name.len;
    }
    assert_int_equal(SSL_CTX_set_alpn_protos(rig->library, list, len), 0);
}

static void test_a_protocol_is_agreed_on(void **state)
{
    static const struct {
        bool offers_http2;
        const char *offered, *chosen; /* NULL: refused */
    } rows[] = {
        {false, "h2,http/1.1", "http/1.1"}, {true, "h2,http/1.1", "h2"}, {true, "http/1.1,h2", "h2"},
        {true, "http/1.1", "http/1.1"},     {false, "h2", NULL},         {true, "acme-tls/1", NULL},
        {true, "", ""},
    };
    (void)state;

    for (size_t i = 0; i < WB_COUNT(rows); i++) {
        const struct tls_server_options options = {.min_version = TLS_VERSION_1_2, .offers_http2 = rows[i].offers_http2};
        struct rig rig;
        prepare(&rig, 0, &options);
        if (rows[i].offered[0])
            offer(&rig, rows[i].offered);
        call(&rig, "a.test");
        assert_int_equal(rig.stream->connected, rows[i].chosen != NULL);
        if (rows[i].chosen)
            assert_true(slice_eq(stream_protocol(rig.stream), slice_of(rows[i].chosen)));
        else
            assert_int_equal(rig.client.failure, SSL_R_TLSV1_ALERT_NO_APPLICATION_PROTOCOL);
        end(&rig);
    }
}

static void come_as(struct rig *rig, const struct identity *identity)
{
    SSL_CTX_free(rig->library);
    rig->library = sim_tls_client_library(&authority);
    SSL_CTX_set_mode(rig->library, SSL_MODE_NO_AUTO_CHAIN);
    if (identity)
        assert_int_equal(SSL_CTX_use_cert_and_key(rig->library, identity->cert, identity->key, NULL, 1), 1);
}

/* Security case T1: until it is known who verifies, nobody gets in. */
static void test_clients_are_checked(void **state)
{
    static const struct {
        enum tls_client_check check;
        bool is_known;
        const struct identity *client;
        int good;
    } rows[] = {
        {TLS_CLIENTS_ARE_NOT_ASKED, false, NULL, true},        {TLS_CLIENTS_ARE_NOT_ASKED, false, &client_bad, true},
        {TLS_CLIENTS_MAY_SHOW, true, NULL, true},              {TLS_CLIENTS_MAY_SHOW, true, &client_good, true},
        {TLS_CLIENTS_MAY_SHOW, true, &client_bad, false},      {TLS_CLIENTS_MUST_SHOW, true, NULL, false},
        {TLS_CLIENTS_MUST_SHOW, true, &client_good, true},     {TLS_CLIENTS_MUST_SHOW, true, &client_bad, false},
        {TLS_CLIENTS_MAY_SHOW, false, NULL, false},            {TLS_CLIENTS_MAY_SHOW, false, &client_good, false},
        {TLS_CLIENTS_MUST_SHOW, false, &client_good, false},   {TLS_CLIENTS_MUST_SHOW, false, NULL, false},
    };
    (void)state;

    for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++)
        for (size_t i = 0; i < WB_COUNT(rows); i++) {
            const struct tls_server_options options = {.min_version = TLS_VERSION_1_2, .client_check = rows[i].check};
            struct rig rig;
            prepare(&rig, 0, &options);
            come_as(&rig, rows[i].client);
            SSL_CTX_set_max_proto_version(rig.library, version);
            if (rows[i].is_known)
                believe(rig.server, &authority);
            call(&rig, "a.test");
            if (rig.stream->connected != rows[i].good)
                fail_msg("row %zu: %s", i, tls_stream_detail(rig.stream));
            assert_int_equal(rig.client.failed, !rows[i].good);
            end(&rig);
        }
}

static void test_authorities_are_replaced_for_the_next_handshake(void **state)
{
    const struct tls_server_options options = {.min_version = TLS_VERSION_1_2, .client_check = TLS_CLIENTS_MUST_SHOW};
    struct rig rig;
    (void)state;

    prepare(&rig, 0, &options);
    believe(rig.server, &authority);
    come_as(&rig, &client_good);
    call(&rig, "a.test");
    assert_true(rig.stream->connected);
    believe(rig.server, &stranger);
    sim_tls_client_say(&rig.client, SLICE("still here"));
    sim_settle(&rig.sim);
    assert_true(slice_eq(text_slice(&rig.got), SLICE("still here")));
    hang_up(&rig);
    call(&rig, "a.test");
    assert_false(rig.stream->connected);
    end(&rig);
}

static SSL_SESSION *ticket_from(struct rig *rig, const char *name)
{
    call(rig, name);
    assert_true(rig->stream->connected);
    SSL_SESSION *session = rig->client.session;
    rig->client.session = NULL;
    sim_tls_client_end(&rig->client, false);
    sim_settle(&rig->sim);
    hang_up(rig);
    return session;
}

static bool resumes(struct rig *rig, struct tls_acceptor *acceptor, SSL_SESSION *session)
{
    SSL_SESSION *copy = SSL_SESSION_dup(session); /* one is spoilt by a connection that is cut */
    call_with(rig, acceptor, "a.test", copy);
    SSL_SESSION_free(copy);
    sim_settle(&rig->sim);
    bool resumed = rig->stream->connected && SSL_session_reused(rig->client.library);
    assert_true(rig->stream->connected);
    hang_up(rig);
    return resumed;
}

/* Security case T3. */
static void test_a_ticket_is_good_at_its_own_entrypoint_only(void **state)
{
    (void)state;
    for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
        const struct tls_server_options checked = {.min_version = TLS_VERSION_1_2, .client_check = TLS_CLIENTS_MAY_SHOW};
        struct tls_server *other = tls_server_create(&usual), *guarded = tls_server_create(&checked);
        struct tls_acceptor *elsewhere = tls_acceptor_create(other), *guard = tls_acceptor_create(guarded);
        struct rig rig;
        prepare(&rig, 0, &usual);
        show(other, &one, NULL, &one);
        show(guarded, &one, NULL, &one);
        believe(guarded, &authority);
        SSL_CTX_set_max_proto_version(rig.library, version);
        struct tls_acceptor *next_worker = tls_acceptor_create(rig.server);
        SSL_SESSION *session = ticket_from(&rig, "a.test");
        assert_non_null(session);
        assert_true(resumes(&rig, rig.acceptor, session));
        assert_true(resumes(&rig, next_worker, session));
        assert_false(resumes(&rig, elsewhere, session));
        assert_false(resumes(&rig, guard, session));
        SSL_SESSION_free(session);
        tls_acceptor_destroy(&next_worker);
        tls_acceptor_destroy(&elsewhere);
        tls_acceptor_destroy(&guard);
        tls_server_destroy(&other);
        tls_server_destroy(&guarded);
        end(&rig);
    }
}

static void test_who_is_checked_gets_no_ticket(void **state)
{
    const struct tls_server_options options = {.min_version = TLS_VERSION_1_2, .client_check = TLS_CLIENTS_MUST_SHOW};
    (void)state;

    for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
        struct rig rig;
        prepare(&rig, 0, &options);
        believe(rig.server, &authority);
        come_as(&rig, &client_good);
        SSL_CTX_set_max_proto_version(rig.library, version);
        SSL_SESSION *session = ticket_from(&rig, "a.test");
        assert_true(!session || !SSL_SESSION_has_ticket(session));
        SSL_SESSION_free(session);
        end(&rig);
    }
}

/* Security case T4. */
static void test_nothing_is_taken_early(void **state)
{
    struct rig rig;
    (void)state;

    prepare(&rig, 0, &usual);
    SSL_SESSION *session = ticket_from(&rig, "a.test");
    assert_non_null(session);
    assert_int_equal(SSL_SESSION_get_max_early_data(session), 0);
    SSL_SESSION_free(session);
    end(&rig);
}

static void test_what_a_client_showed_can_be_read(void **state)
{
    const struct tls_server_options options = {.min_version = TLS_VERSION_1_2, .client_check = TLS_CLIENTS_MAY_SHOW};
    struct tls_client_certificate *shown;
    struct arena arena;
    struct rig rig;
    size_t count;
    (void)state;

    arena_init(&arena, 0);
    prepare(&rig, 0, &options);
    believe(rig.server, &authority);
    call(&rig, "a.test");
    assert_true(tls_client_certificates(rig.stream, &arena, &shown, &count));
    assert_int_equal(count, 0);
    hang_up(&rig);
    come_as(&rig, &client_good);
    call(&rig, "a.test");
    assert_true(tls_client_certificates(rig.stream, &arena, &shown, &count));
    assert_int_equal(count, 1);
    assert_int_equal(shown[0].der.len, i2d_X509(client_good.cert, NULL));
    assert_true(slice_eq(shown[0].subject.parts[TLS_NAME_COMMON].items[0], SLICE("server.test")));
    assert_int_equal(shown[0].subject.parts[TLS_NAME_COUNTRY].count, 0);
    assert_true(slice_eq(shown[0].dns.items[0], SLICE("who.test")));
    assert_true(slice_eq(shown[0].emails.items[0], SLICE("who@c.test")));
    assert_true(slice_eq(shown[0].uris.items[0], SLICE("urn:x")));
    assert_true(slice_eq(shown[0].addresses.items[0], SLICE("::1")));
    assert_int_equal(shown[0].not_after_s - shown[0].not_before_s, 101 * 86400);
    end(&rig);
    arena_fini(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_certificate_is_chosen_by_name),
        cmocka_unit_test(test_strict_servers_refuse_names_they_do_not_have),
        cmocka_unit_test(test_whatever_is_said_is_heard),
        cmocka_unit_test(test_a_hello_may_come_byte_by_byte),
        cmocka_unit_test(test_a_handshake_has_its_time),
        cmocka_unit_test(test_versions_below_the_lowest_are_refused),
        cmocka_unit_test(test_only_the_ciphers_that_were_named_are_spoken),
        cmocka_unit_test(test_a_protocol_is_agreed_on),
        cmocka_unit_test(test_clients_are_checked),
        cmocka_unit_test(test_authorities_are_replaced_for_the_next_handshake),
        cmocka_unit_test(test_a_ticket_is_good_at_its_own_entrypoint_only),
        cmocka_unit_test(test_who_is_checked_gets_no_ticket),
        cmocka_unit_test(test_nothing_is_taken_early),
        cmocka_unit_test(test_what_a_client_showed_can_be_read),
    };
    return cmocka_run_group_tests(tests, make_identities, drop_identities);
}
