/* SPDX-License-Identifier: MIT */
/* The dashboard: the files of the folder of this name, embedded by embed.cmake when the program is built. */
#include "admin_private.h"
#include "dashboard.h"
#include "reply.h"

/* Nothing from elsewhere and nothing inline: a name out of a label can never become code (security case A8). */
#define DASHBOARD_POLICY                                                                                  \
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data:; " \
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

#define TEXT(literal)                \
    {                                \
        literal, sizeof(literal) - 1 \
    } /* SLICE is no constant */

struct dashboard_file {
    struct slice path, content_type;
    const unsigned char *bytes;
    const size_t *len;
};

static const struct dashboard_file files[] = {
    {TEXT("/dashboard/"), TEXT("text/html; charset=utf-8"), dashboard_index_html, &dashboard_index_html_len},
    {TEXT("/dashboard/dashboard.css"), TEXT("text/css; charset=utf-8"), dashboard_dashboard_css,
     &dashboard_dashboard_css_len},
    {TEXT("/dashboard/dashboard.js"), TEXT("text/javascript; charset=utf-8"), dashboard_dashboard_js,
     &dashboard_dashboard_js_len},
    {TEXT("/dashboard/containers.js"), TEXT("text/javascript; charset=utf-8"), dashboard_containers_js,
     &dashboard_containers_js_len},
    {TEXT("/dashboard/containers.css"), TEXT("text/css; charset=utf-8"), dashboard_containers_css,
     &dashboard_containers_css_len},
    {TEXT("/dashboard/flow.js"), TEXT("text/javascript; charset=utf-8"), dashboard_flow_js, &dashboard_flow_js_len},
    {TEXT("/dashboard/explain.js"), TEXT("text/javascript; charset=utf-8"), dashboard_explain_js, &dashboard_explain_js_len},
    {TEXT("/dashboard/explain.css"), TEXT("text/css; charset=utf-8"), dashboard_explain_css, &dashboard_explain_css_len},
};

static void reply_file(struct local_answer *answer, const struct dashboard_file *file)
{
    static const struct slice fields[][2] = {
        {TEXT("Content-Security-Policy"), TEXT(DASHBOARD_POLICY)},
        {TEXT("X-Content-Type-Options"), TEXT("nosniff")},
        {TEXT("Referrer-Policy"), TEXT("no-referrer")},
        {TEXT("Cache-Control"), TEXT("no-cache")}, /* another version of the router has another page */
    };

    answer->status = 200;
    answer->content_type = file->content_type;
    answer->fixed_body = slice_make((const char *)file->bytes, *file->len);
    for (size_t i = 0; i < WB_COUNT(fields); i++) {
        answer->extra_name[i] = fields[i][0];
        answer->extra_value[i] = fields[i][1];
    }
}

bool dashboard_answer(struct slice path, struct local_answer *out_answer)
{
    if (!slice_starts(path, SLICE("/dashboard/")))
        return false;
    for (size_t i = 0; i < WB_COUNT(files); i++) {
        if (slice_eq(path, files[i].path)) {
            reply_file(out_answer, &files[i]);
            return true;
        }
    }
    reply_not_found(out_answer);
    return true;
}
