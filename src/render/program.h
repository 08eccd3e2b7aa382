/* SPDX-License-Identifier: MIT */
/* program - a template that has been read: nodes, pipelines, commands, operands. Thread: one. Owner: the arena. */
#pragma once
#include "report.h"
#include "value.h"

struct function;

enum operand_kind {
    OPERAND_VALUE,
    OPERAND_VARIABLE,
    OPERAND_DOT,  /* the element of the innermost range, false outside */
    OPERAND_CALL, /* of a function, without arguments of its own unless it is the first of its command */
    OPERAND_PIPELINE,
};

struct operand {
    enum operand_kind kind;
    const char *at; /* in the source */
    struct value value;
    size_t slot; /* OPERAND_VARIABLE */
    const struct function *function;
    const struct command *pipeline;
    struct operand *next;
};

/* `f x y`, or one operand alone. A pipeline is a list of these, each the last argument of the next one. */
struct command {
    struct operand *first;
    size_t argument_count; /* behind `first`, which is a function then */
    struct command *next;
};

enum node_kind { NODE_TEXT, NODE_PRINT, NODE_IF, NODE_RANGE };

#define SLOT_NONE SIZE_MAX

struct node {
    enum node_kind kind;
    const char *at;
    struct slice text; /* NODE_TEXT */
    uint32_t line;     /* NODE_TEXT: of its beginning */
    const struct command *pipeline;
    size_t slot;          /* variable that takes the value; NODE_PRINT prints nothing then; NODE_RANGE: the element's */
    size_t number_slot;   /* NODE_RANGE: variable that takes the position */
    struct node *body;    /* NODE_IF, NODE_RANGE */
    struct node *or_else; /* when the body is not run */
    bool else_if;         /* `or_else` is one NODE_IF, a link of a chain */
    struct node *next;
};

struct program {
    const struct node *nodes;
    size_t slot_count; /* variables */
};

/* The report is filled when false. */
bool program_parse(struct report *report, struct program *out_program);
