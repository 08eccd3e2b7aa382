/* SPDX-License-Identifier: MIT */
/* links: sim
 * TLS over a stream: the input says what both ends say, how the bytes are cut, and what is changed on the way. What is heard is
 * what was said, as far as it was heard; only who said that he has ended has ended. */
#include "sim_tls.h"
#include "waybill/base/log.h"
#include "waybill/net/tls.h"
#include "waybill/net/tls_credentials.h"

enum { UNIT = 97, SAID_MAX = 60000 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

struct run {
    struct sim sim;
    struct sim_tls_server server;
    struct sim_tls_conn *conn; /* NULL until the server has accepted */
    struct tls_peer *peer;
    struct stream *stream;
    struct text said, heard, written; /* by the server, by us, by us */
    const uint8_t *at, *end;
    bool changed, ended, cut;
};

static struct identity authority, shown;
static struct tls_context *context;
static struct tls_credentials *credentials;

static void make_once(void)
{
    char *problem = NULL;

    if (context)
        return;
    identity_make(&authority, NULL, NULL, -1, 100);
    identity_make(&shown, &authority, "DNS:a.test", -1, 100);
    struct slice pem = slice_of(authority.cert_pem);
    credentials = tls_credentials_create(&(struct tls_options){.ca_option = "ca", .cas = &pem, .ca_count = 1}, &problem);
    context = tls_context_create(credentials);
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

    if (run->ended || run->conn->failed || !SSL_is_init_finished(run->conn->library) || run->said.len + len > SAID_MAX)
        return;
    sim_body_add(&part, run->said.len, len);
    text_add(&run->said, text_slice(&part));
    sim_tls_say(run->conn, text_slice(&part));
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
    struct sim_link *wire = run->conn->wire;
    size_t there = wire->coming.len - wire->coming_at;

    if (there == 0 || how == 0)
        return;
    wire->coming.ptr[wire->coming_at + place % there] ^= (char)how;
    run->changed = true;
}

static void inject(struct run *run, size_t len)
{
    if (run->conn->wire->fin_coming || len == 0)
        return;
    for (size_t i = 0; i < len; i++) {
        char byte = (char)next(run);
        sim_link_send(run->conn->wire, slice_make(&byte, 1));
    }
    run->changed = true;
}

static void finish(struct run *run, bool cut)
{
    if (run->ended)
        return;
    run->ended = true;
    run->cut = cut || !SSL_is_init_finished(run->conn->library);
    sim_tls_end(run->conn, cut);
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
        run->conn->wire->wire_rules.deliver_max = how;
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
        run->conn->wire->wire_rules.absorb_max = how;
        break;
    }
}

static void judge(struct run *run)
{
    struct stream *stream = run->stream;

    WB_REQUIRE(run->heard.len <= run->said.len &&
               memcmp(run->heard.ptr ? run->heard.ptr : "", run->said.ptr ? run->said.ptr : "", run->heard.len) == 0);
    WB_REQUIRE(run->conn->heard.len <= run->written.len &&
               memcmp(run->conn->heard.ptr ? run->conn->heard.ptr : "", run->written.ptr ? run->written.ptr : "",
                      run->conn->heard.len) == 0);
    if (stream->eof && !stream->error)
        WB_REQUIRE(run->ended && !run->cut && run->heard.len == run->said.len);
    if (run->changed)
        return;
    WB_REQUIRE(run->heard.len == run->said.len);
    WB_REQUIRE(stream->connected || run->cut);
    WB_REQUIRE(!run->ended || (run->cut ? stream->error != 0 : stream->eof));
}

static void begin(struct run *run, uint8_t options)
{
    struct address address;

    sim_init(&run->sim, 0);
    sim_tls_server_init(&run->server, &run->sim, "10.0.0.1", 443, &shown);
    run->server.came = NULL;
    SSL_CTX_set_max_proto_version(run->server.library, options & 1 ? TLS1_3_VERSION : TLS1_2_VERSION);
    run->peer = tls_peer_create(context, SLICE("a.test"));
    WB_REQUIRE(address_parse(SLICE("10.0.0.1"), 443, &address));
    struct stream *plain = stream_dial(&run->sim.loop, &address);
    run->stream = tls_dial(run->peer, &plain);
    stream_set_owner(run->stream, on_poke, run);
    stream_want_read(run->stream, true);
    while (!sim_tls_server_conn(&run->server))
        sim_step(&run->sim);
    run->conn = sim_tls_server_conn(&run->server);
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
    run.conn->wire->wire_rules.deliver_max = run.conn->wire->wire_rules.absorb_max = 0;
    sim_settle(&run.sim);
    judge(&run);
    stream_close(&run.stream);
    sim_settle(&run.sim);
    tls_peer_destroy(&run.peer);
    sim_tls_server_fini(&run.server);
    sim_fini(&run.sim);
    text_fini(&run.said);
    text_fini(&run.heard);
    text_fini(&run.written);
    return 0;
}
