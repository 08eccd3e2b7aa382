/* SPDX-License-Identifier: MIT */
#include "h1_scan.h"
#include "chars.h"
#include "waybill/http/target.h"

/* Empty lines before a request line that are still skipped (RFC 9112 2.2 asks for one), and the longest
 * run of token bytes that is worth waiting for a method in. */
enum { EMPTY_LINES_MAX = 32, METHOD_MAX = 32 };

enum first_part { FIRST_METHOD, FIRST_TARGET, FIRST_VERSION, FIRST_FIELDS };

static enum scan_result refuse(enum reason reason, enum reason *out_reason)
{
    *out_reason = reason;
    return SCAN_BAD;
}

/* A byte that cannot stand in a request line. A bare LF is named for what it is, wherever it stands. */
static enum scan_result refuse_byte(char byte, enum reason reason, enum reason *out_reason)
{
    return refuse(byte == '\n' ? REASON_BAD_LINE_END : reason, out_reason);
}

static size_t absolute_prefix(struct slice target)
{
    if (slice_starts_nocase(target, SLICE("http://")))
        return 7;
    return slice_starts_nocase(target, SLICE("https://")) ? 8 : 0;
}

bool target_split(struct slice target, bool is_options, enum target_form *out_form, struct slice *out_authority,
                  struct slice *out_path)
{
    *out_authority = SLICE("");
    *out_path = target;
    *out_form = TARGET_ORIGIN;
    if (target.len == 0)
        return false;
    if (target.ptr[0] == '/')
        return true;
    if (is_options && slice_eq(target, SLICE("*"))) {
        *out_form = TARGET_ASTERISK;
        return true;
    }
    size_t prefix = absolute_prefix(target);
    if (prefix == 0)
        return false;
    *out_form = TARGET_ABSOLUTE;
    struct slice rest = slice_from(target, prefix);
    size_t end = 0;
    while (end < rest.len && rest.ptr[end] != '/' && rest.ptr[end] != '?')
        end++;
    *out_authority = slice_head(rest, end);
    *out_path = end == rest.len ? SLICE("/") : slice_from(rest, end);
    struct slice host, port;
    /* "http://host?query" has no byte for the path "/" that would have to be sent: refused. */
    return out_path->ptr[0] == '/' && end > 0 && authority_parse(*out_authority, &host, &port);
}

static bool looks_like_target(struct slice word)
{
    return slice_starts(word, SLICE("/")) || slice_eq(word, SLICE("*")) || absolute_prefix(word) > 0;
}

bool h1_is_foreign(struct slice bytes)
{
    struct slice line = slice_head(bytes, slice_find(bytes, '\n'));
    struct slice method = slice_head(line, slice_find(line, ' ')), behind = slice_from(line, method.len + 1);
    struct slice target = slice_head(behind, slice_find(behind, ' '));
    struct slice last = slice_from(behind, target.len + 1);

    if (line.len == bytes.len || target.len == 0 || last.len == 0 || slice_find(last, ' ') < last.len ||
        !header_name_is_valid(method))
        return false;
    return !looks_like_target(target) && !slice_starts(last, SLICE("HTTP/"));
}

/* Steps over an empty line before the request line. */
static enum scan_result skip_empty_line(struct h1_reader *reader, struct slice bytes, enum reason *out_reason)
{
    if (reader->checked + 1 == bytes.len)
        return SCAN_MORE;
    if (bytes.ptr[reader->checked + 1] != '\n')
        return refuse(REASON_BAD_LINE_END, out_reason);
    reader->checked += 2;
    reader->skipped += 2;
    reader->line_start = reader->checked;
    if (reader->skipped > 2 * EMPTY_LINES_MAX)
        return refuse(REASON_BAD_REQUEST_LINE, out_reason);
    return SCAN_END;
}

static enum scan_result scan_method(struct h1_reader *reader, struct slice bytes, enum reason *out_reason)
{
    enum scan_result result;

