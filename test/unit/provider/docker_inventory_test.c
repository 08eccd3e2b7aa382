/* SPDX-License-Identifier: MIT */
/* What became of each container: its code, the values that decided, what it is routed as. */
#include "build_scene.h"

static void test_each_container_has_a_state_with_a_reason(void **state)
{
    static const struct {
        const char *labels, *networks, *state;
        enum container_state expected;
        const char *reason;
    } cases[] = {
        {"", BRIDGE, "", CONTAINER_ROUTED, ""},
        {"\"traefik.enable\":\"false\"", BRIDGE, "", CONTAINER_IGNORED, "traefik.enable"},
        {"\"traefik.tags\":\"b\"", BRIDGE, "", CONTAINER_IGNORED, "tag==a"},
        {"", BRIDGE, ",\"Health\":{\"Status\":\"starting\"}", CONTAINER_WAITING, "starting"},
        {"", BRIDGE, ",\"Paused\":true", CONTAINER_WAITING, "paused"},
        {"", BRIDGE, ",\"Restarting\":true", CONTAINER_WAITING, "restarting"},
        {"", "", "", CONTAINER_WAITING, "in no network"},
        {"", "\"x\":{\"IPAddress\":\"\"}", "", CONTAINER_WAITING, "no address in the network `x`"},
    };

    (void)state;
    for (size_t i = 0; i < WB_COUNT(cases); i++) {
        struct scene *scene;
        set_up((void **)&scene);
        if (strstr(cases[i].labels, "tags"))
            slices_add(&scene->arena, &scene->options.constraints, SLICE("tag==a*"));
        add_with(scene, ID_A, "web", cases[i].labels, cases[i].networks, cases[i].state, "x");
        build(scene);
        assert_int_equal(state_of(scene, 0), cases[i].expected);
        assert_non_null(strstr(scene->built.inventory->items[0].sentence.ptr, cases[i].reason));
        tear_down((void **)&scene);
    }
}

/* The values as "name=value;", which is how they are written below. */
static char *values_of(const struct inventory_item *item)
{
    struct text text = TEXT_EMPTY;

    for (size_t i = 0; i < item->value_count; i++)
        text_addf(&text, SLICE_FMT "=" SLICE_FMT ";", SLICE_ARG(item->values[i].name), SLICE_ARG(item->values[i].value));
    return text_take(&text);
}

#define OWN_NETWORK "\"front\":{\"NetworkID\":\"n1\",\"IPAddress\":\"10.1.0.2\"}"
#define BACK        "\"back\":{\"NetworkID\":\"n2\",\"IPAddress\":\"10.2.0.2\"}"

