/* SPDX-License-Identifier: MIT */
/*
 * waybill completion SHELL: what a shell reads to complete our flags and commands. All of it comes from the table of flags and
 * from what the commands say of themselves.
 */
#include "command_private.h"
#include "waybill/settings/flag_list.h"
#include <stdio.h>

const char completion_usage[] = "Usage: waybill completion bash|zsh|fish\n"
                                "Writes what that shell reads to complete the words of waybill; to try it:\n"
                                "    bash: source <(waybill completion bash)\n"
                                "    zsh:  source <(waybill completion zsh)\n"
                                "    fish: waybill completion fish | source\n";

static bool is_option_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-';
}

/* Options are described in lines of their own, which begin with blanks. */
bool usage_next_option(struct slice *usage, struct slice *out_option, bool *out_takes_value)
{
    struct slice line;

    while (slice_cut(usage, '\n', &line)) {
        struct slice option = slice_trim(line);
        size_t len = 2;
        if (option.len == line.len || !slice_starts(option, SLICE("--")))
            continue;
        while (len < option.len && is_option_byte(option.ptr[len]))
            len++;
        /* "--strict           warnings": two blanks end what belongs to the option */
        *out_takes_value = len + 1 < option.len && option.ptr[len] == ' ' && option.ptr[len + 1] != ' ';
        *out_option = slice_head(option, len);
        return true;
    }
    return false;
}

/* `text` within single quotes of a shell. */
static void add_quoted(struct text *out, const char *text)
{
    text_add_char(out, '\'');
    for (; *text; text++)
        text_add(out, *text == '\'' ? SLICE("'\\''") : slice_make(text, 1));
    text_add_char(out, '\'');
}

/* -- bash -- */

static void add_bash_options(struct text *out, const struct command *command)
{
    struct slice usage = slice_of(command->usage), option;
    bool takes_value;

    text_addf(out, "    %s) words='--help", command->name);
    while (usage_next_option(&usage, &option, &takes_value))
        text_addf(out, " " SLICE_FMT "%s", SLICE_ARG(option), takes_value ? "=" : "");
    text_addf(out, "' ;;\n");
}

/* bash parts words at `=`, which is a word of its own then. */
static void add_bash_choices(struct text *out)
{
    text_addf(out, "    if [[ $cur == = ]]; then\n"
                   "        flag=${COMP_WORDS[COMP_CWORD - 1]} cur=\n"
                   "    elif [[ ${COMP_WORDS[COMP_CWORD - 1]} == = ]]; then\n"
                   "        flag=${COMP_WORDS[COMP_CWORD - 2]}\n"
                   "    fi\n"
                   "    case $flag in\n");
    for (size_t i = 0; i < flag_list_count(); i++) {
        struct flag_facts flag = flag_list_at(i);
        if (flag.choices[0])
            text_addf(out, "    --%s) COMPREPLY=($(compgen -W '%s' -- \"$cur\")); return ;;\n", flag.name, flag.choices);
    }
    text_addf(out, "    esac\n");
}

static void add_bash(struct text *out)
{
    text_addf(out, "# made by: waybill completion bash\n"
                   "_waybill() {\n"
                   "    local cur=${COMP_WORDS[COMP_CWORD]} flag= words=\n");
    add_bash_choices(out);
    text_addf(out, "    case ${COMP_WORDS[1]} in\n");
    for (size_t i = 0; i < command_count; i++)
        add_bash_options(out, &commands[i]);
    text_addf(out, "    *) words='--help");
    for (size_t i = 0; i < flag_list_count(); i++) {
        struct flag_facts flag = flag_list_at(i);
        if (!flag.heading && !flag.refused)
            text_addf(out, " --%s%s", flag.name, flag.value[0] ? "=" : "");
    }
    text_addf(out, "' ;;\n"
                   "    esac\n"
                   "    if [[ $cur == -* ]]; then\n"
                   "        COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
                   "        [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *= ]] && compopt -o nospace\n"
                   "    elif [[ $COMP_CWORD -eq 1 ]]; then\n"
                   "        COMPREPLY=($(compgen -W 'healthcheck version");
    for (size_t i = 0; i < command_count; i++)
        text_addf(out, " %s", commands[i].name);
    text_addf(out, "' -- \"$cur\"))\n"
                   "    elif [[ ${COMP_WORDS[1]} == completion ]]; then\n"
                   "        COMPREPLY=($(compgen -W 'bash zsh fish' -- \"$cur\"))\n"
                   "    else\n"
                   "        compopt -o filenames\n"
                   "        COMPREPLY=($(compgen -f -- \"${cur#=}\"))\n"
                   "    fi\n"
                   "}\n"
                   "complete -F _waybill waybill\n");
}

/* -- zsh -- */

/* In a specification of _arguments `[`, `]` and `:` end what they stand in. */
static void add_zsh_escaped(struct text *out, const char *text)
{
    for (; *text; text++) {
        if (strchr("[]:\\", *text))
            text_add_char(out, '\\');
        text_add_char(out, *text);
    }
}

static void add_zsh_flag(struct text *out, const struct flag_facts *flag)
{
    struct text spec = TEXT_EMPTY;

    text_addf(&spec, "*--%s%s[", flag->name, flag->value[0] ? "=" : "");
    add_zsh_escaped(&spec, flag->help);
    if (flag->choices[0])
        text_addf(&spec, "]:value:(%s)", flag->choices);
    else
        text_addf(&spec, "]%s", !flag->value[0] ? "" : flag->names_file ? ":file:_files" : ":value:");
    text_addf(out, " \\\n        ");
    add_quoted(out, spec.ptr);
    text_fini(&spec);
}

