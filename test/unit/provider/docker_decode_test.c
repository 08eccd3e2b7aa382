/* SPDX-License-Identifier: MIT */
/* The engine's JSON, hostile (K4), and the small parts that need no engine: values, names, bursts, our own id. */
#include "docker/decode.h"
#include "docker/burst.h"
#include "docker/label_value.h"
#include "docker/own_id.h"
#include "docker/stop_signal.h"
#include "docker/timestamp.h"
#include "waybill/base/text.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static char error[DECODE_ERROR_SIZE];

static const char whole[] =
    "{\"Id\":\"" ID "\",\"Name\":\"/web\",\"Created\":\"2026-01-01T00:00:00.5Z\",\"State\":{\"Running\":true,\"StartedAt\":"
    "\"x\",\"Health\":{\"Status\":\"healthy\"}},\"HostConfig\":{\"NetworkMode\":\"host\"},\"Config\":{\"Labels\":{"
    "\"traefik.port\":\"1\",\"other\":\"x\",\"traefik.port\":\"2\"}},\"NetworkSettings\":{\"Ports\":{\"8080/tcp\":null,"
    "\"80/udp\":[{\"HostIp\":\"1.2.3.4\",\"HostPort\":\"99\"},{}],\"-5/tcp\":null,\"99999/tcp\":null,\"x\":null},"
    "\"Networks\":{\"b\":{\"IPAddress\":\"10.0.0.2\"},\"a\":{\"IPAddress\":\"10.0.0.1\"},\"c\":7}}}";

static void test_a_container_is_read_whole(void **state)
{
    struct container *container = decode_container(SLICE(""), error);

    (void)state;
    assert_null(container);
    container = decode_container(slice_of(whole), error);
    assert_non_null(container);
    assert_true(container->is_running);
    assert_true(container->created_ns == UINT64_C(1767225600500000000));
    assert_int_equal(container->label_count, 1); /* others are not kept; of equal names the last counts */
    assert_true(slice_eq(container_label(container, SLICE("traefik.port")), SLICE("2")));
    assert_int_equal(container->port_count, 2);
    assert_int_equal(container->ports[0].number, 80);
    assert_true(slice_eq(container->ports[0].host_port, SLICE("99")));
    assert_int_equal(container->network_count, 2);
    assert_true(slice_eq(container->networks[0].name, SLICE("a")));
    container_unref(&container);
}

/* Cut anywhere: never a crash, never a container. */
static void test_a_truncated_container_is_refused_with_a_reason(void **state)
{
    (void)state;
    for (size_t len = 0; len + 1 < sizeof whole - 1; len++) {
        char *exact = wb_strndup(whole, len);
        error[0] = '\0';
        assert_null(decode_container(slice_make(exact, len), error));
        assert_true(error[0] != '\0');
        free(exact);
    }
}

static void test_other_types_and_missing_parts_do_not_crash(void **state)
{
    static const char *const usable[] = {
        "{\"Id\":\"" ID "\",\"Name\":\"/a\"}",
        "{\"Id\":\"" ID "\",\"Name\":\"/a\",\"State\":7,\"HostConfig\":[],\"Config\":null,\"NetworkSettings\":\"x\"}",
        "{\"Id\":\"" ID
        "\",\"Name\":\"/a\",\"NetworkSettings\":{\"Ports\":[1,2],\"Networks\":[{}]},\"Config\":{\"Labels\":[]}}",
        "{\"Id\":\"" ID "\",\"Name\":\"/a\",\"NetworkSettings\":{\"Networks\":{\"x\":{\"IPAddress\":{}}}}}",
    };
    static const char *const unusable[] = {
        "[]",
        "null",
        "7",
        "{}",
        "{\"Id\":5,\"Name\":\"/a\"}",
        "{\"Id\":\"" ID "\"}",
        "{\"Id\":\"../../x\",\"Name\":\"/a\"}",
        "{\"Id\":\"" ID "\",\"Name\":\"/\xff\"}",
        "{\"Id\":\"" ID "\",\"Name\":\"/a\",\"Config\":{\"Labels\":{\"traefik.port\":7}}}",
        "{\"Id\":\"" ID "\",\"Name\":\"/a\",\"Config\":{\"Labels\":{\"traefik.port\":\"\xc3\"}}}",
    };

    (void)state;
    for (size_t i = 0; i < WB_COUNT(usable); i++) {
        struct container *container = decode_container(slice_of(usable[i]), error);
        assert_non_null(container);
        container_unref(&container);
    }
    for (size_t i = 0; i < WB_COUNT(unusable); i++)
        assert_null(decode_container(slice_of(unusable[i]), error));
}

