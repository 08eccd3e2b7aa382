/* SPDX-License-Identifier: MIT */
/* For filters that take in a whole body before it goes on. */
#include "exchange_private.h"

enum body_result exchange_request_body(struct exchange *x, uint64_t progress, struct slice *out_payload)
{
    enum body_result result = x->client_ops->body(x->client, NULL, out_payload);

    if (result != BODY_MORE)
        return result;
    if (x->continue_wanted) {
        x->continue_wanted = false;
        x->client_ops->send_continue(x->client);
    }
    x->client_ops->body_want(x->client, true);
    exchange_watch(x, (progress << 3) + 6, x->body_timeout_ms);
    return result;
}

void exchange_request_took(struct exchange *x, size_t count)
{
    if (x->note)
        x->note->request_bytes += count;
    x->client_ops->body_took(x->client, count);
}

void exchange_replace_body(struct exchange *x, struct body_source *source, uint64_t length)
{
    deadline_clear(&x->deadline);
    x->continue_wanted = false;
    x->upload = source;
    headers_remove(&x->request.headers, HEADER_TRAILER); /* there is no place for any */
    x->request.body = BODY_LENGTH;
    x->request.content_length = length;
}

void exchange_release_server(struct exchange *x)
{
    if (x->upload_pending) { /* it has answered before the request had come whole */
        exchange_pin_upload(x, false);
        x->upload_pending = 0;
    }
    attempt_finish(&x->attempt, exchange_was_taken(x));
}
