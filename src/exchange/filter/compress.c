/* SPDX-License-Identifier: MIT */
/*
 * compress - answers of an entrypoint go out gzipped, or as brotli to who likes that better (spec/proxy.md 18, defects B34).
 *
 * Left alone: what is encoded already or of a kind that is compressed in itself, short answers, parts (206), event streams,
 * what may not be transformed or carries a checksum. It is encoded as it comes; whenever nothing more has come, what is held
 * back goes out, so no event waits for the next one.
 *
 * An answer that does not say how long it is may be a short one: its head waits until enough has come, it is over, or a moment
 * has passed. Then it goes as it is, through the same buffer.
 */
#include "waybill/http/accept_encoding.h"
#include "encoder.h"
#include "exchange_private.h"
#include "filters_private.h"

enum { WORTHWHILE_BYTES = 512, OUT_ROOM_MIN = 1024, PATIENCE_MS = 100 };
enum { ENCODERS_BYTES_MAX = 128 * 1024 * 1024 }; /* of one worker */

struct compress_half {
    struct response_half half;
    struct accept_encoding liked;
    enum encoding encoding;
    struct encoder encoder;
    struct exchange *exchange;
    struct deadline patience; /* while it looks how long the answer is */
    struct buffer first;      /* what came meanwhile: the payload begins with it */
    bool looks, first_is_all, waited;
    bool begun;    /* the encoder is; without one the payload goes as it is */
    bool held;     /* it has taken what it may not have given */
    bool flushing; /* and is giving it */
    bool over;     /* all payload was taken */
    bool finished; /* and has come out */
    struct buffer out;
    struct headers *trailers; /* copied: they come before the end of what is held back */
};

/* The next one of that name from number *at on, or NULL. */
static struct header *next_field(struct headers *headers, const char *name, unsigned *at)
{
    while (*at < headers->count) {
        struct header *header = &headers->items[(*at)++];
        if (!header->gone && header->id == HEADER_OTHER && slice_eq_nocase(header->name, slice_of(name)))
            return header;
    }
    return NULL;
}

/* One list may be spread over several fields (RFC 9110 5.3). */
static bool list_has(struct headers *headers, const char *name, struct slice token)
{
    const struct header *field;

    for (unsigned at = 0; (field = next_field(headers, name, &at));)
        if (slice_list_has(field->value, token))
            return true;
    return false;
}

/* Kinds that are compressed in themselves, or that must not wait for anything. A kind ending in `/` stands for all below it. */
static const char *const left_alone[] = {
    "image/",
    "video/",
    "audio/",
    "font/woff",
    "font/woff2",
    "application/font-woff",
    "application/zip",
    "application/gzip",
    "application/x-gzip",
    "application/zstd",
    "application/x-7z-compressed",
    "application/x-rar-compressed",
    "application/vnd.rar",
    "application/x-bzip2",
    "application/x-xz",
    "application/java-archive",
    "application/grpc",
    "text/event-stream",
    "multipart/x-mixed-replace",
};
static const char *const not_so[] = {"image/svg+xml", "image/bmp", "image/x-icon", "image/vnd.microsoft.icon"};

static bool is_kind_left_alone(struct slice content_type)
{
    struct slice kind = slice_trim(slice_head(content_type, slice_find(content_type, ';')));

    for (size_t i = 0; i < WB_COUNT(not_so); i++)
        if (slice_eq_nocase(kind, slice_of(not_so[i])))
            return false;
    for (size_t i = 0; i < WB_COUNT(left_alone); i++) {
        struct slice known = slice_of(left_alone[i]);
        bool whole_family = slice_ends(known, SLICE("/"));
        if (whole_family ? slice_starts_nocase(kind, known) : slice_eq_nocase(kind, known))
            return true;
    }
    return slice_starts_nocase(kind, SLICE("application/grpc+"));
}

