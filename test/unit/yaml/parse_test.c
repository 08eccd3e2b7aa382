/* SPDX-License-Identifier: MIT */
/* What text means: kinds, places, styles, anchors, merge keys, documents; and what is said of bad text. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include "waybill/yaml/yaml.h"

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

static const struct yaml_value *parse(const char *text)
{
    if (!yaml_parse(&arena, slice_of(text), SLICE("c.yaml"), &file, &error))
        fail_msg("refused: %s", error.message);
    return file.count ? file.documents[0] : NULL;
}

static const struct yaml_value *at(const struct yaml_value *mapping, const char *key)
{
    const struct yaml_value *value = yaml_find(mapping, slice_of(key));
    if (!value)
        fail_msg("no key %s", key);
    return value;
}

static void check_text(const struct yaml_value *value, const char *text)
{
    assert_true(yaml_is_scalar(value));
    assert_string_equal(value->text.ptr, text);
    assert_int_equal(value->text.len, strlen(text));
}

/* The whole message. */
static void check_refused(const char *text, const char *message)
{
    if (yaml_parse(&arena, slice_of(text), SLICE("c.yaml"), &file, &error))
        fail_msg("accepted: %s", text);
    assert_string_equal(error.message, message);
}

static void test_plain_scalars_are_told_apart(void **state)
{
    static const struct {
        const char *text;
        enum yaml_kind kind;
    } rows[] = {
        {"true", YAML_BOOLEAN},  {"False", YAML_BOOLEAN},  {"TRUE", YAML_BOOLEAN},
        {"yes", YAML_TEXT},      {"on", YAML_TEXT},        {"tRUE", YAML_TEXT},
        {"~", YAML_NULL},        {"null", YAML_NULL},      {"nUll", YAML_TEXT},
        {"80", YAML_NUMBER},     {"-1", YAML_NUMBER},      {"+7", YAML_NUMBER},
        {"007", YAML_NUMBER},    {"1_0", YAML_NUMBER},     {"_1", YAML_TEXT},
        {"0x1F", YAML_NUMBER},   {"0x", YAML_TEXT},        {"0b10", YAML_NUMBER},
        {"0o17", YAML_NUMBER},   {"0o8", YAML_TEXT},       {"1.10", YAML_NUMBER},
        {".5", YAML_NUMBER},     {"5.", YAML_NUMBER},      {".", YAML_TEXT},
        {"1.2.3", YAML_TEXT},    {"1e3", YAML_NUMBER},     {"1e", YAML_TEXT},
        {"1e-3", YAML_NUMBER},   {"-.inf", YAML_NUMBER},   {".nan", YAML_NUMBER},
        {"-.nan", YAML_TEXT},    {"e3", YAML_TEXT},        {"22:22", YAML_TEXT},
        {"Host:a.b", YAML_TEXT}, {"-", YAML_TEXT},         {"'80'", YAML_TEXT},
        {"\"true\"", YAML_TEXT}, {"!!str 80", YAML_TEXT},  {"!!int '80'", YAML_NUMBER},
        {"''", YAML_TEXT},       {"!!null ''", YAML_NULL}, {"! true", YAML_TEXT},
    };

    (void)state;
    for (size_t i = 0; i < WB_COUNT(rows); i++) {
        if (strcmp(rows[i].text, "-") == 0)
            continue;
        const struct yaml_value *value = at(parse(arena_format(&arena, "k: %s", rows[i].text)), "k");
        if (value->kind != rows[i].kind)
            fail_msg("%s is a %s", rows[i].text, yaml_kind_name(value->kind));
    }
    assert_int_equal(at(parse("k:"), "k")->kind, YAML_NULL);
}

static void test_each_style_of_scalar_is_read(void **state)
{
    const struct yaml_value *root = parse("plain: a b\n  c\n"
                                          "single: 'it''s \\d'\n"
                                          "double: \"\\u00e9\\n\\\\d\\0x\"\n"
                                          "literal: |\n  one\n   two\n\n"
                                          "folded: >-\n  one\n  two\n");

    (void)state;
    check_text(at(root, "plain"), "a b c");
    assert_true(at(root, "plain")->is_plain);
    check_text(at(root, "single"), "it's \\d");
    assert_false(at(root, "single")->is_plain);
    assert_true(slice_eq(at(root, "double")->text, SLICE("\xc3\xa9\n\\d\0x")));
    check_text(at(root, "literal"), "one\n two\n");
    check_text(at(root, "folded"), "one two");
}

