/* SPDX-License-Identifier: MIT */
#include "waybill/settings/flag_list.h"
#include "flag.h"
#include "help.h"

/* A value that shells complete as a path: the names say so. */
static bool names_file(const struct flag *flag)
{
    static const char *const ends[] = {"file",         "filename", "filePath", "directory", "folder",
                                       "resolvConfig", "rootCAs",  "ca",       "cert",      "key"};
    struct slice name = slice_of(flag->name);
    for (size_t i = 0; i < WB_COUNT(ends); i++)
        if (slice_ends(name, slice_of(ends[i])) || slice_eq_nocase(name, SLICE("configFile")))
            return flag->kind == FLAG_TEXT || flag->kind == FLAG_LIST;
    return false;
}

static const char *choices_of(const struct flag *flag)
{
    static const char *const choices[][2] = {
        {"logLevel", "DEBUG INFO WARN ERROR FATAL PANIC"},
        {"accessLog.format", "common json"},
        {"traefikLog.format", "common json"},
        {"accessLog.fields.defaultMode", "keep drop"},
        {"accessLog.fields.headers.defaultMode", "keep drop redact"},
        {"metrics.influxdb.protocol", "udp http"},
        {"tracing.backend", "zipkin otlp"},
    };
    for (size_t i = 0; i < WB_COUNT(choices); i++)
        if (slice_eq(slice_of(flag->name), slice_of(choices[i][0])))
            return choices[i][1];
    return "";
}

size_t flag_list_count(void)
{
    return flag_table_count;
}

struct flag_facts flag_list_at(size_t place)
{
    const struct flag *flag = &flag_table[place];
    return (struct flag_facts){
        .name = flag->name,
        .letter = flag->letter,
        .value = help_value_word(flag->kind),
        .choices = choices_of(flag),
        .shown = flag->shown,
        .help = flag->help,
        .heading = flag->kind == FLAG_HEADING,
        .refused = flag->state == FLAG_NOT_YET,
        .without_effect = flag->state == FLAG_WITHOUT_EFFECT,
        .names_file = names_file(flag),
    };
}

/* clang-format off: a table of rows */
static const struct entrypoint_key_facts entrypoint_keys[] = {
    {"Name:http", "what frontends, logs and other options call it"},
    {"Address::80", "where it listens: :PORT, HOST:PORT or [IPv6]:PORT"},
    {"Compress:true", "compress answers for clients that take it"},
    {"ForwardedHeaders.TrustedIPs:10.0.0.0/8,192.168.1.7", "clients whose X-Forwarded-* are believed"},
    {"ForwardedHeaders.Insecure:true", "everybody's are, as in Traefik v1.7"},
    {"ProxyProtocol.TrustedIPs:10.0.0.0/8", "proxies whose PROXY headers are believed"},
    {"ProxyProtocol.Insecure:true", "everybody's are"},
    {"Redirect.EntryPoint:https", "send everybody to another entrypoint"},
    {"Redirect.Regex:^http://a/(.*)", "send those whose URL matches to the replacement"},
    {"Redirect.Replacement:http://b/$1", "where to"},
    {"Redirect.Permanent:true", "say 301, not 302"},
    {"WhiteList.SourceRange:10.0.0.0/8", "who may come in, 403 for others; WhiteListSourceRange is its old name"},
    {"WhiteList.UseXForwardedFor:true", "go by X-Forwarded-For, as far as it is believed"},
    {"Auth.Basic.Users:NAME:HASH,...", "who may log in, with hashes by htpasswd"},
    {"Auth.Basic.UsersFile:FILE", "the same in a file, a line each"},
    {"Auth.Basic.RemoveHeader:true", "servers do not see Authorization"},
    {"Auth.Digest.Users:NAME:traefik:HASH,...", "who may log in, with hashes by htdigest"},
    {"Auth.Digest.UsersFile:FILE", "the same in a file, a line each"},
    {"Auth.Digest.RemoveHeader:true", "servers do not see Authorization"},
    {"Auth.HeaderField:X-WebAuth-User", "tell servers in this header who has logged in"},
    {"Auth.Forward.Address:http://auth/check", "ask this URL who may pass: 2xx is yes"},
    {"Auth.Forward.TrustForwardHeader:true", "tell it the X-Forwarded-* that came"},
    {"Auth.Forward.AuthResponseHeaders:X-User,X-Role", "headers of its answer that servers are told"},
    {"Auth.Forward.TLS.CA:FILE", "who may have signed its certificate"},
    {"Auth.Forward.TLS.CAOptional:true", "accepted without effect: it is verified in any case"},
    {"Auth.Forward.TLS.Cert:FILE", "the router's certificate to it"},
    {"Auth.Forward.TLS.Key:FILE", "its private key"},
    {"Auth.Forward.TLS.InsecureSkipVerify:true", "take anybody for it"},
    {"TLS", "speak TLS, with certificates of rules files or one made at start"},
    {"TLS:CERT,KEY;CERT,KEY", "speak TLS with these: files, chosen by the client's host (TOML: [[...tls.certificates]] with "
                              "certFile and keyFile)"},
    {"TLS.MinVersion:VersionTLS12", "refuse older ones"},
    {"TLS.CipherSuites:NAME,...", "TLS 1.2: only these, by their names in Go"},
    {"TLS.SniStrict:true", "refuse clients that ask for a host without certificate"},
    {"TLS.DefaultCertificate.Cert:FILE",
     "for hosts without certificate, else the first is (TOML: TLS.DefaultCertificate.CertFile)"},
    {"TLS.DefaultCertificate.Key:FILE", "its private key (TOML: TLS.DefaultCertificate.KeyFile)"},
    {"CA:FILE,...", "clients must show a certificate that one of these has signed (TOML: TLS.ClientCA.Files; "
                    "TLS.ClientCAFiles is its old name)"},
    {"CA.Optional:true", "only those that show one are checked (TOML: TLS.ClientCA.Optional)"},
};
/* clang-format on */

size_t entrypoint_key_count(void)
{
    return WB_COUNT(entrypoint_keys);
}

struct entrypoint_key_facts entrypoint_key_at(size_t place)
{
    return entrypoint_keys[place];
}
