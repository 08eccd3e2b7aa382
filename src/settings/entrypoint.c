/* SPDX-License-Identifier: MIT */
/* What the options of an entrypoint mean. */
#include "entrypoint.h"
#include "waybill/base/suggest.h"
#include "waybill/net/address.h"
#include "waybill/settings/host_port.h"

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
    {"whitelistsourcerange", "WhiteListSourceRange", OPTION_LIST, ID_WHITE_LIST_RANGE},
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
};

/* These and all below them protect, or change what the connection speaks: nobody may believe they are on. */
static const struct absent_part {
    const char *key, *shown;
} absent_parts[] = {
    {"tls", "TLS"},
    {"ca", "CA (client certificates)"},
};

/* A misspelled key that begins like this was meant to protect. */
static const char *const protecting_prefixes[] = {"auth", "whitelist", "forwarded", "tls", "redirect", "proxyp"};

struct entrypoint_draft {
    struct reading *reading;
    struct model_entrypoint entrypoint;
    const char *shown_name;
    bool white_list_named, auth_named, trusted_named, insecure;
};

static struct arena *arena_of(struct entrypoint_draft *draft)
{
    return &draft->reading->settings.arena;
}

/* `key` is `part` or below it. */
static bool is_within(struct slice key, const char *part)
{
    struct slice above = slice_of(part);
    return slice_starts(key, above) && (key.len == above.len || key.ptr[above.len] == '_');
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

static void apply_option(struct entrypoint_draft *draft, const struct known_option *known,
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
    }
}

static const char *suggest_key(struct slice key)
{
    const char *names[WB_COUNT(known_options)];
    for (size_t i = 0; i < WB_COUNT(known_options); i++)
        names[i] = known_options[i].key;
    const char *close = suggest_name(key, names, WB_COUNT(names));
    for (size_t i = 0; close && i < WB_COUNT(known_options); i++)
        if (known_options[i].key == close)
            return known_options[i].shown;
    return NULL;
}

/* v1.7 ignores a key it does not know. So do we, unless somebody may now believe to be protected. */
static bool meet_unknown(struct entrypoint_draft *draft, struct slice key)
{
    const char *shown = reading_shown(draft->reading, key), *close = suggest_key(key);
    for (size_t i = 0; i < WB_COUNT(absent_parts); i++)
        if (is_within(key, absent_parts[i].key))
            return reading_fail(draft->reading, "entrypoint \"%s\": %s is not in this version of Waybill yet",
                                draft->shown_name, absent_parts[i].shown);
    for (size_t i = 0; i < WB_COUNT(protecting_prefixes); i++)
        if (slice_starts(key, slice_of(protecting_prefixes[i])))
            return reading_fail(draft->reading, "entrypoint \"%s\": there is no option \"%s\"%s%s", draft->shown_name, shown,
                                close ? ": did you mean " : "", close ? close : "");
    reading_note(draft->reading, LOG_ERROR,
                 "entrypoint \"%s\": the option \"" SLICE_FMT "\" is not known and is "
                 "ignored%s%s",
                 draft->shown_name, SLICE_ARG(key), close ? ": did you mean " : "", close ? close : "");
    return true;
}

/* A word of the mini-language is whatever its key wants, but for a table: that has only members. */
static bool form_fits(enum option_form wanted, enum option_form given)
{
    return given == wanted || (given == OPTION_WORD && wanted != OPTION_TABLE);
}

static bool meet_option(struct entrypoint_draft *draft, const struct entrypoint_option *option)
{
    static const char *const form_names[] = {"", "text", "a list of texts", "true or false", "a table", ""};
    for (size_t i = 0; i < WB_COUNT(known_options); i++) {
        const struct known_option *known = &known_options[i];
        if (!slice_eq(option->key, slice_of(known->key)))
            continue;
        if (option->form == OPTION_WORD && known->form == OPTION_TABLE)
            return reading_fail(draft->reading, "entrypoint \"%s\": %s alone means nothing: name one of its members",
                                draft->shown_name, known->shown);
        if (!form_fits(known->form, option->form))
            return reading_fail(draft->reading, "entrypoint \"%s\": %s is to be %s", draft->shown_name, known->shown,
                                form_names[known->form]);
        apply_option(draft, known, option);
        return true;
    }
    return meet_unknown(draft, option->key);
}

static bool check_address(struct entrypoint_draft *draft)
{
    struct host_port host_port;
    if (draft->entrypoint.address.len == 0)
        return reading_fail(draft->reading, "entrypoint \"%s\" has no address: write Address::80", draft->shown_name);
    if (!host_port_parse(draft->entrypoint.address, &host_port))
        return reading_fail(draft->reading,
                            "entrypoint \"%s\": bad Address format \"%s\": write host:port, :port or "
                            "[IPv6]:port, with a port from 0 to 65535",
                            draft->shown_name, reading_shown(draft->reading, draft->entrypoint.address));
    return true;
}

static const struct slice *find_bad_network(const struct slices *networks)
{
    struct network network;
    for (size_t i = 0; i < networks->count; i++)
        if (!network_parse(networks->items[i], &network))
            return &networks->items[i];
    return NULL;
}

