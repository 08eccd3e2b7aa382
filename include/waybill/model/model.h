/* SPDX-License-Identifier: MIT */
/*
 * model - what the user asked for: frontends, backends and servers as plain data, before any meaning.
 *
 * A fragment is one provider's whole contribution: built apart, then delivered and never changed again;
 * shared by reference. A model is the set of the latest fragments. Field order follows spec/api-json.md 3,
 * and the JSON document is a pure function of these structs (model/json.h).
 *
 * Thread: the builder's until delivered; any after. Text: slices in the fragment's arena, or in what it keeps.
 * Absent groups are NULL pointers; absent text is an empty slice.
 */
#pragma once
#include "waybill/base/arena.h"
#include "waybill/base/keep.h"

struct slices {
    struct slice *items;
    size_t count;
};

struct model_pair {
    struct slice name, value;
};
struct model_pairs {
    struct model_pair *items;
    size_t count;
    bool present; /* the table was there, maybe empty */
};

struct model_server {
    struct slice name;
    struct slice url; /* as the document shows it */
    int64_t weight;
    struct slice identity; /* who it is, beyond its address: container id and start (K9); empty = the URL is all */
};

struct model_stickiness {
    struct slice cookie_name;
};
struct model_load_balancer {
    struct slice method;
    bool sticky;
    struct model_stickiness *stickiness;
};
struct model_circuit_breaker {
    struct slice expression;
};
struct model_max_conn {
    int64_t amount;
    struct slice extractor_func;
};
struct model_health_check {
    struct slice scheme, path;
    int64_t port;
    struct slice interval, hostname;
    struct model_pairs headers;
};
struct model_buffering {
    int64_t max_request_body_bytes, mem_request_body_bytes, max_response_body_bytes, mem_response_body_bytes;
    struct slice retry_expression;
};
struct model_response_forwarding {
    struct slice flush_interval;
};

struct model_backend {
    struct slice name;
    struct model_server *servers; /* sorted by name */
    size_t server_count;
    struct model_circuit_breaker *circuit_breaker;
    struct model_load_balancer *load_balancer;
    struct model_max_conn *max_conn;
    struct model_health_check *health_check;
    struct model_buffering *buffering;
    struct model_response_forwarding *response_forwarding;

    /* Not part of the document. */
    struct slice
        closed_because;  /* not empty: a limit could not be understood; fragment_close passes it on to the frontends */
    struct slice origin; /* where it was written */
};

struct model_route {
    struct slice name, rule;
};
struct model_dn {
    bool country, province, locality, organization, common_name, serial_number, domain_component;
};
struct model_client_cert_infos {
    bool not_after, not_before, sans;
    struct model_dn *subject, *issuer;
};
struct model_pass_client_cert {
    bool pem;
    struct model_client_cert_infos *infos;
};
struct model_white_list {
    struct slices source_range;
    bool use_x_forwarded_for;
};
struct model_headers {
    struct model_pairs custom_request_headers, custom_response_headers;
    struct slices allowed_hosts, hosts_proxy_headers;
    bool ssl_redirect, ssl_temporary_redirect;
    struct slice ssl_host;
    struct model_pairs ssl_proxy_headers;
    bool ssl_force_host;
    int64_t sts_seconds;
    bool sts_include_subdomains, sts_preload, force_sts_header, frame_deny;
    struct slice custom_frame_options_value;
    bool content_type_nosniff, browser_xss_filter;
    struct slice custom_browser_xss_value, content_security_policy, public_key, referrer_policy;
    bool is_development;
};
struct model_error_page {
    struct slice name;
    struct slices status;
    struct slice backend, query;
};
struct model_rate {
    struct slice name;
    int64_t period_ns, average, burst;
};
struct model_rate_limit {
    struct model_rate *rates; /* sorted by name */
    size_t rate_count;
    struct slice extractor_func;
};
struct model_redirect {
    struct slice entrypoint, regex, replacement;
    bool permanent;
};
struct model_auth_users { /* basic, digest */
    struct slices users;  /* never shown */
    struct slice users_file;
    bool remove_header;
};
struct model_auth_tls {
    struct slice ca;
    bool ca_optional;
    struct slice cert, key; /* key never shown */
    bool insecure_skip_verify;
};
struct model_auth_forward {
    struct slice address;
    struct model_auth_tls *tls;
    bool trust_forward_header;
    struct slices auth_response_headers;
};
struct model_auth {
    struct model_auth_users *basic, *digest;
    struct model_auth_forward *forward;
    struct slice header_field;
};

struct model_timeouts { /* an addition to v1.7 */
    struct slice dial, response_header, body, total;
};

/* Why a remembered frontend has no server. */
enum model_absence {
    ABSENCE_NONE,        /* it is no remembered one */
    ABSENCE_NOT_RUNNING, /* stopped, about to stop, paused */
    ABSENCE_STARTING,    /* its health is not known yet */
    ABSENCE_UNHEALTHY,
};

