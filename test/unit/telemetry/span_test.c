/* SPDX-License-Identifier: MIT */
/* From records to documents; what waits is bounded. What is sent is shown by test/conformance/t_tracing.py. */
#include "span_json.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

static struct span_record record_of(const char *host, const char *target)
{
    struct span_record record = {.trace = {0, 0xabc},
                                 .span = 1,
                                 .started_wall_ns = 1500000000000001999,
                                 .duration_ns = 2500,
                                 .status = 200,
                                 .reason = REASON_DONE};

    record.texts[SPAN_ENTRYPOINT] = SLICE("http");
    record.texts[SPAN_HOST] = slice_of(host);
    record.texts[SPAN_METHOD] = SLICE("GET");
    record.texts[SPAN_TARGET] = slice_of(target);
    return record;
}

static void forward(struct span_record *record)
{
    record->forward_span = 2;
    record->forward_wall_ns = record->started_wall_ns + 1000;
    record->forward_duration_ns = 999;
    record->forward_status = 500;
    record->attempts = 2;
    record->texts[SPAN_FRONTEND] = SLICE("f");
    record->texts[SPAN_BACKEND] = SLICE("b");
    record->texts[SPAN_SERVER] = SLICE("http://s:1");
    record->texts[SPAN_FORWARD_TARGET] = SLICE("/x");
}

static void expect_document(enum span_format format, const struct span_record *records, size_t count, const char *wanted)
{
    const struct span_exporter_options options = {.format = format, .service_name = SLICE("t\"")};
    struct text bytes = TEXT_EMPTY, document = TEXT_EMPTY;

    for (size_t i = 0; i < count; i++)
        span_record_add(&bytes, &records[i]);
    span_json_add(&document, &options, text_slice(&bytes));
    assert_string_equal(document.ptr, wanted);
    text_fini(&bytes);
    text_fini(&document);
}

static void test_a_document_of_zipkin(void **state)
{
    struct span_record records[2] = {record_of("a\"\xff", "/\x01"), record_of("", "/y")};
    (void)state;

    forward(&records[1]);
    records[1].trace.high = 1;
    records[1].parent = 7;
    records[1].shared = records[1].debug = true;
    records[1].reason = REASON_RESPONSE_CUT;
    records[1].cut = true;
    expect_document(
        SPAN_ZIPKIN, records, 2,
        "[{\"traceId\":\"0000000000000abc\",\"id\":\"0000000000000001\",\"kind\":\"SERVER\",\"name\":\"Entrypoint http "
        "a\\\"\\ufffd\",\"timestamp\":1500000000000001,\"duration\":2,\"localEndpoint\":{\"serviceName\":\"t\\\"\"},"
        "\"tags\":{\"component\":\"t\\\"\",\"http.method\":\"GET\",\"http.url\":\"/\\u0001\",\"http.host\":"
        "\"a\\\"\\ufffd\",\"http.status_code\":\"200\"}},"
        "{\"traceId\":\"00000000000000010000000000000abc\",\"id\":\"0000000000000001\",\"parentId\":\"0000000000000007\","
        "\"kind\":\"SERVER\",\"name\":\"Entrypoint http \",\"timestamp\":1500000000000001,\"duration\":2,\"localEndpoint\":"
        "{\"serviceName\":\"t\\\"\"},\"tags\":{\"component\":\"t\\\"\",\"http.method\":\"GET\",\"http.url\":\"/y\","
        "\"http.status_code\":\"200\",\"error\":\"true\",\"waybill.reason\":\"RESPONSE_CUT\"},\"debug\":true,\"shared\":"
        "true},"
        "{\"traceId\":\"00000000000000010000000000000abc\",\"id\":\"0000000000000002\",\"parentId\":\"0000000000000001\","
        "\"kind\":\"CLIENT\",\"name\":\"forward f/b\",\"timestamp\":1500000000000002,\"duration\":1,\"localEndpoint\":"
        "{\"serviceName\":\"t\\\"\"},\"tags\":{\"frontend.name\":\"f\",\"backend.name\":\"b\",\"http.method\":\"GET\","
        "\"http.url\":\"http://s:1/x\",\"http.status_code\":\"500\",\"error\":\"true\",\"waybill.attempts\":\"2\","
        "\"waybill.reason\":\"RESPONSE_CUT\"},\"debug\":true}]");
    expect_document(SPAN_ZIPKIN, NULL, 0, "[]");
}

