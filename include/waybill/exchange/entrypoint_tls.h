/* SPDX-License-Identifier: MIT */
/* entrypoint_tls - from the TLS options of an entrypoint to what the workers need of them. Thread: main. */
#pragma once
#include "waybill/model/entrypoint.h"

struct diagnostics;
struct tls_server;

/* The caller's; it has no certificates yet. NULL: an option that protects cannot be understood, and a diagnostic says so. */
struct tls_server *entrypoint_tls_create(const struct model_tls *model, struct slice place, struct diagnostics *diagnostics);
