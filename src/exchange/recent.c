/* SPDX-License-Identifier: MIT */
#include "waybill/exchange/recent.h"
#include "waybill/base/clock.h"
#include "waybill/base/pages.h"
#include "waybill/exchange/exchange.h"
#include <pthread.h>

struct ring {
    struct recent_error errors[RECENT_KEPT];
    size_t added;
};

struct recent {
    pthread_mutex_t lock;
    struct ring of_clients, of_servers;
};

struct recent *recent_create(void)
{
    struct recent *recent = pages_alloc(sizeof *recent);

    WB_REQUIRE(pthread_mutex_init(&recent->lock, NULL) == 0);
    return recent;
}

void recent_destroy(struct recent **recent)
{
    if (!*recent)
        return;
    pthread_mutex_destroy(&(*recent)->lock);
    pages_free(*recent, sizeof **recent);
    *recent = NULL;
}

static void set_text(struct recent_text *out, struct slice text)
{
    out->len = (uint16_t)(text.len < sizeof out->bytes ? text.len : sizeof out->bytes);
    if (out->len)
        memcpy(out->bytes, text.ptr, out->len);
}

/* For the access log frontend_name may be a phrase, such as "backend not found": that is no frontend. */
static struct slice frontend_of(const struct exchange *x)
{
    if (x->frontend)
        return x->frontend->short_name;
    return x->server_url[0] ? x->frontend_name : SLICE("");
}

static struct slice server_of(const struct exchange *x)
{
    if (x->server_url[0] || !x->server)
        return slice_of(x->server_url);
    return x->server->url;
}

void recent_add(struct recent *recent, const struct recent_error *error)
{
    struct ring *ring = error->status < 500 ? &recent->of_clients : &recent->of_servers;

    pthread_mutex_lock(&recent->lock);
    ring->errors[ring->added++ % RECENT_KEPT] = *error;
    pthread_mutex_unlock(&recent->lock);
}

void recent_note(struct recent *recent, const struct exchange *x, uint64_t duration_ns)
{
    struct recent_error error = {
        .wall_ns = clock_wall_ns(), .duration_ns = duration_ns, .status = x->status, .reason = x->reason};
    struct slice method = slice_head(x->request.method, sizeof error.method);

    error.method_len = (uint16_t)method.len;
    if (method.len)
        memcpy(error.method, method.ptr, method.len);
    set_text(&error.host, x->request.authority);
    set_text(&error.path, x->target.raw_path);
    set_text(&error.frontend, frontend_of(x));
    set_text(&error.server, server_of(x));
    recent_add(recent, &error);
}

static size_t copy_ring(const struct ring *ring, struct recent_error *out)
{
    size_t count = ring->added < RECENT_KEPT ? ring->added : RECENT_KEPT;

    memcpy(out, ring->errors, count * sizeof *out);
    return count;
}

size_t recent_read(struct recent *recent, struct recent_error *out_errors)
{
    size_t count;

    pthread_mutex_lock(&recent->lock);
    count = copy_ring(&recent->of_servers, out_errors);
    count += copy_ring(&recent->of_clients, out_errors + count);
    pthread_mutex_unlock(&recent->lock);
    return count;
}
