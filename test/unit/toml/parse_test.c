/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include "waybill/base/text.h"
#include "waybill/toml/toml.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

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

static const struct toml_value *parse(const char *text)
{
    return parse_slice(slice_of(text));
}

/* The value of the key v. */
static const struct toml_value *parse_v(const char *text)
{
    const struct toml_value *v = toml_find(parse(text), SLICE("v"));
    assert_non_null(v);
    return v;
}

static const char *refusal_of(const char *text)
{
    error = (struct toml_error){0};
    if (toml_parse(&arena, slice_of(text), SLICE("rules.toml"), &document, &error))
        fail_msg("accepted: %s", text);
    return error.message;
}

#define assert_text(value, literal)                                      \
    do {                                                                 \
        const struct toml_value *value_ = (value);                       \
        assert_int_equal(value_->kind, TOML_TEXT);                       \
        assert_int_equal(value_->text.len, sizeof(literal) - 1);         \
        assert_memory_equal(value_->text.ptr, literal, sizeof(literal)); \
    } while (0)

static void test_a_file_of_rules_becomes_a_tree(void **state)
{
    (void)state;
    const struct toml_value *root = parse("# rules\n"
                                          "[backends.b1.servers.s1]\n"
                                          "url = \"http://10.0.0.1:80\"\n"
                                          "weight = 3\n"
                                          "[frontends.f1]\n"
                                          "  entryPoints = [\"http\", \"https\"] # both\n"
                                          "  passHostHeader = true\n"
                                          "  [frontends.f1.routes.\"a b\"]\n"
                                          "  rule = 'Host:x'\n");
    const struct toml_value *s1 = toml_find(root, SLICE("backends"));
    s1 = toml_find(toml_find(toml_find(s1, SLICE("b1")), SLICE("servers")), SLICE("s1"));
    assert_text(toml_find(s1, SLICE("url")), "http://10.0.0.1:80");
    assert_int_equal(toml_find(s1, SLICE("weight"))->kind, TOML_INTEGER);
    assert_int_equal(toml_find(s1, SLICE("weight"))->integer, 3);
    const struct toml_value *f1 = toml_find(toml_find(root, SLICE("frontends")), SLICE("f1"));
    assert_int_equal(toml_count(f1), 3);
    assert_text(toml_find(f1, SLICE("entryPoints"))->first->next, "https");
    assert_true(toml_find(f1, SLICE("passHostHeader"))->truth);
    const struct toml_value *route = toml_find(toml_find(f1, SLICE("routes")), SLICE("a b"));
    assert_text(toml_find(route, SLICE("rule")), "Host:x");
}

static void test_the_tree_outlives_the_input(void **state)
{
    (void)state;
    char *input = strdup("key = 'value'\nday = 1979-05-27\n");
    const struct toml_value *root = parse(input);
    memset(input, 'x', strlen(input));
    free(input);
    assert_text(toml_find(root, SLICE("key")), "value");
    assert_string_equal(toml_find(root, SLICE("day"))->text.ptr, "1979-05-27");
}

static void test_children_come_in_order_of_appearance(void **state)
{
    (void)state;
    static const char *const wanted[] = {"z", "a", "m", "B"};
    size_t i = 0;
    TOML_EACH(child, parse("z=1\na=2\n[m]\n[B]\n[m.x]\n"))
    assert_string_equal(child->key.ptr, wanted[i++]);
    assert_int_equal(i, 4);
}

static void test_each_value_and_key_has_its_place(void **state)
{
    (void)state;
    const struct toml_value *root = parse("\xef\xbb\xbf"
                                          "a = 1\r\n\r\n  [ t ]\n  \"k\" =   [ 1,\n 2 ]\n[[l]]\n[[l]]\n");
    const struct toml_value *a = toml_find(root, SLICE("a")), *t = toml_find(root, SLICE("t"));
    const struct toml_value *k = toml_find(t, SLICE("k")), *l = toml_find(root, SLICE("l"));
    assert_true(a->key_place.line == 1 && a->key_place.column == 1);
    assert_true(a->place.line == 1 && a->place.column == 5);
    assert_true(t->place.line == 3 && t->place.column == 5);
    assert_true(k->key_place.line == 4 && k->key_place.column == 3);
    assert_true(k->place.line == 4 && k->place.column == 11);
    assert_true(k->first->next->place.line == 5 && k->first->next->place.column == 2);
    assert_true(l->place.line == 6 && l->first->place.line == 6 && l->first->next->place.line == 7);
    assert_string_equal(toml_place_text(&document, k->first->next, &arena), "rules.toml:5");
}

