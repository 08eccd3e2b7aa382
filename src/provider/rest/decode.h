/* SPDX-License-Identifier: MIT */
/*
 * decode - JSON to records of the model, by the rows of model/schema.h and the keys of the document (spec/api-json.md 3).
 *
 * As in v1.7 keys of fixed tables match ignoring case, unknown ones are passed over (and said), null is nothing, and one value of
 * a wrong type refuses the whole: who sent it is there to hear of it. What is never shown (users, a TLS key) is read by its key
 * in TOML. Thread: any. No I/O.
 */
#pragma once
#include "waybill/model/diagnostic.h"
#include "waybill/model/model.h"

/* False: *out_problem is one line on the heap. Else `fragment` has backends and frontends, unsorted; *out_has_frontends: there was
 * a table of them, maybe empty. */
bool rest_decode(struct slice body, struct fragment *fragment, struct diagnostics *diagnostics, bool *out_has_frontends,
                 char **out_problem);
