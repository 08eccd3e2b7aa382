/* SPDX-License-Identifier: MIT */
/* server_url - a server's URL as configured: http://host[:port][/ignored]. Pure. */
#pragma once
#include "waybill/base/slice.h"

/* NULL, or what is wrong and what to do. Slices are of `url`; out_host has no brackets. */
@@
