/* SPDX-License-Identifier: MIT */
/*
 * control - the only writer: collects fragments, merges them into the model, compiles a snapshot, publishes it to the
 * workers, and frees snapshots that the last worker has left.
 *
 * Thread: the main thread's loop; the sink may be called from any. Owner: main.
 */
#pragma once
#include "waybill/control/keyring.h"
#include "waybill/model/sink.h"
#include "waybill/route/compile.h"
#include "waybill/worker/worker.h"

struct control;

struct control_options {
    struct loop *loop;              /* its mailbox is control's */
    struct compile_options compile; /* retire is control's */
    struct worker *const *workers;
    size_t worker_count;
    struct cell *live_snapshots; /* kept up to date for whoever shows it (decisions.md 22); may be NULL */
    struct slices default_entrypoints, known_entrypoints;
    struct keyring *keyring; /* already applied to an empty model; NULL: there is no TLS */
    struct board *board;     /* where what the providers say is put up; may be NULL */
    /* Told of each configuration that is in force; may be NULL. */
    void (*published)(void *arg, struct snapshot *snapshot);
    void *published_arg;
};

struct control *control_create(const struct control_options *options);
/* After the workers have been joined and the providers destroyed. */
void control_destroy(struct control **control);
const struct provider_sink *control_sink(struct control *control);
/* Compiles what there is and gives it to the workers; also when no provider is on. */
void control_publish(struct control *control);
/* The one in force, valid until control is called again; NULL before the first. */
const struct snapshot *control_current(const struct control *control);
size_t control_live_snapshots(const struct control *control);
