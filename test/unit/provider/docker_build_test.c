/* SPDX-License-Identifier: MIT */
/* Containers to a fragment, where v1.7 is no model: what protects, whom it may hurt, networks, the router itself. */
#include "build_scene.h"

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

static void test_a_task_of_a_swarm_is_told_where_its_labels_are_read(void **state)
{
    struct scene *scene = *state;

    scene->options.exposed_by_default = false;
    add(scene, ID_A, "web.1.t1", "\"com.docker.swarm.service.id\":\"s1\"");
    add(scene, ID_B, "api.1.t2", "\"com.docker.swarm.service.id\":\"s2\",\"traefik.enable\":\"true\"");
    build(scene);
    assert_int_equal(scene->built.inventory->items[0].why, WHY_SWARM_TASK);
    assert_int_equal(scene->built.inventory->items[1].why, WHY_ROUTED); /* by its own labels, as in v1.7 */
}

static void test_a_network_may_be_named_as_in_the_compose_file(void **state)
{
    struct scene *scene = *state;
    struct named_network named = {.id = SLICE("n9"), .key = SLICE("inner")};

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
    container_unref(&scene->containers[--scene->count]);
    add(scene, ID_A, "router", "\"traefik.port\":\"8080\"");
    assert_int_equal(build(scene)->frontend_count, 1);
    container_unref(&scene->containers[--scene->count]);
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

static void test_segments_and_service_names_that_join_alike_are_kept_apart(void **state)
{
    struct scene *scene = *state;

    add(scene, ID_A, "app", "\"traefik.x.port\":\"1\",\"traefik.x.frontend.rule\":\"Host:one\"");
    add(scene, ID_B, "appx", "\"traefik.frontend.rule\":\"Host:two\"");
    assert_int_equal(build(scene)->frontend_count, 2);
}

#define STRAYS "\"traefik.http.services.s.loadbalancer.server.port\":\"9\",\"traefik.api.backend.healthcheck.port\":\"7\""

/* As v1.7 has it (docker-provider.md 8): containers that are labelled for both versions keep their names. */
static void test_strays_make_segments_and_say_so(void **state)
{
    struct scene *scene = *state;

    add(scene, ID_A, "app", STRAYS);
    const struct fragment *fragment = build(scene);
    assert_int_equal(fragment->frontend_count, 2);
    assert_true(
        slice_eq(fragment->frontends[0].name, SLICE("frontend-api-backend-healthcheck-app-api-backend-healthcheck")));
    assert_true(slice_eq(fragment->backends[0].servers[0].url, SLICE("http://172.17.0.2:7")));
    assert_true(
        slice_eq(fragment->frontends[1].name, SLICE("frontend-http-services-s-loadbalancer-server-app-http-services-s-"
                                                    "loadbalancer-server")));
    assert_true(is_said(scene, "Traefik 2"));
    assert_true(is_said(scene, "docker.strictSegments"));
}

static void test_strict_segments_are_those_that_are_meant(void **state)
{
    struct scene *scene = *state;

    scene->options.strict_segments = true;
    add(scene, ID_A, "app", STRAYS);
    const struct fragment *fragment = build(scene);
    assert_int_equal(fragment->frontend_count, 1);
    assert_true(slice_eq(fragment->frontends[0].name, SLICE("frontend-Host-app-t-0")));
    assert_true(slice_eq(fragment->backends[0].servers[0].url, SLICE("http://172.17.0.2:80")));
    assert_true(is_said(scene, "Traefik 2"));
}

/* It only looks like one of Traefik 2. */
static void test_a_segment_may_be_called_http(void **state)
{
    struct scene *scene = *state;

    scene->options.strict_segments = true;
    add(scene, ID_A, "app", "\"traefik.http.port\":\"81\"");
    assert_true(slice_eq(build(scene)->frontends[0].name, SLICE("frontend-http-app-http")));
    assert_false(is_said(scene, "Traefik 2"));
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

static void test_times_of_a_frontend(void **state)
{
    struct scene *scene = *state;

    add(scene, ID_A, "web",
        "\"traefik.frontend.timeouts.dial\":\"2s\",\"traefik.frontend.timeouts.responseHeader\":\"10s\","
        "\"traefik.frontend.timeouts.body\":\"5\",\"traefik.frontend.timeouts.total\":\"1m\"");
    add(scene, ID_B, "other", "");
    const struct fragment *fragment = build(scene);
    assert_int_equal(fragment->frontend_count, 2);
    unsigned with = 0;
    for (size_t i = 0; i < 2; i++) {
        const struct model_timeouts *timeouts = fragment->frontends[i].timeouts;
        if (!timeouts)
            continue;
        with++;
        assert_true(slice_eq(timeouts->dial, SLICE("2s")) && slice_eq(timeouts->response_header, SLICE("10s")));
        assert_true(slice_eq(timeouts->body, SLICE("5")) && slice_eq(timeouts->total, SLICE("1m")));
    }
    assert_int_equal(with, 1); /* the group is nowhere else, nor in the document */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_protects_and_is_not_understood_closes_its_frontend),
        cmocka_unit_test(test_what_does_not_protect_is_dropped_alone),
        WITH_SCENE(test_a_good_user_stays_when_a_bad_one_is_left_out),
        WITH_SCENE(test_an_escape_that_is_none_rejects_that_container_only),
        WITH_SCENE(test_a_task_of_a_swarm_is_told_where_its_labels_are_read),
        WITH_SCENE(test_a_network_may_be_named_as_in_the_compose_file),
        WITH_SCENE(test_without_a_name_a_network_shared_with_the_router_is_taken),
        WITH_SCENE(test_the_router_itself_is_routed_to_only_when_a_label_says_so),
        WITH_SCENE(test_a_server_is_its_container_and_start_not_its_address),
        WITH_SCENE(test_containers_that_share_a_network_in_a_circle_have_no_address),
        WITH_SCENE(test_segments_and_service_names_that_join_alike_are_kept_apart),
        WITH_SCENE(test_strays_make_segments_and_say_so),
        WITH_SCENE(test_strict_segments_are_those_that_are_meant),
        WITH_SCENE(test_a_segment_may_be_called_http),
        WITH_SCENE(test_bindings_to_any_address_are_not_taken),
        WITH_SCENE(test_times_of_a_frontend),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
