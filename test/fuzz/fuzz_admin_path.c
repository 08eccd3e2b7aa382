/* SPDX-License-Identifier: MIT */
/* links: admin */
/* First byte: bits for draining, filtered, HEAD. Then the path, query, and X-Forwarded-Prefix, each up to a LF. */
#include "waybill/admin/admin.h"
#include "waybill/http/target.h"
#include "waybill/route/snapshot.h"
#include <cjson/cJSON.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static struct fragment *build_fragment(void)
{
    struct fragment *fragment = fragment_create(SLICE("file"));

    fragment->backends = ARENA_ARRAY(&fragment->arena, struct model_backend, 2);
    fragment->backend_count = 2;
    fragment->backends[0].name = SLICE("a/b");
    fragment->backends[1].name = SLICE("b");
    fragment->backends[1].servers = ARENA_NEW(&fragment->arena, struct model_server);
    fragment->backends[1].servers[0] = (struct model_server){
        .name = SLICE("s"), .url = SLICE("http://\"<\xff>/"), .weight = 1};
    fragment->backends[1].server_count = 1;
    fragment->frontends = ARENA_NEW(&fragment->arena, struct model_frontend);
    fragment->frontend_count = 1;
    fragment->frontends[0].name = SLICE("f");
    fragment->frontends[0].routes = ARENA_NEW(&fragment->arena, struct model_route);
    fragment->frontends[0].routes[0] = (struct model_route){SLICE("r"), SLICE("Host:a")};
    fragment->frontends[0].route_count = 1;
    return fragment;
}

static void check_location(struct slice location)
{
    WB_REQUIRE(location.len > 0 && location.ptr[0] == '/');
    WB_REQUIRE(location.len == 1 || (location.ptr[1] != '/' && location.ptr[1] != '\\'));
    for (size_t i = 0; i < location.len; i++)
        WB_REQUIRE((unsigned char)location.ptr[i] >= ' ');
}

static void check_answer(const struct local_request *request, const struct local_answer *answer)
{
    WB_REQUIRE(request->filtered || slice_eq(request->path, SLICE("/ping")));
    WB_REQUIRE(answer->content_type.len > 0);
    switch (answer->status) {
    case 301:
    case 302:
        check_location(answer->location);
        break;
    case 200:
    case 404:
    case 503:
        WB_REQUIRE(answer->location.len == 0);
        break;
    default:
        WB_UNREACHABLE();
    }
    if (answer->body.len && slice_starts(answer->content_type, SLICE("application/json"))) {
        cJSON *document = cJSON_ParseWithLength(answer->body.ptr, answer->body.len);
        WB_REQUIRE(document);
        cJSON_Delete(document);
    }
}

static void ask(struct admin *admin, const struct local_request *request)
{
    struct local_routes routes = admin_routes(admin);
    struct local_answer answer;

    if (routes.answer(routes.arg, request, &answer)) {
        check_answer(request, &answer);
        text_fini(&answer.body);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static const struct slice name = {"http", 4}, address = {":80", 3};
    struct admin *admin = admin_create(&(struct admin_options){
        .api = true, .dashboard = true, .entrypoint_names = &name, .entrypoint_addresses = &address, .entrypoint_count = 1});
    struct snapshot snapshot = {.number = 1};
    struct fragment *fragment = build_fragment();
    struct slice rest = {(const char *)bytes + 1, size ? size - 1 : 0}, path = SLICE(""), query = SLICE(""),
                 prefix = SLICE("");
    static struct headers headers;
    struct arena arena;
    struct target target;

    model_replace(&snapshot.model, &fragment);
    arena_init(&arena, 0);
    headers_clear(&headers);
    if (size && size < 4096 && slice_cut(&rest, '\n', &path) && slice_cut(&rest, '\n', &query) &&
        slice_cut(&rest, '\n', &prefix))
        headers_add_id(&headers, HEADER_X_FORWARDED_PREFIX, prefix);
    /* As the exchange does: only targets that parse come here. */
    char *text = arena_format(&arena, SLICE_FMT "?" SLICE_FMT, SLICE_ARG(path), SLICE_ARG(query));
    if (size && size < 4096 && target_parse(&arena, slice_of(text), &target) == REASON_NONE)
        ask(admin, &(struct local_request){.method = bytes[0] & 4 ? SLICE("HEAD") : SLICE("GET"),
                                           .path = target.canonical,
                                           .query = target.query,
                                           .headers = &headers,
                                           .snapshot = bytes[0] & 8 ? NULL : &snapshot,
                                           .draining = bytes[0] & 1,
                                           .filtered = bytes[0] & 2});
    arena_fini(&arena);
    model_fini(&snapshot.model);
    admin_destroy(&admin);
    return 0;
}
