/* SPDX-License-Identifier: MIT */
/* Files and texts of TLS that cannot be used are refused with the option named, before anybody is called. */
#include "lib/identity.h"
#include "waybill/base/slice.h"
#include "waybill/net/tls_credentials.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

static struct identity first, second;
static char folder[64];

static int make_all(void **state)
{
    (void)state;
    identity_make(&first, NULL, "DNS:a.test", -1, 1);
    identity_make(&second, NULL, NULL, -1, 1);
    snprintf(folder, sizeof folder, "/tmp/tls_credentials_test.XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int drop_all(void **state)
{
    (void)state;
    identity_drop(&first);
    identity_drop(&second);
    return rmdir(folder);
}

static struct tls_credentials *make(const char *ca, const char *cert, const char *key, bool skip, char **out_problem)
{
    struct slice cas[2] = {slice_of(ca), slice_of(ca)};
    struct tls_options options = {.ca_option = "x.ca",
                                  .cert_option = "x.cert",
                                  .key_option = "x.key",
                                  .cas = cas,
                                  .ca_count = ca[0] ? 2 : 0, /* one that is there already is fine */
                                  .cert = slice_of(cert),
                                  .key = slice_of(key),
                                  .skip_verify = skip};

    *out_problem = NULL;
    return tls_credentials_create(&options, out_problem);
}

static void expect_good(const char *ca, const char *cert, const char *key)
{
    char *problem;
    struct tls_credentials *made = make(ca, cert, key, false, &problem);

    if (!made)
        fail_msg("%s", problem);
    tls_credentials_unref(&made);
}

static void expect_problem(const char *ca, const char *cert, const char *key, const char *wanted)
{
    char *problem;

    assert_null(make(ca, cert, key, false, &problem));
    if (!problem || !strstr(problem, wanted))
        fail_msg("wanted %s, have %s", wanted, problem);
    assert_null(strstr(problem, "MII")); /* what a literal holds is never repeated */
    assert_null(strchr(problem, '\n'));
    free(problem);
}

static void test_each_is_given_or_not(void **state)
{
    (void)state;
    expect_good("", "", "");
    expect_good(first.cert_pem, "", "");
    expect_good("", first.cert_pem, first.key_pem);
    expect_good(second.cert_pem, first.cert_pem, first.key_pem);
    expect_problem("", first.cert_pem, "", "x.key: missing");
    expect_problem("", "", first.key_pem, "x.cert: missing");
    expect_problem("", first.cert_pem, second.key_pem, "x.key: it is not the key of the certificate");
    expect_problem("", first.key_pem, first.key_pem, "x.cert: there is no certificate in it");
    expect_problem("", first.cert_pem, first.cert_pem, "x.key: there is no private key in it");
    expect_problem(first.key_pem, "", "", "x.ca: there is no certificate in it");
}

static void test_a_file_is_read_and_named_when_it_cannot_be(void **state)
{
    char *path = wb_format("%s/ca.pem", folder);
    FILE *file = fopen(path, "w");
    (void)state;

    fputs(first.cert_pem, file);
    fputs(second.cert_pem, file);
    fclose(file);
    expect_good(path, "", "");
    assert_int_equal(truncate(path, 0), 0);
    expect_problem(path, "", "", "ca.pem: there is no certificate in it");
    assert_int_equal(truncate(path, 5 * 1024 * 1024), 0);
    expect_problem(path, "", "", "ca.pem: longer than a PEM file is");
    unlink(path);
    expect_problem(path, "", "", "ca.pem: No such file");
    expect_problem(folder, "", "", "x.ca: ");
    expect_problem("/nowhere\x1b[31m", "", "", "x.ca: /nowhere\\x1b[31m: No such file");
    free(path);
}

/* A label can name any file there is: control must not wait for one. */
static void test_what_is_no_plain_file_is_not_waited_for(void **state)
{
    char *pipe = wb_format("%s/pipe", folder);
    (void)state;

    assert_int_equal(mkfifo(pipe, 0600), 0);
    alarm(10);
    expect_problem(pipe, "", "", "pipe: it is no plain file");
    expect_problem("/dev/zero", "", "", "/dev/zero: it is no plain file");
    expect_problem("", pipe, first.key_pem, "pipe: it is no plain file");
    alarm(0);
    unlink(pipe);
    free(pipe);
}

static void test_a_text_cut_or_changed_anywhere_is_refused(void **state)
{
    char *two = wb_format("%s%s", first.cert_pem, second.cert_pem);
    (void)state;

    expect_good(two, "", "");
    for (size_t len = 30; len + 1 < strlen(first.cert_pem); len++) {
        char *cut = wb_strndup(first.cert_pem, len);
        expect_problem(cut, "", "", "x.ca: ");
        free(cut);
    }
    memset(two + strlen(first.cert_pem) + 60, '!', 20);
    expect_problem(two, "", "", "x.ca: one of its certificates is damaged");
    free(two);
}

static void test_a_key_that_wants_a_password_is_refused_and_nobody_is_asked(void **state)
{
    BIO *bio = BIO_new(BIO_s_mem());
    (void)state;

    WB_REQUIRE(PEM_write_bio_PrivateKey(bio, first.key, EVP_aes_128_cbc(), NULL, 0, NULL, (char[]){"secret"}));
    char *encrypted = identity_text(bio);
    expect_problem("", first.cert_pem, encrypted, "x.key: it is encrypted");
    free(encrypted);
}

/* What the library refuses to use is a user's mistake, not the end of the program. */
static void test_a_key_too_short_is_refused(void **state)
{
    struct identity weak = {.cert = X509_new(), .key = EVP_RSA_gen(512)};
    BIO *cert_pem = BIO_new(BIO_s_mem()), *key_pem = BIO_new(BIO_s_mem());
    (void)state;

    X509_gmtime_adj(X509_getm_notBefore(weak.cert), 0);
    X509_gmtime_adj(X509_getm_notAfter(weak.cert), 86400);
    X509_set_pubkey(weak.cert, weak.key);
    WB_REQUIRE(X509_sign(weak.cert, weak.key, EVP_sha256()));
    WB_REQUIRE(PEM_write_bio_X509(cert_pem, weak.cert));
    WB_REQUIRE(PEM_write_bio_PrivateKey(key_pem, weak.key, NULL, NULL, 0, NULL, NULL));
    weak.cert_pem = identity_text(cert_pem);
    weak.key_pem = identity_text(key_pem);
    expect_problem("", weak.cert_pem, weak.key_pem, "x.cert: ");
    identity_drop(&weak);
}

static void test_who_says_the_same_has_the_same_name(void **state)
{
    const char *texts[][3] = {
        {"", "", ""},
        {first.cert_pem, "", ""},
        {second.cert_pem, "", ""},
        {second.cert_pem, first.cert_pem, first.key_pem},
        {"", first.cert_pem, first.key_pem},
    };
    (void)state;

    for (size_t a = 0; a < 2 * WB_COUNT(texts); a++)
        for (size_t b = 0; b < 2 * WB_COUNT(texts); b++) {
            char *problem;
            const char **left = texts[a / 2], **right = texts[b / 2];
            struct tls_credentials *one = make(left[0], left[1], left[2], a & 1, &problem);
            struct tls_credentials *other = make(right[0], right[1], right[2], b & 1, &problem);
            assert_int_equal(strcmp(tls_credentials_id(one), tls_credentials_id(other)) == 0, a == b);
            tls_credentials_unref(&one);
            tls_credentials_unref(&other);
        }
}

static void test_the_system_is_believed_when_nobody_is_named_and_all_are_verified(void **state)
{
    char *problem;
    struct tls_credentials *made[] = {make("", "", "", false, &problem), make("", "", "", true, &problem),
                                      make(first.cert_pem, "", "", false, &problem)};
    (void)state;

    assert_true(tls_credentials_want_system(made[0]));
    assert_false(tls_credentials_want_system(made[1]));
    assert_false(tls_credentials_want_system(made[2]));
    for (size_t i = 0; i < WB_COUNT(made); i++)
        tls_credentials_unref(&made[i]);
    assert_true(tls_load_system_trust()); /* ca-certificates is among the packages that a build needs */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_is_given_or_not),
        cmocka_unit_test(test_a_file_is_read_and_named_when_it_cannot_be),
        cmocka_unit_test(test_what_is_no_plain_file_is_not_waited_for),
        cmocka_unit_test(test_a_text_cut_or_changed_anywhere_is_refused),
        cmocka_unit_test(test_a_key_that_wants_a_password_is_refused_and_nobody_is_asked),
        cmocka_unit_test(test_a_key_too_short_is_refused),
        cmocka_unit_test(test_who_says_the_same_has_the_same_name),
        cmocka_unit_test(test_the_system_is_believed_when_nobody_is_named_and_all_are_verified),
    };
    return cmocka_run_group_tests(tests, make_all, drop_all);
}
