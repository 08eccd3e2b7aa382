/* SPDX-License-Identifier: MIT */
#include "waybill/http/trace_context.h"
#include <endian.h>

/* The fields of one request. `*_count`: of those with that name. */
struct trace_fields {
    struct slice parent, b3;
    unsigned parent_count, b3_count;
    struct slice trace_id, span_id, parent_span_id, sampled, flags;
    bool has_multi, has_state;
};

enum trace_field {
    FIELD_NONE,
    FIELD_PARENT,
    FIELD_STATE,
    FIELD_B3,
    FIELD_TRACE_ID,
    FIELD_SPAN_ID,
    FIELD_PARENT_SPAN_ID,
    FIELD_SAMPLED,
    FIELD_FLAGS,
};

static enum trace_field field_of(struct slice name)
{
    static const struct {
        struct slice name;
        enum trace_field field;
    } names[] = {{{"traceparent", 11}, FIELD_PARENT},
                 {{"tracestate", 10}, FIELD_STATE},
                 {{"b3", 2}, FIELD_B3},
                 {{"x-b3-traceid", 12}, FIELD_TRACE_ID},
                 {{"x-b3-spanid", 11}, FIELD_SPAN_ID},
                 {{"x-b3-parentspanid", 17}, FIELD_PARENT_SPAN_ID},
                 {{"x-b3-sampled", 12}, FIELD_SAMPLED},
                 {{"x-b3-flags", 10}, FIELD_FLAGS}};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (slice_eq_nocase(name, names[i].name))
            return names[i].field;
    return FIELD_NONE;
}

static void find_fields(const struct headers *headers, struct trace_fields *out_fields)
{
    *out_fields = (struct trace_fields){.parent_count = 0};
    for (unsigned i = 0; i < headers->count; i++) {
        const struct header *header = &headers->items[i];
        struct slice *const multi[] = {[FIELD_TRACE_ID] = &out_fields->trace_id,
                                       [FIELD_SPAN_ID] = &out_fields->span_id,
                                       [FIELD_PARENT_SPAN_ID] = &out_fields->parent_span_id,
                                       [FIELD_SAMPLED] = &out_fields->sampled,
                                       [FIELD_FLAGS] = &out_fields->flags};
        enum trace_field field = header->gone || header->id != HEADER_OTHER ? FIELD_NONE : field_of(header->name);

        if (field == FIELD_PARENT) {
            out_fields->parent = header->value;
            out_fields->parent_count++;
        } else if (field == FIELD_B3) {
            out_fields->b3 = header->value;
            out_fields->b3_count++;
        } else if (field == FIELD_STATE) {
            out_fields->has_state = true;
        } else if (field >= FIELD_TRACE_ID) {
            *multi[field] = header->value;
            out_fields->has_multi = true;
        }
    }
}

/* All of `text`, digits of either case. */
static bool read_hex(struct slice text, uint64_t *out_number)
{
    *out_number = 0;
    for (size_t i = 0; i < text.len; i++) {
        int digit = ascii_hex(text.ptr[i]);
        if (digit < 0)
            return false;
        *out_number = *out_number << 4 | (uint64_t)digit;
    }
    return text.len > 0 && text.len <= TRACE_SPAN_CHARS;
}

static bool read_trace_id(struct slice text, struct trace_id *out_id)
{
    *out_id = (struct trace_id){0};
    if (text.len == TRACE_SPAN_CHARS)
        return read_hex(text, &out_id->low) && out_id->low;
    return text.len == TRACE_ID_CHARS && read_hex(slice_head(text, TRACE_SPAN_CHARS), &out_id->high) &&
           read_hex(slice_from(text, TRACE_SPAN_CHARS), &out_id->low) && (out_id->high || out_id->low);
}

static bool read_span(struct slice text, uint64_t *out_span)
{
    return text.len == TRACE_SPAN_CHARS && read_hex(text, out_span) && *out_span;
}

static bool has_capitals(struct slice text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] >= 'A' && text.ptr[i] <= 'F')
            return true;
    return false;
}

/* "00-<32>-<16>-<2>" (W3C Trace Context 3.2). A version that is not known yet may have more behind a dash; ff is none. */
static bool read_parent(struct slice text, struct trace_context *context)
{
    uint64_t version, flags;
    struct trace_id trace;
    uint64_t span;

    if (text.len < TRACE_PARENT_CHARS || text.ptr[2] != '-' || text.ptr[35] != '-' || text.ptr[52] != '-')
        return false;
    if (has_capitals(slice_head(text, TRACE_PARENT_CHARS)) || !read_hex(slice_head(text, 2), &version) || version == 0xff)
        return false;
    if (text.len > TRACE_PARENT_CHARS && (version == 0 || text.ptr[TRACE_PARENT_CHARS] != '-'))
        return false;
    if (!read_trace_id(slice_make(text.ptr + 3, TRACE_ID_CHARS), &trace) ||
        !read_span(slice_make(text.ptr + 36, TRACE_SPAN_CHARS), &span) || !read_hex(slice_make(text.ptr + 53, 2), &flags))
        return false;
    context->trace = trace;
    context->span = span;
    context->sampling = flags & 1 ? TRACE_SAMPLED : TRACE_DROPPED;
    context->from_parent = true;
    return true;
}

