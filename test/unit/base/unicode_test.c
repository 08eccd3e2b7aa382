/* SPDX-License-Identifier: MIT */
#include "waybill/base/unicode.h"
#include "waybill/base/arena.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static void test_names_are_runs_of_letters_and_numbers(void **state)
{
    static const char *const cases[][2] = {
        {"Host:a.test,b.test;PathPrefixStrip:/x/y", "Host-a-test-b-test-PathPrefixStrip-x-y"},
        {"::;,", ""},
        {"my_App.v1", "my-App-v1"},
        {"m\xc3\xbcller", "m\xc3\xbcller"},
        {"a\xff"
         "b",
         "a-b"},
        {"\xe4\xb8\xad-\xc2\xbd.", "\xe4\xb8\xad-\xc2\xbd"},
    };
    struct arena arena;

    (void)state;
    arena_init(&arena, 0);
    for (size_t i = 0; i < WB_COUNT(cases); i++)
        assert_true(slice_eq(unicode_normalise(&arena, slice_of(cases[i][0])), slice_of(cases[i][1])));
    arena_fini(&arena);
}

static void test_case_changes_past_ascii_too(void **state)
{
    static const char *const cases[][2] = {
        {"www.EXAMPLE.test", "WWW.EXAMPLE.TEST"},
        {"Gr\xc3\xbcn \xc3\xb0\xc4\x81", "GR\xc3\x9cN \xc3\x90\xc4\x80"},
        {"\xce\xb1\xd0\xb9", "\xce\x91\xd0\x99"},                     /* Greek, Cyrillic */
        {"\xc3\x9f\xe4\xb8\xad", "\xc3\x9f\xe4\xb8\xad"},             /* no single one in the other case */
        {"\xc9\x90\xf0\x90\x90\xa8", "\xe2\xb1\xaf\xf0\x90\x90\x80"}, /* one byte longer; four bytes */
        {"a\xff\xc3", "A\xff\xc3"},
        {"", ""},
    };
    struct arena arena;

    (void)state;
    arena_init(&arena, 0);
    for (size_t i = 0; i < WB_COUNT(cases); i++)
        assert_true(slice_eq(unicode_upper(&arena, slice_of(cases[i][0])), slice_of(cases[i][1])));
    assert_true(slice_eq(unicode_lower(&arena, SLICE("WWW.\xc3\x9cX\xff")), SLICE("www.\xc3\xbcx\xff")));
    assert_true(unicode_is_space(0xa0) && unicode_is_space('\v') && !unicode_is_space('x') && !unicode_is_space(0x200b));
    arena_fini(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names_are_runs_of_letters_and_numbers),
        cmocka_unit_test(test_case_changes_past_ascii_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
