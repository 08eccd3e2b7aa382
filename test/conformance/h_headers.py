#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Security cases H1 to H3, H5 to H7 and F1: what a client may say of itself, and how much of it."""
from _lib import *

GET = b"GET /h HTTP/1.1\r\nHost: a.test\r\n"


def spellings(name):
    """Names that some server reads as `name`: `_`, `.` and `-` in every place, and other cases."""
    parts = name.split("-")
    found = {name, name.lower(), name.upper(), name.swapcase()}
    for first in "-_.":
        for last in "-_.":
            found.add(first.join(parts[:2]) + "".join(last + part for part in parts[2:]))
    found |= {name.replace("-", mark).lower() for mark in "_."} | {name.replace("-", mark).upper() for mark in "_."}
    return sorted(found)


def alike(name):
    return name.lower().replace(b"_", b"-").replace(b".", b"-")


def ask(world, fields, path=b"/h", split=None, version=b"1.1"):
    """The answer, and what the server saw."""
    world.forget()
    r = world.ask(b"GET %s HTTP/%s\r\nHost: a.test\r\n%s\r\n" % (path, version, b"".join(f + b"\r\n" for f in fields)), split=split)
    requests = [q for q in world.seen() if q.conn.origin.name != "auth"]
    expect(r.status == 200 and len(requests) == 1, r.head, r.body, len(requests))
    return requests[0]


