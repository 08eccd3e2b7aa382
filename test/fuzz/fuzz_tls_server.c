/* SPDX-License-Identifier: MIT */
/* links: sim
 * TLS as it is offered: the input says what both ends say, how the bytes of the client's records are cut, and what is changed on
 * the way. What is heard is what was said, as far as it was heard; a handshake whose bytes came whole, however cut, succeeds; only
 * who said that he has ended has ended. */
#include "sim_message.h"
#include "sim_tls_client.h"
#include "waybill/net/tls.h"
#include "waybill/net/tls_server.h"

enum { UNIT = 97, SAID_MAX = 60000 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

struct run {
    struct sim sim;
    struct sim_tls_client client;
    struct sim_link *wire;
    struct stream *stream;
    struct text said, heard, written; /* by the client, by us, by us */
    const uint8_t *at, *end;
    bool changed, ended, cut;
};

static struct identity authority, shown;
static struct tls_server *server;
static struct tls_acceptor *acceptor;
static SSL_CTX *libraries[2]; /* of clients: 1.2 and 1.3 */

static void make_once(void)
{
    char *problem = NULL;

    if (server)
        return;
    identity_make(&authority, NULL, NULL, -1, 100);
    identity_make(&shown, &authority, "DNS:a.test", -1, 100);
    struct tls_certificates *set = tls_certificates_create();
    struct tls_certificate *certificate = tls_certificate_create(slice_of(shown.cert_pem), slice_of(shown.key_pem),
                                                                 &problem);
    tls_certificates_add(set, certificate);
    tls_certificate_unref(&certificate);
    server = tls_server_create(
        &(struct tls_server_options){.min_version = TLS_VERSION_1_2, .sni_strict = true, .offers_http2 = true});
    tls_server_set_certificates(server, &set);
    acceptor = tls_acceptor_create(server);
    for (int i = 0; i < 2; i++) {
        libraries[i] = sim_tls_client_library(&authority);
        SSL_CTX_set_max_proto_version(libraries[i], i ? TLS1_3_VERSION : TLS1_2_VERSION);
        SSL_CTX_set_alpn_protos(libraries[i], (const unsigned char *)"\x02h2\x08http/1.1", 12);
    }
}

static void on_poke(void *owner)
{
    struct run *run = owner;
    struct slice bytes = stream_bytes(run->stream);

    text_add(&run->heard, bytes);
    stream_consume(run->stream, bytes.len);
    stream_release(run->stream);
}

static uint8_t next(struct run *run)
{
    return run->at < run->end ? *run->at++ : 0;
}

static void say(struct run *run, size_t len)
{
    struct text part = TEXT_EMPTY;

    if (run->ended || run->client.failed || run->said.len + len > SAID_MAX)
        return;
    sim_body_add(&part, run->said.len, len);
    text_add(&run->said, text_slice(&part));
    sim_tls_client_say(&run->client, text_slice(&part));
    text_fini(&part);
}

static void write_some(struct run *run, size_t len, size_t cut)
{
    size_t before = run->written.len;

    if (!run->stream->connected || run->stream->writing || run->stream->error || before + len > SAID_MAX)
        return;
    sim_body_add(&run->written, before, len);
    char *copy = wb_alloc(len + 1); /* `written` may move, and what is being written must not */
    memcpy(copy, run->written.ptr + before, len);
    struct slice parts[2] = {slice_make(copy, cut < len ? cut : len), slice_from(slice_make(copy, len), cut)};
    stream_write(run->stream, parts, 2);
    sim_settle(&run->sim);
    WB_REQUIRE(!run->stream->writing || run->stream->error || run->stream->write_error);
    free(copy);
}

static void change(struct run *run, size_t place, uint8_t how)
{
    size_t there = run->wire->coming.len - run->wire->coming_at;

    if (there == 0 || how == 0)
        return;
    run->wire->coming.ptr[run->wire->coming_at + place % there] ^= (char)how;
    run->changed = true;
}

static void inject(struct run *run, size_t len)
{
    if (run->wire->fin_coming || len == 0)
        return;
    for (size_t i = 0; i < len; i++) {
        char byte = (char)next(run);
        sim_link_send(run->wire, slice_make(&byte, 1));
    }
    run->changed = true;
}

static void finish(struct run *run, bool cut)
{
    if (run->ended)
        return;
    run->ended = true;
    run->cut = cut || !SSL_is_init_finished(run->client.library) || run->client.later.len;
    sim_tls_client_end(&run->client, cut);
}

static void act(struct run *run)
{
    uint8_t what = next(run), how = next(run);

    switch (what & 7) {
    case 0:
        say(run, 1 + (size_t)how * UNIT);
        break;
    case 1:
        write_some(run, 1 + (size_t)how * UNIT, what * 3u);
        break;
    case 2:
        run->wire->wire_rules.deliver_max = how;
        break;
    case 3:
        sim_settle(&run->sim);
        break;
    case 4:
        change(run, (size_t)how * (1 + (what >> 3)), next(run));
        break;
    case 5:
        inject(run, how & 31);
        break;
    case 6:
        finish(run, how & 1);
        break;
    case 7:
        run->wire->wire_rules.absorb_max = how;
        break;
    }
}

static bool begins(const struct text *part, const struct text *whole)
{
    return part->len <= whole->len && slice_eq(text_slice(part), slice_head(text_slice(whole), part->len));
}

static void judge(struct run *run)
{
    struct stream *stream = run->stream;

    WB_REQUIRE(begins(&run->heard, &run->said) && begins(&run->client.heard, &run->written));
    if (stream->eof && !stream->error)
        WB_REQUIRE(run->ended && !run->cut && run->heard.len == run->said.len);
    if (run->changed)
        return;
    WB_REQUIRE(run->cut ||
               (stream->connected && run->heard.len == run->said.len && slice_eq(stream_protocol(stream), SLICE("h2"))));
    WB_REQUIRE(!run->ended || (run->cut ? stream->error != 0 || stream->eof : stream->eof));
}

static void begin(struct run *run, uint8_t options)
{
    sim_init(&run->sim, 0);
    struct stream *plain = sim_link_accept(&run->sim, "192.0.2.1", &run->wire);
    sim_tls_client_begin(&run->client, libraries[options & 1], run->wire, "a.test", NULL);
    run->stream = tls_accept(acceptor, &plain);
    stream_set_owner(run->stream, on_poke, run);
    stream_want_read(run->stream, true);
    for (unsigned steps = options >> 2; steps; steps--) /* into the handshake, or behind it */
        sim_step(&run->sim);
    if (options & 2)
        sim_settle(&run->sim);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    struct run run = {.at = bytes, .end = bytes + count};

    if (count == 0 || count > 512)
        return 0;
    make_once();
    begin(&run, next(&run));
    while (run.at < run.end)
        act(&run);
    run.wire->wire_rules.deliver_max = run.wire->wire_rules.absorb_max = 0;
    sim_settle(&run.sim);
    judge(&run);
    stream_close(&run.stream);
    sim_settle(&run.sim);
    sim_tls_client_fini(&run.client);
    sim_fini(&run.sim);
    text_fini(&run.said);
    text_fini(&run.heard);
    text_fini(&run.written);
    return 0;
}
