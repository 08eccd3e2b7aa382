/* SPDX-License-Identifier: MIT */
/* Containers to a fragment, where v1.7 is no model: what protects, whom it may hurt, networks, the router itself. */
#include "waybill/provider/docker.h"
#include "docker/build.h"
#include "docker/decode.h"
#include "waybill/base/text.h"
#include "waybill/model/inventory.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#define ID_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define ID_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

struct scene {
    struct docker_options options;
    struct slices entrypoints;
    struct provider_sink sink;
    struct arena arena;
    struct container *containers[16];
    size_t count;
    struct network_list networks;
    struct build_output built;
};

static int set_up(void **state)
{
    struct scene *scene = wb_alloc(sizeof *scene);

    arena_init(&scene->arena, 0);
    slices_add(&scene->arena, &scene->entrypoints, SLICE("http"));
    scene->options = (struct docker_options){.domain = SLICE("t"), .exposed_by_default = true};
    scene->sink = (struct provider_sink){NULL, NULL, &scene->entrypoints, &scene->entrypoints, NULL};
    *state = scene;
    return 0;
}

static void drop_built(struct scene *scene)
{
    if (!scene->built.fragment)
        return;
    fragment_unref(&scene->built.fragment);
    inventory_unref(&scene->built.inventory);
    diagnostics_fini(scene->built.diagnostics);
    free(scene->built.diagnostics);
}

static int tear_down(void **state)
{
    struct scene *scene = *state;

    drop_built(scene);
    for (size_t i = 0; i < scene->count; i++)
        container_destroy(&scene->containers[i]);
    arena_fini(&scene->arena);
    free(scene);
    return 0;
}

/* `more` are further members of the answer, each with a comma in front. */
static void add_with(struct scene *scene, const char *id, const char *name, const char *labels, const char *networks,
                     const char *state, const char *mode)
{
    char error[DECODE_ERROR_SIZE] = "";
    char *json = wb_format(
        "{\"Id\":\"%s\",\"Name\":\"/%s\",\"Created\":\"2026-01-01T00:00:00Z\",\"State\":{\"Running\":true,"
        "\"StartedAt\":\"S\"%s},\"HostConfig\":{\"NetworkMode\":\"%s\"},\"Config\":{\"Labels\":{%s}},"
        "\"NetworkSettings\":{\"Ports\":{\"80/tcp\":null},\"Networks\":{%s}}}",
        id, name, state, mode, labels, networks);
    struct container *container = decode_container(slice_of(json), error);

    assert_string_equal(error, "");
    assert_non_null(container);
    scene->containers[scene->count++] = container;
    free(json);
}

#define BRIDGE "\"bridge\":{\"NetworkID\":\"n0\",\"IPAddress\":\"172.17.0.2\"}"

static void add(struct scene *scene, const char *id, const char *name, const char *labels)
{
    add_with(scene, id, name, labels, BRIDGE, "", "bridge");
}

static const struct fragment *build(struct scene *scene)
{
    struct map by_id;

    drop_built(scene);
    map_init(&by_id);
    for (size_t i = 0; i < scene->count; i++)
        map_put(&by_id, scene->containers[i]->id, scene->containers[i]);
    struct build_input input = {
        &scene->options, &scene->sink, scene->containers, scene->count, &by_id, &scene->networks, NULL, 0};
    build_fragment(&input, &scene->built);
    map_fini(&by_id);
    return scene->built.fragment;
}

static enum container_state state_of(const struct scene *scene, size_t number)
{
    return container_why_state(scene->built.inventory->items[number].why);
}

static bool is_said(const struct scene *scene, const char *part)
{
    for (size_t i = 0; i < scene->built.diagnostics->count; i++) {
        const struct diagnostic *said = &scene->built.diagnostics->items[i];
        if (strstr(said->place, part) || strstr(said->text, part))
            return true;
    }
    return false;
}

