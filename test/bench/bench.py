#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Proxies side by side on one machine, in one run.

For each proxy: wrk through it to the same origin; the figure is CPU
microseconds per request of the proxy's own processes (user+system, from
/proc), which other load on the machine hardly moves, with throughput and p99
beside it. `relay` copies bytes without reading them: the floor.

usage: bench.py --proxies relay,haproxy,nginx,traefik,... [--rounds 3]
                [--seconds 4] [--conns 64] [--body 128] [--json FILE]
                [--traefik BIN] [--waybill-cmd 'CMD with {port} {origin} {dir}'] [--pin] [--bar 1.30]
"""
import argparse, json, os, re, shutil, signal, statistics, subprocess, sys, tempfile, time, urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
WAYBILL = os.path.join(os.path.dirname(os.path.dirname(HERE)), "build", "release", "waybill")
ORIGIN = 18400
TICK = os.sysconf("SC_CLK_TCK")


def cpu(pid):
    """user+sys seconds of a process and its live children, with ns precision where schedstat has it"""
    total = 0.0
    pids = [pid]
    while pids:
        p = pids.pop()
        try:
            for t in os.listdir(f"/proc/{p}/task"):
                total += int(open(f"/proc/{p}/task/{t}/schedstat").read().split()[0]) / 1e9
                pids += [int(x) for x in open(f"/proc/{p}/task/{t}/children").read().split()]
        except (FileNotFoundError, ProcessLookupError):
            pass
    return total


def rss(pid):
    total, pids = 0, [pid]
    while pids:
        p = pids.pop()
        try:
            m = re.search(r"^Pss:\s+(\d+)", open(f"/proc/{p}/smaps_rollup").read(), re.M)
            total += int(m.group(1))
            for t in os.listdir(f"/proc/{p}/task"):
                pids += [int(x) for x in open(f"/proc/{p}/task/{t}/children").read().split()]
        except (FileNotFoundError, ProcessLookupError, AttributeError):
            pass
    return total


def write(d, name, text):
    path = os.path.join(d, name)
    open(path, "w").write(text)
    return path


def spec(name, port, d, a):
    if name == "relay":
        return [os.path.join(d, "relay"), str(port), str(ORIGIN)], {}
    if name == "haproxy":
        return ["haproxy", "-db", "-f", write(d, "haproxy.cfg", f"""
global
  nbthread 1
  maxconn 8000
defaults
  mode http
  timeout client 60s
  timeout server 60s
  timeout connect 5s
  http-reuse always
frontend f
  bind 127.0.0.1:{port}
  option forwardfor
  http-request set-header X-Forwarded-Proto http
  http-request set-header X-Forwarded-Host %[req.hdr(host)]
  http-request set-header X-Real-Ip %[src]
  acl h hdr(host) -i bench.local
  acl p path_beg /svc
  use_backend b if h p
backend b
  http-request replace-path /svc(.*) \\1
  server s1 127.0.0.1:{ORIGIN}
""")], {}
    if name == "nginx":
        return ["nginx", "-p", d, "-c", write(d, "nginx.conf", f"""
