/* SPDX-License-Identifier: MIT */
/* Lookups of a libuv loop, by one c-ares channel. Lookups of the same name share one question. */
#include "uv_resolver.h"
#include <netdb.h>
#include <stdlib.h>

enum { REMEMBER_MS = 5000, REMEMBER_FAILURE_MS = 500, QUESTIONS_KEPT = 1024, ASK_TIMEOUT_MS = 2000, ASK_TRIES = 3 };

struct question {
    struct resolver *resolver;
    char *host;
    bool asking, starting; /* starting: c-ares may answer from /etc/hosts before it returns */
    struct list waiting;   /* of struct lookup */
    uint64_t good_until_ms;
    struct address addresses[LOOKUP_ADDRESSES_MAX];
    size_t address_count;
};

struct lookups {
    struct resolver *resolver;
    struct map questions; /* host -> struct question */
};

static struct lookups *lookups_of(struct uv_worker_loop *loop)
{
    static const struct resolver_limits limits = {.timeout_ms = ASK_TIMEOUT_MS, .tries = ASK_TRIES};

    if (!loop->lookups) {
        loop->lookups = wb_alloc(sizeof *loop->lookups);
        loop->lookups->resolver = uv_resolver_create(loop, &limits, NULL, 0);
        map_init(&loop->lookups->questions);
    }
    return loop->lookups;
}

static void answer(const struct question *question, struct lookup *lookup)
{
    lookup->address_count = question->address_count;
    for (size_t i = 0; i < question->address_count; i++) {
        lookup->addresses[i] = question->addresses[i];
        lookup->addresses[i].port = lookup->port;
    }
    lookup->state = question->address_count ? LOOKUP_FOUND : LOOKUP_FAILED;
}

static void on_answer(void *arg, int status, int timeouts, struct ares_addrinfo *result)
{
    struct question *question = arg;
    uint64_t now = question->resolver->loop->loop.now_ms;

    (void)timeouts;
    question->asking = false;
    question->address_count = 0;
    for (struct ares_addrinfo_node *node = status == ARES_SUCCESS ? result->nodes : NULL; node; node = node->ai_next)
        if (question->address_count < LOOKUP_ADDRESSES_MAX &&
            address_from_sockaddr(node->ai_addr, &question->addresses[question->address_count]))
            question->address_count++;
    if (result)
        ares_freeaddrinfo(result);
    question->good_until_ms = now + (question->address_count ? REMEMBER_MS : REMEMBER_FAILURE_MS);
    if (question->resolver->closing || question->starting)
        return;
    while (!list_empty(&question->waiting)) {
        struct lookup *lookup = LIST_ENTRY(question->waiting.next, struct lookup, link);
        list_remove(&lookup->link);
        answer(question, lookup);
        lookup->poke(lookup->owner);
    }
}

/* Names that nobody asked for lately: the configuration may name others by now. */
static void forget_old_questions(struct lookups *lookups, uint64_t now_ms)
{
    struct map_entry *entry;

    if (map_count(&lookups->questions) < QUESTIONS_KEPT)
        return;
    for (size_t i = 0; (entry = map_next(&lookups->questions, &i));) {
        struct question *question = entry->value;
        if (question->asking || !list_empty(&question->waiting) || question->good_until_ms > now_ms)
            continue;
        map_remove(&lookups->questions, entry->key);
        free(question->host);
        free(question);
    }
}

void uv_lookup_start(struct loop *loop, struct lookup *lookup)
{
    struct lookups *lookups = lookups_of(uv_loop_of(loop));
    struct question *question = map_get(&lookups->questions, slice_of(lookup->host));
    bool fresh = lookup->state == LOOKUP_NONE;

    if (!question) {
        forget_old_questions(lookups, loop->now_ms);
        question = wb_alloc(sizeof *question);
        question->resolver = lookups->resolver;
        question->host = wb_strdup(lookup->host);
        list_init(&question->waiting);
        map_put(&lookups->questions, slice_of(lookup->host), question);
    }
    if (!fresh && !question->asking && question->good_until_ms > loop->now_ms) {
        answer(question, lookup);
        return;
    }
    lookup->state = LOOKUP_WAITING;
    list_push_back(&question->waiting, &lookup->link);
    if (question->asking)
        return;
    struct ares_addrinfo_hints hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    question->asking = true;
    uv_resolver_watch_time(lookups->resolver);
    question->starting = true;
    ares_getaddrinfo(lookups->resolver->channel, question->host, NULL, &hints, on_answer, question);
    question->starting = false;
    if (!question->asking) {
        list_remove(&lookup->link);
        answer(question, lookup); /* at once: the caller goes on by itself, as with an address */
    }
}

void uv_lookup_cancel(struct loop *loop, struct lookup *lookup)
{
    (void)loop;
    list_remove(&lookup->link);
}

void uv_lookup_stop(struct uv_worker_loop *loop)
{
    struct lookups *lookups = loop->lookups;
    struct map_entry *entry;

    if (!lookups)
        return;
    loop->lookups = NULL;
    uv_resolver_close(&lookups->resolver);
    for (size_t i = 0; (entry = map_next(&lookups->questions, &i));) {
        struct question *question = entry->value;
        free(question->host);
        free(question);
    }
    map_fini(&lookups->questions);
    free(lookups);
}
