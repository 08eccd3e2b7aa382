/* SPDX-License-Identifier: MIT */
/* links: exchange */
/* What a client writes into Authorization, and what stands behind the name of a user. */
#include "../../src/exchange/filter/credentials.h"
#include "../../src/exchange/filter/password_hash.h"
#include "waybill/base/base64.h"
#include "waybill/base/error.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static bool is_within(struct slice part, struct slice whole)
{
    return part.len == 0 || (part.ptr >= whole.ptr && part.ptr + part.len <= whole.ptr + whole.len);
}

static void fuzz_basic(struct slice field)
{
    struct basic_credentials *basic = wb_alloc(sizeof *basic);

    if (basic_credentials_read(field, basic)) {
        struct slice room = slice_make((const char *)basic->bytes, sizeof basic->bytes);
        WB_REQUIRE(is_within(basic->name, room) && is_within(basic->password, room));
        WB_REQUIRE(slice_find(basic->name, ':') == basic->name.len);
        /* What was read can be written again, and is the same. */
        char text[BASE64_SIZE(BASIC_BYTES_MAX)];
        size_t len = base64_encode(slice_make(room.ptr, basic->name.len + 1 + basic->password.len), text);
        WB_REQUIRE(slice_ends(slice_trim(field), slice_make(text, len)));
    }
    free(basic);
}

static void fuzz_digest(struct slice field)
{
    struct digest_credentials *digest = wb_alloc(sizeof *digest);

    if (digest_credentials_read(field, digest)) {
        struct slice room = slice_make(digest->unquoted, sizeof digest->unquoted);
        const struct slice parts[] = {digest->username, digest->realm,     digest->nonce, digest->uri, digest->response,
                                      digest->opaque,   digest->algorithm, digest->qop,   digest->nc,  digest->cnonce};
        for (size_t i = 0; i < WB_COUNT(parts); i++)
            WB_REQUIRE(is_within(parts[i], field) || is_within(parts[i], room));
    }
    free(digest);
}

static void fuzz_hash(struct slice text)
{
    struct password_hash hash;

    /* The slow ones take too long here; reading them is what is looked at. */
    if (!password_hash_read(text, &hash) && hash.kind == HASH_SHA)
        password_hash_matches(&hash, text);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    char *copy = wb_strndup((const char *)bytes, size);
    struct slice text = slice_make(copy, size);

    fuzz_basic(text);
    fuzz_digest(text);
    fuzz_hash(text);
    free(copy);
    return 0;
}
