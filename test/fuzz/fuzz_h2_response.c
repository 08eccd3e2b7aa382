/* SPDX-License-Identifier: MIT */
/* links: base http */
/* What a server says on a connection with three requests under way. Whatever it is, what comes of it does not depend on how it was
 * cut, the heads that are taken hold nothing that could not be sent on in HTTP/1, and nothing is left. The first input byte draws
 * the cuts. */
#include "waybill/base/error.h"
#include "waybill/base/text.h"
#include "waybill/http/h2_head.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

enum { CALLS = 3 };

struct call {
    struct h2_stream *stream;
    unsigned heads;
    struct text came; /* heads, payload and ends, as text */
};

struct run {
    struct stock stock;
    struct h2_pool pool;
    struct h2_session *session;
    struct call calls[CALLS];
};

static const struct h2_limits limits = {
    .streams = 10, .head_bytes = 2048, .fields = 20, .stream_window = 5000, .kept_max = 50000};
static struct response_head head;

static void ask(struct run *run, struct call *call, bool has_body)
{
    h2_compose(run->session);
    h2_compose_field(run->session, SLICE(":method"), SLICE("POST"));
    h2_compose_field(run->session, SLICE(":scheme"), SLICE("http"));
    h2_compose_field(run->session, SLICE(":path"), SLICE("/"));
    call->stream = h2_session_request(run->session, call, has_body);
    if (has_body)
        h2_stream_send(call->stream, SLICE("hello"), true);
}

static void drain(struct run *run)
{
    struct buffer out = {0};

    while (h2_session_has_output(run->session)) {
        buffer_borrow(&out, &run->stock, BUFFER_SIZE);
        h2_session_drain(run->session, &out);
        if (buffer_len(&out) == 0)
            break;
        buffer_consume(&out, buffer_len(&out));
    }
    buffer_return(&out, &run->stock);
}

static void check_part(struct slice part)
{
    WB_REQUIRE(slice_find(part, '\r') == part.len && slice_find(part, '\n') == part.len &&
               slice_find(part, '\0') == part.len);
}

static void note_head(struct call *call)
{
    const struct h2_stream *stream = call->stream;

    call->heads = stream->heads;
    if (h2_read_response(&stream->head, false, false, &head) != REASON_NONE) {
        text_add(&call->came, SLICE("[bad]"));
        return;
    }
    WB_REQUIRE(head.status >= 100 && head.status <= 999 && head.status != 101);
    for (unsigned i = 0; i < head.headers.count; i++) {
        WB_REQUIRE(header_name_is_valid(head.headers.items[i].name));
        check_part(head.headers.items[i].value);
    }
    text_addf(&call->came, "[%u %u %d]", head.status, head.headers.count, (int)head.body);
}

static void note(struct call *call)
{
    struct h2_stream *stream = call->stream;
    struct slice payload;
    struct headers *trailers = &head.headers;

    if (stream->heads > call->heads)
        note_head(call);
    while ((payload = h2_stream_payload(stream)).len) {
        text_add(&call->came, payload);
        h2_stream_took(stream, payload.len);
    }
    WB_REQUIRE(stream->kept == 0);
    if (stream->ended) {
        headers_clear(trailers);
        h2_read_trailers(&stream->trailers, trailers);
        for (unsigned i = 0; i < trailers->count; i++)
            WB_REQUIRE(header_trailer_allowed(trailers->items[i].name));
    }
}

static void feed(struct run *run, const uint8_t *bytes, size_t count)
{
    struct h2_stream *stream;
    char *copy = malloc(count ? count : 1);

    memcpy(copy, bytes, count);
    h2_session_feed(run->session, slice_make(copy, count), 1000);
    free(copy);
    while ((stream = h2_session_next_changed(run->session))) {
        WB_REQUIRE(stream->owner);
        note(stream->owner);
    }
}

/* As it has come to stand in the end. What was seen of interim heads, and what came of a stream or a connection that broke its
 * rules, depends on when it was looked at. */
static void conclude(struct run *run, struct text *out)
{
    bool over = h2_session_is_over(run->session);

    for (unsigned i = 0; i < CALLS; i++) {
        struct call *call = &run->calls[i];
        const struct h2_stream *stream = call->stream;
        bool broke = over || (stream->closed && stream->code != H2_NO_ERROR);
        text_addf(out, "%u: %u", i, stream->heads);
        if (!over)
            text_addf(out, " %d %u", stream->closed, stream->closed ? stream->code : 0);
        if (!broke)
            text_addf(out, " %zu %d %u", (size_t)stream->received, stream->ended, stream->trailers.count);
        if (!broke && stream->heads < 2)
            text_add(out, text_slice(&call->came));
        text_fini(&call->came);
        h2_stream_release(&call->stream);
    }
    text_addf(out, "%d\n", over);
}

static void run_once(const uint8_t *bytes, size_t size, unsigned draw, bool whole, struct text *out)
{
    struct run run = {0};

    stock_init(&run.stock);
    h2_pool_init(&run.pool, &run.stock);
    run.session = h2_session_create(H2_CLIENT, &limits, &run.pool);
    for (unsigned i = 0; i < CALLS; i++)
        ask(&run, &run.calls[i], i == 1);
    drain(&run);
    for (size_t at = 0; at < size;) {
        draw = draw * 1103515245u + 12345u;
        size_t step = whole ? size : 1 + (draw >> 16 & 31);
        step = size - at < step ? size - at : step;
        feed(&run, bytes + at, step);
        at += step;
    }
    drain(&run);
    conclude(&run, out);
    drain(&run);
    h2_session_destroy(&run.session);
    WB_REQUIRE(run.stock.lent_bytes == 0);
    h2_pool_fini(&run.pool);
    stock_fini(&run.stock);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct text whole = TEXT_EMPTY, pieces = TEXT_EMPTY;

    if (size == 0 || size > 4096)
        return 0;
    run_once(bytes + 1, size - 1, bytes[0], true, &whole);
    run_once(bytes + 1, size - 1, bytes[0], false, &pieces);
    WB_REQUIRE(slice_eq(text_slice(&whole), text_slice(&pieces)));
    text_fini(&whole);
    text_fini(&pieces);
    return 0;
}
