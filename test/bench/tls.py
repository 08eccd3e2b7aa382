#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""TLS and HTTP/2 side by side, in one run: CPU of the proxy per unit of work.

  handshake   CPU us per full TLS 1.3 handshake with one small request (openssl s_time -new, no resumption)
  https       CPU us per keep-alive HTTP/1.1 request over TLS (h2load --h1, 32 connections)
  h2          CPU us per HTTP/2 request over TLS (h2load, 8 connections x 32 streams)
  bulk        CPU us per 1 MiB answer over TLS (h2load --h1, 8 connections)
  idle        KiB that an idle connection holds over TLS, after one request (--idle of them; --rounds 0: of fresh programs)

usage: tls.py [--proxies nginx,haproxy,waybill] [--waybill-cmd 'CMD with {port} {cert} {key} {dir}'] [--rounds 3] [--seconds 3]
              [--idle 1000] [--json F]
The command gets {dir}/rules.toml for its file provider: Host bench.local, /svc stripped, to the small origin; Host big.local to the 1 MiB one.
"""
import argparse, json, os, re, shutil, signal, socket, ssl, statistics, subprocess, sys, tempfile, time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import bench

SMALL, BIG = 18500, 18501
WAYBILL_CMD = (f"{bench.WAYBILL} --file --file.filename={{dir}}/rules.toml --workers=1 --defaultEntryPoints=https "
               "'--entryPoints=Name:https Address:127.0.0.1:{port} TLS:{cert},{key}'")


def spec(name, port, d, a):
    pem, crt, key = f"{d}/both.pem", f"{d}/crt.pem", f"{d}/key.pem"
    if name == "nginx":
        return ["nginx", "-p", d, "-c", bench.write(d, "nginx.conf", f"""
