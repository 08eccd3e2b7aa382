/* SPDX-License-Identifier: MIT */
/* sim_log - a world with an access log, whose lines come by a pipe. */
#pragma once
#include "sim_test.h"
#include "waybill/exchange/access_log.h"
#include <fcntl.h>
#include <regex.h>
#include <unistd.h>

struct sim_logged {
    struct sim_scene scene;
    struct arena arena; /* of the rules */
    struct diagnostics diagnostics;
    struct line_writer *writer;
    int pipe[2];
    char line[65536]; /* what was read last */
};

static inline struct access_log_options log_options(void)
{
    return (struct access_log_options){
        .format = SLICE("common"), .fields_mode = SLICE("keep"), .headers_mode = SLICE("keep")};
}

/* The scene is there. */
static inline void log_start(struct sim_logged *l, const struct access_log_options *options)
{
    struct line_writer_options writing = {.what = "access log", .waiting_max = 1 << 20, .threadless = true};

    assert_int_equal(pipe(l->pipe), 0);
    assert_int_equal(fcntl(l->pipe[0], F_SETFL, O_NONBLOCK), 0);
    writing.file.fd = l->pipe[1];
    l->writer = line_writer_create(&writing);
    arena_init(&l->arena, 0);
    diagnostics_init(&l->diagnostics);
    const struct access_rules *rules = access_rules_compile(options, &l->arena, &l->diagnostics);
    assert_non_null(rules);
    l->scene.world->env.access_log = access_log_create(&l->scene.sim->loop, rules, l->writer);
}

static inline void log_begin(struct sim_logged *l, const struct access_log_options *options)
{
    scene_begin(&l->scene);
    log_start(l, options);
}

static inline void log_end(struct sim_logged *l)
{
    entry_cut(l->scene.world->entry);
    access_log_destroy(&l->scene.world->env.access_log);
    line_writer_destroy(&l->writer);
    scene_end(&l->scene);
    diagnostics_fini(&l->diagnostics);
    arena_fini(&l->arena);
    close(l->pipe[0]);
    close(l->pipe[1]);
}

/* All lines so far; false: none came. */
static inline bool log_read(struct sim_logged *l)
{
    sim_advance(l->scene.sim, 100); /* lines are gathered for that long */
    line_writer_work(l->writer);
    ssize_t got = read(l->pipe[0], l->line, sizeof l->line - 1);
    l->line[got > 0 ? got : 0] = '\0';
    return got > 0;
}

static inline void log_expect(struct sim_logged *l, const char *pattern)
{
    regex_t regex;

    assert_true(log_read(l));
    assert_int_equal(regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB), 0);
    if (regexec(&regex, l->line, 0, NULL, 0) != 0)
        fail_msg("%s\ndoes not look like\n%s", l->line, pattern);
    regfree(&regex);
}

static inline void log_ask(struct sim_logged *l, const char *request)
{
    sim_client_ask(&l->scene.client, request);
    sim_settle(l->scene.sim);
}

#define LOG_STAMP "\\[[0-9]{2}/[A-Z][a-z]{2}/[0-9]{4}:[0-9:]{8} \\+0000\\]"
