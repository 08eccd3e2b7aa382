/* SPDX-License-Identifier: MIT */
#include "uv_private.h"
#include <stdlib.h>

static void ring(void *arg)
{
    struct uv_worker_loop *w = arg;
    uv_async_send(&w->mail); /* the one libuv call that other threads may make */
}

static void on_mail(uv_async_t *mail)
{
    struct uv_worker_loop *w = mail->data;
    uv_loop_enter(w);
    mailbox_open_all(&w->loop.mailbox, w->loop.owner);
}

static void arm_timer(struct uv_worker_loop *w);

static void on_timer(uv_timer_t *timer)
{
    struct uv_worker_loop *w = timer->data;
    uv_loop_enter(w);
    w->timer_at_ms = DEADLINE_NEVER;
    deadline_queue_run(&w->loop.deadlines, w->loop.now_ms);
    arm_timer(w);
}

static void arm_timer(struct uv_worker_loop *w)
{
    uint64_t at = deadline_queue_next(&w->loop.deadlines);
    if (w->stopping || at == DEADLINE_NEVER || at >= w->timer_at_ms)
        return;
    w->timer_at_ms = at;
    uint64_t now = uv_now(&w->uv);
    uv_timer_start(&w->timer, on_timer, at > now ? at - now : 0, 0);
}

static void wake_at(struct loop *loop, uint64_t at_ms)
{
    (void)at_ms;
    arm_timer(uv_loop_of(loop));
}

static void on_before_poll(uv_prepare_t *prepare)
{
    loop_run_later(&((struct uv_worker_loop *)prepare->data)->loop);
}

static void on_after_poll(uv_check_t *check)
{
    loop_run_later(&((struct uv_worker_loop *)check->data)->loop);
}

static const struct loop_ops uv_ops = {
    .wake_at = wake_at,
    .dial = uv_stream_dial,
    .look_up = uv_lookup_start,
    .look_up_cancel = uv_lookup_cancel,
    .ask_alias = uv_alias_ask,
    .ask_alias_cancel = uv_alias_cancel,
};

struct loop *uv_loop_create(void *owner)
{
    struct uv_worker_loop *w = wb_alloc(sizeof *w);

    WB_REQUIRE(uv_loop_init(&w->uv) == 0);
    loop_init(&w->loop, &uv_ops, ring, w);
    w->loop.owner = owner;
    w->timer_at_ms = DEADLINE_NEVER;
    WB_REQUIRE(uv_async_init(&w->uv, &w->mail, on_mail) == 0);
    uv_timer_init(&w->uv, &w->timer);
    uv_prepare_init(&w->uv, &w->before_poll);
    uv_check_init(&w->uv, &w->after_poll);
    uv_prepare_start(&w->before_poll, on_before_poll);
    uv_check_start(&w->after_poll, on_after_poll);
    w->mail.data = w->timer.data = w->before_poll.data = w->after_poll.data = w;
    uv_unref((uv_handle_t *)&w->before_poll);
    uv_unref((uv_handle_t *)&w->after_poll);
    w->loop.now_ms = uv_now(&w->uv);
    return &w->loop;
}

void uv_loop_run_all(struct loop *loop)
{
    struct uv_worker_loop *w = uv_loop_of(loop);
    uv_run(&w->uv, UV_RUN_DEFAULT);
    loop_run_later(loop);
}

void uv_loop_stop(struct loop *loop)
{
    struct uv_worker_loop *w = uv_loop_of(loop);

    if (w->stopping)
        return;
    w->stopping = true;
    mailbox_close(&loop->mailbox);
    mailbox_open_all(&loop->mailbox, loop->owner);
    uv_lookup_stop(w);
    uv_alias_stop(w);
    uv_close((uv_handle_t *)&w->mail, NULL);
    uv_close((uv_handle_t *)&w->timer, NULL);
    uv_close((uv_handle_t *)&w->before_poll, NULL);
    uv_close((uv_handle_t *)&w->after_poll, NULL);
}

static void name_leak(uv_handle_t *handle, void *arg)
{
    (void)arg;
    fprintf(stderr, "waybill: handle left in loop: %s\n", uv_handle_type_name(handle->type));
}

void uv_loop_destroy(struct loop **loop)
{
    struct uv_worker_loop *w = uv_loop_of(*loop);

    *loop = NULL;
    if (uv_loop_close(&w->uv) != 0) {
        uv_walk(&w->uv, name_leak, NULL);
        WB_UNREACHABLE();
    }
    loop_fini(&w->loop);
    free(w);
}
