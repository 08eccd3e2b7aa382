/* SPDX-License-Identifier: MIT */
#include "auth_server.h"
#include "waybill/base/text.h"
#include "waybill/http/target.h"
#include "waybill/model/model.h"
#include "waybill/net/tls_credentials.h"
#include <stdlib.h>

struct auth_credentials {
    struct tls_credentials *tls; /* one reference */
};

/* http[s]://host[:port][/path][?query]; anything else is refused. */
static bool parse_address(struct slice text, struct arena *arena, struct auth_server *out)
{
    struct slice authority, host, port;
    bool is_secure = slice_starts_nocase(text, SLICE("https://"));
    uint64_t number = is_secure ? 443 : 80;

    if (!is_secure && !slice_starts_nocase(text, SLICE("http://")))
        return false;
    out->scheme = is_secure ? SLICE("https") : SLICE("http");
    text = slice_from(text, out->scheme.len + 3);
    size_t end = 0;
    while (end < text.len && text.ptr[end] != '/' && text.ptr[end] != '?')
        end++;
    authority = slice_head(text, end);
    if (!authority_parse(authority, &host, &port) || host.len == 0 ||
        (port.len && (!slice_to_u64(port, 65535, &number) || number == 0)))
        return false;
    struct slice path = slice_from(text, end);
    for (size_t i = 0; i < path.len; i++)
        if ((unsigned char)path.ptr[i] <= ' ' || (unsigned char)path.ptr[i] >= 0x7f || path.ptr[i] == '#')
            return false;
    out->host_port = arena_copy(arena, authority);
    out->host = host.ptr[0] == '[' ? arena_copy(arena, slice_make(host.ptr + 1, host.len - 2)) : arena_copy(arena, host);
    out->port = (uint16_t)number;
    out->target = path.len && path.ptr[0] == '/' ? arena_copy(arena, path)
                                                 : slice_of(arena_format(arena, "/" SLICE_FMT, SLICE_ARG(path)));
    return true;
}

static void drop_credentials(void *live)
{
    tls_credentials_unref(&((struct auth_credentials *)live)->tls);
}

/* Whoever names the same files and texts shares them, and the connections they are for (defects A21). */
static void share(const struct filter_source *from, struct tls_credentials *tls, struct auth_server *out)
{
    struct slice identity = slice_of(arena_format(from->arena, "auth.forward.tls %s", tls_credentials_id(tls)));
    struct auth_credentials *live = from->ops->live(from, identity, sizeof *live, drop_credentials);

    if (live->tls)
        tls_credentials_unref(&tls);
    else
        live->tls = tls;
    out->credentials = live;
}

static bool names_a_file(const struct model_auth_tls *model)
{
    const struct slice written[] = {model->ca, model->cert, model->key};

    for (size_t i = 0; i < WB_COUNT(written); i++)
        if (written[i].len && !tls_credentials_is_text(written[i]))
            return true;
    return false;
}

/* The group's files are read whatever the scheme: who asks for protection that cannot be had is to know. */
static bool read_credentials(const struct filter_source *from, const struct model_auth_tls *model, struct auth_server *out)
{
    bool is_secure = slice_eq(out->scheme, SLICE("https"));
    char *problem = NULL;

    if ((!is_secure && !model) || (model && from->files_elsewhere && names_a_file(model)))
        return true;
    struct tls_options options = {.ca_option = "auth.forward.tls.ca",
                                  .cert_option = "auth.forward.tls.cert",
                                  .key_option = "auth.forward.tls.key",
                                  .cas = model && model->ca.len ? &model->ca : NULL,
                                  .ca_count = model && model->ca.len ? 1 : 0,
                                  .cert = model ? model->cert : SLICE(""),
                                  .key = model ? model->key : SLICE(""),
                                  .skip_verify = model && model->insecure_skip_verify};
    struct tls_credentials *tls = tls_credentials_create(&options, &problem);
    if (!tls) {
        diagnostics_add(from->diagnostics, DIAGNOSTIC_CLOSED, from->place, "%s", problem);
        free(problem);
        return false;
    }
    if (!is_secure) {
        tls_credentials_unref(&tls);
        return true;
    }
    if (tls_credentials_want_system(tls))
        tls_load_system_trust(); /* here, where files may be read */
    if (options.skip_verify)
        diagnostics_add(from->diagnostics, DIAGNOSTIC_WARNING, from->place,
                        "auth.forward.tls.insecureSkipVerify: whoever answers in the auth server's place lets in whom he "
                        "likes: rather name who signed its certificate with auth.forward.tls.ca");
    share(from, tls, out);
    return true;
}

bool auth_server_compile(const struct filter_source *from, const struct model_auth_forward *model, struct auth_server *out)
{
    *out = (struct auth_server){0};
    if (parse_address(slice_trim_space(model->address), from->arena, out))
        return read_credentials(from, model->tls, out);
    diagnostics_add(from->diagnostics, DIAGNOSTIC_CLOSED, from->place,
                    "auth.forward.address: `" SLICE_FMT "` is not a URL like http://auth:8000/check",
                    SLICE_SHOWN(model->address));
    return false;
}

struct tls_credentials *auth_server_tls(const struct auth_server *server)
{
    return server->credentials ? server->credentials->tls : NULL;
}
