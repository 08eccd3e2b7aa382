/* SPDX-License-Identifier: MIT */
#include "waybill/control/keyring.h"
#include "waybill/base/file_stamp.h"
#include "waybill/base/log.h"
#include "waybill/base/map.h"
#include "waybill/model/diagnostic.h"
#include "waybill/net/tls_credentials.h"
#include "waybill/net/tls_server.h"
#include <stdlib.h>

/* A certificate and its key, as one of the texts that name them was read last. */
struct held_pair {
    uint64_t stamp;               /* of the files, then */
    struct tls_certificate *good; /* the last that could be used; NULL: none ever */
    char *problem;                /* of the last read; NULL: none */
    bool stale;                   /* that read brought nothing usable, and one before had */
    bool wanted;
};

/* Whose word counts for clients of one entrypoint. */
struct held_authorities {
    uint64_t stamp;
    char *id; /* of those in force; NULL: none */
    char *problem;
};

struct keyring {
    struct keyring_options options;
    struct map pairs;                     /* "cert\0key" -> held_pair */
    struct held_authorities *authorities; /* by entrypoint */
    struct tls_certificate *generated;    /* NULL: nobody needed it yet */
    struct diagnostics said;
    uint64_t applied; /* stamp_all, then */
};

static bool has_tls(const struct keyring *keyring, size_t entrypoint)
{
    return keyring->options.servers[entrypoint] != NULL;
}

struct keyring *keyring_create(const struct keyring_options *options)
{
    struct keyring *keyring = wb_alloc(sizeof *keyring);

    keyring->options = *options;
    map_init(&keyring->pairs);
    keyring->authorities = wb_alloc((options->entrypoint_count + 1) * sizeof *keyring->authorities);
    diagnostics_init(&keyring->said);
    return keyring;
}

static void pair_free(struct held_pair *pair)
{
    tls_certificate_unref(&pair->good);
    free(pair->problem);
    free(pair);
}

void keyring_destroy(struct keyring **keyring)
{
    struct keyring *ending = *keyring;
    struct map_entry *entry;

    *keyring = NULL;
    if (!ending)
        return;
    for (size_t i = 0; (entry = map_next(&ending->pairs, &i));)
        pair_free(entry->value);
    map_fini(&ending->pairs);
    for (size_t i = 0; i < ending->options.entrypoint_count; i++) {
        free(ending->authorities[i].id);
        free(ending->authorities[i].problem);
    }
    free(ending->authorities);
    tls_certificate_unref(&ending->generated);
    diagnostics_fini(&ending->said);
    free(ending);
}

static void add_pair_stamp(struct text *out, const struct model_certificate *certificate)
{
    char *answer = wb_format(SLICE_FMT ".ocsp", SLICE_ARG(certificate->cert));

    text_add(out, certificate->cert);
    text_add_char(out, '\0');
    text_add(out, certificate->key);
    text_add_char(out, '\0');
    file_stamp_add(out, certificate->cert);
    file_stamp_add(out, certificate->key);
    file_stamp_add(out, slice_of(answer));
    free(answer);
}

static uint64_t pair_stamp(const struct model_certificate *certificate)
{
    struct text text = TEXT_EMPTY;

    add_pair_stamp(&text, certificate);
    uint64_t stamp = hash_bytes(text_slice(&text));
    text_fini(&text);
    return stamp;
}

static uint64_t authorities_stamp(const struct model_tls *tls)
{
    struct text text = TEXT_EMPTY;

    for (size_t i = 0; i < tls->client_cas.count; i++)
        file_stamp_add(&text, tls->client_cas.items[i]);
    uint64_t stamp = hash_bytes(text_slice(&text)) | 1;
    text_fini(&text);
    return stamp;
}

static void add_static_stamps(struct text *out, const struct model_tls *tls)
{
    uint64_t authorities = authorities_stamp(tls);

    for (size_t i = 0; i < tls->certificate_count; i++)
        add_pair_stamp(out, &tls->certificates[i]);
    if (tls->fallback)
        add_pair_stamp(out, tls->fallback);
    text_add(out, slice_make((const char *)&authorities, sizeof authorities));
}

/* Another number when there is something to do; 0: there is no TLS. */
static uint64_t stamp_all(const struct keyring *keyring, const struct model *model)
{
    struct text text = TEXT_EMPTY;
    bool any = false;

    for (size_t i = 0; i < keyring->options.entrypoint_count; i++) {
        if (!has_tls(keyring, i))
            continue;
        any = true;
        add_static_stamps(&text, keyring->options.entrypoints[i].tls);
    }
    for (size_t i = 0; i < model->count; i++)
        for (size_t k = 0; k < model->fragments[i]->certificate_count; k++) {
            const struct model_certificate *certificate = &model->fragments[i]->certificates[k];
            any = true;
            add_pair_stamp(&text, certificate);
            for (size_t n = 0; n < certificate->entrypoints.count; n++)
                text_add(&text, certificate->entrypoints.items[n]);
        }
    uint64_t stamp = any ? hash_bytes(text_slice(&text)) | 1 : 0;
    text_fini(&text);
    return stamp;
}

