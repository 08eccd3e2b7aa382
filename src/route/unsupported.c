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
FRONTEND(passes_cert, frontend->pass_tls_cert)

static const struct {
    const char *option;
    bool protects;
    bool (*is_set)(const struct model_frontend *frontend);
} frontend_rows[] = {
    {"passTLSCert", true, passes_cert},
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
