/* SPDX-License-Identifier: MIT */
/* What compose files mean: ports, networks; files over files, extended and included ones. */
#include "compose_fixture.h"
#include <stdio.h>

static void check_port(const struct compose_port *port, unsigned number, const char *protocol, const char *binding)
{
    char got[200] = "";

    assert_int_equal(port->number, number);
    check_text(port->protocol, protocol);
    if (port->is_bound)
        snprintf(got, sizeof got, SLICE_FMT "|" SLICE_FMT, SLICE_ARG(port->host_ip), SLICE_ARG(port->host_port));
    assert_string_equal(got, binding);
}

static void test_ports_are_read_in_every_form(void **state)
{
    static const struct {
        const char *port, *protocol, *binding;
        unsigned number;
    } rows[] = {
        {"80", "tcp", "|", 80},
        {"'8080:80'", "tcp", "|8080", 80},
        {"'127.0.0.1:8080:80/udp'", "udp", "127.0.0.1|8080", 80},
        {"'127.0.0.1::80'", "tcp", "127.0.0.1|", 80},
        {"'[::1]:8080:80'", "tcp", "[::1]|8080", 80},
        {"'8000-8010:80'", "tcp", "|8000-8010", 80},
        {"{target: 80, published: 8080, host_ip: 10.0.0.1}", "tcp", "10.0.0.1|8080", 80},
        {"{target: 80, protocol: udp}", "udp", "|", 80},
    };

    (void)state;
    for (size_t i = 0; i < WB_COUNT(rows); i++) {
        read_text(arena_format(&arena, "services:\n  a:\n    ports:\n      - %s\n", rows[i].port));
        check_problems("");
        assert_int_equal(service("a")->ports.count, 1);
        check_port(&service("a")->ports.items[0], rows[i].number, rows[i].protocol, rows[i].binding);
    }
}

static void test_ranges_of_ports_are_written_out(void **state)
{
    (void)state;
    read_text("services:\n  a:\n    ports: ['9000-9002:80-82']\n    expose: [90, '91-92/udp', 90]\n");
    check_problems("");
    assert_int_equal(service("a")->ports.count, 6);
    check_port(&service("a")->ports.items[1], 81, "tcp", "|9001");
    check_port(&service("a")->ports.items[5], 92, "udp", "");
    assert_false(service("a")->ports.items[5].is_bound);
    read_text("services:\n  a:\n    ports: ['1-65535']\n");
    assert_int_equal(service("a")->ports.count, 1000);
}

static void test_bad_ports_are_named(void **state)
{
    (void)state;
    read_text(
        "services:\n  a:\n    ports:\n      - web\n      - '80:'\n      - 90-80\n      - 70000\n      - {published: 1}\n");
    assert_int_equal(problems.count, 5);
    assert_string_equal(problems.items[0].text, "`web` is no port: write 8000, \"8080:8000\" or \"127.0.0.1:8080:8000\"");
    assert_int_equal(problems.items[4].at.line, 8);
    assert_int_equal(service("a")->ports.count, 0);
}

static void test_networks_have_the_names_the_engine_gives_them(void **state)
{
    (void)state;
    read_text("services:\n"
              "  a: {networks: [front, ext, named, old]}\n"
              "  b: {networks: {front: {aliases: [x]}}}\n"
              "  c: {}\n"
              "  d: {network_mode: host}\n"
              "  e: {networks: [none]}\n"
              "networks:\n  front:\n  ext: {external: true}\n  named: {name: n}\n  old: {external: {name: o}}\n");
    check_problems(
        "error 6 the service `e` is in a network `none` that the file does not have: add it below the `networks:` of "
        "the file\n");
    check_text(project.name, "myshop");
    check_text(service("a")->networks.items[0].name, "myshop_front");
    check_text(service("a")->networks.items[1].name, "ext");
    check_text(service("a")->networks.items[2].name, "n");
    check_text(service("a")->networks.items[3].name, "o");
    check_text(service("b")->networks.items[0].name, "myshop_front");
    check_text(service("c")->networks.items[0].name, "myshop_default");
    assert_int_equal(service("d")->networks.count, 0);
}

