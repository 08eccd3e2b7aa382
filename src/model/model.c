/* SPDX-License-Identifier: MIT */
#include "waybill/model/model.h"

/* Where the provider is, or where it belongs. */
static size_t find_place(const struct model *model, struct slice provider, bool *out_found)
{
    size_t place = 0;
    int order = 1;

    while (place < model->count && (order = slice_compare(model->fragments[place]->provider, provider)) < 0)
        place++;
    *out_found = place < model->count && order == 0;
    return place;
}

void model_replace(struct model *model, struct fragment **fragment)
{
    bool found;
    size_t place = find_place(model, (*fragment)->provider, &found);

    if (found) {
        fragment_unref(&model->fragments[place]);
    } else {
        WB_REQUIRE(model->count < MODEL_PROVIDERS_MAX);
        memmove(&model->fragments[place + 1], &model->fragments[place], (model->count - place) * sizeof model->fragments[0]);
        model->count++;
    }
    model->fragments[place] = *fragment;
    *fragment = NULL;
}

void model_copy(struct model *out_copy, const struct model *model)
{
    *out_copy = (struct model){.count = model->count};
    for (size_t i = 0; i < model->count; i++)
        out_copy->fragments[i] = fragment_ref(model->fragments[i]);
}

void model_fini(struct model *model)
{
    for (size_t i = 0; i < model->count; i++)
        fragment_unref(&model->fragments[i]);
    model->count = 0;
}

const struct fragment *model_fragment(const struct model *model, struct slice provider)
{
    bool found;
    size_t place = find_place(model, provider, &found);

    return found ? model->fragments[place] : NULL;
}
