/* SPDX-License-Identifier: MIT */
#include "settings/read_words.h"
#include <sys/stat.h>

static void test_every_option_may_stand_in_the_file(void **state)
{
    (void)state;
    expect_ok(read_toml("logLevel = \"INFO\"\n"
                        "defaultEntryPoints = [\"http\", \"api\"]\n"
                        "keepTrailingSlash = true\n"
                        "maxIdleConnsPerHost = 7\n"
                        "constraints = [\"tag==all\"]\n"
                        "[entryPoints.http]\naddress = \":81\"\n"
                        "[entryPoints.api]\naddress = \"127.0.0.1:82\"\n"
                        "[api]\nentryPoint = \"api\"\ndashboard = false\n"
                        "[docker]\ndomain = \"example.com\"\nexposedByDefault = false\nconstraints = [\"tag==web\"]\n"
                        "[accessLog]\n[ping]\n"
                        "[respondingTimeouts]\nidleTimeout = \"1m\"\n[forwardingTimeouts]\ndialTimeout = 5\n"));
    assert_int_equal(settings.log_level, LOG_INFO);
    expect_list(settings.default_entrypoints, "http,api");
    expect_list(settings.entrypoint_names, "http,api,traefik"); /* traefik for ping */
    assert_true(settings.keep_trailing_slash && settings.api_on && settings.docker_on && settings.ping_on);
    assert_true(settings.access_log_on);
    assert_false(settings.api_dashboard || settings.docker.exposed_by_default);
    assert_int_equal(settings.max_idle_per_server, 7);
    expect_text(settings.docker.domain, "example.com");
    expect_list(settings.docker.constraints, "tag==web,tag==all");
    assert_int_equal(settings.idle_timeout_ms, 60000);
    assert_int_equal(settings.dial_timeout_ms, 5000);
}

static void test_the_command_line_wins_over_the_file(void **state)
{
    (void)state;
    expect_ok(read_toml("logLevel = \"INFO\"\n[docker]\ndomain = \"a\"\nnetwork = \"n\"\n", "--docker.domain=b",
                        "--logLevel=WARN"));
    expect_text(settings.docker.domain, "b");
    expect_text(settings.docker.network, "n");
    assert_int_equal(settings.log_level, LOG_WARN);
    expect_ok(read_toml("[docker]\n", "--docker=false"));
    assert_false(settings.docker_on);
}

static void test_entrypoints_of_both_are_united_and_lists_are_replaced(void **state)
{
    (void)state;
    expect_ok(read_toml("constraints = [\"tag==a\", \"tag==b\"]\n[entryPoints.a]\naddress = \":81\"\n"
                        "[entryPoints.c]\naddress = \":83\"\n",
                        "--entryPoints=Name:b Address::82", "--entryPoints=Name:c Address::84", "--constraints=tag==c",
                        "--constraints=tag==d"));
    expect_list(settings.entrypoint_names, "a,c,b");
    expect_text(settings_entrypoint(&settings, SLICE("c"))->address, ":84");
    expect_list(settings.docker.constraints, "tag==c,tag==d");
}

static void test_keys_ignore_case(void **state)
{
    (void)state;
    expect_ok(read_toml("LOGLEVEL = \"info\"\n[ENTRYPOINTS.Web]\nADDRESS = \":81\"\n[Docker]\nExposedbydefault = false\n"));
    assert_int_equal(settings.log_level, LOG_INFO);
    assert_false(settings.docker.exposed_by_default);
    expect_list(settings.entrypoint_names, "Web");
}

