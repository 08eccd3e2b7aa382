/* SPDX-License-Identifier: MIT */
#pragma once
#include "waybill/upstream/upstream.h"

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
/* Its server is gone: if nothing was sent yet, the attempt fails. */
void attempt_turn_back(struct attempt *attempt);
/* Facts of a lent connection changed. */
void attempt_conn_changed(struct attempt *attempt);
