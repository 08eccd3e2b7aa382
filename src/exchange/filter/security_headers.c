/* SPDX-License-Identifier: MIT */
/*
 * security headers - which hosts may be asked for, the way to https, and what browsers are told (spec/proxy.md 19).
 *
 * A request came by https when a pair of SSLProxyHeaders is in it; forwarding fields of who is not trusted are gone by
 * now (decisions.md 7, defects A18). Hosts that a proxy names count only from one that is trusted: others could name what
 * they like.
 */
#include "filters_private.h"
#include "waybill/base/digest.h"

enum { ALWAYS_MAX = 4, NONCE_BYTES = 16, NONCE_CHARS = 22 };

struct security_headers {
    struct slices allowed_hosts, proxy_hosts; /* proxy_hosts: names of fields */
    struct model_pairs proxy_https;           /* any of these fields with its value: https */
    bool redirects, temporarily, force_host;
    struct slice ssl_host;                       /* empty: the request's */
    struct slice transport_security, public_key; /* empty: none */
    bool transport_security_always;
    struct slice content_policy; /* with $NONCE */
    struct model_pair always[ALWAYS_MAX];
    size_t always_count;
};

struct security_half {
    struct response_half half;
    const struct security_headers *config;
    bool https;
};

static bool is_used(const struct model_headers *m)
{
    return m && (m->allowed_hosts.count || m->hosts_proxy_headers.count || m->ssl_redirect || m->ssl_temporary_redirect ||
                 m->ssl_host.len || m->ssl_proxy_headers.count || m->ssl_force_host || m->sts_seconds ||
                 m->sts_include_subdomains || m->sts_preload || m->force_sts_header || m->frame_deny ||
                 m->custom_frame_options_value.len || m->content_type_nosniff || m->browser_xss_filter ||
                 m->custom_browser_xss_value.len || m->content_security_policy.len || m->public_key.len ||
                 m->referrer_policy.len);
}

static bool close_with(const struct filter_source *from, const char *option, struct slice value, const char *advice)
{
    diagnostics_add(from->diagnostics, DIAGNOSTIC_CLOSED, from->place, "headers.%s: `" SLICE_FMT "` %s", option,
                    SLICE_SHOWN(value), advice);
    return false;
}

static bool compile_names(const struct filter_source *from, const char *option, const struct slices *names,
                          struct slices *out)
{
    for (size_t i = 0; i < names->count; i++) {
        struct slice name = slice_trim_space(names->items[i]);
        if (!header_name_is_valid(name))
            return close_with(from, option, name, "is not a header name");
        slices_add(from->arena, out, name);
    }
    return true;
}

static bool compile_hosts(const struct filter_source *from, struct security_headers *security)
{
    const struct model_headers *model = from->frontend->headers;
    struct slice host, port;

    for (size_t i = 0; i < model->allowed_hosts.count; i++) {
        struct slice wanted = slice_trim_space(model->allowed_hosts.items[i]);
        if (wanted.len == 0 || !authority_parse(wanted, &host, &port))
            return close_with(from, "allowedHosts", wanted, "is not a host: write it like example.com or example.com:8080");
        if (!model->is_development)
            slices_add(from->arena, &security->allowed_hosts, wanted);
    }
    return compile_names(from, "hostsProxyHeaders", &model->hosts_proxy_headers, &security->proxy_hosts);
}

static bool compile_https(const struct filter_source *from, struct security_headers *security)
{
    const struct model_headers *model = from->frontend->headers;
    const struct model_pairs *pairs = &model->ssl_proxy_headers;
    struct slice host, port, ssl_host = slice_trim_space(model->ssl_host);

    if (ssl_host.len && !authority_parse(ssl_host, &host, &port))
        return close_with(from, "SSLHost", ssl_host, "is not a host: write it like example.com or example.com:8443");
    security->redirects = model->ssl_redirect && !model->is_development;
    security->temporarily = model->ssl_temporary_redirect;
    security->force_host = model->ssl_force_host;
    security->ssl_host = arena_copy(from->arena, ssl_host);
    security->proxy_https.items = ARENA_ARRAY(from->arena, struct model_pair, pairs->count + 1);
    for (size_t i = 0; i < pairs->count; i++) {
        const struct model_pair *pair = &pairs->items[i];
        if (!header_name_is_valid(pair->name) || pair->value.len == 0)
            return close_with(from, "SSLProxyHeaders", pair->name, "is not a header name with a value");
        security->proxy_https.items[security->proxy_https.count++] = (struct model_pair){
            arena_copy(from->arena, pair->name), arena_copy(from->arena, slice_trim(pair->value))};
    }
    return true;
}

