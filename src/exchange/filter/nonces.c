/* SPDX-License-Identifier: MIT */
#include "nonces.h"
#include "waybill/base/digest.h"
#include "waybill/base/error.h"

enum { HALF = 6, NAMED = 2 * HALF, SEAL = NONCE_RAW - NAMED }; /* time, number, seal */

void nonces_init(struct nonces *n)
{
    char opaque[12];

    if (n->ready)
        return;
    n->ready = true;
    digest_random(n->secret, sizeof n->secret);
    digest_random(opaque, sizeof opaque);
    base64_encode(slice_make(opaque, sizeof opaque), n->opaque);
    for (size_t i = 0; i < NONCE_SHARDS; i++)
        WB_REQUIRE(pthread_mutex_init(&n->shards[i].lock, NULL) == 0);
}

static void seal(const struct nonces *n, const unsigned char *named, unsigned char out[DIGEST_HMAC_BYTES])
{
    digest_hmac(slice_make(n->secret, sizeof n->secret), slice_make((const char *)named, NAMED), out);
}

static void put_number(unsigned char *out, uint64_t number)
{
    for (size_t i = HALF; i-- > 0; number >>= 8)
        out[i] = (unsigned char)number;
}

static uint64_t get_number(const unsigned char *from)
{
    uint64_t number = 0;
    for (size_t i = 0; i < HALF; i++)
        number = number << 8 | from[i];
    return number;
}

void nonces_issue(const struct nonces *n, uint64_t now_ms, char out[NONCE_SIZE])
{
    unsigned char raw[NONCE_RAW], sum[DIGEST_HMAC_BYTES];

    put_number(raw, now_ms);
    digest_random(raw + HALF, HALF);
    seal(n, raw, sum);
    memcpy(raw + NAMED, sum, SEAL);
    base64_encode(slice_make((const char *)raw, sizeof raw), out);
}

/* False: it is none that we gave out. */
static bool read_nonce(const struct nonces *n, struct slice text, struct used_nonce *out)
{
    unsigned char raw[NONCE_RAW], sum[DIGEST_HMAC_BYTES];
    size_t len;

    if (text.len != NONCE_SIZE - 1 || !base64_decode(text, raw, &len) || len != NONCE_RAW)
        return false;
    seal(n, raw, sum);
    *out = (struct used_nonce){.issued_ms = get_number(raw), .number = get_number(raw + HALF)};
    return digest_equal(sum, raw + NAMED, SEAL);
}

static bool is_over(const struct used_nonce *nonce, uint64_t now_ms)
{
    return nonce->issued_ms + NONCE_LIFE_MS <= now_ms;
}

/* The place of one that is not there: a free one, one that is over, or the oldest. */
static struct used_nonce *make_place(struct nonce_shard *shard, uint64_t now_ms)
{
    struct used_nonce *oldest = shard->used;

    for (size_t i = 0; i < NONCES_PER_SHARD && !is_over(oldest, now_ms); i++)
        if (shard->used[i].issued_ms < oldest->issued_ms)
            oldest = &shard->used[i];
    if (oldest->issued_ms > shard->forgotten_ms)
        shard->forgotten_ms = oldest->issued_ms;
    return oldest;
}

/* With the lock held. */
static bool count_up(struct nonce_shard *shard, const struct used_nonce *nonce, uint64_t count, uint64_t now_ms)
{
    struct used_nonce *place = NULL;

    for (size_t i = 0; i < NONCES_PER_SHARD && !place; i++)
        if (shard->used[i].issued_ms == nonce->issued_ms && shard->used[i].number == nonce->number)
            place = &shard->used[i];
    if (!place && nonce->issued_ms <= shard->forgotten_ms)
        return false;
    if (!place) {
        place = make_place(shard, now_ms);
        *place = *nonce;
    }
    if (count <= place->count)
        return false;
    place->count = count;
    return true;
}

bool nonces_use(struct nonces *n, struct slice text, uint64_t count, uint64_t now_ms)
{
    struct used_nonce nonce;

    if (!read_nonce(n, text, &nonce) || is_over(&nonce, now_ms))
        return false;
    struct nonce_shard *shard = &n->shards[nonce.number % NONCE_SHARDS];
    pthread_mutex_lock(&shard->lock);
    bool fresh = count_up(shard, &nonce, count, now_ms);
    pthread_mutex_unlock(&shard->lock);
    return fresh;
}
