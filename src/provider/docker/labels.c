/* SPDX-License-Identifier: MIT */
#include "labels.h"
#include "label_check.h"
#include "label_hint.h"
#include "label_table.h"
#include "label_value.h"
#include "labels_group.h"
#include "waybill/base/map.h"

static bool is_text(enum label_kind kind)
{
    return kind == LABEL_TEXT || kind == LABEL_LIST || kind == LABEL_PAIRS || kind == LABEL_PORT;
}

bool labels_are_decodable(const struct segment *segment, const struct label **out_label, const char **out_because)
{
    struct arena scratch;
    bool decodable = true;

    arena_init(&scratch, 0);
    for (size_t i = 0; i < segment->label_count && decodable; i++) {
        const struct label *label = &segment->labels[i];
        const struct label_row *row = label_row_find(label->name);
        struct slice unused;
        if (!(row && is_text(row->kind)) && !slice_starts(label->name, SLICE("frontend.errors.")))
            continue;
        decodable = label_text(&scratch, label->value, row && (row->flags & LABEL_MULTILINE), &unused, out_because);
        *out_label = label;
        arena_reset(&scratch);
    }
    arena_fini(&scratch);
    return decodable;
}

struct slice labels_text(struct arena *arena, const struct segment *segment, struct slice name)
{
    struct slice text;
    const char *because;

    return label_text(arena, segment_value(segment, name), false, &text, &because) ? text : SLICE("");
}

static bool contains_nocase(struct slice text, struct slice part)
{
    for (size_t i = 0; i + part.len <= text.len; i++) {
        if (slice_starts_nocase(slice_from(text, i), part))
            return true;
    }
    return false;
}

/* By the name, also one that is mistyped or of Traefik 2: better a value too few than a password in the log. */
static bool is_secret(struct slice name)
{
    static const char *const plain[] = {"frontend.auth.forward.address",
                                        "frontend.auth.forward.trustForwardHeader",
                                        "frontend.auth.forward.authResponseHeaders",
                                        "frontend.auth.headerField",
                                        "frontend.auth.basic.removeHeader",
                                        "frontend.auth.digest.removeHeader"};
    static const char *const parts[] = {"auth", "user", "passw", "secret", "token", ".key"};

    for (size_t i = 0; i < WB_COUNT(plain); i++) {
        if (slice_eq(name, slice_of(plain[i])))
            return false;
    }
    for (size_t i = 0; i < WB_COUNT(parts); i++) {
        if (contains_nocase(name, slice_of(parts[i])))
            return true;
    }
    return false;
}

struct slice labels_shown(const struct label *label)
{
    return is_secret(label->name) ? SLICE("...") : slice_head(label->value, 80);
}

void labels_say(struct label_reading *reading, enum severity severity, struct slice written, const char *text)
{
    char *place = arena_format(reading->arena, SLICE_FMT "%s" SLICE_FMT, SLICE_ARG(reading->origin),
                               written.len ? ", label " : "", SLICE_ARG(written));

    if (reading->said &&
        map_put(reading->said, slice_of(arena_format(reading->arena, "%s: %s", place, text)), reading->said))
        return;
    diagnostics_add(reading->diagnostics, severity, slice_of(place), "%s", text);
}

void labels_report(struct label_reading *reading, const struct label *label, bool protects, const char *what)
{
    struct slice value = labels_shown(label);
    const char *text = arena_format(reading->arena, "`" SLICE_FMT "`: %s", SLICE_ARG(value), what);

    labels_say(reading, protects ? DIAGNOSTIC_CLOSED : DIAGNOSTIC_WARNING, label->written, text);
    if (protects && reading->closed_because.len == 0)
        reading->closed_because = slice_of(
            arena_format(reading->arena, "label " SLICE_FMT ": %s", SLICE_ARG(label->written), text));
}

bool labels_bool(struct label_reading *reading, struct slice name, bool missing)
{
    const struct label *label = segment_label(reading->segment, name);
    bool value = missing;

    if (label && label->value.len && !slice_to_bool(label->value, &value))
        labels_report(reading, label, false,
                      arena_format(reading->arena, "%s; taken as %s", label_truth(reading->arena, label->value),
                                   missing ? "true" : "false"));
    return value;
}

int64_t labels_integer(struct label_reading *reading, struct slice name, int64_t missing)
{
    const struct label *label = segment_label(reading->segment, name);
    int64_t value = missing;

    if (label && label->value.len && !label_integer(label->value, &value))
        labels_report(reading, label, false, "write a whole number; the default is used");
    return value;
}

/* -- which structs there are -- */

