/* SPDX-License-Identifier: MIT */
/*
 * The match table against "try every frontend in order, the first full match wins", written apart: it cuts the rule texts
 * itself and looks at every argument. Random rules over small alphabets, so that hosts, paths and priorities collide.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "routes.h"
#include <stdio.h>

static uint64_t random_state;

static unsigned pick(unsigned count)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(random_state >> 33) % count;
}

static const char *const hosts[] = {"a.t", "b.t", "c.t", "x.a.t", "y.a.t", "[::1]"};
static const char *const host_patterns[] = {"{s}.a.t", "{s:[ab]}.t", "{all:.*}", "x.{s}.t"};
static const char *const paths[] = {"/", "/a", "/a/", "/ab", "/a/b", "/a/b/", "/a/b/c", "/b", "/%41"};
static const char *const path_patterns[] = {"/{x}", "/a/{x}", "/a{x:b?}", "/{x}/", "/{x:.*}", "/a/{x}/{y}"};
static const char *const requests[] = {"/",      "/a", "/a/", "/ab", "/abc", "/a/b", "/a/b/",
                                       "/a/b/c", "/b", "/b/", "/A",  "/z",   "/a//", "/a/b/c/d"};
static const char *const methods[] = {"GET", "POST"};
static const char *const queries[] = {"", "?a=1", "?a=2&b=1", "?b="};
static const char *const query_rules[] = {"a=1", "b=", "a={v:[0-9]}"};

/* ------- the other evaluator ------- */

static bool naive_label(const char *text, const char *end, char stop)
{
    if (text >= end)
        return false;
    for (; text < end; text++)
        if (*text == stop)
            return false;
    return true;
}

static bool ends_with(const char *text, const char *end)
{
    size_t a = strlen(text), b = strlen(end);
    return a >= b && strcmp(text + a - b, end) == 0;
}

static bool naive_host_pattern(const char *pattern, const char *host)
{
    if (strcmp(pattern, "{s}.a.t") == 0)
        return ends_with(host, ".a.t") && naive_label(host, host + strlen(host) - 4, '.');
    if (strcmp(pattern, "{s:[ab]}.t") == 0)
        return strcmp(host, "a.t") == 0 || strcmp(host, "b.t") == 0;
    if (strcmp(pattern, "x.{s}.t") == 0)
        return strncmp(host, "x.", 2) == 0 && ends_with(host, ".t") && strlen(host) > 4 &&
               naive_label(host + 2, host + strlen(host) - 2, '.');
    return true;
}

/* Whole match of a template of the list above; `prefix`: some beginning of the path will do. */
static bool naive_template(const char *pattern, const char *path, bool prefix)
{
    size_t len = strlen(path);
    char part[64];
    if (prefix) {
        for (size_t i = 0; i <= len; i++) {
            memcpy(part, path, i);
            part[i] = '\0';
            if (naive_template(pattern, part, false))
                return true;
        }
        return false;
    }
    if (strcmp(pattern, "/{x}") == 0)
        return len > 1 && path[0] == '/' && naive_label(path + 1, path + len, '/');
    if (strcmp(pattern, "/{x}/") == 0)
        return len > 2 && path[0] == '/' && path[len - 1] == '/' && naive_label(path + 1, path + len - 1, '/');
    if (strcmp(pattern, "/a/{x}") == 0)
        return strncmp(path, "/a/", 3) == 0 && naive_label(path + 3, path + len, '/');
    if (strcmp(pattern, "/a{x:b?}") == 0)
        return strcmp(path, "/a") == 0 || strcmp(path, "/ab") == 0;
    if (strcmp(pattern, "/{x:.*}") == 0)
        return path[0] == '/';
    if (strcmp(pattern, "/a/{x}/{y}") == 0) {
        const char *slash = strncmp(path, "/a/", 3) == 0 ? strchr(path + 3, '/') : NULL;
        return slash && naive_label(path + 3, slash, '/') && naive_label(slash + 1, path + len, '/');
    }
    const char *plain = strcmp(pattern, "/%41") == 0 ? "/A" : pattern;
    return strcmp(plain, path) == 0;
}

