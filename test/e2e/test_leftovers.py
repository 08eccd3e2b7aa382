# SPDX-License-Identifier: MIT
"""What a run that was killed leaves on the machine takes nothing from the next one."""
import os
import signal
import subprocess

from client import until
from engine import FOLDER, PrivateEngine, sweep_dead_engines


def a_dead_process():
    child = subprocess.Popen(["true"])
    child.wait()
    return child.pid


def test_an_engine_whose_test_was_killed_is_swept_away(engine, whoami_image):
    dead = PrivateEngine(f"{FOLDER}/private-{a_dead_process()}")
    dead.start()
    dead.copy_image(engine, whoami_image)
    container = dead.docker("run", "-d", whoami_image)
    server = dead.inspect(container)["State"]["Pid"]
    with open(dead.pidfile) as file:
        os.kill(int(file.read()), signal.SIGKILL)

    sweep_dead_engines()

    until(lambda: not os.path.exists(f"/proc/{server}"), "its container has ended")
    assert not os.path.exists(dead.folder)
    assert not os.path.exists(f"/sys/class/net/{dead.BRIDGE}")
    with open("/proc/mounts") as mounts:
        assert dead.folder not in mounts.read()
