# SPDX-License-Identifier: MIT
"""Containers come, go and come back; the router follows without a restart."""
import collections
import concurrent.futures
import time

import pytest
from client import Load, until


@pytest.fixture
def router(town):
    return town.run_router()


def wait_routed(router, container, host, within_s=15):
    until(lambda: router.ask("/", host).json()["name"] == container.hostname, f"{container.name} is routed", within_s)


def wait_not_routed(router, host):
    until(lambda: router.ask("/", host).status in (404, 503), f"{host} is not routed")


def wait_answering(router, *containers):
    """Each of a backend's servers has answered: the engine says `running` before a server listens."""
    missing = {container.hostname for container in containers}

    def none_is_missing():
        missing.discard(router.ask("/", "web.test").json()["name"])
        return not missing

    until(none_is_missing, "each server answers")


def test_start_stop_start(town, router):
    web = town.run_whoami("web", "Host:web.test")
    wait_routed(router, web, "web.test")
    web.stop()
    wait_not_routed(router, "web.test")
    web.start()
    wait_routed(router, web, "web.test")
    web.remove()
    wait_not_routed(router, "web.test")


def test_a_restarted_container_is_routed_at_its_new_address(town, router):
    web = town.run_whoami("web", "Host:web.test", backend="web")
    wait_routed(router, web, "web.test")
    old = web.ip()
    web.stop()
    town.run_whoami("squatter", "Host:squatter.test", options=("--ip", old))
    web.start()
    assert web.ip() != old
    wait_routed(router, web, "web.test")
    assert router.servers_of("web") == {f"http://{web.ip()}:8000"}


def test_a_restart_under_load_loses_nothing_when_another_server_is_there(town, router):
    first, second = (town.run_whoami(name, "Host:web.test", backend="web") for name in ("first", "second"))
    wait_answering(router, first, second)
    with Load(router.web, "web.test", clients=4) as load:
        first.restart()
        load.wait_for_answer_of(first.hostname)
        load.wait_for_answer_of(second.hostname)
    assert load.failures == []


def test_a_request_under_way_outlives_its_servers_stop(town, router):
    """The engine asks the server to stop; what the server is answering still arrives."""
    web = town.run_whoami("web", "Host:web.test")
    wait_routed(router, web, "web.test")
    with concurrent.futures.ThreadPoolExecutor() as pool:
        under_way = pool.submit(router.ask, "/slow/2", "web.test")
        time.sleep(0.5)  # the server has it by now
        web.stop()
        assert under_way.result().json()["name"] == web.hostname


def test_replicas_share_the_load(town, router):
    replicas = [town.run_whoami(f"web{number}", "Host:web.test", backend="web") for number in range(3)]
    wait_answering(router, *replicas)
    names = collections.Counter(router.ask("/", "web.test").json()["name"] for _ in range(90))
    assert set(names) == {replica.hostname for replica in replicas}
    assert min(names.values()) >= 15


def test_a_container_without_the_enable_label_is_not_routed(town, router):
    town.run_whoami("web", "Host:web.test", labels={"traefik.enable": "false"})
    later = town.run_whoami("later", "Host:later.test")
    wait_routed(router, later, "later.test")
    assert router.ask("/", "web.test").status == 404


def test_one_containers_bad_labels_leave_the_others_alone(town, router):
    town.run_whoami("bad", "Host:bad.test;NoSuchMatcher:x")
    town.run_whoami("worse", "Host:worse.test", labels={"traefik.port": "ninety"})
    good = town.run_whoami("good", "Host:good.test")
    wait_routed(router, good, "good.test")
    assert router.ask("/", "bad.test").status == 404


def test_an_auth_label_that_cannot_be_understood_closes_its_route(town, router):
    town.run_whoami("web", "Host:web.test", labels={"traefik.frontend.auth.forward.address": ""})
    until(lambda: router.ask("/", "web.test").status == 503, "the frontend is there and closed")


def test_a_white_list_lets_nobody_else_in(town, router):
    town.run_whoami("shut", "Host:shut.test", labels={"traefik.frontend.whiteList.sourceRange": "203.0.113.0/24"})
    town.run_whoami("open", "Host:open.test", labels={"traefik.frontend.whiteList.sourceRange": "127.0.0.0/8,10.0.0.0/8,172.16.0.0/12,192.168.0.0/16"})
    until(lambda: router.ask("/", "open.test").status == 200, "the open one is routed")
    until(lambda: router.ask("/", "shut.test").status == 403, "the shut one is there")


def test_the_router_is_not_its_own_server_until_a_label_says_so(town):
    plain = town.run_router("--docker.domain=town.test", name="plain", exposed=True)
    town.run_whoami("web", "Host:web.test")
    until(lambda: plain.ask("/", "web.test").status == 200, "the first container is routed")
    assert not any("plain" in name for name in plain.ask_api("/api/providers/docker/backends").json())

    labelled = town.run_router(name="labelled", labels={"traefik.enable": "true", "traefik.port": "8080",
                                                         "traefik.frontend.rule": "Host:api.test"})
    answer = until(lambda: (it := labelled.ask("/api/providers", "api.test")).status == 200 and it, "its API is routed")
    assert "docker" in answer.json()
