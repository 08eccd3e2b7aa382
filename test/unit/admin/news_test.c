/* SPDX-License-Identifier: MIT */
/* The events that a look at the board and the snapshot makes. */
#include "ask.h"
#include "news.h"
#include "waybill/model/board.h"
#include "waybill/model/inventory.h"
#include <cjson/cJSON.h>
#include <stdio.h>

struct scene {
    struct world world;
    struct board *board;
    struct news news;
    struct text out;
};

static int set_up(void **state)
{
    struct scene *scene = wb_alloc(sizeof *scene);

    world_init(&scene->world);
    scene->board = scene->world.options.board = board_create();
    world_restart(&scene->world);
    *state = scene;
    return 0;
}

static int tear_down(void **state)
{
    struct scene *scene = *state;

    news_end(&scene->news);
    text_fini(&scene->out);
    world_fini(&scene->world);
    board_destroy(&scene->board);
    free(scene);
    return 0;
}

static void begin(struct scene *scene)
{
    news_begin(&scene->news, &scene->world.options, &scene->world.snapshot, 1000000000);
}

static const char *look(struct scene *scene)
{
    scene->out.len = 0;
    news_gather(&scene->news, &scene->world.snapshot, &scene->out);
    return scene->out.len ? scene->out.ptr : "";
}

/* `count` containers, the first of which is as `why` and `sentence` say. */
static void post(struct scene *scene, size_t count, enum container_why why, const char *sentence)
{
    struct inventory *inventory = inventory_create(SLICE("docker"), count + 1);
    char id[16];

    for (size_t i = 0; i < count; i++) {
        snprintf(id, sizeof id, "%04zx", i);
        struct inventory_item *item = inventory_add(inventory, slice_of(id), slice_of(i ? id : "web"));
        inventory_decide(item, i ? WHY_ROUTED : why, "%s", i ? "as ever" : sentence);
        item->since_ns = 1000000000;
    }
    board_set_inventory(scene->board, &inventory);
}

static void test_what_was_there_at_the_begin_is_not_news(void **state)
{
    struct scene *scene = *state;

    post(scene, 3, WHY_ROUTED, "x");
    board_note_synced(scene->board, SLICE("docker"), true);
    begin(scene);
    assert_string_equal(look(scene), "");
    board_note_synced(scene->board, SLICE("docker"), true);
    assert_string_equal(look(scene), "");
}

static void test_containers_come_change_and_go(void **state)
{
    struct scene *scene = *state;

    begin(scene);
    post(scene, 1, WHY_STARTING, "its health check has not passed yet");
    assert_string_equal(look(scene),
                        "event: container\ndata: {\"id\":\"0000\",\"name\":\"web\",\"state\":\"waiting\",\"code\":"
                        "\"STARTING\",\"reason\":\"its health check has not passed yet\",\"since\":"
                        "\"1970-01-01T00:00:01Z\"}\n\n");
    post(scene, 1, WHY_STARTING, "its health check has not passed yet");
    assert_string_equal(look(scene), "");
    post(scene, 1, WHY_ROUTED, "`Host:a`");
    assert_non_null(strstr(look(scene), "\"state\":\"routed\""));
    post(scene, 0, WHY_ROUTED, "");
    assert_string_equal(look(scene), "event: container\ndata: {\"id\":\"0000\",\"name\":\"web\",\"state\":\"gone\"}\n\n");
    assert_string_equal(look(scene), "");
}

static void test_many_at_once_are_not_named(void **state)
{
    struct scene *scene = *state;

    begin(scene);
    post(scene, 2000, WHY_ROUTED, "x");
    assert_string_equal(look(scene), "event: containers\ndata: {\"changed\":2000}\n\n");
    post(scene, 1990, WHY_ROUTED, "x");
    assert_non_null(strstr(look(scene), "\"state\":\"gone\""));
}

/* What labels say is within one line of JSON: each line of the event begins as it should, and its data can be read. */
static void test_labels_cannot_begin_an_event(void **state)
{
    static const char hostile[] = "x\n\nevent: end\ndata: {}\n\n\r\n\xe2\x80\xa8</script><script>alert(1)</script>\"\\";
    struct scene *scene = *state;
    struct slice text, line;

    begin(scene);
    post(scene, 1, WHY_LABEL, hostile);
    look(scene);
    text = text_slice(&scene->out);
    assert_true(slice_cut(&text, '\n', &line) && slice_eq(line, SLICE("event: container")));
    assert_true(slice_cut(&text, '\n', &line) && slice_starts(line, SLICE("data: {")));
    assert_slice(text, "\n");
    char *document = slice_dup(slice_from(line, 6));
    assert_null(strchr(document, '<'));
    cJSON *read = cJSON_Parse(document);
    assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItem(read, "reason")), hostile);
    cJSON_Delete(read);
    free(document);
}

