/* SPDX-License-Identifier: MIT */
/* The way back through filters (route/filter.h), with filters made for it: order, waiting, transforming, replacing, ends. */
#include "sim_test.h"
#include "waybill/route/live.h"

/* What happened, in order: "head a", "body a", "end a" as "a", "+", ... */
static char story[64];
static struct text collected;

static void tell(char c)
{
    size_t len = strlen(story);
    if (len + 1 < sizeof story)
        story[len] = c;
}

struct test_half {
    struct response_half half;
    char name;
    bool replaces, replaced;
    char buffer[700]; /* of a transform: what it holds out */
    size_t filled, given;
    struct text kept; /* of one that waits for the whole */
    bool whole, over;
};

static enum response_verdict note_head(struct response_half *half, struct exchange *x)
{
    struct test_half *own = (struct test_half *)half;

    tell(own->name);
    if (own->replaces && !own->replaced && x->answer.status == 200) {
        own->replaced = true;
        exchange_answer(x, REASON_NO_SERVER);
        return RESPONSE_REPLACED;
    }
    return RESPONSE_PASS;
}

static void note_end(struct response_half *half, struct exchange *x)
{
    struct test_half *own = (struct test_half *)half;
    (void)x;
    text_fini(&own->kept);
    tell((char)(own->name - 'a' + 'A'));
}

/* Doubles each byte. */
static enum response_verdict double_head(struct response_half *half, struct exchange *x)
{
    headers_remove(x->answer.headers, HEADER_CONTENT_LENGTH);
    x->answer.write_length = false;
    x->answer.length_known = false;
    exchange_transform(x, half);
    return note_head(half, x);
}

static enum body_result double_body(struct response_half *half, struct exchange *x, struct headers *trailers,
                                    struct slice *out_payload)
{
    struct test_half *own = (struct test_half *)half;
    struct slice payload;

    if (own->given == own->filled) {
        enum body_result result = response_payload(half, x, trailers, &payload);
        own->given = own->filled = 0;
        *out_payload = SLICE("");
        if (result != BODY_PAYLOAD)
            return result;
        size_t taken = payload.len < sizeof own->buffer / 2 ? payload.len : sizeof own->buffer / 2;
        for (size_t i = 0; i < taken; i++) {
            own->buffer[own->filled++] = payload.ptr[i];
            own->buffer[own->filled++] = payload.ptr[i];
        }
        response_took(half, x, taken);
    }
    *out_payload = slice_make(own->buffer + own->given, own->filled - own->given);
    return BODY_PAYLOAD;
}

static void double_took(struct response_half *half, struct exchange *x, size_t count)
{
    (void)x;
    ((struct test_half *)half)->given += count;
}

/* Waits for the whole answer, then gives it with its length. */
static enum response_verdict keep_head(struct response_half *half, struct exchange *x)
{
    struct test_half *own = (struct test_half *)half;
    struct slice payload;

    if (x->answer.status == 101 || own->whole)
        return note_head(half, x);
    assert_true(exchange_keep_head(x));
    half->source = x->transform;
    for (;;) {
        switch (response_payload(half, x, NULL, &payload)) {
        case BODY_MORE:
            return RESPONSE_WAIT;
        case BODY_INVALID:
            own->whole = true;
            exchange_answer(x, REASON_SERVER_CLOSED);
            return RESPONSE_REPLACED;
        case BODY_PAYLOAD:
            text_add(&own->kept, payload);
            response_took(half, x, payload.len);
            continue;
        case BODY_END:
            own->whole = true;
            headers_remove(x->answer.headers, HEADER_CONTENT_LENGTH);
            x->answer.length_known = x->answer.write_length = true;
            x->answer.content_length = own->kept.len;
            exchange_transform(x, half);
            return note_head(half, x);
        }
    }
}

static enum body_result keep_body(struct response_half *half, struct exchange *x, struct headers *trailers,
                                  struct slice *out_payload)
{
    struct test_half *own = (struct test_half *)half;
    (void)x;
    (void)trailers;
    *out_payload = slice_from(text_slice(&own->kept), own->given);
    return out_payload->len ? BODY_PAYLOAD : BODY_END;
}

static const struct response_ops noting = {.head = note_head, .ended = note_end};
static const struct response_ops silent = {.ended = note_end};
static const struct response_ops doubling = {
    .head = double_head, .body = double_body, .took = double_took, .ended = note_end};
static const struct response_ops keeping = {.head = keep_head, .body = keep_body, .took = double_took, .ended = note_end};

static struct test_half *hang(struct exchange *x, char name, const struct response_ops *ops)
{
    struct test_half *half = ARENA_NEW(&x->arena, struct test_half);
    half->name = name;
    exchange_see_answer(x, &half->half, ops);
    return half;
}

