/* SPDX-License-Identifier: MIT */
/*
 * One step function, `advance`, does what can be done now: shake hands, encrypt what the owner writes, decrypt what has come,
 * say the end. Callbacks of the plain stream and the deadline only lead to it; the owner is poked last, since it may
 * close the stream.
 */
#include "tls_private.h"
#include <errno.h>
#include <stdlib.h>

enum {
    ASIDES_MAX = 128,
    ASIDE_BYTES = 32 * 1024, /* that pay for one more */
};

/* True: the owner is to know. */
static bool fail(struct tls_stream *t, enum tls_failure failure, const char *detail, wb_err error)
{
    t->failure = failure;
    t->detail = detail;
    t->stream.error = error;
    t->stream.reading = false;
    t->part_count = 0;
    t->stream.writing = false;
    deadline_clear(&t->deadline);
    stream_want_read(t->plain, false);
    return true;
}

/* The library's verdict on the last call. */
static bool fail_as_explained(struct tls_stream *t)
{
    const char *detail;
    enum tls_failure failure = tls_explain(t->library, &detail);

    tls_forget_errors();
    return fail(t, failure, detail, -EPROTO);
}

/* close_notify, then FIN, once all else is written. True: done. */
static bool say_end(struct tls_stream *t)
{
    if (!t->shut_said) {
        t->shut_said = true;
        tls_forget_errors();
        SSL_shutdown(t->library);
        tls_forget_errors();
    }
    if (!tls_flush(t))
        return false;
    if (!t->shut_plain) {
        t->shut_plain = true;
        stream_shut_down(t->plain);
    }
    return !t->plain->writing;
}

/* True: what the owner was writing is gone, or cannot go. What the library says by itself is not the owner's: it may wait for
 * the socket unnoticed. */
static bool step_writing(struct tls_stream *t)
{
    bool was_writing = t->stream.writing;
    wb_err before = t->stream.write_error;
    bool done = tls_send_parts(t);

    if (t->part_count == 0)
        tls_forget_parts(t);
    if (done && t->shut_wanted && !t->stream.write_error)
        done = say_end(t);
    t->stream.writing = was_writing && !done;
    return (was_writing && done) || t->stream.write_error != before;
}

/* The library can do no more now. True: nor ever. */
static bool note_halt(struct tls_stream *t, int why)
{
    t->held_up = why == SSL_ERROR_WANT_WRITE;
    if (why != SSL_ERROR_WANT_READ && !t->held_up)
        return fail_as_explained(t);
    if (t->plain->error)
        return fail(t, TLS_FINE, "", t->plain->error);
    if (t->plain->eof && !t->held_up)
        return fail(t, TLS_CUT, "", -ECONNRESET);
    return false;
}

/* Nothing has come that could be read. */
static bool note_silence(struct tls_stream *t, int why)
{
    if (why != SSL_ERROR_ZERO_RETURN)
        return note_halt(t, why);
    t->stream.eof = true;
    t->stream.reading = false;
    stream_want_read(t->plain, false);
    return true;
}

/* Something waits that was not decrypted yet, or an end that is to be judged. */
static bool has_more(const struct tls_stream *t)
{
    return buffer_len(&t->plain->in) > 0 || t->plain->eof || t->plain->error || SSL_has_pending(t->library);
}

/* What TLS says for itself, key updates above all, costs us more than it weighs. Some is for nothing, the rest is for who has something to
 * say. */
static bool talks_too_much(const struct tls_stream *t)
{
    return t->asides > ASIDES_MAX + t->stream.bytes_read / ASIDE_BYTES;
}

/* True: bytes came, or the end, or an error. */
static bool step_reading(struct tls_stream *t)
{
    bool changed = false;

    while (t->stream.reading) {
        struct slice room = stream_room(&t->stream);
        size_t got = 0;
        if (room.len == 0) {
            t->stream.reading = false; /* goes on when something was consumed */
            break;
        }
        tls_forget_errors();
        int status = SSL_read_ex(t->library, (void *)(uintptr_t)room.ptr, room.len, &got);
        if (status == 1)
            stream_received(&t->stream, got);
        if (talks_too_much(t))
            return fail(t, TLS_BROKEN, "key updates without end", -EPROTO);
        if (status == 1) {
            changed = true;
            if (has_more(t))
                continue;
            break;
        }
        changed = note_silence(t, SSL_get_error(t->library, status)) || changed;
        break;
    }
    if (buffer_len(&t->stream.in) == 0 && !t->stream.pinned)
        stream_release(&t->stream);
    return changed;
}

