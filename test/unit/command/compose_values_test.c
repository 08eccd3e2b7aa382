/* SPDX-License-Identifier: MIT */
/* What labels mean, and the variables in them. */
#include "compose_fixture.h"

static void test_labels_are_a_mapping_or_a_list(void **state)
{
    (void)state;
    read_text("services:\n"
              "  a:\n"
              "    labels:\n"
              "      traefik.port: 80\n"
              "      traefik.enable: True\n"
              "      traefik.backend:\n"
              "      traefik.weight: '007'\n"
              "      other: yes\n"
              "  b:\n"
              "    labels: [traefik.port=80, traefik.enable, \"traefik.frontend.rule=Host:a=b\"]\n");
    check_problems("");
    check_label("traefik.port", "80");
    check_label("traefik.enable", "true");
    check_label("traefik.backend", "");
    check_label("traefik.weight", "007");
    assert_int_equal(label(&service("a")->labels, "traefik.weight")->at.line, 7);
    check_text(label(&service("b")->labels, "traefik.enable")->value, "");
    check_text(label(&service("b")->labels, "traefik.frontend.rule")->value, "Host:a=b");
    assert_int_equal(label(&service("b")->labels, "traefik.enable")->at.line, 10);
}

static void test_traps_of_yaml_are_named(void **state)
{
    static const struct {
        const char *labels, *problem;
    } rows[] = {
        {"      traefik.enable: yes\n", "warning 4 `yes` without quotes is a boolean to some readers of YAML and a text to "
                                        "others: write \"true\" or \"false\"\n"},
        {"      traefik.weight: 010\n",
         "warning 4 `010` without quotes is a number, and may come out written otherwise: write \"010\"\n"},
        {"      traefik.x: 1.10\n",
         "warning 4 `1.10` without quotes is a number, and may come out written otherwise: write \"1.10\"\n"},
        {"      traefik.x: 1e3\n",
         "warning 4 `1e3` without quotes is a number, and may come out written otherwise: write \"1e3\"\n"},
        {"      traefik.x: 1.5\n", ""},
        {"      traefik.x: -3\n", ""},
        {"      traefik.x: PathPrefix:/a #b\n",
         "warning 4 `#b` is a comment and no part of the value: put the value in quotes, or a blank behind the #\n"},
        {"      traefik.x: PathPrefix:/a # b\n", ""},
        {"      traefik.x: 'PathPrefix:/a #b'\n", ""},
        {"      - traefik.x=\"a\"\n",
         "warning 4 the quotes belong to the value: put them around the whole item, as in - \"traefik.x=a\"\n"},
        {"      - traefik.x = a\n", "warning 4 the blanks around `=` belong to the name and the value: write traefik.x=a\n"},
        {"      - traefik.x=a\n      - traefik.x=b\n",
         "warning 5 the label traefik.x is already in line 4: this one counts\n"},
        {"      - traefik.x: a\n", "error 4 an item of a list of labels is one text: write - traefik.x=a\n"},
        {"      - traefik.x=/a #b\n",
         "warning 4 `#b` is a comment and no part of the value: put the value in quotes, or a blank behind the #\n"},
        {"      text\n", "error 3 labels are a mapping or a list, and this is a text: write one label a line\n"},
        {"      traefik.x: [a]\n", "error 4 a text belongs here, and this is a list\n"},
    };

    (void)state;
    for (size_t i = 0; i < WB_COUNT(rows); i++) {
        read_text(arena_format(&arena, "services:\n  a:\n    labels:\n%s", rows[i].labels));
        check_problems(rows[i].problem);
    }
}

static void test_variables_are_put_in(void **state)
{
    static const struct {
        const char *text, *value;
    } rows[] = {
        {"$SET", "val"},         {"x${SET}y", "xvaly"},         {"$$SET", "$SET"},
        {"${SET:-d}", "val"},    {"${EMPTY:-d}", "d"},          {"${EMPTY-d}", ""},
        {"${UNSET-d}", "d"},     {"${UNSET:-${SET}e}", "vale"}, {"${SET:+alt}", "alt"},
        {"${EMPTY:+alt}", ""},   {"${EMPTY+alt}", "alt"},       {"${UNSET+alt}", ""},
        {"${SET:?must}", "val"}, {"$SET$SET", "valval"},        {"^/a$$", "^/a$"},
        {"plain", "plain"},      {"${UNSET:-a$$b}", "a$b"},     {"${UNSET:-a:b?c-d}", "a:b?c-d"},
    };

    (void)state;
    for (size_t i = 0; i < WB_COUNT(rows); i++) {
        read_text(arena_format(&arena, "services:\n  a:\n    labels: {x: '%s'}\n", rows[i].text));
        check_label("x", rows[i].value);
        check_problems("");
    }
}

