/* SPDX-License-Identifier: MIT */
#include "waybill/base/base64.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

size_t base64_encode(struct slice bytes, char *out)
{
    char *at = out;

    for (size_t i = 0; i < bytes.len; i += 3) {
        size_t left = bytes.len - i;
        uint32_t group = (uint32_t)(unsigned char)bytes.ptr[i] << 16;
        if (left > 1)
            group |= (uint32_t)(unsigned char)bytes.ptr[i + 1] << 8;
        if (left > 2)
            group |= (unsigned char)bytes.ptr[i + 2];
        *at++ = alphabet[group >> 18];
        *at++ = alphabet[group >> 12 & 63];
        *at++ = left > 1 ? alphabet[group >> 6 & 63] : '=';
        *at++ = left > 2 ? alphabet[group & 63] : '=';
    }
    *at = '\0';
    return (size_t)(at - out);
}

static int value_of(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

static size_t padding_of(struct slice text)
{
    if (slice_ends(text, SLICE("==")))
        return 2;
    return slice_ends(text, SLICE("=")) ? 1 : 0;
}

bool base64_decode(struct slice text, unsigned char *out, size_t *out_len)
{
    size_t padding = padding_of(text), digits = text.len - padding, len = 0;
    uint32_t bits = 0;
    unsigned bit_count = 0;

    if (text.len % 4 != 0)
        return false;
    for (size_t i = 0; i < digits; i++) {
        int value = value_of(text.ptr[i]);
        if (value < 0)
            return false;
        bits = bits << 6 | (uint32_t)value;
        bit_count += 6;
        if (bit_count >= 8) {
            bit_count -= 8;
            out[len++] = (unsigned char)(bits >> bit_count);
            bits &= (1u << bit_count) - 1;
        }
    }
    *out_len = len;
    return bits == 0;
}
