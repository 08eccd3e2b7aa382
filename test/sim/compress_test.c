/* SPDX-License-Identifier: MIT */
/* Compressed answers on their whole way (spec/proxy.md 18, defects B34). */
#include "lib/decode.h"
#include "sim_test.h"

static void begin(struct sim_scene *scene)
{
    scene_prepare(scene, 0);
    scene->world->outer.compress = true;
    scene_start(scene);
}

static void end(struct sim_scene *scene)
{
    assert_int_equal(scene->world->env.encoder_bytes, 0);
    scene_end(scene);
}

static void say(struct sim_conn *conn, const struct sim_message *request)
{
    (void)request;
    sim_conn_reply(conn, slice_of(conn->server->arg), 0, false);
}

/* A server's answer of so many bytes with these fields. */
static void serve(struct sim_scene *scene, struct text *reply, const char *status, const char *fields, size_t count)
{
    reply->len = 0;
    text_addf(reply, "HTTP/1.1 %s\r\nContent-Length: %zu\r\n%s\r\n", status, count, fields);
    sim_body_add(reply, 1, count);
    text_add_char(reply, '\0');
    scene->server.answer = say;
    scene->server.arg = reply->ptr;
}

static void ask(struct sim_scene *scene, const char *method, const char *accepted, unsigned index,
                struct sim_message *out_answer)
{
    char *text = wb_format("%s /x HTTP/1.1\r\nHost: a.test\r\nTe: trailers\r\nAccept-Encoding: %s\r\n\r\n", method,
                           accepted);
    sim_client_ask(&scene->client, text);
    free(text);
    sim_advance(scene->sim, 100);
    assert_true(sim_client_answer(&scene->client, index, out_answer));
}

static bool has(const struct sim_message *answer, const char *name, const char *value)
{
    return slice_eq(sim_message_field(answer, name), slice_of(value));
}

static void test_text_is_encoded_as_the_client_likes_it(void **state)
{
    static const struct {
        const char *accepted, *encoding;
    } rows[] = {{"gzip, deflate", "gzip"}, {"gzip, br", "gzip"}, {"gzip;q=0.5, br", "br"}, {"br", "br"}, {"*", "gzip"},
                {"identity", ""},          {"deflate", ""},      {"gzip;q=0", ""}};
    struct text reply = TEXT_EMPTY;
    struct sim_scene scene;
    (void)state;

    begin(&scene);
    serve(&scene, &reply, "200 OK", "Content-Type: text/html\r\nEtag: \"v1\"\r\nAccept-Ranges: bytes\r\nVary: Cookie\r\n",
          5000);
    for (unsigned i = 0; i < WB_COUNT(rows); i++) {
        struct text body = TEXT_EMPTY;
        struct sim_message answer;
        bool encoded = rows[i].encoding[0] != '\0';
        ask(&scene, "GET", rows[i].accepted, i, &answer);
        if (!has(&answer, "Content-Encoding", rows[i].encoding))
            fail_msg("%s gave `" SLICE_FMT "`", rows[i].accepted, SLICE_ARG(sim_message_field(&answer, "Content-Encoding")));
        assert_true(has(&answer, "Content-Length", encoded ? "" : "5000"));
        assert_true(has(&answer, "Etag", encoded ? "W/\"v1\"" : "\"v1\""));
        assert_true(has(&answer, "Accept-Ranges", encoded ? "" : "bytes"));
        assert_int_equal(sim_message_field_count(&answer, "Vary"), 2); /* whatever is sent, to whomever */
        if (encoded)
            assert_true(decode(rows[i].encoding[0] == 'b', text_slice(&answer.body), &body));
        assert_true(sim_body_is(encoded ? text_slice(&body) : text_slice(&answer.body), 1, 5000));
        assert_true(!encoded || answer.body.len < 2500);
        sim_message_fini(&answer);
        text_fini(&body);
    }
    text_fini(&reply);
    end(&scene);
}

