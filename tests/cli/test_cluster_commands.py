"""`node`, `status`, `scale`, `compose`, `train --resume`: what they do, and say after a mistake."""

import json
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from deploy.run_server import RunServer
from tests.cli.test_bad_input import CLUSTER, CONFIG, expect_sentence
from tests.support.metrics_page import free_port
from tests.support.odd_servers import raw_server, web_server
from tests.support.runs import run_command, tiny_overrides
from tests.support.source_tree import ROOT
from tests.support.status_builders import run_status, task_status
from training.fleet import Node

USAGE = 2
TOKEN = "a-token-of-some-length"
Command = Callable[..., tuple[int, str, str]]


@pytest.fixture(name="trunkline")
def _trunkline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Command:
    """Run a command of somebody who has no token, in an empty directory."""
    for name in ("RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: run_command(monkeypatch, *arguments)


@pytest.fixture(name="run")
def _run() -> Iterator[tuple[str, list[tuple[str, int | None]]]]:
    """A run with a token: its address, and the orders that reach it."""
    port, orders = free_port(), []
    with RunServer("127.0.0.1", port, TOKEN) as server:
        server(run_status(task_status("chain"), nodes=[Node("n", "[host]", {"task:pong": 3})]))
        server.scale_with(lambda task, count: orders.append((task, count)))
        yield f"127.0.0.1:{port}", orders


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["node"], "give one of --head and --address"),
        (["node", "--head", "--address", "head:6379"], "give one of --head and --address"),
        *[
            (["node", "--head", "--slots", slots], f"--slots: {slots!r} is not allowed: it should be")
            for slots in ("cartpole=2", "replay", "replay=-1", "replay=", "task:=1", "task:a=1.5", "replay=²")
        ],
        (["node", "--head", "--object-store", "much"], "--object-store: 'much' is not allowed: it should be"),
        (["scale", "chain", "many"], "N: 'many' is not allowed: it should be a number of at most 9 digits"),
        (["scale", "chain", "9" * 5000], "is not allowed: it should be a number of at most 9 digits"),
        (["scale", "chain", "²"], "N: '²' is not allowed"),
        (["scale", "chain"], "Missing argument 'N'"),
        (
            ["compose", "/etc/run.yaml"],
            "CONFIG: '/etc/run.yaml' is not allowed: it should be a path relative",
        ),
        (["compose", "run.yaml", "--slots", "0"], "--slots"),
        (["train", "--resume"], "--resume needs --run-dir"),
    ],
    ids=str,
)
def test_usage_mistakes(trunkline: Command, arguments: list[str], part: str):
    """Each names what was given and what is allowed, before anything is looked for or started."""
    code, out, err = trunkline(*arguments)
    assert (code, out) == (USAGE, "")
    assert "Traceback" not in err
    assert part in " ".join(line.strip("│ ") for line in err.splitlines())


@pytest.mark.parametrize("arguments", [["node", "--head"], ["scale", "chain", "2"]], ids=str)
def test_without_a_token_nothing_starts(trunkline: Command, arguments: list[str]):
    """The sentence names the places where it is looked for."""
    expect_sentence(trunkline(*arguments), CLUSTER, "there is no token of the cluster", "RAY_AUTH_TOKEN_PATH")


@pytest.mark.parametrize("address", ["nowhere", "a b:1", "head:0", "head:99999", "http://head:1", ":1", ""])
@pytest.mark.parametrize("command", [["status"], ["scale", "chain", "2"], ["node"]], ids=str)
def test_an_address_that_is_none(
    trunkline: Command, monkeypatch: pytest.MonkeyPatch, command: list[str], address: str
):
    """It is named, with the form that it should have."""
    monkeypatch.setenv("RAY_AUTH_TOKEN", TOKEN)
    result = trunkline(*command, "--address", address)
    expect_sentence(result, CLUSTER, f"--address: {address!r} is not allowed", "host:port")


@pytest.mark.parametrize("command", [["status"], ["status", "--json"], ["scale", "chain", "2"]], ids=str)
def test_where_no_run_answers(trunkline: Command, monkeypatch: pytest.MonkeyPatch, command: list[str]):
    """The sentence says what may be wrong; so does that of something else that listens."""
    monkeypatch.setenv("RAY_AUTH_TOKEN", TOKEN)
    address = f"127.0.0.1:{free_port()}"
    expected = [f"no run answers at {address}", "Connection refused", "metrics.port"]
    expect_sentence(trunkline(*command, "--address", address), CLUSTER, *expected)
    with raw_server(lambda connection: connection.sendall(b"hello\r\n\r\n")) as port:
        result = trunkline(*command, "--address", f"127.0.0.1:{port}")
    expect_sentence(result, CLUSTER, f"no run answers at 127.0.0.1:{port} (")
    with web_server({"/status": (502, b"<html>\nBad\nGateway")}) as port:
        expect_sentence(trunkline(*command, "--address", f"127.0.0.1:{port}"), CLUSTER)


@pytest.mark.parametrize("page", [b"<html>", b"\xff", b"[]", b'"a"', b"{}"])
def test_something_else_that_answers_is_no_run(trunkline: Command, page: bytes):
    """Whatever it says."""
    with web_server({"/status": (200, page)}) as port:
        result = trunkline("status", "--address", f"127.0.0.1:{port}")
    expect_sentence(result, CLUSTER, f"what answers at 127.0.0.1:{port} is no run")


