# SPDX-License-Identifier: MIT
"""The docker-compose.yaml at the top of the tree: what people copy."""
import os

import pytest
from client import until
from containers import Container, Project
from engine import REPO


@pytest.fixture
def project(engine, waybill_image, example_images):
    project = Project(engine, os.path.join(REPO, "docker-compose.yaml"), f"wbtop{os.getpid()}")
    try:
        project.up()
        yield project
    finally:
        print(project.compose("logs", "--tail=50", "router"))
        project.down()


def test_it_comes_up_and_serves(project):
    answer = until(lambda: (it := project.ask("/any/path?x=1", "hello.localhost")).status == 200 and it, "hello answers", 30)
    assert (answer.json()["path"], answer.json()["query"]) == ("/any/path", "x=1")
    assert project.ask("/", "elsewhere.localhost").status == 404
    assert project.ask_api("/dashboard/").status == 200
    assert project.container("hello", Container).hostname == answer.json()["container"]


def test_its_router_becomes_healthy(project):
    until(lambda: project.container("router").health() == "healthy", "the router is healthy", 30)