@row
def h1_connection_names(world):
    """Connection removes what is hop by hop, never what the proxy owns, nor what says who the client is."""

    def kept(name, value, listed):
        request = ask(world, [b"Connection: " + listed, name + b": " + value])
        expect(request.all(name.decode()) == [value], request.head)
        expect(b"connection" not in request.names(), request.head)

    for name, value in ((b"Cookie", b"a=b"), (b"Authorization", b"Basic eA==")):
        for listed in (name, name.lower(), name.upper(), b"close, " + name, name + b" , keep-alive", b"X-Y," + name, b"\t" + name + b"\t"):
            attempt(f"named in Connection and kept: {listed}", kept, name, value, listed)

    def owned(listed):
        request = ask(world, [b"Connection: " + listed])
        for name, value in ((("X-Forwarded-For"), b"127.0.0.1"), ("X-Real-Ip", b"127.0.0.1"), ("X-Forwarded-Host", b"a.test"), ("X-Forwarded-Proto", b"http"),
                            ("X-Forwarded-Port", b"80"), ("Host", b"a.test"), ("X-Waybill-Hops", b"1")):
            expect(request.all(name) == [value], name, request.head)
        expect(request.one("X-Forwarded-Server"), request.head)

    for name in ("X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Port", "X-Forwarded-Proto", "X-Forwarded-Server", "X-Real-Ip", "Host", "X-Waybill-Hops", "Forwarded"):
        for spelled in (name, name.lower(), name.upper(), name.replace("-", "_")):
            attempt(f"owned, named in Connection: {spelled}", owned, spelled.encode() + b", close")
    attempt("owned, all of them named", owned, b"close, X-Forwarded-Host, X-Forwarded-Port, X-Real-IP, X-Forwarded-For, X-Forwarded-Proto, X-Forwarded-Server, Host")

    def framing(listed, field, body, size):
        world.forget()
        r = world.ask(b"POST /h HTTP/1.1\r\nHost: a.test\r\nConnection: " + listed + b"\r\n" + field + b"\r\n\r\n" + body)
        expect(r.status == 200 and r.body.endswith(b" %d" % size), r.head, r.body)

    attempt("Content-Length named in Connection", framing, b"Content-Length", b"Content-Length: 5", b"hello", 5)
    attempt("Transfer-Encoding named in Connection", framing, b"transfer-encoding", b"Transfer-Encoding: chunked", b"5\r\nhello\r\n0\r\n\r\n", 5)

    def hop_by_hop(fields, gone):
        request = ask(world, fields)
        expect(not set(gone) & set(request.names()), request.head)
        expect(request.all("X-Stays") == [b"1"], request.head)

    attempt("a private hop-by-hop field", hop_by_hop, [b"Connection: X-Hop, x-other", b"X-Hop: 1", b"x-hop: 2", b"X-OTHER: 3", b"X-Stays: 1"], [b"x-hop", b"x-other", b"connection"])
    attempt("two Connection fields", hop_by_hop, [b"Connection: X-Hop", b"X-Hop: 1", b"connection: X-Other", b"X-Other: 3", b"X-Stays: 1"], [b"x-hop", b"x-other"])
    attempt("fields that are always hop by hop", hop_by_hop,
            [b"Keep-Alive: timeout=5", b"Proxy-Connection: keep-alive", b"Proxy-Authorization: Basic eA==", b"Proxy-Authenticate: x", b"TE: gzip", b"Trailer: X", b"Upgrade: h2c", b"X-Stays: 1"],
            [b"keep-alive", b"proxy-connection", b"proxy-authorization", b"proxy-authenticate", b"te", b"trailer", b"upgrade"])

    def asked_with_token(listed, spelled):
        request = ask(world, [b"Connection: " + listed, b"X-Token: good", spelled + b": root"], path=b"/admin/x")
        expect([value for name, value in request.fields if alike(name) == b"x-auth-user"] == [b"alice"], request.head)

    for listed in (b"X-Auth-User", b"x-auth-user, close", b"X_Auth_User"):
        attempt(f"the auth server's field named in Connection: {listed}", asked_with_token, listed, b"X-Auth-User")

    def token_not_named_away():
        """The token itself reaches the auth server only when it is not hop by hop; either way nobody passes without one."""
        world.forget()
        r = world.ask(b"GET /admin/x HTTP/1.1\r\nHost: a.test\r\nConnection: X-Token\r\n\r\n")
        expect(r.status == 401 and not world["admin"].requests, r.head)

    attempt("no token", token_not_named_away)

    def responses():
        world["main"].script = raw_answer(b"HTTP/1.1 200 OK\r\nConnection: X-Hop, Set-Cookie, keep-alive\r\nX-Hop: 1\r\nSet-Cookie: a=b\r\nKeep-Alive: timeout=5\r\nProxy-Authenticate: x\r\nUpgrade: h2\r\nX-Stays: 1\r\nContent-Length: 2\r\n\r\nhi")
        r = world.ask(GET + b"\r\n")
        expect(r.status == 200 and r.body == b"hi" and r.all("X-Stays") == [b"1"] and r.all("Set-Cookie") == [b"a=b"], r.head)
        expect(not {b"x-hop", b"keep-alive", b"proxy-authenticate", b"upgrade", b"connection"} & set(r.names()), r.head)

    attempt("hop by hop in answers", responses)


FORWARDING = ("X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Port", "X-Forwarded-Proto", "X-Forwarded-Server", "X-Forwarded-Prefix", "X-Forwarded-Uri",
              "X-Forwarded-Method", "X-Forwarded-Tls-Client-Cert", "X-Forwarded-Anything", "X-Real-Ip", "X-Replaced-Path")


