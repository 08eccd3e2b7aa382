#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Security cases D5 to D8 and H6 by HTTP/2: what a client can have the router do, or hold, has a bound; others do not notice."""
import resource
import selectors

from _h2 import *
from _lib import *

SHORT = ("--respondingTimeouts.readTimeout=2s", "--respondingTimeouts.idleTimeout=2s", "--forwardingTimeouts.responseHeaderTimeout=30s")

CONNECTIONS = int(os.environ.get("CONNECTIONS", 10))
KIB_EACH = 100


def cpu_s(world):
    with open(f"/proc/{world.process.pid}/stat") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def flood(world, name, make, code=ENHANCE_YOUR_CALM, most_sent=1 << 21, before=(), also=()):
    """It is told to calm down, soon, and costs little CPU. `make(i)` is the i-th piece sent; nothing is read meanwhile."""

    def check():
        with H2(world.port).settle() as c:
            c.send(*before)
            begin, sent, i = cpu_s(world), 0, 0
            try:
                while sent < most_sent:
                    piece = b"".join(make(i + j) for j in range(50))
                    i += 50
                    c.sock.settimeout(WAIT)
                    c.sock.sendall(piece)
                    sent += len(piece)
            except OSError:
                pass
            c.to_end()
            expect(c.goaway and c.goaway[1] in (code, *also), "GOAWAY:", c.goaway, "after", sent, "bytes")
            expect(cpu_s(world) - begin < 2, "it cost", cpu_s(world) - begin, "s")
        world.forget()

    attempt(name, check)


@row
def d5_rapid_reset(world):
    """D5: HEADERS and RST_STREAM, again and again: the connection ends, and so does each request at its server."""
    gate = threading.Event()
    lock, begun, ended = threading.Lock(), [], []

    def slow(conn, r):
        if not r.target.startswith(b"/reset"):
            return answer(conn, r)
        with lock:
            begun.append(r)
        if conn.wait_closed(WAIT):
            with lock:
                ended.append(r)
        return False

    world["main"].script = slow
    flood(world, "100,000 of them", lambda i: headers(2 * i + 1, path=b"/reset") + frame(RST_STREAM, 0, 2 * i + 1, u32(CANCEL)), most_sent=1 << 22)

    def one_by_one():
        """So slowly that each has reached its server."""
        with H2(world.port).settle() as c:
            for i in range(30):
                c.send(headers(2 * i + 1, path=b"/reset"))
                end = time.monotonic() + WAIT
                while len(begun) <= i and time.monotonic() < end:
                    time.sleep(0.001)
                c.send(frame(RST_STREAM, 0, 2 * i + 1, u32(CANCEL)))
            end = time.monotonic() + WAIT
            while len(ended) < len(begun) and time.monotonic() < end:
                time.sleep(0.005)
            expect(len(begun) >= 30 and len(ended) == len(begun), len(begun), len(ended))
            expect(not c.goaway, "30 may be reset")
        world.forget()

    begun.clear(), ended.clear()
    attempt("each is cancelled at its server", one_by_one)
    world.default()


@row
def d6_made_resets(world):
    """D6: resets that the client makes the router send count as well."""
    opened = lambda i: headers(2 * i + 1, end=False, method=b"POST", authority=b"b.test")
    provoked = {
        "WINDOW_UPDATE of 0": lambda i: opened(i) + frame(WINDOW_UPDATE, 0, 2 * i + 1, u32(0)),
        "a window beyond 2^31-1": lambda i: opened(i) + frame(WINDOW_UPDATE, 0, 2 * i + 1, u32((1 << 31) - 1)) * 2,
        "a second head": lambda i: opened(i) + frame(HEADERS, END_HEADERS, 2 * i + 1, literal(b"x", b"y")),
        "a body that is too long": lambda i: headers(2 * i + 1, end=False, method=b"POST", more=[(b"content-length", b"1")]) + frame(DATA, 0, 2 * i + 1, b"xx"),
        "a malformed head": lambda i: headers(2 * i + 1, more=[(b"connection", b"close")]),
        "PRIORITY of 4 bytes": lambda i: opened(i) + frame(PRIORITY, 0, 2 * i + 1, b"1234"),
    }
    for name, make in provoked.items():
        # Some of these nghttp2 ends the connection for at once.
        flood(world, name, make, also=(PROTOCOL_ERROR, FRAME_SIZE_ERROR, FLOW_CONTROL_ERROR))
    world.forget()


