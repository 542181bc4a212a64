"""Steps of several streams from a script: what an actor sees, and what the writer must make of it."""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from actors.fragment_writer import ActorIdentity, FragmentWriter
from replay.fragment import FragmentBlock
from replay.n_step import ReturnSpec
from replay.row import BOUNDARY, TERMINATED, TRUNCATED, Columns
from tasks.spec import TaskSpec
from tests.support.builders import make_row, make_spec

ACTIONS = 2


@dataclass(frozen=True)
class Script:
    """Rows in lockstep; the frame of row t in stream e is [e, t, flag]. Arrays are (T, E) and (T, E, A)."""

    frames: NDArray[np.float32]
    actions: NDArray[np.int64]
    rewards: NDArray[np.float64]
    flags: NDArray[np.uint8]
    q: NDArray[np.float32]

    @property
    def streams(self) -> int:
        """Number of streams."""
        return int(self.actions.shape[1])

    def row(self, number: int) -> Columns:
        """Return a row of every stream, as the writer takes it."""
        columns = (self.frames, self.actions, self.rewards, self.flags)
        return make_row(*(column[number] for column in columns))


def make_script(rows: int, streams: int, seed: int) -> Script:
    """Return random episodes: every end is followed by a boundary row, as a rollout writes it."""
    rng = np.random.default_rng(seed)
    flags = np.zeros((rows, streams), np.uint8)
    for stream in range(streams):
        for row in range(rows):
            if row and flags[row - 1, stream] & (TERMINATED | TRUNCATED):
                flags[row, stream] = BOUNDARY
            elif rng.random() < 0.25:
                flags[row, stream] = rng.choice([TERMINATED, TRUNCATED, TERMINATED | TRUNCATED])
    stream_numbers, row_numbers = np.meshgrid(np.arange(streams), np.arange(rows))
    return Script(
        frames=np.stack([stream_numbers, row_numbers, flags], -1).astype(np.float32),
        actions=rng.integers(ACTIONS, size=(rows, streams)),
        rewards=rng.normal(size=(rows, streams)),
        flags=flags,
        q=rng.normal(size=(rows, streams, ACTIONS)).astype(np.float32),
    )


def write(
    script: Script,
    num_starts: int,
    returns: ReturnSpec,
    frame_stack: int = 1,
    cut_after: Collection[int] = (),
) -> list[FragmentBlock]:
    """Send a script through a real writer, with the row number as weights version; cut after some rows."""
    identity = ActorIdentity("toy-0", 3)
    writer = FragmentWriter(stacked_spec(frame_stack), identity, script.streams, num_starts, returns)
    blocks: list[FragmentBlock | None] = []
    for row in range(len(script.actions)):
        blocks.append(writer.append(script.row(row), script.q[row], row))
        if row in cut_after:
            blocks.append(writer.cut())
    return [block for block in blocks if block is not None]


def stacked_spec(frame_stack: int) -> TaskSpec:
    """Return a task whose observations are so many of the script's frames."""
    shape = (3,) if frame_stack == 1 else (frame_stack, 3)
    return make_spec(observation_shape=shape, frame_stack=frame_stack)


def brute_force_priority(script: Script, stream: int, row: int, returns: ReturnSpec) -> float:
    """Walk from a row to its n-step TD error by the acting network's values."""
    total, factor, at = 0.0, 1.0, row
    bound = returns.reward_clip or float("inf")
    for _ in range(returns.n_step):
        reward = min(bound, max(-bound, script.rewards[at, stream]))
        total += factor * returns.reward_scale * reward
        factor *= returns.discount
        flag = script.flags[at, stream]
        at += 1
        if flag & TERMINATED:
            factor = 0.0
        if flag & (TERMINATED | TRUNCATED):
            break
    bootstrap = script.q[at, stream].max() if factor else 0.0
    return abs(total + factor * bootstrap - script.q[row, stream, script.actions[row, stream]])
