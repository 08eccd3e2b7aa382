#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Sticky cookies and health checks as they are on the wire, over several workers (defects A9, decisions.md 27)."""
from _lib import *

RULES = """
[backends.up.servers.s]
url = "http://127.0.0.1:<one>"
[frontends.up]
backend = "up"
[frontends.up.routes.r]
rule = "Host:a.test"
[backends.pool.loadBalancer.stickiness]
cookieName = "where"
[backends.pool.healthCheck]
path = "/health?deep=1"
interval = "300ms"
hostname = "shop.test"
[backends.pool.healthCheck.headers]
X-Key = "k"
[backends.pool.servers.one]
url = "http://127.0.0.1:<one>"
[backends.pool.servers.two]
url = "http://127.0.0.1:<two>"
[frontends.pool]
backend = "pool"
[frontends.pool.routes.r]
rule = "Host:p.test"
"""

status = {"one": 200, "two": 200}


def server(conn, request):
    if request.target.startswith(b"/health"):
        conn.send(reply(status[conn.origin.name]))
    else:
        answer(conn, request)


def get(cookie=b""):
    return b"GET /p HTTP/1.1\r\nHost: p.test\r\n" + (b"Cookie: " + cookie + b"\r\n" if cookie else b"") + b"\r\n"


def until(wanted, holds):
    end = time.monotonic() + WAIT
    while not holds():
        expect(time.monotonic() < end, wanted)
        time.sleep(0.02)


@row
def a9_cookie(world):
    """The cookie says nothing of the server, cannot be read by scripts, and leads back whatever worker is asked."""

    def leads_back():
        first = world.ask(get())
        text = first.one("Set-Cookie")
        expect(re.fullmatch(rb"where=[0-9a-f]{24}; Path=/; HttpOnly; SameSite=Lax", text), text)
        for _ in range(24):
            r = world.ask(get(b"x=1; " + text.split(b";")[0]))
            expect(r.status == 200 and r.one("X-Origin") == first.one("X-Origin") and not r.all("Set-Cookie"), r.head)

    attempt("leads back", leads_back)

    def old_form():
        for name in ("one", "two"):
            r = world.ask(get(b"where=http://127.0.0.1:%d" % world[name].port))
            expect(r.one("X-Origin") == name.encode() and not r.all("Set-Cookie"), r.head)

    attempt("v1.7's form", old_form)

    def nobody(value):
        r = world.ask(get(b"where=" + value))
        expect(r.status == 200 and r.one("X-Origin") in (b"one", b"two") and len(r.all("Set-Cookie")) == 1, r.head)

    for value in (b"", b'""', b"http://127.0.0.1:1", b"http://127.0.0.1:%d/" % world.admin_port, b"0" * 24, b"a" * 8000, b"\xff\x80", b"one", b"http://127.0.0.1:%d;x" % 1):
        attempt(f"value {value[:40]}", nobody, value)


@row
def d27_check(world):
    """What a server is asked; that one worker asks it; and that every worker knows."""

    def request():
        until("no check came", lambda: any(r.target.startswith(b"/health") for r in list(world["one"].requests)))
        check = next(r for r in list(world["one"].requests) if r.target.startswith(b"/health"))
        expect(check.method == b"GET" and check.target == b"/health?deep=1", check.head)
        expect(check.all("Host") == [b"shop.test"] and check.one("X-Key") == b"k" and check.one("Connection") == b"close", check.head)
        expect(not [name for name in ("X-Forwarded-For", "X-Real-Ip", "Content-Length", "Cookie") if check.all(name)], check.head)

    attempt("request", request)

    def rate():
        world.forget()
        time.sleep(1.2)
        checks = sum(r.target.startswith(b"/health") for r in list(world["one"].requests))
        expect(1 <= checks <= 5, checks, "checks of 300 ms in 1.2 s")

    attempt("one for all workers", rate)

    def removed():
        status["one"] = 500
        until("a failing server is asked", lambda: all(world.ask(get()).one("X-Origin") == b"two" for _ in range(16)))
        status["two"] = 404
        until("not all are out", lambda: all(world.ask(get()).status == 503 for _ in range(16)))
        r = world.ask(get())
        expect(r.body == b"Service Unavailable" and r.one("Retry-After"), r.head)
        status.update(one=200, two=302)
        until("not back", lambda: {world.ask(get()).one("X-Origin") for _ in range(16)} == {b"one", b"two"})

    attempt("removed and restored", removed)


if __name__ == "__main__":
    exact_memory()
    world = World({"one": server, "two": server}, RULES, workers=3)
    run(world)
    finish(world)
