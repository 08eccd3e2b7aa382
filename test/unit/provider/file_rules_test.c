/* SPDX-License-Identifier: MIT */
#include "file/rules.h"
#include "waybill/base/log.h"
#include "waybill/base/text.h"
#include "waybill/model/json.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

static struct slice http = SLICE("http");
static const struct slices entrypoints = {&http, 1};
static struct rules_options options = {.default_entrypoints = &entrypoints, .known_entrypoints = &entrypoints};

struct reading {
    struct fragment *fragment;
    struct diagnostics diagnostics;
    char *problem;
};

static struct reading read_text(const char *text)
{
    struct reading reading = {NULL, {0}, NULL};
    struct rules_text file = {SLICE("rules.toml"), slice_of(text)};

    diagnostics_init(&reading.diagnostics);
    reading.fragment = rules_read(&file, 1, &options, &reading.diagnostics, &reading.problem);
    assert_true((reading.fragment == NULL) == (reading.problem != NULL));
    return reading;
}

static void forget(struct reading *reading)
{
    fragment_unref(&reading->fragment);
    diagnostics_fini(&reading->diagnostics);
    free(reading->problem);
}

static const struct diagnostic *find_diagnostic(const struct reading *reading, const char *part)
{
    for (size_t i = 0; i < reading->diagnostics.count; i++) {
        if (strstr(reading->diagnostics.items[i].text, part))
            return &reading->diagnostics.items[i];
    }
    return NULL;
}

static void expect_diagnostic(const struct reading *reading, enum severity severity, const char *place, const char *part)
{
    const struct diagnostic *found = find_diagnostic(reading, part);

    if (!found) {
        for (size_t i = 0; i < reading->diagnostics.count; i++)
            print_message("  %s: %s\n", reading->diagnostics.items[i].place, reading->diagnostics.items[i].text);
        fail_msg("no diagnostic with %s", part);
        return;
    }
    assert_int_equal(found->severity, severity);
    assert_string_equal(found->place, place);
}

/* One line of a frontend `f` on a good backend: is it closed, left out or neither? */
enum fate { SERVED, CLOSED, LEFT_OUT };

static void expect_fate(enum fate fate, const char *frontend_lines)
{
    char *text = wb_format("[backends.b.servers.s]\nurl = \"http://10.0.0.1\"\n[frontends.f]\nbackend = \"b\"\n%s\n"
                           "[frontends.other]\nbackend = \"b\"\nroutes.r.rule = \"Host:o\"\n",
                           frontend_lines);
    struct reading reading = read_text(text);

    assert_non_null(reading.fragment);
    const struct model_frontend *frontend = fragment_frontend(reading.fragment, SLICE("f"));
    assert_non_null(frontend);
    if ((frontend->closed_because.len > 0) != (fate == CLOSED) || (frontend->left_out_because.len > 0) != (fate == LEFT_OUT))
        fail_msg("wrong fate of: %s", frontend_lines);
    size_t closed = 0;
    for (size_t i = 0; i < reading.diagnostics.count; i++)
        closed += reading.diagnostics.items[i].severity == DIAGNOSTIC_CLOSED;
    assert_int_equal(closed > 0, fate == CLOSED);
    assert_int_equal(fragment_frontend(reading.fragment, SLICE("other"))->closed_because.len, 0);
    forget(&reading);
    free(text);
}

