#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""WebSocket through the router, between a real client and a real server (Debian's python3-websockets): handshake, messages,
ends, filters before and behind it, reloads, draining, and what an idle socket costs."""
import asyncio
import contextlib
import http
import random

import websockets

from _lib import *

BASE = request
SERVER = free_port()
LARGE = 3_000_000
LIMIT = 20  # seconds for anything

EXTRA = f"""
[backends.sockets.servers.s]
url = "http://127.0.0.1:{SERVER}"
[backends.stuck.servers.s]
url = "http://127.0.0.1:{SERVER}"
[backends.stuck.loadBalancer.stickiness]
cookieName = "to"
[backends.one.servers.s]
url = "http://127.0.0.1:{SERVER}"
[backends.one.maxConn]
amount = 1
extractorFunc = "request.host"
[frontends.ws]
backend = "sockets"
passHostHeader = true
[frontends.ws.routes.r]
rule = "Host:ws.test"
[frontends.hidden]
backend = "sockets"
passHostHeader = false
[frontends.hidden.routes.r]
rule = "Host:hidden.test"
[frontends.marked]
backend = "stuck"
[frontends.marked.routes.r]
rule = "Host:marked.test"
[frontends.marked.headers]
frameDeny = true
[frontends.marked.headers.customRequestHeaders]
X-Asked = "by the router"
[frontends.marked.headers.customResponseHeaders]
X-Mark = "m"
[frontends.one]
backend = "one"
[frontends.one.routes.r]
rule = "Host:one.test"
[frontends.login]
backend = "sockets"
[frontends.login.routes.r]
rule = "Host:login.test"
[frontends.login.auth.basic]
users = ["ann:$apr1$H6uskkkW$NNBs2U5LAblMB3OM9KekS/"]
[frontends.walled]
backend = "sockets"
[frontends.walled.routes.r]
rule = "Host:walled.test"
[frontends.walled.whiteList]
sourceRange = ["10.0.0.0/8"]
[frontends.paged]
backend = "sockets"
[frontends.paged.routes.r]
rule = "Host:paged.test"
[frontends.paged.errors.e]
status = ["400-599"]
backend = "other"
query = "/e/{{status}}"
"""


class Server:
    """A WebSocket server on a loop of its own. The path says what it does; what it saw is kept."""

    def __init__(self, port):
        self.port, self.loop = port, asyncio.new_event_loop()
        self.heads, self.ends = [], []
        ready = threading.Event()
        threading.Thread(target=self.run, args=(ready,), daemon=True).start()
        ready.wait(WAIT)

    def run(self, ready):
        asyncio.set_event_loop(self.loop)

        async def begin():
            await websockets.serve(self.serve, "127.0.0.1", self.port, max_size=None, ping_interval=None, close_timeout=2,
                                   subprotocols=["chat.v2", "chat.v1"], process_request=self.judge, backlog=1024)
            ready.set()

        self.loop.run_until_complete(begin())
        self.loop.run_forever()

    async def judge(self, path, headers):
        self.heads.append((path, headers))
        if path.startswith("/refuse/"):
            return http.HTTPStatus(int(path.split("/")[2])), [("X-Why", "no sockets here")], b"no sockets here"

    async def serve(self, socket, path):
        with contextlib.suppress(websockets.ConnectionClosed):
            if path == "/first":
                await socket.send("welcome")
            if path == "/ping":
                await asyncio.wait_for(await socket.ping(b"from the server"), WAIT)
                await socket.send("ponged")
            if path == "/abort":
                socket.transport.abort()
            if path.startswith("/close/"):
                await socket.close(int(path.split("/")[2]), "as you asked")
            if path == "/pieces":
                await socket.send([b"a" * 70000, b"", b"b" * 5, b"c" * 200000])
            async for message in socket:
                await socket.send(message)
        self.ends.append((socket.close_code, socket.close_reason))

    def wait_end(self, code, reason):
        """Did one of its sockets end like this?"""
        end = time.monotonic() + WAIT
        while (code, reason) not in self.ends and time.monotonic() < end:
            time.sleep(0.01)
        return (code, reason) in self.ends

    def forget(self):
        self.heads.clear()
        self.ends.clear()


server = Server(SERVER)


def connect(world, path="/echo", host="ws.test", **options):
    options = {"ping_interval": None, "max_size": None, "close_timeout": 2, "open_timeout": WAIT, **options}
    return websockets.connect(f"ws://{host}{path}", host="127.0.0.1", port=world.port, **options)


def talk(name, conversation, *args):
    """One test: a coroutine, with a limit on its time."""
    server.forget()
    attempt(name, lambda: asyncio.run(asyncio.wait_for(conversation(*args), LIMIT)))


async def refused(world, status, path="/echo", **options):
    """The handshake is answered with that status; returns its fields."""
    try:
        async with connect(world, path, **options):
            pass
    except websockets.InvalidStatusCode as error:
        expect(error.status_code == status, error.status_code)
        return error.headers
    raise Wrong("it was let in")


@row
def messages(world):
    """Text, binary, large, in pieces, compressed; pings both ways; whoever begins."""

    async def echo(path, **options):
        async with connect(world, path, **options) as socket:
            for message in ("hello", "", "\u00fc\u4e16", b"", b"\x00\xff", "x" * 125, "x" * 126, b"y" * 65535, b"z" * 65536):
                await socket.send(message)
                expect(await socket.recv() == message, "not what was sent")

    async def compressed(world):
        async with connect(world, compression="deflate") as socket:
            expect([e.name for e in socket.extensions] == ["permessage-deflate"], socket.extensions)
            await socket.send("compress me " * 20000)
            expect(await socket.recv() == "compress me " * 20000, "not what was sent")
        expect("permessage-deflate" in server.heads[0][1]["Sec-WebSocket-Extensions"], "the extension did not pass")

    async def large(world):
        random.seed(1)
        message = random.randbytes(LARGE)
        async with connect(world, compression=None) as socket:
            sending = asyncio.ensure_future(socket.send(message))
            expect(await socket.recv() == message, "not what was sent")
            await sending
            await socket.send([message[at:at + 100_000] for at in range(0, LARGE, 100_000)])
            expect(await socket.recv() == message, "not what was sent in pieces")

    async def pieces(world):
        async with connect(world, "/pieces") as socket:
            expect(await socket.recv() == b"a" * 70000 + b"b" * 5 + b"c" * 200000, "not what was sent")

    async def pings(world):
        async with connect(world, "/ping") as socket:
            expect(await socket.recv() == "ponged", "the server's ping was not answered")
            await asyncio.wait_for(await socket.ping(b"from the client"), WAIT)

    async def server_begins(world):
        async with connect(world, "/first") as socket:
            expect(await socket.recv() == "welcome", "the first word")

    async def many_at_once(world):
        async def one(number):
            async with connect(world) as socket:
                for i in range(20):
                    await socket.send(f"{number} {i}")
                    expect(await socket.recv() == f"{number} {i}", "somebody else's")
        await asyncio.gather(*(one(n) for n in range(30)))

    talk("plain", echo, "/echo")
    talk("without compression", lambda: echo("/echo", compression=None))
    for conversation in (compressed, large, pieces, pings, server_begins, many_at_once):
        talk(conversation.__name__, conversation, world)


@row
def handshake(world):
    """The server is told who asks; what client and server agree on passes; its fields come back."""

    async def told(world):
        async with connect(world, "/echo?room=1", subprotocols=["chat.v1"], origin="http://ws.test",
                           extra_headers={"Cookie": "s=1", "X-Forwarded-For": "9.9.9.9"}) as socket:
            expect(socket.subprotocol == "chat.v1", socket.subprotocol)
        path, head = server.heads[0]
        expect(path == "/echo?room=1", path)
        for name, value in (("Host", "ws.test"), ("Origin", "http://ws.test"), ("Cookie", "s=1"), ("X-Forwarded-For", "127.0.0.1"),
                            ("X-Real-Ip", "127.0.0.1"), ("X-Forwarded-Host", "ws.test"), ("X-Forwarded-Proto", "http")):
            expect(head.get_all(name) == [value], name, head.get_all(name))

    async def host_is_not_passed(world):
        async with connect(world, host="hidden.test"):
            pass
        head = server.heads[0][1]
        expect(head["Host"] == f"127.0.0.1:{SERVER}" and head["X-Forwarded-Host"] == "hidden.test", dict(head))

    async def fields_on_101(world):
        async with connect(world, host="marked.test") as socket:
            fields = socket.response_headers
            expect(fields["X-Mark"] == "m" and fields["X-Frame-Options"] == "DENY", dict(fields))
            expect(fields["Set-Cookie"].startswith("to="), dict(fields))
            cookie = fields["Set-Cookie"].split(";")[0]
        expect(server.heads[0][1]["X-Asked"] == "by the router", "the request's field")
        async with connect(world, host="marked.test", extra_headers={"Cookie": cookie}) as socket:
            expect("Set-Cookie" not in socket.response_headers, "who belongs to a server got another cookie")

    for conversation in (told, host_is_not_passed, fields_on_101):
        talk(conversation.__name__, conversation, world)


@row
def refusals(world):
    """Whoever refuses, the client gets that answer, and no server is asked before the filters and the handshake are content."""

    async def by_the_server(world):
        for status in (401, 403, 404, 426, 500, 503):
            fields = await refused(world, status, f"/refuse/{status}")
            expect(fields["X-Why"] == "no sockets here", dict(fields))

    async def by_filters(world):
        await refused(world, 401, host="login.test")
        await refused(world, 403, host="walled.test")
        await refused(world, 404, host="nobody.test")
        expect(not server.heads, "the server was asked")
        async with connect(world, host="login.test", extra_headers={"Authorization": "Basic YW5uOnNlY3JldA=="}) as socket:
            await socket.send("in")
            expect(await socket.recv() == "in", "echo")

    async def by_nobody(world):
        await refused(world, 502, host="refusing.test")

    async def one_at_a_time(world):
        async with connect(world, host="one.test") as socket:
            await refused(world, 429, host="one.test")
            await asyncio.sleep(0.3)
            await refused(world, 429, host="one.test")
            await socket.send("still")
            expect(await socket.recv() == "still", "echo")
        for _ in range(100):
            with contextlib.suppress(websockets.InvalidStatusCode):
                async with connect(world, host="one.test"):
                    return
            await asyncio.sleep(0.02)
        raise Wrong("the place was not given back")

    async def error_page(world):
        world["other"].script = raw_answer(reply(200, [], b"sorry"))
        await refused(world, 503, "/refuse/503", host="paged.test")
        asked = world["other"].requests[0]
        expect(asked.line == b"GET /e/503 HTTP/1.1" and not asked.all("Upgrade"), asked.head)

    for conversation in (by_the_server, by_filters, by_nobody, one_at_a_time, error_page):
        talk(conversation.__name__, conversation, world)


KEY = b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
ACCEPT = b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
VERSION = b"Sec-WebSocket-Version: 13\r\n"
ASK = b"Connection: Upgrade\r\nUpgrade: websocket\r\n"


@row
def bad_handshakes(world):
    """A request that no server could agree to is answered here; a 101 that agrees to nothing opens nothing."""

    def bad_request(method, fields, host):
        world.forget()
        with world.connect() as c:
            c.send(method + b" /m HTTP/1.1\r\nHost: " + host + b"\r\n" + ASK + fields + b"\r\n" + b"GET /behind HTTP/1.1\r\nHost: a.test\r\n\r\n")
            r = c.response(method.decode())
            expect(r.status == 400 and r.one("Sec-WebSocket-Version") == b"13", r.head)
            expect(c.closed(), "what is behind it was read")
        expect(not world.seen(), "a server was asked")

    for method, fields in ((b"GET", VERSION), (b"GET", KEY), (b"GET", b""), (b"GET", KEY + b"Sec-WebSocket-Version: 8\r\n"), (b"HEAD", KEY + VERSION),
                           (b"GET", KEY + KEY + VERSION), (b"GET", b"Sec-WebSocket-Key: short\r\n" + VERSION), (b"OPTIONS", KEY + VERSION)):
        attempt(f"{method} {fields}", bad_request, method, fields, b"a.test")

    def before_login():
        with world.connect() as c:
            c.send(b"GET /m HTTP/1.1\r\nHost: login.test\r\n" + ASK + b"\r\n")
            expect(c.response().status == 401, "a bad handshake tells more than a login would")

    attempt("who is not logged in", before_login)

    def bad_answer(head):
        world.forget()
        world["main"].script = lambda conn, r: (conn.send(b"HTTP/1.1 101 Switching\r\n" + head + b"\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"), conn.wait_closed(), False)[2]
        with world.connect() as c:
            c.send(request(fields=ASK + KEY + VERSION))
            r = c.response()
            expect(r.status == 502 and not r.all("Sec-WebSocket-Accept"), r.head)
            world.default()
            next_works(c)
        expect(world["main"].conns[0].ended.wait(WAIT), "the server's connection is still there")

    for head in (ASK, ASK + ACCEPT[:-4] + b"\r\n", b"Connection: Upgrade\r\nUpgrade: h2c\r\n" + ACCEPT, b"Connection: Upgrade\r\n" + ACCEPT, ACCEPT):
        attempt(f"101 with {head}", bad_answer, head)

    def only_websocket_is_asked_for():
        world["main"].script = lambda conn, r: (conn.send(b"HTTP/1.1 101 Switching\r\n" + ASK + ACCEPT + b"\r\nhi"), False)[1]
        with world.connect() as c:
            c.send(request(fields=b"Connection: Upgrade\r\nUpgrade: foo/1, WebSocket\r\n" + KEY + VERSION))
            expect(c.response().status == 101 and c.reader.exactly(2) == b"hi", "not switched")
        expect(world.seen()[0].all("Upgrade") == [b"websocket"], world.seen()[0].head)

    attempt("among several protocols", only_websocket_is_asked_for)


@row
def ends(world):
    """Close codes pass both ways; an abnormal end of one side is one for the other; a half-closed socket still carries."""

    async def closed_by_server(world):
        for code in (1000, 1001, 1011, 3000, 4999):
            async with connect(world, f"/close/{code}") as socket:
                await socket.wait_closed()
                expect((socket.close_code, socket.close_reason) == (code, "as you asked"), socket.close_code)

    async def closed_by_client(world):
        for code in (1000, 1001, 4001):
            async with connect(world) as socket:
                await socket.close(code, "enough")
            expect(server.wait_end(code, "enough"), server.ends)

    async def aborted_by_server(world):
        async with connect(world, "/abort") as socket:
            await asyncio.wait_for(socket.wait_closed(), WAIT)
            expect(socket.close_code == 1006, socket.close_code)

    async def aborted_by_client(world):
        async with connect(world) as socket:
            await socket.send("x")
            await socket.recv()
            socket.transport.abort()
        expect(server.wait_end(1006, ""), server.ends)

    for conversation in (closed_by_server, closed_by_client, aborted_by_server, aborted_by_client):
        talk(conversation.__name__, conversation, world)

    def half_closed(by_client):
        """The end of one direction is passed on, and the other goes on for as long as it likes."""
        got = []

        def script(conn, r):
            conn.send(b"HTTP/1.1 101 Switching\r\n" + ASK + ACCEPT + b"\r\n")
            if not by_client:
                conn.send(b"end")
                conn.sock.shutdown(socket.SHUT_WR)
            got.append(conn.reader.to_end())
            if by_client:
                time.sleep(1.5)
                conn.send(b"late")
            return False

        world["main"].script = script
        with world.connect() as c:
            c.send(request(fields=ASK + KEY + VERSION))
            expect(c.response().status == 101, "not switched")
            if by_client:
                c.send(b"all")
                c.shut()
                expect(c.reader.to_end() == b"late" and got == [b"all"], got)
            else:
                expect(c.reader.to_end() == b"end", "the server's end")
                time.sleep(1.5)
                c.send(b"late")
                c.shut()
                expect(world["main"].conns[-1].ended is not None, "no connection")
                end = time.monotonic() + WAIT
                while not got and time.monotonic() < end:
                    time.sleep(0.01)
                expect(got == [b"late"], got)

    attempt("half closed by the client", half_closed, True)
    attempt("half closed by the server", half_closed, False)


@row
def reloads_and_silence(world):
    """Neither a reload that takes the route away nor seconds of silence cut a socket: there is no idle time for them."""

    async def survives(world):
        rules = os.path.join(world.folder.name, "rules.toml")
        with open(rules) as file:
            text = file.read()
        async with connect(world) as socket:
            await socket.send("before")
            expect(await socket.recv() == "before", "echo")
            with open(rules, "w") as file:
                file.write(text.replace("Host:ws.test", "Host:gone.test").replace(f'[backends.sockets.servers.s]\nurl = "http://127.0.0.1:{SERVER}"', f'[backends.sockets.servers.s]\nurl = "http://127.0.0.1:1"'))
            end = time.monotonic() + WAIT
            while world.ask(b"GET /m HTTP/1.1\r\nHost: ws.test\r\n\r\n").status != 404 and time.monotonic() < end:
                await asyncio.sleep(0.02)
            await refused(world, 404)
            await asyncio.sleep(2.2)
            await socket.send("after")
            expect(await socket.recv() == "after", "echo")
        with open(rules, "w") as file:
            file.write(text)
        end = time.monotonic() + WAIT
        while world.ask(b"GET /m HTTP/1.1\r\nHost: ws.test\r\n\r\n").status == 404 and time.monotonic() < end:
            await asyncio.sleep(0.02)

    talk("a reload, and two seconds of silence with every timeout at one", survives, world)


@row
def a_thousand_idle(world):
    """Idle sockets hold no buffers: what each of them costs, and that all of them still work."""

    async def idle(world):
        sockets = [await connect(world, compression=None) for _ in range(20)]
        await asyncio.sleep(0.2)
        before = memory_kib(world)
        while len(sockets) < 1020:
            sockets += await asyncio.gather(*(connect(world, compression=None) for _ in range(50)))
        await asyncio.sleep(0.3)
        each = (memory_kib(world) - before) / 1000
        print(f"        {each:.1f} KiB of the router's memory for each idle WebSocket", flush=True)
        expect(each < 40, f"{each} KiB for an idle socket")
        for socket in sockets:
            await socket.send("awake")
        for socket in sockets:
            expect(await socket.recv() == "awake", "echo")
        await asyncio.gather(*(socket.close() for socket in sockets))

    talk("a thousand", idle, world)


def drain(grace_s, close_after_s):
    """How long a router lives on after SIGTERM with one socket open, and how that socket ends."""
    world = World(ORIGINS, RULES + EXTRA, f"--lifeCycle.graceTimeOut={grace_s}s")

    async def conversation():
        async with connect(world) as socket:
            begin = time.monotonic()
            world.process.send_signal(signal.SIGTERM)
            await asyncio.sleep(0.4)
            await socket.send("while it drains")
            expect(await socket.recv() == "while it drains", "echo")
            if close_after_s:
                await socket.close()
            await asyncio.wait_for(socket.wait_closed(), 10)
            await asyncio.get_running_loop().run_in_executor(None, world.process.wait, 10)
            return time.monotonic() - begin, socket.close_code

    try:
        return asyncio.run(asyncio.wait_for(conversation(), LIMIT))
    finally:
        expect(world.stop(), "it did not end well")


def draining_waits():
    lived, code = drain(2, None)
    expect(1.8 < lived < 5 and code == 1006, lived, code)


def draining_ends_with_the_last():
    lived, code = drain(8, 1)
    expect(lived < 4 and code == 1000, lived, code)


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    exact_memory()
    world = World(ORIGINS, RULES + EXTRA, "--respondingTimeouts.readTimeout=1s", "--respondingTimeouts.writeTimeout=1s",
                  "--respondingTimeouts.idleTimeout=1s", "--forwardingTimeouts.responseHeaderTimeout=1s")
    run(world)
    if not sys.argv[1:]:
        attempt("draining waits for sockets, up to graceTimeOut", draining_waits)
        attempt("and no longer than the last of them", draining_ends_with_the_last)
    finish(world)
