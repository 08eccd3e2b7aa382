# SPDX-License-Identifier: MIT
"""examples/forward-auth, as its README describes it: what a client, the services and the API see."""
import json
import math
import re
import urllib.parse

import pytest
from client import ask, until
from containers import Container

HOST = "k8s-traefik.info"
GOOD = {"Authorization": "Bearer let-me-in"}
BAD = {"Authorization": "Bearer guess"}
STRONG = {"test": 760, "grade": 3.9, "rank": 1}
WEAK = {"test": 420, "grade": 2.6, "rank": 4}


@pytest.fixture(scope="module")
def site(example):
    """The project, once both services answer through the router."""
    for prefix in ("/pybackend", "/rbackend"):
        until(lambda: example.ask(prefix + "/", HOST, headers=GOOD).status == 200, f"{prefix} answers", 60)
    return example


def post(site, path, applicant, headers):
    return site.ask(path, HOST, method="POST", body=json.dumps(applicant), headers={"Content-Type": "application/json", **headers})


def ask_auth_itself(site, headers):
    """What the auth service says when it is asked without the router."""
    auth = site.container("auth")
    return ask((auth.ip(), 9000), "/verify", headers={"X-Forwarded-Uri": "/foobar", **headers})


@pytest.mark.parametrize("service", ["pybackend", "rbackend"])
@pytest.mark.parametrize("headers, status", [({}, 403), (BAD, 401)], ids=["no_token", "bad_token"])
def test_a_refusal_is_the_auth_servers_own(site, service, headers, status):
    own = ask_auth_itself(site, headers)
    answer = site.ask(f"/{service}/foobar", HOST, headers=headers)
    assert answer.status == own.status == status
    assert answer.body == own.body
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["WWW-Authenticate"] == own.headers["WWW-Authenticate"]


@pytest.mark.parametrize("service", ["pybackend", "rbackend"])
def test_a_refused_post_does_not_compute(site, service):
    assert post(site, f"/{service}/admission", STRONG, {}).status == 403
    assert post(site, f"/{service}/admission", STRONG, BAD).status == 401


@pytest.mark.parametrize("service", ["pybackend", "rbackend"])
def test_the_prefix_is_stripped(site, service):
    answer = site.ask(f"/{service}/foobar?a=1&b=2", HOST, headers=GOOD)
    assert answer.status == 200
    seen = answer.json()
    assert (seen["service"], seen["method"], seen["path"], seen["query"]) == (service, "GET", "/foobar", "a=1&b=2")
    assert site.ask(f"/{service}", HOST, headers=GOOD).json()["path"] == "/"


def test_pybackend_computes_an_admission(site):
    answer = post(site, "/pybackend/admission", STRONG, GOOD)
    odds = 0.004 * (760 - 580) + 1.1 * (3.9 - 3.3) - 0.6 * (1 - 2.5)
    assert answer.status == 200
    assert answer.json()["chance"] == pytest.approx(1 / (1 + math.exp(-odds)), abs=1e-6)
    assert answer.json()["admitted"] is True
    assert post(site, "/pybackend/admission", WEAK, GOOD).json()["admitted"] is False
    assert post(site, "/pybackend/admission", {"test": "?"}, GOOD).status == 422


def test_rbackend_computes_an_admission(site):
    strong, weak = (post(site, "/rbackend/admission", applicant, GOOD) for applicant in (STRONG, WEAK))
    assert strong.status == weak.status == 200
    assert 0 < weak.json()["chance"] < 0.5 < strong.json()["chance"] < 1
    assert (strong.json()["admitted"], weak.json()["admitted"]) == (True, False)
    itself = ask((site.container("rbackend").ip(), 8000), "/admission", method="POST", body=json.dumps(STRONG))
    assert strong.body == itself.body
    assert post(site, "/rbackend/admission", {"test": "?"}, GOOD).status == 422


@pytest.mark.parametrize("service", ["pybackend", "rbackend"])
def test_the_auth_answers_headers_reach_the_service(site, service):
    """Also when a client says that it is somebody else; and no header but those that the label names."""
    lie = {"X-Auth-User": "root", "x-auth-role": "owner"}
    seen = site.ask(f"/{service}/", HOST, headers={**GOOD, **lie}).json()["headers"]
    assert seen["x-auth-user"] == "ada"
    assert seen["x-auth-role"] == "registrar"
    assert "x-auth-secret" not in seen
    other = site.ask(f"/{service}/", HOST, headers={"Authorization": "Bearer read-only"}).json()["headers"]
    assert (other["x-auth-user"], other["x-auth-role"]) == ("grace", "reader")


