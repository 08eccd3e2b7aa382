/* SPDX-License-Identifier: MIT */
#include "label_table.h"
#include "waybill/base/suggest.h"
#include "waybill/model/model.h"

/* clang-format off: tables of rows */
#define NAMED(name_, kind_, flags_)                 \
    {                                               \
        name_, LABEL_##kind_, PLACE_NONE, flags_, 0 \
    }
#define ROW(name_, kind_, place_, record_, member_, flags_)                             \
    {                                                                                   \
        name_, LABEL_##kind_, PLACE_##place_, flags_, offsetof(struct record_, member_) \
    }

#define FRONTEND(name_, kind_, member_, flags_) ROW("frontend." name_, kind_, FRONTEND, model_frontend, member_, flags_)
#define USERS(kind_name_, place_, name_, kind_, member_, flags_) \
    ROW("frontend.auth." kind_name_ "." name_, kind_, place_, model_auth_users, member_, LABEL_PROTECTS | (flags_))
#define FORWARD(name_, kind_, member_, flags_) \
    ROW("frontend.auth.forward." name_, kind_, FORWARD, model_auth_forward, member_, LABEL_PROTECTS | (flags_))
#define FORWARD_TLS(name_, kind_, member_, flags_) \
    ROW("frontend.auth.forward.tls." name_, kind_, FORWARD_TLS, model_auth_tls, member_, LABEL_PROTECTS | (flags_))
#define HEADERS(name_, kind_, member_, flags_) ROW("frontend.headers." name_, kind_, HEADERS, model_headers, member_, flags_)
#define TIMEOUTS(name_, member_)               ROW("frontend.timeouts." name_, TEXT, TIMEOUTS, model_timeouts, member_, 0)
#define CERT_INFOS(name_, member_) \
    ROW("frontend.passTLSClientCert.infos." name_, BOOL, CERT_INFOS, model_client_cert_infos, member_, LABEL_PROTECTS)
#define CERT_DN(who_, place_, name_, member_) \
    ROW("frontend.passTLSClientCert.infos." who_ "." name_, BOOL, place_, model_dn, member_, LABEL_PROTECTS)
#define CERT_DNS(who_, place_)                                                                                   \
    CERT_DN(who_, place_, "commonName", common_name), CERT_DN(who_, place_, "country", country),                 \
        CERT_DN(who_, place_, "domainComponent", domain_component), CERT_DN(who_, place_, "locality", locality), \
        CERT_DN(who_, place_, "organization", organization), CERT_DN(who_, place_, "province", province),        \
        CERT_DN(who_, place_, "serialNumber", serial_number)
#define BUFFERING(name_, kind_, member_, flags_) \
    ROW("backend.buffering." name_, kind_, BUFFERING, model_buffering, member_, flags_)
#define HEALTH(name_, kind_, member_) ROW("backend.healthcheck." name_, kind_, HEALTH_CHECK, model_health_check, member_, 0)

