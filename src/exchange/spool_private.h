/* SPDX-License-Identifier: MIT */
/* What a spool asks of its room (spool_room.c). Thread: any. */
#pragma once
#include "waybill/base/offload.h"
#include "waybill/exchange/spool.h"

/* False: there is no room for it. A quarter of the memory is kept for the blocks by which files are written and read. */
bool spool_room_take_memory(struct spool_room *room, size_t count, bool for_file);
void spool_room_return_memory(struct spool_room *room, size_t count);
/* One more file, or so many more bytes in one. */
bool spool_room_take_file(struct spool_room *room);
bool spool_room_take_file_bytes(struct spool_room *room, uint64_t count);
void spool_room_return_file(struct spool_room *room, uint64_t count);
/* On a thread of the room. Negative: *out_error says why. */
int spool_room_open_file(const struct spool_room *room, int *out_error);
/* Logs, now and then, why a spool has failed; 0: no room. */
void spool_room_complain(struct spool_room *room, int error);
bool spool_room_post(struct spool_room *room, struct offload_line *line, struct offload_job *job) WB_MUST_USE;
bool spool_room_withdraw(struct spool_room *room, struct offload_job *job) WB_MUST_USE;
