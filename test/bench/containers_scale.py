#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Many containers at one engine, by script: how long the first full sync takes, how long an event, and what memory each costs.

sync: from the router's first request to the engine to the last container's frontend answering. event: from the bytes of a
`start` or `die` event to the first request that is routed, or is not any more; and the CPU of the threads that work for it,
which other load on the machine hardly moves. memory: anonymous memory with the containers less that with none, by container;
the router runs with one worker.

usage: containers_scale.py [--containers 2000] [--events 200] [--router build/release/waybill] [--profile 'perf record -g -o F']
"""
import argparse
import os
import re
import shlex
import socket
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "conformance"))
from _engine import ScriptedEngine, container  # noqa: E402
from _ports import free_port  # noqa: E402


class Prober:
    """Asks for hosts on one kept connection; an unrouted one answers 404, a routed one 502 (nobody is at its address)."""

    def __init__(self, port):
        self.sock = socket.create_connection(("127.0.0.1", port))

    def status(self, host):
        self.sock.sendall(b"GET / HTTP/1.1\r\nHost: %s\r\n\r\n" % host.encode())
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += self.sock.recv(65536)
        head, body = answer.split(b"\r\n\r\n", 1)
        left = int(re.search(rb"(?i)content-length: (\d+)", head)[1]) - len(body)
        while left:
            left -= len(self.sock.recv(left))
        return int(head.split(b" ")[1])

    def wait(self, host, routed, since, timeout=60):
        """Seconds since `since` until the host is routed, or is not."""
        while (self.status(host) == 502) != routed:
            if time.perf_counter() - since > timeout:
                raise TimeoutError(f"{host} is {'not ' if routed else ''}routed after {timeout} s")
            time.sleep(0.0002)  # the cores are for the router
        return time.perf_counter() - since


def app(number):
    """A container as a user has it: a rule, a port, some labels of other programs. Nobody listens at its address. A higher number
    is younger, and the engine lists the youngest first: so each one that starts moves all the others."""
    return container(f"app-{number}", {"traefik.enable": "true", "traefik.frontend.rule": f"Host:app-{number}.test",
                                       "traefik.port": "1", "traefik.backend": f"app-{number}",
                                       "com.docker.compose.project": "bench", "com.docker.compose.service": f"app-{number}"},
                     address="127.0.0.1", Created=f"2026-01-01T{number // 3600:02}:{number // 60 % 60:02}:{number % 60:02}Z")


def memory_kib(pid):
    """Anonymous memory, which is all that grows: what is shared with other programs says nothing here."""
    with open(f"/proc/{pid}/smaps_rollup") as file:
        return int(re.search(r"^Anonymous:\s+(\d+)", file.read(), re.M)[1])


def cpu_ms(pid):
    """Of the provider's thread and of the main one, which compiles."""
    spent = {"docker": 0.0, "main": 0.0}
    for thread in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{thread}/comm") as file:
            name = "main" if int(thread) == pid else file.read().strip()
        with open(f"/proc/{pid}/task/{thread}/schedstat") as file:
            if name in spent:
                spent[name] += int(file.read().split()[0]) / 1e6
    return spent


class Router:
    def __init__(self, program, engine, port, profile=""):
        self.process = subprocess.Popen(
            [*shlex.split(profile), program, f"--docker.endpoint={engine.endpoint}", "--workers=1",
             f"--entryPoints=Name:http Address:127.0.0.1:{port}", "--defaultEntryPoints=http"], stdout=subprocess.DEVNULL)
        end = time.monotonic() + 20
        while time.monotonic() < end:
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                return
            except OSError:
                time.sleep(0.002)

    def stop(self):
        self.process.terminate()
        self.process.wait(20)


def memory_with(program, engine, port, count):
    router = Router(program, engine, port)
    prober = Prober(port)
    if count:
        prober.wait(f"app-{count - 1}.test", True, time.perf_counter())
    time.sleep(0.5)
    kib = memory_kib(router.process.pid)
    router.stop()
    return kib


def measure(program, folder, count, events, profile=""):
    """{"sync_s", "event_ms": sorted, "kib_each"}"""
    engine = ScriptedEngine(os.path.join(folder, "engine.sock"))
    port = free_port()
    idle_kib = memory_with(program, engine, port, 0) if not profile else 0
    apps = [app(number) for number in reversed(range(count))]
    engine.put(*apps)
    del engine.requests[:]
    begin = time.perf_counter()
    router = Router(program, engine, port, profile)
    prober = Prober(port)
    sync_s = prober.wait(apps[-1]["Config"]["Hostname"] + ".test", True, begin)
    time.sleep(0.5)
    full_kib = memory_kib(router.process.pid)
    times, before = [], cpu_ms(router.process.pid)
    for number in range(events):
        fresh, starts = app(count + number // 2), number % 2 == 0
        engine.put(fresh) if starts else engine.remove(fresh)
        since = time.perf_counter()
        engine.event(fresh, "start" if starts else "die")
        times.append(1000 * prober.wait(f"app-{count + number // 2}.test", starts, since))
        time.sleep(0.1)  # each is a change by itself, not one of a burst
    after = cpu_ms(router.process.pid)
    after_kib = memory_kib(router.process.pid)
    router.stop()
    engine.close()
    return {"sync_s": sync_s, "event_ms": sorted(times), "event_cpu_ms": {name: (after[name] - before[name]) / max(events, 1) for name in after},
            "sync_cpu_ms": before, "kib_each": (full_kib - idle_kib) / count, "full_kib": full_kib,
            "after_kib": after_kib}


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--containers", type=int, default=2000)
    options.add_argument("--events", type=int, default=200)
    options.add_argument("--router", default=os.path.join(os.path.dirname(os.path.dirname(HERE)), "build", "release", "waybill"))
    options.add_argument("--profile", default="")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="containers_scale.") as folder:
        found = measure(chosen.router, folder, chosen.containers, chosen.events, chosen.profile)
    times = found["event_ms"]
    cpu, sync_cpu = found["event_cpu_ms"], found["sync_cpu_ms"]
    print(f"{chosen.containers} containers: first full sync {found['sync_s']:.2f} s; "
          f"event to routed: median {statistics.median(times):.1f} ms, p95 {times[int(len(times) * .95)]:.1f} ms, "
          f"most {times[-1]:.1f} ms; {found['kib_each']:.1f} KiB each ({found['full_kib']} KiB, "
          f"{found['after_kib']} KiB after {len(times)} events)\n"
          f"CPU of an event: provider {cpu['docker']:.2f} ms, control {cpu['main']:.2f} ms; of the sync: "
          f"{sync_cpu['docker']:.0f} ms and {sync_cpu['main']:.0f} ms")


if __name__ == "__main__":
    main()
