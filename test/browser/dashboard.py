#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The dashboard in Chromium, as a person uses it, against the program and an engine by script. Pictures are in build/screenshots.

`dashboard.py --picture FILE` makes README's. It wants Debian's chromium, node, and playwright-core and axe-core (from the npm registry) in build/browser; ./dev test puts them there.
"""
import json
import math
import os
import random
import sys
import time
import urllib.parse

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, "conformance"))
from _browser import REPO, Browser  # noqa: E402
from _engine import ScriptedEngine, container  # noqa: E402
from _lib import *  # noqa: E402

RULE = "traefik.frontend.rule"
HOSTILE = "<script>alert(1)</script>"
RULES = """
[backends.legacy.servers.s]
url = "http://127.0.0.1:<legacy>"
[frontends.up]
backend = "legacy"
[frontends.up.routes.r]
rule = "Path:/up"
[frontends.legacy]
backend = "legacy"
[frontends.legacy.routes.r]
rule = "Host:old.example.com"
"""
HEALTH = {"traefik.backend.healthcheck.path": "/up", "traefik.backend.healthcheck.interval": "1s"}


def shop_page(conn, request):
    """Slow at times; what is asked for below /broken fails."""
    if request.target.startswith(b"/slow"):
        time.sleep(0.03)
    conn.send(reply(500 if request.target.startswith(b"/broken") else 200, [], b"x" * 500))


class Scene:
    """A router with containers, and the page of it."""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="dashboard.")
        self.engine = ScriptedEngine(os.path.join(self.folder.name, "engine.sock"))
        origins = {"legacy": None, "shop": shop_page, "shop2": shop_page, "api": shop_page, "blog": None}
        self.world = World(origins, RULES, "--api", "--api.statistics", "--docker", f"--docker.endpoint={self.engine.endpoint}",
                           "--docker.domain=example.com", "--docker.exposedByDefault=true", "--logLevel=INFO", workers=2)
        self.put("shop-1", {RULE: "Host:shop.example.com", "traefik.backend": "shop", **HEALTH}, "shop")
        self.put("shop-2", {RULE: "Host:shop.example.com", "traefik.backend": "shop", "traefik.weight": "3", **HEALTH}, "shop2")
        self.put("shop-api", {RULE: "Host:shop.example.com;PathPrefix:/api",
                              "traefik.frontend.whiteList.sourceRange": "127.0.0.0/8"}, "api")
        self.put("blog", {RULE: "Host:blog.example.com"}, "blog")
        self.put("wiki", {RULE: "Hosst:wiki.example.com"}, "blog")
        self.put("vault", {RULE: "Host:vault.example.com", "traefik.frontend.auth.basic.users": "admin:oops"}, "blog")
        self.put("database", {"traefik.enable": "false"}, "blog")
        self.url = f"http://127.0.0.1:{self.world.admin_port}/dashboard/"
        self.browser = Browser()

    def put(self, name, labels, origin):
        one = container(name, labels, address="127.0.0.1", port=self.world[origin].port)
        self.engine.put(one)
        self.engine.event(one, "start")
        return one

    def remove(self, one):
        self.engine.remove(one)
        self.engine.event(one, "die")
        self.engine.event(one, "destroy")

    def requests(self, host, paths, count):
        with self.world.connect() as c:
            for i in range(count):
                c.send(b"GET %s HTTP/1.1\r\nHost: %s\r\n\r\n" % (paths[i % len(paths)].encode(), host.encode()))
                c.response()

    def restart(self):
        """The same program on the same ports, after a while without one."""
        self.world.process.send_signal(signal.SIGTERM)
        expect(self.world.process.wait(10) == 0, "it did not end well")
        command = self.world.process.args
        yield
        with open(self.world.log_path, "a") as log:
            self.world.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        yield

    def close(self):
        self.browser.close()
        ended_well = self.world.stop()
        self.engine.close()
        self.folder.cleanup()
        expect(ended_well, "see the log above")


def opens(scene):
    """It opens, is live, and shows what there is."""
    b = scene.browser
    b.open(scene.url)
    b.wait_text("pulse", "live")
    b.wait_text("container-list", "shop-api")
    b.wait_text("front-list", "Host:shop.example.com")
    expect("waybill" in b.ask("document.title").lower(), b.ask("document.title"))
    expect("6" in b.text("container-count") or "7" in b.text("container-count"), b.text("container-count"))
    attention = b.text("trouble-list")
    expect("did you mean `Host`" in attention, "the rule with a slip:", attention)
    expect("Answers 503 until this is mended" in attention, "the closed one:", attention)
    expect("traefik.enable is false" in b.text("container-list"), b.text("container-list"))


def is_live(scene):
    """Requests show as rates, latencies, errors and pictures, of all and by backend."""
    b = scene.browser
    scene.requests("shop.example.com", ["/", "/slow", "/broken"], 60)
    scene.requests("nobody.example.com", ["/x"], 3)
    scene.requests("shp.example.com", ["/"], 2)
    b.wait("parseInt(document.getElementById('total').innerText) >= 60")
    b.wait("document.querySelector('#rate-spark .stroke').getAttribute('d').includes('L')")
    row = "[...document.querySelectorAll('#back-list .item')].find((one) => one.dataset.id === 'docker\\nbackend-shop')"
    b.wait(f"{row}.querySelector('.of-rate .stroke').getAttribute('d').includes('L')")
    b.wait(f"{row}.querySelector('.of-latency .stroke').getAttribute('d') !== ''")
    b.wait("document.getElementById('error-note').innerText.includes('20 × 5xx')")
    b.wait_text("error-list", "shop.example.com/broken")
    b.wait_text("error-list", "answered by the server")
    b.wait_text("unserved-list", "nobody.example.com")
    b.wait_text("ends-list", "no frontend matches")
    b.wait_text("trouble-list", "Many of its requests of the last two minutes were answered 5xx")


def explains(scene):
    """The box says who gets a request, and why nobody does; a recent error is a question, too."""
    b = scene.browser
    b.ask("document.activeElement.blur()")
    b.press("e")
    expect(b.ask("document.activeElement.id") == "explain-url", "the key e")
    b.write("#explain-url", "http://shop.example.com/api/cart?x=1")
    b.press("Enter")
    b.wait_text("explain-answer", f"It goes to http://127.0.0.1:{scene.world['api'].port}.")
    answer = b.text("explain-answer")
    expect("whiteList" in answer and "wins" in answer and "backend-shop-api" in answer, answer)
    b.write("#explain-url", "http://shop.exmple.com/")
    b.press("Enter")
    b.wait_text("explain-answer", "Nobody gets it: 404")
    expect("almost the same host" in b.text("explain-answer"), b.text("explain-answer"))
    b.write("#explain-url", "ftp://x/")
    b.press("Enter")
    b.wait_text("explain-answer", "neither http nor https")
    b.click("#error-list button >> nth=0")
    b.wait("document.getElementById('explain-answer').innerText.includes('example.com')")


def follows_containers(scene):
    """A container comes and goes, without a reload."""
    b = scene.browser
    one = scene.put("promo", {RULE: "Host:promo.example.com"}, "shop")
    b.wait_text("container-list", "promo")
    b.wait_text("front-list", "promo.example.com")
    b.wait_text("happened-list", "promo")
    b.shoot("dashboard-live")
    scene.remove(one)
    b.wait("!document.getElementById('container-list').innerText.includes('promo')")
    b.wait("!document.getElementById('front-list').innerText.includes('promo')")
    b.wait_text("happened-list", "gone")


def shows_health(scene):
    """A server that fails its check is marked, and the page says when."""
    b = scene.browser
    scene.world["shop2"].script = lambda conn, request: conn.send(reply(503, [], b"no"))
    b.wait_text("back-list", "1 of 2 down")
    b.wait_text("trouble-list", "1 of 2 servers of this backend fail their health check")
    expect(b.ask("document.title").startswith("("), "the title does not count:", b.ask("document.title"))
    b.wait_text("happened-list", "fails its health check")
    scene.world.default()
    b.wait_text("back-list", "2 servers")
    b.wait_text("happened-list", "passes its health check")


def labels_are_text(scene):
    """Security case A8: names, rules, labels, hosts and paths with markup are shown as they are."""
    b = scene.browser
    one = scene.put(HOSTILE, {RULE: f"Host:evil.example.com;PathPrefix:/<img src=x onerror=alert(2)>", "traefik.backend": "javascript:alert(4)",
                              "traefik.frotend.rule": "</td></tr><iframe src=javascript:alert(3)>"}, "blog")
    b.wait_text("container-list", HOSTILE)
    with scene.world.connect() as c:
        c.send(b"GET /%3Csvg/onload=alert(5)%3E?<b> HTTP/1.1\r\nHost: nobody.example.com\r\n\r\n")
        c.response()
    b.wait_text("unserved-list", "/%3Csvg")
    b.wait_text("trouble-list", "<iframe src=javascript:alert(3)>")
    b.ask("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    b.wait_text("front-list", "<img src=x onerror=alert(2)>")
    b.write("#explain-url", "http://evil.example.com/<img src=x onerror=alert(6)>")
    b.press("Enter")
    b.wait_text("explain-answer", "onerror=alert(2)")
    expect(b.ask("document.querySelectorAll('main script, main img, main iframe, main svg[onload], [onerror]').length") == 0, "markup was made")
    links = b.ask("[...document.links].map((link) => link.href)")
    expect(all(link.startswith(scene.url[:scene.url.index("/dashboard")]) for link in links), "links:", links)
    b.ask("document.querySelectorAll('details').forEach((one) => { one.open = false; })")
    scene.remove(one)
    b.wait(f"!document.getElementById('container-list').innerText.includes({json.dumps(HOSTILE)})")


def searches(scene):
    """/ searches everything, Escape ends it, states are buttons; all by keyboard."""
    b = scene.browser
    b.ask("document.activeElement.blur()")
    b.press("/")
    expect(b.ask("document.activeElement.id") == "search", "the key /")
    b.write("#search", "blog.example")
    b.wait("document.querySelectorAll('#front-list .item').length === 1")
    b.wait("document.querySelectorAll('#back-list .item').length === 1")
    b.wait("document.querySelectorAll('#container-list .item').length === 1")
    b.press("Escape")
    b.wait("document.querySelectorAll('#front-list .item').length > 4")
    b.ask("document.querySelector('#container-states button').focus()")
    b.press("Enter")
    b.wait("[...document.querySelectorAll('#container-list .code')].every((one) => /RULE|CLOSED|LABEL/.test(one.innerText))")
    expect(b.ask("document.activeElement.getAttribute('aria-pressed')") == "true", "the focus is lost")
    b.press("Enter")
    b.ask("document.querySelector('#back-list summary').focus()")
    b.press("Enter")
    b.wait("document.querySelector('#back-list details').open && document.querySelector('#back-list .more-of') !== null")
    time.sleep(1.2)
    expect(b.ask("document.querySelector('#back-list details').open"), "what is open closes by itself")
    nameless = b.ask("[...document.querySelectorAll('button, input, select, a')].filter((one) => !one.innerText && !one.ariaLabel && "
                     "!one.labels?.length && !one.hidden).map((one) => one.outerHTML)")
    expect(not nameless, "without a name:", nameless)


def fits(scene):
    """Phone width, both colours; the choice of colours stays."""
    b = scene.browser
    b.ask("scrollTo(0, 0)")
    b.shoot("dashboard", whole=False)
    b.shoot("dashboard-whole", whole=True)
    light = b.ask("getComputedStyle(document.body).backgroundColor")
    b.order("colours", dark=True)
    expect(b.ask("getComputedStyle(document.body).backgroundColor") != light, "dark is light")
    b.shoot("dashboard-dark")
    b.order("colours", dark=False)
    for width in (390, 320):
        b.order("size", width=width, height=800)
        wide = b.wait("document.documentElement.scrollWidth > 0 && document.documentElement.scrollWidth")
        expect(wide <= width, f"{wide} px on a screen of {width}")
        b.shoot(f"dashboard-{width}", whole=True)
    b.order("size", width=1380, height=900)
    b.click("#theme")
    b.click("#theme")
    b.order("reload")
    b.wait("document.documentElement.dataset.theme === 'dark'")
    b.wait_text("pulse", "live")
    b.click("#theme")


AUDIT = ("axe.run(document).then((all) => all.violations.map((one) => [one.id, one.help, one.nodes[0].html.slice(0, 200), "
         "(one.nodes[0].any[0] || one.nodes[0].all[0] || one.nodes[0].none[0]).message]))")


def is_accessible(scene):
    """axe-core finds nothing, in both colours and at phone width, with everything open: names, roles, contrast, order of headings."""
    b = scene.browser
    with open(os.path.join(REPO, "build", "browser", "node_modules", "axe-core", "axe.min.js")) as script:
        b.ask(script.read() + "; true")
    b.write("#explain-url", "http://shop.example.com/api/cart")
    b.press("Enter")
    b.wait_text("explain-answer", "It goes to")
    b.ask("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    for dark, width in ((False, 1380), (True, 390)):
        b.order("colours", dark=dark)
        b.order("size", width=width, height=800)
        found = b.ask(AUDIT)
        expect(not found, f"dark {dark}, {width} px:", json.dumps(found, indent=1))
    b.order("colours", dark=False)
    b.order("size", width=1380, height=900)
    b.ask("document.querySelectorAll('details').forEach((one) => { one.open = false; })")


def has_room_for_many(scene):
    """500 containers more: the page shows some, finds any, and stays small."""
    b = scene.browser
    many = [container(f"many-{i}", {RULE: f"Host:many-{i}.example.com"}, address="127.0.0.1", port=1, padding=0) for i in range(500)]
    scene.engine.put(*many)
    scene.engine.hang_up()
    b.wait("parseInt(document.getElementById('container-count').innerText) >= 500", 20000)
    b.wait("parseInt(document.getElementById('back-count').innerText) >= 500")
    expect(b.text("back-more").startswith("Show 200 more of 50"), b.text("back-more"))
    expect(b.ask("document.querySelectorAll('*').length") < 4000, "elements:", b.ask("document.querySelectorAll('*').length"))
    b.ask("document.getElementById('back-more').click()")
    b.wait("document.querySelectorAll('#back-list .item').length === 215")
    b.write("#explain-url", "http://many-7.example.com/")
    b.press("Enter")
    b.wait_text("explain-answer", "many-7")
    b.wait("document.querySelectorAll('#explain-answer .tried tbody tr').length === 1")
    expect("wins" in b.text("explain-answer"), b.text("explain-answer"))
    b.click("#explain-answer .more")
    b.wait("document.querySelectorAll('#explain-answer .tried tbody tr').length > 10")
    b.write("#search", "many-499.")
    b.wait("document.querySelectorAll('#front-list .item').length === 1")
    b.ask("document.querySelector('#flow-back button').click()")
    b.wait("document.activeElement.innerText.startsWith('many-499')")
    b.write("#search", "")
    b.wait("document.querySelectorAll('#front-list .item').length === 20")
    b.shoot("dashboard-many")
    for one in many:
        scene.engine.remove(one)
    scene.engine.hang_up()
    b.wait("parseInt(document.getElementById('container-count').innerText) < 20", 20000)


def welcomes(scene):
    """While nothing is routed it says what to do, for the providers that are there; empty parts are not."""
    b, rules = scene.browser, next(word for word in scene.world.process.args if word.startswith("--file.filename=")).split("=")[1]
    was = dict(scene.engine.rows)
    scene.engine.rows.clear()
    with open(rules) as file:
        text = file.read()
    with open(rules, "w") as file:
        file.write("# nothing\n")
    scene.engine.hang_up()
    b.wait("!document.getElementById('welcome').hidden")
    b.wait_text("welcome", "is connected and has no containers")
    expect(f"curl -H 'Host: hello.example' http://127.0.0.1:{scene.world.port}/" in b.text("welcome"), b.text("welcome"))
    expect(b.ask("['backends', 'flow-panel', 'frontends'].every((id) => document.getElementById(id).hidden)"), "empty parts are shown")
    b.wait("[...document.querySelectorAll('#parts a')].filter((one) => !one.hidden).map((one) => one.innerText).join() === 'Traffic,Explain,Containers'")
    b.shoot("dashboard-welcome")
    off = scene.put("off", {"traefik.enable": "false"}, "blog")
    b.wait_text("welcome", "It has 1 container, and none is routed: the list says why")
    scene.remove(off)
    scene.engine.rows.update(was)
    with open(rules, "w") as file:
        file.write(text)
    scene.engine.hang_up()
    b.wait("document.getElementById('welcome').hidden && !document.getElementById('backends').hidden")
    b.wait_text("front-list", "shop.example.com")


def survives(scene):
    """The router goes and comes: the page says so, and is right again by itself."""
    b = scene.browser
    steps = scene.restart()
    next(steps)
    b.wait("!document.getElementById('banner').hidden")
    expect(b.ask("document.body.classList.contains('lost')"), "the page looks as if nothing had happened")
    expect("not reachable" in b.text("banner") or "shutting down" in b.text("banner"), b.text("banner"))
    b.shoot("dashboard-lost")
    next(steps)
    scene.world.wait_up()
    b.wait_text("pulse", "live", 10000)
    b.wait("document.getElementById('banner').hidden")
    b.wait_text("happened-list", "was started anew")
    one = scene.put("after", {RULE: "Host:after.example.com"}, "shop")
    b.wait_text("container-list", "after")
    scene.remove(one)


def loses_the_engine(scene):
    """The engine goes away: another banner, routes stay."""
    b = scene.browser
    scene.engine.close()
    b.wait("!document.getElementById('engine-banner').hidden", 10000)
    expect("No connection to the Docker engine" in b.text("engine-banner"), b.text("engine-banner"))
    expect("shop.example.com" in b.text("front-list"), "routes are gone")
    expect(b.ask("document.getElementById('banner').hidden"), "the router is there")


def keeps_to_itself(scene):
    """No script error, nothing the policy forbids, and no request that leaves the page's own origin."""
    seen = scene.browser.seen()
    place = urllib.parse.urlsplit(scene.url).netloc
    foreign = [url for url in seen["requests"] if urllib.parse.urlsplit(url).netloc != place and not url.startswith("data:")]
    expect(len(seen["requests"]) > 20 and not foreign, "requests:", foreign)
    expect(not seen["errors"], "script errors:", seen["errors"])
    expect(not seen["policy"], "against the policy:", seen["policy"])
    # A connection that is refused while there is no router is not the page's mistake, nor is the 400 for what is no URL.
    said = [line for line in seen["console"] if "net::ERR_" not in line and "status of 400" not in line]
    expect(not said, "console:", said)


