/* SPDX-License-Identifier: MIT */
#include "h2_conn.h"
#include "waybill/base/log.h"
#include <stdlib.h>

enum { LINGER_MS = 2000, FLUSH_MS = 30000, DRAIN_SILENT_MS = 500, FAIR_SHARE = 8 };

static struct loop *loop_of(const struct h2_conn *c)
{
    return c->entry->env->loop;
}

static void note_end(struct h2_conn *c, enum reason reason)
{
    cell_add(&c->entry->env->counters->ended[reason], 1);
}

static void drop_requests(struct h2_conn *c, enum reason reason)
{
    LIST_EACH_SAFE (node, &c->requests)
        client_stream_drop(LIST_ENTRY(node, struct client_stream, link), reason);
}

static void become(struct h2_conn *c, enum h2_conn_state state)
{
    WB_REQUIRE(state > c->state);
    c->state = state;
}

/* Out of every state, once. */
static void close_conn(struct h2_conn *c)
{
    if (c->state != H2_CONN_CLOSING)
        become(c, H2_CONN_CLOSING);
}

static void write_at_end_of_turn(struct h2_conn *c)
{
    if (list_empty(&c->later.link))
        loop_later(loop_of(c), &c->later);
}

/* What was on its way has gone. */
static void settle(struct h2_conn *c)
{
    if (!c->out_sent || c->stream->writing)
        return;
    c->out_sent = false;
    c->out_large = buffer_room(&c->out) < BUFFER_SIZE / 4;
    buffer_return(&c->out, &loop_of(c)->stock);
}

static void gather(struct h2_conn *c)
{
    if (!h2_session_has_output(c->session))
        return;
    if (!c->out.base)
        buffer_borrow(&c->out, &loop_of(c)->stock, c->out_large ? BUFFER_LARGE : BUFFER_SIZE);
    h2_session_drain(c->session, &c->out);
}

void h2_conn_gather(struct h2_conn *c)
{
    settle(c);
    if (!c->out_sent)
        gather(c);
    write_at_end_of_turn(c);
}

/* Until the socket takes no more, or nothing is left. False: there was nothing, or it cannot be written. */
static bool flush(struct h2_conn *c)
{
    bool wrote = false;

    c->flush_due = false;
    settle(c);
    while (!c->out_sent && !c->stream->write_error && !c->stream->error) {
        gather(c);
        struct slice bytes = buffer_slice(&c->out);
        if (bytes.len == 0)
            break;
        stream_write(c->stream, &bytes, 1);
        c->out_sent = wrote = true;
        settle(c);
    }
    if (!c->out_sent)
        buffer_return(&c->out, &loop_of(c)->stock);
    return wrote;
}

/* One connection can bring a hundred requests, and each may hold one to a server: few clients could use up the open files. From half of
 * what they allow on, a client gets only its share. The router's own pages hold nothing. */
static bool is_too_much(const struct h2_conn *c)
{
    const struct environment *env = c->entry->env;
    uint64_t active = cell_read(&env->counters->active), most = c->entry->options.exchanges_max;

    if (most == 0 || active < most / 2 || env->entrypoints[c->entrypoint].has_local)
        return false;
    return active >= most || c->request_count >= FAIR_SHARE;
}

static void refuse(struct h2_conn *c, struct h2_stream *stream)
{
    if (!c->entry->told_of_refusals)
        wb_log_warn("%zu requests are under way, and the limit of open files allows few more: clients over HTTP/2 that have "
                    "many are "
                    "refused further ones (raise the limit with ulimit -n; further ones are only counted)",
                    (size_t)cell_read(&c->entry->env->counters->active));
    c->entry->told_of_refusals = true;
    note_end(c, REASON_STREAM_REFUSED);
    h2_stream_reset(stream, H2_REFUSED_STREAM); /* nothing was done: it may be sent again (RFC 9113 8.7) */
    h2_stream_release(&stream);
    write_at_end_of_turn(c);
}

static void show_changes(struct h2_conn *c)
{
    struct h2_stream *stream;

    while ((stream = h2_session_next_changed(c->session))) {
        if (stream->owner)
            client_stream_step(stream->owner);
        else if (stream->closed || stream->heads == 0)
            h2_stream_release(&stream);
        else if (is_too_much(c))
            refuse(c, stream);
        else
            client_stream_begin(c, stream);
    }
}

