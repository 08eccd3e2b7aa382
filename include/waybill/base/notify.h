/* SPDX-License-Identifier: MIT */
/*
 * notify - how whoever started the program as a service hears how it is: datagrams as in sd_notify(3), to the socket that the
 * environment names.
 *
 * Thread: one. Owner: who opened it. A message that cannot be sent is lost in silence: nobody may be served less for it.
 */
#pragma once
#include "waybill/base/error.h"
#include <stdbool.h>
#include <stdint.h>

struct notify {
    int socket;           /* -1: nobody wants to hear */
    uint64_t watchdog_ms; /* `WATCHDOG=1` is expected at least this often; 0: it is not */
};

/* By NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID. False: nobody wants to hear, or the socket cannot be reached. */
bool notify_open(struct notify *out_notify);
/* Lines of NAME=VALUE. */
void notify_send(const struct notify *notify, const char *form, ...) WB_PRINTF(2, 3);
void notify_close(struct notify *notify);
