/* SPDX-License-Identifier: MIT */
/* Certificates as files that come, change and go, seen by who shakes hands with the entrypoint. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "sim_tls_client.h"
#include "waybill/base/log.h"
#include "waybill/control/keyring.h"
#include "waybill/model/diagnostic.h"
#include "waybill/net/tls_server.h"
#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static struct identity authority, stranger, one, two, other_one, client;

static int make_identities(void **state)
{
    (void)state;
    log_set_level(LOG_FATAL);
    identity_make(&authority, NULL, NULL, -1, 100);
    identity_make(&stranger, NULL, NULL, -1, 100);
    identity_make(&one, &authority, "DNS:a.test", -1, 100);
    identity_make(&two, &authority, "DNS:b.test", -1, 100);
    identity_make(&other_one, &authority, "DNS:a.test", -1, 100);
    identity_make(&client, &authority, "DNS:c.test", -1, 100);
    return 0;
}

static int drop_identities(void **state)
{
    struct identity *all[] = {&authority, &stranger, &one, &two, &other_one, &client};
    (void)state;

    for (size_t i = 0; i < WB_COUNT(all); i++)
        identity_drop(all[i]);
    return 0;
}

enum { PATH_BYTES = 128 };

struct rig {
    struct sim sim;
    char folder[64];
    struct model_tls tls;
    struct model_certificate pairs[2], fallback;
    struct slice cas[1];
    char paths[8][PATH_BYTES];
    struct model_entrypoint entrypoint;
    struct slices defaults;
    struct slice default_name;
    struct tls_server_options rules;
    struct tls_server *server;
    struct tls_acceptor *acceptor;
    struct keyring *keyring;
    struct model model;
    struct fragment *fragment;
    SSL_CTX *library;
};

static struct slice path_of(struct rig *rig, unsigned number, const char *name)
{
    snprintf(rig->paths[number], PATH_BYTES, "%s/%s", rig->folder, name);
    return slice_of(rig->paths[number]);
}

static void write_bytes(const struct rig *rig, const char *name, const void *bytes, size_t len)
{
    char path[PATH_BYTES], fresh[PATH_BYTES + 8];

    snprintf(path, sizeof path, "%s/%s", rig->folder, name);
    snprintf(fresh, sizeof fresh, "%s.new", path);
    FILE *file = fopen(fresh, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, len, file), len);
    fclose(file);
    assert_int_equal(rename(fresh, path), 0); /* another inode: times of files are coarse */
}

static void write_file(const struct rig *rig, const char *name, const char *text)
{
    write_bytes(rig, name, text, strlen(text));
}

static void remove_file(const struct rig *rig, const char *name)
{
    char path[PATH_BYTES];

    snprintf(path, sizeof path, "%s/%s", rig->folder, name);
    unlink(path);
}

static void prepare(struct rig *rig)
{
    *rig = (struct rig){.folder = "/tmp/keyring.XXXXXX", .rules = {.min_version = TLS_VERSION_1_2}};
    assert_non_null(mkdtemp(rig->folder));
    sim_init(&rig->sim, 0);
    rig->pairs[0] = (struct model_certificate){.cert = path_of(rig, 0, "a.pem"), .key = path_of(rig, 1, "a.key")};
    rig->pairs[1] = (struct model_certificate){.cert = path_of(rig, 2, "b.pem"), .key = path_of(rig, 3, "b.key")};
    rig->cas[0] = path_of(rig, 4, "ca.pem");
    rig->tls = (struct model_tls){.certificates = rig->pairs, .certificate_count = 1};
    rig->entrypoint = (struct model_entrypoint){.name = SLICE("https"), .tls = &rig->tls};
    rig->default_name = SLICE("https");
    rig->defaults = (struct slices){&rig->default_name, 1};
    rig->library = sim_tls_client_library(NULL);
    SSL_CTX_set_tlsext_status_type(rig->library, TLSEXT_STATUSTYPE_ocsp);
    write_file(rig, "a.pem", one.cert_pem);
    write_file(rig, "a.key", one.key_pem);
    write_file(rig, "b.pem", two.cert_pem);
    write_file(rig, "b.key", two.key_pem);
    write_file(rig, "ca.pem", authority.cert_pem);
}

