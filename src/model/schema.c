/* SPDX-License-Identifier: MIT */
#include "waybill/model/schema.h"
#include "waybill/model/model.h"

/* Order of rows is the order of keys in the document (spec/api-json.md 3); keys are those of file-provider.md 4. */
/* clang-format off: tables of rows */
#define ROW(kind, member, key_, shown_, flags_)                                                                        \
    {                                                                                                                  \
        .key = key_, .shown = shown_, .type = FIELD_##kind, .flags = flags_, .offset = offsetof(struct RECORD, member) \
    }
#define SUB(member, key_, shown_, flags_, group_)                                                                      \
    {                                                                                                                  \
        .key = key_, .shown = shown_, .type = FIELD_GROUP, .flags = flags_, .offset = offsetof(struct RECORD, member), \
        .group = &(group_)                                                                                             \
    }
#define NAMED(member, count_member, key_, shown_, flags_, group_)                                                      \
    {                                                                                                                  \
        .key = key_, .shown = shown_, .type = FIELD_NAMED, .flags = flags_, .offset = offsetof(struct RECORD, member), \
        .count_offset = offsetof(struct RECORD, count_member), .group = &(group_)                                      \
    }
#define GROUP_INIT(noun_, record_, rows_)                                                                                 \
    {                                                                                                                     \
        .noun = noun_, .size = sizeof(struct record_), .fields = rows_, .field_count = sizeof(rows_) / sizeof((rows_)[0]) \
    }

#define NAME_IS_FIRST(record) _Static_assert(offsetof(struct record, name) == 0, "named records begin with the name")
NAME_IS_FIRST(model_server);
NAME_IS_FIRST(model_backend);
NAME_IS_FIRST(model_route);
NAME_IS_FIRST(model_frontend);
NAME_IS_FIRST(model_error_page);
NAME_IS_FIRST(model_rate);

#define RECORD model_server
static const struct field server_rows[] = {
    ROW(TEXT, url, "url", "url", 0),
    ROW(INTEGER, weight, "weight", "weight", FIELD_ALWAYS),
    ROW(TEXT, identity, NULL, NULL, 0),
};
const struct group schema_server = GROUP_INIT("server", model_server, server_rows);
#undef RECORD

#define RECORD model_circuit_breaker
static const struct field breaker_rows[] = {ROW(TEXT, expression, "expression", "expression", 0)};
static const struct group breaker = GROUP_INIT("circuit breaker", model_circuit_breaker, breaker_rows);
#undef RECORD

#define RECORD model_stickiness
static const struct field stickiness_rows[] = {ROW(TEXT, cookie_name, "cookieName", "cookieName", 0)};
static const struct group stickiness = GROUP_INIT("table of stickiness", model_stickiness, stickiness_rows);
#undef RECORD

#define RECORD model_load_balancer
static const struct field balancer_rows[] = {
    ROW(TEXT, method, "method", "method", 0),
    ROW(BOOL, sticky, "sticky", "sticky", 0),
    SUB(stickiness, "stickiness", "stickiness", 0, stickiness),
};
static const struct group balancer = GROUP_INIT("load balancer", model_load_balancer, balancer_rows);
#undef RECORD

#define RECORD model_max_conn
static const struct field max_conn_rows[] = {
    ROW(INTEGER, amount, "amount", "amount", 0),
    ROW(TEXT, extractor_func, "extractorFunc", "extractorFunc", 0),
};
static const struct group max_conn = GROUP_INIT("connection limit", model_max_conn, max_conn_rows);
#undef RECORD

#define RECORD model_health_check
static const struct field health_rows[] = {
    ROW(TEXT, scheme, "scheme", "scheme", 0),       ROW(TEXT, path, "path", "path", 0),
    ROW(INTEGER, port, "port", "port", 0),          ROW(TEXT, interval, "interval", "interval", 0),
    ROW(TEXT, hostname, "hostname", "hostname", 0), ROW(PAIRS, headers, "headers", "headers", 0),
};
static const struct group health = GROUP_INIT("health check", model_health_check, health_rows);
#undef RECORD

