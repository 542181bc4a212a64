"""What a user sees after a mistake: one sentence, the right exit code, no traceback, nothing lost."""

import re
import socket

import pytest
import torch

from tests.support.metrics_page import free_port
from tests.support.runs import run_command, tiny_overrides

CONFIG, CLUSTER, TRAINING = 3, 4, 5
BROKEN = "tests.support.broken_environments:trunkline-test"
LATE = {"tasks__bad__env_kwargs": "{spared: 12}", "tasks__bad__envs_per_actor": 4}
"""More episodes than a trial plays, fewer than a run does."""


def expect_sentence(result: tuple[int, str, str], code: int, *parts: str) -> None:
    """Hold a command's end against what a user should see."""
    found, out, err = result
    assert found == code, err
    assert out == ""
    assert "Traceback" not in err
    assert len(err.splitlines()) == 1, err
    for part in parts:
        assert part in err


@pytest.fixture
def trunkline(monkeypatch: pytest.MonkeyPatch):
    return lambda *arguments: run_command(monkeypatch, *arguments)


@pytest.mark.parametrize(
    ("override", "parts"),
    [
        ("learner.batchsize=3", ["learner.batchsize", "batch_size"]),
        ("learner.batch_size=many", ["learner.batch_size", "'many'", "integer"]),
        ("replay.capacity=-1", ["replay.capacity", "-1", "a positive number of transitions", "512MiB"]),
        (
            "tasks.cartpole.capacity=2GB",
            ["tasks.cartpole.capacity", "'2GB'", "a size such as 512MiB or 2GiB"],
        ),
        (
            "replay.capacity=3GiB",
            ["replay.capacity", "cartpole", "mountaincar", "replay.memory_budget, 2 GiB"],
        ),
        ("tasks.cartpole.shards=2", ["tasks.cartpole.shards", "at most 1", "an actor keeps to one shard"]),
        (
            "tasks.cartpole.capacity=900",
            ["replay.min_size_to_sample", "1000", "at most the capacity of task 'cartpole', 9"],
        ),
        ("replay.error_buffer=100", ["replay.error_buffer", "100 would deadlock", "at least"]),
        ("tasks.cartpole.env=CartPole-v7", ["tasks.cartpole.env", "'CartPole-v7'", "CartPole-v1"]),
        ("tasks.p.env=Pendulum-v1", ["tasks.p.env", "Box actions", "tasks.p.action_bins"]),
        ("replay.memory_budget=900TiB", ["replay.memory_budget", "900 TiB", "at most"]),
        ("learner.batch_size", ["CONFIG", "learner.batch_size"]),
        pytest.param(
            "learner.device=cuda",
            ["learner.device", "'cuda'", "'cpu' or 'auto'"],
            marks=pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a CUDA device"),
        ),
        ("tasks.p={env: x, env: y}", ["'env'", "twice"]),
    ],
)
def test_a_mistake_in_the_configuration(trunkline, override, parts):
    """Each mistake names field, value and what is allowed."""
    expect_sentence(trunkline("train", override, "--json"), CONFIG, *parts)


def test_two_tasks_of_one_name(trunkline, tmp_path):
    """A name given twice is refused with its line, not silently merged."""
    path = tmp_path / "twice.yaml"
    path.write_text("tasks:\n  a: {env: CartPole-v1}\n  a: {env: MountainCar-v0}\n")
    expect_sentence(trunkline("train", path, "--json"), CONFIG, "line 3", "'a'", "twice")


def test_every_mistake_is_named_at_once(trunkline):
    """Nobody has to find three mistakes in three runs."""
    code, _, err = trunkline("config", "validate", "seed=-1", "learner.loss=l1", "replay.n_step=0")
    assert code == CONFIG
    assert [line.split(":")[1].strip() for line in err.splitlines()] == [
        "seed",
        "replay.n_step",
        "learner.loss",
    ]


def test_a_run_directory_that_exists_is_kept(trunkline, tmp_path):
    """Nothing in it is touched; where it is a run, the sentence says how to go on."""
    (tmp_path / "mine").write_text("precious")
    arguments = ("train", *tiny_overrides(), "--run-dir", tmp_path, "--runtime", "local", "--json")
    exists = f"trunkline: --run-dir: {str(tmp_path)!r} exists; allowed is a path that does not"
    assert trunkline(*arguments) == (CONFIG, "", f"{exists}\n")
    (tmp_path / "config.yaml").write_text("seed: 1")
    code, _, err = trunkline(*arguments)
    assert (code, err) == (CONFIG, f"{exists} (to go on with that run: trunkline resume {tmp_path})\n")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["config.yaml", "mine"]


