/* SPDX-License-Identifier: MIT */
/*
 * The thread's life: read and deliver; then wait for a hint, scan, and when the files are not as they were read,
 * wait until they are quiet and read again.
 */
#include "waybill/provider/file.h"
#include "rules.h"
#include "scan.h"
#include "watch.h"
#include "waybill/base/clock.h"
#include "waybill/base/log.h"
#include <pthread.h>
#include <stdlib.h>

enum {
    FILE_QUIET_MS = 100,       /* a file written in place may still be written */
    FILE_MOVED_QUIET_MS = 5,   /* one moved into place is whole; a burst of them is gathered */
    FILE_EMPTY_QUIET_MS = 500, /* a truncated one is about to be written */
    FILE_QUIET_MAX_MS = 5000,  /* read what is there, if it never gets quiet */
    FILE_LOOK_MS = 10000,      /* a look without a hint: network file systems give none */
};

struct file_provider {
    struct provider provider;
    struct file_options options;
    struct arena arena; /* of the options */
    struct watch watch;
    pthread_t thread;
    bool started;

    /* The provider's thread. */
    struct scan read;           /* the files as they were read last, for good or bad */
    struct fragment *delivered; /* NULL until the first good read */
    struct diagnostics found;   /* at that read */
    char *problem;              /* of the last read; NULL when it was good */
};

/* What was delivered last, again if need be, with what is to be said of it now. Before the first good read there is only that. */
static void deliver(struct file_provider *file)
{
    const struct provider_sink *sink = file->provider.sink;
    struct fragment *fragment = file->delivered ? fragment_ref(file->delivered) : NULL;
    struct diagnostics *said = wb_alloc(sizeof *said);

    diagnostics_init(said);
    diagnostics_repeat(said, &file->found);
    if (file->problem)
        diagnostics_add(said, DIAGNOSTIC_ERROR, SLICE("file"), "%s; %s", file->problem,
                        fragment ? "the configuration read before stays in force"
                                 : "nothing is served from files until it is mended");
    sink->deliver(sink->arg, SLICE("file"), &(struct delivery){.fragment = fragment, .diagnostics = said});
}

static void keep_old(struct file_provider *file, char *problem)
{
    bool known = file->problem && !strcmp(file->problem, problem);

    free(file->problem);
    file->problem = problem;
    if (!known)
        deliver(file);
}

static void take_new(struct file_provider *file, struct fragment *fragment, struct diagnostics *found)
{
    fragment_unref(&file->delivered);
    file->delivered = fragment;
    diagnostics_fini(&file->found);
    file->found = *found;
    if (file->problem)
        wb_log_info("file: mended, the new configuration is in force");
    free(file->problem);
    file->problem = NULL;
    deliver(file);
}

/* `arena` is for the texts: who delivers needs them no more. */
static void read_texts(struct file_provider *file, struct arena *arena)
{
    const struct provider_sink *sink = file->provider.sink;
    struct rules_options options = {
        .static_file = file->options.same_file && !file->options.directory.len,
        .always_defaults = file->options.directory.len > 0,
        .log_texts = file->options.log_texts,
        .default_entrypoints = sink->default_entrypoints,
        .known_entrypoints = sink->known_entrypoints,
    };
    struct rules_text *texts;
    struct diagnostics found;
    struct fragment *fragment;
    char *problem;

    diagnostics_init(&found);
    if (!scan_read(&file->read, arena, &texts, &problem)) {
        keep_old(file, problem);
        return;
    }
    fragment = rules_read(texts, file->read.file_count, &options, &found, &problem);
    if (fragment) {
        take_new(file, fragment, &found);
    } else {
        diagnostics_fini(&found);
        keep_old(file, problem);
    }
}

static void read_rules(struct file_provider *file)
{
    struct arena texts;

    arena_init(&texts, 0);
    read_texts(file, &texts);
    arena_fini(&texts);
}

