/* SPDX-License-Identifier: MIT */
/* What hostile files may cost: bounds, depth, size, values, time. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include "waybill/base/text.h"
#include "waybill/yaml/yaml.h"
#include <stdlib.h>
#include <time.h>

static struct arena arena;
static struct yaml_file file;
static struct yaml_error error;

static int open_arena(void **state)
{
    (void)state;
    arena_init(&arena, 0);
    return 0;
}

static int close_arena(void **state)
{
    (void)state;
    arena_fini(&arena);
    return 0;
}

static bool parse(struct slice text)
{
    return yaml_parse(&arena, text, SLICE("f"), &file, &error);
}

/* Each prefix lies in memory of exactly its size, so a sanitizer sees a look past the end. */
static void test_each_prefix_of_a_document_is_read_within_its_bounds(void **state)
{
    struct slice whole = SLICE("\xef\xbb\xbf"
                               "x: &a {b: [1, 'two', \"\\u00e9\\n\"], <<: {c: 3}}\r\ny: *a\n# c\n"
                               "z:\n  - |+\n    text\n\n  - >\n    folded\n? k\n: !!str 7\n---\n!reset\n");

    (void)state;
    for (size_t len = 0; len <= whole.len; len++) {
        char *exact = malloc(len ? len : 1);
        memcpy(exact, whole.ptr, len);
        bool ok = parse(slice_make(exact, len));
        free(exact);
        assert_true(ok || error.message != NULL);
        if (len == whole.len)
            assert_true(ok);
    }
}

static struct slice repeat(struct text *text, const char *prefix, const char *part, size_t count, const char *suffix)
{
    text_addf(text, "%s", prefix);
    for (size_t i = 0; i < count; i++)
        text_add(text, slice_of(part));
    text_addf(text, "%s", suffix);
    return text_slice(text);
}

static void check_depth(const char *prefix, const char *open, const char *close, size_t allowed)
{
    for (size_t depth = allowed; depth <= allowed + 1; depth++) {
        struct text text = TEXT_EMPTY;
        repeat(&text, prefix, open, depth, "");
        repeat(&text, "", close, depth, "\n");
        bool ok = parse(text_slice(&text));
        assert_int_equal(ok, depth == allowed);
        if (!ok)
            assert_non_null(strstr(error.message, "nested more than 64 deep"));
        text_fini(&text);
    }
}

static void test_nesting_is_limited(void **state)
{
    (void)state;
    check_depth("", "[", "]", YAML_DEPTH_MAX);
    check_depth("", "{a: ", "}", YAML_DEPTH_MAX);
    check_depth("", "- ", "", YAML_DEPTH_MAX);
    /* What an anchor holds stands deeper where the alias is. */
    check_depth("a: &a [[]]\nb: ", "[*a,", "]", YAML_DEPTH_MAX - 3);
}

static void test_far_too_deep_nesting_ends_soon(void **state)
{
    struct text text = TEXT_EMPTY;

    (void)state;
    assert_false(parse(repeat(&text, "", "[", 1000000, "")));
    assert_non_null(strstr(error.message, "f:1:65: nested"));
    text_fini(&text);
}

static void test_too_large_a_file_is_refused(void **state)
{
    char *bytes = wb_alloc(YAML_INPUT_MAX + 1);

    (void)state;
    memset(bytes, '\n', YAML_INPUT_MAX + 1);
    assert_true(parse(slice_make(bytes, YAML_INPUT_MAX)));
    assert_false(parse(slice_make(bytes, YAML_INPUT_MAX + 1)));
    assert_non_null(strstr(error.message, "4194305 bytes"));
    free(bytes);
}

static void test_values_are_counted_up_to_the_limit(void **state)
{
    (void)state;
    for (size_t items = YAML_VALUES_MAX - 1; items <= YAML_VALUES_MAX; items++) {
        struct text text = TEXT_EMPTY;
        repeat(&text, "[", "1,", items, "]");
        assert_int_equal(parse(text_slice(&text)), items == YAML_VALUES_MAX - 1);
        arena_reset(&arena);
        text_fini(&text);
    }
}

