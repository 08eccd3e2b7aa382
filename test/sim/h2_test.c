/* SPDX-License-Identifier: MIT */
/* HTTP/2 clients of a whole worker: waits end to the millisecond, memory is bounded, and nothing gets mixed up. */
#include "sim_h2_client.h"
#include "sim_test.h"

static const struct slice none = {NULL, 0};

static void begin(struct sim_scene *scene, struct sim_h2 *client)
{
    scene_begin(scene);
    sim_link_close(scene->client.wire); /* the one of HTTP/1 is not needed */
    sim_settle(scene->sim);
    sim_h2_connect(client, scene->sim, scene->world->entry, &h2_default_limits);
}

static void end(struct sim_scene *scene, struct sim_h2 *client)
{
    sim_h2_fini(client);
    scene_end(scene);
}

static uint64_t live_streams(const struct sim_scene *scene)
{
    return cell_read(&scene->world->counters.active);
}

static bool is_pattern(struct slice body, unsigned id, size_t count)
{
    struct text wanted = TEXT_EMPTY;

    sim_body_add(&wanted, id, count);
    bool same = slice_eq(body, text_slice(&wanted));
    text_fini(&wanted);
    return same;
}

/* Thirty at once, up and down, whatever the wire does to the bytes; with TCP segments of one byte too. */
static void mix(uint64_t seed, size_t deliver_max)
{
    enum { REQUESTS = 30 };
    struct sim_scene scene;
    struct sim_h2 client;
    struct sim_h2_request requests[REQUESTS];
    struct text bodies[REQUESTS];

    scene_prepare(&scene, seed);
    scene.sim->vary = deliver_max == 0;
    scene.sim->wire = (struct sim_wire){.deliver_max = deliver_max};
    scene_start(&scene);
    sim_h2_connect(&client, scene.sim, scene.world->entry, &h2_default_limits);
    for (unsigned i = 0; i < REQUESTS; i++) {
        size_t count = i * 1777 % (i % 3 == 0 || deliver_max == 1 ? 1500 : 20000); /* the server reads bodies naively */
        char path[40];
        bodies[i] = TEXT_EMPTY;
        sim_body_add(&bodies[i], i + 1, count);
        snprintf(path, sizeof path, i % 3 == 0 ? "/echo" : i % 3 == 1 ? "/len/%zu/5" : "/chunked/%zu/3", count);
        sim_h2_ask(&client, &requests[i], path, i + 1, i % 3 == 0 ? text_slice(&bodies[i]) : none);
        if (i % 7 == 0)
            sim_advance(scene.sim, 1);
    }
    sim_advance(scene.sim, 30000);
    for (unsigned i = 0; i < REQUESTS; i++) {
        if (!requests[i].stream->ended || sim_h2_status(&requests[i]) != 200 ||
            !is_pattern(text_slice(&requests[i].body), i + 1, bodies[i].len))
            fail_msg("seed %llu: request %u got %u and %zu of %zu bytes", (unsigned long long)seed, i + 1,
                     sim_h2_status(&requests[i]), requests[i].body.len, bodies[i].len);
        assert_int_equal(scene.server.executed[i + 1], 1);
        sim_h2_release(&requests[i]);
        text_fini(&bodies[i]);
    }
    assert_int_equal(sim_world_ended(scene.world, REASON_DONE), REQUESTS);
    assert_int_equal(live_streams(&scene), 0);
    assert_int_equal(scene.sim->loop.stock.lent_bytes, 0); /* who waits holds nothing */
    end(&scene, &client);
}

static void test_requests_do_not_mix_whatever_the_wire_does(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 5; seed++)
        mix(seed, 0);
    mix(0, 1);
    mix(0, 7);
}

static void test_a_preface_without_a_request_has_the_time_of_a_head(void **state)
{
    struct sim_scene scene;
    struct sim_h2 client;
    (void)state;

    begin(&scene, &client);
    sim_advance(scene.sim, 9999);
    assert_int_equal(entry_count(scene.world->entry), 1);
    sim_advance(scene.sim, 1);
    assert_true(client.wire->got_fin);
    assert_int_equal(h2_session_room(client.session), 0); /* it was told by a GOAWAY */
    sim_link_shut(client.wire);
    sim_settle(scene.sim);
    assert_int_equal(entry_count(scene.world->entry), 0);
    end(&scene, &client);
}