static void test_what_protects_and_is_not_understood_closes_its_frontend(void **state)
{
    static const char *const labels[] = {
        "\"traefik.frontend.auth.basic\":\"\"",
        "\"traefik.frontend.auth.basic\":\" , \"",
        "\"traefik.frontend.auth.basic\":\"nohash\"",
        "\"traefik.frontend.auth.basicfoo\":\"x\"",
        "\"traefik.frontend.auth.basic.usersFile\":\"\"",
        "\"traefik.frontend.auth.digest.users\":\"user:hash\"",
        "\"traefik.frontend.auth.forward.address\":\"\"",
        "\"traefik.frontend.auth.forward.authResponseHeaders\":\"X-A\"",
        "\"traefik.frontend.auth.forward.address\":\"http://"
        "a\",\"traefik.frontend.auth.forward.trustForwardHeader\":\"maybe\"",
        "\"traefik.frontend.auth.froward.address\":\"http://a\"",
        "\"traefik.frontend.whiteList.sourceRange\":\"\"",
        "\"traefik.frontend.whiteList.sourceRange\":\",\"",
        "\"traefik.frontend.whitelistSourceRange\":\"\"",
        "\"traefik.frontend.whitelist.sourceRange\":\"10.0.0.0/8\"",
        "\"traefik.frontend.whiteList.sourceRange\":\"10.0.0.0/8\",\"traefik.frontend.whiteList.useXForwardedFor\":\"si\"",
        "\"traefik.backend.maxconn.amount\":\"many\"",
        "\"traefik.backend.buffering.maxRequestBodyBytes\":\"1MB\"",
        "\"traefik.frontend.rateLimit.extractorFunc\":\"client.ip\",\"traefik.frontend.rateLimit.rateSet.a.average\":\"x\"",
        "\"traefik.frontend.headers.SSLRedirect\":\"oui\"",
        "\"traefik.frontend.headers.STSSeconds\":\"ages\"",
        "\"traefik.frontend.headers.allowedHosts\":\",\"",
        "\"traefik.frontend.passTLSClientCert.pem\":\"x\"",
    };

    for (size_t i = 0; i < WB_COUNT(labels); i++) {
        struct scene *scene;
        set_up((void **)&scene);
        add(scene, ID_A, "web", labels[i]);
        const struct fragment *fragment = build(scene);
        assert_int_equal(fragment->frontend_count, 1);
        if (fragment->frontends[0].closed_because.len == 0)
            fail_msg("%s leaves the frontend open", labels[i]);
        assert_true(is_said(scene, "container web, label traefik."));
        assert_int_equal(state_of(scene, 0), CONTAINER_ROUTED);
        tear_down((void **)&scene);
    }
    (void)state;
}

static void test_what_does_not_protect_is_dropped_alone(void **state)
{
    static const char *const labels[] = {
        "\"traefik.frontend.auth.basic\":\"a:b\",\"traefik.frontend.auth.basic.removeHeader\":\"\"",
        "\"traefik.frontend.auth.basic\":\"nohash,a:b\"",
        "\"traefik.frontend.priority\":\"high\"",
        "\"traefik.weight\":\"heavy\"",
        "\"traefik.frontend.passHostHeader\":\"huh\"",
        "\"traefik.frontend.headers.customRequestHeaders\":\"junk\"",
        "\"traefik.backend.loadbalancer.stickiness\":\"x\"",
        "\"traefik.backend.healthcheck.path\":\"/\",\"traefik.backend.healthcheck.port\":\"x\"",
        "\"traefik.frontend.entrypoints\":\"http\"",
        "\"traefik.frontend.auth.headerField\":\"X-User\"",
    };

    for (size_t i = 0; i < WB_COUNT(labels); i++) {
        struct scene *scene;
        set_up((void **)&scene);
        add(scene, ID_A, "web", labels[i]);
        const struct fragment *fragment = build(scene);
        assert_int_equal(fragment->frontend_count, 1);
        assert_int_equal(fragment->frontends[0].closed_because.len, 0);
        assert_int_equal(fragment->backends[0].server_count, 1);
        tear_down((void **)&scene);
    }
    (void)state;
}

static void test_a_good_user_stays_when_a_bad_one_is_left_out(void **state)
{
    struct scene *scene = *state;

    add(scene, ID_A, "web", "\"traefik.frontend.auth.basic.users\":\"bad, good:$apr1$x$y ,:empty,noend:\"");
    const struct fragment *fragment = build(scene);
    assert_int_equal(fragment->frontends[0].auth->basic->users.count, 1);
    assert_true(slice_eq(fragment->frontends[0].auth->basic->users.items[0], SLICE("good:$apr1$x$y")));
    assert_false(is_said(scene, "apr1")); /* secrets are not said */
}

