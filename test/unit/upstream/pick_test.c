/* SPDX-License-Identifier: MIT */
/* The balancer's turns, and which pool belongs to which server. No connection is made here: test/sim has those. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "upstream_private.h"
#include "waybill/upstream/upstream.h"
#include <stdlib.h>

static void no_wake(struct loop *loop, uint64_t at_ms)
{
    (void)loop;
    (void)at_ms;
}

static const struct loop_ops ops = {.wake_at = no_wake};

static void no_ring(void *arg)
{
    (void)arg;
}

struct rig {
    struct loop loop;
    struct upstream *upstream;
    struct route_server servers[4];
    struct route_backend backend;
};

static void begin(struct rig *rig, size_t count, const unsigned *weights, unsigned gcd, unsigned max)
{
    struct upstream_options options = {.idle_timeout_ms = 1000, .max_idle_per_server = 2};

    *rig = (struct rig){
        .backend = {.name = SLICE("b"), .generation = 1, .server_count = count, .weight_gcd = gcd, .weight_max = max}};
    loop_init(&rig->loop, &ops, no_ring, NULL);
    rig->upstream = upstream_create(&rig->loop, &options);
    rig->backend.servers = rig->servers;
    for (size_t i = 0; i < count; i++)
        rig->servers[i] = (struct route_server){
            .host = SLICE("10.0.0.1"), .port = 80, .slot = (uint32_t)i, .generation = i + 1, .weight = weights[i]};
}

static void end(struct rig *rig)
{
    upstream_destroy(&rig->upstream);
    loop_fini(&rig->loop);
}

/* "AACABC": who is taken, in turn. */
static void expect_turns(struct rig *rig, const char *expected, const uint32_t *tried, size_t tried_count)
{
    for (const char *c = expected; *c; c++) {
        const struct route_server *server = upstream_pick(rig->upstream, &rig->backend, tried, tried_count);
        assert_non_null(server);
        assert_int_equal('A' + (int)server->slot, *c);
    }
}

static void test_weights_interleave_as_in_v17(void **state)
{
    struct rig rig;
    (void)state;

    begin(&rig, 3, (unsigned[]){3, 1, 2}, 1, 3);
    expect_turns(&rig, "AACABCAACABC", NULL, 0);
    end(&rig);
    begin(&rig, 3, (unsigned[]){1, 1, 1}, 1, 1);
    expect_turns(&rig, "ABCABC", NULL, 0);
    end(&rig);
    begin(&rig, 2, (unsigned[]){4, 2}, 2, 4);
    expect_turns(&rig, "AABAAB", NULL, 0);
    end(&rig);
    begin(&rig, 1, (unsigned[]){7}, 7, 7);
    expect_turns(&rig, "AAA", NULL, 0);
    end(&rig);
}

static void test_another_generation_begins_anew(void **state)
{
    struct rig rig;
    (void)state;

    begin(&rig, 3, (unsigned[]){1, 1, 1}, 1, 1);
    expect_turns(&rig, "AB", NULL, 0);
    rig.backend.generation = 2;
    expect_turns(&rig, "ABC", NULL, 0);
    end(&rig);
}

static void test_tried_servers_are_passed_over(void **state)
{
    struct rig rig;
    (void)state;

    begin(&rig, 3, (unsigned[]){1000, 1, 1}, 1, 1000);
    expect_turns(&rig, "A", NULL, 0);
    const struct route_server *second = upstream_pick(rig.upstream, &rig.backend, (uint32_t[]){0}, 1);
    assert_true(second && second->slot != 0); /* however heavy the first one is */
    const struct route_server *third = upstream_pick(rig.upstream, &rig.backend, (uint32_t[]){0, second->slot}, 2);
    assert_true(third && third->slot == 3 - second->slot);
    assert_null(upstream_pick(rig.upstream, &rig.backend, (uint32_t[]){2, 0, 1}, 3));
    end(&rig);
    begin(&rig, 1, (unsigned[]){1}, 1, 1);
    assert_null(upstream_pick(rig.upstream, &rig.backend, (uint32_t[]){0}, 1));
    end(&rig);
}