@row
def h2_h3_f1_forwarding_fields(world):
    """Whatever a client says of itself is removed in every spelling, then set by us, once."""
    ours = {b"x-forwarded-for": b"127.0.0.1", b"x-forwarded-host": b"a.test", b"x-forwarded-port": b"80", b"x-forwarded-proto": b"http", b"x-real-ip": b"127.0.0.1"}

    def removed(name, split=None):
        request = ask(world, [name.encode() + b": evil"], split=split)
        values = [value for key, value in request.fields if alike(key) == alike(name.encode())]
        expect(b"evil" not in request.head and values == ([ours[alike(name.encode())]] if alike(name.encode()) in ours else values[:1]), request.head)

    for name in FORWARDING:
        for spelled in spellings(name):
            attempt(f"removed {spelled}", removed, spelled)
        attempt(f"removed {name}, byte by byte", removed, name.lower(), 1)
    for spelled in ("Forwarded", "forwarded", "FORWARDED"):
        attempt(f"removed {spelled}", removed, spelled)

    def all_at_once(version):
        request = ask(world, [name.encode() + b": evil" for name in FORWARDING] + [b"Forwarded: for=evil"] + [name.replace("-", "_").encode() + b": evil" for name in FORWARDING],
                      version=version)
        expect(b"evil" not in request.head, request.head)
        for name, value in ours.items():
            expect([v for n, v in request.fields if alike(n) == name] == [value], name, request.head)

    attempt("all of them at once", all_at_once, b"1.1")
    attempt("all of them at once, HTTP/1.0", all_at_once, b"1.0")

    def twice():
        request = ask(world, [b"X-Forwarded-For: 1.1.1.1", b"X-Forwarded-For: 2.2.2.2", b"X-Real-Ip: 1.1.1.1", b"X-Real-Ip: 2.2.2.2"])
        expect(request.all("X-Forwarded-For") == [b"127.0.0.1"] and request.all("X-Real-Ip") == [b"127.0.0.1"], request.head)

    attempt("several lines of one", twice)

    def stripped():
        request = ask(world, [b"X-Forwarded-Prefix: /evil", b"X_Forwarded_Prefix: /evil"], path=b"/api/x")
        expect(request.target == b"/x" and [v for n, v in request.fields if alike(n) == b"x-forwarded-prefix"] == [b"/api"], request.head)

    attempt("strip sets X-Forwarded-Prefix, never appends", stripped)

    def port_and_host():
        world.forget()
        world.ask(b"GET /h HTTP/1.1\r\nHost: A.test:8443\r\nX-Forwarded-Port: 1\r\nX-Forwarded-Host: evil\r\n\r\n")
        request = world.seen()[0]
        expect(request.all("Host") == [b"A.test:8443"] and request.all("X-Forwarded-Host") == [b"A.test:8443"] and request.all("X-Forwarded-Port") == [b"8443"], request.head)

    attempt("host and port are those of the request", port_and_host)

    def seen_by_auth(spelled):
        """The auth server gets ours, too: nothing a client said survives until there."""
        world.forget()
        world.ask(b"GET /admin/x?y HTTP/1.1\r\nHost: a.test\r\nX-Token: good\r\n" + spelled.encode() + b": evil\r\n\r\n")
        question = world["auth"].requests[0]
        expect(b"evil" not in question.head, question.head)
        for name, value in (("X-Forwarded-For", b"127.0.0.1"), ("X-Forwarded-Method", b"GET"), ("X-Forwarded-Uri", b"/admin/x?y"), ("X-Forwarded-Host", b"a.test"),
                            ("X-Forwarded-Proto", b"http")):
            expect(question.all(name) == [value], name, question.head)

    for name in FORWARDING:
        attempt(f"not told to the auth server: {name}", seen_by_auth, name)
        attempt(f"not told to the auth server: {name} with _", seen_by_auth, name.replace("-", "_"))

    def others_pass(name):
        request = ask(world, [name.encode() + b": v"])
        expect((name.encode(), b"v") in request.fields, request.head)

    for name in ("X_Request_Id", "x.trace", "X-Forward", "X-Forwarde", "Forwarded-For", "X-Real-Ipx", "X-Really-Ip", "XForwardedFor", "x--y", "!#$%&'*+-.^_`|~", "Accept", "User-Agent", "7"):
        attempt(f"passes as it is spelled: {name}", others_pass, name)