daemon off; master_process off; worker_processes 1; pid {d}/nginx.pid; error_log /dev/null;
events {{ worker_connections 8000; }}
http {{
  access_log off; keepalive_requests 100000000; keepalive_timeout 3600;
  client_body_temp_path {d}/b; proxy_temp_path {d}/p; fastcgi_temp_path {d}/f; uwsgi_temp_path {d}/u; scgi_temp_path {d}/s;
  upstream u {{ server 127.0.0.1:{ORIGIN}; keepalive 512; keepalive_requests 100000000; }}
  server {{ listen 127.0.0.1:{port}; server_name bench.local;
    location /svc/ {{ proxy_pass http://u/; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_set_header Host $host; proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header X-Forwarded-Proto $scheme; proxy_set_header X-Forwarded-Host $host; proxy_set_header X-Real-Ip $remote_addr; }} }}
}}""")], {}
    if name == "traefik":
        cfg = write(d, "traefik.toml", f"""
defaultEntryPoints = ["http"]
logLevel = "ERROR"
maxIdleConnsPerHost = 512
[entryPoints.http]
address = "127.0.0.1:{port}"
[file]
[backends.b.servers.s1]
url = "http://127.0.0.1:{ORIGIN}"
[frontends.f]
backend = "b"
passHostHeader = true
[frontends.f.routes.r]
rule = "Host:bench.local;PathPrefixStrip:/svc"
""")
        return [a.traefik, "--configFile=" + cfg], {"GOMAXPROCS": "1"}
    if name == "caddy":
        return ["caddy", "run", "--adapter", "caddyfile", "--config", write(d, "Caddyfile", f"""
{{
  admin off
  auto_https off
}}
http://bench.local:{port} {{
  bind 127.0.0.1
  handle_path /svc/* {{
    reverse_proxy 127.0.0.1:{ORIGIN} {{
      transport http {{
        keepalive_idle_conns_per_host 512
      }}
    }}
  }}
}}""")], {"GOMAXPROCS": "1", "XDG_DATA_HOME": d, "XDG_CONFIG_HOME": d}
    if name == "h2o":
        return ["h2o", "-c", write(d, "h2o.conf", f"""
num-threads: 1
http1-request-timeout: 3600
proxy.preserve-host: ON
hosts:
  "bench.local:{port}":
    listen: {{port: {port}, host: 127.0.0.1}}
    paths:
      "/svc":
        proxy.reverse.url: "http://127.0.0.1:{ORIGIN}/"
""")], {}
    if name == "waybill":
        write(d, "rules.toml", f'[backends.b.servers.s1]\nurl = "http://127.0.0.1:{ORIGIN}"\n[frontends.f]\nbackend = "b"\npassHostHeader = true\n[frontends.f.routes.r]\nrule = "Host:bench.local;PathPrefixStrip:/svc"\n')
        if not a.waybill_cmd:
            return [WAYBILL, "--file", f"--file.filename={d}/rules.toml", "--defaultentrypoints=http", "--workers=1",
                    f"--entrypoints=Name:http Address:127.0.0.1:{port}"], {}
        cmd = a.waybill_cmd.format(port=port, origin=ORIGIN, dir=d)
        return ["sh", "-c", "exec " + cmd], {}
    raise SystemExit(f"no such proxy: {name}")


def wait_up(port):
    for _ in range(100):
        try:
            r = urllib.request.Request(f"http://127.0.0.1:{port}/svc/x", headers={"Host": "bench.local"})
            if urllib.request.urlopen(r, timeout=1).status == 200:
                return
        except Exception:
            time.sleep(0.1)
    raise SystemExit(f"nothing answered on {port}")


def wrk(port, seconds, conns, rate_threads=1):
    out = subprocess.run(["wrk", "-t", str(rate_threads), "-c", str(conns), "-d", f"{seconds}s", "--latency",
                          "-H", "Host: bench.local", f"http://127.0.0.1:{port}/svc/x"], capture_output=True, text=True).stdout
    m = re.search(r"(\d+) requests in", out)
    if not m:
        raise SystemExit(f"wrk on {port}: {out}")
    req = int(m.group(1))
    rps = float(re.search(r"Requests/sec:\s+([\d.]+)", out).group(1))
    p99 = re.search(r"99%\s+([\d.]+)(us|ms|s)", out)
    p99 = float(p99.group(1)) * {"us": 1e-3, "ms": 1, "s": 1e3}[p99.group(2)]
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", out)
    err = re.search(r"Socket errors: (.*)", out)
    return req, rps, p99, int(bad.group(1)) if bad else 0, err.group(1) if err else ""


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--proxies", default="relay,haproxy,nginx")
    ap.add_argument("--rounds", type=int, default=3)
    ap.add_argument("--seconds", type=int, default=4)
    ap.add_argument("--conns", type=int, default=64)
    ap.add_argument("--body", type=int, default=128)
    ap.add_argument("--traefik", default="traefik")
    ap.add_argument("--waybill-cmd", default="")
    ap.add_argument("--json")
    ap.add_argument("--bar", type=float, help="fail when waybill costs more than this many relays, or more than nginx")
    ap.add_argument("--pin", action="store_true", help="proxies on the first processor, load and origin on the second")
    a = ap.parse_args()
    d = tempfile.mkdtemp(prefix="bench.")
    for t in ("origin", "relay"):
        subprocess.check_call(["cc", "-O2", "-o", f"{d}/{t}", f"{HERE}/{t}.c"])
    procs = []
    try:
        procs.append(subprocess.Popen([f"{d}/origin", str(ORIGIN), str(a.body)]))
        names = a.proxies.split(",")
        run = {}
        for i, n in enumerate(names):
            argv, env = spec(n, 18401 + i, d, a)
            p = subprocess.Popen(argv, env={**os.environ, **env}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            procs.append(p)
            run[n] = (p.pid, 18401 + i)
        for n in names:
            wait_up(run[n][1])
        if a.pin:
            os.sched_setaffinity(0, {1})
            os.sched_setaffinity(procs[0].pid, {1})
            for n in names:
                for t in os.listdir(f"/proc/{run[n][0]}/task"):
                    os.sched_setaffinity(int(t), {0})
        res = {n: [] for n in names}
        for n in names:
            wrk(run[n][1], 1, a.conns)
        for _ in range(a.rounds):
            for n in names:
                pid, port = run[n]
                c0 = cpu(pid)
                req, rps, p99, bad, err = wrk(port, a.seconds, a.conns)
                us = (cpu(pid) - c0) / req * 1e6
                res[n].append((us, rps, p99, bad, err, rss(pid)))
        print(f"{'proxy':10} {'cpu us/req':>10} {'x first':>8} {'req/s':>8} {'p99 ms':>8} {'PSS KiB':>8}  bad")
        summary = {}
        for n in names:
            us = statistics.median(x[0] for x in res[n])
            ratio = statistics.median(x[0] / b[0] for x, b in zip(res[n], res[names[0]]))  # round by round: the machine drifts
            row = dict(cpu_us=round(us, 2), ratio=round(ratio, 3), rps=round(statistics.median(x[1] for x in res[n])),
                       p99=round(statistics.median(x[2] for x in res[n]), 2), pss=res[n][-1][5], bad=sum(x[3] for x in res[n]),
                       err=[x[4] for x in res[n] if x[4]])
            summary[n] = row
            print(f"{n:10} {row['cpu_us']:10.2f} {row['ratio']:8.2f} {row['rps']:8d} {row['p99']:8.2f} {row['pss']:8d}  {row['bad']} {row['err']}")
        if a.json:
            json.dump(summary, open(a.json, "w"), indent=1)
        if a.bar:
            cost = summary["waybill"]["ratio"]
            limit = min([a.bar] + [summary[n]["ratio"] for n in ("nginx",) if n in summary])
            print(f"waybill {cost:.2f}, limit {limit:.2f}: {'met' if cost <= limit else 'MISSED'}")
            raise SystemExit(cost > limit)
    finally:
        for p in procs:
            p.send_signal(signal.SIGKILL)
            p.wait()
        shutil.rmtree(d, ignore_errors=True)


if __name__ == "__main__":
    main()
