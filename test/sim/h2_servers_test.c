/* SPDX-License-Identifier: MIT */
/* A whole worker with servers over HTTP/2: who shares a connection, who waits for one, and what each end means for the others. */
#include "sim_h2.h"
#include "sim_test.h"

#define URL "h2c://10.0.0.1:80"
enum { CLIENTS = 12 };

struct scene {
    struct sim_world *world;
    struct sim *sim;
    struct sim_h2_server server;
    struct sim_client clients[CLIENTS];
};

static void prepare(struct scene *s, uint64_t seed)
{
    s->world = sim_world_create(seed);
    s->sim = &s->world->sim;
    s->sim->vary = seed != 0;
}

static void start(struct scene *s, const char *servers)
{
    sim_world_start(s->world);
    sim_h2_server_init(&s->server, s->sim, "10.0.0.1", 80, "one");
    sim_world_serve(s->world, servers);
    for (unsigned i = 0; i < CLIENTS; i++)
        sim_client_connect(&s->clients[i], s->sim, s->world->entry, "192.0.2.1");
}

static void begin(struct scene *s)
{
    prepare(s, 0);
    start(s, URL);
}

static void end(struct scene *s)
{
    sim_h2_server_fini(&s->server);
    sim_world_destroy(&s->world);
}

static void get_all(struct scene *s, const char *path)
{
    for (unsigned i = 0; i < CLIENTS; i++)
        sim_client_get(&s->clients[i], path, i + 1);
}

static unsigned count_of(const struct scene *s, unsigned status)
{
    unsigned count = 0;

    for (unsigned i = 0; i < CLIENTS; i++)
        count += sim_client_status(&s->clients[i], s->clients[i].asked - 1) == status;
    return count;
}

static void expect_body(struct sim_client *client, unsigned index, uint64_t id, size_t count)
{
    struct sim_message answer;

    assert_true(sim_client_answer(client, index, &answer));
    assert_int_equal(sim_message_status(&answer), 200);
    if (!sim_body_is(text_slice(&answer.body), id, count))
        fail_msg("request %d: %zu bytes, or other ones", (int)id, answer.body.len);
    sim_message_fini(&answer);
}

static void test_those_who_come_together_share_a_connection(void **state)
{
    struct scene s;
    (void)state;

    begin(&s);
    get_all(&s, "/len/3000/20");
    sim_advance(s.sim, 100);
    for (unsigned i = 0; i < CLIENTS; i++)
        expect_body(&s.clients[i], 0, i + 1, 3000);
    assert_int_equal(s.server.conn_count, 1);
    assert_int_equal(sim_h2_server_conn(&s.server)->open_most, CLIENTS);
    assert_int_equal(upstream_idle_count(s.world->env.upstream), 1);
    end(&s);
}

/* However the bytes are cut, whatever the sockets take. */
static void test_any_cut_of_the_bytes_gives_the_same(void **state)
{
    static const char *const paths[] = {"/len/2500/3", "/chunked/2500/3", "/hints/5/0", "/cont/5/0",
                                        "/len/0",      "/early/9",        "/204"};
    (void)state;

    for (uint64_t seed = 1; seed <= 12; seed++) {
        struct scene s;
        prepare(&s, seed);
        start(&s, URL);
        s.server.limits.streams = 1 + (unsigned)sim_draw(s.sim, 20);
        s.server.limits.stream_window = 100 + (size_t)sim_draw(s.sim, 2000);
        for (unsigned i = 0; i < CLIENTS; i++) {
            sim_client_get(&s.clients[i], paths[(i + seed) % WB_COUNT(paths)], i + 1);
            sim_client_post(&s.clients[i], "/echo", i + 1, 1000, i & 1);
            sim_client_post(&s.clients[i], "/early/30", i + 1, 1000, i & 1);
        }
        sim_advance(s.sim, 60000);
        for (unsigned i = 0; i < CLIENTS; i++) {
            struct sim_message answer;
            assert_true(sim_client_answer(&s.clients[i], 0, &answer));
            if (!sim_body_is(text_slice(&answer.body), i + 1, answer.body.len) || sim_message_status(&answer) >= 300)
                fail_msg("seed %d: %s", (int)seed, answer.body.ptr);
            assert_int_equal(answer.body.len, sim_path_number(slice_of(paths[(i + seed) % WB_COUNT(paths)]), 1) *
                                                  (sim_message_status(&answer) == 200));
            sim_message_fini(&answer);
            expect_body(&s.clients[i], 1, i + 1, 1000);
            expect_body(&s.clients[i], 2, i + 1, 30);
        }
        end(&s);
    }
}

