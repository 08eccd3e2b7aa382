# SPDX-License-Identifier: MIT
"""examples/monitoring: a Prometheus collects the router's figures, and each query of the dashboard and of the alerts means something."""
import itertools
import json
import os
import subprocess
import urllib.parse

import pytest
from _ports import free_port
from client import ask, until
from containers import Container, Project
from engine import MONITORING_EXAMPLE

HOST = "monitored.localhost"
HERE = os.path.dirname(os.path.abspath(__file__))

# What Grafana puts in place of its variables.
VARIABLES = {"$__rate_interval": "30s", "$instance": ".*", "$backend": ".*"}
# Panels that are empty until there is something to show: nobody had to retry, nothing is traced.
MAY_BE_EMPTY = {"Retries per second by backend", "Traced requests per second"}


class Site(Project):
    """The project, and the Prometheus in it."""

    def __init__(self, engine, file, name):
        self.prometheus = ("127.0.0.1", free_port())
        super().__init__(engine, file, name, PROMETHEUS_PORT=str(self.prometheus[1]))

    def ask_prometheus(self, path, **parameters):
        answer = ask(self.prometheus, f"/api/v1/{path}?{urllib.parse.urlencode(parameters)}").json()
        assert answer["status"] == "success", (parameters, answer)
        return answer["data"]

    def query(self, expression):
        """The series: labels and value of each."""
        return [(series["metric"], float(series["value"][1])) for series in self.ask_prometheus("query", query=expression)["result"]]

    def alerts(self):
        """The names of those that are pending or firing."""
        return {alert["labels"]["alertname"] for alert in self.ask_prometheus("alerts")["alerts"]}


def is_scraped(site):
    """Often enough that what was served and what was not have grown from one scrape to the next."""
    seen = ("traefik_backend_requests_total", 'traefik_entrypoint_requests_total{code="404"}')
    return all(site.query(f"sum(rate({series}[30s])) > 0") for series in seen)


@pytest.fixture(scope="module")
def site(engine, waybill_image, example_images):
    """The project once it was asked, some requests found nothing, and scrapes have seen that."""
    engine.build("waybill-example-prometheus", os.path.join(MONITORING_EXAMPLE, "prometheus"))
    site = Site(engine, os.path.join(MONITORING_EXAMPLE, "docker-compose.yaml"), f"wbmonitoring{os.getpid()}")
    try:
        site.up()
        until(lambda: ask((site.container("hello").ip(), 8000), "/").status == 200, "hello answers", 30)  # so there are no errors yet
        until(lambda: (site.ask("/", HOST), site.ask("/", "elsewhere.localhost")) and is_scraped(site), "it is scraped", 30)
        yield site
    finally:
        print(site.compose("logs", "--tail=50", "router", "prometheus"))
        site.down()


def dashboard():
    with open(os.path.join(MONITORING_EXAMPLE, "grafana", "waybill.json")) as file:
        return json.load(file)


def filled_in(expression):
    for name, value in VARIABLES.items():
        expression = expression.replace(name, value)
    assert "$" not in expression, f"{expression}: Grafana knows no such variable"
    return expression


def test_every_panel_of_the_dashboard_shows_something(site):
    """As it is while little happens: no query is wrong, and none asks for a name or label that the router does not have."""
    asked, empty = 0, set()
    for panel in dashboard()["panels"]:
        for target in panel.get("targets", ()):
            asked += 1
            series = site.query(filled_in(target["expr"]))
            if not any(value == value for _, value in series):  # NaN is nothing
                empty.add(panel["title"])
            for label in [word.split("}}")[0] for word in target["legendFormat"].split("{{")[1:]]:
                assert all(label in labels for labels, _ in series), (panel["title"], label)
    assert asked > 25
    assert empty == MAY_BE_EMPTY


