/* SPDX-License-Identifier: MIT */
#include "news.h"
#include "containers.h"
#include "waybill/base/clock.h"
#include "waybill/base/map.h"
#include "waybill/model/inventory.h"
#include "waybill/model/json.h"
#include "waybill/route/snapshot.h"
#include <inttypes.h>
#include <stdlib.h>

enum { NAMED_MAX = 50 }; /* containers, at one look */

/* event: NAME, and what begins its data. */
static void begin_event(struct text *out, const char *name)
{
    text_addf(out, "event: %s\ndata: ", name);
}

static void end_event(struct text *out)
{
    text_add(out, SLICE("\n\n"));
}

static uint64_t number_of(const struct snapshot *snapshot)
{
    return snapshot ? snapshot->number : 0;
}

/* What fails now, without saying so. */
static void note_checks(struct news *news, const struct snapshot *snapshot)
{
    free(news->failing);
    news->check_count = snapshot ? snapshot->check_count : 0;
    news->failing = wb_alloc((news->check_count + 1) * sizeof *news->failing);
    for (size_t i = 0; i < news->check_count; i++)
        news->failing[i] = route_health_is_failing(snapshot->checks[i]);
}

static void tell_checks(struct news *news, const struct snapshot *snapshot, struct text *out)
{
    for (size_t i = 0; i < news->check_count; i++) {
        bool failing = route_health_is_failing(snapshot->checks[i]);
        if (failing == news->failing[i])
            continue;
        news->failing[i] = failing;
        begin_event(out, "health");
        text_add(out, SLICE("{\"check\":"));
        json_string(out, snapshot->checks[i]->label);
        text_addf(out, ",\"state\":\"%s\"}", failing ? "down" : "up");
        end_event(out);
    }
}

static void tell_configuration(struct news *news, const struct snapshot *snapshot, struct text *out)
{
    news->numbers.snapshot = number_of(snapshot);
    note_checks(news, snapshot); /* how they are is read with the configuration */
    begin_event(out, "configuration");
    text_addf(out, "{\"snapshot\":%" PRIu64 ",\"frontends\":%zu,\"left_out\":%zu}", number_of(snapshot),
              snapshot ? snapshot->frontend_count : 0, snapshot ? snapshot->left_out_count : 0);
    end_event(out);
}

static void begin_container(struct text *out, const struct inventory_item *item)
{
    begin_event(out, "container");
    text_add(out, SLICE("{\"id\":"));
    json_string(out, item->id);
    text_add(out, SLICE(",\"name\":"));
    json_string(out, item->name);
}

static void tell_container(struct text *out, const struct inventory_item *item)
{
    char since[CLOCK_RFC3339_SIZE];

    clock_rfc3339(item->since_ns, since);
    begin_container(out, item);
    text_addf(out, ",\"state\":\"%s\",\"code\":\"%s\",\"reason\":", container_state_name(container_why_state(item->why)),
              container_why_name(item->why));
    json_string(out, item->sentence);
    text_addf(out, ",\"since\":\"%s\"}", since);
    end_event(out);
}

static void tell_gone(struct text *out, const struct inventory_item *item)
{
    begin_container(out, item);
    text_add(out, SLICE(",\"state\":\"gone\"}"));
    end_event(out);
}

static bool says_the_same(const struct inventory_item *a, const struct inventory_item *b)
{
    return a->why == b->why && slice_eq(a->sentence, b->sentence);
}

/* An event for each that differs; returns how many there are. */
static size_t tell_differences(const struct inventory *before, const struct inventory *after, struct text *out)
{
    struct map gone;
    struct map_entry *entry;
    size_t changed = 0;

    map_init_lent(&gone);
    for (size_t i = 0; before && i < before->count; i++)
        map_put(&gone, before->items[i].id, &before->items[i]);
    for (size_t i = 0; after && i < after->count; i++) {
        const struct inventory_item *was = map_remove(&gone, after->items[i].id);
        if (was && says_the_same(was, &after->items[i]))
            continue;
        if (++changed <= NAMED_MAX)
            tell_container(out, &after->items[i]);
    }
    for (size_t i = 0; (entry = map_next(&gone, &i));) {
        if (++changed <= NAMED_MAX)
            tell_gone(out, entry->value);
    }
    map_fini(&gone);
    return changed;
}

static void tell_containers(struct news *news, struct text *out)
{
    struct inventory *now = board_inventory(news->options->board, SLICE("docker"));
    size_t begin = out->len, changed = tell_differences(news->inventory, now, out);

    if (changed > NAMED_MAX) {
        out->len = begin;
        begin_event(out, "containers");
        text_addf(out, "{\"changed\":%zu}", changed);
        end_event(out);
    }
    inventory_unref(&news->inventory);
    news->inventory = now;
}

/* When it read all last is not news: it does so all the time. */
static bool provider_differs(const struct provider_health *a, const struct provider_health *b)
{
    return a->connected != b->connected || a->since_ns != b->since_ns || strcmp(a->error, b->error) != 0;
}

static void tell_provider(struct news *news, struct text *out)
{
    struct provider_health now = {.connected = false};

    if (!board_health(news->options->board, SLICE("docker"), &now) || !provider_differs(&now, &news->provider))
        return;
    news->provider = now;
    begin_event(out, "provider");
    containers_write_provider(out, news->options->board);
    end_event(out);
}

static void tell_diagnostics(struct text *out, struct board *board)
{
    begin_event(out, "diagnostics");
    text_addf(out, "{\"count\":%zu}", board_diagnostic_count(board));
    end_event(out);
}

static void gather_from_board(struct news *news, struct board *board, struct text *out)
{
    uint64_t inventory = board_changes(board), diagnostics = board_diagnostic_changes(board);

    tell_provider(news, out);
    if (inventory != news->numbers.inventory) {
        news->numbers.inventory = inventory;
        tell_containers(news, out);
    }
    if (diagnostics != news->numbers.diagnostics) {
        news->numbers.diagnostics = diagnostics;
        tell_diagnostics(out, board);
    }
}

void news_begin(struct news *news, const struct admin_options *options, const struct snapshot *snapshot, uint64_t now_ns)
{
    struct board *board = options->board;

    *news = (struct news){.options = options, .numbers.snapshot = number_of(snapshot)};
    if (board) {
        news->numbers.inventory = board_changes(board);
        news->numbers.diagnostics = board_diagnostic_changes(board);
        news->inventory = board_inventory(board, SLICE("docker"));
        board_health(board, SLICE("docker"), &news->provider);
    }
    note_checks(news, snapshot);
    figures_begin(&news->figures, options, now_ns);
}

void news_end(struct news *news)
{
    inventory_unref(&news->inventory);
    free(news->failing);
    news->failing = NULL;
    figures_end(&news->figures);
}

void news_gather(struct news *news, const struct snapshot *snapshot, struct text *out)
{
    if (number_of(snapshot) != news->numbers.snapshot)
        tell_configuration(news, snapshot, out);
    else
        tell_checks(news, snapshot, out);
    if (news->options->board)
        gather_from_board(news, news->options->board, out);
}

void news_gather_figures(struct news *news, const struct snapshot *snapshot, uint64_t now_ns, struct text *out)
{
    begin_event(out, "figures");
    text_addf(out, "{\"snapshot\":%" PRIu64 ",\"inventory\":%" PRIu64 ",\"diagnostics\":%" PRIu64, number_of(snapshot),
              news->numbers.inventory, news->numbers.diagnostics);
    figures_write(&news->figures, now_ns, out);
    text_add_char(out, '}');
    end_event(out);
}
