/* SPDX-License-Identifier: MIT */
#include "waybill/worker/worker.h"
#include "waybill/base/log.h"
#include "waybill/exchange/access_log.h"
#include "waybill/exchange/recent.h"
#include "waybill/exchange/tracer.h"
#include "waybill/exchange/traffic.h"
#include "waybill/exchange/unserved.h"
#include "waybill/net/alias.h"
#include "waybill/route/thread.h"
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

struct door {
    struct worker *worker;
    size_t entrypoint;
    struct listener *listener;
    bool reserved; /* has internal routes: stays open at the cap (decisions.md 21) */
};

struct worker {
    struct worker_options options;
    pthread_t thread;
    struct loop *loop;
    struct environment env;
    struct entry *entry;
    struct unserved *unserved; /* read by any thread */
    struct recent *recent;     /* so is this */
    struct traffic *traffic;   /* so is this; NULL: none */
    struct door *doors;
    bool draining;
    bool full[2]; /* [0] ordinary doors are withheld, [1] the reserved ones too */
    struct later finish;
    uint64_t knocks; /* of who waits for signs of life */
    struct cell answers;
    _Atomic uint64_t coming;           /* connections that peers have handed over and that wait in the mailbox */
    char apart[64];                    /* peers write `coming`: not on the counters' cache line */
    struct exchange_counters counters; /* written here, read by any thread */
};

/* What comes by mail: adopt, announce, drain, cut, take over a connection. */
struct order {
    struct message message;
    struct snapshot *snapshot;
    size_t entrypoint;
    int fd;
};

enum { HAND_OVER_SLACK = 16 };

/* With those on their way: a burst is over before the first of them is taken over. */
static uint64_t load_of(const struct worker *w)
{
    return cell_read(&w->counters.clients) + atomic_load_explicit(&w->coming, memory_order_relaxed);
}

/* The worker with so many fewer clients that a new one should be its; NULL: none. */
static struct worker *idler_peer(const struct worker *w)
{
    uint64_t mine = load_of(w), fewest = mine;
    struct worker *idlest = NULL;

    if (mine < HAND_OVER_SLACK)
        return NULL;
    for (size_t i = 0; i < w->options.peer_count; i++) {
        uint64_t theirs = load_of(w->options.peers[i]);
        if (theirs < fewest && theirs < w->options.clients_max) {
            fewest = theirs;
            idlest = w->options.peers[i];
        }
    }
    return mine > fewest + fewest / 4 + HAND_OVER_SLACK ? idlest : NULL;
}

static void on_count_changed(void *owner, size_t count);

static void take_over(struct message *message, void *owner)
{
    struct order *order = WB_CONTAINER_OF(message, struct order, message);
    struct worker *w = owner;
    struct stream *stream = w->entry ? stream_adopt(w->loop, order->fd) : NULL;

    if (stream)
        entry_accept(w->entry, order->entrypoint, stream);
    else if (!w->entry)
        close(order->fd);
    atomic_fetch_sub_explicit(&w->coming, 1, memory_order_relaxed); /* now it counts as a client */
    if (w->entry)
        on_count_changed(w, entry_count(w->entry));
    free(order);
}

static void hand_over(struct worker *to, size_t entrypoint, struct stream *stream)
{
    struct order *order = wb_alloc(sizeof *order);

    order->message.open = take_over;
    order->entrypoint = entrypoint;
    order->fd = stream_detach(&stream);
    atomic_fetch_add_explicit(&to->coming, 1, memory_order_relaxed);
    if (order->fd >= 0 && mailbox_post(&to->loop->mailbox, &order->message))
        return;
    atomic_fetch_sub_explicit(&to->coming, 1, memory_order_relaxed);
    if (order->fd >= 0)
        close(order->fd);
    free(order);
}

