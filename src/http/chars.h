/* SPDX-License-Identifier: MIT */
/* chars - what a byte may be in HTTP, one table look-up each, and the scan for control bytes. Thread: any. */
#pragma once
#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum {
    CHAR_TOKEN = 0x01,      /* tchar, RFC 9110 5.6.2 */
    CHAR_TARGET = 0x02,     /* may stand in a request target as sent: visible, not '#'; bytes of UTF-8 */
    CHAR_PATH = 0x04,       /* may stand in a canonical path unencoded: pchar without '%', and '/' */
    CHAR_UNRESERVED = 0x08, /* RFC 3986 2.3 */
    CHAR_HOST = 0x10,       /* reg-name without %XX and without ',' */
    CHAR_HEX = 0x20,
    CHAR_PLAIN = 0x40, /* in a path: the same in every view wherever it stands */
};

extern const uint8_t char_classes[256];

static inline bool char_is(char c, unsigned classes)
{
    return (char_classes[(unsigned char)c] & classes) != 0;
}

/* Of a hex digit. */
static inline unsigned hex_value(char c)
{
    return c <= '9' ? (unsigned)(c - '0') : (unsigned)((c | 0x20) - 'a' + 10);
}

/* A bit 0x80 for each byte of `word` below 0x20 or equal to 0x7f; only the lowest one set is exact. */
static inline uint64_t control_bits(uint64_t word)
{
    const uint64_t ones = 0x0101010101010101u, highs = 0x8080808080808080u;
    uint64_t low = (word - 0x20 * ones) & ~word;
    uint64_t del = word ^ (0x7f * ones);
    return (low | ((del - ones) & ~del)) & highs;
}

/* Index of the first control byte (HTAB and DEL are ones) at or after `at`, or `len`. */
static inline size_t find_control(const char *bytes, size_t at, size_t len)
{
    for (; len - at >= 8; at += 8) {
        uint64_t word;
        memcpy(&word, bytes + at, sizeof word);
        uint64_t found = control_bits(le64toh(word));
        if (found)
            return at + (size_t)__builtin_ctzll(found) / 8;
    }
    if (len >= 8 && at < len) {
        /* The last eight bytes, those before `at` shifted out; the zeros shifted in lie past the end. */
        uint64_t word;
        memcpy(&word, bytes + len - 8, sizeof word);
        uint64_t found = control_bits(le64toh(word) >> (8 * (8 - (len - at))));
        at += (size_t)__builtin_ctzll(found) / 8;
        return at < len ? at : len;
    }
    for (; at < len; at++)
        if ((unsigned char)bytes[at] < 0x20 || bytes[at] == 0x7f)
            return at;
    return len;
}