static void start(struct rig *rig)
{
    rig->server = tls_server_create(&rig->rules);
    rig->acceptor = tls_acceptor_create(rig->server);
    rig->keyring = keyring_create(&(struct keyring_options){.entrypoints = &rig->entrypoint,
                                                            .servers = &rig->server,
                                                            .entrypoint_count = 1,
                                                            .default_entrypoints = &rig->defaults});
    assert_true(keyring_apply(rig->keyring, &rig->model));
}

static void apply(struct rig *rig)
{
    assert_true(keyring_apply(rig->keyring, &rig->model));
}

static void end(struct rig *rig)
{
    static const char *const names[] = {"a.pem", "a.key", "b.pem", "b.key", "ca.pem", "a.pem.ocsp"};

    keyring_destroy(&rig->keyring);
    tls_acceptor_destroy(&rig->acceptor);
    tls_server_destroy(&rig->server);
    SSL_CTX_free(rig->library);
    model_fini(&rig->model);
    sim_settle(&rig->sim);
    sim_fini(&rig->sim);
    for (size_t i = 0; i < WB_COUNT(names); i++)
        remove_file(rig, names[i]);
    assert_int_equal(rmdir(rig->folder), 0);
}

static struct stream *accept_one(struct sim *sim, struct tls_acceptor *acceptor, SSL_CTX *library,
                                 struct sim_tls_client *caller, const char *name)
{
    struct sim_link *wire;
    struct stream *plain = sim_link_accept(sim, "192.0.2.1", &wire);

    sim_tls_client_begin(caller, library, wire, name, NULL);
    struct stream *stream = tls_accept(acceptor, &plain);
    stream_want_read(stream, true);
    sim_settle(sim);
    return stream;
}

/* Who is shown to a caller: a reference, or NULL when it was turned away. */
static X509 *shown_to(struct rig *rig, const char *name, bool *out_staple)
{
    struct sim_tls_client caller;
    struct stream *stream = accept_one(&rig->sim, rig->acceptor, rig->library, &caller, name);
    X509 *shown = stream->connected ? SSL_get1_peer_certificate(caller.library) : NULL;
    unsigned char *answer = NULL;
    long len = SSL_get_tlsext_status_ocsp_resp(caller.library, &answer);

    if (out_staple)
        *out_staple = len > 0;
    stream_close(&stream);
    sim_settle(&rig->sim);
    sim_tls_client_fini(&caller);
    return shown;
}

static bool shows(struct rig *rig, const char *name, const struct identity *identity)
{
    X509 *shown = shown_to(rig, name, NULL);
    bool equal = shown && X509_cmp(shown, identity->cert) == 0;

    X509_free(shown);
    return equal;
}

static bool shows_generated(struct rig *rig, const char *name)
{
    char common[64] = "";
    X509 *shown = shown_to(rig, name, NULL);

    if (shown)
        X509_NAME_get_text_by_NID(X509_get_subject_name(shown), NID_commonName, common, sizeof common);
    X509_free(shown);
    return strcmp(common, "TRAEFIK DEFAULT CERT") == 0;
}

/* Of the first problem. */
static bool says(const struct rig *rig, const char *part)
{
    const struct diagnostics *problems = keyring_problems(rig->keyring);

    return problems->count > 0 && strstr(problems->items[0].text, part) != NULL;
}

static void test_a_file_that_changes_is_read_again(void **state)
{
    struct rig rig;
    (void)state;

    prepare(&rig);
    start(&rig);
    assert_true(shows(&rig, "a.test", &one));
    write_file(&rig, "a.pem", other_one.cert_pem);
    apply(&rig); /* its key is still the old one's */
    assert_true(shows(&rig, "a.test", &one));
    assert_true(says(&rig, "what was read before stays in force"));
    write_file(&rig, "a.key", other_one.key_pem);
    apply(&rig);
    assert_true(shows(&rig, "a.test", &other_one));
    assert_int_equal(keyring_problems(rig.keyring)->count, 0);
    end(&rig);
}

