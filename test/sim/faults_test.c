/* SPDX-License-Identifier: MIT */
/*
 * Thousands of random runs: cuts, slow sockets, servers that refuse, reset and close anywhere, clients that go away.
 *
 * What must hold whatever happens: no answer reaches a request that is not its own, no complete answer carries anything but
 * its own body, nothing with a side effect is executed twice, and at the end nothing is left (sim_world_destroy looks:
 * buffers, deadlines, streams, snapshots; LeakSanitizer the rest).
 */
#include "sim_h2.h"
#include "sim_test.h"

#if defined(__SANITIZE_THREAD__)
enum { SEEDS = 40 }; /* one thread: there is little for TSan to see, and it is slow at it */
#elif defined(WB_SANITIZED)
enum { SEEDS = 250 };
#else
enum { SEEDS = 2500 };
#endif
enum { CLIENTS = 4, SERVERS = 3, SHARED = 2, PER_CLIENT = 6 };

enum shape { SHAPE_GET, SHAPE_POST_LENGTH, SHAPE_POST_CHUNKED, SHAPE_HEAD, SHAPE_UPGRADE, SHAPE_BROKEN, SHAPE_COUNT };

struct storm {
    struct sim_world *world;
    struct sim *sim;
    struct sim_server servers[SERVERS], auth;
    struct sim_h2_server shared[SHARED];
    struct sim_client clients[CLIENTS];
    enum shape shapes[CLIENTS][PER_CLIENT];
    unsigned completed, cut;
};

static unsigned id_of(unsigned client, unsigned index)
{
    return 1 + client * PER_CLIENT + index;
}

static void publish(struct storm *s)
{
    static const struct sim_route routes[] = {
        {.name = "a",
         .rule = "Host:a.test",
         .servers = "http://10.0.0.1:80 h2c://10.0.0.4:80 http://web:80 h2c://10.0.0.5:80"},
        {.name = "b",
         .rule = "Host:a.test;PathPrefix:/len",
         .servers = "http://10.0.0.1:80 http://10.0.0.2:80 h2c://10.0.0.4:80",
         .auth = "http://10.0.0.8:9000/204"},
    };
    struct sim_route chosen[2] = {routes[0], routes[1]};
    if (sim_draw(s->sim, 3) == 0)
        chosen[0].servers =
            "http://10.0.0.2:80 h2c://10.0.0.5:80 http://web:80"; /* a server leaves while requests are on their way to it */
    sim_world_publish(s->world, chosen, 1 + (size_t)sim_draw(s->sim, 2));
}

static void begin_storm(struct storm *s, uint64_t seed)
{
    static const char *const ips[SERVERS] = {"10.0.0.1", "10.0.0.2", "10.0.0.3"};

    *s = (struct storm){.world = sim_world_create(seed)};
    s->sim = &s->world->sim;
    s->sim->vary = true;
    s->world->upstream.response_timeout_ms = sim_draw(s->sim, 2) ? 300 : 0;
    sim_world_start(s->world);
    for (unsigned i = 0; i < SERVERS; i++) {
        sim_server_init(&s->servers[i], s->sim, ips[i], 80, ips[i]);
        if (sim_draw(s->sim, 8) == 0)
            s->servers[i].listener.dial = SIM_REFUSE;
        s->servers[i].listener.refusals = (unsigned)sim_draw(s->sim, 3);
        s->servers[i].listener.dial_ms = sim_draw(s->sim, 5);
    }
    for (unsigned i = 0; i < SHARED; i++) {
        sim_h2_server_init(&s->shared[i], s->sim, i ? "10.0.0.5" : "10.0.0.4", 80, i ? "five" : "four");
        s->shared[i].limits.streams = 1 + (unsigned)sim_draw(s->sim, 4);
        s->shared[i].limits.stream_window = 100 + (size_t)sim_draw(s->sim, 60000);
        s->shared[i].listener.dial_ms = sim_draw(s->sim, 5);
    }
    sim_server_init(&s->auth, s->sim, "10.0.0.8", 9000, "auth");
    struct sim_name name = {
        .host = "web", .when = sim_draw(s->sim, 2) ? SIM_NAME_LATER : SIM_NAME_AT_ONCE, .after_ms = 3, .address_count = 2};
    WB_REQUIRE(address_parse(SLICE("10.0.0.9"), 0, &name.addresses[0]));
    WB_REQUIRE(address_parse(SLICE("10.0.0.3"), 0, &name.addresses[1]));
    s->sim->names[s->sim->name_count++] = name;
    publish(s);
    for (unsigned i = 0; i < CLIENTS; i++)
        sim_client_connect(&s->clients[i], s->sim, s->world->entry, "192.0.2.1");
}

