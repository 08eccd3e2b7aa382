/* SPDX-License-Identifier: MIT */
/* Hashes, and how users are read: one bad entry is left out, nobody left closes (decisions.md 10, security case K2). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "filter/users.h"
#include "waybill/base/text.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define APR1   "$apr1$H6uskkkW$NNBs2U5LAblMB3OM9KekS/"
#define BCRYPT "$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW"

static void test_a_hash_of_each_kind_lets_in_who_knows_the_password(void **state)
{
    static const char *const hashes[] = {
        APR1,
        "$2a" BCRYPT,
        "$2b" BCRYPT,
        "$2x" BCRYPT,
        "$2y" BCRYPT,
        "$1$saltsalt$9xy1btjgzLYfb7hivXtC//",
        "{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=",
        "$5$saltsalt$0IyaXrmV7.sGNS6tirgqHLqX/G.FBvgkYA.lpPdS5sA",
        "$5$rounds=1000$saltsalt$eKLZU9t9OoPWrqOQsoTIKG0aYkZ5rGOoOQhiIvoSWX2",
        "$6$saltsalt$TVLlQcbpFVof5W3Yz4DTP6gRstiNuHwwTt6GLc1E5n0U0aDehy0S5knV8wiOQSpT0Y77vwPZN.Pq.H91p5hVO1",
    };
    static char long_password[PASSWORD_MAX + 1];
    (void)state;

    memset(long_password, 'a', sizeof long_password);
    for (size_t i = 0; i < WB_COUNT(hashes); i++) {
        struct password_hash hash;
        assert_null(password_hash_read(slice_of(hashes[i]), &hash));
        assert_true(password_hash_matches(&hash, SLICE("secret")));
        assert_false(password_hash_matches(&hash, SLICE("Secret")));
        assert_false(password_hash_matches(&hash, SLICE("")));
        assert_false(password_hash_matches(&hash, SLICE("secret\0x")));
        assert_false(password_hash_matches(&hash, slice_of(hashes[i]))); /* the hash is no password */
        assert_false(password_hash_matches(&hash, slice_make(long_password, sizeof long_password)));
        assert_false(password_hash_matches(&hash, slice_make(long_password, PASSWORD_MAX)));
    }
}

static void test_what_is_no_hash_is_refused_with_what_to_do(void **state)
{
    static const struct {
        const char *text, *says;
    } cases[] = {
        {"", "no hash of a kind"},
        {"plain", "no hash of a kind"},
        {"rqXexS6ZhobKA", "no hash of a kind"}, /* DES: so short a text may be a password itself */
        {"$y$j9T$abc$def", "no hash of a kind"},
        {"{SSHA}5en6G6MezRroT3XKqkdPOmY/BfQ=", "no hash of a kind"},
        {"{sha}5en6G6MezRroT3XKqkdPOmY/BfQ=", "no hash of a kind"},
        {"$$apr1$$H6uskkkW$$NNBs2U5LAblMB3OM9KekS/", "`$$`"},
        {"$apr1$H6uskkkW$NNBs2U5LAblMB3OM9KekS", "cut off"},
        {"$apr1$H6uskkkWx$NNBs2U5LAblMB3OM9KekS/", "cut off"},
        {"$apr1$$NNBs2U5LAblMB3OM9KekS/", "cut off"},
        {"$apr1$H6uskkkW$NNBs2U5LAblMB3OM9KekS/ ", "cut off"},
        {"$apr1$", "cut off"},
        {"$1$saltsalt$9xy1btjgzLYfb7hivXtC/", "cut off"},
        {"{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ", "cut off"},
        {"{SHA}5en6G6MezRroT3XKqkdPOmY/BfR=", "cut off"},
        {"{SHA}", "cut off"},
        {"$2c" BCRYPT, "cut off"},
        {"$2y$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIr", "cut off"},
        {"$2y$03$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW", "cut off"},
        {"$2y$4$$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW", "cut off"},
        {"$2y$16$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW", "cost above 15"},
        {"$2y$31$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW", "cost above 15"},
        {"$5$rounds=1000001$saltsalt$eKLZU9t9OoPWrqOQsoTIKG0aYkZ5rGOoOQhiIvoSWX2", "1000000 rounds"},
        {"$5$rounds=x$saltsalt$eKLZU9t9OoPWrqOQsoTIKG0aYkZ5rGOoOQhiIvoSWX2", "cut off"},
        {"$5$rounds=1000", "cut off"},
        {"$6$saltsalt$abc", "cut off"},
    };
    (void)state;

    for (size_t i = 0; i < WB_COUNT(cases); i++) {
        struct password_hash hash;
        const char *problem = password_hash_read(slice_of(cases[i].text), &hash);
        if (!problem || !strstr(problem, cases[i].says))
            fail_msg("`%s`: %s", cases[i].text, problem ? problem : "was taken");
    }
}

