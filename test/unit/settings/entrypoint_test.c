/* SPDX-License-Identifier: MIT */
#include "settings/read_words.h"
#include "waybill/settings/host_port.h"

/* --entryPoints=words alone. */
static enum settings_outcome read_entrypoint(const char *words)
{
    char *word = wb_format("--entryPoints=%s", words);
    enum settings_outcome outcome = read_words(word);
    free(word);
    return outcome;
}

static const struct model_entrypoint *entrypoint(const char *name)
{
    const struct model_entrypoint *found = settings_entrypoint(&settings, slice_of(name));
    if (!found)
        fail_msg("there is no entrypoint %s", name);
    return found;
}

static void test_words_are_split_at_blanks_and_their_first_colon(void **state)
{
    (void)state;
    expect_ok(read_entrypoint("  Name:web\t\tAddress:[::1]:8443  "));
    expect_text(entrypoint("web")->address, "[::1]:8443");
    assert_null(entrypoint("web")->white_list);
    assert_null(entrypoint("web")->auth);
}

static void test_keys_ignore_case_and_names_keep_it(void **state)
{
    (void)state;
    expect_ok(read_entrypoint("NAME:Web ADDRESS::81 forwardedheaders.TRUSTEDIPS:10.0.0.0/8"));
    expect_list(entrypoint("Web")->forwarded_trusted, "10.0.0.0/8");
    assert_null(settings_entrypoint(&settings, SLICE("web")));
}

static void test_a_dot_and_an_underscore_are_the_same_in_a_key(void **state)
{
    (void)state;
    expect_ok(read_entrypoint("Name:a Address::81 WhiteList_SourceRange:1.2.3.4"));
    expect_list(entrypoint("a")->white_list->source_range, "1.2.3.4");
}

static void test_a_later_key_of_the_same_name_wins(void **state)
{
    (void)state;
    expect_ok(read_entrypoint("Name:a Address::81 Address::82 Name:b"));
    expect_list(settings.entrypoint_names, "b");
    expect_text(entrypoint("b")->address, ":82");
}

static void test_each_flag_adds_one_and_the_default_is_not_added(void **state)
{
    (void)state;
    expect_ok(read_words("--entryPoints=Name:a Address::81", "--entrypoints", "Name:b Address::82"));
    expect_list(settings.entrypoint_names, "a,b");
    expect_ok(
        read_words("--entryPoints=Name:a Address::81 WhiteList.SourceRange:1.2.3.4", "--entrypoints=Name:a Address::82"));
    expect_list(settings.entrypoint_names, "a");
    assert_null(entrypoint("a")->white_list);
    assert_true(has_note("\"a\" is defined twice"));
}

static void test_an_entrypoint_without_a_name_is_listened_on_and_noted(void **state)
{
    (void)state;
    expect_ok(read_entrypoint("Address::81"));
    expect_list(settings.entrypoint_names, "");
    assert_true(has_note("has no name"));
}

static void test_a_missing_or_bad_address_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"unix",   "80",     ":",           ":x",           ":65536",
                                      ":-1",    ":+1",    "::80",        "[::1]",        "[::1]80",
                                      "[x]:80", "a/b:80", "http://a:80", "[1.2.3.4]:80", "[[::1]]:80"};
    expect_refused(read_entrypoint("Name:web"), "entrypoint \"web\" has no address");
    expect_refused(read_entrypoint("Name:web Address:"), "entrypoint \"web\" has no address");
    expect_refused(read_entrypoint("Name:web,Address::80"), "has no address: write Address::80, with a blank before it\n");
    expect_refused(read_entrypoint(""), "entrypoint \"\" has no address: write Name:http Address::80");
    expect_refused(read_entrypoint("Name:web Adress::80"), "has no address, and \"adress\" is no option: write Address::80");
    for (size_t i = 0; i < WB_COUNT(bad); i++) {
        char *words = wb_format("Name:web Address:%s", bad[i]);
        expect_refused(read_entrypoint(words), "entrypoint \"web\": bad Address format ");
        free(words);
    }
}

