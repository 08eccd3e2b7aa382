/* SPDX-License-Identifier: MIT */
/*
 * client - what an exchange asks of the connection that brought the request: the body as it comes, and the way
 * back. HTTP/1 implements it in entry; HTTP/2 streams will too.
 *
 * Answer: send_head composes and may wait, send_body adds payload and puts both on the way together, flush sends a
 * head without payload. Payload handed to send_body stays where it is until is_writing is false.
 * Thread: its worker. All calls come from the exchange's step; none calls back into it.
 */
#pragma once
#include "waybill/http/body.h"
#include "waybill/net/stream.h"

struct answer_head {
    unsigned status;
    struct slice phrase;
    struct headers *headers; /* end-to-end fields; no Connection, Transfer-Encoding, Upgrade */
    bool has_body;           /* false for HEAD, 204, 304 */
    bool length_known;       /* content_length counts; the field itself is in `headers` when it came from a server */
    uint64_t content_length;
    bool write_length;    /* add a Content-Length field */
    bool close;           /* the connection must end after it */
    struct slice upgrade; /* with 101: value of Upgrade */
    struct slice date;    /* to add when there is none */
};

struct client_ops {
    enum body_result (*body)(void *client, struct headers *trailers, struct slice *out_payload);
    void (*body_took)(void *client, size_t count);
    void (*body_pin)(void *client, bool pinned);
    void (*body_want)(void *client, bool want);

    void (*send_continue)(void *client);
    void (*send_head)(void *client, const struct answer_head *head);
    void (*send_body)(void *client, struct slice payload, bool last, const struct headers *trailers);
    void (*flush)(void *client);
    bool (*is_writing)(void *client);
    /* It takes no more bytes. */
    bool (*has_failed)(void *client);
    size_t (*bytes_left)(void *client); /* of what is being written: shows whether the client takes any */

    /* What the request came by; for what TLS knows of the client. */
    const struct stream *(*connection)(const void *client);
    /* The raw stream, after a 101; NULL: over HTTP/2 the tunnel's bytes are body and send_body's. */
    struct stream *(*tunnel)(void *client);
    /* The exchange is over and will be freed; `cut`: what was sent must not look complete. */
    void (*ended)(void *client, bool cut);
};
