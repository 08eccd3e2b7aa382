/* SPDX-License-Identifier: MIT */
/* The options of an entrypoint, and what each one sets. */
#include "entrypoint_draft.h"
#include "waybill/base/suggest.h"

enum option_id {
    ID_NAME,
    ID_ADDRESS,
    ID_COMPRESS,
    ID_FORWARDED,
    ID_FORWARDED_INSECURE,
    ID_FORWARDED_TRUSTED,
    ID_PROXY,
    ID_PROXY_INSECURE,
    ID_PROXY_TRUSTED,
    ID_REDIRECT,
    ID_REDIRECT_ENTRYPOINT,
    ID_REDIRECT_REGEX,
    ID_REDIRECT_REPLACEMENT,
    ID_REDIRECT_PERMANENT,
    ID_WHITE_LIST,
    ID_WHITE_LIST_RANGE,
    ID_WHITE_LIST_OLD,
    ID_WHITE_LIST_BY_HEADER,
    ID_AUTH,
    ID_AUTH_FIELD,
    ID_BASIC,
    ID_BASIC_USERS,
    ID_BASIC_FILE,
    ID_BASIC_REMOVE,
    ID_DIGEST,
    ID_DIGEST_USERS,
    ID_DIGEST_FILE,
    ID_DIGEST_REMOVE,
    ID_FORWARD,
    ID_FORWARD_ADDRESS,
    ID_FORWARD_TRUST,
    ID_FORWARD_HEADERS,
    ID_FORWARD_TLS,
    ID_FORWARD_TLS_CA,
    ID_FORWARD_TLS_CA_OPTIONAL,
    ID_FORWARD_TLS_CERT,
    ID_FORWARD_TLS_KEY,
    ID_FORWARD_TLS_SKIP,
    ID_TLS,
    ID_TLS_CERTIFICATES,
    ID_TLS_VERSION,
    ID_TLS_CIPHERS,
    ID_TLS_STRICT,
    ID_TLS_DEFAULT_CERT,
    ID_TLS_DEFAULT_KEY,
    ID_CA_TABLE,
    ID_CA,
    ID_CA_OPTIONAL,
};

