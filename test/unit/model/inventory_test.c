/* SPDX-License-Identifier: MIT */
#include "waybill/model/inventory.h"
#include "waybill/model/board.h"
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

static struct inventory *make(void)
{
    struct inventory *inventory = inventory_create(SLICE("docker"), 3);
    struct inventory_item *item = inventory_add(inventory, SLICE("0a1"), SLICE("web"));

    inventory_decide(item, WHY_ROUTED, "%s", "all is well");
    for (int i = 0; i < 5; i++) {
        inventory_add_value(item, "name", SLICE("value"));
        inventory_add_frontend(item, &(struct inventory_frontend){SLICE("f"), SLICE("Host:f"), SLICE("b")});
        inventory_add_server(item, &(struct inventory_server){SLICE("b"), SLICE("s"), SLICE("http://s")});
    }
    item = inventory_add(inventory, SLICE("0b2"), SLICE("web-2"));
    inventory_decide(item, WHY_PAUSED, "it is paused");
    item = inventory_add(inventory, SLICE("0b3"), SLICE("0b2"));
    inventory_decide(item, WHY_NOT_ENABLED, "it is not enabled");
    return inventory;
}

static void add_problem(struct inventory *inventory, const char *place, const char *text)
{
    struct diagnostics list;

    diagnostics_init(&list);
    diagnostics_add(&list, DIAGNOSTIC_WARNING, slice_of(place), "%s", text);
    inventory_add_problems(inventory, &list);
    diagnostics_fini(&list);
}

static void test_each_code_has_a_state_and_words(void **state)
{
    (void)state;
    for (enum container_why why = 0; why < WHY_COUNT; why++) {
        assert_true(strlen(container_why_name(why)) > 0);
        assert_true(strlen(container_why_meaning(why)) > 0);
        assert_true(strlen(container_state_name(container_why_state(why))) > 0);
        assert_int_equal(container_why_state(why) == CONTAINER_ROUTED, why == WHY_ROUTED);
    }
    assert_string_equal(container_why_name(WHY_NO_SHARED_NETWORK), "NO_SHARED_NETWORK");
    assert_string_equal(container_state_name(container_why_state(WHY_NO_SHARED_NETWORK)), "waiting");
}

static void test_one_is_found_by_name_before_id_and_by_a_beginning_that_is_its_alone(void **state)
{
    struct inventory *inventory = make();

    (void)state;
    assert_ptr_equal(inventory_find(inventory, SLICE("web-2")), &inventory->items[1]);
    assert_ptr_equal(inventory_find(inventory, SLICE("0b2")), &inventory->items[2]);
    assert_ptr_equal(inventory_find(inventory, SLICE("0a")), &inventory->items[0]);
    assert_null(inventory_find(inventory, SLICE("0b")));
    assert_null(inventory_find(inventory, SLICE("")));
    assert_null(inventory_find(inventory, SLICE("0a11")));
    inventory_unref(&inventory);
}

static void test_what_differs_is_not_equal(void **state)
{
    struct inventory *one = make();
    struct inventory_item *item;

    (void)state;
    for (int change = 0; change < 8; change++) {
        struct inventory *other = make();
        assert_true(inventory_equal(one, other));
        item = &other->items[0];
        item->since_ns = 5;
        assert_true(inventory_equal(one, other));
        switch (change) {
        case 0:
            item->why = WHY_CLOSED;
            break;
        case 1:
            item->sentence = SLICE("all is not well");
            break;
        case 2:
            item->values[4].value = SLICE("other");
            break;
        case 3:
            item->frontends[4].rule = SLICE("Host:g");
            break;
        case 4:
            item->servers[4].url = SLICE("http://t");
            break;
        case 5:
            add_problem(other, "container web", "it is odd");
            break;
        case 6:
            other->count--;
            break;
        case 7:
            item->id = SLICE("0a2");
            break;
        }
        assert_false(inventory_equal(one, other));
        inventory_unref(&other);
    }
    inventory_unref(&one);
}

