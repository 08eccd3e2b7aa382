/* SPDX-License-Identifier: MIT */
/*
 * Lookups of a libuv loop: one c-ares channel, its sockets watched by uv_poll, its timeouts by one uv_timer.
 * Lookups of the same name share one question.
 */
#include "uv_private.h"
#include <ares.h>
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

struct watched_socket {
    uv_poll_t poll;
    struct resolver *resolver;
    ares_socket_t fd;
    struct list link;
};

struct resolver {
    struct uv_worker_loop *loop;
    ares_channel channel;
    uv_timer_t timer;
    struct map questions; /* host -> struct question */
    struct list sockets;
    bool stopping;
};

static void on_socket_ready(uv_poll_t *poll, int status, int events)
{
    struct watched_socket *socket = poll->data;

    uv_loop_enter(socket->resolver->loop);
    bool readable = status != 0 || (events & UV_READABLE), writable = status != 0 || (events & UV_WRITABLE);
    ares_process_fd(socket->resolver->channel, readable ? socket->fd : ARES_SOCKET_BAD,
                    writable ? socket->fd : ARES_SOCKET_BAD);
}

static void on_socket_closed(uv_handle_t *handle)
{
    free(handle->data);
}

static struct watched_socket *find_socket(struct resolver *resolver, ares_socket_t fd)
{
    LIST_EACH (node, &resolver->sockets) {
        struct watched_socket *socket = LIST_ENTRY(node, struct watched_socket, link);
        if (socket->fd == fd)
            return socket;
    }
    return NULL;
}

static void on_socket_state(void *arg, ares_socket_t fd, int readable, int writable)
{
    struct resolver *resolver = arg;
    struct watched_socket *socket = find_socket(resolver, fd);

    if (!readable && !writable) {
        if (socket) {
            list_remove(&socket->link);
            uv_close((uv_handle_t *)&socket->poll, on_socket_closed);
        }
        return;
    }
    if (!socket) {
        socket = wb_alloc(sizeof *socket);
        socket->resolver = resolver;
        socket->fd = fd;
        WB_REQUIRE(uv_poll_init(&resolver->loop->uv, &socket->poll, fd) == 0);
        socket->poll.data = socket;
        list_push_back(&resolver->sockets, &socket->link);
    }
    uv_poll_start(&socket->poll, (readable ? UV_READABLE : 0) | (writable ? UV_WRITABLE : 0), on_socket_ready);
}

static void on_tick(uv_timer_t *timer)
{
    struct resolver *resolver = timer->data;
    uv_loop_enter(resolver->loop);
    ares_process_fd(resolver->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    if (list_empty(&resolver->sockets))
        uv_timer_stop(timer);
}

static struct resolver *resolver_of(struct uv_worker_loop *loop)
{
    if (loop->resolver)
        return loop->resolver;
    struct resolver *resolver = wb_alloc(sizeof *resolver);
    struct ares_options options = {
        .timeout = ASK_TIMEOUT_MS, .tries = ASK_TRIES, .sock_state_cb = on_socket_state, .sock_state_cb_data = resolver};
    resolver->loop = loop;
    list_init(&resolver->sockets);
    map_init(&resolver->questions);
    WB_REQUIRE(ares_library_init(ARES_LIB_INIT_ALL) == ARES_SUCCESS);
    WB_REQUIRE(ares_init_options(&resolver->channel, &options,
                                 ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB) == ARES_SUCCESS);
    uv_timer_init(&loop->uv, &resolver->timer);
    resolver->timer.data = resolver;
    loop->resolver = resolver;
    return resolver;
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
    if (question->resolver->stopping || question->starting)
        return;
    while (!list_empty(&question->waiting)) {
        struct lookup *lookup = LIST_ENTRY(question->waiting.next, struct lookup, link);
        list_remove(&lookup->link);
        answer(question, lookup);
        lookup->poke(lookup->owner);
    }
}

/* Names that nobody asked for lately: the configuration may name others by now. */
static void forget_old_questions(struct resolver *resolver, uint64_t now_ms)
{
    struct map_entry *entry;

    if (map_count(&resolver->questions) < QUESTIONS_KEPT)
        return;
    for (size_t i = 0; (entry = map_next(&resolver->questions, &i));) {
        struct question *question = entry->value;
        if (question->asking || !list_empty(&question->waiting) || question->good_until_ms > now_ms)
            continue;
        map_remove(&resolver->questions, entry->key);
        free(question->host);
        free(question);
    }
}

void uv_lookup_start(struct loop *loop, struct lookup *lookup)
{
    struct resolver *resolver = resolver_of(uv_loop_of(loop));
    struct question *question = map_get(&resolver->questions, slice_of(lookup->host));
    bool fresh = lookup->state == LOOKUP_NONE;

    if (!question) {
        forget_old_questions(resolver, loop->now_ms);
        question = wb_alloc(sizeof *question);
        question->resolver = resolver;
        question->host = wb_strdup(lookup->host);
        list_init(&question->waiting);
        map_put(&resolver->questions, slice_of(lookup->host), question);
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
    uv_timer_start(&resolver->timer, on_tick, 250, 250);
    question->starting = true;
    ares_getaddrinfo(resolver->channel, question->host, NULL, &hints, on_answer, question);
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

static void on_resolver_closed(uv_handle_t *handle)
{
    free(handle->data);
}

void uv_lookup_stop(struct uv_worker_loop *loop)
{
    struct resolver *resolver = loop->resolver;
    struct map_entry *entry;

    if (!resolver)
        return;
    loop->resolver = NULL;
    resolver->stopping = true;
    ares_destroy(resolver->channel); /* answers what is asked, closes its sockets */
    for (size_t i = 0; (entry = map_next(&resolver->questions, &i));) {
        struct question *question = entry->value;
        free(question->host);
        free(question);
    }
    map_fini(&resolver->questions);
    ares_library_cleanup();
    uv_close((uv_handle_t *)&resolver->timer, on_resolver_closed);
}
