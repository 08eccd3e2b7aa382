# SPDX-License-Identifier: MIT
"""What the conformance scripts share: the program under test with its origins, the tests and their count.

A script makes one World, runs its rows, and ends with finish(). WAYBILL names the program.
"""
import atexit
import os
import re
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback

from _ports import free_port
from _wire import *

PROBES = 100  # security case S15


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
        atexit.register(self.process.kill)  # of a script that ends before its finish(); nothing where the router has ended
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
                origin.conns[:] = [c for c in origin.conns if not (c.over or c.ended.is_set())]

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
    """One test: it passes when the function returns. With ONLY in the environment, those whose name that matches."""
    if re.search(os.environ.get("ONLY", ""), name):
        attempt_always(name, function, *args, **options)


def attempt_always(name, function, *args, **options):
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


HOST = b"Host: a.test\r\n"


def request(method=b"GET", path=b"/m", fields=b"", body=b"", version=b"1.1"):
    return method + b" " + path + b" HTTP/" + version + b"\r\n" + HOST + fields + b"\r\n" + body


def with_length(body, method=b"POST", fields=b"", path=b"/m"):
    return request(method, path, fields + b"Content-Length: %d\r\n" % len(body), body)


def chunked(body, sizes=(5,), end=b"0\r\n\r\n"):
    out, at, i = b"", 0, 0
    while at < len(body):
        size = min(sizes[i % len(sizes)], len(body) - at)
        out += b"%x\r\n" % size + body[at:at + size] + b"\r\n"
        at, i = at + size, i + 1
    return out + end


def next_works(c, tag=b"next"):
    c.send(request(fields=b"X-Tag: " + tag + b"\r\n"))
    r = c.response()
    expect(r.status == 200 and r.one("X-Tag") == tag, "the next request:", r.head, r.body)


def ask_scripted(world, raw, ask_text=None, method="GET", keep=True, script=None, split=None, **options):
    """One exchange with a scripted server; then the same connection must serve another, if `keep`."""
    world.forget()
    world["main"].script = script or raw_answer(raw, **options)
    with world.connect() as c:
        c.send(ask_text or request(method.encode()), split)
        r = c.response(method)
        world.default()
        if keep:
            next_works(c)
        else:
            expect(c.closed(), "the connection goes on")
    return r


def in_bytes(raw):
    """The server sends its answer in single bytes."""
    return lambda conn, r: ([(conn.send(raw[i:i + 1]), time.sleep(0.0003)) for i in range(len(raw))], None)[1]


def memory_kib(world):
    """Anonymous memory: ours, and not what the kernel keeps in sockets nor pages of the program."""
    with open(f"/proc/{world.process.pid}/smaps_rollup") as file:
        return int(re.search(r"^Anonymous:\s+(\d+)", file.read(), re.M)[1])


def exact_memory():
    """The sanitizer keeps what was freed for a while (256 MiB): with that off, memory says what the router holds."""
    os.environ["ASAN_OPTIONS"] = "quarantine_size_mb=0:thread_local_quarantine_size_kb=0:" + os.environ.get("ASAN_OPTIONS", "")


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
        attempt_always("the router ends well and the sanitizers are silent", lambda: expect(world.stop(), "see the log above"))
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