static void test_an_escape_that_is_none_rejects_that_container_only(void **state)
{
    struct scene *scene = *state;

    add(scene, ID_A, "bad", "\"traefik.frontend.rule\":\"HostRegexp:{x:\\\\d+}\"");
    add(scene, ID_B, "good", "\"traefik.frontend.rule\":\"HostRegexp:{x:\\\\\\\\d+}\"");
    const struct fragment *fragment = build(scene);
    assert_int_equal(fragment->frontend_count, 1);
    assert_true(slice_eq(fragment->frontends[0].routes[0].rule, SLICE("HostRegexp:{x:\\d+}")));
    assert_int_equal(scene->built.inventory->items[0].why, WHY_LABEL);
    assert_true(is_said(scene, "container bad, label traefik.frontend.rule"));
}

static void test_a_network_may_be_named_as_in_the_compose_file(void **state)
{
    struct scene *scene = *state;
    struct named_network named = {SLICE("n9"), SLICE("inner")};

    scene->options.network = SLICE("traefik-net");
    scene->networks.items = &named;
    scene->networks.count = 1;
    add_with(scene, ID_A, "a", "\"com.docker.compose.project\":\"shop\",\"com.docker.compose.service\":\"a\"",
             "\"aaa\":{\"IPAddress\":\"10.0.0.1\"},\"shop_traefik-net\":{\"IPAddress\":\"10.0.0.2\"}", "", "x");
    add_with(scene, ID_B, "b", "\"traefik.docker.network\":\"inner\"",
             "\"aaa\":{\"IPAddress\":\"10.0.0.3\"},\"real\":{\"NetworkID\":\"n9\",\"IPAddress\":\"10.0.0.4\"}", "", "x");
    const struct fragment *fragment = build(scene);
    assert_true(slice_eq(fragment_backend(fragment, SLICE("backend-a-shop"))->servers[0].url, SLICE("http://10.0.0.2:80")));
    assert_true(slice_eq(fragment_backend(fragment, SLICE("backend-b"))->servers[0].url, SLICE("http://10.0.0.4:80")));
    assert_int_equal(scene->built.diagnostics->count, 0);
    scene->networks = (struct network_list){0};
}

static void test_without_a_name_a_network_shared_with_the_router_is_taken(void **state)
{
    struct scene *scene = *state;

    scene->options.own_id = slice_head(SLICE(ID_B), 12);
    add_with(scene, ID_A, "a", "",
             "\"alone\":{\"NetworkID\":\"n1\",\"IPAddress\":\"10.0.0.1\"},"
             "\"shared\":{\"NetworkID\":\"n2\",\"IPAddress\":\"10.0.0.2\"}",
             "", "x");
    add_with(scene, ID_B, "router", "", "\"shared\":{\"NetworkID\":\"n2\",\"IPAddress\":\"10.0.0.9\"}", "", "x");
    const struct fragment *fragment = build(scene);
    assert_true(slice_eq(fragment_backend(fragment, SLICE("backend-a"))->servers[0].url, SLICE("http://10.0.0.2:80")));
}

static void test_the_router_itself_is_routed_to_only_when_a_label_says_so(void **state)
{
    struct scene *scene = *state;

    scene->options.own_id = SLICE(ID_A);
    add(scene, ID_A, "router", "");
    assert_int_equal(build(scene)->frontend_count, 0);
    assert_int_equal(scene->built.inventory->items[0].why, WHY_IS_ROUTER);
    assert_non_null(strstr(scene->built.inventory->items[0].sentence.ptr, "router itself"));
    container_destroy(&scene->containers[--scene->count]);
    add(scene, ID_A, "router", "\"traefik.port\":\"8080\"");
    assert_int_equal(build(scene)->frontend_count, 1);
    container_destroy(&scene->containers[--scene->count]);
    add(scene, ID_A, "router", "\"traefik.frontend.rule\":\"Host:me\"");
    assert_int_equal(build(scene)->frontend_count, 1);
}

