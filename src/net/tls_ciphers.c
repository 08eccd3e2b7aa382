/* SPDX-License-Identifier: MIT */
/* Cipher suites by the names that v1.7 knows them by, and by the library's. */
#include "tls_private.h"
#include "waybill/base/text.h"

/* clang-format off: a table of rows */
static const struct {
    const char *name, *library; /* NULL: too weak */
    bool of_1_3;
} ciphers[] = {
    {"TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "ECDHE-ECDSA-AES128-GCM-SHA256", false},
    {"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "ECDHE-RSA-AES128-GCM-SHA256", false},
    {"TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "ECDHE-ECDSA-AES256-GCM-SHA384", false},
    {"TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "ECDHE-RSA-AES256-GCM-SHA384", false},
    {"TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305", "ECDHE-ECDSA-CHACHA20-POLY1305", false},
    {"TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-ECDSA-CHACHA20-POLY1305", false},
    {"TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305", "ECDHE-RSA-CHACHA20-POLY1305", false},
    {"TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-RSA-CHACHA20-POLY1305", false},
    {"TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256", "ECDHE-ECDSA-AES128-SHA256", false},
    {"TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256", "ECDHE-RSA-AES128-SHA256", false},
    {"TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", "ECDHE-ECDSA-AES128-SHA", false},
    {"TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", "ECDHE-RSA-AES128-SHA", false},
    {"TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA", "ECDHE-ECDSA-AES256-SHA", false},
    {"TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA", "ECDHE-RSA-AES256-SHA", false},
    {"TLS_RSA_WITH_AES_128_GCM_SHA256", "AES128-GCM-SHA256", false},
    {"TLS_RSA_WITH_AES_256_GCM_SHA384", "AES256-GCM-SHA384", false},
    {"TLS_RSA_WITH_AES_128_CBC_SHA256", "AES128-SHA256", false},
    {"TLS_RSA_WITH_AES_128_CBC_SHA", "AES128-SHA", false},
    {"TLS_RSA_WITH_AES_256_CBC_SHA", "AES256-SHA", false},
    {"TLS_RSA_WITH_3DES_EDE_CBC_SHA", NULL, false},
    {"TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA", NULL, false},
    {"TLS_RSA_WITH_RC4_128_SHA", NULL, false},
    {"TLS_ECDHE_RSA_WITH_RC4_128_SHA", NULL, false},
    {"TLS_ECDHE_ECDSA_WITH_RC4_128_SHA", NULL, false},
    {"TLS_AES_128_GCM_SHA256", NULL, true},
    {"TLS_AES_256_GCM_SHA384", NULL, true},
    {"TLS_CHACHA20_POLY1305_SHA256", NULL, true},
};
/* clang-format on */

enum tls_cipher tls_cipher_add(struct text *list, struct slice name)
{
    for (size_t i = 0; i < WB_COUNT(ciphers); i++) {
        if (!slice_eq_nocase(name, slice_of(ciphers[i].name)))
            continue;
        if (!ciphers[i].library)
            return ciphers[i].of_1_3 ? TLS_CIPHER_OF_1_3 : TLS_CIPHER_TOO_WEAK;
        text_addf(list, "%s%s", list->len ? ":" : "", ciphers[i].library);
        return TLS_CIPHER_ADDED;
    }
    return TLS_CIPHER_UNKNOWN;
}
