#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Clients over TLS, as Python's ssl and openssl s_client speak it: security cases T1 to T4, T6 and D3, certificates that change,
what servers are told of who showed one."""
import json
import shutil
import ssl
import threading
import time
import urllib.parse

from _certificates import *
from _lib import *

MIB = bytes(range(256)) * 4096
make_ca("ca")
make_ca("other-ca")
make_certificate("a", "ca", "DNS:a.test,DNS:tls.test")
make_certificate("b", "ca", "DNS:b.test")
make_certificate("wild", "ca", "DNS:*.w.test")
make_certificate("later", "ca", "DNS:later.test")
make_certificate("next", "ca", "DNS:changing.test")
make_certificate("changing", "ca", "DNS:changing.test")
make_certificate("address", "ca", "IP:127.0.0.1")
make_certificate("client", "ca", "DNS:who.test")
make_certificate("stranger", "other-ca", "DNS:who.test")

make_certificate("server", "ca", "DNS:localhost")


class AskingOrigin(Origin):
    """A server over TLS that wants to know who calls."""

    def __init__(self):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(path_of("server.pem"), path_of("server.key"))
        self.context.load_verify_locations(path_of("ca.pem"))
        self.context.verify_mode = ssl.CERT_REQUIRED
        self.callers = []
        super().__init__("asking")

    def serve(self, conn):
        try:
            conn.sock.settimeout(20)
            conn.sock = self.context.wrap_socket(conn.sock, server_side=True)
            self.callers.append(conn.sock.getpeercert(True))
        except OSError:
            conn.over = True
            conn.close()
            return
        conn.reader = Reader(conn.sock)
        super().serve(conn)


asking = AskingOrigin()
PORTS = {name: free_port() for name in ("https", "strict", "checked", "asked", "broken", "open", "proxy", "go", "address")}


def pair(name):
    return f"{path_of(name + '.pem')},{path_of(name + '.key')}"


def flag(name, more):
    return f"--entryPoints=Name:{name} Address:127.0.0.1:{PORTS[name]} {more}"


FLAGS = [
    "--api",
    flag("https", f"TLS:{pair('a')};{pair('b')};{pair('wild')};{pair('changing')}"),
    flag("address", f"TLS:{pair('a')};{pair('address')} TLS.SniStrict:true"),
    flag("strict", f"TLS:{pair('a')};{pair('b')};{pair('wild')} TLS.SniStrict:true"),
    flag("checked", f"TLS:{pair('a')} CA:{path_of('ca.pem')}"),
    flag("asked", f"TLS:{pair('a')} CA:{path_of('ca.pem')} CA.Optional:true"),
    flag("broken", f"TLS:{pair('a')} CA:{path_of('nowhere.pem')}"),
    flag("open", f"TLS:{pair('a')} CA:{path_of('empty.pem')} CA.Optional:true"),
    flag("proxy", f"TLS:{pair('a')} ProxyProtocol.TrustedIPs:127.0.0.1"),
    flag("go", "Redirect.EntryPoint:https"),
]
open(path_of("empty.pem"), "w").close()

POINTS = 'entryPoints = ["http", "https", "strict", "checked", "asked", "broken", "open", "proxy", "go"]'


def frontend(name, rule, more=""):
    return f"""
[frontends.{name}]
backend = "main"
passHostHeader = true
priority = {1000 if more else 1}
{POINTS}
[frontends.{name}.routes.r]
rule = "{rule}"
{more}"""


RULES = f"""
[backends.asking.servers.s]
url = "https://localhost:{asking.port}"
[frontends.shown]
backend = "asking"
passTLSCert = true
{POINTS}
[frontends.shown.routes.r]
rule = "Host:shown.test"
[frontends.unshown]
backend = "asking"
{POINTS}
[frontends.unshown.routes.r]
rule = "Host:unshown.test"
""" + """
[backends.main.servers.s]
url = "http://127.0.0.1:<main>"
[backends.main.loadBalancer.stickiness]
cookieName = "c"
""" + frontend("a", "Host:a.test,b.test,tls.test,zzz.test,x.w.test,changing.test,later.test,127.0.0.1") + frontend(
    "pem", "Host:a.test;PathPrefix:/pem", """[frontends.pem.passTLSClientCert]
