/* SPDX-License-Identifier: MIT */
/*
 * rule_parts - a parsed rule from the inside: its predicates, all of which must hold, and its path changes.
 *
 * Thread: immutable. Owner: the arena of rule_parse; regular expressions are freed by rule_release.
 */
#pragma once
#include "rewrite_parts.h"
#include "template.h"
#include "waybill/http/headers.h"
#include "waybill/route/match.h"
#include "waybill/route/rule.h"

/* Each part keeps what it was written as, in the arena's copy of the rule: nothing that routes looks at it, people do. */

/* Host:a,b - one of the names, in the form of host_normalize. */
struct host_part {
    struct host_part *next;
    struct slice *names;
    const char *written;
    uint32_t written_len, count;
};

/* HostRegexp:t,u - one of the templates. */
struct host_pattern_part {
    struct host_pattern_part *next;
    struct template *templates;
    const char *written;
    uint32_t written_len, count;
};

/* One argument of a path part. `whole` (Path...): `text` is without its final slash, which `ends_slash` tells. */
struct path_choice {
    bool whole, ends_slash;
    struct template template; /* in canonical form */
};

struct path_part {
    struct path_part *next;
    struct path_choice *choices; /* one of them must hold; the first that does decides about the slash */
    const char *written;
    uint32_t written_len, count;
};

struct method_part {
    struct method_part *next;
    struct slice *methods;
    const char *written;
    uint32_t written_len, count;
};

struct header_part {
    struct header_part *next;
    struct slice name;
    enum header_id id;
    uint32_t written_len;
    const char *written;
    struct slice value;        /* exactly, if there is no regex; empty: any */
    const struct regex *regex; /* anywhere in the value */
};

struct query_part {
    struct query_part *next;
    struct slice key;
    const char *written;
    uint32_t written_len;
    bool any_value;
    struct template value;
};

struct path_modifiers {
    struct slice *strip; /* canonical, longest first */
    size_t strip_count;
    struct template *strip_patterns; /* longest text first */
    size_t strip_pattern_count;
    struct slice add_prefix;      /* canonical, begins with a slash; empty: none */
    struct slice replace_path;    /* the same */
    struct rewrite replace_regex; /* regex NULL: none */
};

struct regex_link {
    struct regex_link *next;
    struct regex *regex;
};

struct rule {
    struct host_part *hosts;
    struct host_pattern_part *host_patterns;
    struct path_part *paths;
    struct method_part *methods;
    struct header_part *headers;
    struct query_part *queries;
    struct path_modifiers *modifiers; /* NULL: it leaves paths alone */
    struct regex_link *regexes;       /* all of them, for rule_release */
    /* What a byte costs at most, in steps (MATCH_STEPS_MAX). Of a field only the parts that name it look at its bytes. */
    uint32_t path_steps, query_steps;
    bool has_header_regex;
};

/* The form in which host names are compared: lower case, no final dot, IPv6 in brackets and in its shortest spelling.
 * `out` has HOST_NAME_BYTES bytes; false when the name is too long for any host. */
enum { HOST_NAME_BYTES = 256 };
bool host_normalize(struct slice host, char out[HOST_NAME_BYTES], struct slice *out_host);

struct path_outcome {
    bool matches;
    bool slash_redirect, add_slash;
    bool too_costly; /* it might match, and nothing says that it does not: see rule_match_rest */
};

/* One path part against a canonical path. */
/* One of its choices is PathPrefix:/. */
bool path_part_is_every_path(const struct path_part *part);
/* The name is in each part from this one on. */
bool host_parts_have(const struct host_part *part, struct slice name);
struct path_outcome path_part_match(const struct path_part *part, struct slice path, bool keep_slash);
/* Everything but the exact hosts, which the table has looked up already. `host` is normalized. Takes what it may cost from
 * *steps; where that is not enough the outcome is that it matches, too costly: the request is then refused, not led
 * past a rule that was to protect it. */
struct path_outcome rule_match_rest(const struct rule *rule, const struct match_input *input, struct slice host,
                                    bool keep_slash, size_t *steps);
/* What a look at the paths, fields and queries of the rule may cost, taken from *steps; false when that is not enough. */
bool rule_spend_steps(const struct rule *rule, const struct match_input *input, size_t *steps);
/* Which requests it asks for, as bytes in the arena: the same for rules that say so in another order or spelling. */
struct slice rule_claim(const struct rule *rule, struct arena *arena);
bool query_part_match(const struct query_part *part, struct slice query);

/* The kinds of parts that can refuse a request. */
enum rule_word { RULE_HOST, RULE_HOST_PATTERN, RULE_PATH, RULE_METHOD, RULE_HEADER, RULE_QUERY };

/* Why a rule does not match: its parts that do not hold. The very functions answer that the matcher uses. */
struct rule_refusal {
    unsigned count;       /* of such parts; 0: it matches */
    unsigned words;       /* bit for each rule_word among them */
    enum rule_word first; /* the others are about the first of them, hosts before paths before the rest */
    const void *part;     /* a struct host_part, host_pattern_part, ... */
    struct slice written;
    struct path_outcome outcome; /* when it matches */
};
void rule_explain(const struct rule *rule, const struct match_input *input, struct slice host, bool keep_slash,
                  struct rule_refusal *out_refusal);
