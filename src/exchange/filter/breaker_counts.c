/* SPDX-License-Identifier: MIT */
#include "breaker_counts.h"

enum { SLOTS = 10, SECOND_MS = 1000, LATENCY_SLOTS = 6, LATENCY_SLOT_MS = 10000 };

enum { ERROR_RATIO, CODE_RATIO, LATENCY };

static const struct expression_function functions[] = {
    [ERROR_RATIO] = {"NetworkErrorRatio", EXPRESSION_NUMBER, 0},
    [CODE_RATIO] = {"ResponseCodeRatio", EXPRESSION_NUMBER, 4},
    [LATENCY] = {"LatencyAtQuantileMS", EXPRESSION_NUMBER, 1},
};

/* A ratio is first by second. Of a latency: first are below the bound, second are it or below, of all. */
struct slot {
    uint32_t first, second, all;
};

struct breaker_counts {
    uint64_t epoch;
    uint64_t next_ask_ms;
    uint64_t second, latency_slot; /* numbers of the newest slots, since the clock began */
    size_t test_count;
    struct slot slots[][SLOTS]; /* of each test */
};

bool breaker_parse(struct arena *arena, struct slice text, struct expression *out, struct slice *out_error)
{
    return expression_parse(arena, text, functions, WB_COUNT(functions), out, out_error);
}

struct breaker_counts *breaker_counts_create(const struct expression *expression)
{
    struct breaker_counts *counts = wb_alloc(sizeof *counts + expression->test_count * sizeof counts->slots[0]);

    counts->test_count = expression->test_count;
    return counts;
}

static size_t slots_of(const struct expression_test *test)
{
    return test->function == LATENCY ? LATENCY_SLOTS : SLOTS;
}

/* Slots whose time has come again are emptied; `*newest` becomes `now`. */
static void turn(struct breaker_counts *counts, const struct expression *expression, bool latencies, uint64_t *newest,
                 uint64_t now)
{
    uint64_t passed = now > *newest ? now - *newest : 0;

    for (size_t t = 0; passed && t < expression->test_count; t++) {
        size_t slots = slots_of(&expression->tests[t]);
        if ((expression->tests[t].function == LATENCY) != latencies)
            continue;
        for (uint64_t i = 0; i < passed && i < slots; i++)
            counts->slots[t][(now - i) % slots] = (struct slot){0};
    }
    if (passed)
        *newest = now;
}

static void turn_both(struct breaker_counts *counts, const struct expression *expression, uint64_t now_ms)
{
    turn(counts, expression, false, &counts->second, now_ms / SECOND_MS);
    turn(counts, expression, true, &counts->latency_slot, now_ms / LATENCY_SLOT_MS);
}

static bool is_between(unsigned status, double from, double to)
{
    return status >= from && status < to;
}

static void count(struct slot *slot, const struct expression_test *test, unsigned status, uint64_t latency_ms)
{
    const double *at = test->arguments;

    slot->all++;
    switch (test->function) {
    case ERROR_RATIO:
        slot->first += status == 502 || status == 504;
        slot->second++;
        break;
    case CODE_RATIO:
        slot->first += is_between(status, at[0], at[1]);
        slot->second += is_between(status, at[2], at[3]);
        break;
    case LATENCY:
        slot->first += (double)latency_ms < test->limit;
        slot->second += (double)latency_ms <= test->limit;
        break;
    default:
        WB_UNREACHABLE();
    }
}

static void forget(struct breaker_counts *counts)
{
    memset(counts->slots, 0, counts->test_count * sizeof counts->slots[0]);
}

void breaker_counts_add(struct breaker_counts *counts, const struct expression *expression, uint64_t epoch, unsigned status,
                        uint64_t latency_ms, uint64_t now_ms)
{
    WB_REQUIRE(counts->test_count == expression->test_count);
    if (counts->epoch != epoch)
        forget(counts);
    counts->epoch = epoch;
    turn_both(counts, expression, now_ms);
    for (size_t t = 0; t < expression->test_count; t++) {
        const struct expression_test *test = &expression->tests[t];
        uint64_t newest = test->function == LATENCY ? counts->latency_slot : counts->second;
        count(&counts->slots[t][newest % slots_of(test)], test, status, latency_ms);
    }
}

/* What the quantile is, only relative to the bound: below it, it, or above. */
static double side_of_bound(const struct expression_test *test, uint64_t below, uint64_t up_to, uint64_t all)
{
    double quantile = test->arguments[0] < 100 ? test->arguments[0] : 100;
    uint64_t rank = (uint64_t)(quantile / 100 * (double)all + 0.5);

    if (rank == 0) /* of nothing, and the least of all: 0 ms */
        return 0;
    return below >= rank ? test->limit - 1 : up_to >= rank ? test->limit : test->limit + 1;
}

static bool answer(void *arg, const struct expression_test *test)
{
    const struct breaker_counts *counts = arg;
    uint64_t first = 0, second = 0, all = 0;

    for (size_t i = 0; i < slots_of(test); i++) {
        first += counts->slots[test->number][i].first;
        second += counts->slots[test->number][i].second;
        all += counts->slots[test->number][i].all;
    }
    if (test->function == LATENCY)
        return expression_test_number(test, side_of_bound(test, first, second, all));
    return expression_test_number(test, second ? (double)first / (double)second : 0);
}

bool breaker_counts_ask(struct breaker_counts *counts, const struct expression *expression, uint64_t every_ms,
                        uint64_t now_ms)
{
    if (now_ms < counts->next_ask_ms)
        return false;
    counts->next_ask_ms = now_ms + every_ms;
    turn_both(counts, expression, now_ms);
    return expression_holds(expression, answer, counts);
}