static const struct known_option {
    const char *key, *shown;
    enum option_form form;
    enum option_id id;
} known_options[] = {
    {"name", "Name", OPTION_TEXT, ID_NAME},
    {"address", "Address", OPTION_TEXT, ID_ADDRESS},
    {"compress", "Compress", OPTION_TRUTH, ID_COMPRESS},
    {"forwardedheaders", "ForwardedHeaders", OPTION_TABLE, ID_FORWARDED},
    {"forwardedheaders_insecure", "ForwardedHeaders.Insecure", OPTION_TRUTH, ID_FORWARDED_INSECURE},
    {"forwardedheaders_trustedips", "ForwardedHeaders.TrustedIPs", OPTION_LIST, ID_FORWARDED_TRUSTED},
    {"proxyprotocol", "ProxyProtocol", OPTION_TABLE, ID_PROXY},
    {"proxyprotocol_insecure", "ProxyProtocol.Insecure", OPTION_TRUTH, ID_PROXY_INSECURE},
    {"proxyprotocol_trustedips", "ProxyProtocol.TrustedIPs", OPTION_LIST, ID_PROXY_TRUSTED},
    {"redirect", "Redirect", OPTION_TABLE, ID_REDIRECT},
    {"redirect_entrypoint", "Redirect.EntryPoint", OPTION_TEXT, ID_REDIRECT_ENTRYPOINT},
    {"redirect_regex", "Redirect.Regex", OPTION_TEXT, ID_REDIRECT_REGEX},
    {"redirect_replacement", "Redirect.Replacement", OPTION_TEXT, ID_REDIRECT_REPLACEMENT},
    {"redirect_permanent", "Redirect.Permanent", OPTION_TRUTH, ID_REDIRECT_PERMANENT},
    {"whitelist", "WhiteList", OPTION_TABLE, ID_WHITE_LIST},
    {"whitelist_sourcerange", "WhiteList.SourceRange", OPTION_LIST, ID_WHITE_LIST_RANGE},
    {"whitelistsourcerange", "WhiteListSourceRange", OPTION_LIST, ID_WHITE_LIST_OLD},
    {"whitelist_usexforwardedfor", "WhiteList.UseXForwardedFor", OPTION_TRUTH, ID_WHITE_LIST_BY_HEADER},
    {"auth", "Auth", OPTION_TABLE, ID_AUTH},
    {"auth_headerfield", "Auth.HeaderField", OPTION_TEXT, ID_AUTH_FIELD},
    {"auth_basic", "Auth.Basic", OPTION_TABLE, ID_BASIC},
    {"auth_basic_users", "Auth.Basic.Users", OPTION_LIST, ID_BASIC_USERS},
    {"auth_basic_usersfile", "Auth.Basic.UsersFile", OPTION_TEXT, ID_BASIC_FILE},
    {"auth_basic_removeheader", "Auth.Basic.RemoveHeader", OPTION_TRUTH, ID_BASIC_REMOVE},
    {"auth_digest", "Auth.Digest", OPTION_TABLE, ID_DIGEST},
    {"auth_digest_users", "Auth.Digest.Users", OPTION_LIST, ID_DIGEST_USERS},
    {"auth_digest_usersfile", "Auth.Digest.UsersFile", OPTION_TEXT, ID_DIGEST_FILE},
    {"auth_digest_removeheader", "Auth.Digest.RemoveHeader", OPTION_TRUTH, ID_DIGEST_REMOVE},
    {"auth_forward", "Auth.Forward", OPTION_TABLE, ID_FORWARD},
    {"auth_forward_address", "Auth.Forward.Address", OPTION_TEXT, ID_FORWARD_ADDRESS},
    {"auth_forward_trustforwardheader", "Auth.Forward.TrustForwardHeader", OPTION_TRUTH, ID_FORWARD_TRUST},
    {"auth_forward_authresponseheaders", "Auth.Forward.AuthResponseHeaders", OPTION_LIST, ID_FORWARD_HEADERS},
    {"auth_forward_tls", "Auth.Forward.TLS", OPTION_TABLE, ID_FORWARD_TLS},
    {"auth_forward_tls_ca", "Auth.Forward.TLS.CA", OPTION_TEXT, ID_FORWARD_TLS_CA},
    {"auth_forward_tls_caoptional", "Auth.Forward.TLS.CAOptional", OPTION_TRUTH, ID_FORWARD_TLS_CA_OPTIONAL},
    {"auth_forward_tls_cert", "Auth.Forward.TLS.Cert", OPTION_TEXT, ID_FORWARD_TLS_CERT},
    {"auth_forward_tls_key", "Auth.Forward.TLS.Key", OPTION_TEXT, ID_FORWARD_TLS_KEY},
    {"auth_forward_tls_insecureskipverify", "Auth.Forward.TLS.InsecureSkipVerify", OPTION_TRUTH, ID_FORWARD_TLS_SKIP},
    {"tls", "TLS", OPTION_TABLE, ID_TLS},
    {"tls_certificates", "TLS", OPTION_PAIRS, ID_TLS_CERTIFICATES},
    {"tls_minversion", "TLS.MinVersion", OPTION_TEXT, ID_TLS_VERSION},
    {"tls_ciphersuites", "TLS.CipherSuites", OPTION_LIST, ID_TLS_CIPHERS},
    {"tls_snistrict", "TLS.SniStrict", OPTION_TRUTH, ID_TLS_STRICT},
    {"tls_defaultcertificate", "TLS.DefaultCertificate", OPTION_TABLE, ID_TLS},
    {"tls_defaultcertificate_cert", "TLS.DefaultCertificate.Cert", OPTION_TEXT, ID_TLS_DEFAULT_CERT},
    {"tls_defaultcertificate_certfile", "TLS.DefaultCertificate.CertFile", OPTION_TEXT, ID_TLS_DEFAULT_CERT},
    {"tls_defaultcertificate_key", "TLS.DefaultCertificate.Key", OPTION_TEXT, ID_TLS_DEFAULT_KEY},
    {"tls_defaultcertificate_keyfile", "TLS.DefaultCertificate.KeyFile", OPTION_TEXT, ID_TLS_DEFAULT_KEY},
    {"tls_clientca", "TLS.ClientCA", OPTION_TABLE, ID_CA_TABLE},
    {"tls_clientca_files", "TLS.ClientCA.Files", OPTION_LIST, ID_CA},
    {"tls_clientca_optional", "TLS.ClientCA.Optional", OPTION_TRUTH, ID_CA_OPTIONAL},
    {"tls_clientcafiles", "TLS.ClientCAFiles", OPTION_LIST, ID_CA},
    {"ca", "CA", OPTION_LIST, ID_CA},
    {"ca_optional", "CA.Optional", OPTION_TRUTH, ID_CA_OPTIONAL},
};

