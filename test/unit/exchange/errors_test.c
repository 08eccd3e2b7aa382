/* SPDX-License-Identifier: MIT */
/* Error pages are compiled each for itself: a bad one is left out with a warning (decisions.md 11). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "filter/filters_private.h"

static bool find_target(const struct filter_source *from, struct slice name, struct route_target *out)
{
    (void)from;
    *out = (struct route_target){0};
    return slice_eq(name, SLICE("pages"));
}

static enum filter_compiled compile(const char *status, const char *backend, const char *query, unsigned *out_warnings)
{
    static const struct filter_source_ops ops = {.target = find_target};
    struct slice one = slice_of(status);
    struct model_error_page page = {
        .name = SLICE("e"), .status = {&one, status != NULL}, .backend = slice_of(backend), .query = slice_of(query)};
    const struct model_frontend frontend = {.backend = SLICE("own"), .errors = &page, .error_count = 1};
    struct diagnostics diagnostics;
    struct arena arena;
    const void *config;

    arena_init(&arena, 0);
    diagnostics_init(&diagnostics);
    struct filter_source from = {
        .frontend = &frontend, .arena = &arena, .place = SLICE("here"), .diagnostics = &diagnostics, .ops = &ops};
    enum filter_compiled compiled = filter_errors.compile(&from, &config);
    *out_warnings = 0;
    for (size_t i = 0; i < diagnostics.count; i++)
        *out_warnings += diagnostics.items[i].severity == DIAGNOSTIC_WARNING;
    diagnostics_fini(&diagnostics);
    arena_fini(&arena);
    return compiled;
}

static void test_what_can_be_read_is_made(void **state)
{
    static const char *const good[] = {"404", "500-599", " 400 - 404 ", "100-999"};
    unsigned warnings;
    (void)state;

    for (size_t i = 0; i < WB_COUNT(good); i++) {
        assert_int_equal(compile(good[i], "pages", "/{status}.html", &warnings), FILTER_MADE);
        assert_int_equal(warnings, 0);
    }
    assert_int_equal(compile("404", "pages", "", &warnings), FILTER_MADE);
}

static void test_what_cannot_be_read_is_left_out_with_a_warning(void **state)
{
    static const char *const bad[] = {"", "x", "5xx", "99", "1000", "500-", "-599", "599-500", "500-599-600", "4.4"};
    unsigned warnings;
    (void)state;

    for (size_t i = 0; i < WB_COUNT(bad); i++) {
        if (compile(bad[i], "pages", "/", &warnings) != FILTER_ABSENT || warnings != 1)
            fail_msg("`%s` was taken for a status", bad[i]);
    }
    assert_int_equal(compile(NULL, "pages", "/", &warnings), FILTER_ABSENT);
    assert_int_equal(warnings, 1);
    static const char *const backends[] = {"own", "nowhere", ""};
    for (size_t i = 0; i < WB_COUNT(backends); i++) {
        assert_int_equal(compile("404", backends[i], "/", &warnings), FILTER_ABSENT);
        assert_int_equal(warnings, 1);
    }
    static const char *const queries[] = {"/a b", "/a\r\nX: y", "/a#b", "\t"};
    for (size_t i = 0; i < WB_COUNT(queries); i++) {
        assert_int_equal(compile("404", "pages", queries[i], &warnings), FILTER_ABSENT);
        assert_int_equal(warnings, 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_can_be_read_is_made),
        cmocka_unit_test(test_what_cannot_be_read_is_left_out_with_a_warning),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