static bool read_sampling(struct slice text, enum trace_sampling *out_sampling)
{
    if (slice_eq(text, SLICE("1")) || slice_eq_nocase(text, SLICE("true")))
        *out_sampling = TRACE_SAMPLED;
    else if (slice_eq(text, SLICE("0")) || slice_eq_nocase(text, SLICE("false")))
        *out_sampling = TRACE_DROPPED;
    else if (slice_eq(text, SLICE("d")))
        *out_sampling = TRACE_DEBUG;
    else
        return false;
    return true;
}

/* "<trace>-<span>[-<sampling>[-<parent>]]", or the sampling alone. */
static bool read_b3(struct slice text, struct trace_context *context)
{
    struct slice parts[4] = {{0}}, rest = text;
    struct trace_context found = *context;
    size_t count = 0;

    for (struct slice part; slice_cut(&rest, '-', &part); count++) {
        if (count == 4)
            return false;
        parts[count] = part;
    }
    if (count == 1)
        return read_sampling(text, &context->sampling);
    if (!read_trace_id(parts[0], &found.trace) || !read_span(parts[1], &found.span) ||
        (count > 2 && !read_sampling(parts[2], &found.sampling)) || (count > 3 && !read_span(parts[3], &found.parent)))
        return false;
    *context = found;
    return true;
}

/* A sampling that is not understood, or a parent, is left out alone. */
static void read_multi(const struct trace_fields *fields, struct trace_context *context)
{
    struct trace_id trace;
    uint64_t span;

    (void)read_sampling(fields->sampled, &context->sampling);
    if (slice_eq(fields->flags, SLICE("1")))
        context->sampling = TRACE_DEBUG;
    if (!read_trace_id(fields->trace_id, &trace) || !read_span(fields->span_id, &span))
        return;
    context->trace = trace;
    context->span = span;
    if (!read_span(fields->parent_span_id, &context->parent))
        context->parent = 0;
}

void trace_context_read(const struct headers *headers, struct trace_context *context)
{
    struct trace_fields fields;

    find_fields(headers, &fields);
    *context = (struct trace_context){.spellings = (fields.parent_count ? TRACE_W3C : 0u) |
                                                   (fields.b3_count ? TRACE_B3_SINGLE : 0u) |
                                                   (fields.has_multi ? TRACE_B3_MULTI : 0u),
                                      .has_state = fields.has_state};
    if (!context->spellings)
        return;
    if (fields.parent_count == 1 && read_parent(fields.parent, context))
        return;
    if (fields.b3_count == 1 && read_b3(fields.b3, context))
        return;
    read_multi(&fields, context);
}

void trace_context_remove(struct headers *headers, bool keeps_state)
{
    for (unsigned i = 0; i < headers->count; i++) {
        struct header *header = &headers->items[i];
        enum trace_field field = header->gone || header->id != HEADER_OTHER ? FIELD_NONE : field_of(header->name);

        if (field != FIELD_NONE && !(field == FIELD_STATE && keeps_state))
            header->gone = true;
    }
}

/* Eight digits at once: a byte for each nibble, then what makes a digit of it. */
static void write_half(uint32_t half, char out[8])
{
    const uint64_t ones = 0x0101010101010101u;
    uint64_t nibbles = half, letters;

    nibbles = (nibbles << 16 | nibbles) & 0x0000ffff0000ffffu;
    nibbles = (nibbles << 8 | nibbles) & 0x00ff00ff00ff00ffu;
    nibbles = (nibbles << 4 | nibbles) & 0x0f0f0f0f0f0f0f0fu;
    letters = (nibbles + 6 * ones) >> 4 & ones;
    nibbles += '0' * ones + letters * ('a' - '9' - 1);
    nibbles = htobe64(nibbles); /* the highest comes first */
    memcpy(out, &nibbles, sizeof nibbles);
}

void trace_span_write(uint64_t span, char out[TRACE_SPAN_CHARS])
{
    write_half((uint32_t)(span >> 32), out);
    write_half((uint32_t)span, out + 8);
}

size_t trace_id_write(const struct trace_id *id, char out[TRACE_ID_CHARS])
{
    if (!id->high) {
        trace_span_write(id->low, out);
        return TRACE_SPAN_CHARS;
    }
    trace_span_write(id->high, out);
    trace_span_write(id->low, out + TRACE_SPAN_CHARS);
    return TRACE_ID_CHARS;
}

char trace_sampling_char(enum trace_sampling sampling)
{
    switch (sampling) {
    case TRACE_UNDECIDED:
    case TRACE_DROPPED:
        return '0';
    case TRACE_SAMPLED:
        return '1';
    case TRACE_DEBUG:
        return 'd';
    }
    return '0';
}

void trace_parent_write(const struct trace_context *context, char out[TRACE_PARENT_CHARS])
{
    memcpy(out, "00-", 3);
    trace_span_write(context->trace.high, out + 3);
    trace_span_write(context->trace.low, out + 3 + TRACE_SPAN_CHARS);
    out[35] = '-';
    trace_span_write(context->span, out + 36);
    memcpy(out + 52, context->sampling >= TRACE_SAMPLED ? "-01" : "-00", 3);
}

size_t trace_b3_write(const struct trace_context *context, char out[TRACE_B3_CHARS])
{
    size_t len = trace_id_write(&context->trace, out);

    out[len++] = '-';
    trace_span_write(context->span, out + len);
    len += TRACE_SPAN_CHARS;
    out[len++] = '-';
    out[len++] = trace_sampling_char(context->sampling);
    if (context->parent) {
        out[len++] = '-';
        trace_span_write(context->parent, out + len);
        len += TRACE_SPAN_CHARS;
    }
    return len;
}