static void test_labels_beyond_all_need_reject_the_container(void **state)
{
    struct text json = TEXT_EMPTY;

    (void)state;
    text_addf(&json, "{\"Id\":\"" ID "\",\"Name\":\"/a\",\"Config\":{\"Labels\":{\"traefik.a\":\"");
    for (int i = 0; i < 100000; i++)
        text_add_char(&json, 'x');
    text_addf(&json, "\"}}}");
    assert_null(decode_container(text_slice(&json), error));
    json.len = 0;
    text_addf(&json, "{\"Id\":\"" ID "\",\"Name\":\"/a\",\"Config\":{\"Labels\":{");
    for (int i = 0; i < 10000; i++)
        text_addf(&json, "%s\"traefik.l%d\":\"\"", i ? "," : "", i);
    text_addf(&json, "}}}");
    assert_null(decode_container(text_slice(&json), error));
    text_fini(&json);
}

static void test_nesting_without_end_is_refused(void **state)
{
    struct text json = TEXT_EMPTY;
    struct container_list list;
    size_t skipped;

    (void)state;
    for (int i = 0; i < 100000; i++)
        text_add_char(&json, '[');
    assert_null(decode_container(text_slice(&json), error));
    assert_false(decode_list(text_slice(&json), &list, &skipped, error));
    text_fini(&json);
}

static void test_a_list_leaves_out_what_has_no_id_and_doubles(void **state)
{
    struct container_list list;
    size_t skipped;

    (void)state;
    assert_true(decode_list(SLICE("[{\"Id\":\"a1\"},{},7,{\"Id\":\"a/b\"},{\"Id\":\"a1\"},{\"Id\":\"b2\"}]"), &list,
                            &skipped, error));
    assert_int_equal(list.count, 2);
    assert_int_equal(skipped, 4);
    assert_true(slice_eq(list.items[1].id, SLICE("b2")));
    container_list_fini(&list);
    assert_false(decode_list(SLICE("{\"message\":\"no\"}"), &list, &skipped, error));
}

static uint64_t facts_of(const char *row)
{
    struct container_list list;
    size_t skipped;
    char *json = wb_format("[{\"Id\":\"a1\",%s}]", row);

    assert_true(decode_list(slice_of(json), &list, &skipped, error));
    uint64_t facts = list.items[0].facts;
    container_list_fini(&list);
    free(json);
    return facts;
}

static void test_time_that_passes_changes_no_fact_but_health_does(void **state)
{
    (void)state;
    assert_true(facts_of("\"Status\":\"Up 1 second (healthy)\"") == facts_of("\"Status\":\"Up 2 hours (healthy)\""));
    assert_true(facts_of("\"Status\":\"Up 1 second (healthy)\"") != facts_of("\"Status\":\"Up 1 second (unhealthy)\""));
    assert_true(facts_of("\"State\":\"running\"") != facts_of("\"State\":\"paused\""));
    assert_true(facts_of("\"Names\":[\"/a\"]") != facts_of("\"Names\":[\"/b\"]"));
}

static void test_events_name_an_action_and_a_container(void **state)
{
    struct docker_event event;

    (void)state;
    assert_true(decode_event(SLICE("{\"Type\":\"container\",\"Action\":\"start\",\"Actor\":{\"ID\":\"" ID "\"}}"), &event));
    assert_string_equal(event.action, "start");
    assert_string_equal(event.container, ID);
    assert_true(decode_event(SLICE("{\"status\":\"die\",\"id\":\"" ID "\"}"), &event)); /* of an old engine */
    assert_string_equal(event.action, "die");
    assert_true(decode_event(SLICE("{\"Type\":\"network\",\"Action\":\"connect\",\"Actor\":{\"ID\":\"n\",\"Attributes\":"
                                   "{\"container\":\"" ID "\"}}}"),
                             &event));
    assert_string_equal(event.container, ID);
    assert_true(event.about_network);
    assert_int_equal(event.signal, 0);
    assert_true(decode_event(SLICE("{\"Type\":\"container\",\"Action\":\"kill\",\"Actor\":{\"ID\":\"" ID
                                   "\",\"Attributes\":{\"signal\":\"15\"}}}"),
                             &event));
    assert_int_equal(event.signal, 15);
    assert_true(decode_event(
        SLICE("{\"Type\":\"container\",\"Action\":\"kill\",\"Actor\":{\"ID\":\"" ID "\",\"Attributes\":{\"signal\":{}}}}"),
        &event));
    assert_int_equal(event.signal, 0);
    assert_false(decode_event(SLICE("{\"Type\":\"image\",\"Action\":\"pull\"}"), &event));
    assert_false(decode_event(SLICE("{\"Type\":\"container\",\"Action\":"), &event));
    assert_true(decode_event(SLICE("{\"Type\":\"container\",\"Action\":\"die\",\"Actor\":{\"ID\":\"../x\"}}"), &event));
    assert_string_equal(event.container, "");
}

