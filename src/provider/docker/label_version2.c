/* SPDX-License-Identifier: MIT */
/* What labels of Traefik 2 and 3 are called in 1.7: a table, for people on their way from one to the other. */
#include "label_hint.h"
#include "label_table.h"

/* `*` stands for one part of a name, whatever it is; case does not count. The first that fits is said. */
static const struct {
    const char *pattern;
    const char *label; /* of 1.7, without `traefik.`; NULL: there is none */
    const char *words; /* more to say, or NULL */
} translations[] = {
    {"http.routers.*.rule", "frontend.rule", "Host(`a.b`) && PathPrefix(`/x`) is Host:a.b;PathPrefix:/x there"},
    {"http.routers.*.entrypoints", "frontend.entryPoints", NULL},
    {"http.routers.*.priority", "frontend.priority", NULL},
    {"http.routers.*.service", "backend", NULL},
    {"http.routers.*.middlewares", NULL,
     "middlewares are options of the frontend there: traefik.frontend.auth..., .headers..."},
    {"http.routers.*.tls", "frontend.entryPoints", "name an entrypoint that has TLS"},
    {"http.routers.*.tls.*", "frontend.entryPoints",
     "name an entrypoint that has TLS; certificates are the router's options"},
    {"http.services.*.loadbalancer.server.port", "port", NULL},
    {"http.services.*.loadbalancer.server.scheme", "protocol", NULL},
    {"http.services.*.loadbalancer.server.weight", "weight", NULL},
    {"http.services.*.loadbalancer.passhostheader", "frontend.passHostHeader", NULL},
    {"http.services.*.loadbalancer.sticky", "backend.loadbalancer.stickiness", NULL},
    {"http.services.*.loadbalancer.sticky.cookie", "backend.loadbalancer.stickiness", NULL},
    {"http.services.*.loadbalancer.sticky.cookie.name", "backend.loadbalancer.stickiness.cookieName", NULL},
    {"http.services.*.loadbalancer.responseforwarding.flushinterval", "backend.responseForwarding.flushInterval", NULL},
    {"http.middlewares.*.basicauth.headerfield", "frontend.auth.headerField", NULL},
    {"http.middlewares.*.digestauth.headerfield", "frontend.auth.headerField", NULL},
    {"http.middlewares.*.ipwhitelist.sourcerange", "frontend.whiteList.sourceRange", NULL},
    {"http.middlewares.*.ipallowlist.sourcerange", "frontend.whiteList.sourceRange", NULL},
    {"http.middlewares.*.redirectscheme.scheme", "frontend.redirect.entryPoint",
     "its value is the entrypoint's name, as https"},
    {"http.middlewares.*.redirectscheme.permanent", "frontend.redirect.permanent", NULL},
    {"http.middlewares.*.ratelimit.average", "frontend.rateLimit.rateSet.NAME.average", "and extractorFunc says of what"},
    {"http.middlewares.*.ratelimit.burst", "frontend.rateLimit.rateSet.NAME.burst", NULL},
    {"http.middlewares.*.ratelimit.period", "frontend.rateLimit.rateSet.NAME.period", NULL},
    {"http.middlewares.*.errors.status", "frontend.errors.NAME.status", NULL},
    {"http.middlewares.*.errors.service", "frontend.errors.NAME.backend", NULL},
    {"http.middlewares.*.errors.query", "frontend.errors.NAME.query", NULL},
    {"http.middlewares.*.circuitbreaker.expression", "backend.circuitbreaker.expression", NULL},
    {"http.middlewares.*.inflightreq.amount", "backend.maxconn.amount", NULL},
    {"http.middlewares.*.addprefix.prefix", "frontend.rule", "as AddPrefix:/x"},
    {"http.middlewares.*.stripprefix.prefixes", "frontend.rule", "PathPrefixStrip:/x matches and strips"},
    {"http.middlewares.*.stripprefixregex.regex", "frontend.rule", "PathPrefixStripRegex:/{x:[a-z]+} matches and strips"},
    {"http.middlewares.*.replacepath.path", "frontend.rule", "as ReplacePath:/x"},
    {"http.middlewares.*.replacepathregex.*", "frontend.rule", "as ReplacePathRegex:^/a/(.*) /b/$1"},
    {"http.middlewares.*.compress", NULL,
     "it is an option of the entrypoint there: --entryPoints='Name:http ... Compress:true'"},
    {"http.middlewares.*.retry.*", NULL, "it is an option of the router there: --retry"},
};

/* What follows is the same there, but for case. */
static const struct {
    const char *pattern, *group;
} groups[] = {
    {"http.services.*.loadbalancer.healthcheck.", "backend.healthcheck."},
    {"http.middlewares.*.basicauth.", "frontend.auth.basic."},
    {"http.middlewares.*.digestauth.", "frontend.auth.digest."},
    {"http.middlewares.*.forwardauth.", "frontend.auth.forward."},
    {"http.middlewares.*.headers.", "frontend.headers."},
    {"http.middlewares.*.buffering.", "backend.buffering."},
    {"http.middlewares.*.redirectregex.", "frontend.redirect."},
    {"http.middlewares.*.passtlsclientcert.", "frontend.passTLSClientCert."},
};

/* Parts between dots, one after the other. Behind a pattern that ends in a dot anything may follow: *out_rest. */
static bool fits(struct slice pattern, struct slice name, struct slice *out_rest)
{
    struct slice want, part;

    while (slice_cut(&pattern, '.', &want)) {
        if (want.len == 0 && !pattern.ptr) {
            *out_rest = name.ptr ? name : SLICE("");
            return name.ptr != NULL;
        }
        if (!slice_cut(&name, '.', &part) || !(slice_eq(want, SLICE("*")) || slice_eq_nocase(want, part)))
            return false;
    }
    return name.ptr == NULL;
}

static const char *in_group(struct arena *arena, const char *group, struct slice rest)
{
    struct slice name = slice_of(arena_format(arena, "%s" SLICE_FMT, group, SLICE_ARG(rest)));
    const struct label_row *row = label_row_find_nocase(name);

    return row ? arena_format(arena, "a label of Traefik 2: in 1.7 it is traefik.%s", row->name)
               : arena_format(arena, "a label of Traefik 2: in 1.7 there are labels traefik.%s*, but not this one", group);
}

const char *label_hint_version2(struct arena *arena, struct slice name)
{
    struct slice rest;

    for (size_t i = 0; i < WB_COUNT(translations); i++) {
        if (!fits(slice_of(translations[i].pattern), name, &rest))
            continue;
        const char *label = translations[i].label, *words = translations[i].words;
        return label ? arena_format(arena, "a label of Traefik 2: in 1.7 it is traefik.%s%s%s", label, words ? "; " : "",
                                    words ? words : "")
                     : arena_format(arena, "a label of Traefik 2: %s", words);
    }
    for (size_t i = 0; i < WB_COUNT(groups); i++) {
        if (fits(slice_of(groups[i].pattern), name, &rest))
            return in_group(arena, groups[i].group, rest);
    }
    if (!slice_starts(name, SLICE("http.")))
        return "a label of Traefik 2: 1.7 routes HTTP only, neither TCP nor UDP";
    return "a label of Traefik 2: there is nothing like it in 1.7, and it has no effect";
}