#define RECORD model_buffering
static const struct field buffering_rows[] = {
    ROW(INTEGER, max_request_body_bytes, "maxRequestBodyBytes", "maxRequestBodyBytes", FIELD_PROTECTS),
    ROW(INTEGER, mem_request_body_bytes, "memRequestBodyBytes", "memRequestBodyBytes", 0),
    ROW(INTEGER, max_response_body_bytes, "maxResponseBodyBytes", "maxResponseBodyBytes", FIELD_PROTECTS),
    ROW(INTEGER, mem_response_body_bytes, "memResponseBodyBytes", "memResponseBodyBytes", 0),
    ROW(TEXT, retry_expression, "retryExpression", "retryExpression", 0),
};
static const struct group buffering = GROUP_INIT("table of buffering", model_buffering, buffering_rows);
#undef RECORD

#define RECORD model_response_forwarding
static const struct field forwarding_rows[] = {ROW(TEXT, flush_interval, "flushInterval", "flushInterval", 0)};
static const struct group forwarding = GROUP_INIT("table of response forwarding", model_response_forwarding,
                                                  forwarding_rows);
#undef RECORD

#define RECORD model_backend
static const struct field backend_rows[] = {
    NAMED(servers, server_count, "servers", "servers", 0, schema_server),
    SUB(circuit_breaker, "circuitBreaker", "circuitBreaker", FIELD_PROTECTS, breaker),
    SUB(load_balancer, "loadBalancer", "loadBalancer", 0, balancer),
    SUB(max_conn, "maxConn", "maxConn", FIELD_PROTECTS, max_conn),
    SUB(health_check, "healthCheck", "healthCheck", 0, health),
    SUB(buffering, "buffering", "buffering", 0, buffering),
    SUB(response_forwarding, "responseForwarding", "forwardingResponse", 0, forwarding),
    ROW(TEXT, closed_because, NULL, NULL, 0),
};
const struct group schema_backend = GROUP_INIT("backend", model_backend, backend_rows);
#undef RECORD

#define RECORD model_route
static const struct field route_rows[] = {ROW(TEXT, rule, "rule", "rule", 0)};
const struct group schema_route = GROUP_INIT("route", model_route, route_rows);
#undef RECORD

#define RECORD model_dn
static const struct field dn_rows[] = {
    ROW(BOOL, country, "country", "country", FIELD_ALWAYS),
    ROW(BOOL, province, "province", "province", FIELD_ALWAYS),
    ROW(BOOL, locality, "locality", "locality", FIELD_ALWAYS),
    ROW(BOOL, organization, "organization", "organization", FIELD_ALWAYS),
    ROW(BOOL, common_name, "commonName", "commonName", FIELD_ALWAYS),
    ROW(BOOL, serial_number, "serialNumber", "serialNumber", FIELD_ALWAYS),
    ROW(BOOL, domain_component, "domainComponent", "domainComponent", FIELD_ALWAYS),
};
static const struct group dn = GROUP_INIT("distinguished name", model_dn, dn_rows);
#undef RECORD

#define RECORD model_client_cert_infos
static const struct field cert_infos_rows[] = {
    ROW(BOOL, not_after, "notAfter", "notAfter", FIELD_ALWAYS),
    ROW(BOOL, not_before, "notBefore", "notBefore", FIELD_ALWAYS),
    ROW(BOOL, sans, "sans", "sans", FIELD_ALWAYS),
    SUB(subject, "subject", "subject", 0, dn),
    SUB(issuer, "issuer", "issuer", 0, dn),
};
static const struct group cert_infos = GROUP_INIT("choice of client certificate fields", model_client_cert_infos,
                                                  cert_infos_rows);
#undef RECORD

