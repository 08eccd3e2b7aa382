/* SPDX-License-Identifier: MIT */
/* What is put in place of a match: Go's rules, and texts that may be named. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include "waybill/route/match.h"
#include "waybill/route/rewrite.h"

static const char *const name_items[] = {".A", ".Some.Thing"};
static const struct rewrite_names names = {name_items, 2};
static const struct slice values[] = {{"1", 1}, {"{{.A}}$1", 8}};

struct row {
    const char *pattern, *replacement, *subject, *wanted;
};

static void check(const struct row *row)
{
    struct rewrite rewrite;
    struct slice error = SLICE("");
    struct arena arena;
    struct text made = TEXT_EMPTY;

    arena_init(&arena, 0);
    if (!rewrite_compile(&arena, slice_of(row->pattern), slice_of(row->replacement), &names, &rewrite, &error))
        fail_msg("%s %s: " SLICE_FMT, row->pattern, row->replacement, SLICE_ARG(error));
    enum rewrite_outcome outcome = rewrite_apply(&rewrite, slice_of(row->subject), values, &(size_t){MATCH_STEPS_MAX},
                                                 &made);
    if (outcome != (row->wanted ? REWRITE_MADE : REWRITE_NONE))
        fail_msg("%s %s of %s: outcome %d", row->pattern, row->replacement, row->subject, outcome);
    if (!slice_eq(text_slice(&made), slice_of(row->wanted ? row->wanted : row->subject)))
        fail_msg("%s %s of %s: " SLICE_FMT, row->pattern, row->replacement, row->subject, SLICE_ARG(text_slice(&made)));
    text_fini(&made);
    arena_fini(&arena);
}

static void check_all(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++)
        check(&rows[i]);
}

static void test_groups_as_in_go(void **state)
{
    static const struct row rows[] = {
        {"^http://a/(.*)", "http://b/$1", "http://a/x?y=1", "http://b/x?y=1"},
        {"^http://a/(.*)", "http://b/${1}z", "http://a/x", "http://b/xz"},
        {"^http://a/(.*)", "http://b/$1z", "http://a/x", "http://b/"}, /* the group is named `1z`: there is none */
        {"(?P<all>.+)", "<$all>", "ab", "<ab>"},
        {"a", "$$1", "bab", "b$1b"},
        {"a", "$", "bab", "b$b"},
        {"a", "${", "bab", "b${b"},
        {"a", "$9${none}", "bab", "bb"},
        {"(a)|(b)", "[$1$2]", "ab", "[a][b]"},
        {"x*", "-", "ab", "-a-b-"},
        {"", "-", "", "-"},
        {"a", "", "bab", "bb"},
        {"c", "x", "bab", NULL},
        {"a/", "z", "http://a/a/", "http://zz"},
    };
    (void)state;
    check_all(rows, WB_COUNT(rows));
}

static void test_texts_that_are_named(void **state)
{
    static const struct row rows[] = {
        {"a", "{{.A}}", "bab", "b1b"},
        {"a", "{{ .A }}-{{.A}}", "bab", "b1-1b"},
        {"(a)", "$1{{.Some.Thing}}$1", "a", "a{{.A}}$1a"}, /* what comes in is not looked at again */
        {"(.*)", "<$1>", "{{.A}}", "<{{.A}}>"},            /* nor what was matched */
        {"a", "{ {x} }", "a", "{ {x} }"},
        {"a", "{", "a", "{"},
    };
    (void)state;
    check_all(rows, WB_COUNT(rows));
}

static void test_what_cannot_be_understood_says_why(void **state)
{
    static const struct {
        const char *pattern, *replacement, *said;
    } rows[] = {
        {"(", "x", "`(` is not a regular expression"},
        {"(?=x)", "x", "`(?=x)` is not a regular expression"},
        {"a", "{{.B}}", "`{{.B}}` is not known: there are {{.A}}, {{.Some.Thing}}"},
        {"a", "{{.A", "is not known"},
        {"a", "{{.A}", "is not known"},
        {"a", "{{", "is not known"},
        {"a", "{{printf .A}}", "`{{printf .A}}` is not known"},
    };
    (void)state;
    for (size_t i = 0; i < WB_COUNT(rows); i++) {
        struct rewrite rewrite;
        struct slice error = SLICE("");
        struct arena arena;
        arena_init(&arena, 0);
        assert_false(
            rewrite_compile(&arena, slice_of(rows[i].pattern), slice_of(rows[i].replacement), &names, &rewrite, &error));
        if (!strstr(error.ptr, rows[i].said))
            fail_msg("%s", error.ptr);
        arena_fini(&arena);
    }
}

