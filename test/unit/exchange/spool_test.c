/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "waybill/exchange/spool.h"
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { MEBI = 1 << 20, FILE_BLOCK = 64 * 1024 };

struct rig {
    struct mailbox home;
    struct spool_room *room;
    struct spool *spool;
    unsigned pokes;
    _Atomic unsigned rings;
};

static void ring(void *arg)
{
    ((struct rig *)arg)->rings++;
}

static void poke(void *owner)
{
    ((struct rig *)owner)->pokes++;
}

static const struct spool_limits usual = {
    .memory_max = 4 * MEBI, .file_max = 16 * MEBI, .files_max = 4, .folder = {"/tmp", 4}};

static void begin(struct rig *rig, const struct spool_limits *limits, size_t memory_max, bool keeps)
{
    rig->pokes = 0;
    rig->rings = 0;
    mailbox_init(&rig->home, ring, rig);
    rig->room = spool_room_create(limits);
    rig->spool = spool_create(
        rig->room,
        &(struct spool_options){.home = &rig->home, .memory_max = memory_max, .keeps = keeps, .poke = poke, .owner = rig});
}

/* What waits is done, and its mail opened. */
static void work(struct rig *rig)
{
    while (spool_room_work(rig->room))
        mailbox_open_all(&rig->home, NULL);
}

static void end(struct rig *rig)
{
    spool_drop(&rig->spool);
    work(rig);
    spool_room_destroy(&rig->room); /* looks that nothing is in use */
    mailbox_fini(&rig->home);
}

static char byte_at(uint64_t place)
{
    return (char)(place * 2654435761u >> 13);
}

/* So many bytes more, in pieces of `piece`; the work of threads is done between. */
static enum spool_result put(struct rig *rig, size_t count, size_t piece)
{
    char *bytes = malloc(piece);
    enum spool_result result = SPOOL_READY;

    while (count && result != SPOOL_FAILED) {
        size_t some = count < piece ? count : piece, taken;
        for (size_t i = 0; i < some; i++)
            bytes[i] = byte_at(spool_length(rig->spool) + i);
        result = spool_write(rig->spool, slice_make(bytes, some), &taken);
        count -= taken;
        if (result == SPOOL_WAIT)
            work(rig);
        else if (result == SPOOL_READY)
            assert_true(taken > 0);
    }
    free(bytes);
    return result;
}

/* All of it comes back, taken in pieces of up to `piece`. */
static void expect_all(struct rig *rig, uint64_t length, size_t piece)
{
    struct slice bytes;
    uint64_t place = 0;

    assert_int_equal(spool_length(rig->spool), length);
    for (;;) {
        enum spool_result result = spool_read(rig->spool, &bytes);
        if (result == SPOOL_WAIT) {
            work(rig);
            continue;
        }
        assert_int_equal(result, SPOOL_READY);
        if (bytes.len == 0)
            break;
        size_t some = bytes.len < piece ? bytes.len : piece;
        for (size_t i = 0; i < some; i++)
            assert_int_equal(bytes.ptr[i], byte_at(place + i));
        place += some;
        spool_took(rig->spool, some);
    }
    assert_int_equal(place, length);
}

static void test_a_short_body_needs_no_more_memory_than_a_block(void **state)
{
    struct rig rig;
    (void)state;

    begin(&rig, &usual, MEBI, false);
    assert_int_equal(spool_room_memory(rig.room), 0);
    assert_int_equal(put(&rig, 100, 7), SPOOL_READY);
    assert_int_equal(spool_room_memory(rig.room), 4096);
    spool_written(rig.spool);
    expect_all(&rig, 100, 1000);
    assert_int_equal(spool_room_memory(rig.room), 0); /* what was taken is gone */
    end(&rig);
}

static void test_any_cut_gives_the_same_bytes(void **state)
{
    static const size_t lengths[] = {0, 1, 50, 51, 4096, 65536, 70000, 300000};
    static const size_t memories[] = {1, 50, 5000, 100000, MEBI};
    static const size_t pieces[] = {1, 1000, 16384, 100000};
    struct rig rig;
    (void)state;

    for (size_t l = 0; l < sizeof lengths / sizeof *lengths; l++)
        for (size_t m = 0; m < sizeof memories / sizeof *memories; m++)
            for (size_t p = lengths[l] > 70000; p < sizeof pieces / sizeof *pieces; p++) {
                begin(&rig, &usual, memories[m], true);
                assert_int_equal(put(&rig, lengths[l], pieces[p]), SPOOL_READY);
                spool_written(rig.spool);
                expect_all(&rig, lengths[l], pieces[3 - p]);
                spool_rewind(rig.spool);
                expect_all(&rig, lengths[l], MEBI);
                end(&rig);
            }
}

