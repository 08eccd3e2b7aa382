#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Bodies come out as they went in, whatever the framing and the pieces; both ways are streamed."""
import random
import threading
import time

from _lib import *


@row
def framing_both_ways(world):
    """Bodies come out as they went in, whatever the pieces."""
    randomly = random.Random(7)

    def script(conn, r):
        """Sends the body back: as chunks when asked, else with a length."""
        conn.body_of(r)
        if r.one("X-Back") == b"chunks":
            conn.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", chunked(r.body, tuple(randomly.randint(1, 9000) for _ in range(9))))
        elif r.one("X-Back") == b"close":
            conn.send(b"HTTP/1.1 200 OK\r\n\r\n", r.body)
            return False
        else:
            conn.send(reply(200, [], r.body))

    def echo(size, there, back, split):
        world["main"].script = script
        body = randomly.randbytes(size)
        fields = b"X-Back: " + back + b"\r\n"
        with world.connect() as c:
            if there == b"chunks":
                text = request(b"POST", fields=fields + b"Transfer-Encoding: chunked\r\n", body=chunked(body, tuple(randomly.randint(1, 5000) for _ in range(9))))
            else:
                text = with_length(body, fields=fields)
            sender = threading.Thread(target=c.send, args=(text, split))
            sender.start()
            r = c.response()
            sender.join()
            expect(r.status == 200 and r.body == body, r.head, len(r.body))
            world.default()
            next_works(c)

    for size in (0, 1, 15, 16, 17, 4095, 16383, 16384, 16385, 65536, 200000, 3000000):
        for there in (b"length", b"chunks"):
            for back in (b"length", b"chunks", b"close"):
                attempt(f"{size} bytes, {there} there, {back} back", echo, size, there, back, None)
    for split in (1, 7, 1460):
        for there in (b"length", b"chunks"):
            attempt(f"{there} in pieces of {split}", echo, 3000, there, b"chunks", split)

    def no_body(method):
        world.forget()
        r = world.ask(request(method))
        expect(r.status == 200, r.head)
        expect(not world.seen()[0].all("Content-Length") and not world.seen()[0].all("Transfer-Encoding"), world.seen()[0].head)

    for method in (b"GET", b"POST", b"DELETE", b"OPTIONS", b"PATCH", b"PROPFIND", b"REPORT"):
        attempt(f"{method} without a body", no_body, method)

    def empty_body(method):
        world.forget()
        r = world.ask(with_length(b"", method))
        expect(r.status == 200 and world.seen()[0].all("Content-Length") == [b"0"], world.seen()[0].head)

    for method in (b"GET", b"POST", b"PUT"):
        attempt(f"{method} with length 0", empty_body, method)

    def in_single_bytes(raw, body):
        r = ask_scripted(world, None, script=in_bytes(raw))
        expect(r.status == 200 and r.body == body and r.one("X-A") == b"b", r.head, r.body)

    attempt("an answer in single bytes", in_single_bytes, reply(200, [b"X-A: b"], b"hello"), b"hello")
    attempt("a chunked answer in single bytes", in_single_bytes, b"HTTP/1.1 200 OK\r\nX-A: b\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(b"hello world", (3, 1)), b"hello world")

    def streamed():
        """What has come goes on at once, not when a buffer is full."""
        go = threading.Event()

        def slowly(conn, r):
            conn.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n")
            go.wait(WAIT)
            conn.send(b"6\r\nsecond\r\n0\r\n\r\n")

        world["main"].script = slowly
        with world.connect() as c:
            c.send(request())
            expect(c.head().status == 200 and c.reader.until(b"first\r\n", 1), "the first piece")
            go.set()
            expect(c.reader.until(b"0\r\n\r\n", 1), "the rest")

    attempt("an answer is streamed", streamed)

    def upload_streamed():
        got = threading.Event()

        def script(conn, r):
            conn.reader.until(b"first\r\n")
            got.set()
            conn.reader.until(b"0\r\n\r\n")
            conn.send(reply(200))

        world["main"].script = script
        with world.connect() as c:
            c.send(request(b"POST", fields=b"Transfer-Encoding: chunked\r\n", body=b"5\r\nfirst\r\n"))
            expect(got.wait(1), "the first piece waits for the second")
            c.send(b"0\r\n\r\n")
            expect(c.response().status == 200, "the answer")

    attempt("an upload is streamed", upload_streamed)


if __name__ == "__main__":
    w = World(ORIGINS, RULES)
    run(w)
    finish(w)
