#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The REST provider: PUT /api/providers/rest over real connections, behind a login, with bodies of every kind (A7)."""
import json
import time

from _lib import *

FLAGS = ("--api", "--rest", "--rest.entryPoint=traefik")
LOGIN = b"Authorization: Basic dGVzdDp0ZXN0\r\n"  # test:test


class RestWorld(World):
    def admin(self):
        return Client(self.admin_port)

    def put(self, body, fields=b"", path=b"/api/providers/rest", split=None):
        with self.admin() as c:
            c.send(with_length(body, b"PUT", fields, path), split)
            return c.response("PUT")

    def get(self, path=b"/api/providers/rest", fields=b""):
        with self.admin() as c:
            c.send(request(path=path, fields=fields))
            return c.response()


def configuration(world, host, backend="main"):
    return json.dumps({
        "backends": {"b": {"servers": {"s": {"url": f"http://127.0.0.1:{world[backend].port}", "weight": 1}}}},
        "frontends": {"f": {"backend": "b", "passHostHeader": True, "routes": {"r": {"rule": f"Host:{host}"}}}},
    }).encode()


def routed(world, host, status=200):
    """Soon: the snapshot reaches the workers by mail."""
    end = time.monotonic() + WAIT
    while True:
        r = world.ask(b"GET /rest HTTP/1.1\r\nHost: " + host + b"\r\n\r\n")
        if r.status == status:
            world.forget()
            return
        expect(time.monotonic() < end, host, "gives", r.head)
        time.sleep(0.01)


@row
def put_and_get(world):
    """404 before the first PUT; then its routes are served, shown with defaults, and replaced as a whole."""

    def first():
        expect(world.get().status == 404, "there is a document before the first PUT")
        r = world.put(configuration(world, "one.test"))
        expect(r.status == 200 and r.one("Content-Type") == b"application/json; charset=UTF-8", r.head)
        expect("loadBalancer" not in json.loads(r.body)["backends"]["b"], "the reply has defaults:", r.body)
        routed(world, b"one.test")
        shown = json.loads(world.get().body)
        expect(shown["frontends"]["f"]["entryPoints"] == ["http"], shown)
        expect(shown == json.loads(world.get(b"/api/providers/web").body), "web and rest differ")
        expect("web" in json.loads(world.get(b"/api").body), "it is not called web")

    def replaced():
        expect(world.put(configuration(world, "two.test"), path=b"/api/providers/web").status == 200, "by its old name")
        routed(world, b"two.test")
        routed(world, b"one.test", 404)
        expect(world.put(b"{}").status == 200, "an empty one")
        routed(world, b"two.test", 404)
        expect(world.get().body == b"{}", world.get().body)

    attempt("the first one", first)
    attempt("another one replaces it", replaced)


@row
def refused(world):
    """What cannot be read changes nothing, and its reason is the answer."""
    world.put(configuration(world, "kept.test"))
    routed(world, b"kept.test")
    for name, body, part in [
            ("empty", b"", b"the body is empty"),
            ("cut", configuration(world, "x.test")[:-1], b"line 1, column"),
            ("a list", b"[]", b"the document is a list"),
            ("a wrong type", b'{"backends": {"b": {"servers": 5}}}', b"backends.b.servers is a number"),
            ("no UTF-8", b'{"a\xff": 1}', b"no UTF-8"),
            ("deep", b"[" * 200000, b"this is no JSON")]:
        def check(body=body, part=part):
            r = world.put(body)
            expect(r.status == 400 and part in r.body and r.body.endswith(b"\n"), r.head, r.body)
            expect(r.one("X-Content-Type-Options") == b"nosniff", r.head)
            routed(world, b"kept.test")
        attempt(name, check)

    def other():
        r = world.put(b"{}", path=b"/api/providers/docker")
        expect(r.status == 400 and r.body == b"Only 'rest' provider can be updated through the REST API", r.head, r.body)
        for path in (b"/api/providers/", b"/api/providers/rest/frontends", b"/api"):
            expect(world.put(b"{}", path=path).status == 404, path)
        r = world.ask(with_length(b"{}", b"PUT", b"", b"/api/providers/rest"))
        expect(r.status != 200 or r.one("Content-Type") != b"application/json; charset=UTF-8", "on the wrong entrypoint")
        world.forget()

    attempt("other providers and places", other)