static void test_options_of_an_entrypoint_are_tables(void **state)
{
    (void)state;
    expect_ok(read_toml("[entryPoints.a]\naddress = \":81\"\n"
                        "[entryPoints.a.whiteList]\nsourceRange = [\"10.0.0.0/8\", \"::1\"]\nuseXForwardedFor = true\n"
                        "[entryPoints.a.forwardedHeaders]\ntrustedIPs = [\"10.0.0.1\"]\n"
                        "[entryPoints.a.auth]\nheaderField = \"X-User\"\n"
                        "[entryPoints.a.auth.forward]\naddress = \"http://auth\"\nauthResponseHeaders = [\"X-A\"]\n"));
    const struct model_entrypoint *entrypoint = settings_entrypoint(&settings, SLICE("a"));
    expect_list(entrypoint->white_list->source_range, "10.0.0.0/8,::1");
    assert_true(entrypoint->white_list->use_x_forwarded_for);
    expect_list(entrypoint->forwarded_trusted, "10.0.0.1");
    expect_text(entrypoint->auth->header_field, "X-User");
    expect_text(entrypoint->auth->forward->address, "http://auth");
    expect_list(entrypoint->auth->forward->auth_response_headers, "X-A");
    assert_false(entrypoint->forwarded_insecure);
    expect_ok(read_toml("[entryPoints.a]\naddress = \":81\"\n[entryPoints.a.forwardedHeaders]\ninsecure = true\n"));
    assert_true(settings_entrypoint(&settings, SLICE("a"))->forwarded_insecure);
    expect_ok(read_toml("[entryPoints.a]\naddress = \":81\"\n[entryPoints.a.forwardedHeaders]\n"));
    assert_false(settings_entrypoint(&settings, SLICE("a"))->forwarded_insecure);
    expect_ok(read_toml("[entryPoints.a]\naddress = \":81\"\n"
                        "[entryPoints.a.proxyProtocol]\ntrustedIPs = [\"10.0.0.0/8\"]\n"
                        "[entryPoints.a.redirect]\nregex = \"^http:\"\nreplacement = \"https:\"\npermanent = true\n"));
    entrypoint = settings_entrypoint(&settings, SLICE("a"));
    assert_true(entrypoint->proxy_protocol && !entrypoint->proxy_insecure && entrypoint->redirect->permanent);
    expect_list(entrypoint->proxy_trusted, "10.0.0.0/8");
    expect_text(entrypoint->redirect->regex, "^http:");
    expect_text(entrypoint->redirect->replacement, "https:");
}

static void test_tls_of_an_entrypoint_is_tables_in_the_file(void **state)
{
    (void)state;
    expect_ok(read_toml("[entryPoints.a]\naddress = \":443\"\n[entryPoints.a.tls]\n"));
    assert_non_null(settings_entrypoint(&settings, SLICE("a"))->tls);
    expect_ok(read_toml("[entryPoints.a]\naddress = \":443\"\n[entryPoints.a.tls]\nminVersion = \"VersionTLS13\"\n"
                        "cipherSuites = [\"X\"]\nsniStrict = true\n"
                        "[[entryPoints.a.tls.certificates]]\ncertFile = \"a.crt\"\nkeyFile = \"a.key\"\n"
                        "[[entryPoints.a.tls.certificates]]\nCertFile = \"b.crt\"\nkeyfile = \"b.key\"\n"
                        "[entryPoints.a.tls.defaultCertificate]\ncertFile = \"d.crt\"\nkeyFile = \"d.key\"\n"
                        "[entryPoints.a.tls.clientCA]\nfiles = [\"ca.pem\"]\noptional = true\n"));
    const struct model_tls *tls = settings_entrypoint(&settings, SLICE("a"))->tls;
    assert_int_equal(tls->certificate_count, 2);
    expect_text(tls->certificates[1].cert, "b.crt");
    expect_text(tls->certificates[1].key, "b.key");
    expect_text(tls->fallback->key, "d.key");
    expect_list(tls->client_cas, "ca.pem");
    assert_true(tls->sni_strict && tls->client_ca_optional);
    expect_ok(read_toml("[entryPoints.a]\naddress = \":443\"\n[entryPoints.a.tls]\nclientCAFiles = [\"ca.pem\"]\n"
                        "certificates = []\n"));
    tls = settings_entrypoint(&settings, SLICE("a"))->tls;
    assert_int_equal(tls->certificate_count, 0);
    expect_list(tls->client_cas, "ca.pem");
    assert_false(tls->client_ca_optional);
}

