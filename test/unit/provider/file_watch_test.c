/* SPDX-License-Identifier: MIT */
/* What watching must survive: saves of every kind, breakage, links, folders that come and go. */
#include "file_fixture.h"

#define RULES(name) "[backends." name ".servers.s]\nurl = \"http://10.0.0.1\"\n"

static void test_a_rename_over_is_applied_within_milliseconds(void **state)
{
    (void)state;
    put("rules.toml", RULES("v0"));
    struct provider *provider = start_on("rules.toml", NULL, false);
    assert_true(wait_for(document_has, "\"v0\"", 2000));
    unsigned slow = 0;
    for (int i = 1; i <= 20; i++) {
        char *text = wb_format(RULES("v%d"), i), *name = wb_format("\"v%d\"", i);
        put("beside", text);
        uint64_t began = clock_monotonic_ms();
        move("beside", "rules.toml");
        assert_true(wait_for(document_has, name, 2000));
        uint64_t took = got.at_ms - began;
        slow += took > 50; /* half the quiet time of a write in place */
        free(text);
        free(name);
    }
    assert_true(slow < 5); /* a busy machine may be late now and then */
    provider_destroy(&provider);
}

/* Truncates, waits longer than the quiet time of a file that is not empty, then writes part by part. False when this
 * test itself was held up so long that the file was quiet. */
static bool save_slowly(const char *name, int parts)
{
    char *path = path_of(name);
    int fd = open(path, O_WRONLY | O_TRUNC);
    uint64_t began = clock_monotonic_ms(), last;
    bool fair;

    pause_ms(200);
    fair = clock_monotonic_ms() - began < 400;
    for (int i = 0; i < parts; i++) {
        char *part = wb_format(RULES("new%d"), i);

        last = clock_monotonic_ms();
        assert_int_equal(write(fd, part, strlen(part)), strlen(part));
        free(part);
        if (i + 1 < parts)
            pause_ms(30);
        fair = fair && clock_monotonic_ms() - last < 80;
    }
    close(fd);
    free(path);
    return fair;
}

static void test_a_slow_save_in_place_never_shows_the_empty_or_half_written_file(void **state)
{
    (void)state;
    put("rules.toml", RULES("old"));
    struct provider *provider = start_on("rules.toml", NULL, false);
    assert_true(wait_for(document_has, "\"old\"", 2000));
    unsigned before = got.deliveries;
    bool fair = save_slowly("rules.toml", 6);
    for (int tries = 0; tries < 10 && !fair; tries++) {
        pause_ms(300);
        before = got.deliveries;
        fair = save_slowly("rules.toml", 6);
    }
    assert_true(fair);
    assert_int_equal(got.deliveries, before);
    assert_true(wait_for(document_has, "\"new5\"", 2000));
    pause_ms(200);
    assert_int_equal(got.deliveries, before + 1);
    provider_destroy(&provider);
}

static bool document_is_empty(const void *arg)
{
    (void)arg;
    return got.document && !strcmp(got.document, "{}");
}

static void test_a_file_that_stays_empty_is_applied(void **state)
{
    (void)state;
    put("rules.toml", RULES("old"));
    struct provider *provider = start_on("rules.toml", NULL, false);
    assert_true(wait_for(document_has, "\"old\"", 2000));
    put("rules.toml", "");
    assert_true(wait_for(document_is_empty, NULL, 4000));
    provider_destroy(&provider);
}

/* How long it took until the empty file counted. */
static uint64_t empty_by(void (*change)(const char *name, const char *text))
{
    put("rules.toml", RULES("old"));
    assert_true(wait_for(document_has, "\"old\"", 2000));
    uint64_t began = clock_monotonic_ms();
    change("rules.toml", "");
    assert_true(wait_for(document_is_empty, NULL, 4000));
    return got.at_ms - began;
}

static void test_an_empty_file_moved_into_place_is_whole(void **state)
{
    unsigned quick = 0, soon = 0;
    (void)state;

    put("rules.toml", RULES("old"));
    struct provider *provider = start_on("rules.toml", NULL, false);
    for (int tries = 0; tries < 5 && !(quick && soon); tries++) { /* a busy machine may be late */
        quick += empty_by(replace) < 300;
        soon += empty_by(put) < 800;
    }
    assert_true(quick && soon);
    provider_destroy(&provider);
}

