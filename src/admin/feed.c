/* SPDX-License-Identifier: MIT */
#include "feed.h"
#include "news.h"
#include "reply.h"
#include "waybill/base/clock.h"
#include "waybill/exchange/exchange.h"
#include "waybill/net/loop.h"
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>

/* Figures with every fifth look; who wants none is sent a comment now and then, so that whatever is between sees life. */
enum { LOOK_MS = 200, LOOKS_FOR_FIGURES = 5, LOOKS_FOR_LIFE = 75 };

/* The events of one look, in one text: first the changes, then the figures. */
struct bulletin {
    unsigned refs; /* under the feed's lock */
    struct text text;
    size_t changes_len;
};

struct feed {
    const struct admin_options *options;
    uint64_t started_wall_ns;
    /* Main's. */
    struct deadline look;
    struct news news;
    unsigned looks;
    /* Any thread's, under the lock. */
    pthread_mutex_t lock;
    struct list readers;
    size_t reader_count;
    bool running; /* main looks */
    bool asked;   /* it was told to begin, and has not heard it yet */
    bool ended;
    struct news_numbers numbers; /* those that what is published leads up to */
    struct bulletin *kept[FEED_BULLETINS_KEPT];
    uint64_t published;   /* bulletin N is in kept[N % FEED_BULLETINS_KEPT] */
    struct message begin; /* to main */
};

/* On the heap: mail to it may be under way when its exchange is over. */
struct reader {
    struct response_half half;
    struct feed *feed;
    struct exchange *exchange;
    struct mailbox *home;
    bool wants_figures, greeted, told_end;
    uint64_t next;         /* bulletin it gets next */
    struct bulletin *held; /* being written; one reference */
    struct text own;       /* or this, which is for it alone */
    struct slice piece;    /* what is left of either */
    /* Under the feed's lock. */
    struct list link;
    struct message wake;
    bool in_mail, gone;
};

static void drop_bulletin(struct bulletin **bulletin)
{
    struct bulletin *dropped = *bulletin;

    *bulletin = NULL;
    if (!dropped || --dropped->refs > 0)
        return;
    text_fini(&dropped->text);
    free(dropped);
}

static void free_reader(struct reader *reader)
{
    text_fini(&reader->own);
    free(reader);
}

/* -- on a reader's worker -- */

static void open_wake(struct message *message, void *owner)
{
    struct reader *reader = WB_CONTAINER_OF(message, struct reader, wake);

    (void)owner;
    pthread_mutex_lock(&reader->feed->lock);
    reader->in_mail = false;
    bool gone = reader->gone;
    pthread_mutex_unlock(&reader->feed->lock);
    if (gone)
        free_reader(reader);
    else
        exchange_poke(reader->exchange);
}

/* Begins with what it knows, so that a reader who compares the numbers with those of its documents misses nothing. */
static void greet(struct reader *reader)
{
    const struct feed *feed = reader->feed;

    reader->greeted = true;
    reader->next = feed->published;
    text_addf(&reader->own,
              "retry: 1000\nevent: hello\ndata: {\"version\":\"%s\",\"started\":%" PRIu64 ",\"snapshot\":%" PRIu64
              ",\"inventory\":%" PRIu64 ",\"diagnostics\":%" PRIu64 "}\n\n",
              WB_VERSION, feed->started_wall_ns / 1000000000, feed->numbers.snapshot, feed->numbers.inventory,
              feed->numbers.diagnostics);
}

static void tell_lost(struct reader *reader)
{
    text_addf(&reader->own, "event: lost\ndata: {\"bulletins\":%" PRIu64 "}\n\n", reader->feed->published - reader->next);
    reader->next = reader->feed->published;
}

static void tell_end(struct reader *reader)
{
    reader->told_end = true;
    text_add(&reader->own, SLICE("event: end\ndata: {\"reason\":\"the router is shutting down\"}\n\n"));
}

static void take_bulletins(struct reader *reader)
{
    struct feed *feed = reader->feed;

    while (reader->next < feed->published && reader->piece.len == 0) {
        struct bulletin *bulletin = feed->kept[reader->next++ % FEED_BULLETINS_KEPT];
        reader->piece = slice_head(text_slice(&bulletin->text),
                                   reader->wants_figures ? bulletin->text.len : bulletin->changes_len);
        if (reader->piece.len == 0)
            continue;
        bulletin->refs++;
        reader->held = bulletin;
    }
}

