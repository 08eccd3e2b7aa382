#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The engine as seen from its side: by port and by TLS, what it is asked in a whole life (K6), hostile answers (K4), many containers."""
import os
import re
import ssl
import subprocess
import sys
import time
import warnings

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "bench"))

from _certificates import *
from _engine import CLOSE, ScriptedEngine, container, dump, row_of
from _lib import *
from containers_scale import app, measure

FILE_RULES = """
[backends.main.servers.s]
url = "http://127.0.0.1:<main>"
[frontends.a]
backend = "main"
[frontends.a.routes.r]
rule = "Host:a.test"
"""


def make_certificates():
    for ca in ("ca", "other-ca"):
        make_ca(ca)
    make_certificate("engine", "ca")
    make_certificate("elsewhere", "ca", names="DNS:elsewhere.test,IP:127.0.0.2")
    make_certificate("expired", "ca", days="-1")
    make_certificate("router", "ca")
    make_certificate("stranger", "other-ca")


def tls_of(name, clients="ca", newest=None):
    """An engine that shows this certificate and wants clients to show one signed by `clients`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path_of(f"{name}.pem"), path_of(f"{name}.key"))
    if newest:
        context.set_ciphers("DEFAULT:@SECLEVEL=0")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that it is deprecated is the point
            context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, newest
    if clients:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(path_of(f"{clients}.pem"))
    return context


def tls_flags(ca="ca.pem", cert="router.pem", key="router.key", *more):
    given = {"ca": ca, "cert": cert, "key": key}
    return [f"--docker.tls.{name}={path_of(file)}" for name, file in given.items() if file] + list(more)


# -- a router with a scripted engine --

class Scene:
    """`with Scene(engine, flags) as scene:`; the router has a file frontend, too, so that it is up without an engine."""

    def __init__(self, engine, *flags):
        self.engine = engine
        self.world = World({"main": None}, FILE_RULES, f"--docker.endpoint={engine.endpoint}", "--docker.domain=test",
                           "--logLevel=DEBUG", "--api", *flags)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.engine.close()
        self.sound = self.world.stop()
        attempt("the router ends well and the sanitizers are silent", lambda: expect(self.sound, "see the log above"))

    def status(self, host):
        return self.world.ask(b"GET / HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n" % host.encode()).status

    def wait_routed(self, name, routed=True, timeout=10):
        """A frontend whose server refuses connections answers 502."""
        end = time.monotonic() + timeout
        while (self.status(f"{name}.test") == 502) != routed:
            expect(time.monotonic() < end, f"{name} is {'not ' if routed else ''}routed", self.world.log()[-3000:])
            time.sleep(0.01)

    def wait_log(self, part, timeout=10):
        end = time.monotonic() + timeout
        while part not in self.world.log():
            expect(time.monotonic() < end, f"the log has no {part!r}:", self.world.log()[-3000:])
            time.sleep(0.01)


def usual(name="web", **changes):
    return container(name, {"traefik.port": "1"}, address="127.0.0.1", **changes)


def test(function):
    begin = time.monotonic()
    attempt(f"{function.__name__}: {function.__doc__}", function)
    print(f"{time.monotonic() - begin:5.1f} s  {function.__name__}: {function.__doc__}", flush=True)


# -- endpoints and TLS --

def routes_come(engine, *flags):
    engine.put(usual())
    with Scene(engine, *flags) as scene:
        scene.wait_routed("web")


def by_port():
    """tcp:// without TLS"""
    routes_come(ScriptedEngine())


def http_is_the_same():
    """http:// is tcp://"""
    engine = ScriptedEngine()
    engine.endpoint = engine.endpoint.replace("tcp", "http")
    routes_come(engine)


def by_tls():
    """tcp:// with TLS on both sides, by files"""
    engine = ScriptedEngine(tls=tls_of("engine"))
    routes_come(engine, *tls_flags())


def by_tls_from_text():
    """CA, certificate and key given as PEM text"""
    routes_come(ScriptedEngine(tls=tls_of("engine")), f"--docker.tls.ca={text_of('ca.pem')}",
                f"--docker.tls.cert={text_of('router.pem')}", f"--docker.tls.key={text_of('router.key')}")


