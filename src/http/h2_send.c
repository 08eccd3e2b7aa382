/* SPDX-License-Identifier: MIT */
/* What goes out: heads that were composed, payload straight from its owner's memory into the buffer that is drained. */
#include "h2_private.h"
#include "chars.h"
#include "waybill/base/error.h"
#include "waybill/base/pen.h"

enum { FRAME_HEAD = 9, FRAME_PAYLOAD_MAX = 16384, FRAME_WORTHWHILE = 256 };
/* A frame of payload that was of use pays for that many WINDOW_UPDATEs and PINGs. */
enum { NOISE_EARNED = 3 };

void h2_compose(struct h2_session *session)
{
    struct h2_composer *composer = session->pool->composer;

    composer->count = 0;
    composer->failed = false;
    composer->memory.start = composer->memory.end = 0;
}

/* NULL: there is no room left. It does not move: fields point into it. */
static char *add_bytes(struct h2_session *session, size_t count)
{
    struct buffer *memory = &session->pool->composer->memory;

    buffer_borrow(memory, session->pool->stock, BUFFER_SIZE);
    if (buffer_room(memory) < count)
        return NULL;
    char *bytes = memory->base + memory->end;
    memory->end += count;
    return bytes;
}

static struct slice lower_name(struct h2_session *session, struct slice name)
{
    size_t at = 0;

    while (at < name.len && ascii_lower(name.ptr[at]) == name.ptr[at])
        at++;
    if (at == name.len)
        return name;
    char *copy = add_bytes(session, name.len);
    if (!copy)
        return SLICE("");
    for (at = 0; at < name.len; at++)
        copy[at] = ascii_lower(name.ptr[at]);
    return slice_make(copy, name.len);
}

void h2_compose_field(struct h2_session *session, struct slice name, struct slice value)
{
    struct h2_composer *composer = session->pool->composer;
    struct slice lower = lower_name(session, name);

    if (lower.len == 0 || composer->count == H2_COMPOSE_FIELDS || !header_value_is_valid(value)) {
        composer->failed = true;
        return;
    }
    composer->fields[composer->count++] = (nghttp2_nv){
        .name = (uint8_t *)(uintptr_t)lower.ptr,
        .namelen = lower.len,
        .value = (uint8_t *)(uintptr_t)value.ptr,
        .valuelen = value.len,
    };
}

void h2_compose_u64(struct h2_session *session, struct slice name, uint64_t value)
{
    char *digits = add_bytes(session, PEN_U64_MAX);

    if (!digits) {
        session->pool->composer->failed = true;
        return;
    }
    h2_compose_field(session, name, slice_make(digits, (size_t)(pen_u64(digits, value) - digits)));
}

void h2_compose_status(struct h2_session *session, const char digits[3])
{
    char *copy = add_bytes(session, 3);

    memcpy(copy, digits, 3);
    h2_compose_field(session, SLICE(":status"), slice_make(copy, 3));
}

bool h2_compose_ok(const struct h2_session *session)
{
    return !session->pool->composer->failed;
}

static void submit_done(struct h2_session *session, int error)
{
    WB_REQUIRE(error != NGHTTP2_ERR_NOMEM);
    buffer_return(&session->pool->composer->memory, session->pool->stock);
}

static ssize_t offer_payload(nghttp2_session *engine, int32_t id, uint8_t *room, size_t length, uint32_t *flags,
                             nghttp2_data_source *source, void *arg)
{
    struct h2_session *session = arg;
    struct h2_stream *stream = source->ptr;
    size_t count = stream->unsent.len < length ? stream->unsent.len : length;

    (void)room;
    if (stream->reset_asked || (stream->unsent.len == 0 && !stream->out_last))
        return NGHTTP2_ERR_DEFERRED;
    if (buffer_room(session->out) < FRAME_HEAD + count)
        return NGHTTP2_ERR_PAUSE;
    *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
    if (count < stream->unsent.len || !stream->out_last)
        return (ssize_t)count;
    *flags |= NGHTTP2_DATA_FLAG_EOF;
    if (stream->trailers_out_count) {
        *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
        int failed = nghttp2_submit_trailer(engine, id, stream->trailers_out, stream->trailers_out_count);
        WB_REQUIRE(failed != NGHTTP2_ERR_NOMEM);
    }
    return (ssize_t)count;
}

