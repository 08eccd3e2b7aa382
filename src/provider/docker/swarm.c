/* SPDX-License-Identifier: MIT */
#include "swarm.h"
#include "waybill/base/map.h"
#include <stdio.h>
#include <stdlib.h>

enum { TROUBLE_SHOWN = 200 };

void service_list_fini(struct service_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        container_unref(&list->items[i].container);
    arena_fini(&list->arena);
    *list = (struct service_list){0};
}

void task_list_fini(struct task_list *list)
{
    arena_fini(&list->arena);
    *list = (struct task_list){0};
}

void stranger_list_fini(struct stranger_list *list)
{
    arena_fini(&list->arena);
    *list = (struct stranger_list){0};
}

static bool label_is_true(const struct container *container, struct slice name, bool missing)
{
    bool truth = missing;

    return slice_to_bool(container_label(container, name), &truth) ? truth : missing;
}

static bool asks_for_balancing(const struct swarm_service *service)
{
    return service->container && label_is_true(service->container, SLICE("traefik.backend.loadbalancer.swarm"), false);
}

/* With dnsrr there is nothing that balances: the tasks are used (defects.md B37). */
/* The service balances itself, and that is wanted: label traefik.backend.loadbalancer.swarm. */
static bool is_balanced(const struct swarm_service *service)
{
    return asks_for_balancing(service) && service->endpoint != ENDPOINT_DNSRR;
}

bool swarm_wants_tasks(const struct swarm_service *service, const struct docker_options *options)
{
    return service->container && !is_balanced(service) &&
           label_is_true(service->container, SLICE("traefik.enable"), options->exposed_by_default);
}

/* -- making containers -- */

struct mustering {
    const struct swarm_scene *scene;
    struct map networks; /* id to struct named_network */
    struct map tasks;    /* id of a service to its first task, those behind it by `next` */
    struct inspected *items;
    size_t count;
};

static int compare_networks(const void *a, const void *b)
{
    return slice_compare(((const struct docker_network *)a)->name, ((const struct docker_network *)b)->name);
}

static struct docker_network *find_named(struct container *container, struct slice name)
{
    for (size_t i = 0; i < container->network_count; i++) {
        if (slice_eq(container->networks[i].name, name))
            return &container->networks[i];
    }
    return NULL;
}

/* Those the engine lists, by its names; of two of one name the last one counts. `from` may be the container's own. */
static void set_networks(const struct mustering *mustering, struct container *container, const struct docker_network *from,
                         size_t count)
{
    struct arena *arena = &container->arena;

    container->networks = ARENA_ARRAY(arena, struct docker_network, count + 1);
    container->network_count = 0;
    for (size_t i = 0; i < count; i++) {
        const struct named_network *known = map_get(&mustering->networks, from[i].id);
        if (!known || known->name.len == 0)
            continue;
        struct docker_network *network = find_named(container, known->name);
        if (!network)
            network = &container->networks[container->network_count++];
        *network = (struct docker_network){
            .name = arena_copy(arena, known->name),
            .id = arena_copy(arena, from[i].id),
            .address = arena_copy(arena, from[i].address),
            .address6 = SLICE(""),
            .is_ingress = known->is_ingress || slice_eq(known->name, SLICE("ingress")),
        };
    }
    if (container->network_count > 1)
        qsort(container->networks, container->network_count, sizeof *container->networks, compare_networks);
}

static void copy_labels(struct container *to, const struct container *from)
{
    to->labels = ARENA_ARRAY(&to->arena, struct docker_label, from->label_count + 1);
    to->label_count = from->label_count;
    for (size_t i = 0; i < from->label_count; i++)
        to->labels[i] = (struct docker_label){arena_copy(&to->arena, from->labels[i].name),
                                              arena_copy(&to->arena, from->labels[i].value), i};
}

static void set_not_serving(struct container *container, enum container_why why, const char *sentence)
{
    container->not_serving_why = why;
    container->not_serving = slice_of(sentence);
}

static void check_task(struct container *container, const struct swarm_task *task)
{
    struct arena *arena = &container->arena;
    const char *colon = task->trouble.len ? ": " : "";

    if (!slice_eq(task->wanted, SLICE("running")))
        set_not_serving(container, WHY_STOPPING,
                        arena_format(arena, "its task is to end: its desired state is " SLICE_FMT, SLICE_ARG(task->wanted)));
    else if (!slice_eq(task->state, SLICE("running")))
        set_not_serving(container, WHY_TASK_NOT_RUNNING,
                        arena_format(arena, "the state of its task is " SLICE_FMT "%s" SLICE_FMT, SLICE_ARG(task->state),
                                     colon, SLICE_ARG(slice_head(task->trouble, TROUBLE_SHOWN))));
    else if (container->network_count == 0)
        set_not_serving(container, WHY_NO_NETWORK,
                        "its task is in no network of the Swarm: give the service an overlay network that the router is in");
}

