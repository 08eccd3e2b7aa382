/* SPDX-License-Identifier: MIT */
/*
 * tls_credentials - what one side of TLS needs to know: whose word is believed, and who we are.
 *
 * Made and checked once, where files may be read, so that what cannot work is refused with the option and the file named;
 * constant after that. Thread: any. Owner: reference count.
 */
#pragma once
#include "waybill/base/error.h"
#include "waybill/base/slice.h"

/* Each text is PEM, or the path of a file of it; empty: not given. */
struct tls_options {
    const char *ca_option, *cert_option, *key_option; /* constant texts: what the options are called, for messages */
    const struct slice *cas;                          /* instead of those the system trusts; none: the system's */
    size_t ca_count;
    struct slice cert, key; /* shown to who asks for them; both or none */
    bool skip_verify;
};

struct tls_credentials;

/* PEM itself, and not the path of a file? */
bool tls_credentials_is_text(struct slice written);
/* One reference. NULL: *out_problem is a text to free. */
struct tls_credentials *tls_credentials_create(const struct tls_options *options, char **out_problem);
struct tls_credentials *tls_credentials_ref(struct tls_credentials *credentials);
void tls_credentials_unref(struct tls_credentials **credentials);
/* One reference to others: who is believed is `trust`'s, who we are is `own`'s. */
struct tls_credentials *tls_credentials_join(struct tls_credentials *trust, struct tls_credentials *own);
/* Equal texts: credentials that say the same. NUL-terminated. */
const char *tls_credentials_id(const struct tls_credentials *credentials);
/* The option that would name whom to trust. Constant text. */
const char *tls_credentials_ca_option(const struct tls_credentials *credentials);
/* Does it believe whom the system trusts? */
bool tls_credentials_want_system(const struct tls_credentials *credentials);

/* Reads the files of whom the system trusts, if nobody has yet. That takes milliseconds, so it is done ahead of the workers,
 * and only when something needs it. False: there are none. */
bool tls_load_system_trust(void);