static void test_what_protects_and_is_not_understood_closes_its_frontend_alone(void **state)
{
    (void)state;
    expect_fate(CLOSED, "auth = \"basic\"");
    expect_fate(CLOSED, "[[frontends.f.auth]]");
    expect_fate(CLOSED, "[frontends.f.auth.basic]\nusers = \"test:x\"");
    expect_fate(CLOSED, "[frontends.f.auth.basic]\nusers = [1, 2]");
    expect_fate(CLOSED, "[frontends.f.auth.basic]\nusers = [\"a:b\"]\nremoveHeader = \"yes\"");
    expect_fate(CLOSED, "[frontends.f.auth.digest]\nusersFile = 5");
    expect_fate(CLOSED, "[frontends.f.auth.forward]\naddress = true");
    expect_fate(CLOSED,
                "[frontends.f.auth.forward]\naddress = \"http://a\"\n[frontends.f.auth.forward.tls]\ncaOptional = 1");
    expect_fate(CLOSED, "basicAuth = \"test:x\"");
    expect_fate(CLOSED, "whiteList = [\"10.0.0.0/8\"]");
    expect_fate(CLOSED, "[frontends.f.whiteList]\nsourceRange = \"10.0.0.0/8\"");
    expect_fate(CLOSED, "[frontends.f.whiteList]\nsourceRange = [\"10.0.0.0/8\"]\nuseXForwardedFor = 1");
    expect_fate(CLOSED, "whitelistSourceRange = \"10.0.0.0/8\"");
    expect_fate(CLOSED, "[frontends.f.ratelimit]\nextractorFunc = \"client.ip\"\nrateset = 5");
    expect_fate(CLOSED, "[frontends.f.ratelimit]\nextractorFunc = \"client.ip\"\n[frontends.f.ratelimit.rateset]\na = 1");
    expect_fate(
        CLOSED,
        "[frontends.f.ratelimit]\nextractorFunc = \"client.ip\"\nrateset.a = {period = \"soon\", average = 1, burst = 1}");
    expect_fate(CLOSED, "redirect = \"https\"");
    expect_fate(CLOSED, "[frontends.f.redirect]\nentryPoint = [\"https\"]");
    expect_fate(CLOSED, "passTLSClientCert = true");
    expect_fate(CLOSED, "passTLSCert = 1");
    expect_fate(CLOSED, "headers = true");
    expect_fate(CLOSED, "headers.SSLRedirect = \"true\"");
    expect_fate(CLOSED, "headers.STSSeconds = \"60\"");
    expect_fate(CLOSED, "headers.allowedHosts = \"a.test\"");
    expect_fate(CLOSED, "headers.SSLProxyHeaders = [\"X\"]");
    expect_fate(CLOSED, "entryPoints = \"internal\"");
}

static void test_what_protects_and_is_there_but_empty_closes(void **state)
{
    (void)state;
    expect_fate(CLOSED, "[frontends.f.auth]");
    expect_fate(CLOSED, "[frontends.f.auth]\nheaderField = \"X-User\"");
    expect_fate(CLOSED, "[frontends.f.auth.basic]");
    expect_fate(CLOSED, "[frontends.f.auth.basic]\nuser = [\"typo:x\"]");
    expect_fate(CLOSED, "[frontends.f.auth.digest]\nusers = []");
    expect_fate(CLOSED, "[frontends.f.auth.forward]\ntrustForwardHeader = true");
    expect_fate(CLOSED, "basicAuth = []");
    expect_fate(CLOSED, "[frontends.f.whiteList]");
    expect_fate(CLOSED, "[frontends.f.whiteList]\nsourceRange = []\nuseXForwardedFor = true");
    expect_fate(CLOSED, "ratelimit.rateset.a = {period = 1, average = 1, burst = 1}");
    expect_fate(CLOSED,
                "[frontends.f.ratelimit]\nextractorFunc = \"client.ip\"\nrateset.a = {period = 1, average = 0, burst = 1}");
    expect_fate(CLOSED, "[frontends.f.redirect]\nreplacement = \"https://a.test\"");
}

static void test_a_key_that_is_none_closes_where_it_may_have_been_to_protect(void **state)
{
    (void)state;
    expect_fate(CLOSED, "[frontends.f.redirect]\nentryPiont = \"https\"");
    expect_fate(CLOSED, "[frontends.f.ratelimit]\nextractorFunc = \"client.ip\"\n[frontends.f.ratelimit.ratesets.a]\n"
                        "period = 1\naverage = 1\nburst = 1");
    expect_fate(CLOSED,
                "[frontends.f.ratelimit]\nextractorFunc = \"client.ip\"\nrateset.a = {perid = 1, average = 1, burst = 1}");
    expect_fate(CLOSED, "[frontends.f.whiteList]\nsourceRange = [\"10.0.0.0/8\"]\nuseXForwarded = true");
    expect_fate(CLOSED, "[frontends.f.passTLSClientCert]\npme = true");
    expect_fate(SERVED, "[frontends.f.headers]\nframeDenny = true");
    expect_fate(SERVED, "[backends.b]\nhealthCheck.paht = \"/\"");
}