static void test_more_than_the_server_allows_take_more_connections(void **state)
{
    struct scene s;
    (void)state;

    begin(&s);
    s.server.limits.streams = 5;
    for (unsigned i = 0; i < CLIENTS; i++) /* with bodies: none of them may meet the limit unseen */
        sim_client_post(&s.clients[i], "/echo/0/50", i + 1, 2000, true);
    sim_advance(s.sim, 200);
    assert_int_equal(count_of(&s, 200), CLIENTS);
    assert_int_equal(s.server.conn_count, 3);
    LIST_EACH (node, &s.server.conns)
        assert_true(LIST_ENTRY(node, struct sim_h2_conn, link)->open_most <= 5);
    end(&s);
}

/* Which server is it that cannot be connected to, how, and what do all that wait get? */
static void fail_all(enum sim_dial dial, const char *url, unsigned status, enum reason reason)
{
    struct scene s;

    prepare(&s, 0);
    start(&s, url);
    s.server.listener.dial = dial;
    s.server.listener.dial_ms = 5;
    get_all(&s, "/len/1");
    sim_advance(s.sim, 31000);
    assert_int_equal(count_of(&s, status), CLIENTS);
    assert_int_equal(sim_world_ended(s.world, reason), CLIENTS);
    assert_int_equal(s.sim->dialled, reason == REASON_SERVER_UNRESOLVED ? 0 : 1);
    end(&s);
}

static void test_those_who_wait_meet_what_the_one_met_that_dialled(void **state)
{
    (void)state;
    fail_all(SIM_REFUSE, URL, 502, REASON_SERVER_REFUSED);
    fail_all(SIM_SILENT, URL, 504, REASON_DIAL_TIMEOUT);
    fail_all(SIM_ACCEPT, "h2c://nowhere:80", 502, REASON_SERVER_UNRESOLVED);
}

static void test_who_dials_may_leave_and_the_next_goes_on(void **state)
{
    struct scene s;
    (void)state;

    begin(&s);
    s.server.listener.dial_ms = 50;
    get_all(&s, "/len/7");
    sim_advance(s.sim, 10);
    sim_link_reset(s.clients[0].wire);
    sim_advance(s.sim, 10);
    sim_link_reset(s.clients[1].wire);
    sim_advance(s.sim, 200);
    assert_int_equal(count_of(&s, 200), CLIENTS - 2);
    assert_int_equal(s.server.executed[1] + s.server.executed[2], 0);
    assert_int_equal(sim_h2_server_live(&s.server), 1);
    end(&s);
}

/* A configuration without the server: who waits is turned back, who is served is served. */
static void test_a_server_that_leaves_the_configuration(void **state)
{
    struct scene s;
    (void)state;

    begin(&s);
    sim_client_get(&s.clients[0], "/len/5/100", 1);
    sim_advance(s.sim, 20);
    sim_world_serve(s.world, "h2c://10.0.0.2:80");
    sim_advance(s.sim, 20);
    assert_int_equal(sim_h2_server_live(&s.server), 1);
    sim_advance(s.sim, 100);
    expect_body(&s.clients[0], 0, 1, 5);
    assert_int_equal(sim_h2_server_live(&s.server), 0);

    sim_world_serve(s.world, URL);
    s.server.listener.dial = SIM_SILENT;
    for (unsigned i = 0; i < CLIENTS; i++)
        sim_client_get(&s.clients[i], "/len/5", i + 1);
    sim_advance(s.sim, 20);
    sim_world_serve(s.world, "h2c://10.0.0.2:80");
    sim_advance(s.sim, 20);
    assert_int_equal(count_of(&s, 502), CLIENTS);
    end(&s);
}

static void test_an_idle_connection_ends_after_its_time(void **state)
{
    struct scene s;
    (void)state;

    begin(&s);
    get_all(&s, "/len/5");
    sim_advance(s.sim, 89000);
    assert_int_equal(upstream_idle_count(s.world->env.upstream), 1);
    sim_client_get(&s.clients[0], "/len/5/2000", 1); /* its time begins anew */
    sim_advance(s.sim, 60000);
    assert_int_equal(upstream_idle_count(s.world->env.upstream), 1);
    sim_advance(s.sim, 40000);
    assert_int_equal(upstream_idle_count(s.world->env.upstream), 0);
    assert_int_equal(sim_h2_server_live(&s.server), 0);
    end(&s);
}

