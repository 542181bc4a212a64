"""The actor processes of a run: started, watched, replaced."""

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import ray
from ray.exceptions import RayError, RayTaskError

from actors.actor import ActorReport
from deploy.errors import TrainingFailedError
from deploy.parts import Parts, actor_name
from deploy.ray.cluster import ray_actor
from deploy.ray.workers import DRAIN_SECONDS, ActorHost
from deploy.supervisor import GiveUp, Replace, Supervisor

MAX_DEATHS = 4
WINDOW_SECONDS = 120.0


@dataclass(frozen=True)
class _Post:
    """A place that an actor fills: one of a task's actors."""

    task: str
    index: int

    @property
    def name(self) -> str:
        return f"actor {actor_name(self.task, self.index)}"


class ActorCrew:
    """Fills every post with an actor, and fills it again when the actor dies.

    Attributes:
        reports: what became of the transitions of actors that `stop` ended in order.
    """

    def __init__(self, parts: Parts, board: Any) -> None:  # noqa: ANN401 - ray's own type
        self._parts = parts
        self._board = board
        self._supervisor = Supervisor(MAX_DEATHS, WINDOW_SECONDS)
        self._posts = {
            post.name: post
            for spec in parts.specs
            for index in range(parts.config.tasks[spec.name].actors)
            for post in (_Post(spec.name, index),)
        }
        self._at_work: dict[Any, tuple[_Post, Any]] = {}
        self._replacements: list[Replace] = []
        self.reports: list[ActorReport] = []

    def start(self) -> None:
        """Fill all posts."""
        for post in self._posts.values():
            self._fill(post, incarnation=0)

    def supervise(self) -> None:
        """Notice the dead and replace them.

        Raises:
            TrainingFailedError: one died again and again.
        """
        refs = list(self._at_work)
        ended, _ = ray.wait(refs, num_returns=len(refs), timeout=0) if refs else ([], [])
        for ref in ended:
            post, _ = self._at_work.pop(ref)
            match self._supervisor.died(post.name, _cause(ref), time.monotonic()):
                case Replace() as replacement:
                    self._replacements.append(replacement)
                case GiveUp(reason):
                    raise TrainingFailedError(reason)
        due = [replacement for replacement in self._replacements if replacement.at <= time.monotonic()]
        for replacement in due:
            self._replacements.remove(replacement)
            self._fill(self._posts[replacement.name], replacement.incarnation)

    def at_work(self, task: str) -> int:
        """Return how many actors of a task are at work."""
        return sum(post.task == task for post, _ in self._at_work.values())

    def restarts(self, task: str) -> int:
        """Return how many actors of a task were replaced."""
        return sum(self._supervisor.restarts(post.name) for post in self._posts.values() if post.task == task)

    def stop(self, release: Callable[[], None]) -> None:
        """Let every actor finish what it has sent and report; end those that take too long.

        `release` makes replay answer those that it holds back.
        """
        for _, handle in self._at_work.values():
            handle.stop.remote()
        release()
        refs = list(self._at_work)
        if refs:
            ended, _ = ray.wait(refs, num_returns=len(refs), timeout=2 * DRAIN_SECONDS)
            for ref in ended:
                self._take_report(ref)
        for _, handle in self._at_work.values():
            ray.kill(handle)
        self._at_work.clear()
        self._replacements.clear()

    def _take_report(self, ref: Any) -> None:  # noqa: ANN401 - ray's own type
        with contextlib.suppress(RayError):
            self.reports.append(ray.get(ref))

    def _fill(self, post: _Post, incarnation: int) -> None:
        host = ray_actor(ActorHost, slot=f"task:{post.task}", max_concurrency=2)
        handle = host.remote(self._parts, post.task, post.index, incarnation)
        self._at_work[handle.run.remote(self._board)] = (post, handle)


def _cause(ref: Any) -> str:  # noqa: ANN401 - ray's own type
    """Return in one sentence why a call ended."""
    try:
        ray.get(ref, timeout=5.0)
    except RayTaskError as error:
        return str(error.cause)
    except RayError as error:
        return f"its process ended ({type(error).__name__})"
    return "it stopped of its own accord"
