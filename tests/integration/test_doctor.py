"""The doctor, asked as a user asks it, about a real head node with a token."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from cluster.dashboard import DashboardClient
from cluster.errors import TokenMissingError, TokenRefusedError
from cluster.token import Token
from tests.support.metrics_page import free_port
from tests.support.odd_servers import silent_listener
from tests.support.runs import run_command, wait_until

pytestmark = [pytest.mark.ray, pytest.mark.slow]

TOKEN = Token("a-token-for-tests-0123456789", "RAY_AUTH_TOKEN", None)
SLOTS = {"task:cartpole": 2, "task:pong": 1, "replay": 1, "evaluator": 1}
ISOLATED = ("RAY_AUTH_MODE", "RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH")


@dataclass(frozen=True)
class Head:
    """A running head node."""

    port: int
    dashboard_port: int

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def options(self) -> list[str]:
        return ["--address", self.address, "--dashboard-port", str(self.dashboard_port)]

    def client(self, token: Token | None) -> DashboardClient:
        return DashboardClient(self.address, token, self.dashboard_port)


@pytest.fixture(scope="module")
def head(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Head]:
    """Start a head node of another trunkline version, in a session of processes of its own, and end them."""
    found = Head(free_port(), free_port())
    elsewhere = tmp_path_factory.mktemp("r")
    command = [str(Path(sys.executable).with_name("ray")), "start", "--head", "--block", "--num-cpus=1"]
    command += [f"--port={found.port}", f"--dashboard-port={found.dashboard_port}"]
    command += ["--dashboard-agent-listen-port=0", "--object-store-memory=80000000"]
    command += [f"--resources={json.dumps(SLOTS)}", "--labels=trunkline-version=9.9.9"]
    environment = {name: value for name, value in os.environ.items() if name not in ISOLATED}
    environment |= {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": TOKEN.text, "RAY_TMPDIR": str(elsewhere)}
    log = (elsewhere / "log").open("wb")
    with (
        log,
        subprocess.Popen(
            command, stdout=log, stderr=log, cwd=elsewhere, env=environment, start_new_session=True
        ) as process,
    ):
        try:
            wait_until(lambda: has_nodes(found), 120, "the head node is up")
            yield found
        finally:
            os.killpg(process.pid, signal.SIGKILL)


def has_nodes(head: Head) -> bool:
    """Return whether the head's own node is listed yet."""
    try:
        return bool(head.client(TOKEN).nodes())
    except RuntimeError:
        time.sleep(0.2)
        return False


@pytest.fixture
def doctor(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """Ask the doctor, with a token in the environment or none; returns exit code and findings by name."""
    for name in ISOLATED:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)

    def ask(*arguments: str, token: str | None = TOKEN.text) -> tuple[int, dict[str, list[dict[str, str]]]]:
        if token is not None:
            monkeypatch.setenv("RAY_AUTH_TOKEN", token)
        begin = time.monotonic()
        code, out, _ = run_command(monkeypatch, "doctor", "metrics.port=0", *arguments, "--json")
        assert time.monotonic() - begin < 30
        report = json.loads(out)
        assert report["healthy"] == (code == 0)
        by_name: dict[str, list[dict[str, str]]] = {}
        for finding in report["findings"]:
            by_name.setdefault(finding["name"], []).append(finding)
        return code, by_name

    return ask


def problems(findings: dict[str, list[dict[str, str]]]) -> list[str]:
    """Return the names of what is wrong; each says what to do."""
    found = [f for several in findings.values() for f in several if f["verdict"] == "problem"]
    assert all(finding["todo"] for finding in found)
    return sorted({finding["name"] for finding in found})


def test_the_client_reads_a_real_head(head: Head):
    """Versions, nodes and slots; without the token or with another one it is told so."""
    versions = head.client(TOKEN).versions()
    (node,) = head.client(TOKEN).nodes()
    assert versions.ray.count(".") == 2
    assert versions.python == ".".join(map(str, sys.version_info[:3]))
    assert versions.trunkline == node.version == "9.9.9"
    assert node.slots == SLOTS
    assert (node.is_head, node.alive) == (True, True)
    with pytest.raises(TokenMissingError):
        head.client(None).nodes()
    with pytest.raises(TokenRefusedError):
        head.client(Token("another-token-0123456789", "RAY_AUTH_TOKEN", None)).nodes()


def test_a_healthy_machine_is_said_to_be_so(doctor):
    """Without a cluster, the machine that runs these tests has no problem; no token is needed."""
    code, findings = doctor(token=None)
    assert (code, problems(findings)) == (0, [])
    assert "cluster" not in findings


def test_what_does_not_fit_is_found(doctor, head: Head):
    """The node's version, a task without a slot and a slot without a task; all else is fine."""
    code, findings = doctor(*head.options)
    assert (code, problems(findings)) == (4, ["slots", "trunkline version"])
    assert "9.9.9 on the head node" in findings["trunkline version"][0]["what"]
    assert "no slot for task 'mountaincar'" in findings["slots"][0]["what"]
    assert "task 'pong', which the configuration does not have" in findings["slots"][1]["what"]
    assert findings["cluster"][0]["verdict"] == findings["ray version"][0]["verdict"] == "ok"


@pytest.mark.parametrize(
    ("token", "said"),
    [(None, "lets nobody in without its token"), ("wrong-0123456789", "refuses the token of")],
)
def test_a_cluster_that_lets_nobody_in(doctor, head: Head, token: str | None, said: str):
    """A missing token and a wrong one are told apart, at once, and neither is shown."""
    code, findings = doctor(*head.options, token=token)
    assert (code, problems(findings)) == (4, ["cluster"])
    assert said in findings["cluster"][0]["what"]
    assert str(token) not in json.dumps(findings)


def test_a_head_without_a_dashboard_there(doctor, head: Head):
    """Ray answers, its dashboard does not: its address is said."""
    port = free_port()
    code, findings = doctor("--address", head.address, "--dashboard-port", str(port))
    assert (code, problems(findings)) == (4, ["cluster"])
    assert f"Ray's dashboard at 127.0.0.1:{port} does not answer" in findings["cluster"][0]["what"]


def test_the_dashboards_port_is_no_address_of_a_cluster(doctor, head: Head):
    """Who mixes up the two ports is told so: a web server waits for the first word, gRPC does not."""
    code, findings = doctor("--address", f"127.0.0.1:{head.dashboard_port}")
    assert (code, problems(findings)) == (4, ["address"])


def test_faults_of_the_machine_are_found_together(doctor):
    """A taken port and memory that is not there: one finding each."""
    with silent_listener() as port:
        faults = (f"metrics.port={port}", "replay.memory_budget=1000TiB")
        code, findings = doctor(*faults)
    assert (code, problems(findings)) == (4, ["memory", "metrics port"])


def test_people_get_lines(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """A line a finding, what to do below it, a count in the end; a wrong configuration is its own mistake."""
    monkeypatch.chdir(tmp_path)
    address = f"127.0.0.1:{free_port()}"
    code, out, _ = run_command(monkeypatch, "doctor", "metrics.port=0", "--address", address)
    assert code == 4
    assert f"problem  address: nothing answers at {address} (Connection refused)\n" in out
    assert "check that the head node runs there" in out
    assert out.rstrip().splitlines()[-1].startswith("problems: 1, warnings: ")
    code, _, err = run_command(monkeypatch, "doctor", "learner.batch=3")
    assert (code, "learner.batch" in err) == (3, True)
