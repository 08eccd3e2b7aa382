#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Memory per exchange is bounded whatever the body: 1 GiB each way, fast and against somebody slow (security case D9)."""
import socket
import threading
import time

from _lib import *

SIZE = 1 << 30
BOUND_KIB = 8 * 1024
BLOCK = bytes(1 << 20)


class Watch:
    """How much the memory has grown at most while it was watched."""

    def __init__(self, world):
        self.world, self.before, self.peak, self.stopped = world, memory_kib(world), 0, threading.Event()
        self.thread = threading.Thread(target=self.look)
        self.thread.start()

    def look(self):
        while not self.stopped.is_set():
            self.peak = max(self.peak, memory_kib(self.world) - self.before)
            time.sleep(0.01)

    def end(self, what):
        self.stopped.set()
        self.thread.join()
        print(f"        {what}: memory grew by {self.peak} KiB at most")
        expect(self.peak < BOUND_KIB, f"memory grew by {self.peak} KiB")


def swallow(sock, count, pause=0.0, until=None):
    """Reads `count` bytes and forgets them; returns how many came."""
    memory, got = bytearray(1 << 20), 0
    while got < count and (until is None or time.monotonic() < until):
        n = sock.recv_into(memory, min(len(memory), count - got) if not pause else 4096)
        if n == 0:
            break
        got += n
        if pause:
            time.sleep(pause)
    return got


def push(sock, count, prefix=b"", suffix=b""):
    """Sends `count` bytes in blocks; returns how many went before it ended."""
    sent = 0
    try:
        while sent < count:
            sock.sendall(prefix + BLOCK + suffix)
            sent += len(BLOCK)
    except OSError:
        pass
    return sent


CHUNK = b"%x\r\n" % len(BLOCK)


def bodies(world):
    """1 GiB passes both ways in bounded memory, with a length and in chunks."""
    main = world["main"]

    def upload(chunked):
        took = []

        def script(conn, r):
            if chunked:
                got = 0
                while True:
                    line = conn.reader.until(b"\r\n")
                    size = int(line, 16)
                    if size == 0:
                        conn.reader.until(b"\r\n")
                        break
                    held = min(len(conn.reader.waiting), size)
                    conn.reader.waiting = conn.reader.waiting[held:]
                    got += held + swallow(conn.sock, size - held)
                    conn.reader.exactly(2)
                    conn.reader.raw.clear()
            else:
                got = len(conn.reader.waiting) + swallow(conn.sock, SIZE - len(conn.reader.waiting))
                conn.reader.waiting = b""
            took.append(got)
            conn.send(reply(200, [], b"%d" % got))

        main.script = script
        watch = Watch(world)
        with world.connect() as c:
            framing = b"Transfer-Encoding: chunked" if chunked else b"Content-Length: %d" % SIZE
            c.send(b"POST /up HTTP/1.1\r\nHost: a.test\r\n" + framing + b"\r\n\r\n")
            sent = push(c.sock, SIZE, CHUNK if chunked else b"", b"\r\n" if chunked else b"")
            if chunked:
                c.send(b"0\r\n\r\n")
            r = c.response(timeout=20)
            expect(sent == SIZE and r.status == 200 and r.body == b"%d" % SIZE, r.head, r.body)
        watch.end("upload" + " in chunks" * chunked)

    def download(framing):
        def script(conn, r):
            if framing == "chunks":
                conn.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
                push(conn.sock, SIZE, CHUNK, b"\r\n")
                conn.send(b"0\r\n\r\n")
            elif framing == "length":
                conn.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % SIZE)
                push(conn.sock, SIZE)
            else:
                conn.send(b"HTTP/1.0 200 OK\r\n\r\n")
                push(conn.sock, SIZE)
            return framing != "close"

        main.script = script
        watch = Watch(world)
        with world.connect() as c:
            c.send(b"GET /down HTTP/1.%d\r\nHost: a.test\r\n\r\n" % (framing == "length"))
            expect(c.head(20).status == 200, "no head")
            got = len(c.reader.waiting) + swallow(c.sock, SIZE - len(c.reader.waiting))
            expect(got == SIZE, f"{got} bytes")
        watch.end(f"download, {framing}")

    attempt("upload of 1 GiB", upload, False)
    attempt("upload of 1 GiB in chunks", upload, True)
    for framing in ("length", "chunks", "close"):
        attempt(f"download of 1 GiB, {framing}", download, framing)

    def slow_server():
        """A server that takes little of what 8 clients send: they are held back."""
        def script(conn, r):
            swallow(conn.sock, SIZE, pause=0.01, until=time.monotonic() + 3)
            return False

        main.script = script
        watch = Watch(world)
        sent, threads, clients = [], [], []
        for i in range(8):
            c = world.connect()
            c.send(b"POST /slow HTTP/1.1\r\nHost: a.test\r\nContent-Length: %d\r\n\r\n" % SIZE)
            clients.append(c)
            threads.append(threading.Thread(target=lambda c=c: sent.append(push(c.sock, SIZE))))
            threads[-1].start()
        time.sleep(2)
        for c in clients:
            c.sock.shutdown(socket.SHUT_RDWR)
        for t in threads:
            t.join()
        watch.end("8 uploads to a slow server")
        expect(max(sent) < 64 << 20, f"{max(sent)} bytes were taken from a client")

    def slow_reader():
        """8 clients that take little of what a server sends: it is held back."""
        sent = []

        def script(conn, r):
            conn.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % SIZE)
            sent.append(push(conn.sock, SIZE))
            return False

        main.script = script
        watch = Watch(world)
        clients = [world.connect(rcvbuf=8192) for _ in range(8)]
        end = time.monotonic() + 2
        threads = []
        for c in clients:
            c.send(b"GET /slow HTTP/1.1\r\nHost: a.test\r\n\r\n")
            threads.append(threading.Thread(target=swallow, args=(c.sock, SIZE, 0.01, end)))
            threads[-1].start()
        for t in threads:
            t.join()
        for c in clients:
            c.sock.close()
        watch.end("8 downloads to slow readers")
        time.sleep(0.3)
        expect(len(sent) == 8 and max(sent) < 64 << 20, f"taken from the server: {sent}")

    attempt("a slow server", slow_server)
    attempt("slow readers", slow_reader)


if __name__ == "__main__":
    exact_memory()
    w = World(ORIGINS, RULES)
    w.probe(50)
    run(w, [bodies])
    finish(w)
