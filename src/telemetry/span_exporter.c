/* SPDX-License-Identifier: MIT */
#include "waybill/telemetry/span_exporter.h"
#include "span_json.h"
#include "waybill/base/arena.h"
#include "waybill/base/cell.h"
#include "waybill/base/clock.h"
#include "waybill/base/list.h"
#include "waybill/base/log.h"
#include "waybill/callout/post.h"
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

enum { FLUSH_MS = 500, SEND_BYTES = 256 * 1024, PAUSE_MS = 1000, KEEP_MS = 2000 };
enum { POST_TIMEOUT_MS = 10000, LAST_POST_TIMEOUT_MS = 1000, TELL_EVERY_MS = 60000 };

/* What a worker handed over at once. */
struct span_batch {
    struct list link;
    struct text records;
    uint64_t count;
};

struct span_exporter {
    struct span_sink sink;
    struct span_exporter_options options;
    struct arena arena; /* of the options */
    pthread_t thread;
    atomic_bool stopped;

    pthread_mutex_t lock; /* of what follows; not held while something is sent */
    pthread_cond_t wake;
    struct list waiting;
    size_t waiting_bytes;
    uint64_t sent, lost, told_at_ms; /* of what is lost for want of room; 0: never */

    /* The thread's own. */
    bool is_failing;
    struct text records, document; /* of one sending; kept while there is more to send within KEEP_MS */
};

static void free_batch(struct span_batch *batch)
{
    text_fini(&batch->records);
    free(batch);
}

static void tell_of_overflow(const struct span_exporter *exporter)
{
    wb_log_error("tracing: more is traced than " SLICE_FMT
                 " takes: some of it is lost; a lower tracing.sampleRate traces less",
                 SLICE_ARG(exporter->options.url));
}

/* With the lock held. */
static bool may_tell(struct span_exporter *exporter)
{
    uint64_t now_ms = clock_monotonic_ms();

    if (exporter->told_at_ms && now_ms - exporter->told_at_ms < TELL_EVERY_MS)
        return false;
    exporter->told_at_ms = now_ms;
    return true;
}

static void post_records(struct span_sink *sink, struct text *records, uint64_t count)
{
    struct span_exporter *exporter = WB_CONTAINER_OF(sink, struct span_exporter, sink);
    struct span_batch *batch = wb_alloc(sizeof *batch);
    bool tell = false;

    batch->records = *records;
    batch->count = count;
    *records = TEXT_EMPTY;
    pthread_mutex_lock(&exporter->lock);
    if (exporter->waiting_bytes + batch->records.len <= exporter->options.waiting_max) {
        bool wakes = list_empty(&exporter->waiting);
        exporter->waiting_bytes += batch->records.len;
        list_push_back(&exporter->waiting, &batch->link);
        batch = NULL;
        if (wakes || exporter->waiting_bytes >= SEND_BYTES)
            pthread_cond_signal(&exporter->wake);
    } else {
        exporter->lost += count;
        tell = may_tell(exporter);
    }
    pthread_mutex_unlock(&exporter->lock);
    if (tell)
        tell_of_overflow(exporter);
    if (batch)
        free_batch(batch);
}

static struct timespec moment_of(uint64_t at_ms)
{
    return (struct timespec){.tv_sec = (time_t)(at_ms / 1000), .tv_nsec = (long)(at_ms % 1000) * 1000000};
}

/* With the lock held: until something waits. Room for a sending is a few hundred pages, which are dear to get anew each time; who
 * sends nothing for a while holds none. */
static void wait_for_the_first(struct span_exporter *exporter)
{
    struct timespec until = moment_of(clock_monotonic_ms() + KEEP_MS);

    while (list_empty(&exporter->waiting) && !atomic_load(&exporter->stopped)) {
        if (exporter->document.ptr && pthread_cond_timedwait(&exporter->wake, &exporter->lock, &until) == 0)
            continue;
        text_fini(&exporter->records);
        text_fini(&exporter->document);
        if (list_empty(&exporter->waiting) && !atomic_load(&exporter->stopped))
            pthread_cond_wait(&exporter->wake, &exporter->lock);
    }
}

