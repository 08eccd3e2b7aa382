/* SPDX-License-Identifier: MIT */
#include "function.h"
#include "lexer.h"

enum { VARIABLES_MAX = 256, SLOTS_MAX = 10000 };

struct variable {
    struct slice name; /* with its $ */
    size_t slot;
};

struct parser {
    struct report *report;
    struct lexer lexer;
    struct variable variables[VARIABLES_MAX]; /* that can be seen here, the innermost last */
    size_t variable_count;
    size_t slot_count;
    unsigned depth; /* of blocks and parentheses */
};

/* What ends a list of nodes. */
enum ending { ENDING_TEXT, ENDING_END, ENDING_ELSE };

static bool parse_nodes(struct parser *parser, struct node **out_first, enum ending *out_ending);
static bool parse_commands(struct parser *parser, enum token_kind closing, const struct command **out_first);

static const struct token *token_of(const struct parser *parser)
{
    return &parser->lexer.token;
}

static bool is_word(const struct parser *parser, const char *word)
{
    return token_of(parser)->kind == TOKEN_WORD && slice_eq(token_of(parser)->text, slice_of(word));
}

static bool unexpected(struct parser *parser, const char *wanted)
{
    const struct token *token = token_of(parser);

    return report_fail(parser->report, token->at, "`" SLICE_FMT "` stands here: write %s", SLICE_SHOWN(token->text), wanted);
}

static bool enter(struct parser *parser, const char *at)
{
    if (parser->depth == RENDER_DEPTH_MAX)
        return report_fail(parser->report, at, "nested more than %d deep: use fewer levels", RENDER_DEPTH_MAX);
    parser->depth++;
    return true;
}

static bool declare(struct parser *parser, const struct token *name, size_t *out_slot)
{
    if (name->text.len == 1)
        return report_fail(parser->report, name->at, "`$` is no name: write one behind it, as in `$port`");
    if (parser->variable_count == VARIABLES_MAX || parser->slot_count == SLOTS_MAX)
        return report_fail(parser->report, name->at, "too many variables: use fewer");
    *out_slot = parser->slot_count++;
    parser->variables[parser->variable_count++] = (struct variable){name->text, *out_slot};
    return true;
}

static bool find_variable(struct parser *parser, const struct token *name, size_t *out_slot)
{
    for (size_t i = parser->variable_count; i-- > 0;) {
        if (slice_eq(parser->variables[i].name, name->text)) {
            *out_slot = parser->variables[i].slot;
            return true;
        }
    }
    return report_fail(parser->report, name->at, "there is no variable `" SLICE_FMT "` here: set it before, with `:=`",
                       SLICE_SHOWN(name->text));
}

static bool fail_word(struct parser *parser, const struct token *word)
{
    static const char *const control[] = {"if", "else", "end", "range"};
    static const char *const unsupported[] = {"with", "define", "template", "block", "break", "continue", "nil"};
    const char *suggestion = function_suggest(word->text);

    for (size_t i = 0; i < WB_COUNT(control); i++) {
        if (slice_eq(word->text, slice_of(control[i])))
            return report_fail(parser->report, word->at, "`%s` must be the first word of its action", control[i]);
    }
    for (size_t i = 0; i < WB_COUNT(unsupported); i++) {
        if (slice_eq(word->text, slice_of(unsupported[i])))
            return report_fail(parser->report, word->at,
                               "`%s` is not supported: of Go's templates if, range, variables and some functions are",
                               unsupported[i]);
    }
    if (suggestion)
        return report_fail(parser->report, word->at, "there is no function `" SLICE_FMT "`: did you mean `%s`?",
                           SLICE_SHOWN(word->text), suggestion);
    return report_fail(parser->report, word->at,
                       "there is no function `" SLICE_FMT "`: write the value out, or get it by `env`",
                       SLICE_SHOWN(word->text));
}

static bool parse_call(struct parser *parser, struct operand *operand)
{
    operand->kind = OPERAND_CALL;
    operand->function = function_find(token_of(parser)->text);
    return operand->function || fail_word(parser, token_of(parser));
}

static bool parse_variable(struct parser *parser, struct operand *operand)
{
    if (token_of(parser)->text.len == 1) {
        operand->value = value_truth(false); /* `$` is what the template was given: v1.7 gives it nothing */
        return true;
    }
    operand->kind = OPERAND_VARIABLE;
    return find_variable(parser, token_of(parser), &operand->slot);
}

static bool parse_parentheses(struct parser *parser, struct operand *operand)
{
    bool good;

    if (!enter(parser, token_of(parser)->at) || !lexer_next(&parser->lexer))
        return false;
    operand->kind = OPERAND_PIPELINE;
    good = parse_commands(parser, TOKEN_CLOSE, &operand->pipeline);
    parser->depth--;
    return good;
}

