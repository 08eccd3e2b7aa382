/* SPDX-License-Identifier: MIT */
#include "h2_private.h"
#include "waybill/base/error.h"
#include <stdlib.h>

enum { SPARE_KEPT = 256, STREAM_BLOCK_BYTES = 2048, DRAIN_ROOM_MIN = 512 };
enum { SESSION_WINDOW = 1024 * 1024, OUTBOUND_ACKS_MAX = 100, SETTINGS_ENTRIES_MAX = 32 };
/* nghttp2 counts them by the pieces they come in, of which the head of each may make nine; h2_receive.c counts the frames. */
enum { CONTINUATION_PIECES_MAX = 9 * (H2_CONTINUATIONS_MAX + 1) };
/* Noise: frames that move nothing. Resets: streams that end before they are answered, whoever's fault shows. */
enum { NOISE_BURST = 1000, NOISE_PER_SECOND = 100, RESETS_BURST = 200, RESETS_PER_SECOND = 20 };

const struct h2_limits h2_default_limits = {
    .streams = 100,
    .head_bytes = 64 * 1024,
    .fields = HEADERS_REQUEST_MAX,
    .stream_window = 128 * 1024,
    .kept_max = 512 * 1024,
};

const struct slice h2_preface = {NGHTTP2_CLIENT_MAGIC, NGHTTP2_CLIENT_MAGIC_LEN};

void h2_pool_init(struct h2_pool *pool, struct stock *stock)
{
    *pool = (struct h2_pool){.stock = stock, .composer = wb_alloc(sizeof *pool->composer)};
}

void h2_pool_fini(struct h2_pool *pool)
{
    while (pool->spare) {
        struct h2_stream *stream = pool->spare;
        pool->spare = stream->next_spare;
        arena_fini(&stream->arena);
        free(stream);
    }
    pool->spare_count = 0;
    buffer_return(&pool->composer->memory, pool->stock);
    free(pool->composer);
    pool->composer = NULL;
}

struct h2_stream *h2_stream_create(struct h2_session *session, int32_t id)
{
    struct h2_pool *pool = session->pool;
    struct h2_stream *stream = pool->spare;

    if (stream) {
        struct arena kept = stream->arena;
        pool->spare = stream->next_spare;
        pool->spare_count--;
        *stream = (struct h2_stream){.arena = kept};
    } else {
        stream = wb_alloc(sizeof *stream);
        arena_init(&stream->arena, 0);
        stream->arena.block_bytes = STREAM_BLOCK_BYTES;
    }
    stream->session = session;
    stream->id = id;
    stream->unsent = SLICE("");
    list_init(&stream->changed);
    list_push_back(&session->streams, &stream->link);
    session->open++;
    return stream;
}

static void free_stream(struct h2_stream *stream)
{
    struct h2_pool *pool = stream->session->pool;

    h2_drop_kept(stream);
    stream->session->heads_kept -= stream->head_kept;
    list_remove(&stream->link);
    list_remove(&stream->changed);
    if (pool->spare_count >= SPARE_KEPT) {
        arena_fini(&stream->arena);
        free(stream);
        return;
    }
    arena_reset(&stream->arena);
    stream->next_spare = pool->spare;
    pool->spare = stream;
    pool->spare_count++;
}

void h2_note_change(struct h2_stream *stream)
{
    if (!stream->released && list_empty(&stream->changed))
        list_push_back(&stream->session->changed, &stream->changed);
}

void h2_end_for_flood(struct h2_session *session)
{
    if (session->flooded)
        return;
    session->flooded = session->deaf = true;
    nghttp2_session_terminate_session(session->engine, NGHTTP2_ENHANCE_YOUR_CALM);
}

static void refill(struct h2_budget *budget, uint64_t now_ms)
{
    uint64_t count = (now_ms - budget->refilled_ms) * budget->per_second / 1000;

    if (count == 0)
        return;
    h2_earn(budget, count);
    budget->refilled_ms = now_ms;
}

bool h2_spend(struct h2_session *session, struct h2_budget *budget)
{
    refill(budget, session->now_ms);
    if (budget->left == 0) {
        h2_end_for_flood(session);
        return false;
    }
    budget->left--;
    return true;
}

static int on_stream_close(nghttp2_session *engine, int32_t id, uint32_t code, void *arg)
{
    struct h2_session *session = arg;
    struct h2_stream *stream = h2_stream_of(engine, id);

    if (!stream)
        return 0;
    nghttp2_session_set_stream_user_data(engine, id, NULL);
    session->open--;
    stream->closed = true;
    stream->code = code;
    stream->unsent = SLICE("");
    if (session->side == H2_CLIENT && code == NGHTTP2_REFUSED_STREAM)
        stream->unprocessed = true;
    /* A head that was refused is nobody's concern. */
    if (stream->released || (!stream->owner && !stream->shown && stream->heads == 0))
        free_stream(stream);
    else
        h2_note_change(stream);
    return 0;
}

