/* SPDX-License-Identifier: MIT */
#include "waybill/provider/rest.h"
#include "waybill/model/diagnostic.h"
#include "waybill/model/json.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

/* What was delivered last. */
static struct {
    struct fragment *fragment;
    struct diagnostics *diagnostics;
} got;

static void forget(void)
{
    fragment_unref(&got.fragment);
    if (got.diagnostics) {
        diagnostics_fini(got.diagnostics);
        free(got.diagnostics);
        got.diagnostics = NULL;
    }
}

static void on_delivered(void *arg, struct slice provider, struct delivery *delivery)
{
    (void)arg;
    assert_true(slice_eq(provider, SLICE("web")));
    forget();
    got.fragment = delivery->fragment;
    got.diagnostics = delivery->diagnostics;
}

static struct slice http = SLICE("http");
static const struct slices entrypoints = {&http, 1};
static const struct provider_sink sink = {
    .deliver = on_delivered, .default_entrypoints = &entrypoints, .known_entrypoints = &entrypoints};

/* Heap text; *out_taken: it was delivered. */
static char *update(struct slice body, bool *out_taken)
{
    struct rest *rest = rest_create(&sink);
    struct text out = TEXT_EMPTY;

    forget();
    *out_taken = rest_update(rest, body, &out);
    assert_true(*out_taken == (got.fragment != NULL));
    rest_destroy(&rest);
    assert_null(rest);
    return text_take(&out);
}

static void expect_reply(const char *body, const char *wanted)
{
    bool taken;
    char *reply = update(slice_of(body), &taken);

    if (!taken || strcmp(reply, wanted) != 0)
        fail_msg("%s\nwanted %s\n  have %s", body, wanted, reply);
    free(reply);
}

static void expect_document(const char *wanted)
{
    struct text document = TEXT_EMPTY;

    json_fragment(&document, got.fragment);
    assert_string_equal(document.ptr, wanted);
    text_fini(&document);
}

static void expect_refused(struct slice body, const char *part)
{
    bool taken;
    char *reply = update(body, &taken);

    if (taken || !strstr(reply, part) || strchr(reply, '\n'))
        fail_msg(SLICE_FMT "\nwanted %s\n  have %s", SLICE_ARG(body), part, reply);
    free(reply);
}

static void test_the_reply_is_before_defaults_and_the_delivery_after(void **state)
{
    (void)state;
    expect_reply(
        "{\"frontends\": {\"f\": {\"backend\": \"b\", \"routes\": {\"r\": {\"rule\": \"Host:a.t\"}}}},\n"
        " \"backends\": {\"b\": {\"servers\": {\"s\": {\"url\": \"http://10.0.0.1\", \"weight\": 2}}}}}\n",
        "{\"backends\":{\"b\":{\"servers\":{\"s\":{\"url\":\"http://10.0.0.1\",\"weight\":2}}}},\"frontends\":{\"f\":"
        "{\"backend\":\"b\",\"routes\":{\"r\":{\"rule\":\"Host:a.t\"}},\"priority\":0,\"basicAuth\":null}}}");
    expect_document("{\"backends\":{\"b\":{\"servers\":{\"s\":{\"url\":\"http://10.0.0.1\",\"weight\":2}},\"loadBalancer\":"
                    "{\"method\":\"wrr\"}}},\"frontends\":{\"f\":{\"entryPoints\":[\"http\"],\"backend\":\"b\",\"routes\":"
                    "{\"r\":{\"rule\":\"Host:a.t\"}},\"priority\":0,\"basicAuth\":null}}}");
    assert_int_equal(got.diagnostics->count, 0);
    expect_reply("{\"backends\":{\"b\":{}}}", "{\"backends\":{\"b\":{}}}");
    expect_document("{\"backends\":{\"b\":{}}}"); /* no table of frontends: no defaults, as for files */
    expect_reply("{\"backends\":{\"b\":{}},\"frontends\":{}}", "{\"backends\":{\"b\":{}}}");
    expect_document("{\"backends\":{\"b\":{\"loadBalancer\":{\"method\":\"wrr\"}}}}");
    expect_reply("{}", "{}");
    expect_reply("null", "{}");
    expect_reply(" {\"backends\": null} \r\n\t", "{}");
}

/* Documents recorded from v1.7, one a line: what the API shows can be put back. */
static void test_what_the_api_shows_can_be_put(void **state)
{
    FILE *file = fopen(WB_TEST_DIR "/golden/model/documents.jsonl", "r");
    char line[65536];
    int count = 0;

    (void)state;
    assert_non_null(file);
    for (; fgets(line, sizeof line, file); count++) {
        line[strcspn(line, "\n")] = '\0';
        expect_reply(line, line);
    }
    fclose(file);
    assert_true(count > 10);
}

