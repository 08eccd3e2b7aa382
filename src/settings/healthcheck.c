/* SPDX-License-Identifier: MIT */
#include "waybill/settings/healthcheck.h"
#include "waybill/base/clock.h"
#include "waybill/settings/host_port.h"
#include "waybill/settings/settings.h"
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { HEAD_MAX_BYTES = 4096 };

struct question {
    char host[256], port[8];
    char authority[272]; /* as the URL shows it */
    struct slice path;
    uint64_t deadline_ns;
};

static bool plan_question(struct slice address, uint64_t timeout_ms, struct question *out_question)
{
    struct host_port parsed;
    if (!host_port_reachable(address, &parsed))
        return false;
    *out_question = (struct question){.deadline_ns = clock_monotonic_ns() + timeout_ms * 1000000};
    snprintf(out_question->host, sizeof out_question->host, SLICE_FMT, SLICE_ARG(parsed.host));
    snprintf(out_question->port, sizeof out_question->port, "%u", (unsigned)parsed.port);
    snprintf(out_question->authority, sizeof out_question->authority, parsed.bracketed ? "[%s]:%s" : "%s:%s",
             out_question->host, out_question->port);
    return true;
}

/* 0, or -errno. */
static wb_err wait_for(int socket_number, short events, uint64_t deadline_ns)
{
    for (;;) {
        uint64_t now = clock_monotonic_ns();
        if (now >= deadline_ns)
            return -ETIMEDOUT;
        struct pollfd wanted = {.fd = socket_number, .events = events};
        int ready = poll(&wanted, 1, (int)((deadline_ns - now + 999999) / 1000000));
        if (ready > 0)
            return 0;
        if (ready < 0 && errno != EINTR)
            return -errno;
    }
}

/* The connected socket, or -errno. */
static int connect_one(const struct addrinfo *address, uint64_t deadline_ns)
{
    int number = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), failed = 0;
    socklen_t failed_bytes = sizeof failed;
    if (number < 0)
        return -errno;
    wb_err error = connect(number, address->ai_addr, address->ai_addrlen) == 0 ? 0 : -errno;
    if (error == -EINPROGRESS) {
        error = wait_for(number, POLLOUT, deadline_ns);
        if (!error && getsockopt(number, SOL_SOCKET, SO_ERROR, &failed, &failed_bytes) == 0)
            error = -failed;
    }
    if (!error)
        return number;
    close(number);
    return error;
}

static wb_err send_all(int number, struct slice bytes, uint64_t deadline_ns)
{
    while (bytes.len) {
        ssize_t sent = send(number, bytes.ptr, bytes.len, MSG_NOSIGNAL);
        if (sent >= 0) {
            bytes = slice_from(bytes, (size_t)sent);
        } else if (errno == EAGAIN) {
            wb_err error = wait_for(number, POLLOUT, deadline_ns);
            if (error)
                return error;
        } else if (errno != EINTR) {
            return -errno;
        }
    }
    return 0;
}

/* The first line of the answer, without its line end. */
static wb_err receive_line(int number, char *head, uint64_t deadline_ns, struct slice *out_line)
{
    size_t len = 0;
    for (;;) {
        wb_err error = wait_for(number, POLLIN, deadline_ns);
        if (error)
            return error;
        ssize_t got = recv(number, head + len, HEAD_MAX_BYTES - len, 0);
        if (got < 0 && (errno == EAGAIN || errno == EINTR))
            continue;
        if (got < 0)
            return -errno;
        len += (size_t)got;
        struct slice line = slice_make(head, len);
        size_t end = slice_find(line, '\n');
        if (end < len) {
            *out_line = slice_trim_space(slice_head(line, end));
            return 0;
        }
        if (got == 0 || len == HEAD_MAX_BYTES)
            return -EPROTO;
    }
}

static wb_err ask(const struct question *question, char *head, struct slice *out_line)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found = NULL;
    int number = -EADDRNOTAVAIL;
    if (getaddrinfo(question->host, question->port, &hints, &found) != 0)
        return -EADDRNOTAVAIL;
    for (const struct addrinfo *address = found; address && number < 0; address = address->ai_next)
        number = connect_one(address, question->deadline_ns);
    freeaddrinfo(found);
    if (number < 0)
        return number;
    char *request = wb_format("HEAD " SLICE_FMT " HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n",
                              SLICE_ARG(question->path), question->authority);
    wb_err error = send_all(number, slice_of(request), question->deadline_ns);
    free(request);
    if (!error)
        error = receive_line(number, head, question->deadline_ns, out_line);
    close(number);
    return error;
}

/* "HTTP/1.1 200 OK" to "200 OK". */
static bool cut_status(struct slice line, struct slice *out_status)
{
    size_t blank = slice_find(line, ' ');
    uint64_t code;
    *out_status = slice_trim(slice_from(line, blank));
    return slice_starts(line, SLICE("HTTP/1.")) && out_status->len >= 3 &&
           slice_to_u64(slice_head(*out_status, 3), 999, &code) && (out_status->len == 3 || out_status->ptr[3] == ' ');
}

static int tell_error(struct text *out_line, const struct question *question, const char *reason)
{
    text_addf(out_line, "Error calling healthcheck: Head http://%s" SLICE_FMT ": %s\n", question->authority,
              SLICE_ARG(question->path), reason);
    return 1;
}

int healthcheck_ask(struct slice address, struct slice path, uint64_t timeout_ms, struct text *out_line)
{
    char head[HEAD_MAX_BYTES];
    struct question question;
    struct slice line = SLICE(""), status;
    if (!plan_question(address, timeout_ms, &question)) {
        text_addf(out_line, "Error calling healthcheck: bad address\n");
        return 1;
    }
    question.path = path;
    wb_err error = ask(&question, head, &line);
    if (error)
        return tell_error(out_line, &question, error == -EPROTO ? "malformed answer" : strerror(-error));
    if (!cut_status(line, &status))
        return tell_error(out_line, &question, "malformed answer");
    if (slice_starts(status, SLICE("200"))) {
        text_addf(out_line, "OK: http://%s" SLICE_FMT "\n", question.authority, SLICE_ARG(path));
        return 0;
    }
    text_addf(out_line, "Bad healthcheck status: ");
    text_add_escaped(out_line, status);
    text_add_char(out_line, '\n');
    return 1;
}

int healthcheck_run(const struct settings *settings, bool in_container, struct text *out_line)
{
    if (!settings->ping_on && !settings->api_on) {
        text_addf(out_line, in_container ? "OK: neither ping nor the API is on, there is nothing to ask\n"
                                         : "Error calling healthcheck: please enable `ping` to use health check\n");
        return in_container ? 0 : 1;
    }
    const struct model_entrypoint *entrypoint = settings_entrypoint(settings, settings->ping_on ? settings->ping_entrypoint
                                                                                                : settings->api_entrypoint);
    if (!entrypoint) {
        text_addf(out_line, "Error calling healthcheck: missing `ping` entrypoint\n");
        return 1;
    }
    if (entrypoint->tls)
        return healthcheck_ask_secure(entrypoint->address, HEALTHCHECK_TIMEOUT_MS, out_line);
    char *path = wb_format(SLICE_FMT "/ping", SLICE_ARG(settings->admin_path));
    int status = healthcheck_ask(entrypoint->address, slice_of(path), HEALTHCHECK_TIMEOUT_MS, out_line);
    free(path);
    return status;
}
