#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Bodies collected whole, bytes in and bytes out: limits (security case D10), files, slow clients, retries; and times of a
frontend's own."""
import hashlib
import random
import tempfile

from _lib import *

EXTRA = """
[backends.collected.servers.s]
url = "http://127.0.0.1:<main>"
[backends.collected.buffering]
memRequestBodyBytes = 1000
memResponseBodyBytes = 1000
[backends.limited.servers.s]
url = "http://127.0.0.1:<api>"
[backends.limited.buffering]
maxRequestBodyBytes = 1000
maxResponseBodyBytes = 1000
[backends.again.servers.s]
url = "http://127.0.0.1:<other>"
[backends.again.buffering]
memRequestBodyBytes = 1000
retryExpression = "IsNetworkError() && Attempts() <= 2"
[backends.below.servers.s]
url = "http://127.0.0.1:<main>"
[backends.below.buffering]
maxRequestBodyBytes = -1
[frontends.collected]
backend = "collected"
[frontends.collected.routes.r]
rule = "Host:collected.test"
[frontends.limited]
backend = "limited"
[frontends.limited.routes.r]
rule = "Host:limited.test"
[frontends.again]
backend = "again"
[frontends.again.routes.r]
rule = "Host:again.test"
[frontends.below]
backend = "below"
[frontends.below.routes.r]
rule = "Host:below.test"
[frontends.quick]
backend = "main"
[frontends.quick.routes.r]
rule = "Host:quick.test"
[frontends.quick.timeouts]
responseHeader = "300ms"
total = "1s"
"""
folder = tempfile.TemporaryDirectory(prefix="conformance.spool.")


def some(count, seed=1):
    return random.Random(seed).randbytes(count)


def post(host, body, as_chunks, fields=b""):
    head = b"POST /b HTTP/1.1\r\nHost: " + host + b"\r\n" + fields
    if as_chunks:
        return head + b"Transfer-Encoding: chunked\r\n\r\n" + chunked(body, (1, 70000, 333))
    return head + b"Content-Length: %d\r\n\r\n" % len(body) + body


