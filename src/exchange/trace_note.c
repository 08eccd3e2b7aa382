/* SPDX-License-Identifier: MIT */
#include "trace_note.h"
#include "exchange_private.h"
#include "waybill/base/clock.h"

/* A new trace begins, unless there is one to go on with. The client's span is taken over where it and ours may be one. */
static void choose_span(struct tracer *tracer, struct trace_note *note)
{
    const struct tracer_options *options = tracer_options_of(tracer);
    struct trace_context *context = &note->context;

    if (!trace_context_has_trace(context)) {
        context->trace.low = tracer_new_span(tracer);
        context->trace.high = options->wide_ids ? tracer_new_span(tracer) : 0;
    }
    note->shared = options->same_span && context->span && !context->from_parent;
    if (!note->shared) {
        context->parent = context->span;
        context->span = tracer_new_span(tracer);
    }
    if (context->sampling == TRACE_UNDECIDED)
        context->sampling = tracer_samples(tracer, &context->trace) ? TRACE_SAMPLED : TRACE_DROPPED;
}

/* Empty: the line is not wanted, or does not fit. */
static void compose_lines(struct exchange *x, const struct trace_context *context, struct slice lines[TRACE_LINE_COUNT])
{
    char trace[TRACE_ID_CHARS], span[TRACE_SPAN_CHARS], parent[TRACE_SPAN_CHARS], w3c[TRACE_PARENT_CHARS],
        b3[TRACE_B3_CHARS];

    memset(lines, 0, TRACE_LINE_COUNT * sizeof *lines);
    if (context->spellings & TRACE_W3C) {
        trace_parent_write(context, w3c);
        lines[TRACE_LINE_PARENT] = arena_copy(&x->arena, slice_make(w3c, sizeof w3c));
    }
    if (context->spellings & TRACE_B3_SINGLE)
        lines[TRACE_LINE_B3] = arena_copy(&x->arena, slice_make(b3, trace_b3_write(context, b3)));
    if (!(context->spellings & TRACE_B3_MULTI))
        return;
    trace_span_write(context->span, span);
    trace_span_write(context->parent, parent);
    lines[TRACE_LINE_TRACE_ID] = arena_copy(&x->arena, slice_make(trace, trace_id_write(&context->trace, trace)));
    lines[TRACE_LINE_SPAN_ID] = arena_copy(&x->arena, slice_make(span, sizeof span));
    if (context->parent)
        lines[TRACE_LINE_PARENT_SPAN_ID] = arena_copy(&x->arena, slice_make(parent, sizeof parent));
    if (context->sampling == TRACE_DEBUG)
        lines[TRACE_LINE_FLAGS] = SLICE("1");
    else
        lines[TRACE_LINE_SAMPLED] = context->sampling == TRACE_SAMPLED ? SLICE("1") : SLICE("0");
}

/* Twice: for who is asked before a server is (an authentication server), then for the server. What a filter has removed or
 * replaced in between stays so. */
static void put_lines(struct exchange *x, struct trace_note *note, const struct trace_context *context)
{
    static const struct slice names[TRACE_LINE_COUNT] = {
        {"traceparent", 11},  {"b3", 2},         {"X-B3-Traceid", 12}, {"X-B3-Spanid", 11}, {"X-B3-Parentspanid", 17},
        {"X-B3-Sampled", 12}, {"X-B3-Flags", 10}};
    struct headers *headers = &x->request.headers;
    struct slice lines[TRACE_LINE_COUNT];

    compose_lines(x, context, lines);
    for (size_t i = 0; i < TRACE_LINE_COUNT; i++) {
        struct header *header = note->values[i] ? &headers->items[note->places[i]] : NULL;
        if (lines[i].len == 0)
            continue;
        if (header && header->value.ptr == note->values[i] && !header->gone)
            header->value = lines[i];
        else if (header || !headers_add(headers, names[i], lines[i]))
            continue;
        if (!header)
            note->places[i] = headers->count - 1;
        note->values[i] = lines[i].ptr;
    }
}

void trace_begin(struct exchange *x)
{
    struct tracer *tracer = x->env->tracer;
    struct trace_note *note = ARENA_NEW(&x->arena, struct trace_note);

    if (!note)
        return; /* too large a request to be served, too */
    trace_context_read(&x->request.headers, &note->context);
    if (note->context.spellings || note->context.has_state)
        trace_context_remove(&x->request.headers, note->context.from_parent);
    note->context.spellings |= tracer_options_of(tracer)->spelling;
    choose_span(tracer, note);
    put_lines(x, note, &note->context);
    if (note->context.sampling >= TRACE_SAMPLED)
        x->trace = note;
}

/* The snapshot may be gone when it is recorded: texts are copied. */
static void begin_forwarding(struct exchange *x)
{
    struct trace_note *note = x->trace;
    struct trace_context context = note->context;

    note->forward_began_ns = clock_monotonic_ns();
    note->forward_span = tracer_new_span(x->env->tracer);
    note->frontend = arena_copy(&x->arena, x->frontend->name);
    note->backend = arena_copy(&x->arena, x->backend->name);
    note->target = arena_copy(&x->arena, slice_head(x->route.changes.target, SPAN_TEXT_MAX));
    context.parent = context.span;
    context.span = note->forward_span;
    put_lines(x, note, &context);
}

void trace_server(struct exchange *x)
{
    struct trace_note *note = x->trace;

    if (!note->forward_span)
        begin_forwarding(x);
    if (exchange_asks_own_backend(x))
        note->server = arena_copy(&x->arena, x->server->url);
}

void trace_origin(struct exchange *x)
{
    if (x->frontend && exchange_asks_own_backend(x))
        x->trace->origin_status = x->answer.status;
}

void trace_end(struct exchange *x, uint64_t now_ns)
{
    const struct trace_note *note = x->trace;
    struct span_record record = {
        .trace = note->context.trace,
        .span = note->context.span,
        .parent = note->context.parent,
        .started_wall_ns = x->started_ns,
        .duration_ns = now_ns - x->started_ns,
        .forward_span = note->forward_span,
        .forward_wall_ns = note->forward_began_ns,
        .forward_duration_ns = note->forward_span ? now_ns - note->forward_began_ns : 0,
        .status = x->status,
        .forward_status = note->origin_status ? note->origin_status : x->status,
        .attempts = x->attempts,
        .reason = x->reason,
        .shared = note->shared,
        .debug = note->context.sampling == TRACE_DEBUG,
        .cut = x->cut,
        .texts = {[SPAN_ENTRYPOINT] = x->entrypoint->name,
                  [SPAN_HOST] = x->request.authority,
                  [SPAN_METHOD] = x->request.method,
                  [SPAN_TARGET] = x->request.target,
                  [SPAN_FRONTEND] = note->frontend,
                  [SPAN_BACKEND] = note->backend,
                  [SPAN_SERVER] = note->server,
                  [SPAN_FORWARD_TARGET] = note->target},
    };

    tracer_add(x->env->tracer, &record, now_ns);
}
