/* SPDX-License-Identifier: MIT */
#include "waybill/base/log.h"
#include "waybill/base/clock.h"
#include "waybill/base/log_file.h"
#include "waybill/base/text.h"
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static const char *const level_names[] = {"debug", "info", "warning", "error", "fatal"};
static _Atomic int current_level = LOG_ERROR;
static struct log_file log_file = {.fd = STDOUT_FILENO};
static _Atomic int line_fd = STDOUT_FILENO; /* log_file's; the file may be opened while somebody writes */
static _Atomic bool in_json;
/* Of what follows. Only one at a time writes to what may hang. */
static pthread_mutex_t hanging_lock = PTHREAD_MUTEX_INITIALIZER;
static bool is_torn;          /* the last line is there in part only */
static _Atomic bool is_stuck; /* nobody reads: lines are dropped, not waited for */
static _Atomic unsigned long lost;
static void (*line_sink)(enum log_level level, const char *line, void *arg);
static void *line_sink_arg;

bool log_level_parse(struct slice text, enum log_level *out_level)
{
    static const struct {
        const char *name;
        enum log_level level;
    } names[] = {{"debug", LOG_DEBUG}, {"info", LOG_INFO},   {"warn", LOG_WARN},  {"warning", LOG_WARN},
                 {"error", LOG_ERROR}, {"fatal", LOG_FATAL}, {"panic", LOG_FATAL}};
    for (size_t i = 0; i < WB_COUNT(names); i++)
        if (slice_eq_nocase(text, slice_of(names[i].name))) {
            *out_level = names[i].level;
            return true;
        }
    return false;
}

void log_set_level(enum log_level level)
{
    atomic_store_explicit(&current_level, (int)level, memory_order_relaxed);
}

enum log_level log_get_level(void)
{
    return (enum log_level)atomic_load_explicit(&current_level, memory_order_relaxed);
}

void log_set_sink(void (*sink)(enum log_level level, const char *line, void *arg), void *arg)
{
    line_sink = sink;
    line_sink_arg = arg;
}

wb_err log_open(struct slice path)
{
    struct log_file file, before = log_file;
    wb_err error = log_file_open(&file, path);

    if (error)
        return error;
    log_file = file;
    atomic_store(&line_fd, file.fd);
    log_file_close(&before);
    return 0;
}

wb_err log_reopen(void)
{
    return log_file_reopen(&log_file);
}

void log_set_json(bool json)
{
    atomic_store(&in_json, json);
}

static void compose(struct text *line, enum log_level level, struct slice message)
{
    char stamp[CLOCK_RFC3339_SIZE];

    clock_rfc3339(clock_wall_ns(), stamp);
    if (atomic_load_explicit(&in_json, memory_order_relaxed)) {
        text_addf(line, "{\"level\":\"%s\",\"msg\":\"", level_names[level]);
        text_add_json(line, message);
        text_addf(line, "\",\"time\":\"%s\"}", stamp);
    } else {
        text_addf(line, "time=\"%s\" level=%s msg=\"", stamp, level_names[level]);
        text_add_escaped(line, message);
        text_add_char(line, '"');
    }
}

/* Not more at a time than a pipe that says it can be written to takes at once. False: it hangs. */
static bool write_patiently(int fd, struct slice bytes)
{
    while (bytes.len) {
        struct pollfd ready = {.fd = fd, .events = POLLOUT};
        int count = poll(&ready, 1, is_stuck ? 0 : LOG_PATIENCE_MS);
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            return false;
        ssize_t wrote = write(fd, bytes.ptr, bytes.len < PIPE_BUF ? bytes.len : PIPE_BUF);
        if (wrote < 0 && errno != EAGAIN && errno != EINTR)
            return true; /* there is nobody left to tell */
        if (wrote > 0) {
            is_torn = bytes.ptr[wrote - 1] != '\n';
            bytes = slice_from(bytes, (size_t)wrote);
        }
    }
    return true;
}

static bool catch_up(int fd)
{
    struct text line = TEXT_EMPTY, message = TEXT_EMPTY;
    unsigned long count = atomic_exchange(&lost, 0);

    text_addf(&message, "log: %lu lines were lost while nobody read the router's log", count);
    if (is_torn)
        text_add_char(&line, '\n');
    compose(&line, LOG_ERROR, text_slice(&message));
    text_add_char(&line, '\n');
    bool good = write_patiently(fd, text_slice(&line));
    if (!good)
        atomic_fetch_add(&lost, count);
    text_fini(&message);
    text_fini(&line);
    return good;
}

/* Who has the lock seldom has it for long. */
static bool lock_patiently(void)
{
    const struct timespec nap = {.tv_nsec = 1000000};
    uint64_t until_ms = clock_monotonic_ms() + LOG_PATIENCE_MS;

    while (pthread_mutex_trylock(&hanging_lock) != 0) {
        if (is_stuck || clock_monotonic_ms() >= until_ms)
            return false;
        nanosleep(&nap, NULL);
    }
    return true;
}

/* A pipe, a socket, a terminal: who does not read it must not hold up who has something to say, which may be a worker. */
static void write_to_reader(int fd, struct slice line)
{
    bool good = false;

    if (lock_patiently()) {
        good = (atomic_load(&lost) == 0 || catch_up(fd)) && write_patiently(fd, line);
        is_stuck = !good;
        pthread_mutex_unlock(&hanging_lock);
    }
    if (!good)
        atomic_fetch_add(&lost, 1);
}

static void write_line(struct slice line)
{
    int fd = atomic_load_explicit(&line_fd, memory_order_relaxed);
    struct stat status;

    if (fstat(fd, &status) == 0 && !S_ISREG(status.st_mode)) {
        write_to_reader(fd, line);
    } else {
        ssize_t wrote = write(fd, line.ptr, line.len);
        (void)wrote; /* there is nobody left to tell */
    }
}

void wb_log(enum log_level level, const char *form, ...)
{
    if (level < log_get_level())
        return;
    struct text line = TEXT_EMPTY;
    va_list args;

    va_start(args, form);
    char *message = NULL;
    int len = vasprintf(&message, form, args);
    va_end(args);
    WB_REQUIRE(len >= 0);
    compose(&line, level, slice_make(message, (size_t)len));
    free(message);
    if (line_sink) {
        line_sink(level, line.ptr, line_sink_arg);
    } else {
        text_add_char(&line, '\n');
        write_line(text_slice(&line));
    }
    text_fini(&line);
}