static void test_good_protection_and_what_does_not_protect_leave_it_served(void **state)
{
    (void)state;
    expect_fate(SERVED, "");
    expect_fate(SERVED, "[frontends.f.auth.basic]\nusers = [\"a:b\", 5]");
    expect_fate(SERVED, "[frontends.f.auth.basic]\nusersFile = \"/x\"");
    expect_fate(SERVED, "[frontends.f.auth.forward]\naddress = \"http://auth\"");
    expect_fate(SERVED, "basicAuth = [\"a:b\"]");
    expect_fate(SERVED, "[frontends.f.whiteList]\nsourceRange = [\"10.0.0.0/8\", 1]");
    expect_fate(SERVED, "whitelistSourceRange = [\"10.0.0.0/8\"]\n[frontends.f.whiteList]");
    expect_fate(SERVED,
                "[frontends.f.ratelimit]\nextractorFunc = \"client.ip\"\nrateset.a = {period = 1, average = 1, burst = 1}");
    expect_fate(SERVED, "[frontends.f.ratelimit]");
    expect_fate(SERVED, "[frontends.f.ratelimit]\nextractorFunc = \"client.ip\"");
    expect_fate(SERVED, "[frontends.f.redirect]\nentryPoint = \"https\"");
    expect_fate(SERVED, "[frontends.f.redirect]");
    expect_fate(SERVED, "[frontends.f.redirect]\npermanent = true");
    expect_fate(SERVED, "[frontends.f.passTLSClientCert]");
    expect_fate(SERVED, "[frontends.f.headers]\nframeDeny = \"yes\"\ncustomRequestHeaders = [\"X\"]");
    expect_fate(SERVED, "priority = \"high\"");
    expect_fate(SERVED, "passHostHeader = \"true\"");
    expect_fate(SERVED, "errors = [\"500\"]");
    expect_fate(SERVED, "errors.a = {status = \"500\", backend = \"b\", query = \"/\"}");
    expect_fate(SERVED, "colour = \"red\"");
}

static void test_a_rule_that_cannot_be_read_leaves_the_frontend_out(void **state)
{
    (void)state;
    expect_fate(LEFT_OUT, "[[frontends.f.routes]]\nrule = \"Host:x\"");
    expect_fate(LEFT_OUT, "routes = \"Host:x\"");
    expect_fate(LEFT_OUT, "routes.main = \"Host:x\"");
    expect_fate(LEFT_OUT, "routes.main.rule = 5");
    expect_fate(LEFT_OUT, "routes.a.rule = \"Host:x\"\nroutes.b.rule = [\"Path:/\"]");
    expect_fate(SERVED, "routes.a = {rule = \"Host:x\", rul = 5}");
}

static void test_limits_of_a_backend_close_all_its_frontends(void **state)
{
    static const char *const lines[] = {
        "circuitBreaker = \"x\"",
        "circuitBreaker.expression = 5",
        "circuitBreaker = {}",
        "maxConn = 5",
        "maxConn = {amount = \"5\"}",
        "maxConn = {amuont = 5, extractorFunc = \"client.ip\"}",
        "maxConn = {amount = 5}",
        "maxConn = {amount = -1}",
        "buffering = true",
        "buffering.maxRequestBodyBytes = \"5\"",
        "buffering.maxResponseBodyBytes = 1.5",
    };
    (void)state;
    for (size_t i = 0; i < WB_COUNT(lines); i++) {
        char *text = wb_format("[backends.b]\n%s\n[backends.c]\n[frontends.f]\nbackend = \"b\"\n[frontends.g]\n"
                               "backend = \"b\"\n[frontends.h]\nbackend = \"c\"\n",
                               lines[i]);
        struct reading reading = read_text(text);

        assert_non_null(reading.fragment);
        if (!fragment_frontend(reading.fragment, SLICE("f"))->closed_because.len ||
            !fragment_frontend(reading.fragment, SLICE("g"))->closed_because.len)
            fail_msg("not closed by %s", lines[i]);
        assert_int_equal(fragment_frontend(reading.fragment, SLICE("h"))->closed_because.len, 0);
        expect_diagnostic(&reading, DIAGNOSTIC_CLOSED,
                          strncmp(lines[i], "circuitBreaker = {}", 19) && strcmp(lines[i], "maxConn = {amount = 5}") &&
                                  strcmp(lines[i], "maxConn = {amount = -1}")
                              ? "rules.toml:2"
                              : "rules.toml:1",
                          "b");
        forget(&reading);
        free(text);
    }
}

