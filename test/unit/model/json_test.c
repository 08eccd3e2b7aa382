/* SPDX-License-Identifier: MIT */
#include "waybill/model/json.h"
#include "waybill/model/model.h"
#include "waybill/model/schema.h"
#include <cjson/cJSON.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

/* Reads a document by the schema's `shown` keys: what it writes must then be the same bytes again. */
static void read_group(struct arena *arena, const struct group *group, const cJSON *object, void *record);

static struct slice copy_text(struct arena *arena, const char *text)
{
    assert_non_null(text);
    return arena_copy(arena, slice_of(text));
}

static void read_named(struct arena *arena, const struct field *field, const cJSON *object, void *record)
{
    struct records records = {arena_alloc(arena, field->group->size * (size_t)cJSON_GetArraySize(object)), 0};
    const cJSON *child;

    cJSON_ArrayForEach(child, object)
    {
        char *at = records.first + records.count++ * field->group->size;
        *(struct slice *)(void *)at = copy_text(arena, child->string);
        read_group(arena, field->group, child, at);
    }
    field_set_records(field, record, records);
}

static void read_field(struct arena *arena, const struct field *field, const cJSON *value, void *record)
{
    void *at = field_at(field, record);
    const cJSON *child;

    switch (field->type) {
    case FIELD_TEXT:
        *(struct slice *)at = copy_text(arena, cJSON_GetStringValue(value));
        return;
    case FIELD_BOOL:
        assert_true(cJSON_IsBool(value));
        *(bool *)at = cJSON_IsTrue(value);
        return;
    case FIELD_INTEGER:
    case FIELD_DURATION:
        assert_true(cJSON_IsNumber(value));
        *(int64_t *)at = (int64_t)value->valuedouble;
        return;
    case FIELD_TEXTS:
        if (field->present_offset)
            *(bool *)((char *)record + field->present_offset) = cJSON_IsArray(value);
        cJSON_ArrayForEach(child, value) slices_add(arena, at, slice_of(cJSON_GetStringValue(child)));
        return;
    case FIELD_PAIRS: {
        struct model_pairs *pairs = at;
        pairs->items = ARENA_ARRAY(arena, struct model_pair, (size_t)cJSON_GetArraySize(value));
        cJSON_ArrayForEach(child, value) pairs->items[pairs->count++] = (struct model_pair){
            copy_text(arena, child->string), copy_text(arena, cJSON_GetStringValue(child))};
        return;
    }
    case FIELD_GROUP: {
        struct records one = {arena_alloc(arena, field->group->size), 1};
        read_group(arena, field->group, value, one.first);
        field_set_records(field, record, one);
        return;
    }
    case FIELD_NAMED:
        read_named(arena, field, value, record);
        return;
    }
}

static void read_group(struct arena *arena, const struct group *group, const cJSON *object, void *record)
{
    const cJSON *child;

    assert_true(cJSON_IsObject(object));
    cJSON_ArrayForEach(child, object)
    {
        const struct field *found = NULL;
        for (size_t i = 0; i < group->field_count; i++) {
            if (group->fields[i].shown && !strcmp(group->fields[i].shown, child->string))
                found = &group->fields[i];
        }
        if (!found)
            fail_msg("no row for key %s of a %s", child->string, group->noun);
        else
            read_field(arena, found, child, record);
    }
}

static struct fragment *read_document(const char *document)
{
    struct fragment *fragment = fragment_create(SLICE("test"));
    cJSON *root = cJSON_Parse(document);

    assert_non_null(root);
    read_group(&fragment->arena, &schema_fragment, root, fragment);
    cJSON_Delete(root);
    return fragment;
}

static void expect_json(struct slice value, const char *expected)
{
    struct text out = TEXT_EMPTY;

    json_string(&out, value);
    assert_string_equal(out.ptr, expected);
    text_fini(&out);
}

static void test_every_recorded_document_is_written_again_byte_for_byte(void **state)
{
    FILE *file = fopen(WB_TEST_DIR "/golden/model/documents.jsonl", "r");
    char *line = NULL;
    size_t capacity = 0, count = 0;
    ssize_t len;

    (void)state;
    assert_non_null(file);
    while ((len = getline(&line, &capacity, file)) > 0) {
        struct text out = TEXT_EMPTY;

        line[len - 1] = '\0';
        struct fragment *fragment = read_document(line);
        fragment_sort(fragment);
        json_fragment(&out, fragment);
        assert_string_equal(out.ptr, line);
        text_fini(&out);
        fragment_unref(&fragment);
        count++;
    }
    free(line);
    fclose(file);
    assert_true(count >= 50);
}

