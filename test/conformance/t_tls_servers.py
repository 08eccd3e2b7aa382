#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Servers over TLS, and who is asked over TLS, as Python's ssl speaks it: who is believed, what passes, what a cut or a silence is."""
import ssl
import threading
import time

from _certificates import *
from _lib import *

MIB = bytes(range(256)) * 4096


def context_of(name, version=None, clients=None):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path_of(f"{name}.pem"), path_of(f"{name}.key"))
    context.set_alpn_protocols(["http/1.1"])
    if version:
        context.minimum_version = context.maximum_version = version
    if clients:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(path_of(f"{clients}.pem"))
    return context


class SecureOrigin(Origin):
    """An origin over TLS; a handshake that fails never reaches the script."""

    def __init__(self, name, context, script=None):
        self.context, self.names = context, []
        context.sni_callback = lambda sock, host, _: self.names.append(host)
        super().__init__(name, script)

    def serve(self, conn):
        try:
            conn.sock.settimeout(20)
            conn.sock = self.context.wrap_socket(conn.sock, server_side=True)
        except OSError:
            conn.over = True
            conn.close()
            return
        conn.reader = Reader(conn.sock)
        super().serve(conn)


class Halting:
    """A listener that passes on one by one the bytes of the server behind it; without one, it says this and no more."""

    def __init__(self, port=None, says=b""):
        self.target, self.says, self.socks = port, says, []
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.port = self.listening.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            sock, _ = self.listening.accept()
            self.socks.append(sock)
            sock.sendall(self.says)
            if self.target:
                there = socket.create_connection(("127.0.0.1", self.target))
                for end in (sock, there):
                    end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                threading.Thread(target=self.pump, args=(sock, there, 65536), daemon=True).start()
                threading.Thread(target=self.pump, args=(there, sock, 1), daemon=True).start()

    @staticmethod
    def pump(source, target, size):
        try:
            while got := source.recv(65536):
                for at in range(0, len(got), size):
                    target.sendall(got[at:at + size])
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass


def sized(conn, request):
    """Sends back what came, or so many bytes as the path says."""
    conn.body_of(request)
    body = request.body or MIB[:int(request.target.rsplit(b"/", 1)[1])]
    conn.send(reply(200, [b"X-Tag: " + tag_of(request)], body))


make_ca("ca")
make_ca("other-ca")
make_certificate("good", "ca", "DNS:localhost,IP:127.0.0.1")
make_certificate("elsewhere", "ca", "DNS:elsewhere.test")
make_certificate("expired", "ca", "DNS:localhost", days="-1")
make_certificate("stranger", "other-ca", "DNS:localhost,IP:127.0.0.1")
make_certificate("router", "ca", "DNS:router.test")

good = SecureOrigin("good", context_of("good"), sized)
old_version = SecureOrigin("old-version", context_of("good", ssl.TLSVersion.TLSv1_2), sized)
new_version = SecureOrigin("new-version", context_of("good", ssl.TLSVersion.TLSv1_3), sized)
bad = {name: SecureOrigin(name, context_of(name), sized) for name in ("elsewhere", "expired", "stranger")}
guards = {"guard": SecureOrigin("guard", context_of("good"), guard),
          "strict": SecureOrigin("strict", context_of("good", clients="ca"), guard),
          "impostor": SecureOrigin("impostor", context_of("stranger"), guard)}
dribble, mute, clear = Halting(good.port), Halting(), Halting(says=b"HTTP/1.1 400 Bad Request\r\n\r\n")

URLS = {"good": f"https://localhost:{good.port}", "address": f"https://127.0.0.1:{good.port}",
        "old-version": f"https://localhost:{old_version.port}", "new-version": f"https://localhost:{new_version.port}",
        "dribble": f"https://localhost:{dribble.port}", "mute": f"https://localhost:{mute.port}",
        "clear": f"https://localhost:{clear.port}", "mixed": f"https://localhost:{bad['stranger'].port}",
        **{name: f"https://localhost:{origin.port}" for name, origin in bad.items()}}


def frontend(name, backend, more=""):
    return f"""
[frontends.{name}]
backend = "{backend}"
passHostHeader = true
[frontends.{name}.routes.r]
rule = "Host:{name}.test"
{more}"""


def guarded(name, port, tls):
    return frontend(name, "main", f"""
[frontends.{name}.auth.forward]
address = "https://localhost:{port}/check"
authResponseHeaders = ["X-Auth-User"]
{tls and f"[frontends.{name}.auth.forward.tls]"}
{tls}""")


