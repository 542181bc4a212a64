"""What dies or is cut off while the cluster trains, and how soon it goes on."""

import threading
import time

import pytest

from tests.cluster.conftest import Measure
from tests.support.containers import (
    Cluster,
    Status,
    cut_off,
    docker,
    inspected,
    kill_container,
    kill_process,
    paused,
    task,
)

pytestmark = pytest.mark.cluster


def restarts(status: Status, name: str) -> int:
    return int(task(status, name)["crew"]["restarts"])


def at_work(status: Status, name: str) -> int:
    return int(task(status, name)["crew"]["at_work"])


def steady(cluster: Cluster) -> Status:
    status = cluster.status()
    assert status is not None
    return status


def speed(cluster: Cluster, name: str, seconds: float) -> float:
    """Return a task's env steps a second, over some seconds from now."""
    first, begin = steady(cluster), time.monotonic()
    time.sleep(seconds)
    last = steady(cluster)
    return float(task(last, name)["env_steps"] - task(first, name)["env_steps"]) / (time.monotonic() - begin)


class Watch:
    """Looks at the learner's step from a thread, and knows its longest pause."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look)
        self.longest = 0.0

    def __enter__(self) -> "Watch":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _look(self) -> None:
        """Statuses are made once a second: what lies between two that differ is a pause of at most that."""
        changed, step = time.monotonic(), -1
        while not self._stop.wait(0.1):
            status, now = self._cluster.status(), time.monotonic()
            if status is not None and status["learner_step"] != step:
                self.longest = max(self.longest, now - changed) if step >= 0 else 0.0
                changed, step = now, status["learner_step"]


def test_a_killed_actor_is_replaced(cluster: Cluster, measure: Measure):
    """kill -9 of one of cartpole's: another is at work within 5 s, and mountaincar keeps its speed."""
    before = steady(cluster)
    usual = speed(cluster, "mountaincar", 20)
    kill_process(cluster.containers("actor-cartpole")[0], "ray::ActorHost")
    seconds = cluster.wait(
        "a replacement",
        20,
        lambda status: (
            restarts(status, "cartpole") > restarts(before, "cartpole")
            and at_work(status, "cartpole") >= at_work(before, "cartpole")
        ),
    )
    measure("fault=actor-kill", seconds, "s", 5)
    measure(
        "fault=actor-kill other-task-speed", speed(cluster, "mountaincar", 20) / usual, "ratio", 0.9, True
    )


def test_a_killed_shard_hardly_holds_up_the_learner(cluster: Cluster, measure: Measure):
    """kill -9 of one of two: the learner goes on with the other, and says what was lost."""
    before = sum(task["lost"] for task in steady(cluster)["tasks"])
    with Watch(cluster) as watch:
        kill_process(cluster.containers("replay")[0], "ray::ShardHost")
        cluster.wait("the loss counted", 20, lambda status: sum(t["lost"] for t in status["tasks"]) > before)
        cluster.wait("both up", 60, lambda status: all(shard["up"] for shard in status["shards"]))
        time.sleep(3)
    measure("fault=shard-kill learner-pause", watch.longest, "s", 5)


def held(status: Status) -> int:
    """Return the transitions in replay."""
    return sum(int(task["table"]["items"]) for task in status["tasks"])


def shard_restarts(status: Status) -> list[int]:
    return [int(shard["restarts"]) for shard in status["shards"]]


@pytest.mark.parametrize("how", ["paused", "cut off"])
def test_replay_that_is_silent_for_a_while_comes_back_whole(cluster: Cluster, measure: Measure, how: str):
    """Five seconds: the status says what is waited for, and then nothing was lost or started anew."""
    before = steady(cluster)
    replay = cluster.containers("replay")[0]
    begin = time.monotonic()
    with paused(replay) if how == "paused" else cut_off(replay):
        cluster.wait("a warning", 5, lambda status: any(
            "does not answer" in sentence for sentence in status["warnings"]
        ))  # fmt: skip
        time.sleep(max(0.0, begin + 5 - time.monotonic()))
    cluster.wait("both up", 20, lambda status: all(shard["up"] for shard in status["shards"]))
    last = steady(cluster)
    cluster.wait("updates", 20, lambda status: status["learner_step"] > last["learner_step"])
    measure(f"fault=replay-{how.replace(' ', '-')} goes-on", time.monotonic() - begin - 5, "s", 10)
    after = steady(cluster)
    assert shard_restarts(after) == shard_restarts(before)
    assert [task["lost"] for task in after["tasks"]] == [task["lost"] for task in before["tasks"]]
    assert held(after) >= 0.99 * held(before)


