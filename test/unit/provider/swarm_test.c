/* SPDX-License-Identifier: MIT */
/* Services and tasks of a Swarm to frontends and servers (spec/docker-provider.md 9), and why others are none. */
#include "swarm_scene.h"

/* -- tasks -- */

static void test_each_task_that_runs_is_a_server(void **state)
{
    build(*state, WEB(PORT),
          "[" TASK("t1", "s1", "running", "1", IN("net1", "10.0.1.11/24")) "," TASK("t2", "s1", "running", "2",
                                                                                    IN("net1", "10.0.1.12/24")) "]");
    expect_routes(*state,
                  "frontend-Host-web-t-0 Host:web.t backend-web; backend-web http://10.0.1.11:80 http://10.0.1.12:80");
    expect_states(*state, "web.1 ROUTED, web.2 ROUTED");
}

static void test_a_server_is_who_its_task_is(void **state)
{
    const struct scene *scene = *state;

    build(*state, WEB(PORT), ONE_TASK);
    const struct model_server *server = &scene->built.fragment->backends[0].servers[0];
    assert_true(slice_starts(server->identity, SLICE("t1@")));
    assert_true(slice_starts(server->name, SLICE("server-web-1-")));
    assert_true(scene->built.fragment->frontends[0].since ==
                1767225600u * 1000000000ull); /* the service's age, not the task's */
    build(*state, WEB(PORT), "[" TASK("t7", "s1", "running", "1", IN("net1", "10.0.1.11/24")) "]");
    assert_true(slice_starts(scene->built.fragment->backends[0].servers[0].identity, SLICE("t7@")));
}

static void test_tasks_of_a_global_service_are_named_by_their_ids(void **state)
{
    const struct scene *scene = *state;

    build(*state, "[" SERVICE("s1", "web", PORT, "Global", "") "]",
          "[" TASK("abc", "s1", "running", "0", IN("net1", "10.0.1.11/24")) "]");
    assert_true(slice_starts(scene->built.fragment->backends[0].servers[0].name, SLICE("server-web-abc-")));
    expect_states(*state, "web.abc ROUTED");
}

static void test_what_does_not_run_waits_and_says_why(void **state)
{
    build(
        *state, WEB(PORT),
        "[" TASK("t1", "s1", "preparing", "1",
                 IN("net1", "10.0.1.11/24")) ","
                                             "{\"ID\":\"t2\",\"ServiceID\":\"s1\",\"Slot\":2,\"DesiredState\":\"running\","
                                             "\"Status\":{\"State\":\"rejected\","
                                             "\"Err\":\"No such image: x\"}},"
                                             "{\"ID\":\"t3\",\"ServiceID\":\"s1\",\"Slot\":3,\"DesiredState\":\"shutdown\","
                                             "\"Status\":{\"State\":\"running\"},"
                                             "\"NetworksAttachments\":[" IN("net1", "10.0.1.13/24") "]}," TASK(
                                                 "t4", "s1", "running", "4",
                                                 "") "," TASK("t5", "s1", "running", "5",
                                                              IN("net7",
                                                                 "10.0.7.15/24")) "," TASK("t6", "s1", "running", "6",
                                                                                           IN("net1", "10.0.1.16/24")) "]");
    expect_routes(*state, "frontend-Host-web-t-0 Host:web.t backend-web; backend-web http://10.0.1.16:80");
    expect_states(*state, "web.1 TASK_NOT_RUNNING, web.2 TASK_NOT_RUNNING, web.3 STOPPING, web.4 NO_NETWORK, "
                          "web.5 NO_NETWORK, web.6 ROUTED");
    expect_sentence(*state, "web.1", "the state of its task is preparing");
    expect_sentence(*state, "web.2", "rejected: No such image: x");
    expect_sentence(*state, "web.3", "its desired state is shutdown");
    expect_sentence(*state, "web.5", "overlay network");
}

static void test_a_service_without_tasks_waits(void **state)
{
    build(*state, WEB(PORT), "[" TASK("t1", "s2", "running", "1", IN("net1", "10.0.1.11/24")) "]");
    expect_routes(*state, "");
    expect_states(*state, "web NO_TASK");
}

