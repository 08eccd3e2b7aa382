#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Requests by HTTP/2: what reaches the server over HTTP/1, what comes back, and what goes nowhere (security cases S8, S10, D9)."""
import shutil
import subprocess

from _h2 import *
from _lib import *

LB_PORT = free_port()
FLAGS = ("--accesslog", "--defaultEntryPoints=http,lb", f"--entryPoints=Name:lb Address:127.0.0.1:{LB_PORT} ProxyProtocol.TrustedIPs:127.0.0.1/32")


def ok(world, name, *parts, **expected):
    """One request is answered with 200; what the server saw is checked by `seen(request)`."""
    seen, stream = expected.pop("seen", None), expected.pop("stream", 1)

    def check():
        world.forget()
        with H2(world.port) as c:
            c.send(*parts)
            got = c.answer(stream)
            expect(got.status == 200, got.status, got.reset, c.goaway)
            if seen:
                seen(world.wait_seen(1)[0])
        world.forget()

    attempt(name, check)


def refused(world, name, fields, end=True, more=b"", statuses=(400,), code=PROTOCOL_ERROR):
    """A stream error, or an answer of the router's; nothing goes upstream, and the connection goes on."""

    def check():
        world.forget()
        with H2(world.port) as c:
            c.send(headers(1, fields, end), more)
            got = c.answer(1)
            expect(got.reset == code or got.status in statuses, "reset", got.reset, "status", got.status)
            c.ask(3, path=b"/after")
            expect(c.answers[3].status == 200 and not c.goaway, "the connection does not go on")
        expect([r.target for r in world.seen()] == [b"/after"] and not world.loose_bytes(), "it reached a server", [r.head for r in world.seen()])
        world.forget()

    attempt(name, check)


def with_field(name, value, **request):
    return fields_of_request(more=[(name, value)], **request)


