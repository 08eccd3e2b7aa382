/* SPDX-License-Identifier: MIT */
/*
 * sim_loop - a loop on a fake clock: the real worker code runs on it without a kernel.
 *
 * Whatever happens outside the worker is an event at a time. Events of one time run in the order they were posted, or, with
 * a seed, in any order: each link posts one event a direction, so bytes never overtake each other.
 * As in libuv, nothing pokes the worker from inside one of its own calls.
 * Thread: one. Owner: the test.
 */
#pragma once
#include "waybill/base/text.h"
#include "waybill/net/alias.h"
#include "waybill/net/lookup.h"
#include "waybill/net/stream.h"

struct sim_link;

struct sim_event {
    struct list link; /* in sim->events while it is to come */
    uint64_t at_ms;
    void (*run)(struct sim_event *event);
};

enum sim_dial { SIM_ACCEPT, SIM_REFUSE, SIM_SILENT };

/* What answers a dial. First member of a scripted server. */
struct sim_listener {
    struct list link;
    struct address address;
    enum sim_dial dial;
    uint64_t dial_ms;  /* until it is accepted or refused */
    unsigned refusals; /* so many dials are refused first */
    unsigned dialled;
    void (*accepted)(struct sim_listener *listener, struct sim_link *conn);
};

enum sim_answer { SIM_NAME_LATER, SIM_NAME_AT_ONCE, SIM_NAME_NEVER };

struct sim_name {
    const char *host;
    enum sim_answer when;
    uint64_t after_ms;
    struct address addresses[LOOKUP_ADDRESSES_MAX];
    size_t address_count; /* 0: there is no such name */
};

/* A CNAME record. */
struct sim_alias {
    const char *name, *target; /* target NULL: the servers do not answer, or say that they cannot */
    uint32_t ttl_s;
    uint64_t after_ms;
    bool never; /* no answer comes */
};

/* How bytes travel on new links. */
struct sim_wire {
    size_t deliver_max;  /* towards the worker, at once; 0 = whatever there is */
    size_t socket_bytes; /* the worker's socket takes so much before the other end reads; 0 = everything */
    size_t absorb_max;   /* the other end reads so much at once; 0 = whatever there is */
    uint64_t absorb_every_ms;
    bool random; /* each of the above is drawn anew, up to the number given, each time */
};

struct sim {
    struct loop loop; /* first */
    struct list events, listeners, links, questions, alias_questions;
    struct sim_name names[8];
    size_t name_count;
    struct sim_alias aliases[16]; /* a name that is not here leads nowhere, which is said at once */
    size_t alias_count;
    unsigned alias_asked;
    struct sim_wire wire;
    bool vary;       /* each new link draws rules of its own */
    uint64_t random; /* state; 0: events of one time keep their order */
    size_t lent_max; /* most bytes ever lent from the stock */
    unsigned dialled, steps;
};

void sim_init(struct sim *sim, uint64_t seed);
/* Everything must be closed. */
void sim_fini(struct sim *sim);
/* Posting again moves it. */
void sim_post(struct sim *sim, struct sim_event *event, uint64_t after_ms);
void sim_unpost(struct sim_event *event);
/* What happens by then: events and deadlines in order of time. */
void sim_advance(struct sim *sim, uint64_t ms);
/* What happens without time passing. */
void sim_settle(struct sim *sim);
/* The next of these things; false: there is none. */
bool sim_step(struct sim *sim);
uint64_t sim_draw(struct sim *sim, uint64_t below);
void sim_add_listener(struct sim *sim, struct sim_listener *listener, const char *ip, uint16_t port);
void sim_remove_listener(struct sim_listener *listener);
struct sim_listener *sim_find_listener(struct sim *sim, const struct address *address);
