"""Looks at a cluster all the time, from a thread, and remembers what it saw."""

import threading
import time
from dataclasses import dataclass
from itertools import pairwise

from tests.support.containers import Cluster, Status

LOOK_SECONDS = 0.2


@dataclass(frozen=True)
class Sight:
    """What was seen of the run at one moment.

    Attributes:
        time: on the monotonic clock.
        env_steps: by task.
        learner_step: updates.
        checkpoint_step: updates in the last checkpoint.
        lost: transitions that went with shards, in this life of the learner.
        troubles: what the status says should be put right.
        calm: whether every task has actors at work and every shard answers.
    """

    time: float
    env_steps: dict[str, int]
    learner_step: int
    checkpoint_step: int
    lost: int
    troubles: tuple[str, ...]
    calm: bool


class Watch:
    """Statuses of a cluster, several a second, for as long as it is entered."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self.sights: list[Sight] = []

    def __enter__(self) -> "Watch":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def since(self, begin: float) -> list[Sight]:
        """Return what was seen since a moment, and the last thing before it."""
        sights = list(self.sights)
        first = max((number for number, sight in enumerate(sights) if sight.time <= begin), default=0)
        return sights[first:]

    def _look(self) -> None:
        while not self._stop.wait(LOOK_SECONDS):
            status = self._cluster.status()
            if status is not None:
                self.sights.append(sight_of(status))


def sight_of(status: Status) -> Sight:
    """Return what matters of a status."""
    tasks = status["tasks"]
    return Sight(
        time.monotonic(),
        {task["name"]: task["env_steps"] for task in tasks},
        status["learner_step"],
        status["last_checkpoint"]["learner_step"],
        sum(task["lost"] for task in tasks),
        tuple(status["warnings"]),
        all(task["crew"]["at_work"] >= max(1, task["crew"]["wanted"]) for task in tasks)
        and all(shard["up"] for shard in status["shards"])
        and status["last_update_time"] is not None,
    )


def longest_standstill(sights: list[Sight], begin: float, end: float) -> float:
    """Return the longest time between two moments, both ends included, in which no env step was counted."""
    changes = [
        later.time
        for earlier, later in pairwise(sights)
        if sum(later.env_steps.values()) > sum(earlier.env_steps.values()) and later.time > begin
    ]
    moments = [begin, *changes, end]
    return max(later - earlier for earlier, later in pairwise(moments))