static void test_what_is_left_alone(void **state)
{
    static const struct {
        const char *status, *fields;
        size_t count;
        bool encoded;
    } rows[] = {
        {"200 OK", "Content-Type: text/plain\r\n", 511, false},
        {"200 OK", "Content-Type: text/plain\r\n", 512, true},
        {"200 OK", "", 5000, true},
        {"404 Not Found", "Content-Type: text/plain\r\n", 5000, true},
        {"206 Partial Content", "Content-Range: bytes 0-4999/9999\r\n", 5000, false},
        {"200 OK", "Content-Encoding: br\r\n", 5000, false},
        {"200 OK", "Content-Encoding: identity\r\n", 5000, true},
        {"200 OK", "Content-Type: image/png\r\n", 5000, false},
        {"200 OK", "Content-Type: IMAGE/SVG+XML; charset=utf-8\r\n", 5000, true},
        {"200 OK", "Content-Type: video/mp4\r\n", 5000, false},
        {"200 OK", "Content-Type: application/zip\r\n", 5000, false},
        {"200 OK", "Content-Type: application/grpc+proto\r\n", 5000, false},
        {"200 OK", "Content-Type: text/event-stream;charset=utf-8\r\n", 5000, false},
        {"200 OK", "Cache-Control: public, no-transform\r\n", 5000, false},
        {"200 OK", "Cache-Control: public\r\n", 5000, true},
        {"200 OK", "Cache-Control: public\r\nCache-Control: no-transform\r\n", 5000, false},
        {"200 OK", "Content-Encoding: identity\r\nContent-Encoding: br\r\n", 5000, false},
        {"200 OK", "Repr-Digest: sha-256=:x:\r\n", 5000, false},
    };
    struct text reply = TEXT_EMPTY;
    struct sim_scene scene;
    (void)state;

    begin(&scene);
    for (unsigned i = 0; i < WB_COUNT(rows); i++) {
        struct sim_message answer;
        serve(&scene, &reply, rows[i].status, rows[i].fields, rows[i].count);
        ask(&scene, "GET", "gzip", i, &answer);
        if (has(&answer, "Content-Encoding", "gzip") != rows[i].encoded)
            fail_msg("row %u: %s%s", i, rows[i].status, rows[i].fields);
        if (!rows[i].encoded)
            assert_true(sim_body_is(text_slice(&answer.body), 1, rows[i].count));
        assert_true(has(&answer, "Vary", "Accept-Encoding"));
        sim_message_fini(&answer);
    }
    text_fini(&reply);
    end(&scene);
}

static void test_answers_without_a_body_stay_so(void **state)
{
    static const char *const heads[] = {"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n",
                                        "HTTP/1.1 304 Not Modified\r\nContent-Length: 5000\r\nEtag: \"a\"\r\n\r\n",
                                        "HTTP/1.1 204 No Content\r\n\r\n"};
    struct sim_scene scene;
    struct sim_message answer;
    (void)state;

    begin(&scene);
    scene.server.answer = say;
    for (unsigned i = 0; i < WB_COUNT(heads); i++) {
        scene.server.arg = (void *)(uintptr_t)heads[i];
        scene.client.is_head[i] = i == 0;
        ask(&scene, i == 0 ? "HEAD" : "GET", "gzip", i, &answer);
        assert_int_equal(sim_message_field_count(&answer, "Content-Encoding"), 0);
        assert_int_equal(answer.body.len, 0);
        sim_message_fini(&answer);
    }
    end(&scene);
}

/* Whatever the pieces: `count` bytes by /len or /chunked. */
static void get_encoded(struct sim_scene *scene, const char *path, unsigned index, const char *accepted, size_t count)
{
    struct sim_message answer;
    struct text body = TEXT_EMPTY;
    char *text = wb_format("GET %s HTTP/1.1\r\nHost: a.test\r\nX-Id: %u\r\nTe: trailers\r\nAccept-Encoding: %s\r\n\r\n",
                           path, index + 1, accepted);

    sim_client_ask(&scene->client, text);
    free(text);
    sim_advance(scene->sim, 100000);
    if (!sim_client_answer(&scene->client, index, &answer))
        fail_msg("no answer to %s", path);
    assert_true(decode(accepted[0] == 'b', text_slice(&answer.body), &body));
    assert_true(sim_body_is(text_slice(&body), index + 1, count));
    if (slice_starts(slice_of(path), SLICE("/chunked")))
        assert_true(slice_eq(answer.trailers, SLICE("X-Sum: 7\r\n")));
    text_fini(&body);
    sim_message_fini(&answer);
}

