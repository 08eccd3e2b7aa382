/* SPDX-License-Identifier: MIT */
#include "waybill/net/signals.h"
#include "uv_private.h"
#include <stdlib.h>

struct signal_watch {
    uv_signal_t signal;
    struct uv_worker_loop *loop;
    void (*came)(void *owner, int number);
    void *owner;
};

static void on_signal(uv_signal_t *signal, int number)
{
    struct signal_watch *watch = signal->data;
    uv_loop_enter(watch->loop);
    watch->came(watch->owner, number);
}

struct signal_watch *signal_watch_create(struct loop *loop, int number, void (*came)(void *owner, int number), void *owner)
{
    struct signal_watch *watch = wb_alloc(sizeof *watch);

    watch->loop = uv_loop_of(loop);
    watch->came = came;
    watch->owner = owner;
    WB_REQUIRE(uv_signal_init(&watch->loop->uv, &watch->signal) == 0);
    watch->signal.data = watch;
    WB_REQUIRE(uv_signal_start(&watch->signal, on_signal, number) == 0);
    return watch;
}

static void on_closed(uv_handle_t *handle)
{
    free(handle->data);
}

void signal_watch_destroy(struct signal_watch **watch)
{
    struct signal_watch *closing = *watch;

    *watch = NULL;
    if (closing)
        uv_close((uv_handle_t *)&closing->signal, on_closed);
}
