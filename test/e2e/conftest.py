# SPDX-License-Identifier: MIT
"""The nouns of these tests: an engine, the images in it, a town to build in, the example's project.

Nothing here is skipped: where there is no engine and none can be started, every test fails and says why.
"""
import itertools
import os
import sys

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(os.path.dirname(HERE), "conformance")]

from containers import Project, Stack, Town  # noqa: E402
from engine import (EXAMPLE, FOLDER, REPO, ROUTER_IMAGE, SWARM_EXAMPLE, WHOAMI_IMAGE, OwnEngine, PrivateEngine,  # noqa: E402
                    SwarmEngine, build_example_images, find_engine, sweep_dead_engines)

counter = itertools.count(1)


def is_alive(pid):
    return os.path.exists(f"/proc/{pid}")


def remove_leftovers(engine):
    """What an earlier run that was killed left in the engine: towns are named after the process that made them."""
    for kind, listing in (("container", ["ps", "-a"]), ("network", ["network", "ls"])):
        shape = "{{.Names}}" if kind == "container" else "{{.Name}}"
        for name in engine.docker(*listing, "--format", shape).split():
            words = name.split("-")
            if words[:2] == ["waybill", "e2e"] and len(words) > 3 and words[2].isdigit() and not is_alive(words[2]):
                engine.docker(*(["rm", "-f", name] if kind == "container" else ["network", "rm", name]))


@pytest.fixture(scope="session")
def engine():
    """The engine that answers, or one of ours for as long as the tests run."""
    sweep_dead_engines()
    found = find_engine()
    engine = found or OwnEngine(FOLDER).start()
    remove_leftovers(engine)
    yield engine
    if not found:
        engine.stop()


@pytest.fixture(scope="session")
def waybill_image(engine):
    """The image as the top-level Dockerfile makes it from this tree."""
    return ROUTER_IMAGE if "WAYBILL_IMAGE" in os.environ else engine.build(ROUTER_IMAGE, REPO)


@pytest.fixture(scope="session")
def example_images(engine):
    build_example_images(engine)


@pytest.fixture(scope="session")
def whoami_image(engine):
    return engine.build(WHOAMI_IMAGE, os.path.join(REPO, "test", "e2e", "whoami"))


@pytest.fixture
def town(engine, waybill_image, whoami_image, request):
    number = next(counter)
    town = Town(engine, f"waybill-e2e-{os.getpid()}-{number}", number)
    yield town
    show_logs(request, town.containers)
    town.remove()


@pytest.fixture(scope="module")
def example(engine, waybill_image, example_images):
    """examples/forward-auth, up."""
    project = Project(engine, os.path.join(EXAMPLE, "docker-compose.yaml"), f"wbexample{os.getpid()}")
    try:
        project.up()
        yield project
    finally:
        print(project.compose("logs", "--tail=100", "router"))
        project.down()


@pytest.fixture(scope="module")
def private_engine(engine, waybill_image, whoami_image):
    """An engine that the test may stop, with the images of a router and a server in it."""
    private = PrivateEngine(f"{FOLDER}/private-{os.getpid()}")
    private.start()
    try:
        for image in (waybill_image, whoami_image):
            private.copy_image(engine, image)
        yield private
    finally:
        private.remove()


@pytest.fixture(scope="module")
def swarm(engine, waybill_image, example_images):
    """examples/swarm, deployed in a Swarm of one node."""
    private = SwarmEngine(f"{FOLDER}/swarm-{os.getpid()}")
    private.start()
    try:
        private.copy_image(engine, waybill_image, "waybill-example-pybackend")
        stack = Stack(private, os.path.join(SWARM_EXAMPLE, "docker-stack.yaml"), "town")
        try:
            stack.deploy()
            yield stack
        finally:
            print(stack.logs("router"))
    finally:
        private.remove()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    setattr(item, "failed_in_" + call.when, outcome.get_result().failed)


def show_logs(request, containers):
    """What the containers said, when the test failed."""
    if not getattr(request.node, "failed_in_call", False):
        return
    for container in containers:
        try:
            print(f"--- {container.name}\n{container.logs()[-6000:]}")
        except Exception as error:  # it may be gone, and that is not what failed
            print(f"--- {container.name}: {error}")
