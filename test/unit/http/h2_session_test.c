/* SPDX-License-Identifier: MIT */
/* What two sessions say to each other. */
#include "h2_pair.h"

static void describe_head(struct text *text, const struct h2_head *head)
{
    for (unsigned i = 0; i < head->count; i++)
        text_addf(text, "{" SLICE_FMT "=" SLICE_FMT "}", SLICE_ARG(head->fields[i].name), SLICE_ARG(head->fields[i].value));
}

static void assert_head(const struct h2_head *head, const char *expected)
{
    struct text text = TEXT_EMPTY;

    describe_head(&text, head);
    assert_string_equal(text_slice(&text).ptr, expected);
    text_fini(&text);
}

static void test_a_request_and_its_answer(void **state)
{
    struct pair pair;
    (void)state;

    set_up(&pair, &h2_default_limits);
    assert_false(h2_session_is_settled(pair.client));
    struct h2_stream *asked = ask(&pair, "GET", false);
    struct h2_stream *served = accept_one(&pair);
    assert_true(h2_session_is_settled(pair.client));
    assert_int_equal(h2_session_room(pair.client), 99);
    assert_head(&served->head, "{:method=GET}{:scheme=http}{:path=/x}{:authority=a.test}{x-mixed-case=1}");
    assert_true(served->ended);
    answer(served, true);
    h2_stream_send(served, SLICE("hello"), false);
    assert_int_equal(served->unsent.len, 5);
    talk(&pair);
    assert_int_equal(served->unsent.len, 0);
    assert_ptr_equal(h2_session_next_changed(pair.client), asked);
    assert_head(&asked->head, "{:status=200}{x-number=18446744073709551615}");
    assert_true(slice_eq(h2_stream_payload(asked), SLICE("hello")));
    assert_false(asked->ended);
    h2_stream_send(served, SLICE(""), true);
    h2_stream_release(&served);
    talk(&pair);
    assert_true(asked->ended && asked->closed);
    assert_int_equal(asked->code, H2_NO_ERROR);
    assert_true(slice_eq(h2_stream_payload(asked), SLICE("hello")));
    h2_stream_took(asked, 5);
    h2_stream_release(&asked);
    assert_int_equal(h2_session_count(pair.server), 0);
    assert_int_equal(h2_session_count(pair.client), 0);
    tear_down(&pair);
}

static void test_interim_heads_and_trailers(void **state)
{
    struct pair pair;
    (void)state;

    set_up(&pair, &h2_default_limits);
    struct h2_stream *asked = ask(&pair, "POST", true);
    h2_stream_send(asked, SLICE("body"), false);
    struct h2_stream *served = accept_one(&pair);
    h2_compose(pair.client);
    h2_compose_field(pair.client, SLICE("X-Sum"), SLICE("7"));
    h2_stream_send_trailers(asked);
    h2_compose(pair.server);
    h2_compose_field(pair.server, SLICE(":status"), SLICE("103"));
    h2_stream_interim(served);
    talk(&pair);
    assert_true(served->ended);
    assert_head(&served->trailers, "{x-sum=7}");
    assert_int_equal(asked->heads, 1);
    assert_head(&asked->head, "{:status=103}");
    answer(served, true);
    h2_stream_send(served, SLICE("x"), false);
    talk(&pair);
    h2_compose(pair.server);
    h2_compose_field(pair.server, SLICE("Grpc-Status"), SLICE("0"));
    h2_stream_send_trailers(served);
    talk(&pair);
    assert_int_equal(asked->heads, 2);
    assert_true(asked->ended);
    assert_head(&asked->head, "{:status=200}{x-number=18446744073709551615}");
    assert_head(&asked->trailers, "{grpc-status=0}");
    h2_stream_release(&served);
    h2_stream_release(&asked);
    tear_down(&pair);
}

