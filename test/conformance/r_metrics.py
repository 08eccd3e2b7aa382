#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Metrics of the running program: /metrics as promtool reads it, and what reaches StatsD, Datadog and InfluxDB."""
import http.server
import re
import shutil
import subprocess
import threading
import time
import urllib.parse

from _lib import *


class Receiver:
    """A UDP socket; the lines that came."""

    def __init__(self):
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind(("127.0.0.1", 0))
        self.port = self.sock.getsockname()[1]
        self.lines, self.largest = [], 0
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            packet = self.sock.recv(65536)
            self.largest = max(self.largest, len(packet))
            self.lines += packet.decode().splitlines()


class Influx:
    """POST /write needs the database that POST /query creates."""

    def __init__(self):
        self.lines, self.queries, self.made = [], [], False
        outer = self

        class Answers(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"] or 0)).decode()
                url = urllib.parse.urlsplit(self.path)
                outer.queries.append((url.path, dict(urllib.parse.parse_qsl(url.query))))
                if url.path == "/query":
                    outer.made = True
                    self.answer(200, b'{"results":[{}]}')
                elif not outer.made:
                    self.answer(404, b'{"error":"database not found: \\"of metrics\\""}')
                else:
                    outer.lines += body.splitlines()
                    self.answer(204, b"")

            def answer(self, status, body):
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers)
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


statsd, datadog, influx = Receiver(), Receiver(), Influx()
FLAGS = ("--metrics.prometheus", "--metrics.prometheus.buckets=0.05;0.5,2.5", "--rest", "--api",
         f"--metrics.statsd.address=127.0.0.1:{statsd.port}", "--metrics.statsd.pushInterval=300ms",
         f"--metrics.datadog.address=localhost:{datadog.port}", "--metrics.datadog.pushInterval=300ms",
         f"--metrics.influxdb.address=127.0.0.1:{influx.port}", "--metrics.influxdb.protocol=http",
         "--metrics.influxdb.pushInterval=300ms", "--metrics.influxdb.database=of metrics",
         "--metrics.influxdb.retentionPolicy=short")


def scrape(world):
    with Client(world.admin_port) as c:
        c.send(request(path=b"/metrics"))
        r = c.response()
    expect(r.status == 200 and r.one("Content-Type") == b"text/plain; version=0.0.4", r.head)
    return r.body.decode()


def value(text, series):
    found = re.search("^" + re.escape(series) + r" (\S+)$", text, re.M)
    return float(found[1]) if found else None


def eventually(check, what):
    end = time.monotonic() + WAIT
    while not check():
        expect(time.monotonic() < end, what() if callable(what) else what)
        time.sleep(0.02)


def total(text):
    return sum(float(n) for n in re.findall(r"^traefik_entrypoint_requests_total\{.*\} (\S+)$", text, re.M))


def scrape_when(world, is_so):
    """A request is counted when it has ended, a moment after its answer is here."""
    end = time.monotonic() + WAIT
    while not is_so(text := scrape(world)):
        expect(time.monotonic() < end, text)
    return text


