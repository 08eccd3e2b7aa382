/* SPDX-License-Identifier: MIT */
#include "waybill/settings/healthcheck.h"
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { WORDS_BYTES = 128 * 1024, WORDS_MAX = 1024 };

static size_t read_all(const char *path, char *out, size_t capacity)
{
    int number = open(path, O_RDONLY | O_CLOEXEC);
    size_t len = 0;
    ssize_t got;

    if (number < 0)
        return 0;
    while (len < capacity && (got = read(number, out + len, capacity - len)) > 0)
        len += (size_t)got;
    close(number);
    return len;
}

static bool is_router(const char *word)
{
    const char *base = strrchr(word, '/');
    return strcmp(base ? base + 1 : word, "waybill") == 0;
}

void container_words_read(const char *path, struct container_words *out_words)
{
    char *bytes = wb_alloc(WORDS_BYTES + 1);
    size_t len = read_all(path, bytes, WORDS_BYTES);
    bool found = false;

    *out_words = (struct container_words){.bytes = bytes, .argv = wb_alloc((WORDS_MAX + 1) * sizeof(char *))};
    out_words->argv[out_words->argc++] = (char *)(uintptr_t) "waybill";
    out_words->argv[out_words->argc++] = (char *)(uintptr_t) "healthcheck";
    /* An init before it (docker run --init) has the router's own words behind its name. */
    for (char *word = bytes; word < bytes + len; word += strlen(word) + 1) {
        if (found && out_words->argc < WORDS_MAX)
            out_words->argv[out_words->argc++] = word;
        found = found || is_router(word);
    }
    out_words->found = found;
    if (!found)
        out_words->argv[out_words->argc++] = (char *)(uintptr_t) "--ping";
}

void container_words_fini(struct container_words *words)
{
    free(words->argv);
    free(words->bytes);
}