@row
def d7_floods(world):
    """D7: CONTINUATION, PING, SETTINGS, empty DATA and what else moves nothing."""
    part = frame(HEADERS, 0, 1, block(fields_of_request()))
    flood(world, "CONTINUATION without end", lambda i: frame(CONTINUATION, 0, 1, literal(b"x", b"y")), before=[part])
    flood(world, "empty CONTINUATION", lambda i: frame(CONTINUATION, 0, 1), before=[part])
    flood(world, "large CONTINUATION", lambda i: frame(CONTINUATION, 0, 1, literal(b"x", b"y" * 100) * 150), before=[part])
    flood(world, "PING", lambda i: frame(PING, 0, 0, b"12345678"))
    flood(world, "SETTINGS", lambda i: settings((MAX_CONCURRENT_STREAMS, i)))
    flood(world, "empty SETTINGS", lambda i: settings())
    flood(world, "SETTINGS of many entries", lambda i: settings(*[(3, j) for j in range(1000)]))
    flood(world, "PRIORITY", lambda i: frame(PRIORITY, 0, 2 * i + 1, u32(0) + b"\x10"))
    flood(world, "WINDOW_UPDATE", lambda i: frame(WINDOW_UPDATE, 0, 0, u32(1)))
    opened = headers(1, end=False, method=b"POST")
    flood(world, "empty DATA", lambda i: frame(DATA, 0, 1), before=[opened])
    flood(world, "padding only", lambda i: frame(DATA, PADDED, 1, b"\0"), before=[opened])
    flood(world, "empty HEADERS", lambda i: frame(HEADERS, END_HEADERS | END_STREAM, 2 * i + 1), also=(PROTOCOL_ERROR,))
    world.forget()


@row
def d8_heads(world):
    """D8, H6: what a head decodes to is bounded, by bytes and by fields, each crumb of a cookie counted."""

    def is_431(name, *parts):
        def check():
            world.forget()
            with H2(world.port).settle() as c:
                expect(c.settings[MAX_HEADER_LIST_SIZE] == 65536, c.settings)
                c.send(*parts)
                expect(c.answer(1).status == 431, c.answers[1].status, c.answers[1].reset)
                expect(c.ask(3).status == 200 and not c.goaway)
            expect(len(world.seen()) == 1)
            world.forget()

        attempt(name, check)

    is_431("101 fields", headers(1, more=[(b"x", b"y")] * 101))
    is_431("101 crumbs of a cookie", headers(1, more=[(b"cookie", b"a=1")] * 101))
    big = block(fields_of_request()) + b"\x40\x01x" + b"\x7f\xa1\x1e" + b"v" * 4000  # 4000 bytes in the table
    is_431("references that decode to more than 64 KiB", frame(HEADERS, END_HEADERS | END_STREAM, 1, big + b"\xbe" * 20))

    def fits():
        with H2(world.port).settle() as c:
            expect(c.ask(1, more=[(b"x", b"y")] * 100).status == 200)
            c.send(frame(HEADERS, END_HEADERS | END_STREAM, 3, block(fields_of_request()) + b"\x40\x01x" + b"\x7f\xa1\x1e" + b"v" * 4000 + b"\xbe" * 10))
            expect(c.answer(3).status == 200)
        expect(len(world.wait_seen(2)[1].head) > 40000)
        world.forget()

    attempt("what is within the limits", fits)

    def bomb():
        """A block of 16 KiB that decodes to 48 MiB."""
        begin, memory = cpu_s(world), memory_kib(world)
        with H2(world.port).settle() as c:
            c.send(frame(HEADERS, END_HEADERS | END_STREAM, 1, big + b"\xbe" * 12000))
            c.to_end()
            expect(c.goaway and c.goaway[1] == ENHANCE_YOUR_CALM, c.goaway)
        expect(cpu_s(world) - begin < 0.5 and memory_kib(world) - memory < 2048, cpu_s(world) - begin, memory_kib(world) - memory)
        expect(not world.seen())

    attempt("a bomb of references", bomb)
    long_target = lambda n: headers(1, path=b"/" + b"x" * n)

    def targets():
        with H2(world.port).settle() as c:
            whole = block(fields_of_request(path=b"/" + b"x" * 40000))
            c.send(frame(HEADERS, END_STREAM, 1, whole[:16000]), frame(CONTINUATION, 0, 1, whole[16000:32000]), frame(CONTINUATION, END_HEADERS, 1, whole[32000:]))
            expect(c.answer(1).status == 414, c.answers[1].status)
        expect(not world.seen())

    attempt("a long target is 414", targets)


