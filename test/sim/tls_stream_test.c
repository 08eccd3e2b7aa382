/* SPDX-License-Identifier: MIT */
/* TLS over a stream, without a worker: whatever way the bytes are cut, both ends hear what the other has said, or know that
 * they have not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "sim_tls.h"
#include "waybill/net/tls.h"
#include "waybill/net/tls_credentials.h"
#include <errno.h>
#include <openssl/x509_vfy.h>
#include <stdio.h>

static struct identity authority, other_authority, good, by_address, by_other, by_nobody, old, young, for_other;

static int make_identities(void **state)
{
    (void)state;
    identity_make(&authority, NULL, NULL, -1, 100);
    identity_make(&other_authority, NULL, NULL, -1, 100);
    identity_make(&good, &authority, "DNS:a.test,DNS:*.wild.test", -1, 100);
    identity_make(&by_address, &authority, "IP:10.0.0.1", -1, 100);
    identity_make(&by_other, &other_authority, "DNS:a.test", -1, 100);
    identity_make(&by_nobody, NULL, "DNS:a.test", -1, 100);
    identity_make(&old, &authority, "DNS:a.test", -100, -1);
    identity_make(&young, &authority, "DNS:a.test", 1, 100);
    identity_make(&for_other, &authority, "DNS:b.test,DNS:a.test.b.test", -1, 100);
    return 0;
}

static int drop_identities(void **state)
{
    (void)state;
    struct identity *all[] = {&authority, &other_authority, &good,     &by_address, &by_other, &by_nobody,
                              &old,       &young,           &for_other};
    for (size_t i = 0; i < WB_COUNT(all); i++)
        identity_drop(all[i]);
    return 0;
}

/* One connection of ours to a server. */
struct rig {
    struct sim sim;
    struct sim_tls_server server;
    struct tls_credentials *credentials;
    struct tls_context *context;
    struct tls_peer *peer;
    struct stream *stream;
    struct text got;
    size_t take_max; /* so much is consumed at a poke; 0 = all */
    unsigned pokes;
    bool at_rest; /* nothing is consumed */
};

static void on_poke(void *owner)
{
    struct rig *rig = owner;

    rig->pokes++;
    while (!rig->at_rest && stream_bytes(rig->stream).len) {
        struct slice bytes = stream_bytes(rig->stream);
        size_t count = rig->take_max && rig->take_max < bytes.len ? rig->take_max : bytes.len;
        text_add(&rig->got, slice_head(bytes, count));
        stream_consume(rig->stream, count);
    }
    stream_release(rig->stream);
}

static struct tls_credentials *trusting(const struct identity *identity)
{
    struct slice pem = slice_of(identity->cert_pem);
    char *problem = NULL;
    struct tls_credentials *made = tls_credentials_create(
        &(struct tls_options){.ca_option = "rootCAs", .cas = &pem, .ca_count = 1}, &problem);

    assert_non_null(made);
    return made;
}

static void dial(struct rig *rig)
{
    struct address address;

    assert_true(address_parse(SLICE("10.0.0.1"), 443, &address));
    struct stream *plain = stream_dial(&rig->sim.loop, &address);
    rig->stream = tls_dial(rig->peer, &plain);
    assert_null(plain);
    stream_set_owner(rig->stream, on_poke, rig);
    stream_want_read(rig->stream, true);
}

static void prepare(struct rig *rig, uint64_t seed, const struct identity *shown, const char *host)
{
    *rig = (struct rig){0};
    sim_init(&rig->sim, seed);
    sim_tls_server_init(&rig->server, &rig->sim, "10.0.0.1", 443, shown);
    rig->credentials = trusting(&authority);
    rig->context = tls_context_create(rig->credentials);
    rig->peer = tls_peer_create(rig->context, slice_of(host));
}

static void begin(struct rig *rig, const struct identity *shown, const char *host)
{
    prepare(rig, 0, shown, host);
    dial(rig);
    sim_settle(&rig->sim);
}