@row
def forwarding(world):
    """The server gets the request that HTTP/1 would have given it."""

    def plain(r):
        expect(r.line == b"GET /m?q=1 HTTP/1.1", r.line)
        expect(r.one("Host") == b"a.test" and r.one("X-Forwarded-For") == b"127.0.0.1" and r.one("X-Forwarded-Proto") == b"http", r.head)
        expect(r.one("X-Forwarded-Host") == b"a.test" and r.one("X-Forwarded-Port") == b"80" and r.one("X-Tag") == b"7", r.head)
        expect(not [n for n in r.names() if n.startswith(b":")] and not r.all("Connection"), r.head)

    ok(world, "a GET", headers(path=b"/m?q=1", more=[(b"x-tag", b"7")]), seen=plain)
    ok(world, "Host in place of :authority", headers(1, [f for f in with_field(b"host", b"a.test") if f[0] != b":authority"]), seen=lambda r: expect(r.one("Host") == b"a.test"))
    ok(world, "Host beside the same :authority", headers(1, with_field(b"host", b"A.test")), seen=lambda r: expect(r.one("Host") == b"a.test"))
    ok(world, "forwarding fields of a stranger are not believed", headers(more=[(b"x-forwarded-for", b"6.6.6.6"), (b"x_forwarded_proto", b"https")]),
       seen=lambda r: expect(r.one("X-Forwarded-For") == b"127.0.0.1" and not r.all("X_Forwarded_Proto"), r.head))
    ok(world, "te: trailers", headers(more=[(b"te", b"trailers")]), seen=lambda r: expect(r.one("Te") == b"trailers" and r.one("Connection") == b"TE", r.head))
    crumbs = [(b"cookie", b"a=1"), (b"x-a", b"b"), (b"cookie", b"b=2; c=3"), (b"cookie", b"d=4")]
    ok(world, "cookies that came in crumbs are one again", headers(more=crumbs), seen=lambda r: expect(r.one("Cookie") == b"a=1; b=2; c=3; d=4", r.head))
    ok(world, "OPTIONS *", headers(1, [(b":method", b"OPTIONS"), (b":scheme", b"http"), (b":path", b"*"), (b":authority", b"b.test")]), seen=lambda r: expect(r.line == b"OPTIONS * HTTP/1.1", r.line))
    ok(world, "no body", headers(method=b"POST"), seen=lambda r: expect(not r.all("Transfer-Encoding") and not r.all("Content-Length"), r.head))

    def split():
        whole = PREFACE + settings() + headers(path=b"/split", more=crumbs) + headers(3, end=False, method=b"POST") + frame(DATA, END_STREAM, 3, b"hello")
        for step in (1, 3, 7):
            world.forget()
            with H2(world.port, begin=False) as c:
                c.send(whole, split=step)
                expect(c.answer(1).status == 200 and c.answer(3).body.endswith(b" 5"), step)
        world.forget()

    attempt("in single bytes", split)

    def after_proxy():
        for header in (b"PROXY TCP4 192.0.2.7 192.0.2.8 1 2\r\n", b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc0\0\x02\x07\xc0\0\x02\x08\0\1\0\2"):
            world.forget()
            with H2(LB_PORT, before=header) as c:
                expect(c.ask().status == 200)
            expect(world.wait_seen(1)[0].one("X-Forwarded-For") == b"192.0.2.7", world.seen()[0].head)
        world.forget()

    attempt("behind a PROXY header", after_proxy)

    def logged():
        with H2(world.port) as c:
            c.ask(path=b"/logged", more=[(b"user-agent", b"raw/1")])
        end = time.monotonic() + WAIT
        while '"GET /logged HTTP/2.0" 200' not in world.log() and time.monotonic() < end:
            time.sleep(0.01)
        line = [line for line in world.log().splitlines() if "/logged" in line]
        expect(line and '"GET /logged HTTP/2.0" 200' in line[0] and '"raw/1"' in line[0], line)
        world.forget()

    attempt("the access log", logged)


@row
def answers(world):
    """What the server says comes back as it is."""

    def check(name, raw, test, method=b"GET", close=False, **request):
        def run_it():
            world["main"].script = raw_answer(*([raw] if isinstance(raw, bytes) else raw), close=close, pause=0.02)
            with H2(world.port) as c:
                got = c.ask(method=method, **request)
                test(got)
                expect(not c.goaway)
                world.default()
                expect(c.ask(3).status == 200)
            world.forget()

        attempt(name, run_it)

    head = b"HTTP/1.1 200 OK\r\n"

    def plain(got):
        expect(got.status == 200 and got.one("x-upper") == "V" and got.one("set-cookie") == "a=1" and got.body == b"hello", got.heads, got.body)
        expect(got.one("content-length") == "5" and got.one("date") and not got.one("connection") and not got.one("keep-alive"), got.heads)
        expect(got.frames[-1].type == DATA and got.frames[-1].payload == b"hello", "an empty frame for the end:", got.frames)

    check("a length", head + b"Content-Length: 5\r\nX-Upper: V\r\nSet-Cookie: a=1\r\nConnection: x-gone\r\nX-Gone: 1\r\nKeep-Alive: timeout=5\r\n\r\nhello", plain)
    check("in pieces", (head + b"Content-Length: 10\r\n\r\n", b"hello", b"world"), lambda got: expect(got.body == b"helloworld", got.body))
    check("chunks", head + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n", lambda got: expect(got.body == b"abcdef" and not got.one("transfer-encoding"), got.heads, got.body))
    check("up to the end of the connection", head + b"\r\nto the end", lambda got: expect(got.body == b"to the end", got.body), close=True)
    trailers = head + b"Transfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n3\r\nabc\r\n0\r\nX-Sum: 7\r\nHost: evil\r\nX-Forwarded-For: 1.1.1.1\r\n\r\n"
    check("trailers", trailers, lambda got: expect(got.trailers == [("x-sum", "7")] and got.body == b"abc" and got.one("trailer") == "X-Sum", got.trailers))
    check("204", b"HTTP/1.1 204 No\r\n\r\n", lambda got: expect(got.status == 204 and len(got.frames) == 1, got.frames))
    check("304", b"HTTP/1.1 304 No\r\nEtag: x\r\nContent-Length: 7\r\n\r\n", lambda got: expect(got.status == 304 and got.one("content-length") == "7" and len(got.frames) == 1, got.frames))
    check("HEAD", head + b"Content-Length: 700\r\n\r\n", lambda got: expect(got.one("content-length") == "700" and got.ended and len(got.frames) == 1, got.frames), method=b"HEAD")
    check("an empty body", head + b"Content-Length: 0\r\n\r\n", lambda got: expect(got.ended and len(got.frames) == 1, got.frames))
    check("103 is not passed on", (b"HTTP/1.1 103 Early\r\nLink: x\r\n\r\n", head + b"Content-Length: 2\r\n\r\nok"), lambda got: expect(got.body == b"ok"))
    check("one that ends early is cut", head + b"Content-Length: 10\r\n\r\nhalf", lambda got: expect(got.reset == INTERNAL_ERROR and got.body == b"half" and not got.ended, got.reset, got.body), close=True)
    check("chunks that end early are cut", head + b"Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n", lambda got: expect(got.reset == INTERNAL_ERROR and not got.ended, got.reset), close=True)
    check("malformed is 502", b"HTTP/9.9 no\r\n\r\n", lambda got: expect(got.status == 502, got.status), close=True)

    def made_here():
        with H2(world.port) as c:
            expect(c.ask(1, authority=b"nobody.test").status == 404 and c.answers[1].body == b"404 page not found\n", c.answers[1].body)
            expect(c.ask(3, authority=b"refusing.test").status == 502)
            expect(c.ask(5, path=b"/inside").status == 403)
            expect(c.ask(7, path=b"/folder").status == 301 and c.answers[7].one("location") == "/folder/", c.answers[7].heads)
            expect(c.ask(9, path=b"/%zz").status == 400 and c.ask(11).status == 200 and not c.goaway)
            expect(c.ask(13, path=b"/admin").status == 401 and c.ask(15, path=b"/admin", more=[(b"x-token", b"good")]).status == 200)
        world.forget()

    attempt("answers made here", made_here)

    def interleaved():
        """Fifty at once, each with its own answer."""
        world["main"].script = lambda conn, r: (time.sleep(0.01 * (int(r.target[2:]) % 5)), answer(conn, r))[1]
        with H2(world.port) as c:
            for i in range(50):
                c.send(headers(2 * i + 1, path=b"/p%d" % i, more=[(b"x-tag", b"t%d" % i)]))
            for i in range(50):
                got = c.answer(2 * i + 1)
                expect(got.status == 200 and got.one("x-tag") == f"t{i}" and f"/p{i} ".encode() in got.body, i, got.body)
        world.default()
        world.forget()

    attempt("many at once", interleaved)

    def fair():
        """Large answers on one connection come side by side."""
        size = 1 << 20
        world["main"].script = lambda conn, r: (conn.body_of(r), conn.send(reply(200, [], b"f" * size)))[1]
        with H2(world.port, (INITIAL_WINDOW_SIZE, 1 << 30)) as c:
            c.send(*(headers(2 * i + 1) for i in range(4)))
            time.sleep(QUIET)  # all four wait for the connection's window
            c.send(frame(WINDOW_UPDATE, 0, 0, u32(1 << 30)))
            got = [c.answers[2 * i + 1] for i in range(4)]
            c.until(lambda: any(a.ended for a in got))
            expect(min(len(a.body) for a in got) > size // 2, [len(a.body) for a in got])
            for i in range(4):
                c.answer(2 * i + 1)
        world.default()
        world.forget()

    attempt("large ones are fair to each other", fair)


@row
def bodies(world):
    """Bodies of requests, their windows, and answers that come before their end."""
    post = lambda stream=1, **more: headers(stream, end=False, method=b"POST", **more)
    ok(world, "without a length: chunks", post(), frame(DATA, 0, 1, b"hel"), frame(DATA, END_STREAM, 1, b"lo"), seen=lambda r: expect(r.body == b"hello" and r.one("Transfer-Encoding") == b"chunked", r.head))
    ok(world, "with a length", post(more=[(b"content-length", b"5")]), frame(DATA, 0, 1, b"hel"), frame(DATA, END_STREAM, 1, b"lo"), seen=lambda r: expect(r.body == b"hello" and r.one("Content-Length") == b"5" and not r.all("Transfer-Encoding"), r.head))
    ok(world, "an empty last frame", post(), frame(DATA, 0, 1, b"hello"), frame(DATA, END_STREAM, 1), seen=lambda r: expect(r.body == b"hello"))
    ok(world, "an empty body", post(), frame(DATA, END_STREAM, 1), seen=lambda r: expect(r.body == b""))
    ok(world, "trailers", post(more=[(b"te", b"trailers"), (b"trailer", b"x-sum")]), frame(DATA, 0, 1, b"x"), frame(HEADERS, END_HEADERS | END_STREAM, 1, literal(b"x-sum", b"7") + literal(b"x-forwarded-for", b"6.6.6.6")),
       seen=lambda r: expect(r.body == b"x" and r.trailers == [b"x-sum: 7"] and r.one("Trailer") == b"x-sum", r.trailers))

    def continue_():
        world["main"].script = lambda conn, r: (conn.send(b"HTTP/1.1 100 Continue\r\n\r\n"), answer(conn, r))[1]
        with H2(world.port) as c:
            c.send(post(more=[(b"expect", b"100-continue"), (b"content-length", b"3")]))
            got = c.answers[1]
            c.until(lambda: got.heads)
            expect(got.status == 100 and not got.ended)
            c.send(frame(DATA, END_STREAM, 1, b"abc"))
            c.answer(1)
            expect(len(got.heads) == 2 and got.status == 200 and got.body.endswith(b" 3"), got.heads)
        world.default()
        world.forget()

    attempt("100-continue", continue_)

    def early():
        """An answer before the end of the body: whole, then RST_STREAM NO_ERROR (8.1)."""
        world["main"].script = raw_answer(reply(413, [], b"too much"), read_body=False, close=True)
        with H2(world.port) as c:
            c.send(post(), frame(DATA, 0, 1, b"x" * 1000))
            got = c.answer(1)
            c.until(lambda: got.reset is not None)
            expect(got.status == 413 and got.body == b"too much" and got.ended and got.reset == NO_ERROR, got.status, got.reset)
            c.send(frame(DATA, END_STREAM, 1, b"late"))
            world.default()
            expect(c.ask(3).status == 200 and not c.goaway, c.goaway)
        world.forget()

    attempt("an early answer", early)

    def stalled_upload():
        """D9: a server that takes nothing stops its stream at the window, and no other (decision 31)."""
        gate = threading.Event()
        world["main"].script = lambda conn, r: (gate.wait(WAIT) if r.target == b"/stalled" else None, answer(conn, r))[1]
        with H2(world.port).settle() as c:
            window, room = c.settings[INITIAL_WINDOW_SIZE], 65535
            c.send(post(path=b"/stalled"))
            sent = 0
            while sent < window:
                c.send(frame(DATA, 0, 1, b"x" * 16384))
                sent += 16384
                room -= 16384
                c.ping()
            c.until(lambda: c.windows[0] >= sent)
            expect(c.windows[1] < 1 << 22)
            given = c.windows[1]
            for i in range(20):
                c.send(post(2 * i + 3), *(frame(DATA, END_STREAM if j == 3 else 0, 2 * i + 3, b"y" * 16384) for j in range(4)))
                expect(c.answer(2 * i + 3).body.endswith(b" 65536"), i)
            gate.set()
            c.until(lambda: c.windows[1] > given)
            c.send(frame(DATA, END_STREAM, 1, b"end"))
            expect(c.answer(1).body.endswith(b" %d" % (sent + 3)), c.answers[1].body)
        world.default()
        world.forget()

    attempt("a stalled upload", stalled_upload)

    def large():
        body = os.urandom(1 << 20)
        world["main"].script = lambda conn, r: (conn.body_of(r), conn.send(reply(200, [], r.body)))[1]
        with H2(world.port, (INITIAL_WINDOW_SIZE, 1 << 30)).settle() as c:
            c.send(frame(WINDOW_UPDATE, 0, 0, u32(1 << 30)), post())
            connection, stream = 65535 + c.windows[0], c.settings[INITIAL_WINDOW_SIZE]
            base0, base1 = c.windows[0], 0
            for at in range(0, len(body), 16384):
                c.until(lambda: 65535 + c.windows[0] - at >= 16384 and stream + c.windows[1] - at >= 16384)
                c.send(frame(DATA, END_STREAM if at + 16384 == len(body) else 0, 1, body[at:at + 16384]))
            expect(c.answer(1).body == body, len(c.answers[1].body))
        world.default()
        world.forget()

    attempt("1 MiB each way", large)

    def stalled_answer():
        """D9: a client that takes nothing costs a bounded buffer; others on the connection are served."""
        size, sent = 40 << 20, [0]

        def flood(conn, r):
            if r.target != b"/big":
                return answer(conn, r)
            conn.body_of(r)
            conn.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
            for _ in range(size >> 16):
                try:
                    conn.sock.sendall(b"x" * 65536)
                except OSError:
                    break
                sent[0] += 65536

        world["main"].script = flood
        before = memory_kib(world)
        with H2(world.port, (INITIAL_WINDOW_SIZE, 1000)).settle() as c:
            c.send(headers(1, path=b"/big"))
            c.until(lambda: len(c.answers[1].body) == 1000)
            time.sleep(QUIET)
            expect(c.ask(3).status == 200)
            expect(memory_kib(world) - before < 4096, "it holds", memory_kib(world) - before, "KiB")
            c.send(frame(WINDOW_UPDATE, 0, 1, u32(2000)))
            c.until(lambda: len(c.answers[1].body) == 3000)
        world.default()
        world.forget()

    attempt("a stalled answer", stalled_answer)


@row
def cancelling(world):
    """A client that resets a stream, or goes, takes its request along."""

    def gone(how, before=b"", after_head=False):
        asked, ended = threading.Event(), threading.Event()

        def script(conn, r):
            if r.target != b"/slow":
                return answer(conn, r)
            if after_head:
                conn.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
            asked.set()
            if conn.wait_closed():
                ended.set()
            return False

        world["main"].script = script
        c = H2(world.port)
        c.send(headers(1, path=b"/slow", end=not before, method=b"POST" if before else b"GET"), before)
        expect(asked.wait(WAIT), "not asked")
        if how == "reset":
            c.send(frame(RST_STREAM, 0, 1, u32(CANCEL)))
        else:
            c.sock.close()
        expect(ended.wait(WAIT), "the request outlived its stream")
        if how == "reset":
            expect(c.ask(3).status == 200)
            c.sock.close()
        world.default()
        world.forget()

    for how in ("reset", "close"):
        attempt(f"before the answer, {how}", gone, how)
        attempt(f"in its body, {how}", gone, how, frame(DATA, 0, 1, b"half"))
        attempt(f"in the answer, {how}", gone, how, after_head=True)


@row
def s10_malformed(world):
    """S10: what two parsers could read in two ways goes nowhere."""
    for byte in b"\r\n\0":
        char = bytes([byte])
        refused(world, f"{char!r} in a value", with_field(b"x", b"a" + char + b"b: c"))
        refused(world, f"{char!r} in a name", with_field(b"x" + char + b"y", b"a"))
        refused(world, f"{char!r} in :path", fields_of_request(path=b"/m" + char + b"x"))
        refused(world, f"{char!r} in :authority", fields_of_request(authority=b"a.test" + char))
        refused(world, f"{char!r} in :method", fields_of_request(method=b"GET" + char))
    refused(world, "a request in a value", with_field(b"x", b"a\r\n\r\nGET /evil HTTP/1.1\r\nHost: a.test\r\n\r\n"))
    refused(world, "a colon in a name", with_field(b"x:y", b"a"))
    refused(world, "a blank in a name", with_field(b"x y", b"a"))
    refused(world, "an empty name", with_field(b"", b"a"))
    refused(world, "upper case", with_field(b"X-Upper", b"a"))
    refused(world, "DEL in a value", with_field(b"x", b"a\x7f"))
    for name, value in ((b"connection", b"close"), (b"connection", b"x-forwarded-for"), (b"proxy-connection", b"keep-alive"), (b"keep-alive", b"timeout=1"), (b"upgrade", b"websocket"), (b"te", b"gzip"), (b"te", b"trailers, gzip")):
        refused(world, f"{name}: {value}", with_field(name, value))
    for value in (b"chunked", b"identity", b"gzip, chunked"):
        refused(world, f"transfer-encoding: {value}", with_field(b"transfer-encoding", value))
        refused(world, f"transfer-encoding: {value} and a body", with_field(b"transfer-encoding", value, method=b"POST"), end=False, more=frame(DATA, END_STREAM, 1, b"0\r\n\r\nGET /evil HTTP/1.1\r\n\r\n"))
    for value in (b"", b"+5", b"-1", b"0x5", b"5,5", b"5 5", b"18446744073709551616"):
        refused(world, f"content-length: {value}", with_field(b"content-length", value, method=b"POST"), end=False, more=frame(DATA, END_STREAM, 1, b"hello"))
    refused(world, "two lengths", fields_of_request(method=b"POST", more=[(b"content-length", b"5"), (b"content-length", b"5")]), end=False, more=frame(DATA, END_STREAM, 1, b"hello"))
    refused(world, "a length without a body", with_field(b"content-length", b"5", method=b"POST"))
    refused(world, "no :method", fields_of_request()[1:])
    refused(world, "no :scheme", [f for f in fields_of_request() if f[0] != b":scheme"])
    refused(world, "no :path", [f for f in fields_of_request() if f[0] != b":path"])
    refused(world, "no :authority and no host", fields_of_request()[:3])
    for name in (b":method", b":scheme", b":path", b":authority"):
        refused(world, f"{name} twice", [*fields_of_request(), (name, dict(fields_of_request())[name])])
        refused(world, f"{name} empty", [(n, b"" if n == name else v) for n, v in fields_of_request()])
    refused(world, "a pseudo field behind a regular one", [(b"x", b"y"), *fields_of_request()])
    refused(world, "an unknown pseudo field", [*fields_of_request(), (b":test", b"x")])
    refused(world, "a pseudo field of answers", [*fields_of_request(), (b":status", b"200")])
    refused(world, ":protocol, which was not offered", [*fields_of_request(), (b":protocol", b"websocket")])
    for path in (b"/m x", b"m", b"http://evil.test/", b"*", b"/m#x", b"?x", b"a.test:80", b"/m\xff", b"\\"):
        refused(world, f":path {path}", fields_of_request(path=path))
    for method in (b"GET /evil HTTP/1.1", b"G ET", b"G\tET", b"GET\xff"):
        refused(world, f":method {method}", fields_of_request(method=method))
    refused(world, "an unknown method", fields_of_request(method=b"BREW"), statuses=(501,))
    for scheme in (b"ftp", b"http x", b"1http", b"javascript"):
        refused(world, f":scheme {scheme}", fields_of_request(scheme=scheme))
    for authority in (b"a b", b"user@a.test", b"a.test,b.test", b"a.test/", b"a.test:x", b"[::1", b"a.test:80:80", b"a" * 300):
        refused(world, f":authority {authority[:20]}", fields_of_request(authority=authority))
    refused(world, "host differs from :authority", with_field(b"host", b"b.test"))
    refused(world, "host twice", fields_of_request(more=[(b"host", b"a.test"), (b"host", b"a.test")]))

    def cut_off(name, *parts):
        """What has been forwarded of such a body never looks complete."""

        def check():
            world.forget()
            with H2(world.port) as c:
                c.send(*parts)
                got = c.answer(1)
                expect(got.reset == PROTOCOL_ERROR, got.reset, got.status)
                expect(c.ask(3, path=b"/after").status == 200)
            for r in list(world["main"].requests):
                if r.target == b"/probe/cut":
                    expect(r.conn.ended.wait(WAIT) and not r.conn.reader.raw.endswith(b"0\r\n\r\n"), r.conn.reader.raw[-30:])
            world.forget()

        attempt(name, check)

    # Whether it has begun to reach its server is a matter of time: such a path is not counted.
    length = lambda n: headers(1, end=False, method=b"POST", path=b"/probe/cut", more=[(b"content-length", b"%d" % n)])
    cut_off("a body shorter than its length", length(10), frame(DATA, END_STREAM, 1, b"hello"))
    cut_off("a body longer than its length", length(1), frame(DATA, END_STREAM, 1, b"hello"))
    cut_off("a body longer than its length, in two frames", length(4), frame(DATA, 0, 1, b"hel"), frame(DATA, END_STREAM, 1, b"lo"))
    open_ = headers(1, end=False, method=b"POST", path=b"/probe/cut")
    cut_off("a second head without an end", open_, frame(HEADERS, END_HEADERS, 1, literal(b"x", b"y")))
    cut_off("a pseudo field in trailers", open_, frame(DATA, 0, 1, b"x"), frame(HEADERS, END_HEADERS | END_STREAM, 1, literal(b":method", b"GET")))
    cut_off("upper case in trailers", open_, frame(DATA, 0, 1, b"x"), frame(HEADERS, END_HEADERS | END_STREAM, 1, literal(b"X-Sum", b"1")))
    cut_off("CR LF in trailers", open_, frame(DATA, 0, 1, b"x"), frame(HEADERS, END_HEADERS | END_STREAM, 1, literal(b"x", b"a\r\nb: c")))


@row
def s8_connect(world):
    """S8: CONNECT is answered 501, whatever comes behind it."""
    connect = [(b":method", b"CONNECT"), (b":authority", b"a.test:80")]
    refused(world, "CONNECT", connect, statuses=(501,))
    refused(world, "with DATA", connect, end=False, more=frame(DATA, END_STREAM, 1, b"GET /evil HTTP/1.1\r\nHost: a.test\r\n\r\n"), statuses=(501,))
    refused(world, "with a path", [*fields_of_request(method=b"CONNECT")], statuses=(501,))


@row
def other_clients(world):
    """Clients that others have written."""

    def run_client(*command):
        done = subprocess.run(command, capture_output=True, timeout=30, text=True)
        expect(done.returncode == 0, command, done.stdout[-500:], done.stderr[-500:])
        return done.stdout

    url = f"http://127.0.0.1:{world.port}/m"
    attempt("curl", lambda: expect("main" in run_client("curl", "-sS", "--fail", "--max-time", "10", "--http2-prior-knowledge", "-H", "Host: a.test", "-d", "hello", url)))
    attempt("nghttp", lambda: expect("main" in run_client("nghttp", "-t", "10", "-H", ":authority: a.test", url)))

    def many():
        out = run_client("h2load", "-n", "2000", "-c", "10", "-m", "50", "-H", ":authority: a.test", url)
        expect("2000 succeeded, 0 failed" in out, out)

    attempt("h2load", many)
    world.forget()


world = World(ORIGINS, RULES, *FLAGS)
run(world)
finish(world)
