#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Servers over HTTP/2, frame by frame: what passes, who shares a connection, what each fault costs, and whom."""
import threading
import time

from _h2_origin import *
from _lib import *
from _lib import attempt as plain_attempt

MIB = bytes(range(256)) * 4096
h2c = H2Origin("h2c")
few = H2Origin("few", settings={"MAX_CONCURRENT_STREAMS": 3})
spare, late = H2Origin("spare"), H2Origin("late")


def frontend(name, *urls, more=""):
    servers = "".join(f'[backends.{name}.servers.s{i}]\nurl = "{url}"\n' for i, url in enumerate(urls))
    return f"""
{servers}
[frontends.{name}]
backend = "{name}"
passHostHeader = true
[frontends.{name}.routes.r]
rule = "Host:{name}.test"
{more}"""


H2_RULES = RULES + frontend("shared", f"h2c://127.0.0.1:{h2c.port}") + frontend("few", f"h2c://127.0.0.1:{few.port}") + \
    frontend("late", f"h2c://127.0.0.1:{late.port}") + frontend("two", f"h2c://127.0.0.1:{h2c.port}", f"h2c://127.0.0.1:{spare.port}")


def ask(path=b"/m", host=b"shared.test", method=b"GET", fields=b"", body=b""):
    return method + b" " + path + b" HTTP/1.1\r\nHost: " + host + b"\r\n" + fields + b"\r\n" + body


def post(body, chunk=None, **options):
    if chunk:
        return ask(method=b"POST", fields=b"Transfer-Encoding: chunked\r\n", body=chunked(body, (chunk,)), **options)
    return ask(method=b"POST", fields=b"Content-Length: %d\r\n" % len(body), body=body, **options)


def default():
    for origin in (h2c, few, spare, late):
        origin.script, origin.settings, origin.takes = origin.usual, origin.usual_settings, lambda request: True


def attempt(name, function, *args, **options):
    plain_attempt(name, function, *args, **options)
    default()


def wait(condition, what, timeout=WAIT):
    end = time.monotonic() + timeout
    while not condition():
        expect(time.monotonic() < end, "in vain waited for:", what)
        time.sleep(0.002)


def only_conn(world):
    """The one connection that is open, and rests."""
    works(world)
    wait(lambda: len(h2c.live()) == 1, "one connection")
    return h2c.live()[0]


def exchange(world, text, script=None, method="GET", origin=h2c):
    """One request with a scripted answer: (answer, what the server saw)."""
    default()
    begin = len(origin.requests)
    if script:
        origin.script = script
    with world.connect() as c:
        c.send(text)
        r = c.response(method)
    origin.script = origin.usual
    return r, origin.requests[begin:]


def works(world, host=b"shared.test"):
    r = world.ask(ask(b"/after", host, fields=b"X-Tag: after\r\n"))
    expect(r.status == 200 and r.one("x-tag") == b"after", "the next request:", r.head, r.body)


