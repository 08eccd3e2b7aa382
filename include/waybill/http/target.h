/* SPDX-License-Identifier: MIT */
/*
 * target - the views of a request target (decisions.md 8).
 *
 *   raw        the bytes sent; what is forwarded
 *   canonical  unreserved %XX decoded, hex of the other %XX in upper case, dot segments removed (RFC 3986 6.2.2):
 *              what every rule and filter looks at
 *   loose      canonical, then %2F, %5C and the delimiters that mean nothing in a path (%3A, %40, %2C ...) decoded, `\` as `/`,
 *              `;...` of each segment dropped, slashes merged, dot segments removed again: what a careless server might make of it
 *
 * Plain targets share their bytes between the three; nothing is allocated for them.
 * Thread: any. Memory: slices of the text given, or of the arena; both must outlive them.
 */
#pragma once
#include "waybill/base/arena.h"
#include "waybill/http/reason.h"

struct target {
    struct slice raw;      /* path and query */
    struct slice raw_path; /* up to the first '?' */
    struct slice query;    /* behind it, may be empty */
    bool has_query;
    struct slice canonical; /* path only */
    struct slice loose;     /* path only */
    bool loose_differs;     /* from canonical */
    bool has_dots;          /* the raw path has dot segments, spelled in any way */
};

/* REASON_NONE, REASON_BAD_TARGET (bad %XX, a control or non-ASCII byte that is not UTF-8, '#', not beginning with '/'
 * and not "*"), REASON_AMBIGUOUS_PATH (dot segments beside empty or encoded ones, so that there is more than one loose view:
 * /a//../b) or REASON_INTERNAL when the arena is full. %00 stays as it is. */
enum reason target_parse(struct arena *arena, struct slice raw, struct target *out);
/* The place in raw_path where `canonical_len` bytes of the canonical path end. Only without dot segments. */
size_t target_raw_offset(const struct target *target, size_t canonical_len);
/* Text of a rule or replacement brought into canonical form: bytes that a path cannot hold are %XX-encoded (UTF-8 as it is
 * sent), unreserved %XX decoded, hex upper case. Dot segments stay. Empty on overflow of the arena. */
struct slice target_canonical_text(struct arena *arena, struct slice text);
/* Decoded fully, for people to read; not for decisions. */
struct slice target_decode(struct arena *arena, struct slice text);

/* Host grammar (RFC 9110 7.2, 3986 3.2.2): splits an authority into host and port. No userinfo, no comma, at most 255
 * bytes; IPv6 in brackets (kept in out_host). One trailing dot is cut off. Empty authority: true, both empty. */
bool authority_parse(struct slice authority, struct slice *out_host, struct slice *out_port);
