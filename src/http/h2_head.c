/* SPDX-License-Identifier: MIT */
#include "waybill/http/h2_head.h"
#include "chars.h"
#include "h1_scan.h"
#include "waybill/http/target.h"
#include "waybill/http/websocket.h"

enum pseudo { PSEUDO_METHOD, PSEUDO_SCHEME, PSEUDO_PATH, PSEUDO_AUTHORITY, PSEUDO_PROTOCOL, PSEUDO_COUNT };

static const struct slice pseudo_names[PSEUDO_COUNT] = {
    [PSEUDO_METHOD] = {":method", 7},        [PSEUDO_SCHEME] = {":scheme", 7},     [PSEUDO_PATH] = {":path", 5},
    [PSEUDO_AUTHORITY] = {":authority", 10}, [PSEUDO_PROTOCOL] = {":protocol", 9},
};

struct reading {
    struct slice pseudo[PSEUDO_COUNT]; /* empty: it has not come */
    bool regular_seen;
    struct request_head *out;
    struct header *cookie; /* of the first crumb */
    unsigned crumbs;
    size_t crumb_bytes;
    bool has_length;
};

static enum reason take_pseudo(struct reading *reading, const struct header *field)
{
    for (unsigned i = 0; i < PSEUDO_COUNT; i++) {
        if (!slice_eq(field->name, pseudo_names[i]))
            continue;
        if (reading->regular_seen || reading->pseudo[i].len || field->value.len == 0)
            return REASON_BAD_FIELD;
        reading->pseudo[i] = field->value;
        return REASON_NONE;
    }
    return REASON_BAD_FIELD;
}

/* RFC 9113 8.2.1: without it nobody could tell what the name is, in HTTP/1 or in a log. */
static bool name_is_lower(struct slice name)
{
    for (size_t i = 0; i < name.len; i++)
        if (!char_is(name.ptr[i], CHAR_TOKEN) || ascii_lower(name.ptr[i]) != name.ptr[i])
            return false;
    return name.len > 0;
}

static bool value_is_clean(struct slice value)
{
    size_t at = find_control(value.ptr, 0, value.len);

    while (at < value.len && value.ptr[at] == '\t')
        at = find_control(value.ptr, at + 1, value.len);
    return at == value.len;
}

static enum reason take_length(struct reading *reading, struct slice value)
{
    if (reading->has_length || !slice_to_u64(value, INT64_MAX, &reading->out->content_length))
        return REASON_BAD_FRAMING;
    reading->has_length = true;
    return REASON_NONE;
}

/* What a field means beside its name; RFC 9113 8.2.2 names those that HTTP/2 has no use for. */
static enum reason judge_field(struct reading *reading, enum header_id id, struct slice value)
{
    switch ((int)id) {
    case HEADER_CONNECTION:
    case HEADER_KEEP_ALIVE:
    case HEADER_PROXY_CONNECTION:
    case HEADER_UPGRADE:
        return REASON_BAD_FIELD;
    case HEADER_TRANSFER_ENCODING:
        return REASON_BAD_FRAMING;
    case HEADER_TE:
        return slice_eq_nocase(value, SLICE("trailers")) ? REASON_NONE : REASON_BAD_FIELD;
    case HEADER_CONTENT_LENGTH:
        return take_length(reading, value);
    case HEADER_HOST:
        return headers_find(&reading->out->headers, HEADER_HOST) ? REASON_BAD_HOST : REASON_NONE;
    case HEADER_EXPECT:
        reading->out->expect_continue |= slice_list_has(value, SLICE("100-continue"));
        return REASON_NONE;
    default:
        return REASON_NONE;
    }
}

static enum reason add_field(struct reading *reading, struct slice name, enum header_id id, struct slice value)
{
    struct headers *headers = &reading->out->headers;

    if (headers->count == HEADERS_MAX)
        return REASON_HEAD_TOO_LARGE;
    struct header *header = &headers->items[headers->count++];
    *header = (struct header){.name = name, .value = value, .id = (uint16_t)id};
    headers->present |= UINT64_C(1) << id;
    if (id == HEADER_COOKIE)
        reading->cookie = header;
    return REASON_NONE;
}

