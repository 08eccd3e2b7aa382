/* SPDX-License-Identifier: MIT */
/* The provider on real files: every golden vector that needs no other part, then what watching must survive. */
#include "waybill/provider/file.h"
#include "waybill/base/clock.h"
#include "waybill/base/log.h"
#include "waybill/base/text.h"
#include "waybill/model/json.h"
#include <cjson/cJSON.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

/* What the provider delivered last. */
static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    char *document; /* NULL: nothing yet */
    char *problems; /* one line each: "place: text" */
    unsigned deliveries;
    uint64_t at_ms;
} got = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, NULL, NULL, 0, 0};

static void on_delivered(void *arg, struct fragment **fragment, struct diagnostics **diagnostics)
{
    struct text document = TEXT_EMPTY, problems = TEXT_EMPTY;

    (void)arg;
    json_fragment(&document, *fragment);
    for (size_t i = 0; i < (*diagnostics)->count; i++)
        text_addf(&problems, "%s: %s\n", (*diagnostics)->items[i].place, (*diagnostics)->items[i].text);
    pthread_mutex_lock(&got.lock);
    free(got.document);
    free(got.problems);
    got.document = text_take(&document);
    got.problems = text_take(&problems);
    got.deliveries++;
    got.at_ms = clock_monotonic_ms();
    pthread_cond_broadcast(&got.changed);
    pthread_mutex_unlock(&got.lock);
    fragment_unref(fragment);
    diagnostics_fini(*diagnostics);
    free(*diagnostics);
    *diagnostics = NULL;
}

static void forget_delivered(void)
{
    pthread_mutex_lock(&got.lock);
    free(got.document);
    free(got.problems);
    got.document = got.problems = NULL;
    got.deliveries = 0;
    pthread_mutex_unlock(&got.lock);
}

static char folder[64];

static char *path_of(const char *name)
{
    return wb_format("%s/%s", folder, name);
}

static void put(const char *name, const char *text)
{
    char *path = path_of(name), *slash = path + strlen(folder) + 1;

    while ((slash = strchr(slash, '/'))) {
        *slash = '\0';
        mkdir(path, 0755);
        *slash++ = '/';
    }
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
    free(path);
}

static void move(const char *from, const char *to)
{
    char *old = path_of(from), *new = path_of(to);

    assert_int_equal(rename(old, new), 0);
    free(old);
    free(new);
}

/* Beside it, then renamed over it. */
static void replace(const char *name, const char *text)
{
    const char *slash = strrchr(name, '/');
    char *beside = wb_format("%.*s.new~", slash ? (int)(slash - name + 1) : 0, name);

    put(beside, text);
    move(beside, name);
    free(beside);
}

static void take_away(const char *name)
{
    char *path = path_of(name);

    assert_int_equal(remove(path), 0);
    free(path);
}

static int remove_one(const char *path, const struct stat *stat, int kind, struct FTW *place)
{
    (void)stat;
    (void)kind;
    (void)place;
    return remove(path);
}

static int make_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/wb_file_test.XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    forget_delivered();
    return nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* True once `fits` says so of what was delivered; false after the time. */
