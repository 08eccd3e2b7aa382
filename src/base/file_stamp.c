/* SPDX-License-Identifier: MIT */
#include "waybill/base/file_stamp.h"
#include <stdlib.h>
#include <sys/stat.h>

void file_stamp_add(struct text *out, struct slice path)
{
    char *name = slice_dup(path);
    struct stat status;

    if (stat(name, &status) == 0) {
        const uint64_t marks[] = {status.st_dev,
                                  status.st_ino,
                                  (uint64_t)status.st_size,
                                  (uint64_t)status.st_mtim.tv_sec,
                                  (uint64_t)status.st_mtim.tv_nsec,
                                  (uint64_t)status.st_ctim.tv_sec,
                                  (uint64_t)status.st_ctim.tv_nsec};
        text_add(out, slice_make((const char *)marks, sizeof marks));
    }
    text_add_char(out, '\0');
    free(name);
}
