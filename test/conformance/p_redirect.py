#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Security cases P9, P11 and P12: %XX in rules, where redirections lead, and what a query's pairs are."""
import urllib.parse

from _lib import *

PORTS = {name: free_port() for name in ("moved", "other", "regex")}
API = free_port()
FLAGS = [
    "--entryPoints=Name:moved Address:127.0.0.1:%(moved)d Redirect.EntryPoint:other" % PORTS,
    "--entryPoints=Name:other Address:127.0.0.1:%(other)d" % PORTS,
    "--entryPoints=Name:regex Address:127.0.0.1:%(regex)d Redirect.Regex:^http://(www\\.[^/]+)/(.*)$ "
    "Redirect.Replacement:https://$1/$2 Redirect.Permanent:true WhiteList.SourceRange:10.0.0.0/8" % PORTS,
    f"--entryPoints=Name:api Address:127.0.0.1:{API} Redirect.EntryPoint:other ForwardedHeaders.Insecure:true",
    "--api", "--api.entryPoint=api", "--defaultEntryPoints=http",
]


def frontend(name, rule, *lines, backend="other"):
    text = f"[frontends.{name}]\nbackend = \"{backend}\"\n[frontends.{name}.routes.r]\nrule = '''{rule}'''\n"
    return text + (f"[frontends.{name}.redirect]\n" + "\n".join(lines) + "\n" if lines else "")


EXTRA = (
    frontend("hex", "Host:h.test;PathPrefix:/a%5bb,/gr%c3%bcn,/%7euser")
    + frontend("hexregex", "Host:h.test;Path:/{x:v%5b[0-9]+}", backend="admin")
    + frontend("hexstrip", "Host:s.test;PathPrefixStrip:/a%5Bb")
    + frontend("to", "Host:t.test", 'entryPoint = "other"')
    + frontend("own", "Host:own.test", 'entryPoint = "http"')
    + frontend("strip", "Host:t.test;PathPrefixStrip:/api", 'entryPoint = "other"', "permanent = true")
    + frontend("go", "Host:g.test", "regex = '''^http://g.test/go(.*)'''", "replacement = '''$1'''")
    + frontend("bad", "Host:bad.test;PathPrefix:/badrest", "regex = '''('''", "replacement = '''x'''")
    + frontend("nowhere", "Host:nowhere.test;PathPrefix:/badrest", 'entryPoint = "https"')
    + frontend("badrest", "PathPrefix:/badrest", backend="admin")
    + frontend("pair", "Host:q.test;Query:a=1", backend="admin")
    + frontend("prest", "Host:q.test")
)


def get(path=b"/t", host=b"t.test", fields=b"", method=b"GET"):
    return method + b" " + path + b" HTTP/1.1\r\nHost: " + host + b"\r\nX-Tag: r\r\n" + fields + b"\r\n"


def ask(port, text, method="GET"):
    with Client(port) as c:
        c.send(text)
        return c.response(method)


def goes_to(world, host, path, origin, name=None):
    """What is done, and what is explained: the same."""

    def check():
        world.forget()
        r = world.ask(get(path, host))
        expect(r.status == 200 and r.one("X-Origin") == origin, r.head)
        question = urllib.parse.urlencode({"url": b"http://" + host + path, "format": "text"})
        said = ask(API, b"GET /api/explain?" + question.encode() + b" HTTP/1.1\r\nHost: x\r\n\r\n")
        expect(said.status == 200 and (b"Frontend " + name + b" ") in said.body, said.head, said.body)

    attempt(f"{host} {path}", check)


def redirected(port, text, status, location, method="GET"):
    r = ask(port, text, method)
    expect(r.status == status and r.all("Location") == [location], "wanted", status, location, r.head)


@row
def p9_encoded_bytes_in_rules(world):
    """Hex digits of %XX in a rule and in a request may be of either case; unreserved bytes need none."""
    for path in (b"/a%5bb", b"/a%5Bb/c", b"/gr%c3%bcn", b"/gr%C3%BCn", b"/gr\xc3\xbcn", b"/~user", b"/%7euser", b"/%7Euser"):
        goes_to(world, b"h.test", path, b"other", b"hex")
    for path in (b"/v%5b12", b"/v%5B12"):
        goes_to(world, b"h.test", path, b"admin", b"hexregex")
    for path in (b"/a%5bb/x", b"/a%5Bb/x"):
        goes_to(world, b"s.test", path, b"other", b"hexstrip")
        expect(world["other"].requests[0].target == b"/x", world["other"].requests[0].line)
    attempt("a letter's own case counts", lambda: expect(world.ask(get(b"/A%5bb", b"h.test")).status == 404))


