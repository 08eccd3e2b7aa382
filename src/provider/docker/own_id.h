/* SPDX-License-Identifier: MIT */
/* own_id - the parts of docker_own_container_id that a test can feed. Results are slices of what is given. */
#pragma once
#include "waybill/base/slice.h"

struct slice own_id_from_cgroup(struct slice file);
struct slice own_id_from_mountinfo(struct slice file);
/* Twelve hex digits: what the engine names a host after; a prefix of the id. */
struct slice own_id_from_host_name(struct slice name);