static void end(struct rig *rig)
{
    stream_close(&rig->stream);
    tls_peer_destroy(&rig->peer);
    tls_context_unref(&rig->context);
    tls_credentials_unref(&rig->credentials);
    sim_settle(&rig->sim);
    sim_tls_server_fini(&rig->server);
    sim_fini(&rig->sim); /* looks that no buffer is lent and no deadline is left */
    text_fini(&rig->got);
}

static void write_all(struct rig *rig, struct slice bytes)
{
    assert_false(rig->stream->writing);
    stream_write(rig->stream, &bytes, 1);
    sim_settle(&rig->sim);
    assert_false(rig->stream->writing);
}

static void test_a_server_is_verified_before_anything_is_said(void **state)
{
    static const struct {
        const struct identity *shown;
        const char *host;
        enum tls_failure failure;
    } rows[] = {
        {&good, "a.test", TLS_FINE},
        {&good, "A.Test.", TLS_FINE},
        {&good, "x.wild.test", TLS_FINE},
        {&good, "x.y.wild.test", TLS_WRONG_NAME},
        {&good, "server.test", TLS_WRONG_NAME}, /* the common name says nothing */
        {&good, "10.0.0.1", TLS_WRONG_NAME},
        {&by_address, "10.0.0.1", TLS_FINE},
        {&by_address, "10.0.0.2", TLS_WRONG_NAME},
        {&by_address, "a.test", TLS_WRONG_NAME},
        {&for_other, "a.test", TLS_WRONG_NAME},
        {&by_other, "a.test", TLS_UNTRUSTED},
        {&by_nobody, "a.test", TLS_UNTRUSTED},
        {&old, "a.test", TLS_EXPIRED},
        {&young, "a.test", TLS_EXPIRED},
    };
    (void)state;

    for (size_t i = 0; i < WB_COUNT(rows); i++) {
        struct rig rig;
        begin(&rig, rows[i].shown, rows[i].host);
        if (tls_stream_failure(rig.stream) != rows[i].failure)
            fail_msg("row %zu: %d, %s", i, tls_stream_failure(rig.stream), tls_stream_detail(rig.stream));
        assert_int_equal(rig.stream->connected, rows[i].failure == TLS_FINE);
        assert_int_equal(rig.stream->error != 0, rows[i].failure != TLS_FINE);
        assert_true(rows[i].failure == TLS_FINE || tls_stream_detail(rig.stream)[0]);
        assert_int_equal(rig.server.heard_bytes, 0);
        end(&rig);
    }
}

static void test_a_name_is_told_and_an_address_is_not(void **state)
{
    struct rig rig;
    (void)state;

    begin(&rig, &good, "a.test.");
    assert_string_equal(rig.server.name, "a.test");
    end(&rig);
    begin(&rig, &by_address, "10.0.0.1");
    assert_true(rig.stream->connected);
    assert_string_equal(rig.server.name, "");
    end(&rig);
}

static void test_only_1_2_and_later_are_spoken(void **state)
{
    static const struct {
        int version;
        bool good;
    } rows[] = {{TLS1_1_VERSION, false}, {TLS1_2_VERSION, true}, {TLS1_3_VERSION, true}};
    (void)state;

    for (size_t i = 0; i < WB_COUNT(rows); i++) {
        struct rig rig;
        prepare(&rig, 0, &good, "a.test");
        SSL_CTX_set_security_level(rig.server.library, 0);
        SSL_CTX_set_min_proto_version(rig.server.library, rows[i].version);
        SSL_CTX_set_max_proto_version(rig.server.library, rows[i].version);
        dial(&rig);
        sim_settle(&rig.sim);
        assert_int_equal(rig.stream->connected, rows[i].good);
        assert_int_equal(tls_stream_failure(rig.stream), rows[i].good ? TLS_FINE : TLS_REFUSED);
        end(&rig);
    }
}

