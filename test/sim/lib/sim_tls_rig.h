/* SPDX-License-Identifier: MIT */
/* sim_tls_rig - an entrypoint's TLS without a worker, and one client of it at a time; with the certificates of both. */
#pragma once
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "sim_message.h"
#include "sim_tls_client.h"
#include "waybill/net/tls.h"
#include "waybill/net/tls_credentials.h"
#include "waybill/net/tls_server.h"
#include <stdio.h>

static struct identity authority, stranger, one, two, wild, client_good, client_bad;

static inline int make_identities(void **state)
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

static inline int drop_identities(void **state)
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

static inline struct tls_certificate *certificate_of(const struct identity *identity)
{
    char *problem = NULL;
    struct tls_certificate *made = tls_certificate_create(slice_of(identity->cert_pem), slice_of(identity->key_pem),
                                                          &problem);

    assert_non_null(made);
    assert_null(problem);
    return made;
}

static inline struct tls_certificates *set_of(const struct identity *const *identities, size_t count,
                                              const struct identity *fallback)
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

static inline void show(struct tls_server *server, const struct identity *first, const struct identity *second,
                        const struct identity *fallback)
{
    const struct identity *all[] = {first, second};
    struct tls_certificates *set = set_of(all, second ? 2 : 1, fallback);

    tls_server_set_certificates(server, &set);
    assert_null(set);
}

static inline void believe(struct tls_server *server, const struct identity *identity)
{
    struct slice pem = slice_of(identity->cert_pem);
    char *problem = NULL;
    struct tls_credentials *made = tls_credentials_create(
        &(struct tls_options){.ca_option = "CA", .cas = &pem, .ca_count = 1}, &problem);

    assert_non_null(made);
    tls_server_set_authorities(server, &made);
}

static const struct tls_server_options usual = {.min_version = TLS_VERSION_1_2};

static inline void prepare(struct rig *rig, uint64_t seed, const struct tls_server_options *options)
{
    *rig = (struct rig){0};
    sim_init(&rig->sim, seed);
    rig->server = tls_server_create(options);
    rig->acceptor = tls_acceptor_create(rig->server);
    rig->library = sim_tls_client_library(&authority);
    show(rig->server, &one, NULL, &one);
}

static inline void on_poke(void *owner)
{
    struct rig *rig = owner;

    text_add(&rig->got, stream_bytes(rig->stream));
    stream_consume(rig->stream, stream_bytes(rig->stream).len);
    stream_release(rig->stream);
}

static inline void call_with(struct rig *rig, struct tls_acceptor *acceptor, const char *name, SSL_SESSION *session)
{
    struct sim_link *wire;
    struct stream *plain = sim_link_accept(&rig->sim, "192.0.2.1", &wire);

    sim_tls_client_begin(&rig->client, rig->library, wire, name, session);
    rig->stream = tls_accept(acceptor, &plain);
    assert_null(plain);
    stream_set_owner(rig->stream, on_poke, rig);
    stream_want_read(rig->stream, true);
    rig->called = true;
}

static inline void call(struct rig *rig, const char *name)
{
    call_with(rig, rig->acceptor, name, NULL);
    sim_settle(&rig->sim);
}

static inline void hang_up(struct rig *rig)
{
    if (!rig->called)
        return;
    stream_close(&rig->stream);
    sim_settle(&rig->sim);
    sim_tls_client_fini(&rig->client);
    rig->called = false;
}

static inline void end(struct rig *rig)
{
    hang_up(rig);
    tls_acceptor_destroy(&rig->acceptor);
    tls_server_destroy(&rig->server);
    SSL_CTX_free(rig->library);
    sim_settle(&rig->sim);
    sim_fini(&rig->sim); /* looks that no buffer is lent and no deadline is left */
    text_fini(&rig->got);
}