@row
def requests_and_answers(world):
    """Heads, bodies of any size and framing, and trailers pass both ways."""

    def fields():
        r, (q,) = exchange(world, ask(b"/a%20b?c=%64", fields=b"X-Tag: t\r\nX-Two: 1\r\nX-Two: 2\r\nCookie: a=b\r\nConnection: X-Own, close\r\nX-Own: 1\r\nKeep-Alive: 5\r\nUser-Agent: u\r\n"))
        expect(q.fields[:4] == [(b":method", b"GET"), (b":scheme", b"http"), (b":authority", b"shared.test"), (b":path", b"/a%20b?c=%64")], q.fields)
        expect(q.all("x-two") == [b"1", b"2"] and q.one("cookie") == b"a=b" and q.one("user-agent") == b"u", q.fields)
        for name in ("connection", "host", "x-own", "keep-alive", "te", "transfer-encoding", "upgrade", "proxy-connection"):
            expect(q.one(name) is None, name, "passed")
        expect(q.one("x-forwarded-for") == b"127.0.0.1" and q.one("x-forwarded-proto") == b"http", q.fields)
        expect(r.one("x-origin") == b"h2c" and r.phrase == b"OK", r.head)
        expect(len(r.all("Transfer-Encoding")) + len(r.all("Content-Length")) == 1, "framing:", r.head)

    def body(size, chunk, split):
        payload = (MIB * 4)[:size]

        def echo(q):
            q.wait_end(20)
            q.answer(200, [(b"content-length", b"%d" % size)] if split else [], q.body)

        r, (q,) = exchange(world, post(payload, chunk), echo)
        expect(q.body == payload and r.body == payload, size, chunk, len(q.body), len(r.body))
        expect(q.one("content-length") == (None if chunk else b"%d" % size), q.fields)
        expect((r.one("Content-Length") is not None) == (bool(split) or size == 0), r.head)

    def large_head():
        """As large as is taken from a client, and what is added to it."""
        large = [b"X-Large-%d: " % i + b"v" * 800 for i in range(80)]
        answer = [(b"x-large-%d" % i, b"w" * 800) for i in range(74)]
        r, (q,) = exchange(world, ask(fields=b"\r\n".join(large) + b"\r\n"), lambda q: q.answer(200, answer))
        expect([len(q.one("x-large-%d" % i)) for i in range(80)] == [800] * 80, q.fields)
        expect(r.status == 200 and len(r.one("x-large-73")) == 800, r.status)

    def no_body(method, status, fields=()):
        r, _ = exchange(world, ask(method=method), lambda q: q.answer(status, list(fields)), method.decode())
        expect(r.status == status, r.head)
        expect(r.one("Transfer-Encoding") is None, r.head)
        expect(r.all("Content-Length") == [v for k, v in fields if k == b"content-length"] or (status == 200 and r.one("Content-Length") == b"0"), r.head)

    def trailers():
        r, (q,) = exchange(world, ask(method=b"POST", fields=b"Transfer-Encoding: chunked\r\nTE: trailers\r\nConnection: TE\r\n",
                                      body=chunked(b"hello", end=b"0\r\nX-Sum: 5\r\nAuthorization: no\r\n\r\n")),
                           lambda q: (q.wait_end(), q.answer(200, [], b"world", [(b"x-after", b"1"), (b"authorization", b"no"), (b"x-more", b"2")])))
        expect(q.trailers == [(b"x-sum", b"5")] and q.one("te") == b"trailers", q.trailers, q.fields)
        expect(r.trailers == [b"x-after: 1", b"x-more: 2"] and r.body == b"world", r.trailers)
        r, _ = exchange(world, ask(), lambda q: q.answer(200, [], b"world", [(b"x-after", b"1")]))
        expect(r.trailers == [b"x-after: 1"] and r.body == b"world", r.trailers)

    def interim():
        def script(q):
            q.send_head([(b":status", b"103"), (b"link", b"x")])
            q.send_head([(b":status", b"100")])
            q.wait_end()
            q.answer(200, [], q.body)

        r, _ = exchange(world, post(b"hello", None), script)
        expect(r.status == 200 and r.body == b"hello" and not r.interim, r.head, r.interim)
        h2c.script = script
        with world.connect() as c:
            c.send(ask(method=b"POST", fields=b"Content-Length: 5\r\nExpect: 100-continue\r\n"))
            expect(c.head().status == 100, "no 100")
            c.send(b"hello")
            expect(c.response().body == b"hello")
        default()

    def no_protocol_to_switch_to():
        r, (q,) = exchange(world, ask(fields=b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"))
        expect(r.status == 200 and q.one("upgrade") is None and q.one("sec-websocket-version") == b"13", r.head, q.fields)

    def old_client():
        with world.connect() as c:
            c.send(b"GET /m HTTP/1.0\r\nHost: shared.test\r\n\r\n")
            r = c.response()
            expect(r.status == 200 and r.body and r.one("Transfer-Encoding") is None and c.closed(), r.head)

    attempt("fields", fields)
    for size in (0, 1, 16383, 16384, 65535, 65536, 200000, 3 << 20):
        for chunk, split in ((None, 0), (None, 1), (7000, 0)):
            if size or not chunk:
                attempt(f"body of {size} by {chunk}, {split}", body, size, chunk, split)
    attempt("heads of 64 KiB", large_head)
    attempt("HEAD", no_body, b"HEAD", 200, [(b"content-length", b"12345")])
    attempt("HEAD without length", no_body, b"HEAD", 200)
    for status in (204, 304):
        attempt(f"{status}", no_body, b"GET", status)
    attempt("an answer of a head alone", no_body, b"GET", 200)
    attempt("trailers", trailers)
    attempt("interim answers", interim)
    attempt("no protocol to switch to", no_protocol_to_switch_to)
    attempt("HTTP/1.0", old_client)


def together(world, count, host=b"shared.test"):
    """So many requests at once, all under way before the first is answered: their answers."""
    clients = [world.connect() for _ in range(count)]
    for i, c in enumerate(clients):
        c.send(ask(b"/%d" % i, host, fields=b"X-Tag: %d\r\n" % i))
    answers = [c.response(timeout=20) for c in clients]
    for c in clients:
        c.sock.close()
    for i, r in enumerate(answers):
        expect(r.status == 200 and r.one("x-tag") == b"%d" % i, i, r.head, r.body)
    return answers


@row
def connections_are_shared(world):
    """Those who come together share a connection, as many as the server allows; beyond that there are more."""

    def many():
        gate = threading.Event()
        h2c.restart()
        h2c.script = lambda q: (gate.wait(10), usual(q))
        threading.Timer(0.4, gate.set).start()
        together(world, 60)
        expect(len(h2c.live()) == 1, "connections:", len(h2c.live()))
        expect(h2c.live()[0].open_most == 60, "at once:", h2c.live()[0].open_most)

    def bounded():
        gate = threading.Event()
        few.script = lambda q: (gate.wait(10), usual(q))
        works_first = world.ask(ask(host=b"few.test", fields=b"X-Tag: 0\r\n")) if gate.set() is None else None
        expect(works_first.status == 200, works_first.head)
        gate.clear()
        threading.Timer(0.4, gate.set).start()
        together(world, 10, b"few.test")
        expect(max(conn.open_most for conn in few.live()) == 3, [conn.open_most for conn in few.live()])
        expect(len(few.live()) == 4, "connections:", len(few.live()))

    def before_the_settings():
        """The limit comes late: those above it are refused, and are asked again elsewhere."""
        refused = []

        def script(q):
            if q.stream == 1 and q.conn is late.conns[0]:
                time.sleep(0.1)  # all have come
                late.settings = {"MAX_CONCURRENT_STREAMS": 3}
                q.conn.send_settings(**late.settings)
            if q.stream > 5:
                refused.append(q)
                time.sleep(0.2)
                q.reset(REFUSED_STREAM)
                return
            time.sleep(0.3)
            usual(q)

        late.script = script
        together(world, 8, b"late.test")
        expect(len(refused) == 5, "refused:", len(refused))
        expect(len(late.live()) == 3, "connections:", len(late.live()))

    def one_after_another():
        before = len(h2c.conns)
        with world.connect() as c:
            for i in range(50):
                c.send(ask(fields=b"X-Tag: %d\r\n" % i))
                expect(c.response().one("x-tag") == b"%d" % i)
        expect(len(h2c.conns) <= before + 1, "new connections:", len(h2c.conns) - before)

    attempt("60 at once", many)
    attempt("more than the server allows", bounded)
    attempt("before its settings are known", before_the_settings)
    attempt("one after another", one_after_another)


@row
def windows(world):
    """Each direction is bounded by the windows, and one stream that stands still holds up no other."""

    def stalled_client():
        def script(q):
            if q.target == b"/stalled":
                q.send_head([(b":status", b"200")])
                q.send_body(MIB * 8, end=True)
            else:
                usual(q)

        h2c.script = script
        stalled = [world.connect(rcvbuf=4096) for _ in range(5)]
        for c in stalled:
            c.send(ask(b"/stalled"))
        time.sleep(0.3)
        begin = time.monotonic()
        for _ in range(20):
            works(world)
        expect(time.monotonic() - begin < 3, "others were held up")
        expect(len(h2c.live()) == 1, "connections:", len(h2c.live()))
        for c in stalled:
            c.sock.close()
        default()

    def window_changes():
        """The server's window is nothing, grows, shrinks below nothing and grows again while a body is under way."""
        h2c.restart()
        h2c.settings = {"INITIAL_WINDOW_SIZE": 0}
        h2c.takes = lambda request: False
        payload = MIB[:50000]

        def script(q):
            for size in (100, 5, 20000, 10, 30000, 60000):
                q.conn.send_settings(INITIAL_WINDOW_SIZE=size)
                time.sleep(0.03)
            q.wait_end()
            q.answer(200, [], q.body)

        h2c.script = script
        r = world.ask(post(payload), "POST")
        expect(r.body == payload, len(r.body))
        h2c.restart()
        default()

    def small_windows():
        """A byte a window, and the body still comes whole."""
        h2c.restart()
        h2c.settings = {"INITIAL_WINDOW_SIZE": 1}
        r, (q,) = exchange_kept(world, post(b"x" * 300), None)
        expect(len(q.body) == 300, len(q.body))
        h2c.restart()
        default()

    def server_takes_nothing():
        """What a client sends and the server does not take stays bounded, and others go on."""
        hold = threading.Event()
        h2c.takes = lambda request: request.target != b"/hold"
        h2c.script = lambda q: (hold.wait(10) if q.target == b"/hold" else None, usual(q))
        with world.connect() as c:
            c.sock.settimeout(0.3)
            sent = 0
            c.sock.sendall(ask(b"/hold", method=b"POST", fields=b"Content-Length: 100000000\r\n"))
            try:
                while True:
                    sent += c.sock.send(MIB)
            except OSError:
                pass
            expect(sent < 12 << 20, "taken:", sent)
            works(world)
        hold.set()
        h2c.restart()
        default()

    attempt("clients that read nothing", stalled_client)
    attempt("a window that changes", window_changes)
    attempt("windows of one byte", small_windows)
    attempt("a server that takes nothing", server_takes_nothing)


def exchange_kept(world, text, script, method="GET", origin=h2c):
    """As exchange, but settings and windows of the origin stay as they are."""
    begin = len(origin.requests)
    origin.script = script or usual
    with world.connect() as c:
        c.send(text)
        r = c.response(method)
    return r, origin.requests[begin:]


@row
def ends(world):
    """Who leaves ends one stream: the connection and the others on it go on."""

    def client_leaves():
        conn = only_conn(world)
        for point in ("head", "body", "upload"):
            began = threading.Event()

            def script(q, point=point, began=began):
                if point == "body":
                    q.send_head([(b":status", b"200")])
                    q.send_body(b"half")
                began.set()
                q.over.wait(WAIT)

            h2c.script = script
            with world.connect() as c:
                c.send(ask(method=b"POST", fields=b"Content-Length: 10\r\n", body=b"half") if point == "upload" else ask())
                expect(began.wait(WAIT), point)
                if point == "body":
                    c.head()
            q = conn.requests[max(conn.requests)]
            expect(q.over.wait(WAIT) and q.code == CANCEL, point, q.code)
            default()
            works(world)
            expect(h2c.live() == [conn], "the connection has ended:", point)

    def early_answer(code):
        """An answer before the upload is over, whole, and the server wants no more of it (RFC 9113 8.1)."""

        def script(q):
            q.send_head([(b":status", b"413")])
            q.send_body(b"too much", end=True)
            if code is not None:
                q.reset(code)

        h2c.script = script
        with world.connect() as c:
            c.send(ask(method=b"POST", fields=b"Content-Length: 1000000\r\n", body=b"x" * 1000))
            r = c.response()
            expect(r.status == 413 and r.body == b"too much", r.head, r.body)
        default()
        works(world)

    def server_resets(code, point, status):
        def script(q):
            if point == "body":
                q.send_head([(b":status", b"200")])
                q.send_body(b"half")
            q.reset(code)

        h2c.script = script
        works_conn = h2c.live()[:1]
        with world.connect() as c:
            c.send(post(b"x"))
            try:
                r = c.response()
                expect(status and r.status == status, point, code, r.head, r.body)
            except Closed:
                expect(status is None, point, code, "cut")
        default()
        works(world)
        expect(not works_conn or h2c.live()[:1] == works_conn, "the connection has ended")

    attempt("the client leaves", client_leaves)
    for code in (None, NO_ERROR, CANCEL):
        attempt(f"an early answer, {code}", early_answer, code)
    for code in (PROTOCOL_ERROR, INTERNAL_ERROR, FLOW_CONTROL_ERROR, CANCEL, CALM, NO_ERROR, 0x1234):
        attempt(f"reset {code} before the head", server_resets, code, "head", 502)
        attempt(f"reset {code} in the body", server_resets, code, "body", None)


@row
def going_away(world):
    """After GOAWAY streams up to the last one are answered; those above, and refused ones, are asked again: no client notices."""

    def at_rest():
        conn = only_conn(world)
        conn.go_away(2**31 - 1)
        expect(conn.ended.wait(WAIT), "an idle connection is kept after GOAWAY")
        works(world)

    def under_way():
        """Graceful: what is under way is answered, new requests go by a new connection."""
        conn = only_conn(world)
        gate = threading.Event()
        h2c.script = lambda q: (q.conn.go_away(2**31 - 1), gate.wait(WAIT), usual(q)) if q.target == b"/old" else usual(q)
        with world.connect() as c:
            c.send(ask(b"/old", fields=b"X-Tag: old\r\n"))
            wait(lambda: conn.requests[max(conn.requests)].target == b"/old", "the request")
            time.sleep(0.05)
            works(world)
            expect(conn.requests[max(conn.requests)].target == b"/old", "a new request on the old connection")
            gate.set()
            r = c.response()
            expect(r.status == 200 and r.one("x-tag") == b"old", r.head)
        expect(conn.ended.wait(WAIT), "kept after the last stream")

    def unprocessed(method, refuse):
        """The connection is shared, and only those above the last stream are repeated: even a POST, for nothing was done."""
        works(world)
        asked = []

        def script(q):
            asked.append(q)
            if len(asked) == 1:
                refuse(q)
            else:
                usual(q)

        h2c.script = script
        with world.connect() as c:
            c.send(ask(b"/again", method=method, fields=b"X-Tag: again\r\n" + (b"Content-Length: 0\r\n" if method == b"POST" else b"")))
            r = c.response()
            expect(r.status == 200 and r.one("x-tag") == b"again", r.head, r.body)
        expect(len(asked) == 2, "asked", len(asked))
        default()

    def dropped_in_use(method, status):
        """Without a word nobody knows what was done: only what may be repeated is."""
        works(world)
        asked = []

        def script(q):
            asked.append(q)
            if len(asked) == 1:
                q.conn.close()
            else:
                usual(q)

        h2c.script = script
        with world.connect() as c:
            c.send(ask(b"/cut", method=method, fields=b"Content-Length: 0\r\n" if method == b"POST" else b""))
            expect(c.response().status == status, status)
        default()
        works(world)

    def each_above_the_last(count=12):
        h2c.restart()
        conn = only_conn(world)
        gate = threading.Event()
        last = [None]

        def script(q):
            if q.conn is conn:
                if len(conn.requests) - begin == count:
                    middle = sorted(conn.requests)[begin + count // 2 - 1]
                    conn.go_away(middle)
                    last[0] = middle
                    gate.set()
                gate.wait(WAIT)
                if q.stream > last[0]:
                    return
            usual(q)

        begin = len(conn.requests)
        h2c.script = script
        together(world, count)
        default()

    attempt("at rest", at_rest)
    attempt("under way", under_way)
    for method in (b"GET", b"POST"):
        attempt(f"GOAWAY below the stream, {method}", unprocessed, method, lambda q: q.conn.go_away(q.stream - 2))
        attempt(f"refused, {method}", unprocessed, method, lambda q: q.reset(REFUSED_STREAM))
    attempt("the connection ends, GET", dropped_in_use, b"GET", 200)
    attempt("the connection ends, POST", dropped_in_use, b"POST", 502)
    attempt("half of a dozen above the last stream", each_above_the_last)


def frame(kind, flags, stream, payload):
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


@row
def s11_answers_over_h2(world):
    """Malformed answers are 502 and nothing of them reaches anybody; faults of framing end the connection with a code."""

    def refused_head(fields, body=b"hello", trailers=None, cut=False, end=True):
        def script(q):
            q.send_head(fields)
            if body:
                q.send_body(body, end=trailers is None)
            if trailers is not None:
                q.send_head(trailers, end=end)

        works(world)
        h2c.script = script
        with world.connect() as c:
            c.send(ask(b"/bad"))
            try:
                r = c.response()
                expect(not cut and r.status == 502 and r.body == b"Bad Gateway", r.head, r.body)
            except Closed:
                expect(cut, "cut")
        default()
        works(world)

    def refused_bytes(make, name):
        works(world)
        h2c.script = lambda q: q.conn.send(make(q))
        with world.connect() as c:
            c.send(post(b"x"))
            try:
                r = c.response()
                expect(r.status == 502, name, r.head)
            except Closed:
                expect(name.startswith("cut"), name)
        conn = h2c.requests[-1].conn
        expect(conn.ended.wait(WAIT), "the connection goes on")
        expect(not conn.goaways or conn.goaways[-1] != NO_ERROR, conn.goaways)
        default()
        works(world)

    ok = (b":status", b"200")
    for fields in ([(b"x", b"y")], [ok, ok], [(b"x", b"y"), ok], [ok, (b":path", b"/")], [ok, (b":x", b"y")], [(b":status", b"20")], [(b":status", b"2000")],
                   [(b":status", b"abc")], [(b":status", b"")], [(b":status", b"099")], [(b":status", b"101")], [ok, (b"connection", b"close")],
                   [ok, (b"transfer-encoding", b"chunked")], [ok, (b"keep-alive", b"1")], [ok, (b"proxy-connection", b"x")], [ok, (b"upgrade", b"x")],
                   [ok, (b"X-Upper", b"y")], [ok, (b"x y", b"z")], [ok, (b"x:y", b"z")], [ok, (b"", b"z")], [ok, (b"x\r", b"z")], [ok, (b"x", b"a\r\nb: c")],
                   [ok, (b"x", b"a\nb")], [ok, (b"x", b"a\0b")], [ok, (b"content-length", b"5"), (b"content-length", b"5")],
                   [ok, (b"content-length", b"+5")], [ok, (b"content-length", b"5, 5")], [ok, (b"content-length", b"")], [ok, (b"content-length", b"-1")],
                   [ok, (b"content-length", b"99999999999999999999")]):
        attempt(f"answer refused {fields}", refused_head, fields)
    attempt("more fields than are taken", refused_head, [ok] + [(b"x-%d" % i, b"y") for i in range(101)])
    attempt("a head larger than is taken", refused_head, [ok] + [(b"x-%d" % i, b"y" * 8000) for i in range(9)])
    for length in (b"4", b"6"):
        attempt(f"5 bytes said to be {length}", refused_head, [ok, (b"content-length", length)], cut=True)
    attempt("trailers with a pseudo field", refused_head, [ok], b"hello", [(b":status", b"200")], cut=True)
    attempt("17 interim heads", refused_bytes_interim, world)
    attempt("trailers that do not end", refused_head, [ok], b"hello", [(b"x", b"y")], cut=True, end=False)
    for name, make in {
            "payload before the head": lambda q: frame(0, 1, q.stream, b"hello"),
            "a stream nobody opened": lambda q: frame(1, 5, q.stream + 100, q.conn.block([ok])),
            "a stream of its own": lambda q: frame(1, 5, 2, q.conn.block([ok])),
            "a push": lambda q: frame(5, 4, q.stream, b"\0\0\0\2" + q.conn.block([ok])),
            "HPACK of nothing": lambda q: frame(1, 5, q.stream, b"\xff\xff\xff\xff\xff\xff"),
            "continuation of nothing": lambda q: frame(9, 4, q.stream, b""),
            "a head between heads": lambda q: frame(1, 0, q.stream, b"") + frame(0, 0, q.stream, b""),
            "a frame too large": lambda q: frame(1, 5, q.stream, b"x" * 20000),
            "settings of half a setting": lambda q: frame(4, 0, 0, b"123"),
            "settings of a stream": lambda q: frame(4, 0, q.stream, b""),
            "a window of nothing": lambda q: frame(8, 0, 0, b"\0\0\0\0"),
            "a window beyond all": lambda q: frame(8, 0, 0, b"\x7f\xff\xff\xff"),
            "padding longer than the frame": lambda q: frame(1, 4, q.stream, q.conn.block([ok])) + frame(0, 8, q.stream, b"\xffx"),
            "HTTP/1": lambda q: b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"}.items():
        attempt(name, refused_bytes, make, ("cut " if "padding" in name else "") + name)


def refused_bytes_interim(world):
    h2c.script = lambda q: [q.send_head([(b":status", b"103")]) for _ in range(17)]
    r = world.ask(ask(b"/bad"))
    expect(r.status == 502, r.head)
    default()
    works(world)


@row
def half_frames(world):
    """A connection that ends, or falls silent, after each byte of an answer."""

    def ends_after(count, reset):
        begin = []

        def script(q):
            head = frame(1, 4, q.stream, q.conn.block([(b":status", b"200"), (b"content-length", b"5")]))
            begin.append(len(head))
            with q.conn.sending:  # nothing else between the two
                q.conn.send((head + frame(0, 1, q.stream, b"hello"))[:count])
                q.conn.close(reset)

        works(world)
        h2c.script = script
        with world.connect() as c:
            c.send(post(b"x"))
            try:
                r = c.response()
                expect(r.status == 502 if count < begin[0] + 14 else r.body == b"hello", count, begin, r.head, r.body)
            except Closed:
                expect(begin[0] <= count < begin[0] + 14, "cut after", count, begin)

    for count in range(0, 36):
        attempt(f"ends after {count}", ends_after, count, False)
    attempt("reset after 20", ends_after, 20, True)
    works(world)


@row
def other_servers(world):
    """What one server cannot do another does, and counters see it as they see HTTP/1."""

    def down():
        h2c.script = lambda q: q.reset(REFUSED_STREAM)
        for _ in range(6):
            works(world, b"two.test")
        default()

    attempt("one of two refuses all", down)


def nothing_else(world):
    expect(not world.seen(), "HTTP/1 servers saw", [q.head for q in world.seen()])


world = World(ORIGINS, H2_RULES)
run(world)
attempt("no HTTP/1 server was asked", nothing_else, world)
finish(world)
