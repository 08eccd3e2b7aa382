/* SPDX-License-Identifier: MIT */
/* rule - from text to predicates and path changes: one function for each word of the language. */
#include "waybill/route/rule.h"
#include "rule_parts.h"
#include "rule_text.h"
#include "waybill/base/suggest.h"
#include "waybill/http/target.h"
#include <ctype.h>
#include <stdlib.h>

/* A rule with hosts in several parts is compared name by name; what a step is says struct rule. */
enum { RULE_TEXT_BYTES = 64 * 1024, RULE_STEPS_MAX = 2000, RULE_HOST_PAIRS_MAX = 100000 };
enum { STEPS_OF_A_PART = 1, STEPS_OF_A_VARIABLE = 4, BYTES_OF_A_STEP = 64 /* that are compared */ };

/* One rule being parsed. What goes wrong first is what is said. */
struct rule_build {
    struct arena *arena;
    struct rule *rule;
    size_t steps; /* of all parts, those about hosts too */
    struct slice error;
};

static void fail(struct rule_build *build, struct slice error)
{
    if (build->error.len == 0)
        build->error = error;
}

#define FAIL(build, ...) fail((build), slice_of(arena_format((build)->arena, __VA_ARGS__)))

/* Appends to a list that is linked by its first field. */
static void append(void *list, void *node)
{
    void **at = list;
    while (*at)
        at = *at;
    *at = node;
}

/* Whoever writes a rule must not be able to hold up the requests of all others (security case P10). */
static void count_steps(struct rule_build *build, size_t steps)
{
    build->steps += steps;
    if (build->steps > RULE_STEPS_MAX)
        FAIL(build,
             "the rule is too costly to match: its regular expressions, variables, headers and queries come to %zu steps, "
             "and the most is %d; use fewer or shorter ones",
             build->steps, RULE_STEPS_MAX);
}

/* What a part was written as, for those who explain. */
#define NOTE_WRITTEN(made, part) ((made)->written = (part)->written.ptr, (made)->written_len = (uint32_t)(part)->written.len)

static struct path_modifiers *modifiers_of(struct rule_build *build)
{
    if (!build->rule->modifiers)
        build->rule->modifiers = ARENA_NEW(build->arena, struct path_modifiers);
    return build->rule->modifiers;
}

static struct slice *keep_filled(struct rule_build *build, const struct rule_part_text *part, uint32_t *out_count)
{
    struct slice *kept = ARENA_ARRAY(build->arena, struct slice, part->count + 1);
    *out_count = 0;
    for (size_t i = 0; i < part->count; i++)
        if (part->args[i].len)
            kept[(*out_count)++] = part->args[i];
    if (*out_count == 0)
        FAIL(build, "part `%.*s` has no value: write `%.*s:value`, or leave the part out", SLICE_SHOWN(part->name),
             SLICE_SHOWN(part->name));
    return kept;
}

static void add_hosts(struct rule_build *build, const struct rule_part_text *part)
{
    struct host_part *made = ARENA_NEW(build->arena, struct host_part);
    struct slice *args = keep_filled(build, part, &made->count);
    NOTE_WRITTEN(made, part);
    made->names = args;
    for (size_t i = 0; i < made->count; i++) {
        char name[HOST_NAME_BYTES];
        struct slice normal;
        if (!host_normalize(args[i], name, &normal)) {
            FAIL(build, "Host `%.*s` is longer than a host name can be (255 bytes)", SLICE_SHOWN(args[i]));
            return;
        }
        made->names[i] = arena_copy(build->arena, normal);
    }
    const struct host_part *first = build->rule->hosts;
    if (first && (size_t)first->count * made->count > RULE_HOST_PAIRS_MAX) {
        FAIL(build, "%u and %u hosts in two parts, of which only those in both count: write one part `Host` with these",
             (unsigned)first->count, (unsigned)made->count);
        return;
    }
    append(&build->rule->hosts, made);
}

/* What a byte costs it. The text behind a variable may be compared at each place of the path. */
static size_t template_steps(const struct template *template)
{
    if (template->regex)
        return regex_size(template->regex);
    return template->has_variable ? STEPS_OF_A_VARIABLE + template->tail.len / BYTES_OF_A_STEP : 0;
}

static void parse_template(struct rule_build *build, const struct rule_part_text *part, struct slice text,
                           enum template_kind kind, bool unique, struct template *out)
{
    struct slice error;
    if (template_parse(build->arena, text, kind, unique, &build->rule->regexes, out, &error) == TEMPLATE_BAD) {
        FAIL(build, "part `%.*s`: " SLICE_FMT, SLICE_SHOWN(part->name), SLICE_ARG(error));
        return;
    }
    count_steps(build, template_steps(out));
}

