/* SPDX-License-Identifier: MIT */
/* WebSockets over HTTP/2 in a whole worker (RFC 8441): bytes, windows, ends of either side, silence, and the worker's own end. */
#include "sim_h2_client.h"
#include "sim_test.h"

static const struct slice none = {NULL, 0};

static void begin(struct sim_scene *scene, struct sim_h2 *client, const struct h2_limits *limits)
{
    scene_start(scene);
    sim_link_close(scene->client.wire); /* the one of HTTP/1 is not needed */
    sim_settle(scene->sim);
    sim_h2_connect(client, scene->sim, scene->world->entry, limits);
}

static void end(struct sim_scene *scene, struct sim_h2 *client)
{
    sim_h2_fini(client);
    scene_end(scene);
}

/* A socket that stands; "hello" has come. */
static void open_socket(struct sim_scene *scene, struct sim_h2 *client, struct sim_h2_request *socket)
{
    sim_h2_open(client, socket, "/up", 1);
    sim_advance(scene->sim, 100);
    assert_int_equal(sim_h2_status(socket), 200);
}

static void send(struct sim_h2 *client, struct sim_h2_request *socket, struct slice bytes, bool last)
{
    h2_stream_send(socket->stream, bytes, last);
    sim_h2_flush(client);
}

static uint64_t open_exchanges(const struct sim_scene *scene)
{
    return cell_read(&scene->world->counters.active);
}

/* Two of them, with requests between, and each gets its own bytes back. */
static void pass(uint64_t seed, size_t deliver_max)
{
    enum { SOCKETS = 2, COUNT = 12000 };
    struct sim_scene scene;
    struct sim_h2 client;
    struct sim_h2_request sockets[SOCKETS], plain;
    struct text sent[SOCKETS], wanted[SOCKETS];

    scene_prepare(&scene, seed);
    scene.sim->vary = deliver_max == 0;
    scene.sim->wire = (struct sim_wire){.deliver_max = deliver_max};
    begin(&scene, &client, &h2_default_limits);
    for (unsigned i = 0; i < SOCKETS; i++) {
        sent[i] = wanted[i] = TEXT_EMPTY;
        sim_body_add(&sent[i], i + 1, deliver_max ? COUNT / 10 : COUNT);
        text_add(&wanted[i], SLICE("hello"));
        text_add(&wanted[i], text_slice(&sent[i]));
        sim_h2_open(&client, &sockets[i], "/up", i + 1);
        send(&client, &sockets[i], text_slice(&sent[i]), false); /* before it stands */
    }
    sim_h2_ask(&client, &plain, "/len/700", 9, none);
    sim_advance(scene.sim, 30000);
    assert_int_equal(sim_h2_status(&plain), 200);
    assert_true(scene.world->env.lease->users == 1); /* an open tunnel holds no snapshot */
    for (unsigned i = 0; i < SOCKETS; i++) {
        assert_int_equal(sim_h2_status(&sockets[i]), 200);
        if (!slice_eq(text_slice(&sockets[i].body), text_slice(&wanted[i])))
            fail_msg("seed %llu: %zu of %zu bytes", (unsigned long long)seed, sockets[i].body.len, wanted[i].len);
        assert_false(sockets[i].stream->ended);
        send(&client, &sockets[i], SLICE(""), true);
    }
    sim_advance(scene.sim, 30000);
    for (unsigned i = 0; i < SOCKETS; i++) {
        assert_true(sockets[i].stream->ended && sockets[i].stream->code == H2_NO_ERROR);
        sim_h2_release(&sockets[i]);
        text_fini(&sent[i]);
        text_fini(&wanted[i]);
    }
    sim_h2_release(&plain);
    assert_int_equal(sim_world_ended(scene.world, REASON_DONE), SOCKETS + 1);
    assert_int_equal(cell_read(&scene.world->counters.status[101]), SOCKETS);
    assert_int_equal(open_exchanges(&scene), 0);
    assert_int_equal(scene.sim->loop.stock.lent_bytes, 0);
    end(&scene, &client);
}

static void test_bytes_pass_whatever_the_wire_does(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 5; seed++)
        pass(seed, 0);
    pass(0, 1);
    pass(0, 7);
}