static void test_what_protects_an_entrypoint_in_the_file_fails_closed(void **state)
{
    (void)state;
    static const struct {
        const char *toml, *message;
    } cases[] = {
        {"[entryPoints.a.tls]\ncertificates = [1]\n", "TLS is to be a list of tables with certFile and keyFile"},
        {"[entryPoints.a.tls]\n[[entryPoints.a.tls.certificates]]\ncertFile = \"x\"\n", "bad certificates format"},
        {"[entryPoints.a.tls]\ncertificates = [\"x\"]\n", "TLS is to be a list of tables with certFile and keyFile"},
        {"[entryPoints.a.tls]\nminVersion = 12\n", "TLS.MinVersion is to be text"},
        {"[entryPoints.a.tls]\n[entryPoints.a.tls.clientCA]\n", "by whom is not said"},
        {"[entryPoints.a.tls]\nclientCA = \"x\"\n", "TLS.ClientCA is to be a table"},
        {"[entryPoints.a.tls]\n[entryPoints.a.tls.clientCA]\nfile = [\"x\"]\n", "did you mean TLS.ClientCA.Files"},
        {"[entryPoints.a.tls.defaultCertificate]\ncertFile = \"x\"\n", "TLS.DefaultCertificate wants both"},
        {"[entryPoints.a.redirect]\n", "Redirect says nothing about where to"},
        {"[entryPoints.a.redirect]\nentryPoint = [\"b\"]\n", "Redirect.EntryPoint is to be text"},
        {"[entryPoints.a.redirect]\nregex = \"a\"\npermanent = true\n", "Redirect says nothing about where to"},
        {"[entryPoints.a.auth.basic]\nusers = \"a:b\"\n", "Auth.Basic.Users is to be a list"},
        {"[entryPoints.a.auth.basic]\nusers = []\n", "Auth.Basic has no users"},
        {"[entryPoints.a.auth.digest]\nremoveHeader = true\n", "Auth.Digest has no users"},
        {"[entryPoints.a.proxyProtocol]\n", "ProxyProtocol believes nobody"},
        {"[entryPoints.a.proxyProtocol]\ninsecure = false\n", "ProxyProtocol believes nobody"},
        {"[entryPoints.a.proxyProtocol]\ntrustedIPs = \"10.0.0.1\"\n", "ProxyProtocol.TrustedIPs is to be a list"},
        {"[entryPoints.a.auth.forward.tls]\n", "is no URL"},
        {"[entryPoints.a.auth.forward.tls]\nca = [\"x\"]\n", "Auth.Forward.TLS.CA is to be"},
        {"[entryPoints.a.whiteList]\n", "no address is allowed"},
        {"[entryPoints.a.whiteList]\nsourceRange = []\n", "no address is allowed"},
        {"[entryPoints.a.whiteList]\nsourceRange = [\"x\"]\n", "invalid CIDR address: x"},
        {"[entryPoints.a.whiteList]\nsourceRange = \"10.0.0.0/8\"\n", "WhiteList.SourceRange is to be a list of texts"},
        {"[entryPoints.a.whiteList]\nsourceRange = [1]\n", "WhiteList.SourceRange is to be a list of texts"},
        {"[entryPoints.a.whiteList]\nsourceRang = [\"10.0.0.0/8\"]\n", "did you mean WhiteList.SourceRange"},
        {"[entryPoints.a]\nwhiteList = [\"10.0.0.0/8\"]\n", "WhiteList is to be a table"},
        {"[entryPoints.a.auth]\n", "Auth says nothing about how"},
        {"[entryPoints.a.auth.forward]\n", "is no URL"},
        {"[entryPoints.a.forwardedHeaders]\ninsecure = \"true\"\n", "ForwardedHeaders.Insecure is to be true or false"},
        {"[entryPoints.a.forwardedHeaders]\ntrustedIPs = [\"x\"]\n", "\"x\" is neither an address nor a network"},
    };
    for (size_t i = 0; i < WB_COUNT(cases); i++) {
        bool opens = strncmp(cases[i].toml, "[entryPoints.a]", 15) == 0;
        char *toml = opens ? wb_format("%saddress = \":81\"\n", cases[i].toml)
                           : wb_format("[entryPoints.a]\naddress = \":81\"\n%s", cases[i].toml);
        expect_refused(read_toml(toml), cases[i].message);
        free(toml);
    }
    expect_refused(read_toml("[entryPoints.a]\n"), "entrypoint \"a\" has no address");
    expect_refused(read_toml("[entryPoints]\na = \":80\"\n"), "entryPoints.a is to be a table");
    expect_refused(read_toml("entryPoints = \"Name:http\"\n"), "it is to be a table, not text");
}

