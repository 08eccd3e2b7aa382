/* SPDX-License-Identifier: MIT */
/* password_check - is this the password? Thread: a worker. Owner: an exchange, until it has the verdict or cancels. */
#pragma once
#include "filter/password_hash.h"
#include "waybill/base/offload.h"
#include "waybill/exchange/passwords.h"

struct exchange;
struct password_check;

enum password_verdict {
    PASSWORD_RIGHT,
    PASSWORD_WRONG,
    PASSWORD_PENDING, /* the exchange will be poked */
    PASSWORD_BUSY,    /* too many wait already */
};

/* A password that is given, and what it is compared with. */
struct password_question {
    const struct password_hash *hash;
    struct slice password;
    bool decoy; /* nobody's: never remembered, so that a second try does not tell that some user has that password */
    struct offload_line *line; /* a live state (route/live.h), held as long as needed */
};

/* *out_check is set when it is pending. */
enum password_verdict password_check_begin(struct exchange *exchange, const struct password_question *question,
                                           struct password_check **out_check);
/* Pending until the poke; else it frees and nulls. */
enum password_verdict password_check_end(struct password_check **check);
/* Frees it, now or when it comes back; nulls. */
void password_check_cancel(struct password_check **check);
/* Which of `count` users somebody of that name is treated like, though he is none of them: always the same one, so that the time it
 * takes does not say that he is not there. */
size_t passwords_decoy(const struct passwords *passwords, struct slice name, size_t count);
