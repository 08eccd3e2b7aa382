/* SPDX-License-Identifier: MIT */
/* links: sim settings */
/*
 * A whole worker whose route has any filters, between a client and servers that do anything, on the fake clock. Whatever happens, it
 * ends: nothing is lent, counted or waited for afterwards (sim_world_destroy looks).
 *
 * The first byte says which filters there are, the second how bytes travel. Then come acts, each up to the next 0xff: its
 * first byte says whose it is.
 *
 *   c client sends   C it says its end   R it resets   n another one comes   P it stops or goes on reading
 *   s server sends   S ...               X ...         (the latest connection; g, G: of error pages; a, A: the one who is asked)
 *   t time passes    d the disk works    h passwords are hashed
 *   p other configuration    q none at all    e the worker is to end
 */
#include "sim_world.h"
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

enum { ACTS_MAX = 60, QUITE_LONG_MS = 400000 };
enum {
    COLLECTED = 1,
    REPEATED = 2,
    WITH_PAGES = 4,
    COMPRESSED = 8,
    WITH_HEADERS = 16,
    TIMED = 32,
    GUARDED = 64,
    LIMITED = 128
};

struct play {
    struct sim_world *world;
    struct sim_client client;
    struct sim_server server, pages, guard;
    bool paused, reloaded;
};

static unsigned wanted;

static void set_backend(struct arena *arena, struct model_backend *backend)
{
    backend->load_balancer = ARENA_NEW(arena, struct model_load_balancer);
    backend->load_balancer->method = wanted & LIMITED ? SLICE("drr") : SLICE("wrr");
    backend->load_balancer->sticky = wanted & LIMITED;
    if (wanted & COLLECTED) {
        backend->buffering = ARENA_NEW(arena, struct model_buffering);
        *backend->buffering = (struct model_buffering){.max_request_body_bytes = 3000,
                                                       .max_response_body_bytes = 3000,
                                                       .mem_request_body_bytes = 100,
                                                       .mem_response_body_bytes = 100};
        if (wanted & REPEATED)
            backend->buffering->retry_expression = SLICE("(IsNetworkError() || ResponseCode() == 500) && Attempts() <= 2");
    }
    if (wanted & LIMITED) {
        backend->max_conn = ARENA_NEW(arena, struct model_max_conn);
        *backend->max_conn = (struct model_max_conn){.amount = 1, .extractor_func = SLICE("client.ip")};
        backend->circuit_breaker = ARENA_NEW(arena, struct model_circuit_breaker);
        backend->circuit_breaker->expression = SLICE("NetworkErrorRatio() > 0.9");
    }
}

static void set_headers(struct arena *arena, struct model_frontend *frontend)
{
    static const struct model_pair pairs[] = {{{"X-Set", 5}, {"yes", 3}}, {{"X-Gone", 6}, {"", 0}}};

    frontend->headers = ARENA_NEW(arena, struct model_headers);
    frontend->headers->custom_request_headers.items = frontend->headers->custom_response_headers.items = ARENA_ARRAY(
        arena, struct model_pair, WB_COUNT(pairs));
    memcpy(frontend->headers->custom_request_headers.items, pairs, sizeof pairs);
    frontend->headers->custom_request_headers.count = frontend->headers->custom_response_headers.count = WB_COUNT(pairs);
    frontend->headers->frame_deny = true;
    frontend->headers->content_security_policy = SLICE("a $NONCE");
}

static void set_options(struct arena *arena, struct model_frontend *frontend, struct model_backend *backend)
{
    set_backend(arena, backend);
    if (wanted & WITH_HEADERS)
        set_headers(arena, frontend);
    if ((wanted & WITH_HEADERS) && (wanted & GUARDED)) /* name and password are `a` */
        slices_add(arena, &frontend->basic_auth, SLICE("a:$apr1$abcdefgh$G8IsPsylW5ROvIKsQMRG61"));
    if (wanted & TIMED) {
        frontend->timeouts = ARENA_NEW(arena, struct model_timeouts);
        *frontend->timeouts = (struct model_timeouts){
            .total = SLICE("2s"), .body = SLICE("1s"), .response_header = SLICE("700ms")};
    }
    if (wanted & WITH_PAGES) {
        frontend->errors = ARENA_NEW(arena, struct model_error_page);
        frontend->error_count = 1;
        frontend->errors[0] = (struct model_error_page){
            .name = SLICE("e"), .backend = SLICE("pages"), .query = SLICE("/{status}")};
        slices_add(arena, &frontend->errors[0].status, SLICE("400-599"));
    }
}

static void set_options_of_pages(struct arena *arena, struct model_frontend *frontend, struct model_backend *backend)
{
    (void)frontend;
    set_backend(arena, backend);
}

