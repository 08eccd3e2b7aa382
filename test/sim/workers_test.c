/* SPDX-License-Identifier: MIT */
/*
 * Limiter, breaker, balancer and buffering in many workers at once, on fake clocks that go in step: what they share holds for all
 * (decisions.md 27, 28), and ThreadSanitizer watches how they share it. Threads run in the rounds, the test between them.
 */
#include "sim_test.h"
#include "sim_crowd.h"

enum { SERVERS = 3, CLIENTS = 6 };

#define ALL "http://10.0.0.1:80 http://10.0.0.2:80 http://10.0.0.3:80"

/* One worker's surroundings. Only its thread touches it in a round. */
struct quarter {
    struct sim_world *world;
    struct sim_server servers[SERVERS];
    struct sim_client clients[CLIENTS];
    unsigned status[SERVERS]; /* of answers; 0: what the path asks for */
};

struct town {
    struct sim_crowd *crowd;
    struct quarter quarters[SIM_CROWD];
};

static void answer(struct sim_conn *conn, const struct sim_message *request)
{
    struct quarter *quarter = conn->server->arg;
    unsigned status = quarter->status[conn->server - quarter->servers];
    char head[60];

    if (status == 0) {
        sim_server_answer_path(conn, request);
        return;
    }
    int len = snprintf(head, sizeof head, "HTTP/1.1 %u X\r\nContent-Length: 0\r\n\r\n", status);
    sim_conn_reply(conn, slice_make(head, (size_t)len), 0, false);
}

static void connect_clients(struct quarter *quarter)
{
    for (unsigned i = 0; i < CLIENTS; i++)
        sim_client_connect(&quarter->clients[i], &quarter->world->sim, quarter->world->entry, "192.0.2.1");
}

static void begin(struct town *town, unsigned spool_threads)
{
    *town = (struct town){.crowd = sim_crowd_create(spool_threads)};
    sim_crowd_start(town->crowd);
    for (unsigned w = 0; w < SIM_CROWD; w++) {
        struct quarter *quarter = &town->quarters[w];
        quarter->world = town->crowd->workers[w];
        for (unsigned s = 0; s < SERVERS; s++) {
            char ip[16];
            snprintf(ip, sizeof ip, "10.0.0.%u", s + 1);
            sim_server_init(&quarter->servers[s], &quarter->world->sim, ip, 80, "server");
            quarter->servers[s].answer = answer;
            quarter->servers[s].arg = quarter;
        }
        connect_clients(quarter);
    }
}

static void end(struct town *town)
{
    for (unsigned w = 0; w < SIM_CROWD; w++)
        for (unsigned s = 0; s < SERVERS; s++)
            sim_server_fini(&town->quarters[w].servers[s]);
    sim_crowd_destroy(&town->crowd);
}

static struct sim_route route_with(const char *servers,
                                   void (*set_options)(struct arena *arena, struct model_frontend *frontend,
                                                       struct model_backend *backend))
{
    return (struct sim_route){.name = "a", .rule = "HostRegexp:{any:.*}", .servers = servers, .set_options = set_options};
}

static void publish(struct town *town, struct sim_route route)
{
    sim_crowd_publish(town->crowd, &route, 1);
}

/* Each client of each worker asks for it; they do so at the same time in the round. */
static void all_ask(struct town *town, const char *path)
{
    for (unsigned w = 0; w < SIM_CROWD; w++)
        for (unsigned i = 0; i < CLIENTS; i++) {
            struct sim_client *client = &town->quarters[w].clients[i];
            if (client->asked == SIM_REQUESTS_MAX) {
                sim_link_close(client->wire);
                sim_client_connect(client, &town->quarters[w].world->sim, town->quarters[w].world->entry, "192.0.2.1");
            }
            sim_client_get(client, path, 1);
        }
}

/* Of the latest requests of all. */
static unsigned count_status(const struct town *town, unsigned status)
{
    unsigned count = 0;

    for (unsigned w = 0; w < SIM_CROWD; w++)
        for (unsigned i = 0; i < CLIENTS; i++) {
            const struct sim_client *client = &town->quarters[w].clients[i];
            count += sim_client_status(client, client->asked - 1) == status;
        }
    return count;
}

