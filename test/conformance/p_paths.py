#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Security cases P1 to P8: no spelling of a path gets past a route that protects."""
from _lib import *

EXTRA = """
[frontends.regex]
backend = "api"
[frontends.regex.routes.r]
rule = "Host:a.test;PathPrefixStripRegex:/v{n:[0-9]+}"
[frontends.secure]
backend = "api"
[frontends.secure.routes.r]
rule = "Host:r.test;PathPrefixStripRegex:/s{n:[a-z]+}"
[frontends.secure.auth.forward]
address = "http://127.0.0.1:<auth>/check"
[frontends.colon]
backend = "admin"
[frontends.colon.routes.r]
rule = "Host:a.test;PathPrefix:/re:port,/@own"
[frontends.colon.auth.forward]
address = "http://127.0.0.1:<auth>/check"
[frontends.replace]
backend = "other"
[frontends.replace.routes.r]
rule = "Host:p.test;ReplacePathRegex:^/api(.*) /$1"
[frontends.joined]
backend = "other"
[frontends.joined.routes.r]
rule = "Host:j.test;ReplacePathRegex:^/x/([^/]*)/([^/]*)$ /$1$2"
[frontends.whole]
backend = "other"
[frontends.whole.routes.r]
rule = "Host:w.test;PathPrefixStrip:/p;AddPrefix:/q"
[frontends.strict]
backend = "other"
[frontends.strict.routes.r]
rule = "Host:e.test;Path:/exact"
[frontends.rest]
backend = "main"
[frontends.rest.routes.r]
rule = "Host:e.test"
"""


def get(path, host=b"a.test", fields=b""):
    return b"GET " + path + b" HTTP/1.1\r\nHost: " + host + b"\r\nX-Tag: p\r\n" + fields + b"\r\n"


def variants(path):
    """The same target in other forms: byte by byte, absolute, with a query, POST."""
    yield get(path), None
    yield get(path), 1
    yield get(b"http://a.test" + path), None
    if b"?" not in path:
        yield get(path + b"?a=/b"), None
    yield b"POST " + get(path)[4:-2] + b"Content-Length: 2\r\n\r\nhi", None


def protected(world, path):
    """Without a token: the auth server is asked (and refuses), or it is 400. No server sees it."""

    def check(text, split):
        world.forget()
        r = world.ask(text, split=split)
        expect(r.status in (401, 400), r.head, r.body)
        expect(not [q for q in world.seen() if q.conn.origin.name != "auth"], "it reached", [q.conn.origin.name for q in world.seen()])
        expect(r.status == 400 or r.body == b"who are you?", r.body)

    for text, split in variants(path):
        attempt(f"protected {text.split(chr(13).encode())[0]} split {split}", check, text, split)


def asks(world, path):
    """The route that protects is found: the auth server is asked; with a token the raw target reaches its server."""

    def check():
        world.forget()
        r = world.ask(get(path))
        expect(r.status == 401, r.head, r.body)
        expect([q.conn.origin.name for q in world.seen()] == ["auth"], "others were asked")
        world.forget()
        r = world.ask(get(path, fields=b"X-Token: good\r\n"))
        expect(r.status == 200 and r.one("X-Origin") == b"admin", r.head)
        expect(world["admin"].requests[0].target == path, world["admin"].requests[0].head)

    protected(world, path)
    attempt(f"asks for {path}", check)


def bad(world, path, host=b"a.test"):
    refused(world, get(path, host), name=f"{host} {path}")
    refused(world, get(path, host), split=1, name=f"{host} {path}")
    refused(world, get(path + b"?q", host), name=f"{host} {path}?q")
    refused(world, get(path, host, b"X-Token: good\r\n"), name=f"{host} {path} with a token")


def passes(world, path, origin="main", sent=None, host=b"a.test", split=None):
    def check():
        for split in (None, 1):
            world.forget()
            r = world.ask(get(path, host), split=split)
            expect(r.status == 200 and r.one("X-Origin") == origin.encode(), r.head, r.body)
            expect([q.target for q in world.seen()] == [path if sent is None else sent], [q.target for q in world.seen()])

    attempt(f"passes {host} {path}", check)


