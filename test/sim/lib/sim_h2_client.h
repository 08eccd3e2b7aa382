/* SPDX-License-Identifier: MIT */
/* sim_h2_client - a scripted client connection that speaks HTTP/2; its frames are made by our own session, from the other side. */
#pragma once
#include "sim_link.h"
#include "waybill/http/h2_session.h"

struct entry;

struct sim_h2 {
    struct sim_link *wire;
    struct stock stock;
    struct h2_pool pool;
    struct h2_session *session;
    size_t fed; /* of wire->got */
    bool takes; /* payload is taken as it comes */
};

/* One request's fate. */
struct sim_h2_request {
    struct h2_stream *stream;
    struct text body; /* what was taken of the answer */
};

void sim_h2_connect(struct sim_h2 *client, struct sim *sim, struct entry *entry, const struct h2_limits *limits);
/* Ends the session; the wire stays as it is. Requests must have been released. */
void sim_h2_fini(struct sim_h2 *client);
/* X-Id and Host a.test; with `payload`, a POST of that. */
void sim_h2_ask(struct sim_h2 *client, struct sim_h2_request *request, const char *path, unsigned id, struct slice payload);
/* CONNECT for a WebSocket (RFC 8441); what is sent on its stream is the tunnel's. */
void sim_h2_open(struct sim_h2 *client, struct sim_h2_request *request, const char *path, unsigned id);
/* Sends what there is to be sent. */
void sim_h2_flush(struct sim_h2 *client);
/* Of the final head; 0: it has not come. */
unsigned sim_h2_status(const struct sim_h2_request *request);
void sim_h2_release(struct sim_h2_request *request);
