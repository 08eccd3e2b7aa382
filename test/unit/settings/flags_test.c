/* SPDX-License-Identifier: MIT */
#include "settings/read_words.h"
#include "settings/v17_flags.h"
#include "flag.h"

static void test_without_flags_the_defaults_of_v17_hold(void **state)
{
    (void)state;
    char *argv[] = {(char[]){"waybill"}, (char[]){"--configFile=/dev/null"}, NULL};
    assert_int_equal(settings_read(&settings, 2, argv, &out_text), SETTINGS_OK);
    assert_int_equal(settings.command, COMMAND_RUN);
    assert_int_equal(settings.log_level, LOG_ERROR);
    assert_int_equal(settings.entrypoint_count, 1);
    expect_text(settings.entrypoints[0].name, "http");
    expect_text(settings.entrypoints[0].address, ":80");
    assert_false(settings.entrypoints[0].forwarded_insecure);
    expect_list(settings.default_entrypoints, "http");
    expect_list(settings.entrypoint_names, "http");
    assert_false(settings.docker_on || settings.file_on || settings.api_on || settings.ping_on);
    assert_false(settings.access_log_on || settings.keep_trailing_slash || settings.allow_min_weight_zero);
    assert_int_equal(settings.workers, 0);
    assert_int_equal(settings.max_idle_per_server, 200);
    assert_int_equal(settings.head_timeout_ms, 60000);
    assert_int_equal(settings.idle_timeout_ms, 180000);
    assert_int_equal(settings.dial_timeout_ms, 30000);
    assert_int_equal(settings.response_timeout_ms, 0);
    assert_int_equal(settings.response_body_timeout_ms, 0);
    assert_int_equal(settings.request_accept_grace_ms, 0);
    assert_int_equal(settings.grace_ms, 10000);
}

static void test_the_flags_of_the_forward_auth_example_are_understood(void **state)
{
    (void)state;
    expect_ok(read_words("--docker", "--docker.domain=k8s-traefik.info", "--docker.exposedByDefault=false",
                         "--docker.network=traefik-net", "--defaultentrypoints=http", "--entrypoints=Name:http Address::80",
                         "--api.dashboard"));
    assert_true(settings.docker_on && settings.api_on && settings.api_dashboard && settings.docker.watch);
    assert_false(settings.docker.exposed_by_default || settings.docker.use_bind_port_ip || settings.file_on);
    expect_text(settings.docker.endpoint, "unix:///var/run/docker.sock");
    expect_text(settings.docker.domain, "k8s-traefik.info");
    expect_text(settings.docker.network, "traefik-net");
    expect_list(settings.entrypoint_names, "http,traefik");
    expect_text(settings.entrypoints[1].address, ":8080");
}

static void test_case_of_flag_names_does_not_matter_and_that_of_values_stays(void **state)
{
    (void)state;
    expect_ok(read_words("--DOCKER.Domain=Example.COM", "--LOGLEVEL=dEbUg"));
    expect_text(settings.docker.domain, "Example.COM");
    assert_int_equal(settings.log_level, LOG_DEBUG);
}

static void test_a_value_stands_after_an_equals_sign_or_as_the_next_word(void **state)
{
    (void)state;
    expect_ok(read_words("--docker.domain", "a.b", "--file.filename=x=y", "--docker.network="));
    expect_text(settings.docker.domain, "a.b");
    expect_text(settings.file.filename, "x=y");
    expect_text(settings.docker.network, "");
}

static void test_a_switch_takes_no_separate_word(void **state)
{
    (void)state;
    expect_ok(read_words("--docker.watch", "false", "--keepTrailingSlash"));
    assert_true(settings.docker.watch && settings.keep_trailing_slash);
    assert_true(has_note("\"false\""));
}

static void test_a_switch_takes_the_truths_that_go_takes(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool truth;
    } cases[] = {{"1", true}, {"t", true}, {"TRUE", true}, {"True", true}, {"0", false}, {"F", false}, {"false", false}};
    for (size_t i = 0; i < WB_COUNT(cases); i++) {
        char *word = wb_format("--docker.watch=%s", cases[i].text);
        expect_ok(read_words(word));
        assert_int_equal(settings.docker.watch, cases[i].truth);
        free(word);
    }
    expect_refused(read_words("--docker.watch=yes"), "invalid argument \"yes\" for --docker.watch=yes: ");
    expect_refused(read_words("--docker.watch="), "invalid argument \"\" for --docker.watch=: ");
    expect_refused(read_words("--docker=on"), "invalid argument \"on\" for --docker=on: ");
}

