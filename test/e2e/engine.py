#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A real Docker engine for the tests and for `./dev demo`.

An engine that answers is used: $DOCKER_HOST, /var/run/docker.sock, or one that an earlier run left in FOLDER. Else dockerd
is started, with everything it owns in FOLDER, outside the tree; there its images are kept from one run to the next.

    engine.py start      make sure that one answers; print the shell line that sets DOCKER_HOST and DOCKER_SOCKET
    engine.py images     build the images of the example in it
    engine.py stop       stop the engine in FOLDER, if one was started there
"""
import contextlib
import glob
import json
import os
import shutil
import signal
import subprocess
import sys
import time

REPO = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FOLDER = os.environ.get("WAYBILL_DEV_FOLDER", "/var/lib/waybill-dev")
BASE_IMAGE = "debian:bookworm-slim"
EXAMPLE = os.path.join(REPO, "examples", "forward-auth")
EXAMPLE_SERVICES = ("pybackend", "rbackend", "auth")
ROUTER_IMAGE = os.environ.get("WAYBILL_IMAGE", "waybill")  # one that is given is used as it is
WHOAMI_IMAGE = f"{ROUTER_IMAGE}-e2e-whoami"
SWARM_EXAMPLE = os.path.join(REPO, "examples", "swarm")
MONITORING_EXAMPLE = os.path.join(REPO, "examples", "monitoring")

# Debian's client where it is there: a machine may have another one earlier on the PATH.
DOCKER = "/usr/bin/docker" if os.path.exists("/usr/bin/docker") else "docker"


class EngineError(Exception):
    pass


class Engine:
    """One engine, by the address its clients use. `folder` is where it lives when we started it, else None."""

    def __init__(self, host, folder=None):
        self.host = host
        self.folder = folder

    @property
    def socket(self):
        """The path to mount into a router's container."""
        return self.host[len("unix://"):] if self.host.startswith("unix://") else "/var/run/docker.sock"

    @property
    def environment(self):
        # The classic builder, as Debian's engine has no buildx; its layer cache is what makes a second run cheap.
        return dict(os.environ, DOCKER_HOST=self.host, DOCKER_SOCKET=self.socket, DOCKER_BUILDKIT="0",
                    COMPOSE_DOCKER_CLI_BUILD="0")

    def answers(self):
        result = self._run([DOCKER, "version", "--format", "{{.Server.Version}}"], timeout=10)
        return result.returncode == 0

    def docker(self, *arguments, timeout=300):
        """Run the client; returns what it printed, without the last line end."""
        return self.run(DOCKER, *arguments, timeout=timeout)

    def run(self, *command, timeout=300, cwd=None, **extra):
        """Run a program against this engine. `extra` are more environment variables."""
        result = self._run(list(command), timeout=timeout, cwd=cwd, extra=extra)
        if result.returncode != 0:
            raise EngineError(f"{' '.join(command)}: exit {result.returncode}\n{result.stdout}{result.stderr}")
        return result.stdout.rstrip("\n")

    def inspect(self, name):
        return json.loads(self.docker("inspect", name))[0]

    def has_image(self, image):
        return self._run([DOCKER, "image", "inspect", image], timeout=30).returncode == 0

    def build(self, image, folder):
        """Build an image from a folder of this repository. The host's network, since not every machine has a bridge with DNS."""
        ensure_base_image(self)
        proxies = [f"--build-arg={name}" for name in ("http_proxy", "https_proxy", "no_proxy") if name in os.environ]
        self.docker("build", "--network=host", *proxies, "-t", image, folder, timeout=900)
        return image

    def _run(self, command, timeout, cwd=None, extra=None):
        return subprocess.run(command, env={**self.environment, **(extra or {})}, cwd=cwd, capture_output=True, text=True,
                              errors="replace", timeout=timeout, check=False)


