/* SPDX-License-Identifier: MIT */
/* Basic authentication on a whole worker. What the hashing threads do is done when the test says so. */
#include "sim_log.h"
#include "sim_login.h"
#include "waybill/base/offload.h"
#include "waybill/route/thread.h"

static void test_who_knows_the_password_gets_in(void **state)
{
    struct sim_scene scene;
    struct sim_message answer;
    (void)state;

    BEGIN(&scene, options.basic = "ann:" SECRET " bob:" OTHER);
    assert_int_equal(login(&scene, NULL), 401);
    assert_true(sim_client_answer(&scene.client, 0, &answer));
    assert_true(slice_eq(sim_message_field(&answer, "Www-Authenticate"), SLICE("Basic realm=\"traefik\"")));
    assert_true(slice_eq(sim_message_field(&answer, "Content-Type"), SLICE("text/plain")));
    assert_int_equal(sim_message_field_count(&answer, "Content-Type"), 1);
    assert_true(slice_eq(text_slice(&answer.body), SLICE("401 Unauthorized\n")));
    sim_message_fini(&answer);
    assert_int_equal(login(&scene, "ann:a"), 401);
    assert_int_equal(login(&scene, "bob:secret"), 401);
    assert_int_equal(login(&scene, "Ann:secret"), 401);
    assert_int_equal(login(&scene, "ann:secret "), 401);
    assert_int_equal(login(&scene, "ann:"), 401);
    assert_int_equal(login(&scene, "ann:" SECRET), 401);
    assert_int_equal(scene.server.request_count, 0);
    assert_int_equal(login(&scene, "ann:secret"), 200);
    assert_int_equal(login(&scene, "bob:a"), 200);
    assert_non_null(strstr(server_saw(&scene), "\r\nAuthorization: Basic Ym9iOmE=\r\n"));
    assert_int_equal(sim_world_ended(scene.world, REASON_UNAUTHORIZED), 7);
    scene_end(&scene);
}

static void test_every_method_and_an_upgrade_have_to_log_in(void **state)
{
    static const char *const lines[] = {"OPTIONS /x", "HEAD /len/5", "POST /echo", "DELETE /x",
                                        "GET /.well-known/acme-challenge/x"};
    static const char upgrade[] = SIM_WEBSOCKET;
    struct sim_scene scene;
    (void)state;

    BEGIN(&scene, options.basic = "ann:" SECRET);
    for (unsigned i = 0; i < WB_COUNT(lines); i++) {
        scene.client.is_head[i] = lines[i][0] == 'H';
        ask(&scene.client, lines[i], NULL, "Content-Length: 0\r\n");
        sim_settle(scene.sim);
        assert_int_equal(sim_client_status(&scene.client, i), 401);
    }
    ask(&scene.client, "GET /up", NULL, upgrade);
    sim_settle(scene.sim);
    assert_int_equal(sim_client_status(&scene.client, WB_COUNT(lines)), 401);
    assert_int_equal(scene.server.request_count, 0);
    ask(&scene.client, "GET /up", "ann:secret", upgrade);
    sim_settle(scene.sim);
    sim_world_hash(scene.world);
    sim_settle(scene.sim);
    assert_true(slice_starts(sim_client_rest(&scene.client, WB_COUNT(lines) + 1), SLICE("HTTP/1.1 101 ")));
    scene_end(&scene);
}

static void test_a_worker_goes_on_while_a_hash_is_made(void **state)
{
    struct sim_client other;
    struct sim_scene scene;
    (void)state;

    BEGIN(&scene, options.basic = "ann:" SECRET " sue:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=");
    ask(&scene.client, "GET /len/5", "ann:secret", "");
    sim_client_connect(&other, scene.sim, scene.world->entry, "192.0.2.2");
    ask(&other, "GET /len/5", "sue:secret", "");
    sim_advance(scene.sim, 1000);
    assert_int_equal(sim_client_status(&other, 0), 200); /* {SHA} is so fast that nobody has to wait */
    assert_int_equal(sim_client_status(&scene.client, 0), 0);
    assert_int_equal(sim_world_hash(scene.world), 1);
    sim_settle(scene.sim);
    assert_int_equal(sim_client_status(&scene.client, 0), 200);
    scene_end(&scene);
}

