/* SPDX-License-Identifier: MIT */
/* What is known of each host: its records are followed one question at a time, and all who ask meanwhile wait together. */
#include "dns_answer.h"
#include "waybill/base/log.h"
#include "waybill/base/map.h"
#include "waybill/net/alias.h"
#include "waybill/net/loop.h"
#include <stdlib.h>

_Static_assert((int)ALIAS_NAME_MAX == (int)DNS_NAME_MAX, "an answer fits");

struct known_host {
    struct aliases *aliases;
    struct list link;  /* in one of the lists below, or, while its records are followed for the first time, in none */
    char *host, *name; /* `name` NULL: it leads nowhere */
    uint64_t good_until_ms;
    bool asking;
    bool overdue; /* nobody waits for what is under way: the last question failed, or takes too long */
    struct alias_question question;
    unsigned depth;  /* records followed */
    uint64_t age_ms; /* the shortest of theirs */
    struct deadline deadline;
    struct list waiting; /* of struct alias */
};

struct aliases {
    struct loop *loop;
    const struct alias_servers *servers;
    unsigned depth_max, asking;
    struct map hosts;                     /* host -> struct known_host */
    struct list leading, leading_nowhere; /* those that were wanted last in front */
    size_t leading_count, nowhere_count;
};

struct aliases *aliases_create(struct loop *loop, const struct alias_servers *servers, unsigned depth_max)
{
    struct aliases *aliases = wb_alloc(sizeof *aliases);

    aliases->loop = loop;
    aliases->servers = servers;
    aliases->depth_max = depth_max < ALIAS_DEPTH_MAX ? depth_max : ALIAS_DEPTH_MAX;
    map_init(&aliases->hosts);
    list_init(&aliases->leading);
    list_init(&aliases->leading_nowhere);
    return aliases;
}

static void leave_list(struct known_host *known)
{
    if (list_empty(&known->link))
        return;
    list_remove(&known->link);
    *(known->name ? &known->aliases->leading_count : &known->aliases->nowhere_count) -= 1;
}

static void free_host(struct known_host *known)
{
    leave_list(known);
    loop_remove_deadline(known->aliases->loop, &known->deadline);
    free(known->host);
    free(known->name);
    free(known);
}

void aliases_destroy(struct aliases **aliases)
{
    struct aliases *ending = *aliases;
    struct map_entry *entry;

    *aliases = NULL;
    if (!ending)
        return;
    for (size_t i = 0; (entry = map_next(&ending->hosts, &i));) {
        struct known_host *known = entry->value;
        WB_REQUIRE(list_empty(&known->waiting));
        if (known->asking)
            ending->loop->ops->ask_alias_cancel(ending->loop, &known->question);
        free_host(known);
    }
    map_fini(&ending->hosts);
    free(ending);
}

size_t aliases_count(const struct aliases *aliases)
{
    return map_count(&aliases->hosts);
}

/* The one that nobody wanted for longest goes; one whose records are being followed is passed over. */
static void make_room(struct aliases *aliases, const struct list *list)
{
    for (struct list *node = list->prev; node != list; node = node->prev) {
        struct known_host *known = LIST_ENTRY(node, struct known_host, link);
        if (known->asking)
            continue;
        map_remove(&aliases->hosts, slice_of(known->host));
        free_host(known);
        return;
    }
}

static struct list *list_of(const struct known_host *known)
{
    return known->name ? &known->aliases->leading : &known->aliases->leading_nowhere;
}

static void join_list(struct known_host *known)
{
    struct aliases *aliases = known->aliases;
    size_t *count = known->name ? &aliases->leading_count : &aliases->nowhere_count;

    list_push_front(list_of(known), &known->link);
    if (++*count > ALIAS_KEPT)
        make_room(aliases, list_of(known));
}

static void answer(const struct known_host *known, struct alias *alias)
{
    size_t len = known->name ? strlen(known->name) : 0;

    alias->waiting = false;
    if (len)
        memcpy(alias->name, known->name, len);
    alias->name[len] = '\0';
}

/* Who is poked may ask anew, so all have their answers before. */
static void let_go(struct known_host *known)
{
    struct list served;

    list_init(&served);
    while (!list_empty(&known->waiting)) {
        struct alias *alias = LIST_ENTRY(known->waiting.next, struct alias, link);
        list_remove(&alias->link);
        answer(known, alias);
        list_push_back(&served, &alias->link);
    }
    while (!list_empty(&served)) {
        struct alias *alias = LIST_ENTRY(served.next, struct alias, link);
        list_remove(&alias->link);
        alias->poke(alias->owner);
    }
}

static void on_overdue(struct deadline *deadline)
{
    struct known_host *known = WB_CONTAINER_OF(deadline, struct known_host, deadline);

    known->overdue = true;
    let_go(known);
}

