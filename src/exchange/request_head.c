/* SPDX-License-Identifier: MIT */
/* The head a server gets: the client's fields as they are, and what the proxy says of the client (spec/proxy.md 2). */
#include "exchange_private.h"
#include <stdio.h>

/* X-Forwarded-For: what came (only from who is believed), then the peer. */
static void write_forwarded_for(struct exchange *x, struct head_out *out, struct slice peer)
{
    struct headers *headers = &x->request.headers;

    head_out_raw(out, SLICE("X-Forwarded-For: "));
    if (headers->present & (1ull << HEADER_X_FORWARDED_FOR))
        for (unsigned i = 0; i < headers->count; i++)
            if (headers->items[i].id == HEADER_X_FORWARDED_FOR && !headers->items[i].gone) {
                head_out_raw(out, headers->items[i].value);
                head_out_raw(out, SLICE(", "));
            }
    head_out_raw(out, peer);
    head_out_raw(out, SLICE("\r\n"));
}

static void write_if_absent(struct exchange *x, struct head_out *out, enum header_id id, struct slice value)
{
    bool absent = !(x->request.headers.present & (1ull << id)) || headers_value(&x->request.headers, id).len == 0;

    if (absent && value.len) /* HTTP/1.0 may come without a host */
        head_out_field(out, header_name(id), value);
}

bool exchange_is_https(const struct exchange *x)
{
    struct slice proto = headers_value(&x->request.headers, HEADER_X_FORWARDED_PROTO);

    return x->entrypoint->tls || slice_eq_nocase(proto, SLICE("https")) || slice_eq_nocase(proto, SLICE("wss"));
}

static void write_forwarding(struct exchange *x, struct head_out *out)
{
    char ip[ADDRESS_TEXT_SIZE];
    struct slice peer = slice_make(ip, address_format_ip(&x->peer, ip));
    struct slice port = x->request.port;

    if (port.len == 0)
        port = exchange_is_https(x) ? SLICE("443") : SLICE("80");
    write_forwarded_for(x, out, peer);
    write_if_absent(x, out, HEADER_X_FORWARDED_HOST, x->request.authority);
    write_if_absent(x, out, HEADER_X_FORWARDED_PORT, port);
    write_if_absent(x, out, HEADER_X_FORWARDED_PROTO, x->entrypoint->tls ? SLICE("https") : SLICE("http"));
    write_if_absent(x, out, HEADER_X_REAL_IP, peer);
    head_out_field(out, header_name(HEADER_X_FORWARDED_SERVER), x->env->host_name);
}

/* Written by us, not copied. */
static bool is_ours(const struct header *header)
{
    switch (header->id) {
    case HEADER_HOST:
    case HEADER_X_FORWARDED_FOR:
    case HEADER_X_FORWARDED_SERVER:
    case HEADER_WAYBILL_HOPS:
    case HEADER_CONTENT_LENGTH:
        return true;
    case HEADER_X_FORWARDED_HOST:
    case HEADER_X_FORWARDED_PORT:
    case HEADER_X_FORWARDED_PROTO:
    case HEADER_X_REAL_IP:
        return header->value.len == 0;
    default:
        return false;
    }
}

static void write_framing(struct exchange *x, struct head_out *out)
{
    if (x->request.body == BODY_CHUNKED)
        head_out_raw(out, SLICE("Transfer-Encoding: chunked\r\n"));
    else if (x->request.body == BODY_LENGTH) /* the field itself may be gone: a filter can remove any */
        head_out_field_u64(out, SLICE("Content-Length"), x->request.content_length);
    if (x->te_trailers)
        head_out_raw(out, SLICE("Te: trailers\r\n"));
    if (x->upgrade.len) {
        head_out_raw(out, SLICE("Connection: Upgrade\r\n"));
        head_out_field(out, SLICE("Upgrade"), x->upgrade);
    } else if (x->te_trailers) {
        head_out_raw(out, SLICE("Connection: TE\r\n"));
    }
}

void write_hops(const struct exchange *x, struct head_out *out)
{
    uint64_t hops = 0;
    struct header *before = headers_find(&x->request.headers, HEADER_WAYBILL_HOPS);

    if (before)
        (void)slice_to_u64(before->value, 1000, &hops); /* checked in step_start */
    head_out_field_u64(out, header_name(HEADER_WAYBILL_HOPS), hops + 1);
}

bool request_head_write(struct exchange *x, struct head_out *out)
{
    const struct headers *headers = &x->request.headers;

    head_out_request_line(out, x->request.method, x->route.changes.target);
    head_out_field(out, SLICE("Host"), x->frontend->pass_host_header ? x->request.authority : x->server->host_port);
    for (unsigned i = 0; i < headers->count; i++) {
        const struct header *header = &headers->items[i];
        if (!header->gone && (header->id == HEADER_OTHER || !is_ours(header)))
            head_out_field(out, header->name, header->value);
    }
    write_forwarding(x, out);
    write_framing(x, out);
    write_hops(x, out);
    head_out_end(out);
    return head_out_ok(out);
}
