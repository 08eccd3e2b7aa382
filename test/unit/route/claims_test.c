/* SPDX-License-Identifier: MIT */
/* Who keeps a rule that several want (decisions.md 16, security case K3). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "rule_parts.h"
#include "waybill/base/text.h"
#include "waybill/model/inventory.h"
#include "waybill/route/compile.h"
#include "waybill/route/match.h"
#include <stdio.h>
#include <stdlib.h>

static struct model_entrypoint entrypoints[] = {{.name = {"http", 4}}, {.name = {"alt", 3}}};

enum { CLAIMS_MAX = 12 };

struct scene {
    struct compiler *compiler;
    struct fragment *fragments[2];
    struct model model;
    struct diagnostics diagnostics;
    struct snapshot *snapshot, *retired;
};

static void on_retired(struct snapshot *snapshot, void *arg)
{
    ((struct scene *)arg)->retired = snapshot;
}

static int set_up(void **state)
{
    struct scene *scene = wb_alloc(sizeof *scene);
    struct compile_options options = {
        .entrypoints = entrypoints, .entrypoint_count = 2, .retire = on_retired, .retire_arg = scene};
    scene->compiler = compiler_create(&options);
    diagnostics_init(&scene->diagnostics);
    *state = scene;
    return 0;
}

static void drop_snapshot(struct scene *scene)
{
    if (!scene->snapshot)
        return;
    snapshot_unref(&scene->snapshot);
    compiler_free_snapshot(scene->compiler, scene->retired);
}

static int tear_down(void **state)
{
    struct scene *scene = *state;
    drop_snapshot(scene);
    compiler_destroy(&scene->compiler);
    model_fini(&scene->model);
    diagnostics_fini(&scene->diagnostics);
    free(scene);
    return 0;
}

struct wish {
    const char *name, *rule, *backend;
    uint64_t since;
    const char *claimant;
    int64_t priority;
    const char *origin;          /* NULL: "container NAME" */
    const char *only_entrypoint; /* NULL: both */
    enum model_absence absence;
};

static void fill_frontend(struct fragment *fragment, struct model_frontend *frontend, const struct wish *wish)
{
    struct arena *arena = &fragment->arena;
    *frontend = (struct model_frontend){
        .name = slice_of(wish->name),
        .backend = slice_of(wish->backend),
        .since = wish->since,
        .claimant = slice_of(wish->claimant ? wish->claimant : ""),
        .priority = wish->priority,
        .absence = wish->absence,
        .origin = slice_of(wish->origin ? wish->origin : arena_format(arena, "container %s", wish->name))};
    frontend->routes = ARENA_NEW(arena, struct model_route);
    frontend->routes[0] = (struct model_route){SLICE("r"), slice_of(wish->rule)};
    frontend->route_count = 1;
    for (size_t i = 0; i < WB_COUNT(entrypoints); i++)
        if (!wish->only_entrypoint || slice_eq(entrypoints[i].name, slice_of(wish->only_entrypoint)))
            slices_add(arena, &frontend->entrypoints, entrypoints[i].name);
}

static void add_backend(struct fragment *fragment, const char *name)
{
    for (size_t i = 0; i < fragment->backend_count; i++)
        if (slice_eq(fragment->backends[i].name, slice_of(name)))
            return;
    struct model_backend *backend = &fragment->backends[fragment->backend_count++];
    backend->name = slice_of(name);
    backend->servers = ARENA_NEW(&fragment->arena, struct model_server);
    backend->server_count = 1;
    *backend->servers = (struct model_server){
        .name = SLICE("s"), .weight = 1, .url = slice_of(arena_format(&fragment->arena, "http://%s", name))};
}

