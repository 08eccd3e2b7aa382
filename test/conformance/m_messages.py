#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How messages pass: HEAD, interim and early answers, HTTP/1.0, pipelines, Expect, framing, fields."""
import threading
import time

from _lib import *

@row
def head_and_bodiless(world):
    """HEAD, 204 and 304: the fields pass, a body never; the connections go on."""

    def bodiless(raw, method, status, length, coding=None):
        for script in (raw_answer(raw), in_bytes(raw)):
            r = ask_scripted(world, None, method=method, script=script)
            expect(r.status == status and r.one("Content-Length") == length and r.one("Transfer-Encoding") == coding, r.head)
            expect(len({q.conn for q in world.seen()}) == 1, "the server's connection was not kept")

    attempt("HEAD with a length", bodiless, reply(200, [], b"12345")[:-5], "HEAD", 200, b"5")
    attempt("HEAD with length 0", bodiless, b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "HEAD", 200, b"0")
    attempt("HEAD without a length", bodiless, b"HTTP/1.1 200 OK\r\n\r\n", "HEAD", 200, None)
    attempt("HEAD of 404", bodiless, reply(404, [], b"gone")[:-4], "HEAD", 404, b"4")
    attempt("204", bodiless, b"HTTP/1.1 204 No Content\r\nX: y\r\n\r\n", "GET", 204, None)
    attempt("204 to POST", bodiless, b"HTTP/1.1 204 No Content\r\n\r\n", "DELETE", 204, None)
    attempt("304", bodiless, b"HTTP/1.1 304 Not Modified\r\nETag: x\r\n\r\n", "GET", 304, None)
    attempt("304 with a length", bodiless, b"HTTP/1.1 304 Not Modified\r\nContent-Length: 500\r\n\r\n", "GET", 304, b"500")

    def head_chunked():
        r = ask_scripted(world, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", method="HEAD")
        expect(r.status == 200 and r.one("Content-Length") is None, r.head)

    attempt("HEAD of what would be chunked", head_chunked)

    def head_made_here():
        with world.connect() as c:
            c.send(b"HEAD /x HTTP/1.1\r\nHost: none.test\r\n\r\n")
            r = c.response("HEAD")
            expect(r.status == 404 and r.one("Content-Length") == b"19", r.head)
            next_works(c)

    attempt("HEAD of a 404 made here", head_made_here)

    def no_204_body():
        r = ask_scripted(world, b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n")
        expect(r.one("Content-Length") is None and r.one("Transfer-Encoding") is None, r.head)

    attempt("204 says nothing of a body", no_204_body)


@row
def interim_answers(world):
    """1xx from a server end there unless the client waits for a 100; the final answer passes."""
    final = reply(200, [], b"done")

    def interim(raw, split):
        r = ask_scripted(world, None, script=in_bytes(raw + final) if split else raw_answer(raw + final))
        expect(r.status == 200 and r.body == b"done" and not r.interim, r.head, r.interim)

    for raw in (b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n", b"HTTP/1.1 102 Processing\r\n\r\n", b"HTTP/1.1 199 Odd\r\nX: y\r\n\r\n",
                b"HTTP/1.1 100 Continue\r\nContent-Length: 0\r\n\r\n", b"HTTP/1.1 103 Early Hints\r\n\r\n" * 16):
        attempt(f"interim {raw[:24]}", interim, raw, False)
        if len(raw) < 100:
            attempt(f"interim {raw[:24]} in bytes", interim, raw, True)

    def separate():
        r = ask_scripted(world, None, script=raw_answer(b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 103 Hints\r\n\r\n", final, pause=0.01))
        expect(r.body == b"done", r.head)

    attempt("interim answers one by one", separate)


@row
def early_answers(world):
    """A server may answer before the body has come; the client gets that answer."""
    big = b"x" * (8 << 20)

    def early(close, read, status):
        world.forget()

        def script(conn, r):
            if read:
                conn.reader.exactly(read)
            conn.send(reply(status, [b"Connection: close"] if close else [], b"early"))
            if not close:
                conn.wait_closed(2)
            return False

        world["main"].script = script
        for text in (with_length(big), request(b"POST", fields=b"Transfer-Encoding: chunked\r\n", body=chunked(big, (65536,)))):
            with world.connect() as c:
                sender = threading.Thread(target=c.send, args=(text,))
                sender.start()
                r = c.response()
                expect(r.status == status and r.body == b"early", r.head)
                c.reader.to_end()
                sender.join(WAIT)

    for close in (True, False):
        for read in (0, 100000):
            for status in (200, 413, 401):
                attempt(f"early {status}, close {close}, after {read}", early, close, read, status)

    def small_rest():
        """A rest that is small is read, and the connection serves on."""
        world.forget()
        world["main"].script = raw_answer(reply(403, [], b"early"), read_body=False)
        with world.connect() as c:
            c.send(request(b"POST", fields=b"Content-Length: 1000\r\n") + b"a" * 500)
            r = c.response()
            expect(r.status == 403, r.head)
            world.default()
            c.send(b"a" * 500)
            next_works(c)

    attempt("the rest of a small body is read", small_rest)

    def both_at_once():
        """An echo: the answer streams while the body still comes."""

        def script(conn, r):
            conn.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            while True:
                line = conn.reader.until(b"\r\n")
                data = conn.reader.exactly(int(line, 16) + 2)
                conn.send(line + data)
                if line == b"0\r\n":
                    return

        world["main"].script = script
        with world.connect() as c:
            c.send(request(b"POST", fields=b"Transfer-Encoding: chunked\r\n"))
            expect(c.head().status == 200, "no head")
            for i in range(50):
                word = b"word %d" % i
                c.send(b"%x\r\n%s\r\n" % (len(word), word))
                got = b""
                while len(got) < len(word):
                    size = int(c.reader.until(b"\r\n"), 16)
                    got += c.reader.exactly(size)
                    c.reader.exactly(2)
                expect(got == word, got)
            c.send(b"0\r\n\r\n")
            expect(c.reader.until(b"0\r\n\r\n") == b"0\r\n\r\n", "end")
            world.default()
            next_works(c)

    attempt("both directions at once", both_at_once)
    end = time.monotonic() + WAIT
    while world.loose_bytes() and time.monotonic() < end:  # what is left of the large bodies, at servers that are on their way out
        world.forget()
        time.sleep(0.02)


@row
def http_1_0(world):
    """Old clients and old servers."""

    def old(fields, raw, keep, body, **options):
        world.forget()
        world["main"].script = raw_answer(raw, **options)
        with world.connect() as c:
            c.send(request(fields=fields, version=b"1.0"))
            r = c.response()
            expect(r.line.startswith(b"HTTP/1.1 ") and r.body == body and not r.all("Transfer-Encoding"), r.head, r.body)
            expect((r.one("Connection") or b"").lower() == (b"keep-alive" if keep else b"close"), r.head)
            world.default()
            if keep:
                c.send(request(fields=b"X-Tag: again\r\n", version=b"1.0"))
                expect(c.response().one("X-Tag") == b"again" and c.closed(), "the next one")
            else:
                expect(c.closed(), "left open")
        expect(all(q.line.endswith(b" HTTP/1.1") for q in world.seen()), "not HTTP/1.1 to the server")

    full = reply(200, [], b"hello")
    pieces = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n"
    attempt("1.0", old, b"", full, False, b"hello")
    attempt("1.0 keep-alive", old, b"Connection: keep-alive\r\n", full, True, b"hello")
    attempt("1.0 Keep-Alive, other case", old, b"connection: Keep-Alive\r\n", full, True, b"hello")
    attempt("1.0 close and keep-alive", old, b"Connection: keep-alive, close\r\n", full, False, b"hello")
    attempt("1.0 and a chunked answer", old, b"", pieces, False, b"hello")
    attempt("1.0 keep-alive and a chunked answer", old, b"Connection: keep-alive\r\n", pieces, False, b"hello")
    attempt("1.0 and an answer until close", old, b"", b"HTTP/1.0 200 OK\r\n\r\nhello", False, b"hello", close=True)

    def server(raw, kept, body=b"hello", close=False, coding=None):
        r = ask_scripted(world, raw, close=close)
        expect(r.status == 200 and r.body == body and r.one("Transfer-Encoding") == coding, r.head, r.body)
        conns = [q.conn for q in world.seen()]
        expect((conns[0] is conns[1]) == kept, "reused" if not kept else "not reused")

    attempt("server 1.0", server, b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello", False)
    attempt("server 1.0 keep-alive", server, b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 5\r\n\r\nhello", True)
    attempt("server 1.1", server, full, True)
    attempt("server 1.1 close", server, b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello", False)
    attempt("server 1.1 CLOSE among others", server, b"HTTP/1.1 200 OK\r\nconnection: x, CLOSE\r\nContent-Length: 5\r\n\r\nhello", False)
    attempt("server until close", server, b"HTTP/1.1 200 OK\r\n\r\nhello", False, close=True, coding=b"chunked")
    attempt("server 1.0 until close, empty", server, b"HTTP/1.0 200 OK\r\n\r\n", False, b"", close=True, coding=b"chunked")

    def client_closes():
        world.forget()
        for fields in (b"Connection: close\r\n", b"connection: CLOSE\r\n", b"Connection: x, close\r\n"):
            with world.connect() as c:
                c.send(request(fields=fields) + request(path=b"/behind"))
                r = c.response()
                expect(r.status == 200 and r.one("Connection") == b"close" and c.closed(), r.head)
        expect(not [q for q in world.seen() if q.target == b"/behind"], "a request behind close was served")

    attempt("close asked for", client_closes)


@row
def pipelines(world):
    """Requests sent without waiting are answered one after the other, in order."""

    def pipeline(split):
        text, wanted = b"", []
        for i in range(40):
            tag = b"p%d" % i
            body = b"b" * (i * 37)
            if i % 4 == 0:
                text += request(fields=b"X-Tag: " + tag + b"\r\n")
                size = 0
            elif i % 4 == 1:
                text += with_length(body, fields=b"X-Tag: " + tag + b"\r\n")
                size = len(body)
            elif i % 4 == 2:
                text += request(b"PUT", fields=b"X-Tag: " + tag + b"\r\nTransfer-Encoding: chunked\r\n", body=chunked(body, (7, 100)))
                size = len(body)
            else:
                text += b"\r\n" + request(b"HEAD", fields=b"X-Tag: " + tag + b"\r\n")
                size = None
            wanted.append((tag, size))
        with world.connect() as c:
            sender = threading.Thread(target=c.send, args=(text, split))
            sender.start()
            for tag, size in wanted:
                r = c.response("HEAD" if size is None else "GET")
                expect(r.status == 200 and r.one("X-Tag") == tag and (size is None or r.body.endswith(b" %d" % size)), tag, r.head, r.body)
            sender.join()
            next_works(c)

    for split in (None, 1, 100, 1009):
        attempt(f"pipeline in pieces of {split}", pipeline, split)

    def mixed_ends():
        """Answers made here stand in their place, too."""
        with world.connect() as c:
            c.send(request(fields=b"X-Tag: 1\r\n") + b"GET /x HTTP/1.1\r\nHost: none.test\r\n\r\n" + request(fields=b"X-Tag: 3\r\n") + b"GET /inside HTTP/1.1\r\nHost: a.test\r\n\r\n"
                   + b"GET /admin HTTP/1.1\r\nHost: a.test\r\n\r\n" + request(fields=b"X-Tag: 6\r\n") + b"BAD\r\n\r\n" + request(fields=b"X-Tag: never\r\n"))
            statuses = [c.response().status for _ in range(7)]
            expect(statuses == [200, 404, 200, 403, 401, 200, 400] and c.closed(), statuses)

    attempt("answers made here in a pipeline", mixed_ends)


@row
def expect_continue(world):
    """100-continue: from the server, or from here after a second; never when the answer comes first."""
    ask_first = request(b"POST", fields=b"Content-Length: 5\r\nExpect: 100-continue\r\n")

    def server_says(interim, text=ask_first, body=b"hello"):
        world.forget()
        world["main"].script = lambda conn, r: (conn.send(interim), answer(conn, r))[1]
        with world.connect() as c:
            begin = time.monotonic()
            c.send(text)
            h = c.head()
            expect(h.status == 100 and time.monotonic() - begin < 0.8, h.head)
            c.send(body)
            r = c.response()
            expect(r.status == 200 and r.body.endswith(b" 5") and not r.interim, r.head, r.body)
            world.default()
            next_works(c)
        expect([v.lower() for v in world.seen()[0].all("Expect")] == [b"100-continue"], world.seen()[0].head)

    attempt("the server says 100", server_says, b"HTTP/1.1 100 Continue\r\n\r\n")
    attempt("the server says 103, then 100", server_says, b"HTTP/1.1 103 Hints\r\n\r\nHTTP/1.1 100 Go\r\nX: y\r\n\r\n")
    attempt("chunks", server_says, b"HTTP/1.1 100 Continue\r\n\r\n", request(b"POST", fields=b"Transfer-Encoding: chunked\r\nexpect: 100-Continue\r\n"), chunked(b"hello"))

    def silent_server():
        world.forget()
        with world.connect() as c:
            begin = time.monotonic()
            c.send(ask_first)
            h = c.head()
            waited = time.monotonic() - begin
            expect(h.status == 100 and 0.7 < waited < 2.5, h.head, waited)
            c.send(b"hello")
            r = c.response()
            expect(r.status == 200 and r.body.endswith(b" 5"), r.head)
            next_works(c)

    attempt("the server says nothing", silent_server)

    def refused_early(status, close):
        world.forget()
        world["main"].script = raw_answer(reply(status, [b"Connection: close"] if close else [], b"no"), read_body=False, close=close)
        with world.connect() as c:
            c.send(ask_first)
            r = c.response()
            expect(r.status == status and not r.interim and r.body == b"no", r.head)
            expect(c.closed(), "left open, in doubt about the body")
        expect(close or world.seen()[0].conn.ended.wait(WAIT), "the server's connection was kept, in doubt about the body")

    for status in (417, 401, 200, 302):
        for close in (False, True):
            attempt(f"answered {status} early, close {close}", refused_early, status, close)

    world.default()

    def not_waiting():
        """A client that does not wait needs no 100."""
        world.forget()
        with world.connect() as c:
            begin = time.monotonic()
            c.send(ask_first + b"hello")
            r = c.response()
            expect(r.status == 200 and r.body.endswith(b" 5") and time.monotonic() - begin < 0.8, r.head)
            next_works(c)

    attempt("the client does not wait", not_waiting)

    def not_meant(text):
        world.forget()
        begin = time.monotonic()
        r = world.ask(text)
        expect(r.status == 200 and not r.interim and time.monotonic() - begin < 0.8, r.head, r.interim)

    attempt("no body", not_meant, request(fields=b"Expect: 100-continue\r\n"))
    attempt("an empty body", not_meant, request(b"POST", fields=b"Expect: 100-continue\r\nContent-Length: 0\r\n"))
    attempt("HTTP/1.0", not_meant, request(b"POST", fields=b"Expect: 100-continue\r\nContent-Length: 5\r\n", version=b"1.0", body=b"hello"))


@row
def fields_and_phrases(world):
    """Transparent: phrases, order, spelling, repeated fields and values pass; Date is added when there is none."""

    def phrase(line, wanted):
        r = ask_scripted(world, b"HTTP/1.1 " + line + b"\r\nContent-Length: 0\r\n\r\n")
        expect(r.line == b"HTTP/1.1 " + wanted, r.line)

    for line, wanted in ((b"200 Everything Fine", b"200 Everything Fine"), (b"404 Nope, \xc3\xa4h", b"404 Nope, \xc3\xa4h"), (b"599 x  y", b"599 x  y"), (b"226 IM Used", b"226 IM Used"),
                         (b"500 a:b", b"500 a:b"), (b"799 Odd", b"799 Odd")):
        attempt(f"phrase {line}", phrase, line, wanted)

    def order():
        fields = [b"X-One: 1", b"x-two: a", b"X-TWO: b", b"X_three:  c  ", b"X-Empty:", b"Accept: */*", b"X-Two: c", b"X-Latin: \xe4", b"X-Tab: a\tb", b"Sec-WebSocket-Key: abc=="]
        world.forget()
        world["main"].script = raw_answer(b"HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nset-cookie: b=2\r\nX-Z: 1\r\nx-a: 2\r\nServer: s\r\nVia: v\r\nX-Latin: \xe4\r\nContent-Length: 2\r\nSET-COOKIE: c=3\r\n\r\nhi")
        r = world.ask(request(fields=b"".join(f + b"\r\n" for f in fields)))
        sent = [f for f in world.seen()[0].fields if f[0].lower() not in (b"host", b"x-real-ip", b"x-waybill-hops") and not f[0].lower().startswith(b"x-forwarded-")]
        expect(sent == [tuple(p.strip(b" ") for p in f.split(b":", 1)) for f in fields], sent)
        back = [f for f in r.fields if f[0] not in (b"Date", b"Content-Length")]
        expect(back == [(b"Set-Cookie", b"a=1"), (b"set-cookie", b"b=2"), (b"X-Z", b"1"), (b"x-a", b"2"), (b"Server", b"s"), (b"Via", b"v"), (b"X-Latin", b"\xe4"), (b"SET-COOKIE", b"c=3")], back)
        expect(r.one("Content-Length") == b"2", r.head)

    attempt("order, spelling, repetition", order)

    def nothing_invented():
        world.forget()
        r = world.ask(request())
        expect(not {b"user-agent", b"accept-encoding", b"accept", b"via"} & set(world.seen()[0].names()), world.seen()[0].head)
        r = ask_scripted(world, b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\nContent-Encoding: gzip\r\n\r\n<html>")
        expect(not r.all("Content-Type") and r.all("Content-Encoding") == [b"gzip"] and r.body == b"<html>", r.head)

    attempt("nothing is invented", nothing_invented)

    def date():
        r = ask_scripted(world, reply(200))
        expect(len(r.all("Date")) == 1 and r.one("Date").endswith(b" GMT"), r.head)
        r = ask_scripted(world, reply(200, [b"date: Thu, 01 Jan 1970 00:00:00 GMT"]))
        expect(r.all("Date") == [b"Thu, 01 Jan 1970 00:00:00 GMT"], r.head)

    attempt("Date", date)


if __name__ == "__main__":
    w = World(ORIGINS, RULES)
    run(w)
    finish(w)
