/* SPDX-License-Identifier: MIT */
/* same_site - whether a request that changes something may be a page of somebody else's asking by its reader's browser
 * (security case A7, decisions.md 9). Thread: any. */
#pragma once
#include "waybill/exchange/local.h"

/* NULL, or why not, with what to do. A browser says where its page is from, in Origin and Sec-Fetch-Site; who is none (curl) does
 * not. A page from this very host is believed only when the host is an address or localhost: a name may have been turned to
 * us a moment ago, to make its pages ours. */
const char *same_site_problem(const struct local_request *request);
