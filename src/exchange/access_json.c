/* SPDX-License-Identifier: MIT */
/* The JSON format (spec/api-json.md 6.2): an object a line, its keys in order. */
#include "access_private.h"
#include "waybill/base/clock.h"
#include <stdio.h>
#include <stdlib.h>

/* `"BackendAddr":`, in whole words, so that copying one is a few stores of a length that is known. */
struct key {
    char text[32];
    size_t len;
};

#define ACCESS_FIELD_KEY(id, name) [ACCESS_##id] = {"\"" name "\":", sizeof(name) + 2},
static const struct key keys[ACCESS_FIELD_COUNT] = {ACCESS_FIELDS(ACCESS_FIELD_KEY)};

/* The parts of a server's URL, or of the request's where a filter has answered it. */
struct url_parts {
    struct slice scheme, host, path, query;
};

/* What the values of one line are taken from. */
struct source {
    const struct access_facts *facts;
    struct url_parts url;
    char fraction[10]; /* of the second it began in: a point and digits, or nothing */
    size_t fraction_len;
};

static struct url_parts url_of(const struct access_facts *facts)
{
    const struct exchange *x = facts->exchange;
    struct url_parts parts = {SLICE(""), SLICE(""), x->target.raw_path, x->target.query};

    if (!facts->note->local) {
        struct slice url = slice_of(x->server_url);
        parts.scheme = slice_head(url, slice_find(url, ':'));
        url = slice_from(url, parts.scheme.len + sizeof "://" - 1);
        parts.host = slice_head(url, slice_find(url, '/'));
        parts.path = slice_from(url, parts.host.len);
        parts.query = SLICE("");
    }
    return parts;
}

/* As Go shortens it: without zeros at the end. */
static size_t spell_fraction(uint64_t wall_ns, char out[10])
{
    uint64_t rest = wall_ns % 1000000000u;
    size_t len = 10;

    out[0] = '.';
    for (size_t i = len; --i > 0; rest /= 10)
        out[i] = (char)('0' + rest % 10);
    while (len > 1 && out[len - 1] == '0')
        len--;
    return len > 1 ? len : 0;
}

static char *put_string(char *at, struct slice value)
{
    return pen_char(pen_json(pen_char(at, '"'), value), '"');
}

/* "-" where there is none. */
static char *put_string_or_dash(char *at, struct slice value)
{
    return put_string(at, value.len ? value : SLICE("-"));
}

static char *put_number_string(char *at, uint64_t number)
{
    return pen_char(pen_u64(pen_char(at, '"'), number), '"');
}

static char *put_status_line(char *at, unsigned status)
{
    at = pen_u64(pen_char(at, '"'), status);
    return pen_char(pen_slice(pen_char(at, ' '), slice_of(status_phrase(status))), '"');
}

/* Under the names that v1.7's library has. */
static char *put_url(char *at, const struct url_parts *url)
{
    at = put_string(PEN_LITERAL(at, "{\"Scheme\":"), url->scheme);
    at = put_string(PEN_LITERAL(at, ",\"Opaque\":\"\",\"User\":null,\"Host\":"), url->host);
    at = put_string(PEN_LITERAL(at, ",\"Path\":"), url->path);
    at = PEN_LITERAL(at, ",\"RawPath\":\"\",\"OmitHost\":false,\"ForceQuery\":false,\"RawQuery\":");
    return PEN_LITERAL(put_string(at, url->query), ",\"Fragment\":\"\",\"RawFragment\":\"\"}");
}

static char *put_time(char *at, const char *seconds, struct slice fraction, const char *zone)
{
    at = pen_slice(pen_char(at, '"'), slice_of(seconds));
    at = pen_slice(at, fraction);
    return pen_char(pen_slice(at, slice_of(zone)), '"');
}

/* The shortest number that reads back as the same. */
static char *put_ratio(char *at, double ratio)
{
    char digits[40];

    for (int precision = 1; precision <= 17; precision++) {
        snprintf(digits, sizeof digits, "%.*g", precision, ratio);
        if (strtod(digits, NULL) == ratio)
            break;
    }
    return pen_slice(at, slice_of(digits));
}