static void test_harmless_fields_of_a_backend_close_nothing(void **state)
{
    struct reading reading = read_text("[backends.b]\nbuffering = {memRequestBodyBytes = \"1\", retryExpression = 1}\n"
                                       "loadBalancer = 5\nhealthCheck = {port = \"x\"}\nmaxConn = {amount = 0}\n"
                                       "responseForwarding = {}\nservers.s = {url = 5, weight = \"1\"}\nservers.t = 1\n"
                                       "[frontends.f]\nbackend = \"b\"\n");
    (void)state;
    assert_non_null(reading.fragment);
    assert_int_equal(fragment_frontend(reading.fragment, SLICE("f"))->closed_because.len, 0);
    assert_int_equal(fragment_backend(reading.fragment, SLICE("b"))->server_count, 1);
    expect_diagnostic(&reading, DIAGNOSTIC_WARNING, "rules.toml:4", "`backends.b.healthCheck.port` is text");
    expect_diagnostic(&reading, DIAGNOSTIC_WARNING, "rules.toml:7", "`backends.b.servers.s.weight`");
    expect_diagnostic(&reading, DIAGNOSTIC_ERROR, "rules.toml:8", "`backends.b.servers.t` is integer: a server is a table");
    forget(&reading);
}

static void test_unknown_keys_are_said_with_a_suggestion(void **state)
{
    struct reading reading = read_text("title = 1\n[backend.b]\n[backends.b]\nload_balancer = {}\nforwardingResponse = {}\n"
                                       "[frontends.f]\npasHostHeader = true\nzzzzzzz = 1\n[[tls]]\n");
    (void)state;
    assert_non_null(reading.fragment);
    expect_diagnostic(&reading, DIAGNOSTIC_WARNING, "rules.toml:2", "did you mean `backends`?");
    expect_diagnostic(&reading, DIAGNOSTIC_WARNING, "rules.toml:4", "did you mean `loadBalancer`?");
    expect_diagnostic(&reading, DIAGNOSTIC_WARNING, "rules.toml:5", "did you mean `responseForwarding`?");
    expect_diagnostic(&reading, DIAGNOSTIC_WARNING, "rules.toml:7", "did you mean `passHostHeader`?");
    expect_diagnostic(&reading, DIAGNOSTIC_WARNING, "rules.toml:8",
                      "`frontends.f.zzzzzzz` is no option of a frontend; it is ignored");
    expect_diagnostic(&reading, DIAGNOSTIC_ERROR, "rules.toml:9", "`tls[0]` has no certificate: write [tls.certificate]");
    expect_diagnostic(&reading, DIAGNOSTIC_WARNING, "rules.toml:1", "`title`");
    forget(&reading);
}

static void test_a_file_full_of_unknown_keys_is_not_said_key_by_key(void **state)
{
    struct text text = TEXT_EMPTY;
    (void)state;

    for (int i = 0; i < 5000; i++)
        text_addf(&text, "key%d = 1\n", i);
    text_addf(&text, "[frontends.f]\nauth = 3\n");
    struct reading reading = read_text(text.ptr);
    expect_diagnostic(&reading, DIAGNOSTIC_WARNING, "rules.toml:1000", "`key999`");
    expect_diagnostic(&reading, DIAGNOSTIC_WARNING, "rules.toml:1001", "this and more is ignored");
    expect_diagnostic(&reading, DIAGNOSTIC_CLOSED, "rules.toml:5002",
                      "`frontends.f.auth`"); /* what protects is always said */
    assert_in_range(reading.diagnostics.count, 1002, 1010);
    forget(&reading);
    text_fini(&text);
}

