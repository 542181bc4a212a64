"""Nodes that come and go while the cluster trains."""

import json
import time
import urllib.parse
import urllib.request

import pytest

from tests.cluster.conftest import Measure
from tests.support.containers import Cluster, docker, inspected, task

pytestmark = pytest.mark.cluster


def prometheus(cluster: Cluster, query: str) -> float | None:
    """Return the value of a query, or None if it has none."""
    parameters = urllib.parse.urlencode({"query": query})
    page = f"http://{cluster.address('prometheus')}:9090/api/v1/query?{parameters}"
    with urllib.request.urlopen(page, timeout=5) as answer:
        results = json.load(answer)["data"]["result"]
    return float(results[0]["value"][1]) if results else None


def wait_for_prometheus(cluster: Cluster, query: str, value: float, seconds: float) -> float:
    start = time.monotonic()
    while prometheus(cluster, query) != value:
        assert time.monotonic() < start + seconds, f"{query} is not {value} within {seconds:.0f} s"
        time.sleep(0.2)
    return time.monotonic() - start


def test_a_task_may_be_scaled_to_nothing_and_back(cluster: Cluster, measure: Measure):
    """Without a slot the task is named and the run waits; a new container's first transitions come soon."""
    leaving = cluster.containers("actor-cartpole")
    begin = time.monotonic()
    cluster.scale("actor-cartpole", 0)
    measure("scale=in container-leaves", time.monotonic() - begin, "s", 25)
    assert all(
        "Running" not in docker("ps", "--filter", f"id={one}", "--format", "{{.State}}") for one in leaving
    )
    cluster.wait("a warning", 15, lambda said: any(
        sentence.startswith("cartpole: actors wanted: 1, slots for them: 0") for sentence in said["warnings"]
    ))  # fmt: skip
    cluster.wait("the learner waits", 120, lambda said: said["waiting_for"] == ["cartpole"])
    before = cluster.status()
    assert before is not None
    cluster.scale("actor-cartpole", 1)
    begin = time.monotonic()
    cluster.wait("first transitions", 60, lambda said: task(said, "cartpole")["env_steps"]
                 > task(before, "cartpole")["env_steps"])  # fmt: skip
    measure("scale=out first-transition", time.monotonic() - begin, "s", 15)
    cluster.wait("no warnings", 30, lambda said: said["warnings"] == [])


def test_new_slots_are_filled_and_shown(cluster: Cluster, measure: Measure):
    """With four containers there are eight actors, in `status` and in Prometheus.

    One more node is shown within 10 s. Two at once start more slowly on two cores, which train as well.
    """
    slots = 'trunkline_actor_slots{task="cartpole"}'
    cluster.scale("actor-cartpole", 2)
    shown = cluster.wait("four slots", 60, lambda said: task(said, "cartpole")["crew"]["slots"] == 4)
    measure("scale=out one-node-shown", shown, "s", 10)
    measure("scale=out prometheus-behind-status", wait_for_prometheus(cluster, slots, 4, 60), "s", 10)
    cluster.scale("actor-cartpole", 4)
    begin = time.monotonic()
    shown = cluster.wait("eight slots", 60, lambda said: task(said, "cartpole")["crew"]["slots"] == 8)
    measure("scale=out two-nodes-shown", shown, "s", 15)
    cluster.wait("eight at work", 90, lambda said: task(said, "cartpole")["crew"]["at_work"] == 8)
    measure("scale=out eight-at-work", time.monotonic() - begin, "s", 60)


def test_an_order_scales_within_the_slots_there_are(cluster: Cluster):
    """`trunkline scale` has fewer actors, or all; more than there are slots is named."""
    scale = ("exec", "-T", "learner", "trunkline", "scale", "cartpole")
    cluster.compose(*scale, "3")
    cluster.wait("three", 30, lambda said: task(said, "cartpole")["crew"]["at_work"] == 3)
    cluster.compose(*scale, "20")
    cluster.wait("named", 30, lambda said: any("actors wanted: 20" in line for line in said["warnings"]))
    cluster.compose(*scale, "all")
    cluster.wait("no warnings", 30, lambda said: said["warnings"] == [])
    refused = cluster.compose("exec", "-T", "learner", "trunkline", "scale", "acrobot", "1", check=False)
    assert refused.returncode == 3
    assert "task: 'acrobot' is not allowed: this run has cartpole, mountaincar" in refused.stderr


def test_scaling_in_drains(cluster: Cluster, measure: Measure):
    """Three of four nodes leave in time; all that they had sent and was acknowledged is there, once."""
    before = cluster.status()
    assert before is not None
    begin = time.monotonic()
    cluster.scale("actor-cartpole", 1)
    measure("scale=in three-leave", time.monotonic() - begin, "s", 25)
    cluster.wait("two slots", 15, lambda said: task(said, "cartpole")["crew"]["slots"] == 2)
    cluster.wait("updates", 30, lambda said: said["learner_step"] > before["learner_step"] + 100)
    after = cluster.status()
    assert after is not None
    assert after["node_deaths"] == before["node_deaths"]
    assert task(after, "cartpole")["crew"]["restarts"] == task(before, "cartpole")["crew"]["restarts"]
    assert task(after, "cartpole")["table"]["dropped"] == task(before, "cartpole")["table"]["dropped"]


def test_every_transition_is_accounted_for(cluster: Cluster):
    """The run is stopped in order and goes on: what drained nodes had sent was put in, once, or given up."""
    cluster.compose("stop", "learner")
    told = cluster.compose(
        "run", "--rm", "--no-deps", "-T", "--entrypoint", "cat", "learner", "/runs/main/summary.json"
    )
    summary = json.loads(told.stdout)
    cluster.up("learner")
    assert summary["stopped_by"] == "interrupted"
    assert summary["replay_saved"]
    for name in ("cartpole", "mountaincar"):
        transitions = summary["tasks"][name]["transitions"]
        assert transitions["problem"] is None
        assert transitions["sent"] == transitions["inserted"] + transitions["abandoned"]
        assert [transitions[name] for name in ("missing", "duplicates", "superseded", "lost")] == [0] * 4
    after = cluster.wait("updates", 60, lambda said: said["learner_step"] > summary["learner_steps"])
    assert after < 60


def test_a_second_learner_of_the_same_run_is_refused(cluster: Cluster):
    """It says so and changes nothing."""
    second = cluster.compose("run", "--rm", "--no-deps", "-T", "learner", check=False)
    assert second.returncode == 3, second.stderr[-500:]
    assert "run directory '/runs/main' is in use by process" in second.stdout + second.stderr
    assert "Traceback" not in second.stdout + second.stderr


def test_slots_for_a_task_that_the_run_does_not_have_are_named(cluster: Cluster):
    """A node may come with them; the status says that nobody needs them."""
    command = ["node", "--address", "head:6379", "--slots", "task:acrobot=2"]
    container = cluster.compose("run", "--detach", "--no-deps", "actor-cartpole", *command).stdout.strip()
    try:
        cluster.wait("a warning", 40, lambda said: (
            "slots for task 'acrobot', which this run does not have: 2" in said["warnings"]
        ))  # fmt: skip
    finally:
        docker("rm", "--force", container)
    assert inspected(cluster.containers("learner")[0])["RestartCount"] <= 1