/* Beside a router in the network `front`, without exposedByDefault when the labels say `enable`. */
static void test_each_code_comes_with_the_values_that_decided(void **state)
{
    static const struct {
        const char *labels, *networks, *state, *mode, *code, *values, *part;
    } cases[] = {
        {"", OWN_NETWORK, "", "x", "ROUTED", "", "`Host:web.t` to http://10.1.0.2:80"},
        {"\"traefik.enable\":\"0\"", OWN_NETWORK, "", "x", "DISABLED", "traefik.enable=0;", "traefik.enable is 0"},
        {"\"traefik.tags\":\"b, c\"", OWN_NETWORK, "", "x", "CONSTRAINT", "constraint=tag==a*;traefik.tags=b, c;",
         "tag==a*"},
        {"", OWN_NETWORK, ",\"Health\":{\"Status\":\"starting\"}", "x", "STARTING", "health=starting;", "starting"},
        {"", OWN_NETWORK, ",\"Health\":{\"Status\":\"unhealthy\"}", "x", "UNHEALTHY", "health=unhealthy;", "unhealthy"},
        {"", OWN_NETWORK, ",\"Paused\":true", "x", "PAUSED", "state=paused;", "paused"},
        {"", OWN_NETWORK, ",\"Restarting\":true", "x", "RESTARTING", "state=restarting;", "restarting"},
        {"", "", "", "none", "NO_NETWORK", "networkMode=none;networks=none;routerNetworks=front;", "(front)"},
        {"", "\"front\":{\"NetworkID\":\"n1\",\"IPAddress\":\"\"}", "", "x", "NO_ADDRESS",
         "networkMode=x;networks=front;routerNetworks=front;", "`front`"},
        {"", BACK, "", "x", "NO_SHARED_NETWORK", "networkMode=x;networks=back;routerNetworks=front;",
         "it is in back, the router in front; put both into one"},
        {"\"traefik.docker.network\":\"back\"", BACK "," OWN_NETWORK, "", "x", "NO_SHARED_NETWORK",
         "networkMode=x;networks=back, front;routerNetworks=front;", "traefik.docker.network=front"},
        {"", "", "", "host", "NO_SHARED_NETWORK", "networkMode=host;networks=none;routerNetworks=front;",
         "127.0.0.1 is the router itself"},
        {"", "", "", "container:" ID_B, "ROUTED", "", "`Host:web.t` to http://10.1.0.9:80"},
        {"", "", "", "container:nobody", "NETWORK_OWNER_DOWN",
         "networkMode=container:nobody;networks=none;routerNetworks=front;", "container:nobody"},
        {"\"traefik.port\":\"80x\"", OWN_NETWORK, "", "x", "LABEL", "label=traefik.port;value=80x;", "from 1 to 65535"},
        {"\"traefik.protocol\":\"htp\"", OWN_NETWORK, "", "x", "LABEL", "label=traefik.protocol;value=htp;", "h2c"},
        {"\"traefik.frontend.rule\":\"Host:\\\\d\"", OWN_NETWORK, "", "x", "LABEL",
         "label=traefik.frontend.rule;value=Host:\\d;", "backslash"},
    };

    (void)state;
    for (size_t i = 0; i < WB_COUNT(cases); i++) {
        struct scene *scene;
        set_up((void **)&scene);
        scene->options.own_id = SLICE(ID_B);
        if (strstr(cases[i].labels, "tags"))
            slices_add(&scene->arena, &scene->options.constraints, SLICE("tag==a*"));
        add_with(scene, ID_A, "web", cases[i].labels, cases[i].networks, cases[i].state, cases[i].mode);
        add_with(scene, ID_B, "router", "\"traefik.enable\":\"false\"",
                 "\"front\":{\"NetworkID\":\"n1\",\"IPAddress\":\"10.1.0.9\"}", "", "x");
        build(scene);
        const struct inventory_item *item = &scene->built.inventory->items[0];
        char *values = values_of(item);
        assert_string_equal(container_why_name(item->why), cases[i].code);
        assert_string_equal(values, cases[i].values);
        assert_non_null(strstr(item->sentence.ptr, cases[i].part));
        free(values);
        tear_down((void **)&scene);
    }
}

static const struct inventory_item *only_item(struct scene *scene, const char *labels)
{
    add(scene, ID_A, "web", labels);
    build(scene);
    return &scene->built.inventory->items[0];
}

static void test_what_is_not_asked_for_is_ignored_with_what_was_missing(void **state)
{
    struct scene *scene = *state;

    scene->options.exposed_by_default = false;
    const struct inventory_item *item = only_item(scene, "\"traefik.enable\":\"ja\"");
    assert_string_equal(container_why_name(item->why), "NOT_ENABLED");
    assert_true(slice_eq(item->values[1].value, SLICE("ja")));
    container_unref(&scene->containers[--scene->count]);
    scene->options.exposed_by_default = true;
    scene->options.domain = SLICE("");
    item = only_item(scene, "");
    assert_string_equal(container_why_name(item->why), "NO_RULE");
    container_unref(&scene->containers[--scene->count]);
    scene->options.domain = SLICE("t");
    char error[DECODE_ERROR_SIZE];
    scene->containers[scene->count++] = decode_container(
        SLICE("{\"Id\":\"" ID_A "\",\"Name\":\"/a\",\"State\":{\"Running\":true},\"Config\":{\"Labels\":{"
              "\"traefik.port\":\" 80\"}}}"),
        error);
    build(scene);
    item = &scene->built.inventory->items[0];
    assert_string_equal(container_why_name(item->why), "NO_PORT");
    assert_true(slice_eq(item->values[1].value, SLICE(" 80")));
}

