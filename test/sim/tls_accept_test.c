/* SPDX-License-Identifier: MIT */
/* TLS as it is offered, without a worker: whatever way the bytes are cut, both ends hear what the other has said; which certificate
 * is shown, and what is spoken. */
#include "sim_tls_rig.h"
#include <errno.h>
#include <openssl/err.h>

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
        {TLS_VERSION_1_2, TLS1_VERSION, false},   {TLS_VERSION_1_2, TLS1_1_VERSION, false},
        {TLS_VERSION_1_2, TLS1_2_VERSION, true},  {TLS_VERSION_1_2, TLS1_3_VERSION, true},
        {TLS_VERSION_1_3, TLS1_2_VERSION, false}, {TLS_VERSION_1_3, TLS1_3_VERSION, true},
        {TLS_VERSION_1_0, TLS1_VERSION, true},    {TLS_VERSION_1_1, TLS1_VERSION, false},
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
        {false, "h2,http/1.1", "http/1.1"},
        {true, "h2,http/1.1", "h2"},
        {true, "http/1.1,h2", "h2"},
        {true, "http/1.1", "http/1.1"},
        {false, "h2", NULL},
        {true, "acme-tls/1", NULL},
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

static bool updates_keys(struct rig *rig, unsigned count)
{
    for (unsigned i = 0; i < count && !rig->stream->error; i++) {
        assert_int_equal(SSL_key_update(rig->client.library, SSL_KEY_UPDATE_REQUESTED), 1);
        assert_int_equal(SSL_do_handshake(rig->client.library), 1);
        sim_tls_client_say(&rig->client, SLICE("x")); /* and sends what there is */
        if (i % 10 == 9)
            sim_settle(&rig->sim);
    }
    sim_settle(&rig->sim);
    return !rig->stream->error;
}

/* Each costs us keys and an answer, and its sender 27 bytes. */
static void test_key_updates_have_an_end(void **state)
{
    struct rig rig;
    struct text bytes = TEXT_EMPTY;
    (void)state;

    prepare(&rig, 0, &usual);
    call(&rig, "a.test");
    assert_true(updates_keys(&rig, 60));
    assert_false(updates_keys(&rig, 10));
    assert_int_equal(tls_stream_failure(rig.stream), TLS_BROKEN);
    hang_up(&rig);

    call(&rig, "a.test"); /* who has something to say may have new keys for it */
    sim_body_add(&bytes, 1, 10 * 64 * 1024);
    for (unsigned i = 0; i < 20; i++) {
        sim_tls_client_say(&rig.client, text_slice(&bytes));
        sim_settle(&rig.sim);
        assert_true(updates_keys(&rig, 10));
    }
    text_fini(&bytes);
    end(&rig);
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
        cmocka_unit_test(test_key_updates_have_an_end),
    };
    return cmocka_run_group_tests(tests, make_identities, drop_identities);
}
