/* SPDX-License-Identifier: MIT */
/* reading - what the files of the module share while one text is read. */
#pragma once
#include "waybill/base/map.h"
#include "waybill/yaml/yaml.h"
#include <yaml.h>

struct reading {
    struct arena *arena;
    struct slice name, input;
    yaml_parser_t parser;
    struct map anchors;           /* name to struct yaml_value; of this document */
    struct yaml_value unfinished; /* stands for an anchored value that is not complete yet */
    uint32_t values;              /* so far, aliases in full */
    struct yaml_error *error;
};

/* Always false: `return yaml_fail(...)`. */
bool yaml_fail(struct reading *reading, struct yaml_place place, const char *form, ...) WB_PRINTF(3, 4);
/* The same, with what libyaml found wrong. */
bool yaml_fail_syntax(struct reading *reading);
/* What a scalar without quotes and tag is. */
enum yaml_kind yaml_resolve(struct slice text);
/* `text` in quotes for a message, cut when long. In the arena. */
const char *yaml_quote(struct reading *reading, struct slice text);

static inline struct yaml_place yaml_place_of(yaml_mark_t mark)
{
    return (struct yaml_place){(uint32_t)mark.line + 1, (uint32_t)mark.column + 1};
}
