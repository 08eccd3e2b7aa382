/* SPDX-License-Identifier: MIT */
#include "passwords_private.h"
#include "waybill/base/pages.h"
#include "waybill/exchange/exchange.h"
#include "waybill/route/live.h"
#include <stdlib.h>

enum { SHARDS = 16, SETS = 64, WAYS = 4, REMEMBERED_MS = 60000 };

struct seal {
    unsigned char bytes[DIGEST_HMAC_BYTES]; /* of hash and password, under our secret */
};

struct remembered {
    struct seal seal;
    uint64_t until_ms; /* 0: none */
};

struct passwords {
    struct offload *offload;
    char secret[32];
    pthread_mutex_t locks[SHARDS]; /* of what is remembered below; together, that nobody's page is taken for a lock */
    struct remembered remembered[SHARDS][SETS][WAYS];
};

struct password_check {
    struct offload_job job;
    struct passwords *passwords;
    struct exchange *exchange; /* NULL: it has ended. The worker's */
    struct password_hash hash; /* its text is ours */
    struct seal seal;
    uint64_t now_ms;
    bool decoy;
    enum password_verdict verdict; /* the thread's, then, with the mail, the worker's */
    bool is_back;
    char hash_text[PASSWORD_HASH_MAX];
    size_t password_len;
    char password[PASSWORD_MAX];
};

struct passwords *passwords_create(unsigned threads)
{
    struct passwords *passwords = pages_alloc(sizeof *passwords);

    passwords->offload = offload_create(threads);
    digest_random(passwords->secret, sizeof passwords->secret);
    for (size_t i = 0; i < SHARDS; i++)
        pthread_mutex_init(&passwords->locks[i], NULL);
    return passwords;
}

void passwords_destroy(struct passwords **passwords)
{
    struct passwords *ending = *passwords;

    *passwords = NULL;
    offload_destroy(&ending->offload);
    for (size_t i = 0; i < SHARDS; i++)
        pthread_mutex_destroy(&ending->locks[i]);
    pages_free(ending, sizeof *ending);
}

size_t passwords_work(struct passwords *passwords)
{
    return offload_work(passwords->offload);
}

static struct slice secret_of(const struct passwords *passwords)
{
    return slice_make(passwords->secret, sizeof passwords->secret);
}

static struct seal seal_of(const struct passwords *passwords, const struct password_hash *hash, struct slice password)
{
    char bytes[PASSWORD_HASH_MAX + 1 + PASSWORD_MAX];
    struct seal seal;

    memcpy(bytes, hash->text.ptr, hash->text.len);
    bytes[hash->text.len] = '\0';
    memcpy(bytes + hash->text.len + 1, password.ptr, password.len);
    digest_hmac(secret_of(passwords), slice_make(bytes, hash->text.len + 1 + password.len), seal.bytes);
    explicit_bzero(bytes, sizeof bytes);
    return seal;
}

static pthread_mutex_t *lock_of(struct passwords *passwords, const struct seal *seal)
{
    return &passwords->locks[seal->bytes[0] % SHARDS];
}

static struct remembered *set_of(struct passwords *passwords, const struct seal *seal)
{
    return passwords->remembered[seal->bytes[0] % SHARDS][seal->bytes[1] % SETS];
}

static bool is_remembered(struct passwords *passwords, const struct seal *seal, uint64_t now_ms)
{
    const struct remembered *set = set_of(passwords, seal);
    bool found = false;

    pthread_mutex_lock(lock_of(passwords, seal));
    for (size_t i = 0; i < WAYS; i++)
        found = found || (set[i].until_ms > now_ms && digest_equal(&set[i].seal, seal, sizeof *seal));
    pthread_mutex_unlock(lock_of(passwords, seal));
    return found;
}

