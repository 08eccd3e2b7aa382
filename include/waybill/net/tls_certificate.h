/* SPDX-License-Identifier: MIT */
/*
 * tls_certificate - what an entrypoint shows to who calls it: a certificate with its chain, key and OCSP answer; and sets of
 * them, from which one is chosen by the name that the client asks for.
 *
 * Made where files may be read, constant after that (a set: once it was handed over). Thread: any. Owner: reference count.
 */
#pragma once
#include "waybill/base/error.h"
#include "waybill/base/slice.h"

struct tls_certificate;
struct tls_certificates;
struct tls_credentials;

/* Each text is PEM, or the path of a file of it. An OCSP answer is taken from the certificate's path with ".ocsp" behind it, if
 * there is such a file and it is about this certificate. One reference; NULL: *out_problem is a text to free. A problem of the
 * OCSP answer alone is told too, with a certificate. */
struct tls_certificate *tls_certificate_create(struct slice cert, struct slice key, char **out_problem);
/* For who asks for a name nobody has a certificate for: signed by itself, of a name nobody has. */
struct tls_certificate *tls_certificate_generate(void);
struct tls_certificate *tls_certificate_ref(struct tls_certificate *certificate);
void tls_certificate_unref(struct tls_certificate **certificate);
/* The names it is for, lower case, "*.b.test" among them: common name, DNS names, addresses; NULL behind the last. */
const char *const *tls_certificate_names(const struct tls_certificate *certificate);
/* It and its key, to show to who is called. The certificate's; not one that says whom to believe. */
struct tls_credentials *tls_certificate_credentials(const struct tls_certificate *certificate);

/* An empty set, one reference. */
struct tls_certificates *tls_certificates_create(void);
struct tls_certificates *tls_certificates_ref(struct tls_certificates *set);
void tls_certificates_unref(struct tls_certificates **set);
/* Takes a reference. A name that is there already stays with the earlier one; false: all of its names are. */
bool tls_certificates_add(struct tls_certificates *set, struct tls_certificate *certificate);
/* For all other names, and for who asks for none. Takes a reference. */
void tls_certificates_set_default(struct tls_certificates *set, struct tls_certificate *certificate);
/* The first that was added; NULL: none was. */
struct tls_certificate *tls_certificates_first(const struct tls_certificates *set);
/* The one of exactly that name, else the one of the name with `*` for its first label; any case. NULL: none. */
struct tls_certificate *tls_certificates_find(const struct tls_certificates *set, struct slice name);
/* NULL: none. */
struct tls_certificate *tls_certificates_default(const struct tls_certificates *set);
