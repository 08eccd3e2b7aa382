/* SPDX-License-Identifier: MIT */
/* files - those that a model names and that are read when it is compiled: usersFile. Thread: control. */
#pragma once
#include "waybill/model/model.h"

/* Another number when one of them was changed; 0: it names none. */
uint64_t files_stamp(const struct model *model);
