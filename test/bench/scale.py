#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The same proxy with few frontends and with 100,000 (a host and a path prefix each), side by side in one run.

  CPU      of the proxy's own process a request, as in bench.py: requests to 10 of the hosts, and to all of them; the ratio is
           of neighbouring rounds, since the machine drifts. `--rounds` of `--seconds` each.
  loading  from the start of the process to the configuration's publication, and the memory it takes
  reloads  20 times one frontend changes: from the file's rename to the publication, the memory afterwards, and the latency
           of requests on a kept connection meanwhile

usage: scale.py [--check] [--frontends 100000] [--rounds 15] [--seconds 2] [--conns 32] [--reloads 20] [--json FILE] [--bar 1.05]
With --bar it fails when the proxy with many frontends costs more than this many times the other, loads in more than 3 s, or
takes more than 300 MB. --check needs no wrk and a few seconds: loading (by CPU time: other work on the machine does not count),
memory, and three reloads under requests. It ends with `N passed, N failed`."""
import argparse, json, os, re, shutil, signal, socket, statistics, subprocess, sys, tempfile, threading, time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import bench

ORIGIN, PORTS = 18420, {"few": 18421, "many": 18422}
FEW = 10
LOAD_S, LOAD_MB = 3.0, 300

# As many texts whatever the hosts: wrk waits for memory, too, and takes the caches of the proxy on the way.
LUA = """
local texts, hosts, requests = %d, %d, {}
for i = 1, texts do
  requests[i] = "GET /api/page HTTP/1.1\\r\\nHost: service-" .. (i - 1) %% hosts .. ".example.com\\r\\nX-N: " .. i .. "\\r\\n\\r\\n"