CA, PAIR = f'ca = "{path_of("ca.pem")}"', f'cert = "{path_of("router.pem")}"\nkey = "{path_of("router.key")}"'
RULES = """
[backends.main.servers.s]
url = "http://127.0.0.1:<main>"
""" + "".join(f'[backends.{name}.servers.s]\nurl = "{url}"\n' for name, url in URLS.items()) + f"""
[backends.mixed.servers.t]
url = "https://localhost:{good.port}"
""" + frontend("a", "main") + "".join(frontend(name, name) for name in URLS) + "".join((
    guarded("asked", guards["guard"].port, CA),
    guarded("literal", guards["guard"].port, 'ca = """' + text_of("ca.pem") + '"""'),
    guarded("system", guards["guard"].port, ""),
    guarded("impostor", guards["impostor"].port, CA),
    guarded("skipping", guards["impostor"].port, "insecureSkipVerify = true"),
    guarded("shown", guards["strict"].port, CA + "\n" + PAIR),
    guarded("unshown", guards["strict"].port, CA),
    guarded("unread", guards["guard"].port, 'ca = "/nowhere/ca.pem"'),
    guarded("half", guards["guard"].port, CA + f'\ncert = "{path_of("router.pem")}"')))


def ask(host, path=b"/0", fields=b"", method=b"GET", body=b""):
    return method + b" " + path + b" HTTP/1.1\r\nHost: " + host.encode() + b".test\r\nX-Tag: t\r\n" + fields + b"\r\n" + body


def status_of(world, host, fields=b"", timeout=WAIT):
    return world.ask(ask(host, fields=fields), timeout=timeout).status


@row
def bodies_pass_both_ways(world):
    """1 MiB up and down, with a length and in chunks, over 1.2 and 1.3"""
    for host in ("old-version", "new-version"):
        with world.connect() as c:
            c.send(ask(host, b"/echo", b"Content-Length: %d\r\n" % len(MIB), b"POST", MIB))
            attempt(f"{host}: with a length", lambda: expect(c.response(timeout=20).body == MIB, "other bytes"))
            c.send(ask(host, b"/echo", b"Transfer-Encoding: chunked\r\n", b"POST", chunked(MIB, (70000, 3, 16384))))
            attempt(f"{host}: in chunks", lambda: expect(c.response(timeout=20).body == MIB, "other bytes"))
            c.send(ask(host, b"/%d" % len(MIB)))
            attempt(f"{host}: down", lambda: expect(c.response(timeout=20).body == MIB, "other bytes"))
    attempt("1.2 was spoken", lambda: expect(old_version.conns[-1].sock.version() == "TLSv1.2"))
    attempt("1.3 was spoken", lambda: expect(new_version.conns[-1].sock.version() == "TLSv1.3"))
    attempt("http/1.1 was agreed on", lambda: expect(new_version.conns[-1].sock.selected_alpn_protocol() == "http/1.1"))


@row
def a_connection_is_kept_and_a_session_resumed(world):
    """requests share a connection; one that the server has closed is replaced, by a shorter handshake"""

    def check():
        good.close_conns()
        time.sleep(0.1)
        before = len(good.conns)
        for host in ("good", "good", "good"):
            expect(status_of(world, host) == 200, "no answer")
        expect(len(good.conns) == before + 1, f"{len(good.conns) - before} connections")
        good.close_conns()
        expect(status_of(world, "good") == 200, "no answer after the close")
        expect(good.conns[-1].sock.session_reused, "a full handshake")

    attempt("kept and resumed", check)


@row
def the_host_of_the_url_is_the_name(world):
    """whatever Host the client sends"""

    def check():
        good.close_conns()
        time.sleep(0.1)
        good.names.clear()
        good.requests.clear()
        r = world.ask(ask("good"))
        expect(r.status == 200 and good.names[-1] == "localhost", good.names)
        expect(good.requests[-1].one("Host") == b"good.test", good.requests[-1].head)

    attempt("SNI is the URL's host", check)
    attempt("an address is verified as one", lambda: expect(status_of(world, "address") == 200))


@row
def who_cannot_prove_his_name_gets_nothing(world):
    """another signer, another name, expired: 502, not a byte said, and the log says what is wrong"""
    said = {"stranger": "signed by nobody who is trusted", "elsewhere": "for another name", "expired": "not valid now"}
    for name, origin in bad.items():
        attempt(f"{name}: 502", lambda: expect(status_of(world, name) == 502))
        attempt(f"{name}: nothing was heard", lambda: expect(origin.names and not origin.requests))
        attempt(f"{name}: the log", lambda: expect(said[name] in world.log() and f":{origin.port}" in world.log()))
    for _ in range(4):
        attempt("another server takes it", lambda: expect(status_of(world, "mixed") == 200))
    attempt("a server in clear", lambda: expect(status_of(world, "clear") == 502))
    attempt("and the log", lambda: expect("does not speak TLS 1.2 or later" in world.log()))


