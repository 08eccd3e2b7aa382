/* SPDX-License-Identifier: MIT */
/* The owner's write of a stream over TLS: encrypted as far as the socket takes it. */
#include "tls_private.h"
#include <errno.h>
#include <stdlib.h>

enum {
    RECORD_MAX = SSL3_RT_MAX_PLAIN_LENGTH,
    RECORD_OVERHEAD = 512, /* of a record, with what an alert or a key update may put before it */
};

bool tls_flush(struct tls_stream *t)
{
    struct stream *plain = t->plain;

    if (plain->writing)
        return false;
    if (t->out_sending) {
        buffer_consume(&t->out, t->out_sending);
        t->out_sending = 0;
    }
    struct slice bytes = buffer_slice(&t->out);
    if (bytes.len && !plain->write_error && !plain->error) {
        stream_write(plain, &bytes, 1);
        if (plain->writing) {
            t->out_sending = bytes.len;
            return false;
        }
    }
    buffer_return(&t->out, &t->stream.loop->stock);
    return true;
}

void tls_keep_parts(struct tls_stream *t)
{
    struct slice *kept = t->part_count ? wb_alloc(t->part_count * sizeof *kept) : NULL;

    if (kept)
        memcpy(kept, t->parts, t->part_count * sizeof *kept);
    t->parts = kept;
}

void tls_forget_parts(struct tls_stream *t)
{
    free(t->parts);
    t->parts = NULL;
    t->part_count = 0;
}

static void drop_parts(struct tls_stream *t, size_t count)
{
    unsigned gone = 0;

    while (gone < t->part_count && count >= t->parts[gone].len)
        count -= t->parts[gone++].len;
    if (gone < t->part_count)
        t->parts[gone] = slice_from(t->parts[gone], count);
    t->part_count -= gone;
    memmove(t->parts, t->parts + gone, t->part_count * sizeof t->parts[0]);
}

/* The plaintext of the next record: a large part as it lies, small ones together. */
static struct slice next_record(const struct tls_stream *t, char gathered[RECORD_MAX], size_t max)
{
    size_t len = 0;

    max = max < RECORD_MAX ? max : RECORD_MAX;
    if (t->part_count == 1 || t->parts[0].len >= max)
        return slice_head(t->parts[0], max);
    for (unsigned i = 0; i < t->part_count && len < max; i++) {
        struct slice part = slice_head(t->parts[i], max - len);
        memcpy(gathered + len, part.ptr, part.len);
        len += part.len;
    }
    return slice_make(gathered, len);
}

/* False: no more room before the socket has taken what is there. */
static bool encrypt_one(struct tls_stream *t)
{
    char gathered[RECORD_MAX];
    size_t room = buffer_room(&t->out), took = 0;

    if (room < 2 * RECORD_OVERHEAD)
        return false;
    struct slice record = next_record(t, gathered, room - RECORD_OVERHEAD);
    tls_forget_errors();
    if (SSL_write_ex(t->library, record.ptr, record.len, &took) != 1) {
        if (SSL_get_error(t->library, 0) == SSL_ERROR_WANT_WRITE)
            return false;
        tls_forget_errors();
        t->stream.write_error = -EPIPE;
        t->part_count = 0;
        return false;
    }
    drop_parts(t, took);
    return true;
}

size_t tls_parts_bytes(const struct tls_stream *t)
{
    size_t bytes = 0;

    for (unsigned i = 0; i < t->part_count; i++)
        bytes += t->parts[i].len;
    return bytes;
}

/* A record at a time: that keeps what is encrypted near, and a slow peer holds no more. */
bool tls_send_parts(struct tls_stream *t)
{
    bool sent;

    do {
        if (t->part_count)
            buffer_borrow(&t->out, &t->stream.loop->stock, BUFFER_SIZE);
        while (t->part_count && encrypt_one(t))
            continue;
        sent = tls_flush(t);
    } while (sent && t->part_count && !t->plain->write_error && !t->plain->error);
    if (t->plain->write_error && !t->stream.write_error)
        t->stream.write_error = t->plain->write_error;
    if (t->stream.write_error || t->plain->error)
        t->part_count = 0;
    return t->part_count == 0 && sent;
}
