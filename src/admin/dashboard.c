/* SPDX-License-Identifier: MIT */
/* The dashboard: the files of the folder of this name, embedded by embed.cmake when the program is built. */
#include "dashboard.h"
#include "admin_private.h"
#include "reply.h"

/* Nothing from elsewhere and nothing inline: a name out of a label can never become code (security case A8). */
#define DASHBOARD_POLICY                                                                                  \
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data:; " \
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

#define TEXT(literal)                \
    {                                \
        literal, sizeof(literal) - 1 \
    } /* SLICE is no constant */

static const struct {
    struct slice ending, content_type;
} kinds[] = {
    {TEXT(".html"), TEXT("text/html; charset=utf-8")},
    {TEXT(".css"), TEXT("text/css; charset=utf-8")},
    {TEXT(".js"), TEXT("text/javascript; charset=utf-8")},
};

static struct slice content_type_of(struct slice name)
{
    for (size_t i = 0; i < WB_COUNT(kinds); i++)
        if (slice_ends(name, kinds[i].ending))
            return kinds[i].content_type;
    return SLICE("application/octet-stream");
}

static void reply_file(struct local_answer *answer, const struct dashboard_file *file)
{
    static const struct slice fields[][2] = {
        {TEXT("Content-Security-Policy"), TEXT(DASHBOARD_POLICY)},
        {TEXT("X-Content-Type-Options"), TEXT("nosniff")},
        {TEXT("Referrer-Policy"), TEXT("no-referrer")},
        {TEXT("Cache-Control"), TEXT("no-cache")}, /* another version of the router has another page */
    };

    answer->status = 200;
    answer->content_type = content_type_of(slice_of(file->name));
    answer->fixed_body = slice_make((const char *)file->bytes, file->len);
    for (size_t i = 0; i < WB_COUNT(fields); i++) {
        answer->extra_name[i] = fields[i][0];
        answer->extra_value[i] = fields[i][1];
    }
}

bool dashboard_answer(struct slice path, struct local_answer *out_answer)
{
    static const struct slice folder = TEXT("/dashboard/");
    struct slice name = slice_from(path, folder.len);

    if (!slice_starts(path, folder))
        return false;
    if (name.len == 0)
        name = SLICE("index.html");
    else if (slice_eq(name, SLICE("index.html")))
        name = SLICE(""); /* it has one address */
    for (size_t i = 0; i < dashboard_file_count; i++) {
        if (slice_eq(name, slice_of(dashboard_files[i].name))) {
            reply_file(out_answer, &dashboard_files[i]);
            return true;
        }
    }
    reply_not_found(out_answer);
    return true;
}
