/* SPDX-License-Identifier: MIT */
/* Labels that 1.7 does not have, and values that mean nothing: what is said, and what stays open or is closed. */
#include "build_scene.h"
#include "docker/label_table.h"

/* What was said of the first container's label; NULL: nothing. */
static const char *said_of(const struct scene *scene, const char *label)
{
    const struct inventory_item *item = &scene->built.inventory->items[0];

    for (size_t i = 0; i < item->problem_count; i++) {
        if (slice_eq(item->problems[i].label, slice_of(label)))
            return item->problems[i].text.ptr;
    }
    return NULL;
}

static void test_an_unknown_label_says_which_was_meant(void **state)
{
    static const char *const cases[][2] = {
        {"traefik.frontend.rul", "did you mean traefik.frontend.rule?"},
        {"traefik.frontend.Rule", "did you mean traefik.frontend.rule? (case counts)"},
        {"traefik.frontend.entrypoints", "did you mean traefik.frontend.entryPoints? (case counts)"},
        {"traefik.enabled", "did you mean traefik.enable?"},
        {"traefik.enbale", "did you mean traefik.enable?"},
        {"traefik.prot", "did you mean traefik.port?"},
        {"traefik.frontend.port", "did you mean traefik.port?"},
        {"traefik.frontend.backend", "did you mean traefik.backend?"},
        {"traefik.network", "did you mean traefik.docker.network?"},
        {"traefik.rule", "did you mean traefik.frontend.rule?"},
        {"traefik.loadbalancer.method", "did you mean traefik.backend.loadbalancer.method?"},
        {"traefik.backend.loadbalancer.stikcy", "did you mean traefik.backend.loadbalancer.sticky?"},
        {"traefik.api.frontend.rul", "did you mean traefik.api.frontend.rule?"},
        {"traefik.api.frontend.backend", "did you mean traefik.api.backend?"},
        {"traefik.api.prot", "did you mean traefik.api.port?"},
        {"traefik.api.enable", "said of the whole container, not of a segment: write traefik.enable"},
        {"traefik.api.backend.loadbalancer.method", "write traefik.backend.loadbalancer.method"},
        {"traefik.frontend.errors.net.stauts", "did you mean status? write status, backend or query"},
        {"traefik.frontend.errros.net.status", "did you mean traefik.frontend.errors.net.status?"},
        {"traefik.api.frontend.errors.net.qeury", "did you mean query?"},
        {"traefik.frontend.ratelimit.rateset.all.burst",
         "did you mean traefik.frontend.rateLimit.rateSet.all.burst? (case counts)"},
        {"traefik.frontend.rateLimit.rateSet.all.brust", "did you mean burst? write period, average or burst"},
        {"traefik.frontend.rateLimit.rateSets.all.period", "did you mean traefik.frontend.rateLimit.rateSet.all.period?"},
        {"traefik.frontend.auth.forward.adress", "did you mean traefik.frontend.auth.forward.address?"},
        {"traefik.swarm.network", "did you mean traefik.docker.network?"},
        {"traefik.wholly.other.thing", "1.7 has no such label: it has no effect"},
    };

    (void)state;
    for (size_t i = 0; i < WB_COUNT(cases); i++) {
        struct scene *scene;
        set_up((void **)&scene);
        char *labels = wb_format("\"%s\":\"1\"", cases[i][0]);
        add(scene, ID_A, "web", labels);
        build(scene);
        const char *said = said_of(scene, cases[i][0]);
        if (!said || !strstr(said, cases[i][1]))
            fail_msg("%s: %s, not: %s", cases[i][0], said ? said : "nothing", cases[i][1]);
        free(labels);
        tear_down((void **)&scene);
    }
}

