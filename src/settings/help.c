/* SPDX-License-Identifier: MIT */
#include "help.h"
#include "flag.h"
#include "waybill/settings/flag_list.h"
#include "waybill/base/text.h"
#include <sys/ioctl.h>
#include <sys/utsname.h>

#ifndef WB_BUILD_DATE
#define WB_BUILD_DATE "not recorded" /* so that two builds of one source are the same bytes */
#endif

enum { HELP_COLUMN = 44, HELP_COLUMN_NARROW = 36, HELP_WIDTH = 110, HELP_WIDTH_LEAST = 80 };

const char *help_value_word(enum flag_kind kind)
{
    switch (kind) {
    case FLAG_NUMBER:
    case FLAG_INTEGER:
    case FLAG_FRACTION:
        return "=N";
    case FLAG_DURATION:
        return "=TIME";
    case FLAG_TEXT:
        return "=TEXT";
    case FLAG_BUCKETS:
    case FLAG_LIST:
    case FLAG_CONSTRAINTS:
        return "=A,B";
    case FLAG_MODES:
        return "='NAME=MODE ...'";
    case FLAG_LEVEL:
        return "=LEVEL";
    case FLAG_ENTRYPOINT:
        return "='KEY:VALUE ...'";
    case FLAG_HEADING:
    case FLAG_GROUP:
    case FLAG_SWITCH:
        break;
    }
    return "";
}

/* The text being made, and where its two columns are. */
struct help {
    struct text *out;
    size_t column, width;
};

/* Words of `text` from the second column on, broken before the width. `at` is where the line is now. */
static void add_wrapped(struct help *help, struct slice text, size_t at)
{
    for (struct slice rest = text, word; slice_cut(&rest, ' ', &word);) {
        bool no_room = at > help->column && at + 1 + word.len > help->width;
        bool long_name = at >= help->column && word.ptr == text.ptr;
        if (no_room || long_name) {
            text_add_char(help->out, '\n');
            at = 0;
        }
        size_t blanks = at < help->column ? help->column - at : 1;
        text_addf(help->out, "%*s", (int)blanks, "");
        text_add(help->out, word);
        at += blanks + word.len;
    }
    text_add_char(help->out, '\n');
}

static void add_row(struct help *help, const char *indent, const char *name, const char *text)
{
    text_addf(help->out, "%s%s", indent, name);
    add_wrapped(help, slice_of(text), strlen(indent) + strlen(name));
}

static void add_flag(struct help *help, const struct flag *flag)
{
    struct text name = TEXT_EMPTY, text = TEXT_EMPTY;
    if (flag->letter)
        text_addf(&name, "  -%c, --%s%s", flag->letter, flag->name, help_value_word(flag->kind));
    else
        text_addf(&name, "      --%s%s", flag->name, help_value_word(flag->kind));
    text_addf(&text, "%s%s", flag->state == FLAG_WITHOUT_EFFECT ? "accepted without effect: " : "", flag->help);
    if (flag->shown[0])
        text_addf(&text, " (%s)", flag->shown);
    add_row(help, "", name.ptr, text.ptr);
    text_fini(&name);
    text_fini(&text);
}

static void add_flags(struct help *help)
{
    for (size_t i = 0; i < flag_table_count; i++) {
        const struct flag *flag = &flag_table[i];
        if (flag->state == FLAG_NOT_YET)
            continue;
        if (flag->kind == FLAG_HEADING && i + 1 < flag_table_count && flag_table[i + 1].state == FLAG_NOT_YET)
            continue; /* only refused ones follow */
        if (flag->kind == FLAG_HEADING)
            text_addf(help->out, "\n%s\n", flag->name);
        else
            add_flag(help, flag);
    }
    add_row(help, "  ", "-h, --help", "this text");
}

static void add_entrypoint_keys(struct help *help)
{
    text_addf(help->out, "\nKeys of an entrypoint, in any case, with blanks between; in TOML the same names\n"
                         "are tables below [entryPoints.NAME]\n");
    for (size_t i = 0; i < entrypoint_key_count(); i++) {
        struct entrypoint_key_facts key = entrypoint_key_at(i);
        add_row(help, "      ", key.form, key.help);
    }
}

