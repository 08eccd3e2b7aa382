#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The logs of a running router (spec/api-json.md 6, static-config.md 5): formats, files, rotation, full disks, and that nothing a
client sends can write a line of its own (security case D14)."""
import json
import zlib

from _lib import *

ZIP = free_port()
EXTRA = """
[frontends.paged]
backend = "main"
[frontends.paged.routes.r]
rule = "Host:paged.test"
[frontends.paged.errors.e]
status = ["500-599"]
backend = "other"
query = "/e/{status}"
"""


def lines_of(path, count, timeout=WAIT):
    """At least so many lines, once they have come."""
    end = time.monotonic() + timeout
    while True:
        try:
            with open(path, "rb") as file:
                lines = file.read().split(b"\n")
        except FileNotFoundError:
            lines = [b""]
        if len(lines) > count or time.monotonic() > end:
            expect(lines[-1] == b"" and len(lines) > count, f"wanted {count} lines in {path}", lines[-3:])
            return lines[:-1]
        time.sleep(0.01)


class Logged:
    """A router with its access log in a file; lines are read from where the last reading ended."""

    def __init__(self, *flags, path=None, **options):
        self.folder = tempfile.TemporaryDirectory(prefix="logs.")
        self.path = path or f"{self.folder.name}/a/b/access.log"
        self.own = f"{self.folder.name}/router/own.log"
        self.world = World(ORIGINS, RULES + EXTRA, f"--accessLog.filePath={self.path}", f"--traefikLog.filePath={self.own}",
                           *flags, **options)
        self.read = 0

    def lines(self, count=1):
        lines = lines_of(self.path, self.read + count)[self.read:]
        self.read += len(lines)
        return lines

    def one(self):
        lines = self.lines()
        expect(len(lines) == 1, lines)
        return json.loads(lines[0], object_pairs_hook=lambda pairs: pairs)

    def ask(self, text, **options):
        return self.world.ask(text, **options)

    def own_log(self):
        with open(self.own, errors="replace") as file:
            return file.read()

    def stop(self):
        good = self.world.stop()
        self.folder.cleanup()
        return good


def skip_start(logged):
    """What was asked while the router came up is none of the test's."""
    logged.ask(b"GET /begin HTTP/1.1\r\nHost: a.test\r\n\r\n")
    end = time.monotonic() + WAIT
    while not any(b"/begin" in line for line in logged.lines()):
        expect(time.monotonic() < end, "no line of the first request")
    logged.world.forget()