static void test_a_member_switches_its_groups_on(void **state)
{
    (void)state;
    expect_ok(read_words("--api.statistics.recentErrors=3"));
    assert_true(settings.api_on && settings.api_dashboard);
    expect_ok(read_words("--ping.entryPoint=http"));
    assert_true(settings.ping_on);
    expect_ok(read_words("--accessLog.filePath=/x"));
    assert_true(settings.access_log_on);
    expect_text(settings.access_log_path, "/x");
}

/* defects B36: kept. */
static void test_a_member_switches_on_what_its_group_switched_off(void **state)
{
    (void)state;
    expect_ok(read_words("--docker=false"));
    assert_false(settings.docker_on);
    expect_ok(read_words("--docker=false", "--docker.domain=x"));
    assert_true(settings.docker_on);
    expect_ok(read_words("--docker.domain=x", "--docker=false"));
    assert_true(settings.docker_on);
}

static void test_short_flags_stand_alone_together_or_with_their_value(void **state)
{
    (void)state;
    expect_ok(read_words("-d"));
    assert_int_equal(settings.log_level, LOG_DEBUG);
    expect_ok(read_words("-lINFO"));
    assert_int_equal(settings.log_level, LOG_INFO);
    expect_ok(read_words("-l", "warn"));
    assert_int_equal(settings.log_level, LOG_WARN);
    expect_ok(read_words("-l=WARNING"));
    assert_int_equal(settings.log_level, LOG_WARN);
    expect_ok(read_words("-dg5"));
    assert_int_equal(settings.log_level, LOG_DEBUG);
    assert_int_equal(settings.grace_ms, 5000);
    expect_ok(read_words("-d=false"));
    assert_int_equal(settings.log_level, LOG_ERROR);
    expect_refused(read_words("-z"), "Error parsing command: unknown shorthand flag: 'z' in -z\n");
    expect_refused(read_words("-dz"), "unknown shorthand flag: 'z' in -dz\n");
}

static void test_debug_gives_way_to_a_log_level(void **state)
{
    (void)state;
    expect_ok(read_words("--debug", "--logLevel=INFO"));
    assert_int_equal(settings.log_level, LOG_INFO);
}

static void test_an_unknown_log_level_is_refused(void **state)
{
    (void)state;
    expect_refused(read_words("--logLevel=LOUD"), "invalid argument \"LOUD\" for --loglevel=LOUD: it is no log level");
    expect_ok(read_words("--logLevel=PANIC"));
    assert_int_equal(settings.log_level, LOG_FATAL);
}

static void test_an_empty_log_level_is_the_default(void **state)
{
    (void)state;
    expect_ok(read_words("--logLevel=INFO", "--logLevel="));
    assert_int_equal(settings.log_level, LOG_ERROR);
    expect_ok(read_words("--logLevel=", "--debug"));
    assert_int_equal(settings.log_level, LOG_DEBUG);
}

static void test_an_unknown_flag_is_refused_in_the_words_of_v17(void **state)
{
    (void)state;
    static const struct {
        const char *word, *message;
    } cases[] = {
        {"--x", "Error parsing command: unknown flag: --x\n"},
        {"--Nonsense=1", "unknown flag: --nonsense\n"},
        {"--dokcer", "unknown flag: --dokcer\nDid you mean --docker?\n"},
        {"--docker.exposeByDefault=false", "Did you mean --docker.exposedByDefault?\n"},
        {"--docker.", "unknown flag: --docker.\n"},
        {"--docker.foo", "unknown flag: --docker.foo\n"},
        {"--=x", "bad flag syntax: --=x\n"},
        {"---docker", "bad flag syntax: ---docker\n"},
        {"--providers.docker=true", "Traefik v2"},
        {"--entrypoints.web.address=:80", "Traefik v2"},
        {"--\x1b[31m", "unknown flag: --\\x1b[31m"},
    };
    for (size_t i = 0; i < WB_COUNT(cases); i++)
        expect_refused(read_words(cases[i].word), cases[i].message);
    expect_refused(read_words_of("/dev/null", (const char *const[]){"--docker", "--zzz", "--yyy", NULL}),
                   "unknown flag: --zzz\n");
}

