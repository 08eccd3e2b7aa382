/* SPDX-License-Identifier: MIT */
/*
 * naive - what a rule means, written a second time and without any care for speed: it cuts the text of the rule itself, looks at
 * every argument, and tries every way through a regular expression.
 *
 * It knows what the random rules of property_test.c are made of: the words of spec/rules.md 1 and 2, no braces in braces, and of
 * regular expressions characters, classes, groups with alternatives, and * + ? behind one character.
 */
#pragma once
#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { NAIVE_TEXT = 1024, NAIVE_FIELDS = 4 };

struct naive_request {
    const char *method, *host; /* host: lower case, no final dot, IPv6 in its shortest spelling */
    const char *path;          /* the view that is looked at */
    const char *query;         /* behind the `?`; no %XX in it */
    const char *fields[NAIVE_FIELDS][2];
    size_t field_count;
    bool keep_slash;
};

enum naive_slash { SLASH_SAME, SLASH_ADD, SLASH_DROP };

/* What is to follow behind a group; NULL: nothing, and then `text` must be at its end if `whole`. */
struct naive_then {
    const char *from, *to;
    const struct naive_then *then;
    bool whole, ignore_case;
};

static inline bool naive_sequence(const char *from, const char *to, const char *text, const struct naive_then *then);

/* Position of the first `c` outside groups and classes, or `to`. */
static inline const char *naive_find(const char *from, const char *to, char c)
{
    int depth = 0;
    for (; from < to && (depth || *from != c); from++) {
        if (*from == '\\')
            from++;
        else if (*from == '[')
            from = memchr(from + 2, ']', (size_t)(to - from - 2));
        else
            depth += (*from == '(') - (*from == ')');
    }
    return from;
}

static inline bool naive_any_of(const char *from, const char *to, const char *text, const struct naive_then *then)
{
    const char *bar = naive_find(from, to, '|');
    return naive_sequence(from, bar, text, then) || (bar < to && naive_any_of(bar + 1, to, text, then));
}

static inline bool naive_in_class(const char *from, const char *to, char c)
{
    bool not = *from == '^', in = false;
    for (from += not ; from < to; from++) {
        bool range = to - from > 2 && from[1] == '-';
        in |= range ? c >= from[0] && c <= from[2] : c == *from;
        from += range ? 2 : 0;
    }
    return in != not ;
}

static inline bool naive_one(const char *from, const char *to, char c, bool ignore_case)
{
    if (c == '\0')
        return false;
    if (*from == '[')
        return naive_in_class(from + 1, to - 1, c) || (ignore_case && naive_in_class(from + 1, to - 1, (char)toupper(c)));
    if (*from == '\\')
        from++;
    else if (*from == '.')
        return true;
    return ignore_case ? tolower(*from) == tolower(c) : *from == c;
}

/* One atom [from, end) as often as its quantifier says, then the rest of the sequence. Tries everything. */
static inline bool naive_repeat(const char *from, const char *end, const char *to, const char *text,
                                const struct naive_then *then)
{
    char times = end < to && strchr("*+?", *end) ? *end : '1';
    const char *rest = times == '1' ? end : end + 1;
    if ((times == '*' || times == '?') && naive_sequence(rest, to, text, then))
        return true;
    if (*from == '(') {
        struct naive_then next = {rest, to, then, then->whole, then->ignore_case};
        return naive_any_of(from + 1, end - 1, text, &next); /* groups are not repeated here */
    }
    for (; naive_one(from, end, *text, then->ignore_case); text++) {
        if (naive_sequence(rest, to, text + 1, then))
            return true;
        if (times == '1' || times == '?')
            return false;
    }
    return false;
}

static inline bool naive_sequence(const char *from, const char *to, const char *text, const struct naive_then *then)
{
    const char *end = from + 1;
    if (from == to)
        return then->from ? naive_sequence(then->from, then->to, text, then->then) : !then->whole || !*text;
    if (*from == '(')
        end = naive_find(from + 1, to, ')') + 1;
    else if (*from == '[')
        end = (const char *)memchr(from + 2, ']', (size_t)(to - from - 2)) + 1;
    else if (*from == '\\')
        end++;
    return naive_repeat(from, end, to, text, then);
}

/* At the start of the text, up to its end if `whole`. */
static inline bool naive_regex(const char *pattern, bool ignore_case, bool whole, const char *text)
{
    struct naive_then end = {NULL, NULL, NULL, whole, ignore_case};
    return naive_any_of(pattern, pattern + strlen(pattern), text, &end);
}