@row
def a_cut_is_no_end(world):
    """an answer that ends with the connection is whole only with a close_notify"""
    head = b"HTTP/1.1 200 Fine\r\n\r\n"

    def end_well(conn, request):
        conn.send(head, b"whole")
        conn.sock.unwrap()
        return False

    def cut(conn, request):
        conn.send(head, b"half")
        time.sleep(0.1)
        socket.socket(fileno=conn.sock.detach()).close()
        return False

    def check(script, wanted):
        good.script = script
        with world.connect() as c:
            c.send(ask("good"))
            try:
                expect(c.response().body == wanted, "not what was sent")
            except Closed:
                expect(wanted is None, "cut")

    try:
        attempt("with close_notify", check, end_well, b"whole")
        attempt("without", check, cut, None)
    finally:
        good.script = sized


@row
def silence_has_an_end(world):
    """after the handshake, the time for an answer"""
    good.script = lambda conn, request: time.sleep(3)
    try:
        attempt("504", lambda: expect(status_of(world, "good") == 504))
    finally:
        good.script = sized


@row
def any_cut_of_the_bytes_gives_the_same(world):
    """a server whose bytes come one by one, in the handshake too"""
    attempt("one by one", lambda: expect(world.ask(ask("dribble", b"/20000"), timeout=20).body == MIB[:20000]))
    attempt("again", lambda: expect(world.ask(ask("dribble", b"/5000"), timeout=20).body == MIB[:5000]))


@row
def a_tunnel_leads_through(world):
    """after an upgrade, as websockets ask for it"""

    def upgrade(conn, request):
        conn.send(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n")
        while (got := conn.sock.recv(65536)):
            conn.send(got)
        return False

    def check():
        with world.connect() as c:
            c.send(ask("good", fields=b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"))
            expect(c.head().status == 101, "no upgrade")
            for part in (b"x", MIB[:100000]):
                c.send(part)
                expect(c.reader.exactly(len(part)) == part, "other bytes")
            c.shut()
            expect(c.closed(), "goes on")

    good.script = upgrade
    try:
        attempt("to and fro", check)
    finally:
        good.script = sized


@row
def who_is_asked_is_verified(world):
    """forward auth over TLS: nobody passes by the word of a stranger, or where a file cannot be read"""
    token = b"X-Token: good\r\n"

    def check(host, wanted, fields=token):
        world.forget()
        expect(status_of(world, host, fields) == wanted, "another status")
        expect(len(world.seen()) == (wanted == 200), "seen", len(world.seen()))

    for host, status in {"asked": 200, "literal": 200, "shown": 200, "skipping": 200, "system": 500, "impostor": 500,
                         "unshown": 500, "unread": 503, "half": 503}.items():
        attempt(f"{host} is {status}", check, host, status)
    attempt("who has no token", check, "asked", 401, b"")
    attempt("the options share one connection", lambda: expect(len([c for c in guards["guard"].conns if not c.over]) <= 2))
    log = world.log()
    attempt("the log names the file", lambda: expect("auth.forward.tls.ca: /nowhere/ca.pem: No such file" in log))
    attempt("and what is missing", lambda: expect("auth.forward.tls.key: missing" in log))
    world.forget()


def skipping_worlds():
    """--insecureSkipVerify believes everybody, but not beside --rootCAs; a bad file stops the start"""
    world = World({"main": None}, RULES, "--insecureSkipVerify")
    for name in bad:
        attempt(f"{name} is believed", lambda: expect(status_of(world, name) == 200))
        bad[name].requests.clear()
    attempt("and warned about", lambda: expect("SECURITY: insecureSkipVerify" in world.log()))
    both = World({"main": None}, RULES, "--insecureSkipVerify", f"--rootCAs={path_of('ca.pem')}")
    attempt("beside rootCAs nobody is believed unseen", lambda: expect(status_of(both, "stranger") == 502))
    attempt("but who can prove it", lambda: expect(status_of(both, "good") == 200))
    literal = World({"main": None}, RULES, "--rootCAs=" + text_of("other-ca.pem"))
    attempt("literal text: whom it names", lambda: expect(status_of(literal, "stranger") == 200))
    attempt("and nobody else", lambda: expect(status_of(literal, "good") == 502))
    done = subprocess.run([os.environ.get("WAYBILL", "build/asan/waybill"), "--file", "--rootCAs=/nowhere.pem"],
                          capture_output=True, text=True, timeout=20)
    attempt("a file that is not there", lambda: expect(done.returncode == 1 and "rootCAs: /nowhere.pem: No such file" in
                                                       done.stdout + done.stderr, done.stdout, done.stderr))
    return world, both, literal


def main():
    world = World({"main": None}, RULES, f"--rootCAs={path_of('ca.pem')}", "--forwardingTimeouts.responseHeaderTimeout=1s")
    late = world.connect()
    late.send(ask("mute"))
    asked_at = time.monotonic()
    run(world)
    others = skipping_worlds()

    def check():
        r = late.response(timeout=15)
        waited = time.monotonic() - asked_at
        expect(r.status == 504, r.head)
        expect("did not finish the handshake in time" in world.log(), "the log")

    attempt("a handshake that never comes is given up after 10 s", check)
    late.sock.close()
    finish(world, *others)


main()