/* Both directions at once, cut anywhere, with sockets of any size. */
static void exchange_bytes(uint64_t seed, int version)
{
    struct rig rig;
    struct text up = TEXT_EMPTY, down = TEXT_EMPTY;

    prepare(&rig, seed, &good, "a.test");
    rig.sim.vary = true;
    rig.server.came = NULL;
    rig.take_max = (size_t)sim_draw(&rig.sim, 3) * 5000;
    SSL_CTX_set_max_proto_version(rig.server.library, version);
    dial(&rig);
    sim_settle(&rig.sim);
    assert_true(rig.stream->connected);
    size_t most = seed % 10 ? 20000 : 150000;
    sim_body_add(&up, seed, 1 + (size_t)sim_draw(&rig.sim, most));
    sim_body_add(&down, seed + 1, 1 + (size_t)sim_draw(&rig.sim, most));
    sim_tls_say(sim_tls_server_conn(&rig.server), text_slice(&down));
    for (size_t at = 0; at < up.len;) { /* in a few writes of a few parts */
        struct slice parts[STREAM_PARTS_MAX];
        unsigned count = 1 + (unsigned)sim_draw(&rig.sim, STREAM_PARTS_MAX);
        for (unsigned i = 0; i < count; i++) {
            parts[i] = slice_head(slice_from(text_slice(&up), at), (size_t)sim_draw(&rig.sim, 40000));
            at += parts[i].len;
        }
        stream_write(rig.stream, parts, count);
        sim_settle(&rig.sim);
        assert_false(rig.stream->writing);
    }
    struct sim_tls_conn *conn = sim_tls_server_conn(&rig.server);
    assert_int_equal(conn->heard.len, up.len);
    assert_memory_equal(conn->heard.ptr, up.ptr, up.len);
    sim_tls_end(conn, false);
    sim_settle(&rig.sim);
    assert_int_equal(rig.got.len, down.len);
    assert_memory_equal(rig.got.ptr, down.ptr, down.len);
    assert_true(rig.stream->eof);
    assert_int_equal(rig.stream->error, 0);
    assert_int_equal(rig.stream->bytes_written, up.len);
    end(&rig);
    text_fini(&up);
    text_fini(&down);
}

static void test_any_cut_gives_the_same_bytes(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 40; seed++)
        exchange_bytes(seed, seed & 1 ? TLS1_3_VERSION : TLS1_2_VERSION);
}

static void test_an_end_that_was_not_said_is_no_end(void **state)
{
    struct rig rig;
    (void)state;

    for (int cut = 0; cut < 2; cut++) {
        begin(&rig, &good, "a.test");
        sim_tls_say(sim_tls_server_conn(&rig.server), SLICE("some"));
        sim_tls_end(sim_tls_server_conn(&rig.server), cut);
        sim_settle(&rig.sim);
        assert_int_equal(rig.got.len, 4);
        assert_int_equal(rig.stream->eof, !cut);
        assert_int_equal(rig.stream->error != 0, cut);
        assert_int_equal(tls_stream_failure(rig.stream), cut ? TLS_CUT : TLS_FINE);
        end(&rig);
    }
}

static void test_a_changed_byte_is_noticed(void **state)
{
    (void)state;
    for (size_t at = 0; at < 60; at++) {
        struct rig rig;
        begin(&rig, &good, "a.test");
        struct sim_tls_conn *conn = sim_tls_server_conn(&rig.server);
        size_t before = conn->wire->coming.len;
        sim_tls_say(conn, SLICE("not to be changed, not to be changed"));
        if (before + at < conn->wire->coming.len) {
            conn->wire->coming.ptr[before + at] ^= 0x20;
            sim_link_shut(conn->wire);
            sim_settle(&rig.sim);
            assert_int_equal(rig.got.len, 0);
            assert_int_not_equal(rig.stream->error, 0);
            assert_false(rig.stream->eof);
        }
        end(&rig);
    }
}

static void test_a_session_is_resumed(void **state)
{
    (void)state;
    for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
        struct rig rig;
        prepare(&rig, 0, &good, "a.test");
        SSL_CTX_set_max_proto_version(rig.server.library, version);
        for (unsigned i = 0; i < 4; i++) {
            dial(&rig);
            sim_settle(&rig.sim);
            assert_true(rig.stream->connected);
            assert_int_equal(rig.server.resumed_count, i);
            write_all(&rig, SLICE("GET /len/3 HTTP/1.1\r\nHost: a\r\n\r\n"));
            assert_int_equal(rig.server.request_count, i + 1);
            if (i & 1)
                stream_close(&rig.stream);
            else
                stream_reset(&rig.stream);
        }
        end(&rig);
    }
}

