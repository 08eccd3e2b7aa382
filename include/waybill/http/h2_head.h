/* SPDX-License-Identifier: MIT */
/*
 * h2_head - an HTTP/2 request's fields read as the same request_head that HTTP/1 gives (RFC 9113 8.2, 8.3), or refused: what two
 * parsers could read in two ways goes nowhere (security case S10). A server's answers likewise (S11).
 *
 * nghttp2 looks at most of it before; nothing here relies on that. Thread: any. Memory: slices of the head's fields, and of the arena for
 * a Cookie that came in crumbs.
 */
#pragma once
#include "waybill/base/arena.h"
#include "waybill/http/h1_reader.h"
#include "waybill/http/h2_session.h"

/* `ended`: the head is all of the request. One that asks for a WebSocket (RFC 8441) comes out as HTTP/1 has it, a GET with Upgrade and a key
 * made here; without a body. REASON_NONE, or a reason with a status to answer; out->method and ->target are filled as
 * far as known then, for the log. */
enum reason h2_read_request(const struct h2_head *head, bool ended, const struct h1_limits *limits, struct arena *arena,
                            struct request_head *out);
/* A head of a server, as h1_read_response gives it; 1xx come out as any other. `ended`: it is all of the answer. REASON_NONE or
 * REASON_SERVER_MALFORMED. */
enum reason h2_read_response(const struct h2_head *head, bool ended, bool request_is_head, struct response_head *out);
/* Trailers that may be passed on (RFC 9110 6.5.1) are added; the others are left out. */
void h2_read_trailers(const struct h2_head *trailers, struct headers *out);