static bool check_white_list(struct entrypoint_draft *draft)
{
    if (!draft->white_list_named)
        return true;
    const struct slices *range = &draft->entrypoint.white_list->source_range;
    const struct slice *bad = find_bad_network(range);
    if (range->count == 0)
        return reading_fail(draft->reading,
                            "entrypoint \"%s\": Error creating whitelist middleware: no address is "
                            "allowed: name some in WhiteList.SourceRange",
                            draft->shown_name);
    if (bad)
        return reading_fail(draft->reading,
                            "entrypoint \"%s\": Error creating whitelist middleware: parsing CIDR "
                            "whitelist: invalid CIDR address: %s",
                            draft->shown_name, reading_shown(draft->reading, *bad));
    return true;
}

static bool check_users(struct entrypoint_draft *draft, const struct model_auth_users *users, const char *kind)
{
    if (users->users.count || users->users_file.len)
        return true;
    return reading_fail(draft->reading, "entrypoint \"%s\": Auth.%s has no users: set Auth.%s.Users or Auth.%s.UsersFile",
                        draft->shown_name, kind, kind, kind);
}

static bool check_auth(struct entrypoint_draft *draft)
{
    if (!draft->auth_named)
        return true;
    const struct model_auth *auth = draft->entrypoint.auth;
    const struct model_auth_forward *forward = auth->forward;
    if (auth->basic || auth->digest) /* these come before forward; exchange/filter reads their users */
        return check_users(draft, auth->basic ? auth->basic : auth->digest, auth->basic ? "Basic" : "Digest");
    if (!forward)
        return reading_fail(draft->reading,
                            "entrypoint \"%s\": Auth says nothing about how: set Auth.Basic.Users, Auth.Digest.Users or "
                            "Auth.Forward.Address",
                            draft->shown_name);
    struct slice address = forward->address;
    bool secure = slice_starts_nocase(address, SLICE("https://"));
    if (!secure && !slice_starts_nocase(address, SLICE("http://")))
        return reading_fail(draft->reading,
                            "entrypoint \"%s\": Auth.Forward.Address \"%s\" is no URL: write "
                            "http://host:port/path",
                            draft->shown_name, reading_shown(draft->reading, address));
    struct slice after = slice_from(address, secure ? 8 : 7);
    if (after.len == 0 || memchr("/?#:", after.ptr[0], 4))
        return reading_fail(draft->reading, "entrypoint \"%s\": Auth.Forward.Address \"%s\" names no host",
                            draft->shown_name, reading_shown(draft->reading, address));
    return true;
}

/* Nobody is trusted unless it says so (decisions.md 7); v1.7 trusts everyone. */
static bool check_trust(struct entrypoint_draft *draft)
{
    const struct slices *trusted = &draft->entrypoint.forwarded_trusted;
    const struct slice *bad = find_bad_network(trusted);
    if (draft->trusted_named && bad)
        return reading_fail(draft->reading,
                            "entrypoint \"%s\": ForwardedHeaders.TrustedIPs: \"%s\" is neither an "
                            "address nor a network",
                            draft->shown_name, reading_shown(draft->reading, *bad));
    draft->entrypoint.forwarded_insecure = draft->insecure;
    return true;
}

/* Where PROXY headers are read, somebody's must be believed; v1.7 does not start either. */
static bool check_proxies(struct entrypoint_draft *draft)
{
    const struct slice *bad = find_bad_network(&draft->entrypoint.proxy_trusted);
    if (bad)
        return reading_fail(draft->reading,
                            "entrypoint \"%s\": ProxyProtocol.TrustedIPs: \"%s\" is neither an address nor a network",
                            draft->shown_name, reading_shown(draft->reading, *bad));
    if (draft->entrypoint.proxy_protocol && !draft->entrypoint.proxy_insecure && draft->entrypoint.proxy_trusted.count == 0)
        return reading_fail(draft->reading,
                            "entrypoint \"%s\": ProxyProtocol believes nobody: name the proxies before it in "
                            "ProxyProtocol.TrustedIPs",
                            draft->shown_name);
    return true;
}

/* What they mean is the filter's business; that something is missing shows here. */
static bool check_redirect(struct entrypoint_draft *draft)
{
    const struct model_redirect *redirect = draft->entrypoint.redirect;
    if (!redirect || redirect->entrypoint.len || (redirect->regex.len && redirect->replacement.len))
        return true;
    return reading_fail(draft->reading,
                        "entrypoint \"%s\": Redirect says nothing about where to: set Redirect.EntryPoint, or "
                        "Redirect.Regex and Redirect.Replacement",
                        draft->shown_name);
}

bool entrypoint_add(struct reading *reading, struct slice name, const struct entrypoint_options *options)
{
    struct entrypoint_draft draft = {
        .reading = reading,
        .entrypoint = {.name = name},
        .shown_name = reading_shown(reading, name),
    };
    for (size_t i = 0; i < options->count; i++)
        if (!meet_option(&draft, &options->items[i]))
            return false;
    if (!check_address(&draft) || !check_white_list(&draft) || !check_auth(&draft) || !check_trust(&draft) ||
        !check_proxies(&draft) || !check_redirect(&draft))
        return false;
    reading_put_entrypoint(reading, &draft.entrypoint);
    return true;
}
