/* SPDX-License-Identifier: MIT */
#include "waybill/model/schema.h"

enum { SUGGEST_KEY_MAX = 48 };

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

static unsigned smaller(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

/* Insertions, removals and changes of a character that make one the other, ASCII case ignored. */
static unsigned edit_distance(struct slice a, struct slice b)
{
    unsigned row[SUGGEST_KEY_MAX + 1];

    for (size_t i = 0; i <= b.len; i++)
        row[i] = (unsigned)i;
    for (size_t i = 0; i < a.len; i++) {
        unsigned diagonal = row[0];

        row[0] = (unsigned)i + 1;
        for (size_t k = 0; k < b.len; k++) {
            unsigned changed = diagonal + (ascii_lower(a.ptr[i]) != ascii_lower(b.ptr[k]));

            diagonal = row[k + 1];
            row[k + 1] = smaller(changed, smaller(row[k], diagonal) + 1);
        }
    }
    return row[b.len];
}

/* Near: at most a third of the characters differ. The document's name of a row counts as near. */
const char *group_suggest(const struct group *group, struct slice key)
{
    const char *nearest = NULL;
    unsigned best = (unsigned)key.len / 3 + 1;

    if (key.len == 0 || key.len > SUGGEST_KEY_MAX)
        return NULL;
    for (size_t i = 0; i < group->field_count; i++) {
        const struct field *field = &group->fields[i];

        if (!field->key)
            continue;
        if (field->shown && slice_eq_nocase(key, slice_of(field->shown)))
            return field->key;
        unsigned distance = edit_distance(key, slice_of(field->key));
        if (distance < best) {
            best = distance;
            nearest = field->key;
        }
    }
    return nearest;
}