static void test_a_server_that_does_not_shake_hands_has_ten_seconds(void **state)
{
    struct rig rig;
    (void)state;

    prepare(&rig, 0, &good, "a.test");
    rig.server.mute = true;
    dial(&rig);
    sim_advance(&rig.sim, TLS_HANDSHAKE_MS - 1);
    assert_int_equal(rig.stream->error, 0);
    sim_advance(&rig.sim, 1);
    assert_int_equal(tls_stream_failure(rig.stream), TLS_TOO_SLOW);
    assert_int_equal(rig.stream->error, -ETIMEDOUT);
    assert_int_equal(rig.pokes, 1);
    end(&rig);
    begin(&rig, &good, "a.test"); /* the deadline is of the handshake, not of the connection */
    sim_advance(&rig.sim, 10 * TLS_HANDSHAKE_MS);
    assert_int_equal(rig.stream->error, 0);
    end(&rig);
}

static void test_a_server_without_tls_is_told_from_one_that_refuses(void **state)
{
    static const struct {
        struct slice said;
        bool closes;
        enum tls_failure failure;
    } rows[] = {
        {{"HTTP/1.1 400 Bad Request\r\n\r\n", sizeof "HTTP/1.1 400 Bad Request\r\n\r\n" - 1}, false, TLS_BROKEN},
        {{"\x15\x03\x03\x00\x02\x02\x28", sizeof "\x15\x03\x03\x00\x02\x02\x28" - 1},
         false,
         TLS_REFUSED}, /* alert: handshake failure */
        {{"", sizeof "" - 1}, true, TLS_CUT},
        {{"\x16\x03\x03", sizeof "\x16\x03\x03" - 1}, true, TLS_CUT},
    };
    (void)state;

    for (size_t i = 0; i < WB_COUNT(rows); i++) {
        struct rig rig;
        prepare(&rig, 0, &good, "a.test");
        rig.server.mute = true;
        dial(&rig);
        sim_settle(&rig.sim);
        sim_link_send(sim_tls_server_conn(&rig.server)->wire, rows[i].said);
        if (rows[i].closes)
            sim_link_shut(sim_tls_server_conn(&rig.server)->wire);
        sim_settle(&rig.sim);
        if (tls_stream_failure(rig.stream) != rows[i].failure)
            fail_msg("row %zu: %d, %s", i, tls_stream_failure(rig.stream), tls_stream_detail(rig.stream));
        assert_int_not_equal(rig.stream->error, 0);
        end(&rig);
    }
}

static void test_a_refused_connection_is_that_and_no_failure_of_tls(void **state)
{
    struct rig rig;
    (void)state;

    prepare(&rig, 0, &good, "a.test");
    rig.server.listener.dial = SIM_REFUSE;
    dial(&rig);
    sim_settle(&rig.sim);
    assert_int_equal(rig.stream->error, -ECONNREFUSED);
    assert_int_equal(tls_stream_failure(rig.stream), TLS_FINE);
    end(&rig);
}

static void test_who_does_not_read_stops_the_server(void **state)
{
    enum { SAID = 3000000 };
    struct rig rig;
    struct text said = TEXT_EMPTY;
    (void)state;

    begin(&rig, &good, "a.test");
    struct sim_tls_conn *conn = sim_tls_server_conn(&rig.server);
    rig.at_rest = true;
    sim_body_add(&said, 1, SAID);
    sim_tls_say(conn, text_slice(&said));
    sim_settle(&rig.sim);
    assert_true(conn->wire->coming.len - conn->wire->coming_at > SAID - 4 * BUFFER_LARGE);
    assert_true(rig.sim.loop.stock.lent_bytes <= 2 * BUFFER_LARGE);
    rig.at_rest = false;
    on_poke(&rig);
    sim_settle(&rig.sim);
    assert_int_equal(rig.got.len, SAID);
    assert_memory_equal(rig.got.ptr, said.ptr, SAID);
    end(&rig);
    text_fini(&said);
}