static struct held_pair *pair_of(struct keyring *keyring, const struct model_certificate *certificate)
{
    struct text key = TEXT_EMPTY;

    text_add(&key, certificate->cert);
    text_add_char(&key, '\0');
    text_add(&key, certificate->key);
    struct held_pair *pair = map_get(&keyring->pairs, text_slice(&key));
    if (!pair) {
        pair = wb_alloc(sizeof *pair);
        map_put(&keyring->pairs, text_slice(&key), pair);
    }
    text_fini(&key);
    return pair;
}

static void read_pair(struct held_pair *pair, const struct model_certificate *certificate)
{
    uint64_t stamp = pair_stamp(certificate); /* before it is read */

    if (pair->stamp == stamp)
        return;
    pair->stamp = stamp;
    free(pair->problem);
    pair->problem = NULL;
    struct tls_certificate *read = tls_certificate_create(certificate->cert, certificate->key, &pair->problem);
    pair->stale = !read && pair->good;
    if (!read)
        return;
    tls_certificate_unref(&pair->good);
    pair->good = read;
}

/* NULL: there is none that could be shown. */
static struct tls_certificate *take(struct keyring *keyring, const struct model_certificate *certificate, struct slice place,
                                    struct diagnostics *found)
{
    struct held_pair *pair = pair_of(keyring, certificate);

    if (!pair->wanted)
        read_pair(pair, certificate);
    pair->wanted = true;
    if (pair->problem)
        diagnostics_add(found, DIAGNOSTIC_ERROR, place, "%s%s", pair->problem,
                        pair->stale  ? "; what was read before stays in force"
                        : pair->good ? ""
                                     : "; it is left out");
    return pair->good;
}

static void add(struct tls_certificates *set, struct tls_certificate *certificate, struct slice place,
                struct diagnostics *found)
{
    if (certificate && !tls_certificates_add(set, certificate))
        diagnostics_add(found, DIAGNOSTIC_WARNING, place,
                        "Skipping addition of certificate: each name of it has another certificate already (%s, ...)",
                        tls_certificate_names(certificate)[0] ? tls_certificate_names(certificate)[0] : "it names nobody");
}

static bool list_has(const struct slices *list, struct slice name)
{
    for (size_t i = 0; i < list->count; i++)
        if (slice_eq(list->items[i], name))
            return true;
    return false;
}

static void add_of_model(struct keyring *keyring, const struct model *model, struct slice entrypoint,
                         struct tls_certificates *set, struct diagnostics *found)
{
    for (size_t i = 0; i < model->count; i++)
        for (size_t k = 0; k < model->fragments[i]->certificate_count; k++) {
            const struct model_certificate *certificate = &model->fragments[i]->certificates[k];
            const struct slices *named = certificate->entrypoints.count ? &certificate->entrypoints
                                                                        : keyring->options.default_entrypoints;
            if (list_has(named, entrypoint))
                add(set, take(keyring, certificate, certificate->origin, found), certificate->origin, found);
        }
}

static struct tls_certificate *generated(struct keyring *keyring)
{
    if (!keyring->generated)
        keyring->generated = tls_certificate_generate();
    return keyring->generated;
}

/* Servers that want to know who calls are shown the first that is the entrypoint's own. */
static void set_caller(const struct keyring *keyring, size_t number, const struct tls_certificates *set)
{
    struct tls_certificate *first = tls_certificates_first(set);

    if (!keyring->options.servers_trust)
        return;
    if (!first)
        first = tls_certificates_default(set);
    struct tls_credentials *caller = tls_credentials_join(keyring->options.servers_trust,
                                                          tls_certificate_credentials(first));
    tls_server_set_caller(keyring->options.servers[number], &caller);
}

static void apply_certificates(struct keyring *keyring, const struct model *model, size_t number, struct slice place,
                               struct diagnostics *found)
{
    const struct model_entrypoint *entrypoint = &keyring->options.entrypoints[number];
    const struct model_tls *tls = entrypoint->tls;
    struct tls_certificates *set = tls_certificates_create();
    struct tls_certificate *fallback = NULL;