static void test_nobody_is_trusted_unless_it_says_so(void **state)
{
    (void)state;
    static const struct {
        const char *words;
        bool insecure;
        const char *trusted;
    } cases[] = {
        {"", false, ""},
        {"ForwardedHeaders.Insecure:true", true, ""},
        {"ForwardedHeaders.Insecure:ENABLE", true, ""},
        {"ForwardedHeaders.Insecure:on", true, ""},
        {"ForwardedHeaders.Insecure:false", false, ""},
        {"ForwardedHeaders.Insecure:1", false, ""}, /* v1.7 reads it so, too */
        {"ForwardedHeaders.Insecure", false, ""},
        {"ForwardedHeaders.TrustedIPs:10.0.0.0/8,::1,192.168.1.7", false, "10.0.0.0/8,::1,192.168.1.7"},
        {"ForwardedHeaders.TrustedIPs:10.0.0.1 ForwardedHeaders.Insecure:true", true, "10.0.0.1"},
        {"ForwardedHeaders.TrustedIPs:", false, ""},
    };
    for (size_t i = 0; i < WB_COUNT(cases); i++) {
        char *words = wb_format("Name:a Address::81 %s", cases[i].words);
        expect_ok(read_entrypoint(words));
        assert_int_equal(entrypoint("a")->forwarded_insecure, cases[i].insecure);
        expect_list(entrypoint("a")->forwarded_trusted, cases[i].trusted);
        free(words);
    }
    expect_refused(read_entrypoint("Name:a Address::81 ForwardedHeaders.TrustedIPs:10.0.0.0/33"),
                   "\"10.0.0.0/33\" is neither an address nor a network");
    expect_refused(read_entrypoint("Name:a Address::81 ForwardedHeaders.TrustedIPs:proxy.example"), "\"proxy.example\"");
}

static void test_a_switch_that_is_no_truth_is_noted(void **state)
{
    (void)state;
    expect_ok(read_entrypoint("Name:a Address::81 ForwardedHeaders.Insecure:yes"));
    assert_true(has_note("ForwardedHeaders.Insecure:yes reads as false"));
}

static void test_a_white_list_is_taken_or_stops_the_start(void **state)
{
    (void)state;
    expect_ok(read_entrypoint("Name:a Address::81 WhiteList.SourceRange:10.0.0.0/8,::1 "
                              "WhiteList.UseXForwardedFor:true"));
    expect_list(entrypoint("a")->white_list->source_range, "10.0.0.0/8,::1");
    assert_true(entrypoint("a")->white_list->use_x_forwarded_for);
    expect_ok(read_entrypoint("Name:a Address::81 WhiteListSourceRange:10.0.0.0/8"));
    expect_list(entrypoint("a")->white_list->source_range, "10.0.0.0/8");
    assert_false(entrypoint("a")->white_list->use_x_forwarded_for);
    expect_ok(read_entrypoint("Name:a Address::81 WhiteList.SourceRange:::1 WhiteListSourceRange:10.0.0.0/8 "
                              "WhiteList.UseXForwardedFor:true"));
    expect_list(entrypoint("a")->white_list->source_range, "::1");
    assert_true(entrypoint("a")->white_list->use_x_forwarded_for);
    expect_ok(read_entrypoint("Name:a Address::81 WhiteListSourceRange:10.0.0.0/8 WhiteList.UseXForwardedFor:true"));
    expect_list(entrypoint("a")->white_list->source_range, "10.0.0.0/8");
    assert_false(entrypoint("a")->white_list->use_x_forwarded_for);
    expect_refused(read_entrypoint("Name:a Address::81 WhiteList.SourceRange:1.2.3.4,bad"),
                   "Error creating whitelist middleware: parsing CIDR whitelist: invalid CIDR address: bad");
    expect_refused(read_entrypoint("Name:a Address::81 WhiteList.SourceRange:"), "no address is allowed");
    expect_refused(read_entrypoint("Name:a Address::81 WhiteList.SourceRange:,"), "no address is allowed");
    expect_refused(read_entrypoint("Name:a Address::81 WhiteList.UseXForwardedFor:true"), "no address is allowed");
}

