#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""RFC 9113 and RFC 7541, frame by frame: what a connection or a stream must end with, and what must be borne."""
import struct

import _h2
from _h2 import *
from _lib import *


def fields_of_request(path=b"/probe/frames", **request):
    """Whether a request that is broken off has reached its server is a matter of time: such a path is not counted."""
    return _h2.fields_of_request(path=path, **request)


def headers(stream=1, fields=None, end=True, **request):
    return _h2.headers(stream, fields or fields_of_request(**request), end)


def big_answer(conn, r):
    conn.body_of(r)
    conn.send(reply(200, [], b"x" * 100))


def opened(world, *pairs):
    return H2(world.port, *pairs).settle()


def conn_error(world, name, code, *parts, before=None, also=()):
    """The connection ends with GOAWAY of that code."""

    def check():
        with opened(world) as c:
            if before:
                before(c)
            c.send(*parts)
            c.to_end()
            expect(c.goaway and c.goaway[1] in (code, *also), "GOAWAY:", c.goaway, "wanted", code)

    attempt(name, check)


def stream_error(world, name, code, *parts, stream=1, also=(), reaches=False):
    """The stream is reset with that code, or the connection ends with it; the server has seen nothing."""

    def check():
        world.forget()
        with opened(world) as c:
            c.send(*parts)
            got = c.answers[stream]
            try:
                c.until(lambda: got.reset is not None or c.goaway)
            except Closed:
                pass
            seen = got.reset if got.reset is not None else c.goaway and c.goaway[1]
            expect(seen in (code, *also), "reset:", got.reset, "GOAWAY:", c.goaway, "wanted", code)
            expect(not got.heads, "it was answered:", got.heads)
            if not c.goaway:
                expect(c.ask(stream + 2).status == 200, "the connection does not go on")
        if not reaches:
            expect(all(r.target == b"/m" for r in world.seen()) and len(world.seen()) <= 1, "it reached a server")
        world.forget()

    attempt(name, check)


def borne(world, name, *parts, pairs=(), stream=1, status=200, check=None):
    """It is answered all the same."""

    def run_it():
        with opened(world, *pairs) as c:
            c.send(*parts)
            got = c.answer(stream)
            expect(got.status == status, "status", got.status, "reset", got.reset)
            if check:
                check(c, got)
            expect(not c.goaway, c.goaway)
        world.forget()

    attempt(name, run_it)


GET = headers()
OPEN = headers(end=False, method=b"POST")
IDLE_DATA = frame(DATA, END_STREAM, 1, b"x")


