/* SPDX-License-Identifier: MIT */
#include "keyed.h"
#include "waybill/base/error.h"
#include <stdlib.h>

enum { KEYED_FIRST = 16 };

void keyed_init(struct keyed *keyed)
{
    *keyed = (struct keyed){.places = wb_alloc(KEYED_FIRST * sizeof *keyed->places), .mask = KEYED_FIRST - 1};
}

void keyed_fini(struct keyed *keyed)
{
    free(keyed->places);
    *keyed = (struct keyed){0};
}

/* Where the key is, or the free place where it belongs. */
static size_t find_place(const struct keyed *keyed, const struct fingerprint *key)
{
    size_t at = key->halves[0] & keyed->mask;
    while (keyed->places[at].value && !fingerprint_eq(&keyed->places[at].key, key))
        at = (at + 1) & keyed->mask;
    return at;
}

void *keyed_get(const struct keyed *keyed, const struct fingerprint *key)
{
    return keyed->places[find_place(keyed, key)].value;
}

static void resize(struct keyed *keyed, size_t size)
{
    struct keyed old = *keyed;
    keyed->mask = size - 1;
    keyed->places = wb_alloc(size * sizeof *keyed->places);
    for (size_t i = 0; i <= old.mask; i++)
        if (old.places[i].value)
            keyed->places[find_place(keyed, &old.places[i].key)] = old.places[i];
    free(old.places);
}

void keyed_put(struct keyed *keyed, const struct fingerprint *key, void *value)
{
    WB_REQUIRE(value);
    if (2 * (keyed->count + 1) > keyed->mask + 1)
        resize(keyed, 2 * (keyed->mask + 1));
    size_t at = find_place(keyed, key);
    WB_REQUIRE(!keyed->places[at].value);
    keyed->places[at] = (struct keyed_place){*key, value};
    keyed->count++;
}

/* What lies behind moves up to where a look for it begins or goes through, so no mark is needed. */
static void close_gap(struct keyed *keyed, size_t gap)
{
    for (size_t at = (gap + 1) & keyed->mask; keyed->places[at].value; at = (at + 1) & keyed->mask) {
        size_t wanted = keyed->places[at].key.halves[0] & keyed->mask;
        if (((at - wanted) & keyed->mask) < ((at - gap) & keyed->mask))
            continue;
        keyed->places[gap] = keyed->places[at];
        gap = at;
    }
    keyed->places[gap].value = NULL;
}

void keyed_remove(struct keyed *keyed, const struct fingerprint *key)
{
    size_t at = find_place(keyed, key);
    WB_REQUIRE(keyed->places[at].value);
    close_gap(keyed, at);
    keyed->count--;
    if (keyed->mask + 1 > KEYED_FIRST && 8 * keyed->count < keyed->mask + 1)
        resize(keyed, (keyed->mask + 1) / 2);
}
