# SPDX-License-Identifier: MIT
"""Messages on sockets: a reader, an origin that records every byte, a client that sends any byte."""
import re
import socket
import struct
import threading
import time

WAIT = 5.0      # for anything that must happen
QUIET = 0.15    # for what must not happen


class Closed(Exception):
    """The peer ended the connection where bytes were due."""


class Reader:
    """Bytes of one socket, read up to a mark."""

    def __init__(self, sock):
        self.sock = sock
        self.waiting = b""
        self.raw = bytearray()
        self.eof = False
        self.reset = False

    def more(self, timeout=WAIT):
        """One read; False at the end of the stream."""
        if self.eof:
            return False
        self.sock.settimeout(timeout)
        try:
            got = self.sock.recv(65536)
        except socket.timeout:
            raise
        except OSError:
            got, self.reset = b"", True
        if not got:
            self.eof = True
            return False
        self.waiting += got
        self.raw += got
        return True

    def until(self, mark, timeout=WAIT):
        while mark not in self.waiting:
            if not self.more(timeout):
                raise Closed(bytes(self.waiting))
        at = self.waiting.index(mark) + len(mark)
        taken, self.waiting = self.waiting[:at], self.waiting[at:]
        return taken

    def exactly(self, count, timeout=WAIT):
        while len(self.waiting) < count:
            if not self.more(timeout):
                raise Closed(bytes(self.waiting))
        taken, self.waiting = self.waiting[:count], self.waiting[count:]
        return taken

    def to_end(self, timeout=WAIT):
        while self.more(timeout):
            pass
        taken, self.waiting = self.waiting, b""
        return taken

    def chunked(self, timeout=WAIT):
        """A chunked body: payload and trailer lines. Strict: what we send must be beyond doubt."""
        payload = b""
        while True:
            line = self.until(b"\r\n", timeout)
            if not re.fullmatch(rb"[0-9a-fA-F]+\r\n", line):
                raise ValueError(f"chunk size line {line!r}")
            size = int(line, 16)
            if size == 0:
                break
            payload += self.exactly(size, timeout)
            if self.exactly(2, timeout) != b"\r\n":
                raise ValueError("chunk without its CRLF")
        trailers = []
        while (line := self.until(b"\r\n", timeout)) != b"\r\n":
            trailers.append(line[:-2])
        return payload, trailers


def fields_of(head):
    """(name, value) of each field line, as spelled."""
    return [tuple(part.strip(b" \t") for part in line.split(b":", 1)) for line in head.split(b"\r\n")[1:] if line]


class Message:
    """A head and what came with it."""

    def __init__(self, head):
        self.head = head
        self.line = head.split(b"\r\n", 1)[0]
        self.fields = fields_of(head)
        self.body = b""
        self.trailers = []

    def all(self, name):
        return [value for key, value in self.fields if key.lower() == name.lower().encode()]

    def one(self, name):
        values = self.all(name)
        if len(values) > 1:
            raise ValueError(f"{name} came {len(values)} times")
        return values[0] if values else None

    def names(self):
        return [key.lower() for key, _ in self.fields]


class Request(Message):
    @property
    def method(self):
        return self.line.split(b" ")[0]

    @property
    def target(self):
        return self.line.split(b" ")[1]


class Response(Message):
    def __init__(self, head):
        super().__init__(head)
        self.status = int(self.line.split(b" ", 2)[1])
        self.interim = []

    @property
    def phrase(self):
        return self.line.split(b" ", 2)[2]


class OriginConn:
    def __init__(self, origin, sock):
        self.origin, self.sock, self.reader = origin, sock, Reader(sock)
        self.ended = threading.Event()  # the router has closed it
        self.over = False               # by whomever

    def send(self, *parts):
        try:
            for part in parts:
                self.sock.sendall(part)
        except OSError:
            pass

    def body_of(self, request):
        """Reads the body by its framing; only one way to read it may be given."""
        lengths, codings = request.all("Content-Length"), request.all("Transfer-Encoding")
        if len(lengths) + len(codings) > 1:
            raise ValueError("framing in two ways")
        if codings:
            request.body, request.trailers = self.reader.chunked()
        elif lengths:
            request.body = self.reader.exactly(int(lengths[0]))

    def wait_closed(self, timeout=WAIT):
        """True when the router closes the connection in time; whatever still comes is recorded."""
        try:
            self.reader.to_end(timeout)
        except socket.timeout:
            return False
        self.ended.set()
        return True

    def close(self, reset=False):
        if reset:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()


