/* SPDX-License-Identifier: MIT */
/* lexer - a template as plain text and the tokens of actions. Thread: one. Owner: the parser. */
#pragma once
#include "report.h"
#include "value.h"

enum token_kind {
    TOKEN_END, /* }} */
    TOKEN_WORD,
    TOKEN_VARIABLE, /* $name, or $ alone */
    TOKEN_FIELD,    /* .name */
    TOKEN_DOT,
    TOKEN_VALUE, /* text, number, true, false */
    TOKEN_PIPE,
    TOKEN_OPEN,
    TOKEN_CLOSE,
    TOKEN_COMMA,
    TOKEN_DECLARE, /* := */
    TOKEN_ASSIGN,  /* = */
};

struct token {
    enum token_kind kind;
    const char *at;
    struct slice text; /* in the source */
    struct value value;
    bool spaced; /* blanks stand before it */
};

struct lexer {
    struct report *report;
    const char *at, *end;
    uint32_t line; /* of `at` */
    bool trim;     /* blanks in front of the next text go */
    struct token token;
};

enum lexer_text { LEXER_ACTION, LEXER_COMMENT, LEXER_FINISHED, LEXER_FAILED };

void lexer_init(struct lexer *lexer, struct report *report);
/* The text up to the next action or comment, or to the end, without what trim marks cut off. */
enum lexer_text lexer_text(struct lexer *lexer, struct slice *out_text, uint32_t *out_line);
/* In an action: the next token is in `token`. */
bool lexer_next(struct lexer *lexer);
