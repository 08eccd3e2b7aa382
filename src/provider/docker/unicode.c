/* SPDX-License-Identifier: MIT */
#include "unicode.h"
#include "waybill/base/error.h"

static const struct {
    uint32_t first, last;
} letters_and_numbers[] = {
#include "unicode_ranges.inc"
};

bool unicode_is_letter_or_number(uint32_t point)
{
    size_t low = 0, high = WB_COUNT(letters_and_numbers);

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (point > letters_and_numbers[middle].last)
            low = middle + 1;
        else if (point < letters_and_numbers[middle].first)
            high = middle;
        else
            return true;
    }
    return false;
}
