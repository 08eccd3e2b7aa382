/* SPDX-License-Identifier: MIT */
/* What `waybill why` prints. */
#include "containers.h"
#include "waybill/base/clock.h"
#include "waybill/model/board.h"
#include "waybill/model/inventory.h"

/* "3m12s" from then to now; "0s" when the clock was set back. */
static void add_age(struct text *out, uint64_t then_ns, uint64_t now_ns)
{
    char age[CLOCK_DURATION_SIZE];
    uint64_t second = 1000000000;

    clock_format_duration(now_ns > then_ns ? (int64_t)((now_ns - then_ns) / second * second) : 0, age);
    text_add(out, slice_of(age));
}

static void add_heading(struct text *out, const struct inventory_item *item)
{
    text_add_visible(out, item->name);
    text_addf(out, ": %s (%s)", container_state_name(container_why_state(item->why)), container_why_name(item->why));
}

static void add_line(struct text *out, const char *name, struct slice value)
{
    text_addf(out, "    %s: ", name);
    text_add_visible(out, value.len ? value : SLICE("(none)"));
    text_add_char(out, '\n');
}

static void add_values(struct text *out, const struct inventory_item *item)
{
    if (item->value_count)
        text_add(out, SLICE("  decided by\n"));
    for (size_t i = 0; i < item->value_count; i++)
        add_line(out, item->values[i].name.ptr, item->values[i].value); /* the names are ours, with a NUL behind */
}

static void add_frontends(struct text *out, const struct inventory_item *item)
{
    if (item->frontend_count)
        text_add(out, SLICE("  frontends\n"));
    for (size_t i = 0; i < item->frontend_count; i++) {
        text_add(out, SLICE("    "));
        text_add_visible(out, item->frontends[i].rule);
        text_add(out, SLICE("  ("));
        text_add_visible(out, item->frontends[i].name);
        text_add(out, SLICE(", leads to "));
        text_add_visible(out, item->frontends[i].backend);
        text_add(out, SLICE(")\n"));
    }
}

static void add_servers(struct text *out, const struct inventory_item *item)
{
    if (item->server_count)
        text_add(out, SLICE("  servers\n"));
    for (size_t i = 0; i < item->server_count; i++) {
        text_add(out, SLICE("    "));
        text_add_visible(out, item->servers[i].url);
        text_add(out, SLICE("  (of "));
        text_add_visible(out, item->servers[i].backend);
        text_add(out, SLICE(")\n"));
    }
}

static void add_problems(struct text *out, const struct inventory_item *item)
{
    if (item->problem_count)
        text_add(out, SLICE("  problems\n"));
    for (size_t i = 0; i < item->problem_count; i++) {
        const struct inventory_problem *problem = &item->problems[i];
        text_addf(out, "    %s: ", severity_name(problem->severity));
        if (problem->label.len) {
            text_add(out, SLICE("label "));
            text_add_visible(out, problem->label);
            text_add(out, SLICE(": "));
        }
        text_add_visible(out, problem->text);
        text_add_char(out, '\n');
    }
}

void containers_write_one(struct text *out, const struct inventory_item *item, uint64_t now_ns)
{
    add_heading(out, item);
    text_add(out, SLICE(" for "));
    add_age(out, item->since_ns, now_ns);
    text_add(out, SLICE("\n  "));
    text_add_visible(out, item->sentence);
    text_add_char(out, '\n');
    add_values(out, item);
    add_frontends(out, item);
    add_servers(out, item);
    add_problems(out, item);
}

static void add_provider(struct text *out, const struct provider_health *health, uint64_t now_ns)
{
    text_add(out, health->connected ? SLICE("docker: connected, read ") : SLICE("docker: NOT CONNECTED for "));
    add_age(out, health->connected ? health->synced_ns : health->since_ns, now_ns);
    if (health->connected)
        text_add(out, SLICE(" ago"));
    if (health->error[0]) {
        text_add(out, SLICE(": "));
        text_add_visible(out, slice_of(health->error));
    }
    if (!health->connected)
        text_add(out, SLICE("; what was known before is in force"));
    text_add(out, SLICE("\n"));
}

void containers_write_list(struct text *out, struct board *board, const struct inventory *inventory, uint64_t now_ns)
{
    struct provider_health health;

    if (board && board_health(board, SLICE("docker"), &health))
        add_provider(out, &health, now_ns);
    else
        text_add(out, SLICE("the docker provider is not on: start with --docker\n"));
    for (size_t i = 0; inventory && i < inventory->count; i++) {
        const struct inventory_item *item = &inventory->items[i];
        add_heading(out, item);
        text_add(out, SLICE(": "));
        text_add_visible(out, item->sentence);
        if (item->problem_count)
            text_addf(out, " [%zu problem%s]", item->problem_count, item->problem_count == 1 ? "" : "s");
        text_add_char(out, '\n');
    }
}

void containers_write_missing(struct text *out, struct board *board, struct slice asked, const struct slice *near,
                              size_t near_count)
{
    struct provider_health health;

    if (!board || !board_health(board, SLICE("docker"), &health)) {
        text_add(out, SLICE("this router reads no containers: start it with --docker\n"));
        return;
    }
    if (!health.connected)
        add_provider(out, &health, clock_wall_ns());
    text_add(out, SLICE("the engine reports no container `"));
    text_add_visible(out, asked);
    text_add(out, near_count ? SLICE("`: did you mean ") : SLICE("` that runs"));
    for (size_t i = 0; i < near_count; i++) {
        text_add(out, i == 0 ? SLICE("") : i + 1 == near_count ? SLICE(" or ") : SLICE(", "));
        text_add_visible(out, near[i]);
    }
    text_add(out, near_count ? SLICE("?\n") : SLICE("\n"));
}
