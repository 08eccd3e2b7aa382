/* SPDX-License-Identifier: MIT */
/* Files and texts of TLS that cannot be used are refused before anybody is called; calls are in conformance/k_engine.py. */
#include "credentials.h"
#include "waybill/base/error.h"
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

static struct {
    char *cert, *key, *other_key, *encrypted_key; /* PEM */
    char folder[64];
} pem;

static char *take_text(BIO *bio)
{
    char *bytes;
    long len = BIO_get_mem_data(bio, &bytes);
    char *text = wb_strndup(bytes, (size_t)len);

    BIO_free(bio);
    return text;
}

static char *key_text(EVP_PKEY *key, const EVP_CIPHER *cipher)
{
    BIO *bio = BIO_new(BIO_s_mem());

    WB_REQUIRE(PEM_write_bio_PrivateKey(bio, key, cipher, NULL, 0, NULL, cipher ? (char[]){"secret"} : NULL));
    return take_text(bio);
}

static char *certificate_text(EVP_PKEY *key)
{
    X509 *cert = X509_new();
    X509_NAME *name = X509_get_subject_name(cert);
    BIO *bio = BIO_new(BIO_s_mem());

    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"test", -1, -1, 0);
    X509_set_issuer_name(cert, name);
    X509_gmtime_adj(X509_getm_notBefore(cert), 0);
    X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
    X509_set_pubkey(cert, key);
    WB_REQUIRE(X509_sign(cert, key, EVP_sha256()));
    WB_REQUIRE(PEM_write_bio_X509(bio, cert));
    X509_free(cert);
    return take_text(bio);
}

static int make_pem(void **state)
{
    EVP_PKEY *key = EVP_EC_gen("P-256"), *other = EVP_EC_gen("P-256");

    (void)state;
    pem.cert = certificate_text(key);
    pem.key = key_text(key, NULL);
    pem.other_key = key_text(other, NULL);
    pem.encrypted_key = key_text(key, EVP_aes_128_cbc());
    EVP_PKEY_free(key);
    EVP_PKEY_free(other);
    snprintf(pem.folder, sizeof pem.folder, "/tmp/credentials_test.XXXXXX");
    return mkdtemp(pem.folder) ? 0 : -1;
}

static int drop_pem(void **state)
{
    (void)state;
    free(pem.cert);
    free(pem.key);
    free(pem.other_key);
    free(pem.encrypted_key);
    return rmdir(pem.folder);
}

/* NULL when they are good. */
static char *problem_of(const struct callout_tls *tls)
{
    struct credentials credentials;
    char *error = NULL;

    if (credentials_read(tls, &credentials, &error))
        credentials_fini(&credentials);
    return error;
}

static void expect_good(const char *ca, const char *cert, const char *key, bool skip_verify)
{
    char *problem = problem_of(
        &(struct callout_tls){"docker.tls", slice_of(ca), slice_of(cert), slice_of(key), skip_verify});

    if (problem)
        fail_msg("%s", problem);
}

static void expect_problem(const char *ca, const char *cert, const char *key, bool skip_verify, const char *wanted)
{
    char *problem = problem_of(
        &(struct callout_tls){"docker.tls", slice_of(ca), slice_of(cert), slice_of(key), skip_verify});

    assert_non_null(problem);
    if (!strstr(problem, wanted))
        fail_msg("wanted %s, have %s", wanted, problem);
    assert_null(strstr(problem, "MII")); /* what a literal holds is never repeated */
    free(problem);
}

static void test_a_certificate_and_its_key_are_needed_unless_nothing_is_verified(void **state)
{
    (void)state;
    expect_good("", pem.cert, pem.key, false);
    expect_good(pem.cert, pem.cert, pem.key, false);
    expect_good("", "", "", true);
    expect_good(pem.cert, pem.cert, pem.key, true);
    expect_problem("", "", "", false, "docker.tls.cert: missing");
    expect_problem(pem.cert, "", "", false, "docker.tls.cert: missing");
    expect_problem("", pem.cert, "", false, "docker.tls.key: missing");
    expect_problem("", "", pem.key, false, "docker.tls.cert: missing");
    expect_problem("", pem.cert, "", true, "docker.tls.key: missing");
    expect_problem("", "", pem.key, true, "docker.tls.cert: missing");
}

