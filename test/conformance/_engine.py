# SPDX-License-Identifier: MIT
"""An engine by script: the Engine API's answers from texts made beforehand, on a unix socket or a port, with TLS or not.

It keeps every request line it was sent. Its containers are dicts as `docker inspect` prints them, of the size real ones have.
"""
import contextlib
import hashlib
import json
import os
import socket
import threading
import time

CLOSE = object()  # an answer: hang up instead


def container(name, labels=None, address="10.0.0.9", port=80, padding=6400, **changes):
    """A running container, as inspect shows it. `padding` bytes are in parts that no router reads."""
    settings = {"Ports": {f"{port}/tcp": None},
                "Networks": {"net": {"IPAddress": address, "NetworkID": "4e" * 32, "GlobalIPv6Address": "", "Gateway": "10.0.0.1",
                                     "MacAddress": "02:42:0a:00:00:09", "IPPrefixLen": 16, "Aliases": [name]}}}
    return {"Id": hashlib.sha256(name.encode()).hexdigest(), "Created": "2026-01-01T00:00:00.000000001Z", "Path": "/app",
            "Args": [], "State": {"Status": "running", "Running": True, "Paused": False, "Restarting": False, "Pid": 4711,
                                  "StartedAt": "2026-01-01T00:00:01.000000001Z", "FinishedAt": "0001-01-01T00:00:00Z"},
            "Name": "/" + name, "HostConfig": {"NetworkMode": "net", "Padding": "p" * padding},
            "Config": {"Hostname": name, "Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin"] * 10,
                       "Labels": {"com.docker.compose.config-hash": "5d" * 32, "maintainer": "somebody", **(labels or {})}},
            "NetworkSettings": settings, **changes}


def row_of(inspected):
    """The same container in the list."""
    networks = inspected.get("NetworkSettings", {}).get("Networks", {})
    return {"Id": inspected["Id"], "Names": [inspected["Name"]], "Image": "app", "Command": "/app", "Created": 1767225600,
            "Ports": [{"PrivatePort": 80, "Type": "tcp"}], "Labels": inspected.get("Config", {}).get("Labels", {}),
            "State": "running", "Status": "Up 5 minutes", "HostConfig": {"NetworkMode": "net"},
            "NetworkSettings": {"Networks": networks}, "Mounts": []}


def dump(value):
    return json.dumps(value, separators=(",", ":")).encode()


class ScriptedEngine:
    """`place` is the path of a socket, or None for a port of its own; `tls` an ssl.SSLContext."""

    def __init__(self, place=None, tls=None, version="1.44"):
        self.lock = threading.RLock()
        self.tls, self.version = tls, version
        self.rows, self.inspects = {}, {}  # id -> bytes
        self.answers = {}                  # path without its version -> (status, body) or CLOSE: instead of the usual
        self.requests = []                 # (method, target)
        self.streams, self.sockets = [], set()
        self.place = place
        self.listening = socket.socket(socket.AF_UNIX) if place else socket.create_server(("127.0.0.1", 0), backlog=128)
        if place:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(place)
            self.listening.bind(place)
            self.listening.listen(128)
        self.port = None if place else self.listening.getsockname()[1]
        self.endpoint = f"unix://{place}" if place else f"tcp://127.0.0.1:{self.port}"
        threading.Thread(target=self._accept, daemon=True).start()

    # -- what the test says --

    def put(self, *inspected):
        with self.lock:
            for each in inspected:
                self.rows[each["Id"]], self.inspects[each["Id"]] = dump(row_of(each)), dump(each)

    def remove(self, inspected):
        with self.lock:
            del self.rows[inspected["Id"]], self.inspects[inspected["Id"]]

    def event(self, inspected, action, **more):
        line = dump({"Type": "container", "Action": action, "Actor": {"ID": inspected["Id"], "Attributes": {}}, **more})
        self.event_bytes(line + b"\n")

    def event_bytes(self, text):
        with self.lock:
            for sock in list(self.streams):
                with contextlib.suppress(OSError):
                    sock.sendall(b"%x\r\n%s\r\n" % (len(text), text))

    def hang_up(self):
        with self.lock:
            for sock in list(self.sockets):
                with contextlib.suppress(OSError):
                    sock.shutdown(socket.SHUT_RDWR)

    def close(self):
        with contextlib.suppress(OSError):
            self.listening.shutdown(socket.SHUT_RDWR)
        self.listening.close()
        self.hang_up()

    def wait_for(self, claim, timeout=5):
        """Until claim(self) holds."""
        end = time.monotonic() + timeout
        while not claim(self):
            if time.monotonic() > end:
                raise TimeoutError(f"the router asked only for {self.requests[-10:]}")
            time.sleep(0.002)

    def count(self, part):
        return sum(part in target for _, target in list(self.requests))

    # -- serving --

    def _accept(self):
        while True:
            try:
                sock, _ = self.listening.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock):
        try:
            if self.tls:
                sock = self.tls.wrap_socket(sock, server_side=True)
            with self.lock:
                self.sockets.add(sock)
            waiting = b""
            while True:
                while b"\r\n\r\n" not in waiting:
                    got = sock.recv(65536)
                    if not got:
                        return
                    waiting += got
                    if waiting[:1] == b"\x16":  # a TLS hello on a port that speaks none
                        sock.sendall(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n400 Bad Request")
                        return
                head, waiting = waiting.split(b"\r\n\r\n", 1)
                if not self._answer(sock, *head.split(b"\r\n", 1)[0].decode().split(" ")[:2]):
                    return
        except OSError:
            pass
        finally:
            with self.lock:
                self.sockets.discard(sock)
                if sock in self.streams:
                    self.streams.remove(sock)
            sock.close()

    def _answer(self, sock, method, target):
        self.requests.append((method, target))
        path = target.split("?")[0]
        if path.startswith("/v1."):
            path = path[path.index("/", 1):]
        status, body = 200, None
        with self.lock:
            if path in self.answers:
                if self.answers[path] is CLOSE:
                    return False
                status, body = self.answers[path]
            elif path == "/events":
                sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
                self.streams.append(sock)
                return True
            elif path == "/containers/json":
                body = b"[" + b",".join(self.rows.values()) + b"]"
            elif path.startswith("/containers/"):
                body = self.inspects.get(path.split("/")[2])
            elif path == "/networks":
                body = b"[]"
            elif path == "/_ping":
                body = b"OK"
            elif path == "/version":
                body = dump({"ApiVersion": self.version, "MinAPIVersion": "1.12"})
        if body is None:
            status, body = 404, b'{"message":"no such thing"}'
        sock.sendall(b"HTTP/1.1 %d X\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % (status, len(body)) + body)
        return True