struct naive_request {
    const char *method, *host, *path, *query;
    const char *name, *alias; /* what Host is compared with, and its other name, or "" */
    bool keep_slash;
};

enum naive_slash { SLASH_SAME, SLASH_ADD, SLASH_DROP };

/* A pattern takes the final slash in, and would match without it: then the rule's own form is the one without. */
static bool naive_swallows(const char *arg, const struct naive_request *request)
{
    char path[64];
    size_t len = strlen(request->path);
    if (request->keep_slash || len < 2 || request->path[len - 1] != '/' || ends_with(arg, "/"))
        return false;
    snprintf(path, sizeof path, "%.*s", (int)len - 1, request->path);
    return naive_template(arg, path, false);
}

static bool naive_path(const char *name, const char *args, const struct naive_request *request, enum naive_slash *out_slash)
{
    bool prefix = strncmp(name, "PathPrefix", 10) == 0;
    for (int other = 0; other < 2; other++) {
        char copy[256], *save = NULL;
        snprintf(copy, sizeof copy, "%s", args);
        for (char *arg = strtok_r(copy, ",", &save); arg; arg = strtok_r(NULL, ",", &save)) {
            char path[64];
            size_t len = strlen(request->path);
            if (!other && naive_template(arg, request->path, prefix) && (prefix || !naive_swallows(arg, request))) {
                *out_slash = SLASH_SAME;
                return true;
            }
            if (!other || prefix || request->keep_slash || strcmp(request->path, "/") == 0)
                continue;
            bool add = request->path[len - 1] != '/';
            snprintf(path, sizeof path, "%.*s%s", (int)(add ? len : len - 1), request->path, add ? "/" : "");
            /* The other form must be the one that the rule spells, not one that a pattern swallows. */
            if (ends_with(arg, "/") != add)
                continue;
            if (naive_template(arg, path, false)) {
                *out_slash = add ? SLASH_ADD : SLASH_DROP;
                return true;
            }
        }
    }
    return false;
}

static bool naive_query(const char *arg, const char *query)
{
    char one[64] = "", *value;
    const char *at = query[0] == '?' ? query + 1 : query;
    while (*at) {
        size_t len = strcspn(at, "&");
        snprintf(one, sizeof one, "%.*s", (int)len, at);
        if (one[0] == arg[0])
            break;
        one[0] = '\0';
        at += len + (at[len] == '&');
    }
    if (!one[0])
        return false;
    value = strchr(one, '=') + 1;
    if (strcmp(arg, "b=") == 0)
        return true;
    return strcmp(arg, "a=1") == 0 ? strcmp(value, "1") == 0 : strlen(value) == 1 && value[0] >= '0' && value[0] <= '9';
}

static bool naive_any(const char *name, const char *args, const struct naive_request *request)
{
    char copy[256], *save = NULL;
    snprintf(copy, sizeof copy, "%s", args);
    for (char *arg = strtok_r(copy, ",", &save); arg; arg = strtok_r(NULL, ",", &save)) {
        if (strcmp(name, "Host") == 0 && strcmp(arg, request->name) == 0)
            return true;
        if (strcmp(name, "HostRegexp") == 0 && naive_host_pattern(arg, request->host))
            return true;
        if (strcmp(name, "Method") == 0 && strcmp(arg, request->method) == 0)
            return true;
        if (strcmp(name, "Query") == 0 && naive_query(arg, request->query))
            return true;
    }
    return false;
}

static bool naive_match_name(const char *rule, const struct naive_request *request, enum naive_slash *out_slash)
{
    char copy[512], *save = NULL;
    *out_slash = SLASH_SAME;
    snprintf(copy, sizeof copy, "%s", rule);
    for (char *part = strtok_r(copy, ";", &save); part; part = strtok_r(NULL, ";", &save)) {
        char *args = strchr(part, ':');
        *args++ = '\0';
        enum naive_slash slash = SLASH_SAME;
        bool holds = strcmp(part, "AddPrefix") == 0  ? true
                     : strncmp(part, "Path", 4) == 0 ? naive_path(part, args, request, &slash)
                                                     : naive_any(part, args, request);
        if (!holds)
            return false;
        if (slash != SLASH_SAME)
            *out_slash = slash;
    }
    return true;
}

