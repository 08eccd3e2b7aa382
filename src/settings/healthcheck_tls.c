/* SPDX-License-Identifier: MIT */
/* /ping over TLS. Nobody is verified, as in v1.7: it is asked whether the router here answers, and nothing is told it. */
#include "waybill/callout/callout.h"
#include "waybill/settings/healthcheck.h"
#include "waybill/settings/host_port.h"
#include <stdlib.h>

enum { ANSWER_BYTES = 4096 };

static int tell_error(struct text *out_line, const char *place, const char *reason)
{
    text_addf(out_line, "Error calling healthcheck: Get %s/ping: %s\n", place, reason);
    return 1;
}

static int judge(const char *place, const struct callout_get *get, struct text *out_line)
{
    if (get->status == 0)
        return tell_error(out_line, place, get->error.ptr ? get->error.ptr : "no answer");
    if (get->status == 200)
        text_addf(out_line, "OK: %s/ping\n", place);
    else
        text_addf(out_line, "Bad healthcheck status: %u\n", get->status);
    return get->status == 200 ? 0 : 1;
}

static int ask(const char *place, uint64_t timeout_ms, struct text *out_line)
{
    const struct callout_tls tls = {
        .options = "ping", .ca = SLICE(""), .cert = SLICE(""), .key = SLICE(""), .insecure_skip_verify = true};
    struct callout_get get = {.target = SLICE("/ping"), .body_limit = ANSWER_BYTES, .timeout_ms = timeout_ms};
    char *error = NULL;
    struct callout *callout = callout_create(slice_of(place), &tls, &error);

    if (!callout) {
        int status = tell_error(out_line, place, error);
        free(error);
        return status;
    }
    callout_get_all(callout, &get, 1, 1);
    int status = judge(place, &get, out_line);
    callout_get_fini(&get);
    callout_destroy(&callout);
    return status;
}

int healthcheck_ask_secure(struct slice address, uint64_t timeout_ms, struct text *out_line)
{
    struct host_port there;

    if (!host_port_reachable(address, &there)) {
        text_addf(out_line, "Error calling healthcheck: bad address\n");
        return 1;
    }
    char *place = wb_format(there.bracketed ? "https://[" SLICE_FMT "]:%u" : "https://" SLICE_FMT ":%u",
                            SLICE_ARG(there.host), (unsigned)there.port);
    int status = ask(place, timeout_ms, out_line);
    free(place);
    return status;
}