static void test_a_server_that_does_not_read_stops_the_writer(void **state)
{
    struct rig rig;
    struct text said = TEXT_EMPTY;
    (void)state;

    prepare(&rig, 0, &good, "a.test");
    rig.sim.wire.socket_bytes = 5000;
    dial(&rig);
    sim_settle(&rig.sim);
    struct sim_tls_conn *conn = sim_tls_server_conn(&rig.server);
    rig.server.came = NULL;
    sim_body_add(&said, 1, 300000);
    sim_link_pause(conn->wire, true);
    struct slice bytes = text_slice(&said);
    stream_write(rig.stream, &bytes, 1);
    sim_settle(&rig.sim);
    assert_true(rig.stream->writing);
    assert_true(stream_bytes_left(rig.stream) > 290000);
    assert_true(rig.sim.loop.stock.lent_bytes <= BUFFER_LARGE);
    unsigned before = rig.pokes;
    sim_link_pause(conn->wire, false);
    sim_settle(&rig.sim);
    assert_false(rig.stream->writing);
    assert_int_equal(rig.pokes, before + 1);
    assert_int_equal(conn->heard.len, said.len);
    assert_memory_equal(conn->heard.ptr, said.ptr, said.len);
    end(&rig);
    text_fini(&said);
}

static void test_a_writer_may_be_closed_in_the_middle(void **state)
{
    (void)state;
    for (int how = 0; how < 2; how++) {
        struct rig rig;
        struct text said = TEXT_EMPTY;
        prepare(&rig, 0, &good, "a.test");
        rig.sim.wire.socket_bytes = 5000;
        dial(&rig);
        sim_settle(&rig.sim);
        sim_link_pause(sim_tls_server_conn(&rig.server)->wire, true);
        sim_body_add(&said, 1, 300000);
        struct slice bytes = text_slice(&said);
        stream_write(rig.stream, &bytes, 1);
        if (how)
            stream_reset(&rig.stream);
        else
            stream_close(&rig.stream);
        text_fini(&said); /* memory given to stream_write is free to go */
        sim_settle(&rig.sim);
        end(&rig);
    }
}

/* The server asks for new keys, which wants an answer, while it takes nothing: our side must neither block nor break. */
static void test_keys_change_while_nothing_can_be_sent(void **state)
{
    struct rig rig;
    (void)state;

    prepare(&rig, 0, &good, "a.test");
    rig.sim.wire.socket_bytes = 2000;
    dial(&rig);
    sim_settle(&rig.sim);
    struct sim_tls_conn *conn = sim_tls_server_conn(&rig.server);
    rig.server.came = NULL;
    sim_link_pause(conn->wire, true);
    for (unsigned i = 0; i < 1500; i++) { /* answers of 30 bytes and more: a whole buffer and the socket */
        assert_int_equal(SSL_key_update(conn->library, SSL_KEY_UPDATE_REQUESTED), 1);
        assert_int_equal(SSL_do_handshake(conn->library), 1);
        sim_tls_say(conn, SLICE("x"));
        sim_settle(&rig.sim);
        assert_false(rig.stream->writing); /* nothing of the owner's */
        assert_int_equal(rig.stream->error, 0);
        assert_true(rig.sim.loop.stock.lent_bytes <= 2 * BUFFER_LARGE);
    }
    struct slice bytes = SLICE("the owner's");
    stream_write(rig.stream, &bytes, 1);
    sim_link_pause(conn->wire, false);
    sim_settle(&rig.sim);
    assert_false(rig.stream->writing);
    assert_int_equal(rig.got.len, 1500);
    assert_int_equal(conn->heard.len, bytes.len);
    end(&rig);
}