/* Of what ALPN has chosen: a text that stays. */
static struct slice chosen_protocol(SSL *library)
{
    static const struct slice known[] = {{"http/1.1", 8}, {"h2", 2}};
    const unsigned char *name;
    unsigned len;

    SSL_get0_alpn_selected(library, &name, &len);
    for (size_t i = 0; i < WB_COUNT(known); i++)
        if (slice_eq(slice_make((const char *)name, len), known[i]))
            return known[i];
    return SLICE("");
}

static bool step_shaking(struct tls_stream *t)
{
    tls_forget_errors();
    int status = SSL_do_handshake(t->library);
    if (status == 1) {
        deadline_clear(&t->deadline);
        if (t->acceptor)
            SSL_certs_clear(t->library); /* they were shown: it is not for connections to keep what is replaced */
        tls_certificate_unref(&t->shown);
        t->stream.connected = t->stream.is_secure = true;
        t->stream.protocol = chosen_protocol(t->library);
        stream_want_read(t->plain, t->stream.want_read);
        stream_want_read(&t->stream, t->stream.want_read);
        return true;
    }
    return note_halt(t, SSL_get_error(t->library, status));
}

/* The plain stream stands: hello. */
static bool open_library(struct tls_stream *t)
{
    t->library = t->acceptor ? tls_acceptor_open(t->acceptor) : tls_client_open(t->peer, t->offers_h2);
    if (!t->library)
        return fail(t, TLS_WRONG_NAME, "a name that no certificate can be for", -EPROTO);
    BIO *bio = tls_bio_create(t->acceptor ? t->acceptor->bio_method : t->peer->context->bio_method, t);
    SSL_set_bio(t->library, bio, bio);
    loop_set_deadline_in(t->stream.loop, &t->deadline, TLS_HANDSHAKE_MS);
    return false;
}

/* All that can be done now. True: facts have changed. */
static bool advance(struct tls_stream *t)
{
    bool changed = false;

    if (t->stream.error)
        return false;
    if (!t->library && !t->plain->connected)
        return t->plain->error ? fail(t, TLS_FINE, "", t->plain->error) : false;
    if (!t->library && open_library(t))
        return true;
    do {
        t->held_up = false;
        if (!t->stream.connected)
            changed = step_shaking(t) || changed;
        if (t->stream.connected)
            changed = step_reading(t) || changed;
        changed = step_writing(t) || changed; /* also what reading and shaking hands have to say, if only an alert */
    } while (t->held_up && !t->out.base && !t->stream.error);
    stream_release(t->plain);
    SSL_free_buffers(t->library);
    return changed;
}

static void on_plain_changed(void *owner)
{
    struct tls_stream *t = owner;

    if (advance(t))
        stream_poke(&t->stream);
}

static void on_too_slow(struct deadline *deadline)
{
    struct tls_stream *t = WB_CONTAINER_OF(deadline, struct tls_stream, deadline);

    if (fail(t, TLS_TOO_SLOW, "", -ETIMEDOUT))
        stream_poke(&t->stream);
}

static void on_later(struct later *later)
{
    struct tls_stream *t = WB_CONTAINER_OF(later, struct tls_stream, later);

    if (!t->over) {
        on_plain_changed(t);
        return;
    }
    t->stream.loop->stream_count--;
    free(t);
}

static void come_back_later(struct tls_stream *t)
{
    if (list_empty(&t->later.link))
        loop_later(t->stream.loop, &t->later);
}

/* Something may wait already, and an owner is never poked from inside its own calls. */
static void start_reading(struct stream *stream)
{
    stream_want_read(tls_of(stream)->plain, true);
    come_back_later(tls_of(stream));
}

static void stop_reading(struct stream *stream)
{
    stream_want_read(tls_of(stream)->plain, false);
}

