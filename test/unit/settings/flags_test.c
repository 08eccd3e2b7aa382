/* SPDX-License-Identifier: MIT */
#include "settings/read_words.h"
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

static void test_parts_that_are_not_there_are_refused_by_name(void **state)
{
    (void)state;
    static const char *const words[] = {
        "--acme",
        "--acme.email=a@b.c",
        "--acme.httpChallenge.entryPoint=http",
        "--boltdb",
        "--cluster.node=a",
        "--consul",
        "--consulCatalog.endpoint=x",
        "--docker.swarmMode",
        "--docker.swarmMode=true",
        "--docker.tls",
        "--docker.tls.ca=/x",
        "--docker.filename=x.tmpl",
        "--dynamodb",
        "--ecs.region=x",
        "--etcd",
        "--eureka",
        "--healthcheck.interval=5s",
        "--hostResolver",
        "--hostResolver.cnameFlattening",
        "--insecureSkipVerify",
        "--kubernetes",
        "--marathon",
        "--mesos",
        "--metrics",
        "--metrics.prometheus",
        "--rancher.metadata",
        "--rest",
        "--retry",
        "--retry.attempts=3",
        "--rootCAs=/x",
        "--serviceFabric",
        "--tracing.backend=jaeger",
        "--web",
        "--web.address=:8080",
        "--zookeeper",
        "--accessLog.filters.statusCodes=200",
        "--accessLog.fields.defaultMode=drop",
        "--traefikLog.filePath=/x",
        "--traefikLogsFile=/x",
    };
    for (size_t i = 0; i < WB_COUNT(words); i++) {
        struct slice name = slice_of(words[i]);
        char *wanted = wb_format(SLICE_FMT ": not in this version of Waybill yet (",
                                 SLICE_ARG(slice_head(name, slice_find(name, '='))));
        expect_refused(read_words(words[i]), wanted);
        free(wanted);
    }
}

static void test_switching_off_what_is_not_there_is_accepted(void **state)
{
    (void)state;
    expect_ok(read_words("--acme=false", "--docker.swarmMode=false", "--rootCAs=", "--web=false"));
    assert_true(settings.docker_on); /* by its member */
    expect_refused(read_words("--acme.onHostRule=false"), "--acme.onHostRule");
}

static void test_flags_without_effect_are_accepted_and_noted(void **state)
{
    (void)state;
    expect_ok(read_words("--checkNewVersion=true", "--sendAnonymousUsage", "--providersThrottleDuration=2s",
                         "--docker.swarmModeRefreshSeconds=5", "--accessLog.bufferingSize=100"));
    assert_true(has_note("checkNewVersion has no effect"));
    assert_true(has_note("providersThrottleDuration has no effect"));
    expect_refused(read_words("--providersThrottleDuration=soon"), "invalid argument \"soon\"");
}

