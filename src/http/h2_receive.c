/* SPDX-License-Identifier: MIT */
/* What comes in: heads into the stream's arena, payload into blocks of the stock, and what each frame costs who sent it. */
#include "h2_private.h"
#include "waybill/base/error.h"

/* A head over the limits is still decoded, for HPACK's sake. Over that many times the limits nobody means it. All the heads of a
 * stream, interim ones too, are kept until it is let go. By references to a table they cost their sender next to nothing, so what all
 * streams of a client keep is bounded: beyond that it is told to come again. Frames that wait to be sent: a client that reads
 * nothing can make answers to what it does wrong pile up. */
enum { HEAD_EXCESS = 4, HEADS_EXCESS = 3, HEADS_KEPT_MAX = 1024 * 1024, QUEUED_MAX = 1000 };

/* Lies at the front of its own memory, which never moves: what waits in it may be written to a socket. */
struct h2_chunk {
    struct h2_chunk *next;
    struct buffer memory;
};

static bool head_is_too_large(const struct h2_session *session, const struct h2_stream *stream)
{
    return session->reading_fields > session->limits.fields || session->reading_bytes > session->limits.head_bytes ||
           session->reading_count > H2_HEAD_FIELDS || stream->arena.used > HEADS_EXCESS * session->limits.head_bytes;
}

static bool head_is_absurd(const struct h2_session *session)
{
    return session->reading_fields > HEAD_EXCESS * session->limits.fields ||
           session->reading_bytes > HEAD_EXCESS * session->limits.head_bytes;
}

static void begin_request(struct h2_session *session, int32_t id)
{
    if (session->heads_kept <= HEADS_KEPT_MAX)
        nghttp2_session_set_stream_user_data(session->engine, id, h2_stream_create(session, id));
    else
        nghttp2_submit_rst_stream(session->engine, NGHTTP2_FLAG_NONE, id, NGHTTP2_REFUSED_STREAM);
}

static int on_begin_headers(nghttp2_session *engine, const nghttp2_frame *frame, void *arg)
{
    struct h2_session *session = arg;

    (void)engine;
    session->reading_count = session->reading_fields = 0;
    session->reading_bytes = 0;
    session->head_begun = true;
    buffer_borrow(&session->reading, session->pool->stock, H2_HEAD_FIELDS * sizeof(struct header));
    if (session->side == H2_SERVER && frame->headers.cat == NGHTTP2_HCAT_REQUEST)
        begin_request(session, frame->hd.stream_id);
    return 0;
}

static void keep_field(struct h2_session *session, struct h2_stream *stream, struct slice name, struct slice value)
{
    struct header *fields = (struct header *)(void *)session->reading.base;
    size_t count = name.len + value.len + 1;
    char *bytes = arena_bytes(&stream->arena, count);

    memcpy(bytes, name.ptr, name.len);
    memcpy(bytes + name.len, value.ptr, value.len);
    fields[session->reading_count - 1] = (struct header){
        .name = slice_make(bytes, name.len),
        .value = slice_make(bytes + name.len, value.len),
    };
    stream->head_kept += count;
    session->heads_kept += count;
}

static int on_header(nghttp2_session *engine, const nghttp2_frame *frame, const uint8_t *name, size_t name_len,
                     const uint8_t *value, size_t value_len, uint8_t flags, void *arg)
{
    struct h2_session *session = arg;
    struct h2_stream *stream = h2_stream_of(engine, frame->hd.stream_id);

    (void)flags;
    if (!stream || stream->released)
        return 0;
    session->reading_count++;
    session->reading_fields += name_len > 0 && name[0] != ':';
    session->reading_bytes += name_len + value_len + 32;
    if (session->side == H2_SERVER && head_is_absurd(session)) {
        session->fault = "a head many times larger than is taken";
        h2_end_for_flood(session);
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    }
    if (!head_is_too_large(session, stream))
        keep_field(session, stream, slice_make((const char *)name, name_len), slice_make((const char *)value, value_len));
    return 0;
}

/* nghttp2 would pass over a field it finds malformed; we do not pass over anything (security case S10). */
static int on_invalid_header(nghttp2_session *engine, const nghttp2_frame *frame, const uint8_t *name, size_t name_len,
                             const uint8_t *value, size_t value_len, uint8_t flags, void *arg)
{
    (void)engine, (void)frame, (void)name, (void)name_len, (void)value, (void)value_len, (void)flags, (void)arg;
    return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
}

static void take_fields(struct h2_session *session, struct h2_stream *stream, struct h2_head *out)
{
    *out = (struct h2_head){.too_large = head_is_too_large(session, stream)};
    if (out->too_large || session->reading_count == 0)
        return;
    out->count = session->reading_count;
    out->fields = ARENA_ARRAY(&stream->arena, struct header, out->count);
    memcpy(out->fields, session->reading.base, out->count * sizeof *out->fields);
}

