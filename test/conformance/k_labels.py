#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Security case K3: what one tenant writes in labels changes nothing for another one. The incumbent keeps its host; what is too
large, too many or too costly is refused with a reason, alone."""
import json

from _engine import ScriptedEngine, container
from _lib import *

SERVERS = {"main": None, "other": None}
RULES = """
[backends.main.servers.s]
url = "http://127.0.0.1:<main>"
[frontends.up]
backend = "main"
[frontends.up.routes.r]
rule = "Path:/up"
"""
FLAGS = ["--api", "--logLevel=INFO", "--docker", "--docker.domain=t", "--docker.exposedByDefault=true"]
VICTIM = {"traefik.frontend.rule": "Host:victim.t"}


def service(world, name, origin, labels=None, created="2026-01-01T00:00:00.000000001Z", **more):
    """A container whose server is one of the world's."""
    return container(name, labels, address="127.0.0.1", port=world[origin].port, Created=created, **more)


def api(world, path):
    with Client(world.admin_port) as c:
        c.send(f"GET {path} HTTP/1.1\r\nHost: api\r\n\r\n".encode())
        return json.loads(c.response().body)


def item(world, name):
    return next((one for one in api(world, "/api/containers")["containers"] if one["name"] == name), None)


def wait_code(world, name, code, timeout=10):
    end = time.monotonic() + timeout
    while (found := item(world, name) and item(world, name)["code"]) != code:
        expect(time.monotonic() < end, name, "is", found, "and not", code)
        time.sleep(0.01)
    return item(world, name)


def served_by(world, host, path=b"/x"):
    r = world.ask(b"GET " + path + b" HTTP/1.1\r\nHost: " + host + b"\r\nX-Tag: k\r\n\r\n")
    return r.one("X-Origin") if r.status == 200 else r.status


def put(engine, one, action="start"):
    engine.put(one)
    engine.event(one, action)


def remove(engine, one):
    engine.remove(one)
    engine.event(one, "die")


def check_claim(world, engine, labels, name):
    """A younger container wants the victim's host: it gets nothing, both are told, and the document shows what 1.7 shows."""
    thief = service(world, name, "other", labels, "2026-02-01T00:00:00.000000001Z")
    put(engine, thief)
    one = wait_code(world, name, "RULE_TAKEN")
    expect(one["state"] == "rejected" and "container victim is older" in one["reason"], one)
    expect(one["values"]["takenBy"] == "container victim", one)
    for _ in range(5):
        expect(served_by(world, b"victim.t") == b"main", "the host was taken")
    victim = item(world, "victim")
    expect(victim["code"] == "ROUTED" and any(f"claimed by container {name}" in p["text"] for p in victim["problems"]), victim)
    shadowed = [f for f in api(world, "/api/overview/frontends")["frontends"] if f["state"] == "shadowed"]
    expect([f["name"] for f in shadowed] == [one["frontends"][0]["name"]] and "container victim" in shadowed[0]["because"], shadowed)
    expect(one["frontends"][0]["name"] in api(world, "/api/providers/docker")["frontends"], "the document changed")
    said = [line for line in world.log().splitlines() if f'"container {name}: frontend' in line and "gets no requests" in line]
    expect(len(said) == 1, said)
    remove(engine, thief)
    end = time.monotonic() + 5
    while item(world, "victim")["problems"]:
        expect(time.monotonic() < end, item(world, "victim"))
        time.sleep(0.01)


def check_takeover(world, engine):
    """When the incumbent goes the other one has the host at once, and gives it back."""
    victim, heir = service(world, "victim", "main", VICTIM), service(world, "heir", "other", VICTIM, "2026-03-01T00:00:00Z")
    put(engine, heir)
    wait_code(world, "heir", "RULE_TAKEN")
    remove(engine, victim)
    wait_code(world, "heir", "ROUTED")
    expect(served_by(world, b"victim.t") == b"other", "nobody has the host")
    put(engine, victim)
    wait_code(world, "heir", "RULE_TAKEN")
    expect(served_by(world, b"victim.t") == b"main", "the older one has not got it back")
    remove(engine, heir)


def check_deploy(world, engine):
    """The incumbent is replaced by a younger container of its service: who has waited for that gets nothing."""
    compose = {"com.docker.compose.project": "p", "com.docker.compose.service": "web", "traefik.frontend.rule": "Host:deploy.t"}
    first = service(world, "p_web_1", "main", compose)
    second = service(world, "p_web_2", "main", compose, "2026-05-01T00:00:00Z")
    thief = service(world, "waiting", "other", {"traefik.frontend.rule": "Host:deploy.t"}, "2026-04-01T00:00:00Z")
    put(engine, first)
    wait_code(world, "p_web_1", "ROUTED")
    put(engine, thief)
    wait_code(world, "waiting", "RULE_TAKEN")
    put(engine, second)
    wait_code(world, "p_web_2", "ROUTED")
    remove(engine, first)
    end = time.monotonic() + 5
    while item(world, "p_web_1"):
        expect(time.monotonic() < end, "the first one is still there")
        time.sleep(0.01)
    expect(item(world, "waiting")["code"] == "RULE_TAKEN", item(world, "waiting"))
    expect(served_by(world, b"deploy.t") == b"main", "the deploy gave the host away")
    remove(engine, second)
    wait_code(world, "waiting", "ROUTED")
    remove(engine, thief)