static void test_a_server_is_its_container_and_start_not_its_address(void **state)
{
    struct scene *scene = *state;

    add(scene, ID_A, "a", "");
    add_with(scene, ID_B, "b", "", "", "", "container:" ID_A);
    const struct fragment *fragment = build(scene);
    assert_true(slice_eq(fragment_backend(fragment, SLICE("backend-a"))->servers[0].identity, SLICE(ID_A "@S")));
    assert_true(slice_eq(fragment_backend(fragment, SLICE("backend-b"))->servers[0].identity, SLICE(ID_B "@S " ID_A "@S")));
    assert_true(slice_eq(fragment->frontends[0].origin, SLICE("container a")));
    assert_true(fragment->frontends[0].since == UINT64_C(1767225600000000000));
}

static void test_containers_that_share_a_network_in_a_circle_have_no_address(void **state)
{
    struct scene *scene = *state;

    add_with(scene, ID_A, "a", "", "", "", "container:" ID_B);
    add_with(scene, ID_B, "b", "", "", "", "container:" ID_A);
    assert_int_equal(build(scene)->backend_count, 0);
    assert_int_equal(scene->built.inventory->items[0].why, WHY_NETWORK_OWNER_DOWN);
}

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

static void test_segments_and_service_names_that_join_alike_are_kept_apart(void **state)
{
    struct scene *scene = *state;

    add(scene, ID_A, "app", "\"traefik.x.port\":\"1\",\"traefik.x.frontend.rule\":\"Host:one\"");
    add(scene, ID_B, "appx", "\"traefik.frontend.rule\":\"Host:two\"");
    assert_int_equal(build(scene)->frontend_count, 2);
}

static void test_labels_of_traefik_2_make_no_segment(void **state)
{
    struct scene *scene = *state;

    add(scene, ID_A, "app",
        "\"traefik.http.services.s.loadbalancer.server.port\":\"9\",\"traefik.api.backend.healthcheck.port\":\"7\"");
    const struct fragment *fragment = build(scene);
    assert_int_equal(fragment->frontend_count, 1);
    assert_true(slice_eq(fragment->frontends[0].name, SLICE("frontend-Host-app-t-0")));
    assert_true(slice_eq(fragment->backends[0].servers[0].url, SLICE("http://172.17.0.2:80")));
    assert_true(is_said(scene, "Traefik 2"));
}

static void test_bindings_to_any_address_are_not_taken(void **state)
{
    struct scene *scene = *state;
    char error[DECODE_ERROR_SIZE];

    scene->options.use_bind_port_ip = true;
    scene->containers[scene->count++] = decode_container(
        SLICE("{\"Id\":\"" ID_A "\",\"Name\":\"/a\",\"State\":{\"Running\":true},\"NetworkSettings\":{\"Ports\":{\"80/tcp\":"
              "[{\"HostIp\":\"::\",\"HostPort\":\"1\"}]},\"Networks\":{\"n\":{\"GlobalIPv6Address\":\"fd00::5\"}}}}"),
        error);
    assert_true(slice_eq(build(scene)->backends[0].servers[0].url, SLICE("http://[fd00::5]:80")));
}

#define WITH_SCENE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_protects_and_is_not_understood_closes_its_frontend),
        cmocka_unit_test(test_what_does_not_protect_is_dropped_alone),
        WITH_SCENE(test_a_good_user_stays_when_a_bad_one_is_left_out),
        WITH_SCENE(test_an_escape_that_is_none_rejects_that_container_only),
        WITH_SCENE(test_a_network_may_be_named_as_in_the_compose_file),
        WITH_SCENE(test_without_a_name_a_network_shared_with_the_router_is_taken),
        WITH_SCENE(test_the_router_itself_is_routed_to_only_when_a_label_says_so),
        WITH_SCENE(test_a_server_is_its_container_and_start_not_its_address),
        WITH_SCENE(test_containers_that_share_a_network_in_a_circle_have_no_address),
        cmocka_unit_test(test_each_container_has_a_state_with_a_reason),
        WITH_SCENE(test_segments_and_service_names_that_join_alike_are_kept_apart),
        WITH_SCENE(test_labels_of_traefik_2_make_no_segment),
        WITH_SCENE(test_bindings_to_any_address_are_not_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