/* RFC 9113 8.1: of an answer, interim heads (1xx) may come before the one that counts. */
static bool is_final(const struct h2_head *head)
{
    return head->too_large || head->count == 0 || head->fields[0].value.len != 3 || head->fields[0].value.ptr[0] != '1';
}

static void take_head(struct h2_session *session, struct h2_stream *stream)
{
    bool is_trailers = stream->heads > 0 && (session->side == H2_SERVER || is_final(&stream->head));

    if (is_trailers) {
        take_fields(session, stream, &stream->trailers);
        return;
    }
    take_fields(session, stream, &stream->head);
    stream->heads++;
}

/* A client's wishes for an order would let one stream starve others: all are equal. */
static void flatten_priority(nghttp2_session *engine, int32_t id)
{
    nghttp2_priority_spec equal;

    nghttp2_priority_spec_default_init(&equal);
    nghttp2_session_change_stream_priority(engine, id, &equal);
}

static void note_end(struct h2_stream *stream, const nghttp2_frame *frame)
{
    if (!(frame->hd.flags & NGHTTP2_FLAG_END_STREAM))
        return;
    stream->ended = true;
    if (stream->released && stream->out_done)
        return;
    h2_note_change(stream);
}

static void take_headers(struct h2_session *session, const nghttp2_frame *frame)
{
    struct h2_stream *stream = h2_stream_of(session->engine, frame->hd.stream_id);

    if (!stream) {
        h2_forget_reading(session);
        return;
    }
    if (session->side == H2_SERVER && (frame->hd.flags & NGHTTP2_FLAG_PRIORITY))
        flatten_priority(session->engine, frame->hd.stream_id);
    if (!stream->released)
        take_head(session, stream);
    h2_forget_reading(session);
    note_end(stream, frame);
    h2_note_change(stream);
}

static int on_frame(nghttp2_session *engine, const nghttp2_frame *frame, void *arg)
{
    struct h2_session *session = arg;
    struct h2_stream *stream;

    session->head_begun = false;
    switch ((int)frame->hd.type) {
    case NGHTTP2_HEADERS:
        take_headers(session, frame);
        break;
    case NGHTTP2_DATA:
        if (frame->hd.length == frame->data.padlen && !(frame->hd.flags & NGHTTP2_FLAG_END_STREAM))
            h2_spend(session, &session->noise); /* empty, or nothing but padding */
        if ((stream = h2_stream_of(engine, frame->hd.stream_id)))
            note_end(stream, frame);
        break;
    case NGHTTP2_PRIORITY:
        if (session->side == H2_SERVER)
            flatten_priority(engine, frame->hd.stream_id);
        break;
    case NGHTTP2_RST_STREAM:
        if (session->side == H2_SERVER)
            h2_spend(session, &session->resets); /* security case D5 */
        break;
    case NGHTTP2_SETTINGS:
        session->settled = session->settled || !(frame->hd.flags & NGHTTP2_FLAG_ACK);
        break;
    case NGHTTP2_GOAWAY:
        session->went_away = true;
        break;
    default:
        break;
    }
    return 0;
}

/* Security case D7. Frames that are of use cost nothing: heads, payload, acknowledgements. Those of unknown types provoke nothing
 * and are skipped like any bytes; nghttp2 does not even tell of them. */
static bool is_noise(const nghttp2_frame_hd *frame)
{
    switch (frame->type) {
    case NGHTTP2_DATA: /* on_frame knows how much of it is payload */
    case NGHTTP2_HEADERS:
    case NGHTTP2_CONTINUATION:
    case NGHTTP2_RST_STREAM:
    case NGHTTP2_GOAWAY:
        return false;
    case NGHTTP2_PING:
    case NGHTTP2_SETTINGS:
        return !(frame->flags & NGHTTP2_FLAG_ACK);
    default:
        return true;
    }
}

/* RFC 9113 5.1.1: a number that was passed over is not used any more. nghttp2 cannot tell it from one that was closed long ago, and
 * lets both go; those passed over last are remembered here. */
static void check_number(struct h2_session *session, int32_t id)
{
    if (id > session->newest_id) {
        if (id - 2 > session->newest_id) {
            session->passed_from = session->newest_id + 2;
            session->passed_to = id - 2;
        }
        session->newest_id = id;
    } else if (id >= session->passed_from && id <= session->passed_to) {
        session->fault = "a stream's number that was passed over";
        nghttp2_session_terminate_session(session->engine, NGHTTP2_PROTOCOL_ERROR);
    }
}

