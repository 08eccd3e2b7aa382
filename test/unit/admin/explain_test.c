/* SPDX-License-Identifier: MIT */
/* GET /api/explain: what it says of each kind of request, and that a bad question is answered with words. */
#include "ask.h"
#include "explain_world.h"
#include <cjson/cJSON.h>
#include <stdio.h>

struct town {
    struct world world;
    struct explain_world explain;
};

static void town_init(struct town *town)
{
    world_init(&town->world);
    explain_world_init(&town->explain);
    town->world.request.env = &town->explain.env;
    town->world.request.snapshot = town->explain.snapshot;
}

static void town_fini(struct town *town)
{
    world_fini(&town->world);
    explain_world_fini(&town->explain);
}

static cJSON *ask(struct town *town, const char *query)
{
    char line[1024];

    snprintf(line, sizeof line, "GET /api/explain?%s", query);
    assert_true(world_ask(&town->world, line));
    if (town->world.answer.status != 200)
        fail_msg("%s: %u %s", query, town->world.answer.status, town->world.answer.body.ptr);
    assert_slice(town->world.answer.content_type, "application/json; charset=UTF-8");
    cJSON *document = cJSON_Parse(town->world.answer.body.ptr);
    assert_non_null(document);
    return document;
}

/* "frontend/server/url", objects within objects. */
static const cJSON *at(const cJSON *document, const char *path)
{
    char copy[128], *save = NULL;

    snprintf(copy, sizeof copy, "%s", path);
    for (char *name = strtok_r(copy, "/", &save); name && document; name = strtok_r(NULL, "/", &save))
        document = cJSON_GetObjectItemCaseSensitive(document, name);
    return document;
}

static void assert_at(const cJSON *document, const char *path, const char *wanted)
{
    const cJSON *value = at(document, path);
    if (!value)
        fail_msg("there is no %s", path);
    assert_string_equal(value->valuestring, wanted);
}

static const cJSON *tried(const cJSON *document, const char *name)
{
    const cJSON *row;

    cJSON_ArrayForEach(row, at(document, "tried")) if (strcmp(at(row, "name")->valuestring, name) == 0) return row;
    return NULL;
}

static void test_frontend_that_gets_it_is_shown_with_its_way(void **state)
{
    struct town town;
    (void)state;

    town_init(&town);
    cJSON *document = ask(&town, "url=HTTP://Shop.Example:81/%2561dmin/x%3Fq=1%23part&client=10.0.0.1");
    assert_at(document, "request/method", "GET");
    assert_at(document, "request/host", "Shop.Example");
    assert_at(document, "request/path", "/admin/x");
    assert_at(document, "request/query", "q=1");
    assert_at(document, "request/entrypoint", "http");
    assert_at(document, "request/client", "10.0.0.1");
    assert_at(document, "answered_by", "frontend");
    assert_null(at(document, "status"));
    assert_at(document, "frontend/name", "admin");
    assert_at(document, "frontend/provider", "docker");
    assert_at(document, "frontend/rule", "Host:shop.example;PathPrefixStrip:/admin");
    assert_int_equal(at(document, "frontend/priority")->valueint, 40);
    assert_string_equal(at(document, "frontend/filters")->child->valuestring, "whiteList");
    assert_at(document, "frontend/backend", "shop");
    assert_int_equal(at(document, "frontend/servers")->valueint, 3);
    assert_at(document, "frontend/server/url", "http://10.0.0.1:80");
    assert_at(document, "frontend/target", "/x?q=1");
    assert_at(document, "frontend/prefix", "/admin");
    assert_int_equal(at(document, "frontends")->valueint, 9);
    assert_at(tried(document, "admin"), "verdict", "wins");
    assert_at(tried(document, "shop"), "verdict", "matches");
    assert_at(tried(document, "keyed"), "verdict", "refuses");
    assert_at(tried(document, "keyed"), "part", "PathPrefix:/api");
    assert_at(tried(document, "keyed"), "why", "the path is /admin/x");
    cJSON_Delete(document);
    town_fini(&town);
}