/* The first bytes are in memory, the last ones wait in the tail: only what is between costs a file. */
static void test_a_file_holds_no_more_than_it_must(void **state)
{
    struct rig rig;
    (void)state;

    begin(&rig, &usual, 50, false);
    assert_int_equal(put(&rig, 50 + FILE_BLOCK, 1000), SPOOL_READY);
    assert_int_equal(spool_room_file(rig.room), 0);
    assert_int_equal(put(&rig, 1, 1), SPOOL_READY);
    assert_int_equal(spool_room_file(rig.room), FILE_BLOCK);
    assert_int_equal(rig.pokes, 1);
    end(&rig);
}

static void test_a_rewind_in_the_midst_of_a_file(void **state)
{
    struct slice bytes;
    struct rig rig;
    (void)state;

    begin(&rig, &usual, 1, true);
    assert_int_equal(put(&rig, 3 * FILE_BLOCK, FILE_BLOCK), SPOOL_READY);
    spool_written(rig.spool);
    assert_int_equal(spool_read(rig.spool, &bytes), SPOOL_READY);
    spool_took(rig.spool, 1);
    assert_int_equal(spool_read(rig.spool, &bytes), SPOOL_WAIT);
    spool_rewind(rig.spool); /* a read is under way */
    expect_all(&rig, 3 * FILE_BLOCK, FILE_BLOCK);
    end(&rig);
}

static void test_memory_of_all_is_limited(void **state)
{
    struct spool_limits limits = usual;
    struct rig rig;
    (void)state;

    limits.memory_max = 200 * 1024; /* 150 KiB of it for what is not on its way to a file */
    begin(&rig, &limits, MEBI, false);
    assert_int_equal(put(&rig, 100 * 1024, 4096), SPOOL_READY);
    assert_true(spool_room_memory(rig.room) <= 150 * 1024);
    assert_int_equal(put(&rig, 100 * 1024, 4096), SPOOL_FAILED); /* the blocks for a file find no room either */
    size_t taken;
    assert_int_equal(spool_write(rig.spool, SLICE("x"), &taken), SPOOL_FAILED); /* sticky */
    end(&rig);
}

static void test_files_of_all_are_limited(void **state)
{
    struct spool_limits limits = usual;
    struct rig rig, other;
    (void)state;

    limits.file_max = 4 * FILE_BLOCK;
    limits.files_max = 1;
    begin(&rig, &limits, 1, false);
    assert_int_equal(put(&rig, 1 + 5 * FILE_BLOCK, FILE_BLOCK), SPOOL_READY);
    assert_int_equal(spool_room_file(rig.room), 4 * FILE_BLOCK);

    other = rig;
    other.spool = spool_create(rig.room,
                               &(struct spool_options){.home = &rig.home, .memory_max = 1, .poke = poke, .owner = &other});
    assert_int_equal(put(&other, 3 * FILE_BLOCK, FILE_BLOCK), SPOOL_FAILED); /* a second file */
    spool_drop(&other.spool);

    assert_int_equal(put(&rig, 1, 1), SPOOL_FAILED); /* too many bytes */
    end(&rig);
}

static void test_a_folder_that_cannot_be_used(void **state)
{
    struct spool_limits limits = usual;
    struct rig rig;
    (void)state;

    limits.folder = SLICE("/dev/null/folder");
    begin(&rig, &limits, MEBI, false);
    assert_int_equal(put(&rig, MEBI + FILE_BLOCK, FILE_BLOCK), SPOOL_READY); /* needs no file yet */
    assert_int_equal(put(&rig, FILE_BLOCK, FILE_BLOCK), SPOOL_FAILED);
    end(&rig);
}