def test_status_shows_tasks_nodes_and_what_is_lacking(trunkline: Command, run):
    """A line for each, and the warnings; as JSON the same and nothing else."""
    code, out, err = trunkline("status", "--address", run[0])
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0].split()[:5] == ["task", "actors", "wanted", "slots", "resting"]
    assert lines[1].split()[:5] == ["chain", "3", "5", "4", "2"]
    assert "node [host]: in service, task:pong 3" in lines
    assert "! slots for task 'pong', which this run does not have: 3" in lines
    code, out, err = trunkline("status", "--address", run[0], "--json")
    assert (code, err, json.loads(out)["state"]) == (0, "", "training")


def test_status_of_a_run_that_is_starting(trunkline: Command):
    """There is nothing to show yet."""
    port = free_port()
    with RunServer("127.0.0.1", port):
        assert trunkline("status", "--address", f"127.0.0.1:{port}") == (0, "the run is starting\n", "")


def test_scaling(trunkline: Command, monkeypatch: pytest.MonkeyPatch, run):
    """Orders arrive, with the token; mistakes come back as the run's own sentence."""
    address, orders = run
    monkeypatch.setenv("RAY_AUTH_TOKEN", TOKEN)
    scale = ("scale", "--address", address)
    assert trunkline(*scale, "chain", "4") == (0, "chain: 4 actors wanted\n", "")
    assert trunkline(*scale, "chain", "all") == (0, "chain: one actor in every slot wanted\n", "")
    assert orders == [("chain", 4), ("chain", None)]
    expect_sentence(trunkline(*scale, "pong", "1"), CONFIG, "task: 'pong' is not allowed: this run has chain")
    monkeypatch.setenv("RAY_AUTH_TOKEN", "another")
    expect_sentence(trunkline(*scale, "chain", "1"), CLUSTER, "scaling needs the token of the cluster")
    assert len(orders) == 2


@pytest.mark.parametrize("command", [["status"], ["scale", "chain", "2"]], ids=str)
@pytest.mark.parametrize("name", ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"])
def test_no_proxy_hears_of_it(
    trunkline: Command, monkeypatch: pytest.MonkeyPatch, run, command: list[str], name: str
):
    """Neither the question nor the token: the run itself is asked."""
    heard: list[bytes] = []
    monkeypatch.setenv("RAY_AUTH_TOKEN", TOKEN)
    with raw_server(lambda connection: heard.append(connection.recv(100))) as port:
        monkeypatch.setenv(name, f"http://127.0.0.1:{port}")
        assert trunkline(*command, "--address", run[0])[0] == 0
    assert heard == []


def test_a_redirection_is_not_followed(trunkline: Command, monkeypatch: pytest.MonkeyPatch):
    """The token is for the learner at this address alone."""
    heard: list[bytes] = []
    monkeypatch.setenv("RAY_AUTH_TOKEN", TOKEN)
    with raw_server(lambda connection: heard.append(connection.recv(100))) as port:
        moved = f"HTTP/1.0 307 Moved\r\nLocation: http://127.0.0.1:{port}/\r\nContent-Length: 0\r\n\r\n"

        def redirect(connection: socket.socket) -> None:
            connection.recv(4096)
            connection.sendall(moved.encode())

        with raw_server(redirect) as first:
            for command in (["status"], ["scale", "chain", "2"]):
                assert trunkline(*command, "--address", f"127.0.0.1:{first}")[0] == CLUSTER
    assert heard == []


def test_a_program_that_there_is_not(trunkline: Command, monkeypatch: pytest.MonkeyPatch):
    """It is named before a node starts."""
    monkeypatch.setenv("RAY_AUTH_TOKEN", TOKEN)
    code, out, err = trunkline("node", "--head", "--", "no-such-program")
    assert (code, out) == (USAGE, "")
    assert "COMMAND: 'no-such-program' is not allowed" in err


def test_compose_prints_a_file_and_nothing_else(trunkline: Command, monkeypatch: pytest.MonkeyPatch):
    """What is shipped, for what is shipped."""
    monkeypatch.chdir(ROOT)
    printed = trunkline("compose", "deploy/configs/cartpole-mountaincar.yaml")
    assert printed == (0, (ROOT / "docker-compose.yml").read_text(), "")


def test_compose_of_a_bad_configuration(trunkline: Command, tmp_path: Path):
    """As with `train`: the file or the field is named."""
    expect_sentence(trunkline("compose", "gone.yaml"), CONFIG, "gone.yaml", "No such file")
    (tmp_path / "bad.yaml").write_text("tasks: {a: {env: CartPole-v1}}\nseed: -1\n")
    expect_sentence(trunkline("compose", "bad.yaml"), CONFIG, "seed", "-1")


def test_resuming_what_is_no_run(trunkline: Command, tmp_path: Path):
    """A directory of something else is left alone."""
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "file").write_text("precious")
    arguments = (*tiny_overrides(), "--runtime", "local", "--run-dir", "mine", "--resume", "--json")
    code, out, err = trunkline("train", *arguments)
    assert (code, out) == (CONFIG, "")
    assert err.splitlines()[-1].startswith(
        f"trunkline: RUN_DIR: '{tmp_path / 'mine'}' is not a run directory"
    )
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["file"]
