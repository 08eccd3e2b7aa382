/* SPDX-License-Identifier: MIT */
/*
 * fake_server - a scripted HTTP server on a unix socket, for faults that no real engine shows on demand: each
 * connection has a thread, each request is given to the test's function, which writes what it likes.
 */
#pragma once
#include "waybill/base/error.h"
#include "waybill/base/slice.h"
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

struct fake_server;
/* False: the connection is closed after it. Called on the connection's thread. */
typedef bool (*fake_answer_fn)(struct fake_server *server, int fd, const char *method, const char *target);

enum { FAKE_CONNECTIONS = 256 };

struct fake_server {
    char path[100];
    int listener;
    fake_answer_fn answer;
    void *arg;
    atomic_bool stopping;
    pthread_t acceptor;
    pthread_mutex_t lock;
    struct fake_connection {
        struct fake_server *server;
        int fd;
        pthread_t thread;
    } connections[FAKE_CONNECTIONS];
    size_t connection_count;
};

static inline void fake_write(int fd, struct slice bytes)
{
    while (bytes.len) {
        ssize_t written = send(fd, bytes.ptr, bytes.len, MSG_NOSIGNAL);
        if (written <= 0)
            return;
        bytes = slice_from(bytes, (size_t)written);
    }
}

static inline void fake_write_json(int fd, unsigned status, const char *body)
{
    char *head = wb_format("HTTP/1.1 %u X\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n", status,
                           strlen(body));
    fake_write(fd, slice_of(head));
    fake_write(fd, slice_of(body));
    free(head);
}

static inline void fake_begin_stream(int fd)
{
    fake_write(fd, SLICE("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"));
}

static inline void fake_write_chunk(int fd, struct slice bytes)
{
    char head[32];
    snprintf(head, sizeof head, "%zx\r\n", bytes.len);
    fake_write(fd, slice_of(head));
    fake_write(fd, bytes);
    fake_write(fd, SLICE("\r\n"));
}

/* Waits until the other side hangs up or the server stops. */
static inline void fake_hold(struct fake_server *server, int fd)
{
    char byte;
    while (!atomic_load(&server->stopping) && recv(fd, &byte, 1, MSG_PEEK) > 0)
        usleep(1000);
}

static inline bool fake_read_head(int fd, char *head, size_t size)
{
    size_t len = 0;
    while (len + 1 < size) {
        if (recv(fd, head + len, 1, 0) != 1)
            return false;
        head[++len] = '\0';
        if (len >= 4 && memcmp(head + len - 4, "\r\n\r\n", 4) == 0)
            return true;
    }
    return false;
}

static inline void *fake_serve(void *arg)
{
    struct fake_connection *connection = arg;
    struct fake_server *server = connection->server;
    char head[4096], method[16], target[2048];

    while (!atomic_load(&server->stopping) && fake_read_head(connection->fd, head, sizeof head)) {
        if (sscanf(head, "%15s %2047s", method, target) != 2 || !server->answer(server, connection->fd, method, target))
            break;
    }
    shutdown(connection->fd, SHUT_RDWR);
    return NULL;
}

static inline void *fake_accept(void *arg)
{
    struct fake_server *server = arg;

    while (!atomic_load(&server->stopping)) {
        struct pollfd wait = {server->listener, POLLIN, 0};
        if (poll(&wait, 1, 20) != 1)
            continue;
        int fd = accept(server->listener, NULL, NULL);
        pthread_mutex_lock(&server->lock);
        WB_REQUIRE(server->connection_count < FAKE_CONNECTIONS);
        struct fake_connection *connection = &server->connections[server->connection_count++];
        *connection = (struct fake_connection){.server = server, .fd = fd};
        WB_REQUIRE(pthread_create(&connection->thread, NULL, fake_serve, connection) == 0);
        pthread_mutex_unlock(&server->lock);
    }
    return NULL;
}

static inline void fake_server_start(struct fake_server *server, const char *path, fake_answer_fn answer, void *arg)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    memset(server, 0, sizeof *server);
    server->answer = answer;
    server->arg = arg;
    pthread_mutex_init(&server->lock, NULL);
    snprintf(server->path, sizeof server->path, "%s", path);
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    unlink(path);
    server->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    WB_REQUIRE(bind(server->listener, (struct sockaddr *)&address, sizeof address) == 0);
    WB_REQUIRE(listen(server->listener, 64) == 0);
    WB_REQUIRE(pthread_create(&server->acceptor, NULL, fake_accept, server) == 0);
}

/* Hangs up on everybody who is connected now. */
static inline void fake_server_hang_up(struct fake_server *server)
{
    pthread_mutex_lock(&server->lock);
    for (size_t i = 0; i < server->connection_count; i++)
        shutdown(server->connections[i].fd, SHUT_RDWR);
    pthread_mutex_unlock(&server->lock);
}

static inline void fake_server_stop(struct fake_server *server)
{
    atomic_store(&server->stopping, true);
    pthread_join(server->acceptor, NULL);
    fake_server_hang_up(server);
    for (size_t i = 0; i < server->connection_count; i++) {
        pthread_join(server->connections[i].thread, NULL);
        close(server->connections[i].fd);
    }
    close(server->listener);
    pthread_mutex_destroy(&server->lock);
}