static unsigned asked_of(const struct town *town, unsigned server)
{
    unsigned count = 0;

    for (unsigned w = 0; w < SIM_CROWD; w++)
        count += town->quarters[w].servers[server].request_count;
    return count;
}

/* ------- limiter ------- */

static void limit_rate(struct arena *arena, struct model_frontend *frontend, struct model_backend *backend)
{
    (void)backend;
    frontend->rate_limit = ARENA_NEW(arena, struct model_rate_limit);
    frontend->rate_limit->rates = ARENA_NEW(arena, struct model_rate);
    frontend->rate_limit->rates[0] = (struct model_rate){
        .name = SLICE("r"), .period_ns = 1000000000, .average = 10, .burst = 30};
    frontend->rate_limit->rate_count = 1;
    frontend->rate_limit->extractor_func = SLICE("client.ip");
}

/* 30 at once, then one every 100 ms: for all workers together, to the request, whatever is published meanwhile. */
static void test_a_rate_limit_holds_over_all_workers(void **state)
{
    enum { ROUNDS = 20 };
    struct town town;
    unsigned passed = 0;
    (void)state;

    begin(&town, 0);
    publish(&town, route_with(ALL, limit_rate));
    for (unsigned round = 0; round < ROUNDS; round++) {
        all_ask(&town, "/len/1");
        sim_crowd_round(town.crowd, 100);
        unsigned now = count_status(&town, 200);
        assert_int_equal(now + count_status(&town, 429), SIM_CROWD * CLIENTS);
        passed += now;
        if (round % 5 == 0)
            publish(&town, route_with(round % 2 ? ALL : "http://10.0.0.1:80", limit_rate));
    }
    assert_int_equal(passed, 30 + ROUNDS - 1); /* the first round is at time 0, each other one earns one */
    assert_int_equal(asked_of(&town, 0) + asked_of(&town, 1) + asked_of(&town, 2), passed);
    end(&town);
}

static void limit_conns(struct arena *arena, struct model_frontend *frontend, struct model_backend *backend)
{
    (void)frontend;
    backend->max_conn = ARENA_NEW(arena, struct model_max_conn);
    *backend->max_conn = (struct model_max_conn){.amount = 7, .extractor_func = SLICE("request.host")};
}

/* 24 ask at the same time and 7 pass, each time: places are given back, those of clients that go away too. */
static void test_max_conn_holds_over_all_workers(void **state)
{
    struct town town;
    (void)state;

    begin(&town, 0);
    publish(&town, route_with(ALL, limit_conns));
    for (unsigned round = 0; round < 10; round++) {
        all_ask(&town, "/len/1/20");
        sim_crowd_round(town.crowd, 10);
        assert_int_equal(count_status(&town, 429), SIM_CROWD * CLIENTS - 7);
        if (round % 3 == 2) /* in the midst of it */
            for (unsigned w = 0; w < SIM_CROWD; w++) {
                for (unsigned i = 0; i < CLIENTS; i++)
                    sim_link_reset(town.quarters[w].clients[i].wire);
                connect_clients(&town.quarters[w]);
            }
        sim_crowd_round(town.crowd, 30);
        if (round % 3 != 2)
            assert_int_equal(count_status(&town, 200), 7);
    }
    end(&town);
}

/* ------- breaker ------- */

static void set_breaker(struct arena *arena, struct model_frontend *frontend, struct model_backend *backend)
{
    (void)frontend;
    backend->circuit_breaker = ARENA_NEW(arena, struct model_circuit_breaker);
    backend->circuit_breaker->expression = SLICE("ResponseCodeRatio(500, 600, 0, 600) > 0.2");
}

