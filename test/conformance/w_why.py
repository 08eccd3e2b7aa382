#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What became of each container: /api/containers, `waybill why` and the log, against an engine by script."""
import json

from _engine import CLOSE, ScriptedEngine, container
from _lib import *

WAYBILL = os.environ.get("WAYBILL", "build/asan/waybill")
MAIN = {"main": None}
RULES = """
[backends.main.servers.s]
url = "http://127.0.0.1:<main>"
[frontends.up]
backend = "main"
[frontends.up.routes.r]
rule = "Path:/up"
"""
FLAGS = ["--api", "--logLevel=INFO", "--docker", "--docker.domain=t", "--docker.constraints=tag!=no*", "--docker.exposedByDefault=true"]


def in_state(name, **state):
    one = container(name)
    one["State"].update(state)
    return one


def health(status):
    return {"Health": {"Status": status}}


# name: what the engine says, the code, the values that decided, and a part of the sentence
CONTAINERS = {
    "fine": (container("fine"), "ROUTED", {}, "`Host:fine.t` to http://10.0.0.9:80"),
    "off": (container("off", {"traefik.enable": "false"}), "DISABLED", {"traefik.enable": "false"}, "traefik.enable is false"),
    "kept-out": (container("kept-out", {"traefik.tags": "x, nope"}), "CONSTRAINT",
                 {"constraint": "tag!=no*", "traefik.tags": "x, nope"}, "tag!=no*"),
    "portless": (container("portless", NetworkSettings={"Ports": {}, "Networks": {"net": {"IPAddress": "10.0.0.8"}}}), "NO_PORT",
                 {"ports": "", "traefik.port": ""}, "exposes no port"),
    "starting": (in_state("starting", **health("starting")), "STARTING", {"health": "starting"}, "its health is starting"),
    "ill": (in_state("ill", **health("unhealthy")), "UNHEALTHY", {"health": "unhealthy"}, "its health is unhealthy"),
    "frozen": (in_state("frozen", Paused=True), "PAUSED", {"state": "paused"}, "it is paused"),
    "looping": (in_state("looping", Restarting=True), "RESTARTING", {"state": "restarting"}, "it is restarting"),
    "alone": (container("alone", NetworkSettings={"Ports": {"80/tcp": None}, "Networks": {}}), "NO_NETWORK",
              {"networkMode": "net", "networks": "none"}, "it is in no network"),
    "lost": (container("lost", address=""), "NO_ADDRESS", {"networkMode": "net", "networks": "net"}, "network `net`"),
    "guest": (container("guest", HostConfig={"NetworkMode": "container:nobody"}), "NETWORK_OWNER_DOWN",
              {"networkMode": "container:nobody", "networks": "net"}, "container:nobody"),
    "badport": (container("badport", {"traefik.port": "80x"}), "LABEL", {"label": "traefik.port", "value": "80x"},
                "write a number from 1 to 65535"),
    "badtext": (container("badtext", {"traefik.frontend.rule": "Host:\\d"}), "LABEL",
                {"label": "traefik.frontend.rule", "value": "Host:\\d"}, "backslash"),
    "badrule": (container("badrule", {"traefik.frontend.rule": "Hots:a"}), "RULE",
                {"frontend": "", "rule": "Hots:a"}, "did you mean `Host`"),
    "nowhere": (container("nowhere", {"traefik.frontend.entryPoints": "htp"}), "NO_ENTRYPOINT",
                {"frontend": "", "rule": "Host:nowhere.t"}, "no entrypoint that exists"),
    "closed": (container("closed", {"traefik.frontend.auth.basic.users": "nohash"}), "CLOSED",
               {"frontend": "", "rule": "Host:closed.t"}, "traefik.frontend.auth.basic"),
    "a-b": (container("a-b", {"traefik.s.port": "80"}), "ROUTED", {}, "`Host:a-b.t`"),
    "a_b": (container("a_b", {"traefik.s.port": "80"}), "NAME_TAKEN", {"frontend": "frontend-s-a-b-s"}, "rename the segment"),
    "many": (container("many", {f"traefik.s{i}.port": "80" for i in range(250)}), "TOO_MANY_SEGMENTS", {}, "segments"),
    "old": (container("old", {"traefik.http.routers.old.rule": "Host(`old`)", "traefik.frontend.rul": "x"}), "ROUTED", {},
            "`Host:old.t`"),
}
STATES = {"ROUTED": "routed", "DISABLED": "ignored", "CONSTRAINT": "ignored", "NO_PORT": "ignored", "STARTING": "waiting",
          "UNHEALTHY": "waiting", "PAUSED": "waiting", "RESTARTING": "waiting", "NO_NETWORK": "waiting", "NO_ADDRESS": "waiting",
          "NETWORK_OWNER_DOWN": "waiting"}


