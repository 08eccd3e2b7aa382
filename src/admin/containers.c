/* SPDX-License-Identifier: MIT */
/*
 * What became of each container, and why:
 *
 *   GET /api/containers        {"provider":{"name","connected","follows","since","last_sync",
 *                            "error"} or null,"containers":[...]}
 *   GET /api/containers/NAME   one of them, by name or by the beginning of its id. 404 says what is like it.
 *
 * A container: {"id","name","service","state","code","reason","since","values":{...},"frontends":[{"name","rule","backend"}],
 * "servers":[{"backend","name","url"}],"problems":[{"severity","label","text"}]}. Who asks for text gets text.
 */
#include "containers.h"
#include "admin_private.h"
#include "reply.h"
#include "waybill/base/clock.h"
#include "waybill/base/suggest.h"
#include "waybill/model/board.h"
#include "waybill/model/inventory.h"
#include "waybill/model/json.h"
#include <stdlib.h>

enum { NEAR_MAX = 5 };

/* -- as JSON -- */

/* ,"NAME":"VALUE"; the first of an object has no comma. */
static void write_member(struct text *out, const char *name, struct slice value)
{
    text_addf(out, "%s\"%s\":", out->ptr[out->len - 1] == '{' ? "" : ",", name);
    json_string(out, value);
}

static void write_time(struct text *out, const char *name, uint64_t wall_ns)
{
    char time[CLOCK_RFC3339_SIZE] = "";

    if (wall_ns)
        clock_rfc3339(wall_ns, time);
    write_member(out, name, slice_of(time));
}

/* ,"NAME":[ */
static void begin_list(struct text *out, const char *name)
{
    text_addf(out, ",\"%s\":[", name);
}

static void begin_object(struct text *out)
{
    text_add(out, out->ptr[out->len - 1] == '[' ? SLICE("{") : SLICE(",{"));
}

static void write_values(struct text *out, const struct inventory_item *item)
{
    text_add(out, SLICE(",\"values\":{"));
    for (size_t i = 0; i < item->value_count; i++) {
        if (i)
            text_add_char(out, ',');
        json_string(out, item->values[i].name);
        text_add_char(out, ':');
        json_string(out, item->values[i].value);
    }
    text_add_char(out, '}');
}

static void write_routes(struct text *out, const struct inventory_item *item)
{
    begin_list(out, "frontends");
    for (size_t i = 0; i < item->frontend_count; i++) {
        begin_object(out);
        write_member(out, "name", item->frontends[i].name);
        write_member(out, "rule", item->frontends[i].rule);
        write_member(out, "backend", item->frontends[i].backend);
        text_add_char(out, '}');
    }
    text_add_char(out, ']');
    begin_list(out, "servers");
    for (size_t i = 0; i < item->server_count; i++) {
        begin_object(out);
        write_member(out, "backend", item->servers[i].backend);
        write_member(out, "name", item->servers[i].name);
        write_member(out, "url", item->servers[i].url);
        text_add_char(out, '}');
    }
    text_add_char(out, ']');
}

static void write_problems(struct text *out, const struct inventory_item *item)
{
    begin_list(out, "problems");
    for (size_t i = 0; i < item->problem_count; i++) {
        begin_object(out);
        write_member(out, "severity", slice_of(severity_name(item->problems[i].severity)));
        write_member(out, "label", item->problems[i].label);
        write_member(out, "text", item->problems[i].text);
        text_add_char(out, '}');
    }
    text_add_char(out, ']');
}

static void write_item(struct text *out, const struct inventory_item *item)
{
    text_add_char(out, '{');
    write_member(out, "id", item->id);
    write_member(out, "name", item->name);
    write_member(out, "service", item->service);
    write_member(out, "state", slice_of(container_state_name(container_why_state(item->why))));
    write_member(out, "code", slice_of(container_why_name(item->why)));
    write_member(out, "reason", item->sentence);
    write_time(out, "since", item->since_ns);
    write_values(out, item);
    write_routes(out, item);
    write_problems(out, item);
    text_add_char(out, '}');
}

static void write_provider(struct text *out, const struct provider_health *health)
{
    text_add(out, SLICE("{\"name\":\"docker\""));
    text_addf(out, ",\"connected\":%s,\"follows\":%s", health->connected ? "true" : "false",
              health->follows ? "true" : "false");
    write_time(out, "since", health->since_ns);
    write_time(out, "last_sync", health->synced_ns);
    write_member(out, "error", slice_of(health->error));
    text_add_char(out, '}');
}