def by_tls_without_verification():
    """insecureSkipVerify takes any engine, and needs neither CA nor certificate"""
    routes_come(ScriptedEngine(tls=tls_of("expired", clients=None)), "--docker.tls.insecureSkipVerify")


def never_asked(part, engine, *flags):
    """The router says what is wrong, and the engine gets no request."""
    engine.put(usual())
    with Scene(engine, *flags) as scene:
        scene.wait_log(part)
        scene.wait_log("Provider connection error")
        expect(not engine.requests, "it was asked:", engine.requests)
        expect(scene.status("web.test") == 404, "routed by an engine that is not believed")


def no_socket():
    """a socket file that is not there: what to do is said"""
    engine = ScriptedEngine(path_of("gone.sock"))
    os.unlink(path_of("gone.sock"))
    with Scene(engine) as scene:
        scene.wait_log("gone.sock: /_ping: Couldn't connect to server (there is no such file: start the engine; "
                       "in a container, mount its socket with -v ")


def another_service():
    """what answers is no engine: the place and the status are said"""
    engine = ScriptedEngine(path_of("other.sock"))
    engine.answers["/_ping"] = (404, b"")
    with Scene(engine) as scene:
        scene.wait_log("other.sock: /_ping: status 404, retrying in")


def wrong_ca():
    """an engine whose certificate another CA signed is refused"""
    never_asked("docker.tls.ca is to name who signed", ScriptedEngine(tls=tls_of("stranger")), *tls_flags())


def unknown_ca():
    """without a CA only what the system trusts is believed"""
    never_asked("docker.tls.ca is to name who signed", ScriptedEngine(tls=tls_of("engine")), *tls_flags(ca=None))


def wrong_name():
    """an engine whose certificate names another host is refused"""
    never_asked("docker.tls.ca is to name who signed", ScriptedEngine(tls=tls_of("elsewhere")), *tls_flags())


def expired():
    """an engine whose certificate has expired is refused"""
    never_asked("certificate has expired", ScriptedEngine(tls=tls_of("expired")), *tls_flags())


def old_tls():
    """an engine that speaks TLS 1.1 at most is refused"""
    never_asked("docker.tls asks for TLS 1.2", ScriptedEngine(tls=tls_of("engine", newest=ssl.TLSVersion.TLSv1_1)), *tls_flags())


def no_tls_there():
    """an engine that does not speak TLS gets no request in clear"""
    never_asked("docker.tls asks for TLS 1.2", ScriptedEngine(), *tls_flags())


def refused_by_the_engine():
    """a certificate of ours that the engine does not believe is named"""
    never_asked("is docker.tls.cert signed by whom the other side trusts?", ScriptedEngine(tls=tls_of("engine")),
                *tls_flags("ca.pem", "stranger.pem", "stranger.key"))


def a_certificate_is_replaced():
    """files are read again at each connection"""
    for name in ("cert", "key"):
        with open(path_of(f"mine.{name}"), "w") as file:
            file.write(text_of(f"stranger.{'pem' if name == 'cert' else 'key'}"))
    engine = ScriptedEngine(tls=tls_of("engine"))
    engine.put(usual())
    with Scene(engine, *tls_flags("ca.pem", "mine.cert", "mine.key")) as scene:
        scene.wait_log("is docker.tls.cert signed by")
        for name in ("cert", "key"):
            with open(path_of(f"mine.{name}"), "w") as file:
                file.write(text_of(f"router.{'pem' if name == 'cert' else 'key'}"))
        scene.wait_routed("web")


def refused_at_start():
    """files that cannot be used end the start with the option and the file named, before a port is open"""
    cases = [
        (tls_flags(ca="nothing.pem"), f"docker.tls.ca: {path_of('nothing.pem')}: No such file"),
        (tls_flags(ca="ca.key"), f"docker.tls.ca: {path_of('ca.key')}: there is no certificate in it"),
        (tls_flags(key="stranger.key"), f"docker.tls.key: {path_of('stranger.key')}: it is not the key of the certificate"),
        (tls_flags(key=None), "docker.tls.key: missing"),
        (["--docker.tls"], "docker.tls.cert: missing"),
        (["--docker.tls.caOptional"], "docker.tls.cert: missing"),
    ]
    for flags, wanted in cases:
        ended = subprocess.run([os.environ.get("WAYBILL", "build/asan/waybill"), "--docker.endpoint=tcp://127.0.0.1:1", *flags],
                               capture_output=True, text=True, timeout=20)
        expect(ended.returncode == 1 and wanted in ended.stdout and "level=fatal" in ended.stdout, wanted, ended)
    ended = subprocess.run([os.environ.get("WAYBILL", "build/asan/waybill"), "--docker", *tls_flags()], capture_output=True,
                           text=True, timeout=20)
    expect(ended.returncode == 1 and "leave out docker.tls, or write tcp://host:port" in ended.stdout, ended)


