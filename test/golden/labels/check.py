#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Golden-vector checker for a label-driven reverse proxy.

usage: check.py [options] ROUTER_BINARY VECTOR.json [VECTOR.json ...]

For every vector it starts the fake engine (../http/fake_docker.py) on a
unix socket, starts the router with

    <vector args>
    --docker --docker.endpoint=unix://SOCKET
    --entryPoints='Name:http Address:127.0.0.1:P1'      (unless the vector defines http)
    --entryPoints='Name:traefik Address:127.0.0.1:P2'
    --api --checkNewVersion=false

polls  GET http://127.0.0.1:P2/api/providers/docker  until it is stable and
compares the JSON value (object key order ignored, everything else strict)
with the vector's "expected".

  "expected": <value>          the body, with status 200
  "expected": null             status 404: the provider has published nothing
  "expected_any_of": [..]      instead of "expected": any one of these
                               (the original is not deterministic here)
  "not_1.7": true              the original does otherwise and shall not be followed

In args, {PORT1}..{PORT9} stand for free loopback ports.

options: -v            print a difference for each failure
         -k            keep going quietly (default), -x stop at first failure
         -j N          N vectors at a time (only with neither -x nor --record)
         --record      (re)write "expected" from what this router answers
         --compat      leave out vectors with "not_1.7": for checking the vectors against Traefik itself
         --repeat N    run each vector N times (finds nondeterminism)
         --settle S    seconds of silence before the answer counts (default 0.6)
         --timeout S   per vector limit (default 15)