void containers_write_provider(struct text *out, struct board *board)
{
    struct provider_health health;

    if (board && board_health(board, SLICE("docker"), &health))
        write_provider(out, &health);
    else
        text_add(out, SLICE("null"));
}

static void write_all(struct text *out, struct board *board, const struct inventory *inventory)
{
    text_add(out, SLICE("{\"provider\":"));
    containers_write_provider(out, board);
    begin_list(out, "containers");
    for (size_t i = 0; inventory && i < inventory->count; i++) {
        if (i)
            text_add_char(out, ',');
        write_item(out, &inventory->items[i]);
    }
    text_add(out, SLICE("]}"));
}

/* -- one that is not there -- */

static bool holds(struct slice text, struct slice part)
{
    for (size_t i = 0; i + part.len <= text.len; i++) {
        if (slice_starts_nocase(slice_from(text, i), part))
            return true;
    }
    return false;
}

/* Names that are like it: a slip, a part of one, the name of its service, or the beginning of several ids. */
static size_t find_near(const struct inventory *inventory, struct slice asked, struct slice near[NEAR_MAX])
{
    const char **names = wb_alloc((inventory->count + 1) * sizeof *names);
    size_t count = 0;

    for (size_t i = 0; i < inventory->count; i++)
        names[i] = inventory->items[i].name.ptr; /* a copy in an arena: with a NUL behind */
    const char *slip = suggest_name(asked, names, inventory->count);
    if (slip)
        near[count++] = slice_of(slip);
    for (size_t i = 0; i < inventory->count && count < NEAR_MAX && asked.len; i++) {
        const struct inventory_item *item = &inventory->items[i];
        if (item->name.ptr != slip &&
            (holds(item->name, asked) || holds(item->service, asked) || slice_starts(item->id, asked)))
            near[count++] = item->name;
    }
    free(names);
    return count;
}

static void reply_missing(struct board *board, const struct inventory *inventory, struct slice asked, bool as_text,
                          struct local_answer *answer)
{
    struct text document = TEXT_EMPTY;
    struct slice near[NEAR_MAX];
    size_t count = inventory ? find_near(inventory, asked, near) : 0;

    if (as_text) {
        containers_write_missing(&document, board, asked, near, count);
        reply_lines(answer, 404, &document);
        return;
    }
    text_add_char(&document, '{');
    write_member(&document, "error", SLICE("there is no such container"));
    write_member(&document, "asked", asked);
    begin_list(&document, "near");
    for (size_t i = 0; i < count; i++) {
        if (i)
            text_add_char(&document, ',');
        json_string(&document, near[i]);
    }
    text_add(&document, SLICE("]}"));
    reply_json_status(answer, 404, &document);
}

/* -- the routes -- */

static void reply_one(struct board *board, const struct inventory *inventory, struct slice asked, bool as_text,
                      struct local_answer *answer)
{
    const struct inventory_item *item = inventory ? inventory_find(inventory, asked) : NULL;
    struct text document = TEXT_EMPTY;

    if (!item) {
        reply_missing(board, inventory, asked, as_text, answer);
    } else if (as_text) {
        containers_write_one(&document, item, clock_wall_ns());
        reply_lines(answer, 200, &document);
    } else {
        write_item(&document, item);
        reply_json(answer, &document);
    }
}

static void reply_all(struct board *board, const struct inventory *inventory, bool as_text, struct local_answer *answer)
{
    struct text document = TEXT_EMPTY;

    if (as_text) {
        containers_write_list(&document, board, inventory, clock_wall_ns());
        reply_lines(answer, 200, &document);
    } else {
        write_all(&document, board, inventory);
        reply_json(answer, &document);
    }
}

bool containers_answer(const struct admin *admin, const struct path_parts *parts, const struct local_request *request,
                       struct local_answer *out_answer)
{
    struct board *board = admin->options.board;
    bool as_text = reply_wants_text(request);

    if (parts->count > 2 || (parts->count == 2 && parts->items[1].len == 0))
        return false;
    struct inventory *inventory = board ? board_inventory(board, SLICE("docker")) : NULL;
    if (parts->count == 1)
        reply_all(board, inventory, as_text, out_answer);
    else
        reply_one(board, inventory, parts->items[1], as_text, out_answer);
    inventory_unref(&inventory);
    return true;
}
