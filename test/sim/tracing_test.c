/* SPDX-License-Identifier: MIT */
/* What is recorded of requests for their traces, and what servers are told (exchange/tracer.h). */
#include "sim_test.h"
#include "waybill/exchange/tracer.h"

#define TRACE "4bf92f3577b34da6a3ce929d0e0e4736"
#define SPAN  "00f067aa0ba902b7"

struct traced {
    struct sim_scene scene;
    struct span_sink sink;
    struct tracer_options options;
    struct text records;
    struct text taken; /* what the record that was taken points to */
    uint64_t count, posts;
};

static void keep_records(struct span_sink *sink, struct text *records, uint64_t count)
{
    struct traced *t = WB_CONTAINER_OF(sink, struct traced, sink);

    text_add(&t->records, text_slice(records));
    text_fini(records);
    t->count += count;
    t->posts++;
}

static void set_fields(struct arena *arena, struct model_frontend *frontend, struct model_backend *backend)
{
    static struct model_pair pairs[] = {{{"traceparent", 11}, {"mine", 4}}, {{"X-B3-Sampled", 12}, {"", 0}}};

    (void)backend;
    frontend->headers = ARENA_NEW(arena, struct model_headers);
    frontend->headers->custom_request_headers.items = pairs;
    frontend->headers->custom_request_headers.count = WB_COUNT(pairs);
    frontend->headers->custom_request_headers.present = true;
}

static void use_page(struct arena *arena, struct model_frontend *frontend, struct model_backend *backend)
{
    (void)backend;
    frontend->errors = ARENA_NEW(arena, struct model_error_page);
    frontend->error_count = 1;
    frontend->errors[0] = (struct model_error_page){
        .name = SLICE("e"), .backend = SLICE("page"), .query = SLICE("/len/5/0")};
    slices_add(arena, &frontend->errors[0].status, SLICE("400-599"));
}

static const struct sim_route routes[] = {
    {.name = "closed", .rule = "Host:l.test", .servers = SIM_SERVER_URL, .white_list = "10.0.0.0/8"},
    {.name = "failing", .rule = "Host:e.test", .servers = "http://10.0.0.7:80", .set_options = use_page},
    {.name = "page", .rule = "Host:page.test", .servers = SIM_SERVER_URL},
    {.name = "setting", .rule = "Host:s.test", .servers = SIM_SERVER_URL, .set_options = set_fields},
    {.name = "strip", .rule = "Host:p.test;PathPrefixStrip:/in", .servers = SIM_SERVER_URL},
    {.name = "two", .rule = "Host:r.test", .servers = "http://10.0.0.7:80 " SIM_SERVER_URL},
    {.name = "web", .rule = "Host:a.test", .servers = SIM_SERVER_URL},
};

static void begin(struct traced *t, enum trace_spelling spelling, double rate)
{
    *t = (struct traced){.sink.post = keep_records};
    t->options = (struct tracer_options){.spelling = spelling, .sample_rate = rate, .wide_ids = true, .sink = &t->sink};
    scene_begin(&t->scene);
    t->scene.world->env.tracer = tracer_create(&t->scene.sim->loop, &t->options);
    sim_world_publish(t->scene.world, routes, WB_COUNT(routes));
}

static void end(struct traced *t)
{
    entry_cut(t->scene.world->entry);
    tracer_destroy(&t->scene.world->env.tracer);
    scene_end(&t->scene);
    text_fini(&t->records);
    text_fini(&t->taken);
}

static void ask(struct traced *t, const char *request, unsigned status)
{
    unsigned index = t->scene.client.asked;

    sim_client_ask(&t->scene.client, request);
    sim_settle(t->scene.sim);
    assert_int_equal(sim_client_status(&t->scene.client, index), status);
}

/* The one record since the last time. */
static struct span_record take(struct traced *t)
{
    struct span_record record;

