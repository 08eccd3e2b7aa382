/* SPDX-License-Identifier: MIT */
/*
 * error - how things go wrong, said once.
 *
 * bug                 WB_REQUIRE aborts, in release too. Never on what a peer or a user sent.
 * out of memory       wb_alloc aborts; it is never a return value. What peers can grow is limited elsewhere.
 * expected outcome    the function's own enum.
 * environment         wb_err: 0 or a negative errno value, passed up unchanged to the owner of the
 *                     smallest thing that can die of it.
 * user's configuration  a diagnostic (model/diagnostic.h).
 */
#pragma once
#include <stddef.h>

typedef int wb_err; /* 0, or -errno */

#define WB_MUST_USE     __attribute__((warn_unused_result))
#define WB_PRINTF(f, a) __attribute__((format(printf, f, a)))

_Noreturn void wb_bug(const char *file, int line, const char *claim);

#define WB_REQUIRE(claim) ((claim) ? (void)0 : wb_bug(__FILE__, __LINE__, #claim))
#define WB_UNREACHABLE()  wb_bug(__FILE__, __LINE__, "unreachable")

#define WB_CONTAINER_OF(pointer, type, member) ((type *)(void *)((char *)(pointer)-offsetof(type, member)))

#define WB_COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* These abort when memory is out. wb_alloc zeroes. */
void *wb_alloc(size_t bytes) __attribute__((malloc, returns_nonnull));
void *wb_realloc(void *old, size_t bytes) __attribute__((returns_nonnull));
char *wb_strdup(const char *text) __attribute__((malloc, returns_nonnull));
char *wb_strndup(const char *text, size_t len) __attribute__((malloc, returns_nonnull));
char *wb_format(const char *form, ...) WB_PRINTF(1, 2) __attribute__((malloc, returns_nonnull));