static void test_later_files_go_over_earlier_ones(void **state)
{
    const struct disk_file files[] = {
        {"a.yaml", "name: one\nservices:\n  a:\n    image: x\n    labels: {k: 1, l: 1}\n    ports: [80]\n    networks: [n]\n"
                   "  r: {labels: {k: 1}, ports: [80]}\nnetworks: {n: }\n"},
        {"b.yaml", "name: Two\nservices:\n  a:\n    image: y\n    labels: [k=2, m=2]\n    ports: [81]\n"
                   "  r: {labels: !override {l: 2}, ports: !reset []}\n  z: {}\nnetworks: {n: {name: own}}\n"},
        {NULL, NULL},
    };

    (void)state;
    read_disk(files, 2);
    check_problems("");
    check_text(project.name, "two");
    check_text(service("a")->image, "y");
    check_label("k", "2");
    check_label("l", "1");
    assert_int_equal(label(&service("a")->labels, "k")->at.line, 5);
    check_text(label(&service("a")->labels, "k")->at.file, "b.yaml");
    assert_int_equal(service("a")->ports.count, 2);
    check_text(service("a")->networks.items[0].name, "own");
    assert_int_equal(service("r")->labels.count, 1);
    assert_int_equal(service("r")->ports.count, 0);
    assert_int_equal(project.count, 3);
}

static void test_services_extend_others(void **state)
{
    const struct disk_file files[] = {
        {"sub/a.yaml", "services:\n  base: {labels: {k: 1, l: 1}}\n  a:\n    extends: base\n    labels: {l: 2}\n"
                       "  b:\n    extends: {file: more/b.yaml, service: far}\n"},
        {"sub/more/b.yaml",
         "services:\n  far:\n    extends: {service: near}\n    labels: {f: 1}\n  near: {labels: {n: 1}}\n"},
        {NULL, NULL},
    };

    (void)state;
    read_disk(files, 1);
    check_problems("");
    check_label("k", "1");
    check_label("l", "2");
    check_text(label(&service("b")->labels, "n")->value, "1");
    check_text(label(&service("b")->labels, "f")->at.file, "sub/more/b.yaml");
    assert_int_equal(project.count, 3);
}

static void test_what_cannot_be_extended_is_named(void **state)
{
    (void)state;
    read_text("services:\n  a: {extends: none}\n  b: {extends: {file: ../x.yaml, service: s}}\n  c: {extends: d}\n"
              "  d: {extends: c}\n  e: {extends: {file: /etc/passwd, service: s}}\n");
    assert_int_equal(problems.count, 5);
    assert_string_equal(problems.items[0].text, "there is no service `none` in c.yaml to extend");
    assert_string_equal(problems.items[1].text, "`../x.yaml` is outside of this folder and is not looked at: name it on the "
                                                "command line, too");
    assert_string_equal(problems.items[2].text,
                        "more than 8 services extend each other, or they do so in a circle; use fewer");
    assert_false(problems.unreadable);
    read_text("services:\n  a: {extends: {file: gone.yaml, service: s}}\n");
    check_problems("error 2 gone.yaml: No such file\n");
    assert_true(problems.unreadable);
}

static void test_files_include_others_once(void **state)
{
    const struct disk_file files[] = {
        {"a.yaml", "include: [b.yaml, {path: [./c.yaml]}]\nservices:\n  a: {labels: {k: a}}\n"},
        {"b.yaml", "include: [a.yaml, b.yaml, c.yaml]\nservices:\n  a: {labels: {k: b, l: b}}\n  b: {}\n"},
        {"c.yaml", "services:\n  c: {}\n"},
        {NULL, NULL},
    };

    (void)state;
    read_disk(files, 1);
    check_problems("");
    check_label("k", "a");
    check_label("l", "b");
    assert_int_equal(project.count, 3);
}

/* Else a folder with one large bad file and many lines fills the memory. */
static void test_a_bad_file_is_read_once(void **state)
{
    static const struct disk_file files[] = {
        {"a.yaml", "include: [bad.yaml, ./bad.yaml, none.yaml, none.yaml]\nservices:\n  a: {}\n"},
        {"bad.yaml", "services: ["},
        {NULL, NULL}};

    (void)state;
    files_read = 0;
    read_disk(files, 1);
    assert_int_equal(files_read, 3);
    assert_int_equal(problems.count, 2);
    assert_true(problems.unreadable);
}

