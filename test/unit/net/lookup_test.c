/* SPDX-License-Identifier: MIT */
/* Names on a real loop: /etc/hosts, names there are none of, and what is cancelled. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "waybill/net/lookup.h"
#include "waybill/net/stream.h"

struct asker {
    struct loop *loop;
    struct lookup lookup;
    struct later begin, stop;
    struct deadline give_up;
    const char *host;
    unsigned pokes;
    bool poked_inside, inside, cancels, done;
};

static void finish(struct asker *asker)
{
    if (asker->done)
        return;
    asker->done = true;
    loop_remove_deadline(asker->loop, &asker->give_up);
    loop_later(asker->loop, &asker->stop); /* a loop is not stopped from inside a callback of its resolver */
}

static void stop(struct later *later)
{
    uv_loop_stop(WB_CONTAINER_OF(later, struct asker, stop)->loop);
}

static void on_poke(void *owner)
{
    struct asker *asker = owner;

    asker->pokes++;
    asker->poked_inside = asker->inside;
    if (!asker->inside)
        finish(asker);
}

static void on_give_up(struct deadline *deadline)
{
    finish(WB_CONTAINER_OF(deadline, struct asker, give_up));
}

static void begin(struct later *later)
{
    struct asker *asker = WB_CONTAINER_OF(later, struct asker, begin);

    loop_set_deadline_in(asker->loop, &asker->give_up, asker->cancels ? 100 : 8000);
    asker->inside = true;
    lookup_start(asker->loop, &asker->lookup, slice_of(asker->host), 80, false, on_poke, asker);
    asker->inside = false;
    if (asker->lookup.state != LOOKUP_WAITING)
        finish(asker);
    else if (asker->cancels)
        lookup_cancel(asker->loop, &asker->lookup);
}

static struct asker ask(const char *host, bool cancels)
{
    static struct asker asker;

    asker = (struct asker){.host = host, .cancels = cancels, .begin.run = begin, .stop.run = stop};
    asker.loop = uv_loop_create(&asker);
    deadline_init(&asker.give_up, on_give_up);
    list_init(&asker.begin.link);
    loop_later(asker.loop, &asker.begin);
    loop_run_later(asker.loop);
    uv_loop_run_all(asker.loop);
    uv_loop_destroy(&asker.loop);
    return asker;
}

static void test_a_name_of_etc_hosts_is_found(void **state)
{
    struct asker asker = ask("localhost", false);
    (void)state;

    assert_int_equal(asker.lookup.state, LOOKUP_FOUND);
    assert_true(asker.lookup.address_count >= 1);
    for (size_t i = 0; i < asker.lookup.address_count; i++) {
        assert_true(address_is_loopback(&asker.lookup.addresses[i]));
        assert_int_equal(asker.lookup.addresses[i].port, 80);
    }
}

/* The contract of lookup_start: found at once means found without a poke; its caller goes on by itself. */
static void test_what_is_found_at_once_does_not_poke(void **state)
{
    struct asker asker = ask("localhost", false);
    (void)state;

    assert_false(asker.poked_inside);
    asker = ask("127.0.0.1", false);
    assert_int_equal(asker.lookup.state, LOOKUP_FOUND);
    assert_int_equal(asker.pokes, 0);
    asker = ask("[::1]", false);
    assert_true(asker.lookup.addresses[0].is_v6);
    assert_int_equal(asker.pokes, 0);
}

static void test_a_name_that_does_not_exist_fails(void **state)
{
    struct asker asker = ask("no-such-host.invalid", false);
    (void)state;

    assert_int_equal(asker.lookup.state, LOOKUP_FAILED);
    assert_false(asker.poked_inside);
}

static void test_a_name_that_cannot_be_one_fails_at_once(void **state)
{
    char longest[300];
    (void)state;

    memset(longest, 'a', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    assert_int_equal(ask("", false).lookup.state, LOOKUP_FAILED);
    assert_int_equal(ask(longest, false).lookup.state, LOOKUP_FAILED);
}

static void test_a_cancelled_question_pokes_nobody(void **state)
{
    struct asker asker = ask("no-such-host.invalid", true);
    (void)state;

    assert_int_equal(asker.pokes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_name_of_etc_hosts_is_found),
        cmocka_unit_test(test_what_is_found_at_once_does_not_poke),
        cmocka_unit_test(test_a_name_that_does_not_exist_fails),
        cmocka_unit_test(test_a_name_that_cannot_be_one_fails_at_once),
        cmocka_unit_test(test_a_cancelled_question_pokes_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
