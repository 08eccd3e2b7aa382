#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`waybill lint` on files (test/golden/lint) and on an engine.

The comments at the top of a golden file are the commands: what each prints, on both outputs, and how it ends is in the .txt
beside it. `--write` writes these anew, to be read before they are kept.
"""
import glob
import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
REPO = os.path.join(HERE, "..", "..")
GOLDEN = os.path.join(HERE, "..", "golden", "lint")
PROGRAM = os.path.abspath(os.environ.get("WAYBILL", f"{REPO}/build/asan/waybill"))
ENVIRONMENT = {"HOME": "/nonexistent", "FROM_ENVIRONMENT": "env", "PATH": os.environ["PATH"]}
STAMP = re.compile(r"^\d{4}/\d\d/\d\d \d\d:\d\d:\d\d ", re.M)

sys.path.insert(0, os.path.join(HERE, "..", "golden", "http"))
from fake_docker import FakeDocker  # noqa: E402

passed = failed = 0


def count(name, problem):
    global passed, failed
    passed, failed = passed + (problem is None), failed + (problem is not None)
    if problem is not None:
        print(f"FAILED {name}: {problem}")


def run(*words, folder=GOLDEN):
    return subprocess.run([PROGRAM, "lint", *words], cwd=folder, env=ENVIRONMENT, stdin=subprocess.DEVNULL, text=True,
                          capture_output=True, timeout=60)


def transcript(command):
    """What a terminal would show. Of the usage, which follows a refusal, only the first line."""
    result = run(*shlex.split(command)[2:])
    error = re.sub(r"^(Usage: .*\n)(?:.*\n)*", r"\1", STAMP.sub("", result.stderr), flags=re.M)
    return f"$ {command}\n{result.stdout}{error}exit {result.returncode}\n"


def check_golden_files(write):
    for path in sorted(glob.glob(f"{GOLDEN}/*.yaml")):
        with open(path) as file:
            commands = re.findall(r"^# (waybill lint .*)$", file.read(), re.M)
        got = "\n".join(transcript(command) for command in commands)
        expected_path = path.removesuffix(".yaml") + ".txt"
        if write:
            with open(expected_path, "w") as file:
                file.write(got)
        with open(expected_path) as file:
            expected = file.read()
        count(os.path.basename(path), None if commands and got == expected else f"got\n{got}\ninstead of\n{expected}")


def check_own_files():
    """The compose files of this repository are clean, warnings included."""
    paths = [f"{REPO}/docker-compose.yaml", *glob.glob(f"{REPO}/examples/*/docker-*.yaml")]
    count("there are examples", None if len(paths) > 1 else "none found")
    for path in paths:
        result = run("--strict", path)
        count(path, None if result.returncode == 0 and "routed" in result.stdout else result.stdout + result.stderr)


def check_own_folder():
    """Without a file it is the one of the folder, with its override and .env; its name is the project's."""
    with tempfile.TemporaryDirectory(prefix="conformance.") as top:
        folder = os.path.join(top, "My.Shop")
        os.mkdir(folder)
        for name, text in ((".env", "PORT=8000\n"),
                           ("docker-compose.yml", "services: {web: {image: x, labels: {traefik.port: $PORT}}}\n"),
                           ("docker-compose.override.yml", "services: {web: {labels: {traefik.weight: 7}}}\n")):
            with open(os.path.join(folder, name), "w") as file:
                file.write(text)
        result = run("--format=json", folder=folder)
        shown = json.loads(result.stdout)
        count("own folder", None if result.returncode == 0 and shown["frontends"][0]["rule"] == "Host:web.myshop" and
              shown["backends"][0]["servers"] == [{"server": "web:8000", "weight": 7}] else result.stdout)
    with tempfile.TemporaryDirectory(prefix="conformance.") as empty:
        result = run(folder=empty)
        count("empty folder", None if result.returncode == 2 and "no compose file here" in result.stderr else result.stderr)


def check_many_problems():
    """Those past the limit are not shown, but counted: they fail the check."""
    with tempfile.TemporaryDirectory(prefix="conformance.") as folder:
        with open(os.path.join(folder, "compose.yaml"), "w") as file:
            file.write("services:\n")
            for number in range(1100):
                file.write(f"  s{number}: {{expose: [80], labels: {{traefik.nothing{number}: 1}}}}\n")
            file.write("  last: {expose: [80], networks: [nowhere]}\n  worst: {labels: {traefik.port: 80, "
                       "traefik.frontend.rule: 'Hots:x'}}\n")
        result = run(folder=folder)
        count("many problems", None if result.returncode == 1 and "no more are shown" in result.stdout and
              result.stdout.count("warning:") <= 1000 else result.stdout[-300:])


def check_many_headers():
    """A value that names many headers, in the order that is worst to sort, takes no time that anybody notices."""
    with tempfile.TemporaryDirectory(prefix="conformance.") as folder:
        pairs = "||".join(f"x-{number}:v" for number in range(60000, 0, -1)) + "||x-7:last"
        with open(os.path.join(folder, "compose.yaml"), "w") as file:
            file.write("services: {a: {expose: [80], labels: {traefik.frontend.headers.customRequestHeaders: '%s'}}}\n" % pairs)
        begin = time.monotonic()
        result = run("--format=json", folder=folder)
        took = time.monotonic() - begin
        count("many headers", None if result.returncode == 0 and took < 8 else f"exit {result.returncode}, {took:.1f} s")


