/* SPDX-License-Identifier: MIT */
#include "waybill/render/render.h"
#include "waybill/base/text.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

static void expect(const char *source, const char *wanted)
{
    struct arena arena;
    struct render_output output = {{NULL, 0}, NULL, 0};

    arena_init(&arena, 0);
    const char *problem = render_text(&arena, slice_of(source), SLICE("rules.toml"), &output);
    if (problem)
        fail_msg("%s\n-> %s", source, problem);
    else if (!slice_eq(output.text, slice_of(wanted)))
        fail_msg("%s\nwanted %s\n  have " SLICE_FMT, source, wanted, SLICE_ARG(output.text));
    arena_fini(&arena);
}

static void expect_problem(const char *source, const char *part)
{
    struct arena arena;
    struct render_output output;

    arena_init(&arena, 0);
    const char *problem = render_text(&arena, slice_of(source), SLICE("rules.toml"), &output);
    if (!problem)
        fail_msg("%s\nrendered: " SLICE_FMT, source, SLICE_ARG(output.text));
    else if (!strstr(problem, part) || strchr(problem, '\n'))
        fail_msg("%s\nwanted %s\n  have %s", source, part, problem);
    arena_fini(&arena);
}

static void test_text_without_marks_is_plain(void **state)
{
    (void)state;
    assert_false(render_is_needed(SLICE("rule = \"HostRegexp:{a:[a-z]{2}}.t\" # }} { {")));
    assert_true(render_is_needed(SLICE("a {{")));
    expect("", "");
    expect("a }} b {x{y}}}", "a }} b {x{y}}}");
    expect("{{\"{{\"}}.Request.Host}}", "{{.Request.Host}}");
}

static void test_comments_and_trim_marks(void **state)
{
    (void)state;
    expect("a {{/* b }} c */}} d", "a  d");
    expect("a {{- /* b */ -}} d", "ad");
    expect("a \n\t {{- 1 }} b", "a1 b");
    expect("a {{ 1 -}} \r\n b", "a 1b");
    expect("a {{- 1 -}} {{- 2 -}} b", "a12b");
    expect("{{-3}}{{- -3 -}}", "-3-3");
    expect("x {{/* a */}}{{/* b */ -}} y", "x y");
    expect("{{ 1\n}}", "1");
    expect_problem("a {{/* b", "rules.toml:1:3: the comment is not closed");
    expect_problem("a {{/* b */ c}}", "a comment is an action by itself");
    expect_problem("{{-1", "is not closed");
    expect_problem("{{ /* b */ }}", "`/` has no meaning");
}

static void test_literals(void **state)
{
    (void)state;
    expect("{{ \"a\\n\\t\\\"\\\\\\x41\\101\\u00fc\\U0001f600\" }}", "a\n\t\"\\AA\xc3\xbc\xf0\x9f\x98\x80");
    expect("{{ `a\\n\"\r\n` }}", "a\\n\"\n");
    expect("{{ 0 }} {{ -9223372036854775808 }} {{ +7 }} {{ 1_000 }} {{ 0x1F }} {{ 0o17 }} {{ 017 }} {{ 0b101 }}",
           "0 -9223372036854775808 7 1000 31 15 15 5");
    expect("{{ true }}{{ false }}", "truefalse");
    expect("{{ . }}{{ $ }}", "falsefalse");
    expect_problem("{{ \"a }}", "the text is not closed");
    expect_problem("{{ \"a\n\" }}", "the text is not closed");
    expect_problem("{{ `a }}", "the text is not closed");
    expect_problem("{{ \"\\d\" }}", "no such escape");
    expect_problem("{{ \"\\ud800\" }}", "no such escape");
    expect_problem("{{ \"\\777\" }}", "no such escape");
    expect_problem("{{ 1.5 }}", "`1.5` is no number");
    expect_problem("{{ 9223372036854775808 }}", "is no number");
    expect_problem("{{ 08 }}", "is no number");
    expect_problem("{{ 1__0 }}", "is no number");
    expect_problem("{{ 0x }}", "is no number");
    expect_problem("{{ 'a' }}", "`'` has no meaning");
    expect_problem("{{ \x01 }}", "the byte 0x01 has no meaning");
}

