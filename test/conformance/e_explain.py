#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the router says of a request (`waybill explain`, /api/explain, /api/unserved, its log) against what it does with it."""
import contextlib
import itertools
import json
import re
import urllib.parse

from _lib import *

WAYBILL = os.environ.get("WAYBILL", "build/asan/waybill")
MORE_RULES = """
[frontends.keyed]
backend = "other"
[frontends.keyed.routes.r]
rule = "Host:a.test;PathPrefix:/m;Headers:X-Key,1"
[frontends.posted]
backend = "api"
[frontends.posted.routes.r]
rule = "Host:form.example;Method:POST;Query:q={v:[0-9]+}"
[frontends.shut]
backend = "main"
[frontends.shut.routes.r]
rule = "Host:shut.test"
[frontends.shut.whiteList]
sourceRange = ["nonsense"]
[backends.none]
[frontends.none]
backend = "none"
[frontends.none.routes.r]
rule = "HostRegexp:{any}.none.test"
[frontends.changed]
backend = "other"
[frontends.changed.routes.r]
rule = "Host:a.test;PathPrefixStripRegex:/v{n:[0-9]+};AddPrefix:/new"
"""
HOSTS = ["a.test", "A.Test.", "b.test", "x.none.test", "shut.test", "form.example", "nobody.test", "frm.example"]
PATHS = ["/", "/m", "/admin", "/api/x", "/inside/1", "/folder", "/folder/", "/v12/x?q=1", "/?q=7", "/m/%2e%2e/api", "/v1/../x",
         "/%61pi/x", "/m/..%2fadmin", "//m", "/%zz"]
FIELDS = [("GET", []), ("POST", []), ("GET", ["X-Key: 1"]), ("GET", ["X-Token: good", "X-Forwarded-For: 10.1.1.1"])]


statuses = {}


def command(world, *words):
    """Exit code, stdout, stderr."""
    done = subprocess.run([WAYBILL, *words], capture_output=True, text=True, timeout=30)
    return done.returncode, done.stdout, done.stderr


def api(world, path):
    with Client(world.admin_port) as c:
        c.send(f"GET {path} HTTP/1.1\r\nHost: api\r\n\r\n".encode())
        return c.response()


def explained(world, method, host, path, fields):
    query = urllib.parse.urlencode({"url": f"http://{host}{path}", "method": method, "client": "127.0.0.1"})
    query += "".join("&" + urllib.parse.urlencode({"header": field}) for field in fields)
    r = api(world, f"/api/explain?{query}")
    expect(r.status == 200, r.head, r.body)
    return json.loads(r.body)


def done(world, method, host, path, fields):
    """Status, and what reached which origin."""
    world.forget()
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", *fields, *(["Content-Length: 0"] if method == "POST" else [])]
    r = world.ask("\r\n".join([*lines, "", ""]).encode(), method)
    return r, [q for q in world.seen() if q.conn.origin.name != "auth"] if world.seen() else []


def check_one(world, method, host, path, fields):
    said = explained(world, method, host, path, fields)
    r, seen = done(world, method, host, path, fields)
    statuses[r.status] = statuses.get(r.status, 0) + 1
    what = f"{method} {host}{path} {fields}: {said} but {r.status} {[q.target for q in seen]}"
    filters = said.get("frontend", {}).get("filters", [])
    if "status" in said:
        expect(r.status == said["status"] or (filters and r.status in (401, 403)), what)
        expect(not seen, what)
    elif seen:
        expect(said["answered_by"] == "frontend" and seen[0].target.decode() == said["frontend"]["target"], what)
        expect(seen[0].conn.origin.name == said["frontend"]["backend"], what)
        prefix = (seen[0].one("X-Forwarded-Prefix") or b"").decode()
        expect(prefix == said["frontend"].get("prefix", ""), what)
    else:
        expect(filters and r.status in (401, 403) or said["frontend"]["backend"] == "refusing", what)


@row
def explanations_are_what_happens(world):
    """Hosts, paths, methods and fields: who gets it, what is sent, which status."""
    asked = [(method, host, path, fields) for host, path, (method, fields) in itertools.product(HOSTS, PATHS, FIELDS)]
    for question in asked:
        attempt(f"explained as done: {question}", check_one, world, *question)
    print(f"answers by status: {statuses}")
    attempt("each kind of answer was among them", lambda: expect(
        all(statuses.get(status, 0) >= 4 for status in (200, 301, 400, 401, 403, 404, 503)), statuses))


