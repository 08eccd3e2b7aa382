#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a server over TLS costs: CPU per request of the router with the same nginx behind it, in clear and over TLS, and of nginx as
a proxy beside it. One run, in turns, since the machine drifts.

usage: https.py [--rounds 5] [--seconds 3] [--conns 32] [--body 128]
"""
import argparse
import os
import shutil
import statistics
import subprocess
import tempfile

from bench import WAYBILL, cpu, wait_up, write, wrk

CLEAR, SECURE, FIRST = 18450, 18451, 18452


def server_of(d, body):
    """nginx with two doors to the same answer."""
    os.makedirs(f"{d}/www")
    write(f"{d}/www", "x", "x" * body)
    os.makedirs(f"{d}/www/svc")
    write(f"{d}/www/svc", "x", "x" * body)
    return write(d, "server.conf", f"""
daemon off; master_process off; worker_processes 1; pid {d}/server.pid; error_log /dev/null;
events {{ worker_connections 8000; }}
http {{
  access_log off; keepalive_requests 100000000; keepalive_timeout 3600; sendfile on;
  client_body_temp_path {d}/b; proxy_temp_path {d}/p; fastcgi_temp_path {d}/f; uwsgi_temp_path {d}/u; scgi_temp_path {d}/s;
  server {{ listen 127.0.0.1:{CLEAR}; listen 127.0.0.1:{SECURE} ssl; root {d}/www;
    ssl_certificate {d}/c.pem; ssl_certificate_key {d}/c.key; ssl_protocols TLSv1.2 TLSv1.3; }}
}}""")


def waybill(port, d, url):
    rules = write(d, f"{port}.toml", f"""
[backends.b.servers.s]
url = "{url}"
[frontends.f]
backend = "b"
passHostHeader = true
[frontends.f.routes.r]
rule = "Host:bench.local"
""")
    return [WAYBILL, "--file", f"--file.filename={rules}", "--workers=1", f"--rootCAs={d}/c.pem",
            f"--entryPoints=Name:http Address:127.0.0.1:{port}"]


def nginx(port, d, url):
    scheme, rest = url.split("://")
    return ["nginx", "-p", d, "-c", write(d, f"{port}.conf", f"""
daemon off; master_process off; worker_processes 1; pid {d}/{port}.pid; error_log /dev/null;
events {{ worker_connections 8000; }}
http {{
  access_log off; keepalive_requests 100000000; keepalive_timeout 3600;
  client_body_temp_path {d}/b; proxy_temp_path {d}/p; fastcgi_temp_path {d}/f; uwsgi_temp_path {d}/u; scgi_temp_path {d}/s;
  upstream up {{ server {rest}; keepalive 512; keepalive_requests 100000000; }}
  server {{ listen 127.0.0.1:{port}; server_name bench.local;
    location / {{ proxy_pass {scheme}://up; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_ssl_verify on; proxy_ssl_name localhost; proxy_ssl_trusted_certificate {d}/c.pem;
      proxy_set_header Host $host; proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header X-Forwarded-Proto $scheme; proxy_set_header X-Forwarded-Host $host; proxy_set_header X-Real-Ip $remote_addr; }} }}
}}""")]


def main():
    ap = argparse.ArgumentParser()
    for name, value in (("rounds", 5), ("seconds", 3), ("conns", 32), ("body", 128)):
        ap.add_argument(f"--{name}", type=int, default=value)
    a = ap.parse_args()
    d = tempfile.mkdtemp(prefix="bench.")
    procs = []
    try:
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
                        "c.key", "-out", "c.pem", "-subj", "/CN=bench", "-addext", "subjectAltName=DNS:localhost", "-days", "2"],
                       cwd=d, check=True, capture_output=True)
        procs.append(subprocess.Popen(["nginx", "-p", d, "-c", server_of(d, a.body)]))
        urls = {"clear": f"http://localhost:{CLEAR}", "tls": f"https://localhost:{SECURE}"}
        runs = {}
        for make in (waybill, nginx):
            for kind, url in urls.items():
                port = FIRST + len(runs)
                process = subprocess.Popen(make(port, d, url), stdout=subprocess.DEVNULL)
                procs.append(process)
                runs[f"{make.__name__} {kind}"] = (process.pid, port, [])
        for pid, port, _ in runs.values():
            wait_up(port)
            wrk(port, 1, a.conns)
        for _ in range(a.rounds):
            for pid, port, found in runs.values():
                before = cpu(pid)
                requests, _, p99, bad, errors = wrk(port, a.seconds, a.conns)
                if bad or errors:
                    raise SystemExit(f"port {port}: {bad} bad answers {errors}")
                found.append(((cpu(pid) - before) / requests * 1e6, p99))
        print(f"{'':15} {'cpu us/req':>10} {'spread':>13} {'p99 ms':>7}")
        for name, (_, _, found) in runs.items():
            costs = [cost for cost, _ in found]
            print(f"{name:15} {statistics.median(costs):10.2f} {min(costs):6.2f}-{max(costs):6.2f} "
                  f"{statistics.median(p99 for _, p99 in found):7.2f}")
    finally:
        for process in procs:
            process.kill()
            process.wait()
        shutil.rmtree(d, ignore_errors=True)


if __name__ == "__main__":
    main()
