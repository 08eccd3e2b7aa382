/* SPDX-License-Identifier: MIT */
/*
 * checker - one worker's share of the health checks (route/health.h): asks each of its servers in turn, and writes down who
 * is well.
 *
 * A new server is asked at once, then again after its interval; the first interval is shortened by a part that differs from
 * server to server, so that those which came together do not stay together. Only so many are asked at a time; the others wait
 * in line, those that failed last time in one of their own, so that any number of silent ones delays nobody who is well. Whoever
 * was checked before a change of the configuration goes on as if there had been none.
 * Thread: its worker. Owner: the upstream.
 */
#pragma once
#include "waybill/upstream/upstream.h"

enum { CHECK_TIMEOUT_MS = 5000, CHECKS_AT_ONCE = 64, CHECKS_OF_A_LINE = 48 };

struct checker;

struct checker *checker_create(struct upstream *upstream);
void checker_destroy(struct checker **checker);
void checker_adopt(struct checker *checker, const struct snapshot *snapshot);
/* Asks nobody any more, and adopts nothing. */
void checker_stop(struct checker *checker);
