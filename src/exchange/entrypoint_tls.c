/* SPDX-License-Identifier: MIT */
/* What the TLS options of an entrypoint mean. Its certificates come later, and again when their files change (control). */
#include "waybill/exchange/entrypoint_tls.h"
#include "waybill/base/text.h"
#include "waybill/model/diagnostic.h"
#include "waybill/net/tls_server.h"

static const char *const version_names[] = {"VersionTLS10", "VersionTLS11", "VersionTLS12", "VersionTLS13"};

/* v1.7 passes over a name it does not know, and starts with TLS 1.0; what is not said here is 1.2 (defects A13). */
static enum tls_version read_version(struct slice name, struct slice place, struct diagnostics *diagnostics)
{
    for (size_t i = 0; i < WB_COUNT(version_names); i++) {
        if (!slice_eq_nocase(name, slice_of(version_names[i])))
            continue;
        if (i < TLS_VERSION_1_2)
            diagnostics_add(
                diagnostics, DIAGNOSTIC_WARNING, place,
                "TLS.MinVersion:%s lets in who speaks TLS that is broken: write VersionTLS12 unless such a client "
                "is known",
                version_names[i]);
        return (enum tls_version)i;
    }
    if (name.len)
        diagnostics_add(diagnostics, DIAGNOSTIC_WARNING, place,
                        "TLS.MinVersion:" SLICE_FMT " is no version: VersionTLS12 holds; write VersionTLS12 or VersionTLS13",
                        SLICE_SHOWN(name));
    return TLS_VERSION_1_2;
}

/* False: one is not known. */
static bool read_ciphers(const struct slices *names, struct slice place, struct diagnostics *diagnostics, struct text *list)
{
    bool known = true;

    for (size_t i = 0; i < names->count; i++) {
        enum tls_cipher cipher = tls_cipher_add(list, names->items[i]);
        if (cipher == TLS_CIPHER_TOO_WEAK)
            diagnostics_add(diagnostics, DIAGNOSTIC_WARNING, place,
                            "TLS.CipherSuites: " SLICE_FMT " is too weak and is left out", SLICE_SHOWN(names->items[i]));
        if (cipher != TLS_CIPHER_UNKNOWN)
            continue;
        diagnostics_add(diagnostics, DIAGNOSTIC_CLOSED, place,
                        "TLS.CipherSuites: `" SLICE_FMT "` is no cipher suite: write names as "
                        "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
                        SLICE_SHOWN(names->items[i]));
        known = false;
    }
    return known;
}

static enum tls_client_check client_check(const struct model_tls *model)
{
    return model->client_cas.count == 0 ? TLS_CLIENTS_ARE_NOT_ASKED
           : model->client_ca_optional  ? TLS_CLIENTS_MAY_SHOW
                                        : TLS_CLIENTS_MUST_SHOW;
}

struct tls_server *entrypoint_tls_create(const struct model_tls *model, struct slice place, struct diagnostics *diagnostics)
{
    struct text ciphers = TEXT_EMPTY;
    struct tls_server_options options = {
        .min_version = read_version(model->min_version, place, diagnostics),
        .sni_strict = model->sni_strict,
        .offers_http2 = true,
        .client_check = client_check(model),
    };
    struct tls_server *server = NULL;

    if (read_ciphers(&model->cipher_suites, place, diagnostics, &ciphers)) {
        options.ciphers = text_slice(&ciphers);
        if (model->cipher_suites.count && ciphers.len == 0)
            options.min_version = TLS_VERSION_1_3; /* only its suites are left */
        server = tls_server_create(&options);
    }
    text_fini(&ciphers);
    return server;
}
