/* SPDX-License-Identifier: MIT */
/*
 * balancer - whose turn it is among a backend's servers: one worker's positions, by the slots of backends.
 *
 * With nothing in the way, turns follow the configured weights and cost no more than that. Where servers are checked, weights
 * move (drr), or one could not be connected to lately, a balancer has shares: the weights in force, which are looked over
 * at each pick. Thread: its worker. Owner: the upstream.
 */
#pragma once
#include "waybill/upstream/upstream.h"

struct balancer;

struct balancers {
    struct balancer *items; /* by backend slot */
    size_t count;
};

void balancers_fini(struct balancers *balancers);