static void test_a_document_of_otlp(void **state)
{
    struct span_record record = record_of("a", "/");
    (void)state;

    forward(&record);
    record.status = 404; /* the client's fault: an error to v1.7, not to OpenTelemetry */
    expect_document(
        SPAN_OTLP, &record, 1,
        "{\"resourceSpans\":[{\"resource\":{\"attributes\":[{\"key\":\"service.name\",\"value\":{\"stringValue\":\"t\\\"\"}}"
        "]},"
        "\"scopeSpans\":[{\"scope\":{\"name\":\"waybill\",\"version\":\"" WB_VERSION "\"},\"spans\":["
        "{\"traceId\":\"00000000000000000000000000000abc\",\"spanId\":\"0000000000000001\",\"kind\":2,\"name\":"
        "\"Entrypoint http a\",\"startTimeUnixNano\":\"1500000000000001999\",\"endTimeUnixNano\":\"1500000000000004499\","
        "\"attributes\":[{\"key\":\"component\",\"value\":{\"stringValue\":\"t\\\"\"}},{\"key\":\"http.method\",\"value\":"
        "{\"stringValue\":\"GET\"}},{\"key\":\"http.url\",\"value\":{\"stringValue\":\"/"
        "\"}},{\"key\":\"http.host\",\"value\":"
        "{\"stringValue\":\"a\"}},{\"key\":\"http.status_code\",\"value\":{\"intValue\":\"404\"}},{\"key\":\"error\","
        "\"value\":"
        "{\"boolValue\":true}}],\"status\":{}},"
        "{\"traceId\":\"00000000000000000000000000000abc\",\"spanId\":\"0000000000000002\",\"parentSpanId\":"
        "\"0000000000000001\",\"kind\":3,\"name\":\"forward f/b\",\"startTimeUnixNano\":\"1500000000000002999\","
        "\"endTimeUnixNano\":\"1500000000000003998\",\"attributes\":[{\"key\":\"frontend.name\",\"value\":{\"stringValue\":"
        "\"f\"}},{\"key\":\"backend.name\",\"value\":{\"stringValue\":\"b\"}},{\"key\":\"http.method\",\"value\":"
        "{\"stringValue\":\"GET\"}},{\"key\":\"http.url\",\"value\":{\"stringValue\":\"http://s:1/"
        "x\"}},{\"key\":\"http.host\","
        "\"value\":{\"stringValue\":\"a\"}},{\"key\":\"http.status_code\",\"value\":{\"intValue\":\"500\"}},{\"key\":"
        "\"error\","
        "\"value\":{\"boolValue\":true}},{\"key\":\"waybill.attempts\",\"value\":{\"intValue\":\"2\"}}],\"status\":"
        "{\"code\":2}}]}]}]}");
}

static void test_texts_that_are_too_long_are_cut(void **state)
{
    struct span_record record = record_of("", ""), read;
    struct text bytes = TEXT_EMPTY;
    char *huge = calloc(1, 100000);
    (void)state;

    assert_non_null(huge);
    record.texts[SPAN_TARGET] = slice_make(huge, 100000);
    span_record_add(&bytes, &record);
    struct slice rest = text_slice(&bytes);
    assert_true(span_record_take(&rest, &read));
    assert_int_equal(read.texts[SPAN_TARGET].len, SPAN_TEXT_MAX);
    assert_false(span_record_take(&rest, &read));
    text_fini(&bytes);
    free(huge);
}

