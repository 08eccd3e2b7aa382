/* SPDX-License-Identifier: MIT */
#include "uv_private.h"
#include "waybill/net/listener.h"
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* libuv's requests are memory of their own, freed by their callback, which is called whatever happens: a connection that is idle
 * has none, and they would be half of it. */
struct uv_tcp_stream {
    struct stream stream; /* first */
    uv_tcp_t tcp;
};

static struct uv_tcp_stream *tcp_of(struct stream *stream)
{
    return (struct uv_tcp_stream *)(void *)stream;
}

static void enter(struct uv_tcp_stream *t)
{
    uv_loop_enter(uv_loop_of(t->stream.loop));
}

/* A server that vanished without a word (its container was killed) is noticed within half a minute while it is waited for. With
 * bytes on the way that nobody acknowledges it takes longer: a server may be slow to read, which has a deadline elsewhere. */
static void watch_for_silence(struct uv_tcp_stream *t)
{
    int idle_s = 10, interval_s = 5, probes = 3, unacknowledged_ms = 150000;
    uv_os_fd_t fd;

    uv_tcp_keepalive(&t->tcp, 1, (unsigned)idle_s);
    if (uv_fileno((uv_handle_t *)&t->tcp, &fd) != 0)
        return;
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval_s, sizeof interval_s);
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof probes);
    setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &unacknowledged_ms, sizeof unacknowledged_ms);
}

static void on_room_wanted(uv_handle_t *handle, size_t suggested, uv_buf_t *out)
{
    struct uv_tcp_stream *t = handle->data;
    struct slice room = stream_room(&t->stream);

    (void)suggested;
    *out = uv_buf_init((char *)(uintptr_t)room.ptr, (unsigned)room.len);
}

/* libuv speaks of an end also where the last bytes and a reset came in one turn of the loop, and an answer that was cut would look
 * whole. The kernel knows which it was; EPIPE is a reset that came behind an end. */
static void note_end(struct uv_tcp_stream *t)
{
    int error = 0, fd;
    socklen_t size = sizeof error;

    if (uv_fileno((uv_handle_t *)&t->tcp, &fd) == 0 && getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error &&
        error != EPIPE)
        t->stream.error = -error;
    else
        t->stream.eof = true;
}

static void on_bytes_read(uv_stream_t *handle, ssize_t count, const uv_buf_t *room)
{
    struct uv_tcp_stream *t = handle->data;

    (void)room;
    enter(t);
    if (count == 0) {
        stream_release(&t->stream);
        return; /* EAGAIN, not the end */
    }
    if (count > 0) {
        stream_received(&t->stream, (size_t)count);
    } else if (count == UV_ENOBUFS) {
        uv_read_stop(handle); /* full: reading goes on when something was consumed */
        t->stream.reading = false;
        return;
    } else {
        t->stream.reading = false;
        uv_read_stop(handle);
        if (count == UV_EOF)
            note_end(t);
        else
            t->stream.error = (wb_err)count;
        if (buffer_len(&t->stream.in) == 0)
            stream_release(&t->stream);
    }
    stream_poke(&t->stream);
}

static void on_connected(uv_connect_t *connect, int status)
{
    struct uv_tcp_stream *t = connect->data;

    free(connect);
    if (uv_is_closing((uv_handle_t *)&t->tcp))
        return;
    enter(t);
    if (status != 0) {
        t->stream.error = status;
    } else {
        t->stream.connected = true;
        uv_tcp_nodelay(&t->tcp, 1);
        stream_want_read(&t->stream, t->stream.want_read);
    }
    stream_poke(&t->stream);
}

static void on_written(uv_write_t *write, int status)
{
    struct uv_tcp_stream *t = write->data;

    free(write);
    if (uv_is_closing((uv_handle_t *)&t->tcp))
        return;
    enter(t);
    t->stream.writing = false;
    if (status != 0)
        t->stream.write_error = status;
    stream_poke(&t->stream);
}

static void on_shut_down(uv_shutdown_t *shutdown, int status)
{
    struct uv_tcp_stream *t = shutdown->data;

    (void)status;
    free(shutdown);
    if (uv_is_closing((uv_handle_t *)&t->tcp))
        return;
    enter(t);
    t->stream.writing = false;
    stream_poke(&t->stream);
}

static void on_closed(uv_handle_t *handle)
{
    struct uv_tcp_stream *t = handle->data;
    t->stream.loop->stream_count--;
    free(t);
}

static void start_reading(struct stream *stream)
{
    int status = uv_read_start((uv_stream_t *)&tcp_of(stream)->tcp, on_room_wanted, on_bytes_read);
    if (status != 0) {
        stream->reading = false;
        stream->error = status;
    }
}

static void stop_reading(struct stream *stream)
{
    uv_read_stop((uv_stream_t *)&tcp_of(stream)->tcp);
}

/* The socket takes no more now. */
static void write_later(struct uv_tcp_stream *t, const uv_buf_t *bufs, unsigned count)
{
    uv_write_t *write = wb_alloc(sizeof *write);

    write->data = t;
    int status = uv_write(write, (uv_stream_t *)&t->tcp, bufs, count, on_written);
    if (status == 0) {
        t->stream.writing = true;
        return;
    }
    free(write);
    t->stream.write_error = status;
}

/* How much has gone. */
static size_t try_write(struct uv_tcp_stream *t, const uv_buf_t *bufs, unsigned count)
{
    int wrote = uv_try_write((uv_stream_t *)&t->tcp, bufs, count);

    if (wrote < 0 && wrote != UV_EAGAIN)
        t->stream.write_error = wrote;
    return wrote > 0 ? (size_t)wrote : 0;
}

