/* SPDX-License-Identifier: MIT */
/* What hostile files may cost: bounds, depth, size, time, memory. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include "waybill/base/text.h"
#include "waybill/toml/toml.h"
#include <stdlib.h>
#include <time.h>

static struct arena arena;
static struct toml_document document;
static struct toml_error error;

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

static const struct toml_value *parse_slice(struct slice text)
{
    if (!toml_parse(&arena, text, SLICE("rules.toml"), &document, &error))
        fail_msg("refused: %s", error.message);
    return document.root;
}

/* Each prefix lies in memory of exactly its size, so a sanitizer sees a look past the end. */
static void test_each_prefix_of_a_document_is_read_within_its_bounds(void **state)
{
    (void)state;
    struct slice whole = SLICE("\xef\xbb\xbf"
                               "a.\"b\".'c' = \"\\u00e9\\U0001F600\\\\\"\r\n[x] # c\n[[y.z]]\n"
                               "t = \"\"\"\\\r\n  a\"\"b\"\"\"\"\"\nl = '''x''y'''\nn = [0x1F, "
                               "-1.5e+3, {i = inf, j = {}},]\n"
                               "d = 1979-05-27 07:32:00.5+01:00\ne = 12:00:00\nok = true\n");
    for (size_t len = 0; len <= whole.len; len++) {
        char *exact = malloc(len ? len : 1);
        memcpy(exact, whole.ptr, len);
        bool ok = toml_parse(&arena, slice_make(exact, len), SLICE("f"), &document, &error);
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

static void check_depth(const char *prefix, const char *open, const char *middle, const char *close, size_t allowed)
{
    for (size_t depth = allowed; depth <= allowed + 1; depth++) {
        struct text text = TEXT_EMPTY;
        repeat(&text, prefix, open, depth, middle);
        repeat(&text, "", close, depth, "");
        bool ok = toml_parse(&arena, text_slice(&text), SLICE("f"), &document, &error);
        assert_int_equal(ok, depth == allowed);
        if (!ok)
            assert_non_null(strstr(error.message, "nested more than 128 deep"));
        text_fini(&text);
    }
}

static void test_nesting_is_limited(void **state)
{
    (void)state;
    check_depth("a = ", "[", "", "]", TOML_DEPTH_MAX);
    check_depth("a = ", "{a = ", "1", "}", TOML_DEPTH_MAX);
    check_depth("", "a.", "b = 1", "", TOML_DEPTH_MAX);
    check_depth("[", "a.", "b]", "", TOML_DEPTH_MAX - 1);
    check_depth("[[", "a.", "b]]", "", TOML_DEPTH_MAX - 2); /* the array and its element */
}

static void test_the_path_of_the_deepest_value_fits(void **state)
{
    (void)state;
    struct text text = TEXT_EMPTY;
    const struct toml_value *value = parse_slice(repeat(&text, "", "a.", TOML_DEPTH_MAX, "b = 1"));
    while (value->kind == TOML_TABLE)
        value = value->first;
    assert_int_equal(strlen(toml_path_text(value, &arena)), 2 * TOML_DEPTH_MAX + 1);
    text_fini(&text);
}

static void test_too_large_a_file_is_refused(void **state)
{
    (void)state;
    char *bytes = wb_alloc(TOML_INPUT_MAX + 1);
    memset(bytes, '\n', TOML_INPUT_MAX + 1);
    assert_true(toml_parse(&arena, slice_make(bytes, TOML_INPUT_MAX), SLICE("f"), &document, &error));
    assert_false(toml_parse(&arena, slice_make(bytes, TOML_INPUT_MAX + 1), SLICE("f"), &document, &error));
    assert_non_null(strstr(error.message, "33554433 bytes"));
    free(bytes);
}

enum hostile_kind {
    MANY_KEYS,
    MANY_CASES,
    MANY_ELEMENTS,
    MANY_HEADERS,
    MANY_ITEMS,
    MANY_TABLES,
    DEEP_KEYS,
    DOTTED,
    LONG_KEY,
    LONG_STRING,
    ESCAPES,
    LONG_NUMBER,
    DATES,
    QUOTES,
    HOSTILE_COUNT
};

/* Text of about `size` bytes. */
static void add_hostile(struct text *text, enum hostile_kind kind, size_t size)
{
    static const char *const starts[HOSTILE_COUNT] = {
        [MANY_ITEMS] = "a = [", [MANY_TABLES] = "a = [",  [DOTTED] = "x",    [LONG_STRING] = "a = '",
        [ESCAPES] = "a = \"",   [LONG_NUMBER] = "a = 1.", [DATES] = "a = [", [QUOTES] = "a = \"\"\""};
    static const char *const parts[HOSTILE_COUNT] = {[MANY_ELEMENTS] = "[[a]]\n",
                                                     [MANY_ITEMS] = "1,",
                                                     [MANY_TABLES] = "{},",
                                                     [DOTTED] = ".x",
                                                     [LONG_KEY] = "x",
                                                     [LONG_STRING] = "x",
                                                     [ESCAPES] = "\\n",
                                                     [LONG_NUMBER] = "7",
                                                     [DATES] = "1979-05-27 ,",
                                                     [QUOTES] = "\"\" "};
    static const char *const ends[HOSTILE_COUNT] = {
        [MANY_ITEMS] = "]",  [MANY_TABLES] = "]", [DOTTED] = " = 1", [LONG_KEY] = " = 1",
        [LONG_STRING] = "'", [ESCAPES] = "\"",    [DATES] = "]",     [QUOTES] = "\"\"\""};

    if (starts[kind])
        text_add(text, slice_of(starts[kind]));
    for (unsigned i = 0; text->len < size; i++) {
        if (kind == MANY_KEYS)
            text_addf(text, "%x=1\n", i);
        else if (kind == MANY_HEADERS)
            text_addf(text, "[t.%x.y]\n", i);
        else if (kind == MANY_CASES) { /* one word in all its spellings */
            for (unsigned bit = 0; bit < 20; bit++)
                text_add_char(text, i >> bit & 1 ? 'A' : 'a');
            text_add(text, SLICE("=1\n"));
        } else if (kind == DEEP_KEYS) {
            text_addf(text, "%x", i);
            repeat(text, "", ".a", TOML_DEPTH_MAX - 1, ".b=1\n");
        } else
            text_add(text, slice_of(parts[kind]));
    }
    if (ends[kind])
        text_add(text, slice_of(ends[kind]));
}

static uint64_t thread_cpu_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* CPU time, so that a busy machine does not matter. */
static uint64_t parse_hostile(enum hostile_kind kind, size_t size)
{
    struct text text = TEXT_EMPTY;
    add_hostile(&text, kind, size);
    uint64_t start = thread_cpu_ns();
    bool ok = toml_parse(&arena, text_slice(&text), SLICE("f"), &document, &error);
    uint64_t took = thread_cpu_ns() - start;
    assert_int_equal(ok, kind != DOTTED);
    assert_true(arena.used <= 80 * text.len + 4096);
    text_fini(&text);
    arena_reset(&arena);
    return took;
}

/* A megabyte takes up to 0.13 s of CPU, 0.4 s with ASan; with anything quadratic in it, most of a
 * minute. */
static void test_hostile_text_takes_linear_time_and_memory(void **state)
{
    (void)state;
    enum { SIZE = 1024 * 1024 };
    const uint64_t most_ns = 5000000000u;
    for (unsigned kind = 0; kind < HOSTILE_COUNT; kind++) {
        uint64_t took = parse_hostile(kind, SIZE);
        if (took > most_ns)
            fail_msg("hostile text %u took %.1f s", kind, (double)took / 1e9);
    }
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, open_arena, close_arena)
    const struct CMUnitTest tests[] = {
        CASE(test_each_prefix_of_a_document_is_read_within_its_bounds),
        CASE(test_nesting_is_limited),
        CASE(test_the_path_of_the_deepest_value_fits),
        CASE(test_too_large_a_file_is_refused),
        CASE(test_hostile_text_takes_linear_time_and_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