BOMBS = {
    # labels, the code, a part of the reason, the host that is asked and who answers then
    "huge-label": ({"traefik.frontend.rule": "Host:" + "a" * (1 << 20)}, "NOT_READABLE", ["label traefik.frontend.rule"]),
    "huge-name": ({"traefik." + "n" * (1 << 20): "1"}, "NOT_READABLE", ["label traefik."]),
    "many-labels": ({f"traefik.x{i}.port": "80" for i in range(10000)}, "NOT_READABLE", ["labels"]),
    "many-segments": ({f"traefik.x{i}.port": "80" for i in range(1500)}, "TOO_MANY_SEGMENTS", ["segments"]),
    "long-rule": ({"traefik.frontend.rule": "Host:" + ",".join(f"h{i}.t" for i in range(14000))}, "NOT_READABLE", ["bytes"]),
    "host-pairs": ({"traefik.frontend.rule": ";".join("Host:" + ",".join(f"{i}.t" for i in range(4000)) for _ in "ab")}, "RULE",
                   ["hosts in two parts"]),
    "regex-bomb": ({"traefik.frontend.rule": "Host:bomb.t;Path:/{a:(x{1000}){1000}}"}, "RULE", ["not a regular expression"]),
    "regex-sum": ({"traefik.frontend.rule": "Path:" + ",".join("/{a%d:x{900}}" % i for i in range(500))}, "RULE", ["the most is 2000"]),
    "queries": ({"traefik.frontend.rule": "Query:" + ",".join(f"a{i}=1" for i in range(5000))}, "RULE", ["the most is 2000"]),
    "variables": ({"traefik.frontend.rule": "Path:/" + "{a:b}" * 2000}, "RULE", ["more than 16 variables"]),
}
TAKEN = {
    "many-hosts": ({"traefik.frontend.rule": "Host:" + ",".join(f"{i}.h" for i in range(8000))}, b"7999.h", b"/x"),
    "cross-product": ({"traefik.frontend.rule": "Host:" + ",".join(f"{i}.c" for i in range(4000)) + ";PathPrefix:"
                       + ",".join(f"/{i:x}" for i in range(5000))}, b"3999.c", b"/1387"),
}


def check_bombs(world, engine):
    """All at once: each has its reason, the others do not notice."""
    begin = time.monotonic()
    for name, (labels, *_) in {**BOMBS, **TAKEN}.items():
        one = service(world, name, "other", labels)
        engine.put(one)
        engine.event(one, "start")
    for name, (_, code, parts) in BOMBS.items():
        key = name if code != "NOT_READABLE" else container(name)["Id"][:12]
        one = wait_code(world, key, code, 30)
        text = json.dumps(one)
        expect(all(part in text for part in parts) and one["state"] == "rejected", text[:1000])
        said = [one["reason"]] + [problem["text"] for problem in one["problems"]]
        expect(max(map(len, said)) < 2000, "of", name, "too much is said:", max(said, key=len)[:300])
    expect(time.monotonic() - begin < 30, "it took too long")
    for name, (_, host, path) in TAKEN.items():
        wait_code(world, name, "ROUTED")
        expect(served_by(world, host, path) == b"other", name, "is not served")
    expect(served_by(world, b"victim.t") == b"main", "the victim is not served")
    expect(item(world, "victim")["code"] == "ROUTED" and not item(world, "victim")["problems"], item(world, "victim"))
    longest = max(len(line) for line in world.log().splitlines())
    expect(longest < 5000, "a line of the log has", longest, "bytes")


def main():
    folder = tempfile.TemporaryDirectory(prefix="conformance.labels.")
    path = os.path.join(folder.name, "engine.sock")
    engine = ScriptedEngine(path)
    world = World(SERVERS, RULES, *FLAGS, f"--docker.endpoint=unix://{path}")
    put(engine, service(world, "victim", "main", VICTIM))
    attempt("the victim is served", lambda: wait_code(world, "victim", "ROUTED"))
    for number, labels in enumerate((
            VICTIM, {**VICTIM, "traefik.frontend.priority": str(2**31)}, {**VICTIM, "traefik.frontend.priority": str(2**63 - 1)},
            {**VICTIM, "traefik.frontend.priority": str(2**63)}, {**VICTIM, "traefik.frontend.priority": "-1"},
            {"traefik.frontend.rule": "Host: VICTIM.T. , victim.t"}, {"traefik.frontend.rule": "PathPrefix:/;Host:victim.t"},
            {"traefik.frontend.rule": "Host:victim.t;PathPrefixStrip:/", "traefik.frontend.priority": "9"})):
        attempt(f"a claim: {labels}", check_claim, world, engine, labels, f"thief{number}")
    attempt("the heir", check_takeover, world, engine)
    attempt("a deploy", check_deploy, world, engine)
    attempt("bombs", check_bombs, world, engine)
    attempt("it still follows", lambda: (put(engine, service(world, "late", "other", {"traefik.frontend.rule": "Host:late.t"})),
                                         wait_code(world, "late", "ROUTED"), expect(served_by(world, b"late.t") == b"other")))
    engine.close()
    folder.cleanup()
    finish(world)


if __name__ == "__main__":
    main()
