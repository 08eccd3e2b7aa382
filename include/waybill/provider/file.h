/* SPDX-License-Identifier: MIT */
/* file - the provider that reads frontends and backends from TOML and watches the files (spec/file-provider.md).
 * Thread and owner as in provider.h. */
#pragma once
#include "waybill/provider/provider.h"

struct file_options {
    struct slice filename;  /* one file, any extension */
    struct slice directory; /* wins over filename: every .toml and .tmpl below it */
    bool watch;
    bool log_texts; /* at level DEBUG, before and after rendering */
    bool same_file; /* filename is the static configuration's own: other tables in it are no mistake, `{{` is plain */
};

/* Copies the options. Delivers once the first read succeeded, then after each change; a read that fails keeps what was
 * delivered, with a diagnostic. A relative name is relative to the working directory. */
struct provider *file_provider_create(const struct file_options *options, const struct provider_sink *sink);
