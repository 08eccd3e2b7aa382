/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include "waybill/base/error.h"
#include "waybill/base/suggest.h"

static const char *const names[] = {"docker", "docker.domain", "file", "logLevel", "api"};

static void test_the_closest_name_is_suggested(void **state)
{
    (void)state;
    static const struct {
        const char *wrong, *name;
    } cases[] = {{"dokcer", "docker"}, {"DOCKER.DOMIAN", "docker.domain"}, {"loglvl", "logLevel"}, {"fil", "file"},
                 {"files", "file"},    {"loglevell", "logLevel"},          {"ap", "api"},          {"aip", "api"}};
    for (size_t i = 0; i < WB_COUNT(cases); i++) {
        const char *close = suggest_name(slice_of(cases[i].wrong), names, WB_COUNT(names));
        assert_non_null(close);
        assert_string_equal(close, cases[i].name);
    }
}

static void test_nothing_is_suggested_when_nothing_is_close(void **state)
{
    (void)state;
    static const char long_text[] = "docker.domaindocker.domaindocker.domaindocker.domaindocker.domain";
    static const char *const wrong[] = {"", "x", "zzz", "kubernetes", long_text, "entrypoint"};
    for (size_t i = 0; i < WB_COUNT(wrong); i++)
        assert_null(suggest_name(slice_of(wrong[i]), names, WB_COUNT(names)));
    assert_null(suggest_name(SLICE("docker"), names, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_closest_name_is_suggested),
        cmocka_unit_test(test_nothing_is_suggested_when_nothing_is_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
