/* SPDX-License-Identifier: MIT */
/* router - the wiring: sockets, workers, control, providers, admin; from start to the last connection. */
#pragma once

struct settings;

/* Runs until a signal ends it. Returns the exit status. */
int router_run(const struct settings *settings);