static inline bool naive_search(const char *pattern, const char *text)
{
    if (*pattern == '^')
        return naive_regex(pattern + 1, false, false, text);
    for (; *text; text++)
        if (naive_regex(pattern, false, false, text))
            return true;
    return false;
}

/* "a{x}b{y:[0-9]}" as one pattern; `any` is what a bare name stands for. */
static inline void naive_pattern(const char *template, const char *any, char out[NAIVE_TEXT])
{
    size_t len = 0;
    for (const char *at = template; *at; at++) {
        if (*at == '{') {
            const char *close = strchr(at, '}'), *colon = strchr(at, ':');
            bool bare = !colon || colon > close;
            len += (size_t)snprintf(out + len, NAIVE_TEXT - len, "(%.*s)",
                                    bare ? (int)strlen(any) : (int)(close - colon - 1), bare ? any : colon + 1);
            at = close;
        } else {
            len += (size_t)snprintf(out + len, NAIVE_TEXT - len, strchr(".[]()*+?^$|\\", *at) ? "\\%c" : "%c", *at);
        }
    }
    out[len] = '\0';
}

static inline bool naive_template(const char *template, const char *any, bool ignore_case, bool whole, const char *text)
{
    char pattern[NAIVE_TEXT];
    if (!strchr(template, '{') && !ignore_case)
        return whole ? strcmp(template, text) == 0 : strncmp(template, text, strlen(template)) == 0;
    naive_pattern(template, any, pattern);
    return naive_regex(pattern, ignore_case, whole, text);
}

static inline bool naive_is_unreserved(int c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c && strchr("-._~", c));
}

/* Path text as requests have it: %XX only where it must be, in upper case. Braces are left alone. */
static inline void naive_canonical(const char *text, char out[NAIVE_TEXT])
{
    size_t len = 0;
    bool inside = false;
    for (const char *at = text; *at; at++) {
        unsigned byte = (unsigned char)*at;
        inside = *at == '{' || (inside && *at != '}');
        if (!inside && *at == '%' && sscanf(at + 1, "%2x", &byte) == 1) {
            at += 2;
            len += (size_t)snprintf(out + len, NAIVE_TEXT - len, naive_is_unreserved((int)byte) ? "%c" : "%%%02X", byte);
        } else {
            bool plain = byte > ' ' && byte < 0x7f && byte != '"';
            len += (size_t)snprintf(out + len, NAIVE_TEXT - len, plain ? "%c" : "%%%02X", byte);
        }
    }
    out[len] = '\0';
}

static inline bool naive_host(const char *arg, const char *host)
{
    static const char *const spellings[][2] = {{"[0:0::0001]", "[::1]"}, {"[2001:DB8::A]", "[2001:db8::a]"}};
    size_t len = strlen(arg);
    for (size_t i = 0; i < sizeof spellings / sizeof *spellings; i++)
        if (strcmp(arg, spellings[i][0]) == 0)
            return strcmp(host, spellings[i][1]) == 0;
    len -= len > 1 && arg[len - 1] == '.';
    return strlen(host) == len && strncasecmp(arg, host, len) == 0;
}

/* With a final slash more or less, when that is the form that the argument spells; the root has none to lose. */
static inline bool naive_other_form(const char *arg, const char *path, enum naive_slash *out_slash)
{
    char other[NAIVE_TEXT];
    size_t len = strlen(path);
    bool there = len > 0 && path[len - 1] == '/', wanted = arg[strlen(arg) - 1] == '/';
    if (there == wanted || len == (size_t)there)
        return false;
    snprintf(other, sizeof other, "%.*s%s", (int)(len - there), path, wanted ? "/" : "");
    *out_slash = wanted ? SLASH_ADD : SLASH_DROP;
    return naive_template(arg, "[^/]+", false, true, other);
}

/* The form that was asked for, of any argument, comes before the other form of any; a slash that only a pattern takes in is not
 * the form of its argument. */
static inline bool naive_path(const char *name, char **args, size_t count, const struct naive_request *request,
                              enum naive_slash *out_slash)
{
    bool whole = strncmp(name, "PathPrefix", 10) != 0;
    char text[NAIVE_TEXT];
    for (size_t i = 0; i < count; i++) {
        naive_canonical(args[i], text);
        if (naive_template(text, "[^/]+", false, whole, request->path) &&
            (!whole || request->keep_slash || !naive_other_form(text, request->path, out_slash))) {
            *out_slash = SLASH_SAME;
            return true;
        }
    }
    for (size_t i = 0; i < count && whole && !request->keep_slash; i++) {
        naive_canonical(args[i], text);
        if (naive_other_form(text, request->path, out_slash))
            return true;
    }
    *out_slash = SLASH_SAME;
    return false;
}

