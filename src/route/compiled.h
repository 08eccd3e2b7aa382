/* SPDX-License-Identifier: MIT */
/*
 * compiled - what the compiler remembers: frontends and backends by content, and what was said about them.
 *
 * Thread: control; workers read what a published snapshot names. Owner: counts of the snapshots (frontends) and frontends
 * (backends) that hold them.
 */
#pragma once
#include "keyed.h"
#include "recall.h"
#include "slots.h"
#include "waybill/route/compile.h"
#include "waybill/route/live.h"

enum { COMPILED_ENTRYPOINTS = 64 }; /* in one word */

struct compiled_backend {
    struct compiled_head head;
    struct diagnostics diagnostics;
    struct route_backend backend;
    struct arena arena;
};

/* Of the same content under another name (names of containers' frontends hold a position that shifts) there is one that was
 * compiled, the original, and copies of it that only have names of their own. */
struct compiled_frontend {
    struct compiled_head head; /* by content and name; what each compilation looks at lies side by side */
    bool left_out;
    uint64_t entrypoints;             /* bit for each of the compiler's that it is on, up to COMPILED_ENTRYPOINTS ... */
    const uint64_t *more_entrypoints; /* ... and the words behind; NULL: on none of those */
    struct diagnostics diagnostics;
    struct fingerprint claim; /* of what its rule asks for */
    struct route_frontend frontend;
    struct arena arena;
    struct compiled_backend *backend; /* one hold; NULL: none */
    struct compiled_backend *
        *others; /* backends that filters may ask, one hold each; NULL where there is none of that name */
    size_t other_count;
    void **lives; /* one hold each */
    size_t live_count;
    struct fingerprint content;         /* of an original: by which it is found */
    struct compiled_frontend *original; /* one hold, and what the copy points to is its; NULL: this is one */
};

/* One frontend being compiled. */
struct frontend_build {
    struct compiler *compiler;
    struct compiled_frontend *made;
    const struct fragment *fragment;
    const struct model_frontend *model;
    struct slice place; /* empty: it is filled in each time something is said, for lines move */
};

struct built_snapshot;

struct compiler {
    struct compile_options options;
    struct keyed frontends, backends; /* by content */
    struct slots server_slots, backend_slots;
    struct live_table lives;
    uint64_t checks_made;
    struct text scratch, place;          /* of what is being compiled */
    struct arena notes;                  /* the same, in pieces */
    const struct built_snapshot *latest; /* the last one made, if it is still there */
    struct recall frontends_before, backends_before;
    uint64_t snapshot_number;
    size_t live_snapshots, frontends_compiled;
};

/* compile_filters.c: the frontend's filters; what cannot be understood closes it. */
void compile_filters(struct frontend_build *build);
void close_frontend(struct frontend_build *build, struct slice because);

/* Somebody is going to be called over TLS. */
void compiler_want_secure(const struct compiler *compiler);

/* compile_health.c: gives the backend's servers their checks, if it has any; and back. */
void compile_health(struct compiler *compiler, struct compiled_backend *made, const struct model_health_check *model,
                    struct slice place);
void drop_health(struct compiler *compiler, struct compiled_backend *made);

/* Each returns one without a hold, made or remembered. */
struct compiled_backend *compile_backend(struct compiler *compiler, const struct fragment *fragment,
                                         const struct model_backend *model);
struct compiled_frontend *compile_frontend(struct compiler *compiler, const struct fragment *fragment,
                                           const struct model_frontend *model, struct compiled_backend *backend);
/* Number of one of the compiler's entrypoints. */
bool compiled_frontend_is_on(const struct compiled_frontend *frontend, size_t entrypoint);
/* The last hold frees it and what it held. */
void compiled_backend_drop(struct compiler *compiler, struct compiled_backend *backend);
void compiled_frontend_drop(struct compiler *compiler, struct compiled_frontend *frontend);
