/* SPDX-License-Identifier: MIT */
#include "rewrite_parts.h"
#include "rule_parts.h"
#include <ctype.h>

static bool is_name_byte(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

static int group_of(const struct regex *regex, struct slice name)
{
    uint64_t number;
    if (slice_to_u64(name, REGEX_GROUPS_MAX, &number))
        return number <= regex_group_count(regex) ? (int)number : -1;
    return regex_group_named(regex, name.ptr, name.len);
}

static void add_piece(struct rewrite *rewrite, struct arena *arena, struct rewrite_piece piece)
{
    if ((rewrite->count & (rewrite->count - 1)) == 0) { /* none, or as many as fit: a power of two */
        struct rewrite_piece *more = ARENA_ARRAY(arena, struct rewrite_piece, rewrite->count ? 2 * rewrite->count : 1);
        if (rewrite->count)
            memcpy(more, rewrite->pieces, rewrite->count * sizeof *more);
        rewrite->pieces = more;
    }
    rewrite->pieces[rewrite->count++] = piece;
}

/* Go's Expand: $name takes as many letters, digits and underscores as there are, ${name} exactly that, $$ is a dollar;
 * a group that does not exist is empty text. */
void rewrite_cut(struct rewrite *rewrite, struct arena *arena, struct slice text,
                 struct slice (*shape)(struct arena *arena, struct slice text))
{
    size_t plain = 0, i = 0;
    while (i <= text.len) {
        size_t start = i + 1, end = start, next;
        if (i < text.len && text.ptr[i] != '$') {
            i++;
            continue;
        }
        if (start < text.len && text.ptr[start] == '{') {
            start++;
            end = start + slice_find(slice_from(text, start), '}');
        } else {
            while (end < text.len && is_name_byte(text.ptr[end]))
                end++;
        }
        bool last = i == text.len, braced = start > i + 1, dollar = start < text.len && text.ptr[start] == '$' && !braced;
        if (!last && !dollar && (end == start || (braced && end >= text.len))) { /* a lone $ is text, as in Go */
            i++;
            continue;
        }
        next = dollar ? start + 1 : end + braced;
        struct slice literal = slice_make(text.ptr + plain, (dollar ? start : i) - plain);
        if (literal.len)
            add_piece(rewrite, arena,
                      (struct rewrite_piece){.kind = REWRITE_TEXT,
                                             .text = shape ? shape(arena, literal) : arena_copy(arena, literal)});
        int group = last || dollar ? -1 : group_of(rewrite->regex, slice_make(text.ptr + start, end - start));
        if (group >= 0)
            add_piece(rewrite, arena, (struct rewrite_piece){.kind = REWRITE_GROUP, .number = (unsigned)group});
        i = plain = next;
    }
}

static void end_regex(void *regex)
{
    regex_destroy(regex);
}

/* The next "{{", or text.len. */
static size_t find_braces(struct slice text)
{
    size_t at = 0;
    while (at + 1 < text.len && !(text.ptr[at] == '{' && text.ptr[at + 1] == '{'))
        at++;
    return at + 1 < text.len ? at : text.len;
}

/* `rest` begins with "{{". */
static bool cut_value(struct rewrite *rewrite, struct arena *arena, struct slice *rest, const struct rewrite_names *names,
                      struct slice *out_error)
{
    struct slice inside = slice_from(*rest, 2);
    size_t end = slice_find(inside, '}');
    struct slice name = slice_trim_space(slice_head(inside, end));
    struct text known = TEXT_EMPTY;

    for (size_t i = 0; i < names->count; i++) {
        text_addf(&known, "%s{{%s}}", i ? ", " : "", names->items[i]);
        if (!slice_starts(slice_from(inside, end), SLICE("}}")) || !slice_eq(name, slice_of(names->items[i])))
            continue;
        add_piece(rewrite, arena, (struct rewrite_piece){.kind = REWRITE_VALUE, .number = (unsigned)i});
        *rest = slice_from(inside, end + 2);
        text_fini(&known);
        return true;
    }
    *out_error = slice_of(arena_format(arena, "`{{" SLICE_FMT "}}` is not known: there are " SLICE_FMT, SLICE_SHOWN(name),
                                       SLICE_ARG(text_slice(&known))));
    text_fini(&known);
    return false;
}

bool rewrite_compile(struct arena *arena, struct slice pattern, struct slice replacement, const struct rewrite_names *names,
                     struct rewrite *out, struct slice *out_error)
{
    char error[REGEX_ERROR_SIZE];
    struct regex *regex = regex_create(pattern.ptr, pattern.len, false, error);

    if (!regex) {
        *out_error = slice_of(arena_format(arena,
                                           "`" SLICE_FMT "` is not a regular expression (%s): mend it, in the syntax of RE2",
                                           SLICE_SHOWN(pattern), error));
        return false;
    }
    arena_at_end(arena, end_regex, regex);
    *out = (struct rewrite){.regex = regex};
    while (replacement.len) {
        size_t braces = find_braces(replacement);
        rewrite_cut(out, arena, slice_head(replacement, braces), NULL);
        replacement = slice_from(replacement, braces);
        if (replacement.len && !cut_value(out, arena, &replacement, names, out_error))
            return false;
    }
    return true;
}

/* Stops when there is more than may be: a replacement can name thousands of groups, and each may be the whole subject. */
static void add_pieces(struct text *out, size_t most, const struct rewrite *rewrite, struct slice subject,
                       const struct regex_span *groups, const struct slice *values)
{
    for (size_t i = 0; i < rewrite->count && out->len <= most; i++) {
        const struct rewrite_piece *piece = &rewrite->pieces[i];
        const struct regex_span *group = &groups[piece->number];
        if (piece->kind == REWRITE_TEXT)
            text_add(out, piece->text);
        else if (piece->kind == REWRITE_VALUE)
            text_add(out, values[piece->number]);
        else if (group->set)
            text_add(out, slice_make(subject.ptr + group->start, group->len));
    }
}

/* Each look for a match may go through all that is left, so many matches in a long text cost its square. */
static bool spend_steps(const struct regex *regex, size_t bytes, size_t *steps)
{
    size_t wanted = regex_size(regex) * bytes;
    if (wanted > *steps)
        return false;
    *steps -= wanted;
    return true;
}

/* From left to right; an empty match right behind another does not count. */
enum rewrite_outcome rewrite_apply(const struct rewrite *rewrite, struct slice subject, const struct slice *values,
                                   size_t *steps, struct text *out)
{
    struct regex_span groups[REGEX_GROUPS_MAX];
    size_t count = regex_group_count(rewrite->regex) + 1, done = 0, from = 0;
    const size_t most = out->len + REWRITE_BYTES_MAX;
    bool any = false;

    if (subject.len == 0)
        subject = SLICE(""); /* no bytes may have no address, and a group that is there has one */
    while (from <= subject.len && out->len <= most) {
        if (!spend_steps(rewrite->regex, subject.len - from, steps))
            return REWRITE_TOO_COSTLY;
        if (!regex_find(rewrite->regex, subject.ptr, subject.len, from, REGEX_ANYWHERE, groups, count))
            break;
        size_t start = groups[0].start, end = start + groups[0].len;
        text_add(out, slice_make(subject.ptr + done, start - done));
        if (!any || end > done)
            add_pieces(out, most, rewrite, subject, groups, values);
        any = true;
        done = end;
        from = end > from ? end : from + 1;
    }
    text_add(out, slice_from(subject, done));
    if (out->len > most)
        return REWRITE_TOO_COSTLY;
    return any ? REWRITE_MADE : REWRITE_NONE;
}

struct slice rewrite_head(const struct rewrite *rewrite)
{
    if (rewrite->count == 0 || rewrite->pieces[0].kind != REWRITE_TEXT)
        return SLICE("");
    return rewrite->pieces[0].text;
}