static void test_a_flag_at_the_end_without_its_value_is_refused(void **state)
{
    (void)state;
    char *argv[] = {(char[]){"waybill"}, (char[]){"--docker.domain"}, NULL};
    expect_refused(settings_read(&settings, 2, argv, &out_text), "flag needs an argument: --docker.domain\n");
    settings_fini(&settings);
    free(out_text);
    char *again[] = {(char[]){"waybill"}, (char[]){"-l"}, NULL};
    expect_refused(settings_read(&settings, 2, again, &out_text), "flag needs an argument: 'l' in -l\n");
}

static void test_named_signers_and_no_verification_are_never_both(void **state)
{
    (void)state;
    expect_ok(read_words("--docker"));
    assert_true(settings.root_cas.count == 0 && !settings.insecure_skip_verify);
    expect_ok(read_words("--rootCAs=/a.pem,/b.pem", "--rootCAs=-----BEGIN CERTIFICATE-----\nx"));
    assert_int_equal(settings.root_cas.count, 3);
    expect_text(settings.root_cas.items[1], "/b.pem");
    expect_ok(read_words("--insecureSkipVerify"));
    assert_true(settings.insecure_skip_verify);
    expect_refused(read_words("--insecureSkipVerify=maybe"), "it is neither true nor false");
    expect_ok(read_words("--insecureSkipVerify", "--rootCAs=/a.pem"));
    assert_true(settings.root_cas.count == 1 && !settings.insecure_skip_verify);
}

static void test_tls_to_the_engine_is_on_as_soon_as_one_of_its_flags_is_named(void **state)
{
    (void)state;
    expect_ok(read_words("--docker"));
    assert_false(settings.docker.tls_on || settings.docker.tls.insecure_skip_verify);
    expect_ok(
        read_words("--docker.tls.ca=/ca.pem", "--docker.tls.cert=-----BEGIN CERTIFICATE-----\nx", "--docker.tls.key", "k"));
    assert_true(settings.docker_on && settings.docker.tls_on && !settings.docker.tls.insecure_skip_verify);
    expect_text(settings.docker.tls.ca, "/ca.pem");
    expect_text(settings.docker.tls.cert, "-----BEGIN CERTIFICATE-----\nx");
    expect_text(settings.docker.tls.key, "k");
    assert_string_equal(settings.docker.tls.options, "docker.tls");
    expect_ok(read_words("--docker.tls.insecureSkipVerify"));
    assert_true(settings.docker.tls_on && settings.docker.tls.insecure_skip_verify);
    expect_ok(read_words("--docker.tls.caOptional"));
    assert_true(settings.docker.tls_on);
}

static void test_parts_that_are_not_there_are_refused_by_name_and_with_advice(void **state)
{
    (void)state;
    static const struct {
        const char *word, *says;
    } cases[] = {
        {"--acme", "--acme: ACME (certificates from Let's Encrypt) is not in this version of Waybill: let certbot"},
        {"--acme.email=a@b.c", "--acme.email: ACME ("},
        {"--acme.httpChallenge.entryPoint=http", "--acme.httpChallenge.entryPoint: ACME ("},
        {"--boltdb", "--boltdb: the BoltDB provider is not in this version of Waybill: let a program write"},
        {"--cluster.node=a", "--cluster.node: cluster mode is not in this version of Waybill: start several routers"},
        {"--consul", "the Consul provider is not in this version of Waybill: let a program write"},
        {"--consulCatalog.endpoint=x", "--consulCatalog.endpoint: the Consul catalog provider is not in this"},
        {"--docker.filename=x.tmpl", "--docker.filename: configuration of containers by Go templates is not in this"},
        {"--dynamodb", "the DynamoDB provider is not"},
        {"--ecs.region=x", "the ECS provider is not"},
        {"--etcd", "the etcd provider is not"},
        {"--eureka", "the Eureka provider is not"},
        {"--kubernetes", "the Kubernetes provider is not"},
        {"--marathon", "the Marathon provider is not"},
        {"--mesos", "the Mesos provider is not"},
        {"--rancher.metadata", "the Rancher provider is not"},
        {"--serviceFabric", "the Service Fabric provider is not"},
        {"--tracing.datadog",
         "--tracing.datadog: Datadog's own protocol is not in this version of Waybill: its agent takes OTLP"},
        {"--tracing.jaeger.samplingType=const", "--tracing.jaeger.samplingType: Jaeger's own protocol is not in this"},
        {"--zookeeper", "the ZooKeeper provider is not"},
    };
    for (size_t i = 0; i < WB_COUNT(cases); i++)
        expect_refused(read_words(cases[i].word), cases[i].says);
}

