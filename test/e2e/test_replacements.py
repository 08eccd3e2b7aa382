# SPDX-License-Identifier: MIT
"""A service is deployed twenty times while clients use it."""
import time

from client import Load, until

REPLACEMENTS = 20


def test_twenty_replacements_lose_only_what_a_killed_server_held(town):
    """Every other old container is asked to stop, the rest are killed. A stop costs no request at all. A kill may cost those
    that the server was answering: they began before it died, and there is at most one for each client."""
    router = town.run_router()
    old = town.run_whoami("web-0", "Host:web.test", backend="web")
    until(lambda: router.ask("/", "web.test").status == 200, "the first container is routed")
    kills = []  # (begin, end) of the moment in which a server died
    with Load(router.web, "web.test") as load:
        for number in range(1, REPLACEMENTS + 1):
            new = town.run_whoami(f"web-{number}", "Host:web.test", backend="web")
            load.wait_for_answer_of(new.hostname)
            if number % 2:
                old.stop()
            else:
                begin = time.time()
                old.kill()
                kills.append((begin, time.time()))
            old.remove()
            load.wait_for_answers(20)
            old = new

    lost = load.failures
    held = [outcome for begin, end in kills for outcome in lost if outcome.start <= end and outcome.end >= begin]
    assert [outcome for outcome in lost if outcome not in held] == []
    for begin, end in kills:
        assert sum(outcome.start <= end and outcome.end >= begin for outcome in lost) <= len(load.threads)
    assert len({outcome.server for outcome in load.outcomes} - {""}) == REPLACEMENTS + 1
    assert router.servers_of("web") == {f"http://{old.ip()}:8000"}
    print(f"{len(load.outcomes)} requests, {len(lost)} lost in {len(kills)} kills")
