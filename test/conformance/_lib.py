# SPDX-License-Identifier: MIT
"""What the conformance scripts share: the program under test, origins that record every byte, a client that sends
any byte, and the count at the end.

A script makes one World, runs its rows, and ends with finish(). WAYBILL names the program.
"""
import os
import re
import resource
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import traceback

WAIT = 5.0      # for anything that must happen
QUIET = 0.15    # for what must not happen
PROBES = 100    # security case S15


class Closed(Exception):
    """The peer ended the connection where bytes were due."""


class Reader:
    """Bytes of one socket, read up to a mark."""

    def __init__(self, sock):
        self.sock = sock
        self.waiting = b""
        self.raw = bytearray()
        self.eof = False
        self.reset = False

    def more(self, timeout=WAIT):
        """One read; False at the end of the stream."""
        if self.eof:
            return False
        self.sock.settimeout(timeout)
        try:
            got = self.sock.recv(65536)
        except socket.timeout:
            raise
        except OSError:
            got, self.reset = b"", True
        if not got:
            self.eof = True
            return False
        self.waiting += got
        self.raw += got
        return True

    def until(self, mark, timeout=WAIT):
        while mark not in self.waiting:
            if not self.more(timeout):
                raise Closed(bytes(self.waiting))
        at = self.waiting.index(mark) + len(mark)
        taken, self.waiting = self.waiting[:at], self.waiting[at:]
        return taken

    def exactly(self, count, timeout=WAIT):
        while len(self.waiting) < count:
            if not self.more(timeout):
                raise Closed(bytes(self.waiting))
        taken, self.waiting = self.waiting[:count], self.waiting[count:]
        return taken

    def to_end(self, timeout=WAIT):
        while self.more(timeout):
            pass
        taken, self.waiting = self.waiting, b""
        return taken

    def chunked(self, timeout=WAIT):
        """A chunked body: payload and trailer lines. Strict: what we send must be beyond doubt."""
        payload = b""
        while True:
            line = self.until(b"\r\n", timeout)
            if not re.fullmatch(rb"[0-9a-fA-F]+\r\n", line):
                raise ValueError(f"chunk size line {line!r}")
            size = int(line, 16)
            if size == 0:
                break
            payload += self.exactly(size, timeout)
            if self.exactly(2, timeout) != b"\r\n":
                raise ValueError("chunk without its CRLF")
        trailers = []
        while (line := self.until(b"\r\n", timeout)) != b"\r\n":
            trailers.append(line[:-2])
        return payload, trailers


def fields_of(head):
    """(name, value) of each field line, as spelled."""
    return [tuple(part.strip(b" \t") for part in line.split(b":", 1)) for line in head.split(b"\r\n")[1:] if line]


class Message:
    """A head and what came with it."""

    def __init__(self, head):
        self.head = head
        self.line = head.split(b"\r\n", 1)[0]
        self.fields = fields_of(head)
        self.body = b""
        self.trailers = []

    def all(self, name):
        return [value for key, value in self.fields if key.lower() == name.lower().encode()]

    def one(self, name):
        values = self.all(name)
        if len(values) > 1:
            raise ValueError(f"{name} came {len(values)} times")
        return values[0] if values else None

    def names(self):
        return [key.lower() for key, _ in self.fields]


class Request(Message):
    @property
    def method(self):
        return self.line.split(b" ")[0]

    @property
    def target(self):
        return self.line.split(b" ")[1]


class Response(Message):
    def __init__(self, head):
        super().__init__(head)
        self.status = int(self.line.split(b" ", 2)[1])
        self.interim = []

    @property
    def phrase(self):
        return self.line.split(b" ", 2)[2]


class OriginConn:
    def __init__(self, origin, sock):
        self.origin, self.sock, self.reader = origin, sock, Reader(sock)
        self.ended = threading.Event()  # the router has closed it
        self.over = False               # by whomever

    def send(self, *parts):
        try:
            for part in parts:
                self.sock.sendall(part)
        except OSError:
            pass

    def body_of(self, request):
        """Reads the body by its framing; only one way to read it may be given."""
        lengths, codings = request.all("Content-Length"), request.all("Transfer-Encoding")
        if len(lengths) + len(codings) > 1:
            raise ValueError("framing in two ways")
        if codings:
            request.body, request.trailers = self.reader.chunked()
        elif lengths:
            request.body = self.reader.exactly(int(lengths[0]))

    def wait_closed(self, timeout=WAIT):
        """True when the router closes the connection in time; whatever still comes is recorded."""
        try:
            self.reader.to_end(timeout)
        except socket.timeout:
            return False
        self.ended.set()
        return True

    def close(self, reset=False):
        if reset:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()