/* Security case D9: what nobody takes is bounded, and nothing is lost when it is taken. */
static void test_a_stream_that_is_not_taken_stops_at_its_window(void **state)
{
    struct h2_limits limits = h2_default_limits;
    struct pair pair;
    static char payload[200000];
    size_t taken = 0;
    (void)state;

    limits.stream_window = 32 * 1024;
    set_up(&pair, &limits);
    for (size_t i = 0; i < sizeof payload; i++)
        payload[i] = (char)(i * 7 + i / 251);
    struct h2_stream *asked = ask(&pair, "POST", true);
    struct h2_stream *served = accept_one(&pair);
    talk(&pair); /* SETTINGS are acknowledged: the window counts */
    h2_stream_send(asked, slice_make(payload, sizeof payload), true);
    talk(&pair);
    assert_int_equal(served->kept, limits.stream_window);
    assert_int_equal(asked->unsent.len, sizeof payload - limits.stream_window);
    /* Another one is not held up by it. */
    struct h2_stream *other = ask(&pair, "POST", true);
    h2_stream_send(other, slice_make(payload, limits.stream_window), true);
    talk(&pair);
    assert_int_equal(other->unsent.len, 0);
    while (taken < sizeof payload) {
        struct slice piece = h2_stream_payload(served);
        assert_true(piece.len > 0);
        size_t some = piece.len < 5000 ? piece.len : 5000;
        assert_memory_equal(piece.ptr, payload + taken, some);
        taken += some;
        h2_stream_took(served, some);
        assert_true(served->kept <= limits.stream_window);
        talk(&pair);
    }
    assert_true(served->ended);
    assert_int_equal(h2_stream_payload(served).len, 0);
    h2_stream_reset(served, H2_CANCEL);
    h2_stream_release(&served);
    talk(&pair);
    for (struct h2_stream *changed; (changed = h2_session_next_changed(pair.server));)
        h2_stream_release(&changed);
    h2_stream_release(&asked);
    h2_stream_release(&other);
    tear_down(&pair);
}

/* What all streams together keep is bounded too: the connection's window is held back, and given back later. */
static void test_all_streams_together_are_bounded(void **state)
{
    enum { STREAMS = 40 };
    struct h2_limits limits = h2_default_limits;
    struct h2_stream *asked[STREAMS], *served[STREAMS];
    static char payload[128 * 1024];
    struct pair pair;
    size_t kept = 0, unsent = 0;
    (void)state;

    set_up(&pair, &limits);
    for (unsigned i = 0; i < STREAMS; i++) {
        asked[i] = ask(&pair, "POST", true);
        served[i] = accept_one(&pair);
    }
    for (unsigned i = 0; i < STREAMS; i++)
        h2_stream_send(asked[i], slice_make(payload, sizeof payload), true);
    talk(&pair);
    for (unsigned i = 0; i < STREAMS; i++)
        kept += served[i]->kept;
    assert_true(kept >= limits.kept_max && kept <= limits.kept_max + 1024 * 1024);
    assert_true(pair.stock.lent_bytes < 2 * (limits.kept_max + 1024 * 1024) + STREAMS * 3 * BUFFER_SIZE);
    for (unsigned round = 0; round < 1000; round++)
        for (unsigned i = 0; i < STREAMS; i++) {
            h2_stream_took(served[i], h2_stream_payload(served[i]).len);
            talk(&pair);
        }
    for (unsigned i = 0; i < STREAMS; i++) {
        unsent += asked[i]->unsent.len;
        assert_true(served[i]->ended);
        assert_int_equal(served[i]->received, sizeof payload);
        answer(served[i], false);
        h2_stream_release(&served[i]);
        h2_stream_release(&asked[i]);
    }
    assert_int_equal(unsent, 0);
    tear_down(&pair);
}

static void test_an_answer_before_the_end_of_the_request(void **state)
{
    struct pair pair;
    (void)state;

    set_up(&pair, &h2_default_limits);
    struct h2_stream *asked = ask(&pair, "POST", true);
    h2_stream_send(asked, SLICE("some"), false);
    struct h2_stream *served = accept_one(&pair);
    answer(served, true);
    h2_stream_send(served, SLICE("no"), true);
    talk(&pair);
    h2_stream_release(&served); /* with the END_STREAM out already */
    talk(&pair);
    assert_true(asked->ended && asked->closed);
    assert_int_equal(asked->code, H2_NO_ERROR);
    assert_true(slice_eq(h2_stream_payload(asked), SLICE("no")));
    h2_stream_release(&asked);
    /* And with it still to go: the reset must not overtake it. */
    asked = ask(&pair, "POST", true);
    served = accept_one(&pair);
    answer(served, false);
    h2_stream_release(&served);
    talk(&pair);
    assert_true(asked->ended && asked->closed);
    assert_int_equal(asked->code, H2_NO_ERROR);
    h2_stream_release(&asked);
    tear_down(&pair);
}

