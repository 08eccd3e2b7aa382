/* SPDX-License-Identifier: MIT */
/* Digest authentication on a whole worker: a proof is good once, for what it was made for, and for some minutes. */
#include "sim_login.h"
#include "waybill/base/digest.h"

#define DAN "dan:traefik:589195b269408a4035909b0fec4e61b2" /* "dsecret" */

struct proof {
    const char *method, *target, *uri, *user, *password, *opaque, *nonce;
    unsigned count;
    const char *algorithm, *qop;
};

static void hash_of(char out[DIGEST_MD5_HEX], const char *form, const char *a, const char *b, const char *c)
{
    char *text = wb_format(form, a, b, c);
    digest_md5_hex(slice_of(text), out);
    free(text);
}

/* Asks with a proof, as a browser makes it; returns the status. */
static unsigned prove(struct sim_scene *scene, const struct proof *p)
{
    char secret[DIGEST_MD5_HEX], asked[DIGEST_MD5_HEX], response[DIGEST_MD5_HEX];
    const char *uri = p->uri ? p->uri : p->target;
    unsigned index = scene->client.asked;

    hash_of(secret, "%s:%s:%s", p->user, "traefik", p->password);
    hash_of(asked, "%s:%s%s", p->method, uri, "");
    char *middle = wb_format("%s:%08x:c0:%s", p->nonce, p->count, p->qop ? p->qop : "auth");
    hash_of(response, "%s:%s:%s", secret, middle, asked);
    free(middle);
    char *request = wb_format(
        "%s %s HTTP/1.1\r\nHost: a.test\r\nAuthorization: Digest username=\"%s\", realm=\"traefik\", "
        "nonce=\"%s\", uri=\"%s\", response=\"%s\", opaque=\"%s\", qop=%s, nc=%08x, cnonce=\"c0\"%s\r\n\r\n",
        p->method, p->target, p->user, p->nonce, uri, response, p->opaque, p->qop ? p->qop : "auth", p->count,
        p->algorithm ? p->algorithm : "");
    sim_client_ask(&scene->client, request);
    free(request);
    sim_settle(scene->sim);
    return sim_client_status(&scene->client, index);
}

static void find_quoted(struct slice text, const char *before, char out[64])
{
    char *copy = slice_dup(text), *at = strstr(copy, before);
    assert_non_null(at);
    snprintf(out, 64, "%.*s", (int)strcspn(at + strlen(before), "\""), at + strlen(before));
    free(copy);
}

static char nonce[64], opaque[64];

/* A challenge, from which nonce and opaque are taken; true: the last answer's says stale. */
static bool read_challenge(struct sim_scene *scene)
{
    struct sim_message answer;
    assert_true(sim_client_answer(&scene->client, scene->client.asked - 1, &answer));
    struct slice field = sim_message_field(&answer, "Www-Authenticate");
    assert_true(slice_starts(field, SLICE("Digest realm=\"traefik\", nonce=\"")));
    find_quoted(field, "nonce=\"", nonce);
    find_quoted(field, "opaque=\"", opaque);
    bool stale = slice_ends(field, SLICE("\", algorithm=\"MD5\", qop=\"auth\", stale=true"));
    assert_true(stale || slice_ends(field, SLICE("\", algorithm=\"MD5\", qop=\"auth\"")));
    sim_message_fini(&answer);
    return stale;
}

static struct proof begin_digest(struct sim_scene *scene, const char *field)
{
    BEGIN(scene, options.digest = DAN, options.header_field = field, options.remove_header = field != NULL);
    assert_int_equal(login(scene, NULL), 401);
    assert_false(read_challenge(scene));
    return (struct proof){"GET", "/len/5?x=1", NULL, "dan", "dsecret", opaque, nonce, 1, NULL, NULL};
}

static void test_who_proves_to_know_the_password_gets_in(void **state)
{
    struct sim_scene scene;
    struct proof proof = begin_digest(&scene, "X-User");
    (void)state;

    assert_int_equal(prove(&scene, &proof), 200);
    assert_non_null(strstr(server_saw(&scene), "\r\nX-User: dan\r\n"));
    assert_null(strstr(server_saw(&scene), "Authorization"));
    proof.count = 2;
    proof.algorithm = ", algorithm=\"md5\"";
    assert_int_equal(prove(&scene, &proof), 200);
    proof.count = 3;
    proof.uri = "/len/5"; /* as v1.7 */
    assert_int_equal(prove(&scene, &proof), 200);
    scene_end(&scene);
}

static void test_a_proof_of_something_else_is_none(void **state)
{
    struct sim_scene scene;
    struct proof good = begin_digest(&scene, NULL), bad[9];
    (void)state;

    for (size_t i = 0; i < WB_COUNT(bad); i++)
        bad[i] = good;
    bad[0].password = "wrong";
    bad[1].user = "eve";
    bad[2].uri = "/other";
    bad[3].opaque = "AAAAAAAAAAAAAAAA";
    bad[4].algorithm = ", algorithm=SHA-256";
    bad[5].algorithm = ", algorithm=MD5-sess";
    bad[6].qop = "auth-int";
    bad[7].uri = "";
    bad[8].user = "Dan";
    for (size_t i = 0; i < WB_COUNT(bad); i++) {
        if (prove(&scene, &bad[i]) != 401)
            fail_msg("row %zu was let in", i);
        char before[64];
        memcpy(before, nonce, sizeof before);
        assert_false(read_challenge(&scene));
        assert_string_not_equal(nonce, before);
    }
    assert_int_equal(scene.server.request_count, 0);
    good.nonce = nonce;
    assert_int_equal(prove(&scene, &good), 200);
    scene_end(&scene);
}

static void test_a_proof_is_good_once(void **state)
{
    struct sim_scene scene;
    struct proof proof = begin_digest(&scene, NULL);
    char first[64];
    (void)state;

    memcpy(first, nonce, sizeof first);
    proof.nonce = first;
    assert_int_equal(prove(&scene, &proof), 200);
    assert_int_equal(prove(&scene, &proof), 401); /* replayed */
    assert_true(read_challenge(&scene));
    sim_world_publish(scene.world, &route, 1); /* nonces outlive a reload */
    assert_int_equal(prove(&scene, &proof), 401);
    proof.count = 2;
    assert_int_equal(prove(&scene, &proof), 200);
    options.digest = DAN " bob:traefik:00000000000000000000000000000000"; /* other users */
    sim_world_publish(scene.world, &route, 1);
    assert_int_equal(prove(&scene, &proof), 401);
    proof.count = 3;
    assert_int_equal(prove(&scene, &proof), 200);
    assert_int_equal(scene.server.request_count, 3);
    scene_end(&scene);
}

static void test_a_nonce_expires(void **state)
{
    struct sim_scene scene;
    struct proof proof = begin_digest(&scene, NULL);
    char first[64];
    (void)state;

    memcpy(first, nonce, sizeof first);
    proof.nonce = first;
    sim_advance(scene.sim, 170000);
    assert_int_equal(prove(&scene, &proof), 200);
    sim_advance(scene.sim, 130001);
    proof.count = 2;
    assert_int_equal(prove(&scene, &proof), 401);
    assert_true(read_challenge(&scene)); /* the browser need not ask again */
    proof.nonce = nonce;
    proof.count = 1;
    assert_int_equal(prove(&scene, &proof), 200);
    scene_end(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_who_proves_to_know_the_password_gets_in),
        cmocka_unit_test(test_a_proof_of_something_else_is_none),
        cmocka_unit_test(test_a_proof_is_good_once),
        cmocka_unit_test(test_a_nonce_expires),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
