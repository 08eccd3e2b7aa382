/* SPDX-License-Identifier: MIT */
#include "token.h"
#include "waybill/base/map.h"
#include "waybill/exchange/exchange.h"

bool token_source_parse(struct arena *arena, struct slice text, struct token_source *out)
{
    const struct slice before = SLICE("request.header.");

    *out = (struct token_source){.kind = TOKEN_CLIENT};
    text = slice_trim_space(text);
    if (slice_eq(text, SLICE("client.ip")))
        return true;
    out->kind = TOKEN_HOST;
    if (slice_eq(text, SLICE("request.host")))
        return true;
    out->kind = TOKEN_FIELD;
    if (!slice_starts(text, before) || !header_name_is_valid(slice_from(text, before.len)))
        return false;
    out->field = arena_copy(arena, slice_from(text, before.len));
    out->field_id = header_id_of(out->field);
    return true;
}

static uint64_t token_of_address(const struct address *address)
{
    enum { NETWORK_BYTES = 8 };
    char bytes[NETWORK_BYTES + 1] = {address->is_v6 ? 6 : 4};

    memcpy(bytes + 1, address->ip, address->is_v6 ? NETWORK_BYTES : 4);
    return hash_bytes(slice_make(bytes, sizeof bytes));
}

uint64_t token_of(const struct token_source *source, const struct exchange *x)
{
    const struct header *header;

    switch (source->kind) {
    case TOKEN_CLIENT:
        return token_of_address(&x->peer);
    case TOKEN_HOST:
        return hash_bytes_lower(x->request.host);
    case TOKEN_FIELD:
        header = headers_find_name(&x->request.headers, source->field);
        if (!header && (source->field_id == HEADER_X_FORWARDED_FOR || source->field_id == HEADER_X_REAL_IP))
            return token_of_address(&x->peer);
        return hash_bytes(header ? header->value : SLICE(""));
    }
    WB_UNREACHABLE();
}

bool token_source_reads(const struct token_source *source, struct slice name)
{
    return source->kind == TOKEN_FIELD && header_same_class(name, source->field);
}
