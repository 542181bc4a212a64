"""From steps to fragment blocks, with first priorities.

Shape letters: E streams, T rows of a fragment, L starts of a fragment.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from network.weights import ValueMap
from replay.fragment import FragmentBlock
from replay.n_step import ReturnSpec, cut_n_step
from replay.row import BOUNDARY, SENT, TERMINATED, TRUNCATED, Columns, table_shape
from tasks.errors import EnvironmentFailureError
from tasks.spec import TaskSpec


@dataclass(frozen=True)
class ActorIdentity:
    """Who sends: a name, and which of its lives this is."""

    name: str
    life: int


class FragmentWriter:
    """Collects rows of E streams in lockstep and cuts them into blocks.

    Each block carries the frames before its first start that a frame stack reaches back to, and
    `returns.n_step` rows after its last one; the next block begins with what it needs of them, so every row
    is a start once, however long the blocks are. Before a stream's first row stand boundary rows, which
    stacks do not reach across.

        writer = FragmentWriter(spec, identity, num_envs=16, num_starts=16, returns=returns)
        row = {"frames": frame_EO, "actions": action_E, "rewards": reward_E, "flags": flags_E}
        block = writer.append(row, q_EA, weights_version)    # or None
        block = writer.cut()                        # what is there, where waiting for more takes too long
    """

    def __init__(
        self, spec: TaskSpec, identity: ActorIdentity, num_envs: int, num_starts: int, returns: ReturnSpec
    ) -> None:
        self._lead = spec.frame_stack - 1
        rows = self._lead + num_starts + returns.n_step
        self._spec = spec
        self._identity = identity
        self._returns = returns
        self._rows = {
            name: column.zeros((num_envs, rows), table_shape(spec)) for name, column in SENT.items()
        }
        self._rows["flags"].fill(BOUNDARY)
        self._own_rewards = np.zeros((num_envs, rows), np.float32) if spec.wrappers else self._rows["rewards"]
        self._q = np.zeros((num_envs, rows, spec.choices.total), np.float32)
        self._versions = np.zeros(rows, np.int64)
        self._value_maps = np.tile(np.array([ValueMap()]).T, rows)
        self._filled = self._counted = self._lead
        self._sequence = 0
        self._episodes = _Episodes(num_envs)

    def append(
        self,
        values: Columns,
        q_EA: NDArray[np.float32],
        weights_version: int,
        value_map: ValueMap = ValueMap(),  # noqa: B008 - nothing can change it
        own_reward_E: NDArray[np.float64] | None = None,
    ) -> FragmentBlock | None:
        """Add one row a stream; return a block when one is complete.

        Args:
            values: (E, ...) of each column that is sent.
            q_EA: action values there.
            weights_version: that chose the actions.
            value_map: what `q_EA` stands for.
            own_reward_E: the environment's rewards, which returns of episodes consist of, where its wrappers
                may change them.

        Raises:
            EnvironmentFailureError: its numbers are too large for float32 to calculate with.
        """
        row = self._filled
        for name, column in self._rows.items():
            column[:, row] = values[name]
        if own_reward_E is not None:
            self._own_rewards[:, row] = own_reward_E
        self._q[:, row] = q_EA
        self._versions[row] = weights_version
        self._value_maps[:, row] = value_map
        self._filled += 1
        return self.cut() if self._filled == len(self._versions) else None

    def cut(self) -> FragmentBlock | None:
        """Return a block of the rows at hand, or None while none of them can be a start."""
        num_starts = self._filled - self._lead - self._returns.n_step
        return self._block(num_starts) if num_starts > 0 else None

    def _block(self, num_starts: int) -> FragmentBlock:
        new, rows = slice(self._counted, self._filled), slice(self._filled)
        returns, lengths = self._episodes.ended(self._own_rewards[:, new], self._rows["flags"][:, new])
        if not np.isfinite(returns).all():
            raise self._too_large()
        block = FragmentBlock(
            task=self._spec.name,
            actor=self._identity.name,
            life=self._identity.life,
            sequence=self._sequence,
            weights_version=int(self._versions[self._lead]),
            lead=self._lead,
            rows={name: column[:, rows].copy() for name, column in self._rows.items()},
            priorities=self._priorities(num_starts),
            episode_returns=returns,
            episode_lengths=lengths,
        )
        self._sequence += 1
        self._keep_last_rows(num_starts)
        return block

    def _priorities(self, num_starts: int) -> NDArray[np.float32]:
        """Return |target - q_taken| of every start, by the acting weights, in the unit of its values: (E, L).

        The target is the value of the return reward_n + discount_n G, where the best action's value stands
        for the return G.
        The learner computes the same.
        """
        streams, rows = self._q.shape[:2]
        first = self._lead + np.arange(num_starts)
        starts = (np.arange(streams)[:, None] * rows + first).reshape(-1)
        rewards_n, discounts_n, last = cut_n_step(
            self._returns, starts, self._rows["rewards"].reshape(-1), self._rows["flags"].reshape(-1)
        )
        q_of_row = self._q.reshape(streams * rows, -1)
        choices, actions = self._spec.choices, self._rows["actions"]
        taken = actions.reshape(-1, *choices.shape)[starts]
        q_taken = choices.value(q_of_row[starts], taken)
        scale, shift = self._value_maps[:, starts % rows]
        last_scale, last_shift = self._value_maps[:, last % rows]
        best = choices.value(q_of_row[last], choices.best(q_of_row[last]))
        with np.errstate(over="ignore", invalid="ignore"):
            targets = rewards_n + discounts_n * (last_scale * best + last_shift)
            td_errors = np.abs((targets - shift) / scale - q_taken)
            in_float32 = np.array([targets, td_errors], np.float32)
        if not np.isfinite(in_float32).all():
            raise self._too_large()
        return np.asarray(in_float32[1].reshape(streams, num_starts))

    def _too_large(self) -> EnvironmentFailureError:
        """Return the error of numbers that are finite themselves, while what is calculated of them is not."""
        name, rows = self._spec.name, slice(self._filled)
        parts = self._spec.layout.parts_of(self._rows["frames"][:, rows])
        seen = max(np.abs(part.astype(np.float64)).max() for part in parts)
        paid = np.abs(self._rows["rewards"][:, rows].astype(np.float64)).max()
        return EnvironmentFailureError(
            f"task {name!r}: its values are too large for float32: observations are as large as {seen:g}, "
            f"and tasks.{name}.observation_scale divides them; rewards are as large as {paid:g}, and "
            f"tasks.{name}.reward_scale multiplies them; they should become numbers around 1"
        )

    def _keep_last_rows(self, num_starts: int) -> None:
        kept = self._lead + self._returns.n_step
        last = slice(num_starts, num_starts + kept)
        for column in (*self._rows.values(), self._q, self._value_maps):
            column[:, :kept] = column[:, last].copy()
        self._versions[:kept] = self._versions[last].copy()
        self._filled = self._counted = kept


class _Episodes:
    """The return and length that each stream's episode has so far."""

    def __init__(self, num_envs: int) -> None:
        self._return_E = np.zeros(num_envs)
        self._length_E = np.zeros(num_envs, np.int64)

    def ended(
        self, reward_ER: NDArray[np.float32], flags_ER: NDArray[np.uint8]
    ) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
        """Take in rows; return the returns and lengths of the episodes that ended in them: (K,) each."""
        real_ER = (flags_ER & BOUNDARY) == 0
        stream_K, row_K = np.nonzero(flags_ER & (TERMINATED | TRUNCATED))
        total_ER = self._return_E[:, None] + np.cumsum(reward_ER * real_ER, axis=1, dtype=np.float64)
        steps_ER = self._length_E[:, None] + np.cumsum(real_ER, axis=1)
        returns, self._return_E = _differences(total_ER, stream_K, row_K)
        lengths, self._length_E = _differences(steps_ER, stream_K, row_K)
        with np.errstate(over="ignore"):
            return returns.astype(np.float32), lengths.astype(np.int32)


def _differences(
    total_ER: NDArray[Any], stream_K: NDArray[np.intp], row_K: NDArray[np.intp]
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return what each end adds to the one before it in its stream, and what came after the last one.

    Ends are in the order of their streams, and within a stream in the order of their rows.
    """
    at_K = total_ER[stream_K, row_K]
    before_K = np.where(np.diff(stream_K, prepend=-1) == 0, np.roll(at_K, 1), 0)
    last_E = np.zeros(len(total_ER), total_ER.dtype)
    last_E[stream_K] = at_K
    return at_K - before_K, total_ER[:, -1] - last_E