/* The path says what each filter does: /a../b../c.. in order; see the letters. */
static bool asks_for(const struct exchange *x, const char *word)
{
    struct slice query = x->target.query;
    for (size_t i = 0; i < query.len; i++)
        if (slice_starts(slice_from(query, i), slice_of(word)))
            return true;
    return false;
}

static enum filter_compiled make(const struct filter_source *from, const void **out_config)
{
    (void)from;
    *out_config = "";
    return FILTER_MADE;
}

static enum filter_verdict outer_request(struct exchange *x, const void *config)
{
    (void)config;
    hang(x, 'a', asks_for(x, "double") ? &doubling : &noting)->replaces = asks_for(x, "a-replaces");
    return FILTER_PASS;
}

static enum filter_verdict middle_request(struct exchange *x, const void *config)
{
    (void)config;
    hang(x, 'b', asks_for(x, "keep") ? &keeping : &noting)->replaces = asks_for(x, "b-replaces");
    if (!asks_for(x, "answer"))
        return FILTER_PASS;
    exchange_answer(x, REASON_FORBIDDEN);
    return FILTER_ANSWERED;
}

/* Collects the request's body before it is sent on. */
struct upload {
    struct body_source source;
    struct text bytes;
    size_t given;
};

static enum body_result upload_body(struct body_source *source, struct slice *out_payload)
{
    struct upload *upload = (struct upload *)source;
    *out_payload = slice_head(slice_from(text_slice(&upload->bytes), upload->given), 1000);
    return out_payload->len ? BODY_PAYLOAD : BODY_END;
}

static void upload_took(struct body_source *source, size_t count)
{
    ((struct upload *)source)->given += count;
}

static enum filter_verdict collect(struct exchange *x)
{
    struct slice payload;

    for (;;) {
        switch (x->client_ops->body(x->client, NULL, &payload)) {
        case BODY_MORE:
            x->client_ops->body_want(x->client, true);
            return FILTER_WAIT;
        case BODY_PAYLOAD:
            text_add(&collected, payload);
            x->client_ops->body_took(x->client, payload.len);
            continue;
        case BODY_INVALID:
            exchange_answer(x, REASON_BAD_BODY);
            return FILTER_ANSWERED;
        case BODY_END:
            break;
        }
        struct upload *upload = ARENA_NEW(&x->arena, struct upload);
        upload->source = (struct body_source){upload_body, upload_took};
        upload->bytes = collected;
        x->upload = &upload->source;
        x->request.body = BODY_LENGTH;
        x->request.content_length = collected.len;
        return FILTER_PASS;
    }
}

static enum filter_verdict inner_request(struct exchange *x, const void *config)
{
    (void)config;
    if (asks_for(x, "collect"))
        return collect(x);
    hang(x, 'c', &silent);
    return FILTER_PASS;
}

static const struct filter_ops outer = {.name = "outer", .compile = make, .request = outer_request};
static const struct filter_ops middle = {.name = "middle", .compile = make, .request = middle_request};
static const struct filter_ops inner = {.name = "inner", .compile = make, .request = inner_request};
static const struct filter_ops *const filters[] = {&outer, &middle, &inner, NULL};

static void begin(struct sim_scene *scene)
{
    memset(story, 0, sizeof story);
    scene_prepare(scene, 0);
    scene->world->filters = filters;
    scene_start(scene);
}

static void end(struct sim_scene *scene, const char *expected)
{
    scene_end(scene);
    assert_string_equal(story, expected);
}

static void test_heads_pass_from_the_inside_out_and_each_ends_once(void **state)
{
    struct sim_scene scene;
    struct sim_message answer;
    (void)state;

    begin(&scene);
    sim_client_get(&scene.client, "/len/5000?x", 1);
    sim_advance(scene.sim, 10);
    assert_true(sim_client_answer(&scene.client, 0, &answer));
    assert_true(sim_body_is(text_slice(&answer.body), 1, 5000));
    sim_message_fini(&answer);
    end(&scene, "baCBA");
}

static void test_only_who_let_it_pass_sees_what_is_answered_further_in(void **state)
{
    struct sim_scene scene;
    (void)state;

    begin(&scene);
    sim_client_get(&scene.client, "/len/5?answer", 1);
    sim_advance(scene.sim, 10);
    assert_int_equal(sim_client_status(&scene.client, 0), 403);
    end(&scene, "baBA");
}

static void test_who_is_inside_of_a_replaced_answer_has_ended(void **state)
{
    struct sim_scene scene;
    (void)state;

    begin(&scene);
    sim_client_get(&scene.client, "/len/5?a-replaces", 1);
    sim_advance(scene.sim, 10);
    assert_int_equal(sim_client_status(&scene.client, 0), 503);
    end(&scene, "baCBaA"); /* a sees its own answer too */
    begin(&scene);
    sim_client_get(&scene.client, "/len/5?b-replaces", 1);
    sim_advance(scene.sim, 10);
    assert_int_equal(sim_client_status(&scene.client, 0), 503);
    end(&scene, "bCbaBA");
}