static void test_every_value_has_its_place(void **state)
{
    const struct yaml_value *root = parse("a:\n  b: é x\n  c:\n    - 1\n    -   two\n");
    const struct yaml_value *a = at(root, "a"), *list = at(a, "c");

    (void)state;
    assert_int_equal(at(a, "b")->key_place.line, 2);
    assert_int_equal(at(a, "b")->key_place.column, 3);
    assert_int_equal(at(a, "b")->place.column, 6);
    assert_int_equal(list->count, 2);
    assert_int_equal(list->first->next->place.line, 5);
    assert_int_equal(list->first->next->place.column, 9);
    assert_null(list->first->key.ptr);
    assert_null(yaml_find(list, SLICE("a")));
    assert_null(yaml_find(NULL, SLICE("a")));
}

static void test_aliases_stand_for_their_anchors(void **state)
{
    const struct yaml_value *root = parse("base: &b {x: [1, 2]}\nrule: &r Host:a\nsame: *b\n\nlist: [*r, *b]\n*r : by key\n"
                                          "&k kept: *k\n");
    const struct yaml_value *same = at(root, "same"), *list = at(root, "list");

    (void)state;
    assert_int_equal(at(same, "x")->count, 2);
    assert_int_equal(same->place.line, 3);
    check_text(list->first, "Host:a");
    assert_int_equal(list->first->place.line, 5);
    assert_int_equal(list->first->next->kind, YAML_MAPPING);
    check_text(at(root, "Host:a"), "by key");
    check_text(at(root, "kept"), "kept");
    assert_int_equal(same->weight, 4);
    assert_int_equal(root->height, 4);
}

static void test_a_later_anchor_of_the_same_name_replaces_it(void **state)
{
    const struct yaml_value *root = parse("a: &x 1\nb: *x\nc: &x 2\nd: *x\n");

    (void)state;
    check_text(at(root, "b"), "1");
    check_text(at(root, "d"), "2");
}

static void test_merge_keys_give_what_is_not_there(void **state)
{
    const struct yaml_value *root = parse("a: &a {x: 1, y: 1}\nb: &b {y: 2, z: 2}\n"
                                          "one:\n  <<: *a\n  y: own\n"
                                          "many:\n  w: 0\n  <<: [*a, *b]\n"
                                          "again: &c\n  <<: *b\nlast:\n  <<: *c\nplain: {'<<': 1}\n");

    (void)state;
    assert_int_equal(at(root, "one")->count, 2);
    check_text(at(at(root, "one"), "x"), "1");
    check_text(at(at(root, "one"), "y"), "own");
    assert_int_equal(at(at(root, "one"), "x")->key_place.line, 1);
    assert_int_equal(at(root, "many")->count, 4);
    check_text(at(at(root, "many"), "y"), "1");
    check_text(at(at(root, "many"), "z"), "2");
    check_text(at(at(root, "last"), "z"), "2");
    check_text(at(at(root, "plain"), "<<"), "1");
}

static void test_documents_are_apart(void **state)
{
    (void)state;
    assert_null(parse(""));
    assert_null(parse("# nothing\n"));
    assert_int_equal(parse("---\n...\n")->kind, YAML_NULL);
    parse("a: &x 1\n---\nb: 2\n---\n- 3\n---\n4\n");
    assert_int_equal(file.count, 4);
    check_text(at(file.documents[1], "b"), "2");
    check_text(file.documents[3], "4");
    check_refused("a: &x 1\n---\nb: *x\n",
                  "c.yaml:3:4: there is no anchor `x` above; write &x before the value that is meant");
}

static void test_a_byte_order_mark_is_no_text(void **state)
{
    (void)state;
    check_text(at(parse("\xef\xbb\xbf"
                        "a: 1\n"),
                  "a"),
               "1");
    const char wide[] = "\xff\xfe"
                        "a\0:\0 \0\xe9\0";
    assert_true(yaml_parse(&arena, slice_make(wide, sizeof wide - 1), SLICE("c.yaml"), &file, &error));
    check_text(at(file.documents[0], "a"), "\xc3\xa9");
}

static void test_tags_of_the_file_s_own_are_kept(void **state)
{
    const struct yaml_value *root = parse("a: !reset null\nb: !override [1]\nc: !!map {x: 1}\nd: !reset\n");

    (void)state;
    check_text(at(root, "a"), "null");
    assert_true(slice_eq(at(root, "a")->tag, SLICE("!reset")));
    assert_true(slice_eq(at(root, "b")->tag, SLICE("!override")));
    assert_int_equal(at(root, "c")->tag.len, 0);
    assert_true(slice_eq(at(root, "d")->tag, SLICE("!reset")));
}

