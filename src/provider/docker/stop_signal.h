/* SPDX-License-Identifier: MIT */
/* stop_signal - which signals end a container. Thread: any; constant. */
#pragma once
#include "waybill/base/slice.h"

enum { STOP_SIGNAL_DEFAULT = 15 };

/* "15", "SIGTERM", "term", "RTMIN+3": the number on Linux; 0: no signal. */
int signal_parse(struct slice text);
/* TERM, KILL, INT, QUIT, or the container's own. One of which nothing is known ends nothing: the engine tells of the death. */
bool signal_ends(int signal, int stop_signal);
