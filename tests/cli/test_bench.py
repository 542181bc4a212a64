"""`trunkline bench`: real measuring, as short as it can be, and what a user sees of it."""

import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from benchmarks import acting, harness, learner, ours_acting, ours_system, probes, replay, system
from benchmarks.shapes import ReplayShape
from tests.support.runs import run_command

FIELDS = ["what", "shape", "unit", "ours", "peer", "peer_name", "ratio"]
TINY = ReplayShape((4,), "float32", capacity=2_000)


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """Return `trunkline bench` in a folder of its own, where no peers are installed, for one short round."""
    monkeypatch.chdir(tmp_path)
    for module in (harness, ours_acting):
        monkeypatch.setattr(module, "WARM_UP_SECONDS", 0.05)

    def run(name: str, *arguments: str) -> tuple[list[dict[str, Any]], str]:
        short = ("--rounds", "1", "--seconds", "0.2", "--json")
        code, out, err = run_command(monkeypatch, "bench", name, *short, *arguments)
        assert code == 0, err
        result = json.loads(out)
        assert set(result) == {"machine", "rows"}
        assert {"cpu", "cores", "memory_gib", "python", "os"} <= set(result["machine"])
        assert all(list(row) == FIELDS and row["ours"] > 0 for row in result["rows"])
        return result["rows"], err

    return run


def expect_measured(rows: list[dict[str, Any]]) -> None:
    """Hold rows whose peer is always there against what they should say."""
    assert all(row["ratio"] == pytest.approx(row["ours"] / row["peer"], rel=0.01) for row in rows)


def expect_peer(row: dict[str, Any], name: str, module: str, requirements: str, err: str) -> None:
    """Hold a row against whether its peer is installed beside the tests."""
    assert row["peer_name"].startswith(name)
    if find_spec(module) is None:
        assert (row["peer"], row["ratio"]) == (None, None)
        assert f"{row['peer_name']} is not installed" in err
        assert f"`make bench-peers`, or install benchmarks/{requirements} with pip" in err
    else:
        expect_measured([row])


@pytest.mark.ray
def test_replay(bench, monkeypatch):
    """In process beside cpprb, over Ray beside Reverb, two shards beside one."""
    for name, value in (("SHAPES", {"tiny": TINY}), ("INSERTED", "tiny"), ("SPREAD", "tiny")):
        monkeypatch.setattr(replay, name, value)
    rows, err = bench("replay")
    assert [row["what"] for row in rows] == [
        "insert, blocks of 64",
        "sample and set priorities",
        "sample over Ray",
        "sample over Ray, 2 shards",
        "insert over Ray, blocks of 64",
    ]
    for row in rows[:2]:
        expect_peer(row, "cpprb 11.0.0", "cpprb", "requirements.txt", err)
    expect_measured(rows[3:4])
    for row in (rows[2], rows[4]):
        expect_peer(row, "dm-reverb 0.14.0", "reverb", "requirements-reverb.txt", err)
    assert Path("bench-replay.png").stat().st_size > 0


@pytest.mark.ray
def test_acting(bench, monkeypatch):
    """An actor over Ray beside a bare loop."""
    monkeypatch.setattr(acting, "ENVS", ("CartPole-v1",))
    rows, _ = bench("acting", "--plot", "ratios.svg")
    assert [row["shape"] for row in rows] == ["CartPole-v1 x 16"]
    assert rows[0]["peer_name"].startswith("bare loop, Gymnasium 1.")
    expect_measured(rows)
    assert Path("ratios.svg").read_text().startswith("<?xml")


def test_learner(bench, monkeypatch):
    """The update beside a bare loop, many tasks beside one."""
    monkeypatch.setattr(learner, "SIZES", learner.SIZES[:1])
    rows, _ = bench("learner")
    expect_measured(rows)
    assert [row["peer_name"].split(",")[0] for row in rows] == ["bare loop", "trunkline"]


def test_probes(bench, monkeypatch):
    """A reading beside the updates of its period."""
    monkeypatch.setattr(probes, "SIZES", probes.SIZES[:1])
    rows, _ = bench("probes")
    expect_measured(rows)
    assert [row["peer_name"] for row in rows] == ["trunkline, 1000 updates"]


@pytest.mark.ray
def test_system(bench, monkeypatch):
    """A training run beside two peers, and the learner's time."""
    monkeypatch.setattr(system, "THREADS", (1,))
    monkeypatch.setattr(ours_system, "WARM_UPDATES", 20)
    rows, err = bench("system")
    expect_peer(rows[0], "RLlib 2.60.0", "ormsgpack", "requirements.txt", err)
    expect_peer(rows[1], "Stable-Baselines3 2", "stable_baselines3", "requirements.txt", err)
    share = rows[2]
    assert (share["peer"], share["peer_name"], share["ratio"]) == (None, "", share["ours"])
    assert 0 < share["ratio"] < 1


@pytest.mark.parametrize(
    ("arguments", "code", "part"),
    [
        (["--rounds", "0"], 2, "--rounds"),
        (["--seconds", "0"], 2, "--seconds"),
        (["--plot", "."], 3, "trunkline: --plot: '.' cannot be written: Is a directory"),
        (
            ["--plot", "nowhere/a.png"],
            3,
            "trunkline: --plot: 'nowhere/a.png' cannot be written: No such file",
        ),
        (
            ["--plot", "a.xyz"],
            3,
            "trunkline: --plot: 'a.xyz' cannot be written: Format 'xyz' is not supported",
        ),
    ],
)
def test_a_mistake_is_a_sentence_before_anything_is_measured(monkeypatch, tmp_path, arguments, code, part):
    """Nobody waits for minutes to learn that the plot cannot be written."""
    monkeypatch.chdir(tmp_path)
    found, out, err = run_command(monkeypatch, "bench", "replay", *arguments)
    assert (found, out) == (code, "")
    assert part in err
    assert "Traceback" not in err
    assert "insert" not in err
    assert list(tmp_path.iterdir()) == []