static void test_silence_for_days_ends_nothing_and_holds_no_buffer(void **state)
{
    struct sim_scene scene;
    struct sim_h2 client;
    struct sim_h2_request socket;
    (void)state;

    scene_prepare(&scene, 0);
    begin(&scene, &client, &h2_default_limits);
    open_socket(&scene, &client, &socket);
    sim_advance(scene.sim, 3 * 86400000ull);
    assert_int_equal(scene.sim->loop.stock.lent_bytes, 0);
    send(&client, &socket, SLICE("still there"), false);
    sim_advance(scene.sim, 10);
    assert_true(slice_eq(text_slice(&socket.body), SLICE("hellostill there")));
    sim_h2_release(&socket);
    end(&scene, &client);
}

static void test_what_is_not_taken_is_bounded_and_given_up_in_time(void **state)
{
    struct h2_limits small = h2_default_limits;
    struct sim_scene scene;
    struct sim_h2 client;
    struct sim_h2_request socket, other;
    struct text bytes = TEXT_EMPTY;
    (void)state;

    scene_prepare(&scene, 0);
    small.stream_window = 1000;
    begin(&scene, &client, &small);
    client.takes = false;
    open_socket(&scene, &client, &socket);
    sim_body_add(&bytes, 1, 500000);
    struct sim_conn *conn = sim_server_conn(&scene.server);
    sim_conn_reply(conn, text_slice(&bytes), 0, false);
    sim_advance(scene.sim, 30000);
    sim_h2_ask(&client, &other, "/len/900", 2, none);
    sim_advance(scene.sim, 29900);
    assert_true(other.stream->ended && !socket.stream->closed);
    assert_int_equal(socket.stream->received, 1000);
    assert_true(scene.sim->lent_max <= BUFFER_LARGE + 4 * BUFFER_SIZE);
    sim_advance(scene.sim, 200);
    assert_true(socket.stream->closed);
    assert_int_equal(sim_world_ended(scene.world, REASON_CLIENT_STALLED), 1);
    assert_true(sim_link_is_over(conn->wire));
    sim_h2_release(&socket);
    sim_h2_release(&other);
    text_fini(&bytes);
    end(&scene, &client);
}

static void test_a_server_that_takes_nothing_holds_its_client_at_the_window(void **state)
{
    struct sim_scene scene;
    struct sim_h2 client;
    struct sim_h2_request socket;
    struct text bytes = TEXT_EMPTY;
    (void)state;

    scene_prepare(&scene, 0);
    scene.sim->wire = (struct sim_wire){.socket_bytes = 5000};
    begin(&scene, &client, &h2_default_limits);
    open_socket(&scene, &client, &socket);
    struct sim_conn *conn = sim_server_conn(&scene.server);
    sim_link_pause(conn->wire, true);
    sim_body_add(&bytes, 1, 900000);
    send(&client, &socket, text_slice(&bytes), false);
    sim_advance(scene.sim, 1000);
    assert_true(socket.stream->unsent.len > 700000);
    assert_true(scene.sim->lent_max < h2_default_limits.stream_window + BUFFER_LARGE + 8 * BUFFER_SIZE);
    sim_link_pause(conn->wire, false);
    sim_advance(scene.sim, 1000);
    assert_int_equal(socket.body.len, 5 + bytes.len);
    sim_h2_release(&socket);
    text_fini(&bytes);
    end(&scene, &client);
}

static void test_a_reset_of_either_side_is_one_for_the_other(void **state)
{
    struct sim_scene scene;
    struct sim_h2 client;
    struct sim_h2_request socket;
    (void)state;

    scene_prepare(&scene, 0);
    begin(&scene, &client, &h2_default_limits);
    open_socket(&scene, &client, &socket);
    sim_link_reset(sim_server_conn(&scene.server)->wire);
    sim_settle(scene.sim);
    assert_true(socket.stream->closed && socket.stream->code == H2_CONNECT_ERROR);
    sim_h2_release(&socket);

    open_socket(&scene, &client, &socket);
    struct sim_conn *conn = sim_server_conn(&scene.server);
    h2_stream_reset(socket.stream, H2_CANCEL);
    sim_h2_flush(&client);
    sim_settle(scene.sim);
    assert_true(conn->wire->got_reset);
    sim_h2_release(&socket);

    open_socket(&scene, &client, &socket);
    conn = sim_server_conn(&scene.server);
    sim_link_close(client.wire);
    sim_settle(scene.sim);
    assert_true(conn->wire->got_reset);
    assert_int_equal(sim_world_ended(scene.world, REASON_CLIENT_GONE), 2);
    assert_int_equal(open_exchanges(&scene), 0);
    sim_h2_release(&socket);
    end(&scene, &client);
}