static void add_zsh_options(struct text *out, const struct command *command)
{
    struct slice usage = slice_of(command->usage), option;
    bool takes_value;

    text_addf(out, "    %s) _arguments '--help'", command->name);
    while (usage_next_option(&usage, &option, &takes_value))
        text_addf(out, " '*" SLICE_FMT "%s'", SLICE_ARG(option), takes_value ? "=:value:_files" : "");
    text_addf(out, " '*:file:%s' ;;\n", strcmp(command->name, "completion") == 0 ? "(bash zsh fish)" : "_files");
}

static void add_zsh(struct text *out)
{
    text_addf(out, "#compdef waybill\n"
                   "# made by: waybill completion zsh\n"
                   "_waybill() {\n"
                   "    local -a words_of_waybill=(\n"
                   "        'healthcheck:ask /ping of a router that runs with these flags'\n"
                   "        'version:the version'\n");
    for (size_t i = 0; i < command_count; i++) {
        struct text spec = TEXT_EMPTY;
        text_addf(&spec, "%s:%s", commands[i].name, commands[i].summary);
        text_addf(out, "        ");
        add_quoted(out, spec.ptr);
        text_add_char(out, '\n');
        text_fini(&spec);
    }
    text_addf(out, "    )\n"
                   "    if (( CURRENT == 2 )) && [[ $words[2] != -* ]]; then\n"
                   "        _describe command words_of_waybill\n"
                   "        return\n"
                   "    fi\n"
                   "    local command=$words[2]\n"
                   "    if [[ $command != -* ]]; then shift words; (( CURRENT-- )); fi\n"
                   "    case $command in\n");
    for (size_t i = 0; i < command_count; i++)
        add_zsh_options(out, &commands[i]);
    text_addf(out, "    *) _arguments '--help[all flags]'");
    for (size_t i = 0; i < flag_list_count(); i++) {
        struct flag_facts flag = flag_list_at(i);
        if (!flag.heading && !flag.refused)
            add_zsh_flag(out, &flag);
    }
    text_addf(out, " ;;\n"
                   "    esac\n"
                   "}\n"
                   "if [[ $funcstack[1] == _waybill ]]; then _waybill; else compdef _waybill waybill; fi\n");
}

/* -- fish -- */

static void add_fish_options(struct text *out, const struct command *command)
{
    struct slice usage = slice_of(command->usage), option;
    bool takes_value;

    text_addf(out, "complete -c waybill -f -n __fish_use_subcommand -a %s -d ", command->name);
    add_quoted(out, command->summary);
    text_add_char(out, '\n');
    while (usage_next_option(&usage, &option, &takes_value))
        text_addf(out, "complete -c waybill -n '__fish_seen_subcommand_from %s' -l " SLICE_FMT "%s\n", command->name,
                  SLICE_ARG(slice_from(option, 2)), takes_value ? " -r" : "");
}

static void add_fish_flag(struct text *out, const struct flag_facts *flag)
{
    text_addf(out, "complete -c waybill -n __waybill_runs -l %s%s -d ", flag->name,
              !flag->value[0]    ? ""
              : flag->names_file ? " -r"
                                 : " -x");
    add_quoted(out, flag->help);
    if (flag->choices[0])
        text_addf(out, " -a '%s'", flag->choices);
    if (flag->letter)
        text_addf(out, " -s %c", flag->letter);
    text_add_char(out, '\n');
}

static void add_fish(struct text *out)
{
    text_addf(out, "# made by: waybill completion fish\n"
                   "function __waybill_runs\n"
                   "    not __fish_seen_subcommand_from version");
    for (size_t i = 0; i < command_count; i++)
        text_addf(out, " %s", commands[i].name);
    text_addf(out, "\nend\n"
                   "complete -c waybill -f -n __fish_use_subcommand -a healthcheck -d 'ask /ping of a router that runs with "
                   "these flags'\n"
                   "complete -c waybill -f -n __fish_use_subcommand -a version -d 'the version'\n"
                   "complete -c waybill -f -n '__fish_seen_subcommand_from completion' -a 'bash zsh fish'\n"
                   "complete -c waybill -s h -l help -d 'all flags'\n");
    for (size_t i = 0; i < command_count; i++)
        add_fish_options(out, &commands[i]);
    for (size_t i = 0; i < flag_list_count(); i++) {
        struct flag_facts flag = flag_list_at(i);
        if (!flag.heading && !flag.refused)
            add_fish_flag(out, &flag);
    }
}

int command_completion(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*add)(struct text *out);
    } shells[] = {{"bash", add_bash}, {"zsh", add_zsh}, {"fish", add_fish}};
    struct words words = {.argv = argv, .argc = argc};
    struct text out = TEXT_EMPTY;

    if (words_next(&words) && words_help(&words)) {
        fputs(completion_usage, stdout);
        return COMMAND_YES;
    }
    for (size_t i = 0; i < WB_COUNT(shells) && argc == 1; i++) {
        if (strcmp(argv[0], shells[i].name) == 0)
            shells[i].add(&out);
    }
    if (!out.ptr) {
        fputs(completion_usage, stderr);
        return COMMAND_FAILED;
    }
    fputs(out.ptr, stdout);
    text_fini(&out);
    return COMMAND_YES;
}