def test_an_outage_of_the_replay_node_is_waited_for(cluster: Cluster, measure: Measure):
    """Both shards go with it and come with the next one, once each; the learner's process goes on."""
    before, learner = steady(cluster), cluster.containers("learner")[0]
    started = inspected(learner)["State"]["StartedAt"]
    replay = cluster.containers("replay")[0]
    begin = time.monotonic()
    with cut_off(replay):
        cluster.wait("a warning", 40, lambda status: any(
            "takes its place" in sentence for sentence in status["warnings"]
        ))  # fmt: skip
        time.sleep(10)
    cluster.wait("both up", 90, lambda status: all(shard["up"] for shard in status["shards"]))
    measure("fault=replay-outage over", time.monotonic() - begin, "s", 90)
    last = steady(cluster)
    cluster.wait("updates", 30, lambda status: status["learner_step"] > last["learner_step"])
    assert shard_restarts(last) == [restarts + 1 for restarts in shard_restarts(before)]
    assert inspected(learner)["State"]["StartedAt"] == started


def test_a_killed_learner_comes_back(cluster: Cluster, measure: Measure):
    """Its container is gone: it goes on from its checkpoint, with the same shards and actors."""
    cluster.wait("a checkpoint", 120, lambda status: status["checkpoints"] > 0)
    before = steady(cluster)
    learner = cluster.containers("learner")[0]
    begin = time.monotonic()
    kill_container(learner)
    while cluster.status() is not None:
        assert time.monotonic() < begin + 10, "the learner still answers"
    cluster.wait("updates", 90, lambda status: status["last_update_time"] is not None)
    seconds = time.monotonic() - begin
    after = steady(cluster)
    measure("fault=learner-kill", seconds, "s", 30)
    assert after["learner_step"] >= before["last_checkpoint"]["learner_step"]
    for name in ("cartpole", "mountaincar"):
        assert restarts(after, name) == 0
        assert task(after, name)["env_steps"] >= task(before, name)["env_steps"]
        assert task(after, name)["table"]["items"] >= 0.9 * task(before, name)["table"]["items"]
        assert task(after, name)["lost"] == 0
    assert shard_restarts(after) == [0, 0]


def test_actors_of_a_dead_node_work_elsewhere(cluster: Cluster, measure: Measure):
    """A node dies: what it had is started on the slots that others have left."""
    cluster.scale("actor-cartpole", 2)
    cluster.wait("four slots", 60, lambda status: task(status, "cartpole")["crew"]["slots"] == 4)
    cluster.compose("exec", "-T", "learner", "trunkline", "scale", "cartpole", "2")
    cluster.wait("two actors", 30, lambda status: at_work(status, "cartpole") == 2)
    deaths = steady(cluster)["node_deaths"]
    second = cluster.containers("actor-cartpole")[1]
    begin = time.monotonic()
    kill_container(second)
    cluster.wait("the death of a node", 30, lambda status: status["node_deaths"] > deaths)
    cluster.wait("two actors", 30, lambda status: at_work(status, "cartpole") == 2)
    measure("fault=node-kill", time.monotonic() - begin, "s", 10)
    cluster.compose("exec", "-T", "learner", "trunkline", "scale", "cartpole", "all")


def test_training_goes_on_without_the_head_until_it_is_back(cluster: Cluster, measure: Measure):
    """The head dies: updates go on, and within 20 s an order to scale is carried out again."""
    before = steady(cluster)
    wanted = at_work(before, "cartpole") - 1
    cluster.compose("exec", "-T", "learner", "trunkline", "scale", "cartpole", str(wanted))
    cluster.wait("one less", 30, lambda status: at_work(status, "cartpole") == wanted)
    with Watch(cluster) as watch:
        begin = time.monotonic()
        kill_container(cluster.containers("head")[0])
        cluster.compose("exec", "-T", "learner", "trunkline", "scale", "cartpole", "all")
        cluster.wait("one more", 60, lambda status: at_work(status, "cartpole") > wanted)
        seconds = time.monotonic() - begin
        time.sleep(3)
    measure("fault=head-kill", seconds, "s", 20)
    measure("fault=head-kill learner-pause", watch.longest, "s", 5)
    assert shard_restarts(steady(cluster)) == shard_restarts(before)


def test_a_cut_network_leaves_no_zombies(cluster: Cluster, measure: Measure):
    """A node is cut off, declared dead, and comes back: its old actors are fenced, nothing counts twice."""
    cluster.scale("actor-mountaincar", 2)
    cluster.wait("four slots", 60, lambda status: task(status, "mountaincar")["crew"]["slots"] == 4)
    second = cluster.containers("actor-mountaincar")[1]
    deaths = steady(cluster)["node_deaths"]
    network = f"{cluster.name}_cluster"
    begin = time.monotonic()
    docker("network", "disconnect", network, second)
    cluster.wait("the death of a node", 40, lambda status: status["node_deaths"] > deaths)
    measure("fault=network-cut noticed", time.monotonic() - begin, "s", 12)
    time.sleep(5)
    docker("network", "connect", network, second)
    begin = time.monotonic()
    cluster.wait("four at work", 90, lambda status: at_work(status, "mountaincar") == 4)
    measure("fault=network-cut node-back", time.monotonic() - begin, "s", 40)
    status = steady(cluster)
    assert task(status, "mountaincar")["table"]["dropped"].get("duplicate", 0) == 0
    assert inspected(second)["State"]["Running"]
    cluster.scale("actor-mountaincar", 1)