@row
def p1_dot_segments(world):
    """Dot segments and doubled slashes do not get around the route that protects."""
    for path in (b"/x/../admin", b"/./admin", b"/admin/../admin", b"/x/y/../../admin/z", b"/../admin", b"/../../../admin", b"/.././admin", b"/x/./../admin",
                 b"/./././admin/x", b"/admin/./x", b"/admin/x/..", b"/x/../admin/"):
        asks(world, path)
    for path in (b"//admin", b"///admin", b"//admin/x", b"/.//admin", b"/x//../admin", b"/x/..//admin", b"//x/../admin", b"/x//../../admin", b"/./x/..//admin"):
        protected(world, path)
    for path in (b"/admin/..", b"/admin/../x", b"/x/../y", b"/.", b"/..", b"/a/./b", b"/.hidden", b"/..hidden", b"/...", b"/a/.../b", b"/x..", b"/x/.y/..z"):
        passes(world, path)
    passes(world, b"//x")
    passes(world, b"/a//b")


@row
def p2_encoded_dots(world):
    """What %XX spells without need is read first."""
    for path in (b"/x/%2e%2e/admin", b"/%2E%2e/admin", b"/%2e/admin", b"/x/.%2e/admin", b"/x/%2E./admin", b"/%61dmin", b"/%61%64%6d%69%6e", b"/admi%6e/x", b"/%41/../admin",
                 b"/x/%2e%2E/%61dmin", b"/admin%2dx", b"/%61dmin/%2e%2e/admin"):
        asks(world, path)
    for path in (b"/%2e%2e//admin", b"/x/%2e%2e%2fadmin", b"/%2e%2fadmin", b"/x%2f..%2fadmin", b"/%2f%61dmin", b"/x%2F%2e%2e%2Fadmin", b"/%5cadmin", b"/x%5C..%5Cadmin",
                 b"/x%5c%2e%2e/admin", b"/\\admin", b"/x\\..\\admin", b"/x\\../admin", b"/x/..\\admin", b"/.\\admin", b"/%2e%5cadmin"):
        protected(world, path)
    passes(world, b"/%41dmin")
    passes(world, b"/x/%7Euser/%2D")
    passes(world, b"/ADMIN")


@row
def p3_encoded_slashes(world):
    """A path that a careless server reads as another route is 400; one that leads nowhere else passes as it is."""
    for path in (b"/%2fadmin", b"/%2Fadmin", b"/a%5c..%5cadmin", b"/a%2f..%2fadmin", b"/%5cadmin", b"/%5Cadmin/x", b"/x/..%2fadmin", b"/x%2f%2e%2e%2fadmin"):
        bad(world, path)
    protected(world, b"/x;/../admin/..%2f..%2fadmin")
    for path in (b"/re%3Aport", b"/re%3aport/x", b"/%40own", b"/%40ow%6e/x", b"/x/..%2fre%3Aport"):
        bad(world, path)
    for path in (b"/re:port", b"/@own/x%3Ay"):
        asks(world, path)
    for path in (b"/admin%2Fx", b"/admin%3b", b"/admin%3Bx=1", b"/admin%00", b"/admin%23", b"/admin%3F", b"/admin%3fx", b"/admin%20", b"/admin%25", b"/admin%0d%0a", b"/admin%ff"):
        asks(world, path)
    for path in (b"/%252e%252e/admin", b"/%252fadmin", b"/%25%32%65/admin", b"/group%2Fproject", b"/api/v4/projects/group%2Fproject"[7:], b"/matrix/%23room%3Aserver%2Fx", b"/x%2Fy%2fz",
                 b"/x%3Ay%40z%2C", b"/x%3By", b"/x%00y", b"/x%23y", b"/x%3Fy", b"/x%5Cy", b"/%2Fx", b"/x/%2e%2e%2fy"[:3] + b"%2fy"):
        passes(world, path)
    for path in (b"/%", b"/%a", b"/%zz", b"/%2", b"/x%", b"/%%32e/admin", b"/%u002e/admin", b"/%2g", b"/x%2/..", b"/\xff", b"/\xc0\xae\xc0\xae/admin", b"/\xe0\x80\xae/admin", b"/\xed\xa0\x80"):
        bad(world, path)
    passes(world, "/gr\u00fcn".encode())
    passes(world, b"/gr%C3%BCn")
    passes(world, b"/%FF")
    passes(world, b"/x?%zz&&;=%")
    passes(world, b"/x?/../admin")


