/* SPDX-License-Identifier: MIT */
#include "waybill/yaml/yaml.h"

const struct yaml_value *yaml_find(const struct yaml_value *mapping, struct slice key)
{
    if (!mapping || mapping->kind != YAML_MAPPING)
        return NULL;
    YAML_EACH(child, mapping)
    {
        if (slice_eq(child->key, key))
            return child;
    }
    return NULL;
}

const char *yaml_kind_name(enum yaml_kind kind)
{
    static const char *const names[] = {
        [YAML_MAPPING] = "mapping", [YAML_SEQUENCE] = "list",   [YAML_TEXT] = "text",
        [YAML_NUMBER] = "number",   [YAML_BOOLEAN] = "boolean", [YAML_NULL] = "null",
    };
    return names[kind];
}
