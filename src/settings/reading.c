/* SPDX-License-Identifier: MIT */
#include "reading.h"
#include "waybill/base/text.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

WB_PRINTF(2, 0)
static const char *format_in_arena(struct arena *arena, const char *form, va_list args)
{
    char *text = NULL;
    int len = vasprintf(&text, form, args);
    WB_REQUIRE(len >= 0);
    const char *copy = arena_strndup(arena, text, (size_t)len);
    free(text);
    return copy;
}

void reading_note(struct reading *reading, enum log_level level, const char *form, ...)
{
    struct settings *settings = &reading->settings;
    va_list args;
    va_start(args, form);
    const char *text = format_in_arena(&settings->arena, form, args);
    va_end(args);
    if (settings->note_count == reading->note_capacity) {
        size_t capacity = reading->note_capacity ? 2 * reading->note_capacity : 8;
        struct settings_note *notes = ARENA_ARRAY(&settings->arena, struct settings_note, capacity);
        for (size_t i = 0; i < settings->note_count; i++)
            notes[i] = settings->notes[i];
        settings->notes = notes;
        reading->note_capacity = capacity;
    }
    settings->notes[settings->note_count++] = (struct settings_note){level, slice_of(text)};
}

bool reading_fail(struct reading *reading, const char *form, ...)
{
    va_list args;
    va_start(args, form);
    if (!reading->failure)
        reading->failure = format_in_arena(&reading->settings.arena, form, args);
    va_end(args);
    return false;
}

void reading_put_entrypoint(struct reading *reading, const struct model_entrypoint *entrypoint)
{
    struct settings *settings = &reading->settings;
    for (size_t i = 0; i < settings->entrypoint_count; i++) {
        if (slice_eq(settings->entrypoints[i].name, entrypoint->name)) {
            reading_note(reading, LOG_WARN, "entrypoint \"" SLICE_FMT "\" is defined twice, the later one holds",
                         SLICE_ARG(entrypoint->name));
            settings->entrypoints[i] = *entrypoint;
            return;
        }
    }
    if (settings->entrypoint_count == reading->entrypoint_capacity) {
        size_t capacity = reading->entrypoint_capacity ? 2 * reading->entrypoint_capacity : 4;
        struct model_entrypoint *all = ARENA_ARRAY(&settings->arena, struct model_entrypoint, capacity);
        for (size_t i = 0; i < settings->entrypoint_count; i++)
            all[i] = settings->entrypoints[i];
        settings->entrypoints = all;
        reading->entrypoint_capacity = capacity;
    }
    settings->entrypoints[settings->entrypoint_count++] = *entrypoint;
}

const char *reading_shown(struct reading *reading, struct slice text)
{
    struct text shown = TEXT_EMPTY;
    text_add_escaped(&shown, text);
    struct slice copy = arena_copy(&reading->settings.arena, text_slice(&shown));
    text_fini(&shown);
    return copy.len ? copy.ptr : "";
}