static void test_of_several_addresses_in_a_network_the_last_counts(void **state)
{
    build(
        *state, WEB(PORT),
        "[" TASK("t1", "s1", "running", "1", "{\"Network\":{\"ID\":\"net1\"},\"Addresses\":[\"10.0.1.1/24\",\"10.0.1.2/24\",\"\",\"nonsense\"]}") "," TASK(
            "t2", "s1", "running", "2",
            IN("net1", "10.0.1.3/24") "," IN("net1", "10.0.1.4/24")) "," TASK("t3", "s1", "running", "3",
                                                                              IN("net1", "FD00::0:5/64")) "]");
    expect_routes(*state, "frontend-Host-web-t-0 Host:web.t backend-web; backend-web http://10.0.1.2:80 http://10.0.1.4:80 "
                          "http://[fd00::5]:80");
}

static void test_positions_count_tasks_of_all_services(void **state)
{
    build(
        *state,
        "[" SERVICE("s1", "web", PORT, "Replicated", "") "," SERVICE("s2", "no_port", "", "Replicated", "") "," SERVICE(
            "s3", "my_api", PORT, "Replicated", "") "]",
        "[" TASK("t1", "s1", "running", "1", IN("net1", "10.0.1.11/24")) "," TASK(
            "t4", "s3", "running", "1",
            IN("net1",
               "10.0.1.14/24")) "," TASK("t2", "s1", "running", "2",
                                         IN("net1",
                                            "10.0.1.12/24")) "," TASK("t9", "s1", "starting", "3",
                                                                      IN("net1",
                                                                         "10.0.1.19/24")) "," TASK("t3", "s2", "running",
                                                                                                   "1",
                                                                                                   IN("net1",
                                                                                                      "10.0.1.13/24")) "]");
    expect_routes(*state,
                  "frontend-Host-my-api-t-2 Host:my-api.t backend-my-api; frontend-Host-web-t-0 Host:web.t backend-web; "
                  "backend-my-api http://10.0.1.14:80; backend-web http://10.0.1.11:80 http://10.0.1.12:80");
    expect_states(*state, "web.1 ROUTED, web.2 ROUTED, web.3 TASK_NOT_RUNNING, no_port.1 NO_PORT, my_api.1 ROUTED");
}

/* -- labels -- */

static void test_a_service_that_is_not_asked_for_is_one_entry(void **state)
{
    struct scene *scene = *state;
    const char *services = "[" SERVICE("s1", "web", PORT, "Replicated", "") "," SERVICE(
        "s2", "off", PORT ",\"traefik.enable\":\"false\"", "Replicated",
        "") "," SERVICE("s3", "on", PORT ",\"traefik.enable\":\"true\"", "Replicated", "") "]";

    scene->options.exposed_by_default = false;
    build(scene, services, "[" TASK("t3", "s3", "running", "1", IN("net1", "10.0.1.13/24")) "]");
    expect_states(scene, "web NOT_ENABLED, off DISABLED, on.1 ROUTED");
    expect_routes(scene, "frontend-Host-on-t-0 Host:on.t backend-on; backend-on http://10.0.1.13:80");
}

static void test_constraints_hold_for_services(void **state)
{
    struct scene *scene = *state;

    slices_add(&scene->arena, &scene->options.constraints, SLICE("tag==api*"));
    build(scene, WEB(PORT ",\"traefik.tags\":\"web\""), ONE_TASK);
    expect_states(scene, "web.1 CONSTRAINT");
    build(scene, WEB(PORT ",\"traefik.tags\":\"web, api-1\""), ONE_TASK);
    expect_states(scene, "web.1 ROUTED");
}

static void test_the_default_rule_takes_the_services_name(void **state)
{
    struct scene *scene = *state;

    build(scene, WEB(PORT ",\"traefik.domain\":\"x.y\""), ONE_TASK);
    expect_routes(scene, "frontend-Host-web-x-y-0 Host:web.x.y backend-web; backend-web http://10.0.1.11:80");
    scene->options.domain = SLICE("");
    build(scene, WEB(PORT), ONE_TASK);
    expect_states(scene, "web.1 NO_RULE");
}

