/* SPDX-License-Identifier: MIT */
/* From the text of a value to the field it is for. */
#include "reading.h"
#include "waybill/base/clock.h"
#include <stdlib.h>

/* Decimal, 0x hexadecimal or 0 octal, as v1.7 takes them. */
static bool parse_number(struct slice text, uint64_t max, uint64_t *out_number)
{
    uint64_t base = 10, number = 0;
    if (slice_starts_nocase(text, SLICE("0x"))) {
        base = 16;
        text = slice_from(text, 2);
    } else if (text.len > 1 && text.ptr[0] == '0') {
        base = 8;
        text = slice_from(text, 1);
    }
    for (size_t i = 0; i < text.len; i++) {
        char c = ascii_lower(text.ptr[i]);
        uint64_t digit = c >= '0' && c <= '9' ? (uint64_t)(c - '0') : c >= 'a' && c <= 'f' ? (uint64_t)(c - 'a') + 10 : base;
        if (digit >= base || number > (max - digit) / base)
            return false;
        number = number * base + digit;
    }
    *out_number = number;
    return text.len > 0;
}

/* v1.7's own words for what is wrong with a constraint (spec/static-config.md 1.1). */
static const char *check_constraint(struct slice text)
{
    size_t operator_at = text.len;
    for (size_t i = 0; i + 1 < text.len && operator_at == text.len; i++)
        if ((text.ptr[i] == '=' || text.ptr[i] == '!') && text.ptr[i + 1] == '=')
            operator_at = i;
    if (operator_at == text.len)
        return "constraint expression missing valid operator: '==' or '!='";
    if (!slice_eq(slice_head(text, operator_at), SLICE("tag")))
        return "constraint must be tag-based. Syntax: tag==us-*";
    return NULL;
}

static void *field_of(struct reading *reading, const struct flag *flag)
{
    return (char *)reading + flag->offset;
}

/* The first time a source names a list it replaces what was there; then it appends. */
static struct slices *open_list(struct reading *reading, const struct flag *flag)
{
    struct slices *list = field_of(reading, flag);
    if (reading->given[flag_position(flag)] != reading->source)
        *list = (struct slices){0};
    return list;
}

static void mark_given(struct reading *reading, const struct flag *flag)
{
    reading->given[flag_position(flag)] = (uint8_t)reading->source;
}

bool flag_set_items(struct reading *reading, const struct flag *flag, const struct slice *items, size_t count)
{
    for (size_t i = 0; i < count && flag->kind == FLAG_CONSTRAINTS; i++) {
        const char *reason = check_constraint(items[i]);
        if (reason)
            return reading_fail(reading, "%s", reason);
    }
    struct slices *list = open_list(reading, flag);
    for (size_t i = 0; i < count; i++)
        slices_add(&reading->settings.arena, list, arena_copy(&reading->settings.arena, items[i]));
    mark_given(reading, flag);
    return true;
}

static bool set_list(struct reading *reading, const struct flag *flag, struct slice value)
{
    struct slices parts = {0};
    if (flag->kind == FLAG_CONSTRAINTS) { /* v1.7 trims nothing here: " tag==a" is an error, and says so */
        for (struct slice rest = value, part; slice_cut(&rest, ',', &part);)
            slices_add(&reading->settings.arena, &parts, part);
    } else {
        parts = slices_split(&reading->settings.arena, value, flag->kind == FLAG_MODES ? ' ' : ',');
    }
    return flag_set_items(reading, flag, parts.items, parts.count);
}

static bool set_duration(struct reading *reading, const struct flag *flag, struct slice value)
{
    static const int64_t longest_ns = INT64_C(100) * 365 * 24 * 3600 * 1000000000;
    int64_t ns;
    if (!clock_parse_duration(value, &ns))
        return reading_fail(reading, "it is not a duration: write whole seconds, or as 500ms, 1m30s");
    if (ns < 0)
        return reading_fail(reading, "a duration cannot be negative");
    if (ns > longest_ns)
        return reading_fail(reading, "it is longer than 100 years");
    *(uint64_t *)field_of(reading, flag) = ((uint64_t)ns + 999999) /
                                           1000000; /* rounded up: 1us must not become "no limit" */
    return true;
}

static bool set_number(struct reading *reading, const struct flag *flag, struct slice value)
{
    uint64_t number;
    if (!parse_number(value, INT32_MAX, &number))
        return reading_fail(reading, "it is not a whole number from 0 to 2147483647");
    *(unsigned *)field_of(reading, flag) = (unsigned)number;
    return true;
}

static bool set_integer(struct reading *reading, const struct flag *flag, struct slice value)
{
    bool is_negative = slice_starts(value, SLICE("-"));
    uint64_t number;
    if (!parse_number(slice_from(value, is_negative), INT32_MAX, &number))
        return reading_fail(reading, "it is not a whole number from -2147483647 to 2147483647");
    *(int *)field_of(reading, flag) = is_negative ? -(int)number : (int)number;
    return true;
}

/* An unknown level is a mistake at start: v1.7 goes silent then (defects B35). None (`--logLevel=$UNSET`) is the default. */
static bool set_level(struct reading *reading, const struct flag *flag, struct slice value)
{
    reading->level_given = value.len > 0;
    if (value.len == 0) {
        *(enum log_level *)field_of(reading, flag) = LOG_ERROR;
        return true;
    }
    if (log_level_parse(value, field_of(reading, flag)))
        return true;
    return reading_fail(reading, "it is no log level: write DEBUG, INFO, WARN, ERROR, FATAL or PANIC");
}

static bool set_switch(struct reading *reading, const struct flag *flag, struct slice value)
{
    if (slice_to_bool(value, field_of(reading, flag)))
        return true;
    return reading_fail(reading, "it is neither true nor false");
}