/* With the lock held. Nothing: there is nothing to tell it yet. */
static void next_piece(struct reader *reader)
{
    struct feed *feed = reader->feed;

    drop_bulletin(&reader->held);
    reader->own.len = 0;
    if (!reader->greeted && feed->running)
        greet(reader);
    else if (reader->greeted && feed->published - reader->next > FEED_BULLETINS_KEPT)
        tell_lost(reader);
    else if (reader->greeted)
        take_bulletins(reader);
    if (reader->piece.len == 0 && reader->own.len == 0 && feed->ended && !reader->told_end)
        tell_end(reader);
    if (reader->own.len)
        reader->piece = text_slice(&reader->own);
}

static enum response_verdict head(struct response_half *half, struct exchange *x)
{
    exchange_stream(x, half);
    return RESPONSE_PASS;
}

static enum body_result body(struct response_half *half, struct exchange *x, struct headers *trailers,
                             struct slice *out_payload)
{
    struct reader *reader = WB_CONTAINER_OF(half, struct reader, half);

    (void)x;
    (void)trailers;
    if (reader->piece.len == 0) {
        pthread_mutex_lock(&reader->feed->lock);
        next_piece(reader);
        pthread_mutex_unlock(&reader->feed->lock);
    }
    *out_payload = reader->piece;
    return reader->piece.len ? BODY_PAYLOAD : reader->told_end ? BODY_END : BODY_MORE;
}

static void took(struct response_half *half, struct exchange *x, size_t count)
{
    struct reader *reader = WB_CONTAINER_OF(half, struct reader, half);

    (void)x;
    reader->piece = slice_from(reader->piece, count);
}

static void ended(struct response_half *half, struct exchange *x)
{
    struct reader *reader = WB_CONTAINER_OF(half, struct reader, half);
    struct feed *feed = reader->feed;

    (void)x;
    pthread_mutex_lock(&feed->lock);
    list_remove(&reader->link);
    feed->reader_count--;
    drop_bulletin(&reader->held);
    reader->gone = true;
    bool in_mail = reader->in_mail;
    pthread_mutex_unlock(&feed->lock);
    if (!in_mail)
        free_reader(reader);
}

static const struct response_ops reader_ops = {.head = head, .body = body, .took = took, .ended = ended};

static bool wants_figures(struct slice query)
{
    struct slice part;

    while (slice_cut(&query, '&', &part))
        if (slice_eq(part, SLICE("figures=false")))
            return false;
    return true;
}

static void join(void *arg, struct exchange *x)
{
    struct feed *feed = arg;
    struct reader *reader = wb_alloc(sizeof *reader);

    reader->feed = feed;
    reader->exchange = x;
    reader->home = &x->env->loop->mailbox;
    reader->wants_figures = wants_figures(x->target.query);
    reader->piece = SLICE("");
    reader->wake.open = open_wake;
    exchange_see_answer(x, &reader->half, &reader_ops);
    pthread_mutex_lock(&feed->lock);
    list_push_back(&feed->readers, &reader->link);
    feed->reader_count++;
    if (!feed->running && !feed->asked && !feed->ended)
        feed->asked = mailbox_post(&feed->options->loop->mailbox, &feed->begin);
    pthread_mutex_unlock(&feed->lock);
}

static bool has_room(struct feed *feed)
{
    pthread_mutex_lock(&feed->lock);
    bool room = feed->reader_count < FEED_READERS_MAX;
    pthread_mutex_unlock(&feed->lock);
    return room;
}

bool feed_answer(struct feed *feed, const struct local_request *request, struct local_answer *out_answer)
{
    (void)request;
    if (!feed->options->loop)
        return false;
    if (!has_room(feed)) {
        reply_text(out_answer, 503, SLICE("as many clients as may listen to /api/events do so already: close some\n"));
        return true;
    }
    out_answer->status = 200;
    out_answer->content_type = SLICE("text/event-stream");
    out_answer->extra_name[0] = SLICE("Cache-Control");
    out_answer->extra_value[0] = SLICE("no-store");
    out_answer->extra_name[1] = SLICE("X-Content-Type-Options");
    out_answer->extra_value[1] = SLICE("nosniff");
    out_answer->extra_name[2] = SLICE("X-Accel-Buffering"); /* a proxy before us passes events on as they come */
    out_answer->extra_value[2] = SLICE("no");
    out_answer->stream = join;
    out_answer->stream_arg = feed;
    return true;
}

/* -- on main -- */