class Origin:
    """A server that records. `script(conn, request)` answers a request whose head was read; it returns False to close."""

    def __init__(self, name, script=None):
        self.name = name
        self.usual = self.script = script or answer
        self.requests, self.conns = [], []
        self.lock = threading.Lock()
        self.listening = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port = self.listening.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                sock, _ = self.listening.accept()
            except OSError:
                return
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            conn = OriginConn(self, sock)
            with self.lock:
                self.conns.append(conn)
            threading.Thread(target=self.serve, args=(conn,), daemon=True).start()

    def serve(self, conn):
        try:
            while True:
                request = Request(conn.reader.until(b"\r\n\r\n", 600)[:-2])
                request.conn = conn
                with self.lock:
                    self.requests.append(request)
                if self.script(conn, request) is False:
                    break
        except (Closed, OSError, ValueError) as error:
            conn.error = error
            if conn.reader.eof:
                conn.ended.set()
        finally:
            conn.close()
            conn.over = True

    def close_conns(self):
        """Every connection ends now, as a restarted server's do."""
        for conn in list(self.conns):
            try:
                conn.sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


def tag_of(request):
    return request.one("X-Tag") or b"-"


def reply(status, fields=(), body=b"", phrase=b"Fine"):
    lines = [b"HTTP/1.1 %d %s" % (status, phrase), *fields]
    if body is not None:
        lines.append(b"Content-Length: %d" % len(body))
    return b"\r\n".join(lines) + b"\r\n\r\n" + (body or b"")


def answer(conn, request):
    """Reads the body and says who answered what."""
    conn.body_of(request)
    body = b"%s %s %s %d" % (conn.origin.name.encode(), tag_of(request), request.target, len(request.body))
    head = reply(200, [b"X-Tag: " + tag_of(request), b"X-Origin: " + conn.origin.name.encode()], body)
    conn.send(head[:-len(body)] if request.method == b"HEAD" else head)


def raw_answer(*parts, close=False, pause=0.0, read_body=True):
    """A script that sends these bytes, whatever was asked."""

    def script(conn, request):
        if read_body:
            conn.body_of(request)
        for i, part in enumerate(parts):
            if i and pause:
                time.sleep(pause)
            conn.send(part)
        return not close

    return script


class Client:
    def __init__(self, port, rcvbuf=None):
        self.sock = socket.socket()
        if rcvbuf:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, rcvbuf)
        self.sock.connect(("127.0.0.1", port))
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.reader = Reader(self.sock)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()

    def send(self, text, split=None):
        """`split`: that many bytes a packet. What is sent to a connection that has been closed is lost: no error."""
        try:
            for at in range(0, len(text), split or len(text) or 1):
                self.sock.sendall(text[at:at + (split or len(text))])
        except OSError:
            pass

    def head(self, timeout=WAIT):
        return Response(self.reader.until(b"\r\n\r\n", timeout)[:-2])

    def response(self, method="GET", timeout=WAIT):
        interim = []
        while (response := self.head(timeout)).status < 200 and response.status != 101:
            interim.append(response)
        response.interim = interim
        if method == "HEAD" or response.status in (101, 204, 304):
            return response
        if response.one("Transfer-Encoding"):
            response.body, response.trailers = self.reader.chunked(timeout)
        elif response.one("Content-Length") is not None:
            response.body = self.reader.exactly(int(response.one("Content-Length")), timeout)
        else:
            response.body = self.reader.to_end(timeout)
        return response

    def closed(self, timeout=WAIT):
        """The connection ended, and without a further byte."""
        try:
            return self.reader.to_end(timeout) == b""
        except socket.timeout:
            return False

    def silent(self, timeout=QUIET):
        """Nothing comes, and the connection stays open."""
        try:
            return not self.reader.waiting and self.reader.more(timeout) is None
        except socket.timeout:
            return True

    def shut(self):
        self.sock.shutdown(socket.SHUT_WR)

    def reset(self):
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as sock:
        return sock.getsockname()[1]