    sim_advance(t->scene.sim, 100); /* they are gathered for that long */
    assert_int_equal(t->count, 1);
    text_fini(&t->taken);
    t->taken = t->records;
    t->records = TEXT_EMPTY;
    t->count = 0;
    struct slice rest = text_slice(&t->taken);
    assert_true(span_record_take(&rest, &record));
    assert_int_equal(rest.len, 0);
    if (record.forward_span)
        assert_true(record.forward_wall_ns >= record.started_wall_ns);
    return record;
}

/* What the server saw of it; NULL: no such field. */
static const char *told(const struct traced *t, const char *name)
{
    static char value[256];
    struct slice rest = text_slice(&t->scene.server.last_head);
    unsigned count = 0;

    for (struct slice line; slice_cut(&rest, '\n', &line);) {
        struct slice field = slice_head(line, slice_find(line, ':'));
        if (!slice_eq_nocase(field, slice_of(name)))
            continue;
        field = slice_trim_space(slice_from(line, field.len + 1));
        snprintf(value, sizeof value, SLICE_FMT, SLICE_ARG(field));
        count++;
    }
    assert_true(count <= 1);
    return count ? value : NULL;
}

static void expect_text(const struct span_record *record, enum span_text text, const char *wanted)
{
    if (!slice_eq(record->texts[text], slice_of(wanted)))
        fail_msg("text %d is `" SLICE_FMT "`, not `%s`", (int)text, SLICE_ARG(record->texts[text]), wanted);
}

static void expect_told_span(const struct traced *t, uint64_t span)
{
    char digits[TRACE_SPAN_CHARS + 1] = "";

    trace_span_write(span, digits);
    assert_non_null(told(t, "X-B3-SpanId"));
    assert_string_equal(told(t, "X-B3-SpanId"), digits);
}

#define GET(host, path, fields) "GET " path " HTTP/1.1\r\nHost: " host "\r\n" fields "\r\n"

static void test_both_spans_of_a_request(void **state)
{
    struct traced t;
    (void)state;

    begin(&t, TRACE_B3_MULTI, 1);
    ask(&t, GET("p.test:80", "/in/len/3/0?q", ""), 200);
    struct span_record record = take(&t);
    assert_true(record.trace.high && record.trace.low && record.span && record.parent == 0);
    assert_true(record.forward_span && record.forward_span != record.span);
    expect_told_span(&t, record.forward_span);
    assert_int_equal(record.status, 200);
    assert_int_equal(record.forward_status, 200);
    assert_int_equal(record.attempts, 1);
    assert_int_equal(record.reason, REASON_DONE);
    assert_true(record.forward_duration_ns <= record.duration_ns && !record.cut && !record.shared && !record.debug);
    expect_text(&record, SPAN_ENTRYPOINT, "http");
    expect_text(&record, SPAN_HOST, "p.test:80");
    expect_text(&record, SPAN_METHOD, "GET");
    expect_text(&record, SPAN_TARGET, "/in/len/3/0?q");
    expect_text(&record, SPAN_FRONTEND, "strip");
    expect_text(&record, SPAN_BACKEND, "strip");
    expect_text(&record, SPAN_SERVER, SIM_SERVER_URL);
    expect_text(&record, SPAN_FORWARD_TARGET, "/len/3/0?q");
    end(&t);
}

static void test_who_answers_here_has_one_span(void **state)
{
    struct traced t;
    (void)state;

    begin(&t, TRACE_W3C, 1);
    ask(&t, GET("l.test", "/", ""), 403);
    struct span_record record = take(&t);
    assert_int_equal(record.status, 403);
    assert_int_equal(record.reason, REASON_FORBIDDEN);
    assert_int_equal(record.forward_span, 0);
    ask(&t, GET("unknown.test", "/", ""), 404);
    record = take(&t);
    assert_int_equal(record.reason, REASON_NO_FRONTEND);
    ask(&t, GET("a.test", "/ping", ""), 200); /* an internal route, and what is no request: */
    sim_client_send(&t.scene.client, "no request\r\n\r\n");
    sim_advance(t.scene.sim, 200);
    assert_int_equal(t.count, 0);
    end(&t);
}

