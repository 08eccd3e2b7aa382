#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""WebSocket over HTTP/2 (RFC 8441): a CONNECT on a stream becomes a socket of HTTP/1 to the server; what it carries, how it ends,
who may refuse it, and what it may cost. The server is a real one (Debian's python3-websockets)."""
import base64
import hashlib
import itertools
import random
import re

from websockets import frames as ws
from websockets.frames import OP_BINARY, OP_CLOSE, OP_CONT, OP_PING, OP_PONG, OP_TEXT, Close

import v_websockets as over_http1
from _h2 import *
from _lib import *

ENABLE_CONNECT = 8
server = over_http1.server


def fields(path=b"/echo", host=b"ws.test", protocol=b"websocket", method=b"CONNECT", version=b"13", more=()):
    return [(b":method", method), (b":protocol", protocol), (b":scheme", b"https"), (b":path", path), (b":authority", host),
            *([(b"sec-websocket-version", version)] if version else []), *more]


class Socket:
    """One WebSocket on a stream of a connection."""

    def __init__(self, conn, stream=1, open_it=True, **request):
        self.conn, self.stream, self.text = conn, stream, b""
        self.got = conn.answers[stream]
        conn.send(headers(stream, fields(**request), end=False))
        if open_it:
            conn.until(lambda: self.got.heads)
            expect(self.got.status == 200, "not opened:", self.got.heads, self.got.body)

    def send_bytes(self, payload, end=False):
        pieces = [payload[at:at + 16384] for at in range(0, len(payload), 16384)] or [b""]
        for i, piece in enumerate(pieces):
            self.conn.send(frame(DATA, END_STREAM if end and i == len(pieces) - 1 else 0, self.stream, piece))

    def send(self, kind, payload, final=True, end=False):
        self.send_bytes(ws.Frame(kind, payload, final).serialize(mask=True), end)

    def give(self, count):
        self.conn.send(frame(WINDOW_UPDATE, stream=self.stream, payload=u32(count)), frame(WINDOW_UPDATE, payload=u32(count)))

    def parse(self):
        """A complete frame of what has come, or None."""
        stream = self.got.body
        try:
            parser = ws.Frame.parse(self.read_exact(stream), mask=False)
            next(parser)
        except StopIteration as done:
            return done.value
        except EOFError:
            return None
        return None

    def read_exact(self, text):
        self.at = 0

        def read(count):
            if len(text) - self.at < count:
                raise EOFError
            self.at += count
            return text[self.at - count:self.at]
            yield

        return read

    def recv(self, timeout=WAIT):
        """One frame; gives back the window for it."""
        frames = []

        def there():
            got = self.parse()
            if got:
                frames.append(got)
            return got or self.got.ended or self.got.reset is not None

        self.conn.until(there, timeout) if not there() else None
        expect(frames, "no frame: ended", self.got.ended, "reset", self.got.reset, self.got.body[:100])
        self.got.body = self.got.body[self.at:]
        self.give(self.at)
        return frames[0]

    def echo(self, payload=b"hello", kind=OP_BINARY):
        self.send(kind, payload)
        got = self.recv()
        expect(got.opcode == kind and got.data == payload, "not what was sent:", got.opcode, got.data[:50])


def opened(world, *pairs):
    c = H2(world.port, *pairs).settle()
    expect(c.settings.get(ENABLE_CONNECT) == 1, c.settings)
    return c


def wide(world):
    """With windows that hold nothing up."""
    c = opened(world, (INITIAL_WINDOW_SIZE, 1 << 30))
    c.send(frame(WINDOW_UPDATE, payload=u32(1 << 30)))
    return c


def asked(world, status, check=None, **request):
    """The answer to a CONNECT that opens nothing; the connection goes on."""
    with opened(world) as c:
        c.send(headers(1, fields(**request), end=False))
        got = c.answer(1)
        expect(got.status == status, got.heads, got.reset)
        if check:
            check(got)
        expect(c.ask(3, path=b"/probe/after", authority=b"b.test").status == 200, "the connection does not go on")


def raw_server(world, script):
    """The origin `main` is a server of that script once it has switched."""

    def run_it(conn, r):
        if not r.one("Upgrade"):
            return world["main"].usual(conn, r)
        conn.send(b"HTTP/1.1 101 Switching\r\n" + over_http1.ASK + b"Sec-WebSocket-Accept: " + accept_for(r.one("Sec-WebSocket-Key")) + b"\r\n\r\n")
        return script(conn, r)

    world.forget()
    world["main"].script = run_it


def accept_for(key):
    return base64.b64encode(hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())


@row
def messages(world):
    """Text, binary, large, in pieces; pings both ways; whoever begins; many at once."""

    def plain():
        with opened(world) as c:
            s = Socket(c)
            for payload in (b"hello", b"", b"\x00\xff", b"x" * 125, b"x" * 126, b"y" * 30000):
                s.echo(payload)
            s.echo("\u00fc\u4e16".encode(), OP_TEXT)
            s.send(OP_PING, b"are you there")
            expect(s.recv().opcode == OP_PONG, "no pong")

    def byte_by_byte():
        with opened(world) as c:
            s = Socket(c)
            for byte in ws.Frame(OP_TEXT, b"slowly").serialize(mask=True):
                s.send_bytes(bytes([byte]))
            expect(s.recv().data == b"slowly", "echo")

    def large():
        random.seed(2)
        payload = random.randbytes(3_000_000)
        with wide(world) as c:
            s = Socket(c)
            out = ws.Frame(OP_BINARY, payload).serialize(mask=True)
            # As far as the router's windows let it, like any client.
            at, room = 0, {0: 65535 + c.windows[0], 1: c.settings[INITIAL_WINDOW_SIZE]}
            seen = collections.Counter(c.windows)
            while at < len(out):
                for stream in (0, 1):
                    room[stream] += c.windows[stream] - seen[stream]
                    seen[stream] = c.windows[stream]
                count = min(room[0], room[1], 16384, len(out) - at)
                if count <= 0:
                    c.frame()
                    continue
                c.send(frame(DATA, 0, 1, out[at:at + count]))
                room[0] -= count
                room[1] -= count
                at += count
            expect(s.recv(20).data == payload, "not what was sent")

    def pieces():
        with wide(world) as c:
            s = Socket(c, path=b"/pieces")
            whole = b""
            for i in itertools.count():
                got = s.recv()
                expect(got.opcode == (OP_CONT if i else OP_BINARY), got.opcode)
                whole += got.data
                if got.fin:
                    break
            expect(whole == b"a" * 70000 + b"b" * 5 + b"c" * 200000, len(whole))

    def server_pings():
        with opened(world) as c:
            s = Socket(c, path=b"/ping")
            ping = s.recv()
            expect(ping.opcode == OP_PING and ping.data == b"from the server", ping)
            s.send(OP_PONG, ping.data)
            expect(s.recv().data == b"ponged", "the pong did not pass")

    def before_it_stands():
        """What comes before the 200 waits for it."""
        with opened(world) as c:
            s = Socket(c, open_it=False)
            s.send(OP_TEXT, b"early")
            expect(s.recv().data == b"early" and s.got.status == 200, "echo")

    def many():
        with wide(world) as c:
            sockets = [Socket(c, 1 + 2 * i, open_it=False) for i in range(100)]
            for i, s in enumerate(sockets):
                s.send(OP_TEXT, b"number %d" % i)
            for i, s in enumerate(sockets):
                expect(s.recv().data == b"number %d" % i, "somebody else's")
            sockets[0].send(OP_CLOSE, Close(1000, "").serialize(), end=True)
            c.answer(1)
            expect(c.ask(201, path=b"/probe/one-less").status == 200, "its place was not given back")

    for test in (plain, byte_by_byte, large, pieces, server_pings, before_it_stands, many):
        server.forget()
        attempt(test.__name__, test)


@row
def handshake(world):
    """The server is asked as HTTP/1 asks; the client is told what HTTP/2 has."""

    def told():
        server.forget()
        keys = []
        for own in (None, b"dGhlIHNhbXBsZSBub25jZQ=="):
            with opened(world) as c:
                more = [(b"origin", b"http://ws.test"), (b"cookie", b"s=1"), (b"cookie", b"t=2"), (b"x-forwarded-for", b"9.9.9.9"),
                        (b"sec-websocket-protocol", b"chat.v1"), (b"sec-websocket-extensions", b"permessage-deflate")]
                got = Socket(c, path=b"/echo?room=1", more=more + ([(b"sec-websocket-key", own)] if own else [])).got
                expect(got.one("sec-websocket-protocol") == "chat.v1", got.heads)
                expect(got.one("sec-websocket-extensions").startswith("permessage-deflate"), got.heads)
                for name in ("sec-websocket-accept", "upgrade", "connection", "content-length", "transfer-encoding"):
                    expect(got.one(name) is None, name, got.heads)
            path, head = server.heads[-1]
            expect(path == "/echo?room=1", path)
            for name, value in (("Host", "ws.test"), ("Origin", "http://ws.test"), ("Cookie", "s=1; t=2"), ("X-Forwarded-For", "127.0.0.1"),
                                ("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Version", "13"), ("X-Forwarded-Proto", "http")):
                expect(head.get_all(name) == [value], name, head.get_all(name))
            keys += head.get_all("Sec-WebSocket-Key")
        expect(len(keys) == 2 and keys[0] != keys[1] and all(re.fullmatch("[A-Za-z0-9+/]{22}==", key) for key in keys), keys)
        expect("dGhlIHNhbXBsZSBub25jZQ==" not in keys, "the client's own key")

    def fields_on_it():
        with opened(world) as c:
            got = Socket(c, host=b"marked.test").got
            expect(got.one("x-mark") == "m" and got.one("x-frame-options") == "DENY", got.heads)
            cookie = got.one("set-cookie").split(";")[0]
            expect(cookie.startswith("to="), cookie)
            got = Socket(c, 3, host=b"marked.test", more=[(b"cookie", cookie.encode())]).got
            expect(got.one("set-cookie") is None, "who belongs to a server got another cookie")
        expect(server.heads[-1][1]["X-Asked"] == "by the router", "the request's field")

    def any_case():
        with opened(world) as c:
            Socket(c, protocol=b"WebSocket").echo()

    def let_in():
        with opened(world) as c:
            Socket(c, host=b"login.test", more=[(b"authorization", b"Basic YW5uOnNlY3JldA==")]).echo()

    for test in (told, fields_on_it, any_case, let_in):
        attempt(test.__name__, test)


@row
def refusals(world):
    """Whoever refuses, the client gets that answer; no server is asked before filters and handshake are content; no success but a
    switch says that a socket stands."""

    def reason(name):
        return lambda got: expect(name in got.body, got.body)

    for status in (401, 403, 404, 426, 500, 503):
        attempt(f"{status} by the server", asked, world, status, lambda got: expect(got.one("x-why") == "no sockets here", got.heads),
                path=b"/refuse/%d" % status)
    server.forget()
    for host, status in ((b"login.test", 401), (b"walled.test", 403), (b"nobody.test", 404), (b"refusing.test", 502)):
        attempt(f"{host}", asked, world, status, host=host)
    for version in (None, b"8", b"13, 8"):
        attempt(f"version {version}", asked, world, 400, lambda got: expect(got.one("sec-websocket-version") == "13", got.heads), version=version)
    for protocol in (b"connect-udp", b"websockets", b"h2c", b"x"):
        attempt(f"{protocol}", asked, world, 501, reason(b"no such protocol"), protocol=protocol)
    attempt("a length", asked, world, 400, more=[(b"content-length", b"5")])
    attempt("nobody was asked", lambda: expect(not server.heads, server.heads))

    def no_switch(status, raw):
        world.forget()
        world["main"].script = raw_answer(raw)
        asked(world, status, host=b"a.test", path=b"/m")
        expect(len(world.seen()) >= 1, "nobody was asked")
        world.forget()

    for raw in (reply(200, [], b"hello"), reply(204), reply(206, [], b"part")):
        attempt(f"a server's {raw[:16]}", no_switch, 502, raw)
    attempt("a server's 301", no_switch, 301, reply(301, [b"Location: /x"], b"there"))
    for fault in (over_http1.ASK + over_http1.ACCEPT, over_http1.ASK, over_http1.ACCEPT):
        attempt(f"a 101 with {fault}", no_switch, 502, b"HTTP/1.1 101 Switching\r\n" + fault + b"\r\n")
    world.default()

    def page_of_an_error():
        world["other"].script = raw_answer(reply(200, [], b"sorry"))
        asked(world, 503, lambda got: expect(got.body == b"sorry", got.body), path=b"/refuse/503", host=b"paged.test")
        line = world["other"].requests[0]
        expect(line.line == b"GET /e/503 HTTP/1.1" and not line.all("Upgrade"), line.head)
        world.forget()

    attempt("an error page", page_of_an_error)

    def one_at_a_time():
        with opened(world) as c:
            first = Socket(c, host=b"one.test")
            c.send(headers(3, fields(host=b"one.test"), end=False))
            expect(c.answer(3).status == 429, c.answers[3].heads)
            first.echo()
            c.send(frame(RST_STREAM, stream=1, payload=u32(CANCEL)))
            for i in range(100):
                c.send(headers(5 + 2 * i, fields(host=b"one.test"), end=False))
                got = c.answers[5 + 2 * i]
                c.until(lambda: got.heads)
                if got.status == 200:
                    return
                time.sleep(0.02)
        raise Wrong("the place was not given back")

    attempt("maxConn", one_at_a_time)

    def own_pages():
        with H2(world.admin_port).settle() as c:
            c.send(headers(1, fields(path=b"/ping", host=b"x"), end=False))
            expect(c.answer(1).status == 501, c.answers[1].heads)
            expect(c.ask(3, path=b"/ping").status == 200, "ping")

    attempt("pages of the router", own_pages)

    def malformed(name, sent):
        with opened(world) as c:
            c.send(headers(1, sent, end=False))
            got = c.answers[1]
            c.until(lambda: got.reset is not None or got.heads)
            expect(got.reset == PROTOCOL_ERROR or got.status == 400, got.heads, got.reset)
            expect(c.ask(3, path=b"/probe/after").status == 200, "the connection does not go on")

    usual = fields()
    for name, sent in (("a GET", fields(method=b"GET")), ("no path", [f for f in usual if f[0] != b":path"]), ("no scheme", [f for f in usual if f[0] != b":scheme"]),
                       ("no authority", [f for f in usual if f[0] != b":authority"]), ("twice", usual[:2] + usual[1:]), ("behind fields", usual[:1] + usual[2:] + usual[1:2]),
                       ("empty", fields(protocol=b"")), ("and Upgrade", usual + [(b"upgrade", b"websocket")]), ("and Connection", usual + [(b"connection", b"upgrade")])):
        attempt(f"malformed: {name}", malformed, name, sent)

    def plain_connect():
        with opened(world) as c:
            c.send(headers(1, [(b":method", b"CONNECT"), (b":authority", b"a.test:80")], end=False))
            expect(c.answer(1).status == 501, c.answers[1].heads)

    attempt("CONNECT to a host", plain_connect)
    world.forget()


@row
def ends(world):
    """An end of one direction is passed on, and the other goes on; what breaks on one side breaks on the other."""

    def closed_by_server():
        for code in (1000, 1011, 4999):
            with opened(world) as c:
                s = Socket(c, path=b"/close/%d" % code)
                got = s.recv()
                expect(got.opcode == OP_CLOSE and Close.parse(got.data) == Close(code, "as you asked"), got)
                s.send(OP_CLOSE, got.data, end=True)
                c.answer(1)
                expect(s.got.ended and s.got.reset is None, s.got.reset)

    def closed_by_client():
        server.forget()
        with opened(world) as c:
            s = Socket(c)
            s.send(OP_CLOSE, Close(4001, "enough").serialize(), end=True)
            expect(s.recv().opcode == OP_CLOSE, "its close")
            c.answer(1)
            expect(s.got.ended and s.got.reset is None, s.got.reset)
        expect(server.wait_end(4001, "enough"), server.ends)

    def half_closed_by_client():
        got = []

        def script(conn, r):
            got.append(conn.reader.to_end())
            time.sleep(0.2)
            conn.send(b"late")
            return False

        raw_server(world, script)
        with opened(world) as c:
            s = Socket(c, host=b"a.test")
            s.send_bytes(b"all", end=True)
            c.answer(1)
            expect(s.got.body == b"late" and got == [b"all"] and s.got.ended and s.got.reset is None, s.got.body, got, s.got.reset)

    def half_closed_by_server():
        got = []

        def script(conn, r):
            conn.send(b"end")
            conn.sock.shutdown(socket.SHUT_WR)
            got.append(conn.reader.to_end())
            return False

        raw_server(world, script)
        with opened(world) as c:
            s = Socket(c, host=b"a.test")
            c.until(lambda: s.got.ended)
            expect(s.got.body == b"end", s.got.body)
            time.sleep(1.5)
            s.send_bytes(b"late", end=True)
            wait_for(lambda: got == [b"late"], got)
            c.ping()
            expect(s.got.reset is None, s.got.reset)

    def ended_with_the_head():
        got = []
        raw_server(world, lambda conn, r: (got.append(conn.reader.to_end()), conn.send(b"bye"), False)[2])
        with opened(world) as c:
            c.send(headers(1, fields(host=b"a.test"), end=True))
            answer = c.answer(1)
            expect(answer.status == 200 and answer.body == b"bye" and got == [b""], answer.heads, got)

    def server_resets():
        raw_server(world, lambda conn, r: (conn.send(b"hi"), time.sleep(0.2), conn.close(reset=True), False)[3])
        with opened(world) as c:
            s = Socket(c, host=b"a.test")
            c.answer(1)
            expect(s.got.reset == CONNECT_ERROR and not s.got.ended, s.got.reset)
            expect(c.ask(3, path=b"/probe/after").status == 200, "the connection does not go on")

    def client_ends(how):
        """Its server's connection is reset: no end has come."""
        seen = []

        def script(conn, r):
            try:
                seen.append(conn.sock.recv(10))
                seen.append(conn.sock.recv(10))
            except OSError as error:
                seen.append(type(error))
            return False

        raw_server(world, script)
        with opened(world) as c:
            s = Socket(c, host=b"a.test")
            s.send_bytes(b"word")
            wait_for(lambda: seen, "the word")
            how(c)
            wait_for(lambda: len(seen) == 2, "the end")
            expect(seen == [b"word", ConnectionResetError], seen)

    def trailers():
        raw_server(world, lambda conn, r: (conn.wait_closed(), False)[1])
        with opened(world) as c:
            s = Socket(c, host=b"a.test")
            c.send(headers(1, [(b"x-more", b"1")], end=True))
            c.answer(1)
            expect(s.got.reset == PROTOCOL_ERROR, s.got.reset)
            expect(c.ask(3, path=b"/probe/after").status == 200, "the connection does not go on")

    for test in (closed_by_server, closed_by_client, half_closed_by_client, half_closed_by_server, ended_with_the_head, server_resets, trailers):
        attempt(test.__name__, test)
    attempt("reset by the client", client_ends, lambda c: c.send(frame(RST_STREAM, stream=1, payload=u32(CANCEL))))
    attempt("the client's connection ends", client_ends, lambda c: c.sock.close())
    world.default()
    world.forget()


def wait_for(is_done, *detail):
    end = time.monotonic() + WAIT
    while not is_done() and time.monotonic() < end:
        time.sleep(0.01)
    expect(is_done(), *detail)


@row
def windows(world):
    """Who takes nothing is sent no more than its window, keeps nobody else waiting, and is given up in the time for writing; who takes late gets
    all. A server that takes nothing stops its client at the stream's window."""

    def client_takes_late():
        raw_server(world, lambda conn, r: (conn.send(b"z" * 400_000), conn.wait_closed(), False)[2])
        with opened(world, (INITIAL_WINDOW_SIZE, 1000)) as c:
            s = Socket(c, host=b"a.test")
            c.until(lambda: len(s.got.body) == 1000)
            expect(c.ask(3, path=b"/probe/others").status == 200, "another stream")
            expect(len(s.got.body) == 1000, "more than the window:", len(s.got.body))
            while len(s.got.body) < 400_000:
                have = len(s.got.body)
                s.give(50_000)
                c.until(lambda: len(s.got.body) >= min(have + 50_000, 400_000))
            expect(s.got.body == b"z" * 400_000, len(s.got.body))

    def client_takes_nothing():
        raw_server(world, lambda conn, r: (conn.send(b"z" * 400_000), conn.wait_closed(), False)[2])
        with opened(world, (INITIAL_WINDOW_SIZE, 1000)) as c:
            s = Socket(c, host=b"a.test")
            begin = time.monotonic()
            c.answer(1, 10)
            expect(s.got.reset is not None and time.monotonic() - begin < 6, s.got.reset)
            expect(c.ask(3, path=b"/probe/others").status == 200, "another stream")

    def server_takes_nothing():
        go_on = threading.Event()
        got = []

        def script(conn, r):
            go_on.wait(WAIT)
            got.append(len(conn.reader.to_end()))
            return False

        raw_server(world, script)
        with opened(world) as c:
            s = Socket(c, host=b"a.test")
            sent, window = 0, c.settings[INITIAL_WINDOW_SIZE]
            while sent - c.windows[1] < window and sent < 64_000_000:
                room = min(window + c.windows[1] - sent, 16384)
                if 65535 + c.windows[0] - sent < room:
                    c.frame()
                    continue
                c.send(frame(DATA, 0, 1, b"u" * room))
                sent += room
                c.ping()
            expect(sent < 16_000_000, "nothing stops it:", sent)
            expect(c.ask(3, path=b"/probe/others").status == 200, "another stream")
            go_on.set()
            s.send_bytes(b"", end=True)
            c.ping()
            wait_for(lambda: got == [sent], got, sent, s.got.reset)

    for test in (client_takes_late, client_takes_nothing, server_takes_nothing):
        attempt(test.__name__, test)
    world.default()
    world.forget()


@row
def floods(world):
    """Sockets that are opened only to be reset end the connection as any resets do (security case D5), and each at its server."""

    begun, ended = [], []

    def script(conn, r):
        begun.append(r)
        if conn.wait_closed():
            ended.append(r)
        return False

    def ended_at_servers():
        wait_for(lambda: len(begun) == len(ended), len(begun), "sockets of a server,", len(ended), "ended")

    def at_once():
        """Each may have been on its way to the server."""
        with opened(world) as c:
            try:
                for i in range(2000):
                    c.send(headers(1 + 2 * i, fields(host=b"a.test"), end=False), frame(RST_STREAM, stream=1 + 2 * i, payload=u32(CANCEL)))
                    if i % 100 == 99:
                        c.ping()
            except (Closed, OSError):
                pass
            expect(i < 600, i)
        ended_at_servers()

    def one_by_one():
        """Each stands before it is reset."""
        with opened(world) as c:
            try:
                for i in range(2000):
                    s = Socket(c, 1 + 2 * i, host=b"a.test")
                    c.send(frame(RST_STREAM, stream=s.stream, payload=u32(CANCEL)))
            except (Closed, OSError):
                pass
            expect(c.goaway and c.goaway[1] == ENHANCE_YOUR_CALM and 200 <= i < 600, c.goaway, i)
        ended_at_servers()

    raw_server(world, script)
    for test in (at_once, one_by_one):
        attempt(test.__name__, test)
    world.default()
    world.forget()


@row
def reloads_and_silence(world):
    """A reload that takes the route away cuts no socket, nor do seconds of silence."""

    def survives():
        rules = os.path.join(world.folder.name, "rules.toml")
        with open(rules) as file:
            text = file.read()
        gone = b"GET /m HTTP/1.1\r\nHost: ws.test\r\n\r\n"
        with opened(world) as c:
            s = Socket(c)
            s.echo(b"before")
            with open(rules, "w") as file:
                file.write(text.replace("Host:ws.test", "Host:gone.test"))
            wait_for(lambda: world.ask(gone).status == 404, "the reload")
            time.sleep(1.3)
            s.echo(b"after")
            c.send(headers(3, fields(), end=False))
            expect(c.answer(3).status == 404, c.answers[3].heads)
        with open(rules, "w") as file:
            file.write(text)
        wait_for(lambda: world.ask(gone).status != 404, "the reload back")

    attempt("a reload, and more than a second of silence with every timeout at one", survives)


@row
def counted_as_sockets(world):
    """In the access log and in metrics a socket is what it is over HTTP/1: a GET that ended with 101."""

    def metrics():
        with Client(world.admin_port) as c:
            c.send(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
            return c.response().body.decode()

    def sum_of(name):
        return sum(float(m) for m in re.findall(rf'^{name}{{[^}}]*code="101"[^}}]*protocol="websocket"[^}}]*}} (\S+)', metrics(), re.M))

    def counted():
        before = sum_of("traefik_entrypoint_requests_total"), sum_of("traefik_backend_requests_total")
        with opened(world) as c:
            s = Socket(c, path=b"/echo?logged")
            s.echo(b"12345")
            s.send(OP_CLOSE, Close(1000, "").serialize(), end=True)
            c.answer(1)
        wait_for(lambda: sum_of("traefik_entrypoint_requests_total") == before[0] + 1, before, metrics())
        expect(sum_of("traefik_backend_requests_total") == before[1] + 1, "of the backend")
        wait_for(lambda: re.search(r'"GET /echo\?logged HTTP/2\.0" 101 11 ', world.log()), world.log()[-500:])

    attempt("one", counted)


@row
def many_idle(world):
    """What an idle one costs."""

    def idle():
        conns, sockets = [], []
        for _ in range(4):
            conns.append(wide(world))
            sockets += [Socket(conns[-1], 1 + 2 * i) for i in range(100 if sockets else 1)]
            if len(conns) == 1:
                time.sleep(0.2)
                before = memory_kib(world)
        time.sleep(0.3)
        each = (memory_kib(world) - before) / 300
        print(f"        {each:.1f} KiB of the router's memory for each idle WebSocket over HTTP/2", flush=True)
        expect(each < 40, f"{each} KiB for an idle socket")
        for s in sockets:
            s.echo(b"awake")
        for c in conns:
            c.sock.close()

    attempt("three hundred", idle)


def draining_ends_with_the_last():
    world = World(ORIGINS, RULES + over_http1.EXTRA, "--lifeCycle.graceTimeOut=8s")
    try:
        with opened(world) as c:
            s = Socket(c)
            begin = time.monotonic()
            world.process.send_signal(signal.SIGTERM)
            time.sleep(0.4)
            s.echo(b"while it drains")
            s.send(OP_CLOSE, Close(1000, "").serialize(), end=True)
            c.to_end(10)
            world.process.wait(10)
            lived = time.monotonic() - begin
            expect(lived < 4 and s.got.ended, lived, s.got.ended)
    finally:
        expect(world.stop(), "it did not end well")


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    exact_memory()
    rows[:] = [function for function in rows if function.__module__ == "__main__"]
    world = World(ORIGINS, RULES + over_http1.EXTRA, "--accesslog", "--metrics.prometheus", "--respondingTimeouts.readTimeout=1s", "--respondingTimeouts.writeTimeout=1s",
                  "--respondingTimeouts.idleTimeout=1s", "--forwardingTimeouts.responseHeaderTimeout=1s")
    run(world)
    if not sys.argv[1:]:
        attempt("draining waits for the last socket, and no longer", draining_ends_with_the_last)
    finish(world)