/* Nothing that is refused may pass as an unknown key of TOML, which is only noted. */
static void test_what_is_refused_as_a_flag_is_refused_in_toml(void **state)
{
    size_t refused = 0;
    (void)state;
    for (size_t i = 0; i < flag_table_count; i++) {
        const struct flag *flag = &flag_table[i];
        if (flag->state != FLAG_NOT_YET)
            continue;
        char *toml = flag->kind == FLAG_GROUP ? wb_format("[%s]\nsome = \"thing\"\n", flag->name)
                                              : wb_format("%s = \"thing\"\n", flag->name);
        char *says = wb_format("%s is not in this version of Waybill", flag->help);
        expect_refused(read_toml(toml), says);
        expect_refused(read_toml(toml), "Error reading TOML config file");
        free(toml);
        free(says);
        refused++;
    }
    assert_true(refused > 15);
}

/* A value of the kind, as the command line has it and as TOML has it; NULL: it is not for this test. */
static const char *sample_of(const struct flag *flag, const char **out_toml)
{
    switch (flag->kind) {
    case FLAG_GROUP:
    case FLAG_SWITCH:
        *out_toml = "true";
        return "true";
    case FLAG_NUMBER:
    case FLAG_INTEGER:
        *out_toml = "7";
        return "7";
    case FLAG_FRACTION:
        *out_toml = "0.5";
        return "0.5";
    case FLAG_DURATION:
        *out_toml = "\"1m30s\"";
        return "90";
    case FLAG_CONSTRAINTS:
        *out_toml = "[\"tag==web-*\"]";
        return "tag==web-*";
    case FLAG_LIST:
        *out_toml = "[\"a\", \"b\"]";
        return "a,b";
    case FLAG_MODES:
        *out_toml = "{ X = \"drop\" }";
        return "X=drop";
    case FLAG_BUCKETS:
        *out_toml = "[0.1, 2.0]";
        return "0.1;2";
    case FLAG_LEVEL:
        *out_toml = "\"warn\"";
        return "warn";
    case FLAG_HEADING:
    case FLAG_ENTRYPOINT:
        return NULL;
    case FLAG_TEXT:
        *out_toml = "\"common\"";
        return "common";
    default:
        fail_msg("a kind of flag without a sample here: --%s", flag->name);
        return NULL;
    }
}

/* Whatever the value is said to mean later: neither form may be refused for being that form. */
static void expect_form(enum settings_outcome outcome, const char *form)
{
    static const char *const refusals[] = {"it is to be", "unknown flag", "invalid argument", "there is no option"};
    for (size_t i = 0; i < WB_COUNT(refusals); i++)
        if (outcome == SETTINGS_INVALID && strstr(out_text, refusals[i]))
            fail_msg("%s: %s", form, out_text);
    assert_false(has_note("there is no option"));
}

static void test_every_flag_is_a_toml_key_and_the_other_way_round(void **state)
{
    (void)state;
    for (size_t i = 0; i < flag_table_count; i++) {
        const struct flag *flag = &flag_table[i];
        const char *toml_value = "", *value = sample_of(flag, &toml_value);
        if (!value || flag->state == FLAG_NOT_YET)
            continue;
        size_t dot = slice_find_last(slice_of(flag->name), '.'), len = strlen(flag->name);
        const char *key = dot < len ? flag->name + dot + 1 : flag->name;
        char *word = wb_format("--%s=%s", flag->name, value);
        char *toml = flag->kind == FLAG_GROUP ? wb_format("[%s]\n", flag->name)
                     : dot < len              ? wb_format("[%.*s]\n%s = %s\n", (int)dot, flag->name, key, toml_value)
                                              : wb_format("%s = %s\n", key, toml_value);
        if (strcmp(flag->name, "configFile") != 0) {
            expect_form(read_words(word), word);
            expect_form(read_toml(toml), toml);
        }
        free(word);
        free(toml);
    }
}

