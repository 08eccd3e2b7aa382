#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Security cases S1 to S9, S14 and S15 (S11: s_answers.py; S12, S13: s_heads.py): where a message ends, and that nothing gets past it."""
import itertools
import threading
import time

from _lib import *

POST = b"POST /s HTTP/1.1\r\nHost: a.test\r\n"
CASES = itertools.count()
GET = b"GET /s HTTP/1.1\r\nHost: a.test\r\n"


def posts(*fields, body=b"0\r\n\r\n"):
    return [POST + field + b"\r\n\r\n" + body for field in fields]


@row
def s1_length_and_coding(world):
    """Content-Length beside Transfer-Encoding is refused."""
    refused_all(world, posts(
        b"Content-Length: 13\r\nTransfer-Encoding: chunked",
        b"Transfer-Encoding: chunked\r\nContent-Length: 13",
        b"content-length: 5\r\nX-A: b\r\ntransfer-encoding: CHUNKED",
        b"Content-Length: 0\r\nTransfer-Encoding: chunked",
        b"Content-Length: 5\r\nTransfer-Encoding: identity",
        b"Content-Length: 5\r\nTransfer-Encoding: xchunked",
        b"Content-Length: 5\r\nTransfer-Encoding:"))
    refused_all(world, [GET + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"])


@row
def s2_codings(world):
    """Only exactly one Transfer-Encoding of exactly `chunked`."""
    refused_all(world, posts(
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
        b"Transfer-Encoding: chunked\r\nX: y\r\ntransfer-encoding: identity",
        b"Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked",
        b"Transfer-Encoding: chunked, chunked", b"Transfer-Encoding: ,chunked", b"Transfer-Encoding: chunked,",
        b"Transfer-Encoding: chunked, identity", b"Transfer-Encoding: identity", b"Transfer-Encoding: xchunked",
        b"Transfer-Encoding: chunkedx", b"Transfer-Encoding: \xa0chunked", b"Transfer-Encoding:\xa0chunked",
        b"Transfer-Encoding: chunked\xa0", b"Transfer-Encoding: \x0bchunked", b"Transfer-Encoding: chunked;q=1",
        b"Transfer-Encoding: \"chunked\"", b"Transfer-Encoding: gzip, chunked", b"Transfer-Encoding: gzip",
        b"Transfer-Encoding: chu nked", b"Transfer-Encoding:", b"Transfer-Encoding: chunked\x00"), (400, 501))

    def taken(spelling):
        r = world.ask(POST + spelling + b"\r\nX-Tag: t\r\n\r\n3\r\nabc\r\n0\r\n\r\n", split=1)
        expect(r.status == 200 and r.body.endswith(b" 3"), r.head, r.body)

    for spelling in (b"Transfer-Encoding: chunked", b"TRANSFER-ENCODING:\tChUnKeD \t"):
        attempt(f"taken {spelling}", taken, spelling)


@row
def s3_folded_lines(world):
    """Folded lines, and white space where a name should begin."""
    refused_all(world, posts(
        b"X: a\r\n Transfer-Encoding: chunked", b"X: a\r\n\tTransfer-Encoding: chunked",
        b"Content-Length: 5\r\n 6", b"Content-Length:\r\n 5", b"Transfer-Encoding:\r\n chunked",
        b"Transfer-Encoding: chunked\r\n , identity", b"X: a\r\n \r\nContent-Length: 5", b" X: y", b"\tX: y"))
    refused_all(world, [b"GET /s HTTP/1.1\r\n Host: a.test\r\n\r\n", b"GET /s HTTP/1.1\r\n\tHost: a.test\r\n\r\n",
                        b"GET /s HTTP/1.1\r\nHost:\r\n a.test\r\n\r\n", b"GET /s HTTP/1.1\r\n \r\nHost: a.test\r\n\r\n"])


@row
def s4_line_ends(world):
    """A line ends with CR LF and nothing else; no control bytes."""
    refused_all(world, [
        b"GET /s HTTP/1.1\nHost: a.test\n\n", b"GET /s HTTP/1.1\r\nHost: a.test\n\r\n", b"GET /s HTTP/1.1\nHost: a.test\r\n\r\n",
        b"GET /s HTTP/1.1\r\nHost: a.test\r\n\n", b"GET /s HTTP/1.1\rHost: a.test\r\r", b"GET /s HTTP/1.1\r\nHost: a.test\rX: y\r\n\r\n",
        b"\nGET /s HTTP/1.1\r\nHost: a.test\r\n\r\n", b"\rGET /s HTTP/1.1\r\nHost: a.test\r\n\r\n",
        GET + b"X: a\rb\r\n\r\n", GET + b"X: a\nb\r\n\r\n", GET + b"X: a\0b\r\n\r\n", GET + b"X\0: b\r\n\r\n", GET + b"X: a\x7fb\r\n\r\n",
        GET + b"X: a\x01\r\n\r\n", GET + b"X: a\x0b\r\n\r\n", GET + b"X: a\r\r\n\r\n", GET + b"X: \r\rTransfer-Encoding: chunked\r\n\r\n",
        b"GET /s\0 HTTP/1.1\r\nHost: a.test\r\n\r\n", b"GET\t/s HTTP/1.1\r\nHost: a.test\r\n\r\n",
        b"GET  /s HTTP/1.1\r\nHost: a.test\r\n\r\n", b"GET /s  HTTP/1.1\r\nHost: a.test\r\n\r\n", b"GET /s HTTP/1.1 \r\nHost: a.test\r\n\r\n",
        b" GET /s HTTP/1.1\r\nHost: a.test\r\n\r\n", b"GET /s\x0bx HTTP/1.1\r\nHost: a.test\r\n\r\n"])
    for text in (b"\r\n" + GET + b"X-Tag: t\r\n\r\n", b"\r\n\r\n" + GET + b"X-Tag: t\r\n\r\n"):
        attempt(f"empty lines before the request line {text[:4]}", lambda t=text: expect(world.ask(t, split=1).status == 200, "not 200"))


@row
def s5_lengths(world):
    """Content-Length is one number in digits; a field has a name."""
    refused_all(world, posts(
        b": x", b":", b"X : y", b"X\t: y", b"X y: z", b"no colon", b"Content-Length:", b"Content-Length: ", b"Content-Length: \t",
        b"Content-Length : 5", b"Content-Length: 5,", b"Content-Length: 5, 5", b"Content-Length: 5,5", b"Content-Length: ,5",
        b"Content-Length: 5\r\nContent-Length: 6", b"Content-Length: 5\r\nContent-Length: 5", b"Content-Length: 0\r\ncontent-length: 0",
        b"Content-Length: 5\r\nX: y\r\nCONTENT-LENGTH: 5",
        b"Content-Length: +5", b"Content-Length: -5", b"Content-Length: -1", b"Content-Length: -0", b"Content-Length: 0x5",
        b"Content-Length: 1_0", b"Content-Length: 5 5", b"Content-Length: 5;", b"Content-Length: 5.0", b"Content-Length: 5e0",
        b"Content-Length: five", b"Content-Length: \"5\"", b"Content-Length: 18446744073709551616", b"Content-Length: 18446744073709551621",
        b"Content-Length: 9223372036854775808", b"Content-Length: " + b"9" * 60, b"Content-Length: \xd9\xa5", b"Content-Length: 5\0",
        b"Content-L\xc3\xa9ngth: 5", b"Content-Length\0: 5", b"(X): y", b"X[]: y", b"X\": y", body=b"hello"))

    def taken(spelling):
        r = world.ask(POST + spelling + b"\r\nX-Tag: t\r\n\r\nhello", split=1)
        expect(r.status == 200 and r.body.endswith(b" 5"), r.head, r.body)
        expect(world.seen()[-1].one("Content-Length") == b"5", world.seen()[-1].head)

    for spelling in (b"Content-Length: 5", b"content-length:5", b"CONTENT-LENGTH:  5  ", b"Content-Length: 0000005"):
        attempt(f"taken {spelling}", taken, spelling)


def body_refused(world, body, split=None, then=b""):
    """The head is fine and may have reached the server; the body must not look complete there, nor anything behind it come."""

    def check():
        world.forget()
        main = world["main"]
        tag = b"bad-%d" % next(CASES)
        with world.connect() as c:
            c.send(POST + b"Transfer-Encoding: chunked\r\nX-Tag: " + tag + b"\r\n\r\n" + body + then, split)
            r = c.response()
            expect(r.status == 400 and (r.one("Connection") or b"").lower() == b"close", r.head)
            expect(c.closed(), "the connection goes on", c.reader.waiting)
        reached = [q for q in world.seen() if b"bad" not in (q.one("X-Tag") or b"") or q.one("X-Tag") == tag]  # others may come late
        expect(len(reached) <= 1 and all(q.target == b"/s" for q in reached), [q.head for q in reached])
        for q in reached:
            expect(q.conn.ended.wait(WAIT), "the connection to the server was kept")
            expect(b"0\r\n\r\n" not in q.conn.reader.raw[-5:] and b"smuggled" not in q.conn.reader.raw, "looks complete:", q.conn.reader.raw)
        world.probe(1)
        expect(not any(b"smuggled" in c.reader.raw for c in main.conns), "smuggled")

    attempt(f"body refused {body[:60]!r} split {split} then {then[:12]!r}", check)


@row
def s6_chunks(world):
    """Chunk lines are digits, CR LF; data has its CR LF; the server's connection is not used again."""
    smuggled = b"GET /smuggled HTTP/1.1\r\nHost: a.test\r\n\r\n"
    bad = [b"0x5\r\nhello\r\n0\r\n\r\n", b"+5\r\nhello\r\n0\r\n\r\n", b"-1\r\nhello\r\n0\r\n\r\n", b"5 \r\nhello\r\n0\r\n\r\n",
           b" 5\r\nhello\r\n0\r\n\r\n", b"5\t\r\nhello\r\n0\r\n\r\n", b"\r\nhello\r\n0\r\n\r\n", b"0000000000000000005\r\nhello\r\n0\r\n\r\n",
           b"10000000000000005\r\nhello\r\n0\r\n\r\n", b"FFFFFFFFFFFFFFFF\r\nhello\r\n0\r\n\r\n", b"8000000000000000\r\nhello\r\n0\r\n\r\n",
           b"5\r\nhello0\r\n\r\n", b"5\r\nhelloXX0\r\n\r\n", b"5\r\nhello\n0\r\n\r\n", b"5\r\nhello\r0\r\n\r\n", b"5\nhello\r\n0\r\n\r\n",
           b"5\rhello\r\n0\r\n\r\n", b"5;a\nb\r\nhello\r\n0\r\n\r\n", b"5;a\rb\r\nhello\r\n0\r\n\r\n", b"5;a\0b\r\nhello\r\n0\r\n\r\n",
           b"5;\nhello\r\n0\r\n\r\n", b"g\r\nhello\r\n0\r\n\r\n", b"5g\r\nhello\r\n0\r\n\r\n", b"5_0\r\nhello\r\n0\r\n\r\n", b"5,\r\nhello\r\n0\r\n\r\n",
           b"5\r\nhello\r\n0\n\r\n", b"5\r\nhello\r\n0\r\n\n", b"5\r\nhello\r\n0\r\nXX\r\n\r\n", b"5\r\nhello\r\n0\r\n X: y\r\n\r\n",
           b"5\r\nhello\r\n0\r\nX: y\r\n z\r\n\r\n", b"5\r\nhello\r\n0\r\nX: y\nZ: 1\r\n\r\n", b"5\r\nhello\r\n0\r\nX: \0\r\n\r\n",
           b"5\r\nhello\r\n0\r\n: y\r\n\r\n", b"5\r\nhello\r\n0\r\nX : y\r\n\r\n", b"0\n\r\n", b"0\r\nGET / HTTP/1.1\r\nHost: a.test\r\n\r\n"]
    for body in bad:
        body_refused(world, body)
        body_refused(world, body, split=1)
        body_refused(world, body, then=smuggled)
    body_refused(world, b"5;" + b"a" * 40000 + b"\r\nhello\r\n0\r\n\r\n")

    def junk_behind():
        """Two bytes behind the last chunk are the start of the next request: refused, and the first one answered."""
        with world.connect() as c:
            c.send(POST + b"Transfer-Encoding: chunked\r\nX-Tag: one\r\n\r\n5\r\nhello\r\n0\r\n\r\nXX" + GET + b"\r\n")
            first, second = c.response(), c.response()
            expect(first.status == 200 and first.one("X-Tag") == b"one", first.head)
            expect(second.status in (400, 501) and c.closed(), second.head)

    def fine(body, size):
        world.forget()
        for split in (None, 1):
            r = world.ask(POST + b"Transfer-Encoding: chunked\r\nX-Tag: fine\r\n\r\n" + body, split=split)
            expect(r.status == 200 and r.body.endswith(b" %d" % size), r.head, r.body)
        for q in world.seen():
            expect(b";" not in q.conn.reader.raw.split(b"\r\n\r\n", 1)[1], "extensions are not passed on:", q.conn.reader.raw)

    attempt("junk behind the last chunk", junk_behind)
    attempt("several chunks, both cases of hex, leading zeros", fine, b"a\r\n0123456789\r\nA\r\n0123456789\r\n0001\r\nx\r\n000\r\n\r\n", 21)
    attempt("extensions are dropped", fine, b"5;name=value\r\nhello\r\n5;a=\"b c\"\r\nhello\r\n0;last\r\n\r\n", 10)


WEBSOCKET = [b"Sec-WebSocket-Version: 13\r\n", b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"]


def upgraded(*more):
    return GET.replace(b"/s", b"/up") + b"Upgrade: foo\r\nConnection: upgrade\r\nX-Tag: up\r\n" + b"".join(more) + b"\r\n"


@row
def s7_upgrade(world):
    """Bytes pass only after a 101; without one the next request is parsed and routed here."""
    behind = b"GET /admin/x HTTP/1.1\r\nHost: a.test\r\nX-Tag: behind\r\n\r\n"

    def not_switched(kind, split):
        world.forget()
        request = upgraded(*WEBSOCKET).replace(b"Upgrade: foo", b"Upgrade: " + kind)
        with world.connect() as c:
            c.send(request + behind, split)
            first, second = c.response(), c.response()
            expect(first.status == 200 and first.one("X-Tag") == b"up", first.head)
            expect(second.status == 401 and second.body == b"who are you?", second.head, second.body)
        up = [q for q in world["main"].requests if q.target == b"/up"]
        expect(len(up) == 1 and b"behind" not in up[0].conn.reader.raw, "the second request went through")
        expect(not world["admin"].requests, "auth was passed by")

    for kind in (b"foo", b"websocket", b"WebSocket", b"foo/1, bar"):
        for split in (None, 1):
            attempt(f"not switched {kind} split {split}", not_switched, kind, split)

    def waits_for_101():
        world.forget()
        asked, go = threading.Event(), threading.Event()

        def script(conn, request):
            asked.set()
            go.wait(WAIT)
            conn.send(b"HTTP/1.1 101 Switching\r\nUpgrade: foo\r\nConnection: upgrade\r\n\r\nhi")
            conn.got = conn.reader.exactly(len(behind))
            conn.send(b"bye")
            return False

        world["main"].script = script
        with world.connect() as c:
            c.send(upgraded() + behind)
            expect(asked.wait(WAIT), "not asked")
            time.sleep(QUIET)
            conn = world["main"].conns[-1]
            request = [q for q in world["main"].requests if q.target == b"/up"][0]
            expect(request.conn.reader.waiting == b"", "bytes before the 101:", request.conn.reader.waiting)
            go.set()
            r = c.response()
            expect(r.status == 101 and r.one("Upgrade") == b"foo", r.head)
            expect(c.reader.exactly(5) == b"hibye" and request.conn.got == behind, "tunnel bytes")
            expect(c.closed(), "not closed")

    attempt("bytes sent early reach the server only after 101", waits_for_101)
    world.default()

    def with_body(fields, body):
        world.forget()
        with world.connect() as c:
            c.send(upgraded(fields) + body + behind)
            first = c.response()
            if first.status == 400:
                expect(c.closed(), "goes on")
                return
            second = c.response()
            expect(first.status == 200 and first.body.endswith(b" 5"), first.head, first.body)
            expect(second.status == 401, second.head)
        request = [q for q in world["main"].requests if q.target == b"/up"][0]
        expect(request.all("Upgrade") == [] and b"behind" not in request.conn.reader.raw, request.head)

    attempt("Upgrade with a length", with_body, b"Content-Length: 5\r\n", b"hello")
    attempt("Upgrade with chunks", with_body, b"Transfer-Encoding: chunked\r\n", b"5\r\nhello\r\n0\r\n\r\n")

    def unasked_101(fields):
        world["main"].script = raw_answer(b"HTTP/1.1 101 Switching\r\nUpgrade: foo\r\nConnection: upgrade\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")
        with world.connect() as c:
            c.send(GET.replace(b"/s", b"/unasked") + fields + b"\r\n")
            r = c.response()
            expect(r.status == 502, r.head)
            expect([q for q in world["main"].requests if q.target == b"/unasked"][-1].conn.ended.wait(WAIT), "kept")

    for fields in (b"", b"Upgrade: foo\r\n", b"Connection: upgrade\r\n", b"Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABk\r\n"):
        attempt(f"101 nobody asked for {fields}", unasked_101, fields)

    def old_client():
        world.forget()
        r = world.ask(b"GET /up HTTP/1.0\r\nHost: a.test\r\nUpgrade: foo\r\nConnection: upgrade\r\n\r\n")
        expect(r.status == 200 and world["main"].requests[-1].all("Upgrade") == [], world["main"].requests[-1].head)

    world.default()
    attempt("no upgrade by HTTP/1.0", old_client)

    def refused_upgrade_reuse():
        """After a plain answer the server connection carries the next request of somebody else, properly."""
        world["main"].script = raw_answer(reply(426, [b"Upgrade: foo", b"Connection: upgrade"], b"no"))
        r = world.ask(upgraded())
        expect(r.status == 426 and r.all("Upgrade") == [], r.head)
        world.default()
        world.probe(20)

    attempt("a refused upgrade", refused_upgrade_reuse)


@row
def s8_connect(world):
    """CONNECT is never forwarded."""
    refused_all(world, [b"CONNECT a.test:80 HTTP/1.1\r\nHost: a.test\r\n\r\n", b"CONNECT / HTTP/1.1\r\nHost: a.test\r\n\r\n",
                        b"CONNECT /s HTTP/1.1\r\nHost: a.test\r\nContent-Length: 0\r\n\r\n",
                        b"CONNECT 127.0.0.1:22 HTTP/1.0\r\n\r\n", b"CONNECT http://a.test/ HTTP/1.1\r\nHost: a.test\r\n\r\n"], (400, 405, 501))
    refused_all(world, [b"FOO /s HTTP/1.1\r\nHost: a.test\r\n\r\n", b"get /s HTTP/1.1\r\nHost: a.test\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n",
                        b"G\xc3\x8bT /s HTTP/1.1\r\nHost: a.test\r\n\r\n", b"GET() /s HTTP/1.1\r\nHost: a.test\r\n\r\n"], (400, 501, 505))


@row
def s9_local_answers(world):
    """An answer made here: the body is drained or the connection closed, and the next answer is the right one."""
    smuggled = b"GET /smuggled HTTP/1.1\r\nHost: a.test\r\n\r\n"
    places = {b"/none HTTP/1.1\r\nHost: none.test": 404, b"/admin/x HTTP/1.1\r\nHost: a.test": 401, b"/inside HTTP/1.1\r\nHost: a.test": 403,
              b"/folder HTTP/1.1\r\nHost: a.test": 301, b"/x HTTP/1.1\r\nHost: refusing.test": 502}

    def drained(line, status, framing, body, split):
        world.forget()
        with world.connect() as c:
            c.send(b"POST " + line + b"\r\n" + framing + b"\r\n" + body + GET + b"X-Tag: next\r\n\r\n", split)
            first = c.response()
            expect(first.status == status, first.head)
            if (first.one("Connection") or b"").lower() == b"close":
                expect(c.closed(), c.reader.waiting)
            else:
                second = c.response()
                expect(second.status == 200 and second.one("X-Tag") == b"next", second.head)
                c.send(GET + b"X-Tag: third\r\n\r\n")
                expect(c.response().one("X-Tag") == b"third", "third")
        expect(not any(b"smuggled" in q.head for q in world.seen()), "smuggled")

    for line, status in places.items():
        for split in (None, 1):
            attempt(f"{status} with a length, split {split}", drained, line, status, b"Content-Length: %d\r\n" % len(smuggled), smuggled, split)
            attempt(f"{status} with chunks, split {split}", drained, line, status, b"Transfer-Encoding: chunked\r\n",
                    b"%x\r\n%s\r\n0\r\n\r\n" % (len(smuggled), smuggled), split)
        attempt(f"{status} with 100 KiB", drained, line, status, b"Content-Length: 102400\r\n", (smuggled * 3000)[:102400], None)
        attempt(f"{status} with 4 MiB", drained, line, status, b"Content-Length: %d\r\n" % (4 << 20), (smuggled * 110000)[:4 << 20], None)

    def expecting(line, status):
        """A client that waits for 100 gets its answer; what it then sends is not taken for a body, or the connection is closed."""
        world.forget()
        with world.connect() as c:
            c.send(b"POST " + line + b"\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n")
            first = c.response()
            expect(first.status == status and not first.interim, first.head)
            expect(c.closed(), "left open, in doubt about the body")

    for line, status in places.items():
        if status != 502:
            attempt(f"{status} and Expect", expecting, line, status)

    def broken(line, status):
        with world.connect() as c:
            c.send(b"POST " + line + b"\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhelloXX" + smuggled)
            r = c.response()
            expect(r.status in (status, 400), r.head)
            expect(c.closed(), c.reader.waiting)

    for line, status in places.items():
        attempt(f"{status} and a broken body", broken, line, status)


@row
def s14_trailers(world):
    """Trailers that frame, route or identify are dropped; others pass."""
    forbidden = (b"Content-Length: 50", b"Transfer-Encoding: chunked", b"Host: b.test", b"Authorization: Basic eA==", b"authorization: x", b"X-Forwarded-For: 1.2.3.4",
                 b"X-Forwarded-Host: evil", b"X_Forwarded_Proto: https", b"X.Real.Ip: 1.2.3.4", b"Forwarded: for=1.2.3.4", b"Cookie: a=b", b"Set-Cookie: a=b",
                 b"Connection: close", b"Upgrade: foo", b"Te: trailers", b"Trailer: X", b"Expect: 100-continue", b"Range: bytes=0-1", b"Content-Encoding: gzip",
                 b"Content-Type: a/b", b"Cache-Control: x", b"Proxy-Authorization: x", b"Www-Authenticate: x", b"X-Real-Ip: 1.2.3.4", b"content_length: 3", b"Location: /x")

    def upload(lines, split):
        world.forget()
        with world.connect() as c:
            c.send(POST + b"Transfer-Encoding: chunked\r\nTrailer: X-Sum\r\nX-Tag: tr\r\n\r\n5\r\nhello\r\n0\r\n" + b"".join(line + b"\r\n" for line in lines)
                   + b"X-Sum: 1\r\n\r\n" + GET + b"X-Tag: next\r\n\r\n", split)
            first, second = c.response(), c.response()
            expect(first.status == 200 and first.body.endswith(b" 5") and second.one("X-Tag") == b"next", first.head, second.head)
        request = world.seen()[0]
        expect(request.trailers == [b"X-Sum: 1"], request.trailers)
        expect(request.one("Trailer") == b"X-Sum", request.head)

    for split in (None, 1):
        attempt(f"request trailers, split {split}", upload, forbidden, split)
    for line in forbidden:
        attempt(f"request trailer {line}", upload, (line,), None)

    def behind_filters(path, server, sent, wanted):
        """Defects B50, security case F4: they pass filters, but for names that a filter decides on."""
        world.forget()
        with world.connect() as c:
            c.send(b"POST " + path + b" HTTP/1.1\r\nHost: a.test\r\nX-Token: good\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n"
                   + b"".join(line + b"\r\n" for line in sent) + b"\r\n" + GET + b"X-Tag: next\r\n\r\n")
            first, second = c.response(), c.response()
            expect(first.status == 200 and second.one("X-Tag") == b"next", first.head, second.head)
        expect(world[server].requests[0].trailers == wanted, world[server].requests[0].trailers)

    spoofed = [b"X-Auth-User: root", b"x_auth.role: root", b"X-AUTH-USER: root", b"X-Sum: 1", *forbidden]
    attempt("request trailers behind forward auth", behind_filters, b"/admin/x", "admin", spoofed, [b"X-Sum: 1"])
    attempt("request trailers behind no filter", behind_filters, b"/api/x", "api", [b"X-Auth-User: root"], [b"X-Auth-User: root"])

    def download(te, version, wanted):
        world.forget()
        world["main"].script = raw_answer(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n5\r\nhello\r\n0\r\n"
                                          + b"".join(line + b"\r\n" for line in forbidden) + b"X-Sum: 1\r\n\r\n")
        with world.connect() as c:
            c.send(b"GET /s HTTP/" + version + b"\r\nHost: a.test\r\n" + te + b"\r\n")
            r = c.response()
            expect(r.body == b"hello" and r.trailers == wanted and r.one("Trailer") == b"X-Sum", r.head, r.body, r.trailers)
            if version == b"1.1":
                world.default()
                c.send(GET + b"X-Tag: next\r\n\r\n")
                expect(c.response().one("X-Tag") == b"next", "the next answer")
        expect((world.seen()[0].one("Te") == b"trailers") == bool(te), world.seen()[0].head)

    attempt("response trailers to who asks for them", download, b"TE: trailers\r\nConnection: TE\r\n", b"1.1", [b"X-Sum: 1"])
    attempt("response trailers to who does not", download, b"", b"1.1", [b"X-Sum: 1"])
    attempt("response trailers and HTTP/1.0", download, b"", b"1.0", [])

    def many_pieces():
        """A body that comes in a thousand pieces, both ways, with trailers at its end."""
        def script(conn, request):
            conn.body_of(request)
            conn.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            for _ in range(500):
                conn.send(b"1\r\nx\r\n")
                time.sleep(0.0005)
            conn.send(b"0\r\nX-Sum: 2\r\n\r\n")

        world.forget()
        world["main"].script = script
        with world.connect() as c:
            c.send(POST + b"TE: trailers\r\nConnection: TE\r\nTransfer-Encoding: chunked\r\n\r\n")
            for _ in range(500):
                c.send(b"1\r\nx\r\n")
                time.sleep(0.0005)
            c.send(b"0\r\nX-Sum: 1\r\n\r\n")
            r = c.response()
            expect(r.status == 200 and r.body == b"x" * 500 and r.trailers == [b"X-Sum: 2"], r.head, len(r.body), r.trailers)
        expect(world.seen()[0].trailers == [b"X-Sum: 1"] and world.seen()[0].body == b"x" * 500, world.seen()[0].trailers)

    attempt("trailers behind many pieces", many_pieces)


@row
def s15_many_at_once(world):
    """Bad and good clients at the same time: each good one gets its own answers."""
    stop, trouble = threading.Event(), []
    bad = (POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", POST + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhelloXX",
           POST + b"Content-Length: 10\r\n\r\nhello", upgraded() + b"XX", GET + b"X: a\nb\r\n\r\n", GET + b"X-Tag: gone\r\n\r\n")

    def attack(number):
        while not stop.is_set():
            for text in bad:
                time.sleep(0.01)
                try:
                    with world.connect() as c:
                        c.send(text)
                        if number % 2:
                            c.reset()
                        else:
                            c.sock.settimeout(0.05)
                            c.sock.recv(1000)
                except OSError:
                    pass

    def good(number):
        try:
            with world.connect() as c:
                for i in range(60):
                    tag = b"g%d.%d" % (number, i)
                    body = tag * (i * 40 + 1)
                    c.send(b"POST /good HTTP/1.1\r\nHost: a.test\r\nX-Tag: %s\r\nContent-Length: %d\r\n\r\n" % (tag, len(body)) + body)
                    r = c.response()
                    expect(r.status == 200 and r.one("X-Tag") == tag and r.body.endswith(b" %d" % len(body)), tag, r.head, r.body)
        except Exception as error:
            trouble.append(error)

    attackers = [threading.Thread(target=attack, args=(i,)) for i in range(4)]
    clients = [threading.Thread(target=good, args=(i,)) for i in range(6)]
    for t in attackers + clients:
        t.start()
    for t in clients:
        t.join()
    stop.set()
    for t in attackers:
        t.join()
    time.sleep(2 * QUIET)  # what they sent last is still on its way to a server
    attempt("good clients beside bad ones", lambda: expect(not trouble, trouble[:3]))


if __name__ == "__main__":
    w = World(ORIGINS, RULES)
    run(w)
    finish(w)
