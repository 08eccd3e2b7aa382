#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Security cases K5 and K9, and how long a start takes: the program against a scripted engine.

test/unit/provider has the provider alone, test/e2e the real engine; here requests are on their way all the while.
"""
import os
import statistics
import sys
import threading

from _engine import ScriptedEngine, container
from _lib import *
from _wire import *

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "bench"))
import start_to_200  # noqa: E402

PLACE = "127.0.0.77"  # the address that one container has after the other
ROUNDS = 15


class Tenant:
    """A server at PLACE that notes for which host it was asked."""

    def __init__(self, name, port=0):
        self.name, self.hosts, self.conns, self.gone = name, [], [], False
        self.listening = socket.socket()
        self.listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listening.bind((PLACE, port))
        self.listening.listen(64)
        self.port = self.listening.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while not self.gone:
            try:
                conn, _ = self.listening.accept()
            except OSError:
                return
            self.conns.append(conn)
            threading.Thread(target=self.serve, args=(conn,), daemon=True).start()

    def serve(self, conn):
        try:
            while head := conn.recv(65536):
                self.hosts += re.findall(rb"(?i)^host: *(\S+)", head, re.M)
                conn.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(self.name), self.name))
        except OSError:
            pass

    def die(self):
        """As a killed process: its sockets are closed, all at once."""
        self.gone = True
        self.listening.shutdown(socket.SHUT_RDWR)
        self.listening.close()
        for conn in self.conns:
            try:
                conn.shutdown(socket.SHUT_RDWR)
                conn.close()
            except OSError:
                pass


class Asking(threading.Thread):
    """Asks for one host again and again; keeps (status, body) of each answer."""

    def __init__(self, port, host, method):
        super().__init__()
        self.port, self.answers, self.over = port, [], threading.Event()
        self.text = b"%s / HTTP/1.1\r\nHost: %s\r\nContent-Length: 0\r\n\r\n" % (method, host)

    def run(self):
        while not self.over.is_set():
            with Client(self.port) as c:
                while not self.over.is_set():
                    c.send(self.text)
                    try:
                        r = c.response()
                    except (OSError, Closed):
                        break
                    self.answers.append((r.status, r.body))
                    time.sleep(0.001)


def labels(host, port):
    return {"traefik.enable": "true", "traefik.port": str(port), "traefik.frontend.rule": f"Host:{host}"}


def wait_for(claim, what, timeout=10):
    end = time.monotonic() + timeout
    while not claim():
        expect(time.monotonic() < end, "not in time:", what)
        time.sleep(0.002)


def status_of(world, host):
    return world.ask(b"GET / HTTP/1.1\r\nHost: %s\r\n\r\n" % host).status


def inherit(world, engine, number, port):
    """A container dies; 10 ms later, or as soon as that is known, another one has its address and another route."""
    first = Tenant(b"first", port)
    a = container(f"a{number}", labels("a.first", first.port), address=PLACE)
    engine.put(a)
    engine.event(a, "start")
    wait_for(lambda: status_of(world, b"a.first") == 200, "the first one is routed")
    asking = [Asking(world.port, b"a.first", method) for method in (b"GET", b"POST", b"GET", b"POST")]
    for thread in asking:
        thread.start()
    wait_for(lambda: all(len(thread.answers) > 2 for thread in asking), "everybody is served")
    begin = time.monotonic()
    first.die()
    engine.remove(a)
    engine.event(a, "die")
    wait_for(lambda: all(thread.answers[-1][0] == 503 for thread in asking), "everybody is told that it is gone")
    told = time.monotonic() - begin
    time.sleep(max(0, 0.01 - told))
    second = Tenant(b"second", first.port)
    b = container(f"b{number}", labels("b.second", second.port), address=PLACE)
    engine.put(b)
    engine.event(b, "start")
    wait_for(lambda: status_of(world, b"b.second") == 200, "the second one is routed")
    time.sleep(0.02)
    for thread in asking:
        thread.over.set()
    for thread in asking:
        thread.join()
    engine.remove(b)
    engine.event(b, "die")
    second.die()
    expect(set(second.hosts) == {b"b.second"}, "the heir was asked for", set(second.hosts))
    expect({body for thread in asking for status, body in thread.answers if status == 200} == {b"first"}, "another's answer")
    expect({status for thread in asking for status, _ in thread.answers} <= {200, 502, 503}, "statuses")
    expect({thread.answers[-1][0] for thread in asking} == {503}, "not remembered")
    return told * 1000, first.port


def addresses_are_inherited(world, engine):
    told, port = [], 0
    for number in range(ROUNDS):
        ms, port = inherit(world, engine, number, port)
        told.append(ms)
    print(f"{'':8}from the death to the last 503: median {statistics.median(told):.1f} ms, worst {max(told):.1f} ms")


def starts_are_served(churn, most_ms):
    """The figures are of test/bench/start_to_200.py; here they are only bounded, for a loaded machine and sanitizers."""
    times = start_to_200.run(os.environ.get("WAYBILL", "build/asan/waybill"), "scripted", 25, churn)
    print(f"{'':8}{start_to_200.describe(times, churn)}")
    expect(statistics.median(times) < most_ms, f"median {statistics.median(times):.1f} ms")


def a_storm_of_events_under_load(world, engine):
    """2,000 events in a second, the stream cut again and again: what is there goes on, and in the end all is right."""
    server = Tenant(b"steady")
    steady = container("steady", labels("steady.test", server.port), address=PLACE)
    engine.put(steady)
    engine.event(steady, "start")
    wait_for(lambda: status_of(world, b"steady.test") == 200, "it is routed")
    asking = Asking(world.port, b"steady.test", b"GET")
    asking.start()
    for number in range(1000):
        comes = container(f"storm{number % 20}", labels(f"storm{number % 20}.test", server.port), address=PLACE)
        engine.put(comes)
        engine.event(comes, "start")
        if number % 3:
            engine.remove(comes)
            engine.event(comes, "die")
        if number % 250 == 249:
            engine.hang_up()
        time.sleep(0.0005)
    there = {name for name in (f"storm{number}" for number in range(20)) if container(name)["Id"] in engine.rows}

    def is_right():
        routed = {name for name in (f"storm{number}" for number in range(20)) if status_of(world, f"{name}.test".encode()) == 200}
        return routed == there

    wait_for(is_right, "everything is right again", 4)
    asking.over.set()
    asking.join()
    expect({status for status, _ in asking.answers} == {200}, "the one that stayed was disturbed",
           {status for status, _ in asking.answers})
    server.die()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="conformance.") as folder:
        engine = ScriptedEngine(os.path.join(folder, "docker.sock"))
        rules = '[backends.m.servers.s]\nurl = "http://127.0.0.1:<main>"\n[frontends.m]\nbackend = "m"\n[frontends.m.routes.r]\nrule = "Host:a.test"\n'
        world = World({"main": None}, rules, "--docker", f"--docker.endpoint={engine.endpoint}", "--docker.exposedByDefault=false",
                      workers=2)
        attempt("an address that is inherited brings no request of the former owner", addresses_are_inherited, world, engine)
        attempt("a storm of events", a_storm_of_events_under_load, world, engine)
        attempt("a start is served soon", starts_are_served, False, 50)
        attempt("a start is served soon, under churn", starts_are_served, True, 100)
        engine.close()
        finish(world)