static void test_segments_of_a_service_are_frontends_each(void **state)
{
    build(*state, WEB("\"traefik.api.port\":\"81\",\"traefik.api.frontend.rule\":\"Host:api.t\",\"traefik.ui.port\":\"82\""),
          "[" TASK("t1", "s1", "running", "1", IN("net1", "10.0.1.11/24")) "," TASK("t2", "s1", "running", "2",
                                                                                    IN("net1", "10.0.1.12/24")) "]");
    expect_routes(*state, "frontend-api-web-api Host:api.t backend-web-api; frontend-ui-web-ui Host:web.t backend-web-ui; "
                          "backend-web-api http://10.0.1.11:81 http://10.0.1.12:81; "
                          "backend-web-ui http://10.0.1.11:82 http://10.0.1.12:82");
}

/* Compose labels name the backend and the rule; whose frontend it is, the service's own name says (4.5). */
static void test_two_services_with_the_same_compose_labels_have_a_frontend_each(void **state)
{
    static const char services[] = "[" SERVICE(
        "s1", "a", PORT ",\"com.docker.compose.project\":\"shop\",\"com.docker.compose.service\":\"web\"", "Replicated",
        "") "," SERVICE("s2", "b", PORT ",\"com.docker.compose.project\":\"shop\",\"com.docker.compose.service\":\"web\"",
                        "Replicated", "") "]";

    build(*state, services,
          "[" TASK("t1", "s1", "running", "1", IN("net1", "10.0.1.11/24")) "," TASK("t2", "s2", "running", "1",
                                                                                    IN("net1", "10.0.1.12/24")) "]");
    expect_routes(*state, "frontend-Host-web-shop-t-0 Host:web.shop.t backend-web-shop; "
                          "frontend-Host-web-shop-t-1 Host:web.shop.t backend-web-shop; "
                          "backend-web-shop http://10.0.1.11:80 http://10.0.1.12:80");
}

static void test_a_label_nobody_can_use_leaves_only_its_service_out(void **state)
{
    build(*state,
          "[" SERVICE("s1", "bad", PORT ",\"traefik.frontend.rule\":7", "Replicated", "") "," SERVICE("s2", "web", PORT,
                                                                                                      "Replicated", "") "]",
          "[" TASK("t1", "s1", "running", "1", IN("net1", "10.0.1.11/24")) "," TASK("t2", "s2", "running", "1",
                                                                                    IN("net1", "10.0.1.12/24")) "]");
    expect_routes(*state, "frontend-Host-web-t-0 Host:web.t backend-web; backend-web http://10.0.1.12:80");
    expect_sentence(*state, "s1", "service bad: label traefik.frontend.rule");
}

/* -- virtual IPs -- */

#define VIPS(list)      ",\"Endpoint\":{\"VirtualIPs\":[" list "]}"
#define VIP(net, where) "{\"NetworkID\":\"" net "\",\"Addr\":\"" where "\"}"

static void test_a_balanced_service_is_its_virtual_ip(void **state)
{
    const struct scene *scene = *state;

    build(*state, "[" SERVICE("s1", "web", PORT "," VIP_LABEL, "Replicated", VIPS(VIP("net1", "10.0.1.5/24"))) "]",
          ONE_TASK);
    expect_routes(*state, "frontend-Host-web-t-0 Host:web.t backend-web; backend-web http://10.0.1.5:80");
    expect_states(*state, "web ROUTED");
    assert_true(slice_starts(scene->built.fragment->backends[0].servers[0].identity, SLICE("s1@")));
}

static void test_virtual_ips_count_in_networks_that_are_listed(void **state)
{
    struct scene *scene = *state;
    static const char services[] = "[" SERVICE(
        "s1", "web", PORT "," VIP_LABEL, "Replicated",
        VIPS(VIP("net9", "10.0.9.5/24") "," VIP("net2", "10.0.2.5/24") "," VIP("net1", "10.0.1.5/24") "," VIP(
            "net7", "10.0.7.5/24") "," VIP("net8", ""))) "]";

    build(scene, services, "[]");
    expect_routes(scene, "frontend-Host-web-t-0 Host:web.t backend-web; backend-web http://10.0.1.5:80");
    scene->options.network = SLICE("zone");
    build(scene, services, "[]");
    expect_routes(scene, "frontend-Host-web-t-0 Host:web.t backend-web; backend-web http://10.0.2.5:80");
    build(scene, "[" SERVICE("s1", "web", PORT "," VIP_LABEL, "Replicated", VIPS(VIP("net7", "10.0.7.5/24"))) "]", ONE_TASK);
    expect_routes(scene, "");
    expect_states(scene, "web NO_VIRTUAL_IP");
    build(scene, "[" SERVICE("s1", "web", PORT "," VIP_LABEL, "Replicated", "") "]", ONE_TASK);
    expect_states(scene, "web NO_VIRTUAL_IP");
}