/* Until there is enough for one sending, what is there has waited for long enough, or it is to stop. */
static void wait_for_records(struct span_exporter *exporter)
{
    struct timespec due;

    pthread_mutex_lock(&exporter->lock);
    wait_for_the_first(exporter);
    due = moment_of(clock_monotonic_ms() + exporter->options.flush_ms);
    while (exporter->waiting_bytes < SEND_BYTES && !atomic_load(&exporter->stopped))
        if (pthread_cond_timedwait(&exporter->wake, &exporter->lock, &due) != 0)
            break;
    pthread_mutex_unlock(&exporter->lock);
}

static void pause_sending(struct span_exporter *exporter, uint64_t ms)
{
    struct timespec due = moment_of(clock_monotonic_ms() + ms);

    pthread_mutex_lock(&exporter->lock);
    while (!atomic_load(&exporter->stopped))
        if (pthread_cond_timedwait(&exporter->wake, &exporter->lock, &due) != 0)
            break;
    pthread_mutex_unlock(&exporter->lock);
}

/* What one sending takes, oldest first; returns how many requests. It counts as waiting until forget_taken. */
static uint64_t take_records(struct span_exporter *exporter, struct text *out_records)
{
    uint64_t count = 0;

    pthread_mutex_lock(&exporter->lock);
    while (!list_empty(&exporter->waiting) && out_records->len < SEND_BYTES) {
        struct span_batch *batch = LIST_ENTRY(exporter->waiting.next, struct span_batch, link);
        list_remove(&batch->link);
        text_add(out_records, text_slice(&batch->records));
        count += batch->count;
        free_batch(batch);
    }
    pthread_mutex_unlock(&exporter->lock);
    return count;
}

static void forget_taken(struct span_exporter *exporter, size_t bytes, uint64_t count, bool sent)
{
    pthread_mutex_lock(&exporter->lock);
    exporter->waiting_bytes -= bytes;
    *(sent ? &exporter->sent : &exporter->lost) += count;
    pthread_mutex_unlock(&exporter->lock);
}

/* Said when it begins and when it is over, not each time. */
static void note_outcome(struct span_exporter *exporter, const char *problem)
{
    struct span_exporter_counts counts;

    span_exporter_read(exporter, &counts);
    if (problem && !exporter->is_failing)
        wb_log_error("tracing: no spans reach " SLICE_FMT
                     ": %s; requests go on, and their spans are lost until it takes them",
                     SLICE_ARG(exporter->options.url), problem);
    if (!problem && exporter->is_failing)
        wb_log_error("tracing: " SLICE_FMT " takes spans again; those of %" PRIu64 " requests were lost so far",
                     SLICE_ARG(exporter->options.url), counts.lost);
    exporter->is_failing = problem != NULL;
}

enum send_outcome { SEND_DONE, SEND_AGAIN, SEND_REFUSED };

static enum send_outcome judge(const struct callout_post *post)
{
    if (post->status >= 200 && post->status <= 299)
        return SEND_DONE;
    return post->status == 0 || post->status == 408 || post->status == 429 || post->status >= 500 ? SEND_AGAIN
                                                                                                  : SEND_REFUSED;
}

static enum send_outcome send_once(struct span_exporter *exporter, struct slice document)
{
    bool is_last = atomic_load(&exporter->stopped);
    struct callout_post post = {.url = exporter->options.url,
                                .content_type = SLICE("application/json"),
                                .body = document,
                                .timeout_ms = is_last ? LAST_POST_TIMEOUT_MS : POST_TIMEOUT_MS,
                                .stopped = is_last ? NULL : &exporter->stopped};
    enum send_outcome outcome;
    char *problem = NULL;

    callout_post(&post);
    outcome = judge(&post);
    if (outcome != SEND_DONE && post.status)
        problem = wb_format("it answers %u: %.200s", post.status, post.answer.len ? post.answer.ptr : "");
    else if (outcome != SEND_DONE)
        problem = wb_strdup(post.error.len ? post.error.ptr : "no answer");
    if (is_last || !atomic_load(&exporter->stopped)) /* else the wait was ended from here */
        note_outcome(exporter, problem);
    free(problem);
    callout_post_fini(&post);
    return outcome;
}

/* A collector that is away at the end is asked no more: it would only hold that up. */
static bool send_document(struct span_exporter *exporter, struct slice document)
{
    for (unsigned tries = 1;; tries++) {
        bool is_last = atomic_load(&exporter->stopped);
        if (is_last && exporter->is_failing)
            return false;
        enum send_outcome outcome = send_once(exporter, document);
        if (outcome != SEND_AGAIN)
            return outcome == SEND_DONE;
        if (is_last || (tries >= SPAN_TRIES && !atomic_load(&exporter->stopped)))
            return false;
        pause_sending(exporter, tries * PAUSE_MS);
    }
}

