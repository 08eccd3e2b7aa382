/* SPDX-License-Identifier: MIT */
/* compose_private - what the files that read compose files share. */
#pragma once
#include "compose.h"
#include "grow.h"
#include "waybill/base/map.h"
#include "waybill/yaml/yaml.h"

struct compose_file {
    struct slice path, folder; /* the folder with its slash */
    struct slice text;
    const uint32_t *lines; /* where each begins in the text */
    size_t line_count;
    struct yaml_file yaml;
    bool applied, is_bad; /* bad: it could not be read, which was said */
};

/* All files together; nobody writes more by hand, and extended services would copy without end. */
enum { COMPOSE_ITEMS_MAX = 200000, COMPOSE_TEXT_MAX = 32 * 1024 * 1024, COMPOSE_DEPTH_MAX = 8 };

struct compose_reader {
    const struct compose_input *input;
    struct arena *arena;
    struct problems *problems;
    struct compose_project *project;
    const struct compose_file *file; /* the one at hand */
    struct map files;                /* path to struct compose_file: read so far */
    struct map services, networks;   /* name to position in the project, plus 1 */
    struct map unset;                /* variables that were said to be not set */
    unsigned depth;                  /* of services that extend, and files that include each other */
    size_t items;                    /* services, labels, ports and so on, so far */
    size_t text_bytes;               /* of all texts, as often as they are used */
};

/* compose.c */
/* Where a child of a mapping is named, or an item stands. */
struct source compose_source_of(const struct compose_reader *reader, const struct yaml_value *value);
/* The text of a scalar with its variables put in; empty, with an error, for anything else. */
struct slice compose_text(struct compose_reader *reader, const struct yaml_value *value);
/* Before items are kept, or values looked at again. False: there are too many, which has been said. */
bool compose_count_items(struct compose_reader *reader, size_t more);
/* Before a text is kept: an alias or a variable puts a long one in many places, and each is copied when containers are made of it.
 * False: they are too long together, which has been said. */
bool compose_count_text(struct compose_reader *reader, size_t more, struct source at);
/* `!reset` and `!override`: what earlier files said is gone. True when nothing follows (`!reset`). */
bool compose_is_reset(const struct yaml_value *value);
bool compose_starts_over(const struct yaml_value *value);
/* The file of that name, as `from` means it, NULL with a problem. Only below the folder of the file at hand. */
struct compose_file *compose_open(struct compose_reader *reader, struct slice path, const struct yaml_value *from);

/* compose_service.c: what the mapping says goes over what is there. */
void compose_apply_service(struct compose_reader *reader, const struct yaml_value *value);
/* The mapping of services in a document: below `services`, or the document itself where it is of version 1. NULL: none. */
const struct yaml_value *compose_services_of(const struct yaml_value *root);

/* compose_labels.c */
void compose_apply_labels(struct compose_reader *reader, const struct yaml_value *value, struct compose_labels *labels);

/* compose_ports.c */
void compose_apply_ports(struct compose_reader *reader, const struct yaml_value *value, struct compose_ports *ports);
void compose_apply_expose(struct compose_reader *reader, const struct yaml_value *value, struct compose_ports *ports);

/* compose_vars.c */
struct slice compose_expand(struct compose_reader *reader, struct slice text, struct source at);
