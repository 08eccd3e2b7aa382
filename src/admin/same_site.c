/* SPDX-License-Identifier: MIT */
#include "same_site.h"
#include "waybill/http/headers.h"
#include "waybill/http/target.h"
#include "waybill/net/address.h"

/* ptr is NULL when there is none. */
static struct slice find_value(const struct headers *headers, struct slice name)
{
    const struct header *header = headers_find_name(headers, name);

    return header ? header->value : slice_make(NULL, 0);
}

static bool is_fixed_host(struct slice authority)
{
    struct slice host, port;
    struct address address;

    return authority_parse(authority, &host, &port) &&
           (slice_eq_nocase(host, SLICE("localhost")) || address_parse(host, 0, &address));
}

/* "http://HOST" of this request's host? */
static bool is_own_origin(struct slice origin, struct slice host)
{
    if (slice_starts_nocase(origin, SLICE("http://")))
        return slice_eq_nocase(slice_from(origin, 7), host);
    return slice_starts_nocase(origin, SLICE("https://")) && slice_eq_nocase(slice_from(origin, 8), host);
}

const char *same_site_problem(const struct local_request *request)
{
    struct slice site = find_value(request->headers, SLICE("Sec-Fetch-Site"));
    struct slice origin = find_value(request->headers, SLICE("Origin"));

    if (site.ptr && !slice_eq(site, SLICE("same-origin")) && !slice_eq(site, SLICE("none")))
        return "a page of another site must not change this router: ask with a client that is no browser\n";
    if (!origin.ptr)
        return NULL;
    if (!is_own_origin(origin, request->host))
        return "the Origin is another site's: leave it out, or ask from this host\n";
    if (!is_fixed_host(request->host))
        return "a page may change this router only where it is reached by address, or as localhost: leave the Origin out\n";
    return NULL;
}
