# SPDX-License-Identifier: MIT
"""The engine itself stops and starts, and listens on ports. A private one is used, so no container of this machine notices."""
import os
import signal
import subprocess

import pytest
from _ports import free_port
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


def make_certificates(folder):
    """A CA, an engine's certificate for 127.0.0.1 and a router's."""
    def openssl(*words):
        subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)

    fresh = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    openssl("req", "-x509", *fresh, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=ca", "-days", "2")
    (folder / "names").write_text("subjectAltName=IP:127.0.0.1\n")
    for name in ("engine", "router"):
        openssl("req", *fresh, "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}")
        openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-days", "2", "-extfile", "names",
                "-out", f"{name}.pem")


def follows(town, router):
    """A container that starts is routed, and one that ends is not any more."""
    web = town.run_whoami("web", "Host:web.test")
    until(lambda: routed(router, "web.test") == web.hostname, "web.test is routed")
    web.kill()
    until(lambda: routed(router, "web.test") is None, "web.test is not routed any more")


def test_the_engine_is_followed_by_port(town, private_engine):
    port = free_port()
    private_engine.stop()
    private_engine.start(False, "-H", f"tcp://127.0.0.1:{port}", "--tls=false")
    follows(town, town.run_host_router(flags=[f"--docker.endpoint=tcp://127.0.0.1:{port}"]))


def test_the_engine_is_followed_by_tls_and_strangers_are_refused(town, private_engine, tmp_path):
    make_certificates(tmp_path)
    port = free_port()
    private_engine.stop()
    private_engine.start(False, "-H", f"tcp://127.0.0.1:{port}", "--tlsverify", f"--tlscacert={tmp_path}/ca.pem",
                         f"--tlscert={tmp_path}/engine.pem", f"--tlskey={tmp_path}/engine.key")
    endpoint = [f"--docker.endpoint=tcp://127.0.0.1:{port}", "--docker.tls.ca=/certificates/ca.pem"]
    mount = ("-v", f"{tmp_path}:/certificates:ro")
    stranger = town.run_host_router(*mount, name="stranger", flags=[*endpoint, "--docker.tls.insecureSkipVerify"])
    follows(town, town.run_host_router(*mount, flags=[*endpoint, "--docker.tls.cert=/certificates/router.pem",
                                                      "--docker.tls.key=/certificates/router.key"]))
    assert "is docker.tls.cert signed by whom the other side trusts?" in stranger.logs()
    assert stranger.ask_api("/api/providers/docker").status == 404  # it never saw a container