/* With the lock held. */
static void wake_readers(struct feed *feed)
{
    LIST_EACH (node, &feed->readers) {
        struct reader *reader = LIST_ENTRY(node, struct reader, link);
        if (!reader->in_mail)
            reader->in_mail = mailbox_post(reader->home, &reader->wake);
    }
}

static const struct snapshot *current(const struct feed *feed)
{
    return feed->options->current ? feed->options->current(feed->options->current_arg) : NULL;
}

/* With the lock held. */
static void publish(struct feed *feed, struct bulletin *bulletin)
{
    struct bulletin **place = &feed->kept[feed->published % FEED_BULLETINS_KEPT];

    drop_bulletin(place);
    *place = bulletin;
    feed->published++;
    feed->numbers = feed->news.numbers;
    wake_readers(feed);
}

static struct bulletin *make_bulletin(struct feed *feed)
{
    struct bulletin *bulletin = wb_alloc(sizeof *bulletin);

    bulletin->refs = 1;
    feed->looks++;
    news_gather(&feed->news, current(feed), &bulletin->text);
    if (bulletin->text.len == 0 && feed->looks % LOOKS_FOR_LIFE == 0)
        text_add(&bulletin->text, SLICE(": still here\n\n"));
    bulletin->changes_len = bulletin->text.len;
    if (feed->looks % LOOKS_FOR_FIGURES == 0)
        news_gather_figures(&feed->news, current(feed), clock_monotonic_ns(), &bulletin->text);
    return bulletin;
}

/* Nobody listens any more: true. What is kept goes; who comes next begins anew. */
static bool rest(struct feed *feed)
{
    pthread_mutex_lock(&feed->lock);
    bool rests = feed->reader_count == 0;
    if (rests) {
        feed->running = false;
        for (size_t i = 0; i < FEED_BULLETINS_KEPT; i++)
            drop_bulletin(&feed->kept[i]);
    }
    pthread_mutex_unlock(&feed->lock);
    if (rests)
        news_end(&feed->news);
    return rests;
}

static void on_look(struct deadline *deadline)
{
    struct feed *feed = WB_CONTAINER_OF(deadline, struct feed, look);

    if (rest(feed))
        return;
    struct bulletin *bulletin = make_bulletin(feed);
    pthread_mutex_lock(&feed->lock);
    if (bulletin->text.len)
        publish(feed, bulletin);
    else
        drop_bulletin(&bulletin);
    pthread_mutex_unlock(&feed->lock);
    loop_set_deadline_in(feed->options->loop, &feed->look, LOOK_MS);
}

static void open_begin(struct message *message, void *owner)
{
    struct feed *feed = WB_CONTAINER_OF(message, struct feed, begin);

    (void)owner;
    pthread_mutex_lock(&feed->lock);
    feed->asked = false;
    bool begins = !feed->running && !feed->ended;
    pthread_mutex_unlock(&feed->lock);
    if (!begins)
        return;
    news_begin(&feed->news, feed->options, current(feed), clock_monotonic_ns());
    feed->looks = 0;
    pthread_mutex_lock(&feed->lock);
    feed->running = true;
    feed->numbers = feed->news.numbers;
    wake_readers(feed);
    pthread_mutex_unlock(&feed->lock);
    loop_set_deadline_in(feed->options->loop, &feed->look, LOOK_MS);
}

struct feed *feed_create(const struct admin_options *options, uint64_t started_wall_ns)
{
    struct feed *feed = wb_alloc(sizeof *feed);

    feed->options = options;
    feed->started_wall_ns = started_wall_ns;
    feed->begin.open = open_begin;
    deadline_init(&feed->look, on_look);
    list_init(&feed->readers);
    WB_REQUIRE(pthread_mutex_init(&feed->lock, NULL) == 0);
    return feed;
}

void feed_end(struct feed *feed)
{
    if (feed->options->loop)
        loop_remove_deadline(feed->options->loop, &feed->look);
    pthread_mutex_lock(&feed->lock);
    bool running = feed->running;
    feed->running = false;
    feed->ended = true;
    wake_readers(feed);
    pthread_mutex_unlock(&feed->lock);
    if (running)
        news_end(&feed->news);
}

void feed_destroy(struct feed **feed)
{
    struct feed *old = *feed;

    *feed = NULL;
    if (!old)
        return;
    WB_REQUIRE(list_empty(&old->readers));
    for (size_t i = 0; i < FEED_BULLETINS_KEPT; i++)
        drop_bulletin(&old->kept[i]);
    pthread_mutex_destroy(&old->lock);
    free(old);
}
