/* SPDX-License-Identifier: MIT */
#include "waybill/model/schema.h"
#include "waybill/base/error.h"
#include "waybill/base/suggest.h"

enum { SUGGEST_ROWS_MAX = 40 };

bool group_protects(const struct group *group)
{
    for (size_t i = 0; i < group->field_count; i++) {
        const struct field *field = &group->fields[i];

        if ((field->flags & FIELD_PROTECTS) || (field->group && group_protects(field->group)))
            return true;
    }
    return false;
}

const struct field *group_field(const struct group *group, struct slice key)
{
    for (size_t i = 0; i < group->field_count; i++) {
        if (group->fields[i].key && slice_eq_nocase(key, slice_of(group->fields[i].key)))
            return &group->fields[i];
    }
    return NULL;
}

const char *group_suggest(const struct group *group, struct slice key)
{
    const char *names[SUGGEST_ROWS_MAX];
    size_t count = 0;

    WB_REQUIRE(group->field_count <= SUGGEST_ROWS_MAX);
    for (size_t i = 0; i < group->field_count; i++) {
        const struct field *field = &group->fields[i];

        if (!field->key)
            continue;
        /* The document calls it so: people copy from there. */
        if (field->shown && slice_eq_nocase(key, slice_of(field->shown)))
            return field->key;
        names[count++] = field->key;
    }
    return suggest_name(key, names, count);
}