static void test_server_shown_is_the_one_that_is_picked_next(void **state)
{
    struct town town;
    (void)state;

    town_init(&town);
    const struct route_backend *backend = NULL;
    for (size_t i = 0; i < town.explain.snapshot->frontend_count; i++)
        if (slice_eq(town.explain.snapshot->frontends[i]->name, SLICE("admin")))
            backend = town.explain.snapshot->frontends[i]->backend;
    for (unsigned i = 0; i < 7; i++) {
        for (unsigned again = 0; again < 2; again++) { /* asking changes nothing */
            cJSON *document = ask(&town, "url=shop.example");
            char url[32];
            snprintf(url, sizeof url, "http://10.0.0.%u:80", i % 3 + 1);
            assert_at(document, "frontend/server/url", url);
            cJSON_Delete(document);
        }
        upstream_pick(town.explain.env.upstream, backend, NULL, 0);
    }
    town_fini(&town);
}

static void assert_end(struct town *town, const char *query, const char *by, int status, const char *reason)
{
    cJSON *document = ask(town, query);

    assert_at(document, "answered_by", by);
    assert_int_equal(at(document, "status")->valueint, status);
    assert_at(document, "reason", reason);
    cJSON_Delete(document);
}

static void test_answers_of_the_router_have_their_status_and_reason(void **state)
{
    struct town town;
    (void)state;

    town_init(&town);
    assert_end(&town, "url=none.example", "nobody", 404, "no frontend matches");
    assert_end(&town, "url=closed.example", "frontend", 503, "frontend is closed: a protecting option cannot be understood");
    assert_end(&town, "url=empty.example&method=POST", "frontend", 503, "backend has no server");
    assert_end(&town, "url=empty.example", "nobody", 404, "no frontend matches");
    assert_end(&town, "url=slash.example/x", "frontend", 301, "the rule has the path with its final slash");
    assert_end(&town, "url=shop.example/admin/..%252fapi", "nobody", 400,
               "path would lead to another frontend once decoded further");
    assert_end(&town, "url=shop.example/x/../admin/y", "frontend", 400, "path with dot segments on a route that changes it");
    assert_end(&town, "url=shop.example/%25zz", "nobody", 400, "request target is malformed");
    assert_end(&town, "url=a@b/", "nobody", 400, "Host is malformed, or there is more than one");
    assert_end(&town, "url=shop.example&method=BREW", "nobody", 501, "method is not one that is forwarded");
    assert_end(&town, "url=shop.example&header=Content-Length:1&header=Content-Length:2", "nobody", 400,
               "Content-Length or Transfer-Encoding is ambiguous or malformed");
    town.world.request.snapshot = NULL;
    assert_end(&town, "url=shop.example", "nobody", 503, "configuration is not there yet");
    town_fini(&town);
}

static void test_remembered_frontend_is_shown_with_what_became_of_it(void **state)
{
    struct town town;
    (void)state;

    town_init(&town);
    cJSON *document = ask(&town, "url=gone.example");
    assert_at(document, "answered_by", "frontend");
    assert_int_equal(at(document, "status")->valueint, 503);
    assert_at(document, "reason", "service is not running");
    assert_at(document, "frontend/name", "shop");
    assert_at(document, "frontend/rule", "HostRegexp:gone.{x}");
    assert_at(document, "frontend/because", "container gone has stopped");
    assert_true(cJSON_IsTrue(at(document, "frontend/remembered")));
    cJSON_Delete(document);
    town_fini(&town);
}

static void test_closed_entrypoint_lets_nothing_in(void **state)
{
    struct town town;
    (void)state;

    town_init(&town);
    town.explain.entrypoints[0].closed = true;
    assert_end(&town, "url=shop.example", "nobody", 503, "frontend is closed: a protecting option cannot be understood");
    town_fini(&town);
}

