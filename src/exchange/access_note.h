/* SPDX-License-Identifier: MIT */
/*
 * access_note - what the access log wants to know of an exchange and would be gone by its end.
 *
 * Without a log an exchange has none, which each place that notes something asks first. Thread: its worker. Owner: the exchange.
 */
#pragma once
#include "waybill/base/text.h"

struct exchange;
struct filter_ops;

struct access_note {
    uint64_t origin_began_ns; /* the first server was picked; 0: none was. This and the backend's name only for JSON */
    uint64_t request_bytes;   /* of the body, as far as somebody took them */
    uint64_t origin_bytes;    /* of the answer, before filters changed it; 0: they did not */
    unsigned origin_status;   /* 0: no server has answered */
    bool local;               /* answered by what v1.7 calls "Traefik" */
    struct slice backend_name;
    struct text fields; /* of the server's head, then of the client's, as JSON; empty: not wanted */
    size_t origin_fields_len;
};

/* The note of an exchange that begins. Without room in the arena there is none. */
void access_note_create(struct exchange *exchange);
void access_note_end(struct exchange *exchange);
/* Where it leads is known, or that it leads nowhere. */
void access_note_route(struct exchange *exchange);
/* A filter of the frontend, or of the entrypoint, has answered. */
void access_note_answered_by(struct exchange *exchange, const struct filter_ops *ops, bool of_entrypoint);
void access_note_server(struct exchange *exchange);
/* exchange->answer is what the server said. */
void access_note_origin(struct exchange *exchange);
/* The configuration goes before the exchange: what a filter has put into the request is copied. */
void access_note_keep_request(struct exchange *exchange);
/* exchange->answer is what the client gets. */
void access_note_answer(struct exchange *exchange);
