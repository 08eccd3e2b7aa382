/* SPDX-License-Identifier: MIT */
/* What comes before a client's first request: a PROXY header, then TLS, each where the entrypoint has it. */
#include "client_conn.h"
#include "waybill/base/log.h"
#include "waybill/entry/proxy_header.h"
#include "waybill/net/tls.h"

enum { PROXY_HEADER_MS = 5000, TLS_FIRST_BYTE = 22 /* a handshake record, RFC 8446 5.1 */ };

static const struct entrypoint *entrypoint_of(const struct client_conn *c)
{
    return &c->entry->env->entrypoints[c->entrypoint];
}

static bool stream_over(const struct client_conn *c)
{
    return c->stream->eof || c->stream->error;
}

enum client_state client_first_state(const struct client_conn *c)
{
    const struct entrypoint *entrypoint = entrypoint_of(c);
    return entrypoint->proxy_protocol ? CLIENT_READING_PROXY : entrypoint->tls ? CLIENT_GREETING : CLIENT_READING_HEAD;
}

static bool go_on_behind_proxy(struct client_conn *c)
{
    if (!entrypoint_of(c)->tls) {
        client_read_head(c);
        return true;
    }
    client_become(c, CLIENT_GREETING);
    client_set_deadline(c, c->entry->options.head_timeout_ms);
    return true;
}

/* Once a worker: whoever set the proxy up wants to know, and nobody can fill the log. */
static void tell_of_proxy(struct client_conn *c)
{
    char ip[ADDRESS_TEXT_SIZE];

    if (c->entry->told_of_proxy)
        return;
    c->entry->told_of_proxy = true;
    address_format_ip(&c->stream->peer, ip);
    wb_log_error("entrypoint " SLICE_FMT ": %s sends a PROXY header and is not in ProxyProtocol.TrustedIPs: refused; add "
                 "it there if it is a proxy of yours (further ones are only counted)",
                 SLICE_ARG(entrypoint_of(c)->name), ip);
}

/* What a peer says that is not believed is refused rather than passed over: its operator thinks that it is believed. */
static bool take_proxy_header(struct client_conn *c, const struct proxy_header *header)
{
    const struct entrypoint *entrypoint = entrypoint_of(c);

    if (!entrypoint->proxy_trust_all &&
        !networks_have(entrypoint->proxy_trusted, entrypoint->proxy_trusted_count, &c->stream->peer)) {
        tell_of_proxy(c);
        client_refuse(c, REASON_PROXY_NOT_TRUSTED);
        return true;
    }
    if (header->names_client)
        c->peer = header->client;
    stream_consume(c->stream, header->len);
    return go_on_behind_proxy(c);
}

static bool step_reading_proxy(struct client_conn *c)
{
    struct slice bytes = stream_bytes(c->stream);
    struct proxy_header header;

    if (bytes.len && !c->proxy_begun) {
        c->proxy_begun = true;
        client_set_deadline(c, PROXY_HEADER_MS);
    }
    switch (proxy_header_read(bytes, &header)) {
    case PROXY_ABSENT:
        return go_on_behind_proxy(c);
    case PROXY_HEADER:
        return take_proxy_header(c, &header);
    case PROXY_MORE:
        if (stream_over(c))
            client_end_unread(c, REASON_NONE);
        return false;
    case PROXY_BAD:
        client_end_unread(c, REASON_BAD_PROXY_HEADER);
        return false;
    }
    WB_UNREACHABLE();
}

/* Until the first byte has come there is nothing but the socket. Who speaks HTTP in clear is told so, as v1.7 does. */
static bool step_greeting(struct client_conn *c)
{
    struct slice bytes = stream_bytes(c->stream);

    if (bytes.len == 0) {
        if (stream_over(c))
            client_end_unread(c, REASON_NONE);
        return false;
    }
    if (bytes.ptr[0] == TLS_FIRST_BYTE) {
        client_become(c, CLIENT_SHAKING_HANDS); /* for which there is a deadline of its own */
        client_set_stream(c, tls_accept(c->entry->acceptors[c->entrypoint], &c->stream));
        return true;
    }
    if (bytes.ptr[0] < 'A' || bytes.ptr[0] > 'Z') {
        client_end_unread(c, REASON_CLIENT_TLS_FAILED);
        return false;
    }
    client_refuse(c, REASON_PLAIN_ON_TLS);
    return true;
}

static bool step_shaking_hands(struct client_conn *c)
{
    char ip[ADDRESS_TEXT_SIZE];

    if (c->stream->connected) {
        client_read_head(c);
        return true;
    }
    if (c->stream->error) {
        bool slow = tls_stream_failure(c->stream) == TLS_TOO_SLOW;
        address_format_ip(&c->peer, ip);
        wb_log_debug("entrypoint " SLICE_FMT ": no TLS with %s: %s", SLICE_ARG(entrypoint_of(c)->name), ip,
                     slow ? "it took too long" : tls_stream_detail(c->stream));
        client_end_unread(c, slow ? REASON_CLIENT_TLS_TIMEOUT : REASON_CLIENT_TLS_FAILED);
    }
    return false;
}

bool client_step_begin(struct client_conn *c)
{
    return c->state == CLIENT_READING_PROXY ? step_reading_proxy(c)
           : c->state == CLIENT_GREETING    ? step_greeting(c)
                                            : step_shaking_hands(c);
}
