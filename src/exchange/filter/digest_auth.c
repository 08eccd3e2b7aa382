/* SPDX-License-Identifier: MIT */
/*
 * digest auth - asks for a proof that the client knows a password (RFC 7616 with MD5 and qop=auth; spec/proxy.md 15).
 *
 * The uri is compared with the target as the client sent it, whatever the route makes of it (decisions.md 34). Who proves that he
 * knows the password, but with a nonce that is used up or too old, is told so (stale), and his browser does not ask him again.
 */
#include "auth_common.h"
#include "credentials.h"
#include "nonces.h"

struct digest_auth {
    struct users users;
    struct auth_effect effect;
    struct nonces *nonces;      /* a live state */
    char decoy[DIGEST_MD5_HEX]; /* secret of whom there is not */
};

enum proof { PROOF_NONE, PROOF_STALE, PROOF_GOOD };

static enum filter_compiled compile(const struct filter_source *from, const void **out_config)
{
    const struct model_auth *model = from->frontend->auth;
    unsigned char random[DIGEST_MD5_BYTES];
    struct digest_auth *auth;

    if (!model || !model->digest || model->basic) /* basic comes first when both are given */
        return FILTER_ABSENT;
    auth = ARENA_NEW(from->arena, struct digest_auth);
    const struct users_source source = {
        .option = "auth.digest", .list = model->digest->users, .file = model->digest->users_file, .digest = true};
    if (!users_read(from, &source, &auth->users) ||
        !auth_effect_compile(from, source.option, model->header_field, model->digest->remove_header, &auth->effect))
        return FILTER_CLOSED;
    auth->nonces = auth_live(from, source.option, SLICE(""), sizeof *auth->nonces);
    nonces_init(auth->nonces);
    digest_random(random, sizeof random);
    digest_md5_hex(slice_make((const char *)random, sizeof random), auth->decoy);
    *out_config = auth;
    return FILTER_MADE;
}

static enum filter_verdict challenge(struct exchange *x, const struct digest_auth *auth, bool stale)
{
    char nonce[NONCE_SIZE];

    nonces_issue(auth->nonces, x->env->loop->now_ms, nonce);
    const char *text = arena_format(
        &x->arena, "Digest realm=\"" AUTH_REALM "\", nonce=\"%s\", opaque=\"%s\", algorithm=\"MD5\", qop=\"auth\"%s", nonce,
        auth->nonces->opaque, stale ? ", stale=true" : "");
    if (text)
        auth_challenge(x, slice_of(text));
    else
        exchange_answer(x, REASON_INTERNAL);
    return FILTER_ANSWERED;
}

/* As in v1.7: what was asked for, or a path at which it begins. */
static bool uri_fits(const struct exchange *x, struct slice uri)
{
    struct slice path = slice_head(uri, slice_find(uri, '?'));

    return slice_eq(uri, x->request.target) || (slice_starts(path, SLICE("/")) && slice_starts(x->target.raw_path, path));
}

static bool hex_number(struct slice text, uint64_t *out)
{
    *out = 0;
    for (size_t i = 0; i < text.len; i++) {
        int digit = ascii_hex(text.ptr[i]);
        if (digit < 0)
            return false;
        *out = *out << 4 | (unsigned)digit;
    }
    return text.len > 0 && text.len <= 16;
}

/* RFC 7616 3.4.1; `secret` is H(A1). False: the arena is full. */
static bool expect_response(struct exchange *x, const struct digest_credentials *given, struct slice secret,
                            char out[DIGEST_MD5_HEX])
{
    const struct slice colon = SLICE(":");
    char asked_hash[DIGEST_MD5_HEX];

    struct slice asked = ARENA_JOIN(&x->arena, x->request.method, colon, given->uri);
    digest_md5_hex(asked, asked_hash);
    struct slice all = ARENA_JOIN(&x->arena, secret, colon, given->nonce, colon, given->nc, colon, given->cnonce, colon,
                                  given->qop, colon, slice_of(asked_hash));
    digest_md5_hex(all, out);
    return !x->arena.overflowed;
}

static enum proof examine(struct exchange *x, const struct digest_auth *auth, const struct user **out_user)
{
    struct digest_credentials given;
    char expected[DIGEST_MD5_HEX];
    uint64_t count;

    if (!digest_credentials_read(auth_field(x), &given) || !slice_eq(given.opaque, slice_of(auth->nonces->opaque)) ||
        (given.algorithm.len && !slice_eq_nocase(given.algorithm, SLICE("MD5"))) || !slice_eq(given.qop, SLICE("auth")) ||
        given.response.len != DIGEST_MD5_HEX - 1 || !hex_number(given.nc, &count) || !uri_fits(x, given.uri))
        return PROOF_NONE;
    const struct user *user = *out_user = users_find(&auth->users, given.username);
    if (!expect_response(x, &given, user ? user->secret : slice_of(auth->decoy), expected))
        return PROOF_NONE;
    if (!digest_equal(expected, given.response.ptr, DIGEST_MD5_HEX - 1) || !user)
        return PROOF_NONE;
    return nonces_use(auth->nonces, given.nonce, count, x->env->loop->now_ms) ? PROOF_GOOD : PROOF_STALE;
}

static enum filter_verdict request(struct exchange *x, const void *config)
{
    const struct digest_auth *auth = config;
    const struct user *user = NULL;
    enum proof proof = examine(x, auth, &user);

    if (proof != PROOF_GOOD)
        return challenge(x, auth, proof == PROOF_STALE);
    return auth_let_in(x, &auth->effect, user->name) ? FILTER_PASS : FILTER_ANSWERED;
}

static bool owns(const void *config, struct slice name)
{
    return auth_effect_owns(&((const struct digest_auth *)config)->effect, name);
}

const struct filter_ops filter_digest_auth = {.name = "auth.digest",
                                              .compile = compile,
                                              .request = request,
                                              .owns = owns,
                                              .answers_as = "Auth for",
                                              .answers_as_entrypoint = "Auth for entrypoint"};