pem = true
[frontends.pem.passTLSClientCert.infos]
notBefore = true
sans = true
[frontends.pem.passTLSClientCert.infos.subject]
commonName = true
""") + frontend("none", "Host:a.test;PathPrefix:/none", "[frontends.none.passTLSClientCert]\n")


def context_of(client=None, version=None, alpn=None, verify="ca"):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(path_of(f"{verify}.pem"))
    context.check_hostname = False
    if verify is None or verify == "nobody":
        context.verify_mode = ssl.CERT_NONE
    if client:
        context.load_cert_chain(path_of(f"{client}.pem"), path_of(f"{client}.key"))
    if version:
        context.minimum_version = context.maximum_version = version
    if alpn:
        context.set_alpn_protocols(alpn)
    return context


class SecureClient(Client):
    """A client whose handshake is done."""

    def __init__(self, entrypoint, name="a.test", context=None, session=None, before=b"", **options):
        super().__init__(PORTS[entrypoint])
        self.sock.settimeout(WAIT)
        self.sock.sendall(before)
        self.sock = (context or context_of(**options)).wrap_socket(self.sock, server_hostname=name, session=session)
        self.reader = Reader(self.sock)

    def ask(self, host="a.test", path=b"/m", fields=b""):
        self.send(b"GET " + path + b" HTTP/1.1\r\nHost: " + host.encode() + b"\r\nX-Tag: t\r\n" + fields + b"\r\n")
        return self.response()


def shown(entrypoint, name):
    """Whose certificate is shown: a name of this script's; "generated" for one that is none of these."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with SecureClient(entrypoint, name, context) as c:
        der = c.sock.getpeercert(True)
    for file in ("a", "b", "wild", "later", "next", "changing", "address"):
        if os.path.exists(path_of(file + ".pem")) and ssl.PEM_cert_to_DER_cert(text_of(file + ".pem")) == der:
            return file
    return "generated"


def refused(entrypoint, name="a.test", **options):
    """The handshake fails, or, as with 1.3, the first thing read is that it did."""
    try:
        with SecureClient(entrypoint, name, **options) as c:
            c.sock.settimeout(WAIT)
            c.sock.sendall(b"GET /m HTTP/1.1\r\nHost: a.test\r\n\r\n")
            got = c.sock.recv(100)
            expect(got == b"", "let in:", got)
    except (ssl.SSLError, ConnectionError):
        pass


def openssl_says(*words, text=b""):
    done = subprocess.run(["openssl", *words], input=text, capture_output=True, timeout=20)
    return (done.stdout + done.stderr).decode(errors="replace")


def seen_by_server(world, name):
    return world.seen()[-1].one(name)


@row
def certificates_are_chosen_by_name(world):
    """exactly, by a wildcard of one label, in any case; else the first"""
    for name, file in {"a.test": "a", "B.TEST": "b", "x.w.test": "wild", "x.y.w.test": "a", "w.test": "a", "zzz.test": "a"}.items():
        attempt(f"{name} shows {file}", lambda: expect(shown("https", name) == file, shown("https", name)))
    attempt("no name, but an address", lambda: expect(shown("address", None) == "address"))
    attempt("no name, and nothing for the address", lambda: expect(shown("https", None) == "a"))


@row
def servers_learn_that_it_was_https(world):
    """and a redirect leads here"""

    def check(version):
        world.forget()
        with SecureClient("https", version=version, alpn=["http/1.1"]) as c:
            r = c.ask(fields=b"X-Forwarded-Proto: http\r\n")
            expect(r.status == 200 and c.sock.selected_alpn_protocol() == "http/1.1", r.head)
            expect(b"; Secure" in r.one("Set-Cookie"), r.head)
            expect(c.ask(host=f"a.test:{PORTS['https']}").status == 200)
        expect(world.seen()[0].one("X-Forwarded-Proto") == b"https" and world.seen()[0].one("X-Forwarded-Port") == b"443")
        expect(seen_by_server(world, "X-Forwarded-Port") == str(PORTS["https"]).encode())
        world.forget()

    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        attempt(version.name, check, version)
    with Client(PORTS["go"]) as c:
        c.send(b"GET /x?y HTTP/1.1\r\nHost: a.test\r\n\r\n")
        r = c.response()
        attempt("the redirect", lambda: expect(r.one("Location") == f"https://a.test:{PORTS['https']}/x?y".encode(), r.head))


