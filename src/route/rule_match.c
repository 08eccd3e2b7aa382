/* SPDX-License-Identifier: MIT */
/* rule_match - the predicates of one rule against one request. Nothing here allocates. */
#include "rule_parts.h"
#include <arpa/inet.h>
#include <stdlib.h>

static bool normalize_ipv6(struct slice host, char out[HOST_NAME_BYTES], struct slice *out_host)
{
    char inside[INET6_ADDRSTRLEN];
    struct in6_addr address;
    if (host.len < 4 || host.ptr[0] != '[' || host.ptr[host.len - 1] != ']' || host.len - 2 >= sizeof inside)
        return false;
    memcpy(inside, host.ptr + 1, host.len - 2);
    inside[host.len - 2] = '\0';
    if (inet_pton(AF_INET6, inside, &address) != 1 || !inet_ntop(AF_INET6, &address, out + 1, HOST_NAME_BYTES - 2))
        return false;
    size_t len = strlen(out + 1);
    out[0] = '[';
    out[len + 1] = ']';
    *out_host = slice_make(out, len + 2);
    return true;
}

bool host_normalize(struct slice host, char out[HOST_NAME_BYTES], struct slice *out_host)
{
    if (host.len && host.ptr[0] == '[' && normalize_ipv6(host, out, out_host))
        return true;
    if (host.len > 1 && host.ptr[host.len - 1] == '.')
        host.len--;
    if (host.len >= HOST_NAME_BYTES)
        return false;
    for (size_t i = 0; i < host.len; i++)
        out[i] = ascii_lower(host.ptr[i]);
    *out_host = slice_make(out, host.len);
    return true;
}

static struct path_outcome match_prefix(const struct path_choice *choice, struct slice path)
{
    size_t len;
    return (struct path_outcome){.matches = template_match_prefix(&choice->template, path, &len)};
}

/* The other form of a final slash than the rule is written with. "/" stays what it is. */
static struct path_outcome match_other_form(const struct path_choice *choice, struct slice path)
{
    bool ends = slice_ends(path, SLICE("/"));
    struct slice base = slice_head(path, path.len - ends);
    bool matches = choice->ends_slash != ends && base.len > 0 && template_match_whole(&choice->template, base);
    return (struct path_outcome){.matches = matches, .slash_redirect = matches, .add_slash = matches && choice->ends_slash};
}

/* As written. A pattern such as `.*` takes a final slash in, too: unless it is to be kept, that is the other form. */
static struct path_outcome match_whole(const struct path_choice *choice, struct slice path, bool keep_slash)
{
    bool ends = slice_ends(path, SLICE("/"));
    if (choice->ends_slash)
        return (struct path_outcome){.matches = ends &&
                                                template_match_whole(&choice->template, slice_head(path, path.len - 1))};
    return (struct path_outcome){.matches = template_match_whole(&choice->template, path) &&
                                            (keep_slash || !ends || !match_other_form(choice, path).matches)};
}

bool host_parts_have(const struct host_part *part, struct slice name)
{
    for (; part; part = part->next) {
        size_t i = 0;
        while (i < part->count && !slice_eq(part->names[i], name))
            i++;
        if (i == part->count)
            return false;
    }
    return true;
}

struct path_outcome path_part_match(const struct path_part *part, struct slice path, bool keep_slash)
{
    for (int other_form = 0; other_form <= !keep_slash; other_form++) {
        for (size_t i = 0; i < part->count; i++) {
            const struct path_choice *choice = &part->choices[i];
            struct path_outcome outcome = {0};
            if (choice->whole)
                outcome = other_form ? match_other_form(choice, path) : match_whole(choice, path, keep_slash);
            else if (!other_form)
                outcome = match_prefix(choice, path);
            if (outcome.matches)
                return outcome;
        }
    }
    return (struct path_outcome){0};
}

/* Each of these finds the first part of a list that refuses, or NULL: all hold. */

static const struct host_part *refusing_name(const struct host_part *part, struct slice name)
{
    for (; part; part = part->next) {
        bool any = false;
        for (size_t i = 0; i < part->count && !any; i++)
            any = slice_eq(part->names[i], name);
        if (!any)
            return part;
    }
    return NULL;
}

/* One of the two names must be in all of them, as the table has it. */
static const struct host_part *refusing_host(const struct host_part *part, struct slice host, struct slice alias)
{
    const struct host_part *refusing = refusing_name(part, host);
    return refusing && alias.len && !refusing_name(part, alias) ? NULL : refusing;
}

static const struct host_pattern_part *refusing_host_pattern(const struct host_pattern_part *part, struct slice host)
{
    for (; part; part = part->next) {
        bool any = false;
        for (size_t i = 0; i < part->count && !any; i++)
            any = template_match_whole(&part->templates[i], host);
        if (!any)
            return part;
    }
    return NULL;
}

