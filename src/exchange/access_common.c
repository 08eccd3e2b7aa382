/* SPDX-License-Identifier: MIT */
/* The common format (spec/api-json.md 6.1), in which a field that is left out is a dash. */
#include "access_private.h"

/* What clients and the configuration say, and so can be of any length. */
struct parts {
    struct slice client, user, target, referer, user_agent, frontend, backend;
};

/* At most, besides that: the stamp, a method, numbers, marks. */
enum { FIXED_BYTES = 512 };

static struct slice kept(const struct access_facts *facts, enum access_field field, struct slice value)
{
    return value.len && access_keeps(facts->rules, field) ? value : SLICE("-");
}

static struct slice kept_header(const struct access_facts *facts, enum header_id id)
{
    uint8_t mode = facts->rules->modes[id];
    struct slice value = mode == HEADER_DROP ? SLICE("") : headers_value(&facts->exchange->request.headers, id);

    if (value.len == 0)
        return SLICE("-");
    return mode == HEADER_REDACT ? SLICE("REDACTED") : value;
}

static struct parts parts_of(const struct access_facts *facts)
{
    const struct exchange *x = facts->exchange;
    struct slice backend = facts->note->local ? x->target.raw_path : slice_of(x->server_url);

    return (struct parts){
        .client = kept(facts, ACCESS_CLIENT_HOST, facts->client),
        .user = kept(facts, ACCESS_CLIENT_USERNAME, x->user),
        .target = kept(facts, ACCESS_REQUEST_PATH, x->request.target),
        .referer = kept_header(facts, HEADER_REFERER),
        .user_agent = kept_header(facts, HEADER_USER_AGENT),
        .frontend = access_keeps(facts->rules, ACCESS_FRONTEND_NAME) ? x->frontend_name : SLICE(""),
        .backend = access_keeps(facts->rules, ACCESS_BACKEND_URL) ? backend : SLICE(""),
    };
}

static size_t most_bytes(const struct parts *parts)
{
    return FIXED_BYTES + PEN_ESCAPED_MAX * (parts->client.len + parts->user.len + parts->target.len + parts->referer.len +
                                            parts->user_agent.len + parts->frontend.len + parts->backend.len);
}

static char *put_number(char *at, const struct access_facts *facts, enum access_field field, uint64_t value)
{
    at = access_keeps(facts->rules, field) ? pen_u64(at, value) : pen_char(at, '-');
    return pen_char(at, ' ');
}

static char *put_quoted(char *at, struct slice value)
{
    return PEN_LITERAL(pen_escaped(pen_char(at, '"'), value), "\" ");
}

/* What is not there is a bare dash, of a name or a URL, and one in quotes, of a header. */
static char *put_name(char *at, struct slice value)
{
    return value.len ? put_quoted(at, value) : PEN_LITERAL(at, "- ");
}

static char *put_client(char *at, const struct access_facts *facts, const struct parts *parts)
{
    at = facts->client.ptr == facts->peer.ptr ? pen_slice(at, parts->client) : pen_escaped(at, parts->client);
    at = PEN_LITERAL(at, " - ");
    at = PEN_LITERAL(pen_escaped(at, parts->user), " [");
    at = pen_slice(at, kept(facts, ACCESS_START_UTC, slice_of(facts->stamp->common)));
    return PEN_LITERAL(at, "] ");
}

/* The method is one that we know: nothing of it needs to be escaped. */
static char *put_request(char *at, const struct access_facts *facts, const struct parts *parts)
{
    at = pen_slice(pen_char(at, '"'), kept(facts, ACCESS_REQUEST_METHOD, facts->exchange->request.method));
    at = pen_char(pen_escaped(pen_char(at, ' '), parts->target), ' ');
    return PEN_LITERAL(pen_slice(at, kept(facts, ACCESS_REQUEST_PROTOCOL, facts->protocol)), "\" ");
}

void access_common_add(struct text *line, const struct access_facts *facts)
{
    const struct parts parts = parts_of(facts);
    char *at = text_room(line, most_bytes(&parts));

    at = put_client(at, facts, &parts);
    at = put_request(at, facts, &parts);
    at = put_number(at, facts, ACCESS_ORIGIN_STATUS, access_origin_status(facts));
    at = put_number(at, facts, ACCESS_ORIGIN_CONTENT_SIZE, access_origin_bytes(facts));
    at = put_quoted(at, parts.referer);
    at = put_quoted(at, parts.user_agent);
    at = put_number(at, facts, ACCESS_REQUEST_COUNT, facts->number);
    at = put_name(at, parts.frontend);
    at = put_name(at, parts.backend);
    at = pen_u64(at, access_keeps(facts->rules, ACCESS_DURATION) ? facts->duration_ns / 1000000u : 0);
    text_end(line, PEN_LITERAL(at, "ms\n"));
}