@row
def preface(world):
    """3.4: what comes first."""

    def settings_first():
        with H2(world.port) as c:
            got = c.frame()
            expect(got.type == SETTINGS and not got.flags & ACK, got)
            c.settle()
            expect(c.settings[MAX_CONCURRENT_STREAMS] == 100, c.settings)
            expect(c.ask().status == 200)
        world.forget()

    attempt("the router sends SETTINGS first", settings_first)

    def each_split():
        for step in (1, 2, 5, 13, 24):
            with H2(world.port, begin=False) as c:
                c.send(PREFACE, settings(), GET, split=step)
                expect(c.answer().status == 200, step)
        for cut in range(1, len(PREFACE) + 10):
            with H2(world.port, begin=False) as c:
                whole = PREFACE + settings() + GET
                c.send(whole[:cut])
                time.sleep(0.001)
                c.send(whole[cut:])
                expect(c.answer().status == 200, cut)
        world.forget()

    attempt("however it is cut", each_split)

    def not_one():
        for text in (b"PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\rX", b"PRI / HTTP/2.0\r\n\r\n"):
            with world.connect() as c:
                c.send(text)
                r = c.response()
                expect(r.status >= 400 and c.closed(), text, r.head)
        with world.connect() as c:
            c.send(b"INVALID CONNECTION PREFACE\r\n\r\n")
            expect(c.reader.to_end() == b"", "an answer in HTTP/1")

    attempt("one that is none", not_one)

    def behind_a_request():
        with world.connect() as c:
            c.send(request())
            expect(c.response().status == 200)
            c.send(PREFACE)
            r = c.response()
            expect(r.status == 505 and c.closed(), r.head)
        world.forget()

    attempt("after HTTP/1 it is none", behind_a_request)

    def upgrade_is_ignored():
        with world.connect() as c:
            c.send(request(fields=b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n"))
            expect(c.response().status == 200)
            next_works(c)
        expect(all(not r.all("Upgrade") for r in world.seen()), "it went on to the server")
        world.forget()

    attempt("Upgrade: h2c is ignored (B9)", upgrade_is_ignored)

    def no_settings():
        with H2(world.port, begin=False) as c:
            c.send(PREFACE, GET)
            c.to_end()
            expect(c.goaway and c.goaway[1] == PROTOCOL_ERROR, c.goaway)
        world.forget()

    attempt("SETTINGS must follow", no_settings)


@row
def frame_format(world):
    """4.1 to 4.3, 5.5: unknown things, sizes, header blocks."""
    borne(world, "an unknown type", frame(0x16, 0xff, 0, b"x" * 8), frame(0x7f, 0, 0, b""), GET)
    borne(world, "undefined flags", frame(PING, 0x16, 0, b"12345678"), GET, check=lambda c, got: c.until(lambda: c.pings))
    borne(world, "the reserved bit", frame(PING, 0, 0x80000000, b"12345678"), GET, check=lambda c, got: c.until(lambda: c.pings))
    borne(world, "a frame of 16384 bytes", OPEN, frame(DATA, END_STREAM, 1, b"x" * 16384))
    stream_error(world, "DATA of 16385", FRAME_SIZE_ERROR, OPEN, frame(DATA, END_STREAM, 1, b"x" * 16385), reaches=True)
    conn_error(world, "HEADERS of 16385", FRAME_SIZE_ERROR, frame(HEADERS, END_HEADERS | END_STREAM, 1, b"x" * 16385))
    conn_error(world, "a block that is none", COMPRESSION_ERROR, frame(HEADERS, END_HEADERS | END_STREAM, 1, b"\xff\xff\xff\xff\xff\xff\xff"))
    part = frame(HEADERS, END_STREAM, 1, block(fields_of_request()))
    conn_error(world, "PRIORITY inside a block", PROTOCOL_ERROR, part, frame(PRIORITY, 0, 1, u32(0) + b"\xff"), frame(CONTINUATION, END_HEADERS, 1, literal(b"x", b"y")))
    conn_error(world, "HEADERS of another stream inside a block", PROTOCOL_ERROR, part, headers(3))
    conn_error(world, "an unknown type inside a block", PROTOCOL_ERROR, part, frame(0x16, 0, 0, b"12345678"), frame(CONTINUATION, END_HEADERS, 1, literal(b"x", b"y")))


@row
def stream_states(world):
    """5.1: which frame a stream takes when."""
    conn_error(world, "idle: DATA", PROTOCOL_ERROR, IDLE_DATA)
    conn_error(world, "idle: RST_STREAM", PROTOCOL_ERROR, frame(RST_STREAM, 0, 1, u32(CANCEL)))
    conn_error(world, "idle: WINDOW_UPDATE", PROTOCOL_ERROR, frame(WINDOW_UPDATE, 0, 1, u32(100)))
    conn_error(world, "idle: CONTINUATION", PROTOCOL_ERROR, frame(CONTINUATION, END_HEADERS, 1, block(fields_of_request())))
    slow = lambda conn, r: (time.sleep(0.1), answer(conn, r))[1]
    world["main"].script = slow
    conn_error(world, "half-closed: DATA", STREAM_CLOSED, GET, frame(DATA, END_STREAM, 1, b"x"))
    conn_error(world, "half-closed: HEADERS", STREAM_CLOSED, GET, GET)
    conn_error(world, "half-closed: CONTINUATION", PROTOCOL_ERROR, GET, frame(CONTINUATION, END_HEADERS, 1, literal(b"x", b"y")), also=(STREAM_CLOSED,))
    borne(world, "half-closed: WINDOW_UPDATE and PRIORITY", GET, frame(WINDOW_UPDATE, 0, 1, u32(100)), frame(PRIORITY, 0, 1, u32(0) + b"\xff"))
    reset = frame(RST_STREAM, 0, 1, u32(CANCEL))
    borne(world, "half-closed: RST_STREAM", GET, reset, headers(3), stream=3)
    conn_error(world, "reset: DATA", STREAM_CLOSED, OPEN, reset, frame(DATA, END_STREAM, 1, b"x"))
    conn_error(world, "reset: HEADERS", STREAM_CLOSED, OPEN, reset, GET)
    conn_error(world, "reset: CONTINUATION", PROTOCOL_ERROR, OPEN, reset, frame(CONTINUATION, END_HEADERS, 1, literal(b"x", b"y")), also=(STREAM_CLOSED,))
    world.default()
    done = lambda c: c.ask()
    conn_error(world, "closed: DATA", STREAM_CLOSED, frame(DATA, END_STREAM, 1, b"x"), before=done)
    conn_error(world, "closed: HEADERS", STREAM_CLOSED, GET, before=done)
    conn_error(world, "closed: CONTINUATION", PROTOCOL_ERROR, frame(CONTINUATION, END_HEADERS, 1, literal(b"x", b"y")), before=done, also=(STREAM_CLOSED,))
    borne(world, "closed: PRIORITY and WINDOW_UPDATE and RST_STREAM", GET, stream=1)
    attempt("closed: late frames", late_frames, world)
    conn_error(world, "5.1.1: an even number", PROTOCOL_ERROR, headers(2))
    conn_error(world, "5.1.1: a smaller number", PROTOCOL_ERROR, headers(5), headers(3))
    conn_error(world, "5.1.1: one passed over, later", PROTOCOL_ERROR, headers(3), before=lambda c: (c.ask(1), c.ask(5), c.ask(7)))
    world.forget()


def late_frames(world):
    with opened(world) as c:
        c.ask()
        c.send(frame(PRIORITY, 0, 1, u32(0) + b"\xff"), frame(WINDOW_UPDATE, 0, 1, u32(5)), frame(RST_STREAM, 0, 1, u32(CANCEL)))
        expect(c.ask(3).status == 200 and not c.goaway)
    world.forget()


@row
def concurrency(world):
    """5.1.2: no more streams than are allowed."""
    gate = threading.Event()
    world["main"].script = lambda conn, r: (gate.wait(WAIT), answer(conn, r))[1]

    def too_many():
        with opened(world) as c:
            for i in range(100):
                c.send(headers(2 * i + 1))
            c.ping()
            expect(not c.goaway, "100 are allowed")
            c.send(headers(201))
            c.until(lambda: c.goaway or c.answers[201].reset is not None)
            code = c.goaway[1] if c.goaway else c.answers[201].reset
            expect(code in (PROTOCOL_ERROR, REFUSED_STREAM), code)

    attempt("101 streams", too_many)
    gate.set()

    def before_the_limit_is_known():
        with H2(world.port) as c:
            for i in range(150):
                c.send(headers(2 * i + 1))
            for i in range(150):
                got = c.answer(2 * i + 1)
                expect(got.status == 200 or got.reset == REFUSED_STREAM, i, got.status, got.reset)

    world["main"].script = lambda conn, r: (time.sleep(0.2), answer(conn, r))[1]
    attempt("more than that before SETTINGS is acknowledged are refused, not an error", before_the_limit_is_known)
    world.default()
    world.forget()


@row
def priorities(world):
    """5.3, 6.3: they are read, and change nothing."""
    weight = b"\x0f"
    depends = lambda stream, on: frame(HEADERS, END_HEADERS | END_STREAM | HAS_PRIORITY, stream, u32(on) + weight + block(fields_of_request()))
    stream_error(world, "HEADERS that depend on themselves", PROTOCOL_ERROR, depends(1, 1))
    conn_error(world, "PRIORITY that depends on itself", PROTOCOL_ERROR, frame(PRIORITY, 0, 1, u32(1) + weight))
    conn_error(world, "PRIORITY on stream 0", PROTOCOL_ERROR, frame(PRIORITY, 0, 0, u32(1) + weight))
    stream_error(world, "PRIORITY of 4 bytes", FRAME_SIZE_ERROR, OPEN, frame(PRIORITY, 0, 1, b"1234"), reaches=True)
    borne(world, "PRIORITY of an idle stream", frame(PRIORITY, 0, 3, u32(0) + weight), frame(PRIORITY, 0, 5, u32(0x80000003) + weight), GET)
    for name, fields in {"the least weight": u32(0) + b"\0", "the most": u32(0) + b"\xff", "below another": u32(1) + weight, "the only one": u32(0x80000001) + weight}.items():
        borne(world, f"PRIORITY of an open stream, {name}", OPEN, headers(3, end=False, method=b"POST"), frame(PRIORITY, 0, 3, fields), frame(DATA, END_STREAM, 3, b"x"), stream=3)
    borne(world, "HEADERS with a priority", depends(3, 0x80000001), stream=3)

    def no_starving():
        """A stream that a client puts below another is served beside it."""
        big = b"b" * 3000000
        world["main"].script = lambda conn, r: (conn.body_of(r), conn.send(reply(200, [], big if r.target == b"/big" else b"small")))[1] and None
        with opened(world, (INITIAL_WINDOW_SIZE, 1 << 30)) as c:
            c.send(headers(1, path=b"/big"))
            c.until(lambda: len(c.answers[1].body) == 65535)  # the connection's window is used up
            c.send(frame(HEADERS, END_HEADERS | END_STREAM | HAS_PRIORITY, 3, u32(1) + b"\0" + block(fields_of_request())))
            c.until(lambda: c.answers[3].heads)
            c.send(frame(WINDOW_UPDATE, 0, 0, u32(1 << 30)))
            got = c.answer(3)
            expect(got.body == b"small" and not c.answers[1].ended, "it waited for", len(c.answers[1].body))
        world.default()
        world.forget()

    attempt("a client's order starves no stream", no_starving)


@row
def connection_errors(world):
    """5.4.1: GOAWAY, then the connection closes."""

    def check():
        with opened(world) as c:
            c.ask()
            c.send(frame(PING, 0, 3, b"12345678"))
            c.to_end()
            expect(c.goaway == (1, PROTOCOL_ERROR), c.goaway)
            expect(c.reader.eof and not c.reader.reset, "it was reset")
        world.forget()

    attempt("an invalid PING", check)


@row
def data_frames(world):
    """6.1."""
    conn_error(world, "DATA on stream 0", PROTOCOL_ERROR, frame(DATA, END_STREAM, 0, b"x"))
    conn_error(world, "padding as long as the frame", PROTOCOL_ERROR, OPEN, frame(DATA, END_STREAM | PADDED, 1, b"\x06Test\0"))
    several = [frame(DATA, 0, 1, b"Te"), frame(DATA, 0, 1), frame(DATA, END_STREAM, 1, b"st")]
    borne(world, "several", OPEN, *several, check=lambda c, got: expect(got.body.endswith(b" 4"), got.body))
    borne(world, "padding", OPEN, frame(DATA, END_STREAM | PADDED, 1, b"\x04Test" + b"\0" * 4), check=lambda c, got: expect(got.body.endswith(b" 4"), got.body))
    world.forget()


@row
def headers_frames(world):
    """6.2."""
    conn_error(world, "HEADERS on stream 0", PROTOCOL_ERROR, headers(0))
    conn_error(world, "padding as long as the frame", PROTOCOL_ERROR, frame(HEADERS, END_HEADERS | END_STREAM | PADDED, 1, b"\xff" + block(fields_of_request())))
    borne(world, "padding", frame(HEADERS, END_HEADERS | END_STREAM | PADDED, 1, b"\x03" + block(fields_of_request()) + b"\0\0\0"))


@row
def rst_stream_frames(world):
    """6.4."""
    conn_error(world, "on stream 0", PROTOCOL_ERROR, frame(RST_STREAM, 0, 0, u32(CANCEL)))
    conn_error(world, "of 3 bytes", FRAME_SIZE_ERROR, OPEN, frame(RST_STREAM, 0, 1, b"123"))
    world.forget()


@row
def settings_frames(world):
    """6.5."""
    conn_error(world, "ACK with a payload", FRAME_SIZE_ERROR, frame(SETTINGS, ACK, 0, b"\0"))
    conn_error(world, "on a stream", PROTOCOL_ERROR, frame(SETTINGS, 0, 1, struct.pack(">HI", 3, 100)))
    conn_error(world, "of 3 bytes", FRAME_SIZE_ERROR, frame(SETTINGS, 0, 0, b"\0\3\0"))
    conn_error(world, "ENABLE_PUSH of 2", PROTOCOL_ERROR, settings((ENABLE_PUSH, 2)))
    conn_error(world, "INITIAL_WINDOW_SIZE of 2^31", FLOW_CONTROL_ERROR, settings((INITIAL_WINDOW_SIZE, 1 << 31)))
    conn_error(world, "MAX_FRAME_SIZE of 16383", PROTOCOL_ERROR, settings((MAX_FRAME_SIZE, 16383)))
    conn_error(world, "MAX_FRAME_SIZE of 2^24", PROTOCOL_ERROR, settings((MAX_FRAME_SIZE, 1 << 24)))
    borne(world, "an unknown one", settings((0xff, 1)), GET)
    world["main"].script = big_answer

    def last_counts():
        with opened(world, (INITIAL_WINDOW_SIZE, 100), (INITIAL_WINDOW_SIZE, 1)) as c:
            c.send(GET)
            c.until(lambda: c.answers[1].body)
            c.ping()
            expect(c.answers[1].body == b"x", c.answers[1].body)

    attempt("of the same twice the last counts", last_counts)
    world.default()
    world.forget()


@row
def ping_and_goaway(world):
    """6.7, 6.8, 7."""

    def echoed():
        with opened(world) as c:
            c.ping(b"h2 ping!")
            expect(c.pings == [b"h2 ping!"], c.pings)
            c.send(frame(PING, ACK, 0, b"invalid!"))
            c.ping(b"another!")
            expect(c.pings == [b"h2 ping!", b"another!"], c.pings)

    attempt("PING is echoed, its ACK is not", echoed)
    conn_error(world, "PING on a stream", PROTOCOL_ERROR, frame(PING, 0, 1, b"12345678"))
    conn_error(world, "PING of 6 bytes", FRAME_SIZE_ERROR, frame(PING, 0, 0, b"123456"))
    conn_error(world, "GOAWAY on a stream", PROTOCOL_ERROR, frame(GOAWAY, 0, 1, u32(0) + u32(0)))
    borne(world, "RST_STREAM with an unknown code", OPEN, frame(RST_STREAM, 0, 1, u32(0xff)), headers(3), stream=3)

    def goes():
        with opened(world) as c:
            c.send(GET, frame(GOAWAY, 0, 0, u32(0) + u32(0xff)))
            expect(c.answer().status == 200)
            c.to_end()

    attempt("GOAWAY with an unknown code: what is under way is answered, then it closes", goes)
    world.forget()


@row
def window_updates(world):
    """6.9: flow control towards the client."""
    borne(world, "for the connection and for a stream", OPEN, frame(WINDOW_UPDATE, 0, 0, u32(100)), frame(WINDOW_UPDATE, 0, 1, u32(100)), frame(DATA, END_STREAM, 1, b"x"))
    conn_error(world, "0 for the connection", PROTOCOL_ERROR, frame(WINDOW_UPDATE, 0, 0, u32(0)))
    stream_error(world, "0 for a stream", PROTOCOL_ERROR, OPEN, frame(WINDOW_UPDATE, 0, 1, u32(0)), reaches=True)
    conn_error(world, "of 3 bytes", FRAME_SIZE_ERROR, frame(WINDOW_UPDATE, 0, 0, b"\0\0\1"))
    conn_error(world, "beyond 2^31-1 for the connection", FLOW_CONTROL_ERROR, frame(WINDOW_UPDATE, 0, 0, u32((1 << 31) - 1)), frame(WINDOW_UPDATE, 0, 0, u32((1 << 31) - 1)))
    full = frame(WINDOW_UPDATE, 0, 1, u32((1 << 31) - 1))
    stream_error(world, "beyond 2^31-1 for a stream", FLOW_CONTROL_ERROR, OPEN, full, full, reaches=True)
    # nghttp2 ends only the stream whose window it is (RFC 9113 6.9.2 wants the connection): nobody else is touched.
    stream_error(world, "INITIAL_WINDOW_SIZE makes one too large", FLOW_CONTROL_ERROR, OPEN, full, settings((INITIAL_WINDOW_SIZE, (1 << 31) - 1)), reaches=True)
    world["main"].script = big_answer

    def one_byte():
        with opened(world, (INITIAL_WINDOW_SIZE, 1)) as c:
            c.send(GET)
            c.until(lambda: c.answers[1].body)
            expect(c.answers[1].body == b"x" and not c.answers[1].ended)

    attempt("a window of one byte", one_byte)

    def changes_later():
        with opened(world, (INITIAL_WINDOW_SIZE, 0)) as c:
            c.send(GET)
            c.until(lambda: c.answers[1].heads)
            c.ping()
            expect(not c.answers[1].body)
            c.send(settings((INITIAL_WINDOW_SIZE, 1)))
            c.until(lambda: c.answers[1].body)
            expect(c.answers[1].body == b"x")

    attempt("INITIAL_WINDOW_SIZE moves windows of open streams", changes_later)

    def negative():
        with opened(world, (INITIAL_WINDOW_SIZE, 3)) as c:
            c.send(GET)
            c.until(lambda: len(c.answers[1].body) == 3)
            c.send(settings((INITIAL_WINDOW_SIZE, 2)), frame(WINDOW_UPDATE, 0, 1, u32(2)))
            c.until(lambda: len(c.answers[1].body) > 3)
            c.ping()
            expect(len(c.answers[1].body) == 4, c.answers[1].body)

    attempt("a window that has become negative", negative)
    world.default()
    world.forget()


@row
def continuations(world):
    """6.10."""
    whole = block(fields_of_request(more=[(b"x-a", b"1"), (b"x-b", b"2")]))
    first = frame(HEADERS, END_STREAM, 1, whole[:10])
    middle, last = frame(CONTINUATION, 0, 1, whole[10:20]), frame(CONTINUATION, END_HEADERS, 1, whole[20:])
    borne(world, "several", first, middle, last)

    def byte_by_byte():
        with opened(world) as c:
            c.send(first, middle, last, split=1)
            expect(c.answer().status == 200, c.answers[1].status, c.goaway)

    attempt("in single bytes", byte_by_byte)
    conn_error(world, "followed by another frame", PROTOCOL_ERROR, first, middle, frame(DATA, END_STREAM, 1, b"x"))
    conn_error(world, "on stream 0", PROTOCOL_ERROR, first, frame(CONTINUATION, END_HEADERS, 0, whole[10:]))
    conn_error(world, "behind HEADERS that end the block", PROTOCOL_ERROR, OPEN, frame(CONTINUATION, END_HEADERS, 1, literal(b"x", b"y")))
    conn_error(world, "behind CONTINUATION that ends the block", PROTOCOL_ERROR, frame(HEADERS, 0, 1, whole[:10]), frame(CONTINUATION, END_HEADERS, 1, whole[10:]), frame(CONTINUATION, END_HEADERS, 1, literal(b"x", b"y")))
    conn_error(world, "behind DATA", PROTOCOL_ERROR, OPEN, frame(DATA, 0, 1, b"x"), frame(CONTINUATION, END_HEADERS, 1, literal(b"x", b"y")))
    world.forget()


@row
def push(world):
    """8.4: a client pushes nothing."""
    conn_error(world, "PUSH_PROMISE", PROTOCOL_ERROR, OPEN, frame(PUSH_PROMISE, END_HEADERS, 1, u32(2) + block(fields_of_request())))
    world.forget()


@row
def header_compression(world):
    """RFC 7541: blocks that decode to nothing."""
    ok = block(fields_of_request())
    wrong = lambda name, tail: conn_error(world, name, COMPRESSION_ERROR, frame(HEADERS, END_HEADERS | END_STREAM, 1, tail))
    wrong("2.3.3: an index out of range", ok + b"\xc6")
    wrong("2.3.3: a name's index out of range", ok + b"\x7f\x80\x01\x01x")
    wrong("4.2: a table size at the end", ok + b"\x21")
    wrong("5.2: padding of more than 7 bits", ok + b"\x00\x85\xf2\xb2\x4a\x84\xff\x84\x49\x50\x9f\xff")
    wrong("5.2: padding with zeros", ok + b"\x00\x85\xf2\xb2\x4a\x84\xff\x83\x49\x50\x90")
    wrong("5.2: EOS in a text", ok + b"\x00\x85\xf2\xb2\x4a\x84\xff\x87\x49\x51\xff\xff\xff\xfa\x7f")
    wrong("6.1: index 0", ok + b"\x80")
    wrong("6.3: a table larger than was allowed", b"\x3f\xe2\x1f" + ok)

    def all_kinds():
        with opened(world) as c:
            c.send(frame(HEADERS, END_HEADERS | END_STREAM, 1, b"\x82\x86\x44\x02/m\x41\x06a.test" + b"\x40\x03x-a\x01b" + literal(b"x-c", b"d", b"\x10")))
            expect(c.answer(1).status == 200, c.answer(1).status, c.answer(1).reset, c.goaway)
            c.send(frame(HEADERS, END_HEADERS | END_STREAM, 3, b"\x20\x3f\xe1\x1f\x82\x86\x44\x02/m\x41\x8c\xf1\xe3\xc2\xe5\xf2\x3a\x6b\xa0\xab\x90\xf4\xff\x40\x03x-a\x01b"))
            expect(c.answer(3).status == 404, "www.example.com")
            c.send(frame(HEADERS, END_HEADERS | END_STREAM, 5, b"\x82\x86\x44\x02/m\x41\x06a.test\xc0"))
            expect(c.answer(5).status == 200, c.answer(5).status, c.answer(5).reset)
        world.forget()

    attempt("each kind of field", all_kinds)
    rest = b"\x82\x86\x44\x02/m\x41\x06a.test"
    spelled = {"without indexing": b"\x0f\x0b\x01b", "never indexed": b"\x1f\x0b\x01b", "indexed": b"\x5a\x01b", "a new name in Huffman code": b"\x40\x81\x1f\x81\x1f",
               "never indexed, a new name": literal(b"x-n", b"b", b"\x10"), "an empty value": b"\x40\x03x-e\x00"}
    for name, field in spelled.items():
        borne(world, f"{name}", frame(HEADERS, END_HEADERS | END_STREAM, 1, rest + field))
    borne(world, "two table sizes at the front", frame(HEADERS, END_HEADERS | END_STREAM, 1, b"\x20\x3f\x61" + rest))
    wrong("4.2: a table size behind a field", rest[:1] + b"\x20" + rest[1:])


world = World(ORIGINS, RULES)
run(world)
finish(world)
