/* SPDX-License-Identifier: MIT */
/* engine_script - an engine of containers that a test sets up, changes and breaks, on a fake_server. */
#pragma once
#include "lib/fake_server.h"
#include "waybill/base/text.h"

enum { CONTAINERS_MAX = 64 };

struct fake_container {
    char id[65], name[32], address[32];
    unsigned inspect_status; /* 0: all is well */
    unsigned starts;         /* StartedAt */
    bool inspect_hangs;
    unsigned inspect_takes_ms; /* the answer is from when it was asked */
    const char *labels;        /* JSON pairs; NULL: none */
    const char *state;         /* more of State and of Config, as JSON behind a comma; NULL: none */
    const char *config;
};

struct engine_script {
    struct fake_server server;
    pthread_mutex_t lock;
    struct fake_container containers[CONTAINERS_MAX];
    size_t count;
    char event_bytes[1024 * 1024]; /* all events since the start; streams send what they have not yet */
    size_t event_len;
    unsigned list_cut; /* so many lists are cut off */
    bool list_hangs;
    atomic_int swallowed; /* as many of the first connections get no byte any more, but stay open */
    const char *version;
    atomic_int lists, inspects, streams, bad_requests;
    char last_target[256];
};

static char socket_path[80]; /* where it listens */

static inline void id_of(const char *name, char out[65])
{
    uint64_t hash = 1469598103934665603u;
    for (const char *c = name; *c; c++)
        hash = (hash ^ (unsigned char)*c) * 1099511628211u;
    for (int i = 0; i < 4; i++)
        snprintf(out + 16 * i, 17, "%016llx", (unsigned long long)(hash + (uint64_t)i));
}

static inline void script_add(struct engine_script *engine, const char *name, const char *address)
{
    pthread_mutex_lock(&engine->lock);
    WB_REQUIRE(engine->count < CONTAINERS_MAX);
    struct fake_container *added = &engine->containers[engine->count++];
    memset(added, 0, sizeof *added);
    id_of(name, added->id);
    snprintf(added->name, sizeof added->name, "%s", name);
    snprintf(added->address, sizeof added->address, "%s", address);
    pthread_mutex_unlock(&engine->lock);
}

/* The container of that name as it is now; under the lock. */
static inline struct fake_container *script_find(struct engine_script *engine, const char *name)
{
    for (size_t i = 0; i < engine->count; i++)
        if (strcmp(engine->containers[i].name, name) == 0)
            return &engine->containers[i];
    return NULL;
}

static inline void script_remove(struct engine_script *engine, const char *name)
{
    pthread_mutex_lock(&engine->lock);
    struct fake_container *gone = script_find(engine, name);
    WB_REQUIRE(gone);
    *gone = engine->containers[--engine->count];
    pthread_mutex_unlock(&engine->lock);
}

/* Sets a member of a container. */
#define SCRIPT_SET(engine, name, member, value)      \
    do {                                             \
        pthread_mutex_lock(&(engine)->lock);         \
        script_find(engine, name)->member = (value); \
        pthread_mutex_unlock(&(engine)->lock);       \
    } while (0)

static inline void script_kill(struct engine_script *engine, const char *name, const char *signal)
{
    char id[65];

    id_of(name, id);
    pthread_mutex_lock(&engine->lock);
    engine->event_len += (size_t)snprintf(
        engine->event_bytes + engine->event_len, sizeof engine->event_bytes - engine->event_len,
        "{\"Type\":\"container\",\"Action\":\"kill\",\"Actor\":{\"ID\":\"%s\",\"Attributes\":{\"signal\":\"%s\"}}}\n", id,
        signal);
    WB_REQUIRE(engine->event_len < sizeof engine->event_bytes);
    pthread_mutex_unlock(&engine->lock);
}

static inline void script_event(struct engine_script *engine, const char *name, const char *action)
{
    char id[65];

    id_of(name, id);
    pthread_mutex_lock(&engine->lock);
    engine->event_len += (size_t)snprintf(
        engine->event_bytes + engine->event_len, sizeof engine->event_bytes - engine->event_len,
        "{\"Type\":\"container\",\"Action\":\"%s\",\"Actor\":{\"ID\":\"%s\"}}\n", action, id);
    WB_REQUIRE(engine->event_len < sizeof engine->event_bytes);
    pthread_mutex_unlock(&engine->lock);
}

static inline void script_remove_all(struct engine_script *engine)
{
    pthread_mutex_lock(&engine->lock);
    engine->count = 0;
    pthread_mutex_unlock(&engine->lock);
}

/* A half-open connection: nothing comes of it, and nothing says that it is over. */
static inline bool is_swallowed(struct engine_script *engine, int fd)
{
    bool found = false;

    pthread_mutex_lock(&engine->server.lock);
    for (int i = 0; i < atomic_load(&engine->swallowed) && !found; i++)
        found = engine->server.connections[i].fd == fd;
    pthread_mutex_unlock(&engine->server.lock);
    return found;
}

