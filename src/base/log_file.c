/* SPDX-License-Identifier: MIT */
#include "waybill/base/log_file.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static wb_err make_folders(char *path)
{
    for (char *at = path + 1; *at; at++) {
        if (*at != '/')
            continue;
        *at = '\0';
        int failed = mkdir(path, 0755) != 0 && errno != EEXIST ? errno : 0;
        *at = '/';
        if (failed)
            return -failed;
    }
    return 0;
}

/* A FIFO that nobody reads yet must not be waited for: who may read it, too, need not (the lines wait in it, as in v1.7). */
static int open_path(const char *path)
{
    const int flags = O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
    int fd = open(path, O_WRONLY | flags, 0644);

    if (fd < 0 && errno == ENXIO)
        fd = open(path, O_RDWR | flags, 0644);
    if (fd < 0)
        return -errno;
    int set = fcntl(fd, F_GETFL);
    if (set >= 0 && fcntl(fd, F_SETFL, set & ~O_NONBLOCK) == 0)
        return fd;
    wb_err error = -errno;
    close(fd);
    return error;
}

wb_err log_file_open(struct log_file *file, struct slice path)
{
    *file = (struct log_file){.fd = STDOUT_FILENO};
    if (path.len == 0)
        return 0;
    file->path = slice_dup(path);
    wb_err error = make_folders(file->path);
    int fd = error ? error : open_path(file->path);
    if (fd < 0) {
        free(file->path);
        *file = (struct log_file){.fd = -1};
        return fd;
    }
    file->fd = fd;
    return 0;
}

wb_err log_file_reopen(struct log_file *file)
{
    if (!file->path)
        return 0;
    int fd = open_path(file->path);
    if (fd < 0)
        return fd;
    /* The number stays, so whoever writes at this moment needs not be told. */
    wb_err error = dup3(fd, file->fd, O_CLOEXEC) < 0 ? -errno : 0;
    close(fd);
    return error;
}

void log_file_close(struct log_file *file)
{
    if (file->path)
        close(file->fd);
    free(file->path);
    *file = (struct log_file){.fd = -1};
}