static uint64_t origin_ns(const struct access_facts *facts)
{
    return facts->note->origin_began_ns ? facts->now_ns - facts->note->origin_began_ns : facts->duration_ns;
}

static char *put_client_address(char *at, const struct access_facts *facts)
{
    const struct address *peer = &facts->exchange->peer;

    at = peer->is_v6 ? PEN_LITERAL(at, "\"[") : pen_char(at, '"');
    at = pen_slice(at, facts->peer);
    at = peer->is_v6 ? PEN_LITERAL(at, "]:") : pen_char(at, ':');
    return pen_char(pen_u64(at, peer->port), '"');
}

static char *put_request_line(char *at, const struct access_facts *facts)
{
    const struct request_head *request = &facts->exchange->request;

    at = pen_json(pen_char(at, '"'), request->method);
    at = pen_json(pen_char(at, ' '), request->target);
    return pen_char(pen_slice(pen_char(at, ' '), facts->protocol), '"');
}

/* Of who asks. */
static char *put_of_request(char *at, enum access_field field, const struct access_facts *facts)
{
    const struct exchange *x = facts->exchange;
    const struct request_head *request = &x->request;

    switch ((int)field) {
    case ACCESS_CLIENT_ADDR:
        return put_client_address(at, facts);
    case ACCESS_CLIENT_HOST:
        return put_string(at, facts->client);
    case ACCESS_CLIENT_PORT:
        return put_number_string(at, x->peer.port);
    case ACCESS_CLIENT_USERNAME:
        return put_string_or_dash(at, x->user);
    case ACCESS_REQUEST_ADDR:
        return put_string(at, request->authority);
    case ACCESS_REQUEST_CONTENT_SIZE:
        return pen_u64(at, facts->note->request_bytes);
    case ACCESS_REQUEST_COUNT:
        return pen_u64(at, facts->number);
    case ACCESS_REQUEST_HOST:
        return put_string(at, request->host);
    case ACCESS_REQUEST_LINE:
        return put_request_line(at, facts);
    case ACCESS_REQUEST_METHOD:
        return put_string(at, request->method);
    case ACCESS_REQUEST_PATH:
        return put_string(at, request->target);
    case ACCESS_REQUEST_PORT:
        return put_string_or_dash(at, request->port);
    case ACCESS_REQUEST_PROTOCOL:
        return put_string(at, facts->protocol);
    default:
        WB_UNREACHABLE();
    }
}

/* Of what came of it. */
static char *put_value(char *at, enum access_field field, const struct source *source)
{
    const struct access_facts *facts = source->facts;
    const struct exchange *x = facts->exchange;
    struct slice fraction = slice_make(source->fraction, source->fraction_len);

    switch ((int)field) {
    case ACCESS_BACKEND_ADDR:
        return put_string(at, source->url.host);
    case ACCESS_BACKEND_NAME:
        return put_string(at, facts->note->local ? SLICE("Traefik") : facts->note->backend_name);
    case ACCESS_BACKEND_URL:
        return put_url(at, &source->url);
    case ACCESS_DOWNSTREAM_CONTENT_SIZE:
        return pen_u64(at, x->answer_bytes);
    case ACCESS_DOWNSTREAM_STATUS:
        return pen_u64(at, x->status);
    case ACCESS_DOWNSTREAM_STATUS_LINE:
        return put_status_line(at, x->status);
    case ACCESS_DURATION:
        return pen_u64(at, facts->duration_ns);
    case ACCESS_FRONTEND_NAME:
        return put_string(at, x->frontend_name);
    case ACCESS_GZIP_RATIO:
        return put_ratio(at, (double)access_origin_bytes(facts) / (double)x->answer_bytes);
    case ACCESS_ORIGIN_CONTENT_SIZE:
        return pen_u64(at, access_origin_bytes(facts));
    case ACCESS_ORIGIN_DURATION:
        return pen_u64(at, origin_ns(facts));
    case ACCESS_ORIGIN_STATUS:
        return pen_u64(at, access_origin_status(facts));
    case ACCESS_ORIGIN_STATUS_LINE:
        return put_status_line(at, access_origin_status(facts));
    case ACCESS_OVERHEAD:
        return pen_u64(at, facts->duration_ns - (access_has_origin(facts) ? origin_ns(facts) : 0));
    case ACCESS_RETRY_ATTEMPTS:
        return pen_u64(at, x->attempts > 1 ? x->attempts - 1 : 0);
    case ACCESS_START_LOCAL:
        return put_time(at, facts->stamp->local, fraction, facts->stamp->zone);
    case ACCESS_START_UTC:
        return put_time(at, facts->stamp->utc, fraction, "Z");
    default:
        return put_of_request(at, field, facts);
    }
}

