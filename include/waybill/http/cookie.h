/* SPDX-License-Identifier: MIT */
/* cookie - one value of a request's Cookie fields (RFC 6265 5.4), read as v1.7 reads them: the first of the name counts, names
 * have case, quotes around the value are not part of it. Thread: any. Pure. */
#pragma once
#include "waybill/http/headers.h"

/* A slice of the field. False: there is none of that name. */
bool cookie_find(const struct headers *headers, struct slice name, struct slice *out_value);
