/* SPDX-License-Identifier: MIT */
/* auth_common - what basic and digest authentication do alike. Thread: control for compile, workers for the rest. */
#pragma once
#include "users.h"

/* What becomes of the request of who has logged in. */
struct auth_effect {
    struct slice header_field; /* carries his name; empty: none */
    bool remove_header;        /* Authorization */
};

/* False: headerField is no name that can be set; a diagnostic was added. */
bool auth_effect_compile(const struct filter_source *from, const char *option, struct slice header_field, bool remove_header,
                         struct auth_effect *out);
/* Notes who it is and changes the request. False: it was answered instead. */
bool auth_let_in(struct exchange *exchange, const struct auth_effect *effect, struct slice name);
bool auth_effect_owns(const struct auth_effect *effect, struct slice name);
/* 401; the challenge lives as long as the exchange. */
void auth_challenge(struct exchange *exchange, struct slice challenge);
/* The one Authorization field; empty: none, or several, of which a server might take another one. */
struct slice auth_field(const struct exchange *exchange);
/* State found again by who asks for it: filter, provider, backend and rules (decisions.md 15), and `what` else. */
void *auth_live(const struct filter_source *from, const char *filter, struct slice what, size_t bytes);