static void test_a_signal_is_a_number_or_a_name(void **state)
{
    static const struct {
        const char *text;
        int number;
    } cases[] = {
        {"15", 15},      {"SIGTERM", 15}, {"TERM", 15},   {"sigterm", 15},  {"SIGQUIT", 3},   {"9", 9},  {"HUP", 1},
        {"RTMIN+3", 37}, {"RTMAX-1", 63}, {"RTMIN", 34},  {"SIGRTMAX", 64}, {"SYS", 31},      {"0", 0},  {"", 0},
        {"SIG", 0},      {"SIGNAL", 0},   {"RTMIN-1", 0}, {"RTMIN+99", 0},  {"SIGRTMIN+", 0}, {"65", 0}, {"-9", 0},
    };

    (void)state;
    for (size_t i = 0; i < WB_COUNT(cases); i++)
        if (signal_parse(slice_of(cases[i].text)) != cases[i].number)
            fail_msg("%s is %d", cases[i].text, signal_parse(slice_of(cases[i].text)));
    assert_true(signal_ends(15, 0) && signal_ends(9, 0) && signal_ends(2, 0) && signal_ends(3, 0));
    assert_false(signal_ends(1, 0) || signal_ends(0, 0) || signal_ends(28, 15));
    assert_true(signal_ends(28, 28) && signal_ends(1, 1));
}

static void test_how_a_container_is_to_be_stopped(void **state)
{
    static const struct {
        const char *config;
        int signal;
        unsigned timeout_s;
    } cases[] = {
        {"{}", 0, 10},
        {"{\"StopSignal\":\"SIGWINCH\",\"StopTimeout\":3}", 28, 3},
        {"{\"StopSignal\":7,\"StopTimeout\":\"3\"}", 0, 10},
        {"{\"StopTimeout\":-1}", 0, 86400},
        {"{\"StopTimeout\":1e300}", 0, 86400},
        {"{\"StopTimeout\":0}", 0, 0},
    };

    (void)state;
    for (size_t i = 0; i < WB_COUNT(cases); i++) {
        char *json = wb_format("{\"Id\":\"" ID "\",\"Name\":\"/a\",\"Config\":%s}", cases[i].config);
        struct container *container = decode_container(slice_of(json), error);
        assert_non_null(container);
        assert_int_equal(container->stop_signal, cases[i].signal);
        assert_int_equal(container->stop_timeout_s, cases[i].timeout_s);
        container_unref(&container);
        free(json);
    }
}

static void test_versions_of_the_api(void **state)
{
    struct docker_version own, lowest;

    (void)state;
    assert_true(decode_version(SLICE("{\"ApiVersion\":\"1.41\",\"MinAPIVersion\":\"1.12\"}"), &own, &lowest));
    assert_int_equal(own.minor, 41);
    assert_int_equal(lowest.minor, 12);
    assert_false(decode_version(SLICE("{\"ApiVersion\":\"new\"}"), &own, &lowest));
    assert_false(decode_version(SLICE("no"), &own, &lowest));
}

static void test_timestamps(void **state)
{
    (void)state;
    assert_true(timestamp_parse(SLICE("1970-01-01T00:00:01Z")) == 1000000000u);
    assert_true(timestamp_parse(SLICE("1970-01-01T01:00:01.25+01:00")) == 1250000000u);
    assert_true(timestamp_parse(SLICE("0001-01-01T00:00:00Z")) == 0);
    assert_true(timestamp_parse(SLICE("2026-01-01T00:00:00")) == 0);
    assert_true(timestamp_parse(SLICE("yesterday")) == 0);
}