static void test_an_end_of_ours_is_said_behind_what_was_written(void **state)
{
    struct rig rig;
    struct text said = TEXT_EMPTY;
    (void)state;

    prepare(&rig, 0, &good, "a.test");
    rig.sim.wire.socket_bytes = 5000;
    dial(&rig);
    sim_settle(&rig.sim);
    rig.server.came = NULL;
    sim_body_add(&said, 1, 100000);
    struct slice bytes = text_slice(&said);
    stream_write(rig.stream, &bytes, 1);
    sim_settle(&rig.sim);
    stream_shut_down(rig.stream);
    assert_true(rig.stream->writing);
    sim_settle(&rig.sim);
    assert_false(rig.stream->writing);
    struct sim_tls_conn *conn = sim_tls_server_conn(&rig.server);
    assert_true(conn->heard_end && conn->wire->got_fin);
    assert_int_equal(conn->heard.len, said.len);
    sim_tls_say(conn, SLICE("late answer")); /* the other direction goes on */
    sim_tls_end(conn, false);
    sim_settle(&rig.sim);
    assert_int_equal(rig.got.len, 11);
    assert_true(rig.stream->eof);
    end(&rig);
    text_fini(&said);
}

static void test_an_idle_connection_holds_no_buffer(void **state)
{
    struct rig rig;
    (void)state;

    begin(&rig, &good, "a.test");
    write_all(&rig, SLICE("GET /len/30000 HTTP/1.1\r\nHost: a\r\n\r\n"));
    assert_true(rig.got.len > 30000);
    assert_int_equal(rig.sim.loop.stock.lent_bytes, 0);
    assert_false(stream_has_news(rig.stream));
    sim_tls_say(sim_tls_server_conn(&rig.server), SLICE("news"));
    assert_true(stream_has_news(rig.stream));
    sim_settle(&rig.sim);
    end(&rig);
}

static void test_a_server_that_wants_a_certificate_is_shown_ours(void **state)
{
    (void)state;
    for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++)
        for (int shown = 0; shown < 2; shown++) {
            struct rig rig;
            struct slice pem = slice_of(authority.cert_pem);
            char *problem = NULL;
            prepare(&rig, 0, &good, "a.test");
            SSL_CTX_set_max_proto_version(rig.server.library, version);
            SSL_CTX_set_verify(rig.server.library, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
            X509_STORE_add_cert(SSL_CTX_get_cert_store(rig.server.library), authority.cert);
            struct tls_options options = {.ca_option = "ca", .cas = &pem, .ca_count = 1};
            options.cert = shown ? slice_of(by_address.cert_pem) : SLICE("");
            options.key = shown ? slice_of(by_address.key_pem) : SLICE("");
            tls_peer_destroy(&rig.peer);
            tls_context_unref(&rig.context);
            tls_credentials_unref(&rig.credentials);
            rig.credentials = tls_credentials_create(&options, &problem);
            rig.context = tls_context_create(rig.credentials);
            rig.peer = tls_peer_create(rig.context, SLICE("a.test"));
            dial(&rig);
            sim_settle(&rig.sim);
            assert_int_equal(tls_stream_failure(rig.stream), shown ? TLS_FINE : TLS_REFUSED);
            assert_int_equal(rig.stream->error != 0, !shown);
            end(&rig);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_server_is_verified_before_anything_is_said),
        cmocka_unit_test(test_a_name_is_told_and_an_address_is_not),
        cmocka_unit_test(test_only_1_2_and_later_are_spoken),
        cmocka_unit_test(test_any_cut_gives_the_same_bytes),
        cmocka_unit_test(test_an_end_that_was_not_said_is_no_end),
        cmocka_unit_test(test_a_changed_byte_is_noticed),
        cmocka_unit_test(test_a_session_is_resumed),
        cmocka_unit_test(test_a_server_that_does_not_shake_hands_has_ten_seconds),
        cmocka_unit_test(test_a_server_without_tls_is_told_from_one_that_refuses),
        cmocka_unit_test(test_a_refused_connection_is_that_and_no_failure_of_tls),
        cmocka_unit_test(test_who_does_not_read_stops_the_server),
        cmocka_unit_test(test_a_server_that_does_not_read_stops_the_writer),
        cmocka_unit_test(test_a_writer_may_be_closed_in_the_middle),
        cmocka_unit_test(test_keys_change_while_nothing_can_be_sent),
        cmocka_unit_test(test_an_end_of_ours_is_said_behind_what_was_written),
        cmocka_unit_test(test_an_idle_connection_holds_no_buffer),
        cmocka_unit_test(test_a_server_that_wants_a_certificate_is_shown_ours),
    };
    return cmocka_run_group_tests(tests, make_identities, drop_identities);
}
