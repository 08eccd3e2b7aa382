/* SPDX-License-Identifier: MIT */
#include "waybill/http/headers.h"
#include "chars.h"
#include "waybill/base/error.h"

#define HTTP_HEADER_NAME(id, name) [HEADER_##id] = {name, sizeof(name) - 1},
static const struct slice names[HEADER_ID_COUNT] = {[HEADER_OTHER] = {"", 0}, HTTP_HEADERS(HTTP_HEADER_NAME)};
_Static_assert(HEADER_ID_COUNT <= 64, "struct headers keeps one bit for each id");

#define BIT(id) (UINT64_C(1) << HEADER_##id)

/* Which ids have a name of that length; few enough to compare with each. A new row of HTTP_HEADERS
 * needs its place here too: headers_test looks every name up. */
enum { NAME_LENGTH_MAX = 22, SAME_LENGTH_MAX = 4 };
static const uint8_t by_length[NAME_LENGTH_MAX][SAME_LENGTH_MAX] = {
    [2] = {HEADER_TE},
    [4] = {HEADER_HOST, HEADER_DATE},
    [5] = {HEADER_RANGE, HEADER_PROXY},
    [6] = {HEADER_ACCEPT, HEADER_COOKIE, HEADER_EXPECT},
    [7] = {HEADER_UPGRADE, HEADER_REFERER, HEADER_TRAILER},
    [8] = {HEADER_LOCATION},
    [9] = {HEADER_X_REAL_IP, HEADER_FORWARDED},
    [10] = {HEADER_CONNECTION, HEADER_USER_AGENT, HEADER_SET_COOKIE, HEADER_KEEP_ALIVE},
    [12] = {HEADER_CONTENT_TYPE},
    [13] = {HEADER_AUTHORIZATION},
    [14] = {HEADER_CONTENT_LENGTH, HEADER_WAYBILL_HOPS},
    [15] = {HEADER_X_FORWARDED_FOR, HEADER_X_FORWARDED_URI, HEADER_X_REPLACED_PATH},
    [16] = {HEADER_X_FORWARDED_HOST, HEADER_X_FORWARDED_PORT, HEADER_PROXY_CONNECTION},
    [17] = {HEADER_TRANSFER_ENCODING, HEADER_X_FORWARDED_PROTO, HEADER_SEC_WEBSOCKET_KEY},
    [18] = {HEADER_X_FORWARDED_SERVER, HEADER_X_FORWARDED_PREFIX, HEADER_X_FORWARDED_METHOD, HEADER_PROXY_AUTHENTICATE},
    [19] = {HEADER_PROXY_AUTHORIZATION},
    [20] = {HEADER_SEC_WEBSOCKET_ACCEPT},
    [21] = {HEADER_SEC_WEBSOCKET_VERSION},
};

/* `name` against a canonical name of the same length. Bytes may differ in the case bit, and only
 * where the canonical byte is a letter (our names hold letters, digits and '-': a letter has 0x40). */
static bool equals_canonical(const char *name, const char *canonical, size_t len)
{
    const uint64_t ones = 0x0101010101010101u;
    size_t at = 0;

    for (; len - at >= 8; at += 8) {
        uint64_t word, wanted;
        memcpy(&word, name + at, 8);
        memcpy(&wanted, canonical + at, 8);
        uint64_t differ = word ^ wanted;
        if ((differ & ~(0x20 * ones)) != 0 || ((differ >> 5) & ~(wanted >> 6) & ones) != 0)
            return false;
    }
    for (; at < len; at++) {
        unsigned differ = (unsigned char)name[at] ^ (unsigned char)canonical[at];
        if (differ != 0 && (differ != 0x20 || !(canonical[at] & 0x40)))
            return false;
    }
    return true;
}

enum header_id header_id_of(struct slice name)
{
    if (name.len >= NAME_LENGTH_MAX)
        return HEADER_OTHER;
    const uint8_t *candidates = by_length[name.len];
    for (int i = 0; i < SAME_LENGTH_MAX && candidates[i] != HEADER_OTHER; i++) {
        const char *canonical = names[candidates[i]].ptr;
        /* The last byte tells most names of one length apart. */
        if (((name.ptr[name.len - 1] ^ canonical[name.len - 1]) & ~0x20) == 0 &&
            equals_canonical(name.ptr, canonical, name.len))
            return (enum header_id)candidates[i];
    }
    return HEADER_OTHER;
}

