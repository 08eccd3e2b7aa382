#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""KiB of proportional memory per idle keep-alive client connection: opens N
connections through a proxy, one request on each, then reads the proxy's PSS.
usage: idle.py --pid PID --port PORT [--n 2000]"""
import argparse, socket, sys, time
sys.path.insert(0, __file__.rsplit("/", 1)[0])
import bench
ap = argparse.ArgumentParser()
ap.add_argument("--pid", type=int, required=True)
ap.add_argument("--port", type=int, required=True)
ap.add_argument("--n", type=int, default=2000)
a = ap.parse_args()
req = b"GET /svc/x HTTP/1.1\r\nHost: bench.local\r\n\r\n"
def one():
    s = socket.create_connection(("127.0.0.1", a.port)); s.sendall(req); s.recv(65536); return s
one().close(); time.sleep(0.5)
before = bench.rss(a.pid)
socks = [one() for _ in range(a.n)]
time.sleep(1.0)
after = bench.rss(a.pid)
print("PSS %d -> %d KiB with %d idle connections: %.2f KiB each" % (before, after, a.n, (after - before) / a.n))
