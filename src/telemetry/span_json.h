/* SPDX-License-Identifier: MIT */
/* span_json - records of traced requests as the documents that collectors take. Thread: any. */
#pragma once
#include "waybill/exchange/span_record.h"
#include "waybill/telemetry/span_exporter.h"

/* One document of all records; returns how many spans it has. */
size_t span_json_add(struct text *out, const struct span_exporter_options *options, struct slice records);
/* "Entrypoint http example.com" or "forward FRONTEND/BACKEND". With a limit a longer name is cut in v1.7's way: a part of each half
 * and eight digits of the whole's SHA-256; 24 or 21 bytes are the least. */
void span_name_add(struct text *out, const struct span_record *record, bool forward, unsigned limit);
