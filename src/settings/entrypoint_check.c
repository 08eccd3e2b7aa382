/* SPDX-License-Identifier: MIT */
/* What an entrypoint must say, and must not, before anything listens. */
#include "entrypoint_draft.h"
#include "waybill/net/address.h"
#include "waybill/settings/host_port.h"

/* The likely slips: a comma for a blank, a mistyped key, a flag that is only a name. */
static bool fail_address(struct entrypoint_draft *draft)
{
    const char *name = draft->shown_name, *first = name[0] ? "" : "Name:http ";
    if (strpbrk(name, ",:"))
        return reading_fail(draft->reading, "entrypoint \"%s\" has no address: write Address::80, with a blank before it",
                            name);
    if (draft->unknown)
        return reading_fail(draft->reading, "entrypoint \"%s\" has no address, and \"%s\" is no option: write %sAddress::80",
                            name, draft->unknown, first);
    return reading_fail(draft->reading,
                        "entrypoint \"%s\" has no address: write %sAddress::80, or address = \":80\" in TOML", name, first);
}

static bool check_address(struct entrypoint_draft *draft)
{
    struct host_port host_port;
    if (draft->entrypoint.address.len == 0)
        return fail_address(draft);
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

/* The list's old name counts where the new one has nothing; the modifier is not said of it (1.7). */
static void settle_old_white_list(struct entrypoint_draft *draft)
{
    struct model_white_list *list = draft->entrypoint.white_list;

    if (list->source_range.count || draft->old_white_list.count == 0)
        return;
    list->source_range = draft->old_white_list;
    list->use_x_forwarded_for = false;
}

static bool check_white_list(struct entrypoint_draft *draft)
{
    if (!draft->white_list_named)
        return true;
    settle_old_white_list(draft);
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

static bool is_whole(const struct model_certificate *certificate)
{
    return certificate->cert.len && certificate->key.len;
}

/* v1.7 passes over what is half there, or belongs to TLS where there is none: then somebody believes to be protected. */
static bool check_tls(struct entrypoint_draft *draft)
{
    const struct model_tls *tls = draft->tls;
    if (!tls)
        return true;
    if (!draft->tls_named)
        return reading_fail(draft->reading, "entrypoint \"%s\": %s means nothing without TLS: add TLS, or remove it",
                            draft->shown_name, draft->tls_option);
    for (size_t i = 0; i < tls->certificate_count; i++)
        if (!is_whole(&tls->certificates[i]))
            return reading_fail(
                draft->reading,
                "entrypoint \"%s\": bad certificates format: TLS wants a certificate and its key each: write "
                "TLS:certFile,keyFile;certFile,keyFile",
                draft->shown_name);
    if (tls->fallback && !is_whole(tls->fallback))
        return reading_fail(draft->reading,
                            "entrypoint \"%s\": TLS.DefaultCertificate wants both: a certificate and its key",
                            draft->shown_name);
    if (draft->ca_named && tls->client_cas.count == 0)
        return reading_fail(draft->reading,
                            "entrypoint \"%s\": clients' certificates are to be verified, and by whom is not said: name "
                            "files in CA",
                            draft->shown_name);
    draft->entrypoint.tls = draft->tls;
    return true;
}

bool entrypoint_check(struct entrypoint_draft *draft)
{
    return check_address(draft) && check_white_list(draft) && check_auth(draft) && check_trust(draft) &&
           check_proxies(draft) && check_redirect(draft) && check_tls(draft);
}