@row
def bodies_pass_both_ways(world):
    """1 MiB up and down, over 1.2 and 1.3"""
    world["main"].script = lambda conn, request: (conn.body_of(request), conn.send(reply(200, [], request.body or MIB)))[1]

    def check(version):
        with SecureClient("https", version=version) as c:
            c.send(b"POST /m HTTP/1.1\r\nHost: a.test\r\nContent-Length: %d\r\n\r\n" % len(MIB) + MIB)
            expect(c.response(timeout=20).body == MIB, "other bytes up")
            expect(c.ask().body == MIB, "other bytes down")

    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        attempt(version.name, check, version)
    world.forget()


@row
def T1_authorities_that_cannot_be_read_refuse_everybody(world):
    """with and without a certificate, whether one is required or only asked for"""
    for entrypoint in ("broken", "open"):
        for client in (None, "client", "stranger"):
            attempt(f"{entrypoint}, {client}", refused, entrypoint, client=client)
    log = world.log()
    attempt("the log says why", lambda: expect("nowhere.pem: No such file" in log and "every connection is refused" in log))
    with Client(world.admin_port) as c:
        c.send(b"GET /api/diagnostics HTTP/1.1\r\nHost: api\r\n\r\n")
        said = [d for d in json.loads(c.response().body)["diagnostics"] if d["source"] == "certificates"]
    for entrypoint, file in (("broken", "nowhere.pem"), ("open", "empty.pem")):
        attempt(f"so does the API, {entrypoint}",
                lambda: expect(any(d["severity"] == "closed" and d["place"] == f"entrypoint {entrypoint}" and file in d["text"]
                                   for d in said), said))


@row
def T1_clients_are_verified(world):
    """by the authority that was named, and each time"""
    for client in (None, "stranger"):
        attempt(f"checked, {client}", refused, "checked", client=client)
    attempt("asked, a stranger", refused, "asked", client="stranger")
    for entrypoint, client in (("checked", "client"), ("asked", "client"), ("asked", None)):

        def check():
            with SecureClient(entrypoint, client=client) as c:
                expect(c.ask().status == 200, "no answer")

        attempt(f"{entrypoint}, {client}", check)
    world.forget()


@row
def T2_a_name_that_was_not_let_in_is_misdirected(world):
    """SNI of one host, Host of another that has no certificate on a strict entrypoint: 421"""
    for name in ("zzz.test", None):
        attempt(f"strict, {name}", refused, "strict", name)

    def check(sni, host, wanted):
        with SecureClient("strict", sni) as c:
            r = c.ask(host)
            expect(r.status == wanted, sni, host, r.head)
            expect(c.ask(sni).status == 200, "the connection goes on for its own name")

    for sni, host, wanted in (("a.test", "zzz.test", 421), ("a.test", "ZZZ.test:443", 421), ("a.test", "A.Test", 200),
                              ("a.test", "x.y.w.test", 421), ("x.w.test", "zzz.test", 421), ("a.test", "b.test", 200),
                              ("a.test", "x.W.test.", 200)):
        attempt(f"{sni} for {host}", check, sni, host, wanted)

    def alike():
        with SecureClient("https", "a.test") as c:
            expect(c.ask("zzz.test").status == 200, "where no name is refused, none is misdirected")

    attempt("alike", alike)
    world.forget()


@row
def T3_a_ticket_is_good_at_its_own_entrypoint_only(world):
    """and where clients are checked there is none"""

    def session_of(context, entrypoint):
        with SecureClient(entrypoint, context=context) as c:
            expect(c.ask().status == 200)
            return c.sock.session

    def check(version):
        context = context_of(version=version)
        session = session_of(context, "https")
        for _ in range(6):  # whichever worker
            with SecureClient("https", context=context, session=session) as c:
                expect(c.ask().status == 200 and c.sock.session_reused, "not resumed")
                session = c.sock.session
        for entrypoint in ("asked", "strict"):
            with SecureClient(entrypoint, context=context, session=session) as c:
                expect(c.ask().status == 200 and not c.sock.session_reused, "resumed at", entrypoint)
        try:
            with SecureClient("checked", context=context, session=session) as c:
                c.ask()
        except (ssl.SSLError, Closed, ConnectionError):
            pass
        else:
            raise Wrong("let in where a certificate is required")
        known = context_of("client", version)
        session = session_of(known, "checked")
        with SecureClient("checked", context=known, session=session) as c:
            expect(c.ask().status == 200 and not c.sock.session_reused, "resumed, unverified")

    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        attempt(version.name, check, version)
    world.forget()


