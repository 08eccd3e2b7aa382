/* SPDX-License-Identifier: MIT */
#include "settings/read_words.h"

static struct text logged;
static unsigned error_count;

static void take_line(enum log_level level, const char *line, void *arg)
{
    (void)arg;
    error_count += level == LOG_ERROR;
    text_addf(&logged, "%s\n", line);
}

static int open_log(void **state)
{
    error_count = 0;
    log_set_level(LOG_ERROR); /* what a user sees who sets nothing */
    log_set_sink(take_line, NULL);
    return open_nothing(state);
}

static int close_log(void **state)
{
    log_set_sink(NULL, NULL);
    text_fini(&logged);
    return close_settings(state);
}

static void test_an_open_api_is_warned_about_at_the_default_level(void **state)
{
    (void)state;
    expect_ok(read_words("--api"));
    settings_log_warnings(&settings);
    assert_int_equal(error_count, 1);
    assert_non_null(strstr(logged.ptr, "SECURITY: the API and dashboard on entrypoint \\\"traefik\\\" (:8080)"));
}

static void test_an_open_rest_provider_is_warned_about_too(void **state)
{
    (void)state;
    expect_ok(read_words("--rest"));
    settings_log_warnings(&settings);
    assert_int_equal(error_count, 1);
    assert_non_null(strstr(logged.ptr, "SECURITY: the REST provider on entrypoint \\\"traefik\\\" (:8080)"));
    expect_ok(read_words("--rest.entryPoint=inner", "--entryPoints=Name:inner Address:127.0.0.1:8081",
                         "--defaultEntryPoints=inner"));
    expect_text(settings.rest_entrypoint, "inner");
    settings_log_warnings(&settings);
    assert_int_equal(error_count, 1);
    expect_refused(read_words("--rest.entryPoint=nowhere"), "rest.entryPoint: there is no entrypoint \"nowhere\"");
}

static void test_an_api_on_loopback_or_behind_auth_is_not_warned_about(void **state)
{
    (void)state;
    static const char *const entrypoints[] = {"--entryPoints=Name:traefik Address:127.0.0.1:8080",
                                              "--entryPoints=Name:traefik Address:[::1]:8080",
                                              "--entryPoints=Name:traefik Address::8080 Auth.Forward.Address:http://auth"};
    for (size_t i = 0; i < WB_COUNT(entrypoints); i++) {
        expect_ok(read_words("--api", entrypoints[i], "--defaultEntryPoints=traefik"));
        settings_log_warnings(&settings);
        assert_int_equal(error_count, 0);
    }
    expect_ok(read_words("--docker")); /* no API at all */
    settings_log_warnings(&settings);
    assert_int_equal(error_count, 0);
}

static void test_a_white_list_alone_is_no_login(void **state)
{
    (void)state;
    expect_ok(read_words("--api", "--entryPoints=Name:traefik Address::8080 WhiteList.SourceRange:10.0.0.0/8",
                         "--defaultEntryPoints=traefik"));
    settings_log_warnings(&settings);
    assert_int_equal(error_count, 1);
}

static void test_an_entrypoint_that_believes_everyone_is_warned_about(void **state)
{
    (void)state;
    expect_ok(read_words("--entryPoints=Name:http Address::80 ForwardedHeaders.Insecure:true",
                         "--entryPoints=Name:b Address::81 ForwardedHeaders.TrustedIPs:10.0.0.1"));
    settings_log_warnings(&settings);
    assert_int_equal(error_count, 1);
    assert_non_null(strstr(logged.ptr, "entrypoint \\\"http\\\" (:80) believes the X-Forwarded-* headers of every client"));
}

static void test_an_entrypoint_that_believes_every_proxy_is_warned_about(void **state)
{
    (void)state;
    expect_ok(read_words("--entryPoints=Name:http Address::80 ProxyProtocol.Insecure:true",
                         "--entryPoints=Name:b Address::81 ProxyProtocol.TrustedIPs:10.0.0.1"));
    settings_log_warnings(&settings);
    assert_int_equal(error_count, 1);
    assert_non_null(strstr(logged.ptr, "entrypoint \\\"http\\\" (:80) believes the PROXY header of every client"));
}

static void test_an_engine_that_anybody_can_pass_for_is_warned_about(void **state)
{
    (void)state;
    expect_ok(read_words("--docker.endpoint=tcp://e:1", "--docker.tls.insecureSkipVerify"));
    settings_log_warnings(&settings);
    assert_int_equal(error_count, 1);
    assert_non_null(strstr(logged.ptr, "SECURITY: docker.tls.insecureSkipVerify"));
}

static void test_https_servers_that_anybody_can_pass_for_are_warned_about(void **state)
{
    (void)state;
    expect_ok(read_words("--insecureSkipVerify"));
    settings_log_warnings(&settings);
    assert_int_equal(error_count, 1);
    assert_non_null(strstr(logged.ptr, "SECURITY: insecureSkipVerify"));
    expect_ok(read_words("--insecureSkipVerify", "--rootCAs=x"));
    settings_log_warnings(&settings);
    assert_non_null(strstr(logged.ptr, "insecureSkipVerify has no effect together with rootCAs"));
}

static void test_notes_are_logged_at_their_level(void **state)
{
    (void)state;
    expect_ok(read_words("--checkNewVersion"));
    settings_log_warnings(&settings);
    assert_true(!logged.ptr || !strstr(logged.ptr, "checkNewVersion"));
    log_set_level(LOG_INFO);
    settings_log_warnings(&settings);
    assert_non_null(strstr(logged.ptr, "level=warning msg=\"checkNewVersion has no effect"));
    assert_non_null(strstr(logged.ptr, "level=info msg=\"Using TOML configuration file /dev/null\""));
}

#define WARNING_TEST(name) cmocka_unit_test_setup_teardown(name, open_log, close_log)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WARNING_TEST(test_an_open_api_is_warned_about_at_the_default_level),
        WARNING_TEST(test_an_open_rest_provider_is_warned_about_too),
        WARNING_TEST(test_an_api_on_loopback_or_behind_auth_is_not_warned_about),
        WARNING_TEST(test_a_white_list_alone_is_no_login),
        WARNING_TEST(test_an_entrypoint_that_believes_everyone_is_warned_about),
        WARNING_TEST(test_an_entrypoint_that_believes_every_proxy_is_warned_about),
        WARNING_TEST(test_an_engine_that_anybody_can_pass_for_is_warned_about),
        WARNING_TEST(test_https_servers_that_anybody_can_pass_for_are_warned_about),
        WARNING_TEST(test_notes_are_logged_at_their_level),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
