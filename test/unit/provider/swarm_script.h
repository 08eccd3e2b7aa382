/* SPDX-License-Identifier: MIT */
/* swarm_script - an engine that manages a Swarm, which a test sets up and changes, and the provider that follows it. */
#pragma once
#include "lib/fake_server.h"
#include "waybill/base/text.h"
#include "waybill/provider/docker.h"

#define OWN "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define SERVICE                                                                                                           \
    "{\"ID\":\"s1\",\"Spec\":{\"Name\":\"web\",\"Labels\":{\"traefik.port\":\"80\"},\"EndpointSpec\":{\"Mode\":\"vip\"}," \
    "\"TaskTemplate\":{\"ContainerSpec\":{\"StopGracePeriod\":0,\"StopSignal\":\"USR1\"}}}}"
#define TASK(id, address)                                                                                                 \
    "{\"ID\":\"" id "\",\"ServiceID\":\"s1\",\"Slot\":1,\"DesiredState\":\"running\",\"Status\":{\"State\":\"running\"}," \
    "\"NetworksAttachments\":[{\"Network\":{\"ID\":\"n1\"},\"Addresses\":[\"" address "/24\"]}]}"

struct scene {
    struct fake_server server;
    char path[80], *endpoint;
    pthread_mutex_t lock;
    /* the engine's side, under the lock */
    const char *version, *services, *tasks;
    unsigned services_status;
    struct text asked;  /* "GET /_ping\n"... */
    struct text events; /* all since the start; the stream sends what it has not yet */
    atomic_int streams;

    struct docker_options options;
    struct slice entrypoint;
    struct slices entrypoints;
    struct provider_sink sink;
    struct provider *provider;
    struct fragment *fragment; /* the last one; under the lock */
};

/* -- the engine -- */

static bool stream_events(struct scene *scene, int fd)
{
    size_t sent;
    char byte;

    pthread_mutex_lock(&scene->lock);
    sent = scene->events.len;
    pthread_mutex_unlock(&scene->lock);
    fake_begin_stream(fd);
    atomic_fetch_add(&scene->streams, 1);
    while (!atomic_load(&scene->server.stopping) && recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) != 0) {
        pthread_mutex_lock(&scene->lock);
        char *fresh = slice_dup(slice_from(text_slice(&scene->events), sent));
        sent = scene->events.len;
        pthread_mutex_unlock(&scene->lock);
        if (*fresh)
            fake_write_chunk(fd, slice_of(fresh));
        free(fresh);
        usleep(1000);
    }
    return false;
}

static void write_list(struct scene *scene, int fd, const char *what, unsigned status)
{
    pthread_mutex_lock(&scene->lock);
    char *body = wb_format(status == 200 ? "[%s]" : "%s", what);
    pthread_mutex_unlock(&scene->lock);
    fake_write_json(fd, status, body);
    free(body);
}

static bool answer(struct fake_server *server, int fd, const char *method, const char *target)
{
    struct scene *scene = server->arg;
    unsigned major, minor;
    int used = 0;

    pthread_mutex_lock(&scene->lock);
    text_addf(&scene->asked, "%s %s\n", method, target);
    unsigned status = scene->services_status;
    pthread_mutex_unlock(&scene->lock);
    const char *path = sscanf(target, "/v%u.%u%n", &major, &minor, &used) == 2 ? target + used : target;
    if (strcmp(path, "/_ping") == 0)
        fake_write_json(fd, 200, "OK");
    else if (strcmp(path, "/version") == 0)
        fake_write_json(fd, 200, scene->version);
    else if (strncmp(path, "/events?", 8) == 0)
        return stream_events(scene, fd);
    else if (strcmp(path, "/services") == 0)
        write_list(scene, fd, status == 200 ? scene->services : "{\"message\":\"This node is not a swarm manager.\"}",
                   status);
    else if (strncmp(path, "/tasks?", 7) == 0)
        write_list(scene, fd, scene->tasks, 200);
    else if (strncmp(path, "/networks?", 10) == 0)
        fake_write_json(fd, 200, "[{\"Id\":\"n1\",\"Name\":\"front\"}]");
    else
        fake_write_json(fd, 404, "{\"message\":\"page not found\"}");
    return true;
}

static void set_lists(struct scene *scene, const char *services, const char *tasks)
{
    pthread_mutex_lock(&scene->lock);
    scene->services = services;
    scene->tasks = tasks;
    pthread_mutex_unlock(&scene->lock);
}

static void set_services_status(struct scene *scene, unsigned status)
{
    pthread_mutex_lock(&scene->lock);
    scene->services_status = status;
    pthread_mutex_unlock(&scene->lock);
}

static void send_event(struct scene *scene, const char *kind, const char *action, const char *id, const char *attributes)
{
    pthread_mutex_lock(&scene->lock);
    text_addf(&scene->events, "{\"Type\":\"%s\",\"Action\":\"%s\",\"Actor\":{\"ID\":\"%s\",\"Attributes\":{%s}}}\n", kind,
              action, id, attributes);
    pthread_mutex_unlock(&scene->lock);
}

/* Of the container that runs the task. */
static void send_task_event(struct scene *scene, const char *action, const char *task, const char *more)
{
    char *attributes = wb_format("\"com.docker.swarm.task.id\":\"%s\"%s", task, more);

    send_event(scene, "container", action, "cccccccccccc", attributes);
    free(attributes);
}

/* How many of the lines begin so. */
static unsigned times_asked(struct scene *scene, const char *line)
{
    unsigned times = 0;

    pthread_mutex_lock(&scene->lock);
    for (struct slice rest = text_slice(&scene->asked), one; slice_cut(&rest, '\n', &one);)
        times += slice_starts(one, slice_of(line));
    pthread_mutex_unlock(&scene->lock);
    return times;
}