static void on_accepted(void *owner, struct stream *stream)
{
    struct door *door = owner;
    struct worker *w = door->worker, *idler = w->draining ? NULL : idler_peer(w);

    if (idler)
        hand_over(idler, door->entrypoint, stream);
    else
        entry_accept(w->entry, door->entrypoint, stream);
}

static void finish(struct later *later)
{
    struct worker *w = WB_CONTAINER_OF(later, struct worker, finish);

    if (entry_count(w->entry) > 0)
        return;
    entry_destroy(&w->entry);
    upstream_destroy(&w->env.upstream);
    lease_drop(&w->env.lease);
    access_log_destroy(&w->env.access_log);
    tracer_destroy(&w->env.tracer);
    aliases_destroy(&w->env.aliases);
    environment_fini(&w->env);
    uv_loop_stop(w->loop);
}

static void finish_if_empty(struct worker *w)
{
    if (w->draining && w->entry && entry_count(w->entry) == 0 && list_empty(&w->finish.link))
        loop_later(w->loop, &w->finish);
}

/* Doors of one kind open or close. Opening one lets a connection in at once, which may fill the worker again: then the later
 * call has seen to all doors. */
static void set_doors(struct worker *w, bool reserved, bool full)
{
    if (w->full[reserved] == full)
        return;
    w->full[reserved] = full;
    for (size_t i = 0; i < w->options.entrypoint_count && w->full[reserved] == full; i++)
        if (w->doors[i].listener && w->doors[i].reserved == reserved)
            listener_withhold(w->doors[i].listener, full);
    if (full && !reserved && w->full[reserved])
        wb_log_warn("worker %u has %zu client connections, as many as the limit of open files allows: "
                    "no more are accepted until some close (raise the limit with ulimit -n)",
                    w->options.number, entry_count(w->entry));
}

static void on_count_changed(void *owner, size_t count)
{
    struct worker *w = owner;
    size_t load = count + atomic_load_explicit(&w->coming, memory_order_relaxed);

    set_doors(w, false, load >= w->options.clients_max);
    set_doors(w, true, load >= w->options.clients_max + w->options.clients_reserved);
    finish_if_empty(w);
}

struct worker *worker_create(const struct worker_options *options)
{
    struct worker *w = wb_alloc(sizeof *w);

    w->options = *options;
    w->options.entry.count_changed = on_count_changed;
    w->options.entry.owner = w;
    w->finish.run = finish;
    list_init(&w->finish.link);
    w->loop = uv_loop_create(w);
    w->unserved = unserved_create();
    w->recent = recent_create();
    w->traffic = options->traffic ? traffic_create(options->traffic) : NULL;
    return w;
}

static void prepare(struct worker *w)
{
    const struct worker_options *o = &w->options;

    w->env = (struct environment){
        .worker = o->number - 1,
        .loop = w->loop,
        .upstream = upstream_create(w->loop, &o->upstream),
        .entrypoints = o->entrypoints,
        .entrypoint_count = o->entrypoint_count,
        .local = o->local,
        .host_name = o->host_name,
        .passwords = o->passwords,
        .spool_room = o->spool_room,
        .aliases = o->alias_servers ? aliases_create(w->loop, o->alias_servers, o->alias_depth_max) : NULL,
        .access_log = o->access_rules ? access_log_create(w->loop, o->access_rules, o->access_writer) : NULL,
        .attempts_max = o->attempts_max,
        .body_timeout_ms = o->body_timeout_ms,
        .response_body_timeout_ms = o->response_body_timeout_ms,
        .unserved = w->unserved,
        .recent = w->recent,
        .traffic = w->traffic,
        .tracer = o->tracing ? tracer_create(w->loop, o->tracing) : NULL,
        .counters = &w->counters,
    };
    w->entry = entry_create(&w->env, &o->entry);
    w->doors = wb_alloc((o->entrypoint_count + 1) * sizeof *w->doors);
    for (size_t i = 0; i < o->entrypoint_count; i++) {
        w->doors[i] = (struct door){.worker = w, .entrypoint = i, .reserved = o->entrypoints[i].has_local};
        w->doors[i].listener = listener_create(w->loop, o->listening[i], on_accepted, &w->doors[i]);
    }
}

