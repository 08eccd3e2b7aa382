#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Security cases F8, F10, H4 and K2 with basic and digest authentication: who gets in, what it costs, and what closes."""
import base64
import hashlib
import re
import statistics
import tempfile
import time

from _lib import *

APR1 = "$apr1$H6uskkkW$NNBs2U5LAblMB3OM9KekS/"  # secret
FAST = "{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ="  # secret
SLOW = "$2y$12$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW"  # nobody's: takes a quarter of a second
DAN = "dan:traefik:589195b269408a4035909b0fec4e61b2"  # dsecret

users_file = tempfile.NamedTemporaryFile("w", prefix="conformance.users.")


def write_users(text):
    users_file.seek(0)
    users_file.truncate()
    users_file.write(text)
    users_file.flush()


def frontend(name, auth):
    return f"""
[frontends.{name}]
backend = "admin"
passHostHeader = true
[frontends.{name}.routes.r]
rule = "Host:a.test;PathPrefix:/{name}"
{auth.replace("AUTH", f"frontends.{name}.auth")}
"""


BASIC = '[AUTH.basic]\nusers = [%s]\n'
CLOSED = {
    "empty": "[AUTH.basic]\n",
    "nobody": BASIC % "",
    "plain": BASIC % '"ann:secret"',
    "doubled": BASIC % f'"ann:{APR1.replace("$", "$$")}"',
    "cut": BASIC % f'"ann:{APR1[:-1]}"',
    "single": BASIC % '"ann"',
    "missing": f'[AUTH.basic]\nusers = ["ann:{FAST}"]\nusersFile = "/nonexistent/users"\n',
    "realm": '[AUTH.digest]\nusers = ["dan:other:589195b269408a4035909b0fec4e61b2"]\n',
    "short": '[AUTH.digest]\nusers = ["dan:traefik:589195b2"]\n',
    "kinds": "[AUTH]\nheaderField = \"X-User\"\n",
    "field": f'[AUTH]\nheaderField = "X User"\n{BASIC % f"{chr(34)}ann:{FAST}{chr(34)}"}',
    "list": "",
}
RULES_HERE = RULES + "".join([
    frontend("login", BASIC % f'"ann:{APR1}", "sue:{FAST}"'),
    frontend("named", f'[AUTH]\nheaderField = "x-auth-user"\n{BASIC % f"{chr(34)}sue:{FAST}{chr(34)}"}removeHeader = true\n'),
    frontend("some", BASIC % f'"bob:plain", "sue:{FAST}", "alone"'),
    frontend("slow", BASIC % f'"ann:{SLOW}"'),
    frontend("filed", f'[AUTH.basic]\nusersFile = "{users_file.name}"\n'),
    frontend("digest", f'[AUTH.digest]\nusers = ["{DAN}"]\n'),
    *[frontend(f"closed-{name}", auth) for name, auth in CLOSED.items()],
]).replace("[frontends.closed-list.routes.r]", "basicAuth = []\n[frontends.closed-list.routes.r]")


def basic(name, password):
    return b"Authorization: Basic " + base64.b64encode(f"{name}:{password}".encode()) + b"\r\n"


def get(path, fields=b"", method=b"GET", body=b""):
    return request(method, path.encode(), fields, body)


def asked(world, path, fields=b"", method=b"GET", body=b""):
    return world.ask(get(path, fields, method, body), method.decode())


def unauthorized(world, path, fields=b"", method=b"GET", body=b""):
    r = asked(world, path, fields, method, body)
    expect(r.status == 401 and r.one("Www-Authenticate").endswith(b'realm="traefik"') and r.one("Content-Type") == b"text/plain", r.head)
    expect(method == b"HEAD" or r.body == b"401 Unauthorized\n", r.body)
    expect(not world["admin"].requests, "the server was asked")


