/* SPDX-License-Identifier: MIT */
/*
 * field_scan - the check of a field section byte by byte (RFC 9112 5): of a head, and of trailers.
 *
 * It can stop anywhere and go on with more bytes behind; a fault is found at the first byte that shows it, so the
 * result does not depend on the cuts. It says nothing about what the fields mean.
 */
#pragma once
#include "waybill/http/reason.h"

enum scan_result {
    SCAN_MORE, /* all bytes looked at are fine */
    SCAN_END,  /* *at is behind the last byte */
    SCAN_BAD,
};

enum field_part { FIELD_LINE_START, FIELD_NAME, FIELD_VALUE };

struct field_scan {
    size_t at;         /* bytes looked at */
    size_t line_start; /* of the line `at` is in */
    unsigned part;     /* enum field_part */
    unsigned lines;    /* complete ones */
};

/* Up to and with the empty line. More than `lines_max` lines: REASON_HEAD_TOO_LARGE. */
enum scan_result field_scan(struct field_scan *scan, struct slice bytes, unsigned lines_max, enum reason *out_reason);
/* Splits a line that was checked, without its CRLF. */
void field_split(struct slice line, struct slice *out_name, struct slice *out_value);