static void test_pieces_and_slow_clients_change_nothing(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 6; round++) {
        struct sim_scene scene;
        begin(&scene);
        scene.sim->wire.deliver_max = round % 3 == 1 ? 1 + 700 * round : 0;
        scene.sim->wire.socket_bytes = round % 3 == 2 ? 300 : 0;
        scene.sim->wire.absorb_every_ms = round % 3 == 2 ? 5 : 0;
        sim_client_connect(&scene.client, scene.sim, scene.world->entry, "192.0.2.1");
        const char *accepted = round < 3 ? "gzip" : "br";
        get_encoded(&scene, "/len/200000", 0, accepted, 200000);
        get_encoded(&scene, "/chunked/3000", 1, accepted, 3000);
        get_encoded(&scene, "/chunked/512", 2, accepted, 512);
        get_encoded(&scene, "/len/512", 3, accepted, 512);
        assert_true(scene.sim->lent_max < 400000);
        end(&scene);
    }
}

/* Short answers that do not say so, in whatever pieces: as they are, with what is behind them. */
static void test_what_turns_out_short_is_left_alone(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 4; round++) {
        struct sim_scene scene;
        struct sim_message answer;
        begin(&scene);
        scene.sim->wire.deliver_max = round;
        for (unsigned i = 0; i < 3; i++) {
            size_t count = i == 0 ? 1 : i == 1 ? 511 : 0;
            char *text = wb_format("GET /chunked/%zu HTTP/1.1\r\nHost: a.test\r\nX-Id: %u\r\nTe: trailers\r\n"
                                   "Accept-Encoding: gzip\r\n\r\n",
                                   count, i + 1);
            sim_client_ask(&scene.client, text);
            free(text);
            sim_advance(scene.sim, 5);
            assert_true(sim_client_answer(&scene.client, i, &answer));
            assert_true(has(&answer, "Content-Encoding", "") && has(&answer, "Vary", "Accept-Encoding"));
            assert_true(sim_body_is(text_slice(&answer.body), i + 1, count));
            assert_true(slice_eq(answer.trailers, SLICE("X-Sum: 7\r\n")));
            sim_message_fini(&answer);
        }
        end(&scene);
    }
}

static void test_a_short_answer_that_breaks_off_on_either_side_is_over(void **state)
{
    struct sim_scene scene;
    (void)state;

    for (unsigned who = 0; who < 2; who++) {
        begin(&scene);
        scene.server.answer = say;
        scene.server.arg = (void *)(uintptr_t) "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n";
        sim_client_ask(&scene.client, "GET / HTTP/1.1\r\nHost: a.test\r\nAccept-Encoding: gzip\r\n\r\n");
        sim_advance(scene.sim, 10);
        assert_int_equal(scene.client.wire->got.len, 0);
        sim_link_close(who ? scene.client.wire : sim_server_conn(&scene.server)->wire);
        sim_advance(scene.sim, 10);
        assert_true(who || sim_link_is_over(scene.client.wire));
        assert_int_equal(sim_client_status(&scene.client, 0), 0);
        end(&scene);
    }
}

static void send_more(struct sim_server *server, const char *bytes)
{
    sim_link_send(sim_server_conn(server)->wire, slice_of(bytes));
}

static void test_what_came_goes_out_before_more_comes(void **state)
{
    static const char *const accepted[] = {"gzip", "br"};
    (void)state;

    for (unsigned i = 0; i < 2; i++) {
        struct sim_scene scene;
        struct text reply = TEXT_EMPTY;
        begin(&scene);
        scene.server.answer = say;
        scene.server.arg = (void *)(uintptr_t) "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        text_addf(&reply, "GET / HTTP/1.1\r\nHost: a.test\r\nAccept-Encoding: %s\r\n\r\n", accepted[i]);
        sim_client_ask_slice(&scene.client, text_slice(&reply));
        sim_advance(scene.sim, 10); /* of the 100 ms in which it may turn out short */
        for (unsigned piece = 1; piece <= 3; piece++) {
            size_t before = scene.client.wire->got.len;
            send_more(&scene.server, "5\r\nhello\r\n");
            sim_advance(scene.sim, piece == 1 ? 90 : 10);
            assert_true(scene.client.wire->got.len > before);
            before = scene.client.wire->got.len;
            sim_advance(scene.sim, 1000);
            assert_int_equal(scene.client.wire->got.len, before); /* and then nothing, for nothing */
        }
        send_more(&scene.server, "0\r\n\r\n");
        sim_advance(scene.sim, 10);
        struct sim_message answer;
        struct text body = TEXT_EMPTY;
        assert_true(sim_client_answer(&scene.client, 0, &answer));
        assert_true(decode((int)i, text_slice(&answer.body), &body));
        assert_true(slice_eq(text_slice(&body), SLICE("hellohellohello")));
        text_fini(&body);
        text_fini(&reply);
        sim_message_fini(&answer);
        end(&scene);
    }
}

