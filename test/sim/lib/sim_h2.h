/* SPDX-License-Identifier: MIT */
/*
 * sim_h2 - a scripted server that speaks HTTP/2 in clear on links. The path says what comes back, as with sim_server:
 *
 * /len/BYTES/MS, /chunked/BYTES/MS (no length; a trailer), /204, /304, /cont (100 first), /hints (103 first), /early/BYTES (answers
 * at the head), /echo, /mute (nothing), /reset/CODE/MS (RST_STREAM instead of an answer).
 */
#pragma once
#include "sim_link.h"
#include "sim_message.h"
#include "waybill/http/h2_session.h"

enum { SIM_H2_IDS_MAX = 256 };

struct sim_h2_server;

struct sim_h2_conn {
    struct list link;
    struct sim_h2_server *server;
    struct sim_link *wire;
    struct h2_session *session;
    size_t done; /* bytes of wire->got that the session has */
    struct list requests;
    unsigned open, open_most;
    bool stepping;
};

struct sim_h2_request {
    struct list link; /* in conn->requests */
    struct sim_h2_conn *conn;
    struct h2_stream *stream;
    uint64_t id;
    char path[64];
    bool is_head, asked; /* the answer was posted */
    struct text body, reply;
    bool trailer_due;
    struct sim_event later;
};

struct sim_h2_server {
    struct sim_listener listener; /* first */
    struct sim *sim;
    const char *name;
    struct h2_limits limits; /* of the next connections */
    struct stock stock;
    struct h2_pool pool;
    struct list conns; /* latest first */
    unsigned conn_count, request_count, cancelled_count;
    unsigned executed[SIM_H2_IDS_MAX]; /* requests with x-id n that were not refused */
    struct text last_trailers;
    unsigned refuse; /* so many requests, the next */
    bool takes_nothing;
};

void sim_h2_server_init(struct sim_h2_server *server, struct sim *sim, const char *ip, uint16_t port, const char *name);
void sim_h2_server_fini(struct sim_h2_server *server);
/* The latest connection, or NULL. */
struct sim_h2_conn *sim_h2_server_conn(struct sim_h2_server *server);
/* That are open. */
unsigned sim_h2_server_live(const struct sim_h2_server *server);
/* GOAWAY; what is under way is answered. */
void sim_h2_go_away(struct sim_h2_conn *conn);
/* RST_STREAM to all that is under way. */
void sim_h2_reset_all(struct sim_h2_conn *conn, enum h2_code code);