static void test_a_right_password_is_remembered_for_a_minute_and_a_wrong_one_never(void **state)
{
    struct sim_scene scene;
    (void)state;

    BEGIN(&scene, options.basic = "ann:" SECRET);
    ask(&scene.client, "GET /len/5", "ann:secret", "");
    ask(&scene.client, "GET /len/5", "ann:secret", "");
    sim_settle(scene.sim);
    assert_int_equal(sim_world_hash(scene.world), 1);
    sim_settle(scene.sim);
    assert_int_equal(sim_client_status(&scene.client, 1), 200); /* without a hash */
    sim_advance(scene.sim, 59000);
    ask(&scene.client, "GET /len/5", "ann:secret", "");
    sim_settle(scene.sim);
    assert_int_equal(sim_client_status(&scene.client, 2), 200);
    sim_advance(scene.sim, 2000);
    ask(&scene.client, "GET /len/5", "ann:secret", "");
    sim_settle(scene.sim);
    assert_int_equal(sim_world_hash(scene.world), 1);
    sim_settle(scene.sim);
    for (unsigned i = 0; i < 3; i++) {
        ask(&scene.client, "GET /len/5", "ann:wrong", "");
        sim_settle(scene.sim);
        assert_int_equal(sim_world_hash(scene.world), 1);
        sim_settle(scene.sim);
        assert_int_equal(sim_client_status(&scene.client, 4 + i), 401);
    }
    scene_end(&scene);
}

static void test_with_other_users_nothing_is_remembered(void **state)
{
    struct sim_scene scene;
    (void)state;

    BEGIN(&scene, options.basic = "ann:" SECRET);
    assert_int_equal(login(&scene, "ann:secret"), 200);
    options.basic = "ann:" OTHER;
    sim_world_publish(scene.world, &route, 1);
    assert_int_equal(login(&scene, "ann:secret"), 401);
    assert_int_equal(login(&scene, "ann:a"), 200);
    options.basic = "bob:" SECRET;
    sim_world_publish(scene.world, &route, 1);
    assert_int_equal(login(&scene, "ann:secret"), 401);
    assert_int_equal(login(&scene, "bob:secret"), 200);
    scene_end(&scene);
}

/* Security case F10: time does not tell who is there. */
static void test_who_is_not_there_costs_a_hash_too(void **state)
{
    struct sim_scene scene;
    (void)state;

    BEGIN(&scene, options.basic = "ann:" SECRET);
    for (unsigned i = 0; i < 3; i++) {
        ask(&scene.client, "GET /len/5", i < 2 ? "nobody:secret" : "ann:wrong", "");
        sim_settle(scene.sim);
        assert_int_equal(sim_world_hash(scene.world), 1);
        sim_settle(scene.sim);
        assert_int_equal(sim_client_status(&scene.client, i), 401);
    }
    /* His password being the one of whom he is treated like does not help, also when it is remembered. */
    assert_int_equal(login(&scene, "ann:secret"), 200);
    assert_int_equal(login(&scene, "nobody:secret"), 401);
    scene_end(&scene);
}

static void test_a_client_that_goes_takes_its_hash_along(void **state)
{
    (void)state;
    for (int when = 0; when < 3; when++) {
        struct sim_scene scene;
        BEGIN(&scene, options.basic = "ann:" SECRET);
        ask(&scene.client, "GET /len/5", "ann:secret", "");
        sim_settle(scene.sim);
        if (when == 1)
            passwords_work(scene.world->env.passwords); /* made, and on its way back */
        sim_link_close(scene.client.wire);
        sim_settle(scene.sim);
        assert_int_equal(cell_read(&scene.world->counters.active), 0);
        if (when < 2)
            assert_int_equal(sim_world_hash(scene.world), when);
        scene_end(&scene);
    }
}

