/* SPDX-License-Identifier: MIT */
/* docs - the pages of docs/ as text, for the tests that nothing is missing there. Include after cmocka.h. */
#pragma once
#include "waybill/base/text.h"
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

static inline void docs_read_page(const char *name, struct text *out)
{
    char *path = wb_format(WB_TEST_DIR "/../docs/%s", name), part[16384];
    FILE *file = fopen(path, "r");
    size_t got;

    if (!file)
        fail_msg("%s is not there", path);
    while ((got = fread(part, 1, sizeof part, file)) > 0)
        text_add(out, slice_make(part, got));
    fclose(file);
    free(path);
}

/* What is in fenced blocks whose first line is ```KIND, of all pages; test/conformance/y_docs.py runs these. */
static inline void docs_read_examples(const char *kind, struct text *out)
{
    DIR *folder = opendir(WB_TEST_DIR "/../docs");
    char *fence = wb_format("```%s", kind);

    assert_non_null(folder);
    for (struct dirent *entry; (entry = readdir(folder));) {
        struct text page = TEXT_EMPTY;
        bool within = false;
        if (!slice_ends(slice_of(entry->d_name), SLICE(".md")))
            continue;
        docs_read_page(entry->d_name, &page);
        for (struct slice rest = text_slice(&page), line; slice_cut(&rest, '\n', &line);) {
            if (slice_starts(line, SLICE("```"))) {
                within = !within && slice_eq(line, slice_of(fence));
            } else if (within) {
                text_add(out, line);
                text_add_char(out, '\n');
            }
        }
        text_fini(&page);
    }
    closedir(folder);
    free(fence);
}

static inline void docs_expect_heading(const struct text *page, const char *where, const char *name)
{
    char *heading = wb_format("\n### %s\n", name);

    if (!strstr(page->ptr, heading))
        fail_msg("docs/%s has no paragraph `### %s`: what does it mean, and what is to be done?", where, name);
    free(heading);
}
