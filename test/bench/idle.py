#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""KiB of proportional memory per idle keep-alive client connection: opens N
connections through a proxy, one request on each, then reads the proxy's PSS.
With --websocket-server P each becomes an idle WebSocket instead, to a server on
port P of this program, which the proxy is to have behind it.
usage: idle.py --pid PID --port PORT [--n 2000] [--websocket-server P]"""
import argparse, socket, sys, threading, time
sys.path.insert(0, __file__.rsplit("/", 1)[0])
import bench
ap = argparse.ArgumentParser()
ap.add_argument("--pid", type=int, required=True)
ap.add_argument("--port", type=int, required=True)
ap.add_argument("--n", type=int, default=2000)
ap.add_argument("--websocket-server", type=int, metavar="P")
a = ap.parse_args()
req = b"GET /svc/x HTTP/1.1\r\nHost: bench.local\r\n\r\n"
up = b"Connection: Upgrade\r\nUpgrade: websocket\r\n"
if a.websocket_server:
    req = req[:-2] + up + b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    server, kept = socket.create_server(("127.0.0.1", a.websocket_server), backlog=512), []
    def serve():
        while True:
            s, _ = server.accept(); s.recv(65536); kept.append(s)
            s.sendall(b"HTTP/1.1 101 Switching Protocols\r\n" + up + b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n")
    threading.Thread(target=serve, daemon=True).start()
def one():
    s = socket.create_connection(("127.0.0.1", a.port)); s.sendall(req)
    if a.websocket_server and b" 101 " not in s.recv(65536): sys.exit("no WebSocket")
    elif not a.websocket_server: s.recv(65536)
    return s
one().close(); time.sleep(0.5)
before = bench.rss(a.pid)
socks = [one() for _ in range(a.n)]
time.sleep(1.0)
after = bench.rss(a.pid)
print("PSS %d -> %d KiB with %d idle connections: %.2f KiB each" % (before, after, a.n, (after - before) / a.n))
