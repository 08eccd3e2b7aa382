/* SPDX-License-Identifier: MIT */
/*
 * diagnostic - what is wrong with the configuration, said to the person who wrote it: the place (container
 * and label, or file and line), the value, and what to do.
 *
 * Thread: one at a time. A list owns its texts.
 */
#pragma once
#include "waybill/base/error.h"
#include "waybill/base/slice.h"

enum severity {
    DIAGNOSTIC_WARNING, /* the value is dropped alone */
    DIAGNOSTIC_ERROR,   /* the object is left out */
    DIAGNOSTIC_CLOSED,  /* the frontend answers 503 until it is mended */
};
enum { SEVERITY_COUNT = DIAGNOSTIC_CLOSED + 1 };

struct diagnostic {
    enum severity severity;
    char *place; /* "container web, label traefik.port" */
    char *text;  /* "`80x` is not a port: write a number from 1 to 65535" */
};

struct diagnostics {
    struct diagnostic *items;
    size_t count, capacity;
};

/* "warning", "error", "closed". */
const char *severity_name(enum severity severity);
void diagnostics_init(struct diagnostics *list);
void diagnostics_fini(struct diagnostics *list);
void diagnostics_add(struct diagnostics *list, enum severity severity, struct slice place, const char *form, ...)
    WB_PRINTF(4, 5);
/* Says again what was said elsewhere. */
void diagnostics_repeat(struct diagnostics *out, const struct diagnostics *said);
/* The same of another place. */
void diagnostics_repeat_at(struct diagnostics *out, const struct diagnostics *said, struct slice place);
/* Logs what is in `now` and not in `before`: each thing is said once per change. */
void diagnostics_log_new(const struct diagnostics *now, const struct diagnostics *before);