static void test_no_more_rest_than_may(void **state)
{
    struct scene s;
    (void)state;

    prepare(&s, 0);
    s.world->upstream.max_idle_per_server = 2;
    start(&s, URL);
    s.server.limits.streams = 2;
    get_all(&s, "/len/5/50");
    sim_advance(s.sim, 1000);
    assert_int_equal(count_of(&s, 200), CLIENTS);
    assert_int_equal(upstream_idle_count(s.world->env.upstream), 2);
    assert_int_equal(sim_h2_server_live(&s.server), 2);
    end(&s);
}

static void test_a_slow_answer_ends_its_stream_alone(void **state)
{
    struct scene s;
    (void)state;

    prepare(&s, 0);
    s.world->upstream.response_timeout_ms = 500;
    start(&s, URL);
    sim_client_get(&s.clients[0], "/mute", 1);
    sim_client_get(&s.clients[1], "/len/5/400", 2);
    sim_advance(s.sim, 450);
    expect_body(&s.clients[1], 0, 2, 5);
    sim_advance(s.sim, 100);
    assert_int_equal(sim_client_status(&s.clients[0], 0), 504);
    assert_int_equal(s.server.cancelled_count, 1);
    assert_int_equal(sim_world_ended(s.world, REASON_RESPONSE_TIMEOUT), 1);
    sim_client_get(&s.clients[0], "/len/5", 3);
    sim_settle(s.sim);
    expect_body(&s.clients[0], 1, 3, 5);
    assert_int_equal(s.server.conn_count, 1);
    end(&s);
}

/* A host that hangs, a way that is cut: nobody is sent there again, though some still wait on it. */
static void test_a_connection_that_falls_silent_takes_no_more(void **state)
{
    struct scene s;
    (void)state;

    prepare(&s, 0);
    s.world->upstream.response_timeout_ms = 500;
    start(&s, URL);
    sim_client_get(&s.clients[0], "/len/5", 1);
    sim_settle(s.sim);
    sim_link_pause(sim_h2_server_conn(&s.server)->wire, true);
    for (unsigned i = 0; i < CLIENTS; i++) {
        sim_client_get(&s.clients[i], "/len/5", i + 2);
        sim_advance(s.sim, 100);
    }
    sim_advance(s.sim, 1000);
    assert_int_equal(count_of(&s, 504), 5);
    assert_int_equal(count_of(&s, 200), CLIENTS - 5);
    assert_int_equal(s.server.conn_count, 2);
    assert_int_equal(upstream_idle_count(s.world->env.upstream), 1);
    end(&s);
}

/* Ten clients that take nothing of large answers: a window each is kept for them, and the others are served. */
static void test_a_stalled_client_costs_a_window_and_holds_up_nobody(void **state)
{
    struct scene s;
    (void)state;

    prepare(&s, 0);
    s.sim->wire.socket_bytes = 20000;
    start(&s, URL);
    for (unsigned i = 0; i < 10; i++) {
        sim_link_pause(s.clients[i].wire, true);
        sim_client_get(&s.clients[i], "/len/800000", i + 1);
    }
    sim_advance(s.sim, 1000);
    sim_client_get(&s.clients[10], "/len/500000", 11);
    sim_advance(s.sim, 1000);
    expect_body(&s.clients[10], 0, 11, 500000);
    assert_true(s.sim->lent_max < 10 * (BUFFER_LARGE + 5 * BUFFER_SIZE)); /* what came, and the exchange's own */
    for (unsigned i = 0; i < 10; i++)
        sim_link_pause(s.clients[i].wire, false);
    sim_advance(s.sim, 10000);
    for (unsigned i = 0; i < 10; i++)
        expect_body(&s.clients[i], 0, i + 1, 800000);
    assert_int_equal(s.server.conn_count, 1);
    end(&s);
}