static void end_storm(struct storm *s)
{
    for (unsigned i = 0; i < SERVERS; i++)
        sim_server_fini(&s->servers[i]);
    for (unsigned i = 0; i < SHARED; i++)
        sim_h2_server_fini(&s->shared[i]);
    sim_server_fini(&s->auth);
    sim_world_destroy(&s->world);
}

static void draw_path(struct sim *sim, char *out, size_t size)
{
    static const char *const kinds[] = {"len", "chunked", "close", "204", "304", "cont", "hints", "early", "echo", "mute"};
    static const unsigned bytes[] = {0, 1, 50, 200, 1000, 3000, 20000};

    snprintf(out, size, "/%s/%u/%u", kinds[sim_draw(sim, WB_COUNT(kinds))], bytes[sim_draw(sim, WB_COUNT(bytes))],
             (unsigned)sim_draw(sim, 30));
}

static void ask(struct storm *s, unsigned number)
{
    struct sim_client *client = &s->clients[number];
    unsigned id = id_of(number, client->asked);
    enum shape shape = (enum shape)sim_draw(s->sim, SHAPE_COUNT);
    char path[64], text[300];

    draw_path(s->sim, path, sizeof path);
    s->shapes[number][client->asked] = shape;
    switch (shape) {
    case SHAPE_GET:
        sim_client_get(client, path, id);
        break;
    case SHAPE_POST_LENGTH:
    case SHAPE_POST_CHUNKED:
        sim_client_post(client, path, id, (size_t)sim_draw(s->sim, 3) * 4000, shape == SHAPE_POST_CHUNKED);
        break;
    case SHAPE_HEAD:
    case SHAPE_UPGRADE:
        snprintf(text, sizeof text, "%s %s HTTP/1.1\r\nHost: a.test\r\nX-Id: %u\r\n%s\r\n",
                 shape == SHAPE_HEAD ? "HEAD" : "GET", shape == SHAPE_HEAD ? path : "/up", id,
                 shape == SHAPE_HEAD ? "" : "Connection: Upgrade\r\nUpgrade: echo\r\n");
        sim_client_ask(client, text);
        break;
    case SHAPE_BROKEN:
        snprintf(text, sizeof text,
                 "POST %s HTTP/1.1\r\nHost: a.test\r\nX-Id: %u\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhelloXX", path, id);
        sim_client_ask(client, text);
        break;
    case SHAPE_COUNT:
        break;
    }
}

static void hurt_a_server(struct storm *s)
{
    struct sim_server *server = sim_draw(s->sim, 6) ? &s->servers[sim_draw(s->sim, SERVERS)] : &s->auth;

    LIST_EACH (node, &server->conns) {
        struct sim_link *wire = LIST_ENTRY(node, struct sim_conn, link)->wire;
        if (wire->gone || wire->fin_coming || sim_draw(s->sim, 2))
            continue;
        if (sim_draw(s->sim, 2))
            sim_link_close(wire);
        else
            sim_link_reset(wire);
    }
}

static void hurt_a_shared_server(struct storm *s)
{
    struct sim_h2_server *server = &s->shared[sim_draw(s->sim, SHARED)];

    server->refuse = (unsigned)sim_draw(s->sim, 2);
    LIST_EACH (node, &server->conns) {
        struct sim_h2_conn *conn = LIST_ENTRY(node, struct sim_h2_conn, link);
        if (conn->wire->gone || conn->wire->fin_coming)
            continue;
        switch (sim_draw(s->sim, 6)) {
        case 0:
            sim_link_close(conn->wire);
            break;
        case 1:
            sim_link_reset(conn->wire);
            break;
        case 2:
            sim_h2_go_away(conn);
            break;
        case 3:
            sim_h2_reset_all(conn, sim_draw(s->sim, 2) ? H2_INTERNAL_ERROR : H2_PROTOCOL_ERROR);
            break;
        default:
            break;
        }
    }
}

static void hurt_a_client(struct storm *s)
{
    struct sim_link *wire = s->clients[sim_draw(s->sim, CLIENTS)].wire;

    if (wire->gone || wire->fin_coming)
        return;
    switch (sim_draw(s->sim, 5)) {
    case 0:
        sim_link_close(wire);
        break;
    case 1:
        sim_link_reset(wire);
        break;
    case 2:
        sim_link_shut(wire);
        break;
    default:
        sim_link_pause(wire, !wire->paused);
        break;
    }
}