static void take_bytes(struct h2_conn *c)
{
    struct slice bytes = stream_bytes(c->stream);

    if (bytes.len == 0)
        return;
    h2_session_feed(c->session, bytes, loop_of(c)->now_ms);
    stream_consume(c->stream, bytes.len);
    write_at_end_of_turn(c);
}

static enum reason why_over(const struct h2_conn *c)
{
    if (h2_session_is_flooded(c->session))
        return REASON_CLIENT_FLOODED;
    return h2_session_fault(c->session) ? REASON_CLIENT_PROTOCOL : REASON_CLIENT_DONE;
}

/* True when the state has changed. */
static bool step_open(struct h2_conn *c)
{
    take_bytes(c);
    show_changes(c);
    while (c->flush_due) {
        c->flush_due = flush(c) && !c->out_sent; /* whose payload has gone goes on, and there may be more */
        show_changes(c);
    }
    if (c->stream->eof || c->stream->error || c->stream->write_error) {
        if (list_empty(&c->requests))
            note_end(c, REASON_CLIENT_DONE);
        drop_requests(c, REASON_CLIENT_GONE);
        close_conn(c);
        return false;
    }
    if (!h2_session_is_over(c->session))
        return false;
    note_end(c, c->went_away ? REASON_DRAINING : why_over(c));
    drop_requests(c, REASON_CLIENT_GONE);
    become(c, H2_CONN_FLUSHING);
    return true;
}

static bool step_flushing(struct h2_conn *c)
{
    stream_consume(c->stream, stream_bytes(c->stream).len);
    flush(c);
    if (c->stream->error || c->stream->write_error || (c->stream->eof && !c->stream->writing)) {
        close_conn(c);
        return false;
    }
    if (c->stream->writing)
        return false;
    become(c, H2_CONN_LINGERING);
    stream_shut_down(c->stream);
    return true;
}

static bool step_lingering(struct h2_conn *c)
{
    stream_consume(c->stream, stream_bytes(c->stream).len);
    if (c->stream->eof || c->stream->error)
        close_conn(c);
    return false;
}

static bool step_once(struct h2_conn *c)
{
    switch (c->state) {
    case H2_CONN_OPEN:
        return step_open(c);
    case H2_CONN_FLUSHING:
        return step_flushing(c);
    case H2_CONN_LINGERING:
        return step_lingering(c);
    case H2_CONN_CLOSING:
        return false;
    }
    WB_UNREACHABLE();
}

static enum h2_conn_watch whom_to_watch(const struct h2_conn *c)
{
    if (c->state != H2_CONN_OPEN)
        return c->state == H2_CONN_FLUSHING ? H2_WATCH_WRITE : H2_WATCH_END;
    if (c->announced && !c->went_away)
        return H2_WATCH_DRAIN;
    if (h2_session_is_reading_head(c->session))
        return H2_WATCH_HEAD; /* until it is complete no other frame can come */
    if (c->stream->writing)
        return H2_WATCH_WRITE;
    return list_empty(&c->requests) ? H2_WATCH_IDLE : H2_WATCH_NOTHING;
}

static uint64_t time_for(const struct h2_conn *c, enum h2_conn_watch watched)
{
    const struct entry *entry = c->entry;

    switch (watched) {
    case H2_WATCH_HEAD:
        return entry->options.head_timeout_ms;
    case H2_WATCH_WRITE:
        return c->state == H2_CONN_OPEN ? entry->env->body_timeout_ms : FLUSH_MS;
    case H2_WATCH_IDLE:
        return c->was_used ? entry->options.idle_timeout_ms : entry->options.head_timeout_ms;
    case H2_WATCH_DRAIN:
        return DRAIN_SILENT_MS;
    case H2_WATCH_END:
        return LINGER_MS;
    case H2_WATCH_NOTHING:
        break;
    }
    return 0;
}

/* Waiting for the same thing as before goes on with the time it had; frames that are of no use prolong nothing. */
static void watch(struct h2_conn *c)
{
    enum h2_conn_watch wanted = whom_to_watch(c);
    uint64_t after_ms;

    if (wanted == c->watched)
        return;
    c->watched = wanted;
    c->watched_bytes = stream_bytes_left(c->stream);
    deadline_clear(&c->deadline);
    if ((after_ms = time_for(c, wanted)))
        loop_set_deadline_in(loop_of(c), &c->deadline, after_ms);
}

static void destroy(struct h2_conn *c)
{
    struct entry *entry = c->entry;

    drop_requests(c, REASON_CLIENT_GONE);
    loop_remove_deadline(loop_of(c), &c->deadline);
    list_remove(&c->later.link);
    stream_close(&c->stream);
    buffer_return(&c->out, &loop_of(c)->stock);
    h2_session_destroy(&c->session);
    list_remove(&c->link);
    free(c);
    entry_closed_one(entry);
}

