/* SPDX-License-Identifier: MIT */
/* Described containers: the provider's own verdicts, with names for addresses and a stand-in for ports nobody knows. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include "waybill/provider/docker_lint.h"

static struct docker_options options;
static struct slice http = {"http", 4};
static struct slices entrypoints = {&http, 1};
static struct docker_lint_output output;

static int set_up(void **state)
{
    (void)state;
    options = (struct docker_options){.domain = SLICE("test"), .exposed_by_default = true};
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    docker_lint_fini(&output);
    return 0;
}

static const struct described_network front = {{"p_front", 7}, {"front", 5}}, back = {{"p_back", 6}, {"back", 4}};

static struct described_container describe(const char *name, const struct described_network *networks, size_t count)
{
    return (struct described_container){.name = slice_of(name),
                                        .host = slice_of(name),
                                        .networks = networks,
                                        .network_count = count,
                                        .network_mode = SLICE("")};
}

static void run(const struct described_container *containers, size_t count)
{
    struct docker_lint_input input = {&options, &entrypoints, &entrypoints};

    docker_lint_described(&input, containers, count, &output);
    assert_int_equal(output.inventory->count, count);
}

static void check_url(size_t position, const char *url)
{
    const struct inventory_item *item = &output.inventory->items[position];

    assert_int_equal(item->server_count, 1);
    assert_true(slice_eq(item->servers[0].url, slice_of(url)));
}

static void test_the_lowest_port_counts_and_one_that_is_unknown_stands_in(void **state)
{
    const struct described_port ports[] = {{9000, SLICE("tcp"), true, SLICE(""), SLICE("80")},
                                           {8000, SLICE("udp"), false, SLICE(""), SLICE("")}};
    struct described_container containers[] = {describe("a", &front, 1), describe("b", &front, 1)};

    (void)state;
    containers[0].ports = ports;
    containers[0].port_count = 2;
    run(containers, 2);
    check_url(0, "http://a:8000");
    check_url(1, "http://b:1");
    assert_int_equal(DOCKER_LINT_UNKNOWN_PORT, 1);
}

static void test_labels_count_in_any_order(void **state)
{
    const struct described_label labels[] = {{SLICE("traefik.weight"), SLICE("3")},
                                             {SLICE("traefik.port"), SLICE("81")},
                                             {SLICE("traefik.frontend.rule"), SLICE("Host:x")},
                                             {SLICE("traefik.backend"), SLICE("pool")}};
    struct described_container container = describe("a", &front, 1);

    (void)state;
    container.labels = labels;
    container.label_count = 4;
    run(&container, 1);
    check_url(0, "http://a:81");
    assert_int_equal(output.fragment->backends[0].servers[0].weight, 3);
    assert_true(slice_eq(output.fragment->frontends[0].routes[0].rule, SLICE("Host:x")));
    assert_true(slice_eq(output.fragment->frontends[0].origin, SLICE("container a")));
}

static void test_networks_are_known_by_name_and_key_and_shared_with_the_router(void **state)
{
    const struct described_network both[] = {back, front};
    const struct described_label label = {SLICE("traefik.docker.network"), SLICE("front")};
    struct described_container containers[] = {describe("router", &front, 1), describe("far", &back, 1),
                                               describe("near", both, 2)};

    (void)state;
    containers[0].is_router = true;
    containers[2].labels = &label;
    containers[2].label_count = 1;
    run(containers, 3);
    assert_int_equal(output.inventory->items[0].why, WHY_IS_ROUTER);
    assert_int_equal(output.inventory->items[1].why, WHY_NO_SHARED_NETWORK);
    assert_int_equal(output.inventory->items[2].why, WHY_ROUTED);
    for (size_t i = 0; i < output.diagnostics->count; i++)
        assert_null(strstr(output.diagnostics->items[i].text, "there is no network"));
}

static void test_a_network_mode_names_another_container(void **state)
{
    struct described_container containers[] = {describe("a", &front, 1), describe("b", NULL, 0), describe("c", NULL, 0)};

    (void)state;
    containers[1].network_mode = SLICE("container:a");
    containers[2].network_mode = SLICE("container:none");
    run(containers, 3);
    check_url(1, "http://a:1");
    assert_int_equal(output.inventory->items[2].why, WHY_NETWORK_OWNER_DOWN);
}

static void test_services_of_a_swarm_have_no_ports_and_names_of_their_own(void **state)
{
    const struct described_port port = {80, SLICE("tcp"), false, SLICE(""), SLICE("")};
    const struct described_label label = {SLICE("traefik.port"), SLICE("81")};
    struct described_container containers[] = {describe("a", &front, 1), describe("b", &front, 1)};

    (void)state;
    options.swarm_mode = true;
    containers[0].service = SLICE("stack_a");
    containers[0].labels = &label;
    containers[0].label_count = 1;
    containers[1].service = SLICE("stack_b");
    containers[1].ports = &port;
    containers[1].port_count = 1;
    run(containers, 2);
    check_url(0, "http://a:81");
    assert_true(slice_eq(output.fragment->frontends[0].routes[0].rule, SLICE("Host:stack-a.test")));
    assert_int_equal(output.inventory->items[1].why, WHY_NO_PORT);
}

static void test_nothing_described_is_nothing_found(void **state)
{
    (void)state;
    run(NULL, 0);
    assert_int_equal(output.fragment->frontend_count, 0);
    assert_int_equal(output.diagnostics->count, 0);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(test_the_lowest_port_counts_and_one_that_is_unknown_stands_in),
        CASE(test_labels_count_in_any_order),
        CASE(test_networks_are_known_by_name_and_key_and_shared_with_the_router),
        CASE(test_a_network_mode_names_another_container),
        CASE(test_services_of_a_swarm_have_no_ports_and_names_of_their_own),
        CASE(test_nothing_described_is_nothing_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
