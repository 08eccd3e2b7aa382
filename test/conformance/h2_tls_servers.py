#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What is spoken to https servers is what they agree to (ALPN); and how servers over HTTP/2 are checked."""
import ssl
import threading
import time

import grpc

from _certificates import *
from _h2_origin import *
from _lib import *


def context_of(name, *protocols, version=None):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path_of(f"{name}.pem"), path_of(f"{name}.key"))
    if protocols:
        context.set_alpn_protocols(protocols)
    if version:
        context.minimum_version = context.maximum_version = version
    return context


class OldConn(OriginConn):
    """HTTP/1 on a connection that H2Origin has accepted."""

    def serve(self):
        while True:
            request = Request(self.reader.until(b"\r\n\r\n", 600)[:-2])
            with self.origin.lock:
                self.origin.old_requests.append(request)
            if request.one("Upgrade"):
                self.send(b"HTTP/1.1 101 Switching\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\n")
                while got := self.sock.recv(65536):
                    self.send(got)
                return
            answer(self, request)


class TlsOrigin(H2Origin):
    """Speaks what was agreed on."""

    def __init__(self, name, context):
        self.old_requests, self.handshakes = [], 0
        super().__init__(name, context=context)

    def serve(self, sock):
        try:
            sock = self.context.wrap_socket(sock, server_side=True)
        except OSError:
            return
        self.handshakes += 1
        is_h2 = sock.selected_alpn_protocol() == "h2"
        conn = H2Conn(self, sock) if is_h2 else OldConn(self, sock)
        with self.lock:
            self.conns.append(conn)
        try:
            conn.serve()
        except (EOFError, Closed, OSError, AssertionError) as error:
            conn.error = error
        conn.ended.set()
        sock.close()


make_ca("ca")
make_certificate("good", "ca", "DNS:localhost,IP:127.0.0.1")
origins = {"both": TlsOrigin("both", context_of("good", "h2", "http/1.1")), "old": TlsOrigin("old", context_of("good", "http/1.1")),
           "none": TlsOrigin("none", context_of("good")), "only": TlsOrigin("only", context_of("good", "h2")),
           "twelve": TlsOrigin("twelve", context_of("good", "h2", "http/1.1", version=ssl.TLSVersion.TLSv1_2))}
plain, sick = H2Origin("plain"), H2Origin("sick")
with open(path_of("good.key"), "rb") as key, open(path_of("good.pem"), "rb") as cert:
    credentials = grpc.ssl_server_credentials([(key.read(), cert.read())])


def frontend(name, url, more=""):
    return f"""
[backends.{name}.servers.s]
url = "{url}"
{more}
[frontends.{name}]
backend = "{name}"
passHostHeader = true
[frontends.{name}.routes.r]
rule = "Host:{name}.test"
"""


CHECK = '[backends.{}.healthCheck]\npath = "/health"\ninterval = "200ms"\n'
H2_RULES = RULES + "".join(frontend(name, f"https://localhost:{origin.port}") for name, origin in origins.items()) + "".join((
    frontend("plain", f"h2c://127.0.0.1:{plain.port}", CHECK.format("plain")),
    frontend("sick", f"h2c://127.0.0.1:{sick.port}", CHECK.format("sick"))))


def ask(host, fields=b"", method=b"GET", body=b"", path=b"/m"):
    return method + b" " + path + b" HTTP/1.1\r\nHost: " + host.encode() + b".test\r\n" + fields + b"\r\n" + body


def wait(condition, what, timeout=WAIT):
    end = time.monotonic() + timeout
    while not condition():
        expect(time.monotonic() < end, "in vain waited for:", what)
        time.sleep(0.005)


