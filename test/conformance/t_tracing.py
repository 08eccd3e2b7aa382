#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Tracing of the running program: what servers are told of a trace, and what reaches a Zipkin or an OTLP collector."""
import http.server
import json

from _lib import *

TRACE, SPAN, PARENT = b"4bf92f3577b34da6a3ce929d0e0e4736", b"00f067aa0ba902b7", b"b7ad6b7169203331"


class Collector:
    """Takes documents, or answers `status`; while `held`, it does not answer."""

    def __init__(self):
        self.documents, self.status, self.held, self.asked = [], 202, threading.Event(), 0
        self.held.set()
        outer = self

        class Answers(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.asked += 1
                outer.held.wait(30)
                if outer.status < 300 and self.headers["Content-Type"] == "application/json":
                    outer.documents.append((self.path, json.loads(body)))
                self.send_response(outer.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers)
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def zipkin(self):
        return [span for path, document in list(self.documents) for span in document]

    def otlp(self):
        return [{**span, "attributes": {a["key"]: a["value"] for a in span["attributes"]}, "service": group["resource"]}
                for path, document in list(self.documents) for group in document["resourceSpans"]
                for scope in group["scopeSpans"] for span in scope["spans"]]


zipkin, otlp, away = Collector(), Collector(), Collector()


def eventually(check, what):
    end = time.monotonic() + WAIT
    while not (found := check()):
        expect(time.monotonic() < end, what() if callable(what) else what)
        time.sleep(0.02)
    return found


def ask(world, path, fields=b"", host=b"a.test", method=b"GET"):
    """The answer, and what the server was told (None: nobody was asked)."""
    world.forget()
    r = world.ask(method + b" " + path + b" HTTP/1.1\r\nHost: " + host + b"\r\n" + fields + b"\r\n")
    seen = [s for s in world.seen() if s.target == path or path in s.target]
    world.forget()
    return r, seen[-1] if seen else None


def spans_of(collector, path):
    """By kind."""
    spans = {span["kind"]: span for span in collector.zipkin() if span["tags"].get("http.url", "").endswith(path)}
    return spans if len(spans) > 1 else None


@row
def zipkin_spans(world):
    """Two spans of a request, with 1.7's names and tags, and what the server is told is the second."""
    _, seen = ask(world, b"/plain?a=%22&b=\"")

    def told():
        expect(re.fullmatch(rb"[0-9a-f]{32}", seen.one("X-B3-TraceId")), seen.head)
        expect(seen.one("X-B3-Sampled") == b"1" and len(seen.one("X-B3-SpanId")) == 16, seen.head)
        expect(seen.one("traceparent") is None and seen.one("b3") is None, "no spelling that nobody asked for", seen.head)

    def sent():
        spans = eventually(lambda: spans_of(zipkin, "/plain?a=%22&b=\""), lambda: zipkin.documents)
        server, client = spans["SERVER"], spans["CLIENT"]
        expect(zipkin.documents[0][0] == "/api/v2/spans", zipkin.documents[0][0])
        expect(server["traceId"] == client["traceId"] == seen.one("X-B3-TraceId").decode(), spans)
        expect(client["id"] == seen.one("X-B3-SpanId").decode() and client["parentId"] == server["id"], spans)
        expect(seen.one("X-B3-ParentSpanId").decode() == server["id"] and "parentId" not in server, spans)
        expect(server["name"] == "Entrypoint http a.test" and client["name"] == "forward a/main", spans)
        expect(server["localEndpoint"] == {"serviceName": "edge"}, server)
        expect(server["tags"] == {"component": "edge", "http.method": "GET", "http.url": "/plain?a=%22&b=\"",
                                  "http.host": "a.test", "http.status_code": "200"}, server)
        expect(client["tags"]["http.url"] == f'http://127.0.0.1:{world["main"].port}/plain?a=%22&b="', client)
        expect(client["tags"]["frontend.name"] == "a" and client["tags"]["backend.name"] == "main", client)
        expect(abs(server["timestamp"] / 1e6 - time.time()) < 60 and 0 < client["duration"] <= server["duration"] < 60e6, spans)

    attempt("told", told)
    attempt("sent", sent)


@row
def continued(world):
    """A trace that comes is gone on with, in the spelling it came in and in Zipkin's own."""
    multi = b"X-B3-TraceId: " + TRACE + b"\r\nX-B3-SpanId: " + SPAN + b"\r\nX-B3-ParentSpanId: " + PARENT + b"\r\nx-b3-sampled: 1\r\n"

    w3c = b"00-" + TRACE + b"-" + SPAN + b"-01"
    told = {path: ask(world, path, fields)[1] for path, fields in {
        b"/multi": multi,
        b"/w3c": b"Traceparent: " + w3c + b"\r\ntracestate: a=1,b=2\r\n",
        b"/single": b"b3: " + TRACE[:16] + b"-" + SPAN + b"-d\r\ntracestate: a=1\r\n",
        b"/unsampled": multi.replace(b"sampled: 1", b"sampled: 0"),
        b"/bad": b"traceparent: " + w3c.upper() + b"\r\ntracestate: a=1\r\n",
        b"/after": b""}.items()}

    def from_multi():
        seen = told[b"/multi"]
        spans = eventually(lambda: spans_of(zipkin, "/multi"), "no spans")
        expect(seen.one("X-B3-TraceId") == TRACE and len(seen.all("X-B3-TraceId")) == 1, seen.head)
        expect(spans["SERVER"]["parentId"] == SPAN.decode() and spans["SERVER"]["traceId"] == TRACE.decode(), spans)
        expect(seen.one("X-B3-SpanId").decode() == spans["CLIENT"]["id"] not in (SPAN.decode(), spans["SERVER"]["id"]), seen.head)

    def from_w3c():
        seen = told[b"/w3c"]
        spans = eventually(lambda: spans_of(zipkin, "/w3c"), "no spans")
        expect(seen.one("traceparent") == b"00-" + TRACE + b"-" + spans["CLIENT"]["id"].encode() + b"-01", seen.head)
        expect(seen.one("tracestate") == b"a=1,b=2" and seen.one("X-B3-TraceId") == TRACE, seen.head)
        expect(spans["SERVER"]["parentId"] == SPAN.decode(), spans)

    def from_single():
        seen = told[b"/single"]
        spans = eventually(lambda: spans_of(zipkin, "/single"), "no spans")
        expect(seen.one("b3") == b"-".join([TRACE[:16], spans["CLIENT"]["id"].encode(), b"d", spans["SERVER"]["id"].encode()]), seen.head)
        expect(seen.one("X-B3-Flags") == b"1" and seen.one("X-B3-Sampled") is None, seen.head)
        expect(seen.one("tracestate") is None, "it belongs to a trace of another spelling", seen.head)
        expect(spans["CLIENT"]["debug"] is True and spans["CLIENT"]["traceId"] == TRACE[:16].decode(), spans)

    def unsampled():
        seen = told[b"/unsampled"]
        expect(seen.one("X-B3-Sampled") == b"0" and seen.one("X-B3-TraceId") == TRACE, seen.head)
        eventually(lambda: spans_of(zipkin, "/after"), "no spans")
        expect(not spans_of(zipkin, "/unsampled"), "it was recorded")

    def malformed():
        seen = told[b"/bad"]
        expect(seen.one("traceparent") and TRACE not in seen.one("traceparent") and seen.one("tracestate") is None, seen.head)

    for function in (from_multi, from_w3c, from_single, unsampled, malformed):
        attempt(function.__name__, function)


@row
def errors(world):
    """What nobody served, what could not be asked, and who is asked before a server."""
    ask(world, b"/refused", host=b"refusing.test")
    ask(world, b"/nobody", host=b"unknown.test")
    world.forget()
    guarded_answer = world.ask(request(path=b"/admin/x", fields=b"X-Token: good\r\n"))
    auth, server = list(world["auth"].requests)[-1], list(world["admin"].requests)[-1]
    world.forget()

    def refused():
        spans = eventually(lambda: spans_of(zipkin, "/refused"), "no spans")
        for span in spans.values():
            expect(span["tags"]["http.status_code"] == "502" and span["tags"]["error"] == "true", span)
            expect(span["tags"]["waybill.reason"] == "SERVER_REFUSED", span)

    def unserved():
        mine = eventually(lambda: [s for s in zipkin.zipkin() if s["tags"].get("http.url") == "/nobody"], "no span")
        expect(len(mine) == 1 and mine[0]["tags"]["http.status_code"] == "404" and mine[0]["tags"]["error"] == "true", mine)

    def guarded():
        expect(guarded_answer.status == 200, guarded_answer.head)
        spans = eventually(lambda: spans_of(zipkin, "/admin/x"), "no spans")
        expect(auth.one("X-B3-SpanId").decode() == spans["SERVER"]["id"], auth.head)
        expect(server.one("X-B3-SpanId").decode() == spans["CLIENT"]["id"], server.head)

    attempt("refused", refused)
    attempt("unserved", unserved)
    attempt("guarded", guarded)
    attempt("internal", lambda: expect(not [s for s in zipkin.zipkin() if "traefik" in s["name"]], "internal routes are traced"))


def with_otlp():
    """OTLP: numbers as 64-bit texts, the state of a span, long names cut, and a part of the traces only."""
    world = World(ORIGINS, RULES, f"--tracing.otlp.endpoint=http://127.0.0.1:{otlp.port}", "--tracing.spanNameLimit=24")

    def spans(path):
        return {s["kind"]: s for s in otlp.otlp() if s["attributes"]["http.url"]["stringValue"].endswith(path)}

    def check():
        _, seen = ask(world, b"/o", host=b"refusing.test")
        expect(seen is None, "it was asked")
        _, seen = ask(world, b"/p")
        found = eventually(lambda: len(spans("/p")) == 2 and spans("/p"), lambda: otlp.documents)
        server, client = found[2], found[3]
        expect(otlp.documents[0][0] == "/v1/traces", otlp.documents[0][0])
        expect(seen.one("traceparent").decode() == f'00-{server["traceId"]}-{client["spanId"]}-01', seen.head)
        expect(seen.one("X-B3-TraceId") is None, seen.head)
        expect(client["parentSpanId"] == server["spanId"] and "parentSpanId" not in server, found)
        expect(server["service"] == {"attributes": [{"key": "service.name", "value": {"stringValue": "traefik"}}]}, server)
        expect(client["attributes"]["http.status_code"] == {"intValue": "200"} and client["status"] == {}, client)
        expect(int(server["startTimeUnixNano"]) <= int(client["startTimeUnixNano"]) <= int(client["endTimeUnixNano"]), found)
        failed = spans("/o")[3]
        expect(failed["status"] == {"code": 2} and failed["attributes"]["error"] == {"boolValue": True}, failed)
        expect(re.fullmatch(r"forward ref\.\.\./ref\.\.\./[0-9a-f]{8}", failed["name"]), failed)

    attempt("otlp", check)
    return world


def with_sampling():
    """A part of what begins here, all of what comes sampled; B3's one span for two; 64 bits."""
    world = World(ORIGINS, RULES, f"--tracing.zipkin.httpEndpoint=http://127.0.0.1:{otlp.port}/own", "--tracing.sampleRate=0.25",
                  "--tracing.zipkin.sameSpan", "--tracing.zipkin.id128Bit=false")

    def check():
        otlp.documents.clear()

        def count():
            return sum("/s" in span["tags"]["http.url"] for span in otlp.zipkin())

        told = [ask(world, b"/s")[1] for _ in range(200)]
        sampled = [t for t in told if t.one("X-B3-Sampled") == b"1"]
        expect(20 <= len(sampled) <= 90 and all(len(t.one("X-B3-TraceId")) == 16 for t in told), len(sampled))
        ask(world, b"/shared", b"b3: " + TRACE + b"-" + SPAN + b"-1-" + PARENT + b"\r\n")
        eventually(lambda: count() == 2 * len(sampled) + 2, lambda: (count(), len(sampled)))
        expect({path for path, _ in otlp.documents} == {"/own"}, otlp.documents[0][0])
        shared = spans_of(otlp, "/shared")
        expect(shared["SERVER"]["id"] == SPAN.decode() and shared["SERVER"]["parentId"] == PARENT.decode(), shared)
        expect(shared["SERVER"]["shared"] is True and shared["CLIENT"]["parentId"] == SPAN.decode(), shared)
        expect("shared" not in shared["CLIENT"], shared)

    attempt("sampling", check)
    return world


def nobody_there():
    """A collector that is away, slow or back again: no request waits, one line in the log, and what is lost is counted."""
    world = World(ORIGINS, RULES, f"--tracing.otlp.endpoint=http://127.0.0.1:{away.port}", "--metrics.prometheus")

    def counts():
        with Client(world.admin_port) as c:
            c.send(request(path=b"/metrics"))
            text = c.response().body.decode()
        return {w: int(re.search(rf"^waybill_traced_requests_{w}_total (\d+)$", text, re.M)[1]) for w in ("sent", "lost")}

    def check():
        eventually(lambda: counts()["sent"] >= 1, "the first is not sent")
        away.status, before = 400, counts()["sent"]
        world.probe(20)
        eventually(lambda: counts()["lost"] == 20, counts)
        away.status = 503
        world.probe(5)
        asked = away.asked
        eventually(lambda: away.asked > asked, "it is not tried")
        away.status = 200
        eventually(lambda: counts() == {"sent": before + 5, "lost": 20}, counts)  # tried again
        log = world.log()
        expect(log.count("no spans reach") == 1 and log.count("takes spans again; those of 20 requests were lost") == 1, log)

    def end():
        away.held.clear()
        world.probe(3)
        begin = time.monotonic()
        world.process.send_signal(signal.SIGTERM)
        world.process.wait(10)
        expect(time.monotonic() - begin < 5, "the end took", time.monotonic() - begin)
        away.held.set()

    attempt("away", check)
    attempt("the end does not wait", end)
    return world


def refused_settings():
    """Backends that are not spoken are refused by name, with what to do instead."""
    for flag, words in (("--tracing.jaeger.samplingParam=1", "Jaeger takes OTLP"), ("--tracing.backend=jaeger", "it takes OTLP"),
                        ("--tracing.backend=datadog", "it takes OTLP"), ("--tracing", "write zipkin or otlp"),
                        ("--tracing.zipkin.httpEndpoint=localhost:9411", "is no URL")):
        def check():
            r = subprocess.run([os.environ.get("WAYBILL", "build/asan/waybill"), flag], capture_output=True, text=True, timeout=20)
            expect(r.returncode == 1 and words in r.stderr, r.stdout, r.stderr)
        attempt(flag, check)


if __name__ == "__main__":
    w = World(ORIGINS, RULES, "--tracing.backend=zipkin", "--tracing.serviceName=edge",
              f"--tracing.zipkin.httpEndpoint=http://127.0.0.1:{zipkin.port}/api/v1/spans", workers=2)
    run(w)
    if len(sys.argv) > 1:
        finish(w)
    refused_settings()
    finish(w, with_otlp(), with_sampling(), nobody_there())
