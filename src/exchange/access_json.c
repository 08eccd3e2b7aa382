/* SPDX-License-Identifier: MIT */
/* The JSON format (spec/api-json.md 6.2): an object a line, its keys in order. */
#include "access_private.h"
#include "waybill/base/clock.h"
#include <stdio.h>
#include <stdlib.h>

enum { USUAL_HEADER_BYTES = 64 };

static void add_string(struct text *line, struct slice value)
{
    text_add_char(line, '"');
    text_add_json(line, value);
    text_add_char(line, '"');
}

/* "-" where there is none. */
static void add_string_or_dash(struct text *line, struct slice value)
{
    add_string(line, value.len ? value : SLICE("-"));
}

static void add_status_line(struct text *line, unsigned status)
{
    text_add_char(line, '"');
    text_add_u64(line, status);
    text_add_char(line, ' ');
    text_add(line, slice_of(status_phrase(status)));
    text_add_char(line, '"');
}

/* The parts of a server's URL, or of the request's where a filter has answered it, under the names that v1.7's library has. */
static void add_url(struct text *line, const struct access_facts *facts)
{
    const struct exchange *x = facts->exchange;
    struct slice url = slice_of(x->server_url), scheme = SLICE(""), host = SLICE(""), path = x->target.raw_path,
                 query = x->target.query;

    if (!facts->note->local) {
        scheme = slice_head(url, slice_find(url, ':'));
        url = slice_from(url, scheme.len + sizeof "://" - 1);
        host = slice_head(url, slice_find(url, '/'));
        path = slice_from(url, host.len);
        query = SLICE("");
    }
    text_add(line, SLICE("{\"Scheme\":"));
    add_string(line, scheme);
    text_add(line, SLICE(",\"Opaque\":\"\",\"User\":null,\"Host\":"));
    add_string(line, host);
    text_add(line, SLICE(",\"Path\":"));
    add_string(line, path);
    text_add(line, SLICE(",\"RawPath\":\"\",\"OmitHost\":false,\"ForceQuery\":false,\"RawQuery\":"));
    add_string(line, query);
    text_add(line, SLICE(",\"Fragment\":\"\",\"RawFragment\":\"\"}"));
}

static struct slice server_host(const struct exchange *x)
{
    struct slice url = slice_of(x->server_url);
    struct slice behind = slice_from(url, slice_find(url, ':') + sizeof "://" - 1);

    return slice_head(behind, slice_find(behind, '/'));
}

/* As Go shortens it: without zeros at the end of the fraction. */
static void add_time(struct text *line, const char *seconds, uint64_t wall_ns, const char *zone)
{
    enum { DIGITS = 9 };
    char fraction[DIGITS + 1] = ".";
    uint64_t rest = wall_ns % 1000000000u;
    size_t len = sizeof fraction;

    for (size_t i = DIGITS; i > 0; i--, rest /= 10)
        fraction[i] = (char)('0' + rest % 10);
    while (len > 1 && fraction[len - 1] == '0')
        len--;
    text_add_char(line, '"');
    text_add(line, slice_of(seconds));
    text_add(line, slice_make(fraction, len > 1 ? len : 0));
    text_add(line, slice_of(zone));
    text_add_char(line, '"');
}

/* The shortest number that reads back as the same. */
static void add_ratio(struct text *line, double ratio)
{
    char digits[40];

    for (int precision = 1; precision <= 17; precision++) {
        snprintf(digits, sizeof digits, "%.*g", precision, ratio);
        if (strtod(digits, NULL) == ratio)
            break;
    }
    text_add(line, slice_of(digits));
}

static uint64_t origin_ns(const struct access_facts *facts)
{
    return facts->note->origin_began_ns ? facts->now_ns - facts->note->origin_began_ns : facts->duration_ns;
}

