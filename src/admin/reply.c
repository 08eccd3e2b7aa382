/* SPDX-License-Identifier: MIT */
#include "reply.h"
#include "waybill/http/headers.h"
#include "waybill/http/reason.h"

void reply_json(struct local_answer *answer, struct text *document)
{
    reply_json_status(answer, 200, document);
}

void reply_json_status(struct local_answer *answer, unsigned status, struct text *document)
{
    answer->status = status;
    answer->content_type = SLICE("application/json; charset=UTF-8");
    answer->body = *document;
    *document = TEXT_EMPTY;
}

bool reply_wants_text(const struct local_request *request)
{
    struct slice query = request->query, part;

    while (slice_cut(&query, '&', &part)) {
        if (slice_eq(part, SLICE("format=text")))
            return true;
        if (slice_eq(part, SLICE("format=json")))
            return false;
    }
    return slice_list_has(headers_value(request->headers, HEADER_ACCEPT), SLICE("text/plain"));
}

void reply_lines(struct local_answer *answer, unsigned status, struct text *text)
{
    answer->status = status;
    answer->content_type = SLICE("text/plain; charset=utf-8");
    answer->extra_name[0] = SLICE("X-Content-Type-Options");
    answer->extra_value[0] = SLICE("nosniff");
    answer->body = *text;
    *text = TEXT_EMPTY;
}

void reply_text(struct local_answer *answer, unsigned status, struct slice text)
{
    answer->status = status;
    answer->content_type = SLICE("text/plain; charset=utf-8");
    answer->fixed_body = text;
}

void reply_not_found(struct local_answer *answer)
{
    reply_text(answer, 404, SLICE("404 page not found\n"));
    answer->extra_name[0] = SLICE("X-Content-Type-Options");
    answer->extra_value[0] = SLICE("nosniff");
}

static const char *html_escape_of(char c)
{
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&#34;";
    case '\'':
        return "&#39;";
    default:
        return NULL;
    }
}

static void add_html(struct text *out, struct slice plain)
{
    for (size_t i = 0; i < plain.len; i++) {
        const char *escape = html_escape_of(plain.ptr[i]);
        if (escape)
            text_add(out, slice_of(escape));
        else
            text_add_char(out, plain.ptr[i]);
    }
}

void reply_redirect(struct local_answer *answer, unsigned status, struct slice location)
{
    struct text *body = &answer->body;

    /* A second '/' would make it the name of another host (security case P11). */
    WB_REQUIRE(location.len > 0 && location.ptr[0] == '/' && !slice_starts(location, SLICE("//")));
    answer->status = status;
    answer->content_type = SLICE("text/html; charset=utf-8");
    text_add(body, SLICE("<a href=\""));
    add_html(body, location);
    text_addf(body, "\">%s</a>.\n\n", status_phrase(status));
    /* The page has it escaped; the field needs it plain. It lives behind the page's end, in the same memory. */
    size_t end = body->len;
    text_add_char(body, '\0');
    text_add(body, location);
    answer->location = slice_make(body->ptr + end + 1, location.len);
    body->len = end;
}
