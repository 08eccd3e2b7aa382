/* SPDX-License-Identifier: MIT */
/* value - what an action works with. Thread: one. Owner: the arena; a value is never changed. */
#pragma once
#include "waybill/base/text.h"

enum value_kind { VALUE_TEXT, VALUE_NUMBER, VALUE_TRUTH, VALUE_LIST };

enum { VALUE_DEPTH_MAX = 64 }; /* of lists in lists */

struct value {
    enum value_kind kind;
    uint32_t depth; /* VALUE_LIST: 1, and one more for each level within */
    union {
        struct slice text;
        int64_t number;
        bool truth;
        struct {
            const struct value *items;
            size_t count;
        };
    };
};

static inline struct value value_text(struct slice text)
{
    return (struct value){.kind = VALUE_TEXT, .text = text};
}

static inline struct value value_number(int64_t number)
{
    return (struct value){.kind = VALUE_NUMBER, .number = number};
}

static inline struct value value_truth(bool truth)
{
    return (struct value){.kind = VALUE_TRUTH, .truth = truth};
}

/* "text", "a number", ... for messages. */
const char *value_kind_name(enum value_kind kind);
/* Neither empty nor 0 nor false. */
bool value_is_true(const struct value *value);
/* As an action prints it; a list is [a b]. False: `out` grew past `len_max`. */
bool value_print(struct text *out, const struct value *value, size_t len_max);
/* Text in double quotes, with Go's escapes. */
void value_quote(struct text *out, struct slice text);
