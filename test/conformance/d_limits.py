#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Security cases D1, D2, D9, D11, D12: waiting has an end, memory has a bound, and others do not notice."""
import os
import re
import socket
import threading
import time

from _lib import *

GET = b"GET /d HTTP/1.1\r\nHost: a.test\r\n\r\n"
full = socket.create_server(("127.0.0.1", 0), backlog=0)  # nobody accepts here
READ_S = 2.0
IDLE_S = 3.0
SHORT = ("--respondingTimeouts.readTimeout=2s", "--respondingTimeouts.writeTimeout=2s", "--respondingTimeouts.idleTimeout=3s",
         "--forwardingTimeouts.dialTimeout=2s", "--forwardingTimeouts.responseHeaderTimeout=4s")
LOOP = """
[backends.self.servers.s]
url = "http://127.0.0.1:<http>"
[frontends.self]
backend = "self"
passHostHeader = true
[frontends.self.routes.r]
rule = "Host:loop.test"
[backends.full.servers.s]
url = "http://127.0.0.1:<full>"
[frontends.full]
backend = "full"
[frontends.full.routes.r]
rule = "Host:full.test"
"""


def cpu_s(world):
    with open(f"/proc/{world.process.pid}/stat") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def files(world):
    return len(os.listdir(f"/proc/{world.process.pid}/fd"))


def timed(world, count=50):
    """The slowest of some requests on connections of their own, in seconds."""
    worst = 0.0
    for _ in range(count):
        begin = time.monotonic()
        expect(world.ask(GET).status == 200, "status")
        worst = max(worst, time.monotonic() - begin)
    return worst


def ends_within(client, begin, at_least, at_most):
    """What it was sent before the end, which comes in that time."""
    sent = client.reader.to_end(at_most + 3)
    passed = time.monotonic() - begin
    expect(at_least - 0.3 <= passed <= at_most, f"ended after {passed:.1f} s")
    return sent


@row
def d1_slow_heads(world):
    """A thousand clients that send a byte now and then: cut at the deadline, others are served meanwhile."""
    before = files(world)
    clients = [world.connect() for _ in range(1000)]
    begin = time.monotonic()
    text = b"GET /slow HTTP/1.1\r\nHost: a.test\r\nX: "

    def drip():
        for at in range(len(text)):
            for c in clients[:500]:
                c.send(text[at:at + 1])
            time.sleep(0.08)

    dripping = threading.Thread(target=drip)
    dripping.start()
    time.sleep(0.3)
    attempt("others are served beside 1000 slow heads", lambda: expect(timed(world) < 0.5, "slow"))
    dripping.join()

    def dripped():
        for c in clients[:500]:
            sent = c.reader.to_end(5)
            expect(sent.startswith(b"HTTP/1.1 408 ") or (c.reader.reset and not sent), sent[:80])

    def silent():
        for c in clients[500:]:
            expect(c.reader.to_end(5) == b"", "something was said to who said nothing")

    attempt("a head that drips is 408", dripped)
    attempt("a connection that says nothing is closed without a word", silent)
    attempt("it took no longer than the deadline", lambda: expect(time.monotonic() - begin < READ_S + 6, time.monotonic() - begin))
    for c in clients:
        c.sock.close()
    time.sleep(0.3)
    attempt("descriptors came back", lambda: expect(files(world) < before + 20, before, files(world)))
    attempt("nothing reached a server", lambda: expect(not [q for q in world.seen() if q.target == b"/slow"], "it did"))