def answer_one(listening, answer):
    with contextlib.suppress(OSError):
        sock, _ = listening.accept()
        with sock:
            sock.recv(65536)
            sock.sendall(answer)


@contextlib.contextmanager
def a_stranger(body):
    """Somebody who listens where the API was thought to be, and answers one request."""
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s" % (len(body), body)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=answer_one, args=(listening, answer), daemon=True)
        thread.start()
        yield f"127.0.0.1:{listening.getsockname()[1]}"
        thread.join(5)


@row
def commands_ask(world):
    """`waybill explain` and `waybill why`: exit codes, streams, and how the API is found."""
    place = f"127.0.0.1:{world.admin_port}"

    def says(words, status, *wanted, error=()):
        code, out, err = command(world, *words)
        expect(code == status, words, code, out, err)
        for text in wanted:
            expect(text in out, repr(text), "is not in", out, err)
        for text in error:
            expect(text in err, repr(text), "is not in", err)
        expect(not re.search("[\x00-\x09\x0b-\x1f\x7f]", out + err), "bytes that disturb a terminal:", repr(out + err))

    def row_of(name, *arguments, **options):
        attempt(name, says, *arguments, **options)

    row_of("a match", ["explain", "http://a.test/api/x", f"--api={place}"], 0, "Frontend c of file gets it.", "is sent: GET /x")
    row_of("method and headers", ["explain", "form.example/?q=1", "--method", "POST", "--api", place], 0, "Frontend posted")
    row_of("a header", ["explain", "a.test/m", "--header", "X-Key: 1", "--header=X-B: 2", "--api", place], 0, "Frontend keyed")
    row_of("no match", ["explain", "form.example/?q=1", f"--api=http://{place}"], 1, "No frontend gets it.",
           "matches but for the method: posted (Method:POST)", "Method:POST: the method is GET")
    row_of("bytes of a terminal", ["explain", "a.test/\x1b[2J", "--header=X-Key:\x01", "--api", place], 2, error=["header is not a field"])
    row_of("escaped", ["explain", "a.test/\x1b[2J%1b", "--api", place], 0, "GET a.test/%1B[2J%1b")
    row_of("the router itself", ["explain", "x/api", "--entrypoint=traefik", "--api", place], 0, "The router answers it itself")
    row_of("no such entrypoint", ["explain", "x", "--entrypoint=no", "--api", place], 2, error=["there are: http traefik"])
    row_of("no url", ["explain", "--api", place], 2, error=["Usage: waybill explain URL"])
    row_of("two urls", ["explain", "a", "b"], 2, error=['"b" is not expected here'])
    row_of("unknown option", ["explain", "a", "--colour"], 2, error=['"--colour" is not expected here'])
    row_of("an option without its value", ["explain", "a", "--api"], 2, error=["--api needs a value"])
    row_of("help", ["explain", "--help"], 0, "Exit code: 0")
    row_of("help of why", ["why", "-h"], 0, "Usage: waybill why CONTAINER")
    row_of("why without a name", ["why"], 2, error=["Usage: waybill why CONTAINER"])
    row_of("nobody listens", ["explain", "a", "--api=127.0.0.1:1"], 2, error=["no router answers at http://127.0.0.1:1: Couldn't connect to server\n", "with --api?", "docker exec CONTAINER /waybill"])
    row_of("why without containers", ["why", "web", "--api", place], 1, "this router reads no containers: start it with --docker")
    row_of("not the API", ["explain", "a", f"--api=127.0.0.1:{world.port}"], 2, error=["not as the API of Waybill"])
    with a_stranger(b"one\n\x1b]0;x\x07\xc2\x9b2J") as stranger:
        row_of("whoever listens there", ["why", "a", "--api", stranger], 0, "one\n\\x1b]0;x\\x07\\xc2\\x9b2J")
    row_of("not an address", ["why", "a", "--api=ftp://x"], 2, error=["--api: endpoint `ftp://x`"])
    static = os.path.join(world.folder.name, "static.toml")
    with open(static, "w") as file:
        file.write(f'[entryPoints.inside]\naddress = ":{world.admin_port}"\n[api]\nentryPoint = "inside"\n')
    row_of("found by the static file", ["explain", "a.test", f"--configFile={static}"], 0, "Frontend a of file")
    row_of("no such file", ["explain", "a.test", "--configFile=/nonexistent"], 2, error=["/nonexistent"])