class World:
    """The program with its origins (name -> script or None). `rules` is TOML with <name> for the port of each."""

    def __init__(self, origins, rules, *flags, workers=1, files=None):
        self.origins = {name: Origin(name, script) for name, script in origins.items()}
        self.folder = tempfile.TemporaryDirectory(prefix="conformance.")
        self.port, self.admin_port = free_port(), free_port()
        ports = {name: origin.port for name, origin in self.origins.items()}
        rules_path = os.path.join(self.folder.name, "rules.toml")
        with open(rules_path, "w") as file:
            file.write(re.sub(r"<(\w+)>", lambda m: str({**ports, "http": self.port, "nobody": 1}[m[1]]), rules))
        self.log_path = os.path.join(self.folder.name, "log")
        command = [os.environ.get("WAYBILL", "build/asan/waybill"), "--file", f"--file.filename={rules_path}",
                   f"--entryPoints=Name:http Address:127.0.0.1:{self.port}",
                   f"--entryPoints=Name:traefik Address:127.0.0.1:{self.admin_port}", "--defaultEntryPoints=http",
                   "--ping", f"--workers={workers}", *flags]
        limit = (lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))) if files else None
        with open(self.log_path, "w") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, preexec_fn=limit)
        self.probes = 0
        self.wait_up()

    def __getitem__(self, name):
        return self.origins[name]

    def wait_up(self):
        end = time.monotonic() + 20
        while time.monotonic() < end and self.process.poll() is None:
            try:
                with Client(self.port) as c:
                    c.send(b"GET /up HTTP/1.1\r\nHost: a.test\r\n\r\n")
                    if c.response().status == 200:
                        self.forget()
                        return
            except (OSError, Closed):
                pass
            time.sleep(0.05)
        sys.exit(f"the router does not answer:\n{self.log()}")

    def log(self):
        with open(self.log_path, errors="replace") as file:
            return file.read()

    def connect(self, **options):
        return Client(self.port, **options)

    def forget(self):
        """What the origins have seen so far is of no more interest."""
        for origin in self.origins.values():
            with origin.lock:
                origin.requests.clear()
                origin.conns[:] = [c for c in origin.conns if not c.over]

    def default(self):
        for origin in self.origins.values():
            origin.script = origin.usual

    def seen(self):
        """Requests that reached any origin since forget(), but for probes."""
        return [r for origin in self.origins.values() for r in list(origin.requests) if not r.target.startswith(b"/probe")]

    def wait_seen(self, count, timeout=WAIT):
        end = time.monotonic() + timeout
        while len(self.seen()) < count and time.monotonic() < end:
            time.sleep(0.002)
        return self.seen()

    def loose_bytes(self):
        """What some origin received and could not read as a request."""
        return [bytes(c.reader.waiting) for o in self.origins.values() for c in list(o.conns) if c.reader.waiting]

    def probe(self, count=PROBES, path=b"/probe"):
        """Another client asks `count` times and must get its own answers (S15)."""
        with self.connect() as c:
            for _ in range(count):
                self.probes += 1
                tag = b"probe%d" % self.probes
                c.send(b"GET %s/%d HTTP/1.1\r\nHost: a.test\r\nX-Tag: %s\r\n\r\n" % (path, self.probes, tag))
                r = c.response()
                expect(r.status == 200 and r.one("X-Tag") == tag and b" " + tag + b" " in r.body,
                       f"probe {tag} got {r.head!r} {r.body!r}")

    def ask(self, text, method="GET", split=None, timeout=WAIT):
        """One request on a connection of its own."""
        with self.connect() as c:
            c.send(text, split)
            return c.response(method, timeout)

    def stop(self):
        """True when it ends well on SIGTERM and no sanitizer has complained."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            status = "killed"
        log = self.log()
        for origin in self.origins.values():
            origin.listening.close()
        trouble = [line for line in log.splitlines() if re.search(r"Sanitizer|runtime error|WB_REQUIRE|assert", line)]
        if status != 0 or trouble:
            print(log[-6000:])
        self.folder.cleanup()
        return status == 0 and not trouble


passed = failed = 0


class Wrong(Exception):
    pass


def expect(condition, *detail):
    if not condition:
        raise Wrong(" ".join(str(d) for d in detail))


def attempt(name, function, *args, **options):
    """One test: it passes when the function returns."""
    global passed, failed
    try:
        function(*args, **options)
        passed += 1
    except Exception as error:
        failed += 1
        print(f"FAILED {name}: {type(error).__name__}: {str(error)[:1500]}", flush=True)
        if not isinstance(error, Wrong):
            print("".join(traceback.format_tb(error.__traceback__)[-2:]), flush=True)


def guard(conn, request):
    """An auth server: `X-Token: good` may pass."""
    if request.one("X-Token") == b"good":
        conn.send(reply(200, [b"X-Auth-User: alice"]))
    else:
        conn.send(reply(401, [b"X-Guard: no"], b"who are you?", b"Unauthorized"))


ORIGINS = {"main": None, "admin": None, "api": None, "other": None, "auth": guard}
RULES = """
[backends.main.servers.s]
url = "http://127.0.0.1:<main>"
[backends.admin.servers.s]
url = "http://127.0.0.1:<admin>"
[backends.api.servers.s]
url = "http://127.0.0.1:<api>"
[backends.other.servers.s]
url = "http://127.0.0.1:<other>"
[backends.refusing.servers.s]
url = "http://127.0.0.1:<nobody>"
[frontends.a]
backend = "main"
passHostHeader = true
[frontends.a.routes.r]
rule = "Host:a.test"
[frontends.b]
backend = "admin"
passHostHeader = true
[frontends.b.routes.r]
rule = "Host:a.test;PathPrefix:/admin"
[frontends.b.auth.forward]
address = "http://127.0.0.1:<auth>/check"
authResponseHeaders = ["X-Auth-User", "X-Auth-Role"]
[frontends.c]
backend = "api"
passHostHeader = true
[frontends.c.routes.r]
rule = "Host:a.test;PathPrefixStrip:/api"
[frontends.inside]
backend = "admin"
[frontends.inside.routes.r]
rule = "Host:a.test;PathPrefix:/inside"
[frontends.inside.whiteList]
sourceRange = ["10.0.0.0/8"]
[frontends.slash]
backend = "main"
[frontends.slash.routes.r]
rule = "Host:a.test;Path:/folder/"
[frontends.other]
backend = "other"
passHostHeader = true
[frontends.other.routes.r]
rule = "Host:b.test"
[frontends.refusing]
backend = "refusing"
[frontends.refusing.routes.r]
rule = "Host:refusing.test"
"""


rows = []


def row(function):
    """Marks a function of the world as a row; its doc string is what it shows."""
    rows.append(function)
    return function


def run_row(world, function):
    begin = time.monotonic()
    world.default()
    world.forget()
    function(world)
    world.default()
    world.forget()
    attempt(f"{function.__name__}: other clients get their own answers", world.probe)
    attempt(f"{function.__name__}: only the probes reached a server", nothing_reached, world)
    attempt(f"{function.__name__}: the router runs", lambda: expect(world.process.poll() is None, "it has ended"))
    print(f"{time.monotonic() - begin:5.1f} s  {function.__name__}: {(function.__doc__ or '').splitlines()[0]}", flush=True)


def run(world, functions=None):
    wanted = sys.argv[1:]
    for function in functions or rows:
        if not wanted or any(name in function.__name__ for name in wanted):
            run_row(world, function)


def nothing_reached(world):
    expect(not world.seen(), "reached a server:", [r.head for r in world.seen()][:3])
    expect(not world.loose_bytes(), "loose bytes at a server:", world.loose_bytes()[:3])


def finish(*worlds):
    for world in worlds:
        attempt("the router ends well and the sanitizers are silent", lambda: expect(world.stop(), "see the log above"))
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


def show(text):
    return repr(bytes(text[:90])) + ("..." if len(text) > 90 else "")


def refused(world, text, statuses=(400,), split=None, name=None):
    """Refused with one of `statuses`, closed, and nothing of it reaches a server."""

    def check():
        world.forget()
        with world.connect() as c:
            c.send(text, split)
            r = c.response()
            expect(r.status in statuses, f"wanted {statuses}, got {r.head!r} {r.body!r}")
            expect((r.one("Connection") or b"").lower() == b"close", "no Connection: close in", r.head)
            expect(c.closed(), "the connection goes on:", c.reader.waiting)
        world.probe(1)
        nothing_reached(world)

    attempt(f"refused {name or show(text)}" + (f" in pieces of {split}" if split else ""), check)


def refused_all(world, texts, statuses=(400,)):
    """Each in one packet, byte by byte, and followed by a request that must not be answered."""
    smuggled = b"GET /smuggled HTTP/1.1\r\nHost: a.test\r\nX-Tag: smuggled\r\n\r\n"
    for text in texts:
        refused(world, text, statuses)
        refused(world, text, statuses, split=1)
        refused(world, text + smuggled, statuses, name=show(text) + " and one more behind it")
