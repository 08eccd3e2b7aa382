#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a review as an attacker found: each of these once crashed the router or gave away what was not its asker's."""
import re
import time

from _lib import *


def floods(conn, request):
    """Answers before the body has come, with more than the client's socket takes."""
    conn.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    piece = b"4000\r\n" + b"f" * 0x4000 + b"\r\n"
    conn.sock.settimeout(3)
    try:
        while True:
            conn.sock.sendall(piece)
    except OSError:
        return False


def only_whole_fs(taken):
    body = taken.split(b"\r\n\r\n", 1)[1]
    strange = body.replace(b"4000\r\n", b"").replace(b"f", b"").replace(b"\r\n", b"")
    expect(len(strange) < 8, "bytes that no server sent:", strange[:60])


@row
def cut_while_writing(world):
    """An answer is cut off while a piece of it waits for the client: the memory of the piece is not written any more."""

    def broken_body():
        world["main"].script = floods
        with world.connect(rcvbuf=4096) as c:
            c.send(request(b"POST", fields=b"Transfer-Encoding: chunked\r\n", body=b"5\r\nhello\r\n"))
            time.sleep(1.0)  # the router's write to us is stuck now
            c.send(b"no size\r\n")
            time.sleep(0.3)
            world.default()
            world.probe(20)
            only_whole_fs(c.reader.to_end(10))

    def stalled():
        world["main"].script = floods
        with world.connect(rcvbuf=4096) as c:
            c.send(request())
            time.sleep(4.5)  # the body timeout is 2 s
            world.default()
            world.probe(20)
            only_whole_fs(c.reader.to_end(10))

    attempt("the client's body breaks", broken_body)
    attempt("the client takes nothing", stalled)


@row
def head_at_the_end_of_a_buffer(world):
    """A pipelined head that begins far behind in the buffer of the body before it."""

    def behind(length):
        world.default()
        with world.connect() as c:
            filler = b"x" * length
            text = with_length(filler) + request(fields=b"X-Tag: second\r\n")
            c.send(text)
            first, second = c.response(), c.response()
            expect(first.status == 200 and first.body.endswith(b" %d" % length), first.head, first.body)
            expect(second.status == 200 and second.one("X-Tag") == b"second", second.head)

    # The router reads into 16 KiB, then into 72 KiB at a time.
    for rounds in (1, 2, 3):
        for before_end in range(100, 2200, 300):
            attempt(f"{rounds} buffers, {before_end} before the end", behind, 16384 + rounds * 73728 - before_end)


@row
def gone_at_the_head_timeout(world):
    """Clients that reset their connections just when the time for a head is over."""

    def storm(delay):
        clients = [world.connect() for _ in range(300)]
        begin = time.monotonic()
        for c in clients:
            c.send(b"GET / HTTP/1.1\r\n")
        time.sleep(max(0, begin + 2 + delay - time.monotonic()))
        for c in clients:
            c.reset()

    for delay in (-0.01, 0.0, 0.005, 0.01, 0.015, 0.02, 0.03):
        attempt(f"{delay * 1000:.0f} ms", storm, delay)


@row
def trailers_past_a_filter(world):
    """A trailer cannot bring what only the auth server may say; others pass."""

    def sends(path, token, wanted):
        world.forget()
        with world.connect() as c:
            c.send(request(b"POST", path, token + b"Transfer-Encoding: chunked\r\n", b"5\r\nhello\r\n0\r\nX-Auth-User: root\r\nX-Sum: 1\r\n\r\n"))
            expect(c.response().status == 200, "not let through")
            next_works(c)
        got = [r for r in world.seen() if r.target == path and r.conn.origin.name != "auth"][0]
        expect(got.body == b"hello" and got.trailers == wanted, "trailers:", got.trailers)

    attempt("behind auth", sends, b"/admin/x", b"X-Token: good\r\n", [b"X-Sum: 1"])
    attempt("without", sends, b"/m", b"", [b"X-Auth-User: root", b"X-Sum: 1"])


