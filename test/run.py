#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Everything `./dev test` runs, stage by stage; the last line is the sum, `N passed, N failed`.

usage: ./dev test [STAGE ...]     (default: all of them, in the order of STAGES at the end of this file)

A stage that cannot run is a failure, never a skip. What each stage printed is in build/logs/STAGE.log.
"""
import concurrent.futures
import glob
import json
import os
import re
import shutil
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree

REPO = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
LOGS = os.path.join(REPO, "build", "logs")
STAGE_LIMIT_S = 900
TALLY = re.compile(r"^(\d+) passed, (\d+) failed", re.M)


class Log:
    """Where one stage's programs write."""

    def __init__(self, name):
        self.path = os.path.join(LOGS, name + ".log")
        self.file = open(self.path, "w")

    def run(self, *command, **environment):
        """Run a program from the top of the tree; true when it ends well."""
        self.file.write("$ " + " ".join(command) + "\n")
        self.file.flush()
        try:
            return subprocess.run(command, cwd=REPO, env={**os.environ, **environment}, stdin=subprocess.DEVNULL,
                                  stdout=self.file, stderr=subprocess.STDOUT, timeout=STAGE_LIMIT_S).returncode == 0
        except (OSError, subprocess.TimeoutExpired) as error:
            self.file.write(f"{error}\n")
            return False

    def text(self):
        self.file.flush()
        with open(self.path, errors="replace") as file:
            return file.read()


def tally_of_script(log, *command, **environment):
    """The counts in the last `N passed, N failed` a script prints; a script that ends badly has failed, whatever it says."""
    before = len(log.text())
    ended_well = log.run(*command, **environment)
    counts = TALLY.findall(log.text()[before:])
    passed, failed = map(int, counts[-1]) if counts else (0, 1)
    return passed, failed if ended_well else max(failed, 1)


def tally_of_ctest(path):
    """Every case inside a cmocka program counts; any other program counts as one."""
    passed = failed = 0
    for test in ElementTree.parse(path).getroot().iter("testcase"):
        output = test.findtext("system-out") or ""
        cases = len(re.findall(r"^\[ +OK +\] ", output, re.M))
        if test.get("status") == "run":
            passed += max(cases, 1)
        else:
            broken = re.search(r"(\d+) FAILED TEST", output)
            passed += cases
            failed += int(broken.group(1)) if broken else 1
    return passed, failed


def tally_of_pytest(path):
    suite = ElementTree.parse(path).getroot().find("testsuite")
    # A skip is a test that did not run.
    failed = sum(int(suite.get(kind)) for kind in ("failures", "errors", "skipped"))
    return int(suite.get("tests")) - failed, failed


def build(log, preset, *options, targets=()):
    return log.run("cmake", "--preset", preset, *options) and \
        log.run("cmake", "--build", "--preset", preset, *(["--target", *targets] if targets else []))


def ctest(log, preset, *options, targets=()):
    """Build a preset and run its tests, without address randomisation: the sanitizers of gcc 12 want the old layout."""
    if not build(log, preset, "-DWB_WERROR=ON", targets=targets):
        return 0, 1
    report = os.path.join(LOGS, f"ctest-{preset}.xml")
    if os.path.exists(report):
        os.unlink(report)
    steady = ["setarch", "-R"] if subprocess.run(["setarch", "-R", "true"], capture_output=True).returncode == 0 else []
    ended_well = log.run(*steady, "ctest", "--test-dir", f"build/{preset}", "-j2", "--output-on-failure", "--no-tests=error",
                         "--output-junit", report, "--test-output-size-passed", "1000000",
                         "--test-output-size-failed", "1000000", *options)
    if not os.path.exists(report):
        return 0, 1
    passed, failed = tally_of_ctest(report)
    return passed, failed if ended_well else max(failed, 1)


def stage_lint(log):
    return tally_of_script(log, sys.executable, "test/lint/layers.py")


def stage_format(log):
    """Each file that clang-format would change is a failure."""
    files = [file for kind in ("*.c", "*.h", "*.cc") for folder in ("src", "include", "test")
             for file in glob.glob(f"{REPO}/{folder}/**/{kind}", recursive=True)]
    log.run("clang-format", "--dry-run", "--ferror-limit=1", *files)
    bad = set(re.findall(r"^(\S+?):\d+:\d+: (?:warning|error): code should be clang-formatted", log.text(), re.M))
    return len(files) - len(bad), len(bad)


def stage_asan(log):
    return ctest(log, "asan")


def stage_tsan(log):
    return ctest(log, "tsan", "-L", "unit|sim")


def stage_plain(log):
    """Only without sanitizers do arenas and stocks use memory again, and does the size of the heap say something."""
    return ctest(log, "debug", "-R", r"^(unit\.base\.memory|unit\.route\.scale|unit\.control\.reload_under_load|sim\.(pressure|reload|answers))$",
                 targets=("unit_base_memory", "unit_route_scale", "unit_control_reload_under_load", "sim_pressure", "sim_reload", "sim_answers"))


def stage_clang(log):
    """The second compiler: no warning from it either. Only the front end runs, on the commands of the asan build."""
    return tally_of_script(log, sys.executable, "test/lint/clang.py", "build/asan/compile_commands.json")