struct slice header_name(enum header_id id)
{
    WB_REQUIRE((unsigned)id < HEADER_ID_COUNT);
    return names[id];
}

static bool append(struct headers *h, struct slice name, struct slice value, enum header_id id)
{
    if (h->count == HEADERS_MAX)
        return false;
    struct header *header = &h->items[h->count++];
    header->name = name;
    header->value = value;
    header->id = (uint16_t)id;
    header->gone = false;
    h->present |= UINT64_C(1) << id;
    return true;
}

bool headers_add(struct headers *h, struct slice name, struct slice value)
{
    return append(h, name, value, header_id_of(name));
}

bool headers_add_id(struct headers *h, enum header_id id, struct slice value)
{
    WB_REQUIRE(id != HEADER_OTHER);
    return append(h, header_name(id), value, id);
}

static bool was_added(const struct headers *h, enum header_id id)
{
    return (h->present >> id & 1) != 0;
}

struct header *headers_find(const struct headers *h, enum header_id id)
{
    if (!was_added(h, id))
        return NULL;
    for (unsigned i = 0; i < h->count; i++)
        if (h->items[i].id == id && !h->items[i].gone)
            return (struct header *)(uintptr_t)&h->items[i];
    return NULL;
}

struct header *headers_find_name(const struct headers *h, struct slice name)
{
    enum header_id id = header_id_of(name);

    if (id != HEADER_OTHER)
        return headers_find(h, id);
    for (unsigned i = 0; i < h->count; i++)
        if (h->items[i].id == HEADER_OTHER && !h->items[i].gone && slice_eq_nocase(h->items[i].name, name))
            return (struct header *)(uintptr_t)&h->items[i];
    return NULL;
}

struct slice headers_value(const struct headers *h, enum header_id id)
{
    const struct header *header = headers_find(h, id);
    return header ? header->value : SLICE("");
}

/* First one of that name, there or gone. */
static struct header *find_place(struct headers *h, struct slice name, enum header_id id)
{
    for (unsigned i = 0; i < h->count; i++) {
        struct header *header = &h->items[i];
        if (header->id == id && (id != HEADER_OTHER || slice_eq_nocase(header->name, name)))
            return header;
    }
    return NULL;
}

bool headers_set(struct headers *h, struct slice name, struct slice value)
{
    enum header_id id = header_id_of(name);
    struct header *place = find_place(h, name, id);

    if (!place)
        return append(h, name, value, id);
    headers_remove_name(h, name);
    place->name = name;
    place->value = value;
    place->gone = false;
    return true;
}

bool header_name_is_valid(struct slice name)
{
    for (size_t i = 0; i < name.len; i++)
        if (!char_is(name.ptr[i], CHAR_TOKEN))
            return false;
    return name.len > 0;
}

bool header_value_is_valid(struct slice value)
{
    for (size_t at = 0; (at = find_control(value.ptr, at, value.len)) < value.len; at++)
        if (value.ptr[at] != '\t')
            return false;
    return true;
}

unsigned headers_remove(struct headers *h, enum header_id id)
{
    unsigned removed = 0;

    if (!was_added(h, id))
        return 0;
    for (unsigned i = 0; i < h->count; i++)
        if (h->items[i].id == id && !h->items[i].gone) {
            h->items[i].gone = true;
            removed++;
        }
    return removed;
}

unsigned headers_remove_name(struct headers *h, struct slice name)
{
    enum header_id id = header_id_of(name);
    unsigned removed = 0;

    if (id != HEADER_OTHER)
        return headers_remove(h, id);
    for (unsigned i = 0; i < h->count; i++)
        if (!h->items[i].gone && slice_eq_nocase(h->items[i].name, name)) {
            h->items[i].gone = true;
            removed++;
        }
    return removed;
}