/* The server's last bytes come in the very turn in which it is broken off, at every step of the way. */
static void test_a_reset_at_any_moment(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 40; i++) {
        struct sim_scene scene;
        struct sim_h2 client;
        struct sim_h2_request socket;
        struct text bytes = TEXT_EMPTY;

        scene_prepare(&scene, i + 1);
        scene.sim->vary = true;
        begin(&scene, &client, &h2_default_limits);
        sim_body_add(&bytes, 1, 5000);
        sim_h2_open(&client, &socket, "/up", 1);
        send(&client, &socket, text_slice(&bytes), i % 3 == 0);
        sim_advance(scene.sim, i / 3);
        if (i % 2) {
            h2_stream_reset(socket.stream, H2_CANCEL);
            sim_h2_flush(&client);
        } else if (sim_server_conn(&scene.server)) {
            sim_link_reset(sim_server_conn(&scene.server)->wire);
        }
        sim_advance(scene.sim, 200000);
        if (!socket.stream->closed)
            h2_stream_reset(socket.stream, H2_CANCEL);
        sim_h2_flush(&client);
        sim_advance(scene.sim, 1000);
        assert_int_equal(open_exchanges(&scene), 0);
        sim_h2_release(&socket);
        text_fini(&bytes);
        end(&scene, &client);
    }
}

static void test_half_closed_either_way_goes_on(void **state)
{
    struct sim_scene scene;
    struct sim_h2 client;
    struct sim_h2_request socket;
    (void)state;

    scene_prepare(&scene, 0);
    begin(&scene, &client, &h2_default_limits);
    open_socket(&scene, &client, &socket);
    struct sim_conn *conn = sim_server_conn(&scene.server);
    sim_link_shut(conn->wire); /* it still reads */
    sim_settle(scene.sim);
    assert_true(socket.stream->ended && !socket.stream->closed);
    sim_advance(scene.sim, 500000);
    size_t before = conn->wire->got.len;
    send(&client, &socket, SLICE("late"), true);
    sim_settle(scene.sim);
    assert_true(slice_eq(slice_from(text_slice(&conn->wire->got), before), SLICE("late")));
    assert_true(conn->wire->got_fin && !conn->wire->got_reset);
    assert_int_equal(sim_world_ended(scene.world, REASON_DONE), 1);
    sim_h2_release(&socket);
    end(&scene, &client);
}

static void test_a_drain_waits_for_it_and_a_cut_does_not(void **state)
{
    struct sim_scene scene;
    struct sim_h2 client;
    struct sim_h2_request socket;
    (void)state;

    scene_prepare(&scene, 0);
    begin(&scene, &client, &h2_default_limits);
    open_socket(&scene, &client, &socket);
    entry_drain(scene.world->entry);
    sim_advance(scene.sim, 100000);
    send(&client, &socket, SLICE("on"), false);
    sim_advance(scene.sim, 10);
    assert_true(slice_eq(text_slice(&socket.body), SLICE("helloon")));
    entry_cut(scene.world->entry);
    assert_int_equal(entry_count(scene.world->entry), 0);
    assert_int_equal(sim_world_ended(scene.world, REASON_DRAINING), 1);
    sim_h2_release(&socket);
    end(&scene, &client);
}

/* Over HTTP/2 a success says that it stands: a server that means something else must not say so. */
static void test_a_success_that_is_no_switch_opens_nothing(void **state)
{
    struct sim_scene scene;
    struct sim_h2 client;
    struct sim_h2_request socket;
    (void)state;

    scene_prepare(&scene, 0);
    begin(&scene, &client, &h2_default_limits);
    sim_h2_open(&client, &socket, "/len/5", 1);
    sim_settle(scene.sim);
    assert_int_equal(sim_h2_status(&socket), 502);
    assert_true(socket.stream->closed && socket.stream->ended);
    assert_int_equal(sim_world_ended(scene.world, REASON_SERVER_NOT_SWITCHED), 1);
    sim_h2_release(&socket);
    end(&scene, &client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bytes_pass_whatever_the_wire_does),
        cmocka_unit_test(test_silence_for_days_ends_nothing_and_holds_no_buffer),
        cmocka_unit_test(test_what_is_not_taken_is_bounded_and_given_up_in_time),
        cmocka_unit_test(test_a_server_that_takes_nothing_holds_its_client_at_the_window),
        cmocka_unit_test(test_a_reset_of_either_side_is_one_for_the_other),
        cmocka_unit_test(test_a_reset_at_any_moment),
        cmocka_unit_test(test_half_closed_either_way_goes_on),
        cmocka_unit_test(test_a_drain_waits_for_it_and_a_cut_does_not),
        cmocka_unit_test(test_a_success_that_is_no_switch_opens_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
