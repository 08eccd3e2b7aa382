# SPDX-License-Identifier: MIT
"""Containers that stop, pause, fall ill or leave a network: who is asked no more, and what clients are told meanwhile."""
import time

import pytest
from client import Load, until


@pytest.fixture
def router(town):
    return town.run_router()


def wait_routed(router, container, host, within_s=15):
    until(lambda: router.ask("/", host).json()["name"] == container.hostname, f"{container.name} is routed", within_s)


def why_of(router, host):
    """What a request for this host is told, and for how long it should wait."""
    answer = router.ask("/", host)
    return answer.status, answer.text.partition(": ")[2], answer.headers["Retry-After"]


def test_what_a_stopped_service_served_is_remembered(town, router):
    web = town.run_whoami("web", "Host:web.test;PathPrefix:/here")
    until(lambda: router.ask("/here", "web.test").status == 200, "it is routed")
    web.remove()
    until(lambda: router.ask("/here", "web.test").status == 503, "it is remembered")
    answer = router.ask("/here", "web.test")
    assert (answer.text, answer.headers["Retry-After"]) == ("503 Service Unavailable: the service is not running", "5")
    assert router.ask("/elsewhere", "web.test").status == 404
    assert router.ask_api("/api/providers/docker").json() == {}
    shown = router.ask_api("/api/overview/frontends").json()["frontends"]
    assert [(it["state"], it["because"]) for it in shown] == [("remembered", f"container {web.name}: it is not running")]
    other = town.run_whoami("other", "Host:web.test")
    wait_routed(router, other, "web.test")
    assert router.ask("/here", "web.test").json()["name"] == other.hostname  # the live one comes first, though it matches less


def test_a_paused_container_is_asked_no_more_and_one_that_got_a_hang_up_is(town, router):
    first, second = (town.run_whoami(name, "Host:web.test", backend="web") for name in ("first", "second"))
    until(lambda: len(router.servers_of("web")) == 2, "both are routed")
    with Load(router.web, "web.test", clients=2, pause_s=0.002) as load:
        first.kill("CONT")  # any signal that ends nothing
        load.wait_for_answer_of(first.hostname)
    second.pause()  # with no request under way, which would wait for it to go on
    with Load(router.web, "web.test", clients=2, pause_s=0.002) as load:
        load.wait_for_answers(50)
        assert second.hostname not in {outcome.server for outcome in load.outcomes}
        second.unpause()
        load.wait_for_answer_of(second.hostname)
    assert load.failures == []


def test_a_container_that_survives_its_signal_comes_back(town, router):
    web = town.run_whoami("web", "Host:web.test", options=("-e", "STUBBORN=60", "--stop-timeout=1"))
    wait_routed(router, web, "web.test")
    web.kill("TERM")
    begin = time.monotonic()
    until(lambda: why_of(router, "web.test") == (503, "the service is not running", "5"), "it is taken out")
    wait_routed(router, web, "web.test")
    assert 2.5 < time.monotonic() - begin < 6


def test_a_container_that_leaves_a_network_and_comes_back(town, router):
    web = town.run_whoami("web", "Host:web.test", backend="web")
    wait_routed(router, web, "web.test")
    town.engine.docker("network", "disconnect", town.name, web.name)
    until(lambda: router.servers_of("web") == set(), "it has no address")
    assert router.ask("/", "web.test").status == 503
    town.engine.docker("network", "connect", town.name, web.name)
    wait_routed(router, web, "web.test")


def test_who_is_starting_or_unhealthy_answers_503(town, router):
    web = town.run_whoami("web", "Host:web.test", options=(
        "--health-cmd=test -e /tmp/well", "--health-interval=300ms", "--health-retries=3", "--health-start-period=60s"))
    until(lambda: why_of(router, "web.test") == (503, "the service is starting", "2"), "it is starting")
    town.engine.docker("exec", web.name, "touch", "/tmp/well")
    wait_routed(router, web, "web.test")
    town.engine.docker("exec", web.name, "rm", "/tmp/well")
    until(lambda: why_of(router, "web.test") == (503, "the service is not healthy", "5"), "it is unhealthy")


def test_an_address_that_another_container_gets_brings_it_no_request_of_the_former(town, router):
    """Security case K9."""
    web = town.run_whoami("web", "Host:web.test", options=("--ip", f"10.214.{town.number}.77"))
    wait_routed(router, web, "web.test")
    former = web.hostname
    with Load(router.web, "web.test", clients=4, methods=("GET", "POST"), pause_s=0.002) as load:
        load.wait_for_answers(50)
        web.engine.docker("rm", "-f", web.name)
        heir = town.run_whoami("heir", "Host:heir.test", options=("--ip", f"10.214.{town.number}.77"))
        wait_routed(router, heir, "heir.test")
        load.wait_for_answers(200)
    assert heir.ip() == f"10.214.{town.number}.77"
    assert {outcome.server for outcome in load.outcomes} == {former, ""}
    assert {outcome.status for outcome in load.outcomes[-100:]} == {503}
    assert "POST" not in heir.logs()
