/* SPDX-License-Identifier: MIT */
/*
 * websocket - the opening handshake of RFC 6455 4: whether a request asks as it must, and whether an answer agrees to it.
 *
 * What passes behind it is the peers' own: no frame is looked at. Thread: any; nothing is kept.
 */
#pragma once
#include "waybill/http/message.h"

enum { WEBSOCKET_KEY_SIZE = 25 }; /* with its NUL */

/* The value of Upgrade names it (RFC 6455 4.2.1), alone or among others. */
bool websocket_is_wanted(struct slice upgrade);
/* A new Sec-WebSocket-Key, for a server whose client needs none. */
void websocket_make_key(char out[WEBSOCKET_KEY_SIZE]);
/* GET, one Sec-WebSocket-Key of 16 bytes, version 13 (RFC 6455 4.2.1). Upgrade, Connection and Host are the reader's to judge. */
bool websocket_request_is_valid(struct slice method, const struct headers *request);
/* A 101 proves that its sender has read that key as a WebSocket server does (RFC 6455 4.1). */
bool websocket_answer_is_valid(const struct headers *request, const struct headers *answer);