@pytest.mark.parametrize("service", ["pybackend", "rbackend"])
def test_the_service_sees_whom_the_router_forwards_for(site, service):
    seen = site.ask(f"/{service}/x", HOST, headers=GOOD).json()["headers"]
    router = site.container("router")
    gateway = next(iter(router.inspect()["NetworkSettings"]["Networks"].values()))["Gateway"]
    assert seen["host"] == HOST
    assert seen["x-forwarded-for"] == seen["x-real-ip"] == gateway  # a published port: clients of this machine come from there
    assert seen["x-forwarded-host"] == HOST
    assert seen["x-forwarded-port"] == "80"
    assert seen["x-forwarded-proto"] == "http"
    assert seen["x-forwarded-server"] == router.hostname
    assert seen["x-forwarded-prefix"] == f"/{service}"


def test_the_port_in_the_host_header_is_the_forwarded_port(site):
    seen = site.ask("/pybackend/x", HOST + ":8123", headers=GOOD).json()["headers"]
    assert (seen["x-forwarded-host"], seen["x-forwarded-port"]) == (HOST + ":8123", "8123")


def test_a_client_cannot_say_whom_it_forwards_for(site):
    lie = {"X-Forwarded-For": "1.2.3.4", "X-Real-Ip": "1.2.3.4", "X-Forwarded-Host": "elsewhere", "X-Forwarded-Proto": "https",
           "X-Forwarded-Prefix": "/elsewhere", "X_Forwarded_For": "1.2.3.4", "Forwarded": "for=1.2.3.4"}
    seen = site.ask("/pybackend/x", HOST, headers={**GOOD, **lie}).json()["headers"]
    honest = site.ask("/pybackend/x", HOST, headers=GOOD).json()["headers"]
    assert seen == honest


@pytest.mark.parametrize("host, path", [("unknown.example", "/pybackend/foobar"), (HOST, "/elsewhere")])
def test_what_no_rule_matches_is_not_found(site, host, path):
    answer = site.ask(path, host, headers=GOOD)
    assert (answer.status, answer.body) == (404, b"404 page not found\n")
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_the_host_matches_in_any_case_and_with_a_port(site):
    assert site.ask("/pybackend/", "K8S-Traefik.INFO:80", headers=GOOD).status == 200


def test_the_api_shows_the_providers_configuration(site):
    everything = site.ask_api("/api")
    assert everything.status == 200
    assert everything.headers["Content-Type"] == "application/json; charset=UTF-8"
    assert everything.body == site.ask_api("/api/providers").body
    assert list(everything.json()) == ["docker"]

    docker = site.ask_api("/api/providers/docker").json()
    assert docker == everything.json()["docker"]
    assert set(docker["backends"]) == {"backend-pybackend", "backend-rbackend"}
    assert {frontend["backend"] for frontend in docker["frontends"].values()} == set(docker["backends"])
    for frontend in docker["frontends"].values():
        service = frontend["backend"].removeprefix("backend-")
        assert frontend["entryPoints"] == ["http"]
        assert frontend["passHostHeader"] is True
        assert [route["rule"] for route in frontend["routes"].values()] == [f"Host:{HOST};PathPrefixStrip:/{service}"]
        assert frontend["auth"]["forward"] == {"address": "http://auth:9000/verify",
                                               "authResponseHeaders": ["X-Auth-User", "X-Auth-Role"]}
        (server,) = docker["backends"][frontend["backend"]]["servers"].values()
        assert server == {"url": f"http://{site.container(service).ip()}:8000", "weight": 1}


def test_every_part_of_the_configuration_has_an_address(site):
    """Each object of the document is the answer of its own path."""
    docker = site.ask_api("/api/providers/docker").json()
    parts = {"/api/providers/docker/backends": docker["backends"], "/api/providers/docker/frontends": docker["frontends"]}
    for kind, inner in (("backends", "servers"), ("frontends", "routes")):
        for name, one in docker[kind].items():
            path = f"/api/providers/docker/{kind}/{urllib.parse.quote(name)}"
            parts[path] = one
            parts[f"{path}/{inner}"] = one[inner]
            for inner_name, leaf in one[inner].items():
                parts[f"{path}/{inner}/{urllib.parse.quote(inner_name)}"] = leaf
    assert len(parts) == 2 + 2 * 2 * 3
    for path, value in parts.items():
        answer = site.ask_api(path)
        assert (path, answer.status) == (path, 200)
        assert answer.json() == value


@pytest.mark.parametrize("path", ["/api/providers/nothing", "/api/providers/docker/backends/nothing",
                                  "/api/providers/docker/frontends/nothing/routes", "/api/nothing"])
def test_what_the_api_does_not_have_is_not_found(site, path):
    answer = site.ask_api(path)
    assert (answer.status, answer.body) == (404, b"404 page not found\n")


