/* SPDX-License-Identifier: MIT */
#include "trace_note.h"
#include "waybill/base/clock.h"
#include "waybill/base/digest.h"
#include "waybill/net/loop.h"
#include <stdlib.h>

/* As with the access log: who is woken for each record would cost more than the record. */
enum { GATHER_BYTES = 32 * 1024, GATHER_MS = 100, RECORD_BYTES = 1024 };

struct tracer {
    struct loop *loop;
    const struct tracer_options *options;
    uint64_t sampled_below; /* of the 2^56 numbers that the end of a trace's number may be */
    uint64_t state[2];      /* of the numbers that spans get */
    struct text records;
    uint64_t count;
    struct deadline hand_over;
    uint64_t wall_offset_ns; /* of the wall clock to the monotonic one, as of the first record that was gathered */
};

static const uint64_t number_mask = ((uint64_t)1 << 56) - 1;

static void hand_over(struct tracer *tracer)
{
    if (tracer->count)
        tracer->options->sink->post(tracer->options->sink, &tracer->records, tracer->count);
    tracer->count = 0;
    deadline_clear(&tracer->hand_over);
}

static void on_gathered(struct deadline *deadline)
{
    hand_over(WB_CONTAINER_OF(deadline, struct tracer, hand_over));
}

struct tracer *tracer_create(struct loop *loop, const struct tracer_options *options)
{
    struct tracer *tracer = wb_alloc(sizeof *tracer);

    tracer->loop = loop;
    tracer->options = options;
    tracer->sampled_below = (uint64_t)(options->sample_rate * (double)(number_mask + 1));
    digest_random(tracer->state, sizeof tracer->state);
    tracer->state[0] |= 1; /* never all 0 */
    deadline_init(&tracer->hand_over, on_gathered);
    return tracer;
}

void tracer_destroy(struct tracer **tracer)
{
    struct tracer *ending = *tracer;

    *tracer = NULL;
    if (!ending)
        return;
    hand_over(ending);
    loop_remove_deadline(ending->loop, &ending->hand_over);
    text_fini(&ending->records);
    free(ending);
}

const struct tracer_options *tracer_options_of(const struct tracer *tracer)
{
    return tracer->options;
}

/* They are to be unlike, over all routers, but no secrets: a generator from a random start (xorshift128+) does. */
uint64_t tracer_new_span(struct tracer *tracer)
{
    uint64_t number = 0;

    while (!number) {
        uint64_t older = tracer->state[0], newer = tracer->state[1];

        older ^= older << 23;
        tracer->state[0] = newer;
        tracer->state[1] = older ^ newer ^ (older >> 18) ^ (newer >> 5);
        number = tracer->state[1] + newer;
    }
    return number;
}

bool tracer_samples(const struct tracer *tracer, const struct trace_id *trace)
{
    return (trace->low & number_mask) < tracer->sampled_below;
}

void tracer_add(struct tracer *tracer, struct span_record *record, uint64_t now_ns)
{
    if (tracer->count++ == 0) {
        text_reserve(&tracer->records, GATHER_BYTES + RECORD_BYTES);
        tracer->wall_offset_ns = clock_wall_ns() - now_ns;
    }
    record->started_wall_ns += tracer->wall_offset_ns;
    record->forward_wall_ns += tracer->wall_offset_ns;
    span_record_add(&tracer->records, record);
    if (tracer->records.len >= GATHER_BYTES)
        hand_over(tracer);
    else if (tracer->count == 1)
        loop_set_deadline_in(tracer->loop, &tracer->hand_over, GATHER_MS);
}
