/* SPDX-License-Identifier: MIT */
/* The provider on real files: every golden vector that needs no other part. */
#include "file_fixture.h"
#include <cjson/cJSON.h>
#include <dirent.h>

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
    cJSON_ArrayForEach(item, cJSON_GetObjectItem(vector, "env")) setenv(item->string, item->valuestring, 1);
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
    /* What the static file enables is the settings' part. */
    static const char *const elsewhere[] = {"same-file-not-enabled.json", "same-file-has-filename.json"};
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
    assert_int_equal(replayed, 37);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden_vectors_give_their_documents),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