static void test_problems_go_to_the_container_that_they_name(void **state)
{
    struct inventory *inventory = make();

    (void)state;
    add_problem(inventory, "container web-2, label traefik.port", "no port");
    add_problem(inventory, "container web-2", "odd");
    add_problem(inventory, "container nobody, label traefik.port", "x");
    add_problem(inventory, "rules.toml:12", "x");
    assert_int_equal(inventory->items[0].problem_count, 0);
    assert_int_equal(inventory->items[1].problem_count, 2);
    assert_true(slice_eq(inventory->items[1].problems[0].label, SLICE("traefik.port")));
    assert_true(slice_eq(inventory->items[1].problems[0].text, SLICE("no port")));
    assert_int_equal(inventory->items[1].problems[1].label.len, 0);
    inventory_unref(&inventory);
}

static void test_a_revision_changes_nothing_in_what_it_revises_and_outlives_it(void **state)
{
    struct inventory *base = make(), *copy;

    (void)state;
    for (int i = 0; i < 3; i++)
        add_problem(base, "container web", "first");
    copy = inventory_revise(base);
    add_problem(copy, "container web", "second");
    inventory_decide(&copy->items[0], WHY_CLOSED, "closed");
    inventory_add_value(&copy->items[0], "rule", SLICE("Host:f"));
    assert_int_equal(base->items[0].problem_count, 3);
    assert_int_equal(base->items[0].why, WHY_ROUTED);
    assert_int_equal(base->items[0].value_count, 5);
    assert_true(slice_eq(base->items[0].values[0].value, SLICE("value")));
    inventory_unref(&base);
    assert_int_equal(copy->items[0].problem_count, 4);
    assert_true(slice_eq(copy->items[0].problems[0].text, SLICE("first")));
    assert_true(slice_eq(copy->items[0].servers[4].url, SLICE("http://s")));
    assert_int_equal(copy->items[0].value_count, 1);
    inventory_unref(&copy);
}

static void *read_board(void *arg)
{
    struct provider_health health;

    for (int i = 0; i < 500; i++) {
        struct inventory *inventory = board_inventory(arg, SLICE("docker"));
        if (inventory)
            assert_true(inventory->items[0].sentence.len > 0);
        inventory_unref(&inventory);
        if (board_health(arg, SLICE("docker"), &health))
            assert_true(health.since_ns > 0);
    }
    return NULL;
}

static void test_any_thread_takes_the_latest_from_the_board(void **state)
{
    struct board *board = board_create();
    pthread_t readers[2];

    (void)state;
    assert_null(board_inventory(board, SLICE("docker")));
    for (size_t i = 0; i < WB_COUNT(readers); i++)
        assert_int_equal(pthread_create(&readers[i], NULL, read_board, board), 0);
    for (int i = 0; i < 200; i++) {
        struct inventory *inventory = make();
        board_set_inventory(board, &inventory);
        assert_null(inventory);
        board_note_synced(board, SLICE("docker"), true);
        board_note_lost(board, SLICE("docker"), "gone");
    }
    for (size_t i = 0; i < WB_COUNT(readers); i++)
        pthread_join(readers[i], NULL);
    assert_true(board_changes(board) == 200);
    board_destroy(&board);
}

static void test_the_board_says_since_when_the_engine_is_away(void **state)
{
    struct board *board = board_create();
    struct provider_health first, health;

    (void)state;
    assert_false(board_health(board, SLICE("docker"), &health));
    board_note_lost(board, SLICE("docker"), "no socket");
    assert_true(board_health(board, SLICE("docker"), &first));
    assert_false(first.connected);
    assert_true(first.synced_ns == 0);
    board_note_lost(board, SLICE("docker"), "still none");
    assert_true(board_health(board, SLICE("docker"), &health));
    assert_true(health.since_ns == first.since_ns);
    assert_string_equal(health.error, "still none");
    board_note_synced(board, SLICE("docker"), false);
    assert_true(board_health(board, SLICE("docker"), &health));
    assert_true(health.connected && !health.follows && health.synced_ns >= first.since_ns);
    assert_string_equal(health.error, "");
    board_destroy(&board);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_code_has_a_state_and_words),
        cmocka_unit_test(test_one_is_found_by_name_before_id_and_by_a_beginning_that_is_its_alone),
        cmocka_unit_test(test_what_differs_is_not_equal),
        cmocka_unit_test(test_problems_go_to_the_container_that_they_name),
        cmocka_unit_test(test_a_revision_changes_nothing_in_what_it_revises_and_outlives_it),
        cmocka_unit_test(test_any_thread_takes_the_latest_from_the_board),
        cmocka_unit_test(test_the_board_says_since_when_the_engine_is_away),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
