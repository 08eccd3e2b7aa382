/* SPDX-License-Identifier: MIT */
#include "password_hash.h"
#include "waybill/base/apr1.h"
#include "waybill/base/base64.h"
#include "waybill/base/error.h"
#include <crypt.h>
#include <stdlib.h>

enum { BCRYPT_COST_MAX = 15, SHA_ROUNDS_MAX = 1000000 };

static bool is_crypt_text(struct slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        bool fits = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '.' && c <= '9'); /* "./0" are neighbours */
        if (!fits)
            return false;
    }
    return true;
}

/* `salt$sum`, the sum of `len` characters. */
static bool is_salted(struct slice text, size_t salt_max, size_t len)
{
    size_t dollar = slice_find(text, '$');
    struct slice sum = slice_from(text, dollar + 1);

    return dollar > 0 && dollar <= salt_max && is_crypt_text(slice_head(text, dollar)) && sum.len == len &&
           is_crypt_text(sum);
}

static const char cut_off[] = "has a hash that is cut off or misspelled";

static const char *read_bcrypt(struct slice text)
{
    enum { HEAD = 7, SALT_AND_SUM = 53 }; /* $2y$05$ */
    uint64_t cost;

    if (text.len != HEAD + SALT_AND_SUM || !strchr("abxy", text.ptr[2]) || text.ptr[3] != '$' || text.ptr[6] != '$' ||
        !slice_to_u64(slice_make(text.ptr + 4, 2), 31, &cost) || cost < 4 || !is_crypt_text(slice_from(text, HEAD)))
        return cut_off;
    return cost > BCRYPT_COST_MAX
               ? "has a bcrypt hash with a cost above 15, which would take seconds for each request: make one "
                 "with a lower cost (`htpasswd -nB -C 10 NAME`)"
               : NULL;
}

/* SHA-256 and SHA-512 crypt: `[rounds=N$]salt$sum`. */
static const char *read_sha_crypt(struct slice text, size_t len)
{
    static const struct slice prefix = {"rounds=", 7};

    if (slice_starts(text, prefix)) {
        size_t dollar = slice_find(text, '$');
        uint64_t rounds;
        if (!slice_to_u64(slice_from(slice_head(text, dollar), prefix.len), UINT64_MAX, &rounds))
            return cut_off;
        if (rounds > SHA_ROUNDS_MAX)
            return "has a hash with more than 1000000 rounds, which would take seconds for each request: make one with "
                   "fewer";
        text = slice_from(text, dollar + 1);
    }
    return is_salted(text, 16, len) ? NULL : cut_off;
}

static const char *read_sha(struct slice text, struct password_hash *out)
{
    unsigned char sum[DIGEST_SHA1_BYTES + 1];
    size_t len;

    if (text.len != BASE64_SIZE(DIGEST_SHA1_BYTES) - 1 || !base64_decode(text, sum, &len) || len != DIGEST_SHA1_BYTES)
        return cut_off;
    memcpy(out->sha, sum, DIGEST_SHA1_BYTES);
    return NULL;
}

const char *password_hash_read(struct slice text, struct password_hash *out)
{
    *out = (struct password_hash){.kind = HASH_CRYPT, .text = text};
    if (text.len > PASSWORD_HASH_MAX)
        return cut_off;
    if (slice_starts(text, SLICE("$$")))
        return "has `$$` in its hash: write `$` (it is doubled only in compose files)";
    if (slice_starts(text, SLICE("{SHA}"))) {
        out->kind = HASH_SHA;
        return read_sha(slice_from(text, 5), out);
    }
    if (slice_starts(text, SLICE("$apr1$"))) {
        out->kind = HASH_APR1;
        return is_salted(slice_from(text, 6), APR1_SALT_MAX, APR1_SIZE - 1) ? NULL : cut_off;
    }
    if (slice_starts(text, SLICE("$1$")))
        return is_salted(slice_from(text, 3), 8, 22) ? NULL : cut_off;
    if (slice_starts(text, SLICE("$2")))
        return read_bcrypt(text);
    if (slice_starts(text, SLICE("$5$")))
        return read_sha_crypt(slice_from(text, 3), 43);
    if (slice_starts(text, SLICE("$6$")))
        return read_sha_crypt(slice_from(text, 3), 86);
    return "has no hash of a kind that is known ($apr1$, $2y$, {SHA}, $1$, $5$, $6$): make one with `htpasswd -nB NAME`, "
           "and "
           "double each `$` of it in a compose file";
}

static bool sha_matches(const struct password_hash *hash, struct slice password)
{
    unsigned char sum[DIGEST_SHA1_BYTES];

    digest_sha1(password, sum);
    return digest_equal(sum, hash->sha, sizeof sum);
}

static bool apr1_matches(const struct password_hash *hash, struct slice password)
{
    struct slice salted = slice_from(hash->text, 6);
    size_t dollar = slice_find(salted, '$');
    char sum[APR1_SIZE];

    apr1_hash(password, slice_head(salted, dollar), sum);
    return digest_equal(sum, salted.ptr + dollar + 1, APR1_SIZE - 1);
}

static bool crypt_matches(const struct password_hash *hash, struct slice password)
{
    struct crypt_data *room = wb_alloc(sizeof *room); /* 32 KiB */
    char *wanted = slice_dup(hash->text), *given = slice_dup(password);
    const char *made = crypt_r(given, wanted, room);
    bool matches = made && strlen(made) == hash->text.len && digest_equal(made, wanted, hash->text.len);

    explicit_bzero(room, sizeof *room);
    explicit_bzero(given, password.len);
    free(room);
    free(wanted);
    free(given);
    return matches;
}

bool password_hash_matches(const struct password_hash *hash, struct slice password)
{
    /* To crypt a NUL would be the end: what is behind it would not count. */
    if (password.len > PASSWORD_MAX || slice_find(password, '\0') < password.len)
        return false;
    switch (hash->kind) {
    case HASH_SHA:
        return sha_matches(hash, password);
    case HASH_APR1:
        return apr1_matches(hash, password);
    case HASH_CRYPT:
        return crypt_matches(hash, password);
    }
    WB_UNREACHABLE();
}
