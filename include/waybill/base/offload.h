/* SPDX-License-Identifier: MIT */
/*
 * offload - work that would hold up a loop, done by threads of its own and brought back by mail.
 *
 * Jobs wait in lines, one for each party that must not make the others wait: the threads take a job from each line in turn,
 * and a line holds so many jobs at most. They start with the first job, and are nicer than the threads that give it.
 *
 * Thread: post any, withdraw that of the job's home. Owner: who posts a job lends it until `done` is called or it is withdrawn.
 * A line lives as long as one of its jobs does.
 */
#pragma once
#include "waybill/base/list.h"
#include "waybill/base/mailbox.h"

enum { OFFLOAD_LINE_MAX = 64 }; /* jobs of one line, waiting or being done */

struct offload;

struct offload_line {
    struct list link, jobs;
    unsigned count;
};

struct offload_job {
    struct message message;
    struct list link;
    struct offload_line *line;
    struct mailbox *home;
    void (*run)(struct offload_job *job);  /* on some thread */
    void (*done)(struct offload_job *job); /* on the thread of `home`; when that mailbox is closed, where it was run */
};

/* Without threads, offload_work does the jobs (tests on a fake clock). */
struct offload *offload_create(unsigned threads);
/* Waits for what is being done; nothing waits any more. What jobs' homes are in is still there. */
void offload_destroy(struct offload **offload);
void offload_line_init(struct offload_line *line);
/* The caller has set run, done and home. False: the line is full, or no thread can be had; the job is still the caller's. */
bool offload_post(struct offload *offload, struct offload_line *line, struct offload_job *job) WB_MUST_USE;
/* False: it is being done or was done, and `done` will come. */
bool offload_withdraw(struct offload *offload, struct offload_job *job) WB_MUST_USE;
/* Does what waits, on the caller's thread; returns how much. */
size_t offload_work(struct offload *offload);