static void add_absent(struct help *help)
{
    text_addf(help->out, "\nParts of Traefik v1.7 that are not in this version; their flags are refused,\n"
                         "with what to do instead\n");
    for (size_t i = 0; i < flag_table_count; i++) {
        const struct flag *flag = &flag_table[i];
        if (flag->kind != FLAG_HEADING && flag->state == FLAG_NOT_YET)
            add_row(help, "      --", flag->name, flag->help);
    }
}

static void add_usage(struct help *help)
{
    static const struct {
        const char *form, *help;
    } rows[] = {
        {"why CONTAINER", "what a running router makes of a container, and why"},
        {"explain URL", "which frontend of a running router gets a request, and why"},
        {"healthcheck [flags]", "ask /ping of a router that runs with these flags"},
        {"healthcheck --container", "the same with the flags of this container's router"},
        {"lint FILE...", "what is wrong in compose files, for the router"},
        {"completion bash|zsh|fish", "what that shell reads to complete all of this"},
        {"manual", "the manual, for man -l"},
        {"version", "which Waybill this is"},
    };

    text_addf(help->out, "waybill - a router that configures itself from the labels of containers\n\n"
                         "Usage: waybill [flags]            run the router\n"
                         "       waybill COMMAND [options]\n\n"
                         "Commands (--help behind one says what it takes)\n");
    for (size_t i = 0; i < WB_COUNT(rows); i++)
        add_row(help, "      ", rows[i].form, rows[i].help);
    text_addf(help->out, "\nTo begin with\n"
                         "      waybill --docker --docker.exposedByDefault=false --api.dashboard\n"
                         "      serves containers with traefik.enable=true on port 80, and shows at\n"
                         "      http://localhost:8080/dashboard/ what it makes of each\n\n"
                         "The flags are those of Traefik v1.7; their case does not matter. Naming a group\n"
                         "(--docker) or one of its members switches it on. All are TOML keys too. Defaults\n"
                         "are in brackets.\n");
}

char *help_text(size_t columns)
{
    struct text out = TEXT_EMPTY;
    struct help help = {.out = &out, .column = HELP_COLUMN, .width = HELP_WIDTH};

    if (columns < HELP_WIDTH)
        help.width = columns > HELP_WIDTH_LEAST ? columns : HELP_WIDTH_LEAST;
    if (help.width < 2 * HELP_COLUMN)
        help.column = HELP_COLUMN_NARROW;
    add_usage(&help);
    add_flags(&help);
    add_entrypoint_keys(&help);
    add_absent(&help);
    return text_take(&out);
}

char *healthcheck_help_text(void)
{
    return wb_strdup(
        "Usage: waybill healthcheck [flags]\n"
        "       waybill healthcheck --container\n"
        "Asks /ping of a router on this machine. Where that is, the flags say: give those that the router has\n"
        "(--ping or --api, --entryPoints, --configFile; see waybill --help). With --container they are taken from\n"
        "the router that is process 1 here: that is the health check of the image.\n"
        "Exit code: 0 it answered 200, 1 it did not, or cannot be asked\n");
}

size_t help_columns(int file)
{
    struct winsize size;

    return ioctl(file, TIOCGWINSZ, &size) == 0 && size.ws_col ? size.ws_col : HELP_WIDTH;
}

static const char *machine_name(const char *machine)
{
    static const char *const names[][2] = {{"x86_64", "amd64"}, {"aarch64", "arm64"}, {"i686", "386"}};
    for (size_t i = 0; i < WB_COUNT(names); i++)
        if (strcmp(machine, names[i][0]) == 0)
            return names[i][1];
    return machine;
}

char *version_text(void)
{
    struct utsname system = {.machine = "unknown"};
    (void)uname(&system); /* without it the machine stays unknown */
    return wb_format("Version:      %s\nCodename:     waybill\nCompiler:     %s\nBuilt:        %s\n"
                     "OS/Arch:      linux/%s\n",
                     WB_VERSION, __VERSION__, WB_BUILD_DATE, machine_name(system.machine));
}
