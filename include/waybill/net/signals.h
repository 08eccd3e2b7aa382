/* SPDX-License-Identifier: MIT */
/* signals - a signal as an event of a loop. Thread: the loop's. */
#pragma once
#include "waybill/net/loop.h"

struct signal_watch;

struct signal_watch *signal_watch_create(struct loop *loop, int number, void (*came)(void *owner, int number), void *owner);
void signal_watch_destroy(struct signal_watch **watch);
