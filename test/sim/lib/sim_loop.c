/* SPDX-License-Identifier: MIT */
#include "sim_loop.h"
#include "sim_link.h"
#include <stdio.h>
#include <stdlib.h>

enum { STEPS_MAX = 20 * 1000 * 1000 };

struct question {
    struct list link;
    struct sim_event event;
    struct sim *sim;
    struct lookup *lookup;
    const struct sim_name *name;
};

struct alias_answer {
    struct list link;
    struct sim_event event;
    struct alias_question *question;
    const struct sim_alias *alias; /* NULL: none of that name */
};

static struct sim *sim_of(struct loop *loop)
{
    return (struct sim *)(void *)loop;
}

static void wake_at(struct loop *loop, uint64_t at_ms)
{
    (void)loop; /* sim_advance looks at the queue itself */
    (void)at_ms;
}

static void fill(struct lookup *lookup, const struct sim_name *name)
{
    lookup->address_count = name ? name->address_count : 0;
    for (size_t i = 0; i < lookup->address_count; i++) {
        lookup->addresses[i] = name->addresses[i];
        lookup->addresses[i].port = lookup->port;
    }
    lookup->state = lookup->address_count ? LOOKUP_FOUND : LOOKUP_FAILED;
}

static void end_question(struct question *question)
{
    sim_unpost(&question->event);
    list_remove(&question->link);
    free(question);
}

static void on_answered(struct sim_event *event)
{
    struct question *question = WB_CONTAINER_OF(event, struct question, event);
    struct lookup *lookup = question->lookup;

    fill(lookup, question->name);
    end_question(question);
    lookup->poke(lookup->owner);
}

static void look_up(struct loop *loop, struct lookup *lookup)
{
    struct sim *sim = sim_of(loop);
    const struct sim_name *name = NULL;

    for (size_t i = 0; i < sim->name_count; i++)
        if (strcmp(sim->names[i].host, lookup->host) == 0)
            name = &sim->names[i];
    if (name && name->when == SIM_NAME_AT_ONCE) {
        fill(lookup, name);
        return;
    }
    struct question *question = wb_alloc(sizeof *question);
    *question = (struct question){.sim = sim, .lookup = lookup, .name = name};
    question->event.run = on_answered;
    list_init(&question->event.link);
    list_push_back(&sim->questions, &question->link);
    lookup->state = LOOKUP_WAITING;
    if (!name || name->when == SIM_NAME_LATER)
        sim_post(sim, &question->event, name ? name->after_ms : 0);
}

static void look_up_cancel(struct loop *loop, struct lookup *lookup)
{
    LIST_EACH_SAFE (node, &sim_of(loop)->questions) {
        struct question *question = LIST_ENTRY(node, struct question, link);
        if (question->lookup == lookup)
            end_question(question);
    }
}

static void end_alias_answer(struct alias_answer *answer)
{
    sim_unpost(&answer->event);
    list_remove(&answer->link);
    answer->question->asked = NULL;
    free(answer);
}

static void on_alias_answered(struct sim_event *event)
{
    struct alias_answer *answer = WB_CONTAINER_OF(event, struct alias_answer, event);
    struct alias_question *question = answer->question;
    const struct sim_alias *alias = answer->alias;

    end_alias_answer(answer);
    if (alias && alias->target) {
        snprintf(question->target, sizeof question->target, "%s", alias->target);
        question->ttl_s = alias->ttl_s;
    }
    question->answered(question, !alias ? ALIAS_NONE : alias->target ? ALIAS_FOUND : ALIAS_FAILED);
}

static void ask_alias(struct loop *loop, struct alias_question *question)
{
    struct sim *sim = sim_of(loop);
    struct alias_answer *answer = wb_alloc(sizeof *answer);

    *answer = (struct alias_answer){.question = question, .event.run = on_alias_answered};
    list_init(&answer->event.link);
    for (size_t i = 0; i < sim->alias_count; i++)
        if (strcmp(sim->aliases[i].name, question->name) == 0)
            answer->alias = &sim->aliases[i];
    list_push_back(&sim->alias_questions, &answer->link);
    question->asked = answer;
    sim->alias_asked++;
    if (!answer->alias || !answer->alias->never)
        sim_post(sim, &answer->event, answer->alias ? answer->alias->after_ms : 0);
}

static void ask_alias_cancel(struct loop *loop, struct alias_question *question)
{
    (void)loop;
    if (question->asked)
        end_alias_answer(question->asked);
}

static const struct loop_ops sim_ops = {
    .wake_at = wake_at,
    .dial = sim_link_dial,
    .look_up = look_up,
    .look_up_cancel = look_up_cancel,
    .ask_alias = ask_alias,
    .ask_alias_cancel = ask_alias_cancel,
};