    while (reader->checked == reader->line_start && reader->checked < bytes.len && bytes.ptr[reader->checked] == '\r')
        if ((result = skip_empty_line(reader, bytes, out_reason)) != SCAN_END)
            return result;
    size_t at = reader->checked;
    while (at < bytes.len && char_is(bytes.ptr[at], CHAR_TOKEN)) {
        if (at - reader->line_start == METHOD_MAX)
            return refuse(REASON_UNKNOWN_METHOD, out_reason);
        at++;
    }
    reader->checked = at;
    if (at == bytes.len)
        return SCAN_MORE;
    if (bytes.ptr[at] != ' ' || at == reader->line_start)
        return refuse_byte(bytes.ptr[at], REASON_BAD_REQUEST_LINE, out_reason);
    struct slice name = {bytes.ptr + reader->line_start, at - reader->line_start};
    const struct method_row *row = method_find(name);
    if (!row && slice_eq(name, SLICE("PRI"))) /* the preface of HTTP/2, RFC 9113 3.4 */
        return refuse(REASON_BAD_VERSION, out_reason);
    if (!row || !row->forwarded)
        return refuse(REASON_UNKNOWN_METHOD, out_reason);
    reader->checked = reader->target_start = at + 1;
    return SCAN_END;
}

static enum scan_result scan_target(struct h1_reader *reader, struct slice bytes, size_t target_max, enum reason *out_reason)
{
    size_t room = bytes.len - reader->target_start;
    size_t end = reader->target_start + (room < target_max ? room : target_max);
    size_t at = reader->checked;

    while (at < end && char_is(bytes.ptr[at], CHAR_TARGET))
        at++;
    reader->checked = at;
    if (at == bytes.len)
        return SCAN_MORE;
    if (char_is(bytes.ptr[at], CHAR_TARGET))
        return refuse(REASON_TARGET_TOO_LONG, out_reason);
    if (bytes.ptr[at] == '\r' || bytes.ptr[at] == '\t' || at == reader->target_start)
        return refuse_byte(bytes.ptr[at], REASON_BAD_REQUEST_LINE, out_reason); /* HTTP/0.9, or two spaces */
    if (bytes.ptr[at] != ' ')                                                   /* '#' or a control byte */
        return refuse_byte(bytes.ptr[at], REASON_BAD_TARGET, out_reason);
    struct slice method = {bytes.ptr + reader->line_start, reader->target_start - 1 - reader->line_start};
    struct slice target = {bytes.ptr + reader->target_start, at - reader->target_start};
    struct slice authority, path;
    enum target_form form;
    if (!target_split(target, slice_eq(method, SLICE("OPTIONS")), &form, &authority, &path))
        return refuse(REASON_BAD_TARGET, out_reason);
    reader->target_end = at;
    reader->checked = at + 1;
    return SCAN_END;
}

/* What is wrong with `byte` at place `i` of "HTTP/1.1\r\n"; REASON_NONE when nothing is. */
static enum reason judge_version_byte(size_t i, char byte)
{
    bool digit = byte >= '0' && byte <= '9';

    switch (i) {
    case 5:
        return byte == '1' ? REASON_NONE : digit ? REASON_BAD_VERSION : REASON_BAD_REQUEST_LINE;
    case 7:
        return byte == '0' || byte == '1' ? REASON_NONE : digit ? REASON_BAD_VERSION : REASON_BAD_REQUEST_LINE;
    case 8:
        return byte == '\r' ? REASON_NONE : digit ? REASON_BAD_VERSION : REASON_BAD_REQUEST_LINE;
    case 9:
        return byte == '\n' ? REASON_NONE : REASON_BAD_LINE_END;
    default:
        return byte == "HTTP/1."[i] ? REASON_NONE : REASON_BAD_REQUEST_LINE;
    }
}

static enum scan_result scan_version(struct h1_reader *reader, struct slice bytes, enum reason *out_reason)
{
    static const size_t version_len = 10;
    size_t start = reader->target_end + 1;

    if (bytes.len - start >= version_len && memcmp(bytes.ptr + start, "HTTP/1.1\r\n", version_len) == 0) {
        reader->checked = start + version_len;
        return SCAN_END;
    }
    while (reader->checked < start + version_len) {
        if (reader->checked == bytes.len)
            return SCAN_MORE;
        char byte = bytes.ptr[reader->checked];
        enum reason reason = judge_version_byte(reader->checked - start, byte);
        if (reason != REASON_NONE)
            return refuse_byte(byte, reason, out_reason);
        reader->checked++;
    }
    return SCAN_END;
}

static enum scan_result scan_fields(struct h1_reader *reader, struct slice bytes, const struct h1_limits *limits,
                                    enum reason *out_reason)
{
    struct field_scan scan = {
        .at = reader->checked,
        .line_start = reader->line_start,
        .part = reader->part - FIRST_FIELDS,
        .lines = reader->fields,
    };
    enum scan_result result = field_scan(&scan, bytes, limits->fields, out_reason);