ROWS = [opens, is_live, explains, follows_containers, shows_health, labels_are_text, searches, fits, is_accessible, has_room_for_many,
        welcomes, survives, loses_the_engine, keeps_to_itself]


def take_picture(path):
    """The one in the README: a minute of traffic."""
    scene = Scene()
    ending = time.monotonic() + 75
    hosts = [("shop.example.com", ["/", "/slow", "/cart"], 0.02), ("shop.example.com", ["/api/items", "/api/slow"], 0.04),
             ("blog.example.com", ["/", "/feed"], 0.15), ("old.example.com", ["/"], 0.3), ("shop.example.com", ["/broken"], 3),
             ("shp.example.com", ["/cart"], 7), ("vault.example.com", ["/"], 11)]

    def ask(host, paths, pause):
        while time.monotonic() < ending:
            scene.requests(host, [random.choice(paths)], 1)
            time.sleep(random.expovariate(1 / pause) * (1.3 + math.sin(time.monotonic() / 9)))

    for each in hosts:
        threading.Thread(target=ask, args=each, daemon=True).start()
    scene.browser.open(scene.url, width=1380, height=1020)
    time.sleep(ending - time.monotonic() - 5)
    scene.browser.shoot("picture")
    os.replace(os.path.join(scene.browser.shots, "picture.png"), path)
    time.sleep(6)
    scene.close()


def main():
    if sys.argv[1:2] == ["--picture"]:
        return take_picture(sys.argv[2])
    scene = Scene()
    for function in ROWS:
        begin = time.monotonic()
        attempt(function.__name__, function, scene)
        print(f"{time.monotonic() - begin:5.1f} s  {function.__name__}: {function.__doc__.splitlines()[0]}", flush=True)
    attempt("the router ends well and the sanitizers are silent", scene.close)
    finish()


main()
