/* SPDX-License-Identifier: MIT */
/*
 *   provider --deliver--> [mailbox] --> replace fragment --> compile --> snapshot --> worker 1..n
 *   worker n --last lease dropped--> retire --> [mailbox] --> free
 */
#include "waybill/control/control.h"
#include "waybill/base/clock.h"
#include "waybill/base/log.h"
#include <stdlib.h>

struct control {
    struct control_options options;
    struct provider_sink sink;
    struct compiler *compiler;
    struct model model;
    struct diagnostics provider_diagnostics[MODEL_PROVIDERS_MAX];
    struct slice provider_names[MODEL_PROVIDERS_MAX];
    size_t provider_count;
    struct diagnostics compile_diagnostics;
    struct snapshot *current; /* one reference, so that the API always has one */
};

struct delivery {
    struct message message;
    struct control *control;
    struct fragment *fragment;
    struct diagnostics *diagnostics;
};

struct retirement {
    struct message message;
    struct control *control;
    struct snapshot *snapshot;
};

static void free_diagnostics(struct diagnostics **list)
{
    if (*list) {
        diagnostics_fini(*list);
        free(*list);
    }
    *list = NULL;
}

/* What the provider said before, for "each thing once". */
static struct diagnostics *diagnostics_of(struct control *control, struct slice provider)
{
    for (size_t i = 0; i < control->provider_count; i++)
        if (slice_eq(control->provider_names[i], provider))
            return &control->provider_diagnostics[i];
    WB_REQUIRE(control->provider_count < MODEL_PROVIDERS_MAX);
    control->provider_names[control->provider_count] = slice_make(slice_dup(provider), provider.len);
    return &control->provider_diagnostics[control->provider_count++];
}

static void open_delivery(struct message *message, void *owner)
{
    struct delivery *delivery = WB_CONTAINER_OF(message, struct delivery, message);
    struct control *control = delivery->control;
    struct slice provider = delivery->fragment->provider;
    const struct fragment *before = model_fragment(&control->model, provider);

    (void)owner;
    if (delivery->diagnostics) {
        struct diagnostics *said = diagnostics_of(control, provider);
        diagnostics_log_new(delivery->diagnostics, said);
        diagnostics_fini(said);
        *said = *delivery->diagnostics;
        free(delivery->diagnostics);
    }
    if (before && fragment_equal(before, delivery->fragment)) {
        wb_log_info("Skipping same configuration for provider " SLICE_FMT, SLICE_ARG(provider));
        fragment_unref(&delivery->fragment);
    } else {
        model_replace(&control->model, &delivery->fragment);
        control_publish(control);
    }
    free(delivery);
}

/* Any thread. */
static void deliver(void *arg, struct fragment **fragment, struct diagnostics **diagnostics)
{
    struct control *control = arg;
    struct delivery *delivery = wb_alloc(sizeof *delivery);

    delivery->message.open = open_delivery;
    delivery->control = control;
    delivery->fragment = *fragment;
    delivery->diagnostics = *diagnostics;
    *fragment = NULL;
    *diagnostics = NULL;
    if (mailbox_post(&control->options.loop->mailbox, &delivery->message))
        return;
    fragment_unref(&delivery->fragment);
    free_diagnostics(&delivery->diagnostics);
    free(delivery);
}

static void note_live_snapshots(struct control *control)
{
    if (control->options.live_snapshots)
        cell_set(control->options.live_snapshots, compiler_live_snapshots(control->compiler));
}

static void open_retirement(struct message *message, void *owner)
{
    struct retirement *retirement = WB_CONTAINER_OF(message, struct retirement, message);

    (void)owner;
    compiler_free_snapshot(retirement->control->compiler, retirement->snapshot);
    note_live_snapshots(retirement->control);
    free(retirement);
}

/* Any thread: the last reference is gone. The mailbox outlives the workers, so the post cannot be refused before
 * control_destroy, which frees by itself. */
static void retire(struct snapshot *snapshot, void *arg)
{
    struct control *control = arg;
    struct retirement *retirement = wb_alloc(sizeof *retirement);

    retirement->message.open = open_retirement;
    retirement->control = control;
    retirement->snapshot = snapshot;
    if (!mailbox_post(&control->options.loop->mailbox, &retirement->message))
        open_retirement(&retirement->message, NULL);
}

struct control *control_create(const struct control_options *options)
{
    struct control *control = wb_alloc(sizeof *control);

    control->options = *options;
    control->options.compile.retire = retire;
    control->options.compile.retire_arg = control;
    control->sink = (struct provider_sink){.deliver = deliver,
                                           .arg = control,
                                           .default_entrypoints = &control->options.default_entrypoints,
                                           .known_entrypoints = &control->options.known_entrypoints};
    control->compiler = compiler_create(&control->options.compile);
    diagnostics_init(&control->compile_diagnostics);
    return control;
}

const struct provider_sink *control_sink(struct control *control)
{
    return &control->sink;
}

void control_publish(struct control *control)
{
    struct diagnostics diagnostics;
    uint64_t began_ns = clock_monotonic_ns();

    diagnostics_init(&diagnostics);
    struct snapshot *snapshot = compiler_compile(control->compiler, &control->model, &diagnostics);
    diagnostics_log_new(&diagnostics, &control->compile_diagnostics);
    diagnostics_fini(&control->compile_diagnostics);
    control->compile_diagnostics = diagnostics;
    for (size_t i = 0; i < control->options.worker_count; i++) {
        struct snapshot *given = snapshot_ref(snapshot);
        worker_adopt(control->options.workers[i], &given);
    }
    wb_log_info("configuration %llu published: %zu frontends, compiled in %llu us", (unsigned long long)snapshot->number,
                snapshot->frontend_count, (unsigned long long)((clock_monotonic_ns() - began_ns) / 1000));
    if (control->current)
        snapshot_unref(&control->current);
    control->current = snapshot;
    note_live_snapshots(control);
}

size_t control_live_snapshots(const struct control *control)
{
    return compiler_live_snapshots(control->compiler);
}

void control_destroy(struct control **control)
{
    struct control *ending = *control;

    *control = NULL;
    if (ending->current)
        snapshot_unref(&ending->current);
    mailbox_open_all(&ending->options.loop->mailbox, NULL);
    WB_REQUIRE(compiler_live_snapshots(ending->compiler) == 0);
    compiler_destroy(&ending->compiler);
    model_fini(&ending->model);
    for (size_t i = 0; i < ending->provider_count; i++) {
        diagnostics_fini(&ending->provider_diagnostics[i]);
        free((char *)(uintptr_t)ending->provider_names[i].ptr);
    }
    diagnostics_fini(&ending->compile_diagnostics);
    free(ending);
}