@row
def T4_nothing_is_taken_early(world):
    """a ticket allows no early bytes, and who sends some anyway has not asked"""
    place, ticket, early = f"127.0.0.1:{PORTS['https']}", path_of("ticket"), path_of("early")
    with open(early, "wb") as file:
        file.write(b"GET /early HTTP/1.1\r\nHost: a.test\r\n\r\n")

    def check():
        openssl_says("s_client", "-connect", place, "-servername", "a.test", "-tls1_3", "-sess_out", ticket, "-ign_eof",
                     text=b"GET /m HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n")
        said = openssl_says("sess_id", "-in", ticket, "-noout", "-text")
        expect("Max Early Data: 0" in said, said)
        said = openssl_says("s_client", "-connect", place, "-servername", "a.test", "-sess_in", ticket, "-early_data", early)
        expect("Early data was accepted" not in said, said)
        expect(not [r for r in world.seen() if r.target == b"/early"], "asked early")

    attempt("no early data", check)
    world.forget()


@row
def T6_what_is_old_is_refused(world):
    """versions before 1.2, weak ciphers, compression, renegotiation"""
    place = f"127.0.0.1:{PORTS['https']}"

    def hand_shaken(*words):
        said = openssl_says("s_client", "-connect", place, "-servername", "a.test", *words)
        return "Cipher is (NONE)" not in said and "no peer certificate available" not in said

    for words in (("-tls1", "-cipher", "ALL:@SECLEVEL=0"), ("-tls1_1", "-cipher", "ALL:@SECLEVEL=0"),
                  ("-tls1_2", "-cipher", "AES128-SHA:AES256-SHA"), ("-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA"),
                  ("-tls1_2", "-cipher", "eNULL:aNULL:@SECLEVEL=0")):
        attempt(" ".join(words), lambda: expect(not hand_shaken(*words)))
    attempt("1.2 is spoken", lambda: expect(hand_shaken("-tls1_2")))
    attempt("1.3 is spoken", lambda: expect(hand_shaken("-tls1_3")))
    said = openssl_says("s_client", "-connect", place, "-servername", "a.test", "-tls1_2", "-comp", text=b"R\n")
    attempt("no compression", lambda: expect("Compression: NONE" in said, said))
    attempt("no renegotiation", lambda: expect("RENEGOTIATING" in said and "no renegotiation" in said, said[-600:]))

    def old_hello():
        with Client(PORTS["https"]) as c:  # SSL 3.0
            c.send(bytes.fromhex("160300002d010000290300" + "11" * 32 + "000002000a0100"))
            expect(b"HTTP" not in c.reader.to_end(), "an answer")

    attempt("SSL 3.0", old_hello)


