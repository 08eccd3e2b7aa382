/* SPDX-License-Identifier: MIT */
#include "waybill/base/patience.h"
#include "waybill/base/clock.h"
#include "waybill/base/log.h"
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <time.h>
#include <unistd.h>

static _Atomic bool is_over;

static void *end_program(void *arg)
{
    unsigned ms = (unsigned)(uintptr_t)arg;
    struct timespec left = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};

    while (nanosleep(&left, &left) != 0 && errno == EINTR)
        continue;
    if (atomic_load(&is_over))
        return NULL;
    wb_log_error(
        "ending without a thread that does not: it may wait for a name server or a file system that does not answer");
    _exit(0);
}

void patience_begin(unsigned ms)
{
    pthread_t thread;

    atomic_store(&is_over, false);
    if (pthread_create(&thread, NULL, end_program, (void *)(uintptr_t)ms) == 0)
        pthread_detach(thread);
}

void patience_end(void)
{
    atomic_store(&is_over, true);
}
