#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Security cases F4 to F6: what the auth server is asked, and what happens when it is of no help."""
import threading
import time

from _lib import *

EXTRA = """
[frontends.noauth]
backend = "admin"
[frontends.noauth.routes.r]
rule = "Host:a.test;PathPrefix:/dead"
[frontends.noauth.auth.forward]
address = "http://127.0.0.1:<nobody>/check"
[frontends.unknown]
backend = "admin"
[frontends.unknown.routes.r]
rule = "Host:a.test;PathPrefix:/unresolved"
[frontends.unknown.auth.forward]
address = "http://no-such-host.invalid/check"
[frontends.bad]
backend = "admin"
[frontends.bad.routes.r]
rule = "Host:a.test;PathPrefix:/badly"
[frontends.bad.auth.forward]
address = "ftp://127.0.0.1:<auth>/check"
[frontends.empty]
backend = "admin"
[frontends.empty.routes.r]
rule = "Host:a.test;PathPrefix:/empty"
[frontends.empty.auth.forward]
address = ""
[frontends.stripped]
backend = "api"
passHostHeader = true
[frontends.stripped.routes.r]
rule = "Host:s.test;PathPrefixStrip:/py"
[frontends.stripped.auth.forward]
address = "http://127.0.0.1:<auth>/verify?mode=a&b=%20c"
[frontends.trusting]
backend = "api"
[frontends.trusting.routes.r]
rule = "Host:t.test"
[frontends.trusting.auth.forward]
address = "http://127.0.0.1:<auth>/check"
trustForwardHeader = true
"""


def get(path=b"/admin/x", fields=b"", method=b"GET", host=b"a.test"):
    return method + b" " + path + b" HTTP/1.1\r\nHost: " + host + b"\r\nX-Tag: f\r\n" + fields + b"\r\n"


def denied(world, statuses, check=lambda r: None, path=b"/admin/x", timeout=WAIT):
    """Nobody passes, with a token or without; the client's connection goes on."""
    for fields in (b"", b"X-Token: good\r\n"):
        world.forget()
        with world.connect() as c:
            c.send(get(path, fields))
            r = c.response(timeout=timeout)
            expect(r.status in statuses, f"wanted {statuses}", r.head, r.body[:200])
            check(r)
            expect(not world["admin"].requests, "it passed")
            if (r.one("Connection") or b"") != b"close":
                c.send(get(b"/free"))
                expect(c.response().status == 200, "the client's connection")


def body_never_sent(conn, request):
    """A question must be complete with its head."""
    conn.extra = b""
    if request.all("Content-Length") or request.all("Transfer-Encoding"):
        raise ValueError("the question has a body")
    guard(conn, request)


@row
def f4_deleted_before_copied(world):
    """A field the auth server does not send is removed from the request all the same."""

    def passed_on(answer_fields, sent, user, role):
        world.forget()
        world["auth"].script = raw_answer(reply(200, answer_fields, b"fine"))
        r = world.ask(get(fields=b"".join(s + b"\r\n" for s in sent)))
        expect(r.status == 200, r.head)
        request = world["admin"].requests[0]
        expect(request.all("X-Auth-User") == user and request.all("X-Auth-Role") == role, request.head)
        expect(b"X-Other" not in request.head and b"Set-Cookie" not in request.head, "more was copied than named", request.head)

    attempt("none sent", passed_on, [], [b"X-Auth-User: root", b"x-auth-role: admin"], [], [])
    attempt("one sent", passed_on, [b"x-auth-user: bob"], [b"X-AUTH-USER: root", b"X-Auth-Role: admin"], [b"bob"], [])
    attempt("several values", passed_on, [b"X-Auth-User: bob", b"X-Auth-Role: a", b"X-Auth-Role: b"], [b"X-Auth-Role: admin"], [b"bob"], [b"a", b"b"])
    attempt("an empty value", passed_on, [b"X-Auth-User:"], [b"X-Auth-User: root"], [b""], [])
    attempt("others are not copied", passed_on, [b"X-Auth-User: bob", b"X-Other: 1", b"Set-Cookie: a=b"], [], [b"bob"], [])


