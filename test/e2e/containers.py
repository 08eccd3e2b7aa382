# SPDX-License-Identifier: MIT
"""What the tests run in an engine: containers, a router among them, and compose projects."""
import datetime
import os
import shutil

from _ports import free_port
from client import Answer, ask, until
from engine import DOCKER, ROUTER_IMAGE, WHOAMI_IMAGE

ROUTER_FLAGS = ["--docker", "--defaultentrypoints=http", "--api.dashboard", "--loglevel=DEBUG"]


class Container:
    def __init__(self, engine, name):
        self.engine, self.name = engine, name

    def inspect(self):
        return self.engine.inspect(self.name)

    @property
    def hostname(self):
        return self.inspect()["Config"]["Hostname"]

    def ip(self, network=None):
        networks = self.inspect()["NetworkSettings"]["Networks"]
        return (networks[network] if network else next(iter(networks.values())))["IPAddress"]

    def pid(self):
        return self.inspect()["State"]["Pid"]

    def exit_code(self):
        return self.inspect()["State"]["ExitCode"]

    def health(self):
        return self.inspect()["State"]["Health"]["Status"]

    def finished_at(self):
        text = self.inspect()["State"]["FinishedAt"]  # 2026-11-23T17:30:26.123456789Z
        return datetime.datetime.fromisoformat(text[:26].rstrip("Z") + "+00:00").timestamp()

    def logs(self):
        return self.engine.run("sh", "-c", f"{DOCKER} logs {self.name} 2>&1")

    def start(self):
        self.engine.docker("start", self.name)

    def stop(self, grace_s=10):
        self.engine.docker("stop", "-t", str(grace_s), self.name)

    def restart(self):
        self.engine.docker("restart", self.name)

    def kill(self, signal="KILL"):
        self.engine.docker("kill", "-s", signal, self.name)

    def pause(self):
        self.engine.docker("pause", self.name)

    def unpause(self):
        self.engine.docker("unpause", self.name)

    def remove(self):
        self.engine.docker("rm", "-f", "-v", self.name)


class Router(Container):
    """A container of the router. `web` and `api` are the addresses of its two entrypoints as clients on this machine see them."""

    web = api = None

    def ask(self, path, host, **options) -> Answer:
        return ask(self.web, path, host=host, **options)

    def ask_api(self, path, **options) -> Answer:
        return ask(self.api, path, **options)

    def servers_of(self, backend):
        """The URLs the router has for a backend, by its name in the labels."""
        backends = self.ask_api("/api/providers/docker/backends").json()
        servers = backends.get(f"backend-{backend}", {}).get("servers") or {}
        return {server["url"] for server in servers.values()}

    def wait_ready(self):
        until(lambda: self.ask_api("/ping").status == 200, f"{self.name} answers /ping", 30)


class Town:
    """A network of one engine with a router in it, and the containers a test adds. All of it is removed at the end."""

    def __init__(self, engine, name, number):
        self.engine, self.name, self.number = engine, name, number
        self.containers = []
        engine.docker("network", "create", "--subnet", f"10.214.{number}.0/24", name)  # so that a test may give an address

    def run(self, name, image, *options, command=(), labels=None, cls=Container):
        container = cls(self.engine, f"{self.name}-{name}")
        words = [word for key, text in (labels or {}).items() for word in ("--label", f"{key}={text}")]
        self.containers.append(container)
        network = () if "--network=host" in options else ("--network", self.name)
        self.engine.docker("run", "-d", "--name", container.name, *network, *words, *options, image, *command)
        return container

    def run_router(self, *flags, name="router", exposed=False, options=(), labels=None):
        """A router as people run it: clients come through published ports. `flags` come after the usual ones."""
        web, api = free_port(), free_port()
        return self._run_router(
            name, web, api, labels,
            ["-v", f"{self.engine.socket}:/var/run/docker.sock", "-p", f"127.0.0.1:{web}:80", "-p", f"127.0.0.1:{api}:8080", *options],
            ["--entrypoints=Name:http Address::80", f"--docker.exposedByDefault={str(exposed).lower()}", *flags])

    def run_host_router(self, *options, name="router", flags=()):
        """A router on the host's network. It sees the folder the engine's socket is in: a new dockerd makes a new socket."""
        web, api = free_port(), free_port()
        return self._run_router(
            name, web, api, None, ["-v", f"{self.engine.folder}:/run/engine", "--network=host", *options],
            [f"--entrypoints=Name:http Address::{web}", f"--entrypoints=Name:traefik Address::{api}",
             "--docker.exposedByDefault=false", "--docker.endpoint=unix:///run/engine/docker.sock", *flags])

    def _run_router(self, name, web, api, labels, options, flags):
        router = self.run(name, ROUTER_IMAGE, *options, labels=labels, cls=Router,
                          command=[*ROUTER_FLAGS, f"--docker.network={self.name}", *flags])
        router.web, router.api = ("127.0.0.1", web), ("127.0.0.1", api)
        router.wait_ready()
        return router

    def run_whoami(self, name, rule=None, backend=None, labels=None, options=()):
        chosen = {"traefik.enable": "true", "traefik.port": "8000"}
        if rule:
            chosen["traefik.frontend.rule"] = rule
        if backend:
            chosen["traefik.backend"] = backend
        return self.run(name, WHOAMI_IMAGE, *options, labels={**chosen, **(labels or {})})

    def remove(self):
        names = [container.name for container in self.containers]
        present = self.engine.docker("ps", "-a", "--format", "{{.Names}}").split()
        here = [name for name in names if name in present]
        if here:
            self.engine.docker("rm", "-f", "-v", *here)
        self.engine.docker("network", "rm", self.name)