# What of the libraries is in it that the other builds load (WB_LEAN), and what those were told not to do: libcurl to engines and
# receivers, RE2, libyaml, brotli.
LINKED_OTHERWISE = {"k_engine": "^(by_|another_|wrong_ca|no_tls_there|refused_)", "r_metrics": "", "p_regex": "", "l_lint": "",
                    "f_responses": "^brotli"}
# Of an idle router. It is 6.1 MiB on the machine this was written on; other libraries and more processors may take more.
IDLE_BARS = ["--starts", "5", "--memory-bar", str(8 * 1024), "--time-bar", "100"]


def stage_release(log):
    """The program as it is shipped, with 100,000 frontends: only here do sizes and times mean what they say."""
    if not build(log, "release"):
        return 0, 1
    passed, failed = 1, 0
    for words in (["test/bench/scale.py", "--check"], ["test/bench/cost.py", *IDLE_BARS]):
        more, bad = tally_of_script(log, sys.executable, *words)
        passed, failed = passed + more, failed + bad
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        runs = [pool.submit(run_conformance_script, f"test/conformance/{name}.py", "release", ONLY=only)
                for name, only in LINKED_OTHERWISE.items()]
    for run in runs:
        more, bad, _, text = run.result()
        log.file.write(text)
        passed, failed = passed + more, failed + bad + (more == 0)
    return passed, failed


def run_conformance_script(script, preset="asan", **environment):
    """Its counts, seconds and what it printed. Each has ports, folders and a router of its own."""
    name, start = os.path.basename(script), time.monotonic()
    log = Log(f"{'conformance' if preset == 'asan' else preset}-{name.removesuffix('.py')}")
    passed, failed = tally_of_script(log, sys.executable, script, WAYBILL=f"{REPO}/build/{preset}/waybill",
                                     WAYBILL_BUILD=f"{REPO}/build/{preset}", **environment)
    return passed, failed, time.monotonic() - start, log.text()


def stage_conformance(log):
    """Raw bytes in, raw bytes out, against the program with the sanitizers in it; two scripts at a time, as most of them wait."""
    passed = failed = 0
    scripts = sorted(glob.glob(f"{REPO}/test/conformance/[!_]*.py"))
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        results = dict(zip(scripts, pool.map(run_conformance_script, scripts)))
    # What failed comes last: the end of the log is what is shown.
    for script, (more, bad, seconds, text) in sorted(results.items(), key=lambda item: item[1][1]):
        log.file.write(f"{text}{os.path.basename(script)}: {more} passed, {bad} failed in {seconds:.0f} s\n")
        passed, failed = passed + more, failed + bad
    return passed, failed + (not scripts)


def stage_browser(log):
    """The dashboard as people see it, whose pictures stay in build/screenshots; and WebSockets as browsers open them."""
    modules = os.path.join(REPO, "build", "browser")
    os.makedirs(modules, exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(f"{REPO}/test/browser/{name}", modules)
    wanted = json.load(open(f"{modules}/package.json"))["dependencies"]
    if not all(os.path.isdir(f"{modules}/node_modules/{name}") for name in wanted) and \
            not log.run("npm", "ci", "--no-audit", "--no-fund", "--prefix", modules):
        return 0, 1
    counts = [tally_of_script(log, sys.executable, f"test/browser/{script}.py", WAYBILL=f"{REPO}/build/asan/waybill")
              for script in ("sockets", "dashboard")]
    return tuple(map(sum, zip(*counts)))


def stage_e2e(log):
    report = os.path.join(LOGS, "pytest.xml")
    if os.path.exists(report):
        os.unlink(report)
    ended_well = log.run(sys.executable, "-m", "pytest", "-v", "--durations=0", f"--junitxml={report}", "test/e2e")
    if not os.path.exists(report):
        return 0, 1
    passed, failed = tally_of_pytest(report)
    return passed, failed if ended_well else max(failed, 1)


STAGES = {
    "lint": stage_lint,
    "format": stage_format,
    "asan": stage_asan,
    "clang": stage_clang,
    "conformance": stage_conformance,
    "browser": stage_browser,
    "tsan": stage_tsan,
    "plain": stage_plain,
    "release": stage_release,
    "e2e": stage_e2e,
}


def main():
    names = sys.argv[1:] or list(STAGES)
    unknown = [name for name in names if name not in STAGES]
    if unknown:
        sys.exit(f"no such stage: {unknown[0]} (there are {', '.join(STAGES)})")
    os.makedirs(LOGS, exist_ok=True)
    begin = time.monotonic()
    total_passed = total_failed = 0
    for name in names:
        start = time.monotonic()
        print(f"{start - begin:5.0f} s  {name} ...", flush=True)
        log = Log(name)
        try:
            passed, failed = STAGES[name](log)
        except Exception as error:  # a stage that breaks is a failure of that stage; the others still run
            log.file.write(f"{type(error).__name__}: {error}\n")
            passed, failed = 0, 1
        total_passed, total_failed = total_passed + passed, total_failed + failed
        if failed:
            print("\n".join(log.text().splitlines()[-120:]))
        print(f"         {name}: {passed} passed, {failed} failed in {time.monotonic() - start:.0f} s", flush=True)
    print(f"{time.monotonic() - begin:5.0f} s  all stages")
    print(f"{total_passed} passed, {total_failed} failed", flush=True)
    sys.exit(1 if total_failed else 0)


if __name__ == "__main__":
    main()