static void write_parts(struct stream *stream, const struct slice *parts, unsigned count)
{
    struct uv_tcp_stream *t = tcp_of(stream);
    uv_buf_t bufs[STREAM_PARTS_MAX];
    unsigned used = 0;
    size_t total = 0;

    for (unsigned i = 0; i < count; i++)
        if (parts[i].len) {
            bufs[used++] = uv_buf_init((char *)(uintptr_t)parts[i].ptr, (unsigned)parts[i].len);
            total += parts[i].len;
        }
    if (total == 0)
        return;
    stream->bytes_written += total;
    size_t gone = try_write(t, bufs, used);
    if (gone == total || stream->write_error)
        return;
    unsigned first = 0;
    while (gone >= bufs[first].len) {
        gone -= bufs[first].len;
        first++;
    }
    bufs[first].base += gone;
    bufs[first].len -= gone;
    write_later(t, bufs + first, used - first);
}

static size_t write_now(struct stream *stream, struct slice bytes)
{
    uv_buf_t buf = uv_buf_init((char *)(uintptr_t)bytes.ptr, (unsigned)bytes.len);
    size_t gone = try_write(tcp_of(stream), &buf, 1);

    stream->bytes_written += gone;
    return gone;
}

static size_t bytes_left(const struct stream *stream)
{
    return uv_stream_get_write_queue_size((const uv_stream_t *)&((const struct uv_tcp_stream *)(const void *)stream)->tcp);
}

static bool has_news(const struct stream *stream)
{
    const struct uv_tcp_stream *t = (const struct uv_tcp_stream *)(const void *)stream;
    uv_os_fd_t fd;
    char byte;

    if (uv_fileno((const uv_handle_t *)&t->tcp, &fd) != 0)
        return true;
    return recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) >= 0 || (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
}

static bool find_local(const struct stream *stream, struct address *out_address)
{
    const struct uv_tcp_stream *t = (const struct uv_tcp_stream *)(const void *)stream;
    struct sockaddr_storage name;
    int size = sizeof name;

    return uv_tcp_getsockname(&t->tcp, (struct sockaddr *)&name, &size) == 0 &&
           address_from_sockaddr((struct sockaddr *)&name, out_address);
}

static void shut_down(struct stream *stream)
{
    struct uv_tcp_stream *t = tcp_of(stream);
    uv_shutdown_t *shutdown = wb_alloc(sizeof *shutdown);

    shutdown->data = t;
    if (uv_shutdown(shutdown, (uv_stream_t *)&t->tcp, on_shut_down) == 0)
        stream->writing = true;
    else
        free(shutdown);
}

static void close_stream(struct stream *stream)
{
    uv_close((uv_handle_t *)&tcp_of(stream)->tcp, on_closed);
}

static void reset_stream(struct stream *stream)
{
    struct uv_tcp_stream *t = tcp_of(stream);
    if (uv_tcp_close_reset(&t->tcp, on_closed) != 0)
        uv_close((uv_handle_t *)&t->tcp, on_closed);
}

static const struct stream_ops tcp_ops = {
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

static struct uv_tcp_stream *create(struct loop *loop)
{
    struct uv_tcp_stream *t = wb_alloc(sizeof *t);

    WB_REQUIRE(uv_tcp_init(&uv_loop_of(loop)->uv, &t->tcp) == 0);
    t->tcp.data = t;
    stream_init(&t->stream, &tcp_ops, loop);
    return t;
}

struct stream *uv_stream_dial(struct loop *loop, const struct address *address)
{
    struct uv_tcp_stream *t = create(loop);
    uv_connect_t *connect = wb_alloc(sizeof *connect);
    struct sockaddr_storage to;

    address_to_sockaddr(address, &to);
    t->stream.peer = *address;
    connect->data = t;
    int status = uv_tcp_connect(connect, &t->tcp, (const struct sockaddr *)&to, on_connected);
    if (status == 0) {
        watch_for_silence(t);
    } else {
        free(connect);
        t->stream.error = status;
    }
    return &t->stream;
}

/* Who is at both ends. False: it has gone already. */
static bool note_addresses(struct uv_tcp_stream *t)
{
    struct sockaddr_storage name;
    int size = sizeof name;

    if (uv_tcp_getpeername(&t->tcp, (struct sockaddr *)&name, &size) != 0 ||
        !address_from_sockaddr((struct sockaddr *)&name, &t->stream.peer))
        return false;
    t->stream.connected = true;
    return true;
}

struct stream *uv_stream_accept(struct loop *loop, uv_stream_t *listening)
{
    struct uv_tcp_stream *t = create(loop);
    if (uv_accept(listening, (uv_stream_t *)&t->tcp) != 0 || !note_addresses(t)) {
        close_stream(&t->stream);
        return NULL;
    }
    return &t->stream;
}

int stream_detach(struct stream **stream)
{
    uv_os_fd_t fd = -1;
    int copy = -1;

    if (uv_fileno((uv_handle_t *)&tcp_of(*stream)->tcp, &fd) == 0)
        copy = fcntl(fd, F_DUPFD_CLOEXEC, 0); /* libuv closes its own */
    stream_close(stream);
    return copy;
}

struct stream *stream_adopt(struct loop *loop, int fd)
{
    struct uv_tcp_stream *t = create(loop);

    if (uv_tcp_open(&t->tcp, fd) != 0) {
        close(fd);
        close_stream(&t->stream);
        return NULL;
    }
    if (!note_addresses(t)) {
        close_stream(&t->stream);
        return NULL;
    }
    return &t->stream;
}
