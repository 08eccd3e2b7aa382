/* SPDX-License-Identifier: MIT */
#include "settings/read_words.h"
#include "entrypoint_draft.h"
#include "help.h"
#include "flag.h"
#include <fcntl.h>

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

static void test_how_long_a_stopped_service_is_remembered(void **state)
{
    (void)state;
    expect_ok(read_words("--docker"));
    assert_int_equal(settings.docker.remember_ms, 600000);
    expect_ok(read_words("--docker", "--docker.rememberFor=90"));
    assert_int_equal(settings.docker.remember_ms, 90000);
    expect_ok(read_words("--docker", "--docker.rememberFor=1m30s"));
    assert_int_equal(settings.docker.remember_ms, 90000);
    expect_ok(read_words("--docker", "--docker.rememberFor=0"));
    assert_int_equal(settings.docker.remember_ms, 0);
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

static void test_logs_have_formats_files_and_filters(void **state)
{
    (void)state;
    expect_ok(read_words("--accessLog.format=common", "--traefikLog.format=common"));
    assert_true(settings.access_log_on);
    expect_text(settings.access_log.format, "common");
    assert_false(settings.log_json);
    expect_ok(read_words("--accessLog.format=json", "--traefikLog.format=json", "--traefikLog.filePath=/l"));
    expect_text(settings.access_log.format, "json");
    assert_true(settings.log_json);
    expect_text(settings.log_path, "/l");
    expect_ok(read_words("--traefikLogsFile=/old"));
    expect_text(settings.log_path, "/old");
    assert_false(settings.access_log_on);
    expect_ok(read_words("--accessLog.filters.statusCodes=200,300-302", "--accessLog.filters.minDuration=1s",
                         "--accessLog.fields.names=ClientHost=drop  RequestPath=keep", "--accessLog.fields.headers.names",
                         "Cookie=keep X-A=redact"));
    assert_true(settings.access_log_on); /* by its members */
    expect_list(settings.access_log.status_codes, "200,300-302");
    assert_int_equal(settings.access_log.min_duration_ms, 1000);
    expect_list(settings.access_log.field_names, "ClientHost=drop,RequestPath=keep");
    expect_list(settings.access_log.header_names, "Cookie=keep,X-A=redact");
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
    expect_refused(read_words("serve"), "command serve not found; `waybill --help` lists the commands\n");
    expect_refused(read_words("helthcheck"), "command helthcheck not found: did you mean healthcheck\n");
    expect_refused(read_words("expain", "http://a.test/"), "command expain not found: did you mean explain\n");
    expect_refused(read_words(""), "command  not found; ");
    expect_refused(read_words("bug"), "command bug is not in this version");
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
    assert_true(slice_starts(slice_of(out_text), SLICE("Usage: waybill healthcheck")));
    assert_int_equal(read_words("help"), SETTINGS_HELP);
    assert_non_null(strstr(out_text, "--docker.exposedByDefault"));
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

static void test_help_says_what_each_key_of_an_entrypoint_does(void **state)
{
    (void)state;
    assert_int_equal(read_words("--help"), SETTINGS_HELP);
    for (size_t i = 0; known_option_at(i); i++) {
        const char *shown = known_option_shown(known_option_at(i));
        size_t found = 0;
        for (const char *at = out_text; (at = strstr(at, shown)); at++)
            found += at[-1] == ' ' && strchr(":;.) \n", at[strlen(shown)]) != NULL;
        if (found == 0)
            fail_msg("--help does not have the key %s", shown);
    }
}

static void test_help_keeps_to_the_width_of_the_terminal(void **state)
{
    static const struct {
        size_t columns, width;
    } cases[] = {{0, 80}, {40, 80}, {80, 80}, {95, 95}, {110, 110}, {300, 110}};
    (void)state;
    for (size_t i = 0; i < WB_COUNT(cases); i++) {
        char *text = help_text(cases[i].columns);
        for (struct slice rest = slice_of(text), line; slice_cut(&rest, '\n', &line);)
            if (line.len > cases[i].width)
                fail_msg("longer than %zu: " SLICE_FMT, cases[i].width, SLICE_ARG(line));
        free(text);
    }
    int file = open("/dev/null", O_RDONLY | O_CLOEXEC);
    assert_true(file >= 0);
    assert_int_equal(help_columns(file), 110);
    close(file);
}

static void test_retry_is_on_by_its_name_or_by_its_attempts(void **state)
{
    (void)state;
    expect_ok(read_words("--docker"));
    assert_false(settings.retry_on);
    expect_ok(read_words("--retry"));
    assert_true(settings.retry_on);
    assert_int_equal(settings.retry_attempts, 0);
    expect_ok(read_words("--retry.attempts=3"));
    assert_true(settings.retry_on);
    assert_int_equal(settings.retry_attempts, 3);
    expect_ok(read_toml("[retry]\nattempts = -1\n"));
    assert_true(settings.retry_on);
    assert_int_equal(settings.retry_attempts, -1);
    expect_refused(read_words("--retry.attempts=many"), "it is not a whole number");
}

static void expect_bounds(const char *wanted)
{
    struct text bounds = TEXT_EMPTY;

    for (size_t i = 0; i < settings.traffic.bound_count; i++)
        text_addf(&bounds, "%llu ", (unsigned long long)settings.traffic.bounds_ns[i] / 1000);
    assert_string_equal(bounds.ptr ? bounds.ptr : "", wanted);
    text_fini(&bounds);
}

static void test_metrics_alone_are_nothing_and_their_parts_have_v17_defaults(void **state)
{
    (void)state;
    expect_ok(read_words("--metrics"));
    assert_false(settings.prometheus_on || settings.statsd_on || settings.datadog_on || settings.influx_on);
    expect_ok(read_toml("[metrics.prometheus]\n[metrics.statsd]\n[metrics.datadog]\n[metrics.influxdb]\n"));
    assert_true(settings.prometheus_on && settings.statsd_on && settings.datadog_on && settings.influx_on);
    expect_text(settings.prometheus_entrypoint, "traefik");
    expect_list(settings.entrypoint_names, "http,traefik");
    expect_bounds("100000 300000 1200000 5000000 ");
    expect_text(settings.statsd.address, "localhost:8125");
    expect_text(settings.datadog.address, "localhost:8125");
    expect_text(settings.influx.address, "localhost:8089");
    assert_int_equal(settings.influx.interval_ms, 10000);
    assert_int_equal(settings.influx.kind, PUSH_INFLUX_UDP);
    assert_true(settings.traffic.in_steps);
    expect_ok(read_words("--metrics.prometheus"));
    assert_false(settings.traffic.in_steps);
}

static void test_buckets_are_seconds_in_order(void **state)
{
    (void)state;
    expect_ok(read_words("--metrics.prometheus.buckets=0.005;0.1,2.5; 10"));
    assert_true(settings.prometheus_on);
    expect_bounds("5000 100000 2500000 10000000 ");
    expect_ok(read_toml("[metrics.prometheus]\nbuckets = [0.1, 0.3, 1]\n"));
    expect_bounds("100000 300000 1000000 ");
    expect_ok(read_toml("[metrics.prometheus]\nbuckets = \"0.5;7\"\n", "--metrics.prometheus.buckets=9"));
    expect_bounds("9000000 ");
    expect_refused(read_words("--metrics.prometheus.buckets=0.3,0.1"), "\"0.1\" is no bound");
    expect_refused(read_words("--metrics.prometheus.buckets=0"), "\"0\" is no bound");
    expect_refused(read_words("--metrics.prometheus.buckets=-1"), "is no bound");
    expect_refused(read_words("--metrics.prometheus.buckets=1,"), "\"\" is no bound");
    expect_refused(read_words("--metrics.prometheus.buckets=1e400"), "is no bound");
    expect_refused(read_words("--metrics.prometheus.buckets=nan"), "is no bound");
    expect_refused(
        read_words("--metrics.prometheus.buckets=1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,"
                   "27,28,29,30,31,32,33"),
        "more than 32 bounds");
    expect_refused(read_toml("[metrics.prometheus]\nbuckets = [\"a\"]\n"), "it is to be a number");
    expect_refused(read_toml("[metrics.prometheus]\nbuckets = []\n"), "is no bound");
    expect_refused(read_toml("[metrics.prometheus]\nbuckets = 5\n"), "a list of numbers");
    expect_refused(read_words("--metrics.prometheus.entryPoint=nowhere"),
                   "metrics.prometheus.entryPoint: there is no entrypoint");
}

static void test_where_metrics_are_pushed(void **state)
{
    (void)state;
    expect_ok(read_words("--metrics.statsd.address=s:1", "--metrics.statsd.pushInterval=500ms",
                         "--metrics.datadog.pushInterval=7", "--metrics.influxdb.address=http://i:8086",
                         "--metrics.influxdb.protocol=http", "--metrics.influxdb.database=d",
                         "--metrics.influxdb.retentionPolicy=r"));
    expect_text(settings.statsd.address, "s:1");
    assert_int_equal(settings.statsd.interval_ms, 500);
    assert_int_equal(settings.datadog.interval_ms, 7000);
    assert_int_equal(settings.influx.kind, PUSH_INFLUX_HTTP);
    expect_text(settings.influx.address, "http://i:8086");
    expect_text(settings.influx.database, "d");
    expect_text(settings.influx.retention_policy, "r");
    expect_ok(read_words("--metrics.influxdb.database=d"));
    assert_true(has_note("metrics.influxdb.database"));
    expect_refused(read_words("--metrics.influxdb.protocol=tcp"), "\"tcp\" is none: write udp or http");
    expect_refused(read_words("--metrics.statsd.pushInterval=0"), "metrics.statsd.pushInterval");
    expect_refused(read_words("--metrics.datadog.address="), "metrics.datadog.address");
}

static void test_where_spans_are_sent(void **state)
{
    (void)state;
    expect_ok(read_words("--workers=1"));
    assert_false(settings.tracing_on);
    expect_ok(read_toml("[tracing]\nbackend = \"zipkin\"\nserviceName = \"edge\"\nspanNameLimit = 100\nsampleRate = 0.25\n"
                        "[tracing.zipkin]\nhttpEndpoint = \"http://z:9411/api/v1/spans\"\nsameSpan = true\n"
                        "id128Bit = false\ndebug = true\n"));
    assert_true(settings.tracing_on && settings.tracer.same_span && !settings.tracer.wide_ids);
    assert_int_equal(settings.tracing.format, SPAN_ZIPKIN);
    expect_text(settings.tracing.url, "http://z:9411/api/v2/spans");
    expect_text(settings.tracing.service_name, "edge");
    assert_int_equal(settings.tracing.name_limit, 100);
    assert_true(settings.tracer.sample_rate == 0.25);
    assert_int_equal(settings.tracer.spelling, TRACE_B3_MULTI);
    expect_ok(read_words("--tracing.zipkin"));
    expect_text(settings.tracing.url, "http://localhost:9411/api/v2/spans");
    expect_text(settings.tracing.service_name, "traefik");
    assert_true(settings.tracer.wide_ids && settings.tracer.sample_rate == 1);
    expect_ok(read_words("--tracing.otlp.endpoint=http://c:4318", "--tracing.samplerate=0"));
    assert_int_equal(settings.tracing.format, SPAN_OTLP);
    expect_text(settings.tracing.url, "http://c:4318/v1/traces");
    assert_int_equal(settings.tracer.spelling, TRACE_W3C);
    assert_true(settings.tracer.sample_rate == 0);
    expect_ok(read_words("--tracing.backend=OTLP", "--tracing.zipkin"));
    assert_int_equal(settings.tracing.format, SPAN_OTLP);
}

/* As in v1.7: the tables may all be there, and tracing.backend says which one counts. */
static void test_what_is_said_of_a_tracer_that_is_not_chosen_has_no_effect(void **state)
{
    static const char tables[] = "[tracing]\nbackend = \"zipkin\"\n[tracing.jaeger]\nsamplingType = \"const\"\n"
                                 "[tracing.datadog]\ndebug = true\n[tracing.zipkin]\nsameSpan = true\n";
    (void)state;
    expect_ok(read_toml(tables));
    assert_int_equal(settings.tracing.format, SPAN_ZIPKIN);
    assert_true(has_note("tracing.jaeger has no effect: spans are sent to tracing.zipkin"));
    assert_true(has_note("tracing.datadog has no effect: spans are sent to tracing.zipkin"));
    assert_false(has_note("tracing.zipkin has no effect") || has_note("tracing.otlp has no effect"));
    expect_ok(read_toml(tables, "--tracing.backend=otlp"));
    assert_int_equal(settings.tracing.format, SPAN_OTLP);
    assert_true(has_note("tracing.zipkin has no effect: spans are sent to tracing.otlp"));
    expect_ok(read_words("--tracing.jaeger.samplingParam=1", "--tracing.backend=otlp", "--tracing.jaeger"));
    assert_true(has_note("tracing.jaeger has no effect"));

    /* Nobody is chosen, or it is the one that is not there. */
    expect_refused(read_toml("[tracing.jaeger]\nsamplingType = \"const\"\n[tracing.zipkin]\n"),
                   "1: tracing.jaeger: Jaeger's own protocol is not in this version of Waybill: Jaeger takes OTLP");
    expect_refused(read_words("--tracing.zipkin", "--tracing.datadog.debug"), "--tracing.datadog.debug: Datadog's own");
    expect_refused(read_toml(tables, "--tracing.backend=jaeger"), "tracing.backend: jaeger's own protocol is not spoken");
}

static void test_tracing_that_is_not_spoken_is_refused_with_what_to_do(void **state)
{
    (void)state;
    expect_refused(read_words("--tracing"), "tracing.backend: write zipkin or otlp");
    expect_refused(read_words("--tracing.zipkin", "--tracing.otlp"), "tracing.backend: write zipkin or otlp");
    expect_refused(read_words("--tracing.backend=jaeger"), "takes OTLP: write otlp");
    expect_refused(read_words("--tracing.backend=datadog"), "takes OTLP: write otlp");
    expect_refused(read_words("--tracing.backend=none"), "\"none\" is none");
    expect_refused(read_words("--tracing.zipkin.httpEndpoint=z:9411"), "tracing.zipkin.httpEndpoint: \"z:9411\" is no URL");
    expect_refused(read_words("--tracing.otlp.endpoint="), "tracing.otlp.endpoint: \"\" is no URL");
    static const char *const rates[] = {"1.01", "-0.1", "", "half", "nan", "1e9", "0.5x"};
    for (size_t i = 0; i < WB_COUNT(rates); i++) {
        char *word = wb_format("--tracing.sampleRate=%s", rates[i]);
        expect_refused(read_words("--tracing.otlp", word), "it is not a number from 0 to 1");
        free(word);
    }
    expect_refused(read_toml("[tracing]\nsampleRate = \"0.5\"\n"), "a number from 0 to 1");
    expect_refused(read_toml("[tracing]\nsampleRate = 2\n"), "a number from 0 to 1");
    expect_refused(read_toml("[tracing]\nspanNameLimit = 0.5\n"), "a whole number");
    expect_refused(read_toml("[docker]\nwatch = 0.5\n"), "true or false");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        READING_TEST(test_durations_are_seconds_or_as_go_writes_them),
        READING_TEST(test_timeouts_and_their_deprecated_names_reach_their_fields),
        READING_TEST(test_how_long_a_stopped_service_is_remembered),
        READING_TEST(test_numbers_take_a_base_prefix_and_have_bounds),
        READING_TEST(test_lists_split_at_commas_and_a_repeated_flag_appends),
        READING_TEST(test_constraints_are_checked_in_the_words_of_v17),
        READING_TEST(test_logs_have_formats_files_and_filters),
        READING_TEST(test_an_entrypoint_that_api_or_ping_names_must_exist),
        READING_TEST(test_the_first_word_is_a_command),
        READING_TEST(test_help_and_version_are_texts_for_stdout),
        READING_TEST(test_help_lists_each_flag_once_in_lines_of_a_terminal),
        READING_TEST(test_help_says_what_each_key_of_an_entrypoint_does),
        READING_TEST(test_help_keeps_to_the_width_of_the_terminal),
        READING_TEST(test_metrics_alone_are_nothing_and_their_parts_have_v17_defaults),
        READING_TEST(test_buckets_are_seconds_in_order),
        READING_TEST(test_where_metrics_are_pushed),
        READING_TEST(test_where_spans_are_sent),
        READING_TEST(test_tracing_that_is_not_spoken_is_refused_with_what_to_do),
        READING_TEST(test_what_is_said_of_a_tracer_that_is_not_chosen_has_no_effect),
        cmocka_unit_test(test_retry_is_on_by_its_name_or_by_its_attempts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