Last line printed: 'N passed, N failed'.  Exit status 1 if anything failed.
"""
import argparse
import concurrent.futures
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "http"))
from fake_docker import FakeDocker  # noqa: E402

PORT_LOW, PORT_HIGH = 18000, 18999
_next = random.randrange(PORT_LOW, PORT_HIGH)
_lock = threading.Lock()


def free_port():
    with _lock:
        return _free_port()


def _free_port():
    global _next
    for _ in range(PORT_HIGH - PORT_LOW + 1):
        _next = _next + 1 if _next < PORT_HIGH else PORT_LOW
        probe = socket.socket()
        try:
            probe.bind(("127.0.0.1", _next))
            return _next
        except OSError:
            continue
        finally:
            probe.close()
    raise RuntimeError("no free port")


def same(a, b):
    """Strict JSON equality: 1, 1.0 and True differ as JSON kinds would."""
    if isinstance(a, bool) or isinstance(b, bool):
        return isinstance(a, bool) and isinstance(b, bool) and a == b
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b))
    if isinstance(a, (int, float)) and isinstance(b, (int, float)):
        return a == b
    return type(a) is type(b) and a == b


def differences(want, got, where="$"):
    if same(want, got):
        return []
    if isinstance(want, dict) and isinstance(got, dict):
        out = []
        for key in sorted(set(want) | set(got)):
            here = "%s.%s" % (where, key)
            if key not in got:
                out.append("%s: missing, wanted %s" % (here, json.dumps(want[key])))
            elif key not in want:
                out.append("%s: unexpected %s" % (here, json.dumps(got[key])))
            else:
                out.extend(differences(want[key], got[key], here))
        return out
    return ["%s: wanted %s got %s" % (where, json.dumps(want), json.dumps(got))]


_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def fetch(port):
    """(status, value) of the provider document; (0, None) when not listening."""
    url = "http://127.0.0.1:%d/api/providers/docker" % port
    try:
        with _opener.open(url, timeout=3) as reply:
            return reply.status, json.loads(reply.read().decode())
    except urllib.error.HTTPError as err:
        err.read()
        return err.code, None
    except (OSError, ValueError):
        return 0, None


def observe(binary, vector, settle, limit):
    """Run the router on the vector; returns (value, error)."""
    scratch = tempfile.mkdtemp(prefix="golden")
    engine = FakeDocker(os.path.join(scratch, "d.sock"), vector).start()
    ports = {}
    args = []
    for arg in vector.get("args", []):
        for n in range(1, 10):
            mark = "{PORT%d}" % n
            if mark in arg:
                ports.setdefault(n, free_port())
                arg = arg.replace(mark, str(ports[n]))
        args.append(arg)
    api_port = free_port()
    argv = [binary] + args + ["--docker", "--docker.endpoint=unix://" + engine.path]
    if not any(a.lower().startswith("--entrypoints=") and "name:http " in a.lower() + " " for a in args):
        argv.append("--entryPoints=Name:http Address:127.0.0.1:%d" % free_port())
    argv += ["--entryPoints=Name:traefik Address:127.0.0.1:%d" % api_port, "--api", "--checkNewVersion=false"]
    log = open(os.path.join(scratch, "log"), "w+")
    env = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}
    proc = subprocess.Popen(argv, stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                            cwd=scratch, env=env)
    value, error = None, None
    try:
        deadline = time.time() + limit
        previous, repeats = None, 0
        while True:
            now = time.time()
            if now > deadline:
                error = "not stable after %ss" % limit
                break
            if proc.poll() is not None:
                error = "router exited with %s" % proc.returncode
                break
            if engine.listings() == 0 or now - engine.last_request_at() < settle:
                time.sleep(0.05)
                continue
            status, body = fetch(api_port)
            if status not in (200, 404):
                time.sleep(0.05)
                continue
            current = (status, json.dumps(body, sort_keys=True))
            repeats = repeats + 1 if current == previous else 1
            previous = current
            if repeats >= (3 if status == 200 else 15):  # "not there" may only be "not yet" on a machine that is busy
                value = body if status == 200 else None
                break
            time.sleep(0.08)
    finally:
        if proc.poll() is None:
            proc.send_signal(signal.SIGKILL)
        proc.wait()
        engine.stop()
        if error:
            log.seek(0)
            error += "\n" + log.read()[-1500:]
        log.close()
        shutil.rmtree(scratch, ignore_errors=True)
    return value, error


def allowed_values(vector):
    return vector["expected_any_of"] if "expected_any_of" in vector else [vector.get("expected")]


def check(opt, binary, name):
    """(label, variants, problem) of one vector."""
    with open(name) as handle:
        vector = json.load(handle)
    label = os.path.splitext(os.path.basename(name))[0]
    if opt.compat and vector.get("not_1.7"):
        return None
    seen = []
    for _ in range(opt.repeat):
        value, error = observe(binary, vector, opt.settle, opt.timeout)
        if error:
            return label, seen, error
        if not any(same(value, s) for s in seen):
            seen.append(value)
    if opt.record:
        vector.pop("expected", None)
        vector.pop("expected_any_of", None)
        vector["expected" if len(seen) == 1 else "expected_any_of"] = seen[0] if len(seen) == 1 else seen
        with open(name, "w") as handle:
            json.dump(vector, handle, indent=1)
            handle.write("\n")
    allowed = allowed_values(vector)
    for value in seen:
        if not any(same(value, a) for a in allowed):
            return label, seen, "\n".join("    " + line for line in differences(allowed[0], value)[:20])
    return label, seen, None


def main():
    ap = argparse.ArgumentParser(description="golden vectors against a router")
    ap.add_argument("-v", "--verbose", action="store_true")
    ap.add_argument("-k", action="store_true", help="keep going (default)")
    ap.add_argument("-x", action="store_true", help="stop at the first failure")
    ap.add_argument("-j", type=int, default=1)
    ap.add_argument("--record", action="store_true")
    ap.add_argument("--compat", action="store_true")
    ap.add_argument("--repeat", type=int, default=1)
    ap.add_argument("--settle", type=float, default=0.6)
    ap.add_argument("--timeout", type=float, default=15)
    ap.add_argument("binary")
    ap.add_argument("vectors", nargs="+")
    opt = ap.parse_args()
    binary = os.path.abspath(opt.binary) if os.sep in opt.binary else opt.binary
    passed = failed = 0
    with concurrent.futures.ThreadPoolExecutor(opt.j) as pool:
        for result in pool.map(lambda name: check(opt, binary, name), opt.vectors):
            if result is None:
                continue
            label, seen, problem = result
            if problem is None:
                passed += 1
                print("PASS %s%s" % (label, " (%d variants)" % len(seen) if len(seen) > 1 else ""))
            else:
                failed += 1
                print("FAIL %s" % label)
                if opt.verbose:
                    print(problem)
                if opt.x:
                    pool.shutdown(wait=False, cancel_futures=True)
                    break
            sys.stdout.flush()
    print("%d passed, %d failed" % (passed, failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
