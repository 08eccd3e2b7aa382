/* SPDX-License-Identifier: MIT */
/*
 * healthcheck - `waybill healthcheck`: asks /ping of the router that runs with the same flags (spec/static-config.md 7).
 *
 * Thread: main. Blocks for 5 s at most (and as long as the resolver takes, if the address is a name).
 */
#pragma once
#include "waybill/base/text.h"

struct settings;

/* `waybill healthcheck --container` asks the router that is process 1 of this container, with that one's own flags, so that
 * an image has one HEALTHCHECK for every deployment. */
struct container_words {
    char **argv;
    int argc;
    char *bytes; /* what argv points into */
    bool found;  /* there is a router */
};
/* From a command line as /proc shows it: "waybill healthcheck" and the router's flags; `--ping` when it shows no router. */
void container_words_read(const char *path, struct container_words *out_words);
void container_words_fini(struct container_words *words);

enum { HEALTHCHECK_TIMEOUT_MS = 5000 };

/* Exit code of the program; adds the line for stdout, with its line end. Without ping the API's entrypoint is asked, where
 * /ping is too. With neither: an error, or (in_container) health that cannot be asked for and is taken for granted. */
int healthcheck_run(const struct settings *settings, bool in_container, struct text *out_line);
/* HEAD http://<address><path>, as "/ping". Separate for tests. */
int healthcheck_ask(struct slice address, struct slice path, uint64_t timeout_ms, struct text *out_line);
/* https://<address>/ping, with a GET. */
int healthcheck_ask_secure(struct slice address, uint64_t timeout_ms, struct text *out_line);