const struct label_row label_rows[] = {
    NAMED("enable", BOOL, LABEL_ELSEWHERE),
    NAMED("tags", LIST, LABEL_ELSEWHERE),
    NAMED("domain", TEXT, LABEL_ELSEWHERE),
    NAMED("docker.network", TEXT, LABEL_ELSEWHERE),
    NAMED("port", PORT, LABEL_ELSEWHERE),
    NAMED("weight", INTEGER, LABEL_ELSEWHERE),
    NAMED("protocol", TEXT, LABEL_ELSEWHERE),
    NAMED("backend", TEXT, LABEL_ELSEWHERE),
    NAMED("portIndex", KNOWN, 0),
    NAMED("portName", KNOWN, 0),

    ROW("backend.circuitbreaker.expression", TEXT, BREAKER, model_circuit_breaker, expression, LABEL_PROTECTS),
    ROW("backend.loadbalancer.method", TEXT, BALANCER, model_load_balancer, method, 0),
    ROW("backend.loadbalancer.sticky", BOOL, BALANCER, model_load_balancer, sticky, 0),
    NAMED("backend.loadbalancer.stickiness", BOOL, 0),
    ROW("backend.loadbalancer.stickiness.cookieName", TEXT, STICKINESS, model_stickiness, cookie_name, 0),
    NAMED("backend.loadbalancer.swarm", BOOL, 0),
    ROW("backend.maxconn.amount", INTEGER, MAX_CONN, model_max_conn, amount, LABEL_PROTECTS),
    ROW("backend.maxconn.extractorfunc", TEXT, MAX_CONN, model_max_conn, extractor_func, LABEL_PROTECTS),
    HEALTH("path", TEXT, path),
    HEALTH("scheme", TEXT, scheme),
    HEALTH("interval", TEXT, interval),
    HEALTH("hostname", TEXT, hostname),
    HEALTH("port", INTEGER, port),
    HEALTH("headers", PAIRS, headers),
    ROW("backend.responseForwarding.flushInterval", TEXT, FORWARDING, model_response_forwarding, flush_interval, 0),
    BUFFERING("maxRequestBodyBytes", INTEGER, max_request_body_bytes, LABEL_PROTECTS),
    BUFFERING("memRequestBodyBytes", INTEGER, mem_request_body_bytes, 0),
    BUFFERING("maxResponseBodyBytes", INTEGER, max_response_body_bytes, LABEL_PROTECTS),
    BUFFERING("memResponseBodyBytes", INTEGER, mem_response_body_bytes, 0),
    BUFFERING("retryExpression", TEXT, retry_expression, 0),

    NAMED("frontend.rule", TEXT, LABEL_ELSEWHERE),
    FRONTEND("entryPoints", LIST, entrypoints, 0),
    FRONTEND("priority", INTEGER, priority, 0),
    FRONTEND("passHostHeader", BOOL, pass_host_header, 0),
    FRONTEND("passTLSCert", BOOL, pass_tls_cert, LABEL_PROTECTS),

    ROW("frontend.auth.headerField", TEXT, AUTH, model_auth, header_field, LABEL_PROTECTS),
    ROW("frontend.auth.basic", LIST, BASIC, model_auth_users, users, LABEL_PROTECTS | LABEL_EMPTY_CLOSES),
    USERS("basic", BASIC, "users", LIST, users, LABEL_EMPTY_CLOSES | LABEL_FALLBACK),
    USERS("basic", BASIC, "usersFile", TEXT, users_file, LABEL_EMPTY_CLOSES),
    USERS("basic", BASIC, "removeHeader", BOOL, remove_header, 0),
    USERS("digest", DIGEST, "users", LIST, users, LABEL_EMPTY_CLOSES),
    USERS("digest", DIGEST, "usersFile", TEXT, users_file, LABEL_EMPTY_CLOSES),
    USERS("digest", DIGEST, "removeHeader", BOOL, remove_header, 0),
    FORWARD("address", TEXT, address, LABEL_EMPTY_CLOSES),
    FORWARD("trustForwardHeader", BOOL, trust_forward_header, 0),
    FORWARD("authResponseHeaders", LIST, auth_response_headers, 0),
    FORWARD_TLS("ca", TEXT, ca, 0),
    FORWARD_TLS("caOptional", BOOL, ca_optional, 0),
    FORWARD_TLS("cert", TEXT, cert, LABEL_MULTILINE),
    FORWARD_TLS("key", TEXT, key, LABEL_MULTILINE),
    FORWARD_TLS("insecureSkipVerify", BOOL, insecure_skip_verify, 0),

    ROW("frontend.whiteList.sourceRange", LIST, WHITE_LIST, model_white_list, source_range,
        LABEL_PROTECTS | LABEL_EMPTY_CLOSES),
    ROW("frontend.whitelistSourceRange", LIST, WHITE_LIST, model_white_list, source_range,
        LABEL_PROTECTS | LABEL_EMPTY_CLOSES | LABEL_FALLBACK),
    ROW("frontend.whiteList.useXForwardedFor", BOOL, WHITE_LIST, model_white_list, use_x_forwarded_for, LABEL_PROTECTS),

    ROW("frontend.redirect.entryPoint", TEXT, REDIRECT, model_redirect, entrypoint, LABEL_PROTECTS),
    ROW("frontend.redirect.regex", TEXT, REDIRECT, model_redirect, regex, LABEL_PROTECTS),
    ROW("frontend.redirect.replacement", TEXT, REDIRECT, model_redirect, replacement, LABEL_PROTECTS),
    ROW("frontend.redirect.permanent", BOOL, REDIRECT, model_redirect, permanent, 0),
    ROW("frontend.rateLimit.extractorFunc", TEXT, RATE_LIMIT, model_rate_limit, extractor_func, LABEL_PROTECTS),

    HEADERS("customRequestHeaders", PAIRS, custom_request_headers, 0),
    HEADERS("customResponseHeaders", PAIRS, custom_response_headers, 0),
    HEADERS("SSLProxyHeaders", PAIRS, ssl_proxy_headers, 0),
    HEADERS("allowedHosts", LIST, allowed_hosts, LABEL_PROTECTS),
    HEADERS("hostsProxyHeaders", LIST, hosts_proxy_headers, 0),
    HEADERS("SSLRedirect", BOOL, ssl_redirect, LABEL_PROTECTS),
    HEADERS("SSLTemporaryRedirect", BOOL, ssl_temporary_redirect, 0),
    HEADERS("SSLForceHost", BOOL, ssl_force_host, LABEL_PROTECTS),
    HEADERS("SSLHost", TEXT, ssl_host, 0),
    HEADERS("STSSeconds", INTEGER, sts_seconds, LABEL_PROTECTS),
    HEADERS("STSIncludeSubdomains", BOOL, sts_include_subdomains, LABEL_PROTECTS),
    HEADERS("STSPreload", BOOL, sts_preload, LABEL_PROTECTS),
    HEADERS("forceSTSHeader", BOOL, force_sts_header, LABEL_PROTECTS),
    HEADERS("frameDeny", BOOL, frame_deny, 0),
    HEADERS("customFrameOptionsValue", TEXT, custom_frame_options_value, 0),
    HEADERS("contentTypeNosniff", BOOL, content_type_nosniff, 0),
    HEADERS("browserXSSFilter", BOOL, browser_xss_filter, 0),
    HEADERS("customBrowserXSSValue", TEXT, custom_browser_xss_value, 0),
    HEADERS("contentSecurityPolicy", TEXT, content_security_policy, 0),
    HEADERS("publicKey", TEXT, public_key, 0),
    HEADERS("referrerPolicy", TEXT, referrer_policy, 0),
    HEADERS("isDevelopment", BOOL, is_development, 0),

    TIMEOUTS("dial", dial),
    TIMEOUTS("responseHeader", response_header),
    TIMEOUTS("body", body),
    TIMEOUTS("total", total),

    ROW("frontend.passTLSClientCert.pem", BOOL, CERT, model_pass_client_cert, pem, LABEL_PROTECTS),
    CERT_INFOS("notAfter", not_after),
    CERT_INFOS("notBefore", not_before),
    CERT_INFOS("sans", sans),
    CERT_DNS("subject", CERT_SUBJECT),
    CERT_DNS("issuer", CERT_ISSUER),
};
const size_t label_row_count = WB_COUNT(label_rows);