/* Host takes the host, or its other name. */
static bool naive_match(const char *rule, const struct naive_request *request, enum naive_slash *out_slash)
{
    struct naive_request other = *request;
    other.name = request->alias;
    return naive_match_name(rule, request, out_slash) || naive_match_name(rule, &other, out_slash);
}

/* ------- random rules ------- */

static void add_args(char *rule, size_t size, const char *name, const char *const *from, unsigned from_count,
                     const char *const *patterns, unsigned pattern_count)
{
    unsigned count = 1 + pick(3);
    size_t len = strlen(rule);
    len += (size_t)snprintf(rule + len, size - len, "%s%s:", len ? ";" : "", name);
    for (unsigned i = 0; i < count; i++) {
        unsigned which = pick(from_count + pattern_count);
        const char *arg = which < from_count ? from[which] : patterns[which - from_count];
        len += (size_t)snprintf(rule + len, size - len, "%s%s", i ? "," : "", arg);
    }
}

static void make_rule(char *rule, size_t size)
{
    rule[0] = '\0';
    if (pick(100) == 0) /* matches everything */
        snprintf(rule, size, "AddPrefix:/q");
    while (!rule[0]) {
        if (pick(10) < 7)
            add_args(rule, size, "Host", hosts, WB_COUNT(hosts), NULL, 0);
        if (pick(20) == 0)
            add_args(rule, size, "Host", hosts, WB_COUNT(hosts), NULL, 0);
        if (pick(10) < 2)
            add_args(rule, size, "HostRegexp", host_patterns, WB_COUNT(host_patterns), NULL, 0);
        if (pick(10) < 5)
            add_args(rule, size, "PathPrefix", paths, WB_COUNT(paths), path_patterns, pick(2) ? WB_COUNT(path_patterns) : 0);
        if (pick(10) < 4)
            add_args(rule, size, "Path", paths, WB_COUNT(paths), path_patterns, pick(2) ? WB_COUNT(path_patterns) : 0);
        if (pick(10) < 1)
            add_args(rule, size, "Method", methods, WB_COUNT(methods), NULL, 0);
        if (pick(10) < 1) { /* several queries are ANDed: one a part */
            size_t len = strlen(rule);
            snprintf(rule + len, size - len, "%sQuery:%s", len ? ";" : "", query_rules[pick(WB_COUNT(query_rules))]);
        }
    }
}

static size_t matched, redirected;

static void compare(struct routes *routes, char rules[][512], const struct naive_request *request)
{
    char line[256];
    size_t expected = SIZE_MAX;
    enum naive_slash slash = SLASH_SAME;
    snprintf(line, sizeof line, "%s %s%s%s", request->method, request->host, request->path, request->query);
    struct match_input input = routes_input(&routes->arena, line, NULL);
    input.alias = slice_of(request->alias);
    struct match_found found = match_table_find(routes->table, &input);
    for (size_t i = 0; i < routes->count && expected == SIZE_MAX; i++)
        if (naive_match(rules[i], request, &slash))
            expected = i;
    size_t got = found.frontend ? (size_t)(found.frontend - routes->frontends) : SIZE_MAX;
    if (got != expected)
        fail_msg("%s: table says %s, trying all says %s", line, got == SIZE_MAX ? "none" : rules[got],
                 expected == SIZE_MAX ? "none" : rules[expected]);
    if (expected == SIZE_MAX)
        return;
    matched++;
    redirected += slash != SLASH_SAME;
    if (found.slash_redirect != (slash != SLASH_SAME) || found.add_slash != (slash == SLASH_ADD))
        fail_msg("%s on %s: slash %d, %d instead of %d", line, rules[got], found.slash_redirect, found.add_slash,
                 (int)slash);
}

