/* SPDX-License-Identifier: MIT */
/* Every recorded vector of test/golden/labels: what the engine says in, the API's document out. */
#include "waybill/provider/docker.h"
#include "docker/build.h"
#include "docker/decode.h"
#include "waybill/base/log.h"
#include "waybill/base/text.h"
#include "waybill/model/inventory.h"
#include "waybill/model/json.h"
#include <cjson/cJSON.h>
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

/* Swarm is not read yet (settings refuses the flag). */
static const char *const not_applicable[] = {"swarm-global.json", "swarm-tasks.json", "swarm-vip.json"};

struct setup {
    struct arena arena;
    struct docker_options options;
    struct slices entrypoints, defaults;
    struct provider_sink sink;
};

static cJSON *read_json(const char *path)
{
    FILE *file = fopen(path, "rb");
    struct text all = TEXT_EMPTY;
    char part[4096];

    assert_non_null(file);
    for (size_t got; (got = fread(part, 1, sizeof part, file)) > 0;)
        text_add(&all, slice_make(part, got));
    fclose(file);
    cJSON *json = cJSON_Parse(all.ptr);
    text_fini(&all);
    assert_non_null(json);
    return json;
}

static bool take_argument(struct setup *setup, struct slice argument, const char *flag, struct slice *out_value)
{
    struct slice name = slice_head(argument, slice_find(argument, '='));

    *out_value = slice_from(argument, name.len + 1);
    (void)setup;
    return slice_eq_nocase(name, slice_of(flag));
}

static void add_constraints(struct setup *setup, struct slice value)
{
    struct slices parts = slices_split(&setup->arena, value, ',');
    for (size_t i = 0; i < parts.count; i++)
        slices_add(&setup->arena, &setup->options.constraints, parts.items[i]);
}

static void take_arguments(struct setup *setup, const cJSON *arguments)
{
    struct docker_options *options = &setup->options;

    for (const cJSON *item = arguments ? arguments->child : NULL; item; item = item->next) {
        struct slice argument = slice_of(item->valuestring), value;
        if (take_argument(setup, argument, "--docker.domain", &value))
            options->domain = value;
        else if (take_argument(setup, argument, "--docker.network", &value))
            options->network = value;
        else if (take_argument(setup, argument, "--docker.exposedbydefault", &value))
            options->exposed_by_default = !slice_eq(value, SLICE("false"));
        else if (take_argument(setup, argument, "--docker.usebindportip", &value))
            options->use_bind_port_ip = true;
        else if (take_argument(setup, argument, "--docker.constraints", &value) ||
                 take_argument(setup, argument, "--constraints", &value))
            add_constraints(setup, value);
        else if (take_argument(setup, argument, "--entryPoints", &value) && slice_starts(value, SLICE("Name:alt ")))
            slices_add(&setup->arena, &setup->entrypoints, SLICE("alt"));
        else if (!take_argument(setup, argument, "--entryPoints", &value))
            fail_msg("argument %s is not known here", item->valuestring);
    }
}

static void set_up(struct setup *setup, const cJSON *vector)
{
    *setup = (struct setup){.options.exposed_by_default = true};
    arena_init(&setup->arena, 0);
    slices_add(&setup->arena, &setup->entrypoints, SLICE("http"));
    slices_add(&setup->arena, &setup->entrypoints, SLICE("traefik"));
    slices_add(&setup->arena, &setup->defaults, SLICE("http"));
    setup->sink = (struct provider_sink){NULL, NULL, &setup->defaults, &setup->entrypoints, NULL};
    take_arguments(setup, cJSON_GetObjectItem(vector, "args"));
}