static void test_a_label_of_traefik_2_says_what_it_is_in_1_7(void **state)
{
    static const char *const cases[][2] = {
        {"traefik.http.routers.web.rule", "in 1.7 it is traefik.frontend.rule"},
        {"traefik.http.routers.web.entrypoints", "in 1.7 it is traefik.frontend.entryPoints"},
        {"traefik.http.routers.web.tls", "an entrypoint that has TLS"},
        {"traefik.http.routers.web.tls.certresolver", "an entrypoint that has TLS"},
        {"traefik.http.routers.web.middlewares", "options of the frontend"},
        {"traefik.http.services.s.loadbalancer.server.port", "in 1.7 it is traefik.port"},
        {"traefik.http.services.s.loadBalancer.server.scheme", "in 1.7 it is traefik.protocol"},
        {"traefik.http.services.s.loadbalancer.healthcheck.path", "in 1.7 it is traefik.backend.healthcheck.path"},
        {"traefik.http.services.s.loadbalancer.sticky.cookie.name",
         "in 1.7 it is traefik.backend.loadbalancer.stickiness.cookieName"},
        {"traefik.http.middlewares.m.basicauth.users", "in 1.7 it is traefik.frontend.auth.basic.users"},
        {"traefik.http.middlewares.m.forwardauth.tls.insecureskipverify",
         "in 1.7 it is traefik.frontend.auth.forward.tls.insecureSkipVerify"},
        {"traefik.http.middlewares.m.ipallowlist.sourcerange", "in 1.7 it is traefik.frontend.whiteList.sourceRange"},
        {"traefik.http.middlewares.m.headers.stsseconds", "in 1.7 it is traefik.frontend.headers.STSSeconds"},
        {"traefik.http.middlewares.m.headers.accesscontrolalloworiginlist",
         "labels traefik.frontend.headers.*, but not this one"},
        {"traefik.http.middlewares.m.stripprefix.prefixes", "PathPrefixStrip:"},
        {"traefik.http.middlewares.m.ratelimit.average", "in 1.7 it is traefik.frontend.rateLimit.rateSet.NAME.average"},
        {"traefik.http.middlewares.m.compress", "Compress:true"},
        {"traefik.http.middlewares.m.grpcweb.alloworigins", "there is nothing like it in 1.7"},
        {"traefik.tcp.routers.db.rule", "neither TCP nor UDP"},
        {"traefik.udp.routers.dns.entrypoints", "neither TCP nor UDP"},
    };

    (void)state;
    for (size_t i = 0; i < WB_COUNT(cases); i++) {
        struct scene *scene;
        set_up((void **)&scene);
        char *labels = wb_format("\"%s\":\"x:$apr1$hash\"", cases[i][0]);
        add(scene, ID_A, "web", labels);
        assert_int_equal(build(scene)->frontend_count, 1);
        const char *said = said_of(scene, cases[i][0]);
        if (!said || !strstr(said, cases[i][1]))
            fail_msg("%s: %s, not: %s", cases[i][0], said ? said : "nothing", cases[i][1]);
        assert_false(is_said(scene, "apr1"));
        free(labels);
        tear_down((void **)&scene);
    }
}

/* Each 1.7 label that the hints name is one of the table, so that the advice can be followed. */
static void test_what_a_hint_names_exists(void **state)
{
    struct scene *scene = *state;
    static const char *const groups[] = {"basicauth.users",      "digestauth.usersfile",      "forwardauth.address",
                                         "headers.framedeny",    "buffering.retryexpression", "redirectregex.regex",
                                         "passtlsclientcert.pem"};

    struct text labels = TEXT_EMPTY;
    for (size_t i = 0; i < WB_COUNT(groups); i++)
        text_addf(&labels, "%s\"traefik.http.middlewares.m.%s\":\"1\"", i ? "," : "", groups[i]);
    add(scene, ID_A, "web", labels.ptr);
    build(scene);
    const struct inventory_item *item = &scene->built.inventory->items[0];
    assert_int_equal(item->problem_count, WB_COUNT(groups));
    for (size_t i = 0; i < item->problem_count; i++) {
        const char *named = strstr(item->problems[i].text.ptr, "it is traefik.");
        assert_non_null(named);
        assert_non_null(label_row_find(slice_of(named + 14)));
    }
    text_fini(&labels);
}