def test_health_counts_answers(site):
    before = site.ask_api("/health").json()
    site.ask("/pybackend/", HOST, headers=GOOD)
    site.ask("/", "unknown.example")
    after = until(lambda: (now := site.ask_api("/health").json())["total_count"] >= before["total_count"] + 2 and now,
                  "two more answers are counted")
    for status in ("200", "404"):
        assert after["total_status_code_count"][status] > before["total_status_code_count"].get(status, 0)
    assert after["uptime_sec"] > 0


def test_ping_answers(site):
    answer = site.ask_api("/ping")
    assert (answer.status, answer.body) == (200, b"OK")
    head = site.ask_api("/ping", method="HEAD")
    assert (head.status, head.body) == (200, b"")


def test_the_api_is_not_on_the_public_entrypoint(site):
    assert site.ask("/api", HOST).status == 404
    assert site.ask("/ping", HOST).status == 404


def test_the_root_of_the_api_port_leads_to_the_dashboard(site):
    answer = site.ask_api("/")
    assert (answer.status, answer.headers["Location"]) == (302, "/dashboard/")


ENDLESS = "/api/events"


def parts_of_page(site, page):
    """The texts of the page and of what it is made of: what it links to, and the modules that its modules import."""
    texts, seen, waiting = [page], set(), re.findall(r"""(?:src|href)=["']([^"'#]+)["']""", page)
    while waiting:
        address = waiting.pop()
        if address.startswith("data:") or address in seen or urllib.parse.urljoin("/dashboard/", address) == ENDLESS:
            continue
        seen.add(address)
        assert "://" not in address, f"{address} is not ours"
        part = site.ask_api(urllib.parse.urljoin("/dashboard/", address))
        assert (address, part.status) == (address, 200)
        if address.endswith((".js", ".css")):
            texts.append(part.text)
        if address.endswith(".js"):
            waiting += re.findall(r"""^import .*?["']\./(\w+\.js)["'];$""", part.text, re.M)
    assert len([address for address in seen if address.endswith(".js")]) > 5
    return texts


def test_the_dashboard_is_a_page_that_asks_the_api(site):
    """It comes whole from the router, asks only for paths of the API that answer, and does so again by itself."""
    page = site.ask_api("/dashboard/")
    assert page.status == 200
    assert page.headers["Content-Type"].startswith("text/html")
    everything = "".join(parts_of_page(site, page.text))
    asked = {urllib.parse.urljoin("/dashboard/", path) for path in re.findall(r"""["'`]([./]+(?:api|health)\b[\w/]*)["'`?]""", everything)}
    assert ENDLESS in asked
    for path in asked - {ENDLESS}:
        question = "?url=http://k8s-traefik.info/" if path == "/api/explain" else ""
        assert (path, site.ask_api(path + question).status) == (path, 200)
    assert re.search(r"setInterval|setTimeout|EventSource|http-equiv=.?refresh", everything)
    for word in ("entrypoint", "frontend", "backend", "server"):
        assert word in everything.lower()


def test_a_container_started_later_is_routed_and_one_removed_is_not(site, engine):
    """And the router is the same process all the while."""
    router = site.container("router")
    pid = router.pid()
    network = next(iter(router.inspect()["NetworkSettings"]["Networks"]))
    late = Container(engine, f"{site.name}-late")
    assert site.ask("/late", "late.example").status == 404
    engine.docker("run", "-d", "--name", late.name, "--network", network, "-l", "traefik.enable=true", "-l", "traefik.port=8000",
                  "-l", "traefik.docker.network=traefik-net", "-l", "traefik.frontend.rule=Host:late.example",
                  "waybill-example-pybackend")
    try:
        answer = until(lambda: (it := site.ask("/late", "late.example")).status == 200 and it, "the new container is routed", 20)
        assert answer.json()["container"] == late.hostname
    finally:
        late.remove()
    until(lambda: site.ask("/late", "late.example").status in (404, 503), "the removed container is not routed")
    assert not [rule for rule in rules_of(site) if "late.example" in rule]
    assert site.ask("/pybackend/", HOST, headers=GOOD).status == 200
    assert router.pid() == pid


def rules_of(site):
    frontends = site.ask_api("/api/providers/docker/frontends").json()
    return [route["rule"] for frontend in frontends.values() for route in frontend["routes"].values()]


def test_a_dead_auth_server_denies(site):
    """Last in this file: it takes the auth service away."""
    site.compose("stop", "-t", "1", "auth")
    try:
        answer = site.ask("/pybackend/foobar", HOST, headers=GOOD, timeout=40)
        assert answer.status >= 500
        assert b"pybackend" not in answer.body
    finally:
        site.compose("start", "auth")
    until(lambda: site.ask("/pybackend/foobar", HOST, headers=GOOD).status == 200, "auth is asked again", 20)