/* The server takes nothing of an upload: the client is not read any further, and the others go on. */
static void test_a_server_that_takes_nothing_stops_that_client_only(void **state)
{
    struct scene s;
    (void)state;

    begin(&s);
    s.server.takes_nothing = true;
    sim_client_send(&s.clients[0], "POST /echo HTTP/1.1\r\nHost: a.test\r\nX-Id: 1\r\nContent-Length: 5000000\r\n\r\n");
    sim_link_send_pattern(s.clients[0].wire, 5000000);
    s.clients[0].asked++;
    sim_advance(s.sim, 100);
    assert_true(s.sim->lent_max < 400000);
    sim_client_get(&s.clients[1], "/len/100000", 2);
    sim_advance(s.sim, 100);
    expect_body(&s.clients[1], 0, 2, 100000);
    sim_advance(s.sim, 61000); /* the time a body may stand still */
    assert_int_equal(sim_client_status(&s.clients[0], 0), 504);
    assert_int_equal(s.server.cancelled_count, 1);
    end(&s);
}

static void test_trailers_pass_both_ways(void **state)
{
    struct scene s;
    struct sim_message answer;
    (void)state;

    begin(&s);
    sim_client_ask(&s.clients[0], "POST /chunked/9 HTTP/1.1\r\nHost: a.test\r\nX-Id: 1\r\nTE: trailers\r\nConnection: TE\r\n"
                                  "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-Mine: 1\r\nHost: evil\r\n\r\n");
    sim_settle(s.sim);
    assert_true(sim_client_answer(&s.clients[0], 0, &answer));
    assert_true(sim_body_is(text_slice(&answer.body), 1, 9));
    assert_true(slice_eq(answer.trailers, SLICE("x-sum: 7\r\n")));
    sim_message_fini(&answer);
    assert_true(slice_eq(text_slice(&s.server.last_trailers), SLICE("x-mine=1 ")));
    end(&s);
}

/* What the server says it did nothing of is asked again, once; with its body, if that is little. */
static void test_a_refused_stream_is_repeated_once(void **state)
{
    struct scene s;
    (void)state;

    begin(&s);
    sim_client_get(&s.clients[0], "/len/5", 1);
    sim_settle(s.sim);
    s.server.refuse = 1;
    sim_client_ask(&s.clients[0], "POST /len/5 HTTP/1.1\r\nHost: a.test\r\nX-Id: 2\r\nContent-Length: 0\r\n\r\n");
    sim_settle(s.sim);
    expect_body(&s.clients[0], 1, 2, 5);
    assert_int_equal(s.server.executed[2], 1);
    s.server.refuse = 2;
    sim_client_get(&s.clients[0], "/len/5", 3);
    sim_settle(s.sim);
    assert_int_equal(sim_client_status(&s.clients[0], 2), 502);
    for (unsigned id = 4; id <= 7; id++) {
        s.server.refuse = 1;
        sim_client_post(&s.clients[0], "/echo", id, id == 7 ? BUFFER_SIZE : 10, id & 1);
        sim_settle(s.sim);
        expect_body(&s.clients[0], id - 1, id, id == 7 ? BUFFER_SIZE : 10);
        assert_int_equal(s.server.executed[id], 1);
    }
    s.server.refuse = 1;
    sim_client_post(&s.clients[0], "/echo", 8, BUFFER_SIZE + 1, false);
    sim_settle(s.sim);
    assert_int_equal(sim_client_status(&s.clients[0], 7), 502);
    assert_int_equal(s.server.conn_count, 1);
    end(&s);
}

/* Refused in the middle of a body, with some of it still with the client: what is sent again is whole, and so are trailers. */
static void test_a_body_that_was_begun_is_sent_again_whole(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 10; seed++) {
        struct scene s;
        prepare(&s, seed);
        start(&s, URL);
        sim_client_get(&s.clients[0], "/len/1", 1);
        sim_advance(s.sim, 2000);
        s.server.limits.stream_window = 100 + (size_t)sim_draw(s.sim, 3000);
        s.server.refuse = 1;
        unsigned size = 1 + (unsigned)sim_draw(s.sim, 9000);
        for (unsigned i = 1; i < 4; i++)
            sim_client_post(&s.clients[i], "/echo", i + 1, size, i & 1);
        sim_advance(s.sim, 20000);
        for (unsigned i = 1; i < 4; i++) {
            expect_body(&s.clients[i], 0, i + 1, size);
            assert_int_equal(s.server.executed[i + 1], 1);
        }
        assert_int_equal(s.server.refuse, 0);
        end(&s);
    }
}