static bool compile_transport_security(const struct filter_source *from, struct security_headers *security)
{
    const struct model_headers *model = from->frontend->headers;

    if (model->sts_seconds < 0)
        return close_with(from, "STSSeconds", slice_of(arena_format(from->arena, "%lld", (long long)model->sts_seconds)),
                          "is below zero: write seconds, such as 31536000");
    if (model->sts_seconds == 0 || model->is_development)
        return true;
    security->transport_security = slice_of(arena_format(from->arena, "max-age=%lld%s%s", (long long)model->sts_seconds,
                                                         model->sts_include_subdomains ? "; includeSubDomains" : "",
                                                         model->sts_preload ? "; preload" : ""));
    security->transport_security_always = model->force_sts_header;
    return true;
}

/* A value that cannot stand in a field is left out alone. */
static struct slice compile_value(const struct filter_source *from, const char *option, struct slice value)
{
    if (header_value_is_valid(value))
        return arena_copy(from->arena, slice_trim(value));
    diagnostics_add(from->diagnostics, DIAGNOSTIC_WARNING, from->place,
                    "headers.%s: the value has a control character: left out", option);
    return SLICE("");
}

static void add_always(struct security_headers *security, struct slice name, struct slice value)
{
    if (value.len)
        security->always[security->always_count++] = (struct model_pair){name, value};
}

static void compile_for_browsers(const struct filter_source *from, struct security_headers *security)
{
    const struct model_headers *model = from->frontend->headers;
    struct slice frame = compile_value(from, "customFrameOptionsValue", model->custom_frame_options_value);
    struct slice xss = compile_value(from, "customBrowserXSSValue", model->custom_browser_xss_value);

    if (frame.len == 0 && model->frame_deny)
        frame = SLICE("DENY");
    if (xss.len == 0 && model->browser_xss_filter)
        xss = SLICE("1; mode=block");
    add_always(security, SLICE("X-Frame-Options"), frame);
    add_always(security, SLICE("X-Content-Type-Options"), model->content_type_nosniff ? SLICE("nosniff") : SLICE(""));
    add_always(security, SLICE("X-Xss-Protection"), xss);
    add_always(security, SLICE("Referrer-Policy"), compile_value(from, "referrerPolicy", model->referrer_policy));
    security->content_policy = compile_value(from, "contentSecurityPolicy", model->content_security_policy);
    if (!model->is_development)
        security->public_key = compile_value(from, "publicKey", model->public_key);
}

static enum filter_compiled compile(const struct filter_source *from, const void **out_config)
{
    struct security_headers *security;

    if (!is_used(from->frontend->headers))
        return FILTER_ABSENT;
    security = ARENA_NEW(from->arena, struct security_headers);
    if (!compile_hosts(from, security) || !compile_https(from, security) || !compile_transport_security(from, security))
        return FILTER_CLOSED;
    compile_for_browsers(from, security);
    *out_config = security;
    return FILTER_MADE;
}

static struct slice field_value(const struct headers *headers, struct slice name)
{
    const struct header *field = headers_find_name(headers, name);
    return field ? field->value : SLICE("");
}

static bool is_https(const struct exchange *x, const struct security_headers *security)
{
    for (size_t i = 0; i < security->proxy_https.count; i++) {
        const struct model_pair *pair = &security->proxy_https.items[i];
        if (slice_eq(field_value(&x->request.headers, pair->name), pair->value))
            return true;
    }
    return x->entrypoint->tls != NULL;
}

/* The host that was asked for, with its port. */
static struct slice asked_host(const struct exchange *x, const struct security_headers *security)
{
    for (size_t i = 0; x->trusted && i < security->proxy_hosts.count; i++) {
        struct slice host, port, named = field_value(&x->request.headers, security->proxy_hosts.items[i]);
        if (named.len)
            return authority_parse(named, &host, &port) ? named : SLICE("");
    }
    return x->request.authority;
}

static bool is_allowed(const struct security_headers *security, struct slice host)
{
    for (size_t i = 0; i < security->allowed_hosts.count; i++)
        if (slice_eq_nocase(security->allowed_hosts.items[i], host))
            return true;
    return security->allowed_hosts.count == 0;
}

/* The client gets the path it asked for, not what the route makes of it. */
static enum filter_verdict redirect(struct exchange *x, const struct security_headers *security, struct slice host)
{
    struct slice target = x->request.form == TARGET_ASTERISK ? SLICE("/") : x->request.target;
    char *location;

    if (host.len == 0) { /* HTTP/1.0, or a proxy's word that is none */
        exchange_answer(x, REASON_MISSING_HOST);
        return FILTER_ANSWERED;
    }
    location = arena_format(&x->arena, "https://" SLICE_FMT SLICE_FMT, SLICE_ARG(host), SLICE_ARG(target));
    exchange_redirect(x, security->temporarily ? 307 : 301, slice_of(location));
    return FILTER_ANSWERED;
}