/* As in examples of v1.7 (docs/basics.md, docs/user-guide/kv-config.md): what stands behind a table's head is in that table. */
static void test_options_of_a_frontend_in_a_table_of_it_are_told_from_unknown_ones(void **state)
{
    struct reading reading = read_text("[frontends.f]\nbackend = \"b\"\n[frontends.f.passTLSClientCert]\npem = true\n"
                                       "priority = 10\n[frontends.g]\nbackend = \"b\"\n[frontends.g.auth.basic]\n"
                                       "users = [\"a:b\"]\nentrypoints = [\"https\"]\nusesFile = \"x\"\n"
                                       "[frontends.h.headers]\nauth = 1\n");
    (void)state;
    assert_int_equal(fragment_frontend(reading.fragment, SLICE("f"))->closed_because.len, 0);
    expect_diagnostic(
        &reading, DIAGNOSTIC_WARNING, "rules.toml:5",
        "`frontends.f.passTLSClientCert.priority` is an option of the frontend, not of a client certificate: move "
        "it up, before the head of this table; it is ignored");
    assert_true(fragment_frontend(reading.fragment, SLICE("g"))->closed_because.len > 0);
    expect_diagnostic(&reading, DIAGNOSTIC_CLOSED, "rules.toml:10",
                      "entrypoints` is an option of the frontend, not of a list of users");
    expect_diagnostic(&reading, DIAGNOSTIC_CLOSED, "rules.toml:11",
                      "is no option of a list of users (did you mean `usersFile`?)");
    expect_diagnostic(&reading, DIAGNOSTIC_WARNING, "rules.toml:13",
                      "is an option of the frontend, not of a table of headers");
    forget(&reading);
}

static void test_certificates_are_read_one_by_one(void **state)
{
    struct reading reading = read_text(
        "[[tls]]\nentryPoints = [\"https\", \"b\"]\n[tls.certificate]\ncertFile = \"a.crt\"\n"
        "keyFile = \"a.key\"\n"
        "[[TLS]]\n[TLS.Certificate]\nCERTFILE = \"b.crt\"\nkeyfile = \" b.key \"\n"
        "[[tls]]\n[[tls]]\n[tls.certificate]\ncertFile = \"c.crt\"\n"
        "[[tls]]\nentryPoints = \"https\"\n[tls.certificate]\ncertFile = \"d\"\nkeyFile = \"d\"\n"
        "[[tls]]\nentryPoints = [1]\n[tls.certificate]\ncertFile = \"e\"\nkeyFile = \"e\"\n");
    (void)state;

    assert_non_null(reading.fragment);
    assert_int_equal(reading.fragment->certificate_count, 2);
    const struct model_certificate *all = reading.fragment->certificates;
    assert_int_equal(all[0].entrypoints.count, 2);
    assert_true(slice_eq(all[0].entrypoints.items[1], SLICE("b")));
    assert_true(slice_eq(all[0].cert, SLICE("a.crt")) && slice_eq(all[0].key, SLICE("a.key")));
    assert_true(slice_eq(all[0].origin, SLICE("rules.toml:1")));
    assert_int_equal(all[1].entrypoints.count, 0);
    assert_true(slice_eq(all[1].cert, SLICE("b.crt")) && slice_eq(all[1].key, SLICE("b.key")));
    expect_diagnostic(&reading, DIAGNOSTIC_ERROR, "rules.toml:10", "has no certificate");
    expect_diagnostic(&reading, DIAGNOSTIC_ERROR, "rules.toml:11", "wants certFile and keyFile");
    expect_diagnostic(&reading, DIAGNOSTIC_ERROR, "rules.toml:14", "a list of texts for entryPoints");
    forget(&reading);
    reading = read_text("[tls]\n[tls.certificate]\ncertFile = \"a\"\n");
    assert_int_equal(reading.fragment->certificate_count, 0);
    expect_diagnostic(&reading, DIAGNOSTIC_ERROR, "rules.toml:1", "is to be a list of tables: write [[tls]]");
    forget(&reading);
}