def json_lines():
    logged = Logged("--accessLog.format=json", "--traefikLog.format=json", "--logLevel=info",
                    f"--entryPoints=Name:zip Address:127.0.0.1:{ZIP} Compress:true", "--defaultEntryPoints=http,zip")
    world = logged.world

    def fields():
        logged.ask(b"POST /m/%C3%A9?a=<&> HTTP/1.1\r\nHost: a.test\r\nContent-Length: 5\r\nUser-Agent: \xc3\xa9\\\"<\r\n\r\nhello")
        pairs = logged.one()
        keys = [key for key, _ in pairs]
        expect(keys == sorted(keys) and len(set(keys)) == len(keys), "keys are not in order", keys)
        line = dict(pairs)
        expect(line["RequestPath"] == "/m/%C3%A9?a=<&>" and line["request_User-Agent"] == "\u00e9\\\"<", line)
        expect(line["RequestContentSize"] == 5 and line["OriginStatus"] == line["DownstreamStatus"] == 200, line)
        expect(line["Duration"] == line["OriginDuration"] + line["Overhead"] > 0, line)
        expect(line["BackendAddr"] == f"127.0.0.1:{world['main'].port}" and line["BackendName"] == "main" and line["FrontendName"] == "a", line)
        for name in ("level", "msg", "time", "StartUTC", "StartLocal", "downstream_X-Origin", "origin_X-Origin"):
            expect(name in line, name)

    attempt("start", skip_start, logged)
    attempt("fields", fields)

    def injected():
        for evil in (b'", "level":"error","x":"', b"\xc2\x9b31m", b"\xe2\x80\xae", b"\xe2\x81\xa6\xff\xfe", b"a\tb", b"\\u000a"):
            logged.ask(b"GET /m HTTP/1.1\r\nHost: a.test\r\nUser-Agent: x" + evil + b"x\r\nReferer: " + evil + b"y\r\n\r\n")
            raw = logged.lines()[0]
            line = json.loads(raw)
            expect(line["level"] == "info" and line["request_User-Agent"] == "x" + evil.decode(errors="replace") + "x", line)
            expect(not re.search(rb"[\x00-\x1f\x7f-\xff]", raw.replace("\ufffd".encode(), b"")), raw)

    attempt("D14: what a client sends stays inside its text", injected)

    def secrets():
        world["main"].script = raw_answer(reply(200, [b"Set-Cookie: s=secret"], b""))
        logged.ask(b"GET /m HTTP/1.1\r\nHost: a.test\r\nAuthorization: Basic secret\r\nCookie: c=secret\r\n\r\n")
        raw = logged.lines()[0]
        world.default()
        expect(b"secret" not in raw and raw.count(b"REDACTED") == 4, raw)

    attempt("secrets", secrets)

    def error_page():
        world["main"].script = raw_answer(reply(503, [], b"broken"))
        world["other"].script = raw_answer(reply(200, [b"X-Page: p"], b"sorry"))
        r = logged.ask(b"GET /m HTTP/1.1\r\nHost: paged.test\r\n\r\n")
        world.default()
        line = dict(logged.one())
        expect(r.status == 503 and line["OriginStatus"] == line["DownstreamStatus"] == 503, line)
        expect(line["downstream_X-Page"] == "p" and "origin_X-Page" not in line and line["DownstreamContentSize"] == 5, line)

    attempt("an error page", error_page)

    def compressed():
        world["main"].script = raw_answer(reply(200, [b"Content-Type: text/plain"], b"compress me " * 1000))
        with Client(ZIP) as c:
            c.send(b"GET /m HTTP/1.1\r\nHost: a.test\r\nAccept-Encoding: gzip\r\n\r\n")
            r = c.response()
        world.default()
        line = dict(logged.one())
        expect(zlib.decompress(r.body, 31) == b"compress me " * 1000, "gzip")
        expect(line["OriginContentSize"] == 12000 and line["DownstreamContentSize"] == len(r.body), line)
        expect(abs(line["GzipRatio"] - 12000 / len(r.body)) < 1e-9, line["GzipRatio"])
        expect(line["downstream_Content-Encoding"] == "gzip" and "origin_Content-Encoding" not in line, line)

    attempt("compressed", compressed)

    def answered_here():
        logged.ask(b"GET /admin/x?q HTTP/1.1\r\nHost: a.test\r\n\r\n")
        line = dict(logged.one())
        expect(line["FrontendName"] == "Auth for b" and line["BackendName"] == "Traefik" and line["OriginStatus"] == 401, line)
        expect(dict(line["BackendURL"])["Path"] == "/admin/x" and line["BackendAddr"] == "", line)
        logged.ask(b"GET /m HTTP/1.1\r\nHost: refusing.test\r\n\r\n")
        line = dict(logged.one())
        expect(line["OriginStatus"] == 502 and line["BackendAddr"] == "127.0.0.1:1", line)

    attempt("answered here", answered_here)

    def not_logged():
        """The API and what is no HTTP have no lines."""
        with Client(world.admin_port) as c:
            c.send(b"GET /ping HTTP/1.1\r\nHost: x\r\n\r\n")
            expect(c.response().status == 200, "ping")
        logged.ask(b"nonsense\r\n\r\n")
        logged.ask(b"GET /m HTTP/1.1\r\nHost: a.test\r\n\r\n")
        expect(dict(logged.one())["RequestPath"] == "/m", "not the last")

    attempt("internal routes and nonsense", not_logged)

    def own():
        lines = [json.loads(line) for line in logged.own_log().splitlines()]
        expect(lines and all(list(line) == ["level", "msg", "time"] for line in lines), lines[:2])
        expect(any("Starting provider file" in line["msg"] for line in lines) and not world.log(), world.log()[:300])

    attempt("the router's own log", own)

    def rotated():
        old, old_own = logged.path + ".1", logged.own + ".1"
        logged.ask(b"GET /m?before HTTP/1.1\r\nHost: a.test\r\n\r\n")
        logged.lines()
        os.rename(logged.path, old)
        os.rename(logged.own, old_own)
        with world.connect() as c:  # a busy router loses nothing
            for i in range(300):
                c.send(b"GET /m?r%d HTTP/1.1\r\nHost: a.test\r\n\r\n" % i)
                expect(c.response().status == 200, "busy")
                if i == 100:
                    world.process.send_signal(signal.SIGUSR1)
        lines_of(logged.path, 1)
        end = time.monotonic() + WAIT
        seen = []
        while len(seen) < 300 and time.monotonic() < end:
            time.sleep(0.02)
            text = open(old).read() + open(logged.path).read()
            seen = [json.loads(line)["RequestPath"] for line in text.splitlines() if "/m?r" in line]
        expect(seen == [f"/m?r{i}" for i in range(300)], len(seen), seen[:3])
        expect("re-opening log files for rotation" in open(old_own).read() and os.path.exists(logged.own), "own log")

    attempt("rotation by SIGUSR1", rotated)
    attempt("ends well", lambda: expect(logged.stop(), "see above"))