@row
def d1_slow_bodies(world):
    """A body that stops coming is 408, and its server connection ends; the same for each other wait."""
    waits = {}

    def begin_wait(name, text, script=None):
        world["main"].script = script or answer
        c = world.connect()
        c.send(text)
        waits[name] = (c, time.monotonic())
        if script:
            world.wait_seen(len(world.seen()) + 1, 0.2)

    post = b"POST /d HTTP/1.1\r\nHost: a.test\r\n"
    begin_wait("length", post + b"Content-Length: 10\r\n\r\n")
    begin_wait("length, some came", post + b"Content-Length: 10\r\n\r\nabc")
    begin_wait("chunks", post + b"Transfer-Encoding: chunked\r\n\r\n")
    begin_wait("chunk line", post + b"Transfer-Encoding: chunked\r\n\r\n5")
    begin_wait("chunk", post + b"Transfer-Encoding: chunked\r\n\r\n5\r\nab")
    begin_wait("trailers", post + b"Transfer-Encoding: chunked\r\n\r\n0\r\nX: y\r\n")
    begin_wait("continue", post + b"Content-Length: 5\r\nExpect: 100-continue\r\n\r\n")
    world.wait_seen(7)
    conns = [q.conn for q in world.seen()]

    def body_ends(name):
        c, begin = waits[name]
        sent = ends_within(c, begin, READ_S, READ_S + 2)
        expect(b"HTTP/1.1 408 " in sent, sent)

    for name in ("length", "length, some came", "chunks", "chunk line", "chunk", "trailers", "continue"):
        attempt(f"stalled body: {name}", body_ends, name)

    def servers_freed():
        for conn in conns:
            expect(conn.ended.wait(WAIT), "a server's connection was kept")
            expect(not conn.reader.raw.endswith(b"0\r\n\r\n"), "a body looks complete")

    attempt("their server connections end", servers_freed)

    def slow_but_moving():
        """A body that keeps coming has all the time it needs."""
        world.default()
        with world.connect() as c:
            c.send(post + b"X-Tag: slow\r\nContent-Length: 8\r\n\r\n")
            for _ in range(8):
                time.sleep(READ_S / 4)
                c.send(b"x")
            r = c.response()
            expect(r.status == 200 and r.body.endswith(b" 8"), r.head)

    def slow_server():
        def script(conn, r):
            conn.send(b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n")
            for _ in range(8):
                time.sleep(READ_S / 4)
                conn.send(b"y")
        world["main"].script = script
        expect(world.ask(GET).body == b"yyyyyyyy", "body")

    def silent_server():
        world["main"].script = lambda conn, r: (conn.wait_closed(10), False)[1]
        with world.connect() as c:
            begin = time.monotonic()
            c.send(GET)
            r = c.response(timeout=10)
            expect(r.status == 504 and 3.5 < time.monotonic() - begin < 5.5, r.head)
            world.default()
            c.send(GET)
            expect(c.response().status == 200, "the client's connection")

    def idle_client():
        with world.connect() as c:
            c.send(GET)
            expect(c.response().status == 200, "status")
            expect(ends_within(c, time.monotonic(), IDLE_S, IDLE_S + 2) == b"", "words")

    threads = [threading.Thread(target=attempt, args=pair) for pair in (("a slow body that moves", slow_but_moving), ("an idle client", idle_client))]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    attempt("a slow answer that moves", slow_server)
    attempt("a silent server is 504", silent_server)


@row
def d2_first_byte(world):
    """Bytes that are not HTTP do not escape the deadline."""
    clients = []
    for raw in (b"\x00\x00\x00\x08\x04\xd2\x16\x2f", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"PROXY TCP4 1.2.3.4 1.2.3.4 1 1\r\n", b"\r\n\r\n", b"G", b"\x05\x01\x00"):
        c = world.connect()
        c.send(raw)
        clients.append((raw, c, time.monotonic()))

    def ends(raw, c, begin):
        sent = ends_within(c, begin, -1, READ_S + 2)
        expect(sent == b"" or re.match(rb"HTTP/1\.1 (400|408|501|505) ", sent), sent)

    for raw, c, begin in clients:
        attempt(f"first bytes {raw[:12]}", ends, raw, c, begin)


@row
def d9_slow_reader(world):
    """A client that reads slowly: memory stays bounded, its server is held back, and after the deadline it is cut."""
    sent = [0] * 20
    begin_kib = memory_kib(world)

    def script(conn, r):
        number = int(r.target.rsplit(b"/", 1)[1])
        try:
            conn.sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n")
            while True:
                sent[number] += conn.sock.send(b"y" * 262144)
        except OSError:
            return False

    world["main"].script = script
    clients = []
    for i in range(20):
        c = world.connect(rcvbuf=4096)
        c.send(b"GET /big/%d HTTP/1.1\r\nHost: a.test\r\n\r\n" % i)
        clients.append(c)
    peak = 0
    end = time.monotonic() + 1.2
    while time.monotonic() < end:
        for c in clients:
            c.sock.setblocking(False)
            try:
                c.sock.recv(2000)
            except OSError:
                pass
        peak = max(peak, memory_kib(world) - begin_kib)
        time.sleep(0.02)
    attempt("20 slow readers of 1 GiB: memory", lambda: expect(peak < 8 * 1024, f"grew by {peak} KiB"))
    attempt("20 slow readers of 1 GiB: their servers are held back", lambda: expect(max(sent) < 24 << 20, f"{max(sent)} bytes were taken from a server"))
    stopped = time.monotonic()
    conns = [q.conn for q in world.seen()]

    def cut():
        """Now none of them reads at all."""
        for conn in conns:
            expect(conn.reader.eof or wait_for(lambda c=conn: c.over, stopped + READ_S + 4 - time.monotonic()), "a stalled reader keeps its server")

    attempt("readers that stopped are cut at the deadline", cut)
    for c in clients:
        c.sock.close()


def wait_for(true, seconds):
    end = time.monotonic() + max(seconds, 0)
    while time.monotonic() < end:
        if true():
            return True
        time.sleep(0.01)
    return true()


@row
def d11_loops(world):
    """The router routed to itself: a counter ends it."""

    def loops(fields):
        begin = time.monotonic()
        r = world.ask(b"GET /d HTTP/1.1\r\nHost: loop.test\r\n" + fields + b"\r\n")
        expect(r.status in (508, 502) and time.monotonic() - begin < 2, r.head)

    for fields in (b"", b"X-Waybill-Hops: 0\r\n", b"X-Waybill-Hops: 7\r\n", b"X-Waybill-Hops: 99999999999999999999\r\n", b"X-Waybill-Hops: -1\r\n", b"X-Waybill-Hops: junk\r\n", b"Connection: X-Waybill-Hops\r\n",
                   b"connection: x-waybill-hops\r\nx-waybill-hops: 1\r\n", b"X_Waybill_Hops: 0\r\n"):
        attempt(f"a loop ends {fields}", loops, fields)

    def post_loops():
        with world.connect() as c:
            c.send(b"POST /d HTTP/1.1\r\nHost: loop.test\r\nContent-Length: 1000000\r\n\r\n" + b"x" * 1000000)
            expect(c.response().status in (508, 502), "status")

    attempt("a loop with a body ends", post_loops)

    def counted():
        world.forget()
        world.ask(b"GET /d HTTP/1.1\r\nHost: a.test\r\nX-Waybill-Hops: 3\r\n\r\n")
        expect(world.seen()[0].all("X-Waybill-Hops") == [b"4"], world.seen()[0].head)

    attempt("hops are counted", counted)


@row
def dial_timeout(world):
    """A server that does not accept is 504 at the deadline."""
    held = []
    for _ in range(6):
        sock = socket.socket()
        sock.setblocking(False)
        sock.connect_ex(full.getsockname())
        held.append(sock)
    time.sleep(0.1)
    begin = time.monotonic()
    r = world.ask(b"GET /d HTTP/1.1\r\nHost: full.test\r\n\r\n", timeout=8)
    attempt("a server that does not accept", lambda: expect(r.status == 504 and 1.5 < time.monotonic() - begin < 5, r.head, time.monotonic() - begin))
    for sock in held:
        sock.close()


def d12_descriptors(world):
    """256 descriptors and a thousand clients: accepting pauses, nothing spins, the admin port answers."""
    clients = []
    for _ in range(1000):
        try:
            c = socket.socket()
            c.setblocking(False)
            c.connect_ex(("127.0.0.1", world.port))
            clients.append(c)
        except OSError:
            break
    time.sleep(0.5)
    attempt("1000 clients were started", lambda: expect(len(clients) == 1000, len(clients)))

    def admin():
        for _ in range(20):
            with Client(world.admin_port) as c:
                c.send(b"GET /ping HTTP/1.1\r\nHost: x\r\n\r\n")
                expect(c.response().status == 200, "no answer")

    attempt("the admin port answers", admin)

    def no_spin():
        before = cpu_s(world)
        time.sleep(1.0)
        used = cpu_s(world) - before
        expect(used < 0.15, f"{used:.2f} s of CPU in a second of nothing")

    attempt("nothing spins", no_spin)
    attempt("descriptors are left", lambda: expect(files(world) < 250, files(world)))

    def all_served():
        """Each gets its answer in time, when those before it are done."""
        answered = 0
        for c in clients:
            c.settimeout(WAIT)
            c.sendall(b"GET /d HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n")
        for c in clients:
            answered += c.recv(12) == b"HTTP/1.1 200"
            c.close()
        expect(answered == 1000, f"{answered} of 1000 were answered")

    attempt("each of the thousand is answered in the end", all_served)
    attempt("others are served afterwards", lambda: expect(timed(world) < 1, "slow"))


if __name__ == "__main__":
    exact_memory()
    import resource
    resource.setrlimit(resource.RLIMIT_NOFILE, (8192, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    w = World(ORIGINS, RULES + LOOP.replace("<full>", str(full.getsockname()[1])), *SHORT)
    run(w)
    small = World(ORIGINS, RULES, workers=2, files=256)
    run(small, [d12_descriptors])
    finish(w, small)
