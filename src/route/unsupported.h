/* SPDX-License-Identifier: MIT */
/* unsupported - options that this version reads and shows but does not have yet. Thread: control. */
#pragma once
#include "waybill/model/diagnostic.h"

struct model_frontend;

/* Adds a diagnostic for each one that is set. Returns the first that protects (decisions.md 10: the frontend must be
 * closed), or NULL. */
const char *unsupported_in_frontend(const struct model_frontend *frontend, struct slice place,
                                    struct diagnostics *diagnostics);
