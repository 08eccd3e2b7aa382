/* SPDX-License-Identifier: MIT */
/* The servers that a file like /etc/resolv.conf names (resolv.conf(5)). c-ares reads none with ports. */
#include "waybill/base/error.h"
#include "waybill/net/alias.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { DNS_PORT = 53, LINE_BYTES = 512 };

/* The colon before a port; text.len: there is none. An IPv6 address has more than one, but for one in brackets. */
static size_t find_port(struct slice text)
{
    size_t colon = slice_find_last(text, ':');

    if (text.len && text.ptr[0] == '[')
        return colon < text.len && colon > 0 && text.ptr[colon - 1] == ']' ? colon : text.len;
    return slice_find(text, ':') == colon ? colon : text.len;
}

static bool parse_server(struct slice text, struct address *out)
{
    size_t colon = find_port(text);
    uint64_t port = DNS_PORT;

    if (colon < text.len && (!slice_to_u64(slice_from(text, colon + 1), UINT16_MAX, &port) || port == 0))
        return false;
    return address_parse(slice_head(text, colon), (uint16_t)port, out);
}

/* The word after `nameserver`; empty: the line is another. */
static struct slice server_of(struct slice line)
{
    struct slice key = SLICE("nameserver");
    size_t end = 0;

    line = slice_trim_space(line);
    if (!slice_starts(line, key) || line.len == key.len || (line.ptr[key.len] != ' ' && line.ptr[key.len] != '\t'))
        return SLICE("");
    line = slice_trim(slice_from(line, key.len));
    while (end < line.len && line.ptr[end] != ' ' && line.ptr[end] != '\t')
        end++;
    return slice_head(line, end);
}

static char *read_lines(FILE *file, const char *path, struct alias_servers *out)
{
    char line[LINE_BYTES];

    while (fgets(line, sizeof line, file)) {
        struct slice server = server_of(slice_of(line));
        if (server.len == 0 || out->count == ALIAS_SERVERS_MAX)
            continue;
        if (!parse_server(server, &out->items[out->count]))
            return wb_format("%s: `nameserver " SLICE_FMT "`: write an IP address, and a port only as in 127.0.0.1:5353",
                             path, SLICE_ARG(server));
        out->count++;
    }
    if (ferror(file))
        return wb_format("%s: %s", path, strerror(errno));
    return out->count ? NULL : wb_format("%s names no server: add a line `nameserver ADDRESS`", path);
}

char *alias_servers_read(struct slice path, struct alias_servers *out)
{
    char *name = slice_dup(path);
    FILE *file = fopen(name, "re");
    char *problem;

    *out = (struct alias_servers){.count = 0};
    problem = file ? read_lines(file, name, out) : wb_format("%s: %s", name, strerror(errno));
    if (file)
        fclose(file);
    free(name);
    return problem;
}