static enum reason take_regular(struct reading *reading, const struct header *field)
{
    enum header_id id = header_id_of(field->name);
    struct slice value = slice_trim(field->value);
    enum reason reason;

    reading->regular_seen = true;
    if (!name_is_lower(field->name) || !value_is_clean(value))
        return REASON_BAD_FIELD;
    if (id == HEADER_SEC_WEBSOCKET_KEY && reading->pseudo[PSEUDO_PROTOCOL].len)
        return REASON_NONE; /* of no use over HTTP/2 (RFC 8441 5): the server gets another */
    if ((reason = judge_field(reading, id, value)) != REASON_NONE)
        return reason;
    if (id == HEADER_COOKIE) {
        reading->crumb_bytes += value.len + 2;
        if (reading->crumbs++ > 0)
            return REASON_NONE; /* join_crumbs puts it behind the first */
    }
    return add_field(reading, field->name, id, value);
}

/* RFC 9113 8.2.3: HTTP/1 takes one Cookie field. */
static enum reason join_crumbs(struct reading *reading, const struct h2_head *head, struct arena *arena)
{
    char *at, *start = at = arena_bytes(arena, reading->crumb_bytes);

    if (!start)
        return REASON_HEAD_TOO_LARGE;
    for (unsigned i = 0; i < head->count; i++) {
        const struct header *field = &head->fields[i];
        struct slice value = slice_trim(field->value);
        if (!slice_eq(field->name, SLICE("cookie")))
            continue;
        if (at > start) {
            memcpy(at, "; ", 2);
            at += 2;
        }
        if (value.len)
            memcpy(at, value.ptr, value.len);
        at += value.len;
    }
    reading->cookie->value = slice_make(start, (size_t)(at - start));
    return REASON_NONE;
}

static enum reason take_fields(struct reading *reading, const struct h2_head *head, struct arena *arena)
{
    for (unsigned i = 0; i < head->count; i++) {
        const struct header *field = &head->fields[i];
        bool is_pseudo = field->name.len && field->name.ptr[0] == ':';
        enum reason reason = is_pseudo ? take_pseudo(reading, field) : take_regular(reading, field);
        if (reason != REASON_NONE)
            return reason;
    }
    return reading->crumbs > 1 ? join_crumbs(reading, head, arena) : REASON_NONE;
}

/* RFC 8441 4, 5: CONNECT for a WebSocket goes on as the GET that asks for one in HTTP/1 (RFC 6455 4.1): that is what rules, filters,
 * servers and logs know sockets by. */
static enum reason take_protocol(struct reading *reading, struct arena *arena)
{
    struct request_head *out = reading->out;
    char key[WEBSOCKET_KEY_SIZE];
    struct slice copy;

    if (!slice_eq(out->method, SLICE("CONNECT")))
        return REASON_BAD_FIELD;
    if (!slice_eq_nocase(reading->pseudo[PSEUDO_PROTOCOL], SLICE("websocket")))
        return REASON_UNKNOWN_PROTOCOL;
    if (reading->has_length)
        return REASON_BAD_FRAMING;
    websocket_make_key(key);
    copy = arena_copy(arena, slice_of(key));
    if (arena->overflowed || !headers_add_id(&out->headers, HEADER_UPGRADE, SLICE("websocket")) ||
        !headers_add_id(&out->headers, HEADER_SEC_WEBSOCKET_KEY, copy))
        return REASON_HEAD_TOO_LARGE;
    out->method = SLICE("GET");
    out->upgrade = true;
    return REASON_NONE;
}

static enum reason judge_method(struct request_head *out)
{
    const struct method_row *row = method_find(out->method);

    if (!header_name_is_valid(out->method))
        return REASON_BAD_REQUEST_LINE;
    if (!row || !row->forwarded)
        return REASON_UNKNOWN_METHOD;
    out->is_head = slice_eq(out->method, SLICE("HEAD"));
    out->safe_to_repeat = row->safe_to_repeat;
    return REASON_NONE;
}

