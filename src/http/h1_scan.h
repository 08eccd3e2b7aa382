/* SPDX-License-Identifier: MIT */
/* h1_scan - the strict check of a head as its bytes come, before llhttp sees it (decisions.md 1, 2). */
#pragma once
#include "field_scan.h"
#include "waybill/http/h1_reader.h"

struct method_row {
    struct slice name;
    bool forwarded;      /* CONNECT is known but answered 501 (decisions.md 2) */
    bool safe_to_repeat; /* v1.7's list */
};

/* NULL: none of llhttp's. */
const struct method_row *method_find(struct slice name);

/* Splits a request target by its form (RFC 9112 3.2). *out_authority is empty but for the absolute form, *out_path is
 * never empty. */
bool target_split(struct slice target, bool is_options, enum target_form *out_form, struct slice *out_authority,
                  struct slice *out_path);

/* On SCAN_END reader->checked is the length of the head. */
enum scan_result h1_scan_request(struct h1_reader *reader, struct slice bytes, const struct h1_limits *limits,
                                 enum reason *out_reason);
enum scan_result h1_scan_response(struct h1_reader *reader, struct slice bytes, const struct h1_limits *limits,
                                  enum reason *out_reason);
