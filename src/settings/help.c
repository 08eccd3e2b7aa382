/* SPDX-License-Identifier: MIT */
#include "help.h"
#include "flag.h"
#include "waybill/settings/flag_list.h"
#include "waybill/base/text.h"
#include <sys/utsname.h>

#ifndef WB_BUILD_DATE
#define WB_BUILD_DATE "not recorded" /* so that two builds of one source are the same bytes */
#endif

enum { HELP_COLUMN = 44, HELP_WIDTH = 110 };

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

/* Words of `text` from HELP_COLUMN on, broken before HELP_WIDTH. `column` is where the line is now. */
static void add_wrapped(struct text *out, struct slice text, size_t column)
{
    for (struct slice rest = text, word; slice_cut(&rest, ' ', &word);) {
        bool no_room = column > HELP_COLUMN && column + 1 + word.len > HELP_WIDTH;
        bool long_name = column >= HELP_COLUMN && word.ptr == text.ptr;
        if (no_room || long_name) {
            text_add_char(out, '\n');
            column = 0;
        }
        size_t blanks = column < HELP_COLUMN ? HELP_COLUMN - column : 1;
        text_addf(out, "%*s", (int)blanks, "");
        text_add(out, word);
        column += blanks + word.len;
    }
    text_add_char(out, '\n');
}

static void add_flag(struct text *out, const struct flag *flag)
{
    struct text name = TEXT_EMPTY, help = TEXT_EMPTY;
    if (flag->letter)
        text_addf(&name, "  -%c, --%s%s", flag->letter, flag->name, help_value_word(flag->kind));
    else
        text_addf(&name, "      --%s%s", flag->name, help_value_word(flag->kind));
    text_addf(&help, "%s%s", flag->state == FLAG_WITHOUT_EFFECT ? "accepted without effect: " : "", flag->help);
    if (flag->shown[0])
        text_addf(&help, " (%s)", flag->shown);
    text_add(out, text_slice(&name));
    add_wrapped(out, text_slice(&help), name.len);
    text_fini(&name);
    text_fini(&help);
}

static void add_absent(struct text *out)
{
    text_addf(out,
              "\nParts of Traefik v1.7 that are not in this version; their flags are refused, with what to do instead:\n");
    for (size_t i = 0; i < flag_table_count; i++) {
        const struct flag *flag = &flag_table[i];
        struct text name = TEXT_EMPTY;
        if (flag->kind == FLAG_HEADING || flag->state != FLAG_NOT_YET)
            continue;
        text_addf(&name, "      --%s", flag->name);
        text_add(out, text_slice(&name));
        add_wrapped(out, slice_of(flag->help), name.len);
        text_fini(&name);
    }
}

void flag_list_add_entrypoint_keys(struct text *out)
{
    text_addf(out,
              "      Name:http  Address::80\n"
              "      ForwardedHeaders.TrustedIPs:10.0.0.0/8,192.168.1.7   clients whose X-Forwarded-* are believed\n"
              "      ForwardedHeaders.Insecure:true                       everybody's are, as in Traefik v1.7\n"
              "      ProxyProtocol.TrustedIPs:10.0.0.0/8                  proxies whose PROXY headers are believed\n"
              "      ProxyProtocol.Insecure:true                          everybody's are\n"
              "      Redirect.EntryPoint:https  Redirect.Regex:^http://a/(.*)  Redirect.Replacement:http://b/$1\n"
              "      Redirect.Permanent:true\n"
              "      WhiteList.SourceRange:10.0.0.0/8  WhiteList.UseXForwardedFor:true\n"
              "      Auth.Basic.Users:NAME:HASH,...  Auth.Basic.UsersFile:FILE  Auth.Basic.RemoveHeader:true\n"
              "      Auth.Digest.Users:NAME:traefik:HASH,...  (.UsersFile, .RemoveHeader)  Auth.HeaderField:X-WebAuth-User\n"
              "      Auth.Forward.Address:http://auth/check  Auth.Forward.TrustForwardHeader:true\n"
              "      Auth.Forward.AuthResponseHeaders:X-User,X-Role\n");
}

char *help_text(void)
{
    struct text out = TEXT_EMPTY;
    text_addf(&out, "waybill - a router that configures itself from the labels of containers\n\n"
                    "Usage: waybill [flags]              run the router\n"
                    "       waybill healthcheck [flags]  ask /ping of a router that runs with these flags\n"
                    "       waybill healthcheck --container  the same with the flags of this container's router\n"
                    "       waybill explain URL [options]  which frontend of a running router gets a request, and why\n"
                    "       waybill why CONTAINER [options]  what a running router makes of a container, and why\n"
                    "       waybill lint FILE... [options]  what is wrong in compose files, for the router\n"
                    "       waybill version\n"
                    "       waybill completion bash|zsh|fish  what that shell reads to complete all of this\n"
                    "       waybill manual               the manual, for man -l\n\n"
                    "A command with --help says what it takes. The router's flags are those of Traefik v1.7; their\n"
                    "case does not matter. Naming a group (--docker) or one of its members switches it on. All are TOML\n"
                    "keys too.\n");
    for (size_t i = 0; i < flag_table_count; i++) {
        const struct flag *flag = &flag_table[i];
        if (flag->state == FLAG_NOT_YET)
            continue;
        if (flag->kind == FLAG_HEADING && i + 1 < flag_table_count && flag_table[i + 1].state == FLAG_NOT_YET)
            continue; /* only refused ones follow */
        if (flag->kind == FLAG_HEADING)
            text_addf(&out, "\n%s\n", flag->name);
        else
            add_flag(&out, flag);
    }
    text_addf(&out, "  -h, --help%*sthis text\n", HELP_COLUMN - 12, "");
    text_addf(&out, "\nKeys of an entrypoint, separated by blanks; the same as tables below [entryPoints.NAME] in TOML:\n");
    flag_list_add_entrypoint_keys(&out);
    add_absent(&out);
    return text_take(&out);
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
