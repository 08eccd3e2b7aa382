/* SPDX-License-Identifier: MIT */
/* file_stamp - tells that a file was changed or replaced, without reading it. Thread: any. */
#pragma once
#include "waybill/base/text.h"

/* Adds bytes that are others when the file at `path` is another one, was written to, came or went. */
void file_stamp_add(struct text *out, struct slice path);
