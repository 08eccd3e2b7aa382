#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What a router costs that does nothing: memory once it has started, and the time from exec to its first answer.

usage: cost.py [--waybill BIN | --image FOLDER] [--starts 20] [--engine unix:///path/docker.sock] [--memory-bar KIB] [--time-bar MS]

Memory is the proportional set size (PSS), two seconds after the first answer, with the Docker provider reading a scripted engine
(callout and all that it needs is in use then) and the API on. PSS counts a page by how many have it: the program and its libraries
are copied first, so that nobody else has theirs, as in an image.
"""
import argparse
import os
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
REPO = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(REPO, "test", "conformance"))
from _engine import ScriptedEngine, container  # noqa: E402
from _ports import free_port  # noqa: E402


def ask(port):
    """The status line of /ping, or empty while nobody listens."""
    try:
        with socket.create_connection(("127.0.0.1", port), 1) as sock:
            sock.sendall(b"GET /ping HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n")
            return sock.recv(4096).split(b"\r\n", 1)[0]
    except OSError:
        return b""


def of_image(folder):
    """The command that starts the program of an image whose files are below the folder."""
    libraries = [os.path.join(place, name) for place, _, names in os.walk(folder) for name in names if ".so" in name]
    loader = next(path for path in libraries if "/ld-linux" in path)
    places = ":".join(sorted({os.path.dirname(path) for path in libraries}))
    return [loader, "--library-path", places, f"{folder}/waybill"]


def set_apart(program, folder):
    """A copy of the program with all its libraries, and the command that starts it there."""
    libraries = re.findall(r"(/\S+)", subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout)
    for path in [program, *libraries]:
        shutil.copy(path, folder)
    loader = next(path for path in libraries if "/ld-linux" in path)
    return [f"{folder}/{os.path.basename(loader)}", "--library-path", folder, f"{folder}/{os.path.basename(program)}"]


def start(program, engine):
    """The process, its port, and the milliseconds until its first answer."""
    port = free_port()
    words = [*program, "--docker", f"--docker.endpoint={engine}", "--api", "--entryPoints=Name:http Address:127.0.0.1:0",
             f"--entryPoints=Name:traefik Address:127.0.0.1:{port}"]
    began = time.monotonic()
    process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while not ask(port).startswith(b"HTTP/1.1 200"):
        if process.poll() is not None or time.monotonic() > began + 20:
            sys.exit("the router did not start")
        time.sleep(0.0005)
    return process, port, (time.monotonic() - began) * 1000


def stop(process):
    process.send_signal(signal.SIGTERM)
    process.wait(20)


def memory_kib(pid):
    """PSS as a whole and by what it is of, largest first."""
    parts, name = {}, None
    with open(f"/proc/{pid}/smaps") as file:
        for line in file:
            mapping = re.match(r"[0-9a-f]+-[0-9a-f]+ \S+ \S+ \S+ \S+ *(.*)", line)
            if mapping:
                name = os.path.basename(mapping[1]) or "heap and stacks"
            elif line.startswith("Pss:"):
                parts[name] = parts.get(name, 0) + int(line.split()[1])
    return sum(parts.values()), sorted(parts.items(), key=lambda part: -part[1])


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--waybill", default=f"{REPO}/build/release/waybill")
    options.add_argument("--image")
    options.add_argument("--starts", type=int, default=20)
    options.add_argument("--engine")
    options.add_argument("--memory-bar", type=int)
    options.add_argument("--time-bar", type=float)
    options = options.parse_args()
    scripted = None if options.engine else ScriptedEngine()
    if scripted:
        scripted.put(container("web", {"traefik.port": "80"}))
    endpoint = options.engine or scripted.endpoint
    folder = tempfile.TemporaryDirectory(prefix="waybill-cost.")
    program, times = of_image(options.image) if options.image else set_apart(options.waybill, folder.name), []
    for _ in range(options.starts):
        process, _, took = start(program, endpoint)
        times.append(took)
        stop(process)
    process, _, _ = start(program, endpoint)
    time.sleep(2)
    total, parts = memory_kib(process.pid)
    stop(process)
    print(f"from exec to the first answer: median {statistics.median(times):.1f} ms, worst {max(times):.1f} ms of {len(times)} starts")
    print(f"idle: {total} KiB PSS")
    for name, kib in parts[:20]:
        print(f"    {kib:6} KiB  {name}")
    failed = sum(bar is not None and found > bar
                 for bar, found in ((options.memory_bar, total), (options.time_bar, statistics.median(times))))
    print(f"{2 - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