static void act(struct storm *s)
{
    unsigned number = (unsigned)sim_draw(s->sim, CLIENTS);
    struct sim_client *client = &s->clients[number];

    switch (sim_draw(s->sim, 8)) {
    case 0:
        if (sim_draw(s->sim, 2))
            hurt_a_server(s);
        else
            hurt_a_shared_server(s);
        break;
    case 1:
        if (sim_draw(s->sim, 4) == 0)
            hurt_a_client(s);
        break;
    case 2:
        publish(s);
        break;
    default:
        if (client->asked < PER_CLIENT && !client->wire->gone && !client->wire->fin_coming)
            ask(s, number);
        break;
    }
    sim_advance(s->sim, sim_draw(s->sim, 12));
}

/* An answer of a server says whose it is, and its body shows it. */
static void check_answer(struct storm *s, uint64_t seed, unsigned id, const struct sim_message *answer)
{
    struct slice written = sim_message_field(answer, "X-Id"), body = text_slice(&answer->body);
    uint64_t got = 0;

    s->completed++;
    if (sim_message_status(answer) >= 400 || sim_message_field(answer, "X-Server").len == 0)
        return;
    if (!slice_to_u64(written, SIM_IDS_MAX, &got) || got != id)
        fail_msg("seed %d: request %u got the answer to " SLICE_FMT, (int)seed, id, SLICE_ARG(written));
    if (!sim_body_is(body, id, body.len))
        fail_msg("seed %d: the body of %u is not its own", (int)seed, id);
}

static void check_clients(struct storm *s, uint64_t seed)
{
    for (unsigned c = 0; c < CLIENTS; c++)
        for (unsigned i = 0; i < s->clients[c].asked; i++) {
            struct sim_message answer;
            bool whole = sim_client_answer(&s->clients[c], i, &answer);
            bool tunnel = whole && sim_message_status(&answer) == 101;
            if (whole)
                check_answer(s, seed, id_of(c, i), &answer);
            s->cut += !whole;
            sim_message_fini(&answer);
            if (!whole || tunnel)
                break; /* nothing that follows can be told apart */
        }
}

static void check_servers(struct storm *s, uint64_t seed)
{
    for (unsigned c = 0; c < CLIENTS; c++)
        for (unsigned i = 0; i < s->clients[c].asked; i++) {
            unsigned id = id_of(c, i), executed = 0;
            for (unsigned n = 0; n < SERVERS; n++)
                executed += s->servers[n].executed[id];
            for (unsigned n = 0; n < SHARED; n++)
                executed += s->shared[n].executed[id];
            enum shape shape = s->shapes[c][i];
            bool effect = shape == SHAPE_POST_LENGTH || shape == SHAPE_POST_CHUNKED || shape == SHAPE_BROKEN;
            if (effect && executed > 1)
                fail_msg("seed %d: POST %u was executed %u times", (int)seed, id, executed);
        }
}

static void run_storm(uint64_t seed, unsigned *completed, unsigned *cut)
{
    struct storm s;

    begin_storm(&s, seed);
    for (unsigned i = 0; i < 60; i++)
        act(&s);
    sim_advance(s.sim, sim_draw(s.sim, 2) ? 100 : 400000);
    check_clients(&s, seed);
    check_servers(&s, seed);
    if (sim_draw(s.sim, 2)) {
        entry_drain(s.world->entry);
        sim_advance(s.sim, sim_draw(s.sim, 3000));
    }
    *completed += s.completed;
    *cut += s.cut;
    end_storm(&s);
}

static void test_nothing_is_mixed_up_repeated_or_left_behind(void **state)
{
    const char *one = getenv("SIM_SEED");
    unsigned completed = 0, cut = 0;
    (void)state;

    for (uint64_t seed = one ? strtoull(one, NULL, 10) : 1; seed <= (one ? strtoull(one, NULL, 10) : SEEDS); seed++) {
        if (getenv("SIM_TRACE"))
            fprintf(stderr, "seed %llu\n", (unsigned long long)seed);
        run_storm(seed, &completed, &cut);
    }
    if (!one) {
        /* The storm is neither a calm nor the end of everything. */
        assert_true(completed > SEEDS * 3);
        assert_true(cut > SEEDS / 2);
    }
    print_message("%u answers came whole, %u did not\n", completed, cut);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_nothing_is_mixed_up_repeated_or_left_behind)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
