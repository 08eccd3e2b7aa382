#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""HTTP/2 over TLS: chosen by ALPN, and then the same as in clear."""
import ssl
import subprocess

from _certificates import *
from _h2 import *
from _lib import *

make_ca("ca")
make_certificate("a", "ca", "DNS:a.test")
make_certificate("b", "ca", "DNS:b.test")
PORTS = {name: free_port() for name in ("https", "strict", "proxy")}
PAIRS = ";".join(f"{path_of(name + '.pem')},{path_of(name + '.key')}" for name in ("a", "b"))
FLAGS = [f"--entryPoints=Name:https Address:127.0.0.1:{PORTS['https']} TLS:{PAIRS}",
         f"--entryPoints=Name:strict Address:127.0.0.1:{PORTS['strict']} TLS:{PAIRS} TLS.SniStrict:true",
         f"--entryPoints=Name:proxy Address:127.0.0.1:{PORTS['proxy']} TLS:{PAIRS} ProxyProtocol.TrustedIPs:127.0.0.1",
         "--defaultEntryPoints=http,https,strict,proxy", "--accesslog"]


def context(*protocols, version=None):
    made = ssl.create_default_context(cafile=path_of("ca.pem"))
    if protocols:
        made.set_alpn_protocols(protocols)
    if version:
        made.minimum_version = made.maximum_version = version
    return made


def secure(entrypoint="https", name="a.test", protocols=("h2", "http/1.1"), version=None, **options):
    return H2(PORTS[entrypoint], tls=context(*protocols, version=version), name=name, **options)


@row
def chosen_by_alpn(world):
    """h2 where it is offered, and only there."""

    def chosen(version):
        world.forget()
        with secure(version=version) as c:
            expect(c.sock.selected_alpn_protocol() == "h2")
            expect(c.ask(scheme=b"https").status == 200)
            expect(c.ask(3, scheme=b"https", authority=b"a.test:%d" % PORTS["https"]).status == 200)
        first, second = world.wait_seen(2)
        expect(first.one("X-Forwarded-Proto") == b"https" and first.one("X-Forwarded-Port") == b"443", first.head)
        expect(second.one("X-Forwarded-Port") == b"%d" % PORTS["https"], second.head)
        world.forget()

    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        attempt(version.name, chosen, version)

    def http1(protocols):
        with secure(protocols=protocols, begin=False) as c:
            expect(c.sock.selected_alpn_protocol() == (protocols[0] if protocols else None))
            c.send(request())
            expect(c.reader.until(b"\r\n\r\n").startswith(b"HTTP/1.1 200"))
        world.forget()

    attempt("http/1.1", http1, ("http/1.1",))
    attempt("no ALPN", http1, ())

    def not_by_preface(protocols):
        """RFC 9113 3.2: over TLS the protocol is what was agreed on."""
        with secure(protocols=protocols, begin=False) as c:
            c.send(PREFACE, settings())
            expect(c.reader.until(b"\r\n\r\n").startswith(b"HTTP/1.1 505"))

    attempt("a preface without h2", not_by_preface, ("http/1.1",))
    attempt("a preface without ALPN", not_by_preface, ())

    def no_preface():
        with secure(begin=False) as c:
            c.send(request())
            c.to_end()
            expect(c.goaway and c.goaway[1] == PROTOCOL_ERROR, c.goaway)

    attempt("h2 without a preface", no_preface)


@row
def as_in_clear(world):
    """Bodies, many streams, and what comes before."""

    def bodies():
        body = os.urandom(1 << 20)
        world["main"].script = lambda conn, r: (conn.body_of(r), conn.send(reply(200, [], r.body)))[1]
        with secure() as c:
            c.send(settings((INITIAL_WINDOW_SIZE, 1 << 30)), frame(WINDOW_UPDATE, 0, 0, u32(1 << 30)))
            c.settle()
            c.send(headers(1, end=False, method=b"POST"))
            for at in range(0, len(body), 16384):
                c.until(lambda: 65535 + c.windows[0] - at >= 16384 and c.settings[INITIAL_WINDOW_SIZE] + c.windows[1] - at >= 16384)
                c.send(frame(DATA, END_STREAM if at + 16384 == len(body) else 0, 1, body[at:at + 16384]))
            expect(c.answer(1).body == body, len(c.answers[1].body))
        world.default()
        world.forget()

    attempt("1 MiB each way", bodies)

    def many():
        with secure() as c:
            for i in range(80):
                c.send(headers(2 * i + 1, more=[(b"x-tag", b"t%d" % i)]))
            for i in range(80):
                expect(c.answer(2 * i + 1).one("x-tag") == f"t{i}")
        world.forget()

    attempt("many at once", many)

    def behind_proxy():
        world.forget()
        with secure("proxy", before=b"PROXY TCP4 192.0.2.7 192.0.2.8 1 2\r\n") as c:
            expect(c.ask().status == 200)
        expect(world.wait_seen(1)[0].one("X-Forwarded-For") == b"192.0.2.7", world.seen()[0].head)
        world.forget()

    attempt("behind a PROXY header", behind_proxy)

    def curl():
        done = subprocess.run(["curl", "-sS", "--fail", "--max-time", "10", "--cacert", path_of("ca.pem"), "-o", "/dev/null", "-w", "%{http_version}",
                               "--resolve", f"a.test:{PORTS['https']}:127.0.0.1", f"https://a.test:{PORTS['https']}/m"], capture_output=True, text=True, timeout=20)
        expect(done.stdout == "2", done.stdout, done.stderr)
        world.forget()

    attempt("curl", curl)


@row
def T2_coalesced_names(world):
    """T2: a connection made for one name is not good for a name that would not have been let in."""

    def check():
        with secure("strict") as c:
            expect(c.ask(1).status == 200)
            expect(c.ask(3, authority=b"b.test").status == 200, "b.test has a certificate too")
            expect(c.ask(5, authority=b"other.test").status == 421, c.answers[5].status)
            expect(c.ask(7).status == 200 and not c.goaway)
        world.forget()

    attempt("421", check)


world = World(ORIGINS, RULES, *FLAGS)
run(world)
finish(world)