static bool forbids_changes(struct headers *headers)
{
    static const char *const checksums[] = {"Content-Digest", "Repr-Digest", "Digest", "Content-Md5"};

    for (size_t i = 0; i < WB_COUNT(checksums); i++)
        if (headers_find_name(headers, slice_of(checksums[i])))
            return true;
    return list_has(headers, "Cache-Control", SLICE("no-transform"));
}

static bool is_encoded(struct headers *headers)
{
    const struct header *field;

    for (unsigned at = 0; (field = next_field(headers, "Content-Encoding", &at));)
        if (!slice_eq_nocase(field->value, SLICE("identity")))
            return true;
    return false;
}

static bool is_worthwhile(const struct exchange *x)
{
    const struct answer_head *answer = &x->answer;
    struct headers *headers = answer->headers;

    if (!answer->has_body || answer->status < 200 || answer->status == 206 ||
        headers_find_name(headers, SLICE("Content-Range")))
        return false;
    if (answer->length_known && answer->content_length < WORTHWHILE_BYTES)
        return false;
    return !is_encoded(headers) && !is_kind_left_alone(headers_value(headers, HEADER_CONTENT_TYPE)) &&
           !forbids_changes(headers);
}

/* Caches must know that another client may get it otherwise. */
static bool tell_caches(struct headers *headers)
{
    if (list_has(headers, "Vary", SLICE("Accept-Encoding")) || list_has(headers, "Vary", SLICE("*")))
        return true;
    return headers_add(headers, SLICE("Vary"), SLICE("Accept-Encoding"));
}

/* The encoded answer equals the server's only in meaning (RFC 9110 8.8.1), and its bytes cannot be counted by ranges. */
static bool change_head(struct exchange *x, const struct compress_half *own)
{
    struct answer_head *answer = &x->answer;
    struct header *tag = headers_find_name(answer->headers, SLICE("Etag"));

    if (!headers_set(answer->headers, SLICE("Content-Encoding"),
                     own->encoding == ENCODING_GZIP ? SLICE("gzip") : SLICE("br")))
        return false;
    if (tag && slice_starts(tag->value, SLICE("\"")))
        tag->value = slice_of(arena_format(&x->arena, "W/" SLICE_FMT, SLICE_ARG(tag->value)));
    headers_remove_name(answer->headers, SLICE("Accept-Ranges"));
    headers_remove(answer->headers, HEADER_CONTENT_LENGTH);
    answer->length_known = answer->write_length = false;
    return !x->arena.overflowed;
}

/* On equal terms it is gzip, as ever; who says nothing of brotli does not get it. What a worker's encoders hold is limited: what
 * has no place goes out as it is. */
static bool choose_encoding(const struct environment *env, struct compress_half *own)
{
    const size_t left = ENCODERS_BYTES_MAX - env->encoder_bytes;
    bool gzip = own->liked.gzip > 0 && left >= ENCODER_GZIP_BYTES,
         brotli = own->liked.brotli > 0 && left >= ENCODER_BROTLI_BYTES;

    own->encoding = brotli && (!gzip || own->liked.brotli > own->liked.gzip) ? ENCODING_BROTLI : ENCODING_GZIP;
    return gzip || brotli;
}

static void end_encoder(struct compress_half *own, struct environment *env)
{
    if (!own->begun)
        return;
    own->begun = false;
    encoder_end(&own->encoder);
    env->encoder_bytes -= encoder_bytes(own->encoding);
}

static void copy_trailers(struct headers *to, const struct headers *from, struct arena *arena)
{
    for (unsigned i = 0; i < from->count; i++)
        headers_add(to, arena_copy(arena, from->items[i].name), arena_copy(arena, from->items[i].value));
}

static void keep_trailers(struct compress_half *own, struct exchange *x, const struct headers *trailers)
{
    if (!trailers || trailers->count == 0)
        return;
    own->trailers = ARENA_NEW(&x->arena, struct headers);
    if (own->trailers)
        copy_trailers(own->trailers, trailers, &x->arena);
}

/* Everything is out: what remains is to say so. */
static enum body_result say_end(struct compress_half *own, struct exchange *x, struct headers *trailers)
{
    if (trailers) {
        headers_clear(trailers);
        if (own->trailers)
            copy_trailers(trailers, own->trailers, &x->arena);
    }
    return BODY_END;
}