static bool place_exists(const struct segment *segment, const struct place_row *row)
{
    int64_t number;
    bool truth;
    struct slice label = slice_of(row->label);

    switch (row->rule) {
    case EXISTS_ALWAYS:
        return true;
    case EXISTS_BY_PREFIX:
        return segment_has(segment, label);
    case EXISTS_BY_VALUE:
        return segment_value(segment, label).len > 0;
    case EXISTS_BY_TRUE:
        return slice_to_bool(segment_value(segment, label), &truth) && truth;
    case EXISTS_BY_NUMBER:
        return label_integer(segment_value(segment, label), &number);
    }
    WB_UNREACHABLE();
}

static void make_places(struct label_reading *reading, void *places[PLACE_COUNT])
{
    for (size_t i = 0; i < place_row_count; i++) {
        const struct place_row *row = &place_rows[i];
        if (!places[row->parent] || !place_exists(reading->segment, row))
            continue;
        places[row->place] = arena_alloc(reading->arena, row->size);
        memcpy((char *)places[row->parent] + row->offset, &places[row->place], sizeof(void *));
    }
}

/* One kind of auth counts: basic before digest before forward; headerField alone is none (7.3). */
static void make_auth(struct label_reading *reading, struct model_frontend *frontend, void *places[PLACE_COUNT])
{
    struct arena *arena = reading->arena;
    struct model_auth *auth = ARENA_NEW(arena, struct model_auth);

    if (segment_has(reading->segment, SLICE("frontend.auth.basic")))
        places[PLACE_BASIC] = auth->basic = ARENA_NEW(arena, struct model_auth_users);
    else if (segment_has(reading->segment, SLICE("frontend.auth.digest")))
        places[PLACE_DIGEST] = auth->digest = ARENA_NEW(arena, struct model_auth_users);
    else if (segment_has(reading->segment, SLICE("frontend.auth.forward")))
        places[PLACE_FORWARD] = auth->forward = ARENA_NEW(arena, struct model_auth_forward);
    else
        return;
    places[PLACE_AUTH] = frontend->auth = auth;
}

/* -- values -- */

static const char *store_list(struct label_reading *reading, const struct label_row *row, struct slice value,
                              struct slices *out)
{
    struct slices list;
    const char *because = NULL;

    if (!label_list(reading->arena, value, &list, &because))
        return because;
    if (list.count == 0)
        return (row->flags & LABEL_PROTECTS) ? "there is nothing between the commas" : NULL;
    if (out && !((row->flags & LABEL_FALLBACK) && out->count))
        *out = list;
    return NULL;
}

static const char *store_pairs(struct label_reading *reading, struct slice value, struct model_pairs *out)
{
    struct model_pairs pairs;
    const char *because = NULL;
    size_t dropped;

    if (!label_pairs(reading->arena, value, &pairs, &dropped, &because))
        return because;
    if (out && pairs.count)
        *out = pairs;
    return dropped ? "write Name:value||Name:value with names of letters, digits, - and _; the other parts are left out"
                   : NULL;
}

static const char *store_text(struct label_reading *reading, const struct label_row *row, struct slice value,
                              struct slice *out)
{
    struct slice text;
    const char *because = NULL;

    if (!label_text(reading->arena, value, row->flags & LABEL_MULTILINE, &text, &because))
        return because;
    if (out)
        *out = text;
    return NULL;
}

/* Writes the value to its field, if there is one. What is wrong, or NULL. */
static const char *store_value(struct label_reading *reading, const struct label_row *row, struct slice value, void *field)
{
    bool truth;
    int64_t number;

    switch (row->kind) {
    case LABEL_TEXT:
        return store_text(reading, row, value, field);
    case LABEL_LIST:
        return store_list(reading, row, value, field);
    case LABEL_PAIRS:
        return store_pairs(reading, value, field);
    case LABEL_BOOL:
        if (!slice_to_bool(value, &truth))
            return label_truth(reading->arena, value);
        if (field)
            *(bool *)field = truth;
        return NULL;
    case LABEL_INTEGER:
        if (!label_integer(value, &number))
            return "write a whole number";
        if (field)
            *(int64_t *)field = number;
        return NULL;
    case LABEL_PORT:
    case LABEL_KNOWN:
        return NULL;
    }
    WB_UNREACHABLE();
}