/* Of who asks. */
static void add_of_request(struct text *line, enum access_field field, const struct access_facts *facts)
{
    const struct exchange *x = facts->exchange;
    const struct request_head *request = &x->request;

    switch ((int)field) {
    case ACCESS_CLIENT_ADDR:
        text_add(line, x->peer.is_v6 ? SLICE("\"[") : SLICE("\""));
        text_add(line, facts->peer);
        text_add(line, x->peer.is_v6 ? SLICE("]:") : SLICE(":"));
        text_add_u64(line, x->peer.port);
        text_add_char(line, '"');
        break;
    case ACCESS_CLIENT_HOST:
        add_string(line, facts->client);
        break;
    case ACCESS_CLIENT_PORT:
        text_add_char(line, '"');
        text_add_u64(line, x->peer.port);
        text_add_char(line, '"');
        break;
    case ACCESS_CLIENT_USERNAME:
        add_string_or_dash(line, x->user);
        break;
    case ACCESS_REQUEST_ADDR:
        add_string(line, request->authority);
        break;
    case ACCESS_REQUEST_CONTENT_SIZE:
        text_add_u64(line, facts->note->request_bytes);
        break;
    case ACCESS_REQUEST_COUNT:
        text_add_u64(line, facts->number);
        break;
    case ACCESS_REQUEST_HOST:
        add_string(line, request->host);
        break;
    case ACCESS_REQUEST_LINE:
        text_add_char(line, '"');
        text_add_json(line, request->method);
        text_add_char(line, ' ');
        text_add_json(line, request->target);
        text_add_char(line, ' ');
        text_add(line, slice_of(facts->protocol));
        text_add_char(line, '"');
        break;
    case ACCESS_REQUEST_METHOD:
        add_string(line, request->method);
        break;
    case ACCESS_REQUEST_PATH:
        add_string(line, request->target);
        break;
    case ACCESS_REQUEST_PORT:
        add_string_or_dash(line, request->port);
        break;
    case ACCESS_REQUEST_PROTOCOL:
        add_string(line, slice_of(facts->protocol));
        break;
    default:
        WB_UNREACHABLE();
    }
}

/* Of what came of it. */
static void add_of_answer(struct text *line, enum access_field field, const struct access_facts *facts)
{
    const struct exchange *x = facts->exchange;

    switch ((int)field) {
    case ACCESS_BACKEND_ADDR:
        add_string(line, facts->note->local ? SLICE("") : server_host(x)); /* as v1.7 has it of its own answers */
        break;
    case ACCESS_BACKEND_NAME:
        add_string(line, facts->note->local ? SLICE("Traefik") : facts->note->backend_name);
        break;
    case ACCESS_BACKEND_URL:
        add_url(line, facts);
        break;
    case ACCESS_DOWNSTREAM_CONTENT_SIZE:
        text_add_u64(line, x->answer_bytes);
        break;
    case ACCESS_DOWNSTREAM_STATUS:
        text_add_u64(line, x->status);
        break;
    case ACCESS_DOWNSTREAM_STATUS_LINE:
        add_status_line(line, x->status);
        break;
    case ACCESS_DURATION:
        text_add_u64(line, facts->duration_ns);
        break;
    case ACCESS_FRONTEND_NAME:
        add_string(line, x->frontend_name);
        break;
    case ACCESS_GZIP_RATIO:
        add_ratio(line, (double)access_origin_bytes(facts) / (double)x->answer_bytes);
        break;
    case ACCESS_ORIGIN_CONTENT_SIZE:
        text_add_u64(line, access_origin_bytes(facts));
        break;
    case ACCESS_ORIGIN_DURATION:
        text_add_u64(line, origin_ns(facts));
        break;
    case ACCESS_ORIGIN_STATUS:
        text_add_u64(line, access_origin_status(facts));
        break;
    case ACCESS_ORIGIN_STATUS_LINE:
        add_status_line(line, access_origin_status(facts));
        break;
    case ACCESS_OVERHEAD:
        text_add_u64(line, facts->duration_ns - (access_has_origin(facts) ? origin_ns(facts) : 0));
        break;
    case ACCESS_RETRY_ATTEMPTS:
        text_add_u64(line, x->attempts > 1 ? x->attempts - 1 : 0);
        break;
    case ACCESS_START_LOCAL:
        add_time(line, facts->stamp->local, facts->start_wall_ns, facts->stamp->zone);
        break;
    case ACCESS_START_UTC:
        add_time(line, facts->stamp->utc, facts->start_wall_ns, "Z");
        break;
    default:
        add_of_request(line, field, facts);
    }
}