class Origin:
    """A server that records. `script(conn, request)` answers a request whose head was read; it returns False to close."""

    def __init__(self, name, script=None):
        self.name = name
        self.usual = self.script = script or answer
        self.requests, self.conns = [], []
        self.lock = threading.Lock()
        self.listening = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port = self.listening.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                sock, _ = self.listening.accept()
            except OSError:
                return
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            conn = OriginConn(self, sock)
            with self.lock:
                self.conns.append(conn)
            threading.Thread(target=self.serve, args=(conn,), daemon=True).start()

    def serve(self, conn):
        try:
            while True:
                request = Request(conn.reader.until(b"\r\n\r\n", 600)[:-2])
                request.conn = conn
                with self.lock:
                    self.requests.append(request)
                if self.script(conn, request) is False:
                    break
        except (Closed, OSError, ValueError) as error:
            conn.error = error
            if conn.reader.eof:
                conn.ended.set()
        finally:
            conn.close()
            conn.over = True

    def close_conns(self):
        """Every connection ends now, as a restarted server's do."""
        for conn in list(self.conns):
            try:
                conn.sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


def tag_of(request):
    return request.one("X-Tag") or b"-"


def reply(status, fields=(), body=b"", phrase=b"Fine"):
    lines = [b"HTTP/1.1 %d %s" % (status, phrase), *fields]
    if body is not None:
        lines.append(b"Content-Length: %d" % len(body))
    return b"\r\n".join(lines) + b"\r\n\r\n" + (body or b"")


def answer(conn, request):
    """Reads the body and says who answered what."""
    conn.body_of(request)
    body = b"%s %s %s %d" % (conn.origin.name.encode(), tag_of(request), request.target, len(request.body))
    head = reply(200, [b"X-Tag: " + tag_of(request), b"X-Origin: " + conn.origin.name.encode()], body)
    conn.send(head[:-len(body)] if request.method == b"HEAD" else head)


def raw_answer(*parts, close=False, pause=0.0, read_body=True):
    """A script that sends these bytes, whatever was asked."""

    def script(conn, request):
        if read_body:
            conn.body_of(request)
        for i, part in enumerate(parts):
            if i and pause:
                time.sleep(pause)
            conn.send(part)
        return not close

    return script


class Client:
    def __init__(self, port, rcvbuf=None):
        self.sock = socket.socket()
        if rcvbuf:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, rcvbuf)
        self.sock.connect(("127.0.0.1", port))
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.reader = Reader(self.sock)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()

    def send(self, text, split=None):
        """`split`: that many bytes a packet. What is sent to a connection that has been closed is lost: no error."""
        try:
            for at in range(0, len(text), split or len(text) or 1):
                self.sock.sendall(text[at:at + (split or len(text))])
        except OSError:
            pass

    def head(self, timeout=WAIT):
        return Response(self.reader.until(b"\r\n\r\n", timeout)[:-2])

    def response(self, method="GET", timeout=WAIT):
        interim = []
        while (response := self.head(timeout)).status < 200 and response.status != 101:
            interim.append(response)
        response.interim = interim
        if method == "HEAD" or response.status in (101, 204, 304):
            return response
        if response.one("Transfer-Encoding"):
            response.body, response.trailers = self.reader.chunked(timeout)
        elif response.one("Content-Length") is not None:
            response.body = self.reader.exactly(int(response.one("Content-Length")), timeout)
        else:
            response.body = self.reader.to_end(timeout)
        return response

    def closed(self, timeout=WAIT):
        """The connection ended, and without a further byte."""
        try:
            return self.reader.to_end(timeout) == b""
        except socket.timeout:
            return False

    def silent(self, timeout=QUIET):
        """Nothing comes, and the connection stays open."""
        try:
            return not self.reader.waiting and self.reader.more(timeout) is None
        except socket.timeout:
            return True

    def shut(self):
        self.sock.shutdown(socket.SHUT_WR)

    def reset(self):
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()