static void test_variables(void **state)
{
    (void)state;
    expect("{{ $a := \"x\" }}{{ $a }}{{ $a = \"y\" }}{{ $a }}", "xy");
    expect("{{ $a := 1 }}{{ $a := add $a 1 }}{{ $a }}", "2");
    expect("{{ $a := 1 }}{{ if true }}{{ $a := 2 }}{{ $a }}{{ end }}{{ $a }}", "21");
    expect("{{ $n := 0 }}{{ range $e := until 4 }}{{ $n = add $n $e }}{{ end }}{{ $n }}", "6");
    expect("{{ if $x := \"v\" }}{{ $x }}{{ end }}", "v");
    expect("{{ if $x := \"\" }}{{ else }}[{{ $x }}]{{ end }}", "[]");
    expect("{{ $a:=1 }}{{$a}}", "1");
    expect_problem("{{ $a }}", "there is no variable `$a`");
    expect_problem("{{ $a := $a }}", "there is no variable `$a`");
    expect_problem("{{ $a = 1 }}", "there is no variable `$a`");
    expect_problem("{{ if true }}{{ $b := 1 }}{{ end }}\n{{ $b }}", "rules.toml:2:4: there is no variable `$b`");
    expect_problem("{{ if true }}{{ $b := 1 }}{{ else }}{{ $b }}{{ end }}", "there is no variable `$b`");
    expect_problem("{{ if $c := 1 }}{{ end }}{{ $c }}", "there is no variable `$c`");
    expect_problem("{{ range $i, $e := until 2 }}{{ else }}{{ $b }}{{ end }}", "there is no variable `$b`");
    expect_problem("{{ range $i, $e := until 2 }}{{ end }}{{ $e }}", "there is no variable `$e`");
    expect_problem("{{ $a := 1 }}{{ $a, $b := 1 }}", "`,` stands here");
    expect_problem("{{ $ := 1 }}", "`$` is no name");
    expect_problem("{{ $a := 1 }}{{ $a.b }}", "`.b` stands here");
}

static void test_conditions(void **state)
{
    (void)state;
    expect("{{ if 1 }}a{{ else }}b{{ end }}", "a");
    expect("{{ if 0 }}a{{ else }}b{{ end }}", "b");
    expect("{{ if \"\" }}a{{ end }}", "");
    expect("{{ if list }}a{{ else if \"x\" }}b{{ else }}c{{ end }}", "b");
    expect("{{ if false }}a{{ else if false }}b{{ else if false }}c{{ else }}d{{ end }}e", "de");
    expect("{{ if false }}a{{ else if false }}b{{ end }}c", "c");
    expect("{{ if true }}{{ if false }}a{{ else }}b{{ end }}{{ else }}c{{ end }}", "b");
    expect("{{ if list 0 | not }}a{{ end }}", "");
    expect_problem("\n{{ if true }}a", "rules.toml:2:4: there is no `{{ end }}`");
    expect_problem("{{ if true }}a{{ else }}b", "there is no `{{ end }}`");
    expect_problem("{{ if true }}a{{ else }}b{{ else }}c{{ end }}", "there is no `{{ end }}`");
    expect_problem("{{ if }}a{{ end }}", "there is nothing here");
    expect_problem("{{ end }}", "there is no `if` or `range`");
    expect_problem("{{ else }}", "there is no `if` or `range`");
    expect_problem("{{ if true }}{{ end 1 }}", "`1` stands here: write `}}`");
    expect_problem("{{ if true }}{{ else range }}{{ end }}", "`range` stands here");
    expect_problem("{{ 1 | if }}", "`if` must be the first word");
}