/* As a full disk: the file may not grow any more. */
static void test_a_file_that_cannot_grow(void **state)
{
    struct rlimit before, small;
    struct rig rig;
    (void)state;

    begin(&rig, &usual, 1, false);
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small = (struct rlimit){.rlim_cur = 3 * FILE_BLOCK / 2, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    enum spool_result result = put(&rig, 4 * FILE_BLOCK, FILE_BLOCK);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(result, SPOOL_FAILED);
    end(&rig);
}

static void test_dropped_while_work_waits(void **state)
{
    struct slice piece;
    struct rig rig;
    size_t taken;
    (void)state;

    char *bytes = calloc(1, 2 * FILE_BLOCK);
    piece = slice_make(bytes, 2 * FILE_BLOCK);
    begin(&rig, &usual, 1, false);
    assert_int_equal(spool_write(rig.spool, piece, &taken), SPOOL_READY);
    assert_int_equal(taken, 1 + FILE_BLOCK);
    assert_int_equal(spool_write(rig.spool, piece, &taken), SPOOL_WAIT);
    spool_drop(&rig.spool);
    assert_int_equal(spool_room_memory(rig.room), 0);
    work(&rig);
    assert_int_equal(rig.pokes, 0);
    end(&rig);
    free(bytes);
}

/* The real thing: threads write and read, and the owner hears of it by mail. */
static void test_threads(void **state)
{
    enum { ROUNDS = 20, LENGTH = 20 * FILE_BLOCK };
    struct spool_limits limits = usual;
    struct rig rig;
    (void)state;

    limits.threads = 2;
    for (unsigned round = 0; round < ROUNDS; round++) {
        begin(&rig, &limits, 1000, true);
        unsigned long waits = 0;
        char *bytes = malloc(LENGTH);
        struct slice rest = slice_make(bytes, LENGTH), got;
        size_t taken;
        for (size_t i = 0; i < LENGTH; i++)
            bytes[i] = byte_at(i);
        while (rest.len && waits < 300000) {
            if (spool_write(rig.spool, rest, &taken) == SPOOL_WAIT && mailbox_open_all(&rig.home, NULL) == 0)
                usleep(100), waits++;
            rest = slice_from(rest, taken);
        }
        assert_int_equal(rest.len, 0);
        spool_written(rig.spool);
        uint64_t place = 0;
        while (place < LENGTH / (round % 2 + 1) && waits < 300000) { /* every other one is dropped half-way */
            enum spool_result result = spool_read(rig.spool, &got);
            assert_int_not_equal(result, SPOOL_FAILED);
            if (result == SPOOL_WAIT && mailbox_open_all(&rig.home, NULL) == 0)
                usleep(100), waits++;
            assert_memory_equal(got.ptr, bytes + place, got.len);
            place += got.len;
            spool_took(rig.spool, got.len);
        }
        assert_true(waits < 300000);
        spool_read(rig.spool, &got); /* begins another read, perhaps */
        spool_drop(&rig.spool);
        mailbox_close(&rig.home);
        mailbox_open_all(&rig.home, NULL);
        spool_room_destroy(&rig.room);
        mailbox_fini(&rig.home);
        free(bytes);
    }
}

/* Workers, each with spools of its own, use one room up together. */
struct party {
    struct rig rig; /* its mailbox is there until the room has gone */
    pthread_t thread;
    unsigned seed, failed, whole;
};

static void *use_room(void *arg)
{
    enum { ROUNDS = 60 };
    struct party *party = arg;
    struct rig *rig = &party->rig;
    char *bytes = malloc(8 * FILE_BLOCK);

    for (size_t i = 0; i < 8 * FILE_BLOCK; i++)
        bytes[i] = byte_at(i);
    mailbox_init(&rig->home, ring, rig);
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct slice rest = slice_make(bytes, rand_r(&party->seed) % (8 * FILE_BLOCK)), got;
        enum spool_result result = SPOOL_READY;
        size_t taken;
        rig->spool = spool_create(
            rig->room, &(struct spool_options){.home = &rig->home, .memory_max = 5000, .poke = poke, .owner = rig});
        while (rest.len && result != SPOOL_FAILED) {
            result = spool_write(rig->spool, rest, &taken);
            rest = slice_from(rest, taken);
            if (result == SPOOL_WAIT && mailbox_open_all(&rig->home, NULL) == 0)
                usleep(50);
        }
        spool_written(rig->spool);
        for (size_t place = 0; result != SPOOL_FAILED && round % 3;) {
            result = spool_read(rig->spool, &got);
            if (result == SPOOL_WAIT && mailbox_open_all(&rig->home, NULL) == 0)
                usleep(50);
            if (result == SPOOL_READY && got.len == 0)
                break;
            if (memcmp(got.ptr, bytes + place, got.len) != 0)
                abort();
            place += got.len;
            spool_took(rig->spool, got.len);
        }
        party->failed += result == SPOOL_FAILED;
        party->whole += result == SPOOL_READY;
        spool_drop(&rig->spool);
    }
    mailbox_close(&rig->home);
    mailbox_open_all(&rig->home, NULL);
    free(bytes);
    return NULL;
}

static void test_workers_share_a_room(void **state)
{
    enum { WORKERS = 4 };
    struct spool_limits limits = usual;
    struct party parties[WORKERS];
    unsigned whole = 0;
    (void)state;

    limits.threads = 2;
    limits.files_max = 3;
    limits.memory_max = 600 * 1024;
    struct spool_room *room = spool_room_create(&limits);
    for (unsigned i = 0; i < WORKERS; i++) {
        parties[i] = (struct party){.rig = {.room = room}, .seed = i + 1};
        assert_int_equal(pthread_create(&parties[i].thread, NULL, use_room, &parties[i]), 0);
    }
    for (unsigned i = 0; i < WORKERS; i++) {
        pthread_join(parties[i].thread, NULL);
        whole += parties[i].whole;
    }
    assert_true(whole > 0);
    spool_room_destroy(&room); /* nothing is in use */
    for (unsigned i = 0; i < WORKERS; i++)
        mailbox_fini(&parties[i].rig.home);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_short_body_needs_no_more_memory_than_a_block),
        cmocka_unit_test(test_any_cut_gives_the_same_bytes),
        cmocka_unit_test(test_a_file_holds_no_more_than_it_must),
        cmocka_unit_test(test_a_rewind_in_the_midst_of_a_file),
        cmocka_unit_test(test_memory_of_all_is_limited),
        cmocka_unit_test(test_files_of_all_are_limited),
        cmocka_unit_test(test_a_folder_that_cannot_be_used),
        cmocka_unit_test(test_a_file_that_cannot_grow),
        cmocka_unit_test(test_dropped_while_work_waits),
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_workers_share_a_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
