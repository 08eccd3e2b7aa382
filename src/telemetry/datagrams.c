/* SPDX-License-Identifier: MIT */
#include "datagrams.h"
#include "waybill/base/clock.h"
#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LOOK_UP_AGAIN_MS = 60000 }; /* the receiver may have moved to another address */

void datagrams_init(struct datagrams *datagrams, struct slice address)
{
    *datagrams = (struct datagrams){.address = address, .socket = -1};
}

void datagrams_close(struct datagrams *datagrams)
{
    if (datagrams->socket >= 0)
        close(datagrams->socket);
    datagrams->socket = -1;
}

static int connect_to(const struct addrinfo *found)
{
    for (; found; found = found->ai_next) {
        int fd = socket(found->ai_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        if (fd >= 0 && connect(fd, found->ai_addr, found->ai_addrlen) == 0)
            return fd;
        if (fd >= 0)
            close(fd);
    }
    return -1;
}

static char *look_up(struct datagrams *datagrams, const char *host, const char *port)
{
    const struct addrinfo wanted = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_DGRAM};
    struct addrinfo *found = NULL;
    int code = getaddrinfo(host[0] ? host : "localhost", port, &wanted, &found);

    if (code)
        return wb_format("%s: %s", host, gai_strerror(code));
    datagrams->socket = connect_to(found);
    freeaddrinfo(found);
    datagrams->looked_up_ms = clock_monotonic_ms();
    return datagrams->socket < 0 ? wb_format("%s port %s: %s", host, port, strerror(errno)) : NULL;
}

static char *open_socket(struct datagrams *datagrams)
{
    size_t colon = slice_find_last(datagrams->address, ':');
    struct slice host = slice_head(datagrams->address, colon);
    char *host_text, *port_text, *problem;

    if (colon == datagrams->address.len)
        return wb_format("the address has no port: write it as host:port");
    if (host.len >= 2 && host.ptr[0] == '[' && host.ptr[host.len - 1] == ']')
        host = slice_make(host.ptr + 1, host.len - 2);
    host_text = slice_dup(host);
    port_text = slice_dup(slice_from(datagrams->address, colon + 1));
    problem = look_up(datagrams, host_text, port_text);
    free(host_text);
    free(port_text);
    return problem;
}

/* As many whole lines as fit, at least one. */
static struct slice cut_packet(struct slice *rest)
{
    size_t len = 0;

    while (len < rest->len) {
        size_t line = slice_find(slice_from(*rest, len), '\n') + 1;
        if (len && len + line > DATAGRAM_BYTES)
            break;
        len += line;
    }
    struct slice packet = slice_head(*rest, len);
    *rest = slice_from(*rest, packet.len);
    return packet;
}

char *datagrams_send(struct datagrams *datagrams, struct slice lines)
{
    char *problem = NULL;

    if (datagrams->socket >= 0 && clock_monotonic_ms() - datagrams->looked_up_ms >= LOOK_UP_AGAIN_MS)
        datagrams_close(datagrams);
    datagrams->is_proven = datagrams->socket >= 0;
    if (datagrams->socket < 0)
        problem = open_socket(datagrams);
    while (!problem && lines.len) {
        struct slice packet = cut_packet(&lines);
        if (send(datagrams->socket, packet.ptr, packet.len, MSG_NOSIGNAL) < 0 && errno != EMSGSIZE) {
            problem = wb_strdup(strerror(errno));
            datagrams_close(datagrams);
        }
    }
    return problem;
}