#define RECORD model_pass_client_cert
static const struct field client_cert_rows[] = {
    ROW(BOOL, pem, "pem", "pem", FIELD_ALWAYS),
    SUB(infos, "infos", "infos", 0, cert_infos),
};
static const struct group client_cert = GROUP_INIT("client certificate", model_pass_client_cert, client_cert_rows);
#undef RECORD

#define RECORD model_white_list
static const struct field white_list_rows[] = {
    ROW(TEXTS, source_range, "sourceRange", "sourceRange", 0),
    ROW(BOOL, use_x_forwarded_for, "useXForwardedFor", "useXForwardedFor", 0),
};
static const struct group white_list = GROUP_INIT("white list", model_white_list, white_list_rows);
#undef RECORD

#define RECORD model_headers
static const struct field headers_rows[] = {
    ROW(PAIRS, custom_request_headers, "customRequestHeaders", "customRequestHeaders", 0),
    ROW(PAIRS, custom_response_headers, "customResponseHeaders", "customResponseHeaders", 0),
    ROW(TEXTS, allowed_hosts, "allowedHosts", "allowedHosts", FIELD_PROTECTS),
    ROW(TEXTS, hosts_proxy_headers, "hostsProxyHeaders", "hostsProxyHeaders", 0),
    ROW(BOOL, ssl_redirect, "SSLRedirect", "sslRedirect", FIELD_PROTECTS),
    ROW(BOOL, ssl_temporary_redirect, "SSLTemporaryRedirect", "sslTemporaryRedirect", FIELD_PROTECTS),
    ROW(TEXT, ssl_host, "SSLHost", "sslHost", FIELD_PROTECTS),
    ROW(PAIRS, ssl_proxy_headers, "SSLProxyHeaders", "sslProxyHeaders", FIELD_PROTECTS),
    ROW(BOOL, ssl_force_host, "SSLForceHost", "sslForceHost", FIELD_PROTECTS),
    ROW(INTEGER, sts_seconds, "STSSeconds", "stsSeconds", FIELD_PROTECTS),
    ROW(BOOL, sts_include_subdomains, "STSIncludeSubdomains", "stsIncludeSubdomains", FIELD_PROTECTS),
    ROW(BOOL, sts_preload, "STSPreload", "stsPreload", FIELD_PROTECTS),
    ROW(BOOL, force_sts_header, "forceSTSHeader", "forceSTSHeader", FIELD_PROTECTS),
    ROW(BOOL, frame_deny, "frameDeny", "frameDeny", 0),
    ROW(TEXT, custom_frame_options_value, "customFrameOptionsValue", "customFrameOptionsValue", 0),
    ROW(BOOL, content_type_nosniff, "contentTypeNosniff", "contentTypeNosniff", 0),
    ROW(BOOL, browser_xss_filter, "browserXSSFilter", "browserXssFilter", 0),
    ROW(TEXT, custom_browser_xss_value, "customBrowserXSSValue", "customBrowserXSSValue", 0),
    ROW(TEXT, content_security_policy, "contentSecurityPolicy", "contentSecurityPolicy", 0),
    ROW(TEXT, public_key, "publicKey", "publicKey", 0),
    ROW(TEXT, referrer_policy, "referrerPolicy", "referrerPolicy", 0),
    ROW(BOOL, is_development, "isDevelopment", "isDevelopment", 0),
};
static const struct group headers = GROUP_INIT("table of headers", model_headers, headers_rows);
#undef RECORD

#define RECORD model_error_page
static const struct field error_rows[] = {
    ROW(TEXTS, status, "status", "status", 0),
    ROW(TEXT, backend, "backend", "backend", 0),
    ROW(TEXT, query, "query", "query", 0),
};
static const struct group error_page = GROUP_INIT("error page", model_error_page, error_rows);
#undef RECORD

#define RECORD model_rate
static const struct field rate_rows[] = {
    ROW(DURATION, period_ns, "period", "period", 0),
    ROW(INTEGER, average, "average", "average", 0),
    ROW(INTEGER, burst, "burst", "burst", 0),
};
static const struct group rate = GROUP_INIT("rate", model_rate, rate_rows);
#undef RECORD

