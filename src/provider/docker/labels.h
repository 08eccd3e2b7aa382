/* SPDX-License-Identifier: MIT */
/*
 * labels - one segment's labels to the model's structs, by the table (docker-provider.md 7; decisions.md 10-12).
 *
 * Thread: any. The document stays what v1.7 shows; what cannot be understood is said in the diagnostics, and closes
 * the frontend where it protects.
 */
#pragma once
#include "segment.h"
#include "waybill/model/diagnostic.h"
#include "waybill/model/model.h"

struct label_reading {
    struct arena *arena;
    const struct segment *segment;
    struct slice origin; /* "container web" */
    struct diagnostics *diagnostics;
    struct map *said;                       /* of this container: each thing once, though several segments inherit a label */
    const struct slices *known_entrypoints; /* NULL: not known */
    struct slice closed_because;            /* the first thing that protects and was not understood; empty: none */
};

/* Everything that is text can be decoded. False: *out_label cannot, *out_because says why; the container is to be
 * rejected (8.1). */
bool labels_are_decodable(const struct segment *segment, const struct label **out_label, const char **out_because);
/* As much of a value as a message can show: "..." for secrets. */
struct slice labels_shown(const struct label *label);
/* All but name, backend and routes. */
void labels_read_frontend(struct label_reading *reading, struct model_frontend *frontend);
/* All but name and servers. */
void labels_read_backend(struct label_reading *reading, struct model_backend *backend);
/* Labels of the segment that 1.7 does not have, as far as they were not said of yet. */
void labels_report_unknown(struct label_reading *reading);
/* Labels of Traefik 2 and 3, and those that make a segment nobody means. */
void labels_report_strays(struct label_reading *reading, const struct segments *segments);
/* Says it once; `written` is the whole name of the label, or empty. */
void labels_say(struct label_reading *reading, enum severity severity, struct slice written, const char *text);
/* Text of a label decoded; empty when it is not there. */
struct slice labels_text(struct arena *arena, const struct segment *segment, struct slice name);
/* Bool or number of a label, or `missing` with a warning when it is neither empty nor one. */
bool labels_bool(struct label_reading *reading, struct slice name, bool missing);
int64_t labels_integer(struct label_reading *reading, struct slice name, int64_t missing);