static void test_a_slip_in_a_name_that_protects_closes(void **state)
{
    static const char *const closing[] = {
        "traefik.frontend.auth.basic.usres",          "traefik.frontend.atuh.basic.users",
        "traefik.frontend.whitelist.sourceRange",     "traefik.frontend.rateLimit.extractorfunc",
        "traefik.frontend.ratelimit.rateset.a.burst", "traefik.backend.maxconn.amout",
        "traefik.backend.circuitBreaker.expression",  "traefik.frontend.passTLSClientCert.infos.subjet.country",
        "traefik.api.frontend.auth.basic.usres",
    };
    static const char *const open[] = {"traefik.frontend.rul", "traefik.frontend.headers.framedeny",
                                       "traefik.frontnd.priority"};

    (void)state;
    for (size_t i = 0; i < WB_COUNT(closing) + WB_COUNT(open); i++) {
        struct scene *scene;
        bool closes = i < WB_COUNT(closing);
        set_up((void **)&scene);
        char *labels = wb_format("\"%s\":\"1\"", closes ? closing[i] : open[i - WB_COUNT(closing)]);
        add(scene, ID_A, "web", labels);
        const struct fragment *fragment = build(scene);
        assert_int_equal(fragment->frontend_count, 1);
        if ((fragment->frontends[0].closed_because.len > 0) != closes)
            fail_msg("%s is %s", labels, closes ? "open" : "closed");
        assert_int_equal(scene->built.inventory->items[0].problems[0].severity,
                         closes ? DIAGNOSTIC_CLOSED : DIAGNOSTIC_WARNING);
        free(labels);
        tear_down((void **)&scene);
    }
}

static void test_what_several_segments_inherit_is_said_once(void **state)
{
    struct scene *scene = *state;

    add(scene, ID_A, "web",
        "\"traefik.a.port\":\"80\",\"traefik.b.port\":\"81\",\"traefik.c.port\":\"82\",\"traefik.frontend.priority\":"
        "\"high\","
        "\"traefik.frontnd.rule\":\"x\",\"traefik.weight\":\"heavy\",\"traefik.docker.network\":\"nowhere\","
        "\"traefik.frontend.auth.basic.usres\":\"x\",\"traefik.c.frontend.priority\":\"low\"");
    const struct fragment *fragment = build(scene);
    const struct inventory_item *item = &scene->built.inventory->items[0];
    assert_int_equal(fragment->frontend_count, 3);
    for (size_t i = 0; i < 3; i++)
        assert_true(fragment->frontends[i].closed_because.len > 0); /* each, though it is said once */
    assert_int_equal(item->problem_count, 7);                       /* the seventh: nobody is left in auth.basic */
    assert_non_null(said_of(scene, "traefik.c.frontend.priority"));
}

static void test_the_names_of_a_container_that_is_left_alone_are_looked_at_unless_it_is_disabled(void **state)
{
    struct scene *scene = *state;

    scene->options.exposed_by_default = false;
    add(scene, ID_A, "web", "\"traefik.enabled\":\"true\",\"traefik.frontend.auth.basic.usres\":\"x\"");
    build(scene);
    assert_int_equal(scene->built.inventory->items[0].why, WHY_NOT_ENABLED);
    assert_non_null(strstr(said_of(scene, "traefik.enabled"), "traefik.enable?"));
    for (size_t i = 0; i < 2; i++) /* there is no frontend that could be closed */
        assert_int_equal(scene->built.inventory->items[0].problems[i].severity, DIAGNOSTIC_WARNING);
    container_unref(&scene->containers[--scene->count]);
    add(scene, ID_A, "web", "\"traefik.enable\":\"false\",\"traefik.frontnd.rule\":\"x\"");
    build(scene);
    assert_int_equal(scene->built.inventory->items[0].problem_count, 0);
}