@row
def p4_strip(world):
    """After a strip the path is in its normal form, or it is 400."""
    for path in (b"/api../admin", b"/api/../admin", b"/api%2e%2e/", b"/api%2e%2e/admin", b"/api/..", b"/api/x/..", b"/api/./x", b"/api./x", b"/api/.", b"/api..", b"/api.", b"/api%2e", b"/api/%2e%2e/x",
                 b"/api/x/../y", b"/x/../api/y", b"/api../", b"/api%2e/x", b"/ap%69/../x", b"/api/..%2fx", b"/api..%2fadmin", b"/api/.%2e/admin", b"/api%2f..%2fadmin", b"/api\\..\\admin", b"/api;/../admin",
                 b"/api..;/admin", b"/api/..;/admin"):
        stripped_safely(world, path, b"a.test")
    for path, sent in ((b"/api", b"/"), (b"/api/", b"/"), (b"/api/x", b"/x"), (b"/apix", b"/x"), (b"/api//x", b"//x"), (b"/%61pi/x", b"/x"), (b"/ap%69", b"/"), (b"/api/x%2Fy", b"/x%2Fy"), (b"/api/.x", b"/.x"),
                       (b"/api?x=/api", b"/?x=/api"), (b"/api/a;b", b"/a;b"), (b"/api/%41%2e", b"/%41%2e"), (b"/api/api", b"/api")):
        passes(world, path, "api", sent)


def stripped_safely(world, path, host):
    """400; or the path leads to a route without a strip and is sent on as it came; or what is sent on has no dot segment in
    any reading. The protected server is never reached."""

    def check(split):
        world.forget()
        r = world.ask(get(path, host), split=split)
        if r.status != 400:
            expect(r.status in (200, 404, 401), r.head)
            for q in world.seen():
                if q.conn.origin.name == "auth" or (q.conn.origin.name == "main" and q.target == path):
                    continue
                read = q.target.lower().replace(b"%2e", b".").replace(b"%2f", b"/").replace(b"%5c", b"/").replace(b"\\", b"/")
                segments = [part.split(b";")[0] for part in read.split(b"?")[0].split(b"/")]
                expect(b".." not in segments and b"." not in segments, "dot segments reached a server:", q.line)
                expect(q.conn.origin.name == "main" or not read.startswith(b"/admin"), q.line)
        expect(not world["admin"].requests, "the protected server was reached")

    for split in (None, 1):
        attempt(f"stripped safely {host} {path} split {split}", check, split)


@row
def p5_strip_regex_and_auth(world):
    """The auth server is told what the server gets."""
    for path in (b"/v1%2e/admin/secret", b"/v1%2e%2e/admin", b"/v1../admin", b"/v1/../admin", b"/v1./x", b"/v1/./x", b"/v%31/../x", b"/v1%2f../admin"):
        stripped_safely(world, path, b"a.test")
    for path in (b"/sab%2e/admin/secret", b"/sab%2e%2e/admin", b"/sab../admin", b"/sab%2e"):
        bad(world, path, b"r.test")
    for path in (b"/sab/../admin", b"/%73ab/../x", b"/sab/%2e%2e/x", b"/sab/x/../../y"):
        stripped_safely(world, path, b"r.test")
    for path, sent in ((b"/v12/x", b"/x"), (b"/v12b", b"/b"), (b"/v12", b"/"), (b"/%7612/x", b"/x"), (b"/v1%32/x", b"/x"), (b"/v12/a%2Fb?c", b"/a%2Fb?c")):
        passes(world, path, "api", sent)

    def told(path, sent, uri):
        world.forget()
        r = world.ask(get(path, b"r.test", b"X-Token: good\r\n"))
        expect(r.status == 200, r.head)
        expect(world["api"].requests[0].target == sent, world["api"].requests[0].line)
        expect(world["auth"].requests[0].all("X-Forwarded-Uri") == [uri], world["auth"].requests[0].head)

    attempt("told what is sent", told, b"/sab/x?y=1", b"/x?y=1", b"/x?y=1")
    attempt("told the canonical spelling of what is sent", told, b"/%73ab/%78%2Fy", b"/%78%2Fy", b"/x%2Fy")


