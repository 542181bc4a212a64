"""The actor processes of a run: started where there are slots, watched, replaced, taken over."""

import contextlib
import logging
import queue
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

import ray
from ray.exceptions import ActorUnavailableError, RayError, RayTaskError
from ray.util import list_named_actors
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from actors.actor import ActorReport
from cluster.ray.causes import first_line
from cluster.ray.connection import ray_actor
from cluster.ray.nodes import Membership, membership
from cluster.ray.workers import DRAIN_SECONDS, ActorHost
from cluster.roster import Post, Roster, Start, Stop
from training.errors import TrainingFailedError
from training.fleet import TASK_SLOT, ClusterStatus, Crew
from training.names import actor_name
from training.parts.parts import Parts

LOOK_SECONDS = 0.1
NODES_SECONDS = 0.5
FINGERPRINT_SECONDS = 5.0
STOP_SECONDS = 3 * DRAIN_SECONDS
PREFIX = "actor-"
IN_ORDER = "it stopped of its own accord"

logger = logging.getLogger(__name__)


class ActorCrew:
    """Carries out what a `Roster` orders, on a thread of its own: calls of Ray may take long.

    Args:
        parts: of the run.
        wanted: actors of each task; None for one in every slot.
        release: makes replay answer those that it holds back, when they are to end.

    Attributes:
        reports: what became of the transitions of actors that ended in order.
        cluster: its nodes, and how many died since this learner came.
        failure: why actors can no longer be looked after, or a task has none that works; None if all is well.
    """

    def __init__(self, parts: Parts, wanted: Mapping[str, int | None], release: Callable[[], None]) -> None:
        self._parts = parts
        self._release = release
        self._roster = Roster(wanted)
        self._handles: dict[Post, Any] = {}
        self._ends: dict[Any, Post] = {}
        self._coming_up: dict[Any, Post] = {}
        self._stop_deadlines: dict[Post, float] = {}
        self._requests: queue.SimpleQueue[tuple[str, int | None]] = queue.SimpleQueue()
        self._finished = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._next_nodes = 0.0
        self.reports: list[ActorReport] = []
        self._died_before: frozenset[str] = frozenset()
        self._node_deaths = 0
        self.failure: str | None = None
        self._publish()

    def start(self) -> None:
        """Take over the actors there are, and fill all other slots from now on."""
        self._adopt()
        self._look()
        self._thread.start()

    def advance(self) -> None:
        """Do nothing, since actors go on by themselves, unless they cannot be looked after any more.

        Raises:
            TrainingFailedError: all actors of some task died again and again.
        """
        failure = self.failure
        if failure is not None:
            raise TrainingFailedError(failure)

    def crew(self, task: str) -> Crew:
        """Return how a task's actors stand."""
        return self._crews[task]

    def scale(self, task: str, count: int | None) -> None:
        """Want so many actors of a task; None for one in every slot."""
        self._requests.put((task, count))

    def stop(self) -> list[ActorReport]:
        """Let every actor finish what it has sent; end those that take too long; return the reports."""
        self._finished.set()
        if self._thread.is_alive():
            self._thread.join(STOP_SECONDS)
        for handle in self._handles.values():
            handle.stop.remote()
        self._release()
        refs = list(self._ends)
        if refs:
            ended, _ = ray.wait(refs, num_returns=len(refs), timeout=2 * DRAIN_SECONDS)
            for ref in ended:
                self._take_report(ref)
        self.kill()
        return self.reports

    def kill(self) -> None:
        """End the actors that are left."""
        self._finished.set()
        for handle in self._handles.values():
            ray.kill(handle)
        self._handles.clear()
        self._ends.clear()

    def _watch(self) -> None:
        answers = True
        while not self._finished.wait(LOOK_SECONDS):
            try:
                self._look()
                if not answers:
                    logger.warning("the cluster answers again")
                answers = True
            except RayError as error:
                if answers:
                    logger.warning(
                        "the cluster does not answer (%s): training goes on, and no actor starts or stops",
                        first_line(error),
                    )
                answers = False
            except Exception as error:
                self.failure = f"the controller failed: {error!r}"
                raise

    def _look(self) -> None:
        now = time.monotonic()
        while not self._requests.empty():
            self._roster.scale(*self._requests.get())
        for ref in _ready(self._coming_up):
            self._hear_from(self._coming_up.pop(ref), ref)
        ended = _ready(self._ends)
        if ended or now >= self._next_nodes:
            self._next_nodes = now + NODES_SECONDS
            self._see(membership())
        for ref in ended:
            self._let_go(self._ends.pop(ref), ref, now)
        for order in self._roster.orders(now):
            match order:
                case Start():
                    self._start(order)
                case Stop(post):
                    self._handles[post].stop.remote()
                    self._stop_deadlines[post] = now + STOP_SECONDS
        for post in [post for post, deadline in self._stop_deadlines.items() if now > deadline]:
            del self._stop_deadlines[post]
            ray.kill(self._handles[post])
        self._publish()

    def _hear_from(self, post: Post, ref: Any) -> None:  # noqa: ANN401 - ray's own type
        with contextlib.suppress(RayError):
            ray.get(ref, timeout=FINGERPRINT_SECONDS)
            self._roster.is_up(post)

    def _see(self, there: Membership) -> None:
        self._roster.see(there.nodes)
        self._node_deaths = len(there.died - self._died_before)

    def _let_go(self, post: Post, ref: Any, now: float) -> None:  # noqa: ANN401 - ray's own type
        if _is_cut_off(ref):
            self._ends[self._handles[post].ended.remote()] = post
            return
        self._take_report(ref)
        self._stop_deadlines.pop(post, None)
        ray.kill(self._handles.pop(post))
        cause = _cause(ref)
        if cause != IN_ORDER:
            logger.warning("actor %s ended: %s", actor_name(post.task, post.index), cause)
        self._roster.ended(post, cause, now)

    def _take_report(self, ref: Any) -> None:  # noqa: ANN401 - ray's own type
        with contextlib.suppress(RayError):
            self.reports.append(ray.get(ref, timeout=FINGERPRINT_SECONDS))

    def _start(self, order: Start) -> None:
        """Start an actor, or soon try again: an earlier life may have its name, the head may be away."""
        post = order.post
        host = ray_actor(
            ActorHost,
            slot=TASK_SLOT + post.task,
            name=PREFIX + actor_name(post.task, post.index),
            lifetime="detached",
            scheduling_strategy=NodeAffinitySchedulingStrategy(order.node_id, soft=False),
        )
        try:
            handle = host.remote(self._parts, post.task, post.index, order.life, order.crew_size)
        except (ValueError, RayError, ConnectionError):
            self._roster.not_started(post, time.monotonic())
            return
        self._watch_over(post, handle)
        self._coming_up[handle.identity.remote()] = post

    def _watch_over(self, post: Post, handle: Any) -> None:  # noqa: ANN401 - ray's own type
        self._handles[post] = handle
        self._ends[handle.ended.remote()] = post

    def _adopt(self) -> None:
        """Take over the actors of an earlier learner that work on the same thing; end all others."""
        there = membership()
        self._died_before = there.died
        self._see(there)
        found: dict[str, Any] = {
            name: ray.get_actor(name) for name in list_named_actors() if name.startswith(PREFIX)
        }
        asked: dict[str, Any] = {name: handle.identity.remote() for name, handle in found.items()}
        for name, ref in asked.items():
            task, _, index = name.removeprefix(PREFIX).rpartition("-")
            try:
                fingerprint, node_id = ray.get(ref, timeout=FINGERPRINT_SECONDS)
            except RayError:
                fingerprint = node_id = ""
            if fingerprint == self._parts.fingerprint:
                post = Post(task, int(index))
                self._roster.adopt(post, node_id)
                self._watch_over(post, found[name])
            else:
                ray.kill(found[name])

    def _publish(self) -> None:
        """Replace what other threads read: these records are never changed in place."""
        self._crews: dict[str, Crew] = {spec.name: self._roster.crew(spec.name) for spec in self._parts.specs}
        self.cluster = ClusterStatus(self._roster.nodes, self._node_deaths)
        self.failure = self._roster.broken()


def _ready(refs: Mapping[Any, Post]) -> list[Any]:
    """Return the references whose values are there, or will never be."""
    if not refs:
        return []
    ready: list[Any] = ray.wait(list(refs), num_returns=len(refs), timeout=0)[0]
    return ready


def _is_cut_off(ref: Any) -> bool:  # noqa: ANN401 - ray's own type
    """Return whether a call ended only because the connection to its process broke: it may still be there."""
    try:
        ray.get(ref, timeout=0)
    except ActorUnavailableError:
        return True
    except RayError:
        pass
    return False


def _cause(ref: Any) -> str:  # noqa: ANN401 - ray's own type
    """Return in one sentence why a call ended."""
    try:
        ray.get(ref, timeout=5.0)
    except RayTaskError as error:
        return first_line(error.cause)
    except RayError as error:
        return f"its process ended ({type(error).__name__})"
    return IN_ORDER