struct model_frontend {
    struct slice name;
    struct slices entrypoints;
    struct slice backend;
    struct model_route *routes; /* sorted by name */
    size_t route_count;
    bool pass_host_header, pass_tls_cert;
    struct model_pass_client_cert *pass_client_cert;
    int64_t priority;
    struct slices basic_auth;             /* deprecated list */
    bool basic_auth_present;              /* `[]` rather than `null` in the document */
    struct slices whitelist_source_range; /* deprecated list */
    struct model_white_list *white_list;
    struct model_headers *headers;
    struct model_error_page *errors; /* sorted by name */
    size_t error_count;
    struct model_rate_limit *rate_limit;
    struct model_redirect *redirect;
    struct model_auth *auth;
    struct model_timeouts *timeouts;

    /* Not part of the document. */
    struct slice
        closed_because; /* not empty: a protecting option could not be understood; matches, answers 503 (decisions.md 10) */
    struct slice
        left_out_because; /* not empty: a rule could not be read, so what it should match is not known; shown, not routed */
    struct slice origin;  /* where it was written, for messages: "container web", "rules.toml:12" */
    uint64_t
        since; /* age of who asked for it: on equal claims the lower one is the incumbent (decisions.md 16); 0 = unknown */
    struct slice claimant;       /* whose age that is, by id: decides between equal ones */
    int64_t absence;             /* enum model_absence */
    struct slice absent_because; /* which container, and what became of it */
};

/* What a TLS entrypoint shows. Each text is PEM, or the path of a file of it. */
struct model_certificate {
    struct slice cert, key;
    struct slices entrypoints; /* of a provider's: by which of them it is shown */
    struct slice origin;
};

struct fragment {
    struct arena arena;
    struct keep keep; /* what other fragments point into, too */
    _Atomic unsigned refs;
    struct slice provider;          /* "docker", "file" */
    struct model_backend *backends; /* sorted by name */
    size_t backend_count;
    struct model_frontend *frontends; /* sorted by name */
    size_t frontend_count;
    /* Not part of the document: frontends that lost their last server and answer 503, each with its absence. Names may come
     * twice. They match only after every live one of every provider (decisions.md 16). */
    struct model_frontend *remembered; /* sorted by name */
    size_t remembered_count;
    /* Not part of the document: they go to the entrypoints, whatever becomes of the frontends. */
    struct model_certificate *certificates; /* in the order of the files */
    size_t certificate_count;
};

enum { MODEL_PROVIDERS_MAX = 8 };

struct model {
    struct fragment *fragments[MODEL_PROVIDERS_MAX]; /* sorted by provider name; one reference each */
    size_t count;
};

/* One reference, the caller's. */
struct fragment *fragment_create(struct slice provider);
struct fragment *fragment_ref(struct fragment *fragment);
void fragment_unref(struct fragment **fragment);
/* Sorts frontends, backends, servers, routes... by name as the document wants it. Call once, when built. What is in order is
 * not written to: it may be shared. */
void fragment_sort(struct fragment *fragment);
/* Only frontends, backends and servers: what is within them is in order. */
void fragment_sort_names(struct fragment *fragment);
/* All that is within one of them. */
void frontend_sort(struct model_frontend *frontend);
void backend_sort(struct model_backend *backend);
/* Defaults of docker-provider.md 7.4 / file-provider.md 2.3: entrypoints, balancer method, sticky. Unknown entrypoints
 * are dropped with a diagnostic. */
struct diagnostics;
void fragment_set_defaults(struct fragment *fragment, const struct slices *default_entrypoints,
                           const struct slices *known_entrypoints, struct diagnostics *diagnostics);
/* Those of one backend; it may be shared when they have been set once. */
void backend_set_defaults(struct arena *arena, struct model_backend *backend, struct diagnostics *diagnostics);
/* Closes frontends (closed_because) whose protection is there but empty, and those of backends that are closed, with a
 * diagnostic each (decisions.md 10). For documents in which a group exists when its table does (TOML, JSON). After fragment_sort. */
void fragment_close(struct fragment *fragment, struct diagnostics *diagnostics);
/* Same document, same protection, same identities: nothing to do. */
bool fragment_equal(const struct fragment *a, const struct fragment *b);

/* Takes over the reference in *fragment; replaces the provider's former one. */
void model_replace(struct model *model, struct fragment **fragment);
void model_copy(struct model *out_copy, const struct model *model);
void model_fini(struct model *model);
const struct fragment *model_fragment(const struct model *model, struct slice provider);
const struct model_backend *fragment_backend(const struct fragment *fragment, struct slice name);
const struct model_frontend *fragment_frontend(const struct fragment *fragment, struct slice name);

/* Adds a copy of `item` to a list in the arena (grows by doubling). The list is empty, or was made here. */
void slices_add(struct arena *arena, struct slices *list, struct slice item);
/* Splits at `separator`, trims, drops empty parts; parts are slices of `text`. */
struct slices slices_split(struct arena *arena, struct slice text, char separator);
