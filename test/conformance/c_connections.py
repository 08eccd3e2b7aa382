#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Connections: clients and servers that go away (security case D13 too), upgrades and their tunnels."""
import hashlib
import random
import socket
import threading
import time

from _lib import *

@row
def clients_gone(world):
    """A client that goes away takes its attempt along; others notice nothing."""

    def gone(before, text, how, script_before=b""):
        world.forget()
        asked, ended = threading.Event(), threading.Event()

        def script(conn, r):
            if script_before:
                conn.send(script_before)
            asked.set()
            if conn.wait_closed():
                ended.set()
            return False

        world["main"].script = script
        c = world.connect()
        c.send(text)
        expect(asked.wait(WAIT), "not asked")
        if before:
            c.reader.until(before)
        if how == "reset":
            c.reset()
        else:
            c.sock.close()
        expect(ended.wait(WAIT), "the server's connection outlived the client")

    half = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"
    for how in ("close", "reset"):
        attempt(f"before the answer, {how}", gone, b"", request(), how)
        attempt(f"in the body it sends, {how}", gone, b"", request(b"POST", fields=b"Content-Length: 100\r\n", body=b"half"), how)
        attempt(f"in chunks it sends, {how}", gone, b"", request(b"POST", fields=b"Transfer-Encoding: chunked\r\n", body=b"5\r\nhello\r\n"), how)
        attempt(f"in the answer, {how}", gone, b"half", request(), how, half)
        attempt(f"in a chunked answer, {how}", gone, b"half", request(), how, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n")
        attempt(f"while it waits for 100, {how}", gone, b"", request(b"POST", fields=b"Content-Length: 5\r\nExpect: 100-continue\r\n"), how)

    def half_a_body():
        """A body that ends early never looks complete to the server."""
        for text in (request(b"POST", path=b"/cut", fields=b"Content-Length: 100\r\n", body=b"half"), request(b"POST", path=b"/cut", fields=b"Transfer-Encoding: chunked\r\n", body=b"5\r\nhello\r\n")):
            world.forget()
            with world.connect() as c:
                c.send(text)
                world.wait_seen(1)
                c.shut()
                c.reader.to_end()
            conn = world.seen()[0].conn
            expect(conn.ended.wait(WAIT) and not conn.reader.raw.endswith(b"0\r\n\r\n"), "it looks complete:", conn.reader.raw[-20:])

    attempt("half a body", half_a_body)


@row
def servers_gone(world):
    """A pooled connection that has ended is replaced when that is safe; else 502."""

    def closes_on_reuse(text, method, retried, first=None):
        world.forget()
        fresh = []

        def script(conn, r):
            conn.count = getattr(conn, "count", 0) + 1
            if r.one("X-Test"):
                fresh.append(conn.count == 1)
                if conn.count > 1:
                    if first:
                        conn.send(first)
                    return False
            return answer(conn, r)

        world["main"].close_conns()
        time.sleep(0.02)
        world["main"].script = script
        with world.connect() as c:
            next_works(c)
            c.send(text)
            r = c.response(method)
            expect(r.status == (200 if retried else 502), r.head)
            next_works(c)
        expect(fresh == ([False, True] if retried else [False]), "asked:", fresh)

    test = b"X-Test: 1\r\n"
    attempt("GET is sent again", closes_on_reuse, request(fields=test), "GET", True)
    attempt("HEAD is sent again", closes_on_reuse, request(b"HEAD", fields=test), "HEAD", True)
    attempt("OPTIONS is sent again", closes_on_reuse, request(b"OPTIONS", fields=test), "GET", True)
    attempt("POST is not", closes_on_reuse, with_length(b"hello", fields=test), "GET", False)
    attempt("POST without a body is not", closes_on_reuse, request(b"POST", fields=test), "GET", False)
    attempt("POST with chunks is not", closes_on_reuse, request(b"POST", fields=test + b"Transfer-Encoding: chunked\r\n", body=chunked(b"hello")), "GET", False)
    attempt("GET with a body is not", closes_on_reuse, with_length(b"hello", b"GET", test), "GET", False)
    attempt("GET is not, once something came", closes_on_reuse, request(fields=test), "GET", False, b"HTTP/1.1 2")

    def never_twice():
        """A fresh connection that closes is 502 at once; a GET is repeated once, not for ever."""
        world["main"].close_conns()
        time.sleep(0.02)
        world.forget()
        world["main"].script = lambda conn, r: False
        with world.connect() as c:
            c.send(request())
            expect(c.response().status == 502, "status")
        expect(len(world.seen()) == 1, f"asked {len(world.seen())} times")

    attempt("a fresh connection that closes", never_twice)
    world.default()

    def restarted():
        """A server that is started anew loses nobody, POST neither: the closed connections are seen before use."""
        for i in range(20):
            with world.connect() as c:
                next_works(c, b"a%d" % i)
                world["main"].close_conns()
                time.sleep(0.005)
                c.send(with_length(b"hello", fields=b"X-Tag: b%d\r\n" % i))
                r = c.response()
                expect(r.status == 200 and r.one("X-Tag") == b"b%d" % i, r.head)

    attempt("idle connections that ended", restarted)

    def refused():
        with world.connect() as c:
            for method in (b"GET", b"POST"):
                c.send(method + b" / HTTP/1.1\r\nHost: refusing.test\r\nContent-Length: 0\r\n\r\n")
                r = c.response()
                expect(r.status == 502 and r.body == b"Bad Gateway", r.head)
            next_works(c)

    attempt("a server that is not there", refused)

    def reset_in_the_middle(raw):
        world.forget()

        def script(conn, r):
            conn.send(raw)
            time.sleep(0.02)
            conn.close(reset=True)
            return False

        world["main"].script = script
        with world.connect() as c:
            c.send(request())
            try:
                r = c.response()
                expect(r.status == 502, "looks complete", r.head, r.body)
            except (Closed, ValueError):
                pass

    for raw in (b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n", b"HTTP/1.1 200 OK\r\n\r\nhalf"):
        attempt(f"reset after {raw}", reset_in_the_middle, raw)


UPGRADE = b"Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Extensions: permessage-deflate\r\n"
SWITCH = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSet-Cookie: a=b\r\n\r\n"


@row
def d13_a_storm_of_repeats(world):
    """All servers reset: repeats stay within their budget, and what may have an effect, or has begun, is sent once."""
    counts = {}

    def script(conn, r):
        counts[r.method] = counts.get(r.method, 0) + 1
        if r.one("X-Storm"):
            conn.close(reset=True)
            return False
        return answer(conn, r)

    def storm(method, rounds, text):
        """On pooled connections, which is where repeats are made."""
        counts.clear()
        for _ in range(rounds):
            with world.connect() as c:
                for i in range(10):
                    c.send(request(b"OPTIONS"))
                    expect(c.response().status == 200, "between")
                    c.send(text)
                    r = c.response(method)
                    expect(r.status == 502, r.head)
        return counts[method.encode()]

    storm_field = b"X-Storm: 1\r\n"
    world["main"].script = script
    # A fifth of all requests and 10 a second, and what 5 s and 500 requests had earned (upstream.c).
    began = time.monotonic()
    seen = storm("GET", 60, request(fields=storm_field))
    lasted = time.monotonic() - began
    attempt("GET: repeats within the budget", lambda: expect(600 < seen <= 600 + 240 + 150 + 10 * (lasted + 1), seen, lasted))
    for name, text in (("length", with_length(b"hello", fields=storm_field)), ("no body", request(b"POST", fields=storm_field)),
                       ("chunks", request(b"POST", fields=storm_field + b"Transfer-Encoding: chunked\r\n", body=chunked(b"hello")))):
        attempt(f"POST is sent once: {name}", lambda: expect(storm("POST", 5, text) == 50, counts))
    # A body of which a part has gone out, the rest of which never comes.
    counts.clear()
    with world.connect() as c:
        c.send(request(b"POST", fields=storm_field + b"Content-Length: 1000000\r\n") + bytes(300000))
        expect(c.response("POST").status == 502, "status")
    attempt("half a body is sent once", lambda: expect(counts == {b"POST": 1}, counts))


@row
def tunnels(world):
    """After a 101 bytes pass both ways, whatever they are; each end is passed on."""

    def tunnel(script):
        def switched(conn, r):
            conn.request = r
            conn.send(SWITCH)
            script(conn)
            return False
        world.forget()
        world["main"].script = switched
        c = world.connect()
        c.send(request(fields=UPGRADE, path=b"/ws"))
        r = c.response()
        expect(r.status == 101 and r.one("Upgrade") == b"websocket" and r.one("Connection").lower() == b"upgrade", r.head)
        expect(r.one("Sec-WebSocket-Accept") == b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" and r.one("Set-Cookie") == b"a=b", r.head)
        return c

    def handshake():
        done = threading.Event()
        c = tunnel(lambda conn: done.wait(WAIT))
        seen = world.seen()[0]
        expect(seen.one("Upgrade") == b"websocket" and b"upgrade" in seen.one("Connection").lower(), seen.head)
        for name, value in (("Sec-WebSocket-Key", b"dGhlIHNhbXBsZSBub25jZQ=="), ("Sec-WebSocket-Version", b"13"), ("Sec-WebSocket-Extensions", b"permessage-deflate"), ("X-Forwarded-For", b"127.0.0.1")):
            expect(seen.all(name) == [value], name, seen.head)
        done.set()
        expect(c.closed(), "the end was not passed on")

    attempt("the handshake", handshake)

    def ping_pong():
        def script(conn):
            for i in range(100):
                conn.send(b"pong" + conn.reader.exactly(4))
        c = tunnel(script)
        for i in range(100):
            word = b"%04d" % i
            c.send(word, 1 if i % 2 else None)
            expect(c.reader.exactly(8) == b"pong" + word, "echo")
        expect(c.closed(), "the end was not passed on")

    attempt("to and fro", ping_pong)

    def server_first():
        """Bytes right behind the 101, in the same packet, looking like an answer."""
        world["main"].script = lambda conn, r: (conn.send(SWITCH + b"HTTP/1.1 200 OK\r\n\r\nfirst"), conn.reader.exactly(3), False)[2]
        with world.connect() as c:
            c.send(request(fields=UPGRADE))
            expect(c.response().status == 101 and c.reader.exactly(24) == b"HTTP/1.1 200 OK\r\n\r\nfirst", "first bytes")
            c.send(b"bye")
            expect(c.closed(), "the end")

    attempt("the server begins", server_first)

    def half_closed_by_client():
        got = []

        def script(conn):
            got.append(conn.reader.to_end())
            conn.send(b"answer behind your end" * 1000)
        c = tunnel(script)
        c.send(b"all I have to say")
        c.shut()
        expect(c.reader.to_end() == b"answer behind your end" * 1000 and got == [b"all I have to say"], "half close")

    attempt("the client ends first", half_closed_by_client)

    def half_closed_by_server():
        got, end = [], threading.Event()

        def script(conn):
            conn.send(b"all I have to say")
            conn.sock.shutdown(socket.SHUT_WR)
            got.append(conn.reader.to_end())
            end.set()
        c = tunnel(script)
        expect(c.reader.to_end() == b"all I have to say", "words")
        c.send(b"answer behind your end" * 1000)
        time.sleep(0.05)
        c.send(b"more")
        c.shut()
        expect(end.wait(WAIT) and got == [b"answer behind your end" * 1000 + b"more"], "half close")

    attempt("the server ends first", half_closed_by_server)

    def large_both_ways():
        size = 16 << 20
        sums = {}

        def take(reader, name):
            sha, count = hashlib.sha1(), 0
            while reader.waiting or reader.more(20):
                sha.update(reader.waiting)
                count += len(reader.waiting)
                reader.waiting = b""
                reader.raw.clear()
            sums[name] = (count, sha.hexdigest())

        block = random.Random(3).randbytes(1 << 20)

        def script(conn):
            t = threading.Thread(target=take, args=(conn.reader, "server"))
            t.start()
            for _ in range(size >> 20):
                conn.sock.sendall(block)
            conn.sock.shutdown(socket.SHUT_WR)
            t.join()
            sums["done"] = True
        c = tunnel(script)
        t = threading.Thread(target=take, args=(c.reader, "client"))
        t.start()
        for _ in range(size >> 20):
            c.sock.sendall(block)
        c.shut()
        t.join(30)
        for _ in range(500):
            if "done" in sums:
                break
            time.sleep(0.01)
        wanted = (size, hashlib.sha1(block * (size >> 20)).hexdigest())
        expect(sums.get("client") == wanted and sums.get("server") == wanted, sums)

    attempt("much both ways", large_both_ways)

    def reset_by(who):
        ended = threading.Event()

        def script(conn):
            if who == "server":
                conn.reader.exactly(1)
                conn.close(reset=True)
            else:
                conn.wait_closed()
                ended.set()
        c = tunnel(script)
        c.send(b"x")
        if who == "server":
            c.reader.to_end()
            expect(c.reader.eof, "left open")
        else:
            c.reset()
            expect(ended.wait(WAIT), "left open")

    attempt("a reset by the server", reset_by, "server")
    attempt("a reset by the client", reset_by, "client")

    def denied():
        r = world.ask(request(path=b"/admin/ws", fields=UPGRADE))
        expect(r.status == 401 and not world["admin"].requests, r.head)

    attempt("an upgrade on a protected route is asked about", denied)


if __name__ == "__main__":
    w = World(ORIGINS, RULES)
    run(w)
    finish(w)
