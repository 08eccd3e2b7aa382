/* SPDX-License-Identifier: MIT */
/* accept_encoding - which of our encodings a client takes, and how gladly (RFC 9110 12.5.3). Thread: any. */
#pragma once
#include "waybill/http/headers.h"

enum { ACCEPT_WEIGHT_MAX = 1000 };

/* Thousandths; 0: not at all. */
struct accept_encoding {
    unsigned gzip, brotli;
};

/* `*` stands for gzip where that is not named, never for brotli: who means it says so. What cannot be read is not accepted. */
struct accept_encoding accept_encoding_read(const struct headers *headers);
