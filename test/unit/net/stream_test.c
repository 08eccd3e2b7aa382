/* SPDX-License-Identifier: MIT */
/* Streams and listeners over a real loop and loopback. The other end is a plain socket that the test drives itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "waybill/net/listener.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LARGE = 8 * 1024 * 1024, STREAMS_MAX = 8 };

struct rig {
    struct loop *loop;
    struct listener *listener;
    uint16_t port;
    struct stream *streams[STREAMS_MAX];
    size_t accepted;
    struct deadline tick;
    unsigned ticks;
    bool (*step)(struct rig *rig); /* true: done */
    int peers[STREAMS_MAX];
    pthread_t thread;
    char *bytes;
    size_t got;
    unsigned pokes;
    bool flag, reads;
};

static void count_poke(void *owner)
{
    ((struct rig *)owner)->pokes++;
}

static void on_accepted(void *owner, struct stream *stream)
{
    struct rig *rig = owner;
    assert_true(stream->connected);
    assert_true(address_is_loopback(&stream->peer));
    stream_set_owner(stream, count_poke, rig);
    rig->streams[rig->accepted++] = stream;
}

static void end(struct rig *rig)
{
    for (size_t i = 0; i < STREAMS_MAX; i++)
        stream_close(&rig->streams[i]);
    listener_close(&rig->listener);
    for (size_t i = 0; i < STREAMS_MAX; i++)
        stream_close(&rig->streams[i]); /* what the listener took at its end */
    loop_remove_deadline(rig->loop, &rig->tick);
    uv_loop_stop(rig->loop);
}

static void on_tick(struct deadline *deadline)
{
    struct rig *rig = WB_CONTAINER_OF(deadline, struct rig, tick);

    if (rig->step(rig) || ++rig->ticks > 3000)
        end(rig);
    else
        loop_set_deadline_in(rig->loop, &rig->tick, 1);
}

static void begin(struct rig *rig, bool (*step)(struct rig *rig))
{
    int fd;

    *rig = (struct rig){.step = step};
    rig->loop = uv_loop_create(rig);
    assert_int_equal(listen_open(SLICE("127.0.0.1"), 0, &fd, 1, &rig->port), 0);
    rig->listener = listener_create(rig->loop, fd, on_accepted, rig);
    deadline_init(&rig->tick, on_tick);
}

static void run(struct rig *rig)
{
    loop_set_deadline_in(rig->loop, &rig->tick, 1);
    uv_loop_run_all(rig->loop);
    assert_true(rig->ticks <= 3000);
    assert_int_equal(rig->loop->stream_count, 0);
    assert_int_equal(rig->loop->stock.lent_bytes, 0);
    uv_loop_destroy(&rig->loop);
    if (rig->reads)
        pthread_join(rig->thread, NULL); /* it reads to the end */
    for (size_t i = 0; i < STREAMS_MAX; i++)
        if (rig->peers[i])
            close(rig->peers[i]);
}

static int connect_to(uint16_t port)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    return fd;
}

static void *swallow(void *arg)
{
    struct rig *rig = arg;
    char part[50000];
    ssize_t got;

    while ((got = recv(rig->peers[0], part, sizeof part, 0)) > 0) {
        if (memcmp(part, rig->bytes + rig->got, (size_t)got) != 0)
            break;
        rig->got += (size_t)got;
        usleep(100);
    }
    return NULL;
}

static bool step_large_write(struct rig *rig)
{
    struct stream *stream = rig->streams[0];

    if (!stream)
        return false;
    if (stream->bytes_written == 0) {
        struct slice parts[3] = {slice_make(rig->bytes, 1), slice_make(rig->bytes + 1, 0),
                                 slice_make(rig->bytes + 1, LARGE - 1)};
        stream_write(stream, parts, 3);
        rig->flag = stream->writing && stream_bytes_left(stream) > 0;
        rig->reads = pthread_create(&rig->thread, NULL, swallow, rig) == 0;
        return false;
    }
    if (stream->writing)
        return false;
    stream_shut_down(stream);
    return true;
}

