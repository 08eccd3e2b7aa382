/* SPDX-License-Identifier: MIT */
#include "sim_link.h"
#include <errno.h>
#include <stdlib.h>

enum { PATTERN_BYTES = 64 * 1024 };

struct sim_end {
    struct stream stream; /* first */
    struct sim_link *link;
    struct sim_event freed;
};

static struct sim_link *link_of(const struct stream *stream)
{
    return ((const struct sim_end *)(const void *)stream)->link;
}

/* How much at once: `max`, or with random rules anything up to it. 0 = no limit. */
static size_t draw_size(struct sim_link *link, size_t max, size_t there)
{
    if (!max)
        return there;
    size_t size = link->wire_rules.random ? 1 + (size_t)sim_draw(link->sim, max) : max;
    return size < there ? size : there;
}

static void top_up(struct sim_link *link)
{
    char bytes[PATTERN_BYTES];

    if (link->coming_at < link->coming.len || link->pattern_left == 0)
        return;
    size_t count = link->pattern_left < sizeof bytes ? (size_t)link->pattern_left : sizeof bytes;
    memset(bytes, 'x', count);
    link->coming.len = link->coming_at = 0;
    link->pattern_left -= count;
    text_add(&link->coming, slice_make(bytes, count));
}

static void deliver_later(struct sim_link *link)
{
    if (list_empty(&link->deliver.link))
        sim_post(link->sim, &link->deliver, 0);
}

static void absorb_later(struct sim_link *link, uint64_t after_ms)
{
    if (list_empty(&link->absorb.link))
        sim_post(link->sim, &link->absorb, after_ms);
}

static void end_reading(struct stream *stream, wb_err error)
{
    stream->reading = false;
    if (error)
        stream->error = error;
    else
        stream->eof = true;
    if (buffer_len(&stream->in) == 0)
        stream_release(stream);
    stream_poke(stream);
}

static void on_deliver(struct sim_event *event)
{
    struct sim_link *link = WB_CONTAINER_OF(event, struct sim_link, deliver);
    struct stream *stream = link->end ? &link->end->stream : NULL;

    if (!stream || !stream->reading)
        return;
    if (link->reset_coming) {
        end_reading(stream, -ECONNRESET);
        return;
    }
    top_up(link);
    size_t there = link->coming.len - link->coming_at;
    if (there == 0) {
        if (link->fin_coming)
            end_reading(stream, 0);
        return;
    }
    struct slice room = stream_room(stream);
    if (room.len == 0) {
        stream->reading = false; /* as UV_ENOBUFS */
        return;
    }
    size_t count = draw_size(link, link->wire_rules.deliver_max, there);
    count = count < room.len ? count : room.len;
    memcpy((char *)(uintptr_t)room.ptr, link->coming.ptr + link->coming_at, count);
    link->coming_at += count;
    deliver_later(link);
    stream_received(stream, count);
    stream_poke(stream);
}

static void start_reading(struct stream *stream)
{
    deliver_later(link_of(stream));
}

static void stop_reading(struct stream *stream)
{
    sim_unpost(&link_of(stream)->deliver);
}

static size_t pending_bytes(const struct sim_link *link)
{
    size_t bytes = 0;
    for (unsigned i = 0; i < link->part_count; i++)
        bytes += link->parts[i].len;
    return bytes;
}

/* From the worker's memory into the socket, as far as there is room. */
static void fill_wire(struct sim_link *link)
{
    size_t used = link->wire.len - link->wire_at, capacity = link->wire_rules.socket_bytes;

    if (link->wire_at == link->wire.len)
        link->wire.len = link->wire_at = 0;
    while (link->part_count && (!capacity || used < capacity)) {
        struct slice *part = &link->parts[0];
        struct slice fits = slice_head(*part, capacity ? capacity - used : part->len);
        text_add(&link->wire, fits);
        used += fits.len;
        *part = slice_from(*part, fits.len);
        if (part->len)
            break;
        link->part_count--;
        memmove(&link->parts[0], &link->parts[1], link->part_count * sizeof link->parts[0]);
    }
}

/* The other end is gone: what is written brings a reset, or failed long ago. */
static bool write_into_nothing(struct sim_link *link, struct stream *stream)
{
    if (!link->gone)
        return false;
    if (link->reset_coming)
        stream->write_error = -EPIPE;
    link->reset_coming = true;
    deliver_later(link);
    return true;
}

