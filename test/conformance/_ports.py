# SPDX-License-Identifier: MIT
"""Ports for what a test is about to start. They lie below those that the kernel gives to whoever connects or binds to port 0, so that
no connection of the machine takes one between here and its listener; and a name in the abstract namespace, held until this process
ends, keeps tests that run side by side apart. The golden vectors' own scripts use 18000 to 23999."""
import random
import socket

LOW, HIGH = 24000, 32000
_held = []


def free_port():
    """One of 127.0.0.1 that nobody listens on, and that no other test is given."""
    for _ in range(10 * (HIGH - LOW)):
        port = random.randrange(LOW, HIGH)
        name = socket.socket(socket.AF_UNIX)
        try:
            name.bind(f"\0waybill-test-port-{port}")
            socket.create_server(("127.0.0.1", port)).close()
        except OSError:
            name.close()
            continue
        _held.append(name)
        return port
    raise RuntimeError(f"every port from {LOW} to {HIGH} is taken")