static void test_forward_auth_is_taken_or_stops_the_start(void **state)
{
    (void)state;
    expect_ok(read_entrypoint("Name:a Address::81 Auth.Forward.Address:http://auth:8000/check?x=1 "
                              "Auth.Forward.TrustForwardHeader:true Auth.Forward.AuthResponseHeaders:X-User,X-Role"));
    const struct model_auth_forward *forward = entrypoint("a")->auth->forward;
    expect_text(forward->address, "http://auth:8000/check?x=1");
    assert_true(forward->trust_forward_header);
    expect_list(forward->auth_response_headers, "X-User,X-Role");
    expect_ok(read_entrypoint("Name:a Address::81 Auth.Forward.Address:https://auth Auth.Forward.TLS.CA:/ca.pem "
                              "Auth.Forward.TLS.Cert:/c.pem Auth.Forward.TLS.Key:/k.pem "
                              "Auth.Forward.TLS.InsecureSkipVerify:yes"));
    const struct model_auth_tls *tls = entrypoint("a")->auth->forward->tls;
    expect_text(tls->ca, "/ca.pem");
    expect_text(tls->cert, "/c.pem");
    expect_text(tls->key, "/k.pem");
    assert_false(tls->insecure_skip_verify); /* what cannot be read leaves it verified (security case T5) */
    static const char *const bad[] = {
        "Auth.Forward.Address:",           "Auth.Forward.Address:auth",
        "Auth.Forward.Address:ftp://auth", "Auth.Forward.Address:http://",
        "Auth.Forward.Address:http:///x",  "Auth.Forward.TrustForwardHeader:true",
        "Auth.HeaderField:X-User",         "Auth.Forward.AuthResponseHeaders:X-User",
        "Auth.Forward.Address:https://?x",
    };
    for (size_t i = 0; i < WB_COUNT(bad); i++) {
        char *words = wb_format("Name:a Address::81 %s", bad[i]);
        expect_refused(read_entrypoint(words), "entrypoint \"a\": Auth");
        free(words);
    }
}

static void test_users_are_taken_or_stop_the_start(void **state)
{
    (void)state;
    expect_ok(read_entrypoint("Name:a Address::81 Auth.Basic.Users:ann:$apr1$a$b,bob:{SHA}x= Auth.Basic.RemoveHeader:true "
                              "Auth.HeaderField:X-User"));
    const struct model_auth *auth = entrypoint("a")->auth;
    expect_list(auth->basic->users, "ann:$apr1$a$b,bob:{SHA}x=");
    assert_true(auth->basic->remove_header);
    expect_text(auth->header_field, "X-User");
    assert_null(auth->digest);
    expect_ok(read_entrypoint("Name:b Address::82 Auth.Digest.Users:ann:traefik:1 Auth.Digest.UsersFile:/etc/users"));
    auth = entrypoint("b")->auth;
    expect_list(auth->digest->users, "ann:traefik:1");
    expect_text(auth->digest->users_file, "/etc/users");
    static const char *const bad[] = {
        "Auth.Basic.Users:",
        "Auth.Basic.RemoveHeader:true",
        "Auth.Digest.UsersFile:",
        "Auth.Digest.Users:,",
        "Auth.Basic.RemoveHeader:true Auth.Digest.Users:ann:traefik:1", /* basic comes first */
    };
    for (size_t i = 0; i < WB_COUNT(bad); i++) {
        char *words = wb_format("Name:a Address::81 %s", bad[i]);
        expect_refused(read_entrypoint(words), "has no users: set Auth.");
        free(words);
    }
}