static void no_ring(void *arg)
{
    (void)arg;
}

void sim_init(struct sim *sim, uint64_t seed)
{
    *sim = (struct sim){.random = seed};
    loop_init(&sim->loop, &sim_ops, no_ring, NULL);
    sim->loop.now_ms = 1000;
    list_init(&sim->events);
    list_init(&sim->listeners);
    list_init(&sim->links);
    list_init(&sim->questions);
    list_init(&sim->alias_questions);
}

void sim_fini(struct sim *sim)
{
    sim_settle(sim); /* handles that were closed last */
    WB_REQUIRE(sim->loop.stream_count == 0);
    WB_REQUIRE(list_empty(&sim->questions) && list_empty(&sim->alias_questions));
    sim_link_free_all(sim);
    loop_fini(&sim->loop);
}

/* xorshift64*: what matters is that a seed gives the same run everywhere. */
uint64_t sim_draw(struct sim *sim, uint64_t below)
{
    if (below <= 1)
        return 0;
    if (!sim->random)
        sim->random = 88172645463325252u;
    sim->random ^= sim->random >> 12;
    sim->random ^= sim->random << 25;
    sim->random ^= sim->random >> 27;
    return (sim->random * 2685821657736338717u >> 16) % below;
}

void sim_post(struct sim *sim, struct sim_event *event, uint64_t after_ms)
{
    list_remove(&event->link);
    struct list *before = sim->events.prev;
    event->at_ms = sim->loop.now_ms + after_ms;
    while (before != &sim->events) {
        const struct sim_event *other = LIST_ENTRY(before, struct sim_event, link);
        bool pass = other->at_ms == event->at_ms && sim->random && sim_draw(sim, 2);
        if (other->at_ms <= event->at_ms && !pass)
            break;
        before = before->prev;
    }
    list_insert_between(&event->link, before, before->next);
}

void sim_unpost(struct sim_event *event)
{
    list_remove(&event->link);
}

static void note_lent(struct sim *sim)
{
    if (sim->loop.stock.lent_bytes > sim->lent_max)
        sim->lent_max = sim->loop.stock.lent_bytes;
}

static uint64_t next_event_ms(const struct sim *sim)
{
    return list_empty(&sim->events) ? DEADLINE_NEVER : LIST_ENTRY(sim->events.next, struct sim_event, link)->at_ms;
}

static bool run_one(struct sim *sim, uint64_t until_ms)
{
    uint64_t event_ms = next_event_ms(sim), deadline_ms = deadline_queue_next(&sim->loop.deadlines);

    if (event_ms > until_ms && deadline_ms > until_ms)
        return false;
    WB_REQUIRE(++sim->steps < STEPS_MAX);
    if (event_ms <= deadline_ms) {
        struct sim_event *event = LIST_ENTRY(sim->events.next, struct sim_event, link);
        if (event_ms > sim->loop.now_ms)
            sim->loop.now_ms = event_ms;
        list_remove(&event->link);
        event->run(event);
    } else {
        if (deadline_ms > sim->loop.now_ms)
            sim->loop.now_ms = deadline_ms;
        deadline_queue_run(&sim->loop.deadlines, sim->loop.now_ms);
    }
    note_lent(sim);
    loop_run_later(&sim->loop);
    return true;
}

void sim_advance(struct sim *sim, uint64_t ms)
{
    uint64_t until_ms = sim->loop.now_ms + ms;

    loop_run_later(&sim->loop);
    while (run_one(sim, until_ms))
        continue;
    sim->loop.now_ms = until_ms;
}

void sim_settle(struct sim *sim)
{
    sim_advance(sim, 0);
}

bool sim_step(struct sim *sim)
{
    loop_run_later(&sim->loop);
    return run_one(sim, sim->loop.now_ms);
}

void sim_add_listener(struct sim *sim, struct sim_listener *listener, const char *ip, uint16_t port)
{
    WB_REQUIRE(address_parse(slice_of(ip), port, &listener->address));
    list_push_back(&sim->listeners, &listener->link);
}

void sim_remove_listener(struct sim_listener *listener)
{
    list_remove(&listener->link);
}

struct sim_listener *sim_find_listener(struct sim *sim, const struct address *address)
{
    LIST_EACH (node, &sim->listeners) {
        struct sim_listener *listener = LIST_ENTRY(node, struct sim_listener, link);
        if (listener->address.port == address->port && listener->address.is_v6 == address->is_v6 &&
            memcmp(listener->address.ip, address->ip, sizeof address->ip) == 0)
            return listener;
    }
    return NULL;
}
