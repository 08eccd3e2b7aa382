/* SPDX-License-Identifier: MIT */
/* What nothing serves: a line with the nearest frontends in the log, few of them, and a count; nothing for the rest. */
#include "sim_test.h"
#include "waybill/base/log.h"
#include "waybill/exchange/unserved.h"

static const struct sim_route routes[] = {
    {.name = "shop", .rule = "Host:shop.example;PathPrefix:/len", .servers = SIM_SERVER_URL},
    {.name = "post", .rule = "Host:form.example;Method:POST", .servers = SIM_SERVER_URL},
    {.name = "list", .rule = "Host:list.example", .servers = SIM_SERVER_URL, .white_list = "10.0.0.0/8"},
};

struct unserved_scene {
    struct sim_scene scene;
    struct unserved *unserved;
    char line[2048]; /* the latest */
    unsigned lines, asked;
};

static void on_line(enum log_level level, const char *line, void *arg)
{
    struct unserved_scene *s = arg;

    if (level != LOG_WARN || !strstr(line, "404:"))
        return;
    s->lines++;
    snprintf(s->line, sizeof s->line, "%s", line);
}

static void begin(struct unserved_scene *s)
{
    *s = (struct unserved_scene){.unserved = unserved_create()};
    scene_begin(&s->scene);
    s->scene.world->env.unserved = s->unserved;
    sim_world_publish(s->scene.world, routes, WB_COUNT(routes));
    sim_settle(s->scene.sim);
    log_set_level(LOG_WARN);
    log_set_sink(on_line, s);
}

static void end(struct unserved_scene *s)
{
    log_set_sink(NULL, NULL);
    log_set_level(LOG_ERROR);
    scene_end(&s->scene);
    unserved_destroy(&s->unserved);
}

static void ask(struct unserved_scene *s, const char *request, unsigned status)
{
    sim_client_ask(&s->scene.client, request);
    sim_settle(s->scene.sim);
    assert_int_equal(sim_client_status(&s->scene.client, s->asked++), status);
}

static void assert_line(struct unserved_scene *s, const char *wanted)
{
    assert_int_equal(s->lines, 1);
    if (!strstr(s->line, wanted))
        fail_msg("%s\nhas not\n%s", s->line, wanted);
    s->lines = 0;
}

static void test_line_names_the_request_and_what_is_near(void **state)
{
    struct unserved_scene s;
    (void)state;

    begin(&s);
    ask(&s, "GET /other?secret=1 HTTP/1.1\r\nHost: shop.example\r\n\r\n", 404);
    assert_line(&s, "404: no frontend matches GET http://shop.example/other on entrypoint http; nearest: same host, other "
                    "path: shop (PathPrefix:/len)\"");
    ask(&s, "GET /x HTTP/1.1\r\nHost: fomr.example:81\r\n\r\n", 404);
    assert_line(&s, "GET http://fomr.example:81/x on entrypoint http; nearest: almost the same host, other path or options: "
                    "post (Host:form.example)\"");
    ask(&s, "GET /x HTTP/1.1\r\nHost: form.example\r\n\r\n", 404);
    assert_line(&s, "nearest: matches but for the method: post (Method:POST)\"");
    ask(&s, "GET /\xc3\xa9\" HTTP/1.1\r\nHost: far.off\r\n\r\n", 404);
    assert_line(&s, "GET http://far.off/\xc3\xa9\\\" on entrypoint http\"");
    end(&s);
}

static void test_what_is_served_or_refused_is_not_counted(void **state)
{
    static struct unserved_host hosts[UNSERVED_HOSTS];
    struct unserved_scene s;
    (void)state;

    begin(&s);
    ask(&s, "GET /len/1 HTTP/1.1\r\nHost: shop.example\r\n\r\n", 200);
    ask(&s, "GET /len/1 HTTP/1.1\r\nHost: list.example\r\n\r\n", 403);
    assert_int_equal(unserved_read(s.unserved, hosts), 0);
    ask(&s, "GET /len/1 HTTP/1.1\r\nHost: none.example\r\n\r\n", 404);
    assert_int_equal(unserved_read(s.unserved, hosts), 1);
    assert_int_equal(s.lines, 1);
    end(&s);
}

static void test_lines_are_few_and_say_how_many_were_left_out(void **state)
{
    static struct unserved_host hosts[UNSERVED_HOSTS];
    struct unserved_scene s;
    char request[128];
    (void)state;

    begin(&s);
    for (unsigned i = 0; i < 30; i++) {
        snprintf(request, sizeof request, "GET / HTTP/1.1\r\nHost: h%u.test\r\n\r\n", i);
        sim_client_ask(&s.scene.client, request);
        sim_settle(s.scene.sim);
    }
    s.asked = 30;
    assert_int_equal(sim_client_status(&s.scene.client, 29), 404);
    assert_in_range(s.lines, 1, 6);
    assert_int_equal(unserved_read(s.unserved, hosts), 30);
    s.lines = 0;
    sim_advance(s.scene.sim, 70000);
    ask(&s, "GET / HTTP/1.1\r\nHost: h1.test\r\n\r\n", 404);
    assert_line(&s, " more requests for what nothing serves since the last such line");
    end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_line_names_the_request_and_what_is_near),
        cmocka_unit_test(test_what_is_served_or_refused_is_not_counted),
        cmocka_unit_test(test_lines_are_few_and_say_how_many_were_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
