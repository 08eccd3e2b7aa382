/* SPDX-License-Identifier: MIT */
#include "waybill/base/apr1.h"
#include "waybill/base/digest.h"
#include "waybill/base/error.h"

enum { ROUNDS = 1000 };

/* Bytes to be hashed: the longest is the first one, with the password, its length again in sums, and a bit a byte. */
struct mixture {
    char bytes[2 * APR1_PASSWORD_MAX + 128];
    size_t len;
};

static void mix(struct mixture *m, struct slice part)
{
    WB_REQUIRE(m->len + part.len <= sizeof m->bytes);
    memcpy(m->bytes + m->len, part.ptr, part.len);
    m->len += part.len;
}

static void sum_up(struct mixture *m, unsigned char out[DIGEST_MD5_BYTES])
{
    digest_md5(slice_make(m->bytes, m->len), out);
    m->len = 0;
}

static void hash_once(struct mixture *m, struct slice password, struct slice salt, unsigned char sum[DIGEST_MD5_BYTES])
{
    const struct slice sum_bytes = slice_make((const char *)sum, DIGEST_MD5_BYTES);

    mix(m, password);
    mix(m, salt);
    mix(m, password);
    sum_up(m, sum);
    mix(m, password);
    mix(m, SLICE("$apr1$"));
    mix(m, salt);
    for (size_t left = password.len; left > 0; left -= left < DIGEST_MD5_BYTES ? left : DIGEST_MD5_BYTES)
        mix(m, slice_head(sum_bytes, left));
    for (size_t bits = password.len; bits > 0; bits >>= 1)
        mix(m, bits & 1 ? slice_make("", 1) : slice_head(password, 1)); /* a NUL, or the first character */
    sum_up(m, sum);
}

static void hash_again(struct mixture *m, unsigned round, struct slice password, struct slice salt,
                       unsigned char sum[DIGEST_MD5_BYTES])
{
    const struct slice before = slice_make((const char *)sum, DIGEST_MD5_BYTES);

    mix(m, round & 1 ? password : before);
    if (round % 3)
        mix(m, salt);
    if (round % 7)
        mix(m, password);
    mix(m, round & 1 ? before : password);
    sum_up(m, sum);
}

static char *spell(char *out, uint32_t bits, unsigned characters)
{
    static const char alphabet[] = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

    for (; characters > 0; characters--, bits >>= 6)
        *out++ = alphabet[bits & 63];
    return out;
}

void apr1_hash(struct slice password, struct slice salt, char out[APR1_SIZE])
{
    struct mixture mixture = {.len = 0};
    unsigned char sum[DIGEST_MD5_BYTES];

    WB_REQUIRE(password.len <= APR1_PASSWORD_MAX && salt.len <= APR1_SALT_MAX);
    hash_once(&mixture, password, salt, sum);
    for (unsigned round = 0; round < ROUNDS; round++)
        hash_again(&mixture, round, password, salt, sum);
    for (unsigned i = 0; i < 5; i++)
        out = spell(out, (uint32_t)sum[i] << 16 | (uint32_t)sum[i + 6] << 8 | sum[i == 4 ? 5 : i + 12], 4);
    *spell(out, sum[11], 2) = '\0';
    explicit_bzero(&mixture, sizeof mixture);
}
