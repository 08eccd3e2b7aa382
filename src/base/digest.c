/* SPDX-License-Identifier: MIT */
#include "waybill/base/digest.h"
#include "waybill/base/error.h"
#include <errno.h>
#include <openssl/evp.h>
#include <sys/random.h>

static void hash(const EVP_MD *kind, struct slice bytes, unsigned char *out)
{
    WB_REQUIRE(EVP_Digest(bytes.ptr, bytes.len, out, NULL, kind, NULL) == 1);
}

void digest_md5(struct slice bytes, unsigned char out[DIGEST_MD5_BYTES])
{
    hash(EVP_md5(), bytes, out);
}

void digest_md5_hex(struct slice bytes, char out[DIGEST_MD5_HEX])
{
    static const char hex[] = "0123456789abcdef";
    unsigned char raw[DIGEST_MD5_BYTES];

    digest_md5(bytes, raw);
    for (unsigned i = 0; i < sizeof raw; i++) {
        out[2 * i] = hex[raw[i] >> 4];
        out[2 * i + 1] = hex[raw[i] & 15];
    }
    out[2 * sizeof raw] = '\0';
}

void digest_sha1(struct slice bytes, unsigned char out[DIGEST_SHA1_BYTES])
{
    hash(EVP_sha1(), bytes, out);
}

void digest_sha256(struct slice bytes, unsigned char out[DIGEST_SHA256_BYTES])
{
    hash(EVP_sha256(), bytes, out);
}

void digest_hmac(struct slice secret, struct slice bytes, unsigned char out[DIGEST_HMAC_BYTES])
{
    size_t len = 0;

    WB_REQUIRE(EVP_Q_mac(NULL, "HMAC", NULL, "SHA256", NULL, secret.ptr, secret.len, (const unsigned char *)bytes.ptr,
                         bytes.len, out, DIGEST_HMAC_BYTES, &len) &&
               len == DIGEST_HMAC_BYTES);
}

bool digest_equal(const void *one, const void *other, size_t bytes)
{
    const volatile unsigned char *a = one, *b = other; /* volatile: no early end is made of the loop */
    unsigned char differs = 0;

    for (size_t i = 0; i < bytes; i++)
        differs = (unsigned char)(differs | (a[i] ^ b[i]));
    return differs == 0;
}

void digest_random(void *out, size_t bytes)
{
    char *at = out;
    while (bytes) {
        ssize_t got = getrandom(at, bytes, 0);
        if (got < 0 && errno == EINTR)
            continue;
        WB_REQUIRE(got > 0);
        at += got;
        bytes -= (size_t)got;
    }
}