static void test_a_broken_file_keeps_the_old_configuration_and_says_where_until_mended(void **state)
{
    (void)state;
    put("rules.toml", RULES("old"));
    struct provider *provider = start_on("rules.toml", NULL, false);
    assert_true(wait_for(document_has, "\"old\"", 2000));
    replace("rules.toml", "\n[backends\n");
    assert_true(wait_for(problems_have, "rules.toml:2:", 2000));
    assert_true(document_has("\"old\""));
    assert_true(problems_have("stays in force"));
    replace("rules.toml", RULES("new"));
    assert_true(wait_for(document_has, "\"new\"", 2000));
    assert_string_equal(got.problems, "");
    provider_destroy(&provider);
}

static void test_a_bad_template_is_refused_and_the_old_configuration_stays(void **state)
{
    (void)state;
    put("rules.toml", RULES("old"));
    struct provider *provider = start_on("rules.toml", NULL, false);
    assert_true(wait_for(document_has, "\"old\"", 2000));
    replace("rules.toml", "# x\n[backends.{{ envy \"A\" }}]\n");
    assert_true(wait_for(problems_have, "rules.toml:2:14: there is no function `envy`: did you mean `env`?", 2000));
    assert_true(document_has("\"old\""));
    replace("rules.toml", "{{ $name := \"new\" }}\n" RULES("{{ $name }}"));
    assert_true(wait_for(document_has, "\"new\"", 2000));
    provider_destroy(&provider);
}

/* And what is wrong is a diagnostic, not only in the log: somebody may watch those. */
static void test_a_first_read_that_fails_is_said_and_watched_too(void **state)
{
    (void)state;
    struct provider *provider = start_on("later/deep/rules.toml", NULL, false);
    assert_true(wait_for(problems_have, "nothing is served from files until it is mended", 2000));
    put("later/deep/rules.toml", "[broken");
    assert_true(wait_for(problems_have, "rules.toml:1:8:", 2000));
    assert_null(got.document);
    put("later/deep/rules.toml", RULES("a"));
    assert_true(wait_for(document_has, "\"a\"", 2000));
    assert_string_equal(got.problems, "");
    provider_destroy(&provider);
}

static void test_a_folder_removed_and_made_again_is_read_again(void **state)
{
    (void)state;
    put("conf/a.toml", RULES("a"));
    struct provider *provider = start_on(NULL, "conf", false);
    assert_true(wait_for(document_has, "\"a\"", 2000));
    take_away("conf/a.toml");
    take_away("conf");
    assert_true(wait_for(problems_have, "conf: No such file or directory", 2000));
    assert_true(document_has("\"a\""));
    put("conf/b.toml", RULES("b"));
    assert_true(wait_for(document_has, "\"b\"", 2000));
    provider_destroy(&provider);
}

static void test_changes_in_new_and_nested_folders_are_seen(void **state)
{
    (void)state;
    put("conf/a.toml", RULES("a"));
    struct provider *provider = start_on(NULL, "conf", false);
    assert_true(wait_for(document_has, "\"a\"", 2000));
    put("conf/one/two/b.toml", RULES("b"));
    assert_true(wait_for(document_has, "\"b\"", 2000));
    put("conf/one/two/c.tmpl", RULES("c"));
    assert_true(wait_for(document_has, "\"c\"", 2000));
    put("conf/one/two/b.toml", RULES("changed"));
    assert_true(wait_for(document_has, "\"changed\"", 2000));
    unsigned before = got.deliveries;
    put("conf/one/note.txt", "x");
    put("conf/..data.toml", RULES("hidden"));
    pause_ms(400);
    assert_int_equal(got.deliveries, before);
    provider_destroy(&provider);
}

static void link_to(const char *target, const char *name)
{
    char *path = path_of(name);

    assert_int_equal(symlink(target, path), 0);
    free(path);
}

