/* SPDX-License-Identifier: MIT */
#include "tls_private.h"
#include "waybill/base/keep.h"
#include "waybill/base/map.h"
#include <stdatomic.h>
#include <stdlib.h>

enum { NAME_MAX_BYTES = 255 };

struct tls_certificates {
    _Atomic unsigned refs;
    struct map by_name; /* to the certificates that are kept */
    struct keep kept;
    struct tls_certificate *fallback; /* one reference; NULL: none */
};

struct tls_certificates *tls_certificates_create(void)
{
    struct tls_certificates *set = wb_alloc(sizeof *set);

    set->refs = 1;
    map_init(&set->by_name);
    return set;
}

struct tls_certificates *tls_certificates_ref(struct tls_certificates *set)
{
    atomic_fetch_add_explicit(&set->refs, 1, memory_order_relaxed);
    return set;
}

void tls_certificates_unref(struct tls_certificates **set)
{
    struct tls_certificates *leaving = *set;

    *set = NULL;
    if (!leaving || atomic_fetch_sub_explicit(&leaving->refs, 1, memory_order_acq_rel) > 1)
        return;
    map_fini(&leaving->by_name);
    keep_fini(&leaving->kept);
    tls_certificate_unref(&leaving->fallback);
    free(leaving);
}

static void let_go(void *certificate)
{
    struct tls_certificate *leaving = certificate;
    tls_certificate_unref(&leaving);
}

bool tls_certificates_add(struct tls_certificates *set, struct tls_certificate *certificate)
{
    bool any = false;

    for (const char *const *name = tls_certificate_names(certificate); *name; name++) {
        if (map_get(&set->by_name, slice_of(*name)))
            continue;
        map_put(&set->by_name, slice_of(*name), certificate);
        any = true;
    }
    if (any)
        keep_add(&set->kept, tls_certificate_ref(certificate), let_go);
    return any;
}

void tls_certificates_set_default(struct tls_certificates *set, struct tls_certificate *certificate)
{
    tls_certificate_unref(&set->fallback);
    set->fallback = tls_certificate_ref(certificate);
}

struct tls_certificate *tls_certificates_find(const struct tls_certificates *set, struct slice name)
{
    char pattern[NAME_MAX_BYTES + 1] = "*";

    if (slice_ends(name, SLICE(".")))
        name.len--;
    if (name.len == 0 || name.len > NAME_MAX_BYTES)
        return NULL;
    struct tls_certificate *found = map_get_lower(&set->by_name, name);
    if (found)
        return found;
    struct slice above = slice_from(name, slice_find(name, '.'));
    if (above.len == 0 || above.len == name.len)
        return NULL;
    memcpy(pattern + 1, above.ptr, above.len);
    return map_get_lower(&set->by_name, slice_make(pattern, above.len + 1));
}

struct tls_certificate *tls_certificates_first(const struct tls_certificates *set)
{
    return set->kept.count ? set->kept.items[0].object : NULL;
}

struct tls_certificate *tls_certificates_default(const struct tls_certificates *set)
{
    return set->fallback;
}
