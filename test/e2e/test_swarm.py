# SPDX-License-Identifier: MIT
"""examples/swarm in a real Swarm of one node: a service is scaled, updated and removed while clients use it."""
import time

from client import Load, until

HOST = "town-hello.swarm.localhost"


def load(swarm):
    return Load(swarm.web, HOST, clients=4, name="container")


def wait_for_servers(swarm, count):
    return until(lambda: len(swarm.servers_of("hello")) == count and swarm.servers_of("hello"), f"{count} servers", 40)


def states_of(swarm):
    return {(task["name"], task["state"]) for task in swarm.ask_api("/api/containers").json()["containers"]}


def test_a_service_is_scaled_up_and_down_without_an_error(swarm):
    wait_for_servers(swarm, 1)
    with load(swarm) as clients:
        clients.wait_for_answers(50)
        swarm.scale("hello", 4)
        many = wait_for_servers(swarm, 4)
        assert states_of(swarm) >= {("town_hello.%d" % slot, "routed") for slot in range(1, 5)}
        until(lambda: len({outcome.server for outcome in clients.outcomes[-200:]}) == 4, "all four answer")
        swarm.scale("hello", 1)
        few = wait_for_servers(swarm, 1)
        until(lambda: tasks_that_run(swarm) == 1, "three tasks have ended", 30)
        clients.wait_for_answers(50)
    assert few < many
    assert clients.failures == []
    assert len({outcome.server for outcome in clients.outcomes}) == 4
    print(f"{len(clients.outcomes)} requests")


def tasks_that_run(swarm):
    return len(swarm.engine.docker("ps", "-q", "--filter", f"label=com.docker.swarm.service.name={swarm.name}_hello").split())


def test_a_service_is_updated_without_an_error(swarm):
    swarm.scale("hello", 2)
    before = wait_for_servers(swarm, 2)
    with load(swarm) as clients:
        clients.wait_for_answers(50)
        swarm.service("hello", "update", "-d", "--env-add", "VERSION=2")
        until(lambda: len(swarm.servers_of("hello") - before) == 2 and not swarm.servers_of("hello") & before,
              "both tasks are new ones", 60)
        until(lambda: tasks_that_run(swarm) == 2, "the old tasks have ended", 30)
        clients.wait_for_answers(50)
    assert clients.failures == []
    print(f"{len(clients.outcomes)} requests")


def test_a_task_that_dies_is_left_at_once(swarm):
    """No service changed, so the Swarm says nothing: this node's engine does."""
    swarm.scale("hello", 2)
    before = wait_for_servers(swarm, 2)
    victim = swarm.engine.docker("ps", "-q", "--filter", f"label=com.docker.swarm.service.name={swarm.name}_hello").split()[0]
    start = time.monotonic()
    swarm.engine.docker("kill", victim)
    until(lambda: len(swarm.servers_of("hello") & before) == 1, "the dead one is left", 5)
    assert time.monotonic() - start < 2
    until(lambda: swarm.servers_of("hello") - before and len(swarm.servers_of("hello")) == 2, "another takes its place", 30)


def test_a_service_that_is_removed_is_not_served(swarm):
    wait_for_servers(swarm, 2)
    assert swarm.ask("/", HOST).status == 200
    swarm.service("hello", "rm")
    until(lambda: swarm.ask("/", HOST).status in (404, 503), "the removed service is not served")
    assert swarm.servers_of("hello") == set()
    assert swarm.ask("/", HOST).status in (404, 503)
