/* SPDX-License-Identifier: MIT */
/* waybill manual: waybill(8), out of the table of flags and what the commands say of themselves. */
#include "command_private.h"
#include "waybill/settings/flag_list.h"
#include <stdio.h>

const char manual_usage[] = "Usage: waybill manual\n"
                            "Writes the manual; to read it: waybill manual | man -l -\n";

/* Nothing in it is a command of troff: `-` is a minus, a dot or quote does not begin a line. */
static void add_plain(struct text *out, struct slice text)
{
    bool begins = true;

    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (begins && (c == '.' || c == '\''))
            text_add(out, SLICE("\\&"));
        if (c == '-')
            text_add(out, SLICE("\\-"));
        else if (c == '\\')
            text_add(out, SLICE("\\e"));
        else
            text_add_char(out, c);
        begins = c == '\n';
    }
}

static void add_verbatim(struct text *out, struct slice text)
{
    text_add(out, SLICE(".nf\n"));
    add_plain(out, text);
    text_add(out, SLICE(".fi\n"));
}

static void add_flag(struct text *out, const struct flag_facts *flag)
{
    text_add(out, SLICE(".TP\n.B "));
    if (flag->letter)
        text_addf(out, "\\-%c, ", flag->letter);
    text_add(out, SLICE("\\-\\-"));
    add_plain(out, slice_of(flag->name));
    add_plain(out, slice_of(flag->value));
    text_add_char(out, '\n');
    if (flag->without_effect)
        text_add(out, SLICE("Accepted without effect: "));
    add_plain(out, slice_of(flag->help));
    if (flag->shown[0] && !flag->refused) {
        text_add(out, SLICE(" ("));
        add_plain(out, slice_of(flag->shown));
        text_add_char(out, ')');
    }
    if (flag->shown[0] && flag->refused) {
        text_add(out, SLICE(". Instead: "));
        add_plain(out, slice_of(flag->shown));
    }
    text_add_char(out, '\n');
}

/* A heading is written when the first flag below it is. */
static void add_flags(struct text *out, bool refused)
{
    const char *heading = NULL;

    for (size_t i = 0; i < flag_list_count(); i++) {
        struct flag_facts flag = flag_list_at(i);
        if (flag.heading)
            heading = flag.name;
        if (flag.heading || flag.refused != refused)
            continue;
        if (heading && !refused) {
            text_add(out, SLICE(".SS "));
            add_plain(out, slice_of(heading));
            text_add_char(out, '\n');
        }
        heading = NULL;
        add_flag(out, &flag);
    }
}

static void add_entrypoint_keys(struct text *out)
{
    for (size_t i = 0; i < entrypoint_key_count(); i++) {
        struct entrypoint_key_facts key = entrypoint_key_at(i);
        text_add(out, SLICE(".TP\n.B "));
        add_plain(out, slice_of(key.form));
        text_add_char(out, '\n');
        add_plain(out, slice_of(key.help));
        text_add_char(out, '\n');
    }
}

static const char beginning[] = ".TH WAYBILL 8 \"\" \"waybill " WB_VERSION "\" \"System administration\"\n"
                                ".SH NAME\n"
                                "waybill \\- a router that configures itself from the labels of containers\n"
                                ".SH SYNOPSIS\n"
                                ".B waybill\n[\\fIflags\\fR]\n.br\n"
                                ".B waybill healthcheck\n[\\fIflags\\fR | \\-\\-container]\n.br\n"
                                ".B waybill version\n";
static const char description[] =
    ".SH DESCRIPTION\n"
    "waybill is a reverse proxy and load balancer. It takes its routes from the labels of Docker containers and Swarm\n"
    "services, from files, or both, and follows their changes without a restart. Labels, flags, file format and API are\n"
    "those of Traefik 1.7.\n"
    ".PP\n"
    "Names of flags may be written in any case. Naming a group (\\-\\-docker) or one of its members switches it on. A time\n"
    "is whole seconds, or as 500ms, 1m30s. Each flag is a TOML key of the same dotted name; what the command line says\n"
    "goes over the file.\n";
static const char ending[] =
    ".SH FILES\n"
    "Without \\-\\-configFile the first of these that is there is read:\n"
    ".IR /etc/traefik/traefik.toml ,\n"
    ".IR $HOME/.traefik/traefik.toml ,\n"
    ".IR ./traefik.toml .\n"
    "The service of the Debian package reads\n"
    ".IR /etc/waybill/waybill.toml .\n"
    ".SH SIGNALS\n"
    ".TP\n.BR SIGTERM \", \" SIGINT\n"
    "/ping answers 503; after lifeCycle.requestAcceptGraceTimeout nobody is accepted any more, what is under way has\n"
    "lifeCycle.graceTimeOut to end, and the rest is cut.\n"
    ".TP\n.B SIGUSR1\n"
    "log files are opened anew, for rotation.\n"
    ".SH ENVIRONMENT\n"
    ".TP\n.B WAYBILL_USER\n"
    "NAME:PASSWORD, with which why and explain ask an API that wants a login.\n"
    ".TP\n.BR NOTIFY_SOCKET \", \" WATCHDOG_USEC\n"
    "of systemd: it is told when the first configuration is served (READY), that all workers live (WATCHDOG), and that\n"
    "the router ends (STOPPING).\n"
    ".SH EXIT STATUS\n"
    "0 after SIGTERM or SIGINT; 1 when it could not start, which is said with the reason.\n";

/* The first line of its usage: "Usage: waybill why CONTAINER [options]". */
static void add_synopsis(struct text *out, const struct command *command)
{
    struct slice usage = slice_from(slice_of(command->usage), strlen("Usage: waybill ")), line, name;

    slice_cut(&usage, '\n', &line);
    slice_cut(&line, ' ', &name);
    text_add(out, SLICE(".br\n.B waybill "));
    add_plain(out, name);
    text_add_char(out, '\n');
    add_plain(out, line);
    text_add_char(out, '\n');
}

int command_manual(int argc, char **argv)
{
    struct words words = {.argv = argv, .argc = argc};
    struct text out = TEXT_EMPTY;

    if (words_next(&words)) {
        fputs(manual_usage, words_help(&words) ? stdout : stderr);
        return words_help(&words) ? COMMAND_YES : COMMAND_FAILED;
    }
    text_add(&out, slice_of(beginning));
    for (size_t i = 0; i < command_count; i++)
        add_synopsis(&out, &commands[i]);
    text_add(&out, slice_of(description));
    text_add(&out, SLICE(".SH FLAGS\n"));
    add_flags(&out, false);
    text_add(&out,
             SLICE(".SH KEYS OF AN ENTRYPOINT\nSeparated by blanks in \\-\\-entryPoints; tables below [entryPoints.NAME] in "
                   "TOML.\n"));
    add_entrypoint_keys(&out);
    text_add(&out, SLICE(".SH COMMANDS\n"));
    for (size_t i = 0; i < command_count; i++) {
        text_addf(&out, ".SS waybill %s\n", commands[i].name);
        add_verbatim(&out, slice_of(commands[i].usage));
    }
    text_add(&out, SLICE(".SH NOT IN THIS VERSION\nThe flags of these parts of Traefik 1.7 are refused.\n"));
    add_flags(&out, true);
    text_add(&out, slice_of(ending));
    fputs(out.ptr, stdout);
    text_fini(&out);
    return COMMAND_YES;
}