static void test_the_server_that_answered_and_the_tries_it_took(void **state)
{
    struct traced t;
    (void)state;

    begin(&t, TRACE_B3_MULTI, 1);
    ask(&t, GET("r.test", "/len/1/0", ""), 200);
    struct span_record record = take(&t);
    if (record.attempts == 1) { /* it was the other one's turn */
        ask(&t, GET("r.test", "/len/1/0", ""), 200);
        record = take(&t);
    }
    assert_int_equal(record.attempts, 2);
    expect_text(&record, SPAN_SERVER, SIM_SERVER_URL);
    expect_told_span(&t, record.forward_span);
    end(&t);
}

static void test_the_page_of_an_error_does_not_speak_for_the_server(void **state)
{
    struct traced t;
    (void)state;

    begin(&t, TRACE_W3C, 1);
    ask(&t, GET("e.test", "/", ""), 502);
    struct span_record record = take(&t);
    assert_int_equal(t.scene.server.request_count, 1);
    assert_int_equal(record.forward_status, 502);
    expect_text(&record, SPAN_BACKEND, "failing");
    expect_text(&record, SPAN_SERVER, "http://10.0.0.7:80");
    expect_text(&record, SPAN_METHOD, "GET");
    end(&t);
}

static void test_what_filters_do_to_the_fields_stays(void **state)
{
    struct traced t;
    (void)state;

    begin(&t, TRACE_B3_MULTI, 1);
    ask(&t, GET("s.test", "/len/1/0", "traceparent: 00-" TRACE "-" SPAN "-01\r\n"), 200);
    struct span_record record = take(&t);
    assert_string_equal(told(&t, "traceparent"), "mine");
    assert_null(told(&t, "X-B3-Sampled"));
    expect_told_span(&t, record.forward_span);
    end(&t);
}

static void test_a_client_that_went_and_an_answer_that_was_cut(void **state)
{
    struct traced t;
    (void)state;

    begin(&t, TRACE_W3C, 1);
    sim_client_ask(&t.scene.client, GET("a.test", "/mute", ""));
    sim_advance(t.scene.sim, 300);
    assert_int_equal(t.count, 0);
    sim_link_reset(t.scene.client.wire);
    sim_settle(t.scene.sim);
    struct span_record record = take(&t);
    assert_int_equal(record.status, 499);
    assert_int_equal(record.reason, REASON_CLIENT_GONE);
    assert_true(record.forward_span);
    end(&t);
}

/* The head's buffer is given back at the switch, and the configuration is gone by the end. */
static void test_a_tunnel_is_recorded_when_it_ends(void **state)
{
    struct traced t;
    (void)state;

    begin(&t, TRACE_W3C, 1);
    ask(&t, GET("a.test", "/up", "Connection: upgrade\r\nUpgrade: other\r\n"), 101);
    sim_advance(t.scene.sim, 200);
    assert_int_equal(t.count, 0);
    sim_world_publish(t.scene.world, routes, 1);
    sim_link_close(t.scene.client.wire);
    sim_settle(t.scene.sim);
    struct span_record record = take(&t);
    assert_int_equal(record.status, 101);
    assert_int_equal(record.forward_status, 101);
    expect_text(&record, SPAN_TARGET, "/up");
    expect_text(&record, SPAN_FRONTEND, "web");
    end(&t);
}