    for (size_t i = 0; i < tls->certificate_count; i++) {
        struct tls_certificate *own = take(keyring, &tls->certificates[i], place, found);
        if (i == 0)
            fallback = own; /* as in v1.7 */
        add(set, own, place, found);
    }
    add_of_model(keyring, model, entrypoint->name, set, found);
    if (tls->fallback)
        fallback = take(keyring, tls->fallback, place, found);
    tls_certificates_set_default(set, fallback ? fallback : generated(keyring));
    set_caller(keyring, number, set);
    tls_server_set_certificates(keyring->options.servers[number], &set);
}

static void read_authorities(struct keyring *keyring, size_t number, struct held_authorities *held)
{
    const struct model_tls *tls = keyring->options.entrypoints[number].tls;

    free(held->problem);
    held->problem = NULL;
    struct tls_credentials *read = tls_credentials_create(
        &(struct tls_options){.ca_option = "CA", .cas = tls->client_cas.items, .ca_count = tls->client_cas.count},
        &held->problem);
    if (!read)
        return;
    if (held->id && strcmp(held->id, tls_credentials_id(read)) == 0) { /* else each worker would build its side anew */
        tls_credentials_unref(&read);
        return;
    }
    free(held->id);
    held->id = wb_strdup(tls_credentials_id(read));
    tls_server_set_authorities(keyring->options.servers[number], &read);
}

/* Who cannot be verified does not get in: until they could be read once, every handshake is refused (security case T1). */
static void apply_authorities(struct keyring *keyring, size_t number, struct slice place, struct diagnostics *found)
{
    const struct model_tls *tls = keyring->options.entrypoints[number].tls;
    struct held_authorities *held = &keyring->authorities[number];
    uint64_t stamp = authorities_stamp(tls);

    if (tls->client_cas.count == 0)
        return;
    if (held->stamp != stamp)
        read_authorities(keyring, number, held);
    held->stamp = stamp;
    if (held->problem)
        diagnostics_add(found, held->id ? DIAGNOSTIC_ERROR : DIAGNOSTIC_CLOSED, place, "%s; %s", held->problem,
                        held->id ? "what was read before stays in force"
                                 : "clients cannot be verified, so every connection is refused");
}

static void forget_unwanted(struct keyring *keyring)
{
    struct map_entry *entry;

    for (size_t i = 0; (entry = map_next(&keyring->pairs, &i));) {
        struct held_pair *pair = entry->value;
        if (pair->wanted) {
            pair->wanted = false;
            continue;
        }
        map_remove(&keyring->pairs, entry->key);
        pair_free(pair);
    }
}

static const struct model_entrypoint *find_entrypoint(const struct keyring *keyring, struct slice name)
{
    for (size_t i = 0; i < keyring->options.entrypoint_count; i++)
        if (slice_eq(keyring->options.entrypoints[i].name, name))
            return &keyring->options.entrypoints[i];
    return NULL;
}

/* v1.7 says nothing of them. */
static void warn_of_useless(const struct keyring *keyring, const struct model *model, struct diagnostics *found)
{
    for (size_t i = 0; i < model->count; i++)
        for (size_t k = 0; k < model->fragments[i]->certificate_count; k++) {
            const struct model_certificate *certificate = &model->fragments[i]->certificates[k];
            for (size_t n = 0; n < certificate->entrypoints.count; n++) {
                struct slice name = certificate->entrypoints.items[n];
                const struct model_entrypoint *entrypoint = find_entrypoint(keyring, name);
                if (!entrypoint || !entrypoint->tls)
                    diagnostics_add(found, DIAGNOSTIC_WARNING, certificate->origin,
                                    "the certificate is for entrypoint \"" SLICE_FMT "\", %s", SLICE_SHOWN(name),
                                    entrypoint ? "which has no TLS" : "which is none");
            }
        }
}

bool keyring_apply(struct keyring *keyring, const struct model *model)
{
    struct diagnostics found;
    uint64_t stamp = stamp_all(keyring, model); /* before they are read */

    if (stamp == keyring->applied)
        return stamp != 0;
    keyring->applied = stamp;
    diagnostics_init(&found);
    for (size_t i = 0; i < keyring->options.entrypoint_count; i++) {
        if (!has_tls(keyring, i))
            continue;
        char *place = wb_format("entrypoint " SLICE_FMT, SLICE_ARG(keyring->options.entrypoints[i].name));
        apply_certificates(keyring, model, i, slice_of(place), &found);
        apply_authorities(keyring, i, slice_of(place), &found);
        free(place);
    }
    warn_of_useless(keyring, model, &found);
    forget_unwanted(keyring);
    diagnostics_log_new(&found, &keyring->said);
    diagnostics_fini(&keyring->said);
    keyring->said = found;
    wb_log_info("certificates of TLS entrypoints are in force");
    return true;
}

const struct diagnostics *keyring_problems(const struct keyring *keyring)
{
    return &keyring->said;
}
