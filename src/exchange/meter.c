/* SPDX-License-Identifier: MIT */
/* When a request begins and ends to count for metrics, and as what. */
#include "exchange_private.h"
#include "waybill/base/clock.h"
#include "waybill/exchange/traffic.h"

static enum traffic_protocol protocol_of(const struct exchange *x)
{
    const struct headers *headers = &x->request.headers;

    if (x->websocket)
        return TRAFFIC_WEBSOCKET;
    if (headers->present & (1ull << HEADER_ACCEPT) &&
        slice_list_has(headers_value(headers, HEADER_ACCEPT), SLICE("text/event-stream")))
        return TRAFFIC_SSE;
    return TRAFFIC_HTTP;
}

void meter_begin(struct exchange *x)
{
    size_t number = (size_t)(x->entrypoint - x->env->entrypoints);

    if (!x->at_entrypoint)
        x->at_entrypoint = traffic_begin(x->env->traffic, number, x->request.method, protocol_of(x));
}

void meter_route(struct exchange *x)
{
    meter_begin(x);
    if (x->frontend && x->frontend->backend)
        x->at_backend = traffic_begin_backend(x->env->traffic, x->frontend->backend, x->request.method,
                                              traffic_protocol_of(x->at_entrypoint));
}

void meter_retry(struct exchange *x)
{
    if (x->at_backend && exchange_asks_own_backend(x))
        traffic_retry(x->at_backend);
}

void meter_end(struct exchange *x, uint64_t duration_ns)
{
    struct traffic *traffic = x->env->traffic;
    unsigned status = x->status < 600 ? x->status : 0;

    meter_begin(x);
    traffic_end(traffic, x->at_entrypoint, status, duration_ns);
    if (x->at_backend)
        traffic_end(traffic, x->at_backend, status, duration_ns);
}
