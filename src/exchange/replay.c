/* SPDX-License-Identifier: MIT */
/*
 * What a server over HTTP/2 was sent of a body, as long as it is little: a copy, so that the request can be sent again when the
 * server says that it did nothing of it (RFC 9113 8.7: it goes away, or takes no more streams). Calls of gRPC all have bodies.
 *
 * The copy goes first, the rest comes from the client as ever. Once there is an answer it is dropped.
 */
#include "exchange_private.h"

void replay_drop(struct exchange *x)
{
    buffer_return(&x->kept, &x->env->loop->stock);
}

void replay_keep(struct exchange *x, struct slice payload)
{
    if (x->upload || x->kept_lost)
        return;
    buffer_borrow(&x->kept, &x->env->loop->stock, BUFFER_SIZE);
    x->kept_lost = payload.len > buffer_room(&x->kept);
    if (x->kept_lost)
        replay_drop(x);
    else
        buffer_append(&x->kept, payload.ptr, payload.len);
}

static enum body_result kept_body(struct body_source *source, struct slice *out_payload)
{
    const struct exchange *x = WB_CONTAINER_OF(source, struct exchange, replay);

    *out_payload = slice_from(buffer_slice(&x->kept), x->replayed);
    return BODY_PAYLOAD;
}

static void kept_took(struct body_source *source, size_t count)
{
    struct exchange *x = WB_CONTAINER_OF(source, struct exchange, replay);

    x->replayed += count;
    if (x->replayed == buffer_len(&x->kept))
        x->upload = NULL; /* the client has the rest */
}

bool replay_begin(struct exchange *x)
{
    if (!x->kept.base || (x->upload && x->upload != &x->replay))
        return false;
    if (!x->upload && x->upload_pending) { /* what was not taken is still with the client */
        x->kept.end -= x->upload_pending;
        x->upload_pending = 0;
        exchange_pin_upload(x, false);
    }
    x->replayed = 0;
    x->replay = (struct body_source){.body = kept_body, .took = kept_took};
    x->upload = buffer_len(&x->kept) ? &x->replay : NULL;
    return true;
}
