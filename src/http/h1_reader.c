/* SPDX-License-Identifier: MIT */
#include "waybill/http/h1_reader.h"
#include "chars.h"
#include "h1_reader_llhttp.h"
#include "h1_scan.h"
#include "waybill/http/target.h"

const struct h1_limits h1_default_limits = {
    .head_bytes = 64 * 1024,
    .target_bytes = 32 * 1024,
    .fields = HEADERS_REQUEST_MAX,
};

/* What the fields of a head say about its framing and its connection. */
struct field_facts {
    const struct header *host, *length, *coding; /* the first of each */
    unsigned hosts, lengths, codings;
    bool close, keep_alive, names_upgrade; /* tokens of Connection */
    bool has_upgrade, expects_continue;
};

static void note_connection(struct field_facts *facts, struct slice list)
{
    struct slice part;

    while (slice_cut(&list, ',', &part)) {
        struct slice token = slice_trim(part);
        facts->close |= slice_eq_nocase(token, SLICE("close"));
        facts->keep_alive |= slice_eq_nocase(token, SLICE("keep-alive"));
        facts->names_upgrade |= slice_eq_nocase(token, SLICE("upgrade"));
    }
}

static void note_field(struct field_facts *facts, const struct header *header)
{
    if (header->id == HEADER_HOST) {
        facts->host = facts->hosts++ == 0 ? header : facts->host;
    } else if (header->id == HEADER_CONTENT_LENGTH) {
        facts->length = facts->lengths++ == 0 ? header : facts->length;
    } else if (header->id == HEADER_TRANSFER_ENCODING) {
        facts->coding = facts->codings++ == 0 ? header : facts->coding;
    } else if (header->id == HEADER_CONNECTION) {
        note_connection(facts, header->value);
    } else if (header->id == HEADER_UPGRADE) {
        facts->has_upgrade |= header->value.len > 0;
    } else if (header->id == HEADER_EXPECT) {
        facts->expects_continue |= slice_list_has(header->value, SLICE("100-continue"));
    }
}

static void gather_facts(const struct headers *headers, struct field_facts *out_facts)
{
    *out_facts = (struct field_facts){0};
    for (unsigned i = 0; i < headers->count; i++)
        note_field(out_facts, &headers->items[i]);
}

static bool is_token(struct slice text)
{
    for (size_t i = 0; i < text.len; i++)
        if (!char_is(text.ptr[i], CHAR_TOKEN))
            return false;
    return text.len > 0;
}

/* Why a single Transfer-Encoding that is not "chunked" is refused: codings we do not know are 501 (RFC 9112
 * 6.1), as long as they leave no doubt about where the body ends. */
static enum reason judge_coding(struct slice list)
{
    bool chunked_seen = false;
    struct slice part;

    while (slice_cut(&list, ',', &part)) {
        struct slice coding = slice_trim(part);
        if (!is_token(coding) || chunked_seen)
            return REASON_BAD_FRAMING;
        chunked_seen = slice_eq_nocase(coding, SLICE("chunked"));
    }
    return REASON_UNKNOWN_CODING;
}

/* RFC 9112 6.1 to 6.3, with everything that two parsers could read in two ways refused (decisions.md 1, 6).
 * *out_kind is BODY_NONE when neither field is there. */
static enum reason judge_framing(const struct field_facts *facts, enum http_version version, enum body_kind *out_kind,
                                 uint64_t *out_length)
{
    *out_kind = BODY_NONE;
    *out_length = 0;
    if (facts->lengths == 0 && facts->codings == 0)
        return REASON_NONE;
    if (facts->lengths + facts->codings > 1)
        return REASON_BAD_FRAMING;
    if (facts->lengths == 1) {
        *out_kind = BODY_LENGTH;
        return slice_to_u64(facts->length->value, INT64_MAX, out_length) ? REASON_NONE : REASON_BAD_FRAMING;
    }
    if (version == HTTP_1_0)
        return REASON_BAD_FRAMING;
    *out_kind = BODY_CHUNKED;
    return slice_eq_nocase(facts->coding->value, SLICE("chunked")) ? REASON_NONE : judge_coding(facts->coding->value);
}

