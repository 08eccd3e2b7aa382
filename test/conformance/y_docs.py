#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The examples of docs/*.md are true: each fenced block is given to the program as what it says it is.

    ```yaml   a compose file (with `services:`), or the labels of one service: `waybill lint --strict` finds nothing
    ```toml   a static file, unless ...
    ```rules  ... it is a file of rules: a router that reads it has no word of warning
    ```flags  the words of a command line, one or more a line

FILE stands for a file that is there, KEY for a password's hash, CERT and PRIVATE for a certificate and its key. A comment says what
may be said of an example: `# warned about`, or `# needs ...` for what another part must be there for. Links lead somewhere.
"""
import glob
import shlex

from _certificates import *
from _lib import *

PROGRAM = os.path.abspath(os.environ.get("WAYBILL", "build/asan/waybill"))
DOCS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "docs")
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.M | re.S)
KINDS = ("yaml", "toml", "rules", "flags", "sh", "text", "json")
EMPTY = "services:\n  web:\n    image: web\n    labels: {traefik.port: '80', traefik.frontend.rule: 'Host:a.test'}\n"
# What may be said of an example that is right: the flag is accepted, and does nothing.
HARMLESS = re.compile(r"has no effect: |is deprecated|SECURITY: ")


def pages():
    return sorted(glob.glob(f"{DOCS}/*.md"))


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def compose_of(labels):
    """One service with these labels; what it is not about has a value that works."""
    service = "services:\n  web:\n    image: web\n    labels:\n" + "".join(f"      {line}\n" for line in labels.splitlines())
    if not re.search(r"^traefik\.(\w+\.)?port:", labels, re.M):
        service += "      traefik.port: '80'\n"
    if not re.search(r"^traefik\.(\w+\.)?frontend\.(\w+\.)?rule:", labels, re.M):
        service += "      traefik.frontend.rule: 'Host:a.test'\n"
    return service


def lint(folder, compose, *words):
    path = os.path.join(folder, "compose.yaml")
    with open(path, "w") as file:
        file.write(compose)
    result = subprocess.run([PROGRAM, "lint", "--strict", path, *words], cwd=folder, stdin=subprocess.DEVNULL, capture_output=True,
                            text=True, timeout=30)
    return result.returncode, result.stdout + result.stderr


def check_yaml(folder, text):
    status, said = lint(folder, text if re.search(r"^services:", text, re.M) else compose_of(text),
                        "--entryPoints=Name:http Address::80", "--entryPoints=Name:https Address::443")
    if "# needs " in text:
        expect(not re.search(r"did you mean|is no label|not known", said) and status in (0, 1), said)
    else:
        expect(re.search(r"^0 errors, [1-9]", said, re.M) if "# warned about" in text else status == 0, said)


def runs_quietly(folder, *words):
    """The router starts with these words and has nothing to say against them."""
    port = free_port()
    log_path = os.path.join(folder, "log")
    ports = ["--entryPoints=Name:http Address:127.0.0.1:0", "--entryPoints=Name:https Address:127.0.0.1:0 TLS"]
    with open(log_path, "w") as log:
        process = subprocess.Popen([PROGRAM, "--logLevel=INFO", *words, *ports, "--api", "--api.entryPoint=docs",
                                    f"--entryPoints=Name:docs Address:127.0.0.1:{port}"],
                                   cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    end = time.monotonic() + 15
    while process.poll() is None and time.monotonic() < end and "published" not in read(log_path):
        time.sleep(0.01)
    time.sleep(0.05)
    ran = process.poll() is None
    if ran:
        process.terminate()
    process.wait(20)
    bad = [line for line in read(log_path).splitlines()
           if not re.search(r"level=(info|debug)", line) and not HARMLESS.search(line)]
    expect(ran and not bad, "\n".join(bad) or read(log_path))


def check_settings(text, folder, *words):
    """Read as the router reads them, with what there is to note: lint shows neither, a router that starts does."""
    result = subprocess.run([PROGRAM, "healthcheck", *words], cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                            timeout=30)
    said = result.stdout + result.stderr
    if "# needs " in text and "is not in this version of Waybill" in said:
        return
    expect(re.match(r"(OK: |Error calling healthcheck: |Bad healthcheck status)", said), said)


def check_toml(folder, text):
    path = os.path.join(folder, "static.toml")
    with open(path, "w") as file:
        file.write(text)
    check_settings(text, folder, f"--configFile={path}")
    status, said = lint(folder, EMPTY, f"--configFile={path}")
    expect("there is no option" not in said and status in (0, 1), said)


def check_flags(folder, text):
    words = [word for line in text.splitlines() for word in shlex.split(line, comments=True)]
    check_settings(text, folder, f"--configFile={os.devnull}", *words)


def collect_rules(texts):
    """All of them are read by one router, from a folder."""
    with tempfile.TemporaryDirectory(prefix="docs.") as folder:
        prepare(folder)
        rules = os.path.join(folder, "rules")
        os.mkdir(rules)
        for number, text in enumerate(texts):
            with open(f"{rules}/{number:03}.toml", "w") as file:
                file.write(filled(folder, text))
        runs_quietly(folder, f"--file.directory={rules}")


def prepare(folder):
    for name in ("FILE",):
        with open(os.path.join(folder, name), "w") as file:
            file.write("test:$apr1$H6uskkkW$IgXLP6ewTrSuBkTrqE8wj/\n")


def filled(folder, text):
    text = re.sub(r"\bCERT\b", lambda _: path_of("docs.pem"), text)
    text = re.sub(r"\bPRIVATE\b", lambda _: path_of("docs.key"), text)
    dollar = "$$" if "traefik." in text and "rule =" not in text else "$"  # in a compose file
    return text.replace("FILE", os.path.join(folder, "FILE")).replace("KEY", "$apr1$H6uskkkW$IgXLP6ewTrSuBkTrqE8wj/".replace("$", dollar))


def check_block(kind, text):
    with tempfile.TemporaryDirectory(prefix="docs.") as folder:
        prepare(folder)
        text = filled(folder, text)
        {"yaml": check_yaml, "toml": check_toml, "flags": check_flags}[kind](folder, text)


def check_links(path, text):
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", text):
        expect("://" not in target and os.path.exists(os.path.join(os.path.dirname(path), target)), f"{target} is not there")


if __name__ == "__main__":
    make_ca("docs")
    rules = []
    for path in pages():
        text, name = read(path), os.path.basename(path)
        attempt(f"{name}: links", check_links, path, text)
        attempt(f"{name}: fences", lambda: expect(text.count("\n```") % 2 == 0 and all(k in KINDS for k, _ in BLOCK.findall(text))))
        for number, (kind, block) in enumerate(BLOCK.findall(text), 1):
            if kind == "rules":
                rules.append(block)
            elif kind in ("yaml", "toml", "flags"):
                attempt(f"{name}, example {number} ({kind}):\n{block}", check_block, kind, block)
    attempt("files of rules", collect_rules, rules)
    finish()
