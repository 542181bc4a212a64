"""Streams of episodes in plain Python, their rows as actors would send them, and the n-step oracle."""

from dataclasses import dataclass

import numpy as np

from replay.fragment import BOUNDARY, TERMINATED, TRUNCATED, FragmentBlock
from replay.n_step import ReturnSpec
from tests.support.builders import make_block


@dataclass(frozen=True)
class Episode:
    """`length` steps and then an end; `flag` says which. Observation t of it is `first + t`."""

    first: int
    rewards: list[float]
    actions: list[int]
    flag: int

    @property
    def length(self) -> int:
        """Number of steps."""
        return len(self.rewards)


@dataclass(frozen=True)
class Transition:
    """What must come out of a table for the transition that starts at one observation."""

    action: int
    reward_n: float
    discount_n: float
    next_observation: int


def make_stream(first: int, lengths: list[int], flags: list[int], rng: np.random.Generator) -> list[Episode]:
    """Return episodes whose observations are numbered from `first` on, no number used twice."""
    stream = []
    for length, flag in zip(lengths, flags, strict=True):
        rewards = rng.integers(-8, 9, length).astype(float).tolist()
        stream.append(Episode(first, rewards, rng.integers(0, 5, length).tolist(), flag))
        first += length + 1
    return stream


def oracle(spec: ReturnSpec, stream: list[Episode]) -> dict[int, Transition]:
    """Walk every episode step by step: the transition that starts at each observation number."""
    clip = float("inf") if spec.reward_clip is None else spec.reward_clip
    transitions = {}
    for episode in stream:
        for start in range(episode.length):
            stop = min(start + spec.n_step, episode.length)
            reward_n = 0.0
            for t in range(start, stop):
                clipped = max(-clip, min(clip, episode.rewards[t]))
                reward_n += spec.discount ** (t - start) * spec.reward_scale * clipped
            died = stop == episode.length and episode.flag & TERMINATED
            discount_n = 0.0 if died else spec.discount ** (stop - start)
            transitions[episode.first + start] = Transition(
                episode.actions[start], reward_n, discount_n, episode.first + stop
            )
    return transitions


def rows_of(stream: list[Episode], rng: np.random.Generator) -> list[tuple[int, int, float, int]]:
    """Return (observation, action, reward, flags) of each row, a boundary row behind every episode.

    The boundary row's action and reward mean nothing: they are made as misleading as possible.
    """
    rows = []
    for episode in stream:
        for t, (action, reward) in enumerate(zip(episode.actions, episode.rewards, strict=True)):
            flag = episode.flag if t == episode.length - 1 else 0
            rows.append((episode.first + t, action, reward, flag))
        misleading = (int(rng.integers(100)), float(rng.normal() * 1e6))
        rows.append((episode.first + episode.length, *misleading, BOUNDARY))
    return rows


def blocks_of(
    streams: list[list[Episode]], starts: int, overlap: int, rng: np.random.Generator
) -> list[FragmentBlock]:
    """Cut streams in lockstep into blocks, as many as their rows allow; observations are their numbers."""
    rows_ET = [rows_of(stream, rng) for stream in streams]
    count = (min(len(rows) for rows in rows_ET) - overlap) // starts
    blocks = []
    for sequence in range(count):
        window = slice(sequence * starts, sequence * starts + starts + overlap)
        columns = [np.array(column) for column in zip(*(zip(*rows[window]) for rows in rows_ET))]  # noqa: B905
        blocks.append(
            make_block(
                streams=len(streams),
                starts=starts,
                overlap=overlap,
                sequence=sequence,
                obs_shape=(),
                observations=columns[0].astype(np.float32),
                actions=columns[1].astype(np.int32),
                rewards=columns[2].astype(np.float32),
                flags=columns[3].astype(np.uint8),
            )
        )
    return blocks


ENDS = (TERMINATED, TRUNCATED, TERMINATED | TRUNCATED)