@row
def f5_the_question(world):
    """A GET without body, framing, Expect, Range or hop-by-hop fields; where to is told from the canonical view."""
    body = b"GET /smuggled HTTP/1.1\r\n\r\n"

    def question(method, fields, payload, path=b"/admin/x", uri=None):
        world.forget()
        world["auth"].script = body_never_sent
        for token in (b"", b"X-Token: good\r\n"):
            with world.connect() as c:
                c.send(get(path, fields + token, method) + payload)
                r = c.response(method.decode())
                expect(r.status == (200 if token else 401), r.head, r.body)
        questions = world["auth"].requests
        expect(len(questions) == 2, len(questions))
        for q in questions:
            expect(q.line == b"GET /check HTTP/1.1", q.line)
            names = q.names()
            for name in (b"content-length", b"transfer-encoding", b"expect", b"range", b"connection", b"te", b"trailer", b"upgrade", b"keep-alive", b"proxy-authorization", b"proxy-connection"):
                expect(name not in names, name, q.head)
            expect(q.all("Host") == [b"127.0.0.1:%d" % world["auth"].port], q.head)
            for name, value in (("X-Forwarded-Method", method), ("X-Forwarded-Uri", uri or path), ("X-Forwarded-Host", b"a.test"), ("X-Forwarded-Proto", b"http"), ("X-Forwarded-For", b"127.0.0.1")):
                expect(q.all(name) == [value], name, q.head)
            expect(b"smuggled" not in q.conn.reader.raw, "the body went to the auth server")
        reached = world["admin"].requests
        expect(len(reached) == 1 and reached[0].method == method and reached[0].target == path, [x.line for x in reached])
        return reached[0]

    length = b"Content-Length: %d\r\n" % len(body)
    chunked = b"Transfer-Encoding: chunked\r\n"
    chunks = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
    attempt("GET", question, b"GET", b"", b"")
    attempt("HEAD", question, b"HEAD", b"", b"")
    attempt("OPTIONS", question, b"OPTIONS", b"", b"")
    attempt("DELETE", question, b"DELETE", b"", b"")
    for method in (b"POST", b"PUT", b"PATCH", b"GET"):
        def with_body(m=method, f=length, p=body):
            expect(question(m, f, p).body == body, "the body did not reach the server")
        attempt(f"{method} with a length", with_body)
        attempt(f"{method} with chunks", lambda m=method: with_body(m, chunked, chunks))
    attempt("Range", question, b"GET", b"Range: bytes=0-5\r\nIf-Range: x\r\n", b"")
    attempt("hop by hop", question, b"GET", b"Connection: keep-alive, X-Hop\r\nX-Hop: 1\r\nTE: trailers\r\nKeep-Alive: 1\r\nProxy-Authorization: x\r\nProxy-Connection: x\r\nTrailer: y\r\n", b"")
    attempt("Upgrade", question, b"GET", b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", b"")
    attempt("canonical view", question, b"GET", b"", b"", b"/%61dmin/%7ex%2fy", b"/admin/~x%2Fy")
    attempt("canonical view, dots", question, b"GET", b"", b"", b"/x/../admin/./y?q=/../", b"/admin/y?q=/../")

    def expecting(token):
        """No 100 and no byte of the body before the verdict."""
        world.forget()
        slow = threading.Event()

        def script(conn, request):
            slow.wait(WAIT)
            guard(conn, request)

        world["auth"].script = script
        with world.connect() as c:
            c.send(get(fields=b"Content-Length: 5\r\nExpect: 100-continue\r\n" + token, method=b"POST"))
            expect(c.silent(), "something came before the verdict")
            slow.set()
            if token:
                world["admin"].script = lambda conn, request: (conn.send(b"HTTP/1.1 100 Continue\r\n\r\n"), answer(conn, request))[1]
                expect(c.head().status == 100, "no 100")
                c.send(b"hello")
                r = c.response()
                expect(r.status == 200 and r.body.endswith(b" 5"), r.head, r.body)
            else:
                r = c.response()
                expect(r.status == 401 and not r.interim and c.closed(), r.head)
        world.default()

    attempt("Expect, denied", expecting, b"")
    attempt("Expect, passed", expecting, b"X-Token: good\r\n")

    def body_waits():
        """A body that was sent at once is not read into memory, and goes to the server after the verdict."""
        world.forget()
        go = threading.Event()
        world["auth"].script = lambda conn, request: (go.wait(WAIT), guard(conn, request))[1]
        big = b"z" * 3000000
        with world.connect() as c:
            sender = threading.Thread(target=c.send, args=(get(fields=b"X-Token: good\r\nContent-Length: %d\r\n" % len(big), method=b"POST") + big,))
            sender.start()
            time.sleep(QUIET)
            expect(not world["admin"].requests, "the server was asked before the verdict")
            go.set()
            r = c.response()
            sender.join()
            expect(r.status == 200 and r.body.endswith(b" 3000000"), r.head, r.body)

    attempt("a large body waits", body_waits)

    def configured():
        world.forget()
        r = world.ask(get(b"/py/a%2Fb?c=d", b"X-Token: good\r\n", host=b"s.test"))
        expect(r.status == 200, r.head)
        q = world["auth"].requests[0]
        expect(q.line == b"GET /verify?mode=a&b=%20c HTTP/1.1", q.line)
        expect(q.all("X-Forwarded-Uri") == [b"/a%2Fb?c=d"] and q.all("X-Forwarded-Host") == [b"s.test"], q.head)
        expect(world["api"].requests[0].line == b"GET /a%2Fb?c=d HTTP/1.1", world["api"].requests[0].line)

    attempt("the configured target, and the stripped path", configured)

    def trust_flag():
        """trustForwardHeader believes nothing of a client that the entrypoint does not trust."""
        world.forget()
        world.ask(get(b"/x", b"X-Token: good\r\nX-Forwarded-For: 6.6.6.6\r\nX-Forwarded-Uri: /free\r\nX-Forwarded-Method: HEAD\r\nX-Forwarded-Host: evil\r\n", host=b"t.test"))
        q = world["auth"].requests[0]
        expect(q.all("X-Forwarded-For") == [b"127.0.0.1"] and q.all("X-Forwarded-Uri") == [b"/x"] and q.all("X-Forwarded-Method") == [b"GET"] and q.all("X-Forwarded-Host") == [b"t.test"], q.head)

    attempt("trustForwardHeader and an untrusted client", trust_flag)


@row
def f6_verdicts(world):
    """Anything but 2xx denies; the auth server's own answer goes to the client."""

    def verdict(raw, statuses, check=lambda r: None, **options):
        def run_it():
            world["auth"].script = raw if callable(raw) else raw_answer(raw, **options)
            denied(world, statuses, check)
        return run_it

    def same(status, body, *fields):
        def check(r):
            expect(r.body == body, r.body)
            for field in fields:
                name, value = field.split(b": ", 1)
                expect(value in r.all(name.decode()), field, r.head)
            expect(b"connection" not in r.names() and b"keep-alive" not in r.names(), r.head)
        return check

    for status in (400, 401, 402, 403, 404, 407, 429, 451, 500):
        attempt(f"status {status}", verdict(reply(status, [b"X-Why: because", b"Keep-Alive: x"], b"no %d" % status), (status,), same(status, b"no %d" % status, b"X-Why: because")))
    for status in (501, 502, 503, 504, 599):
        attempt(f"status {status}", verdict(reply(status, [], b"broken"), (500, 503)))
    for status in (300, 301, 303, 304, 307, 308):
        attempt(f"status {status}", verdict(reply(status, [b"Location: http://login.test/"], None if status == 304 else b""), (status,)))
    attempt("a challenge", verdict(reply(401, [b'WWW-Authenticate: Basic realm="x"', b"Set-Cookie: a=b; Path=/", b"Set-Cookie: c=d"], b"who?"), (401,),
                                   same(401, b"who?", b'WWW-Authenticate: Basic realm="x"', b"Set-Cookie: a=b; Path=/", b"Set-Cookie: c=d")))
    attempt("a redirect with a cookie", verdict(reply(302, [b"Location: https://login.test/in?to=x", b"Set-Cookie: s=1"], b"go"), (302,),
                                                same(302, b"go", b"Location: https://login.test/in?to=x", b"Set-Cookie: s=1")))
    here = b"http://127.0.0.1:%d" % world["auth"].port
    for location, wanted in ((b"/login", here + b"/login"), (b"#top", here + b"/check#top"), (b"mailto:x", b"mailto:x"), (b"in:x/y", b"in:x/y"), (b"./a:b", here + b"/./a:b"), (b"/login?a=b#c", here + b"/login?a=b#c"), (b"login", here + b"/login"), (b"//other.test/x", b"http://other.test/x"),
                             (b"?x", here + b"/check?x"), (b"http://a.test/", b"http://a.test/")):
        attempt(f"Location {location}", verdict(reply(302, [b"Location: " + location], b""), (302,), lambda r, w=wanted: expect(r.all("Location") == [w], r.head)))
    attempt("a chunked refusal", verdict(b"HTTP/1.1 403 No\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\nX: y\r\n\r\n", (403,), same(403, b"abcde")))
    attempt("a refusal until close", verdict(b"HTTP/1.0 403 No\r\nX-Why: because\r\n\r\nabc", (403,), same(403, b"abc", b"X-Why: because"), close=True))
    attempt("a refusal with a phrase", verdict(b"HTTP/1.1 403 Not You\r\nContent-Length: 0\r\n\r\n", (403,)))
    attempt("an early hint before the refusal", verdict(b"HTTP/1.1 103 Early\r\nLink: x\r\n\r\nHTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n", (403,)))
    for name, raw in (("nothing", b""), ("half a head", b"HTTP/1.1 200 OK\r\nConte"), ("half a body", b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"),
                      ("half a chunked body", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab"), ("half a refusal", b"HTTP/1.1 403 No\r\nContent-Length: 10\r\n\r\nabc")):
        attempt(f"it says {name} and closes", verdict(raw, (500, 502, 503), close=True))
    for name, raw in (("junk", b"hello\r\n\r\n"), ("two lengths", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nContent-Length: 1\r\n\r\n"), ("length and coding", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
                      ("101", b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"), ("a bad chunk", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0x1\r\na\r\n0\r\n\r\n"),
                      ("17 hints", b"HTTP/1.1 103 Early\r\n\r\n" * 17 + b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"), ("a bare LF", b"HTTP/1.1 200 OK\nContent-Length: 0\n\n"),
                      ("a status of 2000", b"HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n"), ("HTTP/2.0", b"HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n")):
        attempt(f"it says {name}", verdict(raw, (500, 502, 503)))

    def endless(conn, request):
        """100 MB, or until the router has had enough."""
        sent = 0
        try:
            conn.sock.sendall(b"HTTP/1.1 %d X\r\nContent-Length: 104857600\r\n\r\n" % endless.status)
            while sent < 104857600:
                conn.sock.sendall(b"y" * 65536)
                sent += 65536
        except OSError:
            pass
        endless.sent = sent
        return False

    for status in (200, 403):
        def too_much(s=status):
            endless.status = s
            verdict(endless, (500, 502, 503))()
            expect(endless.sent < 32 << 20, f"{endless.sent} bytes were read")
        attempt(f"100 MB with {status}", too_much)
    for path in (b"/dead", b"/unresolved"):
        attempt(f"an auth server that is not there {path}", lambda p=path: denied(world, (500, 502, 503), path=p))
    for path in (b"/badly", b"/empty"):
        attempt(f"an address that cannot be understood {path}", lambda p=path: denied(world, (503,), path=p))
    for name, raw in (("200", reply(200, [], b"")), ("204", b"HTTP/1.1 204 No\r\n\r\n"), ("202 with a body", reply(202, [], b"x" * 100000)), ("chunked 200", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n"),
                      ("200 behind hints", b"HTTP/1.1 103 Early\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")):
        def let_pass(r=raw):
            world["auth"].script = raw_answer(r)
            a = world.ask(get())
            expect(a.status == 200 and a.one("X-Origin") == b"admin" and not a.interim, a.head)
        attempt(f"{name} lets pass", let_pass)

    def head_request():
        world["auth"].script = raw_answer(reply(403, [], b"no body for HEAD"))
        with world.connect() as c:
            c.send(get(method=b"HEAD"))
            r = c.response("HEAD")
            c.send(get(b"/free"))
            expect(r.status == 403 and c.response().status == 200, r.head)

    attempt("a refusal of HEAD has no body", head_request)


@row
def f6_stale_connection(world):
    """One retry when the auth server closed a pooled connection; none for a fresh one."""

    def stale():
        world.default()
        expect(world.ask(get(fields=b"X-Token: good\r\n")).status == 200, "first")
        for closes in (True, False):
            world["auth"].script = lambda conn, request: False
            world.forget()
            denied(world, (500, 502, 503))
            expect(len(world["auth"].requests) <= 4, "asked", len(world["auth"].requests), "times for two requests")
            world.default()
            expect(world.ask(get(fields=b"X-Token: good\r\n")).status == 200, "afterwards")

    def restarted():
        """Pooled connections end while idle: nobody notices."""
        for _ in range(10):
            expect(world.ask(get(fields=b"X-Token: good\r\n")).status == 200, "before")
            world["auth"].close_conns()
            expect(world.ask(get(fields=b"X-Token: good\r\n")).status == 200, "after")

    attempt("stale", stale)
    attempt("restarted", restarted)


@row
def f6_slow(world):
    """A slow auth server denies; a client that goes away takes its question along; others are served meanwhile."""

    def gone():
        world.forget()
        asked, ended = threading.Event(), threading.Event()

        def script(conn, request):
            asked.set()
            if conn.wait_closed():
                ended.set()
            return False

        world["auth"].script = script
        with world.connect() as c:
            c.send(get())
            expect(asked.wait(WAIT), "not asked")
            world.probe(20)
        expect(ended.wait(WAIT), "the question outlived its client")

    attempt("the client goes away", gone)


def begin_stalls(world):
    """Auth servers that never answer, or never end their answer: looked at when the other rows are done."""
    scripts = {b"silent": b"", b"head": b"HTTP/1.1 200 O", b"body": b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab"}
    world["auth"].script = lambda conn, request: (conn.send(scripts[request.one("X-Stall")]), conn.wait_closed(60))[0]
    clients = {}
    for name in scripts:
        clients[name] = world.connect()
        clients[name].send(get(fields=b"X-Stall: " + name + b"\r\n"))
    return clients


def end_stalls(world, clients):
    for name, client in clients.items():
        def check(c=client):
            r = c.response(timeout=35)
            expect(r.status in (500, 502, 503, 504) and not world["admin"].requests, r.head)
        attempt(f"a stalled auth server denies: {name}", check)


if __name__ == "__main__":
    stalled = World(ORIGINS, RULES)
    waiting = begin_stalls(stalled)
    w = World(ORIGINS, RULES + EXTRA)
    run(w)
    end_stalls(stalled, waiting)
    stalled.default()
    finish(w, stalled)
