/* SPDX-License-Identifier: MIT */
/* sim_login - a route that asks for a login, for the tests of those that do. */
#pragma once
#include "sim_test.h"
#include "waybill/base/base64.h"

#define SECRET "$apr1$H6uskkkW$NNBs2U5LAblMB3OM9KekS/" /* "secret" */
#define OTHER  "$apr1$12345678$68ZQVfPkWX/wcXr/41VxQ." /* "a" */

/* Options of the one route. */
static struct {
    const char *basic, *digest, *list, *header_field; /* users are separated by blanks */
    bool remove_header;
} options;

static inline struct model_auth_users *users_of(struct arena *arena, const char *texts)
{
    struct model_auth_users *users = ARENA_NEW(arena, struct model_auth_users);
    users->users = slices_split(arena, slice_of(arena_strdup(arena, texts)), ' ');
    users->remove_header = options.remove_header;
    return users;
}

static inline struct model_auth *make_auth(struct arena *arena)
{
    struct model_auth *auth = ARENA_NEW(arena, struct model_auth);
    if (options.basic)
        auth->basic = users_of(arena, options.basic);
    if (options.digest)
        auth->digest = users_of(arena, options.digest);
    auth->header_field = slice_of(options.header_field);
    return auth;
}

static inline void set_options(struct arena *arena, struct model_frontend *frontend, struct model_backend *backend)
{
    (void)backend;
    if (options.basic || options.digest)
        frontend->auth = make_auth(arena);
    if (options.list)
        frontend->basic_auth = users_of(arena, options.list)->users;
}

static const struct sim_route route = {
    .name = "a", .rule = "Host:a.test", .servers = SIM_SERVER_URL, .set_options = set_options};

#define BEGIN(scene, ...)                             \
    do {                                              \
        memset(&options, 0, sizeof options);          \
        __VA_ARGS__;                                  \
        scene_begin(scene);                           \
        sim_world_publish((scene)->world, &route, 1); \
    } while (0)

static inline void add_basic(struct text *request, const char *credentials)
{
    char encoded[BASE64_SIZE(600)];
    base64_encode(slice_of(credentials), encoded);
    text_addf(request, "Authorization: Basic %s\r\n", encoded);
}

static inline void ask(struct sim_client *client, const char *line, const char *credentials, const char *fields)
{
    struct text request = TEXT_EMPTY;

    text_addf(&request, "%s HTTP/1.1\r\nHost: a.test\r\n%s", line, fields);
    if (credentials)
        add_basic(&request, credentials);
    text_add(&request, SLICE("\r\n"));
    sim_client_ask_slice(client, text_slice(&request));
    text_fini(&request);
}

/* Asks, lets the threads do what there is, and returns the status; 0: no answer yet. */
static inline unsigned login(struct sim_scene *scene, const char *credentials)
{
    unsigned index = scene->client.asked;

    ask(&scene->client, "GET /len/5", credentials, "");
    do
        sim_settle(scene->sim);
    while (sim_world_hash(scene->world));
    sim_settle(scene->sim);
    return sim_client_status(&scene->client, index);
}

static inline const char *server_saw(const struct sim_scene *scene)
{
    static char text[4096];
    snprintf(text, sizeof text, SLICE_FMT, SLICE_ARG(text_slice(&scene->server.last_head)));
    return text;
}
