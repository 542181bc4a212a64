"""Episodes of an evaluation in EnvPool's pools, which are seeded when they are made."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tasks.contract import failure, kept_ends, kept_rewards, raised
from tasks.declared import agreed
from tasks.dynamics import Actions
from tasks.errors import ContractError
from tasks.sources.envpool_native import SEEDS, MakesPool, NativePool
from tasks.sources.interface import StepOutput
from tasks.sources.pool import View
from tasks.spec import TaskSpec


@dataclass
class _Round:
    """A pool with an episode in each of its rows.

    Attributes:
        pool: as it was made.
        first_frames: of its episodes.
        begun: how many of them have begun.
        stream_R: the stream that plays each row; -1 for none.
    """

    pool: NativePool
    first_frames: NDArray[Any]
    begun: int
    stream_R: NDArray[np.int64]


class EnvPoolEpisodes:
    """Streams that play the rows of pools: a pool of `num_envs` episodes is made when the last is used up.

    A pool steps only those of its rows that a stream plays, so that an episode stands at its beginning until
    a stream is free for it.

    Args:
        spec: the task.
        num_envs: streams, and rows of a pool, at most.
        make: makes a pool, given the seeds of its rows.
    """

    def __init__(self, spec: TaskSpec, num_envs: int, make: MakesPool) -> None:
        self._spec, self._num_envs, self._make = spec, num_envs, make
        self._rounds: list[_Round] = []
        self.beats = 0

    def open(self, episodes: int) -> int:
        """Forget everything; return the number of streams."""
        self.close()
        self._left = episodes
        width = min(self._num_envs, episodes)
        self._age_E = np.zeros(width, np.int64)
        return width

    def begin(self, stream: int, seed: int) -> NDArray[Any]:
        """Begin an episode.

        Raises:
            EnvironmentFailureError: a pool cannot be made, or broke its contract.
        """
        for earlier in self._rounds:
            earlier.stream_R[earlier.stream_R == stream] = -1
        last = self._rounds[-1] if self._rounds else None
        if last is None or last.begun == len(last.stream_R):
            last = self._made_round(seed)
        row, last.begun = last.begun, last.begun + 1
        last.stream_R[row] = stream
        self._age_E[stream] = 0
        self._left -= 1
        self.beats += 1
        frame_O: NDArray[Any] = last.first_frames[row]
        return frame_O

    def step(self, action_E: Actions, plays_E: NDArray[np.bool_]) -> StepOutput:
        """Step the rows of the streams that play, pool by pool.

        Raises:
            EnvironmentFailureError: one of them broke its contract.
        """
        width = len(plays_E)
        frame_EO = np.zeros((width, *self._spec.frame_shape), self._spec.frame_dtype)
        reward_E, ends = np.zeros(width), np.zeros((2, width), np.bool_)
        for each in self._rounds:
            rows = ((each.stream_R >= 0) & plays_E[each.stream_R]).nonzero()[0]
            if len(rows):
                streams = each.stream_R[rows]
                taken = self._step(each.pool, action_E[streams], rows)
                frame_EO[streams], reward_E[streams], ends[0, streams], ends[1, streams] = taken
                self.beats += 1
        self._age_E += 1
        self._let_go(plays_E)
        return frame_EO, reward_E, ends[0], ends[1] | (self._age_E >= self._spec.max_episode_steps)

    def close(self) -> None:
        """Close every pool."""
        rounds, self._rounds = self._rounds, []
        for each in rounds:
            each.pool.close()

    def _let_go(self, plays_E: NDArray[np.bool_]) -> None:
        """Close pools all of whose episodes have begun and are played by nobody any more."""
        over = [
            each
            for each in self._rounds
            if each.begun == len(each.stream_R) and not ((each.stream_R >= 0) & plays_E[each.stream_R]).any()
        ]
        for each in over:
            self._rounds.remove(each)
            each.pool.close()

    def _made_round(self, seed: int) -> _Round:
        """Make a pool whose first row has this seed."""
        size = min(self._num_envs, self._left)
        pool = self._make([(seed + row) % SEEDS for row in range(size)])
        self._rounds.append(_Round(pool, np.zeros(0), 0, np.full(size, -1)))
        try:
            view = pool.reset()
            spec = self._spec
            self._readers = agreed(pool, spec.reading, spec.layout, spec.choices)
            self._rounds[-1].first_frames = self._frames(view, size, np.ones(size, np.bool_))
        except ContractError as error:
            raise failure(self._spec, str(error)) from error
        except BaseException as error:
            raise failure(self._spec, raised("reset", error)) from error
        self.beats += 1
        return self._rounds[-1]

    def _step(self, pool: NativePool, action_N: Actions, rows: NDArray[np.intp]) -> StepOutput:
        """Step some rows of a pool."""
        try:
            actions = self._readers.actions.native(action_N)
            view, rewards, terminated, truncated = pool.step(actions, rows)
            reward_N = kept_rewards(rewards, len(rows))
            terminated_N = kept_ends("terminated", terminated, len(rows))
            frame_NO = self._frames(view, len(rows), ~terminated_N)
            return frame_NO, reward_N, terminated_N, kept_ends("truncated", truncated, len(rows))
        except ContractError as error:
            raise failure(self._spec, str(error)) from error
        except BaseException as error:
            raise failure(self._spec, raised("step", error)) from error

    def _frames(self, view: View, count: int, goes_on_N: NDArray[np.bool_]) -> NDArray[Any]:
        frame_NO = np.zeros((count, *self._spec.frame_shape), self._spec.frame_dtype)
        parts = self._readers.layout.parts_of(frame_NO)
        self._readers.observations.read_rows(view.observations, view.infos, parts, slice(None), goes_on_N)
        return frame_NO
