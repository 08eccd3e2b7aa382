/* SPDX-License-Identifier: MIT */
/* report - the first error of a template, with its place. Thread: one. Owner: the caller of render_text. */
#pragma once
#include "waybill/base/arena.h"

struct report {
    struct arena *arena;
    struct slice source, file;
    const char *problem; /* NULL: none yet */
};

/* Always false, so that what fails can return it. `at` lies in the source. */
bool report_fail(struct report *report, const char *at, const char *form, ...) WB_PRINTF(3, 4);
