/* SPDX-License-Identifier: MIT */
/*
 * thread - which worker's regular expressions the calling thread uses (decisions.md 24).
 *
 * RE2 objects change as they run, so each thread that matches has its own, made when first used. A thread
 * that never says who it is has index 0; two threads that match at the same time must have different ones.
 */
#pragma once

enum { ROUTE_THREADS_MAX = 256 };

/* Below ROUTE_THREADS_MAX. 0 is control's (and the tests'); workers count from 1. */
void route_use_thread(unsigned index);