    reader->checked = scan.at;
    reader->line_start = scan.line_start;
    reader->part = FIRST_FIELDS + scan.part;
    reader->fields = scan.lines;
    return result;
}

static void begin_fields(struct h1_reader *reader)
{
    reader->first_line_seen = true;
    reader->part = FIRST_FIELDS;
    reader->line_start = reader->checked;
}

/* Bytes past the limit are not looked at: a head that is not complete within it is too large, however it comes. */
static enum scan_result apply_head_limit(enum scan_result result, struct slice bytes, const struct h1_limits *limits,
                                         enum reason *out_reason)
{
    if (result == SCAN_MORE && bytes.len >= limits->head_bytes)
        return refuse(REASON_HEAD_TOO_LARGE, out_reason);
    return result;
}

static enum scan_result scan_request_parts(struct h1_reader *reader, struct slice bytes, const struct h1_limits *limits,
                                           enum reason *out_reason)
{
    enum scan_result result;

    if (reader->part == FIRST_METHOD) {
        if ((result = scan_method(reader, bytes, out_reason)) != SCAN_END)
            return result;
        reader->part = FIRST_TARGET;
    }
    if (reader->part == FIRST_TARGET) {
        if ((result = scan_target(reader, bytes, limits->target_bytes, out_reason)) != SCAN_END)
            return result;
        reader->part = FIRST_VERSION;
    }
    if (reader->part == FIRST_VERSION) {
        if ((result = scan_version(reader, bytes, out_reason)) != SCAN_END)
            return result;
        begin_fields(reader);
    }
    return scan_fields(reader, bytes, limits, out_reason);
}

enum scan_result h1_scan_request(struct h1_reader *reader, struct slice bytes, const struct h1_limits *limits,
                                 enum reason *out_reason)
{
    struct slice looked_at = slice_head(bytes, limits->head_bytes);
    return apply_head_limit(scan_request_parts(reader, looked_at, limits, out_reason), looked_at, limits, out_reason);
}

/* "HTTP/1.x NNN" and what may follow it: the phrase and its space may be missing. */
static bool status_line_allows(size_t i, char byte)
{
    bool digit = byte >= '0' && byte <= '9';

    if (i < 7)
        return byte == "HTTP/1."[i];
    if (i == 7)
        return byte == '0' || byte == '1';
    if (i == 8)
        return byte == ' ';
    if (i == 9)
        return digit && byte != '0';
    if (i < 12)
        return digit;
    return byte == ' ' || byte == '\r';
}

static enum scan_result scan_status_line(struct h1_reader *reader, struct slice bytes, enum reason *out_reason)
{
    enum { STATUS_LEN = 12 };

    for (; reader->checked <= STATUS_LEN; reader->checked++) {
        if (reader->checked == bytes.len)
            return SCAN_MORE;
        if (!status_line_allows(reader->checked, bytes.ptr[reader->checked]))
            return refuse(REASON_SERVER_MALFORMED, out_reason);
        if (bytes.ptr[reader->checked] == '\r')
            break;
    }
    size_t at = find_control(bytes.ptr, reader->checked, bytes.len);
    while (at < bytes.len && bytes.ptr[at] == '\t')
        at = find_control(bytes.ptr, at + 1, bytes.len);
    reader->checked = at;
    if (at == bytes.len || (bytes.ptr[at] == '\r' && at + 1 == bytes.len))
        return SCAN_MORE;
    if (bytes.ptr[at] != '\r' || bytes.ptr[at + 1] != '\n')
        return refuse(REASON_SERVER_MALFORMED, out_reason);
    reader->checked = at + 2;
    return SCAN_END;
}

enum scan_result h1_scan_response(struct h1_reader *reader, struct slice bytes, const struct h1_limits *limits,
                                  enum reason *out_reason)
{
    struct slice looked_at = slice_head(bytes, limits->head_bytes);
    enum scan_result result = SCAN_END;

    if (!reader->first_line_seen && (result = scan_status_line(reader, looked_at, out_reason)) == SCAN_END)
        begin_fields(reader);
    if (result == SCAN_END)
        result = scan_fields(reader, looked_at, limits, out_reason);
    result = apply_head_limit(result, looked_at, limits, out_reason);
    if (result == SCAN_BAD)
        *out_reason = REASON_SERVER_MALFORMED;
    return result;
}
