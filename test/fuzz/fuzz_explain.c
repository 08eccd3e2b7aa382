/* SPDX-License-Identifier: MIT */
/* links: admin */
/* The query of GET /api/explain: first byte 1 for text. Whatever is asked, the answer is a document or words. */
#include "../unit/admin/explain_world.h"
#include <cjson/cJSON.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* Nothing that comes from the question may reach a terminal as it is. */
static void check_text(struct slice text)
{
    for (size_t i = 0; i < text.len; i++)
        WB_REQUIRE((unsigned char)text.ptr[i] >= ' ' || text.ptr[i] == '\n');
}

static void check_answer(const struct local_answer *answer)
{
    WB_REQUIRE(answer->body.len > 0);
    if (slice_starts(answer->content_type, SLICE("application/json"))) {
        cJSON *document = cJSON_ParseWithLength(answer->body.ptr, answer->body.len);
        WB_REQUIRE(answer->status == 200 && document);
        cJSON_Delete(document);
    } else {
        WB_REQUIRE(answer->status == 200 || answer->status == 400 || answer->status == 404);
        check_text(text_slice(&answer->body));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static struct explain_world world;
    static struct admin *admin;
    static struct headers headers;
    struct local_answer answer;

    if (!admin) {
        explain_world_init(&world);
        admin = admin_create(&(struct admin_options){.api = true, .api_entrypoint = 1});
    }
    if (size == 0 || size > 32768)
        return 0;
    headers_clear(&headers);
    if (bytes[0] & 1)
        headers_add_id(&headers, HEADER_ACCEPT, SLICE("text/plain"));
    struct local_request request = {.entrypoint = 1,
                                    .method = SLICE("GET"),
                                    .path = SLICE("/api/explain"),
                                    .query = slice_make((const char *)bytes + 1, size - 1),
                                    .headers = &headers,
                                    .snapshot = bytes[0] & 2 ? NULL : world.snapshot,
                                    .env = &world.env,
                                    .filtered = true};
    struct local_routes routes = admin_routes(admin);
    WB_REQUIRE(routes.answer(routes.arg, &request, &answer));
    check_answer(&answer);
    text_fini(&answer.body);
    return 0;
}