static struct container *make_task(const struct mustering *mustering, const struct swarm_service *service,
                                   const struct swarm_task *task)
{
    const struct container *whole = service->container;
    struct container *container = container_create();
    struct arena *arena = &container->arena;

    container->id = arena_copy(arena, task->id);
    container->service = arena_copy(arena, service->name);
    container->name = slice_of(
        service->is_global ? arena_format(arena, SLICE_FMT "." SLICE_FMT, SLICE_ARG(service->name), SLICE_ARG(task->id))
                           : arena_format(arena, SLICE_FMT ".%u", SLICE_ARG(service->name), task->slot));
    container->created_ns = whole->created_ns;
    container->started_at = container->health = container->network_mode = container->node_address = SLICE("");
    container->remark = SLICE("");
    container->stop_signal = whole->stop_signal;
    container->stop_timeout_s = whole->stop_timeout_s;
    container->is_running = true;
    container->is_router = whole->is_router;
    set_networks(mustering, container, task->networks, task->network_count);
    copy_labels(container, whole);
    set_not_serving(container, WHY_ROUTED, "");
    check_task(container, task);
    return container;
}

static void add(struct mustering *mustering, struct slice id, struct container *container)
{
    mustering->items[mustering->count++] = (struct inspected){.id = id, .container = container};
}

/* Hands the service's own container over. */
static void add_whole(struct mustering *mustering, struct swarm_service *service, enum container_why why,
                      const char *not_serving)
{
    struct container *container = service->container;

    service->container = NULL;
    set_not_serving(container, why, not_serving); /* a literal */
    container->remark = SLICE("");
    add(mustering, service->id, container);
}

static void add_balanced(struct mustering *mustering, struct swarm_service *service)
{
    struct container *container = service->container;
    bool is_vip = service->endpoint == ENDPOINT_VIP;

    set_networks(mustering, container, container->networks, is_vip ? container->network_count : 0);
    if (!is_vip)
        add_whole(mustering, service, WHY_NO_VIRTUAL_IP,
                  "its endpoint mode is not vip: leave the label traefik.backend.loadbalancer.swarm out");
    else if (container->network_count == 0)
        add_whole(mustering, service, WHY_NO_VIRTUAL_IP,
                  "it has no virtual IP: give the service an overlay network that the router is in");
    else
        add_whole(mustering, service, WHY_ROUTED, "");
}

static void add_tasks(struct mustering *mustering, struct swarm_service *service)
{
    struct swarm_task *task = map_get(&mustering->tasks, service->id);
    struct container *first = NULL;

    if (!task) {
        service->container->network_count = 0;
        add_whole(mustering, service, WHY_NO_TASK, "none of its tasks is to run: it is scaled to 0, or no node takes them");
        return;
    }
    for (; task; task = task->next) {
        struct container *container = make_task(mustering, service, task);
        if (!first)
            first = container;
        add(mustering, task->id, container);
    }
    if (asks_for_balancing(service))
        first->remark = SLICE("its endpoint mode is dnsrr, so the Swarm does not balance it: its tasks are used");
}

static void add_service(struct mustering *mustering, struct swarm_service *service)
{
    const struct container *own = mustering->scene->own;

    if (!service->container) {
        add(mustering, service->id, NULL);
        snprintf(mustering->items[mustering->count - 1].error, sizeof mustering->items->error, "service " SLICE_FMT ": %s",
                 SLICE_ARG(slice_head(service->name, 60)), service->error);
        return;
    }
    service->container->is_router = own && slice_eq(container_label(own, SLICE("com.docker.swarm.service.id")), service->id);
    if (is_balanced(service)) {
        add_balanced(mustering, service);
    } else if (swarm_wants_tasks(service, mustering->scene->options)) {
        add_tasks(mustering, service);
    } else {
        service->container->network_count = 0;
        add_whole(mustering, service, WHY_ROUTED, ""); /* it is not enabled, as the filter will say */
    }
}

static void add_stranger(struct mustering *mustering, const struct stranger *stranger)
{
    struct container *container = container_create();
    struct arena *arena = &container->arena;

    container->id = arena_copy(arena, stranger->id);
    container->name = arena_copy(arena, stranger->name);
    container->service = container->started_at = container->health = SLICE("");
    container->network_mode = container->node_address = container->remark = SLICE("");
    container->is_running = true;
    set_not_serving(
        container, WHY_NOT_SWARM,
        "it is no task of a Swarm service, and with docker.swarmMode only services are routed: deploy it as one, "
        "or run a router without --docker.swarmMode for it");
    add(mustering, stranger->id, container);
}

/* Backwards, so that each list is in the engine's order. */
static void index_tasks(struct mustering *mustering)
{
    const struct task_list *tasks = mustering->scene->tasks;

    for (size_t i = tasks->count; i-- > 0;)
        tasks->items[i]->next = map_put(&mustering->tasks, tasks->items[i]->service, tasks->items[i]);
}

struct inspected *swarm_muster(const struct swarm_scene *scene, size_t *out_count)
{
    struct mustering mustering = {
        .scene = scene,
        .items = wb_alloc((scene->services->count + scene->tasks->count + scene->strangers->count + 1) *
                          sizeof *mustering.items),
    };

    map_init(&mustering.networks);
    map_init(&mustering.tasks);
    for (size_t i = 0; i < scene->networks->count; i++)
        map_put(&mustering.networks, scene->networks->items[i].id, &scene->networks->items[i]);
    index_tasks(&mustering);
    for (size_t i = 0; i < scene->services->count; i++)
        add_service(&mustering, &scene->services->items[i]);
    for (size_t i = 0; i < scene->strangers->count; i++)
        add_stranger(&mustering, &scene->strangers->items[i]);
    map_fini(&mustering.networks);
    map_fini(&mustering.tasks);
    *out_count = mustering.count;
    return mustering.items;
}
