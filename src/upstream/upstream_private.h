/* SPDX-License-Identifier: MIT */
#pragma once
#include "waybill/upstream/attempt.h"

struct h2_pool;

void server_pool_close_idle(struct server_pool *pool);
/* A retired pool ends with its last connection. */
void server_pool_free_if_done(struct server_pool *pool);
/* It could not be connected to: others are tried first for a while. */
void server_pool_avoid(struct server_pool *pool);
/* Is any server, is this one to be tried last for now? */
bool upstream_avoids_any(const struct upstream *upstream);
bool upstream_avoids(const struct upstream *upstream, const struct route_server *server);
struct balancers *upstream_balancers(struct upstream *upstream);
/* What a connection that failed is called; the log hears of a failure of TLS. */
enum reason server_pool_note_failure(struct server_pool *pool, const struct stream *stream);
/* Whom to call by the credentials, with the context that others call by, if there is one. */
struct tls_peer *server_pool_find_peer(struct tls_context *context, struct tls_credentials *credentials, struct slice host);
/* What HTTP/2 sessions share. */
struct h2_pool *upstream_h2_pool(struct upstream *upstream);

/* share.c. True: it has a connection with others, or waits for one; false: it is to dial. */
bool server_pool_join(struct server_pool *pool, struct attempt *attempt, enum attempt_conn which);
/* A connection stands. True: it is shared from now on. */
bool server_pool_note_protocol(struct server_pool *pool, struct server_conn *conn);
/* The attempt's connection stands: others need not wait longer, unless it must be seen first how many may share it. */
void server_pool_note_arrival(struct server_pool *pool, const struct attempt *attempt);
/* The first settings of a connection. */
void server_pool_note_settled(struct server_pool *pool, const struct shared_conn *h2);
/* It has arrived, or given up; failed: why. */
void server_pool_stop_leading(struct server_pool *pool, const struct attempt *attempt, enum reason failed);
void server_pool_serve(struct later *later);
/* pool.c. One that is shared got its first call again; may have none any more (false: it is gone). */
void server_pool_note_busy(struct server_conn *conn);
bool server_pool_keep_or_close(struct server_conn *conn);

/* attempt.c. Nothing more comes of it; its owner is not poked. */
void attempt_fail(struct attempt *attempt, enum reason reason);
/* It shares a connection that has room. */
void attempt_share(struct attempt *attempt, struct server_conn *conn);
/* It waits no longer: what the one met that dialled; or it dials itself. */
void attempt_fail_waiting(struct attempt *attempt, enum reason reason);
void attempt_dial(struct attempt *attempt);
/* Facts of its stream changed, or its connection is over. */
void attempt_call_changed(struct attempt *attempt);
/* Its server is gone: if nothing was sent yet, the attempt fails. */
void attempt_turn_back(struct attempt *attempt);
/* Facts of a lent connection changed. */
void attempt_conn_changed(struct attempt *attempt);
