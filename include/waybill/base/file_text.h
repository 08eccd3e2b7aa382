/* SPDX-License-Identifier: MIT */
/* file_text - what stands in a small file. Thread: any. */
#pragma once
#include "waybill/base/error.h"
#include "waybill/base/text.h"

/* Adds the whole of the file at `path`, which is plain and has `most` bytes at most: -EISDIR, -EFBIG, or -EINVAL for what is no
 * file, such as a pipe, which whoever names it might keep us waiting at for ever. After an error a part may have been added. */
WB_MUST_USE wb_err file_text_add(struct text *out, struct slice path, size_t most);
