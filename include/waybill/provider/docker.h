/* SPDX-License-Identifier: MIT */
/* docker - the provider that reads a Docker engine and turns `traefik.*` labels into a fragment (spec/docker-provider.md).
 * Thread and owner as in provider.h; own thread "docker". */
#pragma once
#include "waybill/callout/callout.h"
#include "waybill/provider/provider.h"

struct docker_options {
    struct slice endpoint; /* unix:///var/run/docker.sock, tcp://host:port, http://... */
    bool tls_on;           /* a host's port is spoken to by TLS: */
    struct callout_tls tls;
    struct slice domain;
    struct slice network;
    bool watch;
    bool exposed_by_default;
    bool use_bind_port_ip;
    bool strict_segments;      /* what nobody means as a segment makes none (defects.md B20) */
    bool swarm_mode;           /* services and their tasks are read, not containers */
    uint64_t refresh_ms;       /* Swarm mode: from one look to the next where nothing asks for one */
    struct slices constraints; /* "tag==glob" / "tag!=glob", provider's and global ones */
    struct slice own_id;       /* container id of the router itself, empty if it runs in none (D11, decisions.md 18) */
    uint64_t resync_ms;        /* everything is read again this often (decisions.md 19); 0 = 60 s */
    uint64_t answer_ms;        /* the engine has this long for each answer; 0 = 15 s, and 30 s for the list */
    uint64_t remember_ms;      /* frontends whose containers are gone answer 503 for so long; 0: nothing is remembered */
    uint64_t gather_ms;        /* a burst of events is gathered for at most this long */
};

/* NULL, or why there can be no engine by these options (a text to free): the endpoint is none, a file of TLS cannot be used. */
char *docker_options_problem(const struct docker_options *options);
/* Copies the options. */
struct provider *docker_provider_create(const struct docker_options *options, const struct provider_sink *sink);
/* The id of the container this process runs in, from /proc and the host name; empty if none. */
struct slice docker_own_container_id(struct arena *arena);
