/* SPDX-License-Identifier: MIT */
/* list - intrusive doubly linked list; a node is in at most one list and knows when it is in none.
 * Thread: its holder. Owner: nodes belong to the objects they are in; who frees one removes it first. */
#pragma once
#include "waybill/base/error.h"
#include <stdbool.h>

struct list {
    struct list *next, *prev; /* both to itself: empty head, or node in no list */
};

static inline void list_init(struct list *l)
{
    l->next = l->prev = l;
}

static inline bool list_empty(const struct list *l)
{
    return l->next == l;
}

static inline void list_insert_between(struct list *node, struct list *prev, struct list *next)
{
    node->prev = prev;
    node->next = next;
    prev->next = node;
    next->prev = node;
}

static inline void list_push_front(struct list *head, struct list *node)
{
    list_insert_between(node, head, head->next);
}

static inline void list_push_back(struct list *head, struct list *node)
{
    list_insert_between(node, head->prev, head);
}

/* Safe on a node that is in no list. */
static inline void list_remove(struct list *node)
{
    node->prev->next = node->next;
    node->next->prev = node->prev;
    list_init(node);
}

#define LIST_ENTRY(node, type, member) WB_CONTAINER_OF(node, type, member)
#define LIST_EACH(node, head)          for (struct list *node = (head)->next; node != (head); node = node->next)
/* The body may remove `node`. */
#define LIST_EACH_SAFE(node, head)                                                    \
    for (struct list *node = (head)->next, *node##_next = node->next; node != (head); \
         node = node##_next, node##_next = node->next)
