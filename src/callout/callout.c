/* SPDX-License-Identifier: MIT */
#include "waybill/callout/callout.h"
#include "waybill/base/clock.h"
#include "credentials.h"
#include "endpoint.h"
#include "library.h"
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

enum {
    CONNECT_TIMEOUT_MS = 5000,
    KEEPALIVE_SECONDS = 15,           /* a half-open connection to the engine shows itself (decisions.md 19): */
    KEEPALIVE_PROBES = 3,             /* unanswered ones, and within a minute it is over */
    STREAM_BACKLOG = 4 * 1024 * 1024, /* bytes of lines not taken yet; a line of an event is about 1 KiB */
    WAIT_SLICE_MS = 1000,
};

/* One transfer's handle, used again for the next. */
struct call {
    CURL *easy;
    struct callout_get *get;
    char detail[CURL_ERROR_SIZE]; /* what the library has to say beside a code */
};

struct stream {
    CURL *easy; /* NULL: none */
    struct text lines;
    size_t taken; /* bytes of `lines` already handed over */
    bool has_head, ended, overflowed;
    char detail[CURL_ERROR_SIZE];
    struct text error;
};

struct calls {
    struct call **items;
    size_t count, capacity;
};

struct callout {
    struct endpoint endpoint;
    struct credentials credentials; /* used when the endpoint is spoken to by TLS */
    struct endpoint_file file;      /* which socket file the connections lead to */
    struct calls spare;             /* for reuse */
    struct calls busy;
    struct stream stream;
    struct text error;

    /* any thread */
    atomic_bool stopped;
    pthread_mutex_t lock; /* guards `multi` against being replaced while callout_stop wakes it */
    CURLM *multi;
};

struct callout *callout_create(struct slice endpoint, const struct callout_tls *tls, char **out_error)
{
    struct endpoint parsed;
    struct credentials credentials = {0};

    if (!endpoint_parse(endpoint, tls ? tls->options : NULL, &parsed, out_error))
        return NULL;
    if (tls && !credentials_read(tls, &credentials, out_error)) {
        endpoint_fini(&parsed);
        return NULL;
    }
    library_start();
    struct callout *callout = wb_alloc(sizeof *callout);
    callout->endpoint = parsed;
    callout->credentials = credentials;
    callout->file = endpoint_file(&parsed);
    callout->multi = curl_multi_init();
    WB_REQUIRE(callout->multi);
    pthread_mutex_init(&callout->lock, NULL);
    return callout;
}

static void close_stream(struct callout *callout)
{
    struct stream *stream = &callout->stream;

    if (stream->easy) {
        curl_multi_remove_handle(callout->multi, stream->easy);
        curl_easy_cleanup(stream->easy);
    }
    text_fini(&stream->lines);
    text_fini(&stream->error);
    *stream = (struct stream){0};
}

static void calls_add(struct calls *calls, struct call *call)
{
    if (calls->count == calls->capacity) {
        calls->capacity = calls->capacity ? calls->capacity * 2 : 8;
        calls->items = wb_realloc(calls->items, calls->capacity * sizeof(struct call *));
    }
    calls->items[calls->count++] = call;
}

static void calls_remove(struct calls *calls, const struct call *call)
{
    for (size_t i = 0; i < calls->count; i++) {
        if (calls->items[i] == call) {
            calls->items[i] = calls->items[--calls->count];
            return;
        }
    }
}

static void destroy_calls(struct calls *calls)
{
    for (size_t i = 0; i < calls->count; i++) {
        curl_easy_cleanup(calls->items[i]->easy);
        free(calls->items[i]);
    }
    free(calls->items);
    *calls = (struct calls){0};
}

static void close_calls(struct callout *callout)
{
    for (size_t i = 0; i < callout->busy.count; i++)
        curl_multi_remove_handle(callout->multi, callout->busy.items[i]->easy);
    destroy_calls(&callout->busy);
    destroy_calls(&callout->spare);
}

void callout_destroy(struct callout **callout)
{
    struct callout *c = *callout;

    *callout = NULL;
    if (!c)
        return;
    close_stream(c);
    close_calls(c);
    curl_multi_cleanup(c->multi);
    pthread_mutex_destroy(&c->lock);
    endpoint_fini(&c->endpoint);
    credentials_fini(&c->credentials);
    text_fini(&c->error);
    free(c);
}