daemon off; master_process off; worker_processes 1; pid {d}/nginx.pid; error_log /dev/null;
events {{ worker_connections 8000; }}
http {{
  access_log off; keepalive_requests 100000000; keepalive_timeout 3600;
  client_body_temp_path {d}/b; proxy_temp_path {d}/p; fastcgi_temp_path {d}/f; uwsgi_temp_path {d}/u; scgi_temp_path {d}/s;
  ssl_certificate {crt}; ssl_certificate_key {key}; ssl_protocols TLSv1.2 TLSv1.3; ssl_session_cache off;
  upstream small {{ server 127.0.0.1:{SMALL}; keepalive 512; keepalive_requests 100000000; }}
  upstream big {{ server 127.0.0.1:{BIG}; keepalive 512; keepalive_requests 100000000; }}
  server {{ listen 127.0.0.1:{port} ssl http2; server_name bench.local;
    location /svc/ {{ proxy_pass http://small/; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $host;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; proxy_set_header X-Forwarded-Proto $scheme; }} }}
  server {{ listen 127.0.0.1:{port} ssl http2; server_name big.local;
    location / {{ proxy_pass http://big; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $host; }} }}
}}""")]
    if name == "haproxy":
        return ["haproxy", "-db", "-f", bench.write(d, "haproxy.cfg", f"""
global
  nbthread 1
  maxconn 8000
  tune.ssl.cachesize 0
  ssl-default-bind-options ssl-min-ver TLSv1.2
defaults
  mode http
  timeout client 60s
  timeout server 60s
  timeout connect 5s
  http-reuse always
frontend f
  bind 127.0.0.1:{port} ssl crt {pem} alpn h2,http/1.1
  option forwardfor
  http-request set-header X-Forwarded-Proto https
  use_backend big if {{ hdr(host) -i -m beg big.local }}
  default_backend small
backend small
  http-request replace-path /svc(.*) \\1
  server s 127.0.0.1:{SMALL}
backend big
  server s 127.0.0.1:{BIG}
""")]
    if name == "waybill":
        bench.write(d, "rules.toml", f"""
[backends.small.servers.s]
url = "http://127.0.0.1:{SMALL}"
[backends.big.servers.s]
url = "http://127.0.0.1:{BIG}"
[frontends.small]
backend = "small"
passHostHeader = true
[frontends.small.routes.r]
rule = "Host:bench.local;PathPrefixStrip:/svc"
[frontends.big]
backend = "big"
passHostHeader = true
[frontends.big.routes.r]
rule = "Host:big.local"
""")
        return ["sh", "-c", "exec " + a.waybill_cmd.format(port=port, cert=crt, key=key, dir=d)]
    raise SystemExit("no such proxy: " + name)


def h2load(port, seconds, args, host, path):
    out = subprocess.run(["h2load", "-D", str(seconds), "--connect-to", f"127.0.0.1:{port}", *args, f"https://{host}:{port}{path}"], capture_output=True, text=True).stdout
    m = re.search(r"status codes: (\d+) 2xx, (\d+) 3xx, (\d+) 4xx, (\d+) 5xx", out)
    if not m or int(m.group(1)) == 0:
        raise SystemExit(f"h2load on {port}: {out[-600:]}")
    return int(m.group(1)), sum(int(m.group(i)) for i in (2, 3, 4))


def idle_kib(pid, port, count):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE

    def one():
        s = context.wrap_socket(socket.create_connection(("127.0.0.1", port)), server_hostname="bench.local")
        s.sendall(b"GET /svc/x HTTP/1.1\r\nHost: bench.local\r\n\r\n")
        s.recv(65536)
        return s

    one().close()
    time.sleep(0.5)
    before = bench.rss(pid)
    socks = [one() for _ in range(count)]
    time.sleep(1)
    held = (bench.rss(pid) - before) / count
    for s in socks:
        s.close()
    return held


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--proxies", default="nginx,haproxy,waybill")
    ap.add_argument("--rounds", type=int, default=3)
    ap.add_argument("--seconds", type=int, default=3)
    ap.add_argument("--idle", type=int, default=1000)
    ap.add_argument("--waybill-cmd", default=WAYBILL_CMD)
    ap.add_argument("--json")
    a = ap.parse_args()
    d = tempfile.mkdtemp(prefix="benchtls.")
    subprocess.check_call(["cc", "-O2", "-o", f"{d}/origin", f"{HERE}/origin.c"])
    subprocess.check_call(f"openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -keyout {d}/key.pem -out {d}/crt.pem -subj /CN=bench.local "
                          f"-addext subjectAltName=DNS:bench.local,DNS:big.local 2>/dev/null; cat {d}/crt.pem {d}/key.pem > {d}/both.pem", shell=True)
    procs, run = [], {}
    try:
        for port, size in ((SMALL, 128), (BIG, 1 << 20)):
            procs.append(subprocess.Popen([f"{d}/origin", str(port), str(size)]))
        names = a.proxies.split(",")
        for i, n in enumerate(names):
            p = subprocess.Popen(spec(n, 18511 + i, d, a), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            procs.append(p)
            run[n] = (p.pid, 18511 + i)
        time.sleep(1)
        work = ("handshake", "https", "h2", "bulk")
        res = {n: {w: [] for w in work} for n in names}
        for _ in range(a.rounds):
            for n in names:
                pid, port = run[n]
                for w in work:
                    c0 = bench.cpu(pid)
                    if w == "handshake":
                        out = subprocess.run(["openssl", "s_time", "-connect", f"127.0.0.1:{port}", "-new", "-time", str(a.seconds)], capture_output=True, text=True, input="").stdout
                        count = int(re.search(r"(\d+) connections in", out).group(1))
                    else:
                        args = {"https": ["--h1", "-c", "32"], "h2": ["-c", "8", "-m", "32"], "bulk": ["--h1", "-c", "8"]}[w]
                        count, bad = h2load(port, a.seconds, args, "big.local" if w == "bulk" else "bench.local", "/" if w == "bulk" else "/svc/x")
                        if bad:
                            raise SystemExit(f"{n}: {bad} bad answers in {w}")
                    res[n][w].append((bench.cpu(pid) - c0) / count * 1e6)
        table = {n: {w: round(statistics.median(res[n][w]), 1) if res[n][w] else 0 for w in work} for n in names}
        print(f"{'proxy':10}" + "".join(f"{w:>12}" for w in work) + f"{'idle':>12}   CPU us each; KiB")
        for n in names:
            table[n]["idle"] = round(idle_kib(*run[n], a.idle), 1)
            print(f"{n:10}" + "".join(f"{table[n][w]:12.1f}" for w in (*work, "idle")))
        if a.json:
            json.dump(table, open(a.json, "w"), indent=1)
    finally:
        for p in procs:
            p.send_signal(signal.SIGKILL)
            p.wait()
        shutil.rmtree(d, ignore_errors=True)


if __name__ == "__main__":
    main()