#define UNDER(place_, parent_, parent_record_, member_, record_, rule_, label_)                                            \
    {                                                                                                                      \
        PLACE_##place_, PLACE_##parent_, offsetof(struct parent_record_, member_), sizeof(struct record_), EXISTS_##rule_, \
            label_                                                                                                         \
    }
#define IN_FRONTEND(place_, member_, record_, rule_, label_) \
    UNDER(place_, FRONTEND, model_frontend, member_, record_, rule_, label_)
#define IN_BACKEND(place_, member_, record_, rule_, label_) \
    UNDER(place_, BACKEND, model_backend, member_, record_, rule_, label_)

const struct place_row place_rows[] = {
    IN_FRONTEND(WHITE_LIST, white_list, model_white_list, ALWAYS, NULL), /* these three go again when they stay empty */
    IN_FRONTEND(REDIRECT, redirect, model_redirect, ALWAYS, NULL),
    IN_FRONTEND(HEADERS, headers, model_headers, ALWAYS, NULL),
    IN_FRONTEND(RATE_LIMIT, rate_limit, model_rate_limit, BY_VALUE, "frontend.rateLimit.extractorFunc"),
    IN_FRONTEND(TIMEOUTS, timeouts, model_timeouts, BY_PREFIX, "frontend.timeouts"),
    IN_FRONTEND(CERT, pass_client_cert, model_pass_client_cert, BY_PREFIX, "frontend.passTLSClientCert"),
    UNDER(CERT_INFOS, CERT, model_pass_client_cert, infos, model_client_cert_infos, BY_PREFIX,
          "frontend.passTLSClientCert.infos"),
    UNDER(CERT_SUBJECT, CERT_INFOS, model_client_cert_infos, subject, model_dn, BY_PREFIX,
          "frontend.passTLSClientCert.infos.subject"),
    UNDER(CERT_ISSUER, CERT_INFOS, model_client_cert_infos, issuer, model_dn, BY_PREFIX,
          "frontend.passTLSClientCert.infos.issuer"),
    UNDER(FORWARD_TLS, FORWARD, model_auth_forward, tls, model_auth_tls, BY_PREFIX, "frontend.auth.forward.tls"),
    IN_BACKEND(BREAKER, circuit_breaker, model_circuit_breaker, BY_VALUE, "backend.circuitbreaker.expression"),
    IN_BACKEND(BALANCER, load_balancer, model_load_balancer, BY_PREFIX, "backend.loadbalancer"),
    UNDER(STICKINESS, BALANCER, model_load_balancer, stickiness, model_stickiness, BY_TRUE,
          "backend.loadbalancer.stickiness"),
    IN_BACKEND(MAX_CONN, max_conn, model_max_conn, BY_NUMBER, "backend.maxconn.amount"),
    IN_BACKEND(HEALTH_CHECK, health_check, model_health_check, BY_VALUE, "backend.healthcheck.path"),
    IN_BACKEND(BUFFERING, buffering, model_buffering, BY_PREFIX, "backend.buffering"),
    IN_BACKEND(FORWARDING, response_forwarding, model_response_forwarding, BY_PREFIX,
               "backend.responseForwarding.flushInterval"),
};
const size_t place_row_count = WB_COUNT(place_rows);
/* clang-format on */

const struct label_row *label_row_find(struct slice name)
{
    for (size_t i = 0; i < label_row_count; i++) {
        if (slice_eq(name, slice_of(label_rows[i].name)))
            return &label_rows[i];
    }
    return NULL;
}

const struct label_row *label_row_find_nocase(struct slice name)
{
    for (size_t i = 0; i < label_row_count; i++) {
        if (slice_eq_nocase(name, slice_of(label_rows[i].name)))
            return &label_rows[i];
    }
    return NULL;
}

const char *label_row_suggest(struct slice wrong)
{
    const char *names[WB_COUNT(label_rows)];

    for (size_t i = 0; i < label_row_count; i++)
        names[i] = label_rows[i].name;
    return suggest_name(wrong, names, label_row_count);
}
