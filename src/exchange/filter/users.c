/* SPDX-License-Identifier: MIT */
#include "users.h"
#include "waybill/base/file_text.h"
#include <stdlib.h>

enum { FILE_BYTES_MAX = 4 << 20, REPORTED_MAX = 20 };

struct reading {
    const struct filter_source *from;
    const struct users_source *source;
    struct users *users;
    size_t capacity;
    struct slice place; /* what entries are of: "auth.basic.users", or a file's name */
    const char *noun;   /* "entry", "line" */
    size_t reported;
    bool closed;
};

static const char not_two_parts[] = "is not `name:hash`: make it with `htpasswd -nB NAME`";
static const char not_three_parts[] = "is not `name:realm:hash`: make it with `htdigest -c FILE " AUTH_REALM " NAME`";

static const char *read_basic(struct slice rest, struct user *out)
{
    if (slice_find(rest, ':') < rest.len)
        return not_two_parts;
    return password_hash_read(rest, &out->hash);
}

static const char *read_digest(struct slice rest, struct arena *arena, struct user *out)
{
    size_t colon = slice_find(rest, ':');
    struct slice sum = slice_from(rest, colon + 1);

    if (colon == rest.len || slice_find(sum, ':') < sum.len)
        return not_three_parts;
    if (!slice_eq(slice_head(rest, colon), SLICE(AUTH_REALM)))
        return "is of another realm than `" AUTH_REALM "`, the one that clients are asked for: nobody can log in with it";
    if (sum.len != DIGEST_MD5_HEX - 1)
        return "has a hash that is not 32 hexadecimal digits";
    char *lower = arena_strndup(arena, sum.ptr, sum.len);
    for (size_t i = 0; i < sum.len; i++) {
        lower[i] = ascii_lower(lower[i]);
        if (ascii_hex(lower[i]) < 0)
            return "has a hash that is not 32 hexadecimal digits";
    }
    out->secret = slice_make(lower, sum.len);
    return NULL;
}

static const char *read_entry(const struct reading *r, struct slice entry, struct user *out)
{
    size_t colon = slice_find(entry, ':');
    struct slice rest = slice_from(entry, colon + 1);

    *out = (struct user){.name = slice_head(entry, colon)};
    if (colon == entry.len)
        return r->source->digest ? not_three_parts : not_two_parts;
    if (colon == 0 || !header_value_is_valid(out->name))
        return "has no name that could be passed on";
    return r->source->digest ? read_digest(rest, r->from->arena, out) : read_basic(rest, out);
}

static bool is_of_other_form(const char *problem)
{
    return problem == not_two_parts || problem == not_three_parts;
}

/* What is of another form may be a secret as a whole. */
static void report(struct reading *r, size_t number, const struct user *user, const char *problem)
{
    bool named = !is_of_other_form(problem) && user->name.len > 0;
    bool fatal = is_of_other_form(problem) && r->from->entrypoint; /* v1.7 does not start with it */

    r->closed = r->closed || fatal;
    if (r->reported++ >= REPORTED_MAX && !fatal)
        return;
    diagnostics_add(r->from->diagnostics, fatal ? DIAGNOSTIC_CLOSED : DIAGNOSTIC_ERROR, r->from->place,
                    SLICE_FMT ": %s%s %zu%s" SLICE_FMT "%s %s%s", SLICE_ARG(r->place),
                    fatal ? "Error creating authenticator middleware: error parsing Authenticator user: " : "", r->noun,
                    number, named ? " (`" : "", SLICE_ARG(named ? user->name : SLICE("")), named ? "`)" : "",
                    fatal ? "" : "is left out: it ", problem);
}

static void add_user(struct reading *r, const struct user *user)
{
    struct users *users = r->users;

    if (users->count == r->capacity) {
        struct user *grown = ARENA_ARRAY(r->from->arena, struct user, r->capacity ? 2 * r->capacity : 4);
        if (users->count)
            memcpy(grown, users->items, users->count * sizeof *grown);
        users->items = grown;
        r->capacity = r->capacity ? 2 * r->capacity : 4;
    }
    users->items[users->count] = *user;
    users->items[users->count].number = users->count;
    users->count++;
}

static void take_entry(struct reading *r, size_t number, struct slice text)
{
    struct user user;
    struct slice entry = arena_copy(r->from->arena, slice_trim_space(text));
    const char *problem = read_entry(r, entry, &user);

    if (problem)
        report(r, number, &user, problem);
    else
        add_user(r, &user);
}

static void read_users_file(struct reading *r)
{
    struct slice rest, line, name = slice_trim_space(r->source->file);
    struct text text = TEXT_EMPTY;
    wb_err error = file_text_add(&text, name, FILE_BYTES_MAX);

    if (error) {
        diagnostics_add(r->from->diagnostics, DIAGNOSTIC_CLOSED, r->from->place,
                        "%s.usersFile: `" SLICE_FMT "` cannot be read: %s (it is a file of the router's own file system)",
                        r->source->option, SLICE_SHOWN(name), strerror(-error));
        r->closed = true;
    }
    r->place = name;
    r->noun = "line";
    rest = error ? SLICE("") : text_slice(&text);
    for (size_t number = 1; slice_cut(&rest, '\n', &line); number++) {
        line = slice_trim_space(line);
        if (line.len && line.ptr[0] != '#')
            take_entry(r, number, line);
    }
    text_fini(&text);
}

static int compare_names(const void *a, const void *b)
{
    return slice_compare(((const struct user *)a)->name, ((const struct user *)b)->name);
}

static int compare_users(const void *a, const void *b)
{
    const struct user *one = a, *other = b;
    int order = compare_names(one, other);
    return order ? order : (one->number > other->number) - (one->number < other->number);
}

/* Of several with one name the last one holds: the file's, as it is read last. */
static void sort_users(struct users *users)
{
    size_t kept = 0;

    if (users->count)
        qsort(users->items, users->count, sizeof *users->items, compare_users);
    for (size_t i = 0; i < users->count; i++) {
        bool again = i + 1 < users->count && slice_eq(users->items[i].name, users->items[i + 1].name);
        if (!again)
            users->items[kept++] = users->items[i];
    }
    users->count = kept;
}

bool users_read(const struct filter_source *from, const struct users_source *source, struct users *out)
{
    struct reading reading = {.from = from, .source = source, .users = out, .noun = "entry"};

    *out = (struct users){0};
    reading.place = slice_of(arena_format(from->arena, "%s.users", source->option));
    for (size_t i = 0; i < source->list.count; i++)
        take_entry(&reading, i + 1, source->list.items[i]);
    if (source->file.len && !from->files_elsewhere)
        read_users_file(&reading);
    sort_users(out);
    if (out->count == 0 && !reading.closed && !(source->file.len && from->files_elsewhere)) {
        diagnostics_add(from->diagnostics, DIAGNOSTIC_CLOSED, from->place,
                        "%s has no user that could log in: write %s.users or %s.usersFile", source->option, source->option,
                        source->option);
        reading.closed = true;
    }
    return !reading.closed;
}

const struct user *users_find(const struct users *users, struct slice name)
{
    const struct user wanted = {.name = name};
    return users->count ? bsearch(&wanted, users->items, users->count, sizeof wanted, compare_names) : NULL;
}