static bool wants_keep_alive(const struct field_facts *facts, enum http_version version)
{
    return !facts->close && (version == HTTP_1_1 || facts->keep_alive); /* RFC 9112 9.3 */
}

static enum reason judge_host(const struct field_facts *facts, struct request_head *out)
{
    if (facts->hosts > 1)
        return REASON_BAD_HOST;
    if (facts->hosts == 0 && out->version == HTTP_1_1)
        return REASON_MISSING_HOST;
    struct slice sent = facts->hosts ? facts->host->value : SLICE("");
    if (!authority_parse(sent, &out->host, &out->port))
        return REASON_BAD_HOST;
    if (sent.len == 0 && facts->hosts == 1 && out->version == HTTP_1_1)
        return REASON_BAD_HOST;
    if (out->form != TARGET_ABSOLUTE)
        out->authority = sent;
    else if (!authority_parse(out->authority, &out->host, &out->port)) /* RFC 9112 3.2.2: Host is ignored */
        return REASON_BAD_TARGET;
    return REASON_NONE;
}

static bool has_high_byte(struct slice text)
{
    for (size_t i = 0; i < text.len; i++)
        if ((unsigned char)text.ptr[i] >= 0x80)
            return true;
    return false;
}

static enum reason reason_of_fault(enum head_fault fault)
{
    switch (fault) {
    case HEAD_FINE:
        return REASON_NONE;
    case HEAD_BAD_LENGTH:
    case HEAD_BAD_CODING:
        return REASON_BAD_FRAMING;
    case HEAD_TOO_MANY:
        return REASON_HEAD_TOO_LARGE;
    case HEAD_MALFORMED:
        break;
    }
    return REASON_BAD_REQUEST;
}

/* Strict llhttp takes no UTF-8 in a target. We do (it is checked as UTF-8 later), so llhttp then reads the head
 * behind a plain target. */
static enum head_fault read_request_fields(const struct h1_reader *reader, struct slice head, struct request_head *out)
{
    struct slice target = {head.ptr + reader->target_start, reader->target_end - reader->target_start};
    static const size_t version_len = sizeof " HTTP/1.1\r\n" - 1;
    char line[64];

    if (!has_high_byte(target))
        return llhttp_read_head(true, slice_from(head, reader->skipped), SLICE(""), &out->headers);
    size_t len = out->method.len;
    memcpy(line, out->method.ptr, len);
    memcpy(line + len, " /", 2);
    memcpy(line + len + 2, head.ptr + reader->target_end, version_len);
    return llhttp_read_head(true, slice_make(line, len + 2 + version_len),
                            slice_from(head, reader->target_end + version_len), &out->headers);
}

/* The first line once more, now for its parts: it was checked. */
static void take_request_line(const struct h1_reader *reader, struct slice head, struct request_head *out)
{
    size_t start = reader->skipped;

    out->method = slice_make(head.ptr + start, reader->target_start - 1 - start);
    const struct method_row *method = method_find(out->method);
    bool is_options = slice_eq(out->method, SLICE("OPTIONS"));
    out->is_head = slice_eq(out->method, SLICE("HEAD"));
    out->safe_to_repeat = method->safe_to_repeat;
    target_split(slice_make(head.ptr + reader->target_start, reader->target_end - reader->target_start), is_options,
                 &out->form, &out->authority, &out->target);
    out->version = head.ptr[reader->target_end + 8] == '1' ? HTTP_1_1 : HTTP_1_0;
}

static enum reason take_request(const struct h1_reader *reader, struct slice head, struct request_head *out)
{
    struct field_facts facts;
    enum reason reason;

    take_request_line(reader, head, out);
    if ((reason = reason_of_fault(read_request_fields(reader, head, out))) != REASON_NONE)
        return reason;
    gather_facts(&out->headers, &facts);
    if ((reason = judge_framing(&facts, out->version, &out->body, &out->content_length)) != REASON_NONE)
        return reason;
    if ((reason = judge_host(&facts, out)) != REASON_NONE)
        return reason;
    bool has_body = out->body == BODY_CHUNKED || out->content_length > 0;
    out->keep_alive = wants_keep_alive(&facts, out->version);
    out->expect_continue = facts.expects_continue && out->version == HTTP_1_1;
    out->upgrade = facts.names_upgrade && facts.has_upgrade && out->version == HTTP_1_1 && !has_body;
    return REASON_NONE;
}

