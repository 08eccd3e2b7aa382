/* SPDX-License-Identifier: MIT */
#include "waybill/model/model.h"
#include "waybill/base/log.h"
#include "waybill/model/diagnostic.h"
#include "waybill/model/schema.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

static struct fragment *one_frontend(struct slice provider, struct model_frontend frontend)
{
    struct fragment *fragment = fragment_create(provider);

    fragment->frontends = ARENA_NEW(&fragment->arena, struct model_frontend);
    fragment->frontends[0] = frontend;
    fragment->frontend_count = 1;
    return fragment;
}

static void test_frontends_are_sorted_by_bytes_and_found_by_name(void **state)
{
    static const char *const names[] = {"b", "a", "", "B", "ab", "\xc3\xa4", "a b", "10", "9"};
    struct fragment *fragment = fragment_create(SLICE("file"));

    (void)state;
    fragment->frontend_count = WB_COUNT(names);
    fragment->frontends = ARENA_ARRAY(&fragment->arena, struct model_frontend, WB_COUNT(names));
    for (size_t i = 0; i < WB_COUNT(names); i++) {
        fragment->frontends[i].name = slice_of(names[i]);
        fragment->frontends[i].priority = (int64_t)i;
    }
    fragment_sort(fragment);
    for (size_t i = 1; i < WB_COUNT(names); i++)
        assert_true(slice_compare(fragment->frontends[i - 1].name, fragment->frontends[i].name) < 0);
    for (size_t i = 0; i < WB_COUNT(names); i++)
        assert_int_equal(fragment_frontend(fragment, slice_of(names[i]))->priority, i);
    assert_null(fragment_frontend(fragment, SLICE("c")));
    assert_null(fragment_backend(fragment, SLICE("a")));
    fragment_unref(&fragment);
}

static void test_sorting_keeps_the_order_of_equal_names_at_every_size(void **state)
{
    (void)state;
    for (size_t count = 0; count < 70; count++) {
        struct fragment *fragment = fragment_create(SLICE("file"));
        fragment->backends = ARENA_ARRAY(&fragment->arena, struct model_backend, 1);
        fragment->backend_count = 1;
        struct model_backend *backend = &fragment->backends[0];
        backend->servers = ARENA_ARRAY(&fragment->arena, struct model_server, count);
        backend->server_count = count;
        for (size_t i = 0; i < count; i++) {
            backend->servers[i].name = slice_of(arena_format(&fragment->arena, "s%zu", i * 7 % 5));
            backend->servers[i].weight = (int64_t)i;
        }
        fragment_sort(fragment);
        for (size_t i = 1; i < count; i++) {
            int order = slice_compare(backend->servers[i - 1].name, backend->servers[i].name);
            assert_true(order < 0 || (order == 0 && backend->servers[i - 1].weight < backend->servers[i].weight));
        }
        fragment_unref(&fragment);
    }
}

/* One record with every field set, and each field alone changed must make two records differ. */
static void fill_group(struct arena *arena, const struct group *group, void *record);

static void fill_field(struct arena *arena, const struct field *field, void *record)
{
    void *at = field_at(field, record);

    switch (field->type) {
    case FIELD_TEXT:
        *(struct slice *)at = SLICE("text");
        return;
    case FIELD_BOOL:
        *(bool *)at = true;
        return;
    case FIELD_INTEGER:
    case FIELD_DURATION:
        *(int64_t *)at = 7;
        return;
    case FIELD_TEXTS:
        slices_add(arena, at, SLICE("item"));
        return;
    case FIELD_PAIRS: {
        struct model_pairs *pairs = at;
        pairs->items = ARENA_NEW(arena, struct model_pair);
        pairs->items[0] = (struct model_pair){SLICE("name"), SLICE("value")};
        pairs->count = 1;
        return;
    }
    case FIELD_GROUP:
    case FIELD_NAMED: {
        struct records one = {arena_alloc(arena, field->group->size), 1};
        fill_group(arena, field->group, one.first);
        field_set_records(field, record, one);
        return;
    }
    }
}