static void test_every_option_of_v17_is_known(void **state)
{
    (void)state;
    static const char *const names[] = {
        "configFile",
        "debug",
        "logLevel",
        "entryPoints",
        "defaultEntryPoints",
        "providersThrottleDuration",
        "maxIdleConnsPerHost",
        "insecureSkipVerify",
        "rootCAs",
        "constraints",
        "checkNewVersion",
        "sendAnonymousUsage",
        "allowMinWeightZero",
        "keepTrailingSlash",
        "gracetimeout",
        "idleTimeout",
        "accessLogsFile",
        "traefikLogsFile",
        "docker.endpoint",
        "docker.domain",
        "docker.watch",
        "docker.exposedByDefault",
        "docker.useBindPortIP",
        "docker.swarmMode",
        "docker.swarmModeRefreshSeconds",
        "docker.network",
        "docker.constraints",
        "docker.tls.ca",
        "docker.tls.caOptional",
        "docker.tls.cert",
        "docker.tls.key",
        "docker.tls.insecureSkipVerify",
        "docker.filename",
        "docker.templateVersion",
        "docker.debugLogGeneratedTemplate",
        "docker.trace",
        "file.filename",
        "file.directory",
        "file.watch",
        "rest.entryPoint",
        "api.entryPoint",
        "api.dashboard",
        "api.statistics",
        "api.statistics.recentErrors",
        "ping.entryPoint",
        "metrics.prometheus.buckets",
        "metrics.datadog.address",
        "metrics.statsd.pushInterval",
        "metrics.influxdb.protocol",
        "accessLog.filePath",
        "accessLog.format",
        "accessLog.bufferingSize",
        "accessLog.filters.statusCodes",
        "accessLog.filters.retryAttempts",
        "accessLog.filters.minDuration",
        "accessLog.fields.defaultMode",
        "accessLog.fields.headers.names",
        "traefikLog.filePath",
        "traefikLog.format",
        "retry.attempts",
        "healthcheck.interval",
        "respondingTimeouts.readTimeout",
        "respondingTimeouts.writeTimeout",
        "respondingTimeouts.idleTimeout",
        "forwardingTimeouts.dialTimeout",
        "forwardingTimeouts.responseHeaderTimeout",
        "lifecycle.requestAcceptGraceTimeout",
        "lifecycle.graceTimeOut",
        "hostResolver.resolvDepth",
        "tracing.serviceName",
        "tracing.zipkin.debug",
        "web.address",
        "acme.caServer",
        "acme.dnsChallenge.delayBeforeCheck",
        "consul.prefix",
        "kubernetes.namespaces",
        "marathon.basic.httpBasicAuthUser",
        "zookeeper.endpoint",
        "workers",
    };
    for (size_t i = 0; i < WB_COUNT(names); i++)
        if (!flag_find(slice_of(names[i])))
            fail_msg("%s is not in the table", names[i]);
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

static void test_durations_are_seconds_or_as_go_writes_them(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t ms;
    } cases[] = {{"0", 0},        {"5", 5000}, {"500ms", 500}, {"1m30s", 90000}, {"1.5s", 1500},
                 {"2h", 7200000}, {"1us", 1},  {"0s", 0},      {"1ns", 1},       {"90", 90000}};
    static const char *const bad[] = {"",     "s",   "5x", "1m30",    "-1s",         "-1",
                                      "1e9",  " 5",  "5 ", "900000h", "10000000000", "99999999999999999999",
                                      "0x10", "five"};
    for (size_t i = 0; i < WB_COUNT(cases); i++) {
        char *word = wb_format("--forwardingTimeouts.dialTimeout=%s", cases[i].text);
        expect_ok(read_words(word));
        assert_int_equal(settings.dial_timeout_ms, cases[i].ms);
        free(word);
    }
    for (size_t i = 0; i < WB_COUNT(bad); i++) {
        char *word = wb_format("--forwardingTimeouts.dialTimeout=%s", bad[i]);
        char *wanted = wb_format("invalid argument \"%s\" for --forwardingtimeouts.dialtimeout=%s: ", bad[i], bad[i]);
        expect_refused(read_words(word), wanted);
        free(word);
        free(wanted);
    }
}