static void test_half_a_preface_has_it_too(void **state)
{
    struct sim_scene scene;
    (void)state;

    scene_begin(&scene);
    sim_client_send(&scene.client, "PRI * HTTP/2.0\r\n");
    sim_advance(scene.sim, 9999);
    assert_int_equal(entry_count(scene.world->entry), 1);
    sim_advance(scene.sim, 2001);
    assert_int_equal(entry_count(scene.world->entry), 0);
    scene_end(&scene);
}

static void ping(struct sim_h2 *client)
{
    sim_link_send(client->wire, slice_make("\0\0\x08\x06\0\0\0\0\0........", 17));
}

static void test_pings_do_not_prolong_an_idle_connection(void **state)
{
    struct sim_scene scene;
    struct sim_h2 client;
    struct sim_h2_request request;
    (void)state;

    begin(&scene, &client);
    sim_h2_ask(&client, &request, "/len/5", 1, none);
    sim_settle(scene.sim);
    assert_int_equal(sim_h2_status(&request), 200);
    sim_h2_release(&request);
    for (int i = 0; i < 17; i++) {
        sim_advance(scene.sim, 10000);
        ping(&client);
    }
    sim_advance(scene.sim, 9999);
    assert_false(client.wire->got_fin);
    sim_advance(scene.sim, 1);
    assert_true(client.wire->got_fin);
    assert_int_equal(sim_world_ended(scene.world, REASON_CLIENT_IDLE), 1);
    end(&scene, &client);
}

static void test_a_head_that_is_not_completed_ends_the_connection(void **state)
{
    struct sim_scene scene;
    struct sim_h2 client;
    struct sim_h2_request request;
    (void)state;

    begin(&scene, &client);
    sim_h2_ask(&client, &request, "/len/5", 1, none);
    sim_settle(scene.sim);
    sim_link_send(client.wire, slice_make("\0\0\x09\x01\x04\0\0\0\x03\x82", 10)); /* eight more bytes are to come */
    sim_advance(scene.sim, 9999);
    assert_false(client.wire->got_fin);
    sim_advance(scene.sim, 1);
    assert_true(client.wire->got_fin);
    assert_int_equal(sim_world_ended(scene.world, REASON_HEAD_TIMEOUT), 1);
    sim_h2_release(&request);
    end(&scene, &client);
}

/* Security case D8: a window that stays shut ends its stream, and no other. */
static void test_a_stream_that_is_not_taken_is_given_up(void **state)
{
    struct h2_limits small = h2_default_limits;
    struct sim_scene scene;
    struct sim_h2 client;
    struct sim_h2_request stalled, other;
    (void)state;

    scene_begin(&scene);
    small.stream_window = 1000;
    sim_h2_connect(&client, scene.sim, scene.world->entry, &small);
    client.takes = false;
    sim_h2_ask(&client, &stalled, "/len/500000", 1, none);
    sim_advance(scene.sim, 30000);
    sim_h2_ask(&client, &other, "/len/900", 2, none);
    sim_advance(scene.sim, 29000);
    assert_false(stalled.stream->closed);
    assert_true(scene.sim->lent_max < 2 * BUFFER_LARGE + 4 * BUFFER_SIZE);
    sim_advance(scene.sim, 2000);
    assert_true(stalled.stream->closed);
    assert_int_equal(stalled.stream->code, H2_INTERNAL_ERROR);
    assert_true(other.stream->ended);
    assert_int_equal(sim_world_ended(scene.world, REASON_CLIENT_STALLED), 1);
    sim_h2_release(&stalled);
    sim_h2_release(&other);
    end(&scene, &client);
}

static void test_a_client_that_reads_nothing_is_closed(void **state)
{
    struct sim_scene scene;
    struct sim_h2 client;
    struct sim_h2_request requests[50];
    (void)state;

    begin(&scene, &client);
    sim_settle(scene.sim);
    client.wire->wire_rules.socket_bytes = 5000;
    sim_link_pause(client.wire, true);
    for (unsigned i = 0; i < WB_COUNT(requests); i++)
        sim_h2_ask(&client, &requests[i], "/len/30000", i + 1, none);
    sim_advance(scene.sim, 59999);
    assert_int_equal(entry_count(scene.world->entry), 1);
    sim_advance(scene.sim, 2);
    assert_int_equal(entry_count(scene.world->entry), 0);
    assert_int_equal(live_streams(&scene), 0);
    for (unsigned i = 0; i < WB_COUNT(requests); i++)
        sim_h2_release(&requests[i]);
    end(&scene, &client);
}

