/* SPDX-License-Identifier: MIT */
#include "function.h"
#include "waybill/base/unicode.h"
#include "waybill/base/utf8.h"
#include <inttypes.h>

static bool change_case(struct call *call, struct slice (*change)(struct arena *arena, struct slice text),
                        struct value *out_value)
{
    struct slice text = call->arguments[0].text;

    if (!run_hold(call->run, call->at, text.len * 2))
        return false;
    *out_value = value_text(change(call->run->arena, text));
    return true;
}

bool call_upper(struct call *call, struct value *out_value)
{
    return change_case(call, unicode_upper, out_value);
}

bool call_lower(struct call *call, struct value *out_value)
{
    return change_case(call, unicode_lower, out_value);
}

bool call_normalise(struct call *call, struct value *out_value)
{
    return change_case(call, unicode_normalise, out_value);
}

bool call_trim(struct call *call, struct value *out_value)
{
    struct slice rest = call->arguments[0].text;
    const char *begin = NULL, *end = rest.ptr;

    while (rest.len) {
        const char *at = rest.ptr;
        if (unicode_is_space(utf8_next(&rest)))
            continue;
        begin = begin ? begin : at;
        end = rest.ptr;
    }
    *out_value = value_text(slice_make(begin ? begin : end, begin ? (size_t)(end - begin) : 0));
    return true;
}

bool call_quote(struct call *call, struct value *out_value)
{
    struct text out = TEXT_EMPTY;
    bool good = true;

    for (size_t i = 0; good && i < call->count; i++) {
        struct text plain = TEXT_EMPTY;

        if (i)
            text_add_char(&out, ' ');
        good = value_print(&plain, &call->arguments[i], run_room(call->run)) && out.len <= run_room(call->run);
        if (good)
            value_quote(&out, text_slice(&plain));
        text_fini(&plain);
    }
    if (good)
        return call_give_text(call, &out, out_value);
    text_fini(&out);
    return call_fail_size(call);
}

/* Bytes of the character in front; a byte that begins none counts as one. */
static size_t character_len(struct slice text)
{
    uint32_t point;
    size_t len = utf8_decode(text, &point);

    return len ? len : 1;
}

/* An empty text is found in front of each character and at the end. */
static bool replace_nothing(struct call *call, struct slice with, struct slice rest, struct text *out)
{
    text_add(out, with);
    while (rest.len && out->len <= run_room(call->run)) {
        size_t len = character_len(rest);
        text_add(out, slice_head(rest, len));
        text_add(out, with);
        rest = slice_from(rest, len);
    }
    return !rest.len;
}

bool call_replace(struct call *call, struct value *out_value)
{
    struct slice what = call->arguments[0].text, with = call->arguments[1].text, rest = call->arguments[2].text;
    struct text out = TEXT_EMPTY;
    const char *found;
    bool whole = what.len || replace_nothing(call, with, rest, &out);

    while (what.len && out.len <= run_room(call->run) && (found = memmem(rest.ptr, rest.len, what.ptr, what.len))) {
        text_add(&out, slice_head(rest, (size_t)(found - rest.ptr)));
        text_add(&out, with);
        rest = slice_from(rest, (size_t)(found - rest.ptr) + what.len);
    }
    if (what.len)
        text_add(&out, rest);
    if (whole)
        return call_give_text(call, &out, out_value);
    text_fini(&out);
    return call_fail_size(call);
}

/* The part before the next separator, which goes, too; false: it was the last one. An empty separator stands behind each
 * character. */
static bool cut_part(struct slice *rest, struct slice separator, struct slice *out_part)
{
    const char *found = separator.len ? memmem(rest->ptr, rest->len, separator.ptr, separator.len) : NULL;

    *out_part = *rest;
    if (separator.len ? !found : character_len(*rest) >= rest->len)
        return false;
    *out_part = slice_head(*rest, found ? (size_t)(found - rest->ptr) : character_len(*rest));
    *rest = slice_from(*rest, out_part->len + separator.len);
    return true;
}

bool call_split(struct call *call, struct value *out_value)
{
    struct slice separator = call->arguments[0].text, rest = call->arguments[1].text, part;
    struct value *items;
    size_t count = separator.len || rest.len ? 1 : 0;

    for (struct slice counted = rest; cut_part(&counted, separator, &part);)
        count++;
    if (!run_spend(call->run, call->at, count) || count > run_room(call->run) / sizeof *items)
        return call_fail_size(call);
    call->run->held += count * sizeof *items;
    items = ARENA_ARRAY(call->run->arena, struct value, count + 1);
    for (size_t i = 0; i < count; i++) {
        cut_part(&rest, separator, &part);
        items[i] = value_text(part);
    }
    *out_value = (struct value){.kind = VALUE_LIST, .depth = 1, .items = items, .count = count};
    return true;
}

