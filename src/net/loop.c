/* SPDX-License-Identifier: MIT */
#include "waybill/net/loop.h"

void loop_init(struct loop *loop, const struct loop_ops *ops, void (*ring)(void *arg), void *arg)
{
    loop->ops = ops;
    stock_init(&loop->stock);
    deadline_queue_init(&loop->deadlines);
    mailbox_init(&loop->mailbox, ring, arg);
    list_init(&loop->later);
}

void loop_fini(struct loop *loop)
{
    WB_REQUIRE(list_empty(&loop->later));
    mailbox_fini(&loop->mailbox);
    deadline_queue_fini(&loop->deadlines);
    stock_fini(&loop->stock);
}

void loop_later(struct loop *loop, struct later *later)
{
    list_push_back(&loop->later, &later->link);
}

void loop_run_later(struct loop *loop)
{
    while (!list_empty(&loop->later)) {
        struct later *later = LIST_ENTRY(loop->later.next, struct later, link);
        list_remove(&later->link);
        later->run(later);
    }
}

void loop_set_deadline(struct loop *loop, struct deadline *deadline, uint64_t at_ms)
{
    if (deadline_queue_set(&loop->deadlines, deadline, at_ms))
        loop->ops->wake_at(loop, at_ms);
}

void loop_remove_deadline(struct loop *loop, struct deadline *deadline)
{
    deadline_queue_remove(&loop->deadlines, deadline);
}
