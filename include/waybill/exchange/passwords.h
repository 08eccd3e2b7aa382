/* SPDX-License-Identifier: MIT */
/*
 * passwords - checks passwords on threads of its own, since a good hash takes as long as hundreds of requests, and remembers for
 * a while which were right, so that it is done about once a minute for each user.
 *
 * Remembered is a keyed digest of password and hash, never a password; with another hash it is worth nothing.
 * Thread: create and destroy main; the rest any. Owner: main; shared by the workers, and destroyed between their joining and
 * their destruction.
 */
#pragma once
#include <stddef.h>

struct passwords;

/* Without threads passwords_work does the work: for tests on a fake clock. */
struct passwords *passwords_create(unsigned threads);
void passwords_destroy(struct passwords **passwords);
size_t passwords_work(struct passwords *passwords);