# -- K6 --

PATHS = re.compile(r"/_ping|/version|/v1\.\d+/(info|version|events\?\S+|containers/json\?limit=0|containers/[0-9a-f]{64}/json"
                   r"|networks(\?\S+)?|services|tasks\?\S+|nodes)")


def expect_only_reads(engine):
    for method, target in engine.requests:
        expect(method == "GET" and PATHS.fullmatch(target), "K6:", method, target)


def k6_only_reads():
    """in a whole life - connect, events, odd events, reconnect, end - only GET of the known paths"""
    engine = ScriptedEngine(path_of("k6.sock"))
    first, second = usual("one"), usual("two")
    shares = usual("three")
    shares["HostConfig"]["NetworkMode"] = "container:" + first["Id"]
    engine.put(first, shares)
    with Scene(engine, "--docker.useBindPortIP") as scene:
        scene.wait_routed("one")
        engine.put(second)
        engine.event(second, "start")
        scene.wait_routed("two")
        for action in ("kill", "stop", "die", "pause", "unpause", "health_status: healthy", "rename", "update", "exec_create: sh",
                       "oom", "destroy"):
            engine.event(first, action)
        engine.event({"Id": "../../containers/x/kill?"}, "start")
        engine.event({"Id": "x" * 5000}, "die")
        engine.event({"Id": "n" * 64}, "connect", Type="network", Actor={"ID": "n", "Attributes": {"container": first["Id"]}})
        engine.remove(second)
        engine.event(second, "destroy")
        scene.wait_routed("two", False)
        engine.hang_up()
        engine.wait_for(lambda e: e.count("/events") == 2 and e.count("/containers/json") == 2)
        scene.wait_routed("one")
    expect(engine.count("/json") > 6, "too little was asked:", engine.requests)
    expect_only_reads(engine)


# -- K4 --

def k4_whole(what, change, reason=None):
    """One container's answer is hostile: it is named or routed, and the one beside it is routed as ever."""

    def check():
        engine = ScriptedEngine(path_of("k4.sock"))
        engine.put(usual("good"), usual("bad"))
        change(engine, usual("bad")["Id"])
        with Scene(engine) as scene:
            scene.wait_routed("good")
            if reason:
                scene.wait_log(reason)
            expect_only_reads(engine)

    attempt(f"K4: {what}", check)


def put_raw(raw):
    return lambda engine, bad: engine.inspects.update({bad: raw})


def changed(**changes):
    return put_raw(dump(usual("bad", **changes)))


