/* SPDX-License-Identifier: MIT */
/*
 * entrypoint - options of a listening address, from either spelling: the words of --entryPoints and the tables of
 * TOML become the same list of options, and one function gives it its meaning (spec/static-config.md 3).
 *
 * Thread: main. What protects and is not there yet, or cannot be understood, stops the start (decisions.md 10, 13).
 */
#pragma once
#include "reading.h"
#include "waybill/toml/toml.h"

enum option_form {
    OPTION_WORD, /* of the mini-language: what it is depends on the key */
    OPTION_TEXT,
    OPTION_LIST,
    OPTION_TRUTH, /* text is "true" or "false" */
    OPTION_TABLE, /* [entryPoints.x.whiteList]: it is there, its members follow */
    OPTION_PAIRS, /* of certificates and keys: every other item is a key, empty where it was not given */
    OPTION_OTHER, /* a TOML value of a kind that no option has */
};

struct entrypoint_option {
    struct slice key; /* lower case, `_` between parts: "whitelist_sourcerange" */
    enum option_form form;
    struct slice text;
    struct slices items;
};

struct entrypoint_options {
    struct entrypoint_option *items;
    size_t count, capacity;
};

/* Copies the option, not what it points to. */
void entrypoint_options_add(struct arena *arena, struct entrypoint_options *options, struct entrypoint_option option);
/* "WhiteList.SourceRange" to "whitelist_sourcerange", in the arena. */
struct slice entrypoint_option_key(struct arena *arena, struct slice written);

/* A TOML table as options, each key behind `prefix` and a `_` unless it is empty. */
void entrypoint_options_read(struct arena *arena, const struct toml_value *table, struct slice prefix,
                             struct entrypoint_options *options);

/* "Name:http Address::80 ..." to options. Never fails: each byte sequence means something. Slices of `text`. */
void entrypoint_split_words(struct arena *arena, struct slice text, struct entrypoint_options *out_options);
/* Adds an entrypoint. False with reading->failure. */
bool entrypoint_add(struct reading *reading, struct slice name, const struct entrypoint_options *options);
/* The whole of it: --entryPoints=text. */
bool entrypoint_add_words(struct reading *reading, struct slice text);
/* [entryPoints]. */
bool entrypoint_add_tables(struct reading *reading, const struct toml_document *document, const struct toml_value *table);
