/* SPDX-License-Identifier: MIT */
/* OCSP answers that stand beside a certificate (RFC 6066 8): whoever renews the certificate writes them, we only show them while
 * they hold. */
#include "tls_private.h"
#include "waybill/base/file_text.h"
#include <errno.h>
#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <stdlib.h>

enum { STAPLE_FILE_LIMIT = 64 * 1024 };

struct tls_staple {
    struct text der;
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

/* Takes over the text. NULL: *out_problem says what is wrong with it. */
static struct tls_staple *parse(struct text *der, const struct tls_credentials *credentials, const char **out_problem)
{
    struct tls_staple *staple = wb_alloc(sizeof *staple);
    const unsigned char *at = (const unsigned char *)der->ptr;
    OCSP_RESPONSE *response = der->len ? d2i_OCSP_RESPONSE(NULL, &at, (long)der->len) : NULL;

    staple->der = *der;
    *der = TEXT_EMPTY;
    *out_problem = response ? judge(staple, response, credentials) : "it is no OCSP answer (DER)";
    OCSP_RESPONSE_free(response);
    ERR_clear_error();
    if (*out_problem)
        tls_staple_free(&staple);
    return staple;
}

static const char *why_unread(wb_err error)
{
    return error == -EFBIG ? "longer than an answer is" : error == -EINVAL ? "it is no plain file" : strerror(-error);
}

struct tls_staple *tls_staple_read(struct slice cert, const struct tls_credentials *credentials, char **out_problem)
{
    char *path = wb_format(SLICE_FMT ".ocsp", SLICE_ARG(cert));
    struct tls_staple *staple = NULL;
    const char *problem = NULL;
    struct text der = TEXT_EMPTY;
    wb_err error = file_text_add(&der, slice_of(path), STAPLE_FILE_LIMIT);

    if (!error)
        staple = parse(&der, credentials, &problem);
    else if (error != -ENOENT)
        problem = why_unread(error);
    if (problem)
        *out_problem = wb_format("OCSP answer %s: %s; none is shown", path, problem);
    text_fini(&der);
    free(path);
    return staple;
}

void tls_staple_free(struct tls_staple **staple)
{
    struct tls_staple *leaving = *staple;

    *staple = NULL;
    if (!leaving)
        return;
    text_fini(&leaving->der);
    free(leaving);
}

struct slice tls_staple_bytes(const struct tls_staple *staple, time_t now)
{
    if (!staple || now < staple->from || now >= staple->until)
        return SLICE("");
    return text_slice(&staple->der);
}