/* The engine's side: in the order of the list, leaving out those whose inspect fails. */
static size_t decode_all(const cJSON *vector, struct container **containers, struct map *by_id)
{
    char error[DECODE_ERROR_SIZE];
    size_t count = 0;

    for (const cJSON *entry = cJSON_GetObjectItem(vector, "containers")->child; entry; entry = entry->next) {
        char *json = cJSON_PrintUnformatted(cJSON_GetObjectItem(entry, "inspect"));
        struct container *container = cJSON_GetObjectItem(entry, "inspect_status") ? NULL
                                                                                   : decode_container(slice_of(json), error);
        cJSON_free(json);
        if (!container)
            continue;
        containers[count++] = container;
        map_put(by_id, container->id, container);
    }
    return count;
}

static char *document_of(const cJSON *vector)
{
    struct setup setup;
    struct container *containers[64];
    struct map by_id;
    struct network_list networks = {0};
    struct build_output built;
    struct text document = TEXT_EMPTY;

    set_up(&setup, vector);
    map_init(&by_id);
    size_t count = decode_all(vector, containers, &by_id);
    struct build_input input = {&setup.options, &setup.sink, containers, count, &by_id, &networks, NULL, 0, NULL};
    build_fragment(&input, &built);
    for (size_t i = 0; i < count; i++)
        container_destroy(&containers[i]); /* before the document is made: a fragment stands alone */
    json_fragment(&document, built.fragment);
    for (size_t i = 0; getenv("SHOW_DIAGNOSTICS") && i < built.diagnostics->count; i++)
        print_message("  %d %s: %s\n", (int)built.diagnostics->items[i].severity, built.diagnostics->items[i].place,
                      built.diagnostics->items[i].text);
    diagnostics_fini(built.diagnostics);
    free(built.diagnostics);
    fragment_unref(&built.fragment);
    inventory_unref(&built.inventory);
    map_fini(&by_id);
    arena_fini(&setup.arena);
    return text_take(&document);
}

static bool is_expected(const cJSON *vector, const char *document)
{
    const cJSON *one = cJSON_GetObjectItem(vector, "expected"), *any = cJSON_GetObjectItem(vector, "expected_any_of");
    cJSON *got = cJSON_Parse(document);
    bool matches = one && cJSON_Compare(one, got, true);

    for (const cJSON *item = any ? any->child : NULL; item && !matches; item = item->next)
        matches = cJSON_Compare(item, got, true);
    cJSON_Delete(got);
    return matches;
}

static bool applies(const char *name)
{
    for (size_t i = 0; i < WB_COUNT(not_applicable); i++) {
        if (strcmp(name, not_applicable[i]) == 0)
            return false;
    }
    return true;
}

static bool check_vector(const char *name)
{
    char path[4096];

    snprintf(path, sizeof path, "%s/golden/labels/%s", WB_TEST_DIR, name);
    cJSON *vector = read_json(path);
    char *document = document_of(vector);
    bool passed = is_expected(vector, document);
    if (!passed) {
        const cJSON *one = cJSON_GetObjectItem(vector, "expected");
        char *wanted = one ? cJSON_PrintUnformatted(one) : NULL;
        print_message("%s\n  wanted %s\n  got    %s\n", name, wanted ? wanted : "any of several", document);
        cJSON_free(wanted);
    }
    free(document);
    cJSON_Delete(vector);
    return passed;
}

static void test_every_recorded_vector_gives_its_document(void **state)
{
    char path[4096];
    size_t passed = 0, failed = 0, skipped = 0;

    (void)state;
    snprintf(path, sizeof path, "%s/golden/labels", WB_TEST_DIR);
    DIR *folder = opendir(path);
    assert_non_null(folder);
    for (struct dirent *entry; (entry = readdir(folder));) {
        if (!slice_ends(slice_of(entry->d_name), SLICE(".json")))
            continue;
        if (!applies(entry->d_name))
            skipped++;
        else if (check_vector(entry->d_name))
            passed++;
        else
            failed++;
    }
    closedir(folder);
    print_message("%zu vectors pass, %zu fail, %zu do not apply\n", passed, failed, skipped);
    assert_int_equal(failed, 0);
    assert_int_equal(skipped, WB_COUNT(not_applicable));
    assert_true(passed >= 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_recorded_vector_gives_its_document),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
