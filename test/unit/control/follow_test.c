/* SPDX-License-Identifier: MIT */
/* What control makes of an inventory: what the compiler found is added, each change is said once, nothing is compiled for it. */
#include "waybill/base/log.h"
#include "waybill/base/text.h"
#include "waybill/control/control.h"
#include "waybill/model/board.h"
#include "waybill/model/diagnostic.h"
#include "waybill/model/inventory.h"
#include "waybill/net/loop.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

struct scene {
    struct loop *loop;
    struct board *board;
    struct control *control;
    struct model_entrypoint entrypoint;
    struct text said; /* what was logged of containers and publications */
};

static void on_line(enum log_level level, const char *line, void *arg)
{
    struct scene *scene = arg;
    const char *message = strstr(line, "msg=\"");

    (void)level;
    if (strstr(line, "container ") || strstr(line, "published"))
        text_addf(&scene->said, "%s\n", message + 5);
}

static int set_up(void **state)
{
    struct scene *scene = wb_alloc(sizeof *scene);

    scene->entrypoint.name = SLICE("http");
    scene->loop = uv_loop_create(scene);
    scene->board = board_create();
    scene->control = control_create(&(struct control_options){
        .loop = scene->loop,
        .compile = {.entrypoints = &scene->entrypoint, .entrypoint_count = 1},
        .board = scene->board,
    });
    log_set_level(LOG_INFO);
    log_set_sink(on_line, scene);
    *state = scene;
    return 0;
}

static int tear_down(void **state)
{
    struct scene *scene = *state;

    log_set_sink(NULL, NULL);
    control_destroy(&scene->control);
    uv_loop_stop(scene->loop);
    uv_loop_run_all(scene->loop);
    uv_loop_destroy(&scene->loop);
    board_destroy(&scene->board);
    text_fini(&scene->said);
    free(scene);
    return 0;
}

static struct inventory *inventory_of(const char *name, const char *rule)
{
    struct inventory *inventory = inventory_create(SLICE("docker"), 2);
    struct inventory_item *item = inventory_add(inventory, slice_of(name), slice_of(name));

    inventory_decide(item, WHY_ROUTED, "`%s` to http://10.0.0.1:80", rule);
    inventory_add_frontend(item, &(struct inventory_frontend){SLICE("frontend-0"), slice_of(rule), SLICE("backend-b")});
    inventory_add_server(item, &(struct inventory_server){SLICE("backend-b"), SLICE("s"), SLICE("http://10.0.0.1:80")});
    return inventory;
}

static struct fragment *fragment_of(const char *rule)
{
    struct fragment *fragment = fragment_create(SLICE("docker"));
    struct arena *arena = &fragment->arena;
    struct model_frontend *frontend = fragment->frontends = ARENA_NEW(arena, struct model_frontend);
    struct model_backend *backend = fragment->backends = ARENA_NEW(arena, struct model_backend);

    fragment->frontend_count = fragment->backend_count = 1;
    frontend->name = SLICE("frontend-0");
    frontend->backend = SLICE("backend-b");
    frontend->origin = SLICE("container web");
    slices_add(arena, &frontend->entrypoints, SLICE("http"));
    frontend->routes = ARENA_NEW(arena, struct model_route);
    frontend->route_count = 1;
    frontend->routes[0] = (struct model_route){SLICE("route-frontend-0"), slice_of(rule)};
    backend->name = SLICE("backend-b");
    backend->servers = ARENA_NEW(arena, struct model_server);
    backend->server_count = 1;
    backend->servers[0] = (struct model_server){.name = SLICE("s"), .url = SLICE("http://10.0.0.1:80"), .weight = 1};
    return fragment;
}

/* What was said of it; the caller's. */
static char *deliver(struct scene *scene, struct fragment *fragment, struct inventory *inventory)
{
    const struct provider_sink *sink = control_sink(scene->control);
    struct delivery delivery = {.fragment = fragment, .inventory = inventory};

    sink->deliver(sink->arg, SLICE("docker"), &delivery);
    assert_null(delivery.fragment);
    assert_null(delivery.inventory);
    mailbox_open_all(&scene->loop->mailbox, NULL);
    return text_take(&scene->said);
}

