/* SPDX-License-Identifier: MIT */
/*
 * message - a request or response head as the reader found it.
 *
 * Thread: one worker. Owner: who embeds it. Slices point into the head's bytes, which must stay where they are.
 */
#pragma once
#include "waybill/http/headers.h"
#include "waybill/http/reason.h"

enum http_version { HTTP_1_0, HTTP_1_1, HTTP_2 };

enum body_kind { BODY_NONE, BODY_LENGTH, BODY_CHUNKED, BODY_UNTIL_CLOSE };

enum target_form { TARGET_ORIGIN, TARGET_ABSOLUTE, TARGET_ASTERISK };

struct request_head {
    struct slice method; /* as sent: "GET" */
    bool is_head;        /* method is HEAD: the answer has no body */
    bool safe_to_repeat; /* v1.7's list: GET HEAD OPTIONS TRACE */
    enum target_form form;
    struct slice target; /* path and query, as sent; for absolute-form without scheme and authority, "/" if empty; "*" */
    struct slice
        authority; /* what Host is: of the target if absolute-form, else the Host field; checked by grammar; may be empty on 1.0 */
    struct slice host; /* of authority: no port, no trailing dot (case as sent) */
    struct slice port; /* of authority: digits, or empty */
    enum http_version version;
    struct headers headers;
    enum body_kind body;
    uint64_t content_length; /* with BODY_LENGTH */
    bool keep_alive;         /* the client wants the connection kept (RFC 9112 9.3) */
    bool expect_continue;    /* Expect: 100-continue on 1.1 */
    bool upgrade; /* Connection: upgrade and an Upgrade field, on 1.1, without a body; on 2 it came as CONNECT for that */
};

struct response_head {
    unsigned status;
    struct slice phrase; /* as sent, may be empty */
    enum http_version version;
    struct headers headers;
    enum body_kind body; /* given the request's method and the status */
    uint64_t content_length;
    bool keep_alive; /* the server's connection can be used again once the body is read */
};