static void test_the_deprecated_web_is_api_and_ping(void **state)
{
    (void)state;
    expect_ok(read_words("--web"));
    assert_true(settings.api_on && settings.api_dashboard && settings.ping_on);
    expect_list(settings.entrypoint_names, "http,traefik"); /* the default one as well */
    expect_text(settings_entrypoint(&settings, SLICE("traefik"))->address, ":8080");
    expect_text(settings.admin_path, "");
    assert_true(has_note("web is deprecated"));
    expect_ok(read_words("--web.address=127.0.0.1:9000", "--web.path=/status/"));
    expect_text(settings_entrypoint(&settings, SLICE("traefik"))->address, "127.0.0.1:9000");
    expect_text(settings.admin_path, "/status");
    expect_ok(
        read_toml("[web]\naddress = \":81\"\npath = \"//a/b\"\nreadOnly = true\n[web.statistics]\nrecentErrors = 5\n"));
    expect_text(settings_entrypoint(&settings, SLICE("traefik"))->address, ":81");
    expect_text(settings.admin_path, "/a/b");
    assert_true(settings.api_statistics);
    assert_int_equal(settings.api_recent_errors, 5);
    assert_false(settings.prometheus_on);
    expect_ok(read_words("--web.metrics.prometheus.buckets=1,2"));
    assert_true(settings.api_on && settings.prometheus_on);
    assert_int_equal(settings.traffic.bound_count, 2);
    expect_ok(read_words("--web", "--web.metrics.prometheus"));
    assert_int_equal(settings.traffic.bound_count, 4);
    expect_ok(read_words("--web=false"));
    assert_false(settings.api_on);
}

static void test_metrics_below_web_are_pushed(void **state)
{
    (void)state;
    expect_ok(read_words("--web.metrics.statsd", "--web.metrics.datadog.address=dd:1",
                         "--web.metrics.prometheus.entryPoint=http", "--web.metrics.influxdb.protocol=http",
                         "--web.metrics.influxdb.address=http://i:8086"));
    assert_true(settings.api_on && settings.statsd_on && settings.datadog_on && settings.influx_on &&
                settings.prometheus_on);
    assert_true(settings.traffic.in_steps);
    expect_text(settings.datadog.address, "dd:1");
    expect_text(settings.prometheus_entrypoint, "http");
    assert_int_equal(settings.influx.kind, PUSH_INFLUX_HTTP);
    expect_refused(read_words("--web.metrics.statsd.pushInterval=0"),
                   "metrics.statsd.pushInterval: it is to be longer than 0");
}

/* [web.auth] has no flags in v1.7 either. */
static void test_a_login_and_tls_below_web_are_those_of_its_entrypoint(void **state)
{
    (void)state;
    expect_ok(read_toml("[web]\naddress = \":81\"\ncertFile = \"c.pem\"\nkeyFile = \"k.pem\"\n"
                        "[web.auth]\nheaderField = \"X-U\"\n[web.auth.basic]\nusers = [\"a:b\", \"c:d\"]\n"));
    const struct model_entrypoint *entrypoint = settings_entrypoint(&settings, SLICE("traefik"));
    expect_text(entrypoint->address, ":81");
    expect_list(entrypoint->auth->basic->users, "a:b,c:d");
    expect_text(entrypoint->auth->header_field, "X-U");
    assert_int_equal(entrypoint->tls->certificate_count, 1);
    expect_text(entrypoint->tls->certificates[0].key, "k.pem");

    /* What was to protect and does not is never passed over. */
    expect_refused(read_toml("[web]\n[web.auth.basic]\n"), "entrypoint \"traefik\": Auth.Basic has no users");
    expect_refused(read_toml("[web.auth.basic]\nusrs = [\"a:b\"]\n"),
                   "there is no option \"auth_basic_usrs\": did you mean Auth.Basic.Users");
    expect_refused(read_toml("[web.auth.basic]\nusers = [\"a:b\"]\n", "--api"), "web.auth has no effect beside api");
    expect_refused(read_toml("[web]\ncertFile = \"c.pem\"\n"), "TLS wants a certificate and its key each");
    expect_refused(read_words("--web.auth.basic.users=a:b"), "unknown flag: --web.auth.basic.users\n");
}

