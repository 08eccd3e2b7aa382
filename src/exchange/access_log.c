/* SPDX-License-Identifier: MIT */
#include "waybill/exchange/access_log.h"
#include "waybill/base/clock.h"
#include "waybill/base/text.h"
#include "waybill/exchange/exchange.h"
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { ACCESS_LOG_GATHER = 32 * 1024 };

struct access_log {
    struct loop *loop;
    int fd;
    struct text lines;
    struct later later;
    bool queued;
    uint64_t stamp_second;
    char stamp[40];
};

static _Atomic uint64_t request_count; /* process-wide, as v1.7 numbers its lines */

static wb_err make_folders(struct slice path)
{
    for (size_t i = 1; i < path.len; i++) {
        if (path.ptr[i] != '/')
            continue;
        char *folder = wb_strndup(path.ptr, i);
        int failed = mkdir(folder, 0755) != 0 && errno != EEXIST ? errno : 0;
        free(folder);
        if (failed)
            return -failed;
    }
    return 0;
}

wb_err access_log_open(struct slice path, int *out_fd)
{
    if (path.len == 0) {
        *out_fd = STDOUT_FILENO;
        return 0;
    }
    wb_err error = make_folders(path);
    if (error)
        return error;
    char *name = slice_dup(path);
    int fd = open(name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    error = fd < 0 ? -errno : 0;
    free(name);
    *out_fd = fd;
    return error;
}

static void write_out(struct access_log *log)
{
    ssize_t wrote = log->lines.len ? write(log->fd, log->lines.ptr, log->lines.len) : 0;
    (void)wrote; /* a full disk must not stop requests (security case D14) */
    log->lines.len = 0;
}

static void on_turn_end(struct later *later)
{
    struct access_log *log = WB_CONTAINER_OF(later, struct access_log, later);
    log->queued = false;
    write_out(log);
}

struct access_log *access_log_create(struct loop *loop, int fd)
{
    struct access_log *log = wb_alloc(sizeof *log);

    log->loop = loop;
    log->fd = fd;
    log->later.run = on_turn_end;
    list_init(&log->later.link);
    return log;
}

void access_log_destroy(struct access_log **log)
{
    struct access_log *closing = *log;

    *log = NULL;
    if (!closing)
        return;
    list_remove(&closing->later.link);
    write_out(closing);
    text_fini(&closing->lines);
    free(closing);
}

/* "23/Nov/2026:08:01:49 +0000", made once a second. */
static const char *stamp(struct access_log *log)
{
    time_t now = (time_t)(clock_wall_ns() / 1000000000u);
    struct tm utc;

    if ((uint64_t)now != log->stamp_second) {
        log->stamp_second = (uint64_t)now;
        gmtime_r(&now, &utc);
        strftime(log->stamp, sizeof log->stamp, "%d/%b/%Y:%H:%M:%S +0000", &utc);
    }
    return log->stamp;
}

/* In quotes, or a lone dash in quotes (or without) when there is none. */
static void add_quoted(struct text *line, struct slice value, bool bare_dash)
{
    if (value.len == 0) {
        text_add(line, bare_dash ? SLICE("-") : SLICE("\"-\""));
        return;
    }
    text_add_char(line, '"');
    text_add_escaped(line, value);
    text_add_char(line, '"');
}

void access_log_add(struct access_log *log, const struct exchange *x)
{
    static const char *const versions[] = {[HTTP_1_0] = "1.0", [HTTP_1_1] = "1.1", [HTTP_2] = "2.0"};
    struct text *line = &log->lines;
    const struct headers *headers = &x->request.headers;
    char ip[ADDRESS_TEXT_SIZE];
    uint64_t number = atomic_fetch_add_explicit(&request_count, 1, memory_order_relaxed) + 1;
    uint64_t duration_ms = (clock_monotonic_ns() - x->started_ns) / 1000000u;
    struct slice client = headers_value(headers, HEADER_X_FORWARDED_FOR);

    address_format_ip(&x->peer, ip);
    text_add_escaped(line, client.len ? client : slice_of(ip));
    text_add(line, SLICE(" - "));
    text_add_escaped(line, x->user.len ? x->user : SLICE("-"));
    text_addf(line, " [%s] \"", stamp(log));
    text_add_escaped(line, x->request.method);
    text_add_char(line, ' ');
    text_add_escaped(line, x->request.target);
    text_addf(line, " HTTP/%s\" %u %llu ", versions[x->request.version], x->status, (unsigned long long)x->answer_bytes);
    add_quoted(line, headers_value(headers, HEADER_REFERER), false);
    text_add_char(line, ' ');
    add_quoted(line, headers_value(headers, HEADER_USER_AGENT), false);
    text_addf(line, " %llu ", (unsigned long long)number);
    add_quoted(line, x->frontend_name, true);
    text_add_char(line, ' ');
    add_quoted(line, slice_of(x->server_url), true);
    text_addf(line, " %llums\n", (unsigned long long)duration_ms);
    if (line->len > ACCESS_LOG_GATHER) {
        write_out(log);
    } else if (!log->queued) {
        log->queued = true;
        loop_later(log->loop, &log->later);
    }
}