def test_a_metrics_port_in_use(trunkline, tmp_path):
    """The port is named before anything is started or written."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        overrides = tiny_overrides(metrics__port=port)
        code, _, err = trunkline("train", *overrides, "--run-dir", tmp_path / "run", "--json")
    assert code == CONFIG
    assert f"metrics.port: this machine cannot listen on 127.0.0.1:{port} (" in err.splitlines()[-1]
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("address", "parts"),
    [("127.0.0.1:{port}", ["does not answer", "ray start --head", "firewall"]), ("nowhere", ["host:port"])],
)
def test_a_cluster_that_does_not_answer(trunkline, tmp_path, address, parts):
    """Within seconds, and with what to check."""
    address = address.format(port=free_port())
    code, _, err = trunkline(
        "train", *tiny_overrides(), "--address", address, "--run-dir", tmp_path / "run", "--json"
    )
    assert code == CLUSTER
    for part in [address, *parts]:
        assert part in err.splitlines()[-1]
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("environment", "what"),
    [
        ("RaisesInStep", "raised in step: RuntimeError: the arm is stuck"),
        ("NanObservation", "returned an observation that is not finite (nan)"),
        ("NanReward", "returned a reward that is not finite (nan)"),
        ("WrongShape", "returned an observation of shape (5,), but declares (3,)"),
    ],
)
def test_an_environment_that_breaks_its_contract(trunkline, tmp_path, environment, what):
    """The task and what its environment did are named, where a trial before the run did not see it."""
    overrides = tiny_overrides(tasks__bad__env=f"{BROKEN}/{environment}-v0", **LATE)
    arguments = ("--run-dir", tmp_path / "run", "--runtime", "local", "--json")
    code, out, err = trunkline("train", *overrides, *arguments)
    assert (code, out) == (TRAINING, "")
    assert "Traceback" not in err
    assert f"trunkline: task 'bad': environment '{BROKEN}/{environment}-v0' {what}" in err.splitlines()[-1]


@pytest.mark.ray
@pytest.mark.slow
def test_an_actor_that_dies_again_and_again_ends_the_run(trunkline, tmp_path):
    """Over Ray a broken environment kills its actor; after a few lives the run ends with the reason."""
    unsolvable = {"tasks__chain__solved_at": "null", "tasks__identity__solved_at": "null"}
    overrides = tiny_overrides(tasks__bad__env=f"{BROKEN}/RaisesInStep-v0", **LATE, **unsolvable)
    code, out, err = trunkline("train", *overrides, "--run-dir", tmp_path / "run", "--json")
    assert (code, out) == (TRAINING, "")
    assert "Traceback" not in err
    assert re.match(
        r"trunkline: actor bad-0 died 4 times within \d+ s, the last time because: task 'bad': "
        rf"environment '{BROKEN}/RaisesInStep-v0' raised in step: RuntimeError: the arm is stuck",
        err.splitlines()[-1],
    )


USAGE_MISTAKES = [
    ["train", "--speed", "9"],
    ["fly"],
    ["train", "a.yaml", "b.yaml"],
    ["train", "--runtime", "local", "--address", "127.0.0.1:6379"],
    ["evaluate", "runs/a", "--episodes", "0"],
]


def test_usage_mistakes_have_an_exit_code_of_their_own(trunkline):
    """An unknown option or command, two configurations, options that contradict each other: 2."""
    for arguments in USAGE_MISTAKES:
        code, out, err = trunkline(*arguments)
        assert (code, out) == (2, "")
        assert "Traceback" not in err


@pytest.mark.parametrize("command", [("config", "validate"), ("train", "--runtime", "local")])
def test_an_environment_that_breaks_its_contract_at_once_does_not_start(trunkline, tmp_path, command):
    """What is called valid is tried; all mistakes of all tasks are told, and nothing is written."""
    overrides = tiny_overrides(tasks__bad__env="tests.support.odd_environments:WrongTwice")
    overrides.append(f"tasks.worse.env={BROKEN}/RaisesInConstructor-v0")
    run_dir = ("--run-dir", tmp_path / "run") if command[0] == "train" else ()
    code, out, err = trunkline(*command, *overrides, *run_dir, "--json")
    assert (code, out) == (CONFIG, "")
    assert [line.split(": ")[1] for line in err.splitlines()] == [
        "tasks.bad.env",
        "tasks.bad.env",
        "tasks.worse.env",
    ]
    assert "Traceback" not in err
    assert not (tmp_path / "run").exists()
