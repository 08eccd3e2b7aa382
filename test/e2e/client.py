# SPDX-License-Identifier: MIT
"""A client of the router, and load from several of them."""
import dataclasses
import http.client
import itertools
import json
import threading
import time


@dataclasses.dataclass
class Answer:
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def text(self):
        return self.body.decode("utf-8", "replace")

    def json(self):
        return json.loads(self.body)


def ask(address, path, host=None, method="GET", headers=None, body=None, timeout=10):
    """One request on a connection of its own. `address` is (ip, port); `host` is what the Host header says."""
    connection = http.client.HTTPConnection(*address, timeout=timeout)
    try:
        connection.request(method, path, body=body, headers={**({"Host": host} if host else {}), **(headers or {})})
        response = connection.getresponse()
        return Answer(response.status, response.headers, response.read())
    finally:
        connection.close()


def until(claim, what, within_s=15):
    """Ask until `claim` gives something true, and return that. What it raises meanwhile is shown when time is up."""
    deadline, last = time.monotonic() + within_s, None
    while True:
        try:
            last = claim()
            if last:
                return last
        except (OSError, http.client.HTTPException, ValueError, KeyError) as error:
            last = error
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {within_s} s: {what} (last: {last!r})")
        time.sleep(0.05)


@dataclasses.dataclass
class Outcome:
    start: float  # time.time(), as the engine's own times are
    end: float
    status: int  # 0: no answer
    server: str  # whoami's name
    error: str = ""
    method: str = "GET"
    id: str = ""  # of a POST; no two have the same

    @property
    def failed(self):
        return self.status != 200


class Load:
    """Clients that ask again and again, each on one kept connection and with each method in turn, until stopped. `name` is where
    answers say whose they are."""

    def __init__(self, address, host, path="/", clients=8, methods=("GET",), pause_s=0, name="name"):
        self.address, self.host, self.path, self.methods, self.pause_s = address, host, path, methods, pause_s
        self.name = name
        self.ids = itertools.count(1)
        self.outcomes = []  # list.append is atomic
        self.stopping = threading.Event()
        self.threads = [threading.Thread(target=self._client) for _ in range(clients)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        for thread in self.threads:
            thread.join()

    @property
    def failures(self):
        return [outcome for outcome in self.outcomes if outcome.failed]

    def wait_for_answer_of(self, server, within_s=15):
        begin = len(self.outcomes)
        until(lambda: any(outcome.server == server for outcome in self.outcomes[begin:]), f"an answer of {server}", within_s)

    def wait_for_answers(self, count, within_s=15):
        begin = len(self.outcomes)
        until(lambda: len(self.outcomes) >= begin + count, f"{count} more answers", within_s)

    def _client(self):
        connection = http.client.HTTPConnection(*self.address, timeout=15)
        methods = itertools.cycle(self.methods)
        while not self.stopping.is_set():
            start, status, server, error, method = time.time(), 0, "", "", next(methods)
            number = str(next(self.ids)) if method == "POST" else ""
            try:
                connection.request(method, self.path, body=b"of a POST" if number else None,
                                   headers={"Host": self.host, **({"X-Id": number} if number else {})})
                response = connection.getresponse()
                body, status = response.read(), response.status
                if status == 200:
                    server = json.loads(body)[self.name]
                else:
                    error = body.decode("latin-1")
            except (OSError, http.client.HTTPException, ValueError) as problem:
                status, error = 0, repr(problem)
                connection.close()  # the next request opens it again
            self.outcomes.append(Outcome(start, time.time(), status, server, error, method, number))
            time.sleep(self.pause_s if status else 0.01)