def api(world, path, accept="application/json"):
    with Client(world.admin_port) as c:
        c.send(f"GET {path} HTTP/1.1\r\nHost: api\r\nAccept: {accept}\r\n\r\n".encode())
        return c.response()


def all_of(world):
    return json.loads(api(world, "/api/containers").body)


def wait_for(world, claim, timeout=5):
    end = time.monotonic() + timeout
    while not claim(all_of(world)):
        expect(time.monotonic() < end, "it did not come:", json.dumps(all_of(world))[:1500])
        time.sleep(0.01)


def named(document, name):
    return next((one for one in document["containers"] if one["name"] == name), None)


def check_item(world, name):
    _, code, values, part = CONTAINERS[name]
    one = named(all_of(world), name)
    expect(one is not None, "it is not there")
    expect(one["code"] == code and one["state"] == STATES.get(code, "rejected"), one)
    shown = {**one["values"], **({"frontend": ""} if values.get("frontend") == "" else {})}  # with a position in its name
    expect(shown == values, one)
    expect(part in one["reason"], one)
    expect(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", one["since"]), one)
    alone = json.loads(api(world, f"/api/containers/{one['id'][:16]}").body)
    expect(alone == one, alone)


def check_routed(world):
    one = named(all_of(world), "fine")
    expect(one["frontends"] == [{"name": one["frontends"][0]["name"], "rule": "Host:fine.t", "backend": "backend-fine"}], one)
    expect(one["frontends"][0]["name"].startswith("frontend-Host-fine-t-"), one)
    expect(one["servers"][0]["url"] == "http://10.0.0.9:80" and one["servers"][0]["backend"] == "backend-fine", one)
    documented = json.loads(api(world, "/api/providers/docker").body)
    expect(one["frontends"][0]["name"] in documented["frontends"], documented)
    expect(one["servers"][0]["name"] in documented["backends"]["backend-fine"]["servers"], documented)


def check_unreadable(world):
    one = next(one for one in all_of(world)["containers"] if one["code"] == "NOT_READABLE")
    expect(one["state"] == "rejected" and one["name"] == one["id"][:12] and one["values"]["error"], one)


def check_problems(world):
    problems = {problem["label"]: problem for problem in named(all_of(world), "old")["problems"]}
    expect("in 1.7 it is traefik.frontend.rule" in problems["traefik.http.routers.old.rule"]["text"], problems)
    expect("did you mean traefik.frontend.rule?" in problems["traefik.frontend.rul"]["text"], problems)
    expect(all(problem["severity"] == "warning" for problem in problems.values()), problems)
    closing = named(all_of(world), "closed")["problems"]
    expect(any(problem["severity"] == "closed" for problem in closing), closing)
    expect("nohash" not in json.dumps(closing), "a secret is shown:", closing)


def check_log(world):
    """Each state once, with its code."""
    log = world.log()
    for name, (_, code, _, _) in CONTAINERS.items():
        lines = re.findall(rf'level=info msg="container {name}: (\w+) \((\w+)\)', log)
        expect(lines == [(STATES.get(code, "rejected"), code)], name, lines)


def why(world, name):
    done = subprocess.run([WAYBILL, "why", name, "--api", f"http://127.0.0.1:{world.admin_port}"], capture_output=True, text=True,
                          timeout=30)
    return done.returncode, done.stdout + done.stderr


def check_why(world):
    status, text = why(world, "ill")
    expect(status == 0 and text.startswith("ill: waiting (UNHEALTHY) for "), status, text)
    expect("its health is unhealthy" in text and "health: unhealthy" in text, text)
    status, text = why(world, "fien")
    expect(status == 1 and "did you mean fine?" in text, status, text)
    expect(b"ill: waiting (UNHEALTHY): its health" in api(world, "/api/containers", "text/plain").body, "the list as text")


def check_change(world, engine):
    """One line for a change, and the time of the state."""
    before = len(world.log())
    better = in_state("ill", **health("healthy"))
    engine.put(better)
    engine.event(better, "health_status: healthy")
    wait_for(world, lambda document: named(document, "ill")["code"] == "ROUTED")
    better["State"]["Health"]["FailingStreak"] = 1
    engine.put(better)
    engine.event(better, "health_status: healthy")
    time.sleep(0.3)
    lines = [line for line in world.log()[before:].splitlines() if "container ill:" in line]
    expect(len(lines) == 1 and "routed (ROUTED)" in lines[0], lines)
    engine.remove(better)
    engine.event(better, "die")
    wait_for(world, lambda document: named(document, "ill") is None)
    expect("container ill: gone" in world.log(), "it is not said that it is gone")


def check_quiet_change(world, engine):
    """What changes only the state compiles nothing."""
    number = json.loads(api(world, "/api/overview").body)["snapshot"]
    renamed = container("off", {"traefik.enable": "0"})
    engine.put(renamed)
    engine.event(renamed, "update")
    wait_for(world, lambda document: named(document, "off")["values"] == {"traefik.enable": "0"})
    overview = json.loads(api(world, "/api/overview").body)
    expect(overview["snapshot"] == number, overview)
    expect(overview["provider"]["connected"] and overview["inventory"] > 1, overview)


def check_engine_lost(world, engine, path):
    provider = all_of(world)["provider"]
    expect(provider["connected"] and provider["follows"] and provider["last_sync"] and not provider["error"], provider)
    engine.close()
    os.unlink(path)
    wait_for(world, lambda document: not document["provider"]["connected"])
    expect(all_of(world)["provider"]["error"], all_of(world)["provider"])
    expect(named(all_of(world), "fine")["code"] == "ROUTED", "what was known is forgotten")
    expect(b"NOT CONNECTED" in api(world, "/api/containers?format=text").body, "the list as text")
    expect(b"docker: NOT CONNECTED for" in api(world, "/api/containers/nobody?format=text").body, "somebody unknown, as text")
    again = ScriptedEngine(path)
    again.put(container("fine"))
    wait_for(world, lambda document: document["provider"]["connected"] and len(document["containers"]) == 1)
    again.close()


def main():
    folder = tempfile.TemporaryDirectory(prefix="conformance.why.")
    path = os.path.join(folder.name, "engine.sock")
    engine = ScriptedEngine(path)
    silent = container("silent")
    engine.put(silent, *(one[0] for one in CONTAINERS.values()))
    engine.answers[f"/containers/{silent['Id']}/json"] = (500, b'{"message":"broken"}')
    world = World(MAIN, RULES, *FLAGS, f"--docker.endpoint=unix://{path}")
    wait_for(world, lambda document: len(document["containers"]) == len(CONTAINERS) + 1)
    for name in CONTAINERS:
        attempt(f"the state of {name}", check_item, world, name)
    attempt("a routed one names its frontends and servers", check_routed, world)
    attempt("one that cannot be read has a state", check_unreadable, world)
    attempt("problems are those of the container", check_problems, world)
    attempt("the log says each state once", check_log, world)
    attempt("waybill why", check_why, world)
    attempt("a change is said once", check_change, world, engine)
    attempt("a change of a state alone compiles nothing", check_quiet_change, world, engine)
    attempt("a lost engine is shown", check_engine_lost, world, engine, path)
    folder.cleanup()
    finish(world)


if __name__ == "__main__":
    main()
