"""Streams that step together in one call of somebody else's: native pools and vectorised environments."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from tasks.aside import Aside
from tasks.contract import failure, kept_ends, kept_rewards, raised
from tasks.declared import agreed
from tasks.dynamics import Actions
from tasks.errors import ContractError, EnvironmentFailureError, MakingError, told
from tasks.lives import lives_in_rows
from tasks.readers.interface import Rows
from tasks.sources.interface import StepOutput
from tasks.spec import TaskSpec

logger = logging.getLogger(__name__)

Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class View:
    """What some streams of a pool show.

    Attributes:
        rows: which streams.
        observations: of all of them, with one more axis than the space of one says.
        infos: that came with them, a row a stream.
    """

    rows: Rows
    observations: Any
    infos: Any


@dataclass(frozen=True)
class PoolStep:
    """What a step of a pool gave, one row a stream.

    Attributes:
        views: what the streams show; where two have the same row, the later one counts.
        rewards, terminated, truncated: of all streams; those of streams that began anew mean nothing.
    """

    views: list[View]
    rewards: Any
    terminated: Any
    truncated: Any


class Pool(Protocol):
    """Environments of somebody else's that step in one call, with one way to begin episodes.

    Attributes:
        observation_space, action_space: of one stream.
    """

    observation_space: Any
    action_space: Any

    def reset(self, seed: int) -> View:
        """Begin an episode in every stream, as they do with this seed."""

    def step(self, actions: NDArray[Any], restart_E: Bools) -> PoolStep:
        """Step every stream once, but for those that begin an episode, whatever came before in them."""

    def close(self) -> None:
        """Let go of the environments."""


class PoolStreams:
    """The streams of a pool: what it does wrong becomes one sentence, and its time limit is the task's.

    Args:
        spec: the task.
        num_envs: streams.
        seed: of the streams.
        make: makes the pool, given the number of its streams.

    Raises:
        EnvironmentFailureError: the pool cannot be made, raises, or breaks its contract.
    """

    def __init__(self, spec: TaskSpec, num_envs: int, seed: int, make: Callable[[int], Pool]) -> None:
        self._spec, self._seed = spec, seed
        try:
            self._pool = make(num_envs)
        except MakingError as error:
            raise EnvironmentFailureError(f"task {spec.name!r}: {error}") from error
        try:
            declared = agreed(self._pool, spec.reading, spec.layout, spec.choices)
        except ContractError as error:
            self.close()
            raise failure(spec, str(error)) from error
        self._observations, self._actions = declared.observations, declared.actions
        self._lives_E = np.zeros(num_envs, np.int64)
        self._age_E = np.zeros(num_envs, np.int64)
        self.aside = Aside()
        self._ended_E: Bools = np.zeros(num_envs, np.bool_)

    def reset(self, seed: int | None = None) -> NDArray[Any]:
        """Start every stream anew."""
        self._seed = self._seed if seed is None else seed
        self._age_E[:], self._ended_E = 0, np.zeros_like(self._ended_E)
        try:
            view = self._pool.reset(self._seed)
            self._lives_E = self._lives([view])
            return self._frames([view], ~self._ended_E)
        except ContractError as error:
            raise failure(self._spec, str(error)) from error
        except BaseException as error:
            raise failure(self._spec, raised("reset", error)) from error

    def step(self, action_E: Actions) -> StepOutput:
        """Step every stream once."""
        begun_E = self._ended_E
        try:
            step = self._pool.step(self._actions.native(action_E), begun_E)
            reward_E = kept_rewards(step.rewards, len(begun_E))
            terminated_E = kept_ends("terminated", step.terminated, len(begun_E)) & ~begun_E
            truncated_E = kept_ends("truncated", step.truncated, len(begun_E)) & ~begun_E
            frame_EO = self._frames(step.views, ~terminated_E)
            lives_E = self._lives(step.views)
        except ContractError as error:
            raise failure(self._spec, str(error)) from error
        except BaseException as error:
            raise failure(self._spec, raised("step", error)) from error
        if self._spec.reading.life_loss:
            self.aside = Aside(life_lost_E=(lives_E < self._lives_E) & ~begun_E)
        self._lives_E = lives_E
        reward_E[begun_E] = 0.0
        self._age_E += 1
        self._age_E[begun_E] = 0
        truncated_E |= self._age_E >= self._spec.max_episode_steps
        self._ended_E = terminated_E | truncated_E
        return frame_EO, reward_E, terminated_E, truncated_E

    def close(self) -> None:
        """Close the pool; what it raises is a warning."""
        try:
            self._pool.close()
        except BaseException as error:
            logger.warning("%s", failure(self._spec, f"raised in close: {told(error)}"))

    def _lives(self, views: list[View]) -> NDArray[np.int64]:
        """Return how many lives the streams have left; as before where nobody asked."""
        if not self._spec.reading.life_loss:
            return self._lives_E
        lives_E = self._lives_E.copy()
        for view in views:
            lives_E[view.rows] = lives_in_rows(view.infos, len(lives_E[view.rows]))
        return lives_E

    def _frames(self, views: list[View], goes_on_E: Bools) -> NDArray[Any]:
        """Return frames of what the streams show."""
        layout = self._observations.layout
        frame_EO = np.zeros((len(goes_on_E), *layout.frame_shape), layout.frame_dtype)
        parts = layout.parts_of(frame_EO)
        for view in views:
            self._observations.read_rows(view.observations, view.infos, parts, view.rows, goes_on_E)
        return frame_EO