static nghttp2_option *make_options(void)
{
    nghttp2_option *option;

    WB_REQUIRE(nghttp2_option_new(&option) == 0);
    nghttp2_option_set_no_auto_window_update(option, 1);
    nghttp2_option_set_max_outbound_ack(option, OUTBOUND_ACKS_MAX);
    nghttp2_option_set_max_settings(option, SETTINGS_ENTRIES_MAX);
    nghttp2_option_set_max_continuations(option, CONTINUATION_PIECES_MAX);
    nghttp2_option_set_max_send_header_block_length(option, 2 * BUFFER_LARGE); /* what may come, and what we add to it */
    return option;
}

static void submit_settings(struct h2_session *session)
{
    const struct h2_limits *limits = &session->limits;
    nghttp2_settings_entry entries[4] = {
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, (uint32_t)limits->stream_window},
        {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, (uint32_t)limits->head_bytes},
        {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, limits->streams},
    };
    size_t count = 3;

    if (session->side == H2_CLIENT) {
        entries[2].value = 0;
        entries[count++] = (nghttp2_settings_entry){NGHTTP2_SETTINGS_ENABLE_PUSH, 0};
    } else {
        entries[count++] = (nghttp2_settings_entry){NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 1}; /* RFC 8441 3 */
    }
    WB_REQUIRE(nghttp2_submit_settings(session->engine, NGHTTP2_FLAG_NONE, entries, count) == 0);
    WB_REQUIRE(nghttp2_session_set_local_window_size(session->engine, NGHTTP2_FLAG_NONE, 0, SESSION_WINDOW) == 0);
}

static void make_engine(struct h2_session *session)
{
    nghttp2_session_callbacks *callbacks;
    nghttp2_option *option = make_options();
    int failed;

    WB_REQUIRE(nghttp2_session_callbacks_new(&callbacks) == 0);
    h2_set_receivers(callbacks);
    h2_set_senders(callbacks);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_stream_close);
    if (session->side == H2_SERVER)
        failed = nghttp2_session_server_new2(&session->engine, callbacks, session, option);
    else
        failed = nghttp2_session_client_new2(&session->engine, callbacks, session, option);
    WB_REQUIRE(failed == 0);
    nghttp2_option_del(option);
    nghttp2_session_callbacks_del(callbacks);
}

struct h2_session *h2_session_create(enum h2_side side, const struct h2_limits *limits, struct h2_pool *pool)
{
    struct h2_session *session = wb_alloc(sizeof *session);

    WB_REQUIRE(limits->fields <= HEADERS_MAX);
    session->side = side;
    session->limits = *limits;
    session->newest_id = -1;
    session->rest = SLICE("");
    session->pool = pool;
    list_init(&session->streams);
    list_init(&session->changed);
    session->noise = (struct h2_budget){NOISE_BURST, NOISE_BURST, NOISE_PER_SECOND, 0};
    session->resets = (struct h2_budget){RESETS_BURST, RESETS_BURST, RESETS_PER_SECOND, 0};
    make_engine(session);
    submit_settings(session);
    return session;
}

void h2_session_destroy(struct h2_session **session)
{
    struct h2_session *closing = *session;

    *session = NULL;
    if (!closing)
        return;
    /* Whoever still holds one has let its session go: what it holds on to would be gone. */
    LIST_EACH_SAFE (node, &closing->streams) {
        struct h2_stream *stream = LIST_ENTRY(node, struct h2_stream, link);
        WB_REQUIRE(stream->released || !stream->owner);
        if (!stream->closed)
            nghttp2_session_set_stream_user_data(closing->engine, stream->id, NULL);
        free_stream(stream);
    }
    nghttp2_session_del(closing->engine);
    h2_forget_reading(closing);
    free(closing);
}

/* What nghttp2 gives up on without a GOAWAY of its own. */
static void give_up(struct h2_session *session, int error)
{
    session->deaf = true;
    if (error == NGHTTP2_ERR_FLOODED || error == NGHTTP2_ERR_TOO_MANY_CONTINUATIONS) {
        h2_end_for_flood(session);
    } else if (error == NGHTTP2_ERR_BAD_CLIENT_MAGIC) {
        session->fault = "it does not begin with the connection preface";
        nghttp2_session_terminate_session(session->engine, NGHTTP2_PROTOCOL_ERROR);
    } else {
        WB_REQUIRE(error != NGHTTP2_ERR_NOMEM);
        session->fault = nghttp2_strerror(error);
        session->broken = true;
    }
}

