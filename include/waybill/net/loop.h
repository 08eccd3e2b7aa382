/* SPDX-License-Identifier: MIT */
/*
 * loop - one thread's event loop: time, deadlines, buffers, mail, and how streams are dialled.
 *
 * The real one is libuv's (uv_loop.c); the simulation (test/sim) brings its own with a fake clock and
 * in-memory streams, so everything above net runs unchanged in both. Thread: the one that runs it, but for
 * the mailbox.
 */
#pragma once
#include "waybill/base/buffer.h"
#include "waybill/base/list.h"
#include "waybill/base/mailbox.h"
#include "waybill/net/address.h"
#include "waybill/net/deadline.h"

struct loop;
struct stream;
struct lookup;
struct alias_question;

struct loop_ops {
    /* The next deadline moved earlier. */
    void (*wake_at)(struct loop *loop, uint64_t at_ms);
    /* A stream that is connecting; facts in stream.h. Never NULL: a failure shows as stream->error. */
    struct stream *(*dial)(struct loop *loop, const struct address *address);
    /* Fills lookup->..., now or later (net/lookup.h). */
    void (*look_up)(struct loop *loop, struct lookup *lookup);
    void (*look_up_cancel)(struct loop *loop, struct lookup *lookup);
    /* For a CNAME record (net/alias.h); answered later, or cancelled. */
    void (*ask_alias)(struct loop *loop, struct alias_question *question);
    void (*ask_alias_cancel)(struct loop *loop, struct alias_question *question);
};

struct loop {
    const struct loop_ops *ops;
    uint64_t now_ms; /* as of this turn; monotonic */
    struct stock stock;
    struct deadline_queue deadlines;
    struct mailbox mailbox; /* messages are opened with `owner` */
    void *owner;
    struct list later;   /* of struct later */
    size_t stream_count; /* streams whose handle is not closed yet */
};

/* Work for the end of the current turn: what must not happen inside a callback, such as freeing. */
struct later {
    struct list link;
    void (*run)(struct later *later);
};
void loop_later(struct loop *loop, struct later *later);
/* Runs what is there; the loops call it. */
void loop_run_later(struct loop *loop);

void loop_set_deadline(struct loop *loop, struct deadline *deadline, uint64_t at_ms);
static inline void loop_set_deadline_in(struct loop *loop, struct deadline *deadline, uint64_t after_ms)
{
    loop_set_deadline(loop, deadline, loop->now_ms + after_ms);
}
void loop_remove_deadline(struct loop *loop, struct deadline *deadline);

/* Shared by the implementations. */
void loop_init(struct loop *loop, const struct loop_ops *ops, void (*ring)(void *arg), void *arg);
void loop_fini(struct loop *loop);

/* The real one. */
struct loop *uv_loop_create(void *owner);
/* Runs until uv_loop_stop and until every stream and listener is closed. */
void uv_loop_run_all(struct loop *loop);
/* On its thread: the loop ends when the last handle has closed. */
void uv_loop_stop(struct loop *loop);
void uv_loop_destroy(struct loop **loop);
