/* SPDX-License-Identifier: MIT */
#include "report.h"
#include "waybill/base/text.h"
#include <stdarg.h>
#include <stdio.h>

bool report_fail(struct report *report, const char *at, const char *form, ...)
{
    unsigned line = 1, column = 1;
    struct text seen = TEXT_EMPTY;
    char what[1024];
    va_list arguments;

    if (report->problem)
        return false;
    for (const char *byte = report->source.ptr; byte < at; byte++) {
        column = *byte == '\n' ? 1 : column + 1;
        line += *byte == '\n';
    }
    va_start(arguments, form);
    vsnprintf(what, sizeof what, form, arguments);
    va_end(arguments);
    text_add_visible(&seen, slice_of(what)); /* one line, whatever stands in the template */
    report->problem = arena_format(report->arena, SLICE_FMT ":%u:%u: %s", SLICE_ARG(report->file), line, column, seen.ptr);
    text_fini(&seen);
    return false;
}