static void test_health_checks_that_turn_are_told(void **state)
{
    struct scene *scene = *state;
    struct route_health one = {.label = SLICE("http://10.0.0.3:80/up")}, other = {.label = SLICE("http://10.0.0.4:80/up")};
    struct route_health *checks[] = {&one, &other};

    scene->world.snapshot.checks = checks;
    scene->world.snapshot.check_count = 2;
    begin(scene);
    cell_add(&other.failing, 1);
    assert_string_equal(look(scene), "event: health\ndata: {\"check\":\"http://10.0.0.4:80/up\",\"state\":\"down\"}\n\n");
    cell_add(&other.failing, 1);
    assert_string_equal(look(scene), "");
    cell_set(&other.failing, 0);
    assert_string_equal(look(scene), "event: health\ndata: {\"check\":\"http://10.0.0.4:80/up\",\"state\":\"up\"}\n\n");
    scene->world.snapshot.check_count = 1;
    scene->world.snapshot.number = 8;
    cell_set(&one.failing, 1);
    assert_string_equal(look(scene), "event: configuration\ndata: {\"snapshot\":8,\"frontends\":0,\"left_out\":0}\n\n");
    assert_string_equal(look(scene), "");
}

static void test_the_engine_going_away_is_told(void **state)
{
    struct scene *scene = *state;

    board_note_synced(scene->board, SLICE("docker"), true);
    begin(scene);
    board_note_lost(scene->board, SLICE("docker"), "no socket");
    assert_non_null(strstr(look(scene), "event: provider\ndata: {\"name\":\"docker\",\"connected\":false,"));
    assert_non_null(strstr(scene->out.ptr, "\"error\":\"no socket\"}\n\n"));
    assert_string_equal(look(scene), "");
    board_note_synced(scene->board, SLICE("docker"), true);
    assert_non_null(strstr(look(scene), "\"connected\":true"));
}

static void say(struct scene *scene, const char *source, const char *text)
{
    struct diagnostics list;

    diagnostics_init(&list);
    if (text)
        diagnostics_add(&list, DIAGNOSTIC_CLOSED, SLICE("container web, label <b>"), "%s", text);
    board_set_diagnostics(scene->board, slice_of(source), &list);
    diagnostics_fini(&list);
}

static void test_diagnostics_in_force_are_shown_and_changes_told(void **state)
{
    struct scene *scene = *state;

    assert_json(&scene->world, "GET /api/diagnostics", "{\"changes\":0,\"diagnostics\":[]}");
    begin(scene);
    say(scene, "docker", "`x` is no range");
    say(scene, "routes", "two");
    assert_string_equal(look(scene), "event: diagnostics\ndata: {\"count\":2}\n\n");
    say(scene, "docker", "`x` is no range");
    assert_string_equal(look(scene), "");
    assert_json(
        &scene->world, "GET /api/diagnostics",
        "{\"changes\":2,\"diagnostics\":["
        "{\"source\":\"docker\",\"severity\":\"closed\",\"place\":\"container web, label \\u003cb\\u003e\",\"text\":\"`x` "
        "is "
        "no range\"},{\"source\":\"routes\",\"severity\":\"closed\",\"place\":\"container web, label \\u003cb\\u003e\","
        "\"text\":\"two\"}]}");
    assert_true(world_ask(&scene->world, "GET /api/diagnostics?format=text"));
    assert_slice(world_body(&scene->world),
                 "closed: container web, label <b>: `x` is no range\nclosed: container web, label <b>: two\n");
    say(scene, "docker", NULL);
    assert_string_equal(look(scene), "event: diagnostics\ndata: {\"count\":1}\n\n");
}

static void test_figures_are_those_since_the_last(void **state)
{
    struct scene *scene = *state;
    struct exchange_counters **counters = scene->world.counters;

    cell_add(&counters[0]->requests, 1000);
    begin(scene);
    cell_add(&counters[0]->requests, 10);
    cell_add(&counters[1]->requests, 5);
    cell_add(&counters[1]->status[502], 5);
    cell_add(&counters[1]->status[404], 5);
    cell_add(&counters[0]->clients, 3);
    cell_add(&counters[0]->response_bytes, 100);
    news_gather_figures(&scene->news, &scene->world.snapshot, 3000000000, &scene->out);
    assert_non_null(
        strstr(scene->out.ptr, "event: figures\ndata: {\"snapshot\":7,\"inventory\":0,\"diagnostics\":0,\"at\":"));
    assert_non_null(strstr(scene->out.ptr, "\"seconds\":2.000,\"clients\":3,\"active\":0,\"requests\":7.50,\"errors\":2.50,"
                                           "\"bytes\":50.00"));
    scene->out.len = 0;
    news_gather_figures(&scene->news, &scene->world.snapshot, 4000000000, &scene->out);
    assert_non_null(strstr(scene->out.ptr, "\"requests\":0.00,\"errors\":0.00,\"bytes\":0.00"));
}

int main(void)
{
#define NEWS_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        NEWS_TEST(test_what_was_there_at_the_begin_is_not_news),
        NEWS_TEST(test_containers_come_change_and_go),
        NEWS_TEST(test_many_at_once_are_not_named),
        NEWS_TEST(test_labels_cannot_begin_an_event),
        NEWS_TEST(test_health_checks_that_turn_are_told),
        NEWS_TEST(test_the_engine_going_away_is_told),
        NEWS_TEST(test_diagnostics_in_force_are_shown_and_changes_told),
        NEWS_TEST(test_figures_are_those_since_the_last),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
