/* SPDX-License-Identifier: MIT */
#include "waybill/exchange/access_log.h"
#include "access_private.h"
#include "waybill/base/clock.h"
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* So many bytes, or so long after the first line: a thread that is woken for each line would cost more than the line, and a file
 * system takes one large piece for half of what it asks for many small ones. */
enum { GATHER_BYTES = 120 * 1024, GATHER_MS = 100, LINE_BYTES = 7 * 1024, SPARE_BYTES_MAX = 16 * 1024 };

struct access_log {
    struct loop *loop;
    const struct access_rules *rules;
    struct line_writer *writer;
    struct text lines;
    uint64_t count; /* of lines */
    struct deadline hand_over;
    uint64_t wall_offset_ns; /* of the wall clock to the monotonic one, as of the first line that was gathered */
    struct access_stamp stamp;
    struct text spare; /* of notes: few are in use at one time */
};

static _Atomic uint64_t request_count; /* process-wide, as v1.7 numbers its lines */

static void hand_over(struct access_log *log)
{
    if (log->count)
        line_writer_post(log->writer, &log->lines, log->count);
    log->count = 0;
    deadline_clear(&log->hand_over);
}

static void on_gathered(struct deadline *deadline)
{
    hand_over(WB_CONTAINER_OF(deadline, struct access_log, hand_over));
}

struct access_log *access_log_create(struct loop *loop, const struct access_rules *rules, struct line_writer *writer)
{
    struct access_log *log = wb_alloc(sizeof *log);

    log->loop = loop;
    log->rules = rules;
    log->writer = writer;
    log->stamp.second = UINT64_MAX;
    deadline_init(&log->hand_over, on_gathered);
    return log;
}

void access_log_destroy(struct access_log **log)
{
    struct access_log *closing = *log;

    *log = NULL;
    if (!closing)
        return;
    hand_over(closing);
    loop_remove_deadline(closing->loop, &closing->hand_over);
    text_fini(&closing->lines);
    text_fini(&closing->spare);
    free(closing);
}

const struct access_rules *access_log_rules(const struct access_log *log)
{
    return log->rules;
}

struct text access_log_take_spare(struct access_log *log)
{
    struct text spare = log->spare;

    log->spare = TEXT_EMPTY;
    spare.len = 0;
    return spare;
}

void access_log_put_aside(struct access_log *log, struct text *text)
{
    if (!log->spare.ptr && text->capacity <= SPARE_BYTES_MAX)
        log->spare = *text;
    else
        text_fini(text);
    *text = TEXT_EMPTY;
}

static void spell_zone(const struct tm *here, char out[8])
{
    long minutes = here->tm_gmtoff / 60, size = labs(minutes);

    if (minutes == 0)
        strcpy(out, "Z");
    else
        snprintf(out, 8, "%c%02u:%02u", minutes < 0 ? '-' : '+', (unsigned)(size / 60) % 100, (unsigned)(size % 60));
}

static const struct access_stamp *stamp_of(struct access_log *log, uint64_t wall_ns)
{
    struct access_stamp *stamp = &log->stamp;
    uint64_t second = wall_ns / 1000000000u;
    time_t time = (time_t)second;
    struct tm utc, here;

    if (second == stamp->second)
        return stamp;
    stamp->second = second;
    gmtime_r(&time, &utc);
    strftime(stamp->common, sizeof stamp->common, "%d/%b/%Y:%H:%M:%S +0000", &utc);
    if (log->rules->json) {
        localtime_r(&time, &here);
        strftime(stamp->utc, sizeof stamp->utc, "%Y-%m-%dT%H:%M:%S", &utc);
        strftime(stamp->local, sizeof stamp->local, "%Y-%m-%dT%H:%M:%S", &here);
        spell_zone(&here, stamp->zone);
    }
    return stamp;
}

static bool is_wanted(const struct access_rules *rules, const struct exchange *x, uint64_t duration_ns)
{
    if (!rules->is_filtered)
        return true;
    for (size_t i = 0; i < rules->status_count; i++)
        if (x->status >= rules->statuses[i].from && x->status <= rules->statuses[i].to)
            return true;
    return (rules->retried && x->attempts > 1) || (rules->longer_than_ns && duration_ns > rules->longer_than_ns);
}

static struct slice protocol_name(enum http_version version)
{
    switch (version) {
    case HTTP_1_0:
        return SLICE("HTTP/1.0");
    case HTTP_1_1:
        return SLICE("HTTP/1.1");
    case HTTP_2:
        return SLICE("HTTP/2.0");
    }
    WB_UNREACHABLE();
}

static void compose(struct access_log *log, const struct exchange *x, uint64_t number, uint64_t now_ns)
{
    static const struct access_note nothing;
    struct slice forwarded = headers_value(&x->request.headers, HEADER_X_FORWARDED_FOR);
    char ip[ADDRESS_TEXT_SIZE];
    struct access_facts facts = {
        .exchange = x,
        .note = x->note ? x->note : &nothing,
        .rules = log->rules,
        .number = number,
        .now_ns = now_ns,
        .duration_ns = now_ns - x->started_ns,
        .peer = slice_make(ip, address_format_ip(&x->peer, ip)),
        .protocol = protocol_name(x->request.version),
    };

    facts.client = forwarded.len ? forwarded : facts.peer;
    facts.start_wall_ns = x->started_ns + log->wall_offset_ns;
    facts.stamp = stamp_of(log, facts.start_wall_ns);
    if (log->rules->json)
        access_json_add(&log->lines, &facts);
    else
        access_common_add(&log->lines, &facts);
}

static void begin_gathering(struct access_log *log, uint64_t now_ns)
{
    text_reserve(&log->lines, GATHER_BYTES + LINE_BYTES);
    log->wall_offset_ns = clock_wall_ns() - now_ns;
}

void access_log_add(struct access_log *log, const struct exchange *x, uint64_t now_ns)
{
    uint64_t number = atomic_fetch_add_explicit(&request_count, 1, memory_order_relaxed) + 1;

    if (!is_wanted(log->rules, x, now_ns - x->started_ns))
        return;
    if (log->count++ == 0)
        begin_gathering(log, now_ns);
    compose(log, x, number, now_ns);
    if (log->lines.len >= GATHER_BYTES)
        hand_over(log);
    else if (log->count == 1)
        loop_set_deadline_in(log->loop, &log->hand_over, GATHER_MS);
}
