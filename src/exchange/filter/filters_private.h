/* SPDX-License-Identifier: MIT */
#pragma once
#include "waybill/exchange/exchange.h"
#include "waybill/model/entrypoint.h"
#include "waybill/route/live.h"

extern const struct filter_ops filter_timeouts;
extern const struct filter_ops filter_errors;
extern const struct filter_ops filter_entrypoint_redirect;
extern const struct filter_ops filter_white_list;
extern const struct filter_ops filter_redirect;
extern const struct filter_ops filter_custom_headers;
extern const struct filter_ops filter_security_headers;
extern const struct filter_ops filter_basic_auth_list;
extern const struct filter_ops filter_client_certificate;
extern const struct filter_ops filter_basic_auth;
extern const struct filter_ops filter_digest_auth;
extern const struct filter_ops filter_forward_auth;
extern const struct filter_ops filter_compress;
extern const struct filter_ops filter_host_alias;
extern const struct filter_ops filter_buffering;
extern const struct filter_ops filter_circuit_breaker;
extern const struct filter_ops filter_max_conn;
extern const struct filter_ops filter_rate_limit;
extern const struct filter_ops filter_sticky;

/* What live state of a backend is found by: the filter, the provider, the backend, and the options it counts for. */
struct slice filter_identity(const struct filter_source *from, const char *filter, struct slice options);
