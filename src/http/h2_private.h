/* SPDX-License-Identifier: MIT */
/* What the files of h2_session share. */
#pragma once
#include "waybill/http/h2_session.h"
#include <nghttp2/nghttp2.h>

/* A payment for what peers may have us do for nothing: it refills with time and with work that is of use. */
struct h2_budget {
    uint64_t left;
    uint64_t most, per_second; /* in the same unit */
    uint64_t refilled_ms;
};

enum {
    H2_HEAD_FIELDS = HEADERS_MAX + 8, /* the pseudo fields too */
    H2_COMPOSE_FIELDS = HEADERS_MAX + 8,
};

/* Fields point into memory of others, but for names that had to be changed to lower case, and numbers. */
struct h2_composer {
    nghttp2_nv fields[H2_COMPOSE_FIELDS];
    size_t count;
    struct buffer memory;
    bool failed;
};

struct h2_session {
    nghttp2_session *engine;
    struct h2_pool *pool;
    enum h2_side side;
    struct h2_limits limits;
    struct list streams, changed;
    size_t open; /* streams that are not closed */
    uint64_t now_ms;

    /* The head that is just coming: there is one at a time. */
    struct buffer reading; /* its fields */
    unsigned reading_count, reading_fields;
    bool head_begun; /* its frame has */
    size_t reading_bytes;

    int32_t newest_id, passed_from, passed_to; /* a server: of streams; those passed over last */

    size_t kept, held_back; /* payload of all streams; of the connection's window, not given back yet */

    struct slice rest; /* of a frame that did not fit into the last buffer */
    struct buffer *out;

    struct h2_budget noise, resets;
    bool flooded, settled, went_away;
    bool deaf;   /* nothing more is fed: what came is beyond repair */
    bool broken; /* and nothing more can be said */
    const char *fault;
};

/* h2_receive.c */
void h2_set_receivers(nghttp2_session_callbacks *callbacks);
/* Gives back what waits in the stream. */
void h2_drop_kept(struct h2_stream *stream);
/* No head is coming any more. */
static inline void h2_forget_reading(struct h2_session *session)
{
    buffer_return(&session->reading, session->pool->stock);
}

/* h2_send.c */
void h2_set_senders(nghttp2_session_callbacks *callbacks);

/* h2_session.c */
struct h2_stream *h2_stream_create(struct h2_session *session, int32_t id);
/* It is to be looked at. */
void h2_note_change(struct h2_stream *stream);
/* False: there was not enough, and the session ends. */
bool h2_spend(struct h2_session *session, struct h2_budget *budget);
static inline void h2_earn(struct h2_budget *budget, uint64_t count)
{
    budget->left = budget->left + count < budget->most ? budget->left + count : budget->most;
}
static inline struct h2_stream *h2_stream_of(nghttp2_session *engine, int32_t id)
{
    return nghttp2_session_get_stream_user_data(engine, id);
}
