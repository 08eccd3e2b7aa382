#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Every file of a compilation database through clang's front end with warnings as errors.

usage: clang.py build/asan/compile_commands.json
"""
import concurrent.futures
import json
import os
import shlex
import subprocess
import sys

# Said by gcc's flags, not by the code.
IGNORED = ["-Wno-unknown-warning-option", "-Wno-unused-command-line-argument"]


def check(entry):
    words = shlex.split(entry["command"])
    if os.path.basename(words[0]) == "ccache":
        words = words[1:]
    compiler = "clang++" if entry["file"].endswith(".cc") else "clang"
    skip_next, kept = False, []
    for word in words[1:]:
        if skip_next or word == "-o":
            skip_next = not skip_next and word == "-o"
        elif not word.startswith("-fsanitize") and not word.startswith("-fno-sanitize"):
            kept.append(word)
    result = subprocess.run([compiler, *kept, "-fsyntax-only", "-Werror", *IGNORED], cwd=entry["directory"],
                            capture_output=True, text=True)
    return result.returncode == 0, result.stderr


def main():
    with open(sys.argv[1]) as file:
        entries = [entry for entry in json.load(file) if "/third_party/" not in entry["file"] and "/usr/" not in entry["file"][:5]]
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for good, text in pool.map(check, entries):
            if not good:
                failed += 1
                print(text)
    print(f"{len(entries) - failed} passed, {failed} failed")
    sys.exit(1 if failed or not entries else 0)


if __name__ == "__main__":
    main()
