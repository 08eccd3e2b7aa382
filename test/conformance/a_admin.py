#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The API on the binary, line by line of spec/api-json.md 1 to 4, and /api/events over real connections."""
import json
import re

from _lib import *

SECRET = "ann:$apr1$H6uskkkW$IgXLP6ewTrSuBkTrqE8wj/"
RULES_HERE = RULES + f"""
[frontends.login]
backend = "main"
[frontends.login.routes.r]
rule = "Host:login.test"
[frontends.login.auth.basic]
users = ["{SECRET}", "bob:nohash-but-secret"]
"""
BASIC = b"Authorization: Basic dGVzdDp0ZXN0\r\n"
# What is asked for, the status, and a pattern that all of the body fits.
TABLE = [
    ("GET /api", 200, r'\{"file":\{"backends":\{.*\}\}\}'),
    ("GET /api/providers", 200, r'\{"file":\{.*\}\}'),
    ("GET /api/providers/file", 200, r'\{"backends":\{.*\},"frontends":\{.*\}\}'),
    ("GET /api/providers/docker", 404, r"404 page not found\n"),
    ("GET /api/providers/web", 404, r"404 page not found\n"),
    ("GET /api/providers/file/backends", 200, r'\{"admin":.*\}'),
    ("GET /api/providers/file/backends/main", 200, r'\{"servers":\{"s":\{"url":"http://127.0.0.1:\d+","weight":\d\}\}.*\}'),
    ("GET /api/providers/file/backends/main/servers", 200, r'\{"s":\{"url":"http://127.0.0.1:\d+","weight":\d\}\}'),
    ("GET /api/providers/file/backends/main/servers/s", 200, r'\{"url":"http://127.0.0.1:\d+","weight":\d\}'),
    ("GET /api/providers/file/backends/main/servers/x", 404, r"404 page not found\n"),
    ("GET /api/providers/file/backends/none", 404, r"404 page not found\n"),
    ("GET /api/providers/file/frontends", 200, r'\{"a":.*\}'),
    ("GET /api/providers/file/frontends/a", 200, r'\{"entryPoints":\["http"\],"backend":"main","routes":\{.*\},"passHostHeader":true,"priority":0,"basicAuth":null\}'),
    ("GET /api/providers/file/frontends/a/routes", 200, r'\{"r":\{"rule":"Host:a.test"\}\}'),
    ("GET /api/providers/file/frontends/a/routes/r", 200, r'\{"rule":"Host:a.test"\}'),
    ("GET /api/providers/file/frontends/a/routes/x", 404, r"404 page not found\n"),
    ("GET /api/version", 200, r'\{"Version":"[^"]+","Codename":"cheddar"\}'),
    ("GET /health", 200, r'\{"pid":\d+,"hostname":"","uptime":"[^"]+","uptime_sec":[0-9.]+,"time":"[^"]+","unixtime":\d+,"status_code_count":\{.*\},'
                         r'"total_status_code_count":\{.*\},"count":\d+,"total_count":\d+,"total_response_time":"[^"]+","total_response_time_sec":[0-9.]+,'
                         r'"total_response_size":\d+,"average_response_size":\d+,"average_response_time":"[^"]+","average_response_time_sec":[0-9.]+,'
                         r'"total_metrics_counts":\{\},"average_metrics_timers":\{\},"recent_errors":\[.*\]\}'),
    ("GET /", 302, None), ("GET /dashboard/status", 302, None), ("GET /dashboard", 404, r"404 page not found\n"),
    ("GET /dashboard/none.js", 404, r"404 page not found\n"),
    ("GET /api/", 301, None), ("GET /api/providers/file/", 301, None), ("GET /health/", 301, None),
    ("GET /ping/", 301, None), ("HEAD /ping/", 301, r""), ("POST /ping/", 404, None), ("HEAD /api/", 404, r""),
    ("HEAD /api", 404, r""), ("POST /api", 404, r"404 page not found\n"), ("DELETE /api/providers/file", 404, r"404 page not found\n"),
    ("POST /health", 404, r"404 page not found\n"), ("GET /none", 404, r"404 page not found\n"), ("GET /debug/vars", 404, r"404 page not found\n"),
    ("POST /api/events", 404, r"404 page not found\n"), ("HEAD /api/events", 404, r""),
    ("GET /ping", 200, r"OK"), ("HEAD /ping", 200, r""), ("POST /ping", 404, r"404 page not found\n"),
    ("GET /ready", 200, r"OK\n"),
    ("GET /api/diagnostics", 200, r'\{"changes":\d+,"diagnostics":\[\{"source":"routes",.*\}\]\}'),
    ("GET /api/errors", 200, r'\{"errors":\[.*\]\}'),
]


def ask_admin(world, line, fields=b"", port=None):
    method, path = line.split(" ")
    with Client(port or world.admin_port) as c:
        c.send(f"{method} {path} HTTP/1.1\r\nHost: api\r\n".encode() + fields + b"\r\n")
        return c.response(method)


def document_is_as_written(world, line, status, pattern):
    r = ask_admin(world, line)
    expect(r.status == status, r.head, r.body)
    if pattern is not None:
        expect(re.fullmatch(pattern, r.body.decode(), re.S), r.body)
    if status == 200 and r.body[:1] == b"{":
        expect(r.one("Content-Type") == b"application/json; charset=UTF-8", r.head)
        expect(int(r.one("Content-Length")) == len(r.body), r.head)
        json.loads(r.body)
    if status == 404 and r.body:
        expect(r.one("Content-Type") == b"text/plain; charset=utf-8" and r.one("X-Content-Type-Options") == b"nosniff", r.head)