@row
def p6_replace(world):
    """What a replacement makes is checked again."""
    for path in (b"/api/../admin", b"/api../admin", b"/api/..", b"/api%2e%2e/x", b"/api/./x", b"/api/%2e%2e/x"):
        bad(world, path, b"p.test")
    for path in (b"/x/./.", b"/x/../x/.", b"/x/.%2e/x", b"/x/%2e/%2e"):
        bad(world, path, b"j.test")
    bad(world, b"/x/%2/e", b"j.test")
    for path, sent in ((b"/api/x", b"//x"), (b"/apix", b"/x"), (b"/api", b"/"), (b"/other", b"/other"), (b"/api/x%2Fy?z", b"//x%2Fy?z")):
        passes(world, path, "other", sent, b"p.test")
    for path, sent in ((b"/x/a/b", b"/ab"), (b"/x/./b", None), (b"/x/a/", b"/a")):
        if sent:
            passes(world, path, "other", sent, b"j.test")
    passes(world, b"/p/x", "other", b"/q/x", b"w.test")
    passes(world, b"/px", "other", b"/q/x", b"w.test")
    for path in (b"/p..", b"/p/x/../y", b"/p/./x", b"/p./x", b"/p%2e%2e/x", b"/p/x/%2e%2E/y"):
        bad(world, path, b"w.test")
    for path in (b"/p/../x", b"/p/%2e%2e"):
        stripped_safely(world, path, b"w.test")

    def assembled():
        """`.` and `.` from two captures become `..`: refused."""
        for path in (b"/x/.a/.", b"/x/.;/.", b"/x/a/..b"):
            world.forget()
            r = world.ask(get(path, b"j.test"))
            targets = [q.target for q in world.seen()]
            expect(r.status == 400 or all(b"/.." not in t.replace(b"%2e", b".") or b"..b" in t for t in targets), r.head, targets)

    attempt("assembled from captures", assembled)


@row
def p7_path_parameters(world):
    """Parameters of a segment do not hide where it leads."""
    for path in (b"/..;/admin", b"/.;/admin", b"/x/..;x=1/admin", b"/;/admin", b"/;x/admin", b"/x/..;/..;/admin", b"/.;x=y/./admin", b"/x;/..;/admin", b"/%2e%2e;/admin", b"/x/%2e%2E;a=b/admin",
                 b"/a;b/../admin", b"/x/..;%2fadmin", b"/;%2f../admin"):
        protected(world, path)
    for path in (b"/..;/admin", b"/.;/admin", b"/;/admin", b"/x/..;/admin"):
        bad(world, path)
    for path in (b"/admin;x=1", b"/admin;x=1/y", b"/admin;", b"/admin/;x"):
        asks(world, path)
    for path in (b"/x;y=1", b"/x;a=b/y;c", b"/a;b/c", b"/x;", b"/;x", b"/x;admin"):
        passes(world, path)

    def exact():
        world.forget()
        expect(world.ask(get(b"/exact;x", b"e.test")).status == 400, "leads to another frontend when parameters are dropped")
        expect(world.ask(get(b"/exact%2F", b"e.test")).status in (400, 301), "and with a slash behind")
        expect(world.ask(get(b"/exact", b"e.test")).one("X-Origin") == b"other", "the exact path")

    attempt("an exact path with parameters", exact)


@row
def p8_fragment(world):
    """A fragment has no place in a request."""
    for path in (b"/a#/../admin", b"/#", b"/a#b", b"#", b"#/admin", b"/x?y#z", b"/admin#x", b"http://a.test/#x", b"http://a.test#/admin"):
        refused(world, get(path), name=path)
        refused(world, get(path), split=1, name=path)
    passes(world, b"/a%23/../x")
    passes(world, b"/x?y%23z")


@row
def p_odd_bytes(world):
    """Bytes that URLs have no place for pass where they mean nothing, and are never decoded on the way."""
    for path in (b"/a|b", b"/a\"b", b"/a<b>", b"/a{b}", b"/a^b", b"/a`b", b"/[x]", b"/a%0d%0aX:y", b"/a%0A", b"/a%00", b"/*", b"/a:b@c", b"/~x/!$&'()*+,=", b"/x?<>|\"{}"):
        passes(world, path)
    for path in (b"/a\x01", b"/a\x7f", b"/a b", b"/a\tb"):
        refused(world, get(path), name=path)

    def redirect():
        """Location comes from the path as it was; nothing in it leaves the host."""
        for path in (b"/folder", b"/%66older", b"/folder?x=//evil", b"/folder?%0d%0aX:y"):
            r = world.ask(get(path))
            expect(r.status == 301 and r.one("Location").split(b"?")[0].endswith(b"older/") and not r.one("Location").startswith(b"//"), r.head)
            expect(r.all("X") == [], r.head)
        for path in (b"//folder", b"//evil.test/../folder", b"/\\folder", b"/%2ffolder", b"/x/..//folder"):
            r = world.ask(get(path))
            expect(r.status in (200, 400, 404), r.head)

    attempt("slash redirects", redirect)


if __name__ == "__main__":
    w = World(ORIGINS, RULES + EXTRA)
    run(w)
    finish(w)