/* All that can be found out has been: `name` NULL is nowhere. */
static void conclude(struct known_host *known, const char *name, uint64_t age_ms)
{
    char *copy = name ? wb_strdup(name) : NULL; /* it may be the old one */

    leave_list(known);
    free(known->name);
    known->name = copy;
    known->good_until_ms = known->aliases->loop->now_ms + (age_ms > ALIAS_AGE_MIN_MS ? age_ms : ALIAS_AGE_MIN_MS);
    known->asking = false;
    known->aliases->asking--;
    deadline_clear(&known->deadline);
    join_list(known);
    let_go(known);
}

static void ask(struct known_host *known)
{
    struct loop *loop = known->aliases->loop;
    loop->ops->ask_alias(loop, &known->question);
}

/* One record further, or, when there are enough of them, the end. */
static void follow(struct known_host *known)
{
    struct alias_question *question = &known->question;
    uint64_t age_ms = (uint64_t)question->ttl_s * 1000;

    known->age_ms = age_ms < known->age_ms ? age_ms : known->age_ms;
    if (++known->depth < known->aliases->depth_max) {
        memcpy(question->name, question->target, sizeof question->name);
        ask(known);
        return;
    }
    known->overdue = false;
    conclude(known, question->target, known->age_ms);
}

/* What was known goes on being so, or what was reached on the way, until the servers answer again. */
static void fail(struct known_host *known)
{
    known->overdue = true;
    wb_log_debug("hostResolver: the CNAME record of %s could not be asked for", known->question.name);
    conclude(known, known->name || !known->depth ? known->name : known->question.name, ALIAS_FAILED_MS);
}

static void on_answered(struct alias_question *question, enum alias_outcome outcome)
{
    struct known_host *known = WB_CONTAINER_OF(question, struct known_host, question);

    switch (outcome) {
    case ALIAS_FOUND:
        follow(known);
        break;
    case ALIAS_NONE:
        known->overdue = false;
        conclude(known, known->depth ? question->name : NULL, known->depth ? known->age_ms : ALIAS_NOWHERE_MS);
        break;
    case ALIAS_FAILED:
        fail(known);
        break;
    }
}

static void begin(struct known_host *known)
{
    struct aliases *aliases = known->aliases;

    aliases->asking++;
    known->asking = true;
    known->depth = 0;
    known->age_ms = ALIAS_AGE_MAX_MS;
    known->question = (struct alias_question){.servers = aliases->servers, .answered = on_answered};
    memcpy(known->question.name, known->host, strlen(known->host) + 1);
    loop_set_deadline_in(aliases->loop, &known->deadline, ALIAS_WAIT_MS);
    ask(known);
}

static struct known_host *add_host(struct aliases *aliases, const char *host)
{
    struct known_host *known = wb_alloc(sizeof *known);

    known->aliases = aliases;
    known->host = wb_strdup(host);
    list_init(&known->link);
    list_init(&known->waiting);
    deadline_init(&known->deadline, on_overdue);
    map_put(&aliases->hosts, slice_of(host), known);
    return known;
}

/* Lower case, no final dot; false: nobody needs to be asked about that. */
static bool read_host(struct slice host, char out[ALIAS_NAME_MAX])
{
    if (host.len && host.ptr[host.len - 1] == '.')
        host.len--;
    if (host.len >= ALIAS_NAME_MAX)
        return false;
    for (size_t i = 0; i < host.len; i++)
        out[i] = ascii_lower(host.ptr[i]);
    out[host.len] = '\0';
    return dns_is_host(slice_make(out, host.len));
}

static void touch(struct known_host *known)
{
    if (list_empty(&known->link))
        return;
    list_remove(&known->link);
    list_push_front(list_of(known), &known->link);
}

void alias_find(struct aliases *aliases, struct alias *alias, struct slice host, void (*poke)(void *owner), void *owner)
{
    char name[ALIAS_NAME_MAX];
    struct known_host *known;

    *alias = (struct alias){.poke = poke, .owner = owner};
    list_init(&alias->link);
    if (!read_host(host, name))
        return;
    known = map_get(&aliases->hosts, slice_of(name));
    bool is_good = known && !known->asking && known->good_until_ms > aliases->loop->now_ms;
    bool begins = !is_good && !(known && known->asking) && aliases->asking < ALIAS_ASKING_MAX;
    if (begins) {
        known = known ? known : add_host(aliases, name);
        begin(known);
    }
    if (!known)
        return;
    touch(known);
    answer(known, alias);
    if (!known->asking || known->overdue)
        return;
    alias->waiting = true;
    list_push_back(&known->waiting, &alias->link);
}

void alias_cancel(struct alias *alias)
{
    list_remove(&alias->link);
    alias->waiting = false;
}

struct slice alias_peek(const struct aliases *aliases, struct slice host)
{
    char name[ALIAS_NAME_MAX];
    const struct known_host *known = read_host(host, name) ? map_get(&aliases->hosts, slice_of(name)) : NULL;

    return known && known->name ? slice_of(known->name) : SLICE("");
}