@row
def f8_everything_has_to_log_in(world):
    """Any method, an upgrade, a body, a path of somebody else's protocol: 401 until the password is right."""
    upgrade = b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
    for method in (b"GET", b"HEAD", b"OPTIONS", b"POST", b"PUT", b"DELETE", b"TRACE"):
        attempt(method.decode(), unauthorized, world, "/login", method=method)
    attempt("upgrade", unauthorized, world, "/login", upgrade)
    attempt("body", unauthorized, world, "/login", b"Content-Length: 4\r\n", b"POST", b"body")
    attempt("acme", unauthorized, world, "/login/.well-known/acme-challenge/x")
    wrong = [basic("ann", "Secret"), basic("ann", ""), basic("bob", "secret"), basic("", ""), basic("ann", APR1), basic("ann", "secret\0"),
             b"Authorization: Basic\r\n", b"Authorization: Basic !!!\r\n", b"Authorization: Bearer " + basic("ann", "secret")[21:],
             basic("sue", "secret") * 2, basic("sue", "x") + basic("sue", "secret"), b"Authorization:\r\n",
             basic("sue", "secret").replace(b"Basic ", b"Basic"), basic("ann", "s" * 3000), b"Proxy-" + basic("sue", "secret")]
    for i, fields in enumerate(wrong):
        attempt(f"wrong {i}", unauthorized, world, "/login", fields)

    def right(fields):
        world.forget()
        r = asked(world, "/login/x", fields)
        expect(r.status == 200, r.head)
        expect(world["admin"].requests[0].one("Authorization") == fields[15:-2].strip(), world["admin"].requests[0].head)

    for fields in (basic("ann", "secret"), basic("sue", "secret"), basic("sue", "secret").replace(b"Basic", b"bAsIc")):
        attempt("right", right, fields)
    world.forget()


@row
def f10_time_tells_nothing(world):
    """Somebody who is not there takes as long as a wrong password."""
    with world.connect() as c:
        def timed(name, password):
            begin = time.perf_counter()
            c.send(get("/login", basic(name, password)))
            r = c.response()
            expect(r.status == 401, r.head)
            return time.perf_counter() - begin

        # Each unknown name is treated like some user: only those like ann (apr1) can be compared with her.
        names = [n for n in (f"nobody{i}" for i in range(40)) if min(timed(n, "x") for _ in range(3)) > 0.5 * min(timed("ann", "x") for _ in range(3))]
        attempt("some are like ann", lambda: expect(5 < len(names) < 35, len(names)))
        known, unknown = [], []
        for i in range(300):
            known.append(timed("ann", f"wrong{i}"))
            unknown.append(timed(names[i % len(names)], f"wrong{i}"))
    ratio = statistics.median(unknown) / statistics.median(known)
    attempt("medians are alike", lambda: expect(0.8 < ratio < 1.25, ratio, statistics.median(known), statistics.median(unknown)))


@row
def h4_the_name_comes_from_the_router(world):
    """headerField in lower case: one field, with the router's value, however the client spells his own."""
    world.forget()
    r = asked(world, "/named", basic("sue", "secret") + b"X-Auth-User: root\r\nx-auth-user: root\r\nX_Auth_User: root\r\nx.auth.user: root\r\nX-Auth-User:\r\n")
    head = world["admin"].requests[0].head
    attempt("one field", lambda: expect(r.status == 200 and world["admin"].requests[0].all("X-Auth-User") == [b"sue"], head))
    attempt("none of his", lambda: expect(b"root" not in head and head.lower().count(b"auth") == 1, head))
    world.forget()


@row
def k2_what_cannot_be_understood_closes(world):
    """A frontend whose users cannot be read answers 503 to everybody; the good ones beside a bad one get in."""
    def closed(name):
        for fields in (b"", basic("ann", "secret"), basic("sue", "secret")):
            r = asked(world, f"/closed-{name}/x", fields)
            expect(r.status == 503 and not world["admin"].requests, r.head)

    for name in CLOSED:
        attempt(name, closed, name)
    attempt("beside a bad one", lambda: expect(asked(world, "/some", basic("sue", "secret")).status == 200))
    world.forget()
    attempt("the bad one", unauthorized, world, "/some", basic("bob", "plain"))
    log = world.log()
    for said in ("entry 1 (`bob`)", "entry 3 is left out: it is not `name:hash`", "/nonexistent/users", "write `$`"):
        attempt(f"said: {said}", lambda: expect(said in log, log[-3000:]))
    attempt("secrets stay out of the log", lambda: expect("plain" not in log.replace("closed-plain", "") and "secret" not in log and APR1[14:] not in log, log[-3000:]))


@row
def a_file_of_users_is_read_again(world):
    """Who is added gets in, who is taken out does not, and a file that is gone closes."""
    def becomes(status, fields):
        end = time.monotonic() + 10
        while (got := asked(world, "/filed", fields).status) != status and time.monotonic() < end:
            time.sleep(0.1)
        expect(got == status, got)

    sue, ann = basic("sue", "secret"), basic("ann", "secret")
    attempt("at first", becomes, 200, sue)
    attempt("not she", becomes, 401, ann)
    write_users(f"# changed\n\nann:{APR1}\n")
    attempt("she is added", becomes, 200, ann)
    attempt("and she taken out", becomes, 401, sue)
    write_users("nonsense\n")
    attempt("nobody left", becomes, 503, ann)
    write_users(f"sue:{FAST}\n")
    attempt("mended", becomes, 200, sue)
    world.forget()