static void write_parts(struct stream *stream, const struct slice *parts, unsigned count)
{
    struct tls_stream *t = tls_of(stream);
    struct slice now[STREAM_PARTS_MAX];

    WB_REQUIRE(stream->connected && !t->shut_wanted);
    t->parts = now;
    for (unsigned i = 0; i < count; i++)
        if (parts[i].len) {
            t->parts[t->part_count++] = parts[i];
            stream->bytes_written += parts[i].len;
        }
    if (t->part_count)
        stream->writing = !tls_send_parts(t);
    tls_keep_parts(t);
}

static size_t bytes_left(const struct stream *stream)
{
    const struct tls_stream *t = (const struct tls_stream *)(const void *)stream;
    return tls_parts_bytes(t) + stream_bytes_left(t->plain);
}

/* A session ticket that comes late counts as news too: it costs a connection, not an answer. */
static bool has_news(const struct stream *stream)
{
    const struct tls_stream *t = (const struct tls_stream *)(const void *)stream;
    return buffer_len(&t->plain->in) > 0 || !t->library || SSL_has_pending(t->library) || stream_has_news(t->plain);
}

static bool find_local(const struct stream *stream, struct address *out_address)
{
    return stream_find_local(((const struct tls_stream *)(const void *)stream)->plain, out_address);
}

static void shut_down(struct stream *stream)
{
    struct tls_stream *t = tls_of(stream);

    t->shut_wanted = true;
    stream->writing = true;
    come_back_later(t);
}

/* Best effort: what the socket does not take at once is dropped. */
static void say_goodbye(struct tls_stream *t)
{
    if (!t->stream.connected || t->stream.error || t->stream.write_error || t->stream.writing || t->shut_said ||
        t->plain->writing)
        return;
    tls_forget_errors();
    SSL_shutdown(t->library);
    tls_forget_errors();
    tls_flush(t);
}

static void end(struct tls_stream *t)
{
    t->over = true;
    t->peer = NULL;
    tls_certificate_unref(&t->shown);
    tls_forget_parts(t);
    buffer_return(&t->out, &t->stream.loop->stock);
    loop_remove_deadline(t->stream.loop, &t->deadline);
    if (t->library && t->failure != TLS_BROKEN)
        SSL_set_shutdown(t->library, SSL_SENT_SHUTDOWN); /* else its session could not be resumed */
    SSL_free(t->library);
    t->library = NULL;
    come_back_later(t);
}

static void close_stream(struct stream *stream)
{
    struct tls_stream *t = tls_of(stream);

    say_goodbye(t);
    stream_close(&t->plain);
    end(t);
}

static void reset_stream(struct stream *stream)
{
    struct tls_stream *t = tls_of(stream);

    stream_reset(&t->plain);
    end(t);
}

static const struct stream_ops tls_ops = {
    .start_reading = start_reading,
    .stop_reading = stop_reading,
    .write = write_parts,
    .bytes_left = bytes_left,
    .has_news = has_news,
    .find_local = find_local,
    .shut_down = shut_down,
    .close = close_stream,
    .reset = reset_stream,
};

/* Takes over the plain stream. */
static struct tls_stream *create(struct stream **plain)
{
    struct tls_stream *t = wb_alloc(sizeof *t);

    t->plain = *plain;
    *plain = NULL;
    t->detail = "";
    stream_init(&t->stream, &tls_ops, t->plain->loop);
    t->stream.peer = t->plain->peer;
    t->stream.error = t->plain->error;
    deadline_init(&t->deadline, on_too_slow);
    t->later.run = on_later;
    list_init(&t->later.link);
    stream_set_owner(t->plain, on_plain_changed, t);
    stream_want_read(t->plain, true);
    if (t->plain->connected)
        come_back_later(t);
    return t;
}

struct stream *tls_dial(struct tls_peer *peer, struct stream **plain)
{
    struct tls_stream *t = create(plain);

    t->peer = peer;
    return &t->stream;
}

struct stream *tls_accept(struct tls_acceptor *acceptor, struct stream **plain)
{
    struct tls_stream *t = create(plain);

    t->acceptor = acceptor;
    return &t->stream;
}

void tls_offer_h2(struct stream *stream)
{
    tls_of(stream)->offers_h2 = true;
}

enum tls_failure tls_stream_failure(const struct stream *stream)
{
    return ((const struct tls_stream *)(const void *)stream)->failure;
}

const char *tls_stream_detail(const struct stream *stream)
{
    return ((const struct tls_stream *)(const void *)stream)->detail;
}