static void test_a_client_that_goes_and_a_tunnel_end_them_too(void **state)
{
    struct sim_scene scene;
    (void)state;

    begin(&scene);
    sim_client_get(&scene.client, "/mute?x", 1);
    sim_advance(scene.sim, 10);
    sim_link_close(scene.client.wire);
    sim_advance(scene.sim, 10);
    end(&scene, "CBA");
    begin(&scene);
    sim_client_ask(&scene.client, "GET /up?keep HTTP/1.1\r\nHost: a.test\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n");
    sim_advance(scene.sim, 10);
    assert_string_equal(story, "ba");
    sim_link_close(scene.client.wire);
    sim_advance(scene.sim, 10);
    end(&scene, "baCBA");
}

/* Bytes in pairs, back to single ones. */
static void halve(struct text *body)
{
    assert_int_equal(body->len % 2, 0);
    for (size_t i = 0; i < body->len; i += 2) {
        assert_int_equal(body->ptr[i], body->ptr[i + 1]);
        body->ptr[i / 2] = body->ptr[i];
    }
    body->len /= 2;
}

static void ask_for(struct sim_scene *scene, const char *path, unsigned index, size_t count, bool doubled, size_t at_most)
{
    struct sim_message answer;

    sim_client_get(&scene->client, path, index + 1);
    sim_advance(scene->sim, 100000);
    if (!sim_client_answer(&scene->client, index, &answer))
        fail_msg("no answer to %s", path);
    if (doubled)
        halve(&answer.body);
    assert_true(sim_body_is(text_slice(&answer.body), index + 1, count));
    sim_message_fini(&answer);
    assert_true(scene->sim->lent_max <= at_most);
}

static void test_payload_is_transformed_whatever_the_pieces_and_the_client(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 6; round++) {
        struct sim_scene scene;
        begin(&scene);
        /* Small deliveries; a small socket that a slow client empties. */
        scene.sim->wire.deliver_max = round % 3 == 1 ? 1 + 500 * round : 0;
        scene.sim->wire.socket_bytes = round % 3 == 2 ? 1000 : 0;
        scene.sim->wire.absorb_every_ms = round % 3 == 2 ? 5 : 0;
        sim_client_connect(&scene.client, scene.sim, scene.world->entry, "192.0.2.1");
        ask_for(&scene, "/len/100000?double", 0, 100000, true, 400000);
        ask_for(&scene, "/chunked/3000?double", 1, 3000, true, 400000);
        ask_for(&scene, "/len/100000?keep", 2, 100000, false, 400000);
        ask_for(&scene, "/chunked/3000?keep-double", 3, 3000, true, 400000);
        ask_for(&scene, "/len/0?keep-double", 4, 0, true, 400000);
        scene_end(&scene);
    }
}

static void test_an_answer_made_here_is_transformed_too(void **state)
{
    struct sim_scene scene;
    struct sim_message answer;
    (void)state;

    begin(&scene);
    sim_client_get(&scene.client, "/len/5?double-answer", 1);
    sim_advance(scene.sim, 10);
    assert_true(sim_client_answer(&scene.client, 0, &answer));
    halve(&answer.body);
    assert_true(slice_eq(text_slice(&answer.body), SLICE("Forbidden")));
    sim_message_fini(&answer);
    end(&scene, "baBA");
}

static void cut_short(struct sim_conn *conn, const struct sim_message *request)
{
    (void)request;
    sim_conn_reply(conn, SLICE("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"), 0, true);
}

static void test_an_answer_that_ends_early_while_it_is_waited_for_can_be_replaced(void **state)
{
    struct sim_scene scene;
    (void)state;

    begin(&scene);
    scene.server.answer = cut_short;
    sim_client_get(&scene.client, "/?keep", 1);
    sim_advance(scene.sim, 10);
    assert_int_equal(sim_client_status(&scene.client, 0), 502);
    end(&scene, "CbaBA");
    begin(&scene);
    scene.server.answer = cut_short;
    sim_client_get(&scene.client, "/?double", 1);
    sim_advance(scene.sim, 10);
    assert_true(sim_link_is_over(scene.client.wire)); /* too late: it is cut */
    assert_int_equal(sim_client_status(&scene.client, 0), 0);
    end(&scene, "baCBA");
}

