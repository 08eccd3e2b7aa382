/* SPDX-License-Identifier: MIT */
#include "lexer.h"
#include "literal.h"

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool is_letter(char c)
{
    return c == '_' || (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z') || (unsigned char)c >= 0x80;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static struct slice rest_of(const struct lexer *lexer)
{
    return slice_make(lexer->at, (size_t)(lexer->end - lexer->at));
}

static void advance(struct lexer *lexer, const char *to)
{
    for (; lexer->at < to; lexer->at++)
        lexer->line += *lexer->at == '\n';
}

static const char *find(const struct lexer *lexer, struct slice what)
{
    return lexer->at < lexer->end ? memmem(lexer->at, (size_t)(lexer->end - lexer->at), what.ptr, what.len) : NULL;
}

void lexer_init(struct lexer *lexer, struct report *report)
{
    *lexer = (struct lexer){
        .report = report, .at = report->source.ptr, .end = report->source.ptr + report->source.len, .line = 1};
}

/* Behind the opening mark of a comment. Its end must be an action's end, too. */
static enum lexer_text skip_comment(struct lexer *lexer, const char *opened)
{
    const char *closing;

    advance(lexer, lexer->at + 2);
    closing = find(lexer, SLICE("*/"));
    if (!closing) {
        report_fail(lexer->report, opened, "the comment is not closed: write `*/}}` behind it");
        return LEXER_FAILED;
    }
    advance(lexer, closing + 2);
    lexer->trim = rest_of(lexer).len > 1 && is_blank(lexer->at[0]) && lexer->at[1] == '-';
    if (lexer->trim)
        advance(lexer, lexer->at + 2);
    if (!slice_starts(rest_of(lexer), SLICE("}}"))) {
        report_fail(lexer->report, lexer->at, "a comment is an action by itself: write `}}` right behind `*/`");
        return LEXER_FAILED;
    }
    advance(lexer, lexer->at + 2);
    return LEXER_COMMENT;
}

enum lexer_text lexer_text(struct lexer *lexer, struct slice *out_text, uint32_t *out_line)
{
    const char *opened, *begin, *end;

    while (lexer->trim && lexer->at < lexer->end && is_blank(*lexer->at))
        advance(lexer, lexer->at + 1);
    lexer->trim = false;
    begin = lexer->at;
    *out_line = lexer->line;
    opened = find(lexer, SLICE("{{"));
    end = opened ? opened : lexer->end;
    advance(lexer, end);
    if (opened) {
        advance(lexer, opened + 2);
        if (rest_of(lexer).len > 1 && lexer->at[0] == '-' && is_blank(lexer->at[1])) {
            advance(lexer, lexer->at + 2);
            while (end > begin && is_blank(end[-1]))
                end--;
        }
    }
    *out_text = slice_make(begin, (size_t)(end - begin));
    if (!opened)
        return LEXER_FINISHED;
    return slice_starts(rest_of(lexer), SLICE("/*")) ? skip_comment(lexer, opened) : LEXER_ACTION;
}

/* `len` bytes from here are the token. */
static bool take(struct lexer *lexer, enum token_kind kind, size_t len)
{
    lexer->token.kind = kind;
    lexer->token.text = slice_make(lexer->at, len);
    advance(lexer, lexer->at + len);
    return true;
}

static size_t word_len(const struct lexer *lexer, size_t from)
{
    struct slice rest = rest_of(lexer);

    while (from < rest.len && (is_letter(rest.ptr[from]) || is_digit(rest.ptr[from])))
        from++;
    return from;
}

static bool take_word(struct lexer *lexer)
{
    take(lexer, TOKEN_WORD, word_len(lexer, 0));
    if (slice_eq(lexer->token.text, SLICE("true")) || slice_eq(lexer->token.text, SLICE("false"))) {
        lexer->token.kind = TOKEN_VALUE;
        lexer->token.value = value_truth(lexer->token.text.len == 4);
    }
    return true;
}

static bool take_text(struct lexer *lexer)
{
    size_t len;
    struct slice text;
    const char *problem = literal_text(lexer->report->arena, rest_of(lexer), &len, &text);

    if (problem)
        return report_fail(lexer->report, lexer->at, "%s", problem);
    lexer->token.value = value_text(text);
    return take(lexer, TOKEN_VALUE, len);
}

static bool take_number(struct lexer *lexer)
{
    struct slice rest = rest_of(lexer);
    size_t len = 1;
    int64_t number;

    while (len < rest.len && (is_letter(rest.ptr[len]) || is_digit(rest.ptr[len]) || rest.ptr[len] == '.'))
        len++;
    if (!literal_number(slice_head(rest, len), &number))
        return report_fail(lexer->report, lexer->at,
                           "`" SLICE_FMT "` is no number: only whole ones of 64 bits are supported",
                           SLICE_SHOWN(slice_head(rest, len)));
    lexer->token.value = value_number(number);
    return take(lexer, TOKEN_VALUE, len);
}

static bool take_sign(struct lexer *lexer)
{
    struct slice rest = rest_of(lexer);

    switch (rest.ptr[0]) {
    case '|':
        return take(lexer, TOKEN_PIPE, 1);
    case '(':
        return take(lexer, TOKEN_OPEN, 1);
    case ')':
        return take(lexer, TOKEN_CLOSE, 1);
    case ',':
        return take(lexer, TOKEN_COMMA, 1);
    case '=':
        return take(lexer, TOKEN_ASSIGN, 1);
    case ':':
        if (slice_starts(rest, SLICE(":=")))
            return take(lexer, TOKEN_DECLARE, 2);
        break;
    case '.':
        return take(lexer, word_len(lexer, 1) > 1 ? TOKEN_FIELD : TOKEN_DOT, word_len(lexer, 1));
    case '$':
        return take(lexer, TOKEN_VARIABLE, word_len(lexer, 1));
    case '}':
        if (slice_starts(rest, SLICE("}}")))
            return take(lexer, TOKEN_END, 2);
        break;
    default:
        break;
    }
    if (rest.ptr[0] > ' ' && rest.ptr[0] < 0x7f)
        return report_fail(lexer->report, lexer->at, "`%c` has no meaning in an action", rest.ptr[0]);
    return report_fail(lexer->report, lexer->at, "the byte 0x%02x has no meaning in an action", (unsigned char)rest.ptr[0]);
}

bool lexer_next(struct lexer *lexer)
{
    const char *before = lexer->at;
    struct slice rest;

    while (lexer->at < lexer->end && is_blank(*lexer->at))
        advance(lexer, lexer->at + 1);
    lexer->token = (struct token){.at = lexer->at, .spaced = lexer->at > before};
    rest = rest_of(lexer);
    if (rest.len == 0)
        return report_fail(lexer->report, before, "the action is not closed: write `}}` behind it");
    if (lexer->token.spaced && slice_starts(rest, SLICE("-}}"))) {
        lexer->trim = true;
        return take(lexer, TOKEN_END, 3);
    }
    if (rest.ptr[0] == '"' || rest.ptr[0] == '`')
        return take_text(lexer);
    if (is_digit(rest.ptr[0]) || (rest.len > 1 && (rest.ptr[0] == '-' || rest.ptr[0] == '+') && is_digit(rest.ptr[1])))
        return take_number(lexer);
    if (is_letter(rest.ptr[0]))
        return take_word(lexer);
    return take_sign(lexer);
}
