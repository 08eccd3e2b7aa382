/* SPDX-License-Identifier: MIT */
/* h1_reader_llhttp - a complete, checked head through llhttp: the fields it finds. Thread: any. */
#pragma once
#include "waybill/http/headers.h"

enum head_fault { HEAD_FINE, HEAD_BAD_LENGTH, HEAD_BAD_CODING, HEAD_TOO_MANY, HEAD_MALFORMED };

/* `first_line` may be a stand-in for the one that was sent; `rest` are the fields and the empty line behind
 * it. Pass an empty `rest` when first_line is the whole head. */
enum head_fault llhttp_read_head(bool is_request, struct slice first_line, struct slice rest, struct headers *out_headers);
/* True when llhttp was built strict and a new parser of ours tolerates nothing. */
bool llhttp_is_strict(void);