static void publish(struct play *play)
{
    const struct sim_route routes[] = {
        {.name = "a",
         .rule = play->reloaded ? "Host:a.test;PathPrefix:/" : "Host:a.test",
         .servers = play->reloaded ? "http://10.0.0.2:80 http://10.0.0.1:80" : "http://10.0.0.1:80 http://10.0.0.3:80",
         .auth = wanted & GUARDED ? "http://10.0.0.8:80/check" : NULL,
         .set_options = set_options},
        {.name = "pages", .rule = "Host:pages.test", .servers = "http://10.0.0.9:80", .set_options = set_options_of_pages},
    };

    sim_world_publish(play->world, routes, WB_COUNT(routes));
}

static void begin_server(struct play *play, struct sim_server *server, const char *ip)
{
    sim_server_init(server, &play->world->sim, ip, 80, "");
    server->raw = true;
}

static void begin(struct play *play, uint8_t options, uint8_t seed)
{
    *play = (struct play){.world = sim_world_create(seed)};
    wanted = options;
    play->world->sim.vary = seed != 0;
    play->world->outer.compress = options & COMPRESSED;
    play->world->spool.memory_max = 1 << 20;
    sim_world_start(play->world);
    begin_server(play, &play->server, "10.0.0.1");
    begin_server(play, &play->pages, "10.0.0.9");
    begin_server(play, &play->guard, "10.0.0.8");
    publish(play);
    sim_client_connect(&play->client, &play->world->sim, play->world->entry, "192.0.2.1");
}

static void send(struct sim_link *link, struct slice bytes)
{
    if (bytes.len && !link->gone && !link->fin_coming && !link->reset_coming)
        sim_link_send(link, bytes);
}

static void shut(struct sim_link *link, bool reset)
{
    if (link->gone || link->fin_coming || link->reset_coming)
        return;
    if (reset)
        sim_link_reset(link);
    else
        sim_link_shut(link);
}

static void act_of_server(struct sim_server *server, bool ends, bool resets, struct slice bytes)
{
    struct sim_conn *conn = sim_server_conn(server);

    if (!conn)
        return;
    send(conn->wire, bytes);
    if (ends)
        shut(conn->wire, resets);
}

static void act(struct play *play, char who, struct slice bytes)
{
    switch (who) {
    case 'c':
        send(play->client.wire, bytes);
        break;
    case 'C':
    case 'R':
        shut(play->client.wire, who == 'R');
        break;
    case 'n': /* the one before goes on by itself */
        sim_client_connect(&play->client, &play->world->sim, play->world->entry, "192.0.2.1");
        play->paused = false;
        break;
    case 'P':
        play->paused = !play->paused;
        sim_link_pause(play->client.wire, play->paused);
        break;
    case 's':
    case 'S':
    case 'X':
        act_of_server(&play->server, who != 's', who == 'X', bytes);
        break;
    case 'g':
    case 'G':
        act_of_server(&play->pages, who == 'G', false, bytes);
        break;
    case 'a':
    case 'A':
        act_of_server(&play->guard, who == 'A', false, bytes);
        break;
    case 't':
        sim_advance(&play->world->sim, bytes.len * 97);
        break;
    case 'd':
        sim_world_spool(play->world);
        break;
    case 'h':
        sim_world_hash(play->world);
        break;
    case 'p':
        play->reloaded = !play->reloaded;
        publish(play);
        break;
    case 'q':
        sim_world_publish(play->world, NULL, 0);
        break;
    case 'e':
        entry_drain(play->world->entry);
        break;
    default:
        break;
    }
    sim_advance(&play->world->sim, 1);
}

static void end(struct play *play)
{
    struct environment *env = &play->world->env;

    for (unsigned i = 0; i < 3; i++) { /* each round may begin what the next one ends */
        sim_world_spool(play->world);
        sim_advance(&play->world->sim, QUITE_LONG_MS);
    }
    entry_cut(play->world->entry); /* a server may think for ever */
    sim_world_spool(play->world);
    WB_REQUIRE(env->encoder_bytes == 0);
    WB_REQUIRE(spool_room_memory(env->spool_room) == 0 && spool_room_file(env->spool_room) == 0);
    sim_server_fini(&play->server);
    sim_server_fini(&play->pages);
    sim_server_fini(&play->guard);
    sim_world_destroy(&play->world);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct play play;
    struct slice rest, part;

    if (size < 2)
        return 0;
    begin(&play, bytes[0], bytes[1]);
    rest = slice_make((const char *)bytes + 2, size - 2);
    for (unsigned i = 0; i < ACTS_MAX && slice_cut(&rest, '\xff', &part); i++)
        if (part.len)
            act(&play, part.ptr[0], slice_from(part, 1));
    end(&play);
    return 0;
}
