"""Rows of a benchmark, and how two sides of a row are measured: in turns, round by round."""

import statistics
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from benchmarks.peers.worker import WARM_UP_SECONDS, Step, rate

Measure = Callable[[float], float]
"""Works for that many seconds and returns what came of it, in the row's unit."""


@dataclass(frozen=True)
class Row:
    """One comparison.

    Attributes:
        what: what was measured.
        shape: of what size.
        unit: of `ours` and `peer`.
        ours: median over the rounds.
        peer: the same of the peer; None if it could not be measured.
        peer_name: the peer with its version; empty if there is none to compare with.
        ratio: median of the rounds' ratios, ours to the peer's.
    """

    what: str
    shape: str
    unit: str
    ours: float
    peer: float | None
    peer_name: str
    ratio: float | None


class Peer(Protocol):
    """What ours is measured beside."""

    @property
    def name(self) -> str:
        """Name and version."""

    @property
    def problem(self) -> str | None:
        """Why it cannot be measured, in one sentence, or None."""

    def measure(self, seconds: float) -> float | None:
        """Return what came of so many seconds, or None if it cannot be measured."""


@dataclass(frozen=True)
class LocalPeer:
    """A peer in this process."""

    name: str
    measure: Measure
    problem: None = None


class Bench:
    """Measures rows.

        bench = Bench(rounds=5, seconds=1.0, say=print)
        bench.compare("insert", "vector(4)", "transitions/s", warmed(step), peer)

    Attributes:
        rows: what was measured.
        notes: why some rows have no peer, a sentence each.
    """

    def __init__(self, rounds: int, seconds: float, say: Callable[[str], None]) -> None:
        self._rounds = rounds
        self._seconds = seconds
        self._say = say
        self.rows: list[Row] = []
        self.notes: list[str] = []

    def compare(self, what: str, shape: str, unit: str, ours: Measure, *peers: Peer) -> None:
        """Add a row a peer: all sides take turns, so that a machine whose speed drifts treats them alike."""
        self._say(f"{what}, {shape}")
        own: list[float] = []
        theirs: list[list[float | None]] = [[] for _ in peers]
        for _ in range(self._rounds):
            own.append(ours(self._seconds))
            for peer, values in zip(peers, theirs, strict=True):
                values.append(peer.measure(self._seconds))
        for peer, values in zip(peers, theirs, strict=True):
            measured = [value for value in values if value is not None]
            if len(measured) == self._rounds:
                ratio = statistics.median(a / b for a, b in zip(own, measured, strict=True))
                median = statistics.median(measured)
                self.rows.append(Row(what, shape, unit, statistics.median(own), median, peer.name, ratio))
            else:
                self.rows.append(Row(what, shape, unit, statistics.median(own), None, peer.name, None))
                self._note(peer.problem)

    def _note(self, problem: str | None) -> None:
        if problem is not None and problem not in self.notes:
            self.notes.append(problem)


def warmed(step: Step) -> Measure:
    """Return the measuring of a step's rate, as a peer's worker does it, once the step is warm."""
    rate(step, WARM_UP_SECONDS)
    return partial(rate, step)