static void add_nonce(struct text *out)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    unsigned char random[NONCE_BYTES + 2] = {0};

    digest_random(random, NONCE_BYTES);
    for (size_t i = 0, bit = 0; i < NONCE_CHARS; i++, bit += 6)
        text_add_char(out, digits[((unsigned)random[bit / 8] << 8 | random[bit / 8 + 1]) >> (10 - bit % 8) & 63]);
}

/* `$NONCE` becomes a number nobody can guess, the same in all places, another one with each answer. */
static struct slice content_policy(struct arena *arena, struct slice policy)
{
    const struct slice mark = SLICE("$NONCE");
    struct text nonce = TEXT_EMPTY, out = TEXT_EMPTY;
    struct slice rest = policy;

    if (slice_find(policy, '$') == policy.len)
        return policy;
    for (size_t dollar; (dollar = slice_find(rest, '$')) < rest.len;) {
        bool marked = slice_starts(slice_from(rest, dollar), mark);
        if (marked && nonce.len == 0)
            add_nonce(&nonce);
        text_add(&out, slice_head(rest, marked ? dollar : dollar + 1));
        if (marked)
            text_addf(&out, "'nonce-%s'", nonce.ptr);
        rest = slice_from(rest, dollar + (marked ? mark.len : 1));
    }
    text_add(&out, rest);
    if (nonce.len)
        policy = arena_copy(arena, text_slice(&out));
    text_fini(&nonce);
    text_fini(&out);
    return policy;
}

/* A server behind us does not know that its client speaks https. */
static void mend_location(struct exchange *x)
{
    struct header *location = headers_find(x->answer.headers, HEADER_LOCATION);

    if (location && slice_starts_nocase(location->value, SLICE("http:")))
        location->value = slice_of(arena_format(&x->arena, "https:" SLICE_FMT, SLICE_ARG(slice_from(location->value, 5))));
}

static bool set_if(bool wanted, struct headers *headers, struct slice name, struct slice value)
{
    return !wanted || value.len == 0 || headers_set(headers, name, value);
}

static bool set_fields(struct exchange *x, const struct security_headers *security, bool https)
{
    struct headers *headers = x->answer.headers;
    bool fits = true;

    for (size_t i = 0; i < security->always_count; i++)
        fits = set_if(true, headers, security->always[i].name, security->always[i].value) && fits;
    fits = set_if(https || security->transport_security_always, headers, SLICE("Strict-Transport-Security"),
                  security->transport_security) &&
           set_if(https, headers, SLICE("Public-Key-Pins"), security->public_key) &&
           set_if(true, headers, SLICE("Content-Security-Policy"), content_policy(&x->arena, security->content_policy)) &&
           fits;
    if (https)
        mend_location(x);
    return fits && !x->arena.overflowed;
}

static enum response_verdict tell_browsers(struct response_half *half, struct exchange *x)
{
    struct security_half *security = (struct security_half *)half;

    if (!exchange_was_forwarded(x) || set_fields(x, security->config, security->https))
        return RESPONSE_PASS;
    exchange_answer(x, REASON_INTERNAL);
    return RESPONSE_REPLACED;
}

static const struct response_ops security_response = {.head = tell_browsers};

static enum filter_verdict request(struct exchange *x, const void *config)
{
    const struct security_headers *security = config;
    struct slice host = asked_host(x, security);
    struct slice there = security->ssl_host.len ? security->ssl_host : host;
    bool https = is_https(x, security);
    struct security_half *half;

    if (!is_allowed(security, host)) {
        exchange_answer(x, REASON_HOST_NOT_ALLOWED);
        return FILTER_ANSWERED;
    }
    if ((security->redirects && !https) || (security->force_host && !slice_eq_nocase(there, host)))
        return redirect(x, security, there);
    half = ARENA_NEW(&x->arena, struct security_half);
    if (!half) {
        exchange_answer(x, REASON_INTERNAL);
        return FILTER_ANSWERED;
    }
    half->config = security;
    half->https = https;
    exchange_see_answer(x, &half->half, &security_response);
    return FILTER_PASS;
}

static bool owns(const void *config, struct slice name)
{
    const struct security_headers *security = config;

    for (size_t i = 0; i < security->proxy_hosts.count; i++)
        if (header_same_class(name, security->proxy_hosts.items[i]))
            return true;
    for (size_t i = 0; i < security->proxy_https.count; i++)
        if (header_same_class(name, security->proxy_https.items[i].name))
            return true;
    return false;
}

const struct filter_ops filter_security_headers = {.name = "headers", .compile = compile, .request = request, .owns = owns};