static void test_what_cannot_be_read_leaves_what_was(void **state)
{
    static const char *const broken[] = {"", "no certificate", "-----BEGIN CERTIFICATE-----\nMIIB"};
    struct rig rig;
    (void)state;

    prepare(&rig);
    start(&rig);
    for (size_t i = 0; i < WB_COUNT(broken); i++) {
        write_file(&rig, "a.pem", broken[i]);
        apply(&rig);
        assert_true(shows(&rig, "a.test", &one));
    }
    remove_file(&rig, "a.pem");
    remove_file(&rig, "a.key");
    apply(&rig);
    assert_true(shows(&rig, "a.test", &one));
    end(&rig);
}

static void test_one_that_is_missing_is_left_out_alone(void **state)
{
    struct rig rig;
    (void)state;

    prepare(&rig);
    rig.tls.certificate_count = 2;
    remove_file(&rig, "a.pem");
    start(&rig);
    assert_true(shows(&rig, "b.test", &two));
    assert_true(shows_generated(&rig, "a.test"));
    assert_true(says(&rig, "it is left out"));
    write_file(&rig, "a.pem", one.cert_pem);
    apply(&rig);
    assert_true(shows(&rig, "a.test", &one));
    end(&rig);
}

static void test_the_default_is_given_or_generated_once(void **state)
{
    struct rig rig;
    (void)state;

    prepare(&rig);
    rig.tls.certificate_count = 0;
    start(&rig);
    X509 *first = shown_to(&rig, "zzz.test", NULL);
    write_file(&rig, "a.pem", one.cert_pem);
    apply(&rig);
    X509 *again = shown_to(&rig, "yyy.test", NULL);
    assert_non_null(first);
    assert_int_equal(X509_cmp(first, again), 0);
    X509_free(first);
    X509_free(again);
    end(&rig);

    prepare(&rig);
    rig.tls.fallback = &rig.pairs[1];
    start(&rig);
    assert_true(shows(&rig, "zzz.test", &two));
    assert_true(shows(&rig, NULL, &two));
    end(&rig);
}

/* As in v1.7; one that cannot be read is shown to nobody, nor is another in its place. */
static void test_without_a_default_it_is_the_first(void **state)
{
    struct rig rig;
    (void)state;

    prepare(&rig);
    rig.tls.certificate_count = 2;
    start(&rig);
    assert_true(shows(&rig, "zzz.test", &one) && shows(&rig, NULL, &one) && shows(&rig, "b.test", &two));
    end(&rig);

    prepare(&rig);
    rig.tls.certificate_count = 2;
    remove_file(&rig, "a.pem");
    start(&rig);
    assert_true(shows_generated(&rig, "zzz.test"));
    write_file(&rig, "a.pem", one.cert_pem);
    apply(&rig);
    assert_true(shows(&rig, "zzz.test", &one));
    end(&rig);
}

/* What a provider says comes and goes; on the same name the entrypoint's own goes before it. */
static void test_certificates_of_providers_come_and_go(void **state)
{
    static struct slice other_name = {"other", 5};
    struct rig rig;
    (void)state;

    prepare(&rig);
    start(&rig);
    struct fragment *fragment = fragment_create(SLICE("file"));
    struct model_certificate all[] = {
        {.cert = slice_of(other_one.cert_pem), .key = slice_of(other_one.key_pem), .origin = SLICE("x")},
        {.cert = rig.pairs[1].cert, .key = rig.pairs[1].key, .origin = SLICE("y")}};
    fragment->certificates = all;
    fragment->certificate_count = 2;
    struct fragment *given = fragment_ref(fragment);
    model_replace(&rig.model, &given);
    apply(&rig);
    assert_true(shows(&rig, "a.test", &one));
    assert_true(shows(&rig, "b.test", &two));
    all[1].entrypoints = (struct slices){&other_name, 1};
    apply(&rig);
    assert_true(shows(&rig, "b.test", &one));
    all[1].entrypoints = rig.defaults;
    apply(&rig);
    assert_true(shows(&rig, "b.test", &two));
    fragment->certificate_count = 0;
    apply(&rig);
    assert_true(shows(&rig, "b.test", &one));
    fragment_unref(&fragment);
    end(&rig);
}

