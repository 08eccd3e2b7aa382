/* SPDX-License-Identifier: MIT */
/* Internal routes: what their documents and bodies may hold, when many read slowly or send without end. */
#include "sim_test.h"

enum { DOCUMENT_BYTES = 30 << 20 };

static bool answer_long(void *arg, const struct local_request *request, struct local_answer *out_answer)
{
    (void)arg;
    if (!request->filtered)
        return false;
    out_answer->status = 200;
    if (slice_eq(request->path, SLICE("/long"))) {
        text_reserve(&out_answer->body, DOCUMENT_BYTES);
        memset(out_answer->body.ptr, 'x', DOCUMENT_BYTES);
        out_answer->body.len = DOCUMENT_BYTES;
    } else if (slice_eq(request->method, SLICE("PUT")) && !request->has_body) {
        out_answer->wants_body = true;
    } else {
        text_addf(&out_answer->body, "%zu", request->body.len);
    }
    return true;
}

static void begin_local(struct sim_scene *scene)
{
    scene_prepare(scene, 0);
    scene_start(scene);
    scene->world->env.local.answer = answer_long;
    scene->world->entrypoint.has_local = true;
}

/* Takes the head at most. */
static void read_slowly(struct sim_scene *scene, struct sim_client *client)
{
    sim_client_connect(client, scene->sim, scene->world->entry, "192.0.2.9");
    client->wire->wire_rules.socket_bytes = 1000;
    sim_client_get(client, "/long", 1);
    sim_link_pause(client->wire, true);
    sim_advance(scene->sim, 10);
}

static void test_slow_readers_of_long_documents_hold_no_more_than_they_may(void **state)
{
    struct sim_scene scene;
    struct sim_client slow[2], third, little;
    (void)state;

    begin_local(&scene);
    for (size_t i = 0; i < WB_COUNT(slow); i++)
        read_slowly(&scene, &slow[i]);
    assert_int_equal(scene.world->env.local_bytes, 2 * DOCUMENT_BYTES);
    sim_client_connect(&third, scene.sim, scene.world->entry, "192.0.2.9");
    sim_client_get(&third, "/long", 1);
    sim_client_connect(&little, scene.sim, scene.world->entry, "192.0.2.9");
    sim_client_get(&little, "/short", 1);
    sim_advance(scene.sim, 100);
    assert_int_equal(sim_client_status(&third, 0), 503);
    assert_int_equal(sim_client_status(&little, 0), 200);
    assert_int_equal(sim_world_ended(scene.world, REASON_API_BUSY), 1);
    sim_link_close(slow[0].wire);
    sim_advance(scene.sim, 10);
    assert_int_equal(scene.world->env.local_bytes, DOCUMENT_BYTES);
    read_slowly(&scene, &third);
    assert_int_equal(scene.world->env.local_bytes, 2 * DOCUMENT_BYTES);
    scene_end(&scene);
}

static void put_without_end(struct sim_client *client)
{
    sim_client_ask(client, "PUT /put HTTP/1.1\r\nHost: a.test\r\nContent-Length: 4194304\r\n\r\n");
}

static void test_bodies_that_come_count_too(void **state)
{
    struct sim_scene scene;
    struct sim_client slow[2], some, more, little;
    (void)state;

    begin_local(&scene);
    sim_client_connect(&some, scene.sim, scene.world->entry, "192.0.2.9");
    put_without_end(&some);
    sim_link_send_pattern(some.wire, 3 << 20);
    sim_advance(scene.sim, 100);
    assert_int_equal(scene.world->env.local_bytes, 3 << 20);
    for (size_t i = 0; i < WB_COUNT(slow); i++)
        read_slowly(&scene, &slow[i]);
    sim_client_connect(&more, scene.sim, scene.world->entry, "192.0.2.9");
    put_without_end(&more);
    sim_link_send_pattern(more.wire, 3 << 20);
    sim_client_connect(&little, scene.sim, scene.world->entry, "192.0.2.9");
    sim_client_ask(&little, "PUT /put HTTP/1.1\r\nHost: a.test\r\nContent-Length: 5\r\n\r\nabcde");
    sim_advance(scene.sim, 100);
    assert_int_equal(sim_client_status(&more, 0), 503);
    assert_int_equal(sim_client_status(&little, 0), 200);
    sim_link_close(some.wire);
    sim_link_close(slow[0].wire);
    sim_link_close(slow[1].wire);
    sim_link_close(little.wire);
    sim_advance(scene.sim, 60000);
    assert_int_equal(scene.world->env.local_bytes, 0);
    scene_end(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_slow_readers_of_long_documents_hold_no_more_than_they_may),
        cmocka_unit_test(test_bodies_that_come_count_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
