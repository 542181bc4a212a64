"""Decides which actor works on which node, from the actors wanted and the slots there are."""

import itertools
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from cluster.supervisor import GiveUp, Replace, Supervisor
from training.fleet import TASK_SLOT, Crew, Node, task_slots
from training.names import actor_name

MAX_DEATHS = 4
WINDOW_SECONDS = 120.0
QUARANTINE_SECONDS = 60.0
RETRY_SECONDS = 0.3


@dataclass(frozen=True, order=True)
class Post:
    """A place that an actor fills: one of a task's actors, from 0 on."""

    task: str
    index: int

    @property
    def name(self) -> str:
        """How sentences name it."""
        return f"actor {actor_name(self.task, self.index)}"


@dataclass(frozen=True)
class Start:
    """Start the next life of an actor, one of `crew_size` of its task, on a node."""

    post: Post
    node_id: str
    life: int
    crew_size: int


@dataclass(frozen=True)
class Stop:
    """Let an actor finish what it has sent, and end."""

    post: Post


@dataclass
class _AtWork:
    node_id: str
    is_up: bool = False
    stopping: bool = False


class Roster:
    """Fills each task's slots up to the number wanted, leaves draining nodes, and lets what keeps dying rest.

        roster = Roster({"cartpole": None})                # None: one actor in every slot
        roster.see(nodes)
        for order in roster.orders(now):                   # Start | Stop, to be carried out
            ...
        roster.ended(post, reason="the arm is stuck", now=now)

    An actor that ends because it was stopped, or because its node went, has not died: it starts again
    elsewhere, at once.

    Args:
        wanted: actors of each task; None for as many as there are slots.
    """

    def __init__(self, wanted: Mapping[str, int | None]) -> None:
        self._wanted = dict(wanted)
        self._supervisor = Supervisor(MAX_DEATHS, WINDOW_SECONDS)
        self._at_work: dict[Post, _AtWork] = {}
        self._lives: Counter[Post] = Counter()
        self._resting: dict[Post, float] = {}
        self._quarantined: dict[Post, str] = {}
        self.nodes: list[Node] = []

    def see(self, nodes: Sequence[Node]) -> None:
        """Take in which nodes there are."""
        there = {node.id for node in nodes}
        for node in self.nodes:
            if node.id not in there:
                self._supervisor.node_went(node.id)
        self.nodes = list(nodes)

    def scale(self, task: str, count: int | None) -> None:
        """Want so many actors of a task from now on; None for one in every slot."""
        self._wanted[task] = count
        for post in [post for post in self._resting if post.task == task]:
            if count is not None and post.index >= count:
                self._forget(post)

    def adopt(self, post: Post, node_id: str) -> None:
        """Take in an actor that somebody else started."""
        self._at_work[post] = _AtWork(node_id, is_up=True)

    def is_up(self, post: Post) -> None:
        """Take in that the process of an actor that was started is up."""
        if post in self._at_work:
            self._at_work[post].is_up = True

    def ended(self, post: Post, reason: str, now: float) -> None:
        """Take in that an actor is gone."""
        left = self._at_work.pop(post)
        if left.stopping or left.node_id not in {
            node.id for node in self.nodes if node.state == "in service"
        }:
            return
        match self._supervisor.died(post.name, reason, now, left.node_id):
            case Replace(at=at):
                self._resting[post] = at
            case GiveUp(sentence):
                self._resting[post] = now + QUARANTINE_SECONDS
                self._quarantined[post] = sentence

    def not_started(self, post: Post, now: float) -> None:
        """Take in that an actor could not be started yet; it is ordered again soon."""
        del self._at_work[post]
        self._resting[post] = now + RETRY_SECONDS

    def orders(self, now: float) -> list[Start | Stop]:
        """Return what is to be done, and count it as done."""
        for post in [post for post, until in self._resting.items() if until <= now]:
            self._forget(post)
        orders: list[Start | Stop] = []
        for task in self._wanted:
            orders += self._stops(task)
            orders += self._starts(task)
        return orders

    def crew(self, task: str) -> Crew:
        """Return how a task's actors stand."""
        return Crew(
            wanted=self._count_wanted(task),
            slots=task_slots(self.nodes)[task],
            at_work=sum(post.task == task and place.is_up for post, place in self._at_work.items()),
            quarantined=sum(post.task == task for post in self._quarantined),
            restarts=sum(self._supervisor.restarts(post.name) for post in self._lives if post.task == task),
        )

    def broken(self) -> str | None:
        """Return why a task has no actor that can work, since each of its places is quarantined, or None."""
        for task in self._wanted:
            reasons = [reason for post, reason in self._quarantined.items() if post.task == task]
            idle = all(post.task != task for post in self._at_work)
            if idle and 0 < self._places(task) <= len(reasons):
                return reasons[-1]
        return None

    def _forget(self, post: Post) -> None:
        """Let a post rest no longer."""
        del self._resting[post]
        self._quarantined.pop(post, None)

    def _places(self, task: str) -> int:
        """Return how many of a task's actors can work: those wanted, within the slots there are."""
        return min(self._count_wanted(task), task_slots(self.nodes)[task])

    def _count_wanted(self, task: str) -> int:
        wanted = self._wanted[task]
        return task_slots(self.nodes)[task] if wanted is None else wanted

    def _stops(self, task: str) -> Iterator[Stop]:
        refused = {node.id for node in self.nodes if node.state != "in service"}
        wanted = self._count_wanted(task)
        staying = 0
        for post, place in sorted(self._at_work.items()):
            if post.task != task or place.stopping:
                continue
            if place.node_id in refused or staying >= wanted:
                place.stopping = True
                yield Stop(post)
            else:
                staying += 1

    def _starts(self, task: str) -> Iterator[Start]:
        """Fill vacant places. An actor that rests keeps its place, so that no other dies there meanwhile."""
        free = self._free_slots(task)
        wanted = self._count_wanted(task)
        staying = sum(post.task == task and not place.stopping for post, place in self._at_work.items())
        vacancies = (
            post
            for index in itertools.count()
            for post in (Post(task, index),)
            if post not in self._at_work and post not in self._resting
        )
        resting = sum(post.task == task for post in self._resting)
        for _ in range(min(self._places(task) - staying - resting, free.total())):
            post, node_id = next(vacancies), free.most_common(1)[0][0]
            free[node_id] -= 1
            life = self._lives[post]
            self._lives[post] += 1
            self._at_work[post] = _AtWork(node_id)
            yield Start(post, node_id, life, crew_size=max(wanted, post.index + 1))

    def _free_slots(self, task: str) -> Counter[str]:
        kind = TASK_SLOT + task
        free = Counter(
            {node.id: node.slots.get(kind, 0) for node in self.nodes if node.state == "in service"}
        )
        free.subtract(place.node_id for post, place in self._at_work.items() if post.task == task)
        return Counter({node_id: count for node_id, count in free.items() if count > 0})
