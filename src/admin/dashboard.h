/* SPDX-License-Identifier: MIT */
/* dashboard - the files of dashboard/ as bytes; defined by the source that embed.cmake writes. Thread: any; constant. */
#pragma once
#include <stddef.h>

struct dashboard_file {
    const char *name; /* "index.html" */
    const unsigned char *bytes;
    size_t len;
};

extern const struct dashboard_file dashboard_files[];
extern const size_t dashboard_file_count;
