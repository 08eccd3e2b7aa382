# SPDX-License-Identifier: MIT
"""An HTTP/2 server of single frames, on hyperframe and hpack alone: it can send anything at any time, and records what it gets."""
import socket
import struct
import threading
import time

import hpack
from hyperframe.frame import (ContinuationFrame, DataFrame, GoAwayFrame, HeadersFrame, PingFrame, RstStreamFrame,
                              SettingsFrame, WindowUpdateFrame)

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
NO_ERROR, PROTOCOL_ERROR, INTERNAL_ERROR, FLOW_CONTROL_ERROR, REFUSED_STREAM, CANCEL, CALM = 0, 1, 2, 3, 7, 8, 11
STREAMS_MAX, WINDOW, FRAME_MAX = SettingsFrame.MAX_CONCURRENT_STREAMS, SettingsFrame.INITIAL_WINDOW_SIZE, SettingsFrame.MAX_FRAME_SIZE


class Gone(Exception):
    """The router has reset the stream or closed the connection."""


class H2Request:
    def __init__(self, conn, stream, fields):
        self.conn, self.stream, self.fields = conn, stream, fields
        self.body, self.trailers = b"", None
        self.ended = threading.Event()
        self.over = threading.Event()  # reset by the router
        self.code = None
        self.window = conn.windows_begin

    def all(self, name):
        return [value for key, value in self.fields if key == name.lower().encode()]

    def one(self, name):
        values = self.all(name)
        assert len(values) < 2, f"{name} came {len(values)} times"
        return values[0] if values else None

    @property
    def target(self):
        return self.one(":path")

    @property
    def head(self):
        return self.fields

    def wait_end(self, timeout=5.0):
        end = time.monotonic() + timeout
        while not self.ended.wait(0.01):
            if self.over.is_set() or self.conn.ended.is_set():
                raise Gone("while its body came")
            if time.monotonic() > end:
                raise TimeoutError("the request does not end")

    # Answers.
    def send_head(self, fields, end=False):
        self.conn.send_head(self.stream, fields, end)

    def send_body(self, payload, end=False):
        """Within the windows the router gives; waits for them."""
        at = 0
        while at < len(payload):
            with self.conn.changed:
                while min(self.window, self.conn.window) <= 0 and not self.over.is_set() and not self.conn.ended.is_set():
                    self.conn.changed.wait(0.05)
                if self.over.is_set() or self.conn.ended.is_set():
                    raise Gone("while its answer went")
                count = min(self.window, self.conn.window, 16384, len(payload) - at)
                self.window -= count
                self.conn.window -= count
            self.conn.send_payload(self.stream, payload[at:at + count], end and at + count == len(payload))
            at += count
        if end and not payload:
            self.conn.send_payload(self.stream, b"", True)

    def answer(self, status, fields=(), body=b"", trailers=None):
        head = [(b":status", b"%d" % status), *fields]
        self.send_head(head, end=not body and trailers is None)
        if body:
            self.send_body(body, end=trailers is None)
        if trailers is not None:
            self.send_head(trailers, end=True)

    def reset(self, code):
        self.conn.send(RstStreamFrame(self.stream, error_code=code).serialize())


