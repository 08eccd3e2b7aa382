#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Security cases F2, F3, F7, F8 and K1: who a client is and who says so - trusted proxies, PROXY headers, white lists, auth."""
from _lib import *

PORTS = {name: free_port() for name in ("trusted", "mapped", "nobody", "lb", "strict", "listed")}
FLAGS = [
    "--entryPoints=Name:trusted Address:127.0.0.1:%(trusted)d ForwardedHeaders.TrustedIPs:127.0.0.0/8,192.0.2.0/24" % PORTS,
    "--entryPoints=Name:mapped Address:[::ffff:127.0.0.1]:%(mapped)d ForwardedHeaders.TrustedIPs:::ffff:127.0.0.1" % PORTS,
    "--entryPoints=Name:nobody Address:127.0.0.1:%(nobody)d ForwardedHeaders.Insecure:false" % PORTS,
    "--entryPoints=Name:lb Address:127.0.0.1:%(lb)d ProxyProtocol.TrustedIPs:127.0.0.1/32 ForwardedHeaders.TrustedIPs:203.0.113.7" % PORTS,
    "--entryPoints=Name:strict Address:127.0.0.1:%(strict)d ProxyProtocol.TrustedIPs:10.0.0.1" % PORTS,
    "--entryPoints=Name:listed Address:127.0.0.1:%(listed)d WhiteList.SourceRange:198.51.100.0/24 "
    "WhiteList.UseXForwardedFor:true ForwardedHeaders.TrustedIPs:127.0.0.0/8,192.0.2.0/24" % PORTS,
    "--defaultEntryPoints=http," + ",".join(PORTS),
]
EXTRA = """
[frontends.list]
backend = "other"
[frontends.list.routes.r]
rule = "Host:l.test"
[frontends.list.whiteList]
sourceRange = ["198.51.100.0/24"]
useXForwardedFor = true
[frontends.inner]
backend = "other"
[frontends.inner.routes.r]
rule = "Host:p.test"
[frontends.inner.whiteList]
sourceRange = ["203.0.113.0/24"]
"""
BAD_RANGES = ("bad", "10.0.0.0/33", "10.0.0.0/8/8", "127.0.0.1-127.0.0.9", "localhost", "", "127.0.0.1:80", "::/129", "*")
# Each beside a range that has everybody in it, under a host that a second frontend would take.
for i, bad in enumerate(BAD_RANGES):
    EXTRA += f"""
[frontends.k1-{i}]
backend = "other"
[frontends.k1-{i}.routes.r]
rule = "Host:k{i}.test;PathPrefix:/t"
[frontends.k1-{i}.whiteList]
sourceRange = ["127.0.0.0/8", "{bad}"]
[frontends.behind-{i}]
backend = "other"
[frontends.behind-{i}.routes.r]
rule = "Host:k{i}.test"
"""
SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
V4 = bytes([203, 0, 113, 5, 192, 0, 2, 1, 0x9c, 0x40, 0, 80])
LINE = b"PROXY TCP4 203.0.113.5 192.0.2.1 40000 80\r\n"


def get(fields=(), path=b"/t", host=b"a.test", method=b"GET"):
    lines = b"".join(f + b"\r\n" for f in fields)
    return method + b" " + path + b" HTTP/1.1\r\nHost: " + host + b"\r\nX-Tag: t\r\n" + lines + b"\r\n"


def ask(name, text, method="GET", split=None):
    with Client(PORTS[name]) as c:
        c.send(text, split)
        return c.response(method)


def passed_on(world, name, text, split=None):
    """What the server saw."""
    world.forget()
    r = ask(name, text, split=split)
    requests = [q for q in world.seen() if q.conn.origin.name != "auth"]
    expect(r.status == 200 and len(requests) == 1, r.head, r.body, len(requests))
    return requests[0]


def has(request, **fields):
    for name, value in fields.items():
        name = name.replace("_", "-")
        expect(request.all(name) == [value], name, "wanted", value, request.head)


