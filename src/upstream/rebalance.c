/* SPDX-License-Identifier: MIT */
#include "rebalance.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { REST_MS = 10000, LOOK_EVERY_MS = 100, STEP = 4, WEIGHT_MOST = 4096 };
static const double STANDS_OUT = 1.5;

/* Seconds that have passed unnoticed had nothing. */
static void tally_advance(struct tally *tally, uint64_t now_s)
{
    if (now_s - tally->last_s >= RATING_SECONDS)
        memset(tally->by_second, 0, sizeof tally->by_second);
    else
        for (uint64_t s = tally->last_s + 1; s <= now_s; s++)
            tally->by_second[s % RATING_SECONDS] = 0;
    tally->last_s = now_s;
}

static void tally_add(struct tally *tally, uint64_t now_s)
{
    bool is_new = tally->last_s != now_s || tally->seconds_seen == 0;

    if (is_new && tally->seconds_seen < RATING_SECONDS)
        tally->seconds_seen++;
    tally_advance(tally, now_s);
    tally->by_second[now_s % RATING_SECONDS]++;
}

/* What fell out of the ten seconds since something was counted does not count. */
static uint64_t tally_sum(const struct tally *tally, uint64_t now_s)
{
    struct tally now = *tally;
    uint64_t sum = 0;

    tally_advance(&now, now_s);
    for (size_t i = 0; i < RATING_SECONDS; i++)
        sum += now.by_second[i];
    return sum;
}

static double rating_of(const struct rating *server, uint64_t now_s)
{
    uint64_t bad = tally_sum(&server->bad, now_s), all = bad + tally_sum(&server->good, now_s);
    return all ? (double)bad / (double)all : 0;
}

static bool takes_part(const struct rating *server)
{
    return server->configured > 0 && !server->absent;
}

static int compare_numbers(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static double median_of(double *numbers, size_t count)
{
    qsort(numbers, count, sizeof *numbers, compare_numbers);
    return numbers[count / 2];
}

/* Above this a rating stands out: median and median deviation, of an odd number of ratings; an even one gets a 0 more. */
static double find_limit(const double *ratings, size_t count)
{
    size_t odd = count + (count % 2 == 0);
    double *sorted = wb_alloc(odd * sizeof *sorted);

    memcpy(sorted, ratings, count * sizeof *sorted);
    double median = median_of(sorted, odd);
    for (size_t i = 0; i < odd; i++)
        sorted[i] = fabs(sorted[i] - median);
    double limit = STANDS_OUT * (median + median_of(sorted, odd));
    free(sorted);
    return limit;
}

static bool is_ready(const struct rebalancer *r)
{
    size_t count = 0;

    for (size_t i = 0; i < r->count; i++) {
        const struct rating *server = &r->servers[i];
        if (!takes_part(server))
            continue;
        if (server->bad.seconds_seen + server->good.seconds_seen < RATING_SECONDS)
            return false;
        count++;
    }
    return count >= 2;
}

static void reduce_weights(struct rebalancer *r)
{
    unsigned divisor = 0;

    for (size_t i = 0; i < r->count; i++)
        for (unsigned rest = takes_part(&r->servers[i]) ? r->servers[i].weight : 0; rest;) {
            unsigned next = divisor % rest;
            divisor = rest;
            rest = next;
        }
    for (size_t i = 0; i < r->count && divisor > 1; i++)
        if (takes_part(&r->servers[i]))
            r->servers[i].weight /= divisor;
}

static void favour(struct rebalancer *r, const double *ratings, double limit)
{
    for (size_t i = 0, of = 0; i < r->count; i++) {
        struct rating *server = &r->servers[i];
        if (takes_part(server) && ratings[of++] <= limit && server->weight * STEP <= WEIGHT_MOST)
            server->weight *= STEP;
    }
}

static void move_back(struct rebalancer *r)
{
    for (size_t i = 0; i < r->count; i++) {
        struct rating *server = &r->servers[i];
        unsigned less = server->weight / STEP;
        if (takes_part(server))
            server->weight = less > server->configured ? less : server->configured;
    }
}

static bool have_moved(struct rebalancer *r)
{
    bool moved = false;

    for (size_t i = 0; i < r->count; i++) {
        moved = moved || r->servers[i].weight != r->servers[i].before;
        r->servers[i].before = r->servers[i].weight;
    }
    return moved;
}

static bool adjust(struct rebalancer *r, uint64_t now_s)
{
    double *ratings = wb_alloc((r->count + 1) * sizeof *ratings);
    size_t count = 0, bad = 0;

    for (size_t i = 0; i < r->count; i++)
        if (takes_part(&r->servers[i]))
            ratings[count++] = rating_of(&r->servers[i], now_s);
    double limit = find_limit(ratings, count);
    for (size_t i = 0; i < count; i++)
        bad += ratings[i] > limit;
    if (bad > 0 && bad < count)
        favour(r, ratings, limit);
    else
        move_back(r);
    free(ratings);
    reduce_weights(r);
    return have_moved(r);
}

void rebalancer_init(struct rebalancer *r, const unsigned *weights, size_t count)
{
    *r = (struct rebalancer){.servers = wb_alloc((count + 1) * sizeof(struct rating)), .count = count};
    for (size_t i = 0; i < count; i++)
        r->servers[i].configured = r->servers[i].weight = weights[i];
    reduce_weights(r);
    (void)have_moved(r);
}

void rebalancer_fini(struct rebalancer *r)
{
    free(r->servers);
    *r = (struct rebalancer){0};
}

bool rebalancer_note(struct rebalancer *r, size_t server, unsigned status, uint64_t now_ms)
{
    WB_REQUIRE(server < r->count);
    struct rating *rating = &r->servers[server];

    tally_add(status >= 500 && status <= 504 ? &rating->bad : &rating->good, now_ms / 1000);
    if (now_ms < r->rest_until_ms || now_ms < r->look_at_ms)
        return false;
    r->look_at_ms = now_ms + LOOK_EVERY_MS;
    if (!is_ready(r) || !adjust(r, now_ms / 1000))
        return false;
    r->rest_until_ms = now_ms + REST_MS;
    return true;
}