static enum body_result next_payload(struct compress_half *own, struct exchange *x, struct headers *trailers,
                                     struct slice *out_payload)
{
    *out_payload = buffer_slice(&own->first);
    if (out_payload->len)
        return BODY_PAYLOAD;
    return own->first_is_all ? BODY_END : response_payload(&own->half, x, trailers, out_payload);
}

static void took_payload(struct compress_half *own, struct exchange *x, size_t count)
{
    if (buffer_len(&own->first))
        buffer_consume(&own->first, count);
    else
        response_took(&own->half, x, count);
}

static enum response_verdict begin_compressing(struct compress_half *own, struct exchange *x)
{
    if (!choose_encoding(x->env, own)) /* others have taken the room meanwhile */
        return RESPONSE_PASS;
    if (!change_head(x, own)) {
        exchange_answer(x, REASON_INTERNAL);
        return RESPONSE_REPLACED;
    }
    encoder_begin(&own->encoder, own->encoding);
    x->env->encoder_bytes += encoder_bytes(own->encoding);
    own->begun = true;
    return RESPONSE_PASS;
}

static void stop_looking(struct compress_half *own, struct environment *env)
{
    own->looks = false;
    loop_remove_deadline(env->loop, &own->patience);
}

/* One that breaks off goes as it is as far as it came. */
static enum response_verdict look_at_length(struct compress_half *own, struct exchange *x)
{
    struct headers *trailers = exchange_trailers(x);
    enum body_result result;
    struct slice payload;

    while ((result = response_payload(&own->half, x, trailers, &payload)) == BODY_PAYLOAD &&
           buffer_len(&own->first) + payload.len < WORTHWHILE_BYTES) {
        buffer_borrow(&own->first, &x->env->loop->stock, BUFFER_SIZE);
        buffer_append(&own->first, payload.ptr, payload.len);
        response_took(&own->half, x, payload.len);
    }
    if (result == BODY_MORE && !own->waited)
        return RESPONSE_WAIT;
    stop_looking(own, x->env);
    if (result == BODY_END) {
        own->first_is_all = true;
        keep_trailers(own, x, trailers);
    }
    return result == BODY_MORE || result == BODY_PAYLOAD ? begin_compressing(own, x) : RESPONSE_PASS;
}

static void on_patience_over(struct deadline *deadline)
{
    struct compress_half *own = WB_CONTAINER_OF(deadline, struct compress_half, patience);

    own->waited = true;
    exchange_poke(own->exchange);
}

static enum response_verdict begin_looking(struct compress_half *own, struct exchange *x)
{
    if (!exchange_keep_head(x)) {
        exchange_answer(x, REASON_INTERNAL);
        return RESPONSE_REPLACED;
    }
    own->looks = true;
    loop_set_deadline_in(x->env->loop, &own->patience, PATIENCE_MS);
    return look_at_length(own, x);
}

static enum response_verdict see_head(struct response_half *half, struct exchange *x)
{
    struct compress_half *own = (struct compress_half *)half;

    if (own->looks && x->state != EXCHANGE_ANSWER)
        return look_at_length(own, x);
    stop_looking(own, x->env); /* of an answer that something else took the place of */
    buffer_return(&own->first, &x->env->loop->stock);
    if (x->answer.status == 101 || !tell_caches(x->answer.headers) || !is_worthwhile(x) || !choose_encoding(x->env, own))
        return RESPONSE_PASS;
    exchange_transform(x, half);
    return x->answer.length_known ? begin_compressing(own, x) : begin_looking(own, x);
}

/* Bytes that go as they are: as an encoder would do it. */
static bool copy(struct buffer *out, struct slice *in)
{
    *in = slice_from(*in, buffer_append(out, in->ptr, in->len));
    return in->len == 0;
}