static void add_host_patterns(struct rule_build *build, const struct rule_part_text *part)
{
    struct host_pattern_part *made = ARENA_NEW(build->arena, struct host_pattern_part);
    struct slice *args = keep_filled(build, part, &made->count);
    NOTE_WRITTEN(made, part);
    made->templates = ARENA_ARRAY(build->arena, struct template, made->count);
    for (size_t i = 0; i < made->count && !build->error.len; i++)
        parse_template(build, part, args[i], TEMPLATE_HOST, false, &made->templates[i]);
    append(&build->rule->host_patterns, made);
}

static bool has_dot_segment(struct slice path)
{
    struct slice segment;
    while (slice_cut(&path, '/', &segment))
        if (slice_eq(segment, SLICE(".")) || slice_eq(segment, SLICE("..")))
            return true;
    return false;
}

static void check_path_argument(struct rule_build *build, const struct rule_part_text *part, struct slice arg)
{
    if (arg.ptr[0] != '/')
        FAIL(build, "part `%.*s`: `%.*s` does not begin with a slash: write `/%.*s`", SLICE_SHOWN(part->name),
             SLICE_SHOWN(arg), SLICE_SHOWN(arg));
    else if (has_dot_segment(target_canonical_text(build->arena, arg)))
        FAIL(build,
             "part `%.*s`: `%.*s` has a segment `.` or `..`, which no path has when rules see it: write the path "
             "that is meant",
             SLICE_SHOWN(part->name), SLICE_SHOWN(arg));
}

static void fill_choice(struct rule_build *build, const struct rule_part_text *part, struct slice arg, bool whole,
                        bool unique, struct path_choice *choice)
{
    bool slash = whole && slice_ends(arg, SLICE("/"));
    *choice = (struct path_choice){.whole = whole, .ends_slash = slash};
    check_path_argument(build, part, arg);
    parse_template(build, part, slice_head(arg, arg.len - slash), TEMPLATE_PATH, unique, &choice->template);
    /* Whole paths are looked at twice more, for the other form of a final slash. */
    build->rule->path_steps += (uint32_t)template_steps(&choice->template) * (whole ? 3 : 1);
}

static int longer_slice_first(const void *a, const void *b)
{
    const struct slice *x = a, *y = b;
    return x->len != y->len ? (x->len < y->len) - (x->len > y->len) : slice_compare(*x, *y);
}

static int longer_template_first(const void *a, const void *b)
{
    return longer_slice_first(&((const struct template *)a)->written, &((const struct template *)b)->written);
}

static void set_strip(struct rule_build *build, const struct rule_part_text *part, const struct slice *args, size_t count)
{
    struct path_modifiers *modifiers = modifiers_of(build);
    struct slice *strip = ARENA_ARRAY(build->arena, struct slice, count);
    for (size_t i = 0; i < count; i++) {
        if (slice_find(args[i], '{') < args[i].len)
            FAIL(build, "part `%.*s`: `%.*s` has a variable, and only plain text can be stripped: use `%.*sRegex`",
                 SLICE_SHOWN(part->name), SLICE_SHOWN(args[i]), SLICE_SHOWN(part->name));
        strip[i] = target_canonical_text(build->arena, args[i]);
    }
    qsort(strip, count, sizeof *strip, longer_slice_first);
    modifiers->strip = strip;
    modifiers->strip_count = count;
}

static void set_strip_patterns(struct rule_build *build, const struct rule_part_text *part, const struct slice *args,
                               size_t count)
{
    struct path_modifiers *modifiers = modifiers_of(build);
    struct template *patterns = ARENA_ARRAY(build->arena, struct template, count);
    for (size_t i = 0; i < count && !build->error.len; i++) {
        parse_template(build, part, args[i], TEMPLATE_PATH, true, &patterns[i]);
        build->rule->path_steps += (uint32_t)template_steps(&patterns[i]); /* looked at once it has matched */
    }
    qsort(patterns, count, sizeof *patterns, longer_template_first);
    modifiers->strip_patterns = patterns;
    modifiers->strip_pattern_count = count;
}

static void add_paths(struct rule_build *build, const struct rule_part_text *part)
{
    struct path_part *made = ARENA_NEW(build->arena, struct path_part);
    struct slice *args = keep_filled(build, part, &made->count);
    bool whole = !slice_starts(part->name, SLICE("PathPrefix"));
    bool pattern = slice_ends(part->name, SLICE("StripRegex"));

    NOTE_WRITTEN(made, part);
    made->choices = ARENA_ARRAY(build->arena, struct path_choice, made->count);
    for (size_t i = 0; i < made->count && !build->error.len; i++)
        fill_choice(build, part, args[i], whole, pattern, &made->choices[i]);
    append(&build->rule->paths, made);
    if (pattern)
        set_strip_patterns(build, part, args, made->count);
    else if (slice_ends(part->name, SLICE("Strip")))
        set_strip(build, part, args, made->count);
}

