/* SPDX-License-Identifier: MIT */
/*
 * Asking a running router. Where its API is: --api; else, in a container whose router is process 1, what that one's flags say
 * (as `healthcheck --container` does); else what the static configuration on this machine says; else where --api is without
 * further flags.
 */
#include "command_private.h"
#include "waybill/callout/callout.h"
#include "waybill/settings/healthcheck.h"
#include "waybill/settings/host_port.h"
#include "waybill/settings/settings.h"
#include <stdio.h>
#include <stdlib.h>

enum { ANSWER_BYTES = 4 * 1024 * 1024, ANSWER_TIMEOUT_MS = 10000 };

#define DEFAULT_PLACE "http://127.0.0.1:8080"

void ask_add_encoded(struct text *target, const char *value)
{
    for (struct slice rest = slice_of(value); rest.len; rest = slice_from(rest, 1)) {
        char c = rest.ptr[0], low = ascii_lower(c);
        if ((low >= 'a' && low <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '~')
            text_add_char(target, c);
        else
            text_addf(target, "%%%02X", (unsigned)(unsigned char)c);
    }
}

/* The API's address as these settings have it; false: the API is off, or listens nowhere. */
static bool api_of(const struct settings *settings, struct text *out_place)
{
    const struct model_entrypoint *entrypoint = settings_entrypoint(settings, settings->api_entrypoint);
    struct host_port there;

    if (!settings->api_on || !entrypoint || !host_port_reachable(entrypoint->address, &there) || there.port == 0)
        return false;
    text_addf(out_place, "%s://", entrypoint->tls ? "https" : "http");
    text_addf(out_place, there.bracketed ? "[" SLICE_FMT "]:%u" : SLICE_FMT ":%u", SLICE_ARG(there.host),
              (unsigned)there.port);
    text_add(out_place, settings->admin_path);
    return true;
}

enum found { FOUND_API, FOUND_NO_API, FOUND_NOTHING };

/* The router that is process 1 here. */
static enum found find_in_container(struct text *out_place)
{
    struct container_words words;
    struct settings settings;
    char *text = NULL;
    enum found found = FOUND_NOTHING;

    container_words_read("/proc/1/cmdline", &words);
    if (words.found) {
        bool good = settings_read(&settings, words.argc, words.argv, &text) == SETTINGS_OK;
        found = good && api_of(&settings, out_place) ? FOUND_API : FOUND_NO_API;
        settings_fini(&settings);
    }
    free(text);
    container_words_fini(&words);
    return found;
}

/* The static file, the one named or one that lies where the router looks. False: it cannot be read, which was said. */
static bool find_in_file(const char *config_file, struct text *out_place)
{
    char *option = config_file ? wb_format("--configFile=%s", config_file) : NULL, *text = NULL;
    char *argv[] = {(char *)(uintptr_t) "waybill", (char *)(uintptr_t) "healthcheck", option};
    struct settings settings;
    bool good = settings_read(&settings, option ? 3 : 2, argv, &text) == SETTINGS_OK;

    if (!good && text)
        fputs(text, stderr);
    if (good && !api_of(&settings, out_place))
        text_add(out_place, SLICE(DEFAULT_PLACE));
    settings_fini(&settings);
    free(option);
    free(text);
    return good;
}

static bool find_place(const struct ask_place *place, struct text *out_place)
{
    if (place->api) {
        text_addf(out_place, strstr(place->api, "://") || place->api[0] == '/' ? "%s" : "http://%s", place->api);
        return true;
    }
    switch (place->config_file ? FOUND_NOTHING : find_in_container(out_place)) {
    case FOUND_API:
        return true;
    case FOUND_NO_API:
        fputs("the router of this container has no API that could be asked: start it with --api\n", stderr);
        return false;
    case FOUND_NOTHING:
        break;
    }
    return find_in_file(place->config_file, out_place);
}

/* "http://host: /api/...: why" to "why": whoever typed the command knows what was asked. */
static const char *reason_of(const struct callout_get *get)
{
    char *target = wb_format(": " SLICE_FMT ": ", SLICE_ARG(get->target));
    const char *error = get->error.ptr ? get->error.ptr : "no answer", *found = strstr(error, target);

    if (found)
        error = found + strlen(target);
    free(target);
    return error;
}

static void tell_unreachable(const struct text *place, const struct callout_get *get, const char *again)
{
    struct text shown = TEXT_EMPTY;

    text_add_escaped(&shown, slice_of(again));
    fprintf(stderr,
            "no router answers at %s: %s\n"
            "Is it running, and with --api? If its API is elsewhere, name that with --api http://HOST:PORT; or ask in the\n"
            "router's container:\n"
            "    docker exec CONTAINER /waybill %s\n",
            place->ptr, reason_of(get), shown.ptr ? shown.ptr : "");
    text_fini(&shown);
}

/* Line by line, and nothing that disturbs a terminal: it may be anybody who listens there. */
static void print_lines(struct slice body)
{
    struct text shown = TEXT_EMPTY;
    struct slice line;

    while (slice_cut(&body, '\n', &line)) {
        text_add_visible(&shown, line);
        if (body.ptr)
            text_add_char(&shown, '\n');
    }
    if (shown.len)
        fwrite(shown.ptr, 1, shown.len, stdout);
    text_fini(&shown);
}

/* What the status of the answer means for whoever typed the command. */
static int tell_answer(const struct text *place, const struct callout_get *get)
{
    struct slice body = text_slice(&get->body);

    if (get->status == 404 && slice_eq(body, SLICE("404 page not found\n"))) {
        fprintf(stderr, "%s answers, but not as the API of Waybill: is it the right address (--api http://HOST:PORT)?\n",
                place->ptr);
        return COMMAND_FAILED;
    }
    if (get->status == 200 || get->status == 404) {
        print_lines(body);
        return get->status == 200 ? COMMAND_YES : COMMAND_NO;
    }
    struct text shown = TEXT_EMPTY;
    text_add_escaped(&shown, slice_trim_space(slice_head(body, 1000)));
    fprintf(stderr, "%s answers with status %u: %s\n", place->ptr, get->status, shown.ptr ? shown.ptr : "");
    if (get->status == 401)
        fputs(get->login ? "The API does not take this login: give another one with --user NAME:PASSWORD\n"
                         : "The API wants a login: give one with --user NAME:PASSWORD, or as WAYBILL_USER\n",
              stderr);
    if (get->status == 403)
        fputs("The API's entrypoint lets others in: ask in the router's container, by docker exec\n", stderr);
    text_fini(&shown);
    return COMMAND_FAILED;
}

/* "http://host:80/status/" to where the API is, and the path that it is below of. */
static struct slice cut_path(struct slice *place)
{
    bool is_secure = slice_starts(*place, SLICE("https://"));
    struct slice path = slice_from(*place, is_secure ? 8 : 7);

    if (!is_secure && !slice_starts(*place, SLICE("http://")))
        return SLICE("");
    path = slice_from(path, slice_find(path, '/'));
    *place = slice_head(*place, place->len - path.len);
    return slice_head(path, path.len - slice_ends(path, SLICE("/")));
}

bool ask_option(struct words *words, struct ask_place *place)
{
    return words_option(words, "--api", &place->api) || words_option(words, "--configFile", &place->config_file) ||
           words_option(words, "--user", &place->login);
}

/* The router whose configuration lies here is called by its address, for which its certificate need not be. */
static int ask(const struct text *place, const struct ask_place *asked, const struct text *target, const char *again)
{
    const struct callout_tls tls = {
        .options = "--api", .ca = SLICE(""), .cert = SLICE(""), .key = SLICE(""), .insecure_skip_verify = true};
    bool is_secure = !asked->api && slice_starts(text_slice(place), SLICE("https://"));
    char *error = NULL;
    struct slice base = text_slice(place), path = cut_path(&base);
    struct callout *callout = callout_create(base, is_secure ? &tls : NULL, &error);
    struct text below = TEXT_EMPTY;
    int status = COMMAND_FAILED;

    text_add(&below, path);
    text_add(&below, text_slice(target));
    struct callout_get get = {.target = text_slice(&below),
                              .body_limit = ANSWER_BYTES,
                              .timeout_ms = ANSWER_TIMEOUT_MS,
                              .login = asked->login ? asked->login : getenv("WAYBILL_USER")};
    if (!callout) {
        fprintf(stderr, "--api: %s\n", error);
        free(error);
        text_fini(&below);
        return COMMAND_FAILED;
    }
    if (callout_get_all(callout, &get, 1, 1) == CALLOUT_OK && get.status)
        status = tell_answer(place, &get);
    else
        tell_unreachable(place, &get, again);
    callout_get_fini(&get);
    callout_destroy(&callout);
    text_fini(&below);
    return status;
}

int command_ask(const struct ask_place *place, const struct text *target, const char *again)
{
    struct text found = TEXT_EMPTY;
    int status = find_place(place, &found) ? ask(&found, place, target, again) : COMMAND_FAILED;

    text_fini(&found);
    return status;
}
