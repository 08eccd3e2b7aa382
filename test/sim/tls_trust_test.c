/* SPDX-License-Identifier: MIT */
/* TLS as it is offered, without a worker: who is let in, what a ticket is worth, what is known of a client. */
#include "sim_tls_rig.h"
#include "waybill/net/tls_client.h"

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
        {TLS_CLIENTS_ARE_NOT_ASKED, false, NULL, true},
        {TLS_CLIENTS_ARE_NOT_ASKED, false, &client_bad, true},
        {TLS_CLIENTS_MAY_SHOW, true, NULL, true},
        {TLS_CLIENTS_MAY_SHOW, true, &client_good, true},
        {TLS_CLIENTS_MAY_SHOW, true, &client_bad, false},
        {TLS_CLIENTS_MUST_SHOW, true, NULL, false},
        {TLS_CLIENTS_MUST_SHOW, true, &client_good, true},
        {TLS_CLIENTS_MUST_SHOW, true, &client_bad, false},
        {TLS_CLIENTS_MAY_SHOW, false, NULL, false},
        {TLS_CLIENTS_MAY_SHOW, false, &client_good, false},
        {TLS_CLIENTS_MUST_SHOW, false, &client_good, false},
        {TLS_CLIENTS_MUST_SHOW, false, NULL, false},
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
        cmocka_unit_test(test_clients_are_checked),
        cmocka_unit_test(test_authorities_are_replaced_for_the_next_handshake),
        cmocka_unit_test(test_a_ticket_is_good_at_its_own_entrypoint_only),
        cmocka_unit_test(test_who_is_checked_gets_no_ticket),
        cmocka_unit_test(test_nothing_is_taken_early),
        cmocka_unit_test(test_what_a_client_showed_can_be_read),
    };
    return cmocka_run_group_tests(tests, make_identities, drop_identities);
}