@row
def clear_text_is_told_so(world):
    """and what is neither TLS nor HTTP is closed at once (D2)"""

    def check():
        with Client(PORTS["https"]) as c:
            c.send(b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n")
            r = c.response()
            expect(r.status == 400 and r.body == b"Client sent an HTTP request to an HTTPS server.\n", r.head, r.body)
            expect(c.closed(), "it goes on")

    attempt("HTTP", check)

    def wish():
        with Client(PORTS["https"]) as c:
            c.send(bytes.fromhex("0000000804d2162f"))
            expect(c.closed(1), "it goes on")

    attempt("another protocol's wish for TLS", wish)


@row
def a_proxy_header_comes_first(world):
    """of who is believed, in clear"""

    def check():
        with SecureClient("proxy", before=b"PROXY TCP4 203.0.113.5 192.0.2.1 4000 443\r\n") as c:
            expect(c.ask().status == 200)
        expect(seen_by_server(world, "X-Forwarded-For") == b"203.0.113.5", world.seen()[-1].head)

    attempt("it is read before TLS", check)
    world.forget()


@row
def what_a_client_showed_is_told(world):
    """passTLSClientCert: in the fields of v1.7, and never what the client wrote there"""
    forged = b"X-Forwarded-Tls-Client-Cert: forged\r\nX_Forwarded.Tls-Client_Cert-Infos: forged\r\n"

    def fields(entrypoint, path, **options):
        world.forget()
        with SecureClient(entrypoint, **options) as c:
            expect(c.ask(path=path, fields=forged).status == 200)
        request = world.seen()[-1]
        expect(b"forged" not in request.head, request.head)
        return request.one("X-Forwarded-Tls-Client-Cert"), request.one("X-Forwarded-Tls-Client-Cert-Infos")

    def check():
        pem, facts = fields("checked", b"/pem", client="client")
        bodies = ["".join(text_of(file).split("-----")[2].split()) for file in ("client.pem", "ca.pem")]
        expect([urllib.parse.unquote_plus(part) for part in pem.decode().split(",")] == bodies, pem)  # Python sends both
        told = urllib.parse.unquote_plus(facts.decode())
        expect(re.fullmatch(r'Subject="CN=client",NB=\d+,SAN=who\.test;Subject="CN=ca",NB=\d+,SAN=', told), told)
        expect(fields("checked", b"/none", client="client") == (None, None), "nothing was asked for")
        expect(fields("asked", b"/pem") == (None, None), "there is nothing to tell")

    attempt("over TLS", check)

    def in_clear():
        world.forget()
        with world.connect() as c:
            c.send(b"GET /pem HTTP/1.1\r\nHost: a.test\r\n" + forged + b"\r\n")
            expect(c.response().status == 200 and b"forged" not in world.seen()[-1].head, world.seen()[-1].head)

    attempt("in clear", in_clear)
    world.forget()


@row
def servers_are_shown_the_entrypoints_certificate(world):
    """passTLSCert: as in 1.7 its first one; without it, or in clear, none"""

    def check():
        for entrypoint in ("https", "checked"):
            with SecureClient(entrypoint, client="client") as c:
                expect(c.ask("shown.test").status == 200, "not let in")
                expect(asking.callers[-1] == ssl.PEM_cert_to_DER_cert(text_of("a.pem")), "somebody else called")
                expect(c.ask("unshown.test").status == 502, "let in without")
        expect(world.ask(b"GET / HTTP/1.1\r\nHost: shown.test\r\n\r\n").status == 502, "let in, in clear")

    attempt("passTLSCert", check)


def eventually(name, condition, seconds=8):
    def check():
        end = time.monotonic() + seconds
        while not condition():
            expect(time.monotonic() < end, "not in time")
            time.sleep(0.1)

    attempt(name, check)


@row
def certificates_change(world):
    """in their files, one of the pair after the other, while a connection stays; and with the rules"""
    kept = SecureClient("https", "changing.test")
    attempt("before", lambda: expect(shown("https", "changing.test") == "changing"))
    os.rename(path_of("changing.pem"), path_of("was.pem"))
    shutil.copy(path_of("next.pem"), path_of("changing.pem"))
    eventually("half of it was seen", lambda: "it is not the key of the certificate" in world.log())

    def still():
        with SecureClient("https", "changing.test") as c:
            expect(c.sock.getpeercert(True) == ssl.PEM_cert_to_DER_cert(text_of("was.pem")), "half of a pair")

    attempt("and not shown", still)
    shutil.copy(path_of("next.key"), path_of("changing.key"))
    eventually("all of it is shown", lambda: shown("https", "changing.test") == "next")
    attempt("the connection of before goes on", lambda: expect(kept.ask("changing.test").status == 200))
    kept.sock.close()

    rules = os.path.join(world.folder.name, "rules.toml")
    with open(rules) as file:
        before = file.read()

    def rewrite(text):
        with open(rules + ".new", "w") as file:
            file.write(text)
        os.rename(rules + ".new", rules)

    attempt("no such certificate yet", lambda: expect(shown("https", "later.test") == "a"))
    rewrite(before + f"""
[[tls]]
entryPoints = ["https"]
[tls.certificate]
certFile = "{path_of('later.pem')}"
keyFile = "{path_of('later.key')}"
[[tls]]
entryPoints = ["https"]
[tls.certificate]
certFile = "/nowhere.pem"
keyFile = "/nowhere.key"
[[tls]]
entryPoints = ["https"]
""")
    eventually("[[tls]] is in force", lambda: shown("https", "later.test") == "later")
    attempt("routes too", lambda: expect(world.ask(request()).status == 200))
    for part in ("/nowhere.pem: No such file or directory; it is left out", "has no certificate: write [tls.certificate]"):
        attempt(part, lambda: expect(part in world.log()))
    rewrite(before)
    eventually("and gone", lambda: shown("https", "later.test") == "a")
    world.forget()


def D3_begin(world):
    """Handshakes that never end: begun here, looked at when their time is over."""
    stalled = {"silence": b"", "half a hello": b"\x16\x03\x01\x02\x00\x01\x00", "a record to come": b"\x16\x03\x01\x3f\xff"}
    clients = {name: Client(PORTS["https"]) for name in stalled}
    for name, text in stalled.items():
        clients[name].send(text)
    dribble = Client(PORTS["https"])

    def drop_by_drop():
        try:
            for byte in b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(400):
                dribble.sock.sendall(bytes([byte]))
                time.sleep(0.3)
        except OSError:
            pass

    threading.Thread(target=drop_by_drop, daemon=True).start()
    clients["drop by drop"] = dribble
    return time.monotonic(), clients


def D3_end(world, begun, clients):
    def files():
        return len(os.listdir(f"/proc/{world.process.pid}/fd"))

    before = files()
    for name, client in clients.items():
        if name == "silence":  # the time of a head: 60 s
            client.sock.close()
            continue
        attempt(f"D3, {name}: closed", lambda: expect(client.reader.to_end(15) is not None))
        attempt(f"D3, {name}: in its time", lambda: expect(time.monotonic() - begun < 13, time.monotonic() - begun))
    eventually("D3: the descriptors are free", lambda: files() <= before - 3, 3)


def hello_byte_by_byte():
    """D3: however cut, it is a hello."""
    with Client(PORTS["https"]) as c:
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        secure = context_of().wrap_bio(incoming, outgoing, server_hostname="a.test")
        c.sock.settimeout(WAIT)
        while True:
            try:
                secure.do_handshake()
                done = True
            except ssl.SSLWantReadError:
                done = False
            for byte in outgoing.read():
                c.sock.sendall(bytes([byte]))
            if done:
                break
            incoming.write(c.sock.recv(65536))
        secure.write(b"GET /m HTTP/1.1\r\nHost: a.test\r\n\r\n")
        c.sock.sendall(outgoing.read())
        while True:  # a ticket may come first
            incoming.write(c.sock.recv(65536))
            try:
                expect(secure.read(12) == b"HTTP/1.1 200", "no answer")
                return
            except ssl.SSLWantReadError:
                pass


def the_health_of_a_router_with_tls():
    """`waybill healthcheck` asks by https."""
    words = ["--ping", "--ping.entryPoint=https", flag("https", f"TLS:{pair('a')}")]
    router = os.environ.get("WAYBILL", "build/asan/waybill")
    ports = dict(PORTS)
    PORTS["https"] = free_port()
    words[2] = flag("https", f"TLS:{pair('a')}")
    process = subprocess.Popen([router, *words], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def ask():
        done = subprocess.run([router, "healthcheck", *words], capture_output=True, text=True, timeout=20)
        return done.returncode == 0 and f"OK: https://127.0.0.1:{PORTS['https']}/ping" in done.stdout

    eventually("healthcheck", ask)
    process.terminate()
    attempt("it ends well", lambda: expect(process.wait(20) == 0))
    PORTS.update(ports)


def starts_that_are_refused():
    """What protects and cannot be understood stops the start; a certificate that cannot be read does not."""
    router = os.environ.get("WAYBILL", "build/asan/waybill")
    for words, said in ((f"TLS:{pair('a')} TLS.CipherSuites:TLS_NONE", "`TLS_NONE` is no cipher suite"),
                        (f"TLS:{path_of('a.pem')}", "bad certificates format"),
                        (f"CA:{path_of('ca.pem')}", "CA means nothing without TLS")):
        done = subprocess.run([router, f"--entryPoints=Name:x Address:127.0.0.1:{free_port()} {words}"], capture_output=True,
                              text=True, timeout=20)
        attempt(said, lambda: expect(done.returncode == 1 and said in done.stdout + done.stderr, done.stdout, done.stderr))


def main():
    world = World({"main": None}, RULES, *FLAGS, f"--rootCAs={path_of('ca.pem')}", workers=2)
    begun, clients = D3_begin(world)
    attempt("a hello byte by byte", hello_byte_by_byte)
    world.forget()
    run(world)
    the_health_of_a_router_with_tls()
    starts_that_are_refused()
    D3_end(world, begun, clients)
    finish(world)


main()