static int on_begin_frame(nghttp2_session *engine, const nghttp2_frame_hd *frame, void *arg)
{
    struct h2_session *session = arg;

    if (frame->type == NGHTTP2_HEADERS && session->side == H2_SERVER && frame->stream_id % 2)
        check_number(session, frame->stream_id);
    if (frame->type != NGHTTP2_CONTINUATION) {
        session->head_begun = false; /* until on_begin_headers, which is not called of one that is passed over */
        session->continuations = 0;
    } else if (++session->continuations > H2_CONTINUATIONS_MAX) {
        h2_end_for_flood(session);
    }
    if (nghttp2_session_get_outbound_queue_size(engine) > QUEUED_MAX)
        h2_end_for_flood(session);
    if (is_noise(frame))
        h2_spend(session, &session->noise);
    return 0;
}

static int on_invalid_frame(nghttp2_session *engine, const nghttp2_frame *frame, int error, void *arg)
{
    struct h2_session *session = arg;

    (void)engine, (void)frame, (void)error;
    session->head_begun = false;
    return 0;
}

static struct h2_chunk *add_chunk(struct h2_stream *stream)
{
    struct buffer memory = {0};
    struct h2_chunk *chunk;

    /* What comes by and by from a server is written in larger pieces; what a client sends costs no more than it is. */
    bool is_long = stream->session->side == H2_CLIENT && stream->received >= BUFFER_SIZE;
    buffer_borrow(&memory, stream->session->pool->stock, is_long ? BUFFER_LARGE : BUFFER_SIZE);
    memory.start = memory.end = (sizeof *chunk + 15) / 16 * 16;
    chunk = (struct h2_chunk *)(void *)memory.base;
    *chunk = (struct h2_chunk){.memory = memory};
    if (stream->last)
        stream->last->next = chunk;
    else
        stream->first = chunk;
    stream->last = chunk;
    return chunk;
}

static void drop_first_chunk(struct h2_stream *stream)
{
    struct buffer memory = stream->first->memory;

    stream->first = stream->first->next;
    if (!stream->first)
        stream->last = NULL;
    buffer_return(&memory, stream->session->pool->stock);
}

/* The connection's window is everybody's: it goes back at once, so that one slow stream stops no other. But what all together
 * keep is bounded. */
static void give_back_connection(struct h2_session *session, size_t count)
{
    session->held_back += count;
    if (session->kept > session->limits.kept_max)
        return;
    nghttp2_session_consume_connection(session->engine, session->held_back);
    session->held_back = 0;
}

static int on_payload(nghttp2_session *engine, uint8_t flags, int32_t id, const uint8_t *bytes, size_t count, void *arg)
{
    struct h2_session *session = arg;
    struct h2_stream *stream = h2_stream_of(engine, id);

    (void)flags;
    if (!stream || stream->released) {
        give_back_connection(session, count);
        return 0;
    }
    for (size_t at = 0; at < count;) {
        struct h2_chunk *chunk = stream->last;
        if (!chunk || buffer_room(&chunk->memory) == 0)
            chunk = add_chunk(stream);
        at += buffer_append(&chunk->memory, (const char *)bytes + at, count - at);
    }
    stream->kept += count;
    stream->received += count;
    session->kept += count;
    give_back_connection(session, count);
    h2_note_change(stream);
    return 0;
}

struct slice h2_stream_payload(const struct h2_stream *stream)
{
    return stream->first ? buffer_slice(&stream->first->memory) : SLICE("");
}

/* Of the first piece. */
static void forget_payload(struct h2_stream *stream, size_t count)
{
    struct h2_session *session = stream->session;
    struct buffer *memory = &stream->first->memory;

    WB_REQUIRE(count <= buffer_len(memory));
    memory->start += count;
    if (memory->start == memory->end)
        drop_first_chunk(stream);
    stream->kept -= count;
    session->kept -= count;
}

void h2_stream_took(struct h2_stream *stream, size_t count)
{
    struct h2_session *session = stream->session;

    if (count == 0)
        return;
    forget_payload(stream, count);
    if (!stream->closed && !session->broken)
        nghttp2_session_consume_stream(session->engine, stream->id, count);
    if (session->held_back)
        give_back_connection(session, 0);
}

void h2_drop_kept(struct h2_stream *stream)
{
    while (stream->first)
        forget_payload(stream, buffer_len(&stream->first->memory));
    if (stream->session->held_back && !stream->session->broken)
        give_back_connection(stream->session, 0);
}

void h2_set_receivers(nghttp2_session_callbacks *callbacks)
{
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_invalid_header_callback(callbacks, on_invalid_header);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
    nghttp2_session_callbacks_set_on_begin_frame_callback(callbacks, on_begin_frame);
    nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(callbacks, on_invalid_frame);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_payload);
}