static void test_a_stream_that_breaks_off_is_cut_and_gives_its_memory_back(void **state)
{
    struct sim_scene scene;
    (void)state;

    begin(&scene);
    scene.server.answer = say;
    scene.server.arg = (void *)(uintptr_t) "HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\nhello";
    sim_client_ask(&scene.client, "GET / HTTP/1.1\r\nHost: a.test\r\nAccept-Encoding: gzip\r\n\r\n");
    sim_advance(scene.sim, 10);
    assert_true(scene.world->env.encoder_bytes > 0);
    sim_link_close(sim_server_conn(&scene.server)->wire);
    sim_advance(scene.sim, 10);
    assert_true(sim_link_is_over(scene.client.wire));
    assert_int_equal(sim_client_status(&scene.client, 0), 0); /* not whole */
    end(&scene);
    begin(&scene);
    scene.server.answer = say;
    scene.server.arg = (void *)(uintptr_t) "HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\nhello";
    sim_client_ask(&scene.client, "GET / HTTP/1.1\r\nHost: a.test\r\nAccept-Encoding: br\r\n\r\n");
    sim_advance(scene.sim, 10);
    sim_link_close(scene.client.wire);
    sim_advance(scene.sim, 10);
    end(&scene);
}

static void test_without_memory_left_for_it_the_answer_goes_out_as_it_is(void **state)
{
    struct text reply = TEXT_EMPTY;
    struct sim_scene scene;
    struct sim_message answer;
    const size_t taken = (size_t)128 * 1024 * 1024 - 300 * 1024;
    (void)state;

    begin(&scene);
    serve(&scene, &reply, "200 OK", "", 5000);
    scene.world->env.encoder_bytes = taken; /* by others: one gzip stream still has a place */
    ask(&scene, "GET", "br", 0, &answer);
    assert_true(has(&answer, "Content-Encoding", ""));
    assert_true(sim_body_is(text_slice(&answer.body), 1, 5000));
    sim_message_fini(&answer);
    ask(&scene, "GET", "gzip;q=0.1,br", 1, &answer);
    assert_true(has(&answer, "Content-Encoding", "gzip"));
    sim_message_fini(&answer);
    scene.world->env.encoder_bytes += 100 * 1024;
    ask(&scene, "GET", "gzip", 2, &answer);
    assert_true(has(&answer, "Content-Encoding", ""));
    sim_message_fini(&answer);
    scene.world->env.encoder_bytes -= taken + 100 * 1024;
    text_fini(&reply);
    end(&scene);
}

static void test_internal_routes_and_switched_protocols_are_not_touched(void **state)
{
    struct sim_scene scene;
    struct sim_message answer;
    (void)state;

    begin(&scene);
    sim_client_ask(&scene.client, "GET /ping HTTP/1.1\r\nHost: a.test\r\nAccept-Encoding: gzip\r\n\r\n");
    sim_advance(scene.sim, 10);
    assert_true(sim_client_answer(&scene.client, 0, &answer));
    assert_int_equal(sim_message_field_count(&answer, "Vary"), 0);
    sim_message_fini(&answer);
    sim_client_ask(&scene.client, "GET /up HTTP/1.1\r\nHost: a.test\r\nConnection: Upgrade\r\nUpgrade: echo\r\n"
                                  "Accept-Encoding: gzip\r\n\r\n");
    sim_advance(scene.sim, 10);
    assert_true(slice_ends(text_slice(&scene.client.wire->got), SLICE("\r\n\r\nhello")));
    end(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text_is_encoded_as_the_client_likes_it),
        cmocka_unit_test(test_what_is_left_alone),
        cmocka_unit_test(test_answers_without_a_body_stay_so),
        cmocka_unit_test(test_pieces_and_slow_clients_change_nothing),
        cmocka_unit_test(test_what_turns_out_short_is_left_alone),
        cmocka_unit_test(test_a_short_answer_that_breaks_off_on_either_side_is_over),
        cmocka_unit_test(test_what_came_goes_out_before_more_comes),
        cmocka_unit_test(test_a_stream_that_breaks_off_is_cut_and_gives_its_memory_back),
        cmocka_unit_test(test_without_memory_left_for_it_the_answer_goes_out_as_it_is),
        cmocka_unit_test(test_internal_routes_and_switched_protocols_are_not_touched),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
