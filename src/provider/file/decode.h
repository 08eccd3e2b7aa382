/* SPDX-License-Identifier: MIT */
/*
 * decode - a TOML tree to records of the model, by the rows of model/schema.h.
 *
 * Keys of fixed tables match ignoring case, names do not (file-provider.md 3.1). A value of a wrong type is dropped
 * alone, with a diagnostic; one that protects closes its frontend, one that selects leaves it out (decisions.md 10
 * and 11). Thread: the provider's. Everything that is kept is copied into `arena`.
 */
#pragma once
#include "waybill/model/diagnostic.h"
#include "waybill/model/model.h"
#include "waybill/toml/toml.h"

/* Of one file: who has written more of them wants to hear of the first ones. */
enum { DECODE_WARNINGS_MAX = 1000 };

struct decode {
    struct arena *arena;
    struct arena *scratch; /* for messages */
    const struct toml_document *document;
    struct diagnostics *diagnostics;
    unsigned warnings;
    bool static_file; /* other keys at the top are those of the static configuration */

    /* Of the frontend or backend that is being read; NULL outside. */
    struct slice *closed, *left_out;
};

/* Reads the whole document into `part`: its backends, frontends and certificates alone, unsorted. */
void decode_document(struct decode *decode, struct fragment *part);
/* decode_tls.c: [[tls]]. */
void decode_certificates(struct decode *decode, const struct toml_value *list, struct fragment *part);
