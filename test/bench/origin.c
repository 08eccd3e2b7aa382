/* SPDX-License-Identifier: MIT */
/* A minimal keep-alive HTTP origin: one epoll thread, answers every complete
 * request head with the same response. The load side of the proxy benchmark.
 * usage: origin PORT BODY_BYTES */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

struct conn {
    int fd;
    size_t len, off, out;
    char in[16384];
};
static char *resp;
static size_t resp_len;

static int flush_out(struct conn *c)
{
    while (c->out) {
        size_t pos = c->off;
        ssize_t n = send(c->fd, resp + pos, resp_len - pos, MSG_NOSIGNAL);
        if (n < 0)
            return errno == EAGAIN ? 0 : -1;
        c->off += (size_t)n;
        if (c->off == resp_len) {
            c->off = 0;
            c->out--;
        }
    }
    return 0;
}

int main(int argc, char **argv)
{
    int port = atoi(argv[1]);
    size_t body = argc > 2 ? strtoul(argv[2], 0, 10) : 128;
    resp = malloc(body + 512);
    resp_len = (size_t)sprintf(resp,
                               "HTTP/1.1 200 OK\r\nServer: origin\r\nDate: Mon, 23 Nov 2026 00:00:00 GMT\r\n"
                               "Content-Type: text/plain\r\nContent-Length: %zu\r\n\r\n",
                               body);
    memset(resp + resp_len, 'x', body);
    resp_len += body;
    int ls = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), one = 1;
    setsockopt(ls, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    struct sockaddr_in a = {
        .sin_family = AF_INET, .sin_port = htons((unsigned short)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (bind(ls, (void *)&a, sizeof a) || listen(ls, 4096)) {
        perror("origin");
        return 1;
    }
    int ep = epoll_create1(0);
    struct epoll_event ev = {.events = EPOLLIN, .data.ptr = NULL}, evs[512];
    epoll_ctl(ep, EPOLL_CTL_ADD, ls, &ev);
    for (;;) {
        int n = epoll_wait(ep, evs, 512, -1);
        for (int i = 0; i < n; i++) {
            struct conn *c = evs[i].data.ptr;
            if (!c) {
                int fd;
                while ((fd = accept4(ls, 0, 0, SOCK_NONBLOCK)) >= 0) {
                    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
                    c = calloc(1, sizeof *c);
                    c->fd = fd;
                    ev.events = EPOLLIN | EPOLLOUT | EPOLLET;
                    ev.data.ptr = c;
                    epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev);
                }
                continue;
            }
            int dead = 0;
            for (;;) {
                ssize_t r = recv(c->fd, c->in + c->len, sizeof c->in - c->len, 0);
                if (r == 0) {
                    dead = 1;
                    break;
                }
                if (r < 0) {
                    if (errno != EAGAIN)
                        dead = 1;
                    break;
                }
                c->len += (size_t)r;
                char *p = c->in, *end = c->in + c->len, *e;
                while ((e = memmem(p, (size_t)(end - p), "\r\n\r\n", 4))) {
                    c->out++;
                    p = e + 4;
                }
                memmove(c->in, p, (size_t)(end - p));
                c->len = (size_t)(end - p);
                if (c->len == sizeof c->in) {
                    dead = 1;
                    break;
                }
                if ((size_t)r < 4096)
                    break;
            }
            if (!dead && flush_out(c))
                dead = 1;
            if (dead) {
                close(c->fd);
                free(c);
            }
        }
    }
}
