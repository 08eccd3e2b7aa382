/* SPDX-License-Identifier: MIT */
/*
 * compress - answers of an entrypoint go out gzipped, or as brotli to who likes that better (spec/proxy.md 18, defects B34).
 *
 * Left alone: what is encoded already or of a kind that is compressed in itself, short answers, parts (206), event streams,
 * what may not be transformed or carries a checksum. It is encoded as it comes; whenever nothing more has come, what is held
 * back goes out, so no event waits for the next one.
 */
#include "waybill/http/accept_encoding.h"
#include "encoder.h"
#include "filters_private.h"

enum { WORTHWHILE_BYTES = 512, OUT_ROOM_MIN = 1024 };
enum { ENCODERS_BYTES_MAX = 128 * 1024 * 1024 }; /* of one worker */

struct compress_half {
    struct response_half half;
    struct accept_encoding liked;
    enum encoding encoding;
    struct encoder encoder;
    bool begun;    /* the encoder is */
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

static enum response_verdict begin_compressing(struct response_half *half, struct exchange *x)
{
    struct compress_half *own = (struct compress_half *)half;

    if (x->answer.status == 101 || !tell_caches(x->answer.headers) || !is_worthwhile(x) || !choose_encoding(x->env, own))
        return RESPONSE_PASS;
    if (!change_head(x, own)) {
        exchange_answer(x, REASON_INTERNAL);
        return RESPONSE_REPLACED;
    }
    encoder_begin(&own->encoder, own->encoding);
    x->env->encoder_bytes += encoder_bytes(own->encoding);
    own->begun = true;
    exchange_transform(x, half);
    return RESPONSE_PASS;
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

static bool run(struct compress_half *own, struct exchange *x, enum encoder_work work, struct slice *in)
{
    buffer_borrow(&own->out, &x->env->loop->stock, BUFFER_SIZE);
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
    enum body_result result = own->over ? BODY_END : response_payload(&own->half, x, trailers, &payload);

    if (result == BODY_PAYLOAD) {
        size_t before = payload.len;
        run(own, x, ENCODER_TAKE, &payload);
        response_took(&own->half, x, before - payload.len);
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

    end_encoder(own, x->env);
    buffer_return(&own->out, &x->env->loop->stock);
}

static const struct response_ops compress_response = {
    .head = begin_compressing, .body = compress_payload, .took = compressed_went, .ended = end_compressing};

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
    half->liked = accept_encoding_read(&x->request.headers);
    exchange_see_answer(x, &half->half, &compress_response);
    return FILTER_PASS;
}

const struct filter_ops filter_compress = {
    .name = "compress", .compile = compile, .request = request, .owns = filter_owns_nothing};