HTPASSWD, HTDIGEST = "test:$apr1$H6uskkkW$IgXLP6ewTrSuBkTrqE8wj/", "test:traefik:a2688e031edb4be6a3797f3882655c05"


def ask_behind(kind, users):
    """An API that wants a login gets one, by the command line or by the environment; a wrong one is said to be wrong."""
    port = free_port()
    locked = World({name: None for name in ORIGINS} | {"auth": guard}, RULES + MORE_RULES, "--api", "--api.entryPoint=locked",
                   f"--entryPoints=Name:locked Address:127.0.0.1:{port} Auth.{kind}.Users:{users}")

    def says(words, status, *wanted, **environment):
        r = subprocess.run([locked.process.args[0], *words, "--api", f"127.0.0.1:{port}"], stdin=subprocess.DEVNULL, capture_output=True,
                           text=True, timeout=30, env={**os.environ, **environment})
        expect(r.returncode == status and all(text in r.stdout + r.stderr for text in wanted), words, r.returncode, r.stdout, r.stderr)

    attempt(f"{kind}: no login", says, ["why", "x"], 2, "status 401", "give one with --user NAME:PASSWORD, or as WAYBILL_USER")
    attempt(f"{kind}: --user", says, ["explain", "a.test", "--user", "test:test"], 0, "Frontend a of file")
    attempt(f"{kind}: environment", says, ["explain", "a.test"], 0, "Frontend a of file", WAYBILL_USER="test:test")
    attempt(f"{kind}: a wrong one", says, ["explain", "a.test", "--user=test:no"], 2, "does not take this login")
    expect(locked.stop(), "see the log above")


@row
def login(_):
    """The API behind a login."""
    ask_behind("Basic", HTPASSWD)
    ask_behind("Digest", HTDIGEST)


def count_unserved(world):
    total = json.loads(api(world, "/api/unserved").body)["total"]
    before = world.log()
    for _ in range(50):
        r = world.ask(b'GET /x"\xc3\xa9?secret HTTP/1.1\r\nHost: shop.exmple\r\n\r\n')
        expect(r.status == 404, r.head)
    unserved = json.loads(api(world, "/api/unserved").body)
    expect(unserved["total"] == total + 50, unserved["total"], total)
    mine = [h for h in unserved["hosts"] if h["host"] == "shop.exmple"]
    expect(len(mine) == 1 and mine[0]["count"] >= 50 and mine[0]["path"] == '/x"é', mine)
    lines = [line for line in world.log()[len(before):].splitlines() if "shop.exmple" in line]
    expect(len(lines) == 1 and "level=warning" in lines[0] and '/x\\"é on entrypoint http' in lines[0], lines)
    expect("secret" not in world.log(), "the query is in the log")


def flood(world):
    before = len(world.log())
    with world.connect() as c:
        for i in range(3000):
            host = b"often.test" if i % 20 == 0 else b"%x.test" % (i * 2654435761 % 2**32)
            c.send(b"GET /f HTTP/1.1\r\nHost: %s\r\n\r\n" % host)
            expect(c.response().status == 404, host)
    hosts = json.loads(api(world, "/api/unserved").body)["hosts"]
    expect(len(hosts) <= 256, len(hosts))
    expect([h for h in hosts[:5] if h["host"] == "often.test" and h["at_least"] >= 100], hosts[:5])
    lines = world.log()[before:].count("404: no frontend matches")
    expect(1 <= lines <= 60, lines, "lines")


@row
def unserved_requests(world):
    """Counted by host, in the log once, escaped; 3,000 random hosts flood neither the table nor the log."""
    time.sleep(1.1)  # the rows before have used up the lines
    attempt("counted by host and logged once", count_unserved, world)
    time.sleep(1.1)
    attempt("random hosts flood nothing", flood, world)


if __name__ == "__main__":
    world = World({name: None for name in ORIGINS} | {"auth": guard}, RULES + MORE_RULES, "--api", "--loglevel=WARN")
    run(world)
    finish(world)
