/* SPDX-License-Identifier: MIT */
/*
 * auth_server - whom forward auth asks: where, and over TLS, by whose word it is believed.
 *
 * Thread: compiled on control's, constant after that. Owner: the compiled frontend, or the entrypoint.
 */
#pragma once
#include "waybill/route/filter.h"

struct auth_credentials; /* live: the files were read; shared by all who name the same */
struct model_auth_forward;
struct tls_credentials;

struct auth_server {
    struct slice scheme; /* "http" or "https" */
    struct slice host, host_port, target;
    uint16_t port;
    const struct auth_credentials *credentials; /* NULL: http */
};

/* False: it cannot be understood, or a file of its TLS options cannot be used; a diagnostic was added. */
bool auth_server_compile(const struct filter_source *from, const struct model_auth_forward *model,
                         struct auth_server *out_server);
/* By whom it is called; NULL: in clear. */
struct tls_credentials *auth_server_tls(const struct auth_server *server);
