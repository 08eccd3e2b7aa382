#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Security case S11: what a server may answer, and that nothing it says reaches somebody else."""
from _lib import *

POST = b"POST /s HTTP/1.1\r\nHost: a.test\r\n"
GET = b"GET /s HTTP/1.1\r\nHost: a.test\r\n"


def answer_refused(world, *parts, request=None, pause=0.0, close=False, cut=False, method="GET"):
    """What the server says is not passed on as it stands: 502 (or, `cut`, an answer that ends short); its connection is closed."""

    def check():
        world.forget()
        world["main"].script = raw_answer(*parts, pause=pause, close=close)
        with world.connect() as c:
            c.send(request or GET.replace(b"/s", b"/bad") + b"X-Tag: bad\r\n\r\n")
            if cut:
                r = None
                try:
                    r = c.response(method)
                except (Closed, ValueError):
                    pass
                expect(r is None or r.status == 502, "an answer that looks complete:", r and r.head, r and r.body)
            else:
                r = c.response(method)
                expect(r.status == 502 and r.body == b"Bad Gateway", r.head, r.body)
                world.default()
                c.send(GET + b"X-Tag: after\r\n\r\n")
                r = c.response()
                expect(r.status == 200 and r.one("X-Tag") == b"after", "the client's connection:", r.head)
        world.default()
        bad = [q for q in world.seen() if q.target == b"/bad"]
        expect(bad, "not asked")
        for q in bad:
            expect(close or q.conn.ended.wait(WAIT), "the connection to the server was kept")
        world.probe(3)

    attempt(f"answer refused {[show(p) for p in parts]} {method}", check)


@row
def s11_answers(world):
    """Answers that are ambiguous or malformed are 502 and end the server's connection."""
    ok = b"HTTP/1.1 200 OK\r\n"
    evil = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nX-Tag: evil\r\n\r\nevil"
    for head in (b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
                 b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello", b"Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
                 b"Content-Length: 5, 5\r\n\r\nhello", b"Content-Length: +5\r\n\r\nhello", b"Content-Length: -5\r\n\r\nhello", b"Content-Length:\r\n\r\nhello",
                 b"Content-Length: 99999999999999999999\r\n\r\nhello", b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                 b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", b"Transfer-Encoding: identity\r\n\r\nhello", b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
                 b"X: a\r\n b\r\nContent-Length: 5\r\n\r\nhello", b"X: a\nb: c\r\nContent-Length: 5\r\n\r\nhello", b"X: a\rb\r\nContent-Length: 5\r\n\r\nhello",
                 b"X: a\0b\r\nContent-Length: 5\r\n\r\nhello", b": a\r\nContent-Length: 5\r\n\r\nhello", b"X : a\r\nContent-Length: 5\r\n\r\nhello",
                 b"Content-Length : 5\r\n\r\nhello", b"no colon\r\nContent-Length: 5\r\n\r\nhello"):
        answer_refused(world, ok + head)
    for text in (b"HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n", b"HTTP/1.2 200 OK\r\nContent-Length: 0\r\n\r\n", b"ICY 200 OK\r\nContent-Length: 0\r\n\r\n",
                 b"HTTP/1.1 20 OK\r\nContent-Length: 0\r\n\r\n", b"HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n", b"HTTP/1.1 000 OK\r\nContent-Length: 0\r\n\r\n",
                 b"HTTP/1.1  200 OK\r\nContent-Length: 0\r\n\r\n", b"HTTP/1.1 200 OK\nContent-Length: 0\n\n", b"\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
                 b"HTTP/1.1 200 O\0K\r\nContent-Length: 0\r\n\r\n", b"HTTP/1.1 2x0 OK\r\nContent-Length: 0\r\n\r\n", b"hello\r\n\r\n", b"\x16\x03\x01\x02\x00"):
        answer_refused(world, text)
    for text in (b"", b"HTTP/1.1 200", b"HTTP/1.1 200 OK\r\nContent-Le"):
        answer_refused(world, text, close=True)
    answer_refused(world, b"HTTP/1.1 100 Continue\r\n\r\n" * 17 + evil)
    answer_refused(world, b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 40)
    answer_refused(world, *[b"HTTP/1.1 102 Processing\r\n\r\n"] * 17, evil, pause=0.002)
    answer_refused(world, ok + b"X: " + b"a" * 70000 + b"\r\n\r\n")
    answer_refused(world, ok + b"X: a\r\n" * 200 + b"Content-Length: 0\r\n\r\n")
    chunked = ok + b"Transfer-Encoding: chunked\r\n\r\n"
    for body in (b"5\r\nhelloXX0\r\n\r\n", b"0x5\r\nhello\r\n0\r\n\r\n", b"5 \r\nhello\r\n0\r\n\r\n", b"5;a\nb\r\nhello\r\n0\r\n\r\n", b"5\nhello\r\n0\r\n\r\n",
                 b"5\r\nhello\r\n0\r\nX Y: z\r\n\r\n", b"-5\r\nhello\r\n0\r\n\r\n", b"10000000000000005\r\nhello\r\n0\r\n\r\n"):
        answer_refused(world, chunked + body, cut=True)
        answer_refused(world, chunked, body, cut=True, pause=0.01)
    answer_refused(world, chunked + b"5\r\nhel", cut=True, close=True)
    answer_refused(world, chunked + b"5\r\nhello\r\n", cut=True, close=True)
    answer_refused(world, ok + b"Content-Length: 10\r\n\r\nhello", cut=True, close=True)

    def cut_for_old_client():
        """What ends with the connection must not look complete to HTTP/1.0, either: a reset."""
        world["main"].script = raw_answer(chunked + b"5\r\nhelloXX")
        with world.connect() as c:
            c.send(b"GET /bad HTTP/1.0\r\nHost: a.test\r\n\r\n")
            try:
                c.reader.to_end()
            except OSError:
                pass
            expect(c.reader.reset, "a clean end after", c.reader.raw)

    attempt("cut for HTTP/1.0 is a reset", cut_for_old_client)


