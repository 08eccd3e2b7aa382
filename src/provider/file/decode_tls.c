/* SPDX-License-Identifier: MIT */
/* [[tls]]: certificates that entrypoints show (file-provider.md 4.3). One that cannot be read is left out alone. */
#include "decode.h"

/* Empty: it is not there, or no text. */
static struct slice text_of(struct decode *decode, const struct toml_value *table, struct slice key)
{
    const struct toml_value *value = table ? toml_find_nocase(table, key) : NULL;
    return value && value->kind == TOML_TEXT ? arena_copy(decode->arena, slice_trim_space(value->text)) : SLICE("");
}

static void leave_out(struct decode *decode, const struct toml_value *value, const char *what)
{
    diagnostics_add(decode->diagnostics, DIAGNOSTIC_ERROR,
                    slice_of(toml_place_text(decode->document, value, decode->scratch)), "`%s` %s: it is left out",
                    toml_path_text(value, decode->scratch), what);
}

/* False: it names entrypoints, and not as a list of texts. By which of them it would be shown is not to be guessed. */
static bool read_entrypoints(struct decode *decode, const struct toml_value *table, struct slices *out)
{
    const struct toml_value *list = toml_find_nocase(table, SLICE("entryPoints"));

    if (!list)
        return true;
    if (list->kind != TOML_ARRAY)
        return false;
    TOML_EACH(item, list)
    {
        if (item->kind != TOML_TEXT)
            return false;
        slices_add(decode->arena, out, arena_copy(decode->arena, item->text));
    }
    return true;
}

static void read_certificate(struct decode *decode, const struct toml_value *table, struct fragment *part)
{
    const struct toml_value *files = table->kind == TOML_TABLE ? toml_find_nocase(table, SLICE("certificate")) : NULL;
    struct model_certificate read = {.cert = text_of(decode, files, SLICE("certFile")),
                                     .key = text_of(decode, files, SLICE("keyFile"))};

    if (!files || files->kind != TOML_TABLE)
        leave_out(decode, table, "has no certificate: write [tls.certificate] with certFile and keyFile below it");
    else if (!read.cert.len || !read.key.len)
        leave_out(decode, table, "wants certFile and keyFile, both texts: paths or PEM");
    else if (!read_entrypoints(decode, table, &read.entrypoints))
        leave_out(decode, table, "is to have a list of texts for entryPoints");
    else {
        read.origin = arena_copy(decode->arena, slice_of(toml_place_text(decode->document, table, decode->scratch)));
        part->certificates[part->certificate_count++] = read;
    }
}

void decode_certificates(struct decode *decode, const struct toml_value *list, struct fragment *part)
{
    if (list->kind != TOML_ARRAY) {
        leave_out(decode, list, "is to be a list of tables: write [[tls]]");
        return;
    }
    struct model_certificate *before = part->certificates; /* not empty when the list is there in two spellings */
    part->certificates = ARENA_ARRAY(decode->arena, struct model_certificate, part->certificate_count + toml_count(list));
    if (before)
        memcpy(part->certificates, before, part->certificate_count * sizeof *before);
    TOML_EACH(table, list)
    {
        read_certificate(decode, table, part);
    }
}
