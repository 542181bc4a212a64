"""Shards that do not answer: silent ones are waited for, those that are gone get a successor."""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import ray
from ray.exceptions import ActorUnavailableError, PendingCallsLimitExceeded, RayError, RayTaskError

from cluster.ray.causes import first_line
from cluster.ray.nodes import node_of
from cluster.supervisor import GiveUp, Replace, Supervisor
from training.errors import TrainingFailedError
from training.fleet import Node
from training.runtime import ShardState, Standing

MAX_DEATHS = 4
WINDOW_SECONDS = 120.0

logger = logging.getLogger(__name__)


@dataclass
class _Absence:
    """A shard that does not answer.

    Attributes:
        since: when that was noticed, on the monotonic clock.
        trouble: what is waited for, in one sentence.
        pulse: a question to the silent process that it has not answered yet.
        replace: its next life, once the process is known to be gone.
        ready: a question to the successor that shows when it is up.
    """

    since: float
    trouble: str
    pulse: Any = None
    replace: Replace | None = None
    ready: Any = None


class Revival:
    """Finds out what became of shards that do not answer, and starts successors where they are needed.

    A process that is silent may be paused, cut off or busy, and still hold all that it held: it is asked
    until it answers. It counts as gone when Ray says that it died, or when it was silent for
    `silence_seconds`, after which it is ended. A shard that dies again and again while its node is well ends
    the run; one whose node went away is waited for, until a node with a slot for it comes.

    Args:
        handles: the process of each shard; successors are put in their place.
        start: starts a shard's next life, given the shard's index and the number of that life; raises
            ValueError while the shard's name is taken.
        name: of a shard by its index.
        silence_seconds: how long a silent shard is waited for.
    """

    def __init__(
        self,
        handles: list[Any],
        start: Callable[[int, int], Any],
        name: Callable[[int], str],
        silence_seconds: float,
    ) -> None:
        self._handles = handles
        self._start = start
        self._name = name
        self._silence_seconds = silence_seconds
        self._supervisor = Supervisor(MAX_DEATHS, WINDOW_SECONDS)
        self._absences: dict[int, _Absence] = {}
        self._node_ids: set[str] = set()

    def look_after(self, index: int, reason: str, nodes: Sequence[Node]) -> ShardState:
        """Go on with a shard that does not answer, for `reason`; return how it stands.

        Raises:
            TrainingFailedError: it died again and again while its node was well.
        """
        now = time.monotonic()
        self._see(nodes)
        if index not in self._absences:
            self._absences[index] = _Absence(now, self._silence(index, reason))
            logger.warning(self._absences[index].trouble)
        absence = self._absences[index]
        if absence.replace is None:
            state = self._listen(index, absence, nodes, now)
        else:
            state = self._bring_up(index, absence, absence.replace, nodes, now)
        if state in ("returned", "replaced"):
            del self._absences[index]
            how = "answers again, with all that it held" if state == "returned" else "was replaced"
            logger.warning("shard %s %s after %.1f s", self._name(index), how, now - absence.since)
            return ShardState(state)
        return ShardState(state, absence.trouble)

    def _see(self, nodes: Sequence[Node]) -> None:
        there = {node.id for node in nodes}
        for node_id in self._node_ids - there:
            self._supervisor.node_went(node_id)
        self._node_ids = there

    def _silence(self, index: int, reason: str) -> str:
        return (
            f"shard {self._name(index)} does not answer ({reason}): "
            f"the run waits for it for at most {self._silence_seconds:g} s (replay.silence_seconds)"
        )

    def _listen(self, index: int, absence: _Absence, nodes: Sequence[Node], now: float) -> Standing:
        """Ask a silent process until it answers, or is known to be gone, or its time is up."""
        try:
            absence.pulse = absence.pulse or self._handles[index].stats.remote()
            if ray.wait([absence.pulse], timeout=0)[0]:
                ray.get(absence.pulse, timeout=0)
                return "returned"
        except (ActorUnavailableError, PendingCallsLimitExceeded):
            absence.pulse = None
        except RayError as error:
            self._is_gone(index, absence, _cause(error), nodes, now)
            return "gone"
        if now - absence.since <= self._silence_seconds:
            return "silent"
        ray.kill(self._handles[index])
        self._is_gone(index, absence, f"it was silent for {now - absence.since:.0f} s", nodes, now)
        return "gone"

    def _is_gone(self, index: int, absence: _Absence, reason: str, nodes: Sequence[Node], now: float) -> None:
        """Decide on the next life of a shard, and whether the end of this one was its own fault."""
        shard, node_id = f"shard {self._name(index)}", node_of(self._handles[index])
        absence.ready = None
        if all(node.id != node_id or node.state != "in service" for node in nodes):
            absence.replace = self._supervisor.left(shard, now)
            absence.trouble = (
                f"{shard} is gone with its node: "
                "another takes its place as soon as a node has a free replay slot"
            )
        else:
            match self._supervisor.died(shard, reason, now, node_id):
                case Replace() as replace:
                    absence.replace = replace
                case GiveUp(sentence):
                    raise TrainingFailedError(sentence)
            absence.trouble = (
                f"{shard} died ({reason}): another takes its place as soon as a node has a free replay slot"
            )
        logger.warning(absence.trouble)

    def _bring_up(
        self, index: int, absence: _Absence, replace: Replace, nodes: Sequence[Node], now: float
    ) -> Standing:
        """Start the successor when it is due and the name is free; see whether it is up."""
        if absence.ready is None and now >= replace.at:
            try:
                self._handles[index] = self._start(index, replace.life)
                absence.ready = self._handles[index].stats.remote()
            except ValueError:
                return "gone"
        if absence.ready is None or not ray.wait([absence.ready], timeout=0)[0]:
            return "gone"
        try:
            ray.get(absence.ready, timeout=0)
        except ActorUnavailableError:
            absence.ready = self._handles[index].stats.remote()
            return "gone"
        except RayError as error:
            self._is_gone(index, absence, _cause(error), nodes, now)
            return "gone"
        return "replaced"


def _cause(error: RayError) -> str:
    """Return why a process ended, as far as one sentence can say it."""
    return first_line(error.cause) if isinstance(error, RayTaskError) else "its process ended"