@row
def p11_redirections(world):
    """They lead to the host that was asked for, or where the configuration says; line ends stay encoded."""
    other = PORTS["other"]
    there = b"http://t.test:%d" % other

    def rows_of(port, rows):
        for text, status, location in rows:
            attempt(f"{text.splitlines()[:2]}", redirected, port, text, status, location, text.split()[0].decode())

    rows_of(world.port, [
        (get(b"/x?y=1"), 302, there + b"/x?y=1"), (get(b"/x", b"t.test:80"), 302, there + b"/x"),
        (get(b"/x", b"T.TEST."), 302, b"http://T.TEST:%d/x" % other), (get(b"/%0d%0aSet-Cookie:x"), 302, there + b"/%0d%0aSet-Cookie:x"),
        (get(b"//evil.test/x"), 302, there + b"//evil.test/x"), (get(b"/api/x?y"), 301, there + b"/api/x?y"),
        (get(b"/x", method=b"HEAD"), 307, there + b"/x"), (get(b"/api/x", method=b"DELETE"), 308, there + b"/api/x"),
        (get(b"/x", fields=b"X-Forwarded-Prefix: //evil\r\nX-Forwarded-Host: evil\r\nX-Forwarded-Proto: https\r\n"), 302, there + b"/x"),
        (get(b"/go/x", b"g.test"), 302, b"/x"),
    ])
    rows_of(PORTS["moved"], [
        (get(b"/x?y", b"any.test"), 302, b"http://any.test:%d/x?y" % other), (get(b"/", b"[::1]:80"), 302, b"http://[::1]:%d/" % other),
        (get(b"/", b"127.0.0.1"), 302, b"http://127.0.0.1:%d/" % other), (get(b"/%0d%0aX: y".replace(b" ", b"%20"), b"a"), 302, b"http://a:%d/%%0d%%0aX:%%20y" % other),
        (b"GET http://abs.test/x HTTP/1.1\r\nHost: other.test\r\n\r\n", 302, b"http://abs.test:%d/x" % other),
    ])
    rows_of(PORTS["regex"], [
        (get(b"/x?y", b"www.a.test"), 301, b"https://www.a.test/x?y"), (get(b"/x", b"www.a.test", method=b"POST"), 308, b"https://www.a.test/x"),
    ])
    attempt("what an entrypoint does not redirect meets its white list", lambda: expect(ask(PORTS["regex"], get(host=b"a.test")).status == 403))
    attempt("to where it is already", lambda: expect(world.ask(get(host=b"own.test")).status == 200))

    def refused(port, text, status=400):
        world.forget()
        r = ask(port, text)
        expect(r.status == status and not r.all("Location") and not world.seen(), r.head)

    for path in (b"/go//evil.test", b"/goevil.test", b"/gojavascript:alert(1)", b"/gohttp:///evil.test"):
        attempt(f"the request says where: {path}", refused, world.port, get(path, b"g.test"))
    for host in (b"evil.test/", b"a.test@evil.test", b"evil\\.test", b"a.test:80:90", b"[::1", b"a,b", b"a b", b"\"a\"", b"<a>"):
        attempt(f"a host that is none: {host}", refused, PORTS["moved"], get(host=host))
    attempt("no host at all", refused, PORTS["moved"], b"GET / HTTP/1.0\r\n\r\n")
    attempt("an expression that is none closes", refused, world.port, get(b"/badrest", b"bad.test"), 503)
    attempt("an entrypoint that is not there closes", refused, world.port, get(b"/badrest", b"nowhere.test"), 503)


@row
def p11_internal_routes_stay(world):
    """The API of an entrypoint that redirects answers there; what is not of it is redirected."""
    for path in (b"/api/version", b"/dashboard/", b"/health"):
        attempt(f"{path}", lambda: expect(ask(API, get(path, b"x.test")).status == 200, path))
    for prefix, location in ((b"/cut", b"/cut/dashboard/"), (b"/cut/", b"/cut/dashboard/"), (b"//evil", b"/dashboard/"), (b"/a//evil", b"/dashboard/"),
                             (b"http://evil", b"/dashboard/"), (b"evil", b"/dashboard/"), (b"/\\\\evil", b"/dashboard/"), (b"", b"/dashboard/")):
        attempt(f"the dashboard behind a prefix: {prefix}", redirected, API, get(b"/", b"x.test", b"X-Forwarded-Prefix: " + prefix + b"\r\n"), 302, location)
    attempt("all else", redirected, API, get(b"/apis", b"x.test"), 302, b"http://x.test:%d/apis" % PORTS["other"])


@row
def p12_pairs_of_a_query(world):
    """Pairs are between `&`, and the first of a name counts: for the router and for what it explains."""
    admin = (b"/?a=1", b"/?a=1&b=2", b"/?b=2&a=1", b"/?a=1&a=2", b"/?%61=1", b"/?a=%31", b"/?&a=1", b"/?a=%zz&a=1")
    for path in admin:
        goes_to(world, b"q.test", path, b"admin", b"pair")
    for path in (b"/?a=1;b=2", b"/?b=2;a=1", b"/?a=2&a=1", b"/?A=1", b"/?a", b"/?a=", b"/?a=1=", b"/?a=1+", b"/"):
        goes_to(world, b"q.test", path, b"other", b"prest")


if __name__ == "__main__":
    w = World(ORIGINS, RULES + EXTRA, *FLAGS)
    run(w)
    finish(w)
