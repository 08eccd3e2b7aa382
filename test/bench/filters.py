#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What each filter costs over the bare route: microseconds of the router's own processor time for a request.

Every variant is a router of its own, one worker, the same origin behind it; they take turns, so other load on the machine
meets all alike. `least` is the least of the rounds: what the work takes when nothing disturbs it; `over` is that less its own
kind of bare route (same answer, same number of connections), and in per cent of it.

usage: filters.py [--rounds 7] [--seconds 2] [--only compress]
"""
import argparse
import dataclasses
import hashlib
import http.server
import os
import re
import statistics
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.request

import bench

PORT, ORIGIN, COLLECTOR, CLOSED = 18450, 18560, 18570, 1
LOGIN = "Authorization: Basic YW5uOnNlY3JldA=="
HASH = "ann:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ="
DIGEST_USER, DIGEST_SECRET = "ann:traefik:" + hashlib.md5(b"ann:traefik:secret").hexdigest(), b"ann:traefik:secret"


@dataclasses.dataclass
class Variant:
    frontend: str = ""    # rules below [frontends.f]
    backend: str = ""     # more rules, of the backend
    entrypoint: str = ""  # words of the entrypoint
    flags: tuple = ()
    fields: tuple = ()    # of each request
    body: int = 128       # bytes of the answer
    server: int = 0       # a port instead of the origin's
    status: int = 200     # of every answer
    bare: str = "bare"    # what it is compared with
    connections: int = 64
    prepare: object = None  # makes a script for wrk


def limit(kind, text):
    return Variant(frontend=f"[frontends.f.rateLimit]\nextractorfunc = \"{kind}\"\n[frontends.f.rateLimit.rateset.r]\n{text}\n")


def a_second_server(method):
    return f'[backends.b.loadBalancer]\nmethod = "{method}"\n[backends.b.servers.t]\nurl = "http://127.0.0.1:{ORIGIN + 1}"\n'


def digest_script(folder, port):
    """Lines of Authorization for wrk: one nonce, its count going up with each request of the one connection."""
    request = urllib.request.Request(f"http://127.0.0.1:{port}/svc/x", headers={"Host": "bench.local"})
    try:
        urllib.request.urlopen(request, timeout=5)
        raise SystemExit("digest: let in without a login")
    except urllib.error.HTTPError as error:
        challenge = dict(re.findall(r'(\w+)="([^"]*)"', error.headers["Www-Authenticate"]))
    first, second = hashlib.md5(DIGEST_SECRET).hexdigest(), hashlib.md5(b"GET:/svc/x").hexdigest()
    lines = []
    for count in range(1, 300000):
        words = f'{first}:{challenge["nonce"]}:{count:08x}:c:auth:{second}'
        lines.append(f'{count:08x} {hashlib.md5(words.encode()).hexdigest()}')
    bench.write(folder, "digest.txt", "\n".join(lines))
    fixed = f'Digest username="ann", realm="traefik", nonce="{challenge["nonce"]}", opaque="{challenge["opaque"]}", uri="/svc/x", ' \
            'algorithm=MD5, qop=auth, cnonce="c"'
    # Each run of wrk is a new one: where it stopped is kept in a file, or counts would come again.
    return bench.write(folder, "digest.lua", f"""
local place = io.open("{folder}/digest.at"); local at = place and tonumber(place:read()) or 0
if place then place:close() end
local file = io.open("{folder}/digest.txt"); file:seek("set", at)
function request()
    local count, response = file:read(8), (file:read(1) and file:read(32)); file:read(1)
    wrk.headers["Host"] = "bench.local"
    wrk.headers["Authorization"] = '{fixed}, nc=' .. count .. ', response="' .. response .. '"'
    return wrk.format("GET", "/svc/x")
end
local thread
function setup(it) thread = it end
function done()
    local place = io.open("{folder}/digest.at", "w"); place:write(tostring(thread:get("sent") * 42)); place:close()