static void read_label(struct label_reading *reading, const struct label_row *row, void *const places[PLACE_COUNT])
{
    const struct label *label = segment_label(reading->segment, slice_of(row->name));
    bool protects = row->flags & LABEL_PROTECTS;

    if (!label || (row->flags & LABEL_ELSEWHERE))
        return;
    if (label->value.len == 0) {
        if (row->flags & LABEL_EMPTY_CLOSES)
            labels_report(reading, label, true, "it protects but is empty: give it a value or take the label away");
        return;
    }
    void *field = places[row->place] ? (char *)places[row->place] + row->offset : NULL;
    const char *wrong = store_value(reading, row, label->value, field);
    if (!wrong)
        wrong = label_check_value(reading->arena, row, label->value, reading->known_entrypoints);
    if (wrong)
        labels_report(reading, label, protects, wrong);
}

static void read_table(struct label_reading *reading, void *const places[PLACE_COUNT], bool backend)
{
    for (size_t i = 0; i < label_row_count; i++) {
        if (slice_starts(slice_of(label_rows[i].name), SLICE("backend.")) == backend)
            read_label(reading, &label_rows[i], places);
    }
}

/* -- labels nobody reads -- */

static bool is_unknown(const struct label *label)
{
    return !label_is_known(label->name);
}

void labels_report_unknown(struct label_reading *reading)
{
    for (size_t i = 0; i < reading->segment->label_count; i++) {
        const struct label *label = &reading->segment->labels[i];
        if (is_unknown(label))
            labels_report(reading, label, false, label_hint(reading->arena, label).text);
    }
}

/* A slip in a name that protects must not leave open what it was to protect. */
static void close_for_unknown(struct label_reading *reading)
{
    for (size_t i = 0; i < reading->segment->label_count; i++) {
        const struct label *label = &reading->segment->labels[i];
        if (!is_unknown(label))
            continue;
        struct label_hint hint = label_hint(reading->arena, label);
        if (label_name_protects(label->name) || label_name_protects(hint.meant))
            labels_report(reading, label, true, hint.text);
    }
}

static const char *phantom_hint(struct arena *arena, const struct label *label)
{
    static const char *const what = "as in 1.7 it makes a segment of its own: take it away if that is not meant, or set "
                                    "docker.strictSegments";

    return segment_is_version2(label->name) ? arena_format(arena, "%s; %s", label_hint_version2(arena, label->name), what)
                                            : what;
}

void labels_report_strays(struct label_reading *reading, const struct segments *segments)
{
    for (size_t i = 0; i < segments->version2.count; i++)
        labels_say(reading, DIAGNOSTIC_WARNING, segments->version2.labels[i].written,
                   label_hint_version2(reading->arena, segments->version2.labels[i].name));
    for (size_t i = 0; i < segments->phantoms.count; i++)
        labels_say(reading, DIAGNOSTIC_WARNING, segments->phantoms.labels[i].written,
                   phantom_hint(reading->arena, &segments->phantoms.labels[i]));
}

/* -- after the table -- */

/* The label as it is written, with its segment; one that is not there as it would be. */
static struct label label_to_blame(const struct label_reading *reading, const char *name)
{
    const struct label *label = segment_label(reading->segment, slice_of(name));

    if (label)
        return *label;
    return (struct label){slice_of(name), SLICE(""), slice_of(arena_format(reading->arena, "traefik.%s", name))};
}

/* `name:rest` with both parts; digest has a realm between. One bad entry is left out, the good ones work. */
static void check_users(struct label_reading *reading, struct model_auth_users *users, const struct label *label,
                        const char *form)
{
    size_t kept = 0, colons_wanted = strchr(strchr(form, ':') + 1, ':') ? 2 : 1;

    for (size_t i = 0; i < users->users.count; i++) {
        struct slice user = users->users.items[i];
        size_t first = slice_find(user, ':'), last = slice_find_last(user, ':');
        bool good = first > 0 && last + 1 < user.len && (colons_wanted == 1 || last > first);
        if (good)
            users->users.items[kept++] = user;
        else
            labels_report(reading, label, false, form);
    }
    users->users.count = kept;
    if (kept == 0 && users->users_file.len == 0)
        labels_report(reading, label, true, "there is no usable user in it: nobody could log in");
}

static void check_auth(struct label_reading *reading, const struct model_auth *auth)
{
    struct label header_field = label_to_blame(reading, "frontend.auth.headerField");
    bool short_basic = segment_value(reading->segment, SLICE("frontend.auth.basic")).len > 0;
    struct label basic = label_to_blame(reading, short_basic ? "frontend.auth.basic" : "frontend.auth.basic.users");
    struct label digest = label_to_blame(reading, "frontend.auth.digest.users");
    struct label address = label_to_blame(reading, "frontend.auth.forward.address");

    if (!auth) {
        if (header_field.value.len)
            labels_report(reading, &header_field, false, "it has no effect without basic, digest or forward auth");
        return;
    }
    if (auth->basic)
        check_users(reading, auth->basic, &basic, "an entry that is not name:hash is left out");
    if (auth->digest)
        check_users(reading, auth->digest, &digest, "an entry that is not name:realm:hash is left out");
    if (auth->forward && auth->forward->address.len == 0)
        labels_report(reading, &address, true, "forward auth has no address: write the URL of the auth server");
}

