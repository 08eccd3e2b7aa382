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
#include "swarm_lists.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

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
        else if (take_argument(setup, argument, "--docker.swarmmode", &value))
            options->swarm_mode = true;
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

/* As the engine filters them: the tasks that are to run. */
static cJSON *wanted_tasks(const cJSON *swarm)
{
    cJSON *wanted = cJSON_CreateArray();

    for (const cJSON *task = cJSON_GetObjectItem(swarm, "tasks")->child; task; task = task->next) {
        if (strcmp(cJSON_GetObjectItem(task, "DesiredState")->valuestring, "running") == 0)
            cJSON_AddItemToArray(wanted, cJSON_Duplicate(task, true));
    }
    return wanted;
}

static size_t muster_all(const cJSON *vector, const struct docker_options *options, struct container **containers,
                         struct map *by_id)
{
    const cJSON *swarm = cJSON_GetObjectItem(vector, "swarm");
    cJSON *wanted = wanted_tasks(swarm);
    char *services = cJSON_PrintUnformatted(cJSON_GetObjectItem(swarm, "services")), *tasks = cJSON_PrintUnformatted(wanted);
    char *networks = cJSON_PrintUnformatted(cJSON_GetObjectItem(swarm, "networks"));
    struct swarm_lists lists;
    size_t count = 0;

    assert_int_equal(swarm_lists_read(&lists, services, tasks, networks, "[]", options, NULL), 0);
    for (size_t i = 0; i < lists.count; i++) {
        containers[count] = lists.items[i].container;
        lists.items[i].container = NULL;
        map_put(by_id, containers[count]->id, containers[count]);
        count++;
    }
    swarm_lists_fini(&lists);
    cJSON_free(services);
    cJSON_free(tasks);
    cJSON_free(networks);
    cJSON_Delete(wanted);
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
    size_t count = setup.options.swarm_mode ? muster_all(vector, &setup.options, containers, &by_id)
                                            : decode_all(vector, containers, &by_id);
    struct build_input input = {&setup.options, &setup.sink, containers, count, &by_id, &networks, NULL, 0};
    build_fragment(&input, &built);
    for (size_t i = 0; i < count; i++)
        container_unref(&containers[i]); /* before the document is made: a fragment stands alone */
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
    size_t passed = 0, failed = 0;

    (void)state;
    snprintf(path, sizeof path, "%s/golden/labels", WB_TEST_DIR);
    DIR *folder = opendir(path);
    assert_non_null(folder);
    for (struct dirent *entry; (entry = readdir(folder));) {
        if (!slice_ends(slice_of(entry->d_name), SLICE(".json")))
            continue;
        if (check_vector(entry->d_name))
            passed++;
        else
            failed++;
    }
    closedir(folder);
    print_message("%zu vectors pass, %zu fail\n", passed, failed);
    assert_int_equal(failed, 0);
    assert_true(passed >= 53);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_recorded_vector_gives_its_document),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
