/* SPDX-License-Identifier: MIT */
/*
 * GET /api/diagnostics: everything that is wrong with the configuration in force, said with its place:
 *
 *   {"changes":N,"diagnostics":[{"source","severity","place","text"}]}
 *
 * `source` is the provider, "routes" for what the compiler found, "certificates" or "settings". `changes` counts up when it says
 * something else.
 * Who asks for text gets a line for each.
 */
#include "admin_private.h"
#include "containers.h"
#include "reply.h"
#include "waybill/model/board.h"
#include "waybill/model/json.h"
#include <inttypes.h>

static void write_one(void *arg, struct slice source, const struct diagnostic *diagnostic)
{
    struct text *out = arg;

    text_add(out, out->ptr[out->len - 1] == '[' ? SLICE("{\"source\":") : SLICE(",{\"source\":"));
    json_string(out, source);
    text_addf(out, ",\"severity\":\"%s\",\"place\":", severity_name(diagnostic->severity));
    json_string(out, slice_of(diagnostic->place));
    text_add(out, SLICE(",\"text\":"));
    json_string(out, slice_of(diagnostic->text));
    text_add_char(out, '}');
}

static void write_line(void *arg, struct slice source, const struct diagnostic *diagnostic)
{
    struct text *out = arg;

    (void)source;
    text_addf(out, "%s: ", severity_name(diagnostic->severity));
    text_add_visible(out, slice_of(diagnostic->place));
    text_add(out, SLICE(": "));
    text_add_visible(out, slice_of(diagnostic->text));
    text_add_char(out, '\n');
}

void diagnostics_answer(const struct admin *admin, const struct local_request *request, struct local_answer *out_answer)
{
    struct board *board = admin->options.board;
    struct text document = TEXT_EMPTY;

    if (reply_wants_text(request)) {
        if (board)
            board_visit_diagnostics(board, write_line, &document);
        reply_lines(out_answer, 200, &document);
        return;
    }
    text_addf(&document, "{\"changes\":%" PRIu64 ",\"diagnostics\":[", board ? board_diagnostic_changes(board) : 0);
    if (board)
        board_visit_diagnostics(board, write_one, &document);
    text_add(&document, SLICE("]}"));
    reply_json(out_answer, &document);
}