/* Some of it has gone, some waits for the window, the rest is still to come from the client. */
static void test_a_body_refused_in_its_middle(void **state)
{
    (void)state;
    for (unsigned chunked = 0; chunked < 2; chunked++) {
        struct scene s;
        prepare(&s, 0);
        start(&s, URL);
        s.server.limits.stream_window = 3000;
        s.server.takes_nothing = true;
        sim_client_get(&s.clients[1], "/len/1", 1);
        sim_advance(s.sim, 10);
        s.sim->wire = (struct sim_wire){.deliver_max = 2000};
        sim_client_connect(&s.clients[0], s.sim, s.world->entry, "192.0.2.1");
        sim_client_post(&s.clients[0], "/echo", 2, 9000, chunked);
        sim_advance(s.sim, 10);
        assert_int_equal(s.server.executed[2], 1);
        s.server.takes_nothing = false;
        sim_h2_reset_all(sim_h2_server_conn(&s.server), H2_REFUSED_STREAM);
        sim_advance(s.sim, 100);
        expect_body(&s.clients[0], 0, 2, 9000);
        assert_int_equal(s.server.executed[2], 2);
        end(&s);
    }
}

/* Servers end a connection on which too many streams are reset: who shares it does not pay for clients that leave. */
static void test_clients_that_leave_wear_a_connection_out(void **state)
{
    struct scene s;
    unsigned left = 0;
    (void)state;

    begin(&s);
    sim_client_get(&s.clients[0], "/len/5/20000", 1);
    sim_settle(s.sim);
    for (unsigned round = 0; round < 30; round++) {
        for (unsigned i = 1; i < CLIENTS; i++)
            sim_client_get(&s.clients[i], "/mute", 2);
        sim_settle(s.sim);
        for (unsigned i = 1; i < CLIENTS; i++, left++)
            sim_link_reset(s.clients[i].wire);
        sim_settle(s.sim);
        for (unsigned i = 1; i < CLIENTS; i++)
            sim_client_connect(&s.clients[i], s.sim, s.world->entry, "192.0.2.1");
    }
    assert_int_equal(s.server.cancelled_count, left);
    assert_int_equal(s.server.conn_count, 1 + (left - 1) / 110);
    assert_int_equal(sim_h2_server_live(&s.server), 1); /* the first: it has a call */
    sim_advance(s.sim, 20000);
    expect_body(&s.clients[0], 0, 1, 5);
    assert_int_equal(sim_h2_server_live(&s.server), 0);
    end(&s);
}

static void test_who_stays_makes_up_for_who_leaves(void **state)
{
    enum { ROUNDS = 30 };
    struct scene s;
    (void)state;

    begin(&s);
    for (unsigned round = 0; round < ROUNDS; round++) {
        for (unsigned i = 0; i < CLIENTS; i++)
            sim_client_get(&s.clients[i], i % 2 ? "/mute" : "/len/5", 1);
        sim_settle(s.sim);
        for (unsigned i = 1; i < CLIENTS; i += 2) {
            sim_link_reset(s.clients[i].wire);
            sim_settle(s.sim);
            sim_client_connect(&s.clients[i], s.sim, s.world->entry, "192.0.2.1");
        }
    }
    assert_int_equal(s.server.cancelled_count, ROUNDS * CLIENTS / 2);
    assert_int_equal(s.server.conn_count, 1);
    end(&s);
}

/* The one place it had is free again: for who waits, and on the same connection. */
static void test_a_client_that_leaves_frees_its_place(void **state)
{
    struct scene s;
    (void)state;

    begin(&s);
    s.server.limits.streams = 1;
    for (unsigned i = 0; i < 3; i++) {
        sim_client_get(&s.clients[i], "/mute", i + 1);
        sim_advance(s.sim, 10);
        sim_link_reset(s.clients[i].wire);
        sim_advance(s.sim, 10);
        assert_int_equal(s.server.cancelled_count, i + 1);
    }
    sim_client_get(&s.clients[4], "/len/5", 5);
    sim_settle(s.sim);
    expect_body(&s.clients[4], 0, 5, 5);
    assert_int_equal(s.server.conn_count, 1);
    end(&s);
}

static void test_a_server_that_goes_away_answers_what_is_under_way(void **state)
{
    struct scene s;
    (void)state;

    begin(&s);
    get_all(&s, "/len/5/50");
    sim_advance(s.sim, 20);
    sim_h2_go_away(sim_h2_server_conn(&s.server));
    sim_advance(s.sim, 10);
    sim_link_reset(s.clients[0].wire);
    sim_client_connect(&s.clients[0], s.sim, s.world->entry, "192.0.2.1");
    sim_client_get(&s.clients[0], "/len/5", 20);
    sim_advance(s.sim, 100);
    assert_int_equal(count_of(&s, 200), CLIENTS);
    assert_int_equal(s.server.conn_count, 2);
    assert_int_equal(sim_h2_server_live(&s.server), 1);
    end(&s);
}