@row
def s11_bytes_behind(world):
    """Bytes behind an answer belong to nobody: that connection is not used again."""
    evil = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nX-Tag: evil\r\n\r\nevil"

    def behind(first, *rest, method="GET", status=200, body=None, pause=0.0):
        world.forget()
        world["main"].script = raw_answer(first, *rest, pause=pause)
        with world.connect() as c:
            c.send(GET.replace(b"GET /s", method.encode() + b" /bad") + b"X-Tag: x\r\n\r\n")
            r = c.response(method)
            expect(r.status == status and (body is None or r.body == body), r.head, r.body)
            expect(world["main"].requests[-1].conn.ended.wait(WAIT), "the connection was kept")
            world.default()
            for i in range(5):
                c.send(GET + b"X-Tag: n%d\r\n\r\n" % i)
                r = c.response()
                expect(r.status == 200 and r.one("X-Tag") == b"n%d" % i, r.head, r.body)
        world.probe(10)

    full = reply(200, [], b"hello")
    for name, *case in (("two answers", full + evil), ("junk", full + b"XX"), ("CR LF", full + b"\r\n"),
                        ("two answers in two packets", full, evil), ("chunked and more", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n" + evil)):
        attempt(f"behind: {name}", lambda case=case: behind(*case, body=b"hello", pause=0.02))
    attempt("behind: 204 with a body", lambda: behind(b"HTTP/1.1 204 No Content\r\nContent-Length: 4\r\n\r\nevil", status=204))
    attempt("behind: 204 with a body, not declared", lambda: behind(b"HTTP/1.1 204 No Content\r\n\r\n" + evil, status=204))
    attempt("behind: 204 chunked", lambda: behind(b"HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nevil\r\n0\r\n\r\n", status=204))
    attempt("behind: 304 with a body", lambda: behind(b"HTTP/1.1 304 Not Modified\r\nContent-Length: 4\r\n\r\nevil", status=304))
    attempt("behind: HEAD with a body", lambda: behind(full, method="HEAD"))
    attempt("behind: HEAD with a body, later", lambda: behind(full[:-5], b"hello", method="HEAD", pause=0.02))

    def early_then_late():
        """An answer before the request has ended: what the server says later must not meet somebody else."""
        world.forget()
        world["main"].script = raw_answer(reply(200, [], b"early"), evil, read_body=False, pause=0.05)
        with world.connect() as c:
            c.send(POST.replace(b"/s", b"/bad") + b"Content-Length: 10\r\n\r\n01234")
            r = c.response()
            expect(r.status == 200 and r.body == b"early", r.head)
            world.default()
            c.send(b"56789")
            world.probe(20)
        expect(world["main"].requests[0].conn.ended.wait(WAIT), "the connection was kept")

    attempt("behind: an early answer", early_then_late)


if __name__ == "__main__":
    w = World(ORIGINS, RULES)
    run(w)
    finish(w)
