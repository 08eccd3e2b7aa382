/* SPDX-License-Identifier: MIT */
/* What the settings tests share: reading a command line or a TOML text, apart from the files of this machine. */
#pragma once
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include "waybill/base/text.h"
#include "waybill/settings/settings.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { WORDS_MAX = 24 };

static struct settings settings;
static char *out_text;

static inline int open_nothing(void **state)
{
    (void)state;
    settings = (struct settings){0};
    out_text = NULL;
    return 0;
}

static inline int close_settings(void **state)
{
    (void)state;
    settings_fini(&settings);
    free(out_text);
    out_text = NULL;
    return 0;
}

#define READING_TEST(name) cmocka_unit_test_setup_teardown(name, open_nothing, close_settings)

/* The words after the program's name, NULL at the end. An empty file keeps the lookup away from this machine's. */
static inline enum settings_outcome read_words_of(const char *file, const char *const *words)
{
    char *argv[WORDS_MAX + 3];
    char *copies[WORDS_MAX];
    int argc = 0, count = 0;
    char *named = wb_format("--configFile=%s", file);
    argv[argc++] = (char[]){"waybill"};
    for (; words[count]; count++)
        argv[argc++] = copies[count] = wb_strdup(words[count]);
    argv[argc++] = named;
    argv[argc] = NULL;
    settings_fini(&settings);
    free(out_text);
    enum settings_outcome outcome = settings_read(&settings, argc, argv, &out_text);
    for (int i = 0; i < count; i++)
        free(copies[i]);
    free(named);
    return outcome;
}

#define read_words(...) read_words_of("/dev/null", (const char *const[]){__VA_ARGS__, NULL})

/* `toml` as the static file, and the words over it. */
static inline enum settings_outcome read_file_and_words(const char *toml, const char *const *words)
{
    char path[] = "/tmp/waybill_settings_XXXXXX";
    int file = mkstemp(path);
    assert_true(file >= 0);
    assert_int_equal(write(file, toml, strlen(toml)), (ssize_t)strlen(toml));
    close(file);
    enum settings_outcome outcome = read_words_of(path, words);
    unlink(path);
    return outcome;
}

#define read_toml(toml, ...) read_file_and_words(toml, (const char *const[]){__VA_ARGS__ __VA_OPT__(, ) NULL})

static inline void expect_ok(enum settings_outcome outcome)
{
    if (outcome != SETTINGS_OK)
        fail_msg("refused: %s", out_text);
    assert_null(out_text);
}

static inline void expect_refused(enum settings_outcome outcome, const char *part)
{
    if (outcome != SETTINGS_INVALID)
        fail_msg("accepted, where this was expected: %s", part);
    assert_non_null(out_text);
    if (!strstr(out_text, part))
        fail_msg("says \"%s\", not \"%s\"", out_text, part);
}

static inline void expect_text(struct slice got, const char *wanted)
{
    if (!slice_eq(got, slice_of(wanted)))
        fail_msg("\"" SLICE_FMT "\" is not \"%s\"", SLICE_ARG(got), wanted);
}

/* The items with commas between. */
static inline void expect_list(struct slices got, const char *wanted)
{
    struct text joined = TEXT_EMPTY;
    for (size_t i = 0; i < got.count; i++) {
        if (i)
            text_add_char(&joined, ',');
        text_add(&joined, got.items[i]);
    }
    struct slice whole = text_slice(&joined);
    if (!slice_eq(whole, slice_of(wanted)))
        fail_msg("\"" SLICE_FMT "\" is not \"%s\"", SLICE_ARG(whole), wanted);
    text_fini(&joined);
}

static inline bool has_note(const char *part)
{
    for (size_t i = 0; i < settings.note_count; i++) {
        char *note = slice_dup(settings.notes[i].text);
        bool found = strstr(note, part) != NULL;
        free(note);
        if (found)
            return true;
    }
    return false;
}
