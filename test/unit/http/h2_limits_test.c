/* SPDX-License-Identifier: MIT */
/* What a peer can make a session hold, or do for nothing, has a bound (security cases D5 to D8). */
#include "h2_pair.h"

static void test_a_head_over_the_limits_is_told_of(void **state)
{
    struct h2_limits limits = h2_default_limits;
    struct pair pair;
    (void)state;

    limits.fields = 10;
    set_up(&pair, &limits);
    compose_request(pair.client, "GET");
    for (unsigned i = 0; i < 9; i++) /* one is there already */
        h2_compose_field(pair.client, SLICE("x"), SLICE("y"));
    struct h2_stream *fits = h2_session_request(pair.client, &pair, false);
    compose_request(pair.client, "GET");
    for (unsigned i = 0; i < 10; i++)
        h2_compose_field(pair.client, SLICE("x"), SLICE("y"));
    struct h2_stream *asked = h2_session_request(pair.client, &pair, false);
    struct h2_stream *served = accept_one(&pair);
    assert_false(served->head.too_large);
    assert_int_equal(served->head.count, 14);
    h2_stream_release(&served);
    served = accept_one(&pair);
    assert_true(served->head.too_large);
    answer(served, false);
    h2_stream_release(&served);
    talk(&pair);
    assert_true(asked->ended);
    h2_stream_release(&asked);
    h2_stream_release(&fits);
    /* Many times more is not meant (security case D8), however long the connection was quiet. */
    pair.now_ms += 60000;
    compose_request(pair.client, "GET");
    for (unsigned i = 0; i < 60; i++)
        h2_compose_field(pair.client, SLICE("cookie"), SLICE("y"));
    asked = h2_session_request(pair.client, &pair, false);
    talk(&pair);
    assert_true(h2_session_is_flooded(pair.server));
    assert_true(h2_session_is_over(pair.server));
    h2_stream_release(&asked);
    tear_down(&pair);
}

/* Others share the connection to a server: they do not suffer for one answer. */
static void test_a_server_s_absurd_head_costs_its_stream_alone(void **state)
{
    struct h2_limits limits = h2_default_limits;
    struct pair pair;
    (void)state;

    limits.fields = 10;
    set_up(&pair, &limits);
    struct h2_stream *asked = ask(&pair, "GET", false);
    struct h2_stream *served = accept_one(&pair);
    h2_compose(pair.server);
    h2_compose_status(pair.server, "200");
    for (unsigned i = 0; i < 60; i++)
        h2_compose_field(pair.server, SLICE("set-cookie"), SLICE("y"));
    h2_stream_answer(served, false);
    talk(&pair);
    assert_true(asked->heads == 1 && asked->head.too_large);
    assert_true(h2_session_is_welcome(pair.client));
    h2_stream_release(&served);
    h2_stream_release(&asked);
    tear_down(&pair);
}

/* Security case D5: 199 in a moment may be; with each answer one more; not thousands. */
static void test_rapid_resets_end_the_connection(void **state)
{
    struct pair pair;
    unsigned count = 0;
    (void)state;

    set_up(&pair, &h2_default_limits);
    for (; count < 5000 && !h2_session_is_flooded(pair.server); count++) {
        struct h2_stream *asked = ask(&pair, "GET", false);
        struct h2_stream *served = accept_one(&pair);
        h2_stream_reset(asked, H2_CANCEL);
        h2_stream_release(&asked);
        talk(&pair);
        assert_true(served->closed);
        h2_stream_release(&served);
    }
    assert_int_equal(count, 201);
    assert_true(h2_session_is_over(pair.server));
    tear_down(&pair);
    set_up(&pair, &h2_default_limits);
    for (count = 0; count < 1000; count++) { /* slowly */
        struct h2_stream *asked = ask(&pair, "GET", false);
        struct h2_stream *served = accept_one(&pair);
        h2_stream_reset(asked, H2_CANCEL);
        h2_stream_release(&asked);
        talk(&pair);
        h2_stream_release(&served);
        pair.now_ms += 60;
    }
    assert_false(h2_session_is_flooded(pair.server));
    tear_down(&pair);
}

static void feed_times(struct h2_session *session, struct slice bytes, unsigned times)
{
    for (unsigned i = 0; i < times; i++)
        h2_session_feed(session, bytes, 1000);
}