static void test_a_reload_while_a_hash_is_made(void **state)
{
    struct sim_scene scene;
    (void)state;

    BEGIN(&scene, options.basic = "ann:" SECRET);
    ask(&scene.client, "GET /len/5", "ann:secret", "");
    sim_settle(scene.sim);
    options.basic = NULL;
    sim_world_publish(scene.world, &route, 1);
    sim_world_hash(scene.world);
    sim_settle(scene.sim);
    assert_int_equal(sim_client_status(&scene.client, 0), 200); /* it began with the former configuration */
    assert_int_equal(login(&scene, NULL), 200);
    scene_end(&scene);
}

static void test_too_many_hashes_of_one_frontend_are_not_another_ones_trouble(void **state)
{
    struct sim_client clients[OFFLOAD_LINE_MAX + 1], other;
    struct sim_scene scene;
    (void)state;

    BEGIN(&scene, options.basic = "ann:" SECRET);
    const struct sim_route routes[] = {route, route};
    struct sim_route both[] = {routes[0], routes[1]};
    both[1].name = "b";
    both[1].rule = "Host:b.test";
    sim_world_publish(scene.world, both, 2);
    for (size_t i = 0; i < WB_COUNT(clients); i++) {
        sim_client_connect(&clients[i], scene.sim, scene.world->entry, "192.0.2.2");
        ask(&clients[i], "GET /len/5", "ann:wrong", "");
        sim_settle(scene.sim);
    }
    assert_int_equal(sim_client_status(&clients[OFFLOAD_LINE_MAX], 0), 503);
    assert_int_equal(sim_world_ended(scene.world, REASON_AUTH_BUSY), 1);
    sim_client_connect(&other, scene.sim, scene.world->entry, "192.0.2.3");
    sim_client_ask(&other, "GET /len/5 HTTP/1.1\r\nHost: b.test\r\nAuthorization: Basic YW5uOnNlY3JldA==\r\n\r\n");
    sim_settle(scene.sim);
    assert_int_equal(sim_world_hash(scene.world), OFFLOAD_LINE_MAX + 1);
    sim_settle(scene.sim);
    assert_int_equal(sim_client_status(&other, 0), 200);
    assert_int_equal(sim_client_status(&clients[0], 0), 401);
    scene_end(&scene);
}

/* Defect A11, security case H4. */
static void test_the_name_goes_along_in_one_field_only(void **state)
{
    struct sim_scene scene;
    (void)state;

    BEGIN(&scene, options.basic = "ann:" SECRET, options.header_field = "x-webauth-user", options.remove_header = true);
    ask(&scene.client, "GET /len/5", "ann:secret",
        "X-WebAuth-User: root\r\nX_WEBAUTH_USER: root\r\nx.webauth-user: root\r\nConnection: x-webauth-user\r\n");
    sim_settle(scene.sim);
    sim_world_hash(scene.world);
    sim_settle(scene.sim);
    assert_int_equal(sim_client_status(&scene.client, 0), 200);
    assert_non_null(strstr(server_saw(&scene), "\r\nx-webauth-user: ann\r\n"));
    assert_null(strstr(server_saw(&scene), "root"));
    assert_null(strstr(server_saw(&scene), "Authorization"));
    scene_end(&scene);
}

static void test_several_authorizations_are_none(void **state)
{
    struct sim_scene scene;
    (void)state;

    BEGIN(&scene, options.basic = "sue:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=");
    assert_int_equal(login(&scene, "sue:secret"), 200);
    ask(&scene.client, "GET /len/5", "sue:secret", "Authorization: Bearer x\r\n");
    sim_settle(scene.sim);
    assert_int_equal(sim_client_status(&scene.client, 1), 401);
    scene_end(&scene);
}

