#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Security cases S12 and S13: versions, Host, and the absolute form."""
from _lib import *

@row
def s12_versions_and_hosts(world):
    """Versions 1.0 and 1.1 only; one well-formed Host."""
    refused_all(world, [b"GET /s\r\n\r\n", b"GET /s\r\nHost: a.test\r\n\r\n", b"GET\r\n\r\n", b"GET /s HTTP/1.32\r\nHost: a.test\r\n\r\n",
                        b"GET /s HTTP/1.2\r\nHost: a.test\r\n\r\n", b"GET /s HTTP/2.0\r\nHost: a.test\r\n\r\n", b"GET /s HTTP/0.9\r\nHost: a.test\r\n\r\n",
                        b"GET /s HTTP/1\r\nHost: a.test\r\n\r\n", b"GET /s HTTP/1.\r\nHost: a.test\r\n\r\n", b"GET /s HTTP/11\r\nHost: a.test\r\n\r\n",
                        b"GET /s HTTP/01.1\r\nHost: a.test\r\n\r\n", b"GET /s http/1.1\r\nHost: a.test\r\n\r\n", b"GET /s HTTPS/1.1\r\nHost: a.test\r\n\r\n",
                        b"GET /s ICE/1.0\r\nHost: a.test\r\n\r\n", b"GET /s RTSP/1.0\r\nHost: a.test\r\n\r\n", b"GET /s HTTP/1.1x\r\nHost: a.test\r\n\r\n"],
                (400, 505))
    refused_all(world, [b"POST /s HTTP/1.0\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                        b"POST /s HTTP/1.0\r\nTransfer-Encoding: chunked\r\nConnection: keep-alive\r\n\r\n0\r\n\r\n"], (400, 501))
    refused_all(world, [b"GET /s HTTP/1.1\r\n" + host + b"\r\n\r\n" for host in (
        b"X: y", b"Host: a.test\r\nHost: a.test", b"Host: a.test\r\nhost: b.test", b"Host:", b"Host: ", b"Host: a,b", b"Host: a.test, b.test", b"Host: a.test b.test",
        b"Host: u@a.test", b"Host: u:p@a.test", b"Host: a.test/x", b"Host: a.test?x", b"Host: a.test#x", b"Host: a.test\\x", b"Host: a.test:80:80",
        b"Host: a.test:x", b"Host: a.test:65536", b"Host: a.test:-1", b"Host: a.test:+80", b"Host: a.test:80 ,", b"Host: [::1", b"Host: [::1]x", b"Host: [x]", b"Host: []",
        b"Host: ::1", b"Host: http://a.test", b"Host: a.test%00", b"Host: a%2etest", b"Host: \xc3\xa4.test", b"Host: <a.test>",
        b"Host: a.test\"", b"Host: .", b"Host: a.test..", b"Host: :80", b"Host: " + b"a" * 256)])

    def old_without_host():
        r = world.ask(b"GET /s HTTP/1.0\r\n\r\n")
        expect(r.status == 404, "only rules without a host match:", r.head)
        r = world.ask(b"GET /s HTTP/1.0\r\nHost: a.test\r\nX-Tag: old\r\n\r\n")
        expect(r.status == 200 and r.one("X-Tag") == b"old", r.head)

    attempt("HTTP/1.0 without Host is legal", old_without_host)
    refused_all(world, [b"GET /s HTTP/1.0\r\nHost: a.test\r\nHost: a.test\r\n\r\n", b"GET /s HTTP/1.0\r\nHost: u@a.test\r\n\r\n"])


@row
def s13_absolute_form(world):
    """The authority of the target is the one that is routed and sent on."""

    def absolute(target, host, origin, sent_host, path):
        world.forget()
        r = world.ask(b"GET " + target + b" HTTP/1.1\r\nHost: " + host + b"\r\nX-Tag: abs\r\n\r\n", split=1)
        expect(r.status == 200, r.head)
        requests = world.seen()
        expect(len(requests) == 1 and requests[0].conn.origin.name == origin, [q.conn.origin.name for q in requests])
        expect(requests[0].all("Host") == [sent_host] and requests[0].target == path, requests[0].head)
        expect(requests[0].one("X-Forwarded-Host") == sent_host, requests[0].head)

    attempt("target wins over Host", absolute, b"http://b.test/x", b"a.test", "other", b"b.test", b"/x")
    attempt("target wins over Host, the other way", absolute, b"http://a.test/x?y=http://b.test/", b"b.test", "main", b"a.test", b"/x?y=http://b.test/")
    attempt("capitals and port", absolute, b"HTTP://B.TEST:8080/x", b"a.test", "other", b"B.TEST:8080", b"/x")
    attempt("no path", absolute, b"http://b.test", b"b.test", "other", b"b.test", b"/")
    attempt("https", absolute, b"https://b.test/x", b"a.test", "other", b"b.test", b"/x")

    def unknown(target, statuses):
        world.forget()
        with world.connect() as c:
            c.send(b"GET " + target + b" HTTP/1.1\r\nHost: a.test\r\n\r\n")
            expect(c.response().status in statuses, target)
        nothing_reached(world)

    attempt("unknown host in the target", unknown, b"http://c.test/s", (404, 400))
    attempt("protected path in the target", unknown_protected, world)
    refused_all(world, [b"GET " + target + b" HTTP/1.1\r\nHost: a.test\r\n\r\n" for target in (
        b"http://", b"http:///s", b"http://u@a.test/s", b"http://a.test@b.test/s", b"http://a.test,b.test/", b"http:/a.test/s", b"http:a.test", b"ftp://a.test/s",
        b"a.test/s", b"a.test:80", b"*", b"?x", b"http://a.test:x/", b"http://[::1/", b"http://a.test?x", b"http://a.test#x", b"http://a.test\\@b.test/", b"\\s", b"s")])


def unknown_protected(world):
    world.forget()
    r = world.ask(b"GET http://a.test/admin/x HTTP/1.1\r\nHost: b.test\r\n\r\n")
    expect(r.status == 401 and not world["admin"].requests, r.head)


@row
def other_protocols(world):
    """Who begins in a protocol that is not HTTP at all is sent nothing; who tries to speak HTTP is told what is wrong."""

    def turned_away(line):
        with world.connect() as c:
            c.send(line)
            expect(c.reader.to_end() == b"", line)
        world.probe(1)

    def told(line, before=b"", split=None):
        with world.connect() as c:
            if before:
                c.send(before)
                expect(c.response().status == 200, "the first request")
            c.send(line, split)
            r = c.response()
            expect(r.status in (400, 501), line, r.head)
            expect(c.closed(), "it goes on")

    broken = b"INVALID CONNECTION PREFACE\r\n\r\n"
    for line in (broken, broken + b"S" * 3000, b"USER anonymous now\n"):
        attempt(f"{line[:30]}", turned_away, line)
    attempt("behind a request", told, broken, before=b"GET /m HTTP/1.1\r\nHost: a.test\r\n\r\n")
    attempt("half a line", told, broken[:20])
    for line in (b"INVALID /x PREFACE\r\n\r\n", b"INVALID CONNECTION HTTP/1.1\r\n\r\n", b"INVALID http://a.test/ PREFACE\r\n\r\n", b"EHLO a.test\r\n", b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n"):
        attempt(f"{line}", told, line)


if __name__ == "__main__":
    w = World(ORIGINS, RULES)
    run(w)
    finish(w)