struct bench {
    struct arena arena;
    struct diagnostics diagnostics;
    struct filter_source from;
    struct users users;
};

static void bench_init(struct bench *bench)
{
    arena_init(&bench->arena, 0);
    diagnostics_init(&bench->diagnostics);
    bench->from = (struct filter_source){
        .arena = &bench->arena, .place = SLICE("container web"), .diagnostics = &bench->diagnostics};
}

static void bench_fini(struct bench *bench)
{
    diagnostics_fini(&bench->diagnostics);
    arena_fini(&bench->arena);
}

static bool read_list(struct bench *bench, bool digest, const char *list, const char *file)
{
    struct users_source source = {.option = digest ? "auth.digest" : "auth.basic", .file = slice_of(file), .digest = digest};

    source.list = slices_split(&bench->arena, slice_of(list), ',');
    return users_read(&bench->from, &source, &bench->users);
}

/* Nothing of an entry but its name is said. */
static void assert_said(const struct bench *bench, size_t index, enum severity severity, const char *part)
{
    assert_true(index < bench->diagnostics.count);
    const struct diagnostic *said = &bench->diagnostics.items[index];
    assert_int_equal(said->severity, severity);
    assert_string_equal(said->place, "container web");
    if (!strstr(said->text, part) || strstr(said->text, "sesame"))
        fail_msg("said: %s", said->text);
}

static void test_one_bad_entry_is_left_out_alone(void **state)
{
    struct bench bench;
    (void)state;

    bench_init(&bench);
    assert_true(read_list(&bench, false, "zoe:" APR1 ",sesame,bob:sesame,ann:$2y" BCRYPT ",:" APR1 ",a:b:sesame", NULL));
    assert_int_equal(bench.users.count, 2);
    assert_non_null(users_find(&bench.users, SLICE("zoe")));
    assert_non_null(users_find(&bench.users, SLICE("ann")));
    assert_null(users_find(&bench.users, SLICE("bob")));
    assert_null(users_find(&bench.users, SLICE("zo")));
    assert_null(users_find(&bench.users, SLICE("")));
    assert_said(&bench, 0, DIAGNOSTIC_ERROR, "auth.basic.users: entry 2 is left out: it is not `name:hash`");
    assert_said(&bench, 1, DIAGNOSTIC_ERROR, "auth.basic.users: entry 3 (`bob`) is left out: it has no hash");
    assert_said(&bench, 2, DIAGNOSTIC_ERROR, "entry 5 is left out: it has no name");
    assert_said(&bench, 3, DIAGNOSTIC_ERROR, "entry 6 is left out: it is not `name:hash`");
    assert_int_equal(bench.diagnostics.count, 4);
    bench_fini(&bench);
}

static void test_nobody_left_closes(void **state)
{
    static const char *const lists[] = {"", "sesame", "bob:sesame", ":" APR1};
    (void)state;

    for (size_t i = 0; i < WB_COUNT(lists); i++)
        for (int digest = 0; digest < 2; digest++) {
            struct bench bench;
            bench_init(&bench);
            assert_false(read_list(&bench, digest, lists[i], NULL));
            assert_said(&bench, bench.diagnostics.count - 1, DIAGNOSTIC_CLOSED, "has no user that could log in");
            bench_fini(&bench);
        }
}

static void test_an_entrypoint_does_not_start_with_an_entry_of_another_form(void **state)
{
    const struct model_entrypoint entrypoint = {.name = SLICE("http")};
    struct bench bench;
    (void)state;

    bench_init(&bench);
    bench.from.entrypoint = &entrypoint;
    assert_false(read_list(&bench, false, "ann:" APR1 ",sesame", NULL));
    assert_said(&bench, 0, DIAGNOSTIC_CLOSED, "error parsing Authenticator user");
    assert_true(read_list(&bench, false, "ann:" APR1 ",bob:sesame", NULL)); /* nobody gets in with it, as in v1.7 */
    assert_int_equal(bench.users.count, 1);
    bench_fini(&bench);
}