static void test_who_fails_its_health_check_gets_nothing_until_it_passes(void **state)
{
    static struct route_health health[3];
    struct rig rig;
    (void)state;

    begin(&rig, 3, (unsigned[]){3, 1, 2}, 1, 3);
    rig.backend.is_checked = true;
    for (unsigned i = 0; i < 3; i++)
        rig.servers[i].health = &health[i];
    expect_turns(&rig, "AAC", NULL, 0);
    cell_set(&health[0].failing, 1);
    expect_turns(&rig, "CBCCBC", NULL, 0); /* anew, with the weights of the others */
    assert_false(upstream_may_ask(rig.upstream, &rig.servers[0]));
    assert_true(upstream_may_ask(rig.upstream, &rig.servers[1]));
    cell_set(&health[2].failing, 4);
    expect_turns(&rig, "BB", NULL, 0);
    assert_null(upstream_pick(rig.upstream, &rig.backend, (uint32_t[]){1}, 1)); /* not even as the last one left */
    cell_set(&health[1].failing, 1);
    assert_null(upstream_pick(rig.upstream, &rig.backend, NULL, 0));
    assert_null(upstream_peek(rig.upstream, &rig.backend));
    assert_int_equal(upstream_why_none(&rig.backend), REASON_NO_HEALTHY_SERVER);
    for (unsigned i = 0; i < 3; i++)
        cell_set(&health[i].failing, 0);
    expect_turns(&rig, "AACABC", NULL, 0);
    rig.backend.server_count = 1;
    cell_set(&health[0].failing, 1);
    assert_null(upstream_pick(rig.upstream, &rig.backend, NULL, 0));
    cell_set(&health[0].failing, 0);
    assert_ptr_equal(upstream_pick(rig.upstream, &rig.backend, NULL, 0), &rig.servers[0]);
    end(&rig);
}

static void test_weight_zero_has_no_turn(void **state)
{
    struct rig rig;
    (void)state;

    begin(&rig, 3, (unsigned[]){1, 0, 1}, 1, 1);
    expect_turns(&rig, "ACAC", NULL, 0);
    assert_null(upstream_pick(rig.upstream, &rig.backend, (uint32_t[]){0, 2}, 2));
    end(&rig);
    for (unsigned count = 1; count <= 2; count++) {
        begin(&rig, count, (unsigned[]){0, 0}, 0, 0);
        assert_null(upstream_pick(rig.upstream, &rig.backend, NULL, 0));
        assert_int_equal(upstream_why_none(&rig.backend), REASON_NO_WEIGHT);
        end(&rig);
    }
}

static void test_who_could_not_be_connected_to_is_tried_last_for_a_while(void **state)
{
    struct rig rig;
    (void)state;

    begin(&rig, 3, (unsigned[]){1, 1, 1}, 1, 1);
    rig.loop.now_ms = 50000;
    struct server_pool *pools[3];
    for (unsigned i = 0; i < 3; i++)
        pools[i] = upstream_pool(rig.upstream, &rig.servers[i]);
    server_pool_avoid(pools[1]);
    expect_turns(&rig, "ACAC", NULL, 0);
    assert_false(upstream_may_ask(rig.upstream, &rig.servers[1]));
    assert_ptr_equal(upstream_pick(rig.upstream, &rig.backend, (uint32_t[]){0, 2}, 2), &rig.servers[1]);
    server_pool_avoid(pools[0]);
    server_pool_avoid(pools[2]);
    expect_turns(&rig, "ABCABC", NULL, 0); /* when that is true of all, it is true of none */
    rig.loop.now_ms += 2000;
    expect_turns(&rig, "ABC", NULL, 0);
    for (unsigned i = 0, ms = 4000; i < 6; i++, ms = ms < 32000 ? 2 * ms : ms) {
        server_pool_avoid(pools[1]);
        server_pool_avoid(pools[1]); /* many at once are one */
        rig.loop.now_ms += ms - 1;
        assert_false(upstream_may_ask(rig.upstream, &rig.servers[1]));
        rig.loop.now_ms += 1;
        assert_true(upstream_may_ask(rig.upstream, &rig.servers[1]));
    }
    end(&rig);
}

static void test_a_dynamic_backend_favours_who_answers(void **state)
{
    struct rig rig;
    (void)state;

    begin(&rig, 2, (unsigned[]){1, 1}, 1, 1);
    rig.backend.is_dynamic = true;
    for (unsigned s = 0; s < 11; s++, rig.loop.now_ms += 1000)
        for (unsigned i = 0; i < 2; i++)
            upstream_note_reply(rig.upstream, &rig.backend, &rig.servers[i], i ? 200 : 503);
    expect_turns(&rig, "BBBABBBBAB", NULL, 0);
    end(&rig);
}

