/* SPDX-License-Identifier: MIT */
/*
 * mailbox - the only way one thread tells another something.
 *
 * Any thread posts; the owner takes. `ring` is called (on the posting thread) when the box turns from
 * empty to non-empty: it must wake the owner and do nothing else. A message is embedded in what is
 * sent; who takes it owns it. Order of one poster's messages is kept.
 */
#pragma once
#include "waybill/base/error.h"
#include <pthread.h>
#include <stdbool.h>

struct message {
    struct message *next;
    void (*open)(struct message *message, void *owner); /* called on the owner's thread, by mailbox_open_all */
};

struct mailbox {
    pthread_mutex_t lock; /* held for a few instructions, never while a message is opened */
    struct message *first, **last;
    void (*ring)(void *arg);
    void *arg;
    bool closed;
};

void mailbox_init(struct mailbox *box, void (*ring)(void *arg), void *arg);
/* The box must be empty. */
void mailbox_fini(struct mailbox *box);
/* False when the box is closed: the message is still the caller's. */
bool mailbox_post(struct mailbox *box, struct message *message) WB_MUST_USE;
/* Opens all that is there, oldest first; returns how many. Owner's thread. */
size_t mailbox_open_all(struct mailbox *box, void *owner);
/* From now on posts are refused. */
void mailbox_close(struct mailbox *box);
