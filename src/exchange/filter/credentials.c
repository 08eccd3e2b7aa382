/* SPDX-License-Identifier: MIT */
#include "credentials.h"
#include "waybill/base/base64.h"

/* The scheme's name in any case, then blanks (RFC 9110 11.4). */
static bool cut_scheme(struct slice *rest, struct slice scheme)
{
    if (!slice_starts_nocase(*rest, scheme) || rest->len <= scheme.len || rest->ptr[scheme.len] != ' ')
        return false;
    *rest = slice_trim(slice_from(*rest, scheme.len));
    return true;
}

bool basic_credentials_read(struct slice field, struct basic_credentials *out)
{
    size_t len;

    if (!cut_scheme(&field, SLICE("Basic")) || field.len > BASIC_BYTES_MAX / 3 * 4 ||
        !base64_decode(field, out->bytes, &len))
        return false;
    struct slice text = slice_make((const char *)out->bytes, len);
    size_t colon = slice_find(text, ':');
    out->name = slice_head(text, colon);
    out->password = slice_from(text, colon + 1);
    return colon < text.len;
}

static struct slice *parameter_of(struct digest_credentials *c, struct slice name)
{
    const struct {
        struct slice name, *value;
    } known[] = {
        {SLICE("username"), &c->username},
        {SLICE("realm"), &c->realm},
        {SLICE("nonce"), &c->nonce},
        {SLICE("uri"), &c->uri},
        {SLICE("response"), &c->response},
        {SLICE("opaque"), &c->opaque},
        {SLICE("algorithm"), &c->algorithm},
        {SLICE("qop"), &c->qop},
        {SLICE("nc"), &c->nc},
        {SLICE("cnonce"), &c->cnonce},
    };

    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (slice_eq_nocase(known[i].name, name))
            return known[i].value;
    return NULL;
}

/* The value at the start of *rest, which stands behind an opening quote. */
static bool cut_quoted(struct digest_credentials *c, struct slice *rest, struct slice *out)
{
    size_t end = 0, begin = c->unquoted_len;
    bool escaped = false;

    while (end < rest->len && rest->ptr[end] != '"') {
        if (rest->ptr[end] == '\\') {
            escaped = true;
            end++;
        }
        end++;
    }
    if (end >= rest->len)
        return false;
    *out = slice_head(*rest, end);
    *rest = slice_from(*rest, end + 1);
    if (!escaped)
        return true;
    for (size_t i = 0; i < out->len; i++) {
        if (out->ptr[i] == '\\')
            i++;
        if (c->unquoted_len == sizeof c->unquoted)
            return false;
        c->unquoted[c->unquoted_len++] = out->ptr[i];
    }
    *out = slice_make(c->unquoted + begin, c->unquoted_len - begin);
    return true;
}

static bool cut_value(struct digest_credentials *c, struct slice *rest, struct slice *out)
{
    if (rest->len && rest->ptr[0] == '"') {
        *rest = slice_from(*rest, 1);
        return cut_quoted(c, rest, out);
    }
    size_t end = slice_find(*rest, ',');
    *out = slice_trim(slice_head(*rest, end));
    *rest = slice_from(*rest, end);
    return out->len > 0 && slice_find(*out, '"') == out->len && slice_find(*out, ' ') == out->len;
}

/* `name = value`, and the comma behind it. */
static bool cut_parameter(struct digest_credentials *c, struct slice *rest)
{
    size_t equals = slice_find(*rest, '=');
    struct slice *parameter = parameter_of(c, slice_trim(slice_head(*rest, equals)));
    struct slice value;

    if (equals == rest->len)
        return false;
    *rest = slice_trim(slice_from(*rest, equals + 1));
    if (!cut_value(c, rest, &value))
        return false;
    *rest = slice_trim(*rest);
    if (rest->len && rest->ptr[0] != ',')
        return false;
    if (!parameter)
        return true;
    if (parameter->ptr)
        return false;
    *parameter = value;
    return true;
}

bool digest_credentials_read(struct slice field, struct digest_credentials *out)
{
    *out = (struct digest_credentials){.unquoted_len = 0};
    if (!cut_scheme(&field, SLICE("Digest")))
        return false;
    while (field.len) {
        if (field.ptr[0] == ',') {
            field = slice_trim(slice_from(field, 1));
            continue;
        }
        if (!cut_parameter(out, &field))
            return false;
    }
    return true;
}