@row
def f2_a_trusted_peer(world):
    """Its X-Forwarded-For is added to, what else it says is kept; nobody else's is."""
    said = [b"X-Forwarded-For: 198.51.100.1", b"x-forwarded-for: 192.0.2.3", b"X-Forwarded-Proto: https", b"X-Forwarded-Host: out.test",
            b"X-Forwarded-Port: 8443", b"X-Real-Ip: 198.51.100.1", b"X-Forwarded-Prefix: /out", b"Forwarded: for=198.51.100.1"]

    def kept(name):
        has(passed_on(world, name, get(said)), X_Forwarded_For=b"198.51.100.1, 192.0.2.3, 127.0.0.1", X_Forwarded_Proto=b"https",
            X_Forwarded_Host=b"out.test", X_Forwarded_Port=b"8443", X_Real_Ip=b"198.51.100.1", X_Forwarded_Prefix=b"/out")

    def removed(name):
        request = passed_on(world, name, get(said + [b"X_Forwarded_For: 6.6.6.6", b"X.Real.Ip: 6.6.6.6"]))
        has(request, X_Forwarded_For=b"127.0.0.1", X_Forwarded_Proto=b"http", X_Forwarded_Host=b"a.test", X_Forwarded_Port=b"80",
            X_Real_Ip=b"127.0.0.1")
        for gone in (b"out.test", b"198.51.100.1", b"6.6.6.6", b"/out"):
            expect(gone not in request.head, gone, request.head)

    attempt("listed", kept, "trusted")
    attempt("listed as a mapped address", kept, "mapped")
    attempt("Insecure:false alone means nobody (B24)", removed, "nobody")
    attempt("one that is listed nowhere", removed, "strict")


@row
def f2_the_peer_is_whom_the_proxy_header_names(world):
    """White lists, forwarding fields and trust go by the address in a believed PROXY header."""
    more = b"\x04\0\x01x"
    headers = {
        "a line": (LINE, b"203.0.113.5"),
        "a line, IPv6": (b"PROXY TCP6 2001:db8::5 2001:db8::1 40000 80\r\n", b"2001:db8::5"),
        "a line, mapped": (b"PROXY TCP6 ::ffff:203.0.113.5 ::1 40000 80\r\n", b"203.0.113.5"),
        "unknown": (b"PROXY UNKNOWN and more\r\n", b"127.0.0.1"),
        "a block": (SIGNATURE + b"\x21\x11\0\x0c" + V4, b"203.0.113.5"),
        "a block and more": (SIGNATURE + b"\x21\x11\0\x10" + V4 + more, b"203.0.113.5"),
        "a local block": (SIGNATURE + b"\x20\0\0\0", b"127.0.0.1"),
        "none": (b"", b"127.0.0.1"),
    }
    for name, (header, client) in headers.items():
        for split in (None, 1):
            attempt(f"{name}, {split}", lambda: has(passed_on(world, "lb", header + get([b"X-Forwarded-For: 1.1.1.1"]), split),
                                                    X_Forwarded_For=client, X_Real_Ip=client))

    def lists():
        expect(ask("lb", LINE + get(host=b"p.test")).status == 200)
        expect(ask("lb", LINE.replace(b"113.5", b"114.5") + get(host=b"p.test")).status == 403)
        expect(ask("lb", get(host=b"p.test")).status == 403)

    def trust():
        header = LINE.replace(b"113.5", b"113.7")
        has(passed_on(world, "lb", header + get([b"X-Forwarded-For: 1.1.1.1"])), X_Forwarded_For=b"1.1.1.1, 203.0.113.7")

    def all_requests():
        with Client(PORTS["lb"]) as c:
            c.send(LINE + get(host=b"p.test") + get(host=b"p.test"))
            expect([c.response().status, c.response().status] == [200, 200])
            c.send(get(host=b"p.test"))
            expect(c.response().status == 200)

    attempt("a white list", lists)
    attempt("trust", trust)
    attempt("all requests of the connection", all_requests)