@row
def h2_h3_auth_fields(world):
    """A field that the auth server decides on cannot be brought along in any spelling."""

    def removed(spelled, role):
        request = ask(world, [b"X-Token: good", spelled.encode() + b": root"], path=b"/admin/x")
        expect(b"root" not in request.head, request.head)
        expect([v for n, v in request.fields if alike(n) == b"x-auth-user"] == [b"alice"], request.head)
        expect([v for n, v in request.fields if alike(n) == b"x-auth-role"] == [], request.head)

    for name in ("X-Auth-User", "X-Auth-Role"):
        for spelled in spellings(name):
            attempt(f"removed behind auth: {spelled}", removed, spelled, name)

    def twice():
        request = ask(world, [b"X-Token: good", b"X-Auth-Role: root", b"X-Auth-User: root", b"x-auth-user: root2", b"X-Auth-Role: b"], path=b"/admin/x")
        expect(b"root" not in request.head and request.all("X-Auth-Role") == [], request.head)

    attempt("several lines", twice)
    refused_all(world, [GET + name + b": root\r\n\r\n" for name in (b"X-Auth\xadUser", b"X Auth User", b"X-Auth-User ", b"X-Auth\xe2\x80\x90User", b"X-Auth-Us\xc3\xa9r", b"\"X-Auth-User\"")])


@row
def h5_httpoxy(world):
    """Proxy is removed."""
    for name in (b"Proxy", b"proxy", b"PROXY", b"pRoXy"):
        attempt(f"removed {name}", lambda n=name: expect(b"evil" not in ask(world, [n + b": http://evil"]).head, "it passed"))
    attempt("not told to the auth server", lambda: (ask(world, [b"Proxy: http://evil", b"X-Token: good"], path=b"/admin/x"),
                                                    expect(b"evil" not in world["auth"].requests[0].head, "it passed")))


