/* SPDX-License-Identifier: MIT */
/* places - where a change shows: the folders on the way to a file, through all links. Thread: the provider's. */
#pragma once
#include "scan.h"

void places_add(struct scan *scan, enum scan_place_kind kind, struct slice path, struct slice name);
/* Each folder on the way to `path`, with the entry that leads on; through symbolic links, also of folders. What
 * does not exist yet ends the way: its folder shows when it is made. */
void places_add_path(struct scan *scan, const char *path);
