/* SPDX-License-Identifier: MIT */
#include "waybill/base/clock.h"
#include <stdio.h>
#include <string.h>
#include <time.h>

static uint64_t read_clock(clockid_t which)
{
    struct timespec t;
    clock_gettime(which, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

uint64_t clock_monotonic_ns(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

uint64_t clock_monotonic_ms(void)
{
    return read_clock(CLOCK_MONOTONIC) / 1000000u;
}

uint64_t clock_wall_ns(void)
{
    return read_clock(CLOCK_REALTIME);
}

static struct tm utc_of(uint64_t wall_ns)
{
    time_t seconds = (time_t)(wall_ns / 1000000000u);
    struct tm utc;
    gmtime_r(&seconds, &utc);
    return utc;
}

void clock_http_date(uint64_t wall_ns, char out[CLOCK_HTTP_DATE_SIZE])
{
    static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    struct tm utc = utc_of(wall_ns);
    snprintf(out, CLOCK_HTTP_DATE_SIZE, "%s, %02u %s %04u %02u:%02u:%02u GMT", days[utc.tm_wday],
             (unsigned)utc.tm_mday % 100u, months[utc.tm_mon], (unsigned)(utc.tm_year + 1900) % 10000u,
             (unsigned)utc.tm_hour % 100u, (unsigned)utc.tm_min % 100u, (unsigned)utc.tm_sec % 100u);
}

void clock_rfc3339(uint64_t wall_ns, char out[CLOCK_RFC3339_SIZE])
{
    struct tm utc = utc_of(wall_ns);
    strftime(out, CLOCK_RFC3339_SIZE, "%Y-%m-%dT%H:%M:%SZ", &utc);
}

static int print_fraction(char *out, size_t size, uint64_t value, uint64_t unit, const char *name)
{
    char digits[24];
    size_t len = 0;
    uint64_t whole = value / unit, part = value % unit;

    if (part == 0)
        return snprintf(out, size, "%llu%s", (unsigned long long)whole, name);
    for (uint64_t place = unit / 10; part; part %= place, place = place > 1 ? place / 10 : 1)
        digits[len++] = (char)('0' + part / place);
    digits[len] = '\0';
    return snprintf(out, size, "%llu.%s%s", (unsigned long long)whole, digits, name);
}

void clock_format_duration(int64_t ns, char out[CLOCK_DURATION_SIZE])
{
    uint64_t value = ns < 0 ? (uint64_t)0 - (uint64_t)ns : (uint64_t)ns;
    char *at = out;
    size_t left = CLOCK_DURATION_SIZE;

    if (ns < 0) {
        *at++ = '-';
        left--;
    }
    if (value == 0) {
        snprintf(at, left, "0s");
    } else if (value < 1000u) {
        snprintf(at, left, "%lluns", (unsigned long long)value);
    } else if (value < 1000000u) {
        print_fraction(at, left, value, 1000u, "µs");
    } else if (value < 1000000000u) {
        print_fraction(at, left, value, 1000000u, "ms");
    } else {
        uint64_t minutes = value / 60000000000u, seconds = value % 60000000000u;
        if (minutes >= 60) {
            int wrote = snprintf(at, left, "%lluh", (unsigned long long)(minutes / 60));
            at += wrote;
            left -= (size_t)wrote;
        }
        if (minutes) {
            int wrote = snprintf(at, left, "%llum", (unsigned long long)(minutes % 60));
            at += wrote;
            left -= (size_t)wrote;
        }
        print_fraction(at, left, seconds, 1000000000u, "s");
    }
}
