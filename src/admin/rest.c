/* SPDX-License-Identifier: MIT */
/* PUT /api/providers/rest: the configuration of the REST provider is replaced (spec/api-json.md 2). */
#include "admin_private.h"
#include "reply.h"
#include "same_site.h"
#include "waybill/base/log.h"

static void update(const struct admin *admin, const struct local_request *request, struct local_answer *answer)
{
    struct text text = TEXT_EMPTY;

    if (admin->options.rest_update(admin->options.rest_arg, request->body, &text)) {
        reply_json(answer, &text);
        return;
    }
    wb_log_error("rest: a configuration was refused: %s", text.ptr);
    text_add_char(&text, '\n');
    reply_lines(answer, 400, &text);
}

bool rest_answer(const struct admin *admin, const struct local_request *request, struct local_answer *answer)
{
    struct slice prefix = SLICE("/api/providers/"), name = slice_from(request->path, prefix.len);
    bool by_old_name = slice_eq(name, SLICE("web"));
    const char *problem;

    if (!admin->options.rest_update || request->entrypoint != admin->options.rest_entrypoint ||
        !slice_eq(request->method, SLICE("PUT")) || !slice_starts(request->path, prefix) || !name.len ||
        slice_find(name, '/') < name.len)
        return false;
    if (!by_old_name && !slice_eq(name, SLICE("rest"))) {
        reply_text(answer, 400, SLICE("Only 'rest' provider can be updated through the REST API"));
        return true;
    }
    problem = same_site_problem(request);
    if (problem) {
        reply_text(answer, 403, slice_of(problem));
        return true;
    }
    if (!request->has_body) {
        answer->wants_body = true;
        return true;
    }
    if (by_old_name)
        wb_log_warn("rest: PUT /api/providers/web is deprecated: use /api/providers/rest");
    update(admin, request, answer);
    return true;
}