const struct known_option *known_option_find(struct slice key)
{
    for (size_t i = 0; i < WB_COUNT(known_options); i++)
        if (slice_eq(key, slice_of(known_options[i].key)))
            return &known_options[i];
    return NULL;
}

const struct known_option *known_option_at(size_t place)
{
    return place < WB_COUNT(known_options) ? &known_options[place] : NULL;
}

const char *known_option_shown(const struct known_option *known)
{
    return known->shown;
}

enum option_form known_option_form(const struct known_option *known)
{
    return known->form;
}

const char *known_option_suggest(struct slice key)
{
    const char *names[WB_COUNT(known_options)];
    for (size_t i = 0; i < WB_COUNT(known_options); i++)
        names[i] = known_options[i].key;
    const char *close = suggest_name(key, names, WB_COUNT(names));
    return close ? known_option_find(slice_of(close))->shown : NULL;
}

static struct arena *arena_of(struct entrypoint_draft *draft)
{
    return &draft->reading->settings.arena;
}

/* v1.7 reads `true`, `enable` and `on`; all else is false, no value at all too. */
static bool read_truth(struct entrypoint_draft *draft, const struct entrypoint_option *option, const char *shown)
{
    static const char *const yes[] = {"true", "enable", "on"}, *const no[] = {"false", "disable", "off"};
    for (size_t i = 0; i < WB_COUNT(yes); i++) {
        if (slice_eq_nocase(option->text, slice_of(yes[i])))
            return true;
        if (slice_eq_nocase(option->text, slice_of(no[i])))
            return false;
    }
    reading_note(draft->reading, LOG_ERROR, "entrypoint \"%s\": %s:" SLICE_FMT " reads as false: write true or false",
                 draft->shown_name, shown, SLICE_ARG(option->text));
    return false;
}

static struct model_white_list *white_list_of(struct entrypoint_draft *draft)
{
    draft->white_list_named = true;
    if (!draft->entrypoint.white_list)
        draft->entrypoint.white_list = ARENA_NEW(arena_of(draft), struct model_white_list);
    return draft->entrypoint.white_list;
}

static struct model_redirect *redirect_of(struct entrypoint_draft *draft)
{
    if (!draft->entrypoint.redirect)
        draft->entrypoint.redirect = ARENA_NEW(arena_of(draft), struct model_redirect);
    return draft->entrypoint.redirect;
}

static struct model_auth *auth_of(struct entrypoint_draft *draft)
{
    draft->auth_named = true;
    if (!draft->entrypoint.auth)
        draft->entrypoint.auth = ARENA_NEW(arena_of(draft), struct model_auth);
    return draft->entrypoint.auth;
}

static struct model_auth_users *users_of(struct entrypoint_draft *draft, struct model_auth_users **users)
{
    if (!*users)
        *users = ARENA_NEW(arena_of(draft), struct model_auth_users);
    return *users;
}

static struct model_auth_users *basic_of(struct entrypoint_draft *draft)
{
    return users_of(draft, &auth_of(draft)->basic);
}

static struct model_auth_users *digest_of(struct entrypoint_draft *draft)
{
    return users_of(draft, &auth_of(draft)->digest);
}