static void test_files_of_version_1_have_no_services_key(void **state)
{
    (void)state;
    read_text("a:\n  image: x\n  net: host\nb:\n  build: .\n  labels: [k=v]\n");
    check_problems("");
    check_text(service("a")->network_mode, "host");
    check_text(service("b")->network_mode, "bridge");
    assert_int_equal(service("b")->networks.count, 0);
}

static void test_extensions_anchors_and_merge_keys_are_followed(void **state)
{
    (void)state;
    read_text("x-labels: &l\n  k: 1\n  m: 1\nservices:\n  a:\n    labels:\n      <<: *l\n      m: 2\n");
    check_problems("");
    check_label("k", "1");
    check_label("m", "2");
    assert_int_equal(label(&service("a")->labels, "k")->at.line, 2);
}

static void test_files_without_services_are_named(void **state)
{
    (void)state;
    read_text("version: '3'\n");
    check_problems("error 0 there is no service in it: write them below `services:`\n");
    read_text("");
    check_problems("error 0 there is no service in it: write them below `services:`\n");
    read_text("- a\n");
    check_problems("error 1 a compose file is a mapping with `services:`, and this is a list\n"
                   "error 0 there is no service in it: write them below `services:`\n");
    read_text("services:\n  a: text\n");
    assert_string_equal(problems.items[0].text, "the service `a` is a mapping of its options, not a text");
    read_text("a: [\n");
    assert_true(problems.unreadable);
    assert_int_equal(problems.items[0].at.line, 2);
}

static void test_the_router_s_command_is_split_into_words(void **state)
{
    (void)state;
    read_text("services:\n  a:\n    command: --docker --entryPoints='Name:http Address::80' \"a b\" c\\ d ''\n"
              "    volumes: [./t.toml:/t.toml:ro, {type: bind, source: ./x, target: /y}]\n"
              "  b:\n    command: [--docker, '--x=$SET']\n");
    check_problems("");
    assert_int_equal(service("a")->command.count, 5);
    check_text(service("a")->command.items[1], "--entryPoints=Name:http Address::80");
    check_text(service("a")->command.items[2], "a b");
    check_text(service("a")->command.items[3], "c d");
    check_text(service("a")->command.items[4], "");
    check_text(service("b")->command.items[1], "--x=val");
    check_text(service("a")->volumes.items[1], "./x:/y");
    assert_int_equal(service("b")->command_at.line, 6);
}

/* Extended services copy their base: counted, so that a small file cannot become a huge one. */
static void test_copies_are_limited(void **state)
{
    struct text text = TEXT_EMPTY;

    (void)state;
    text_addf(&text, "services:\n  base:\n    labels:\n");
    for (unsigned i = 0; i < 1000; i++)
        text_addf(&text, "      k%u: v\n", i);
    for (unsigned i = 0; i < 1000; i++)
        text_addf(&text, "  s%u: {extends: base}\n", i);
    read_text(text.ptr);
    assert_int_equal(problems.count, 1);
    assert_non_null(strstr(problems.items[0].text, "there are more than 200000 services, labels"));
    text_fini(&text);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, open_arena, close_arena)
    const struct CMUnitTest tests[] = {
        CASE(test_ports_are_read_in_every_form),
        CASE(test_ranges_of_ports_are_written_out),
        CASE(test_bad_ports_are_named),
        CASE(test_networks_have_the_names_the_engine_gives_them),
        CASE(test_later_files_go_over_earlier_ones),
        CASE(test_services_extend_others),
        CASE(test_what_cannot_be_extended_is_named),
        CASE(test_files_include_others_once),
        CASE(test_a_bad_file_is_read_once),
        CASE(test_files_of_version_1_have_no_services_key),
        CASE(test_extensions_anchors_and_merge_keys_are_followed),
        CASE(test_files_without_services_are_named),
        CASE(test_the_router_s_command_is_split_into_words),
        CASE(test_copies_are_limited),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