#define FIELD(id) (UINT64_C(1) << ACCESS_##id)

/* A bit for each field that is wanted and known. */
static uint64_t shown_fields(const struct access_facts *facts)
{
    const struct exchange *x = facts->exchange;
    uint64_t unknown = 0;

    if (!access_has_origin(facts))
        unknown |= FIELD(BACKEND_NAME) | FIELD(BACKEND_URL) | FIELD(ORIGIN_CONTENT_SIZE) | FIELD(ORIGIN_DURATION) |
                   FIELD(ORIGIN_STATUS) | FIELD(ORIGIN_STATUS_LINE) | FIELD(GZIP_RATIO);
    if (!facts->note->local && !x->server_url[0]) /* of our own answers it is empty, as in v1.7 */
        unknown |= FIELD(BACKEND_ADDR);
    if (x->frontend_name.len == 0)
        unknown |= FIELD(FRONTEND_NAME);
    if (x->answer_bytes == 0 || access_origin_bytes(facts) == x->answer_bytes)
        unknown |= FIELD(GZIP_RATIO);
    return facts->rules->kept & ~unknown & (((uint64_t)1 << ACCESS_FIELD_COUNT) - 1);
}

/* What fields take at most: keys, numbers, times and what is between them, and texts as often as they come. */
static size_t most_bytes(const struct source *source)
{
    const struct exchange *x = source->facts->exchange;
    const struct request_head *request = &x->request;
    const struct url_parts *url = &source->url;
    size_t texts = source->facts->client.len + x->user.len + request->authority.len + request->host.len + request->port.len +
                   2 * (request->method.len + request->target.len) + url->scheme.len + 2 * url->host.len + url->path.len +
                   url->query.len + source->facts->note->backend_name.len + x->frontend_name.len;

    return ACCESS_FIELD_COUNT * (sizeof keys->text + 48) + 512 + PEN_JSON_MAX * texts;
}

static char *put_fields(char *at, const struct source *source)
{
    for (uint64_t shown = shown_fields(source->facts); shown; shown &= shown - 1) {
        enum access_field field = (enum access_field)__builtin_ctzll(shown);
        memcpy(at, keys[field].text, sizeof keys[field].text);
        at = pen_char(put_value(at + keys[field].len, field, source), ',');
    }
    return at;
}

static void add_fields(struct text *line, const struct access_facts *facts)
{
    struct source source = {.facts = facts, .url = url_of(facts)};

    source.fraction_len = spell_fraction(facts->start_wall_ns, source.fraction);
    text_end(line, put_fields(pen_char(text_room(line, most_bytes(&source)), '{'), &source));
}

/* Now; most requests end in the second they begin in. */
static void add_time_of_line(struct text *line, const struct access_facts *facts)
{
    uint64_t now_ns = facts->start_wall_ns + facts->duration_ns;
    char now[CLOCK_RFC3339_SIZE], *at = PEN_LITERAL(text_room(line, 64), "\"time\":");

    if (now_ns / 1000000000u == facts->stamp->second) {
        at = put_time(at, facts->stamp->utc, SLICE(""), "Z");
    } else {
        clock_rfc3339(now_ns, now);
        at = put_string(at, slice_of(now));
    }
    text_end(line, PEN_LITERAL(at, "}\n"));
}

void access_json_add(struct text *line, const struct access_facts *facts)
{
    struct slice noted = text_slice(&facts->note->fields);

    add_fields(line, facts);
    text_add(line, slice_from(noted, facts->note->origin_fields_len));
    text_add(line, SLICE("\"level\":\"info\",\"msg\":\"\","));
    text_add(line, slice_head(noted, facts->note->origin_fields_len));
    access_headers_add(line, facts->rules, SLICE("request_"), &facts->exchange->request.headers);
    add_time_of_line(line, facts);
}
