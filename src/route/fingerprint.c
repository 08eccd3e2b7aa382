/* SPDX-License-Identifier: MIT */
#include "fingerprint.h"
#include "waybill/base/map.h"
#include "waybill/model/model.h"
#include "waybill/model/schema.h"

static void add_number(struct text *out, uint64_t number)
{
    text_add(out, slice_make((const char *)&number, sizeof number));
}

void fingerprint_add(struct text *out, struct slice item)
{
    add_number(out, item.len);
    text_add(out, item);
}

static void add_field(struct text *out, const struct field *field, const void *record)
{
    const void *at = field_at_const(field, record);

    switch (field->type) {
    case FIELD_TEXT:
        fingerprint_add(out, *(const struct slice *)at);
        return;
    case FIELD_BOOL:
        text_add_char(out, *(const bool *)at ? 1 : 0);
        return;
    case FIELD_INTEGER:
    case FIELD_DURATION:
        text_add(out, slice_make(at, sizeof(int64_t)));
        return;
    case FIELD_TEXTS: {
        const struct slices *texts = at;
        add_number(out, texts->count);
        for (size_t i = 0; i < texts->count; i++)
            fingerprint_add(out, texts->items[i]);
        return;
    }
    case FIELD_PAIRS: {
        const struct model_pairs *pairs = at;
        add_number(out, pairs->count);
        for (size_t i = 0; i < pairs->count; i++) {
            fingerprint_add(out, pairs->items[i].name);
            fingerprint_add(out, pairs->items[i].value);
        }
        return;
    }
    case FIELD_GROUP:
    case FIELD_NAMED: {
        struct records records = field_records(field, record);
        add_number(out, records.count);
        for (size_t i = 0; i < records.count; i++) {
            const char *one = records.first + i * field->group->size;
            if (field->type == FIELD_NAMED)
                fingerprint_add(out, *(const struct slice *)(const void *)one);
            fingerprint_add_record(out, field->group, one, 0);
        }
        return;
    }
    }
    WB_UNREACHABLE();
}

/* A list or table that may be there and empty. */
static bool is_there(const struct field *field, const void *record)
{
    if (!field_is_empty(field, record))
        return true;
    if (field->type == FIELD_PAIRS)
        return ((const struct model_pairs *)field_at_const(field, record))->present;
    return field->present_offset && field_is_present(field, record);
}

void fingerprint_add_record(struct text *out, const struct group *group, const void *record, size_t except_offset)
{
    for (size_t i = 0; i < group->field_count; i++) {
        const struct field *field = &group->fields[i];
        if ((except_offset && field->offset == except_offset) || !is_there(field, record))
            continue;
        text_add_char(out, (char)(i + 1));
        add_field(out, field, record);
    }
    text_add_char(out, 0);
}

struct fingerprint fingerprint_of(struct slice content)
{
    struct fingerprint made;
    hash_bytes_wide(content, made.halves);
    return made;
}