@row
def hashing_holds_nobody_up(world):
    """While the router makes hashes for seconds, others are served, and a client that goes takes his along."""
    clients = [world.connect() for _ in range(16)]
    for i, c in enumerate(clients):
        c.send(get("/slow", basic("ann", f"wrong{i}")))
    world.probe(100)
    attempt("others are served meanwhile", lambda: expect(not clients[-1].reader.waiting and clients[-1].silent(0.01), "all hashes are made already"))
    for c in clients[2:]:
        c.reset()
    for c in clients[:2]:
        attempt("answered in the end", lambda: expect(c.response(timeout=30).status == 401))


def md5(text):
    return hashlib.md5(text.encode()).hexdigest()


@row
def digest_is_good_once(world):
    """A proof is taken once, for what it was made for, and only with a nonce of ours."""
    def challenge(r):
        field = r.one("Www-Authenticate").decode()
        expect(re.fullmatch(r'Digest realm="traefik", nonce="[A-Za-z0-9+/]+=*", opaque="[A-Za-z0-9+/]{16}", algorithm="MD5", qop="auth"(, stale=true)?', field), field)
        return dict(re.findall(r'(\w+)="([^"]*)"', field)), field.endswith("stale=true")

    def proof(given, count=1, uri="/digest?x=1", user="dan", password="dsecret", nonce=None, more=""):
        nonce = nonce or given["nonce"]
        response = md5(f'{md5(f"{user}:traefik:{password}")}:{nonce}:{count:08x}:c:auth:{md5(f"GET:{uri}")}')
        return (f'Authorization: Digest username="{user}", realm="traefik", nonce="{nonce}", uri="{uri}", response="{response}", '
                f'opaque="{given["opaque"]}", qop=auth, nc={count:08x}, cnonce="c"{more}\r\n').encode()

    def ask(fields):
        world.forget()
        return asked(world, "/digest?x=1", fields)

    given, stale = challenge(ask(b""))
    expect(not stale, "stale at once")
    good = proof(given)
    attempt("good", lambda: expect(ask(good).status == 200))
    attempt("the same again", lambda: expect(challenge(ask(good))[1], "not said to be stale"))
    attempt("a higher count", lambda: expect(ask(proof(given, 7)).status == 200))
    attempt("a lower one", lambda: expect(ask(proof(given, 6)).status == 401))
    made_up = base64.b64encode(bytes(24)).decode()
    for name, fields in (("another uri", proof(given, 8, uri="/login")), ("another password", proof(given, 8, password="x")), ("nobody", proof(given, 8, user="eve")),
                         ("a parameter twice", proof(given, 8, more=', nc=00000009')), ("cut off", proof(given, 8)[:-9] + b"\r\n"),
                         ("a nonce that is none of ours", proof(given, nonce=made_up)), ("basic", basic("dan", "dsecret"))):
        attempt(name, lambda: expect(ask(fields).status == 401 and not world["admin"].requests))
    attempt("still good", lambda: expect(ask(proof(given, 9)).status == 200))
    world.forget()


def entrypoint_rows(world):
    """An entrypoint's authentication: for all that is routed, and for the API, but not for ping."""
    def status(path, fields=b""):
        with Client(world.guarded) as c:
            c.send(get(path, fields))
            return c.response().status

    for path, fields, wanted in (("/m", b"", 401), ("/nothing-there", b"", 401), ("/m", basic("ann", "secret"), 200), ("/api", b"", 401), ("/dashboard/", b"", 401),
                                 ("/api", basic("ann", "wrong"), 401), ("/api", basic("ann", "secret"), 200), ("/health", b"", 401), ("/ping", b"", 200)):
        attempt(f"entrypoint: {path} {wanted}", lambda: expect(status(path, fields) == wanted, status(path, fields)))


if __name__ == "__main__":
    write_users(f"sue:{FAST}\n")
    guarded = free_port()
    w = World(ORIGINS, RULES_HERE, f"--entryPoints=Name:guarded Address:127.0.0.1:{guarded} Auth.Basic.Users:ann:{APR1}", "--defaultEntryPoints=http,guarded",
              "--api", "--api.entryPoint=guarded", "--ping.entryPoint=guarded")
    w.guarded = guarded
    entrypoint_rows(w)
    run(w)
    finish(w)