class OwnEngine(Engine):
    """A dockerd of ours. Everything it makes is in `folder`, and it is stopped by the process id it wrote there."""

    def __init__(self, folder, *options):
        super().__init__(f"unix://{folder}/docker.sock", folder)
        self.options = options
        self.pidfile = os.path.join(folder, "dockerd.pid")

    def start(self, *options):
        dockerd = shutil.which("dockerd") or "/usr/sbin/dockerd"
        if not os.path.exists(dockerd):
            raise EngineError("no engine answers, and there is no dockerd to start (./dev setup installs docker.io)")
        if os.geteuid() != 0:
            raise EngineError("no engine answers, and only root can start dockerd")
        os.makedirs(self.folder, exist_ok=True)
        self._forget_dead_pid()
        with open(os.path.join(self.folder, "dockerd.log"), "ab") as log:
            process = subprocess.Popen(
                [dockerd, "--data-root", f"{self.folder}/images", "--exec-root", f"{self.folder}/exec",
                 "--pidfile", self.pidfile, "-H", self.host, *self.options, *options],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        deadline = time.monotonic() + 60
        while not self.answers():
            if process.poll() is not None or time.monotonic() > deadline:
                raise EngineError(f"dockerd does not answer; its log is {self.folder}/dockerd.log\n" + self.log_tail())
            time.sleep(0.1)
        return self

    def stop(self):
        pid = self._pid()
        if pid is None:
            return
        os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + 60
        while self._pid() == pid:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)  # ours when this process started it, else init's
            if time.monotonic() > deadline:
                raise EngineError(f"dockerd {pid} does not stop")
            time.sleep(0.05)

    def log_tail(self):
        with contextlib.suppress(OSError), open(os.path.join(self.folder, "dockerd.log"), errors="replace") as log:
            return "".join(log.readlines()[-20:])
        return ""

    def _pid(self):
        """The running dockerd's process id; the file alone may be left from a machine that was switched off."""
        try:
            with open(self.pidfile) as file:
                pid = int(file.read())
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                command = file.read()
        except (OSError, ValueError):
            return None
        return pid if self.folder.encode() in command else None

    def _forget_dead_pid(self):
        if self._pid() is None:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self.pidfile)


class PrivateEngine(OwnEngine):
    """An engine beside the usual one, which a test may stop and start.

    It leaves the machine's packet filter alone, so nothing is published, and the usual engine's rules keep its containers
    from each other: a router there uses the host's network, from which they are in reach. It has a bridge of its own, as
    `--bridge=none` would remove the usual engine's.
    """

    BRIDGE, BRIDGE_ADDRESS = "waybill-test0", "10.212.0.1/24"

    def __init__(self, folder):
        super().__init__(folder, f"--bridge={self.BRIDGE}", "--iptables=false", "--ip-masq=false")

    def start(self, live_restore=False, *options):
        """live_restore: its containers go on when it stops; else they end, and start with it again if they are to."""
        if not os.path.exists(f"/sys/class/net/{self.BRIDGE}"):
            for words in ("link add {0} type bridge", "address add {1} dev {0}", "link set {0} up"):
                subprocess.run(["ip", *words.format(self.BRIDGE, self.BRIDGE_ADDRESS).split()], check=True)
        return super().start(f"--live-restore={str(live_restore).lower()}", *options)

    def copy_image(self, source, *images):
        archive = os.path.join(self.folder, "image.tar")
        source.docker("save", "-o", archive, *images)
        self.docker("load", "-i", archive)
        os.unlink(archive)

    def remove(self):
        """Stop it for good and leave nothing: no container, bridge, mount or file."""
        if self._pid() is None:
            self.start()
        for kind in (("container", "ls", "-aq"), ("network", "ls", "-q", "--filter=type=custom", "--filter=scope=local")):
            found = self.docker(*kind).split()
            if found:
                self.docker(kind[0], "rm", *(["-f"] if kind[0] == "container" else []), *found)
        self.stop()
        self.sweep()

    def sweep(self):
        """Take away what is left of it, of which dockerd itself may have been killed: then its containers, their network
        namespaces and so their addresses on a shared bridge outlive it, and the next engine gives those to others."""
        marks = [f"{self.folder}/".encode()]
        with contextlib.suppress(FileNotFoundError):
            marks += map(str.encode, os.listdir(f"{self.folder}/images/containers"))
        for pid in filter(str.isdigit, os.listdir("/proc")):
            with contextlib.suppress(OSError):
                with open(f"/proc/{pid}/cmdline", "rb") as command, open(f"/proc/{pid}/cgroup", "rb") as cgroup:
                    signs = command.read() + cgroup.read()
                if any(mark in signs for mark in marks):
                    os.kill(int(pid), signal.SIGKILL)
        subprocess.run(["ip", "link", "delete", self.BRIDGE], capture_output=True, check=False)
        with open("/proc/mounts") as mounts:
            places = [line.split()[1] for line in mounts if line.split()[1].startswith(f"{self.folder}/")]
        for place in reversed(places):
            subprocess.run(["umount", "--lazy", place], capture_output=True, check=False)
        shutil.rmtree(self.folder, ignore_errors=True)


