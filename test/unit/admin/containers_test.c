/* SPDX-License-Identifier: MIT */
/* /api/containers: what became of each container, as JSON and as text. */
#include "ask.h"
#include "waybill/model/board.h"
#include "waybill/model/inventory.h"

#define ID_WEB "aaaa0000000000000000000000000000000000000000000000000000000000aa"
#define ID_DB  "aaab0000000000000000000000000000000000000000000000000000000000bb"

#define WEB                                                                                                              \
    "{\"id\":\"" ID_WEB "\",\"name\":\"web\",\"service\":\"/web\",\"state\":\"routed\",\"code\":\"ROUTED\",\"reason\":"  \
    "\"`Host:web.t` to http://172.17.0.2:80\",\"since\":\"1970-01-01T00:00:01Z\",\"values\":{},\"frontends\":[{\"name\"" \
    ":\"frontend-Host-web-t-0\",\"rule\":\"Host:web.t\",\"backend\":\"backend-web\"}],\"servers\":[{\"backend\":"        \
    "\"backend-web\",\"name\":\"server-web-1\",\"url\":\"http://172.17.0.2:80\"}],\"problems\":[{\"severity\":"          \
    "\"warning\",\"label\":\"traefik.frotend.rule\",\"text\":\"\\u003cb\\u003e\"}]}"
#define DB                                                                                                            \
    "{\"id\":\"" ID_DB "\",\"name\":\"db\",\"service\":\"\",\"state\":\"waiting\",\"code\":\"UNHEALTHY\",\"reason\":" \
    "\"its health is unhealthy\",\"since\":\"1970-01-01T00:00:01Z\",\"values\":{\"health\":\"unhealthy\"},"           \
    "\"frontends\":[],\"servers\":[],\"problems\":[]}"

struct scene {
    struct world world;
    struct board *board;
};

static void post(struct scene *scene)
{
    struct inventory *inventory = inventory_create(SLICE("docker"), 2);
    struct diagnostics said;
    struct inventory_item *web = inventory_add(inventory, SLICE(ID_WEB), SLICE("web")),
                          *db = inventory_add(inventory, SLICE(ID_DB), SLICE("db"));

    web->service = SLICE("/web");
    inventory_decide(web, WHY_ROUTED, "`Host:web.t` to http://172.17.0.2:80");
    inventory_add_frontend(
        web, &(struct inventory_frontend){SLICE("frontend-Host-web-t-0"), SLICE("Host:web.t"), SLICE("backend-web")});
    inventory_add_server(
        web, &(struct inventory_server){SLICE("backend-web"), SLICE("server-web-1"), SLICE("http://172.17.0.2:80")});
    inventory_decide(db, WHY_UNHEALTHY, "its health is unhealthy");
    inventory_add_value(db, "health", SLICE("unhealthy"));
    web->since_ns = db->since_ns = 1000000000;
    diagnostics_init(&said);
    diagnostics_add(&said, DIAGNOSTIC_WARNING, SLICE("container web, label traefik.frotend.rule"), "<b>");
    inventory_add_problems(inventory, &said);
    diagnostics_fini(&said);
    board_set_inventory(scene->board, &inventory);
}

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

    world_fini(&scene->world);
    board_destroy(&scene->board);
    assert_null(scene->board);
    free(scene);
    return 0;
}

static void assert_text(struct world *world, unsigned status, const char *wanted)
{
    assert_int_equal(world->answer.status, status);
    assert_slice(world->answer.content_type, "text/plain; charset=utf-8");
    assert_slice(world_body(world), wanted);
}

static bool body_has(const struct world *world, const char *part)
{
    char *body = slice_dup(world_body(world));
    bool found = strstr(body, part) != NULL;

    free(body);
    return found;
}

static void test_nothing_is_known_before_the_first_delivery(void **state)
{
    struct scene *scene = *state;

    assert_json(&scene->world, "GET /api/containers", "{\"provider\":null,\"containers\":[]}");
    scene->world.options.board = NULL;
    world_restart(&scene->world);
    assert_json(&scene->world, "GET /api/containers", "{\"provider\":null,\"containers\":[]}");
    assert_true(world_ask(&scene->world, "GET /api/containers?format=text"));
    assert_text(&scene->world, 200, "the docker provider is not on: start with --docker\n");
}

static void test_all_containers_and_one_by_name_or_beginning_of_its_id(void **state)
{
    struct scene *scene = *state;

    post(scene);
    assert_json(&scene->world, "GET /api/containers", "{\"provider\":null,\"containers\":[" WEB "," DB "]}");
    assert_json(&scene->world, "GET /api/containers/web", WEB);
    assert_json(&scene->world, "GET /api/containers/aaab", DB);
    assert_json(&scene->world, "GET /api/containers/" ID_DB, DB);
    assert_left(&scene->world, "GET /api/containerss");
    assert_left(&scene->world, "GET /api/containers/web/more");
    assert_redirect(&scene->world, "GET /api/containers/web/", 301, "/api/containers/web");
}

