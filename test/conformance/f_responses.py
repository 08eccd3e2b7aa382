#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The way back through filters, bytes in and bytes out: header options, error pages (F9), compressed answers."""
import random
import zlib

from _lib import *

ZIP = free_port()
EXTRA = """
[frontends.marked]
backend = "main"
[frontends.marked.routes.r]
rule = "Host:marked.test"
[frontends.marked.headers]
frameDeny = true
contentTypeNosniff = true
[frontends.marked.headers.customRequestHeaders]
X-User = "proxy"
Content-Length = "0"
Connection = "X-Tag"
[frontends.marked.headers.customResponseHeaders]
X-Mark = "m"
Set-Cookie = "one"
Transfer-Encoding = "chunked"
X-Split = "a\\r\\nX-Injected: b"
[frontends.paged]
backend = "main"
[frontends.paged.routes.r]
rule = "Host:paged.test"
[frontends.paged.errors.e]
status = ["500-599"]
backend = "other"
query = "/e/{status}"
[frontends.zip]
backend = "api"
entryPoints = ["zip"]
[frontends.zip.routes.r]
rule = "Host:zip.test"
"""


def text(count, seed=1):
    """Words that compress, but not to nothing."""
    random.seed(seed)
    words = [b"router ", b"label ", b"container ", b"<p>", b"\n"] + [b"%d " % random.randrange(10 ** 6) for _ in range(200)]
    return b"".join(random.choices(words, k=count // 4))[:count]


@row
def fields_are_set_and_framing_is_not(world):
    """Custom fields replace those of client and server; what frames a message cannot be set."""

    def marked(method, body, sent):
        world.forget()
        world["main"].script = raw_answer(reply(200, [b"X-Mark: server", b"Set-Cookie: a", b"Set-Cookie: b"], b"body"))
        with world.connect() as c:
            c.send(method + b" /m HTTP/1.1\r\nHost: marked.test\r\nX-Tag: t\r\nX_User: root\r\nx-user: root\r\n" + sent + b"\r\n" + body)
            r = c.response(method.decode())
            expect(r.status == 200 and r.body == (b"" if method == b"HEAD" else b"body"), r.head, r.body)
            expect(r.all("X-Mark") == [b"m"] and r.all("Set-Cookie") == [b"one"], r.head)
            expect(r.all("X-Frame-Options") == [b"DENY"] and r.all("X-Content-Type-Options") == [b"nosniff"], r.head)
            expect(r.all("Content-Length") == [b"4"] and not r.all("Transfer-Encoding"), r.head)
            expect(b"njected" not in r.head, r.head)
            request = world["main"].requests[0]
            expect(request.all("X-User") == [b"proxy"] and b"root" not in request.head, request.head)
            expect(request.all("X-Tag") == [b"t"] and not request.all("Connection"), request.head)
            world["main"].script = answer
            next_works(c)

    attempt("GET", marked, b"GET", b"", b"")
    attempt("HEAD", marked, b"HEAD", b"", b"")
    attempt("POST", marked, b"POST", b"hello", b"Content-Length: 5\r\n")
    attempt("chunked POST", marked, b"POST", b"5\r\nhello\r\n0\r\n\r\n", b"Transfer-Encoding: chunked\r\n")


@row
def f9_error_pages(world):
    """The page comes under the error's status; its server learns nothing of who the client is; connections stay in step."""

    def paged(method, fields, body, error, page, expected):
        world.forget()
        world["main"].script = raw_answer(error)
        world["other"].script = raw_answer(page)
        with world.connect() as c:
            c.send(method + b" /m HTTP/1.1\r\nHost: paged.test\r\nX-Tag: t\r\nAuthorization: Basic eA==\r\nCookie: a=b\r\n" + fields + b"\r\n" + body)
            r = c.response(method.decode())
            expect(r.status == 503 and r.body == expected, r.head, r.body)
            asked = world["other"].requests[0]
            expect(asked.line == b"GET /e/503 HTTP/1.1", asked.line)
            for name in ("Authorization", "Cookie", "Content-Length", "Transfer-Encoding", "Content-Type"):
                expect(not asked.all(name), name, asked.head)
            expect(asked.all("Host") and asked.all("X-Forwarded-For") == [b"127.0.0.1"], asked.head)
            world["main"].script = answer
            next_works(c)

    broken, page = reply(503, [], b"broken"), reply(200, [b"Content-Type: text/html"], b"sorry")
    attempt("length", paged, b"GET", b"", b"", broken, page, b"sorry")
    attempt("chunked error", paged, b"GET", b"", b"", b"HTTP/1.1 503 X\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", page, b"sorry")
    attempt("chunked page", paged, b"GET", b"", b"", broken, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nsorry\r\n0\r\n\r\n", b"sorry")
    attempt("HEAD", paged, b"HEAD", b"", b"", b"HTTP/1.1 503 X\r\nContent-Length: 6\r\n\r\n", page, b"")
    attempt("POST", paged, b"POST", b"Content-Type: text/plain\r\nContent-Length: 5\r\n", b"hello", broken, page, b"sorry")
    attempt("chunked POST", paged, b"POST", b"Transfer-Encoding: chunked\r\n", b"5\r\nhello\r\n0\r\n\r\n", broken, page, b"sorry")
    attempt("page without a body", paged, b"GET", b"", b"", broken, b"HTTP/1.1 204 No Content\r\n\r\n", b"")


def zipped(world, coming, wanted, split=None):
    world.forget()
    world["api"].script = raw_answer(coming)
    with Client(ZIP) as c:
        for again in range(2):
            c.send(b"GET /z HTTP/1.1\r\nHost: zip.test\r\nAccept-Encoding: gzip\r\n\r\n", split=split)
            r = c.response()
            expect(r.status == 200 and r.all("Content-Encoding") == [b"gzip"] and not r.all("Content-Length"), r.head)
            expect(zlib.decompress(r.body, 31) == wanted, len(r.body))
            expect(len(r.body) < len(wanted) * 0.6, len(r.body), len(wanted))


@row
def compressed_answers(world):
    """Any framing of the server, any size, whole and in step with the next answer."""
    for count in (512, 5000, 20000, 300000):
        body = text(count)
        attempt(f"length, {count}", zipped, world, reply(200, [], body), body)
        chunks = b"".join(b"%x\r\n%s\r\n" % (len(body[at:at + 900]), body[at:at + 900]) for at in range(0, count, 900))
        attempt(f"chunked, {count}", zipped, world, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n", body)
    attempt("request in pieces", zipped, world, reply(200, [], body), body, split=7)


def brotli(world, body):
    world["api"].script = raw_answer(reply(200, [], body))
    done = subprocess.run(["curl", "-sS", "--fail", "--max-time", "10", "-i", "--compressed", "-H", "Accept-Encoding: br",
                           "-H", "Host: zip.test", f"http://127.0.0.1:{ZIP}/z"], capture_output=True)
    head, _, shown = done.stdout.partition(b"\r\n\r\n")
    expect(done.returncode == 0 and b"Content-Encoding: br" in head, done.stderr, head)
    expect(shown == body, len(shown), len(body))


@row
def compressed_by_brotli(world):
    """What curl makes of it is what the server sent."""
    for count in (512, 5000, 300000):
        attempt(f"brotli, {count}", brotli, world, text(count))
    attempt("brotli, hardly to be compressed", brotli, world, random.Random(2).randbytes(200000))


@row
def compressed_for_slow_readers(world):
    """Clients that read nothing hold an encoder and its buffers each, and no more; then they get everything."""
    body = text(4_000_000)
    zipped(world, reply(200, [], text(5000)), text(5000))
    world["api"].script = raw_answer(reply(200, [], body))
    before = memory_kib(world)
    clients = [Client(ZIP, rcvbuf=4096) for _ in range(8)]
    for c in clients:
        c.send(b"GET /z HTTP/1.1\r\nHost: zip.test\r\nAccept-Encoding: gzip\r\n\r\n")
    time.sleep(1)
    grown = memory_kib(world) - before
    # 264 KiB of encoder, the server's large buffer, ours and the head's
    expect(grown < 8 * (264 + 72 + 16 + 16) + 1024, f"{grown} KiB for 8 slow readers of 4 MB")
    for c in clients:
        r = c.response(timeout=30)
        expect(zlib.decompress(r.body, 31) == body, "not what was sent")


if __name__ == "__main__":
    exact_memory()
    world = World(ORIGINS, RULES + EXTRA, f"--entryPoints=Name:zip Address:127.0.0.1:{ZIP} Compress:true")
    run(world)
    finish(world)