#define RECORD model_rate_limit
static const struct field rate_limit_rows[] = {
    NAMED(rates, rate_count, "rateset", "rateset", 0, rate),
    ROW(TEXT, extractor_func, "extractorFunc", "extractorFunc", 0),
};
static const struct group rate_limit = GROUP_INIT("rate limit", model_rate_limit, rate_limit_rows);
#undef RECORD

#define RECORD model_redirect
static const struct field redirect_rows[] = {
    ROW(TEXT, entrypoint, "entryPoint", "entryPoint", 0),
    ROW(TEXT, regex, "regex", "regex", 0),
    ROW(TEXT, replacement, "replacement", "replacement", 0),
    ROW(BOOL, permanent, "permanent", "permanent", 0),
};
static const struct group redirect = GROUP_INIT("redirect", model_redirect, redirect_rows);
#undef RECORD

#define RECORD model_auth_users
static const struct field users_rows[] = {
    ROW(TEXTS, users, "users", NULL, 0),
    ROW(TEXT, users_file, "usersFile", "usersFile", 0),
    ROW(BOOL, remove_header, "removeHeader", "removeHeader", 0),
};
static const struct group auth_users = GROUP_INIT("list of users", model_auth_users, users_rows);
#undef RECORD

#define RECORD model_auth_tls
static const struct field auth_tls_rows[] = {
    ROW(TEXT, ca, "ca", "ca", 0),
    ROW(BOOL, ca_optional, "caOptional", "caOptional", 0),
    ROW(TEXT, cert, "cert", "cert", 0),
    ROW(TEXT, key, "key", NULL, 0),
    ROW(BOOL, insecure_skip_verify, "insecureSkipVerify", "insecureSkipVerify", 0),
};
static const struct group auth_tls = GROUP_INIT("table of TLS", model_auth_tls, auth_tls_rows);
#undef RECORD

#define RECORD model_auth_forward
static const struct field auth_forward_rows[] = {
    ROW(TEXT, address, "address", "address", 0),
    SUB(tls, "tls", "tls", 0, auth_tls),
    ROW(BOOL, trust_forward_header, "trustForwardHeader", "trustForwardHeader", 0),
    ROW(TEXTS, auth_response_headers, "authResponseHeaders", "authResponseHeaders", 0),
};
static const struct group auth_forward = GROUP_INIT("auth server", model_auth_forward, auth_forward_rows);
#undef RECORD

#define RECORD model_auth
static const struct field auth_rows[] = {
    SUB(basic, "basic", "basic", 0, auth_users),
    SUB(digest, "digest", "digest", 0, auth_users),
    SUB(forward, "forward", "forward", 0, auth_forward),
    ROW(TEXT, header_field, "headerField", "headerField", 0),
};
static const struct group auth = GROUP_INIT("login", model_auth, auth_rows);
#undef RECORD

#define RECORD model_timeouts
static const struct field timeouts_rows[] = {
    ROW(TEXT, dial, "dial", "dial", 0),
    ROW(TEXT, response_header, "responseHeader", "responseHeader", 0),
    ROW(TEXT, body, "body", "body", 0),
    ROW(TEXT, total, "total", "total", 0),
};
static const struct group timeouts = GROUP_INIT("table of timeouts", model_timeouts, timeouts_rows);
#undef RECORD