def k4_hostile_engine():
    """what the engine says of one container is truncated, huge, of other types, not UTF-8"""
    whole = dump(usual("bad"))
    labels = {"traefik.port": "1"}
    k4_whole("truncated", put_raw(whole[:-100]), "the engine's answer is not a JSON object")
    k4_whole("empty", put_raw(b""), "the engine's answer is not a JSON object")
    k4_whole("not UTF-8", put_raw(whole.replace(b'"traefik.port":"1"', b'"traefik.port":"\xff\xfe"')), "UTF-8")
    k4_whole("huge", put_raw(whole[:-1] + b',"X":"' + b"x" * 5_000_000 + b'"}'), "longer than")
    k4_whole("nested without end", put_raw(b'{"Id":' + b"[" * 200_000), "the engine's answer is not a JSON object")
    k4_whole("no NetworkSettings", changed(NetworkSettings=None))
    k4_whole("negative ports", changed(NetworkSettings={"Ports": {"-80/tcp": None, "99999999999/udp": [{}]}, "Networks": {}}))
    k4_whole("other types", changed(State=[], Config=7, HostConfig="x", NetworkSettings={"Ports": 7, "Networks": [7]}))
    k4_whole("another container's answer", lambda engine, bad: engine.inspects.update({bad: engine.inspects[usual("good")["Id"]]}),
             "the answer is about another container")
    k4_whole("a status that is none", lambda engine, bad: engine.answers.update({f"/containers/{bad}/json": (500, b"\x00\xff no")}),
             "status 500")
    k4_whole("hung up on", lambda engine, bad: engine.answers.update({f"/containers/{bad}/json": CLOSE}))
    k4_whole("duplicate ids", lambda engine, bad: engine.rows.update({"again": engine.rows[bad]}),
             "entries of the engine's list are left out")
    k4_whole("entries without an id", lambda engine, bad: engine.rows.update({"a": b"{}", "b": b"7", "c": b'{"Id":"../x"}'}),
             "3 entries of the engine's list are left out")
    k4_whole("K3: a label of 1 MB", changed(Config={"Labels": {**labels, "traefik.frontend.rule": "Host:" + "x" * 1_000_000}}),
             "label traefik.frontend.rule: more than 2000 labels, or one longer than 65536 bytes")
    k4_whole("K3: 10,000 labels", changed(Config={"Labels": {**labels, **{f"traefik.x{i}": "y" for i in range(10_000)}}}),
             "more than 2000 labels, or one longer than 65536 bytes")
    k4_whole("K3: a rule bomb", changed(Config={"Labels": {**labels, "traefik.frontend.rule": "Host:" + "a," * 30_000}}))


def k4_bounded_memory():
    """5,000 containers, each 25th with a label of 1 MB, 20 in a row with 4 MB: those are rejected, memory stays bounded"""
    exact_memory()
    engine = ScriptedEngine(path_of("k4m.sock"))
    all_of = [usual(f"c{number}", padding=0) for number in range(5000)]
    for number, each in enumerate(all_of):
        engine.put(each)
        huge = 4_000_000 if number < 20 else 1_000_000 if number % 25 == 0 else 0
        if huge:
            each["Config"]["Labels"]["traefik.tags"] = "x" * huge
            engine.inspects[each["Id"]] = dump(each)
    with Scene(engine) as scene:
        scene.wait_routed("c4999", timeout=60)
        for number in (0, 19, 2500):
            expect(scene.status(f"c{number}.test") == 404, "routed with a huge label")
        peak = int(re.search(r"VmHWM:\s+(\d+)", open(f"/proc/{scene.world.process.pid}/status").read())[1])
        print(f"         {peak / 1024:.0f} MiB at most")
        expect(peak < 400 * 1024, "KiB at most:", peak)


# -- many containers --

def scale():
    """500 containers with the sanitizers in the program: a sync and events in generous bounds (bench/containers_scale.py measures)"""
    found = measure(os.environ.get("WAYBILL", "build/asan/waybill"), folder.name, 500, 20)
    least, cpu, sync_cpu = found["event_ms"][0], sum(found["event_cpu_ms"].values()), sum(found["sync_cpu_ms"].values())
    print(f"         sync {found['sync_s']:.2f} s, {sync_cpu:.0f} ms of CPU; event {least:.1f} ms at best, {cpu:.1f} ms of CPU")
    # The work is bounded in processor time, which what else runs on the machine hardly moves; the wait by the event that was
    # disturbed least.
    expect(sync_cpu < 1000 and found["sync_s"] < 20, found["sync_cpu_ms"], found["sync_s"])
    expect(cpu < 50 and least < 200, found["event_cpu_ms"], found["event_ms"])


if __name__ == "__main__":
    make_certificates()
    wanted = sys.argv[1:]
    for function in (by_port, http_is_the_same, by_tls, by_tls_from_text, by_tls_without_verification, wrong_ca, unknown_ca, wrong_name,
                     expired, old_tls, no_tls_there, refused_by_the_engine, no_socket, another_service, a_certificate_is_replaced, refused_at_start, k6_only_reads,
                     k4_hostile_engine, k4_bounded_memory, scale):
        if not wanted or function.__name__ in wanted:
            test(function)
    finish()