end
function request() return requests[math.random(texts)] end
"""


def write_rules(path, count, changed=None):
    with open(path + ".new", "w") as out:
        out.write("[backends]\n")
        for i in range(count):
            weight = "weight = 2\n" if i == changed else ""
            out.write(f'[backends.b{i}.servers.s1]\nurl = "http://127.0.0.1:{ORIGIN}"\n{weight}')
        out.write("[frontends]\n")
        for i in range(count):
            out.write(f'[frontends.f{i}]\nbackend = "b{i}"\n[frontends.f{i}.routes.r]\n'
                      f'rule = "Host:service-{i}.example.com;PathPrefix:/api"\n')
    return time.monotonic(), os.replace(path + ".new", path)


def memory(pid):
    status = open(f"/proc/{pid}/status").read()
    return {key: int(re.search(rf"^{key}:\s+(\d+)", status, re.M)[1]) // 1024 for key in ("VmRSS", "VmHWM")}


class Proxy:
    def __init__(self, name, folder, count):
        self.name, self.count = name, count
        self.port, self.log_path = PORTS[name], os.path.join(folder, name + ".log")
        self.rules = os.path.join(folder, name + ".toml")
        write_rules(self.rules, count)
        self.log = open(self.log_path, "w")
        began = time.monotonic()
        self.process = subprocess.Popen([bench.WAYBILL, "--file", f"--file.filename={self.rules}", "--file.watch", "--logLevel=INFO",
                                         "--defaultentrypoints=http", "--workers=1",
                                         f"--entrypoints=Name:http Address:127.0.0.1:{self.port}"], stdout=self.log, stderr=self.log)
        self.wait_published(1)
        self.load_s = time.monotonic() - began
        self.load_cpu_s = bench.cpu(self.process.pid)
        self.loaded = memory(self.process.pid)
        self.pss = bench.rss(self.process.pid) // 1024

    def published(self):
        return re.findall(r"configuration (\d+) published: (\d+) frontends, compiled in (\d+) us", open(self.log_path).read())

    def wait_published(self, count, timeout=60):
        end = time.monotonic() + timeout
        while len(self.published()) < count:
            if time.monotonic() > end or self.process.poll() is not None:
                raise SystemExit(f"{self.name} publishes nothing:\n" + open(self.log_path).read()[-2000:])
            time.sleep(0.002)
        return self.published()[-1]

    def load(self, script, seconds, conns):
        """Requests and CPU of one run of wrk."""
        before = bench.cpu(self.process.pid)
        out = subprocess.run(["wrk", "-t1", f"-c{conns}", f"-d{seconds}s", "-s", script, f"http://127.0.0.1:{self.port}/"],
                             capture_output=True, text=True).stdout
        requests = re.search(r"(\d+) requests in", out)
        if not requests or "Non-2xx" in out or "Socket errors" in out:
            raise SystemExit(f"wrk on {self.name}: {out}")
        return (bench.cpu(self.process.pid) - before) / int(requests[1]) * 1e6


class Asker(threading.Thread):
    """One connection, one request after the other: what a client sees while the configuration changes."""

    def __init__(self, port, count):
        super().__init__()
        self.port, self.count, self.over, self.took_ms, self.problem = port, count, False, [], ""

    def run(self):
        with socket.create_connection(("127.0.0.1", self.port)) as sock:
            i = 0
            while not self.over:
                i = (i + 7919) % self.count
                began = time.monotonic()
                sock.sendall(b"GET /api/x HTTP/1.1\r\nHost: service-%d.example.com\r\n\r\n" % i)
                answer = sock.recv(65536)
                if not answer.startswith(b"HTTP/1.1 200"):
                    self.problem = f"a request failed while the configuration changed: {answer[:100]}"
                    return
                self.took_ms.append((time.monotonic() - began) * 1000)
                time.sleep(0.001)


def quantile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def measure_cpu(proxies, folder, a):
    scripts = {}
    for count in {FEW, a.frontends}:
        scripts[count] = bench.write(folder, f"{count}.lua", LUA % (a.frontends, count))
    runs = {"10 hosts busy": {"few": FEW, "many": FEW}, "all hosts busy": {"few": FEW, "many": a.frontends}}
    cost = {name: {p: [] for p in proxies} for name in runs}
    for p in proxies.values():
        p.load(scripts[p.count], 1, a.conns)
    for r in range(a.rounds):
        for name, hosts in runs.items():
            for p in sorted(proxies, reverse=r % 2 == 1):
                cost[name][p].append(proxies[p].load(scripts[hosts[p]], a.seconds, a.conns))
    summary = {}
    for name in runs:
        ratios = [m / f for m, f in zip(cost[name]["many"], cost[name]["few"])]
        summary[name] = dict(few_us=round(statistics.median(cost[name]["few"]), 2), many_us=round(statistics.median(cost[name]["many"]), 2),
                             ratio=round(statistics.median(ratios), 3), low=round(quantile(ratios, 0.25), 3), high=round(quantile(ratios, 0.75), 3))
        s = summary[name]
        print(f"{name:15} {s['few_us']:7.2f} us with {FEW}, {s['many_us']:7.2f} us with {a.frontends}: {s['ratio']:.3f} ({s['low']:.3f} to {s['high']:.3f} half of {a.rounds} rounds)")
    return summary


def measure_reloads(proxy, a):
    quiet, asker = Asker(proxy.port, proxy.count), Asker(proxy.port, proxy.count)
    quiet.start()
    time.sleep(2)
    quiet.over = True
    quiet.join()
    asker.start()
    took, compiled = [], []
    for i in range(a.reloads):
        began, _ = write_rules(proxy.rules, proxy.count, i)
        published = proxy.wait_published(i + 2)
        took.append(time.monotonic() - began)
        compiled.append(int(published[2]) / 1000)
        time.sleep(0.3)
    asker.over = True
    asker.join()
    if asker.problem or quiet.problem:
        raise SystemExit(asker.problem or quiet.problem)
    after = memory(proxy.process.pid)
    summary = dict(reload_s=round(statistics.median(took), 2), compile_ms=round(statistics.median(compiled), 1), rss_mb=after["VmRSS"], peak_mb=after["VmHWM"],
                   quiet_p99_ms=round(quantile(quiet.took_ms, 0.99), 2), p99_ms=round(quantile(asker.took_ms, 0.99), 2), max_ms=round(max(asker.took_ms), 2))
    print(f"{a.reloads} reloads: {summary['reload_s']} s from rename to publication, of which the compilation {summary['compile_ms']} ms; memory then "
          f"{summary['rss_mb']} MB (most {summary['peak_mb']} MB); p99 of a client {summary['quiet_p99_ms']} ms before, {summary['p99_ms']} ms meanwhile (most {summary['max_ms']} ms)")
    return summary


def check(proxy, reloads):
    """Bounds that hold on a busy machine."""
    failed = passed = 0

    def claim(holds, what):
        nonlocal failed, passed
        failed, passed = failed + (not holds), passed + bool(holds)
        if not holds:
            print("FAILED", what)

    claim(proxy.load_cpu_s <= LOAD_S, f"loading took {proxy.load_cpu_s:.1f} s of CPU")
    claim(proxy.loaded["VmHWM"] <= LOAD_MB, f"loading took {proxy.loaded['VmHWM']} MB")
    asker = Asker(proxy.port, proxy.count)
    asker.start()
    settled = 0
    for i in range(reloads):
        write_rules(proxy.rules, proxy.count, i)
        number, frontends, took_us = proxy.wait_published(i + 2)
        claim(int(frontends) == proxy.count and int(took_us) < 2000000, f"configuration {number}: {frontends} frontends, {took_us} us")
        settled = settled or memory(proxy.process.pid)["VmRSS"]
    asker.over = True
    asker.join()
    claim(not asker.problem, asker.problem)
    claim(len(asker.took_ms) > 10, f"{len(asker.took_ms)} requests")
    now = memory(proxy.process.pid)["VmRSS"]
    claim(now < settled * 1.1, f"{settled} MB became {now} MB")
    print(f"{proxy.count} frontends: {proxy.load_s:.2f} s ({proxy.load_cpu_s:.2f} of CPU), {proxy.loaded['VmHWM']} MB; after {reloads} reloads {now} MB")
    print(f"{passed} passed, {failed} failed")
    return failed


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--frontends", type=int, default=100000)
    ap.add_argument("--rounds", type=int, default=15)
    ap.add_argument("--seconds", type=int, default=2)
    ap.add_argument("--conns", type=int, default=32)
    ap.add_argument("--reloads", type=int, default=20)
    ap.add_argument("--json")
    ap.add_argument("--bar", type=float)
    ap.add_argument("--check", action="store_true")
    a = ap.parse_args()
    folder = tempfile.mkdtemp(prefix="scale.")
    processes = []
    try:
        subprocess.check_call(["cc", "-O2", "-o", f"{folder}/origin", f"{HERE}/origin.c"])
        processes.append(subprocess.Popen([f"{folder}/origin", str(ORIGIN), "128"]))
        if a.check:
            proxy = Proxy("many", folder, a.frontends)
            processes.append(proxy.process)
            raise SystemExit(check(proxy, 3) > 0)
        proxies = {}
        for name, count in (("few", FEW), ("many", a.frontends)):
            proxies[name] = Proxy(name, folder, count)
            processes.append(proxies[name].process)
        many = proxies["many"]
        print(f"loaded in {many.load_s:.2f} s: {many.loaded['VmRSS']} MB resident ({many.pss} MB PSS), most {many.loaded['VmHWM']} MB")
        summary = dict(load_s=round(many.load_s, 2), load_rss_mb=many.loaded["VmRSS"], load_peak_mb=many.loaded["VmHWM"])
        summary["cpu"] = measure_cpu(proxies, folder, a)
        if a.reloads:
            summary["reloads"] = measure_reloads(many, a)
        if a.json:
            json.dump(summary, open(a.json, "w"), indent=1)
        if a.bar:
            worst = max(s["ratio"] for s in summary["cpu"].values())
            met = worst <= a.bar and many.load_s <= LOAD_S and many.loaded["VmHWM"] <= LOAD_MB
            print(f"ratio {worst:.3f}, limit {a.bar}; {many.load_s:.2f} s, limit {LOAD_S}; {many.loaded['VmHWM']} MB, limit {LOAD_MB}: {'met' if met else 'MISSED'}")
            raise SystemExit(not met)
    finally:
        for p in processes:
            p.send_signal(signal.SIGKILL)
            p.wait()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