/* Security case D7, each kind by itself; the peer reads nothing of what it provokes. */
static void test_frames_that_move_nothing_end_the_connection(void **state)
{
    static const struct {
        const char *what;
        struct slice frame;
    } kinds[] = {
        {"PING", {"\0\0\x08\x06\0\0\0\0\0........", 17}},
        {"SETTINGS", {"\0\0\0\x04\0\0\0\0\0", 9}},
        {"PRIORITY", {"\0\0\x05\x02\0\0\0\0\x03\0\0\0\0\x10", 14}},
        {"WINDOW_UPDATE", {"\0\0\x04\x08\0\0\0\0\0\0\0\0\x01", 13}},
    };
    (void)state;
    for (size_t i = 0; i < WB_COUNT(kinds); i++) {
        struct pair pair;
        set_up(&pair, &h2_default_limits);
        talk(&pair);
        feed_times(pair.server, kinds[i].frame, 90);
        assert_false(h2_session_is_flooded(pair.server));
        feed_times(pair.server, kinds[i].frame, 1000);
        if (!h2_session_is_flooded(pair.server))
            fail_msg("%s goes on", kinds[i].what);
        move(&pair, pair.server, pair.client);
        assert_true(h2_session_is_over(pair.server));
        tear_down(&pair);
    }
}

static void test_empty_frames_of_payload_end_the_connection(void **state)
{
    struct pair pair;
    (void)state;

    set_up(&pair, &h2_default_limits);
    struct h2_stream *asked = ask(&pair, "POST", true);
    struct h2_stream *served = accept_one(&pair);
    feed_times(pair.server, slice_make("\0\0\0\0\0\0\0\0\x01", 9), 1100);
    assert_true(h2_session_is_flooded(pair.server));
    h2_stream_release(&served);
    h2_stream_release(&asked);
    tear_down(&pair);
}

static struct slice request_block(void)
{
    return slice_make("\x82\x86\x84\x01\x06"
                      "a.test",
                      11);
}

static void feed_frame(struct h2_session *session, const char head[9], struct slice payload, size_t step)
{
    char bytes[64];

    WB_REQUIRE(payload.len <= sizeof bytes - 9);
    memcpy(bytes, head, 9);
    if (payload.len)
        memcpy(bytes + 9, payload.ptr, payload.len);
    for (size_t at = 0; at < 9 + payload.len; at += step)
        h2_session_feed(session, slice_head(slice_make(bytes + at, 9 + payload.len - at), step), 1000);
}

/* nghttp2 counts the pieces that the head of a CONTINUATION comes in, and takes 8. */
static void test_continuations_are_counted_not_their_pieces(void **state)
{
    (void)state;
    for (size_t step = 1; step <= 20; step++) {
        for (unsigned more = 0; more <= 8; more += 8) {
            struct pair pair;
            set_up(&pair, &h2_default_limits);
            h2_session_feed(pair.server, h2_preface, 1000);
            feed_frame(pair.server, "\0\0\0\x04\0\0\0\0\0", SLICE(""), step);
            feed_frame(pair.server, "\0\0\x0b\x01\x01\0\0\0\x01", request_block(), step);
            for (unsigned i = 0; i < 7 + more; i++)
                feed_frame(pair.server, "\0\0\0\x09\0\0\0\0\x01", SLICE(""), step);
            feed_frame(pair.server, "\0\0\x04\x09\x04\0\0\0\x01", slice_make("\0\x01x\0", 4), step);
            struct h2_stream *served = h2_session_next_changed(pair.server);
            if (h2_session_is_flooded(pair.server) != (more > 0) || (!more && !served))
                fail_msg("%u CONTINUATIONs in pieces of %zu", 8 + more, step);
            h2_stream_release(&served);
            tear_down(&pair);
        }
    }
}

/* Security case D6: who reads nothing makes answers pile up that nobody has counted yet. */
static void test_resets_that_are_not_read_end_the_connection(void **state)
{
    struct pair pair;
    unsigned count = 0;
    (void)state;

    set_up(&pair, &h2_default_limits);
    h2_session_feed(pair.server, h2_preface, 1000);
    feed_frame(pair.server, "\0\0\0\x04\0\0\0\0\0", SLICE(""), 99);
    for (uint32_t id = 1; count < 5000 && !h2_session_is_flooded(pair.server); count++, id += 2) {
        char head[9] = {0, 0, 11, 1, 5, 0, (char)(id >> 16), (char)(id >> 8), (char)id};
        feed_frame(pair.server, head, request_block(), 99);
    }
    assert_in_range(count, 100, 1200);
    for (struct h2_stream *stream; (stream = h2_session_next_changed(pair.server));)
        h2_stream_release(&stream);
    tear_down(&pair);
}

