/* SPDX-License-Identifier: MIT */
#include "waybill/model/diagnostic.h"
#include "waybill/base/log.h"
#include "waybill/base/map.h"
#include "waybill/base/text.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

const char *severity_name(enum severity severity)
{
    static const char *const names[] = {"warning", "error", "closed"};

    return names[severity];
}

void diagnostics_init(struct diagnostics *list)
{
    *list = (struct diagnostics){0};
}

void diagnostics_fini(struct diagnostics *list)
{
    for (size_t i = 0; i < list->count; i++) {
        free(list->items[i].place);
        free(list->items[i].text);
    }
    free(list->items);
    *list = (struct diagnostics){0};
}

static char *format_heap(const char *form, va_list arguments) WB_PRINTF(1, 0);
static char *format_heap(const char *form, va_list arguments)
{
    va_list again;
    char *text;
    int len;

    va_copy(again, arguments);
    len = vsnprintf(NULL, 0, form, again);
    va_end(again);
    WB_REQUIRE(len >= 0);
    text = wb_alloc((size_t)len + 1);
    vsnprintf(text, (size_t)len + 1, form, arguments);
    return text;
}

void diagnostics_add(struct diagnostics *list, enum severity severity, struct slice place, const char *form, ...)
{
    va_list arguments;

    if (list->count == list->capacity) {
        list->capacity = list->capacity ? list->capacity * 2 : 8;
        list->items = wb_realloc(list->items, list->capacity * sizeof *list->items);
    }
    struct diagnostic *item = &list->items[list->count++];
    item->severity = severity;
    item->place = slice_dup(place);
    va_start(arguments, form);
    item->text = format_heap(form, arguments);
    va_end(arguments);
}

void diagnostics_repeat_at(struct diagnostics *out, const struct diagnostics *said, struct slice place)
{
    for (size_t i = 0; i < said->count; i++)
        diagnostics_add(out, said->items[i].severity, place, "%s", said->items[i].text);
}

void diagnostics_repeat(struct diagnostics *out, const struct diagnostics *said)
{
    for (size_t i = 0; i < said->count; i++)
        diagnostics_add(out, said->items[i].severity, slice_of(said->items[i].place), "%s", said->items[i].text);
}

/* What makes two of them the same thing said. */
static void write_key(struct text *key, const struct diagnostic *item)
{
    key->len = 0;
    text_addf(key, "%d %zu %s%s", (int)item->severity, strlen(item->place), item->place, item->text);
}

void diagnostics_log_new(const struct diagnostics *now, const struct diagnostics *before)
{
    struct text key = TEXT_EMPTY;
    struct map said;

    map_init(&said);
    for (size_t i = 0; before && i < before->count; i++) {
        write_key(&key, &before->items[i]);
        map_put(&said, text_slice(&key), &before->items[i]);
    }
    for (size_t i = 0; i < now->count; i++) {
        const struct diagnostic *item = &now->items[i];

        write_key(&key, item);
        if (map_put(&said, text_slice(&key), &now->items[i]))
            continue;
        wb_log(item->severity == DIAGNOSTIC_WARNING ? LOG_WARN : LOG_ERROR, "%s: %s%s", item->place, item->text,
               item->severity == DIAGNOSTIC_CLOSED ? "; until then it answers 503" : "");
    }
    map_fini(&said);
    text_fini(&key);
}
