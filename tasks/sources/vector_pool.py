"""A vectorised environment of Gymnasium as a pool, whatever it does where an episode ends."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from gymnasium.vector import AutoresetMode
from numpy.typing import NDArray

from tasks.contract import kept_reset, kept_step
from tasks.errors import ContractError, shown
from tasks.sources.pool import Bools, PoolStep, View
from tasks.sources.rows import batch_of_one, infos_of_rows, row_of, rows_of, same_rows

ALL = slice(None)


class VectorPool:
    """A vector in any of Gymnasium's three modes of automatic resets.

    A stream that begins an episode is not to be stepped, but a vector steps all streams or none. In
    `NEXT_STEP` a stream whose episode the vector ended begins the next one by itself. In all other cases the
    stream is stepped like the others, and then reset alone, by `options={"reset_mask": ...}`: what it showed
    in between counts for nothing. In `SAME_STEP` the last observation of an episode is `infos["final_obs"]`;
    in `DISABLED` a stream has to be reset before it can be stepped.

    Args:
        vector: the environment.

    Raises:
        ValueError: it does not say which mode it has; the message goes on after its name.
    """

    def __init__(self, vector: Any) -> None:  # noqa: ANN401 - environments of others are what they are
        self._vector = vector
        self.observation_space = vector.single_observation_space
        self.action_space = vector.single_action_space
        self._mode = _mode(vector)
        self._over_E: Bools = np.zeros(vector.num_envs, np.bool_)

    def reset(self, seed: int) -> View:
        """Begin an episode in every stream."""
        self._over_E[:] = False
        return View(ALL, *kept_reset(self._vector.reset(seed=seed)))

    def step(self, actions: NDArray[Any], restart_E: Bools) -> PoolStep:
        """Step every stream, and let some begin an episode."""
        if self._mode is AutoresetMode.DISABLED and self._over_E.any():
            self._reset(self._over_E)
        observations, rewards, terminated, truncated, infos = kept_step(self._vector.step(actions))
        views = [View(ALL, observations, infos)]
        over_E = np.logical_or(terminated, truncated) & ~restart_E
        if self._mode is AutoresetMode.SAME_STEP and over_E.any():
            views += [self._final(infos, row) for row in over_E.nonzero()[0].tolist()]
        left_E = restart_E & ~self._over_E if self._mode is AutoresetMode.NEXT_STEP else restart_E
        if left_E.any():
            views.append(self._begun(observations, left_E))
        self._over_E = over_E
        return PoolStep(views, rewards, terminated, truncated)

    def close(self) -> None:
        """Close the vector."""
        self._vector.close()

    def _begun(self, before: Any, rows_E: Bools) -> View:  # noqa: ANN401 - what the vector showed
        """Let some streams begin an episode; return what they show."""
        after, infos = self._reset(rows_E)
        if not same_rows(self.observation_space, before, after, (~rows_E).nonzero()[0]):
            raise ContractError(
                "reset streams that were not asked for: it should reset those of options['reset_mask'] only, "
                "which is how a stream of a vector begins an episode on its own, or end episodes as "
                "'NextStep' says, at tasks.*.max_episode_steps too"
            )
        rows = rows_E.nonzero()[0]
        return View(rows, rows_of(self.observation_space, after, rows), infos_of_rows(infos, rows))

    def _final(self, infos: Any, row: int) -> View:  # noqa: ANN401 - whatever environments gave back
        """Return what a stream showed at its episode's end, where the vector shows the next one's start."""
        if not (isinstance(infos, Mapping) and "final_obs" in infos):
            raise ContractError(
                'returned no infos["final_obs"] at the end of an episode, though its metadata say that it '
                "resets in the same step"
            )
        last = row_of(self.observation_space, infos["final_obs"], row)
        rows = np.array([row])
        return View(
            rows,
            batch_of_one(self.observation_space, last),
            infos_of_rows(infos.get("final_info"), rows) or infos_of_rows(infos, rows),
        )

    def _reset(self, rows_E: Bools) -> tuple[Any, Any]:
        return kept_reset(self._vector.reset(options={"reset_mask": rows_E.copy()}))


def _mode(vector: Any) -> AutoresetMode:  # noqa: ANN401 - environments of others are what they are
    said = (getattr(vector, "metadata", None) or {}).get("autoreset_mode")
    try:
        return AutoresetMode(said)
    except ValueError as error:
        modes = ", ".join(repr(mode.value) for mode in AutoresetMode)
        raise ValueError(
            f'has {shown(said)} as metadata["autoreset_mode"]; it should be one of {modes}, since nobody can '
            "tell otherwise what it shows where an episode ends"
        ) from error