/* Only one worker's server fails; it trips for all, and comes back for all. */
static void test_a_breaker_trips_and_recovers_for_all_workers(void **state)
{
    struct town town;
    (void)state;

    begin(&town, 0);
    publish(&town, route_with("http://10.0.0.1:80", set_breaker));
    all_ask(&town, "/len/1");
    sim_crowd_round(town.crowd, 200);
    assert_int_equal(count_status(&town, 200), SIM_CROWD * CLIENTS);
    town.quarters[2].status[0] = 500;
    for (unsigned round = 0; round < 4; round++) { /* a quarter of the answers, of those of the last ten seconds */
        all_ask(&town, "/len/1");
        sim_crowd_round(town.crowd, 200);
    }
    unsigned asked = asked_of(&town, 0);
    all_ask(&town, "/len/1");
    sim_crowd_round(town.crowd, 200);
    assert_int_equal(count_status(&town, 503), SIM_CROWD * CLIENTS);
    assert_int_equal(asked_of(&town, 0), asked);
    town.quarters[2].status[0] = 0;
    sim_crowd_round(town.crowd, 10000);
    unsigned passed = 0;
    for (unsigned round = 0; round < 20; round++) { /* a growing share, while it recovers */
        all_ask(&town, "/len/1");
        sim_crowd_round(town.crowd, 250);
        passed += count_status(&town, 200);
        assert_int_equal(count_status(&town, 200) + count_status(&town, 503), SIM_CROWD * CLIENTS);
    }
    assert_in_range(passed, 1, 20 * SIM_CROWD * CLIENTS / 2);
    sim_crowd_round(town.crowd, 6000);
    all_ask(&town, "/len/1"); /* ends the recovery */
    sim_crowd_round(town.crowd, 200);
    all_ask(&town, "/len/1");
    sim_crowd_round(town.crowd, 200);
    assert_int_equal(count_status(&town, 200), SIM_CROWD * CLIENTS);
    end(&town);
}

/* ------- balancer ------- */

static void check_health(struct arena *arena, struct model_frontend *frontend, struct model_backend *backend)
{
    (void)frontend;
    backend->health_check = ARENA_NEW(arena, struct model_health_check);
    *backend->health_check = (struct model_health_check){.path = SLICE("/len/1"), .interval = SLICE("1s")};
    for (size_t i = 0; i < backend->server_count; i++)
        backend->servers[i].weight = (int64_t)i + 1;
}

/* Turns are each worker's, health is everybody's: whoever of them checks the server. */
static void test_turns_are_each_workers_and_health_is_everybodys(void **state)
{
    struct town town;
    unsigned before[SERVERS];
    (void)state;

    begin(&town, 0);
    publish(&town, route_with(ALL, check_health));
    sim_crowd_round(town.crowd, 10);
    for (unsigned s = 0; s < SERVERS; s++)
        before[s] = asked_of(&town, s); /* checks */
    assert_int_equal(before[0] + before[1] + before[2], SERVERS);
    for (unsigned round = 0; round < 4; round++) {
        all_ask(&town, "/len/1");
        sim_crowd_round(town.crowd, 10);
        publish(&town, route_with(ALL, check_health));
    }
    for (unsigned s = 0; s < SERVERS; s++) /* 24 of each worker, in shares of 1, 2 and 3 */
        assert_int_equal(asked_of(&town, s) - before[s], SIM_CROWD * 4 * (s + 1));

    for (unsigned w = 0; w < SIM_CROWD; w++)
        town.quarters[w].status[2] = 500;
    sim_crowd_round(town.crowd, 1100); /* the next check, in one of the workers */
    for (unsigned s = 0; s < SERVERS; s++)
        before[s] = asked_of(&town, s);
    for (unsigned round = 0; round < 3; round++) {
        all_ask(&town, "/len/1");
        sim_crowd_round(town.crowd, 10);
        assert_int_equal(count_status(&town, 200), SIM_CROWD * CLIENTS);
    }
    assert_int_equal(asked_of(&town, 2) - before[2], 0);
    assert_int_equal(asked_of(&town, 0) - before[0] + asked_of(&town, 1) - before[1], 3 * SIM_CROWD * CLIENTS);
    end(&town);
}

static void set_dynamic(struct arena *arena, struct model_frontend *frontend, struct model_backend *backend)
{
    (void)frontend;
    backend->load_balancer = ARENA_NEW(arena, struct model_load_balancer);
    backend->load_balancer->method = SLICE("drr");
}