static void test_headers_count_as_the_client_is_trusted(void **state)
{
    struct town town;
    (void)state;

    town_init(&town);
    cJSON *document = ask(&town, "url=shop.example/api/1&header=X-Key:+1");
    assert_at(document, "frontend/name", "keyed");
    cJSON_Delete(document);
    document = ask(&town, "url=x&header=host:shop.example");
    assert_at(document, "frontend/name", "shop");
    cJSON_Delete(document);
    document = ask(&town, "url=shop.example/api/1&header=X-Key:1&header=Connection:x-key");
    assert_at(document, "frontend/name", "shop");
    assert_at(tried(document, "keyed"), "why", "there is no header X-Key");
    cJSON_Delete(document);
    document = ask(&town, "url=proto.example&header=X-Forwarded-Proto:https");
    assert_at(document, "answered_by", "nobody");
    assert_at(document, "nearest", "matches but for a header: proto (Headers:X-Forwarded-Proto,https)");
    cJSON_Delete(document);
    document = ask(&town, "url=proto.example&header=X-Forwarded-Proto:https&client=192.168.1.1");
    assert_at(document, "frontend/name", "proto");
    cJSON_Delete(document);
    town_fini(&town);
}

static void test_local_routes_are_the_routers_own(void **state)
{
    static const struct {
        const char *query, *by;
    } cases[] = {
        {"url=x/api&entrypoint=traefik", "router"},
        {"url=x/ping&entrypoint=traefik", "router"},
        {"url=x/api/explain&entrypoint=traefik", "router"},
        {"url=x/api/explain/&entrypoint=traefik", "router"},
        {"url=x/none&entrypoint=traefik", "nobody"},
        {"url=x/api&entrypoint=http", "nobody"},
        {"url=x/api&method=POST&entrypoint=traefik", "nobody"},
    };
    struct town town;
    (void)state;

    town_init(&town);
    for (size_t i = 0; i < WB_COUNT(cases); i++) {
        cJSON *document = ask(&town, cases[i].query);
        assert_at(document, "answered_by", cases[i].by);
        cJSON_Delete(document);
    }
    town_fini(&town);
}

static void test_entrypoint_is_the_first_default_one_or_https_by_scheme(void **state)
{
    struct town town;
    (void)state;

    town_init(&town);
    town.explain.entrypoints[1].name = SLICE("https");
    cJSON *document = ask(&town, "url=https://shop.example");
    assert_at(document, "request/entrypoint", "https");
    cJSON_Delete(document);
    document = ask(&town, "url=http://shop.example");
    assert_at(document, "request/entrypoint", "http");
    cJSON_Delete(document);
    town.world.options.default_entrypoint = 1;
    world_restart(&town.world);
    document = ask(&town, "url=http://shop.example");
    assert_at(document, "request/entrypoint", "https");
    cJSON_Delete(document);
    town_fini(&town);
}

static void test_bad_question_is_answered_with_words(void **state)
{
    static const struct {
        const char *query, *words;
    } cases[] = {
        {"", "url is missing"},
        {"method=GET", "url is missing"},
        {"url=", "url is missing"},
        {"url=a&url=b", "url is given twice"},
        {"url=/x", "url has no host"},
        {"url=http:///x", "url has no host"},
        {"url=ftp://a/x", "neither http nor https"},
        {"url=a%0d%0ab/x", "bytes that no host has"},
        {"url=a&b=c", "unknown parameter"},
        {"url=a%2", "two hexadecimal digits"},
        {"url=a%gg", "two hexadecimal digits"},
        {"url=a&method=", "method is not one"},
        {"url=a&method=G+ET", "method is not one"},
        {"url=a&method=GET%0a", "method is not one"},
        {"url=a&header=X", "header is not a field"},
        {"url=a&header=:x", "header is not a field"},
        {"url=a&header=X:a%0d%0aY:b", "header is not a field"},
        {"url=a&entrypoint=no%0a", "there is no entrypoint \"no\\n\"; there are: http traefik"},
        {"url=a&client=a.b", "client is not an IP address"},
        {"url=a&format=xml", "format is text or json"},
    };
    struct town town;
    (void)state;

    town_init(&town);
    for (size_t i = 0; i < WB_COUNT(cases); i++) {
        char line[256];
        snprintf(line, sizeof line, "GET /api/explain?%s", cases[i].query);
        assert_true(world_ask(&town.world, line));
        assert_int_equal(town.world.answer.status, 400);
        assert_slice(town.world.answer.content_type, "text/plain; charset=utf-8");
        if (!strstr(town.world.answer.body.ptr, cases[i].words))
            fail_msg("%s: %s", cases[i].query, town.world.answer.body.ptr);
    }
    assert_left(&town.world, "POST /api/explain?url=a");
    town_fini(&town);
}