/* Looking is not taking. */
static void test_a_peek_moves_nothing_on(void **state)
{
    struct rig rig;
    (void)state;

    begin(&rig, 3, (unsigned[]){3, 1, 2}, 1, 3);
    for (const char *turn = "AACABC"; *turn; turn++) {
        for (unsigned i = 0; i < 3; i++)
            assert_int_equal('A' + (int)upstream_peek(rig.upstream, &rig.backend)->slot, *turn);
        expect_turns(&rig, (char[]){*turn, 0}, NULL, 0);
    }
    end(&rig);
}

static void test_no_backend_no_server(void **state)
{
    struct rig rig;
    (void)state;

    begin(&rig, 0, NULL, 1, 1);
    assert_null(upstream_pick(rig.upstream, &rig.backend, NULL, 0));
    assert_null(upstream_pick(rig.upstream, NULL, NULL, 0));
    end(&rig);
}

static void test_a_pool_belongs_to_a_slot_and_its_generation(void **state)
{
    struct rig rig;
    (void)state;

    begin(&rig, 2, (unsigned[]){1, 1}, 1, 1);
    struct server_pool *first = upstream_pool(rig.upstream, &rig.servers[0]);
    assert_ptr_equal(upstream_pool(rig.upstream, &rig.servers[0]), first);
    assert_ptr_not_equal(upstream_pool(rig.upstream, &rig.servers[1]), first);
    rig.servers[0].generation = 10; /* another container got the slot */
    struct server_pool *later = upstream_pool(rig.upstream, &rig.servers[0]);
    assert_int_equal(later->generation, 10);
    rig.servers[1].slot = 5000; /* far beyond the table */
    assert_int_equal(upstream_pool(rig.upstream, &rig.servers[1])->port, 80);
    assert_ptr_equal(upstream_named_pool(rig.upstream, SLICE("auth"), 1, POOL_HTTP_1, NULL),
                     upstream_named_pool(rig.upstream, SLICE("auth"), 1, POOL_HTTP_1, NULL));
    assert_ptr_not_equal(upstream_named_pool(rig.upstream, SLICE("auth"), 1, POOL_HTTP_1, NULL),
                         upstream_named_pool(rig.upstream, SLICE("auth"), 2, POOL_HTTP_1, NULL));
    end(&rig);
}

static void test_repeats_are_earned_and_bounded(void **state)
{
    struct rig rig;
    unsigned spent = 0;
    (void)state;

    begin(&rig, 1, (unsigned[]){1}, 1, 1);
    assert_false(upstream_spend_repeat(rig.upstream));
    for (unsigned i = 0; i < 100; i++)
        upstream_earn_repeat(rig.upstream);
    while (upstream_spend_repeat(rig.upstream))
        spent++;
    assert_int_equal(spent, 20); /* a fifth of the requests */
    rig.loop.now_ms += 1000;
    for (spent = 0; upstream_spend_repeat(rig.upstream);)
        spent++;
    assert_int_equal(spent, 10); /* ten a second */
    rig.loop.now_ms += 24u * 3600 * 1000;
    for (unsigned i = 0; i < 100000; i++)
        upstream_earn_repeat(rig.upstream);
    for (spent = 0; upstream_spend_repeat(rig.upstream);)
        spent++;
    assert_true(spent <= 200); /* a long calm saves up no storm */
    end(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_weights_interleave_as_in_v17),
        cmocka_unit_test(test_another_generation_begins_anew),
        cmocka_unit_test(test_tried_servers_are_passed_over),
        cmocka_unit_test(test_who_fails_its_health_check_gets_nothing_until_it_passes),
        cmocka_unit_test(test_weight_zero_has_no_turn),
        cmocka_unit_test(test_who_could_not_be_connected_to_is_tried_last_for_a_while),
        cmocka_unit_test(test_a_dynamic_backend_favours_who_answers),
        cmocka_unit_test(test_a_peek_moves_nothing_on),
        cmocka_unit_test(test_no_backend_no_server),
        cmocka_unit_test(test_a_pool_belongs_to_a_slot_and_its_generation),
        cmocka_unit_test(test_repeats_are_earned_and_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