static void test_a_syntax_error_ends_the_start_with_its_place(void **state)
{
    (void)state;
    expect_refused(read_toml("logLevel = \"INFO\"\nx = = 1\n"), "Error reading TOML config file /tmp/waybill_settings_");
    expect_refused(read_toml("logLevel = \"INFO\"\nx = = 1\n"), ":2:");
}

static void test_a_wrong_type_ends_the_start_with_its_place(void **state)
{
    (void)state;
    static const struct {
        const char *toml, *message;
    } cases[] = {
        {"logLevel = 1\n", ":1: logLevel: it is to be text, not integer"},
        {"\n[docker]\nwatch = \"true\"\n", ":3: docker.watch: it is to be true or false, not text"},
        {"docker = true\n", ":1: docker: it is to be a table"},
        {"workers = \"2\"\n", "workers: it is to be a whole number, not text"},
        {"workers = -2\n", "workers: it is not a whole number from 0"},
        {"workers = 1.5\n", "it is to be a whole number"},
        {"idleTimeout = true\n", "idleTimeout: it is to be a duration"},
        {"idleTimeout = \"soon\"\n", "idleTimeout: it is not a duration"},
        {"idleTimeout = -1\n", "idleTimeout: a duration cannot be negative"},
        {"constraints = [1]\n", "constraints[0]: it is to be text"},
        {"constraints = [\"x\"]\n", "constraints: constraint expression missing valid operator"},
        {"defaultEntryPoints = 1\n", "it is to be a list of texts"},
    };
    for (size_t i = 0; i < WB_COUNT(cases); i++)
        expect_refused(read_toml(cases[i].toml), cases[i].message);
}

static void test_tls_to_the_engine_as_a_table(void **state)
{
    (void)state;
    expect_ok(read_toml("[docker.tls]\nca = \"\"\"-----BEGIN CERTIFICATE-----\nx\n\"\"\"\nCert = \"c\"\nkey = \"k\"\n"));
    assert_true(settings.docker_on && settings.docker.tls_on);
    expect_text(settings.docker.tls.ca, "-----BEGIN CERTIFICATE-----\nx\n");
    expect_text(settings.docker.tls.cert, "c");
    expect_text(settings.docker.tls.key, "k");
    expect_ok(read_toml("[docker.tls]\n"));
    assert_true(settings.docker.tls_on);
    expect_refused(read_toml("[docker.tls]\ninsecureSkipVerify = \"yes\"\n"),
                   ":2: docker.tls.insecureSkipVerify: it is to be true or false, not text");
}

static void test_parts_that_are_not_there_are_refused_by_name(void **state)
{
    (void)state;
    static const struct {
        const char *toml, *message;
    } cases[] = {
        {"[acme]\nemail = \"a\"\n",
         ":1: acme: ACME (certificates from Let's Encrypt) is not in this version of Waybill: let certbot"},
        {"[tracing.jaeger]\nsamplingType = \"const\"\n", ":1: tracing.jaeger: Jaeger's own protocol is not in this version"},
    };
    for (size_t i = 0; i < WB_COUNT(cases); i++)
        expect_refused(read_toml(cases[i].toml), cases[i].message);
    expect_ok(read_toml("insecureSkipVerify = false\nrootCAs = []\n[docker]\nfilename = \"\"\n"));
}

