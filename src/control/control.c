/* SPDX-License-Identifier: MIT */
/*
 *   provider --deliver--> [mailbox] --> replace fragment --> compile --> snapshot --> worker 1..n
 *                  \-- of one provider there is one delivery in it: a later one takes its place
 *   worker n --last lease dropped--> retire --> [mailbox] --> free
 */
#include "waybill/control/control.h"
#include "files.h"
#include "follow.h"
#include "waybill/base/clock.h"
#include "waybill/base/list.h"
#include "waybill/base/log.h"
#include "waybill/model/board.h"
#include "waybill/model/inventory.h"
#include <pthread.h>
#include <stdlib.h>

/* What a provider said last. */
struct source {
    struct slice name;              /* static */
    struct diagnostics diagnostics; /* for "each thing once" */
    struct inventory *inventory;    /* as it was delivered; NULL: it has none */
};

struct control {
    struct control_options options;
    struct provider_sink sink;
    struct compiler *compiler;
    struct model model;
    struct source sources[MODEL_PROVIDERS_MAX];
    size_t source_count;
    struct diagnostics compile_diagnostics;
    struct deadline look;     /* whether a file that the configuration names was changed */
    uint64_t files;           /* files_stamp when it was compiled last */
    bool has_certificates;    /* some entrypoint has TLS */
    struct snapshot *current; /* one reference, so that the API always has one */
    pthread_mutex_t lock;     /* of what follows, and of parcels that are in it */
    struct list waiting;      /* parcels that are in the mailbox */
};

/* A delivery under way. */
struct parcel {
    struct message message;
    struct list link; /* in control->waiting */
    struct control *control;
    struct slice provider;
    struct delivery delivery;
};

struct retirement {
    struct message message;
    struct control *control;
    struct snapshot *snapshot;
};

static struct source *find_source(struct control *control, struct slice provider)
{
    for (size_t i = 0; i < control->source_count; i++)
        if (slice_eq(control->sources[i].name, provider))
            return &control->sources[i];
    WB_REQUIRE(control->source_count < MODEL_PROVIDERS_MAX);
    struct source *added = &control->sources[control->source_count++];
    added->name = provider;
    return added;
}

static void source_fini(struct source *source)
{
    diagnostics_fini(&source->diagnostics);
    inventory_unref(&source->inventory);
}

/* Puts up what there is to say of the source's containers, for whoever shows it. */
static void show_inventory(struct control *control, const struct source *source)
{
    if (!source->inventory || !control->options.board)
        return;
    struct inventory *before = board_inventory(control->options.board, source->name);
    struct inventory *revised = inventory_revise(source->inventory);
    if (control->current)
        snapshot_review(control->current, revised);
    inventory_add_problems(revised, &control->compile_diagnostics);
    follow_inventory(revised, before, clock_wall_ns());
    board_set_inventory(control->options.board, &revised);
    inventory_unref(&before);
}

static void show_diagnostics(struct control *control, struct slice source, const struct diagnostics *diagnostics)
{
    if (control->options.board)
        board_set_diagnostics(control->options.board, source, diagnostics);
}

static void take_diagnostics(struct control *control, struct source *source, struct diagnostics **diagnostics)
{
    diagnostics_log_new(*diagnostics, &source->diagnostics);
    show_diagnostics(control, source->name, *diagnostics);
    diagnostics_fini(&source->diagnostics);
    source->diagnostics = **diagnostics;
    free(*diagnostics);
    *diagnostics = NULL;
}

/* False: it is the same as before. */
static bool take_fragment(struct control *control, struct fragment **fragment)
{
    const struct fragment *before = model_fragment(&control->model, (*fragment)->provider);

    if (before && fragment_equal(before, *fragment)) {
        wb_log_info("Skipping same configuration for provider " SLICE_FMT, SLICE_ARG(before->provider));
        fragment_unref(fragment);
        return false;
    }
    if (control->options.board)
        board_note_configuration(control->options.board, (*fragment)->provider);
    model_replace(&control->model, fragment);
    return true;
}

static void open_parcel(struct message *message, void *owner)
{
    struct parcel *parcel = WB_CONTAINER_OF(message, struct parcel, message);
    struct control *control = parcel->control;
    struct delivery *delivery = &parcel->delivery;
    struct source *source = find_source(control, parcel->provider);

    (void)owner;
    pthread_mutex_lock(&control->lock);
    list_remove(&parcel->link);
    pthread_mutex_unlock(&control->lock);
    if (delivery->diagnostics)
        take_diagnostics(control, source, &delivery->diagnostics);
    if (delivery->inventory) {
        inventory_unref(&source->inventory);
        source->inventory = delivery->inventory;
    }
    if (delivery->fragment && take_fragment(control, &delivery->fragment))
        control_publish(control);
    else if (delivery->inventory)
        show_inventory(control, source);
    free(parcel);
}

static void delivery_drop(struct delivery *delivery)
{
    fragment_unref(&delivery->fragment);
    inventory_unref(&delivery->inventory);
    if (delivery->diagnostics) {
        diagnostics_fini(delivery->diagnostics);
        free(delivery->diagnostics);
    }
}