static void fill_group(struct arena *arena, const struct group *group, void *record)
{
    for (size_t i = 0; i < group->field_count; i++)
        fill_field(arena, &group->fields[i], record);
}

static struct fragment *full_fragment(void)
{
    struct fragment *fragment = fragment_create(SLICE("file"));

    fill_group(&fragment->arena, &schema_fragment, fragment);
    return fragment;
}

/* Empties the nth field that is not empty, counting through all depths; false when there are fewer. */
static bool empty_nth(const struct group *group, void *record, size_t *nth)
{
    for (size_t i = 0; i < group->field_count; i++) {
        const struct field *field = &group->fields[i];
        struct records records = field->group ? field_records(field, record) : (struct records){NULL, 0};

        if ((*nth)-- == 0) {
            size_t size = field->type == FIELD_TEXT    ? sizeof(struct slice)
                          : field->type == FIELD_BOOL  ? sizeof(bool)
                          : field->type == FIELD_TEXTS ? sizeof(struct slices)
                          : field->type == FIELD_PAIRS ? sizeof(struct model_pairs)
                                                       : sizeof(int64_t);
            if (field->group)
                field_set_records(field, record, (struct records){NULL, 0});
            else
                memset(field_at(field, record), 0, size);
            return true;
        }
        if (records.count && empty_nth(field->group, records.first, nth))
            return true;
    }
    return false;
}

static void test_any_field_that_changes_makes_fragments_differ(void **state)
{
    struct fragment *one = full_fragment(), *other = full_fragment();
    size_t changed = 0;

    (void)state;
    assert_true(fragment_equal(one, other));
    for (;; changed++) {
        struct fragment *less = full_fragment();
        size_t nth = changed;
        bool found = empty_nth(&schema_fragment, less, &nth);

        assert_true(!found || !fragment_equal(one, less));
        fragment_unref(&less);
        if (!found)
            break;
    }
    assert_true(changed > 100);
    fragment_unref(&one);
    fragment_unref(&other);
}

static void test_equality_sees_what_is_not_shown_but_not_where_it_was_written(void **state)
{
    struct fragment *plain = one_frontend(SLICE("file"), (struct model_frontend){.name = SLICE("f")});
    struct fragment *moved = one_frontend(SLICE("file"),
                                          (struct model_frontend){.name = SLICE("f"), .origin = SLICE("x:9")});
    struct fragment *closed = one_frontend(SLICE("file"),
                                           (struct model_frontend){.name = SLICE("f"), .closed_because = SLICE("x")});
    struct fragment *list = one_frontend(SLICE("file"),
                                         (struct model_frontend){.name = SLICE("f"), .basic_auth_present = true});
    struct fragment *renamed = one_frontend(SLICE("file"), (struct model_frontend){.name = SLICE("g")});
    struct fragment *foreign = one_frontend(SLICE("rest"), (struct model_frontend){.name = SLICE("f")});

    (void)state;
    assert_true(fragment_equal(plain, moved));
    assert_false(fragment_equal(plain, closed));
    assert_false(fragment_equal(plain, list));
    assert_false(fragment_equal(plain, renamed));
    assert_false(fragment_equal(plain, foreign));
    fragment_unref(&plain);
    fragment_unref(&moved);
    fragment_unref(&closed);
    fragment_unref(&list);
    fragment_unref(&renamed);
    fragment_unref(&foreign);
}

static void test_a_model_keeps_one_fragment_a_provider_sorted_and_copies_share_them(void **state)
{
    struct model model = {.count = 0}, copy;
    struct fragment *rest = fragment_create(SLICE("rest")), *docker = fragment_create(SLICE("docker"));
    struct fragment *file = fragment_create(SLICE("file")), *newer = fragment_create(SLICE("file"));
    struct fragment *was = fragment_ref(file);

    (void)state;
    model_replace(&model, &rest);
    assert_null(rest);
    model_replace(&model, &docker);
    model_replace(&model, &file);
    assert_int_equal(model.count, 3);
    assert_true(slice_eq(model.fragments[0]->provider, SLICE("docker")));
    assert_true(slice_eq(model.fragments[2]->provider, SLICE("rest")));
    assert_ptr_equal(model_fragment(&model, SLICE("file")), was);
    model_copy(&copy, &model);
    assert_int_equal(atomic_load(&was->refs), 3);
    model_replace(&model, &newer);
    assert_int_equal(model.count, 3);
    assert_int_equal(atomic_load(&was->refs), 2);
    assert_ptr_equal(model_fragment(&copy, SLICE("file")), was);
    assert_null(model_fragment(&model, SLICE("web")));
    model_fini(&model);
    model_fini(&copy);
    assert_int_equal(atomic_load(&was->refs), 1);
    fragment_unref(&was);
}

