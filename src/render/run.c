/* SPDX-License-Identifier: MIT */
#include "run.h"
#include "function.h"
#include <stdlib.h>

static bool run_nodes(struct run *run, const struct node *node);
static bool evaluate_pipeline(struct run *run, const struct command *command, struct value *out_value);

bool run_spend(struct run *run, const char *at, size_t steps)
{
    run->steps += steps;
    return run->steps <= RENDER_STEPS_MAX ||
           report_fail(run->report, at, "the template takes too long: make its loops smaller");
}

size_t run_room(const struct run *run)
{
    return RENDER_MEMORY_MAX - run->held;
}

bool run_hold(struct run *run, const char *at, size_t bytes)
{
    if (bytes > run_room(run))
        return report_fail(run->report, at, "the template needs too much memory: make its lists and texts smaller");
    run->held += bytes;
    return true;
}

static void note_line(struct run *run, uint32_t line)
{
    if (run->line_count == run->line_capacity) {
        run->line_capacity = run->line_capacity ? run->line_capacity * 2 : 64;
        run->lines = wb_realloc(run->lines, run->line_capacity * sizeof *run->lines);
    }
    run->lines[run->line_count++] = line;
}

/* `counts`: it stands so in the source, where its lines are. */
static bool write_out(struct run *run, const char *at, struct slice text, uint32_t line, bool counts)
{
    if (text.len > RENDER_OUTPUT_MAX - run->out.len)
        return report_fail(run->report, at, "what comes out is larger than %d MiB", RENDER_OUTPUT_MAX / 1024 / 1024);
    for (struct slice rest = text; rest.len;) {
        size_t len = slice_find(rest, '\n');

        if (run->line_begins)
            note_line(run, line);
        run->line_begins = len < rest.len;
        line += run->line_begins && counts;
        rest = slice_from(rest, len + 1);
    }
    text_add(&run->out, text);
    return run_spend(run, at, text.len / 64 + 1);
}

static bool evaluate_operand(struct run *run, const struct operand *operand, struct value *out_value)
{
    switch (operand->kind) {
    case OPERAND_VALUE:
        *out_value = operand->value;
        return true;
    case OPERAND_VARIABLE:
        *out_value = run->slots[operand->slot];
        return true;
    case OPERAND_DOT:
        *out_value = run->dot;
        return true;
    case OPERAND_CALL:
        return function_call(&(struct call){.run = run, .at = operand->at, .function = operand->function}, out_value);
    case OPERAND_PIPELINE:
        return evaluate_pipeline(run, operand->pipeline, out_value);
    }
    WB_UNREACHABLE();
}

/* `and` and `or`: what is behind the argument that decides is not looked at. */
static bool evaluate_until(struct run *run, const struct command *command, const struct value *piped,
                           struct value *out_value)
{
    const struct function *function = command->first->function;

    for (const struct operand *operand = command->first->next; operand; operand = operand->next) {
        if (!evaluate_operand(run, operand, out_value))
            return false;
        if (value_is_true(out_value) == function->stops_at)
            return true;
    }
    if (piped)
        *out_value = *piped;
    else if (!command->argument_count)
        return report_fail(run->report, command->first->at, "`%s` wants something to look at", function->name);
    return true;
}

static bool evaluate_call(struct run *run, const struct command *command, const struct value *piped, struct value *out_value)
{
    const struct operand *first = command->first;
    struct call call = {.run = run, .at = first->at, .function = first->function};
    size_t count = command->argument_count + (piped ? 1 : 0);
    struct value *arguments;

    if (!first->function->call)
        return evaluate_until(run, command, piped, out_value);
    if (!run_hold(run, first->at, count * sizeof *arguments))
        return false;
    arguments = ARENA_ARRAY(run->arena, struct value, count + 1);
    for (const struct operand *operand = first->next; operand; operand = operand->next) {
        if (!evaluate_operand(run, operand, &arguments[call.count++]))
            return false;
    }
    if (piped)
        arguments[call.count++] = *piped;
    call.arguments = arguments;
    return function_call(&call, out_value);
}

static bool evaluate_pipeline(struct run *run, const struct command *command, struct value *out_value)
{
    struct value before;

    for (const struct value *piped = NULL; command; command = command->next, piped = &before) {
        if (!run_spend(run, command->first->at, 1))
            return false;
        if (command->first->kind == OPERAND_CALL ? !evaluate_call(run, command, piped, out_value)
                                                 : !evaluate_operand(run, command->first, out_value))
            return false;
        before = *out_value;
    }
    return true;
}

static bool run_print(struct run *run, const struct node *node)
{
    struct text shown = TEXT_EMPTY;
    struct value value;
    bool good;

    if (!evaluate_pipeline(run, node->pipeline, &value))
        return false;
    if (node->slot != SLOT_NONE) {
        run->slots[node->slot] = value;
        return true;
    }
    good = value_print(&shown, &value, RENDER_OUTPUT_MAX);
    good = (good ||
            report_fail(run->report, node->at, "what comes out is larger than %d MiB", RENDER_OUTPUT_MAX / 1024 / 1024)) &&
           write_out(run, node->at, text_slice(&shown), node->line, false);
    text_fini(&shown);
    return good;
}

static bool run_if(struct run *run, const struct node *node)
{
    for (;; node = node->or_else) {
        struct value value;

        if (!evaluate_pipeline(run, node->pipeline, &value))
            return false;
        if (node->slot != SLOT_NONE)
            run->slots[node->slot] = value;
        if (value_is_true(&value))
            return run_nodes(run, node->body);
        if (!node->else_if)
            return run_nodes(run, node->or_else);
    }
}

static bool run_elements(struct run *run, const struct node *node, const struct value *list)
{
    struct value dot = run->dot;

    for (size_t i = 0; i < list->count; i++) {
        if (node->number_slot != SLOT_NONE)
            run->slots[node->number_slot] = value_number((int64_t)i);
        if (node->slot != SLOT_NONE)
            run->slots[node->slot] = list->items[i];
        run->dot = list->items[i];
        if (!run_spend(run, node->at, 1) || !run_nodes(run, node->body))
            return false;
    }
    run->dot = dot;
    return true;
}

static bool run_range(struct run *run, const struct node *node)
{
    struct value list;

    if (!evaluate_pipeline(run, node->pipeline, &list))
        return false;
    if (list.kind != VALUE_LIST)
        return report_fail(run->report, node->at, "`range` goes over lists, and this is %s: use `until`, `list` or `split`",
                           value_kind_name(list.kind));
    return list.count ? run_elements(run, node, &list) : run_nodes(run, node->or_else);
}

static bool run_node(struct run *run, const struct node *node)
{
    switch (node->kind) {
    case NODE_TEXT:
        return write_out(run, node->at, node->text, node->line, true);
    case NODE_PRINT:
        return run_print(run, node);
    case NODE_IF:
        return run_if(run, node);
    case NODE_RANGE:
        return run_range(run, node);
    }
    WB_UNREACHABLE();
}

static bool run_nodes(struct run *run, const struct node *node)
{
    for (; node; node = node->next) {
        if (!run_spend(run, node->at, 1) || !run_node(run, node))
            return false;
    }
    return true;
}

bool program_run(struct run *run, const struct program *program)
{
    run->slots = ARENA_ARRAY(run->arena, struct value, program->slot_count + 1);
    run->dot = value_truth(false);
    run->line_begins = true;
    return run_nodes(run, program->nodes);
}