static void test_a_body_that_was_collected_is_sent_with_its_length(void **state)
{
    struct sim_scene scene;
    (void)state;

    begin(&scene);
    scene.sim->wire.deliver_max = 777;
    sim_client_connect(&scene.client, scene.sim, scene.world->entry, "192.0.2.1");
    collected = TEXT_EMPTY;
    sim_client_post(&scene.client, "/echo?collect", 1, 20000, true);
    sim_advance(scene.sim, 1000);
    assert_int_equal(sim_client_status(&scene.client, 0), 200);
    assert_true(sim_body_is(text_slice(&scene.server.last_body), 1, 20000));
    char *head = slice_dup(text_slice(&scene.server.last_head));
    assert_non_null(strstr(head, "Content-Length: 20000\r\n"));
    free(head);
    text_fini(&collected);
    /* One that the server does not take. */
    collected = TEXT_EMPTY;
    scene.server.listener.dial = SIM_REFUSE;
    sim_link_close(sim_server_conn(&scene.server)->wire);
    sim_client_post(&scene.client, "/echo?collect", 2, 20000, false);
    sim_advance(scene.sim, 1000);
    assert_int_equal(sim_client_status(&scene.client, 1), 502);
    text_fini(&collected);
    scene_end(&scene);
}

/* A count that every request adds to: found by identity, kept over reloads, held by who is still under way. */
static unsigned live_ended;

static void end_live(void *live)
{
    (void)live;
    live_ended++;
}

static enum filter_compiled make_count(const struct filter_source *from, const void **out_config)
{
    struct slice identity = from->backend ? from->backend->name : SLICE("");
    *out_config = from->ops->live(from, identity, sizeof(unsigned), end_live);
    return FILTER_MADE;
}

struct count_half {
    struct response_half half;
    void *live;
};

static void end_count(struct response_half *half, struct exchange *x)
{
    (void)x;
    live_unref(&((struct count_half *)half)->live);
}

static const struct response_ops counting = {.ended = end_count};

static enum filter_verdict count_request(struct exchange *x, const void *config)
{
    struct count_half *half = ARENA_NEW(&x->arena, struct count_half);
    unsigned *count = (void *)(uintptr_t)config;

    half->live = live_ref(count);
    exchange_see_answer(x, &half->half, &counting);
    if (++*count <= 3)
        return FILTER_PASS;
    exchange_answer(x, REASON_FORBIDDEN);
    return FILTER_ANSWERED;
}

static void test_live_state_goes_on_over_reloads_and_ends_with_its_last_user(void **state)
{
    static const struct filter_ops count = {.name = "count", .compile = make_count, .request = count_request};
    static const struct filter_ops *const only[] = {&count, NULL};
    struct sim_route route = {.name = "a", .rule = "Host:a.test", .servers = SIM_SERVER_URL};
    struct sim_route other = {.name = "b", .rule = "Host:a.test", .servers = SIM_SERVER_URL};
    struct sim_scene scene;
    (void)state;

    live_ended = 0;
    scene_prepare(&scene, 0);
    scene.world->filters = only;
    scene_start(&scene);
    for (unsigned i = 0; i < 3; i++) {
        route.rule = i % 2 ? "Host:a.test" : "Host:a.test,z.test"; /* another frontend each time, of the same backend */
        sim_world_publish(scene.world, &route, 1);
        sim_client_get(&scene.client, "/len/1", i + 1);
        sim_advance(scene.sim, 10);
        assert_int_equal(sim_client_status(&scene.client, i), 200);
    }
    sim_client_get(&scene.client, "/len/1", 4);
    sim_advance(scene.sim, 10);
    assert_int_equal(sim_client_status(&scene.client, 3), 403);
    assert_int_equal(live_ended, 0);

    /* Another identity starts anew; a tunnel keeps its own. */
    sim_world_publish(scene.world, &other, 1);
    assert_int_equal(live_ended, 1);
    sim_client_ask(&scene.client, "GET /up HTTP/1.1\r\nHost: a.test\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n");
    sim_advance(scene.sim, 10);
    sim_world_publish(scene.world, &route, 1);
    assert_int_equal(live_ended, 1);
    sim_link_close(scene.client.wire);
    sim_advance(scene.sim, 10);
    assert_int_equal(live_ended, 2);
    scene_end(&scene);
    assert_int_equal(live_ended, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_heads_pass_from_the_inside_out_and_each_ends_once),
        cmocka_unit_test(test_only_who_let_it_pass_sees_what_is_answered_further_in),
        cmocka_unit_test(test_who_is_inside_of_a_replaced_answer_has_ended),
        cmocka_unit_test(test_a_client_that_goes_and_a_tunnel_end_them_too),
        cmocka_unit_test(test_payload_is_transformed_whatever_the_pieces_and_the_client),
        cmocka_unit_test(test_an_answer_made_here_is_transformed_too),
        cmocka_unit_test(test_an_answer_that_ends_early_while_it_is_waited_for_can_be_replaced),
        cmocka_unit_test(test_a_body_that_was_collected_is_sent_with_its_length),
        cmocka_unit_test(test_live_state_goes_on_over_reloads_and_ends_with_its_last_user),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
