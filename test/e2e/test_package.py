# SPDX-License-Identifier: MIT
"""The Debian package: what is in it, and that it comes and goes as packages do."""
import configparser
import glob
import os
import re
import subprocess

import pytest
from engine import BASE_IMAGE, ensure_base_image

REPO = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FILES = ["etc/logrotate.d/waybill", "etc/waybill/waybill.toml", "lib/systemd/system/waybill.service", "usr/bin/waybill",
         "usr/share/bash-completion/completions/waybill", "usr/share/doc/waybill/changelog.gz", "usr/share/doc/waybill/copyright",
         "usr/share/fish/vendor_completions.d/waybill.fish", "usr/share/lintian/overrides/waybill", "usr/share/man/man8/waybill.8.gz",
         "usr/share/zsh/vendor-completions/_waybill"]


def run(*command, cwd=REPO, **options):
    result = subprocess.run(command, cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                            timeout=600, **options)
    assert result.returncode == 0, f"{command}:\n{result.stdout[-3000:]}"
    return result.stdout


@pytest.fixture(scope="module")
def package():
    """Built as a release is; its path."""
    run("cmake", "--preset", "release")
    run("cmake", "--build", "--preset", "release")
    for old in glob.glob(f"{REPO}/build/release/*.deb"):
        os.unlink(old)
    run("cpack", "-G", "DEB", cwd=f"{REPO}/build/release")
    paths = glob.glob(f"{REPO}/build/release/waybill_*.deb")
    assert len(paths) == 1
    return paths[0]


@pytest.fixture(scope="module")
def unpacked(package, tmp_path_factory):
    folder = tmp_path_factory.mktemp("package")
    run("dpkg-deb", "--extract", package, str(folder))
    return folder


def test_it_has_all_its_files_and_no_other(package, unpacked):
    found = sorted(os.path.relpath(os.path.join(place, name), unpacked) for place, _, names in os.walk(unpacked) for name in names)
    assert found == FILES
    assert os.path.isdir(unpacked / "etc/waybill/rules")
    listing = run("dpkg-deb", "--contents", package)
    assert all(line.split()[1] == "root/root" for line in listing.splitlines())
    assert re.search(r"^-rwxr-xr-x .* \./usr/bin/waybill$", listing, re.M)


def test_it_says_what_it_needs(package):
    depends = run("dpkg-deb", "--field", package, "Depends")
    assert all(f"{library} " in depends for library in ("libc6", "libssl3", "libuv1", "libnghttp2-14")) and "adduser" in depends
    assert not re.search("libcurl|libre2|libstdc", depends), "what is linked in is not asked for"
    assert run("dpkg-deb", "--info", package, "conffiles") == "/etc/logrotate.d/waybill\n/etc/waybill/waybill.toml\n"


def test_the_program_starts_with_the_file_it_brings(unpacked):
    """Every option in it is known, and the service's command line names the file."""
    program, static = str(unpacked / "usr/bin/waybill"), str(unpacked / "etc/waybill/waybill.toml")
    assert "Version:" in run(program, "version")
    compose = unpacked / "compose.yaml"
    compose.write_text("services:\n  web:\n    image: web\n    labels: {traefik.port: '80', traefik.frontend.rule: 'Host:a.test'}\n")
    for name in ("as it is", "with docker"):
        said = run(program, "lint", "--strict", str(compose), f"--configFile={static}")
        assert "no option" not in said, f"{name}: {said}"
        with open(static) as file:
            text = file.read()
        with open(static, "w") as file:
            file.write(text.replace("# [docker]", "[docker]").replace("# exposedByDefault", "exposedByDefault"))
        compose.write_text(compose.read_text().replace("labels: {", "labels: {traefik.enable: 'true', "))