/* Security case D8: by references, large heads cost a client little; what they cost us has a bound, and it may come again. */
static void test_large_heads_of_all_streams_are_bounded(void **state)
{
    struct h2_stream *asked[40], *served[40];
    struct pair pair;
    unsigned taken = 0;
    (void)state;

    set_up(&pair, &h2_default_limits);
    char *value = calloc(1, 60000);
    memset(value, 'v', 60000);
    for (unsigned i = 0; i < WB_COUNT(asked); i++) {
        compose_request(pair.client, "GET");
        h2_compose_field(pair.client, SLICE("x"), slice_make(value, 60000));
        asked[i] = h2_session_request(pair.client, &pair, false);
        talk(&pair);
        served[taken] = h2_session_next_changed(pair.server);
        if (!served[taken])
            continue;
        served[taken++]->owner = &pair;
    }
    assert_int_equal(taken, 18);
    assert_true(asked[18]->closed && asked[18]->unprocessed);
    for (unsigned i = 0; i < taken; i++)
        h2_stream_release(&served[i]);
    for (unsigned i = 0; i < WB_COUNT(asked); i++)
        h2_stream_release(&asked[i]);
    talk(&pair);
    asked[0] = ask(&pair, "GET", false);
    served[0] = accept_one(&pair);
    h2_stream_release(&served[0]);
    h2_stream_release(&asked[0]);
    free(value);
    tear_down(&pair);
}

/* Trailers of a stream that was reset are passed over, and then nobody is in the middle of a head. */
static void test_a_head_that_is_passed_over_is_over(void **state)
{
    struct pair pair;
    (void)state;

    set_up(&pair, &h2_default_limits);
    struct h2_stream *asked = ask(&pair, "POST", true);
    struct h2_stream *served = accept_one(&pair);
    h2_stream_reset(served, H2_CANCEL);
    h2_stream_release(&served);
    move(&pair, pair.server, pair.client);
    feed_frame(pair.server, "\0\0\x04\x01\x05\0\0\0\x01", slice_make("\0\x01x\0", 4), 99);
    assert_false(h2_session_is_reading_head(pair.server));
    h2_stream_release(&asked);
    tear_down(&pair);
}

/* A server's interim heads are kept until its stream is let go: there is an end to them. */
static void test_interim_heads_without_end_take_no_more_memory(void **state)
{
    struct pair pair;
    char value[3000];
    (void)state;

    set_up(&pair, &h2_default_limits);
    struct h2_stream *asked = ask(&pair, "GET", false);
    struct h2_stream *served = accept_one(&pair);
    memset(value, 'v', sizeof value);
    for (unsigned i = 0; i < 1000; i++) {
        h2_compose(pair.server);
        h2_compose_status(pair.server, "103");
        h2_compose_field(pair.server, SLICE("x"), slice_make(value, sizeof value));
        h2_stream_interim(served);
    }
    move(&pair, pair.server, pair.client);
    assert_true(asked->heads > 10 && asked->head.too_large);
    assert_true(asked->arena.used < 4 * h2_default_limits.head_bytes);
    talk(&pair);
    assert_false(h2_session_is_over(pair.client));
    h2_stream_release(&served);
    h2_stream_release(&asked);
    tear_down(&pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_head_over_the_limits_is_told_of),
        cmocka_unit_test(test_a_server_s_absurd_head_costs_its_stream_alone),
        cmocka_unit_test(test_rapid_resets_end_the_connection),
        cmocka_unit_test(test_frames_that_move_nothing_end_the_connection),
        cmocka_unit_test(test_empty_frames_of_payload_end_the_connection),
        cmocka_unit_test(test_continuations_are_counted_not_their_pieces),
        cmocka_unit_test(test_resets_that_are_not_read_end_the_connection),
        cmocka_unit_test(test_large_heads_of_all_streams_are_bounded),
        cmocka_unit_test(test_a_head_that_is_passed_over_is_over),
        cmocka_unit_test(test_interim_heads_without_end_take_no_more_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
