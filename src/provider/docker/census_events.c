/* SPDX-License-Identifier: MIT */
/* What the events say, before anybody looks. */
#include "census.h"
#include "stop_signal.h"

enum { STOP_MARGIN_MS = 2000 }; /* beyond the stop timeout (decisions.md 17) */

static bool is_one_of(const char *action, const char *const *actions)
{
    while (*actions && strcmp(action, *actions) != 0)
        actions++;
    return *actions != NULL;
}

/* After these it may run, whatever it did before. */
static bool may_have_come(const char *action)
{
    static const char *const actions[] = {"start", "restart", "unpause", NULL};

    return is_one_of(action, actions) || strncmp(action, "health_status", 13) == 0;
}

/* Of interest only when it is known, or looked at: while it is made or started, the engine would hold an inspect back. */
static bool may_have_changed(const char *action)
{
    static const char *const actions[] = {"die",     "stop",    "pause",      "rename", "update",
                                          "destroy", "connect", "disconnect", NULL};

    return is_one_of(action, actions);
}

/* The list of networks is only read for what compose calls them. */
static bool changes_networks(const struct docker_event *event)
{
    static const char *const actions[] = {"create", "destroy", "remove", "update", NULL};

    return event->about_network && is_one_of(event->action, actions);
}

/* A signal that ends it, its death, a pause. Until an inspect were answered, requests would be lost. */
bool census_mark_leaving(struct known *known, const struct docker_event *event, uint64_t now_ms)
{
    struct container *container = known->container;

    if (!container || event->about_network)
        return false;
    if (strcmp(event->action, "kill") == 0 && signal_ends(event->signal, container->stop_signal)) {
        known->stays_ms = now_ms + container->stop_timeout_s * UINT64_C(1000) + STOP_MARGIN_MS;
        container->is_stopping = true;
    } else if (strcmp(event->action, "die") == 0) {
        container->is_running = false;
        known->stays_ms = 0; /* whoever runs next got no signal */
    } else if (strcmp(event->action, "pause") == 0) {
        container->is_paused = true;
    } else {
        return false;
    }
    return true;
}

/* Its death ends the signal: who runs next got none. */
static void note_signal(struct newcomer *newcomer, const struct docker_event *event, uint64_t now_ms)
{
    if (event->about_network)
        return;
    if (strcmp(event->action, "die") == 0)
        newcomer->signal = 0;
    else if (strcmp(event->action, "kill") == 0 && event->signal)
        *newcomer = (struct newcomer){event->signal, now_ms};
}

enum census_change census_note(struct census *census, const struct docker_event *event, uint64_t now_ms)
{
    struct slice id = slice_of(event->container);
    struct known *known = id.len ? map_get(&census->known, id) : NULL;

    census->networks_are_stale |= changes_networks(event);
    if (id.len == 0)
        return CENSUS_SAME;
    struct newcomer *newcomer = map_get(&census->asked, id);
    if (newcomer)
        note_signal(newcomer, event, now_ms);
    bool leaves = known && census_mark_leaving(known, event, now_ms);
    bool look = may_have_come(event->action) || ((known || newcomer) && may_have_changed(event->action));
    if (look)
        map_put(&census->dirty, id, census);
    return leaves ? CENSUS_LEAVING : look ? CENSUS_LOOK : CENSUS_SAME;
}

uint64_t census_due_ms(const struct census *census)
{
    uint64_t due = ghosts_due_ms(&census->ghosts);

    for (size_t i = 0; i < census->count; i++) {
        uint64_t stays_ms = census->order[i]->stays_ms;
        if (stays_ms && stays_ms < due)
            due = stays_ms;
    }
    return due;
}

/* Who outlived its signal is looked at, and is asked again if it runs. */
void census_expire(struct census *census, uint64_t now_ms)
{
    ghosts_expire(&census->ghosts, now_ms);
    for (size_t i = 0; i < census->count; i++) {
        struct known *known = census->order[i];
        if (!known->stays_ms || known->stays_ms > now_ms)
            continue;
        known->stays_ms = 0;
        map_put(&census->dirty, known->id, census);
    }
}
