/* SPDX-License-Identifier: MIT */
#include "waybill/http/websocket.h"
#include "waybill/base/base64.h"
#include "waybill/base/digest.h"

enum { KEY_BYTES = 16, KEY_CHARS = WEBSOCKET_KEY_SIZE - 1 /* in base64 */ };

bool websocket_is_wanted(struct slice upgrade)
{
    return slice_list_has(upgrade, SLICE("websocket"));
}

void websocket_make_key(char out[WEBSOCKET_KEY_SIZE])
{
    char bytes[KEY_BYTES];

    digest_random(bytes, sizeof bytes);
    base64_encode(slice_make(bytes, sizeof bytes), out);
}

/* The one field of that name; none, or a second one, is as good as none. */
static struct slice value_of_one(const struct headers *headers, enum header_id id)
{
    const struct header *found = NULL;

    for (unsigned i = 0; i < headers->count; i++) {
        const struct header *header = &headers->items[i];
        if (header->id != id || header->gone)
            continue;
        if (found)
            return SLICE("");
        found = header;
    }
    return found ? found->value : SLICE("");
}

static bool is_base64(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '/';
}

/* 22 characters hold 132 bits: the last four are of no account, and not every client clears them. */
static bool key_is_valid(struct slice key)
{
    if (key.len != KEY_CHARS || !slice_ends(key, SLICE("==")))
        return false;
    for (size_t i = 0; i < KEY_CHARS - 2; i++)
        if (!is_base64(key.ptr[i]))
            return false;
    return true;
}

bool websocket_request_is_valid(struct slice method, const struct headers *request)
{
    return slice_eq(method, SLICE("GET")) && slice_eq(value_of_one(request, HEADER_SEC_WEBSOCKET_VERSION), SLICE("13")) &&
           key_is_valid(value_of_one(request, HEADER_SEC_WEBSOCKET_KEY));
}

/* RFC 6455 4.2.2 5.4: the key with this behind it, hashed. */
static void make_accept(struct slice key, char out[BASE64_SIZE(DIGEST_SHA1_BYTES)])
{
    static const char known[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    char text[KEY_CHARS + sizeof known - 1];
    unsigned char digest[DIGEST_SHA1_BYTES];

    memcpy(text, key.ptr, KEY_CHARS);
    memcpy(text + KEY_CHARS, known, sizeof known - 1);
    digest_sha1(slice_make(text, sizeof text), digest);
    base64_encode(slice_make((const char *)digest, sizeof digest), out);
}

bool websocket_answer_is_valid(const struct headers *request, const struct headers *answer)
{
    struct slice key = value_of_one(request, HEADER_SEC_WEBSOCKET_KEY);
    char wanted[BASE64_SIZE(DIGEST_SHA1_BYTES)];

    if (key.len != KEY_CHARS || !slice_list_has(headers_value(answer, HEADER_UPGRADE), SLICE("websocket")))
        return false;
    make_accept(key, wanted);
    return slice_eq(value_of_one(answer, HEADER_SEC_WEBSOCKET_ACCEPT), slice_of(wanted));
}