static void test_ranges(void **state)
{
    (void)state;
    expect("{{ range $i, $e := list \"a\" \"b\" }}{{ $i }}={{ $e }};{{ end }}", "0=a;1=b;");
    expect("{{ range $e := until 3 }}{{ $e }}{{ end }}", "012");
    expect("{{ range until 2 }}{{ . }}{{ range list \"x\" }}{{ . }}{{ end }}{{ . }};{{ end }}{{ . }}", "0x0;1x1;false");
    expect("{{ range until -3 }}{{ . }} {{ end }}", "0 -1 -2 ");
    expect("{{ range list }}a{{ else }}none{{ end }}", "none");
    expect("{{ range $i, $a := until 2 }}{{ range $j, $b := until 2 }}{{ $i }}{{ $j }} {{ end }}{{ end }}", "00 01 10 11 ");
    expect("{{ range split \",\" \"a,b\" }}<{{ . }}>{{ end }}", "<a><b>");
    expect("{{ $l := list 5 6 }}{{ range $l }}{{ . }}{{ end }}", "56");
    expect_problem("{{ range 3 }}{{ end }}", "`range` goes over lists, and this is a number");
    expect_problem("{{ range \"abc\" }}{{ end }}", "`range` goes over lists, and this is text");
    expect_problem("{{ range $i, $e, $x := until 1 }}{{ end }}", "write `:=`");
    expect_problem("{{ range $i, $e }}{{ end }}", "write `:=`");
    expect_problem("{{ range until 3 }}{{ else if true }}{{ end }}{{ end }}", "`if` stands here");
}

static void test_pipelines(void **state)
{
    (void)state;
    expect("{{ \"a\" | upper }}", "A");
    expect("{{ \"a b\" | replace \" \" \"-\" | upper | quote }}", "\"A-B\"");
    expect("{{ (add 1 2) | printf \"%d\" }}", "3");
    expect("{{ add (mul 2 (sub 5 2)) 1 }}", "7");
    expect("{{if(true)}}a{{end}}", "a");
}

static void test_functions(void **state)
{
    (void)state;
    setenv("WAYBILL_RENDER_TEST", "value", 1);
    expect("{{ env \"WAYBILL_RENDER_TEST\" }}{{ env \"WAYBILL_NO_SUCH\" }}", "value");
    expect("{{ env \"WAYBILL_NO_SUCH\" | default \"d\" }}{{ env \"WAYBILL_RENDER_TEST\" | default \"d\" }}", "dvalue");
    expect("{{ default \"a\" }}{{ default 1 0 }}{{ default \"x\" false }}{{ default \"y\" list }}{{ default 1 2 }}",
           "a1xy2");
    expect("{{ list }} {{ list 1 \"a\" true (list 2 3) }} {{ until 3 }} {{ until 0 }}", "[] [1 a true [2 3]] [0 1 2] []");
    expect("{{ split \",\" \"a,b,,c\" }}{{ splitList \"--\" \"x\" | len }}{{ split \"\" \"\xc3\xbc"
           "b\" }}{{ split \",\" \"\" | len }}"
           "{{ split \"\" \"\" | len }}",
           "[a b  c]1[\xc3\xbc b]10");
    expect("{{ upper \"a\xc3\xbc\" }}{{ lower \"A\xc3\x9c\" }}{{ tolower \"WWW\" }}", "A\xc3\x9c"
                                                                                      "a\xc3\xbcwww");
    expect("[{{ trim \" \\t\xc2\xa0 a b\\n\" }}][{{ trim \"  \" }}][{{ trim \"\" }}]", "[a b][][]");
    expect("{{ replace \"a\" \"bb\" \"banana\" }}{{ replace \"\" \"-\" \"\xc3\xbcx\" }}{{ replace \"x\" \"\" \"axbx\" }}",
           "bbbnbbnbb-\xc3\xbc-x-ab");
    expect("{{ quote \"a\\\"b\\\\\\n\\x01\xc3\xbc\\xff\" }} {{ quote 1 true (list \"a\") }} [{{ quote }}]",
           "\"a\\\"b\\\\\\n\\x01\xc3\xbc\\xff\" \"1\" \"true\" \"[a]\" []");
    expect("{{ printf \"%d-%s-%v-%v %%\" 5 \"x\" true (list 1 2) }}", "5-x-true-[1 2] %");
    expect("{{ printf \"%03d|%5s|%-5s|%05d|%q\" 7 \"\xc3\xbc\" \"b\" -42 \"a\" }}", "007|    \xc3\xbc|b    |-0042|\"a\"");
    expect("{{ eq 1 1 }}{{ eq \"a\" \"b\" \"a\" }}{{ ne true false }}{{ eq \"a\" \"b\" }}", "truetruetruefalse");
    expect("{{ lt 1 2 }}{{ le 2 2 }}{{ gt \"b\" \"a\" }}{{ ge 1 2 }}{{ lt \"ab\" \"b\" }}", "truetruetruefalsetrue");
    expect("{{ and 1 \"x\" }}{{ and 0 \"x\" }}{{ or \"\" \"y\" }}{{ or 0 false }}{{ not 1 }}{{ true | and \"p\" }}",
           "x0yfalsefalsetrue");
    expect("{{ $l := list 1 }}{{ and (gt (len $l) 1) (index $l 1) }}", "false"); /* the second is not looked at */
    expect("{{ add 1 2 3 }} {{ add \"4\" 1 }} {{ add \"x\" true }} {{ sub 1 5 }} {{ mul 2 3 4 }} {{ mul 9223372036854775807 "
           "2 }}",
           "6 5 1 -4 24 -2");
    expect("{{ index (list \"a\" \"b\") 1 }}{{ index (list (list 1 2)) 0 1 }}{{ index \"A\" 0 }}", "b265");
    expect("{{ len \"\xc3\xbc\" }}{{ len (until 5) }}", "25");
    expect("{{ normalize \"my_App.v1\" }}", "my-App-v1");
}

