/* SPDX-License-Identifier: MIT */
/*
 * web - the deprecated group of v1.7: api, ping and metrics on an entrypoint of its own (spec/static-config.md 1.4).
 *
 * Thread: main.
 */
#pragma once
#include "reading.h"
#include "waybill/toml/toml.h"

/* [web.auth], which has no flags: it is an entrypoint's. Does not keep the table. */
void web_take_auth(struct reading *reading, const struct toml_value *table);
/* Makes of it what it stands for: nothing, beside what took its place. All sources are read. False with reading->failure. */
bool web_finish(struct reading *reading);
