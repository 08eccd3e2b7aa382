# SPDX-License-Identifier: MIT
"""The image: size, health, end, and what it says of flags it does not take."""
import concurrent.futures
import os
import subprocess
import sys
import time

import pytest
from client import until
from engine import ROUTER_IMAGE, EngineError

MAX_IMAGE_BYTES, MAX_IDLE_KIB, MAX_START_MS = 25_000_000, 8 * 1024, 100
REPO = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def test_the_image_is_small(engine, waybill_image):
    size = engine.inspect(waybill_image)["Size"]
    print(f"{size} bytes")
    assert size <= MAX_IMAGE_BYTES


def test_what_it_costs_to_run_it_idle(engine, waybill_image, tmp_path):
    """Memory and the time to the first answer of the program as the image has it, with the image's own libraries."""
    made = engine.docker("create", waybill_image).strip()
    try:
        engine.docker("cp", f"{made}:/", str(tmp_path))
    finally:
        engine.docker("rm", made)
    result = subprocess.run([sys.executable, f"{REPO}/test/bench/cost.py", "--image", str(tmp_path), "--starts", "10",
                             "--memory-bar", str(MAX_IDLE_KIB), "--time-bar", str(MAX_START_MS)], capture_output=True, text=True, timeout=120)
    print(result.stdout, result.stderr)
    assert result.returncode == 0, result.stdout + result.stderr


def test_the_image_becomes_healthy(town):
    router = town.run_router(options=("--health-interval=1s",))
    until(lambda: router.health() == "healthy", "the image's own health check says healthy", 20)


def test_the_health_check_finds_an_api_that_is_elsewhere(town):
    """No --ping, and the API on another port than 8080: the image asks with the router's own flags."""
    router = town.run_host_router("--health-interval=1s")
    until(lambda: router.health() == "healthy", "healthy on another port", 20)


def test_the_health_check_says_when_nothing_answers(town):
    router = town.run_router(options=("--health-interval=1s", "--health-retries=1"))
    until(lambda: router.health() == "healthy", "healthy at first", 20)
    with pytest.raises(EngineError):
        town.engine.docker("run", "--rm", "--network", "none", ROUTER_IMAGE, "healthcheck", "--ping")


@pytest.mark.parametrize("elsewhere", [False, True])
def test_a_command_in_the_container_asks_its_router(town, elsewhere):
    """docker exec ROUTER waybill explain URL: the API is found by the router's own flags, on any port."""
    router = town.run_host_router() if elsewhere else town.run_router()
    town.run_whoami("shop", "Host:shop.test")
    until(lambda: router.ask("/", "shop.test").status == 200, "shop.test is routed")
    said = town.engine.docker("exec", router.name, "/waybill", "explain", "shop.test/x")
    assert "Frontend frontend-Host-shop-test-" in said and "is sent: GET /x" in said
    with pytest.raises(EngineError) as refusal:
        town.engine.docker("exec", router.name, "/waybill", "explain", "shpo.test")
    assert "No frontend gets it." in str(refusal.value)


@pytest.mark.parametrize("signal", ["TERM", "INT"])
def test_a_signal_ends_it_well(town, signal):
    router = town.run_router()
    router.kill(signal)
    until(lambda: not router.inspect()["State"]["Running"], "it ends")
    assert router.exit_code() == 0


def test_a_stop_lets_the_request_under_way_finish(town):
    router = town.run_router()
    web = town.run_whoami("web", "Host:web.test")
    until(lambda: router.ask("/", "web.test").status == 200, "web.test is routed")
    with concurrent.futures.ThreadPoolExecutor() as pool:
        under_way = pool.submit(router.ask, "/slow/2", "web.test")
        time.sleep(0.5)  # the server has it by now
        router.stop()
        assert under_way.result().json()["name"] == web.hostname
    assert router.exit_code() == 0


@pytest.mark.parametrize("flag, named", [("--no.such.flag", "no.such.flag"), ("--acme", "acme"), ("--consul", "consul"),
                                         ("--docker.swarmMode=perhaps", "swarmmode"), ("--loglevel=LOUD", "LOUD"),
                                         ("--entrypoints=Name:http", "http")])
def test_a_flag_it_does_not_take_is_refused_by_name(engine, waybill_image, flag, named):
    with pytest.raises(EngineError) as refusal:
        engine.docker("run", "--rm", waybill_image, "--docker", flag, timeout=20)
    assert named.lower() in str(refusal.value).split("\n", 1)[1].lower()
