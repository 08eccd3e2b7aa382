# SPDX-License-Identifier: MIT
"""HTTP/2 in raw frames: a client that sends any bytes, in any order, and reads what comes."""
import collections
import socket
import struct
import time

import hpack

from _wire import WAIT, Closed, Reader

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)
END_STREAM, ACK, END_HEADERS, PADDED, HAS_PRIORITY = 1, 1, 4, 8, 32
(NO_ERROR, PROTOCOL_ERROR, INTERNAL_ERROR, FLOW_CONTROL_ERROR, SETTINGS_TIMEOUT, STREAM_CLOSED, FRAME_SIZE_ERROR, REFUSED_STREAM,
 CANCEL, COMPRESSION_ERROR, CONNECT_ERROR, ENHANCE_YOUR_CALM) = range(12)
HEADER_TABLE_SIZE, ENABLE_PUSH, MAX_CONCURRENT_STREAMS, INITIAL_WINDOW_SIZE, MAX_FRAME_SIZE, MAX_HEADER_LIST_SIZE = range(1, 7)

Frame = collections.namedtuple("Frame", "type flags stream payload")


def frame(kind, flags=0, stream=0, payload=b"", length=None):
    size = len(payload) if length is None else length
    return struct.pack(">I", size)[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def settings(*pairs):
    return frame(SETTINGS, payload=b"".join(struct.pack(">HI", *pair) for pair in pairs))


def u32(number):
    return struct.pack(">I", number)


def literal(name, value, first=b"\0"):
    """A field that needs no table: not indexed, not Huffman coded."""
    return first + bytes([len(name)]) + name + bytes([len(value)]) + value


def fields_of_request(method=b"GET", path=b"/m", authority=b"a.test", scheme=b"http", more=()):
    return [(b":method", method), (b":scheme", scheme), (b":path", path), (b":authority", authority), *more]


def block(fields):
    return b"".join(literal(name, value) if len(name) < 127 and len(value) < 127 else long_literal(name, value) for name, value in fields)


def long_literal(name, value):
    def size(count):
        if count < 127:
            return bytes([count])
        out, rest = b"\x7f", count - 127
        while rest >= 128:
            out, rest = out + bytes([rest % 128 | 128]), rest // 128
        return out + bytes([rest])

    return b"\0" + size(len(name)) + name + size(len(value)) + value


def headers(stream=1, fields=None, end=True, **request):
    return frame(HEADERS, END_HEADERS | (END_STREAM if end else 0), stream, block(fields if fields is not None else fields_of_request(**request)))


class Answer:
    """What came on one stream."""

    def __init__(self):
        self.heads, self.body, self.trailers = [], b"", None
        self.ended, self.reset = False, None
        self.frames = []

    @property
    def status(self):
        return int(dict(self.heads[-1])[":status"]) if self.heads else None

    def one(self, name):
        values = [value for key, value in self.heads[-1] if key == name]
        return values[0] if values else None


class H2:
    """A client on one connection. `window`: what it lets the router send on a stream; it gives nothing back by itself."""

    def __init__(self, port, *pairs, begin=True, before=b"", tls=None, name=None):
        """`before`: sent ahead of all, in clear; `tls`: a context of ssl, for a server of that `name`."""
        self.sock = socket.create_connection(("127.0.0.1", port), WAIT)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock.sendall(before)
        if tls:
            self.sock = tls.wrap_socket(self.sock, server_hostname=name)
        self.reader = Reader(self.sock)
        self.decoder = hpack.Decoder()
        self.decoder.max_header_list_size = 1 << 20
        self.answers = collections.defaultdict(Answer)
        self.goaway, self.pings, self.settings = None, [], None
        self.acks = 0
        self.windows = collections.Counter()
        if begin:
            self.send(PREFACE + settings(*pairs))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()

    def send(self, *parts, split=None):
        data = b"".join(parts)
        if not split:
            self.sock.sendall(data)
            return
        for at in range(0, len(data), split):
            self.sock.sendall(data[at:at + split])
            time.sleep(0.0003)

    def settle(self):
        """Both sides' SETTINGS are acknowledged."""
        self.until(lambda: self.settings is not None and self.acks)
        self.send(frame(SETTINGS, ACK))
        return self

    def frame(self, timeout=WAIT):
        head = self.reader.exactly(9, timeout)
        size = int.from_bytes(head[:3], "big")
        got = Frame(head[3], head[4], int.from_bytes(head[5:], "big"), self.reader.exactly(size, timeout))
        self.note(got)
        return got

    def note(self, got):
        answer = self.answers[got.stream] if got.stream else None
        if answer:
            answer.frames.append(got)
            if got.type in (DATA, HEADERS) and got.flags & END_STREAM:
                answer.ended = True
        if got.type == DATA:
            answer.body += got.payload
        elif got.type == HEADERS:
            payload = got.payload
            while not got.flags & END_HEADERS:
                got = self.frame()
                assert got.type == CONTINUATION
                payload += got.payload
            fields = [(str(n), str(v)) for n, v in self.decoder.decode(payload)]
            if answer.heads and not dict(fields).get(":status"):
                answer.trailers = fields
            else:
                answer.heads.append(fields)
        elif got.type == RST_STREAM:
            answer.reset = int.from_bytes(got.payload, "big")
        elif got.type == SETTINGS:
            if got.flags & ACK:
                self.acks += 1
            else:
                self.settings = dict(struct.iter_unpack(">HI", got.payload))
        elif got.type == PING and got.flags & ACK:
            self.pings.append(got.payload)
        elif got.type == GOAWAY:
            self.goaway = struct.unpack(">II", got.payload[:8])
        elif got.type == WINDOW_UPDATE:
            self.windows[got.stream] += int.from_bytes(got.payload, "big")

    def until(self, is_done, timeout=WAIT):
        """Reads frames; raises Closed at the end, and socket.timeout when nothing comes."""
        end = time.monotonic() + timeout
        while not is_done():
            self.frame(max(0.001, end - time.monotonic()))
        return self

    def to_end(self, timeout=WAIT):
        """All that comes until the router closes."""
        try:
            self.until(lambda: False, timeout)
        except Closed:
            pass
        return self

    def answer(self, stream=1, timeout=WAIT):
        got = self.answers[stream]
        self.until(lambda: got.ended or got.reset is not None, timeout)
        return got

    def ask(self, stream=1, **request):
        self.send(headers(stream, **request))
        return self.answer(stream)

    def ping(self, text=b"12345678"):
        """Everything sent before has been dealt with."""
        count = len(self.pings)
        self.send(frame(PING, payload=text))
        self.until(lambda: len(self.pings) > count)
        return self