static bool is_known(enum access_field field, const struct access_facts *facts)
{
    const struct exchange *x = facts->exchange;

    switch ((int)field) {
    case ACCESS_BACKEND_ADDR:
        return facts->note->local || x->server_url[0];
    case ACCESS_BACKEND_NAME:
    case ACCESS_BACKEND_URL:
    case ACCESS_ORIGIN_CONTENT_SIZE:
    case ACCESS_ORIGIN_DURATION:
    case ACCESS_ORIGIN_STATUS:
    case ACCESS_ORIGIN_STATUS_LINE:
        return access_has_origin(facts);
    case ACCESS_FRONTEND_NAME:
        return x->frontend_name.len > 0;
    case ACCESS_GZIP_RATIO:
        return access_has_origin(facts) && x->answer_bytes && access_origin_bytes(facts) != x->answer_bytes;
    default:
        return true;
    }
}

/* Now; most requests end in the second they begin in. */
static void add_time_of_line(struct text *line, const struct access_facts *facts)
{
    uint64_t now_ns = facts->start_wall_ns + facts->duration_ns;
    char now[CLOCK_RFC3339_SIZE];

    text_add(line, SLICE("\"time\":"));
    if (now_ns / 1000000000u == facts->stamp->second) {
        add_time(line, facts->stamp->utc, 0, "Z");
        return;
    }
    clock_rfc3339(now_ns, now);
    add_string(line, slice_of(now));
}

void access_json_add(struct text *line, const struct access_facts *facts)
{
    text_add_char(line, '{');
    for (enum access_field field = 0; field < ACCESS_FIELD_COUNT; field++) {
        if (!access_keeps(facts->rules, field) || !is_known(field, facts))
            continue;
        text_add_char(line, '"');
        text_add(line, slice_of(access_field_name(field)));
        text_add(line, SLICE("\":"));
        add_of_answer(line, field, facts);
        text_add_char(line, ',');
    }
    text_add(line, text_slice(&facts->note->answer_fields));
    text_add(line, SLICE("\"level\":\"info\",\"msg\":\"\","));
    text_add(line, text_slice(&facts->note->origin_fields));
    access_json_add_headers(line, facts->rules, "request_", &facts->exchange->request.headers);
    add_time_of_line(line, facts);
    text_add(line, SLICE("}\n"));
}

/* As Go spells it: a capital in front and behind each dash. */
static char canonical(struct slice name, size_t at)
{
    char c = name.ptr[at];

    if (at == 0 || name.ptr[at - 1] == '-')
        return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
    return ascii_lower(c);
}

static int compare_names(struct slice one, struct slice other)
{
    size_t at = 0;

    while (at < one.len && at < other.len && canonical(one, at) == canonical(other, at))
        at++;
    if (at < one.len && at < other.len)
        return (unsigned char)canonical(one, at) < (unsigned char)canonical(other, at) ? -1 : 1;
    return one.len < other.len ? -1 : one.len > other.len;
}

/* Host is RequestHost, and was never a header to v1.7. The first of a name stands for all. */
static unsigned sort_headers(const struct headers *headers, const struct header *out_sorted[HEADERS_MAX])
{
    unsigned count = 0;

    for (unsigned i = 0; i < headers->count; i++) {
        const struct header *header = &headers->items[i];
        unsigned at = count;
        if (header->gone || header->id == HEADER_HOST)
            continue;
        while (at > 0 && compare_names(header->name, out_sorted[at - 1]->name) < 0)
            at--;
        if (at > 0 && compare_names(header->name, out_sorted[at - 1]->name) == 0)
            continue;
        memmove(&out_sorted[at + 1], &out_sorted[at], (count - at) * sizeof *out_sorted);
        out_sorted[at] = header;
        count++;
    }
    return count;
}

void access_json_add_headers(struct text *out, const struct access_rules *rules, const char *prefix,
                             const struct headers *headers)
{
    const struct header *sorted[HEADERS_MAX];
    unsigned count = sort_headers(headers, sorted);

    text_reserve(out, count * USUAL_HEADER_BYTES);

    for (unsigned i = 0; i < count; i++) {
        enum header_mode mode = access_header_mode(rules, sorted[i]->name);
        if (mode == HEADER_DROP)
            continue;
        text_add_char(out, '"');
        text_add(out, slice_of(prefix));
        for (size_t at = 0; at < sorted[i]->name.len; at++)
            text_add_char(out, canonical(sorted[i]->name, at));
        text_add(out, SLICE("\":"));
        add_string(out, mode == HEADER_REDACT ? SLICE("REDACTED") : sorted[i]->value);
        text_add_char(out, ',');
    }
}