@row
def pages_of_others(world):
    """A7: a page of another site, or of a name that was turned to us, changes nothing."""
    world.put(configuration(world, "kept.test"))
    routed(world, b"kept.test")
    for fields in (b"Origin: http://evil.example\r\n", b"Origin: null\r\n", b"Sec-Fetch-Site: cross-site\r\n",
                   b"Origin: http://a.test\r\nSec-Fetch-Site: same-origin\r\n"):
        def check(fields=fields):
            expect(world.put(b"{}", fields).status == 403, fields)
            routed(world, b"kept.test")
        attempt(fields.decode().strip(), check)


@row
def bodies(world):
    """In pieces, in chunks, after 100 Continue, too long, broken, never whole; the connection is of use after."""
    whole = configuration(world, "body.test")

    def split():
        world.put(b"{}")
        expect(world.put(whole, split=1).status == 200, "byte by byte")
        routed(world, b"body.test")

    def chunks():
        with world.admin() as c:
            for _ in range(2):
                c.send(request(b"PUT", b"/api/providers/rest", b"Transfer-Encoding: chunked\r\n", chunked(whole, (1, 50))))
                expect(c.response("PUT").status == 200, "chunked")
            c.send(request(path=b"/api/version"))
            expect(c.response().status == 200, "the connection goes on")

    def expected():
        with world.admin() as c:
            c.send(request(b"PUT", b"/api/providers/rest", b"Expect: 100-continue\r\nContent-Length: %d\r\n" % len(whole)))
            expect(c.head().status == 100, "no 100")
            c.send(whole)
            expect(c.response("PUT").status == 200, "after the 100")

    def too_long():
        with world.admin() as c:
            c.send(request(b"PUT", b"/api/providers/rest", b"Content-Length: %d\r\n" % (5 << 20), b" " * (5 << 20)))
            expect(c.response("PUT").status == 413, "5 MiB")
        routed(world, b"body.test")

    def broken():
        with world.admin() as c:
            c.send(request(b"PUT", b"/api/providers/rest", b"Transfer-Encoding: chunked\r\n", b"5\r\n{\"a\"xyz\r\n"))
            expect(c.response("PUT").status == 400, "broken chunks")
        with world.admin() as c:
            c.send(request(b"PUT", b"/api/providers/rest", b"Content-Length: 100\r\n", b"{}"))
        routed(world, b"body.test")

    def large():
        many = {"backends": {f"b{i}": {"servers": {"s": {"url": "http://127.0.0.1:1", "weight": 1}}} for i in range(30000)}}
        body = json.dumps(many).encode()
        r = world.put(body)
        expect(r.status == 200 and len(json.loads(r.body)["backends"]) == 30000, len(body), r.head)
        world.put(whole)
        routed(world, b"body.test")

    for name, check in [("split", split), ("chunks", chunks), ("100-continue", expected), ("too long", too_long),
                        ("broken", broken), ("30,000 backends", large)]:
        attempt(name, check)


def behind_a_login(world):
    """The entrypoint's login comes before the body is looked at."""
    def check():
        body = b'{"backends": {}}'
        expect(world.put(body).status == 401, "without")
        expect(world.put(body, b"Authorization: Basic dGVzdDp3cm9uZw==\r\n").status == 401, "with a wrong one")
        expect(world.get(fields=LOGIN).status == 404, "a refused PUT was taken")
        with world.admin() as c:
            c.send(request(b"PUT", b"/api/providers/rest", b"Expect: 100-continue\r\nContent-Length: 9\r\n"))
            expect(c.response("PUT").status == 401, "the body is asked for first")
        expect(world.put(body, LOGIN).status == 200, "with the right one")
        end = time.monotonic() + WAIT
        while world.get(fields=LOGIN).status != 200:
            expect(time.monotonic() < end, "it was not taken")
            time.sleep(0.01)

    def stalled():
        with world.admin() as c:
            c.send(request(b"PUT", b"/api/providers/rest", LOGIN + b"Content-Length: 100\r\n", b"{"))
            expect(c.response("PUT").status == 408 and c.closed(), "half a body")

    attempt("login", check)
    attempt("a body that stalls", stalled)


if __name__ == "__main__":
    w = RestWorld(ORIGINS, RULES, *FLAGS, workers=2)
    run(w)
    closed = RestWorld(ORIGINS, RULES, "--api", "--rest", "--rest.entryPoint=inner", "--api.entryPoint=inner",
                       "--respondingTimeouts.readTimeout=1s",
                       f"--entryPoints=Name:inner Address:127.0.0.1:{(inner := free_port())} "
                       "Auth.Basic.Users:test:$apr1$H6uskkkW$IgXLP6ewTrSuBkTrqE8wj/")
    closed.admin_port = inner
    run(closed, [behind_a_login])
    finish(w, closed)
