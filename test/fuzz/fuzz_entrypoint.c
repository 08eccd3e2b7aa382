/* SPDX-License-Identifier: MIT */
/* links: settings */
/* The words of --entryPoints: whatever they are, they are refused with a reason, or give one entrypoint that can be used. */
#include "waybill/net/address.h"
#include "waybill/settings/host_port.h"
#include "waybill/settings/settings.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void check_networks(const struct slices *networks)
{
    struct network network;
    for (size_t i = 0; i < networks->count; i++)
        WB_REQUIRE(network_parse(networks->items[i], &network));
}

/* Whoever is asked for a login can be told how. */
static void check_auth(const struct model_auth *auth)
{
    const struct model_auth_users *users = auth->basic ? auth->basic : auth->digest;

    if (users)
        WB_REQUIRE(users->users.count || users->users_file.len);
    else
        WB_REQUIRE(auth->forward && slice_starts_nocase(auth->forward->address, SLICE("http")));
}

static void check_entrypoint(const struct model_entrypoint *entrypoint)
{
    struct host_port host_port;
    WB_REQUIRE(host_port_parse(entrypoint->address, &host_port));
    check_networks(&entrypoint->forwarded_trusted);
    if (entrypoint->white_list) {
        WB_REQUIRE(entrypoint->white_list->source_range.count > 0);
        check_networks(&entrypoint->white_list->source_range);
    }
    check_networks(&entrypoint->proxy_trusted);
    WB_REQUIRE(!entrypoint->proxy_protocol || entrypoint->proxy_insecure || entrypoint->proxy_trusted.count > 0);
    WB_REQUIRE(entrypoint->proxy_protocol || (!entrypoint->proxy_insecure && entrypoint->proxy_trusted.count == 0));
    if (entrypoint->redirect)
        WB_REQUIRE(entrypoint->redirect->entrypoint.len ||
                   (entrypoint->redirect->regex.len && entrypoint->redirect->replacement.len));
    if (entrypoint->auth)
        check_auth(entrypoint->auth);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    char *words = wb_strndup((const char *)bytes, size);
    char *word = wb_format("--entryPoints=%s", words);
    char *argv[] = {(char[]){"waybill"}, word, (char[]){"--configFile=/dev/null"}, NULL};
    struct settings settings;
    char *text;
    enum settings_outcome outcome = settings_read(&settings, 3, argv, &text);
    WB_REQUIRE(outcome != SETTINGS_HELP);
    WB_REQUIRE((outcome == SETTINGS_OK) == (text == NULL));
    if (outcome == SETTINGS_OK) {
        WB_REQUIRE(settings.entrypoint_count == 1 && settings.entrypoint_names.count == 1);
        check_entrypoint(&settings.entrypoints[0]);
    }
    settings_fini(&settings);
    free(text);
    free(word);
    free(words);
    return 0;
}