static void test_who_decides_what_is_recorded(void **state)
{
    struct traced t;
    (void)state;

    begin(&t, TRACE_W3C, 0);
    ask(&t, GET("a.test", "/len/1/0", ""), 200);
    assert_true(slice_ends(slice_of(told(&t, "traceparent")), SLICE("-00")));
    ask(&t, GET("a.test", "/len/1/0", "b3: " TRACE "-" SPAN "\r\n"), 200); /* left to us */
    assert_true(slice_ends(slice_of(told(&t, "traceparent")), SLICE("-00")));
    assert_true(slice_starts(slice_of(told(&t, "b3")), SLICE(TRACE "-")));
    sim_advance(t.scene.sim, 200);
    assert_int_equal(t.count, 0);
    ask(&t, GET("a.test", "/len/1/0", "traceparent: 00-" TRACE "-" SPAN "-01\r\n"), 200);
    struct span_record record = take(&t);
    assert_int_equal(record.parent, 0x00f067aa0ba902b7);
    assert_int_equal(record.trace.low, 0xa3ce929d0e0e4736);
    end(&t);
    begin(&t, TRACE_W3C, 1);
    ask(&t, GET("a.test", "/len/1/0", "b3: 0\r\n"), 200);
    assert_true(slice_ends(slice_of(told(&t, "traceparent")), SLICE("-00")));
    sim_advance(t.scene.sim, 200);
    assert_int_equal(t.count, 0);
    end(&t);
}

static void test_one_span_for_client_and_router_only_by_b3(void **state)
{
    struct traced t;
    (void)state;

    begin(&t, TRACE_B3_MULTI, 1);
    t.options.same_span = true;
    ask(&t, GET("a.test", "/len/1/0", "b3: " TRACE "-" SPAN "-1\r\n"), 200);
    struct span_record record = take(&t);
    assert_true(record.shared && record.span == 0x00f067aa0ba902b7 && record.parent == 0);
    ask(&t, GET("a.test", "/len/1/0", "traceparent: 00-" TRACE "-" SPAN "-01\r\n"), 200);
    record = take(&t);
    assert_true(!record.shared && record.parent == 0x00f067aa0ba902b7);
    ask(&t, GET("a.test", "/len/1/0", ""), 200);
    record = take(&t);
    assert_true(!record.shared && record.parent == 0);
    end(&t);
}

/* A request with as many fields as may be has room for ours; records are handed over in few pieces. */
static void test_many_fields_and_many_requests(void **state)
{
    struct traced t;
    struct text request = TEXT_EMPTY;
    (void)state;

    begin(&t, TRACE_B3_MULTI, 1);
    text_addf(&request, "GET /len/1/0 HTTP/1.1\r\nHost: a.test\r\nb3: 1\r\ntraceparent: 1\r\n");
    for (unsigned i = 3; i < HEADERS_REQUEST_MAX; i++)
        text_addf(&request, "X-B3-Sampled: 1\r\n");
    text_addf(&request, "\r\n");
    ask(&t, request.ptr, 200);
    struct span_record record = take(&t);
    expect_told_span(&t, record.forward_span);
    assert_string_equal(told(&t, "X-B3-Sampled"), "1");
    text_fini(&request);
    t.posts = 0;
    for (unsigned i = 0; i < 30; i++)
        ask(&t, GET("a.test", "/len/1/0", ""), 200);
    sim_advance(t.scene.sim, 100);
    assert_int_equal(t.count, 30);
    assert_true(t.posts <= 3);
    end(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_both_spans_of_a_request),
        cmocka_unit_test(test_who_answers_here_has_one_span),
        cmocka_unit_test(test_the_server_that_answered_and_the_tries_it_took),
        cmocka_unit_test(test_the_page_of_an_error_does_not_speak_for_the_server),
        cmocka_unit_test(test_what_filters_do_to_the_fields_stays),
        cmocka_unit_test(test_a_client_that_went_and_an_answer_that_was_cut),
        cmocka_unit_test(test_a_tunnel_is_recorded_when_it_ends),
        cmocka_unit_test(test_who_decides_what_is_recorded),
        cmocka_unit_test(test_one_span_for_client_and_router_only_by_b3),
        cmocka_unit_test(test_many_fields_and_many_requests),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