class Project:
    """A compose file that is up, with ports of its own. Its services are containers named PROJECT_SERVICE_1 or PROJECT-SERVICE-1.
    `variables` are more of those that the file asks for."""

    def __init__(self, engine, file, name, **variables):
        self.engine, self.file, self.name, self.variables = engine, file, name, variables
        self.web, self.api = ("127.0.0.1", free_port()), ("127.0.0.1", free_port())
        self.program = ["docker-compose"] if shutil.which("docker-compose") else [DOCKER, "compose"]

    def compose(self, *arguments):
        return self.engine.run(*self.program, "-f", self.file, "-p", self.name, *arguments, cwd=os.path.dirname(self.file),
                               HTTP_PORT=str(self.web[1]), DASHBOARD_PORT=str(self.api[1]), WAYBILL_IMAGE=ROUTER_IMAGE, **self.variables)

    def up(self):
        self.compose("up", "-d", "--no-build")
        until(lambda: self.ask_api("/ping").status == 200, f"{self.name}'s router answers /ping", 30)

    def down(self):
        self.compose("down", "-v", "--remove-orphans", "-t", "3")

    def container(self, service, cls=Container):
        return cls(self.engine, self.compose("ps", "-q", service).split()[0])

    def ask(self, path, host, **options) -> Answer:
        return ask(self.web, path, host=host, **options)

    def ask_api(self, path, **options) -> Answer:
        return ask(self.api, path, **options)


class Stack:
    """A stack file that is deployed in a Swarm, with ports of its own. Its services are named STACK_SERVICE."""

    def __init__(self, engine, file, name):
        self.engine, self.file, self.name = engine, file, name
        self.web, self.api = ("127.0.0.1", free_port()), ("127.0.0.1", free_port())

    def deploy(self):
        self.engine.run(DOCKER, "stack", "deploy", "--resolve-image=never", "-c", self.file, self.name,
                        HTTP_PORT=str(self.web[1]), DASHBOARD_PORT=str(self.api[1]), WAYBILL_IMAGE=ROUTER_IMAGE,
                        DOCKER_SOCKET=self.engine.socket)
        until(lambda: self.ask_api("/ping").status == 200, f"{self.name}'s router answers /ping", 60)

    def service(self, name, *arguments):
        """docker service ARGUMENTS, which end with the service's name. Returns at once."""
        self.engine.docker("service", *arguments, f"{self.name}_{name}")

    def scale(self, name, replicas):
        self.engine.docker("service", "scale", "-d", f"{self.name}_{name}={replicas}")

    def logs(self, service):
        return self.engine.run("sh", "-c", f"{DOCKER} service logs --raw {self.name}_{service} 2>&1")

    def servers_of(self, backend):
        backends = self.ask_api("/api/providers/docker/backends").json()
        servers = backends.get(f"backend-{self.name}-{backend}", {}).get("servers") or {}
        return {server["url"] for server in servers.values()}

    def ask(self, path, host, **options) -> Answer:
        return ask(self.web, path, host=host, **options)

    def ask_api(self, path, **options) -> Answer:
        return ask(self.api, path, **options)