static void test_a_table_implied_first_has_the_place_of_its_own_header(void **state)
{
    (void)state;
    const struct toml_value *a = toml_find(parse("[a.b]\n\n[a]\n"), SLICE("a"));
    assert_int_equal(a->place.line, 3);
    assert_int_equal(a->key_place.line, 3);
}

static void test_paths_name_keys_and_positions(void **state)
{
    (void)state;
    const struct toml_value *root = parse("[[a.\"b c\"]]\n[[a.\"b c\"]]\nd = [1, [2, {e = 3}]]\n'' = 1\n'q\"' = 2\n");
    const struct toml_value *second = toml_find(toml_find(root, SLICE("a")), SLICE("b c"))->first->next;
    const struct toml_value *inner = toml_find(second, SLICE("d"))->first->next->first->next;
    assert_string_equal(toml_path_text(toml_find(inner, SLICE("e")), &arena), "a.\"b c\"[1].d[1][1].e");
    assert_string_equal(toml_path_text(toml_find(second, SLICE("")), &arena), "a.\"b c\"[1].\"\"");
    assert_string_equal(toml_path_text(toml_find(second, SLICE("q\"")), &arena), "a.\"b c\"[1].\"q\\\"\"");
    assert_string_equal(toml_path_text(root, &arena), "");
}

static void test_find_is_exact_and_nocase_prefers_the_exact_key(void **state)
{
    (void)state;
    const struct toml_value *root = parse("BackEnd = 1\nbackend = 2\nOnly = 3\n");
    assert_null(toml_find(root, SLICE("BACKEND")));
    assert_int_equal(toml_find_nocase(root, SLICE("backend"))->integer, 2);
    assert_int_equal(toml_find_nocase(root, SLICE("BACKEND"))->integer, 1);
    assert_int_equal(toml_find_nocase(root, SLICE("oNLY"))->integer, 3);
    assert_null(toml_find_nocase(root, SLICE("onl")));
}

static void test_finding_in_no_table_finds_nothing(void **state)
{
    (void)state;
    const struct toml_value *root = parse("a = 'x'\nb = [1]\n");
    assert_null(toml_find(NULL, SLICE("a")));
    assert_null(toml_find_nocase(NULL, SLICE("a")));
    assert_null(toml_find(toml_find(root, SLICE("a")), SLICE("a")));
    assert_null(toml_find_nocase(toml_find(root, SLICE("b")), SLICE("")));
    assert_int_equal(toml_count(toml_find(root, SLICE("a"))), 0);
    assert_null(toml_first(toml_find(root, SLICE("a"))));
}

static void test_keys_of_a_large_table_are_found(void **state)
{
    (void)state;
    struct text text = TEXT_EMPTY;
    for (int count = 1; count <= 1000; count++) {
        text_addf(&text, "key%d = %d\n", count, count);
        if (count > 70 && count % 90 != 0) /* all sizes around which the index grows, and some large ones */
            continue;
        const struct toml_value *root = parse_slice(text_slice(&text));
        char key[16];
        for (int i = 1; i <= count; i++) {
            snprintf(key, sizeof key, "key%d", i);
            assert_int_equal(toml_find(root, slice_of(key))->integer, i);
        }
        snprintf(key, sizeof key, "key%d", count + 1);
        assert_null(toml_find(root, slice_of(key)));
        arena_reset(&arena);
    }
    text_fini(&text);
}

static void test_strings_of_all_kinds(void **state)
{
    (void)state;
    assert_text(parse_v("v = \"a\\b\\t\\n\\f\\r\\\"\\\\\\u00e9\\U0001F600\""), "a\b\t\n\f\r\"\\\xc3\xa9\xf0\x9f\x98\x80");
    assert_text(parse_v("v = \"\\u0000\\u007f\\u0080\\u07ff\\u0800\\uffff\\U0010ffff\""),
                "\0\x7f\xc2\x80\xdf\xbf\xe0\xa0\x80\xef\xbf\xbf\xf4\x8f\xbf\xbf");
    assert_text(parse_v("v = 'C:\\n\"x\"'"), "C:\\n\"x\"");
    assert_text(parse_v("v = \"\"\"\na\r\nb\"\"c\"\"\"\"\""), "a\nb\"\"c\"\"");
    assert_text(parse_v("v = '''\r\n\\a\n''b'''''"), "\\a\n''b''");
    assert_text(parse_v("v = \"\"\"a \\\n   b \\  \r\n \r\n\t c\"\"\""), "a b c");
    assert_text(parse_v("v = \"\""), "");
    assert_text(parse_v("v = ''''''"), "");
}