static void test_a_large_write_arrives_whole_in_parts(void **state)
{
    struct rig rig;
    (void)state;

    begin(&rig, step_large_write);
    rig.bytes = malloc(LARGE);
    for (size_t i = 0; i < LARGE; i++)
        rig.bytes[i] = (char)(i * 2654435761u >> 13);
    rig.peers[0] = connect_to(rig.port);
    run(&rig);
    assert_true(rig.flag); /* the socket could not take it at once */
    assert_int_equal(rig.got, LARGE);
    free(rig.bytes);
}

/* What the socket did not take is the caller's again: nothing is waited for, and the rest may go as a write. */
static bool step_write_now(struct rig *rig)
{
    struct stream *stream = rig->streams[0];

    if (!stream)
        return false;
    if (stream->bytes_written == 0) {
        size_t gone = stream_write_now(stream, slice_make(rig->bytes, LARGE));
        assert_true(gone > 0 && gone < LARGE && stream->bytes_written == gone);
        assert_false(stream->writing);
        assert_int_equal(stream_write_now(stream, slice_make(rig->bytes + gone, LARGE - gone)), 0);
        assert_int_equal(stream->write_error, 0);
        struct slice rest = slice_make(rig->bytes + gone, LARGE - gone);
        stream_write(stream, &rest, 1);
        assert_true(stream->writing);
        rig->reads = pthread_create(&rig->thread, NULL, swallow, rig) == 0;
        return false;
    }
    if (stream->writing)
        return false;
    stream_shut_down(stream);
    return true;
}

static void test_a_write_of_now_leaves_the_rest(void **state)
{
    struct rig rig;
    (void)state;

    begin(&rig, step_write_now);
    rig.bytes = malloc(LARGE);
    for (size_t i = 0; i < LARGE; i++)
        rig.bytes[i] = (char)(i * 2654435761u >> 13);
    rig.peers[0] = connect_to(rig.port);
    run(&rig);
    assert_int_equal(rig.got, LARGE);
    free(rig.bytes);
}

