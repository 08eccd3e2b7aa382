/* SPDX-License-Identifier: MIT */
#include "health.h"
#include "waybill/base/clock.h"
#include "waybill/exchange/environment.h"
#include <inttypes.h>
#include <time.h>

static const uint64_t second_ns = 1000000000;

void health_window_init(struct health_window *window, uint64_t now_ns)
{
    *window = (struct health_window){.older.at_ns = now_ns, .newer.at_ns = now_ns};
    WB_REQUIRE(pthread_mutex_init(&window->lock, NULL) == 0);
}

void health_window_fini(struct health_window *window)
{
    pthread_mutex_destroy(&window->lock);
}

static void add_counters(struct health_facts *facts, const struct exchange_counters *counters)
{
    /* Below 100 are exchanges that ended without an answer: they have no status to be counted under. */
    for (size_t status = 100; status < HEALTH_STATUS_COUNT; status++)
        facts->total[status] += cell_read(&counters->status[status]);
    facts->response_ns += cell_read(&counters->response_ns);
    facts->response_bytes += cell_read(&counters->response_bytes);
}

static void rotate(struct health_window *window, uint64_t now_ns, const uint64_t total[HEALTH_STATUS_COUNT])
{
    if (now_ns - window->newer.at_ns < second_ns)
        return;
    window->older = window->newer;
    window->newer.at_ns = now_ns;
    memcpy(window->newer.status, total, sizeof window->newer.status);
}

void health_window_read(struct health_window *window, uint64_t now_ns, const struct exchange_counters *const *counters,
                        size_t counter_count, struct health_facts *out_facts)
{
    pthread_mutex_lock(&window->lock);
    for (size_t i = 0; i < counter_count; i++) {
        if (counters[i])
            add_counters(out_facts, counters[i]);
    }
    if (now_ns < window->newer.at_ns) /* somebody else read between our look at the clock and the lock */
        now_ns = window->newer.at_ns;
    rotate(window, now_ns, out_facts->total);
    uint64_t elapsed_ns = now_ns - window->older.at_ns;
    if (elapsed_ns < second_ns)
        elapsed_ns = second_ns;
    for (size_t i = 0; i < HEALTH_STATUS_COUNT; i++) {
        double more = (double)(out_facts->total[i] - window->older.status[i]);
        out_facts->second[i] = (uint64_t)(more * (double)second_ns / (double)elapsed_ns + 0.5);
    }
    pthread_mutex_unlock(&window->lock);
}

void health_write_counts(struct text *out, const uint64_t counts[HEALTH_STATUS_COUNT])
{
    const char *separator = "";

    text_add_char(out, '{');
    for (size_t status = 100; status < HEALTH_STATUS_COUNT; status++) {
        if (!counts[status])
            continue;
        text_addf(out, "%s\"%zu\":%" PRIu64, separator, status, counts[status]);
        separator = ",";
    }
    text_add_char(out, '}');
}

static uint64_t sum_of(const uint64_t counts[HEALTH_STATUS_COUNT])
{
    uint64_t sum = 0;

    for (size_t i = 0; i < HEALTH_STATUS_COUNT; i++)
        sum += counts[i];
    return sum;
}

void health_write_seconds(struct text *out, uint64_t ns)
{
    text_addf(out, "%" PRIu64 ".%09" PRIu64, ns / second_ns, ns % second_ns);
    while (out->ptr[out->len - 1] == '0')
        out->len--;
    if (out->ptr[out->len - 1] == '.')
        out->len--;
    out->ptr[out->len] = '\0';
}

/* ,"NAME":"1.4s","NAME_sec":1.4 */
static void write_duration(struct text *out, const char *name, uint64_t ns)
{
    char duration[CLOCK_DURATION_SIZE];

    clock_format_duration((int64_t)ns, duration);
    text_addf(out, ",\"%s\":\"%s\",\"%s_sec\":", name, duration, name);
    health_write_seconds(out, ns);
}

/* As Go prints a time: 2026-11-23 08:13:21.461268986 +0000 UTC m=+0.307046077 */
static void write_time(struct text *out, uint64_t wall_ns, uint64_t uptime_ns)
{
    time_t seconds = (time_t)(wall_ns / second_ns);
    struct tm parts;
    char day[40];

    gmtime_r(&seconds, &parts);
    strftime(day, sizeof day, "%Y-%m-%d %H:%M:", &parts);
    text_addf(out, "%s%s", day, parts.tm_sec < 10 ? "0" : "");
    health_write_seconds(out, (uint64_t)parts.tm_sec * second_ns + wall_ns % second_ns);
    text_addf(out, " +0000 UTC m=+%" PRIu64 ".%09" PRIu64, uptime_ns / second_ns, uptime_ns % second_ns);
}

void health_write(struct text *out, const struct health_facts *facts)
{
    uint64_t total = sum_of(facts->total);

    text_addf(out, "{\"pid\":%ld,\"hostname\":\"\"", facts->pid);
    write_duration(out, "uptime", facts->uptime_ns);
    text_add(out, SLICE(",\"time\":\""));
    write_time(out, facts->wall_ns, facts->uptime_ns);
    text_addf(out, "\",\"unixtime\":%" PRIu64 ",\"status_code_count\":", facts->wall_ns / second_ns);
    health_write_counts(out, facts->second);
    text_add(out, SLICE(",\"total_status_code_count\":"));
    health_write_counts(out, facts->total);
    text_addf(out, ",\"count\":%" PRIu64 ",\"total_count\":%" PRIu64, sum_of(facts->second), total);
    write_duration(out, "total_response_time", facts->response_ns);
    text_addf(out, ",\"total_response_size\":%" PRIu64 ",\"average_response_size\":%" PRIu64, facts->response_bytes,
              total ? facts->response_bytes / total : 0);
    write_duration(out, "average_response_time", total ? facts->response_ns / total : 0);
    text_add(out, SLICE(",\"total_metrics_counts\":{},\"average_metrics_timers\":{}}"));
}
