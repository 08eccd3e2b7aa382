/* SPDX-License-Identifier: MIT */
/* Labels: a mapping, or a list of `name=value`; and the traps that YAML sets to whoever writes them. */
#include "compose_private.h"

enum { LABELS_MAX = 2000 }; /* of a service; each is compared with the others */

static bool is_ours(struct slice name)
{
    return slice_starts(name, SLICE("traefik."));
}

/* What YAML 1.1 takes for a boolean and 1.2 does not: docker-compose 1 made True of it, docker compose leaves the word. */
static bool is_old_boolean(struct slice text)
{
    static const char *const words[] = {"y", "n", "yes", "no", "on", "off"};

    for (size_t i = 0; i < WB_COUNT(words); i++) {
        if (slice_eq_nocase(text, slice_of(words[i])))
            return true;
    }
    return false;
}

/* Digits that every reader gives back as they are: 80, -1, 1.5; not 080, 1.10, 1_000 or 1e3. */
static bool is_stable_number(struct slice text)
{
    size_t dot = slice_find(text, '.'), from = slice_starts(text, SLICE("-"));
    struct slice whole = slice_make(text.ptr + from, dot - from), fraction = slice_from(text, dot + 1);
    uint64_t number;

    if (!slice_to_u64(whole, INT64_MAX, &number) || (whole.len > 1 && whole.ptr[0] == '0'))
        return false;
    return dot == text.len || (fraction.len > 0 && fraction.len < 15 && slice_to_u64(fraction, INT64_MAX, &number) &&
                               fraction.ptr[fraction.len - 1] != '0');
}

/* What stands behind a plain scalar in its line. */
static struct slice behind(const struct compose_reader *reader, const struct yaml_value *value)
{
    const struct compose_file *file = reader->file;

    if (value->place.line > file->line_count)
        return SLICE("");
    struct slice line = slice_from(file->text, file->lines[value->place.line - 1]);
    line = slice_head(line, slice_find(line, '\n'));
    for (size_t at = value->place.column - 1; at < line.len;
         at++) { /* a column counts characters, so it may be further on */
        if (slice_starts(slice_from(line, at), value->text))
            return slice_from(line, at + value->text.len);
    }
    return SLICE("");
}

static void warn_of_comment(struct compose_reader *reader, const struct yaml_value *value, struct source at)
{
    struct slice rest = slice_trim(behind(reader, value));

    if (rest.len > 1 && rest.ptr[0] == '#' && rest.ptr[1] != ' ' && rest.ptr[1] != '#')
        problems_add(reader->problems, PROBLEM_WARNING, at,
                     "`" SLICE_FMT
                     "` is a comment and no part of the value: put the value in quotes, or a blank behind the #",
                     SLICE_ARG(slice_head(slice_trim_space(rest), 40)));
}

static void warn_of_traps(struct compose_reader *reader, const struct yaml_value *value, struct source at)
{
    if (!value->is_plain || value->text.len == 0)
        return;
    if (value->kind == YAML_TEXT && is_old_boolean(value->text))
        problems_add(reader->problems, PROBLEM_WARNING, at,
                     "`" SLICE_FMT
                     "` without quotes is a boolean to some readers of YAML and a text to others: write \"true\" or "
                     "\"false\"",
                     SLICE_ARG(value->text));
    if (value->kind == YAML_NUMBER && !is_stable_number(value->text))
        problems_add(reader->problems, PROBLEM_WARNING, at,
                     "`" SLICE_FMT "` without quotes is a number, and may come out written otherwise: write \"" SLICE_FMT
                     "\"",
                     SLICE_ARG(value->text), SLICE_ARG(value->text));
    warn_of_comment(reader, value, at);
}

/* As docker compose turns a value into a label's text. */
static struct slice value_text(struct compose_reader *reader, const struct yaml_value *value)
{
    if (value->kind == YAML_NULL)
        return SLICE("");
    if (value->kind == YAML_BOOLEAN && value->is_plain)
        return ascii_lower(value->text.ptr[0]) == 't' ? SLICE("true") : SLICE("false");
    return compose_text(reader, value);
}

static void put_label(struct compose_reader *reader, struct compose_labels *labels, const struct compose_label *label)
{
    for (size_t i = 0; i < labels->count; i++) {
        if (slice_eq(labels->items[i].name, label->name)) {
            labels->items[i] = *label;
            return;
        }
    }
    if (labels->count < LABELS_MAX && compose_count_items(reader, 1))
        *GROW_ADD(reader->arena, labels) = *label;
}