class SwarmEngine(PrivateEngine):
    """An engine that is a Swarm of one node, on addresses of this machine only. The kernel may have no IPVS: then virtual IPs
    and ports of the Swarm's own balancing lead nowhere, while tasks and ports in host mode work."""

    BRIDGE, BRIDGE_ADDRESS = "waybill-swarm0", "10.213.0.1/24"

    def start(self, live_restore=False):
        super().start(live_restore)
        self.docker("swarm", "init", "--advertise-addr", "127.0.0.1", "--listen-addr", "127.0.0.1:2377")
        return self

    def remove(self):
        self.docker("swarm", "leave", "--force")
        super().remove()


def sweep_dead_engines():
    """What private engines left whose tests were killed: their folders are named after the process of the test."""
    for kind, made in (("private", PrivateEngine), ("swarm", SwarmEngine)):
        for folder in glob.glob(f"{FOLDER}/{kind}-*"):
            if not os.path.exists(f"/proc/{folder.rpartition('-')[2]}"):
                made(folder).sweep()


def find_engine():
    """An engine that answers, or None."""
    hosts = [os.environ.get("DOCKER_HOST"), "unix:///var/run/docker.sock"]
    for engine in [Engine(host) for host in hosts if host] + [OwnEngine(FOLDER)]:
        if engine.answers():
            return engine
    return None


def ensure_base_image(engine):
    """debian:bookworm-slim, pulled, or built from Debian's packages where no registry is in reach."""
    if engine.has_image(BASE_IMAGE):
        return
    with contextlib.suppress(EngineError, subprocess.TimeoutExpired):
        engine.docker("pull", BASE_IMAGE, timeout=120)
        return
    archive = os.path.join(FOLDER, "bookworm.tar")
    if not os.path.exists(archive):
        os.makedirs(FOLDER, exist_ok=True)
        partial = archive + ".partial.tar"
        engine.run("mmdebstrap", "--variant=minbase", "bookworm", partial, timeout=600)
        os.rename(partial, archive)
    engine.docker("import", "--change", 'CMD ["bash"]', archive, BASE_IMAGE)


def build_example_images(engine):
    for service in EXAMPLE_SERVICES:
        engine.build(f"waybill-example-{service}", os.path.join(EXAMPLE, service))


def main():
    verb = sys.argv[1] if len(sys.argv) == 2 else ""
    if verb == "start":
        engine = find_engine() or OwnEngine(FOLDER).start()
        print(f"export DOCKER_HOST={engine.host} DOCKER_SOCKET={engine.socket} DOCKER_BUILDKIT=0")
    elif verb == "images":
        engine = find_engine()
        build_example_images(engine)
        engine.build(ROUTER_IMAGE, REPO)
    elif verb == "stop":
        OwnEngine(FOLDER).stop()
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    try:
        main()
    except EngineError as error:
        sys.exit(f"engine.py: {error}")