static void test_entrypoints_default_and_unknown_ones_are_dropped_with_a_diagnostic(void **state)
{
    struct slice default_items[] = {SLICE("http"), SLICE("gone")}, known_items[] = {SLICE("http"), SLICE("https")};
    struct slices defaults = {default_items, 2}, known = {known_items, 2};
    struct slice wrong[] = {SLICE("HTTP")}, twice[] = {SLICE("https"), SLICE("https"), SLICE("x")};
    struct fragment *fragment = fragment_create(SLICE("file"));
    struct model_frontend frontends[3] = {{.name = SLICE("a")},
                                          {.name = SLICE("b"), .entrypoints = {wrong, 1}},
                                          {.name = SLICE("c"), .entrypoints = {twice, 3}, .origin = SLICE("r.toml:3")}};
    struct diagnostics diagnostics;

    (void)state;
    diagnostics_init(&diagnostics);
    fragment->frontends = frontends;
    fragment->frontend_count = 3;
    fragment_set_defaults(fragment, &defaults, &known, &diagnostics);
    assert_int_equal(frontends[0].entrypoints.count, 1);
    assert_true(slice_eq(frontends[0].entrypoints.items[0], SLICE("http")));
    assert_int_equal(frontends[1].entrypoints.count, 0);
    assert_int_equal(frontends[2].entrypoints.count, 2);
    assert_int_equal(diagnostics.count, 3);
    assert_int_equal(diagnostics.items[0].severity, DIAGNOSTIC_WARNING);
    assert_int_equal(diagnostics.items[1].severity, DIAGNOSTIC_ERROR);
    assert_non_null(strstr(diagnostics.items[1].text, "`HTTP`"));
    assert_string_equal(diagnostics.items[2].place, "r.toml:3");
    diagnostics_fini(&diagnostics);
    fragment_unref(&fragment);
}

static void expect_balancer(struct model_load_balancer *given, const char *method, bool sticky, const char *cookie)
{
    struct fragment *fragment = fragment_create(SLICE("file"));
    struct model_backend backend = {.name = SLICE("b"), .load_balancer = given};
    struct slices none = {NULL, 0};

    fragment->backends = &backend;
    fragment->backend_count = 1;
    fragment_set_defaults(fragment, &none, &none, NULL);
    assert_true(slice_eq(backend.load_balancer->method, slice_of(method)));
    assert_int_equal(backend.load_balancer->sticky, sticky);
    assert_int_equal(backend.load_balancer->stickiness != NULL, cookie != NULL);
    if (cookie)
        assert_true(slice_eq(backend.load_balancer->stickiness->cookie_name, slice_of(cookie)));
    fragment_unref(&fragment);
}

static void test_balancers_get_a_method_and_keep_their_stickiness(void **state)
{
    struct model_stickiness mine = {SLICE("mine")};

    (void)state;
    expect_balancer(NULL, "wrr", false, NULL);
    expect_balancer(&(struct model_load_balancer){.method = SLICE("DrR")}, "DrR", false, NULL);
    expect_balancer(&(struct model_load_balancer){.method = SLICE(" wrr"), .stickiness = &mine}, "wrr", false, "mine");
    expect_balancer(&(struct model_load_balancer){.method = SLICE("wrr"), .sticky = true}, "wrr", true, "_TRAEFIK_BACKEND");
    expect_balancer(&(struct model_load_balancer){.sticky = true}, "wrr", false, "_TRAEFIK_BACKEND");
    expect_balancer(&(struct model_load_balancer){.method = SLICE("drr"), .sticky = true, .stickiness = &mine}, "drr", true,
                    "mine");
}