/* Security case T1: without a file that says who verifies, nobody gets in; once there was one, it holds. */
static void test_authorities_that_are_missing_refuse_everybody(void **state)
{
    struct rig rig;
    (void)state;

    for (int optional = 0; optional < 2; optional++) {
        prepare(&rig);
        rig.tls.client_cas = (struct slices){rig.cas, 1};
        rig.tls.client_ca_optional = optional;
        rig.rules.client_check = optional ? TLS_CLIENTS_MAY_SHOW : TLS_CLIENTS_MUST_SHOW;
        write_file(&rig, "ca.pem", "nothing of use");
        start(&rig);
        SSL_CTX_set_mode(rig.library, SSL_MODE_NO_AUTO_CHAIN);
        assert_false(shows(&rig, "a.test", &one));
        assert_int_equal(SSL_CTX_use_cert_and_key(rig.library, client.cert, client.key, NULL, 1), 1);
        assert_false(shows(&rig, "a.test", &one));
        write_file(&rig, "ca.pem", authority.cert_pem);
        apply(&rig);
        assert_true(shows(&rig, "a.test", &one));
        write_file(&rig, "ca.pem", "broken");
        apply(&rig);
        assert_true(shows(&rig, "a.test", &one));
        write_file(&rig, "ca.pem", stranger.cert_pem);
        apply(&rig);
        assert_false(shows(&rig, "a.test", &one));
        end(&rig);
    }
}

/* DER of an OCSP answer about a certificate, by the authority. */
static size_t answer_about(const struct identity *identity, int status, long until_s, unsigned char **out)
{
    OCSP_BASICRESP *basic = OCSP_BASICRESP_new();
    OCSP_CERTID *id = OCSP_cert_to_id(EVP_sha1(), identity->cert, authority.cert);
    ASN1_TIME *from = X509_gmtime_adj(NULL, -3600), *until = X509_gmtime_adj(NULL, until_s);

    assert_non_null(
        OCSP_basic_add1_status(basic, id, status, 0, status == V_OCSP_CERTSTATUS_REVOKED ? from : NULL, from, until));
    assert_int_equal(OCSP_basic_sign(basic, authority.cert, authority.key, EVP_sha256(), NULL, 0), 1);
    OCSP_RESPONSE *response = OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic);
    *out = NULL;
    int len = i2d_OCSP_RESPONSE(response, out);
    OCSP_RESPONSE_free(response);
    OCSP_BASICRESP_free(basic);
    OCSP_CERTID_free(id);
    ASN1_TIME_free(from);
    ASN1_TIME_free(until);
    return (size_t)len;
}

static void test_an_ocsp_answer_is_shown_while_it_holds(void **state)
{
    static const struct {
        const struct identity *about;
        int status;
        long until_s;
        bool shown;
    } rows[] = {
        {&one, V_OCSP_CERTSTATUS_GOOD, 3600, true},
        {&one, V_OCSP_CERTSTATUS_GOOD, -60, false},
        {&one, V_OCSP_CERTSTATUS_REVOKED, 3600, false},
        {&two, V_OCSP_CERTSTATUS_GOOD, 3600, false},
    };
    struct rig rig;
    bool staple;
    (void)state;

    prepare(&rig);
    start(&rig);
    X509_free(shown_to(&rig, "a.test", &staple));
    assert_false(staple);
    for (size_t i = 0; i < WB_COUNT(rows); i++) {
        unsigned char *der;
        size_t len = answer_about(rows[i].about, rows[i].status, rows[i].until_s, &der);
        write_bytes(&rig, "a.pem.ocsp", der, len);
        OPENSSL_free(der);
        apply(&rig);
        X509 *shown = shown_to(&rig, "a.test", &staple);
        assert_int_equal(X509_cmp(shown, one.cert), 0);
        if (staple != rows[i].shown)
            fail_msg("row %zu: shown %d", i, staple);
        X509_free(shown);
    }
    write_file(&rig, "a.pem.ocsp", "garbage");
    apply(&rig);
    X509_free(shown_to(&rig, "a.test", &staple));
    assert_false(staple);
    end(&rig);
}