class H2Conn:
    def __init__(self, origin, sock):
        self.origin, self.sock = origin, sock
        self.encoder, self.decoder = hpack.Encoder(), hpack.Decoder(1 << 20)
        self.requests, self.settings, self.goaways, self.pings = {}, {}, [], 0
        self.windows_begin = self.window = 65535
        self.changed = threading.Condition()
        self.sending = threading.RLock()
        self.ended = threading.Event()  # the router has closed it
        self.open_most = self.open = 0
        self.took_windows = True  # gives back at once what came

    def send(self, *parts):
        try:
            with self.sending:
                for part in parts:
                    self.sock.sendall(part)
        except OSError:
            pass

    def send_settings(self, **values):
        self.send(SettingsFrame(0, {getattr(SettingsFrame, k): v for k, v in values.items()}).serialize())

    def block(self, fields):
        return self.encoder.encode([(k, v) for k, v in fields], huffman=False)

    def send_head(self, stream, fields, end=False):
        with self.sending:
            block = self.block(fields)
            pieces = [block[at:at + 16384] for at in range(0, len(block), 16384)] or [b""]
            first = HeadersFrame(stream, pieces[0], flags=["END_STREAM"] if end else [])
            frames = [first] + [ContinuationFrame(stream, piece) for piece in pieces[1:]]
            frames[-1].flags.add("END_HEADERS")
            self.send(*(frame.serialize() for frame in frames))

    def send_payload(self, stream, payload, end=False):
        self.send(DataFrame(stream, payload, flags=["END_STREAM"] if end else []).serialize())

    def go_away(self, last, code=NO_ERROR):
        self.send(GoAwayFrame(0, last_stream_id=last, error_code=code).serialize())

    def give_window(self, stream, count):
        self.send(WindowUpdateFrame(stream, window_increment=count).serialize())

    def close(self, reset=False):
        """The reading thread notices, and closes."""
        if reset:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        try:
            self.sock.shutdown(socket.SHUT_RD if reset else socket.SHUT_RDWR)
        except OSError:
            pass

    def exactly(self, count):
        got = b""
        while len(got) < count:
            piece = self.sock.recv(count - len(got))
            if not piece:
                raise EOFError
            got += piece
        return got

    def read_frame(self):
        head = self.exactly(9)
        kind, flags, stream = head[3], head[4], int.from_bytes(head[5:9], "big") & 0x7FFFFFFF
        return kind, flags, stream, self.exactly(int.from_bytes(head[:3], "big"))

    def serve(self):
        assert self.exactly(len(PREFACE)) == PREFACE
        self.send_settings(**self.origin.settings)
        while True:
            kind, flags, stream, payload = self.read_frame()
            with self.changed:
                self.take(kind, flags, stream, payload)
                self.changed.notify_all()

    def take(self, kind, flags, stream, payload):
        if kind == 0:
            self.take_payload(stream, payload, flags & 1)
        elif kind == 1:
            self.take_head(stream, payload, flags)
        elif kind == 3:
            request = self.requests[stream]
            request.code = int.from_bytes(payload, "big")
            if not request.over.is_set():
                request.over.set()
        elif kind == 4 and not flags & 1:
            self.take_settings(payload)
        elif kind == 6 and not flags & 1:
            self.pings += 1
            self.send(PingFrame(0, payload, flags=["ACK"]).serialize())
        elif kind == 7:
            self.goaways.append(int.from_bytes(payload[4:8], "big"))
        elif kind == 8:
            count = int.from_bytes(payload, "big")
            if stream == 0:
                self.window += count
            elif stream in self.requests:
                self.requests[stream].window += count

    def take_settings(self, payload):
        for at in range(0, len(payload), 6):
            key, value = struct.unpack(">HI", payload[at:at + 6])
            if key == WINDOW:
                for request in self.requests.values():
                    request.window += value - self.windows_begin
                self.windows_begin = value
            self.settings[key] = value
        self.send(SettingsFrame(0, flags=["ACK"]).serialize())

    def take_head(self, stream, payload, flags):
        ended = flags & 1
        if flags & 0x20:
            payload = payload[5:]
        while not flags & 4:
            kind, flags, _, more = self.read_frame()
            assert kind == 9
            payload += more
        fields = [(bytes(k), bytes(v)) for k, v in self.decoder.decode(payload, raw=True)]
        if stream in self.requests:
            self.requests[stream].trailers = fields
            self.requests[stream].ended.set()
            return
        request = self.requests[stream] = H2Request(self, stream, fields)
        self.origin.note(request)
        if ended:
            request.ended.set()
        threading.Thread(target=self.run, args=(request,), daemon=True).start()

    def run(self, request):
        with self.changed:
            self.open += 1
            self.open_most = max(self.open_most, self.open)
        try:
            self.origin.script(request)
        except (Gone, OSError, TimeoutError) as error:
            request.error = error
        with self.changed:
            self.open -= 1

    def take_payload(self, stream, payload, ended):
        request = self.requests[stream]
        request.body += payload
        if payload and self.took_windows and self.origin.takes(request):
            self.give_window(0, len(payload))
            self.give_window(stream, len(payload))
        if ended:
            request.ended.set()


def usual(request):
    """Reads the body and says who answered what."""
    request.wait_end()
    tag = request.one("x-tag") or b"-"
    body = b"%s %s %s %d" % (request.conn.origin.name.encode(), tag, request.target, len(request.body))
    if request.one(":method") == b"HEAD":
        request.answer(200, [(b"x-tag", tag), (b"content-length", b"%d" % len(body))])
    else:
        request.answer(200, [(b"x-tag", tag), (b"x-origin", request.conn.origin.name.encode())], body)


class H2Origin:
    """`script(request)` runs on a thread of its own as soon as the head has come."""

    def __init__(self, name, script=None, settings=None, context=None):
        self.name, self.settings, self.context = name, settings or {}, context
        self.usual_settings = self.settings
        self.usual = self.script = script or usual
        self.requests, self.conns = [], []
        self.takes = lambda request: True
        self.lock = threading.Lock()
        self.listening = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port = self.listening.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def note(self, request):
        with self.lock:
            self.requests.append(request)

    def accept(self):
        while True:
            try:
                sock, _ = self.listening.accept()
            except OSError:
                return
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self.serve, args=(sock,), daemon=True).start()

    def serve(self, sock):
        conn = H2Conn(self, sock)
        try:
            if self.context:
                conn.sock = self.context.wrap_socket(sock, server_side=True)
            with self.lock:
                self.conns.append(conn)
            conn.serve()
        except Exception as error:
            conn.error = error
        with conn.changed:
            conn.ended.set()
            conn.changed.notify_all()
        try:
            conn.sock.close()
        except OSError:
            pass

    def live(self):
        return [conn for conn in list(self.conns) if not conn.ended.is_set()]

    def restart(self):
        """Every connection ends now; no more than that."""
        ending = self.live()
        for conn in ending:
            conn.close()
        for conn in ending:
            conn.ended.wait(5)
