/* SPDX-License-Identifier: MIT */
/* sim_message - reads the messages of scripts: a second, naive reader, which shares nothing with the one under test.
 * Slices point into the bytes read. */
#pragma once
#include "waybill/base/text.h"

struct sim_message {
    bool head_came, complete, broken;
    struct slice first_line, fields; /* lines with their CRLF */
    struct slice trailers;
    struct text body; /* sim_message_fini frees it */
    bool chunked, until_close;
    size_t bytes; /* of the whole message, when complete */
    size_t head_bytes;
};

enum sim_kind { SIM_REQUEST, SIM_RESPONSE, SIM_RESPONSE_TO_HEAD };

/* `over`: no more bytes will come. */
void sim_message_read(struct slice bytes, enum sim_kind kind, bool over, struct sim_message *out_message);
void sim_message_fini(struct sim_message *message);
/* Value of the first such field, or the empty slice. */
struct slice sim_message_field(const struct sim_message *message, const char *name);
unsigned sim_message_field_count(const struct sim_message *message, const char *name);
/* Of a response; 0 when it has none. */
unsigned sim_message_status(const struct sim_message *message);
/* Of a request: "GET", "/path". */
struct slice sim_message_method(const struct sim_message *message);
struct slice sim_message_target(const struct sim_message *message);
/* Number behind '/' number `index` of a path: "/len/100/5" gives 100 for 1. */
uint64_t sim_path_number(struct slice path, unsigned index);
/* Bytes that depend on `id`, so that bodies cannot be mixed up unnoticed. */
void sim_body_add(struct text *text, uint64_t id, size_t count);
bool sim_body_is(struct slice body, uint64_t id, size_t count);