static ssize_t frame_length(nghttp2_session *engine, uint8_t type, int32_t id, int32_t session_window, int32_t stream_window,
                            uint32_t frame_max, void *arg)
{
    struct h2_session *session = arg;
    size_t room = buffer_room(session->out);
    size_t most = frame_max < FRAME_PAYLOAD_MAX ? frame_max : FRAME_PAYLOAD_MAX;

    (void)engine, (void)type, (void)id, (void)session_window, (void)stream_window;
    /* A small rest of the buffer is left alone; offer_payload says that it has to wait. */
    if (room < FRAME_HEAD + FRAME_WORTHWHILE)
        return (ssize_t)most;
    room -= FRAME_HEAD;
    return (ssize_t)(most < room ? most : room);
}

static int copy_payload(nghttp2_session *engine, nghttp2_frame *frame, const uint8_t *frame_head, size_t length,
                        nghttp2_data_source *source, void *arg)
{
    struct h2_session *session = arg;
    struct h2_stream *stream = source->ptr;

    (void)engine, (void)frame;
    WB_REQUIRE(length <= stream->unsent.len && buffer_room(session->out) >= FRAME_HEAD + length);
    buffer_append(session->out, (const char *)frame_head, FRAME_HEAD);
    buffer_append(session->out, stream->unsent.ptr, length);
    stream->unsent = slice_from(stream->unsent, length);
    h2_earn(&session->noise, NOISE_EARNED);
    if (stream->unsent.len == 0)
        h2_note_change(stream);
    return 0;
}

static int submit_head(struct h2_stream *stream, bool has_body, bool is_request)
{
    struct h2_session *session = stream->session;
    const struct h2_composer *composer = session->pool->composer;
    nghttp2_data_provider provider = {.source.ptr = stream, .read_callback = offer_payload};
    nghttp2_data_provider *body = has_body ? &provider : NULL;

    stream->out_last = !has_body;
    if (!is_request)
        return nghttp2_submit_response(session->engine, stream->id, composer->fields, composer->count, body);
    stream->id = nghttp2_submit_request(session->engine, NULL, composer->fields, composer->count, body, stream);
    return stream->id < 0 ? stream->id : 0;
}

struct h2_stream *h2_session_request(struct h2_session *session, void *owner, bool has_body)
{
    struct h2_stream *stream = h2_stream_create(session, 0);

    stream->owner = owner;
    stream->shown = true;
    int failed = submit_head(stream, has_body, true);
    submit_done(session, failed);
    if (failed) { /* no ids left, or the server goes away */
        session->open--;
        stream->closed = stream->unprocessed = true;
        stream->code = H2_REFUSED_STREAM;
        h2_note_change(stream);
    }
    return stream;
}

void h2_stream_interim(struct h2_stream *stream)
{
    struct h2_session *session = stream->session;
    const struct h2_composer *composer = session->pool->composer;
    int failed = 0;

    if (!stream->closed)
        failed = nghttp2_submit_headers(session->engine, NGHTTP2_FLAG_NONE, stream->id, NULL, composer->fields,
                                        composer->count, NULL);
    submit_done(session, failed);
}

void h2_stream_answer(struct h2_stream *stream, bool has_body)
{
    submit_done(stream->session, stream->closed ? 0 : submit_head(stream, has_body, false));
}