static void test_resets_reach_the_other_side(void **state)
{
    struct pair pair;
    (void)state;

    set_up(&pair, &h2_default_limits);
    struct h2_stream *asked = ask(&pair, "POST", true);
    struct h2_stream *served = accept_one(&pair);
    h2_stream_reset(asked, H2_CANCEL);
    talk(&pair);
    assert_ptr_equal(h2_session_next_changed(pair.server), served);
    assert_true(served->closed && !served->ended);
    assert_int_equal(served->code, H2_CANCEL);
    h2_stream_release(&served);
    h2_stream_release(&asked);

    asked = ask(&pair, "GET", false);
    served = accept_one(&pair);
    answer(served, true);
    h2_stream_send(served, SLICE("half"), false);
    talk(&pair);
    h2_stream_release(&served); /* not to its end */
    talk(&pair);
    assert_true(asked->closed && !asked->ended);
    assert_int_equal(asked->code, H2_CANCEL);
    h2_stream_release(&asked);

    asked = ask(&pair, "GET", false);
    served = accept_one(&pair);
    h2_stream_reset(served, H2_REFUSED_STREAM);
    h2_stream_release(&served);
    talk(&pair);
    assert_true(asked->closed && asked->unprocessed);
    h2_stream_release(&asked);
    tear_down(&pair);
}

static void test_going_away(void **state)
{
    struct pair pair;
    (void)state;

    set_up(&pair, &h2_default_limits);
    struct h2_stream *asked = ask(&pair, "GET", false);
    struct h2_stream *served = accept_one(&pair);
    h2_session_announce(pair.server);
    talk(&pair);
    assert_int_equal(h2_session_room(pair.client), 0);
    assert_false(asked->closed);
    h2_session_go_away(pair.server, H2_NO_ERROR);
    talk(&pair);
    struct h2_stream *late = ask(&pair, "GET", false);
    talk(&pair);
    assert_true(late->closed && late->unprocessed);
    h2_stream_release(&late);
    assert_false(h2_session_is_over(pair.server));
    answer(served, false);
    h2_stream_release(&served);
    talk(&pair);
    assert_true(asked->ended);
    assert_true(h2_session_is_over(pair.server));
    h2_stream_release(&asked);
    tear_down(&pair);
}

/* All that a server saw, as text. */
static char *replay(struct slice bytes, size_t step)
{
    struct stock stock;
    struct h2_pool pool;
    struct buffer out = {0};
    struct text text = TEXT_EMPTY;
    struct text bodies[8] = {{0}}, ends[8] = {{0}};

    stock_init(&stock);
    h2_pool_init(&pool, &stock);
    struct h2_session *server = h2_session_create(H2_SERVER, &h2_default_limits, &pool);
    buffer_borrow(&out, &stock, BUFFER_LARGE);
    for (size_t at = 0; at < bytes.len;) {
        size_t count = bytes.len - at < step ? bytes.len - at : step;
        char *copy = malloc(count);
        memcpy(copy, bytes.ptr + at, count);
        h2_session_feed(server, slice_make(copy, count), 1000);
        free(copy);
        at += count;
        h2_session_drain(server, &out);
        buffer_consume(&out, buffer_len(&out));
        for (struct h2_stream *stream; (stream = h2_session_next_changed(server));) {
            struct text *body = &bodies[stream->id / 2];
            stream->owner = body;
            for (struct slice piece; (piece = h2_stream_payload(stream)).len;) {
                text_add(body, piece);
                h2_stream_took(stream, piece.len);
            }
            if (!stream->ended && !stream->closed)
                continue;
            struct text *end = &ends[stream->id / 2];
            describe_head(end, &stream->head);
            text_addf(end, "(" SLICE_FMT ")", SLICE_ARG(text_slice(body)));
            describe_head(end, &stream->trailers);
            text_addf(end, " closed=%d\n", stream->closed);
            h2_stream_release(&stream);
        }
    }
    h2_session_destroy(&server);
    buffer_return(&out, &stock);
    h2_pool_fini(&pool);
    stock_fini(&stock);
    for (size_t i = 0; i < WB_COUNT(bodies); i++) {
        text_add(&text, text_slice(&ends[i]));
        text_fini(&bodies[i]);
        text_fini(&ends[i]);
    }
    return text_take(&text);
}