static inline bool stream_events(struct engine_script *engine, int fd)
{
    size_t sent;
    char byte;

    atomic_fetch_add(&engine->streams, 1);
    pthread_mutex_lock(&engine->lock);
    sent = engine->event_len;
    pthread_mutex_unlock(&engine->lock);
    fake_begin_stream(fd);
    while (!atomic_load(&engine->server.stopping) && recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) != 0) {
        pthread_mutex_lock(&engine->lock);
        char *fresh = wb_strndup(engine->event_bytes + sent, engine->event_len - sent);
        sent = engine->event_len;
        pthread_mutex_unlock(&engine->lock);
        if (*fresh && !is_swallowed(engine, fd))
            fake_write_chunk(fd, slice_of(fresh));
        free(fresh);
        usleep(1000);
    }
    return false;
}

static inline bool answer_list(struct engine_script *engine, int fd)
{
    struct text body = TEXT_EMPTY;
    bool cut = false, hang;

    atomic_fetch_add(&engine->lists, 1);
    pthread_mutex_lock(&engine->lock);
    hang = engine->list_hangs;
    if (engine->list_cut) {
        engine->list_cut--;
        cut = true;
    }
    text_add_char(&body, '[');
    for (size_t i = 0; i < engine->count; i++)
        text_addf(&body, "%s{\"Id\":\"%s\",\"Names\":[\"/%s\"],\"State\":\"running\",\"Status\":\"Up 1 second\"}",
                  i ? "," : "", engine->containers[i].id, engine->containers[i].name);
    text_add_char(&body, ']');
    pthread_mutex_unlock(&engine->lock);
    if (hang)
        fake_hold(&engine->server, fd);
    if (cut)
        body.ptr[body.len / 2] = '\0';
    fake_write_json(fd, 200, body.ptr);
    text_fini(&body);
    return true;
}

static inline bool answer_inspect(struct engine_script *engine, int fd, const char *id)
{
    char *body = NULL;
    unsigned status = 404;
    unsigned takes_ms = 0;
    bool hangs = false;

    atomic_fetch_add(&engine->inspects, 1);
    pthread_mutex_lock(&engine->lock);
    for (size_t i = 0; i < engine->count && !body; i++) {
        const struct fake_container *container = &engine->containers[i];
        if (strncmp(container->id, id, 64) != 0)
            continue;
        status = container->inspect_status ? container->inspect_status : 200;
        hangs = container->inspect_hangs;
        takes_ms = container->inspect_takes_ms;
        body = wb_format("{\"Id\":\"%s\",\"Name\":\"/"
                         "%s\",\"State\":{\"Running\":true,\"StartedAt\":\"%u\"%s},\"Config\":{\"Labels\":{%s}%s},"
                         "\"NetworkSettings\":{\"Ports\":{\"80/tcp\":null},\"Networks\":{\"n\":{\"IPAddress\":\"%s\"}}}}",
                         container->id, container->name, container->starts, container->state ? container->state : "",
                         container->labels ? container->labels : "", container->config ? container->config : "",
                         container->address);
    }
    pthread_mutex_unlock(&engine->lock);
    if (hangs)
        fake_hold(&engine->server, fd);
    usleep(takes_ms * 1000);
    fake_write_json(fd, status, body ? body : "{\"message\":\"no such container\"}");
    free(body);
    return true;
}

static inline void script_swallow_connections(struct engine_script *engine)
{
    pthread_mutex_lock(&engine->server.lock);
    atomic_store(&engine->swallowed, (int)engine->server.connection_count);
    pthread_mutex_unlock(&engine->server.lock);
}

static inline bool answer(struct fake_server *server, int fd, const char *method, const char *target)
{
    struct engine_script *engine = server->arg;
    const char *path = target;
    unsigned major, minor;
    int used = 0;

    if (is_swallowed(engine, fd)) {
        fake_hold(server, fd);
        return false;
    }
    if (strcmp(method, "GET") != 0)
        atomic_fetch_add(&engine->bad_requests, 1);
    pthread_mutex_lock(&engine->lock);
    snprintf(engine->last_target, sizeof engine->last_target, "%s", target);
    pthread_mutex_unlock(&engine->lock);
    if (strcmp(path, "/_ping") == 0 || strcmp(path, "/version") == 0) {
        fake_write_json(fd, 200, path[1] == '_' ? "OK" : engine->version);
        return true;
    }
    if (sscanf(path, "/v%u.%u%n", &major, &minor, &used) == 2)
        path += used;
    if (strncmp(path, "/events?", 8) == 0)
        return stream_events(engine, fd);
    if (strcmp(path, "/containers/json?limit=0") == 0)
        return answer_list(engine, fd);
    if (strcmp(path, "/networks") == 0) {
        fake_write_json(fd, 200, "[]");
        return true;
    }
    if (strncmp(path, "/containers/", 12) == 0 && strlen(path) == 12 + 64 + 5)
        return answer_inspect(engine, fd, path + 12);
    atomic_fetch_add(&engine->bad_requests, 1);
    fake_write_json(fd, 404, "{}");
    return true;
}

static inline struct engine_script *script_create(void)
{
    struct engine_script *engine = wb_alloc(sizeof *engine);

    pthread_mutex_init(&engine->lock, NULL);
    engine->version = "{\"ApiVersion\":\"1.41\",\"MinAPIVersion\":\"1.12\"}";
    fake_server_start(&engine->server, socket_path, answer, engine);
    return engine;
}

static inline void script_destroy(struct engine_script *engine)
{
    fake_server_stop(&engine->server);
    pthread_mutex_destroy(&engine->lock);
    free(engine);
}
