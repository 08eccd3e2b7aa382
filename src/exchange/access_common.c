/* SPDX-License-Identifier: MIT */
/* The common format (spec/api-json.md 6.1), in which a field that is left out is a dash. */
#include "access_private.h"

/* With a blank behind it. Nothing of it needs to be escaped. */
static void add_plain(struct text *line, const struct access_facts *facts, enum access_field field, struct slice value)
{
    text_add(line, value.len && access_keeps(facts->rules, field) ? value : SLICE("-"));
    text_add_char(line, ' ');
}

static void add_text(struct text *line, const struct access_facts *facts, enum access_field field, struct slice value)
{
    if (value.len && access_keeps(facts->rules, field))
        text_add_escaped(line, value);
    else
        text_add_char(line, '-');
    text_add_char(line, ' ');
}

static void add_number(struct text *line, const struct access_facts *facts, enum access_field field, uint64_t value)
{
    if (access_keeps(facts->rules, field))
        text_add_u64(line, value);
    else
        text_add_char(line, '-');
    text_add_char(line, ' ');
}

static void add_quoted(struct text *line, struct slice value)
{
    if (value.len == 1 && value.ptr[0] == '-') {
        text_add(line, SLICE("\"-\" "));
        return;
    }
    text_add_char(line, '"');
    text_add_escaped(line, value);
    text_add(line, SLICE("\" "));
}

/* What is not there is a bare dash, of a name or a URL, and one in quotes, of a header. */
static void add_name(struct text *line, const struct access_facts *facts, enum access_field field, struct slice value)
{
    if (value.len && access_keeps(facts->rules, field))
        add_quoted(line, value);
    else
        text_add(line, SLICE("- "));
}

static void add_header(struct text *line, enum header_mode mode, struct slice value)
{
    if (value.len == 0 || mode == HEADER_DROP)
        value = SLICE("-");
    else if (mode == HEADER_REDACT)
        value = SLICE("REDACTED");
    add_quoted(line, value);
}

static void add_request_line(struct text *line, const struct access_facts *facts)
{
    const struct request_head *request = &facts->exchange->request;

    text_add_char(line, '"');
    add_plain(line, facts, ACCESS_REQUEST_METHOD, request->method); /* one that we know */
    add_text(line, facts, ACCESS_REQUEST_PATH, request->target);
    add_plain(line, facts, ACCESS_REQUEST_PROTOCOL, slice_of(facts->protocol));
    line->ptr[line->len - 1] = '"';
    text_add_char(line, ' ');
}

void access_common_add(struct text *line, const struct access_facts *facts)
{
    const struct exchange *x = facts->exchange;
    const struct access_rules *rules = facts->rules;

    if (facts->client.ptr == facts->peer.ptr)
        add_plain(line, facts, ACCESS_CLIENT_HOST, facts->peer);
    else
        add_text(line, facts, ACCESS_CLIENT_HOST, facts->client);
    text_add(line, SLICE("- "));
    add_text(line, facts, ACCESS_CLIENT_USERNAME, x->user);
    text_add_char(line, '[');
    text_add(line, access_keeps(rules, ACCESS_START_UTC) ? slice_of(facts->stamp->common) : SLICE("-"));
    text_add(line, SLICE("] "));
    add_request_line(line, facts);
    add_number(line, facts, ACCESS_ORIGIN_STATUS, access_origin_status(facts));
    add_number(line, facts, ACCESS_ORIGIN_CONTENT_SIZE, access_origin_bytes(facts));
    add_header(line, rules->referer, headers_value(&x->request.headers, HEADER_REFERER));
    add_header(line, rules->user_agent, headers_value(&x->request.headers, HEADER_USER_AGENT));
    add_number(line, facts, ACCESS_REQUEST_COUNT, facts->number);
    add_name(line, facts, ACCESS_FRONTEND_NAME, x->frontend_name);
    add_name(line, facts, ACCESS_BACKEND_URL, facts->note->local ? x->target.raw_path : slice_of(x->server_url));
    text_add_u64(line, access_keeps(rules, ACCESS_DURATION) ? facts->duration_ns / 1000000u : 0);
    text_add(line, SLICE("ms\n"));
}