@row
def what_is_agreed_on_is_spoken(world):
    """HTTP/2 with who wants it, HTTP/1 with who does not; bodies pass; later requests share the connection."""

    def speaks(host, is_h2):
        origin = origins[host]
        for i in range(3):
            body = b"%d" % i * 100000
            r = world.ask(ask(host, b"X-Tag: t%d\r\nContent-Length: %d\r\n" % (i, len(body)), b"POST", body))
            expect(r.status == 200 and r.one("x-tag") == b"t%d" % i and b" %d" % len(body) in r.body, r.head, r.body)
        seen = [q for q in origin.requests if q.one(":scheme") == b"https"]
        expect(len(seen) == (3 if is_h2 else 0) and len(origin.old_requests) == (0 if is_h2 else 3), seen, origin.old_requests)
        expect(origin.handshakes == 1, "handshakes:", origin.handshakes)

    for host in origins:
        attempt(host, speaks, host, host not in ("old", "none"))


@row
def a_protocol_is_switched_on_http_1(world):
    """Who asks for another protocol gets a connection on which it can be switched, even where HTTP/2 is spoken."""

    def tunnel():
        with world.connect() as c:
            c.send(ask("both", b"Upgrade: echo\r\nConnection: Upgrade\r\n"))
            r = c.response()
            expect(r.status == 101 and r.one("Upgrade") == b"echo", r.head)
            c.send(b"to and fro")
            expect(c.reader.exactly(10) == b"to and fro")
        expect(origins["both"].old_requests[-1].one("Upgrade") == b"echo")
        before = len(origins["both"].requests)
        expect(world.ask(ask("both")).status == 200 and len(origins["both"].requests) == before + 1, "HTTP/2 no longer")

    attempt("tunnel", tunnel)


@row
def a_certificate_counts_for_http_2_too(world):
    """An https server that ends the connection and comes back resumes; one that goes away is replaced."""

    def comes_back():
        origin = origins["only"]
        for conn in list(origin.conns):
            conn.close()
        wait(lambda: all(conn.ended.is_set() for conn in origin.conns), "the end")
        r = world.ask(ask("only"))
        expect(r.status == 200, r.head)
        expect(origin.conns[-1].sock.session_reused, "a full handshake")

    attempt("comes back", comes_back)


@row
def checks(world):
    """A server over HTTP/2 is checked over HTTP/2, each time on a connection that ends with the check."""

    def well():
        wait(lambda: len([q for q in plain.requests if q.target == b"/health"]) >= 3, "three checks")
        q = [q for q in plain.requests if q.target == b"/health"][-1]
        expect(q.fields[:2] == [(b":method", b"GET"), (b":scheme", b"http")] and q.one("connection") is None, q.fields)
        wait(lambda: len([c for c in plain.live() if c.requests]) <= 2, "the connections' end")
        expect(world.ask(ask("plain")).status == 200)

    def ill():
        sick.script = lambda q: q.answer(500) if q.target == b"/health" else usual(q)
        wait(lambda: world.ask(ask("sick")).status == 503, "503")
        sick.script = lambda q: q.reset(INTERNAL_ERROR) if q.target == b"/health" else usual(q)
        time.sleep(0.3)
        expect(world.ask(ask("sick")).status == 503)
        sick.script = usual
        wait(lambda: world.ask(ask("sick")).status == 200, "200")

    attempt("well", well)
    attempt("ill, and well again", ill)


class Echo(grpc.GenericRpcHandler):
    def service(self, details):
        return grpc.unary_unary_rpc_method_handler(lambda message, context: message)


def grpc_over_tls():
    """A gRPC server that shows a certificate, asked by a client in clear."""
    from concurrent import futures
    server = grpc.server(futures.ThreadPoolExecutor(8), [Echo()])
    port = server.add_secure_port("localhost:0", credentials)
    server.start()
    world = World(ORIGINS, RULES + frontend("secure", f"https://localhost:{port}"), f"--rootCAs={path_of('ca.pem')}")

    def calls():
        with grpc.insecure_channel(f"127.0.0.1:{world.port}", [("grpc.default_authority", "secure.test")]) as channel:
            call = channel.unary_unary("/test.Service/echo")
            for size in (0, 1, 100000):
                expect(call(b"x" * size, timeout=10) == b"x" * size, size)

    attempt("gRPC to an https server", calls)
    server.stop(None)
    return world


world = World(ORIGINS, H2_RULES, f"--rootCAs={path_of('ca.pem')}")
run(world)
finish(world, grpc_over_tls())
