"""MinAtar's games, where the extra is installed, and the sentence where it is not."""

import sys

import numpy as np
import pytest

from tasks.choices import Choices
from tasks.environment import CheckedVector
from tasks.errors import TaskError
from tasks.inspection import inspect_environment
from tasks.recipe import Recipe
from tasks.spec import TaskSpec

CHANNELS_AND_ACTIONS = {
    "Asterix": (4, 5),
    "Breakout": (4, 3),
    "Freeway": (7, 3),
    "Seaquest": (10, 6),
    "SpaceInvaders": (6, 4),
}


@pytest.mark.parametrize("game", CHANNELS_AND_ACTIONS)
def test_a_game_is_played_in_black_and_white(game: str):
    """Boolean planes of 10 by 10 become 0 and 1, with the minimal actions of Young & Tian (2019)."""
    pytest.importorskip("minatar")
    env = f"MinAtar/{game}-v1"
    report = inspect_environment("game", Recipe(env, {}, None))
    channels, actions = CHANNELS_AND_ACTIONS[game]
    assert (report.layout.frame_shape, report.layout.frame_dtype) == ((10, 10, channels), "uint8")
    assert (report.choices, report.max_episode_steps) == (Choices((actions,)), 5000)
    assert [part.scale for part in report.layout.parts] == [(1.0,)]
    vector = CheckedVector(TaskSpec("game", env, report.layout, report.choices, 5000), 2, seed=1)
    frames = [vector.reset(), *(vector.step(np.array([0, 1]))[0] for _ in range(30))]
    assert {frame.dtype.name for frame in frames} == {"uint8"}
    assert np.unique(frames).tolist() == [0, 1]


@pytest.mark.parametrize(
    ("env", "env_kwargs"),
    [("MinAtar/Breakout-v1", {}), ("trunkline/Reversed-v0", {"env": "MinAtar/Breakout-v1"})],
)
def test_a_missing_extra_is_named(env: str, env_kwargs: dict[str, str], monkeypatch: pytest.MonkeyPatch):
    """With what to type."""
    for module in [name for name in sys.modules if name.split(".")[0] == "minatar"]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, "minatar", None)  # what Python takes for "not installed"
    with pytest.raises(TaskError) as raised:
        inspect_environment("game", Recipe(env, env_kwargs, None))
    assert str(raised.value) == (
        f"tasks.game.env: environment {env!r} needs an extra that is not installed: "
        "pip install --editable '.[minatar]'"
    )
