"""A vectorised environment of Gymnasium as a pool, whatever it does where an episode ends."""

from typing import Any

import numpy as np
from gymnasium.vector import AutoresetMode
from numpy.typing import NDArray

from tasks.contract import kept_reset, kept_step
from tasks.errors import ContractError, shown
from tasks.sources.pool import Bools, PoolStep, View, infos_of_rows, of_rows

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
            views += [_final(infos, row) for row in over_E.nonzero()[0].tolist()]
        left_E = restart_E & ~self._over_E if self._mode is AutoresetMode.NEXT_STEP else restart_E
        if left_E.any():
            rows, (anew, its_infos) = left_E.nonzero()[0], self._reset(left_E)
            _refuse_changes(observations, anew, (~left_E).nonzero()[0])
            views.append(View(rows, of_rows(anew, rows), infos_of_rows(its_infos, rows)))
        self._over_E = over_E
        return PoolStep(views, rewards, terminated, truncated)

    def close(self) -> None:
        """Close the vector."""
        self._vector.close()

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


def _final(infos: Any, row: int) -> View:  # noqa: ANN401 - whatever environments gave back
    """Return what a stream showed at its episode's end, where the vector shows the next one's beginning."""
    if not (isinstance(infos, dict) and "final_obs" in infos):
        raise ContractError(
            'returned no infos["final_obs"] at the end of an episode, though its metadata say that it resets '
            "in the same step"
        )
    last = of_rows(infos["final_obs"], row)
    rows = np.array([row])
    return View(rows, _of_one(last), _of_one(infos_of_rows(infos.get("final_info"), row)))


def _of_one(value: Any) -> Any:  # noqa: ANN401 - whatever environments gave back
    """Return the observation of one stream as a pool of it would give it."""
    if isinstance(value, dict):
        return {key: _of_one(member) for key, member in value.items()}
    if isinstance(value, tuple):
        return tuple(_of_one(member) for member in value)
    return (value,) if isinstance(value, str) else np.asarray(value)[None]


def _refuse_changes(before: Any, after: Any, rows: NDArray[np.intp]) -> None:  # noqa: ANN401
    """Refuse a reset of some streams after which others show something else."""
    if isinstance(before, dict):
        pairs = [(member, after[key]) for key, member in before.items()]
    elif isinstance(before, tuple):
        pairs = list(zip(before, after, strict=True))
    else:
        same = np.array_equal(before[rows], after[rows], equal_nan=np.asarray(before).dtype.kind == "f")
        if not same:
            raise ContractError(
                "reset streams that were not asked for: it should reset those of options['reset_mask'] only, "
                "which is how a stream of a vector begins an episode on its own, or end episodes as "
                "'NextStep' says, at tasks.*.max_episode_steps too"
            )
        return
    for pair in pairs:
        _refuse_changes(*pair, rows)
