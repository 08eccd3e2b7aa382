/* SPDX-License-Identifier: MIT */
/* run - one run of a program: what it holds and what it has cost so far. Thread: one. Owner: the caller of render_text. */
#pragma once
#include "program.h"
#include "waybill/render/render.h"

struct run {
    struct report *report;
    struct arena *arena;
    struct value *slots;
    struct value dot;
    size_t steps, held;
    struct text out;
    uint32_t *lines; /* of the source, one for each line of `out`; on the heap */
    size_t line_count, line_capacity;
    bool line_begins; /* what is written next begins a line */
};

/* False: it ran too long. */
bool run_spend(struct run *run, const char *at, size_t steps);
/* Before so many bytes are taken from the arena. False: it holds too much. */
bool run_hold(struct run *run, const char *at, size_t bytes);
/* How many may be held yet. */
size_t run_room(const struct run *run);
/* The report is filled when false. */
bool program_run(struct run *run, const struct program *program);
