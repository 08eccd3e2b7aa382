/* SPDX-License-Identifier: MIT */
/* What the TLS options of an entrypoint are made of; what they do: test/sim/tls_*_test.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "waybill/exchange/entrypoint_tls.h"
#include "waybill/model/diagnostic.h"
#include "waybill/net/tls_server.h"
#include <stdio.h>

/* The one thing that was said; "" for nothing. */
static char said[300];
static enum severity severity;

static bool compile(const struct model_tls *model)
{
    struct diagnostics diagnostics;

    diagnostics_init(&diagnostics);
    struct tls_server *made = entrypoint_tls_create(model, SLICE("entrypoint https"), &diagnostics);
    assert_true(diagnostics.count <= 1);
    snprintf(said, sizeof said, "%s", diagnostics.count ? diagnostics.items[0].text : "");
    severity = diagnostics.count ? diagnostics.items[0].severity : DIAGNOSTIC_WARNING;
    diagnostics_fini(&diagnostics);
    bool good = made != NULL;
    if (made) {
        struct tls_acceptor *acceptor = tls_acceptor_create(made); /* the library takes it */
        tls_acceptor_destroy(&acceptor);
    }
    tls_server_destroy(&made);
    return good;
}

static void test_versions_have_the_names_of_1_7(void **state)
{
    static const struct {
        const char *name, *said; /* NULL: nothing */
    } rows[] = {
        {"", NULL},
        {"VersionTLS12", NULL},
        {"versiontls13", NULL},
        {"VersionTLS10", "lets in who speaks TLS that is broken"},
        {"VersionTLS11", "lets in who speaks TLS that is broken"},
        {"VersionTLS1.3", "is no version: VersionTLS12 holds"},
        {"1.2", "is no version: VersionTLS12 holds"},
    };
    (void)state;

    for (size_t i = 0; i < WB_COUNT(rows); i++) {
        const struct model_tls model = {.min_version = slice_of(rows[i].name)};
        assert_true(compile(&model));
        assert_int_equal(severity, DIAGNOSTIC_WARNING);
        if (rows[i].said ? !strstr(said, rows[i].said) : said[0] != '\0')
            fail_msg("%s: %s", rows[i].name, said);
    }
}

static void test_a_cipher_that_is_not_known_stops_the_start(void **state)
{
    static struct slice good[] = {{"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", 37}, {"TLS_RSA_WITH_AES_256_CBC_SHA", 28}},
                        weak[] = {{"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", 37}, {"TLS_RSA_WITH_RC4_128_SHA", 24}},
                        newest[] = {{"TLS_AES_128_GCM_SHA256", 22}},
                        bad[] = {{"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", 37}, {"ECDHE-RSA-AES128-GCM-SHA256", 27}};
    (void)state;

    assert_true(compile(&(struct model_tls){.cipher_suites = {good, 2}}) && said[0] == '\0');
    assert_true(compile(&(struct model_tls){.cipher_suites = {newest, 1}}) && said[0] == '\0');
    assert_true(compile(&(struct model_tls){.cipher_suites = {weak, 2}}));
    assert_non_null(strstr(said, "TLS_RSA_WITH_RC4_128_SHA is too weak and is left out"));
    assert_false(compile(&(struct model_tls){.cipher_suites = {bad, 2}}));
    assert_int_equal(severity, DIAGNOSTIC_CLOSED);
    assert_non_null(strstr(said, "`ECDHE-RSA-AES128-GCM-SHA256` is no cipher suite"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_versions_have_the_names_of_1_7),
        cmocka_unit_test(test_a_cipher_that_is_not_known_stops_the_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
