/* SPDX-License-Identifier: MIT */
/* Which fields may pass: hop-by-hop, forwarding, trailers (decisions.md 4, 7). */
#include "waybill/http/headers.h"

#define BIT(id) (UINT64_C(1) << HEADER_##id)

static const uint64_t hop_by_hop = BIT(CONNECTION) | BIT(KEEP_ALIVE) | BIT(PROXY_CONNECTION) | BIT(PROXY_AUTHENTICATE) |
                                   BIT(PROXY_AUTHORIZATION) | BIT(TE) | BIT(TRAILER) | BIT(TRANSFER_ENCODING) |
                                   BIT(UPGRADE) | BIT(PROXY);
static const uint64_t forwarding = BIT(X_FORWARDED_FOR) | BIT(X_FORWARDED_HOST) | BIT(X_FORWARDED_PORT) |
                                   BIT(X_FORWARDED_PROTO) | BIT(X_FORWARDED_SERVER) | BIT(X_FORWARDED_PREFIX) |
                                   BIT(X_FORWARDED_URI) | BIT(X_FORWARDED_METHOD) | BIT(X_REAL_IP) | BIT(FORWARDED) |
                                   BIT(X_REPLACED_PATH);
/* What naming in Connection cannot remove, besides the forwarding fields. */
static const uint64_t unremovable = BIT(HOST) | BIT(CONTENT_LENGTH) | BIT(TRANSFER_ENCODING) | BIT(COOKIE) |
                                    BIT(SET_COOKIE) | BIT(AUTHORIZATION) | BIT(WAYBILL_HOPS);

/* `_` and `.` as `-`, letters in lower case: one byte of a name's class (security cases H2, H3). */
static char class_byte(char c)
{
    return c == '_' || c == '.' ? '-' : ascii_lower(c);
}

bool header_same_class(struct slice name, struct slice other)
{
    if (name.len != other.len)
        return false;
    for (size_t i = 0; i < name.len; i++)
        if (class_byte(name.ptr[i]) != class_byte(other.ptr[i]))
            return false;
    return true;
}

static bool class_starts(struct slice name, struct slice prefix)
{
    return name.len >= prefix.len && header_same_class(slice_head(name, prefix.len), prefix);
}

/* All names of this kind begin with "x-" or are "forwarded", so most fields fail on the first byte. */
static bool is_forwarding_name(struct slice name)
{
    if (name.len < 9)
        return false;
    char first = ascii_lower(name.ptr[0]);
    if (first == 'x')
        return class_starts(name, SLICE("x-forwarded-")) || header_same_class(name, SLICE("x-real-ip")) ||
               header_same_class(name, SLICE("x-replaced-path"));
    return first == 'f' && header_same_class(name, SLICE("forwarded"));
}

/* Framing and routing in another spelling: a server that takes `_` for `-` would see a second one (security case H2). */
static bool is_framing_alias(struct slice name)
{
    if (name.len == 14)
        return header_same_class(name, SLICE("content-length"));
    if (name.len == 17)
        return header_same_class(name, SLICE("transfer-encoding"));
    return false;
}

static const uint64_t routers = BIT(HOST) | BIT(CONTENT_LENGTH) | BIT(X_FORWARDED_SERVER) | BIT(WAYBILL_HOPS);

bool header_is_routers(struct slice name)
{
    for (unsigned id = HEADER_OTHER + 1; id < HEADER_ID_COUNT; id++)
        if (((routers | hop_by_hop) >> id & 1) != 0 && header_same_class(name, header_name((enum header_id)id)))
            return true;
    return false;
}

static bool id_in(unsigned id, uint64_t set)
{
    return (set >> id & 1) != 0;
}

bool header_is_of_connection(enum header_id id)
{
    switch ((int)id) {
    case HEADER_CONNECTION:
    case HEADER_KEEP_ALIVE:
    case HEADER_PROXY_CONNECTION:
    case HEADER_TRANSFER_ENCODING:
    case HEADER_UPGRADE:
        return true;
    default:
        return false;
    }
}

unsigned headers_remove_class(struct headers *h, struct slice name)
{
    unsigned removed = 0;

    for (unsigned i = 0; i < h->count; i++)
        if (!h->items[i].gone && header_same_class(h->items[i].name, name)) {
            h->items[i].gone = true;
            removed++;
        }
    return removed;
}

void headers_remove_forwarding(struct headers *h)
{
    for (unsigned i = 0; i < h->count; i++) {
        struct header *header = &h->items[i];
        if (id_in(header->id, forwarding) || (header->id == HEADER_OTHER && is_forwarding_name(header->name)))
            header->gone = true;
    }
}

static bool may_be_named(struct slice name)
{
    enum header_id id = header_id_of(name);
    return id == HEADER_OTHER ? !is_forwarding_name(name) : !id_in(id, unremovable) && !id_in(id, forwarding);
}

/* One Connection field. `*budget`: names that are still honoured; no message holds more fields, so
 * a longer list is only there to cost time. */
static void remove_named(struct headers *h, struct slice list, unsigned *budget)
{
    struct slice part;

    while (*budget > 0 && slice_cut(&list, ',', &part)) {
        struct slice name = slice_trim(part);
        if (name.len == 0 || slice_eq_nocase(name, SLICE("close")) || slice_eq_nocase(name, SLICE("keep-alive")))
            continue;
        --*budget;
        if (may_be_named(name))
            headers_remove_name(h, name);
    }
}

void headers_remove_hop_by_hop(struct headers *h, bool keeps_trailer)
{
    unsigned budget = HEADERS_MAX;
    uint64_t leaving = keeps_trailer ? hop_by_hop & ~BIT(TRAILER) : hop_by_hop;

    for (unsigned i = 0; i < h->count; i++)
        if (h->items[i].id == HEADER_OTHER && is_framing_alias(h->items[i].name))
            h->items[i].gone = true;
    if ((h->present & hop_by_hop) == 0)
        return;
    if (id_in(HEADER_CONNECTION, h->present))
        for (unsigned i = 0; i < h->count; i++)
            if (h->items[i].id == HEADER_CONNECTION && !h->items[i].gone)
                remove_named(h, h->items[i].value, &budget);
    for (unsigned i = 0; i < h->count; i++)
        if (id_in(h->items[i].id, leaving))
            h->items[i].gone = true;
}

/* RFC 9110 6.5.1: framing, routing, request modifiers, authentication, and what says how to read the content. */
static const struct slice not_in_trailers[] = {
    {"content-encoding", 16},
    {"content-range", 13},
    {"cache-control", 13},
    {"max-forwards", 12},
    {"pragma", 6},
    {"www-authenticate", 16},
    {"authentication-info", 19},
    {"proxy-authentication-info", 25},
    {"age", 3},
    {"expires", 7},
    {"retry-after", 11},
    {"vary", 4},
    {"warning", 7},
    {"if-match", 8},
    {"if-none-match", 13},
    {"if-modified-since", 17},
    {"if-unmodified-since", 19},
    {"if-range", 8},
};

bool header_trailer_allowed(struct slice name)
{
    /* Every name of the table is one of ours to decide on, however its dashes are spelled. */
    for (unsigned id = HEADER_OTHER + 1; id < HEADER_ID_COUNT; id++)
        if (header_same_class(name, header_name((enum header_id)id)))
            return false;
    for (size_t i = 0; i < sizeof not_in_trailers / sizeof not_in_trailers[0]; i++)
        if (header_same_class(name, not_in_trailers[i]))
            return false;
    return !is_forwarding_name(name);
}