static void assert_text(struct town *town, const char *line, unsigned status, const char *wanted)
{
    assert_true(world_ask(&town->world, line));
    assert_int_equal(town->world.answer.status, status);
    assert_slice(town->world.answer.content_type, "text/plain; charset=utf-8");
    if (strncmp(town->world.answer.body.ptr, wanted, strlen(wanted)) != 0)
        assert_string_equal(town->world.answer.body.ptr, wanted);
}

static void test_text_is_for_a_terminal(void **state)
{
    struct town town;
    (void)state;

    town_init(&town);
    assert_text(&town, "GET /api/explain?url=shop.example/admin/x&format=text", 200,
                "GET shop.example/admin/x\n"
                "  comes in on entrypoint http\n"
                "\n"
                "Frontend admin of docker gets it.\n"
                "  filters, in order: whiteList\n"
                "  backend: shop, 3 servers\n"
                "  next server: http://10.0.0.1:80 (server-0)\n"
                "  is sent: GET /x, X-Forwarded-Prefix: /admin\n"
                "\n"
                "Frontends of the entrypoint, in the order in which they are tried:\n"
                "   1  refuses  proto (docker, priority 50)\n"
                "               Host:proto.example;Headers:X-Forwarded-Proto,https\n"
                "               Host:proto.example: the host is shop.example\n");
    headers_add_id(&town.world.headers, HEADER_ACCEPT, SLICE("text/plain"));
    assert_text(&town, "GET /api/explain?url=shp.example/%2561&header=Forwarded:x", 404,
                "GET shp.example/%61\n"
                "  comes in on entrypoint http, which does not believe it: its X-Forwarded-* and the like are removed\n"
                "  its path is read as /a\n"
                "\n"
                "No frontend gets it.\n"
                "  answer: 404, no frontend matches\n"
                "  nearest: almost the same host: shop (Host:shop.example); ");
    assert_text(&town, "GET /api/explain?url=x/api&entrypoint=traefik", 200,
                "GET x/api\n"
                "  comes in on entrypoint traefik\n"
                "\n"
                "The router answers it itself: API, dashboard or ping.\n");
    assert_text(&town, "GET /api/explain?url=odd.example/%253Fq=1%3Fq=1", 200,
                "GET odd.example/%3Fq=1?q=1\n"
                "  comes in on entrypoint http\n"
                "\n"
                "Frontend odd\\\"<\\x1b of docker gets it.\n");
    /* Asked for by name, JSON it is. */
    cJSON_Delete(ask(&town, "url=shop.example&format=json"));
    town_fini(&town);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_frontend_that_gets_it_is_shown_with_its_way),
        cmocka_unit_test(test_server_shown_is_the_one_that_is_picked_next),
        cmocka_unit_test(test_answers_of_the_router_have_their_status_and_reason),
        cmocka_unit_test(test_remembered_frontend_is_shown_with_what_became_of_it),
        cmocka_unit_test(test_closed_entrypoint_lets_nothing_in),
        cmocka_unit_test(test_headers_count_as_the_client_is_trusted),
        cmocka_unit_test(test_local_routes_are_the_routers_own),
        cmocka_unit_test(test_entrypoint_is_the_first_default_one_or_https_by_scheme),
        cmocka_unit_test(test_bad_question_is_answered_with_words),
        cmocka_unit_test(test_text_is_for_a_terminal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
