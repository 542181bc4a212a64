"""Vectorised environments of Gymnasium: masks and parts in the hardest mode, Atari, and mistakes."""

import sys
from typing import Any

import numpy as np
import pytest

from tasks.environment import CheckedVector
from tasks.errors import TaskError
from tasks.inspection import EnvironmentReport, examine_environment
from tasks.readers.words import tokens
from tasks.reading import Reading
from tasks.recipe import Recipe
from tasks.spec import TaskSpec
from tests.support.vector_environments import MODULE

PONG = "vector:ALE/Pong-v5"


PLAIN = Reading()


def report_of(
    env: str, limit: int | None = None, reading: Reading = PLAIN, **env_kwargs: Any
) -> EnvironmentReport:
    return examine_environment("task", Recipe(env, env_kwargs, limit), reading, 2, 1)


def spec_of(env: str, limit: int | None = None, reading: Reading = PLAIN, **env_kwargs: Any) -> TaskSpec:
    report = report_of(env, limit, reading, **env_kwargs)
    assert report.mistakes == []
    return TaskSpec("task", env, report.layout, report.choices, report.max_episode_steps, env_kwargs, reading)


def test_last_observations_come_with_their_texts_and_masks():
    """The vector shows the next episode where one ends: parts of all kinds are put in their place."""
    spec = spec_of(f"vector:{MODULE}:rooms", limit=40, reading=Reading(action_mask="info"))
    vector = CheckedVector(spec, 3, seed=1)
    frame_EO, room_E = vector.reset(), np.zeros(3, np.int64)
    places = {part.name: place for place, part in enumerate(spec.layout.parts)}
    rng, ended_E, age_E, ends = np.random.default_rng(0), np.zeros(3, np.bool_), np.zeros(3), 0
    for _ in range(120):
        allowed_EA = spec.layout.allowed(frame_EO)
        assert allowed_EA is not None
        action_E = spec.choices.best(np.where(allowed_EA, rng.random((3, 2)), -1.0))
        left_E = (room_E == 2) & ~ended_E
        room_E = np.where(ended_E, 0, np.minimum(2, room_E + action_E))
        age_E = np.where(ended_E, 0, age_E + 1)
        frame_EO, reward_E, terminated_E, truncated_E = vector.step(action_E)
        parts = spec.layout.parts_of(frame_EO)
        assert parts[places["room"]][:, 0].tolist() == room_E.tolist()
        assert parts[places["age"]][:, 0].tolist() == age_E.tolist()
        expected = [tokens(("first room", "second room", "way out")[room]).tolist() for room in room_E]
        assert parts[places["sign"]][:, :2].tolist() == expected
        assert parts[places["info.action_mask"]].tolist() == [[room != 2, 1] for room in room_E]
        assert terminated_E.tolist() == (reward_E == 1).tolist() == left_E.tolist()
        ended_E, ends = terminated_E | truncated_E, ends + terminated_E.sum()
    assert ends > 20


@pytest.mark.parametrize(("limit", "frames"), [(25, 108_000), (27_000, 31)])
def test_atari_shows_the_same_in_each_mode(limit: int, frames: int):
    """Where the task ends an episode, and where ALE does: first episodes are the same to their last frame."""
    pytest.importorskip("ale_py", reason="needs the extra atari: pip install '.[atari]'")
    settings: dict[str, Any] = {
        "img_height": 12,
        "img_width": 12,
        "noop_max": 1,
        "max_num_frames_per_episode": frames,
    }
    plays = [
        _played(CheckedVector(spec_of(PONG, limit, autoreset_mode=mode, **settings), 3, seed=4))
        for mode in ("NextStep", "SameStep")
    ]
    for stream in range(3):
        ends = {next(step for step, output in enumerate(play) if output[3][stream]) for play in plays}
        assert len(ends) == 1
        for one, other in zip(*(play[: ends.copy().pop() + 1] for play in plays), strict=True):
            assert all(np.array_equal(a[stream], b[stream]) for a, b in zip(one, other, strict=True))


def _played(vector: CheckedVector) -> list[tuple[np.ndarray, ...]]:
    rng = np.random.default_rng(0)
    vector.reset()
    try:
        return [vector.step(rng.integers(6, size=3)) for _ in range(60)]
    finally:
        vector.close()


def test_atari_reports_its_own_rewards_and_limit():
    """Its vector clips them unless it is told not to; 108,000 frames are 27,000 steps."""
    pytest.importorskip("ale_py", reason="needs the extra atari: pip install '.[atari]'")
    spec = spec_of(PONG)
    (part,) = spec.layout.parts
    assert (part.shape, part.dtype, spec.choices.sizes, spec.max_episode_steps) == (
        (4, 84, 84),
        "uint8",
        (6,),
        27_000,
    )
    vector = CheckedVector(spec_of("vector:ALE/MsPacman-v5", img_height=12, img_width=12), 2, seed=1)
    vector.reset()
    rewards = [vector.step(np.array([step % 9, 3]))[1] for step in range(120)]
    assert np.max(rewards) >= 10
    vector.close()


@pytest.mark.parametrize(
    ("env", "env_kwargs", "words"),
    [
        (
            "vector:Acrobot-v1",
            {},
            "environment 'vector:Acrobot-v1' has no vectorised entry point; tasks.task.env ",
        ),
        (
            "vector:CartPole-v9",
            {},
            "unknown environment 'vector:CartPole-v9'; did you mean 'vector:CartPole-v1'?",
        ),
        (
            "vector:nowhere:Maze",
            {},
            "environment 'vector:nowhere:Maze' cannot be built: no module 'nowhere' is fo",
        ),
        (
            "vector:CartPole-v1",
            {"x": 1},
            "environment 'vector:CartPole-v1' cannot be built with {'x': 1}: TypeEr",
        ),
        (
            f"vector:{MODULE}:Bad",
            {"wrong": "mode"},
            f"environment 'vector:{MODULE}:Bad' has None as metadata[",
        ),
    ],
)
def test_what_cannot_be_made_is_one_sentence(env: str, env_kwargs: dict[str, Any], words: str):
    """It names the field and what would do."""
    with pytest.raises(TaskError) as raised:
        report_of(env, **env_kwargs)
    assert str(raised.value).startswith(f"tasks.task.env: {words}")


def test_what_a_trial_finds_is_said_of_the_environment():
    """As of any other."""
    report = report_of(f"vector:{MODULE}:Bad", 9, wrong="ends")
    assert report.mistakes == [
        f"tasks.task.env: environment 'vector:{MODULE}:Bad' returned terminated of shape (1,) and dtype "
        "int64; it should be 1 booleans, one a stream"
    ]


@pytest.mark.parametrize("env", [PONG, "ALE/Pong-v5"])
def test_a_missing_extra_is_named(env: str, monkeypatch: pytest.MonkeyPatch):
    """With what to type."""
    for module in [name for name in sys.modules if name.split(".")[0] == "ale_py"]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, "ale_py", None)  # what Python takes for "not installed"
    with pytest.raises(TaskError) as raised:
        report_of(env)
    assert str(raised.value) == (
        f"tasks.task.env: environment {env!r} needs an extra that is not installed: "
        "pip install --editable '.[atari]'"
    )