void callout_stop(struct callout *callout)
{
    /* Stored before the wake-up, so who wakes sees it. */
    atomic_store(&callout->stopped, true);
    pthread_mutex_lock(&callout->lock);
    curl_multi_wakeup(callout->multi);
    pthread_mutex_unlock(&callout->lock);
}

void callout_disconnect(struct callout *callout)
{
    CURLM *fresh = curl_multi_init();

    WB_REQUIRE(fresh);
    close_stream(callout);
    close_calls(callout);
    pthread_mutex_lock(&callout->lock);
    CURLM *old = callout->multi;
    callout->multi = fresh;
    pthread_mutex_unlock(&callout->lock);
    curl_multi_cleanup(old);
    callout->file = endpoint_file(&callout->endpoint);
}

bool callout_place_was_replaced(const struct callout *callout)
{
    struct endpoint_file now = endpoint_file(&callout->endpoint);

    /* No file at all: whoever listens there now shows up later; until then the old one may still answer. */
    return now.inode && (now.inode != callout->file.inode || now.device != callout->file.device);
}

static size_t on_body_arrived(char *bytes, size_t size, size_t count, void *arg)
{
    struct callout_get *get = arg;

    if (size * count > get->body_limit - get->body.len) {
        text_addf(&get->error, "the answer is longer than %zu bytes", get->body_limit);
        return 0; /* fewer bytes than were offered: the library ends the call */
    }
    text_add(&get->body, slice_make(bytes, size * count));
    return size * count;
}

static size_t on_lines_arrived(char *bytes, size_t size, size_t count, void *arg)
{
    struct stream *stream = arg;

    if (stream->lines.len - stream->taken + size * count > STREAM_BACKLOG) {
        stream->overflowed = true;
        return 0;
    }
    text_add(&stream->lines, slice_make(bytes, size * count));
    return size * count;
}

static size_t on_stream_header(char *bytes, size_t size, size_t count, void *arg)
{
    struct stream *stream = arg;
    struct slice line = {bytes, size * count};

    if (line.len <= 2 && slice_trim_space(line).len == 0)
        stream->has_head = true; /* the empty line that ends the head */
    return size * count;
}

/* The library has no option for it. */
static int on_socket_made(void *arg, curl_socket_t fd, curlsocktype purpose)
{
    int probes = KEEPALIVE_PROBES;

    (void)arg;
    if (purpose == CURLSOCKTYPE_IPCXN) /* it fails on a unix socket, which needs no probes */
        (void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof probes);
    return CURL_SOCKOPT_OK;
}

/* Options every call has. Nothing from the environment counts: no proxy, no redirect, no other protocol. */
static void set_common_options(const struct callout *callout, CURL *easy, struct slice target)
{
    char *url = wb_format("%s" SLICE_FMT, callout->endpoint.base, SLICE_ARG(target));

    curl_easy_reset(easy);
    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, callout->endpoint.is_secure ? "https" : "http");
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "waybill/" WB_VERSION);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_TIMEOUT_MS);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPIDLE, (long)KEEPALIVE_SECONDS);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPINTVL, (long)KEEPALIVE_SECONDS);
    curl_easy_setopt(easy, CURLOPT_SOCKOPTFUNCTION, on_socket_made);
    if (callout->endpoint.socket_path)
        curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, callout->endpoint.socket_path);
    if (callout->endpoint.is_secure)
        credentials_use(&callout->credentials, easy);
    free(url);
}

static struct call *take_call(struct callout *callout)
{
    struct call *call;

    if (callout->spare.count) {
        call = callout->spare.items[--callout->spare.count];
    } else {
        call = wb_alloc(sizeof *call);
        call->easy = curl_easy_init();
        WB_REQUIRE(call->easy);
    }
    calls_add(&callout->busy, call);
    return call;
}

