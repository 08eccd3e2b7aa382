/* SPDX-License-Identifier: MIT */
/* static_file - finds and reads the TOML file of the static configuration. Thread: main. */
#pragma once
#include "reading.h"

/* $NAME and ${NAME} from the environment, as v1.7 expands them; unset is empty. In the arena. */
struct slice static_file_expand(struct arena *arena, struct slice text);
/* Sets settings.static_file; empty when none is there. False when the one of --configFile is missing. */
bool static_file_find(struct reading *reading);
/* Reads settings.static_file. */
bool static_file_read(struct reading *reading);
/* The reading itself; `text` is what the file holds. */
bool static_file_apply(struct reading *reading, struct slice path, struct slice text);