/* At its first token; the lexer is left at its last one. */
static bool parse_operand(struct parser *parser, struct operand **out_operand)
{
    const struct token *token = token_of(parser);
    struct operand *operand = ARENA_NEW(parser->report->arena, struct operand);

    *out_operand = operand;
    operand->at = token->at;
    switch (token->kind) {
    case TOKEN_VALUE:
        operand->value = token->value;
        return true;
    case TOKEN_WORD:
        return parse_call(parser, operand);
    case TOKEN_VARIABLE:
        return parse_variable(parser, operand);
    case TOKEN_DOT:
        operand->kind = OPERAND_DOT;
        return true;
    case TOKEN_OPEN:
        return parse_parentheses(parser, operand);
    case TOKEN_FIELD:
        return report_fail(parser->report, token->at,
                           "`" SLICE_FMT "` is not there: a rules file is given nothing but its environment: use `env`",
                           SLICE_SHOWN(token->text));
    case TOKEN_END:
    case TOKEN_PIPE:
    case TOKEN_CLOSE:
    case TOKEN_COMMA:
    case TOKEN_DECLARE:
    case TOKEN_ASSIGN:
        return unexpected(parser, "a value, a variable or a function");
    }
    WB_UNREACHABLE();
}

/* What stands behind a command's operand: true while another one follows. */
static bool is_operand_next(const struct parser *parser)
{
    enum token_kind kind = token_of(parser)->kind;

    return kind != TOKEN_PIPE && kind != TOKEN_END && kind != TOKEN_CLOSE;
}

static bool parse_arguments(struct parser *parser, struct command *command)
{
    struct operand *last = command->first;

    if (!lexer_next(&parser->lexer))
        return false;
    while (is_operand_next(parser)) {
        if (!token_of(parser)->spaced)
            return unexpected(parser, "a blank before it");
        if (command->first->kind != OPERAND_CALL)
            return report_fail(parser->report, command->first->at, "only a function takes arguments: this is none");
        if (!parse_operand(parser, &last->next) || !lexer_next(&parser->lexer))
            return false;
        last = last->next;
        command->argument_count++;
    }
    return true;
}

/* At the first token; the lexer is left at `closing`. */
static bool parse_commands(struct parser *parser, enum token_kind closing, const struct command **out_first)
{
    struct command *last = NULL;

    if (token_of(parser)->kind == closing)
        return report_fail(parser->report, token_of(parser)->at, "there is nothing here: write a value or a function");
    for (;;) {
        struct command *command = ARENA_NEW(parser->report->arena, struct command);

        if (!parse_operand(parser, &command->first))
            return false;
        if (last && command->first->kind != OPERAND_CALL)
            return report_fail(parser->report, command->first->at,
                               "behind `|` stands a function, which takes what is before it");
        if (!parse_arguments(parser, command))
            return false;
        if (last)
            last->next = command;
        else
            *out_first = command;
        last = command;
        if (token_of(parser)->kind == closing)
            return true;
        if (token_of(parser)->kind != TOKEN_PIPE)
            return unexpected(parser, closing == TOKEN_END ? "`}}`" : "`)`");
        if (!lexer_next(&parser->lexer))
            return false;
    }
}

/* At the token behind `$name`: `:=`, `=` or neither. */
static bool parse_setting(struct parser *parser, struct node *node, const struct token *name)
{
    bool declares = token_of(parser)->kind == TOKEN_DECLARE;

    /* A name may be seen only behind its value: `$x := $x` means the former one. */
    if (!lexer_next(&parser->lexer) || !parse_commands(parser, TOKEN_END, &node->pipeline))
        return false;
    return declares ? declare(parser, name, &node->slot) : find_variable(parser, name, &node->slot);
}

/* A pipeline that may begin with `$name :=`; `node` has its kind. */
static bool parse_pipeline(struct parser *parser, struct node *node)
{
    struct lexer before = parser->lexer;
    struct token name = *token_of(parser);

    node->slot = node->number_slot = SLOT_NONE;
    if (name.kind == TOKEN_VARIABLE) {
        if (!lexer_next(&parser->lexer))
            return false;
        if (token_of(parser)->kind == TOKEN_DECLARE || token_of(parser)->kind == TOKEN_ASSIGN)
            return parse_setting(parser, node, &name);
        parser->lexer = before;
    }
    return parse_commands(parser, TOKEN_END, &node->pipeline);
}

/* `$number, $element := ` and `$element := ` of a range. */
static bool parse_range_head(struct parser *parser, struct node *node)
{
    struct lexer before = parser->lexer;
    struct token names[2];
    size_t count = 0;

    node->slot = node->number_slot = SLOT_NONE;
    for (bool more = true; more && count < 2 && token_of(parser)->kind == TOKEN_VARIABLE;) {
        names[count++] = *token_of(parser);
        if (!lexer_next(&parser->lexer))
            return false;
        more = token_of(parser)->kind == TOKEN_COMMA;
        if (more && !lexer_next(&parser->lexer))
            return false;
    }
    if (count && token_of(parser)->kind == TOKEN_DECLARE)
        return lexer_next(&parser->lexer) && parse_commands(parser, TOKEN_END, &node->pipeline) &&
               (count == 1 || declare(parser, &names[0], &node->number_slot)) &&
               declare(parser, &names[count - 1], &node->slot);
    if (count == 2)
        return unexpected(parser, "`:=`");
    parser->lexer = before;
    return parse_commands(parser, TOKEN_END, &node->pipeline);
}