static void write_parts(struct stream *stream, const struct slice *parts, unsigned count)
{
    struct sim_link *link = link_of(stream);

    WB_REQUIRE(link->part_count == 0 && !link->fin_wanted && stream->connected);
    if (write_into_nothing(link, stream))
        return;
    for (unsigned i = 0; i < count; i++) {
        stream->bytes_written += parts[i].len;
        if (parts[i].len)
            link->parts[link->part_count++] = parts[i];
    }
    fill_wire(link);
    stream->writing = link->part_count > 0;
    link->notice_written = stream->writing;
    absorb_later(link, 0);
}

/* One that cuts anywhere may take less than fits, and the rest a moment later. */
static size_t write_now(struct stream *stream, struct slice bytes)
{
    struct sim_link *link = link_of(stream);
    struct slice taken = slice_head(bytes, draw_size(link, link->wire_rules.random ? bytes.len : 0, bytes.len));

    WB_REQUIRE(link->part_count == 0 && !link->fin_wanted && stream->connected);
    if (write_into_nothing(link, stream)) {
        stream->bytes_written += bytes.len;
        return stream->write_error ? 0 : bytes.len;
    }
    link->parts[link->part_count++] = taken;
    fill_wire(link);
    size_t gone = taken.len - pending_bytes(link);
    link->part_count = 0;
    stream->bytes_written += gone;
    absorb_later(link, 0);
    return gone;
}

static size_t bytes_left(const struct stream *stream)
{
    return pending_bytes(link_of(stream));
}

static bool has_news(const struct stream *stream)
{
    const struct sim_link *link = link_of(stream);
    return link->fin_coming || link->reset_coming || link->coming_at < link->coming.len;
}

static bool find_local(const struct stream *stream, struct address *out_address)
{
    (void)stream;
    return address_parse(SLICE(SIM_LOCAL_IP), SIM_LOCAL_PORT, out_address);
}

static void shut_down(struct stream *stream)
{
    struct sim_link *link = link_of(stream);

    link->fin_wanted = true;
    link->notice_written = true;
    stream->writing = true;
    absorb_later(link, 0);
}

static void tell_script(struct sim_link *link)
{
    if (link->changed)
        link->changed(link->owner);
}

static void read_wire(struct sim_link *link)
{
    size_t there = link->wire.len - link->wire_at;
    size_t count = draw_size(link, link->wire_rules.absorb_max, there);

    if (!link->counts_only)
        text_add(&link->got, slice_make(link->wire.ptr + link->wire_at, count));
    link->got_bytes += count;
    link->wire_at += count;
}

/* The write is done as far as the worker is concerned. */
static bool write_ended(struct sim_link *link)
{
    if (!link->end || !link->notice_written || link->part_count)
        return false;
    link->notice_written = false;
    link->end->stream.writing = false;
    return true;
}

static void fail_write(struct sim_link *link)
{
    link->part_count = 0;
    if (link->end && link->end->stream.writing) {
        link->end->stream.writing = false;
        link->notice_written = false;
        link->end->stream.write_error = -ECONNRESET;
        stream_poke(&link->end->stream);
    }
}

static void on_absorb(struct sim_event *event)
{
    struct sim_link *link = WB_CONTAINER_OF(event, struct sim_link, absorb);

    if (link->gone) {
        fail_write(link);
        return;
    }
    if (!link->paused && link->wire_at < link->wire.len)
        read_wire(link);
    fill_wire(link);
    bool wrote = write_ended(link);
    bool empty = link->wire_at == link->wire.len && link->part_count == 0;
    if (empty && link->fin_wanted && !link->paused)
        link->got_fin = true;
    if (!empty && !link->paused)
        absorb_later(link, link->wire_rules.absorb_every_ms);
    tell_script(link);
    if (wrote && link->end)
        stream_poke(&link->end->stream);
}

static void on_freed(struct sim_event *event)
{
    struct sim_end *end = WB_CONTAINER_OF(event, struct sim_end, freed);
    end->stream.loop->stream_count--;
    free(end);
}

static void end_by_reset(struct sim_link *link)
{
    link->wire.len = link->wire_at = 0;
    link->got_reset = true;
}

static void close_end(struct stream *stream, bool reset)
{
    struct sim_link *link = link_of(stream);
    struct sim_end *end = link->end;

    link->end = NULL;
    link->part_count = 0; /* a closed handle's writes are cancelled */
    sim_unpost(&link->deliver);
    sim_unpost(&link->connect);
    if (reset || link->coming_at < link->coming.len || link->pattern_left)
        end_by_reset(link);
    else
        link->fin_wanted = true;
    sim_post(link->sim, &end->freed, 0);
    absorb_later(link, 0);
}

static void close_stream(struct stream *stream)
{
    close_end(stream, false);
}

static void reset_stream(struct stream *stream)
{
    close_end(stream, true);
}

