/* SPDX-License-Identifier: MIT */
/* sim_client - a scripted client connection; reads what comes as the answers to the requests it was told of. */
#pragma once
#include "sim_link.h"
#include "sim_message.h"

struct entry;

enum { SIM_REQUESTS_MAX = 32 };

struct sim_client {
    struct sim_link *wire;
    bool is_head[SIM_REQUESTS_MAX]; /* per request asked */
    unsigned asked;
};

void sim_client_connect(struct sim_client *client, struct sim *sim, struct entry *entry, const char *ip);
/* A whole request as it goes over the wire; notes that an answer is due. */
void sim_client_ask(struct sim_client *client, const char *text);
void sim_client_ask_slice(struct sim_client *client, struct slice text);
/* Bytes that are no request of their own. */
void sim_client_send(struct sim_client *client, const char *text);
/* "GET path" with X-Id and Host: a.test. */
void sim_client_get(struct sim_client *client, const char *path, unsigned id);
void sim_client_post(struct sim_client *client, const char *path, unsigned id, size_t count, bool chunked);
/* Final answer number `index`, interim ones passed over; false when it has not come whole. */
bool sim_client_answer(const struct sim_client *client, unsigned index, struct sim_message *out_answer);
/* Its status; 0 when it has not come whole. */
unsigned sim_client_status(const struct sim_client *client, unsigned index);
/* How many heads below 200 (but 101) came. */
unsigned sim_client_interims(const struct sim_client *client);
/* What came behind `count` whole answers. */
struct slice sim_client_rest(const struct sim_client *client, unsigned count);
