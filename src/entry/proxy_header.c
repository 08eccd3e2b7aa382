/* SPDX-License-Identifier: MIT */
#include "waybill/entry/proxy_header.h"

enum { SIGNATURE_BYTES = 12, BLOCK_HEAD_BYTES = 16, V4_BYTES = 12, V6_BYTES = 36 };
enum { COMMAND_LOCAL = 0x20, COMMAND_PROXY = 0x21 };
enum { FAMILY_UNSPECIFIED = 0x00, FAMILY_TCP4 = 0x11, FAMILY_TCP6 = 0x21, FAMILY_UNIX = 0x31 };

static const struct slice line_start = {"PROXY ", 6};
static const struct slice signature = {"\r\n\r\n\0\r\nQUIT\n", SIGNATURE_BYTES};

/* Do the bytes begin with `text`? PROXY_HEADER: yes; PROXY_MORE: all there are do. */
static enum proxy_read begins(struct slice bytes, struct slice text)
{
    size_t common = bytes.len < text.len ? bytes.len : text.len;

    if (!slice_eq(slice_head(bytes, common), slice_head(text, common)))
        return PROXY_ABSENT;
    return common < text.len ? PROXY_MORE : PROXY_HEADER;
}

/* One blank and the next word of a line; false when there is none. */
static bool cut_word(struct slice *rest, struct slice *out_word)
{
    if (!slice_starts(*rest, SLICE(" ")))
        return false;
    *rest = slice_from(*rest, 1);
    size_t blank = slice_find(*rest, ' ');
    *out_word = slice_head(*rest, blank);
    *rest = slice_from(*rest, blank);
    return out_word->len > 0;
}

static bool read_address(struct slice word, bool wants_v6, struct address *out)
{
    bool is_v6 = slice_find(word, ':') < word.len;
    return is_v6 == wants_v6 && word.ptr[0] != '[' && address_parse(word, 0, out);
}

/* "TCP4 192.0.2.7 192.0.2.1 4711 80", behind "PROXY". */
static bool read_line(struct slice line, struct proxy_header *out)
{
    struct slice family, from, to, from_port, to_port;
    struct address server;
    uint64_t port, other;

    if (!cut_word(&line, &family))
        return false;
    if (slice_eq(family, SLICE("UNKNOWN")))
        return true; /* whatever follows means nothing */
    bool is_v6 = slice_eq(family, SLICE("TCP6"));
    if (!is_v6 && !slice_eq(family, SLICE("TCP4")))
        return false;
    if (!cut_word(&line, &from) || !cut_word(&line, &to) || !cut_word(&line, &from_port) || !cut_word(&line, &to_port) ||
        line.len > 0)
        return false;
    if (!read_address(from, is_v6, &out->client) || !read_address(to, is_v6, &server) ||
        !slice_to_u64(from_port, UINT16_MAX, &port) || !slice_to_u64(to_port, UINT16_MAX, &other))
        return false;
    out->client.port = (uint16_t)port;
    out->names_client = true;
    return true;
}

static enum proxy_read read_version_1(struct slice bytes, struct proxy_header *out)
{
    struct slice allowed = slice_head(bytes, bytes.len < PROXY_LINE_MAX ? bytes.len : PROXY_LINE_MAX);
    size_t end = slice_find(allowed, '\n');

    if (end == allowed.len)
        return bytes.len < PROXY_LINE_MAX ? PROXY_MORE : PROXY_BAD;
    if (allowed.ptr[end - 1] != '\r')
        return PROXY_BAD;
    out->len = end + 1;
    struct slice line = slice_head(allowed, end - 1);
    return read_line(slice_from(line, line_start.len - 1), out) ? PROXY_HEADER : PROXY_BAD;
}

static unsigned read_u16(const char *at)
{
    return (unsigned)(unsigned char)at[0] << 8 | (unsigned char)at[1];
}

/* Both addresses, then both ports. */
static bool read_block_address(struct slice block, bool is_v6, struct proxy_header *out)
{
    if (block.len < (is_v6 ? V6_BYTES : V4_BYTES))
        return false;
    uint16_t port = (uint16_t)read_u16(block.ptr + (is_v6 ? 32 : 8));
    out->client = address_from_bytes((const uint8_t *)block.ptr, is_v6, port);
    out->names_client = true;
    return true;
}

/* What stands behind the addresses (TLVs) is passed over. */
static enum proxy_read read_version_2(struct slice bytes, struct proxy_header *out)
{
    if (bytes.len < BLOCK_HEAD_BYTES)
        return PROXY_MORE;
    unsigned command = (unsigned char)bytes.ptr[SIGNATURE_BYTES], family = (unsigned char)bytes.ptr[SIGNATURE_BYTES + 1];
    size_t len = read_u16(bytes.ptr + SIGNATURE_BYTES + 2);

    if ((command != COMMAND_LOCAL && command != COMMAND_PROXY) || len > PROXY_BLOCK_MAX - BLOCK_HEAD_BYTES)
        return PROXY_BAD;
    if (bytes.len < BLOCK_HEAD_BYTES + len)
        return PROXY_MORE;
    struct slice block = slice_make(bytes.ptr + BLOCK_HEAD_BYTES, len);
    out->len = BLOCK_HEAD_BYTES + len;
    if (command == COMMAND_LOCAL || family == FAMILY_UNSPECIFIED || family == FAMILY_UNIX)
        return PROXY_HEADER;
    if (family != FAMILY_TCP4 && family != FAMILY_TCP6)
        return PROXY_BAD;
    return read_block_address(block, family == FAMILY_TCP6, out) ? PROXY_HEADER : PROXY_BAD;
}

enum proxy_read proxy_header_read(struct slice bytes, struct proxy_header *out)
{
    enum proxy_read line = begins(bytes, line_start), block = begins(bytes, signature);

    *out = (struct proxy_header){0};
    if (line == PROXY_HEADER)
        return read_version_1(bytes, out);
    if (block == PROXY_HEADER)
        return read_version_2(bytes, out);
    return line == PROXY_MORE || block == PROXY_MORE ? PROXY_MORE : PROXY_ABSENT;
}
