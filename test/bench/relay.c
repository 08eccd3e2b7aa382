/* SPDX-License-Identifier: MIT */
/* The floor under every proxy: one epoll thread that copies bytes between a
 * client and an upstream connection and looks at none of them.
 * usage: relay LISTEN_PORT UPSTREAM_PORT */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

struct side {
    int fd;
    struct side *peer;
    char *held;
    size_t len;
    int dead;
};
static char buf[65536];

static void drop(struct side *s)
{
    if (s->dead)
        return;
    s->dead = s->peer->dead = 1;
    close(s->fd);
    close(s->peer->fd); /* leaks two small structs: a benchmark's floor */
}
static int push(struct side *to, const char *p, size_t n)
{
    while (n) {
        ssize_t w = send(to->fd, p, n, MSG_NOSIGNAL);
        if (w < 0) {
            if (errno != EAGAIN && errno != ENOTCONN)
                return -1;
            to->held = realloc(to->held, to->len + n);
            for (size_t i = 0; i < n; i++)
                to->held[to->len + i] = p[i];
            to->len += n;
            return 0;
        }
        p += w;
        n -= (size_t)w;
    }
    return 0;
}
int main(int argc, char **argv)
{
    (void)argc;
    int one = 1, ls = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    setsockopt(ls, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    struct sockaddr_in a = {
        .sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(argv[1])), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr_in u = a;
    u.sin_port = htons((unsigned short)atoi(argv[2]));
    if (bind(ls, (void *)&a, sizeof a) || listen(ls, 4096)) {
        perror("relay");
        return 1;
    }
    int ep = epoll_create1(0);
    struct epoll_event ev = {.events = EPOLLIN}, evs[512];
    epoll_ctl(ep, EPOLL_CTL_ADD, ls, &ev);
    for (;;) {
        int n = epoll_wait(ep, evs, 512, -1);
        for (int i = 0; i < n; i++) {
            struct side *s = evs[i].data.ptr;
            if (!s) {
                int fd;
                while ((fd = accept4(ls, 0, 0, SOCK_NONBLOCK)) >= 0) {
                    struct side *c = calloc(1, sizeof *c), *b = calloc(1, sizeof *b);
                    c->fd = fd;
                    b->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
                    c->peer = b;
                    b->peer = c;
                    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
                    setsockopt(b->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
                    connect(b->fd, (void *)&u, sizeof u);
                    ev.events = EPOLLIN | EPOLLOUT | EPOLLET;
                    ev.data.ptr = c;
                    epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev);
                    ev.data.ptr = b;
                    epoll_ctl(ep, EPOLL_CTL_ADD, b->fd, &ev);
                }
                continue;
            }
            if (s->dead)
                continue;
            if (s->len && (evs[i].events & EPOLLOUT)) {
                char *h = s->held;
                size_t l = s->len;
                s->held = NULL;
                s->len = 0;
                if (push(s, h, l))
                    drop(s);
                free(h);
            }
            while (!s->dead && (evs[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR))) {
                ssize_t r = recv(s->fd, buf, sizeof buf, 0);
                if (r == 0 || (r < 0 && errno != EAGAIN)) {
                    drop(s);
                    break;
                }
                if (r < 0)
                    break;
                if (push(s->peer, buf, (size_t)r)) {
                    drop(s);
                    break;
                }
                if ((size_t)r < sizeof buf)
                    break;
            }
        }
    }
}
