/* SPDX-License-Identifier: MIT */
#include "waybill/model/json.h"
#include "waybill/base/utf8.h"
#include "waybill/model/model.h"
#include "waybill/model/schema.h"
#include <inttypes.h>
#include <stdio.h>

/* How v1.7 writes this character; NULL: as it is. A byte that is no UTF-8 becomes U+FFFD, each on its own. */
static const char *escape_of(const unsigned char *at, size_t len, char spare[7])
{
    if (len == 0)
        return "\\ufffd";
    if (len == 3 && at[0] == 0xe2 && at[1] == 0x80 && (at[2] == 0xa8 || at[2] == 0xa9))
        return at[2] == 0xa8 ? "\\u2028" : "\\u2029";
    switch (at[0]) {
    case '"':
        return "\\\"";
    case '\\':
        return "\\\\";
    case '\n':
        return "\\n";
    case '\r':
        return "\\r";
    case '\t':
        return "\\t";
    case '<':
        return "\\u003c";
    case '>':
        return "\\u003e";
    case '&':
        return "\\u0026";
    default:
        break;
    }
    if (at[0] >= 0x20)
        return NULL;
    snprintf(spare, 7, "\\u%04x", at[0]);
    return spare;
}

void json_string(struct text *out, struct slice value)
{
    size_t plain = 0; /* start of what is not written yet */

    text_add_char(out, '"');
    for (size_t i = 0; i < value.len;) {
        const unsigned char *at = (const unsigned char *)value.ptr + i;
        uint32_t point;
        size_t len = utf8_decode(slice_from(value, i), &point);
        char spare[7];
        const char *escape = escape_of(at, len, spare);

        if (escape) {
            text_add(out, slice_make(value.ptr + plain, i - plain));
            text_add(out, slice_of(escape));
        }
        i += len ? len : 1;
        if (escape)
            plain = i;
    }
    text_add(out, slice_from(value, plain));
    text_add_char(out, '"');
}

static void write_group(struct text *out, const struct group *group, const void *record);

static void write_texts(struct text *out, const struct slices *texts)
{
    text_add_char(out, '[');
    for (size_t i = 0; i < texts->count; i++) {
        if (i)
            text_add_char(out, ',');
        json_string(out, texts->items[i]);
    }
    text_add_char(out, ']');
}

static void write_pairs(struct text *out, const struct model_pairs *pairs)
{
    text_add_char(out, '{');
    for (size_t i = 0; i < pairs->count; i++) {
        if (i)
            text_add_char(out, ',');
        json_string(out, pairs->items[i].name);
        text_add_char(out, ':');
        json_string(out, pairs->items[i].value);
    }
    text_add_char(out, '}');
}

static void write_named(struct text *out, const struct group *group, struct records records)
{
    text_add_char(out, '{');
    for (size_t i = 0; i < records.count; i++) {
        const void *record = records.first + i * group->size;

        if (i)
            text_add_char(out, ',');
        json_string(out, *(const struct slice *)record);
        text_add_char(out, ':');
        write_group(out, group, record);
    }
    text_add_char(out, '}');
}

static void write_field(struct text *out, const struct field *field, const void *record)
{
    const void *at = field_at_const(field, record);

    switch (field->type) {
    case FIELD_TEXT:
        json_string(out, *(const struct slice *)at);
        return;
    case FIELD_BOOL:
        text_add(out, slice_of(*(const bool *)at ? "true" : "false"));
        return;
    case FIELD_INTEGER:
    case FIELD_DURATION:
        text_addf(out, "%" PRId64, *(const int64_t *)at);
        return;
    case FIELD_TEXTS:
        if (field_is_present(field, record))
            write_texts(out, at);
        else
            text_add(out, SLICE("null"));
        return;
    case FIELD_PAIRS:
        write_pairs(out, at);
        return;
    case FIELD_GROUP:
        write_group(out, field->group, field_records(field, record).first);
        return;
    case FIELD_NAMED:
        write_named(out, field->group, field_records(field, record));
        return;
    }
    WB_UNREACHABLE();
}

static void write_group(struct text *out, const struct group *group, const void *record)
{
    bool first = true;

    text_add_char(out, '{');
    for (size_t i = 0; i < group->field_count; i++) {
        const struct field *field = &group->fields[i];

        if (!field->shown || (!(field->flags & FIELD_ALWAYS) && field_is_empty(field, record)))
            continue;
        if (!first)
            text_add_char(out, ',');
        first = false;
        text_add_char(out, '"');
        text_add(out, slice_of(field->shown));
        text_add(out, SLICE("\":"));
        write_field(out, field, record);
    }
    text_add_char(out, '}');
}

static void write_named_or_null(struct text *out, const struct group *group, const void *first, size_t count)
{
    if (count)
        write_named(out, group, (struct records){(char *)(uintptr_t)first, count});
    else
        text_add(out, SLICE("null"));
}

void json_fragment(struct text *out, const struct fragment *fragment)
{
    write_group(out, &schema_fragment, fragment);
}

void json_backends(struct text *out, const struct fragment *fragment)
{
    write_field(out, schema_field_backends, fragment);
}

void json_frontends(struct text *out, const struct fragment *fragment)
{
    write_field(out, schema_field_frontends, fragment);
}

void json_backend(struct text *out, const struct model_backend *backend)
{
    write_group(out, &schema_backend, backend);
}

void json_servers(struct text *out, const struct model_backend *backend)
{
    write_named_or_null(out, &schema_server, backend->servers, backend->server_count);
}

void json_server(struct text *out, const struct model_server *server)
{
    write_group(out, &schema_server, server);
}

void json_frontend(struct text *out, const struct model_frontend *frontend)
{
    write_group(out, &schema_frontend, frontend);
}

void json_routes(struct text *out, const struct model_frontend *frontend)
{
    write_named_or_null(out, &schema_route, frontend->routes, frontend->route_count);
}

void json_route(struct text *out, const struct model_route *route)
{
    write_group(out, &schema_route, route);
}