static void test_the_deprecated_list_is_asked_besides(void **state)
{
    struct sim_scene scene;
    (void)state;

    BEGIN(&scene, options.basic = "ann:" SECRET " eve:" OTHER, options.list = "ann:" SECRET " bob:" SECRET);
    assert_int_equal(login(&scene, "bob:secret"), 401);
    assert_int_equal(login(&scene, "eve:a"), 401);
    assert_int_equal(login(&scene, "ann:secret"), 200);
    scene_end(&scene);
    BEGIN(&scene, options.list = "bob:" SECRET);
    assert_int_equal(login(&scene, "bob:secret"), 200);
    scene_end(&scene);
}

/* Security case K2. */
static void test_options_that_cannot_be_understood_close(void **state)
{
    static const struct {
        const char *users, *field;
    } cases[] = {
        {"", ""},
        {"ann:plain", ""},
        {"ann", ""},
        {"ann:" SECRET, "X User"},
        {"ann:" SECRET, "Content-Length"},
        {"ann:$$apr1$$H6uskkkW$$NNBs2U5LAblMB3OM9KekS/", ""},
    };
    (void)state;

    for (size_t i = 0; i < WB_COUNT(cases); i++)
        for (int digest = 0; digest < 2; digest++) {
            struct sim_scene scene;
            BEGIN(&scene, options.header_field = cases[i].field,
                  digest ? (options.digest = cases[i].users) : (options.basic = cases[i].users));
            assert_int_equal(login(&scene, NULL), 503);
            assert_int_equal(login(&scene, "ann:secret"), 503);
            assert_int_equal(login(&scene, "ann:plain"), 503);
            assert_int_equal(scene.server.request_count, 0);
            scene_end(&scene);
        }
}

static void test_an_entrypoint_asks_before_anything_is_routed(void **state)
{
    struct sim_scene scene;
    struct arena arena;
    (void)state;

    arena_init(&arena, 0);
    memset(&options, 0, sizeof options);
    options.basic = "ann:" SECRET;
    scene_prepare(&scene, 0);
    scene.world->outer.auth = make_auth(&arena);
    scene_start(&scene);
    assert_false(scene.world->entrypoint.closed);
    sim_world_serve(scene.world, SIM_SERVER_URL);
    assert_int_equal(login(&scene, NULL), 401);
    assert_int_equal(login(&scene, "ann:secret"), 200);
    ask(&scene.client, "GET /len/5", "ann:wrong", "");
    sim_settle(scene.sim);
    sim_link_close(scene.client.wire);
    sim_settle(scene.sim);
    scene_end(&scene);
    arena_fini(&arena);
}

static void test_the_log_says_who_logged_in(void **state)
{
    const struct access_log_options wanted = log_options();
    struct sim_logged l;
    (void)state;

    BEGIN(&l.scene, options.basic = "ann:" SECRET);
    log_start(&l, &wanted);
    assert_int_equal(login(&l.scene, "ann:secret"), 200);
    log_expect(&l, "^192\\.0\\.2\\.1 - ann \\[.* \"a\" \"http://10\\.0\\.0\\.1:80\" [0-9]+ms\n$");
    assert_int_equal(login(&l.scene, "ann:wrong"), 401);
    log_expect(&l, "^192\\.0\\.2\\.1 - - \\[.* 401 17 \"-\" \"-\" [0-9]+ \"Auth for a\" \"/len/5\" [0-9]+ms\n$");
    log_end(&l);
}

/* Workers of their own threads, with the hashing threads between them; says most under TSan. */

enum { WORKERS = 4, ROUNDS = 40 };

struct busy_worker {
    pthread_t thread;
    unsigned number;
    struct passwords *shared;
    unsigned right, wrong, busy, gone;
};

static void wait_for_answer(struct sim_scene *scene, unsigned index)
{
    while (sim_client_status(&scene->client, index) == 0) {
        mailbox_open_all(&scene->sim->loop.mailbox, NULL);
        sim_settle(scene->sim);
        usleep(50);
    }
}