/* Ends with a wish without a name. */
static void deliver(struct scene *scene, const char *provider, const struct wish *wishes)
{
    struct fragment *fragment = fragment_create(slice_of(provider));
    fragment->frontends = ARENA_ARRAY(&fragment->arena, struct model_frontend, CLAIMS_MAX);
    fragment->remembered = ARENA_ARRAY(&fragment->arena, struct model_frontend, CLAIMS_MAX);
    fragment->backends = ARENA_ARRAY(&fragment->arena, struct model_backend, CLAIMS_MAX);
    for (; wishes->name; wishes++) {
        struct model_frontend *frontend = wishes->absence ? &fragment->remembered[fragment->remembered_count++]
                                                          : &fragment->frontends[fragment->frontend_count++];
        fill_frontend(fragment, frontend, wishes);
        if (!wishes->absence)
            add_backend(fragment, wishes->backend);
    }
    fragment_sort(fragment);
    model_replace(&scene->model, &fragment);
    drop_snapshot(scene);
    diagnostics_fini(&scene->diagnostics);
    diagnostics_init(&scene->diagnostics);
    scene->snapshot = compiler_compile(scene->compiler, &scene->model, &scene->diagnostics);
}
#define DELIVER(scene, ...) deliver((scene), "docker", (const struct wish[]){__VA_ARGS__, {0}})

static const char *winner_on(const struct scene *scene, size_t entrypoint, const char *host, const char *path)
{
    static char name[64];
    struct match_input input = {.method = SLICE("GET"), .host = slice_of(host), .path = slice_of(path)};
    struct match_found found = match_table_find(scene->snapshot->entrypoints[entrypoint].table, &input);
    snprintf(name, sizeof name, SLICE_FMT, SLICE_ARG(found.frontend ? found.frontend->name : SLICE("none")));
    return name;
}
#define WINS(scene, host, path, name) assert_string_equal(winner_on((scene), 0, (host), (path)), (name))

static bool said_at(const struct scene *scene, const char *place, const char *text)
{
    for (size_t i = 0; i < scene->diagnostics.count; i++)
        if (strcmp(scene->diagnostics.items[i].place, place) == 0 && strstr(scene->diagnostics.items[i].text, text))
            return true;
    return false;
}

static void test_k3_the_older_container_keeps_its_rule(void **state)
{
    static const int64_t priorities[] = {0, 1, 100, 2147483648, INT64_MAX, -1, INT64_MIN};
    struct scene *scene = *state;
    for (size_t i = 0; i < WB_COUNT(priorities); i++) {
        DELIVER(scene, {"zold", "Host:a.t", "b-old", 100, "x"}, {"anew", "Host:A.T", "b-new", 200, "a", priorities[i]});
        WINS(scene, "a.t", "/", "zold");
        DELIVER(scene, {"anew", "Host:a.t", "b-new", 100, "x", priorities[i]}, {"zold", "Host:a.t", "b-old", 50, "x"});
        WINS(scene, "a.t", "/", "zold");
    }
    assert_true(said_at(scene, "container anew",
                        "frontend anew gets no requests: container zold is older and has the rule `Host:a.t` already"));
    assert_true(said_at(scene, "container zold", "is also claimed by container anew"));
    assert_int_equal(scene->snapshot->shadow_count, 1);
    assert_int_equal(scene->snapshot->frontend_count, 2);
    for (size_t i = 0; i < 2; i++) {
        const struct route_frontend *frontend = scene->snapshot->frontends[i];
        const struct route_shadow *shadow = snapshot_shadow(scene->snapshot, frontend);
        assert_int_equal(shadow != NULL, slice_eq(frontend->name, SLICE("anew")));
        assert_true(!shadow || (shadow->is_everywhere && slice_eq(shadow->by->name, SLICE("zold"))));
    }
}

static void test_of_one_age_the_lower_id_is_the_older(void **state)
{
    struct scene *scene = *state;
    DELIVER(scene, {"a", "Host:a.t", "b1", 100, "ffff", 9}, {"z", "Host:a.t", "b2", 100, "0000"});
    WINS(scene, "a.t", "/", "z");
}

static void test_when_the_incumbent_goes_the_other_takes_over(void **state)
{
    struct scene *scene = *state;
    DELIVER(scene, {"old", "Host:a.t", "b1", 100, "1"}, {"mid", "Host:a.t", "b2", 200, "2"},
            {"new", "Host:a.t", "b3", 300, "3", 99});
    WINS(scene, "a.t", "/", "old");
    assert_int_equal(scene->snapshot->shadow_count, 2);
    DELIVER(scene, {"mid", "Host:a.t", "b2", 200, "2"}, {"new", "Host:a.t", "b3", 300, "3", 99});
    WINS(scene, "a.t", "/", "mid");
    DELIVER(scene, {"new", "Host:a.t", "b3", 300, "3", 99});
    WINS(scene, "a.t", "/", "new");
    assert_int_equal(scene->snapshot->shadow_count + scene->diagnostics.count, 0);
    DELIVER(scene, {"old", "Host:a.t", "b1", 100, "1"}, {"new", "Host:a.t", "b3", 300, "3", 99});
    WINS(scene, "a.t", "/", "old");
}