/* What the later one has is what holds now; what it says nothing of stays. It has the earlier one's then. */
static void swap_in(struct delivery *earlier, struct delivery *later)
{
    const struct delivery before = *earlier;

    if (later->fragment) {
        earlier->fragment = later->fragment;
        later->fragment = before.fragment;
    }
    if (later->inventory) {
        earlier->inventory = later->inventory;
        later->inventory = before.inventory;
    }
    if (later->diagnostics) {
        earlier->diagnostics = later->diagnostics;
        later->diagnostics = before.diagnostics;
    }
}

/* With the lock held. NULL: control has opened all there were. */
static struct parcel *find_waiting(struct control *control, struct slice provider)
{
    LIST_EACH (node, &control->waiting) {
        struct parcel *parcel = LIST_ENTRY(node, struct parcel, link);
        if (slice_eq(parcel->provider, provider))
            return parcel;
    }
    return NULL;
}

/* With the lock held; the mailbox has one of its own, inside of which nobody takes ours. */
static void post_parcel(struct control *control, struct slice provider, struct delivery *delivery)
{
    struct parcel *parcel = wb_alloc(sizeof *parcel);

    *parcel = (struct parcel){.message = {.open = open_parcel}, .control = control, .provider = provider};
    if (!mailbox_post(&control->options.loop->mailbox, &parcel->message)) {
        free(parcel);
        return;
    }
    parcel->delivery = *delivery;
    *delivery = (struct delivery){0};
    list_push_back(&control->waiting, &parcel->link);
}

/* Any thread. Who delivers faster than it can be compiled must not fill the memory with what nobody will ever see. */
static void deliver(void *arg, struct slice provider, struct delivery *delivery)
{
    struct control *control = arg;
    struct delivery rest = *delivery;

    *delivery = (struct delivery){0};
    pthread_mutex_lock(&control->lock);
    struct parcel *parcel = find_waiting(control, provider);
    if (parcel)
        swap_in(&parcel->delivery, &rest);
    else
        post_parcel(control, provider, &rest);
    pthread_mutex_unlock(&control->lock);
    delivery_drop(&rest);
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

enum { LOOK_AT_FILES_MS = 2000 };

static void read_certificates(struct control *control)
{
    struct keyring *keyring = control->options.keyring;

    if (!keyring)
        return;
    control->has_certificates = keyring_apply(keyring, &control->model);
    show_diagnostics(control, SLICE("certificates"), keyring_problems(keyring));
}

/* Unless no file is named any more. */
static void look_again_later(struct control *control)
{
    if (control->files || control->has_certificates)
        loop_set_deadline_in(control->options.loop, &control->look, LOOK_AT_FILES_MS);
}

static void on_look(struct deadline *deadline)
{
    struct control *control = WB_CONTAINER_OF(deadline, struct control, look);

    read_certificates(control);
    if (control->files && files_stamp(&control->model) != control->files) {
        wb_log_info("a usersFile was changed");
        control_publish(control);
    }
    look_again_later(control);
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
                                           .known_entrypoints = &control->options.known_entrypoints,
                                           .board = control->options.board};
    control->compiler = compiler_create(&control->options.compile);
    diagnostics_init(&control->compile_diagnostics);
    deadline_init(&control->look, on_look);
    list_init(&control->waiting);
    WB_REQUIRE(pthread_mutex_init(&control->lock, NULL) == 0);
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
    control->files = files_stamp(&control->model); /* before they are read */
    read_certificates(control);
    look_again_later(control);
    struct snapshot *snapshot = compiler_compile(control->compiler, &control->model, &diagnostics);
    diagnostics_log_new(&diagnostics, &control->compile_diagnostics);
    show_diagnostics(control, SLICE("routes"), &diagnostics);
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
    if (control->options.published)
        control->options.published(control->options.published_arg, snapshot);
    note_live_snapshots(control);
    for (size_t i = 0; i < control->source_count; i++)
        show_inventory(control, &control->sources[i]); /* one provider's frontends may be in another's way */
}

const struct snapshot *control_current(const struct control *control)
{
    return control->current;
}

size_t control_live_snapshots(const struct control *control)
{
    return compiler_live_snapshots(control->compiler);
}

void control_destroy(struct control **control)
{
    struct control *ending = *control;

    *control = NULL;
    loop_remove_deadline(ending->options.loop, &ending->look);
    if (ending->current)
        snapshot_unref(&ending->current);
    mailbox_open_all(&ending->options.loop->mailbox, NULL);
    WB_REQUIRE(compiler_live_snapshots(ending->compiler) == 0);
    compiler_destroy(&ending->compiler);
    model_fini(&ending->model);
    for (size_t i = 0; i < ending->source_count; i++)
        source_fini(&ending->sources[i]);
    diagnostics_fini(&ending->compile_diagnostics);
    pthread_mutex_destroy(&ending->lock);
    free(ending);
}
