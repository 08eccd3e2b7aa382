# SPDX-License-Identifier: MIT
"""`waybill lint` from the image: a compose file without an engine, and a container of a real one."""
import os
import subprocess

from engine import DOCKER, EXAMPLE, ROUTER_IMAGE


def lint(engine, *words):
    """Runs docker with these words; the exit code and what was printed."""
    result = subprocess.run([DOCKER, *words], env=engine.environment, capture_output=True, text=True, timeout=60, check=False)
    return result.returncode, result.stdout + result.stderr


def test_the_image_lints_a_compose_file_without_an_engine(engine, waybill_image):
    status, said = lint(engine, "run", "--rm", "--network=none", "-v", f"{os.path.dirname(EXAMPLE)}:/work:ro", "-w", "/work",
                        ROUTER_IMAGE, "lint", "forward-auth/docker-compose.yaml")
    assert status == 0, said
    assert "backend-pybackend" in said and "pybackend:8000" in said


def test_a_container_is_linted_beside_its_router(town):
    """docker exec ROUTER waybill lint --container NAME: the router's own container is found, so a network that is not shared is."""
    router = town.run_router()
    good = town.run_whoami("good", rule="Host:good.test")
    typo = town.run_whoami("typo", rule="Host:typo.test", labels={"traefik.port": "8o8o"})
    apart = town.run_whoami("apart", rule="Host:apart.test")
    town.engine.docker("network", "connect", "bridge", apart.name)
    town.engine.docker("network", "disconnect", town.name, apart.name)
    flag = "--docker.exposedByDefault=false"

    status, said = lint(town.engine, "exec", router.name, "/waybill", "lint", flag, "--container", good.name)
    assert status == 0 and f"{good.ip()}:8000" in said, said
    status, said = lint(town.engine, "exec", router.name, "/waybill", "lint", flag, "--container", typo.name)
    assert status == 1 and f"container {typo.name}, label traefik.port: warning:" in said, said
    status, said = lint(town.engine, "exec", router.name, "/waybill", "lint", flag, "--container", apart.name)
    assert status == 1 and "NO_SHARED_NETWORK" in said, said
    status, said = lint(town.engine, "exec", router.name, "/waybill", "lint", flag, "--container", "nobody")
    assert status == 2 and "no container `nobody`" in said, said
