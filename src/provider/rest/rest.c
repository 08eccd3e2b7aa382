/* SPDX-License-Identifier: MIT */
#include "waybill/provider/rest.h"
#include "decode.h"
#include "waybill/model/json.h"
#include <stdlib.h>

struct rest {
    const struct provider_sink *sink;
};

struct rest *rest_create(const struct provider_sink *sink)
{
    struct rest *rest = wb_alloc(sizeof *rest);

    rest->sink = sink;
    return rest;
}

void rest_destroy(struct rest **rest)
{
    free(*rest);
    *rest = NULL;
}

static void deliver(struct rest *rest, struct fragment **fragment, struct diagnostics *found)
{
    struct delivery delivery = {.fragment = *fragment, .diagnostics = wb_alloc(sizeof *found)};

    *delivery.diagnostics = *found;
    *fragment = NULL;
    rest->sink->deliver(rest->sink->arg, SLICE("web"), &delivery);
}

bool rest_update(struct rest *rest, struct slice body, struct text *out_text)
{
    struct fragment *fragment = fragment_create(SLICE("web"));
    struct diagnostics found;
    bool has_frontends = false;
    char *problem;

    diagnostics_init(&found);
    if (!rest_decode(body, fragment, &found, &has_frontends, &problem)) {
        text_addf(out_text, "%s", problem);
        free(problem);
        fragment_unref(&fragment);
        diagnostics_fini(&found);
        return false;
    }
    fragment_sort(fragment);
    json_fragment(out_text, fragment);
    if (has_frontends)
        fragment_set_defaults(fragment, rest->sink->default_entrypoints, rest->sink->known_entrypoints, &found);
    fragment_close(fragment, &found);
    deliver(rest, &fragment, &found);
    return true;
}
