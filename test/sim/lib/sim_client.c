/* SPDX-License-Identifier: MIT */
#include "sim_client.h"
#include "waybill/entry/entry.h"

void sim_client_connect(struct sim_client *client, struct sim *sim, struct entry *entry, const char *ip)
{
    *client = (struct sim_client){0};
    struct stream *stream = sim_link_accept(sim, ip, &client->wire);
    entry_accept(entry, 0, stream);
}

void sim_client_ask_slice(struct sim_client *client, struct slice text)
{
    WB_REQUIRE(client->asked < SIM_REQUESTS_MAX);
    client->is_head[client->asked++] = slice_starts(text, SLICE("HEAD "));
    sim_link_send(client->wire, text);
}

void sim_client_ask(struct sim_client *client, const char *text)
{
    sim_client_ask_slice(client, slice_of(text));
}

void sim_client_send(struct sim_client *client, const char *text)
{
    sim_link_send(client->wire, slice_of(text));
}

void sim_client_get(struct sim_client *client, const char *path, unsigned id)
{
    struct text text = TEXT_EMPTY;

    text_addf(&text, "GET %s HTTP/1.1\r\nHost: a.test\r\nX-Id: %u\r\n\r\n", path, id);
    sim_client_ask_slice(client, text_slice(&text));
    text_fini(&text);
}

void sim_client_post(struct sim_client *client, const char *path, unsigned id, size_t count, bool chunked)
{
    struct text text = TEXT_EMPTY, body = TEXT_EMPTY;

    sim_body_add(&body, id, count);
    text_addf(&text, "POST %s HTTP/1.1\r\nHost: a.test\r\nX-Id: %u\r\n", path, id);
    if (chunked) {
        size_t half = count / 2;
        text_add(&text, SLICE("Transfer-Encoding: chunked\r\n\r\n"));
        if (half)
            text_addf(&text, "%zx\r\n" SLICE_FMT "\r\n", half, (int)half, body.ptr);
        if (count > half)
            text_addf(&text, "%zX;x=y\r\n" SLICE_FMT "\r\n", count - half, (int)(count - half), body.ptr + half);
        text_add(&text, SLICE("0\r\nX-Late: yes\r\n\r\n"));
    } else {
        text_addf(&text, "Content-Length: %zu\r\n\r\n", count);
        text_add(&text, text_slice(&body));
    }
    sim_client_ask_slice(client, text_slice(&text));
    text_fini(&text);
    text_fini(&body);
}

/* Reads answers up to number `index`; what is behind it stays in *rest. */
static bool read_up_to(const struct sim_client *client, unsigned index, struct slice *rest, unsigned *interims,
                       struct sim_message *out_answer)
{
    *rest = text_slice(&client->wire->got);
    for (unsigned at = 0;;) {
        enum sim_kind kind = at < client->asked && client->is_head[at] ? SIM_RESPONSE_TO_HEAD : SIM_RESPONSE;
        sim_message_read(*rest, kind, sim_link_is_over(client->wire), out_answer);
        unsigned status = sim_message_status(out_answer);
        if (!out_answer->complete)
            return false;
        *rest = slice_from(*rest, out_answer->bytes);
        if (status < 200 && status != 101) {
            ++*interims;
        } else if (at++ == index) {
            return true;
        }
        sim_message_fini(out_answer);
    }
}

bool sim_client_answer(const struct sim_client *client, unsigned index, struct sim_message *out_answer)
{
    struct slice rest;
    unsigned interims = 0;
    return read_up_to(client, index, &rest, &interims, out_answer);
}

unsigned sim_client_status(const struct sim_client *client, unsigned index)
{
    struct sim_message answer;
    unsigned status = sim_client_answer(client, index, &answer) ? sim_message_status(&answer) : 0;
    sim_message_fini(&answer);
    return status;
}

unsigned sim_client_interims(const struct sim_client *client)
{
    struct sim_message answer;
    struct slice rest;
    unsigned interims = 0;
    read_up_to(client, SIM_REQUESTS_MAX, &rest, &interims, &answer);
    sim_message_fini(&answer);
    return interims;
}

struct slice sim_client_rest(const struct sim_client *client, unsigned count)
{
    struct sim_message answer;
    struct slice rest = text_slice(&client->wire->got);
    unsigned interims = 0;

    if (count == 0)
        return rest;
    read_up_to(client, count - 1, &rest, &interims, &answer);
    sim_message_fini(&answer);
    return rest;
}
