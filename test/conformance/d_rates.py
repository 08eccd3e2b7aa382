#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Rate limits, maxConn and circuit breakers over several workers: each holds for all of them together, and over a change of the rules."""
import os
import re
import threading
import time

from _lib import *

WORKERS = 4
LIMITS = """
[frontends.rate]
backend = "main"
passHostHeader = true
[frontends.rate.routes.r]
rule = "Host:rate.test"
[frontends.rate.ratelimit]
extractorfunc = "request.header.X-Key"
[frontends.rate.ratelimit.rateset.r]
period = "1h"
average = 1
burst = 30
[backends.few.servers.s]
url = "http://127.0.0.1:<few>"
[backends.few.maxconn]
amount = 3
extractorfunc = "client.ip"
[frontends.few]
backend = "few"
[frontends.few.routes.r]
rule = "Host:few.test"
[backends.broken.servers.s]
url = "http://127.0.0.1:<nobody>"
[backends.broken.circuitbreaker]
expression = "NetworkErrorRatio() > 0.5"
[frontends.broken]
backend = "broken"
[frontends.broken.routes.r]
rule = "Host:broken.test"
[backends.nonsense.servers.s]
url = "http://127.0.0.1:<main>"
[backends.nonsense.circuitbreaker]
expression = "NetworkErrorRatio() > half"
[frontends.nonsense]
backend = "nonsense"
[frontends.nonsense.routes.r]
rule = "Host:nonsense.test"
"""
release = threading.Event()


def hold(conn, request):
    """Answers when it may; upgrades at once, and holds then."""
    if request.one("Upgrade"):
        conn.send(b"HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n")
        conn.wait_closed(20)
        return False
    release.wait(20)
    return answer(conn, request)


def get(host, fields=b""):
    return b"GET /d HTTP/1.1\r\nHost: " + host + b"\r\n" + fields + b"\r\n"


def ask_at_once(world, text, count):
    """Statuses of that many requests, on connections of their own that are all open before any of them asks."""
    clients = [world.connect() for _ in range(count)]
    for client in clients:
        client.send(text)
    statuses = [client.response().status for client in clients]
    for client in clients:
        client.sock.close()
    return statuses


def change_rules(world, name):
    """One frontend more, of no interest to the others; in force when this returns."""
    path = os.path.join(world.folder.name, "rules.toml")
    with open(path) as file:
        rules = file.read()
    with open(path, "w") as file:
        file.write(f'{rules}\n[frontends.{name}]\nbackend = "other"\n[frontends.{name}.routes.r]\nrule = "Host:{name}.test"\n')
    end = time.monotonic() + WAIT
    while world.ask(get(name.encode() + b".test")).status != 200:
        expect(time.monotonic() < end, "the new rules are not in force")
        time.sleep(0.02)
    world.forget()


@row
def d_rate_limit(world):
    """As many as the burst pass, whichever workers they come by."""

    def exactly():
        statuses = ask_at_once(world, get(b"rate.test", b"X-Key: exactly\r\n"), 100)
        expect(statuses.count(200) == 30 and statuses.count(429) == 70, statuses)
        expect(len(world.seen()) == 30, len(world.seen()))

    def answered():
        r = world.ask(get(b"rate.test", b"X-Key: exactly\r\n"))
        expect(r.status == 429 and r.body == b"max rate reached: retry-in 1h0m0s", r.head, r.body)
        expect(r.one("Retry-After") == b"3600" and r.one("X-Retry-In") == b"1h0m0s", r.head)
        expect(r.one("Content-Type") == b"text/plain; charset=utf-8", r.head)

    def changed():
        change_rules(world, "more1")
        expect(set(ask_at_once(world, get(b"rate.test", b"X-Key: exactly\r\n"), 20)) == {429}, "the buckets were filled anew")

    def flood():
        """Security case D10: values that were never seen before cost little, and free nobody."""
        before = memory_kib(world)
        with world.connect() as c:
            for i in range(0, 20000, 100):
                c.send(b"".join(get(b"rate.test", b"X-Key: %032d\r\n" % (i + n)) for n in range(100)))
                expect(all(c.response().status == 200 for _ in range(100)), "status")
        grown = memory_kib(world) - before
        expect(grown < 4096, f"{grown} KiB for 20,000 values")
        expect(set(ask_at_once(world, get(b"rate.test", b"X-Key: exactly\r\n"), 20)) == {429}, "the flood freed it")

    for test in (exactly, answered, changed, flood):
        attempt(f"rate limit: {test.__name__}", test)
        world.forget()


@row
def d_max_conn(world):
    """As many as the amount are under way, whichever workers they come by."""

    def at_once(text, count):
        """How many got through to the server; the others must have been refused."""
        world.forget()
        clients = [world.connect() for _ in range(count)]
        for client in clients:
            client.send(text)
        seen = len(world.wait_seen(3))
        time.sleep(QUIET)
        expect(len(world.seen()) == 3 == seen, len(world.seen()))
        return clients

    def requests():
        release.clear()
        clients = at_once(get(b"few.test"), 24)
        expect(world.ask(get(b"few.test")).body == b"max connections reached: 3", "refused otherwise")
        change_rules(world, "more2")
        expect(set(ask_at_once(world, get(b"few.test"), 8)) == {429}, "forgotten in a change")
        release.set()
        statuses = [client.response().status for client in clients]
        expect(statuses.count(200) == 3 and statuses.count(429) == 21, statuses)
        for client in clients:
            client.sock.close()

    def free_again():
        end = time.monotonic() + WAIT
        while world.ask(get(b"few.test")).status != 200:
            expect(time.monotonic() < end, "no place is free")

    def gone():
        release.clear()
        for client in at_once(get(b"few.test"), 12):
            client.reset()
        release.set()
        free_again()

    def tunnels():
        text = get(b"few.test", b"Connection: upgrade\r\nUpgrade: echo\r\n")
        clients = at_once(text, 12)
        expect(world.ask(text).status == 429, "one tunnel too many")
        for client in clients:
            client.sock.close()
        free_again()

    for test in (requests, free_again, gone, tunnels):
        attempt(f"maxConn: {test.__name__}", test)
        world.forget()


@row
def d_breaker(world):
    """What one worker decides holds for all, and is said in the log once."""

    def trips():
        expect(world.ask(get(b"broken.test")).status == 502, "status")
        expect(set(ask_at_once(world, get(b"broken.test"), 40)) == {503}, "not tripped for all")
        change_rules(world, "more3")
        expect(set(ask_at_once(world, get(b"broken.test"), 40)) == {503}, "forgotten in a change")
        said = re.findall(r".*circuit breaker of backend broken has tripped.*", world.log())
        expect(len(said) == 1 and "NetworkErrorRatio() > 0.5" in said[0], said)

    def nonsense():
        expect(world.ask(get(b"nonsense.test")).status == 503, "it is open")
        expect(re.search(r"circuitBreaker.expression .NetworkErrorRatio\(\) > half.: .*at .half", world.log()), "nothing is said")

    for test in (trips, nonsense):
        attempt(f"breaker: {test.__name__}", test)
        world.forget()


if __name__ == "__main__":
    exact_memory()
    world = World({**ORIGINS, "few": hold}, RULES + LIMITS, "--logLevel=WARN", workers=WORKERS)
    run(world)
    finish(world)