static const struct stream_ops sim_stream_ops = {
    .start_reading = start_reading,
    .stop_reading = stop_reading,
    .write = write_parts,
    .write_now = write_now,
    .bytes_left = bytes_left,
    .has_news = has_news,
    .find_local = find_local,
    .shut_down = shut_down,
    .close = close_stream,
    .reset = reset_stream,
};

static void on_connect(struct sim_event *event)
{
    struct sim_link *link = WB_CONTAINER_OF(event, struct sim_link, connect);
    struct stream *stream = &link->end->stream;
    struct sim_listener *listener = sim_find_listener(link->sim, &link->dialled);

    if (listener && listener->dial == SIM_ACCEPT && listener->refusals == 0) {
        stream->connected = true;
        link->listener = listener;
        listener->accepted(listener, link);
        stream_want_read(stream, stream->want_read);
    } else {
        if (listener && listener->refusals)
            listener->refusals--;
        stream->error = -ECONNREFUSED;
    }
    stream_poke(stream);
}

static void draw_rules(struct sim *sim, struct sim_wire *rules)
{
    static const size_t sizes[] = {0, 0, 1, 7, 100, 3000, 20000};

    rules->deliver_max = sizes[sim_draw(sim, WB_COUNT(sizes))];
    rules->socket_bytes = sizes[sim_draw(sim, WB_COUNT(sizes))];
    rules->absorb_max = sizes[sim_draw(sim, WB_COUNT(sizes))];
    rules->random = sim_draw(sim, 2);
}

static struct sim_link *create_link(struct sim *sim)
{
    struct sim_link *link = wb_alloc(sizeof *link);
    struct sim_end *end = wb_alloc(sizeof *end);

    link->sim = sim;
    link->wire_rules = sim->wire;
    if (sim->vary)
        draw_rules(sim, &link->wire_rules);
    link->end = end;
    link->deliver.run = on_deliver;
    link->absorb.run = on_absorb;
    link->connect.run = on_connect;
    end->freed.run = on_freed;
    end->link = link;
    list_init(&link->deliver.link);
    list_init(&link->absorb.link);
    list_init(&link->connect.link);
    list_init(&end->freed.link);
    list_push_back(&sim->links, &link->link);
    stream_init(&end->stream, &sim_stream_ops, &sim->loop);
    return link;
}

struct stream *sim_link_dial(struct loop *loop, const struct address *address)
{
    struct sim *sim = (struct sim *)(void *)loop;
    struct sim_link *link = create_link(sim);
    struct sim_listener *listener = sim_find_listener(sim, address);

    sim->dialled++;
    if (listener)
        listener->dialled++;
    link->dialled = *address;
    link->end->stream.peer = *address;
    if (!listener || listener->dial != SIM_SILENT)
        sim_post(sim, &link->connect, listener ? listener->dial_ms : 0);
    return &link->end->stream;
}

struct stream *sim_link_accept(struct sim *sim, const char *peer_ip, struct sim_link **out_link)
{
    struct sim_link *link = create_link(sim);

    link->end->stream.connected = true;
    WB_REQUIRE(address_parse(slice_of(peer_ip), 40000, &link->end->stream.peer));
    *out_link = link;
    return &link->end->stream;
}

void sim_link_send(struct sim_link *link, struct slice bytes)
{
    WB_REQUIRE(!link->fin_coming);
    if (!link->end) {
        if (bytes.len && !link->got_fin)
            end_by_reset(link); /* nobody is there: what was not read yet is lost */
        return;
    }
    text_add(&link->coming, bytes);
    deliver_later(link);
}

void sim_link_send_pattern(struct sim_link *link, uint64_t count)
{
    link->pattern_left += count;
    deliver_later(link);
}

void sim_link_shut(struct sim_link *link)
{
    link->fin_coming = true;
    deliver_later(link);
}

void sim_link_close(struct sim_link *link)
{
    link->gone = true;
    link->pattern_left = 0;
    sim_link_shut(link);
    absorb_later(link, 0);
}

void sim_link_reset(struct sim_link *link)
{
    link->reset_coming = link->gone = true;
    link->pattern_left = 0;
    deliver_later(link);
    absorb_later(link, 0);
}

void sim_link_pause(struct sim_link *link, bool paused)
{
    link->paused = paused;
    if (!paused)
        absorb_later(link, 0);
}

void sim_link_free_all(struct sim *sim)
{
    LIST_EACH_SAFE (node, &sim->links) {
        struct sim_link *link = LIST_ENTRY(node, struct sim_link, link);
        WB_REQUIRE(!link->end);
        sim_unpost(&link->absorb);
        text_fini(&link->got);
        text_fini(&link->coming);
        text_fini(&link->wire);
        list_remove(&link->link);
        free(link);
    }
}
