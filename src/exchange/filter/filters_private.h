/* SPDX-License-Identifier: MIT */
#pragma once
#include "waybill/exchange/exchange.h"
#include "waybill/model/entrypoint.h"
#include "waybill/route/live.h"

extern const struct filter_ops filter_errors;
extern const struct filter_ops filter_white_list;
extern const struct filter_ops filter_custom_headers;
extern const struct filter_ops filter_security_headers;
extern const struct filter_ops filter_forward_auth;
extern const struct filter_ops filter_compress;
extern const struct filter_ops filter_sticky;
