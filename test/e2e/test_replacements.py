# SPDX-License-Identifier: MIT
"""A service is deployed again and again while clients use it (security case K7)."""
import collections
import concurrent.futures
import os
import threading
import time

from client import Load, until

REPLACEMENTS = int(os.environ.get("WAYBILL_REPLACEMENTS", 20))


class Deployment:
    """One container after the other, each taking the place of the one before it."""

    def __init__(self, town, **options):
        self.town, self.options = town, options
        self.made = 0
        self.kills = []  # (begin, end) of the moment in which a server died
        self.posts = collections.Counter()  # how often each id was executed, by those that are gone
        self.leaving = []

    def run(self):
        self.made += 1
        return self.town.run_whoami(f"web-{self.made}", "Host:web.test", backend="web", **self.options)

    def retire(self, container, kill):
        """Meanwhile the next one may come."""
        thread = threading.Thread(target=self._end, args=(container, kill))
        thread.start()
        self.leaving.append(thread)

    def wait_ended(self):
        for thread in self.leaving:
            thread.join()

    def note_posts(self, container):
        self.posts.update(line.split()[1] for line in container.logs().splitlines() if line.startswith("POST "))

    def _end(self, container, kill):
        if kill:
            begin = time.time()
            container.kill()
            self.kills.append((begin, time.time()))
        else:
            container.stop()
        self.note_posts(container)
        container.remove()


def test_replacements_lose_only_what_a_killed_server_held(town):
    """Every other old container is asked to stop and takes its time, the rest are killed. A stop costs no request at all. A
    kill costs no GET: another server takes it. It may cost the POSTs that the server was answering, at most one for each
    client, since nobody knows whether they were executed. No POST is executed twice."""
    router = town.run_router()
    deployment = Deployment(town, options=("-e", "STUBBORN=1"))
    old = deployment.run()
    until(lambda: router.ask("/", "web.test").status == 200, "the first container is routed")
    with Load(router.web, "web.test", methods=("GET", "POST"), pause_s=0.01) as load, \
            concurrent.futures.ThreadPoolExecutor(1) as pool:
        coming = pool.submit(deployment.run)
        for number in range(1, REPLACEMENTS + 1):
            new = coming.result()
            if number < REPLACEMENTS:
                coming = pool.submit(deployment.run)
            load.wait_for_answer_of(new.hostname)
            deployment.retire(old, kill=number % 2 == 0)
            old = new
        deployment.wait_ended()
        load.wait_for_answers(100)
    deployment.note_posts(old)

    lost, kills = load.failures, deployment.kills
    held = [outcome for begin, end in kills for outcome in lost if outcome.start <= end and outcome.end >= begin]
    print(f"{len(load.outcomes)} requests, {len(lost)} lost in {len(kills)} kills: {lost}")
    assert [outcome for outcome in lost if outcome.method == "GET"] == []
    assert [outcome for outcome in lost if outcome not in held] == []
    for begin, end in kills:
        assert sum(outcome.start <= end and outcome.end >= begin for outcome in lost) <= len(load.threads)
    assert [number for number, times in deployment.posts.items() if times > 1] == []
    answered = {outcome.id for outcome in load.outcomes if outcome.method == "POST" and not outcome.failed}
    assert answered - set(deployment.posts) == set()
    assert len({outcome.server for outcome in load.outcomes} - {""}) == REPLACEMENTS + 1
    assert router.servers_of("web") == {f"http://{old.ip()}:8000"}
