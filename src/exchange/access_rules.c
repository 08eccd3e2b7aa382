/* SPDX-License-Identifier: MIT */
/* From what people write to what each line asks (spec/api-json.md 6.3). */
#include "access_private.h"
#include "waybill/base/suggest.h"

#define ACCESS_FIELD_NAME(id, name) [ACCESS_##id] = name,
static const char *const field_names[ACCESS_FIELD_COUNT] = {ACCESS_FIELDS(ACCESS_FIELD_NAME)};
_Static_assert(ACCESS_FIELD_COUNT <= 64, "struct access_rules has one bit for each field");

/* What lets somebody in is not to be read in a log (defects A8). Naming one with `keep` logs it as v1.7 does. */
static const char *const secrets[] = {"Authorization", "Cookie", "Proxy-Authorization", "Set-Cookie"};

struct compiling {
    struct access_rules *rules;
    struct arena *arena;
    struct diagnostics *diagnostics;
};

static void warn(const struct compiling *c, const char *option, struct slice value, const char *advice)
{
    diagnostics_add(c->diagnostics, DIAGNOSTIC_ERROR, SLICE("accessLog"), "%s: `" SLICE_FMT "` %s", option,
                    SLICE_ARG(slice_head(value, 100)), advice);
}

const char *access_field_name(enum access_field field)
{
    return field_names[field];
}

static bool parse_mode(struct slice text, enum header_mode *out_mode)
{
    static const char *const words[] = {[HEADER_KEEP] = "keep", [HEADER_DROP] = "drop", [HEADER_REDACT] = "redact"};

    for (size_t i = 0; i < WB_COUNT(words); i++)
        if (slice_eq_nocase(text, slice_of(words[i]))) {
            *out_mode = (enum header_mode)i;
            return true;
        }
    return false;
}

/* Fields are whole: there is nothing between keeping and leaving out. What is no mode leaves out. */
static bool field_is_kept(const struct compiling *c, const char *option, struct slice text)
{
    enum header_mode mode;

    if (!parse_mode(text, &mode) || mode == HEADER_REDACT) {
        warn(c, option, text, "is neither keep nor drop: taken as drop");
        return false;
    }
    return mode == HEADER_KEEP;
}

static enum header_mode mode_of_header(const struct compiling *c, const char *option, struct slice text)
{
    enum header_mode mode;

    if (parse_mode(text, &mode))
        return mode;
    warn(c, option, text, "is none of keep, drop, redact: taken as redact");
    return HEADER_REDACT;
}

/* "Name=mode" */
static bool cut_pair(const struct compiling *c, const char *option, struct slice text, struct slice *out_name,
                     struct slice *out_mode)
{
    size_t equals = slice_find_last(text, '=');

    if (equals == text.len || equals == 0) {
        warn(c, option, text, "is not NAME=MODE: left out");
        return false;
    }
    *out_name = slice_head(text, equals);
    *out_mode = slice_from(text, equals + 1);
    return true;
}

static void set_field(const struct compiling *c, struct slice name, bool kept)
{
    for (size_t i = 0; i < ACCESS_FIELD_COUNT; i++)
        if (slice_eq_nocase(name, slice_of(field_names[i]))) {
            c->rules->kept = (c->rules->kept & ~(UINT64_C(1) << i)) | (uint64_t)kept << i;
            return;
        }
    const char *close = suggest_name(name, field_names, ACCESS_FIELD_COUNT);
    const char *advice = close ? arena_format(c->arena, "is no field: did you mean %s?", close) : "is no field";
    warn(c, "fields.names", name, advice);
}

static void compile_fields(const struct compiling *c, const struct access_log_options *options)
{
    struct slice name, mode;

    c->rules->kept = field_is_kept(c, "fields.defaultMode", options->fields_mode) ? ~UINT64_C(0) : 0;
    for (size_t i = 0; i < options->field_names.count; i++)
        if (cut_pair(c, "fields.names", options->field_names.items[i], &name, &mode))
            set_field(c, name, field_is_kept(c, "fields.names", mode));
}