static struct model_auth_forward *forward_of(struct entrypoint_draft *draft)
{
    struct model_auth *auth = auth_of(draft);
    if (!auth->forward)
        auth->forward = ARENA_NEW(arena_of(draft), struct model_auth_forward);
    return auth->forward;
}

static struct model_auth_tls *forward_tls_of(struct entrypoint_draft *draft)
{
    struct model_auth_forward *forward = forward_of(draft);
    if (!forward->tls)
        forward->tls = ARENA_NEW(arena_of(draft), struct model_auth_tls);
    return forward->tls;
}

static struct model_tls *tls_of(struct entrypoint_draft *draft, const char *option)
{
    draft->tls_option = option;
    if (!draft->tls)
        draft->tls = ARENA_NEW(arena_of(draft), struct model_tls);
    return draft->tls;
}

static struct model_certificate *fallback_of(struct entrypoint_draft *draft, const char *option)
{
    struct model_tls *tls = tls_of(draft, option);
    if (!tls->fallback) {
        tls->fallback = ARENA_NEW(arena_of(draft), struct model_certificate);
        *tls->fallback = (struct model_certificate){.cert = SLICE(""), .key = SLICE("")};
    }
    return tls->fallback;
}

static void set_certificates(struct entrypoint_draft *draft, const struct slices *pairs)
{
    struct model_tls *tls = tls_of(draft, "TLS");
    tls->certificate_count = pairs->count / 2;
    tls->certificates = ARENA_ARRAY(arena_of(draft), struct model_certificate, tls->certificate_count);
    for (size_t i = 0; i < tls->certificate_count; i++)
        tls->certificates[i] = (struct model_certificate){.cert = pairs->items[2 * i], .key = pairs->items[2 * i + 1]};
}

static void set_cas(struct entrypoint_draft *draft, const struct slices *cas, const char *option)
{
    draft->ca_named = true;
    for (size_t i = 0; i < cas->count; i++)
        slices_add(arena_of(draft), &tls_of(draft, option)->client_cas, cas->items[i]);
}

/* What TLS itself is made of. */
static void apply_tls_option(const struct known_option *known, struct entrypoint_draft *draft,
                             const struct entrypoint_option *option)
{
    switch ((int)known->id) {
    case ID_TLS:
        draft->tls_named = true;
        tls_of(draft, known->shown);
        break;
    case ID_TLS_CERTIFICATES:
        draft->tls_named = true;
        set_certificates(draft, &option->items);
        break;
    case ID_TLS_VERSION:
        tls_of(draft, known->shown)->min_version = option->text;
        break;
    case ID_TLS_CIPHERS:
        tls_of(draft, known->shown)->cipher_suites = option->items;
        break;
    case ID_TLS_STRICT:
        tls_of(draft, known->shown)->sni_strict = read_truth(draft, option, known->shown);
        break;
    case ID_TLS_DEFAULT_CERT:
        fallback_of(draft, known->shown)->cert = option->text;
        break;
    case ID_TLS_DEFAULT_KEY:
        fallback_of(draft, known->shown)->key = option->text;
        break;
    case ID_CA_TABLE:
        draft->ca_named = true;
        tls_of(draft, known->shown);
        break;
    case ID_CA:
        set_cas(draft, &option->items, known->shown);
        break;
    case ID_CA_OPTIONAL:
        draft->ca_named = true;
        tls_of(draft, known->shown)->client_ca_optional = read_truth(draft, option, known->shown);
        break;
    default:
        break;
    }
}

