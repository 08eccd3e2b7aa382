/* SPDX-License-Identifier: MIT */
/*
 * compile - from a model to a snapshot.
 *
 * Thread: control. Owner: control. The compiler remembers compiled frontends by content, so that one changed container
 * compiles one frontend (decisions.md 23), and gives out the slots by which workers find live state.
 * Nothing in one frontend changes another's outcome; what is wrong becomes a diagnostic.
 */
#pragma once
#include "waybill/route/snapshot.h"

struct compiler;

enum { HEALTH_INTERVAL_MS = 30000 };

struct compile_options {
    const struct filter_ops *const *filters; /* NULL-terminated, in order of application */
    const struct model_entrypoint *entrypoints;
    size_t entrypoint_count;
    bool keep_trailing_slash;
    bool allow_min_weight_zero;
    uint64_t health_interval_ms;      /* of checks that name none; 0 = HEALTH_INTERVAL_MS */
    bool files_elsewhere;             /* those that the model names are another machine's: nothing is said of them (lint) */
    void (*secure_wanted)(void *arg); /* a server over TLS is about to be published; may be NULL */
    void *secure_arg;
    void (*retire)(struct snapshot *snapshot, void *arg);
    void *retire_arg;
};

struct compiler *compiler_create(const struct compile_options *options);
void compiler_destroy(struct compiler **compiler);
/* One reference, the caller's. Never fails: what cannot be compiled is left out or closed, with a diagnostic. */
struct snapshot *compiler_compile(struct compiler *compiler, const struct model *model, struct diagnostics *diagnostics);
/* Frees a snapshot whose last reference is gone, and what only it used. Control thread. */
void compiler_free_snapshot(struct compiler *compiler, struct snapshot *snapshot);
/* For tests and metrics: snapshots not freed yet, frontends compiled since the start. */
size_t compiler_live_snapshots(const struct compiler *compiler);
size_t compiler_frontends_compiled(const struct compiler *compiler);
