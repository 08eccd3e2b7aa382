/* SPDX-License-Identifier: MIT */
#include "watch.h"
#include "scan.h"
#include "waybill/base/clock.h"
#include "waybill/base/log.h"
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

enum {
    WATCH_BLIND_MS = 1000, /* between two looks without inotify */
};

/* Added to what the folder is watched for already: it may be on the way to two files. */
static const uint32_t masks[] = {
    [PLACE_WAY] = IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR |
                  IN_MASK_ADD,
    [PLACE_FOLDER] = IN_CREATE | IN_MODIFY | IN_CLOSE_WRITE | IN_ATTRIB | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE |
                     IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR | IN_MASK_ADD,
    [PLACE_FILE] = IN_MODIFY | IN_CLOSE_WRITE | IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF | IN_MASK_ADD,
};

struct watch_place {
    int watch_id;
    char *name; /* of the entry that matters; "": any that a folder of rules may hold; NULL: the file itself */
};

wb_err watch_init(struct watch *watch)
{
    *watch = (struct watch){.inotify_fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC)};
    if (watch->inotify_fd < 0)
        wb_log_error("file: cannot watch for changes (%s): looking once a second instead; raise "
                     "fs.inotify.max_user_instances",
                     strerror(errno));
    watch->stop_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (watch->stop_fd >= 0)
        return 0;
    wb_err error = -errno;
    if (watch->inotify_fd >= 0)
        close(watch->inotify_fd);
    return error;
}

static void free_places(struct watch_place *places, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(places[i].name);
    free(places);
}

void watch_fini(struct watch *watch)
{
    free_places(watch->places, watch->count);
    if (watch->inotify_fd >= 0)
        close(watch->inotify_fd);
    close(watch->stop_fd);
}

static bool places_have(const struct watch_place *places, size_t count, int watch_id)
{
    for (size_t i = 0; i < count; i++) {
        if (places[i].watch_id == watch_id)
            return true;
    }
    return false;
}

/* A place that cannot be watched (no permission, gone again) is left to the slow look. */
void watch_set(struct watch *watch, const struct scan *scan)
{
    struct watch_place *places = wb_alloc((scan->place_count + 1) * sizeof *places);
    size_t count = 0;

    for (size_t i = 0; watch->inotify_fd >= 0 && i < scan->place_count; i++) {
        const struct scan_place *place = &scan->places[i];
        int id = inotify_add_watch(watch->inotify_fd, place->path.ptr, masks[place->kind]);

        if (id < 0)
            wb_log_debug("file: cannot watch %s: %s", place->path.ptr, strerror(errno));
        else
            places[count++] = (struct watch_place){id, place->kind == PLACE_FILE ? NULL : slice_dup(place->name)};
    }
    for (size_t i = 0; i < watch->count; i++) {
        if (!places_have(places, count, watch->places[i].watch_id))
            inotify_rm_watch(watch->inotify_fd, watch->places[i].watch_id);
    }
    free_places(watch->places, watch->count);
    watch->places = places;
    watch->count = count;
}

static bool event_matters(const struct watch *watch, const struct inotify_event *event)
{
    struct slice name = slice_of(event->len ? event->name : NULL);

    if (event->mask & IN_Q_OVERFLOW)
        return true;
    if (event->mask & IN_IGNORED)
        return false; /* the watch is gone: either we took it away, or another event said why */
    for (size_t i = 0; i < watch->count; i++) {
        const struct watch_place *place = &watch->places[i];

        if (place->watch_id != event->wd)
            continue;
        if (!name.len || !place->name || slice_eq(name, slice_of(place->name)))
            return true;
        if (!*place->name && ((event->mask & IN_ISDIR) || scan_name_matters(name)))
            return true;
    }
    return false;
}

static void remember_event(struct watch *watch, const struct inotify_event *event)
{
    /* A file of such a name is never read itself: at most it is on the way to one. */
    bool hidden = event->len && slice_starts(slice_of(event->name), SLICE(".."));

    watch->moved |= (event->mask & IN_MOVED_TO) != 0;
    watch->written |= !hidden && (event->mask & (IN_CREATE | IN_MODIFY | IN_CLOSE_WRITE | IN_Q_OVERFLOW));
}

/* Reads all events that wait; true when one of them matters. */
static bool take_events(struct watch *watch)
{
    _Alignas(struct inotify_event) char bytes[16 * 1024];
    bool matters = false;
    ssize_t got;

    while ((got = read(watch->inotify_fd, bytes, sizeof bytes)) > 0) {
        for (char *at = bytes; at < bytes + got;) {
            const struct inotify_event *event = (const struct inotify_event *)(void *)at;

            at += sizeof *event + event->len;
            if (!event_matters(watch, event))
                continue;
            matters = true;
            remember_event(watch, event);
        }
    }
    return matters;
}

enum watch_outcome watch_wait(struct watch *watch, uint64_t timeout_ms)
{
    struct pollfd polled[2] = {{.fd = watch->stop_fd, .events = POLLIN}, {.fd = watch->inotify_fd, .events = POLLIN}};
    uint64_t limit_ms = watch->inotify_fd < 0 && timeout_ms > WATCH_BLIND_MS ? WATCH_BLIND_MS : timeout_ms;
    uint64_t began = clock_monotonic_ms(), gone = 0;

    for (;;) {
        int ready = poll(polled, 2, (int)(limit_ms - gone)); /* a descriptor of -1 is passed over */

        if (ready > 0 && polled[0].revents)
            return WATCH_STOPPED;
        if (ready > 0 && take_events(watch))
            return WATCH_CHANGED;
        gone = clock_monotonic_ms() - began;
        if (gone >= limit_ms)
            return WATCH_TIMEOUT;
    }
}

void watch_forget(struct watch *watch)
{
    watch->moved = watch->written = false;
}

void watch_stop(struct watch *watch)
{
    uint64_t one = 1;
    ssize_t wrote = write(watch->stop_fd, &one, sizeof one);

    WB_REQUIRE(wrote == sizeof one || errno == EAGAIN);
}