/* In place of the one that would be forgotten first. */
static void remember(struct passwords *passwords, const struct seal *seal, uint64_t now_ms)
{
    struct remembered *set = set_of(passwords, seal), *oldest = set;

    pthread_mutex_lock(lock_of(passwords, seal));
    for (size_t i = 1; i < WAYS; i++)
        if (set[i].until_ms < oldest->until_ms)
            oldest = &set[i];
    *oldest = (struct remembered){*seal, now_ms + REMEMBERED_MS};
    pthread_mutex_unlock(lock_of(passwords, seal));
}

/* Of several requests with the same new password, as a browser brings them, those that wait find it right without a hash. */
static void run_check(struct offload_job *job)
{
    struct password_check *check = WB_CONTAINER_OF(job, struct password_check, job);
    bool right = !check->decoy && is_remembered(check->passwords, &check->seal, check->now_ms);

    if (!right && password_hash_matches(&check->hash, slice_make(check->password, check->password_len))) {
        right = true;
        if (!check->decoy)
            remember(check->passwords, &check->seal, check->now_ms);
    }
    check->verdict = right ? PASSWORD_RIGHT : PASSWORD_WRONG;
}

static void free_check(struct password_check *check)
{
    explicit_bzero(check->password, sizeof check->password);
    free(check);
}

static void on_back(struct offload_job *job)
{
    struct password_check *check = WB_CONTAINER_OF(job, struct password_check, job);
    void *line = job->line;

    live_unref(&line);
    check->is_back = true;
    if (check->exchange)
        exchange_poke(check->exchange);
    else
        free_check(check);
}

static struct password_check *create_check(struct exchange *x, const struct password_question *question,
                                           const struct seal *seal)
{
    struct password_check *check = wb_alloc(sizeof *check);
    const struct password_hash *hash = question->hash;

    check->job.run = run_check;
    check->job.done = on_back;
    check->job.home = &x->env->loop->mailbox;
    check->passwords = x->env->passwords;
    check->exchange = x;
    check->seal = *seal;
    check->decoy = question->decoy;
    check->now_ms = x->env->loop->now_ms;
    check->hash = *hash;
    memcpy(check->hash_text, hash->text.ptr, hash->text.len);
    check->hash.text.ptr = check->hash_text;
    memcpy(check->password, question->password.ptr, question->password.len);
    check->password_len = question->password.len;
    return check;
}

enum password_verdict password_check_begin(struct exchange *x, const struct password_question *question,
                                           struct password_check **out_check)
{
    struct passwords *passwords = x->env->passwords;

    if (question->password.len > PASSWORD_MAX)
        return PASSWORD_WRONG;
    if (question->hash->kind == HASH_SHA)
        return password_hash_matches(question->hash, question->password) ? PASSWORD_RIGHT : PASSWORD_WRONG;
    struct seal seal = seal_of(passwords, question->hash, question->password);
    if (!question->decoy && is_remembered(passwords, &seal, x->env->loop->now_ms))
        return PASSWORD_RIGHT;
    struct password_check *check = create_check(x, question, &seal);
    void *held = live_ref(question->line);
    if (offload_post(passwords->offload, question->line, &check->job)) {
        *out_check = check;
        return PASSWORD_PENDING;
    }
    live_unref(&held);
    free_check(check);
    return PASSWORD_BUSY;
}

enum password_verdict password_check_end(struct password_check **check)
{
    enum password_verdict verdict;

    if (!(*check)->is_back)
        return PASSWORD_PENDING;
    verdict = (*check)->verdict;
    free_check(*check);
    *check = NULL;
    return verdict;
}

void password_check_cancel(struct password_check **check)
{
    struct password_check *ending = *check;

    *check = NULL;
    ending->exchange = NULL;
    if (ending->is_back) {
        free_check(ending);
    } else if (offload_withdraw(ending->passwords->offload, &ending->job)) {
        void *line = ending->job.line;
        live_unref(&line);
        free_check(ending);
    }
}

size_t passwords_decoy(const struct passwords *passwords, struct slice name, size_t count)
{
    unsigned char bytes[DIGEST_HMAC_BYTES];
    uint64_t number;

    digest_hmac(secret_of(passwords), name, bytes);
    memcpy(&number, bytes, sizeof number);
    return (size_t)(number % count);
}
