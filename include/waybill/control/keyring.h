/* SPDX-License-Identifier: MIT */
/*
 * keyring - the certificates and client authorities of TLS entrypoints: read as the configuration names them, put in force, and
 * read again when a file changes.
 *
 * A file that cannot be read, or a key that is not the certificate's (one of two was written, the other is about to be), leaves
 * in force what was read before. Thread: main, then control's. Owner: main.
 */
#pragma once
#include "waybill/model/entrypoint.h"

struct diagnostics;
struct keyring;
struct tls_credentials;
struct tls_server;

struct keyring_options {
    const struct model_entrypoint *entrypoints; /* they and what follows outlive the keyring */
    struct tls_server *const *servers;          /* one for each; NULL: it has no TLS */
    size_t entrypoint_count;
    const struct slices *default_entrypoints; /* of certificates that name none */
    struct tls_credentials *servers_trust;    /* by whose word servers over TLS are believed; NULL: none is called */
};

struct keyring *keyring_create(const struct keyring_options *options);
void keyring_destroy(struct keyring **keyring);
/* Reads what is new or was changed, and puts it in force: the entrypoints' own certificates and those of the model. What is wrong
 * is logged, each thing once. Nothing has changed: nothing happens. False: there is no TLS, so no file to look at again. */
bool keyring_apply(struct keyring *keyring, const struct model *model);
/* What was found wrong when it was applied. Valid until it is applied again. */
const struct diagnostics *keyring_problems(const struct keyring *keyring);
