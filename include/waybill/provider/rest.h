/* SPDX-License-Identifier: MIT */
/*
 * rest - the provider that is told: `PUT /api/providers/rest` brings a whole configuration as JSON (spec/api-json.md 2, 3).
 * It is called `web` in documents, as in v1.7. Nothing is kept over a restart.
 *
 * Thread: updates come on the workers' threads, several at once; the last to be delivered is in force. Owner: main; it outlives
 * the workers.
 */
#pragma once
#include "waybill/base/text.h"
#include "waybill/model/sink.h"

struct rest;

struct rest *rest_create(const struct provider_sink *sink);
void rest_destroy(struct rest **rest);
/* Delivers what `body` says. *out_text is then the document as it was read, without defaults. False: nothing was delivered, and
 * *out_text says why: "line 3, column 7: what is there; what to do". */
bool rest_update(struct rest *rest, struct slice body, struct text *out_text);
