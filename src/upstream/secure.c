/* SPDX-License-Identifier: MIT */
/* Servers over TLS: by which context they are called, and what is said of one that cannot be. */
#include "upstream_private.h"
#include "waybill/base/log.h"
#include "waybill/net/tls_credentials.h"

static const struct {
    enum reason reason;
    const char *what, *advice;
} failures[] = {
    [TLS_FINE] = {REASON_SERVER_REFUSED, NULL, NULL},
    [TLS_UNTRUSTED] = {REASON_SERVER_TLS_UNTRUSTED, "its certificate is signed by nobody who is trusted",
                       "name who signed it with "},
    [TLS_WRONG_NAME] =
        {
            REASON_SERVER_TLS_NAME,
            "its certificate is for another name",
            "write the name that the certificate is for in the server's URL",
        },
    [TLS_EXPIRED] = {REASON_SERVER_TLS_EXPIRED, "its certificate is not valid now", "renew it, or look at the clocks"},
    [TLS_REFUSED] = {REASON_SERVER_TLS_REFUSED, "it refuses", "its own log says why"},
    [TLS_BROKEN] = {REASON_SERVER_TLS_BROKEN, "it does not speak TLS 1.2 or later", "is the port right, or is http meant?"},
    [TLS_TOO_SLOW] = {REASON_SERVER_TLS_TIMEOUT, "it did not finish the handshake in time", "is the port right?"},
    [TLS_CUT] = {REASON_SERVER_TLS_BROKEN, "it closed the connection in the handshake",
                 "is the port right, or is http meant?"},
};

static void say(const struct server_pool *pool, enum tls_failure failure, const char *detail)
{
    const struct tls_credentials *credentials = tls_context_credentials(tls_peer_context(pool->tls));
    const char *option = failure == TLS_UNTRUSTED ? tls_credentials_ca_option(credentials) : "";

    wb_log_error("server https://%s:%u: %s%s%s%s: %s%s", pool->host, (unsigned)pool->port, failures[failure].what,
                 detail[0] ? " (" : "", detail, detail[0] ? ")" : "", failures[failure].advice, option);
}

enum reason server_pool_note_failure(struct server_pool *pool, const struct stream *stream)
{
    enum tls_failure failure = pool->tls ? tls_stream_failure(stream) : TLS_FINE;

    if (failure != TLS_FINE && failure != pool->failure_said)
        say(pool, failure, tls_stream_detail(stream));
    if (failure != TLS_FINE)
        pool->failure_said = failure;
    return failures[failure].reason;
}

struct tls_peer *server_pool_find_peer(struct tls_context *context, struct tls_credentials *credentials, struct slice host)
{
    struct tls_context *ours = context ? tls_context_ref(context) : tls_context_create(credentials);
    struct tls_peer *peer = tls_peer_create(ours, host);

    tls_context_unref(&ours);
    return peer;
}