static void test_a_certificate_that_changes_is_another_configuration(void **state)
{
    static const char *const texts[] = {
        "[[tls]]\n[tls.certificate]\ncertFile = \"a\"\nkeyFile = \"k\"\n",
        "[[tls]]\n[tls.certificate]\ncertFile = \"b\"\nkeyFile = \"k\"\n",
        "[[tls]]\n[tls.certificate]\ncertFile = \"a\"\nkeyFile = \"l\"\n",
        "[[tls]]\nentryPoints = [\"x\"]\n[tls.certificate]\ncertFile = \"a\"\nkeyFile = \"k\"\n",
        "",
    };
    struct reading first = read_text(texts[0]);
    (void)state;

    for (size_t i = 0; i < WB_COUNT(texts); i++) {
        struct reading other = read_text(texts[i]);
        assert_int_equal(fragment_equal(first.fragment, other.fragment), i == 0);
        forget(&other);
    }
    forget(&first);
}

static void test_the_static_file_has_other_keys_and_plain_template_marks(void **state)
{
    const char *text =
        "logLevel = \"INFO\"\n[entryPoints]\n[entryPoints.http]\naddress = \":80\"\n[frontends.f]\nbackend = \"{{ x }}\"\n";
    struct reading reading = read_text(text);

    (void)state;
    assert_null(reading.fragment);
    assert_non_null(strstr(reading.problem, "rules.toml:6:15: there is no function `x`"));
    forget(&reading);
    options.static_file = true;
    reading = read_text(text);
    options.static_file = false;
    assert_non_null(reading.fragment);
    assert_int_equal(reading.diagnostics.count, 0);
    assert_true(slice_eq(reading.fragment->frontends[0].backend, SLICE("{{ x }}")));
    forget(&reading);
}

static void test_what_is_wrong_in_a_rendered_text_has_the_line_of_the_template(void **state)
{
    struct reading reading = read_text(
        "{{ range until 3 }}\n[backends.b{{ . }}]\n{{ end }}\n[frontends.f]\nbackend = \"b0\"\n"
        "priority = \"{{ add 1 2 }}\"\n[frontends.f.routes.r]\nrule = \"Path:/\"\n");
    (void)state;
    assert_non_null(reading.fragment);
    assert_int_equal(reading.fragment->backend_count, 3);
    expect_diagnostic(&reading, DIAGNOSTIC_WARNING, "rules.toml:6", "`frontends.f.priority` is text");
    forget(&reading);
    reading = read_text("{{ range until 3 }}\n[backends.b]\n{{ end }}\n[frontends.f]\n");
    assert_null(reading.fragment);
    assert_non_null(strstr(reading.problem, "rules.toml:2: "));
    assert_non_null(strstr(reading.problem, "(in line 4 of what the template makes)"));
    forget(&reading);
    reading = read_text("a = {{ env \"WAYBILL_NO_SUCH\" }}");
    assert_null(reading.fragment);
    assert_non_null(strstr(reading.problem, "rules.toml:1: "));
    forget(&reading);
}

static void keep_line(enum log_level level, const char *line, void *arg)
{
    if (level == LOG_DEBUG)
        text_addf(arg, "%s\n", line);
}

static void test_texts_are_logged_when_that_is_wanted(void **state)
{
    struct text lines = TEXT_EMPTY;

    (void)state;
    log_set_level(LOG_DEBUG);
    log_set_sink(keep_line, &lines);
    options.log_texts = true;
    struct reading reading = read_text("{{/* raw */}}[backends.{{ lower \"BB\" }}]");
    options.log_texts = false;
    log_set_sink(NULL, NULL);
    log_set_level(LOG_ERROR);
    assert_non_null(strstr(lines.ptr, "as it is written: {{/* raw */}}[backends.{{ lower \\\"BB\\\" }}]"));
    assert_non_null(strstr(lines.ptr, "as it is rendered: [backends.bb]"));
    text_fini(&lines);
    forget(&reading);
}

