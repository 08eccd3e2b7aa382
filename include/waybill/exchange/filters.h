/* SPDX-License-Identifier: MIT */
/* filters - the registry: every filter, in the order they are applied (spec/proxy.md 1). Adding one is a line in
 * src/exchange/filter/registry.c. */
#pragma once
#include "waybill/exchange/environment.h"

/* NULL-terminated; for compile_options. */
extern const struct filter_ops *const exchange_filters[];

/* Entrypoint `number` of the static configuration as workers need it; what it makes lives in the arena. A protecting option
 * that cannot be understood closes the entrypoint, with a diagnostic. */
void entrypoint_compile(const struct model_entrypoint *entrypoints, size_t count, size_t number, struct arena *arena,
                        struct diagnostics *diagnostics, struct entrypoint *out_entrypoint);
/* Ends what its filters hold beyond the arena. */
void entrypoint_fini(struct entrypoint *entrypoint);