/* What of a refused request can be told, for the log. */
static void take_known_parts(const struct h1_reader *reader, struct slice bytes, struct request_head *out)
{
    size_t start = reader->skipped;
    size_t known = reader->checked < bytes.len ? reader->checked : bytes.len;
    size_t method_end = reader->target_start ? reader->target_start - 1 : known;
    size_t target_end = reader->target_end ? reader->target_end : known;

    out->method = slice_make(bytes.ptr + start, method_end > start ? method_end - start : 0);
    out->target = SLICE("");
    if (reader->target_start && target_end > reader->target_start)
        out->target = slice_make(bytes.ptr + reader->target_start, target_end - reader->target_start);
}

enum h1_result h1_read_request(struct h1_reader *reader, struct slice bytes, const struct h1_limits *limits,
                               struct request_head *out, size_t *out_head_len, enum reason *out_reason)
{
    enum scan_result result = h1_scan_request(reader, bytes, limits, out_reason);

    if (result == SCAN_MORE)
        return H1_NEED_MORE;
    if (result == SCAN_END) {
        *out_head_len = reader->checked;
        *out_reason = take_request(reader, slice_head(bytes, reader->checked), out);
        if (*out_reason == REASON_NONE)
            return H1_HEAD;
    }
    take_known_parts(reader, bytes, out);
    return H1_BAD;
}

/* RFC 9112 6.3. A body on 204 or a switch of protocols leaves bytes nobody can place, so such a connection
 * is not used again. */
static void decide_response_body(const struct field_facts *facts, bool request_is_head, struct response_head *out)
{
    bool declares_body = out->body == BODY_CHUNKED || out->content_length > 0;

    out->keep_alive = wants_keep_alive(facts, out->version);
    if (out->status < 200 || out->status == 204) {
        out->keep_alive = out->keep_alive && !declares_body && out->status != 101;
        out->body = BODY_NONE;
    } else if (request_is_head || out->status == 304) {
        out->body = BODY_NONE;
    } else if (out->body == BODY_NONE) {
        out->body = BODY_UNTIL_CLOSE;
        out->keep_alive = false;
    }
}

static bool take_response(struct slice head, bool request_is_head, struct response_head *out)
{
    enum { STATUS_AT = 9, PHRASE_AT = 13 };
    const char *digits = head.ptr + STATUS_AT;
    size_t line_len = slice_find(head, '\n') - 1;
    struct field_facts facts;

    out->version = head.ptr[7] == '1' ? HTTP_1_1 : HTTP_1_0;
    out->status = (unsigned)(digits[0] - '0') * 100 + (unsigned)(digits[1] - '0') * 10 + (unsigned)(digits[2] - '0');
    out->phrase = slice_from(slice_head(head, line_len), PHRASE_AT);
    if (llhttp_read_head(false, head, SLICE(""), &out->headers) != HEAD_FINE)
        return false;
    gather_facts(&out->headers, &facts);
    if (judge_framing(&facts, out->version, &out->body, &out->content_length) != REASON_NONE)
        return false;
    decide_response_body(&facts, request_is_head, out);
    return true;
}

enum h1_result h1_read_response(struct h1_reader *reader, struct slice bytes, const struct h1_limits *limits,
                                bool request_is_head, struct response_head *out, size_t *out_head_len,
                                enum reason *out_reason)
{
    enum scan_result result = h1_scan_response(reader, bytes, limits, out_reason);

    if (result == SCAN_MORE)
        return H1_NEED_MORE;
    if (result == SCAN_END) {
        *out_head_len = reader->checked;
        if (take_response(slice_head(bytes, reader->checked), request_is_head, out))
            return H1_HEAD;
    }
    *out_reason = REASON_SERVER_MALFORMED;
    return H1_BAD;
}
