/* SPDX-License-Identifier: MIT */
#include "waybill/model/sort.h"
#include "waybill/base/error.h"
#include "waybill/base/slice.h"
#include <stdlib.h>

static bool comes_after(const char *a, const char *b)
{
    return slice_compare(*(const struct slice *)(const void *)a, *(const struct slice *)(const void *)b) > 0;
}

/* Merges the two neighbouring runs [0, middle) and [middle, count) of `from` into `into`. */
static void merge_runs(char *into, const char *from, size_t middle, size_t count, size_t size)
{
    size_t left = 0, right = middle;

    for (size_t i = 0; i < count; i++) {
        bool take_right = left == middle || (right < count && comes_after(from + left * size, from + right * size));
        size_t *taken = take_right ? &right : &left;

        memcpy(into + i * size, from + *taken * size, size);
        (*taken)++;
    }
}

static bool in_order(const char *records, size_t count, size_t size)
{
    for (size_t i = 1; i < count; i++) {
        if (comes_after(records + (i - 1) * size, records + i * size))
            return false;
    }
    return true;
}

/* Bottom-up merge sort: stable, which qsort does not promise, and never quadratic. */
void sort_by_name(void *records, size_t count, size_t size)
{
    if (in_order(records, count, size))
        return;
    char *spare = wb_alloc(count * size);
    char *from = records, *into = spare;

    for (size_t run = 1; run < count; run *= 2) {
        for (size_t start = 0; start < count; start += 2 * run) {
            size_t here = count - start < 2 * run ? count - start : 2 * run;
            merge_runs(into + start * size, from + start * size, run < here ? run : here, here, size);
        }
        char *swap = from;
        from = into;
        into = swap;
    }
    if (from != records)
        memcpy(records, from, count * size);
    free(spare);
}
