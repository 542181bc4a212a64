"""A cluster of trunkline in real containers, as its users start it, and the ways to hurt it."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
IMAGE_WAIT_SECONDS = 900
ANSWER_SECONDS = 3.0

Status = dict[str, Any]


def engine_problem() -> str | None:
    """Return why there can be no containers here, or None."""
    if shutil.which("docker") is None:
        return "there is no docker here"
    for command in (["docker", "info"], ["docker", "compose", "version"]):
        found = subprocess.run(command, capture_output=True, text=True, check=False)
        if found.returncode:
            return f"`{' '.join(command)}` fails: {found.stderr.strip()[:200]}"
    return None


def docker(*arguments: str | Path, check: bool = True, timeout: float = 120) -> str:
    """Run a docker command and return what it printed."""
    command = ["docker", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=timeout)
    if check and done.returncode:
        raise AssertionError(f"{' '.join(command)} failed: {done.stderr[-2000:]}")
    return done.stdout


class Cluster:
    """A compose project of its own, in a directory of its own.

    Args:
        directory: for the compose file and the secrets.
        config: the run's configuration, inside the repository.
        name: of the project.
    """

    def __init__(self, directory: Path, config: Path, name: str) -> None:
        self.name = name
        self.secrets = directory / "secrets"
        self._learner = ""
        self._environment = {**os.environ, "TRUNKLINE_SECRETS": str(self.secrets)}
        subprocess.run(
            ["make", "token", f"SECRETS={self.secrets}", f"ENV={directory / 'env'}"], cwd=ROOT, check=True
        )
        render = (Path(sys.executable).with_name("trunkline"), "compose", config.relative_to(ROOT))
        rendered = subprocess.run(render, cwd=ROOT, capture_output=True, text=True, check=True)
        self._file = directory / "docker-compose.yml"
        self._file.write_text(rendered.stdout)

    @property
    def token(self) -> str:
        """The cluster's secret."""
        return (self.secrets / "ray_token").read_text()

    def compose(
        self, *arguments: str, check: bool = True, timeout: float = 240
    ) -> subprocess.CompletedProcess[str]:
        """Run docker compose."""
        command = ["docker", "compose", "--project-directory", str(ROOT), "--file", str(self._file)]
        command += ["--project-name", self.name, "--profile", "monitoring", *arguments]
        done = subprocess.run(
            command, env=self._environment, capture_output=True, text=True, check=False, timeout=timeout
        )
        if check and done.returncode:
            raise AssertionError(f"docker compose {' '.join(arguments)} failed: {done.stderr[-2000:]}")
        return done

    def up(self, *services: str) -> None:
        """Start services and wait until they are healthy."""
        self.compose("up", "--detach", "--wait", "--wait-timeout", "180", *services)

    def scale(self, service: str, count: int) -> None:
        """Have so many containers of a service, and touch no other."""
        self.compose("up", "--detach", "--no-recreate", "--no-deps", "--scale", f"{service}={count}", service)

    def down(self) -> None:
        """Remove everything."""
        self.compose("down", "--volumes", "--timeout", "20", check=False)

    def containers(self, service: str, everything: bool = False) -> list[str]:
        """Return the ids of a service's containers, in the order of their numbers."""
        listed = self.compose("ps", *(["--all"] if everything else []), "--format", "json", service).stdout
        rows = sorted((json.loads(line) for line in listed.splitlines()), key=lambda row: str(row["Name"]))
        return [str(row["ID"]) for row in rows]

    def address(self, service: str) -> str:
        """Return the address of a service's first container on the cluster's network."""
        networks = inspected(self.containers(service)[0])["NetworkSettings"]["Networks"]
        return str(networks[f"{self.name}_cluster"]["IPAddress"])

    def status(self) -> Status | None:
        """Return what the learner says of the run, or None if it does not answer."""
        try:
            self._learner = self._learner or self.address("learner")
            with urllib.request.urlopen(
                f"http://{self._learner}:9464/status", timeout=ANSWER_SECONDS
            ) as page:
                said: Status = json.load(page)
        except (OSError, IndexError, KeyError, AssertionError):
            self._learner = ""
            return None
        return said if said["state"] == "training" else None

    def wait(self, what: str, seconds: float, holds: Callable[[Status], bool]) -> float:
        """Wait until a status holds; return the seconds that it took."""
        start = time.monotonic()
        last = None
        while time.monotonic() < start + seconds:
            last = self.status() or last
            if last is not None and holds(last):
                return time.monotonic() - start
            time.sleep(0.1)
        raise AssertionError(f"not within {seconds:.0f} s: {what}; last heard: {brief(last)}")


def brief(status: Status | None) -> str:
    """Return what matters of a status, in a line."""
    if status is None:
        return "nothing"
    crews = {task["name"]: task["crew"] for task in status["tasks"]}
    return f"step {status['learner_step']}, {crews}, warnings {status['warnings']}"


def task(status: Status, name: str) -> dict[str, Any]:
    """Return a task's part of a status."""
    return next(task for task in status["tasks"] if task["name"] == name)


def inspected(container: str) -> dict[str, Any]:
    """Return what docker knows of a container."""
    found: dict[str, Any] = json.loads(docker("inspect", container))[0]
    return found


def kill_container(container: str) -> None:
    """Kill a container's first process, as a crash would: docker's own `kill` counts as somebody's wish."""
    os.kill(inspected(container)["State"]["Pid"], signal.SIGKILL)


def kill_process(container: str, title: str) -> None:
    """Kill the first process in a container whose command line begins with a title."""
    for line in docker("top", container, "-eo", "pid,args").splitlines()[1:]:
        pid, _, arguments = line.strip().partition(" ")
        if arguments.strip().startswith(title):
            os.kill(int(pid), signal.SIGKILL)
            return
    raise AssertionError(f"no process {title} in {container}")


@contextmanager
def paused(container: str) -> Iterator[None]:
    """Let no process of a container go on meanwhile."""
    docker("pause", container)
    try:
        yield
    finally:
        docker("unpause", container)


@contextmanager
def cut_off(container: str) -> Iterator[None]:
    """Let no packet in or out of a container meanwhile, without a word to either side."""
    inside = ["nsenter", "--net", f"--target={inspected(container)['State']['Pid']}", "iptables"]
    rules = [["INPUT", "--in-interface", "eth+"], ["OUTPUT", "--out-interface", "eth+"]]
    for rule in rules:
        subprocess.run([*inside, "--insert", *rule, "--jump", "DROP"], check=True)
    try:
        yield
    finally:
        for rule in rules:
            subprocess.run([*inside, "--delete", *rule, "--jump", "DROP"], check=True)