static bool step_write_to_nobody(struct rig *rig)
{
    struct linger hard = {.l_onoff = 1};

    if (!rig->streams[0])
        return false;
    if (!rig->flag) {
        rig->flag = true;
        setsockopt(rig->peers[0], SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
        close(rig->peers[0]);
        rig->peers[0] = 0;
        return false;
    }
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(stream_write_now(rig->streams[0], SLICE("x")), 0);
    assert_true(rig->streams[0]->write_error == -ECONNRESET || rig->streams[0]->write_error == -EPIPE);
    return true;
}

static void test_a_write_of_now_may_fail(void **state)
{
    struct rig rig;
    (void)state;

    begin(&rig, step_write_to_nobody);
    rig.peers[0] = connect_to(rig.port);
    run(&rig);
}

static bool step_back_pressure(struct rig *rig)
{
    struct stream *stream = rig->streams[0];

    if (!stream)
        return false;
    if (rig->ticks == 0)
        return false;
    if (!rig->flag) {
        static char bytes[1024 * 1024];
        rig->flag = true;
        assert_true(send(rig->peers[0], bytes, sizeof bytes, MSG_DONTWAIT) > 0);
        stream_want_read(stream, true);
        return false;
    }
    if (rig->ticks < 50)
        return false;
    assert_true(stream_bytes(stream).len <= BUFFER_LARGE); /* full: it reads no more */
    assert_false(stream->reading);
    assert_true(rig->loop->stock.lent_bytes <= BUFFER_LARGE);
    uint64_t before = stream->bytes_read;
    stream_consume(stream, stream_bytes(stream).len);
    assert_true(stream->reading);
    stream_want_read(stream, false);
    assert_int_equal(stream->bytes_read, before);
    return true;
}

static void test_a_full_buffer_stops_reading_and_consuming_resumes_it(void **state)
{
    struct rig rig;
    (void)state;

    begin(&rig, step_back_pressure);
    rig.peers[0] = connect_to(rig.port);
    run(&rig);
}

static bool step_end_and_reset(struct rig *rig)
{
    struct linger hard = {.l_onoff = 1};

    if (rig->accepted < 2)
        return false;
    if (!rig->flag) {
        rig->flag = true;
        for (size_t i = 0; i < 2; i++)
            stream_want_read(rig->streams[i], true);
        assert_int_equal(send(rig->peers[0], "bye", 3, 0), 3);
        shutdown(rig->peers[0], SHUT_WR);
        setsockopt(rig->peers[1], SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
        close(rig->peers[1]);
        rig->peers[1] = 0;
        return false;
    }
    if (!rig->streams[0]->eof || !rig->streams[1]->error)
        return false;
    assert_int_equal(rig->streams[0]->error, 0);
    assert_true(slice_eq(stream_bytes(rig->streams[0]), SLICE("bye")));
    assert_int_equal(rig->streams[1]->error, -ECONNRESET);
    assert_true(rig->pokes >= 2);
    return true;
}

static void test_an_end_and_a_reset_are_told_apart(void **state)
{
    struct rig rig;
    (void)state;

    begin(&rig, step_end_and_reset);
    rig.peers[0] = connect_to(rig.port);
    usleep(1000);
    rig.peers[1] = connect_to(rig.port);
    run(&rig);
}

/* The other side has said all, or not, before we look: all of it is there in one turn of the loop. */
static bool step_told_late(struct rig *rig)
{
    struct linger hard = {.l_onoff = 1};
    struct slice word = SLICE("word");

    if (rig->accepted < 2)
        return false;
    if (!rig->flag) {
        rig->flag = true;
        for (size_t i = 0; i < 2; i++)
            assert_int_equal(send(rig->peers[i], "half", 4, 0), 4);
        setsockopt(rig->peers[0], SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
        for (size_t i = 0; i < 2; i++) {
            close(rig->peers[i]);
            rig->peers[i] = 0;
        }
        stream_write(rig->streams[1], &word, 1); /* nobody is there any more: a reset comes, behind the end */
        for (size_t i = 0; i < 2; i++)
            stream_want_read(rig->streams[i], true);
        return false;
    }
    if (!rig->streams[0]->error || !rig->streams[1]->eof)
        return false;
    assert_int_equal(rig->streams[0]->error, -ECONNRESET);
    assert_false(rig->streams[0]->eof);
    assert_int_equal(rig->streams[1]->error, 0);
    for (size_t i = 0; i < 2; i++)
        assert_true(slice_eq(stream_bytes(rig->streams[i]), SLICE("half")));
    return true;
}

static void test_a_reset_right_behind_bytes_is_no_end(void **state)
{
    struct rig rig;
    (void)state;

    begin(&rig, step_told_late);
    rig.peers[0] = connect_to(rig.port);
    usleep(1000);
    rig.peers[1] = connect_to(rig.port);
    run(&rig);
}

static bool step_dial(struct rig *rig)
{
    struct address address;

    if (rig->ticks == 0) {
        assert_true(address_parse(SLICE("127.0.0.1"), rig->port, &address));
        rig->streams[6] = stream_dial(rig->loop, &address);
        assert_true(address_parse(SLICE("127.0.0.1"), 1, &address)); /* nobody listens there */
        rig->streams[7] = stream_dial(rig->loop, &address);
        for (size_t i = 6; i < 8; i++)
            stream_set_owner(rig->streams[i], count_poke, rig);
        return false;
    }
    if (!rig->streams[6]->connected || !rig->streams[7]->error || rig->accepted == 0)
        return false;
    assert_int_equal(rig->streams[7]->error, -ECONNREFUSED);
    assert_false(rig->streams[7]->connected);
    return true;
}

static void test_dialling_succeeds_or_says_why_not(void **state)
{
    struct rig rig;
    (void)state;

    begin(&rig, step_dial);
    run(&rig);
    assert_int_equal(rig.pokes, 2);
}

static int option_of(int fd, int level, int name)
{
    int value = -1;
    socklen_t size = sizeof value;

    assert_int_equal(getsockopt(fd, level, name, &value, &size), 0);
    return value;
}

/* It says so of the listening socket only. */
static bool step_options(struct rig *rig)
{
    struct address local;

    if (rig->accepted == 0)
        return false;
    assert_true(stream_find_local(rig->streams[0], &local));
    assert_true(address_is_loopback(&local) && local.port == rig->port);
    int fd = stream_detach(&rig->streams[0]);
    assert_true(fd >= 0);
    assert_int_equal(option_of(fd, IPPROTO_TCP, TCP_NODELAY), 1);
    assert_int_equal(option_of(fd, SOL_SOCKET, SO_KEEPALIVE), 1);
    assert_int_equal(option_of(fd, IPPROTO_TCP, TCP_KEEPIDLE), 30);
    assert_int_equal(option_of(fd, IPPROTO_TCP, TCP_KEEPINTVL), 1);
    assert_int_equal(option_of(fd, IPPROTO_TCP, TCP_KEEPCNT), 10);
    close(fd);
    return true;
}

static void test_what_is_accepted_is_not_delayed_and_kept_alive(void **state)
{
    struct rig rig;
    (void)state;

    begin(&rig, step_options);
    rig.peers[0] = connect_to(rig.port);
    run(&rig);
}

static bool step_nothing(struct rig *rig)
{
    (void)rig;
    return true;
}

static void test_closing_a_listener_accepts_what_waits(void **state)
{
    struct rig rig;
    (void)state;

    begin(&rig, step_nothing);
    for (size_t i = 0; i < 5; i++)
        rig.peers[i] = connect_to(rig.port); /* in the kernel's queue: the loop has not run */
    listener_close(&rig.listener);
    assert_int_equal(rig.accepted, 5);
    run(&rig);
}

/* Nobody reads: what came is known all the same. */
static bool step_news(struct rig *rig)
{
    struct linger hard = {.l_onoff = 1};

    if (rig->accepted < 4)
        return false;
    if (!rig->flag) {
        for (size_t i = 0; i < 4; i++)
            assert_false(stream_has_news(rig->streams[i]));
        rig->flag = true;
        assert_int_equal(send(rig->peers[0], "x", 1, 0), 1);
        shutdown(rig->peers[1], SHUT_WR);
        setsockopt(rig->peers[2], SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
        close(rig->peers[2]);
        rig->peers[2] = 0;
        return false;
    }
    assert_false(stream_has_news(rig->streams[3]));
    for (size_t i = 0; i < 3; i++)
        if (!stream_has_news(rig->streams[i]))
            return false;
    assert_int_equal(buffer_len(&rig->streams[0]->in), 0); /* it was only looked at */
    return true;
}

static void test_what_came_is_known_before_it_is_read(void **state)
{
    struct rig rig;
    (void)state;

    begin(&rig, step_news);
    for (size_t i = 0; i < 4; i++)
        rig.peers[i] = connect_to(rig.port);
    run(&rig);
}

static bool step_withhold(struct rig *rig)
{
    if (rig->ticks == 20)
        listener_withhold(rig->listener, false);
    else if (rig->ticks < 20)
        assert_int_equal(rig->accepted, 0);
    return rig->accepted == 3;
}

static void test_a_withheld_listener_lets_connections_wait(void **state)
{
    struct rig rig;
    (void)state;

    begin(&rig, step_withhold);
    listener_withhold(rig.listener, true);
    for (size_t i = 0; i < 3; i++)
        rig.peers[i] = connect_to(rig.port);
    run(&rig);
    assert_int_equal(rig.accepted, 3);
}

static void test_a_port_in_use_is_found_out(void **state)
{
    int fds[2], more;
    uint16_t port, other;
    (void)state;

    assert_int_equal(listen_open(SLICE("127.0.0.1"), 0, fds, 2, &port), 0);
    assert_int_equal(listen_open(SLICE("127.0.0.1"), port, &more, 1, &other), -EADDRINUSE); /* SO_REUSEPORT would hide it */
    assert_int_equal(listen_open(SLICE("no address"), 0, &more, 1, &other), -EADDRNOTAVAIL);
    for (size_t i = 0; i < 2; i++)
        close(fds[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_large_write_arrives_whole_in_parts),
        cmocka_unit_test(test_a_write_of_now_leaves_the_rest),
        cmocka_unit_test(test_a_write_of_now_may_fail),
        cmocka_unit_test(test_a_full_buffer_stops_reading_and_consuming_resumes_it),
        cmocka_unit_test(test_an_end_and_a_reset_are_told_apart),
        cmocka_unit_test(test_a_reset_right_behind_bytes_is_no_end),
        cmocka_unit_test(test_what_came_is_known_before_it_is_read),
        cmocka_unit_test(test_dialling_succeeds_or_says_why_not),
        cmocka_unit_test(test_what_is_accepted_is_not_delayed_and_kept_alive),
        cmocka_unit_test(test_closing_a_listener_accepts_what_waits),
        cmocka_unit_test(test_a_withheld_listener_lets_connections_wait),
        cmocka_unit_test(test_a_port_in_use_is_found_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
