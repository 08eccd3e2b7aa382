/* SPDX-License-Identifier: MIT */
/*
 * credentials - what TLS needs to know: whose word is believed, and who we are. Checked when they are read, so that what
 * cannot work is refused at start, with the option and the file named.
 *
 * Thread: its callout's. Owner: the callout.
 */
#pragma once
#include "waybill/callout/callout.h"
#include <curl/curl.h>

/* A file, read again at each connection so that it can be replaced, or PEM text; neither: not given. */
struct pem_source {
    char *path, *text;
};

struct credentials {
    const char *options; /* constant text: what the options are called */
    struct pem_source ca, cert, key;
    bool verify;
};

/* False: *out_error is a text to free. */
bool credentials_read(const struct callout_tls *tls, struct credentials *out_credentials, char **out_error);
void credentials_fini(struct credentials *credentials);
/* Sets all that TLS needs on a call. */
void credentials_use(const struct credentials *credentials, CURL *easy);
/* Says what a failed call shows to be wrong with them, and what to do. False: it shows nothing. `detail`: of the library. */
bool credentials_explain(const struct credentials *credentials, CURLcode code, const char *detail, struct text *out);