/* B37: v1.7 announces this and then publishes nothing. */
static void test_dnsrr_with_the_label_for_the_virtual_ip_uses_the_tasks(void **state)
{
    build(*state,
          "[{\"ID\":\"s1\",\"Spec\":{\"Name\":\"web\",\"Labels\":{" PORT "," VIP_LABEL
          "},\"EndpointSpec\":{\"Mode\":\"dnsrr\"}},"
          "\"Endpoint\":{\"VirtualIPs\":[" VIP("net1", "10.0.1.5/24") "]}}]",
          "[" TASK("t1", "s1", "running", "1", IN("net1", "10.0.1.11/24")) "," TASK("t2", "s1", "running", "2",
                                                                                    IN("net1", "10.0.1.12/24")) "]");
    expect_routes(*state,
                  "frontend-Host-web-t-0 Host:web.t backend-web; backend-web http://10.0.1.11:80 http://10.0.1.12:80");
    assert_int_equal(times_said(*state, "its endpoint mode is dnsrr"), 1);
}

static void test_a_service_without_endpoint_mode_has_no_virtual_ip(void **state)
{
    build(*state,
          "[{\"ID\":\"s1\",\"Spec\":{\"Name\":\"web\",\"Labels\":{" PORT "," VIP_LABEL "}},"
          "\"Endpoint\":{\"VirtualIPs\":[" VIP("net1", "10.0.1.5/24") "]}}]",
          ONE_TASK);
    expect_states(*state, "web NO_VIRTUAL_IP");
    build(*state, WEB(PORT ",\"traefik.backend.loadbalancer.swarm\":\"perhaps\""), ONE_TASK);
    expect_states(*state, "web.1 ROUTED");
}

/* -- networks -- */

#define THREE IN("net9", "10.0.9.3/24") "," IN("net2", "10.0.2.3/24") "," IN("net1", "10.0.1.3/24")

static void test_ingress_is_the_last_network_that_is_chosen(void **state)
{
    struct scene *scene = *state;

    set_own(scene, "\"ingress\":{\"NetworkID\":\"net9\",\"IPAddress\":\"10.0.9.2\"},"
                   "\"zone\":{\"NetworkID\":\"net2\",\"IPAddress\":\"10.0.2.2\"}");
    build(scene, WEB(PORT), "[" TASK("t1", "s1", "running", "1", THREE) "]");
    expect_routes(scene, "frontend-Host-web-t-0 Host:web.t backend-web; backend-web http://10.0.2.3:80");
    expect_states(scene, "web.1 ROUTED");
    build(scene, WEB(PORT), "[" TASK("t1", "s1", "running", "1", IN("net9", "10.0.9.3/24")) "]");
    expect_routes(scene, "frontend-Host-web-t-0 Host:web.t backend-web; backend-web http://10.0.9.3:80");
}

static void test_without_a_router_of_ours_the_first_name_but_ingress_counts(void **state)
{
    build(*state, WEB(PORT),
          "[" TASK("t1", "s1", "running", "1", IN("net9", "10.0.9.3/24") "," IN("net2", "10.0.2.3/24")) "]");
    expect_routes(*state, "frontend-Host-web-t-0 Host:web.t backend-web; backend-web http://10.0.2.3:80");
}

