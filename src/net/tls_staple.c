/* SPDX-License-Identifier: MIT */
/* OCSP answers that stand beside a certificate (RFC 6066 8): whoever renews the certificate writes them, we only show them while
 * they hold. */
#include "tls_private.h"
#include "waybill/base/text.h"
#include <errno.h>
#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <stdio.h>
#include <stdlib.h>

enum { STAPLE_FILE_LIMIT = 64 * 1024 };

struct tls_staple {
    unsigned char *der;
    size_t len;
    time_t from, until; /* shown in between */
};

static time_t seconds_of(const ASN1_GENERALIZEDTIME *time_text)
{
    struct tm parts;

    return time_text && ASN1_TIME_to_tm(time_text, &parts) == 1 ? timegm(&parts) : 0;
}

/* What it says of the certificate; NULL: good, and the times are set. */
static const char *judge(struct tls_staple *staple, OCSP_RESPONSE *response, const struct tls_credentials *credentials)
{
    OCSP_BASICRESP *basic = OCSP_response_status(response) == OCSP_RESPONSE_STATUS_SUCCESSFUL
                                ? OCSP_response_get1_basic(response)
                                : NULL;
    const char *problem = basic ? "it is about another certificate" : "it is no OCSP answer that says something";

    for (int i = 0; basic && i < OCSP_resp_count(basic); i++) {
        OCSP_SINGLERESP *one = OCSP_resp_get0(basic, i);
        ASN1_INTEGER *number = NULL;
        ASN1_GENERALIZEDTIME *from, *until;
        OCSP_id_get0_info(NULL, NULL, NULL, &number, (OCSP_CERTID *)(uintptr_t)OCSP_SINGLERESP_get0_id(one));
        if (!number || ASN1_INTEGER_cmp(number, X509_get0_serialNumber(credentials->cert)) != 0)
            continue;
        if (OCSP_single_get0_status(one, NULL, NULL, &from, &until) != V_OCSP_CERTSTATUS_GOOD) {
            problem = "it says that the certificate was revoked, or is not known";
            break;
        }
        staple->from = seconds_of(from);
        staple->until = seconds_of(until);
        problem = staple->until ? NULL : "it does not say until when it holds";
        break;
    }
    OCSP_BASICRESP_free(basic);
    ERR_clear_error();
    return problem;
}

static size_t read_whole(FILE *file, unsigned char *to)
{
    size_t len = fread(to, 1, STAPLE_FILE_LIMIT + 1, file);
    return ferror(file) || len > STAPLE_FILE_LIMIT ? 0 : len;
}

struct tls_staple *tls_staple_read(struct slice cert, const struct tls_credentials *credentials, char **out_problem)
{
    char *path = wb_format(SLICE_FMT ".ocsp", SLICE_ARG(cert));
    FILE *file = fopen(path, "re");
    struct tls_staple *staple;
    OCSP_RESPONSE *response;
    const unsigned char *at;
    const char *problem;

    if (!file) {
        if (errno != ENOENT)
            *out_problem = wb_format("OCSP answer %s: %s; none is shown", path, strerror(errno));
        free(path);
        return NULL;
    }
    staple = wb_alloc(sizeof *staple);
    staple->der = wb_alloc(STAPLE_FILE_LIMIT + 1);
    at = staple->der;
    staple->len = read_whole(file, staple->der);
    response = d2i_OCSP_RESPONSE(NULL, &at, (long)staple->len);
    problem = response ? judge(staple, response, credentials) : "it is no OCSP answer (DER)";
    if (problem) {
        *out_problem = wb_format("OCSP answer %s: %s; none is shown", path, problem);
        tls_staple_free(&staple);
    }
    OCSP_RESPONSE_free(response);
    ERR_clear_error();
    fclose(file);
    free(path);
    return staple;
}

void tls_staple_free(struct tls_staple **staple)
{
    struct tls_staple *leaving = *staple;

    *staple = NULL;
    if (!leaving)
        return;
    free(leaving->der);
    free(leaving);
}

struct slice tls_staple_bytes(const struct tls_staple *staple, time_t now)
{
    if (!staple || now < staple->from || now >= staple->until)
        return SLICE("");
    return slice_make((const char *)staple->der, staple->len);
}
