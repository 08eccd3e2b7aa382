/* SPDX-License-Identifier: MIT */
#include "waybill/base/notify.h"
#include "waybill/base/slice.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { MESSAGE_MAX_BYTES = 1024 };

/* "/run/x", or "@x" for a name that is no file. False: it is neither, or too long. */
static bool parse_address(const char *name, struct sockaddr_un *out_address, socklen_t *out_len)
{
    size_t len = strlen(name);

    if ((name[0] != '/' && name[0] != '@') || len < 2 || len >= sizeof out_address->sun_path)
        return false;
    *out_address = (struct sockaddr_un){.sun_family = AF_UNIX};
    memcpy(out_address->sun_path, name, len);
    if (name[0] == '@')
        out_address->sun_path[0] = '\0';
    *out_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
    return true;
}

static bool read_number(const char *name, uint64_t *out_number)
{
    const char *value = getenv(name);

    return value && slice_to_u64(slice_of(value), UINT64_MAX, out_number);
}

static uint64_t read_watchdog_ms(void)
{
    uint64_t us = 0, pid = 0;

    if (!read_number("WATCHDOG_USEC", &us) || (getenv("WATCHDOG_PID") && !read_number("WATCHDOG_PID", &pid)))
        return 0;
    if (pid && pid != (uint64_t)getpid())
        return 0; /* meant for who started us */
    return us && us < 1000 ? 1 : us / 1000;
}

bool notify_open(struct notify *out_notify)
{
    const char *name = getenv("NOTIFY_SOCKET");
    struct sockaddr_un address;
    socklen_t len;

    *out_notify = (struct notify){.socket = -1};
    if (!name || !parse_address(name, &address, &len))
        return false;
    out_notify->socket = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (out_notify->socket < 0)
        return false;
    if (connect(out_notify->socket, (const struct sockaddr *)&address, len) != 0) {
        notify_close(out_notify);
        return false;
    }
    out_notify->watchdog_ms = read_watchdog_ms();
    return true;
}

void notify_send(const struct notify *notify, const char *form, ...)
{
    char message[MESSAGE_MAX_BYTES];
    va_list values;

    va_start(values, form);
    int len = vsnprintf(message, sizeof message, form, values);
    va_end(values);
    if (notify->socket >= 0 && len > 0)
        (void)!send(notify->socket, message, (size_t)len < sizeof message ? (size_t)len : sizeof message - 1, MSG_NOSIGNAL);
}

void notify_close(struct notify *notify)
{
    if (notify->socket >= 0)
        close(notify->socket);
    *notify = (struct notify){.socket = -1};
}
