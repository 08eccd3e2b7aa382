/* SPDX-License-Identifier: MIT */
#include "endpoint.h"
#include "waybill/base/error.h"
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/un.h>

static bool is_authority_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || strchr(".-_:[]%", c) != NULL;
}

static bool parse_socket(struct slice path, struct slice written, struct endpoint *out_endpoint, char **out_error)
{
    if (path.len == 0 || path.ptr[0] != '/' || memchr(path.ptr, '\0', path.len)) {
        *out_error = wb_format("endpoint `" SLICE_FMT "`: write unix:///path/of/the/socket", SLICE_ARG(written));
        return false;
    }
    if (path.len >= sizeof(((struct sockaddr_un *)NULL)->sun_path)) {
        *out_error = wb_format("endpoint `" SLICE_FMT "`: the path is longer than the %zu bytes a socket can have",
                               SLICE_ARG(written), sizeof(((struct sockaddr_un *)NULL)->sun_path) - 1);
        return false;
    }
    *out_endpoint = (struct endpoint){slice_dup(written), slice_dup(path), wb_strdup("http://docker")};
    return true;
}

static bool parse_host(struct slice authority, struct slice written, struct endpoint *out_endpoint, char **out_error)
{
    if (slice_ends(authority, SLICE("/")))
        authority.len--;
    for (size_t i = 0; i <= authority.len; i++) {
        if (authority.len == 0 || (i < authority.len && !is_authority_byte(authority.ptr[i]))) {
            *out_error = wb_format("endpoint `" SLICE_FMT "`: write tcp://host:port", SLICE_ARG(written));
            return false;
        }
    }
    *out_endpoint = (struct endpoint){slice_dup(written), NULL, wb_format("http://" SLICE_FMT, SLICE_ARG(authority))};
    return true;
}

bool endpoint_parse(struct slice text, struct endpoint *out_endpoint, char **out_error)
{
    if (slice_starts(text, SLICE("unix://")))
        return parse_socket(slice_from(text, 7), text, out_endpoint, out_error);
    if (slice_starts(text, SLICE("/")))
        return parse_socket(text, text, out_endpoint, out_error);
    if (slice_starts(text, SLICE("tcp://")))
        return parse_host(slice_from(text, 6), text, out_endpoint, out_error);
    if (slice_starts(text, SLICE("http://")))
        return parse_host(slice_from(text, 7), text, out_endpoint, out_error);
    *out_error = wb_format("endpoint `" SLICE_FMT "`: write unix:///path, tcp://host:port or http://host:port",
                           SLICE_ARG(text));
    return false;
}

void endpoint_fini(struct endpoint *endpoint)
{
    free(endpoint->written);
    free(endpoint->socket_path);
    free(endpoint->base);
    *endpoint = (struct endpoint){0};
}

struct endpoint_file endpoint_file(const struct endpoint *endpoint)
{
    struct stat facts;

    if (!endpoint->socket_path || stat(endpoint->socket_path, &facts) != 0)
        return (struct endpoint_file){0};
    return (struct endpoint_file){facts.st_dev, facts.st_ino};
}
