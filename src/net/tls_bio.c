/* SPDX-License-Identifier: MIT */
/* What OpenSSL takes for its socket: reads from the plain stream's buffer, writes to the one that waits for the socket. Whoever
 * calls the library sends afterwards what it left in `out`. Large records go to the socket from where the library has made them:
 * to copy each is a twentieth of what a long answer costs. */
#include "tls_private.h"

/* Less than this waits for what comes with it, so that it is one write. */
enum { DIRECT_BYTES = 8 * 1024 };

static int read_bytes(BIO *bio, char *to, size_t room, size_t *out_got)
{
    struct stream *plain = ((struct tls_stream *)BIO_get_data(bio))->plain;
    struct slice bytes = slice_head(stream_bytes(plain), room);

    BIO_clear_retry_flags(bio);
    *out_got = bytes.len;
    if (bytes.len ==
        0) { /* the end of the plain stream is not told: to the library it would be an attack, and its session lost */
        BIO_set_retry_read(bio);
        return 0;
    }
    memcpy(to, bytes.ptr, bytes.len);
    stream_consume(plain, bytes.len);
    return 1;
}

/* How much of it has gone. Nothing goes past what waits already. */
static size_t write_directly(struct tls_stream *t, struct slice bytes)
{
    if (bytes.len < DIRECT_BYTES || buffer_len(&t->out) || t->plain->writing)
        return 0;
    return stream_write_now(t->plain, bytes);
}

static int write_bytes(BIO *bio, const char *from, size_t count, size_t *out_took)
{
    struct tls_stream *t = BIO_get_data(bio);

    BIO_clear_retry_flags(bio);
    *out_took = write_directly(t, slice_make(from, count));
    if (*out_took == count)
        return 1;
    from += *out_took;
    count -= *out_took;
    buffer_borrow(&t->out, &t->stream.loop->stock, count <= BUFFER_SIZE ? BUFFER_SIZE : BUFFER_LARGE);
    *out_took += buffer_append(&t->out, from, count);
    if (*out_took)
        return 1;
    BIO_set_retry_write(bio);
    return 0;
}

static long control(BIO *bio, int command, long number, void *pointer)
{
    (void)bio;
    (void)number;
    (void)pointer;
    return command == BIO_CTRL_FLUSH;
}

BIO_METHOD *tls_bio_method(void)
{
    BIO_METHOD *method = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "stream");

    WB_REQUIRE(method && BIO_meth_set_read_ex(method, read_bytes) && BIO_meth_set_write_ex(method, write_bytes) &&
               BIO_meth_set_ctrl(method, control));
    return method;
}

BIO *tls_bio_create(const BIO_METHOD *method, struct tls_stream *stream)
{
    BIO *bio = BIO_new(method);

    WB_REQUIRE(bio);
    BIO_set_data(bio, stream);
    BIO_set_init(bio, 1);
    return bio;
}
