/* SPDX-License-Identifier: MIT */
#include "waybill/settings/host_port.h"
#include "waybill/settings/settings.h"

static bool is_loopback(const struct model_entrypoint *entrypoint)
{
    struct host_port host_port;
    return host_port_parse(entrypoint->address, &host_port) && host_is_loopback(host_port.host);
}

static void warn_of_trust(const struct model_entrypoint *entrypoint)
{
    if (entrypoint->forwarded_insecure)
        wb_log_error("SECURITY: entrypoint \"" SLICE_FMT "\" (" SLICE_FMT ") believes the X-Forwarded-* headers of "
                     "every client (ForwardedHeaders.Insecure): name the proxies before it in "
                     "ForwardedHeaders.TrustedIPs instead",
                     SLICE_ARG(entrypoint->name), SLICE_ARG(entrypoint->address));
}

static void warn_of_proxies(const struct model_entrypoint *entrypoint)
{
    if (entrypoint->proxy_insecure)
        wb_log_error("SECURITY: entrypoint \"" SLICE_FMT "\" (" SLICE_FMT ") believes the PROXY header of every client "
                     "(ProxyProtocol.Insecure): name the proxies before it in ProxyProtocol.TrustedIPs instead",
                     SLICE_ARG(entrypoint->name), SLICE_ARG(entrypoint->address));
}

static void warn_of_open_api(const struct settings *settings)
{
    const struct model_entrypoint *entrypoint = settings_entrypoint(settings, settings->api_entrypoint);
    if (!settings->api_on || !entrypoint || entrypoint->auth || is_loopback(entrypoint))
        return;
    wb_log_error("SECURITY: the API%s on entrypoint \"" SLICE_FMT "\" (" SLICE_FMT ") is open to everyone who can "
                 "reach it, without login: put it on a loopback address, as "
                 "--entryPoints=\"Name:" SLICE_FMT " Address:127.0.0.1:8080\", or behind Auth.Basic or Auth.Forward",
                 settings->api_dashboard ? " and dashboard" : "", SLICE_ARG(entrypoint->name),
                 SLICE_ARG(entrypoint->address), SLICE_ARG(entrypoint->name));
}

static void warn_of_open_rest(const struct settings *settings)
{
    const struct model_entrypoint *entrypoint = settings_entrypoint(settings, settings->rest_entrypoint);
    if (!settings->rest_on || !entrypoint || entrypoint->auth || is_loopback(entrypoint))
        return;
    wb_log_error("SECURITY: the REST provider on entrypoint \"" SLICE_FMT "\" (" SLICE_FMT
                 ") lets everyone who can reach it "
                 "change the routes, without login: put it on a loopback address, as "
                 "--entryPoints=\"Name:" SLICE_FMT " Address:127.0.0.1:8080\", or behind Auth.Basic or Auth.Forward",
                 SLICE_ARG(entrypoint->name), SLICE_ARG(entrypoint->address), SLICE_ARG(entrypoint->name));
}

void settings_log_warnings(const struct settings *settings)
{
    for (size_t i = 0; i < settings->note_count; i++)
        wb_log(settings->notes[i].level, SLICE_FMT, SLICE_ARG(settings->notes[i].text));
    for (size_t i = 0; i < settings->entrypoint_count; i++) {
        warn_of_trust(&settings->entrypoints[i]);
        warn_of_proxies(&settings->entrypoints[i]);
    }
    warn_of_open_api(settings);
    warn_of_open_rest(settings);
}
