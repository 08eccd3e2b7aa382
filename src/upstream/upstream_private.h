/* SPDX-License-Identifier: MIT */
#pragma once
#include "waybill/upstream/upstream.h"

void server_pool_close_idle(struct server_pool *pool);
/* A retired pool ends with its last connection. */
void server_pool_free_if_done(struct server_pool *pool);
/* Its server is gone: if nothing was sent yet, the attempt fails. */
void attempt_turn_back(struct attempt *attempt);
/* Facts of a lent connection changed. */
void attempt_conn_changed(struct attempt *attempt);