#define RECORD model_frontend
static const struct field frontend_rows[] = {
    ROW(TEXTS, entrypoints, "entryPoints", "entryPoints", FIELD_PROTECTS), /* else it would be on the default ones */
    ROW(TEXT, backend, "backend", "backend", 0),
    NAMED(routes, route_count, "routes", "routes", FIELD_SELECTS, schema_route),
    ROW(BOOL, pass_host_header, "passHostHeader", "passHostHeader", 0),
    ROW(BOOL, pass_tls_cert, "passTLSCert", "passTLSCert", FIELD_PROTECTS),
    SUB(pass_client_cert, "passTLSClientCert", "passTLSClientCert", FIELD_PROTECTS, client_cert),
    ROW(INTEGER, priority, "priority", "priority", FIELD_ALWAYS),
    {.key = "basicAuth",
     .shown = "basicAuth",
     .type = FIELD_TEXTS,
     .flags = FIELD_ALWAYS | FIELD_PROTECTS,
     .offset = offsetof(struct RECORD, basic_auth),
     .present_offset = offsetof(struct RECORD, basic_auth_present)},
    ROW(TEXTS, whitelist_source_range, "whitelistSourceRange", "whitelistSourceRange", FIELD_PROTECTS),
    SUB(white_list, "whiteList", "whiteList", FIELD_PROTECTS, white_list),
    SUB(headers, "headers", "headers", 0, headers),
    NAMED(errors, error_count, "errors", "errors", 0, error_page),
    SUB(rate_limit, "ratelimit", "ratelimit", FIELD_PROTECTS, rate_limit),
    SUB(redirect, "redirect", "redirect", FIELD_PROTECTS, redirect),
    SUB(auth, "auth", "auth", FIELD_PROTECTS, auth),
    SUB(timeouts, "timeouts", "timeouts", 0, timeouts),
    ROW(TEXT, closed_because, NULL, NULL, 0),
    ROW(TEXT, left_out_because, NULL, NULL, 0),
    ROW(INTEGER, since, NULL, NULL, 0),
    ROW(TEXT, claimant, NULL, NULL, 0),
    ROW(INTEGER, absence, NULL, NULL, 0),
    ROW(TEXT, absent_because, NULL, NULL, 0),
};
const struct group schema_frontend = GROUP_INIT("frontend", model_frontend, frontend_rows);
#undef RECORD

#define RECORD fragment
static const struct field fragment_rows[] = {
    NAMED(backends, backend_count, "backends", "backends", 0, schema_backend),
    NAMED(frontends, frontend_count, "frontends", "frontends", 0, schema_frontend),
    NAMED(remembered, remembered_count, NULL, NULL, 0, schema_frontend),
};
const struct group schema_fragment = GROUP_INIT("configuration", fragment, fragment_rows);
#undef RECORD

const struct field *const schema_field_backends = &fragment_rows[0];
const struct field *const schema_field_frontends = &fragment_rows[1];
/* clang-format on */

/* The pointers are of many types: copied as bytes, which no aliasing rule forbids. */
struct records field_records(const struct field *field, const void *record)
{
    struct records records = {NULL, 0};

    memcpy(&records.first, field_at_const(field, record), sizeof records.first);
    if (field->type == FIELD_NAMED)
        memcpy(&records.count, (const char *)record + field->count_offset, sizeof records.count);
    else
        records.count = records.first != NULL;
    return records;
}

void field_set_records(const struct field *field, void *record, struct records records)
{
    memcpy(field_at(field, record), &records.first, sizeof records.first);
    if (field->type == FIELD_NAMED)
        memcpy((char *)record + field->count_offset, &records.count, sizeof records.count);
}

bool field_is_present(const struct field *field, const void *record)
{
    if (!field->present_offset)
        return true;
    return *(const bool *)((const char *)record + field->present_offset);
}

bool field_is_empty(const struct field *field, const void *record)
{
    const void *at = field_at_const(field, record);

    switch (field->type) {
    case FIELD_TEXT:
        return ((const struct slice *)at)->len == 0;
    case FIELD_BOOL:
        return !*(const bool *)at;
    case FIELD_INTEGER:
    case FIELD_DURATION:
        return *(const int64_t *)at == 0;
    case FIELD_TEXTS:
        return ((const struct slices *)at)->count == 0;
    case FIELD_PAIRS:
        return ((const struct model_pairs *)at)->count == 0;
    case FIELD_GROUP:
    case FIELD_NAMED:
        return field_records(field, record).count == 0;
    }
    WB_UNREACHABLE();
}
