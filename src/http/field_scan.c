/* SPDX-License-Identifier: MIT */
#include "field_scan.h"
#include "chars.h"

static enum scan_result refuse(enum reason reason, enum reason *out_reason)
{
    *out_reason = reason;
    return SCAN_BAD;
}

/* At a CR: looks for its LF and steps over both. */
static enum scan_result end_line(struct field_scan *scan, struct slice bytes, enum reason *out_reason)
{
    if (scan->at + 1 == bytes.len)
        return SCAN_MORE;
    if (bytes.ptr[scan->at + 1] != '\n')
        return refuse(REASON_BAD_LINE_END, out_reason);
    scan->at += 2;
    return SCAN_END;
}

static enum scan_result scan_name(struct field_scan *scan, struct slice bytes, enum reason *out_reason)
{
    size_t at = scan->at;

    while (at < bytes.len && char_is(bytes.ptr[at], CHAR_TOKEN))
        at++;
    scan->at = at;
    if (at == bytes.len)
        return SCAN_MORE;
    if (bytes.ptr[at] == ':' && at > scan->line_start) {
        scan->at = at + 1;
        return SCAN_END;
    }
    return refuse(bytes.ptr[at] == '\n' ? REASON_BAD_LINE_END : REASON_BAD_FIELD, out_reason);
}

static enum scan_result scan_value(struct field_scan *scan, struct slice bytes, enum reason *out_reason)
{
    size_t at = find_control(bytes.ptr, scan->at, bytes.len);

    while (at < bytes.len && bytes.ptr[at] == '\t')
        at = find_control(bytes.ptr, at + 1, bytes.len);
    scan->at = at;
    if (at == bytes.len)
        return SCAN_MORE;
    if (bytes.ptr[at] == '\r')
        return end_line(scan, bytes, out_reason);
    return refuse(bytes.ptr[at] == '\n' ? REASON_BAD_LINE_END : REASON_BAD_FIELD, out_reason);
}

enum scan_result field_scan(struct field_scan *scan, struct slice bytes, unsigned lines_max, enum reason *out_reason)
{
    enum scan_result result;

    while (scan->at < bytes.len) {
        if (scan->part == FIELD_LINE_START) {
            char first = bytes.ptr[scan->at];
            scan->line_start = scan->at;
            if (first == '\r')
                return end_line(scan, bytes, out_reason);
            /* A folded line (RFC 9112 5.2), or white space before the first field (2.2). */
            if (first == ' ' || first == '\t')
                return refuse(REASON_BAD_LINE_END, out_reason);
            scan->part = FIELD_NAME;
        }
        if (scan->part == FIELD_NAME) {
            if ((result = scan_name(scan, bytes, out_reason)) != SCAN_END)
                return result;
            scan->part = FIELD_VALUE;
        }
        if ((result = scan_value(scan, bytes, out_reason)) != SCAN_END)
            return result;
        if (++scan->lines > lines_max)
            return refuse(REASON_HEAD_TOO_LARGE, out_reason);
        scan->part = FIELD_LINE_START;
        scan->line_start = scan->at;
    }
    return SCAN_MORE;
}

void field_split(struct slice line, struct slice *out_name, struct slice *out_value)
{
    size_t colon = slice_find(line, ':');

    *out_name = slice_head(line, colon);
    *out_value = slice_trim(slice_from(line, colon + 1));
}
