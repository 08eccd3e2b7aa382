/* SPDX-License-Identifier: MIT */
#include "waybill/base/error.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Noreturn void wb_bug(const char *file, int line, const char *claim)
{
    fprintf(stderr, "waybill: bug: %s:%d: %s\n", file, line, claim);
    abort();
}

static _Noreturn void out_of_memory(size_t bytes)
{
    fprintf(stderr, "waybill: out of memory (%zu bytes wanted)\n", bytes);
    abort();
}

void *wb_alloc(size_t bytes)
{
    void *memory = calloc(1, bytes ? bytes : 1);
    if (!memory)
        out_of_memory(bytes);
    return memory;
}

void *wb_realloc(void *old, size_t bytes)
{
    void *memory = realloc(old, bytes ? bytes : 1);
    if (!memory)
        out_of_memory(bytes);
    return memory;
}

char *wb_strndup(const char *text, size_t len)
{
    char *copy = wb_alloc(len + 1);
    if (len)
        memcpy(copy, text, len);
    return copy;
}

char *wb_strdup(const char *text)
{
    return wb_strndup(text, strlen(text));
}

char *wb_format(const char *form, ...)
{
    va_list args, again;
    va_start(args, form);
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, form, again);
    va_end(again);
    WB_REQUIRE(len >= 0);
    char *text = wb_alloc((size_t)len + 1);
    vsnprintf(text, (size_t)len + 1, form, args);
    va_end(args);
    return text;
}