static void test_two_spellings_unite_names_and_otherwise_the_first_counts(void **state)
{
    struct reading reading = read_text(
        "[backends.b]\nservers.s.url = \"one\"\nSERVERS.t.url = \"two\"\nServers.s.url = \"three\"\n"
        "[frontends.f]\nbackend = \"b\"\nBackend = \"c\"\npriority = 1\nPriority = 2\n"
        "[frontends.f.headers]\ncustomRequestHeaders = {a = \"1\"}\nCustomRequestHeaders = {A = \"2\", a = \"3\"}\n"
        "[frontends.g]\nauth.basic.users = [\"a:b\"]\nAuth.basic.users = [\"c:d\"]\n");
    struct text out = TEXT_EMPTY;

    (void)state;
    assert_non_null(reading.fragment);
    json_backend(&out, fragment_backend(reading.fragment, SLICE("b")));
    assert_string_equal(out.ptr, "{\"servers\":{\"s\":{\"url\":\"one\",\"weight\":0},\"t\":{\"url\":\"two\",\"weight\":0}},"
                                 "\"loadBalancer\":{\"method\":\"wrr\"}}");
    out.len = 0;
    json_frontend(&out, fragment_frontend(reading.fragment, SLICE("f")));
    assert_string_equal(out.ptr, "{\"entryPoints\":[\"http\"],\"backend\":\"b\",\"priority\":1,\"basicAuth\":null,"
                                 "\"headers\":{\"customRequestHeaders\":{\"A\":\"2\",\"a\":\"1\"}}}");
    expect_diagnostic(&reading, DIAGNOSTIC_ERROR, "rules.toml:7", "is there twice, in two spellings");
    expect_diagnostic(&reading, DIAGNOSTIC_CLOSED, "rules.toml:15", "`frontends.g.Auth.basic.users` is there twice");
    text_fini(&out);
    forget(&reading);
}

static void test_one_group_in_two_spellings_is_one_group(void **state)
{
    struct reading reading = read_text(
        "[backends.b.healthCheck]\npath = \"/\"\n[backends.b.healthcheck.headers]\na = \"1\"\n"
        "[frontends.f.Auth]\nheaderField = \"X\"\n[frontends.f.auth.basic]\nusers = [\"a:b\"]\n");
    struct text out = TEXT_EMPTY;

    (void)state;
    json_fragment(&out, reading.fragment);
    assert_string_equal(out.ptr, "{\"backends\":{\"b\":{\"loadBalancer\":{\"method\":\"wrr\"},\"healthCheck\":{\"path\":"
                                 "\"/\",\"headers\":{\"a\":\"1\"}}}},\"frontends\":{\"f\":{\"entryPoints\":[\"http\"],"
                                 "\"priority\":0,\"basicAuth\":null,\"auth\":{\"basic\":{},\"headerField\":\"X\"}}}}");
    assert_int_equal(reading.fragment->frontends[0].closed_because.len, 0);
    text_fini(&out);
    forget(&reading);
}

static void test_a_name_belongs_to_the_first_file(void **state)
{
    struct rules_text files[] = {
        {SLICE("a.toml"), SLICE("[backends.x.servers.a]\n[frontends.f]\nbackend = \"x\"\n")},
        {SLICE("b.toml"), SLICE("[backends.x]\nmaxConn = 1\n[backends.y]\n[frontends.f]\nbackend = \"y\"\n")}};
    struct diagnostics diagnostics;
    char *problem;

    (void)state;
    diagnostics_init(&diagnostics);
    struct fragment *fragment = rules_read(files, 2, &options, &diagnostics, &problem);
    assert_non_null(fragment);
    assert_int_equal(fragment->backend_count, 2);
    assert_int_equal(fragment_backend(fragment, SLICE("x"))->server_count, 1);
    assert_true(slice_eq(fragment_frontend(fragment, SLICE("f"))->backend, SLICE("x")));
    assert_int_equal(fragment_frontend(fragment, SLICE("f"))->closed_because.len, 0);
    bool said = false;
    for (size_t i = 0; i < diagnostics.count; i++)
        said |= !strcmp(diagnostics.items[i].place, "b.toml:4") &&
                !strcmp(diagnostics.items[i].text, "frontend `f` is already configured at a.toml:2: this one is ignored");
    assert_true(said);
    diagnostics_fini(&diagnostics);
    fragment_unref(&fragment);
}

