/* SPDX-License-Identifier: MIT */
#include "h1_scan.h"

/* llhttp's methods of HTTP, by how often they are seen. PRI is not one: it only begins HTTP/2. */
#define METHOD(name, repeat)                   \
    {                                          \
        {name, sizeof(name) - 1}, true, repeat \
    }
static const struct method_row rows[] = {
    METHOD("GET", true),       METHOD("POST", false),          METHOD("HEAD", true),       METHOD("PUT", false),
    METHOD("DELETE", false),   METHOD("OPTIONS", true),        METHOD("PATCH", false),     METHOD("TRACE", true),
    METHOD("COPY", false),     METHOD("LOCK", false),          METHOD("MKCOL", false),     METHOD("MOVE", false),
    METHOD("PROPFIND", false), METHOD("PROPPATCH", false),     METHOD("SEARCH", false),    METHOD("UNLOCK", false),
    METHOD("BIND", false),     METHOD("REBIND", false),        METHOD("UNBIND", false),    METHOD("ACL", false),
    METHOD("REPORT", false),   METHOD("MKACTIVITY", false),    METHOD("CHECKOUT", false),  METHOD("MERGE", false),
    METHOD("M-SEARCH", false), METHOD("NOTIFY", false),        METHOD("SUBSCRIBE", false), METHOD("UNSUBSCRIBE", false),
    METHOD("PURGE", false),    METHOD("MKCALENDAR", false),    METHOD("LINK", false),      METHOD("UNLINK", false),
    METHOD("SOURCE", false),   {{"CONNECT", 7}, false, false},
};

const struct method_row *method_find(struct slice name)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (name.len == rows[i].name.len && memcmp(name.ptr, rows[i].name.ptr, name.len) == 0)
            return &rows[i];
    return NULL;
}
