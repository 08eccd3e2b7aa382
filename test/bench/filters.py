#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What each filter, and what is counted and logged, costs over the bare route: microseconds of the router's own processor time for a request.

Every variant is a router of its own, one worker, the same origin behind it; they take turns, so other load on the machine
meets all alike. `least` is the least of the rounds: what the work takes when nothing disturbs it.

usage: filters.py [--rounds 7] [--seconds 2] [--only compress]
"""
import argparse
import os
import re
import statistics
import subprocess
import tempfile

import bench

PORT = 18450
FRONTEND = "[frontends.f.routes.r]\nrule = \"Host:bench.local;PathPrefixStrip:/svc\"\n"

LOGIN = "Authorization: Basic YW5uOnNlY3JldA=="

# name: (rules below [frontends.f], options of the entrypoint, fields of the request, body of the answer, flags...)
VARIANTS = {
    "bare": ("", "", (), 128),
    "metrics": ("", "", (), 128, "--metrics.prometheus"),
    "metrics, pushed too": ("", "", (), 128, "--metrics.prometheus", "--metrics.statsd.address=127.0.0.1:9"),
    "metrics and access log": ("", "", (), 128, "--metrics.prometheus", "--accessLog.filePath=/dev/null"),
    "white list": ('[frontends.f.whiteList]\nsourceRange = ["127.0.0.0/8"]\n', "", (), 128),
    "basic auth, {SHA}": ('[frontends.f.auth.basic]\nusers = ["ann:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ="]\n', "", (LOGIN,), 128),
    "basic auth, remembered": ('[frontends.f.auth.basic]\nusers = ["ann:$apr1$H6uskkkW$NNBs2U5LAblMB3OM9KekS/"]\n', "", (LOGIN,), 128),
    "custom headers, 2 each way": ('[frontends.f.headers.customRequestHeaders]\nX-A = "1"\nX-B = "2"\n'
                                   '[frontends.f.headers.customResponseHeaders]\nX-C = "3"\nX-D = "4"\n', "", (), 128),
    "security headers, 4": ('[frontends.f.headers]\nframeDeny = true\ncontentTypeNosniff = true\nbrowserXSSFilter = true\n'
                            'referrerPolicy = "same-origin"\n', "", (), 128),
    "error pages, no error": ('[frontends.f.errors.e]\nstatus = ["500-599"]\nbackend = "pages"\nquery = "/"\n', "", (), 128),
    "timeouts, total": ('[frontends.f.timeouts]\ntotal = "30s"\n', "", (), 128),
    "buffering": ("[backends.b.buffering]\nmaxResponseBodyBytes = 100000\n", "", (), 128),
    "compress, not accepted": ("", " Compress:true", (), 128),
    "bare, 5000 bytes": ("", "", (), 5000),
    "buffering, 5000 bytes": ("[backends.b.buffering]\nmaxResponseBodyBytes = 100000\n", "", (), 5000),
    "compress, gzip, 5000 bytes": ("", " Compress:true", ("Accept-Encoding: gzip",), 5000),
    "compress, brotli, 5000 bytes": ("", " Compress:true", ("Accept-Encoding: br",), 5000),
}


def rules(options, origin):
    return (f'[backends.b.servers.s]\nurl = "http://127.0.0.1:{origin}"\n[backends.pages.servers.s]\nurl = "http://127.0.0.1:{origin}"\n'
            f'[frontends.f]\nbackend = "b"\npassHostHeader = true\n{FRONTEND}{options}')


def start(folder, number, name, origins):
    options, entrypoint, fields, body, *flags = VARIANTS[name]
    path = bench.write(folder, f"{number}.toml", rules(options, origins[body]))
    process = subprocess.Popen([bench.WAYBILL, "--file", f"--file.filename={path}", "--defaultEntryPoints=http", "--workers=1",
                                f"--entryPoints=Name:http Address:127.0.0.1:{PORT + number}{entrypoint}",
                                f"--entryPoints=Name:traefik Address:127.0.0.1:{PORT + 60 + number}", *flags],
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    bench.wait_up(PORT + number, fields)
    return process


def measure(process, port, fields, seconds):
    before = bench.cpu(process.pid)
    command = ["wrk", "-t", "1", "-c", "64", "-d", f"{seconds}s", "-H", "Host: bench.local"]
    for field in fields:
        command += ["-H", field]
    out = subprocess.run([*command, f"http://127.0.0.1:{port}/svc/x"], capture_output=True, text=True).stdout
    if "Non-2xx" in out:
        raise SystemExit(f"port {port}: {out}")
    return (bench.cpu(process.pid) - before) / int(re.search(r"(\d+) requests in", out)[1]) * 1e6


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=int, default=2)
    parser.add_argument("--only", default="", help="variants whose names begin so; commas between")
    options = parser.parse_args()
    names = [name for name in VARIANTS if name.startswith(tuple(options.only.split(",")))]
    folder, processes, routers = tempfile.mkdtemp(prefix="filters."), [], []
    try:
        subprocess.check_call(["cc", "-O2", "-o", f"{folder}/origin", os.path.join(bench.HERE, "origin.c")])
        origins = {body: PORT + 40 + i for i, body in enumerate(sorted({row[3] for row in VARIANTS.values()}))}
        processes += [subprocess.Popen([f"{folder}/origin", str(port), str(body)]) for body, port in origins.items()]
        for number, name in enumerate(names):
            routers.append(start(folder, number, name, origins))
            processes.append(routers[-1])
        figures = {name: [] for name in names}
        for _ in range(options.rounds):
            for number, name in enumerate(names):
                figures[name].append(measure(routers[number], PORT + number, VARIANTS[name][2], options.seconds))
        print(f"{'':32}{'least':>10}{'median':>10}{'over bare':>12}")
        for name in names:
            bare = figures.get("bare, 5000 bytes" if VARIANTS[name][3] == 5000 else "bare", [0])
            print(f"{name:32}{min(figures[name]):8.2f}us{statistics.median(figures[name]):8.2f}us{min(figures[name]) - min(bare):+10.2f}us")
    finally:
        for process in processes:
            process.terminate()


if __name__ == "__main__":
    main()
