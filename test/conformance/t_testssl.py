#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What testssl.sh finds on an entrypoint with default settings: nothing above LOW (security case T6).

A whole run takes minutes; this one looks at what settings decide. Without testssl.sh nothing is looked at:
`./dev setup` installs it.
"""
import json
import shutil

from _certificates import *
from _lib import *

# Protocols, kinds of ciphers, then renegotiation, CRIME, BEAST, LUCKY13, RC4, SWEET32, POODLE, DROWN, LOGJAM, FREAK. What is a matter
# of the library alone is left out: each look costs a second.
LOOKS_AT = ("-p", "-s", "-R", "-C", "-A", "-L", "-4", "-W", "-O", "-D", "-J", "-F")
MILD = {"OK", "INFO", "LOW", "DEBUG"}
OF_THE_TOOL = {"engine_problem", "scanTime"}  # says nothing of us


def listening(port):
    try:
        socket.create_connection(("127.0.0.1", port)).close()
        return True
    except OSError:
        return False


def findings(port):
    out = path_of("findings.json")
    done = subprocess.run(["testssl", "--quiet", "--color", "0", "--warnings", "off", "--jsonfile", out, *LOOKS_AT, "--ip",
                           "127.0.0.1", f"localhost:{port}"], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=300, cwd=folder.name)
    with open(out) as file:
        found = json.load(file)
    expect(len(found) > 25, "it has looked at little:", done.stdout[-2000:])
    return found


def judge(found):
    bad = [f"{f['id']}: {f['severity']}: {f['finding']}" for f in found
           if f["severity"] not in MILD and f["id"] not in OF_THE_TOOL]
    expect(not bad, "\n".join(bad))
    for version in ("SSLv2", "SSLv3", "TLS1", "TLS1_1"):
        expect([f for f in found if f["id"] == version and f["finding"].startswith("not offered")], version, "is offered")


def main():
    if not shutil.which("testssl"):
        print("testssl.sh is not installed: ./dev setup installs it\n0 passed, 0 failed")
        return
    make_ca("ca")
    make_certificate("server", "ca", "DNS:localhost")
    port = free_port()
    router = subprocess.Popen([os.environ.get("WAYBILL", "build/asan/waybill"), "--ping", "--ping.entryPoint=https",
                               f"--entryPoints=Name:https Address:127.0.0.1:{port} "
                               f"TLS:{path_of('server.pem')},{path_of('server.key')}"], stdin=subprocess.DEVNULL)
    end = time.monotonic() + 20
    while not listening(port) and time.monotonic() < end:
        time.sleep(0.05)
    attempt("nothing above LOW", lambda: judge(findings(port)))
    router.terminate()
    attempt("the router ends well", lambda: expect(router.wait(20) == 0))
    finish()


main()
