/* SPDX-License-Identifier: MIT */
#include "waybill/http/accept_encoding.h"

/* "0.5" in thousandths; what is no weight counts as 0 (RFC 9110 12.4.2). */
static unsigned read_weight(struct slice text)
{
    unsigned weight = 0, unit = ACCEPT_WEIGHT_MAX;

    if (text.len == 0 || text.len > 5 || (text.ptr[0] != '0' && text.ptr[0] != '1') || (text.len > 1 && text.ptr[1] != '.'))
        return 0;
    for (size_t i = 0; i < text.len; i++) {
        if (i == 1)
            continue;
        if (text.ptr[i] < '0' || text.ptr[i] > '9')
            return 0;
        weight += (unsigned)(text.ptr[i] - '0') * unit;
        unit /= 10;
    }
    return weight > ACCEPT_WEIGHT_MAX ? 0 : weight;
}

/* One element of Accept-Encoding: its name, and how much it is liked. */
static struct slice read_coding(struct slice element, unsigned *out_weight)
{
    struct slice part, name = SLICE("");
    bool first = true;

    *out_weight = ACCEPT_WEIGHT_MAX;
    while (slice_cut(&element, ';', &part)) {
        part = slice_trim(part);
        if (first)
            name = part;
        else if (slice_starts_nocase(part, SLICE("q=")))
            *out_weight = read_weight(slice_from(part, 2));
        first = false;
    }
    return name;
}

struct liking {
    unsigned gzip, brotli, others;
    bool gzip_named;
};

static void read_list(struct slice list, struct liking *liking)
{
    struct slice element;
    unsigned weight;

    while (slice_cut(&list, ',', &element)) {
        struct slice name = read_coding(element, &weight);
        if (slice_eq_nocase(name, SLICE("gzip")) || slice_eq_nocase(name, SLICE("x-gzip"))) {
            liking->gzip = weight;
            liking->gzip_named = true;
        } else if (slice_eq_nocase(name, SLICE("br"))) {
            liking->brotli = weight;
        } else if (slice_eq(name, SLICE("*"))) {
            liking->others = weight;
        }
    }
}

struct accept_encoding accept_encoding_read(const struct headers *headers)
{
    struct liking liking = {0};

    for (unsigned i = 0; i < headers->count; i++) {
        const struct header *header = &headers->items[i];
        if (!header->gone && header->id == HEADER_OTHER && slice_eq_nocase(header->name, SLICE("Accept-Encoding")))
            read_list(header->value, &liking);
    }
    return (struct accept_encoding){.gzip = liking.gzip_named ? liking.gzip : liking.others, .brotli = liking.brotli};
}