static bool send_waiting(struct span_exporter *exporter)
{
    struct text *records = &exporter->records, *document = &exporter->document;
    uint64_t count;

    records->len = document->len = 0;
    count = take_records(exporter, records);
    if (!count)
        return false;
    span_json_add(document, &exporter->options, text_slice(records));
    forget_taken(exporter, records->len, count, send_document(exporter, text_slice(document)));
    return true;
}

static void *run(void *arg)
{
    struct span_exporter *exporter = arg;

    while (!atomic_load(&exporter->stopped)) {
        wait_for_records(exporter);
        send_waiting(exporter);
    }
    while (send_waiting(exporter))
        continue;
    return NULL;
}

static void destroy(struct span_exporter *exporter)
{
    LIST_EACH_SAFE (node, &exporter->waiting)
        free_batch(LIST_ENTRY(node, struct span_batch, link));
    text_fini(&exporter->records);
    text_fini(&exporter->document);
    pthread_cond_destroy(&exporter->wake);
    pthread_mutex_destroy(&exporter->lock);
    arena_fini(&exporter->arena);
    free(exporter);
}

struct span_exporter *span_exporter_create(const struct span_exporter_options *options, wb_err *out_error)
{
    struct span_exporter *exporter = wb_alloc(sizeof *exporter);
    pthread_condattr_t attributes;

    exporter->sink.post = post_records;
    exporter->options = *options;
    arena_init(&exporter->arena, 0);
    exporter->options.url = arena_copy(&exporter->arena, options->url);
    exporter->options.service_name = arena_copy(&exporter->arena, options->service_name);
    exporter->options.flush_ms = options->flush_ms ? options->flush_ms : FLUSH_MS;
    exporter->options.waiting_max = options->waiting_max ? options->waiting_max : SPAN_WAITING_MAX;
    list_init(&exporter->waiting);
    pthread_mutex_init(&exporter->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&exporter->wake, &attributes);
    pthread_condattr_destroy(&attributes);
    *out_error = -pthread_create(&exporter->thread, NULL, run, exporter);
    if (!*out_error) {
        pthread_setname_np(exporter->thread, "tracing");
        return exporter;
    }
    destroy(exporter);
    return NULL;
}

void span_exporter_destroy(struct span_exporter **exporter)
{
    struct span_exporter *ending = *exporter;

    *exporter = NULL;
    if (!ending)
        return;
    pthread_mutex_lock(&ending->lock);
    atomic_store(&ending->stopped, true);
    pthread_cond_signal(&ending->wake);
    pthread_mutex_unlock(&ending->lock);
    pthread_join(ending->thread, NULL);
    destroy(ending);
}

struct span_sink *span_exporter_sink(struct span_exporter *exporter)
{
    return &exporter->sink;
}

void span_exporter_read(struct span_exporter *exporter, struct span_exporter_counts *out_counts)
{
    pthread_mutex_lock(&exporter->lock);
    *out_counts = (struct span_exporter_counts){exporter->sent, exporter->lost};
    pthread_mutex_unlock(&exporter->lock);
}

char *span_exporter_url(enum span_format format, struct slice given)
{
    static const struct slice old_path = {"/api/v1/spans", 13};
    const char *usual = format == SPAN_ZIPKIN ? "/api/v2/spans" : "/v1/traces";
    struct slice rest = slice_from(given, slice_starts_nocase(given, SLICE("https://")) ? 8 : 7);
    size_t slash = slice_find(rest, '/');

    if ((!slice_starts_nocase(given, SLICE("http://")) && !slice_starts_nocase(given, SLICE("https://"))) || slash == 0 ||
        rest.len == 0)
        return NULL;
    if (slash + 1 >= rest.len) /* nothing, or a slash alone */
        return wb_format(SLICE_FMT "%s", SLICE_ARG(slice_head(given, given.len - (slash < rest.len))), usual);
    if (format == SPAN_ZIPKIN && slice_eq(slice_from(rest, slash), old_path))
        return wb_format(SLICE_FMT "%s", SLICE_ARG(slice_head(given, given.len - old_path.len)), usual);
    return slice_dup(given);
}
