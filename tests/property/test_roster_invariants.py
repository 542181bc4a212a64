"""The roster in any weather: nodes come, drain and die, actors end for any reason, people scale."""

from collections import Counter

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from cluster.roster import QUARANTINE_SECONDS, Post, Roster, Start, Stop
from training.fleet import Node, task_slots

TASKS = ("a", "b")
COUNTS = st.one_of(st.none(), st.integers(0, 5))


class Cluster(RuleBasedStateMachine):
    """A cluster that does what a roster orders, and knows what runs where."""

    def __init__(self) -> None:
        super().__init__()
        self.wanted: dict[str, int | None] = {"a": None, "b": 2}
        self.roster = Roster(self.wanted)
        self.nodes: dict[str, Node] = {}
        self.running: dict[Post, str] = {}
        self.stopping: set[Post] = set()
        self.newest_life: dict[Post, int] = {}
        self.now = 0.0
        self.born = 0

    def look(self) -> None:
        """Let the roster see and order, as the controller does, and carry out what it says."""
        self.roster.see(list(self.nodes.values()))
        for order in self.roster.orders(self.now):
            match order:
                case Start(post, node_id, life, crew_size):
                    assert post not in self.running
                    assert self.nodes[node_id].state == "in service"
                    assert life > self.newest_life.get(post, -1)
                    assert crew_size > post.index
                    self.newest_life[post] = life
                    self.running[post] = node_id
                    self.roster.is_up(post)
                case Stop(post):
                    assert post in self.running
                    assert post not in self.stopping
                    self.stopping.add(post)

    def end(self, post: Post, reason: str) -> None:
        del self.running[post]
        self.stopping.discard(post)
        self.roster.ended(post, reason, self.now)

    @rule(slots=st.tuples(st.integers(0, 3), st.integers(0, 3)))
    def a_node_comes(self, slots: tuple[int, int]) -> None:
        name = f"node-{self.born}"
        self.born += 1
        self.nodes[name] = Node(name, name, dict(zip(("task:a", "task:b"), slots, strict=True)))

    @rule(data=st.data(), state=st.sampled_from(["draining", "refused"]))
    def a_node_leaves_service(self, data: st.DataObject, state) -> None:
        if self.nodes:
            name = data.draw(st.sampled_from(sorted(self.nodes)))
            self.nodes[name] = Node(name, name, self.nodes[name].slots, state)

    @rule(data=st.data())
    def a_node_dies(self, data: st.DataObject) -> None:
        if self.nodes:
            name = data.draw(st.sampled_from(sorted(self.nodes)))
            del self.nodes[name]
            self.roster.see(list(self.nodes.values()))
            for post in [post for post, place in self.running.items() if place == name]:
                self.end(post, "its process ended")

    @rule(data=st.data(), times=st.integers(1, 5))
    def an_actor_crashes(self, data: st.DataObject, times: int) -> None:
        if self.running:
            post = data.draw(st.sampled_from(sorted(self.running)))
            for _ in range(times):
                if post in self.running:
                    self.end(post, "the arm is stuck")
                    self.now += 3.0
                    self.look()

    @rule()
    def who_was_told_to_stop_stops(self) -> None:
        for post in sorted(self.stopping):
            self.end(post, "it stopped of its own accord")

    @rule(data=st.data())
    def a_name_is_still_taken(self, data: st.DataObject) -> None:
        if self.running:
            starting = sorted(set(self.running) - self.stopping)
            if starting:
                post = data.draw(st.sampled_from(starting))
                del self.running[post]
                self.roster.not_started(post, self.now)

    @rule(task=st.sampled_from(TASKS), count=COUNTS)
    def somebody_scales(self, task: str, count: int | None) -> None:
        self.wanted[task] = count
        self.roster.scale(task, count)

    @rule(seconds=st.sampled_from([0.1, 1.0, 10.0, 70.0]))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds
        self.look()

    @invariant()
    def no_node_has_more_actors_than_slots(self) -> None:
        taken = Counter((place, post.task) for post, place in self.running.items() if place in self.nodes)
        for (name, task), count in taken.items():
            assert count <= self.nodes[name].slots[f"task:{task}"]

    @invariant()
    def what_it_says_of_crews_is_so(self) -> None:
        self.roster.see(list(self.nodes.values()))
        for task in TASKS:
            crew, wanted = self.roster.crew(task), self.wanted[task]
            slots = task_slots(list(self.nodes.values()))[task]
            assert crew.at_work == sum(post.task == task for post in self.running)
            assert (crew.slots, crew.wanted) == (slots, slots if wanted is None else wanted)

    @invariant()
    def who_works_keeps_a_run_from_being_broken(self) -> None:
        idle = [task for task in TASKS if not any(post.task == task for post in self.running)]
        assert self.roster.broken() is None or idle

    def teardown(self) -> None:
        """Let it be quiet: whoever rests is tried again, and works if there is room."""
        for _ in range(3):
            self.who_was_told_to_stop_stops()
            self.now += QUARANTINE_SECONDS + 1.0
            self.look()
        for task in TASKS:
            crew = self.roster.crew(task)
            assert crew.at_work == min(crew.wanted, crew.slots)
            assert crew.quarantined == 0
        assert self.roster.broken() is None


TestCluster = Cluster.TestCase
TestCluster.settings = settings(max_examples=120, stateful_step_count=40, deadline=None)