/* Nine of nine of nine...: small to write, no end to walk. Shared, so memory stays small, and counted, so refused. */
static void test_aliases_of_aliases_cannot_grow_without_end(void **state)
{
    struct text text = TEXT_EMPTY;

    (void)state;
    text_addf(&text, "a0: &a0 lol\n");
    for (unsigned i = 1; i < 20; i++) {
        text_addf(&text, "a%u: &a%u [", i, i);
        for (unsigned k = 0; k < 9; k++)
            text_addf(&text, "*a%u,", i - 1);
        text_addf(&text, "]\n");
    }
    assert_false(parse(text_slice(&text)));
    assert_non_null(strstr(error.message, "more than 200000 values"));
    assert_true(arena.used < 64 * 1024);
    text_fini(&text);
}

static void test_merges_of_merges_cannot_grow_without_end(void **state)
{
    struct text text = TEXT_EMPTY;

    (void)state;
    text_addf(&text, "base: &m0 {");
    for (unsigned i = 0; i < 2000; i++)
        text_addf(&text, "k%u: 1,", i);
    text_addf(&text, "}\n");
    for (unsigned i = 1; i < 2000; i++)
        text_addf(&text, "x%u: &m%u {<<: *m%u}\n", i, i, i - 1);
    assert_false(parse(text_slice(&text)));
    assert_non_null(strstr(error.message, "more than 200000 values"));
    text_fini(&text);
}

static uint64_t thread_cpu_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* Half a megabyte takes up to 0.2 s of CPU with ASan; with anything quadratic in it, minutes. */
static void test_hostile_text_takes_linear_time(void **state)
{
    static const struct {
        const char *prefix, *part, *suffix;
    } rows[] = {
        {"", "- 1\n", ""},          {"a: ", "x y\n  ", ""},
        {"a: \"", "\\n", "\""},     {"a: '", "''", "'"},
        {"a: |\n", "  line\n", ""}, {"a: >\n", "  fold\n\n", ""},
        {"#", "# comment\n#", ""},  {"", "---\n", ""},
        {"", "a", ": 1"},           {"", "\n", ""},
        {"a: [", "{}, ", "]"},      {"", "[", ""},

        {"a: ", "!x ", ""},         {"a: ", "- ", ""},
        {"a: \"", "x\n\n  ", "\""},
    };
    const uint64_t most_ns = 5000000000u;

    (void)state;
    for (size_t i = 0; i < WB_COUNT(rows); i++) {
        struct text text = TEXT_EMPTY;
        repeat(&text, rows[i].prefix, rows[i].part, 512 * 1024 / strlen(rows[i].part), rows[i].suffix);
        uint64_t start = thread_cpu_ns();
        (void)!parse(text_slice(&text));
        uint64_t took = thread_cpu_ns() - start;
        if (took > most_ns)
            fail_msg("hostile text %zu took %.1f s", i, (double)took / 1e9);
        text_fini(&text);
        arena_reset(&arena);
    }
}

static void test_many_keys_take_linear_time(void **state)
{
    struct text text = TEXT_EMPTY;

    (void)state;
    for (unsigned i = 0; i < 100000; i++)
        text_addf(&text, "%x: 1\n", i);
    uint64_t start = thread_cpu_ns();
    assert_true(parse(text_slice(&text)));
    assert_true(thread_cpu_ns() - start < 5000000000u);
    assert_int_equal(file.documents[0]->count, 100000);
    text_fini(&text);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, open_arena, close_arena)
    const struct CMUnitTest tests[] = {
        CASE(test_each_prefix_of_a_document_is_read_within_its_bounds),
        CASE(test_nesting_is_limited),
        CASE(test_far_too_deep_nesting_ends_soon),
        CASE(test_too_large_a_file_is_refused),
        CASE(test_values_are_counted_up_to_the_limit),
        CASE(test_aliases_of_aliases_cannot_grow_without_end),
        CASE(test_merges_of_merges_cannot_grow_without_end),
        CASE(test_hostile_text_takes_linear_time),
        CASE(test_many_keys_take_linear_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