static void test_what_the_access_log_has_in_it(void **state)
{
    (void)state;
    expect_ok(
        read_toml("[accessLog]\nformat = \"json\"\nbufferingSize = 7\n"
                  "[accessLog.filters]\nstatusCodes = [\"404\", \"500-599\"]\nretryAttempts = true\nminDuration = \"10ms\"\n"
                  "[accessLog.fields]\ndefaultMode = \"drop\"\n[accessLog.fields.names]\nClientHost = \"keep\"\n"
                  "[accessLog.fields.headers]\ndefaultMode = \"redact\"\n"
                  "[accessLog.fields.headers.names]\n\"User-Agent\" = \"keep\"\n\"X.Y\" = \"drop\"\n"
                  "[traefikLog]\nfilePath = \"/x/y.log\"\nformat = \"json\"\n"));
    assert_true(settings.access_log_on && settings.log_json);
    expect_text(settings.access_log.format, "json");
    assert_int_equal(settings.access_log_lines, 7);
    expect_list(settings.access_log.status_codes, "404,500-599");
    assert_true(settings.access_log.retry_attempts);
    assert_int_equal(settings.access_log.min_duration_ms, 10);
    expect_text(settings.access_log.fields_mode, "drop");
    expect_list(settings.access_log.field_names, "ClientHost=keep");
    expect_text(settings.access_log.headers_mode, "redact");
    expect_list(settings.access_log.header_names, "User-Agent=keep,X.Y=drop");
    expect_text(settings.log_path, "/x/y.log");
    expect_refused(read_toml("[accessLog.fields.names]\nClientHost = 1\n"), "it is to be text");
    expect_refused(read_toml("[accessLog.fields]\nnames = \"a=keep\"\n"), "it is to be a table, not text");
    expect_ok(read_toml("[traefikLog]\nformat = \"xml\"\n"));
    assert_true(has_note("traefikLog.format: `xml` is neither common nor json"));
    assert_false(settings.log_json);
}

static void test_swarm_mode_is_read(void **state)
{
    (void)state;
    expect_ok(read_toml("[docker]\nswarmMode = true\nswarmModeRefreshSeconds = 4\n"));
    assert_true(settings.docker_on && settings.docker.swarm_mode);
    assert_int_equal(settings.docker.refresh_ms, 4000);
    expect_ok(read_toml("[docker]\nswarmMode = false\nswarmModeRefreshSeconds = -4\n"));
    assert_false(settings.docker.swarm_mode);
    assert_int_equal(settings.docker.refresh_ms, 15000);
    expect_refused(read_toml("[docker]\nswarmModeRefreshSeconds = \"4\"\n"), "it is to be a whole number");
}

static void test_unknown_keys_are_ignored_and_noted(void **state)
{
    (void)state;
    expect_ok(read_toml("logLevl = \"DEBUG\"\n[nonsense.x]\ny = 1\n[docker]\nexposeByDefault = false\n"
                        "\"docker.domain\" = \"x\"\n"));
    assert_int_equal(settings.log_level, LOG_ERROR);
    assert_true(settings.docker.exposed_by_default);
    assert_true(has_note("there is no option logLevl, it is ignored: did you mean logLevel"));
    assert_true(has_note("there is no option nonsense"));
    assert_true(has_note("did you mean docker.exposedByDefault"));
}

static void test_a_quoted_key_with_a_dot_is_no_way_into_a_group(void **state)
{
    (void)state;
    expect_ok(read_toml("\"docker.domain\" = \"x\"\n"));
    assert_false(settings.docker_on);
    assert_true(has_note("there is no option"));
}

static void test_routes_in_the_static_file_go_to_the_file_provider(void **state)
{
    (void)state;
    static const char routes[] = "[frontends.a]\nbackend = \"b\"\n[backends.b]\n[[tls]]\n";
    char *with_file = wb_format("[file]\n%s", routes);
    expect_ok(read_toml(with_file));
    free(with_file);
    assert_true(settings.file_on && settings.file.same_file && settings.file.watch);
    assert_true(slice_eq(settings.file.filename, settings.static_file));
    assert_true(slice_starts(settings.static_file, SLICE("/tmp/waybill_settings_")));
    assert_false(has_note("are not read"));
    expect_ok(read_toml(routes));
    assert_true(has_note("are not read"));
    expect_ok(read_toml("[file]\nfilename = \"rules.toml\"\nwatch = false\n"));
    assert_false(settings.file.same_file || settings.file.watch);
    expect_text(settings.file.filename, "rules.toml");
    expect_ok(read_toml("[file]\ndirectory = \"rules\"\n"));
    assert_false(settings.file.same_file);
    expect_text(settings.file.filename, "");
}