LONG_VALUES = {
    "frontend.redirect.regex": "(", "frontend.auth.forward.address": "h", "frontend.auth.headerField": " x",
    "frontend.auth.basic.usersFile": "/x", "frontend.whiteList.sourceRange": "x", "frontend.headers.allowedHosts": "/",
    "frontend.headers.SSLHost": "/", "frontend.headers.hostsProxyHeaders": "x y", "frontend.rateLimit.extractorFunc": "x",
    "frontend.headers.customRequestHeaders": "connection:x||", "backend.maxconn.extractorfunc": "x",
    "backend.circuitbreaker.expression": "(", "backend.buffering.retryExpression": "x", "backend.healthcheck.scheme": "x",
    "backend.healthcheck.hostname": "/", "backend.healthcheck.interval": "x", "frontend.timeouts.total": "x",
    "frontend.redirect.entryPoint": "x", "frontend.rule": "x", "frontend.redirect.replacement": "{{x"}


def check_long_values():
    """Whoever writes 60 KB into a label does not fill the log with them."""
    with tempfile.TemporaryDirectory(prefix="conformance.") as folder:
        services = {}
        for number, (name, part) in enumerate(LONG_VALUES.items()):
            labels = services[f"s{number}"] = {"traefik.port": "80", "traefik.frontend.rule": f"Host:h{number}.test"}
            if name.startswith("frontend.redirect"):
                labels.update({"traefik.frontend.redirect.regex": "a", "traefik.frontend.redirect.replacement": "b"})
            if name.startswith("backend.healthcheck"):
                labels["traefik.backend.healthcheck.path"] = "/"
            if name.startswith("backend.maxconn"):
                labels["traefik.backend.maxconn.amount"] = "1"
            labels["traefik." + name] = part * (60000 // len(part))
        with open(os.path.join(folder, "compose.yaml"), "w") as file:
            json.dump({"services": {name: {"image": "x", "labels": labels} for name, labels in services.items()}}, file)
        said = [line for line in run(folder=folder).stdout.splitlines() if "error: " in line or "warning: " in line]
        count("long values", None if len(said) > 10 and max(map(len, said)) < 1000 else
              "\n".join(line[:150] for line in said if len(line) >= 1000) or said)


def container(number, name, labels, networks=("net",)):
    cid = f"{number:x}" * 64
    return {"list": {"Id": cid, "Names": [f"/{name}"], "State": "running", "Labels": labels},
            "inspect": {"Id": cid, "Name": f"/{name}", "Created": "2026-01-01T00:00:00Z", "State": {"Running": True},
                        "HostConfig": {"NetworkMode": "default"}, "Config": {"Labels": labels},
                        "NetworkSettings": {"Ports": {"80/tcp": None}, "Networks": {
                            net: {"NetworkID": net, "IPAddress": f"10.0.0.{number}"} for net in networks}}}}


def check_container(path, *words, status, has, lacks=()):
    result = run("--docker.endpoint=unix://" + path, *words)
    missing = [text for text in has if text not in result.stdout] + [text for text in lacks if text in result.stdout]
    count(" ".join(words), None if result.returncode == status and not missing else
          f"exit {result.returncode}, about {missing}:\n{result.stdout}{result.stderr}")


def check_engine():
    with tempfile.TemporaryDirectory(prefix="conformance.") as folder:
        path = os.path.join(folder, "docker.sock")
        engine = FakeDocker(path, {"containers": [
            container(1, "good", {"traefik.frontend.rule": "Host:good.test"}),
            container(2, "bad", {"traefik.frontend.rule": "Host:bad.test", "traefik.port": "80x"}),
            container(3, "one", {"traefik.frontend.rule": "Host:same.test"}),
            container(4, "two", {"traefik.frontend.rule": "Host:same.test"}),
        ]})
        engine.start()
        try:
            check_container(path, "--container", "good", status=0, has=["good  routed", "10.0.0.1:80"], lacks=["bad", "one"])
            check_container(path, "--container=bad", status=1, has=["container bad, label traefik.port: warning: this is no port"],
                            lacks=["good"])
            check_container(path, "--container=two", status=1, has=["the rule `Host:same.test` is also that of"])
            check_container(path, "--container=111111", status=0, has=["good  routed"])
            check_container(path, "--container=none", status=2, has=["no container `none` runs there"])
            check_container(path, "--container=good", "--docker.exposedByDefault=false", status=0, has=["NOT_ENABLED"])
        finally:
            engine.stop()
        check_container(path, "--container=good", status=2, has=["the engine cannot be asked"])


if __name__ == "__main__":
    check_golden_files("--write" in sys.argv[1:])
    check_own_files()
    check_own_folder()
    check_many_problems()
    check_many_headers()
    check_long_values()
    check_engine()
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)
