/* SPDX-License-Identifier: MIT */
/* vitals - what the kernel says of this program. Thread: any. */
#pragma once
#include <stdint.h>

struct vitals {
    uint64_t cpu_ns;
    uint64_t open_files, files_max;
    uint64_t resident_bytes, virtual_bytes;
};

/* What cannot be read is 0. */
void vitals_read(struct vitals *out_vitals);