static void play_round(struct busy_worker *worker, struct sim_scene *scene, unsigned round)
{
    static const char *const given[] = {"ann:secret", "bob:a", "ann:wrong", "nobody:secret"};
    unsigned kind = (round + worker->number) % WB_COUNT(given), index = scene->client.asked;
    struct sim_client other;

    sim_client_connect(&other, scene->sim, scene->world->entry, "192.0.2.7");
    ask(&other, "GET /len/5", "ann:gone", "");
    ask(&scene->client, "GET /len/5", given[kind], "");
    sim_settle(scene->sim);
    sim_link_close(other.wire); /* while its hash waits, is made, or comes back */
    worker->gone++;
    wait_for_answer(scene, index);
    unsigned status = sim_client_status(&scene->client, index);
    worker->right += kind < 2 && status == 200;
    worker->wrong += kind >= 2 && status == 401;
    worker->busy += status == 503;
    if (scene->client.asked == SIM_REQUESTS_MAX)
        sim_client_connect(&scene->client, scene->sim, scene->world->entry, "192.0.2.1");
}

static void *work_busily(void *arg)
{
    struct busy_worker *worker = arg;
    struct sim_scene *scene = wb_alloc(sizeof *scene);

    route_use_thread(worker->number + 1);
    scene_begin(scene);
    passwords_destroy(&scene->world->env.passwords);
    scene->world->env.passwords = worker->shared;
    sim_world_publish(scene->world, &route, 1);
    for (unsigned round = 0; round < ROUNDS; round++)
        play_round(worker, scene, round);
    sim_link_close(scene->client.wire);
    sim_settle(scene->sim);
    mailbox_close(&scene->sim->loop.mailbox); /* as a worker that ends; what is being made is dropped where it is made */
    mailbox_open_all(&scene->sim->loop.mailbox, NULL);
    return scene;
}

static void test_many_workers_share_the_hashing_threads(void **state)
{
    struct passwords *shared = passwords_create(2);
    struct busy_worker workers[WORKERS] = {0};
    struct sim_scene *scenes[WORKERS];
    (void)state;

    memset(&options, 0, sizeof options);
    options.basic = "ann:" SECRET " bob:" OTHER;
    for (unsigned i = 0; i < WORKERS; i++) {
        workers[i].number = i;
        workers[i].shared = shared;
        assert_int_equal(pthread_create(&workers[i].thread, NULL, work_busily, &workers[i]), 0);
    }
    for (unsigned i = 0; i < WORKERS; i++) {
        void *scene;
        pthread_join(workers[i].thread, &scene);
        scenes[i] = scene;
        assert_int_equal(workers[i].right + workers[i].wrong + workers[i].busy, ROUNDS);
        assert_true(workers[i].right > ROUNDS / 4);
        assert_int_equal(workers[i].gone, ROUNDS);
    }
    passwords_destroy(&shared); /* before the workers' loops, as in main */
    for (unsigned i = 0; i < WORKERS; i++) {
        scenes[i]->world->env.passwords = passwords_create(0);
        scene_end(scenes[i]);
        free(scenes[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_who_knows_the_password_gets_in),
        cmocka_unit_test(test_every_method_and_an_upgrade_have_to_log_in),
        cmocka_unit_test(test_a_worker_goes_on_while_a_hash_is_made),
        cmocka_unit_test(test_a_right_password_is_remembered_for_a_minute_and_a_wrong_one_never),
        cmocka_unit_test(test_with_other_users_nothing_is_remembered),
        cmocka_unit_test(test_who_is_not_there_costs_a_hash_too),
        cmocka_unit_test(test_a_client_that_goes_takes_its_hash_along),
        cmocka_unit_test(test_a_reload_while_a_hash_is_made),
        cmocka_unit_test(test_too_many_hashes_of_one_frontend_are_not_another_ones_trouble),
        cmocka_unit_test(test_the_name_goes_along_in_one_field_only),
        cmocka_unit_test(test_several_authorizations_are_none),
        cmocka_unit_test(test_the_deprecated_list_is_asked_besides),
        cmocka_unit_test(test_options_that_cannot_be_understood_close),
        cmocka_unit_test(test_an_entrypoint_asks_before_anything_is_routed),
        cmocka_unit_test(test_the_log_says_who_logged_in),
        cmocka_unit_test(test_many_workers_share_the_hashing_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