/* v1.7's own cutting: digits are those of SHA-256 of the whole name. */
static void test_long_names_are_cut(void **state)
{
    static const struct {
        bool forward;
        const char *first, *second;
        unsigned limit;
        const char *wanted;
    } rows[] = {
        {false, "http", "example.com", 0, "Entrypoint http example.com"},
        {false, "http", "example.com", 27, "Entrypoint http example.com"},
        {false, "http", "example.com", 26, "Entrypoint ht... ex... b14ecf8f"},
        {false, "http", "example.com", 5, "Entrypoint h... e... b14ecf8f"},
        {false, "http", "example.com", 37, "Entrypoint http example.com"},
        {true, "frontend-one", "backend-one", 0, "forward frontend-one/backend-one"},
        {true, "frontend-one", "backend-one", 31, "forward fro.../bac.../51dcab29"},
        {true, "f", "backend-of-a-long-name", 28, "forward f/ba.../b52985af"},
    };
    (void)state;

    for (size_t i = 0; i < WB_COUNT(rows); i++) {
        struct span_record record = record_of("", "");
        struct text name = TEXT_EMPTY;

        record.texts[rows[i].forward ? SPAN_FRONTEND : SPAN_ENTRYPOINT] = slice_of(rows[i].first);
        record.texts[rows[i].forward ? SPAN_BACKEND : SPAN_HOST] = slice_of(rows[i].second);
        span_name_add(&name, &record, rows[i].forward, rows[i].limit);
        assert_string_equal(name.ptr, rows[i].wanted);
        text_fini(&name);
    }
}

static void test_addresses_of_collectors(void **state)
{
    static const struct {
        enum span_format format;
        const char *given, *wanted; /* NULL: it is none */
    } rows[] = {
        {SPAN_ZIPKIN, "http://z:9411/api/v1/spans", "http://z:9411/api/v2/spans"},
        {SPAN_ZIPKIN, "https://z/api/v2/spans", "https://z/api/v2/spans"},
        {SPAN_ZIPKIN, "http://z/zipkin/api/v1/spans", "http://z/zipkin/api/v1/spans"},
        {SPAN_ZIPKIN, "http://z:9411", "http://z:9411/api/v2/spans"},
        {SPAN_OTLP, "http://c:4318/", "http://c:4318/v1/traces"},
        {SPAN_OTLP, "HTTPS://c/api/v1/spans", "HTTPS://c/api/v1/spans"},
        {SPAN_OTLP, "c:4318", NULL},
        {SPAN_OTLP, "http://", NULL},
        {SPAN_OTLP, "http:///v1/traces", NULL},
        {SPAN_OTLP, "", NULL},
        {SPAN_OTLP, "ht", NULL},
        {SPAN_OTLP, "ftp://c/", NULL},
    };
    (void)state;

    for (size_t i = 0; i < WB_COUNT(rows); i++) {
        char *url = span_exporter_url(rows[i].format, slice_of(rows[i].given));

        if (rows[i].wanted)
            assert_string_equal(url, rows[i].wanted);
        else
            assert_null(url);
        free(url);
    }
}

static void post_some(struct span_exporter *exporter, uint64_t count)
{
    struct span_record record = record_of("a", "/");
    struct span_sink *sink = span_exporter_sink(exporter);
    struct text records = TEXT_EMPTY;

    for (uint64_t i = 0; i < count; i++)
        span_record_add(&records, &record);
    sink->post(sink, &records, count);
    assert_int_equal(records.len, 0);
}

static void test_what_waits_is_bounded_and_the_end_does_not_wait_for_nobody(void **state)
{
    struct span_exporter_options options = {.url = SLICE("http://127.0.0.1:1/"),
                                            .service_name = SLICE("t"),
                                            .flush_ms = 60000,
                                            .waiting_max = 10 * (sizeof(struct span_record) + 10)};
    struct span_exporter_counts counts;
    wb_err error;
    (void)state;

    struct span_exporter *exporter = span_exporter_create(&options, &error);
    assert_non_null(exporter);
    post_some(exporter, 8);
    post_some(exporter, 8); /* no room for these, but for some: */
    post_some(exporter, 1);
    span_exporter_read(exporter, &counts);
    assert_int_equal(counts.lost, 8);
    assert_int_equal(counts.sent, 0);
    span_exporter_destroy(&exporter);
    assert_null(exporter);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_document_of_zipkin),
        cmocka_unit_test(test_a_document_of_otlp),
        cmocka_unit_test(test_texts_that_are_too_long_are_cut),
        cmocka_unit_test(test_long_names_are_cut),
        cmocka_unit_test(test_addresses_of_collectors),
        cmocka_unit_test(test_what_waits_is_bounded_and_the_end_does_not_wait_for_nobody),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
