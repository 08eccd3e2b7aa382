/* SPDX-License-Identifier: MIT */
#include "uv_resolver.h"
#include <stdlib.h>
#include <sys/socket.h>

enum { TICK_MS = 250 };

struct watched_socket {
    uv_poll_t poll;
    struct resolver *resolver;
    ares_socket_t fd;
    struct list link;
};

static void on_socket_ready(uv_poll_t *poll, int status, int events)
{
    struct watched_socket *socket = poll->data;

    uv_loop_enter(socket->resolver->loop);
    bool readable = status != 0 || (events & UV_READABLE), writable = status != 0 || (events & UV_WRITABLE);
    ares_process_fd(socket->resolver->channel, readable ? socket->fd : ARES_SOCKET_BAD,
                    writable ? socket->fd : ARES_SOCKET_BAD);
}

static void on_socket_closed(uv_handle_t *handle)
{
    free(handle->data);
}

static struct watched_socket *find_socket(struct resolver *resolver, ares_socket_t fd)
{
    LIST_EACH (node, &resolver->sockets) {
        struct watched_socket *socket = LIST_ENTRY(node, struct watched_socket, link);
        if (socket->fd == fd)
            return socket;
    }
    return NULL;
}

static void on_socket_state(void *arg, ares_socket_t fd, int readable, int writable)
{
    struct resolver *resolver = arg;
    struct watched_socket *socket = find_socket(resolver, fd);

    if (!readable && !writable) {
        if (socket) {
            list_remove(&socket->link);
            uv_close((uv_handle_t *)&socket->poll, on_socket_closed);
        }
        return;
    }
    if (!socket) {
        socket = wb_alloc(sizeof *socket);
        socket->resolver = resolver;
        socket->fd = fd;
        WB_REQUIRE(uv_poll_init(&resolver->loop->uv, &socket->poll, fd) == 0);
        socket->poll.data = socket;
        list_push_back(&resolver->sockets, &socket->link);
    }
    uv_poll_start(&socket->poll, (readable ? UV_READABLE : 0) | (writable ? UV_WRITABLE : 0), on_socket_ready);
}

static void on_tick(uv_timer_t *timer)
{
    struct resolver *resolver = timer->data;
    uv_loop_enter(resolver->loop);
    ares_process_fd(resolver->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    if (list_empty(&resolver->sockets))
        uv_timer_stop(timer);
}

static void use_servers(struct resolver *resolver, const struct address *servers, size_t count)
{
    struct ares_addr_port_node *nodes = wb_alloc(count * sizeof *nodes);

    for (size_t i = 0; i < count; i++) {
        struct ares_addr_port_node *node = &nodes[i];
        node->next = i + 1 < count ? node + 1 : NULL;
        node->family = servers[i].is_v6 ? AF_INET6 : AF_INET;
        if (servers[i].is_v6)
            memcpy(&node->addr.addr6, servers[i].ip, sizeof node->addr.addr6);
        else
            memcpy(&node->addr.addr4, servers[i].ip, sizeof node->addr.addr4);
        node->udp_port = node->tcp_port = servers[i].port;
    }
    WB_REQUIRE(ares_set_servers_ports(resolver->channel, nodes) == ARES_SUCCESS);
    free(nodes);
}

struct resolver *uv_resolver_create(struct uv_worker_loop *loop, const struct resolver_limits *limits,
                                    const struct address *servers, size_t server_count)
{
    struct resolver *resolver = wb_alloc(sizeof *resolver);
    struct ares_options options = {.timeout = limits->timeout_ms,
                                   .tries = limits->tries,
                                   .sock_state_cb = on_socket_state,
                                   .sock_state_cb_data = resolver};

    resolver->loop = loop;
    list_init(&resolver->sockets);
    WB_REQUIRE(ares_library_init(ARES_LIB_INIT_ALL) == ARES_SUCCESS);
    WB_REQUIRE(ares_init_options(&resolver->channel, &options,
                                 ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB) == ARES_SUCCESS);
    if (server_count)
        use_servers(resolver, servers, server_count);
    uv_timer_init(&loop->uv, &resolver->timer);
    resolver->timer.data = resolver;
    return resolver;
}

void uv_resolver_watch_time(struct resolver *resolver)
{
    uv_timer_start(&resolver->timer, on_tick, TICK_MS, TICK_MS);
}

static void on_resolver_closed(uv_handle_t *handle)
{
    free(handle->data);
}

void uv_resolver_close(struct resolver **resolver)
{
    struct resolver *ending = *resolver;

    *resolver = NULL;
    ending->closing = true;
    ares_destroy(ending->channel); /* answers what is asked, closes its sockets */
    ares_library_cleanup();
    uv_close((uv_handle_t *)&ending->timer, on_resolver_closed);
}
