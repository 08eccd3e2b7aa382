/* SPDX-License-Identifier: MIT */
/* Shared by the files that implement loop, stream, listener, lookup and alias questions over libuv. */
#pragma once
#include "waybill/base/map.h"
#include "waybill/net/alias.h"
#include "waybill/net/lookup.h"
#include "waybill/net/stream.h"
#include <uv.h>

struct lookups;
struct resolver;

struct uv_worker_loop {
    struct loop loop; /* first */
    uv_loop_t uv;
    uv_async_t mail;
    uv_timer_t timer;
    uv_prepare_t before_poll;
    uv_check_t after_poll;
    uint64_t timer_at_ms;
    /* Made on first use. */
    struct lookups *lookups;
    struct resolver *alias_resolver;
    bool stopping;
};

static inline struct uv_worker_loop *uv_loop_of(struct loop *loop)
{
    return (struct uv_worker_loop *)(void *)loop;
}

/* First line of every libuv callback: the time of this turn. */
static inline void uv_loop_enter(struct uv_worker_loop *loop)
{
    loop->loop.now_ms = uv_now(&loop->uv);
}

/* uv_stream.c */
struct stream *uv_stream_dial(struct loop *loop, const struct address *address);
/* A stream for the next connection of `listening`. NULL when that failed. */
struct stream *uv_stream_accept(struct loop *loop, uv_stream_t *listening);

/* uv_lookup.c */
void uv_lookup_start(struct loop *loop, struct lookup *lookup);
void uv_lookup_cancel(struct loop *loop, struct lookup *lookup);
void uv_lookup_stop(struct uv_worker_loop *loop);

/* uv_alias.c */
void uv_alias_ask(struct loop *loop, struct alias_question *question);
void uv_alias_cancel(struct loop *loop, struct alias_question *question);
/* Nobody waits any more. */
void uv_alias_stop(struct uv_worker_loop *loop);