static void test_a_proxy_is_believed_by_its_address(void **state)
{
    (void)state;
    static const struct {
        const char *words;
        bool looked_for, insecure;
        const char *trusted;
    } cases[] = {
        {"", false, false, ""},
        {"ProxyProtocol.TrustedIPs:10.0.0.0/8,::1", true, false, "10.0.0.0/8,::1"},
        {"ProxyProtocol.Insecure:true", true, true, ""},
        {"proxyprotocol_insecure:on ProxyProtocol.TrustedIPs:10.0.0.1", true, true, "10.0.0.1"},
    };
    static const struct {
        const char *words, *message;
    } bad[] = {
        {"ProxyProtocol.Insecure:false", "ProxyProtocol believes nobody: name the proxies before it"},
        {"ProxyProtocol.Insecure", "ProxyProtocol believes nobody"},
        {"ProxyProtocol.TrustedIPs:", "ProxyProtocol believes nobody"},
        {"ProxyProtocol.TrustedIPs:10.0.0.1,lb.example", "ProxyProtocol.TrustedIPs: \"lb.example\" is neither"},
        {"ProxyProtocol.TrustedIPs:10.0.0.0/33 ProxyProtocol.Insecure:true", "\"10.0.0.0/33\" is neither"},
        {"ProxyProtocol:true", "ProxyProtocol alone means nothing"},
        {"ProxyProtocl.TrustedIPs:10.0.0.1", "did you mean ProxyProtocol.TrustedIPs"},
    };
    for (size_t i = 0; i < WB_COUNT(cases); i++) {
        char *words = wb_format("Name:a Address::81 %s", cases[i].words);
        expect_ok(read_entrypoint(words));
        assert_int_equal(entrypoint("a")->proxy_protocol, cases[i].looked_for);
        assert_int_equal(entrypoint("a")->proxy_insecure, cases[i].insecure);
        expect_list(entrypoint("a")->proxy_trusted, cases[i].trusted);
        free(words);
    }
    for (size_t i = 0; i < WB_COUNT(bad); i++) {
        char *words = wb_format("Name:a Address::81 %s", bad[i].words);
        expect_refused(read_entrypoint(words), bad[i].message);
        free(words);
    }
}

static void test_a_redirection_says_where_to(void **state)
{
    (void)state;
    expect_ok(read_entrypoint("Name:a Address::81 Redirect.EntryPoint:b Redirect.Permanent:true"));
    expect_text(entrypoint("a")->redirect->entrypoint, "b");
    assert_true(entrypoint("a")->redirect->permanent);
    expect_ok(
        read_entrypoint("Name:a Address::81 Redirect.Regex:^http://a.test/x(.*)$ Redirect.Replacement:http://b.test/$1"));
    expect_text(entrypoint("a")->redirect->regex, "^http://a.test/x(.*)$");
    expect_text(entrypoint("a")->redirect->replacement, "http://b.test/$1");
    assert_false(entrypoint("a")->redirect->permanent);
    expect_ok(read_entrypoint("Name:a Address::81"));
    assert_null(entrypoint("a")->redirect);
    static const char *const bad[] = {"Redirect.EntryPoint:", "Redirect.Permanent:true", "Redirect.Regex:x",
                                      "Redirect.Replacement:x"};
    for (size_t i = 0; i < WB_COUNT(bad); i++) {
        char *words = wb_format("Name:a Address::81 %s", bad[i]);
        expect_refused(read_entrypoint(words), "entrypoint \"a\": Redirect says nothing about where to");
        free(words);
    }
    expect_refused(read_entrypoint("Name:a Address::81 Redirect.EntryPoints:b"), "did you mean Redirect.EntryPoint");
}