static void test_timeouts_and_their_deprecated_names_reach_their_fields(void **state)
{
    (void)state;
    expect_ok(read_words("--respondingTimeouts.readTimeout=7s", "--respondingTimeouts.writeTimeout=8s",
                         "--respondingTimeouts.idleTimeout=9s", "--forwardingTimeouts.responseHeaderTimeout=10s",
                         "--lifecycle.requestAcceptGraceTimeout=11s", "--lifecycle.graceTimeOut=12s"));
    assert_int_equal(settings.head_timeout_ms, 7000);
    assert_int_equal(settings.body_timeout_ms, 7000);
    assert_int_equal(settings.response_body_timeout_ms, 8000);
    assert_int_equal(settings.idle_timeout_ms, 9000);
    assert_int_equal(settings.response_timeout_ms, 10000);
    assert_int_equal(settings.request_accept_grace_ms, 11000);
    assert_int_equal(settings.grace_ms, 12000);
    expect_ok(read_words("--respondingTimeouts.idleTimeout=9s", "--idleTimeout=3", "--gracetimeout=4s",
                         "--lifecycle.graceTimeOut=12s"));
    assert_int_equal(settings.idle_timeout_ms, 3000);
    assert_int_equal(settings.grace_ms, 4000);
    expect_ok(read_words("--respondingTimeouts.readTimeout=0"));
    assert_int_equal(settings.head_timeout_ms, 0);
    assert_int_equal(settings.body_timeout_ms, 0);
}

static void test_numbers_take_a_base_prefix_and_have_bounds(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "-1", "1.5", "0x", "08", "x", "4294967296", "2147483648", "1 "};
    expect_ok(read_words("--workers=0x10", "--maxIdleConnsPerHost=010"));
    assert_int_equal(settings.workers, 16);
    assert_int_equal(settings.max_idle_per_server, 8);
    expect_ok(read_words("--maxIdleConnsPerHost=0"));
    assert_int_equal(settings.max_idle_per_server, 2);
    for (size_t i = 0; i < WB_COUNT(bad); i++) {
        char *word = wb_format("--workers=%s", bad[i]);
        expect_refused(read_words(word), "for --workers=");
        free(word);
    }
    expect_refused(read_words("--workers=129"), "at most 128");
}

static void test_lists_split_at_commas_and_a_repeated_flag_appends(void **state)
{
    (void)state;
    expect_ok(read_words("--defaultEntryPoints=http,a"));
    expect_list(settings.default_entrypoints, "http,a");
    assert_true(has_note("defaultEntryPoints: there is no entrypoint \"a\""));
    expect_ok(read_words("--constraints=tag==a,tag!=b*", "--constraints=tag==c", "--docker.constraints=tag==d"));
    expect_list(settings.docker.constraints, "tag==d,tag==a,tag!=b*,tag==c");
}

static void test_constraints_are_checked_in_the_words_of_v17(void **state)
{
    (void)state;
    expect_refused(read_words("--constraints=us==a"), "constraint must be tag-based. Syntax: tag==us-*");
    expect_refused(read_words("--constraints=tag==a, tag==b"), "constraint must be tag-based.");
    expect_refused(read_words("--constraints=tag"), "constraint expression missing valid operator: '==' or '!='");
    expect_refused(read_words("--docker.constraints="), "missing valid operator");
    expect_refused(read_words("--constraints=tag=a"), "missing valid operator");
}

static void test_an_access_log_in_another_format_is_refused(void **state)
{
    (void)state;
    expect_ok(read_words("--accessLog.format=common", "--traefikLog.format=common"));
    assert_true(settings.access_log_on);
    expect_refused(read_words("--accessLog.format=json"), "\"json\" is not in this version");
    expect_ok(read_words("--accessLogsFile=/var/log/a"));
    assert_true(settings.access_log_on);
    expect_text(settings.access_log_path, "/var/log/a");
}

static void test_an_entrypoint_that_api_or_ping_names_must_exist(void **state)
{
    (void)state;
    expect_ok(read_words("--api", "--api.entryPoint=http"));
    expect_list(settings.entrypoint_names, "http");
    expect_refused(read_words("--api.entryPoint=admin"), "api.entryPoint: there is no entrypoint \"admin\"");
    expect_refused(read_words("--ping.entryPoint=admin"), "ping.entryPoint: there is no entrypoint \"admin\"");
    expect_ok(read_words("--ping", "--entryPoints=Name:traefik Address::9"));
    expect_list(settings.entrypoint_names, "traefik");
    expect_text(settings.entrypoints[0].address, ":9");
}

