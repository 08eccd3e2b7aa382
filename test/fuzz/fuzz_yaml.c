/* SPDX-License-Identifier: MIT */
/* links: base yaml */
/* Any bytes: no crash, every error with a place and one line; what was accepted is as small and as flat as promised,
 * aliases walked in full. */
#include "waybill/yaml/yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static size_t check_value(const struct yaml_value *value, unsigned depth)
{
    size_t weight = 1, count = 0;

    WB_REQUIRE(depth + value->height <= YAML_DEPTH_MAX);
    WB_REQUIRE(value->place.line > 0 && value->place.column > 0);
    WB_REQUIRE(!yaml_is_scalar(value) || (value->text.ptr[value->text.len] == '\0' && !value->first));
    YAML_EACH(child, value)
    {
        WB_REQUIRE((child->key.ptr != NULL) == (value->kind == YAML_MAPPING));
        WB_REQUIRE(child->height < value->height);
        weight += check_value(child, depth + 1);
        count++;
    }
    WB_REQUIRE(count == value->count);
    WB_REQUIRE(weight <= value->weight);
    return weight;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct arena arena;
    struct yaml_file file;
    struct yaml_error error;
    size_t weight = 0;

    arena_init(&arena, 0);
    if (yaml_parse(&arena, slice_make((const char *)bytes, size), SLICE("fuzz.yaml"), &file, &error)) {
        for (size_t i = 0; i < file.count; i++)
            weight += check_value(file.documents[i], 0);
        WB_REQUIRE(weight <= YAML_VALUES_MAX);
    } else {
        WB_REQUIRE(error.place.line > 0 && error.place.column > 0 && !strchr(error.message, '\n'));
    }
    arena_fini(&arena);
    return 0;
}
