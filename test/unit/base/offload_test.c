/* SPDX-License-Identifier: MIT */
/* Many loops give work away and get it back; says most when run under TSan. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "waybill/base/offload.h"
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

struct task {
    struct offload_job job;
    unsigned number, answer;
    unsigned *order; /* where it notes when it was done; may be NULL */
    unsigned *done;
};

static void ring(void *arg)
{
    (void)arg;
}

static void double_number(struct offload_job *job)
{
    struct task *task = WB_CONTAINER_OF(job, struct task, job);
    task->answer = 2 * task->number;
    if (task->order)
        *task->order = ++*task->done;
}

static void count_and_free(struct offload_job *job)
{
    struct task *task = WB_CONTAINER_OF(job, struct task, job);
    WB_REQUIRE(task->answer == 2 * task->number);
    ++*task->done;
    free(task);
}

static void ignore_job(struct offload_job *job)
{
    (void)job;
}

static void test_lines_take_turns(void **state)
{
    struct offload *offload = offload_create(0);
    struct offload_line lines[2];
    struct mailbox box;
    struct task tasks[6];
    unsigned order[6], done = 0;
    (void)state;

    mailbox_init(&box, ring, NULL);
    for (size_t i = 0; i < 2; i++)
        offload_line_init(&lines[i]);
    /* Four of one party, and then two of another. */
    for (unsigned i = 0; i < 6; i++) {
        tasks[i] = (struct task){.number = i, .order = &order[i], .done = &done};
        tasks[i].job.run = double_number;
        tasks[i].job.done = ignore_job;
        tasks[i].job.home = &box;
        assert_true(offload_post(offload, &lines[i >= 4], &tasks[i].job));
    }
    assert_int_equal(lines[0].count, 4);
    assert_int_equal(offload_work(offload), 6);
    const unsigned wanted[] = {1, 3, 5, 6, 2, 4};
    for (unsigned i = 0; i < 6; i++)
        assert_int_equal(order[i], wanted[i]);
    assert_int_equal(lines[0].count + lines[1].count, 0);
    assert_int_equal(mailbox_open_all(&box, NULL), 6);
    mailbox_fini(&box);
    offload_destroy(&offload);
}

static void test_a_line_is_limited_and_a_withdrawn_job_makes_room(void **state)
{
    struct offload *offload = offload_create(0);
    static struct task tasks[OFFLOAD_LINE_MAX + 1];
    struct offload_line line, other;
    struct mailbox box;
    unsigned done = 0;
    (void)state;

    mailbox_init(&box, ring, NULL);
    offload_line_init(&line);
    offload_line_init(&other);
    for (unsigned i = 0; i < WB_COUNT(tasks); i++) {
        tasks[i].done = &done;
        tasks[i].job.run = double_number;
        tasks[i].job.done = ignore_job;
        tasks[i].job.home = &box;
        assert_int_equal(offload_post(offload, &line, &tasks[i].job), i < OFFLOAD_LINE_MAX);
    }
    assert_true(offload_withdraw(offload, &tasks[7].job));
    assert_true(offload_post(offload, &line, &tasks[OFFLOAD_LINE_MAX].job));
    assert_true(offload_post(offload, &other, &tasks[7].job)); /* others have their own room */
    assert_int_equal(offload_work(offload), OFFLOAD_LINE_MAX + 1);
    assert_false(offload_withdraw(offload, &tasks[7].job)); /* too late */
    assert_int_equal(mailbox_open_all(&box, NULL), OFFLOAD_LINE_MAX + 1);
    /* All of a line's jobs withdrawn: the line itself is no more in the way. */
    assert_true(offload_post(offload, &line, &tasks[0].job));
    assert_true(offload_withdraw(offload, &tasks[0].job));
    assert_int_equal(offload_work(offload), 0);
    mailbox_fini(&box);
    offload_destroy(&offload);
}

static void test_when_the_home_is_gone_the_job_still_ends(void **state)
{
    struct offload *offload = offload_create(0);
    struct task *task = wb_alloc(sizeof *task);
    struct offload_line line;
    struct mailbox box;
    unsigned done = 0;
    (void)state;

    mailbox_init(&box, ring, NULL);
    offload_line_init(&line);
    *task = (struct task){.number = 1, .done = &done};
    task->job.run = double_number;
    task->job.done = count_and_free;
    task->job.home = &box;
    assert_true(offload_post(offload, &line, &task->job));
    mailbox_close(&box);
    offload_work(offload);
    assert_int_equal(done, 1);
    mailbox_fini(&box);
    offload_destroy(&offload);
}

enum { HOMES = 4, EACH = 3000 };

struct home {
    pthread_t thread;
    struct offload *offload;
    struct offload_line *line; /* shared by two */
    unsigned posted, done, withdrawn;
};

static void *give_work_away(void *arg)
{
    struct home *home = arg;
    struct mailbox box;

    mailbox_init(&box, ring, NULL);
    for (unsigned i = 0; i < EACH; i++) {
        struct task *task = wb_alloc(sizeof *task);
        *task = (struct task){.number = i, .done = &home->done};
        task->job.run = double_number;
        task->job.done = count_and_free;
        task->job.home = &box;
        while (!offload_post(home->offload, home->line, &task->job))
            mailbox_open_all(&box, NULL);
        home->posted++;
        if (i % 3 == 0 && offload_withdraw(home->offload, &task->job)) {
            home->withdrawn++;
            free(task);
        }
        if (i % 16 == 0)
            mailbox_open_all(&box, NULL);
    }
    while (home->done + home->withdrawn < home->posted) {
        mailbox_open_all(&box, NULL);
        usleep(100);
    }
    mailbox_close(&box);
    mailbox_fini(&box);
    return NULL;
}

static void test_work_of_many_threads_comes_back_to_each(void **state)
{
    struct offload *offload = offload_create(3);
    struct offload_line lines[2];
    struct home homes[HOMES] = {0};
    (void)state;

    for (size_t i = 0; i < 2; i++)
        offload_line_init(&lines[i]);
    for (size_t i = 0; i < HOMES; i++) {
        homes[i].offload = offload;
        homes[i].line = &lines[i % 2];
        assert_int_equal(pthread_create(&homes[i].thread, NULL, give_work_away, &homes[i]), 0);
    }
    for (size_t i = 0; i < HOMES; i++) {
        pthread_join(homes[i].thread, NULL);
        assert_int_equal(homes[i].done + homes[i].withdrawn, EACH);
        assert_true(homes[i].done > 0);
    }
    assert_int_equal(lines[0].count + lines[1].count, 0);
    offload_destroy(&offload);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines_take_turns),
        cmocka_unit_test(test_a_line_is_limited_and_a_withdrawn_job_makes_room),
        cmocka_unit_test(test_when_the_home_is_gone_the_job_still_ends),
        cmocka_unit_test(test_work_of_many_threads_comes_back_to_each),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
