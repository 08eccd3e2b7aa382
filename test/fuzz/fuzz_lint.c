/* SPDX-License-Identifier: MIT */
/* links: command */
/* Any bytes as a compose file, through everything behind it: no crash, every problem is one line with a file, what is shown
 * holds nothing that disturbs a terminal, and the JSON is of one line. */
#include "../../src/command/lint/lint.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

struct one_file {
    struct slice text;
};

static bool read_file(void *arg, struct slice path, struct slice *out_text)
{
    const struct one_file *file = arg;
    bool there = slice_eq(path, SLICE("c.yaml"));

    *out_text = there ? file->text : SLICE("No such file");
    return there;
}

static bool find_variable(void *arg, struct slice name, struct slice *out_value)
{
    (void)arg;
    *out_value = SLICE("v");
    return slice_eq(name, SLICE("V"));
}

static void read(struct lint *lint, const uint8_t *bytes, size_t size)
{
    struct one_file file = {slice_make((const char *)bytes, size)};
    struct slice path = SLICE("c.yaml");
    struct compose_input input = {.arena = &lint->arena,
                                  .paths = {&path, 1},
                                  .default_project = SLICE("fuzz"),
                                  .read_file = read_file,
                                  .find_variable = find_variable,
                                  .arg = &file};

    compose_read(&input, &lint->problems, &lint->project);
    for (size_t i = 0; i < lint->project.count; i++)
        map_put(&lint->services, lint->project.items[i].name, &lint->project.items[i]);
}

static void check_plain(const struct text *text, bool one_line)
{
    for (size_t i = 0; i < text->len; i++) {
        unsigned char c = (unsigned char)text->ptr[i];
        WB_REQUIRE((c >= 0x20 && c != 0x7f) || (c == '\n' && (!one_line || i + 1 == text->len)));
    }
}

static void show(struct lint *lint)
{
    struct text text = TEXT_EMPTY, json = TEXT_EMPTY;

    lint_describe(lint);
    lint_check(lint);
    lint_place_diagnostics(lint);
    problems_sort(&lint->problems);
    lint_show_text(lint, &text);
    lint_show_json(lint, &json);
    check_plain(&text, false);
    check_plain(&json, true);
    text_fini(&text);
    text_fini(&json);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct lint_options options = {0};
    struct lint lint;

    lint_begin(&lint, &options);
    read(&lint, bytes, size);
    if (lint_read_settings(&lint))
        show(&lint);
    for (size_t i = 0; i < lint.problems.count; i++)
        WB_REQUIRE(lint.problems.items[i].at.file.len && !strchr(lint.problems.items[i].text, '\n'));
    lint_end(&lint);
    return 0;
}
