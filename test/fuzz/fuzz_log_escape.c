/* SPDX-License-Identifier: MIT */
/* links: base */
#include "waybill/base/error.h"
#include "waybill/base/text.h"
#include "waybill/base/utf8.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* Nothing in a line may end it, move a cursor or turn the direction of writing, and no quote may be bare. */
static void check_harmless(struct slice text, bool quoted)
{
    bool escaped = false;

    WB_REQUIRE(utf8_is_valid(text));
    while (text.len) {
        uint32_t point = utf8_next(&text);
        WB_REQUIRE(point >= 0x20 && !(point >= 0x7f && point < 0xa0) && point != 0x061c && point != 0x200e &&
                   point != 0x200f);
        WB_REQUIRE(!(point >= 0x2028 && point <= 0x202e) && !(point >= 0x2066 && point <= 0x2069));
        WB_REQUIRE(!quoted || point != '"' || escaped);
        escaped = point == '\\' && !escaped;
    }
    WB_REQUIRE(!quoted || !escaped);
}

/* Reads one character back, as a reader of JSON does. */
static uint32_t read_json(struct slice *text)
{
    uint32_t point = utf8_next(text);
    uint64_t number = 0;

    if (point != '\\')
        return point;
    point = utf8_next(text);
    if (point != 'u')
        return point;
    WB_REQUIRE(text->len >= 4);
    for (size_t i = 0; i < 4; i++) {
        int digit = ascii_hex(text->ptr[i]);
        WB_REQUIRE(digit >= 0);
        number = number * 16 + (uint64_t)digit;
    }
    *text = slice_from(*text, 4);
    return (uint32_t)number;
}

/* A pen writes the same, and no more than it says it may. */
static void check_pen(char *(*pen)(char *at, struct slice part), size_t most, struct slice in, const struct text *wanted)
{
    char *room = malloc(in.len * most + 1);
    char *end = pen(room, in);

    WB_REQUIRE((size_t)(end - room) <= in.len * most);
    WB_REQUIRE(slice_eq(slice_make(room, (size_t)(end - room)), text_slice(wanted)));
    free(room);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    char *copy = malloc(size ? size : 1);
    struct text escaped = TEXT_EMPTY, visible = TEXT_EMPTY, json = TEXT_EMPTY;
    struct slice all = slice_make(copy, size), rest;

    if (size)
        memcpy(copy, bytes, size);
    text_add_escaped(&escaped, all);
    text_add_visible(&visible, all);
    text_add_json(&json, all);
    check_pen(pen_escaped, PEN_ESCAPED_MAX, all, &escaped);
    check_pen(pen_json, PEN_JSON_MAX, all, &json);
    check_harmless(text_slice(&escaped), true);
    check_harmless(text_slice(&visible), false);
    check_harmless(text_slice(&json), true);
    for (rest = text_slice(&json); rest.len;)
        WB_REQUIRE(read_json(&rest) == utf8_next(&all));
    WB_REQUIRE(all.len == 0);
    text_fini(&escaped);
    text_fini(&visible);
    text_fini(&json);
    free(copy);
    return 0;
}
