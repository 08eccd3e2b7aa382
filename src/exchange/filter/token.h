/* SPDX-License-Identifier: MIT */
/*
 * token - by what requests are counted together: an extractorFunc of 1.7 (spec/proxy.md 10).
 *
 *   client.ip            the address; of IPv6 the first 64 bits, since who has one address has all of those (defects B31)
 *   request.host         the host without port, in any case
 *   request.header.NAME  the first field of that name; without one all share the empty token
 *
 * X-Forwarded-For and X-Real-Ip of who is not trusted are gone by then, and set by us only later: the address it is then.
 * A token is a hash with a key drawn at start, so its size does not depend on what clients send, and nobody can choose
 * two that collide. Thread: any; immutable.
 */
#pragma once
#include "waybill/base/arena.h"

struct exchange;

enum token_kind { TOKEN_CLIENT, TOKEN_HOST, TOKEN_FIELD };

struct token_source {
    enum token_kind kind;
    struct slice field; /* of TOKEN_FIELD */
    unsigned field_id;  /* enum header_id of it */
};

/* False: none of these. The name is copied. */
bool token_source_parse(struct arena *arena, struct slice text, struct token_source *out_source);
/* It is told by fields of that name. */
bool token_source_reads(const struct token_source *source, struct slice name);
uint64_t token_of(const struct token_source *source, const struct exchange *exchange);
