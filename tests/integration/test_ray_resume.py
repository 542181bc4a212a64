"""Replay that outlives its run: saved by one runtime, brought back by the other."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.runs import run_command, tiny_overrides

pytestmark = [pytest.mark.ray, pytest.mark.slow]

PAIR = [
    *tiny_overrides(tasks__chain__solved_at="null", tasks__identity__solved_at="null"),
    "tasks.board={env: trunkline/Catch-v0, envs_per_actor: 4, frame_stack: 2, solved_at: null}",
    "evaluation.period=100000",
    "replay.shards=2",
    "tasks.chain.actors=2",
    "tasks.identity.actors=2",
]


@pytest.fixture
def trunkline(monkeypatch: pytest.MonkeyPatch):
    return lambda *arguments: run_command(monkeypatch, *arguments)


def statuses(directory: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (directory / "metrics.jsonl").read_text().splitlines()]


def transitions(summary: dict[str, Any], what: str) -> dict[str, Any]:
    return {task: result["transitions"][what] for task, result in summary["tasks"].items()}


def test_replay_goes_from_runtime_to_runtime(trunkline, tmp_path: Path):
    """What one process saved comes back on shards over Ray at once, and what those saved in one again."""
    directory = tmp_path / "run"
    code, out, err = trunkline("train", *PAIR, "--runtime", "local", "--run-dir", directory, "--json")
    assert code == 0, err
    summary = json.loads(out)
    for runtime, budget in (("ray", 6000), ("local", 9000)):
        before, seen = summary, len(statuses(directory))
        bound = f"stop_env_steps={budget}"
        code, out, err = trunkline(
            "resume", directory, bound, "replay.min_size_to_sample=700", "--runtime", runtime, "--json"
        )
        assert code == 0, err
        summary = json.loads(out)
        assert summary["replay_saved"] is True
        assert transitions(summary, "problem") == {"chain": None, "identity": None, "board": None}
        assert summary["learner_steps"] > before["learner_steps"]
        first = statuses(directory)[seen]
        restored = {task["name"]: task["table"]["restored"] for task in first["tasks"]}
        assert restored == transitions(before, "stored")
        assert min(restored.values()) > 700
        returns = [end["tasks"]["identity"]["greedy_return_mean"] for end in (before, summary)]
        assert returns[1] > returns[0] - 4.0


def test_replay_of_other_frames_is_refused_over_ray_too(trunkline, tmp_path: Path):
    """The shard that cannot take its snapshot says why: one sentence, exit code 3, the run left alone."""
    directory = tmp_path / "run"
    code, _, err = trunkline("train", *PAIR, "--runtime", "local", "--run-dir", directory, "--json")
    assert code == 0, err
    before = (directory / "config.yaml").read_text()
    wide = "tasks.board.env_kwargs={rows: 5, columns: 10}"
    code, out, err = trunkline("resume", directory, wide, "stop_env_steps=9000", "--json")
    assert out == ""
    assert "Traceback" not in err
    assert "frame_shape of task 'board' was [10, 5]" in err.splitlines()[-1]
    assert err.splitlines()[-1].endswith("to resume without replay give checkpoint.replay=false")
    assert (directory / "config.yaml").read_text() == before
    assert code == 3
