/* SPDX-License-Identifier: MIT */
#include "files.h"
#include "waybill/base/file_stamp.h"
#include "waybill/base/map.h"

static void add_users(struct text *out, const struct model_auth_users *users)
{
    if (users && users->users_file.len)
        file_stamp_add(out, slice_trim_space(users->users_file));
}

static void add_frontend(struct text *out, const struct model_frontend *frontend)
{
    if (!frontend->auth)
        return;
    add_users(out, frontend->auth->basic);
    add_users(out, frontend->auth->digest);
}

uint64_t files_stamp(const struct model *model)
{
    struct text text = TEXT_EMPTY;
    uint64_t stamp;

    for (size_t i = 0; i < model->count; i++)
        for (size_t k = 0; k < model->fragments[i]->frontend_count; k++)
            add_frontend(&text, &model->fragments[i]->frontends[k]);
    stamp = text.len ? hash_bytes(text_slice(&text)) | 1 : 0;
    text_fini(&text);
    return stamp;
}
