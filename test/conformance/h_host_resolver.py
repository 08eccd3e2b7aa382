#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""hostResolver.cnameFlattening against a DNS server on loopback (spec/rules.md 9)."""
import contextlib
import json
import struct

from _lib import *

RULES_MORE = """
[frontends.edge]
backend = "other"
passHostHeader = true
[frontends.edge.routes.r]
rule = "Host:edge.test;PathPrefix:/m"
"""
TYPE_CNAME = 5
OK, FAILED, NO_NAME = 0, 2, 3


class Dns:
    """Answers questions for CNAME records: `records` is name -> target, None (no answer comes) or a code."""

    def __init__(self, records):
        self.records = records
        self.asked = []
        self.ttl = 60
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind(("127.0.0.1", 0))
        self.port = self.sock.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    @staticmethod
    def encode(name):
        return b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0"

    def serve(self):
        while True:
            with contextlib.suppress(OSError):
                message, peer = self.sock.recvfrom(2048)
                self.answer(message, peer)
                continue
            return

    def answer(self, message, peer):
        at, labels = 12, []
        while message[at]:
            labels.append(message[at + 1:at + 1 + message[at]].decode())
            at += 1 + message[at]
        question, kind = message[12:at + 5], struct.unpack(">H", message[at + 1:at + 3])[0]
        name = ".".join(labels).lower()
        self.asked.append((name, kind))
        found = self.records.get(name, NO_NAME)
        if found is None:
            return
        code, record = (found, b"") if isinstance(found, int) else (OK, self.encode(found))
        answer = b"\xc0\x0c" + struct.pack(">HHIH", TYPE_CNAME, 1, self.ttl, len(record)) + record if record else b""
        head = message[:2] + struct.pack(">HHHHH", 0x8180 | code, 1, bool(answer), 0, 0)
        with contextlib.suppress(OSError):
            self.sock.sendto(head + question + answer, peer)


@contextlib.contextmanager
def world_with(dns, *flags, resolv_conf=None, name="resolv.conf"):
    """A router that asks that server. Its start asks for a.test."""
    with tempfile.TemporaryDirectory(prefix="conformance.") as folder:
        path = os.path.join(folder, name)
        with open(path, "w") as file:
            file.write(resolv_conf or f"# ours\nnameserver 127.0.0.1:{dns.port}\n")
        w = World(ORIGINS, RULES + RULES_MORE, "--hostResolver.cnameFlattening", f"--hostResolver.resolvConfig={path}", "--api",
                  *flags)
        dns.asked.clear()
        try:
            yield w
        finally:
            attempt("the router ends well and the sanitizers are silent", lambda: expect(w.stop(), "see the log above"))


def status(world, host, path="/m"):
    return world.ask(f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode(), timeout=8).status


def reaches(world, host, origin, path="/m"):
    world.forget()
    expect(status(world, host, path) == 200, "no 200 for", host)
    seen = world[origin].requests
    expect(len(seen) == 1 and seen[0].one("Host") == host.encode(), "at", origin, [r.head for r in world.seen()])


def follows(world, dns):
    """Two records lead to the name of a rule; the server gets the client's own Host."""
    reaches(world, "Shop.Customer.Test", "other")
    expect([n for n, _ in dns.asked] == ["shop.customer.test", "cdn.test", "edge.test"], "asked", dns.asked)
    expect(all(kind == TYPE_CNAME for _, kind in dns.asked), "asked", dns.asked)
    reaches(world, "shop.customer.test", "other")
    expect(len(dns.asked) == 3, "asked again", dns.asked)
    expect(status(world, "shop.customer.test", "/elsewhere") == 404, "another path")


def explains(world, dns):
    """/api/explain knows what the worker has been told."""
    reaches(world, "told.test", "other")
    with Client(world.admin_port) as c:
        c.send(b"GET /api/explain?url=http://told.test/m HTTP/1.1\r\nHost: api\r\n\r\n")
        document = json.loads(c.response().body)
    expect(document["request"]["alias"] == "edge.test" and document["frontend"]["name"] == "edge", document)