static void test_what_is_never_shown_can_be_put_too(void **state)
{
    const struct model_auth *auth;

    (void)state;
    expect_reply(
        "{\"frontends\":{\"f\":{\"backend\":\"b\",\"auth\":{\"basic\":{\"users\":[\"u:x\"]},\"forward\":{\"address\":"
        "\"http://a\",\"tls\":{\"cert\":\"c\",\"key\":\"k\"}}}}}}",
        "{\"frontends\":{\"f\":{\"backend\":\"b\",\"priority\":0,\"basicAuth\":null,\"auth\":{\"basic\":{},\"forward\":"
        "{\"address\":\"http://a\",\"tls\":{\"cert\":\"c\"}}}}}}");
    auth = got.fragment->frontends[0].auth;
    assert_true(slice_eq(auth->basic->users.items[0], SLICE("u:x")) && slice_eq(auth->forward->tls->key, SLICE("k")));
    assert_int_equal(got.fragment->frontends[0].closed_because.len, 0);
}

static void test_protection_that_is_empty_closes(void **state)
{
    (void)state;
    expect_reply("{\"frontends\":{\"f\":{\"backend\":\"b\",\"whiteList\":{}}}}",
                 "{\"frontends\":{\"f\":{\"backend\":\"b\",\"priority\":0,\"basicAuth\":null,\"whiteList\":{}}}}");
    assert_true(got.fragment->frontends[0].closed_because.len > 0);
    assert_int_equal(got.diagnostics->items[0].severity, DIAGNOSTIC_CLOSED);
    assert_string_equal(got.diagnostics->items[0].place, "rest");
}

static void test_keys_ignore_case_and_names_do_not(void **state)
{
    (void)state;
    expect_reply(
        "{\"BACKENDS\":{\"B\":{\"SERVERS\":{\"s\":{\"URL\":\"x\"},\"S\":{\"url\":\"y\"}}},\"b\":{}}}",
        "{\"backends\":{\"B\":{\"servers\":{\"S\":{\"url\":\"y\",\"weight\":0},\"s\":{\"url\":\"x\",\"weight\":0}}},"
        "\"b\":{}}}");
}

static void test_a_period_is_nanoseconds_or_a_duration(void **state)
{
    (void)state;
    expect_reply(
        "{\"frontends\":{\"f\":{\"ratelimit\":{\"extractorFunc\":\"client.ip\",\"rateset\":{\"a\":{\"period\":5000,"
        "\"average\":1,\"burst\":2},\"b\":{\"period\":\"3s\",\"average\":1,\"burst\":2}}}}}}",
        "{\"frontends\":{\"f\":{\"priority\":0,\"basicAuth\":null,\"ratelimit\":{\"rateset\":{\"a\":{\"period\":5000,"
        "\"average\":1,\"burst\":2},\"b\":{\"period\":3000000000,\"average\":1,\"burst\":2}},\"extractorFunc\":"
        "\"client.ip\"}}}}");
    expect_refused(SLICE("{\"frontends\":{\"f\":{\"ratelimit\":{\"rateset\":{\"a\":{\"period\":\"soon\"}}}}}}"),
                   "frontends.f.ratelimit.rateset.a.period is no duration");
    expect_refused(SLICE("{\"frontends\":{\"f\":{\"ratelimit\":{\"rateset\":{\"a\":{\"period\":[]}}}}}}"),
                   "is a list: write");
}

static void test_unknown_keys_are_said(void **state)
{
    (void)state;
    expect_reply("{\"backends\":{\"b\":{\"loadBalancr\":{},\"x\":1}},\"tls\":[]}", "{\"backends\":{\"b\":{}}}");
    assert_int_equal(got.diagnostics->count, 3);
    assert_string_equal(got.diagnostics->items[0].text,
                        "there is no `backends.b.loadBalancr` in a backend (did you mean `loadBalancer`?): it is ignored");
    assert_string_equal(got.diagnostics->items[1].text, "there is no `backends.b.x` in a backend: it is ignored");
    assert_string_equal(got.diagnostics->items[2].text,
                        "`tls` is ignored: name certificates under [[tls]] in a file of rules, or at the entrypoint");
}