static void test_numbers_of_all_kinds(void **state)
{
    (void)state;
    assert_true(parse_v("v = -9223372036854775808")->integer == INT64_MIN);
    assert_true(parse_v("v = +9_223_372_036_854_775_807")->integer == INT64_MAX);
    assert_true(parse_v("v = 0x7fff_ffff_ffff_ffff")->integer == INT64_MAX);
    assert_true(parse_v("v = 0xdeadBEEF")->integer == 0xdeadbeef);
    assert_true(parse_v("v = 0o755")->integer == 0755);
    assert_true(parse_v("v = 0b1101")->integer == 13);
    assert_true(parse_v("v = -0")->integer == 0);
    assert_true(parse_v("v = 6.626e-34")->number == 6.626e-34);
    assert_true(parse_v("v = 1_0.2_5E+0_1")->number == 102.5);
    assert_true(signbit(parse_v("v = -0.0")->number));
    assert_true(isinf(parse_v("v = -inf")->number) && parse_v("v = -inf")->number < 0);
    assert_true(isnan(parse_v("v = +nan")->number));
    assert_int_equal(parse_v("v = 1e2")->kind, TOML_FLOAT);
}

static void test_dates_and_times_are_checked_and_kept_as_written(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum toml_kind kind;
    } cases[] = {
        {"1979-05-27T07:32:00Z", TOML_OFFSET_DATETIME},
        {"1979-05-27 00:32:00.999999999-07:00", TOML_OFFSET_DATETIME},
        {"1979-05-27t07:32:00", TOML_LOCAL_DATETIME},
        {"2000-02-29", TOML_LOCAL_DATE},
        {"23:59:60.5", TOML_LOCAL_TIME},
    };
    for (size_t i = 0; i < WB_COUNT(cases); i++) {
        const struct toml_value *v = parse_v(arena_format(&arena, "v = %s # c", cases[i].text));
        assert_int_equal(v->kind, cases[i].kind);
        assert_string_equal(v->text.ptr, cases[i].text);
    }
    assert_non_null(strstr(refusal_of("v = 1900-02-29"), "'1900-02-29' is no valid date or time"));
}

static void test_a_table_is_defined_in_one_place_only(void **state)
{
    (void)state;
    static const char *const allowed[] = {
        "[a.b]\n[a]\nc = 1\n",          "a.b = 1\na.c = 2\n[a.d]\n",        "[a.b.c]\n[a]\nb.d = 1\n",
        "[[a]]\n[a.b]\n[[a]]\n[a.b]\n", "[[a]]\nb.c = 1\n[[a]]\nb.c = 2\n", "[[a.b]]\n[a]\n",
    };
    static const char *const refused[] = {
        "[a]\n[b]\n[a]",
        "[a.b]\n[a]\n[a]",
        "a.b = 1\n[a]",
        "[a.b.c]\n[a]\nb.d = 1\n[a.b]",
        "[a.b]\n[a]\nb.c = 1",
        "a = {}\na.b = 1",
        "a = {}\n[a.b]",
        "a = {b.c = 1}\n[a.b.d]",
        "a = [{}]\n[[a]]",
        "a = [{}]\n[a.b]",
        "[[a]]\n[a]",
        "[a]\n[[a]]",
        "a = 1\na.b = 2",
        "[[a]]\n[a.b]\n[[a.b]]",
        "[[a.b]]\n[a]\nb.c = 1",
        "[[a.b]]\n[[a]]",
    };
    for (size_t i = 0; i < WB_COUNT(allowed); i++)
        parse(allowed[i]);
    for (size_t i = 0; i < WB_COUNT(refused); i++)
        assert_non_null(refusal_of(refused[i]));
}

static void test_a_header_below_an_array_adds_to_its_last_element(void **state)
{
    (void)state;
    const struct toml_value *a = toml_find(parse("[[a]]\n[a.b]\nv = 1\n[[a]]\n[a.b]\nv = 2\n"), SLICE("a"));
    assert_int_equal(toml_count(a), 2);
    assert_int_equal(toml_find(toml_find(a->first, SLICE("b")), SLICE("v"))->integer, 1);
    assert_int_equal(toml_find(toml_find(a->first->next, SLICE("b")), SLICE("v"))->integer, 2);
}