def echo(as_chunks):
    """Sends the request's body back, and says how it came."""

    def script(conn, r):
        conn.body_of(r)
        length = r.one("Content-Length") or b"none"
        if as_chunks:
            conn.send(b"HTTP/1.1 200 OK\r\nX-Length: " + length + b"\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(r.body, (50000, 7)))
        else:
            conn.send(reply(200, [b"X-Length: " + length], r.body))

    return script


def files_open(world):
    """Those of bodies: without a name, in the folder for them."""
    fds = f"/proc/{world.process.pid}/fd"
    found = []
    for fd in os.listdir(fds):
        try:
            found.append(os.readlink(f"{fds}/{fd}"))
        except FileNotFoundError:  # closed meanwhile
            pass
    return [name for name in found if name.startswith(folder.name)]


@row
def bodies_are_collected(world):
    """Of any length and framing, by memory and by file: the same bytes, with their length."""

    def there_and_back(count, as_chunks, split=None):
        world.forget()
        world["main"].script = echo(as_chunks)
        body = some(count)
        r = world.ask(post(b"collected.test", body, as_chunks), "POST", split=split, timeout=30)
        expect(r.status == 200 and r.body == body, r.status, len(r.body), hashlib.sha1(r.body).hexdigest())
        expect(r.one("X-Length") == r.one("Content-Length") == b"%d" % count, r.head)
        expect(not r.all("Transfer-Encoding"), r.head)

    for count in (0, 1, 1000, 1001, 66537, 200_000, 5_000_000):
        for as_chunks in (False, True):
            attempt(f"{count} bytes, chunked {as_chunks}", there_and_back, count, as_chunks)
    attempt("in pieces", there_and_back, 3000, True, split=11)
    attempt("no file has a name", lambda: expect(not os.listdir(folder.name), os.listdir(folder.name)))


@row
def limits_hold(world):
    """What is too long is refused, before a server is asked if its length is known, and the connection goes on."""

    def upload(count, as_chunks, status):
        world.forget()
        with world.connect() as c:
            c.send(post(b"limited.test", some(count), as_chunks))
            r = c.response("POST")
            expect(r.status == status, r.head)
            expect(status == 200 or r.body == b"Request Entity Too Large", r.body)
            expect((len(world.seen()) > 0) == (status == 200), "a server was asked")
            next_works(c)

    def download(count, as_chunks, status):
        world["api"].script = raw_answer(b"HTTP/1.1 200 OK\r\nX-Mine: yes\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(some(count), (99,))
                                         if as_chunks else reply(200, [b"X-Mine: yes"], some(count)))
        with world.connect() as c:
            c.send(b"GET /b HTTP/1.1\r\nHost: limited.test\r\n\r\n")
            r = c.response()
            expect(r.status == status and (r.body == some(count)) == (status == 200), r.head, r.body)
            expect(status == 200 or (not r.all("X-Mine") and r.body == b"Internal Server Error"), r.head, r.body)
            world["api"].script = world["api"].usual
            next_works(c)

    for as_chunks in (False, True):
        for count, status in ((1000, 200), (1001, 413), (100_000, 413)):
            attempt(f"request of {count}, chunked {as_chunks}", upload, count, as_chunks, status)
        for count, status in ((1000, 200), (1001, 500), (100_000, 500)):
            attempt(f"answer of {count}, chunked {as_chunks}", download, count, as_chunks, status)
    attempt("a limit below zero closes the frontend",
            lambda: expect(world.ask(b"GET / HTTP/1.1\r\nHost: below.test\r\n\r\n").status == 503, "open"))
    world.forget()


@row
def d10_bodies_without_end(world):
    """10 GB that is declared: 413 before a byte of it, and no server is dialled. 10 GB in chunks: 413 when the limit is reached."""
    dialled = len(world["api"].conns)
    before = memory_kib(world)

    def declared(more):
        with world.connect() as c:
            c.send(b"POST /b HTTP/1.1\r\nHost: limited.test\r\nContent-Length: 10000000000\r\n" + more + b"\r\n")
            r = c.response("POST")
            expect(r.status == 413 and not r.interim, r.head, r.interim)

    def chunks():
        with world.connect() as c:
            c.send(b"POST /b HTTP/1.1\r\nHost: limited.test\r\nTransfer-Encoding: chunked\r\n\r\n")
            c.send(b"2540be400\r\n" + bytes(990))
            expect(c.silent(), "an answer before the limit was reached")
            c.send(bytes(11))
            expect(c.response("POST").status == 413, "status")

    for _ in range(20):
        attempt("10 GB declared", declared, b"")
        attempt("10 GB declared, to be asked for", declared, b"Expect: 100-continue\r\n")
    attempt("10 GB in a chunk", chunks)
    expect(len(world["api"].conns) == dialled and not world.seen(), "a server was dialled")
    expect(memory_kib(world) - before < 2048, "memory")


@row
def slow_clients_hold_no_server(world):
    """Answers of 4 MB that nobody reads are in files; their servers and the router's memory are free."""
    world["main"].script = raw_answer(reply(200, [], some(4_000_000)))
    expect(world.ask(b"GET /b HTTP/1.1\r\nHost: collected.test\r\n\r\n", timeout=30).body == some(4_000_000), "first")
    before = memory_kib(world)
    clients = [Client(world.port, rcvbuf=4096) for _ in range(3)]
    for c in clients:
        c.send(b"GET /b HTTP/1.1\r\nHost: collected.test\r\n\r\n")
        end = time.monotonic() + 20
        while not c.sock.recv(1, socket.MSG_PEEK) and time.monotonic() < end:
            time.sleep(0.01)
    grown = memory_kib(world) - before
    expect(len([c for c in world["main"].conns if not c.over]) <= 2, "connections to the server are held")
    # Two blocks of 64 KiB and the first 1000 bytes, buffers of the connection and of the head.
    expect(grown < 3 * (128 + 4 + 72 + 16 + 16) + 1024, f"{grown} KiB for 3 slow readers")
    for c in clients:
        expect(c.response(timeout=30).body == some(4_000_000), "not what was sent")
        c.sock.close()


@row
def clients_that_leave_give_back_what_they_held(world):
    """Uploads that break off, to memory and to file."""
    for count in (500, 50_000, 500_000, 3_000_000):
        for _ in range(5):
            c = world.connect()
            c.send(post(b"collected.test", some(count), False)[:-1])
            c.reset()
    end = time.monotonic() + 10
    while time.monotonic() < end and files_open(world):
        time.sleep(0.05)
    expect(not files_open(world), files_open(world))
    world.forget()


@row
def room_is_limited(world):
    """More than all files may hold together: 503 that says when to come again, and the next one is served."""
    with world.connect() as c:
        threading.Thread(target=lambda: attempt_send(c, post(b"collected.test", bytes(20_000_000), False)), daemon=True).start()
        r = c.response("POST", 30)
        expect(r.status == 503 and r.one("Retry-After") == b"1", r.head)
    expect(not world.seen(), "a server was asked")
    world["main"].script = echo(False)
    expect(world.ask(post(b"collected.test", some(2_000_000), True), "POST", timeout=30).body == some(2_000_000), "afterwards")


def attempt_send(c, text):
    try:
        c.send(text)
    except OSError:
        pass


@row
def requests_are_repeated_with_their_bodies(world):
    """As retryExpression says, and no more often."""
    body = some(300_000)
    failures = [2]

    def flaky(conn, r):
        conn.body_of(r)
        expect(r.body == body, "another body")
        if failures[0]:
            failures[0] -= 1
            return False
        conn.send(reply(200, [], r.body))
        return True

    for count, status in ((2, 200), (3, 502)):
        failures[0] = count
        world.forget()
        world["other"].script = flaky
        r = world.ask(post(b"again.test", body, True), "POST", timeout=30)
        expect(r.status == status and len(world.seen()) == 3, count, r.head, len(world.seen()))
        expect(status != 200 or r.body == body, "not what was sent")


@row
def times_of_a_frontend(world):
    """Its own, while others wait on."""
    quick, usual = b"GET /t HTTP/1.1\r\nHost: quick.test\r\n\r\n", b"GET /t HTTP/1.1\r\nHost: a.test\r\n\r\n"
    world["main"].script = lambda conn, r: (time.sleep(0.8), conn.send(reply(200, [], b"late")), None)[2]
    expect(world.ask(usual).status == 200, "others")
    r = world.ask(quick)
    expect(r.status == 504 and r.body == b"Gateway Timeout", r.head, r.body)
    world["main"].script = lambda conn, r: (conn.send(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab"), time.sleep(1.5), None)[2]
    with world.connect() as c:
        begin = time.monotonic()
        c.send(quick)
        expect(c.reader.to_end(4).endswith(b"\r\n\r\nab"), "not cut")
        expect(0.8 < time.monotonic() - begin < 2.5, "not in time")


if __name__ == "__main__":
    exact_memory()
    world = World(ORIGINS, RULES + EXTRA, f"--buffering.folder={folder.name}", "--buffering.filesMiB=16")
    run(world)
    finish(world)
