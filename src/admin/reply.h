/* SPDX-License-Identifier: MIT */
/* reply - the few kinds of answer that admin gives. Each fills an answer that is all zero. */
#pragma once
#include "waybill/exchange/local.h"

/* 200 with a JSON document; takes `document` over. */
void reply_json(struct local_answer *answer, struct text *document);
/* The same with another status. */
void reply_json_status(struct local_answer *answer, unsigned status, struct text *document);
/* Somebody at a terminal asks: `Accept: text/plain`, or `format=text` in the query. */
bool reply_wants_text(const struct local_request *request);
/* Plain text; takes `text` over. */
void reply_lines(struct local_answer *answer, unsigned status, struct text *text);
/* Plain text; `text` is static. */
void reply_text(struct local_answer *answer, unsigned status, struct slice text);
/* 404 `404 page not found`, as ordinary routing has it. */
void reply_not_found(struct local_answer *answer);
/* 301 or 302 to a path of this host, with the small HTML page that v1.7 sends. */
void reply_redirect(struct local_answer *answer, unsigned status, struct slice location);