/* Slowly is fine, as long as it moves. */
static void test_a_client_that_reads_slowly_gets_everything(void **state)
{
    struct sim_scene scene;
    struct sim_h2 client;
    struct sim_h2_request request;
    (void)state;

    begin(&scene, &client);
    sim_settle(scene.sim);
    client.wire->wire_rules.socket_bytes = 2000;
    client.wire->wire_rules.absorb_max = 1000;
    client.wire->wire_rules.absorb_every_ms = 20000;
    sim_h2_ask(&client, &request, "/len/30000", 1, none);
    sim_advance(scene.sim, 900000);
    assert_true(is_pattern(text_slice(&request.body), 1, 30000));
    sim_h2_release(&request);
    end(&scene, &client);
}

struct going {
    struct sim_event event;
    struct sim_link *wire;
};

static void go(struct sim_event *event)
{
    sim_link_reset(WB_CONTAINER_OF(event, struct going, event)->wire);
}

/* It goes in the very moment in which the answers come, so that writing fails before reading does, or the other way round. */
static void test_a_client_that_goes_is_noticed(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 40; i++) {
        struct sim_scene scene;
        struct sim_h2 client;
        struct sim_h2_request requests[5];
        struct going going = {.event.run = go};
        scene_prepare(&scene, i + 1);
        scene_start(&scene);
        sim_link_close(scene.client.wire);
        sim_h2_connect(&client, scene.sim, scene.world->entry, &h2_default_limits);
        sim_settle(scene.sim);
        if (i % 2)
            client.wire->wire_rules = (struct sim_wire){.socket_bytes = 9000, .absorb_max = 3000, .absorb_every_ms = 1};
        for (unsigned k = 0; k < WB_COUNT(requests); k++)
            sim_h2_ask(&client, &requests[k], k % 2 ? "/len/90000/5" : "/chunked/90000/5", k + 1, none);
        sim_settle(scene.sim);
        list_init(&going.event.link);
        going.wire = client.wire;
        sim_post(scene.sim, &going.event, 5 + i % 2 * (i / 2));
        sim_advance(scene.sim, 100);
        assert_int_equal(entry_count(scene.world->entry), 0);
        assert_int_equal(live_streams(&scene), 0);
        for (unsigned k = 0; k < WB_COUNT(requests); k++)
            sim_h2_release(&requests[k]);
        end(&scene, &client);
    }
}

static void test_a_reset_takes_the_request_along(void **state)
{
    struct sim_scene scene;
    struct sim_h2 client;
    struct sim_h2_request request;
    (void)state;

    begin(&scene, &client);
    sim_h2_ask(&client, &request, "/mute", 1, none);
    sim_advance(scene.sim, 10);
    assert_int_equal(live_streams(&scene), 1);
    struct sim_link *server = sim_server_conn(&scene.server)->wire;
    h2_stream_reset(request.stream, H2_CANCEL);
    sim_h2_release(&request);
    sim_h2_flush(&client);
    sim_settle(scene.sim);
    assert_true(sim_link_is_over(server));
    assert_int_equal(live_streams(&scene), 0);
    assert_int_equal(sim_world_ended(scene.world, REASON_CLIENT_GONE), 1);
    assert_int_equal(entry_count(scene.world->entry), 1);
    end(&scene, &client);
}