static void add_methods(struct rule_build *build, const struct rule_part_text *part)
{
    struct method_part *made = ARENA_NEW(build->arena, struct method_part);
    struct slice *args = keep_filled(build, part, &made->count);
    NOTE_WRITTEN(made, part);
    for (size_t i = 0; i < made->count; i++) {
        char *upper = arena_strndup(build->arena, args[i].ptr, args[i].len);
        for (size_t k = 0; k < args[i].len; k++)
            upper[k] = (char)toupper((unsigned char)upper[k]);
        args[i].ptr = upper;
    }
    made->methods = args;
    append(&build->rule->methods, made);
}

static bool have_pairs(struct rule_build *build, const struct rule_part_text *part, size_t count, const char *form)
{
    if (count > 0 && count % 2 == 0)
        return true;
    FAIL(build, "part `%.*s` has %zu values and needs pairs: write `%.*s:%s`", SLICE_SHOWN(part->name), count,
         SLICE_SHOWN(part->name), form);
    return false;
}

static void add_headers(struct rule_build *build, const struct rule_part_text *part)
{
    bool pattern = slice_ends(part->name, SLICE("Regexp"));
    if (!have_pairs(build, part, part->count, pattern ? "Name,regex" : "Name,value"))
        return;
    for (size_t i = 0; i < part->count && !build->error.len; i += 2) {
        struct header_part *made = ARENA_NEW(build->arena, struct header_part);
        struct slice error;
        NOTE_WRITTEN(made, part);
        made->name = part->args[i];
        made->id = header_id_of(made->name);
        made->value = part->args[i + 1];
        if (pattern && made->value.len) {
            made->regex = regex_add(build->arena, &build->rule->regexes, made->value, false, &error);
            if (!made->regex) {
                FAIL(build, "part `%.*s`: " SLICE_FMT, SLICE_SHOWN(part->name), SLICE_ARG(error));
                return;
            }
        }
        count_steps(build, made->regex ? regex_size(made->regex) : STEPS_OF_A_PART);
        build->rule->has_header_regex = build->rule->has_header_regex || made->regex;
        append(&build->rule->headers, made);
    }
}

static void add_queries(struct rule_build *build, const struct rule_part_text *part)
{
    struct slice *all = NULL;
    size_t count = 0, capacity = 0;
    for (size_t i = 0; i < part->count; i++) {
        size_t pieces = 0;
        struct slice *some = rule_text_split(build->arena, part->args[i], '=', &pieces);
        if (count + pieces > capacity) {
            struct slice *more = ARENA_ARRAY(build->arena, struct slice, capacity = 2 * (count + pieces));
            if (count)
                memcpy(more, all, count * sizeof *all);
            all = more;
        }
        memcpy(all + count, some, pieces * sizeof *some);
        count += pieces;
    }
    if (!have_pairs(build, part, count, "key=value"))
        return;
    for (size_t i = 0; i < count && !build->error.len; i += 2) {
        struct query_part *made = ARENA_NEW(build->arena, struct query_part);
        NOTE_WRITTEN(made, part);
        made->key = all[i];
        made->any_value = all[i + 1].len == 0;
        parse_template(build, part, all[i + 1], TEMPLATE_QUERY, false, &made->value);
        count_steps(build, STEPS_OF_A_PART);
        build->rule->query_steps += (uint32_t)template_steps(&made->value) + STEPS_OF_A_PART;
        append(&build->rule->queries, made);
    }
}

/* AddPrefix and ReplacePath: the last value; a slash in front is added where it lacks one (defects.md B16). */
static struct slice path_value(struct rule_build *build, const struct rule_part_text *part)
{
    uint32_t count = 0;
    struct slice *args = keep_filled(build, part, &count);
    if (count == 0)
        return SLICE("/");
    struct slice value = args[count - 1];
    if (value.ptr[0] != '/')
        value = slice_of(arena_format(build->arena, "/" SLICE_FMT, SLICE_ARG(value)));
    check_path_argument(build, part, value);
    return target_canonical_text(build->arena, value);
}

static void set_add_prefix(struct rule_build *build, const struct rule_part_text *part)
{
    modifiers_of(build)->add_prefix = path_value(build, part);
}

static void set_replace_path(struct rule_build *build, const struct rule_part_text *part)
{
    modifiers_of(build)->replace_path = path_value(build, part);
}

