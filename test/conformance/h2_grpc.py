#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""gRPC end to end: a client and a server of the grpc library, and the router between them, in clear and over TLS."""
import queue
import threading
import time
from concurrent import futures

import grpc

from _lib import *

MIB = bytes(range(256)) * 4096
KIB_MESSAGES = [bytes([i]) * 1000 for i in range(100)]


class Service(grpc.GenericRpcHandler):
    """Methods by name; messages are bytes."""

    def __init__(self, name):
        self.name = name
        self.cancelled, self.remaining = queue.Queue(), queue.Queue()
        self.calls, self.peers = 0, set()

    def service(self, details):
        kind, name = details.method.rsplit("/", 1)[1].split("-", 1)
        self.calls += 1
        make = {"unary": grpc.unary_unary_rpc_method_handler, "up": grpc.stream_unary_rpc_method_handler,
                "down": grpc.unary_stream_rpc_method_handler, "both": grpc.stream_stream_rpc_method_handler}[kind]
        return make(getattr(self, f"{kind}_{name}"))

    def note(self, context):
        self.peers.add(context.peer())

    def unary_echo(self, message, context):
        self.note(context)
        context.set_trailing_metadata((("x-after", "later"), ("x-seen-bin", b"\0\1\xff")))
        context.send_initial_metadata([("x-before", dict(context.invocation_metadata()).get("x-mine", "-")), ("x-server", self.name)])
        return message

    def unary_fail(self, message, context):
        context.set_trailing_metadata((("x-why", "because"),))
        context.abort(grpc.StatusCode.FAILED_PRECONDITION, "not now: \u00fc %")

    def unary_slow(self, message, context):
        self.remaining.put(context.time_remaining())
        gone = threading.Event()
        context.add_callback(lambda: (gone.set(), self.cancelled.put("slow")))
        gone.wait(5)
        return message

    def up_sum(self, messages, context):
        return b"%d %d" % (lambda sizes: (len(sizes), sum(sizes)))([len(m) for m in messages])

    def up_first(self, messages, context):
        return next(iter(messages))  # answers before the client has ended

    def down_count(self, message, context):
        for i in range(int(message)):
            yield b"%d" % i

    def down_large(self, message, context):
        for _ in range(int(message)):
            yield MIB

    def down_endless(self, message, context):
        context.add_callback(lambda: self.cancelled.put("endless"))
        while context.is_active():
            yield b"tick"
            time.sleep(0.01)

    def down_fail(self, message, context):
        yield b"one"
        context.abort(grpc.StatusCode.DATA_LOSS, "after one")

    def both_echo(self, messages, context):
        for message in messages:
            yield b"got " + message


OPTIONS = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]


class GrpcServer:
    def __init__(self, name, credentials=None, **options):
        self.service = Service(name)
        self.server = grpc.server(futures.ThreadPoolExecutor(64), [self.service],
                                  options=OPTIONS + [(f"grpc.{k}", v) for k, v in options.items()])
        if credentials:
            self.port = self.server.add_secure_port("127.0.0.1:0", credentials)
        else:
            self.port = self.server.add_insecure_port("127.0.0.1:0")
        self.server.start()


class Channel:
    """To one host of the router's."""

    def __init__(self, world, host):
        self.channel = grpc.insecure_channel(f"127.0.0.1:{world.port}", OPTIONS + [
            ("grpc.default_authority", host), ("grpc.use_local_subchannel_pool", 1)])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.channel.close()

    def call(self, name):
        kind = name.split("-")[0]
        make = {"unary": self.channel.unary_unary, "up": self.channel.stream_unary, "down": self.channel.unary_stream,
                "both": self.channel.stream_stream}[kind]
        return make(f"/test.Service/{name}")


def code_of(function):
    try:
        function()
    except grpc.RpcError as error:
        return error
    raise Wrong("no error")


def frontend(name, url, more=""):
    return f"""
[backends.{name}.servers.s]
url = "{url}"
{more}
[frontends.{name}]
backend = "{name}"
passHostHeader = true
[frontends.{name}.routes.r]
rule = "Host:{name}.test"
"""


