/* SPDX-License-Identifier: MIT */
/*
 * Nanoseconds a match, and milliseconds a compilation, at 10 to 100,000 frontends:
 *
 *     cc -O2 -std=c17 -D_GNU_SOURCE -Iinclude test/bench/route_match_bench.c \
 *         BUILD/libwb_route.a BUILD/libwb_model.a BUILD/libwb_http.a BUILD/libwb_base.a -lre2 -lcjson -lcrypto -lstdc++ -lpthread
 *
 * Requests go in random order to 1,000 frontends (the usual case: few are busy), then to all of them (each match then waits for
 * memory: that is what the second number shows).
 */
#include "waybill/base/clock.h"
#include "waybill/route/compile.h"
#include "waybill/route/match.h"
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>

enum shape { DISTINCT_HOSTS, HOST_AND_PREFIX, ONE_HOST, SHAPE_COUNT };
static const char *const shape_names[] = {"distinct hosts", "distinct hosts, prefix", "one host, distinct prefixes"};
enum { LOOKUPS = 1000000, PATTERN = 65536 };

static struct model_entrypoint entrypoint = {.name = {"http", 4}};
static uint64_t random_state = 42;

static unsigned pick(unsigned count)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)((random_state >> 33) % count);
}

static void on_retired(struct snapshot *snapshot, void *arg)
{
    *(struct snapshot **)arg = snapshot;
}

static struct fragment *make_fragment(enum shape shape, unsigned count, unsigned changed)
{
    struct fragment *fragment = fragment_create(SLICE("docker"));
    struct arena *arena = &fragment->arena;
    fragment->frontends = ARENA_ARRAY(arena, struct model_frontend, count);
    fragment->backends = ARENA_ARRAY(arena, struct model_backend, count);
    fragment->frontend_count = fragment->backend_count = count;
    for (unsigned i = 0; i < count; i++) {
        struct model_frontend *frontend = &fragment->frontends[i];
        struct model_backend *backend = &fragment->backends[i];
        backend->name = slice_of(arena_format(arena, "backend-%u", i));
        backend->servers = ARENA_NEW(arena, struct model_server);
        backend->server_count = 1;
        *backend->servers = (struct model_server){
            .name = SLICE("server-1"),
            .weight = 1,
            .url = slice_of(
                arena_format(arena, "http://10.%u.%u.%u:%u", i >> 16, i >> 8 & 255, i & 255, i == changed ? 81 : 80)),
            .identity = slice_of(arena_format(arena, "%064x", i))};
        frontend->name = slice_of(arena_format(arena, "frontend-%u", i));
        frontend->backend = backend->name;
        slices_add(arena, &frontend->entrypoints, SLICE("http"));
        frontend->routes = ARENA_NEW(arena, struct model_route);
        frontend->route_count = 1;
        static const char *const rules[] = {"Host:service-%u.example.com",
                                            "Host:service-%u.example.com;PathPrefixStrip:/api",
                                            "Host:example.com;PathPrefix:/service-%u/"};
        char rule[100];
        snprintf(rule, sizeof rule, "%s", rules[shape]);
        char *number = strstr(rule, "%u");
        *number = '\0';
        frontend->routes->rule = slice_of(arena_format(arena, "%s%u%s", rule, i, number + 2));
    }
    fragment_sort(fragment);
    return fragment;
}

static double compile_ms(struct compiler *compiler, struct fragment *fragment, struct snapshot **out_snapshot)
{
    struct model model = {.count = 0};
    struct diagnostics diagnostics;
    diagnostics_init(&diagnostics);
    model_replace(&model, &fragment);
    uint64_t before = clock_monotonic_ns();
    *out_snapshot = compiler_compile(compiler, &model, &diagnostics);
    double took = (double)(clock_monotonic_ns() - before) / 1e6;
    if (diagnostics.count)
        fprintf(stderr, "%s\n", diagnostics.items[0].text);
    diagnostics_fini(&diagnostics);
    model_fini(&model);
    return took;
}

/* Requests are written once, into one block, as heads lie in a worker's buffer. */
static double match_ns(const struct snapshot *snapshot, enum shape shape, unsigned count, unsigned busy)
{
    struct request {
        char host[40], path[40];
        size_t host_len, path_len;
    } *requests = malloc(PATTERN * sizeof *requests);
    size_t found = 0;
    for (unsigned i = 0; i < PATTERN; i++) {
        unsigned which = pick(busy < count ? busy : count) * (busy < count ? count / busy : 1);
        struct request *r = &requests[i];
        r->host_len = (size_t)(shape == ONE_HOST ? snprintf(r->host, sizeof r->host, "example.com")
                                                 : snprintf(r->host, sizeof r->host, "service-%u.example.com", which));
        r->path_len = (size_t)(shape == ONE_HOST ? snprintf(r->path, sizeof r->path, "/service-%u/some/page", which)
                                                 : snprintf(r->path, sizeof r->path, "/api/some/page/%u", which % 10));
    }
    struct mallinfo2 memory = mallinfo2();
    uint64_t before = clock_monotonic_ns();
    for (unsigned i = 0; i < LOOKUPS; i++) {
        const struct request *r = &requests[i % PATTERN];
        struct match_input input = {.method = SLICE("GET"), .host = {r->host, r->host_len}, .path = {r->path, r->path_len}};
        found += match_table_find(snapshot->entrypoints[0].table, &input).frontend != NULL;
    }
    double took = (double)(clock_monotonic_ns() - before) / LOOKUPS;
    if (found != LOOKUPS || mallinfo2().uordblks != memory.uordblks)
        fprintf(stderr, "found %zu of %d, or memory was allocated\n", found, LOOKUPS);
    free(requests);
    return took;
}

static void measure(enum shape shape, unsigned count)
{
    struct snapshot *retired = NULL, *first, *second, *unchanged;
    struct compile_options options = {
        .entrypoints = &entrypoint, .entrypoint_count = 1, .retire = on_retired, .retire_arg = &retired};
    struct compiler *compiler = compiler_create(&options);
    size_t before_bytes = mallinfo2().uordblks + mallinfo2().hblkhd;
    double all = compile_ms(compiler, make_fragment(shape, count, count), &first);
    size_t bytes = mallinfo2().uordblks + mallinfo2().hblkhd - before_bytes;
    double again = compile_ms(compiler, make_fragment(shape, count, 5), &second);
    size_t compiled = compiler_frontends_compiled(compiler) - count;
    double busy = match_ns(second, shape, count, 1000), ns = match_ns(second, shape, count, count);
    uint64_t before = clock_monotonic_ns();
    snapshot_unref(&first);
    compiler_free_snapshot(compiler, retired);
    double freed = (double)(clock_monotonic_ns() - before) / 1e6;
    unchanged = second;
    snapshot_unref(&unchanged);
    compiler_free_snapshot(compiler, retired);
    compiler_destroy(&compiler);
    printf("%-28s %7u frontends: %6.1f / %6.1f ns a match; first compile %7.1f ms, one changed %7.1f ms (%zu compiled), "
           "free old %6.1f ms; %5zu bytes each, model included\n",
           shape_names[shape], count, busy, ns, all, again, compiled, freed, bytes / count);
}

int main(void)
{
    for (enum shape shape = DISTINCT_HOSTS; shape < SHAPE_COUNT; shape++)
        for (unsigned count = 10; count <= 100000; count *= count == 10 ? 100 : 10)
            measure(shape, count);
    return 0;
}