static void test_a_drain_lets_what_is_under_way_finish(void **state)
{
    struct sim_scene scene;
    struct sim_h2 client, idle;
    struct sim_h2_request slow, late, refused;
    (void)state;

    begin(&scene, &client);
    sim_h2_connect(&idle, scene.sim, scene.world->entry, &h2_default_limits);
    sim_h2_ask(&client, &slow, "/len/1000/5000", 1, none);
    sim_advance(scene.sim, 10);
    entry_drain(scene.world->entry);
    /* This one was on its way when the first GOAWAY was sent. */
    client.wire->changed = NULL;
    sim_h2_ask(&client, &late, "/len/10", 2, none);
    sim_advance(scene.sim, 499);
    assert_false(idle.wire->got_fin);
    assert_int_equal(scene.server.executed[2], 1);
    sim_advance(scene.sim, 1);
    assert_true(idle.wire->got_fin); /* nothing was under way there */
    assert_false(client.wire->got_fin);
    sim_h2_ask(&client, &refused, "/len/10", 3, none);
    sim_advance(scene.sim, 100);
    assert_int_equal(scene.server.executed[3], 0);
    sim_advance(scene.sim, 5000);
    assert_true(client.wire->got_fin);
    h2_session_feed(client.session,
                    text_slice(&client.wire->got).len > client.fed ? slice_from(text_slice(&client.wire->got), client.fed)
                                                                   : SLICE(""),
                    scene.sim->loop.now_ms);
    assert_true(slow.stream->ended && late.stream->ended);
    assert_true(refused.stream->closed && refused.stream->unprocessed);
    sim_advance(scene.sim, 2000);
    assert_int_equal(entry_count(scene.world->entry), 0);
    sim_h2_release(&slow);
    sim_h2_release(&late);
    sim_h2_release(&refused);
    sim_h2_fini(&idle);
    end(&scene, &client);
}

static void test_a_cut_ends_all(void **state)
{
    struct sim_scene scene;
    struct sim_h2 client;
    struct sim_h2_request requests[3];
    (void)state;

    begin(&scene, &client);
    for (unsigned i = 0; i < 3; i++)
        sim_h2_ask(&client, &requests[i], "/mute", i + 1, none);
    sim_advance(scene.sim, 10);
    entry_cut(scene.world->entry);
    assert_int_equal(entry_count(scene.world->entry), 0);
    assert_int_equal(sim_world_ended(scene.world, REASON_DRAINING), 3);
    for (unsigned i = 0; i < 3; i++)
        sim_h2_release(&requests[i]);
    end(&scene, &client);
}

static void stop_reading(struct sim_conn *conn, const struct sim_message *request)
{
    (void)request;
    sim_link_pause(conn->wire, true);
}

/* Security case D9: a server that takes nothing of a body. */
static void test_a_body_waits_for_its_server(void **state)
{
    struct sim_scene scene;
    struct sim_h2 client;
    struct sim_h2_request request;
    struct text body = TEXT_EMPTY;
    (void)state;

    scene_prepare(&scene, 0);
    scene.sim->wire = (struct sim_wire){.socket_bytes = 50000};
    scene_start(&scene);
    scene.server.at_head = true;
    scene.server.answer = stop_reading;
    sim_h2_connect(&client, scene.sim, scene.world->entry, &h2_default_limits);
    sim_body_add(&body, 1, 900000);
    sim_h2_ask(&client, &request, "/", 1, text_slice(&body));
    sim_advance(scene.sim, 1000);
    assert_true(request.stream->unsent.len > 600000);
    assert_true(scene.sim->lent_max < h2_default_limits.stream_window + BUFFER_LARGE + 8 * BUFFER_SIZE);
    sim_advance(scene.sim, 60000);
    assert_int_equal(sim_h2_status(&request), 504);
    sim_advance(scene.sim, 1000);
    assert_true(request.stream->closed);
    assert_int_equal(live_streams(&scene), 0);
    sim_h2_release(&request);
    text_fini(&body);
    end(&scene, &client);
}

static void test_a_body_that_stops_coming_is_given_up(void **state)
{
    struct sim_scene scene;
    struct sim_h2 client;
    struct sim_h2_request request;
    (void)state;

    begin(&scene, &client);
    h2_compose(client.session);
    h2_compose_field(client.session, SLICE(":method"), SLICE("POST"));
    h2_compose_field(client.session, SLICE(":scheme"), SLICE("http"));
    h2_compose_field(client.session, SLICE(":path"), SLICE("/echo"));
    h2_compose_field(client.session, SLICE(":authority"), SLICE("a.test"));
    request = (struct sim_h2_request){.stream = h2_session_request(client.session, &request, true)};
    h2_stream_send(request.stream, SLICE("some"), false);
    sim_h2_flush(&client);
    sim_advance(scene.sim, 59999);
    assert_int_equal(sim_h2_status(&request), 0);
    sim_advance(scene.sim, 1);
    assert_int_equal(sim_h2_status(&request), 408);
    assert_int_equal(entry_count(scene.world->entry), 1); /* the connection goes on */
    sim_h2_release(&request);
    end(&scene, &client);
}