def nothing_tells_secrets(world):
    """Security case A5, of every document there is."""
    world.ask(b"GET /?token=hush HTTP/1.1\r\nHost: login.test\r\nAuthorization: Basic aHVzaDpodXNo\r\n\r\n")
    for line in [line for line, status, _ in TABLE if status == 200] + ["GET /api/overview", "GET /api/overview/frontends", "GET /api/unserved",
                                                                         "GET /api/explain?url=http://login.test/"]:
        body = ask_admin(world, line).body
        for secret in (b"IgXLP6ew", b"nohash-but-secret", b"hush", b"aHVzaD"):
            expect(secret not in body, secret, "is in", line, body)


class Listener:
    """Reads events as they come."""

    def __init__(self, port, path="/api/events", fields=b""):
        self.client = Client(port)
        self.client.send(f"GET {path} HTTP/1.1\r\nHost: api\r\n".encode() + fields + b"\r\n")
        self.head = self.client.reader.until(b"\r\n\r\n")
        self.text = b""

    def next(self, name, timeout=WAIT):
        """The data of the next event of that name; others are passed over."""
        end = time.monotonic() + timeout
        while True:
            while b"\n\n" in self.text:
                event, self.text = self.text.split(b"\n\n", 1)
                lines = dict(line.split(": ", 1) for line in event.decode().split("\n"))
                if lines.get("event") == name:
                    return json.loads(lines["data"])
            expect(time.monotonic() < end, "no event", name)
            size = int(self.client.reader.until(b"\r\n", max(0.01, end - time.monotonic())), 16)
            chunk = self.client.reader.exactly(size + 2)
            expect(size, "the stream has ended before", name)
            self.text += chunk[:-2]

    def close(self):
        self.client.sock.close()


def change_rules(world, old, new):
    path = next(word.split("=", 1)[1] for word in world.process.args if word.startswith("--file.filename="))
    with open(path) as file:
        text = file.read()
    with open(path + ".new", "w") as file:
        file.write(text.replace(old, new))
    os.rename(path + ".new", path)


def events_tell_what_changes(world):
    listener = Listener(world.admin_port)
    expect(b"Content-Type: text/event-stream\r\n" in listener.head and b"Cache-Control: no-store" in listener.head, listener.head)
    hello = listener.next("hello")
    change_rules(world, "Host:b.test", "Host:c.test")
    told = listener.next("configuration")
    expect(told["snapshot"] == hello["snapshot"] + 1, hello, told)
    for _ in range(20):
        world.ask(b"GET /m HTTP/1.1\r\nHost: a.test\r\n\r\n")
    counted = 0
    while counted < 20:
        figures = listener.next("figures")
        expect(figures["snapshot"] == told["snapshot"], figures)
        counted += round(figures["requests"] * figures["seconds"])
        if figures["requests"]:
            expect(0 < figures["p50"] <= figures["p95"] <= figures["p99"] < 5000, figures)
            expect([one["name"] for one in figures["backends"]] == ["main"], figures)
    expect(counted == 20, counted)
    change_rules(world, "Host:c.test", "Host:b.test")
    listener.next("configuration")
    listener.close()


def slow_listeners_cost_little(world):
    """200 that read nothing: the router goes on, and holds little more."""
    before, idle = memory_kib(world), []
    for _ in range(200):
        client = Client(world.admin_port)
        client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        client.send(b"GET /api/events HTTP/1.1\r\nHost: api\r\n\r\n")
        idle.append(client)
    listener = Listener(world.admin_port)
    for _ in range(3):
        listener.next("figures")
    world.probe(20)
    grown = memory_kib(world) - before
    expect(grown < 200 * 64, f"{grown} KiB for 200 listeners")
    for client in idle:
        client.sock.close()
    listener.next("figures")
    listener.close()


def auth_of_the_entrypoint_holds(world, port):
    """Security cases A6, A7: events and the rest of the API are behind the entrypoint's login, /ping and /ready are not."""
    for path in ("/api", "/api/events", "/api/errors", "/api/diagnostics", "/dashboard/", "/dashboard/main.js", "/health"):
        r = ask_admin(world, f"GET {path}", port=port)
        expect(r.status == 401, path, r.head)
    for path in ("/ping", "/ready"):
        expect(ask_admin(world, f"GET {path}", port=port).status == 200, path)
    listener = Listener(port, fields=BASIC)
    listener.next("hello")
    listener.close()


def draining_ends_the_streams(world):
    listener = Listener(world.admin_port)
    listener.next("hello")
    begin = time.monotonic()
    world.process.send_signal(signal.SIGTERM)
    expect("shutting down" in listener.next("end")["reason"])
    expect(listener.client.reader.until(b"0\r\n\r\n").endswith(b"0\r\n\r\n"))
    expect(world.process.wait(10) == 0 and time.monotonic() - begin < 3, "it waits for its listeners")
    listener.close()


def main():
    exact_memory()
    world = World(ORIGINS, RULES_HERE, "--api", "--api.statistics", workers=2)
    world.ask(b"GET /x HTTP/1.1\r\nHost: nobody.test\r\n\r\n")
    for line, status, pattern in TABLE:
        attempt(line, document_is_as_written, world, line, status, pattern)
    for function in (nothing_tells_secrets, events_tell_what_changes, slow_listeners_cost_little, draining_ends_the_streams):
        attempt(function.__name__, function, world)
    guarded = free_port()
    other = World(ORIGINS, RULES, "--api", "--api.entryPoint=guarded",
                  f"--entryPoints=Name:guarded Address:127.0.0.1:{guarded} Auth.Basic.Users:test:$apr1$H6uskkkW$IgXLP6ewTrSuBkTrqE8wj/", "--ping.entryPoint=guarded")
    attempt("auth_of_the_entrypoint_holds", auth_of_the_entrypoint_holds, other, guarded)
    finish(world, other)


main()
