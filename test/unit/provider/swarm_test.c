/* SPDX-License-Identifier: MIT */
/* Services and tasks of a Swarm to frontends and servers (spec/docker-provider.md 9), and why others are none. */
#include "docker/build.h"
#include "swarm_lists.h"
#include "waybill/base/text.h"
#include "waybill/model/inventory.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define NETWORKS                                                                                                  \
    "[{\"Id\":\"net1\",\"Name\":\"front\"},{\"Id\":\"net2\",\"Name\":\"zone\"},{\"Id\":\"net8\",\"Name\":\"a\"}," \
    "{\"Id\":\"net9\",\"Name\":\"ingress\",\"Ingress\":true}]"
#define SERVICE(id, name, labels, mode, more)                                                                       \
    "{\"ID\":\"" id "\",\"CreatedAt\":\"2026-01-01T00:00:00Z\",\"Spec\":{\"Name\":\"" name "\",\"Labels\":{" labels \
    "},\"Mode\":{\"" mode "\":{}},\"EndpointSpec\":{\"Mode\":\"vip\"}}" more "}"
#define WEB(labels)    "[" SERVICE("s1", "web", labels, "Replicated", "") "]"
#define PORT           "\"traefik.port\":\"80\""
#define VIP_LABEL      "\"traefik.backend.loadbalancer.swarm\":\"true\""
#define IN(net, where) "{\"Network\":{\"ID\":\"" net "\"},\"Addresses\":[\"" where "\"]}"
#define TASK(id, service, state, slot, networks)                                                                   \
    "{\"ID\":\"" id "\",\"ServiceID\":\"" service "\",\"Slot\":" slot ",\"DesiredState\":\"running\",\"Status\":{" \
    "\"State\":\"" state "\"},\"NetworksAttachments\":[" networks "]}"
#define ONE_TASK "[" TASK("t1", "s1", "running", "1", IN("net1", "10.0.1.11/24")) "]"

struct scene {
    struct docker_options options;
    struct slices entrypoints;
    struct provider_sink sink;
    struct arena arena;
    struct container *own;
    struct swarm_lists lists;
    struct build_output built;
};

static int set_up(void **state)
{
    struct scene *scene = wb_alloc(sizeof *scene);

    arena_init(&scene->arena, 0);
    slices_add(&scene->arena, &scene->entrypoints, SLICE("http"));
    scene->options = (struct docker_options){.domain = SLICE("t"), .exposed_by_default = true, .swarm_mode = true};
    scene->sink = (struct provider_sink){NULL, NULL, &scene->entrypoints, &scene->entrypoints, NULL};
    *state = scene;
    return 0;
}

static void drop_built(struct scene *scene)
{
    swarm_lists_fini(&scene->lists);
    fragment_unref(&scene->built.fragment);
    inventory_unref(&scene->built.inventory);
    if (scene->built.diagnostics)
        diagnostics_fini(scene->built.diagnostics);
    free(scene->built.diagnostics);
    scene->built.diagnostics = NULL;
}

static int tear_down(void **state)
{
    struct scene *scene = *state;

    drop_built(scene);
    container_unref(&scene->own);
    arena_fini(&scene->arena);
    free(scene);
    return 0;
}

/* -- from the engine's answers to a fragment -- */

static void build_with(struct scene *scene, const char *services, const char *tasks, const char *strangers)
{
    struct container *containers[32];
    struct unreadable unreadable[32];
    struct map by_id;
    struct build_input input = {.options = &scene->options,
                                .sink = &scene->sink,
                                .containers = containers,
                                .by_id = &by_id,
                                .unreadable = unreadable,
                                .own = scene->own};

    drop_built(scene);
    swarm_lists_read(&scene->lists, services, tasks, NETWORKS, strangers, &scene->options, scene->own);
    input.networks = &scene->lists.networks;
    map_init(&by_id);
    for (size_t i = 0; i < scene->lists.count; i++) {
        struct inspected *item = &scene->lists.items[i];
        if (item->container)
            containers[input.count++] = item->container;
        else
            unreadable[input.unreadable_count++] = (struct unreadable){item->id, item->error};
    }
    build_fragment(&input, &scene->built);
    map_fini(&by_id);
}

static void build(struct scene *scene, const char *services, const char *tasks)
{
    build_with(scene, services, tasks, "[]");
}

static void set_own(struct scene *scene, const char *networks)
{
    char error[DECODE_ERROR_SIZE];
    char *json = wb_format(
        "{\"Id\":\"aaaaaaaaaaaa\",\"Name\":\"/router\",\"State\":{\"Running\":true},\"Config\":{\"Labels\":{"
        "\"com.docker.swarm.service.id\":\"s9\"}},\"NetworkSettings\":{\"Networks\":{%s}}}",
        networks);

    scene->own = decode_container(slice_of(json), error);
    assert_non_null(scene->own);
    free(json);
}

/* "frontend-Host-web-t-0 Host:web.t backend-web; backend-web http://10.0.1.11:80" */
static void expect_routes(struct scene *scene, const char *wanted)
{
    const struct fragment *fragment = scene->built.fragment;
    struct text got = TEXT_EMPTY;

    for (size_t i = 0; i < fragment->frontend_count; i++)
        text_addf(&got, "%s" SLICE_FMT " " SLICE_FMT " " SLICE_FMT, got.len ? "; " : "",
                  SLICE_ARG(fragment->frontends[i].name), SLICE_ARG(fragment->frontends[i].routes[0].rule),
                  SLICE_ARG(fragment->frontends[i].backend));
    for (size_t i = 0; i < fragment->backend_count; i++) {
        text_addf(&got, "%s" SLICE_FMT, got.len ? "; " : "", SLICE_ARG(fragment->backends[i].name));
        for (size_t k = 0; k < fragment->backends[i].server_count; k++)
            text_addf(&got, " " SLICE_FMT, SLICE_ARG(fragment->backends[i].servers[k].url));
    }
    char *text = text_take(&got);
    assert_string_equal(text, wanted);
    free(text);
}

/* "web.1 ROUTED, web.2 TASK_NOT_RUNNING" */
static void expect_states(struct scene *scene, const char *wanted)
{
    struct text got = TEXT_EMPTY;

    for (size_t i = 0; i < scene->built.inventory->count; i++) {
        const struct inventory_item *item = &scene->built.inventory->items[i];
        text_addf(&got, "%s" SLICE_FMT " %s", i ? ", " : "", SLICE_ARG(item->name), container_why_name(item->why));
    }
    char *text = text_take(&got);
    assert_string_equal(text, wanted);
    free(text);
}

static void expect_sentence(struct scene *scene, const char *name, const char *part)
{
    const struct inventory_item *item = inventory_find(scene->built.inventory, slice_of(name));

    assert_non_null(item);
    char *sentence = slice_dup(item->sentence);
    if (!strstr(sentence, part))
        fail_msg("`%s` is not in: %s", part, sentence);
    free(sentence);
}

static size_t times_said(const struct scene *scene, const char *part)
{
    size_t times = 0;

    for (size_t i = 0; i < scene->built.diagnostics->count; i++)
        times += strstr(scene->built.diagnostics->items[i].text, part) != NULL;
    return times;
}

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