static void test_what_is_no_dispute_is_decided_by_the_order(void **state)
{
    struct scene *scene = *state;
    /* one backend */
    DELIVER(scene, {"old", "Host:a.t", "b", 100, "1"}, {"new", "Host:a.t", "b", 200, "2", 99});
    WINS(scene, "a.t", "/", "new");
    /* one container: two segments with the default rule (docker-provider.md 8) */
    DELIVER(scene, {"y", "Host:a.t", "b1", 100, "1", 0, "container one"},
            {"x", "Host:a.t", "b2", 100, "1", 0, "container one"});
    WINS(scene, "a.t", "/", "x");
    /* other rules */
    DELIVER(scene, {"old", "Host:a.t", "b1", 100, "1"}, {"new", "Host:a.t;PathPrefix:/x", "b2", 200, "2"});
    WINS(scene, "a.t", "/x", "new");
    WINS(scene, "a.t", "/", "old");
    assert_int_equal(scene->snapshot->shadow_count + scene->diagnostics.count, 0);
    /* nobody knows the ages: files */
    deliver(scene, "docker", (const struct wish[]){{0}});
    deliver(scene, "file",
            (const struct wish[]){{"a", "Host:a.t", "b1", 0, "", 0, "f:1"}, {"b", "Host:a.t", "b2", 0, "", 99, "f:2"}, {0}});
    WINS(scene, "a.t", "/", "b");
    assert_int_equal(scene->snapshot->shadow_count + scene->diagnostics.count, 0);
}

static void test_two_segments_of_a_newcomer_both_lose(void **state)
{
    struct scene *scene = *state;
    DELIVER(scene, {"old", "Host:a.t", "b0", 100, "1"}, {"x", "Host:a.t", "b1", 200, "2", 0, "container new"},
            {"y", "Host:a.t", "b2", 200, "2", 50, "container new"});
    WINS(scene, "a.t", "/", "old");
    assert_int_equal(scene->snapshot->shadow_count, 2);
}

static void test_between_providers_the_order_decides_and_it_is_said(void **state)
{
    struct scene *scene = *state;
    deliver(scene, "file", (const struct wish[]){{"f", "Host:a.t", "b1", 0, "", 0, "rules.toml:1"}, {0}});
    DELIVER(scene, {"d", "Host:a.t", "b2", 100, "1"});
    WINS(scene, "a.t", "/", "d");
    assert_true(
        said_at(scene, "rules.toml:1", "frontend f gets no requests: frontend d of provider docker has the same rule"));
    DELIVER(scene, {"d", "Host:a.t", "b2", 100, "1", 1});
    WINS(scene, "a.t", "/", "f");
    assert_true(said_at(scene, "container d", "frontend d gets no requests: frontend f of provider file has the same rule"));
    assert_int_equal(scene->snapshot->shadow_count, 0);
}

static void test_a_rule_may_be_lost_on_one_entrypoint_only(void **state)
{
    struct scene *scene = *state;
    DELIVER(scene, {"old", "Host:a.t", "b1", 100, "1", 0, NULL, "http"}, {"new", "Host:a.t", "b2", 200, "2", 99});
    assert_string_equal(winner_on(scene, 0, "a.t", "/"), "old");
    assert_string_equal(winner_on(scene, 1, "a.t", "/"), "new");
    assert_int_equal(scene->snapshot->shadow_count, 1);
    assert_false(scene->snapshot->shadows[0].is_everywhere);
    assert_true(said_at(scene, "container new", "on some of its entrypoints"));
    DELIVER(scene, {"old", "Host:a.t", "b1", 100, "1", 0, NULL, "http"},
            {"new", "Host:a.t", "b2", 200, "2", 99, NULL, "alt"});
    assert_int_equal(scene->snapshot->shadow_count, 0);
}