enum header_mode access_header_mode(const struct access_rules *rules, struct slice name)
{
    for (size_t i = 0; i < rules->header_count; i++)
        if (slice_eq_nocase(rules->headers[i].name, name))
            return rules->headers[i].mode;
    return rules->others;
}

static void compile_headers(const struct compiling *c, const struct access_log_options *options)
{
    size_t count = 0, named = options->header_names.count;
    struct header_rule *headers = ARENA_ARRAY(c->arena, struct header_rule, named + WB_COUNT(secrets));
    struct slice name, mode;

    for (size_t i = 0; i < named; i++)
        if (cut_pair(c, "fields.headers.names", options->header_names.items[i], &name, &mode))
            headers[count++] = (struct header_rule){arena_copy(c->arena, name),
                                                    mode_of_header(c, "fields.headers.names", mode)};
    c->rules->others = mode_of_header(c, "fields.headers.defaultMode", options->headers_mode);
    for (size_t i = 0; i < WB_COUNT(secrets) && c->rules->others == HEADER_KEEP; i++)
        headers[count++] = (struct header_rule){slice_of(secrets[i]), HEADER_REDACT}; /* the first of a name counts */
    c->rules->headers = headers;
    c->rules->header_count = count;
    for (unsigned id = HEADER_OTHER + 1; id < HEADER_ID_COUNT; id++)
        c->rules->modes[id] = (uint8_t)access_header_mode(c->rules, header_name((enum header_id)id));
    access_headers_rank(c->rules->ranks);
}

static bool parse_range(struct slice text, struct status_range *out)
{
    size_t dash = slice_find(text, '-');
    uint64_t from, to;

    if (!slice_to_u64(slice_trim_space(slice_head(text, dash)), 999, &from))
        return false;
    if (dash == text.len)
        to = from;
    else if (!slice_to_u64(slice_trim_space(slice_from(text, dash + 1)), 999, &to))
        return false;
    *out = (struct status_range){(unsigned)from, (unsigned)to};
    return from <= to;
}

/* One that cannot be understood: the filter is off, as in v1.7; rather too many lines than none. */
static void compile_statuses(const struct compiling *c, const struct slices *texts)
{
    struct status_range *ranges = ARENA_ARRAY(c->arena, struct status_range, texts->count + 1);

    for (size_t i = 0; i < texts->count; i++)
        if (!parse_range(texts->items[i], &ranges[i])) {
            warn(c, "filters.statusCodes", texts->items[i],
                 "is no status and no range: write it like 404 or 500-599; lines are logged whatever their status");
            return;
        }
    c->rules->statuses = ranges;
    c->rules->status_count = texts->count;
}

static void compile_filters(const struct compiling *c, const struct access_log_options *options)
{
    struct access_rules *rules = c->rules;

    compile_statuses(c, &options->status_codes);
    rules->retried = options->retry_attempts;
    rules->longer_than_ns = options->min_duration_ms * 1000000u;
    rules->is_filtered = rules->status_count || rules->retried || rules->longer_than_ns;
}

struct access_rules *access_rules_compile(const struct access_log_options *options, struct arena *arena,
                                          struct diagnostics *diagnostics)
{
    const struct compiling c = {.rules = ARENA_NEW(arena, struct access_rules), .arena = arena, .diagnostics = diagnostics};

    c.rules->json = slice_eq_nocase(options->format, SLICE("json"));
    if (!c.rules->json && !slice_eq_nocase(options->format, SLICE("common"))) {
        warn(&c, "format", options->format, "is neither common nor json: there is no access log");
        return NULL;
    }
    compile_fields(&c, options);
    compile_headers(&c, options);
    compile_filters(&c, options);
    return c.rules;
}