static void assert_said(char *said, const char *part, bool is_there)
{
    if ((strstr(said, part) != NULL) != is_there)
        fail_msg("%s: %s\n%s", is_there ? "not said" : "said", part, said);
}

static void test_each_change_is_said_once_with_its_code(void **state)
{
    struct scene *scene = *state;
    struct inventory *paused = inventory_of("web", "Host:a");
    char *said = deliver(scene, fragment_of("Host:a"), inventory_of("web", "Host:a"));

    assert_said(said, "container web: routed (ROUTED): `Host:a` to http://10.0.0.1:80", true);
    assert_said(said, "published", true);
    free(said);
    said = deliver(scene, NULL, inventory_of("web", "Host:a"));
    assert_string_equal(said, "");
    free(said);
    inventory_decide(&paused->items[0], WHY_PAUSED, "it is paused");
    said = deliver(scene, NULL, paused);
    assert_string_equal(said, "container web: waiting (PAUSED): it is paused\"\n"); /* and nothing was compiled */
    free(said);
    said = deliver(scene, NULL, inventory_create(SLICE("docker"), 0));
    assert_string_equal(said, "container web: gone\"\n");
    free(said);
}

static void test_the_board_says_since_when(void **state)
{
    struct scene *scene = *state;
    struct inventory *first, *second, *changed = inventory_of("web", "Host:a");

    free(deliver(scene, NULL, inventory_of("web", "Host:a")));
    first = board_inventory(scene->board, SLICE("docker"));
    free(deliver(scene, NULL, inventory_of("web", "Host:b")));
    second = board_inventory(scene->board, SLICE("docker"));
    assert_true(first->items[0].since_ns > 0);
    assert_true(first->items[0].since_ns == second->items[0].since_ns); /* the same state */
    inventory_unref(&first);
    inventory_decide(&changed->items[0], WHY_PAUSED, "it is paused");
    free(deliver(scene, NULL, changed));
    first = board_inventory(scene->board, SLICE("docker"));
    assert_true(first->items[0].since_ns > second->items[0].since_ns);
    inventory_unref(&first);
    inventory_unref(&second);
}

static void break_entrypoint(struct fragment *fragment)
{
    fragment->frontends[0].entrypoints.count = 0;
}

static void break_backend(struct fragment *fragment)
{
    fragment->backends[0].servers[0].url = SLICE("http://10.0.0.1:80x");
}

static void break_protection(struct fragment *fragment)
{
    fragment->frontends[0].closed_because = SLICE("label x: `y`: write z");
}

static void break_nothing(struct fragment *fragment)
{
    (void)fragment;
}

static void test_what_the_compiler_found_decides_about_its_container(void **state)
{
    static const struct {
        const char *rule;
        void (*break_it)(struct fragment *fragment);
        enum container_why why;
        const char *part;
    } cases[] = {
        {"Hots:a", break_nothing, WHY_RULE, "Hots"},
        {"Host:a", break_entrypoint, WHY_NO_ENTRYPOINT, "entrypoint"},
        {"Host:a", break_backend, WHY_NO_BACKEND, "backend-b"},
        {"Host:a", break_protection, WHY_CLOSED, "label x: `y`: write z"},
        {"Host:a", break_nothing, WHY_ROUTED, "to http://10.0.0.1:80"},
    };
    struct scene *scene = *state;

    for (size_t i = 0; i < WB_COUNT(cases); i++) {
        struct fragment *fragment = fragment_of(cases[i].rule);
        cases[i].break_it(fragment);
        char *said = deliver(scene, fragment, inventory_of("web", cases[i].rule));
        struct inventory *inventory = board_inventory(scene->board, SLICE("docker"));
        const struct inventory_item *item = &inventory->items[0];
        assert_string_equal(container_why_name(item->why), container_why_name(cases[i].why));
        assert_non_null(strstr(item->sentence.ptr, cases[i].part));
        assert_said(said, container_why_name(cases[i].why), true);
        assert_int_equal(item->problem_count > 0, cases[i].why != WHY_ROUTED);
        if (cases[i].why != WHY_ROUTED)
            assert_true(slice_eq(item->values[1].value, slice_of(cases[i].rule)));
        inventory_unref(&inventory);
        free(said);
    }
}