@row
def scraped(world):
    """1.7's names and labels, exact counts over two workers, and promtool has nothing to say."""
    before = scrape_when(world, lambda text: total(text) >= 1)  # that which found the router up
    time.sleep(0.1)
    before = scrape(world)
    for _ in range(7):
        world.ask(request(path=b"/m"))
    world.ask(request(b"POST", b"/m", b"Content-Length: 1\r\n", b"x"))
    world.ask(b"GET / HTTP/1.1\r\nHost: unknown.test\r\n\r\n")
    world.ask(b"GET / HTTP/1.1\r\nHost: refusing.test\r\n\r\n")
    world.ask(request(path=b"/m", fields=b"Accept: text/event-stream\r\n"))
    world.forget()
    after = scrape_when(world, lambda text: total(text) == total(before) + 11)

    def more(series, count):
        grown = (value(after, series) or 0) - (value(before, series) or 0)
        expect(grown == count, series, grown, after)

    def counts():
        more('traefik_entrypoint_requests_total{code="200",entrypoint="http",method="GET",protocol="http"}', 7)
        more('traefik_entrypoint_requests_total{code="200",entrypoint="http",method="POST",protocol="http"}', 1)
        more('traefik_entrypoint_requests_total{code="200",entrypoint="http",method="GET",protocol="sse"}', 1)
        more('traefik_entrypoint_requests_total{code="404",entrypoint="http",method="GET",protocol="http"}', 1)
        more('traefik_entrypoint_requests_total{code="502",entrypoint="http",method="GET",protocol="http"}', 1)
        more('traefik_backend_requests_total{backend="main",code="200",method="GET",protocol="http"}', 7)
        more('traefik_backend_requests_total{backend="refusing",code="502",method="GET",protocol="http"}', 1)
        more('traefik_backend_request_duration_seconds_count{backend="main",code="200",method="GET",protocol="http"}', 7)
        for bound in ("0.05", "0.5", "2.5", "+Inf"):
            expect(f'backend="main",code="200",method="GET",protocol="http",le="{bound}"}}' in after, bound)
        expect(value(after, 'traefik_entrypoint_open_connections{entrypoint="http",method="GET",protocol="http"}') == 0, "open")
        expect(value(after, f'traefik_backend_server_up{{backend="main",url="http://127.0.0.1:{world["main"].port}"}}') == 1, "up")
        expect('entrypoint="traefik"' not in after, "internal routes are counted")
        expect(value(after, 'waybill_configuration_problems{severity="error"}') == 0, "problems")
        expect(value(after, "process_open_fds") > 5 and value(after, "process_resident_memory_bytes") > 1e6, "process_*")

    def promtool():
        expect(shutil.which("promtool"), "there is no promtool: install Debian's prometheus")
        r = subprocess.run(["promtool", "check", "metrics"], input=after, capture_output=True, text=True, timeout=30)
        expect(r.returncode == 0 and not r.stderr and not r.stdout, r.stdout, r.stderr)

    attempt("counts", counts)
    attempt("promtool", promtool)


@row
def explained(world):
    """docs/operating.md says of each name what it counts."""
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "docs", "operating.md"), encoding="utf-8") as file:
        page = file.read()
    names = re.findall(r"^# TYPE ((?:traefik|waybill)_\w+) ", scrape(world), re.M)
    missing = [name for name in names if f"`{name}`" not in page]
    expect(len(names) > 15 and not missing, "without a word in docs/operating.md:", missing)


@row
def gone(world):
    """Series of a backend that is gone are shown no more; each configuration counts as a reload."""
    def put(body):
        with Client(world.admin_port) as c:
            c.send(with_length(body, b"PUT", b"", b"/api/providers/rest"))
            expect(c.response().status == 200, "PUT")

    def check():
        reloads = value(scrape(world), "traefik_config_reloads_total")
        put(b'{"backends": {"short-lived": {"servers": {"s": {"url": "http://127.0.0.1:%d", "weight": 1}}}}, "frontends":'
            b' {"x": {"backend": "short-lived", "routes": {"r": {"rule": "Host:short.test"}}}}}' % world["main"].port)
        eventually(lambda: world.ask(b"GET / HTTP/1.1\r\nHost: short.test\r\n\r\n").status == 200, "it is not routed")
        series = 'traefik_backend_requests_total{backend="short-lived",code="200",method="GET",protocol="http"}'
        scrape_when(world, lambda text: value(text, series) == 1)
        put(b"{}")
        eventually(lambda: "short-lived" not in scrape(world), "it is still shown")
        expect(value(scrape(world), "traefik_config_reloads_total") == reloads + 2, "reloads")
        came = value(scrape(world), 'waybill_provider_last_configuration_timestamp_seconds{provider="web"}')
        expect(abs(came - time.time()) < WAIT + 5, "when the last configuration came", came)
        world.forget()

    attempt("gone", check)


