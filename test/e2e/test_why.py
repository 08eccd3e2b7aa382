# SPDX-License-Identifier: MIT
"""What the router says of real containers: /api/containers, `waybill why` and the log."""
import re

from client import until


def of(router, container):
    """What is said of a container; empty while it is not known."""
    answer = router.ask_api(f"/api/containers/{container.name}")
    return answer.json() if answer.status == 200 else {}


def wait_code(router, container, code):
    until(lambda: of(router, container).get("code") == code, f"{container.name} is {code}: {of(router, container)}")
    return of(router, container)


def why(router, name):
    return router.engine.docker("exec", router.name, "/waybill", "why", name)


def test_a_container_in_no_network_of_the_router_names_both_sides(town):
    router = town.run_router()
    web = town.run_whoami("web", "Host:web.test")
    routed = wait_code(router, web, "ROUTED")
    assert routed["servers"][0]["url"] == f"http://{web.ip()}:8000" and routed["frontends"][0]["rule"] == "Host:web.test"
    town.engine.docker("network", "connect", "bridge", web.name)
    town.engine.docker("network", "disconnect", town.name, web.name)
    waiting = wait_code(router, web, "NO_SHARED_NETWORK")
    assert waiting["state"] == "waiting"
    assert waiting["values"]["networks"] == "bridge" and waiting["values"]["routerNetworks"] == town.name
    assert waiting["servers"][0]["url"] == f"http://{web.ip()}:8000"  # as v1.7 would have it
    text = why(router, web.name)
    assert f"{web.name}: waiting (NO_SHARED_NETWORK)" in text and "bridge" in text and town.name in text
    town.engine.docker("network", "connect", town.name, web.name)
    wait_code(router, web, "ROUTED")
    until(lambda: router.ask("/", "web.test").status == 200, "it is reached again")


def test_states_of_real_containers_and_one_line_for_each_change(town):
    router = town.run_router()
    web = town.run_whoami("web", "Host:web.test")
    ill = town.run_whoami("ill", "Host:ill.test", options=("--health-cmd", "exit 1", "--health-interval", "1s", "--health-retries", "1"))
    typo = town.run_whoami("typo", "Host:typo.test", labels={"traefik.frontend.entrypoints": "http"})
    off = town.run_whoami("off", "Host:off.test", labels={"traefik.enable": "false"})
    wait_code(router, web, "ROUTED")
    wait_code(router, ill, "UNHEALTHY")
    wait_code(router, off, "DISABLED")
    problem = wait_code(router, typo, "ROUTED")["problems"][0]
    assert problem["label"] == "traefik.frontend.entrypoints" and "did you mean traefik.frontend.entryPoints?" in problem["text"]
    assert wait_code(router, router, "NOT_ENABLED")["state"] == "ignored"
    web.pause()
    wait_code(router, web, "PAUSED")
    web.unpause()
    wait_code(router, web, "ROUTED")
    web.remove()
    until(lambda: of(router, web) == {}, "it is gone")
    said = re.findall(rf"container {web.name}: (\w+(?: \(\w+\))?)", router.logs())
    assert said[:3] == ["routed (ROUTED)", "waiting (PAUSED)", "routed (ROUTED)"] and said[-1] == "gone", said
    assert set(said[3:-1]) <= {"waiting (STOPPING)", "ignored (NOT_RUNNING)"}, said  # as far as it was looked at meanwhile
    assert all(one != other for one, other in zip(said, said[1:])), said
    assert router.ask_api("/api/containers").json()["provider"]["connected"]