static void scan_again(struct file_provider *file, struct scan *scan)
{
    scan_fini(scan);
    scan_init(scan);
    scan_run(scan, &file->options);
    watch_set(&file->watch, scan);
}

static uint64_t quiet_needed_ms(const struct file_provider *file, const struct scan *now)
{
    if (file->watch.moved && !file->watch.written)
        return FILE_MOVED_QUIET_MS;
    return scan_shows_truncation(&file->read, now) ? FILE_EMPTY_QUIET_MS : FILE_QUIET_MS;
}

/* Waits until two scans as far apart as needed saw the same. False when the provider is to stop. */
static bool settle(struct file_provider *file, struct scan *scan)
{
    uint64_t began = clock_monotonic_ms(), quiet_since = began;
    struct scan next;

    scan_init(&next);
    for (;;) {
        uint64_t now = clock_monotonic_ms(), needed = quiet_needed_ms(file, scan);

        if (now - quiet_since >= needed || now - began >= FILE_QUIET_MAX_MS)
            break;
        if (watch_wait(&file->watch, needed - (now - quiet_since)) == WATCH_STOPPED) {
            scan_fini(&next);
            return false;
        }
        scan_again(file, &next);
        if (!scan_equal(&next, scan))
            quiet_since = clock_monotonic_ms();
        struct scan older = *scan;
        *scan = next;
        next = older;
    }
    scan_fini(&next);
    return true;
}

static void follow_changes(struct file_provider *file)
{
    uint64_t timeout_ms = 0; /* something may have changed before the first watch was set */
    struct scan scan;

    scan_init(&scan);
    watch_set(&file->watch, &file->read);
    while (watch_wait(&file->watch, timeout_ms) != WATCH_STOPPED) {
        timeout_ms = FILE_LOOK_MS;
        scan_again(file, &scan);
        /* Times of files are coarse: a write right after the read may leave an equal scan, so the event counts, too. */
        if (!scan_equal(&scan, &file->read) || file->watch.written) {
            if (!settle(file, &scan))
                break;
            struct scan older = file->read;
            file->read = scan;
            scan = older;
            read_rules(file);
            timeout_ms = 0;
        }
        watch_forget(&file->watch);
    }
    scan_fini(&scan);
}

static void *run_thread(void *arg)
{
    struct file_provider *file = arg;

    scan_run(&file->read, &file->options);
    read_rules(file);
    if (file->options.watch)
        follow_changes(file);
    return NULL;
}

static wb_err start(struct provider *provider)
{
    struct file_provider *file = WB_CONTAINER_OF(provider, struct file_provider, provider);
    wb_err error;

    WB_REQUIRE(!file->started);
    error = watch_init(&file->watch);
    if (error)
        return error;
    error = -pthread_create(&file->thread, NULL, run_thread, file);
    if (error)
        watch_fini(&file->watch);
    else
        pthread_setname_np(file->thread, "file");
    file->started = !error;
    return error;
}

static void destroy(struct provider *provider)
{
    struct file_provider *file = WB_CONTAINER_OF(provider, struct file_provider, provider);

    if (file->started) {
        watch_stop(&file->watch);
        pthread_join(file->thread, NULL);
        watch_fini(&file->watch);
    }
    scan_fini(&file->read);
    fragment_unref(&file->delivered);
    diagnostics_fini(&file->found);
    free(file->problem);
    arena_fini(&file->arena);
    free(file);
}

static const struct provider_ops ops = {.name = "file", .start = start, .destroy = destroy};

struct provider *file_provider_create(const struct file_options *options, const struct provider_sink *sink)
{
    struct file_provider *file = wb_alloc(sizeof *file);

    arena_init(&file->arena, 0);
    file->provider = (struct provider){.ops = &ops, .sink = sink};
    file->options = *options;
    file->options.filename = arena_copy(&file->arena, options->filename);
    file->options.directory = arena_copy(&file->arena, options->directory);
    scan_init(&file->read);
    diagnostics_init(&file->found);
    return &file->provider;
}