void callout_begin(struct callout *callout, struct callout_get *get)
{
    struct call *call = take_call(callout);
    CURL *easy = call->easy;

    get->status = 0;
    get->ended = false;
    call->get = get;
    set_common_options(callout, easy, get->target);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)get->timeout_ms);
    if (get->login) {
        curl_easy_setopt(easy, CURLOPT_HTTPAUTH, (long)(CURLAUTH_BASIC | CURLAUTH_DIGEST));
        curl_easy_setopt(easy, CURLOPT_USERPWD, get->login);
    }
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body_arrived);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, get);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, call->detail);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, call);
    WB_REQUIRE(curl_multi_add_handle(callout->multi, easy) == CURLM_OK);
}

/* What went wrong, in words that are the same each time: they are logged once. */
static void describe_code(const struct callout *callout, CURLcode code, const char *detail, struct text *out)
{
    if (!callout->endpoint.is_secure || !credentials_explain(&callout->credentials, code, detail, out))
        text_addf(out, "%s", curl_easy_strerror(code));
}

/* "unix:///var/run/docker.sock: /containers/json: Couldn't connect to server" */
static void describe_failure(const struct callout *callout, const struct call *call, CURLcode code, struct text *out)
{
    struct text reason = *out;

    *out = TEXT_EMPTY;
    text_addf(out, "%s: " SLICE_FMT ": ", callout->endpoint.written, SLICE_ARG(call->get->target));
    if (reason.len)
        text_add(out, text_slice(&reason));
    else
        describe_code(callout, code, call->detail, out);
    text_fini(&reason);
}

static void end_get(struct callout *callout, CURL *easy, CURLcode code)
{
    struct call *call = NULL;
    long status = 0;

    curl_easy_getinfo(easy, CURLINFO_PRIVATE, &call);
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    if (code == CURLE_OK)
        call->get->status = (unsigned)status;
    else
        describe_failure(callout, call, code, &call->get->error);
    call->get->ended = true;
    curl_multi_remove_handle(callout->multi, easy);
    calls_remove(&callout->busy, call);
    calls_add(&callout->spare, call);
}

static void end_stream(const struct callout *callout, struct stream *stream, CURLcode code)
{
    stream->ended = true;
    if (stream->overflowed)
        text_add(&stream->error, SLICE("more came than could be taken in"));
    else if (code == CURLE_OK || code == CURLE_PARTIAL_FILE)
        text_add(&stream->error, SLICE("the other side ended the stream"));
    else
        describe_code(callout, code, stream->detail, &stream->error);
}

/* Moves bytes on all transfers; true when a GET ended. */
static bool perform(struct callout *callout)
{
    bool ended = false;
    int running, queued;

    curl_multi_perform(callout->multi, &running);
    for (CURLMsg *message; (message = curl_multi_info_read(callout->multi, &queued));) {
        if (message->msg != CURLMSG_DONE)
            continue;
        if (message->easy_handle == callout->stream.easy) {
            end_stream(callout, &callout->stream, message->data.result);
        } else {
            end_get(callout, message->easy_handle, message->data.result);
            ended = true;
        }
    }
    return ended;
}

static void poll_until(struct callout *callout, uint64_t deadline_ms)
{
    uint64_t now = clock_monotonic_ms();
    uint64_t left = deadline_ms > now ? deadline_ms - now : 0;

    curl_multi_poll(callout->multi, NULL, 0, (int)(left < WAIT_SLICE_MS ? left : WAIT_SLICE_MS), NULL);
}

/* Callers of a stopped callout are leaving: what is under way is dropped with the connections. */
static enum callout_outcome abandon(struct callout *callout, struct callout_get *gets, size_t count)
{
    callout_disconnect(callout);
    for (size_t i = 0; i < count; i++)
        gets[i].status = 0;
    return CALLOUT_STOPPED;
}

static size_t count_ended(const struct callout_get *gets, size_t count)
{
    size_t ended = 0;
    for (size_t i = 0; i < count; i++)
        ended += gets[i].ended;
    return ended;
}

enum callout_outcome callout_get_all(struct callout *callout, struct callout_get *gets, size_t count, unsigned parallel)
{
    size_t begun = 0, ended = 0;

