#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""h2spec (github.com/summerwind/h2spec), strict, on TLS and in clear, before every sort of route: all of its cases pass.

It is no package of Debian's: CONTRIBUTING.md says how to build it. Without it (PATH, or $H2SPEC) nothing is looked at.
"""
import shutil
import xml.etree.ElementTree as ElementTree

from _certificates import *
from _h2_origin import H2Origin
from _lib import *

CASES = 147  # of h2spec 2.6.0
AGAIN = 5
ROUTES = {"plain": "", "login": 'auth.basic.users = ["ann:$apr1$H6uskkkW$NNBs2U5LAblMB3OM9KekS/"]',
          "asked": 'auth.forward.address = "http://127.0.0.1:<other>/yes"',
          "collected": "", "h2c": "", "marked": "", "paged": "", "down": ""}
BACKENDS = {"h2c": "h2c", "collected": "collected", "down": "refusing"}
RULES_OF_ROUTES = "".join(f"""
[frontends.{name}]
backend = "{BACKENDS.get(name, 'main')}"
{rest}
[frontends.{name}.routes.r]
rule = "PathPrefix:/{name}"
""" for name, rest in ROUTES.items())


def rules(h2c_port):
    return f"""
[backends.h2c.servers.s]
url = "h2c://127.0.0.1:{h2c_port}"
[backends.collected.servers.s]
url = "http://127.0.0.1:<main>"
[backends.collected.buffering]
maxRequestBodyBytes = 1000000
maxResponseBodyBytes = 1000000
retryExpression = "IsNetworkError() && Attempts() < 2"
{RULES_OF_ROUTES}
[frontends.marked.headers]
frameDeny = true
[frontends.marked.headers.customResponseHeaders]
X-Mark = "m"
[frontends.paged.errors.e]
status = ["200-299"]
backend = "other"
query = "/page"
"""


def run_cases(program, sections, *options):
    """Their number, and those that failed: section -> what was wrong with them."""
    report = path_of("h2spec.xml")
    if os.path.exists(report):
        os.unlink(report)
    subprocess.run([program, *sections, "-S", "-o", "2", "-j", report, *options], stdin=subprocess.DEVNULL, capture_output=True, timeout=120)
    cases = [case for suite in ElementTree.parse(report).getroot() for case in suite.iter("testcase")]
    bad = {}
    for case in cases:
        if list(case):
            text = "".join(part.text or "" for part in case)
            bad.setdefault(case.get("package"), []).append(f"{case.get('package')} {case.get('classname')}: {text}")
    return len(cases), bad


def h2spec(program, *options):
    """What is answered at once may be closed by us before the next frame is here, which must be ignored then (RFC 9113 5.1): such
    a race is run again."""
    count, bad = run_cases(program, (), *options)
    expect(count == CASES, count, "cases")
    for _ in range(AGAIN):
        if not bad:
            return
        bad = run_cases(program, sorted(bad), *options)[1]
    expect(not bad, "\n".join(text for texts in bad.values() for text in texts))


def main():
    program = os.environ.get("H2SPEC") or shutil.which("h2spec")
    if not program:
        print("h2spec is not installed: CONTRIBUTING.md says how to build it\n0 passed, 0 failed")
        return
    make_ca("ca")
    make_certificate("server", "ca", "DNS:localhost")
    secure = free_port()
    h2c = H2Origin("h2c")
    world = World(ORIGINS, RULES + rules(h2c.port), "--defaultEntryPoints=http,https", f"--entryPoints=Name:https Address:127.0.0.1:{secure} "
                  f"TLS:{path_of('server.pem')},{path_of('server.key')} Compress:true")
    for route in ROUTES:
        attempt(f"in clear, {route}", h2spec, program, "-P", f"/{route}/", "-p", str(world.port))
        attempt(f"over TLS, {route}", h2spec, program, "-P", f"/{route}/", "-p", str(secure), "-t", "-k")
    finish(world)


main()
