/* SPDX-License-Identifier: MIT */
/* Questions for CNAME records, by a c-ares channel of their own: its servers may be others than the system's. */
#include "dns_answer.h"
#include "uv_resolver.h"
#include <arpa/nameser.h>
#include <stdlib.h>

/* c-ares tries the servers in turn, and waits twice as long each time round. */
enum { ASK_TIMEOUT_MS = 1000, ASK_TRIES = 2 };

struct asked {
    struct alias_question *question; /* NULL: cancelled */
    struct resolver *resolver;
    struct later later;
    enum alias_outcome outcome;
};

static void deliver(struct later *later)
{
    struct asked *asked = WB_CONTAINER_OF(later, struct asked, later);
    struct alias_question *question = asked->question;
    enum alias_outcome outcome = asked->outcome;

    free(asked);
    if (!question)
        return;
    question->asked = NULL;
    question->answered(question, outcome);
}

static enum alias_outcome read_answer(struct alias_question *question, struct slice message)
{
    struct dns_alias alias;

    switch (dns_read_alias(message, slice_of(question->name), &alias)) {
    case DNS_ALIAS:
        memcpy(question->target, alias.target, sizeof question->target);
        question->ttl_s = alias.ttl_s;
        return ALIAS_FOUND;
    case DNS_NO_ALIAS:
        return ALIAS_NONE;
    case DNS_MALFORMED:
        break;
    }
    return ALIAS_FAILED;
}

static void on_answer(void *arg, int status, int timeouts, unsigned char *bytes, int len)
{
    struct asked *asked = arg;

    (void)timeouts;
    asked->outcome = status == ARES_ENODATA || status == ARES_ENOTFOUND ? ALIAS_NONE : ALIAS_FAILED;
    if (asked->question && status == ARES_SUCCESS)
        asked->outcome = read_answer(asked->question, slice_make((const char *)bytes, (size_t)len));
    /* It may come from inside ares_query, when no server can be reached. */
    if (asked->resolver->closing)
        free(asked);
    else
        loop_later(&asked->resolver->loop->loop, &asked->later);
}

void uv_alias_ask(struct loop *loop, struct alias_question *question)
{
    static const struct resolver_limits limits = {.timeout_ms = ASK_TIMEOUT_MS, .tries = ASK_TRIES};
    struct uv_worker_loop *w = uv_loop_of(loop);
    struct asked *asked = wb_alloc(sizeof *asked);

    if (!w->alias_resolver)
        w->alias_resolver = uv_resolver_create(w, &limits, question->servers->items, question->servers->count);
    *asked = (struct asked){.question = question, .resolver = w->alias_resolver, .later.run = deliver};
    list_init(&asked->later.link);
    question->asked = asked;
    uv_resolver_watch_time(w->alias_resolver);
    ares_query(w->alias_resolver->channel, question->name, ns_c_in, ns_t_cname, on_answer, asked);
}

void uv_alias_cancel(struct loop *loop, struct alias_question *question)
{
    struct asked *asked = question->asked;

    (void)loop;
    question->asked = NULL;
    if (asked)
        asked->question = NULL;
}

void uv_alias_stop(struct uv_worker_loop *loop)
{
    if (loop->alias_resolver)
        uv_resolver_close(&loop->alias_resolver);
}