static void test_web_takes_the_place_of_an_entrypoint_but_gives_way_to_what_replaced_it(void **state)
{
    (void)state;
    expect_ok(read_words("--web", "--entryPoints=Name:traefik Address::9"));
    expect_text(settings_entrypoint(&settings, SLICE("traefik"))->address, ":8080"); /* as in v1.7 */
    expect_ok(read_words("--web.address=:1", "--ping", "--web.path=/x"));
    assert_false(settings.api_on);
    expect_text(settings_entrypoint(&settings, SLICE("traefik"))->address, ":8080");
    expect_text(settings.admin_path, "");
    assert_true(has_note("web has no effect beside api, ping, metrics or rest"));
    expect_refused(read_words("--web.address=8080"), "web.address: \"8080\" is no address");
    expect_refused(read_words("--web.path=/a b"), "web.path: \"a b\" is no path");
    expect_refused(read_words("--web.path=/a%2f"), "is no path");
}

static void test_the_interval_of_health_checks(void **state)
{
    (void)state;
    expect_ok(read_words("--docker"));
    assert_int_equal(settings.health_interval_ms, 30000);
    expect_ok(read_words("--healthcheck.interval=10s"));
    assert_int_equal(settings.health_interval_ms, 10000);
    expect_ok(read_words("--healthCheck.interval=7", "--healthCheck"));
    assert_int_equal(settings.health_interval_ms, 7000);
    expect_refused(read_words("--healthCheck.interval=often"), "for --healthcheck.interval=often");
}

static void test_the_host_resolver(void **state)
{
    (void)state;
    expect_ok(read_words("--hostResolver"));
    assert_false(settings.cname_flattening);
    assert_false(settings.entrypoints[0].follows_aliases);
    expect_text(settings.resolv_config, "/etc/resolv.conf");
    assert_int_equal(settings.resolv_depth, 5);
    expect_ok(
        read_words("--hostResolver.cnameFlattening", "--hostResolver.resolvConfig=/x", "--hostresolver.resolvdepth=2"));
    assert_true(settings.entrypoints[0].follows_aliases);
    expect_text(settings.resolv_config, "/x");
    assert_int_equal(settings.resolv_depth, 2);
    expect_ok(read_words("--hostResolver.cnameFlattening", "--hostResolver.resolvDepth=0"));
    assert_false(settings.cname_flattening);
    assert_true(has_note("hostResolver.resolvDepth is 0"));
    expect_refused(read_words("--hostResolver.resolvDepth=-1"), "for --hostresolver.resolvdepth=-1");
}

static void test_switching_off_what_is_not_there_is_accepted(void **state)
{
    (void)state;
    expect_ok(read_words("--acme=false", "--docker.filename=", "--rootCAs=", "--web=false"));
    assert_true(settings.docker_on); /* by its member */
    expect_refused(read_words("--acme.onHostRule=false"), "--acme.onHostRule");
}

static void test_flags_without_effect_are_accepted_and_noted(void **state)
{
    (void)state;
    expect_ok(read_words("--checkNewVersion=true", "--sendAnonymousUsage", "--providersThrottleDuration=2s",
                         "--docker.templateVersion=2"));
    assert_true(has_note("checkNewVersion has no effect"));
    assert_true(has_note("providersThrottleDuration has no effect"));
    expect_refused(read_words("--providersThrottleDuration=soon"), "invalid argument \"soon\"");
}

static void test_the_refresh_of_a_swarm_is_15_seconds_unless_over_0_is_asked_for(void **state)
{
    static const struct {
        const char *word;
        unsigned seconds;
    } cases[] = {{"--docker.swarmMode", 15},
                 {"--docker.swarmModeRefreshSeconds=1", 1},
                 {"--docker.swarmModeRefreshSeconds=3600", 3600},
                 {"--docker.swarmModeRefreshSeconds=0", 15},
                 {"--docker.swarmModeRefreshSeconds=-7", 15}};

    (void)state;
    for (size_t i = 0; i < WB_COUNT(cases); i++) {
        expect_ok(read_words(cases[i].word));
        assert_int_equal(settings.docker.refresh_ms, cases[i].seconds * 1000);
        assert_int_equal(settings.docker.swarm_mode, i == 0);
    }
    expect_refused(read_words("--docker.swarmModeRefreshSeconds=5s"), "it is not a whole number");
    expect_refused(read_words("--docker.swarmModeRefreshSeconds=--5"), "it is not a whole number");
    expect_refused(read_words("--docker.swarmModeRefreshSeconds=3000000000"), "it is not a whole number");
}