static void test_slices_grow_and_are_copies(void **state)
{
    struct arena arena;
    struct slices list = {NULL, 0};
    char digit[] = "0";

    (void)state;
    arena_init(&arena, 0);
    for (int i = 0; i < 40; i++) {
        digit[0] = (char)('0' + i % 10);
        slices_add(&arena, &list, slice_of(digit));
    }
    assert_int_equal(list.count, 40);
    for (size_t i = 0; i < 40; i++)
        assert_int_equal(list.items[i].ptr[0], '0' + (int)(i % 10));
    arena_fini(&arena);
}

static void test_slices_are_split_trimmed_and_without_empty_parts(void **state)
{
    struct arena arena;

    (void)state;
    arena_init(&arena, 0);
    struct slices parts = slices_split(&arena, SLICE(" a ,, b c\t,\n,d,"), ',');
    assert_int_equal(parts.count, 3);
    assert_true(slice_eq(parts.items[0], SLICE("a")));
    assert_true(slice_eq(parts.items[1], SLICE("b c")));
    assert_true(slice_eq(parts.items[2], SLICE("d")));
    assert_int_equal(slices_split(&arena, SLICE(""), ',').count, 0);
    assert_int_equal(slices_split(&arena, SLICE(" , "), ',').count, 0);
    arena_fini(&arena);
}

static char said[4096];
static void remember_line(enum log_level level, const char *line, void *arg)
{
    (void)arg;
    size_t len = strlen(said);
    snprintf(said + len, sizeof said - len, "%d %s\n", (int)level, line);
}

static void test_a_diagnostic_is_logged_once_a_change(void **state)
{
    struct diagnostics before, now;

    (void)state;
    diagnostics_init(&before);
    diagnostics_init(&now);
    diagnostics_add(&before, DIAGNOSTIC_ERROR, SLICE("container a"), "old %s", "one");
    diagnostics_add(&now, DIAGNOSTIC_ERROR, SLICE("container a"), "old %s", "one");
    diagnostics_add(&now, DIAGNOSTIC_WARNING, SLICE("container b"), "new %d", 2);
    diagnostics_add(&now, DIAGNOSTIC_WARNING, SLICE("container b"), "new %d", 2);
    diagnostics_add(&now, DIAGNOSTIC_CLOSED, SLICE("container a"), "old %s", "one");
    log_set_level(LOG_WARN);
    log_set_sink(remember_line, NULL);
    said[0] = '\0';
    diagnostics_log_new(&now, &before);
    assert_null(strstr(said, "3 container a: old one\n"));
    assert_non_null(strstr(said, "container b: new 2"));
    assert_ptr_equal(strstr(strstr(said, "container b: new 2") + 1, "container b: new 2"), NULL);
    assert_non_null(strstr(said, "container a: old one; until then it answers 503"));
    said[0] = '\0';
    diagnostics_log_new(&now, &now);
    assert_string_equal(said, "");
    diagnostics_log_new(&before, NULL);
    assert_non_null(strstr(said, "container a: old one"));
    log_set_sink(NULL, NULL);
    diagnostics_fini(&before);
    diagnostics_fini(&now);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_frontends_are_sorted_by_bytes_and_found_by_name),
        cmocka_unit_test(test_sorting_keeps_the_order_of_equal_names_at_every_size),
        cmocka_unit_test(test_any_field_that_changes_makes_fragments_differ),
        cmocka_unit_test(test_equality_sees_what_is_not_shown_but_not_where_it_was_written),
        cmocka_unit_test(test_a_model_keeps_one_fragment_a_provider_sorted_and_copies_share_them),
        cmocka_unit_test(test_entrypoints_default_and_unknown_ones_are_dropped_with_a_diagnostic),
        cmocka_unit_test(test_balancers_get_a_method_and_keep_their_stickiness),
        cmocka_unit_test(test_slices_grow_and_are_copies),
        cmocka_unit_test(test_slices_are_split_trimmed_and_without_empty_parts),
        cmocka_unit_test(test_a_diagnostic_is_logged_once_a_change),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