static void test_remembered_frontends_claim_nothing(void **state)
{
    struct scene *scene = *state;
    DELIVER(scene, {"gone", "Host:a.t", "b1", 1, "1", 0, NULL, NULL, ABSENCE_NOT_RUNNING},
            {"new", "Host:a.t", "b2", 200, "2"});
    WINS(scene, "a.t", "/", "new");
    assert_int_equal(scene->snapshot->shadow_count + scene->diagnostics.count, 0);
}

static struct slice claim_of(struct arena *arena, const char *text)
{
    struct slice one = slice_of(text), error;
    const struct rule *rule = rule_parse(arena, &one, 1, &error);
    if (!rule)
        fail_msg("%s: %s", text, error.ptr);
    struct slice claim = rule_claim(rule, arena);
    rule_release(rule);
    return claim;
}

/* The same requests in other words; and what looks like it. The table has to see that, too. */
static void test_rules_that_ask_for_the_same_are_equal(void **state)
{
    static const struct {
        const char *one, *other;
        bool equal;
    } rows[] = {
        {"Host:a.t", "Host: A.T.", true},
        {"Host:a.t,b.t", "Host:b.t , a.t,b.t", true},
        {"Host:[::1]", "Host:[0::1]", true},
        {"Host:a.t", "Host:b.t,a.t;Host:a.t,c.t", true},
        {"Host:a.t;PathPrefix:/x", "Host:a.t;PathPrefix:/zzz,/;PathPrefix:/x", true},
        {"Host:a.t;PathPrefix:/a,/z;PathPrefix:/m", "Host:a.t;PathPrefix:/m;PathPrefix:/z,/a", true},
        {"Host:a.t;PathPrefix:/%41b;PathPrefix:/A", "Host:a.t;PathPrefix:/A;PathPrefix:/Ab", true},
        {"Host:a.t;Path:/x", "Path:/x;Host:a.t", true},
        {"Host:a.t;PathPrefix:/%41b", "Host:a.t;PathPrefix:/Ab", true},
        {"Host:a.t", "Host:a.t;PathPrefix:/", true},
        {"Host:a.t", "PathPrefix:/x,/;Host:a.t", true},
        {"PathPrefix:/", "AddPrefix:/q", true},
        {"Host:a.t;PathPrefix:/x", "Host:a.t;PathPrefixStrip:/x", true},
        {"Host:a.t;PathPrefix:/x;PathPrefix:/x/y", "Host:a.t;PathPrefix:/x/y;PathPrefix:/x", true},
        {"Host:a.t;Method:get,PUT", "Host:a.t;Method:put,GET", true},
        {"Host:a.t;Headers:X-A,1,X-B,2", "Host:a.t;Headers:x-b,2;Headers:x-a,1", true},
        {"Host:a.t;Query:a=1,b=2", "Host:a.t;Query:b=2;Query:a=1", true},
        {"HostRegexp:{s}.a.t", "HostRegexp:{s}.a.t", true},
        {"Host:a.t", "Host:b.t", false},
        {"Host:a.t", "Host:a.t,b.t", false},
        {"Host:a.t", "Host:a.t;Host:b.t", false},
        {"Host:a.t;Path:/x", "Host:a.t;PathPrefix:/x", false},
        {"Host:a.t;Path:/x", "Host:a.t;Path:/x/", false},
        {"Host:a.t;PathPrefix:/x", "Host:a.t;PathPrefix:/x/", false},
        {"Host:a.t;Headers:X-A,1", "Host:a.t;HeadersRegexp:X-A,1", false},
        {"Host:a.t;Headers:X-A,1", "Host:a.t;Headers:X-A,2", false},
        {"Host:a.t;Query:a=1", "Host:a.t;Query:a=", false},
        {"Host:a.t", "HostRegexp:a.t", false},
        {"Host:a.t;Path:/{x}", "Host:a.t;Path:/{x:.*}", false},
    };
    struct scene *scene = *state;
    for (size_t i = 0; i < WB_COUNT(rows); i++) {
        struct arena arena;
        arena_init(&arena, 0);
        bool equal = slice_eq(claim_of(&arena, rows[i].one), claim_of(&arena, rows[i].other));
        if (equal != rows[i].equal)
            fail_msg("`%s` and `%s` are %s", rows[i].one, rows[i].other, equal ? "equal" : "different");
        arena_fini(&arena);
        DELIVER(scene, {"old", rows[i].one, "b1", 100, "1"}, {"new", rows[i].other, "b2", 200, "2", 999});
        if (scene->snapshot->shadow_count != rows[i].equal)
            fail_msg("`%s` and `%s`: %zu lose", rows[i].one, rows[i].other, scene->snapshot->shadow_count);
    }
}