static void test_a_value_that_means_nothing_says_what_was_meant(void **state)
{
    static const struct {
        const char *label, *value, *said;
        bool closes;
    } cases[] = {
        {"traefik.backend.loadbalancer.method", "wwr", "did you mean wrr? write wrr or drr; wrr is used", false},
        {"traefik.backend.loadbalancer.method", "least", "write wrr or drr; wrr is used", false},
        {"traefik.enable", "ture", "did you mean true? write true or false; taken as true", false},
        {"traefik.frontend.passHostHeader", "no", "did you mean false? write true or false", false},
        {"traefik.frontend.headers.SSLRedirect", "ture", "did you mean true?", true},
        {"traefik.backend.loadbalancer.stickiness", "treu", "did you mean true?", false},
        {"traefik.backend.loadbalancer.sticky", "yes", "did you mean true?", false},
        {"traefik.protocol", "htpps", "did you mean https? write http, https or h2c", false},
        {"traefik.backend.maxconn.extractorfunc", "client.pi", "did you mean client.ip?", true},
        {"traefik.frontend.rateLimit.extractorFunc", "requesthost", "did you mean request.host?", true},
        {"traefik.frontend.rateLimit.extractorFunc", "request.header.", "write client.ip, request.host or", true},
        {"traefik.backend.healthcheck.interval", "often", "write a duration", false},
        {"traefik.backend.healthcheck.scheme", "htp", "did you mean http?", false},
        {"traefik.backend.healthcheck.port", "99999", "no port", false},
        {"traefik.backend.responseForwarding.flushInterval", "now", "write a duration", false},
        {"traefik.frontend.redirect.entryPoint", "htpp", "there is no such entrypoint: did you mean http?", true},
        {"traefik.portName", "web", "write traefik.port", false},
        {"traefik.docker.network", "brigde", "did you mean bridge?", false},
    };

    (void)state;
    for (size_t i = 0; i < WB_COUNT(cases); i++) {
        struct scene *scene;
        set_up((void **)&scene);
        char *labels = wb_format("\"%s\":\"%s\"", cases[i].label, cases[i].value);
        add(scene, ID_A, "web", labels);
        const struct fragment *fragment = build(scene);
        const char *said = said_of(scene, cases[i].label);
        if (!said || !strstr(said, cases[i].said))
            fail_msg("%s: %s, not: %s", labels, said ? said : "nothing", cases[i].said);
        assert_int_equal(fragment->frontend_count, 1);
        assert_int_equal(fragment->frontends[0].closed_because.len > 0, cases[i].closes);
        free(labels);
        tear_down((void **)&scene);
    }
}

static void test_an_entrypoint_that_is_not_there_names_those_that_are(void **state)
{
    struct scene *scene = *state;

    add(scene, ID_A, "web", "\"traefik.frontend.entryPoints\":\"htp\"");
    build(scene);
    assert_true(is_said(scene, "there is no entrypoint `htp`, did you mean http? There are http: define it"));
}

static void test_a_method_that_is_none_is_said_once_and_of_its_label(void **state)
{
    struct scene *scene = *state;

    add(scene, ID_A, "web",
        "\"traefik.backend.loadbalancer.method\":\"wwr\",\"traefik.backend.loadbalancer.sticky\":\"true\"");
    const struct fragment *fragment = build(scene);
    assert_int_equal(scene->built.diagnostics->count, 1);
    assert_true(slice_eq(fragment->backends[0].load_balancer->method, SLICE("wrr")));
    assert_non_null(fragment->backends[0].load_balancer->stickiness);
    assert_false(fragment->backends[0].load_balancer->sticky); /* as v1.7 replaces all but the stickiness */
}

