/* SPDX-License-Identifier: MIT */
#include "waybill/exchange/unserved.h"
#include "waybill/base/clock.h"
#include "waybill/base/log.h"
#include "waybill/base/map.h"
#include "waybill/base/pages.h"
#include "waybill/exchange/exchange.h"
#include "waybill/route/explain.h"
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>

/* A burst of lines, then one a second; none twice a minute for one host. */
enum { LINES_KEPT = 5, LINE_MS = 1000, HOST_LINE_MS = 60 * 1000, NEAREST_SHOWN = 3, HOST_BYTES_MAX = 255 };

struct unserved {
    pthread_mutex_t lock;            /* around what the worker writes and others read */
    uint64_t hashes[UNSERVED_HOSTS]; /* of whole names, by a key drawn at start; side by side, to be searched */
    uint64_t counts[UNSERVED_HOSTS];
    struct unserved_host hosts[UNSERVED_HOSTS];
    size_t host_count;
    /* The worker's alone. */
    size_t last; /* added */
    unsigned lines;
    uint64_t lines_at_ms, left_out;
    bool begun;
};

struct unserved *unserved_create(void)
{
    struct unserved *unserved = pages_alloc(sizeof *unserved);

    WB_REQUIRE(pthread_mutex_init(&unserved->lock, NULL) == 0);
    return unserved;
}

void unserved_destroy(struct unserved **unserved)
{
    if (!*unserved)
        return;
    pthread_mutex_destroy(&(*unserved)->lock);
    pages_free(*unserved, sizeof **unserved);
    *unserved = NULL;
}

static uint16_t copy_text(char *out, size_t room, struct slice text)
{
    size_t len = text.len < room ? text.len : room;

    if (len)
        memcpy(out, text.ptr, len);
    return (uint16_t)len;
}

static size_t least_asked(const struct unserved *unserved)
{
    size_t least = 0;

    for (size_t i = 1; i < UNSERVED_HOSTS; i++)
        if (unserved->counts[i] < unserved->counts[least])
            least = i;
    return least;
}

/* The host's place; a new host's is made. */
static size_t place_of(struct unserved *unserved, struct slice host)
{
    uint64_t hash = hash_bytes(host);
    size_t at = 0;

    while (at < unserved->host_count && unserved->hashes[at] != hash)
        at++;
    if (at < unserved->host_count)
        return at;
    if (unserved->host_count < UNSERVED_HOSTS)
        unserved->host_count++;
    else
        at = least_asked(unserved);
    unserved->hashes[at] = hash;
    struct unserved_host *made = &unserved->hosts[at];
    made->over = unserved->counts[at];
    made->logged_at_ms = 0;
    made->nearest_len = 0;
    made->host_len = copy_text(made->host, sizeof made->host, host);
    return at;
}

/* One of the lines that may be logged, if one is left. */
static bool spend_line(struct unserved *unserved, uint64_t now_ms)
{
    uint64_t earned = (now_ms - unserved->lines_at_ms) / LINE_MS;

    if (!unserved->begun || earned >= LINES_KEPT) {
        unserved->lines = LINES_KEPT;
        unserved->lines_at_ms = now_ms;
        unserved->begun = true;
    } else if (earned) {
        unserved->lines = unserved->lines + earned > LINES_KEPT ? LINES_KEPT : unserved->lines + (unsigned)earned;
        unserved->lines_at_ms += earned * LINE_MS;
    }
    if (unserved->lines == 0)
        return false;
    unserved->lines--;
    return true;
}

bool unserved_add(struct unserved *unserved, struct slice host, struct slice path, uint64_t now_ms, uint64_t wall_ns,
                  uint64_t *out_left_out)
{
    char lower[HOST_BYTES_MAX];
    size_t len = host.len < sizeof lower ? host.len : sizeof lower;

    for (size_t i = 0; i < len; i++)
        lower[i] = ascii_lower(host.ptr[i]);
    pthread_mutex_lock(&unserved->lock);
    unserved->last = place_of(unserved, slice_make(lower, len));
    struct unserved_host *row = &unserved->hosts[unserved->last];
    row->count = ++unserved->counts[unserved->last];
    row->last_wall_ns = wall_ns;
    row->path_len = copy_text(row->path, sizeof row->path, path);
    bool due = row->logged_at_ms == 0 || now_ms - row->logged_at_ms >= HOST_LINE_MS;
    if (due && spend_line(unserved, now_ms)) {
        row->logged_at_ms = now_ms ? now_ms : 1;
        *out_left_out = unserved->left_out;
        unserved->left_out = 0;
    } else {
        due = false;
        unserved->left_out++;
    }
    pthread_mutex_unlock(&unserved->lock);
    return due;
}

void unserved_set_nearest(struct unserved *unserved, struct slice nearest)
{
    struct unserved_host *row = &unserved->hosts[unserved->last];

    pthread_mutex_lock(&unserved->lock);
    row->nearest_len = copy_text(row->nearest, sizeof row->nearest, nearest);
    pthread_mutex_unlock(&unserved->lock);
}

size_t unserved_read(struct unserved *unserved, struct unserved_host *out_hosts)
{
    pthread_mutex_lock(&unserved->lock);
    size_t count = unserved->host_count;
    memcpy(out_hosts, unserved->hosts, count * sizeof *out_hosts);
    pthread_mutex_unlock(&unserved->lock);
    return count;
}

static void find_nearest(const struct exchange *x, struct text *out)
{
    size_t number = (size_t)(x->entrypoint - x->env->entrypoints);
    const struct snapshot *snapshot = x->lease->snapshot;
    struct match_input input = {.method = x->request.method,
                                .host = x->request.host,
                                .alias = x->alias,
                                .path = x->target.canonical,
                                .query = x->target.query,
                                .has_query = x->target.has_query,
                                .headers = &x->request.headers};

    if (number >= snapshot->entrypoint_count)
        return;
    struct explanation *explanation = wb_alloc(sizeof *explanation);
    match_table_explain(snapshot->entrypoints[number].table, &input, explanation);
    explain_add_nearest(explanation, NEAREST_SHOWN, out);
    free(explanation);
}

/* Method, host and path as they came: the log escapes them. */
static void tell(const struct exchange *x, struct slice nearest, uint64_t left_out)
{
    struct text more = TEXT_EMPTY;

    if (left_out)
        text_addf(&more, "; %" PRIu64 " more requests for what nothing serves since the last such line", left_out);
    wb_log_warn("404: no frontend matches %.*s http://%.*s%.*s on entrypoint " SLICE_FMT "%s" SLICE_FMT "%s",
                SLICE_ARG(slice_head(x->request.method, UNSERVED_TEXT_BYTES)),
                SLICE_ARG(slice_head(x->request.authority, UNSERVED_TEXT_BYTES)),
                SLICE_ARG(slice_head(x->target.raw_path, UNSERVED_TEXT_BYTES)), SLICE_ARG(x->entrypoint->name),
                nearest.len ? "; nearest: " : "", SLICE_ARG(nearest), more.len ? more.ptr : "");
    text_fini(&more);
}

void unserved_note(struct unserved *unserved, const struct exchange *x)
{
    struct text nearest = TEXT_EMPTY;
    uint64_t left_out = 0;

    if (!unserved_add(unserved, x->request.host, x->target.raw_path, x->env->loop->now_ms, clock_wall_ns(), &left_out))
        return;
    find_nearest(x, &nearest);
    unserved_set_nearest(unserved, text_slice(&nearest));
    tell(x, text_slice(&nearest), left_out);
    text_fini(&nearest);
}
