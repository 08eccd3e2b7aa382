/* SPDX-License-Identifier: MIT */
/*
 * sim_server - a scripted HTTP server on links.
 *
 * By default the path says what comes back (sim_server_answer_path); a test may set its own `answer`. Every request is
 * remembered by its X-Id, so a test can ask how often each one was executed.
 */
#pragma once
#include "sim_link.h"
#include "sim_message.h"

struct sim_server;

/* One connection to a server. */
struct sim_conn {
    struct list link;
    struct sim_server *server;
    struct sim_link *wire;
    size_t done;       /* bytes of wire->got that were dealt with */
    unsigned requests; /* answered on it */
    bool answering;    /* the next request waits */
    bool head_seen;    /* of the request that is coming in */
    bool tunnel;       /* echoes what comes */
    struct text reply; /* to be sent by `later` */
    bool close_after;
    struct sim_event later;
};

enum { SIM_IDS_MAX = 256 };

/* The example of RFC 6455 1.3. */
#define SIM_WEBSOCKET_KEY "dGhlIHNhbXBsZSBub25jZQ=="
#define SIM_WEBSOCKET                               \
    "Connection: Upgrade\r\nUpgrade: websocket\r\n" \
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " SIM_WEBSOCKET_KEY "\r\n"

struct sim_server {
    struct sim_listener listener; /* first */
    struct sim *sim;
    const char *name;
    struct list conns;
    unsigned conn_count, request_count;
    unsigned executed[SIM_IDS_MAX]; /* requests with X-Id n whose head came */
    struct text last_head;          /* first line and fields of the last request */
    struct text last_body, last_trailers;
    bool deaf; /* accepts and reads, never answers */
    bool raw;  /* the test looks at the bytes itself */
    void *arg;
    /* A request is complete (or, with `at_head`, its head has come): say what is to be sent. */
    bool at_head;
    void (*answer)(struct sim_conn *conn, const struct sim_message *request);
};

void sim_server_init(struct sim_server *server, struct sim *sim, const char *ip, uint16_t port, const char *name);
void sim_server_fini(struct sim_server *server);
/* Bytes to be sent after a while; `close`: FIN behind them. */
void sim_conn_reply(struct sim_conn *conn, struct slice bytes, uint64_t after_ms, bool close);
/* /len/BYTES/MS, /chunked/BYTES/MS (with a trailer), /close/BYTES/MS, /204, /304, /cont (100 first), /hints (103 first),
 * /early/BYTES (answers at the head), /echo (the request's body comes back), /up (switches protocols), /mute (nothing). */
void sim_server_answer_path(struct sim_conn *conn, const struct sim_message *request);
/* The latest connection, or NULL. */
struct sim_conn *sim_server_conn(struct sim_server *server);
