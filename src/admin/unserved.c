/* SPDX-License-Identifier: MIT */
/*
 * GET /api/unserved: what people ask for and no frontend serves, all workers together, most asked for first:
 *
 *   {"total":N,"hosts":[{"host","count","at_least","last","path","nearest"?}]}
 *
 * `total` are all such requests since the start. The hosts of each worker are bounded: where one had to give way to another, a
 * count says what it may be at most and `at_least` what it is for sure. `path` is of the latest request.
 */
#include "admin_private.h"
#include "reply.h"
#include "waybill/base/clock.h"
#include "waybill/base/map.h"
#include "waybill/exchange/environment.h"
#include "waybill/exchange/unserved.h"
#include "waybill/model/json.h"
#include <inttypes.h>
#include <stdlib.h>

enum { HOSTS_SHOWN = 256 };

struct gathered {
    struct unserved_host *hosts;
    size_t count, capacity;
    struct map places; /* host to place plus 1 */
};

static struct slice host_slice(const struct unserved_host *host)
{
    return slice_make(host->host, host->host_len);
}

static void merge(struct unserved_host *into, const struct unserved_host *from)
{
    struct unserved_host sum = from->last_wall_ns > into->last_wall_ns ? *from : *into;
    const struct unserved_host *other = from->last_wall_ns > into->last_wall_ns ? into : from;

    sum.count = into->count + from->count;
    sum.over = into->over + from->over;
    if (sum.nearest_len == 0) {
        memcpy(sum.nearest, other->nearest, other->nearest_len);
        sum.nearest_len = other->nearest_len;
    }
    *into = sum;
}

static void gather(struct gathered *all, const struct unserved_host *host)
{
    uintptr_t place = (uintptr_t)map_get(&all->places, host_slice(host));

    if (place) {
        merge(&all->hosts[place - 1], host);
        return;
    }
    if (all->count == all->capacity) {
        all->capacity = all->capacity ? 2 * all->capacity : UNSERVED_HOSTS;
        all->hosts = wb_realloc(all->hosts, all->capacity * sizeof *all->hosts);
    }
    all->hosts[all->count++] = *host;
    map_put(&all->places, host_slice(host), (void *)(uintptr_t)all->count);
}

static int compare_hosts(const void *a, const void *b)
{
    const struct unserved_host *x = a, *y = b;
    uint64_t one = x->count - x->over, other = y->count - y->over;

    if (one != other)
        return one > other ? -1 : 1;
    if (x->count != y->count)
        return x->count > y->count ? -1 : 1;
    return slice_compare(host_slice(x), host_slice(y));
}

static void write_host(struct text *out, const struct unserved_host *host)
{
    char last[CLOCK_RFC3339_SIZE];

    clock_rfc3339(host->last_wall_ns, last);
    text_add(out, SLICE("{\"host\":"));
    json_string(out, host_slice(host));
    text_addf(out, ",\"count\":%" PRIu64 ",\"at_least\":%" PRIu64 ",\"last\":\"%s\",\"path\":", host->count,
              host->count - host->over, last);
    json_string(out, slice_make(host->path, host->path_len));
    if (host->nearest_len) {
        text_add(out, SLICE(",\"nearest\":"));
        json_string(out, slice_make(host->nearest, host->nearest_len));
    }
    text_add_char(out, '}');
}

static void gather_all(const struct admin_options *options, struct gathered *all)
{
    struct unserved_host *hosts = wb_alloc(UNSERVED_HOSTS * sizeof *hosts);

    for (size_t i = 0; options->unserved && i < options->counter_count; i++) {
        size_t count = options->unserved[i] ? unserved_read(options->unserved[i], hosts) : 0;
        for (size_t k = 0; k < count; k++)
            gather(all, &hosts[k]);
    }
    free(hosts);
}

void unserved_answer(const struct admin *admin, struct local_answer *out_answer)
{
    const struct admin_options *options = &admin->options;
    struct gathered all = {.count = 0};
    struct text document = TEXT_EMPTY;
    uint64_t total = 0;

    for (size_t i = 0; i < options->counter_count; i++)
        total += options->counters[i] ? cell_read(&options->counters[i]->ended[REASON_NO_FRONTEND]) : 0;
    map_init(&all.places);
    gather_all(options, &all);
    if (all.count)
        qsort(all.hosts, all.count, sizeof *all.hosts, compare_hosts);
    text_addf(&document, "{\"total\":%" PRIu64 ",\"hosts\":[", total);
    for (size_t i = 0; i < all.count && i < HOSTS_SHOWN; i++) {
        if (i)
            text_add_char(&document, ',');
        write_host(&document, &all.hosts[i]);
    }
    text_add(&document, SLICE("]}"));
    map_fini(&all.places);
    free(all.hosts);
    reply_json(out_answer, &document);
}