static void test_a_network_that_a_label_names_counts(void **state)
{
    build(*state, WEB(PORT ",\"traefik.docker.network\":\"ingress\""), "[" TASK("t1", "s1", "running", "1", THREE) "]");
    expect_routes(*state, "frontend-Host-web-t-0 Host:web.t backend-web; backend-web http://10.0.9.3:80");
    build(*state, WEB(PORT ",\"traefik.docker.network\":\"nowhere\""), "[" TASK("t1", "s1", "running", "1", THREE) "]");
    expect_routes(*state, "frontend-Host-web-t-0 Host:web.t backend-web; backend-web http://10.0.1.3:80");
    assert_int_equal(times_said(*state, "there is no network `nowhere`"), 1);
}

static void test_a_task_in_networks_the_router_is_not_in_says_both_sides(void **state)
{
    set_own(*state, "\"zone\":{\"NetworkID\":\"net2\",\"IPAddress\":\"10.0.2.2\"}");
    build(*state, WEB(PORT), ONE_TASK);
    expect_routes(*state, "frontend-Host-web-t-0 Host:web.t backend-web; backend-web http://10.0.1.11:80");
    expect_states(*state, "web.1 NO_SHARED_NETWORK");
    expect_sentence(*state, "web.1", "it is in front, the router in zone");
    expect_sentence(*state, "web.1", "docker service update --network-add front");
}

static void test_the_routers_own_service_is_routed_only_when_asked_for(void **state)
{
    static const char task[] = "[" TASK("t9", "s9", "running", "1", IN("net2", "10.0.2.9/24")) "]";

    set_own(*state, "\"zone\":{\"NetworkID\":\"net2\",\"IPAddress\":\"10.0.2.2\"}");
    build(*state, "[" SERVICE("s9", "router", "", "Global", "") "]", task);
    expect_states(*state, "router.t9 IS_ROUTER");
    build(*state, "[" SERVICE("s9", "router", "\"traefik.port\":\"8080\"", "Global", "") "]", task);
    expect_states(*state, "router.t9 ROUTED");
}

/* -- containers -- */

static void test_a_container_that_is_no_task_is_told_why_it_is_not_routed(void **state)
{
    build_with(*state, WEB(PORT), ONE_TASK,
               "[{\"Id\":\"c1\",\"Names\":[\"/old-web\"],\"Labels\":{\"traefik.port\":\"80\"}},"
               "{\"Id\":\"c2\",\"Names\":[\"/web.1.t1\"],\"Labels\":{\"com.docker.swarm.task.id\":\"t1\"}},"
               "{\"Id\":\"c3\"},{\"Id\":\"c4\",\"Names\":[7]},{\"Id\":\"/\",\"Names\":[\"/x\"]},7]");
    expect_routes(*state, "frontend-Host-web-t-0 Host:web.t backend-web; backend-web http://10.0.1.11:80");
    expect_states(*state, "web.1 ROUTED, old-web NOT_SWARM");
    expect_sentence(*state, "old-web", "deploy it as one");
}

/* -- hostile answers (K4) -- */

static void test_answers_that_are_no_lists_are_refused(void **state)
{
    static const char *const texts[] = {"", "{}", "null", "[", "[{\"ID\":\"s1\"", "\"x\"", "7"};
    char error[DECODE_ERROR_SIZE];
    struct service_list services;
    struct task_list tasks = {0};
    struct stranger_list strangers;
    size_t skipped;

    (void)state;
    for (size_t i = 0; i < WB_COUNT(texts); i++) {
        assert_false(decode_services(slice_of(texts[i]), &services, &skipped, error));
        assert_non_null(strstr(error, "list of services"));
        assert_false(decode_tasks(slice_of(texts[i]), &tasks, &skipped, error));
        assert_non_null(strstr(error, "list of tasks"));
        assert_false(decode_strangers(slice_of(texts[i]), &strangers));
        stranger_list_fini(&strangers);
    }
}