static void test_one_wrong_type_refuses_all(void **state)
{
    (void)state;
    expect_refused(SLICE("[]"), "the document is a list: write an object");
    expect_refused(SLICE("5"), "the document is a number");
    expect_refused(SLICE("{\"backends\":[]}"), "backends is a list: write an object of names");
    expect_refused(SLICE("{\"backends\":{\"b\":{\"servers\":{\"s\":{\"weight\":\"1\"}}}}}"),
                   "backends.b.servers.s.weight is text: write a whole number");
    expect_refused(SLICE("{\"backends\":{\"b\":{\"servers\":{\"s\":{\"weight\":1.5}}}}}"), "is no whole number");
    expect_refused(SLICE("{\"backends\":{\"b\":{\"servers\":{\"s\":{\"weight\":1e30}}}}}"), "is no whole number");
    expect_refused(SLICE("{\"backends\":{\"b\":{\"servers\":{\"s\":{\"url\":1}}}}}"), "url is a number: write text");
    expect_refused(SLICE("{\"backends\":{\"b\":5}}"), "backends.b is a number: write an object");
    expect_refused(SLICE("{\"frontends\":{\"f\":{\"passHostHeader\":\"true\"}}}"), "is text: write true or false");
    expect_refused(SLICE("{\"frontends\":{\"f\":{\"entryPoints\":\"http\"}}}"), "is text: write a list of texts");
    expect_refused(SLICE("{\"frontends\":{\"f\":{\"entryPoints\":[1]}}}"), "entryPoints is a number: write text");
    expect_refused(SLICE("{\"frontends\":{\"f\":{\"headers\":{\"customRequestHeaders\":[]}}}}"), "an object of texts");
    expect_refused(SLICE("{\"frontends\":{\"f\":{\"headers\":{\"customRequestHeaders\":{\"X\":true}}}}}"),
                   "customRequestHeaders.X is true or false: write text");
    expect_refused(SLICE("{\"backends\":{\"a\":{},\"a\":{}}}"), "backends.a is there twice");
    expect_refused(SLICE("{\"backends\":{},\"Backends\":{}}"), "Backends is there twice");
    expect_refused(SLICE("{\"frontends\":{\"f\":{\"headers\":{\"customRequestHeaders\":{\"X\":\"1\",\"X\":\"2\"}}}}}"),
                   "X is there twice");
}

static void test_what_is_no_json_is_refused_with_its_place(void **state)
{
    struct text deep = TEXT_EMPTY;

    (void)state;
    expect_refused(SLICE(""), "the body is empty");
    expect_refused(SLICE(" \n "), "the body is empty");
    expect_refused(SLICE("{\"backends\":\n {\"b\": }}"), "line 2, column 8: this is no JSON");
    expect_refused(SLICE("{\"backends\":{}"), "line 1, column");
    expect_refused(SLICE("{} {}"), "line 1, column 4: something stands behind the document");
    expect_refused(SLICE("{\"a\xff\":1}"), "no UTF-8");
    expect_refused(SLICE("{\"a\0\":1}"), "no UTF-8");
    expect_refused(SLICE("{\"backends\":{\"a\\u0000b\":{}}}"), "column 16: \\u0000");
    for (int i = 0; i < 100000; i++)
        text_add_char(&deep, '[');
    expect_refused(text_slice(&deep), "this is no JSON");
    text_fini(&deep);
}

static void test_a_refused_one_delivers_nothing_and_leaks_nothing(void **state)
{
    static const char body[] =
        "{\"backends\":{\"b\":{\"servers\":{\"s\":{\"url\":\"http://10.0.0.1\",\"weight\":1}},\"maxConn\":"
        "{\"amount\":1,\"extractorFunc\":\"client.ip\"}}},\"frontends\":{\"f\":{\"entryPoints\":[\"http\"],"
        "\"errors\":{\"e\":{\"status\":[\"500\"]}}}}}";
    (void)state;
    for (size_t len = 0; len < sizeof body - 1; len++)
        expect_refused(slice_make(body, len), "");
    expect_reply(body, "{\"backends\":{\"b\":{\"servers\":{\"s\":{\"url\":\"http://10.0.0.1\",\"weight\":1}},\"maxConn\":"
                       "{\"amount\":1,\"extractorFunc\":\"client.ip\"}}},\"frontends\":{\"f\":{\"entryPoints\":[\"http\"],"
                       "\"priority\":0,\"basicAuth\":null,\"errors\":{\"e\":{\"status\":[\"500\"]}}}}}");
    forget();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_reply_is_before_defaults_and_the_delivery_after),
        cmocka_unit_test(test_what_the_api_shows_can_be_put),
        cmocka_unit_test(test_what_is_never_shown_can_be_put_too),
        cmocka_unit_test(test_protection_that_is_empty_closes),
        cmocka_unit_test(test_keys_ignore_case_and_names_do_not),
        cmocka_unit_test(test_a_period_is_nanoseconds_or_a_duration),
        cmocka_unit_test(test_unknown_keys_are_said),
        cmocka_unit_test(test_one_wrong_type_refuses_all),
        cmocka_unit_test(test_what_is_no_json_is_refused_with_its_place),
        cmocka_unit_test(test_a_refused_one_delivers_nothing_and_leaks_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