/* The entrypoint wins over the regex; a regex needs a replacement (7.3). */
static void settle_redirect(struct label_reading *reading, struct model_frontend *frontend)
{
    struct model_redirect *redirect = frontend->redirect;
    const struct label *regex = segment_label(reading->segment, SLICE("frontend.redirect.regex"));

    if (redirect->entrypoint.len) {
        redirect->regex = redirect->replacement = SLICE("");
        return;
    }
    if (redirect->regex.len && redirect->replacement.len)
        return;
    if (regex && regex->value.len)
        labels_report(reading, regex, false, "it has no effect without traefik.frontend.redirect.replacement");
    frontend->redirect = NULL;
}

static bool headers_are_empty(const struct model_headers *headers)
{
    /* Every member that says nothing is zero, but for texts, whose pointer may stand. */
    struct model_headers rest = *headers;
    struct slice *texts[] = {&rest.ssl_host,
                             &rest.custom_frame_options_value,
                             &rest.custom_browser_xss_value,
                             &rest.content_security_policy,
                             &rest.public_key,
                             &rest.referrer_policy};

    for (size_t i = 0; i < WB_COUNT(texts); i++) {
        if (texts[i]->len)
            return false;
    }
    return !rest.custom_request_headers.count && !rest.custom_response_headers.count && !rest.ssl_proxy_headers.count &&
           !rest.allowed_hosts.count && !rest.hosts_proxy_headers.count && !rest.ssl_redirect &&
           !rest.ssl_temporary_redirect && !rest.ssl_force_host && !rest.sts_seconds && !rest.sts_include_subdomains &&
           !rest.sts_preload && !rest.force_sts_header && !rest.frame_deny && !rest.content_type_nosniff &&
           !rest.browser_xss_filter && !rest.is_development;
}

/* The modifier belongs to the new name of the list: beside the old one it means nothing, as in 1.7. */
static void settle_white_list(struct label_reading *reading, struct model_frontend *frontend)
{
    const struct label *modifier = segment_label(reading->segment, SLICE("frontend.whiteList.useXForwardedFor"));
    struct slice written = segment_value(reading->segment, SLICE("frontend.whiteList.sourceRange"));

    if (slices_split(reading->arena, written, ',').count)
        return;
    frontend->white_list->use_x_forwarded_for = false;
    if (modifier && modifier->value.len)
        labels_report(reading, modifier, false, "it has no effect without traefik.frontend.whiteList.sourceRange");
    if (frontend->white_list->source_range.count == 0)
        frontend->white_list = NULL;
}

void labels_read_frontend(struct label_reading *reading, struct model_frontend *frontend)
{
    void *places[PLACE_COUNT] = {[PLACE_FRONTEND] = frontend};

    frontend->pass_host_header = true;
    make_auth(reading, frontend, places);
    make_places(reading, places);
    read_table(reading, places, false);
    check_auth(reading, frontend->auth);
    settle_white_list(reading, frontend);
    settle_redirect(reading, frontend);
    labels_read_errors(reading, frontend);
    labels_read_rates(reading, frontend->rate_limit);
    if (headers_are_empty(frontend->headers))
        frontend->headers = NULL;
    close_for_unknown(reading);
}

/* It was said of the label; fragment_set_defaults puts wrr there. */
static void drop_unknown_method(struct model_load_balancer *balancer)
{
    if (balancer && !slice_eq_nocase(balancer->method, SLICE("wrr")) && !slice_eq_nocase(balancer->method, SLICE("drr")))
        balancer->method = SLICE("");
}

void labels_read_backend(struct label_reading *reading, struct model_backend *backend)
{
    void *places[PLACE_COUNT] = {[PLACE_BACKEND] = backend};

    make_places(reading, places);
    if (backend->load_balancer)
        backend->load_balancer->method = SLICE("wrr");
    if (backend->max_conn)
        backend->max_conn->extractor_func = SLICE("request.host");
    if (backend->response_forwarding)
        backend->response_forwarding->flush_interval = SLICE("0");
    read_table(reading, places, true);
    drop_unknown_method(backend->load_balancer);
}