static void test_a_reset_has_a_reason_of_its_own(void **state)
{
    struct scene s;
    (void)state;

    begin(&s);
    sim_client_get(&s.clients[0], "/reset/2", 1);
    sim_client_get(&s.clients[1], "/reset/1", 2);
    sim_client_get(&s.clients[2], "/len/5/10", 3);
    sim_advance(s.sim, 50);
    assert_int_equal(sim_client_status(&s.clients[0], 0), 502);
    assert_int_equal(sim_client_status(&s.clients[1], 0), 502);
    expect_body(&s.clients[2], 0, 3, 5);
    assert_int_equal(sim_world_ended(s.world, REASON_SERVER_RESET), 1);
    assert_int_equal(sim_world_ended(s.world, REASON_SERVER_MALFORMED), 1);
    assert_int_equal(s.server.executed[1], 1);
    end(&s);
}

/* Nobody who can only say no in HTTP/1, or nothing, is waited for. */
static void test_a_server_that_does_not_speak_it(void **state)
{
    struct scene s;
    struct sim_server old;
    (void)state;

    begin(&s);
    sim_server_init(&old, s.sim, "10.0.0.5", 80, "old");
    sim_world_serve(s.world, "h2c://10.0.0.5:80");
    old.raw = true;
    get_all(&s, "/len/5");
    sim_advance(s.sim, 5);
    sim_link_send(sim_server_conn(&old)->wire, SLICE("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"));
    sim_advance(s.sim, 5);
    assert_int_equal(count_of(&s, 502), CLIENTS);
    assert_int_equal(sim_world_ended(s.world, REASON_SERVER_MALFORMED), CLIENTS);
    sim_server_fini(&old);
    end(&s);
}

static void test_a_worker_that_ends_leaves_nothing(void **state)
{
    (void)state;
    for (unsigned ms = 0; ms < 60; ms += 7) {
        struct scene s;
        prepare(&s, 0);
        start(&s, URL);
        s.server.listener.dial_ms = 20;
        s.server.limits.streams = 3;
        get_all(&s, "/len/100000/20");
        sim_advance(s.sim, ms);
        if (ms % 2)
            entry_drain(s.world->entry);
        end(&s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_those_who_come_together_share_a_connection),
        cmocka_unit_test(test_any_cut_of_the_bytes_gives_the_same),
        cmocka_unit_test(test_more_than_the_server_allows_take_more_connections),
        cmocka_unit_test(test_those_who_wait_meet_what_the_one_met_that_dialled),
        cmocka_unit_test(test_who_dials_may_leave_and_the_next_goes_on),
        cmocka_unit_test(test_a_server_that_leaves_the_configuration),
        cmocka_unit_test(test_an_idle_connection_ends_after_its_time),
        cmocka_unit_test(test_no_more_rest_than_may),
        cmocka_unit_test(test_a_slow_answer_ends_its_stream_alone),
        cmocka_unit_test(test_a_connection_that_falls_silent_takes_no_more),
        cmocka_unit_test(test_a_stalled_client_costs_a_window_and_holds_up_nobody),
        cmocka_unit_test(test_a_server_that_takes_nothing_stops_that_client_only),
        cmocka_unit_test(test_trailers_pass_both_ways),
        cmocka_unit_test(test_a_refused_stream_is_repeated_once),
        cmocka_unit_test(test_a_body_that_was_begun_is_sent_again_whole),
        cmocka_unit_test(test_a_body_refused_in_its_middle),
        cmocka_unit_test(test_who_stays_makes_up_for_who_leaves),
        cmocka_unit_test(test_a_client_that_leaves_frees_its_place),
        cmocka_unit_test(test_clients_that_leave_wear_a_connection_out),
        cmocka_unit_test(test_a_server_that_goes_away_answers_what_is_under_way),
        cmocka_unit_test(test_a_reset_has_a_reason_of_its_own),
        cmocka_unit_test(test_a_server_that_does_not_speak_it),
        cmocka_unit_test(test_a_worker_that_ends_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