static void test_p10_what_is_too_long_is_told(void **state)
{
    struct rewrite rewrite;
    struct slice error;
    struct arena arena;
    struct text made = TEXT_EMPTY;
    char *subject = wb_alloc(REWRITE_BYTES_MAX);
    (void)state;

    memset(subject, 'a', REWRITE_BYTES_MAX);
    arena_init(&arena, 0);
    assert_true(rewrite_compile(&arena, SLICE("a"), SLICE("bb"), &names, &rewrite, &error));
    assert_int_equal(rewrite_apply(&rewrite, slice_make(subject, 100), values, &(size_t){MATCH_STEPS_MAX}, &made),
                     REWRITE_MADE);
    assert_int_equal(made.len, 200);
    assert_int_equal(
        rewrite_apply(&rewrite, slice_make(subject, REWRITE_BYTES_MAX), values, &(size_t){MATCH_STEPS_MAX}, &made),
        REWRITE_TOO_COSTLY);
    text_fini(&made);
    assert_true(rewrite_compile(&arena, SLICE("x{900}y"), SLICE(""), &names, &rewrite, &error));
    assert_int_equal(
        rewrite_apply(&rewrite, slice_make(subject, REWRITE_BYTES_MAX - 1), values, &(size_t){MATCH_STEPS_MAX}, &made),
        REWRITE_TOO_COSTLY);
    text_fini(&made);
    arena_fini(&arena);
    free(subject);
}

/* One match may stand for gigabytes: they are not made before they are refused. */
static void test_p10_a_replacement_that_names_a_group_thousands_of_times(void **state)
{
    enum { TIMES = 20000, BYTES = 20000 };
    struct text replacement = TEXT_EMPTY, subject = TEXT_EMPTY, made = TEXT_EMPTY;
    struct rewrite rewrite;
    struct slice error;
    struct arena arena;
    (void)state;

    arena_init(&arena, 0);
    for (size_t i = 0; i < TIMES; i++)
        text_add(&replacement, SLICE("$1"));
    for (size_t i = 0; i < BYTES; i++)
        text_add_char(&subject, 'a');
    assert_true(rewrite_compile(&arena, SLICE("^(.*)$"), text_slice(&replacement), &names, &rewrite, &error));
    assert_int_equal(rewrite_apply(&rewrite, text_slice(&subject), values, &(size_t){MATCH_STEPS_MAX}, &made),
                     REWRITE_TOO_COSTLY);
    assert_true(made.len <= REWRITE_BYTES_MAX + BYTES);
    text_fini(&replacement);
    text_fini(&subject);
    text_fini(&made);
    arena_fini(&arena);
}

static void test_the_head_is_what_no_request_decides(void **state)
{
    static const char *const rows[][2] = {
        {"http://b/$1", "http://b/"}, {"$1x", ""}, {"a{{.A}}", "a"}, {"{{.A}}", ""}, {"all", "all"}, {"", ""}};
    struct arena arena;
    (void)state;

    arena_init(&arena, 0);
    for (size_t i = 0; i < WB_COUNT(rows); i++) {
        struct rewrite rewrite;
        struct slice error;
        assert_true(rewrite_compile(&arena, SLICE("(.)"), slice_of(rows[i][0]), &names, &rewrite, &error));
        assert_true(slice_eq(rewrite_head(&rewrite), slice_of(rows[i][1])));
    }
    arena_fini(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_groups_as_in_go),
        cmocka_unit_test(test_texts_that_are_named),
        cmocka_unit_test(test_what_cannot_be_understood_says_why),
        cmocka_unit_test(test_p10_what_is_too_long_is_told),
        cmocka_unit_test(test_p10_a_replacement_that_names_a_group_thousands_of_times),
        cmocka_unit_test(test_the_head_is_what_no_request_decides),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
