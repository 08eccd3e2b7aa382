/* SPDX-License-Identifier: MIT */
/*
 * sim_link - a connection in memory: the worker's end is a struct stream, the other end belongs to a script.
 *
 *   script --send--> coming --[deliver]--> stream `in`          worker
 *   script <-- got <--[absorb]-- wire <-- parts it wrote <----- worker
 *
 * `wire` is the socket's buffer: what does not fit stays in the worker's memory and `writing` stays true, as with a
 * kernel. Bytes the worker has not read when it closes turn the close into a reset, as with a kernel.
 * The worker's end is freed in an event of its own after its close, so that a late use is seen; the script's
 * end stays until sim_fini.
 */
#pragma once
#include "sim_loop.h"

struct sim_link {
    struct list link;
    struct sim *sim;
    struct sim_wire wire_rules;
    struct sim_end *end;           /* the worker's; NULL once it closed */
    struct sim_listener *listener; /* of dialled ones */
    struct address dialled;

    /* Script's side. */
    struct text got; /* all that came, unless `counts_only` */
    uint64_t got_bytes;
    bool counts_only;
    bool got_fin, got_reset; /* how the worker ended its side */
    bool gone;               /* the script closed its end */
    bool paused;             /* the script reads nothing */
    void (*changed)(void *owner);
    void *owner;

    struct text coming; /* sent by the script, not read by the worker */
    size_t coming_at;
    uint64_t pattern_left; /* so many more bytes of 'x' follow `coming` */
    bool fin_coming, reset_coming;

    struct text wire;
    size_t wire_at;
    struct slice parts[STREAM_PARTS_MAX];
    unsigned part_count;
    bool fin_wanted, notice_written;
    struct sim_event deliver, absorb, connect;
};

struct stream *sim_link_dial(struct loop *loop, const struct address *address);
/* The address that clients have called. */
#define SIM_LOCAL_IP "127.0.0.1"
enum { SIM_LOCAL_PORT = 443 };
/* A client's connection, as a listener would hand it over. */
struct stream *sim_link_accept(struct sim *sim, const char *peer_ip, struct sim_link **out_link);
void sim_link_send(struct sim_link *link, struct slice bytes);
void sim_link_send_pattern(struct sim_link *link, uint64_t count);
/* FIN: no more is sent, reading goes on. */
void sim_link_shut(struct sim_link *link);
/* FIN, and whatever the worker still writes brings a reset. */
void sim_link_close(struct sim_link *link);
void sim_link_reset(struct sim_link *link);
void sim_link_pause(struct sim_link *link, bool paused);
/* The worker can send nothing more: it closed or reset. */
static inline bool sim_link_is_over(const struct sim_link *link)
{
    return link->got_fin || link->got_reset;
}
void sim_link_free_all(struct sim *sim);