def common_lines():
    logged = Logged("--accessLog.filters.statusCodes=404,500-599", "--accessLog.fields.headers.names=User-Agent=redact", workers=2)
    try:
        logged.ask(b"GET /fine HTTP/1.1\r\nHost: a.test\r\n\r\n")
        logged.ask(b"GET /nobody?x=\"q\" HTTP/1.1\r\nHost: nobody.test\r\nUser-Agent: ua\r\nReferer: \"\xc2\x9b]0;\xe2\x80\xae\"\r\n\r\n")
        lines = []
        while not lines:  # some that came before the router was ready may have been answered 503
            lines = [line for line in logged.lines() if b"/up" not in line]
        expect(len(lines) == 1, lines)
        pattern = (rb'127\.0\.0\.1 - - \[\d\d/[A-Z][a-z]{2}/\d{4}(:\d\d){3} \+0000\] "GET /nobody\?x=\\"q\\" HTTP/1\.1" 404 19 '
                   rb'"\\"\\xc2\\x9b\]0;\\xe2\\x80\\xae\\"" "REDACTED" \d+ "backend not found" "/nobody" \d+ms')
        expect(re.fullmatch(pattern, lines[0]), lines[0])
    finally:
        expect(logged.stop(), "it did not end well")


def many_lines():
    """Lines of several workers under load: each is whole, none is missing, and each has its number."""
    logged = Logged(workers=3)
    try:
        def ask_many(client):
            with logged.world.connect() as c:
                for i in range(400):
                    c.send(b"GET /m?%d.%d HTTP/1.1\r\nHost: a.test\r\n\r\n" % (client, i))
                    expect(c.response().status == 200, "answer")
        threads = [threading.Thread(target=ask_many, args=(client,)) for client in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        end, lines = time.monotonic() + WAIT, []
        while len(lines) < 2400 and time.monotonic() < end:
            time.sleep(0.02)
            with open(logged.path, "rb") as file:
                lines = [line for line in file.read().splitlines() if b"/m?" in line]
        expect(len(lines) == 2400 and all(line.endswith(b"ms") for line in lines), len(lines))
        numbers = {int(line.split(b'"-" "-" ')[1].split(b" ")[0]) for line in lines}
        expect(len(numbers) == 2400, len(numbers))
        expect({line.split(b" ")[6] for line in lines} == {b"/m?%d.%d" % (c, i) for c in range(6) for i in range(400)}, "others")
    finally:
        expect(logged.stop(), "it did not end well")


def full_disk():
    """Requests go on, and one line says so."""
    logged = Logged(path="/dev/full")
    try:
        for _ in range(20):
            expect(logged.ask(b"GET /m HTTP/1.1\r\nHost: a.test\r\n\r\n").status == 200, "a request did not go on")
            time.sleep(0.01)
        time.sleep(0.1)
        said = [line for line in logged.own_log().splitlines() if "No space left on device" in line]
        expect(len(said) == 1 and "access log /dev/full" in said[0] and "requests go on" in said[0], said)
    finally:
        expect(logged.stop(), "it did not end well")


def run_briefly(*flags):
    """Until it ends by itself, or is ready and told to."""
    port = free_port()
    command = [os.environ.get("WAYBILL", "build/asan/waybill"), f"--entryPoints=Name:http Address:127.0.0.1:{port}", *flags]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    end = time.monotonic() + 20
    while process.poll() is None and time.monotonic() < end:
        try:
            with Client(port) as c:
                c.send(b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n")
                if c.response().status == 404:  # its configuration is in force: the signal is waited for by now
                    process.send_signal(signal.SIGTERM)
                    break
        except (OSError, Closed):
            time.sleep(0.02)
    out, _ = process.communicate(timeout=20)
    return process.returncode, out


def bad_options():
    status, out = run_briefly("--accessLog.format=xml")
    expect(status == 0 and "`xml` is neither common nor json" in out, status, out)
    status, out = run_briefly("--accessLog.filePath=/dev/null/x")
    expect(status == 1 and "access log /dev/null/x: Not a directory" in out, status, out)
    status, out = run_briefly("--traefikLog.filePath=/dev/null/x")
    expect(status == 1 and "log /dev/null/x: Not a directory" in out, status, out)
    status, out = run_briefly("--logLevel=loud")
    expect(status == 1 and "loud" in out, status, out)
    status, out = run_briefly("--logLevel=PANIC", "--accessLog.fields.names=Nothing=drop")
    expect(status == 0 and "level=" not in out, status, out)


if __name__ == "__main__":
    json_lines()
    for test in (common_lines, many_lines, full_disk, bad_options):
        attempt(test.__name__, test)
    finish()