def test_the_unit_is_hardened_and_tells_when_it_is_ready(unpacked):
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str
    unit.read(unpacked / "lib/systemd/system/waybill.service")
    service = unit["Service"]
    assert service["Type"] == "notify" and service["User"] == "waybill"
    assert service["ExecStart"] == "/usr/bin/waybill --configFile=/etc/waybill/waybill.toml"
    assert service["CapabilityBoundingSet"] == service["AmbientCapabilities"] == "CAP_NET_BIND_SERVICE"
    for option in ("NoNewPrivileges", "ProtectHome", "PrivateTmp", "PrivateDevices", "ProtectKernelTunables", "RestrictNamespaces",
                   "MemoryDenyWriteExecute", "LockPersonality", "RestrictSUIDSGID"):
        assert service[option] == "yes", option
    assert service["ProtectSystem"] == "strict"


def flags_of(program):
    """As --help lists them: those that work."""
    text = run(program, "--help").split("Keys of an entrypoint")[0]
    return re.findall(r"^ +(?:-\w, )?--([A-Za-z][\w.]*)", text, re.M)


def test_manual_and_completions_know_every_flag(unpacked):
    flags = flags_of(str(unpacked / "usr/bin/waybill"))
    assert len(flags) > 80
    manual = run("gzip", "-dc", str(unpacked / "usr/share/man/man8/waybill.8.gz")).replace("\\-", "-")
    bash = (unpacked / "usr/share/bash-completion/completions/waybill").read_text()
    zsh = (unpacked / "usr/share/zsh/vendor-completions/_waybill").read_text()
    fish = (unpacked / "usr/share/fish/vendor_completions.d/waybill.fish").read_text()
    for flag in flags:
        assert f"--{flag}" in manual, flag
        assert re.search(rf"[ ']--{re.escape(flag)}=?[ ']", bash), flag
        assert flag == "help" or f"'*--{flag}" in zsh, flag
        assert f" -l {flag} " in fish, flag
    assert set(re.findall(r"^\.(\w+)", manual, re.M)) <= {"TH", "SH", "SS", "TP", "B", "BR", "IR", "br", "PP", "nf", "fi"}


@pytest.mark.parametrize("words, place, wanted", [
    (["waybill", "--docker.exposedB"], 1, "--docker.exposedByDefault"),
    (["waybill", "--configF"], 1, "--configFile="),
    (["waybill", "ex"], 1, "explain"),
    (["waybill", "lint", "--str"], 2, "--strict"),
    (["waybill", "why", "--configF"], 2, "--configFile="),
    (["waybill", "completion", "z"], 2, "zsh"),
    (["waybill", "--logLevel", "=", "IN"], 3, "INFO"),
    (["waybill", "--accessLog.format", "="], 2, "common json"),
])
def test_bash_completes(unpacked, words, place, wanted):
    script = (f"compopt() {{ :; }}; source {unpacked}/usr/share/bash-completion/completions/waybill; "
              f"COMP_WORDS=({' '.join(words)}); COMP_CWORD={place}; _waybill; echo \"${{COMPREPLY[@]}}\"")
    assert run("bash", "-c", script) == wanted + "\n"


def test_it_installs_keeps_what_was_changed_and_goes(engine, package):
    """In a container that has nothing of what it depends on, which therefore is not asked for."""
    ensure_base_image(engine)
    script = """
        set -e
        dpkg -i --force-depends /p.deb
        getent passwd waybill | grep -q nologin
        test "$(stat -c %a /usr/bin/waybill)" = 755
        echo '# mine' >> /etc/waybill/waybill.toml
        dpkg -i --force-depends --force-confold /p.deb
        grep -q mine /etc/waybill/waybill.toml
        dpkg -r waybill
        grep -q mine /etc/waybill/waybill.toml
        test ! -e /usr/bin/waybill
        dpkg -P waybill
        test ! -e /etc/waybill/waybill.toml
        echo it came and went
    """
    said = engine.docker("run", "--rm", "--network", "none", "-v", f"{package}:/p.deb:ro", BASE_IMAGE, "sh", "-c", script)
    assert "it came and went" in said