@row
def f2_proxy_headers_that_are_not_believed(world):
    """400 for those of strangers; the end for what is none; nobody is asked."""

    def refused(name, text):
        world.forget()
        with Client(PORTS[name]) as c:
            c.send(text)
            r = c.response()
            expect(r.status == 400 and c.closed() and not world.seen(), r.head)

    def ended(text):
        world.forget()
        with Client(PORTS["lb"]) as c:
            c.send(text)
            expect(c.closed() and not world.seen(), "something came back")

    attempt("a line of a stranger", refused, "strict", LINE + get())
    attempt("a block of a stranger", refused, "strict", SIGNATURE + b"\x21\x11\0\x0c" + V4 + get())
    attempt("a second line", lambda: expect(ask("lb", LINE + LINE + get()).status >= 400))
    for bad in (b"PROXY TCP4 203.0.113.5\r\n", b"PROXY TCP4 x y 1 2\r\n", b"PROXY " + b"x" * 200, SIGNATURE + b"\x21\x11\0\x01x",
                SIGNATURE + b"\x21\x11\xff\xff", SIGNATURE + b"\x31\x11\0\x0c" + V4):
        attempt(f"what is none: {bad[:24]}", ended, bad + get())
    attempt("where none is looked for", lambda: expect(ask("trusted", LINE + get()).status in (400, 501)))
    world.probe()


@row
def f3_the_walk(world):
    """The client is the first address from the right, over all lines, that is no trusted proxy."""
    trusted = b"192.0.2.9"

    def status(*lines, name="trusted", host=b"l.test"):
        return ask(name, get([b"X-Forwarded-For: " + line for line in lines], host=host)).status

    for name, host in (("trusted", b"l.test"), ("listed", b"a.test")):
        rows = {
            "one": ([b"198.51.100.1"], 200), "another": ([b"1.2.3.4"], 403), "none": ([], 403),
            "two proxies": ([b"198.51.100.1, %s, %s" % (trusted, trusted)], 200),
            "what it says itself does not count": ([b"198.51.100.1, 1.2.3.4, " + trusted], 403),
            "nor does what is left of it": ([b"1.2.3.4, 198.51.100.1"], 200),
            "several lines": ([b"198.51.100.1", trusted, trusted], 200),
            "several lines, another": ([b"198.51.100.1", b"1.2.3.4, " + trusted], 403),
            "200 entries": ([b"198.51.100.1" + b", 192.0.2.9" * 200], 200),
            "200 others": ([b"198.51.100.1, " * 200 + b"1.2.3.4"], 403),
            "junk": ([b"198.51.100.1, unknown"], 403), "junk on the left": ([b"unknown, 198.51.100.1"], 200),
            "a port": ([b"198.51.100.1:80"], 200), "another with a port": ([b"1.2.3.4:80"], 403), "empty": ([b"198.51.100.1,"], 403), "blanks": ([b" \t198.51.100.1 ,\t192.0.2.9"], 200),
            "mapped": ([b"::ffff:198.51.100.1, ::ffff:192.0.2.9"], 200), "IPv6": ([b"2001:db8::1"], 403),
        }
        for what, (lines, wanted) in rows.items():
            attempt(f"{name}: {what}", lambda: expect(status(*lines, name=name, host=host) == wanted, lines))
    for name in ("nobody", "strict"):
        attempt(f"a stranger's is not looked at: {name}", lambda: expect(status(b"198.51.100.1", name=name) == 403))
    attempt("the list of an entrypoint comes before its routes", lambda: expect(status(b"1.2.3.4", name="listed", host=b"none.test") == 403))
    attempt("and lets on", lambda: expect(status(b"198.51.100.1", name="listed", host=b"none.test") == 404))