static void test_an_inventory_says_who_has_the_rule(void **state)
{
    struct scene *scene = *state;
    DELIVER(scene, {"old", "Host:a.t", "b1", 100, "1"}, {"new", "Host:a.t", "b2", 200, "2", 99});
    struct inventory *inventory = inventory_create(SLICE("docker"), 2);
    static const char *const names[] = {"old", "new"};
    for (size_t i = 0; i < 2; i++) {
        struct inventory_item *item = inventory_add(inventory, slice_of(names[i]), slice_of(names[i]));
        inventory_decide(item, WHY_ROUTED, "to somewhere");
        inventory_add_frontend(item, &(struct inventory_frontend){slice_of(names[i]), SLICE("Host:a.t"), SLICE("b")});
    }
    snapshot_review(scene->snapshot, inventory);
    inventory_add_problems(inventory, &scene->diagnostics);
    assert_int_equal(inventory->items[0].why, WHY_ROUTED);
    assert_int_equal(inventory->items[0].problem_count, 1);
    assert_true(
        slice_starts(inventory->items[0].problems[0].text, SLICE("the rule `Host:a.t` of frontend old is also claimed")));
    assert_int_equal(inventory->items[1].why, WHY_RULE_TAKEN);
    assert_true(
        slice_starts(inventory->items[1].sentence, SLICE("container old is older and has the rule `Host:a.t` already")));
    assert_int_equal(inventory->items[1].problem_count, 1);
    inventory_unref(&inventory);
}

/* Whatever the crowd: on each rule the oldest one's backend has it. */
static void test_in_any_crowd_the_oldest_keeps_each_rule(void **state)
{
    static const char *const rules[] = {"Host:a.t", "Host:a.t;PathPrefix:/", "Host:b.t", "Host:b.t,c.t"};
    static const char *const names[] = {"f0", "f1", "f2", "f3", "f4", "f5", "f6", "f7"};
    static const char *const backends[] = {"b0", "b1", "b2", "b3", "b4", "b5", "b6", "b7"};
    struct scene *scene = *state;
    uint64_t random = 7;
    for (int round = 0; round < 300; round++) {
        struct wish wishes[WB_COUNT(names) + 1] = {{0}};
        const struct wish *oldest[3] = {NULL};
        for (size_t i = 0; i < WB_COUNT(names); i++) {
            random = random * 6364136223846793005u + 1442695040888963407u;
            unsigned rule = (unsigned)(random >> 40) % WB_COUNT(rules), group = rule < 2 ? 0 : rule - 1;
            wishes[i] = (struct wish){
                names[i], rules[rule], backends[i], 1 + (random >> 50) % 1000 * 8 + i, "x", (int64_t)(random >> 33) % 3};
            if (!oldest[group] || wishes[i].since < oldest[group]->since)
                oldest[group] = &wishes[i];
        }
        deliver(scene, "docker", wishes);
        if (oldest[0])
            WINS(scene, "a.t", "/", oldest[0]->name);
        if (oldest[1] && !oldest[2])
            WINS(scene, "b.t", "/", oldest[1]->name);
        if (oldest[2])
            WINS(scene, "c.t", "/", oldest[2]->name);
    }
}

#define WITH_SCENE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_SCENE(test_k3_the_older_container_keeps_its_rule),
        WITH_SCENE(test_of_one_age_the_lower_id_is_the_older),
        WITH_SCENE(test_when_the_incumbent_goes_the_other_takes_over),
        WITH_SCENE(test_what_is_no_dispute_is_decided_by_the_order),
        WITH_SCENE(test_two_segments_of_a_newcomer_both_lose),
        WITH_SCENE(test_between_providers_the_order_decides_and_it_is_said),
        WITH_SCENE(test_a_rule_may_be_lost_on_one_entrypoint_only),
        WITH_SCENE(test_remembered_frontends_claim_nothing),
        WITH_SCENE(test_rules_that_ask_for_the_same_are_equal),
        WITH_SCENE(test_an_inventory_says_who_has_the_rule),
        WITH_SCENE(test_in_any_crowd_the_oldest_keeps_each_rule),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