    while (ended < count) {
        if (atomic_load(&callout->stopped))
            return begun == ended ? CALLOUT_STOPPED : abandon(callout, gets, count);
        while (begun < count && begun - ended < parallel)
            callout_begin(callout, &gets[begun++]);
        bool some_ended = perform(callout);
        ended = count_ended(gets, begun);
        if (!some_ended && ended < count)
            poll_until(callout, UINT64_MAX);
    }
    return CALLOUT_OK;
}

void callout_get_fini(struct callout_get *get)
{
    text_fini(&get->body);
    text_fini(&get->error);
}

static enum callout_outcome fail(struct callout *callout, struct slice target, const char *reason)
{
    text_fini(&callout->error);
    text_addf(&callout->error, "%s: " SLICE_FMT ": %s", callout->endpoint.written, SLICE_ARG(target), reason);
    return CALLOUT_FAILED;
}

enum callout_outcome callout_stream_open(struct callout *callout, struct slice target, uint64_t timeout_ms)
{
    struct stream *stream = &callout->stream;
    uint64_t deadline = clock_monotonic_ms() + timeout_ms;
    long status = 0;

    close_stream(callout);
    stream->easy = curl_easy_init();
    WB_REQUIRE(stream->easy);
    set_common_options(callout, stream->easy, target);
    curl_easy_setopt(stream->easy, CURLOPT_WRITEFUNCTION, on_lines_arrived);
    curl_easy_setopt(stream->easy, CURLOPT_WRITEDATA, stream);
    curl_easy_setopt(stream->easy, CURLOPT_HEADERFUNCTION, on_stream_header);
    curl_easy_setopt(stream->easy, CURLOPT_HEADERDATA, stream);
    curl_easy_setopt(stream->easy, CURLOPT_ERRORBUFFER, stream->detail);
    WB_REQUIRE(curl_multi_add_handle(callout->multi, stream->easy) == CURLM_OK);
    for (;;) {
        if (atomic_load(&callout->stopped))
            return CALLOUT_STOPPED;
        perform(callout);
        if (stream->has_head || stream->ended || clock_monotonic_ms() >= deadline)
            break;
        poll_until(callout, deadline);
    }
    curl_easy_getinfo(stream->easy, CURLINFO_RESPONSE_CODE, &status);
    if (!stream->has_head)
        return fail(callout, target, stream->ended ? stream->error.ptr : "no answer in time");
    if (status != 200) {
        char reason[64];
        snprintf(reason, sizeof reason, "answered with status %ld", status);
        return fail(callout, target, reason);
    }
    return CALLOUT_OK;
}

static bool has_line(const struct stream *stream)
{
    return stream->lines.len > stream->taken &&
           memchr(stream->lines.ptr + stream->taken, '\n', stream->lines.len - stream->taken) != NULL;
}

enum callout_outcome callout_wait(struct callout *callout, uint64_t timeout_ms)
{
    struct stream *stream = &callout->stream;
    uint64_t deadline = clock_monotonic_ms() + timeout_ms;

    for (;;) {
        if (atomic_load(&callout->stopped))
            return CALLOUT_STOPPED;
        if (perform(callout) || has_line(stream))
            return CALLOUT_OK;
        if (stream->ended)
            return fail(callout, SLICE("events"), stream->error.ptr);
        if (clock_monotonic_ms() >= deadline)
            return CALLOUT_OK;
        poll_until(callout, deadline);
    }
}

bool callout_stream_line(struct callout *callout, struct slice *out_line)
{
    struct stream *stream = &callout->stream;

    if (!has_line(stream)) {
        /* All whole lines are taken: what is left moves to the front. */
        if (stream->taken) {
            stream->lines.len -= stream->taken;
            memmove(stream->lines.ptr, stream->lines.ptr + stream->taken, stream->lines.len);
            stream->taken = 0;
        }
        return false;
    }
    struct slice rest = {stream->lines.ptr + stream->taken, stream->lines.len - stream->taken};
    size_t len = slice_find(rest, '\n');
    *out_line = slice_trim_space(slice_head(rest, len));
    stream->taken += len + 1;
    return true;
}

const char *callout_error(const struct callout *callout)
{
    return callout->error.ptr ? callout->error.ptr : "";
}