static void test_one_good_frontend_is_enough_to_be_routed(void **state)
{
    struct scene *scene = *state;
    struct inventory *two = inventory_of("web", "Host:a"), *shown;
    struct fragment *fragment = fragment_of("Hots:a");

    inventory_add_frontend(&two->items[0], &(struct inventory_frontend){SLICE("frontend-1"), SLICE("Host:b"), SLICE("b")});
    free(deliver(scene, fragment, two));
    shown = board_inventory(scene->board, SLICE("docker"));
    assert_int_equal(shown->items[0].why, WHY_ROUTED);
    assert_int_equal(shown->items[0].problem_count, 1);
    inventory_unref(&shown);
}

#define WITH_SCENE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

static void deliver_unopened(struct scene *scene, const char *provider, struct fragment *fragment,
                             struct inventory *inventory, const char *problem)
{
    const struct provider_sink *sink = control_sink(scene->control);
    struct delivery delivery = {.fragment = fragment, .inventory = inventory};

    if (problem) {
        delivery.diagnostics = wb_alloc(sizeof *delivery.diagnostics);
        diagnostics_init(delivery.diagnostics);
        diagnostics_add(delivery.diagnostics, DIAGNOSTIC_WARNING, SLICE("container web"), "%s", problem);
    }
    sink->deliver(sink->arg, slice_of(provider), &delivery);
    assert_true(!delivery.fragment && !delivery.inventory && !delivery.diagnostics);
}

/* Of what comes while control is busy the last counts, part by part: a provider that is fast fills no memory. */
static void test_what_waits_is_replaced_by_what_comes_later(void **state)
{
    struct scene *scene = *state;

    for (int i = 0; i < 1000; i++)
        deliver_unopened(scene, "docker", fragment_of(i < 999 ? "Host:old.t" : "Host:new.t"), NULL,
                         i < 500 ? "container said early" : "container said late");
    deliver_unopened(scene, "docker", NULL, inventory_of("web1", "Host:new.t"), NULL);
    deliver_unopened(scene, "docker", NULL, inventory_of("web2", "Host:new.t"), NULL);
    assert_int_equal(mailbox_open_all(&scene->loop->mailbox, NULL), 1);
    char *said = text_take(&scene->said);
    assert_said(said, "container web2: ", true);
    assert_said(said, "container web1: ", false);
    assert_said(said, "said late", true);
    assert_said(said, "said early", false);
    assert_said(said, "configuration 1 published: 1 frontends", true);
    assert_said(said, "configuration 2 published", false);
    free(said);
    assert_true(
        slice_eq(model_fragment(&control_current(scene->control)->model, SLICE("docker"))->frontends[0].routes[0].rule,
                 SLICE("Host:new.t")));
    /* What comes when that was opened is another one. */
    deliver_unopened(scene, "docker", fragment_of("Host:later.t"), NULL, NULL);
    deliver_unopened(scene, "docker", fragment_of("Host:last.t"), NULL, NULL);
    assert_int_equal(mailbox_open_all(&scene->loop->mailbox, NULL), 1);
    said = text_take(&scene->said);
    assert_said(said, "configuration 2 published", true);
    assert_said(said, "configuration 3 published", false);
    free(said);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_SCENE(test_each_change_is_said_once_with_its_code),
        WITH_SCENE(test_the_board_says_since_when),
        WITH_SCENE(test_what_the_compiler_found_decides_about_its_container),
        WITH_SCENE(test_one_good_frontend_is_enough_to_be_routed),
        WITH_SCENE(test_what_waits_is_replaced_by_what_comes_later),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