/* RFC 9113 8.3.1. The scheme decides nothing here: how the client came is known better than it can say. */
static enum reason judge_target(const struct reading *reading, const struct h1_limits *limits)
{
    struct request_head *out = reading->out;
    struct slice scheme = reading->pseudo[PSEUDO_SCHEME], authority;

    if (!slice_eq_nocase(scheme, SLICE("http")) && !slice_eq_nocase(scheme, SLICE("https")))
        return REASON_BAD_TARGET;
    if (out->target.len > limits->target_bytes)
        return REASON_TARGET_TOO_LONG;
    for (size_t i = 0; i < out->target.len; i++)
        if (!char_is(out->target.ptr[i], CHAR_TARGET))
            return REASON_BAD_TARGET;
    if (!target_split(out->target, slice_eq(out->method, SLICE("OPTIONS")), &out->form, &authority, &out->target) ||
        out->form == TARGET_ABSOLUTE)
        return REASON_BAD_TARGET;
    return REASON_NONE;
}

/* RFC 9113 8.3.1: Host may be there instead of :authority, or say the same. */
static enum reason judge_authority(struct reading *reading)
{
    struct request_head *out = reading->out;
    struct slice authority = reading->pseudo[PSEUDO_AUTHORITY];
    struct header *host = headers_find(&out->headers, HEADER_HOST);

    if (host && authority.len && !slice_eq_nocase(host->value, authority))
        return REASON_BAD_HOST;
    out->authority = authority.len ? authority : host ? host->value : SLICE("");
    if (out->authority.len == 0)
        return REASON_MISSING_HOST;
    if (!authority_parse(out->authority, &out->host, &out->port))
        return REASON_BAD_HOST;
    return host ? REASON_NONE : add_field(reading, header_name(HEADER_HOST), HEADER_HOST, out->authority);
}

static enum reason judge_body(const struct reading *reading, bool ended)
{
    struct request_head *out = reading->out;

    out->expect_continue = out->expect_continue && !ended && !out->upgrade;
    if (out->upgrade)
        return REASON_NONE; /* what comes is the tunnel's */
    out->body = reading->has_length ? BODY_LENGTH : ended ? BODY_NONE : BODY_CHUNKED;
    if (ended && out->content_length > 0)
        return REASON_BAD_FRAMING;
    return REASON_NONE;
}

static void begin(struct request_head *out)
{
    out->method = out->target = out->authority = out->host = out->port = SLICE("");
    out->form = TARGET_ORIGIN;
    out->version = HTTP_2;
    out->is_head = out->safe_to_repeat = out->upgrade = out->expect_continue = false;
    out->keep_alive = true;
    out->body = BODY_NONE;
    out->content_length = 0;
    headers_clear(&out->headers);
}

enum reason h2_read_request(const struct h2_head *head, bool ended, const struct h1_limits *limits, struct arena *arena,
                            struct request_head *out)
{
    struct reading reading = {.out = out};
    enum reason reason;

    begin(out);
    if (head->too_large)
        return REASON_HEAD_TOO_LARGE;
    reason = take_fields(&reading, head, arena);
    out->method = reading.pseudo[PSEUDO_METHOD].ptr ? reading.pseudo[PSEUDO_METHOD] : SLICE("");
    out->target = reading.pseudo[PSEUDO_PATH].ptr ? reading.pseudo[PSEUDO_PATH] : SLICE("");
    if (reason == REASON_NONE && reading.pseudo[PSEUDO_PROTOCOL].len)
        reason = take_protocol(&reading, arena);
    if (reason != REASON_NONE || (reason = judge_method(out)) != REASON_NONE)
        return reason;
    if ((reason = judge_target(&reading, limits)) != REASON_NONE || (reason = judge_authority(&reading)) != REASON_NONE)
        return reason;
    return judge_body(&reading, ended);
}

void h2_read_trailers(const struct h2_head *trailers, struct headers *out)
{
    for (unsigned i = 0; i < trailers->count; i++) {
        const struct header *field = &trailers->fields[i];
        if (name_is_lower(field->name) && value_is_clean(field->value) && header_trailer_allowed(field->name))
            headers_add(out, field->name, slice_trim(field->value));
    }
}
