#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The rules of the house that a machine can check. Each file is one test; a warning fails nothing.

Ranks and third-party headers are those of ARCHITECTURE.md: a file includes its own module and lower ranks only, and a
library's headers stay where TERRITORY puts them. Besides: licence line, length, names, and that every header stands alone.
"""
import concurrent.futures
import os
import re
import subprocess
import sys

REPO = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

RANKS = {
    "base": 1,
    "net": 2, "http": 2, "toml": 2, "yaml": 2, "render": 2, "callout": 2, "model": 2,
    "route": 3,
    "upstream": 4,
    "exchange": 5,
    "entry": 6,
    "worker": 7,
    "provider": 8, "control": 8, "telemetry": 8, "admin": 8,
    "settings": 9,
    "command": 10,
    "main": 11,
}

# A library's headers, and the paths that may include them.
TERRITORY = [
    (r"openssl/(evp|sha|md5)\.h", [r"src/base/digest\.c", r"src/net/"]),
    (r"openssl/(err|pem|x509)\.h", [r"src/callout/credentials\.c", r"src/net/"]),
    (r"openssl/.*", [r"src/net/"]),
    (r"uv\.h|uv/.*", [r"src/net/"]),
    (r"ares.*\.h", [r"src/net/"]),
    (r"llhttp\.h", [r"src/http/"]),
    (r"nghttp2/.*", [r"src/http/"]),
    (r"curl/.*", [r"src/callout/"]),
    (r"(cjson/)?cJSON\.h", [r"src/model/", r"src/provider/", r"src/admin/"]),
    (r"yaml\.h", [r"src/yaml/"]),
    (r"re2/.*", [r"src/route/[a-z0-9_]+\.cc"]),
    (r"zlib\.h|brotli/.*|crypt\.h", [r"src/exchange/"]),
    (r"cmocka\.h", [r"test/"]),
]

# What the C library and the kernel bring; anything else in <> must have a territory.
PLATFORM = set("""
assert ctype errno float inttypes limits locale math setjmp signal stdarg stdatomic stdbool stddef stdint stdio stdlib
stdnoreturn string strings threads time unistd fcntl dirent endian fnmatch glob getopt libgen netdb poll pthread sched spawn
syslog termios ftw ucontext uchar wchar malloc alloca execinfo ifaddrs pwd grp link elf regex semaphore
""".split())
PLATFORM_FOLDERS = ("sys/", "net/", "netinet/", "arpa/", "linux/", "sanitizer/")
CXX_HEADERS = re.compile(r"[a-z_]+")  # <memory>, <string>: only in .cc

BANNED_WORDS = {"handler", "manager", "data", "info", "ctx", "process", "tmp"}
# Names that others gave: a library's own, or a log level.
FOREIGN_NAME = re.compile(r"^(uv|ssl|evp|x509|bio|asn1|ocsp|curl|nghttp2|ares|llhttp|cjson|crypt|re2|epoll|sig|lws|brotli|crypto|hmac|sa|si)_"
                          r"|^(llhttp|cJSON|CURL|SSL|EVP|X509|BIO|HPE|HTTP)|(^|_)log_info$", re.I)
FOREIGN_MEMBERS = {"data", "sock_state_cb_data"}  # the slot for the owner of libuv, llhttp and epoll (x->data), and c-ares

MAX_LINES, WARN_LINES, WARN_HEADER_LINES = 800, 500, 150

COMMENT_OR_TEXT = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.M)


def blank(match):
    """Comments and texts become empty lines, so that line numbers stay."""
    return "\n" * match.group().count("\n") or " "


def module_of(path):
    """src/http/uri.c, include/waybill/http/uri.h -> http; a test has none."""
    parts = path.split("/")
    if parts[0] == "src":
        return parts[1]
    if parts[:2] == ["include", "waybill"]:
        return parts[2]
    return None


def check_waybill_include(path, target):
    module, other = module_of(path), target.split("/")[1]
    if other not in RANKS:
        return f"{target}: no such module"
    if module and other != module and RANKS[other] >= RANKS[module]:
        return f"{module} (rank {RANKS[module]}) includes {target} (rank {RANKS[other]})"
    if not os.path.exists(f"{REPO}/include/{target}"):
        return f"{target}: no such header"
    return None


def check_outside_include(path, target):
    for pattern, places in TERRITORY:
        if re.fullmatch(pattern, target):
            if any(re.match(place, path) for place in places) or path.startswith("test/"):
                return None
            return f"<{target}> is only for {', '.join(places)}".replace("\\", "")
    if target.removesuffix(".h") in PLATFORM and target.endswith(".h") or target.startswith(PLATFORM_FOLDERS):
        return None
    if path.endswith(".cc") and CXX_HEADERS.fullmatch(target):
        return None
    return f"<{target}>: which library is that? Give it a territory in {os.path.basename(__file__)}"


def check_includes(path, text):
    for bracket, target in INCLUDE.findall(text):
        if target.startswith("waybill/"):
            problem = check_waybill_include(path, target)
        elif bracket == "<" or any(re.fullmatch(pattern, target) for pattern, _ in TERRITORY):
            problem = check_outside_include(path, target)
            if problem is None and path.startswith("include/") and any(re.fullmatch(p, target) for p, _ in TERRITORY):
                problem = f"a public header includes <{target}>"
        elif target.startswith("../") and not path.startswith("test/"):
            problem = f'"{target}": a path upwards; a module sees another by its public headers'
        elif path.startswith("test/"):
            problem = None
        else:
            problem = check_private_include(path, target)
        if problem:
            yield problem


def check_private_include(path, target):
    if path.startswith("include/"):
        return f'"{target}": a public header includes a private one'
    folders = (os.path.dirname(path), f"src/{module_of(path)}")
    if not any(os.path.exists(f"{REPO}/{folder}/{target}") for folder in folders):
        return f'"{target}" is not a private header of {module_of(path)}'
    return None


def check_words(path, text):
    if path.startswith("test/bench/"):
        return
    code = COMMENT_OR_TEXT.sub(blank, text)
    for number, line in enumerate(code.split("\n"), 1):
        if line.lstrip().startswith("#include"):
            continue
        for match in re.finditer(r"(->|\.)?\s*\b([A-Za-z_][A-Za-z0-9_]*)\b", line):
            member, name = match.groups()
            if FOREIGN_NAME.search(name) or member and name in FOREIGN_MEMBERS:
                continue
            words = name.lower().split("_")
            bad = BANNED_WORDS.intersection(words) or ({"do_"} if len(words) > 1 and words[0] == "do" else None)
            if bad:
                yield f"line {number}: {name} has the word {bad.pop()}"
        if re.match(r"\s*typedef\b", line) and "_fn" not in line and "wb_err" not in line:
            yield f"line {number}: a typedef"


def check_form(path, text):
    lines = text.count("\n")
    if not text.startswith(("/* SPDX-License-Identifier: MIT */\n", "// SPDX-License-Identifier: MIT\n")):
        yield "the first line is not the SPDX line"
    if lines > MAX_LINES:
        yield f"{lines} lines; at most {MAX_LINES}"
    if path.startswith("include/") and "#pragma once" not in text:
        yield "no #pragma once"
    if not text.endswith("\n"):
        yield "no line end at the end"


def warnings(path, text):
    lines = text.count("\n")
    if WARN_LINES < lines <= MAX_LINES:
        yield f"{lines} lines; over {WARN_LINES} is a sign of two things in one"
    if path.startswith("include/") and lines > WARN_HEADER_LINES:
        yield f"{lines} lines; a header of over {WARN_HEADER_LINES} is two modules"


def check_script(path, text):
    if "SPDX-License-Identifier: MIT" not in "\n".join(text.split("\n")[:3]):
        yield "no SPDX line at the top"


def header_stands_alone(path):
    module = module_of(path)
    command = ["gcc", "-std=c17", "-fsyntax-only", "-Wall", "-Wextra", "-Werror", "-D_GNU_SOURCE", "-Iinclude",
               f"-Isrc/{module}", "-include", path, "-x", "c", "/dev/null"]
    result = subprocess.run(command, cwd=REPO, capture_output=True, text=True)
    return path, None if result.returncode == 0 else "does not compile alone:\n" + result.stderr


def files(folders, suffixes):
    for folder in folders:
        for place, _, names in sorted(os.walk(f"{REPO}/{folder}")):
            for name in sorted(names):
                if name.endswith(suffixes) and "/corpus/" not in place and "/__pycache__" not in place:
                    yield os.path.relpath(os.path.join(place, name), REPO)


def read(path):
    with open(f"{REPO}/{path}", encoding="utf-8") as file:
        return file.read()


def main():
    passed = failed = 0

    def count(path, problems):
        nonlocal passed, failed
        for problem in problems:
            print(f"{path}: {problem}")
        passed, failed = passed + (not problems), failed + bool(problems)

    for path in files(["include", "src", "test"], (".c", ".h", ".cc")):
        text = read(path)
        for warning in warnings(path, text):
            print(f"{path}: warning: {warning}")
        count(path, [*check_form(path, text), *check_includes(path, text), *check_words(path, text)])

    scripts = [*files(["test", "examples", ".ci"], (".py", ".sh", ".R", ".yaml", "Dockerfile", "run")), "dev", "Dockerfile",
               "docker-compose.yaml"]
    for path in dict.fromkeys(scripts):
        count(path, list(check_script(path, read(path))))

    headers = [path for path in files(["include", "src"], (".h",))]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for path, problem in pool.map(header_stands_alone, headers):
            count(path, [problem] if problem else [])

    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
