/* SPDX-License-Identifier: MIT */
#include "waybill/net/lookup.h"

void lookup_start(struct loop *loop, struct lookup *lookup, struct slice host, uint16_t port, bool fresh,
                  void (*poke)(void *owner), void *owner)
{
    lookup->address_count = 0;
    lookup->port = port;
    lookup->poke = poke;
    lookup->owner = owner;
    list_init(&lookup->link);
    if (address_parse(host, port, &lookup->addresses[0])) {
        lookup->address_count = 1;
        lookup->state = LOOKUP_FOUND;
        return;
    }
    if (host.len == 0 || host.len >= sizeof lookup->host || slice_find(host, '\0') < host.len) {
        lookup->state = LOOKUP_FAILED;
        return;
    }
    memcpy(lookup->host, host.ptr, host.len);
    lookup->host[host.len] = '\0';
    lookup->state = fresh ? LOOKUP_NONE : LOOKUP_WAITING; /* NONE tells the implementation to ask anew */
    loop->ops->look_up(loop, lookup);
}

void lookup_cancel(struct loop *loop, struct lookup *lookup)
{
    if (lookup->state == LOOKUP_WAITING)
        loop->ops->look_up_cancel(loop, lookup);
    lookup->state = LOOKUP_NONE;
}
