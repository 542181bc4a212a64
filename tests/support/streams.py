"""Streams of episodes in plain Python, their rows as actors would send them, the oracle of transitions."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from replay.fragment import FragmentBlock
from replay.n_step import ReturnSpec
from replay.row import BOUNDARY, LIFE_LOST, TERMINATED, TRUNCATED
from tests.support.builders import make_block

ENDS = (TERMINATED, TRUNCATED, TERMINATED | TRUNCATED)
NOWHERE = 60_000
"""Number of the frames before a stream's first one: no transition may show them."""


@dataclass(frozen=True)
class Episode:
    """`length` steps and then an end; `flag` says which. Frame t of it is numbered `first + t`.

    `lost` are the steps that lose a life, counted from 0.
    """

    first: int
    rewards: list[float]
    actions: list[int]
    flag: int
    lost: tuple[int, ...] = ()

    @property
    def length(self) -> int:
        """Number of steps."""
        return len(self.rewards)


@dataclass(frozen=True)
class Transition:
    """What must come out of a table for the transition that starts at one frame; frames by their numbers."""

    action: int
    reward_n: float
    discount_n: float
    stack: tuple[int, ...]
    next_stack: tuple[int, ...]


@dataclass(frozen=True)
class Reach:
    """How many rows of its fragment lie before and after the row of a transition."""

    back: float = math.inf
    ahead: float = math.inf


def make_stream(first: int, lengths: list[int], flags: list[int], rng: np.random.Generator) -> list[Episode]:
    """Return episodes whose frames are numbered from `first` on, no number used twice."""
    stream = []
    for length, flag in zip(lengths, flags, strict=True):
        rewards = rng.integers(-8, 9, length).astype(float).tolist()
        actions, lost = rng.integers(0, 5, length).tolist(), np.flatnonzero(rng.random(length) < 0.2)
        stream.append(Episode(first, rewards, actions, flag, tuple(lost.tolist())))
        first += length + 1
    return stream


def oracle(
    spec: ReturnSpec, stream: list[Episode], stack: int = 1, reaches: dict[int, Reach] | None = None
) -> dict[int, Transition]:
    """Walk every episode step by step: the transition that starts at each frame number.

    That is the definition on the uncut stream, unless `reaches` says how far a fragment lets one look.
    """
    transitions = {}
    for episode in stream:
        for start in range(episode.length):
            number = episode.first + start
            reach = Reach() if reaches is None else reaches.get(number, Reach())
            lost = next((step + 1 for step in episode.lost if step >= start), math.inf)
            stop = int(min(start + spec.n_step, episode.length, start + reach.ahead, lost))
            died = stop == lost or (stop == episode.length and episode.flag & TERMINATED)
            transitions[number] = Transition(
                action=episode.actions[start],
                reward_n=_discounted_sum(spec, episode.rewards[start:stop]),
                discount_n=0.0 if died else spec.discount ** (stop - start),
                stack=_stack(episode, start, stack, reach.back),
                next_stack=_stack(episode, stop, stack, reach.back + stop - start),
            )
    return transitions


def _discounted_sum(spec: ReturnSpec, rewards: list[float]) -> float:
    clip = math.inf if spec.reward_clip is None else spec.reward_clip
    clipped = [max(-clip, min(clip, reward)) for reward in rewards]
    return sum(spec.discount**t * spec.reward_scale * reward for t, reward in enumerate(clipped))


def _stack(episode: Episode, place: int, stack: int, reach: float) -> tuple[int, ...]:
    """Return the last `stack` frames, oldest first; the oldest within reach stands for those before it."""
    return tuple(episode.first + place - int(min(back, place, reach)) for back in reversed(range(stack)))


def rows_of(stream: list[Episode], rng: np.random.Generator, lead: int = 0) -> list[tuple[int, ...]]:
    """Return (frame, action, reward, flags) of each row: `lead` boundary rows, one after every episode.

    A boundary row's action and reward mean nothing: they are made as misleading as possible.
    """

    def boundary(number: int) -> tuple[Any, ...]:
        return number, int(rng.integers(100)), float(rng.normal() * 1e6), BOUNDARY

    rows = [boundary(NOWHERE) for _ in range(lead)]
    for episode in stream:
        for t, (action, reward) in enumerate(zip(episode.actions, episode.rewards, strict=True)):
            flag = (episode.flag if t == episode.length - 1 else 0) | LIFE_LOST * (t in episode.lost)
            rows.append((episode.first + t, action, reward, flag))
        rows.append(boundary(episode.first + episode.length))
    return rows


def blocks_of(
    streams: list[list[Episode]],
    starts: int,
    overlap: int,
    rng: np.random.Generator,
    lead: int = 0,
    frame_shape: tuple[int, ...] = (),
    frame_dtype: str = "float32",
) -> list[FragmentBlock]:
    """Cut streams in lockstep into blocks, as many as their rows allow; `frames_of` draws the frames."""
    rows_ET = [rows_of(stream, rng, lead) for stream in streams]
    count = (min(len(rows) for rows in rows_ET) - lead - overlap) // starts
    blocks = []
    for sequence in range(count):
        window = slice(sequence * starts, sequence * starts + lead + starts + overlap)
        columns = [np.array(column) for column in zip(*(zip(*rows[window]) for rows in rows_ET))]  # noqa: B905
        blocks.append(
            make_block(
                streams=len(streams),
                starts=starts,
                overlap=overlap,
                lead=lead,
                sequence=sequence,
                frame_shape=frame_shape,
                frame_dtype=frame_dtype,
                frames=frames_of(columns[0], frame_shape, frame_dtype),
                actions=columns[1].astype(np.int32),
                rewards=columns[2].astype(np.float32),
                flags=columns[3].astype(np.uint8),
            )
        )
    return blocks


def frames_of(numbers: Any, frame_shape: tuple[int, ...], frame_dtype: str) -> NDArray[Any]:
    """Draw numbered frames: every number below 2^16 has pixels of its own, and no two pixels are alike.

    The first pixel of a float32 frame is its number; of a uint8 frame the first two are, low byte first.
    """
    numbers = np.asarray(numbers)[..., None]
    place = np.arange(math.prod(frame_shape))
    if frame_dtype == "float32":
        pixels = numbers + place / 64
    else:
        pixels = (numbers >> 8 * (place % 2) & 255) + 37 * (place // 2) & 255
    return pixels.astype(frame_dtype).reshape(*numbers.shape[:-1], *frame_shape)


def numbers_of(frames: NDArray[Any], frame_shape: tuple[int, ...]) -> NDArray[np.int64]:
    """Read the numbers of frames that `frames_of` drew: their last axes are `frame_shape`."""
    pixels = frames.reshape(*frames.shape[: frames.ndim - len(frame_shape)], -1)
    if frames.dtype == np.float32:
        return pixels[..., 0].astype(np.int64)
    return pixels[..., 0].astype(np.int64) + 256 * pixels[..., 1].astype(np.int64)


def reaches_of(blocks: list[FragmentBlock], frame_shape: tuple[int, ...]) -> dict[int, Reach]:
    """Return how far each transition of the blocks may look within its fragment, by its frame's number."""
    reaches = {}
    for block in blocks:
        rows = block.rows["actions"].shape[1]
        for numbers, is_start in zip(
            numbers_of(block.rows["frames"], frame_shape), block.starts(), strict=True
        ):
            for place in block.lead + np.flatnonzero(is_start):
                reaches[int(numbers[place])] = Reach(int(place), int(rows - 1 - place))
    return reaches