void known_option_apply(const struct known_option *known, struct entrypoint_draft *draft,
                        const struct entrypoint_option *option)
{
    struct model_entrypoint *entrypoint = &draft->entrypoint;
    switch (known->id) {
    case ID_NAME:
    case ID_FORWARDED:
        break;
    case ID_ADDRESS:
        entrypoint->address = option->text;
        break;
    case ID_COMPRESS:
        entrypoint->compress = read_truth(draft, option, known->shown);
        break;
    case ID_FORWARDED_INSECURE:
        draft->insecure = read_truth(draft, option, known->shown);
        break;
    case ID_FORWARDED_TRUSTED:
        draft->trusted_named = true;
        entrypoint->forwarded_trusted = option->items;
        break;
    case ID_PROXY:
        entrypoint->proxy_protocol = true;
        break;
    case ID_PROXY_INSECURE:
        entrypoint->proxy_protocol = true;
        entrypoint->proxy_insecure = read_truth(draft, option, known->shown);
        break;
    case ID_PROXY_TRUSTED:
        entrypoint->proxy_protocol = true;
        entrypoint->proxy_trusted = option->items;
        break;
    case ID_REDIRECT:
        redirect_of(draft);
        break;
    case ID_REDIRECT_ENTRYPOINT:
        redirect_of(draft)->entrypoint = option->text;
        break;
    case ID_REDIRECT_REGEX:
        redirect_of(draft)->regex = option->text;
        break;
    case ID_REDIRECT_REPLACEMENT:
        redirect_of(draft)->replacement = option->text;
        break;
    case ID_REDIRECT_PERMANENT:
        redirect_of(draft)->permanent = read_truth(draft, option, known->shown);
        break;
    case ID_WHITE_LIST:
        white_list_of(draft);
        break;
    case ID_WHITE_LIST_RANGE:
        white_list_of(draft)->source_range = option->items;
        break;
    case ID_WHITE_LIST_OLD:
        white_list_of(draft);
        draft->old_white_list = option->items;
        break;
    case ID_WHITE_LIST_BY_HEADER:
        white_list_of(draft)->use_x_forwarded_for = read_truth(draft, option, known->shown);
        break;
    case ID_AUTH:
        auth_of(draft);
        break;
    case ID_AUTH_FIELD:
        auth_of(draft)->header_field = option->text;
        break;
    case ID_BASIC:
        basic_of(draft);
        break;
    case ID_BASIC_USERS:
        basic_of(draft)->users = option->items;
        break;
    case ID_BASIC_FILE:
        basic_of(draft)->users_file = option->text;
        break;
    case ID_BASIC_REMOVE:
        basic_of(draft)->remove_header = read_truth(draft, option, known->shown);
        break;
    case ID_DIGEST:
        digest_of(draft);
        break;
    case ID_DIGEST_USERS:
        digest_of(draft)->users = option->items;
        break;
    case ID_DIGEST_FILE:
        digest_of(draft)->users_file = option->text;
        break;
    case ID_DIGEST_REMOVE:
        digest_of(draft)->remove_header = read_truth(draft, option, known->shown);
        break;
    case ID_FORWARD:
        forward_of(draft);
        break;
    case ID_FORWARD_ADDRESS:
        forward_of(draft)->address = option->text;
        break;
    case ID_FORWARD_TRUST:
        forward_of(draft)->trust_forward_header = read_truth(draft, option, known->shown);
        break;
    case ID_FORWARD_HEADERS:
        forward_of(draft)->auth_response_headers = option->items;
        break;
    case ID_FORWARD_TLS:
        forward_tls_of(draft);
        break;
    case ID_FORWARD_TLS_CA:
        forward_tls_of(draft)->ca = option->text;
        break;
    case ID_FORWARD_TLS_CA_OPTIONAL:
        forward_tls_of(draft)->ca_optional = read_truth(draft, option, known->shown);
        break;
    case ID_FORWARD_TLS_CERT:
        forward_tls_of(draft)->cert = option->text;
        break;
    case ID_FORWARD_TLS_KEY:
        forward_tls_of(draft)->key = option->text;
        break;
    case ID_FORWARD_TLS_SKIP:
        forward_tls_of(draft)->insecure_skip_verify = read_truth(draft, option, known->shown);
        break;
    case ID_TLS:
    case ID_TLS_CERTIFICATES:
    case ID_TLS_VERSION:
    case ID_TLS_CIPHERS:
    case ID_TLS_STRICT:
    case ID_TLS_DEFAULT_CERT:
    case ID_TLS_DEFAULT_KEY:
    case ID_CA_TABLE:
    case ID_CA:
    case ID_CA_OPTIONAL:
        apply_tls_option(known, draft, option);
        break;
    }
}