static void test_table_equals_trying_every_frontend_in_order(void **state)
{
    static char rules[ROUTES_MAX][512];
    size_t cases = 0;
    (void)state;
    random_state = 20261123;
    for (unsigned round = 0; round < 400; round++) {
        struct routes routes = {.keep_slash = round % 4 == 3};
        size_t count = 1 + pick(ROUTES_MAX - 1);
        for (size_t i = 0; i < count; i++) {
            make_rule(rules[i], sizeof rules[i]);
            const char *error = routes_add(&routes, rules[i]);
            if (error)
                fail_msg("%s: %s", rules[i], error);
        }
        routes.table = match_table_create(routes.list, routes.count, routes.keep_slash);
        for (unsigned i = 0; i < 100; i++) {
            const char *host = pick(12) ? hosts[pick(WB_COUNT(hosts))] : "other.t";
            struct naive_request request = {.method = methods[pick(2)],
                                            .host = host,
                                            .name = host,
                                            .alias = pick(4) ? "" : hosts[pick(WB_COUNT(hosts))],
                                            .path = requests[pick(WB_COUNT(requests))],
                                            .query = queries[pick(WB_COUNT(queries))],
                                            .keep_slash = routes.keep_slash};
            compare(&routes, rules, &request);
            cases++;
        }
        routes_fini(&routes);
    }
    assert_int_equal(cases, 40000);
    /* Else the comparison says little. */
    assert_in_range(matched, 15000, 39000);
    assert_in_range(redirected, 500, 20000);
}

/* H7: the case of a host does not matter with any number of hosts. */
static void test_host_case_does_not_matter_with_any_number_of_hosts(void **state)
{
    static const size_t counts[] = {1, 99, 101, 10000};
    (void)state;
    for (size_t c = 0; c < WB_COUNT(counts); c++) {
        size_t count = counts[c];
        struct arena arena;
        arena_init(&arena, 0);
        struct route_frontend *all = wb_alloc(count * sizeof *all),
                              **list = wb_alloc(count * sizeof(struct route_frontend *));
        for (size_t i = 0; i < count; i++) {
            struct slice text = slice_of(arena_format(&arena, "Host:Name-%zu.Test", i)), error;
            all[i].rule = rule_parse(&arena, &text, 1, &error);
            list[i] = &all[i];
        }
        struct match_table *table = match_table_create(list, count, false);
        for (size_t i = 0; i < count; i += 1 + count / 50) {
            struct match_input input = {.method = SLICE("GET"), .path = SLICE("/")};
            input.host = slice_of(arena_format(&arena, "nAMe-%zu.tESt.", i));
            assert_ptr_equal(match_table_find(table, &input).frontend, &all[i]);
            input.host = slice_of(arena_format(&arena, "nAMe-%zu.tEStx", i));
            assert_null(match_table_find(table, &input).frontend);
        }
        match_table_destroy(&table);
        for (size_t i = 0; i < count; i++)
            rule_release(all[i].rule);
        free(all);
        free(list);
        arena_fini(&arena);
    }
}

static void test_host_longer_than_any_name_matches_nothing(void **state)
{
    struct routes routes = {.count = 0};
    char host[300];
    (void)state;
    memset(host, 'a', sizeof host);
    assert_null(routes_add(&routes, "PathPrefix:/"));
    routes.table = match_table_create(routes.list, 1, false);
    struct match_input input = {.method = SLICE("GET"), .host = {host, sizeof host}, .path = SLICE("/")};
    assert_null(match_table_find(routes.table, &input).frontend);
    input.host.len = 255;
    assert_non_null(match_table_find(routes.table, &input).frontend);
    routes_fini(&routes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table_equals_trying_every_frontend_in_order),
        cmocka_unit_test(test_host_case_does_not_matter_with_any_number_of_hosts),
        cmocka_unit_test(test_host_longer_than_any_name_matches_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