static void test_a_key_is_that_of_the_certificate_and_not_encrypted(void **state)
{
    (void)state;
    expect_problem("", pem.cert, pem.other_key, false, "docker.tls.key: it is not the key of the certificate");
    expect_problem("", pem.cert, pem.encrypted_key, false, "docker.tls.key: it is encrypted");
    expect_problem("", pem.cert, pem.cert, false, "docker.tls.key: there is no private key in it");
    expect_problem("", pem.key, pem.key, false, "docker.tls.cert: there is no certificate in it");
}

static void test_a_ca_is_one_or_more_whole_certificates(void **state)
{
    char *two = wb_format("%s%s", pem.cert, pem.cert), *damaged = wb_strdup(two);

    (void)state;
    expect_good(two, "", "", true);
    memset(damaged + strlen(pem.cert) + 60, '!', 20);
    expect_problem(damaged, "", "", true, "docker.tls.ca: one of its certificates is damaged");
    for (size_t len = 30; len + 1 < strlen(pem.cert); len++) { /* cut anywhere */
        char *cut = wb_strndup(pem.cert, len);
        expect_problem(cut, "", "", true, "docker.tls.ca: ");
        free(cut);
    }
    free(two);
    free(damaged);
}

static char *path_of(const char *name)
{
    return wb_format("%s/%s", pem.folder, name);
}

static void write_file(const char *path, const char *text, size_t times)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    for (size_t i = 0; i < times; i++)
        fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

static void test_errors_name_the_option_and_the_file(void **state)
{
    char *path = path_of("file");

    (void)state;
    char *missing = wb_format("docker.tls.ca: %s: No such file", path);
    expect_problem(path, "", "", true, missing);
    write_file(path, pem.cert, 1);
    expect_good(path, path, pem.key, false); /* a file here, a text there */
    write_file(path, "", 1);
    char *empty = wb_format("docker.tls.ca: %s: there is no certificate", path);
    expect_problem(path, "", "", true, empty);
    write_file(path, pem.cert, 1024 * 1024 / strlen(pem.cert) + 2);
    char *huge = wb_format("docker.tls.cert: %s: longer than", path);
    expect_problem("", path, pem.key, false, huge);
    char *folder = wb_format("docker.tls.key: %s: Is a directory", pem.folder);
    expect_problem("", pem.cert, pem.folder, false, folder);
    unlink(path);
    assert_int_equal(mkfifo(path, 0600), 0);
    char *pipe = wb_format("docker.tls.ca: %s: it is no plain file", path);
    expect_problem(path, "", "", true, pipe); /* nobody writes into it: that is not waited for */
    unlink(path);
    free(pipe);
    free(path);
    free(missing);
    free(empty);
    free(huge);
    free(folder);
}

static bool explains(const char *cert, CURLcode code, const char *detail, const char *wanted)
{
    struct credentials credentials = {.options = "docker.tls", .cert.text = (char *)(uintptr_t)cert};
    struct text out = TEXT_EMPTY;
    bool explained = credentials_explain(&credentials, code, detail, &out);

    assert_string_equal(out.ptr ? out.ptr : "", wanted);
    text_fini(&out);
    return explained;
}

/* Who does not believe our certificate says so after the handshake, or has hung up before we could read it. */
static void test_a_certificate_that_is_not_believed_is_named(void **state)
{
    (void)state;
    assert_true(explains("x", CURLE_RECV_ERROR, "tlsv1 alert unknown ca",
                         "tlsv1 alert unknown ca: is docker.tls.cert signed by whom the other side trusts?"));
    assert_true(explains("x", CURLE_SEND_ERROR, "",
                         "Failed sending data to the peer: if it asks for a certificate, is docker.tls.cert signed by whom "
                         "the other side trusts?"));
    assert_false(explains("x", CURLE_RECV_ERROR, "Connection reset by peer", ""));
    assert_false(explains(NULL, CURLE_SEND_ERROR, "", ""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_certificate_and_its_key_are_needed_unless_nothing_is_verified),
        cmocka_unit_test(test_a_key_is_that_of_the_certificate_and_not_encrypted),
        cmocka_unit_test(test_a_ca_is_one_or_more_whole_certificates),
        cmocka_unit_test(test_errors_name_the_option_and_the_file),
        cmocka_unit_test(test_a_certificate_that_is_not_believed_is_named),
    };
    return cmocka_run_group_tests(tests, make_pem, drop_pem);
}