/* *outcome is left alone where the path is spelled as the rule has it. */
static const struct path_part *refusing_path(const struct path_part *part, struct slice path, bool keep_slash,
                                             struct path_outcome *outcome)
{
    for (; part; part = part->next) {
        struct path_outcome one = path_part_match(part, path, keep_slash);
        if (!one.matches)
            return part;
        if (one.slash_redirect)
            *outcome = one;
    }
    return NULL;
}

static const struct method_part *refusing_method(const struct method_part *part, struct slice method)
{
    for (; part; part = part->next) {
        bool any = false;
        for (size_t i = 0; i < part->count && !any; i++)
            any = slice_eq(part->methods[i], method);
        if (!any)
            return part;
    }
    return NULL;
}

static bool is_of_part(const struct header *header, const struct header_part *part)
{
    return !header->gone && header->id == part->id &&
           (part->id != HEADER_OTHER || slice_eq_nocase(header->name, part->name));
}

static bool match_header(const struct header_part *part, const struct headers *headers)
{
    for (unsigned i = 0; headers && i < headers->count; i++) {
        const struct header *header = &headers->items[i];
        if (!is_of_part(header, part))
            continue;
        if (part->value.len == 0)
            return true;
        if (part->regex ? regex_find(part->regex, header->value.ptr, header->value.len, 0, REGEX_ANYWHERE, NULL, 0)
                        : slice_eq(header->value, part->value))
            return true;
    }
    return false;
}

static const struct header_part *refusing_header(const struct header_part *part, const struct headers *headers)
{
    while (part && match_header(part, headers))
        part = part->next;
    return part;
}

static const struct query_part *refusing_query(const struct query_part *part, const struct match_input *input)
{
    while (part && query_part_match(part, input->has_query ? input->query : SLICE("")))
        part = part->next;
    return part;
}

static size_t header_steps(const struct header_part *part, const struct headers *headers)
{
    size_t bytes = 0;

    for (unsigned i = 0; i < headers->count; i++)
        if (is_of_part(&headers->items[i], part))
            bytes += headers->items[i].value.len;
    return bytes * regex_size(part->regex);
}

bool rule_spend_steps(const struct rule *rule, const struct match_input *input, size_t *steps)
{
    size_t wanted = input->path.len * rule->path_steps + input->query.len * rule->query_steps;

    for (const struct header_part *part = rule->headers; part && rule->has_header_regex && input->headers; part = part->next)
        if (part->regex)
            wanted += header_steps(part, input->headers);
    if (wanted > *steps)
        return false;
    *steps -= wanted;
    return true;
}

struct path_outcome rule_match_rest(const struct rule *rule, const struct match_input *input, struct slice host,
                                    bool keep_slash, size_t *steps)
{
    struct path_outcome none = {0}, outcome = {.matches = true};
    if (refusing_method(rule->methods, input->method) || refusing_host_pattern(rule->host_patterns, host))
        return none;
    if ((rule->path_steps || rule->query_steps || rule->has_header_regex) && !rule_spend_steps(rule, input, steps))
        return (struct path_outcome){.matches = true, .too_costly = true};
    if (refusing_path(rule->paths, input->path, keep_slash, &outcome) || refusing_header(rule->headers, input->headers) ||
        refusing_query(rule->queries, input))
        return none;
    return outcome;
}

/* Goes through a whole list: each part that refuses is noted, and those behind it are asked too. */
#define NOTE_REFUSALS(type, list, word, refusing, ...)                                                            \
    for (const struct type *part = refusing((list), __VA_ARGS__); part; part = refusing(part->next, __VA_ARGS__)) \
    note_refusal(out, (word), part, slice_make(part->written, part->written_len))

static void note_refusal(struct rule_refusal *out, enum rule_word word, const void *part, struct slice written)
{
    if (out->count++ == 0) {
        out->first = word;
        out->part = part;
        out->written = written;
    }
    out->words |= 1u << word;
}

void rule_explain(const struct rule *rule, const struct match_input *input, struct slice host, bool keep_slash,
                  struct rule_refusal *out)
{
    *out = (struct rule_refusal){.outcome.matches = true};
    NOTE_REFUSALS(host_part, rule->hosts, RULE_HOST, refusing_host, host, input->alias);
    NOTE_REFUSALS(host_pattern_part, rule->host_patterns, RULE_HOST_PATTERN, refusing_host_pattern, host);
    NOTE_REFUSALS(path_part, rule->paths, RULE_PATH, refusing_path, input->path, keep_slash, &out->outcome);
    NOTE_REFUSALS(method_part, rule->methods, RULE_METHOD, refusing_method, input->method);
    NOTE_REFUSALS(header_part, rule->headers, RULE_HEADER, refusing_header, input->headers);
    NOTE_REFUSALS(query_part, rule->queries, RULE_QUERY, refusing_query, input);
}
