#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Security case P10: no rule and no request holds a worker up; a rule that costs too much is an error of its own frontend."""
import threading
import time

from _lib import *

PATTERNS = 2000
SLOW_S = 5.0  # a bound for a busy machine; milliseconds are usual


def frontend(name, rule, backend="main"):
    return f"[frontends.{name}]\nbackend = \"{backend}\"\n[frontends.{name}.routes.r]\nrule = '''{rule}'''\n"


EXTRA = (
    frontend("nested", "Host:n.test;PathPrefix:/{x:(a+)+}b", "admin")
    + frontend("automaton", "Host:f.test;Path:/{x:(a|b)*a(a|b){10}}c", "admin")
    + frontend("anywhere", "Host:n.test;HeadersRegexp:X-A,/admin", "other")
    + frontend("end", "Host:n.test;HeadersRegexp:X-B,(a+)+$", "other")
    + frontend("nrest", "Host:n.test")
    + frontend("frest", "Host:f.test")
    + frontend("costly", "Host:c.test;PathPrefix:/{x:(?:a?){600}b}", "admin")
    + frontend("crest", "Host:c.test")
    + frontend("replace", "Host:q.test;ReplacePathRegex:a(.*b)? /x$1", "other")
    + frontend("bomb", "Host:bomb.test;Path:/{a:(x{1000}){1000}}")
    + frontend("sum", "Host:bomb.test;Path:/{a:x{900}},/{b:x{900}},/{c:x{900}}")
    + frontend("brest", "Host:bomb.test")
    + "".join(frontend(f"p{i}", "HostRegexp:{s:[a-z]+}.tenant-%d.p.test" % i, "other") for i in range(PATTERNS))
    + "".join(frontend(f"q{i}", "HostRegexp:{s:[a-z]+\\.t%d\\.[pq]}" % i, "other") for i in range(PATTERNS))
)


def get(path, host, fields=b""):
    return b"GET " + path + b" HTTP/1.1\r\nHost: " + host + b"\r\nX-Tag: p\r\n" + fields + b"\r\n"


def timed_ask(world, text):
    begin = time.monotonic()
    r = world.ask(text, timeout=60)
    took = time.monotonic() - begin
    expect(took < SLOW_S, f"took {took:.1f} s")
    return r


def goes_to(world, text, origin, name):
    def check():
        r = timed_ask(world, text)
        expect(r.status == 200 and r.one("X-Origin") == origin, r.head)

    attempt(name, check)
    world.forget()


@row
def p10_long_targets_and_fields(world):
    """32 KB of path, 60 KB of field: the answer is the right one, and there in time."""
    a, ab = b"/" + b"a" * 32000, b"/" + b"abbab" * 6400
    goes_to(world, get(a, b"n.test"), b"main", "(a+)+b does not match")
    goes_to(world, get(a + b"b", b"n.test"), b"admin", "(a+)+b matches")
    goes_to(world, get(ab + b"d", b"f.test"), b"main", "an automaton that does not fit in memory does not match")
    goes_to(world, get(ab + b"abbbbbbbbbbc", b"f.test"), b"admin", "an automaton that does not fit in memory matches")
    goes_to(world, get(b"/", b"n.test", b"X-A: " + b"/admi" * 12000 + b"\r\n"), b"main", "/admin is not there")
    goes_to(world, get(b"/", b"n.test", b"X-A: " + b"/admi" * 12000 + b"n\r\n"), b"other", "/admin is there")
    goes_to(world, get(b"/", b"n.test", b"X-B: " + b"a" * 60000 + b"b\r\n"), b"main", "(a+)+$ does not match")
    goes_to(world, get(b"/", b"n.test", b"X-B: " + b"ba" * 30000 + b"\r\n"), b"other", "(a+)+$ matches")


@row
def p10_refused_not_led_past(world):
    """What would cost too much to decide is 414: it does not fall through to the next frontend."""
    long = b"/" + b"a" * 32000

    def check(host, path):
        world.forget()
        r = timed_ask(world, get(path, host))
        expect(r.status == 414, r.head)
        expect(not world.seen(), "it reached a server")

    attempt("a costly pattern", check, b"c.test", long)
    attempt("many matches to replace", check, b"q.test", b"/" + b"ac" * 16000)
    goes_to(world, get(b"/aaab", b"c.test"), b"admin", "a short path on the costly route")
    goes_to(world, get(b"/x", b"c.test"), b"main", "a short path beside it")
    goes_to(world, get(b"/a", b"q.test"), b"other", "one match to replace")


@row
def p10_bombs_are_errors(world):
    """A rule that costs too much is left out with a message that says why; the next frontend has its requests."""
    goes_to(world, get(b"/x", b"bomb.test"), b"main", "the frontend beside the bombs")
    for name, says in (("bomb", "is not a regular expression"), ("sum", "the most is 2000")):
        line = [text for text in world.log().splitlines() if f"frontend {name} is left out" in text]
        attempt(f"what is said of {name}", lambda: expect(len(line) == 1 and says in line[0], line))


@row
def p10_thousands_of_host_patterns(world):
    """4,000 frontends that have nothing but a pattern for the host; half of them can only be asked one by one."""
    goes_to(world, get(b"/", b"abc.tenant-1234.p.test"), b"other", "one with its end in plain text")
    goes_to(world, get(b"/", b"abc.t1234.q"), b"other", "one without")

    def many():
        with world.connect() as c:
            begin = time.monotonic()
            for _ in range(100):
                c.send(get(b"/", b"abc.tenant-77.p.test"))
                expect(c.response().status == 200)
            took = time.monotonic() - begin
        expect(took < SLOW_S, f"100 requests took {took:.1f} s")

    attempt("a hundred requests in a row", many)
    world.forget()


@row
def p10_others_are_served_meanwhile(world):
    """One worker: while some ask for the worst, the others are answered."""
    over = threading.Event()
    slowest = 0.0

    def attack():
        while not over.is_set():
            try:
                world.ask(get(b"/" + b"abbab" * 6400 + b"d", b"f.test"), timeout=60)
            except (OSError, Closed):
                pass

    attackers = [threading.Thread(target=attack) for _ in range(3)]
    for thread in attackers:
        thread.start()
    with world.connect() as c:
        for _ in range(20):
            begin = time.monotonic()
            c.send(get(b"/m", b"a.test"))
            c.response(timeout=60)
            slowest = max(slowest, time.monotonic() - begin)
    over.set()
    for thread in attackers:
        thread.join()
    attempt("others are answered", lambda: expect(slowest < SLOW_S, f"{slowest:.2f} s"))
    world.forget()


if __name__ == "__main__":
    w = World(ORIGINS, RULES + EXTRA)
    run(w)
    finish(w)
