/* SPDX-License-Identifier: MIT */
#include "waybill/net/listener.h"
#include "uv_private.h"
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BACKLOG = 4096, KEEPALIVE_SECONDS = 30, KEEPALIVE_INTERVAL_SECONDS = 1, KEEPALIVE_PROBES = 10 };

static wb_err open_one(const struct sockaddr_storage *to, socklen_t size, bool share, int *out_fd)
{
    int one = 1, zero = 0;
    int fd = socket(to->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -errno;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (share)
        setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof one);
    if (to->ss_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &zero, sizeof zero);
    if (bind(fd, (const struct sockaddr *)to, size) != 0 || (share && listen(fd, BACKLOG) != 0)) {
        wb_err error = -errno;
        close(fd);
        return error;
    }
    *out_fd = fd;
    return 0;
}

static wb_err bound_port(int fd, struct sockaddr_storage *to, socklen_t size)
{
    return getsockname(fd, (struct sockaddr *)to, &size) == 0 ? 0 : -errno;
}

/* The sockaddr to bind; all addresses of both families for an empty host. */
static wb_err bind_address(struct slice host, uint16_t port, struct sockaddr_storage *out_to, socklen_t *out_size)
{
    struct address address;
    bool everywhere = host.len == 0 || slice_eq(host, SLICE("::")) || slice_eq(host, SLICE("[::]"));

    memset(out_to, 0, sizeof *out_to);
    if (everywhere) {
        struct sockaddr_in6 *any = (struct sockaddr_in6 *)out_to;
        any->sin6_family = AF_INET6;
        any->sin6_port = htons(port);
        *out_size = sizeof *any;
        return 0;
    }
    if (slice_eq_nocase(host, SLICE("localhost")))
        host = SLICE("127.0.0.1");
    if (!address_parse(host, port, &address))
        return -EADDRNOTAVAIL;
    address_to_sockaddr(&address, out_to);
    *out_size = address.is_v6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
    return 0;
}

wb_err listen_open(struct slice host, uint16_t port, int *out_fds, size_t count, uint16_t *out_port)
{
    struct sockaddr_storage to;
    socklen_t size;
    int probe;
    wb_err error = bind_address(host, port, &to, &size);

    if (error)
        return error;
    /* SO_REUSEPORT would hide that the port is taken, so look without it first. */
    error = open_one(&to, size, false, &probe);
    if (error == -EAFNOSUPPORT && to.ss_family == AF_INET6) {
        struct sockaddr_in *any = (struct sockaddr_in *)&to;
        memset(&to, 0, sizeof to);
        any->sin_family = AF_INET; /* a host without IPv6 */
        any->sin_port = htons(port);
        size = sizeof *any;
        error = open_one(&to, size, false, &probe);
    }
    if (error)
        return error;
    error = bound_port(probe, &to, size);
    close(probe);
    for (size_t i = 0; !error && i < count; i++) {
        error = open_one(&to, size, true, &out_fds[i]);
        if (error)
            while (i-- > 0)
                close(out_fds[i]);
        if (error)
            return error;
    }
    *out_port = ntohs(to.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&to)->sin6_port
                                               : ((struct sockaddr_in *)&to)->sin_port);
    return error;
}

struct listener {
    uv_tcp_t tcp;
    struct loop *loop;
    void (*accepted)(void *owner, struct stream *stream);
    void *owner;
    bool withheld;
    bool one_waits; /* libuv holds a connection we have not taken */
};

static void take_one(struct listener *listener)
{
    struct stream *stream = uv_stream_accept(listener->loop, (uv_stream_t *)&listener->tcp);
    if (stream)
        listener->accepted(listener->owner, stream);
}

static void on_connection(uv_stream_t *handle, int status)
{
    struct listener *listener = handle->data;

    uv_loop_enter(uv_loop_of(listener->loop));
    if (status != 0)
        return;
    if (listener->withheld)
        listener->one_waits = true; /* libuv does not poll until it is accepted */
    else
        take_one(listener);
}

/* What is accepted has the options of the socket it came by (tcp(7)): said once here, they cost no connection four calls. */
static void set_options_of_accepted(int fd)
{
    int one = 1, idle_s = KEEPALIVE_SECONDS, interval_s = KEEPALIVE_INTERVAL_SECONDS, probes = KEEPALIVE_PROBES;

    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof one);
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle_s, sizeof idle_s);
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval_s, sizeof interval_s);
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof probes);
}

struct listener *listener_create(struct loop *loop, int fd, void (*accepted)(void *owner, struct stream *stream),
                                 void *owner)
{
    struct listener *listener = wb_alloc(sizeof *listener);

    listener->loop = loop;
    listener->accepted = accepted;
    listener->owner = owner;
    listener->tcp.data = listener;
    set_options_of_accepted(fd);
    WB_REQUIRE(uv_tcp_init(&uv_loop_of(loop)->uv, &listener->tcp) == 0);
    listener->tcp.data = listener;
    WB_REQUIRE(uv_tcp_open(&listener->tcp, fd) == 0);
    WB_REQUIRE(uv_listen((uv_stream_t *)&listener->tcp, BACKLOG, on_connection) == 0);
    return listener;
}

void listener_withhold(struct listener *listener, bool withhold)
{
    listener->withheld = withhold;
    if (!withhold && listener->one_waits) {
        listener->one_waits = false;
        take_one(listener);
    }
}

static void on_listener_closed(uv_handle_t *handle)
{
    free(handle->data);
}

void listener_close(struct listener **listener)
{
    struct listener *closing = *listener;
    uv_os_fd_t listening;

    *listener = NULL;
    if (!closing)
        return;
    if (closing->one_waits)
        take_one(closing);
    if (uv_fileno((uv_handle_t *)&closing->tcp, &listening) == 0) {
        int fd;
        while ((fd = accept4(listening, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
            struct stream *stream = stream_adopt(closing->loop, fd);
            if (stream)
                closing->accepted(closing->owner, stream);
        }
    }
    uv_close((uv_handle_t *)&closing->tcp, on_listener_closed);
}
