/* SPDX-License-Identifier: MIT */
/*
 * json - a fragment as the API shows it (spec/api-json.md 3): compact, keys in the documented order, maps sorted,
 * `<` `>` `&` U+2028 U+2029 escaped, secrets left out. Thread: any. Functions append to a text.
 */
#pragma once
#include "waybill/base/text.h"

struct fragment;
struct model_backend;
struct model_frontend;
struct model_server;
struct model_route;

void json_string(struct text *out, struct slice value);
void json_fragment(struct text *out, const struct fragment *fragment);
void json_backends(struct text *out, const struct fragment *fragment);
void json_frontends(struct text *out, const struct fragment *fragment);
void json_backend(struct text *out, const struct model_backend *backend);
/* `null` when there is none. */
void json_servers(struct text *out, const struct model_backend *backend);
void json_server(struct text *out, const struct model_server *server);
void json_frontend(struct text *out, const struct model_frontend *frontend);
void json_routes(struct text *out, const struct model_frontend *frontend);
void json_route(struct text *out, const struct model_route *route);