static void test_rows_that_are_none_are_skipped_and_counted(void **state)
{
    struct scene *scene = *state;
    struct swarm_lists lists;
    size_t skipped = swarm_lists_read(
        &lists,
        "[7,null,{},{\"ID\":\"../"
        "x\",\"Spec\":{\"Name\":\"a\"}},{\"ID\":\"s0\",\"Spec\":{}},{\"ID\":\"s0\",\"Spec\":{\"Name\":7}},"
        "{\"ID\":\"s0\",\"Spec\":{\"Name\":\"\xff\"}}," SERVICE("s1", "web", PORT, "Replicated",
                                                                "") "," SERVICE("s1", "again", PORT, "Replicated", "") "]",
        "[7,{},{\"ID\":\"t0\"},{\"ID\":\"t0\",\"ServiceID\":\"?\"}," TASK(
            "t1", "s1", "running", "-4",
            IN("net1",
               "x")) "," TASK("t1", "s1", "running", "1",
                              "") "," TASK("t2", "s1", "running", "1e300",
                                           "7,{},{\"Network\":7,\"Addresses\":7}") ",{\"ID\":\"t3\",\"ServiceID\":\"s1\","
                                                                                   "\"Slot\":\"x\",\"Status\":7,"
                                                                                   "\"NetworksAttachments\":{\"a\":7}}]",
        NETWORKS, "[]", &scene->options, NULL);

    assert_int_equal(skipped, 8 + 5);
    assert_int_equal(lists.count, 3);
    assert_string_equal(lists.items[0].container->name.ptr, "web.0");
    assert_string_equal(lists.items[1].container->name.ptr, "web.0");
    assert_int_equal(lists.items[2].container->not_serving_why, WHY_STOPPING);
    swarm_lists_fini(&lists);
}

static void test_the_number_of_networks_has_a_limit(void **state)
{
    struct scene *scene = *state;
    struct text task = TEXT_EMPTY;
    struct swarm_lists lists;

    text_addf(&task, "[{\"ID\":\"t1\",\"ServiceID\":\"s1\",\"NetworksAttachments\":[");
    for (int i = 0; i < 2000; i++)
        text_addf(&task, "%s" IN("net%d", "10.0.1.1/24"), i ? "," : "", i);
    text_addf(&task, "]}]");
    swarm_lists_read(&lists, WEB(PORT), task.ptr, NETWORKS, "[]", &scene->options, NULL);
    assert_int_equal(lists.tasks.items[0]->network_count, 512);
    swarm_lists_fini(&lists);
    text_fini(&task);
}

#define WITH_SCENE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_SCENE(test_each_task_that_runs_is_a_server),
        WITH_SCENE(test_a_server_is_who_its_task_is),
        WITH_SCENE(test_tasks_of_a_global_service_are_named_by_their_ids),
        WITH_SCENE(test_what_does_not_run_waits_and_says_why),
        WITH_SCENE(test_a_service_without_tasks_waits),
        WITH_SCENE(test_of_several_addresses_in_a_network_the_last_counts),
        WITH_SCENE(test_positions_count_tasks_of_all_services),
        WITH_SCENE(test_a_service_that_is_not_asked_for_is_one_entry),
        WITH_SCENE(test_constraints_hold_for_services),
        WITH_SCENE(test_the_default_rule_takes_the_services_name),
        WITH_SCENE(test_segments_of_a_service_are_frontends_each),
        WITH_SCENE(test_two_services_with_the_same_compose_labels_have_a_frontend_each),
        WITH_SCENE(test_a_label_nobody_can_use_leaves_only_its_service_out),
        WITH_SCENE(test_a_balanced_service_is_its_virtual_ip),
        WITH_SCENE(test_virtual_ips_count_in_networks_that_are_listed),
        WITH_SCENE(test_dnsrr_with_the_label_for_the_virtual_ip_uses_the_tasks),
        WITH_SCENE(test_a_service_without_endpoint_mode_has_no_virtual_ip),
        WITH_SCENE(test_ingress_is_the_last_network_that_is_chosen),
        WITH_SCENE(test_without_a_router_of_ours_the_first_name_but_ingress_counts),
        WITH_SCENE(test_a_network_that_a_label_names_counts),
        WITH_SCENE(test_a_task_in_networks_the_router_is_not_in_says_both_sides),
        WITH_SCENE(test_the_routers_own_service_is_routed_only_when_asked_for),
        WITH_SCENE(test_a_container_that_is_no_task_is_told_why_it_is_not_routed),
        WITH_SCENE(test_answers_that_are_no_lists_are_refused),
        WITH_SCENE(test_rows_that_are_none_are_skipped_and_counted),
        WITH_SCENE(test_the_number_of_networks_has_a_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