static bool expect_action_end(struct parser *parser)
{
    return lexer_next(&parser->lexer) && (token_of(parser)->kind == TOKEN_END || unexpected(parser, "`}}`"));
}

/* At the word behind `else`, with what is seen there. */
static bool parse_else(struct parser *parser, struct node *node, size_t seen);

/* The lists of an if or range, whose head has been read. `seen`: variables before its head. */
static bool parse_bodies(struct parser *parser, struct node *node, size_t seen)
{
    size_t in_head = parser->variable_count;
    enum ending ending;

    if (!parse_nodes(parser, &node->body, &ending))
        return false;
    parser->variable_count = in_head; /* what the body declared ends with it */
    if (ending == ENDING_TEXT)
        return report_fail(parser->report, node->at, "there is no `{{ end }}` for this");
    if (ending == ENDING_ELSE)
        return parse_else(parser, node, seen);
    parser->variable_count = seen;
    return true;
}

static bool parse_else(struct parser *parser, struct node *node, size_t seen)
{
    enum ending ending;

    if (!lexer_next(&parser->lexer))
        return false;
    if (node->kind == NODE_IF && is_word(parser, "if")) {
        struct node *link = node->or_else = ARENA_NEW(parser->report->arena, struct node);

        node->else_if = true;
        *link = (struct node){.kind = NODE_IF, .at = token_of(parser)->at};
        /* Its `end` is that of the whole chain. */
        return enter(parser, link->at) && lexer_next(&parser->lexer) && parse_pipeline(parser, link) &&
               parse_bodies(parser, link, seen);
    }
    if (token_of(parser)->kind != TOKEN_END)
        return unexpected(parser, node->kind == NODE_IF ? "`}}`, or `if` and a condition" : "`}}`");
    if (!parse_nodes(parser, &node->or_else, &ending))
        return false;
    if (ending != ENDING_END)
        return report_fail(parser->report, node->at, "behind `else` there is no `{{ end }}` for this");
    parser->variable_count = seen;
    return true;
}

static bool parse_block(struct parser *parser, struct node *node)
{
    size_t seen = parser->variable_count;
    unsigned depth = parser->depth;
    bool good = enter(parser, node->at) && lexer_next(&parser->lexer) &&
                (node->kind == NODE_IF ? parse_pipeline(parser, node) : parse_range_head(parser, node)) &&
                parse_bodies(parser, node, seen);

    parser->depth = depth;
    return good;
}

/* At the first token of an action. */
static bool parse_action(struct parser *parser, struct node *node)
{
    if (is_word(parser, "if"))
        node->kind = NODE_IF;
    else if (is_word(parser, "range"))
        node->kind = NODE_RANGE;
    else
        return parse_pipeline(parser, node);
    return parse_block(parser, node);
}

static void append(struct node ***tail, struct node *node)
{
    **tail = node;
    *tail = &node->next;
}

/* True when there is nothing behind it in this list. */
static bool is_ending(const struct parser *parser, enum ending *out_ending)
{
    *out_ending = is_word(parser, "else") ? ENDING_ELSE : ENDING_END;
    return is_word(parser, "end") || is_word(parser, "else");
}

/* Up to the end of the text, or behind `{{ end }}`, or at `else`. */
static bool parse_nodes(struct parser *parser, struct node **out_first, enum ending *out_ending)
{
    struct arena *arena = parser->report->arena;
    struct node **tail = out_first;

    for (;;) {
        struct slice text;
        uint32_t line;
        enum lexer_text found = lexer_text(&parser->lexer, &text, &line);
        struct node *node = ARENA_NEW(arena, struct node);

        if (found == LEXER_FAILED)
            return false;
        if (text.len) {
            *node = (struct node){.kind = NODE_TEXT, .at = text.ptr, .text = text, .line = line};
            append(&tail, node);
            node = ARENA_NEW(arena, struct node);
        }
        if (found == LEXER_FINISHED) {
            *out_ending = ENDING_TEXT;
            return true;
        }
        if (found == LEXER_COMMENT)
            continue;
        line = parser->lexer.line;
        if (!lexer_next(&parser->lexer))
            return false;
        if (is_ending(parser, out_ending))
            return *out_ending == ENDING_ELSE || expect_action_end(parser);
        *node = (struct node){.kind = NODE_PRINT, .at = token_of(parser)->at, .line = line};
        if (!parse_action(parser, node))
            return false;
        append(&tail, node);
    }
}

bool program_parse(struct report *report, struct program *out_program)
{
    struct parser *parser = ARENA_NEW(report->arena, struct parser);
    struct node *nodes = NULL;
    enum ending ending;

    parser->report = report;
    lexer_init(&parser->lexer, report);
    if (!parse_nodes(parser, &nodes, &ending))
        return false;
    if (ending != ENDING_TEXT)
        return report_fail(report, token_of(parser)->at, "there is no `if` or `range` that this belongs to");
    *out_program = (struct program){nodes, parser->slot_count};
    return true;
}
