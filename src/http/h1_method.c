/* SPDX-License-Identifier: MIT */
#include "h1_scan.h"

/* llhttp's methods of HTTP, by how often they are seen. PRI is not one: it only begins HTTP/2. */
#define METHOD(name, idempotent, repeat) {{name, sizeof(name) - 1}, true, idempotent, repeat}
static const struct method_row rows[] = {
    METHOD("GET", true, true),
    METHOD("POST", false, false),
    METHOD("HEAD", true, true),
    METHOD("PUT", true, false),
    METHOD("DELETE", true, false),
    METHOD("OPTIONS", true, true),
    METHOD("PATCH", false, false),
    METHOD("TRACE", true, true),
    METHOD("COPY", false, false),
    METHOD("LOCK", false, false),
    METHOD("MKCOL", false, false),
    METHOD("MOVE", false, false),
    METHOD("PROPFIND", false, false),
    METHOD("PROPPATCH", false, false),
    METHOD("SEARCH", false, false),
    METHOD("UNLOCK", false, false),
    METHOD("BIND", false, false),
    METHOD("REBIND", false, false),
    METHOD("UNBIND", false, false),
    METHOD("ACL", false, false),
    METHOD("REPORT", false, false),
    METHOD("MKACTIVITY", false, false),
    METHOD("CHECKOUT", false, false),
    METHOD("MERGE", false, false),
    METHOD("M-SEARCH", false, false),
    METHOD("NOTIFY", false, false),
    METHOD("SUBSCRIBE", false, false),
    METHOD("UNSUBSCRIBE", false, false),
    METHOD("PURGE", false, false),
    METHOD("MKCALENDAR", false, false),
    METHOD("LINK", false, false),
    METHOD("UNLINK", false, false),
    METHOD("SOURCE", false, false),
    {{"CONNECT", 7}, false, false, false},
};

const struct method_row *method_find(struct slice name)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (name.len == rows[i].name.len && memcmp(name.ptr, rows[i].name.ptr, name.len) == 0)
            return &rows[i];
    return NULL;
}
