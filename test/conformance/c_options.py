#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Options of the whole router, by flag and by TOML: idle connections, times, the final slash (spec/static-config.md 2)."""
from _lib import *

BURST = 6
TOML = """
maxIdleConnsPerHost = 1
keepTrailingSlash = true
[respondingTimeouts]
readTimeout = "300ms"
writeTimeout = "300ms"
idleTimeout = "300ms"
[forwardingTimeouts]
dialTimeout = "300ms"
responseHeaderTimeout = "300ms"
"""
FULL = """
[backends.full.servers.s]
url = "http://127.0.0.1:<full>"
[frontends.full]
backend = "full"
[frontends.full.routes.r]
rule = "Host:full.test"
"""


def open_conns(world):
    """Connections to the server that the router has kept."""
    return [c for c in world["main"].conns if not c.over and not c.ended.is_set()]


def burst(world):
    """As many requests at the same time: each has a connection of its own."""
    gate = threading.Barrier(BURST)

    def script(conn, r):
        gate.wait(WAIT)
        answer(conn, r)

    world.forget()
    world["main"].script = script
    clients = [world.connect() for _ in range(BURST)]
    for c in clients:
        c.send(request())
    for c in clients:
        expect(c.response().status == 200, "status")
        c.sock.close()
    world.default()
    expect(len({id(r.conn) for r in world.seen()}) == BURST, "connections were shared")


def keeps(world, count):
    """After a burst so many connections are left, and they are used."""
    burst(world)
    end = time.monotonic() + WAIT
    while len(open_conns(world)) > count and time.monotonic() < end:
        time.sleep(0.01)
    time.sleep(QUIET)
    left = open_conns(world)
    expect(len(left) == count, f"{len(left)} connections are left, not {count}")
    world.ask(request())
    expect(world.seen()[-1].conn in left, "a kept connection was not used")


def redirects_to_the_slash(world):
    """Path rules take the other form with 301, any method, the query along."""
    for method, path, location in ((b"GET", b"/folder", b"/folder/"), (b"GET", b"/folder?q=1", b"/folder/?q=1"),
                                   (b"POST", b"/folder", b"/folder/")):
        r = world.ask(request(method, path))
        expect(r.status == 301 and r.one("Location") == location, path, r.head)


def tells_slashes_apart(world):
    """The other form is another path: the rule behind gets it."""
    world.forget()
    expect(world.ask(request(path=b"/folder")).status == 200, "status")
    expect(world.ask(request(path=b"/folder/")).status == 200, "status")
    expect([r.target for r in world["main"].requests] == [b"/folder", b"/folder/"], "targets")


def ends_after(client, wanted_s, status=None):
    begin = time.monotonic()
    sent = client.reader.to_end(WAIT)
    took = time.monotonic() - begin
    expect(wanted_s - 0.1 < took < wanted_s + 1.5, f"ended after {took:.2f} s")
    expect(sent.startswith(b"HTTP/1.1 %d " % status) if status else sent == b"", sent[:80])


def read_timeout(world):
    """A head, and each pause in a body: 408."""
    with world.connect() as c:
        c.send(b"GET / HTTP/1.1\r\n")
        ends_after(c, 0.3, 408)
    with world.connect() as c:
        c.send(b"POST /m HTTP/1.1\r\nHost: a.test\r\nContent-Length: 9\r\n\r\nabc")
        ends_after(c, 0.3, 408)


def write_timeout(world):
    """A pause in an answer cuts it."""
    world["main"].script = lambda conn, r: (conn.send(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"), conn.wait_closed(3), False)[2]
    with world.connect() as c:
        c.send(request())
        ends_after(c, 0.3, 200)
    world.default()


def idle_timeout(world):
    """A connection that asks no more."""
    with world.connect() as c:
        c.send(request())
        c.response()
        ends_after(c, 0.3)


def response_header_timeout(world):
    """A server that is silent: 504."""
    world["main"].script = lambda conn, r: (conn.wait_closed(3), False)[1]
    begin = time.monotonic()
    expect(world.ask(request()).status == 504, "status")
    expect(0.2 < time.monotonic() - begin < 1.5, "time")
    world.default()


def dial_timeout(world):
    """A server that does not accept: 504."""
    begin = time.monotonic()
    expect(world.ask(b"GET / HTTP/1.1\r\nHost: full.test\r\n\r\n").status == 504, "status")
    expect(0.2 < time.monotonic() - begin < 1.5, "time")


def run_with(rules, flags, *functions):
    world = World(ORIGINS, rules, *flags)
    for name, function, *args in functions:
        attempt(f"{name}: {function.__doc__}", function, world, *args)
    attempt("the router ends well and the sanitizers are silent", lambda: expect(world.stop(), "see the log above"))


def fill_up():
    """A port whose queue of connections is full, and what fills it."""
    listening = socket.create_server(("127.0.0.1", 0), backlog=0)
    held = [listening]
    for _ in range(6):
        sock = socket.socket()
        sock.setblocking(False)
        sock.connect_ex(listening.getsockname())
        held.append(sock)
    return listening.getsockname()[1], held


if __name__ == "__main__":
    run_with(RULES, ["--maxIdleConnsPerHost=3"], ("maxIdleConnsPerHost=3", keeps, 3),
             ("no keepTrailingSlash", redirects_to_the_slash))
    run_with(RULES, ["--maxIdleConnsPerHost=0", "--keepTrailingSlash", "--idleTimeout=300ms"],
             ("maxIdleConnsPerHost=0 is 2, as in Go", keeps, 2), ("keepTrailingSlash", tells_slashes_apart),
             ("idleTimeout, deprecated", idle_timeout))
    port, held = fill_up()
    with tempfile.TemporaryDirectory(prefix="conformance.") as folder:
        with open(f"{folder}/static.toml", "w") as file:
            file.write(TOML)
        run_with(RULES + FULL.replace("<full>", str(port)), [f"--configFile={folder}/static.toml"],
                 ("maxIdleConnsPerHost = 1", keeps, 1), ("keepTrailingSlash = true", tells_slashes_apart),
                 ("readTimeout", read_timeout), ("writeTimeout", write_timeout), ("respondingTimeouts.idleTimeout", idle_timeout),
                 ("responseHeaderTimeout", response_header_timeout), ("dialTimeout", dial_timeout))
    finish()
