/* SPDX-License-Identifier: MIT */
/* decode_parts - members of a JSON value, whatever it is; shared by the files that decode the engine's answers. Thread: any. */
#pragma once
#include "decode.h"
#include "waybill/base/utf8.h"
#include <cjson/cJSON.h>

enum { DECODE_ID_MAX = 71 };

static inline const cJSON *member(const cJSON *object, const char *name)
{
    return cJSON_IsObject(object) ? cJSON_GetObjectItemCaseSensitive(object, name) : NULL;
}

static inline struct slice text_of(const cJSON *item)
{
    return cJSON_IsString(item) ? slice_of(item->valuestring) : SLICE("");
}

static inline struct slice member_text(const cJSON *object, const char *name)
{
    return text_of(member(object, name));
}

static inline bool member_true(const cJSON *object, const char *name)
{
    return cJSON_IsTrue(member(object, name));
}

static inline size_t child_count(const cJSON *object)
{
    size_t count = 0;
    for (const cJSON *child = object ? object->child : NULL; child; child = child->next)
        count++;
    return count;
}

static inline cJSON *parse(struct slice json)
{
    return cJSON_ParseWithLength(json.ptr, json.len);
}

/* Ids of the engine: what may stand in a path of its API, and in its filters. */
static inline bool is_id(struct slice id)
{
    if (id.len == 0 || id.len > DECODE_ID_MAX)
        return false;
    for (size_t i = 0; i < id.len; i++) {
        char c = id.ptr[i];
        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '-'))
            return false;
    }
    return true;
}

static inline struct slice copy_text(struct arena *arena, struct slice text)
{
    return utf8_is_valid(text) ? arena_copy(arena, text) : SLICE("");
}

/* Seconds; the default where the item is no number. */
unsigned decode_stop_timeout(const cJSON *item, double per_second);
/* The labels we read, sorted. False: more of them, or longer ones, than anybody needs, or no text (K3). */
bool decode_labels(const cJSON *object, struct container *container, char out_error[DECODE_ERROR_SIZE]);