static void set_replace_regex(struct rule_build *build, const struct rule_part_text *part)
{
    uint32_t count = 0;
    struct slice *args = keep_filled(build, part, &count), error;
    if (count == 0)
        return;
    struct slice value = args[count - 1];
    size_t blank = slice_find(value, ' ');
    struct slice replacement = slice_from(value, blank + 1);
    if (blank == value.len || replacement.len == 0 || slice_find(replacement, ' ') < replacement.len) {
        FAIL(build, "part `%.*s`: `%.*s` must be a regular expression, one blank, and the path to put in its place",
             SLICE_SHOWN(part->name), SLICE_SHOWN(value));
        return;
    }
    struct rewrite *made = &modifiers_of(build)->replace_regex;
    struct slice pattern = pattern_canonical(build->arena, slice_head(value, blank));
    *made = (struct rewrite){.regex = regex_add(build->arena, &build->rule->regexes, pattern, false, &error)};
    if (!made->regex) {
        FAIL(build, "part `%.*s`: " SLICE_FMT, SLICE_SHOWN(part->name), SLICE_ARG(error));
        return;
    }
    count_steps(build, regex_size(made->regex));
    rewrite_cut(made, build->arena, replacement, target_canonical_text);
}

static const struct {
    const char *name;
    void (*add)(struct rule_build *build, const struct rule_part_text *part);
} words[] = {
    {"Host", add_hosts},
    {"HostRegexp", add_host_patterns},
    {"Path", add_paths},
    {"PathStrip", add_paths},
    {"PathStripRegex", add_paths},
    {"PathPrefix", add_paths},
    {"PathPrefixStrip", add_paths},
    {"PathPrefixStripRegex", add_paths},
    {"Method", add_methods},
    {"Headers", add_headers},
    {"HeadersRegexp", add_headers},
    {"Query", add_queries},
    {"AddPrefix", set_add_prefix},
    {"ReplacePath", set_replace_path},
    {"ReplacePathRegex", set_replace_regex},
};

/* It is the name of none: which one was meant? */
static void fail_for_name(struct rule_build *build, struct slice name)
{
    const char *names[WB_COUNT(words)], *meant;

    for (size_t i = 0; i < WB_COUNT(words); i++) {
        names[i] = words[i].name;
        if (slice_eq_nocase(name, slice_of(names[i]))) {
            FAIL(build, "`%.*s` is not a matcher: write `%s`, case matters", SLICE_SHOWN(name), names[i]);
            return;
        }
    }
    meant = suggest_name(name, names, WB_COUNT(names));
    if (slice_find(name, '(') < name.len)
        FAIL(build, "`%.*s` is a rule as Traefik 2 has them: in 1.7 write Host:a.b;PathPrefix:/x", SLICE_SHOWN(name));
    else if (meant)
        FAIL(build, "`%.*s` is not a matcher: did you mean `%s`?", SLICE_SHOWN(name), meant);
    else
        FAIL(build,
             "`%.*s` is not a matcher: use Host, HostRegexp, Path, PathPrefix, PathPrefixStrip, Method, Headers, Query "
             "or another of the documented ones",
             SLICE_SHOWN(name));
}

static void add_part(struct rule_build *build, const struct rule_part_text *part)
{
    for (size_t i = 0; i < WB_COUNT(words); i++) {
        if (!slice_eq(part->name, slice_of(words[i].name)))
            continue;
        if (part->count == 0)
            FAIL(build, "part `%s` has no value: write `%s:value`, or leave the part out", words[i].name, words[i].name);
        else
            words[i].add(build, part);
        return;
    }
    fail_for_name(build, part->name);
}

static void add_text(struct rule_build *build, struct slice text)
{
    struct rule_part_text part;
    bool any = false;
    if (text.len > RULE_TEXT_BYTES) {
        FAIL(build, "the rule has %zu bytes: the most is %d", text.len, RULE_TEXT_BYTES);
        return;
    }
    text = arena_copy(build->arena, text);
    while (build->error.len == 0 && rule_text_next(build->arena, &text, &part)) {
        add_part(build, &part);
        count_steps(build, STEPS_OF_A_PART);
        any = true;
    }
    if (!any)
        FAIL(build, "the rule is empty: write what it shall match, as in `Host:example.com`");
}

const struct rule *rule_parse(struct arena *arena, const struct slice *texts, size_t text_count, struct slice *out_error)
{
    struct rule_build build = {.arena = arena, .rule = ARENA_NEW(arena, struct rule)};
    for (size_t i = 0; i < text_count && build.error.len == 0; i++)
        add_text(&build, texts[i]);
    *out_error = build.error;
    if (build.error.len == 0)
        return build.rule;
    rule_release(build.rule);
    return NULL;
}

void rule_release(const struct rule *rule)
{
    for (const struct regex_link *link = rule ? rule->regexes : NULL; link; link = link->next)
        regex_destroy(link->regex);
}
