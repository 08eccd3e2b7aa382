# SPDX-License-Identifier: MIT
"""Chromium, steered from here: see browser.mjs."""
import json
import os
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))
REPO = os.path.dirname(os.path.dirname(HERE))


class Failed(Exception):
    pass


class Browser:
    def __init__(self, modules=os.path.join(REPO, "build", "browser"), shots=os.path.join(REPO, "build", "screenshots")):
        self.shots = shots
        os.makedirs(shots, exist_ok=True)
        self.process = subprocess.Popen(["node", os.path.join(HERE, "browser.mjs"), modules], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)

    def order(self, what, **more):
        try:
            self.process.stdin.write(json.dumps({"do": what, **more}) + "\n")
            self.process.stdin.flush()
            answer = json.loads(self.process.stdout.readline())
        except (OSError, ValueError):
            raise Failed("the browser has ended; what it said is above") from None
        if "failed" in answer:
            raise Failed(answer["failed"])
        return answer["is"]

    def open(self, url, **more):
        self.order("open", url=url, **more)

    def ask(self, js):
        return self.order("ask", js=js)

    def wait(self, js, ms=8000):
        return self.order("wait", js=js, ms=ms)

    def click(self, on):
        self.order("click", on=on)

    def write(self, on, text):
        self.order("write", on=on, text=text)

    def press(self, key):
        self.order("press", key=key)

    def shoot(self, name, whole=False):
        self.order("shoot", path=os.path.join(self.shots, name + ".png"), whole=whole)

    def text(self, element):
        """What a person reads there."""
        return self.ask(f"(document.getElementById('{element}') || {{}}).innerText")

    def wait_text(self, element, part, ms=8000):
        return self.wait(f"document.getElementById('{element}').innerText.includes({json.dumps(part)})", ms)

    def seen(self):
        return self.order("seen")

    def close(self):
        self.process.stdin.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
