/* SPDX-License-Identifier: MIT */
/* file_fixture - a folder of rule files, a file provider on it and what it delivered. Each test program has its own. */
#pragma once
#include "waybill/provider/file.h"
#include "waybill/base/clock.h"
#include "waybill/base/log.h"
#include "waybill/base/text.h"
#include "waybill/model/json.h"
#include <fcntl.h>
#include <ftw.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

/* What the provider delivered last. */
static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    char *document; /* NULL: nothing yet */
    char *problems; /* one line each: "place: text" */
    unsigned deliveries;
    uint64_t at_ms;
} got = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, NULL, NULL, 0, 0};

static inline void on_delivered(void *arg, struct slice provider, struct delivery *delivery)
{
    const struct diagnostics *diagnostics = delivery->diagnostics;
    struct text document = TEXT_EMPTY, problems = TEXT_EMPTY;

    (void)arg;
    (void)provider;
    if (delivery->fragment)
        json_fragment(&document, delivery->fragment);
    for (size_t i = 0; i < diagnostics->count; i++)
        text_addf(&problems, "%s: %s\n", diagnostics->items[i].place, diagnostics->items[i].text);
    pthread_mutex_lock(&got.lock);
    if (delivery->fragment) {
        free(got.document);
        got.document = text_take(&document);
    }
    free(got.problems);
    got.problems = text_take(&problems);
    got.deliveries++;
    got.at_ms = clock_monotonic_ms();
    pthread_cond_broadcast(&got.changed);
    pthread_mutex_unlock(&got.lock);
    text_fini(&document);
    fragment_unref(&delivery->fragment);
    diagnostics_fini(delivery->diagnostics);
    free(delivery->diagnostics);
}

static inline void forget_delivered(void)
{
    pthread_mutex_lock(&got.lock);
    free(got.document);
    free(got.problems);
    got.document = got.problems = NULL;
    got.deliveries = 0;
    pthread_mutex_unlock(&got.lock);
}

static char folder[64];

static inline char *path_of(const char *name)
{
    return wb_format("%s/%s", folder, name);
}

static inline void put(const char *name, const char *text)
{
    char *path = path_of(name), *slash = path + strlen(folder) + 1;

    while ((slash = strchr(slash, '/'))) {
        *slash = '\0';
        mkdir(path, 0755);
        *slash++ = '/';
    }
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
    free(path);
}

static inline void move(const char *from, const char *to)
{
    char *old = path_of(from), *new = path_of(to);

    assert_int_equal(rename(old, new), 0);
    free(old);
    free(new);
}

/* Beside it, then renamed over it. */
static inline void replace(const char *name, const char *text)
{
    const char *slash = strrchr(name, '/');
    char *beside = wb_format("%.*s.new~", slash ? (int)(slash - name + 1) : 0, name);

    put(beside, text);
    move(beside, name);
    free(beside);
}

static inline void take_away(const char *name)
{
    char *path = path_of(name);

    assert_int_equal(remove(path), 0);
    free(path);
}

static inline int remove_one(const char *path, const struct stat *stat, int kind, struct FTW *place)
{
    (void)stat;
    (void)kind;
    (void)place;
    return remove(path);
}

static inline int make_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/wb_file_test.XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static inline int remove_folder(void **state)
{
    (void)state;
    forget_delivered();
    return nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* True once `fits` says so of what was delivered; false after the time. */
static inline bool wait_for(bool (*fits)(const void *), const void *arg, unsigned limit_ms)
{
    struct timespec until;
    bool good;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += limit_ms / 1000;
    until.tv_nsec += (long)(limit_ms % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    pthread_mutex_lock(&got.lock);
    while (!(good = fits(arg)) && pthread_cond_timedwait(&got.changed, &got.lock, &until) == 0)
        continue;
    pthread_mutex_unlock(&got.lock);
    return good;
}

static inline bool document_has(const void *part)
{
    return got.document && strstr(got.document, part);
}

static inline bool problems_have(const void *part)
{
    return got.problems && strstr(got.problems, part);
}

static inline bool never(const void *arg)
{
    (void)arg;
    return false;
}

static inline void pause_ms(unsigned ms)
{
    wait_for(never, NULL, ms);
}

static struct slice entrypoint_items[] = {SLICE("http"), SLICE("second"), SLICE("traefik")};
static struct slices known = {entrypoint_items, 3}, defaults = {entrypoint_items, 1};
static struct provider_sink sink = {on_delivered, NULL, &defaults, &known, NULL};

static inline struct provider *start_on(const char *filename, const char *directory, bool same_file)
{
    char *file = filename ? path_of(filename) : NULL, *rules = directory ? path_of(directory) : NULL;
    struct file_options options = {
        .filename = slice_of(file), .directory = slice_of(rules), .watch = true, .same_file = same_file};
    struct provider *provider = file_provider_create(&options, &sink);

    free(file);
    free(rules);
    assert_int_equal(provider->ops->start(provider), 0);
    return provider;
}