static void ask_many(struct sim_h2 *client, struct sim_h2_request *requests, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        sim_h2_ask(client, &requests[i], "/mute", i + 1, none);
}

static unsigned refused(const struct sim_h2_request *requests, unsigned count)
{
    unsigned found = 0;

    for (unsigned i = 0; i < count; i++) {
        assert_true(!requests[i].stream->closed || requests[i].stream->unprocessed);
        found += requests[i].stream->unprocessed;
    }
    return found;
}

static void give_up(struct sim_h2 *client, struct sim_h2_request *requests, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        sim_h2_release(&requests[i]);
    sim_h2_flush(client);
}

/* Each request may hold a connection to a server. A client with many streams does not take all that there are: from half on it has
 * its share, and others get theirs. */
static void test_few_clients_do_not_use_up_the_servers_connections(void **state)
{
    struct sim_scene scene;
    struct sim_h2 clients[4];
    struct sim_h2_request requests[4][30];
    (void)state;

    scene_prepare(&scene, 0);
    scene.world->options.exchanges_max = 40;
    scene_start(&scene);
    scene.world->entrypoint.has_local = false;
    for (unsigned i = 0; i < WB_COUNT(clients); i++)
        sim_h2_connect(&clients[i], scene.sim, scene.world->entry, &h2_default_limits);
    ask_many(&clients[0], requests[0], 30);
    sim_settle(scene.sim);
    assert_int_equal(refused(requests[0], 30), 10);
    ask_many(&clients[1], requests[1], 10);
    ask_many(&clients[2], requests[2], 8);
    sim_settle(scene.sim);
    assert_int_equal(refused(requests[1], 10), 2);
    assert_int_equal(refused(requests[2], 8), 0);
    ask_many(&clients[3], requests[3], 8); /* that would be 44 */
    sim_client_get(&scene.client, "/len/5", 9);
    sim_settle(scene.sim);
    assert_int_equal(refused(requests[3], 8), 4);
    assert_int_equal(live_streams(&scene), 40);
    assert_int_equal(sim_client_status(&scene.client, 0), 200); /* one of HTTP/1 has its own place */
    assert_int_equal(sim_world_ended(scene.world, REASON_STREAM_REFUSED), 16);
    give_up(&clients[0], requests[0], 30);
    give_up(&clients[3], requests[3], 8);
    sim_settle(scene.sim);
    ask_many(&clients[3], requests[3], 20); /* as they go, there is room again */
    sim_settle(scene.sim);
    assert_int_equal(refused(requests[3], 20), 12);
    give_up(&clients[1], requests[1], 10);
    give_up(&clients[2], requests[2], 8);
    give_up(&clients[3], requests[3], 20);
    for (unsigned i = 0; i < WB_COUNT(clients); i++)
        sim_h2_fini(&clients[i]);
    scene_end(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_requests_do_not_mix_whatever_the_wire_does),
        cmocka_unit_test(test_a_preface_without_a_request_has_the_time_of_a_head),
        cmocka_unit_test(test_half_a_preface_has_it_too),
        cmocka_unit_test(test_pings_do_not_prolong_an_idle_connection),
        cmocka_unit_test(test_a_head_that_is_not_completed_ends_the_connection),
        cmocka_unit_test(test_a_stream_that_is_not_taken_is_given_up),
        cmocka_unit_test(test_a_client_that_reads_nothing_is_closed),
        cmocka_unit_test(test_a_client_that_reads_slowly_gets_everything),
        cmocka_unit_test(test_a_client_that_goes_is_noticed),
        cmocka_unit_test(test_a_reset_takes_the_request_along),
        cmocka_unit_test(test_a_drain_lets_what_is_under_way_finish),
        cmocka_unit_test(test_a_cut_ends_all),
        cmocka_unit_test(test_a_body_waits_for_its_server),
        cmocka_unit_test(test_a_body_that_stops_coming_is_given_up),
        cmocka_unit_test(test_few_clients_do_not_use_up_the_servers_connections),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
