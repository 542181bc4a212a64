"""Whole runs of tasks in wrappers and with lives: what is learned from, what is reported, what goes on."""

from pathlib import Path
from typing import Any

import pytest

from config.loading import parse_config
from config.resolution import rehearse
from deploy.launch import resume_run, start_run
from tests.support.learning_builders import IN_EVERY_ROUND, tiny_config
from tests.support.odd_environments import odd
from tests.support.wrapped_environments import wrapper
from training.directory.run_directory import RunDirectory
from training.evaluation.offline import evaluate_run
from training.status.records import RunStatus

STEADY: dict[str, Any] = {
    "env": odd("Steady"),
    "wrappers": [{"wrapper": wrapper("Tenfold"), "factor": 3}],
    "max_episode_steps": 50,
    "envs_per_actor": 4,
}
LIVES: dict[str, Any] = {
    "env": wrapper("ThreeLives"),
    "life_loss": True,
    "max_episode_steps": 50,
    "envs_per_actor": 4,
}
RETURNS = {"steady": 10.0, "lives": 12.0}


@pytest.mark.parametrize("again", [False, True], ids=["a run", "a run that goes on"])
def test_reported_returns_are_those_of_the_environment(tmp_path: Path, again: bool):
    """Three times what it pays is learned from; a game of three lives has one return."""
    config = tiny_config(
        "stop_env_steps=600", "evaluation.period=20", tasks={"steady": STEADY, "lives": LIVES}
    )
    seen: list[RunStatus] = []
    path = tmp_path / "run"
    summary = start_run(rehearse(config.on_one_machine()), path, "local", None, [seen.append], IN_EVERY_ROUND)
    if again:
        directory = RunDirectory.open(path)
        record = parse_config(directory.config.model_dump(mode="json"), ["stop_env_steps=900"])
        checkpoint, _ = directory.newest_checkpoint()
        summary = resume_run(rehearse(record), path, checkpoint, "local", None, [seen.append], IN_EVERY_ROUND)
    assert {name: task["greedy_return_mean"] for name, task in summary["tasks"].items()} == RETURNS
    offline = evaluate_run(RunDirectory.open(path), episodes=2)["tasks"]
    assert {name: task["greedy_return_mean"] for name, task in offline.items()} == RETURNS
    assert {task.name: task.replay.table.recent_return for task in seen[-1].tasks} == RETURNS