static void test_one_broken_file_gives_nothing_and_says_where(void **state)
{
    struct rules_text files[] = {{SLICE("a.toml"), SLICE("[backends.x]\n")}, {SLICE("b.toml"), SLICE("\n\n[backends.y\n")}};
    struct diagnostics diagnostics;
    char *problem;

    (void)state;
    diagnostics_init(&diagnostics);
    assert_null(rules_read(files, 2, &options, &diagnostics, &problem));
    assert_true(slice_starts(slice_of(problem), SLICE("b.toml:3:")));
    free(problem);
    diagnostics_fini(&diagnostics);
}

static void test_frontends_know_where_they_were_written(void **state)
{
    struct reading reading = read_text("\n\n[frontends.f]\nbackend = \"b\"\n\n[frontends.g]\nentryPoints = [\"nope\"]\n");

    (void)state;
    assert_true(slice_eq(fragment_frontend(reading.fragment, SLICE("f"))->origin, SLICE("rules.toml:3")));
    expect_diagnostic(&reading, DIAGNOSTIC_ERROR, "rules.toml:6", "there is no entrypoint `nope`");
    forget(&reading);
}

static void test_times_of_a_frontend(void **state)
{
    struct reading reading = read_text("[frontends.f.timeouts]\ntotal = \"1m\"\nResponseHeader = \"10s\"\nbody = true\n");
    const struct model_frontend *frontend = fragment_frontend(reading.fragment, SLICE("f"));
    (void)state;

    assert_non_null(frontend->timeouts);
    assert_true(slice_eq(frontend->timeouts->total, SLICE("1m")));
    assert_true(slice_eq(frontend->timeouts->response_header, SLICE("10s")));
    assert_int_equal(frontend->timeouts->body.len, 0); /* of a wrong type: that value alone is dropped */
    assert_int_equal(frontend->closed_because.len, 0);
    forget(&reading);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_protects_and_is_not_understood_closes_its_frontend_alone),
        cmocka_unit_test(test_what_protects_and_is_there_but_empty_closes),
        cmocka_unit_test(test_good_protection_and_what_does_not_protect_leave_it_served),
        cmocka_unit_test(test_a_rule_that_cannot_be_read_leaves_the_frontend_out),
        cmocka_unit_test(test_limits_of_a_backend_close_all_its_frontends),
        cmocka_unit_test(test_harmless_fields_of_a_backend_close_nothing),
        cmocka_unit_test(test_a_key_that_is_none_closes_where_it_may_have_been_to_protect),
        cmocka_unit_test(test_unknown_keys_are_said_with_a_suggestion),
        cmocka_unit_test(test_a_file_full_of_unknown_keys_is_not_said_key_by_key),
        cmocka_unit_test(test_options_of_a_frontend_in_a_table_of_it_are_told_from_unknown_ones),
        cmocka_unit_test(test_certificates_are_read_one_by_one),
        cmocka_unit_test(test_a_certificate_that_changes_is_another_configuration),
        cmocka_unit_test(test_the_static_file_has_other_keys_and_plain_template_marks),
        cmocka_unit_test(test_what_is_wrong_in_a_rendered_text_has_the_line_of_the_template),
        cmocka_unit_test(test_texts_are_logged_when_that_is_wanted),
        cmocka_unit_test(test_two_spellings_unite_names_and_otherwise_the_first_counts),
        cmocka_unit_test(test_one_group_in_two_spellings_is_one_group),
        cmocka_unit_test(test_a_name_belongs_to_the_first_file),
        cmocka_unit_test(test_one_broken_file_gives_nothing_and_says_where),
        cmocka_unit_test(test_frontends_know_where_they_were_written),
        cmocka_unit_test(test_times_of_a_frontend),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
