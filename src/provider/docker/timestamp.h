/* SPDX-License-Identifier: MIT */
/* timestamp - the engine's points in time (RFC 3339 with up to nine decimals). Thread: any. */
#pragma once
#include "waybill/base/slice.h"

/* Nanoseconds since 1970; 0 when it is none, or earlier. */
uint64_t timestamp_parse(struct slice text);
