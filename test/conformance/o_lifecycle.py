#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""How the program starts, refuses to start, and ends (spec/static-config.md 1, 4, 6, 7)."""
from _lib import *

PROGRAM = os.environ.get("WAYBILL", "build/asan/waybill")


class Run:
    """The program with these words, in a folder of its own as its home."""

    def __init__(self, *words, files=None, **environment):
        self.folder = tempfile.TemporaryDirectory(prefix="lifecycle.")
        for name, text in (files or {}).items():
            path = os.path.join(self.folder.name, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w") as file:
                file.write(text)
        self.log_path = os.path.join(self.folder.name, "log")
        with open(self.log_path, "w") as log:
            self.process = subprocess.Popen([os.path.abspath(PROGRAM), *words], cwd=self.folder.name, stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=log, env={**os.environ, "HOME": self.folder.name, **environment})

    def log(self):
        with open(self.log_path, errors="replace") as file:
            return file.read()

    def said(self, text, timeout=20):
        end = time.monotonic() + timeout
        while text not in self.log():
            expect(self.process.poll() is None and time.monotonic() < end, f"not said: {text}\n{self.log()[-1500:]}")
            time.sleep(0.01)

    def status(self, timeout=20):
        try:
            return self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return "killed"

    def signal(self, number=signal.SIGTERM):
        self.process.send_signal(number)


def ends(words, status, *texts, files=None):
    """It ends at once, with this status and these texts."""
    run = Run(*words, files=files)
    got = run.status()
    expect(got == status, f"status {got}\n{run.log()[-1500:]}")
    for text in texts:
        expect(text in run.log(), f"not said: {text}\n{run.log()[-1500:]}")


def answers(port, path=b"/ping"):
    """The status there, or None when the connection is refused."""
    try:
        with Client(port) as c:
            c.send(b"GET " + path + b" HTTP/1.1\r\nHost: a.test\r\n\r\n")
            return c.response().status
    except OSError:
        return None


# -- what is refused --

PORT = free_port()
TAKEN = socket.create_server(("127.0.0.1", 0))
ENTRY = "--entryPoints=Name:http Address:127.0.0.1:0 "
FAILURES = [
    ("a port that is taken", [f"--entryPoints=Name:http Address:127.0.0.1:{TAKEN.getsockname()[1]}"],
     ["level=fatal", "Error preparing server: error opening listener: entrypoint http: listen tcp 127.0.0.1:",
      "already in use: another program listens there (ss -ltnp names it)"]),
    ("an address of another machine", ["--entryPoints=Name:http Address:192.0.2.1:80"],
     ["level=fatal", "error opening listener", "this machine has no such address"]),
    ("a target without a port", ["--entryPoints=Name:http Address:unix"], ['bad Address format "unix"']),
    ("no address", ["--entryPoints=Name:http"], ['entrypoint "http" has no address: write Address::80, or address = ":80" in TOML']),
    ("two entrypoints at one address", [f"--entryPoints=Name:one Address:127.0.0.1:{PORT}", f"--entryPoints=Name:two Address::{PORT}"],
     ["entrypoint two: listen tcp :", "already in use: entrypoint one listens there"]),
    ("a redirect to nowhere", [ENTRY + "Redirect.EntryPoint:https"], ["`https` is no entrypoint", "level=fatal"]),
    ("users that are none", [ENTRY + "Auth.Basic.Users:bad"], ["Error creating authenticator middleware: error parsing Authenticator user"]),
    ("a white list that is none", [ENTRY + "WhiteList.SourceRange:bad"], ["Error creating whitelist middleware", "bad"]),
    ("trusted proxies that are none", [ENTRY + "ProxyProtocol.TrustedIPs:bad"], ["bad"]),
    ("a configFile that is not there", ["--configFile=/nowhere.toml"], ["the file of --configFile is not there: /nowhere.toml"]),
    ("an unknown flag", ["--dokcer"], ["unknown flag: --dokcer", "Did you mean --docker?", "waybill --help"]),
    ("the flag for a version", ["--version"], ["unknown flag: --version", "`waybill version` says which this is."]),
    ("a part that is not there", ["--consul.endpoint=x"], ["the Consul provider is not in this version", "--file.directory"]),
    ("an unknown command", ["serve"], ["command serve not found"]),
    ("health that nobody answers", ["healthcheck"], ["please enable `ping` to use health check"]),
    ("health without its entrypoint", ["healthcheck", "--ping.entryPoint=gone"], ["missing `ping` entrypoint"]),
]


def test_failures():
    for name, words, texts in FAILURES:
        attempt(name, ends, words, 1, *texts)
    attempt("a broken static file", ends, ["--configFile=t.toml"], 1, "Error reading TOML config file t.toml", "t.toml:2",
            files={"t.toml": "debug = true\n[docker\n"})
    attempt("a value of another type", ends, ["--configFile=t.toml"], 1, "docker.watch: it is to be true or false, not",
            files={"t.toml": "[docker]\nwatch = \"yes\"\n"})
    attempt("version", ends, ["version"], 0, "Version:      ", "OS/Arch:      linux/")
    attempt("--help", ends, ["--help"], 0, "--docker.exposedByDefault", "Usage: waybill [flags]")


# -- where the static file is found --

def starts_from(words, files, used):
    """The file that counts names the entrypoint; the log says which it was."""
    run = Run("--logLevel=INFO", *words, files=files)
    run.said(f"(entrypoint {used}")
    run.said("published")
    expect("Using TOML configuration file" in run.log(), run.log())
    run.signal()
    expect(run.status() == 0, run.log())


def named(name):
    return f'[entryPoints.{name}]\naddress = "127.0.0.1:0"\n'


def test_lookup():
    if not os.path.exists("/etc/traefik/traefik.toml"):
        attempt("the working directory", starts_from, [], {"traefik.toml": named("here")}, "here")
        attempt("the home folder before it", starts_from, [], {"traefik.toml": named("here"), ".traefik/traefik.toml": named("home")},
                "home")
    attempt("--configFile before both", starts_from, ["--configFile=$HOME/own.toml"],
            {"traefik.toml": named("here"), "own.toml": named("own")}, "own")
    attempt("-c names a folder", starts_from, ["-c", "conf"], {"conf/traefik.toml": named("folder")}, "folder")
    attempt("entrypoints of file and command line are united", starts_from, ["--configFile=t.toml", ENTRY], {"t.toml": named("file")},
            "file")


# -- how it ends --

class Serving(World):
    def __init__(self, *flags):
        super().__init__({"main": None}, RULES_OF_ONE, "--logLevel=INFO", *flags)

    def signal(self, number=signal.SIGTERM):
        self.process.send_signal(number)

    def ended(self, timeout=10):
        try:
            return self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            return None


RULES_OF_ONE = """
[backends.main.servers.s]
url = "http://127.0.0.1:<main>"
[frontends.a]
backend = "main"
[frontends.a.routes.r]
rule = "Host:a.test"
"""


def slowly(seconds):
    return lambda conn, r: (time.sleep(seconds), answer(conn, r))[1]


def ends_at_once(number):
    """Nothing is under way: idle connections are closed, the status is 0."""
    world = Serving()
    with world.connect() as c:
        c.send(request())
        c.response()
        world.signal(number)
        expect(c.reader.to_end(5) == b"", "bytes")
    expect(world.ended(5) == 0, "it did not end")
    for line in ("I have to go...", "Stopping server gracefully", "Server stopped", "Shutting down"):
        expect(line in world.log(), line)
    expect(world.stop(), "see above")


def finishes_what_is_asked():
    """Listeners close, what is being answered is answered, a second signal changes nothing."""
    world = Serving()
    world["main"].script = slowly(0.7)
    with world.connect() as c:
        c.send(request())
        world.wait_seen(1)
        world.signal()
        world.signal(signal.SIGINT)
        time.sleep(0.2)
        expect(answers(world.port) is None, "somebody is accepted")
        expect(c.response().status == 200, "status")
    expect(world.ended(5) == 0, "it did not end")
    expect(world.stop(), "see above")


def cuts_what_takes_too_long():
    """After graceTimeOut the rest is cut, a WebSocket too."""
    world = Serving("--lifeCycle.graceTimeOut=500ms")
    world["main"].script = lambda conn, r: (conn.send(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                                                      b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"),
                                            conn.wait_closed(5), False)[2]
    with world.connect() as c:
        c.send(request(fields=b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                              b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"))
        head = c.reader.until(b"\r\n\r\n")
        expect(b" 101 " in head, "no upgrade", head)
        begin = time.monotonic()
        world.signal()
        c.reader.to_end(5)
        took = time.monotonic() - begin
        expect(0.4 < took < 2, f"cut after {took:.2f} s")
    expect(world.ended(5) == 0, "it did not end")
    expect(world.stop(), "see above")


def announces_first():
    """/ping says 503 at once, everything else goes on for requestAcceptGraceTimeout."""
    world = Serving("--lifeCycle.requestAcceptGraceTimeout=700ms")
    expect(answers(world.admin_port) == 200, "ping before")
    world.signal()
    time.sleep(0.2)
    expect(answers(world.admin_port) == 503, "ping while it goes")
    expect(world.ask(request()).status == 200, "new requests are served")
    expect(world.ended(5) == 0, "it did not end")
    expect(world.stop(), "see above")


def is_ended_by(number):
    """What has no meaning here ends the program, as v1.7."""
    signal.signal(number, signal.SIG_DFL)  # under nohup it is ignored, by who is started too
    world = Serving()
    world.signal(number)
    expect(world.ended(5) == -number, "status")


def web_group():
    """The deprecated group: API, dashboard and ping below a path, and healthcheck finds it."""
    port = free_port()
    flags = [f"--web.address=127.0.0.1:{port}", "--web.path=/status", ENTRY]
    run = Run("--logLevel=INFO", *flags)
    run.said("published")
    end = time.monotonic() + 10
    while answers(port, b"/status/ping") != 200 and time.monotonic() < end:
        time.sleep(0.02)
    expect(answers(port, b"/status/api") == 200 and answers(port, b"/status/dashboard/") == 200, "below the path")
    expect(answers(port, b"/api") == 404 and answers(port, b"/ping") == 404, "elsewhere")
    ends(["healthcheck", *flags], 0, f"OK: http://127.0.0.1:{port}/status/ping")
    ends(["why", "nobody", "--api", f"http://127.0.0.1:{port}/status"], 1)
    run.signal()
    expect(run.status() == 0, run.log())


# -- as a service of systemd --

class Listener:
    """What the program says to who started it."""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="lifecycle.")
        self.path = os.path.join(self.folder.name, "notify")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)

    def next(self, timeout=10):
        self.socket.settimeout(timeout)
        try:
            return self.socket.recv(4096).decode()
        except TimeoutError:
            return None


def service_signs():
    """READY once the file's routes are served, signs of life, STOPPING with the time it may take."""
    listener, rules = Listener(), RULES_OF_ONE.replace("<main>", "1")
    run = Run("--lifeCycle.graceTimeOut=3s", ENTRY, "--file", "--file.filename=rules.toml", files={"rules.toml": rules},
              NOTIFY_SOCKET=listener.path, WATCHDOG_USEC="300000")
    expect(listener.next() == "READY=1\nSTATUS=Serving", "ready", run.log())
    begin = time.monotonic()
    for _ in range(3):
        expect(listener.next(2) == "WATCHDOG=1", "a sign of life")
    took = time.monotonic() - begin
    expect(0.15 < took < 1.0, f"three signs in {took:.2f} s")
    run.signal()
    said = listener.next()
    while said == "WATCHDOG=1":
        said = listener.next()
    expect(said == "STOPPING=1\nSTATUS=Finishing what is under way\nEXTEND_TIMEOUT_USEC=8000000", said)
    expect(run.status() == 0, run.log())


def service_waits():
    """Not READY while a provider has said nothing; READY as soon as it has."""
    listener, rules = Listener(), RULES_OF_ONE.replace("<main>", "1")
    run = Run(ENTRY, "--file", "--file.filename=rules.toml", files={"rules.toml": "[frontends\n"}, NOTIFY_SOCKET=listener.path)
    expect(listener.next(0.7) is None, "it says something before it is ready")
    with open(os.path.join(run.folder.name, "rules.toml"), "w") as file:
        file.write(rules)
    expect(listener.next(10) == "READY=1\nSTATUS=Serving", "ready", run.log())
    run.signal()
    expect(run.status() == 0, run.log())


if __name__ == "__main__":
    test_failures()
    test_lookup()
    attempt("SIGTERM", ends_at_once, signal.SIGTERM)
    attempt("SIGINT", ends_at_once, signal.SIGINT)
    attempt("SIGTERM under way", finishes_what_is_asked)
    attempt("graceTimeOut", cuts_what_takes_too_long)
    attempt("requestAcceptGraceTimeout", announces_first)
    attempt("SIGHUP", is_ended_by, signal.SIGHUP)
    attempt("--web", web_group)
    attempt("systemd: signs", service_signs)
    attempt("systemd: waiting", service_waits)
    finish()
