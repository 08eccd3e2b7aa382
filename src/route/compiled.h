/* SPDX-License-Identifier: MIT */
/*
 * compiled - what the compiler remembers: frontends and backends by content, and what was said about them.
 *
 * Thread: control; workers read what a published snapshot names. Owner: counts of the snapshots (frontends) and frontends
 * (backends) that hold them.
 */
#pragma once
#include "fingerprint.h"
#include "slots.h"
#include "waybill/route/compile.h"

enum { COMPILED_BLOCK = 512 }; /* they are many, and most are small */

struct compiled_backend {
    struct route_backend backend;
    struct fingerprint key;
    struct arena arena;
    unsigned holds;
    const char *closed_because; /* NULL: open */
    struct diagnostics diagnostics;
};

struct compiled_frontend {
    struct route_frontend frontend;
    struct fingerprint key;
    struct arena arena;
    unsigned holds;
    bool left_out;
    struct compiled_backend *backend; /* one hold; NULL: none */
    struct slices entrypoints;
    struct diagnostics diagnostics;
};

struct compiler {
    struct compile_options options;
    struct map frontends, backends; /* by fingerprint */
    struct slots server_slots, backend_slots;
    struct text scratch;
    uint64_t snapshot_number;
    size_t live_snapshots, frontends_compiled;
};

/* Each returns one without a hold, made or remembered. */
struct compiled_backend *compile_backend(struct compiler *compiler, const struct fragment *fragment,
                                         const struct model_backend *model);
struct compiled_frontend *compile_frontend(struct compiler *compiler, const struct fragment *fragment,
                                           const struct model_frontend *model, struct compiled_backend *backend);
/* The last hold frees it and what it held. */
void compiled_backend_drop(struct compiler *compiler, struct compiled_backend *backend);
void compiled_frontend_drop(struct compiler *compiler, struct compiled_frontend *frontend);