void h2_session_feed(struct h2_session *session, struct slice bytes, uint64_t now_ms)
{
    session->now_ms = now_ms;
    if (session->noise.refilled_ms == 0)
        session->noise.refilled_ms = session->resets.refilled_ms = now_ms;
    if (session->deaf || bytes.len == 0)
        return;
    ssize_t took = nghttp2_session_mem_recv(session->engine, (const uint8_t *)bytes.ptr, bytes.len);
    if (took < 0)
        give_up(session, (int)took);
}

struct h2_stream *h2_session_next_changed(struct h2_session *session)
{
    if (list_empty(&session->changed))
        return NULL;
    struct h2_stream *stream = LIST_ENTRY(session->changed.next, struct h2_stream, changed);
    list_remove(&stream->changed);
    stream->shown = true;
    return stream;
}

void h2_session_drain(struct h2_session *session, struct buffer *out)
{
    session->out = out;
    for (;;) {
        size_t fits = buffer_append(out, session->rest.ptr, session->rest.len);
        const uint8_t *bytes;
        session->rest = slice_from(session->rest, fits);
        if (session->broken || session->rest.len || buffer_room(out) < DRAIN_ROOM_MIN)
            break;
        ssize_t count = nghttp2_session_mem_send(session->engine, &bytes);
        if (count < 0)
            give_up(session, (int)count);
        if (count <= 0)
            break;
        session->rest = slice_make((const char *)bytes, (size_t)count);
    }
    session->out = NULL;
}

bool h2_session_has_output(const struct h2_session *session)
{
    return session->rest.len > 0 || (!session->broken && nghttp2_session_want_write(session->engine));
}

bool h2_session_is_over(const struct h2_session *session)
{
    return session->rest.len == 0 && (session->broken || (!nghttp2_session_want_read(session->engine) &&
                                                          !nghttp2_session_want_write(session->engine)));
}

bool h2_session_is_flooded(const struct h2_session *session)
{
    return session->flooded;
}

const char *h2_session_fault(const struct h2_session *session)
{
    return session->fault;
}

bool h2_session_is_reading_head(const struct h2_session *session)
{
    return session->head_begun;
}

size_t h2_session_count(const struct h2_session *session)
{
    return session->open;
}

void h2_session_announce(struct h2_session *session)
{
    nghttp2_submit_shutdown_notice(session->engine);
}

void h2_session_go_away(struct h2_session *session, enum h2_code code)
{
    int32_t last = nghttp2_session_get_last_proc_stream_id(session->engine);

    if (!session->broken)
        nghttp2_submit_goaway(session->engine, NGHTTP2_FLAG_NONE, last, (uint32_t)code, NULL, 0);
}

uint32_t h2_session_streams_max(const struct h2_session *session)
{
    return nghttp2_session_get_remote_settings(session->engine, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);
}

bool h2_session_is_welcome(const struct h2_session *session)
{
    return !session->went_away && !session->broken && !session->flooded &&
           nghttp2_session_check_request_allowed(session->engine);
}

size_t h2_session_room(const struct h2_session *session)
{
    uint32_t most = h2_session_streams_max(session);
    return h2_session_is_welcome(session) && most > session->open ? most - session->open : 0;
}

bool h2_session_is_settled(const struct h2_session *session)
{
    return session->settled;
}

void h2_stream_reset(struct h2_stream *stream, enum h2_code code)
{
    stream->unsent = SLICE("");
    if (stream->closed || stream->reset_asked)
        return;
    stream->reset_asked = true;
    nghttp2_submit_rst_stream(stream->session->engine, NGHTTP2_FLAG_NONE, stream->id, (uint32_t)code);
}

void h2_stream_release(struct h2_stream **stream)
{
    struct h2_stream *released = *stream;

    *stream = NULL;
    if (!released)
        return;
    released->released = true;
    released->owner = NULL;
    list_remove(&released->changed);
    if (released->closed) {
        free_stream(released);
        return;
    }
    h2_drop_kept(released);
    if (!released->out_last || released->unsent.len)
        h2_stream_reset(released, H2_CANCEL);
    else if (released->out_done && !released->ended) /* answered before all of it had come (RFC 9113 8.1) */
        h2_stream_reset(released, released->session->side == H2_SERVER ? H2_NO_ERROR : H2_CANCEL);
}