def test_the_figures_are_those_of_the_requests(site):
    by_name = {panel["title"]: panel for panel in dashboard()["panels"]}

    def shown(title, number=0):
        return site.query(filled_in(by_name[title]["targets"][number]["expr"]))

    ((labels, served),) = shown("Requests per second by backend")
    assert labels == {"backend": "backend-hello"} and served > 0
    assert shown("Error ratio by backend") == [({"backend": "backend-hello"}, 0)]  # 404s are no errors
    assert shown("Servers up by backend") == [({"backend": "backend-hello"}, 1)]
    assert shown("Servers down") == [({}, 0)]
    assert shown("Configuration problems") == [({}, 0)]
    for number in range(3):
        ((_, seconds),) = shown("Latency", number)
        assert 0 < seconds < 1
    assert sum(rate for _, rate in shown("Requests per second by entrypoint")) > served  # and those nobody serves
    assert {"DONE", "NO_FRONTEND"} <= {labels["reason"] for labels, _ in shown("How exchanges ended")}


def test_the_dashboards_parts_fit(site):
    """What Grafana asks of such a file: panels have numbers of their own and do not lie on each other, all use the variable's source."""
    board = dashboard()
    variables = {variable["name"]: variable for variable in board["templating"]["list"]}
    assert {name.strip("$") for name in VARIABLES} - {"__rate_interval"} == set(variables) - {"datasource"}
    for variable in variables.values():
        if variable["type"] == "query":
            selector, label = filled_in(variable["query"]["query"]).removeprefix("label_values(").removesuffix(")").rsplit(", ", 1)
            assert [series for series in site.ask_prometheus("series", **{"match[]": selector}) if label in series], selector
    numbers, taken = [panel["id"] for panel in board["panels"]], set()
    assert len(set(numbers)) == len(numbers)
    for panel in board["panels"]:
        place = panel["gridPos"]
        cells = set(itertools.product(range(place["x"], place["x"] + place["w"]), range(place["y"], place["y"] + place["h"])))
        assert not cells & taken and place["x"] + place["w"] <= 24, panel["title"]
        taken |= cells
        for part in [panel, *panel.get("targets", ())]:
            assert panel["type"] == "row" or part["datasource"]["uid"] == "${datasource}"


def test_the_alerts_are_what_promtool_expects():
    """Which of them fire when, and what they say, on figures that are made up."""
    for words in (("check", "config", "prometheus.yml"), ("test", "rules", os.path.join(HERE, "monitoring_alerts.yaml"))):
        result = subprocess.run(["promtool", *words], cwd=os.path.join(MONITORING_EXAMPLE, "prometheus"), capture_output=True,
                                text=True, timeout=60, check=False)
        assert result.returncode == 0, result.stdout + result.stderr


def run_broken(site):
    """One more container of the service, of which neither the users nor the port is there."""
    labels = {"enable": "true", "tags": "monitored", "port": "9", "frontend.rule": "Host:broken.localhost",
              "frontend.auth.basic.usersFile": "/is/not/there", "backend.healthcheck.path": "/", "backend.healthcheck.interval": "1s"}
    network = next(iter(site.container("router").inspect()["NetworkSettings"]["Networks"]))
    words = [word for key, text in labels.items() for word in ("--label", f"traefik.{key}={text}")]
    container = Container(site.engine, f"{site.name}-broken")
    site.engine.docker("run", "-d", "--name", container.name, "--network", network, *words, "waybill-example-pybackend")
    return container


def test_alerts_come_when_something_is_wrong_and_go(site):
    """They wait a minute before they fire; one that is pending has found what it looks for. Last in this file: it ends the router."""
    assert site.alerts() == set()
    broken = run_broken(site)
    try:
        site.compose("stop", "-t", "1", "hello")
        until(lambda: site.ask("/", HOST).status == site.ask("/", "broken.localhost").status == 503 and site.alerts() == {
            "WaybillErrorRatio", "WaybillNoServerUp", "WaybillServiceAway", "WaybillConfigurationProblems"}, "all is wrong", 20)
    finally:
        broken.remove()
    until(lambda: not site.alerts() & {"WaybillNoServerUp", "WaybillConfigurationProblems"}, "both are mended", 20)
    site.container("router").kill()
    until(lambda: "WaybillDown" in site.alerts(), "the router is down")
