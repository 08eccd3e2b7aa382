#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""WebSockets of a real browser over TLS: Chromium has loaded the page by HTTP/2, and opens its sockets on the same connection (RFC
8441). The page says by its last request what came of it."""
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.parse

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "conformance"))
import v_websockets as over_http1  # noqa: E402
from _certificates import *  # noqa: E402
from _lib import *  # noqa: E402

SOCKETS = 20
PAGE = b"""<!doctype html><title>sockets</title><script>
const of = (path) => 'wss://' + location.host + path;
function opened(path, ...more) {
    const socket = new WebSocket(of(path), ...more);
    socket.binaryType = 'arraybuffer';
    return new Promise((go, fail) => { socket.onopen = () => go(socket); socket.onclose = (event) => fail(new Error(path + ' ' + event.code)); });
}
const next = (socket) => new Promise((go) => { socket.onmessage = (event) => go(event.data); });
const end = (socket) => new Promise((go) => { socket.onclose = (event) => go(event); });
async function echo(socket, payload) {
    const answer = next(socket);
    socket.send(payload);
    return await answer;
}
async function all() {
    const said = {};
    const first = await opened('/echo', ['chat.v1']);
    said.protocol = first.protocol;
    said.extensions = first.extensions;
    said.text = await echo(first, 'gr\\u00fc\\u00dfe');
    const large = crypto.getRandomValues(new Uint8Array(65536));
    const twenty = new Uint8Array(1310720).map((_, i) => large[i % 65536]);
    const back = new Uint8Array(await echo(first, twenty));
    said.large = back.length === twenty.length && back.every((byte, i) => byte === twenty[i]);
    const ending = end(first);
    first.close(4001, 'enough');
    const event = await ending;
    said.close = event.code + ' ' + event.reason + ' ' + event.wasClean;
    const by_server = await end(await opened('/close/4999'));
    said.by_server = by_server.code + ' ' + by_server.reason;
    const aborted = await end(await opened('/abort'));
    said.aborted = aborted.code;
    said.refused = await opened('/refuse/403').then(() => 'opened', () => 'refused');
    const many = await Promise.all([...Array(SOCKETS).keys()].map((i) => opened('/echo').then((socket) => echo(socket, 'n' + i))));
    said.many = many.every((text, i) => text === 'n' + i);
    return said;
}
all().catch((error) => ({ failed: String(error) })).then((said) => fetch('/said?' + new URLSearchParams(said)));
</script>""".replace(b"SOCKETS", b"%d" % SOCKETS)
RULES_OF_PAGE = f"""
[backends.page.servers.s]
url = "http://127.0.0.1:<page>"
[frontends.page]
backend = "page"
[frontends.page.routes.r]
rule = "Host:localhost"
[frontends.echo]
backend = "sockets"
[frontends.echo.routes.r]
rule = "Host:localhost;PathPrefix:/echo,/close,/abort,/refuse"
"""


def visit(world, url):
    """What the page has said."""
    said = []

    def serve(conn, r):
        if r.target.startswith(b"/said?"):
            said.append(dict(urllib.parse.parse_qsl(r.target.decode().partition("?")[2])))
        conn.send(reply(200, [b"Content-Type: text/html"], PAGE if r.target == b"/" else b""))

    world["page"].script = serve
    with tempfile.TemporaryDirectory(prefix="sockets-of-chromium.", ignore_cleanup_errors=True) as profile:
        command = [os.environ.get("CHROMIUM", "chromium"), "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
                   "--disable-background-networking", "--disable-component-update", "--disable-sync", "--ignore-certificate-errors",
                   f"--user-data-dir={profile}", "--remote-debugging-port=0", url]
        with open(os.path.join(profile, "log"), "w") as log:
            browser = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        end = time.monotonic() + 40
        while not said and time.monotonic() < end and browser.poll() is None:
            time.sleep(0.05)
        os.killpg(browser.pid, signal.SIGTERM)
        try:
            browser.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(browser.pid, signal.SIGKILL)
            browser.wait()
    expect(said, "the page has said nothing:", world.log()[-2000:])
    return said[0]


def all_by_http2(world):
    """A socket has its line when it is over, and most are over only when the browser is."""
    end = time.monotonic() + WAIT
    while True:
        lines = re.findall(r'"GET (/echo|/close/\d+|/abort|/refuse/\d+) (HTTP/\S+)" (\d+)', world.log())
        if len(lines) >= SOCKETS + 4 or time.monotonic() > end:
            break
        time.sleep(0.02)
    expect(len(lines) == SOCKETS + 4 and {version for _, version, _ in lines} == {"HTTP/2.0"}, lines)


def main():
    make_ca("ca")
    make_certificate("server", "ca", "DNS:localhost")
    port = free_port()
    world = World({**ORIGINS, "page": None}, RULES + over_http1.EXTRA + RULES_OF_PAGE, "--accesslog", "--defaultEntryPoints=http,https",
                  f"--entryPoints=Name:https Address:127.0.0.1:{port} TLS:{path_of('server.pem')},{path_of('server.key')}")
    said = {}
    attempt("the page", lambda: said.update(visit(world, f"https://localhost:{port}/")))
    for name, wanted in (("protocol", "chat.v1"), ("text", "gr\u00fc\u00dfe"), ("large", "true"), ("close", "4001 enough true"),
                         ("by_server", "4999 as you asked"), ("aborted", "1006"), ("refused", "refused"), ("many", "true")):
        attempt(name, lambda: expect(said.get(name) == wanted, said))
    attempt("compressed", lambda: expect(said.get("extensions", "").startswith("permessage-deflate"), said))
    attempt("all by HTTP/2", lambda: all_by_http2(world))
    finish(world)


main()