static inline bool naive_header(const char *name, const char *value, bool pattern, const struct naive_request *request)
{
    for (size_t i = 0; i < request->field_count; i++) {
        const char *there = request->fields[i][1];
        if (strcasecmp(request->fields[i][0], name) == 0 &&
            (pattern ? naive_search(value, there) : strcmp(value, there) == 0))
            return true;
    }
    return false;
}

/* The first pair of that key decides. */
static inline bool naive_query(const char *key, const char *wanted, const char *query)
{
    char copy[NAIVE_TEXT], *save = NULL;
    snprintf(copy, sizeof copy, "%s", query);
    for (char *pair = strtok_r(copy, "&", &save); pair; pair = strtok_r(NULL, "&", &save)) {
        char *equals = strchr(pair, '='), *value = equals ? equals + 1 : pair + strlen(pair);
        if (equals)
            *equals = '\0';
        if (strcmp(pair, key) == 0)
            return !*wanted || naive_template(wanted, ".*", false, true, value);
    }
    return false;
}

static inline bool naive_pairs(const char *name, char **args, size_t count, const struct naive_request *request)
{
    for (size_t i = 0; strcmp(name, "Query") != 0 && i < count; i += 2)
        if (!naive_header(args[i], args[i + 1], strcmp(name, "HeadersRegexp") == 0, request))
            return false;
    for (size_t i = 0; strcmp(name, "Query") == 0 && i < count; i++) {
        char key[NAIVE_TEXT];
        snprintf(key, sizeof key, "%.*s", (int)strcspn(args[i], "="), args[i]);
        if (!naive_query(key, strchr(args[i], '=') + 1, request->query))
            return false;
    }
    return true;
}

/* Rules may be written in any case; methods are sent in upper case. */
static inline bool naive_method(const char *arg, const char *method)
{
    while (*arg && toupper(*arg) == *method)
        arg++, method++;
    return !*arg && !*method;
}

static inline bool naive_part(const char *name, char **args, size_t count, const struct naive_request *request,
                              enum naive_slash *out_slash)
{
    if (strncmp(name, "Path", 4) == 0)
        return naive_path(name, args, count, request, out_slash);
    if (strncmp(name, "Headers", 7) == 0 || strcmp(name, "Query") == 0)
        return naive_pairs(name, args, count, request);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(name, "Host") == 0 && naive_host(args[i], request->host))
            return true;
        if (strcmp(name, "HostRegexp") == 0 && naive_template(args[i], "[^.]+", true, true, request->host))
            return true;
        if (strcmp(name, "Method") == 0 && naive_method(args[i], request->method))
            return true;
    }
    return strcmp(name, "AddPrefix") == 0 || strcmp(name, "ReplacePath") == 0;
}

/* Cuts at `separator` outside braces, in place. */
static inline size_t naive_cut(char *text, char separator, char **pieces, size_t capacity)
{
    size_t count = 0;
    bool inside = false;
    pieces[count++] = text;
    for (; *text; text++) {
        inside = *text == '{' || (inside && *text != '}');
        if (*text != separator || inside)
            continue;
        if (count == capacity)
            abort();
        *text = '\0';
        pieces[count++] = text + 1;
    }
    return count;
}

/* True when every part of the rule holds. */
static inline bool naive_match(const char *rule, const struct naive_request *request, enum naive_slash *out_slash)
{
    char copy[NAIVE_TEXT], *parts[16], *args[32];
    *out_slash = SLASH_SAME;
    snprintf(copy, sizeof copy, "%s", rule);
    size_t part_count = naive_cut(copy, ';', parts, 16);
    for (size_t i = 0; i < part_count; i++) {
        enum naive_slash slash = SLASH_SAME;
        char *colon = strchr(parts[i], ':');
        *colon = '\0';
        size_t arg_count = naive_cut(colon + 1, ',', args, 32);
        if (!naive_part(parts[i], args, arg_count, request, &slash))
            return false;
        if (slash != SLASH_SAME)
            *out_slash = slash;
    }
    return true;
}