/* %05d: flags and width of a verb. */
struct verb {
    bool left, zeros;
    size_t width;
    char letter;
};

enum { VERB_WIDTH_MAX = 1000 };

static bool read_verb(struct slice *form, struct verb *out_verb)
{
    *out_verb = (struct verb){.letter = '\0'};
    for (; form->len; *form = slice_from(*form, 1)) {
        char c = form->ptr[0];
        if (c == '-')
            out_verb->left = true;
        else if (c == '0' && !out_verb->width)
            out_verb->zeros = true;
        else if (c >= '0' && c <= '9' && out_verb->width < VERB_WIDTH_MAX)
            out_verb->width = out_verb->width * 10 + (size_t)(c - '0');
        else
            break;
    }
    if (form->len)
        out_verb->letter = form->ptr[0];
    *form = slice_from(*form, 1);
    return out_verb->letter != '\0' && out_verb->width <= VERB_WIDTH_MAX;
}

static size_t count_characters(struct slice text)
{
    size_t count = 0;

    for (; text.len; count++)
        text = slice_from(text, character_len(text));
    return count;
}

static void add_padded(struct text *out, const struct verb *verb, struct slice shown, bool is_number)
{
    size_t have = count_characters(shown), missing = verb->width > have ? verb->width - have : 0;
    bool zeros = verb->zeros && !verb->left;

    if (zeros && missing && is_number && slice_starts(shown, SLICE("-"))) {
        text_add_char(out, '-');
        shown = slice_from(shown, 1);
    }
    for (size_t i = 0; !verb->left && i < missing; i++)
        text_add_char(out, zeros ? '0' : ' ');
    text_add(out, shown);
    for (size_t i = 0; verb->left && i < missing; i++)
        text_add_char(out, ' ');
}

/* Is it, or is all that is in it, of that kind? Lists that hold the same list twice may be many times larger than what they
 * take, so this gives up at some time. */
static bool is_all(const struct value *value, enum value_kind kind, size_t *budget)
{
    if (*budget == 0)
        return false;
    --*budget;
    if (value->kind != VALUE_LIST)
        return value->kind == kind;
    for (size_t i = 0; i < value->count; i++) {
        if (!is_all(&value->items[i], kind, budget))
            return false;
    }
    return true;
}

static bool check_verb(struct call *call, const struct verb *verb, const struct value *value)
{
    size_t budget = RENDER_STEPS_MAX / 4;

    switch (verb->letter) {
    case 'v':
        return true;
    case 'd':
        if (is_all(value, VALUE_NUMBER, &budget))
            return true;
        break;
    case 's':
    case 'q':
        if (is_all(value, VALUE_TEXT, &budget) && (verb->letter == 's' || value->kind == VALUE_TEXT))
            return true;
        break;
    default:
        return report_fail(call->run->report, call->at,
                           "`printf`: %%%c is not supported: of these %%d, %%s, %%v and %%q are",
                           verb->letter > ' ' && verb->letter < 0x7f ? verb->letter : '?');
    }
    return report_fail(call->run->report, call->at, "`printf`: %%%c cannot show %s: write %%v", verb->letter,
                       value_kind_name(value->kind));
}

static bool print_verb(struct call *call, const struct verb *verb, const struct value *value, struct text *out)
{
    struct text shown = TEXT_EMPTY;
    bool good = check_verb(call, verb, value);

    if (good && verb->letter == 'q')
        value_quote(&shown, value->text);
    else if (good && !value_print(&shown, value, run_room(call->run)))
        good = call_fail_size(call);
    if (good)
        add_padded(out, verb, text_slice(&shown), value->kind == VALUE_NUMBER);
    text_fini(&shown);
    return good && (out->len <= run_room(call->run) || call_fail_size(call));
}

static bool print_form(struct call *call, struct text *out)
{
    struct slice form = call->arguments[0].text;
    struct verb verb;
    size_t used = 1;

    while (form.len) {
        size_t plain = slice_find(form, '%');
        text_add(out, slice_head(form, plain));
        if (plain == form.len)
            break;
        form = slice_from(form, plain + 1);
        if (!read_verb(&form, &verb))
            return report_fail(call->run->report, call->at, "`printf`: write %%%% for a percent sign");
        if (verb.letter == '%') {
            text_add_char(out, '%');
            continue;
        }
        if (used == call->count)
            return report_fail(call->run->report, call->at, "`printf` has nothing for %%%c: give it one argument more",
                               verb.letter);
        if (!print_verb(call, &verb, &call->arguments[used++], out))
            return false;
    }
    if (used < call->count)
        return report_fail(call->run->report, call->at, "`printf` has %zu arguments too many", call->count - used);
    return true;
}

bool call_printf(struct call *call, struct value *out_value)
{
    struct text out = TEXT_EMPTY;

    if (print_form(call, &out))
        return call_give_text(call, &out, out_value);
    text_fini(&out);
    return false;
}
