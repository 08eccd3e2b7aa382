/* SPDX-License-Identifier: MIT */
/* engine_parts - what the files of the engine's client share. Private to engine.c and engine_swarm.c. */
#pragma once
#include "engine.h"
#include "waybill/callout/callout.h"

enum {
    SMALL_BODY = 256 * 1024,
    INSPECT_BODY = 4 * 1024 * 1024,
    LIST_BODY = 64 * 1024 * 1024,
};

/* JSON in a query, as {"type":{"container":true,"network":true}}. */
#define OPEN      "%7B%22"
#define NAMES     "%22%3A%7B%22"
#define IS_WANTED "%22%3Atrue"
#define OR        "%2C%22"
#define CLOSE     "%7D%7D"

/* One that was begun. */
struct inspect_call {
    char *id, *target;
    struct callout_get get;
};

struct engine {
    struct callout *callout;
    struct inspect_call *inspects[ENGINE_INSPECTS_MAX];
    size_t inspect_count;
    struct inspect_call *taken;    /* whose id was handed out */
    struct docker_version version; /* that we speak */
    struct docker_version theirs;  /* their newest */
    uint64_t call_ms, list_ms;     /* for an answer */
    struct slice endpoint;         /* the options', which outlive it */
    char error[512];
};

/* Always FAILED, for this reason. */
enum engine_outcome engine_fail(struct engine *engine, const char *reason);
/* One call that has to succeed. `target` is freed; *out_get is to be fini'd when it is OK, else only its status counts. */
enum engine_outcome engine_get(struct engine *engine, char *target, size_t limit, uint64_t timeout_ms,
                               struct callout_get *out_get);
char *engine_list_target(const struct engine *engine);
char *engine_inspect_target(const struct engine *engine, struct slice id);
