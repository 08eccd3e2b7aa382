/* SPDX-License-Identifier: MIT */
/* How redirections are compiled: one that cannot be understood closes, for it may be there to protect. What they do:
 * test/sim/redirect_test.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "waybill/exchange/filters.h"
#include "waybill/model/entrypoint.h"

static struct model_entrypoint entrypoints[] = {
    {.name = {"http", 4}, .address = {":80", 3}},
    {.name = {"other", 5}, .address = {"[::1]:8081", 10}},
    {.name = {"any", 3}, .address = {":0", 2}},
};

/* "" when it was made; else what was said. */
static const char *compile(struct model_redirect redirect)
{
    static char said[400];
    struct entrypoint made;
    struct diagnostics diagnostics;
    struct arena arena;

    arena_init(&arena, 0);
    diagnostics_init(&diagnostics);
    entrypoints[0].redirect = &redirect;
    entrypoint_compile(entrypoints, WB_COUNT(entrypoints), 0, &arena, &diagnostics, &made);
    assert_int_equal(made.closed, diagnostics.count == 1);
    assert_int_equal(made.filter_count, !made.closed);
    said[0] = '\0';
    if (diagnostics.count) {
        assert_int_equal(diagnostics.items[0].severity, DIAGNOSTIC_CLOSED);
        strncpy(said, diagnostics.items[0].text, sizeof said - 1);
    }
    diagnostics_fini(&diagnostics);
    arena_fini(&arena);
    return said;
}

static void expect(struct model_redirect redirect, const char *wanted)
{
    const char *said = compile(redirect);
    if (!strstr(said, wanted) || (wanted[0] == '\0' && said[0] != '\0'))
        fail_msg("`" SLICE_FMT "` `" SLICE_FMT "` says: %s", SLICE_ARG(redirect.regex), SLICE_ARG(redirect.replacement),
                 said);
}

#define TO(name)                  \
    {                             \
        .entrypoint = SLICE(name) \
    }
#define BY(pattern, replacement_)                                   \
    {                                                               \
        .regex = SLICE(pattern), .replacement = SLICE(replacement_) \
    }

static void test_an_entrypoint_must_be_another_one_with_a_port(void **state)
{
    (void)state;
    expect((struct model_redirect)TO("other"), "");
    expect((struct model_redirect)TO("none"), "redirect.entryPoint: `none` is no entrypoint");
    expect((struct model_redirect)TO("Other"), "redirect.entryPoint: `Other` is no entrypoint");
    expect((struct model_redirect)TO("http"), "is this entrypoint itself");
    expect((struct model_redirect)TO("any"), "has no fixed port");
}

static void test_an_expression_must_be_one_and_lead_somewhere(void **state)
{
    (void)state;
    expect((struct model_redirect)BY("^http://(.*)", "https://$1"), "");
    expect((struct model_redirect)BY(".", "{{.Request.Host}}"), "");
    expect((struct model_redirect)BY("^http://(.*)", ""), "only one of regex and replacement");
    expect((struct model_redirect)BY("", "https://a.test"), "only one of regex and replacement");
    expect((struct model_redirect)BY("(", "x"), "`(` is not a regular expression");
    expect((struct model_redirect)BY("(a)\\1", "x"), "is not a regular expression");
    expect((struct model_redirect)BY("a{1000}{1000}", "x"), "is not a regular expression");
    expect((struct model_redirect)BY(".", "{{.Request.Header}}"),
           "`{{.Request.Header}}` is not known: there are {{.Request.Method}}");
}

static void test_without_one_there_is_no_filter(void **state)
{
    struct entrypoint made;
    struct diagnostics diagnostics;
    struct arena arena;
    (void)state;

    arena_init(&arena, 0);
    diagnostics_init(&diagnostics);
    entrypoint_compile(entrypoints, WB_COUNT(entrypoints), 1, &arena, &diagnostics, &made);
    assert_int_equal(made.filter_count + diagnostics.count + made.closed, 0);

    static struct model_redirect empty = {.permanent = true}; /* as in v1.7, but it is said */
    entrypoints[0].redirect = &empty;
    entrypoint_compile(entrypoints, WB_COUNT(entrypoints), 0, &arena, &diagnostics, &made);
    assert_int_equal(made.filter_count + made.closed, 0);
    assert_int_equal(diagnostics.count, 1);
    assert_int_equal(diagnostics.items[0].severity, DIAGNOSTIC_WARNING);
    diagnostics_fini(&diagnostics);
    arena_fini(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_entrypoint_must_be_another_one_with_a_port),
        cmocka_unit_test(test_an_expression_must_be_one_and_lead_somewhere),
        cmocka_unit_test(test_without_one_there_is_no_filter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