static void test_a_key_given_twice_names_both_lines(void **state)
{
    (void)state;
    check_refused("a:\n  x: 1\n  y: 2\n  'x': 3\n", "c.yaml:4:3: `x` is already set in line 2; give it once only");
    check_refused("a: &a {}\nb:\n  <<: *a\n  <<: *a\n",
                  "c.yaml:4:3: `<<` is already set in line 3; write <<: [*one, *other]");
}

static void test_bad_text_is_refused_with_place_and_advice(void **state)
{
    static const struct {
        const char *text, *message;
    } rows[] = {
        {"a: b: c\n", "c.yaml:1:5: found a second `: ` in one value, or a key indented otherwise than its neighbours; put a "
                      "value that has `: ` in quotes"},
        {"a:\n\tb: 1\n", "c.yaml:2:1: found a tab in the indentation; use blanks"},
        {"é:\n  b:\n\t- 1\n", "c.yaml:3:1: found a tab in the indentation; use blanks"},
        {"a: @b\n", "c.yaml:1:4: a value cannot begin like this; put it in quotes"},
        {"a: `b`\n", "c.yaml:1:4: a value cannot begin like this; put it in quotes"},
        {"a:\n  b: 1\n c: 2\n", "c.yaml:3:2: this line does not fit in with the lines above; indent it like its neighbours"},
        {"a: 1\nb\nc: 2\n", "c.yaml:2:1: found a key without a colon; write `key: value`"},
        {"a:\n  - 1\n  b: 2\n", "c.yaml:3:3: this line is no item of the list above; begin it with `- ` or indent it less"},
        {"a: \"b\nc: d\n", "c.yaml:1:4: the quotes that open here are never closed"},
        {"a: \"\\d\"\n", "c.yaml:1:5: there is no such escape in double quotes; write \\\\ for a backslash, or use '...'"},
        {"a: [1, 2\nb: 3\n", "c.yaml:2:2: the list that opens with `[` goes on with `,` or ends with `]`"},
        {"a: {b: 1\n", "c.yaml:2:1: the mapping that opens with `{` goes on with `,` or ends with `}`"},
        {"a: b\x01\n", "c.yaml:1:5: a control character cannot stand in YAML; take it away"},
        {"a: \xff\n", "c.yaml:1:4: this is not UTF-8; save the file as UTF-8"},
        {"a: *b\n", "c.yaml:1:4: there is no anchor `b` above; write &b before the value that is meant"},
        {"a: &b [1, *b]\n", "c.yaml:1:11: the alias `b` stands within the value it means; a value cannot hold itself"},
        {"a:\n  <<: 1\n", "c.yaml:2:7: `<<` merges mappings, and this is a number; write <<: *anchor or <<: [*one, *other]"},
        {"a:\n  <<: [{}, x]\n",
         "c.yaml:2:12: `<<` merges mappings, and this is a text; write <<: *anchor or <<: [*one, *other]"},
        {"? [a]\n: 1\n", "c.yaml:1:3: a list or mapping cannot be a key; write a text"},
        {"a: &x {}\n*x : 1\n", "c.yaml:2:1: a list or mapping cannot be a key; write a text"},
        {"a: !x!y 1\n", "c.yaml:1:4: this tag has a handle nobody defined; take it away"},
    };

    (void)state;
    for (size_t i = 0; i < WB_COUNT(rows); i++)
        check_refused(rows[i].text, rows[i].message);
}

static void test_a_nul_byte_is_refused(void **state)
{
    (void)state;
    assert_false(yaml_parse(&arena, SLICE("a: b\0c: d\n"), SLICE("c.yaml"), &file, &error));
    assert_non_null(strstr(error.message, "c.yaml:1:5: a control character"));
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, open_arena, close_arena)
    const struct CMUnitTest tests[] = {
        CASE(test_plain_scalars_are_told_apart),
        CASE(test_each_style_of_scalar_is_read),
        CASE(test_every_value_has_its_place),
        CASE(test_aliases_stand_for_their_anchors),
        CASE(test_a_later_anchor_of_the_same_name_replaces_it),
        CASE(test_merge_keys_give_what_is_not_there),
        CASE(test_documents_are_apart),
        CASE(test_a_byte_order_mark_is_no_text),
        CASE(test_tags_of_the_file_s_own_are_kept),
        CASE(test_a_key_given_twice_names_both_lines),
        CASE(test_bad_text_is_refused_with_place_and_advice),
        CASE(test_a_nul_byte_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
