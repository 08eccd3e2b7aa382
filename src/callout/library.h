/* SPDX-License-Identifier: MIT */
/* library - libcurl, made ready once. Thread: any. */
#pragma once

void library_start(void);
