/* SPDX-License-Identifier: MIT */
#include "waybill/base/digest.h"
#include "waybill/base/error.h"
#include <errno.h>
#include <openssl/evp.h>
#include <sys/random.h>

static void hash_hex(const EVP_MD *kind, struct slice bytes, char *out)
{
    static const char hex[] = "0123456789abcdef";
    unsigned char raw[EVP_MAX_MD_SIZE];
    unsigned len = 0;

    WB_REQUIRE(EVP_Digest(bytes.ptr, bytes.len, raw, &len, kind, NULL) == 1);
    for (unsigned i = 0; i < len; i++) {
        out[2 * i] = hex[raw[i] >> 4];
        out[2 * i + 1] = hex[raw[i] & 15];
    }
    out[2 * len] = '\0';
}

void digest_md5_hex(struct slice bytes, char out[DIGEST_MD5_HEX])
{
    hash_hex(EVP_md5(), bytes, out);
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