static void test_a_missing_one_is_404_with_names_that_are_like_it(void **state)
{
    struct scene *scene = *state;

    post(scene);
    assert_true(world_ask(&scene->world, "GET /api/containers/wbe"));
    assert_int_equal(scene->world.answer.status, 404);
    assert_slice(world_body(&scene->world),
                 "{\"error\":\"there is no such container\",\"asked\":\"wbe\",\"near\":[\"web\"]}");
    assert_true(world_ask(&scene->world, "GET /api/containers/wbe?format=text"));
    assert_text(&scene->world, 404, "this router reads no containers: start it with --docker\n");
    board_note_synced(scene->board, SLICE("docker"), true);
    /* The beginning of both ids. */
    assert_true(world_ask(&scene->world, "GET /api/containers/aaa?format=text"));
    assert_text(&scene->world, 404, "the engine reports no container `aaa`: did you mean web or db?\n");
    assert_true(world_ask(&scene->world, "GET /api/containers/x%1b[31m?format=text"));
    assert_text(&scene->world, 404, "the engine reports no container `x\\x1b[31m` that runs\n");
    board_note_lost(scene->board, SLICE("docker"), "no socket");
    assert_true(world_ask(&scene->world, "GET /api/containers/aaa?format=text"));
    assert_true(body_has(&scene->world, "docker: NOT CONNECTED for "));
    assert_true(
        body_has(&scene->world, ": no socket; what was known before is in force\nthe engine reports no container `aaa`"));
}

static void test_text_for_whoever_prefers_it(void **state)
{
    struct scene *scene = *state;

    post(scene);
    headers_add_id(&scene->world.headers, HEADER_ACCEPT, SLICE("text/plain"));
    assert_true(world_ask(&scene->world, "GET /api/containers/web"));
    assert_int_equal(scene->world.answer.status, 200);
    assert_true(body_has(&scene->world, "web: routed (ROUTED) for "));
    assert_true(body_has(&scene->world, "\n  `Host:web.t` to http://172.17.0.2:80\n"));
    assert_true(body_has(&scene->world, "    Host:web.t  (frontend-Host-web-t-0, leads to backend-web)\n"));
    assert_true(body_has(&scene->world, "    http://172.17.0.2:80  (of backend-web)\n"));
    assert_true(body_has(&scene->world, "    warning: label traefik.frotend.rule: <b>\n"));
    assert_true(world_ask(&scene->world, "GET /api/containers/db"));
    assert_true(body_has(&scene->world, "  decided by\n    health: unhealthy\n"));
    assert_true(world_ask(&scene->world, "GET /api/containers"));
    assert_true(body_has(&scene->world, "web: routed (ROUTED): `Host:web.t` to http://172.17.0.2:80 [1 problem]\n"));
    assert_true(body_has(&scene->world, "db: waiting (UNHEALTHY): its health is unhealthy\n"));
    assert_json(&scene->world, "GET /api/containers/db?format=json", DB);
}

static void test_the_provider_says_when_it_lost_the_engine(void **state)
{
    struct scene *scene = *state;

    board_note_synced(scene->board, SLICE("docker"), true);
    assert_true(world_ask(&scene->world, "GET /api/containers"));
    assert_true(
        body_has(&scene->world, "{\"provider\":{\"name\":\"docker\",\"connected\":true,\"follows\":true,\"since\":\"2"));
    assert_true(body_has(&scene->world, "\"error\":\"\"}"));
    board_note_lost(scene->board, SLICE("docker"), "no <socket>");
    assert_true(world_ask(&scene->world, "GET /api/containers"));
    assert_true(body_has(&scene->world, "\"connected\":false"));
    assert_true(body_has(&scene->world, "\"error\":\"no \\u003csocket\\u003e\"}"));
    assert_true(world_ask(&scene->world, "GET /api/containers?format=text"));
    assert_true(body_has(&scene->world, "docker: NOT CONNECTED for 0s: no <socket>; what was known before is in force\n"));
    assert_true(world_ask(&scene->world, "GET /api/overview"));
    assert_true(body_has(&scene->world, "\"provider\":{\"name\":\"docker\",\"connected\":false"));
}

static void test_the_overview_counts_the_inventories(void **state)
{
    struct scene *scene = *state;

    post(scene);
    post(scene);
    assert_true(world_ask(&scene->world, "GET /api/overview"));
    assert_true(body_has(&scene->world, ",\"inventory\":2"));
}

static void test_labels_can_neither_break_a_line_nor_steer_a_terminal(void **state)
{
    struct scene *scene = *state;
    struct inventory *inventory = inventory_create(SLICE("docker"), 1);
    struct inventory_item *item = inventory_add(inventory, SLICE(ID_WEB), SLICE("web"));

    inventory_decide(item, WHY_LABEL, "label x: `%s`", "\033[2J\nweb: routed\342\200\256");
    inventory_add_value(item, "value", SLICE("\033]0;x\a"));
    board_set_inventory(scene->board, &inventory);
    assert_true(world_ask(&scene->world, "GET /api/containers/web?format=text"));
    assert_false(body_has(&scene->world, "\033"));
    assert_false(body_has(&scene->world, "\342\200\256"));
    assert_false(body_has(&scene->world, "\nweb: routed"));
    assert_true(body_has(&scene->world, "\\x1b[2J\\nweb: routed"));
}

#define WITH_SCENE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_SCENE(test_nothing_is_known_before_the_first_delivery),
        WITH_SCENE(test_all_containers_and_one_by_name_or_beginning_of_its_id),
        WITH_SCENE(test_a_missing_one_is_404_with_names_that_are_like_it),
        WITH_SCENE(test_text_for_whoever_prefers_it),
        WITH_SCENE(test_the_provider_says_when_it_lost_the_engine),
        WITH_SCENE(test_the_overview_counts_the_inventories),
        WITH_SCENE(test_labels_can_neither_break_a_line_nor_steer_a_terminal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