static void test_cuts_change_nothing(void **state)
{
    static char payload[3000];
    struct pair pair;
    (void)state;

    memset(payload, 'p', sizeof payload);
    set_up(&pair, &h2_default_limits);
    struct h2_stream *asked[3] = {ask(&pair, "GET", false), ask(&pair, "POST", true), ask(&pair, "PUT", true)};
    h2_stream_send(asked[1], SLICE("12345"), false);
    h2_stream_send(asked[2], slice_make(payload, sizeof payload), true);
    talk(&pair);
    h2_compose(pair.client);
    h2_compose_field(pair.client, SLICE("x-sum"), SLICE("7"));
    h2_stream_send_trailers(asked[1]);
    talk(&pair);
    char *whole = replay(text_slice(&pair.sent), pair.sent.len);
    assert_non_null(strstr(whole, "(12345){x-sum=7}"));
    for (size_t step = 1; step < 64; step++) {
        char *other = replay(text_slice(&pair.sent), step);
        if (strcmp(whole, other) != 0)
            print_message("in steps of %zu\n", step);
        assert_string_equal(whole, other);
        free(other);
    }
    free(whole);
    for (size_t i = 0; i < 3; i++)
        h2_stream_release(&asked[i]);
    for (struct h2_stream *stream; (stream = h2_session_next_changed(pair.server));)
        h2_stream_release(&stream);
    tear_down(&pair);
}

/* Frames that do not fit into what is left of a buffer wait for the next one. */
static void test_small_buffers_are_enough(void **state)
{
    static char payload[20000];
    struct pair pair;
    (void)state;

    set_up(&pair, &h2_default_limits);
    pair.drain_size = 600;
    struct h2_stream *asked = ask(&pair, "GET", false);
    struct h2_stream *served = accept_one(&pair);
    answer(served, true);
    h2_stream_send(served, slice_make(payload, sizeof payload), true);
    talk(&pair);
    assert_true(asked->ended);
    assert_int_equal(asked->received, sizeof payload);
    h2_stream_release(&served);
    h2_stream_release(&asked);
    tear_down(&pair);
}

static void test_bytes_that_are_no_http2(void **state)
{
    struct pair pair;
    (void)state;

    set_up(&pair, &h2_default_limits);
    h2_session_feed(pair.server, SLICE("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), 1000);
    assert_non_null(h2_session_fault(pair.server));
    move(&pair, pair.server, pair.client);
    assert_true(h2_session_is_over(pair.server));
    tear_down(&pair);
}

static void test_bytes_no_field_may_hold_are_not_sent(void **state)
{
    struct pair pair;
    (void)state;

    set_up(&pair, &h2_default_limits);
    h2_compose(pair.client);
    h2_compose_field(pair.client, SLICE("x"), SLICE("a\r\nb: c"));
    assert_false(h2_compose_ok(pair.client));
    h2_compose(pair.client);
    assert_true(h2_compose_ok(pair.client));
    tear_down(&pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_request_and_its_answer),
        cmocka_unit_test(test_interim_heads_and_trailers),
        cmocka_unit_test(test_a_stream_that_is_not_taken_stops_at_its_window),
        cmocka_unit_test(test_all_streams_together_are_bounded),
        cmocka_unit_test(test_an_answer_before_the_end_of_the_request),
        cmocka_unit_test(test_resets_reach_the_other_side),
        cmocka_unit_test(test_going_away),
        cmocka_unit_test(test_cuts_change_nothing),
        cmocka_unit_test(test_small_buffers_are_enough),
        cmocka_unit_test(test_bytes_that_are_no_http2),
        cmocka_unit_test(test_bytes_no_field_may_hold_are_not_sent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