static void test_tls_is_on_when_it_is_named(void **state)
{
    (void)state;
    expect_ok(read_entrypoint("Name:a Address::81 tls"));
    assert_int_equal(entrypoint("a")->tls->certificate_count, 0);
    assert_null(entrypoint("a")->tls->fallback);
    expect_ok(read_entrypoint("Name:a Address::81 TLS:a.crt,a.key;b.crt,/b:1.key; TLS.SniStrict:true "
                              "TLS.MinVersion:VersionTLS13 TLS.CipherSuites:X,Y TLS.DefaultCertificate.Cert:d.crt "
                              "TLS.DefaultCertificate.Key:d.key CA:ca.pem,more.pem CA.Optional:true"));
    const struct model_tls *tls = entrypoint("a")->tls;
    assert_int_equal(tls->certificate_count, 2);
    expect_text(tls->certificates[0].cert, "a.crt");
    expect_text(tls->certificates[0].key, "a.key");
    expect_text(tls->certificates[1].cert, "b.crt");
    expect_text(tls->certificates[1].key, "/b:1.key");
    expect_text(tls->fallback->cert, "d.crt");
    expect_text(tls->fallback->key, "d.key");
    expect_text(tls->min_version, "VersionTLS13");
    expect_list(tls->cipher_suites, "X,Y");
    expect_list(tls->client_cas, "ca.pem,more.pem");
    assert_true(tls->sni_strict && tls->client_ca_optional);
    expect_ok(read_entrypoint("Name:a Address::81"));
    assert_null(entrypoint("a")->tls);
}

static void test_what_tls_cannot_be_stops_the_start(void **state)
{
    (void)state;
    static const struct {
        const char *words, *said;
    } cases[] = {
        {"TLS:a.crt", "bad certificates format"},
        {"TLS:a.crt,", "bad certificates format"},
        {"TLS:,a.key", "bad certificates format"},
        {"TLS:a.crt,a.key;b", "bad certificates format"},
        {"TLS TLS.DefaultCertificate.Cert:a", "TLS.DefaultCertificate wants both"},
        {"TLS TLS.DefaultCertificate.Key:a", "TLS.DefaultCertificate wants both"},
        {"TLS.MinVersion:VersionTLS12", "TLS.MinVersion means nothing without TLS"},
        {"CA:ca.pem", "CA means nothing without TLS"},
        {"CA.Optional:true", "CA.Optional means nothing without TLS"},
        {"TLS CA:", "by whom is not said"},
        {"TLS CA.Optional:true", "by whom is not said"},
        {"TLS TLS.MinVersions:VersionTLS12", "did you mean TLS.MinVersion"},
        {"TLS CA.File:ca.pem", "there is no option \"ca_file\""},
    };
    for (size_t i = 0; i < WB_COUNT(cases); i++) {
        char *words = wb_format("Name:a Address::81 %s", cases[i].words);
        expect_refused(read_entrypoint(words), cases[i].said);
        free(words);
    }
}

static void test_a_misspelled_option_that_protects_stops_the_start(void **state)
{
    (void)state;
    expect_refused(read_entrypoint("Name:a Address::81 WhiteList.SourceRanges:10.0.0.0/8"),
                   "there is no option \"whitelist_sourceranges\": did you mean WhiteList.SourceRange\n");
    expect_refused(read_entrypoint("Name:a Address::81 WhiteList:10.0.0.0/8"), "WhiteList alone means nothing");
    expect_refused(read_entrypoint("Name:a Address::81 Auth.Fwd.Address:http://a"),
                   "there is no option \"auth_fwd_address\"");
    expect_refused(read_entrypoint("Name:a Address::81 Auth:http://a"), "Auth alone means nothing");
}

static void test_any_other_unknown_option_is_ignored_and_noted(void **state)
{
    (void)state;
    expect_ok(read_entrypoint("Name:a Address::81 Adress::82 Keepalive:1 :x"));
    expect_text(entrypoint("a")->address, ":81");
    assert_true(has_note("\"adress\" is not known and is ignored: did you mean Address"));
    assert_true(has_note("\"keepalive\""));
}

static void test_compression_is_on_only_when_asked_for(void **state)
{
    (void)state;
    expect_ok(read_entrypoint("Name:a Address::81 Compress:true"));
    assert_true(entrypoint("a")->compress);
    expect_ok(read_entrypoint("Name:a Address::81 Compress:false"));
    assert_false(entrypoint("a")->compress);
    assert_int_equal(settings.note_count, 2); /* the file that was read, and that http is no entrypoint */
}