/* Control, and with it every change of routes, would wait for who writes into it. */
static void test_a_pipe_in_the_place_of_an_ocsp_answer_holds_nobody_up(void **state)
{
    char path[PATH_BYTES];
    struct rig rig;
    bool staple;
    (void)state;

    prepare(&rig);
    snprintf(path, sizeof path, "%s/a.pem.ocsp", rig.folder);
    assert_int_equal(mkfifo(path, 0600), 0);
    start(&rig);
    X509_free(shown_to(&rig, "a.test", &staple));
    assert_false(staple);
    end(&rig);
}

/* Workers shake hands while certificates and authorities are replaced. */
struct caller {
    struct tls_server *server;
    _Atomic bool *stop;
    unsigned good, bad;
};

static void *shake_hands(void *arg)
{
    struct caller *caller = arg;
    struct tls_acceptor *acceptor = tls_acceptor_create(caller->server);
    SSL_CTX *library = sim_tls_client_library(NULL);
    struct sim sim;

    sim_init(&sim, 0);
    while (!atomic_load(caller->stop) || caller->good < 3) {
        struct sim_tls_client one_call;
        struct stream *stream = accept_one(&sim, acceptor, library, &one_call, "a.test");
        X509 *shown = stream->connected ? SSL_get0_peer_certificate(one_call.library) : NULL;
        bool good = shown && (X509_cmp(shown, one.cert) == 0 || X509_cmp(shown, other_one.cert) == 0);
        caller->good += good;
        caller->bad += !good;
        stream_close(&stream);
        sim_settle(&sim);
        sim_tls_client_fini(&one_call);
    }
    tls_acceptor_destroy(&acceptor);
    SSL_CTX_free(library);
    sim_settle(&sim);
    sim_fini(&sim);
    return NULL;
}

static void test_replacing_while_hands_are_shaken(void **state)
{
    struct rig rig;
    struct caller callers[3] = {{0}};
    pthread_t threads[WB_COUNT(callers)];
    _Atomic bool stop = false;
    (void)state;

    prepare(&rig);
    rig.tls.client_cas = (struct slices){rig.cas, 1};
    rig.rules.client_check = TLS_CLIENTS_MAY_SHOW;
    start(&rig);
    for (size_t i = 0; i < WB_COUNT(callers); i++) {
        callers[i].server = rig.server;
        callers[i].stop = &stop;
        assert_int_equal(pthread_create(&threads[i], NULL, shake_hands, &callers[i]), 0);
    }
    for (unsigned i = 0; i < 40; i++) {
        write_file(&rig, "a.pem", i & 1 ? one.cert_pem : other_one.cert_pem);
        apply(&rig);
        write_file(&rig, "a.key", i & 1 ? one.key_pem : other_one.key_pem);
        write_file(&rig, "ca.pem", i & 1 ? authority.cert_pem : stranger.cert_pem);
        apply(&rig);
        usleep(5000);
    }
    atomic_store(&stop, true);
    for (size_t i = 0; i < WB_COUNT(callers); i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(callers[i].bad, 0);
    }
    end(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_file_that_changes_is_read_again),
        cmocka_unit_test(test_what_cannot_be_read_leaves_what_was),
        cmocka_unit_test(test_one_that_is_missing_is_left_out_alone),
        cmocka_unit_test(test_the_default_is_given_or_generated_once),
        cmocka_unit_test(test_without_a_default_it_is_the_first),
        cmocka_unit_test(test_certificates_of_providers_come_and_go),
        cmocka_unit_test(test_authorities_that_are_missing_refuse_everybody),
        cmocka_unit_test(test_an_ocsp_answer_is_shown_while_it_holds),
        cmocka_unit_test(test_a_pipe_in_the_place_of_an_ocsp_answer_holds_nobody_up),
        cmocka_unit_test(test_replacing_while_hands_are_shaken),
    };
    return cmocka_run_group_tests(tests, make_identities, drop_identities);
}