void h2_conn_poke(struct h2_conn *c)
{
    c->poked = true;
    if (c->stepping)
        return; /* the loop below will see it */
    c->stepping = true;
    while (c->poked) {
        c->poked = false;
        while (step_once(c))
            continue;
    }
    c->stepping = false;
    if (c->state == H2_CONN_CLOSING) {
        destroy(c);
        return;
    }
    if (c->request_count == c->tunnels)
        stream_release(c->stream);
    watch(c);
}

static void on_stream_changed(void *owner)
{
    struct h2_conn *c = owner;

    c->flush_due = c->flush_due || (c->out_sent && !c->stream->writing);
    h2_conn_poke(c);
}

static void on_turn_end(struct later *later)
{
    struct h2_conn *c = WB_CONTAINER_OF(later, struct h2_conn, later);

    c->flush_due = true;
    h2_conn_poke(c);
}

/* With a GOAWAY, whatever is under way. */
static void end(struct h2_conn *c, enum reason reason)
{
    note_end(c, reason);
    drop_requests(c, REASON_CLIENT_GONE);
    h2_session_go_away(c->session, H2_NO_ERROR);
    become(c, H2_CONN_FLUSHING);
}

/* One write may take a slow client longer than the time allowed: it only has to move. */
static void give_up_writing(struct h2_conn *c)
{
    size_t left = stream_bytes_left(c->stream);

    if (left != c->watched_bytes) {
        c->watched = H2_WATCH_NOTHING; /* and watched again, from now on */
        return;
    }
    note_end(c, REASON_CLIENT_STALLED);
    drop_requests(c, REASON_CLIENT_STALLED);
    close_conn(c);
}

static void give_up_waiting(struct h2_conn *c)
{
    switch (c->watched) {
    case H2_WATCH_HEAD:
        end(c, REASON_HEAD_TIMEOUT);
        break;
    case H2_WATCH_WRITE:
        give_up_writing(c);
        break;
    case H2_WATCH_IDLE:
        end(c, REASON_CLIENT_IDLE);
        break;
    case H2_WATCH_DRAIN:
        c->went_away = true;
        h2_session_go_away(c->session, H2_NO_ERROR);
        c->flush_due = true;
        break;
    case H2_WATCH_END:
        close_conn(c);
        break;
    case H2_WATCH_NOTHING:
        break;
    }
}

static void on_too_late(struct deadline *deadline)
{
    struct h2_conn *c = WB_CONTAINER_OF(deadline, struct h2_conn, deadline);

    give_up_waiting(c);
    h2_conn_poke(c);
}

enum h2_sign h2_conn_sign(const struct stream *stream)
{
    struct slice bytes = stream_bytes(stream), chosen = stream_protocol(stream);

    if (slice_eq(chosen, SLICE("h2")))
        return H2_PRESENT;
    if (stream->is_secure || !slice_starts(h2_preface, slice_head(bytes, h2_preface.len)))
        return H2_ABSENT;
    return bytes.len < h2_preface.len ? H2_MORE : H2_PRESENT;
}

void h2_conn_begin(struct entry *entry, size_t entrypoint, const struct address *peer, struct stream **stream)
{
    struct h2_conn *c = wb_alloc(sizeof *c);

    c->entry = entry;
    c->entrypoint = entrypoint;
    c->peer = *peer;
    c->stream = *stream;
    *stream = NULL;
    c->session = h2_session_create(H2_SERVER, &h2_default_limits, &entry->h2_pool);
    c->later.run = on_turn_end;
    list_init(&c->later.link);
    list_init(&c->requests);
    deadline_init(&c->deadline, on_too_late);
    list_push_back(&entry->h2_conns, &c->link);
    stream_set_owner(c->stream, on_stream_changed, c);
    stream_want_read(c->stream, true);
    if (entry->draining)
        h2_conn_drain(c);
    h2_conn_poke(c);
}

void h2_conn_drain(struct h2_conn *c)
{
    if (c->announced)
        return;
    c->announced = true;
    h2_session_announce(c->session);
    write_at_end_of_turn(c);
    watch(c);
}

void h2_conn_cut(struct h2_conn *c)
{
    drop_requests(c, REASON_DRAINING);
    close_conn(c);
    h2_conn_poke(c);
}
