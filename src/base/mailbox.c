/* SPDX-License-Identifier: MIT */
#include "waybill/base/mailbox.h"

void mailbox_init(struct mailbox *box, void (*ring)(void *arg), void *arg)
{
    *box = (struct mailbox){.ring = ring, .arg = arg};
    box->last = &box->first;
    pthread_mutex_init(&box->lock, NULL);
}

void mailbox_fini(struct mailbox *box)
{
    WB_REQUIRE(!box->first);
    pthread_mutex_destroy(&box->lock);
}

bool mailbox_post(struct mailbox *box, struct message *message)
{
    message->next = NULL;
    pthread_mutex_lock(&box->lock);
    bool refused = box->closed, was_empty = !box->first;
    if (!refused) {
        *box->last = message;
        box->last = &message->next;
        /* Under the lock: the owner closes the box before it ends, so it cannot end while it is being rung. */
        if (was_empty)
            box->ring(box->arg);
    }
    pthread_mutex_unlock(&box->lock);
    return !refused;
}

size_t mailbox_open_all(struct mailbox *box, void *owner)
{
    size_t count = 0;

    pthread_mutex_lock(&box->lock);
    struct message *message = box->first;
    box->first = NULL;
    box->last = &box->first;
    pthread_mutex_unlock(&box->lock);
    while (message) {
        struct message *next = message->next;
        message->open(message, owner);
        message = next;
        count++;
    }
    return count;
}

void mailbox_close(struct mailbox *box)
{
    pthread_mutex_lock(&box->lock);
    box->closed = true;
    pthread_mutex_unlock(&box->lock);
}