static bool run(struct compress_half *own, struct exchange *x, enum encoder_work work, struct slice *in)
{
    buffer_borrow(&own->out, &x->env->loop->stock, BUFFER_SIZE);
    if (!own->begun)
        return copy(&own->out, in);
    return encoder_run(&own->encoder, work, in, &own->out);
}

/* What was begun has to be done before more is taken. True: it is not. */
static bool has_work_left(struct compress_half *own, struct exchange *x)
{
    struct slice nothing = SLICE("");

    if (own->flushing)
        own->flushing = !run(own, x, ENCODER_FLUSH, &nothing);
    else if (own->over && !own->finished)
        own->finished = run(own, x, ENCODER_FINISH, &nothing);
    if (own->finished)
        end_encoder(own, x->env);
    return own->flushing || (own->over && !own->finished);
}

/* What the encoder learns next. BODY_PAYLOAD: it has work; else there is none, for now or for good. */
static enum body_result take_payload(struct compress_half *own, struct exchange *x, struct headers *trailers)
{
    struct slice payload;
    enum body_result result = own->over ? BODY_END : next_payload(own, x, trailers, &payload);

    if (result == BODY_PAYLOAD) {
        size_t before = payload.len;
        run(own, x, ENCODER_TAKE, &payload);
        took_payload(own, x, before - payload.len);
        own->held = true;
    } else if (result == BODY_MORE && own->held) {
        own->held = false;
        own->flushing = true;
        return BODY_PAYLOAD;
    } else if (result == BODY_END && !own->over) {
        own->over = true;
        keep_trailers(own, x, trailers);
        return BODY_PAYLOAD;
    }
    return result;
}

static enum body_result compress_payload(struct response_half *half, struct exchange *x, struct headers *trailers,
                                         struct slice *out_payload)
{
    struct compress_half *own = (struct compress_half *)half;
    enum body_result result = BODY_PAYLOAD;

    while (result == BODY_PAYLOAD && (!own->out.base || buffer_room(&own->out) >= OUT_ROOM_MIN))
        if (!has_work_left(own, x))
            result = take_payload(own, x, trailers);
    *out_payload = buffer_slice(&own->out);
    if (result == BODY_INVALID)
        return result;
    if (out_payload->len)
        return BODY_PAYLOAD;
    buffer_return(&own->out, &x->env->loop->stock);
    return result == BODY_END ? say_end(own, x, trailers) : BODY_MORE;
}

static void compressed_went(struct response_half *half, struct exchange *x, size_t count)
{
    struct compress_half *own = (struct compress_half *)half;
    (void)x;
    buffer_consume(&own->out, count);
}

static void end_compressing(struct response_half *half, struct exchange *x)
{
    struct compress_half *own = (struct compress_half *)half;

    stop_looking(own, x->env);
    end_encoder(own, x->env);
    buffer_return(&own->first, &x->env->loop->stock);
    buffer_return(&own->out, &x->env->loop->stock);
}

static const struct response_ops compress_response = {
    .head = see_head, .body = compress_payload, .took = compressed_went, .ended = end_compressing};

static enum filter_compiled compile(const struct filter_source *from, const void **out_config)
{
    if (!from->entrypoint || !from->entrypoint->compress)
        return FILTER_ABSENT;
    *out_config = NULL; /* there is nothing to choose */
    return FILTER_MADE;
}

static enum filter_verdict request(struct exchange *x, const void *config)
{
    struct compress_half *half;
    (void)config;

    if (slice_starts_nocase(headers_value(&x->request.headers, HEADER_CONTENT_TYPE), SLICE("application/grpc")))
        return FILTER_PASS;
    half = ARENA_NEW(&x->arena, struct compress_half);
    if (!half) /* then the answer goes out as it is */
        return FILTER_PASS;
    half->exchange = x;
    deadline_init(&half->patience, on_patience_over);
    half->liked = accept_encoding_read(&x->request.headers);
    exchange_see_answer(x, &half->half, &compress_response);
    return FILTER_PASS;
}

const struct filter_ops filter_compress = {
    .name = "compress", .compile = compile, .request = request, .owns = filter_owns_nothing};