static void test_a_named_file_that_is_missing_is_fatal(void **state)
{
    (void)state;
    expect_refused(read_words_of("/nonexistent/x.toml", (const char *const[]){"--docker", NULL}),
                   "the file of --configFile is not there: /nonexistent/x.toml\n");
    char *argv[] = {(char[]){"waybill"}, (char[]){"-c"}, (char[]){"/nonexistent"}, NULL};
    settings_fini(&settings);
    free(out_text);
    expect_refused(settings_read(&settings, 3, argv, &out_text), "/nonexistent");
}

static void write_file(const char *folder, const char *name, const char *text)
{
    char *path = wb_format("%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    fclose(file);
    free(path);
}

static void remove_file(const char *folder, const char *name)
{
    char *path = wb_format("%s/%s", folder, name);
    assert_int_equal(remove(path), 0);
    free(path);
}

static void expect_domain_of(const char *config_file, const char *domain)
{
    char *argv[] = {(char[]){"waybill"}, (char[]){"--configFile"}, wb_strdup(config_file ? config_file : ""), NULL};
    settings_fini(&settings);
    free(out_text);
    expect_ok(settings_read(&settings, config_file ? 3 : 1, argv, &out_text));
    expect_text(settings.docker.domain, domain);
    free(argv[2]);
}

static void test_the_file_is_looked_up_in_the_order_of_v17(void **state)
{
    (void)state;
    char folder[] = "/tmp/waybill_lookup_XXXXXX", old_folder[4096];
    assert_non_null(mkdtemp(folder));
    assert_non_null(getcwd(old_folder, sizeof old_folder));
    char *old_home = wb_strdup(getenv("HOME") ? getenv("HOME") : "/");
    char *dotted = wb_format("%s/.traefik", folder);
    assert_int_equal(mkdir(dotted, 0700), 0);
    assert_int_equal(chdir(folder), 0);
    setenv("HOME", folder, 1);
    setenv("WAYBILL_TEST_FOLDER", folder, 1);
    write_file(folder, "traefik.toml", "[docker]\ndomain = \"here\"\n");
    write_file(folder, "other.toml", "[docker]\ndomain = \"other\"\n");

    expect_domain_of(NULL, "here");
    expect_domain_of("other.toml", "other");
    expect_domain_of("$WAYBILL_TEST_FOLDER/other.toml", "other");
    expect_domain_of("${WAYBILL_TEST_FOLDER}/other.toml", "other");
    expect_domain_of(folder, "here");
    write_file(dotted, "traefik.toml", "[docker]\ndomain = \"home\"\n");
    expect_domain_of(NULL, "home");
    expect_text(slice_from(settings.static_file, strlen(folder)), "/.traefik/traefik.toml");

    setenv("HOME", old_home, 1);
    assert_int_equal(chdir(old_folder), 0);
    remove_file(dotted, "traefik.toml");
    remove_file(folder, "traefik.toml");
    remove_file(folder, "other.toml");
    assert_int_equal(rmdir(dotted), 0);
    assert_int_equal(rmdir(folder), 0);
    free(dotted);
    free(old_home);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        READING_TEST(test_every_option_may_stand_in_the_file),
        READING_TEST(test_the_command_line_wins_over_the_file),
        READING_TEST(test_entrypoints_of_both_are_united_and_lists_are_replaced),
        READING_TEST(test_keys_ignore_case),
        READING_TEST(test_options_of_an_entrypoint_are_tables),
        READING_TEST(test_tls_of_an_entrypoint_is_tables_in_the_file),
        READING_TEST(test_what_protects_an_entrypoint_in_the_file_fails_closed),
        READING_TEST(test_a_syntax_error_ends_the_start_with_its_place),
        READING_TEST(test_a_wrong_type_ends_the_start_with_its_place),
        READING_TEST(test_tls_to_the_engine_as_a_table),
        READING_TEST(test_parts_that_are_not_there_are_refused_by_name),
        READING_TEST(test_what_the_access_log_has_in_it),
        READING_TEST(test_swarm_mode_is_read),
        READING_TEST(test_unknown_keys_are_ignored_and_noted),
        READING_TEST(test_a_quoted_key_with_a_dot_is_no_way_into_a_group),
        READING_TEST(test_routes_in_the_static_file_go_to_the_file_provider),
        READING_TEST(test_a_named_file_that_is_missing_is_fatal),
        READING_TEST(test_the_file_is_looked_up_in_the_order_of_v17),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