static void test_too_many_segments_and_a_name_that_is_taken_are_rejected(void **state)
{
    struct scene *scene = *state;
    struct text labels = TEXT_EMPTY;

    for (int i = 0; i < 300; i++)
        text_addf(&labels, "%s\"traefik.s%d.port\":\"80\"", i ? "," : "", i);
    assert_string_equal(container_why_name(only_item(scene, labels.ptr)->why), "TOO_MANY_SEGMENTS");
    text_fini(&labels);
    container_unref(&scene->containers[--scene->count]);
    add(scene, ID_A, "a-b", "\"traefik.s.port\":\"80\"");
    add(scene, ID_B, "a_b", "\"traefik.s.port\":\"80\"");
    build(scene);
    assert_string_equal(container_why_name(scene->built.inventory->items[0].why), "ROUTED");
    assert_string_equal(container_why_name(scene->built.inventory->items[1].why), "NAME_TAKEN");
    assert_true(slice_eq(scene->built.inventory->items[1].values[0].value, SLICE("frontend-s-a-b-s")));
}

static void test_each_container_of_a_service_is_behind_its_one_frontend(void **state)
{
    struct scene *scene = *state;
    const char *labels = "\"com.docker.compose.project\":\"p\",\"com.docker.compose.service\":\"web\"";

    add_with(scene, ID_A, "p-web-1", labels, BRIDGE, "", "x");
    add_with(scene, ID_B, "p-web-2", labels, "\"bridge\":{\"IPAddress\":\"172.17.0.3\"}", "", "x");
    assert_int_equal(build(scene)->frontend_count, 1);
    for (size_t i = 0; i < 2; i++) {
        const struct inventory_item *item = &scene->built.inventory->items[i];
        assert_int_equal(item->why, WHY_ROUTED);
        assert_true(slice_eq(item->service, SLICE("web_p")));
        assert_int_equal(item->frontend_count, 1);
        assert_true(slice_eq(item->frontends[0].name, scene->built.fragment->frontends[0].name));
        assert_int_equal(item->server_count, 1);
        assert_true(slice_eq(item->servers[0].url, i ? SLICE("http://172.17.0.3:80") : SLICE("http://172.17.0.2:80")));
    }
}

static void test_one_bad_port_leaves_the_other_segment_routed(void **state)
{
    struct scene *scene = *state;
    const struct inventory_item *item = only_item(scene, "\"traefik.a.port\":\"80x\",\"traefik.b.port\":\"81\"");

    assert_int_equal(item->why, WHY_ROUTED);
    assert_int_equal(item->frontend_count, 2);
    assert_int_equal(item->problem_count, 1);
    assert_true(slice_eq(item->problems[0].label, SLICE("traefik.a.port")));
}

static void test_a_router_in_the_host_network_reaches_all(void **state)
{
    struct scene *scene = *state;

    scene->options.own_id = SLICE(ID_B);
    add_with(scene, ID_A, "web", "", BACK, "", "x");
    add_with(scene, ID_B, "router", "\"traefik.enable\":\"false\"", "\"host\":{\"NetworkID\":\"n7\"}", "", "host");
    build(scene);
    assert_int_equal(scene->built.inventory->items[0].why, WHY_ROUTED);
}

static void test_an_address_out_of_reach_stays_in_the_document(void **state)
{
    struct scene *scene = *state;

    scene->options.own_id = SLICE(ID_B);
    add_with(scene, ID_A, "web", "", BACK, "", "x");
    add_with(scene, ID_B, "router", "\"traefik.enable\":\"false\"", OWN_NETWORK, "", "x");
    const struct fragment *fragment = build(scene);
    assert_true(slice_eq(fragment->backends[0].servers[0].url, SLICE("http://10.2.0.2:80")));
    assert_int_equal(scene->built.inventory->items[0].server_count, 1);
    assert_int_equal(scene->built.inventory->items[0].problem_count, 1);
    assert_true(is_said(scene, "it is in back, the router in front"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_container_has_a_state_with_a_reason),
        cmocka_unit_test(test_each_code_comes_with_the_values_that_decided),
        WITH_SCENE(test_what_is_not_asked_for_is_ignored_with_what_was_missing),
        WITH_SCENE(test_too_many_segments_and_a_name_that_is_taken_are_rejected),
        WITH_SCENE(test_each_container_of_a_service_is_behind_its_one_frontend),
        WITH_SCENE(test_one_bad_port_leaves_the_other_segment_routed),
        WITH_SCENE(test_a_router_in_the_host_network_reaches_all),
        WITH_SCENE(test_an_address_out_of_reach_stays_in_the_document),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