/* Taken, or refused by name with what to do instead: never only unknown, in no source. */
static void test_every_flag_of_v17_is_taken_or_refused_with_what_to_do_instead(void **state)
{
    size_t refused = 0;
    (void)state;
    for (size_t i = 0; i < WB_COUNT(v17_flags); i++) {
        const struct flag *flag = flag_find(slice_of(v17_flags[i]));
        if (!flag)
            fail_msg("--%s is not in the table", v17_flags[i]);
        if (flag->state != FLAG_NOT_YET)
            continue;
        char *word = wb_format("--%s=thing", v17_flags[i]);
        char *says = wb_format("--%s: %s is not in this version of Waybill: %s", v17_flags[i], flag->help, flag->shown);
        assert_true(flag->shown[0] != '\0');
        expect_refused(read_words(word), says);
        free(word);
        free(says);
        refused++;
    }
    assert_true(WB_COUNT(v17_flags) > 400 && refused > 150);
    assert_null(flag_find(SLICE("")));
    assert_null(flag_find(SLICE("General")));
    assert_null(flag_find(SLICE("docker.")));
}

static void test_no_name_or_letter_stands_twice_in_the_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < flag_table_count; i++) {
        if (flag_table[i].kind == FLAG_HEADING)
            continue;
        assert_ptr_equal(flag_find(slice_of(flag_table[i].name)), &flag_table[i]);
        if (flag_table[i].letter)
            assert_ptr_equal(flag_find_letter(flag_table[i].letter), &flag_table[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        READING_TEST(test_without_flags_the_defaults_of_v17_hold),
        READING_TEST(test_the_flags_of_the_forward_auth_example_are_understood),
        READING_TEST(test_case_of_flag_names_does_not_matter_and_that_of_values_stays),
        READING_TEST(test_a_value_stands_after_an_equals_sign_or_as_the_next_word),
        READING_TEST(test_a_switch_takes_no_separate_word),
        READING_TEST(test_a_switch_takes_the_truths_that_go_takes),
        READING_TEST(test_a_member_switches_its_groups_on),
        READING_TEST(test_a_member_switches_on_what_its_group_switched_off),
        READING_TEST(test_short_flags_stand_alone_together_or_with_their_value),
        READING_TEST(test_debug_gives_way_to_a_log_level),
        READING_TEST(test_an_unknown_log_level_is_refused),
        READING_TEST(test_an_empty_log_level_is_the_default),
        READING_TEST(test_an_unknown_flag_is_refused_in_the_words_of_v17),
        READING_TEST(test_a_flag_at_the_end_without_its_value_is_refused),
        READING_TEST(test_tls_to_the_engine_is_on_as_soon_as_one_of_its_flags_is_named),
        READING_TEST(test_named_signers_and_no_verification_are_never_both),
        READING_TEST(test_parts_that_are_not_there_are_refused_by_name_and_with_advice),
        READING_TEST(test_what_is_refused_as_a_flag_is_refused_in_toml),
        READING_TEST(test_every_flag_is_a_toml_key_and_the_other_way_round),
        READING_TEST(test_the_deprecated_web_is_api_and_ping),
        READING_TEST(test_metrics_below_web_are_pushed),
        READING_TEST(test_a_login_and_tls_below_web_are_those_of_its_entrypoint),
        READING_TEST(test_web_takes_the_place_of_an_entrypoint_but_gives_way_to_what_replaced_it),
        READING_TEST(test_the_interval_of_health_checks),
        READING_TEST(test_the_host_resolver),
        READING_TEST(test_switching_off_what_is_not_there_is_accepted),
        READING_TEST(test_flags_without_effect_are_accepted_and_noted),
        READING_TEST(test_the_refresh_of_a_swarm_is_15_seconds_unless_over_0_is_asked_for),
        READING_TEST(test_every_flag_of_v17_is_taken_or_refused_with_what_to_do_instead),
        READING_TEST(test_no_name_or_letter_stands_twice_in_the_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