static void test_drr_moves_away_from_who_answers_badly_in_each_worker(void **state)
{
    struct town town;
    (void)state;

    begin(&town, 0);
    publish(&town, route_with(ALL, set_dynamic));
    for (unsigned w = 0; w < SIM_CROWD; w++)
        town.quarters[w].status[0] = 500;
    for (unsigned round = 0; round < 30; round++) {
        all_ask(&town, "/len/1");
        sim_crowd_round(town.crowd, 1000);
        if (round % 7 == 0)
            publish(&town, route_with(ALL, set_dynamic));
    }
    for (unsigned w = 0; w < SIM_CROWD; w++) {
        const struct quarter *quarter = &town.quarters[w];
        assert_true(quarter->servers[0].request_count * 2 < quarter->servers[1].request_count);
        assert_true(quarter->servers[0].request_count * 2 < quarter->servers[2].request_count);
    }
    end(&town);
}

/* ------- buffering ------- */

static void collect(struct arena *arena, struct model_frontend *frontend, struct model_backend *backend)
{
    (void)frontend;
    backend->buffering = ARENA_NEW(arena, struct model_buffering);
    *backend->buffering = (struct model_buffering){.mem_request_body_bytes = 1000, .mem_response_body_bytes = 1000};
}

static void post_all(struct town *town)
{
    for (unsigned w = 0; w < SIM_CROWD; w++)
        for (unsigned i = 0; i < CLIENTS; i++)
            sim_client_post(&town->quarters[w].clients[i], "/echo", 1 + w * CLIENTS + i, 500 + 40000 * i, i % 2);
}

/* The threads that write files do so in real time: rounds go on until all have their answers. */
static unsigned wait_for_answers(struct town *town)
{
    for (unsigned round = 0; round < 2000 && count_status(town, 0); round++) {
        sim_crowd_round(town->crowd, 5);
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
    return count_status(town, 200);
}

static void test_bodies_are_collected_in_all_workers_by_the_same_threads(void **state)
{
    struct town town;
    (void)state;

    begin(&town, 2);
    publish(&town, route_with("http://10.0.0.1:80", collect));
    struct spool_room *room = town.quarters[0].world->env.spool_room;
    for (unsigned round = 0; round < 3; round++) {
        post_all(&town);
        if (round == 1) { /* some go away in the midst of it */
            sim_crowd_round(town.crowd, 1);
            for (unsigned w = 0; w < SIM_CROWD; w++) {
                sim_link_reset(town.quarters[w].clients[CLIENTS - 1].wire);
                sim_client_connect(&town.quarters[w].clients[CLIENTS - 1], &town.quarters[w].world->sim,
                                   town.quarters[w].world->entry, "192.0.2.1");
                sim_client_post(&town.quarters[w].clients[CLIENTS - 1], "/echo", 1 + w * CLIENTS + CLIENTS - 1, 500, false);
            }
            publish(&town, route_with("http://10.0.0.1:80 http://10.0.0.2:80", collect));
        }
        assert_int_equal(wait_for_answers(&town), SIM_CROWD * CLIENTS);
        for (unsigned w = 0; w < SIM_CROWD; w++)
            for (unsigned i = 0; i < CLIENTS; i++) {
                struct sim_client *client = &town.quarters[w].clients[i];
                struct sim_message message;
                size_t count = round >= 1 && i == CLIENTS - 1 && client->asked == 1 ? 500 : 500 + 40000 * i;
                assert_true(sim_client_answer(client, client->asked - 1, &message));
                assert_true(sim_body_is(text_slice(&message.body), 1 + w * CLIENTS + i, count));
                sim_message_fini(&message);
            }
    }
    for (unsigned i = 0; i < 1000 && (spool_room_memory(room) || spool_room_file(room)); i++) {
        sim_crowd_round(town.crowd, 5);
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
    assert_int_equal(spool_room_memory(room), 0);
    assert_int_equal(spool_room_file(room), 0);
    end(&town);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_rate_limit_holds_over_all_workers),
        cmocka_unit_test(test_max_conn_holds_over_all_workers),
        cmocka_unit_test(test_a_breaker_trips_and_recovers_for_all_workers),
        cmocka_unit_test(test_turns_are_each_workers_and_health_is_everybodys),
        cmocka_unit_test(test_drr_moves_away_from_who_answers_badly_in_each_worker),
        cmocka_unit_test(test_bodies_are_collected_in_all_workers_by_the_same_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