static void test_what_is_wrong_with_a_call_is_said(void **state)
{
    (void)state;
    expect_problem("a\nb {{ nope \"x\" }}", "rules.toml:2:6: there is no function `nope`");
    expect_problem("{{ uper \"x\" }}", "did you mean `upper`?");
    expect_problem("{{ now }}", "there is no function `now`");
    expect_problem("{{ with 1 }}{{ end }}", "`with` is not supported");
    expect_problem("{{ define \"a\" }}{{ end }}", "`define` is not supported");
    expect_problem("{{ template \"a\" }}", "`template` is not supported");
    expect_problem("{{ range until 2 }}{{ break }}{{ end }}", "`break` is not supported");
    expect_problem("{{ nil }}", "`nil` is not supported");
    expect_problem("{{ .Anything }}", "`.Anything` is not there");
    expect_problem("{{ upper }}", "`upper` takes 1 argument, and here are 0");
    expect_problem("{{ upper \"a\" \"b\" }}", "`upper` takes 1 argument, and here are 2");
    expect_problem("{{ default }}", "`default` takes 1 or 2 arguments");
    expect_problem("{{ eq 1 }}", "`eq` takes 2 or more arguments");
    expect_problem("{{ upper 5 }}", "`upper` wants text as argument 1, and this is a number");
    expect_problem("{{ until \"3\" }}", "`until` wants a number as argument 1, and this is text");
    expect_problem("{{ eq 1 \"1\" }}", "`eq` cannot compare a number with text");
    expect_problem("{{ lt true false }}", "`lt` cannot compare true or false");
    expect_problem("{{ eq list list }}", "`eq` cannot compare a list");
    expect_problem("{{ eq 1 list }}", "`eq` cannot compare a list");
    expect_problem("{{ index (list 1) 1 }}", "`index`: there is no element 1, only 1 of them");
    expect_problem("{{ index (list 1) -1 }}", "there is no element -1");
    expect_problem("{{ index 5 0 }}", "`index` wants a list");
    expect_problem("{{ index (list 1) \"a\" }}", "`index` wants the number");
    expect_problem("{{ len 5 }}", "`len` wants a text or a list");
    expect_problem("{{ and }}", "`and` wants something");
    expect_problem("{{ printf \"%d\" \"a\" }}", "%d cannot show text");
    expect_problem("{{ printf \"%s\" 1 }}", "%s cannot show a number");
    expect_problem("{{ printf \"%d\" }}", "nothing for %d");
    expect_problem("{{ printf \"a\" 1 }}", "1 arguments too many");
    expect_problem("{{ printf \"%\" 1 }}", "write %%");
    expect_problem("{{ printf \"%x\" 1 }}", "%x is not supported");
    expect_problem("{{ printf \"%99999d\" 1 }}", "write %%");
    expect_problem("{{ 1 2 }}", "only a function takes arguments");
    expect_problem("{{ 1 | 2 }}", "behind `|` stands a function");
    expect_problem("{{ 1 | }}", "`}}` stands here");
    expect_problem("{{ (1 }}", "`}}` stands here");
    expect_problem("{{ () }}", "there is nothing here");
    expect_problem("{{ 1) }}", "`)` stands here: write `}}`");
    expect_problem("{{ upper\"a\" }}", "write a blank before it");
    expect_problem("{{ }}", "there is nothing here");
    expect_problem("{{ a := 1 }}", "there is no function `a`");
    expect_problem("{{ 1 `a\nb` }}{{ upper 1 `\n` }}", "only a function takes arguments");
    expect_problem("{{ (1)`\n` }}", "``\\n`` stands here: write a blank before it");
}