static void test_digest_users_are_of_our_realm(void **state)
{
    struct bench bench;
    (void)state;

    bench_init(&bench);
    assert_true(read_list(&bench, true,
                          "dan:traefik:589195B269408a4035909b0fec4e61b2,eve:other:589195b269408a4035909b0fec4e61b2,"
                          "fay:traefik:589195b269408a4035909b0fec4e61b,gus:traefik:589195b269408a4035909b0fec4e61bx,"
                          "hal:589195b269408a4035909b0fec4e61b2,ivy:traefik:589195b269408a4035909b0fec4e61b2:x",
                          NULL));
    assert_int_equal(bench.users.count, 1);
    assert_true(slice_eq(bench.users.items[0].secret, SLICE("589195b269408a4035909b0fec4e61b2")));
    assert_said(&bench, 0, DIAGNOSTIC_ERROR, "entry 2 (`eve`) is left out: it is of another realm");
    assert_said(&bench, 1, DIAGNOSTIC_ERROR, "entry 3 (`fay`) is left out: it has a hash that is not 32");
    assert_said(&bench, 2, DIAGNOSTIC_ERROR, "entry 4 (`gus`) is left out: it has a hash that is not 32");
    assert_said(&bench, 3, DIAGNOSTIC_ERROR, "entry 5 is left out: it is not `name:realm:hash`");
    assert_said(&bench, 4, DIAGNOSTIC_ERROR, "entry 6 is left out: it is not `name:realm:hash`");
    bench_fini(&bench);
}

static char *write_file(const char *text)
{
    char *name = wb_format("/tmp/waybill-users-test-%d", (int)getpid());
    FILE *file = fopen(name, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
    return name;
}

static void test_a_file_has_lines_and_wins(void **state)
{
    struct bench bench;
    char *name = write_file("# people\n  ann:$2y" BCRYPT "  \r\n\n#bob:" APR1 "\ncat:sesame\nzoe:" APR1);
    (void)state;

    bench_init(&bench);
    assert_true(read_list(&bench, false, "ann:" APR1 ",eva:" APR1, name));
    assert_int_equal(bench.users.count, 3);
    assert_true(slice_eq(users_find(&bench.users, SLICE("ann"))->hash.text, SLICE("$2y" BCRYPT)));
    assert_null(users_find(&bench.users, SLICE("#bob")));
    assert_said(&bench, 0, DIAGNOSTIC_ERROR, "line 5 (`cat`)");
    assert_non_null(strstr(bench.diagnostics.items[0].text, name));
    bench_fini(&bench);
    unlink(name);
    free(name);
}

static void test_a_file_that_cannot_be_read_closes_whoever_else_is_there(void **state)
{
    char *pipe = wb_format("/tmp/waybill-users-test-%d.pipe", (int)getpid());
    const char *const files[] = {"/nonexistent/users", "/", pipe, "/dev/zero", "/proc/self/mem"};
    (void)state;

    assert_int_equal(mkfifo(pipe, 0600), 0);
    for (size_t i = 0; i < WB_COUNT(files); i++) {
        struct bench bench;
        bench_init(&bench);
        assert_false(read_list(&bench, false, "ann:" APR1, files[i]));
        assert_said(&bench, 0, DIAGNOSTIC_CLOSED, "cannot be read");
        assert_non_null(strstr(bench.diagnostics.items[0].text, files[i]));
        bench_fini(&bench);
    }
    unlink(pipe);
    free(pipe);
}

static void test_a_file_of_something_else_does_not_fill_the_log(void **state)
{
    struct text text = TEXT_EMPTY;
    struct bench bench;
    (void)state;

    for (int i = 0; i < 20000; i++)
        text_add(&text, SLICE("sesame: sesame: sesame\n"));
    char *name = write_file(text.ptr);
    bench_init(&bench);
    assert_true(read_list(&bench, false, "ann:" APR1, name));
    assert_int_equal(bench.users.count, 1);
    assert_int_equal(bench.diagnostics.count, 20);
    assert_said(&bench, 0, DIAGNOSTIC_ERROR, "line 1 is left out: it is not");
    bench_fini(&bench);
    unlink(name);
    free(name);
    text_fini(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_hash_of_each_kind_lets_in_who_knows_the_password),
        cmocka_unit_test(test_what_is_no_hash_is_refused_with_what_to_do),
        cmocka_unit_test(test_one_bad_entry_is_left_out_alone),
        cmocka_unit_test(test_nobody_left_closes),
        cmocka_unit_test(test_an_entrypoint_does_not_start_with_an_entry_of_another_form),
        cmocka_unit_test(test_digest_users_are_of_our_realm),
        cmocka_unit_test(test_a_file_has_lines_and_wins),
        cmocka_unit_test(test_a_file_that_cannot_be_read_closes_whoever_else_is_there),
        cmocka_unit_test(test_a_file_of_something_else_does_not_fill_the_log),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