static void test_values_of_labels(void **state)
{
    struct arena arena;
    struct slice text;
    const char *because;
    int64_t number;

    (void)state;
    arena_init(&arena, 0);
    assert_true(label_text(&arena, SLICE("a\\\\w\\\"\\u00e9\\U0001F600\\t"), false, &text, &because));
    assert_true(slice_eq(text, SLICE("a\\w\"\xc3\xa9\xf0\x9f\x98\x80\t")));
    assert_false(label_text(&arena, SLICE("\\d"), false, &text, &because));
    assert_false(label_text(&arena, SLICE("\\u12"), false, &text, &because));
    assert_false(label_text(&arena, SLICE("\\ud800"), false, &text, &because));
    assert_false(label_text(&arena, SLICE("tail\\"), false, &text, &because));
    assert_false(label_text(&arena, SLICE("a\nb"), false, &text, &because));
    assert_true(label_text(&arena, SLICE("a\nb"), true, &text, &because));
    assert_true(label_integer(SLICE("-9223372036854775808"), &number) && number == INT64_MIN);
    assert_true(label_integer(SLICE("+007"), &number) && number == 7);
    assert_false(label_integer(SLICE("9223372036854775808"), &number));
    assert_false(label_integer(SLICE(" 1"), &number));
    assert_false(label_integer(SLICE(""), &number));
    arena_fini(&arena);
}

static void test_the_first_change_is_due_at_once_and_a_burst_is_gathered(void **state)
{
    struct burst burst = {.gap_max_ms = 50};

    (void)state;
    assert_true(burst_due_ms(&burst) == UINT64_MAX);
    burst_note(&burst, 1000);
    assert_int_equal(burst_due_ms(&burst), 1000);
    burst_applied(&burst, 1001, 0);
    assert_true(burst_due_ms(&burst) == UINT64_MAX);
    for (uint64_t now = 1002; now < 1010; now++)
        burst_note(&burst, now);
    assert_int_equal(burst_due_ms(&burst), 1005); /* a short gap, however little it takes */
    burst_applied(&burst, 1010, 9000);
    burst_note(&burst, 1020);
    assert_int_equal(burst_due_ms(&burst), 1046); /* four times what it took */
    burst_applied(&burst, 1050, 800000);
    burst_note(&burst, 1051);
    assert_int_equal(burst_due_ms(&burst), 1100); /* and no more than the most */
    burst_applied(&burst, 1100, 0);
    burst_note(&burst, 2000);
    assert_int_equal(burst_due_ms(&burst), 2000);
}

static void test_our_own_container_is_found_where_the_engine_left_its_traces(void **state)
{
    (void)state;
    assert_true(slice_eq(own_id_from_cgroup(SLICE("12:cpu:/docker/" ID "\n0::/\n")), SLICE(ID)));
    assert_true(slice_eq(own_id_from_cgroup(SLICE("0::/system.slice/docker-" ID ".scope\n")), SLICE(ID)));
    assert_int_equal(own_id_from_cgroup(SLICE("0::/\n")).len, 0);
    assert_true(slice_eq(own_id_from_mountinfo(SLICE("1 2 0:1 / / rw\n3 4 8:1 /var/lib/docker/containers/" ID
                                                     "/hostname /etc/hostname rw - ext4 x y\n")),
                         SLICE(ID)));
    /* On the host itself the mounts of other containers are seen: those are not us. */
    assert_int_equal(own_id_from_mountinfo(SLICE("3 4 0:9 / /var/lib/docker/containers/" ID "/mounts/shm rw\n")).len, 0);
    assert_true(slice_eq(own_id_from_host_name(SLICE("0123456789ab")), SLICE("0123456789ab")));
    assert_int_equal(own_id_from_host_name(SLICE("web-server-1")).len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_container_is_read_whole),
        cmocka_unit_test(test_a_truncated_container_is_refused_with_a_reason),
        cmocka_unit_test(test_other_types_and_missing_parts_do_not_crash),
        cmocka_unit_test(test_labels_beyond_all_need_reject_the_container),
        cmocka_unit_test(test_nesting_without_end_is_refused),
        cmocka_unit_test(test_a_list_leaves_out_what_has_no_id_and_doubles),
        cmocka_unit_test(test_time_that_passes_changes_no_fact_but_health_does),
        cmocka_unit_test(test_events_name_an_action_and_a_container),
        cmocka_unit_test(test_a_signal_is_a_number_or_a_name),
        cmocka_unit_test(test_how_a_container_is_to_be_stopped),
        cmocka_unit_test(test_versions_of_the_api),
        cmocka_unit_test(test_timestamps),
        cmocka_unit_test(test_values_of_labels),
        cmocka_unit_test(test_the_first_change_is_due_at_once_and_a_burst_is_gathered),
        cmocka_unit_test(test_our_own_container_is_found_where_the_engine_left_its_traces),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
