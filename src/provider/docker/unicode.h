/* SPDX-License-Identifier: MIT */
/* unicode - which characters are letters or numbers (Unicode categories L and N). Thread: any. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

bool unicode_is_letter_or_number(uint32_t point);
