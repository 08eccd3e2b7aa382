/* SPDX-License-Identifier: MIT */
/*
 * compose - what compose files say of their services, as far as a router cares: labels, ports, networks, and the router's
 * own command. Files of any version; merged, extended and interpolated as docker compose does.
 *
 * Thread: main. No I/O of its own: files and variables come by the caller's functions. Texts are in the arena given, or in
 * what the functions returned.
 */
#pragma once
#include "problems.h"
#include "waybill/model/model.h"

struct compose_label {
    struct slice name, value; /* as the engine will have them */
    struct source at;
};
struct compose_labels {
    struct compose_label *items; /* each name once */
    size_t count;
};

struct compose_port {
    unsigned number;        /* inside the container */
    struct slice protocol;  /* "tcp" */
    bool is_bound;          /* published on the host: */
    struct slice host_ip;   /* empty: on every address */
    struct slice host_port; /* empty: any */
    struct source at;
};
struct compose_ports {
    struct compose_port *items;
    size_t count;
};

struct compose_network {
    struct slice key;  /* as the file calls it */
    struct slice name; /* as the engine will */
    bool is_external;
    struct source at;
};
struct compose_networks {
    struct compose_network *items;
    size_t count;
};

struct compose_service {
    struct slice name;
    struct source at;
    struct slice image, container_name;
    struct slice network_mode; /* empty: by networks */
    struct compose_labels labels, deploy_labels;
    struct compose_ports ports; /* of `ports` and `expose` */
    struct compose_networks networks;
    struct slices command;
    struct source command_at;
    struct slices volumes; /* "source:target" */
    bool has_profiles;     /* runs only when asked for */
};

struct compose_project {
    struct slice name;
    struct compose_service *items; /* in the order of the files */
    size_t count;
    struct compose_networks networks;
    struct slice folder; /* of the first file, with a slash behind it; empty: the working directory */
};

struct compose_input {
    struct arena *arena;
    struct slices paths;          /* later ones over earlier ones */
    struct slice project;         /* its name; empty: the files say it */
    struct slice default_project; /* ... and if they do not */
    /* False: it cannot be read, *out_text says why. */
    bool (*read_file)(void *arg, struct slice path, struct slice *out_text);
    bool (*find_variable)(void *arg, struct slice name, struct slice *out_value);
    void *arg;
};

/* What cannot be read is in the problems, which are marked unreadable. */
void compose_read(const struct compose_input *input, struct problems *problems, struct compose_project *out_project);
/* Lines NAME=VALUE of an .env file, with comments, `export` and quotes; `put` gets each. */
void compose_read_env(struct arena *arena, struct slice text, void (*put)(void *arg, struct slice name, struct slice value),
                      void *arg);
/* Splits a command as a shell would, without expanding anything. */
struct slices compose_split_words(struct arena *arena, struct slice text);