@row
def framing_in_the_reply_of_auth(world):
    """Fields of framing that the configuration wants copied from the auth server's reply change no framing."""

    def post(reply_head, body):
        world["auth"].script = lambda conn, r: conn.send(reply_head + body)
        world.forget()
        with world.connect() as c:
            c.send(request(b"POST", b"/copies", b"Content-Length: 29\r\n", b"GET /smuggled HTTP/1.1\r\nX: a\r\n"[:29]) + b"")
            c.response()
        time.sleep(QUIET)
        for r in [r for r in world.seen() if r.conn.origin.name == "other"]:
            expect(r.target == b"/copies" and r.all("Content-Length") == [b"29"] and not r.all("Transfer-Encoding"), r.head)
            expect(len(r.body) == 29, r.body)

    attempt("chunked", post, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"0\r\n\r\n")
    attempt("a length", post, b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", b"ok")
    attempt("none", post, b"HTTP/1.1 204 No Content\r\n\r\n", b"")


@row
def redirects_stay_here(world):
    """A final slash is never added to what a browser takes for another host."""

    def goes(path):
        r = world.ask(request(path=path))
        location = r.one("Location") or b""
        expect(not re.match(rb"/[/\\]", location), "goes to", location)

    for path in (b"/\\evil.host", b"//evil.host", b"/\\/evil.host", b"/%5Cevil.host", b"/%2Fevil.host"):
        attempt(show(path), goes, path)
    r = world.ask(request(path=b"/there.host"))
    attempt("an honest one", lambda: expect(r.status == 301 and r.one("Location") == b"/there.host/", r.head))


@row
def auth_through_itself(world):
    """An auth server whose address leads to the route that asks it: the circle is ended by the hops."""

    def ends():
        begin = time.monotonic()
        r = world.ask(request(path=b"/circle"), timeout=10)
        expect(r.status in (503, 508) and time.monotonic() - begin < 2, r.head, time.monotonic() - begin)

    attempt("a circle", ends)


@row
def stuck_tunnels(world):
    """A side of a tunnel that takes nothing ends it in time; one that is silent, or slow, does not."""

    def open_tunnel(serve, **options):
        def script(conn, r):
            conn.send(b"HTTP/1.1 101 Switching\r\nUpgrade: raw\r\nConnection: upgrade\r\n\r\n")
            return serve(conn)

        world["main"].script = script
        c = world.connect(**options)
        c.send(request(fields=b"Upgrade: raw\r\nConnection: upgrade\r\n"))
        return c

    def pour(conn):
        conn.sock.settimeout(8)
        try:
            while True:
                conn.sock.sendall(b"q" * 65536)
        except OSError as error:
            if not isinstance(error, TimeoutError):
                ended.append(True)
        return False

    def echo(conn):
        conn.send(conn.reader.exactly(5, 10))
        return False

    def stuck():
        with open_tunnel(pour, rcvbuf=4096):
            end = time.monotonic() + 7
            while not ended and time.monotonic() < end:
                time.sleep(0.05)
            expect(ended, "the server's side is still there")

    def silent():
        with open_tunnel(echo) as c:
            c.head()
            time.sleep(4.5)
            c.send(b"hello")
            expect(c.reader.exactly(5) == b"hello", "no echo")

    ended = []
    attempt("the client takes nothing", stuck)
    attempt("silence", silent)


MORE_RULES = """
[frontends.circle]
backend = "other"
[frontends.circle.routes.r]
rule = "Path:/circle"
[frontends.circle.auth.forward]
address = "http://127.0.0.1:<http>/circle"
[frontends.copies]
backend = "other"
[frontends.copies.routes.r]
rule = "Host:a.test;Path:/copies"
[frontends.copies.auth.forward]
address = "http://127.0.0.1:<auth>/check"
authResponseHeaders = ["Content-Length", "Transfer-Encoding"]
[frontends.named]
backend = "main"
[frontends.named.routes.r]
rule = "Host:a.test;Path:/{name:[^/]*e[^/]*[.]host}/"
"""


def main():
    world = World(ORIGINS, RULES + MORE_RULES, "--respondingTimeouts.readTimeout=2s")
    run(world)
    finish(world)


if __name__ == "__main__":
    main()
