/* SPDX-License-Identifier: MIT */
#include "waybill/base/offload.h"
#include "waybill/base/log.h"
#include <stdlib.h>
#include <unistd.h>

enum { NICENESS = 5 };

struct offload {
    pthread_mutex_t lock; /* of all below, and of lines and jobs while they wait; not held while a job is done */
    pthread_cond_t more;
    struct list lines; /* those in which a job waits, the next one first */
    pthread_t *threads;
    unsigned wanted, started;
    bool stopping;
};

struct offload *offload_create(unsigned threads)
{
    struct offload *offload = wb_alloc(sizeof *offload);

    WB_REQUIRE(pthread_mutex_init(&offload->lock, NULL) == 0 && pthread_cond_init(&offload->more, NULL) == 0);
    list_init(&offload->lines);
    offload->threads = wb_alloc((threads + 1) * sizeof(pthread_t));
    offload->wanted = threads;
    return offload;
}

void offload_line_init(struct offload_line *line)
{
    list_init(&line->link);
    list_init(&line->jobs);
    line->count = 0;
}

/* The next line's first job; the line goes behind the others. */
static struct offload_job *take_job(struct offload *offload)
{
    if (list_empty(&offload->lines))
        return NULL;
    struct offload_line *line = LIST_ENTRY(offload->lines.next, struct offload_line, link);
    struct offload_job *job = LIST_ENTRY(line->jobs.next, struct offload_job, link);
    list_remove(&line->link);
    list_remove(&job->link);
    if (!list_empty(&line->jobs))
        list_push_back(&offload->lines, &line->link);
    return job;
}

static void open_job(struct message *message, void *owner)
{
    struct offload_job *job = WB_CONTAINER_OF(message, struct offload_job, message);

    (void)owner;
    job->done(job);
}

/* With the lock held, which is let go meanwhile. */
static void finish_job(struct offload *offload, struct offload_job *job)
{
    pthread_mutex_unlock(&offload->lock);
    job->run(job);
    pthread_mutex_lock(&offload->lock);
    job->line->count--;
    pthread_mutex_unlock(&offload->lock);
    job->message.open = open_job;
    if (!mailbox_post(job->home, &job->message))
        job->done(job);
    pthread_mutex_lock(&offload->lock);
}

static void *work_on(void *arg)
{
    struct offload *offload = arg;
    struct offload_job *job;

    if (nice(NICENESS) == -1) /* on Linux it is the thread that becomes nicer; one that may not works all the same */
        wb_log_debug("offload: the thread keeps its priority");
    pthread_mutex_lock(&offload->lock);
    for (;;) {
        if ((job = take_job(offload)))
            finish_job(offload, job);
        else if (offload->stopping)
            break;
        else
            pthread_cond_wait(&offload->more, &offload->lock);
    }
    pthread_mutex_unlock(&offload->lock);
    return NULL;
}

/* False: there is none, though there should be. */
static bool have_threads(struct offload *offload)
{
    while (offload->started < offload->wanted &&
           pthread_create(&offload->threads[offload->started], NULL, work_on, offload) == 0)
        offload->started++;
    return offload->wanted == 0 || offload->started > 0;
}

bool offload_post(struct offload *offload, struct offload_line *line, struct offload_job *job)
{
    pthread_mutex_lock(&offload->lock);
    bool fits = line->count < OFFLOAD_LINE_MAX && have_threads(offload);
    if (fits) {
        job->line = line;
        line->count++;
        list_init(&job->link);
        if (list_empty(&line->jobs))
            list_push_back(&offload->lines, &line->link);
        list_push_back(&line->jobs, &job->link);
        pthread_cond_signal(&offload->more);
    }
    pthread_mutex_unlock(&offload->lock);
    return fits;
}

bool offload_withdraw(struct offload *offload, struct offload_job *job)
{
    pthread_mutex_lock(&offload->lock);
    bool waits = !list_empty(&job->link);
    if (waits) {
        list_remove(&job->link);
        job->line->count--;
        if (list_empty(&job->line->jobs))
            list_remove(&job->line->link);
    }
    pthread_mutex_unlock(&offload->lock);
    return waits;
}

size_t offload_work(struct offload *offload)
{
    struct offload_job *job;
    size_t count = 0;

    pthread_mutex_lock(&offload->lock);
    for (; (job = take_job(offload)); count++)
        finish_job(offload, job);
    pthread_mutex_unlock(&offload->lock);
    return count;
}

void offload_destroy(struct offload **offload)
{
    struct offload *ending = *offload;

    *offload = NULL;
    pthread_mutex_lock(&ending->lock);
    WB_REQUIRE(list_empty(&ending->lines));
    ending->stopping = true;
    pthread_cond_broadcast(&ending->more);
    pthread_mutex_unlock(&ending->lock);
    for (unsigned i = 0; i < ending->started; i++)
        pthread_join(ending->threads[i], NULL);
    pthread_cond_destroy(&ending->more);
    pthread_mutex_destroy(&ending->lock);
    free(ending->threads);
    free(ending);
}