class Holder:
    """A server that begins large answers and waits: one thread for any number of connections."""

    def __init__(self):
        self.listening = socket.create_server(("127.0.0.1", 0), backlog=4096)
        self.port, self.held = self.listening.getsockname()[1], 0
        self.listening.setblocking(False)
        self.poll = selectors.DefaultSelector()
        self.poll.register(self.listening, selectors.EVENT_READ)
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        head = b"HTTP/1.1 200 OK\r\nContent-Length: 10000000\r\n\r\n"
        while True:
            for key, _ in self.poll.select():
                if key.fileobj is self.listening:
                    sock, _ = self.listening.accept()
                    sock.setblocking(False)
                    self.poll.register(sock, selectors.EVENT_READ)
                    continue
                try:
                    got = key.fileobj.recv(65536)
                    if got:
                        key.fileobj.send(head + b"x" * 30000)
                        self.held += 1
                except OSError:
                    got = b""
                if not got:
                    self.poll.unregister(key.fileobj)
                    key.fileobj.close()


HELD = """
[backends.holder.servers.s]
url = "http://127.0.0.1:<holder>"
[frontends.holder]
backend = "holder"
[frontends.holder.routes.r]
rule = "Host:held.test"
"""


def hold_streams(world, connections, streams):
    """Answers that are not taken, on so many streams; what the router holds then, in KiB."""
    held, asked = [], holder.held + connections * streams
    try:
        for i in range(connections):
            c = H2(world.port, (INITIAL_WINDOW_SIZE, 0))
            held.append(c)
            c.send(*(headers(2 * j + 1, authority=b"held.test") for j in range(streams)))
        end = time.monotonic() + 60
        while holder.held < asked and time.monotonic() < end:
            time.sleep(0.01)
        expect(holder.held == asked, "asked", holder.held, "of", asked)
        time.sleep(0.2)
        begin = time.monotonic()
        expect(world.ask(request()).status == 200 and time.monotonic() - begin < 2, "others wait")
        return memory_kib(world)
    finally:
        for c in held:
            c.sock.close()


def files(world):
    return len(os.listdir(f"/proc/{world.process.pid}/fd"))


@row
def d8_memory(world):
    """D8: connections full of streams whose answers are not taken hold a bounded part of memory each, and give it back."""
    count, open_before = CONNECTIONS * 100, files(world)

    def check():
        before = memory_kib(world)
        grown = hold_streams(world, CONNECTIONS, 100) - before
        print(f"        {count} stalled answers: {grown / count:.1f} KiB each")
        expect(grown < count * KIB_EACH, grown, "KiB")
        end = time.monotonic() + WAIT
        while files(world) > open_before + 5 and time.monotonic() < end:
            time.sleep(0.01)
        expect(files(world) <= open_before + 5, "files stay open")
        # What malloc keeps is used again.
        again = hold_streams(world, CONNECTIONS, 100) - before
        expect(again < grown * 1.2, "the second time:", again, "the first:", grown)

    attempt("stalled answers", check)
    world.forget()


if __name__ == "__main__":
    exact_memory()
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    holder = Holder()
    world = World(ORIGINS, RULES + HELD.replace("<holder>", str(holder.port)), *SHORT)
    run(world)
    finish(world)