def leads_nowhere(world, dns):
    """No such name, a code of failure, a record of nonsense: the host stands for itself."""
    for host in ("nothing.test", "broken.test", "bad.test"):
        expect(status(world, host) == 404, host)
    expect(status(world, "b.test") == 200, "the name of a rule")


def silent_server(world, dns):
    """No answer comes: the first one waits two seconds, the next not at all, and others never."""
    begin = time.monotonic()
    with world.connect() as waiting:
        waiting.send(b"GET /m HTTP/1.1\r\nHost: silent.test\r\n\r\n")
        reaches(world, "shop2.test", "other")
        expect(time.monotonic() - begin < 1.5, "another host waited")
        expect(waiting.response(timeout=8).status == 404, "no 404")
    waited = time.monotonic() - begin
    expect(1.8 < waited < 4, "waited", waited)
    begin = time.monotonic()
    expect(status(world, "silent.test") == 404, "no 404")
    expect(time.monotonic() - begin < 1, "waited again")


def client_leaves(world, dns):
    """Whoever leaves while his host is asked for takes nothing with him."""
    with world.connect() as c:
        c.send(b"GET /m HTTP/1.1\r\nHost: late.test\r\n\r\n")
        time.sleep(0.1)
    reaches(world, "a.test", "main")


def test_following():
    dns = Dns({"shop.customer.test": "CDN.test", "cdn.test": "edge.test", "shop2.test": "edge.test", "told.test": "edge.test",
               "broken.test": FAILED, "bad.test": "a b.test", "silent.test": None, "late.test": None})
    with world_with(dns) as world:
        for function in (follows, explains, leads_nowhere, silent_server, client_leaves):
            attempt(function.__name__ + ": " + function.__doc__, function, world, dns)


def test_depth():
    dns = Dns({"one.test": "edge.test", "two.test": "one.test"})
    with world_with(dns, "--hostResolver.resolvDepth=1") as world:
        attempt("resolvDepth: one record", reaches, world, "one.test", "other")
        attempt("resolvDepth: not two", lambda: expect(status(world, "two.test") == 404))


def test_from_toml():
    dns = Dns({"one.test": "edge.test"})
    with tempfile.TemporaryDirectory(prefix="conformance.") as folder:
        with open(f"{folder}/resolv.conf", "w") as file:
            file.write(f"nameserver 127.0.0.1:{dns.port}\n")
        with open(f"{folder}/static.toml", "w") as file:
            file.write(f'[hostResolver]\ncnameFlattening = true\nresolvConfig = "{folder}/resolv.conf"\nresolvDepth = 2\n')
        world = World(ORIGINS, RULES + RULES_MORE, f"--configFile={folder}/static.toml")
        attempt("hostResolver in TOML", reaches, world, "one.test", "other")
        attempt("the router ends well and the sanitizers are silent", lambda: expect(world.stop(), "see the log above"))


def refused_start(text, wanted):
    with tempfile.TemporaryDirectory(prefix="conformance.") as folder:
        if text is not None:
            with open(f"{folder}/resolv.conf", "w") as file:
                file.write(text)
        done = subprocess.run([os.environ.get("WAYBILL", "build/asan/waybill"), "--entryPoints=Name:http Address:127.0.0.1:0",
                               "--hostResolver.cnameFlattening", f"--hostResolver.resolvConfig={folder}/resolv.conf"],
                              capture_output=True, text=True, timeout=20)
        expect(done.returncode == 1 and wanted in done.stdout, done.returncode, done.stdout, done.stderr)


def test_servers_that_cannot_be_used():
    attempt("no file: the start is refused", refused_start, None, "resolv.conf: No such file or directory")
    attempt("no server: the start is refused", refused_start, "search a.test\n", "names no server")
    attempt("no address: the start is refused", refused_start, "nameserver dns.test\n", "write an IP address")


if __name__ == "__main__":
    test_following()
    test_depth()
    test_from_toml()
    test_servers_that_cannot_be_used()
    finish()