static void test_addresses_to_listen_on_are_parsed(void **state)
{
    (void)state;
    static const struct {
        const char *text, *host;
        uint16_t port;
        bool bracketed;
    } good[] = {
        {":80", "", 80, false},
        {":0", "", 0, false},
        {":65535", "", 65535, false},
        {"0.0.0.0:80", "0.0.0.0", 80, false},
        {"127.0.0.1:8080", "127.0.0.1", 8080, false},
        {"localhost:80", "localhost", 80, false},
        {"my_host-1.example:00080", "my_host-1.example", 80, false},
        {"[::]:80", "::", 80, true},
        {"[::1]:80", "::1", 80, true},
        {"[2001:db8::1]:443", "2001:db8::1", 443, true},
        {"[::ffff:1.2.3.4]:80", "::ffff:1.2.3.4", 80, true},
    };
    static const char *const bad[] = {
        "",        ":",      "80",     "x",          ":x",      ":65536",     ":99999999999999999999",
        ":000080", ":-1",    ": 80",   "::80",       "::1:80",  "[::1]",      "[::1]:",
        "[::1]80", "[]:80",  "[x]:80", "[::1:80",    "::1]:80", "[[::1]]:80", "[fe80::1%eth0]:80",
        "a b:80",  "a/b:80", "a\n:80", "http://a:80"};
    struct host_port parsed;
    for (size_t i = 0; i < WB_COUNT(good); i++) {
        if (!host_port_parse(slice_of(good[i].text), &parsed))
            fail_msg("%s is refused", good[i].text);
        expect_text(parsed.host, good[i].host);
        assert_int_equal(parsed.port, good[i].port);
        assert_int_equal(parsed.bracketed, good[i].bracketed);
    }
    for (size_t i = 0; i < WB_COUNT(bad); i++)
        if (host_port_parse(slice_of(bad[i]), &parsed))
            fail_msg("\"%s\" is taken", bad[i]);
    assert_false(host_port_parse(slice_make("a\0b:80", 6), &parsed));
}

static void test_loopback_hosts_are_known(void **state)
{
    (void)state;
    static const char *const yes[] = {"127.0.0.1", "127.255.0.9", "::1", "localhost", "LocalHost", "::ffff:127.0.0.1"};
    static const char *const no[] = {"", "0.0.0.0", "::", "10.0.0.1", "127.0.0.1.example", "localhost.example", "128.0.0.1"};
    for (size_t i = 0; i < WB_COUNT(yes); i++)
        assert_true(host_is_loopback(slice_of(yes[i])));
    for (size_t i = 0; i < WB_COUNT(no); i++)
        assert_false(host_is_loopback(slice_of(no[i])));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        READING_TEST(test_words_are_split_at_blanks_and_their_first_colon),
        READING_TEST(test_keys_ignore_case_and_names_keep_it),
        READING_TEST(test_a_dot_and_an_underscore_are_the_same_in_a_key),
        READING_TEST(test_a_later_key_of_the_same_name_wins),
        READING_TEST(test_each_flag_adds_one_and_the_default_is_not_added),
        READING_TEST(test_an_entrypoint_without_a_name_is_listened_on_and_noted),
        READING_TEST(test_a_missing_or_bad_address_is_refused),
        READING_TEST(test_nobody_is_trusted_unless_it_says_so),
        READING_TEST(test_a_switch_that_is_no_truth_is_noted),
        READING_TEST(test_a_white_list_is_taken_or_stops_the_start),
        READING_TEST(test_forward_auth_is_taken_or_stops_the_start),
        READING_TEST(test_users_are_taken_or_stop_the_start),
        READING_TEST(test_a_proxy_is_believed_by_its_address),
        READING_TEST(test_a_redirection_says_where_to),
        READING_TEST(test_tls_is_on_when_it_is_named),
        READING_TEST(test_what_tls_cannot_be_stops_the_start),
        READING_TEST(test_a_misspelled_option_that_protects_stops_the_start),
        READING_TEST(test_any_other_unknown_option_is_ignored_and_noted),
        READING_TEST(test_compression_is_on_only_when_asked_for),
        READING_TEST(test_addresses_to_listen_on_are_parsed),
        READING_TEST(test_loopback_hosts_are_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
