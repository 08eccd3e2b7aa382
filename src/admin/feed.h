/* SPDX-License-Identifier: MIT */
/*
 * feed - GET /api/events: what changes, told to whoever listens as Server-Sent Events.
 *
 *   main, a few times a second while somebody listens:  news_gather -> a bulletin -> mail to the readers' workers
 *   a worker:                                           mail -> poke -> the response half gives the next bulletin
 *
 * A reader has a place in the row of bulletins, not a queue of its own: many slow ones hold no more text than one. Whom the row has
 * left behind is told `lost` and goes on with the latest bulletin; who takes no bytes at all is dropped by the exchange.
 * Thread: feed_answer any; its readers' halves on their workers; the rest main.
 */
#pragma once
#include "waybill/admin/admin.h"

enum { FEED_READERS_MAX = 256, FEED_BULLETINS_KEPT = 32 };

struct feed;

/* The options outlive it; without a loop there is nobody to look, and no such route. */
struct feed *feed_create(const struct admin_options *options, uint64_t started_wall_ns);
/* No reader is left, and the loop is gone. */
void feed_destroy(struct feed **feed);
/* Readers are told, and their answers end; there are no others after. */
void feed_end(struct feed *feed);
bool feed_answer(struct feed *feed, const struct local_request *request, struct local_answer *out_answer);