static void *run(void *arg)
{
    struct worker *w = arg;

    route_use_thread(w->options.number);
    uv_loop_run_all(w->loop);
    return NULL;
}

wb_err worker_start(struct worker *w)
{
    prepare(w);
    return -pthread_create(&w->thread, NULL, run, w);
}

static void adopt(struct message *message, void *owner)
{
    struct order *order = WB_CONTAINER_OF(message, struct order, message);
    struct worker *w = owner;
    struct lease *before = w->env.lease;

    if (w->draining && !w->env.upstream) {
        snapshot_unref(&order->snapshot);
    } else {
        w->env.lease = lease_create(&order->snapshot);
        upstream_adopt(w->env.upstream, w->env.lease->snapshot);
        if (w->traffic)
            traffic_adopt(w->traffic, w->env.lease->snapshot);
        lease_drop(&before); /* exchanges under way keep it alive as long as they need it */
    }
    free(order);
}

static void announce(struct message *message, void *owner)
{
    ((struct worker *)owner)->env.draining = true;
    free(WB_CONTAINER_OF(message, struct order, message));
}

static void drain(struct message *message, void *owner)
{
    struct worker *w = owner;

    free(WB_CONTAINER_OF(message, struct order, message));
    if (w->draining)
        return;
    w->draining = true;
    for (size_t i = 0; i < w->options.entrypoint_count; i++)
        listener_close(&w->doors[i].listener);
    upstream_drain(w->env.upstream);
    entry_drain(w->entry);
    finish_if_empty(w);
}

static void cut(struct message *message, void *owner)
{
    struct worker *w = owner;

    free(WB_CONTAINER_OF(message, struct order, message));
    if (w->entry)
        entry_cut(w->entry);
}

static void post(struct worker *w, void (*open)(struct message *message, void *owner), struct snapshot *snapshot)
{
    struct order *order = wb_alloc(sizeof *order);

    order->message.open = open;
    order->snapshot = snapshot;
    if (mailbox_post(&w->loop->mailbox, &order->message))
        return;
    if (snapshot)
        snapshot_unref(&order->snapshot);
    free(order);
}

void worker_adopt(struct worker *w, struct snapshot **snapshot)
{
    post(w, adopt, *snapshot);
    *snapshot = NULL;
}

void worker_announce_drain(struct worker *w)
{
    post(w, announce, NULL);
}

void worker_drain(struct worker *w)
{
    post(w, drain, NULL);
}

void worker_cut(struct worker *w)
{
    post(w, cut, NULL);
}

static void answer_knock(struct message *message, void *owner)
{
    cell_add(&((struct worker *)owner)->answers, 1);
    free(WB_CONTAINER_OF(message, struct order, message));
}

void worker_knock(struct worker *w)
{
    w->knocks++;
    post(w, answer_knock, NULL);
}

bool worker_answered(const struct worker *w)
{
    return cell_read(&w->answers) == w->knocks;
}

void worker_join(struct worker *w)
{
    pthread_join(w->thread, NULL);
}

void worker_destroy(struct worker **worker)
{
    struct worker *w = *worker;

    *worker = NULL;
    uv_loop_destroy(&w->loop);
    unserved_destroy(&w->unserved);
    recent_destroy(&w->recent);
    traffic_destroy(&w->traffic);
    free(w->doors);
    free(w);
}

const struct exchange_counters *worker_counters(const struct worker *w)
{
    return &w->counters;
}

struct traffic *worker_traffic(const struct worker *w)
{
    return w->traffic;
}

struct unserved *worker_unserved(const struct worker *w)
{
    return w->unserved;
}

struct recent *worker_recent(const struct worker *w)
{
    return w->recent;
}