end
""".replace("function request()", "sent = at / 42\nfunction request()\n    sent = sent + 1"))


METRICS = ("--metrics.prometheus.entryPoint=inner", "--entryPoints=Name:inner Address:127.0.0.1:0")
VARIANTS = {
    "bare": Variant(),
    "metrics": Variant(flags=METRICS),
    "metrics, pushed too": Variant(flags=(*METRICS, "--metrics.statsd.address=127.0.0.1:9")),
    "tracing, nobody sampled": Variant(flags=("--tracing.otlp", "--tracing.sampleRate=0")),
    "tracing, one in ten": Variant(flags=(f"--tracing.otlp.endpoint=http://127.0.0.1:{COLLECTOR}", "--tracing.sampleRate=0.1")),
    "tracing, each": Variant(flags=(f"--tracing.otlp.endpoint=http://127.0.0.1:{COLLECTOR}",)),
    "metrics and an access log": Variant(flags=(*METRICS, "--accessLog", "--accessLog.filePath={folder}/logs/access.log")),
    "access log, to a file": Variant(flags=("--accessLog", "--accessLog.filePath={folder}/logs/access.log")),
    "access log, JSON": Variant(flags=("--accessLog.format=json", "--accessLog.filePath={folder}/logs/access.json")),
    "white list": Variant(frontend='[frontends.f.whiteList]\nsourceRange = ["127.0.0.0/8"]\n'),
    "white list of an entrypoint": Variant(entrypoint=" WhiteList.SourceRange:127.0.0.0/8"),
    "forward auth": Variant(frontend=f'[frontends.f.auth.forward]\naddress = "http://127.0.0.1:{ORIGIN + 1}/"\n'
                                     'authResponseHeaders = ["X-User"]\n'),
    "basic auth, {SHA}": Variant(frontend=f'[frontends.f.auth.basic]\nusers = ["{HASH}"]\n', fields=(LOGIN,)),
    "basic auth, remembered apr1": Variant(frontend='[frontends.f.auth.basic]\nusers = ["ann:$apr1$H6uskkkW$NNBs2U5LAblMB3OM9KekS/"]\n',
                                           fields=(LOGIN,)),
    "bare, 1 connection": Variant(connections=1),
    "digest auth, 1 connection": Variant(frontend=f'[frontends.f.auth.digest]\nusers = ["{DIGEST_USER}"]\n', connections=1,
                                         bare="bare, 1 connection", prepare=digest_script),
    "custom headers, 2 each way": Variant(frontend='[frontends.f.headers.customRequestHeaders]\nX-A = "1"\nX-B = "2"\n'
                                                   '[frontends.f.headers.customResponseHeaders]\nX-C = "3"\nX-D = "4"\n'),
    "security headers, 4": Variant(frontend="[frontends.f.headers]\nframeDeny = true\ncontentTypeNosniff = true\n"
                                            'browserXSSFilter = true\nreferrerPolicy = "same-origin"\n'),
    "rate limit, client.ip": limit("client.ip", 'period = "1s"\naverage = 10000000\nburst = 10000000'),
    "rate limit, 2 sets, a header": limit("request.header.X-Key", 'period = "1s"\naverage = 10000000\nburst = 10000000\n'
                                          '[frontends.f.rateLimit.rateset.q]\nperiod = "60s"\naverage = 100000000\nburst = 100000000'),
    "maxconn, client.ip": Variant(backend='[backends.b.maxConn]\namount = 1000\nextractorfunc = "client.ip"\n'),
    "circuit breaker": Variant(backend='[backends.b.circuitBreaker]\nexpression = "NetworkErrorRatio() > 0.5"\n'),
    "circuit breaker, latency": Variant(backend='[backends.b.circuitBreaker]\nexpression = "LatencyAtQuantileMS(50.0) > 5000"\n'),
    "redirect (nobody is asked)": Variant(frontend='[frontends.f.redirect]\nregex = "^http://bench.local/(.*)"\n'
                                                   'replacement = "http://other.local/$1"\n', status=302),
    "error pages, no error": Variant(frontend='[frontends.f.errors.e]\nstatus = ["500-599"]\nbackend = "pages"\nquery = "/"\n'),
    "error page for a dead server": Variant(frontend='[frontends.f.errors.e]\nstatus = ["500-599"]\nbackend = "pages"\nquery = "/"\n',
                                            server=CLOSED, status=502),
    "timeouts, total": Variant(frontend='[frontends.f.timeouts]\ntotal = "30s"\n'),
    "two servers, wrr": Variant(backend=a_second_server("wrr")),
    "two servers, drr": Variant(backend=a_second_server("drr"), bare="two servers, wrr"),
    "two servers, sticky": Variant(backend=a_second_server("wrr") + '[backends.b.loadBalancer.stickiness]\ncookieName = "s"\n',
                                   fields=(f"Cookie: s=http://127.0.0.1:{ORIGIN}",), bare="two servers, wrr"),
    "--retry": Variant(flags=("--retry",)),
    "buffering": Variant(backend="[backends.b.buffering]\nmaxResponseBodyBytes = 100000\n"),
    "compress, not accepted": Variant(entrypoint=" Compress:true"),
    "bare, 5000 bytes": Variant(body=5000),
    "buffering, 5000 bytes": Variant(backend="[backends.b.buffering]\nmaxResponseBodyBytes = 100000\n", body=5000, bare="bare, 5000 bytes"),
    "compress, gzip, 5000 bytes": Variant(entrypoint=" Compress:true", fields=("Accept-Encoding: gzip",), body=5000, bare="bare, 5000 bytes"),
    "compress, brotli, 5000 bytes": Variant(entrypoint=" Compress:true", fields=("Accept-Encoding: br",), body=5000,
                                            bare="bare, 5000 bytes"),
}


def rules(variant, origin):
    return (f'[backends.b.servers.s]\nurl = "http://127.0.0.1:{variant.server or origin}"\n{variant.backend}'
            f'[backends.pages.servers.s]\nurl = "http://127.0.0.1:{origin}"\n[frontends.f]\nbackend = "b"\npassHostHeader = true\n'
            f'[frontends.f.routes.r]\nrule = "Host:bench.local;PathPrefixStrip:/svc"\n{variant.frontend}')


def start(folder, number, variant, origins):
    path = bench.write(folder, f"{number}.toml", rules(variant, origins[variant.body]))
    return subprocess.Popen([bench.WAYBILL, "--file", f"--file.filename={path}", "--defaultEntryPoints=http", "--workers=1",
                             f"--entryPoints=Name:http Address:127.0.0.1:{PORT + number}{variant.entrypoint}",
                             *(flag.format(folder=folder) for flag in variant.flags)],
                            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def measure(router, port, variant, seconds, script):
    before = bench.cpu(router.pid)
    command = ["wrk", "-t", "1", "-c", str(variant.connections), "-d", f"{seconds}s", "-H", "Host: bench.local"]
    for field in variant.fields:
        command += ["-H", field]
    if script:
        command += ["-s", script]
    out = subprocess.run([*command, f"http://127.0.0.1:{port}/svc/x"], capture_output=True, text=True).stdout
    if ("Non-2xx" in out) != (variant.status >= 400) or "Socket errors" in out:
        raise SystemExit(f"port {port}: {out}")
    return (bench.cpu(router.pid) - before) / int(re.search(r"(\d+) requests in", out)[1]) * 1e6


class Collector(http.server.BaseHTTPRequestHandler):
    """Takes spans, and looks at none."""

    def do_POST(self):
        left = int(self.headers["Content-Length"])
        while left > 0:
            left -= len(self.rfile.read(min(left, 1 << 20)))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


class NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


def ask(port, variant):
    request = urllib.request.Request(f"http://127.0.0.1:{port}/svc/x",
                                     headers={"Host": "bench.local", **dict(field.split(": ") for field in variant.fields)})
    try:
        return urllib.request.build_opener(NoRedirects).open(request, timeout=5).status
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return None


def wait_up(port, variant):
    """Until it answers as its name says, as far as the status tells."""
    expected = 401 if variant.prepare else variant.status
    for _ in range(100):
        status = ask(port, variant)
        if status == expected:
            return
        time.sleep(0.1)
    raise SystemExit(f"port {port}: {status}, not {expected}: {variant}")


def show(figures):
    print(f"{'':32}{'least':>10}{'median':>10}{'over':>12}")
    for name, rounds in figures.items():
        bare = figures.get(VARIANTS[name].bare)
        over = f"{min(rounds) - min(bare):+10.2f}us{(min(rounds) / min(bare) - 1) * 100:+5.0f} %" if bare and bare is not rounds else ""
        print(f"{name:32}{min(rounds):8.2f}us{statistics.median(rounds):8.2f}us{over}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=int, default=2)
    parser.add_argument("--only", default="", help="variants with this in their name, and what they are compared with")
    options = parser.parse_args()
    chosen = [name for name in VARIANTS if options.only in name]
    names = [name for name in VARIANTS if name in chosen or name in {VARIANTS[one].bare for one in chosen}]
    folder, processes, routers, scripts = tempfile.mkdtemp(prefix="filters."), [], {}, {}
    os.mkdir(f"{folder}/logs")  # not where rules are: each router watches that folder, and would wake with each write
    try:
        subprocess.check_call(["cc", "-O2", "-o", f"{folder}/origin", os.path.join(bench.HERE, "origin.c")])
        threading.Thread(target=http.server.ThreadingHTTPServer(("127.0.0.1", COLLECTOR), Collector).serve_forever, daemon=True).start()
        origins = {128: ORIGIN, 5000: ORIGIN + 2}
        for port, body in ((ORIGIN, 128), (ORIGIN + 1, 128), (ORIGIN + 2, 5000)):
            processes.append(subprocess.Popen([f"{folder}/origin", str(port), str(body)]))
        for number, name in enumerate(names):
            routers[name] = start(folder, number, VARIANTS[name], origins)
            processes.append(routers[name])
        for number, name in enumerate(names):
            wait_up(PORT + number, VARIANTS[name])
            scripts[name] = VARIANTS[name].prepare and VARIANTS[name].prepare(folder, PORT + number)
        figures = {name: [] for name in names}
        for _ in range(options.rounds):
            for number, name in enumerate(names):
                figures[name].append(measure(routers[name], PORT + number, VARIANTS[name], options.seconds, scripts[name]))
        show(figures)
    finally:
        for process in processes:
            process.terminate()


if __name__ == "__main__":
    main()