static void test_messages_say_where_what_and_what_to_do(void **state)
{
    (void)state;
    assert_string_equal(refusal_of("a = 1\n  b = foo\n"),
                        "rules.toml:2:7: found 'foo' where a value belongs; put text in quotes");
    assert_true(error.place.line == 2 && error.place.column == 7);
    assert_string_equal(refusal_of("a = 1\n\na = 2\n"),
                        "rules.toml:3:1: 'a' is already set in line 1 (integer); give it once only");
    assert_string_equal(refusal_of("a = True"), "rules.toml:1:5: found 'True'; true and false are written in lower case");
    assert_string_equal(refusal_of("a = 007"),
                        "rules.toml:1:5: '007' has a leading zero; leave it out, or write 0o for octal");
    assert_string_equal(refusal_of("a = 'x\nb = 1"),
                        "rules.toml:1:5: the string that starts here has no end; close it with '");
    assert_string_equal(refusal_of("a = '\xff'"), "rules.toml:1:6: byte 0xff is not UTF-8; save the file as UTF-8");
    assert_string_equal(refusal_of("a = '\x07'"), "rules.toml:1:6: found control character 0x07; write it as \"\\u0007\"");
    assert_string_equal(refusal_of("a = \"\\d\""), "rules.toml:1:6: found a backslash before 'd'; write \\\\ for "
                                                   "a backslash, or use '...' quotes");
    assert_string_equal(refusal_of("a"), "rules.toml:1:2: found the end of the file after a key; write key = value");
    assert_string_equal(refusal_of("a ="),
                        "rules.toml:1:4: found the end of the file where a value belongs; put text in quotes");
    assert_string_equal(refusal_of("[a\n"), "rules.toml:1:3: found the end of the line in a header; end it with ]");
    assert_string_equal(refusal_of("a = [1 2]"), "rules.toml:1:8: found '2' in the array of line 1; go on with , or ]");
    assert_string_equal(refusal_of("a = 1 b = 2"),
                        "rules.toml:1:7: found 'b' after the end of the setting; start a new line");
}

static void test_a_cut_quotation_does_not_split_a_character(void **state)
{
    (void)state;
    const char *message = refusal_of("\"0123456789012345678901234567890123456789\xc3\xa9\"=1\n"
                                     "\"0123456789012345678901234567890123456789\xc3\xa9\"=1\n");
    assert_non_null(strstr(message, "'0123456789012345678901234567890123456789...'"));
    message = refusal_of("\"012345678901234567890123456789012345678\xc3\xa9\"=1\n"
                         "\"012345678901234567890123456789012345678\xc3\xa9\"=1\n");
    assert_non_null(strstr(message, "'012345678901234567890123456789012345678...'"));
}

static void test_nul_bytes_are_control_characters_like_others(void **state)
{
    (void)state;
    static const char *const around[] = {"", "a", "a=", "a='", "#", "a=1"};
    for (size_t i = 0; i < WB_COUNT(around); i++) {
        struct text text = TEXT_EMPTY;
        text_addf(&text, "%s", around[i]);
        text_add_char(&text, '\0');
        assert_false(toml_parse(&arena, text_slice(&text), SLICE("f"), &document, &error));
        assert_non_null(strstr(error.message, "control character 0x00"));
        text_fini(&text);
    }
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, open_arena, close_arena)
    const struct CMUnitTest tests[] = {
        CASE(test_a_file_of_rules_becomes_a_tree),
        CASE(test_the_tree_outlives_the_input),
        CASE(test_children_come_in_order_of_appearance),
        CASE(test_each_value_and_key_has_its_place),
        CASE(test_a_table_implied_first_has_the_place_of_its_own_header),
        CASE(test_paths_name_keys_and_positions),
        CASE(test_find_is_exact_and_nocase_prefers_the_exact_key),
        CASE(test_finding_in_no_table_finds_nothing),
        CASE(test_keys_of_a_large_table_are_found),
        CASE(test_strings_of_all_kinds),
        CASE(test_numbers_of_all_kinds),
        CASE(test_dates_and_times_are_checked_and_kept_as_written),
        CASE(test_a_table_is_defined_in_one_place_only),
        CASE(test_a_header_below_an_array_adds_to_its_last_element),
        CASE(test_messages_say_where_what_and_what_to_do),
        CASE(test_a_cut_quotation_does_not_split_a_character),
        CASE(test_nul_bytes_are_control_characters_like_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
