/* SPDX-License-Identifier: MIT */
/* static_file - finds and reads the TOML file of the static configuration. Thread: main. */
#pragma once
#include "reading.h"

/* Sets settings.static_file; empty when none is there. False when the one of --configFile is missing. */
bool static_file_find(struct reading *reading);
/* Reads settings.static_file. */
bool static_file_read(struct reading *reading);
