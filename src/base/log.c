/* SPDX-License-Identifier: MIT */
#include "waybill/base/log.h"
#include "waybill/base/clock.h"
#include "waybill/base/log_file.h"
#include "waybill/base/text.h"
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char *const level_names[] = {"debug", "info", "warning", "error", "fatal"};
static _Atomic int current_level = LOG_ERROR;
static struct log_file log_file = {.fd = STDOUT_FILENO};
static _Atomic int line_fd = STDOUT_FILENO; /* log_file's; the file may be opened while somebody writes */
static _Atomic bool in_json;
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
        ssize_t wrote = write(atomic_load_explicit(&line_fd, memory_order_relaxed), line.ptr, line.len);
        (void)wrote; /* there is nobody left to tell */
    }
    text_fini(&line);
}
