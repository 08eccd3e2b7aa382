/* SPDX-License-Identifier: MIT */
/*
 * rules - texts of rule files to one fragment (spec/file-provider.md 1 to 3): all or nothing. A text with `{{` is rendered
 * first (waybill/render/render.h).
 *
 * Thread: the provider's. No I/O.
 */
#pragma once
#include "waybill/model/diagnostic.h"
#include "waybill/model/model.h"

struct rules_text {
    struct slice name; /* of the file, for messages */
    struct slice text;
};

struct rules_options {
    bool static_file;     /* the text is the static configuration, too: `{{` and other keys are plain (same-file mode) */
    bool always_defaults; /* folder mode: defaults also when no file has a table of frontends */
    bool log_texts;       /* at level DEBUG: as they are written, as they are rendered */
    const struct slices *default_entrypoints, *known_entrypoints;
};

/* The first file that names a backend or frontend wins. NULL when one file cannot be read; *out_problem is then one
 * line on the heap, "rules.toml:3:7: ...". What is wrong in detail is added to `diagnostics`. */
struct fragment *rules_read(const struct rules_text *texts, size_t count, const struct rules_options *options,
                            struct diagnostics *diagnostics, char **out_problem);
