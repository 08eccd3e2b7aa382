/* SPDX-License-Identifier: MIT */
/*
 * headers - the fields of one message, in order, each name recognised once.
 *
 * Thread: one worker. Owner: its exchange. Names and values are slices of the head's bytes or of the
 * exchange's arena. Nothing is copied and nothing is NUL-terminated.
 */
#pragma once
#include "waybill/base/slice.h"

/* Fields the router looks at. The order of this table is free; names are in canonical spelling. */
/* clang-format off */
#define HTTP_HEADERS(X)                                                                            \
    X(HOST, "Host") X(CONNECTION, "Connection") X(CONTENT_LENGTH, "Content-Length")                \
    X(TRANSFER_ENCODING, "Transfer-Encoding") X(TE, "Te") X(TRAILER, "Trailer")                    \
    X(UPGRADE, "Upgrade") X(KEEP_ALIVE, "Keep-Alive") X(PROXY_CONNECTION, "Proxy-Connection")      \
    X(PROXY_AUTHENTICATE, "Proxy-Authenticate") X(PROXY_AUTHORIZATION, "Proxy-Authorization")      \
    X(PROXY, "Proxy") X(EXPECT, "Expect") X(DATE, "Date") X(LOCATION, "Location")                  \
    X(CONTENT_TYPE, "Content-Type") X(COOKIE, "Cookie") X(AUTHORIZATION, "Authorization")          \
    X(USER_AGENT, "User-Agent") X(REFERER, "Referer") X(ACCEPT, "Accept") X(RANGE, "Range")        \
    X(X_FORWARDED_FOR, "X-Forwarded-For") X(X_FORWARDED_HOST, "X-Forwarded-Host")                  \
    X(X_FORWARDED_PORT, "X-Forwarded-Port") X(X_FORWARDED_PROTO, "X-Forwarded-Proto")              \
    X(X_FORWARDED_SERVER, "X-Forwarded-Server") X(X_FORWARDED_PREFIX, "X-Forwarded-Prefix")        \
    X(X_FORWARDED_URI, "X-Forwarded-Uri") X(X_FORWARDED_METHOD, "X-Forwarded-Method")              \
    X(X_REAL_IP, "X-Real-Ip") X(FORWARDED, "Forwarded") X(X_REPLACED_PATH, "X-Replaced-Path")      \
    X(SEC_WEBSOCKET_KEY, "Sec-Websocket-Key") X(SEC_WEBSOCKET_VERSION, "Sec-Websocket-Version")    \
    X(SEC_WEBSOCKET_ACCEPT, "Sec-Websocket-Accept")                                                \
    X(SET_COOKIE, "Set-Cookie") X(WAYBILL_HOPS, "X-Waybill-Hops")
/* clang-format on */

#define HTTP_HEADER_ENUM(id, name) HEADER_##id,
enum header_id { HEADER_OTHER, HTTP_HEADERS(HTTP_HEADER_ENUM) HEADER_ID_COUNT };
#undef HTTP_HEADER_ENUM

enum { HEADERS_MAX = 128 }; /* table size; the request limit is 100, the rest is for what we add */
enum { HEADERS_REQUEST_MAX = 100 };

struct header {
    struct slice name, value; /* value without leading and trailing SP/HTAB */
    uint16_t id;              /* enum header_id */
    bool gone;                /* removed; skipped by everything */
};

struct headers {
    struct header items[HEADERS_MAX];
    unsigned count;
    uint64_t present; /* bit `id` set: such a field was added (it may be gone since) */
};

/* Does not touch items: clearing is cheap. */
static inline void headers_clear(struct headers *h)
{
    h->count = 0;
    h->present = 0;
}

/* Recognises a name, ASCII case ignored. */
enum header_id header_id_of(struct slice name);
struct slice header_name(enum header_id id);

/* False when the table is full. */
bool headers_add(struct headers *h, struct slice name, struct slice value);
bool headers_add_id(struct headers *h, enum header_id id, struct slice value);
/* First one there, or NULL. */
struct header *headers_find(const struct headers *h, enum header_id id);
/* The same by name, ASCII case ignored. */
struct header *headers_find_name(const struct headers *h, struct slice name);
/* Value of the first one there, or the empty slice. */
struct slice headers_value(const struct headers *h, enum header_id id);
/* One field of that name with that value, at the place of the first there was; the others go. False when the table is full. */
bool headers_set(struct headers *h, struct slice name, struct slice value);
unsigned headers_remove(struct headers *h, enum header_id id);
unsigned headers_remove_name(struct headers *h, struct slice name);
/* Removes every field whose name equals `name` when `_`, `.` and `-` count as one and case is
 * ignored (security cases H2, H3). */
unsigned headers_remove_class(struct headers *h, struct slice name);

/* Hop-by-hop fields (RFC 9110 7.6.1): Connection and what it names - but never a name that the router owns or
 * manages (decisions.md 4) -, Keep-Alive, Proxy-*, Te, Transfer-Encoding, Upgrade; and Proxy (httpoxy); and
 * Content-Length and Transfer-Encoding spelled with `_` or `.`. Content-Length itself stays; so does Trailer with
 * `keeps_trailer`: it says what comes behind a body (RFC 9110 6.6.2), for those who pass that on. */
void headers_remove_hop_by_hop(struct headers *h, bool keeps_trailer);
/* What HTTP/1 says of its connection, and HTTP/2 has no place for (RFC 9113 8.2.2). */
bool header_is_of_connection(enum header_id id);
/* What a client may not say of itself unless it is trusted (decisions.md 7): X-Forwarded-*, X-Real-Ip, Forwarded,
 * X-Replaced-Path and every name equal to one of them by class. */
void headers_remove_forwarding(struct headers *h);
bool header_same_class(struct slice name, struct slice other);
/* Names that only the router writes: hop-by-hop fields, framing, Host, its own; however their dashes are spelled. Nobody
 * else may set them. */
bool header_is_routers(struct slice name);
/* Is it a token (RFC 9110 5.1); may it be a value (5.5: no control bytes but HTAB)? */
bool header_name_is_valid(struct slice name);
bool header_value_is_valid(struct slice value);
/* May a trailer of this name be passed on (RFC 9110 6.5.1; decisions.md 4)? */
bool header_trailer_allowed(struct slice name);