void h2_stream_send(struct h2_stream *stream, struct slice payload, bool last)
{
    WB_REQUIRE(stream->unsent.len == 0 && !stream->out_last);
    stream->out_last = last;
    if (stream->closed || stream->reset_asked)
        return;
    stream->unsent = payload;
    if (payload.len || last)
        nghttp2_session_resume_data(stream->session->engine, stream->id);
}

bool h2_stream_has_window(const struct h2_stream *stream)
{
    nghttp2_session *engine = stream->session->engine;
    return nghttp2_session_get_stream_remote_window_size(engine, stream->id) > 0 &&
           nghttp2_session_get_remote_window_size(engine) > 0;
}

/* Sent when the payload before them has gone; until then they are the stream's. */
void h2_stream_send_trailers(struct h2_stream *stream)
{
    struct h2_session *session = stream->session;
    const struct h2_composer *composer = session->pool->composer;
    nghttp2_nv *kept = ARENA_ARRAY(&stream->arena, nghttp2_nv, composer->count + 1);

    for (size_t i = 0; i < composer->count; i++) {
        const nghttp2_nv *field = &composer->fields[i];
        struct slice name = arena_copy(&stream->arena, slice_make((const char *)field->name, field->namelen));
        struct slice value = arena_copy(&stream->arena, slice_make((const char *)field->value, field->valuelen));
        kept[i] = (nghttp2_nv){(uint8_t *)(uintptr_t)name.ptr, (uint8_t *)(uintptr_t)value.ptr, name.len, value.len, 0};
    }
    stream->trailers_out = kept;
    stream->trailers_out_count = composer->count;
    submit_done(session, 0);
    h2_stream_send(stream, SLICE(""), true);
}

static void note_reset(struct h2_session *session, int32_t id)
{
    struct h2_stream *stream = h2_stream_of(session->engine, id);

    /* One that the peer provoked counts like one it sent (security case D6). */
    if (session->side == H2_SERVER && (!stream || !stream->reset_asked))
        h2_spend(session, &session->resets);
}

static int on_frame_sent(nghttp2_session *engine, const nghttp2_frame *frame, void *arg)
{
    struct h2_session *session = arg;
    struct h2_stream *stream;

    if (frame->hd.type == NGHTTP2_GOAWAY && frame->goaway.error_code != NGHTTP2_NO_ERROR && !session->fault)
        session->fault = nghttp2_http2_strerror(frame->goaway.error_code);
    if (frame->hd.type == NGHTTP2_RST_STREAM) {
        note_reset(session, frame->hd.stream_id);
        return 0;
    }
    if ((frame->hd.type != NGHTTP2_DATA && frame->hd.type != NGHTTP2_HEADERS) ||
        !(frame->hd.flags & NGHTTP2_FLAG_END_STREAM) || !(stream = h2_stream_of(engine, frame->hd.stream_id)))
        return 0;
    stream->out_done = true;
    h2_earn(&session->resets, 1);
    if (stream->released && !stream->ended)
        h2_stream_reset(stream, session->side == H2_SERVER ? H2_NO_ERROR : H2_CANCEL);
    return 0;
}

/* A request that could not be sent at all: the server goes away. */
static int on_frame_not_sent(nghttp2_session *engine, const nghttp2_frame *frame, int error, void *arg)
{
    struct h2_stream *stream = frame->hd.type == NGHTTP2_HEADERS ? h2_stream_of(engine, frame->hd.stream_id) : NULL;

    (void)error, (void)arg;
    if (stream && frame->headers.cat == NGHTTP2_HCAT_REQUEST)
        stream->unprocessed = true;
    return 0;
}

void h2_set_senders(nghttp2_session_callbacks *callbacks)
{
    nghttp2_session_callbacks_set_data_source_read_length_callback(callbacks, frame_length);
    nghttp2_session_callbacks_set_send_data_callback(callbacks, copy_payload);
    nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, on_frame_sent);
    nghttp2_session_callbacks_set_on_frame_not_send_callback(callbacks, on_frame_not_sent);
}