static void test_work_is_bounded(void **state)
{
    struct text deep = TEXT_EMPTY;

    (void)state;
    expect_problem("{{ until 9223372036854775807 }}", "`until` makes too much");
    expect_problem("{{ $l := until 2000 }}{{ range $l }}{{ range $l }}{{ end }}{{ end }}", "too");
    expect_problem("{{ $s := \"0123456789\" }}{{ range until 60 }}{{ $s = printf \"%s%s\" $s $s }}{{ end }}", "too ");
    expect_problem("{{ $s := \"0123456789\" }}{{ range until 60 }}{{ $s = replace \"0\" $s $s }}{{ end }}", "too ");
    expect_problem("{{ $s := \"0123456789\" }}{{ range until 60 }}{{ $s = replace \"\" $s $s }}{{ end }}", "too ");
    expect_problem("{{ $s := \"\\x01\\x01\" }}{{ range until 60 }}{{ $s = quote $s }}{{ end }}", "too");
    expect_problem("{{ $l := printf \"%1000d\" 1 }}{{ range until 60 }}{{ $l = list $l $l }}{{ end }}{{ $l }}",
                   "larger than 32 MiB");
    expect_problem("{{ $l := list 1 }}{{ range until 60 }}{{ $l = list $l $l }}{{ end }}{{ printf \"%d\" $l }}",
                   "%d cannot");
    expect_problem("{{ $l := list 1 }}{{ range until 1000 }}{{ $l = list $l }}{{ end }}",
                   "lists in lists more than 64 deep");
    expect_problem("{{ $s := printf \"%1000s\" \"\" }}{{ range until 100000 }}{{ $s }}{{ end }}", "larger than 32 MiB");
    for (int i = 0; i < 100; i++)
        text_add(&deep, SLICE("{{ if true }}"));
    expect_problem(text_slice(&deep).ptr, "nested more than 64 deep");
    deep.len = 0;
    text_add(&deep, SLICE("{{ "));
    for (int i = 0; i < 100000; i++)
        text_add(&deep, SLICE("("));
    expect_problem(text_slice(&deep).ptr, "nested more than 64 deep");
    deep.len = 0;
    text_add(&deep, SLICE("{{ if false }}"));
    for (int i = 0; i < 100; i++)
        text_add(&deep, SLICE("{{ else if false }}"));
    expect_problem(text_slice(&deep).ptr, "nested more than 64 deep");
    deep.len = 0;
    for (int i = 0; i < 300; i++)
        text_addf(&deep, "{{ $v%d := 1 }}", i);
    expect_problem(text_slice(&deep).ptr, "too many variables");
    text_fini(&deep);
}

static void test_each_line_knows_where_it_comes_from(void **state)
{
    static const uint32_t wanted[] = {1, 2, 3, 4, 4, 4, 4, 5, 6};
    struct arena arena;
    struct render_output output;

    (void)state;
    arena_init(&arena, 0);
    assert_null(render_text(&arena, SLICE("a\n{{ $x := \"p\\nq\" }}b\n{{ range until 2 }}c\n{{ $x }}{{ end }}\n\n{{ 1 }}"),
                            SLICE("f"), &output));
    assert_true(slice_eq(output.text, SLICE("a\nb\nc\np\nqc\np\nq\n\n1")));
    assert_int_equal(output.line_count, WB_COUNT(wanted));
    assert_memory_equal(output.lines, wanted, sizeof wanted);
    arena_fini(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text_without_marks_is_plain),
        cmocka_unit_test(test_comments_and_trim_marks),
        cmocka_unit_test(test_literals),
        cmocka_unit_test(test_variables),
        cmocka_unit_test(test_conditions),
        cmocka_unit_test(test_ranges),
        cmocka_unit_test(test_pipelines),
        cmocka_unit_test(test_functions),
        cmocka_unit_test(test_what_is_wrong_with_a_call_is_said),
        cmocka_unit_test(test_work_is_bounded),
        cmocka_unit_test(test_each_line_knows_where_it_comes_from),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