static void test_a_switched_link_is_seen_in_both_modes_as_in_a_config_map(void **state)
{
    (void)state;
    for (int mode = 0; mode < 2; mode++) {
        put("conf/..v1/rules.toml", RULES("v1"));
        put("conf/..v2/rules.toml", RULES("v2"));
        link_to("..v1", "conf/..data");
        link_to("..data/rules.toml", "conf/rules.toml");
        struct provider *provider = start_on(mode ? "conf/rules.toml" : NULL, mode ? NULL : "conf", false);
        assert_true(wait_for(document_has, "\"v1\"", 2000));
        link_to("..v2", "conf/..data_next");
        move("conf/..data_next", "conf/..data");
        if (!wait_for(document_has, "\"v2\"", 2000))
            fail_msg("mode %d did not see the switch", mode);
        put("conf/..v2/rules.toml", RULES("v3"));
        assert_true(wait_for(document_has, "\"v3\"", 2000));
        provider_destroy(&provider);
        remove_folder(NULL);
        make_folder(NULL);
    }
}

static void test_a_fifo_or_a_folder_in_place_of_the_file_is_refused_at_once(void **state)
{
    (void)state;
    put("conf/a.toml", RULES("a"));
    struct provider *provider = start_on(NULL, "conf", false);
    assert_true(wait_for(document_has, "\"a\"", 2000));
    char *fifo = path_of("conf/b.toml");
    assert_int_equal(mkfifo(fifo, 0644), 0);
    assert_true(wait_for(problems_have, "b.toml: is not a regular file", 2000));
    free(fifo);
    provider_destroy(&provider);
}

/* Five files of 30 MiB, which take no room on the disk. */
static void test_files_that_are_too_large_together_are_refused_before_they_are_read(void **state)
{
    (void)state;
    put("conf/a.toml", RULES("a"));
    for (int i = 0; i < 5; i++) {
        char name[40];
        snprintf(name, sizeof name, "conf/b%d.toml", i);
        put(name, "");
        char *path = path_of(name);
        assert_int_equal(truncate(path, 30 << 20), 0);
        free(path);
    }
    struct provider *provider = start_on(NULL, "conf", false);
    assert_true(wait_for(problems_have, "b4.toml: with this one the files are larger than 128 MiB together", 2000));
    take_away("conf/b4.toml");
    assert_true(wait_for(problems_have, "found control character", 5000));
    provider_destroy(&provider);
}

static void test_a_provider_that_does_not_watch_reads_once_and_stops_at_once(void **state)
{
    (void)state;
    put("rules.toml", RULES("a"));
    char *path = path_of("rules.toml");
    struct file_options options = {.filename = slice_of(path)};
    struct provider *provider = file_provider_create(&options, &sink);
    assert_int_equal(provider->ops->start(provider), 0);
    assert_true(wait_for(document_has, "\"a\"", 2000));
    replace("rules.toml", RULES("b"));
    pause_ms(300);
    assert_true(document_has("\"a\""));
    provider_destroy(&provider);
    assert_null(provider);
    provider = file_provider_create(&options, &sink); /* never started */
    provider_destroy(&provider);
    provider = start_on("rules.toml", NULL, false); /* stopped while it waits */
    assert_true(wait_for(document_has, "\"b\"", 2000));
    uint64_t began = clock_monotonic_ms();
    provider_destroy(&provider);
    assert_true(clock_monotonic_ms() - began < 1000);
    free(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_rename_over_is_applied_within_milliseconds, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_a_slow_save_in_place_never_shows_the_empty_or_half_written_file, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(test_a_file_that_stays_empty_is_applied, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_an_empty_file_moved_into_place_is_whole, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_a_broken_file_keeps_the_old_configuration_and_says_where_until_mended,
                                        make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_a_bad_template_is_refused_and_the_old_configuration_stays, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(test_a_first_read_that_fails_is_said_and_watched_too, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_a_folder_removed_and_made_again_is_read_again, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_changes_in_new_and_nested_folders_are_seen, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_a_switched_link_is_seen_in_both_modes_as_in_a_config_map, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(test_a_fifo_or_a_folder_in_place_of_the_file_is_refused_at_once, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(test_files_that_are_too_large_together_are_refused_before_they_are_read, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(test_a_provider_that_does_not_watch_reads_once_and_stops_at_once, make_folder,
                                        remove_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
