/* SPDX-License-Identifier: MIT */
/*
 * toml_dump - TOML documents from stdin, what our parser makes of them to stdout.
 *
 * In: for each document its length in decimal, "\n", and that many bytes. Out: for each one line of
 * JSON,
 * ["ok", VALUE] or ["error", LINE, COLUMN, MESSAGE]. A VALUE is [KIND, CONTENT]; a table's content
 * is a list of [KEY, VALUE], an array's a list of VALUEs, a float's its %a form, all else text.
 */
#include "waybill/base/text.h"
#include "waybill/toml/toml.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static void add_json_text(struct text *out, struct slice text)
{
    text_add_char(out, '"');
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        if (c < 0x20 || c == '"' || c == '\\')
            text_addf(out, "\\u%04x", c);
        else
            text_add_char(out, text.ptr[i]);
    }
    text_add_char(out, '"');
}

static void add_value(struct text *out, const struct toml_value *value);

static void add_children(struct text *out, const struct toml_value *container)
{
    text_add_char(out, '[');
    TOML_EACH(child, container)
    {
        if (child != container->first)
            text_add_char(out, ',');
        if (container->kind == TOML_TABLE) {
            text_add_char(out, '[');
            add_json_text(out, child->key);
            text_add_char(out, ',');
        }
        add_value(out, child);
        if (container->kind == TOML_TABLE)
            text_add_char(out, ']');
    }
    text_add_char(out, ']');
}

static void add_value(struct text *out, const struct toml_value *value)
{
    text_addf(out, "[\"%s\",", toml_kind_name(value->kind));
    switch (value->kind) {
    case TOML_TABLE:
    case TOML_ARRAY:
        add_children(out, value);
        break;
    case TOML_INTEGER:
        text_addf(out, "\"%" PRId64 "\"", value->integer);
        break;
    case TOML_FLOAT:
        text_addf(out, "\"%a\"", value->number);
        break;
    case TOML_BOOLEAN:
        text_addf(out, "\"%s\"", value->truth ? "true" : "false");
        break;
    case TOML_TEXT:
    case TOML_OFFSET_DATETIME:
    case TOML_LOCAL_DATETIME:
    case TOML_LOCAL_DATE:
    case TOML_LOCAL_TIME:
        add_json_text(out, value->text);
        break;
    }
    text_add_char(out, ']');
}

static void dump(struct slice input)
{
    struct arena arena;
    struct toml_document document;
    struct toml_error error;
    struct text out = TEXT_EMPTY;

    arena_init(&arena, 0);
    if (toml_parse(&arena, input, SLICE("case.toml"), &document, &error)) {
        text_add(&out, SLICE("[\"ok\","));
        add_value(&out, document.root);
    } else {
        text_addf(&out, "[\"error\",%u,%u,", error.place.line, error.place.column);
        add_json_text(&out, slice_of(error.message));
    }
    text_add_char(&out, ']');
    puts(out.ptr);
    text_fini(&out);
    arena_fini(&arena);
}

int main(void)
{
    size_t size;
    char line_end;

    while (scanf("%zu%c", &size, &line_end) == 2) {
        char *bytes = wb_alloc(size); /* exactly, so that ASan sees a read past the end */
        if (fread(bytes, 1, size, stdin) != size)
            return 1;
        dump(slice_make(bytes, size));
        free(bytes);
    }
    return 0;
}