@row
def f7_fields_that_come_twice(world):
    """The auth server sees every line of a field or none; what it is to say is removed in all its lines and spellings."""

    def both(fields, name, wanted_by_auth, wanted_by_server):
        world.forget()
        r = world.ask(get([b"X-Token: good", *fields], path=b"/admin/x"))
        expect(r.status == 200, r.head)
        question, request = world["auth"].requests[0], world["admin"].requests[0]
        expect(question.all(name) == wanted_by_auth, "auth server", question.head)
        expect(request.all(name) == wanted_by_server, "server", request.head)

    attempt("a field of nobody's", both, [b"X-Role: a", b"x-role: b"], "X-Role", [b"a", b"b"], [b"a", b"b"])
    attempt("one that the auth server sets", both, [b"X-Auth-User: root", b"x-auth-user: admin"], "X-Auth-User", [b"root", b"admin"], [b"alice"])
    attempt("one that it does not", both, [b"X-Auth-Role: a", b"X-AUTH-ROLE: b"], "X-Auth-Role", [b"a", b"b"], [])
    attempt("forwarding fields", both, [b"X-Forwarded-For: 1.1.1.1", b"X-Forwarded-For: 2.2.2.2"], "X-Forwarded-For", [b"127.0.0.1"], [b"127.0.0.1"])

    def two_tokens():
        for tokens in ([b"X-Token: good", b"X-Token: bad"], [b"X-Token: bad", b"X-Token: good"]):
            world.forget()
            world["auth"].script = lambda conn, q: conn.send(reply(200 if q.all("X-Token") == [b"good"] else 401))
            r = world.ask(get(tokens, path=b"/admin/x"))
            expect(r.status == 401 and not world["admin"].requests, r.head)
        world.default()

    attempt("an auth server that looks at all of them", two_tokens)


@row
def f8_auth_is_for_every_method(world):
    """Pre-flights, HEAD, upgrades and whatever path of a protected route: nothing goes around the auth server."""
    upgrade = [b"Connection: Upgrade", b"Upgrade: websocket", b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", b"Sec-WebSocket-Version: 13"]
    preflight = [b"Origin: http://x.test", b"Access-Control-Request-Method: PUT"]
    cases = [(b"OPTIONS", preflight, b"/admin/x"), (b"HEAD", [], b"/admin/x"), (b"GET", upgrade, b"/admin/x"), (b"TRACE", [], b"/admin/x"),
             (b"PROPFIND", [], b"/admin/x"), (b"GET", [], b"/admin/.well-known/acme-challenge/token"), (b"GET", [], b"/admin"),
             (b"GET", [b"Expect: 100-continue"], b"/admin/x"), (b"GET", [b"X-HTTP-Method-Override: GET"], b"/admin/x"),
             (b"DELETE", [], b"/admin/x")]

    def asked(method, fields, path):
        for token, wanted in ((b"X-Token: bad", 401), (b"X-Token: good", 200)):
            world.forget()
            r = world.ask(get([token, *fields], path, method=method), method.decode())
            expect(r.status == wanted, r.head)
            expect(len(world["auth"].requests) == 1, "the auth server was not asked")
            expect(len(world["admin"].requests) == (wanted == 200), "who got through?")

    for method, fields, path in cases:
        attempt(f"{method} {path} {fields[:1]}", asked, method, fields, path)


@row
def k1_one_bad_range_closes(world):
    """One range that is none: nobody is let in, not by the good ones beside it nor by the frontend behind, and it is said."""
    log = world.log()
    for i, bad in enumerate(BAD_RANGES):
        def closed():
            world.forget()
            for name in ("trusted", "nobody"):
                r = ask(name, get([b"X-Forwarded-For: 127.0.0.1"], host=b"k%d.test" % i))
                expect(r.status == 503 and not world.seen(), r.head)
            expect(f"whiteList.sourceRange: `{bad}` is no address and no network: write it like" in log, log[-3000:])

        attempt(f"a range that is none: {bad!r}", closed)
        attempt("the frontend behind it goes on", lambda: expect(ask("nobody", get(path=b"/else", host=b"k%d.test" % i)).status == 200))
    world.forget()


if __name__ == "__main__":
    w = World(ORIGINS, RULES + EXTRA, *FLAGS)
    run(w)
    finish(w)