static void test_the_first_word_is_a_command(void **state)
{
    (void)state;
    expect_ok(read_words("HealthCheck", "--ping"));
    assert_int_equal(settings.command, COMMAND_HEALTHCHECK);
    expect_refused(read_words("serve"), "command serve not found\n");
    expect_refused(read_words(""), "command  not found\n");
    expect_refused(read_words("storeconfig"), "command storeconfig is not in this version");
    expect_ok(read_words("--docker", "serve", "-"));
    assert_true(has_note("\"serve\""));
    expect_ok(read_words("--docker", "--", "--nonsense"));
}

static void test_help_and_version_are_texts_for_stdout(void **state)
{
    (void)state;
    unsigned lines = 0;
    assert_int_equal(read_words("--help"), SETTINGS_HELP);
    assert_non_null(strstr(out_text, "--docker.exposedByDefault"));
    assert_int_equal(read_words("--docker", "-h", "--nonsense"), SETTINGS_HELP);
    assert_int_equal(settings.command, COMMAND_HELP);
    assert_int_equal(read_words("healthcheck", "-dh"), SETTINGS_HELP);
    assert_int_equal(read_words("VERSION"), SETTINGS_HELP);
    assert_int_equal(settings.command, COMMAND_VERSION);
    assert_true(slice_starts(slice_of(out_text), SLICE("Version:      " WB_VERSION "\nCodename:     ")));
    for (const char *at = out_text; *at; at++)
        lines += *at == '\n';
    assert_int_equal(lines, 5);
}

static void test_help_lists_each_flag_once_in_lines_of_a_terminal(void **state)
{
    (void)state;
    assert_int_equal(read_words("--help"), SETTINGS_HELP);
    for (size_t i = 0; i < flag_table_count; i++) {
        if (flag_table[i].kind == FLAG_HEADING)
            continue;
        size_t count = 0;
        char *long_form = wb_format("--%s", flag_table[i].name);
        for (const char *at = out_text; (at = strstr(at, long_form)); at++) {
            char after = at[strlen(long_form)];
            bool starts_line = at - out_text >= 6 && (at[-7] == '\n' || at[-2] == ',');
            count += starts_line && (after == ' ' || after == '=' || after == '\n');
        }
        if (count != 1)
            fail_msg("%s is listed %zu times", flag_table[i].name, count);
        free(long_form);
    }
    for (struct slice rest = slice_of(out_text), line; slice_cut(&rest, '\n', &line);)
        if (line.len > 110)
            fail_msg("too long: " SLICE_FMT, SLICE_ARG(line));
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
        READING_TEST(test_an_unknown_flag_is_refused_in_the_words_of_v17),
        READING_TEST(test_a_flag_at_the_end_without_its_value_is_refused),
        READING_TEST(test_parts_that_are_not_there_are_refused_by_name),
        READING_TEST(test_switching_off_what_is_not_there_is_accepted),
        READING_TEST(test_flags_without_effect_are_accepted_and_noted),
        READING_TEST(test_every_option_of_v17_is_known),
        READING_TEST(test_no_name_or_letter_stands_twice_in_the_table),
        READING_TEST(test_durations_are_seconds_or_as_go_writes_them),
        READING_TEST(test_timeouts_and_their_deprecated_names_reach_their_fields),
        READING_TEST(test_numbers_take_a_base_prefix_and_have_bounds),
        READING_TEST(test_lists_split_at_commas_and_a_repeated_flag_appends),
        READING_TEST(test_constraints_are_checked_in_the_words_of_v17),
        READING_TEST(test_an_access_log_in_another_format_is_refused),
        READING_TEST(test_an_entrypoint_that_api_or_ping_names_must_exist),
        READING_TEST(test_the_first_word_is_a_command),
        READING_TEST(test_help_and_version_are_texts_for_stdout),
        READING_TEST(test_help_lists_each_flag_once_in_lines_of_a_terminal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