static const char *const EXAMPLE =
    "{\"backends\":{\"backend-api\":{\"servers\":{\"server-api-ee9c7d7f2277b7c48a0697f4c7f29176\":{\"url\":\"http://"
    "127.0.0.1:18244\",\"weight\":1}},\"loadBalancer\":{\"method\":\"wrr\",\"stickiness\":{}}},\"backend-web\":{"
    "\"servers\":{\"server-web-ee9c7d7f2277b7c48a0697f4c7f29176\":{\"url\":\"http://"
    "127.0.0.1:18244\",\"weight\":1}},\"loadBalancer\":{\"method\":\"wrr\"}}},\"frontends\":{\"frontend-Host-api-t-1\":"
    "{\"entryPoints\":[\"http\"],\"backend\":\"backend-api\",\"routes\":{\"route-frontend-Host-api-t-1\":{\"rule\":"
    "\"Host:api.t\"}},\"passHostHeader\":true,\"priority\":0,\"basicAuth\":null,\"auth\":{\"basic\":{}}},\"frontend-"
    "Host-web-t-0\":{\"entryPoints\":[\"http\"],\"backend\":\"backend-web\",\"routes\":{\"route-frontend-Host-web-t-"
    "0\":{\"rule\":\"Host:web.t\"}},\"passHostHeader\":true,\"priority\":0,\"basicAuth\":null}}}";

/* Built by hand, unsorted, with what must not be shown. */
static void test_the_example_of_the_specification_comes_out_byte_for_byte(void **state)
{
    struct fragment *fragment = fragment_create(SLICE("docker"));
    struct model_server servers[2] = {
        {.name = SLICE("server-web-ee9c7d7f2277b7c48a0697f4c7f29176"), .url = SLICE("http://127.0.0.1:18244"), .weight = 1},
        {.name = SLICE("server-api-ee9c7d7f2277b7c48a0697f4c7f29176"),
         .url = SLICE("http://127.0.0.1:18244"),
         .weight = 1,
         .identity = SLICE("c0ffee")}};
    struct model_stickiness stickiness = {0};
    struct model_load_balancer balancers[2] = {{.method = SLICE("wrr")},
                                               {.method = SLICE("wrr"), .stickiness = &stickiness}};
    struct model_backend backends[2] = {
        {.name = SLICE("backend-web"), .servers = &servers[0], .server_count = 1, .load_balancer = &balancers[0]},
        {.name = SLICE("backend-api"), .servers = &servers[1], .server_count = 1, .load_balancer = &balancers[1]}};
    struct slice entrypoint = SLICE("http"), user = SLICE("test:$apr1$secret");
    struct model_auth_users basic = {.users = {&user, 1}};
    struct model_auth auth = {.basic = &basic};
    struct model_route routes[2] = {{SLICE("route-frontend-Host-web-t-0"), SLICE("Host:web.t")},
                                    {SLICE("route-frontend-Host-api-t-1"), SLICE("Host:api.t")}};
    struct model_frontend frontends[2] = {{.name = SLICE("frontend-Host-web-t-0"),
                                           .entrypoints = {&entrypoint, 1},
                                           .backend = SLICE("backend-web"),
                                           .routes = &routes[0],
                                           .route_count = 1,
                                           .pass_host_header = true,
                                           .origin = SLICE("container web")},
                                          {.name = SLICE("frontend-Host-api-t-1"),
                                           .entrypoints = {&entrypoint, 1},
                                           .backend = SLICE("backend-api"),
                                           .routes = &routes[1],
                                           .route_count = 1,
                                           .pass_host_header = true,
                                           .auth = &auth,
                                           .closed_because = SLICE("never shown")}};
    struct text out = TEXT_EMPTY;

    (void)state;
    fragment->backends = backends;
    fragment->frontends = frontends;
    fragment->backend_count = fragment->frontend_count = 2;
    fragment_sort(fragment);
    json_fragment(&out, fragment);
    assert_string_equal(out.ptr, EXAMPLE);
    out.len = 0;
    json_route(&out, fragment_frontend(fragment, SLICE("frontend-Host-web-t-0"))->routes);
    assert_string_equal(out.ptr, "{\"rule\":\"Host:web.t\"}");
    out.len = 0;
    json_servers(&out, fragment_backend(fragment, SLICE("backend-web")));
    assert_string_equal(
        out.ptr, "{\"server-web-ee9c7d7f2277b7c48a0697f4c7f29176\":{\"url\":\"http://127.0.0.1:18244\",\"weight\":1}}");
    text_fini(&out);
    fragment_unref(&fragment);
}

