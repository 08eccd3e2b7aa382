/* SPDX-License-Identifier: MIT */
#include "explain_query.h"
#include "waybill/base/text.h"

/* The question as it is read, parameter by parameter. */
struct reading {
    struct arena *arena;
    struct explain_query *out;
    struct slice url, method, host; /* `host`: of a Host field that was given */
    struct text fields;
    const char *problem;
};

static void fail(struct reading *reading, const char *problem)
{
    if (!reading->problem)
        reading->problem = problem;
}

/* `+` and %XX as forms have them. */
static struct slice decode(struct reading *reading, struct slice text)
{
    char *out = arena_bytes(reading->arena, text.len + 1);
    size_t len = 0;

    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (c == '%') {
            int high = i + 2 < text.len ? ascii_hex(text.ptr[i + 1]) : -1;
            int low = i + 2 < text.len ? ascii_hex(text.ptr[i + 2]) : -1;
            if (high < 0 || low < 0)
                fail(reading, "a % in the question is not followed by two hexadecimal digits: write %25 for a percent sign");
            c = (char)(high * 16 + low);
            i += 2;
        }
        out[len++] = c == '+' && text.ptr[i] == '+' ? ' ' : c;
    }
    return slice_make(out, len);
}

static bool has_control(struct slice text)
{
    for (size_t i = 0; i < text.len; i++)
        if ((unsigned char)text.ptr[i] < ' ' || text.ptr[i] == 0x7f)
            return true;
    return false;
}

static void take_url(struct reading *reading, struct slice value)
{
    if (reading->url.len)
        fail(reading, "url is given twice: ask about one at a time");
    reading->url = value;
}

static void take_method(struct reading *reading, struct slice value)
{
    if (value.len == 0 || has_control(value) || slice_find(value, ' ') < value.len)
        fail(reading, "method is not one: write GET, POST, ...");
    reading->method = value;
}

static void take_header(struct reading *reading, struct slice value)
{
    size_t colon = slice_find(value, ':');
    struct slice name = slice_trim(slice_head(value, colon)), content = slice_trim(slice_from(value, colon + 1));

    if (colon == value.len || name.len == 0 || has_control(value)) {
        fail(reading, "header is not a field: write header=Name:value, each byte of it printable");
    } else if (slice_eq_nocase(name, SLICE("Host"))) {
        reading->host = content;
    } else {
        text_add(&reading->fields, name);
        text_add(&reading->fields, SLICE(": "));
        text_add(&reading->fields, content);
        text_add(&reading->fields, SLICE("\r\n"));
    }
}

static void take_entrypoint(struct reading *reading, struct slice value)
{
    reading->out->entrypoint = value;
}

static void take_client(struct reading *reading, struct slice value)
{
    reading->out->has_client = address_parse(value, 0, &reading->out->client);
    if (!reading->out->has_client)
        fail(reading, "client is not an IP address: write it like 192.168.1.7 or ::1");
}

static void take_format(struct reading *reading, struct slice value)
{
    if (!slice_eq(value, SLICE("text")) && !slice_eq(value, SLICE("json")))
        fail(reading, "format is text or json");
}

static const struct {
    const char *name;
    void (*take)(struct reading *reading, struct slice value);
} parameters[] = {
    {"url", take_url},       {"method", take_method}, {"header", take_header}, {"entrypoint", take_entrypoint},
    {"client", take_client}, {"format", take_format},
};

static void take_pair(struct reading *reading, struct slice pair)
{
    size_t equals = slice_find(pair, '=');
    struct slice name = slice_head(pair, equals), value = decode(reading, slice_from(pair, equals + 1));

    for (size_t i = 0; i < WB_COUNT(parameters); i++) {
        if (slice_eq(name, slice_of(parameters[i].name))) {
            parameters[i].take(reading, value);
            return;
        }
    }
    fail(reading, "unknown parameter: there are url, method, header, entrypoint, client and format; a & within the url is "
                  "written %26");
}

static bool cut_scheme(struct reading *reading, struct slice *url)
{
    static const struct {
        struct slice text;
        bool is_https;
    } schemes[] = {{{"http://", 7}, false}, {{"https://", 8}, true}};

    for (size_t i = 0; i < WB_COUNT(schemes); i++) {
        if (slice_starts_nocase(*url, schemes[i].text)) {
            *url = slice_from(*url, schemes[i].text.len);
            reading->out->is_https = schemes[i].is_https;
            return true;
        }
    }
    return memmem(url->ptr, slice_find(*url, '?'), "://", 3) == NULL;
}

/* As a browser sends it: what cannot stand in a request line is percent-encoded. */
static void add_target(struct text *head, struct slice target)
{
    if (target.len == 0 || target.ptr[0] != '/')
        text_add_char(head, '/');
    for (size_t i = 0; i < target.len; i++) {
        unsigned char c = (unsigned char)target.ptr[i];
        if (c <= ' ' || c >= 0x7f)
            text_addf(head, "%%%02X", (unsigned)c);
        else
            text_add_char(head, (char)c);
    }
}

static void compose(struct reading *reading)
{
    struct slice url = slice_head(reading->url, slice_find(reading->url, '#')); /* no client sends that */
    struct text head = TEXT_EMPTY;
    size_t end = 0;

    if (!cut_scheme(reading, &url))
        fail(reading, "url has a scheme that is neither http nor https");
    while (end < url.len && url.ptr[end] != '/' && url.ptr[end] != '?')
        end++;
    struct slice authority = slice_head(url, end);
    if (authority.len == 0)
        fail(reading, "url has no host: write http://host/path or host/path");
    if (has_control(authority))
        fail(reading, "url has a host with bytes that no host has");
    if (reading->problem)
        return;
    text_add(&head, reading->method.len ? reading->method : SLICE("GET"));
    text_add_char(&head, ' ');
    add_target(&head, slice_from(url, end));
    text_add(&head, SLICE(" HTTP/1.1\r\nHost: "));
    text_add(&head, reading->host.len ? reading->host : authority);
    text_add(&head, SLICE("\r\n"));
    text_add(&head, text_slice(&reading->fields));
    text_add(&head, SLICE("\r\n"));
    reading->out->head = arena_copy(reading->arena, text_slice(&head));
    text_fini(&head);
}

const char *explain_query_read(struct arena *arena, struct slice query, struct explain_query *out)
{
    struct reading reading = {.arena = arena, .out = out, .url = SLICE(""), .method = SLICE(""), .host = SLICE("")};
    struct slice pair;

    *out = (struct explain_query){.entrypoint = SLICE("")};
    while (!reading.problem && slice_cut(&query, '&', &pair))
        if (pair.len)
            take_pair(&reading, pair);
    if (reading.url.len == 0)
        fail(&reading, "url is missing: ask /api/explain?url=http://host/path");
    if (!reading.problem)
        compose(&reading);
    text_fini(&reading.fields);
    return reading.problem;
}