@row
def pushed(world):
    """Each receiver gets what was added, in its form; InfluxDB's database is made when there is none."""
    for _ in range(5):
        world.ask(request(b"PATCH", b"/m"))
    world.forget()

    def sums(lines, pattern):
        return sum(float(m[1]) for line in list(lines) if (m := re.fullmatch(pattern, line)))

    def to_statsd():
        eventually(lambda: sums(statsd.lines, r"traefik\.backend\.request\.total:([\d.]+)\|c") >= 5, lambda: statsd.lines)
        expect(sums(statsd.lines, r"traefik\.entrypoint\.request\.total:([\d.]+)\|c") >= 5, statsd.lines)
        expect(any(re.fullmatch(r"traefik\.entrypoint\.request\.duration:0\.\d{6}\|ms(\|@0\.\d+)?", line) for line in statsd.lines), statsd.lines)
        expect(any(line.startswith("traefik.config.reload.lastSuccessTimestamp:1") for line in statsd.lines), statsd.lines)
        expect(statsd.largest <= 1400, statsd.largest)

    def to_datadog():
        pattern = r"traefik\.backend\.request\.total:([\d.]+)\|c\|#backend:main,method:PATCH,protocol:http,code:200"
        eventually(lambda: sums(datadog.lines, pattern) == 5, lambda: datadog.lines)
        pattern = r"traefik\.backend\.request\.duration:0\.\d{6}\|h(\|@0\.\d+)?\|#backend:main,method:PATCH,protocol:http,code:200"
        expect(any(re.fullmatch(pattern, line) for line in datadog.lines), datadog.lines)

    def to_influx():
        pattern = r"traefik\.backend\.requests\.total,backend=main,code=200,method=PATCH,protocol=http count=(\d+) \d{19}"
        eventually(lambda: sums(influx.lines, pattern) == 5, lambda: influx.lines)
        expect(any(re.fullmatch(r"traefik\.backend\.request\.duration,backend=main,code=200,method=PATCH,protocol=http "
                                r"p50=[\d.e-]+,p90=[\d.e-]+,p95=[\d.e-]+,p99=[\d.e-]+ \d{19}", line) for line in influx.lines), influx.lines)
        made = [q for path, q in influx.queries if path == "/query"]
        expect(made == [{"q": 'CREATE DATABASE "of metrics" WITH NAME "short"'}], made)
        expect({"db": "of metrics", "precision": "ns", "rp": "short"} in [q for path, q in influx.queries if path == "/write"], influx.queries)

    attempt("StatsD", to_statsd)
    attempt("Datadog", to_datadog)
    attempt("InfluxDB", to_influx)


def nobody_there():
    """Receivers that are not there cost nothing but one line in the log; the end does not wait for them."""
    world = World(ORIGINS, RULES, "--metrics.statsd.address=127.0.0.1:1", "--metrics.statsd.pushInterval=100ms",
                  "--metrics.influxdb.address=http://127.0.0.1:1", "--metrics.influxdb.protocol=http", "--metrics.influxdb.pushInterval=100ms")

    def check():
        for _ in range(8):  # something to push each time
            world.ask(request(path=b"/m"))
            time.sleep(0.1)
        world.probe(10)
        begin = time.monotonic()
        expect(world.process.poll() is None, "it has ended")
        log = world.log()
        expect(log.count("metrics.influxdb: nothing reaches") == 1, log)
        expect(log.count("metrics.statsd: nothing reaches") == 1, "UDP is refused by what comes later:", log)
        world.process.send_signal(signal.SIGTERM)
        world.process.wait(10)
        expect(time.monotonic() - begin < 5, "the end took", time.monotonic() - begin)

    attempt("nobody there", check)
    return world


def behind_a_login():
    """/metrics on an entrypoint of its own, behind its login, and nowhere else."""
    port = free_port()
    by_udp = Receiver()
    world = World(ORIGINS, RULES, "--metrics.prometheus.entryPoint=inner", f"--metrics.influxdb.address=127.0.0.1:{by_udp.port}",
                  "--metrics.influxdb.pushInterval=200ms",
                  f"--entryPoints=Name:inner Address:127.0.0.1:{port} Auth.Basic.Users:test:$apr1$H6uskkkW$IgXLP6ewTrSuBkTrqE8wj/")

    def check():
        with Client(port) as c:
            c.send(request(path=b"/metrics"))
            expect(c.response().status == 401, "without a login")
            c.send(request(path=b"/metrics", fields=b"Authorization: Basic dGVzdDp0ZXN0\r\n"))
            expect(b"traefik_config_reloads_total" in c.response().body, "with it")
            c.send(request(path=b"/metrics/", fields=b"Authorization: Basic dGVzdDp0ZXN0\r\n"))
            r = c.response()
            expect(r.status == 301 and r.one("Location") == b"/metrics", r.head)
        with Client(world.admin_port) as c:
            c.send(request(path=b"/metrics"))
            expect(c.response().status == 404, "on another entrypoint")

    def influx_by_udp():
        world.ask(request(path=b"/m"))
        eventually(lambda: any(re.fullmatch(r"traefik\.backend\.requests\.total,backend=main,code=200,method=GET,protocol=http count=\d+ \d{19}",
                                            line) for line in list(by_udp.lines)), lambda: by_udp.lines)

    attempt("behind a login", check)
    attempt("InfluxDB by UDP", influx_by_udp)
    return world


if __name__ == "__main__":
    w = World(ORIGINS, RULES, *FLAGS, workers=2)
    run(w)
    if len(sys.argv) > 1:
        finish(w)
    finish(w, nobody_there(), behind_a_login())
