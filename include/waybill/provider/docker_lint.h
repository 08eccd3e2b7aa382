/* SPDX-License-Identifier: MIT */
/*
 * docker_lint - what the docker provider makes of containers without running: of some that are only described (in a compose
 * file), or of those an engine has at this moment. It is the provider's own code that answers; no thread, nothing delivered.
 *
 * Thread: main. Owner: the caller; what is given stays the caller's, what comes back ends with docker_lint_fini.
 */
#pragma once
#include "waybill/model/diagnostic.h"
#include "waybill/model/inventory.h"
#include "waybill/provider/docker.h"

struct described_label {
    struct slice name, value;
};

struct described_port {
    unsigned number;
    struct slice protocol;
    bool is_bound; /* published on the host: */
    struct slice host_ip, host_port;
};

struct described_network {
    struct slice name; /* as the engine will call it */
    struct slice key;  /* as the file does; empty: it is not of a file */
};

/* Taken as running and healthy. */
struct described_container {
    struct slice name;
    struct slice host; /* what stands for its address in URLs */
    const struct described_label *labels;
    size_t label_count; /* each name once */
    const struct described_port *ports;
    size_t port_count;
    const struct described_network *networks;
    size_t network_count;
    struct slice network_mode; /* "host", "container:NAME"; empty: by its networks */
    struct slice service;      /* of a Swarm, as the engine will call it; empty: it is of none */
    bool is_router;            /* of several the first counts */
};

/* In place of a port where none is described: the image may have one, which is not known. Not on a Swarm, where no port is. */
enum { DOCKER_LINT_UNKNOWN_PORT = 1 };

struct docker_lint_input {
    const struct docker_options *options;
    const struct slices *default_entrypoints, *known_entrypoints;
};

struct docker_lint_output {
    struct fragment *fragment;
    struct inventory *inventory; /* the containers in the order given */
    struct diagnostics *diagnostics;
};

void docker_lint_described(const struct docker_lint_input *input, const struct described_container *containers, size_t count,
                           struct docker_lint_output *out_output);
/* Asks the engine of the options, reading only. NULL, or why it cannot be asked (a text to free): then there is no output.
 * Blocks for as long as the engine takes. */
char *docker_lint_engine(const struct docker_lint_input *input, struct docker_lint_output *out_output);
void docker_lint_fini(struct docker_lint_output *output);
