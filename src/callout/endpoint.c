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

static bool refuse(struct slice written, const char *reason, char **out_error)
{
    *out_error = wb_format("endpoint `" SLICE_FMT "`: %s", SLICE_ARG(written), reason);
    return false;
}

static bool parse_socket(struct slice path, struct slice written, struct endpoint *out_endpoint, char **out_error)
{
    if (path.len == 0 || path.ptr[0] != '/' || memchr(path.ptr, '\0', path.len))
        return refuse(written, "write unix:///path/of/the/socket", out_error);
    if (path.len >= sizeof(((struct sockaddr_un *)NULL)->sun_path)) {
        *out_error = wb_format("endpoint `" SLICE_FMT "`: the path is longer than the %zu bytes a socket can have",
                               SLICE_ARG(written), sizeof(((struct sockaddr_un *)NULL)->sun_path) - 1);
        return false;
    }
    *out_endpoint = (struct endpoint){slice_dup(written), slice_dup(path), wb_strdup("http://docker"), false};
    return true;
}

static bool parse_host(struct slice authority, bool is_secure, struct slice written, struct endpoint *out_endpoint,
                       char **out_error)
{
    if (slice_ends(authority, SLICE("/")))
        authority.len--;
    for (size_t i = 0; i <= authority.len; i++) {
        if (authority.len == 0 || (i < authority.len && !is_authority_byte(authority.ptr[i])))
            return refuse(written, "write tcp://host:port", out_error);
    }
    *out_endpoint = (struct endpoint){
        slice_dup(written), NULL, wb_format("http%s://" SLICE_FMT, is_secure ? "s" : "", SLICE_ARG(authority)), is_secure};
    return true;
}

bool endpoint_parse(struct slice text, const char *tls_options, struct endpoint *out_endpoint, char **out_error)
{
    static const char *const hosts[] = {"tcp://", "http://", "https://"};
    bool is_socket = slice_starts(text, SLICE("unix://")) || slice_starts(text, SLICE("/"));

    if (is_socket && tls_options) {
        *out_error = wb_format("endpoint `" SLICE_FMT "`: a socket file is not spoken to by TLS: leave out %s, or write "
                               "tcp://host:port",
                               SLICE_ARG(text), tls_options);
        return false;
    }
    if (is_socket)
        return parse_socket(slice_from(text, text.ptr[0] == '/' ? 0 : 7), text, out_endpoint, out_error);
    for (size_t i = 0; i < WB_COUNT(hosts); i++) {
        struct slice scheme = slice_of(hosts[i]);
        if (!slice_starts(text, scheme))
            continue;
        if (i == 2 && !tls_options) /* whose certificate would be believed is not said */
            return refuse(text, "write tcp://host:port, and what TLS needs into the options for it", out_error);
        return parse_host(slice_from(text, scheme.len), tls_options != NULL, text, out_endpoint, out_error);
    }
    return refuse(text, "write unix:///path, tcp://host:port or http://host:port", out_error);
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