static void test_bad_variables_are_named(void **state)
{
    (void)state;
    read_text("services:\n  a:\n    labels:\n      x: $NONE\n      y: ${NONE}\n      z: a$\n      w: ${SET:=x}\n"
              "      v: ${SET\n      u: ${OTHER:?give it}\n      t: '{p:^/x$}'\n");
    check_problems(
        "warning 4 the variable NONE is not set, so it is taken as empty: set it, or write ${NONE:-default}\n"
        "error 6 `$`: a dollar sign begins a variable in a compose file, and this is none; write $$ for a dollar sign\n"
        "error 7 `${SET:=x}`: a dollar sign begins a variable in a compose file, and this is none; write $$ for a "
        "dollar sign\n"
        "error 8 `${SET`: a dollar sign begins a variable in a compose file, and this is none; write $$ for a "
        "dollar sign\n"
        "error 9 the variable OTHER must be set: give it\n"
        "error 10 `$}`: a dollar sign begins a variable in a compose file, and this is none; write $$ for a dollar "
        "sign\n");
    check_label("z", "a$");
}

static void test_defaults_within_defaults_are_limited(void **state)
{
    struct text text = TEXT_EMPTY;

    (void)state;
    text_addf(&text, "services:\n  a:\n    labels: {x: \"");
    for (unsigned i = 0; i < 20; i++)
        text_addf(&text, "${U:-");
    for (unsigned i = 0; i < 20; i++)
        text_add_char(&text, '}');
    text_addf(&text, "\"}\n");
    read_text(text.ptr);
    check_problems("error 3 defaults of variables are nested more than 8 deep; use fewer levels\n");
    text_fini(&text);
}

/* From each of them the end would be looked for: an hour for a file of the size allowed. */
static void test_many_open_braces_take_no_time(void **state)
{
    struct text text = TEXT_EMPTY;

    (void)state;
    text_addf(&text, "services:\n  a:\n    labels: {x: \"");
    for (unsigned i = 0; i < 100000; i++)
        text_addf(&text, "${U:-");
    text_addf(&text, "\"}\n");
    read_text(text.ptr);
    assert_int_equal(problems_count(&problems, PROBLEM_ERROR), 4); /* the same words, but for the end of the text */
    text_fini(&text);
}

/* A file of a megabyte means gigabytes. */
static void test_texts_that_are_used_again_are_limited(void **state)
{
    static const struct {
        const char *before, *after;
        bool of_mapping;
    } rows[] = {{"k=", "", false}, {"k=$$", "", false}, {"k=${UNSET:-", "}", false}, {"k$$", "", true}};
    enum { TEXT_BYTES = 100000, USES = 1000 };

    (void)state;
    for (size_t i = 0; i < WB_COUNT(rows); i++) {
        struct text text = TEXT_EMPTY;
        text_addf(&text, "x-long: &long \"%s", rows[i].before);
        for (unsigned k = 0; k < TEXT_BYTES; k++)
            text_add_char(&text, 'a');
        text_addf(&text, "%s\"\nservices:\n  a:\n    labels:\n", rows[i].after);
        for (unsigned k = 0; k < USES; k++)
            text_addf(&text, rows[i].of_mapping ? "      k%u: *long\n" : "      - *long\n", k);
        read_text(text.ptr);
        assert_string_equal(problems.items[problems.count - 1].text,
                            "its texts come to more than 33554432 bytes, aliases and variables put in; the rest is taken as "
                            "empty");
        assert_true(arena.used < (i + 1) * 60 * 1000 * 1000);
        text_fini(&text);
    }
}

static void test_problems_disturb_no_terminal(void **state)
{
    (void)state;
    read_text("services:\n  a:\n    networks: [\"\\e[2J\\x9b\\u202e\\n\\\\\"]\n");
    check_problems("error 3 the service `a` is in a network `\\x1b[2J\\xc2\\x9b\\xe2\\x80\\xae \\` that the file does not "
                   "have: add it below the `networks:` of the file\n");
}

static void collect(void *arg, struct slice name, struct slice value)
{
    text_addf(arg, SLICE_FMT "=[" SLICE_FMT "] ", SLICE_ARG(name), SLICE_ARG(value));
}

static void test_env_files_are_read(void **state)
{
    struct text said = TEXT_EMPTY;

    (void)state;
    compose_read_env(
        &arena,
        SLICE("# c\nA=1\nexport B = 'x # y'\nC=\"q\\\"r\"\nD=a # b\nE=\n=x\nnone\nF=a#b\r\n9=x\nG='open\nA B=1\nH=x=y"),
        collect, &said);
    assert_string_equal(said.ptr, "A=[1] B=[x # y] C=[q\"r] D=[a] E=[] F=[a#b] G=[open] H=[x=y] ");
    text_fini(&said);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, open_arena, close_arena)
    const struct CMUnitTest tests[] = {
        CASE(test_labels_are_a_mapping_or_a_list),
        CASE(test_traps_of_yaml_are_named),
        CASE(test_variables_are_put_in),
        CASE(test_bad_variables_are_named),
        CASE(test_defaults_within_defaults_are_limited),
        CASE(test_many_open_braces_take_no_time),
        CASE(test_texts_that_are_used_again_are_limited),
        CASE(test_problems_disturb_no_terminal),
        CASE(test_env_files_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
