/* SPDX-License-Identifier: MIT */
/* labels_group - the labels whose names hold a name: error pages and rate sets. Private to labels.c. */
#pragma once
#include "labels.h"

void labels_read_errors(struct label_reading *reading, struct model_frontend *frontend);
void labels_read_rates(struct label_reading *reading, struct model_rate_limit *limit);
/* "frontend.errors.NAME.status" and its kin. */
bool labels_is_group_name(struct slice name);
/* Says it once, and closes the frontend when `protects`. */
void labels_report(struct label_reading *reading, const struct label *label, bool protects, const char *what);