/* A value that its kind refuses; NULL: any text will do. */
static const char *bad_value_of(enum label_kind kind)
{
    switch (kind) {
    case LABEL_BOOL:
        return "perhaps";
    case LABEL_INTEGER:
        return "many";
    case LABEL_PAIRS:
        return "no colon";
    case LABEL_PORT:
        return "80x";
    case LABEL_LIST:
        return " , ";
    case LABEL_TEXT:
    case LABEL_KNOWN:
        return NULL;
    }
    return NULL;
}

/* Decisions 10 to 12 for each row: what protects closes; else the value is dropped alone, and the container keeps its
 * frontend, its server and the neighbour's routes. */
static void test_a_bad_value_of_every_label_closes_or_is_dropped_alone(void **state)
{
    size_t tried = 0;

    (void)state;
    for (size_t i = 0; i < label_row_count; i++) {
        const struct label_row *row = &label_rows[i];
        const char *bad = bad_value_of(row->kind);
        struct scene *scene;
        if (!bad)
            continue;
        set_up((void **)&scene);
        char *labels = wb_format("\"traefik.%s\":\"%s\"", row->name, bad), *name = wb_format("traefik.%s", row->name);
        add(scene, ID_A, "web", labels);
        add(scene, ID_B, "neighbour", "");
        const struct fragment *fragment = build(scene);
        bool protects = row->flags & LABEL_PROTECTS, silent = row->kind == LABEL_LIST && !protects;
        assert_int_equal(fragment->frontend_count, 2);
        assert_int_equal(fragment->backend_count, 2);
        assert_int_equal(fragment->frontends[0].closed_because.len, 0); /* "neighbour" sorts first */
        if ((fragment->frontends[1].closed_because.len > 0) != protects)
            fail_msg("%s is %s", labels, protects ? "open" : "closed");
        if ((said_of(scene, name) == NULL) != silent) /* a list of nothing is an empty value, which is absent */
            fail_msg("of %s %s is said", labels, silent ? "something" : "nothing");
        free(labels);
        free(name);
        tear_down((void **)&scene);
        tried++;
    }
    assert_true(tried > 60);
}

/* Escapes that are none reject the container of the text, and no other one. */
static void test_a_text_that_cannot_be_decoded_rejects_its_container_for_every_text_label(void **state)
{
    (void)state;
    for (size_t i = 0; i < label_row_count; i++) {
        const struct label_row *row = &label_rows[i];
        struct scene *scene;
        if (row->kind != LABEL_TEXT && row->kind != LABEL_LIST && row->kind != LABEL_PAIRS && row->kind != LABEL_PORT)
            continue;
        set_up((void **)&scene);
        char *labels = wb_format("\"traefik.%s\":\"X:a\\\\d\"", row->name);
        add(scene, ID_A, "web", labels);
        add(scene, ID_B, "neighbour", "");
        assert_int_equal(build(scene)->frontend_count, 1);
        assert_int_equal(scene->built.inventory->items[0].why, WHY_LABEL);
        assert_int_equal(scene->built.inventory->items[1].why, WHY_ROUTED);
        free(labels);
        tear_down((void **)&scene);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_unknown_label_says_which_was_meant),
        cmocka_unit_test(test_a_label_of_traefik_2_says_what_it_is_in_1_7),
        WITH_SCENE(test_what_a_hint_names_exists),
        cmocka_unit_test(test_a_slip_in_a_name_that_protects_closes),
        WITH_SCENE(test_what_several_segments_inherit_is_said_once),
        WITH_SCENE(test_the_names_of_a_container_that_is_left_alone_are_looked_at_unless_it_is_disabled),
        cmocka_unit_test(test_a_value_that_means_nothing_says_what_was_meant),
        WITH_SCENE(test_an_entrypoint_that_is_not_there_names_those_that_are),
        WITH_SCENE(test_a_method_that_is_none_is_said_once_and_of_its_label),
        cmocka_unit_test(test_a_bad_value_of_every_label_closes_or_is_dropped_alone),
        cmocka_unit_test(test_a_text_that_cannot_be_decoded_rejects_its_container_for_every_text_label),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
