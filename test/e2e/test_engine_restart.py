# SPDX-License-Identifier: MIT
"""The engine itself stops and starts. A private one is used, so no container of this machine notices."""
import os
import signal

import pytest
from client import Load, until
from containers import Town


@pytest.fixture
def town(private_engine):
    town = Town(private_engine, "town", number=250)
    yield town
    for container in town.containers:
        print(f"--- {container.name}\n{container.logs()[-6000:]}")
    town.remove()


def routed(router, host):
    """The name of the container that answers, None when none does."""
    answer = router.ask("/", host)
    return answer.json()["name"] if answer.status == 200 else None


def test_routes_stay_while_the_engine_is_away_and_are_right_when_it_is_back(town, private_engine):
    private_engine.stop()
    private_engine.start(live_restore=True)
    router = town.run_host_router()
    stays = town.run_whoami("stays", "Host:stays.test")
    dies = town.run_whoami("dies", "Host:dies.test")
    for container, host in ((stays, "stays.test"), (dies, "dies.test")):
        until(lambda: routed(router, host) == container.hostname, f"{host} is routed")
    router_pid, dies_pid = router.pid(), dies.pid()

    with Load(router.web, "stays.test", clients=2) as load:
        private_engine.stop()
        load.wait_for_answers(200)
        os.kill(dies_pid, signal.SIGKILL)  # nobody tells the router
        private_engine.start(live_restore=True)
        until(lambda: routed(router, "dies.test") is None, "what died meanwhile is not routed", 30)
        born = town.run_whoami("born", "Host:born.test")
        until(lambda: routed(router, "born.test") == born.hostname, "events are followed again", 30)
        load.wait_for_answers(100)
    assert load.failures == []
    assert router.pid() == router_pid


def test_everything_comes_back_with_an_engine_that_stops_its_containers(town, private_engine):
    private_engine.stop()
    private_engine.start(live_restore=False)
    router = town.run_host_router("--restart=always")
    web = town.run_whoami("web", "Host:web.test", options=("--restart=always",))
    until(lambda: routed(router, "web.test") == web.hostname, "web.test is routed")

    for _ in range(2):
        private_engine.stop()
        private_engine.start(live_restore=False)
        until(lambda: routed(router, "web.test") == web.hostname, "web.test is routed again", 30)