static void read_mapping(struct compose_reader *reader, const struct yaml_value *value, struct compose_labels *labels)
{
    YAML_EACH(child, value)
    {
        struct compose_label label = {.name = child->key, .at = compose_source_of(reader, child)};
        if (!compose_count_text(reader, label.name.len, label.at))
            break;
        if (is_ours(label.name))
            warn_of_traps(reader, child, label.at);
        label.value = value_text(reader, child);
        put_label(reader, labels, &label);
    }
}

/* `- a=b`: blanks and quotes around the parts belong to them, which is never meant. */
static void warn_of_item(struct compose_reader *reader, const struct compose_label *label)
{
    struct slice value = label->value;
    bool quoted = value.len > 1 && (value.ptr[0] == '"' || value.ptr[0] == '\'') && value.ptr[value.len - 1] == value.ptr[0];

    if (slice_trim(label->name).len != label->name.len || slice_trim(value).len != value.len)
        problems_add(reader->problems, PROBLEM_WARNING, label->at,
                     "the blanks around `=` belong to the name and the value: write " SLICE_FMT "=" SLICE_FMT,
                     SLICE_ARG(slice_trim(label->name)), SLICE_ARG(slice_head(slice_trim(value), 80)));
    else if (quoted)
        problems_add(reader->problems, PROBLEM_WARNING, label->at,
                     "the quotes belong to the value: put them around the whole item, as in - %c" SLICE_FMT "=" SLICE_FMT
                     "%c",
                     value.ptr[0], SLICE_ARG(label->name),
                     SLICE_ARG(slice_head(slice_make(value.ptr + 1, value.len - 2), 80)), value.ptr[0]);
}

static void warn_of_repetition(struct compose_reader *reader, const struct yaml_value *list, const struct yaml_value *item,
                               struct slice name)
{
    for (const struct yaml_value *before = list->first; before != item; before = before->next) {
        struct slice rest = slice_from(before->text,
                                       name.len); /* its whole length is not gone through: it may be an alias */
        if (slice_starts(before->text, name) && (rest.len == 0 || rest.ptr[0] == '=')) {
            problems_add(reader->problems, PROBLEM_WARNING, compose_source_of(reader, item),
                         "the label " SLICE_FMT " is already in line %u: this one counts", SLICE_ARG(name),
                         before->place.line);
            return;
        }
    }
}

static void read_item(struct compose_reader *reader, const struct yaml_value *list, const struct yaml_value *item,
                      struct compose_labels *labels)
{
    struct slice text = compose_text(reader, item);
    size_t equals = slice_find(text, '=');
    struct compose_label label = {slice_head(text, equals), slice_from(text, equals + 1), compose_source_of(reader, item)};

    if (is_ours(slice_trim(label.name))) {
        if (item->is_plain)
            warn_of_comment(reader, item, label.at);
        warn_of_item(reader, &label);
        warn_of_repetition(reader, list, item, label.name);
    }
    put_label(reader, labels, &label);
}

static void read_list(struct compose_reader *reader, const struct yaml_value *value, struct compose_labels *labels)
{
    size_t count = 0;

    YAML_EACH(item, value)
    {
        if (count++ == LABELS_MAX)
            break;
        if (item->kind == YAML_MAPPING && item->count == 1 && yaml_is_scalar(item->first))
            problems_add(reader->problems, PROBLEM_ERROR, compose_source_of(reader, item),
                         "an item of a list of labels is one text: write - " SLICE_FMT "=" SLICE_FMT,
                         SLICE_ARG(item->first->key), SLICE_ARG(slice_head(item->first->text, 80)));
        else
            read_item(reader, value, item, labels);
    }
}

void compose_apply_labels(struct compose_reader *reader, const struct yaml_value *value, struct compose_labels *labels)
{
    if (compose_starts_over(value))
        labels->count = 0;
    if (compose_is_reset(value) || value->kind == YAML_NULL)
        return;
    if (value->kind == YAML_MAPPING)
        read_mapping(reader, value, labels);
    else if (value->kind == YAML_SEQUENCE)
        read_list(reader, value, labels);
    else
        problems_add(reader->problems, PROBLEM_ERROR, compose_source_of(reader, value),
                     "labels are a mapping or a list, and this is a %s: write one label a line",
                     yaml_kind_name(value->kind));
}
