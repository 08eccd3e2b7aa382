/* SPDX-License-Identifier: MIT */
/* unsupported - one row an option. Whoever adds the option deletes its row. */
#include "unsupported.h"
#include "waybill/model/model.h"

/* clang-format off: tables of rows */
#define FRONTEND(id, set)                                 \
    static bool id(const struct model_frontend *frontend) \
    {                                                     \
        return (set);                                     \
    }
#define BACKEND(id, set)                                \
    static bool id(const struct model_backend *backend) \
    {                                                   \
        return (set);                                   \
    }

FRONTEND(has_client_cert, frontend->pass_client_cert != NULL || frontend->pass_tls_cert)

BACKEND(has_body_limit,
        backend->buffering && (backend->buffering->max_request_body_bytes || backend->buffering->max_response_body_bytes))
BACKEND(has_buffering,
        backend->buffering && (backend->buffering->mem_request_body_bytes || backend->buffering->mem_response_body_bytes))
BACKEND(has_retry, backend->buffering && backend->buffering->retry_expression.len)
BACKEND(has_flush, backend->response_forwarding != NULL)

static const struct {
    const char *option;
    bool protects;
    bool (*is_set)(const struct model_frontend *frontend);
} frontend_rows[] = {
    {"passTLSClientCert", true, has_client_cert},
};

static const struct {
    const char *option;
    bool protects;
    bool (*is_set)(const struct model_backend *backend);
} backend_rows[] = {
    {"buffering.max*BodyBytes", true, has_body_limit},
    {"buffering.mem*BodyBytes", false, has_buffering},
    {"buffering.retryExpression", false, has_retry},
    {"responseForwarding.flushInterval", false, has_flush},
};
/* clang-format on */

static void say(struct diagnostics *diagnostics, struct slice place, const char *noun, struct slice name, const char *option,
                bool protects)
{
    if (protects)
        diagnostics_add(diagnostics, DIAGNOSTIC_CLOSED, place,
                        SLICE_FMT ": %s is not in this version yet, and without it the %s would be open: it answers 503; "
                                  "remove the option if it may be open",
                        SLICE_ARG(name), option, noun);
    else
        diagnostics_add(diagnostics, DIAGNOSTIC_WARNING, place, SLICE_FMT ": %s is not in this version yet and is left out",
                        SLICE_ARG(name), option);
}

const char *unsupported_in_frontend(const struct model_frontend *frontend, struct slice place,
                                    struct diagnostics *diagnostics)
{
    const char *first = NULL;
    for (size_t i = 0; i < WB_COUNT(frontend_rows); i++) {
        if (!frontend_rows[i].is_set(frontend))
            continue;
        say(diagnostics, place, "frontend", frontend->name, frontend_rows[i].option, frontend_rows[i].protects);
        if (frontend_rows[i].protects && !first)
            first = frontend_rows[i].option;
    }
    return first;
}

const char *unsupported_in_backend(const struct model_backend *backend, struct slice place, struct diagnostics *diagnostics)
{
    const char *first = NULL;
    for (size_t i = 0; i < WB_COUNT(backend_rows); i++) {
        if (!backend_rows[i].is_set(backend))
            continue;
        say(diagnostics, place, "backend", backend->name, backend_rows[i].option, backend_rows[i].protects);
        if (backend_rows[i].protects && !first)
            first = backend_rows[i].option;
    }
    return first;
}
