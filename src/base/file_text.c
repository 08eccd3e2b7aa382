/* SPDX-License-Identifier: MIT */
#include "waybill/base/file_text.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static wb_err check_kind(int file)
{
    struct stat status;

    if (fstat(file, &status) != 0)
        return -errno;
    return S_ISREG(status.st_mode) ? 0 : S_ISDIR(status.st_mode) ? -EISDIR : -EINVAL;
}

static wb_err read_all(int file, struct text *out, size_t most)
{
    char bytes[16384];
    size_t sum = 0;

    for (;;) {
        ssize_t got = read(file, bytes, sizeof bytes);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return got < 0 ? -errno : 0;
        sum += (size_t)got;
        if (sum > most)
            return -EFBIG;
        text_add(out, slice_make(bytes, (size_t)got));
    }
}

wb_err file_text_add(struct text *out, struct slice path, size_t most)
{
    char *name = slice_dup(path);
    int file = open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY); /* to open a pipe takes time, too */
    wb_err error = file < 0 ? -errno : check_kind(file);

    free(name);
    if (!error)
        error = read_all(file, out, most);
    if (file >= 0)
        close(file);
    return error;
}
