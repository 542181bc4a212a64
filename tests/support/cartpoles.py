"""CartPole from every source of environments, and what can be said of its frames wherever they come from."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tasks.choices import Choices
from tasks.environment import CheckedVector
from tasks.observation import ObservationLayout
from tasks.spec import TaskSpec
from tests.support.vector_environments import MODULE

LIMITS = np.array([2.4, np.radians(12.0)])
"""Of position and angle: beyond them an episode terminates."""


@dataclass(frozen=True)
class CartPole:
    """CartPole from one source.

    Attributes:
        name: of the source, for the names of tests.
        env: as a task names it.
        module: that has to be installed, and comes with an extra of that name.
        seeds_each: whether stream e is seeded with seed + e.
        env_kwargs: of it.
    """

    name: str
    env: str
    module: str = "gymnasium"
    seeds_each: bool = True
    env_kwargs: dict[str, Any] = field(default_factory=dict)

    def spec(self, max_episode_steps: int = 500) -> TaskSpec:
        """Return it as a task; skips the test where the source is not installed."""
        pytest.importorskip(
            self.module, reason=f"needs the extra {self.module}: pip install '.[{self.module}]'"
        )
        layout = ObservationLayout.of_numbers((4,), "float32", (1.0,))
        return TaskSpec("pole", self.env, layout, Choices((2,)), max_episode_steps, self.env_kwargs)


CARTPOLES = [
    CartPole("loop", "gymnasium.envs.classic_control.cartpole:CartPoleEnv"),
    CartPole("dynamics", "CartPole-v1"),
    CartPole("envpool", "envpool:CartPole-v1", "envpool"),
    CartPole("envpool-threads", "envpool:CartPole-v1", "envpool", env_kwargs={"num_threads": 2}),
    CartPole("vector", "vector:CartPole-v1", seeds_each=False),
    CartPole("vector-next-step", f"vector:{MODULE}:next_step"),
    CartPole("vector-same-step", f"vector:{MODULE}:same_step"),
    CartPole("vector-disabled", f"vector:{MODULE}:disabled"),
    CartPole("vector-asked", f"vector:{MODULE}:any_mode"),
]


def follows(before_E4: NDArray[Any], after_E4: NDArray[Any]) -> NDArray[np.bool_]:
    """Return whether frames come after others in the same episode: positions move as velocities say."""
    moved_E2 = before_E4[:, ::2] + 0.02 * before_E4[:, 1::2]
    return np.isclose(moved_E2, after_E4[:, ::2], atol=1e-5).all(1)


def begins(frame_E4: NDArray[Any]) -> NDArray[np.bool_]:
    """Return whether frames may be the first of an episode."""
    return (np.abs(frame_E4) <= 0.05).all(1)


def has_fallen(frame_E4: NDArray[Any]) -> NDArray[np.bool_]:
    """Return whether frames are the last of an episode that terminated."""
    return (np.abs(frame_E4[:, ::2]) > LIMITS).any(1)


def balances(frame_E4: NDArray[Any]) -> NDArray[np.int64]:
    """Return actions that keep the pole upright for thousands of steps."""
    return (frame_E4 @ np.array([0.1, 0.4, 1.0, 0.6]) > 0).astype(np.int64)


def played(vector: CheckedVector, actions_TE: NDArray[np.integer[Any]]) -> list[tuple[NDArray[Any], ...]]:
    """Return what a vector gave from its reset on, for a script of actions."""
    frame = vector.reset()
    return [(frame,), *(vector.step(action_E) for action_E in actions_TE)]


def same(first: list[tuple[NDArray[Any], ...]], second: list[tuple[NDArray[Any], ...]]) -> bool:
    """Return whether two plays gave the same, bit for bit."""
    return all(
        np.array_equal(a, b)
        for left, right in zip(first, second, strict=True)
        for a, b in zip(left, right, strict=True)
    )