plain = GrpcServer("plain")
one_at_a_time = GrpcServer("one", max_concurrent_streams=1)
staying, leaving = GrpcServer("staying"), GrpcServer("leaving")
GRPC_RULES = RULES + frontend("plain", f"h2c://127.0.0.1:{plain.port}") + frontend("one", f"h2c://127.0.0.1:{one_at_a_time.port}") + \
    frontend("gone", "h2c://127.0.0.1:1") + \
    frontend("pair", f"h2c://127.0.0.1:{staying.port}", f'[backends.pair.servers.t]\nurl = "h2c://127.0.0.1:{leaving.port}"')
HOSTS = ("plain.test", "one.test")


@row
def the_four_kinds(world):
    """Unary, both streamings, both at once; messages of any size; metadata and trailers."""

    def unary(host, size):
        with Channel(world, host) as c:
            answer, call = c.call("unary-echo").with_call(MIB[:size] if size <= len(MIB) else MIB * (size // len(MIB)),
                                                          metadata=(("x-mine", "yes"), ("x-b-bin", b"\0\xff")), timeout=10)
            expect(len(answer) == size, len(answer))
            expect(dict(call.initial_metadata())["x-before"] == "yes", call.initial_metadata())
            trailing = dict(call.trailing_metadata())
            expect(trailing["x-after"] == "later" and trailing["x-seen-bin"] == b"\0\1\xff", trailing)

    def up(host):
        with Channel(world, host) as c:
            expect(c.call("up-sum")(iter(KIB_MESSAGES), timeout=10) == b"100 100000")
            expect(c.call("up-sum")(iter([]), timeout=10) == b"0 0")

    def down(host):
        with Channel(world, host) as c:
            expect(list(c.call("down-count")(b"500", timeout=10)) == [b"%d" % i for i in range(500)])
            expect(list(c.call("down-count")(b"0", timeout=10)) == [])
            expect([len(m) for m in c.call("down-large")(b"8", timeout=20)] == [len(MIB)] * 8)

    def both(host):
        """Each message is sent when the answer to the one before has come."""
        with Channel(world, host) as c:
            sent = queue.Queue()
            sent.put(b"0")
            answers = c.call("both-echo")(iter(sent.get, None), timeout=10)
            for i in range(50):
                expect(next(answers) == b"got %d" % i, i)
                sent.put(b"%d" % (i + 1) if i < 49 else None)
            expect(list(answers) == [], "more")

    def first(host):
        with Channel(world, host) as c:
            hold = queue.Queue()
            hold.put(b"a")
            expect(c.call("up-first")(iter(hold.get, None), timeout=10) == b"a")
            hold.put(None)

    for host in HOSTS:
        for size in (0, 1, 16384, 65536, len(MIB), 8 * len(MIB)):
            attempt(f"{host} unary {size}", unary, host, size)
        for kind in (up, down, both, first):
            attempt(f"{host} {kind.__name__}", kind, host)


@row
def errors(world):
    """Statuses of the server's come as they are; the router's own are HTTP's, which the library reads as gRPC says."""

    def of_server(name, code, details, before=0):
        with Channel(world, "plain.test") as c:
            error = code_of(lambda: list(c.call(name)(b"", timeout=5)) if name[0] == "d" else c.call(name)(b"", timeout=5))
            expect(error.code() == code and error.details() == details, error)

    def of_router(host, code):
        with Channel(world, host) as c:
            error = code_of(lambda: c.call("unary-echo")(b"x", timeout=5))
            expect(error.code() == code, error)

    attempt("a status with a head of its own", of_server, "unary-fail", grpc.StatusCode.FAILED_PRECONDITION, "not now: \u00fc %")
    attempt("a status after a message", of_server, "down-fail", grpc.StatusCode.DATA_LOSS, "after one")
    attempt("no route: 404", of_router, "nobody.test", grpc.StatusCode.UNIMPLEMENTED)
    attempt("no server: 502", of_router, "gone.test", grpc.StatusCode.UNAVAILABLE)


@row
def time_and_cancelling(world):
    """A deadline reaches the server, and so does whoever does not want the answer any more."""

    def deadline():
        with Channel(world, "plain.test") as c:
            error = code_of(lambda: c.call("unary-slow")(b"x", timeout=0.3))
            expect(error.code() == grpc.StatusCode.DEADLINE_EXCEEDED, error)
        expect((plain.service.remaining.get(timeout=5) or 9) < 1, "the server knows of no deadline")
        plain.service.cancelled.get(timeout=5)

    def cancel_unary():
        with Channel(world, "plain.test") as c:
            call = c.call("unary-slow").future(b"x")
            plain.service.remaining.get(timeout=5)
            call.cancel()
            expect(plain.service.cancelled.get(timeout=2) == "slow")

    def cancel_stream():
        with Channel(world, "plain.test") as c:
            call = c.call("down-endless")(b"x")
            expect(next(call) == b"tick" and next(call) == b"tick")
            call.cancel()
            expect(plain.service.cancelled.get(timeout=2) == "endless")

    def client_gone():
        c = Channel(world, "plain.test")
        call = c.call("down-endless")(b"x")
        next(call)
        c.channel.close()
        expect(plain.service.cancelled.get(timeout=2) == "endless")

    for function in (deadline, cancel_unary, cancel_stream, client_gone):
        attempt(function.__name__, function)


@row
def many(world):
    """Calls of many clients share the connections to the server, and each gets its own answer."""

    def at_once():
        plain.service.peers.clear()
        channels = [Channel(world, "plain.test") for _ in range(4)]
        calls = [(i, channels[i % 4].call("unary-echo").future(b"%d" % i, timeout=20)) for i in range(400)]
        for i, call in calls:
            expect(call.result() == b"%d" % i, i)
        for c in channels:
            c.channel.close()
        expect(len(plain.service.peers) <= 5, "connections:", len(plain.service.peers))

    def one_by_one():
        with Channel(world, "one.test") as c:
            calls = [c.call("unary-echo").future(b"%d" % i, timeout=20) for i in range(30)]
            for i, call in enumerate(calls):
                expect(call.result() == b"%d" % i, i)

    def server_leaves():
        """One of two servers ends as it should while calls come: none of them fails."""
        done, failures = threading.Event(), []

        def caller(number):
            with Channel(world, "pair.test") as c:
                call = c.call("unary-echo")
                while not done.is_set():
                    try:
                        call(b"%d" % number, timeout=10)
                    except grpc.RpcError as error:
                        if "header with status" in error.details():  # the router's, not what the server has answered
                            failures.append(error)

        callers = [threading.Thread(target=caller, args=(i,)) for i in range(6)]
        for thread in callers:
            thread.start()
        time.sleep(0.4)
        before = leaving.service.calls
        leaving.server.stop(5).wait(6)
        time.sleep(0.2)
        done.set()
        for thread in callers:
            thread.join(10)
        expect(before > 10, "calls before:", before)
        expect(not failures, len(failures), failures[:2])

    attempt("400 calls", at_once)
    attempt("a server that leaves", server_leaves)
    attempt("a server that takes one at a time", one_by_one)


@row
def over_http_1(world):
    """A client of HTTP/1 that asks for trailers gets them."""

    def unary():
        message = b"\0\0\0\0\5hello"
        with world.connect() as c:
            c.send(b"POST /test.Service/unary-echo HTTP/1.1\r\nHost: plain.test\r\nContent-Type: application/grpc\r\nTE: trailers\r\n"
                   b"Connection: TE\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(message))
            r = c.response()
        expect(r.status == 200 and r.body == message, r.head, r.body)
        expect(b"grpc-status: 0" in r.trailers and b"x-after: later" in r.trailers, r.trailers)

    attempt("unary", unary)


world = World(ORIGINS, GRPC_RULES)
run(world)
for server in (plain, one_at_a_time):
    server.server.stop(None)
finish(world)
