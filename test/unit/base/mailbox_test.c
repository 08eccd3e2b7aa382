/* SPDX-License-Identifier: MIT */
/* Many threads post to one; says most when run under TSan. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "waybill/base/mailbox.h"
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

enum { POSTERS = 8, EACH = 5000 };

struct letter {
    struct message message;
    unsigned poster, number;
};

struct owner {
    struct mailbox box;
    atomic_uint rings;
    unsigned next[POSTERS]; /* the owner's alone */
    unsigned opened;
};

struct poster {
    pthread_t thread;
    struct owner *owner;
    unsigned number, refused;
};

static void on_ring(void *arg)
{
    atomic_fetch_add(&((struct owner *)arg)->rings, 1);
}

static void open_letter(struct message *message, void *arg)
{
    struct letter *letter = WB_CONTAINER_OF(message, struct letter, message);
    struct owner *owner = arg;

    assert_int_equal(letter->number, owner->next[letter->poster]); /* one poster's messages keep their order */
    owner->next[letter->poster]++;
    owner->opened++;
    free(letter);
}

static void *post_all(void *arg)
{
    struct poster *poster = arg;

    for (unsigned i = 0; i < EACH; i++) {
        struct letter *letter = wb_alloc(sizeof *letter);
        *letter = (struct letter){.message.open = open_letter, .poster = poster->number, .number = i};
        if (!mailbox_post(&poster->owner->box, &letter->message)) {
            poster->refused++;
            free(letter);
        }
    }
    return NULL;
}

static void start(struct owner *owner, struct poster *posters)
{
    for (unsigned i = 0; i < POSTERS; i++) {
        posters[i] = (struct poster){.owner = owner, .number = i};
        assert_int_equal(pthread_create(&posters[i].thread, NULL, post_all, &posters[i]), 0);
    }
}

static void test_every_message_is_opened_once_in_order(void **state)
{
    static struct owner owner;
    struct poster posters[POSTERS];
    unsigned seen = 0;
    (void)state;

    mailbox_init(&owner.box, on_ring, &owner);
    start(&owner, posters);
    while (owner.opened < POSTERS * EACH) {
        /* As a loop does: looks only when it was rung. What is there without a ring would be lost. */
        if (atomic_load(&owner.rings) == seen)
            continue;
        seen = atomic_load(&owner.rings);
        mailbox_open_all(&owner.box, &owner);
    }
    for (unsigned i = 0; i < POSTERS; i++) {
        pthread_join(posters[i].thread, NULL);
        assert_int_equal(posters[i].refused, 0);
    }
    assert_int_equal(mailbox_open_all(&owner.box, &owner), 0);
    mailbox_fini(&owner.box);
}

static void test_a_closed_box_refuses_and_loses_nothing(void **state)
{
    static struct owner owner;
    struct poster posters[POSTERS];
    unsigned refused = 0;
    (void)state;

    mailbox_init(&owner.box, on_ring, &owner);
    start(&owner, posters);
    usleep(2000);
    mailbox_close(&owner.box);
    mailbox_open_all(&owner.box, &owner);
    for (unsigned i = 0; i < POSTERS; i++) {
        pthread_join(posters[i].thread, NULL);
        refused += posters[i].refused;
    }
    assert_int_equal(mailbox_open_all(&owner.box, &owner), 0);
    assert_int_equal(owner.opened + refused, POSTERS * EACH);
    mailbox_fini(&owner.box);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_message_is_opened_once_in_order),
        cmocka_unit_test(test_a_closed_box_refuses_and_loses_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