static bool wait_for(bool (*fits)(const void *), const void *arg, unsigned limit_ms)
{
    struct timespec until;
    bool good;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += limit_ms / 1000;
    until.tv_nsec += (long)(limit_ms % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    pthread_mutex_lock(&got.lock);
    while (!(good = fits(arg)) && pthread_cond_timedwait(&got.changed, &got.lock, &until) == 0)
        continue;
    pthread_mutex_unlock(&got.lock);
    return good;
}

static bool document_has(const void *part)
{
    return got.document && strstr(got.document, part);
}

static bool problems_have(const void *part)
{
    return got.problems && strstr(got.problems, part);
}

static bool never(const void *arg)
{
    (void)arg;
    return false;
}

static void pause_ms(unsigned ms)
{
    wait_for(never, NULL, ms);
}

static struct slice entrypoint_items[] = {SLICE("http"), SLICE("second"), SLICE("traefik")};
static struct slices known = {entrypoint_items, 3}, defaults = {entrypoint_items, 1};
static struct provider_sink sink = {on_delivered, NULL, &defaults, &known};

static struct provider *start_on(const char *filename, const char *directory, bool same_file)
{
    char *file = filename ? path_of(filename) : NULL, *rules = directory ? path_of(directory) : NULL;
    struct file_options options = {slice_of(file), slice_of(rules), true, same_file};
    struct provider *provider = file_provider_create(&options, &sink);

    free(file);
    free(rules);
    assert_int_equal(provider->ops->start(provider), 0);
    return provider;
}

/* -- golden vectors ------------------------------------------------------------------------------------------- */

struct expectation {
    const cJSON *any_of; /* list of documents, null for none; or */
    const cJSON *one;
};

static bool is_one_of(const cJSON *have, const struct expectation *expected)
{
    const cJSON *item;

    if (!expected->any_of)
        return have ? cJSON_Compare(have, expected->one, true) : cJSON_IsNull(expected->one);
    cJSON_ArrayForEach(item, expected->any_of)
    {
        if (have ? cJSON_Compare(have, item, true) : cJSON_IsNull(item))
            return true;
    }
    return false;
}

static bool document_is(const void *arg)
{
    cJSON *have = got.document ? cJSON_Parse(got.document) : NULL;
    bool same = is_one_of(have, arg);

    cJSON_Delete(have);
    return same;
}

static void expect_document(const char *vector, const cJSON *place)
{
    struct expectation expected = {cJSON_GetObjectItemCaseSensitive(place, "expected_any_of"),
                                   cJSON_GetObjectItemCaseSensitive(place, "expected")};

    if (!wait_for(document_is, &expected, 3000)) {
        char *want = cJSON_PrintUnformatted(expected.any_of ? expected.any_of : expected.one);
        fail_msg("%s: wanted\n%s\nhave\n%s", vector, want, got.document ? got.document : "nothing");
    }
    pause_ms(200); /* and it stays */
    assert_true(document_is(&expected));
}

static void apply_step(const cJSON *step)
{
    const cJSON *item;

    cJSON_ArrayForEach(item, cJSON_GetObjectItem(step, "write")) put(item->string, item->valuestring);
    cJSON_ArrayForEach(item, cJSON_GetObjectItem(step, "replace")) replace(item->string, item->valuestring);
    cJSON_ArrayForEach(item, cJSON_GetObjectItem(step, "remove")) take_away(item->valuestring);
}

/* "{dir}/x" of an argument. */
static const char *argument_of(const cJSON *vector, const char *flag)
{
    const cJSON *item;

    cJSON_ArrayForEach(item, cJSON_GetObjectItem(vector, "args"))
    {
        if (!strncmp(item->valuestring, flag, strlen(flag)))
            return strstr(item->valuestring, "{dir}/") + 6;
    }
    return NULL;
}

static void replay_vector(const char *name, const cJSON *vector)
{
    const char *directory = argument_of(vector, "--file.directory="), *file = argument_of(vector, "--file.filename=");
    const char *static_file = argument_of(vector, "--configFile=");
    struct slice second_then_http[] = {SLICE("second"), SLICE("http")}, two[] = {SLICE("http"), SLICE("traefik")};
    const cJSON *item;
    struct provider *provider;

    defaults = (struct slices){entrypoint_items, 1};
    if (!strcmp(name, "entrypoints.json"))
        defaults = (struct slices){second_then_http, 2};
    if (!strcmp(name, "same-file.json"))
        defaults = (struct slices){two, 2};
    make_folder(NULL);
    cJSON_ArrayForEach(item, cJSON_GetObjectItem(vector, "files")) put(item->string, item->valuestring);
    provider = start_on(file ? file : static_file, directory, !file);
    if (cJSON_IsNull(cJSON_GetObjectItem(vector, "expected")))
        pause_ms(300);
    expect_document(name, vector);
    cJSON_ArrayForEach(item, cJSON_GetObjectItem(vector, "then"))
    {
        apply_step(item);
        pause_ms(cJSON_HasObjectItem(item, "expected") ? 150 : 0);
        expect_document(name, item);
    }
    provider_destroy(&provider);
    remove_folder(NULL);
    defaults = (struct slices){entrypoint_items, 1};
}

static cJSON *load_vector(const char *name)
{
    char path[512];
    struct text text = TEXT_EMPTY;
    char bytes[4096];
    size_t len;

    snprintf(path, sizeof path, "%s/golden/file/%s", WB_TEST_DIR, name);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    while ((len = fread(bytes, 1, sizeof bytes, file)) > 0)
        text_add(&text, slice_make(bytes, len));
    fclose(file);
    cJSON *vector = cJSON_Parse(text.ptr);
    assert_non_null(vector);
    text_fini(&text);
    return vector;
}

static void test_golden_vectors_give_their_documents(void **state)
{
    /* Templates are a later part; what the static file enables is the settings' part. */
    static const char *const elsewhere[] = {"template.json", "same-file-not-enabled.json", "same-file-has-filename.json"};
    char path[512];
    struct dirent **names;
    int count, replayed = 0;

    (void)state;
    snprintf(path, sizeof path, "%s/golden/file", WB_TEST_DIR);
    count = scandir(path, &names, NULL, alphasort);
    assert_true(count > 0);
    for (int i = 0; i < count; i++) {
        const char *name = names[i]->d_name;
        bool skipped = !slice_ends(slice_of(name), SLICE(".json"));

        for (size_t k = 0; k < WB_COUNT(elsewhere); k++)
            skipped |= !strcmp(name, elsewhere[k]);
        if (!skipped) {
            cJSON *vector = load_vector(name);
            replay_vector(name, vector);
            cJSON_Delete(vector);
            replayed++;
        }
        free(names[i]);
    }
    free(names);
    print_message("%d vectors\n", replayed);
    assert_int_equal(replayed, 30);
}

/* -- watching ------------------------------------------------------------------------------------------------- */

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

    pause_ms(300);
    fair = clock_monotonic_ms() - began < 900;
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

static void test_a_file_that_stays_empty_is_applied(void **state)
{
    (void)state;
    put("rules.toml", RULES("old"));
    struct provider *provider = start_on("rules.toml", NULL, false);
    assert_true(wait_for(document_has, "\"old\"", 2000));
    put("rules.toml", "");
    struct expectation none = {NULL, cJSON_CreateObject()};
    assert_true(wait_for(document_is, &none, 4000));
    cJSON_Delete((cJSON *)(uintptr_t)none.one);
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

static void test_a_template_is_refused_and_the_old_configuration_stays(void **state)
{
    (void)state;
    put("rules.toml", RULES("old"));
    struct provider *provider = start_on("rules.toml", NULL, false);
    assert_true(wait_for(document_has, "\"old\"", 2000));
    replace("rules.toml", "# x\n[backends.{{ env \"A\" }}]\n");
    assert_true(wait_for(problems_have, "rules.toml:2:11: templates (`{{`) are not supported yet", 2000));
    assert_true(document_has("\"old\""));
    provider_destroy(&provider);
}

static void test_a_first_read_that_fails_is_watched_too(void **state)
{
    (void)state;
    log_set_level(LOG_FATAL);
    struct provider *provider = start_on("later/deep/rules.toml", NULL, false);
    pause_ms(150);
    assert_int_equal(got.deliveries, 0);
    put("later/deep/rules.toml", "[broken");
    pause_ms(300);
    assert_int_equal(got.deliveries, 0);
    put("later/deep/rules.toml", RULES("a"));
    assert_true(wait_for(document_has, "\"a\"", 2000));
    log_set_level(LOG_ERROR);
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

static void test_a_provider_that_does_not_watch_reads_once_and_stops_at_once(void **state)
{
    (void)state;
    put("rules.toml", RULES("a"));
    char *path = path_of("rules.toml");
    struct file_options options = {slice_of(path), SLICE(""), false, false};
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
        cmocka_unit_test(test_golden_vectors_give_their_documents),
        cmocka_unit_test_setup_teardown(test_a_rename_over_is_applied_within_milliseconds, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_a_slow_save_in_place_never_shows_the_empty_or_half_written_file, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(test_a_file_that_stays_empty_is_applied, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_a_broken_file_keeps_the_old_configuration_and_says_where_until_mended,
                                        make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_a_template_is_refused_and_the_old_configuration_stays, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(test_a_first_read_that_fails_is_watched_too, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_a_folder_removed_and_made_again_is_read_again, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_changes_in_new_and_nested_folders_are_seen, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_a_switched_link_is_seen_in_both_modes_as_in_a_config_map, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(test_a_fifo_or_a_folder_in_place_of_the_file_is_refused_at_once, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(test_a_provider_that_does_not_watch_reads_once_and_stops_at_once, make_folder,
                                        remove_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
