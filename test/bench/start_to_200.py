#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Milliseconds from the engine's start event to the first routed 200: median, p95 and worst of many starts.

usage: start_to_200.py [--engine scripted|unix:///path/docker.sock] [--starts 100] [--churn] [--waybill BIN]

scripted: an engine of ours; the clock starts when the event is handed to its stream. A socket: that engine; containers are in
the host's network and sleep, what answers for them listens already, and the clock starts at the event's own timeNano. So in
both cases it is the router alone that is measured. --churn: others start and stop all the time meanwhile.
"""
import argparse
import itertools
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
REPO = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(REPO, "test", "conformance"))
from _engine import ScriptedEngine, container  # noqa: E402
from _ports import free_port  # noqa: E402

IMAGE = "debian:bookworm-slim"
ASK_EVERY_S = 0.0003


class Server:
    """Answers every request at once."""

    def __init__(self):
        self.listening = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port = self.listening.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            conn, _ = self.listening.accept()
            threading.Thread(target=self.serve, args=(conn,), daemon=True).start()

    def serve(self, conn):
        conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while conn.recv(65536):
            conn.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")


class Client:
    """One connection that asks again and again."""

    def __init__(self, port):
        self.sock = socket.create_connection(("127.0.0.1", port))
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def status(self, host):
        self.sock.sendall(b"GET / HTTP/1.1\r\nHost: %s\r\n\r\n" % host.encode())
        got = b""
        while b"\r\n\r\n" not in got:
            got += self.sock.recv(65536)
        head, _, body = got.partition(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
        while len(body) < length:
            body += self.sock.recv(65536)
        return int(head.split()[1])

    def first_200(self, host, within_s=15):
        end = time.time() + within_s
        while time.time() < end:
            if self.status(host) == 200:
                return time.time()
            time.sleep(ASK_EVERY_S)
        raise TimeoutError(f"{host} is not routed")


class Router:
    def __init__(self, program, endpoint):
        self.port, api = (free_port() for _ in range(2))
        self.log = tempfile.NamedTemporaryFile(prefix="start_to_200.", suffix=".log")
        self.process = subprocess.Popen(
            [program, "--docker", f"--docker.endpoint={endpoint}", "--docker.exposedByDefault=false",
             f"--entryPoints=Name:http Address:127.0.0.1:{self.port}", f"--entryPoints=Name:traefik Address:127.0.0.1:{api}",
             "--defaultEntryPoints=http", "--ping", "--logLevel=DEBUG"], stdout=self.log, stderr=self.log)
        end = time.time() + 15
        while True:
            try:
                client = Client(self.port)
                if client.status("nobody.test") in (404, 503):
                    break
            except OSError:
                time.sleep(0.02)
            if time.time() > end:
                sys.exit(f"the router does not answer; {open(self.log.name).read()[-2000:]}")

    def stop(self):
        self.process.terminate()
        self.process.wait(20)


def labels_for(host, port):
    return {"traefik.enable": "true", "traefik.port": str(port), "traefik.frontend.rule": f"Host:{host}"}


class Scripted:
    """Its churn: a container comes or goes every 5 ms or so, each with the events a real engine tells."""

    def __init__(self, port):
        self.folder = tempfile.TemporaryDirectory(prefix="start_to_200.")
        self.engine = ScriptedEngine(os.path.join(self.folder.name, "docker.sock"))
        self.endpoint, self.port = self.engine.endpoint, port

    def ready(self):
        self.engine.wait_for(lambda engine: engine.count("/events") and engine.count("/containers/json"))
        time.sleep(0.2)

    def start(self, name):
        box = container(name, labels_for(f"{name}.test", self.port), address="127.0.0.1")
        self.engine.put(box)
        at = time.time()
        self.engine.event(box, "start")
        return box, lambda: at

    def end(self, box):
        self.engine.event(box, "kill", Actor={"ID": box["Id"], "Attributes": {"signal": "15"}})
        self.engine.remove(box)
        self.engine.event(box, "die")
        self.engine.event(box, "destroy")

    def churn(self, number):
        box, _ = self.start(f"churn{number}")
        time.sleep(0.005)
        self.end(box)
        time.sleep(0.005)

    def close(self):
        self.engine.close()
        self.folder.cleanup()


class Real:
    """Its churn: `docker run` of a container that ends by itself, one after the other."""

    def __init__(self, endpoint, port):
        self.endpoint, self.port = endpoint, port
        self.tag = f"waybill-bench-{os.getpid()}"
        self.starts = {}
        self.events = subprocess.Popen(
            self.docker_words("events", "--filter", "event=start", "--format", "{{json .}}"), stdout=subprocess.PIPE, text=True)
        threading.Thread(target=self.follow, daemon=True).start()

    def docker_words(self, *words):
        return ["docker", "-H", self.endpoint, *words]

    def docker(self, *words):
        return subprocess.run(self.docker_words(*words), check=True, capture_output=True, text=True).stdout.strip()

    def follow(self):
        for line in self.events.stdout:
            event = json.loads(line)
            self.starts[event["Actor"]["Attributes"]["name"]] = event["timeNano"] / 1e9

    def ready(self):
        time.sleep(0.5)

    def run(self, name, command, host, *options):
        labels = [word for key, value in labels_for(host, self.port).items() for word in ("--label", f"{key}={value}")]
        return self.docker("run", "--rm", "--name", name, *labels, *options, IMAGE, *command)

    def start(self, name):
        full = f"{self.tag}-{name}"
        thread = threading.Thread(target=self.run, args=(full, ["sleep", "60"], f"{name}.test", "-d", "--network=host", "--init"))
        thread.start()

        def at():
            thread.join()
            end = time.time() + 5
            while full not in self.starts and time.time() < end:
                time.sleep(0.01)
            return self.starts[full]
        return full, at

    def end(self, full):
        self.docker("kill", full)

    def churn(self, number):
        self.run(f"{self.tag}-churn{number}", ["true"], f"churn{number}.test")

    def close(self):
        self.events.terminate()
        left = self.docker("ps", "-aq", "--filter", f"name={self.tag}").split()
        if left:
            self.docker("rm", "-f", *left)


def measure(engine, router, starts, churn):
    stopping = threading.Event()

    def keep_churning():
        for number in itertools.count():
            if stopping.is_set():
                return
            engine.churn(number)

    others = [threading.Thread(target=keep_churning) for _ in range(1 if churn else 0)]
    for thread in others:
        thread.start()
    client, times = Client(router.port), []
    try:
        for number in range(starts):
            box, started = engine.start(f"n{number}")
            seen = client.first_200(f"n{number}.test")
            times.append((seen - started()) * 1000)
            engine.end(box)
            time.sleep(0.05)
    finally:
        stopping.set()
        for thread in others:
            thread.join()
    return times


def run(program, place, starts, churn, show_log=False):
    """Milliseconds of each start, sorted. `place`: "scripted", or an engine's address."""
    port = Server().port
    engine = Scripted(port) if place == "scripted" else Real(place, port)
    router = Router(program, engine.endpoint)
    try:
        engine.ready()
        return sorted(measure(engine, router, starts, churn))
    finally:
        router.stop()
        engine.close()
        if show_log:
            print(open(router.log.name).read())


def describe(times, churn):
    return (f"{'under churn' if churn else 'idle'}: {len(times)} starts, median {statistics.median(times):.1f} ms, "
            f"p95 {times[int(len(times) * 0.95) - 1]:.1f} ms, worst {times[-1]:.1f} ms")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--engine", default="scripted")
    parser.add_argument("--starts", type=int, default=100)
    parser.add_argument("--churn", action="store_true")
    parser.add_argument("--waybill", default=os.path.join(REPO, "build", "release", "waybill"))
    parser.add_argument("--log", action="store_true", help="print the router's log at the end")
    options = parser.parse_args()
    print(describe(run(options.waybill, options.engine, options.starts, options.churn, options.log), options.churn))


if __name__ == "__main__":
    main()
