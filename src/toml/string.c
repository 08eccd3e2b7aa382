/* SPDX-License-Identifier: MIT */
#include "parser.h"
#include "waybill/base/utf8.h"

/* \uXXXX or \UXXXXXXXX, `at` on the backslash. */
static bool read_unicode_escape(struct toml_parser *p)
{
    size_t digits = p->at[1] == 'u' ? 4 : 8;
    struct slice whole = slice_head(slice_make(p->at, (size_t)(p->end - p->at)), digits + 2);
    uint32_t point = 0;

    for (size_t i = 2; i < digits + 2; i++) {
        int digit = i < whole.len ? ascii_hex(whole.ptr[i]) : -1;
        if (digit < 0)
            return toml_fail(p, toml_here(p), "an escape \\%c needs %zu hexadecimal digits", p->at[1], digits);
        point = point << 4 | (uint32_t)digit;
    }
    char bytes[UTF8_MAX];
    size_t len = utf8_write(point, bytes);
    if (len == 0)
        return toml_fail(p, toml_here(p), "%s is no character; give a code up to 10FFFF outside D800 to DFFF",
                         toml_quote(p, whole));
    text_add(&p->decoded, slice_make(bytes, len));
    p->at += digits + 2;
    return true;
}

/* A backslash at the end of a line joins the lines: it, the line end and all blank space go away.
 */
static bool skip_line_join(struct toml_parser *p)
{
    struct toml_place place = toml_here(p);

    p->at++;
    toml_skip_blanks(p);
    if (!toml_skip_line_end(p))
        return toml_fail(p, place, "found a backslash before a blank; write \\\\ for a backslash");
    do
        toml_skip_blanks(p);
    while (toml_skip_line_end(p));
    return true;
}

static bool read_escape(struct toml_parser *p, bool many_lines)
{
    static const char letters[] = "btnfr\"\\", meanings[] = "\b\t\n\f\r\"\\";
    char c = p->end - p->at > 1 ? p->at[1] : '\0';
    const char *letter = c ? strchr(letters, c) : NULL;

    if (letter) {
        text_add_char(&p->decoded, meanings[letter - letters]);
        p->at += 2;
        return true;
    }
    if (c == 'u' || c == 'U')
        return read_unicode_escape(p);
    if (many_lines && (c == ' ' || c == '\t' || c == '\r' || c == '\n'))
        return skip_line_join(p);
    struct toml_place place = toml_here(p);
    p->at++;
    return toml_fail(p, place, "found a backslash before %s; write \\\\ for a backslash, or use '...' quotes",
                     toml_found(p));
}

/* The bytes that stand for themselves. */
static void add_plain_run(struct toml_parser *p, char quote)
{
    const char *from = p->at;

    while (p->at < p->end && *p->at != quote && *p->at != '\n' && *p->at != '\r' && (*p->at != '\\' || quote == '\''))
        p->at++;
    text_add(&p->decoded, slice_make(from, (size_t)(p->at - from)));
}

/* At a quote: true when the string ends here. One or two quotes may stand in a multi-line string,
 * also just before the three that end it. */
static bool skip_closing_quotes(struct toml_parser *p, char quote, bool many_lines)
{
    size_t count = 0;

    if (!many_lines) {
        p->at++;
        return true;
    }
    while (count < 5 && toml_is_next(p, quote)) {
        p->at++;
        count++;
    }
    for (size_t own = count < 3 ? count : count - 3; own > 0; own--)
        text_add_char(&p->decoded, quote);
    return count >= 3;
}

bool toml_read_string(struct toml_parser *p, bool allow_lines)
{
    struct toml_place start = toml_here(p);
    char quote = *p->at;
    bool many_lines = allow_lines && p->end - p->at >= 3 && p->at[1] == quote && p->at[2] == quote;

    p->decoded.len = 0;
    p->at += many_lines ? 3 : 1;
    if (many_lines)
        toml_skip_line_end(p);
    for (;;) {
        add_plain_run(p, quote);
        if (p->at == p->end || (!many_lines && (*p->at == '\n' || *p->at == '\r')))
            return toml_fail(p, start, "the string that starts here has no end; close it with %s%c",
                             many_lines ? "three " : "", quote);
        if (toml_skip_line_end(p))
            text_add_char(&p->decoded, '\n');
        else if (*p->at == quote && skip_closing_quotes(p, quote, many_lines))
            return true;
        else if (p->at < p->end && *p->at == '\\' && quote == '"' && !read_escape(p, many_lines))
            return false;
    }
}