@row
def h6_amounts(world):
    """Too much is 431 or 414, without memory growing."""
    refused(world, GET + b"X: " + b"a" * (1 << 20) + b"\r\n\r\n", (431,), name="a field of 1 MiB")
    refused(world, GET + b"a" * (1 << 20) + b": x\r\n\r\n", (431,), name="a name of 1 MiB")
    refused(world, GET + b"X: y\r\n" * 10000 + b"\r\n", (431,), name="10000 fields")
    refused(world, GET + b"X: y\r\n" * 100 + b"\r\n", (431,), name="101 fields")
    refused(world, GET + b"X: " + b"a" * 65536 + b"\r\n\r\n", (431,), name="64 KiB and more")
    refused(world, GET + b"Cookie: " + b"a" * 102400 + b"\r\n\r\n", (431,), name="a cookie of 100 KiB")
    refused(world, b"GET /" + b"a" * 65536 + b" HTTP/1.1\r\nHost: a.test\r\n\r\n", (414,), name="a path of 64 KiB")
    refused(world, b"GET /h?" + b"a" * 65536 + b" HTTP/1.1\r\nHost: a.test\r\n\r\n", (414,), name="a query of 64 KiB")
    refused(world, b"GET http://a.test/" + b"a" * 65536 + b" HTTP/1.1\r\nHost: a.test\r\n\r\n", (414,), name="an absolute target of 64 KiB")
    refused(world, b"GET /" + b"a" * (1 << 20), (414,), name="a path that never ends")
    refused(world, b"A" * (1 << 20), (400, 501), name="a method that never ends")
    refused(world, b"\r\n" * 10000, (400,), name="empty lines without an end")

    def fits(fields, path=b"/h"):
        for split in (None, 999):
            request = ask(world, fields, path=path, split=split)
            for field in fields:
                expect(tuple(part.strip() for part in field.split(b":", 1)) in request.fields, "lost", field[:40])
            expect(request.target == path, "target")

    attempt("99 fields and Host", fits, [b"X-%d: y" % i for i in range(99)])
    attempt("a cookie of 60 KiB", fits, [b"Cookie: " + b"a" * 61440])
    attempt("a path of 30 KiB", fits, [], b"/h" + b"a" * 30720)
    attempt("a query of 30 KiB", fits, [], b"/h?" + b"a" * 30720)
    attempt("both", fits, [b"Cookie: " + b"b" * 30000], b"/h" + b"a" * 30000)

    def bounded():
        begin = memory_kib(world)
        text = GET + b"Cookie: " + b"a" * (1 << 20) + b"\r\n\r\n"
        for _ in range(50):
            with world.connect() as c:
                c.send(text)
                expect(c.response().status == 431, "status")
        grown = memory_kib(world) - begin
        expect(grown < 8 * 1024, f"grew by {grown} KiB")

    attempt("memory stays where it is", bounded)

    def answer_amounts(size, fields, status):
        world["main"].script = raw_answer(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX: " + b"a" * size + b"\r\n" + b"Y: z\r\n" * fields + b"\r\nhi")
        r = world.ask(GET + b"\r\n")
        expect(r.status == status, r.head[:200])
        expect(status != 200 or (r.body == b"hi" and len(r.one("X")) == size and len(r.all("Y")) == fields), "lost")
        world.default()

    attempt("a large answer head passes", answer_amounts, 60000, 0, 200)
    attempt("90 fields in an answer pass", answer_amounts, 1, 90, 200)
    attempt("too large an answer head", answer_amounts, 70000, 0, 502)
    attempt("too many fields in an answer", answer_amounts, 1, 200, 502)


@row
def h7_hosts(world):
    """Every spelling of a host leads to the same frontend; what is sent on is what came."""

    def same(host, origin, path=b"/h"):
        world.forget()
        r = world.ask(b"GET " + path + b" HTTP/1.1\r\nHost: " + host + b"\r\nX-Tag: h\r\n\r\n", split=1)
        expect(r.status == 200 and [q.conn.origin.name for q in world.seen()] == [origin], r.head)
        expect(world.seen()[0].all("Host") == [host], world.seen()[0].head)

    for host in (b"a.test", b"a.test:80", b"a.test:8080", b"a.test:", b"A.TEST", b"A.tEsT:80", b"a.test.", b"A.TEST.", b"a.test.:80"):
        attempt(f"host {host}", same, host, "main")
        attempt(f"protected under {host}", protected, world, host)
    for host in (b"xn--grn-hoa.test", b"XN--GRN-HOA.TEST", b"xn--grn-hoa.test:80"):
        attempt(f"host {host}", same, host, "other")
    for host in (b"[::1]", b"[::1]:80", b"[::1]:"):
        attempt(f"host {host}", same, host, "other")
    for host in (b"a.test.evil", b"xa.test", b"a-test", b"[::2]", b"127.0.0.1", b"a.tes", b"a" * 255):
        attempt(f"unknown host {host[:20]}", lambda h=host: expect(world.ask(b"GET /h HTTP/1.1\r\nHost: " + h + b"\r\n\r\n").status == 404, "not 404"))


def protected(world, host):
    world.forget()
    r = world.ask(b"GET /admin/x HTTP/1.1\r\nHost: " + host + b"\r\n\r\n")
    expect(r.status == 401 and not world["admin"].requests, r.head)


def many_hosts(count):
    """A world with `count` further hosts, found in any case (Caddy CVE-2026-27588)."""
    rules = RULES + "".join(f'[frontends.h{i}]\nbackend = "other"\n[frontends.h{i}.routes.r]\nrule = "Host:h{i}.test"\n' for i in range(count))
    world = World(ORIGINS, rules)

    def h7_case(w):
        for host in {f"h0.test", f"h{count - 1}.test", f"h{count // 2}.test"}:
            for spelled in (host, host.upper(), host.title(), host + ":80", host.upper() + "."):
                attempt(f"{spelled} among {count}", lambda s=spelled: expect(
                    w.ask(b"GET /h HTTP/1.1\r\nHost: " + s.encode() + b"\r\n\r\n").one("X-Origin") == b"other", "not found"))
        for host in (b"a.test", b"A.TEST", b"a.TEST:80", b"A.test."):
            attempt(f"protected {host} among {count}", protected, w, host)

    h7_case.__doc__ = f"Hosts are found in any case among {count}."
    run(world, [h7_case])
    return world


if __name__ == "__main__":
    exact_memory()
    extra = '[frontends.puny]\nbackend = "other"\npassHostHeader = true\n[frontends.puny.routes.r]\nrule = "Host:xn--grn-hoa.test,[::1]"\n'
    worlds = [World(ORIGINS, RULES + extra)]
    run(worlds[0])
    worlds += [many_hosts(count) for count in (1, 99, 101, 10000)]
    finish(*worlds)