static void test_nothing_is_an_object_and_no_servers_are_null(void **state)
{
    struct fragment *fragment = fragment_create(SLICE("docker"));
    struct model_backend backend = {.name = SLICE("b")};
    struct model_frontend frontend = {.name = SLICE("f")};
    struct text out = TEXT_EMPTY;

    (void)state;
    json_fragment(&out, fragment);
    text_add_char(&out, ' ');
    json_backends(&out, fragment);
    text_add_char(&out, ' ');
    json_frontends(&out, fragment);
    text_add_char(&out, ' ');
    json_backend(&out, &backend);
    text_add_char(&out, ' ');
    json_servers(&out, &backend);
    text_add_char(&out, ' ');
    json_frontend(&out, &frontend);
    text_add_char(&out, ' ');
    json_routes(&out, &frontend);
    assert_string_equal(out.ptr, "{} {} {} {} null {\"priority\":0,\"basicAuth\":null} null");
    text_fini(&out);
    fragment_unref(&fragment);
}

static void test_text_is_escaped_as_v1_7_does(void **state)
{
    (void)state;
    expect_json(SLICE(""), "\"\"");
    expect_json(SLICE("a\"b\\c"), "\"a\\\"b\\\\c\"");
    expect_json(SLICE("<a href='x'>&</a>"), "\"\\u003ca href='x'\\u003e\\u0026\\u003c/a\\u003e\"");
    expect_json(SLICE("\n\r\t\b\f\x01\x1f\x7f"), "\"\\n\\r\\t\\u0008\\u000c\\u0001\\u001f\x7f\"");
    expect_json(SLICE("a\0b"), "\"a\\u0000b\"");
    expect_json(SLICE("\xe2\x80\xa8\xe2\x80\xa9\xe2\x80\xaa"), "\"\\u2028\\u2029\xe2\x80\xaa\"");
    expect_json(SLICE("gr\xc3\xbcn \xf0\x9f\x98\x80"), "\"gr\xc3\xbcn \xf0\x9f\x98\x80\"");
}

static void test_each_byte_of_bad_utf8_becomes_a_replacement_character(void **state)
{
    (void)state;
    expect_json(SLICE("a\xff"
                      "b"),
                "\"a\\ufffdb\"");
    expect_json(SLICE("\xc3"), "\"\\ufffd\"");
    expect_json(SLICE("\xc0\x80"), "\"\\ufffd\\ufffd\"");
    expect_json(SLICE("\xe0\x80\x80"), "\"\\ufffd\\ufffd\\ufffd\"");
    expect_json(SLICE("\xed\xa0\x80"), "\"\\ufffd\\ufffd\\ufffd\"");
    expect_json(SLICE("\xf0\x9f\x98"), "\"\\ufffd\\ufffd\\ufffd\"");
    expect_json(SLICE("\xf4\x90\x80\x80"), "\"\\ufffd\\ufffd\\ufffd\\ufffd\"");
    expect_json(SLICE("\xe2\x80\""
                      "x"),
                "\"\\ufffd\\ufffd\\\"x\"");
    expect_json(SLICE("\xef\xbf\xbd"), "\"\xef\xbf\xbd\"");
}

/* Security case A5: neither a key of the router's nor who may log in. */
static void test_secrets_are_in_no_document(void **state)
{
    struct slice user = SLICE("test:secret");
    struct model_auth_users users = {.users = {&user, 1}};
    struct model_auth_tls tls = {.ca = SLICE("ca.pem"), .cert = SLICE("cert.pem"), .key = SLICE("secret")};
    struct model_auth_forward forward = {.address = SLICE("http://auth.t"), .tls = &tls};
    struct model_auth auth = {.basic = &users, .digest = &users, .forward = &forward};
    struct model_frontend frontend = {.name = SLICE("f"), .auth = &auth};
    struct text out = TEXT_EMPTY;

    (void)state;
    json_frontend(&out, &frontend);
    assert_non_null(strstr(out.ptr, "cert.pem"));
    assert_null(strstr(out.ptr, "secret"));
    text_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_recorded_document_is_written_again_byte_for_byte),
        cmocka_unit_test(test_the_example_of_the_specification_comes_out_byte_for_byte),
        cmocka_unit_test(test_nothing_is_an_object_and_no_servers_are_null),
        cmocka_unit_test(test_text_is_escaped_as_v1_7_does),
        cmocka_unit_test(test_each_byte_of_bad_utf8_becomes_a_replacement_character),
        cmocka_unit_test(test_secrets_are_in_no_document),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
