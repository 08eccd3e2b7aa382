/* SPDX-License-Identifier: MIT */
#include "labels_group.h"
#include "label_check.h"
#include "label_value.h"
#include "waybill/base/clock.h"

static const struct slice errors_prefix = {"frontend.errors.", 16};
static const struct slice rates_prefix = {"frontend.rateLimit.rateSet.", 27};
static const char *const page_fields[] = {"status", "backend", "query"};
static const char *const rate_fields[] = {"period", "average", "burst"};

static bool is_piece(struct slice text)
{
    return text.len > 0 && memchr(text.ptr, '.', text.len) == NULL && memchr(text.ptr, ' ', text.len) == NULL;
}

/* "net.status" behind the prefix to "net" and "status"; as in 1.7 no other number of pieces is a name. */
static bool split_name(struct slice name, struct slice prefix, struct slice *out_name, struct slice *out_field)
{
    if (!slice_starts(name, prefix))
        return false;
    struct slice rest = slice_from(name, prefix.len);
    size_t dot = slice_find(rest, '.');
    *out_name = slice_head(rest, dot);
    *out_field = slice_from(rest, dot + 1);
    return is_piece(*out_name) && is_piece(*out_field);
}

bool labels_is_group_name(struct slice name)
{
    struct slice group, field;

    return split_name(name, errors_prefix, &group, &field) || split_name(name, rates_prefix, &group, &field);
}

/* How many records there can be, so that most frontends take no memory for them. */
static size_t count_names(const struct segment *segment, struct slice prefix)
{
    struct slice name, field;
    size_t count = 0;

    for (size_t i = 0; i < segment->label_count; i++)
        count += split_name(segment->labels[i].name, prefix, &name, &field);
    return count;
}

static struct model_error_page *find_page(struct model_frontend *frontend, struct slice name)
{
    for (size_t i = 0; i < frontend->error_count; i++) {
        if (slice_eq(frontend->errors[i].name, name))
            return &frontend->errors[i];
    }
    frontend->errors[frontend->error_count] = (struct model_error_page){.name = name, .backend = SLICE("backend-")};
    return &frontend->errors[frontend->error_count++];
}

/* "write A, B or C", with the one that was probably meant. */
static const char *name_fields(struct label_reading *reading, struct slice field, const char *const *names, size_t count)
{
    const char *choice = label_choice(reading->arena, field, names, count);

    return arena_format(reading->arena, "there is no `" SLICE_FMT "` here: %s", SLICE_ARG(field), choice);
}

static void read_page_field(struct label_reading *reading, const struct label *label, struct slice field,
                            struct model_error_page *page)
{
    const char *because = NULL;
    struct slice text = SLICE("");

    if (label->value.len == 0)
        return;
    if (slice_eq(field, SLICE("status")))
        (void)label_list(reading->arena, label->value, &page->status, &because);
    else if (label_text(reading->arena, label->value, false, &text, &because) && slice_eq(field, SLICE("query")))
        page->query = text;
    else if (slice_eq(field, SLICE("backend")))
        page->backend = slice_of(arena_format(reading->arena, "backend-" SLICE_FMT, SLICE_ARG(text)));
    else
        because = name_fields(reading, field, page_fields, WB_COUNT(page_fields));
    if (because)
        labels_report(reading, label, false, because);
}

void labels_read_errors(struct label_reading *reading, struct model_frontend *frontend)
{
    const struct segment *segment = reading->segment;
    struct slice name, field;

    size_t most = count_names(segment, errors_prefix);
    if (most)
        frontend->errors = ARENA_ARRAY(reading->arena, struct model_error_page, most);
    for (size_t i = 0; i < segment->label_count; i++) {
        const struct label *label = &segment->labels[i];
        if (split_name(label->name, errors_prefix, &name, &field))
            read_page_field(reading, label, field, find_page(frontend, name));
    }
}

static struct model_rate *find_rate(struct model_rate_limit *limit, struct slice name)
{
    for (size_t i = 0; i < limit->rate_count; i++) {
        if (slice_eq(limit->rates[i].name, name))
            return &limit->rates[i];
    }
    limit->rates[limit->rate_count] = (struct model_rate){.name = name};
    return &limit->rates[limit->rate_count++];
}

static const char *what_is_wrong_with_rate(struct label_reading *reading, struct slice field)
{
    if (slice_eq(field, SLICE("period")))
        return "write a duration, as 10s or 500ms";
    if (slice_eq(field, SLICE("average")) || slice_eq(field, SLICE("burst")))
        return "write a whole number";
    return name_fields(reading, field, rate_fields, WB_COUNT(rate_fields));
}

void labels_read_rates(struct label_reading *reading, struct model_rate_limit *limit)
{
    const struct segment *segment = reading->segment;
    struct slice name, field;

    size_t most = count_names(segment, rates_prefix);
    if (limit && most)
        limit->rates = ARENA_ARRAY(reading->arena, struct model_rate, most);
    for (size_t i = 0; i < segment->label_count; i++) {
        const struct label *label = &segment->labels[i];
        struct model_rate unused = {0};
        if (!split_name(label->name, rates_prefix, &name, &field) || label->value.len == 0)
            continue;
        struct model_rate *rate = limit ? find_rate(limit, name) : &unused;
        bool understood = slice_eq(field, SLICE("period"))    ? clock_parse_duration(label->value, &rate->period_ns)
                          : slice_eq(field, SLICE("average")) ? label_integer(label->value, &rate->average)
                          : slice_eq(field, SLICE("burst"))   ? label_integer(label->value, &rate->burst)
                                                              : false;
        if (!understood)
            labels_report(reading, label, true, what_is_wrong_with_rate(reading, field));
        else if (!limit)
            labels_report(reading, label, false, "it has no effect without traefik.frontend.rateLimit.extractorFunc");
    }
}