const char *flag_absence(struct reading *reading, const struct flag *flag)
{
    return arena_format(&reading->settings.arena, "%s is not in this version of Waybill%s%s", flag->help,
                        flag->shown[0] ? ": " : "", flag->shown);
}

bool flag_postpone(struct reading *reading, const struct flag *flag)
{
    if (flag->state != FLAG_NOT_YET || !slice_starts(slice_of(flag->name), SLICE("tracing.")))
        return false;
    if (!reading->absent_tracer)
        reading->absent_tracer = reading->failure;
    reading->failure = NULL;
    reading->given[flag_position(flag)] = SOURCE_COMMAND_LINE; /* somebody: more is not asked */
    flag_switch_groups_on(reading, flag);
    return true;
}

bool flag_is_named(const struct reading *reading, const struct flag *flag)
{
    for (size_t i = 0; i < flag_table_count; i++) {
        const struct flag *other = &flag_table[i];
        bool below = slice_starts(slice_of(other->name), slice_of(flag->name)) &&
                     strchr(".", other->name[strlen(flag->name)]) != NULL;
        if (below && reading->given[i] != SOURCE_DEFAULTS)
            return true;
    }
    return false;
}

static bool set_refused(struct reading *reading, const struct flag *flag, struct slice value)
{
    bool truth;
    bool can_be_off = flag->kind == FLAG_SWITCH || flag->kind == FLAG_GROUP;
    if (can_be_off ? slice_to_bool(value, &truth) && !truth : value.len == 0)
        return true; /* asks for nothing */
    return reading_fail(reading, "%s", flag_absence(reading, flag));
}

/* Seconds with a fraction, as long as Go's would take them. */
static bool parse_bound(struct slice text, uint64_t *out_ns)
{
    char digits[64], *end = digits;
    double seconds;

    text = slice_trim(text);
    if (text.len == 0 || text.len >= sizeof digits || !strchr("0123456789.", text.ptr[0]))
        return false;
    memcpy(digits, text.ptr, text.len);
    digits[text.len] = '\0';
    seconds = strtod(digits, &end);
    if (end != digits + text.len || !(seconds > 0) || seconds > 1e9)
        return false;
    *out_ns = (uint64_t)(seconds * 1e9 + 0.5);
    return true;
}

static bool set_buckets(struct reading *reading, const struct flag *flag, struct slice value)
{
    struct traffic_options *traffic = field_of(reading, flag);
    size_t count = 0;

    for (struct slice part; value.ptr;) {
        struct slice rest = slice_head(value, slice_find(value, ';'));
        value = rest.len < value.len ? slice_from(value, rest.len + 1) : slice_make(NULL, 0);
        while (slice_cut(&rest, ',', &part)) {
            if (count == TRAFFIC_BOUNDS_MAX)
                return reading_fail(reading, "it has more than %d bounds", TRAFFIC_BOUNDS_MAX);
            if (!parse_bound(part, &traffic->bounds_ns[count]) ||
                (count && traffic->bounds_ns[count] <= traffic->bounds_ns[count - 1]))
                return reading_fail(reading, "\"%s\" is no bound: write seconds above 0, each larger than the one before",
                                    reading_shown(reading, part));
            count++;
        }
    }
    traffic->bound_count = count;
    return true;
}

static bool set_fraction(struct reading *reading, const struct flag *flag, struct slice value)
{
    char digits[64] = "", *end = digits;
    double number = 0;

    if (value.len && value.len < sizeof digits && strchr("0123456789.", value.ptr[0])) {
        memcpy(digits, value.ptr, value.len);
        number = strtod(digits, &end);
    }
    if (end == digits || *end || !(number >= 0 && number <= 1))
        return reading_fail(reading, "it is not a number from 0 to 1");
    *(double *)field_of(reading, flag) = number;
    return true;
}

static bool set_known(struct reading *reading, const struct flag *flag, struct slice value)
{
    switch (flag->kind) {
    case FLAG_HEADING:
    case FLAG_ENTRYPOINT:
        break; /* whoever reads them does not come here */
    case FLAG_GROUP:
    case FLAG_SWITCH:
        return set_switch(reading, flag, value);
    case FLAG_NUMBER:
        return set_number(reading, flag, value);
    case FLAG_INTEGER:
        return set_integer(reading, flag, value);
    case FLAG_DURATION:
        return set_duration(reading, flag, value);
    case FLAG_TEXT:
        *(struct slice *)field_of(reading, flag) = arena_copy(&reading->settings.arena, value);
        return true;
    case FLAG_LIST:
    case FLAG_CONSTRAINTS:
    case FLAG_MODES:
        return set_list(reading, flag, value);
    case FLAG_FRACTION:
        return set_fraction(reading, flag, value);
    case FLAG_BUCKETS:
        return set_buckets(reading, flag, value);
    case FLAG_LEVEL:
        return set_level(reading, flag, value);
    }
    WB_UNREACHABLE();
}

bool flag_set(struct reading *reading, const struct flag *flag, struct slice value)
{
    if (flag->state == FLAG_NOT_YET)
        return set_refused(reading, flag, value);
    if (!set_known(reading, flag, value))
        return false;
    if (flag->state == FLAG_WITHOUT_EFFECT)
        reading_note(reading, LOG_WARN, "%s has no effect: %s", flag->name, flag->help);
    mark_given(reading, flag);
    return true;
}

void flag_switch_groups_on(struct reading *reading, const struct flag *flag)
{
    for (const struct flag *group = flag; (group = flag_group(group));)
        if (group->state == FLAG_WORKS)
            *(bool *)field_of(reading, group) = true;
}
