/* SPDX-License-Identifier: MIT */
#include "access_note.h"
#include "access_private.h"
#include "exchange_private.h"
#include "waybill/base/clock.h"
#include "waybill/exchange/access_log.h"

void access_note_create(struct exchange *x)
{
    x->note = ARENA_NEW(&x->arena, struct access_note);
}

void access_note_end(struct exchange *x)
{
    if (x->note->fields.ptr)
        access_log_put_aside(x->env->access_log, &x->note->fields);
    x->note = NULL;
}

/* The snapshot may be gone when the line is written: names are copied. */
void access_note_route(struct exchange *x)
{
    x->note->local = !x->frontend;
    x->frontend_name = x->frontend ? arena_copy(&x->arena, x->frontend->short_name) : SLICE("backend not found");
    if (x->frontend && x->frontend->backend && access_log_rules(x->env->access_log)->json)
        x->note->backend_name = arena_copy(&x->arena, x->frontend->backend->name);
}

void access_note_answered_by(struct exchange *x, const struct filter_ops *ops, bool of_entrypoint)
{
    const char *answers_as = of_entrypoint ? ops->answers_as_entrypoint : ops->answers_as;

    if (!answers_as)
        return;
    x->note->local = true;
    x->frontend_name = ARENA_JOIN(&x->arena, slice_of(answers_as), SLICE(" "),
                                  of_entrypoint ? x->entrypoint->name : x->frontend->name);
}

void access_note_server(struct exchange *x)
{
    struct slice url = slice_head(x->server->url, sizeof x->server_url - 1);

    memcpy(x->server_url, url.ptr, url.len);
    x->server_url[url.len] = '\0';
    x->note->local = false;
    if (x->note->origin_began_ns == 0 && access_log_rules(x->env->access_log)->json)
        x->note->origin_began_ns = clock_monotonic_ns();
}

/* Of exchange->answer, as its head is now. */
static void note_fields(struct exchange *x, struct slice prefix)
{
    struct access_note *note = x->note;

    if (!note->fields.ptr)
        note->fields = access_log_take_spare(x->env->access_log);
    access_headers_add(&note->fields, access_log_rules(x->env->access_log), prefix, x->answer.headers);
}

/* A backend that is asked in another's stead, for an error page, does not speak for it. */
void access_note_origin(struct exchange *x)
{
    const struct access_rules *rules = access_log_rules(x->env->access_log);

    if (!x->frontend || !exchange_asks_own_backend(x))
        return;
    x->note->origin_status = x->answer.status;
    if (rules->json) {
        x->note->fields.len = 0; /* of a server that was asked before */
        note_fields(x, SLICE("origin_"));
        x->note->origin_fields_len = x->note->fields.len;
    }
}

static bool is_in(struct slice text, struct slice bytes)
{
    uintptr_t at = (uintptr_t)text.ptr, from = (uintptr_t)bytes.ptr;

    return at >= from && at - from <= bytes.len;
}

void access_note_keep_request(struct exchange *x)
{
    struct slice head = buffer_slice(&x->head_bytes);

    for (unsigned i = 0; i < x->request.headers.count; i++) {
        struct header *header = &x->request.headers.items[i];
        if (header->gone || is_in(header->value, head))
            continue;
        header->name = arena_copy(&x->arena, header->name);
        header->value = arena_copy(&x->arena, header->value);
    }
}

void access_note_answer(struct exchange *x)
{
    if (access_log_rules(x->env->access_log)->json)
        note_fields(x, SLICE("downstream_"));
}
